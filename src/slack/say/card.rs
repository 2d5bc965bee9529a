//! The card of a request, as approvers see it: enough to decide on a phone while it is pending, the whole story afterwards.
//!
//! Resource, role and length come from the record, never from what the requester wrote. Cards without a decision have
//! buttons, the others have none.

use super::behalf;
use super::button;
use super::causes::{end_cause, fail_cause, proof, void_cause};
use super::glass::review_line;
use super::names::{Names, Risk, listed};
use super::remind::so_far;
use super::starting;
use super::talk;
use crate::access::grant::{CallResult, Ended, Grant, GrantState, Proof, Remains, Revoking};
use crate::access::ids::{PersonId, RequestId};
use crate::access::request::{Mode, Purpose, Request, RequestState, TermsHash};
use crate::access::review::Review;
use crate::slack::block::{Block, Button, Choice, Menu, Message, actions_and_menu, context, quote, section};
use crate::slack::text::{Markup, cut_plain, one_line};

/// How many people and groups a card mentions at most. A mention notifies; more of them would be noise.
pub const MENTIONS_MAX: usize = 5;

/// What a card is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct CardFacts<'a> {
    /// The request as recorded.
    pub request: &'a Request,
    /// Its grants, once there are any; for an extension the grant that is extended.
    pub grants: &'a [Grant],
    /// Its review, where nobody had to agree to it.
    pub review: Option<&'a Review>,
    /// What is still missing, while it is pending.
    pub still: &'a [Needed],
    /// Whom to mention, once: the first [`MENTIONS_MAX`] of them. Leave it empty where they get a message of their own.
    pub mention: &'a [Mention],
    /// What may stay behind at the end, as a sentence without a period.
    pub lingers: Option<&'a str>,
    /// Names.
    pub names: &'a Names,
}

/// Somebody whom a card calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mention {
    /// One person, who is shown by their account.
    Person(PersonId),
    /// All of a Slack user group (`S0SECURITY`).
    Usergroup(String),
}

/// A part of a step that is not filled yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// Who may fill it, as the policy spells it: `group/dba`.
    pub by: String,
    /// How many people are missing.
    pub count: u32,
    /// Those who may, today, and have not.
    pub people: Vec<PersonId>,
}

impl Needed {
    /// "1 of security", and "Erin or Frank".
    pub fn in_words(&self, names: &Names) -> (String, String) {
        const NAMED_MAX: usize = 4;
        let mut people: Vec<String> = self.people.iter().take(NAMED_MAX).map(|id| names.person(id).to_owned()).collect();
        let more = self.people.len().saturating_sub(NAMED_MAX);
        if more > 0 {
            people.push(format!("{more} more"));
        }
        let people = if people.is_empty() { "nobody at the moment".to_owned() } else { listed(&people, "or") };
        (format!("{} of {}", self.count, names.step(&self.by)), people)
    }
}

/// The card.
pub fn card(facts: &CardFacts<'_>) -> Message {
    let request = facts.request;
    let names = facts.names;
    let mut blocks = vec![section(&headline(request, names))];
    blocks.push(quote(&format!("{} wrote:", names.person(&request.filed_by)), &request.reason));
    if request.state.is_pending() {
        blocks.push(section(&still_needed(facts)));
        blocks.push(decide("decide", request, names));
    }
    blocks.extend(talk::quotes(request, names));
    for approval in request.approvals.iter().filter(|approval| !approval.note.is_empty()) {
        blocks.push(quote(&format!("{} wrote:", names.person(&approval.by)), &approval.note));
    }
    if let RequestState::Denied { by, reason, .. } = &request.state {
        blocks.push(quote(&format!("{} denied it and wrote:", names.person(by)), reason));
    }
    let mut lines = Vec::new();
    if request.state.is_pending() {
        lines.push(mentions(facts));
        lines.extend(talk::shortened(request, names));
        lines.extend(so_far(request, names));
    } else {
        lines.extend(history(request, facts.grants, names));
        lines.extend(facts.review.map(|review| review_line(review, names)));
    }
    lines.extend(talk::passed_on(request, names));
    if let Some(lingers) = facts.lingers.filter(|_| request.state.is_pending()) {
        lines.push(Markup::new().lit("After the end: ").text(lingers).lit("."));
    }
    lines.push(footer(request, names));
    blocks.push(context(&lines));
    Message::new(&notification(facts), blocks).about(request.id)
}

/// What a button of a card carries: the number and the hash of the terms that were on the card.
pub fn button_value(request: &Request) -> String {
    format!("{} {}", request.id, request.terms_hash)
}

/// Reads [`button_value`] back. It came through somebody's client: it says which request is meant, and nothing about rights.
pub fn read_button_value(value: &str) -> Option<(RequestId, TermsHash)> {
    let (request, hash) = value.split_once(' ')?;
    let hex = hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    Some((request.parse().ok()?, hash.parse().ok().filter(|_| hex)?))
}

/// "Maya (contractor, Acme) asks for Orders database · Read only for 2 h."
pub(super) fn headline(request: &Request, names: &Names) -> Markup {
    let terms = &request.terms;
    let thing = names.in_full(terms);
    let length = terms.access_for.to_string();
    let subject = names.person(&terms.subject);
    let in_full = names.person_in_full(&terms.subject);
    let kind = in_full.strip_prefix(subject).unwrap_or_default();
    let mut line = Markup::new();
    if names.risk_of(terms) == Risk::High {
        line = line.lit("⚠️ *High risk.* ");
    }
    if request.mode == Mode::BreakGlass {
        line = line.lit("🚨 *Break-glass: access without an approval.* ");
    }
    let asks = if request.filed_by == terms.subject {
        line = line.bold(subject).text(kind);
        " asks for "
    } else {
        line = behalf::who_asks(&request.filed_by, line, names).bold(subject).text(kind);
        ": "
    };
    line = match terms.purpose {
        Purpose::Access => {
            let line = line.lit(asks).bold(&thing).lit(" for ").bold(&length);
            line.then(&starting::from_to(request, &names.zone))
        }
        Purpose::Extension(grant) => {
            line.lit(asks).bold(&length).lit(" more of ").bold(&thing).lit(" (").text(&grant.to_string()).lit(")")
        }
    };
    line.lit(".")
}

/// "Maya has no access yet: 1 of security (Erin or Frank) still needed."
pub(super) fn still_needed(facts: &CardFacts<'_>) -> Markup {
    let request = facts.request;
    let names = facts.names;
    let parts = facts.still.iter().map(|needed| {
        let (step, people) = needed.in_words(names);
        Markup::new().bold(&step).lit(" (").text(&people).lit(")")
    });
    let needed = Markup::new().joined(parts, " and ");
    match request.approvals.as_slice() {
        [] if needed.is_empty() => Markup::new().lit("Nobody has decided yet."),
        [] => Markup::new().lit("Needed: ").then(&needed).lit("."),
        given => {
            let given = given.iter().map(|approval| {
                let who = behalf::decider(&approval.by, approval.in_place_of.as_ref(), names);
                Markup::new().lit("Approved by ").bold(&who).lit(" ").clock(approval.at, &names.zone)
            });
            let given = Markup::new().joined(given, ", ").lit(". ").text(names.person(&request.terms.subject));
            given.lit(" has *no access yet*: ").then(&needed).lit(" still needed.")
        }
    }
}

/// What can be done with a pending request: a row of buttons, and what is done less often behind three dots.
pub(super) fn decide(block_id: &str, request: &Request, names: &Names) -> Block {
    let value = button_value(request);
    // "Approve R-42, Maya Okafor, Orders database": a screen reader must not say three times "Approve".
    let which = format!("{}, {}, {}", request.id, names.person(&request.terms.subject), names.resource(&request.terms.resource));
    let approve = Button::new(button::APPROVE, "Approve", &value, &format!("Approve {which}")).primary();
    let buttons = vec![
        match danger(request, names) {
            Some(danger) => approve.confirm(danger, &what_is_given(request, names), "Approve", "Not yet"),
            None => approve,
        },
        Button::new(button::DENY, "Deny…", &value, &format!("Deny {which}")).danger(),
        Button::new(button::QUESTION, "Ask…", &value, &format!("Ask about {which}")),
    ];
    let choice = |text: &str, action: &str| Choice { text: text.to_owned(), value: format!("{action} {value}") };
    let more =
        [choice("Approve shorter…", button::SHORTER), choice("Pass on…", button::PASS_ON), choice("Details", button::DETAILS)];
    actions_and_menu(block_id, buttons, Menu::new(button::MORE, &more))
}

/// What to ask before it is approved, where a mistake would be bad.
fn danger(request: &Request, names: &Names) -> Option<&'static str> {
    match (request.mode, names.risk_of(&request.terms)) {
        (Mode::BreakGlass, _) => Some("Approve break-glass access?"),
        (Mode::Ask | Mode::Auto, Risk::High) => Some("Approve access of high risk?"),
        (Mode::Ask | Mode::Auto, Risk::Normal) => None,
    }
}

fn what_is_given(request: &Request, names: &Names) -> String {
    let terms = &request.terms;
    let (who, what) = (names.person_in_full(&terms.subject), names.in_full(terms));
    match terms.purpose {
        Purpose::Access => {
            let from_to = starting::from_to_plain(request, &names.zone);
            format!("{who} gets {what} for {}{from_to}, once everybody who has to agree has agreed.", terms.access_for)
        }
        Purpose::Extension(_) => {
            format!("{who} gets {what} for {} more, once everybody who has to agree has agreed.", terms.access_for)
        }
    }
}

fn mentions(facts: &CardFacts<'_>) -> Markup {
    let zone = &facts.names.zone;
    let called = facts.mention.iter().filter_map(|mention| match mention {
        Mention::Person(id) => facts.names.account(id).map(|account| Markup::new().mention(account)),
        Mention::Usergroup(id) => Some(Markup::new().mention_group(id)),
    });
    let mentions = Markup::new().joined(called.take(MENTIONS_MAX), " ");
    let by = Markup::new().day(facts.request.answer_by, zone);
    match mentions.is_empty() {
        true => Markup::new().lit("To be decided by ").then(&by).lit("."),
        false => mentions.lit(" please decide by ").then(&by).lit("."),
    }
}

fn footer(request: &Request, names: &Names) -> Markup {
    let line = Markup::new().text(&request.id.to_string()).lit(" · asked ").day(request.asked_at, &names.zone);
    let line = line.lit(" · ends ").day(request.ends_at_most, &names.zone).lit(" at the latest");
    line.lit(" · policy ").text(request.policy.id.as_str())
}

/// What has happened, one line each: the decision, then every grant.
pub(super) fn history(request: &Request, grants: &[Grant], names: &Names) -> Vec<Markup> {
    let zone = &names.zone;
    let decision = match &request.state {
        RequestState::Pending => None,
        RequestState::Approved { at, .. } => Some(approved_by(request, names).lit(" ").day(*at, zone)),
        RequestState::Denied { at, by, in_place_of, .. } => {
            let who = behalf::decider(by, in_place_of.as_ref(), names);
            Some(Markup::new().lit("Denied by ").bold(&who).lit(" ").day(*at, zone))
        }
        RequestState::Cancelled { at, by } => {
            Some(Markup::new().lit("Withdrawn by ").bold(names.person(by)).lit(" ").day(*at, zone))
        }
        RequestState::Expired { at } => Some(Markup::new().lit("Closed ").day(*at, zone).lit(": nobody decided in time")),
        RequestState::Invalidated { at, why } => Some(Markup::new().lit("Closed ").day(*at, zone).lit(": ").text(why)),
        RequestState::Lapsed { at } => {
            Some(approved_by(request, names).lit(", closed ").day(*at, zone).lit(": it could not begin in time"))
        }
    };
    let several = grants.len() > 1;
    let which = |grant: &Grant| {
        let part = request.part_of(grant.id);
        format!("{} ({})", grant.id, names.thing(&part.resource, &part.role))
    };
    let grants = grants.iter().map(|grant| {
        let line = grant_line(grant, names);
        if several { Markup::new().text(&which(grant)).lit(": ").then(&line) } else { line }
    });
    decision.into_iter().chain(talk::shortened(request, names)).chain(grants).collect()
}

fn approved_by(request: &Request, names: &Names) -> Markup {
    let people: Vec<String> = super::status::those_who_agreed(request, names);
    match request.mode {
        Mode::Ask => Markup::new().lit("Approved by ").bold(&listed(&people, "and")),
        Mode::Auto => Markup::new().lit("Approved by the policy ").bold(request.policy.id.as_str()),
        Mode::BreakGlass => Markup::new().lit("*Nobody approved it* (break-glass). Given"),
    }
}

/// Where a grant stands: "In force 10:04–12:04", "Ended 12:04 because …, verified at the provider 12:04".
pub(super) fn grant_line(grant: &Grant, names: &Names) -> Markup {
    let zone = &names.zone;
    match &grant.state {
        GrantState::Planned => Markup::new().lit("To begin ").day(grant.start_at, zone),
        GrantState::Checking { .. } => Markup::new().lit("Being prepared"),
        GrantState::Provisioning { result: CallResult::Known, .. } => Markup::new().lit("Being set up"),
        GrantState::Provisioning { result: CallResult::Unknown { .. }, .. } => {
            Markup::new().lit("Being set up; the provider did not answer clearly, so I am looking again")
        }
        GrantState::AwaitingUser { .. } => Markup::new()
            .lit("Waits for ")
            .bold(names.person(&grant.person))
            .lit(" to accept the invitation, until ")
            .day(grant.start_by, zone),
        GrantState::Active { active_at, ends_at, .. } => {
            let line = Markup::new().lit("In force ").day(*active_at, zone).lit(" – ").day(*ends_at, zone);
            if grant.drifted { line.lit(" · ⚠️ the provider shows something else than it should") } else { line }
        }
        GrantState::Revoking(revoking) => revoking_line(revoking, names),
        GrantState::Void { at, why } => {
            Markup::new().lit("Never began (").day(*at, zone).lit("): ").text(&void_cause(why, names))
        }
        GrantState::Failed { at, why, .. } => Markup::new().lit("Not given (").day(*at, zone).lit("): ").text(&fail_cause(why)),
        GrantState::Ended(ended) => ended_line(ended, names),
    }
}

fn revoking_line(revoking: &Revoking, names: &Names) -> Markup {
    let zone = &names.zone;
    let cause = end_cause(&revoking.cause, names);
    match &revoking.remains {
        Remains::Access if revoking.alarms > 0 => Markup::new()
            .lit("⚠️ *Overdue:* it should have ended ")
            .day(revoking.due_at, zone)
            .lit(" and may still be there; I keep trying"),
        Remains::Access => Markup::new().lit("Being removed since ").day(revoking.since, zone).lit(": ").text(&cause),
        Remains::Remnant(what) => Markup::new().lit("The access is cut: ").text(&cause).lit(". Still to be removed: ").text(what),
    }
}

fn ended_line(ended: &Ended, names: &Names) -> Markup {
    let zone = &names.zone;
    let line = match ended.active_at {
        Some(active_at) => Markup::new().lit("In force ").day(active_at, zone).lit(" – ").day(ended.at, zone).lit(" · ended: "),
        None => Markup::new().lit("Ended ").day(ended.at, zone).lit(": "),
    };
    let line = line.text(&end_cause(&ended.cause, names)).lit(" · ").text(&proof(&ended.proof, names));
    match ended.proof {
        Proof::ReadBack => line.lit(" ").clock(ended.at, zone),
        Proof::CoveredBy(_) | Proof::NothingSent | Proof::Attested { .. } => line,
    }
}

/// What a locked phone shows: everything that matters, without markup.
fn notification(facts: &CardFacts<'_>) -> String {
    let request = facts.request;
    let names = facts.names;
    let terms = &request.terms;
    let who = names.person_in_short(&terms.subject);
    let asks = match request.filed_by == terms.subject {
        true => format!("{who} asks"),
        false => format!("{} asks for {who}", names.person(&request.filed_by)),
    };
    let thing = match terms.is_bundle() {
        true => names.in_full(terms),
        false => format!("{}, {}", names.resource(&terms.resource), names.role(&terms.resource, &terms.role)),
    };
    let length = match terms.purpose {
        Purpose::Access => format!("{}{}", terms.access_for, starting::from_to_plain(request, &names.zone)),
        Purpose::Extension(_) => format!("{} more", terms.access_for),
    };
    // The reason comes last and is cut, so that nothing which it says can look like a part of our own words.
    let reason = cut_plain(&one_line(request.reason.as_typed()), 200).replace('\'', "’");
    let urgent = if request.mode == Mode::BreakGlass { "Break-glass: " } else { "" };
    let state = match &request.state {
        RequestState::Pending => return format!("{urgent}{asks}: {thing}, {length}. '{reason}'"),
        RequestState::Approved { .. } => match request.mode {
            Mode::Ask => "approved",
            Mode::Auto => "approved by the policy",
            Mode::BreakGlass => "given without an approval",
        },
        RequestState::Denied { .. } => "denied",
        RequestState::Cancelled { .. } => "withdrawn",
        RequestState::Expired { .. } => "closed, nobody decided in time",
        RequestState::Invalidated { .. } => "closed, no longer allowed",
        RequestState::Lapsed { .. } => "closed, it could not begin in time",
    };
    format!("{urgent}{} {state}: {who}, {thing}, {length}", request.id)
}

/// The blocks that tell what has happened, for messages other than the card.
pub(super) fn history_block(request: &Request, grants: &[Grant], review: Option<&Review>, names: &Names) -> Option<Block> {
    let mut lines = history(request, grants, names);
    lines.extend(review.map(|review| review_line(review, names)));
    if lines.is_empty() { None } else { Some(context(&lines)) }
}

#[cfg(test)]
mod tests;
