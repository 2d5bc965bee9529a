//! Who may fill which step today. Pure. Seating those who agreed is the core's business.
//!
//! What no policy can switch off lives here: nobody approves for themselves or for what they filed; strangers, bots,
//! services and unknown or deactivated accounts never approve; guests and contractors only where they are named as a person.
//! Whoever is away is stood in for by the employee whom they named, here and nowhere else.

use std::collections::BTreeSet;

use super::facts::{Outside, Reading, Standing};
use super::file::{Asked, At, By, Kind};
use super::known::Voter;
use super::set::PolicySet;
use crate::access::electors::Electors;
use crate::access::ids::{GroupId, PersonId};
pub use crate::access::request::OR;
use crate::access::request::Step;
use crate::access::seats::SEATS_MAX;
use crate::access::time::Timestamp;

/// For each step, who may fill it at `now`, with those who stand in for somebody who is away. A group that cannot be read, and a
/// word that means nothing, is nobody.
pub fn electorate(
    set: &PolicySet,
    steps: &[Step],
    subject: &PersonId,
    filed_by: &PersonId,
    outside: &Outside,
    now: Timestamp,
) -> Vec<Electors> {
    let voters = Voters { set, subject, filed_by, outside, now };
    steps.iter().map(|step| voters.with_stand_ins(step)).collect()
}

/// The same with no more than `enough` people for each step, which is all that it takes to tell whether so many seats can be
/// filled: of a large group nobody looks at everybody. Nor at stand-ins: whoever they stand in for may fill the same seats, and
/// only one of the two counts.
pub(super) fn enough_of(
    set: &PolicySet,
    steps: &[Step],
    (subject, filed_by): (&PersonId, &PersonId),
    outside: &Outside,
    now: Timestamp,
    enough: usize,
) -> Vec<Electors> {
    let voters = Voters { set, subject, filed_by, outside, now };
    let of_step = |step: &Step| {
        let mut found = Electors::default();
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

/// Whether a first look at each group finds so many distinct people for these steps. Where it does, every seat can be filled;
/// where it does not, people may have to be moved, or are meant otherwise than as members of a group that the files list.
pub(super) fn finds_enough(
    set: &PolicySet,
    asked: &[Asked],
    owners: &[At<GroupId>],
    seats: u32,
    (subject, filed_by): (&PersonId, &PersonId),
    outside: &Outside,
    now: Timestamp,
) -> bool {
    let Some(seats) = usize::try_from(seats).ok().filter(|seats| *seats <= SEATS_MAX) else { return false };
    let mut found: Vec<&PersonId> = Vec::with_capacity(seats);
    let mut look = |by: &By, wanted: usize| {
        let (owners, group) = match by {
            By::Owners => (owners, None),
            By::Group(group) => (&[][..], Some(group)),
            By::Sponsor | By::Manager | By::Person(_) => (&[][..], None),
        };
        let groups = owners.iter().map(|owner| &owner.value).chain(group);
        for voter in groups.filter_map(|group| listed(set, group, outside)).flatten() {
            if found.len() >= wanted {
                break;
            }
            let is_new = voter.id != *subject && voter.id != *filed_by && !found.contains(&&voter.id);
            if is_new && can(Kind::Employee, Meant::ByRole, outside.standing(&voter.id), voter.contract_end, now) {
                found.push(&voter.id);
            }
        }
        found.len() >= wanted
    };
    let mut wanted = 0usize;
    for step in asked {
        wanted = wanted.saturating_add(usize::try_from(step.count).unwrap_or(usize::MAX));
        if !look(&step.by.value, wanted) {
            return false;
        }
    }
    // Whoever may fill any seat, or owns the resource, may fill those that a requirement adds.
    let owning = By::Owners;
    asked.iter().map(|step| &step.by.value).chain([&owning]).any(|by| look(by, seats))
}

/// Who can approve as a member of this group, where it is the files that say who is in it.
fn listed<'a>(set: &'a PolicySet, group: &GroupId, outside: &Outside) -> Option<&'a [Voter]> {
    if outside.groups.contains_key(group) { None } else { set.voters(group) }
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

    /// The same with the stand-ins of those among them who are away. A stand-in is stood in for by nobody, and decides neither
    /// about what is theirs nor about what they filed.
    fn with_stand_ins(&self, step: &Step) -> Electors {
        let Voters { set, subject, filed_by, outside, now } = *self;
        let mut electors: Electors = self.of(step).cloned().collect();
        let is_theirs = |person: &PersonId| person == subject || person == filed_by;
        let pairs: Vec<_> = outside
            .away
            .iter()
            .filter_map(|absence| Some((&absence.person, absence.stand_in.as_ref()?)))
            .filter(|(person, stand_in)| electors.contains(person) && !is_theirs(stand_in) && !outside.is_away(stand_in))
            .filter(|(person, stand_in)| {
                person != stand_in && [person, stand_in].iter().all(|who| may_stand_in(set, who, outside, now))
            })
            .collect();
        for (person, stand_in) in pairs {
            electors.insert_in_place_of(stand_in.clone(), person.clone());
        }
        electors
    }
}

/// Whether this person can stand in for others, and be stood in for: employees in good standing, as what they are.
pub fn may_stand_in(set: &PolicySet, person: &PersonId, outside: &Outside, now: Timestamp) -> bool {
    may_approve(set, person, Meant::ByRole, outside, now)
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
    set.known(id).is_some_and(|person| can(person.kind, meant, outside.standing(id), person.contract_end, now))
}

/// Whether whoever is all this can approve, as which they are meant.
fn can(kind: Kind, meant: Meant, standing: Standing, contract_end: Option<Timestamp>, now: Timestamp) -> bool {
    let by_kind = match kind {
        Kind::Employee => true,
        Kind::Contractor => meant == Meant::ByName,
        Kind::Service => false,
    };
    let by_standing = match standing {
        Standing::Active => true,
        Standing::Guest => meant == Meant::ByName,
        Standing::Deactivated | Standing::Stranger | Standing::Bot | Standing::Unknown => false,
    };
    by_kind && by_standing && contract_end.is_none_or(|end| now < end)
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
