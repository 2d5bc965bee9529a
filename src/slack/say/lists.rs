//! Answers to `/jit mine`, `pending` and `help`. Long lists are cut, and say so.

use super::button;
use super::card::{button_value, decide, grant_line, headline};
use super::glass::{review_buttons, review_line};
use super::names::{Names, counted};
use super::status::{Extend, active_buttons};
use crate::access::grant::{Grant, GrantState};
use crate::access::request::Request;
use crate::access::review::Review;
use crate::slack::block::{Block, Button, Message, actions, context, divider, section};
use crate::slack::command::behalf::FOR_EXAMPLE;
use crate::slack::command::name::named;
use crate::slack::command::{EXAMPLE, GLASS_EXAMPLE};
use crate::slack::text::Markup;

/// How many entries a list shows.
pub const LISTED_MAX: usize = 12;

/// A grant of one's own.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// The grant.
    pub grant: &'a Grant,
    /// Whether the policy allows more time.
    pub extend: Extend,
}

/// What somebody holds and has asked for.
pub fn mine(held: &[Held<'_>], asked: &[&Request], names: &Names) -> Message {
    let mut blocks = Vec::new();
    for held in held.iter().take(LISTED_MAX) {
        blocks.extend(held_blocks(held, &Markup::new(), names));
    }
    for request in asked.iter().take(LISTED_MAX) {
        let what = names.request(request.id);
        let line = Markup::new().bold(&what).lit("\nWaiting for a decision until ").day(request.answer_by, &names.zone);
        blocks.push(section(&line));
        let withdraw = Button::new(button::WITHDRAW, "Withdraw", &button_value(request), &format!("Withdraw {what}"));
        blocks.push(actions(&format!("request {}", request.id), vec![withdraw]));
    }
    blocks.extend(left_out(held.len().max(asked.len())));
    if blocks.is_empty() {
        let text = "You hold nothing and wait for nothing.";
        return Message::new(text, vec![section(&Markup::new().text(text)), actions("ask", vec![ask()])]);
    }
    let grants = counted(held.len(), "access", "accesses");
    let decisions = counted(asked.len(), "decision", "decisions");
    Message::new(&format!("You hold {grants} and wait for {decisions}."), blocks)
}

/// One access of one's own, with its buttons; `more` is added to the line that says where it stands.
pub(super) fn held_blocks(held: &Held<'_>, more: &Markup, names: &Names) -> Vec<Block> {
    let grant = held.grant;
    let what = names.grant(grant.id);
    let mut blocks = vec![section(&Markup::new().bold(&what).lit("\n").then(&grant_line(grant, names)).then(more))];
    if grant.is_active() {
        let thing = names.ends_with(grant.id);
        blocks.push(actions(&format!("grant {}", grant.id), active_buttons(grant, thing, held.extend)));
    }
    if matches!(grant.state, GrantState::Planned) {
        let withdraw = Button::new(button::WITHDRAW, "Withdraw", &grant.request.to_string(), &format!("Withdraw {what}"));
        blocks.push(actions(&format!("grant {}", grant.id), vec![withdraw]));
    }
    blocks
}

/// What waits for somebody's decision, and what they may review. `together` of the requests could be approved at once.
pub fn pending(waiting: &[&Request], reviews: &[(&Request, &Review)], together: usize, names: &Names) -> Message {
    if waiting.is_empty() && reviews.is_empty() {
        return Message::sentence("Nothing waits for you.");
    }
    let mut blocks: Vec<Block> = super::several::offer(together).into_iter().collect();
    for request in waiting.iter().take(LISTED_MAX) {
        blocks.extend(waiting_blocks(request, names));
    }
    for (request, review) in reviews.iter().take(LISTED_MAX) {
        blocks.extend(to_review_blocks(request, review, names));
    }
    blocks.extend(left_out(waiting.len().max(reviews.len())));
    let decisions = format!("{} waiting for your decision.", counted(waiting.len(), "request is", "requests are"));
    let to_review = format!("{} open.", counted(reviews.len(), "review is", "reviews are"));
    let told = match (waiting.len(), reviews.len()) {
        (_, 0) => decisions,
        (0, _) => to_review,
        (_, _) => format!("{decisions} {to_review}"),
    };
    Message::new(&told, blocks)
}

/// One request that waits for a decision, with its buttons.
pub(super) fn waiting_blocks(request: &Request, names: &Names) -> [Block; 3] {
    let by = Markup::new().text(&request.id.to_string()).lit(" · to be decided by ").day(request.answer_by, &names.zone);
    let buttons = decide(&format!("decide {}", request.id), request, names);
    [section(&headline(request, names)), context(&[by]), buttons]
}

/// One review that is open, with its buttons.
pub(super) fn to_review_blocks(request: &Request, review: &Review, names: &Names) -> [Block; 3] {
    let who = names.person_in_full(&request.terms.subject);
    let thing = names.thing(&request.terms.resource, &request.terms.role);
    let line = Markup::new().bold(&who).lit(" broke the glass for ").bold(&thing);
    let line = section(&line.lit(", ").text(&request.terms.access_for.to_string()).lit("."));
    let where_it_stands = context(&[Markup::new().text(&request.id.to_string()).lit(" · ").then(&review_line(review, names))]);
    [line, where_it_stands, actions(&format!("review {}", request.id), review_buttons(request, names))]
}

fn left_out(number: usize) -> Option<Block> {
    let more = number.saturating_sub(LISTED_MAX);
    (more > 0).then(|| context(&[Markup::new().text(&format!("{more} more are not shown."))]))
}

pub(super) fn ask() -> Button {
    Button::new(button::REQUEST, "Request access", "", "Request access").primary()
}

/// What somebody can do, so that help tells nobody of what they cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Able {
    /// They may ask for something.
    pub ask: Can,
    /// They may break the glass for something.
    pub break_glass: Can,
    /// They may decide something.
    pub decide: Can,
    /// They may end others' access.
    pub revoke: Can,
    /// They may ask for others.
    pub ask_for: Can,
}

/// Whether somebody can do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Can {
    /// Yes.
    Yes,
    /// No.
    No,
}

/// The help for one person.
pub fn help(able: Able) -> Message {
    let line = |command: &str, does: &'static str| Markup::new().command(command).lit(" – ").lit(does);
    let mut lines = Vec::new();
    if able.ask == Can::Yes {
        lines.push(line("/jit request", "ask for access, with a form"));
        lines.push(line(EXAMPLE, "the same in one line; also `until fri 12:00`, or later: `from 23:00 until 01:00`"));
        lines.push(line("/jit mine", "what you hold and until when, and what you wait for"));
        lines.push(line("/jit done [G-57]", "you are finished: end it now"));
        lines.push(line("/jit extend G-57 1h why", "ask for more time"));
        lines.push(line("/jit cancel [R-42]", "withdraw a request"));
        lines.push(line("/jit remind [R-42]", "remind those who are asked, once in 15 minutes"));
    }
    if able.ask_for == Can::Yes {
        lines.push(line(
            FOR_EXAMPLE,
            "ask for somebody whom you sponsor, or who needs what you own; with a name alone, by a form",
        ));
    }
    if able.break_glass == Can::Yes {
        lines.push(line(GLASS_EXAMPLE, "in an emergency: at once, for a short time, told to everybody and reviewed"));
    }
    if able.decide == Can::Yes {
        lines.push(line("/jit pending", "what waits for your decision or review"));
    }
    if able.decide == Can::Yes {
        lines.push(line("/jit away until mon @dave", "you are away, and who decides in your place; alone, whether you are"));
        lines.push(line("/jit back", "you are back before that"));
    }
    if able.revoke == Can::Yes {
        lines.push(line("/jit revoke G-57 why", "end somebody's access now"));
        lines.push(line("/jit revoke-all @maya why", "end all that somebody has, as far as it is yours to end"));
        lines.push(line(
            "/jit lock @maya why",
            "the same and nothing new until `/jit unlock @maya`; also a resource, a group, `everything`",
        ));
    }
    let sees = if able.revoke == Can::Yes { "who holds it now; also a person or a number" } else { "what you hold of it now" };
    lines.push(line("/jit who prod/orders", sees));
    lines.push(line("/jit why R-42", "which policy decided, who was asked, what is missing"));
    let intro = Markup::new().lit("*Daypass* gives access for a while, when the right people agree, and takes it back on time.");
    let mut blocks = vec![section(&intro), divider(), section(&Markup::new().joined(lines, "\n"))];
    if able.ask == Can::Yes {
        blocks.push(actions("ask", vec![ask()]));
    }
    Message::new(&named("What you can do with /jit"), blocks)
}

#[cfg(test)]
mod tests;
