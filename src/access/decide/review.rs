//! What may happen to a review: somebody closes it, and time. Nobody closes their own, and it never closes by itself.

use super::super::electors::Electors;
use super::super::event::Event;
use super::super::ids::PersonId;
use super::super::refusal::Refusal;
use super::super::request::Request;
use super::super::review::{Finding, Review, ReviewRule, ReviewState};
use super::super::time::{Now, Trust};
use super::super::words::Words;
use super::Undecided;
use super::approve::is_eligible;

/// What can be done to a review.
#[derive(Debug, Clone)]
pub enum ReviewCommand {
    /// Somebody says what they found.
    Close {
        /// Who.
        by: PersonId,
        /// Who may close it today, in the order of its `by`.
        electorate: Vec<Electors>,
        /// What they found.
        finding: Finding,
        /// Why.
        note: Words,
    },
    /// Time passed.
    Tick,
}

/// What follows from a command to a review.
///
/// # Errors
///
/// The refusal that the person is told.
pub fn decide_review(review: &Review, command: ReviewCommand, now: Now) -> Result<Vec<Event>, Undecided> {
    let request = review.request;
    match command {
        ReviewCommand::Tick => {
            let alarm = review.alarms_due(now.at);
            // A clock that jumped ahead accuses nobody of being late.
            let is_late = alarm > review.alarms && now.trust == Trust::Sound;
            Ok(is_late.then_some(Event::ReviewOverdue { request, alarm }).into_iter().collect())
        }
        ReviewCommand::Close { by, electorate, finding, note } => {
            may_close(review, &by, &electorate)?;
            if note.is_empty() {
                return Err(Refusal::ReviewNeedsNote.into());
            }
            Ok(vec![Event::ReviewClosed { request, at: now.at, by, finding, note }])
        }
    }
}

/// Whether this person could close the review now, whatever they find.
///
/// # Errors
///
/// The refusal that they are told.
pub fn may_close(review: &Review, by: &PersonId, electorate: &[Electors]) -> Result<(), Refusal> {
    // Whoever got it or filed it has no say in it, by no policy.
    if *by == review.subject || *by == review.filed_by {
        return Err(Refusal::OwnReview);
    }
    if !is_eligible(electorate, by) {
        return Err(Refusal::NotAReviewer);
    }
    match &review.state {
        ReviewState::Open => Ok(()),
        ReviewState::Closed { at, by, .. } => Err(Refusal::Reviewed { by: by.clone(), at: *at }),
    }
}

/// The review that begins with an access that nobody agreed to.
pub(super) fn opened(request: &Request, rule: ReviewRule, now: Now) -> Event {
    let review = Review {
        request: request.id,
        version: 0,
        subject: request.terms.subject.clone(),
        filed_by: request.filed_by.clone(),
        by: rule.by,
        opened_at: now.at,
        due_at: now.at.plus(rule.within),
        alarms: 0,
        state: ReviewState::Open,
    };
    Event::ReviewOpened { review: Box::new(review) }
}
