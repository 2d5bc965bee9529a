//! The page that shows a secret once. The only page for people: static, without scripts, and without anything from elsewhere.
//!
//! Looking (GET) changes nothing, so that previews and scanners burn nothing. Only the button (POST) shows the secret, with the
//! link's random part in the form and not in the address. Whoever has no link that leads somewhere sees one and the same page.
//! Nothing of an address or a form is logged or counted.

mod page;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY};
use hyper::header::{RETRY_AFTER, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use hyper::{HeaderMap, Method, Response, StatusCode};
use tracing::error;

use super::{BODY_BYTES_MAX, Receive, Routes, empty, with};
use crate::access::ids::GrantId;
use crate::app::reveal::{PATH, Revealed, TOKEN_CHARS};

/// How many requests are answered in a minute, whoever makes them. A person makes two.
const REQUESTS_PER_MINUTE: u64 = 600;
const MINUTE_SECS: u64 = 60;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where secrets are shown, and how many asked in this minute. By default nowhere.
#[derive(Debug, Default)]
pub struct Reveals {
    /// The address under which people reach this process, without a `/` at its end.
    pub url: Option<String>,
    /// The minute since the clock's beginning, and how many requests there were in it.
    asked: AtomicU64,
}

impl Reveals {
    /// Shows secrets under this address, or nowhere.
    pub fn at(url: Option<String>) -> Reveals {
        Reveals { url, asked: AtomicU64::new(0) }
    }

    /// Whether one more may be answered now, `elapsed` after the clock's beginning.
    fn may(&self, elapsed: Duration) -> bool {
        let minute = elapsed.as_secs() / MINUTE_SECS;
        let (before, now) = (self.asked.load(Ordering::Relaxed), minute << 32);
        let next = if before >> 32 == minute { before + 1 } else { now + 1 };
        // Of two at the same time one may not be counted, which does no harm.
        self.asked.store(next, Ordering::Relaxed);
        next - now <= REQUESTS_PER_MINUTE
    }
}

/// What an address of this page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked<'a> {
    /// The page that a link leads to.
    Link(GrantId, &'a str),
    /// The secret; the random part of the link is in the form.
    Secret(GrantId),
}

/// `/reveal/G-57/<token>`, or `/reveal/G-57` for the form.
fn asked(path: &str) -> Option<Asked<'_>> {
    let rest = path.strip_prefix(PATH)?;
    let (grant, token) = rest.split_once('/').map_or((rest, None), |(grant, token)| (grant, Some(token)));
    let id: GrantId = grant.parse().ok().filter(|id: &GrantId| id.to_string() == grant)?;
    match token {
        None => Some(Asked::Secret(id)),
        Some(token) => is_token(token).then_some(Asked::Link(id, token)),
    }
}

fn is_token(text: &str) -> bool {
    text.len() == TOKEN_CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl<R: Receive> Routes<R> {
    /// Answers whatever comes to an address of the page.
    pub(super) async fn reveal(&self, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Response<Full<Bytes>> {
        if !self.reveals.may(self.clock.elapsed()) {
            return with(shown(StatusCode::TOO_MANY_REQUESTS, &page::busy()), RETRY_AFTER, "60");
        }
        match (asked(path), method) {
            (Some(Asked::Link(grant, token)), &Method::GET) => match self.receiver.look_at_link(grant, token.to_owned()).await {
                Ok(Revealed::Waits { of }) => shown(StatusCode::OK, &page::waits(grant, token, &of)),
                other => rest_of(grant, other),
            },
            (Some(Asked::Secret(grant)), &Method::POST) => self.reveal_by_form(grant, headers, body).await,
            _ => shown(StatusCode::NOT_FOUND, &page::nowhere()),
        }
    }

    /// Shows the secret to whoever presses the button on the page.
    async fn reveal_by_form(&self, grant: GrantId, headers: &HeaderMap, body: &[u8]) -> Response<Full<Bytes>> {
        if body.len() > BODY_BYTES_MAX {
            return shown(StatusCode::PAYLOAD_TOO_LARGE, &page::nowhere());
        }
        if !self.is_ours(headers) {
            return shown(StatusCode::FORBIDDEN, &page::nowhere());
        }
        match token_in(headers, body) {
            Some(token) => rest_of(grant, self.receiver.open_link(grant, token).await),
            None => shown(StatusCode::NOT_FOUND, &page::nowhere()),
        }
    }

    /// Whether a form was sent from our own page, as far as the browser says. One that says nothing has the link all the same.
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        if let Some(site) = headers.get(SEC_FETCH_SITE) {
            return site == "same-origin";
        }
        // Pages that send no referrer send `null`.
        let ours = self.reveals.url.as_deref().and_then(origin);
        headers.get(ORIGIN).is_none_or(|said| said == "null" || said.to_str().is_ok_and(|said| Some(said) == ours))
    }
}

/// `https://host` of an address.
fn origin(url: &str) -> Option<&str> {
    let host = url.find("://")? + 3;
    let end = url.get(host..)?.find('/').map_or(url.len(), |at| host + at);
    url.get(..end)
}

/// The random part of a link, out of the form.
fn token_in(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let is_form = kind.split(';').next()?.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let mut tokens = form_urlencoded::parse(body).filter(|(name, _)| name == "token").map(|(_, value)| value.into_owned());
    match (is_form, tokens.next(), tokens.next()) {
        (true, Some(token), None) if is_token(&token) => Some(token),
        _ => None,
    }
}

fn rest_of(grant: GrantId, revealed: Result<Revealed, crate::store::StoreError>) -> Response<Full<Bytes>> {
    match revealed {
        Ok(Revealed::Shown { of, secret }) => shown(StatusCode::OK, &page::secret(&of, &secret)),
        Ok(Revealed::Before { of, at }) => shown(StatusCode::GONE, &page::before(&of, &at)),
        Ok(Revealed::Waits { .. } | Revealed::Nowhere) => shown(StatusCode::NOT_FOUND, &page::nowhere()),
        Err(problem) => {
            error!(%problem, grant.id = %grant, "a secret could not be shown, and was not");
            shown(StatusCode::SERVICE_UNAVAILABLE, &page::broken())
        }
    }
}

/// A page that nobody keeps, frames or takes anything out of.
fn shown(status: StatusCode, html: &str) -> Response<Full<Bytes>> {
    let mut response = empty(status);
    *response.body_mut() = Full::new(Bytes::copy_from_slice(html.as_bytes()));
    let response = with(response, CONTENT_TYPE, "text/html; charset=utf-8");
    let response = with(response, CACHE_CONTROL, "no-store");
    let response = with(response, REFERRER_POLICY, "no-referrer");
    let response = with(response, X_FRAME_OPTIONS, "DENY");
    let mut response = with(response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Ok(policy) = HeaderValue::try_from(page::policy()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
pub(super) mod tests;
