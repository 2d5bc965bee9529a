//! What passes between people about a request beside their yes and no: questions and their answers, a card that is passed on, and a
//! length that an approver made shorter; and, once the access is over, how much it was to whoever had it. It gives nobody a right, and
//! no clock stops for it.

use serde::{Deserialize, Serialize};

use super::ids::PersonId;
use super::request::RequestState;
use super::time::{Timestamp, Ttl};
use super::words::Words;

/// How many questions can be asked about one request; past that people talk to each other.
pub const QUESTIONS_MAX: usize = 8;

/// How often one request can be passed on.
pub const PASSED_MAX: usize = 8;

/// All of it, each kind in order. Nothing of it is ever taken out; what was typed can be emptied.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Talk {
    /// The questions, at most [`QUESTIONS_MAX`]; their numbers count from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// To whom it was passed on, at most [`PASSED_MAX`] people, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<Passed>,
    /// How it became shorter. Each length is less than the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortened: Vec<Shortened>,
    /// How the access was to whoever had it, once they were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
}

/// A question of somebody who may decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Who asked.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// What they asked.
    pub question: Words,
    /// What they were answered, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answered>,
}

/// The answer of whoever asked for the access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Who answered.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// What they answered.
    pub answer: Words,
}

/// A card that somebody who may decide gave to another who may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Who passed it on.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub to: PersonId,
}

/// An approval of less time than was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortened {
    /// Who made it shorter.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// How long it was.
    pub from: Ttl,
    /// How long it is now.
    pub to: Ttl,
}

/// How much an access was for what somebody had to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// More than they needed.
    TooMuch,
    /// What they needed.
    JustRight,
    /// Less than they needed.
    TooLittle,
}

impl Measure {
    /// Every one, from more to less.
    pub const ALL: [Measure; 3] = [Measure::TooMuch, Measure::JustRight, Measure::TooLittle];

    /// In words for people.
    pub fn words(self) -> &'static str {
        match self {
            Measure::TooMuch => "too much",
            Measure::JustRight => "just right",
            Measure::TooLittle => "too little",
        }
    }
}

/// What somebody is asked of an access that they had and that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Since when they are asked.
    pub asked_at: Timestamp,
    /// What they answered, if they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Measured>,
}

/// Such an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// When.
    pub at: Timestamp,
    /// How much it was.
    pub measure: Measure,
}

/// One thing that is said about a request, or done with its card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Said {
    /// A question.
    Asked {
        /// Its number, from 1.
        number: u32,
        /// Who asks.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// What.
        question: Words,
    },
    /// The answer to one.
    Answered {
        /// The number of the question.
        number: u32,
        /// Who answers.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// What.
        answer: Words,
    },
    /// The card goes to somebody else as well.
    PassedOn {
        /// Who passes it on.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// To whom.
        to: PersonId,
    },
    /// All of its access is over, and whoever had it is asked how much it was.
    FeedbackAsked {
        /// When.
        at: Timestamp,
    },
    /// They say so.
    FeedbackGiven {
        /// Who.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// How much it was.
        measure: Measure,
    },
}

impl Said {
    /// Whether it can be said while a request is in this state.
    pub(super) fn fits(&self, state: &RequestState) -> bool {
        match self {
            Said::Asked { .. } | Said::Answered { .. } | Said::PassedOn { .. } => state.is_pending(),
            Said::FeedbackAsked { .. } | Said::FeedbackGiven { .. } => matches!(state, RequestState::Approved { .. }),
        }
    }
}

impl Talk {
    /// Whether nothing was said or done.
    pub fn is_nothing(&self) -> bool {
        *self == Talk::default()
    }

    /// The question with this number, counted from 1.
    pub fn question(&self, number: u32) -> Option<&Question> {
        self.questions.get(index(number)?)
    }

    /// Who passed it on to this person.
    pub fn passed_to(&self, person: &PersonId) -> Option<&Passed> {
        self.passed.iter().find(|passed| passed.to == *person)
    }

    /// The same after one more thing was said; `None` where that does not fit.
    pub(super) fn after(&self, said: &Said) -> Option<Talk> {
        let mut after = self.clone();
        match said {
            Said::Asked { number, by, at, question } if index(*number) == Some(self.questions.len()) => {
                after.questions.push(Question { by: by.clone(), at: *at, question: question.clone(), answer: None });
            }
            Said::Answered { number, by, at, answer } => {
                let open = after.questions.get_mut(index(*number)?).filter(|question| question.answer.is_none())?;
                open.answer = Some(Answered { by: by.clone(), at: *at, answer: answer.clone() });
            }
            Said::PassedOn { by, at, to } if self.passed_to(to).is_none() => {
                after.passed.push(Passed { by: by.clone(), at: *at, to: to.clone() });
            }
            Said::FeedbackAsked { at } if self.feedback.is_none() => {
                after.feedback = Some(Feedback { asked_at: *at, answer: None });
            }
            Said::FeedbackGiven { at, measure, .. } => {
                let asked = after.feedback.as_mut().filter(|feedback| feedback.answer.is_none())?;
                asked.answer = Some(Measured { at: *at, measure: *measure });
            }
            Said::Asked { .. } | Said::PassedOn { .. } | Said::FeedbackAsked { .. } => return None,
        }
        Some(after)
    }

    /// Empties whatever this person typed. That they did stays.
    pub(super) fn erase(&mut self, of: &PersonId) {
        for question in &mut self.questions {
            if question.by == *of {
                question.question = Words::default();
            }
            if let Some(answered) = question.answer.as_mut().filter(|answered| answered.by == *of) {
                answered.answer = Words::default();
            }
        }
    }
}

fn index(number: u32) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1)
}
