//! Carries what happens in Slack to the app's request URL: signed, with a deadline for the acknowledgement, never repeated on
//! its own. (Slack repeats only Events API deliveries; this emulator does not.)

use std::time::Instant;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::Shared;
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
        let secret = state.bot.as_ref().map(|bot| bot.signing_secret.clone()).unwrap_or_default();
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
    let timeout = |ack_ms| Delivered { status: None, ack_ms, body: String::new(), failure: Some("operation_timeout") };
    match fault {
        Some(DeliveryFault::Lose) => timeout(0),
        Some(DeliveryFault::LoseAck) => timeout(send(shared, &delivery).await.ack_ms),
        Some(DeliveryFault::Duplicate) => {
            let first = send(shared, &delivery).await;
            send(shared, &delivery).await;
            first
        }
        None => send(shared, &delivery).await,
    }
}

/// Sends a delivery as it is, whatever its signature and age.
pub(crate) async fn send(shared: &Shared, delivery: &Delivery) -> Delivered {
    let (bot, deadline) = {
        let state = shared.state();
        (state.bot.clone(), state.seed.ack_deadline)
    };
    let Some(Bot { request_url, .. }) = bot else {
        return Delivered { status: None, ack_ms: 0, body: String::new(), failure: Some("dispatch_failed") };
    };
    let headers = [
        ("content-type", delivery.content_type.to_owned()),
        ("x-slack-request-timestamp", delivery.timestamp_s.to_string()),
        ("x-slack-signature", delivery.signature.clone()),
        ("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)".to_owned()),
    ];
    let started = stopwatch();
    let called = call("POST", &request_url, &headers, delivery.body.clone(), deadline).await;
    let ack_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match called {
        Called::Answered { status: 200, body } => Delivered { status: Some(200), ack_ms, body, failure: None },
        Called::Answered { status, body } => Delivered { status: Some(status), ack_ms, body, failure: Some("dispatch_failed") },
        Called::NotReached(_) => Delivered { status: None, ack_ms, body: String::new(), failure: Some("dispatch_failed") },
        Called::TooLate => Delivered { status: None, ack_ms, body: String::new(), failure: Some("operation_timeout") },
    }
}

#[expect(clippy::disallowed_methods, reason = "measures how long the app really took, for people to read")]
fn stopwatch() -> Instant {
    Instant::now()
}
