//! Deciding: a state, a command and a moment give the events that follow, or the reason why not. Nothing has happened yet.

mod answer;
mod approve;
mod draft;
mod feedback;
mod holding;
mod lock;
mod remind;
mod request;
mod review;
mod secret;
mod talk;
mod whole;

use std::fmt;

pub use approve::{Claim, Describe, ShorterApproval};
pub use feedback::{asks_feedback, give_feedback};
pub use holding::{HoldingCommand, decide_holding};
pub use lock::{Lasts, LockCommand, Locking, decide_lock, set_lock};
pub use remind::{PageAnswer, page_answered};
pub use request::{Ask, NoteRule, Reassessment, RequestCommand, Withdrawer, ask, decide_request, decided, raise_steps, settle};
pub use review::{ReviewCommand, decide_review, may_close};
pub use secret::{LINK_MINUTES, SecretCommand, decide_secret};
pub use talk::{TalkCommand, could_take_over, may_decide};
pub use whole::{RollBack, rolled_back};

use super::apply::IllegalEvent;
use super::refusal::Refusal;

/// Why nothing follows from a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undecided {
    /// The person gets an answer instead.
    Refused(Refusal),
    /// The stored state contradicts itself; somebody must look at it.
    Illegal(IllegalEvent),
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Undecided::Refused(refusal) => write!(f, "refused: {refusal:?}"),
            Undecided::Illegal(illegal) => illegal.fmt(f),
        }
    }
}

impl std::error::Error for Undecided {}

impl From<Refusal> for Undecided {
    fn from(refusal: Refusal) -> Self {
        Undecided::Refused(refusal)
    }
}

impl From<IllegalEvent> for Undecided {
    fn from(illegal: IllegalEvent) -> Self {
        Undecided::Illegal(illegal)
    }
}
