//! Everything about one request: who was asked and why, the three clocks, the policy. As an answer and as a window.

use super::card::{CardFacts, history};
use super::form;
use super::glass::review_line;
use super::names::Names;
use crate::access::ids::{PersonId, RequestId};
use crate::access::request::{Mode, Purpose};
use crate::access::time::Timestamp;
use crate::slack::block::{Block, Message, View, context, divider, quote, section};
use crate::slack::text::Markup;

/// What it is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct WhyFacts<'a> {
    /// The request with all that belongs to it.
    pub card: CardFacts<'a>,
    /// What the policy is for, in its author's words.
    pub about: Option<&'a str>,
    /// The employee answerable for the subject.
    pub sponsor: Option<&'a PersonId>,
    /// When the subject's contract ends.
    pub contract_ends: Option<Timestamp>,
    /// Why the reader is asked: "you own the Orders database". As a clause without a period.
    pub why_you: Option<&'a str>,
    /// The moment at which it is drawn: what an approval now would come to.
    pub now: Timestamp,
    /// The subject's requests before this one, latest first.
    pub before: &'a [Before<'a>],
}

/// An earlier request of the same person.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// Its number; its names are in `Names::requests`.
    pub request: RequestId,
    /// When it was filed.
    pub asked_at: Timestamp,
    /// What became of it: the name of its state.
    pub state: &'a str,
}

/// How many earlier requests are shown.
pub const BEFORE_MAX: usize = 5;

/// The answer to `/jit why R-42`.
pub fn why(facts: &WhyFacts<'_>) -> Message {
    let request = facts.card.request;
    Message::new(&format!("About {}: {}", facts.card.names.request(request.id), request.state.name()), blocks(facts))
}

/// The window behind *Details*.
pub fn details(facts: &WhyFacts<'_>) -> View {
    let id = facts.card.request.id.to_string();
    View::new(form::DETAILS, &format!("Details of {id}"), &id, blocks(facts))
}

fn blocks(facts: &WhyFacts<'_>) -> Vec<Block> {
    let card = &facts.card;
    let (request, names) = (card.request, card.names);
    let mut blocks = vec![section(&super::card::headline(request, names))];
    blocks.push(quote(&format!("{} wrote:", names.person(&request.filed_by)), &request.reason));
    blocks.extend(super::talk::quotes(request, names));
    blocks.push(section(&Markup::new().joined(clocks(facts), "\n")));
    blocks.push(section(&Markup::new().joined(people(facts), "\n")));
    blocks.push(section(&Markup::new().joined(rule(facts), "\n")));
    let mut story = history(request, card.grants, names);
    story.extend(super::talk::passed_on(request, names));
    story.extend(card.review.map(|review| review_line(review, names)));
    if !story.is_empty() {
        blocks.push(context(&story));
    }
    if !facts.before.is_empty() {
        blocks.push(divider());
        let before = facts.before.iter().take(BEFORE_MAX).map(|before| {
            let what = Markup::new().text(&names.request(before.request)).lit(" · ").day(before.asked_at, &names.zone);
            what.lit(" · ").text(before.state)
        });
        blocks.push(section(&Markup::new().lit("*Before that*\n").joined(before, "\n")));
    }
    blocks
}

/// The three clocks, and what bounds the last one.
fn clocks(facts: &WhyFacts<'_>) -> Vec<Markup> {
    let request = facts.card.request;
    let zone = &facts.card.names.zone;
    let mut lines = vec![Markup::new().lit("*To be decided by* ").day(request.answer_by, zone), in_force(facts), lasts(facts)];
    if let Some(ends) = facts.contract_ends {
        lines.push(Markup::new().lit("*Contract ends* ").day(ends, zone));
    }
    lines
}

/// When it has to be in force; while it is pending, by what an approval at this moment would come to.
fn in_force(facts: &WhyFacts<'_>) -> Markup {
    let request = facts.card.request;
    let line =
        Markup::new().lit("*In force within* ").text(&request.start_within.to_string()).lit(" of the approval, or not at all");
    if !request.state.is_pending() {
        return line;
    }
    let start = request.start_at.unwrap_or(facts.now).max(facts.now);
    line.lit("; approved now, by ").day(start.plus(request.start_within), &facts.card.names.zone)
}

fn lasts(facts: &WhyFacts<'_>) -> Markup {
    let request = facts.card.request;
    let line = match request.terms.purpose {
        Purpose::Access => {
            Markup::new().lit("*Lasts* ").text(&request.terms.access_for.to_string()).lit(" once in force, and ends ")
        }
        Purpose::Extension(grant) => Markup::new()
            .lit("*Moves the end* of ")
            .text(&grant.to_string())
            .lit(" by ")
            .text(&request.terms.access_for.to_string())
            .lit(", to "),
    };
    line.day(request.ends_at_most, &facts.card.names.zone).lit(" at the latest")
}

fn people(facts: &WhyFacts<'_>) -> Vec<Markup> {
    let names = facts.card.names;
    let request = facts.card.request;
    let mut lines: Vec<Markup> = request.steps_asked().iter().map(|step| step_line(&step.by, step.count, facts)).collect();
    if lines.is_empty() {
        lines.push(match request.mode {
            Mode::Ask => Markup::new().lit("Nobody has to approve it."),
            Mode::Auto => Markup::new().lit("The policy alone approves it."),
            Mode::BreakGlass => Markup::new().lit("Nobody approves it beforehand; somebody else reviews it."),
        });
    }
    if let Some(why) = facts.why_you.filter(|_| request.state.is_pending()) {
        lines.push(Markup::new().lit("*You are asked* because ").text(why).lit("."));
    }
    if let Some(sponsor) = facts.sponsor {
        lines.push(Markup::new().lit("*Sponsor* ").text(names.person(sponsor)));
    }
    if let Some(lingers) = facts.card.lingers {
        lines.push(Markup::new().lit("*After the end* ").text(lingers).lit("."));
    }
    lines
}

fn step_line(by: &str, count: u32, facts: &WhyFacts<'_>) -> Markup {
    let names: &Names = facts.card.names;
    let line = Markup::new().lit("*Approval of* ").text(&format!("{count} of {}", names.step(by)));
    let missing = facts.card.still.iter().find(|needed| needed.by == by);
    match missing {
        Some(needed) if needed.people.is_empty() => line.lit(": missing, and nobody can give it at the moment"),
        Some(needed) => line.lit(": missing, to be given by ").text(&names.people(&needed.people).replace(" and ", " or ")),
        None if facts.card.request.state.is_pending() => line.lit(": given"),
        None => line,
    }
}

fn rule(facts: &WhyFacts<'_>) -> Vec<Markup> {
    let policy = &facts.card.request.policy;
    let digest: String = policy.digest.chars().take(12).collect();
    let line = Markup::new().lit("*Policy* ").text(policy.id.as_str()).lit(" (text ").code(&digest).lit(")");
    let about = facts.about.map(|about| Markup::new().text(about));
    std::iter::once(line).chain(about).collect()
}

#[cfg(test)]
mod tests;
