//! The worker: makes true what is owed, in order of time, and tells people. It takes no hints: it reads the rows, so that first
//! run, retry and restart are one code path.
//!
//! Time first, then owed calls (what takes away before what gives), then messages. No call is made inside a transaction, and
//! none of the three waits for another.

mod call;
pub mod choose;
mod deliver;
mod detour;
pub mod digest;
mod door;
mod home;
mod sweep;
mod time;
mod unanswered;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, info};

use crate::access::ids::{EntitlementId, ProviderId};
use crate::access::time::Timestamp;
use crate::app::App;
use crate::store::StoreError;

/// When the safety nets run. Punctual ends do not depend on them.
#[derive(Debug, Clone)]
pub struct Schedules {
    /// The sweep: looks at what should be there and at what should not.
    pub sweep: cron::Schedule,
    /// The digest, if one is wanted.
    pub digest: Option<cron::Schedule>,
}

/// The longest sleep: even if a wake-up were lost, nothing is later than this.
pub const SLEEP_MAX: Duration = Duration::from_secs(30);

/// The shortest sleep after a round that changed nothing, so that what stays due cannot spin.
const SLEEP_MIN: Duration = Duration::from_millis(500);

/// What a worker is doing: the calls under way.
pub struct Worker {
    app: Arc<App>,
    calls: JoinSet<(EntitlementId, ProviderId)>,
    calling: BTreeSet<EntitlementId>,
    at: BTreeMap<ProviderId, usize>,
    noted_at: Timestamp,
}

/// Whether a round changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// It did: there may be more.
    Moved,
    /// It did not: nothing is due.
    Still,
}

impl Round {
    fn of(moved: usize) -> Round {
        if moved > 0 { Round::Moved } else { Round::Still }
    }
}

impl Worker {
    /// A worker that begins where the process before it left off.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn start(app: Arc<App>) -> Result<Worker, StoreError> {
        let worker = Worker {
            app,
            calls: JoinSet::new(),
            calling: BTreeSet::new(),
            at: BTreeMap::new(),
            noted_at: Timestamp::from_millis(0),
        };
        worker.abandon_calls().await?;
        Ok(worker)
    }

    /// One round: time passes, calls start. Does not wait for calls.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn round(&mut self) -> Result<Round, StoreError> {
        self.collect_calls();
        let moved = self.pass_time().await?;
        let started = self.start_calls().await?;
        Ok(Round::of(moved + started))
    }

    /// Waits until the calls under way are answered.
    pub async fn finish_calls(&mut self) {
        while let Some(done) = self.calls.join_next().await {
            self.forget_call(done);
        }
    }

    /// Whether calls are under way.
    pub fn is_calling(&self) -> bool {
        !self.calling.is_empty()
    }

    /// Delivers messages that are due. Does not need the worker's other state.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn deliver(app: &Arc<App>) -> Result<Round, StoreError> {
        deliver::deliver(app).await.map(Round::of)
    }

    /// Reminds people and pages where nobody answers. Does not need the worker's other state.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn follow_up(app: &Arc<App>) -> Result<Round, StoreError> {
        unanswered::follow_up(app).await.map(Round::of)
    }

    /// Looks at everything that should be there, and for what should not.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn sweep(app: &Arc<App>) -> Result<(), StoreError> {
        sweep::sweep(app).await
    }

    fn collect_calls(&mut self) {
        while let Some(done) = self.calls.try_join_next() {
            self.forget_call(done);
        }
    }

    fn forget_call(&mut self, done: Result<(EntitlementId, ProviderId), tokio::task::JoinError>) {
        match done {
            Ok((entitlement, provider)) => {
                self.calling.remove(&entitlement);
                if let Some(count) = self.at.get_mut(&provider) {
                    *count = count.saturating_sub(1);
                }
            }
            // The row still says that the call is under way; it is given up when its time is over.
            Err(panic) => {
                error!(%panic, "a call to a provider panicked");
                self.calling.clear();
                self.at.clear();
            }
        }
    }
}

/// Works until `stop` becomes true. Calls under way are then left to their answer, or to the next start.
pub async fn run(app: Arc<App>, schedules: Schedules, mut stop: watch::Receiver<bool>) {
    let mail = tokio::spawn(deliver_all(Arc::clone(&app), stop.clone()));
    let unanswered = tokio::spawn(unanswered::on_time(Arc::clone(&app), stop.clone()));
    let sweeps = tokio::spawn(sweep::on_schedule(Arc::clone(&app), schedules.sweep, stop.clone()));
    let digests = tokio::spawn(digest::on_schedule(Arc::clone(&app), schedules.digest, stop.clone()));
    let mut worker = loop {
        match Worker::start(Arc::clone(&app)).await {
            Ok(worker) => break worker,
            Err(problem) => {
                error!(%problem, "the worker cannot start yet");
                if rest(&mut stop, SLEEP_MAX).await {
                    return;
                }
            }
        }
    };
    while !*stop.borrow() {
        // The registration comes before the look, so that nothing that becomes due in between is missed.
        let woken = app.wake().notified();
        let round = worker.round().await.inspect_err(|problem| error!(%problem, "a round of the worker failed"));
        let wait = match round {
            Ok(Round::Moved) if !worker.is_calling() => Duration::ZERO,
            Ok(Round::Moved | Round::Still) => until_due(&app).await,
            Err(_) => SLEEP_MIN,
        };
        tokio::select! {
            () = woken => {}
            Some(done) = worker.calls.join_next() => worker.forget_call(done),
            stopped = rest(&mut stop, wait) => if stopped { break },
        }
    }
    info!("the worker stops");
    drop(tokio::time::timeout(Duration::from_secs(5), worker.finish_calls()).await);
    for task in [mail, unanswered, sweeps, digests] {
        task.abort();
    }
}

async fn until_due(app: &App) -> Duration {
    let due = app.store().read(|reader| reader.next_due()).await.ok().flatten();
    let now = app.now().at;
    due.map_or(SLEEP_MAX, |due: Timestamp| due.since(now)).clamp(SLEEP_MIN, SLEEP_MAX)
}

/// Messages have a loop of their own: a slow Slack holds up nothing else.
async fn deliver_all(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let woken = app.mail().notified();
        let round = deliver::deliver(&app).await.inspect_err(|problem| error!(%problem, "messages could not be delivered"));
        let wait = match round {
            Ok(0) | Err(_) => next_mail(&app).await,
            Ok(_) => Duration::ZERO,
        };
        tokio::select! {
            () = woken => {}
            stopped = rest(&mut stop, wait) => if stopped { break },
        }
    }
}

async fn next_mail(app: &App) -> Duration {
    let due = app.store().read(|reader| reader.next_message_due()).await.ok().flatten();
    let now = app.wall().max(app.now().at);
    due.map_or(SLEEP_MAX, |due: Timestamp| due.since(now)).clamp(SLEEP_MIN, SLEEP_MAX)
}

/// Rests for so long, or until it is time to stop; true when it is.
async fn rest(stop: &mut watch::Receiver<bool>, wait: Duration) -> bool {
    tokio::time::timeout(wait, stop.wait_for(|stopped| *stopped)).await.is_ok()
}
