//! What can go wrong between a use case and the database.

use std::error::Error;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::access::apply::IllegalEvent;
use crate::audit::leaf::LeafError;
use crate::audit::tree::BrokenTree;

/// Why something was not read or not recorded.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The commit did not happen, or may not be claimed to have: nothing of it counts.
    #[error("nothing was recorded: {0}")]
    NotRecorded(String),
    /// The disk under the database fails or is full.
    #[error("the database cannot be read or written: {0}")]
    Disk(String),
    /// Somebody else changed the row since it was read.
    #[error("{about} was changed by somebody else in the meantime")]
    Raced {
        /// The row.
        about: String,
    },
    /// An event is about a row that does not exist.
    #[error("there is no {about}")]
    Missing {
        /// The row.
        about: String,
    },
    /// An event does not fit the row that it is about.
    #[error(transparent)]
    Illegal(#[from] Box<IllegalEvent>),
    /// A stored row is not one that this version could have written.
    #[error("the stored {what} cannot be read: {problem}")]
    Unreadable {
        /// Which row.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An event has no leaf in the audit log.
    #[error("the event cannot be written to the audit log")]
    Leaf(#[from] LeafError),
    /// The tree over the audit log is incomplete.
    #[error(transparent)]
    Tree(#[from] BrokenTree),
    /// A rule of the database forbids it: a CHECK, a foreign key, a uniqueness or a trigger.
    #[error("a rule of the database forbids it: {0}")]
    Forbidden(String),
    /// Any other answer of the database.
    #[error("the database said no")]
    Database(#[source] Box<dyn Error + Send + Sync>),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    /// A change failed, and the job went on as if it had not; nothing of the job was kept.
    #[error("a part of the work failed, so that none of it was kept")]
    HalfDone,
    /// The job panicked; nothing of it was kept.
    #[error("an internal error stopped the work on the database; nothing of it was kept")]
    Panicked,
    /// The store is shut down.
    #[error("the database is closed")]
    Closed,
}

impl StoreError {
    /// Whether it says something about the disk, and so about everybody's work, rather than about this job.
    pub fn is_damage(&self) -> bool {
        matches!(self, StoreError::Disk(_))
    }
}

impl From<IllegalEvent> for StoreError {
    fn from(illegal: IllegalEvent) -> StoreError {
        StoreError::Illegal(Box::new(illegal))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::FileLockingProtocolFailed,
            ) => StoreError::Disk(error.to_string()),
            Some(ErrorCode::ConstraintViolation) => StoreError::Forbidden(error.to_string()),
            _ => StoreError::Database(Box::new(error)),
        }
    }
}

/// Why the store does not open. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be made or used.
    #[error("the data directory `{}` cannot be used", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Others could put files in the data directory.
    #[error("others may write to the data directory `{}`; run `chmod 700` on it, or choose one of its own", dir.display())]
    DirectoryTooOpen {
        /// The directory.
        dir: PathBuf,
    },
    /// The data directory is not on a disk of this machine.
    #[error("the data directory `{}` is on {kind}, where SQLite can lose commits; choose one on a local disk", dir.display())]
    NetworkFileSystem {
        /// The directory.
        dir: PathBuf,
        /// The kind of file system.
        kind: String,
    },
    /// Another process has it open.
    #[error("the data directory `{}` is in use by {holder}; stop that one first", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// Who has it: `process 4711 on host db1`.
        holder: String,
    },
    /// SQLite is too old.
    #[error("SQLite {found} can lose commits (its WAL-reset bug); 3.51.3 is the oldest that does not")]
    SqliteTooOld {
        /// The version that is linked in.
        found: String,
    },
    /// The database was written by a later version of Daypass.
    #[error(
        "the database has schema {found}, and this version knows up to {known}; install the version that wrote it, or a later one"
    )]
    SchemaTooNew {
        /// The schema's number.
        found: i64,
        /// The latest that is known here.
        known: i64,
    },
    /// The database was written by an earlier version of Daypass, and must not be changed by whoever asks.
    #[error("the database has schema {found}, and this version reads {known}; run `daypass db migrate`, or start the bot")]
    SchemaTooOld {
        /// The schema's number.
        found: i64,
        /// The one that is known here.
        known: i64,
    },
    /// There is none, and none is to be made.
    #[error("there is no database in `{}`; `DAYPASS_DATA_DIR` says where to look", dir.display())]
    NoDatabase {
        /// The directory.
        dir: PathBuf,
    },
    /// The file is the database of something else.
    #[error("`{}` is not a database of Daypass", file.display())]
    NotOurs {
        /// The file.
        file: PathBuf,
    },
    /// The audit log ends elsewhere than its head says: rows were removed or added behind our back.
    #[error("the audit log has {found} entries, and its head says {expected}; restore the database from a backup")]
    LogCut {
        /// How many there are.
        found: u64,
        /// How many there should be.
        expected: u64,
    },
    /// The audit log's last root is not that of its head.
    #[error("the audit log's hashes over {size} entries differ from its head; restore the database from a backup")]
    LogChanged {
        /// How many entries there are.
        size: u64,
    },
    /// The database itself.
    #[error("the database cannot be opened")]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> OpenError {
        OpenError::Store(StoreError::from(error))
    }
}
