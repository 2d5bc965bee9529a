//! The emulator's own rules. A small app stands in for Daypass: it answers what a test tells it to.

mod acting;
mod blocks;
mod directory;
mod homes;
mod messages;
mod responses;
mod sockets;
mod views;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Emulator, Seed};
use crate::demo::loopback::{Answer, Asked, Called, Server, call, pause, serve};

pub(super) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// An emulator, a manual clock, and an app that answers as told.
pub(super) struct Desk {
    pub slack: Emulator,
    clock: Arc<AtomicI64>,
    heard: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Mutex<Vec<Reply>>>,
    _app: Server,
}

/// What the app does with the next request.
pub(super) enum Reply {
    Json(Value),
    Status(u16),
    /// Takes longer than Slack waits.
    Late(Duration),
}

impl Desk {
    pub async fn new() -> Self {
        Self::with(Seed::for_tests()).await
    }

    pub async fn with(seed: Seed) -> Self {
        let clock = Arc::new(AtomicI64::new(1_800_000_000_000));
        let reading = Arc::clone(&clock);
        let slack = Emulator::start(seed, Arc::new(move || reading.load(Ordering::SeqCst))).await.unwrap();
        let heard: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let answers: Arc<Mutex<Vec<Reply>>> = Arc::default();
        let (log, replies) = (Arc::clone(&heard), Arc::clone(&answers));
        let app = serve(0, move |asked| {
            log.lock().unwrap().push(asked);
            let next = {
                let mut replies = replies.lock().unwrap();
                if replies.is_empty() { None } else { Some(replies.remove(0)) }
            };
            async move {
                match next {
                    None => Answer::text(200, ""),
                    Some(Reply::Json(body)) => Answer::json(200, &body),
                    Some(Reply::Status(status)) => Answer::text(status, ""),
                    Some(Reply::Late(delay)) => {
                        pause(delay).await;
                        Answer::text(200, "")
                    }
                }
            }
        })
        .await
        .unwrap();
        slack.set_bot(&format!("http://{}/slack/events", app.addr), SECRET);
        Self { slack, clock, heard, answers, _app: app }
    }

    pub fn advance_ms(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn app_answers(&self, reply: Reply) {
        self.answers.lock().unwrap().push(reply);
    }

    /// Calls the Web API as the app does.
    pub async fn api(&self, method: &str, args: Value) -> Value {
        self.raw(method, args).await.map(|(_, body)| body).expect("an answer")
    }

    pub async fn raw(&self, method: &str, args: Value) -> Option<(u16, Value)> {
        let headers = [
            ("authorization", format!("Bearer {}", self.slack.bot_token())),
            ("content-type", "application/json; charset=utf-8".to_owned()),
        ];
        let url = format!("{}/{method}", self.slack.api_url());
        match call("POST", &url, &headers, args.to_string(), Duration::from_secs(5)).await {
            Called::Answered { status, body } => Some((status, serde_json::from_str(&body).unwrap_or(json!(body)))),
            Called::NotReached(_) | Called::TooLate => None,
        }
    }

    /// Posts to a response_url.
    pub async fn respond(&self, url: &str, body: Value) -> (u16, String) {
        let headers = [("content-type", "application/json".to_owned())];
        match call("POST", url, &headers, body.to_string(), Duration::from_secs(5)).await {
            Called::Answered { status, body } => (status, body),
            other => panic!("{other:?}"),
        }
    }

    /// The requests that the app has received.
    pub fn heard(&self) -> Vec<Asked> {
        self.heard.lock().unwrap().clone()
    }

    /// The fields of the latest form that the app received.
    pub fn latest_form(&self) -> Vec<(String, String)> {
        let heard = self.heard();
        let latest = heard.last().expect("a request");
        form_urlencoded::parse(&latest.body).into_owned().collect()
    }

    pub fn field(&self, name: &str) -> String {
        self.latest_form().into_iter().find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default()
    }

    /// The latest interaction payload that the app received.
    pub fn payload(&self) -> Value {
        serde_json::from_str(&self.field("payload")).expect("a payload")
    }

    /// A card with Approve and Deny in #db-access; its ts.
    pub async fn card(&self) -> String {
        let answer =
            self.api("chat.postMessage", json!({ "channel": "C0DBACCESS", "text": "Maya asks", "blocks": card() })).await;
        assert_eq!(answer["ok"], true, "{answer}");
        answer["ts"].as_str().unwrap().to_owned()
    }
}

pub(super) fn plain(words: &str) -> Value {
    json!({ "type": "plain_text", "text": words })
}

pub(super) fn button(action_id: &str, words: &str) -> Value {
    json!({ "type": "button", "action_id": action_id, "text": plain(words), "value": "R-1 0123456789abcdef" })
}

pub(super) fn card() -> Value {
    json!([
        { "type": "section", "text": { "type": "mrkdwn", "text": "*Maya* asks for *Orders database*" } },
        { "type": "actions", "block_id": "decide",
          "elements": [button("request.approve", "Approve"), button("request.deny", "Deny…")] },
    ])
}

/// A form with a choice, a search and a text.
pub(super) fn form() -> Value {
    let option = |value: &str| json!({ "text": plain(value), "value": value });
    json!({
        "type": "modal", "callback_id": "request.form", "title": plain("Request access"), "submit": plain("Ask"),
        "notify_on_close": true,
        "blocks": [
            { "type": "input", "block_id": "resource", "label": plain("What"), "dispatch_action": true,
              "element": { "type": "external_select", "action_id": "resource", "min_query_length": 0 } },
            { "type": "input", "block_id": "role", "label": plain("Role"),
              "element": { "type": "static_select", "action_id": "role", "options": [option("readonly"), option("readwrite")] } },
            { "type": "input", "block_id": "reason", "label": plain("Why"),
              "element": { "type": "plain_text_input", "action_id": "reason", "min_length": 5, "max_length": 20 } },
        ],
    })
}
