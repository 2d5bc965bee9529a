//! Who may fill which step today. Pure. Seating those who agreed is the core's business.
//!
//! What no policy can switch off lives here: nobody approves for themselves or for what they filed; strangers, bots,
//! services and unknown or deactivated accounts never approve; guests and contractors only where they are named as a person.

use std::collections::BTreeSet;

use super::facts::{Outside, Reading, Standing};
use super::file::Kind;
use super::set::PolicySet;
use crate::access::ids::{GroupId, PersonId};
pub use crate::access::request::OR;
use crate::access::request::Step;
use crate::access::time::Timestamp;

/// For each step, who may fill it at `now`. A group that cannot be read, and a word that means nothing, is nobody.
pub fn electorate(
    set: &PolicySet,
    steps: &[Step],
    subject: &PersonId,
    filed_by: &PersonId,
    outside: &Outside,
    now: Timestamp,
) -> Vec<BTreeSet<PersonId>> {
    let voters = Voters { set, subject, filed_by, outside, now };
    steps.iter().map(|step| voters.of(step).cloned().collect()).collect()
}

/// The same with no more than `enough` people for each step, which is all that it takes to tell whether so many seats can be
/// filled: of a large group nobody looks at everybody.
pub(super) fn enough_of(
    set: &PolicySet,
    steps: &[Step],
    (subject, filed_by): (&PersonId, &PersonId),
    outside: &Outside,
    now: Timestamp,
    enough: usize,
) -> Vec<BTreeSet<PersonId>> {
    let voters = Voters { set, subject, filed_by, outside, now };
    let of_step = |step: &Step| {
        let mut found = BTreeSet::new();
        for person in voters.of(step) {
            if found.len() >= enough {
                break;
            }
            found.insert(person.clone());
        }
        found
    };
    steps.iter().map(of_step).collect()
}

struct Voters<'a> {
    set: &'a PolicySet,
    subject: &'a PersonId,
    filed_by: &'a PersonId,
    outside: &'a Outside,
    now: Timestamp,
}

impl<'a> Voters<'a> {
    /// Whoever may fill this step; somebody who is meant by several words comes several times.
    fn of(&self, step: &'a Step) -> impl Iterator<Item = &'a PersonId> {
        let Voters { set, subject, filed_by, outside, now } = *self;
        step.by
            .split(OR)
            .flat_map(move |by| of_word(set, by, subject, outside))
            .filter(move |(person, how)| {
                *person != subject && *person != filed_by && may_approve(set, person, *how, outside, now)
            })
            .map(|(person, _)| person)
    }
}

/// The groups among the alternatives of a step's `by`.
pub fn groups_named(by: &str) -> impl Iterator<Item = GroupId> {
    by.split(OR).filter_map(|word| word.strip_prefix("group/")?.parse().ok())
}

/// How somebody came to be meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meant {
    /// By their own name, in the policy.
    ByName,
    /// As a member of a group, or by what they are to the subject.
    ByRole,
}

fn of_word<'a>(
    set: &'a PolicySet,
    by: &str,
    subject: &PersonId,
    outside: &'a Outside,
) -> impl Iterator<Item = (&'a PersonId, Meant)> + use<'a> {
    let (one, many): (Option<(&PersonId, Meant)>, Option<&BTreeSet<PersonId>>) = match (by, by.split_once('/')) {
        ("sponsor", _) => {
            let sponsor = set.person(subject).and_then(|person| person.sponsor.as_ref());
            (sponsor.map(|at| (&at.value, Meant::ByRole)), None)
        }
        ("manager", _) => {
            let manager = set.person(subject).and_then(|person| person.manager.as_ref());
            (manager.map(|at| (&at.value, Meant::ByRole)), None)
        }
        (_, Some(("person", id))) => {
            let person = id.parse::<PersonId>().ok().and_then(|id| set.people().get_key_value(&id));
            (person.map(|(id, _)| (id, Meant::ByName)), None)
        }
        (_, Some(("group", id))) => {
            let members = id.parse::<GroupId>().ok().and_then(|group| match outside.groups.get(&group) {
                Some(Reading::Members(members)) => Some(members),
                Some(Reading::Unreadable { .. }) => None,
                None => set.members(&group),
            });
            (None, members)
        }
        (_, Some(_) | None) => (None, None),
    };
    one.into_iter().chain(many.into_iter().flatten().map(|person| (person, Meant::ByRole)))
}

/// Whether this person can approve at all, as which they are meant.
fn may_approve(set: &PolicySet, id: &PersonId, meant: Meant, outside: &Outside, now: Timestamp) -> bool {
    let Some(person) = set.person(id) else { return false };
    let by_kind = match person.kind {
        Kind::Employee => true,
        Kind::Contractor => meant == Meant::ByName,
        Kind::Service => false,
    };
    let by_standing = match outside.standing(id) {
        Standing::Active => true,
        Standing::Guest => meant == Meant::ByName,
        Standing::Deactivated | Standing::Stranger | Standing::Bot | Standing::Unknown => false,
    };
    by_kind && by_standing && set.contract_end(id).is_none_or(|end| now < end)
}

/// What must be agreed when a policy changed while a request was pending: both what was asked then and what is asked now.
/// It only ever raises.
pub fn merge_steps(pinned: &[Step], current: &[Step]) -> Vec<Step> {
    let mut merged: Vec<Step> = Vec::new();
    for step in pinned.iter().chain(current) {
        match merged.iter_mut().find(|known| known.by == step.by) {
            Some(known) => known.count = known.count.max(step.count),
            None => merged.push(step.clone()),
        }
    }
    merged
}
