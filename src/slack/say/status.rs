//! The requester's own message: one per request, redrawn as things happen, with what they can do next.

use super::behalf;
use super::bundle;
use super::button;
use super::card::{Needed, button_value, history_block};
use super::causes::{end_cause, fail_cause, proof, void_cause};
use super::feedback::feedback;
use super::names::{Names, counted, listed};
use super::remind::so_far;
use super::secret::secret;
use crate::access::grant::{EndCause, Grant, GrantState, Remains};
use crate::access::ids::PersonId;
use crate::access::request::{Mode, Purpose, Request, RequestState};
use crate::access::review::Review;
use crate::access::time::Timestamp;
use crate::slack::block::{Block, Button, Message, actions, context, plain, preformatted, quote, section};
use crate::slack::text::Markup;

/// What the requester's message is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct StatusFacts<'a> {
    /// The request as recorded.
    pub request: &'a Request,
    /// Its grants, once there are any; for an extension the grant that is extended.
    pub grants: &'a [Grant],
    /// Its review, where nobody had to agree to it.
    pub review: Option<&'a Review>,
    /// What is still missing, while it is pending.
    pub still: &'a [Needed],
    /// Those who are asked, while it is pending.
    pub asked: &'a [PersonId],
    /// A line that connects, once it is in force. Shown to be copied.
    pub connect: Option<&'a str>,
    /// What may stay behind at the end, as a sentence without a period.
    pub lingers: Option<&'a str>,
    /// Whether the policy allows more time.
    pub extend: Extend,
    /// Names.
    pub names: &'a Names,
}

/// Whether more time can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extend {
    /// Yes: the button is shown.
    Offered,
    /// No.
    No,
}

/// The message.
pub fn status(facts: &StatusFacts<'_>) -> Message {
    let request = facts.request;
    let names = facts.names;
    let headline = headline(facts);
    let mut blocks = vec![section(&headline.shown)];
    if let RequestState::Denied { by, reason, .. } = &request.state {
        blocks.push(quote(&format!("{} wrote:", names.person(by)), reason));
    }
    for approval in request.approvals.iter().filter(|approval| !approval.note.is_empty()) {
        blocks.push(quote(&format!("{} wrote:", names.person(&approval.by)), &approval.note));
    }
    blocks.extend(in_force(facts));
    if request.state.is_pending() {
        blocks.push(asked(facts));
        let which = format!("{}, {}", request.id, names.resource(&request.terms.resource));
        let withdraw = Button::new(button::WITHDRAW, "Withdraw", &button_value(request), &format!("Withdraw {which}"));
        let remind = Button::new(button::REMIND, "Remind", &button_value(request), &format!("Remind of {which}"));
        blocks.push(actions("request", vec![withdraw, remind]));
    } else {
        blocks.extend(grant_buttons(facts).or_else(|| not_begun(facts)).or_else(|| again(facts)));
        blocks.extend(feedback(request, names));
        blocks.extend(history_block(request, facts.grants, facts.review, names));
    }
    Message::new(&headline.told, blocks).about(request.id)
}

/// The message while the access is in force and has a message of its own: where it stands and how it came to be, without the
/// buttons that stand there.
pub fn status_of_request(facts: &StatusFacts<'_>) -> Message {
    let headline = headline(facts);
    let mut blocks = vec![section(&headline.shown)];
    blocks.extend(history_block(facts.request, facts.grants, facts.review, facts.names));
    Message::new(&headline.told, blocks).about(facts.request.id)
}

/// One sentence in both of its forms.
pub(super) struct Headline {
    /// With markup: times in the reader's zone.
    pub(super) shown: Markup,
    /// Without, for notifications.
    pub(super) told: String,
}

/// A piece of a sentence.
enum Piece<'a> {
    /// Words.
    Said(&'a str),
    /// Words that matter most.
    Strong(&'a str),
    /// A time.
    Time(Timestamp),
}

use Piece::{Said, Strong, Time};

impl Headline {
    fn of(names: &Names, pieces: &[Piece<'_>]) -> Headline {
        let mut headline = Headline { shown: Markup::new(), told: String::new() };
        for piece in pieces {
            headline.shown = match piece {
                Said(text) => headline.shown.text(text),
                Strong(text) => headline.shown.bold(text),
                Time(at) => headline.shown.day(*at, &names.zone),
            };
            match piece {
                Said(text) | Strong(text) => headline.told.push_str(text),
                Time(at) => headline.told.push_str(&names.zone.day(*at)),
            }
        }
        headline
    }
}

/// Where it stands, in one sentence: of the decision, then of the grant that matters most.
pub(super) fn headline(facts: &StatusFacts<'_>) -> Headline {
    let request = facts.request;
    let names = facts.names;
    let thing = names.in_full(&request.terms);
    let rest = match request.terms.purpose {
        Purpose::Access => format!(" for {} ({})", request.terms.access_for, request.id),
        Purpose::Extension(grant) => format!(", {} more ({} for {grant})", request.terms.access_for, request.id),
    };
    let asked_by = match request.filed_by == request.terms.subject {
        true => "You asked for ".to_owned(),
        false => format!("{} asked for you: ", names.person(&request.filed_by)),
    };
    let closed = |what: &str| Headline::of(names, &[Strong(&thing), Said(&rest), Said(": "), Said(what)]);
    match &request.state {
        RequestState::Pending => {
            let mut pieces = vec![Said(&asked_by), Strong(&thing), Said(&rest)];
            if let Some((from, to)) = request.from_to() {
                pieces.extend([Said(", from "), Time(from), Said(" to "), Time(to)]);
            }
            pieces.extend([Said(". Waiting for a decision until "), Time(request.answer_by), Said(".")]);
            Headline::of(names, &pieces)
        }
        RequestState::Approved { .. } => match (request.terms.purpose, most_telling(facts.grants)) {
            (Purpose::Extension(_), Some(grant)) => extension_headline(&thing, &rest, grant, names),
            (Purpose::Access, Some(_)) if request.terms.is_bundle() => bundle::headline(request, facts.grants, names),
            (Purpose::Access, Some(grant)) => grant_headline(request, grant, names),
            (Purpose::Access | Purpose::Extension(_), None) => {
                closed(&format!("{}. It is being prepared.", approved(request, names)))
            }
        },
        RequestState::Denied { by, in_place_of, .. } => {
            let whose = if request.filed_by == request.terms.subject { "your" } else { "the" };
            closed(&format!("{} denied {whose} request.", behalf::decider(by, in_place_of.as_ref(), names)))
        }
        RequestState::Cancelled { by, .. } if *by == request.terms.subject => closed("you withdrew your request."),
        RequestState::Cancelled { by, .. } => closed(&format!("{} withdrew the request.", names.person(by))),
        RequestState::Expired { .. } => closed("nobody decided in time, so the request is closed. You can ask again."),
        RequestState::Invalidated { why, .. } => {
            closed(&format!("the request is closed, since it is no longer allowed: {}.", why.trim_end_matches('.')))
        }
        RequestState::Lapsed { .. } => {
            closed("it was approved, but could not begin in time. You have no access; you can ask again.")
        }
    }
}

pub(super) fn approved(request: &Request, names: &Names) -> String {
    match request.mode {
        Mode::Ask => format!("approved by {}", listed(&those_who_agreed(request, names), "and")),
        Mode::Auto => "approved by the policy".to_owned(),
        Mode::BreakGlass => "given because you broke the glass".to_owned(),
    }
}

/// Whoever agreed, and in whose place. By the seats once they are filled: somebody may have taken another than at first.
pub(super) fn those_who_agreed(request: &Request, names: &Names) -> Vec<String> {
    let seats = match &request.state {
        RequestState::Approved { seats, .. } => seats.as_slice(),
        _ => &[],
    };
    let given = request.approvals.iter().map(|given| {
        let seat = seats.iter().find(|seat| seat.person == given.by);
        behalf::decider(&given.by, seat.map_or(given.in_place_of.as_ref(), |seat| seat.in_place_of.as_ref()), names)
    });
    given.collect()
}

/// Of several grants the one that the person has to know about first.
fn most_telling(grants: &[Grant]) -> Option<&Grant> {
    let weight = |grant: &&Grant| match grant.state {
        GrantState::AwaitingUser { .. } => 0,
        GrantState::Active { .. } => 1,
        GrantState::Revoking(_) => 2,
        GrantState::Planned | GrantState::Checking { .. } | GrantState::Provisioning { .. } => 3,
        GrantState::Failed { .. } => 4,
        GrantState::Ended(_) | GrantState::Void { .. } => 5,
    };
    grants.iter().min_by_key(weight)
}

fn grant_headline(request: &Request, grant: &Grant, names: &Names) -> Headline {
    let thing = names.thing(&request.terms.resource, &request.terms.role);
    let approved = approved(request, names);
    let say = |rest: &str| Headline::of(names, &[Strong(&thing), Said(rest)]);
    let say_when =
        |before: &str, at: Timestamp, after: &str| Headline::of(names, &[Strong(&thing), Said(before), Time(at), Said(after)]);
    match &grant.state {
        GrantState::Planned => match request.from_to() {
            None => say_when(&format!(": {approved}. It begins "), grant.start_at, "."),
            Some((_, to)) => Headline::of(
                names,
                &[
                    Strong(&thing),
                    Said(&format!(": {approved}. It starts ")),
                    Time(grant.start_at),
                    Said(", after one more look at the rules, and ends "),
                    Time(to.min(grant.latest_end)),
                    Said(". You have no access before."),
                ],
            ),
        },
        GrantState::Checking { .. } | GrantState::Provisioning { .. } => {
            say(&format!(": {approved}. It is being set up; you have no access yet."))
        }
        GrantState::AwaitingUser { .. } => {
            say_when(&format!(": {approved}. Accept the invitation that you got by "), grant.start_by, "; your time starts then.")
        }
        GrantState::Active { ends_at, .. } => say_when(" is yours until ", *ends_at, &format!(" ({}).", grant.id)),
        GrantState::Revoking(revoking) => match &revoking.remains {
            Remains::Access => {
                say(&format!(" is being taken away, because {}. Please stop using it.", end_cause(&revoking.cause, names)))
            }
            Remains::Remnant(_) => say(&format!(" is over, because {}.", end_cause(&revoking.cause, names))),
        },
        GrantState::Void { why, .. } => say(&format!(" never began, because {}.", void_cause(why, names))),
        GrantState::Failed { why, .. } => {
            say(&format!(" could not be given, because {}. You have no access.", fail_cause(why).trim_end_matches('.')))
        }
        GrantState::Ended(ended) if ended.cause == EndCause::HeldBefore => Headline::of(
            names,
            &[
                Said("You held "),
                Strong(&thing),
                Said(" before you asked, outside Daypass. It is left as it was, and will not end by itself."),
            ],
        ),
        GrantState::Ended(ended) => {
            let after = format!(", because {}; {}.", end_cause(&ended.cause, names), proof(&ended.proof, names));
            say_when(" ended ", ended.at, &after)
        }
    }
}

fn extension_headline(thing: &str, rest: &str, grant: &Grant, names: &Names) -> Headline {
    let say_when = |said: &str, at: Timestamp| Headline::of(names, &[Strong(thing), Said(rest), Said(said), Time(at), Said(".")]);
    match (&grant.state, &grant.extension) {
        (GrantState::Active { ends_at, .. }, Some(_)) => {
            say_when(": approved, but not in force yet. Until the provider confirms it, it ends ", *ends_at)
        }
        (GrantState::Active { ends_at, .. }, None) => say_when(": approved. It ends ", *ends_at),
        (
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Revoking(_)
            | GrantState::Void { .. }
            | GrantState::Failed { .. }
            | GrantState::Ended(_),
            _,
        ) => Headline::of(
            names,
            &[
                Strong(thing),
                Said(rest),
                Said(&format!(": approved, but {} is not in force any more. You can ask anew.", grant.id)),
            ],
        ),
    }
}

/// Who is asked, and what is missing.
fn asked(facts: &StatusFacts<'_>) -> Block {
    let names = facts.names;
    let given = facts.request.approvals.len();
    let mut lines = Vec::new();
    if !facts.asked.is_empty() {
        lines.push(Markup::new().lit("Asked: ").text(&names.people(facts.asked)));
    }
    if given > 0 {
        let approvals = counted(given, "approval", "approvals");
        let missing =
            facts.still.iter().map(|needed| Markup::new().text(&format!("{} of {}", needed.count, names.step(&needed.by))));
        lines.push(Markup::new().text(&approvals).lit(" so far; still needed: ").joined(missing, ", "));
    }
    lines.extend(so_far(facts.request, names));
    lines.push(Markup::new().text(&facts.request.id.to_string()).lit(" · you will be told here"));
    context(&lines)
}

/// What is needed to use it, while it is in force.
fn in_force(facts: &StatusFacts<'_>) -> Vec<Block> {
    let active: Vec<&Grant> = facts.grants.iter().filter(|grant| grant.is_active()).collect();
    // What is one of several is of use only with the others.
    let all_there = facts.grants.iter().all(Grant::came_in_force);
    if active.is_empty() || !all_there || facts.request.terms.purpose != Purpose::Access {
        return Vec::new();
    }
    let mut blocks = Vec::new();
    if let Some(connect) = facts.connect {
        blocks.push(section(&Markup::new().lit("To connect:")));
        blocks.push(preformatted(connect).unwrap_or_else(|| plain(connect)));
    }
    blocks.extend(active.iter().flat_map(|grant| secret(grant, facts.names)));
    if let Some(lingers) = facts.lingers {
        blocks.push(context(&[Markup::new().lit("After the end: ").text(lingers).lit(".")]));
    }
    blocks
}

fn grant_buttons(facts: &StatusFacts<'_>) -> Option<Block> {
    let names = facts.names;
    let thing = names.resource(&facts.request.terms.resource);
    let active = facts.grants.iter().find(|grant| grant.is_active())?;
    Some(actions("grant", active_buttons(active, thing, facts.extend)))
}

/// What has not begun can be given up.
fn not_begun(facts: &StatusFacts<'_>) -> Option<Block> {
    let request = facts.request;
    let planned = |grant: &Grant| matches!(grant.state, GrantState::Planned);
    let waits = request.start_at.is_some() && !facts.grants.is_empty() && facts.grants.iter().all(planned);
    let which = format!("{}, {}", request.id, facts.names.resource(&request.terms.resource));
    let withdraw = Button::new(button::WITHDRAW, "Withdraw", &button_value(request), &format!("Withdraw {which}"));
    waits.then(|| actions("request", vec![withdraw]))
}

/// What is over can be asked for again.
fn again(facts: &StatusFacts<'_>) -> Option<Block> {
    let request = facts.request;
    let over = match &request.state {
        RequestState::Pending => false,
        RequestState::Approved { .. } => !facts.grants.is_empty() && facts.grants.iter().all(Grant::gives_no_more),
        RequestState::Denied { .. }
        | RequestState::Cancelled { .. }
        | RequestState::Expired { .. }
        | RequestState::Invalidated { .. }
        | RequestState::Lapsed { .. } => true,
    };
    let terms = &request.terms;
    let label = format!("Request {} again", facts.names.what(terms));
    let value = format!("{} {} {}m", terms.resource, terms.role, terms.access_for.as_millis() / 60_000);
    over.then(|| actions("again", vec![Button::new(button::REQUEST, "Request again…", &value, &label)]))
}

/// The buttons of a grant that is in force.
pub(super) fn active_buttons(grant: &Grant, thing: &str, extend: Extend) -> Vec<Button> {
    let value = grant.id.to_string();
    let done = Button::new(button::DONE, "I'm done", &value, &format!("End {value}, {thing}, now")).confirm(
        "End it now?",
        &format!("{thing} is taken away at once. For more you would have to ask again."),
        "End it",
        "Keep it",
    );
    let more = Button::new(button::EXTEND, "Extend…", &value, &format!("Ask for more time for {value}, {thing}"));
    match extend {
        Extend::Offered => vec![more, done],
        Extend::No => vec![done],
    }
}

#[cfg(test)]
mod tests;
