//! What must hold, whatever happens. It looks at what is really at the provider, which the code under test cannot.

use std::collections::{BTreeMap, BTreeSet};

use daypass::access::apply;
use daypass::access::entitlement::{Description, Entitlement, Prior, Target};
use daypass::access::event::{About, Event};
use daypass::access::grant::{EndCause, Grant, GrantState, Proof, Recheck};
use daypass::access::ids::{EntitlementId, GrantId, PersonId, RequestId};
use daypass::access::queue::QueueChange;
use daypass::access::request::{Mode, Request, RequestState};
use daypass::access::review::Review;
use daypass::access::time::{Timestamp, Trust};

use super::provider::{self, Key};
use super::world::{CALL_TIMEOUT_MS, World};

pub fn new_entitlement(id: EntitlementId, description: Description) -> Entitlement {
    Entitlement {
        id,
        version: 0,
        description,
        prior: Prior::Unread,
        target: Target::Absent,
        due: None,
        in_flight: None,
        epoch: 0,
        quiet_at: Timestamp::from_millis(0),
        verified_at: None,
        trouble: None,
    }
}

fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

fn key_of(world: &World, grant: &Grant) -> Key {
    provider::key_of(&world.entitlements[&grant.entitlement].description)
}

/// The strongest level that a live grant of this key asks for.
fn covered(world: &World, key: &Key) -> u32 {
    let live = world.grants.values().filter(|grant| grant.is_live() && key_of(world, grant) == *key);
    live.map(|grant| grant.level.rank).max().unwrap_or(0)
}

/// Checked when an event is about to be committed.
pub fn before(world: &World, event: &Event) -> Result<(), String> {
    match event {
        Event::GrantEnded { grant, proof: Proof::ReadBack, .. } => {
            let grant = &world.grants[grant];
            let key = key_of(world, grant);
            let allowed = world.provider.standing(&key).max(covered(world, &key));
            ensure(world.provider.rank(&key) <= allowed, || {
                format!("I13: {} is said to have ended while {key:?} is there", grant.id)
            })?;
            let may_land = world.provider.late.iter().any(|late| {
                let gives = |rank: u32| rank > allowed;
                late.key == key
                    && late.lands_by > world.time
                    && matches!(&late.target, Target::Present { level, .. } if gives(level.rank))
            });
            ensure(!may_land, || format!("{} is said to have ended while a call of ours may still land", grant.id))
        }
        Event::GrantActivated { grant, active_at, ends_at } => {
            let row = &world.grants[grant];
            let key = key_of(world, row);
            // Between the look and what is said of it, somebody else may have taken it away.
            let taken = world.provider.taken.get(&key).is_some_and(|at| at + CALL_TIMEOUT_MS >= world.time);
            ensure(world.provider.rank(&key) >= row.level.rank || taken, || {
                format!("{grant} is said to be in force and is not there")
            })?;
            let honest = *ends_at <= row.latest_end && *ends_at <= active_at.plus(row.access_for);
            ensure(honest, || format!("I9: {grant} ends too late"))?;
            let request = &world.requests[&row.request];
            ensure(*ends_at <= request.ends_at_most, || format!("I9: {grant} outlives what was agreed"))
        }
        // I4: only a read before anything was sent says what was there before us.
        Event::PriorRead { entitlement, prior: Prior::Held(level), .. } => {
            let key = provider::key_of(&world.entitlements[entitlement].description);
            let standing = world.provider.standing(&key);
            ensure(level.rank <= standing, || format!("I4: {key:?} was taken for standing access, and was ours"))
        }
        Event::RequestApproved { request, seats, .. } => {
            let request = &world.requests[request];
            let people: BTreeSet<&PersonId> = seats.iter().map(|seat| &seat.person).collect();
            let needed: u32 = request.steps.iter().map(|step| step.count).sum();
            ensure(people.len() == seats.len() && people.len() == needed as usize, || {
                format!("I7: {} has shared seats", request.id)
            })?;
            let own = people.contains(&request.terms.subject) || people.contains(&request.filed_by);
            ensure(!own, || format!("I16: {} was approved by its own people", request.id))
        }
        Event::ReviewClosed { request, by, .. } => {
            let row = &world.requests[request];
            ensure(*by != row.terms.subject && *by != row.filed_by, || format!("I16: {request} was reviewed by its own people"))
        }
        _ => Ok(()),
    }
}

/// Checked when an event has been committed.
pub fn after(world: &World, event: &Event) -> Result<(), String> {
    match event {
        // I1
        Event::Queued { entitlement, change: QueueChange::CallStarted { .. } } => {
            let holding = world.holding(*entitlement);
            ensure(holding.entitlement.in_flight.is_some(), || "a call was started and not written down".to_owned())
        }
        Event::GrantExtended { grant, .. } => {
            let key = key_of(world, &world.grants[grant]);
            let held = world.provider.truth.get(&key);
            let backstop = held.and_then(|held| held.until);
            let moved = backstop.is_none_or(|until| until >= world.grants[grant].latest_end);
            ensure(moved || held.is_none(), || format!("E60: {grant} was extended before its backstop moved"))
        }
        _ => Ok(()),
    }
}

pub fn after_every_step(world: &World) -> Result<(), String> {
    nothing_unapproved(world)?;
    acknowledged_is_recorded(world)?;
    one_call_each(world)?;
    super::whole::all_or_nothing(world)?;
    unagreed_is_reviewed(world)?;
    if is_quiet(world) {
        quiet(world)?;
    }
    Ok(())
}

/// Everything there was there before us, or was approved and is not yet proven gone.
fn nothing_unapproved(world: &World) -> Result<(), String> {
    for (key, held) in &world.provider.truth {
        if held.rank <= world.provider.standing(key) {
            continue;
        }
        let known = world.grants.values().any(|grant| {
            let open = !grant.is_over()
                || matches!(grant.state, GrantState::Ended(ref ended) if !matches!(ended.proof, Proof::ReadBack));
            let approved = matches!(world.requests[&grant.request].state, RequestState::Approved { .. });
            key_of(world, grant) == *key && grant.level.rank >= held.rank && open && approved
        });
        ensure(known, || format!("{key:?} is there at {}, and nobody approved it or it is said to have ended", held.rank))?;
    }
    Ok(())
}

fn acknowledged_is_recorded(world: &World) -> Result<(), String> {
    for (request, by) in &world.acknowledged {
        let row = &world.requests[request];
        let recorded = row.approvals.iter().any(|given| given.by == *by) || !world.is_undecided(request);
        ensure(recorded, || format!("I14: {by} was told that {request} is recorded, and it is not"))?;
    }
    Ok(())
}

/// E46: what nobody agreed to has a review from the first moment on.
fn unagreed_is_reviewed(world: &World) -> Result<(), String> {
    for request in world.requests.values().filter(|request| request.mode == Mode::BreakGlass) {
        ensure(world.reviews.contains_key(&request.id), || format!("{}: nobody has to review it", request.id))?;
    }
    Ok(())
}

fn one_call_each(world: &World) -> Result<(), String> {
    for entitlement in world.entitlements.values() {
        let waiting =
            world.wires.iter().filter(|wire| wire.entitlement == entitlement.id && wire.epoch == entitlement.epoch).count();
        ensure(waiting <= 1, || format!("{}: two calls in flight", entitlement.id))?;
    }
    Ok(())
}

/// Nothing is under way and the worker has just had its turn: what is written must be what is.
fn is_quiet(world: &World) -> bool {
    let now = world.now();
    let nothing_due = world.entitlements.keys().all(|id| world.holding(*id).due_at().is_none_or(|due| due > now.at));
    world.alive && now.trust == Trust::Sound && world.wires.is_empty() && world.provider.late.is_empty() && nothing_due
}

fn quiet(world: &World) -> Result<(), String> {
    let now = world.now().at;
    for (key, held) in &world.provider.truth {
        let covered = world.provider.standing(key).max(covered(world, key));
        let leaving = world.grants.values().any(|grant| {
            let owed = matches!(
                grant.state,
                GrantState::Revoking(_) | GrantState::Failed { recheck: Recheck::At(_) | Recheck::Owed, .. }
            );
            key_of(world, grant) == *key && owed && world.entitlements[&grant.entitlement].description.subject == key.0
        });
        ensure(held.rank <= covered || leaving, || format!("{key:?} is left over"))?;
    }
    for grant in world.grants.values() {
        let past = match &grant.state {
            GrantState::Active { ends_at, .. } => *ends_at <= now,
            GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. } => grant.latest_end <= now,
            _ => false,
        };
        ensure(!past, || format!("{} is past its end and nobody cares", grant.id))?;
        if let GrantState::Revoking(revoking) = &grant.state {
            let told = revoking.alarms >= revoking.alarms_due(now);
            ensure(told, || format!("{} is late and nobody was told", grant.id))?;
            let entitlement = &world.entitlements[&grant.entitlement];
            ensure(entitlement.due.is_some(), || format!("{} is leaving and nothing is owed", grant.id))?;
        }
    }
    Ok(())
}

pub fn in_the_end(world: &World) -> Result<(), String> {
    for grant in world.grants.values() {
        ensure(grant.is_over(), || format!("{} never ended: {:?}", grant.id, grant.state))?;
        if let GrantState::Ended(ended) = &grant.state {
            let sent = matches!(ended.proof, Proof::NothingSent);
            ensure(!sent || ended.cause == EndCause::HeldBefore, || format!("{} ended without a look", grant.id))?;
        }
    }
    for request in world.requests.values() {
        ensure(!request.state.is_pending(), || format!("{} is still pending", request.id))?;
    }
    for review in world.reviews.values() {
        ensure(!review.is_open(), || format!("the review of {} is still open", review.request))?;
    }
    for (key, held) in &world.provider.truth {
        let standing = world.provider.standing(key);
        ensure(held.rank <= standing, || format!("{key:?} is left over at {} in the end", held.rank))?;
    }
    replayed(world)
}

/// The audit log alone gives the same states, ends, seats and targets.
fn replayed(world: &World) -> Result<(), String> {
    let mut requests: BTreeMap<RequestId, Request> = BTreeMap::new();
    let mut reviews: BTreeMap<RequestId, Review> = BTreeMap::new();
    let mut grants: BTreeMap<GrantId, Grant> = BTreeMap::new();
    let mut entitlements: BTreeMap<EntitlementId, Entitlement> = BTreeMap::new();
    for event in world.log.iter().filter(|event| event.is_audited()) {
        let broken = |illegal: apply::IllegalEvent| format!("the audit log contradicts itself: {illegal}");
        match (event, event.about()) {
            (Event::RequestAsked { request }, _) => drop(requests.insert(request.id, request.as_ref().clone())),
            (Event::ReviewOpened { review }, _) => drop(reviews.insert(review.request, review.as_ref().clone())),
            (Event::GrantPlanned { grant }, _) => drop(grants.insert(grant.id, grant.as_ref().clone())),
            (Event::EntitlementAdded { entitlement }, _) => {
                drop(entitlements.insert(entitlement.id, entitlement.as_ref().clone()))
            }
            (event, About::Request(id)) => drop(requests.insert(id, apply::request(&requests[&id], event).map_err(broken)?)),
            (event, About::Review(id)) => drop(reviews.insert(id, apply::review(&reviews[&id], event).map_err(broken)?)),
            (event, About::Grant(id)) => drop(grants.insert(id, apply::grant(&grants[&id], event).map_err(broken)?)),
            (event, About::Entitlement(id)) => {
                drop(entitlements.insert(id, apply::entitlement(&entitlements[&id], event).map_err(broken)?));
            }
            (_, About::Lock(_) | About::Nothing) => {}
        }
    }
    ensure(requests == world.requests, || "the audit log gives other requests than the rows".to_owned())?;
    ensure(reviews == world.reviews, || "the audit log gives other reviews than the rows".to_owned())?;
    ensure(grants == world.grants, || "the audit log gives other grants than the rows".to_owned())?;
    for (id, row) in &world.entitlements {
        let told = entitlements.get(id).map(|told| (&told.target, &told.prior, told.verified_at));
        ensure(told == Some((&row.target, &row.prior, row.verified_at)), || {
            format!("the audit log gives another {id} than the row")
        })?;
    }
    Ok(())
}
