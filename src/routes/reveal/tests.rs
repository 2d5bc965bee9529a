//! What browsers, scanners and strangers get of the page, as bytes.

use std::sync::{Arc, Mutex};

use http_body_util::BodyExt;
use secrecy::SecretString;

use super::super::tests::{Fake, Mood, routes as routes_of};
use super::super::{Door, route};
use super::*;
use crate::store::StoreError;

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz-_0123";
const FORM: &str = "application/x-www-form-urlencoded";

/// One secret behind one link: looked at, shown, and what was asked of it.
#[derive(Default)]
pub(in crate::routes) struct Links(Mutex<State>);

#[derive(Default)]
struct State {
    is_shown: bool,
    is_broken: bool,
    looks: usize,
    opens: usize,
}

impl Links {
    pub(in crate::routes) fn look(&self, token: &str) -> Result<Revealed, StoreError> {
        let mut state = self.0.lock().unwrap();
        state.looks += 1;
        Ok(match (token == TOKEN, state.is_shown) {
            (false, _) => Revealed::Nowhere,
            (true, true) => Revealed::Before { of: "G-57".to_owned(), at: "10:04 (Berlin)".to_owned() },
            (true, false) => Revealed::Waits { of: "<b>Orders</b> & \"co\"".to_owned() },
        })
    }

    pub(in crate::routes) fn open(&self, token: &str) -> Result<Revealed, StoreError> {
        self.0.lock().unwrap().opens += 1;
        if self.0.lock().unwrap().is_broken {
            return Err(StoreError::Disk("full".to_owned()));
        }
        let looked = self.look(token)?;
        let Revealed::Waits { of } = looked else { return Ok(looked) };
        self.0.lock().unwrap().is_shown = true;
        Ok(Revealed::Shown { of, secret: SecretString::from("PGUSER=x\nPGPASSWORD=<s3cret>\n") })
    }
}

fn routes() -> Routes<Arc<Fake>> {
    let mut routes = routes_of(Mood::Fine);
    routes.reveals = Reveals::at(Some("https://daypass.example/somewhere".to_owned()));
    routes
}

struct Got {
    status: u16,
    headers: HeaderMap,
    page: String,
}

async fn ask(routes: &Routes<Arc<Fake>>, method: Method, path: &str, headers: &[(&'static str, &str)], body: &str) -> Got {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    let (head, body) = route(routes, &method, path, &map, body.to_owned().into()).await.into_parts();
    let page = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Got { status: head.status.as_u16(), headers: head.headers, page }
}

async fn press(routes: &Routes<Arc<Fake>>, headers: &[(&'static str, &str)], body: &str) -> Got {
    ask(routes, Method::POST, "/reveal/G-57", headers, body).await
}

fn form() -> String {
    format!("token={TOKEN}")
}

fn link() -> String {
    format!("/reveal/G-57/{TOKEN}")
}

#[tokio::test]
async fn the_addresses_exist_only_where_an_operator_wants_the_page() {
    let (with, without) = (routes(), routes_of(Mood::Fine));
    for (method, path) in [(Method::GET, link()), (Method::POST, "/reveal/G-57".to_owned())] {
        assert_eq!(with.door(&method, &path), Door::Reveal);
        assert_eq!(without.door(&method, &path), Door::Nowhere);
    }
    for method in [Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let got = ask(&with, method, &link(), &[], "").await;
        assert_eq!((got.status, got.headers.get("allow").unwrap().to_str().unwrap()), (405, "GET, POST"));
    }
    assert_eq!(with.door(&Method::GET, "/revealed"), Door::Nowhere);
}

#[tokio::test]
async fn the_page_runs_nothing_keeps_nothing_and_lets_nobody_frame_it() {
    let routes = routes();
    let pages = [
        ask(&routes, Method::GET, &link(), &[], "").await,
        ask(&routes, Method::GET, "/reveal/G-57/none", &[], "").await,
        press(&routes, &[("content-type", FORM)], &form()).await,
        press(&routes, &[("content-type", FORM)], &form()).await,
    ];
    assert_eq!(pages.each_ref().map(|page| page.status), [200, 404, 200, 410]);
    for Got { headers, page, .. } in &pages {
        let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        let listens = page.split_whitespace().any(|word| word.starts_with("on") && word.contains('='));
        assert!(!page.contains("<script") && !page.contains("http") && !page.contains(" style=") && !listens, "{page}");
    }
}

#[tokio::test]
async fn looking_shows_a_button_and_changes_nothing() {
    let routes = routes();
    for _ in 0..3 {
        let got = ask(&routes, Method::GET, &link(), &[], "").await;
        assert_eq!(got.status, 200);
        assert!(got.page.contains("<button type=\"submit\">Show it now</button>"), "{}", got.page);
        assert!(got.page.contains("action=\"../G-57\"") && got.page.contains(&format!("value=\"{TOKEN}\"")));
        assert!(got.page.contains("&lt;b&gt;Orders&lt;/b&gt; &amp; &quot;co&quot;") && !got.page.contains("<b>"), "{}", got.page);
    }
    assert_eq!(routes.receiver.links.0.lock().unwrap().opens, 0);
    let shown = press(&routes, &[("content-type", FORM)], &form()).await;
    assert!(shown.page.contains(">PGUSER=x\nPGPASSWORD=&lt;s3cret&gt;</pre>"), "{}", shown.page);
}

#[tokio::test]
async fn only_our_own_form_shows_it() {
    let routes = routes();
    let kind = ("content-type", FORM);
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(
            press(&routes, &[kind, ("sec-fetch-site", site), ("origin", "https://daypass.example")], &form()).await.status,
            403
        );
    }
    for origin in [
        "https://evil.example",
        "https://daypass.example.evil.example",
        "http://daypass.example",
        "https://daypass.example/somewhere",
    ] {
        assert_eq!(press(&routes, &[kind, ("origin", origin)], &form()).await.status, 403, "{origin}");
    }
    for (kind, body) in [
        ("application/json", form()),
        ("text/plain", form()),
        (FORM, "token=".to_owned()),
        (FORM, format!("token={TOKEN}x")),
        (FORM, format!("{}&{}", form(), form())),
        (FORM, format!("other={TOKEN}")),
        (FORM, format!("token={}", TOKEN.replace('a', "%00"))),
    ] {
        assert_eq!(press(&routes, &[("content-type", kind)], &body).await.status, 404, "{kind} {body}");
    }
    assert_eq!(press(&routes, &[], &form()).await.status, 404);
    assert_eq!(press(&routes, &[kind], &"x".repeat(BODY_BYTES_MAX + 1)).await.status, 413);
    assert_eq!(routes.receiver.links.0.lock().unwrap().opens, 0, "none of it got as far as the link");

    let headers = [kind, ("origin", "null"), ("sec-fetch-site", "same-origin")];
    assert_eq!(press(&routes, &headers, &form()).await.status, 200, "as a browser sends it from a page without referrer");
}

#[tokio::test]
async fn whatever_leads_nowhere_looks_the_same() {
    let routes = routes();
    let nowhere = ask(&routes, Method::GET, &format!("/reveal/G-57/{}", "x".repeat(TOKEN_CHARS)), &[], "").await;
    assert_eq!(nowhere.status, 404);
    let long = format!("/reveal/G-57/{}", "x".repeat(5000));
    for path in [
        "/reveal/",
        "/reveal/G-57",
        "/reveal/G-57/",
        "/reveal/G-057/x",
        "/reveal/57/x",
        "/reveal/G-57/../x",
        "/reveal/%00",
        &long,
    ] {
        let got = ask(&routes, Method::GET, path, &[], "").await;
        assert_eq!((got.status, &got.page, got.headers.len()), (404, &nowhere.page, nowhere.headers.len()), "{path}");
    }
    assert_eq!(ask(&routes, Method::POST, &link(), &[("content-type", FORM)], &form()).await.page, nowhere.page);
    assert_eq!(routes.receiver.links.0.lock().unwrap().looks, 1, "what is no link is not looked up");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_shown() {
    let routes = routes();
    routes.receiver.links.0.lock().unwrap().is_broken = true;
    let got = press(&routes, &[("content-type", FORM)], &form()).await;
    assert_eq!(got.status, 503);
    assert!(got.page.contains("it is still there") && !got.page.contains("s3cret"), "{}", got.page);
}

#[tokio::test]
async fn only_so_many_are_answered_in_a_minute() {
    let routes = routes();
    for _ in 0..REQUESTS_PER_MINUTE {
        assert_eq!(ask(&routes, Method::GET, &link(), &[], "").await.status, 200);
    }
    let got = ask(&routes, Method::GET, &link(), &[], "").await;
    assert_eq!((got.status, got.headers.get("retry-after").unwrap().to_str().unwrap()), (429, "60"));
    assert_eq!(press(&routes, &[("content-type", FORM)], &form()).await.status, 429);
    assert_eq!(routes.receiver.links.0.lock().unwrap().opens, 0);

    let reveals = Reveals::at(None);
    let at = Duration::from_secs;
    assert!((0..REQUESTS_PER_MINUTE).all(|_| reveals.may(at(59))) && !reveals.may(at(59)));
    assert!(reveals.may(at(60)), "the next minute is a new one");
}
