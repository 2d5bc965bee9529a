//! What may happen to a lock: it is set, somebody lifts it, its time runs out, and what it took back is over. Who may set and lift
//! which, whoever calls this has looked up; that nobody lifts a lock that is on themselves, is decided here as well.

use std::collections::BTreeSet;

use super::super::event::Event;
use super::super::grant::Grant;
use super::super::ids::{GrantId, LockId, PersonId};
use super::super::lock::{Lock, LockState, Scope};
use super::super::refusal::Refusal;
use super::super::time::{Now, Timestamp};
use super::super::words::Words;
use super::Undecided;

/// How long a lock lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// Until somebody lifts it.
    UntilLifted,
    /// Until this time at the latest.
    Until(Timestamp),
    /// It only takes back what is there now.
    ForTheMoment,
}

/// A lock to be set.
#[derive(Debug, Clone)]
pub struct Locking {
    /// The number it will have.
    pub id: LockId,
    /// What it is on.
    pub scope: Scope,
    /// Of a group, who is in it.
    pub members: BTreeSet<PersonId>,
    /// Who sets it.
    pub by: PersonId,
    /// How long.
    pub lasts: Lasts,
    /// Why.
    pub reason: Words,
    /// What it has to take back.
    pub accesses: Vec<GrantId>,
}

/// What can be done about a lock.
#[derive(Debug, Clone)]
pub enum LockCommand<'a> {
    /// Somebody lifts it.
    Lift {
        /// Who.
        by: PersonId,
        /// Every id that they have.
        ids: &'a [PersonId],
        /// Of a group, who is in it today.
        in_group: Option<&'a BTreeSet<PersonId>>,
    },
    /// More was found that it covers.
    Reach {
        /// What.
        grants: Vec<GrantId>,
    },
    /// What it takes back was looked at.
    Look {
        /// All of it.
        grants: &'a [Grant],
    },
    /// Time passed.
    Tick,
}

/// What follows from setting a lock.
///
/// # Errors
///
/// The refusal that the person is told: its time is over already, or it would take back nothing and last for the moment only.
pub fn set_lock(locking: Locking, now: Now) -> Result<Vec<Event>, Undecided> {
    let Locking { id, scope, members, by, lasts, reason, mut accesses } = locking;
    let (until, state) = match lasts {
        Lasts::UntilLifted => (None, LockState::InForce),
        Lasts::Until(until) if until <= now.at => return Err(Refusal::LockTimeOver { until }.into()),
        Lasts::Until(until) => (Some(until), LockState::InForce),
        Lasts::ForTheMoment if accesses.is_empty() => return Err(Refusal::NothingToRevoke.into()),
        Lasts::ForTheMoment => (None, LockState::Momentary),
    };
    accesses.sort_unstable();
    accesses.dedup();
    let cleared_at = accesses.is_empty().then_some(now.at);
    let lock = Lock { id, version: 0, scope, members, by, at: now.at, until, reason, accesses, cleared_at, state };
    Ok(vec![Event::LockSet { lock: Box::new(lock) }])
}

/// What follows from a command to a lock.
///
/// # Errors
///
/// The refusal that the person is told.
pub fn decide_lock(lock: &Lock, command: LockCommand<'_>, now: Now) -> Result<Vec<Event>, Undecided> {
    let id = lock.id;
    Ok(match command {
        LockCommand::Tick => {
            let is_over = lock.stands() && lock.has_run_out(now);
            is_over.then_some(Event::LockRanOut { lock: id, at: now.at }).into_iter().collect()
        }
        LockCommand::Lift { by, ids, in_group } => {
            if !lock.stands() {
                return Err(Refusal::NotLocked { what: lock.scope.clone() }.into());
            }
            if by_themselves(lock, &by, ids, in_group) {
                return Err(Refusal::LockedThemselves.into());
            }
            vec![Event::LockLifted { lock: id, at: now.at, by }]
        }
        LockCommand::Reach { grants } => {
            let new: Vec<GrantId> = grants.into_iter().filter(|grant| !lock.accesses.contains(grant)).collect();
            let reaches = lock.is_in_force(now) && !new.is_empty();
            reaches.then_some(Event::LockReached { lock: id, grants: new }).into_iter().collect()
        }
        LockCommand::Look { grants } => {
            let over = |id: &GrantId| grants.iter().any(|grant| grant.id == *id && grant.gives_no_more());
            let is_clear = lock.cleared_at.is_none() && lock.accesses.iter().all(over);
            is_clear.then_some(Event::LockCleared { lock: id, at: now.at }).into_iter().collect()
        }
    })
}

/// Nobody lifts a lock that is on them, or on a group they are in.
fn by_themselves(lock: &Lock, by: &PersonId, ids: &[PersonId], in_group: Option<&BTreeSet<PersonId>>) -> bool {
    lock.is_on(std::slice::from_ref(by), in_group) || lock.is_on(ids, in_group)
}
