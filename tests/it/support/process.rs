//! The real program as a process of its own, between a Slack and a provider that live here and outlive it. It can be killed at
//! any moment and is started again on what it left behind.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use daypass::admin::client::ask;
use daypass::demo::emulator::{Emulator, Message, Seed};
use daypass::demo::sandbox::{Sandbox, Setup};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::world::{SIGNING_SECRET, START_MS};

/// The program under test: the one built beside the tests, or the one that `DAYPASS_RELEASE_BIN` names.
pub fn program() -> std::path::PathBuf {
    released().unwrap_or_else(|| env!("CARGO_BIN_EXE_daypass").into())
}

/// A release build that is to be measured.
pub fn released() -> Option<std::path::PathBuf> {
    std::env::vars_os().find(|(name, _)| name == "DAYPASS_RELEASE_BIN").map(|(_, path)| path.into())
}
/// How long anything may take, in real time, on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait for an event before looking anyway.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// How far the clock is moved when nothing happens, so that no wait between tries takes real time.
const NUDGE_MS: i64 = 5_000;

/// The time for everybody: it runs at the real pace and is pushed forward.
pub struct PushedClock {
    started: Instant,
    pushed_ms: AtomicI64,
}

impl PushedClock {
    fn starting_at(start_ms: i64) -> PushedClock {
        PushedClock { started: stopwatch(), pushed_ms: AtomicI64::new(start_ms) }
    }

    pub fn now_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap() + self.pushed_ms.load(Ordering::SeqCst)
    }
}

#[expect(clippy::disallowed_methods, reason = "a real process lives in real time, which is measured here")]
pub fn stopwatch() -> Instant {
    Instant::now()
}

/// Everything around the process, and the process.
pub struct Rig {
    pub slack: Emulator,
    pub provider: Sandbox,
    pub clock: Arc<PushedClock>,
    /// Where the next starts are to die by themselves, one each.
    pub failpoints: VecDeque<String>,
    /// How often the process has died.
    pub deaths: usize,
    /// Whether the clock is pushed while nothing happens.
    pub is_impatient: bool,
    /// Added to its environment.
    pub environment: Vec<(String, String)>,
    dir: tempfile::TempDir,
    port: u16,
    bot: Option<Child>,
    pid: watch::Sender<Option<u32>>,
    log: Arc<Mutex<Vec<String>>>,
    lines: watch::Sender<usize>,
}

impl Rig {
    /// With the policies that the demo runs on. Nothing is started yet.
    pub async fn new() -> Rig {
        let rig = Rig::starting_at(START_MS).await;
        for name in ["people.yaml", "policies.yaml", "resources.yaml"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies").join(name);
            rig.write_policy(name, &std::fs::read_to_string(from).unwrap());
        }
        rig
    }

    /// Without policies, at a time of its own.
    pub async fn starting_at(start_ms: i64) -> Rig {
        let clock = Arc::new(PushedClock::starting_at(start_ms));
        let now = {
            let clock = Arc::clone(&clock);
            move || clock.now_ms()
        };
        let slack = Emulator::start(Seed::for_tests(), Arc::new(now.clone())).await.unwrap();
        let provider = Sandbox::start(Setup::demo(), Arc::new(now)).await.unwrap();
        let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
        std::fs::create_dir(dir.path().join("policies")).unwrap();
        slack.set_bot(&format!("http://127.0.0.1:{port}/slack/events"), SIGNING_SECRET);
        Rig {
            slack,
            provider,
            clock,
            failpoints: VecDeque::new(),
            deaths: 0,
            is_impatient: true,
            environment: Vec::new(),
            dir,
            port,
            bot: None,
            pid: watch::Sender::new(None),
            log: Arc::default(),
            lines: watch::Sender::new(0),
        }
    }

    pub fn write_policy(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join("policies").join(name), text).unwrap();
    }

    /// Where its commands run.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Runs another command of the program beside the process, and gives back its exit code and all that it printed.
    pub async fn runs(&self, args: &[&str]) -> (i32, String) {
        let output = self.program(self.port).args(args).output().await.unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.code().unwrap(), said)
    }

    /// The program, as it would be started next, on another port if one is given.
    pub fn command(&self, port: u16) -> Command {
        let mut command = self.program(port);
        command.arg("serve");
        command
    }

    fn program(&self, port: u16) -> Command {
        let mut command = Command::new(program());
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        command
            .current_dir(self.dir.path())
            .env_clear()
            .envs([
                ("SLACK_API_URL", self.slack.api_url()),
                ("SLACK_BOT_TOKEN", self.slack.bot_token()),
                ("SLACK_SIGNING_SECRET", SIGNING_SECRET.to_owned()),
                ("DAYPASS_LISTEN", format!("127.0.0.1:{port}")),
                ("DAYPASS_DATA_DIR", path(&self.data())),
                ("DAYPASS_POLICIES", path(&self.dir.path().join("policies"))),
                ("DAYPASS_ADMINS", "priya".to_owned()),
                ("DAYPASS_SECURITY_CHANNEL", "C0SECURITY".to_owned()),
                ("DAYPASS_DEMO", "1".to_owned()),
                ("DAYPASS_CLOCK_MS", self.clock.now_ms().to_string()),
                ("SANDBOX_URL", self.provider.url()),
                ("SANDBOX_TOKEN", self.provider.token()),
            ])
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts the process. It is not ready yet.
    pub fn start(&mut self) {
        let mut command = self.command(self.port);
        if let Some(point) = self.failpoints.pop_front() {
            command.env("DAYPASS_FAILPOINT", point);
        }
        let mut bot = command.spawn().unwrap();
        self.keep_lines(bot.stdout.take().unwrap());
        self.keep_lines(bot.stderr.take().unwrap());
        self.pid.send_replace(bot.id());
        self.bot = Some(bot);
    }

    fn keep_lines(&self, stream: impl AsyncRead + Unpin + Send + 'static) {
        let (log, count) = (Arc::clone(&self.log), self.lines.clone());
        tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                log.lock().unwrap().push(line);
                count.send_modify(|count| *count += 1);
            }
        });
    }

    /// Ends the process as a power failure would, and waits until it is gone.
    pub async fn kill(&mut self) {
        if let Some(bot) = &mut self.bot {
            bot.kill().await.unwrap();
            self.note_death();
        }
    }

    /// The number of the running process; none while it is dead. For whoever kills it from elsewhere.
    pub fn pid(&self) -> watch::Receiver<Option<u32>> {
        self.pid.subscribe()
    }

    pub fn is_running(&mut self) -> bool {
        let Some(bot) = &mut self.bot else { return false };
        match bot.try_wait().unwrap() {
            None => true,
            Some(status) => {
                self.assert_killed(status);
                self.note_death();
                false
            }
        }
    }

    fn note_death(&mut self) {
        self.bot = None;
        self.deaths += 1;
        self.pid.send_replace(None);
    }

    /// It may be killed, but it never ends by itself.
    fn assert_killed(&self, status: ExitStatus) {
        use std::os::unix::process::ExitStatusExt;
        assert!(matches!(status.signal(), Some(6 | 9)), "it ended by itself ({status}):\n{}", self.last_words());
    }

    /// Everything that it wrote, in all its lives.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// The latest lines that it wrote, of all its lives.
    pub fn last_words(&self) -> String {
        let log = self.log.lock().unwrap();
        let told: Vec<&str> = log.iter().map(String::as_str).filter(|line| !line.contains("clock of the demo")).collect();
        told[told.len().saturating_sub(60)..].join("\n")
    }

    /// Waits for whatever happens next, or a moment.
    async fn changed(&mut self) {
        let (mut slack, mut provider, mut lines) = (self.slack.watch(), self.provider.watch(), self.lines.subscribe());
        let something = async {
            tokio::select! {
                changed = slack.changed() => changed.unwrap(),
                changed = provider.changed() => changed.unwrap(),
                changed = lines.changed() => changed.unwrap(),
            }
        };
        if tokio::time::timeout(HEARTBEAT, something).await.is_err() && self.is_impatient {
            self.push(NUDGE_MS).await;
        }
    }

    /// Waits until it holds. Whenever the process is dead, it is started again.
    pub async fn until(&mut self, what: &str, holds: impl AsyncFn(&Rig) -> bool) {
        let started = stopwatch();
        loop {
            if !self.is_running() {
                self.start();
            }
            if holds(self).await {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{what}: it does not come to that. Its last words:\n{}", self.last_words());
            self.changed().await;
        }
    }

    /// Waits until it can be talked to.
    pub async fn ready(&mut self) {
        self.until("ready", async |rig| rig.ask(json!({ "op": "status" })).await.is_some_and(|status| status["ready"] == true))
            .await;
    }

    /// Lets time pass for everybody, for the process only while it runs.
    pub async fn push(&mut self, ms: i64) {
        self.clock.pushed_ms.fetch_add(ms, Ordering::SeqCst);
        self.ask(json!({ "op": "clock.set", "now_ms": self.clock.now_ms() })).await;
    }

    /// Asks at the admin socket; nothing while it cannot answer.
    pub async fn ask(&self, question: Value) -> Option<Value> {
        ask(&self.data(), &question).await.ok()
    }

    /// Asks until it answers, whatever becomes of it meanwhile.
    pub async fn insist(&mut self, question: Value) -> Value {
        loop {
            self.ready().await;
            if let Some(answer) = self.ask(question.clone()).await {
                return answer;
            }
        }
    }

    /// The state of each request or grant, by its id; nothing while it cannot answer.
    pub async fn states(&self, of: &str) -> Option<Vec<(String, String)>> {
        let answer = self.ask(json!({ "op": of })).await?;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Some(answer[of].as_array().unwrap().iter().map(|one| (text(&one["id"]), text(&one["state"]))).collect())
    }

    /// The audit log's entries.
    pub async fn audit(&mut self) -> Vec<Value> {
        let mut entries: Vec<Value> = Vec::new();
        loop {
            let page = self.insist(json!({ "op": "audit", "after": entries.len(), "limit": 500 })).await;
            let page = page["entries"].as_array().unwrap();
            if page.is_empty() {
                return entries;
            }
            entries.extend(page.iter().cloned());
        }
    }

    /// Every copy of the card of `R-1`, oldest first.
    pub fn cards(&self) -> Vec<Message> {
        self.slack.messages("C0DBACCESS").into_iter().filter(|message| shows(message, "R-1")).collect()
    }
}

/// Whether this stands in the message or behind its buttons.
pub fn shows(message: &Message, words: &str) -> bool {
    message.shown_text().contains(words) || serde_json::to_string(&message.blocks).unwrap().contains(words)
}

/// A port below those that the system hands out by itself, so that nobody takes it while its owner is dead.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::SeqCst);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
