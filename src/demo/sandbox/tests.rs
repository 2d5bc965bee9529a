use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{On, Sandbox, SandboxFault, SandboxFaultKind, Setup};
use crate::demo::loopback::{Called, call};

async fn sandbox() -> Sandbox {
    Sandbox::start(Setup::demo(), Arc::new(|| 5_000)).await.expect("a free port")
}

async fn ask(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> Option<(u16, Value)> {
    let headers = [("authorization", format!("Bearer {}", sandbox.token()))];
    let url = format!("{}{path}", sandbox.url());
    match call(method, &url, &headers, body.to_string(), Duration::from_secs(5)).await {
        Called::Answered { status, body } => Some((status, serde_json::from_str(&body).expect("JSON"))),
        Called::NotReached(_) | Called::TooLate => None,
    }
}

const ORDERS: &str = "/v1/access/maya/prod%2Forders";

fn readonly() -> Value {
    json!({ "level": "readonly", "mark": "daypass-i1-g57" })
}

#[tokio::test]
async fn a_level_that_is_put_is_read_back_and_deleting_it_twice_is_harmless() {
    let sandbox = sandbox().await;
    let held = json!({ "level": "readonly", "mark": "daypass-i1-g57", "sessions": 0 });
    let nothing = json!({ "level": null, "mark": null, "sessions": 0 });
    assert_eq!(ask(&sandbox, "PUT", ORDERS, readonly()).await, Some((200, held.clone())));
    assert_eq!(ask(&sandbox, "PUT", ORDERS, readonly()).await, Some((200, held.clone())));
    assert_eq!(ask(&sandbox, "GET", ORDERS, Value::Null).await, Some((200, held)));
    assert_eq!(sandbox.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(ask(&sandbox, "DELETE", ORDERS, Value::Null).await, Some((200, nothing.clone())));
    assert_eq!(ask(&sandbox, "DELETE", ORDERS, Value::Null).await, Some((200, nothing)));
    assert_eq!(sandbox.level("maya", "prod/orders"), None);
}

#[tokio::test]
async fn a_wrong_token_an_unknown_account_and_an_unknown_level_are_refused() {
    let sandbox = sandbox().await;
    let url = format!("{}{ORDERS}", sandbox.url());
    let answer = call("GET", &url, &[], String::new(), Duration::from_secs(5)).await;
    assert!(matches!(answer, Called::Answered { status: 401, .. }), "{answer:?}");
    let (status, body) = ask(&sandbox, "PUT", "/v1/access/nobody/x", readonly()).await.expect("an answer");
    assert_eq!((status, body["error"]["code"].as_str()), (404, Some("no_such_account")));
    let (status, body) = ask(&sandbox, "PUT", ORDERS, json!({ "level": "root" })).await.expect("an answer");
    assert_eq!((status, body["error"]["code"].as_str()), (400, Some("unknown_level")));
}

#[tokio::test]
async fn a_failure_after_acting_leaves_the_access_in_place() {
    let sandbox = sandbox().await;
    sandbox.set_fault(Some(SandboxFault::next(1, SandboxFaultKind::FailAfter)));
    assert_eq!(ask(&sandbox, "PUT", ORDERS, readonly()).await, None);
    assert_eq!(sandbox.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(sandbox.fault(), None, "one call only");
}

#[tokio::test]
async fn a_failure_before_acting_changes_nothing() {
    let sandbox = sandbox().await;
    sandbox.set_fault(Some(SandboxFault::next(2, SandboxFaultKind::FailBefore).on(On::Changes)));
    assert_eq!(ask(&sandbox, "GET", ORDERS, Value::Null).await.map(|(status, _)| status), Some(200));
    let (status, body) = ask(&sandbox, "PUT", ORDERS, readonly()).await.expect("an answer");
    assert_eq!((status, body["error"]["class"].as_str()), (500, Some("transient")));
    assert_eq!(sandbox.level("maya", "prod/orders"), None);
}

#[tokio::test]
async fn a_change_that_lands_late_happens_when_it_is_released() {
    let sandbox = sandbox().await;
    sandbox.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::LandsLate)));
    assert_eq!(ask(&sandbox, "PUT", ORDERS, readonly()).await, None);
    assert_eq!(sandbox.level("maya", "prod/orders"), None);
    sandbox.set_fault(None);
    assert_eq!(sandbox.release_late(), 1);
    assert_eq!(sandbox.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(sandbox.release_late(), 0);
}

#[tokio::test]
async fn stale_reads_answer_what_was_true_before() {
    let sandbox = sandbox().await;
    sandbox.give("maya", "prod/orders", "readonly");
    ask(&sandbox, "DELETE", ORDERS, Value::Null).await;
    sandbox.set_fault(Some(SandboxFault::next(1, SandboxFaultKind::StaleReads)));
    let level = |answer: Option<(u16, Value)>| answer.map(|(_, body)| body["level"].clone());
    assert_eq!(level(ask(&sandbox, "GET", ORDERS, Value::Null).await), Some(json!("readonly")));
    assert_eq!(level(ask(&sandbox, "GET", ORDERS, Value::Null).await), Some(Value::Null));
}

#[tokio::test]
async fn throttling_says_when_to_come_back_and_down_says_nothing() {
    let sandbox = sandbox().await;
    sandbox.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Throttled { retry_after_s: 7 })));
    assert_eq!(ask(&sandbox, "GET", ORDERS, Value::Null).await.map(|(status, _)| status), Some(429));
    sandbox.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
    assert_eq!(ask(&sandbox, "GET", ORDERS, Value::Null).await, None);
}

#[tokio::test]
async fn deleting_ends_sessions_and_the_list_shows_who_holds_what() {
    let sandbox = sandbox().await;
    sandbox.give("hugo", "shop/repo", "write");
    assert!(sandbox.open_session("hugo", "shop/repo"));
    let (_, body) = ask(&sandbox, "GET", "/v1/access", Value::Null).await.expect("an answer");
    let expected = json!({ "items": [{
        "account": "hugo", "thing": "shop/repo", "level": "write", "mark": null, "sessions": 1, "since_ms": 5_000,
    }]});
    assert_eq!(body, expected);
    let (_, body) = ask(&sandbox, "DELETE", "/v1/access/hugo/shop%2Frepo", Value::Null).await.expect("an answer");
    assert_eq!(body["sessions"], json!(0));
    assert!(!sandbox.open_session("hugo", "shop/repo"));
}
