//! All or nothing: what several grants of one request owe to each other. Which of them failed is read off the grants; nothing
//! here is remembered, so that a crash cannot forget it.

use super::super::grant::{EndCause, Ended, Grant, GrantState, Revoking, VoidCause};
use super::super::ids::{EntitlementId, GrantId};

/// A part that has to go because of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollBack {
    /// The part.
    pub grant: GrantId,
    /// What it claims.
    pub entitlement: EntitlementId,
    /// Why.
    pub cause: EndCause,
}

/// What has to go of a request whose grants these are, all of them: as long as they were not all in force, the first that is
/// over takes the others with it. Once they all were, each of them ends by itself.
///
/// To be carried out in the transaction in which the first one is found to be over.
pub fn rolled_back(grants: &[Grant]) -> Vec<RollBack> {
    if grants.len() < 2 || grants.iter().all(Grant::came_in_force) {
        return Vec::new();
    }
    let causes: Vec<EndCause> = grants.iter().filter_map(cause_for_others).collect();
    // What really happened says more than that another part was rolled back for it.
    let told = causes.iter().find(|cause| !matches!(cause, EndCause::SiblingFailed(_))).or(causes.first());
    let Some(cause) = told else { return Vec::new() };
    grants
        .iter()
        .filter(|grant| grant.is_to_come())
        .map(|grant| RollBack { grant: grant.id, entitlement: grant.entitlement, cause: cause.clone() })
        .collect()
}

/// Why the others have to go, if this one is over or on its way out.
fn cause_for_others(grant: &Grant) -> Option<EndCause> {
    let failed = || Some(EndCause::SiblingFailed(grant.id));
    match &grant.state {
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. } => None,
        GrantState::Failed { .. } => failed(),
        GrantState::Void { why, .. } => match why {
            VoidCause::Lapsed => failed(),
            VoidCause::By(person) => Some(EndCause::RevokedBy(person.clone())),
            VoidCause::PolicyForbids(rule) => Some(EndCause::PolicyForbids(rule.clone())),
            VoidCause::ContractEnded => Some(EndCause::ContractEnded),
            VoidCause::PersonDeactivated => Some(EndCause::PersonDeactivated),
            VoidCause::Drained => Some(EndCause::Drained),
            VoidCause::Locked(lock, by) => Some(EndCause::Locked(*lock, by.clone())),
            VoidCause::SiblingFailed(other) => Some(EndCause::SiblingFailed(*other)),
        },
        GrantState::Revoking(Revoking { cause, .. }) | GrantState::Ended(Ended { cause, .. }) => match cause {
            EndCause::HeldBefore => None,
            EndCause::TimeOver | EndCause::StartMissed | EndCause::RemovedOutside | EndCause::LandedLate => failed(),
            EndCause::HandedBack
            | EndCause::RevokedBy(_)
            | EndCause::Withdrawn(_)
            | EndCause::ContractEnded
            | EndCause::PersonDeactivated
            | EndCause::Drained
            | EndCause::Locked(..)
            | EndCause::PolicyForbids(_)
            | EndCause::SiblingFailed(_) => Some(cause.clone()),
        },
    }
}
