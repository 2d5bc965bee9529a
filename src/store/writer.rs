//! The one thread that writes: it takes what has queued up, runs it in one transaction, commits once, then answers everybody.
//!
//! A job that fails is rolled back to its savepoint and harms nobody. When the commit itself fails, nothing of the batch counts
//! and everybody is told so, since each may have seen what its neighbours had written.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use super::Health;
use super::error::StoreError;
use super::place::Place;
use super::tx::{State, Tx};
use crate::access::time::Timestamp;

/// How many jobs go into one commit, at most: a bound on how long the first of them waits.
pub(super) const BATCH_JOBS_MAX: usize = 256;

/// How much is written to find out whether the disk takes writes again. More than one page, so that the file has to grow.
const PROBE_BYTES: i64 = 64 * 1024;

/// What others see of the writer.
#[derive(Debug)]
pub(super) struct Shared {
    pub health: Mutex<Health>,
    pub last_time_ms: AtomicI64,
    pub commits: AtomicU64,
    pub jobs: AtomicU64,
}

impl Shared {
    pub fn new(last_time: Timestamp) -> Shared {
        Shared {
            health: Mutex::new(Health::Sound),
            last_time_ms: AtomicI64::new(last_time.as_millis()),
            commits: AtomicU64::new(0),
            jobs: AtomicU64::new(0),
        }
    }

    pub fn health(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_health(&self, health: Health) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }
}

/// Work for the writer.
pub(super) trait Job: Send {
    /// Does the work. The answer is held back until the commit.
    fn run(self: Box<Self>, tx: &mut Tx<'_>) -> Done;
    /// Answers without doing it.
    fn refuse(self: Box<Self>, why: StoreError);
}

/// Tells the asker what became of their work, once that is known.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Work that was done but is not committed.
pub(super) struct Done {
    kept: bool,
    answer: Answer,
}

/// A closure and the one who waits for its result.
pub(super) struct Asked<F, T, E> {
    pub job: F,
    pub asker: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Asked<F, T, E>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn run(self: Box<Self>, tx: &mut Tx<'_>) -> Done {
        let Asked { job, asker } = *self;
        // What a panicking job left half done is rolled back with its savepoint, in memory as well as in the database.
        let result = catch_unwind(AssertUnwindSafe(|| job(tx))).unwrap_or_else(|_| {
            error!("a job for the database panicked; it was rolled back");
            Err(E::from(StoreError::Panicked))
        });
        // A job that shrugs off a failed change would leave half of it behind.
        let result = if tx.is_spoiled() { result.and(Err(E::from(StoreError::HalfDone))) } else { result };
        let kept = result.is_ok();
        // Whoever no longer waits has gone away by their own will; the work stands all the same.
        let answer = move |committed: Result<(), StoreError>| {
            drop(asker.send(committed.map_err(E::from).and(result)));
        };
        Done { kept, answer: Box::new(answer) }
    }

    fn refuse(self: Box<Self>, why: StoreError) {
        drop(self.asker.send(Err(E::from(why))));
    }
}

/// The writing connection with all that belongs to it.
pub(super) struct Writer {
    pub conn: Connection,
    pub state: State,
    pub shared: Arc<Shared>,
    /// The token by which this process holds the lease.
    pub token: String,
    /// Holds the lock on the directory until the connection is closed.
    pub place: Place,
}

impl Writer {
    /// Works until nobody can ask any more.
    pub fn run(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        let mut batch = Vec::new();
        while jobs.blocking_recv_many(&mut batch, BATCH_JOBS_MAX) > 0 {
            self.serve(std::mem::take(&mut batch));
        }
        self.close();
    }

    pub(super) fn serve(&mut self, batch: Vec<Box<dyn Job>>) {
        let refusal = match self.shared.health() {
            Health::Sound => None,
            Health::Broken { .. } => self.probe().err(),
            Health::Usurped { by } => Some(format!("{by} has taken over the data directory")),
        };
        if let Some(why) = refusal {
            batch.into_iter().for_each(|job| job.refuse(StoreError::NotRecorded(why.clone())));
            return;
        }
        let before = self.state.clone();
        let mut answers = Vec::with_capacity(batch.len());
        let mut jobs = batch.into_iter();
        let committed = self.transact(&mut jobs, &mut answers);
        match &committed {
            Ok(()) => {
                self.shared.commits.fetch_add(1, Ordering::Relaxed);
                self.shared.jobs.fetch_add(answers.len() as u64, Ordering::Relaxed);
                self.shared.last_time_ms.store(self.state.last_time.as_millis(), Ordering::Release);
                self.shared.set_health(Health::Sound);
                if std::mem::take(&mut self.state.empties_write_ahead) {
                    self.empty_write_ahead();
                }
            }
            Err(health) => {
                self.state = before;
                self.roll_back();
                error!("nothing of {} jobs was recorded: {}", answers.len(), health.why());
                self.shared.set_health(health.clone());
            }
        }
        let committed = committed.map_err(|health| health.why());
        for answer in answers {
            answer(committed.clone().map_err(StoreError::NotRecorded));
        }
        let left_over = committed.err().unwrap_or_default();
        jobs.for_each(|job| job.refuse(StoreError::NotRecorded(left_over.clone())));
    }

    /// Moves everything into the database and cuts the write-ahead log to nothing. Who reads at that moment may keep it from that.
    fn empty_write_ahead(&self) {
        let busy = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        if busy.as_ref().ok() != Some(&0) {
            warn!(
                ?busy,
                "what was erased may stand in the write-ahead log until it is written over, at the latest at the next stop"
            );
        }
    }

    /// One transaction, one commit. On an error nothing of it counts.
    fn transact(&mut self, jobs: &mut impl Iterator<Item = Box<dyn Job>>, answers: &mut Vec<Answer>) -> Result<(), Health> {
        let broken = |error: rusqlite::Error| Health::Broken { why: error.to_string() };
        self.conn.execute_batch("BEGIN IMMEDIATE").map_err(broken)?;
        self.check_lease()?;
        let before = self.state.clone();
        for job in jobs {
            let kept = self.state.clone();
            self.conn.execute_batch("SAVEPOINT job").map_err(broken)?;
            let mut tx = Tx::new(&self.conn, &mut self.state);
            let done = job.run(&mut tx);
            let damage = tx.into_damage();
            answers.push(done.answer);
            if let Some(why) = damage {
                return Err(Health::Broken { why });
            }
            if self.conn.is_autocommit() {
                return Err(Health::Broken { why: "the database gave up the transaction".to_owned() });
            }
            if done.kept {
                self.conn.execute_batch("RELEASE job").map_err(broken)?;
            } else {
                self.state = kept;
                self.conn.execute_batch("ROLLBACK TO job; RELEASE job").map_err(broken)?;
            }
        }
        if self.state != before {
            self.save_state().map_err(|error| Health::Broken { why: error.to_string() })?;
        }
        self.conn.execute_batch("COMMIT").map_err(broken)
    }

    fn save_state(&self) -> Result<(), StoreError> {
        let head = self.state.frontier.head()?;
        let sql = "UPDATE meta SET last_time = ?1, audit_size = ?2, audit_root = ?3";
        let params = (self.state.last_time.as_millis(), head.size, head.root.as_slice());
        self.conn.prepare_cached(sql)?.execute(params)?;
        Ok(())
    }

    /// Whether the lease is still ours. It is not when somebody removed the lock file and started a second process.
    fn check_lease(&self) -> Result<(), Health> {
        let sql = "SELECT token, pid, host FROM leases WHERE name = 'writer'";
        let read = || self.conn.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional();
        let held: Option<(String, u32, String)> = read().map_err(|error| Health::Broken { why: error.to_string() })?;
        match held {
            Some((token, _, _)) if token == self.token => Ok(()),
            Some((_, pid, host)) => Err(Health::Usurped { by: format!("process {pid} on host {host}") }),
            None => Err(Health::Usurped { by: "somebody who left no name".to_owned() }),
        }
    }

    /// Asks the disk whether it takes writes again, by a commit of its own.
    fn probe(&self) -> Result<(), String> {
        let sql = "BEGIN IMMEDIATE; INSERT INTO probe (filler) VALUES (zeroblob(?1)); DELETE FROM probe; COMMIT";
        let attempt = || -> rusqlite::Result<()> {
            for step in sql.split(';') {
                let mut statement = self.conn.prepare(step)?;
                match statement.parameter_count() {
                    0 => statement.execute([])?,
                    _ => statement.execute([PROBE_BYTES])?,
                };
            }
            Ok(())
        };
        attempt().map_err(|error| {
            self.roll_back();
            error.to_string()
        })
    }

    fn roll_back(&self) {
        if !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("ROLLBACK")
        {
            error!("the database did not roll back: {error}");
        }
    }

    /// Gives the lease back and closes the database, then the lock.
    pub(super) fn close(self) {
        let Writer { conn, token, place, .. } = self;
        let released = conn.execute("DELETE FROM leases WHERE name = 'writer' AND token = ?1", [token]);
        if let Err(error) = released {
            error!("the lease on the database was not given back: {error}");
        }
        if let Err((_, error)) = conn.close() {
            error!("the database did not close cleanly: {error}");
        }
        drop(place);
    }
}
