//! Which digest was posted last, and what one has to count.

use rusqlite::OptionalExtension as _;

use super::error::StoreError;
use super::reader::Reader;
use super::tx::Tx;
use crate::access::time::Timestamp;

impl Reader<'_> {
    /// Up to when digests have told what happened; `None` before the first.
    pub fn digest_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.run(|conn| {
            let at: Option<i64> = conn.prepare_cached("SELECT digest_at FROM meta")?.query_row([], |row| row.get(0))?;
            Ok(at.map(Timestamp::from_millis))
        })
    }

    /// How many grants were told to be late for the first time from then on and before that.
    pub fn late_ends(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        self.run(|conn| {
            let sql = "SELECT COUNT(DISTINCT about) FROM audit WHERE kind = 'grant.overdue' AND at >= ?1 AND at < ?2
                       AND json_extract(leaf, '$.event.alarm') = 1";
            let times = (from.as_millis(), until.as_millis());
            Ok(conn.prepare_cached(sql)?.query_row(times, |row| row.get(0))?)
        })
    }
}

impl Tx<'_> {
    /// Notes up to when digests have told what happened.
    pub fn note_digest(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.run(|conn| {
            conn.prepare_cached("UPDATE meta SET digest_at = ?1")?.execute([at.as_millis()])?;
            Ok(())
        })
    }

    /// Takes back the digests that Slack has not taken yet, since a later one is about to tell all of it. Gives the moment from which
    /// on the earliest of them would have told.
    pub fn take_back_digests(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.run(|conn| {
            let waiting = "kind GLOB 'digest/*' AND delivered = 0";
            let sql = format!("SELECT about FROM outbox WHERE {waiting} ORDER BY CAST(about AS INTEGER) LIMIT 1");
            let about: Option<String> = conn.prepare_cached(&sql)?.query_row([], |row| row.get(0)).optional()?;
            conn.prepare_cached(&format!("DELETE FROM outbox WHERE {waiting}"))?.execute([])?;
            Ok(about.and_then(|about| about.parse().ok()).map(Timestamp::from_millis))
        })
    }
}
