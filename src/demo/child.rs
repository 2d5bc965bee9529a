//! The bot as a process of its own: started, killed without warning, started again. What it prints is kept, not shown.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::loopback::{Called, call, pause};

const LOG_LINES_MAX: usize = 200;
const READY_WITHIN_MS: u64 = 20_000;
const READY_POLL_MS: u64 = 25;

/// How to start the bot.
#[derive(Debug, Clone)]
pub struct Launch {
    pub program: PathBuf,
    /// An empty directory, so that no `.env` of somebody's real installation is read.
    pub directory: PathBuf,
    /// The whole environment; nothing is inherited.
    pub environment: Vec<(String, String)>,
    pub health_url: String,
}

/// The bot, running or not.
#[derive(Debug)]
pub struct Bot {
    process: Option<Child>,
    log: Arc<Mutex<VecDeque<String>>>,
}

impl Bot {
    pub fn new() -> Self {
        Self { process: None, log: Arc::default() }
    }

    /// Starts the bot and waits until it says that it is ready.
    pub async fn start(&mut self, launch: &Launch) -> anyhow::Result<()> {
        if self.is_running() {
            return Ok(());
        }
        let mut process = Command::new(&launch.program)
            .arg("serve")
            .current_dir(&launch.directory)
            .env_clear()
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            // Stays open as long as this process lives: its end tells the bot that the demo is gone, even after a kill -9.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for the demo alone, which then ends the bot; otherwise an early one looks like a bot that cannot start.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start `{}`", launch.program.display()))?;
        keep_lines(process.stdout.take(), &self.log);
        keep_lines(process.stderr.take(), &self.log);
        self.process = Some(process);
        self.wait_until_ready(&launch.health_url).await
    }

    async fn wait_until_ready(&mut self, health_url: &str) -> anyhow::Result<()> {
        let mut latest = String::new();
        for _ in 0..(READY_WITHIN_MS / READY_POLL_MS) {
            if !self.is_running() {
                bail!("the bot stopped right after its start:\n{}", self.log_tail(20).join("\n"));
            }
            latest = match call("GET", health_url, &[], String::new(), Duration::from_secs(1)).await {
                Called::Answered { status: 200, .. } => return Ok(()),
                Called::Answered { status, body } => format!("HTTP {status} {body}"),
                Called::NotReached(problem) => problem,
                Called::TooLate => "no answer within a second".to_owned(),
            };
            pause(Duration::from_millis(READY_POLL_MS)).await;
        }
        bail!("the bot was not ready within {READY_WITHIN_MS} ms ({latest}):\n{}", self.log_tail(20).join("\n"))
    }

    /// Kills the process without a chance to tidy up, as `kill -9` or a power failure would.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill().await.context("could not kill the bot")?;
        }
        Ok(())
    }

    pub fn is_running(&mut self) -> bool {
        let Some(process) = self.process.as_mut() else { return false };
        let is_running = matches!(process.try_wait(), Ok(None));
        if !is_running {
            self.process = None;
        }
        is_running
    }

    /// The latest lines that it printed, oldest first.
    pub fn log_tail(&self, lines: usize) -> Vec<String> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().skip(log.len().saturating_sub(lines)).cloned().collect()
    }
}

fn keep_lines(stream: Option<impl AsyncRead + Unpin + Send + 'static>, log: &Arc<Mutex<VecDeque<String>>>) {
    let Some(stream) = stream else { return };
    let log = Arc::clone(log);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            if log.len() >= LOG_LINES_MAX {
                log.pop_front();
            }
            log.push_back(line);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(program: &str) -> Launch {
        Launch {
            program: program.into(),
            directory: std::env::temp_dir(),
            environment: Vec::new(),
            health_url: "http://127.0.0.1:9/healthz".into(),
        }
    }

    #[tokio::test]
    async fn a_bot_that_ends_at_once_is_reported_with_what_it_said() {
        let problem = Bot::new().start(&launch("/bin/false")).await.unwrap_err();
        assert!(problem.to_string().contains("stopped right after its start"), "{problem}");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let problem = Bot::new().start(&launch("/nowhere/daypass")).await.unwrap_err();
        assert!(problem.to_string().contains("/nowhere/daypass"), "{problem}");
    }
}
