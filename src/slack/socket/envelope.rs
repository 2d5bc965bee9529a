//! What travels over a connection: texts of Slack's, read, and our acknowledgements, written. No sockets.
//!
//! The shapes are those of <https://docs.slack.dev/apis/events-api/using-socket-mode>.

use serde_json::{Value, json};

use crate::slack::inbound::Inbound;

/// One text of Slack's.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// The connection works.
    Hello {
        /// How many connections the app has, this one among them.
        connections: Option<u64>,
    },
    /// The connection is going to be closed.
    Disconnect(Goodbye),
    /// Something for the app.
    Envelope(Box<Envelope>),
    /// Nothing that could be acknowledged.
    Unreadable,
}

/// Why a connection is going to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goodbye {
    /// Slack moves house (`warning`, about 10 s ahead, or `refresh_requested`), or says nothing that we know.
    Refresh,
    /// Socket Mode was switched off in the settings of the app (`link_disabled`).
    Disabled,
    /// There are ten already (`too_many_websockets`).
    TooMany,
}

/// Something for the app, to be acknowledged within 3 s.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    id: String,
    takes_payload: bool,
    /// What is in it.
    pub(super) inbound: Inbound,
}

impl Text {
    pub(super) fn read(text: &str) -> Text {
        let Ok(value) = serde_json::from_str::<Value>(text) else { return Text::Unreadable };
        let word = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        match word("type") {
            "hello" => Text::Hello { connections: value.get("num_connections").and_then(Value::as_u64) },
            "disconnect" => Text::Disconnect(match word("reason") {
                "link_disabled" => Goodbye::Disabled,
                "too_many_websockets" => Goodbye::TooMany,
                _ => Goodbye::Refresh,
            }),
            kind => match (word("envelope_id"), value.get("payload").filter(|payload| payload.is_object())) {
                ("", _) | (_, None) => Text::Unreadable,
                (id, Some(payload)) => Text::Envelope(Box::new(Envelope {
                    id: id.to_owned(),
                    takes_payload: value.get("accepts_response_payload").and_then(Value::as_bool) == Some(true),
                    inbound: Inbound::from_socket(kind, payload),
                })),
            },
        }
    }
}

impl Envelope {
    /// The envelope as it is acknowledged, apart from what is in it.
    pub(super) fn into_parts(self) -> (Receipt, Inbound) {
        (Receipt { id: self.id, takes_payload: self.takes_payload }, self.inbound)
    }
}

/// What is needed to acknowledge an envelope.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    id: String,
    takes_payload: bool,
}

impl Receipt {
    /// The text that acknowledges the envelope. An answer goes along where Slack takes one.
    pub(super) fn acknowledgement(&self, answer: Option<Value>) -> String {
        match answer.filter(|_| self.takes_payload) {
            Some(answer) => json!({ "envelope_id": self.id, "payload": answer }).to_string(),
            None => json!({ "envelope_id": self.id }).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Text {
        Text::read(&value.to_string())
    }

    #[test]
    fn what_slack_says_of_the_connection_is_understood() {
        let hello =
            json!({"type": "hello", "num_connections": 2, "connection_info": {"app_id": "A1"}, "debug_info": {"host": "x"}});
        assert_eq!(read(hello), Text::Hello { connections: Some(2) });
        for (reason, goodbye) in [
            ("warning", Goodbye::Refresh),
            ("refresh_requested", Goodbye::Refresh),
            ("link_disabled", Goodbye::Disabled),
            ("too_many_websockets", Goodbye::TooMany),
            ("of_the_future", Goodbye::Refresh),
        ] {
            assert_eq!(read(json!({"type": "disconnect", "reason": reason})), Text::Disconnect(goodbye), "{reason}");
        }
        assert_eq!(read(json!({"type": "disconnect"})), Text::Disconnect(Goodbye::Refresh));
    }

    #[test]
    fn an_envelope_is_acknowledged_by_its_id_and_answered_where_slack_takes_an_answer() {
        let envelope = |takes: bool| {
            let fields = json!({"command": "/jit", "text": "help", "trigger_id": "1.2", "channel_id": "C0X", "user_id": "U0MAYA",
                "team_id": "T0DAYPASS"});
            let value =
                json!({"type": "slash_commands", "envelope_id": "e-1", "accepts_response_payload": takes, "payload": fields});
            let Text::Envelope(envelope) = read(value) else { panic!("it is an envelope") };
            envelope.into_parts()
        };
        let (receipt, inbound) = envelope(true);
        assert!(matches!(inbound, Inbound::Command(_)), "{inbound:?}");
        let text = receipt.acknowledgement(Some(json!({"text": "hello"})));
        assert_eq!(text, r#"{"envelope_id":"e-1","payload":{"text":"hello"}}"#);
        assert_eq!(receipt.acknowledgement(None), r#"{"envelope_id":"e-1"}"#);
        let (receipt, _) = envelope(false);
        assert_eq!(receipt.acknowledgement(Some(json!({"text": "hello"}))), r#"{"envelope_id":"e-1"}"#);
    }

    #[test]
    fn what_cannot_be_acknowledged_is_unreadable_and_what_is_unknown_is_named() {
        for text in ["", "x", "[]", "{}", r#"{"type":"interactive","payload":{}}"#, r#"{"type":"interactive","envelope_id":"e"}"#]
        {
            assert_eq!(Text::read(text), Text::Unreadable, "{text}");
        }
        let Text::Envelope(envelope) = read(json!({"type": "of_the_future", "envelope_id": "e", "payload": {}})) else {
            panic!()
        };
        assert_eq!(envelope.inbound, Inbound::Unknown { kind: "of_the_future".to_owned() });
    }
}
