//! Questions about locks.

use super::error::StoreError;
use super::reader::Reader;
use super::rows::lock;
use super::tx::Tx;
use crate::access::ids::{GrantId, LockId, PersonId};
use crate::access::lock::Lock;
use crate::access::time::Timestamp;

impl Reader<'_> {
    /// The lock with this number.
    pub fn lock(&self, id: LockId) -> Result<Option<Lock>, StoreError> {
        self.run(|conn| lock::load(conn, id))
    }

    /// Locks that nobody has lifted and whose end was not noticed yet, oldest first.
    pub fn standing_locks(&self) -> Result<Vec<Lock>, StoreError> {
        self.run(|conn| lock::load_all(conn, "SELECT * FROM locks WHERE state = 'in_force' ORDER BY id", []))
    }

    /// Locks that stand, and those of which something that they take back was not over the last time it was looked at, oldest first.
    pub fn unsettled_locks(&self) -> Result<Vec<Lock>, StoreError> {
        let sql = "SELECT * FROM locks WHERE state = 'in_force' OR cleared_at IS NULL ORDER BY id";
        self.run(|conn| lock::load_all(conn, sql, []))
    }

    /// Locks whose time is over by `now`, the longest over first, at most `limit`.
    pub fn due_locks(&self, now: Timestamp, limit: u32) -> Result<Vec<LockId>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT id FROM locks WHERE due_at IS NOT NULL AND due_at <= ?1 ORDER BY due_at, id LIMIT ?2";
            let mut statement = conn.prepare_cached(sql)?;
            let ids = statement.query_map((now.as_millis(), limit), |row| row.get(0).map(LockId::from_number))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// The locks that take this grant back.
    pub fn locks_ending(&self, grant: GrantId) -> Result<Vec<LockId>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT id FROM locks WHERE EXISTS (SELECT 1 FROM json_each(accesses) WHERE value = ?1) ORDER BY id";
            let mut statement = conn.prepare_cached(sql)?;
            let ids = statement.query_map([grant.number()], |row| row.get(0).map(LockId::from_number))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// Locks that this person set with a reason.
    pub fn locks_with_words_of(&self, person: &PersonId) -> Result<Vec<LockId>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT id FROM locks WHERE set_by = ?1 AND reason <> '' ORDER BY id";
            let mut statement = conn.prepare_cached(sql)?;
            let ids = statement.query_map([person.as_str()], |row| row.get(0).map(LockId::from_number))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }
}

impl Tx<'_> {
    /// A fresh number for a lock. Numbers of jobs that were rolled back are given again.
    pub fn reserve_lock_id(&mut self) -> Result<LockId, StoreError> {
        self.reserve("lock").map(LockId::from_number)
    }
}
