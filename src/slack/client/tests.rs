use super::*;
use crate::slack::say::samples::{Stage, TEN};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the other end does with the one request that it gets.
enum Answer {
    /// Answers with this status, these headers and this body.
    With(&'static str, &'static str, String),
    /// Closes the connection after reading the request.
    Hangs,
    /// Never answers.
    Silent,
}

fn ok(body: Value) -> Answer {
    Answer::With("200 OK", "content-type: application/json\r\n", body.to_string())
}

/// A Slack of one request: the client for it, and what it was asked.
async fn slack(answer: Answer) -> (SlackApi, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let request = loop {
            let mut buffer = [0; 4096];
            let read = socket.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the request ended early");
            bytes.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head
                .to_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ").map(|n| n.parse::<usize>().unwrap()));
            if body.len() >= length.unwrap_or(0) {
                break text;
            }
        };
        match answer {
            Answer::With(status, headers, body) => {
                let answer = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
                socket.write_all(answer.as_bytes()).await.unwrap();
                socket.flush().await.unwrap();
                // Keeps the connection until the client has read the answer and gone.
                let _ = socket.read(&mut [0; 1]).await;
            }
            Answer::Hangs => drop(socket),
            Answer::Silent => {
                let _ = socket.read(&mut [0; 1]).await;
            }
        }
        request
    });
    (SlackApi::new(&url, &SecretString::from("xoxb-1")).unwrap(), asked)
}

fn message() -> Message {
    let stage = Stage::set().unwrap();
    crate::slack::say::card::card(&stage.card(&stage.request, &[]))
}

async fn posting(answer: Answer) -> Result<Posted, SlackError> {
    let (api, asked) = slack(answer).await;
    let result = api.with_timeout(Duration::from_millis(500)).post("C0DBACCESS", &message(), TEN).await;
    asked.await.unwrap();
    result
}

#[tokio::test]
async fn a_message_is_posted_with_its_mark_and_without_parsing() {
    let (api, asked) =
        slack(ok(json!({"ok": true, "channel": "D0CAROL", "ts": "1.2", "message": {"blocks": [{"type": 7}]}}))).await;
    let posted = api.post("U0CAROL", &message(), TEN).await.unwrap();
    drop(api);
    assert_eq!(posted, Posted { channel: "D0CAROL".into(), ts: "1.2".into() });
    let request = asked.await.unwrap();
    assert!(request.starts_with("POST /api/chat.postMessage HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("authorization: bearer xoxb-1"));
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["channel"], "U0CAROL");
    assert_eq!(body["parse"], "none");
    assert_eq!(body["unfurl_links"], false);
    assert_eq!(body["metadata"], json!({"event_type": "daypass_message", "event_payload": {"about": "R-42"}}));
    assert_eq!(body["blocks"], message().to_json()["blocks"]);
}

#[tokio::test]
async fn a_failed_post_says_what_to_do() {
    let error = |code: &str| ok(json!({"ok": false, "error": code}));
    let json_header = "content-type: application/json\r\n";
    let limited = Answer::With(
        "429 Too Many Requests",
        "retry-after: 7\r\ncontent-type: application/json\r\n",
        r#"{"ok":false,"error":"ratelimited"}"#.into(),
    );
    let bare = Answer::With("429 Too Many Requests", "retry-after: 99999999\r\ncontent-type: text/plain\r\n", String::new());
    let later = |secs| Class::Transient { retry_after: Some(Duration::from_secs(secs)) };
    let table = [
        (error("is_archived"), Class::NoChannel),
        (error("user_disabled"), Class::NoPerson),
        (error("token_revoked"), Class::Operator),
        (error("invalid_blocks"), Class::Permanent),
        (limited, later(7)),
        (bare, later(900)),
        (Answer::With("503 Service Unavailable", "", "<html>".into()), Class::Transient { retry_after: None }),
        (Answer::With("404 Not Found", "", String::new()), Class::Permanent),
        (Answer::With("200 OK", json_header, "not json".into()), Class::Unknown),
        (ok(json!({"ok": true})), Class::Unknown),
        (Answer::Hangs, Class::Unknown),
        (Answer::Silent, Class::Unknown),
    ];
    for (number, (answer, expected)) in table.into_iter().enumerate() {
        assert_eq!(posting(answer).await.unwrap_err().class, expected, "case {number}");
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_done() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    drop(listener);
    let api = SlackApi::new(&url, &SecretString::from("xoxb-1")).unwrap();
    let error = api.post("C0DBACCESS", &message(), TEN).await.unwrap_err();
    assert_eq!(error, SlackError { class: Class::Transient { retry_after: None }, code: "cannot_connect".into() });
}

#[tokio::test]
async fn redrawing_and_looking_may_be_repeated_whatever_happened() {
    let at = Posted { channel: "C0DBACCESS".into(), ts: "1.2".into() };
    let (api, asked) = slack(Answer::Hangs).await;
    assert_eq!(api.update(&at, &message(), TEN).await.unwrap_err().class, Class::Transient { retry_after: None });
    assert!(asked.await.unwrap().starts_with("POST /api/chat.update "));
    let (api, _asked) = slack(Answer::Hangs).await;
    assert_eq!(api.user("U0CAROL").await.unwrap_err().class, Class::Transient { retry_after: None });
    let (api, _asked) = slack(ok(json!({"ok": false, "error": "message_not_found"}))).await;
    assert_eq!(api.update(&at, &message(), TEN).await.unwrap_err().class, Class::Gone);
}

#[tokio::test]
async fn an_account_is_looked_at() {
    let (api, asked) =
        slack(ok(json!({"ok": true, "user": {"id": "U0MAYA", "team_id": "T0DAYPASS", "deleted": false, "is_bot": false,
        "is_restricted": true, "is_ultra_restricted": false, "tz": "Europe/Berlin"}})))
        .await;
    let maya = api.user("U0MAYA").await.unwrap();
    drop(api);
    assert_eq!((maya.standing, maya.tz.as_deref()), (Standing::Guest, Some("Europe/Berlin")));
    assert!(asked.await.unwrap().starts_with("GET /api/users.info?user=U0MAYA "));
}

#[tokio::test]
async fn the_workspace_and_its_groups_are_read() {
    let (api, _asked) =
        slack(ok(json!({"ok": true, "team_id": "T0DAYPASS", "team": "Day", "user_id": "U0DAYPASS", "user": "daypass"}))).await;
    assert_eq!(api.auth_test().await.unwrap().team, "T0DAYPASS");
    let (api, _asked) = slack(ok(json!({"ok": true, "users": ["U0ERIN", "U0FRANK"]}))).await;
    assert_eq!(api.group_members("S0SECURITY").await.unwrap(), ["U0ERIN", "U0FRANK"]);
    let (api, _asked) = slack(ok(json!({"ok": true}))).await;
    assert!(api.group_members("S0SECURITY").await.is_err(), "a group that cannot be read is not an empty one");
}

#[tokio::test]
async fn a_form_is_opened_and_redrawn() {
    let view = crate::slack::say::forms::sentence("Title", "Text");
    let opened = json!({"ok": true, "view": {"id": "V1", "hash": "1.x", "blocks": [{"type": "of the future"}]}});
    let (api, asked) = slack(ok(opened.clone())).await;
    assert_eq!(api.open_view("1.2.a", &view).await.unwrap(), Opened { id: "V1".into(), hash: "1.x".into() });
    drop(api);
    assert!(asked.await.unwrap().contains(r#""trigger_id":"1.2.a""#));
    let (api, asked) = slack(ok(opened)).await;
    api.update_view("V1", Some("1.x"), &view).await.unwrap();
    drop(api);
    assert!(asked.await.unwrap().contains(r#""hash":"1.x""#));
    let (api, _asked) = slack(ok(json!({"ok": false, "error": "expired_trigger_id"}))).await;
    assert_eq!(api.open_view("1.2.a", &view).await.unwrap_err().class, Class::Stale);
}

#[tokio::test]
async fn interactions_are_answered_at_slack_only() {
    let (api, asked) = slack(Answer::With("200 OK", "content-type: text/html\r\n", "ok".into())).await;
    let origin = api.loopback.clone().unwrap();
    for elsewhere in [
        "https://evil.example/hooks",
        "http://hooks.slack.com/x",
        "https://hooks.slack.com:8443/x",
        "https://hooks.slack.com@evil.example/x",
        "https://user@hooks.slack.com/x",
        "https://hooks.slack.com.evil.example/x",
        "http://127.0.0.1:1/x",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "nonsense",
    ] {
        let error = api.respond(elsewhere, &message()).await.unwrap_err();
        assert_eq!(error.class, Class::Permanent, "{elsewhere}");
    }
    api.respond(&format!("{origin}/hooks/1"), &message()).await.unwrap();
    drop(api);
    let request = asked.await.unwrap();
    assert!(request.starts_with("POST /hooks/1 "));
    assert!(!request.to_lowercase().contains("authorization"), "the token is not for this address");
    let production = SlackApi::new("https://slack.com/api", &SecretString::from("xoxb-1"));
    if let Ok(production) = production {
        let allowed = |url: &str| production.is_response_url(&SlackResponseUrl(url.parse().unwrap()));
        assert!(allowed("https://hooks.slack.com/actions/1") && allowed("https://hooks.slack-gov.com/x"));
        assert!(!allowed("http://127.0.0.1:80/x"));
    }
}

#[test]
fn the_api_is_encrypted_or_on_this_machine() {
    let token = SecretString::from("xoxb-1");
    for url in [
        "http://slack.com/api",
        "http://127.0.0.1.evil.example/api",
        "http://localhost@evil.example/api",
        "ftp://127.0.0.1/",
        "slack.com",
        "",
    ] {
        assert!(matches!(SlackApi::new(url, &token), Err(SetupError::BadUrl(_))), "{url}");
    }
    for url in ["http://127.0.0.1:4010/api/", "http://localhost:1/api", "http://[::1]:1/api"] {
        assert!(SlackApi::new(url, &token).is_ok(), "{url}");
    }
}

#[tokio::test]
async fn our_own_pace_is_kept_before_anything_is_sent() {
    let api = SlackApi::new("http://127.0.0.1:1/api", &SecretString::from("xoxb-1")).unwrap();
    let mut last = None;
    for _ in 0..=crate::slack::throttle::BURST {
        last = api.post("C0DBACCESS", &message(), TEN).await.err();
    }
    let wait = Class::Transient { retry_after: Some(Duration::from_secs(1)) };
    assert_eq!(last, Some(SlackError { class: wait, code: "own_pace".into() }));
    assert_eq!(api.post("<!channel>", &message(), TEN).await.unwrap_err().class, Class::Permanent);
}
