//! A whole Daypass, over signed HTTP or over Socket Mode: the real parts and a real database, a strict Slack, a provider whose truth can be seen,
//! and a clock that stands still until a story moves it.
//!
//! What people do is in `people`, what can be looked at in `looking`, and what must hold at the end of every story in `checks`.

mod checks;
mod looking;
mod people;
mod secrets;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use daypass::access::time::Timestamp;
use daypass::app::{App, Orphans, Policies, Settings};
use daypass::clock::Clock;
use daypass::demo::emulator::{Emulator, LINKS_MAX, Seed};
use daypass::demo::sandbox::{Sandbox, Setup};
use daypass::routes::Routes;
use daypass::server::Limits;
use daypass::slack::client::SlackApi;
use daypass::slack::socket::{Pace, Socket};
use daypass::store::Store;
use daypass::telemetry::Metrics;
use daypass::worker::{Round, Worker};
use secrecy::SecretString;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::pagerduty::{self, PagerDuty};
pub use secrets::{Secrets, Shown, overheard};

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
    routes: Arc<Routes<Arc<App>>>,
    worker: Worker,
    stop: watch::Sender<bool>,
    /// Whatever brings in what Slack sends.
    door: JoinHandle<()>,
}

/// How Slack reaches the process. Every story holds over both; `DAYPASS_STORIES=socket` says which it is this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Http,
    Socket,
}

impl Transport {
    #[expect(clippy::disallowed_methods, reason = "the whole suite runs twice, and `config` knows nothing of tests")]
    fn of_this_run() -> Transport {
        match std::env::var("DAYPASS_STORIES").as_deref() {
            Ok("socket") => Transport::Socket,
            Ok("http") | Err(_) => Transport::Http,
            Ok(other) => panic!("DAYPASS_STORIES must be `http` or `socket`, not `{other}`"),
        }
    }
}

/// Connections that come back at once, and are told to be dead by nothing but their end.
pub fn at_once() -> Pace {
    let millis = Duration::from_millis;
    Pace { again: (millis(2), millis(50)), refused_again: minutes(10), linger: minutes(1), ..Pace::default() }
}

pub struct World {
    pub slack: Emulator,
    pub provider: Sandbox,
    /// A second server, which the policy files may name as `OTHER_URL`.
    pub other: Sandbox,
    /// Who knows who is on call, which the policy files may name as `PAGERDUTY_URL`.
    pub pagerduty: PagerDuty,
    /// What the next start makes of files that have no word of what is open.
    pub orphans: Orphans,
    /// Whether the rows are compared with the log whenever the story comes to rest, and not only at its end.
    pub checks_rows_at_rest: bool,
    /// Where cards of the next start go whose channel is gone.
    pub fallback_channel: Option<String>,
    /// How secrets come about and reach people, from the next start on.
    pub secrets: Secrets,
    /// How fast the next start makes its connections, and how long it lets Slack wait.
    pub pace: Pace,
    pub answer_within: Duration,
    transport: Transport,
    clock: Arc<TestClock>,
    dir: tempfile::TempDir,
    bot: Option<Bot>,
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

    /// The orders at one server and the repository at another.
    pub async fn with_two_servers() -> World {
        let mut w = World::new().await;
        w.edit_policy(
            "resources.yaml",
            "id: repo, kind: sandbox, url_env: SANDBOX_URL, token_env: SANDBOX_TOKEN",
            "id: repo, kind: sandbox, url_env: OTHER_URL, token_env: OTHER_TOKEN",
        );
        w.reload().await.unwrap();
        w.settle().await;
        w
    }

    pub async fn over(transport: Transport) -> World {
        World::made(&EXAMPLE, transport).await
    }

    pub async fn with_policies(files: &[(&str, &str)]) -> World {
        World::made(files, Transport::of_this_run()).await
    }

    async fn made(files: &[(&str, &str)], transport: Transport) -> World {
        drop(rustls::crypto::ring::default_provider().install_default());
        let clock = Arc::new(TestClock { wall_ms: AtomicI64::new(START_MS), elapsed_ms: AtomicI64::new(0) });
        let now = {
            let clock = Arc::clone(&clock);
            move || clock.wall().as_millis()
        };
        let slack = Emulator::start(Seed::for_tests(), Arc::new(now.clone())).await.unwrap();
        let provider = Sandbox::start(Setup::demo(), Arc::new(now.clone())).await.unwrap();
        let second = Setup { fingerprint: "sandbox-00000002".into(), ..Setup::demo() };
        let other = Sandbox::start(second, Arc::new(now)).await.unwrap();
        let pagerduty = PagerDuty::start().await;
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("policies")).unwrap();
        let (orphans, pace, answer_within) = (Orphans::Refuse, at_once(), daypass::routes::ANSWER_WITHIN);
        let mut world = World {
            slack,
            provider,
            other,
            pagerduty,
            orphans,
            checks_rows_at_rest: true,
            fallback_channel: None,
            secrets: Secrets::default(),
            pace,
            answer_within,
            transport,
            clock,
            dir,
            bot: None,
        };
        for (name, text) in files {
            world.write_policy(name, text);
        }
        world.start().await;
        world
    }

    /// From now on, until the process ends, this is whoever pages people by this name.
    pub fn answers_pages(&self, provider: &str, pager: &super::pager::Pager) {
        self.app().policies().adopt_on_call(provider.parse().unwrap(), Arc::new(pager.clone()));
    }

    /// Reminders that are due are written down, and pages are owed; no page is made and nothing is delivered.
    pub async fn reminds_without_paging(&mut self, id: &str) {
        self.app().remind_by_rule(id.parse().unwrap()).await.unwrap();
    }

    pub fn write_policy(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join("policies").join(name), text).unwrap();
    }

    pub fn policy_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("policies")
    }

    pub fn data_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    pub fn read_policy(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join("policies").join(name)).unwrap()
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
        self.start_at(&self.provider.url(), &self.provider.token()).await;
    }

    /// The same with another provider at the address in the environment.
    pub async fn start_at(&mut self, url: &str, token: &str) {
        let data = self.dir.path().join("data");
        let store = loop {
            match Store::open(&data, self.clock.wall()) {
                Ok(store) => break store,
                // The process before is still going: it holds the lock until its last thread is done.
                Err(problem) if problem.to_string().contains("in use") => tokio::task::yield_now().await,
                Err(problem) => panic!("{problem}"),
            }
        };
        let (url, token) = (url.to_owned(), token.to_owned());
        let (other_url, other_token) = (self.other.url(), self.other.token());
        let pagerduty_url = self.pagerduty.url();
        let secrets = move |name: &str| match name {
            "PAGERDUTY_URL" => Some(SecretString::from(pagerduty_url.clone())),
            "PAGERDUTY_TOKEN" => Some(SecretString::from(pagerduty::TOKEN)),
            "OTHER_URL" => Some(SecretString::from(other_url.clone())),
            "OTHER_TOKEN" => Some(SecretString::from(other_token.clone())),
            "SANDBOX_URL" => Some(SecretString::from(url.clone())),
            "SANDBOX_TOKEN" => Some(SecretString::from(token.clone())),
            _ => None,
        };
        let (policies, problem) = Policies::load(&self.dir.path().join("policies"), Arc::new(secrets));
        let api = SlackApi::new(&self.slack.api_url(), &SecretString::from(self.slack.bot_token())).unwrap();
        let settings = Settings {
            security_channel: Some("C0SECURITY".to_owned()),
            digest_channel: None,
            fallback_channel: self.fallback_channel.clone(),
            admins: ["priya".parse().unwrap()].into(),
            orphans: self.orphans,
        };
        let clock: Arc<dyn Clock> = self.clock.clone();
        let app = App::new(store, Arc::clone(&clock), api, policies, settings);
        self.secrets.prepare(&app, &data);
        app.begin(problem.as_ref()).await.unwrap();
        let signing_secrets = match self.transport {
            Transport::Http => vec![SecretString::from(SIGNING_SECRET)],
            Transport::Socket => Vec::new(),
        };
        let routes = Arc::new(Routes {
            receiver: Arc::clone(&app),
            clock,
            signing_secrets,
            metrics: Arc::new(Metrics::default()),
            answer_within: self.answer_within,
            strangers: Default::default(),
            reveals: self.secrets.reveals(),
        });
        let (stop, stopped) = watch::channel(false);
        let door = match self.transport {
            Transport::Http => {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                self.slack.set_bot(&format!("http://{address}/slack/events"), SIGNING_SECRET);
                tokio::spawn(daypass::server::serve(listener, Arc::clone(&routes), Limits::default(), stopped))
            }
            Transport::Socket => {
                let app_token = SecretString::from(self.slack.use_socket_mode());
                let socket = Socket::new(&self.slack.api_url(), &app_token).unwrap().with_pace(self.pace);
                app.comes_over(socket.status());
                tokio::spawn(socket.serve(Arc::clone(&routes), stopped))
            }
        };
        let worker = Worker::start(Arc::clone(&app)).await.unwrap();
        self.bot = Some(Bot { app, routes, worker, stop, door });
        // While Slack is down there is nothing to wait for.
        if self.transport == Transport::Socket && !self.slack.is_down() {
            self.linked(self.pace.connections.min(LINKS_MAX)).await;
        }
    }

    /// Until that many connections work.
    pub async fn linked(&self, links: usize) {
        let linked = self.slack.links_until(|working, _| working == links);
        let linked = tokio::time::timeout(Duration::from_secs(10), linked).await;
        linked.unwrap_or_else(|_| panic!("{} connections instead of {links}", self.slack.links()));
    }

    /// The process ends without finishing anything.
    pub async fn kill(&mut self) {
        if let Some(Bot { stop, worker, app, door, .. }) = self.bot.take() {
            if self.transport == Transport::Socket {
                door.abort();
                self.linked(0).await;
            }
            stop.send_replace(true);
            drop(worker);
            drop(app);
        }
    }

    /// The process is told to stop, and finishes what it has begun.
    pub async fn stop(&mut self) {
        if let Some(Bot { stop, worker, app, door, .. }) = self.bot.take() {
            stop.send_replace(true);
            tokio::time::timeout(Duration::from_secs(10), door).await.expect("it stops").unwrap();
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
            let followed_up = Worker::follow_up(&bot.app).await.unwrap();
            let delivered = Worker::deliver(&bot.app).await.unwrap();
            if (worked, followed_up, delivered) == (Round::Still, Round::Still, Round::Still) {
                if self.checks_rows_at_rest {
                    self.check_rows();
                }
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
}

/// The Slack account of one of the cast.
pub fn account(who: &str) -> String {
    format!("U0{}", who.to_uppercase())
}
