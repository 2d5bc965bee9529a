//! The one HTTP client of the adapters: bounded, without redirects, and honest about what may have happened.
//!
//! It never retries, follows no redirect, reads no proxy settings and keeps no connection: an answer always belongs to the
//! request that was sent on its connection. A provider's error text is redacted and cut before anybody sees it.

use std::time::Duration;

use reqwest::{Method, StatusCode, Url, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use crate::access::entitlement::Class;
use crate::access::time::Timestamp;

use super::build::BuildError;
use super::deadline::InDoubt;
use super::text::redacted;
use super::{Call, ProviderError, tls};

mod told;

/// How long a connection may take to come about.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest answer that is read, in bytes, unless a server is known for longer ones.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024;
/// The longest wait that a provider may ask for. It is honoured up to here, so that no answer can put an end off for a day.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// A client for one provider instance.
pub struct Http {
    client: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
    manners: Manners,
}

/// How a server is spoken to, beyond JSON over HTTP.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// What stands before the token in `Authorization`.
    pub scheme: &'static str,
    /// `Accept`, where the server chooses its version by it.
    pub accept: Option<&'static str>,
    /// The longest answer that is read, in bytes.
    pub answer_bytes_max: usize,
}

impl Manners {
    /// A bearer token, and nothing special.
    pub const PLAIN: Manners = Manners { scheme: "Bearer ", accept: None, answer_bytes_max: RESPONSE_BYTES_MAX };
}

/// One request.
#[derive(Debug, Default)]
pub struct Ask<'a> {
    /// The method. Everything but `GET` counts as a change.
    pub method: Method,
    /// The segments of the path below the base address, unescaped.
    pub path: &'a [&'a str],
    /// The query, unescaped.
    pub query: &'a [(&'a str, &'a str)],
    /// The address in whose name it is asked (`From`), where the server wants to know.
    pub from: Option<&'a str>,
    /// The body, as JSON.
    pub body: Option<serde_json::Value>,
}

impl Http {
    /// A client for the server at `base`; `token` is sent as a bearer token.
    ///
    /// # Errors
    /// When the address is no `https` URL (`http` is taken on loopback only) or carries credentials of its own.
    pub fn new(base: &SecretString, token: Option<SecretString>) -> Result<Http, BuildError> {
        Http::with_manners(base, token, Manners::PLAIN)
    }

    /// The same for a server that is spoken to in its own way.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn with_manners(base: &SecretString, token: Option<SecretString>, manners: Manners) -> Result<Http, BuildError> {
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
        Ok(Http { client, base, token, manners })
    }

    /// Sends one request and reads its answer as `T`. `doubt` is kept up to date for a deadline around several requests.
    ///
    /// # Errors
    /// Transient where nothing can have been done; ambiguous where a change was sent and no answer says what became of it;
    /// otherwise as the provider says, or as the status does.
    pub async fn send<T: DeserializeOwned>(&self, call: &Call, doubt: &InDoubt, ask: Ask<'_>) -> Result<T, ProviderError> {
        let changes = ask.method != Method::GET;
        let request = self.request(call, &ask)?;
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

    fn request(&self, call: &Call, ask: &Ask<'_>) -> Result<reqwest::RequestBuilder, ProviderError> {
        let mut url = self.url(ask.path)?;
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        let mut request = self.client.request(ask.method.clone(), url).timeout(call.timeout);
        if let Some(token) = &self.token {
            let value = header::HeaderValue::try_from(format!("{}{}", self.manners.scheme, token.expose_secret()));
            let mut value = value.map_err(|_| ProviderError::new(Class::NeedsHuman, "bad_token", "the token cannot be sent"))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        if let Some(accept) = self.manners.accept {
            request = request.header(header::ACCEPT, accept);
        }
        if let Some(from) = ask.from {
            request = request.header(header::FROM, from);
        }
        Ok(match &ask.body {
            Some(body) => request.json(body),
            None => request,
        })
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
            if body.len().saturating_add(chunk.len()) > self.manners.answer_bytes_max {
                return Err(unreadable(doubt));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn refusal(&self, status: StatusCode, body: &[u8], silence: Class) -> ProviderError {
        let told = told::read(body);
        let class = match (status, told.as_ref().and_then(|told| told.class)) {
            (StatusCode::TOO_MANY_REQUESTS, _) => Class::Transient,
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Class::NeedsHuman,
            (_, Some(class)) => class,
            (status, None) if status.is_server_error() => silence,
            (status, None) if status.is_redirection() => Class::NeedsHuman,
            (_, None) => Class::Permanent,
        };
        let status = status.as_u16();
        // Whoever knows our classes has a sentence that stands on its own.
        let speaks_ours = told.as_ref().is_some_and(|told| told.class.is_some());
        let (code, message) = told.map_or((None, None), |told| (told.code, told.message));
        let code = code.unwrap_or_else(|| format!("http_{status}"));
        let message = match (status, message) {
            (_, Some(message)) if speaks_ours => message,
            (401, None) => "the provider does not accept our token".to_owned(),
            (401, Some(message)) => format!("the provider does not accept our token: {message}"),
            (403, None) => "our token does not allow that".to_owned(),
            (403, Some(message)) => format!("our token does not allow that: {message}"),
            (_, None) => format!("the provider answered {status}"),
            (_, Some(message)) => message,
        };
        let secrets: Vec<&str> = self.token.iter().map(|token| token.expose_secret()).collect();
        ProviderError::new(class, redacted(&code, &secrets), redacted(&message, &secrets))
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

/// How long to wait, where the answer says so: `Retry-After`, or `RateLimit-Reset` of a server that was asked too often.
fn retry_after(response: &reqwest::Response, now: Timestamp) -> Option<Duration> {
    let said = |name: &str| parse_retry_after(response.headers().get(name)?.to_str().ok()?, now);
    said(header::RETRY_AFTER.as_str())
        .or_else(|| said("ratelimit-reset").filter(|_| response.status() == StatusCode::TOO_MANY_REQUESTS))
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
    fn a_code_that_is_a_number_and_details_in_a_list_are_kept() {
        let http = client("http://127.0.0.1:1").unwrap();
        let body =
            br#"{"error":{"message":"Arguments Caused Error","code":2002,"errors":["Title can't be blank","Key s3cret-token"]}}"#;
        let error = http.refusal(StatusCode::BAD_REQUEST, body, Class::Ambiguous);
        assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::Permanent, "2002"));
        assert_eq!(error.to_string(), "Arguments Caused Error: Title can't be blank; Key [redacted]");
    }

    #[test]
    fn a_token_that_the_provider_echoes_is_not_passed_on() {
        let http = client("http://127.0.0.1:1").unwrap();
        let body = br#"{"error":{"class":"permanent","code":"bad","message":"no such token s3cret-token here"}}"#;
        let error = http.refusal(StatusCode::BAD_REQUEST, body, Class::Transient);
        assert_eq!(error.to_string(), "no such token [redacted] here");
    }
}
