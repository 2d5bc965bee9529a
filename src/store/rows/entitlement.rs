//! Entitlements as rows: the queue of provider work.

use rusqlite::{Connection, OptionalExtension, Params, Row, named_params};

use super::{Fields, Save, millis, name_of, one_row, target_columns};
use crate::access::entitlement::{Description, Due, Entitlement, InFlight, Level, Prior};
use crate::access::ids::EntitlementId;
use crate::store::error::StoreError;

/// The one entitlement that a statement over `entitlements.*` yields, if any.
pub(in crate::store) fn load(conn: &Connection, sql: &str, params: impl Params) -> Result<Option<Entitlement>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    statement.query_row(params, |row| Ok(read(row))).optional()?.transpose()
}

/// Every entitlement that a statement over `entitlements.*` yields.
pub(in crate::store) fn load_all(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Entitlement>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

fn read(row: &Row<'_>) -> Result<Entitlement, StoreError> {
    let id: i64 = row.get("id")?;
    let f = Fields { row, what: EntitlementId::from_number(id).to_string() };
    Ok(Entitlement {
        id: EntitlementId::from_number(id),
        version: f.count("version")?,
        description: Description {
            provider: f.parsed("provider")?,
            kind: f.get("kind")?,
            fingerprint: f.get("fingerprint")?,
            subject: f.get("subject")?,
            thing: f.get("thing")?,
            shape: f.named("shape")?,
            native_expiry: f.named("native_expiry")?,
            remote_name: f.get("remote_name")?,
            data: f.get("data")?,
            lands_within_ms: f.count("lands_within_ms")?,
        },
        prior: read_prior(&f)?,
        target: f.target(f.level_maybe("target_level", "target_rank")?, "target_until")?,
        due: read_due(&f)?,
        in_flight: read_flight(&f)?,
        epoch: f.count("epoch")?,
        quiet_at: f.time("quiet_at")?,
        verified_at: f.time_maybe("verified_at")?,
        trouble: f.trouble_maybe()?,
    })
}

fn read_prior(f: &Fields<'_>) -> Result<Prior, StoreError> {
    match (f.get::<String>("prior")?.as_str(), f.level_maybe("prior_level", "prior_rank")?) {
        ("unread", None) => Ok(Prior::Unread),
        ("absent", None) => Ok(Prior::Absent),
        ("held", Some(level)) => Ok(Prior::Held(level)),
        (other, _) => Err(f.unreadable(format!("`{other}` is no prior"))),
    }
}

fn read_due(f: &Fields<'_>) -> Result<Option<Due>, StoreError> {
    if f.get::<Option<String>>("owed_errand")?.is_none() {
        return Ok(None);
    }
    Ok(Some(Due {
        errand: f.named("owed_errand")?,
        at: f.time("owed_at")?,
        since: f.time("owed_since")?,
        attempts: f.get("owed_attempts")?,
    }))
}

fn read_flight(f: &Fields<'_>) -> Result<Option<InFlight>, StoreError> {
    if f.get::<Option<i64>>("flight_epoch")?.is_none() {
        return Ok(None);
    }
    Ok(Some(InFlight {
        epoch: f.count("flight_epoch")?,
        errand: f.named("flight_errand")?,
        target: f.target(f.level_maybe("flight_level", "flight_rank")?, "flight_until")?,
        started_at: f.time("flight_started_at")?,
        give_up_at: f.time("flight_give_up_at")?,
    }))
}

fn prior_columns(prior: &Prior) -> (&'static str, Option<&Level>) {
    match prior {
        Prior::Unread => ("unread", None),
        Prior::Absent => ("absent", None),
        Prior::Held(level) => ("held", Some(level)),
    }
}

const INSERT: &str = "INSERT INTO entitlements
    (id, version, audit_seq, due_at, provider, kind, fingerprint, subject, thing, shape, native_expiry, remote_name, data,
     lands_within_ms, prior, prior_level, prior_rank, target, target_level, target_rank, target_until, owed_errand, owed_at,
     owed_since, owed_attempts, flight_epoch, flight_errand, flight_target, flight_level, flight_rank, flight_until,
     flight_started_at, flight_give_up_at, epoch, quiet_at, verified_at, trouble_class, trouble_code, trouble_message)
    VALUES
    (:id, :version, :audit_seq, :due_at, :provider, :kind, :fingerprint, :subject, :thing, :shape, :native_expiry, :remote_name,
     :data, :lands_within_ms, :prior, :prior_level, :prior_rank, :target, :target_level, :target_rank, :target_until,
     :owed_errand, :owed_at, :owed_since, :owed_attempts, :flight_epoch, :flight_errand, :flight_target, :flight_level,
     :flight_rank, :flight_until, :flight_started_at, :flight_give_up_at, :epoch, :quiet_at, :verified_at, :trouble_class,
     :trouble_code, :trouble_message)";

// Without a line of the log (`audit_seq` NULL) only the queue moves; a trigger holds that.
const REPLACE: &str = "UPDATE entitlements SET
    version = :version, audit_seq = COALESCE(:audit_seq, audit_seq), due_at = :due_at, provider = :provider, kind = :kind,
    fingerprint = :fingerprint, subject = :subject, thing = :thing, shape = :shape, native_expiry = :native_expiry,
    remote_name = :remote_name, data = :data, lands_within_ms = :lands_within_ms, prior = :prior, prior_level = :prior_level,
    prior_rank = :prior_rank, target = :target, target_level = :target_level, target_rank = :target_rank,
    target_until = :target_until, owed_errand = :owed_errand, owed_at = :owed_at, owed_since = :owed_since,
    owed_attempts = :owed_attempts, flight_epoch = :flight_epoch, flight_errand = :flight_errand,
    flight_target = :flight_target, flight_level = :flight_level, flight_rank = :flight_rank, flight_until = :flight_until,
    flight_started_at = :flight_started_at, flight_give_up_at = :flight_give_up_at, epoch = :epoch, quiet_at = :quiet_at,
    verified_at = :verified_at, trouble_class = :trouble_class, trouble_code = :trouble_code,
    trouble_message = :trouble_message
    WHERE id = :id AND version = :version - 1";

/// Saves an entitlement, with the number of the audit line that says why, or `None` for bookkeeping of the queue.
pub(in crate::store) fn save(conn: &Connection, how: Save, row: &Entitlement, audit_seq: Option<u64>) -> Result<(), StoreError> {
    let Description { provider, kind, fingerprint, subject, thing, shape, native_expiry, remote_name, data, lands_within_ms } =
        &row.description;
    let (prior, prior_level) = prior_columns(&row.prior);
    let (target, target_level, target_until) = target_columns(&row.target);
    let (due, flight, trouble) = (row.due.as_ref(), row.in_flight.as_ref(), row.trouble.as_ref());
    let flight_target = flight.map(|call| target_columns(&call.target));
    let flight_level = flight_target.and_then(|(_, level, _)| level);
    let mut statement = conn.prepare_cached(match how {
        Save::Insert => INSERT,
        Save::Replace => REPLACE,
    })?;
    let changed = statement.execute(named_params! {
        ":id": row.id.number(),
        ":version": row.version,
        ":audit_seq": audit_seq,
        ":due_at": millis(row.due_at()),
        ":provider": provider.as_str(),
        ":kind": kind,
        ":fingerprint": fingerprint,
        ":subject": subject,
        ":thing": thing,
        ":shape": name_of(shape)?,
        ":native_expiry": name_of(native_expiry)?,
        ":remote_name": remote_name,
        ":data": data,
        ":lands_within_ms": lands_within_ms,
        ":prior": prior,
        ":prior_level": prior_level.map(|level| &level.name),
        ":prior_rank": prior_level.map(|level| level.rank),
        ":target": target,
        ":target_level": target_level.map(|level| &level.name),
        ":target_rank": target_level.map(|level| level.rank),
        ":target_until": target_until,
        ":owed_errand": due.map(|due| name_of(&due.errand)).transpose()?,
        ":owed_at": due.map(|due| due.at.as_millis()),
        ":owed_since": due.map(|due| due.since.as_millis()),
        ":owed_attempts": due.map(|due| due.attempts),
        ":flight_epoch": flight.map(|call| call.epoch),
        ":flight_errand": flight.map(|call| name_of(&call.errand)).transpose()?,
        ":flight_target": flight_target.map(|(name, _, _)| name),
        ":flight_level": flight_level.map(|level| &level.name),
        ":flight_rank": flight_level.map(|level| level.rank),
        ":flight_until": flight_target.and_then(|(_, _, until)| until),
        ":flight_started_at": flight.map(|call| call.started_at.as_millis()),
        ":flight_give_up_at": flight.map(|call| call.give_up_at.as_millis()),
        ":epoch": row.epoch,
        ":quiet_at": row.quiet_at.as_millis(),
        ":verified_at": millis(row.verified_at),
        ":trouble_class": trouble.map(|trouble| name_of(&trouble.class)).transpose()?,
        ":trouble_code": trouble.map(|trouble| &trouble.code),
        ":trouble_message": trouble.map(|trouble| &trouble.message),
    })?;
    one_row(changed, row.id)
}
