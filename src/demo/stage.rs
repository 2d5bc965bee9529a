//! The demo's whole world in one value: Slack, the provider, the clock, and the bot as a process between them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::admin::Admin;
use super::child::{Bot, Launch};
use super::clock::DemoClock;
use super::emulator::{Emulator, Now, Seed};
use super::sandbox::{Sandbox, SandboxFault, SandboxFaultKind, Setup};
use super::{policies, tamper};

/// Where the demo's people ask for access: `#db-access`.
const CHANNEL_TO_ASK_IN: &str = "C0DBACCESS";

/// Whether to keep the scratch directory when the demo ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    Nothing,
    ScratchDirectory,
}

/// How the bot and Slack meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    OverHttp,
    BySockets,
}

/// Up or down, for the things that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Works,
    Down,
}

/// What the bot last told about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inside {
    pub is_running: bool,
    pub grants: Value,
    pub requests: Value,
    pub audit: Value,
    pub verification: Value,
    /// Why there is nothing newer.
    pub problem: Option<String>,
}

pub struct Stage {
    pub slack: Emulator,
    pub sandbox: Sandbox,
    pub clock: Arc<DemoClock>,
    admin: Admin,
    launch: Launch,
    bot: tokio::sync::Mutex<Bot>,
    inside: Mutex<Inside>,
    version: watch::Sender<u64>,
    scratch: Scratch,
}

impl Stage {
    /// Builds everything but the bot, which `program` is when it is started with `serve`.
    pub async fn set_up(keep: Keep, meeting: Meeting, program: PathBuf) -> anyhow::Result<Arc<Self>> {
        let clock = Arc::new(DemoClock::this_week()?);
        let scratch = Scratch::create(keep)?;
        policies::write(&scratch.path.join("policies"), clock.start_ms()).context("could not write the policies")?;
        let for_slack = Arc::clone(&clock);
        let now: Now = Arc::new(move || for_slack.now_ms());
        let slack = Emulator::start(
            Seed { bot_token: random("xoxb-demo-")?, app_token: random("xapp-demo-")?, ..Seed::demo() },
            Arc::clone(&now),
        )
        .await?;
        let setup = Setup { token: random("")?, fingerprint: random("sandbox-")?, ..Setup::demo() };
        let sandbox = Sandbox::start(setup, now).await?;
        let port = free_port().await?;
        let secret = random("")?;
        slack.set_bot(&format!("http://127.0.0.1:{port}/slack/events"), &secret);
        let data = scratch.path.join("data");
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let environment = [
            ("SLACK_API_URL", slack.api_url()),
            ("SLACK_BOT_TOKEN", slack.bot_token()),
            ("SLACK_SIGNING_SECRET", secret),
            ("DAYPASS_LISTEN", format!("127.0.0.1:{port}")),
            ("DAYPASS_DATA_DIR", text(&data)),
            ("DAYPASS_POLICIES", text(&scratch.path.join("policies"))),
            ("DAYPASS_ADMINS", "priya".to_owned()),
            ("DAYPASS_SECURITY_CHANNEL", "C0SECURITY".to_owned()),
            // At five in the afternoon in Berlin, in winter.
            ("DAYPASS_DIGEST", "0 0 16 * * Mon-Fri".to_owned()),
            ("DAYPASS_DEMO", "1".to_owned()),
            ("SANDBOX_URL", sandbox.url()),
            ("SANDBOX_TOKEN", sandbox.token()),
        ];
        let mut environment = environment.map(|(name, value)| (name.to_owned(), value)).to_vec();
        if meeting == Meeting::BySockets {
            environment.push(("SLACK_APP_TOKEN".to_owned(), slack.use_socket_mode()));
        }
        let launch = Launch {
            program,
            directory: scratch.path.clone(),
            environment,
            health_url: format!("http://127.0.0.1:{port}/healthz"),
        };
        Ok(Arc::new(Self {
            slack,
            sandbox,
            clock,
            admin: Admin::in_directory(&data),
            launch,
            bot: tokio::sync::Mutex::new(Bot::new()),
            inside: Mutex::default(),
            version: watch::Sender::new(0),
            scratch,
        }))
    }

    /// Ends everything that would outlive this process: the bot, and the scratch directory unless it is to be kept.
    pub async fn end(&self) -> anyhow::Result<()> {
        self.bot.lock().await.kill().await?;
        self.scratch.remove();
        Ok(())
    }

    pub fn scratch(&self) -> &Path {
        &self.scratch.path
    }

    /// Starts the bot, if it does not run, at the demo's present time.
    pub async fn start_bot(&self) -> anyhow::Result<()> {
        let mut launch = self.launch.clone();
        launch.environment.push(("DAYPASS_CLOCK_MS".into(), self.clock.now_ms().to_string()));
        let started = self.bot.lock().await.start(&launch).await;
        self.look_inside().await;
        started
    }

    /// Has the bot pin its message with buttons where people ask.
    pub async fn pin_buttons(&self) -> anyhow::Result<()> {
        self.admin.place_buttons(CHANNEL_TO_ASK_IN).await.context("could not have the buttons pinned")
    }

    /// Kills the bot as a power failure would.
    pub async fn kill_bot(&self) -> anyhow::Result<()> {
        let killed = self.bot.lock().await.kill().await;
        self.look_inside().await;
        killed
    }

    /// Lets time pass for everybody; for the bot only if it is alive.
    pub async fn advance(&self, ms: i64) -> anyhow::Result<()> {
        self.clock.skip_ms(ms);
        let set = if self.bot.lock().await.is_running() {
            self.admin.set_clock(self.clock.now_ms()).await.context("could not move the bot's clock")
        } else {
            Ok(())
        };
        self.look_inside().await;
        set
    }

    pub fn set_provider(&self, condition: Condition) {
        self.sandbox.set_fault(match condition {
            Condition::Works => None,
            Condition::Down => Some(SandboxFault::lasting(SandboxFaultKind::Down)),
        });
    }

    pub fn set_slack(&self, condition: Condition) {
        match condition {
            Condition::Works => self.slack.come_up(),
            Condition::Down => self.slack.go_down(),
        }
    }

    /// Changes one row of the audit log on disk.
    pub async fn tamper(&self) -> anyhow::Result<tamper::Tampered> {
        let database = tamper::database(&self.scratch.path.join("data"));
        let tampered = tokio::task::spawn_blocking(move || tamper::change_one_row(&database)).await??;
        self.look_inside().await;
        Ok(tampered)
    }

    pub async fn log_tail(&self, lines: usize) -> Vec<String> {
        self.bot.lock().await.log_tail(lines)
    }

    /// Asks the bot what it holds to be true, and keeps the answer.
    pub async fn look_inside(&self) -> Inside {
        // While the bot is being started or killed there is nothing to ask, and whoever watches must not wait for it.
        let is_running = match self.bot.try_lock() {
            Ok(mut bot) => bot.is_running(),
            Err(_) => return self.inside(),
        };
        let seen = if is_running { self.ask_bot().await } else { Err(anyhow::anyhow!("the bot is dead")) };
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let before = inside.clone();
        match seen {
            Ok(seen) => *inside = seen,
            // What was last known stays readable while the bot is dead.
            Err(problem) => {
                inside.is_running = is_running;
                inside.problem = Some(format!("{problem:#}"));
            }
        }
        if before != *inside {
            self.version.send_modify(|version| *version += 1);
        }
        inside.clone()
    }

    async fn ask_bot(&self) -> anyhow::Result<Inside> {
        Ok(Inside {
            is_running: true,
            grants: field(self.admin.grants().await?, "grants"),
            requests: field(self.admin.requests().await?, "requests"),
            audit: field(self.admin.audit().await?, "entries"),
            verification: self.admin.verify().await?,
            problem: None,
        })
    }

    /// What the bot told last.
    pub fn inside(&self) -> Inside {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes when what the bot tells about itself changes.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

fn field(answer: Value, name: &str) -> Value {
    answer.get(name).cloned().unwrap_or_else(|| json!([]))
}

/// A directory for everything that the demo writes, removed with it.
#[derive(Debug)]
struct Scratch {
    path: PathBuf,
    keep: Keep,
}

impl Scratch {
    fn create(keep: Keep) -> anyhow::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let path = std::env::temp_dir().join(random("daypass-demo-")?);
        let create = |path: &Path| std::fs::DirBuilder::new().mode(0o700).create(path);
        create(&path).with_context(|| format!("could not create `{}`", path.display()))?;
        create(&path.join("data"))?;
        Ok(Self { path, keep })
    }

    fn remove(&self) {
        if self.keep == Keep::Nothing {
            // Nothing sensible can be done about a directory that will not go.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}

/// `prefix` and 16 random hex digits.
pub fn random(prefix: &str) -> anyhow::Result<String> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|problem| anyhow::anyhow!("no randomness: {problem}"))?;
    Ok(bytes.iter().fold(prefix.to_owned(), |text, byte| text + &format!("{byte:02x}")))
}

/// A port that was free a moment ago. The bot keeps it through its restarts.
async fn free_port() -> std::io::Result<u16> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    Ok(listener.local_addr()?.port())
}
