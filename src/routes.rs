//! From the bytes of a request to the bytes of its answer. No sockets, and no decision about access.
//!
//! Nothing of a body is understood before its signature is checked. What comes a second time, byte for byte, is answered as
//! the first time and not done again. Slack waits 3 s; what takes longer goes on, and the person reads that it may.
//! What comes over Socket Mode goes the same way from where it is understood (`socket`).

mod receiver;
mod reveal;
mod socket;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Response, StatusCode};
use secrecy::SecretString;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tracing::{error, warn};

use crate::access::ids::GrantId;
use crate::access::refusal::Refusal;
use crate::app::Answer;
use crate::app::reveal::{self as showing, Revealed};
use crate::clock::Clock;
use crate::slack::block::Message;
use crate::slack::inbound::Inbound;
use crate::slack::say::names::Names;
use crate::slack::say::refusal::refused;
use crate::slack::signature;
use crate::store::StoreError;
use crate::telemetry::metrics::Came;
use crate::telemetry::{Gauges, Metrics};

/// The largest body that Slack is believed to send, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long an answer may take. Slack waits 3 s; half a second is for the way there and back.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(2500);

/// How often strangers' requests are logged. They are counted in any case; who sends them must not fill the disk.
const STRANGERS_EVERY: Duration = Duration::from_secs(60);

const LATE: &str = "This takes longer than Slack lets me. It may still be recorded: look at /jit mine before you try again.";
const BROKEN: &str = "Something went wrong on my side. It may have been recorded all the same: look at /jit mine.";

/// Slack's word for "do not send this again".
const NO_RETRY: HeaderName = HeaderName::from_static("x-slack-no-retry");

pub use reveal::Reveals;

/// Whoever receives what Slack sends, and keeps what that takes. Clones are the same receiver.
pub trait Receive: Clone + Send + Sync + 'static {
    /// Does what came in and answers. What was decided is committed before this returns.
    fn receive(&self, inbound: Inbound) -> impl Future<Output = Answer> + Send;

    /// Notes a signature for as long as it is valid. `false`: it was noted before.
    fn note_signature(&self, key: [u8; 32]) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// What was made of a delivery with this key.
    fn done_before(&self, key: String) -> impl Future<Output = Result<Before, StoreError>> + Send;

    /// Where a link to a secret leads. Changes nothing.
    fn look_at_link(&self, grant: GrantId, token: String) -> impl Future<Output = Result<Revealed, StoreError>> + Send;

    /// Shows the secret that a link leads to. That it was shown is committed before this returns it.
    fn open_link(&self, grant: GrantId, token: String) -> impl Future<Output = Result<Revealed, StoreError>> + Send;

    /// Why the process cannot do its work, as a sentence.
    fn readiness(&self) -> Result<(), String>;

    /// What the rows say; `None` when they cannot be read.
    fn gauges(&self) -> impl Future<Output = Option<Gauges>> + Send;
}

/// What was made of a delivery when it came first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// Nothing: it never got that far.
    Nothing,
    /// It was taken on; its answer, if it has one by now, as JSON.
    Done(Option<Value>),
}

/// Everything that routing needs. One per process.
pub struct Routes<R> {
    /// Who receives.
    pub receiver: R,
    /// Wall time for signatures; elapsed time for metrics.
    pub clock: Arc<dyn Clock>,
    /// The secrets that Slack may sign with. Without one nothing can come from Slack over HTTP, and its addresses do not exist.
    pub signing_secrets: Vec<SecretString>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How long an answer may take: [`ANSWER_WITHIN`].
    pub answer_within: Duration,
    /// When strangers' requests were logged last.
    pub strangers: Sparingly,
    /// Where secrets are shown, if anywhere.
    pub reveals: Reveals,
}

/// Lets something happen now and then only.
#[derive(Debug, Default)]
pub struct Sparingly {
    next_ms: AtomicU64,
}

impl Sparingly {
    /// Whether it may happen now, `elapsed` after the clock's beginning; then not again before `pause` is over.
    fn may(&self, elapsed: Duration, pause: Duration) -> bool {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (now, next) = (millis(elapsed), self.next_ms.load(Ordering::Relaxed));
        let then = millis(elapsed.saturating_add(pause));
        now >= next && self.next_ms.compare_exchange(next, then, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Slack's. Its body is read.
    Slack,
    /// The page that shows a secret. Its body is read as well.
    Reveal,
    /// Whether the process is up.
    Health,
    /// Whether it can do its work.
    Ready,
    /// Its numbers.
    Metrics,
    /// The address exists, but not for this method; this one it takes.
    OtherMethod(&'static str),
    /// Nothing.
    Nowhere,
}

/// Answers a request. `body` is whole; whoever reads it from a socket stops at [`BODY_BYTES_MAX`] (see `server`).
pub async fn route<R: Receive>(
    routes: &Routes<R>,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Response<Full<Bytes>> {
    match routes.door(method, path) {
        Door::Slack => {
            let begun = routes.clock.elapsed();
            let response = routes.slack(headers, body).await;
            if response.status() != StatusCode::UNAUTHORIZED {
                routes.metrics.answered_after(routes.clock.elapsed().saturating_sub(begun));
            }
            response
        }
        Door::Reveal => routes.reveal(method, path, headers, &body).await,
        Door::Health => said(StatusCode::OK, "up"),
        Door::Ready => match routes.receiver.readiness() {
            Ok(()) => said(StatusCode::OK, "ready"),
            Err(why) => said(StatusCode::SERVICE_UNAVAILABLE, &why),
        },
        Door::Metrics => {
            let page = routes.metrics.render(routes.receiver.gauges().await.as_ref());
            with(said(StatusCode::OK, &page), CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
        }
        Door::OtherMethod(takes) => with(empty(StatusCode::METHOD_NOT_ALLOWED), ALLOW, takes),
        Door::Nowhere => empty(StatusCode::NOT_FOUND),
    }
}

impl<R: Receive> Routes<R> {
    /// What this address is for.
    pub fn door(&self, method: &Method, path: &str) -> Door {
        let (door, takes) = match path {
            "/slack/events" | "/slack/commands" | "/slack/interactivity" if !self.signing_secrets.is_empty() => {
                (Door::Slack, "POST")
            }
            // Whatever leads nowhere gets the same answer there.
            _ if self.reveals.url.is_some() && path.starts_with(showing::PATH) => match *method {
                Method::GET | Method::POST => return Door::Reveal,
                _ => return Door::OtherMethod("GET, POST"),
            },
            "/healthz" => (Door::Health, "GET"),
            "/readyz" => (Door::Ready, "GET"),
            "/metrics" => (Door::Metrics, "GET"),
            _ => return Door::Nowhere,
        };
        if method.as_str() == takes { door } else { Door::OtherMethod(takes) }
    }

    async fn slack(&self, headers: &HeaderMap, body: Bytes) -> Response<Full<Bytes>> {
        if body.len() > BODY_BYTES_MAX {
            self.metrics.came(Came::Refused);
            return empty(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let signed = match signature::verify(headers, &body, &self.signing_secrets, self.clock.wall()) {
            Ok(signed) => signed,
            Err(why) => {
                self.metrics.came(Came::NotSigned);
                if self.strangers.may(self.clock.elapsed(), STRANGERS_EVERY) {
                    warn!(%why, "a request was refused: Slack did not sign it; more of them in this minute are only counted");
                }
                // Without detail: whoever tries to forge one learns nothing.
                return with(empty(StatusCode::UNAUTHORIZED), NO_RETRY, "1");
            }
        };
        let inbound = match read(headers, &body) {
            Ok(inbound) => inbound,
            Err(status) => {
                self.metrics.came(Came::Refused);
                warn!(status = status.as_u16(), "a signed request cannot be read");
                return with(empty(status), NO_RETRY, "1");
            }
        };
        answered(&self.answer(Some(signed.memory_key()), inbound).await)
    }

    /// What is answered to something that Slack sent. `memory` is what makes the same thing the same when it comes again;
    /// without one, repeating it is harmless.
    async fn answer(&self, memory: Option<[u8; 32]>, inbound: Inbound) -> Answer {
        self.metrics.came(kind_of(&inbound));
        match inbound {
            Inbound::UrlVerification { challenge } => Answer { status: 200, body: Some(json!({ "challenge": challenge })) },
            Inbound::SslCheck => Answer::empty(),
            Inbound::Unknown { kind } => {
                warn!(kind, "slack sent something that Daypass does not know; it is ignored");
                Answer::empty()
            }
            Inbound::Command(_)
            | Inbound::Action(_)
            | Inbound::Submission(_)
            | Inbound::Shortcut(_)
            | Inbound::Closed { .. }
            | Inbound::Options { .. }
            | Inbound::Event(_) => self.in_time(memory, inbound).await,
        }
    }

    /// Has it done, within the time that Slack waits. What is late goes on all the same: it may be committing already.
    async fn in_time(&self, memory: Option<[u8; 32]>, inbound: Inbound) -> Answer {
        let not_recorded = refused(&Refusal::NotRecorded, &Names::default());
        let [late, broken] = [LATE, BROKEN].map(Message::sentence);
        let [late, not_recorded, broken] = [late, not_recorded, broken].map(|message| instead(&inbound, &message));
        let (receiver, metrics) = (self.receiver.clone(), Arc::clone(&self.metrics));
        let work = tokio::spawn(async move { once(&receiver, &metrics, memory, inbound).await });
        match tokio::time::timeout(self.answer_within, work).await {
            Ok(Ok(Ok(answer))) => answer,
            Ok(Ok(Err(problem))) => {
                error!(%problem, "a request could not be recorded");
                not_recorded
            }
            Ok(Err(stopped)) => {
                error!(%stopped, "a request was stopped by an internal error");
                broken
            }
            Err(_) => {
                self.metrics.came(Came::TooLate);
                warn!("a request took longer than Slack waits");
                late
            }
        }
    }
}

/// Does it, unless it is the same request again: then it is answered as the first time.
async fn once<R: Receive>(
    receiver: &R,
    metrics: &Metrics,
    memory: Option<[u8; 32]>,
    inbound: Inbound,
) -> Result<Answer, StoreError> {
    let Some(memory) = memory else { return Ok(receiver.receive(inbound).await) };
    if receiver.note_signature(memory).await? {
        return Ok(receiver.receive(inbound).await);
    }
    metrics.came(Came::Replayed);
    warn!("a request came a second time");
    let ok = |body| Answer { status: 200, body };
    let Some(key) = inbound.dedupe_key() else { return Ok(ok(None)) };
    match receiver.done_before(key).await? {
        // What answers a command would be no answer to a form or a button.
        Before::Done(answer) => Ok(ok(answer.filter(|_| matches!(inbound, Inbound::Command(_))))),
        // It was stopped between its signature and its decision. This is the first time, and the decision is deduplicated again.
        Before::Nothing => Ok(receiver.receive(inbound).await),
    }
}

/// Reads a signed body. Bodies that are no JSON where they should be, or of another kind altogether, are the sender's mistake.
fn read(headers: &HeaderMap, body: &[u8]) -> Result<Inbound, StatusCode> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = |text: &[u8]| serde_json::from_slice::<IgnoredAny>(text).is_ok();
    let is_whole = match essence.as_str() {
        "application/json" => is_json(body),
        "application/x-www-form-urlencoded" => {
            form_urlencoded::parse(body).filter(|(name, _)| name == "payload").all(|(_, payload)| is_json(payload.as_bytes()))
        }
        _ => return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    };
    if is_whole { Ok(Inbound::from_http(Some(kind), body)) } else { Err(StatusCode::BAD_REQUEST) }
}

fn kind_of(inbound: &Inbound) -> Came {
    match inbound {
        Inbound::Command(_) => Came::Command,
        Inbound::Action(_) => Came::Action,
        Inbound::Submission(_) | Inbound::Closed { .. } => Came::Form,
        Inbound::Shortcut(_) => Came::Action,
        Inbound::Options { .. } => Came::Options,
        Inbound::Event(_) | Inbound::UrlVerification { .. } | Inbound::SslCheck => Came::Event,
        Inbound::Unknown { .. } => Came::Unknown,
    }
}

/// What to answer where there is no answer of the receiver's. Whoever wrote a command reads the message. Everything else gets a
/// status: Slack then shows its own sign beside the button or in the form, which stays open, and sends an event again.
fn instead(inbound: &Inbound, message: &Message) -> Answer {
    match inbound {
        Inbound::Command(_) => Answer { status: 200, body: Some(message.to_answer()) },
        Inbound::Action(_)
        | Inbound::Submission(_)
        | Inbound::Shortcut(_)
        | Inbound::Closed { .. }
        | Inbound::Options { .. }
        | Inbound::Event(_)
        | Inbound::UrlVerification { .. }
        | Inbound::SslCheck
        | Inbound::Unknown { .. } => Answer { status: 503, body: None },
    }
}

fn answered(answer: &Answer) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match &answer.body {
        Some(body) => json_of(status, body),
        None => empty(status),
    }
}

fn json_of(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    with(said(status, &body.to_string()), CONTENT_TYPE, "application/json; charset=utf-8")
}

/// A short text. What it says is ours, but it is not to be taken for a page either.
fn said(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    with(response, CONTENT_TYPE, "text/plain; charset=utf-8")
}

/// A bare status.
pub(crate) fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn with(mut response: Response<Full<Bytes>>, name: HeaderName, value: &'static str) -> Response<Full<Bytes>> {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}
