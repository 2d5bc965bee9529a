//! What comes in that is not what Slack sends, or not now: the right status, and nothing is stored.

use daypass::demo::emulator::{Delivery, signature};

use super::ASK;
use crate::support::world::{SIGNING_SECRET, Transport, World};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn unsigned(content_type: &'static str, body: &str) -> Delivery {
    Delivery { kind: "raw".into(), content_type, timestamp_s: 0, signature: "v0=00".into(), body: body.to_owned() }
}

// E41
#[tokio::test]
async fn what_slack_did_not_sign_is_refused_without_detail() {
    let mut w = World::over(Transport::Http).await;
    w.says("maya", ASK).await;
    let real = w.presses_in_vain("carol", "R-1", "request.approve").await;
    let now_s = w.now().as_millis() / 1000;
    let at = |timestamp_s: i64, secret: &str| Delivery {
        timestamp_s,
        signature: signature(secret, timestamp_s, &real.body),
        ..real.clone()
    };
    let wrong = [
        ("another secret", at(now_s, "another secret")),
        ("no secret", at(now_s, "")),
        ("too old", at(now_s - 301, SIGNING_SECRET)),
        ("of the future", at(now_s + 301, SIGNING_SECRET)),
        ("another body", Delivery { body: format!("{}&x=1", real.body), ..real.clone() }),
        ("no signature", Delivery { signature: String::new(), ..real.clone() }),
        ("another version", Delivery { signature: real.signature.replace("v0=", "v1="), ..real.clone() }),
        ("half a signature", Delivery { signature: real.signature[..30].to_owned(), ..real.clone() }),
    ];
    let before = w.audit().len();
    for (what, delivery) in wrong {
        let shown = w.slack.push_raw(&delivery).await;
        assert_eq!((shown.status, shown.body.as_str()), (Some(401), ""), "{what}");
    }
    assert_eq!(w.audit().len(), before, "nothing is known of anybody, so nothing is written down");
    assert_eq!(w.request_state("R-1"), "pending");
}

// E41
#[tokio::test]
async fn the_same_bytes_twice_are_done_once() {
    let mut w = World::over(Transport::Http).await;
    w.says("maya", ASK).await;
    let command = w.last_delivery();
    let before = w.audit().len();
    let again = w.slack.push_raw(&command).await;
    assert_eq!(again.status, Some(200));
    assert!(again.body.contains("R-1"), "answered as the first time: {}", again.body);
    assert_eq!(w.audit().len(), before);
}

#[tokio::test]
async fn what_cannot_be_read_is_the_senders_mistake() {
    let w = World::over(Transport::Http).await;
    let before = w.audit().len();
    for (status, content_type, body) in [
        (400, JSON, "{\"type\":"),
        (400, JSON, ""),
        (400, FORM, "payload=%7B%22type%22"),
        (415, "text/plain", "hello"),
        (200, JSON, "{\"type\":\"app_rate_limited\"}"),
        (200, JSON, "{\"type\":\"url_verification\",\"challenge\":\"c\"}"),
        (200, FORM, "payload=%7B%22type%22%3A%22shortcut%22%7D"),
        (200, FORM, "payload=%7B%22type%22%3A%22block_actions%22%7D"),
        (200, FORM, "payload=%5B%5D"),
        (200, FORM, "command=%2Fjit"),
        (200, FORM, "ssl_check=1"),
        (200, FORM, ""),
    ] {
        let shown = w.delivers(unsigned(content_type, body)).await;
        assert_eq!(shown.status, Some(status), "{content_type} {body}: {shown:?}");
    }
    assert_eq!(w.audit().len(), before, "{:#?}", w.audit());
}

#[tokio::test]
async fn a_body_without_end_is_not_read() {
    let mut w = World::over(Transport::Http).await;
    let before = w.audit().len();
    for bytes in [64 * 1024 + 1, 10 * 1024 * 1024] {
        let shown = w.delivers(unsigned(FORM, &"x".repeat(bytes))).await;
        // Whoever goes on sending after the answer may find the connection closed.
        assert!(matches!(shown.status, Some(413) | None), "{bytes}: {:?}", shown.status);
    }
    assert_eq!(w.audit().len(), before, "{:#?}", w.audit());
    assert!(w.says("maya", ASK).await.contains("Asked"), "and everybody else is served");
}

#[tokio::test]
async fn a_button_with_another_value_is_answered_and_changes_nothing() {
    let mut w = World::over(Transport::Http).await;
    w.says("maya", ASK).await;
    let real = w.presses_in_vain("carol", "R-1", "request.approve").await;
    let value = format!("R-1+{}", w.request("R-1").unwrap().terms_hash);
    assert!(real.body.contains(&value), "{}", real.body);
    for (put, says) in [
        ("R-99+0123456789abcdef", "There is no request R-99"),
        ("R-1", "not known here any more"),
        ("G-1+x", "not known here any more"),
        ("", "not known here any more"),
        ("R-1%27%3B+DROP+TABLE+requests", "not known here any more"),
    ] {
        let mut click = real.clone();
        click.body = click.body.replace(&value, put);
        click.body = w.with_another_trigger(&click.body);
        let answer = w.arrives("carol", click).await;
        assert!(answer.contains(says), "{put}: {answer}");
    }
    assert_eq!(w.request_state("R-1"), "pending");
}

#[tokio::test]
async fn what_is_in_no_file_cannot_be_asked_for() {
    let mut w = World::over(Transport::Http).await;
    let before = w.audit().len();
    let answer = w.says("maya", "/jit request prod/ordres readonly 2h OPS-42 slow checkout").await;
    assert!(answer.contains("prod/ordres") && answer.contains("prod/orders"), "what was asked, and what is like it: {answer}");
    let answer = w.says("maya", "/jit request prod/orders superuser 2h OPS-42 slow checkout").await;
    assert!(answer.contains("superuser") && answer.contains("readonly"), "what was asked, and what there is: {answer}");
    assert_eq!(w.request("R-1"), None, "nothing is stored of it");
    let audit = w.audit();
    assert_eq!(audit.len(), before + 2, "but that it was refused: {audit:#?}");
    assert!(audit.iter().skip(before).all(|line| line.contains("was refused")), "{audit:#?}");
}
