//! Whom and what locks cover today, by the policy files in force; and the refusal of what a lock covers, within the transaction in
//! which it would be given, so that of a lock and an approval the first to be committed wins.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::grant::Grant;
use crate::access::ids::{PersonId, ResourceId};
use crate::access::lock::{Lock, Scope};
use crate::access::refusal::Refusal;
use crate::access::request::{Request, Terms};
use crate::access::time::Now;
use crate::app::App;
use crate::app::leave::for_open_grants;
use crate::app::policies::{Loaded, Policies};
use crate::app::transact::{Stop, Work};
use crate::store::{Reader, StoreError};

/// The policy files in force, as far as locks need them.
#[derive(Clone)]
pub(in crate::app) struct Reach {
    policies: Arc<Policies>,
    loaded: Option<Arc<Loaded>>,
}

/// What a lock is on, or would be on.
pub(in crate::app) type On<'a> = (&'a Scope, &'a BTreeSet<PersonId>);

impl App {
    /// Whom locks cover by the files of now.
    pub(in crate::app) fn reach(&self) -> Reach {
        Reach { policies: Arc::clone(&self.policies), loaded: self.policies.current() }
    }

    /// The lock in force that covers a pending request, for messages. Nothing is decided by it.
    pub(in crate::app) async fn lock_over(&self, request: &Request) -> Result<Option<Lock>, StoreError> {
        if !request.state.is_pending() {
            return Ok(None);
        }
        let (reach, terms, now) = (self.reach(), request.terms.clone(), self.now());
        self.store.read(move |reader| reach.strongest(reader, now, |reach, lock| reach.covers_terms(lock, &terms))).await
    }
}

impl Reach {
    /// Every id that rows may name this person by.
    pub(in crate::app) fn ids(&self, person: &PersonId) -> Vec<PersonId> {
        let mut ids = self.policies.ids_of(&self.policies.now_called(person));
        if !ids.contains(person) {
            ids.push(person.clone());
        }
        ids
    }

    /// Who is in the group of a scope by the files; `None` for another scope, and where the files do not say.
    pub(in crate::app) fn in_group(&self, scope: &Scope) -> Option<&BTreeSet<PersonId>> {
        match scope {
            Scope::Group(group) => self.loaded.as_ref()?.set.members(group),
            Scope::Person(_) | Scope::Resource(_) | Scope::Everything => None,
        }
    }

    /// Whether a lock covers what these terms ask for. Of a bundle, any part is enough.
    pub(in crate::app) fn covers_terms(&self, lock: &Lock, terms: &Terms) -> bool {
        self.covers((&lock.scope, &lock.members), terms)
    }

    /// The same of a lock that is not set yet.
    pub(in crate::app) fn covers(&self, (scope, members): On<'_>, terms: &Terms) -> bool {
        let things: Vec<ResourceId> = terms.wanted().into_iter().map(|part| part.resource).collect();
        scope.covers(members, &self.ids(&terms.subject), &things, self.in_group(scope))
    }

    /// Whether a grant is covered.
    pub(in crate::app) fn covers_grant(&self, reader: &Reader<'_>, on: On<'_>, grant: &Grant) -> Result<bool, StoreError> {
        let things = match on.0 {
            Scope::Resource(_) => reader.request(grant.request)?.map(|request| request.part_of(grant.id).resource),
            Scope::Person(_) | Scope::Group(_) | Scope::Everything => None,
        };
        Ok(on.0.covers(on.1, &self.ids(&grant.person), things.as_slice(), self.in_group(on.0)))
    }

    /// Every covered grant by which somebody has something, may get something, or is losing it. In the order of the numbers.
    pub(in crate::app) fn open_grants(&self, reader: &Reader<'_>, on: On<'_>) -> Result<Vec<Grant>, StoreError> {
        let mut open = Vec::new();
        for_open_grants(reader, |grant| open.extend((!grant.gives_no_more()).then(|| grant.clone())))?;
        let mut covered = Vec::new();
        for grant in open {
            if self.covers_grant(reader, on, &grant)? {
                covered.push(grant);
            }
        }
        Ok(covered)
    }

    /// Whether a lock is on this person, or on a group they are in.
    pub(in crate::app) fn is_on(&self, lock: &Lock, person: &PersonId) -> bool {
        lock.is_on(&self.ids(person), self.in_group(&lock.scope))
    }

    /// Of the locks in force that match, the one that lasts longest.
    fn strongest(
        &self,
        reader: &Reader<'_>,
        now: Now,
        matches: impl Fn(&Reach, &Lock) -> bool,
    ) -> Result<Option<Lock>, StoreError> {
        let locks = reader.standing_locks()?.into_iter().filter(|lock| lock.is_in_force(now) && matches(self, lock));
        Ok(locks.max_by_key(|lock| (lock.until.is_none(), lock.until, std::cmp::Reverse(lock.id))))
    }
}

impl Work<'_, '_> {
    /// Refuses what a lock in force covers, and what somebody files on whom there is one.
    pub(in crate::app) fn refuse_locked(&self, reach: &Reach, terms: &Terms, by: &PersonId) -> Result<(), Stop> {
        let locked =
            reach.strongest(self.tx, self.now, |reach, lock| reach.covers_terms(lock, terms) || reach.is_on(lock, by))?;
        locked.map_or(Ok(()), |lock| Err(locked_by(lock).into()))
    }

    /// Whoever is locked themself sets and lifts no lock.
    pub(in crate::app) fn refuse_the_locked(&self, reach: &Reach, by: &PersonId) -> Result<(), Stop> {
        match reach.strongest(self.tx, self.now, |reach, lock| reach.is_on(lock, by))? {
            Some(_) => Err(Refusal::LockedThemselves.into()),
            None => Ok(()),
        }
    }

    /// The lock in force that covers a grant to which nothing was sent.
    pub(in crate::app) fn lock_on(&self, reach: &Reach, grant: &Grant) -> Result<Option<Lock>, StoreError> {
        for lock in self.tx.standing_locks()? {
            if lock.is_in_force(self.now) && reach.covers_grant(self.tx, (&lock.scope, &lock.members), grant)? {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }
}

fn locked_by(lock: Lock) -> Refusal {
    Refusal::Locked { what: lock.scope, by: lock.by, until: lock.until }
}
