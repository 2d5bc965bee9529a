//! A lock: nothing new is given to whom or to what it covers, and what was given is taken back. In an emergency it is set first
//! and talked about afterwards.
//!
//! What it takes back is written in it, so that its work goes on after a crash and its end can be shown. Taking back does not
//! depend on it: a grant that was once sent away goes, whatever becomes of the lock.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::grant::EndCause;
use super::ids::{GrantId, GroupId, LockId, NotAnId, PersonId, ResourceId};
use super::time::{Now, Timestamp, Trust};
use super::words::Words;

/// What a lock is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// One person, whatever it is about.
    Person(PersonId),
    /// Everybody in a group.
    Group(GroupId),
    /// One thing, whoever has it.
    Resource(ResourceId),
    /// Everybody and everything.
    Everything,
}

impl Scope {
    /// Whether it covers somebody, under whichever of these ids, with these things. Of a group, `members` is who was in it when it
    /// was locked, and `in_group` who is in it today.
    pub fn covers(
        &self,
        members: &BTreeSet<PersonId>,
        person: &[PersonId],
        things: &[ResourceId],
        in_group: Option<&BTreeSet<PersonId>>,
    ) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Resource(resource) => things.contains(resource),
            Scope::Person(_) | Scope::Group(_) => self.is_on(members, person, in_group),
        }
    }

    fn is_on(&self, members: &BTreeSet<PersonId>, person: &[PersonId], in_group: Option<&BTreeSet<PersonId>>) -> bool {
        match self {
            Scope::Person(locked) => person.contains(locked),
            Scope::Group(_) => {
                person.iter().any(|id| members.contains(id) || in_group.is_some_and(|members| members.contains(id)))
            }
            Scope::Resource(_) | Scope::Everything => false,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Person(id) => write!(f, "person/{id}"),
            Scope::Group(id) => write!(f, "group/{id}"),
            Scope::Resource(id) => write!(f, "resource/{id}"),
            Scope::Everything => f.write_str("everything"),
        }
    }
}

impl FromStr for Scope {
    type Err = NotAnId;

    /// Reads what [`Scope`] writes, and nothing else.
    fn from_str(text: &str) -> Result<Scope, NotAnId> {
        match text.split_once('/') {
            Some(("person", id)) => id.parse().map(Scope::Person),
            Some(("group", id)) => id.parse().map(Scope::Group),
            Some(("resource", id)) => id.parse().map(Scope::Resource),
            None if text == "everything" => Ok(Scope::Everything),
            Some(_) | None => Err(NotAnId::of(text, "what a lock can be on, such as `person/maya` or `everything`")),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Scope, NotAnId> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> String {
        scope.to_string()
    }
}

/// A lock, and what it has to take back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Its number, `L-3`.
    pub id: LockId,
    /// Counts the changes; every change is a compare-and-set on it.
    pub version: u64,
    /// What it is on.
    pub scope: Scope,
    /// Of a group, who was in it when it was locked. Whoever leaves the group meanwhile stays covered.
    pub members: BTreeSet<PersonId>,
    /// Who set it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// When it runs out by itself; without one, somebody has to lift it.
    pub until: Option<Timestamp>,
    /// Why, in their words.
    pub reason: Words,
    /// What it has to take back: what it covers and was not over when it was set, and what was found to be covered since. In the
    /// order of the numbers.
    pub accesses: Vec<GrantId>,
    /// When all of these were over; empty as long as one is not.
    pub cleared_at: Option<Timestamp>,
    /// Where it stands.
    pub state: LockState,
}

/// Where a lock stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockState {
    /// Nothing new is given to what it covers.
    InForce,
    /// Somebody lifted it.
    Lifted {
        /// When.
        at: Timestamp,
        /// Who.
        by: PersonId,
    },
    /// Its time was over.
    RanOut {
        /// When that was noticed.
        at: Timestamp,
    },
    /// It was for the moment only: what was there is taken back, and new access can be asked for (`revoke-all`).
    Momentary,
}

impl LockState {
    /// The state's name, as it is stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            LockState::InForce => "in_force",
            LockState::Lifted { .. } => "lifted",
            LockState::RanOut { .. } => "ran_out",
            LockState::Momentary => "momentary",
        }
    }
}

impl Lock {
    /// Whether nothing new is given to what it covers. A clock that contradicts itself ends no lock.
    pub fn is_in_force(&self, now: Now) -> bool {
        self.stands() && !self.has_run_out(now)
    }

    /// Whether nobody has lifted it, and its end was not noticed.
    pub fn stands(&self) -> bool {
        matches!(self.state, LockState::InForce)
    }

    /// Whether its time is over, and the time can be believed.
    pub fn has_run_out(&self, now: Now) -> bool {
        now.trust == Trust::Sound && self.until.is_some_and(|until| until <= now.at)
    }

    /// Whether it is on this person themselves, under whichever of these ids, or on a group they are in. `in_group` is who is in
    /// the group of its scope today.
    pub fn is_on(&self, person: &[PersonId], in_group: Option<&BTreeSet<PersonId>>) -> bool {
        self.scope.is_on(&self.members, person, in_group)
    }

    /// Why the accesses end that it takes back.
    pub fn cause(&self) -> EndCause {
        match self.state {
            LockState::Momentary => EndCause::RevokedBy(self.by.clone()),
            LockState::InForce | LockState::Lifted { .. } | LockState::RanOut { .. } => {
                EndCause::Locked(self.id, self.by.clone())
            }
        }
    }

    /// When something is to be done about it by itself.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.until.filter(|_| self.stands())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_lock_is_on_can_be_written_and_read_again() {
        for text in ["person/maya", "group/contractors/acme", "resource/prod/orders", "everything"] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        for text in ["", "maya", "Everything", "everything/x", "person/", "person/<@U1>", "team/x", "resource/Prod"] {
            assert!(text.parse::<Scope>().is_err(), "{text:?} is nothing that a lock can be on");
        }
    }
}
