//! Bolt for JavaScript against the emulator, over HTTP and by Socket Mode; and what the emulator pushes, held against the types that
//! come with it. They need Node with both; `.ci/backends` installs them as the lock file beside the bot has them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use daypass::clock::{Clock, SystemClock};
use daypass::demo::emulator::{Delivery, Emulator, Input, Place, Seed, Then, Values};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::world::{SIGNING_SECRET, account};

const PATIENCE: Duration = Duration::from_secs(30);
const CHANNEL: &str = "C0GENERAL";

#[expect(clippy::disallowed_methods, reason = "a test finds its server by the environment, which `config` knows nothing of")]
fn modules() -> PathBuf {
    let dir = std::env::var("DAYPASS_TEST_JAVASCRIPT");
    PathBuf::from(dir.expect("DAYPASS_TEST_JAVASCRIPT must name a directory with Bolt and TypeScript; `.ci/backends` makes one"))
}

/// How the bot and the emulator meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Http,
    Socket,
}

/// The bot, connected.
async fn bot(slack: &Emulator, by: By) -> Child {
    let (transport, secret) = match by {
        By::Http => ("http", SIGNING_SECRET.to_owned()),
        By::Socket => ("socket", slack.use_socket_mode()),
    };
    let mut bot = Command::new("node")
        .current_dir(modules())
        .args(["-e", include_str!("support/javascript/bot.js"), "--"])
        .args([slack.api_url(), slack.bot_token(), transport.to_owned(), secret])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(bot.stdout.take().unwrap()).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(port) = line.strip_prefix("ready") {
                return port.trim().to_owned();
            }
        }
        panic!("it ended before it was ready; what it printed says why");
    };
    let port = tokio::time::timeout(PATIENCE, ready).await.expect("it connects in time");
    match by {
        By::Http => slack.set_bot(&format!("http://127.0.0.1:{port}/slack/events"), SIGNING_SECRET),
        By::Socket => slack.links_until(|links, _| links > 0).await,
    }
    // What it prints from now on is read by nobody, and must not stop it.
    drop(tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} }));
    bot
}

/// Until this is so.
async fn until(slack: &Emulator, what: &str, holds: impl Fn() -> bool) {
    let mut changes = slack.watch();
    let waiting = async {
        while !holds() {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what} never happens"));
}

fn reads(slack: &Emulator, words: &str) -> Option<String> {
    slack.messages(CHANNEL).iter().find(|message| message.shown_text().contains(words)).map(|message| message.ts.clone())
}

/// Everything that people do with an app, and what came of it.
async fn all_of_it(by: By) -> Emulator {
    let slack = Emulator::start(Seed::for_tests(), Arc::new(|| SystemClock.wall().as_millis())).await.unwrap();
    let _bot = bot(&slack, by).await;
    let bob = account("bob");
    let shown = slack.slash(&bob, CHANNEL, "/jit something for @maya").await;
    assert_eq!(shown.text(), "posted by the library", "{shown:?}");
    until(&slack, "a card", || reads(&slack, "something for").is_some()).await;
    let ts = reads(&slack, "something for").unwrap();

    let pressed = slack.press(&bob, CHANNEL, &ts, "open").await;
    assert!(pressed.is_acknowledged(), "{pressed:?}");
    until(&slack, "a form", || slack.open_view(&bob).is_some()).await;
    let form = slack.open_view(&bob).unwrap().id;
    let place = Place::View(form.clone());
    let offered = slack.suggest(&bob, &place, None, "what", "ord").await.unwrap();
    assert_eq!(offered[0]["text"]["text"], "all of ord");
    slack.act(&bob, &place, None, "what", Input::Option("all".to_owned())).await;
    let no = slack.submit(&bob, &form, Values::new().text("why", "no")).await;
    assert_eq!(no.errors().get("why").map(String::as_str), Some("say more"), "{no:?}");
    let yes = slack.submit(&bob, &form, Values::new().text("why", "because")).await;
    assert_eq!(yes.then, Then::Closed, "{yes:?}");
    until(&slack, "the card's update", || reads(&slack, "done: because").is_some()).await;
    assert_eq!(reads(&slack, "done: because"), Some(ts), "the card itself was updated");

    assert_eq!(slack.slash(&bob, CHANNEL, "/jit form").await.text(), "posted by the library");
    until(&slack, "another form", || slack.open_view(&bob).is_some()).await;
    let form = slack.open_view(&bob).unwrap().id;
    assert!(slack.close(&bob, &form).await.is_acknowledged());
    until(&slack, "that it hears of the closing", || reads(&slack, "the form was closed").is_some()).await;
    let event = slack.event(json!({ "type": "user_change", "user": { "id": "U0CAROL" } })).await;
    assert!(event.is_acknowledged(), "{event:?}");
    until(&slack, "that it hears of the event", || reads(&slack, "changed: Carol Winter").is_some()).await;
    assert_eq!(slack.complaints(), Vec::<String>::new());
    slack
}

#[tokio::test]
#[ignore = "needs Node with @slack/bolt"]
async fn bolt_for_javascript_runs_unmodified_over_http() {
    all_of_it(By::Http).await;
}

#[tokio::test]
#[ignore = "needs Node with @slack/bolt"]
async fn bolt_for_javascript_runs_unmodified_by_socket_mode() {
    all_of_it(By::Socket).await;
}

/// What was pushed, as a literal of the type that Bolt gives it; none for what Bolt has no type of its own for.
fn typed(number: usize, delivery: &Delivery) -> Option<String> {
    let kind = match delivery.kind.as_str() {
        "slash_command" => "SlashCommand",
        "block_actions" => "BlockAction",
        "view_submission" => "ViewSubmitAction",
        "view_closed" => "ViewClosedAction",
        "block_suggestion" => "BlockSuggestion",
        _ => return None,
    };
    let fields: serde_json::Map<String, Value> = form_urlencoded::parse(delivery.body.as_bytes())
        .map(|(key, value)| (key.into_owned(), value.into_owned().into()))
        .collect();
    let mut payload = match fields.get("payload").and_then(Value::as_str) {
        Some(payload) => serde_json::from_str(payload).unwrap(),
        None => Value::Object(fields),
    };
    // Where Slack sends what these types do not have: no organisation as `null`, and a `username` beside the name.
    if payload["enterprise"].is_null() {
        payload.as_object_mut().unwrap().remove("enterprise");
    }
    if kind != "BlockAction"
        && let Some(user) = payload.get_mut("user").and_then(Value::as_object_mut)
    {
        user.remove("username");
    }
    Some(format!("export const pushed{number}: {kind} = {payload};\n"))
}

#[tokio::test]
#[ignore = "needs Node with @slack/bolt and TypeScript"]
async fn what_the_emulator_pushes_is_what_bolt_s_types_say() {
    let slack = all_of_it(By::Http).await;
    let mut program = String::from(
        "import type { BlockAction, BlockSuggestion, SlashCommand, ViewClosedAction, ViewSubmitAction } from '@slack/bolt';\n",
    );
    let deliveries = slack.deliveries();
    let literals: Vec<String> = deliveries.iter().enumerate().filter_map(|(number, delivery)| typed(number, delivery)).collect();
    for kind in ["SlashCommand", "BlockAction", "ViewSubmitAction", "ViewClosedAction", "BlockSuggestion"] {
        assert!(literals.iter().any(|literal| literal.contains(&format!(": {kind} ="))), "no {kind} was pushed");
    }
    literals.iter().for_each(|literal| program.push_str(literal));
    // That it would be noticed.
    writeln!(program, "// @ts-expect-error\nexport const wrong: SlashCommand = {{ command: '/jit' }};").unwrap();
    let dir = tempfile::Builder::new().prefix("pushed-").tempdir_in(modules()).unwrap();
    let file = dir.path().join("pushed.ts");
    std::fs::write(&file, &program).unwrap();
    let checked = Command::new("node")
        .current_dir(modules())
        .args(["node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext"])
        .args(["--moduleResolution", "nodenext", "--types", "node"])
        .arg(&file)
        .output()
        .await
        .unwrap();
    assert!(checked.status.success(), "{}\n{program}", String::from_utf8_lossy(&checked.stdout));
}
