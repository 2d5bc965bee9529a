//! What the admin socket shows. Reads only.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{PersonId, RequestId};
use crate::access::review::{Review, ReviewState};
use crate::access::time::{Timestamp, Trust};
use crate::app::{App, Described};
use crate::audit::leaf::{about_text, actor_text};
use crate::audit::sentence::sentence;
use crate::audit::tree::to_hex;
use crate::store::outbox::Delivery;
use crate::store::{Reader, Store, StoreError};

/// How many grants or requests are shown that can still change, and how many that cannot.
const OPEN_MAX: u32 = 1000;
const LATEST_MAX: u32 = 200;
/// How many lines of the audit log are shown at a time.
const AUDIT_LINES_MAX: u32 = 500;

/// How many lines are shown to whoever does not say.
pub(super) fn audit_lines() -> u32 {
    200
}

pub(super) async fn status(app: &App) -> Result<Value, StoreError> {
    let now = app.now();
    let (counts, draining) = app.store().read(|reader| Ok((reader.counts()?, reader.draining_since()?))).await?;
    let readiness = app.readiness();
    let clock = match now.trust {
        Trust::Sound => "ok",
        Trust::Suspect => "suspect",
    };
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "now_ms": now.at.as_millis(),
        "installation": app.store().installation(),
        "ready": readiness.is_ok(),
        "why_not": readiness.err(),
        "policy_digest": app.policies().current().map(|loaded| loaded.set.digest().to_owned()),
        "clock": clock,
        "draining_since_ms": draining.map(Timestamp::as_millis),
        "pending": counts.pending,
        "live": counts.live,
        "overdue": counts.overdue,
    }))
}

/// Where the message with the buttons of a channel is.
pub(super) fn door(delivery: Option<&Delivery>) -> Value {
    match delivery {
        None => json!({ "state": "none" }),
        Some(Delivery::Waits) => json!({ "state": "waits" }),
        Some(Delivery::Done) => json!({ "state": "pinned" }),
        Some(Delivery::Failed { code }) => json!({ "state": "failed", "code": code }),
    }
}

/// Every grant that can still change, and the latest of the others, in the order of their numbers.
pub(super) async fn grants(app: &App) -> Result<Value, StoreError> {
    let now = app.now().at;
    let list = app.store().read(move |reader| {
        let both = reader.open_grants(None, OPEN_MAX)?.into_iter().chain(reader.latest_grants(LATEST_MAX)?);
        let grants: BTreeMap<_, _> = both.map(|grant| (grant.id, grant)).collect();
        grants.values().map(|grant| shown_grant(reader, grant, now)).collect::<Result<Vec<_>, _>>()
    });
    Ok(json!({ "grants": list.await? }))
}

fn shown_grant(reader: &Reader<'_>, grant: &Grant, now: Timestamp) -> Result<Value, StoreError> {
    let request = reader.request(grant.request)?;
    let part = request.as_ref().map(|request| request.part_of(grant.id));
    let bundle = request.as_ref().map(|request| &request.terms).filter(|terms| terms.is_bundle());
    let provider = reader.entitlement(grant.entitlement)?.map(|entitlement| entitlement.description.provider);
    let ends_at = match &grant.state {
        GrantState::Active { ends_at, .. } => Some(*ends_at),
        GrantState::Revoking(revoking) => Some(revoking.due_at),
        GrantState::Ended(ended) => Some(ended.at),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Void { .. }
        | GrantState::Failed { .. } => None,
    };
    let (overdue, late) = match &grant.state {
        GrantState::Revoking(revoking) => (revoking.alarms > 0, Some(now.since(revoking.due_at))),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. }
        | GrantState::Void { .. }
        | GrantState::Failed { .. }
        | GrantState::Ended(_) => (false, None),
    };
    Ok(json!({
        "id": grant.id.to_string(),
        "request": grant.request.to_string(),
        "person": grant.person.as_str(),
        "resource": part.as_ref().map(|part| part.resource.as_str()),
        "role": part.as_ref().map(|part| part.role.as_str()),
        "bundle": bundle.map(|terms| terms.resource.as_str()),
        "state": grant.state.name(),
        "ends_at_ms": ends_at.map(Timestamp::as_millis),
        "overdue": overdue,
        "late_secs": late.map(|late| late.as_secs()),
        "provider": provider.as_ref().map(|provider| provider.as_str()),
    }))
}

/// Every request that can still be decided, and the latest of the others, in the order of their numbers.
pub(super) async fn requests(app: &App) -> Result<Value, StoreError> {
    let list = app.store().read(|reader| {
        let both = reader.pending_requests(OPEN_MAX)?.into_iter().chain(reader.latest_requests(LATEST_MAX)?);
        let requests: BTreeMap<_, _> = both.map(|request| (request.id, request)).collect();
        requests
            .values()
            .map(|request| {
                let review = reader.review(request.id)?;
                Ok(json!({
                    "id": request.id.to_string(),
                    "person": request.terms.subject.as_str(),
                    "resource": request.terms.resource.as_str(),
                    "role": request.terms.role.as_str(),
                    "parts": request.terms.parts.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    "state": request.state.name(),
                    "asked_at_ms": request.asked_at.as_millis(),
                    "reason": request.reason.as_typed(),
                    "mode": request.mode,
                    "review": review.as_ref().map(shown_review),
                }))
            })
            .collect::<Result<Vec<_>, StoreError>>()
    });
    Ok(json!({ "requests": list.await? }))
}

/// One request, as whoever decides has to read it. The inner error says that there is none.
pub(super) async fn request(app: &App, id: RequestId) -> Result<Result<Value, String>, StoreError> {
    let Some(Described { state, terms, lines }) = app.describe(id).await? else {
        return Ok(Err(format!("there is no request {id}")));
    };
    let lines: Vec<_> = lines.iter().map(|(label, text)| json!({ "label": label, "text": text })).collect();
    Ok(Ok(json!({ "id": id.to_string(), "state": state, "terms": terms.to_string(), "lines": lines })))
}

/// What somebody else said, or has to say, of what nobody agreed to.
fn shown_review(review: &Review) -> Value {
    let (closed_at, closed_by, finding) = match &review.state {
        ReviewState::Open => (None, None, None),
        ReviewState::Closed { at, by, finding, .. } => (Some(at.as_millis()), Some(by.as_str()), Some(finding.name())),
    };
    json!({
        "state": review.state.name(),
        "by": review.by,
        "opened_at_ms": review.opened_at.as_millis(),
        "due_at_ms": review.due_at.as_millis(),
        "overdue": review.is_overdue(),
        "closed_at_ms": closed_at,
        "closed_by": closed_by,
        "finding": finding,
    })
}

/// Lines of the audit log after `after`, with the head that they are under.
pub(super) async fn audit(app: &App, after: u64, limit: u32) -> Result<Value, StoreError> {
    let limit = limit.min(AUDIT_LINES_MAX);
    let policies = app.policies().current();
    let name = move |id: &PersonId| policies.as_ref()?.set.person(id).map(|person| person.name.clone());
    app.store()
        .read(move |reader| {
            let entries: Vec<Value> = reader.lines(after, limit)?.iter().map(|line| shown_line(line, &name)).collect();
            let head = reader.audit_head()?;
            Ok(json!({ "entries": entries, "size": head.size, "root": head.root_hex() }))
        })
        .await
}

fn shown_line(line: &crate::store::log::Line, name: &dyn Fn(&PersonId) -> Option<String>) -> Value {
    let entry = &line.entry;
    let kind = serde_json::to_value(&entry.event).ok().and_then(|event| event.get("kind").cloned());
    json!({
        "seq": entry.seq,
        "at_ms": entry.at.as_millis(),
        "kind": kind,
        "about": about_text(entry.event.about()),
        "actor": actor_text(&entry.actor),
        "text": sentence(entry, name),
        "hash": to_hex(&line.hash),
    })
}

/// Whether the log is what was written. Also for a database that no process serves.
pub(crate) async fn verify(store: &Store) -> Result<Value, StoreError> {
    let head = store.read(|reader| reader.audit_head()).await?;
    let problem = store.verify_audit().await?.err().map(|problem| problem.to_string());
    Ok(json!({ "intact": problem.is_none(), "size": head.size, "root": head.root_hex(), "problem": problem }))
}
