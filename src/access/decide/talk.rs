//! What those who may decide can do beside deciding: ask, and pass the card on. Whoever asked for the access answers. Nothing of it
//! counts as a yes or a no.

use std::collections::BTreeSet;

use super::super::electors::Electors;
use super::super::event::Event;
use super::super::ids::PersonId;
use super::super::refusal::Refusal;
use super::super::request::Request;
use super::super::talk::{PASSED_MAX, QUESTIONS_MAX, Said};
use super::super::time::{Now, Timestamp};
use super::super::words::Words;
use super::Undecided;
use super::approve::{is_eligible, is_own};
use super::request::decided;

/// What can be said about a pending request, or done with its card.
#[derive(Debug, Clone)]
pub enum TalkCommand {
    /// Somebody who may decide has a question.
    Ask {
        /// Who.
        by: PersonId,
        /// Who may fill each step today.
        electorate: Vec<Electors>,
        /// What.
        question: Words,
    },
    /// Whoever asked for the access answers one.
    Answer {
        /// Who.
        by: PersonId,
        /// The number of the question, from 1.
        number: u32,
        /// What.
        answer: Words,
    },
    /// Somebody who may decide gives the card to another who could take the same place.
    PassOn {
        /// Who.
        by: PersonId,
        /// To whom.
        to: PersonId,
        /// Who may fill each step today.
        electorate: Vec<Electors>,
    },
}

/// Whether somebody may decide about a request now.
///
/// # Errors
///
/// The refusal that they are told: it is decided or over, it is their own, or they are not among those who may.
pub fn may_decide(request: &Request, by: &PersonId, electorate: &[Electors], now: Now) -> Result<(), Refusal> {
    if !request.state.is_pending() {
        return Err(decided(request));
    }
    if now.at >= request.answer_by {
        return Err(Refusal::Decided { state: "expired".to_owned(), by: None, at: request.answer_by });
    }
    if is_own(request, by) {
        return Err(Refusal::OwnRequest);
    }
    if is_eligible(electorate, by) { Ok(()) } else { Err(Refusal::NotAnApprover) }
}

/// Those to whom this person can pass a card on: whoever could take a place that they could take themselves, and has neither
/// answered nor been passed it before.
pub fn could_take_over(request: &Request, by: &PersonId, electorate: &[Electors]) -> BTreeSet<PersonId> {
    let same = electorate.iter().filter(|voters| voters.contains(by)).flatten();
    let is_asked_in_vain =
        |person: &PersonId| request.approvals.iter().any(|given| given.by == *person) || request.talk.passed_to(person).is_some();
    same.filter(|person| *person != by && !is_own(request, person) && !is_asked_in_vain(person)).cloned().collect()
}

/// What follows from what somebody says about a request that is pending and not over.
pub(super) fn talk(request: &Request, command: TalkCommand, now: Now) -> Result<Vec<Event>, Undecided> {
    let said = match command {
        TalkCommand::Ask { by, electorate, question } => {
            may_decide(request, &by, &electorate, now)?;
            ask(request, by, question, now.at)?
        }
        TalkCommand::Answer { by, number, answer } => answer_to(request, by, number, answer, now.at)?,
        TalkCommand::PassOn { by, to, electorate } => {
            may_decide(request, &by, &electorate, now)?;
            pass_on(request, by, to, &electorate, now.at)?
        }
    };
    Ok(vec![Event::Talked { request: request.id, said }])
}

fn ask(request: &Request, by: PersonId, question: Words, at: Timestamp) -> Result<Said, Refusal> {
    if question.is_empty() {
        return Err(Refusal::NothingWritten);
    }
    let asked = request.talk.questions.len();
    let number = u32::try_from(asked + 1).ok().filter(|_| asked < QUESTIONS_MAX);
    let number = number.ok_or(Refusal::TooManyQuestions { limit: QUESTIONS_MAX as u32 })?;
    Ok(Said::Asked { number, by, at, question })
}

fn answer_to(request: &Request, by: PersonId, number: u32, answer: Words, at: Timestamp) -> Result<Said, Refusal> {
    if !is_own(request, &by) {
        return Err(Refusal::NotYoursToAnswer);
    }
    let question = request.talk.question(number).ok_or(Refusal::NoSuchQuestion { request: request.id })?;
    if let Some(given) = &question.answer {
        return Err(Refusal::AnsweredAlready { by: given.by.clone(), at: given.at });
    }
    if answer.is_empty() {
        return Err(Refusal::NothingWritten);
    }
    Ok(Said::Answered { number, by, at, answer })
}

fn pass_on(request: &Request, by: PersonId, to: PersonId, electorate: &[Electors], at: Timestamp) -> Result<Said, Refusal> {
    if request.talk.passed_to(&to).is_some() {
        return Err(Refusal::PassedAlready { person: to });
    }
    if !could_take_over(request, &by, electorate).contains(&to) {
        return Err(Refusal::CannotTakeOver { person: to });
    }
    if request.talk.passed.len() >= PASSED_MAX {
        return Err(Refusal::PassedTooOften { limit: PASSED_MAX as u32 });
    }
    Ok(Said::PassedOn { by, at, to })
}
