//! Everybody who can reach something, by which rule and when; and everything that can be reached without a human. Pure.
//!
//! Exact, and no sample: the vocabulary is closed, so that between two edges (of hours, of contracts) no verdict can change,
//! and one judgement at each edge tells them all. It judges by `evaluate` itself, and knows no rule of its own.
//!
//! It knows the files alone: everybody counts as active in Slack, and every reason as good enough. Whether somebody is in a
//! group that is read elsewhere is not known, so that both are tried, and each way says which it needs; whoever is asked
//! there is taken to be somebody. What is asked for is as short as can be, and the longest that a way allows is told beside it.

mod survey;

use std::collections::BTreeSet;

use super::bundle;
use super::facts::{Manner, Outside, Reading};
use super::set::PolicySet;
use super::window::{LOOK_AHEAD_DAYS, Stretch, Window};
use crate::access::ids::{GroupId, PersonId, PolicyId, ResourceId, RoleId};
use crate::access::request::{Mode, Step};
use crate::access::time::{Timestamp, Ttl};
use survey::Survey;

/// One way in which one person can get one role, or one bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Who.
    pub person: PersonId,
    /// On what.
    pub resource: ResourceId,
    /// As what.
    pub role: RoleId,
    /// By which permit; of a bundle, the one of its parts that asks most of people.
    pub policy: PolicyId,
    /// In which manner it has to be asked for.
    pub manner: Manner,
    /// How it comes to be approved.
    pub mode: Mode,
    /// What has to be agreed by whom, requirements included.
    pub steps: Vec<Step>,
    /// Whether an approver must say why.
    pub note_required: bool,
    /// The longest that can be asked for at once.
    pub at_most: Ttl,
    /// Whether nobody has to agree to more time, once it is in force.
    pub extends_alone: bool,
    /// Groups that are read elsewhere, in which the person must be.
    pub if_in: BTreeSet<GroupId>,
    /// Groups that are read elsewhere, in which the person must not be.
    pub unless_in: BTreeSet<GroupId>,
    /// When the permit's conditions hold, in order, within the horizon.
    pub open: Vec<Stretch>,
    /// When it is also the one that applies, were the person in no other group that is read elsewhere: at other times of `open`
    /// another permit asks less of people.
    pub applies: Vec<Stretch>,
}

/// The time that is looked at: two weeks. Every hour of every day of the week occurs in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizon {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

impl Horizon {
    /// The two weeks that begin here.
    pub fn from(from: Timestamp) -> Horizon {
        let two_weeks = i64::from(LOOK_AHEAD_DAYS) * 24 * 3_600_000;
        Horizon { from, until: Timestamp::from_millis(from.as_millis().saturating_add(two_weeks)) }
    }
}

/// Everybody's ways to this role, or to this bundle, in the order of people and policies.
pub fn who_can(set: &PolicySet, resource: &ResourceId, role: &RoleId, horizon: Horizon) -> Vec<Way> {
    Survey::new(set, horizon).of_role(resource, role)
}

/// Every way to anything on which no human decides beforehand, or on more time for which none does, in the order of
/// resources, roles, people and policies; bundles last.
pub fn risky(set: &PolicySet, horizon: Horizon) -> Vec<Way> {
    let survey = Survey::new(set, horizon);
    let roles = set.resources().values().flat_map(|resource| resource.roles.iter().map(move |role| (resource, role)));
    let mut ways: Vec<Way> = roles.flat_map(|(resource, role)| survey.of_role(&resource.id.value, &role.id.value)).collect();
    if let Ok(all) = bundle::ROLE.parse() {
        ways.extend(set.bundles().keys().flat_map(|bundle| survey.of_role(bundle, &all)));
    }
    ways.retain(|way| way.is_without_a_human() || way.extends_alone);
    ways
}

impl Way {
    /// Whether nobody has to agree beforehand.
    pub fn is_without_a_human(&self) -> bool {
        match self.mode {
            Mode::Ask => false,
            Mode::Auto | Mode::BreakGlass => true,
        }
    }

    /// Whether it is open to a person who is in exactly these of the groups that are read elsewhere.
    pub fn is_for_members_of(&self, groups: &BTreeSet<GroupId>) -> bool {
        self.if_in.is_subset(groups) && self.unless_in.is_disjoint(groups)
    }

    /// Whether both are the same but for when, and for whom.
    fn is_like(&self, other: &Way) -> bool {
        (&self.policy, self.manner, self.mode, &self.steps, self.note_required)
            == (&other.policy, other.manner, other.mode, &other.steps, other.note_required)
    }
}

/// When an access of the shortest length can begin within these hours and this contract, were there no other condition.
pub fn startable(hours: Option<&Window>, contract_end: Option<Timestamp>, horizon: Horizon) -> Vec<Stretch> {
    let until = contract_end.map_or(horizon.until, |end| horizon.until.min(too_late_before(end)));
    let mut found = Vec::new();
    let mut add = |from: Timestamp, to: Timestamp| {
        let stretch = Stretch { from: from.max(horizon.from), until: to.min(until) };
        if stretch.from < stretch.until {
            append(&mut found, stretch);
        }
    };
    let Some(hours) = hours else {
        add(horizon.from, until);
        return found;
    };
    let mut at = horizon.from;
    while let Some(open) = hours.at_or_after(at).filter(|open| open.from < until) {
        add(open.from, too_late_before(open.until));
        at = open.until;
    }
    found
}

/// Everybody active, and these people in every group that is read elsewhere.
pub(super) fn supposed_in_groups(set: &PolicySet, members: &BTreeSet<PersonId>) -> Outside {
    let elsewhere = set.groups().keys().filter(|group| set.source_of(group).is_some());
    let groups = elsewhere.map(|group| (group.clone(), Reading::Members(members.clone()))).collect();
    Outside { groups, ..Outside::assumed_active() }
}

/// The first moment at which what is left before `end` is too short to begin in.
fn too_late_before(end: Timestamp) -> Timestamp {
    Timestamp::from_millis(end.as_millis().saturating_sub(Ttl::MIN.as_millis()).saturating_add(1))
}

/// Stretches that touch are one.
fn append(stretches: &mut Vec<Stretch>, next: Stretch) {
    match stretches.last_mut() {
        Some(last) if last.until == next.from => last.until = next.until,
        Some(_) | None => stretches.push(next),
    }
}
