//! The store: one SQLite database, one thread that writes, a few that read. SQL stays in here.
//!
//! Rows say what is; the audit log says how it came to be; both change in the same transaction or not at all. The store knows
//! no policy and no Slack, and decides nothing: what may happen is decided in `access`, from what a [`Reader`] or [`Tx`] shows.
//!
//! Architecture invariant: no job does anything but read and write rows. Whatever waits for the network waits outside.

mod away;
mod digest;
pub mod erase;
mod error;
mod feedback;
pub mod homes;
mod inbox;
mod kept;
mod locks;
pub mod log;
mod migrate;
mod open;
pub mod outbox;
pub mod pages;
mod peek;
mod place;
mod reader;
mod replay;
mod rows;
mod tx;
mod writer;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

pub use error::{OpenError, StoreError};
pub use inbox::{Deferred, Inbox};
pub use peek::peek;
pub use reader::{Counts, Reader};
pub use replay::{Replayed, replay};
pub use tx::Tx;

use crate::access::time::Timestamp;
use crate::audit::Problem;
use crate::audit::tree::Head;
use writer::{Asked, Job, Shared};

/// How many jobs may wait for the writer. Beyond it, those who ask wait for a place.
const WRITES_WAITING_MAX: usize = 1024;
/// How many questions may wait for a reader.
const READS_WAITING_MAX: usize = 256;
/// How many threads answer questions.
const READERS: usize = 3;

/// The database, shared by everybody. Cloning it is cheap. It closes when the last clone is dropped, and that waits for the
/// work that was accepted.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// Whether what is written is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It is.
    Sound,
    /// The last commit failed. Writes are refused until a probe succeeds; one is made before each batch. Reads go on.
    Broken {
        /// What the database said.
        why: String,
    },
    /// Another process has taken the data directory over. Nothing is written any more; this process should end.
    Usurped {
        /// Which one.
        by: String,
    },
}

impl Health {
    fn why(&self) -> String {
        match self {
            Health::Sound => String::new(),
            Health::Broken { why } => why.clone(),
            Health::Usurped { by } => format!("{by} has taken over the data directory"),
        }
    }
}

/// What the writer has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterStats {
    /// Commits, each of which waited once for the disk.
    pub commits: u64,
    /// Jobs in them.
    pub jobs: u64,
}

type Question = Box<dyn FnOnce(&Connection) + Send>;

struct Inner {
    installation: String,
    shared: Arc<Shared>,
    writes: Option<mpsc::Sender<Box<dyn Job>>>,
    reads: Option<mpsc::Sender<Question>>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Without senders the threads finish what they have and end.
        self.reads = None;
        self.writes = None;
        for thread in self.threads.drain(..).filter(|thread| thread.thread().id() != std::thread::current().id()) {
            if thread.join().is_err() {
                error!("a thread of the database panicked");
            }
        }
    }
}

impl Store {
    /// Opens the database in `dir`, makes it if it is missing, and brings its schema up to date.
    ///
    /// `now` dates what is made; it does not become the latest recorded time of a database that exists.
    ///
    /// # Errors
    ///
    /// [`OpenError`], whose sentence says what to do: another process has it open, the directory is not private or not on a
    /// local disk, SQLite is too old, the file is something else or of a later version, or the log has lost its end.
    pub fn open(dir: &Path, now: Timestamp) -> Result<Store, OpenError> {
        let opened = open::open(dir, now)?;
        let (writes, jobs) = mpsc::channel(WRITES_WAITING_MAX);
        let (reads, questions) = mpsc::channel::<Question>(READS_WAITING_MAX);
        let questions = Arc::new(Mutex::new(questions));
        let shared = Arc::clone(&opened.writer.shared);
        let mut threads = Vec::new();
        let failed = |source| OpenError::Directory { dir: dir.to_owned(), source };
        for conn in opened.readers {
            let questions = Arc::clone(&questions);
            let thread = std::thread::Builder::new().name("store-reader".to_owned()).spawn(move || answer(&conn, &questions));
            threads.push(thread.map_err(failed)?);
        }
        let writer = opened.writer;
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || writer.run(jobs));
        threads.push(thread.map_err(failed)?);
        let inner = Inner { installation: opened.installation, shared, writes: Some(writes), reads: Some(reads), threads };
        Ok(Store { inner: Arc::new(inner) })
    }

    /// Runs a job in the next transaction and answers after its commit: what it returned is durable then.
    ///
    /// When the job returns an error, all that it wrote is undone. When the commit fails, the answer is
    /// [`StoreError::NotRecorded`], whatever the job returned. A caller that stops waiting does not stop the job.
    pub async fn write<T, E>(&self, job: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (asker, answer) = oneshot::channel();
        let writes = self.inner.writes.as_ref().ok_or(StoreError::Closed)?;
        writes.send(Box::new(Asked { job, asker })).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or_else(|_| Err(E::from(StoreError::Closed)))
    }

    /// [`Store::write`] for threads outside the runtime. Panics inside it, as every blocking wait there does.
    pub fn write_blocking<T, E>(&self, job: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (asker, answer) = oneshot::channel();
        let writes = self.inner.writes.as_ref().ok_or(StoreError::Closed)?;
        writes.blocking_send(Box::new(Asked { job, asker })).map_err(|_| StoreError::Closed)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(E::from(StoreError::Closed)))
    }

    /// Answers a question from one consistent view of what is committed.
    pub async fn read<T>(
        &self,
        question: impl FnOnce(&Reader<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
    {
        let (asker, answer) = oneshot::channel();
        let reads = self.inner.reads.as_ref().ok_or(StoreError::Closed)?;
        reads.send(asked(question, asker)).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// [`Store::read`] for threads outside the runtime. Panics inside it, as every blocking wait there does.
    pub fn read_blocking<T>(
        &self,
        question: impl FnOnce(&Reader<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
    {
        let (asker, answer) = oneshot::channel();
        let reads = self.inner.reads.as_ref().ok_or(StoreError::Closed)?;
        reads.blocking_send(asked(question, asker)).map_err(|_| StoreError::Closed)?;
        answer.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Whether what is written is kept.
    pub fn health(&self) -> Health {
        self.inner.shared.health()
    }

    /// The latest moment that was ever recorded here. A clock that starts before it has jumped back.
    pub fn last_time(&self) -> Timestamp {
        Timestamp::from_millis(self.inner.shared.last_time_ms.load(Ordering::Acquire))
    }

    /// This installation's id: sixteen hex digits, drawn when the database was made.
    pub fn installation(&self) -> &str {
        &self.inner.installation
    }

    /// What the writer has done since it started.
    pub fn writer_stats(&self) -> WriterStats {
        let Shared { commits, jobs, .. } = &*self.inner.shared;
        WriterStats { commits: commits.load(Ordering::Relaxed), jobs: jobs.load(Ordering::Relaxed) }
    }

    /// Recomputes the whole audit log and compares it with all that is stored. The inner error is the first problem.
    pub async fn verify_audit(&self) -> Result<Result<Head, Problem>, StoreError> {
        self.read(|reader| reader.verify_audit()).await
    }
}

fn asked<T: Send + 'static>(
    question: impl FnOnce(&Reader<'_>) -> Result<T, StoreError> + Send + 'static,
    asker: oneshot::Sender<Result<T, StoreError>>,
) -> Question {
    Box::new(move |conn| {
        let ask = || {
            let view = conn.unchecked_transaction()?;
            let result = question(&Reader::new(&view))?;
            view.finish()?;
            Ok(result)
        };
        let result = catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| {
            error!("a question to the database panicked");
            Err(StoreError::Panicked)
        });
        drop(asker.send(result));
    })
}

fn answer(conn: &Connection, questions: &Mutex<mpsc::Receiver<Question>>) {
    loop {
        let question = questions.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        match question {
            Some(question) => question(conn),
            None => return,
        }
    }
}
