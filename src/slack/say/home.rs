//! The home tab: what somebody holds, has asked for and may decide, with the buttons to do something about it. Drawn whole, like a
//! card; what does not fit is counted, with the command that shows it.

use super::button;
use super::card::{button_value, grant_line};
use super::lists::{Able, Can, Held, ask, held_blocks, to_review_blocks, waiting_blocks};
use super::names::{Names, counted};
use crate::access::grant::Grant;
use crate::access::request::Request;
use crate::access::review::Review;
use crate::access::time::{Timestamp, Ttl};
use crate::slack::block::{Block, Button, Home, Message, actions, context, divider, header, quote, section};
use crate::slack::text::Markup;

/// How many entries each list of a home tab shows. With four blocks for the longest kind all lists stay below Slack's 100.
pub const SHOWN_MAX: usize = 6;
/// How many accesses an admin is shown.
pub const LIVE_SHOWN_MAX: usize = 12;

/// What a home tab is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct HomeFacts<'a> {
    /// What they hold.
    pub held: &'a [Held<'a>],
    /// What they have asked for and is not decided.
    pub asked: &'a [&'a Request],
    /// What they could decide.
    pub waiting: &'a [&'a Request],
    /// What they may review.
    pub reviews: &'a [(&'a Request, &'a Review)],
    /// What they can do.
    pub able: Able,
    /// For admins: how Daypass itself is.
    pub whole: Option<Whole<'a>>,
    /// When it is drawn.
    pub now: Timestamp,
    /// Names.
    pub names: &'a Names,
}

/// How Daypass is, for admins.
#[derive(Debug, Clone, Copy)]
pub struct Whole<'a> {
    /// Accesses that are not over, the late ones first.
    pub live: &'a [Grant],
    /// How many there are.
    pub live_count: u64,
    /// How many ends are late.
    pub overdue: u64,
    /// How many requests wait.
    pub pending: u64,
    /// What is not as it should be, as sentences without a period.
    pub troubles: &'a [String],
}

/// The home tab of somebody who is known.
pub fn home(facts: &HomeFacts<'_>) -> Home {
    let mut blocks = vec![header("Daypass")];
    blocks.extend(doors("doors", facts.able));
    blocks.extend(own(facts));
    if facts.able.decide == Can::Yes || !facts.waiting.is_empty() || !facts.reviews.is_empty() {
        blocks.extend(decisions(facts));
    }
    blocks.extend(facts.whole.iter().flat_map(|whole| of_the_whole(whole, facts.names)));
    blocks.push(context(&[Markup::new()
        .lit("As of ")
        .day(facts.now, &facts.names.zone)
        .lit(". Opening this tab brings it up to date.")]));
    Home::new(blocks)
}

/// The buttons that open the forms, for whoever can use them.
pub(super) fn doors(block_id: &str, able: Able) -> Option<Block> {
    let ask = (able.ask == Can::Yes).then(ask);
    let glass = (able.break_glass == Can::Yes).then(break_glass);
    let buttons: Vec<Button> = ask.into_iter().chain(glass).collect();
    (!buttons.is_empty()).then(|| actions(block_id, buttons))
}

/// The button that opens the form for emergencies.
pub(super) fn break_glass() -> Button {
    Button::new(button::GLASS, "Break glass…", "", "Break glass, in an emergency").danger()
}

/// The message that is pinned where people ask: whoever may not write commands has these buttons.
pub fn door() -> Message {
    let text = "Ask for access here: it is given for a while, when the right people agree, and ends on time.";
    let line = Markup::new().lit("*Need access?* ").lit(text);
    let note = Markup::new().lit(
        "In an emergency, *Break glass* gives it at once where a policy allows that. It is told to everybody, and reviewed.",
    );
    let buttons = actions("doors", vec![ask(), break_glass()]);
    Message::new(text, vec![section(&line), context(&[note]), buttons])
}

fn own(facts: &HomeFacts<'_>) -> Vec<Block> {
    let names = facts.names;
    let mut blocks = vec![divider(), title("*Your access*")];
    for held in facts.held.iter().take(SHOWN_MAX) {
        blocks.extend(held_blocks(held, &left(held.grant, facts.now), names));
    }
    if facts.held.is_empty() {
        blocks.push(title("You hold nothing right now."));
    }
    blocks.extend(more(facts.held.len(), "/jit mine"));
    blocks.extend([divider(), title("*Your requests*")]);
    for request in facts.asked.iter().take(SHOWN_MAX) {
        blocks.extend(asked_blocks(request, names));
    }
    if facts.asked.is_empty() {
        blocks.push(title("Nothing that you asked for waits for a decision."));
    }
    blocks.extend(more(facts.asked.len(), "/jit mine"));
    blocks
}

fn asked_blocks(request: &Request, names: &Names) -> [Block; 2] {
    let what = names.request(request.id);
    let line = Markup::new().bold(&what).lit("\nWaiting for a decision until ").day(request.answer_by, &names.zone);
    let value = button_value(request);
    let withdraw = Button::new(button::WITHDRAW, "Withdraw", &value, &format!("Withdraw {what}"));
    let remind = Button::new(button::REMIND, "Remind", &value, &format!("Remind of {what}"));
    [section(&line), actions(&format!("request {}", request.id), vec![withdraw, remind])]
}

fn decisions(facts: &HomeFacts<'_>) -> Vec<Block> {
    let mut blocks = vec![divider(), title("*Waiting for you*")];
    for request in facts.waiting.iter().take(SHOWN_MAX) {
        let [asks, by_when, buttons] = waiting_blocks(request, facts.names);
        let wrote = quote(&format!("{} wrote:", facts.names.person(&request.filed_by)), &request.reason);
        blocks.extend([asks, wrote, by_when, buttons]);
    }
    for (request, review) in facts.reviews.iter().take(SHOWN_MAX) {
        blocks.extend(to_review_blocks(request, review, facts.names));
    }
    if facts.waiting.is_empty() && facts.reviews.is_empty() {
        blocks.push(title("Nothing waits for you."));
    }
    let hidden = facts.waiting.len().saturating_sub(SHOWN_MAX) + facts.reviews.len().saturating_sub(SHOWN_MAX);
    blocks.extend(more(hidden + SHOWN_MAX, "/jit pending"));
    blocks
}

fn of_the_whole(whole: &Whole<'_>, names: &Names) -> Vec<Block> {
    let mut blocks = vec![divider(), title("*For admins*")];
    let count = |number: u64, one: &str, many: &str| counted(usize::try_from(number).unwrap_or(usize::MAX), one, many);
    let live = match whole.live_count {
        0 => "Nothing is in force.".to_owned(),
        live => format!("{} in force or on the way.", count(live, "access is", "accesses are")),
    };
    let waits = format!(" {} for a decision.", count(whole.pending, "request waits", "requests wait"));
    let mut line = Markup::new().bold(&live).text(&waits);
    line = match whole.overdue {
        0 => line.lit(" No end is late."),
        late => {
            let late = format!("{} late", count(late, "end is", "ends are"));
            line.lit("\n⚠️ ").bold(&late).lit(": the security channel says which, and what to do.")
        }
    };
    for trouble in whole.troubles {
        line = line.lit("\n⚠️ ").text(trouble).lit(".");
    }
    if whole.troubles.is_empty() {
        line = line.lit(" Daypass itself is well.");
    }
    blocks.push(section(&line));
    let lines = whole.live.iter().take(LIVE_SHOWN_MAX).map(|grant| {
        let who = names.person_in_short(&grant.person);
        Markup::new().bold(&who).lit(" · ").text(&names.grant(grant.id)).lit(" · ").then(&grant_line(grant, names))
    });
    for few in lines.collect::<Vec<_>>().chunks(LINES_A_BLOCK) {
        blocks.push(section(&Markup::new().joined(few.iter().cloned(), "\n")));
    }
    let shown = u64::try_from(LIVE_SHOWN_MAX).unwrap_or(0);
    if whole.live_count > shown {
        let rest = Markup::new().text(&format!("And {} more. On the host, ", whole.live_count - shown));
        blocks.push(context(&[rest.code("daypass grants list").lit(" shows all.")]));
    }
    blocks
}

/// So many long lines surely fit into one paragraph.
const LINES_A_BLOCK: usize = 4;

/// " · 1 h 20 min left", for what is in force.
fn left(grant: &Grant, now: Timestamp) -> Markup {
    let Some(end) = grant.ends_at().filter(|_| grant.is_active()) else { return Markup::new() };
    let millis = end.as_millis().saturating_sub(now.as_millis());
    match Ttl::from_millis(millis) {
        Some(ttl) => Markup::new().lit(" · ").bold(&format!("{ttl} left")),
        None => Markup::new().lit(" · *less than a minute left*"),
    }
}

fn more(number: usize, command: &str) -> Option<Block> {
    let hidden = number.saturating_sub(SHOWN_MAX);
    (hidden > 0).then(|| context(&[Markup::new().text(&format!("And {hidden} more: ")).command(command).lit(" shows them.")]))
}

fn title(text: &'static str) -> Block {
    section(&Markup::new().lit(text))
}

#[cfg(test)]
mod tests;
