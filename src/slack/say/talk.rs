//! What people say about a request beside yes and no: questions, answers, a card that is passed on, less time than was asked for. As
//! messages, as lines of a card, and as the forms that they are written in.
//!
//! Whatever was typed stands under the name of whoever typed it, as rich text.

use super::card::{CardFacts, button_value, card, decide, headline, history_block};
use super::forms::{length_choice, who_asks};
use super::names::Names;
use super::{button, field, form};
use crate::access::decide::NoteRule;
use crate::access::ids::PersonId;
use crate::access::request::Request;
use crate::access::talk::{Passed, Question};
use crate::access::time::Ttl;
use crate::access::words::{WORDS_CHARS_MAX, Words};
use crate::slack::block::{
    Block, Button, Choice, Lines, Message, View, actions, context, hint, optional, plain, quote, section, select, text_input,
};
use crate::slack::text::{Markup, cut_plain, one_line};

/// How much of a question or an answer a notification repeats, in characters.
const TOLD_CHARS_MAX: usize = 200;

/// The questions and answers of a card, in order, each under the name of whoever wrote it.
pub(super) fn quotes(request: &Request, names: &Names) -> Vec<Block> {
    let mut blocks = Vec::new();
    for question in &request.talk.questions {
        let open = if question.answer.is_none() && request.state.is_pending() { " (not answered yet)" } else { "" };
        blocks.push(quote(&format!("{} asked{open}:", names.person(&question.by)), &question.question));
        if let Some(given) = &question.answer {
            blocks.push(quote(&format!("{} answered:", names.person(&given.by)), &given.answer));
        }
    }
    blocks
}

/// How it became shorter: "Carol approved 1 h instead of 2 h".
pub(super) fn shortened(request: &Request, names: &Names) -> Option<Markup> {
    let each = request.talk.shortened.iter().map(|less| {
        let line = Markup::new().bold(names.person(&less.by)).lit(" approved ").bold(&less.to.to_string());
        line.lit(" instead of ").text(&less.from.to_string())
    });
    let line = Markup::new().joined(each, "; ");
    (!line.is_empty()).then_some(line)
}

/// To whom it was passed on: "Passed on: Carol to Dave 10:04".
pub(super) fn passed_on(request: &Request, names: &Names) -> Option<Markup> {
    let each = request.talk.passed.iter().map(|passed| {
        let line = Markup::new().bold(names.person(&passed.by)).lit(" to ").bold(names.person(&passed.to));
        line.lit(" ").clock(passed.at, &names.zone)
    });
    let line = Markup::new().joined(each, ", ");
    (!line.is_empty()).then(|| Markup::new().lit("Passed on: ").then(&line))
}

/// A question, for whoever asked for the access. Its button goes when nobody waits for an answer any more.
pub fn question(facts: &CardFacts<'_>, number: u32, asked: &Question) -> Message {
    let (request, names) = (facts.request, facts.names);
    let (who, what) = (names.person(&asked.by), names.request(request.id));
    let mut blocks = vec![section(&Markup::new().bold(who).lit(" has a question about ").bold(&what).lit("."))];
    blocks.push(quote(&format!("{who} asked:"), &asked.question));
    match &asked.answer {
        Some(given) => {
            blocks.push(quote(&format!("{} answered:", names.person(&given.by)), &given.answer));
            blocks.push(context(&[Markup::new().lit("Answered ").day(given.at, &names.zone)]));
        }
        None if request.state.is_pending() => {
            let label = format!("Answer {who} about {what}");
            let value = format!("{} {number}", request.id);
            blocks.push(actions("answer", vec![Button::new(button::ANSWER, "Answer…", &value, &label).primary()]));
            let by = Markup::new().lit("To be decided by ").day(request.answer_by, &names.zone);
            blocks.push(context(&[by.lit(" · no clock stops for a question")]));
        }
        None => blocks.extend(history_block(request, facts.grants, facts.review, names)),
    }
    Message::new(&format!("{who} asks about {what}: {}", told(&asked.question)), blocks).about(request.id)
}

/// The answer, for whoever asked the question, with what is needed to decide while they can.
pub fn answered(facts: &CardFacts<'_>, asked: &Question) -> Option<Message> {
    let (request, names) = (facts.request, facts.names);
    let given = asked.answer.as_ref()?;
    let (who, what) = (names.person(&given.by), names.request(request.id));
    let mut blocks = vec![section(&Markup::new().bold(who).lit(" answered you about ").bold(&what).lit("."))];
    blocks.push(quote("You asked:", &asked.question));
    blocks.push(quote(&format!("{who} answered:"), &given.answer));
    let has_approved = request.approvals.iter().any(|approval| approval.by == asked.by);
    if request.state.is_pending() && !has_approved {
        blocks.push(section(&headline(request, names)));
        blocks.push(decide("decide", request, names));
        let by = Markup::new().text(&request.id.to_string()).lit(" · to be decided by ").day(request.answer_by, &names.zone);
        blocks.push(context(&[by]));
    } else {
        blocks.extend(history_block(request, facts.grants, facts.review, names));
    }
    Some(Message::new(&format!("{who} answered about {what}: {}", told(&given.answer)), blocks).about(request.id))
}

/// The card for somebody to whom it was passed on, with who did.
pub fn passed_on_card(facts: &CardFacts<'_>, passed: &Passed) -> Message {
    let who = facts.names.person(&passed.by);
    let line = Markup::new().lit("↪ ").bold(who);
    if facts.request.state.is_pending() {
        let line = line.lit(" passes this on to you: you can decide it as well.");
        return card(facts).led_by(&format!("{who} passes on to you: "), section(&line));
    }
    card(facts).led_by("", section(&line.lit(" passed this on to you.")))
}

/// News for whoever asked, while others still have to agree: it will be less. `None` once it is decided: that is other news.
pub fn less(request: &Request, names: &Names) -> Option<Message> {
    let less = request.talk.shortened.last().filter(|_| request.state.is_pending())?;
    let (who, what) = (names.person(&less.by), names.request(request.id));
    let text = format!("{who} approved {} instead of {} of {what}. Others still have to agree.", less.to, less.from);
    Some(Message::new(&text, vec![plain(&text)]).about(request.id))
}

/// What somebody wrote as one line in quotation marks that it cannot end.
fn told(words: &Words) -> String {
    format!("'{}'", cut_plain(&one_line(words.as_typed()), TOLD_CHARS_MAX).replace('\'', "’"))
}

/// The form with a question. `private_metadata` is the request's number.
pub fn question_form(request: &Request, names: &Names) -> View {
    let text = text_input(field::QUESTION, "Your question", Lines::Several, "", WORDS_CHARS_MAX as u64);
    let who = names.person(&request.filed_by);
    let closes = names.zone.day(request.answer_by);
    let help =
        format!("{who} gets it at once, and the answer comes to you. Both stand on the card. It closes {closes} all the same.");
    let blocks = vec![plain(&who_asks(request, names)), hint(text, &help)];
    View::new(form::QUESTION, &format!("Ask about {}", request.id), &request.id.to_string(), blocks).submit("Ask")
}

/// The form that answers a question. `private_metadata` is the value of its button.
pub fn answer_form(request: &Request, number: u32, asked: &Question, names: &Names) -> View {
    let who = names.person(&asked.by);
    let text = text_input(field::ANSWER, "Your answer", Lines::Several, "", WORDS_CHARS_MAX as u64);
    let help = format!("{who} gets it at once, and it stands on the card. Secrets don't belong in it.");
    let blocks = vec![quote(&format!("{who} asked:"), &asked.question), hint(text, &help)];
    View::new(form::ANSWER, &format!("Answer for {}", request.id), &format!("{} {number}", request.id), blocks).submit("Answer")
}

/// The form that approves less time. `None` where there is none. `private_metadata` is the value of the button.
pub fn shorter_form(request: &Request, lengths: &[Ttl], note_rule: NoteRule, names: &Names) -> Option<View> {
    let choices: Vec<Choice> = lengths.iter().map(|ttl| length_choice(*ttl)).collect();
    let longest = choices.last()?;
    let why = text_input(field::REASON, "Why it is right", Lines::Several, "", WORDS_CHARS_MAX as u64);
    let why = match note_rule {
        NoteRule::Required => why,
        NoteRule::Optional => optional(why),
    };
    let blocks = vec![
        plain(&who_asks(request, names)),
        select(field::DURATION, "Approve for", &choices, Some(&longest.value)),
        hint(why, &format!("It stands on the card, and {} reads it.", names.person(&request.filed_by))),
    ];
    Some(View::new(form::SHORTER, &format!("Less time, {}", request.id), &button_value(request), blocks).submit("Approve"))
}

/// The form that gives a card to somebody else as well; `people` could decide in the place of whoever passes it on, as
/// (choice value, id). `None` where there is nobody. `private_metadata` is the request's number.
pub fn pass_on_form(request: &Request, people: &[PersonId], names: &Names) -> Option<View> {
    let mut choices: Vec<Choice> = people
        .iter()
        .map(|id| Choice { text: names.person(id).to_owned(), value: super::forms::choice_value(id.as_str()) })
        .collect();
    choices.sort_by(|one, other| one.text.cmp(&other.text));
    if choices.is_empty() {
        return None;
    }
    let help =
        "They get the card with your name on it. You can still decide it yourself, and so can everybody else who is asked.";
    let blocks = vec![plain(&who_asks(request, names)), hint(select(field::PERSON, "Pass it on to", &choices, None), help)];
    Some(View::new(form::PASS_ON, &format!("Pass on {}", request.id), &request.id.to_string(), blocks).submit("Pass on"))
}

#[cfg(test)]
mod tests;
