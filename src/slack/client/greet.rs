//! What Slack says beside its answers: which scopes a token has, and what time it is. For setup and for `daypass doctor`.
//!
//! Asked over a connection of its own, because the library keeps the heads of answers to itself.

use std::collections::BTreeSet;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{AccountStanding, Installed, SlackApi, SlackError};
use crate::access::time::Timestamp;

/// The largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How many items a list is asked for at a time, and how many pages of it are read.
const PAGE_ITEMS: &str = "200";
const PAGES_MAX: usize = 500;

/// What Slack says to a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Whose it is.
    pub installed: Installed,
    /// What it may do; `None` where Slack does not say.
    pub scopes: Option<BTreeSet<String>>,
    /// What time it is there, to the second.
    pub date: Option<Timestamp>,
}

/// A channel, as a list names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: String,
    /// Its name, without the `#`.
    pub name: String,
    /// Whether the bot is in it.
    pub is_member: bool,
}

impl SlackApi {
    /// Whose token this is, what it may do, and what time it is at Slack.
    ///
    /// # Errors
    ///
    /// As for any other call; [`super::Class::Operator`] where Slack refuses the token.
    pub async fn greet(&self) -> Result<Greeting, SlackError> {
        match tokio::time::timeout(self.timeout, self.greeted()).await {
            Ok(greeting) => greeting,
            Err(_) => Err(SlackError::timeout().repeatable()),
        }
    }

    async fn greeted(&self) -> Result<Greeting, SlackError> {
        let unreadable = |_: hyper::http::Error| SlackError::unreadable();
        let request = hyper::Request::post(format!("{}/auth.test", self.api_url))
            .header("authorization", format!("Bearer {}", self.token_text.expose_secret()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::<Bytes>::default())
            .map_err(unreadable)?;
        let client = Client::builder(TokioExecutor::new()).build::<_, Full<Bytes>>(self.https.clone());
        let answer = client.request(request).await.map_err(|_| SlackError::timeout().repeatable())?;
        let (head, body) = answer.into_parts();
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let split = |list: &str| list.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect();
        let scopes = text("x-oauth-scopes").map(split);
        let date = text("date").and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
        let date = date.map(|date| Timestamp::from_millis(date.as_millisecond()));
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|_| SlackError::unreadable())?.to_bytes();
        let answer: Value = serde_json::from_slice(&body).map_err(|_| SlackError::unreadable())?;
        if let Some(code) = answer.get("error").and_then(Value::as_str) {
            return Err(SlackError::from_code(code));
        }
        let installed = Installed::read(&answer).ok_or_else(SlackError::unreadable)?;
        Ok(Greeting { installed, scopes, date })
    }

    /// Everybody in the workspace, deactivated accounts and bots among them.
    ///
    /// # Errors
    ///
    /// As for any other call.
    pub async fn everybody(&self) -> Result<Vec<AccountStanding>, SlackError> {
        let all = self.all("users.list", "members", &[]).await?;
        Ok(all.iter().filter_map(AccountStanding::read).collect())
    }

    /// Every channel that the bot can see, without archived ones.
    ///
    /// # Errors
    ///
    /// As for any other call.
    pub async fn channels(&self) -> Result<Vec<Channel>, SlackError> {
        let all = self
            .all("conversations.list", "channels", &[("types", "public_channel,private_channel"), ("exclude_archived", "true")])
            .await?;
        let read = |channel: &Value| {
            let text = |key: &str| channel.get(key).and_then(Value::as_str).map(str::to_owned);
            let is_member = channel.get("is_member").and_then(Value::as_bool).unwrap_or(false);
            Some(Channel { id: text("id")?, name: text("name")?, is_member })
        };
        Ok(all.iter().filter_map(read).collect())
    }

    /// Every item of a list, page by page.
    async fn all(&self, method: &str, items: &str, params: &[(&str, &str)]) -> Result<Vec<Value>, SlackError> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        for _ in 0..PAGES_MAX {
            let mut asked = vec![("limit", PAGE_ITEMS)];
            asked.extend(params);
            if !cursor.is_empty() {
                asked.push(("cursor", &cursor));
            }
            let page = self.look(method, &asked).await?;
            all.extend(page.get(items).and_then(Value::as_array).ok_or_else(SlackError::unreadable)?.iter().cloned());
            let next = page.pointer("/response_metadata/next_cursor").and_then(Value::as_str).unwrap_or_default();
            if next.is_empty() {
                return Ok(all);
            }
            cursor = next.to_owned();
        }
        Err(SlackError::unreadable())
    }
}
