//! Grants as rows.

use rusqlite::{Connection, OptionalExtension, Params, Row, named_params};

use super::{Fields, Save, json_of, millis, name_of, one_row};
use crate::access::entitlement::{Level, Trouble};
use crate::access::grant::{
    CallResult, EndCause, Ended, Extension, FailCause, Grant, GrantState, Proof, Recheck, Remains, Revoking, VoidCause, Warning,
};
use crate::access::ids::{EntitlementId, GrantId, LockId, PersonId, RequestId};
use crate::access::secret::Sealed;
use crate::store::error::StoreError;

/// The grant with this number.
pub(in crate::store) fn load(conn: &Connection, id: GrantId) -> Result<Option<Grant>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT * FROM grants WHERE id = ?1")?;
    statement.query_row([id.number()], |row| Ok(read(row))).optional()?.transpose()
}

/// Every grant that a statement over `grants.*` yields.
pub(in crate::store) fn load_all(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Grant>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

fn read(row: &Row<'_>) -> Result<Grant, StoreError> {
    let id: i64 = row.get("id")?;
    let f = Fields { row, what: GrantId::from_number(id).to_string() };
    let extension = match (f.get::<Option<i64>>("extension_request")?, f.time_maybe("extension_to")?) {
        (Some(request), Some(to)) => Some(Extension { request: RequestId::from_number(request), to }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(f.unreadable("half an extension")),
    };
    Ok(Grant {
        id: GrantId::from_number(id),
        version: f.count("version")?,
        request: RequestId::from_number(f.get("request")?),
        entitlement: EntitlementId::from_number(f.get("entitlement")?),
        person: f.parsed("person")?,
        level: Level { name: f.get("level")?, rank: f.get("level_rank")? },
        access_for: f.ttl("access_for_ms")?,
        start_at: f.time("start_at")?,
        start_by: f.time("start_by")?,
        latest_end: f.time("latest_end")?,
        warn_before: f.ttl("warn_before_ms")?,
        native_expiry: f.named("native_expiry")?,
        ciphertext: f.get::<Option<String>>("ciphertext")?.map(Sealed::armored),
        reveal: f.json_maybe("reveal")?,
        extension,
        drifted: f.get("drifted")?,
        state: read_state(&f)?,
    })
}

fn read_state(f: &Fields<'_>) -> Result<GrantState, StoreError> {
    let since = || f.time("since");
    Ok(match f.get::<String>("state")?.as_str() {
        "planned" => GrantState::Planned,
        "checking" => GrantState::Checking { since: since()? },
        "provisioning" => GrantState::Provisioning {
            since: since()?,
            result: f
                .get::<Option<u32>>("absent_reads")?
                .map_or(CallResult::Known, |absent_reads| CallResult::Unknown { absent_reads }),
        },
        "awaiting_user" => GrantState::AwaitingUser { since: since()? },
        "active" => GrantState::Active {
            active_at: f.time("active_at")?,
            ends_at: f.time("ends_at")?,
            warning: if f.get("warned")? { Warning::Given } else { Warning::Owed },
        },
        "revoking" => GrantState::Revoking(Revoking {
            since: since()?,
            due_at: f.time("end_due_at")?,
            active_at: f.time_maybe("active_at")?,
            cause: read_end_cause(f)?,
            remains: f.get::<Option<String>>("remnant")?.map_or(Remains::Access, Remains::Remnant),
            alarms: f.get("alarms")?,
        }),
        "void" => GrantState::Void { at: f.time("over_at")?, why: read_void_cause(f)? },
        "failed" => GrantState::Failed { at: f.time("over_at")?, why: read_fail_cause(f)?, recheck: read_recheck(f)? },
        "ended" => GrantState::Ended(Ended {
            at: f.time("over_at")?,
            due_at: f.time("end_due_at")?,
            active_at: f.time_maybe("active_at")?,
            cause: read_end_cause(f)?,
            proof: read_proof(f)?,
        }),
        other => return Err(f.unreadable(format!("`{other}` is no state"))),
    })
}

fn read_end_cause(f: &Fields<'_>) -> Result<EndCause, StoreError> {
    Ok(match f.get::<String>("cause")?.as_str() {
        "time_over" => EndCause::TimeOver,
        "handed_back" => EndCause::HandedBack,
        "revoked_by" => EndCause::RevokedBy(f.parsed("cause_detail")?),
        "withdrawn" => EndCause::Withdrawn(f.parsed("cause_detail")?),
        "start_missed" => EndCause::StartMissed,
        "contract_ended" => EndCause::ContractEnded,
        "person_deactivated" => EndCause::PersonDeactivated,
        "drained" => EndCause::Drained,
        "locked" => {
            let (lock, by) = read_locked(f)?;
            EndCause::Locked(lock, by)
        }
        "policy_forbids" => EndCause::PolicyForbids(f.get("cause_detail")?),
        "sibling_failed" => EndCause::SiblingFailed(f.parsed("cause_detail")?),
        "removed_outside" => EndCause::RemovedOutside,
        "landed_late" => EndCause::LandedLate,
        "held_before" => EndCause::HeldBefore,
        other => return Err(f.unreadable(format!("`{other}` ends nothing"))),
    })
}

fn end_cause_columns(cause: &EndCause) -> (&'static str, Option<String>) {
    match cause {
        EndCause::TimeOver => ("time_over", None),
        EndCause::HandedBack => ("handed_back", None),
        EndCause::RevokedBy(person) => ("revoked_by", Some(person.to_string())),
        EndCause::Withdrawn(person) => ("withdrawn", Some(person.to_string())),
        EndCause::StartMissed => ("start_missed", None),
        EndCause::ContractEnded => ("contract_ended", None),
        EndCause::PersonDeactivated => ("person_deactivated", None),
        EndCause::Drained => ("drained", None),
        EndCause::Locked(lock, by) => ("locked", Some(format!("{lock} {by}"))),
        EndCause::PolicyForbids(rule) => ("policy_forbids", Some(rule.clone())),
        EndCause::SiblingFailed(grant) => ("sibling_failed", Some(grant.to_string())),
        EndCause::RemovedOutside => ("removed_outside", None),
        EndCause::LandedLate => ("landed_late", None),
        EndCause::HeldBefore => ("held_before", None),
    }
}

/// `L-3 priya`: the lock, and who set it.
fn read_locked(f: &Fields<'_>) -> Result<(LockId, PersonId), StoreError> {
    let detail: String = f.get("cause_detail")?;
    let read = detail.split_once(' ').and_then(|(lock, by)| Some((lock.parse().ok()?, by.parse().ok()?)));
    read.ok_or_else(|| f.unreadable(format!("`{detail}` is no lock and no person")))
}

fn read_void_cause(f: &Fields<'_>) -> Result<VoidCause, StoreError> {
    Ok(match f.get::<String>("cause")?.as_str() {
        "by" => VoidCause::By(f.parsed("cause_detail")?),
        "lapsed" => VoidCause::Lapsed,
        "policy_forbids" => VoidCause::PolicyForbids(f.get("cause_detail")?),
        "contract_ended" => VoidCause::ContractEnded,
        "person_deactivated" => VoidCause::PersonDeactivated,
        "drained" => VoidCause::Drained,
        "locked" => {
            let (lock, by) = read_locked(f)?;
            VoidCause::Locked(lock, by)
        }
        "sibling_failed" => VoidCause::SiblingFailed(f.parsed("cause_detail")?),
        other => return Err(f.unreadable(format!("`{other}` voids nothing"))),
    })
}

fn void_cause_columns(cause: &VoidCause) -> (&'static str, Option<String>) {
    match cause {
        VoidCause::By(person) => ("by", Some(person.to_string())),
        VoidCause::Lapsed => ("lapsed", None),
        VoidCause::PolicyForbids(rule) => ("policy_forbids", Some(rule.clone())),
        VoidCause::ContractEnded => ("contract_ended", None),
        VoidCause::PersonDeactivated => ("person_deactivated", None),
        VoidCause::Drained => ("drained", None),
        VoidCause::Locked(lock, by) => ("locked", Some(format!("{lock} {by}"))),
        VoidCause::SiblingFailed(grant) => ("sibling_failed", Some(grant.to_string())),
    }
}

fn read_fail_cause(f: &Fields<'_>) -> Result<FailCause, StoreError> {
    Ok(match (f.get::<String>("cause")?.as_str(), f.trouble_maybe()?) {
        ("unreadable", None) => FailCause::Unreadable,
        ("provider_moved", None) => FailCause::ProviderMoved,
        ("refused", Some(trouble)) => FailCause::Refused(trouble),
        ("not_there", None) => FailCause::NotThere,
        (other, _) => return Err(f.unreadable(format!("`{other}` fails nothing"))),
    })
}

fn read_recheck(f: &Fields<'_>) -> Result<Recheck, StoreError> {
    Ok(match f.get::<String>("recheck")?.as_str() {
        "done" => Recheck::Done,
        "at" => Recheck::At(f.time("recheck_at")?),
        "owed" => Recheck::Owed,
        other => return Err(f.unreadable(format!("`{other}` is no look"))),
    })
}

fn read_proof(f: &Fields<'_>) -> Result<Proof, StoreError> {
    Ok(match f.get::<String>("proof")?.as_str() {
        "read_back" => Proof::ReadBack,
        "nothing_sent" => Proof::NothingSent,
        "covered_by" => Proof::CoveredBy(GrantId::from_number(f.get("covered_by")?)),
        "attested" => Proof::Attested { by: f.parsed("attested_by")?, why: f.words("attested_words")? },
        other => return Err(f.unreadable(format!("`{other}` proves nothing"))),
    })
}

/// What a state adds to a row; everything else is NULL.
#[derive(Default)]
struct StateColumns<'a> {
    since: Option<i64>,
    absent_reads: Option<u32>,
    active_at: Option<i64>,
    ends_at: Option<i64>,
    warned: Option<bool>,
    end_due_at: Option<i64>,
    cause: Option<&'static str>,
    cause_detail: Option<String>,
    remnant: Option<&'a str>,
    alarms: Option<u32>,
    over_at: Option<i64>,
    recheck: Option<(&'static str, Option<i64>)>,
    trouble: Option<&'a Trouble>,
    proof: Option<&'a Proof>,
}

fn state_columns(state: &GrantState) -> StateColumns<'_> {
    let none = StateColumns::default();
    match state {
        GrantState::Planned => none,
        GrantState::Checking { since } | GrantState::AwaitingUser { since } => {
            StateColumns { since: Some(since.as_millis()), ..none }
        }
        GrantState::Provisioning { since, result } => {
            let absent_reads = match result {
                CallResult::Known => None,
                CallResult::Unknown { absent_reads } => Some(*absent_reads),
            };
            StateColumns { since: Some(since.as_millis()), absent_reads, ..none }
        }
        GrantState::Active { active_at, ends_at, warning } => StateColumns {
            active_at: Some(active_at.as_millis()),
            ends_at: Some(ends_at.as_millis()),
            warned: Some(*warning == Warning::Given),
            ..none
        },
        GrantState::Revoking(Revoking { since, due_at, active_at, cause, remains, alarms }) => {
            let (cause, cause_detail) = end_cause_columns(cause);
            let remnant = match remains {
                Remains::Access => None,
                Remains::Remnant(remnant) => Some(remnant.as_str()),
            };
            StateColumns {
                since: Some(since.as_millis()),
                end_due_at: Some(due_at.as_millis()),
                active_at: millis(*active_at),
                cause: Some(cause),
                cause_detail,
                remnant,
                alarms: Some(*alarms),
                ..none
            }
        }
        GrantState::Void { at, why } => {
            let (cause, cause_detail) = void_cause_columns(why);
            StateColumns { over_at: Some(at.as_millis()), cause: Some(cause), cause_detail, ..none }
        }
        GrantState::Failed { at, why, recheck } => {
            let (cause, trouble) = match why {
                FailCause::Unreadable => ("unreadable", None),
                FailCause::ProviderMoved => ("provider_moved", None),
                FailCause::Refused(trouble) => ("refused", Some(trouble)),
                FailCause::NotThere => ("not_there", None),
            };
            let recheck = match recheck {
                Recheck::Done => ("done", None),
                Recheck::At(at) => ("at", Some(at.as_millis())),
                Recheck::Owed => ("owed", None),
            };
            let (over_at, recheck) = (Some(at.as_millis()), Some(recheck));
            StateColumns { over_at, cause: Some(cause), trouble, recheck, ..none }
        }
        GrantState::Ended(Ended { at, due_at, active_at, cause, proof }) => {
            let (cause, cause_detail) = end_cause_columns(cause);
            StateColumns {
                over_at: Some(at.as_millis()),
                end_due_at: Some(due_at.as_millis()),
                active_at: millis(*active_at),
                cause: Some(cause),
                cause_detail,
                proof: Some(proof),
                ..none
            }
        }
    }
}

/// A proof's name, the covering grant, who attested it, and in which words.
fn proof_columns(proof: &Proof) -> (&'static str, Option<i64>, Option<&str>, Option<&str>) {
    match proof {
        Proof::ReadBack => ("read_back", None, None, None),
        Proof::NothingSent => ("nothing_sent", None, None, None),
        Proof::CoveredBy(grant) => ("covered_by", Some(grant.number()), None, None),
        Proof::Attested { by, why } => ("attested", None, Some(by.as_str()), Some(why.as_typed())),
    }
}

const INSERT: &str = "INSERT INTO grants
    (id, version, audit_seq, due_at, request, entitlement, person, level, level_rank, access_for_ms, start_at, start_by,
     latest_end, warn_before_ms, native_expiry, ciphertext, reveal, extension_request, extension_to, drifted, state, since,
     absent_reads, active_at, ends_at, warned, end_due_at, cause, cause_detail, remnant, alarms, over_at, recheck, recheck_at,
     trouble_class, trouble_code, trouble_message, proof, covered_by, attested_by, attested_words)
    VALUES
    (:id, :version, :audit_seq, :due_at, :request, :entitlement, :person, :level, :level_rank, :access_for_ms, :start_at,
     :start_by, :latest_end, :warn_before_ms, :native_expiry, :ciphertext, :reveal, :extension_request, :extension_to, :drifted, :state,
     :since, :absent_reads, :active_at, :ends_at, :warned, :end_due_at, :cause, :cause_detail, :remnant, :alarms, :over_at,
     :recheck, :recheck_at, :trouble_class, :trouble_code, :trouble_message, :proof, :covered_by, :attested_by, :attested_words)";

const REPLACE: &str = "UPDATE grants SET
    version = :version, audit_seq = :audit_seq, due_at = :due_at, request = :request, entitlement = :entitlement,
    person = :person, level = :level, level_rank = :level_rank, access_for_ms = :access_for_ms, start_at = :start_at,
    start_by = :start_by, latest_end = :latest_end, warn_before_ms = :warn_before_ms, native_expiry = :native_expiry,
    ciphertext = :ciphertext, reveal = :reveal, extension_request = :extension_request, extension_to = :extension_to, drifted = :drifted,
    state = :state, since = :since, absent_reads = :absent_reads, active_at = :active_at, ends_at = :ends_at,
    warned = :warned, end_due_at = :end_due_at, cause = :cause, cause_detail = :cause_detail, remnant = :remnant,
    alarms = :alarms, over_at = :over_at, recheck = :recheck, recheck_at = :recheck_at, trouble_class = :trouble_class,
    trouble_code = :trouble_code, trouble_message = :trouble_message, proof = :proof, covered_by = :covered_by,
    attested_by = :attested_by, attested_words = :attested_words
    WHERE id = :id AND version = :version - 1";

/// Saves a grant together with the number of the audit line that says why.
pub(in crate::store) fn save(conn: &Connection, how: Save, grant: &Grant, audit_seq: u64) -> Result<(), StoreError> {
    let state = state_columns(&grant.state);
    let proof = state.proof.map(proof_columns);
    let mut statement = conn.prepare_cached(match how {
        Save::Insert => INSERT,
        Save::Replace => REPLACE,
    })?;
    let changed = statement.execute(named_params! {
        ":id": grant.id.number(),
        ":version": grant.version,
        ":audit_seq": audit_seq,
        ":due_at": millis(grant.due_at()),
        ":request": grant.request.number(),
        ":entitlement": grant.entitlement.number(),
        ":person": grant.person.as_str(),
        ":level": grant.level.name,
        ":level_rank": grant.level.rank,
        ":access_for_ms": grant.access_for.as_millis(),
        ":start_at": grant.start_at.as_millis(),
        ":start_by": grant.start_by.as_millis(),
        ":latest_end": grant.latest_end.as_millis(),
        ":warn_before_ms": grant.warn_before.as_millis(),
        ":native_expiry": name_of(&grant.native_expiry)?,
        ":ciphertext": grant.ciphertext.as_ref().map(Sealed::as_armored),
        ":reveal": grant.reveal.as_ref().map(json_of).transpose()?,
        ":extension_request": grant.extension.as_ref().map(|extension| extension.request.number()),
        ":extension_to": grant.extension.as_ref().map(|extension| extension.to.as_millis()),
        ":drifted": grant.drifted,
        ":state": grant.state.name(),
        ":since": state.since,
        ":absent_reads": state.absent_reads,
        ":active_at": state.active_at,
        ":ends_at": state.ends_at,
        ":warned": state.warned,
        ":end_due_at": state.end_due_at,
        ":cause": state.cause,
        ":cause_detail": state.cause_detail,
        ":remnant": state.remnant,
        ":alarms": state.alarms,
        ":over_at": state.over_at,
        ":recheck": state.recheck.map(|(name, _)| name),
        ":recheck_at": state.recheck.and_then(|(_, at)| at),
        ":trouble_class": state.trouble.map(|trouble| name_of(&trouble.class)).transpose()?,
        ":trouble_code": state.trouble.map(|trouble| &trouble.code),
        ":trouble_message": state.trouble.map(|trouble| &trouble.message),
        ":proof": proof.map(|(name, _, _, _)| name),
        ":covered_by": proof.and_then(|(_, grant, _, _)| grant),
        ":attested_by": proof.and_then(|(_, _, by, _)| by),
        ":attested_words": proof.and_then(|(_, _, _, words)| words),
    })?;
    one_row(changed, grant.id)
}
