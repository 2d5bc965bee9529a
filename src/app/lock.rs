//! Locks, for emergencies: nothing new is given to what one covers, and what was given is taken back at once; and `revoke-all`, which
//! only takes back. Who may do which, is looked up when it is done, and not when it is shown.
//!
//! Nothing here waits or calls a provider: the worker removes what is owed, as always, and a message says what is seen to be gone.

mod draw;
mod host;
mod reach;
mod tick;
mod told;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use tracing::warn;

use crate::access::decide::{Lasts, LockCommand, Locking, decide_lock, set_lock};
use crate::access::event::Event;
use crate::access::grant::Grant;
use crate::access::ids::PersonId;
use crate::access::lock::{Lock, Scope};
use crate::access::refusal::Refusal;
use crate::access::time::Timestamp;
use crate::access::words::Words;
use crate::policy::PolicySet;
use crate::slack::block::Message;
use crate::slack::command::{Command, LockWords};
use crate::slack::inbound::Action;
use crate::slack::say::button;
use crate::slack::say::lock::{read_lock, read_revoke_all};
use crate::slack::say::names::Names;
use crate::slack::say::refusal::not_understood;
use crate::slack::say::reply::Reply;
use crate::store::Reader;

use super::click::unknown_button;
use super::deed::Deed;
use super::end::answers_for;
use super::policies::Loaded;
use super::surface::{Caller, shown};
use super::transact::{Attempt, Outcome, Stop, Work};
use super::{App, names};

pub(super) use reach::Reach;

/// What somebody does about locks.
#[derive(Debug, Clone)]
pub(super) enum Locks {
    /// Sets one.
    Set {
        /// On what.
        scope: Scope,
        /// Until when, if not until it is lifted.
        until: Option<Timestamp>,
        /// Why.
        reason: Words,
    },
    /// Lifts all on this.
    Lift {
        /// On what.
        scope: Scope,
    },
    /// Ends what a person has, as far as it is theirs to end.
    RevokeAll {
        /// Whose.
        person: PersonId,
        /// Why.
        reason: Words,
    },
}

impl App {
    /// `/jit lock`, `/jit unlock` and `/jit revoke-all`. `Err` is an answer that decided nothing: what would happen, with the button
    /// that makes it happen.
    pub(super) async fn obey_lock(
        &self,
        attempt: &mut Attempt,
        Caller { person, loaded, names }: &Caller,
        command: Command,
    ) -> Result<Option<Outcome>, Message> {
        let by = person.clone();
        let shown_first = match command {
            Command::Lock(LockWords { what, length, reason }) => {
                attempt.verb = "lock";
                self.lock_preview(loaded, names, &by, (&what, length, reason)).await
            }
            Command::RevokeAll { whose, reason } => {
                attempt.verb = "revoke-all";
                self.revoke_all_preview(loaded, names, &by, (&whose, reason)).await
            }
            Command::Unlock { what } => {
                attempt.verb = "unlock";
                match self.locked_meant(loaded, &what).await {
                    Ok(scope) => {
                        attempt.about = Some(scope.to_string());
                        return Ok(Some(self.perform(attempt, names, &Deed::Lock(by, Locks::Lift { scope })).await));
                    }
                    Err(refusal) => Err(Stop::Refused(refusal)),
                }
            }
            _ => return Ok(None),
        };
        match shown_first {
            Err(Stop::Refused(refusal)) => Ok(Some(self.perform(attempt, names, &Deed::Nothing(refusal)).await)),
            other => Err(shown(other, names)),
        }
    }

    /// The button that does what was shown.
    pub(super) async fn press_lock(
        &self,
        attempt: &mut Attempt,
        Caller { person, names, .. }: &Caller,
        action: &Action,
    ) -> Result<Option<Outcome>, Message> {
        let unknown = || not_understood(&unknown_button());
        let locks = if action.action_id == button::LOCK {
            let (scope, until, reason) = read_lock(&action.value).ok_or_else(unknown)?;
            (attempt.verb, attempt.about) = ("lock", Some(scope.to_string()));
            Locks::Set { scope, until, reason }
        } else {
            let (person, reason) = read_revoke_all(&action.value).ok_or_else(unknown)?;
            (attempt.verb, attempt.about) = ("revoke-all", Some(person.to_string()));
            Locks::RevokeAll { person, reason }
        };
        Ok(Some(self.perform(attempt, names, &Deed::Lock(person.clone(), locks)).await))
    }

    /// Does it.
    pub(super) async fn lock(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (by, locks): (PersonId, Locks),
    ) -> Result<Outcome, Stop> {
        let (reach, set, is_admin) = (self.reach(), Arc::clone(&loaded.set), self.is_admin(&by));
        match locks {
            Locks::Set { scope, until, reason } => {
                self.may_lock(&set, &by, &scope)?;
                let setting = Setting { members: members_of(&set, &scope)?, scope, until, reason };
                warn!(scope = %setting.scope, person = %by, "a lock is being set");
                self.transact(attempt, loaded, names, move |work, _| begin(work, &reach, by, setting)).await
            }
            Locks::Lift { scope } => {
                self.may_lock(&set, &by, &scope)?;
                warn!(%scope, person = %by, "a lock is being lifted");
                self.transact(attempt, loaded, names, move |work, _| lift(work, &reach, &by, scope)).await
            }
            Locks::RevokeAll { person, reason } => {
                warn!(person = %person, by = %by, "all that a person has is being revoked");
                let job = move |work: &mut Work<'_, '_>, names: &mut Names| -> Result<Reply, Stop> {
                    let Theirs { to_end, others } = theirs(work.tx, &reach, (&set, is_admin), &by, &person)?;
                    for grant in &others {
                        names::learn_grant(names, work.tx, grant)?;
                    }
                    let (id, accesses) = (work.tx.reserve_lock_id()?, to_end.iter().map(|grant| grant.id).collect());
                    let (scope, members, lasts) = (Scope::Person(person.clone()), BTreeSet::new(), Lasts::ForTheMoment);
                    let events = set_lock(Locking { id, scope, members, by, lasts, reason, accesses }, work.now)?;
                    take_back(work, events, &to_end)?;
                    let others = others.iter().map(|grant| grant.id).collect();
                    Ok(Reply::RevokingAll { person, ending: to_end.len(), others })
                };
                self.transact(attempt, loaded, names, job).await
            }
        }
    }

    /// Admins may lock anything, owners what they own, and sponsors whom they answer for.
    fn may_lock(&self, set: &PolicySet, by: &PersonId, scope: &Scope) -> Result<(), Refusal> {
        let may = match scope {
            Scope::Resource(resource) => set.owners_of(resource).contains(by),
            Scope::Person(person) => {
                let sponsor = set.person(person).and_then(|person| person.sponsor.as_ref());
                sponsor.is_some_and(|sponsor| sponsor.value == *by)
            }
            Scope::Group(_) | Scope::Everything => false,
        };
        if may || self.is_admin(by) { Ok(()) } else { Err(Refusal::NotYoursToLock { what: scope.clone() }) }
    }
}

/// A lock as it is asked for.
struct Setting {
    scope: Scope,
    members: BTreeSet<PersonId>,
    until: Option<Timestamp>,
    reason: Words,
}

/// Who is in the group of a scope by the files. Of a group that stands elsewhere nobody could say within a transaction.
fn members_of(set: &PolicySet, scope: &Scope) -> Result<BTreeSet<PersonId>, Refusal> {
    match scope {
        Scope::Group(group) => match (set.source_of(group), set.members(group)) {
            (None, Some(members)) => Ok(members.clone()),
            (Some(_), _) | (None, None) => Err(Refusal::GroupElsewhere { group: group.clone() }),
        },
        Scope::Person(_) | Scope::Resource(_) | Scope::Everything => Ok(BTreeSet::new()),
    }
}

/// Sets a lock, and ends what it covers. What is too much for one transaction the worker goes on with.
fn begin(work: &mut Work<'_, '_>, reach: &Reach, by: PersonId, setting: Setting) -> Result<Reply, Stop> {
    let Setting { scope, members, until, reason } = setting;
    work.refuse_the_locked(reach, &by)?;
    let standing = work.tx.standing_locks()?;
    let lasts_as_long = |lock: &&Lock| lock.until.is_none_or(|end| until.is_some_and(|until| until <= end));
    let mut same = standing.iter().filter(|lock| lock.scope == scope && lock.is_in_force(work.now));
    let again = same.rfind(lasts_as_long).cloned();
    if let Some(lock) = again {
        let (what, by, until) = (scope, lock.by, lock.until);
        return Err(Refusal::LockedAlready { what, by, until }.into());
    }
    let covered = reach.open_grants(work.tx, (&scope, &members))?;
    let (id, accesses) = (work.tx.reserve_lock_id()?, covered.iter().map(|grant| grant.id).collect());
    let lasts = until.map_or(Lasts::UntilLifted, Lasts::Until);
    let events = set_lock(Locking { id, scope: scope.clone(), members, by, lasts, reason, accesses }, work.now)?;
    if let Some(lock) = take_back(work, events, &covered)? {
        tick::redraw_pending(work, reach, &lock)?;
    }
    Ok(Reply::Locked { what: scope, until, ending: covered.len() })
}

/// Records a lock and ends the first of what it takes back.
fn take_back(work: &mut Work<'_, '_>, events: Vec<Event>, grants: &[Grant]) -> Result<Option<Lock>, Stop> {
    let lock = events.iter().find_map(|event| match event {
        Event::LockSet { lock } => Some((**lock).clone()),
        _ => None,
    });
    work.record(events)?;
    if let Some(lock) = &lock {
        tick::end_some(work, lock, grants)?;
    }
    Ok(lock)
}

fn lift(work: &mut Work<'_, '_>, reach: &Reach, by: &PersonId, scope: Scope) -> Result<Reply, Stop> {
    work.refuse_the_locked(reach, by)?;
    let mut standing = work.tx.standing_locks()?;
    standing.retain(|lock| lock.scope == scope);
    if standing.is_empty() {
        return Err(Refusal::NotLocked { what: scope }.into());
    }
    for lock in standing {
        let ids = reach.ids(by);
        let command = LockCommand::Lift { by: by.clone(), ids: &ids, in_group: reach.in_group(&scope) };
        let events = decide_lock(&lock, command, work.now)?;
        work.record(events)?;
        tick::redraw_pending(work, reach, &lock)?;
    }
    Ok(Reply::Unlocked { what: scope })
}

/// What a person has, may get or is losing: what somebody may end of it, and what not.
struct Theirs {
    to_end: Vec<Grant>,
    others: Vec<Grant>,
}

/// # Errors
///
/// A refusal where there is nothing that `by` may end.
fn theirs(
    reader: &Reader<'_>,
    reach: &Reach,
    (set, is_admin): (&PolicySet, bool),
    by: &PersonId,
    person: &PersonId,
) -> Result<Theirs, Stop> {
    let (mut to_end, mut others) = (Vec::new(), Vec::new());
    for id in reach.ids(person) {
        for grant in reader.open_grants_of(&id)?.into_iter().filter(|grant| !grant.gives_no_more()) {
            let may = is_admin || answers_for(set, reader, &grant, by)?;
            if may { to_end.push(grant) } else { others.push(grant) }
        }
    }
    let is_sponsor = set.person(person).and_then(|person| person.sponsor.as_ref()).is_some_and(|sponsor| sponsor.value == *by);
    match (to_end.is_empty(), is_admin || is_sponsor) {
        (false, _) => Ok(Theirs { to_end, others }),
        // Whoever answers for nothing of it does not read what there is.
        (true, false) => Err(Refusal::NotYours.into()),
        (true, true) => Err(Refusal::NothingToRevoke.into()),
    }
}
