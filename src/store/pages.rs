//! Pages that are owed to a provider: rows that are written with the change that makes them necessary, and tried until the
//! provider has taken them. What a page says, and calling the provider, are others' business.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};

use super::error::StoreError;
use super::reader::Reader;
use super::tx::Tx;
use crate::access::ids::RequestId;
use crate::access::time::Timestamp;

/// What has to be true at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageWanted {
    /// Somebody is paged.
    Made,
    /// It is settled.
    Resolved,
}

/// A page that a provider has to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedPage {
    /// For which request.
    pub request: RequestId,
    /// What the provider knows it by: the same however often it is told.
    pub key: String,
    /// What has to be true there.
    pub wanted: PageWanted,
    /// Since when that is owed.
    pub since: Timestamp,
    /// Tries so far, each written down before it was made.
    pub attempts: u32,
    /// When it is tried next; `None` when nothing is owed.
    pub due_at: Option<Timestamp>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<OwedPage> {
    Ok(OwedPage {
        request: RequestId::from_number(row.get("request")?),
        key: row.get("key")?,
        wanted: if row.get::<_, String>("wanted")? == "made" { PageWanted::Made } else { PageWanted::Resolved },
        since: Timestamp::from_millis(row.get("since")?),
        attempts: row.get("attempts")?,
        due_at: row.get::<_, Option<i64>>("due_at")?.map(Timestamp::from_millis),
    })
}

fn page_of(conn: &Connection, request: RequestId) -> Result<Option<OwedPage>, StoreError> {
    Ok(conn.prepare_cached("SELECT * FROM pages WHERE request = ?1")?.query_row([request.number()], read).optional()?)
}

impl Reader<'_> {
    /// The page of this request, whether anything is owed of it or not.
    pub fn page_of(&self, request: RequestId) -> Result<Option<OwedPage>, StoreError> {
        self.run(|conn| page_of(conn, request))
    }

    /// Pages that a provider is to be told of now, the longest due first, at most `limit`.
    pub fn due_pages(&self, now: Timestamp, limit: u32) -> Result<Vec<OwedPage>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT * FROM pages WHERE due_at IS NOT NULL AND due_at <= ?1 ORDER BY due_at, request LIMIT ?2";
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map((now.as_millis(), limit), read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// When the next request changes by itself.
    pub fn next_request_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT MIN(due_at) FROM requests WHERE due_at IS NOT NULL";
            let at: Option<i64> = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok(at.map(Timestamp::from_millis))
        })
    }

    /// When the next page is to be told.
    pub fn next_page_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT MIN(due_at) FROM pages WHERE due_at IS NOT NULL";
            let at: Option<i64> = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok(at.map(Timestamp::from_millis))
        })
    }
}

impl Tx<'_> {
    /// A page is owed from now on, under a key that no other request and no other installation has. Once owed, it is never owed
    /// again.
    pub fn owe_page(&mut self, request: RequestId, at: Timestamp) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "INSERT INTO pages (request, key, wanted, since, attempts, due_at, quiet_at)
                       SELECT ?1, 'daypass-' || installation || '-R-' || ?1, 'made', ?2, 0, ?2, 0 FROM meta
                       WHERE true ON CONFLICT (request) DO NOTHING";
            conn.prepare_cached(sql)?.execute((request.number(), at.as_millis()))?;
            Ok(())
        })
    }

    /// What was paged for is settled. A page that was never tried is not made any more; any other is resolved, not before a
    /// call that may have been lost can have landed.
    pub fn settle_page(&mut self, request: RequestId, at: Timestamp) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "UPDATE pages SET wanted = 'resolved', since = ?2, attempts = 0,
                           due_at = CASE WHEN attempts = 0 THEN NULL ELSE MAX(?2, quiet_at) END
                       WHERE request = ?1 AND wanted = 'made'";
            conn.prepare_cached(sql)?.execute((request.number(), at.as_millis()))?;
            Ok(())
        })
    }

    /// Notes that a page is about to be told, before it is: a crash then leaves a row that says so, and the same is told again
    /// at `retry_at`. `lands_within`: how long the call may still take effect when nothing is heard of it. Gives the page as it
    /// is then; `None` when nothing is owed any more.
    pub fn page_tried(
        &mut self,
        request: RequestId,
        now: Timestamp,
        (retry_in, lands_within): (Duration, Duration),
    ) -> Result<Option<OwedPage>, StoreError> {
        self.run(|conn| {
            let sql = "UPDATE pages SET attempts = attempts + 1, due_at = ?3, quiet_at = MAX(quiet_at, ?4)
                       WHERE request = ?1 AND due_at IS NOT NULL AND due_at <= ?2";
            let (retry_at, quiet_at) = (now.plus(retry_in), now.plus(lands_within));
            let key = (request.number(), now.as_millis(), retry_at.as_millis(), quiet_at.as_millis());
            match conn.prepare_cached(sql)?.execute(key)? {
                0 => Ok(None),
                _ => page_of(conn, request),
            }
        })
    }

    /// Notes that the provider has taken what was `told`. If something else is wanted by now, that stays owed.
    pub fn page_told(&mut self, request: RequestId, told: PageWanted) -> Result<(), StoreError> {
        let told = match told {
            PageWanted::Made => "made",
            PageWanted::Resolved => "resolved",
        };
        self.run(|conn| {
            let sql = "UPDATE pages SET error = NULL, due_at = CASE WHEN wanted = ?2 THEN NULL ELSE since END,
                           quiet_at = CASE WHEN attempts <= 1 THEN 0 ELSE quiet_at END
                       WHERE request = ?1 AND due_at IS NOT NULL";
            conn.prepare_cached(sql)?.execute((request.number(), told))?;
            Ok(())
        })
    }

    /// Notes that the provider did not take it, by a short stable code, and when it is tried again; `None`: never.
    pub fn page_failed(&mut self, request: RequestId, code: &str, retry_at: Option<Timestamp>) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "UPDATE pages SET error = ?2, due_at = CASE WHEN ?3 IS NULL THEN NULL ELSE MAX(due_at, ?3) END
                       WHERE request = ?1 AND due_at IS NOT NULL";
            conn.prepare_cached(sql)?.execute((request.number(), code, retry_at.map(Timestamp::as_millis)))?;
            Ok(())
        })
    }
}
