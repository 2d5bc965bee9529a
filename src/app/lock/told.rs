//! Which messages a lock makes stale, marked in the transaction that changes it.

use crate::access::event::Event;
use crate::access::ids::{LockId, PersonId};
use crate::app::messages::Kind;
use crate::app::telling::Telling;
use crate::store::outbox::{Audience, Style};
use crate::store::{StoreError, Tx};

impl Telling<'_> {
    /// What an event about a lock, already recorded, makes stale. Of other events, nothing.
    pub(in crate::app) fn tell_of_lock(&self, tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
        match event {
            Event::LockSet { lock } => {
                self.alarm(tx, &Kind::LockSet, lock.id)?;
                self.mark(tx, &Kind::LockTable, lock.id, Audience::Person(lock.by.clone()))
            }
            Event::LockReached { lock, .. } | Event::LockCleared { lock, .. } | Event::LockWordsErased { lock, .. } => {
                self.lock_changed(tx, *lock)
            }
            Event::LockLifted { lock, by, .. } => self.lock_over(tx, *lock, Some(by)),
            Event::LockRanOut { lock, .. } => self.lock_over(tx, *lock, None),
            _ => Ok(()),
        }
    }

    /// What was said of a lock and follows its state.
    pub(in crate::app) fn lock_changed(&self, tx: &mut Tx<'_>, id: LockId) -> Result<(), StoreError> {
        for key in tx.messages_about(&id.to_string())? {
            if Kind::read(&key.kind).map(|kind| kind.style()) == Some(Style::Convergent) {
                tx.mark_stale(&key, Style::Convergent, self.at)?;
            }
        }
        Ok(())
    }

    /// The security channel, and whoever set it unless they lifted it.
    fn lock_over(&self, tx: &mut Tx<'_>, id: LockId, by: Option<&PersonId>) -> Result<(), StoreError> {
        self.lock_changed(tx, id)?;
        self.alarm(tx, &Kind::LockOver, id)?;
        match tx.lock(id)?.filter(|lock| by != Some(&lock.by)) {
            Some(lock) => self.mark(tx, &Kind::LockOver, id, Audience::Person(lock.by)),
            None => Ok(()),
        }
    }
}
