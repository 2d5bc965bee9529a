//! What is said where somebody asks for somebody else: to whoever wrote the request, and of whom it is for.

use super::button;
use super::card::{CardFacts, button_value, history_block, still_needed};
use super::names::{Names, counted, listed};
use super::refusal::plainly;
use super::status::StatusFacts;
use crate::access::ids::PersonId;
use crate::access::refusal::Refusal;
use crate::access::request::RequestState;
use crate::access::time::Timestamp;
use crate::slack::block::{Button, Message, actions, quote, section};
use crate::slack::text::Markup;

/// The message of whoever asked for somebody else: where it stands, and nothing of what only that person needs.
pub fn status_of_filed(facts: &StatusFacts<'_>) -> Message {
    let (request, names) = (facts.request, facts.names);
    let whose = names.person(&request.terms.subject);
    let what = names.in_full(&request.terms);
    let told = format!("{} for {whose}: {}, {}", request.id, names.what(&request.terms), where_it_stands(&request.state));
    let line = Markup::new().lit("You asked for ").bold(whose).lit(": ").bold(&what).lit(" for ");
    let line = line.text(&request.terms.access_for.to_string()).lit(" (").text(&request.id.to_string()).lit(").");
    let mut blocks = vec![section(&line)];
    if let RequestState::Denied { by, reason, .. } = &request.state {
        blocks.push(quote(&format!("{} wrote:", names.person(by)), reason));
    }
    for approval in request.approvals.iter().filter(|approval| !approval.note.is_empty()) {
        blocks.push(quote(&format!("{} wrote:", names.person(&approval.by)), &approval.note));
    }
    if request.state.is_pending() {
        let card = CardFacts {
            request,
            grants: facts.grants,
            review: facts.review,
            still: facts.still,
            mention: &[],
            lingers: facts.lingers,
            names,
        };
        blocks.push(section(&still_needed(&card).lit(" To be decided by ").day(request.answer_by, &names.zone).lit(".")));
        let which = format!("{}, {}, {}", request.id, whose, names.resource(&request.terms.resource));
        let withdraw = Button::new(button::WITHDRAW, "Withdraw", &button_value(request), &format!("Withdraw {which}"));
        let remind = Button::new(button::REMIND, "Remind", &button_value(request), &format!("Remind of {which}"));
        blocks.push(actions("request", vec![withdraw, remind]));
    } else {
        blocks.extend(history_block(request, facts.grants, facts.review, names));
    }
    Message::new(&told, blocks).about(request.id)
}

/// The same as news: one sentence.
pub fn news_of_filed(facts: &StatusFacts<'_>) -> Message {
    let (request, names) = (facts.request, facts.names);
    let what = format!("{} for {}: ", request.id, names.person(&request.terms.subject));
    let state = where_it_stands(&request.state);
    let line = Markup::new().bold(&what).text(&names.what(&request.terms)).lit(", ").lit(state).lit(".");
    Message::new(&format!("{what}{}, {state}", names.what(&request.terms)), vec![section(&line)]).about(request.id)
}

fn where_it_stands(state: &RequestState) -> &'static str {
    match state {
        RequestState::Pending => "waiting for a decision",
        RequestState::Approved { .. } => "approved",
        RequestState::Denied { .. } => "denied",
        RequestState::Cancelled { .. } => "withdrawn",
        RequestState::Expired { .. } => "closed, nobody decided in time",
        RequestState::Invalidated { .. } => "closed, no longer allowed",
        RequestState::Lapsed { .. } => "closed, it could not begin in time",
    }
}

/// "Bob asks for Maya (contractor, Acme): …": how a card begins where somebody else asks.
pub(super) fn who_asks(filed_by: &PersonId, line: Markup, names: &Names) -> Markup {
    line.bold(names.person(filed_by)).lit(" asks for ")
}

/// What the answer to whoever asked says beside.
pub(super) fn more(whose: Option<&PersonId>, absent: &[(PersonId, Timestamp)], names: &Names) -> String {
    let mut text = String::new();
    if let Some(whose) = whose {
        text.push_str(&format!(" This is for {}, who is told as well; neither of you can approve it.", names.person(whose)));
    }
    let away: Vec<String> = absent
        .iter()
        .map(|(person, until)| format!("{} is away until {}", names.person(person), names.zone.day(*until)))
        .collect();
    if !away.is_empty() {
        text.push_str(&format!(" {}, and without them nobody can decide.", listed(&away, "and")));
    }
    text
}

/// Why something is not possible for somebody else, to whoever asked for them.
pub(super) fn not_for_them(person: &PersonId, why: &Refusal, names: &Names) -> String {
    let who = names.person(person);
    match why {
        Refusal::AlreadyPending { request } => {
            format!("Exactly that is asked for {who} already: {} is waiting for a decision.", names.request(*request))
        }
        Refusal::AlreadyHeld { grant } => format!("{who} has that already, by {}.", names.grant(*grant)),
        Refusal::BundleHeld { bundle, grants } => {
            let grants: Vec<String> = grants.iter().map(ToString::to_string).collect();
            format!("{who} has {} already, by {}.", names.resource(bundle), listed(&grants, "and"))
        }
        Refusal::TooManyPending { limit } => {
            let requests = counted(*limit as usize, "request", "requests");
            format!("{who} has {requests} waiting, which is the most. One has to be decided or withdrawn first.")
        }
        Refusal::NoProviderAccount { provider } => {
            format!("I don't know {who}'s account at {}. Ask an admin to add it.", names.provider(provider))
        }
        Refusal::NoKeyOnFile => {
            format!(
                "This access comes with a secret, and I have no key of {who}'s to encrypt it to. An admin can add their SSH or age public key."
            )
        }
        Refusal::AccountNotAllowed | Refusal::ForeignAccount => {
            format!("{who}'s account in Slack is deactivated or of a kind that can't have access. Nothing was asked for.")
        }
        Refusal::NotPermitted { because } if because.is_empty() => format!("No policy allows {who} that."),
        Refusal::NotPermitted { because } => {
            let rules: Vec<String> = because.iter().take(5).map(|rule| plainly(rule)).collect();
            format!("The policy doesn't allow {who} that ({}).", listed(&rules, "and"))
        }
        Refusal::NoTimeLeft { limit } => format!("The {} leaves {who} no time for it.", plainly(limit)),
        why => format!("Not for {who}, as they would be told: {}", super::refusal::refusal(why, names)),
    }
}

/// "Dave (for Carol)": who decided, and in whose place.
pub(super) fn decider(by: &PersonId, in_place_of: Option<&PersonId>, names: &Names) -> String {
    match in_place_of {
        Some(other) => format!("{} (for {})", names.person(by), names.person(other)),
        None => names.person(by).to_owned(),
    }
}

/// The first line of a form that asks for somebody else.
pub(super) fn for_whom(subject: &PersonId, names: &Names) -> Markup {
    let line = Markup::new().lit("For ").bold(&names.person_in_full(subject));
    line.lit(": the access is theirs, the request is yours, and neither of you can approve it.")
}
