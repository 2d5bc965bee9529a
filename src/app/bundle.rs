//! Bundles: what is asked for by one name and given all or not at all. What a bundle is made of is pinned with the request;
//! when the files change it while people decide, the request changes before their eyes, and what they agreed to is void.

use std::sync::Arc;

use crate::access::decide::{HoldingCommand, RequestCommand};
use crate::access::grant::{EndCause, Grant};
use crate::access::ids::{PersonId, RequestId, ResourceId, RoleId};
use crate::access::refusal::Refusal;
use crate::access::request::{Mode, Part, Purpose, Request, Terms};
use crate::access::time::Timestamp;
use crate::policy::asking::permit_of;
use crate::policy::bundle::ROLE;
use crate::policy::file::Policy;
use crate::policy::{Facts, PolicySet, Verdict};
use crate::store::{Reader, StoreError};

use super::App;
use super::ask::terms_hash;
use super::policies::Loaded;
use super::transact::{Stop, Work};

/// What this bundle is made of by the files, in their order; empty where this is no bundle.
pub(super) fn parts_of(set: &PolicySet, resource: &ResourceId) -> Vec<Part> {
    let parts = set.bundle(resource).map(|bundle| bundle.of.as_slice()).unwrap_or_default();
    parts.iter().map(|part| Part { resource: part.resource.value.clone(), role: part.role.value.clone() }).collect()
}

/// The parts of a bundle, or the thing itself.
pub(super) fn wanted(set: &PolicySet, resource: &ResourceId, role: &RoleId) -> Vec<Part> {
    let parts = parts_of(set, resource);
    if parts.is_empty() { vec![Part { resource: resource.clone(), role: role.clone() }] } else { parts }
}

/// The permits by which this person may ask for this, one for each part; `None` where a part has none.
pub(super) fn permits_of<'a>(
    set: &'a PolicySet,
    person: &PersonId,
    resource: &ResourceId,
    role: &RoleId,
) -> Option<Vec<&'a Policy>> {
    wanted(set, resource, role).iter().map(|part| permit_of(set, person, &part.resource, &part.role)).collect()
}

/// The bundles that this person may ask for, with their one role.
pub(super) fn askable(set: &PolicySet, person: &PersonId) -> Vec<(ResourceId, RoleId)> {
    let Ok(all) = ROLE.parse::<RoleId>() else { return Vec::new() };
    let may = |id: &&ResourceId| permits_of(set, person, id, &all).is_some();
    set.bundles().keys().filter(may).map(|id| (id.clone(), all.clone())).collect()
}

/// Whether this person owns what is asked for, or a part of it.
pub(super) fn is_owner(set: &PolicySet, terms: &Terms, who: &PersonId) -> bool {
    let wanted = terms.wanted();
    let owners = wanted.iter().filter_map(|part| set.resource(&part.resource)).flat_map(|resource| &resource.owners);
    owners.into_iter().filter_map(|group| set.members(&group.value)).any(|members| members.contains(who))
}

/// What to say to whoever holds this grant and asks for the same.
pub(super) fn held(reader: &Reader<'_>, grant: &Grant) -> Result<Refusal, StoreError> {
    let Some(request) = reader.request(grant.request)?.filter(|request| request.terms.is_bundle()) else {
        return Ok(Refusal::AlreadyHeld { grant: grant.id });
    };
    let grants = reader.grants_of_request(request.id)?;
    let grants = grants.iter().filter(|grant| !grant.gives_no_more()).map(|grant| grant.id).collect();
    Ok(Refusal::BundleHeld { bundle: request.terms.resource, grants })
}

impl Work<'_, '_> {
    /// Ends everything that a request gave, or was to give. What ends here and now is left to its end.
    ///
    /// # Errors
    ///
    /// [`Refusal::GrantOver`] of the first grant where nothing was left to end.
    pub(super) fn end_all(&mut self, request: RequestId, cause: &EndCause) -> Result<Vec<Grant>, Stop> {
        let mut ended = Vec::new();
        let mut over = None;
        for grant in self.tx.grants_of_request(request)? {
            match self.on_holding(grant.entitlement, HoldingCommand::End { grant: grant.id, cause: cause.clone() }) {
                Ok(()) => ended.push(grant),
                Err(Stop::Refused(refusal @ (Refusal::GrantOver { .. } | Refusal::NoSuchGrant { .. }))) => {
                    let state = grant.state.name().to_owned();
                    let told = if grant.is_over() { Refusal::GrantOver { grant: grant.id, state } } else { refusal };
                    over.get_or_insert(told);
                }
                Err(stop) => return Err(stop),
            }
        }
        match over {
            Some(refusal) if ended.is_empty() => Err(refusal.into()),
            Some(_) | None => Ok(ended),
        }
    }
}

impl App {
    /// What the bundle of a pending request is made of now becomes what people decide about.
    ///
    /// # Errors
    ///
    /// When it could not be read or recorded.
    pub(super) async fn follow_bundle(&self, loaded: &Arc<Loaded>, id: RequestId) -> Result<(), StoreError> {
        let set = Arc::clone(&loaded.set);
        let changed = self
            .store
            .read({
                let set = Arc::clone(&set);
                move |reader| Ok(reader.request(id)?.and_then(|request| changed_parts(&set, &request)))
            })
            .await?;
        if changed.is_none() {
            return Ok(());
        }
        let decided = self.decide(self.now(), move |work| {
            work.count(|work| {
                let Some(request) = work.tx.request(id)? else { return Ok(()) };
                let Some(terms) = changed_parts(&set, &request) else { return Ok(()) };
                let mut grants = request.grants.clone();
                grants.truncate(terms.parts.len());
                while grants.len() < terms.parts.len() {
                    grants.push(work.tx.reserve_grant_id()?);
                }
                let terms_hash = terms_hash(&terms);
                work.on_request(id, RequestCommand::ChangeParts { parts: terms.parts, grants, terms_hash }).map(drop)
            })
        });
        decided.await.map(drop)
    }
}

/// What rules say of what was asked for, as it was made up then: whatever the files have made of the bundle since, approved is
/// what people saw.
pub(super) fn judged(
    set: &PolicySet,
    terms: &Terms,
    facts: &Facts,
    now: Timestamp,
    judge: fn(&PolicySet, &Facts, Timestamp) -> Verdict,
) -> Verdict {
    if parts_of(set, &terms.resource) == terms.parts {
        return judge(set, facts, now);
    }
    let of = |part: Part| judge(set, &Facts { resource: part.resource, role: part.role, ..facts.clone() }, now);
    terms.wanted().into_iter().map(of).reduce(both).unwrap_or_else(|| judge(set, facts, now))
}

/// The stricter of two judgements: a no before a yes, the earlier end, people before none.
fn both(one: Verdict, other: Verdict) -> Verdict {
    let (mut kept, asks) = match (one, other) {
        (no @ Verdict::Deny { .. }, _) | (_, no @ Verdict::Deny { .. }) => return no,
        (one @ Verdict::Allow { .. }, other @ Verdict::Allow { .. }) => {
            let asks = is_asked(&one) || is_asked(&other);
            (if end_of(&other) < end_of(&one) { other } else { one }, asks)
        }
    };
    if let Verdict::Allow { mode, .. } = &mut kept
        && asks
    {
        *mode = Mode::Ask;
    }
    kept
}

fn is_asked(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Allow { mode: Mode::Ask, .. })
}

fn end_of(verdict: &Verdict) -> Option<Timestamp> {
    match verdict {
        Verdict::Allow { ends_at_most, .. } => Some(*ends_at_most),
        Verdict::Deny { .. } => None,
    }
}

/// The terms of a pending request on a bundle that the files have changed since. A bundle that is no more is left to the
/// judgement of the request.
fn changed_parts(set: &PolicySet, request: &Request) -> Option<Terms> {
    let is_open = request.state.is_pending() && request.terms.is_bundle() && request.terms.purpose == Purpose::Access;
    let parts = parts_of(set, &request.terms.resource);
    let is_changed = is_open && !parts.is_empty() && parts != request.terms.parts;
    is_changed.then(|| Terms { parts, ..request.terms.clone() })
}
