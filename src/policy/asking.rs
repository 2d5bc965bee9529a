//! What somebody may ask for at all: some permit is about it and means them, whatever its other conditions say now.

use super::evaluate::evaluate_with_any_reason;
use super::facts::{Facts, Outside, Verdict};
use super::file::Policy;
use super::matching::{Fits, Whose, fits};
use super::set::PolicySet;
use crate::access::ids::{PersonId, ResourceId, RoleId};
use crate::access::time::Timestamp;

/// A permit that is about this role and means this person; the first by id. Its limits are what a form can offer.
pub fn permit_of<'a>(set: &'a PolicySet, person: &PersonId, resource: &ResourceId, role: &RoleId) -> Option<&'a Policy> {
    let outside = Outside::assumed_active();
    let whose = Whose { id: person, contract_ended: false };
    set.policies_about(resource, role).find(|policy| fits(set, &policy.who, whose, &outside) == Fits::Yes)
}

/// Judges as if a reason were given that satisfies every rule: what a form shows before the reason is written.
pub fn outlook(set: &PolicySet, facts: &Facts, now: Timestamp) -> Verdict {
    evaluate_with_any_reason(set, facts, now)
}
