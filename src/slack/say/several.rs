//! Approving several requests at once: a list in which each can be taken out, and what came of each.

use super::card::button_value;
use super::forms::who_asks;
use super::names::Names;
use super::{button, form};
use crate::access::request::Request;
use crate::slack::block::{Block, Button, Choice, View, actions, context, plain, tick};
use crate::slack::text::{Markup, cut_plain, one_line};

/// How much of a reason the list shows, in characters. All of it stands on the card.
const REASON_CHARS_MAX: usize = 150;

/// Why a request is not among those that are approved together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// A mistake would be bad: it is looked at by itself.
    HighRisk,
    /// The policy wants to know why it is approved.
    NeedsNote,
    /// It could not be approved at this moment.
    NotNow,
}

impl Apart {
    fn in_words(self) -> &'static str {
        match self {
            Apart::HighRisk => "high risk",
            Apart::NeedsNote => "wants a note from you",
            Apart::NotNow => "can't be approved at the moment",
        }
    }
}

/// The button that opens the list, where it would have more than one entry.
pub(super) fn offer(number: usize) -> Option<Block> {
    let text = format!("Approve these {number}…");
    let label = format!("Look at {number} requests together and approve them");
    (number > 1).then(|| actions("several", vec![Button::new(button::APPROVE_THESE, &text, "", &label).primary()]))
}

/// The list. Each box carries the request's number and the hash of the terms that are shown beside it.
pub fn form(offered: &[Request], apart: &[(Request, Apart)], names: &Names) -> View {
    let mut blocks: Vec<Block> = offered
        .iter()
        .map(|request| {
            let reason = cut_plain(&one_line(request.reason.as_typed()), REASON_CHARS_MAX);
            let label = format!("{} {} wrote: {reason}", who_asks(request, names), names.person(&request.filed_by));
            let choice = Choice { text: format!("Approve {}", request.id), value: button_value(request) };
            tick(&format!("approve {}", request.id), &label, &choice)
        })
        .collect();
    let lines: Vec<Markup> = apart
        .iter()
        .map(|(request, why)| {
            let what = names.request(request.id);
            Markup::new()
                .lit("Not here: ")
                .text(&what)
                .lit(" of ")
                .text(names.person(&request.terms.subject))
                .lit(", ")
                .lit(why.in_words())
        })
        .collect();
    if !lines.is_empty() {
        blocks.push(context(&[Markup::new().joined(lines, "\n")]));
    }
    View::new(form::APPROVE_THESE, &format!("Approve these {}", offered.len()), "", blocks).submit("Approve")
}

/// What came of each that was ticked, as plain sentences.
pub fn results(lines: &[String]) -> View {
    let blocks = match lines {
        [] => vec![plain("Nothing was ticked, so nothing was approved.")],
        lines => lines.iter().map(|line| plain(line)).collect(),
    };
    View::new(form::DETAILS, "What came of it", "", blocks)
}

#[cfg(test)]
mod tests;
