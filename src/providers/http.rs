//! The one HTTP client of the adapters: bounded, without redirects, and honest about what may have happened.
//!
//! It never retries, follows no redirect, reads no proxy settings and keeps no connection: an answer always belongs to the
//! request that was sent on its connection. A provider's error text is redacted and cut before anybody sees it.

use std::time::Duration;

use reqwest::{Method, StatusCode, Url, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::access::entitlement::Class;
use crate::access::time::Timestamp;

use super::build::BuildError;
use super::deadline::InDoubt;
use super::text::redacted;
use super::{Call, ProviderError, tls};

/// How long a connection may take to come about.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest answer that is read, in bytes.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024;
/// The longest wait that a provider may ask for. It is honoured up to here, so that no answer can put an end off for a day.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// A client for one provider instance.
pub struct Http {
    client: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
}

/// One request.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The method. Everything but `GET` counts as a change.
    pub method: Method,
    /// The segments of the path below the base address, unescaped.
    pub path: &'a [&'a str],
    /// The body, as JSON.
    pub body: Option<serde_json::Value>,
}

impl Http {
    /// A client for the server at `base`; `token` is sent as a bearer token.
    ///
    /// # Errors
    /// When the address is no `https` URL (`http` is taken on loopback only) or carries credentials of its own.
    pub fn new(base: &SecretString, token: Option<SecretString>) -> Result<Http, BuildError> {
        let base = Url::parse(base.expose_secret()).map_err(|_| BuildError::Address("it is not a URL"))?;
        let loopback = base.host_str().is_some_and(tls::is_loopback);
        match base.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(BuildError::Address("`http` is taken on loopback only; use `https`")),
            _ => return Err(BuildError::Address("it is neither `https` nor `http`")),
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(BuildError::Address("it carries credentials; give the token on its own"));
        }
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(None)?)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(0)
            .no_proxy()
            .referer(false)
            .build()
            .map_err(|source| BuildError::Tls(source.without_url().to_string()))?;
        Ok(Http { client, base, token })
    }

    /// Sends one request and reads its answer as `T`. `doubt` is kept up to date for a deadline around several requests.
    ///
    /// # Errors
    /// Transient where nothing can have been done; ambiguous where a change was sent and no answer says what became of it;
    /// otherwise as the provider says, or as the status does.
    pub async fn send<T: DeserializeOwned>(&self, call: &Call, doubt: &InDoubt, ask: Ask<'_>) -> Result<T, ProviderError> {
        let changes = ask.method != Method::GET;
        let mut request = self.client.request(ask.method, self.url(ask.path)?).timeout(call.timeout);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        if changes {
            doubt.begins();
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() || error.is_builder() => {
                doubt.settled();
                return Err(ProviderError::new(Class::Transient, "unreachable", "the provider cannot be reached"));
            }
            Err(error) => return Err(silence(doubt, &error)),
        };
        let status = response.status();
        let retry_after = retry_after(&response, call.at);
        let body = self.read(doubt, response).await?;
        if status.is_success() {
            let answer = serde_json::from_slice(&body).map_err(|_| unreadable(doubt))?;
            doubt.settled();
            return Ok(answer);
        }
        let mut error = self.refusal(status, &body, doubt.class_of_silence());
        if error.trouble.class != Class::Ambiguous {
            doubt.settled();
        }
        error.retry_after = retry_after;
        Err(error)
    }

    fn url(&self, path: &[&str]) -> Result<Url, ProviderError> {
        let mut url = self.base.clone();
        // These would be dropped from the path, and the request would be about something else.
        if path.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return Err(ProviderError::new(Class::Permanent, "bad_name", "a name is empty or made of dots"));
        }
        match url.path_segments_mut() {
            Ok(mut segments) => {
                segments.pop_if_empty().extend(path);
            }
            Err(()) => return Err(ProviderError::new(Class::Permanent, "bad_address", "the provider's address takes no path")),
        }
        Ok(url)
    }

    async fn read(&self, doubt: &InDoubt, mut response: reqwest::Response) -> Result<Vec<u8>, ProviderError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| silence(doubt, &error))? {
            if body.len().saturating_add(chunk.len()) > RESPONSE_BYTES_MAX {
                return Err(unreadable(doubt));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn refusal(&self, status: StatusCode, body: &[u8], silence: Class) -> ProviderError {
        let told = serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.error);
        let class = match (status, told.as_ref().and_then(|told| told.class)) {
            (StatusCode::TOO_MANY_REQUESTS, _) => Class::Transient,
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Class::NeedsHuman,
            (_, Some(told)) => told.into(),
            (status, None) if status.is_server_error() => silence,
            (status, None) if status.is_redirection() => Class::NeedsHuman,
            (_, None) => Class::Permanent,
        };
        let (code, message) = match told {
            Some(told) => (told.code, told.message),
            None => (format!("http_{}", status.as_u16()), format!("the provider answered {}", status.as_u16())),
        };
        let secrets: Vec<&str> = self.token.iter().map(|token| token.expose_secret()).collect();
        ProviderError::new(class, redacted(&code, &secrets), redacted(&message, &secrets))
    }
}

/// What the providers that we define ourselves say when they do not do something.
#[derive(Deserialize)]
struct ErrorBody {
    error: Told,
}

#[derive(Deserialize)]
struct Told {
    class: Option<ToldClass>,
    code: String,
    message: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ToldClass {
    Transient,
    Permanent,
    NeedsHuman,
    Ambiguous,
}

impl From<ToldClass> for Class {
    fn from(told: ToldClass) -> Class {
        match told {
            ToldClass::Transient => Class::Transient,
            ToldClass::Permanent => Class::Permanent,
            ToldClass::NeedsHuman => Class::NeedsHuman,
            ToldClass::Ambiguous => Class::Ambiguous,
        }
    }
}

fn silence(doubt: &InDoubt, error: &reqwest::Error) -> ProviderError {
    let (code, message) = if error.is_timeout() {
        ("timeout", "the provider did not answer in time")
    } else {
        ("connection_lost", "the connection to the provider broke before it answered")
    };
    ProviderError::new(doubt.class_of_silence(), code, message)
}

/// An answer that cannot be read says nothing about a change; of a read it says that somebody should look.
fn unreadable(doubt: &InDoubt) -> ProviderError {
    let class = match doubt.class_of_silence() {
        Class::Ambiguous => Class::Ambiguous,
        Class::Transient | Class::Permanent | Class::NeedsHuman => Class::NeedsHuman,
    };
    ProviderError::new(class, "unreadable_answer", "the provider's answer is not what it should be")
}

fn retry_after(response: &reqwest::Response, now: Timestamp) -> Option<Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    parse_retry_after(text, now)
}

/// Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or a date; at most [`RETRY_AFTER_MAX`].
fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long wait, not none.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Timestamp::from_millis(date.as_millisecond()).since(now)
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base: &str) -> Result<Http, BuildError> {
        Http::new(&SecretString::from(base), Some(SecretString::from("s3cret-token")))
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        assert!(client("http://127.0.0.1:8080").is_ok());
        assert!(client("http://[::1]:8080/base/").is_ok());
        assert!(client("https://example.com").is_ok());
        for address in ["http://example.com", "ftp://127.0.0.1", "nonsense", "https://user:pw@example.com"] {
            let error = client(address).err().unwrap();
            assert!(!error.to_string().contains("pw"), "{error}");
        }
    }

    #[test]
    fn a_name_with_slashes_stays_one_segment_and_dots_cannot_climb() {
        let http = client("http://127.0.0.1:8080/base/").unwrap();
        let url = http.url(&["v1", "access", "ma ya?#", "prod/orders"]).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:8080/base/v1/access/ma%20ya%3F%23/prod%2Forders");
        for name in ["..", ".", ""] {
            assert!(http.url(&["v1", "access", name, "x"]).is_err(), "{name:?}");
        }
    }

    #[test]
    fn retry_after_is_read_in_both_spellings_and_never_exceeds_an_hour() {
        let now = Timestamp::from_millis(1_445_412_470_000); // ten seconds before the date below
        for (text, wait) in [
            ("30", Some(30)),
            (" 0 ", Some(0)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(10)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("86400", Some(3600)),
            ("99999999999999999999999999", Some(3600)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(parse_retry_after(text, now), wait.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn a_status_without_words_is_doubt_only_for_a_change() {
        let http = client("http://127.0.0.1:1").unwrap();
        for (status, silence, class) in [
            (500, Class::Ambiguous, Class::Ambiguous),
            (500, Class::Transient, Class::Transient),
            (429, Class::Ambiguous, Class::Transient),
            (401, Class::Ambiguous, Class::NeedsHuman),
            (302, Class::Ambiguous, Class::NeedsHuman),
            (404, Class::Transient, Class::Permanent),
        ] {
            let error = http.refusal(StatusCode::from_u16(status).unwrap(), b"<html>", silence);
            assert_eq!(error.trouble.class, class, "{status}");
        }
    }

    #[test]
    fn a_token_that_the_provider_echoes_is_not_passed_on() {
        let http = client("http://127.0.0.1:1").unwrap();
        let body = br#"{"error":{"class":"permanent","code":"bad","message":"no such token s3cret-token here"}}"#;
        let error = http.refusal(StatusCode::BAD_REQUEST, body, Class::Transient);
        assert_eq!(error.to_string(), "no such token [redacted] here");
    }
}
