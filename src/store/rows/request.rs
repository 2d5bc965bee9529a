//! Requests as rows.

use rusqlite::{Connection, OptionalExtension, Params, Row, named_params};

use super::{Fields, Save, json_of, millis, name_of, one_row};
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::request::{PolicyRef, Purpose, Request, RequestState, Terms};
use crate::store::error::StoreError;

/// The request with this number.
pub(in crate::store) fn load(conn: &Connection, id: RequestId) -> Result<Option<Request>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT * FROM requests WHERE id = ?1")?;
    statement.query_row([id.number()], |row| Ok(read(row))).optional()?.transpose()
}

/// Every request that a statement over `requests.*` yields.
pub(in crate::store) fn load_all(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Request>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

fn read(row: &Row<'_>) -> Result<Request, StoreError> {
    let id: i64 = row.get("id")?;
    let f = Fields { row, what: RequestId::from_number(id).to_string() };
    let extends = f.get::<Option<i64>>("extends")?.map(GrantId::from_number);
    Ok(Request {
        id: RequestId::from_number(id),
        version: f.count("version")?,
        terms: Terms {
            subject: f.parsed("subject")?,
            resource: f.parsed("resource")?,
            role: f.parsed("role")?,
            access_for: f.ttl("access_for_ms")?,
            purpose: extends.map_or(Purpose::Access, Purpose::Extension),
            parts: f.json("parts")?,
        },
        terms_hash: f.parsed("terms_hash")?,
        filed_by: f.parsed("filed_by")?,
        reason: f.words("reason")?,
        asked_at: f.time("asked_at")?,
        answer_by: f.time("answer_by")?,
        start_at: f.time_maybe("start_at")?,
        start_within: f.ttl("start_within_ms")?,
        ends_at_most: f.time("ends_at_most")?,
        warn_before: f.ttl("warn_before_ms")?,
        policy: PolicyRef { id: f.parsed("policy")?, also: f.json("also_under")?, digest: f.get("policy_digest")? },
        mode: f.named("mode")?,
        steps: f.json("steps")?,
        approvals: f.json("approvals")?,
        grants: f.json("grants")?,
        reminding: f.json_maybe("reminding")?.unwrap_or_default(),
        talk: f.json("talk")?,
        state: read_state(&f)?,
    })
}

fn read_state(f: &Fields<'_>) -> Result<RequestState, StoreError> {
    let at = || f.time("decided_at");
    Ok(match f.get::<String>("state")?.as_str() {
        "pending" => RequestState::Pending,
        "approved" => RequestState::Approved { at: at()?, seats: f.json("seats")? },
        "denied" => RequestState::Denied {
            at: at()?,
            by: f.parsed("decided_by")?,
            in_place_of: f.parsed_maybe("decided_in_place_of")?,
            reason: f.words("decided_words")?,
        },
        "cancelled" => RequestState::Cancelled { at: at()?, by: f.parsed("decided_by")? },
        "expired" => RequestState::Expired { at: at()? },
        "invalidated" => RequestState::Invalidated { at: at()?, why: f.get("decided_why")? },
        "lapsed" => RequestState::Lapsed { at: at()? },
        other => return Err(f.unreadable(format!("`{other}` is no state"))),
    })
}

#[derive(Default)]
struct StateColumns<'a> {
    at: Option<i64>,
    by: Option<&'a str>,
    in_place_of: Option<&'a str>,
    words: Option<&'a str>,
    why: Option<&'a str>,
    seats: Option<String>,
}

fn state_columns(state: &RequestState) -> Result<StateColumns<'_>, StoreError> {
    let none = StateColumns::default();
    Ok(match state {
        RequestState::Pending => none,
        RequestState::Approved { at, seats } => StateColumns { at: Some(at.as_millis()), seats: Some(json_of(seats)?), ..none },
        RequestState::Denied { at, by, in_place_of, reason } => StateColumns {
            at: Some(at.as_millis()),
            by: Some(by.as_str()),
            in_place_of: in_place_of.as_ref().map(PersonId::as_str),
            words: Some(reason.as_typed()),
            ..none
        },
        RequestState::Cancelled { at, by } => StateColumns { at: Some(at.as_millis()), by: Some(by.as_str()), ..none },
        RequestState::Expired { at } | RequestState::Lapsed { at } => StateColumns { at: Some(at.as_millis()), ..none },
        RequestState::Invalidated { at, why } => StateColumns { at: Some(at.as_millis()), why: Some(why), ..none },
    })
}

const INSERT: &str = "INSERT INTO requests
    (id, version, audit_seq, due_at, subject, resource, role, parts, access_for_ms, extends, terms_hash, filed_by, reason, asked_at,
     answer_by, start_at, start_within_ms, ends_at_most, warn_before_ms, policy, also_under, policy_digest, mode, steps, approvals, grants,
     reminding, talk, state, decided_at, decided_by, decided_in_place_of, decided_words, decided_why, seats)
    VALUES
    (:id, :version, :audit_seq, :due_at, :subject, :resource, :role, :parts, :access_for_ms, :extends, :terms_hash, :filed_by, :reason,
     :asked_at, :answer_by, :start_at, :start_within_ms, :ends_at_most, :warn_before_ms, :policy, :also_under, :policy_digest, :mode, :steps,
     :approvals, :grants, :reminding, :talk, :state, :decided_at, :decided_by, :decided_in_place_of, :decided_words, :decided_why, :seats)";

const REPLACE: &str = "UPDATE requests SET
    version = :version, audit_seq = :audit_seq, due_at = :due_at, subject = :subject, resource = :resource, role = :role,
    parts = :parts, access_for_ms = :access_for_ms, extends = :extends, terms_hash = :terms_hash, filed_by = :filed_by, reason = :reason,
    asked_at = :asked_at, answer_by = :answer_by, start_at = :start_at, start_within_ms = :start_within_ms,
    ends_at_most = :ends_at_most, warn_before_ms = :warn_before_ms, policy = :policy, also_under = :also_under, policy_digest = :policy_digest,
    mode = :mode, steps = :steps, approvals = :approvals, grants = :grants, reminding = :reminding, talk = :talk, state = :state, decided_at = :decided_at,
    decided_by = :decided_by, decided_in_place_of = :decided_in_place_of, decided_words = :decided_words, decided_why = :decided_why, seats = :seats
    WHERE id = :id AND version = :version - 1";

/// Saves a request together with the number of the audit line that says why.
pub(in crate::store) fn save(conn: &Connection, how: Save, request: &Request, audit_seq: u64) -> Result<(), StoreError> {
    let Request { terms, policy, .. } = request;
    let extends = match terms.purpose {
        Purpose::Access => None,
        Purpose::Extension(grant) => Some(grant.number()),
    };
    let state = state_columns(&request.state)?;
    let mut statement = conn.prepare_cached(match how {
        Save::Insert => INSERT,
        Save::Replace => REPLACE,
    })?;
    let changed = statement.execute(named_params! {
        ":id": request.id.number(),
        ":version": request.version,
        ":audit_seq": audit_seq,
        ":due_at": millis(request.due_at()),
        ":subject": terms.subject.as_str(),
        ":resource": terms.resource.as_str(),
        ":role": terms.role.as_str(),
        ":parts": json_of(&terms.parts)?,
        ":access_for_ms": terms.access_for.as_millis(),
        ":extends": extends,
        ":terms_hash": request.terms_hash.to_string(),
        ":filed_by": request.filed_by.as_str(),
        ":reason": request.reason.as_typed(),
        ":asked_at": request.asked_at.as_millis(),
        ":answer_by": request.answer_by.as_millis(),
        ":start_at": millis(request.start_at),
        ":start_within_ms": request.start_within.as_millis(),
        ":ends_at_most": request.ends_at_most.as_millis(),
        ":warn_before_ms": request.warn_before.as_millis(),
        ":policy": policy.id.as_str(),
        ":also_under": json_of(&policy.also)?,
        ":policy_digest": policy.digest,
        ":mode": name_of(&request.mode)?,
        ":steps": json_of(&request.steps)?,
        ":approvals": json_of(&request.approvals)?,
        ":grants": json_of(&request.grants)?,
        ":reminding": json_of(&request.reminding)?,
        ":talk": json_of(&request.talk)?,
        ":state": request.state.name(),
        ":decided_at": state.at,
        ":decided_by": state.by,
        ":decided_in_place_of": state.in_place_of,
        ":decided_words": state.words,
        ":decided_why": state.why,
        ":seats": state.seats,
    })?;
    one_row(changed, request.id)
}
