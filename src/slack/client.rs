//! What Daypass asks of Slack's Web API: post, redraw, open a form, look at an account.
//!
//! Goes through slack-morphism, which knows the API, with our own timeout around every call, because it has none. Only the few
//! fields that are needed are read from an answer, so that a new kind of block cannot make a posted message look unposted.
//! It never retries and never waits: what to do next is in the error's [`Class`], and the caller has the outbox.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use slack_morphism::prelude::*;

use super::block::{Home, Message, View};
use super::text::is_slack_id;
use super::throttle::{PerMinute, Throttle};
use crate::access::time::Timestamp;

mod error;
mod greet;
mod standing;

pub use error::{Class, SlackError};
pub use greet::{Channel, Greeting};
pub use standing::{AccountStanding, ChannelStanding, Installed, Standing};

/// How long any call may take.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How many messages are redrawn in a minute, whichever they are: Slack takes about so many in each workspace
/// (<https://docs.slack.dev/apis/web-api/rate-limits>, tier 3).
const UPDATES_PER_MINUTE: usize = 50;
/// Where Slack lets apps answer an interaction, besides a loopback API.
const RESPONSE_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

type Connector = SlackClientHyperConnector<HttpsConnector<HttpConnector>>;

/// A client for one workspace.
pub struct SlackApi {
    client: SlackClient<Connector>,
    token: SlackApiToken,
    /// The same for calls past the library, with the address and the way there.
    token_text: SecretString,
    api_url: String,
    https: HttpsConnector<HttpConnector>,
    /// The API's origin, if it is on this machine; responses may then go there.
    loopback: Option<String>,
    timeout: Duration,
    throttle: Mutex<Throttle>,
    updates: Mutex<PerMinute>,
    /// Slack's word for what is wrong with the token, since it last said so.
    refused: Mutex<Option<String>>,
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address is none, or is unencrypted and not on this machine.
    #[error("`{0}` is not an address for Slack's API: it must be https, or http on a loopback address")]
    BadUrl(String),
    /// The machine's certificates cannot be read.
    #[error("no certificates of authorities were found; install `ca-certificates`")]
    NoRoots(#[source] std::io::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// Where a message was posted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Posted {
    /// The channel; for a direct message its own id (`D…`), which updates need.
    pub channel: String,
    /// The message's number there.
    pub ts: String,
}

/// A form that is open.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Opened {
    /// Its id.
    pub id: String,
    /// Its present state; an update that names an older one is refused.
    pub hash: String,
}

impl SlackApi {
    /// A client for the API at `api_url` (`https://slack.com/api`), with a bot token.
    pub fn new(api_url: &str, token: &SecretString) -> Result<SlackApi, SetupError> {
        let api_url = api_url.trim_end_matches('/');
        let loopback = loopback_origin(api_url).ok_or_else(|| SetupError::BadUrl(api_url.to_owned()))?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        let provider = rustls::crypto::ring::default_provider();
        // On loopback there is nobody to trust, and a machine without certificates can still run the demo.
        let builder = match &loopback {
            Some(_) => HttpsConnectorBuilder::new().with_tls_config(trusting_nobody(provider)?).https_or_http(),
            None => {
                HttpsConnectorBuilder::new().with_provider_and_native_roots(provider).map_err(SetupError::NoRoots)?.https_only()
            }
        };
        let https = builder.enable_all_versions().wrap_connector(tcp);
        let connector = SlackClientHyperConnector::with_connector(https.clone());
        Ok(SlackApi {
            token_text: token.clone(),
            api_url: api_url.to_owned(),
            https,
            client: SlackClient::new(connector.with_slack_api_url(api_url)),
            token: SlackApiToken::new(token.expose_secret().into()),
            loopback,
            timeout: CALL_TIMEOUT,
            throttle: Mutex::default(),
            updates: Mutex::new(PerMinute::new(UPDATES_PER_MINUTE)),
            refused: Mutex::default(),
        })
    }

    /// The same with another limit on every call.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> SlackApi {
        SlackApi { timeout, ..self }
    }

    /// Posts a message into a channel, or to an account as a direct message. [`Class::Unknown`]: it may have been posted.
    pub async fn post(&self, to: &str, message: &Message, now: Timestamp) -> Result<Posted, SlackError> {
        self.pace(to, now)?;
        let request = SlackApiChatPostMessageRequest::new(id(to)?.into(), message.content())
            .with_parse("none".to_owned())
            .with_link_names(false)
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        let posted = self.call("chat.postMessage", &request).await;
        if let Some(until) = held_until(&posted, now) {
            locked(&self.throttle).hold(to, until);
        }
        posted
    }

    /// Draws a message anew. Repeating it is harmless.
    pub async fn update(&self, at: &Posted, message: &Message, now: Timestamp) -> Result<(), SlackError> {
        locked(&self.updates).take(now).map_err(SlackError::own_pace)?;
        let request = SlackApiChatUpdateRequest::new(id(&at.channel)?.into(), message.content(), at.ts.clone().into())
            .with_parse("none".to_owned())
            .with_link_names(false);
        let updated = self.call::<_, Posted>("chat.update", &request).await.map(|_| ()).map_err(SlackError::repeatable);
        if let Some(until) = held_until(&updated, now) {
            locked(&self.updates).hold(until);
        }
        updated
    }

    /// Shows a message to one member of a channel, until they reload. It cannot be redrawn.
    pub async fn ephemeral(&self, channel: &str, user: &str, message: &Message, now: Timestamp) -> Result<(), SlackError> {
        self.pace(channel, now)?;
        let request = SlackApiChatPostEphemeralRequest::new(id(channel)?.into(), id(user)?.into(), message.content())
            .with_parse("none".to_owned())
            .with_link_names(false);
        self.call::<_, Value>("chat.postEphemeral", &request).await.map(|_| ())
    }

    /// Opens a form. The trigger is good for 3 s and for once; [`Class::Stale`] when it is not.
    pub async fn open_view(&self, trigger_id: &str, view: &View) -> Result<Opened, SlackError> {
        let request = SlackApiViewsOpenRequest::new(trigger_id.into(), view.view());
        Ok(self.call::<_, WithView>("views.open", &request).await?.view)
    }

    /// Draws an open form anew, unless it changed since `hash` ([`Class::Stale`]).
    pub async fn update_view(&self, view_id: &str, hash: Option<&str>, view: &View) -> Result<Opened, SlackError> {
        let request = SlackApiViewsUpdateRequest::new(view.view())
            .with_view_id(view_id.into())
            .opt_hash(hash.filter(|hash| !hash.is_empty()).map(str::to_owned));
        Ok(self.call::<_, WithView>("views.update", &request).await.map_err(SlackError::repeatable)?.view)
    }

    /// Shows a person their home tab. Repeating it is harmless.
    pub async fn publish_home(&self, user: &str, home: &Home) -> Result<(), SlackError> {
        let request = serde_json::json!({ "user_id": id(user)?, "view": home.to_json() });
        self.call::<_, Value>("views.publish", &request).await.map(drop).map_err(SlackError::repeatable)
    }

    /// Pins a message in its channel. One that is pinned already stays so.
    pub async fn pin(&self, at: &Posted) -> Result<(), SlackError> {
        let request = serde_json::json!({ "channel": id(&at.channel)?, "timestamp": at.ts });
        match self.call::<_, Value>("pins.add", &request).await.map_err(SlackError::repeatable) {
            Ok(_) => Ok(()),
            Err(error) if error.code == "already_pinned" => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Answers an interaction at its `response_url`, seen by its author only. Addresses that are not Slack's are refused: a
    /// payload could otherwise make us send a message anywhere.
    pub async fn respond(&self, response_url: &str, message: &Message) -> Result<(), SlackError> {
        let url = SlackResponseUrl(response_url.parse().map_err(|_| SlackError::permanent("bad_response_url"))?);
        if !self.is_response_url(&url) {
            return Err(SlackError::permanent("foreign_response_url"));
        }
        let request = SlackApiPostWebhookMessageRequest::new(message.content()).with_replace_original(false);
        let call = self.client.respond_to_event(&url, &request);
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => answer.map(|_| ()).map_err(SlackError::from_library),
            Err(_) => Err(SlackError::timeout()),
        }
    }

    /// What an account is, as Slack knows it now.
    pub async fn user(&self, user: &str) -> Result<AccountStanding, SlackError> {
        let answer = self.look("users.info", &[("user", id(user)?)]).await?;
        AccountStanding::read(&answer).ok_or_else(SlackError::unreadable)
    }

    /// What a channel is: approvals do not belong into one that another organisation shares.
    pub async fn channel(&self, channel: &str) -> Result<ChannelStanding, SlackError> {
        let answer = self.look("conversations.info", &[("channel", id(channel)?)]).await?;
        ChannelStanding::read(&answer).ok_or_else(SlackError::unreadable)
    }

    /// The accounts in a user group. Deactivated ones may be among them.
    pub async fn group_members(&self, group: &str) -> Result<Vec<String>, SlackError> {
        let answer = self.look("usergroups.users.list", &[("usergroup", id(group)?)]).await?;
        let users = answer.get("users").and_then(Value::as_array).ok_or_else(SlackError::unreadable)?;
        users.iter().map(|user| user.as_str().map(str::to_owned).ok_or_else(SlackError::unreadable)).collect()
    }

    /// Whose token this is.
    pub async fn auth_test(&self) -> Result<Installed, SlackError> {
        let answer = self.look("auth.test", &[]).await?;
        Installed::read(&answer).ok_or_else(SlackError::unreadable)
    }

    /// Asks for a Socket Mode connection, with an app token. The address holds a ticket: whoever has it can connect in our place.
    pub(super) async fn open_connection(&self) -> Result<SecretString, SlackError> {
        let opened: Connection =
            self.call("apps.connections.open", &serde_json::json!({})).await.map_err(SlackError::repeatable)?;
        Ok(SecretString::from(opened.url))
    }

    /// Whether the API is on this machine, where nothing has to be encrypted.
    pub(super) fn is_loopback(&self) -> bool {
        self.loopback.is_some()
    }

    /// Slack's word for what is wrong with the token; `None` as long as it takes it. What was heard last counts.
    pub fn refuses_token(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers whether the token is taken. A call whose fate is open, or that failed for a reason of its own, says nothing of that.
    fn heard<T>(&self, answer: Result<T, SlackError>) -> Result<T, SlackError> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match &answer {
            Ok(_) => *refused = None,
            Err(error) if error.is_of_token() => *refused = Some(error.code.clone()),
            Err(_) => {}
        }
        answer
    }

    async fn call<Q, A>(&self, method: &str, request: &Q) -> Result<A, SlackError>
    where
        Q: serde::Serialize + Send + Sync,
        A: for<'de> Deserialize<'de> + Send,
    {
        let session = self.client.open_session(&self.token);
        match tokio::time::timeout(self.timeout, session.http_session_api.http_post(method, request, None)).await {
            Ok(answer) => self.heard(answer.map_err(SlackError::from_library)),
            Err(_) => Err(SlackError::timeout()),
        }
    }

    /// A call that only reads, so that an unknown fate does not matter.
    async fn look(&self, method: &str, params: &[(&str, &str)]) -> Result<Value, SlackError> {
        let session = self.client.open_session(&self.token);
        let params: Vec<(&str, Option<&str>)> = params.iter().map(|(key, value)| (*key, Some(*value))).collect();
        match tokio::time::timeout(self.timeout, session.http_session_api.http_get(method, &params, None)).await {
            Ok(answer) => self.heard(answer.map_err(|error| SlackError::from_library(error).repeatable())),
            Err(_) => Err(SlackError::timeout().repeatable()),
        }
    }

    fn pace(&self, channel: &str, now: Timestamp) -> Result<(), SlackError> {
        locked(&self.throttle).take(channel, now).map_err(SlackError::own_pace)
    }

    fn is_response_url(&self, url: &SlackResponseUrl) -> bool {
        let url = url.value();
        if !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        let slack =
            url.scheme() == "https" && url.port().is_none() && url.host_str().is_some_and(|host| RESPONSE_HOSTS.contains(&host));
        slack || self.loopback.as_deref().is_some_and(|loopback| loopback == url.origin().ascii_serialization())
    }
}

fn locked<T>(pace: &Mutex<T>) -> MutexGuard<'_, T> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where Slack says how long to wait, nothing else is tried there before that.
fn held_until<T>(answer: &Result<T, SlackError>, now: Timestamp) -> Option<Timestamp> {
    match answer {
        Err(SlackError { class: Class::Transient { retry_after: Some(wait) }, .. }) => Some(now.plus(*wait)),
        Ok(_) | Err(_) => None,
    }
}

#[derive(Deserialize)]
struct Connection {
    url: String,
}

#[derive(Deserialize)]
struct WithView {
    view: Opened,
}

/// An id as a parameter; whatever is none is refused before it is sent.
fn id(text: &str) -> Result<&str, SlackError> {
    if is_slack_id(text) { Ok(text) } else { Err(SlackError::permanent("not_an_id")) }
}

/// `None`: not an address for an API. `Some(None)`: an encrypted one. `Some(origin)`: one on this machine.
fn loopback_origin(api_url: &str) -> Option<Option<String>> {
    let url = SlackResponseUrl(api_url.parse().ok()?);
    let url = url.value();
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    let here = url.host_str().is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host));
    match url.scheme() {
        "http" | "https" if plain && here => Some(Some(url.origin().ascii_serialization())),
        "https" if plain && url.host_str().is_some() => Some(None),
        _ => None,
    }
}

fn trusting_nobody(provider: rustls::crypto::CryptoProvider) -> Result<rustls::ClientConfig, SetupError> {
    Ok(rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(SetupError::Tls)?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

#[cfg(test)]
mod tests;
