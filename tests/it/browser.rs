//! The demo as a newcomer meets it: the real program, its page in a real browser, and what the provider says at every step.
//!
//! Pictures of every step are left in `target/screenshots`.

mod screens;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::webdriver::{Browser, Scheme, Screen};

const REACHABLE_WITHIN: Duration = Duration::from_secs(10);
const ENDS_WITHIN: Duration = Duration::from_secs(10);
const HELD: &str = "document.querySelector('#provider-panel [data-account=\"maya\"][data-thing=\"prod/orders\"]')";
const NOTHING_HELD: &str = "document.querySelector('#provider-panel .none')?.textContent === 'Nobody holds anything.'";
const WIDE: Screen = Screen { name: "1280-light", width: 1280, height: 800, scheme: Scheme::Light };
const SCREENS: [Screen; 4] = [
    WIDE,
    Screen { name: "1280-dark", scheme: Scheme::Dark, ..WIDE },
    Screen { name: "390-light", width: 390, height: 844, scheme: Scheme::Light },
    Screen { name: "390-dark", width: 390, height: 844, scheme: Scheme::Dark },
];

/// The running demo.
struct Demo {
    process: Child,
    url: String,
    scratch: PathBuf,
}

impl Demo {
    async fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_daypass"))
            .arg("demo")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let told = async {
            let (mut url, mut scratch) = (None, None);
            while url.is_none() || scratch.is_none() {
                let line = lines.next_line().await.unwrap().expect("the demo says where it runs before it ends");
                let directory = line.strip_prefix("Its state is in ").and_then(|rest| rest.split(". Ctrl-C").next());
                scratch = scratch.or(directory.map(PathBuf::from));
                url = url.or(line.trim().starts_with("http://127.0.0.1:").then(|| line.trim().to_owned()));
            }
            (url.expect("the terminal shows an address"), scratch.expect("the terminal says where the state is"))
        };
        let (url, scratch) = tokio::time::timeout(REACHABLE_WITHIN, told).await.expect("the page is there within ten seconds");
        Self { process, url, scratch }
    }

    fn send(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.process.id().unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Ctrl-C, after which nothing may be left.
    async fn interrupt(mut self) {
        self.send(rustix::process::Signal::INT);
        let status = tokio::time::timeout(ENDS_WITHIN, self.process.wait()).await.expect("Ctrl-C ends the demo").unwrap();
        assert!(status.success(), "{status}");
        assert!(!self.scratch.exists(), "{} is still there", self.scratch.display());
    }
}

/// A browser before the demo's page.
async fn visit(demo: &Demo) -> Browser {
    let browser = Browser::open().await;
    browser.look_on(WIDE).await;
    browser.go(&demo.url).await;
    browser
        .until("the page is drawn", "document.querySelector('#audit-panel h2') && document.querySelector('[data-tour]')")
        .await;
    browser
}

/// Looks at the page as it is on every screen, takes pictures, and complains of what does not fit.
async fn judge(browser: &Browser, step: &str) {
    let mut faults = Vec::new();
    for screen in SCREENS {
        browser.look_on(screen).await;
        for tab in ["slack", "truth"] {
            if screen.width < 900 {
                browser.eval(&format!("document.querySelector('#tabs [data-tab=\"{tab}\"]').click()")).await;
            } else if tab == "truth" {
                continue;
            }
            let name = format!("{step}-{}{}", screen.name, if tab == "truth" { "-truth" } else { "" });
            browser.save(&pictures().join(format!("{name}.png"))).await;
            faults.extend(browser.faults().await.into_iter().map(|fault| format!("{name}: {fault}")));
        }
        browser.eval("document.querySelector('#tabs [data-tab=\"slack\"]').click()").await;
    }
    browser.look_on(WIDE).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn pictures() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screenshots")
}

/// Becomes somebody, in a channel of theirs. `D` is their conversation with the app.
async fn be(browser: &Browser, person: &str, channel: &str) {
    browser.click(&format!("[data-persona=\"{person}\"]")).await;
    browser
        .until("one is somebody else", &format!("document.querySelector('[data-persona=\"{person}\"][aria-pressed=\"true\"]')"))
        .await;
    browser.click(&format!("#sidebar [data-channel^=\"{channel}\"]")).await;
}

/// Sends `words` from the message box.
async fn say(browser: &Browser, words: &str) {
    browser.fill("#composer", words).await;
    browser.click("#send").await;
}

async fn until_said(browser: &Browser, words: &str) {
    let words = Value::from(words);
    let said = format!("document.querySelector('#messages').innerText.includes({words})");
    browser.until(&format!("somebody says {words}"), &said).await;
}

/// Waits until the app has answered so often where nobody else sees it.
async fn until_answers(browser: &Browser, count: usize) {
    let answered = format!("document.querySelectorAll('#messages .ephemeral').length === {count}");
    browser.until(&format!("{count} answers are there"), &answered).await;
}

async fn until_form(browser: &Browser, title: &str) {
    browser.until("a form is open", &format!("document.querySelector('.modal h2')?.innerText.includes('{title}')")).await;
    browser.until("the keyboard is in it", "document.activeElement.closest('.modal')").await;
}

/// Leaves the form with the keyboard, after which the focus is where it was.
async fn leave_form(browser: &Browser, back_to: &str) {
    browser.keys("\u{E00C}").await;
    let left = format!("!document.querySelector('.modal') && document.activeElement.matches('{back_to}')");
    browser.until(&format!("the focus is back at {back_to}"), &left).await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn the_tour_shows_access_that_ends_although_the_bot_was_dead() {
    let demo = Demo::start().await;
    let browser = visit(&demo).await;
    browser.until("nobody holds anything", NOTHING_HELD).await;
    judge(&browser, "1-start").await;

    browser.click("[data-tour=\"1\"]").await;
    browser.until("the words are typed", "document.querySelector('#composer').value.startsWith('/jit request')").await;
    browser.click("#send").await;
    browser
        .until(
            "a card asks",
            "document.querySelector('[data-action-id=\"request.approve\"]') || document.querySelector('[data-tour=\"2\"]')",
        )
        .await;
    browser.until("nobody holds anything yet", NOTHING_HELD).await;

    browser.click("[data-persona=\"carol\"]").await;
    browser.until("Carol has the card", "document.querySelector('[data-action-id=\"request.approve\"]')").await;
    judge(&browser, "2-card").await;
    browser.click("[data-action-id=\"request.approve\"]").await;
    browser.until("the provider gives it", HELD).await;
    browser.until("the bot says so", "document.querySelector('[data-grant=\"G-1\"][data-state=\"active\"]')").await;
    browser.until("the card says so", "!document.querySelector('[data-action-id=\"request.approve\"]')").await;
    judge(&browser, "3-approved").await;

    be(&browser, "maya", "D").await;
    judge(&browser, "4-in-force").await;
    browser.click("[data-tour=\"3\"]").await;
    browser.click("[data-tour=\"4\"]").await;
    browser.until("the bot is dead", "document.querySelector('#bot-switch').getAttribute('aria-pressed') === 'true'").await;
    browser.click("[data-tour=\"5\"]").await;
    browser.until("two hours have passed", "document.querySelector('#clock').innerText.includes('12:0')").await;
    browser.until("nobody ended it", HELD).await;
    judge(&browser, "5-dead").await;

    browser.click("[data-tour=\"6\"]").await;
    browser.until("it is gone at the provider", NOTHING_HELD).await;
    browser.until("the bot says so", "document.querySelector('[data-grant=\"G-1\"][data-state=\"ended\"]')").await;
    until_said(&browser, "verified").await;
    browser
        .until("the log verifies", "document.querySelector('#audit-title .badge.good')?.innerText.startsWith('verified')")
        .await;
    judge(&browser, "6-ended").await;

    browser.click("[data-tour=\"7\"]").await;
    browser.until("the log does not verify any more", "document.querySelector('#audit-title .badge.bad')").await;
    browser
        .until(
            "the forged row is shown",
            "document.querySelector('#audit-panel .row.broken').innerText.includes('approved by Dave')",
        )
        .await;
    judge(&browser, "7-tampered").await;
    assert_eq!(browser.complaints().await, [""; 0], "the page's own errors");
    browser.close().await;
    demo.interrupt().await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn forms_lists_and_hostile_words_fit_every_screen() {
    const HOSTILE: &str = "<!channel> <https://evil.example|https://jira.shop.example> *bold* \u{202e}RTL `code` & <@U0CAROL>";
    let demo = Demo::start().await;
    let browser = visit(&demo).await;
    for (count, command) in (1..).zip(["/jit mine", "/jit nonsense", "/jit help"]) {
        say(&browser, command).await;
        until_answers(&browser, count).await;
    }
    judge(&browser, "a-help").await;

    say(&browser, "/jit request").await;
    until_form(&browser, "Request access").await;
    judge(&browser, "b-form").await;
    browser.click("#modal-submit").await;
    browser.until("the form says what is missing", "document.querySelectorAll('.modal .error').length > 1").await;
    judge(&browser, "b-form-errors").await;
    leave_form(&browser, "#composer").await;

    say(&browser, &format!("/jit request prod/orders readonly 2h OPS-13 {HOSTILE}")).await;
    be(&browser, "carol", "C0DBACCESS").await;
    until_said(&browser, "OPS-13").await;
    let quote = browser.eval("return document.querySelector('#messages blockquote').innerText").await;
    let plain = HOSTILE.replace('\u{202e}', "");
    assert!(
        quote.as_str().unwrap().replace('\n', " ").ends_with(&plain),
        "as typed, except for what would turn it around: {quote}"
    );
    let alive =
        browser.eval("return document.querySelectorAll('#messages blockquote :is(a, b, strong, code, .mention)').length").await;
    assert_eq!(alive, 0, "words stay words");
    say(&browser, "/jit pending").await;
    until_answers(&browser, 1).await;
    judge(&browser, "c-hostile").await;
    for (button, title) in [("request.deny", "Deny"), ("request.question", "Ask about")] {
        browser.click(&format!("[data-action-id=\"{button}\"]")).await;
        until_form(&browser, title).await;
        judge(&browser, &format!("d-{button}")).await;
        leave_form(&browser, &format!("[data-action-id=\"{button}\"]")).await;
    }

    browser.click("#provider-switch").await;
    browser.until("the provider is down", "document.querySelector('#provider-title .badge.bad')").await;
    browser.click("[data-action-id=\"request.approve\"]").await;
    browser.until("the provider was asked in vain", "document.querySelector('#audit-panel').innerText.includes('trouble')").await;
    browser.until("nobody holds anything", NOTHING_HELD).await;
    judge(&browser, "e-provider-down").await;
    browser.click("#provider-switch").await;
    browser.click("[data-advance=\"900000\"]").await;
    browser.until("the provider gives it after all", HELD).await;
    be(&browser, "maya", "D").await;
    until_said(&browser, "until").await;
    judge(&browser, "f-in-force-late").await;
    assert_eq!(browser.complaints().await, [""; 0], "the page's own errors");
    browser.close().await;
    demo.interrupt().await;
}

#[tokio::test]
async fn the_bot_does_not_outlive_a_demo_that_was_killed() {
    let mut demo = Demo::start().await;
    let socket = demo.scratch.join("data/admin.sock");
    let mut open = tokio::net::UnixStream::connect(&socket).await.unwrap();
    demo.send(rustix::process::Signal::KILL);
    demo.process.wait().await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(ENDS_WITHIN, open.read_to_end(&mut rest)).await.expect("the bot ends by itself").unwrap();
    std::fs::remove_dir_all(&demo.scratch).unwrap();
}
