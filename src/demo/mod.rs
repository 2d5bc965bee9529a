//! `daypass demo`: the real bot against a stand-in for Slack and a stand-in for a provider, in one window.
//!
//! This is the outside world. It imports nothing of the bot: the bot runs as a process of its own and is met at the doors that
//! Slack, providers and operators use. The emulator and the sandbox are also the fakes of the integration tests.

mod admin;
mod child;
mod clock;
pub mod emulator;
pub mod gate;
mod loopback;
mod policies;
pub mod sandbox;
mod script;
mod stage;
mod tamper;
mod web;

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use tokio::signal::unix::{Signal, SignalKind, signal};

use stage::{Keep, Meeting, Stage};

/// How to run the demo.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port of the page; any free one if none is given.
    pub port: Option<u16>,
    /// Keep the scratch directory at the end.
    pub keep: bool,
    /// Play the story without a page, and end.
    pub script: bool,
    /// Open the page in the browser.
    pub open_browser: bool,
    /// The bot meets Slack by Socket Mode, not over HTTP.
    pub socket_mode: bool,
}

/// Runs the demo until it is interrupted, or the script until its end.
pub async fn run(options: Options) -> anyhow::Result<()> {
    // Listening comes first, so that an early Ctrl-C leaves nothing behind either.
    let mut told = Told::listen()?;
    let keep = if options.keep { Keep::ScratchDirectory } else { Keep::Nothing };
    let program = std::env::current_exe().context("could not find this program itself")?;
    let meeting = if options.socket_mode { Meeting::BySockets } else { Meeting::OverHttp };
    let stage = Stage::set_up(keep, meeting, program).await?;
    let shown = tokio::select! {
        shown = show(&stage, &options) => shown,
        // An interrupted script has shown nothing.
        () = told.until_stopped() => if options.script { Err(anyhow!("interrupted")) } else { Ok(()) },
    };
    stage.end().await?;
    shown
}

/// Plays the script, or serves the page for as long as it is awaited.
async fn show(stage: &Arc<Stage>, options: &Options) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    stage.start_bot().await?;
    stage.pin_buttons().await?;
    if options.script {
        return script::play(stage, &mut out).await;
    }
    let page = web::open(Arc::clone(stage), options.port).await.context("could not serve the page")?;
    writeln!(out, "The demo runs at\n\n  {}\n", page.url)?;
    writeln!(out, "Its state is in {}. Ctrl-C ends it.", stage.scratch().display())?;
    if options.open_browser {
        open_browser(&page.url);
    }
    std::future::pending().await
}

/// The ways in which a terminal or an init system tells a program to stop.
struct Told {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Told {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("could not listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn until_stopped(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Asks the desktop to show the page. Where there is no desktop, the address in the terminal is enough.
fn open_browser(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let _ = tokio::process::Command::new(opener).arg(url).spawn();
}
