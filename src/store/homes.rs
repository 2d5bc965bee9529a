//! Home tabs, as rows of the outbox: one for each person who has ever opened theirs. A home tab stands nowhere by a number of its
//! own; it is drawn whole for its person, and not more often than every few seconds.

use std::time::Duration;

use super::error::StoreError;
use super::outbox::{MessageKey, read_key};
use super::reader::Reader;
use super::tx::Tx;
use crate::access::time::Timestamp;

/// The kind of a home tab in the outbox.
pub const HOME: &str = "home";

impl Reader<'_> {
    /// The home tab of everybody who has opened theirs.
    pub fn homes(&self) -> Result<Vec<MessageKey>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT kind, about, audience_kind, audience FROM outbox WHERE kind = ?1";
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map([HOME], |row| Ok(read_key(row)))?;
            rows.map(|row| row?).collect()
        })
    }
}

impl Tx<'_> {
    /// Says that a home tab is outdated, or is to be shown for the first time. It is due at once, but not before `pause` has passed
    /// since it was drawn last.
    pub fn home_is_stale(&mut self, key: &MessageKey, at: Timestamp, pause: Duration) -> Result<(), StoreError> {
        let (kind, about, audience_kind, audience) = key.columns();
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        self.run(|conn| {
            let sql = "INSERT INTO outbox
                           (kind, about, audience_kind, audience, style, revision, delivered, stale_since, due_at, attempts, reposts)
                       VALUES (?1, ?2, ?3, ?4, 'convergent', 1, 0, ?5, ?5, 0, 0)
                       ON CONFLICT (kind, about, audience_kind, audience) DO UPDATE SET
                           revision = revision + 1, stale_since = COALESCE(stale_since, ?5),
                           due_at = COALESCE(due_at, MAX(?5, COALESCE(written_at + ?6, ?5)))";
            conn.prepare_cached(sql)?.execute((kind, about, audience_kind, audience, at.as_millis(), pause))?;
            Ok(())
        })
    }

    /// Notes that a home tab was drawn as of `revision`. If it has become stale again meanwhile it stays so, for `pause`.
    pub fn home_is_shown(&mut self, key: &MessageKey, revision: u64, at: Timestamp, pause: Duration) -> Result<(), StoreError> {
        let (kind, about, audience_kind, audience) = key.columns();
        let next = at.plus(pause).as_millis();
        self.run(|conn| {
            let sql = "UPDATE outbox SET delivered = MAX(delivered, ?5), attempts = 0, error = NULL, written_at = ?6,
                           stale_since = CASE WHEN revision <= ?5 THEN NULL ELSE stale_since END,
                           due_at = CASE WHEN revision <= ?5 THEN NULL ELSE ?7 END
                       WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4 AND revision >= ?5";
            let row = (kind, about, audience_kind, audience, revision, at.as_millis(), next);
            conn.prepare_cached(sql)?.execute(row)?;
            Ok(())
        })
    }

    /// Forgets a home tab that cannot be shown. It comes back when it is opened again.
    pub fn forget_home(&mut self, key: &MessageKey) -> Result<(), StoreError> {
        let key = key.columns();
        self.run(|conn| {
            let sql = "DELETE FROM outbox WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4";
            conn.prepare_cached(sql)?.execute(key)?;
            Ok(())
        })
    }
}
