//! Socket Mode, the envelopes: puts a delivery into one, sends it over any one connection, and waits for its acknowledgement.
//! Events that are not acknowledged come again, over another connection where there is one.

use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Shared;
use super::faults::DeliveryFault;
use super::push::{Delivered, millis_since, stopwatch};
use super::socket::farewell;
use super::state::Delivery;

/// How often an event comes again. Slack leaves a minute, and then five, between the later ones; here they follow at once.
const RETRIES_MAX: u32 = 3;

struct Envelope<'a> {
    kind: &'static str,
    payload: Value,
    takes_payload: bool,
    delivery: &'a Delivery,
}

enum Came {
    Acknowledged(Option<Value>),
    /// The connection ended, or time was up.
    NotAcknowledged,
    NoConnection,
}

/// Sends a delivery, within the time that Slack gives the app.
pub(super) async fn deliver(shared: &Shared, delivery: &Delivery, fault: Option<DeliveryFault>, deadline: Duration) -> Delivered {
    let envelope = Envelope::of(delivery);
    let started = stopwatch();
    let mut came = envelope.send(shared, 0, fault, deadline).await;
    if fault == Some(DeliveryFault::Duplicate) {
        envelope.send(shared, 0, None, deadline).await;
    }
    if envelope.kind == "events_api" {
        for attempt in 1..=RETRIES_MAX {
            if !matches!(came, Came::NotAcknowledged) {
                break;
            }
            came = envelope.send(shared, attempt, None, deadline).await;
        }
    }
    let ack_ms = millis_since(started);
    match came {
        Came::Acknowledged(payload) => {
            let body = payload.map(|payload| payload.to_string()).unwrap_or_default();
            Delivered { status: Some(200), ack_ms, body, failure: None }
        }
        Came::NotAcknowledged => Delivered::failed("operation_timeout", ack_ms),
        Came::NoConnection => Delivered::failed("dispatch_failed", ack_ms),
    }
}

impl Envelope<'_> {
    fn of(delivery: &Delivery) -> Envelope<'_> {
        let fields = || -> Map<String, Value> {
            let fields = form_urlencoded::parse(delivery.body.as_bytes());
            fields.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect()
        };
        let json_in = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        let (kind, payload, takes_payload) = match delivery.kind.as_str() {
            "slash_command" => ("slash_commands", Value::Object(fields()), true),
            "event" => ("events_api", json_in(&delivery.body), false),
            other => {
                let payload = fields().get("payload").and_then(Value::as_str).map(json_in).unwrap_or_default();
                ("interactive", payload, matches!(other, "view_submission" | "block_suggestion"))
            }
        };
        Envelope { kind, payload, takes_payload, delivery }
    }

    /// The same delivery has the same id, unless Slack counts it as another attempt.
    fn id(&self, attempt: u32) -> String {
        let digest = Sha256::digest(format!("{}/{attempt}/{}", self.delivery.kind, self.delivery.body));
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-")
    }

    fn text(&self, id: &str, attempt: u32) -> String {
        let mut envelope = json!({
            "envelope_id": id, "type": self.kind, "accepts_response_payload": self.takes_payload, "payload": self.payload,
        });
        if self.kind == "events_api" {
            super::json::set(&mut envelope, "retry_attempt", json!(attempt));
            super::json::set(&mut envelope, "retry_reason", json!(if attempt == 0 { "" } else { "timeout" }));
        }
        envelope.to_string()
    }

    async fn send(&self, shared: &Shared, attempt: u32, fault: Option<DeliveryFault>, deadline: Duration) -> Came {
        let sending = async {
            let link = connection(shared).await;
            let id = self.id(attempt);
            let answer = {
                let mut state = shared.state();
                if fault == Some(DeliveryFault::Lose) {
                    state.sockets.cut(link);
                    return Came::NotAcknowledged;
                }
                let answer = state.sockets.send(link, &id, self.takes_payload, self.text(&id, attempt));
                match fault {
                    Some(DeliveryFault::CutAfter) => state.sockets.cut(link),
                    Some(DeliveryFault::Move) => state.sockets.leave(link, farewell("warning")),
                    Some(DeliveryFault::Lose | DeliveryFault::LoseAck | DeliveryFault::Duplicate) | None => {}
                }
                answer
            };
            let answer = answer.await;
            if fault == Some(DeliveryFault::LoseAck) {
                shared.state().sockets.cut(link);
                return Came::NotAcknowledged;
            }
            answer.map_or(Came::NotAcknowledged, Came::Acknowledged)
        };
        match tokio::time::timeout(deadline, sending).await {
            Ok(came) => came,
            Err(_) if shared.state().sockets.pick().is_none() => Came::NoConnection,
            Err(_) => Came::NotAcknowledged,
        }
    }
}

/// Any one connection. Without one it waits until there is.
async fn connection(shared: &Shared) -> u64 {
    let mut changes = shared.version.subscribe();
    loop {
        if let Some(link) = shared.state().sockets.pick() {
            return link;
        }
        // The sender lives as long as `shared`.
        let _ = changes.changed().await;
    }
}
