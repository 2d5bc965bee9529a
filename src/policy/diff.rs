//! What a change of the files opens, and what it closes: exactly, by trying everybody on every role under both sets. Pure.
//!
//! It compares by how many people somebody can be let in. Hours, lengths and reasons are deliberately left out: they change
//! when and how long, not who. It knows the files alone: everybody counts as active in Slack, and a group whose members are
//! read elsewhere counts as empty.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::evaluate::would_ask;
use super::facts::{Facts, Manner};

use super::matching::{Fits, Whose, fits};
use super::permit::total;
use super::set::PolicySet;
use crate::access::ids::{PersonId, ResourceId, RoleId};
use crate::access::time::Timestamp;

/// What changes from one set to the next. Each entry holds everybody to whom the same happens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Ways in that are new, or that ask fewer people than before.
    pub opened: Vec<Change>,
    /// Ways in that are gone, or that ask more people than before.
    pub closed: Vec<Change>,
}

/// One thing that changes, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// On what.
    pub resource: ResourceId,
    /// As what.
    pub role: RoleId,
    /// For whoever asks in this manner.
    pub manner: Manner,
    /// How it was.
    pub before: WayIn,
    /// How it is now.
    pub after: WayIn,
    /// For whom, by id; at least one.
    pub people: Vec<PersonId>,
}

/// How somebody gets in. The lesser, the more open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WayIn {
    /// The policy alone decides.
    AtOnce,
    /// So many people have to agree, at least 1.
    Approvals(u32),
    /// There is none.
    No,
}

impl fmt::Display for WayIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WayIn::AtOnce => f.write_str("without asking anybody"),
            WayIn::Approvals(1) => f.write_str("with 1 approval"),
            WayIn::Approvals(count) => write!(f, "with {count} approvals"),
            WayIn::No => f.write_str("not at all"),
        }
    }
}

/// How many people of a change are named.
const NAMED_MAX: usize = 5;

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { resource, role, manner, before, after, people } = self;
        let by = match manner {
            Manner::Usual => "",
            Manner::BreakGlass => ", by breaking the glass",
        };
        write!(f, "{resource} {role}{by}: {after}, {before} before, for ")?;
        let named: Vec<&str> = people.iter().take(NAMED_MAX).map(PersonId::as_str).collect();
        f.write_str(&named.join(", "))?;
        match people.len().saturating_sub(NAMED_MAX) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl Diff {
    /// Everything as lines for people, what opens first: at most `lines_max` of each of the two, and then how many more.
    pub fn lines(&self, lines_max: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for (word, changes) in [("opened", &self.opened), ("closed", &self.closed)] {
            lines.extend(changes.iter().take(lines_max).map(|change| format!("{word}: {change}")));
            match changes.len().saturating_sub(lines_max) {
                0 => {}
                more => lines.push(format!("{word}: and {more} more")),
            }
        }
        lines
    }
}

/// What changes between two sets. `now` decides whose contract is over. Takes time in proportion to people times roles.
pub fn diff(before: &PolicySet, after: &PolicySet, now: Timestamp) -> Diff {
    let mut diff = Diff::default();
    for manner in [Manner::Usual, Manner::BreakGlass] {
        diff.add(before, after, manner, now);
    }
    diff
}

impl Diff {
    fn add(&mut self, before: &PolicySet, after: &PolicySet, manner: Manner, now: Timestamp) {
        let people: BTreeSet<&PersonId> = before.people().keys().chain(after.people().keys()).collect();
        let mut found: BTreeMap<(&ResourceId, &RoleId, WayIn, WayIn), Vec<PersonId>> = BTreeMap::new();
        let roles: BTreeSet<(&ResourceId, &RoleId)> = roles(before).chain(roles(after)).collect();
        for (resource, role) in roles {
            for person in &people {
                let what = (*person, resource, role, manner);
                let (was, is) = (way_in(before, what, now), way_in(after, what, now));
                if was != is {
                    found.entry((resource, role, was, is)).or_default().push((*person).clone());
                }
            }
        }
        for ((resource, role, before, after), people) in found {
            let change = Change { resource: resource.clone(), role: role.clone(), manner, before, after, people };
            if after < before { self.opened.push(change) } else { self.closed.push(change) }
        }
    }
}

fn roles(set: &PolicySet) -> impl Iterator<Item = (&ResourceId, &RoleId)> {
    set.resources().iter().flat_map(|(id, resource)| resource.roles.iter().map(move |role| (id, &role.id.value)))
}

/// The way in that asks least of people, as `evaluate` would find it at an hour, and with a reason, that suit every permit.
fn way_in(set: &PolicySet, (person, resource, role, manner): (&PersonId, &ResourceId, &RoleId, Manner), now: Timestamp) -> WayIn {
    let Some(provider) = set.resource(resource).map(|resource| &resource.provider.value) else { return WayIn::No };
    let is_over = set.contract_end(person).is_some_and(|end| end <= now);
    if is_over || set.role(resource, role).is_none() || set.account(person, provider).is_none() {
        return WayIn::No;
    }
    let facts = Facts::supposed(person, resource, role, manner);
    let whose = Whose::new(set, person, is_over);
    if set.forbid_about(resource, role).any(|rule| fits(set, &rule.who, whose, &facts.outside) != Fits::No) {
        return WayIn::No;
    }
    let permits = set
        .policies_about(resource, role)
        .filter(|policy| policy.manner() == manner && fits(set, &policy.who, whose, &facts.outside) == Fits::Yes);
    let ways = permits.map(|policy| match would_ask(set, policy, &facts, now) {
        (_, missing) if !missing.is_empty() => WayIn::No,
        (steps, _) => match total(&steps) {
            0 => WayIn::AtOnce,
            count => WayIn::Approvals(count),
        },
    });
    ways.min().unwrap_or(WayIn::No)
}
