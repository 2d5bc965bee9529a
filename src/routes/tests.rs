//! Bytes in, bytes out: what is refused, what is done, and how often.

use std::sync::Mutex;

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::BodyExt;
use sha2::Sha256;
use tokio::sync::Notify;

use super::*;
use crate::access::time::Timestamp;
use crate::slack::socket::{Take, Taken};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const AT_SECS: i64 = 1_795_000_000;
const FORM: &str = "application/x-www-form-urlencoded";
const COMMAND: &str = "command=%2Fjit&text=mine&team_id=T0DAYPASS&channel_id=C0DBACCESS&user_id=U0MAYA&trigger_id=1.2.3&response_url=https%3A%2F%2Fhooks.slack.com%2Fx";

struct Still;

impl Clock for Still {
    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(AT_SECS * 1000)
    }
    fn elapsed(&self) -> Duration {
        Duration::from_secs(1)
    }
}

/// How the receiver behaves.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mood {
    Fine,
    DatabaseBroken,
    NeverAnswers,
    Panics,
    /// Stops between the signature and the decision, as a crash would.
    StopsBeforeDeciding,
    NotReady,
}

pub(super) struct Fake {
    pub(super) links: super::reveal::tests::Links,
    mood: Mutex<Mood>,
    signatures: Mutex<Vec<[u8; 32]>>,
    done: Mutex<Vec<String>>,
    never: Notify,
}

impl Fake {
    fn done(&self) -> usize {
        self.done.lock().unwrap().len()
    }
}

impl Receive for Arc<Fake> {
    async fn receive(&self, inbound: Inbound) -> Answer {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::NeverAnswers => self.never.notified().await,
            Mood::Panics => panic!("as asked"),
            Mood::StopsBeforeDeciding => return Answer { status: 503, body: None },
            Mood::Fine | Mood::DatabaseBroken | Mood::NotReady => {}
        }
        let key = inbound.dedupe_key().unwrap_or_else(|| "no key".to_owned());
        let mut done = self.done.lock().unwrap();
        done.push(key);
        Answer { status: 200, body: Some(json!({ "number": done.len() })) }
    }

    async fn note_signature(&self, key: [u8; 32]) -> Result<bool, StoreError> {
        if *self.mood.lock().unwrap() == Mood::DatabaseBroken {
            return Err(StoreError::Disk("full".to_owned()));
        }
        let mut known = self.signatures.lock().unwrap();
        let is_new = !known.contains(&key);
        known.push(key);
        Ok(is_new)
    }

    async fn done_before(&self, key: String) -> Result<Before, StoreError> {
        let done = self.done.lock().unwrap();
        Ok(match done.iter().position(|known| *known == key) {
            Some(index) => Before::Done(Some(json!({ "number": index + 1 }))),
            None => Before::Nothing,
        })
    }

    async fn look_at_link(&self, _grant: GrantId, token: String) -> Result<Revealed, StoreError> {
        self.links.look(&token)
    }

    async fn open_link(&self, _grant: GrantId, token: String) -> Result<Revealed, StoreError> {
        self.links.open(&token)
    }

    fn readiness(&self) -> Result<(), String> {
        if *self.mood.lock().unwrap() == Mood::NotReady { Err("no valid policy is loaded".to_owned()) } else { Ok(()) }
    }

    async fn gauges(&self) -> Option<Gauges> {
        None
    }
}

pub(super) fn routes(mood: Mood) -> Routes<Arc<Fake>> {
    let fake = Fake {
        links: Default::default(),
        mood: Mutex::new(mood),
        signatures: Mutex::default(),
        done: Mutex::default(),
        never: Notify::new(),
    };
    Routes {
        receiver: Arc::new(fake),
        clock: Arc::new(Still),
        signing_secrets: vec![SecretString::from(SECRET)],
        metrics: Arc::default(),
        answer_within: ANSWER_WITHIN,
        strangers: Sparingly::default(),
        reveals: Reveals::default(),
    }
}

fn signed_at(at_secs: i64, kind: &str, body: &[u8]) -> HeaderMap {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("v0:{at_secs}:")).chain_update(body).finalize().into_bytes();
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut headers = HeaderMap::new();
    headers.insert("x-slack-signature", format!("v0={hex}").parse().unwrap());
    headers.insert("x-slack-request-timestamp", at_secs.to_string().parse().unwrap());
    headers.insert(CONTENT_TYPE, kind.parse().unwrap());
    headers
}

async fn post(routes: &Routes<Arc<Fake>>, headers: &HeaderMap, body: &str) -> (u16, String) {
    let response = route(routes, &Method::POST, "/slack/events", headers, Bytes::copy_from_slice(body.as_bytes())).await;
    let status = response.status().as_u16();
    (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

async fn signed(routes: &Routes<Arc<Fake>>, kind: &str, body: &str) -> (u16, String) {
    post(routes, &signed_at(AT_SECS, kind, body.as_bytes()), body).await
}

fn payload(json: &Value) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("payload", &json.to_string()).finish()
}

#[tokio::test]
async fn what_slack_did_not_sign_is_refused_without_a_word() {
    let routes = routes(Mood::Fine);
    let mut other_secret = signed_at(AT_SECS, FORM, COMMAND.as_bytes());
    other_secret.insert("x-slack-signature", format!("v0={}", "0".repeat(64)).parse().unwrap());
    for (name, headers) in [
        ("unsigned", HeaderMap::new()),
        ("wrong", other_secret),
        ("stale", signed_at(AT_SECS - 301, FORM, COMMAND.as_bytes())),
        ("of another body", signed_at(AT_SECS, FORM, b"x")),
    ] {
        let body = Bytes::from_static(COMMAND.as_bytes());
        let response = route(&routes, &Method::POST, "/slack/events", &headers, body).await;
        assert_eq!(response.status(), 401, "{name}");
        assert_eq!(response.headers()[&NO_RETRY], "1", "{name}");
        assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty(), "{name}");
    }
    assert_eq!(routes.receiver.done(), 0);
    assert_eq!(routes.receiver.signatures.lock().unwrap().len(), 0, "nothing is written for strangers");
}

#[tokio::test]
async fn every_slack_address_takes_every_kind_and_others_take_nothing() {
    for path in ["/slack/events", "/slack/commands", "/slack/interactivity"] {
        let headers = signed_at(AT_SECS, FORM, COMMAND.as_bytes());
        let response = route(&routes(Mood::Fine), &Method::POST, path, &headers, Bytes::from_static(COMMAND.as_bytes())).await;
        assert_eq!(response.status(), 200, "{path}");
        let response = route(&routes(Mood::Fine), &Method::GET, path, &HeaderMap::new(), Bytes::new()).await;
        assert_eq!((response.status().as_u16(), response.headers()[ALLOW].to_str().unwrap()), (405, "POST"), "{path}");
    }
    for (method, path, status) in [
        (Method::GET, "/", 404),
        (Method::POST, "/slack/events/", 404),
        (Method::GET, "/healthz", 200),
        (Method::GET, "/readyz", 200),
        (Method::GET, "/metrics", 200),
        (Method::POST, "/healthz", 405),
    ] {
        let response = route(&routes(Mood::Fine), &method, path, &HeaderMap::new(), Bytes::new()).await;
        assert_eq!(response.status(), status, "{method} {path}");
    }
}

#[tokio::test]
async fn bodies_that_are_none_are_the_senders_mistake() {
    let routes = routes(Mood::Fine);
    for (name, kind, body, status) in [
        ("broken JSON", "application/json", "{\"type\":", 400),
        ("broken payload", FORM, "payload=%7B", 400),
        ("text", "text/plain", "hello", 415),
        ("no kind", "", "hello", 415),
        ("too large", FORM, "x".repeat(10 * 1024 * 1024).as_str(), 413),
    ] {
        assert_eq!(signed(&routes, kind, body).await.0, status, "{name}");
    }
    assert_eq!(routes.receiver.done(), 0);
}

#[tokio::test]
async fn what_is_not_known_is_acknowledged_and_ignored() {
    let routes = routes(Mood::Fine);
    let unknown = payload(&json!({ "type": "message_action", "user": { "id": "U0MAYA" } }));
    assert_eq!(signed(&routes, FORM, &unknown).await, (200, String::new()));
    assert_eq!(signed(&routes, "application/json; charset=utf-8", "{\"type\":\"app_rate_limited\"}").await, (200, String::new()));
    assert_eq!(routes.receiver.done(), 0);
}

#[tokio::test]
async fn slacks_own_checks_are_answered_only_when_signed() {
    let routes = routes(Mood::Fine);
    let challenge = "{\"type\":\"url_verification\",\"challenge\":\"abc\"}";
    assert_eq!(signed(&routes, "application/json", challenge).await, (200, "{\"challenge\":\"abc\"}".to_owned()));
    assert_eq!(signed(&routes, FORM, "ssl_check=1&token=x").await, (200, String::new()));
    assert_eq!(post(&routes, &HeaderMap::new(), "ssl_check=1&token=x").await.0, 401);
}

#[tokio::test]
async fn the_same_bytes_a_hundred_times_are_done_once_and_answered_alike() {
    let routes = routes(Mood::Fine);
    for _ in 0..100 {
        assert_eq!(signed(&routes, FORM, COMMAND).await, (200, "{\"number\":1}".to_owned()));
    }
    assert_eq!(routes.receiver.done(), 1);
    let press = payload(&json!({
        "type": "block_actions", "user": { "id": "U0CAROL", "team_id": "T0DAYPASS" }, "team": { "id": "T0DAYPASS" },
        "trigger_id": "4.5.6", "actions": [{ "action_id": "request.approve", "value": "R-1 00", "action_ts": "1.0" }]
    }));
    assert_eq!(signed(&routes, FORM, &press).await, (200, "{\"number\":2}".to_owned()));
    assert_eq!(signed(&routes, FORM, &press).await, (200, String::new()), "the answer to a button is not repeated into it");
    assert_eq!(routes.receiver.done(), 2);
}

#[tokio::test]
async fn a_repeat_of_what_was_stopped_before_its_decision_is_done() {
    let routes = routes(Mood::StopsBeforeDeciding);
    assert_eq!(signed(&routes, FORM, COMMAND).await.0, 503);
    *routes.receiver.mood.lock().unwrap() = Mood::Fine;
    assert_eq!(signed(&routes, FORM, COMMAND).await, (200, "{\"number\":1}".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_recorded_is_said_to_be_not_done() {
    let routes = routes(Mood::DatabaseBroken);
    let (status, said) = signed(&routes, FORM, COMMAND).await;
    assert!(status == 200 && said.contains("nothing was done") && said.contains("ephemeral"), "{said}");
    let event = "{\"type\":\"event_callback\",\"event_id\":\"Ev1\",\"event\":{\"type\":\"user_change\"}}";
    assert_eq!(signed(&routes, "application/json", event).await, (503, String::new()), "so that Slack sends it again");
    assert_eq!(routes.receiver.done(), 0);
}

#[tokio::test]
async fn what_takes_too_long_is_said_to_be_perhaps_recorded_and_goes_on() {
    let routes = Routes { answer_within: Duration::ZERO, ..routes(Mood::NeverAnswers) };
    let (status, said) = signed(&routes, FORM, COMMAND).await;
    assert!(status == 200 && said.contains("may still be recorded"), "{said}");
    assert_eq!(routes.receiver.done(), 0);
    routes.receiver.never.notify_one();
    while routes.receiver.done() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_too() {
    let (status, said) = signed(&routes(Mood::Panics), FORM, COMMAND).await;
    assert!(status == 200 && said.contains("Something went wrong"), "{said}");
}

#[tokio::test]
async fn readiness_says_why_not() {
    let response = route(&routes(Mood::NotReady), &Method::GET, "/readyz", &HeaderMap::new(), Bytes::new()).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "no valid policy is loaded");
}

#[tokio::test]
async fn what_came_in_is_counted() {
    let routes = routes(Mood::Fine);
    signed(&routes, FORM, COMMAND).await;
    signed(&routes, FORM, COMMAND).await;
    post(&routes, &HeaderMap::new(), COMMAND).await;
    let page = routes.metrics.render(None);
    for line in ["{kind=\"command\"} 2", "{kind=\"replayed\"} 1", "{kind=\"not_signed\"} 1", "daypass_answer_seconds_count 2"] {
        assert!(page.contains(line), "{line}\n{page}");
    }
}

#[test]
fn strangers_cannot_fill_the_log() {
    let sparingly = Sparingly::default();
    let may = |secs| sparingly.may(Duration::from_secs(secs), STRANGERS_EVERY);
    assert_eq!([0, 0, 59, 60, 61, 119, 120].map(may), [true, false, false, true, false, false, true]);
}

// ── over Socket Mode ─────────────────────────────────────────────────────────────────────────────────────────────────────────

fn command() -> Inbound {
    Inbound::from_http(Some(FORM), COMMAND.as_bytes())
}

fn event() -> Inbound {
    let payload = json!({ "type": "event_callback", "event_id": "Ev1", "event": { "type": "user_change" } });
    Inbound::from_socket("events_api", &payload)
}

#[tokio::test]
async fn what_comes_again_over_a_socket_is_done_once_and_answered_alike() {
    let routes = routes(Mood::Fine);
    for _ in 0..3 {
        assert_eq!(routes.take(command()).await, Taken::Done(Some(json!({ "number": 1 }))));
    }
    assert_eq!(routes.take(event()).await, Taken::Done(Some(json!({ "number": 2 }))));
    assert_eq!(routes.take(event()).await, Taken::Done(None), "acknowledged again, and not done again");
    assert_eq!(routes.receiver.done(), 2);
    let page = routes.metrics.render(None);
    for line in ["{kind=\"command\"} 3", "{kind=\"replayed\"} 3", "daypass_answer_seconds_count 5"] {
        assert!(page.contains(line), "{line}\n{page}");
    }
}

#[tokio::test]
async fn what_is_not_recorded_is_not_acknowledged_over_a_socket_unless_it_can_be_said() {
    let routes = routes(Mood::DatabaseBroken);
    assert_eq!(routes.take(event()).await, Taken::Not, "so that Slack sends it again");
    let Taken::Done(Some(said)) = routes.take(command()).await else { panic!("whoever wrote it reads why") };
    assert!(said.to_string().contains("nothing was done"), "{said}");
    assert_eq!(routes.receiver.done(), 0);
}

#[tokio::test]
async fn in_socket_mode_nothing_is_taken_over_http() {
    let routes = Routes { signing_secrets: Vec::new(), ..routes(Mood::Fine) };
    for path in ["/slack/events", "/slack/commands", "/slack/interactivity"] {
        let headers = signed_at(AT_SECS, FORM, COMMAND.as_bytes());
        let response = route(&routes, &Method::POST, path, &headers, Bytes::from_static(COMMAND.as_bytes())).await;
        assert_eq!(response.status(), 404, "{path}");
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        let response = route(&routes, &Method::GET, path, &HeaderMap::new(), Bytes::new()).await;
        assert_eq!(response.status(), 200, "{path}");
    }
    assert_eq!(routes.receiver.done(), 0);
}
