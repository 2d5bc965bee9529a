//! What whoever had an access is asked afterwards, where it stands in their messages; and what they answered.

use super::button;
use super::names::Names;
use crate::access::request::Request;
use crate::access::talk::{Feedback, Measure};
use crate::slack::block::{Block, Button, actions, context, section};
use crate::slack::text::Markup;

/// The question with its buttons, or the answer; nothing where nobody is asked.
pub(super) fn feedback(request: &Request, names: &Names) -> Vec<Block> {
    match &request.talk.feedback {
        None => Vec::new(),
        Some(Feedback { answer: None, .. }) => {
            let question = Markup::new().lit("For what you had to do, was this access too much, just right or too little?");
            let which = format!("{}, {}", request.id, names.what(&request.terms));
            let button = |measure: Measure| {
                let label = format!("{which}, was {}", measure.words());
                Button::new(action_id(measure), caption(measure), &request.id.to_string(), &label)
            };
            vec![section(&question), actions("feedback", Measure::ALL.map(button).into())]
        }
        Some(Feedback { answer: Some(answer), .. }) => {
            vec![context(&[Markup::new().lit("You said that it was ").bold(answer.measure.words()).lit(".")])]
        }
    }
}

/// What the button of this id says; `None` where it is another.
pub fn measure(id: &str) -> Option<Measure> {
    Measure::ALL.into_iter().find(|measure| action_id(*measure) == id)
}

fn action_id(measure: Measure) -> &'static str {
    match measure {
        Measure::TooMuch => button::TOO_MUCH,
        Measure::JustRight => button::JUST_RIGHT,
        Measure::TooLittle => button::TOO_LITTLE,
    }
}

fn caption(measure: Measure) -> &'static str {
    match measure {
        Measure::TooMuch => "Too much",
        Measure::JustRight => "Just right",
        Measure::TooLittle => "Too little",
    }
}
