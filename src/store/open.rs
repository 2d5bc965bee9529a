//! Opening the database: the connections and their settings, the schema, the installation's row, and the lease.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use super::READERS;
use super::error::{OpenError, StoreError};
use super::log::{KeptHashes, stored_head};
use super::migrate::migrate;
use super::place::{Process, check_sqlite, prepare};
use super::tx::State;
use super::writer::{Shared, Writer};
use crate::access::time::Timestamp;
use crate::audit::tree::{Frontier, Head, to_hex};

/// How long one connection waits for another. Only a reader's checkpoint or an operator's shell can hold it up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many prepared statements each connection keeps: all of ours.
const STATEMENTS_MAX: usize = 128;

pub(super) struct Opened {
    pub writer: Writer,
    pub readers: Vec<Connection>,
    pub installation: String,
}

pub(super) fn open(dir: &Path, now: Timestamp) -> Result<Opened, OpenError> {
    check_sqlite(rusqlite::version_number())?;
    let place = prepare(dir)?;
    let mut conn =
        Connection::open_with_flags(&place.database, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    configure(&conn)?;
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Disk(format!("the journal mode is `{mode}`, not WAL")).into());
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    // What is erased is overwritten, not only unlinked.
    conn.pragma_update_and_check(None, "secure_delete", true, |row| row.get::<_, i64>(0))?;
    migrate(&mut conn, &place.database)?;
    let token = random_hex()?;
    let found = settle(&mut conn, dir, now, &token)?;
    let prepared = load_log(&conn).and_then(|frontier| {
        let readers = (0..READERS).map(|_| open_reader(&place.database)).collect::<Result<_, _>>()?;
        Ok((frontier, readers))
    });
    if prepared.is_err() {
        // This process lives on, and its lease would keep out the next attempt.
        conn.execute("DELETE FROM leases WHERE name = 'writer' AND token = ?1", [&token])?;
    }
    let (frontier, readers) = prepared?;
    let shared = Arc::new(Shared::new(found.last_time));
    let state = State { frontier, last_time: found.last_time, empties_write_ahead: false };
    Ok(Opened { writer: Writer { conn, state, shared, token, place }, readers, installation: found.installation })
}

/// A connection that only reads, also beside another process.
pub(super) fn open_reader(database: &Path) -> Result<Connection, OpenError> {
    let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    configure(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn configure(conn: &Connection) -> Result<(), OpenError> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

struct Found {
    installation: String,
    last_time: Timestamp,
}

/// Reads or makes the installation's row and takes the lease, in one transaction.
fn settle(conn: &mut Connection, dir: &Path, now: Timestamp, token: &str) -> Result<Found, OpenError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sql = "SELECT pid, host, process FROM leases WHERE name = 'writer'";
    let holder =
        tx.query_row(sql, [], |row| Ok(Process { pid: row.get(0)?, host: row.get(1)?, birth: row.get(2)? })).optional()?;
    if let Some(holder) = holder.filter(Process::is_running) {
        // The lock is ours, and yet its holder lives: somebody removed the lock file under it.
        return Err(OpenError::InUse { dir: dir.to_owned(), holder: holder.in_words() });
    }
    let this = Process::this();
    let sql = "INSERT INTO leases (name, token, pid, host, process, taken_at) VALUES ('writer', ?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (name) DO UPDATE SET token = excluded.token, pid = excluded.pid, host = excluded.host,
               process = excluded.process, taken_at = excluded.taken_at";
    tx.execute(sql, (token, this.pid, this.host, this.birth, now.as_millis()))?;
    let sql = "INSERT INTO meta (one, installation, created_at, last_time, audit_size, audit_root)
               VALUES (1, ?1, ?2, ?2, 0, ?3) ON CONFLICT (one) DO NOTHING";
    tx.execute(sql, (random_hex()?, now.as_millis(), Head::EMPTY.root.as_slice()))?;
    let found = tx.query_row("SELECT installation, last_time FROM meta", [], |row| {
        Ok(Found { installation: row.get(0)?, last_time: Timestamp::from_millis(row.get(1)?) })
    })?;
    tx.commit()?;
    Ok(found)
}

/// The tree over the log, after a look at its end: what was cut off or added behind our back would be built upon otherwise.
fn load_log(conn: &Connection) -> Result<Frontier, OpenError> {
    let head = stored_head(conn)?;
    let size: u64 = conn.query_row("SELECT COALESCE(MAX(seq), 0) FROM audit", [], |row| row.get(0))?;
    if size != head.size {
        return Err(OpenError::LogCut { found: size, expected: head.size });
    }
    let frontier = Frontier::load(size, &KeptHashes(conn)).map_err(StoreError::from)?;
    if frontier.head().map_err(StoreError::from)? != head {
        return Err(OpenError::LogChanged { size });
    }
    Ok(frontier)
}

/// Eight random bytes in hex.
fn random_hex() -> Result<String, StoreError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::NoRandomness)?;
    Ok(to_hex(&bytes))
}
