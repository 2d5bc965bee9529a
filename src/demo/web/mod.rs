//! The demo's page and its server. It can press Approve, so it listens on loopback only, answers one host name, and wants a token
//! that only the terminal shows.

mod acts;
mod snapshot;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::sync::mpsc;

use super::loopback::{Answer, Asked, Server, serve};
use super::stage::{Stage, random};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                   base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// How often the bot is asked what it holds to be true while somebody watches.
const LOOK_EVERY: Duration = Duration::from_millis(1_000);
/// Changes that come together are shown together.
const GATHER: Duration = Duration::from_millis(40);

const ASSETS: &[(&str, &str, &str)] = &[
    ("/style.css", "text/css; charset=utf-8", include_str!("../page/style.css")),
    ("/blocks.css", "text/css; charset=utf-8", include_str!("../page/blocks.css")),
    ("/app.js", "text/javascript; charset=utf-8", include_str!("../page/app.js")),
    ("/dom.js", "text/javascript; charset=utf-8", include_str!("../page/dom.js")),
    ("/mrkdwn.js", "text/javascript; charset=utf-8", include_str!("../page/mrkdwn.js")),
    ("/blocks.js", "text/javascript; charset=utf-8", include_str!("../page/blocks.js")),
    ("/modal.js", "text/javascript; charset=utf-8", include_str!("../page/modal.js")),
    ("/composer.js", "text/javascript; charset=utf-8", include_str!("../page/composer.js")),
    ("/panels.js", "text/javascript; charset=utf-8", include_str!("../page/panels.js")),
    ("/tour.js", "text/javascript; charset=utf-8", include_str!("../page/tour.js")),
];
const INDEX: &str = include_str!("../page/index.html");

/// The page, being served.
pub struct Page {
    pub url: String,
    _server: Server,
}

/// Serves the page on this port, or on any free one.
pub async fn open(stage: Arc<Stage>, port: Option<u16>) -> anyhow::Result<Page> {
    let token = random("")? + &random("")?;
    let expected = token.clone();
    let server = serve(port.unwrap_or(0), move |asked| {
        let (stage, token) = (Arc::clone(&stage), expected.clone());
        async move { secured(route(stage, asked, &token).await) }
    })
    .await?;
    let url = format!("http://{}/?token={token}", server.addr);
    Ok(Page { url, _server: server })
}

fn secured(answer: Answer) -> Answer {
    answer
        .with_header("content-security-policy", CSP)
        .with_header("x-content-type-options", "nosniff")
        .with_header("referrer-policy", "no-referrer")
        .with_header("cache-control", "no-store")
}

async fn route(stage: Arc<Stage>, asked: Asked, token: &str) -> Answer {
    let Some(port) = own_port(&asked) else { return Answer::text(403, "only http://127.0.0.1 is answered here") };
    let cookie = format!("daypass_demo_{port}");
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/") => {
            let given = asked.query_value("token").or_else(|| cookie_value(&asked, &cookie)).unwrap_or_default();
            if !is_same(&given, token) {
                return Answer::text(403, "open the address that the terminal shows: it carries a token");
            }
            asset("text/html; charset=utf-8", INDEX)
                .with_header("set-cookie", format!("{cookie}={token}; Path=/; HttpOnly; SameSite=Strict"))
        }
        ("GET", path) if ASSETS.iter().any(|(known, ..)| *known == path) => {
            ASSETS.iter().find(|(known, ..)| *known == path).map_or(Answer::HangUp, |(_, kind, body)| asset(kind, body))
        }
        _ if !cookie_value(&asked, &cookie).is_some_and(|given| is_same(&given, token)) => {
            Answer::text(403, "open the address that the terminal shows: it carries a token")
        }
        ("GET", "/events") => events(stage, asked.query_value("as").unwrap_or_default()),
        ("POST", "/act" | "/stage") if !is_own_origin(&asked) => Answer::text(403, "another page cannot act here"),
        ("POST", path @ ("/act" | "/stage")) => {
            let Ok(wish) = serde_json::from_slice::<Value>(&asked.body) else {
                return Answer::text(400, "not JSON");
            };
            let done = if path == "/act" { acts::act(&stage, &wish).await } else { acts::stage(&stage, &wish).await };
            match done {
                Ok(seen) => Answer::json(200, &seen),
                Err(problem) => Answer::json(200, &json!({ "error": format!("{problem:#}") })),
            }
        }
        _ => Answer::text(404, "nothing here"),
    }
}

fn asset(kind: &'static str, body: &'static str) -> Answer {
    Answer::Whole { status: 200, content_type: kind, headers: Vec::new(), body: Bytes::from_static(body.as_bytes()) }
}

/// The port in a `Host` header that names loopback. Any other name may be an attacker's that points here.
fn own_port(asked: &Asked) -> Option<u16> {
    let (name, port) = asked.header("host")?.rsplit_once(':')?;
    if matches!(name, "127.0.0.1" | "localhost") { port.parse().ok() } else { None }
}

fn is_own_origin(asked: &Asked) -> bool {
    match (asked.header("origin"), asked.header("host")) {
        (Some(origin), Some(host)) => origin == format!("http://{host}"),
        _ => false,
    }
}

fn is_same(given: &str, token: &str) -> bool {
    given.as_bytes().ct_eq(token.as_bytes()).into()
}

fn cookie_value(asked: &Asked, name: &str) -> Option<String> {
    asked.header("cookie")?.split(';').find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then(|| value.to_owned())
    })
}

/// Server-sent events: everything that this person sees, whenever any of it changes.
fn events(stage: Arc<Stage>, person: String) -> Answer {
    let (lines, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let (mut slack, mut provider, mut bot) = (stage.slack.watch(), stage.sandbox.watch(), stage.watch());
        let mut latest = String::new();
        loop {
            let snapshot = snapshot::of(&stage, &person);
            let body = snapshot.to_string();
            let clock = json!({ "now_ms": stage.clock.now_ms() });
            let event = if body == latest {
                format!("event: clock\ndata: {clock}\n\n")
            } else {
                format!("event: clock\ndata: {clock}\n\nevent: world\ndata: {body}\n\n")
            };
            latest = body;
            if lines.send(event).await.is_err() {
                return;
            }
            tokio::select! {
                _ = slack.changed() => {}
                _ = provider.changed() => {}
                _ = bot.changed() => {}
                () = super::loopback::pause(LOOK_EVERY) => {}
                () = lines.closed() => return,
            }
            super::loopback::pause(GATHER).await;
            stage.look_inside().await;
            slack.mark_unchanged();
            bot.mark_unchanged();
            provider.mark_unchanged();
        }
    });
    Answer::Stream { content_type: "text/event-stream", headers: Vec::new(), lines: receiver }
}
