//! Carries what happens in Slack to the app: signed to its request URL, or over the connections that it opened (`envelope`), with
//! a deadline for the acknowledgement. Over HTTP nothing is repeated. (Slack repeats Events API deliveries.)

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::Shared;
use super::envelope;
use super::faults::DeliveryFault;
use super::state::{Bot, Delivery};
use crate::demo::loopback::{Called, call};

const FORM: &str = "application/x-www-form-urlencoded";

/// What the app made of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// None when no answer came in time, or none at all.
    pub status: Option<u16>,
    pub ack_ms: u64,
    pub body: String,
    /// Slack's word for what went wrong, as people see it.
    pub failure: Option<&'static str>,
}

impl Delivered {
    pub(super) fn failed(failure: &'static str, ack_ms: u64) -> Self {
        Self { status: None, ack_ms, body: String::new(), failure: Some(failure) }
    }
}

/// `v0=…`: HMAC-SHA256 over `v0:{timestamp}:{body}`.
pub fn signature(secret: &str, timestamp_s: i64, body: &str) -> String {
    // HMAC takes keys of every length, so there is no error to meet; an empty signature would fail every check.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("v0:{timestamp_s}:{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    digest.iter().fold(String::from("v0="), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Signs an interaction payload and delivers it.
pub(crate) async fn interaction(shared: &Shared, kind: &str, payload: &Value) -> Delivered {
    let body = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
    sign_and_deliver(shared, kind, FORM, body).await
}

pub(crate) async fn form(shared: &Shared, kind: &str, body: String) -> Delivered {
    sign_and_deliver(shared, kind, FORM, body).await
}

pub(crate) async fn event(shared: &Shared, payload: &Value) -> Delivered {
    sign_and_deliver(shared, "event", "application/json", payload.to_string()).await
}

async fn sign_and_deliver(shared: &Shared, kind: &str, content_type: &'static str, body: String) -> Delivered {
    let timestamp_s = shared.now_ms().div_euclid(1_000);
    let (delivery, fault) = {
        let mut state = shared.state();
        let secret = match &state.bot {
            Some(Bot::Http { signing_secret, .. }) => signing_secret.clone(),
            Some(Bot::Socket) | None => String::new(),
        };
        let delivery = Delivery {
            kind: kind.to_owned(),
            content_type,
            timestamp_s,
            signature: signature(&secret, timestamp_s, &body),
            body,
        };
        state.log_delivery(delivery.clone());
        let has_fault = !state.delivery_faults.is_empty();
        (delivery, has_fault.then(|| state.delivery_faults.remove(0)))
    };
    deliver(shared, &delivery, fault).await
}

/// Sends a delivery as it is, whatever its signature and age.
pub(crate) async fn send(shared: &Shared, delivery: &Delivery) -> Delivered {
    deliver(shared, delivery, None).await
}

async fn deliver(shared: &Shared, delivery: &Delivery, fault: Option<DeliveryFault>) -> Delivered {
    let (bot, deadline) = {
        let state = shared.state();
        (state.bot.clone(), state.seed.ack_deadline)
    };
    let request_url = match &bot {
        None => return Delivered::failed("dispatch_failed", 0),
        Some(Bot::Socket) => return envelope::deliver(shared, delivery, fault, deadline).await,
        Some(Bot::Http { request_url, .. }) => request_url,
    };
    let once = || post(request_url, delivery, deadline);
    match fault {
        Some(DeliveryFault::Lose) => Delivered::failed("operation_timeout", 0),
        Some(DeliveryFault::LoseAck | DeliveryFault::CutAfter) => Delivered::failed("operation_timeout", once().await.ack_ms),
        Some(DeliveryFault::Duplicate) => {
            let first = once().await;
            once().await;
            first
        }
        Some(DeliveryFault::Move) | None => once().await,
    }
}

async fn post(request_url: &str, delivery: &Delivery, deadline: Duration) -> Delivered {
    let headers = [
        ("content-type", delivery.content_type.to_owned()),
        ("x-slack-request-timestamp", delivery.timestamp_s.to_string()),
        ("x-slack-signature", delivery.signature.clone()),
        ("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)".to_owned()),
    ];
    let started = stopwatch();
    let called = call("POST", request_url, &headers, delivery.body.clone(), deadline).await;
    let ack_ms = millis_since(started);
    match called {
        Called::Answered { status: 200, body } => Delivered { status: Some(200), ack_ms, body, failure: None },
        Called::Answered { status, body } => Delivered { status: Some(status), ack_ms, body, failure: Some("dispatch_failed") },
        Called::NotReached(_) => Delivered::failed("dispatch_failed", ack_ms),
        Called::TooLate => Delivered::failed("operation_timeout", ack_ms),
    }
}

pub(super) fn millis_since(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "measures how long the app really took, for people to read")]
pub(super) fn stopwatch() -> Instant {
    Instant::now()
}
