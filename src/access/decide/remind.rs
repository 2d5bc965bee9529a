//! Reminding those who are asked: by the rule as time passes, and by hand; and what becomes of the page.

use super::super::event::Event;
use super::super::ids::PersonId;
use super::super::refusal::Refusal;
use super::super::remind::{Also, BY_HAND_EVERY, Remind, Reminder};
use super::super::request::Request;
use super::super::time::{Now, Trust};
use super::Undecided;
use super::approve::is_own;

/// What a provider that pages has confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAnswer {
    /// Somebody is paged.
    Made,
    /// It knows that it is settled.
    Resolved,
}

/// The reminder that is due by the rule, with all that comes with it. A clock that jumped ahead must not wake anybody: it is
/// held until it can be believed. After a long standstill there is one reminder, whatever would have come meanwhile.
pub(super) fn due(request: &Request, now: Now) -> Vec<Event> {
    let (id, at) = (request.id, now.at);
    let (Some((reminder, due_at)), Some(rule)) = (request.next_reminder(), &request.reminding.rule) else { return Vec::new() };
    if at < due_at || now.trust == Trust::Suspect {
        return Vec::new();
    }
    let follows = match reminder {
        Reminder::First => widened(request, rule, now),
        Reminder::Second => rule.page.as_ref().map(|_| Event::PageOwed { request: id, at }),
        Reminder::ByHand(_) => None,
    };
    // Whoever is asked as well is asked before people are reminded, so that the reminder finds everybody.
    follows.into_iter().chain([Event::RequestReminded { request: id, at, reminder }]).collect()
}

fn widened(request: &Request, rule: &Remind, now: Now) -> Option<Event> {
    let by = rule.then_ask.clone().filter(|_| request.reminding.also == Also::Nobody)?;
    Some(Event::StepsWidened { request: request.id, at: now.at, by })
}

/// The requester asks people to look at it.
pub(super) fn by_hand(request: &Request, by: PersonId, now: Now) -> Result<Vec<Event>, Undecided> {
    if !is_own(request, &by) {
        return Err(Refusal::NoSuchRequest { request: request.id }.into());
    }
    let again_at = request.reminding.last_at().map(|last| (last, last.plus(BY_HAND_EVERY)));
    if let Some((last, again_at)) = again_at.filter(|(_, again_at)| now.at < *again_at) {
        return Err(Refusal::RemindedLately { request: request.id, last, again_at }.into());
    }
    Ok(vec![Event::RequestReminded { request: request.id, at: now.at, reminder: Reminder::ByHand(by) }])
}

/// Whoever the rules in force do not ask as well is not asked as well: neither from now on nor later.
pub(super) fn taken_back(request: &Request, then_ask: Option<&str>) -> Option<Event> {
    let pinned = request.reminding.rule.as_ref()?.then_ask.as_deref()?;
    let narrowed = request.reminding.also == Also::TakenBack;
    (!narrowed && then_ask != Some(pinned)).then_some(Event::StepsNarrowed { request: request.id })
}

/// What follows from a provider's answer to a page, whatever was decided meanwhile. Nothing from one that came before.
pub fn page_answered(request: &Request, answer: PageAnswer, now: Now) -> Vec<Event> {
    let Some((_, paged)) = request.reminding.page() else { return Vec::new() };
    let (request, at) = (request.id, now.at);
    match (answer, paged.made_at, paged.resolved_at) {
        (PageAnswer::Made, None, None) => vec![Event::PageMade { request, at }],
        (PageAnswer::Resolved, _, None) => vec![Event::PageResolved { request, at }],
        (PageAnswer::Made, Some(_), None) | (PageAnswer::Made | PageAnswer::Resolved, _, Some(_)) => Vec::new(),
    }
}
