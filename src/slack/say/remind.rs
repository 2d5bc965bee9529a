//! What people read while nobody answers: the reminder for those who are asked, the news for whoever asked, the page, and the
//! lines on the card that say how far it has gone.

use super::card::{CardFacts, Needed, decide, headline, history, still_needed};
use super::names::{Names, listed};
use crate::access::grant::Grant;
use crate::access::remind::Also;
use crate::access::request::{Purpose, Request};
use crate::access::time::Timestamp;
use crate::slack::block::{Message, context, plain, quote, section};
use crate::slack::command::name::named;
use crate::slack::text::{Markup, cut_plain, one_line};

/// How much of somebody's words a page repeats.
const NAME_CHARS_MAX: usize = 120;

/// How far it has gone, one line each, while it is pending: reminded, also asked, paged.
pub(super) fn so_far(request: &Request, names: &Names) -> Vec<Markup> {
    let (reminding, zone) = (&request.reminding, &names.zone);
    let mut lines = Vec::new();
    if !request.state.is_pending() {
        return lines;
    }
    if let Also::Asked { by, since } = &reminding.also {
        lines.push(Markup::new().lit("Also asked since ").clock(*since, zone).lit(": ").text(&names.step(by)).lit("."));
    }
    if let Some(at) = reminding.last_at() {
        lines.push(Markup::new().lit("Last reminded ").clock(at, zone).lit("."));
    }
    if let Some((page, paged)) = reminding.page()
        && let Some(at) = paged.made_at
    {
        let whom = Markup::new().lit("Paged ").clock(at, zone).lit(": ").text(&page.service);
        lines.push(whom.lit(" at ").text(names.provider(&page.provider)).lit("."));
    }
    lines
}

/// The reminder for one of those who are asked, with what is needed to decide.
pub fn reminder(request: &Request, still: &[Needed], at: Timestamp, names: &Names) -> Message {
    let facts = CardFacts { request, grants: &[], still, mention: &[], lingers: None, review: None, names };
    let by_hand = request.reminding.by_hand.as_ref().filter(|by_hand| by_hand.at == at);
    let line = match by_hand {
        Some(by_hand) => Markup::new().lit("⏰ ").bold(names.person(&by_hand.by)).lit(" asks you to look at this. "),
        None => Markup::new().lit("⏰ *Still waiting for a decision.* "),
    };
    let by = Markup::new().text(&request.id.to_string()).lit(" · to be decided by ").day(request.answer_by, &names.zone);
    let mut lines = so_far(request, names);
    lines.push(by);
    let blocks = vec![
        section(&line.then(&headline(request, names))),
        quote(&format!("{} wrote:", names.person(&request.filed_by)), &request.reason),
        section(&still_needed(&facts)),
        decide("decide", request, names),
        context(&lines),
    ];
    let who = names.person_in_short(&request.terms.subject);
    let told = format!("Reminder: {who} waits for {}, {}", names.request(request.id), length(request));
    Message::new(&told, blocks).about(request.id)
}

/// What is left of a reminder once its reader has answered, or nobody has to any more: no button.
pub fn was_reminded(request: &Request, grants: &[Grant], at: Timestamp, names: &Names) -> Message {
    let what = names.request(request.id);
    let line = Markup::new().lit("You were reminded of ").bold(&what).lit(" ").day(at, &names.zone).lit(".");
    let mut lines = history(request, grants, names);
    if request.state.is_pending() {
        let given = request
            .approvals
            .iter()
            .map(|given| Markup::new().lit("Approved by ").bold(names.person(&given.by)).lit(" ").clock(given.at, &names.zone));
        lines.push(Markup::new().joined(given, ", ").lit("; others are still asked."));
    }
    Message::new(&format!("The reminder of {what}"), vec![section(&line), context(&lines)]).about(request.id)
}

/// News for whoever asked: nobody has answered, and what was done about it. `None` once it is decided: that is other news.
pub fn still_waiting(request: &Request, still: &[Needed], at: Timestamp, names: &Names) -> Option<Message> {
    if !request.state.is_pending() {
        return None;
    }
    let reminding = &request.reminding;
    let what = names.request(request.id);
    let missing: Vec<String> =
        still.iter().map(|needed| needed.in_words(names)).map(|(step, who)| format!("{step} ({who})")).collect();
    let stands = match (request.approvals.is_empty(), missing.is_empty()) {
        (true, _) | (_, true) => format!("Nobody has decided about {what} yet."),
        (false, false) => format!("{what} still needs {}.", listed(&missing, "and")),
    };
    let reminded = if reminding.second_at == Some(at) { "I sent a second reminder" } else { "I reminded those who are asked" };
    let mut done = vec![reminded.to_owned()];
    match &reminding.also {
        Also::Asked { by, since } if *since == at => done.push(format!("asked {} as well", names.step(by))),
        Also::Asked { .. } | Also::Nobody | Also::TakenBack => {}
    }
    if let Some((page, paged)) = reminding.page()
        && paged.owed_at == at
    {
        done.push(format!("am paging {} at {}", page.service, names.provider(&page.provider)));
    }
    let told = format!("{stands} {}. It stays open until {}.", listed(&done, "and"), names.zone.day(request.answer_by));
    Some(Message::new(&told, vec![plain(&told)]).about(request.id))
}

/// The alarm for the security channel: nobody answers, and whoever should be woken cannot be. `None` once that is over.
pub fn page_fails(request: &Request, names: &Names) -> Option<Message> {
    let (page, paged) = request.reminding.page()?;
    if !request.state.is_pending() || paged.made_at.is_some() {
        return None;
    }
    let text = format!(
        "Nobody answers {} of {}, and I cannot page {} at {}. I keep trying; please wake somebody by hand.",
        names.request(request.id),
        names.person_in_full(&request.terms.subject),
        page.service,
        names.provider(&page.provider)
    );
    Some(Message::new(&text, vec![plain(&format!("⚠️ {text}"))]).about(request.id))
}

/// The page, as title and details: plain text for another service, without what the requester wrote.
pub fn page_text(request: &Request, still: &[Needed], names: &Names) -> (String, String) {
    let short = |text: &str| cut_plain(&one_line(text), NAME_CHARS_MAX);
    let thing = short(&names.thing(&request.terms.resource, &request.terms.role));
    let who = short(&names.person_in_full(&request.terms.subject));
    let title = format!("{}: nobody has decided about {thing} for {who}", request.id);
    let missing: Vec<String> =
        still.iter().map(|needed| needed.in_words(names)).map(|(step, who)| format!("{step} ({who})")).collect();
    let missing = if missing.is_empty() { "a decision".to_owned() } else { short(&listed(&missing, "and")) };
    let details = format!(
        "{who} asked for {thing}, {}, at {}. Still needed: {missing}. It closes at {}. Decide in Slack: {}",
        length(request),
        names.zone.day(request.asked_at),
        names.zone.day(request.answer_by),
        named("/jit pending")
    );
    (title, details)
}

fn length(request: &Request) -> String {
    match request.terms.purpose {
        Purpose::Access => request.terms.access_for.to_string(),
        Purpose::Extension(_) => format!("{} more", request.terms.access_for),
    }
}

#[cfg(test)]
mod tests;
