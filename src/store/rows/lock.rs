//! Locks as rows.

use rusqlite::{Connection, Params, Row, named_params};

use super::{Fields, Save, json_of, millis, one_row};
use crate::access::ids::LockId;
use crate::access::lock::{Lock, LockState};
use crate::store::error::StoreError;

/// The lock with this number.
pub(in crate::store) fn load(conn: &Connection, id: LockId) -> Result<Option<Lock>, StoreError> {
    Ok(load_all(conn, "SELECT * FROM locks WHERE id = ?1", [id.number()])?.pop())
}

/// Every lock that a statement over `locks.*` yields.
pub(in crate::store) fn load_all(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Lock>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

fn read(row: &Row<'_>) -> Result<Lock, StoreError> {
    let id = LockId::from_number(row.get("id")?);
    let f = Fields { row, what: id.to_string() };
    Ok(Lock {
        id,
        version: f.count("version")?,
        scope: f.parsed("scope")?,
        members: f.json("members")?,
        by: f.parsed("set_by")?,
        at: f.time("set_at")?,
        until: f.time_maybe("until")?,
        reason: f.words("reason")?,
        accesses: f.json("accesses")?,
        cleared_at: f.time_maybe("cleared_at")?,
        state: match f.get::<String>("state")?.as_str() {
            "in_force" => LockState::InForce,
            "lifted" => LockState::Lifted { at: f.time("over_at")?, by: f.parsed("lifted_by")? },
            "ran_out" => LockState::RanOut { at: f.time("over_at")? },
            "momentary" => LockState::Momentary,
            other => return Err(f.unreadable(format!("`{other}` is no state"))),
        },
    })
}

const INSERT: &str = "INSERT INTO locks
    (id, version, audit_seq, due_at, scope, members, set_by, set_at, until, reason, accesses, cleared_at, state, over_at, lifted_by)
    VALUES
    (:id, :version, :audit_seq, :due_at, :scope, :members, :set_by, :set_at, :until, :reason, :accesses, :cleared_at, :state,
     :over_at, :lifted_by)";

const REPLACE: &str = "UPDATE locks SET
    version = :version, audit_seq = :audit_seq, due_at = :due_at, scope = :scope, members = :members, set_by = :set_by,
    set_at = :set_at, until = :until, reason = :reason, accesses = :accesses, cleared_at = :cleared_at, state = :state,
    over_at = :over_at, lifted_by = :lifted_by
    WHERE id = :id AND version = :version - 1";

/// Saves a lock together with the number of the audit line that says why.
pub(in crate::store) fn save(conn: &Connection, how: Save, lock: &Lock, audit_seq: u64) -> Result<(), StoreError> {
    let (over_at, lifted_by) = match &lock.state {
        LockState::InForce | LockState::Momentary => (None, None),
        LockState::RanOut { at } => (Some(at.as_millis()), None),
        LockState::Lifted { at, by } => (Some(at.as_millis()), Some(by.as_str())),
    };
    let mut statement = conn.prepare_cached(match how {
        Save::Insert => INSERT,
        Save::Replace => REPLACE,
    })?;
    let changed = statement.execute(named_params! {
        ":id": lock.id.number(),
        ":version": lock.version,
        ":audit_seq": audit_seq,
        ":due_at": millis(lock.due_at()),
        ":scope": lock.scope.to_string(),
        ":members": json_of(&lock.members)?,
        ":set_by": lock.by.as_str(),
        ":set_at": lock.at.as_millis(),
        ":until": millis(lock.until),
        ":reason": lock.reason.as_typed(),
        ":accesses": json_of(&lock.accesses)?,
        ":cleared_at": millis(lock.cleared_at),
        ":state": lock.state.name(),
        ":over_at": over_at,
        ":lifted_by": lifted_by,
    })?;
    one_row(changed, lock.id)
}
