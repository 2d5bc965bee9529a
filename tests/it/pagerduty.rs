//! The PagerDuty adapter against a strict server: what it asks, what it makes of the answers, and of none.

use std::sync::Arc;
use std::time::Duration;

use daypass::access::entitlement::Class;
use daypass::access::time::Timestamp;
use daypass::providers::oncall::{self, OnCall, OnCallUser, Page, Settings};
use daypass::providers::{Call, ProviderError, Severity};
use secrecy::SecretString;
use serde_json::json;

use crate::support::pagerduty::{FROM, Fault, PagerDuty, TOKEN};

fn call() -> Call {
    Call { at: Timestamp::from_millis(1_773_738_000_000), timeout: Duration::from_secs(5) }
}

fn adapter_with(server: &PagerDuty, token: &str, from: Option<&str>) -> Arc<dyn OnCall> {
    let options = from.map(|from| ("from".to_owned(), json!(from))).into_iter().collect();
    let settings = Settings { url: Some(SecretString::from(server.url())), token: Some(SecretString::from(token)), options };
    oncall::build("pagerduty", &settings).unwrap()
}

async fn started() -> (PagerDuty, Arc<dyn OnCall>) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let server = PagerDuty::start().await;
    server.has_service("PSVC001", "orders", "active");
    let adapter = adapter_with(&server, TOKEN, Some(FROM));
    (server, adapter)
}

fn page(key: &str) -> Page {
    Page { service: "orders".into(), key: key.into(), title: "nobody has decided".into(), details: "Bob waits.".into() }
}

fn told(error: &ProviderError) -> (Class, &str, &str) {
    (error.trouble.class, error.trouble.code.as_str(), error.trouble.message.as_str())
}

#[tokio::test]
async fn whoever_is_on_call_now_is_told_and_whoever_was_deleted_is_nobody() {
    let (server, adapter) = started().await;
    server.puts("PABC123", vec![]);
    assert_eq!(adapter.on_call(&call(), "PABC123").await.unwrap(), []);
    server.puts(
        "PABC123",
        vec![
            json!({ "id": "PBOB001", "type": "user", "email": "bob@shop.example", "deleted_at": null }),
            json!({ "id": "PCAROL1", "type": "user_reference" }),
            json!({ "id": "PGONE01", "type": "user", "email": "gone@shop.example", "deleted_at": "2026-01-01T00:00:00Z" }),
        ],
    );
    let users = adapter.on_call(&call(), "PABC123").await.unwrap();
    let bob = OnCallUser { id: "PBOB001".into(), email: Some("bob@shop.example".into()) };
    assert_eq!(users, [bob, OnCallUser { id: "PCAROL1".into(), email: None }]);
    let unknown = adapter.on_call(&call(), "PNONE00").await.unwrap_err();
    assert_eq!(told(&unknown), (Class::Permanent, "2100", "Not Found"));
}

// E47
#[tokio::test]
async fn who_is_on_call_is_an_error_and_never_nobody_where_it_was_not_said() {
    let (server, adapter) = started().await;
    server.puts_on_call("PABC123", &[("PBOB001", "bob@shop.example")]);
    for (fault, class) in [
        (Fault::Down, Class::Transient),
        (Fault::Throttled(7), Class::Transient),
        (Fault::Says(500, "<html>".into()), Class::Transient),
        (Fault::Says(200, "{}".into()), Class::NeedsHuman),
        (Fault::Says(200, r#"{"users":[{"name":"no id"}]}"#.into()), Class::NeedsHuman),
        (Fault::Says(200, r#"{"users":[{"id":""}]}"#.into()), Class::NeedsHuman),
        (Fault::Says(200, r#"{"users":[],"more":true}"#.into()), Class::NeedsHuman),
        (Fault::Says(403, r#"{"error":{"code":2010,"message":"Forbidden"}}"#.into()), Class::NeedsHuman),
    ] {
        server.is(Some(fault.clone()));
        let error = adapter.on_call(&call(), "PABC123").await.unwrap_err();
        assert_eq!(error.trouble.class, class, "{fault:?}: {error:?}");
    }
    server.is(Some(Fault::Slow));
    let short = Call { timeout: Duration::from_millis(100), ..call() };
    let error = adapter.on_call(&short, "PABC123").await.unwrap_err();
    assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::Transient, "timeout"));
}

#[tokio::test]
async fn a_token_that_is_not_accepted_and_one_that_may_too_little_need_somebody() {
    let (server, _) = started().await;
    server.puts("PABC123", vec![]);
    let error = adapter_with(&server, "wrong", None).on_call(&call(), "PABC123").await.unwrap_err();
    let sentence = "the provider does not accept our token: Invalid credentials";
    assert_eq!(told(&error), (Class::NeedsHuman, "2006", sentence));
    server.is(Some(Fault::Says(403, r#"{"error":{"code":2010,"message":"Forbidden"}}"#.into())));
    let error = adapter_with(&server, TOKEN, Some(FROM)).page(&call(), &page("k")).await.unwrap_err();
    assert_eq!(told(&error), (Class::NeedsHuman, "2010", "our token does not allow that: Forbidden"));
}

#[tokio::test]
async fn whoever_is_asked_too_often_says_when_to_come_again() {
    let (server, adapter) = started().await;
    server.is(Some(Fault::Throttled(42)));
    let error = adapter.page(&call(), &page("k")).await.unwrap_err();
    assert_eq!((error.trouble.class, error.retry_after), (Class::Transient, Some(Duration::from_secs(42))));
    assert!(server.incidents().is_empty());
}

#[tokio::test]
async fn a_page_is_made_once_however_often_it_is_told_and_resolved_by_its_key() {
    let (server, adapter) = started().await;
    adapter.page(&call(), &page("k-1")).await.unwrap();
    adapter.page(&call(), &page("k-1")).await.unwrap();
    adapter.page(&call(), &page("k-2")).await.unwrap();
    assert_eq!((server.open(), server.count("POST")), (2, 2));
    let incident = server.incidents().remove(0);
    assert_eq!(
        (incident.key.as_str(), incident.service.as_str(), incident.title.as_str()),
        ("k-1", "PSVC001", "nobody has decided")
    );
    assert_eq!(incident.details, "Bob waits.");

    adapter.resolve(&call(), "orders", "k-1").await.unwrap();
    adapter.resolve(&call(), "orders", "k-1").await.unwrap();
    adapter.resolve(&call(), "orders", "never-made").await.unwrap();
    assert_eq!((server.open(), server.count("PUT")), (1, 1));
    assert!(adapter.resolve(&call(), "orders", "").await.is_err(), "no key would be everybody's incidents");
    assert_eq!(server.open(), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_wakes_nobody_twice_even_if_it_was_closed_by_hand_since() {
    let (server, adapter) = started().await;
    server.loses_answers(1);
    let error = adapter.page(&call(), &page("k-1")).await.unwrap_err();
    assert_eq!((error.trouble.class, server.open()), (Class::Ambiguous, 1), "it may have been made, and was");
    server.closes_everything();
    adapter.page(&call(), &page("k-1")).await.unwrap();
    assert_eq!((server.incidents().len(), server.open()), (1, 0));

    adapter.page(&call(), &page("k-2")).await.unwrap();
    server.loses_answers(1);
    let error = adapter.resolve(&call(), "orders", "k-2").await.err();
    assert_eq!(error.map(|error| error.trouble.code), None, "it was looked for, and is closed");
    assert_eq!(server.open(), 0);
}

#[tokio::test]
async fn one_key_that_is_sent_twice_at_once_is_one_page_and_no_error() {
    let (server, adapter) = started().await;
    let (key, other) = (page("k-1"), adapter_with(&server, TOKEN, Some(FROM)));
    let now = call();
    let (one, two) = tokio::join!(adapter.page(&now, &key), other.page(&now, &key));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert_eq!(server.open(), 1);
}

#[tokio::test]
async fn a_service_is_found_by_its_exact_name_among_many_and_its_id_kept_until_it_fails() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let server = PagerDuty::start().await;
    for number in 0..60 {
        server.has_service(&format!("PALIKE{number}"), &format!("orders-{number}"), "active");
    }
    server.has_service("PUPPER0", "Orders", "active");
    let adapter = adapter_with(&server, TOKEN, Some(FROM));
    let error = adapter.page(&call(), &page("k-1")).await.unwrap_err();
    assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::NeedsHuman, "no_such_service"));

    server.has_service("PSVC001", "orders", "active");
    adapter.page(&call(), &page("k-1")).await.unwrap();
    let looked = server.calls().iter().filter(|call| call.contains("services")).count();
    adapter.page(&call(), &page("k-2")).await.unwrap();
    assert_eq!(server.calls().iter().filter(|call| call.contains("services")).count(), looked, "its id is kept");

    server.loses_service("orders");
    server.has_service("PSVC002", "orders", "active");
    let error = adapter.page(&call(), &page("k-3")).await.unwrap_err();
    assert_eq!(told(&error), (Class::Permanent, "2001", "Invalid Input Provided: Service Not Found"));
    adapter.page(&call(), &page("k-3")).await.unwrap();
    assert_eq!(server.incidents().last().unwrap().service, "PSVC002");
}

#[tokio::test]
async fn a_service_that_cannot_be_told_apart_or_is_disabled_needs_somebody() {
    let (server, adapter) = started().await;
    server.has_service("PSVC002", "orders", "active");
    let error = adapter.page(&call(), &page("k")).await.unwrap_err();
    assert_eq!(told(&error), (Class::NeedsHuman, "ambiguous_service", "pagerduty has several services called `orders`"));
    server.loses_service("orders");
    server.has_service("PSVC003", "orders", "disabled");
    let error = adapter.page(&call(), &page("k")).await.unwrap_err();
    assert_eq!(told(&error), (Class::NeedsHuman, "service_disabled", "the service `orders` is disabled"));
}

#[tokio::test]
async fn nobody_is_paged_in_the_name_of_a_stranger() {
    let (server, _) = started().await;
    let error = adapter_with(&server, TOKEN, Some("nobody@shop.example")).page(&call(), &page("k")).await.unwrap_err();
    assert_eq!(told(&error), (Class::Permanent, "2001", "Invalid Input Provided: Requester User Not Found"));
    let error = adapter_with(&server, TOKEN, None).page(&call(), &page("k")).await.unwrap_err();
    assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::NeedsHuman, "no_from"));
    assert!(server.incidents().is_empty());
}

#[tokio::test]
async fn a_look_at_the_whole_says_what_can_be_read_and_whether_the_name_is_known() {
    let (server, adapter) = started().await;
    let said = |findings: Vec<daypass::providers::Finding>| {
        let line = |finding: daypass::providers::Finding| format!("{:?}: {}", finding.severity, finding.message);
        findings.into_iter().map(line).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(said(adapter.validate(&call()).await.unwrap()));
    let stranger = adapter_with(&server, TOKEN, Some("nobody@shop.example"));
    let findings = stranger.validate(&call()).await.unwrap();
    assert_eq!(findings.last().map(|finding| finding.severity), Some(Severity::Broken), "{findings:?}");
    server.is(Some(Fault::Says(403, r#"{"error":{"code":2010,"message":"Forbidden"}}"#.into())));
    let findings = adapter_with(&server, TOKEN, None).validate(&call()).await.unwrap();
    assert!(findings.iter().all(|finding| finding.severity == Severity::Broken), "{findings:?}");
    assert_eq!(server.count("POST") + server.count("PUT"), 0, "it only looks");
}
