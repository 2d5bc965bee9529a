//! Slack's own libraries against the emulator: what they understand unmodified, the emulator does as Slack does, as far as they
//! look. They need Python with both of them; `.ci/backends` installs it.

use std::process::Stdio;
use std::time::Duration;

use daypass::clock::{Clock, SystemClock};
use daypass::demo::emulator::{Emulator, Farewell, Seed, Then, Values};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::world::{SIGNING_SECRET, account};

const PATIENCE: Duration = Duration::from_secs(20);

/// How the app and the emulator meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Http,
    Socket,
}

/// An app on this library, connected.
async fn app(slack: &Emulator, library: &str, by: By) -> Child {
    let secret = match by {
        By::Http => SIGNING_SECRET.to_owned(),
        By::Socket => slack.use_socket_mode(),
    };
    #[expect(clippy::disallowed_methods, reason = "a test finds its server by the environment, which `config` knows nothing of")]
    let python = std::env::var("DAYPASS_TEST_PYTHON")
        .expect("DAYPASS_TEST_PYTHON must name a Python that has slack_sdk and slack_bolt; `.ci/backends` installs one");
    let mut app = Command::new(python)
        .args(["-u", "-c", include_str!("support/libraries.py"), library])
        .args([slack.api_url(), slack.bot_token(), secret])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(app.stdout.take().unwrap()).lines();
    let ready = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("it connects in time");
    let ready = ready.unwrap().unwrap_or_default();
    let port = ready.strip_prefix("ready").unwrap_or_else(|| panic!("what it printed before says why: {ready}")).trim();
    if by == By::Http {
        slack.set_bot(&format!("http://127.0.0.1:{port}/slack/events"), SIGNING_SECRET);
    }
    app
}

/// Until somebody reads this in a channel.
async fn reads(slack: &Emulator, channel: &str, words: &str) -> String {
    let mut changes = slack.watch();
    let reading = async {
        loop {
            let messages = slack.messages(channel);
            if let Some(message) = messages.iter().find(|message| message.shown_text().contains(words)) {
                return message.ts.clone();
            }
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("nobody reads `{words}`"))
}

async fn all_of_it(library: &str, by: By) {
    let slack = Emulator::start(Seed::for_tests(), std::sync::Arc::new(|| SystemClock.wall().as_millis())).await.unwrap();
    let _app = app(&slack, library, by).await;
    let (bob, channel) = (account("bob"), "C0GENERAL");
    let shown = slack.slash(&bob, channel, "/jit something for @maya").await;
    assert_eq!(shown.text(), "posted by the library", "{shown:?}");
    let ts = reads(&slack, channel, "something for").await;

    assert!(slack.press(&bob, channel, &ts, "open").await.is_acknowledged());
    let mut changes = slack.watch();
    while slack.open_view(&bob).is_none() {
        tokio::time::timeout(PATIENCE, changes.changed()).await.expect("a form opens").unwrap();
    }
    let form = slack.open_view(&bob).unwrap().id;
    let no = slack.submit(&bob, &form, Values::new().text("why", "no")).await;
    assert_eq!(no.errors().get("why").map(String::as_str), Some("say more"), "{no:?}");
    let yes = slack.submit(&bob, &form, Values::new().text("why", "because")).await;
    assert_eq!(yes.then, Then::Closed, "{yes:?}");

    if by == By::Socket {
        // The library makes another connection when it is told to.
        let before = slack.links_so_far();
        slack.say_farewell(Farewell::Warning);
        let again = slack.links_until(|working, so_far| working == 1 && so_far > before);
        tokio::time::timeout(PATIENCE, again).await.expect("it connects again");
    }
    let event = slack.event(json!({ "type": "user_change", "user": { "id": "U0CAROL" } })).await;
    assert!(event.is_acknowledged(), "{event:?}");
    reads(&slack, channel, "changed: Carol Winter").await;
    assert_eq!(slack.complaints(), Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs Python with slack_sdk and slack_bolt"]
async fn slacks_python_library_runs_unmodified() {
    all_of_it("sdk", By::Socket).await;
}

#[tokio::test]
#[ignore = "needs Python with slack_sdk and slack_bolt"]
async fn bolt_for_python_runs_unmodified() {
    all_of_it("bolt", By::Socket).await;
}

#[tokio::test]
#[ignore = "needs Python with slack_sdk and slack_bolt"]
async fn bolt_for_python_runs_unmodified_over_http() {
    all_of_it("bolt-http", By::Http).await;
}
