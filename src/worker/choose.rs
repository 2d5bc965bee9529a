//! Which owed calls to make next: what takes access away comes before what gives it, and no provider takes every place.
//!
//! Pure, so that the simulation drives the same choice as the worker does.

use std::collections::BTreeMap;

use crate::access::entitlement::Holding;
use crate::access::entitlement::{Entitlement, Errand, Target};
use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{EntitlementId, ProviderId};
use crate::access::time::Timestamp;

/// Calls in flight at one provider at a time, so that one that does not answer holds up only its own.
pub const CALLS_PER_PROVIDER_MAX: usize = 2;

/// Whether a call can only take access away (or look), or may give some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It removes, restores or looks after something that should be gone.
    Taking,
    /// It gives, or looks in order to give.
    Giving,
}

/// The direction of the call that this holding owes.
pub fn direction(holding: &Holding) -> Direction {
    let leaving = |grant: &Grant| matches!(grant.state, GrantState::Revoking(_));
    let reading = holding.entitlement.due.as_ref().is_some_and(|due| due.errand == Errand::ReadPrior);
    if !reading && (holding.grants.iter().any(leaving) || holding.entitlement.target == Target::Absent) {
        Direction::Taking
    } else {
        Direction::Giving
    }
}

/// Chooses from the holdings whose call may start now. `in_flight` counts the calls under way by provider.
///
/// Nothing is given while a removal that is due was never tried: after a long absence everything overdue gets its first try
/// before anything new is granted.
pub fn choose(due: &[Holding], in_flight: &BTreeMap<ProviderId, usize>, now: Timestamp) -> Vec<EntitlementId> {
    let startable =
        |entitlement: &Entitlement| entitlement.in_flight.is_none() && entitlement.due.as_ref().is_some_and(|due| due.at <= now);
    let mut candidates: Vec<(Direction, Timestamp, &Holding)> = due
        .iter()
        .filter(|holding| startable(&holding.entitlement))
        .filter_map(|holding| Some((direction(holding), holding.entitlement.due.as_ref()?.at, holding)))
        .collect();
    candidates.sort_by_key(|(direction, at, holding)| (*direction, *at, holding.entitlement.id));
    let untried_removal = candidates.iter().any(|(direction, _, holding)| {
        *direction == Direction::Taking && holding.entitlement.due.as_ref().is_some_and(|due| due.attempts == 0)
    });
    let mut places = in_flight.clone();
    let mut chosen = Vec::new();
    for (direction, _, holding) in candidates {
        if direction == Direction::Giving && untried_removal {
            break;
        }
        let taken = places.entry(holding.entitlement.description.provider.clone()).or_default();
        if *taken < CALLS_PER_PROVIDER_MAX {
            *taken += 1;
            chosen.push(holding.entitlement.id);
        }
    }
    chosen
}
