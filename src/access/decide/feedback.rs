//! How much an access was, to whoever had it. They are asked once all of it is over, of a sample and not often; nothing follows from what
//! they say but that it is on record.

use std::time::Duration;

use super::super::event::Event;
use super::super::grant::{EndCause, Grant, GrantState};
use super::super::ids::PersonId;
use super::super::refusal::Refusal;
use super::super::request::{Purpose, Request, RequestState};
use super::super::talk::{Measure, Said};
use super::super::time::{Now, Timestamp};

/// Of so many requests one is asked about.
const ONE_IN: i64 = 5;

/// Nobody is asked again within so long.
const REST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Whether whoever had what a request gave is to be asked now how much it was: all of it is over, as it was meant to end, and they
/// were not asked lately.
pub fn asks_feedback(request: &Request, grants: &[Grant], asked_last: Option<Timestamp>, now: Now) -> Option<Event> {
    let is_asked_about = request.terms.purpose == Purpose::Access
        && matches!(request.state, RequestState::Approved { .. })
        && request.talk.feedback.is_none()
        && request.id.number() % ONE_IN == 0;
    let rested = asked_last.is_none_or(|last| now.at.since(last) >= REST);
    let was_used = is_asked_about && rested && !grants.is_empty() && grants.iter().all(ended_as_meant);
    was_used.then_some(Event::Talked { request: request.id, said: Said::FeedbackAsked { at: now.at } })
}

/// Whether it was in force, and ended by its time or by the person.
fn ended_as_meant(grant: &Grant) -> bool {
    match &grant.state {
        GrantState::Ended(ended) => ended.active_at.is_some() && matches!(ended.cause, EndCause::TimeOver | EndCause::HandedBack),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. }
        | GrantState::Revoking(_)
        | GrantState::Void { .. }
        | GrantState::Failed { .. } => false,
    }
}

/// What follows when somebody of these names, all of one person, says how much an access was.
///
/// # Errors
///
/// The refusal that they are told: it was not theirs, they were not asked, or have said it.
pub fn give_feedback(request: &Request, by: &PersonId, ids: &[PersonId], measure: Measure, now: Now) -> Result<Event, Refusal> {
    if !ids.contains(&request.terms.subject) {
        return Err(Refusal::NotYoursToAnswer);
    }
    let asked = request.talk.feedback.as_ref().ok_or(Refusal::NoSuchQuestion { request: request.id })?;
    if let Some(answer) = &asked.answer {
        return Err(Refusal::AnsweredAlready { by: request.terms.subject.clone(), at: answer.at });
    }
    Ok(Event::Talked { request: request.id, said: Said::FeedbackGiven { by: by.clone(), at: now.at, measure } })
}
