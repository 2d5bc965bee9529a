//! Break-glass, told: loudly to those who were not asked, as a card to those who review it, and what came of the review.
//!
//! Whether anybody may close a review is not known here; the button carries the request's number, never a right.

use super::button;
use super::card::{button_value, history};
use super::names::{Names, counted, listed};
use crate::access::grant::Grant;
use crate::access::ids::{PersonId, PolicyId, RequestId};
use crate::access::request::Request;
use crate::access::review::{Finding, Review, ReviewState};
use crate::access::time::Timestamp;
use crate::slack::block::{Block, Button, Message, actions, context, quote, section};
use crate::slack::text::{Markup, cut_plain, one_line};

/// What the messages about a broken glass are drawn from.
#[derive(Debug, Clone, Copy)]
pub struct GlassFacts<'a> {
    /// The request as recorded.
    pub request: &'a Request,
    /// Its grants.
    pub grants: &'a [Grant],
    /// Its review.
    pub review: &'a Review,
    /// Who may close it today, as far as known.
    pub reviewers: &'a [PersonId],
    /// Names.
    pub names: &'a Names,
}

/// The loud message: for the security channel, and for everybody who would have been asked in the usual way. Follows the state.
pub fn broken(facts: &GlassFacts<'_>) -> Message {
    let GlassFacts { request, names, .. } = *facts;
    let who = names.person_in_full(&request.terms.subject);
    let line = Markup::new().lit("🚨 ").bold(&format!("{who} broke the glass")).lit(" for ").then(&what(facts));
    let mut blocks = vec![section(&line.lit(". Nobody had to agree to it.")), reason(facts)];
    blocks.extend(note(facts));
    let mut lines = story(facts);
    let open = facts.grants.iter().find(|grant| !grant.is_over());
    lines.extend(open.map(|grant| {
        let revoke = format!("/jit revoke {} why", grant.id);
        Markup::new().lit("Owners, sponsors and admins can end it now: ").command(&revoke)
    }));
    lines.push(footer(facts));
    blocks.push(context(&lines));
    Message::new(&told(facts, &format!("{who} broke the glass")), blocks).about(request.id)
}

/// The card for those who may close the review. It loses its button when somebody did.
pub fn review_card(facts: &GlassFacts<'_>) -> Message {
    let GlassFacts { request, review, names, .. } = *facts;
    let who = names.person_in_full(&request.terms.subject);
    let line = match (&review.state, review.is_overdue()) {
        (ReviewState::Open, false) => Markup::new().lit("🚨 *To be reviewed by you or another reviewer:* "),
        (ReviewState::Open, true) => Markup::new().lit("⚠️ *The review is late:* "),
        (ReviewState::Closed { .. }, _) => Markup::new().lit("*Reviewed:* "),
    };
    let line = line.bold(&who).lit(" broke the glass for ").then(&what(facts)).lit(". Nobody had to agree to it.");
    let mut blocks = vec![section(&line), reason(facts)];
    blocks.extend(note(facts));
    if review.is_open() {
        blocks.push(actions("review", review_buttons(request, names)));
    }
    let mut lines = story(facts);
    lines.push(footer(facts));
    blocks.push(context(&lines));
    let (about, thing) = (format!("Break-glass by {who}"), names.thing(&request.terms.resource, &request.terms.role));
    let told = match &review.state {
        ReviewState::Open if review.is_overdue() => told(facts, &format!("The review is late: {who} broke the glass")),
        ReviewState::Open => told(facts, &format!("To be reviewed by {}: {who} broke the glass", names.zone.day(review.due_at))),
        ReviewState::Closed { by, finding, .. } => {
            format!("{about}, {thing}: {}, as {} says", finding_text(*finding), names.person(by))
        }
    };
    Message::new(&told, blocks).about(request.id)
}

/// The buttons of an open review.
pub(super) fn review_buttons(request: &Request, names: &Names) -> Vec<Button> {
    let which = format!("{}, {}", request.id, names.person(&request.terms.subject));
    vec![
        Button::new(button::REVIEW, "Close review…", &request.id.to_string(), &format!("Close the review of {which}")).primary(),
        Button::new(button::DETAILS, "Details…", &button_value(request), &format!("Details of {which}")),
    ]
}

/// The alarm over a review that should have been closed: for the security channel and those who may close it.
pub fn review_overdue(facts: &GlassFacts<'_>, now: Timestamp) -> Message {
    let GlassFacts { request, review, names, .. } = *facts;
    let who = names.person_in_full(&request.terms.subject);
    let late = late(review, now);
    let line = Markup::new().lit("⚠️ *A review is late.* ").bold(&who).lit(" broke the glass for ").then(&what(facts));
    let line = line.lit(" on ").day(review.opened_at, &names.zone).lit("; it should have been reviewed by ");
    let line = line.day(review.due_at, &names.zone).lit(", ").text(&late).lit(" ago. ").then(&who_reviews(facts)).lit(".");
    let next = Markup::new().lit("It stays open, and I say so every day. To close it: `/jit pending`");
    let told = format!("Late by {late}: the review of {}, for which {who} broke the glass", names.request(request.id));
    Message::new(&told, vec![section(&line), reason(facts), context(&[next, footer(facts)])]).about(request.id)
}

/// What came of the review: for whoever broke the glass. And, where it was late or not justified, for the security channel.
/// `None` while it is open.
pub fn reviewed(facts: &GlassFacts<'_>) -> Option<Message> {
    let GlassFacts { request, review, names, .. } = *facts;
    let ReviewState::Closed { at, by, finding, .. } = &review.state else { return None };
    let sign = match finding {
        Finding::Justified => "✅ ",
        Finding::NotJustified => "❌ ",
    };
    let who = names.person(by);
    let found = format!("breaking the glass was {}", finding_text(*finding));
    let line =
        Markup::new().lit(sign).bold(who).lit(" reviewed ").bold(&names.request(request.id)).lit(" ").day(*at, &names.zone);
    let mut blocks = vec![section(&line.lit(": ").bold(&found).lit("."))];
    blocks.extend(note(facts));
    Some(Message::new(&format!("{who} reviewed {}: {found}", names.request(request.id)), blocks).about(request.id))
}

/// Where the review stands, as one line of a request's history.
pub(super) fn review_line(review: &Review, names: &Names) -> Markup {
    let by = spelled(review, names);
    match &review.state {
        ReviewState::Open if review.is_overdue() => {
            Markup::new().lit("⚠️ *Review late:* it was due ").day(review.due_at, &names.zone).lit(", by ").text(&by)
        }
        ReviewState::Open => Markup::new().lit("To be reviewed by ").text(&by).lit(" until ").day(review.due_at, &names.zone),
        ReviewState::Closed { at, by, finding, .. } => {
            let line = Markup::new().lit("Reviewed by ").bold(names.person(by)).lit(" ").day(*at, &names.zone);
            line.lit(": ").text(finding_text(*finding))
        }
    }
}

/// Who may close it, as the policy says: "security or Bob Keller".
pub(super) fn spelled(review: &Review, names: &Names) -> String {
    let words = review.by.iter().flat_map(|by| by.split(" or ")).map(|by| names.step(by));
    listed(&words.collect::<Vec<_>>(), "or")
}

/// What a finding is called in a sentence.
pub(super) fn finding_text(finding: Finding) -> &'static str {
    match finding {
        Finding::Justified => "justified",
        Finding::NotJustified => "not justified",
    }
}

/// "*Orders database · Read only*, 30 min"
fn what(facts: &GlassFacts<'_>) -> Markup {
    let terms = &facts.request.terms;
    let thing = facts.names.thing(&terms.resource, &terms.role);
    Markup::new().bold(&thing).lit(", ").text(&terms.access_for.to_string())
}

/// "Erin or Frank may review it", or that nobody can.
fn who_reviews(facts: &GlassFacts<'_>) -> Markup {
    let by = spelled(facts.review, facts.names);
    match facts.reviewers {
        [] => Markup::new().lit("Of ").text(&by).lit(" I know nobody at the moment who may review it"),
        people => Markup::new().text(&facts.names.people(people).replace(" and ", " or ")).lit(" may review it"),
    }
}

fn reason(facts: &GlassFacts<'_>) -> Block {
    quote(&format!("{} wrote:", facts.names.person(&facts.request.filed_by)), &facts.request.reason)
}

fn note(facts: &GlassFacts<'_>) -> Option<Block> {
    match &facts.review.state {
        ReviewState::Open => None,
        ReviewState::Closed { by, note, .. } => Some(quote(&format!("{} wrote:", facts.names.person(by)), note)),
    }
}

/// What has happened, and what the review waits for.
fn story(facts: &GlassFacts<'_>) -> Vec<Markup> {
    let mut lines = history(facts.request, facts.grants, facts.names);
    lines.push(review_line(facts.review, facts.names));
    if facts.review.is_open() {
        lines.push(who_reviews(facts));
    }
    lines
}

/// The length says until when; the ceiling over everything, which other cards show, would only frighten.
fn footer(facts: &GlassFacts<'_>) -> Markup {
    let GlassFacts { request, names, .. } = *facts;
    let line = Markup::new().text(&request.id.to_string()).lit(" · asked ").day(request.asked_at, &names.zone);
    line.lit(" · policy ").text(request.policy.id.as_str())
}

/// What a locked phone shows. The reason comes last and is cut, so that nothing which it says can look like our own words.
fn told(facts: &GlassFacts<'_>, what: &str) -> String {
    let GlassFacts { request, names, .. } = *facts;
    let thing = names.thing(&request.terms.resource, &request.terms.role);
    let reason = cut_plain(&one_line(request.reason.as_typed()), 200).replace('\'', "’");
    format!("{what}: {thing}, {}. '{reason}'", request.terms.access_for)
}

fn late(review: &Review, now: Timestamp) -> String {
    let hours = usize::try_from(now.since(review.due_at).as_secs() / 3600).unwrap_or(usize::MAX);
    match hours {
        0 => "less than an hour".to_owned(),
        1..=47 => counted(hours, "hour", "hours"),
        _ => counted(hours / 24, "day", "days"),
    }
}

/// The answer to whoever broke it.
pub(super) fn answer(request: RequestId, review: &Review, names: &Names) -> String {
    format!(
        "The glass is broken: {} is being set up, and I'll tell you when it is in force. Everybody who would have been asked is told; \
         {} will review it by {}.",
        names.request(request),
        spelled(review, names),
        names.zone.day(review.due_at)
    )
}

/// The answer to whoever would have broken it, where a rule wants people to agree even so.
pub(super) fn asked_instead(
    request: RequestId,
    rules: &[PolicyId],
    (asked, answer_by): (&str, Timestamp),
    names: &Names,
) -> String {
    let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
    let rules = if rules.is_empty() { "a rule".to_owned() } else { listed(&rules, "and") };
    format!(
        "You have no access yet: the glass can't be broken for this, because {rules} wants people to agree even so. I asked them: {}. \
         {asked} can decide until {}.",
        names.request(request),
        names.zone.clock(answer_by)
    )
}

#[cfg(test)]
mod tests;
