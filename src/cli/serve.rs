//! `daypass serve`: puts the parts together, in the order in which they need each other, and takes them apart again.
//!
//! What can wait does not keep it from starting: without valid policies it takes no requests, and without Slack it tells
//! nobody, but what is in force ends in both cases.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::net::unix::pipe;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tracing::{debug, error, info, warn};

use super::{Done, Here};
use crate::admin::{self, Admin};
use crate::app::reveal::{HostKey, Page};
use crate::app::watch::{Look, Watch};
use crate::app::{App, Orphans, Policies, Settings};
use crate::clock::{Clock, DemoClock, SystemClock};
use crate::config::{Config, Reveal, Transport};
use crate::routes::{ANSWER_WITHIN, Reveals, Routes, Sparingly};
use crate::server::{self, Limits};
use crate::slack::client::SlackApi;
use crate::slack::command::name;
use crate::slack::socket::Socket;
use crate::store::Store;
use crate::telemetry::Metrics;
use crate::worker::{self, Schedules};

/// How long the worker may take to come to an end.
const WORKER_STOPS_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait before Slack is asked again whose token this is, at first and at most.
const ASK_AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How often Slack is asked whether it still takes the token.
const LOOK_AT_TOKEN_EVERY: Duration = Duration::from_secs(60);

/// How often the policy files are looked at. What is being written is read once it has looked the same twice.
const WATCH_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Take policy files that have no word of a resource, a role or a provider at which grants are still open. They end all the same.
    #[arg(long)]
    orphan_ok: bool,
}

pub async fn run(here: &Here, args: &Args) -> Done {
    let config = here.config()?;
    here.log(&config.basics.log)?;
    let orphans = if args.orphan_ok { Orphans::Accept } else { Orphans::Refuse };
    Ok(serve(here, config, orphans).await?)
}

fn settings(config: &Config, orphans: Orphans) -> Settings {
    Settings {
        security_channel: config.security_channel.clone(),
        digest_channel: config.digest_channel.clone(),
        fallback_channel: config.fallback_channel.clone(),
        admins: config.admins.clone(),
        orphans,
    }
}

async fn serve(here: &Here, config: Config, orphans: Orphans) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    if config.demo.is_some() {
        signals.stop.host = host();
    }
    let demo_clock = config.demo.map(|demo| Arc::new(DemoClock::starting_at(demo.start)));
    let clock: Arc<dyn Clock> = match &demo_clock {
        Some(clock) => Arc::clone(clock) as Arc<dyn Clock>,
        None => Arc::new(SystemClock),
    };
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("could not listen on {}", config.listen))?;
    let store = Store::open(&config.basics.data_dir, clock.wall())?;
    let socket = admin::Socket::open(&config.basics.data_dir).context("could not open the admin socket")?;
    let slack = SlackApi::new(&config.api_url, &config.bot_token)?;
    let watch = Watch::new(&config.basics.policies);
    let (policies, problem) = Policies::load(&config.basics.policies, here.secrets());
    if let Some(problem) = &problem {
        error!("the policy files cannot be loaded, so that no requests are taken; what is in force ends on time\n{problem}");
    }
    name::set_name(&config.command);
    let settings = settings(&config, orphans);
    let app = App::new(store, Arc::clone(&clock), slack, policies, settings);
    show_secrets(&app, config.reveal.as_ref())?;
    app.begin(problem.as_ref()).await.context("the start could not be recorded")?;
    let (signing_secrets, connections) = match config.transport {
        Transport::Http { signing_secrets } => (signing_secrets, None),
        Transport::Socket { app_token } => {
            let connections = Socket::new(&config.api_url, &app_token)?;
            app.comes_over(connections.status());
            (Vec::new(), Some(connections))
        }
    };

    let (stop, stopped) = watch::channel(false);
    let schedules = Schedules { sweep: config.basics.sweep.clone(), digest: config.basics.digest.clone() };
    let mut worker = tokio::spawn(worker::run(Arc::clone(&app), schedules, stopped.clone()));
    let asking = tokio::spawn(ask_slack(Arc::clone(&app), stopped.clone()));
    let admin = tokio::spawn(admin::serve(socket, Admin { app: Arc::clone(&app), demo_clock }, stopped.clone()));
    let routes = Routes {
        receiver: Arc::clone(&app),
        clock,
        signing_secrets,
        metrics: Arc::<Metrics>::default(),
        answer_within: ANSWER_WITHIN,
        strangers: Sparingly::default(),
        reveals: Reveals::at(config.reveal.map(|page| page.url)),
    };
    let routes = Arc::new(routes);
    let connections = tokio::spawn(connect(connections, Arc::clone(&routes), stopped.clone()));
    let server = tokio::spawn(server::serve(listener, routes, Limits::default(), stopped));
    info!(listen = %config.listen, "daypass {} is up", env!("CARGO_PKG_VERSION"));

    let ended = live(&app, watch, &mut signals, &mut worker).await;
    stop.send_replace(true);
    let tidy = async {
        // Requests first: what they decide, the worker still sees.
        report(connections.await, "the connections to Slack");
        report(server.await, "the server");
        if ended.is_ok() {
            match tokio::time::timeout(WORKER_STOPS_WITHIN, worker).await {
                Ok(done) => report(done, "the worker"),
                Err(_) => warn!("the worker was still busy; the next start goes on where it was"),
            }
        }
        report(admin.await, "the admin socket");
        report(asking.await, "the look for Slack");
    };
    tokio::select! {
        () = tidy => info!("daypass has stopped"),
        () = signals.stop.next() => warn!("stopped at once, as asked a second time; the next start goes on where it was"),
    }
    ended
}

/// Where an operator wants it, secrets of people without a key are shown on a page, under a key that is made at the first start.
fn show_secrets(app: &App, page: Option<&Reveal>) -> anyhow::Result<()> {
    let Some(Reveal { url, key_file }) = page else { return Ok(()) };
    let key = HostKey::in_file(key_file).with_context(|| format!("the key in `{}` cannot be used", key_file.display()))?;
    app.reveals_on(Page::new(url, key));
    Ok(())
}

/// Until it is told to stop. When the worker ends by itself nothing would end any more, so that the process must not go on
/// looking alive.
async fn live(app: &Arc<App>, mut watch: Watch, signals: &mut Signals, worker: &mut JoinHandle<()>) -> anyhow::Result<()> {
    let mut looks = tokio::time::interval(WATCH_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = signals.stop.next() => {
                info!("stopping");
                return Ok(());
            }
            // What came of it is logged and recorded where it is done.
            _ = signals.reload.recv() => {
                watch.forget();
                drop(app.reload().await);
            }
            // What was refused is read again when it has changed again.
            _ = looks.tick() => if watch.look() == Look::Changed {
                info!("the policy files have changed");
                drop(app.reload().await);
            },
            ended = &mut *worker => {
                let why = ended.err().map_or_else(|| "it returned".to_owned(), |problem| problem.to_string());
                anyhow::bail!("the worker ended by itself ({why}); start daypass again");
            }
        }
    }
}

/// In Socket Mode, keeps the connections to Slack until the stop.
async fn connect(connections: Option<Socket>, routes: Arc<Routes<Arc<App>>>, stop: watch::Receiver<bool>) {
    if let Some(connections) = connections {
        info!("Slack is met by Socket Mode; nothing is taken from it over HTTP");
        connections.serve(routes, stop).await;
    }
}

/// Asks Slack whose token this is until it says so. Nobody can be identified before.
async fn ask_slack(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let (mut wait, wait_max) = ASK_AGAIN;
    loop {
        match app.installed().await {
            Ok(installed) => {
                info!(team = %installed.team, "slack knows the token: it is of {}", installed.team_name);
                app.wake().notify_one();
                // The files may have changed while nobody ran.
                app.reassess_pending().await;
                return look_at_token(&app, stop).await;
            }
            // Why is logged where it was asked.
            Err(_) => debug!(again_in_secs = wait.as_secs(), "slack will be asked again whose token this is"),
        }
        if tokio::time::timeout(wait, server::told(&mut stop)).await.is_ok() {
            return;
        }
        wait = (wait * 2).min(wait_max);
    }
}

/// Looks from time to time whether Slack still takes the token, so that a revoked one is told before somebody needs it.
async fn look_at_token(app: &App, mut stop: watch::Receiver<bool>) {
    while tokio::time::timeout(LOOK_AT_TOKEN_EVERY, server::told(&mut stop)).await.is_err() {
        app.look_at_token().await;
    }
}

fn report(done: Result<(), tokio::task::JoinError>, what: &str) {
    if let Err(problem) = done {
        error!(%problem, "{what} ended badly");
    }
}

/// What an operator tells the process: stop (SIGTERM, Ctrl-C), load the policy files again (SIGHUP).
struct Signals {
    stop: StopSignals,
    reload: Signal,
}

struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    /// Closed by the end of the demo that started this process, however the demo ended. Never set outside of it.
    host: Option<pipe::Receiver>,
}

impl Signals {
    fn listen() -> anyhow::Result<Signals> {
        let listen = |kind| signal(kind).context("could not listen for signals");
        let stop =
            StopSignals { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())?, host: None };
        Ok(Signals { stop, reload: listen(SignalKind::hangup())? })
    }
}

impl StopSignals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = gone(&mut self.host) => {}
        }
    }
}

/// The pipe that the demo keeps open as long as it lives. Without one, as when somebody starts this by hand, nobody is missed.
fn host() -> Option<pipe::Receiver> {
    let stdin = std::io::stdin().as_fd().try_clone_to_owned().ok()?;
    pipe::Receiver::from_owned_fd(stdin).ok()
}

/// Comes back once, when the other end of the pipe is closed.
async fn gone(host: &mut Option<pipe::Receiver>) {
    let Some(pipe) = host else { return std::future::pending().await };
    // Nobody writes into it; what comes nevertheless means nothing.
    while matches!(pipe.read(&mut [0_u8; 64]).await, Ok(1..)) {}
    *host = None;
}
