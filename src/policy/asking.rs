//! What somebody may ask for at all: some permit is about it and means them, whatever its other conditions say now.

use super::electorate::OR;
use super::evaluate::{evaluate_with_any_reason, would_ask};
use super::facts::{Facts, Manner, Outside, Verdict};
use super::file::Policy;
use super::matching::{Fits, Whose, fits};
use super::set::PolicySet;
use crate::access::ids::{PersonId, ResourceId, RoleId};
use crate::access::request::Step;
use crate::access::time::Timestamp;

/// A permit that is about this role and means this person, when they ask in the usual way; the first by id. Its limits are what
/// a form can offer.
pub fn permit_of<'a>(set: &'a PolicySet, person: &PersonId, resource: &ResourceId, role: &RoleId) -> Option<&'a Policy> {
    permit_in(set, Manner::Usual, person, resource, role)
}

/// A permit by which this person may break the glass for this role; the first by id.
pub fn glass_of<'a>(set: &'a PolicySet, person: &PersonId, resource: &ResourceId, role: &RoleId) -> Option<&'a Policy> {
    permit_in(set, Manner::BreakGlass, person, resource, role)
}

fn permit_in<'a>(
    set: &'a PolicySet,
    manner: Manner,
    person: &PersonId,
    resource: &ResourceId,
    role: &RoleId,
) -> Option<&'a Policy> {
    let outside = Outside::assumed_active();
    let whose = Whose::new(set, person, false);
    let means = |policy: &Policy| policy.manner() == manner && fits(set, &policy.who, whose, &outside) == Fits::Yes;
    set.policies_about(resource, role).find(|policy| means(policy))
}

/// Who would have been asked, had the same been asked for in the usual way: by the permit that would apply, else by one that
/// means this person, else the owners. Whether it would be permitted now does not matter.
pub fn usually_asked(set: &PolicySet, facts: &Facts, now: Timestamp) -> Vec<Step> {
    let usual = Facts { manner: Manner::Usual, ..facts.clone() };
    let steps = match evaluate_with_any_reason(set, &usual, now) {
        Verdict::Allow { steps, .. } => steps,
        Verdict::Deny { .. } => permit_of(set, &facts.subject, &facts.resource, &facts.role)
            .map(|policy| would_ask(set, policy, &usual, now).0)
            .unwrap_or_default(),
    };
    if !steps.is_empty() {
        return steps;
    }
    let parts = set.bundle(&facts.resource).map(|bundle| bundle.of.iter().map(|part| &part.resource.value).collect());
    let parts: Vec<&ResourceId> = parts.unwrap_or_else(|| vec![&facts.resource]);
    let owners = parts.into_iter().filter_map(|id| set.resource(id)).flat_map(|resource| &resource.owners);
    let by: Vec<String> = owners.map(|group| format!("group/{}", group.value)).collect();
    vec![Step { by: by.join(OR), count: 1 }]
}

/// Judges as if a reason were given that satisfies every rule: what a form shows before the reason is written.
pub fn outlook(set: &PolicySet, facts: &Facts, now: Timestamp) -> Verdict {
    evaluate_with_any_reason(set, facts, now)
}
