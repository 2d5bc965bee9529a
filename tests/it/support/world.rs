//! A whole Daypass over signed HTTP: the real parts and a real database, a strict Slack, a provider whose truth can be seen,
//! and a clock that stands still until a story moves it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use daypass::access::ids::GrantId;
use daypass::access::time::Timestamp;
use daypass::app::{App, Policies, Settings};
use daypass::clock::Clock;
use daypass::demo::emulator::{Emulator, Message, Seed, Shown};
use daypass::demo::sandbox::{Sandbox, Setup};
use daypass::routes::Routes;
use daypass::server::Limits;
use daypass::slack::client::SlackApi;
use daypass::store::Store;
use daypass::telemetry::Metrics;
use daypass::worker::{Round, Worker};
use secrecy::SecretString;
use tokio::sync::watch;

pub const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// Tuesday 2026-03-17 10:00 in Berlin.
pub const START_MS: i64 = 1_773_738_000_000;

/// A clock that is moved by hand.
#[derive(Debug)]
pub struct TestClock {
    wall_ms: AtomicI64,
    elapsed_ms: AtomicI64,
}

impl Clock for TestClock {
    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.wall_ms.load(Ordering::SeqCst))
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.elapsed_ms.load(Ordering::SeqCst)).unwrap())
    }
}

pub fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

pub fn hours(hours: u64) -> Duration {
    Duration::from_secs(3600 * hours)
}

/// The process, as far as it dies with a crash.
struct Bot {
    app: Arc<App>,
    worker: Worker,
    stop: watch::Sender<bool>,
}

pub struct World {
    pub slack: Emulator,
    pub provider: Sandbox,
    clock: Arc<TestClock>,
    dir: tempfile::TempDir,
    bot: Option<Bot>,
    excused: Mutex<bool>,
}

/// The policy files that the demo runs on.
const EXAMPLE: [(&str, &str); 3] = [
    ("people.yaml", include_str!("../../../policies/people.yaml")),
    ("policies.yaml", include_str!("../../../policies/policies.yaml")),
    ("resources.yaml", include_str!("../../../policies/resources.yaml")),
];

impl World {
    pub async fn new() -> World {
        World::with_policies(&EXAMPLE).await
    }

    pub async fn with_policies(files: &[(&str, &str)]) -> World {
        drop(rustls::crypto::ring::default_provider().install_default());
        let clock = Arc::new(TestClock { wall_ms: AtomicI64::new(START_MS), elapsed_ms: AtomicI64::new(0) });
        let now = {
            let clock = Arc::clone(&clock);
            move || clock.wall().as_millis()
        };
        let slack = Emulator::start(Seed::for_tests(), Arc::new(now.clone())).await.unwrap();
        let provider = Sandbox::start(Setup::demo(), Arc::new(now)).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("policies")).unwrap();
        let mut world = World { slack, provider, clock, dir, bot: None, excused: Mutex::new(false) };
        for (name, text) in files {
            world.write_policy(name, text);
        }
        world.start().await;
        world
    }

    pub fn write_policy(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join("policies").join(name), text).unwrap();
    }

    /// Replaces a piece of a policy file.
    pub fn edit_policy(&self, name: &str, from: &str, to: &str) {
        let path = self.dir.path().join("policies").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} has no `{from}`");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    pub async fn reload(&self) -> Result<String, String> {
        self.app().reload().await.map_err(|problem| problem.to_string())
    }

    pub fn app(&self) -> &Arc<App> {
        &self.bot.as_ref().unwrap().app
    }

    /// Starts the process on whatever the one before left.
    pub async fn start(&mut self) {
        let data = self.dir.path().join("data");
        let store = loop {
            match Store::open(&data, self.clock.wall()) {
                Ok(store) => break store,
                // The process before is still going: it holds the lock until its last thread is done.
                Err(problem) if problem.to_string().contains("in use") => tokio::task::yield_now().await,
                Err(problem) => panic!("{problem}"),
            }
        };
        let (url, token) = (self.provider.url(), self.provider.token());
        let secrets = move |name: &str| match name {
            "SANDBOX_URL" => Some(SecretString::from(url.clone())),
            "SANDBOX_TOKEN" => Some(SecretString::from(token.clone())),
            _ => None,
        };
        let (policies, problem) = Policies::load(&self.dir.path().join("policies"), Arc::new(secrets));
        let api = SlackApi::new(&self.slack.api_url(), &SecretString::from(self.slack.bot_token())).unwrap();
        let settings = Settings { security_channel: Some("C0SECURITY".to_owned()), admins: ["priya".parse().unwrap()].into() };
        let clock: Arc<dyn Clock> = self.clock.clone();
        let app = App::new(store, Arc::clone(&clock), api, policies, settings);
        app.begin(problem.as_ref()).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        self.slack.set_bot(&format!("http://{address}/slack/events"), SIGNING_SECRET);
        let routes = Arc::new(Routes {
            receiver: Arc::clone(&app),
            clock,
            signing_secrets: vec![SecretString::from(SIGNING_SECRET)],
            metrics: Arc::new(Metrics::default()),
            answer_within: daypass::routes::ANSWER_WITHIN,
            strangers: Default::default(),
        });
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(daypass::server::serve(listener, routes, Limits::default(), stopped));
        let worker = Worker::start(Arc::clone(&app)).await.unwrap();
        self.bot = Some(Bot { app, worker, stop });
    }

    /// The process ends without finishing anything.
    pub async fn kill(&mut self) {
        if let Some(Bot { stop, worker, app }) = self.bot.take() {
            stop.send_replace(true);
            drop(worker);
            drop(app);
        }
    }

    pub async fn restart(&mut self) {
        self.kill().await;
        self.start().await;
    }

    /// Lets everything happen that is due now: time, calls, messages; until nothing moves any more.
    pub async fn settle(&mut self) {
        for _ in 0..200 {
            let Some(bot) = &mut self.bot else { return };
            let worked = bot.worker.round().await.unwrap();
            bot.worker.finish_calls().await;
            let delivered = Worker::deliver(&bot.app).await.unwrap();
            if (worked, delivered) == (Round::Still, Round::Still) {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    /// Time passes, minute by minute, and the worker keeps up with it.
    pub async fn advance(&mut self, by: Duration) {
        let mut left = by;
        while !left.is_zero() {
            let step = left.min(minutes(1));
            self.pass(step);
            left -= step;
            self.settle().await;
        }
    }

    /// Time passes while nobody is there, or before the worker gets its turn.
    pub fn pass(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        self.clock.wall_ms.fetch_add(by, Ordering::SeqCst);
        self.clock.elapsed_ms.fetch_add(by, Ordering::SeqCst);
    }

    /// The wall clock is set; no time passes.
    pub fn jump(&self, by_minutes: i64) {
        self.clock.wall_ms.fetch_add(by_minutes * 60_000, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.wall()
    }

    pub async fn sweep(&mut self) {
        Worker::sweep(self.app()).await.unwrap();
        self.settle().await;
    }

    /// Somebody writes a command. The answer is what they see.
    pub async fn says(&mut self, who: &str, words: &str) -> String {
        let shown = self.slack.slash(&account(who), "C0GENERAL", words).await;
        assert!(shown.is_acknowledged(), "{who}: {words}: {shown:?}");
        self.settle().await;
        shown.text()
    }

    /// Somebody presses a button on the newest message that shows `about` and has it. The answer is what they see.
    pub async fn presses(&mut self, who: &str, about: &str, action: &str) -> String {
        let shown = self.presses_before_work(who, about, action).await;
        self.settle().await;
        shown
    }

    /// The same, before the worker gets its turn.
    pub async fn presses_before_work(&mut self, who: &str, about: &str, action: &str) -> String {
        let message = self.button(who, about, action).unwrap_or_else(|| panic!("{who} sees no `{action}` of {about}"));
        self.click(who, &message, action).await
    }

    pub async fn click(&mut self, who: &str, message: &Message, action: &str) -> String {
        let before = self.slack.ephemerals(&account(who)).len();
        let shown = self.slack.press(&account(who), &message.channel, &message.ts, action).await;
        assert!(shown.is_acknowledged(), "{who} {action}: {shown:?}");
        self.answer_after(who, before, &shown).await
    }

    /// The answer to a click comes by its own way, after the acknowledgement.
    async fn answer_after(&self, who: &str, before: usize, shown: &Shown) -> String {
        let mut changes = self.slack.watch();
        let arrived = async {
            loop {
                let seen = self.slack.ephemerals(&account(who));
                if let Some(answer) = seen.get(before) {
                    return answer.shown_text();
                }
                if self.slack.open_view(&account(who)).is_some() {
                    return String::new();
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(10), arrived).await.unwrap_or_else(|_| panic!("{who} got no answer: {shown:?}"))
    }

    /// The newest message that this person can see, is about this, and has this button.
    pub fn button(&self, who: &str, about: &str, action: &str) -> Option<Message> {
        self.seen_by(who).into_iter().rev().find(|message| {
            let text = serde_json::to_string(&message.blocks).unwrap();
            text.contains(&format!("\"{action}\"")) && (text.contains(about) || message.shown_text().contains(about))
        })
    }

    /// Everything in a person's sight, oldest first.
    pub fn seen_by(&self, who: &str) -> Vec<Message> {
        let account = account(who);
        let mut all: Vec<Message> = self
            .slack
            .channels()
            .iter()
            .flat_map(|channel| self.slack.visible(&account, &channel.id))
            .chain(self.slack.dm(&account))
            .collect();
        all.sort_by(|a, b| a.ts.cmp(&b.ts));
        all
    }

    /// What Daypass wrote to a person, oldest first.
    pub fn dms(&self, who: &str) -> Vec<String> {
        self.slack.dm(&account(who)).iter().map(Message::shown_text).collect()
    }

    pub fn last_dm(&self, who: &str) -> String {
        self.dms(who).last().cloned().unwrap_or_default()
    }

    pub fn in_channel(&self, channel: &str) -> Vec<String> {
        self.slack.messages(channel).iter().map(Message::shown_text).collect()
    }

    /// What the provider really gives.
    pub fn level(&self, account: &str, thing: &str) -> Option<String> {
        self.provider.level(account, thing)
    }

    pub fn grant_state(&self, id: &str) -> String {
        let id: GrantId = id.parse().unwrap();
        let store = self.app().store().clone();
        let read = std::thread::spawn(move || store.read_blocking(move |reader| reader.grant(id)).unwrap());
        read.join().unwrap().map_or_else(|| "none".to_owned(), |grant| grant.state.name().to_owned())
    }

    /// The audit log as sentences, from the one that names this on.
    pub fn audit(&self) -> Vec<String> {
        let store = self.app().store().clone();
        let read = std::thread::spawn(move || store.read_blocking(|reader| reader.lines(0, 10_000)).unwrap());
        let lines = read.join().unwrap();
        // The installation's id is drawn at random.
        let ours = self.app().store().installation().to_owned();
        let told = |line: &daypass::store::log::Line| daypass::audit::sentence::sentence(&line.entry, &|_| None);
        lines.iter().map(|line| told(line).replace(&ours, "<installation>")).collect()
    }

    /// What a correct app never does may happen in this story.
    pub fn excuse_complaints(&self) {
        *self.excused.lock().unwrap() = true;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() || *self.excused.lock().unwrap() {
            return;
        }
        let complaints = self.slack.complaints();
        assert!(complaints.is_empty(), "Slack complains: {complaints:#?}");
    }
}

/// The Slack account of one of the cast.
pub fn account(who: &str) -> String {
    format!("U0{}", who.to_uppercase())
}
