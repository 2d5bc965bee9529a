//! Applying an event to the lock that it is about.

use super::super::about::About;
use super::super::event::Event;
use super::super::lock::{Lock, LockState};
use super::super::words::Words;
use super::IllegalEvent;

/// The lock after the event.
///
/// # Errors
///
/// [`IllegalEvent`] when the event is about something else or does not fit the state.
pub fn lock(before: &Lock, event: &Event) -> Result<Lock, IllegalEvent> {
    let illegal = || IllegalEvent { about: before.id.to_string(), state: before.state.name(), event: Box::new(event.clone()) };
    if event.about() != About::Lock(before.id) {
        return Err(illegal());
    }
    let mut after = before.clone();
    after.version += 1;
    match (event, &before.state) {
        (Event::LockReached { grants, .. }, LockState::InForce) if grants.iter().any(|id| !before.accesses.contains(id)) => {
            after.accesses.extend(grants);
            after.accesses.sort_unstable();
            after.accesses.dedup();
            after.cleared_at = None;
        }
        (Event::LockLifted { at, by, .. }, LockState::InForce) => {
            after.state = LockState::Lifted { at: *at, by: by.clone() };
        }
        (Event::LockRanOut { at, .. }, LockState::InForce) if before.until.is_some() => {
            after.state = LockState::RanOut { at: *at };
        }
        (Event::LockCleared { at, .. }, _) if before.cleared_at.is_none() => after.cleared_at = Some(*at),
        (Event::LockWordsErased { of, .. }, _) if before.by == *of => after.reason = Words::default(),
        _ => return Err(illegal()),
    }
    Ok(after)
}
