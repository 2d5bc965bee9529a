//! The inbox: what came in, so that what comes twice is done once and answered twice; and what is answered later.
//!
//! It keeps no payload of its own accord, only what a use case hands it.

use std::time::Duration;

use rusqlite::OptionalExtension;

use super::error::StoreError;
use super::reader::Reader;
use super::tx::Tx;
use crate::access::time::Timestamp;

/// Whether something came in before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbox {
    /// It did not; it is noted now.
    New,
    /// It did.
    Seen {
        /// The answer it got, as JSON; `None` while it has none.
        answer: Option<String>,
    },
}

/// Something that was acknowledged before it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deferred {
    /// Its key.
    pub key: String,
    /// When it came in.
    pub at: Timestamp,
    /// What the use case needs to decide it, in a form of its own.
    pub payload: String,
}

/// How long a signature is remembered: the 5 minutes either way within which it is valid, and one to spare.
pub const SIGNATURE_KEPT: Duration = Duration::from_secs(11 * 60);

/// How many rows a purge removes at a time, so that nobody waits long behind it.
const PURGE_ROWS: u32 = 1000;

impl Tx<'_> {
    /// Notes that something came in, under the sender's own id for it. `expires` is when it may be forgotten.
    pub fn inbox_begin(&mut self, key: &str, at: Timestamp, expires: Timestamp) -> Result<Inbox, StoreError> {
        self.note_time(at);
        self.run(|conn| {
            let sql = "INSERT INTO inbox (key, at, expires) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING";
            if conn.prepare_cached(sql)?.execute((key, at.as_millis(), expires.as_millis()))? == 1 {
                return Ok(Inbox::New);
            }
            let answer = conn.prepare_cached("SELECT answer FROM inbox WHERE key = ?1")?.query_row([key], |row| row.get(0))?;
            Ok(Inbox::Seen { answer })
        })
    }

    /// Keeps the answer (JSON) for when the same comes in again. The first answer stands.
    pub fn inbox_answer(&mut self, key: &str, answer: &str) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "UPDATE inbox SET answer = ?2, deferred = NULL WHERE key = ?1 AND answer IS NULL";
            conn.prepare_cached(sql)?.execute((key, answer))?;
            Ok(())
        })
    }

    /// Keeps what is needed to answer later; it is found by [`Reader::deferred`] until it is answered.
    pub fn inbox_defer(&mut self, key: &str, payload: &str) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "UPDATE inbox SET deferred = ?2 WHERE key = ?1 AND answer IS NULL";
            let changed = conn.prepare_cached(sql)?.execute((key, payload))?;
            if changed == 1 { Ok(()) } else { Err(StoreError::Missing { about: format!("unanswered `{key}`") }) }
        })
    }

    /// Notes a request's signature by its hash. `false` when it was noted before: somebody sends a captured request again.
    pub fn signature_is_new(&mut self, hash: &[u8; 32], at: Timestamp) -> Result<bool, StoreError> {
        self.run(|conn| {
            let sql = "INSERT INTO signatures (hash, expires) VALUES (?1, ?2)
                       ON CONFLICT (hash) DO UPDATE SET expires = excluded.expires WHERE expires <= ?3";
            let expires = at.plus(SIGNATURE_KEPT).as_millis();
            Ok(conn.prepare_cached(sql)?.execute((hash.as_slice(), expires, at.as_millis()))? == 1)
        })
    }

    /// Forgets what has expired and was answered, up to a bound. Returns how many rows; zero means nothing is left to forget.
    pub fn purge(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        self.run(|conn| {
            let sql = "DELETE FROM inbox WHERE key IN
                       (SELECT key FROM inbox WHERE expires <= ?1 AND (deferred IS NULL OR answer IS NOT NULL) LIMIT ?2)";
            let inbox = conn.prepare_cached(sql)?.execute((now.as_millis(), PURGE_ROWS))?;
            let sql = "DELETE FROM signatures WHERE hash IN (SELECT hash FROM signatures WHERE expires <= ?1 LIMIT ?2)";
            Ok(inbox + conn.prepare_cached(sql)?.execute((now.as_millis(), PURGE_ROWS))?)
        })
    }
}

impl Reader<'_> {
    /// What was acknowledged and still waits for its decision, oldest first, at most `limit`.
    pub fn deferred(&self, limit: u32) -> Result<Vec<Deferred>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT key, at, deferred FROM inbox WHERE deferred IS NOT NULL AND answer IS NULL ORDER BY at LIMIT ?1";
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map([limit], |row| {
                Ok(Deferred { key: row.get(0)?, at: Timestamp::from_millis(row.get(1)?), payload: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The answer that was kept for a key: outer `None` when it never came in.
    pub fn inbox_answer_of(&self, key: &str) -> Result<Option<Option<String>>, StoreError> {
        self.run(|conn| {
            Ok(conn.prepare_cached("SELECT answer FROM inbox WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()?)
        })
    }
}
