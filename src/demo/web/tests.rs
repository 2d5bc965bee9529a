use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{ASSETS, CSP, INDEX, Page, open, secured, snapshot};
use crate::demo::loopback::{Answer, Called, call};
use crate::demo::stage::{Keep, Meeting, Stage};

/// The page before a stage whose bot was never started.
async fn page() -> (Arc<Stage>, Page) {
    let stage = Stage::set_up(Keep::Nothing, Meeting::OverHttp, "/nowhere/daypass".into()).await.unwrap();
    let page = open(Arc::clone(&stage), None).await.unwrap();
    (stage, page)
}

struct Visitor {
    origin: String,
    token: String,
    port: String,
}

impl Visitor {
    fn of(page: &Page) -> Self {
        let (origin, token) = page.url.split_once("/?token=").unwrap();
        let port = origin.rsplit(':').next().unwrap().to_owned();
        Self { origin: origin.to_owned(), token: token.to_owned(), port }
    }

    fn cookie(&self) -> String {
        format!("daypass_demo_{}={}", self.port, self.token)
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, String)], body: Value) -> (u16, String) {
        match call(method, &format!("{}{path}", self.origin), headers, body.to_string(), Duration::from_secs(5)).await {
            Called::Answered { status, body } => (status, body),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_page_opens_only_with_the_token_of_the_terminal() {
    let (_stage, page) = page().await;
    let visitor = Visitor::of(&page);
    assert_eq!(visitor.ask("GET", "/", &[], Value::Null).await.0, 403);
    assert_eq!(visitor.ask("GET", "/?token=guess", &[], Value::Null).await.0, 403);
    let with_token = format!("/?token={}", visitor.token);
    assert_eq!(visitor.ask("GET", &with_token, &[], Value::Null).await.0, 200);
    assert_eq!(visitor.ask("GET", "/", &[("cookie", visitor.cookie())], Value::Null).await.0, 200);
    assert_eq!(visitor.ask("GET", "/events?as=U0MAYA", &[], Value::Null).await.0, 403);
}

#[tokio::test]
async fn another_host_name_is_not_answered() {
    let (_stage, page) = page().await;
    let visitor = Visitor::of(&page);
    let with_token = format!("/?token={}", visitor.token);
    let host = |name: &str| [("host", format!("{name}:{}", visitor.port))];
    assert_eq!(visitor.ask("GET", &with_token, &host("attacker.example"), Value::Null).await.0, 403);
    assert_eq!(visitor.ask("GET", &with_token, &host("localhost"), Value::Null).await.0, 200);
}

#[tokio::test]
async fn another_page_cannot_press_anything() {
    let (stage, page) = page().await;
    let visitor = Visitor::of(&page);
    let wish = json!({ "as": "U0MAYA", "do": "send", "channel": "C0DBACCESS", "text": "hello" });
    let headers = |origin: Option<&str>, cookie: Option<String>| {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(origin.map(|origin| ("origin", origin.to_owned())));
        headers.extend(cookie.map(|cookie| ("cookie", cookie)));
        headers
    };
    let own = visitor.origin.as_str();
    for (origin, cookie) in [
        (None, Some(visitor.cookie())),
        (Some("http://attacker.example"), Some(visitor.cookie())),
        (Some("null"), Some(visitor.cookie())),
        (Some(own), None),
    ] {
        let (status, _) = visitor.ask("POST", "/act", &headers(origin, cookie), wish.clone()).await;
        assert_eq!(status, 403, "{origin:?}");
    }
    assert_eq!(stage.slack.messages("C0DBACCESS").len(), 0);
    let (status, body) = visitor.ask("POST", "/act", &headers(Some(own), Some(visitor.cookie())), wish).await;
    assert_eq!((status, body.as_str()), (200, "{}"));
    assert_eq!(stage.slack.messages("C0DBACCESS").len(), 1);
}

#[tokio::test]
async fn conditions_change_and_nonsense_is_an_error_in_words() {
    let (stage, page) = page().await;
    let visitor = Visitor::of(&page);
    let headers = [("origin", visitor.origin.clone()), ("cookie", visitor.cookie())];
    let stage_wish = async |wish: Value| visitor.ask("POST", "/stage", &headers, wish).await.1;
    let before = stage.clock.now_ms();
    assert_eq!(stage_wish(json!({ "do": "advance", "ms": 7_200_000 })).await, "{}");
    assert!(stage.clock.now_ms() >= before + 7_200_000);
    stage_wish(json!({ "do": "slack", "to": "down" })).await;
    stage_wish(json!({ "do": "provider", "to": "down" })).await;
    let seen = snapshot::of(&stage, "U0MAYA");
    assert_eq!((&seen["slack_is_down"], &seen["provider_is_down"]), (&json!(true), &json!(true)));
    stage_wish(json!({ "do": "provider", "to": "works" })).await;
    assert_eq!(stage.sandbox.fault(), None);
    for nonsense in
        [json!({}), json!({ "do": "dance" }), json!({ "do": "advance", "ms": -1 }), json!({ "do": "slack", "to": "x" })]
    {
        assert!(stage_wish(nonsense.clone()).await.contains("error"), "{nonsense}");
    }
}

#[tokio::test]
async fn a_person_sees_their_own_channels_and_nobody_elses_words() {
    let (stage, _page) = page().await;
    stage.slack.say("U0ERIN", "C0SECURITY", "between us").unwrap();
    let maya = snapshot::of(&stage, "U0MAYA").to_string();
    let erin = snapshot::of(&stage, "U0ERIN").to_string();
    assert!(!maya.contains("between us") && !maya.contains("C0SECURITY") && erin.contains("between us"));
    assert!(!maya.contains(&stage.slack.bot_token()), "no token reaches the page");
}

#[test]
fn every_answer_forbids_foreign_content() {
    let Answer::Whole { headers, .. } = secured(Answer::text(200, "")) else { panic!("a whole answer") };
    assert!(headers.iter().any(|(name, value)| *name == "content-security-policy" && value == CSP));
    assert!(CSP.contains("default-src 'none'") && !CSP.contains("unsafe") && !CSP.contains("http"));
}

#[test]
fn the_page_writes_text_never_markup_and_loads_nothing_from_elsewhere() {
    for (name, _, body) in ASSETS.iter().copied().chain([("index.html", "", INDEX)]) {
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "@import",
            "src=\"http",
            "href=\"http",
            " style=\"",
        ] {
            assert!(!body.contains(forbidden), "{name} contains {forbidden}");
        }
        assert!(body.lines().count() <= 400, "{name} is too long");
    }
}
