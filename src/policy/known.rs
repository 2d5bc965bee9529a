//! What the files say of each person and group, worked out once when they are loaded, so that no judgement has to.
//!
//! Nothing here depends on the time, on a request, or on what is read elsewhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::file::{Group, Kind, Members, Person};
use super::validate::Membership;
use crate::access::ids::{GroupId, PersonId, ProviderId};
use crate::access::time::Timestamp;

/// People and groups, by id.
#[derive(Debug)]
pub(super) struct Known {
    people: HashMap<PersonId, Somebody>,
    voters: HashMap<GroupId, Vec<Voter>>,
    /// The groups of which the files do not say who is in them.
    read_elsewhere: BTreeSet<GroupId>,
}

/// A person, as far as rules ask.
#[derive(Debug)]
pub(super) struct Somebody {
    pub(super) kind: Kind,
    pub(super) company: Option<String>,
    /// The groups that they are in by what the files say.
    pub(super) groups: Vec<GroupId>,
    /// The first moment after their contract; `None` where they have no last day.
    pub(super) contract_end: Option<Timestamp>,
    /// Where they have an account.
    pub(super) accounts: Vec<ProviderId>,
}

/// A member of a group who can approve as one: an employee.
#[derive(Debug)]
pub(super) struct Voter {
    pub(super) id: PersonId,
    pub(super) contract_end: Option<Timestamp>,
}

impl Known {
    pub(super) fn of(
        people: &BTreeMap<PersonId, Person>,
        groups: &BTreeMap<GroupId, Group>,
        members: &Membership,
        contract_end: impl Fn(&Person) -> Option<Timestamp>,
    ) -> Known {
        let somebody = |person: &Person| Somebody {
            kind: person.kind,
            company: person.company.clone(),
            groups: Vec::new(),
            contract_end: contract_end(person),
            accounts: person.accounts.iter().map(|(provider, _)| provider.value.clone()).collect(),
        };
        let mut known = Known {
            people: people.iter().map(|(id, person)| (id.clone(), somebody(person))).collect(),
            voters: HashMap::new(),
            read_elsewhere: BTreeSet::new(),
        };
        for (group, ids) in members {
            let mut voters = Vec::new();
            for id in ids {
                let Some(person) = known.people.get_mut(id) else { continue };
                person.groups.push(group.clone());
                if person.kind == Kind::Employee {
                    voters.push(Voter { id: id.clone(), contract_end: person.contract_end });
                }
            }
            known.voters.insert(group.clone(), voters);
        }
        let elsewhere = groups.iter().filter(|(_, group)| match group.members {
            Members::Slack(_) | Members::OnCall(_) => true,
            Members::Listed(_) | Members::Where(_) => false,
        });
        known.read_elsewhere = elsewhere.map(|(id, _)| id.clone()).collect();
        known
    }

    pub(super) fn person(&self, id: &PersonId) -> Option<&Somebody> {
        self.people.get(id)
    }

    /// Who of this group can approve as a member of it, in the order of ids; `None` where the files do not say.
    pub(super) fn voters(&self, group: &GroupId) -> Option<&[Voter]> {
        if self.is_read_elsewhere(group) { None } else { self.voters.get(group).map(Vec::as_slice) }
    }

    pub(super) fn is_read_elsewhere(&self, group: &GroupId) -> bool {
        self.read_elsewhere.contains(group)
    }
}
