//! The forms: ask, approve with a note, deny, review, ask for more time. What comes back from them is checked again by whoever acts on it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::behalf;
use super::names::Names;
use super::{field, form};
use crate::access::ids::{GrantId, PersonId};
use crate::access::request::Request;
use crate::access::review::Finding;
use crate::access::time::{Timestamp, Ttl};
use crate::access::words::WORDS_CHARS_MAX;
use crate::slack::block::{
    Block, Choice, Lines, View, context, hint, optional, plain, search, section, select, text_input, told_at_once,
};
use crate::slack::command::name::named;
use crate::slack::limits::{OPTION_MAX, OPTIONS_MAX, length};
use crate::slack::text::{Markup, cut_plain, one_line};

/// The longest ticket that can be named apart from the reason.
const TICKET_CHARS_MAX: u64 = 60;

/// What the form that asks for access is drawn from.
#[derive(Debug, Clone)]
pub struct RequestForm<'a> {
    /// For whom, where that is not who fills it in.
    pub subject: Option<&'a PersonId>,
    /// What this person may ask for; more than [`OPTIONS_MAX`] are searched while typing.
    pub resources: &'a [Choice],
    /// The chosen resource, as [`choice_value`].
    pub resource: Option<&'a Choice>,
    /// The roles of the chosen resource; empty before one is chosen.
    pub roles: &'a [Choice],
    /// The chosen role.
    pub role: Option<&'a str>,
    /// Lengths within the cap.
    pub lengths: &'a [Ttl],
    /// The chosen length.
    pub length: Option<Ttl>,
    /// What was typed that several things could mean; only those are offered.
    pub narrowed_by: Option<&'a str>,
    /// A start that was typed, such as `fri 22:00`.
    pub from: &'a str,
    /// A length or time that was typed, such as `until 18:00`.
    pub until: &'a str,
    /// The reason so far.
    pub reason: &'a str,
    /// The ticket, where the policy wants one to be named.
    pub ticket: Option<Ticket<'a>>,
    /// What follows from what is chosen; `None` before enough is chosen.
    pub outlook: Option<Outlook<'a>>,
    /// Names.
    pub names: &'a Names,
}

/// A ticket that has to be named.
#[derive(Debug, Clone, Copy)]
pub struct Ticket<'a> {
    /// How it looks, as the policy has it.
    pub looks: &'a str,
    /// The one so far.
    pub typed: &'a str,
}

/// What will happen with what is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// Who will be asked; empty: the policy alone approves it.
    pub asked: &'a [PersonId],
    /// Until when it can last.
    pub at_most: Timestamp,
    /// What bounds it: "end of the window". As a clause.
    pub because: Option<&'a str>,
    /// What happens to open sessions, or what may stay behind: a sentence without a period.
    pub lingers: Option<&'a str>,
}

/// The form that asks for access. `None` when there is nothing to ask for: a form without choices would be invalid.
pub fn request_form(facts: &RequestForm<'_>) -> Option<View> {
    if facts.resources.is_empty() || facts.lengths.is_empty() {
        return None;
    }
    let resource = if facts.resources.len() > OPTIONS_MAX {
        search(field::RESOURCE, "What", facts.resource)
    } else {
        select(field::RESOURCE, "What", facts.resources, facts.resource.map(|choice| choice.value.as_str()))
    };
    let resource = match facts.narrowed_by {
        Some(words) => {
            let words = cut_plain(&one_line(words), 40);
            hint(resource, &format!("What “{words}” could mean. For everything: {}", named("/jit request")))
        }
        None => resource,
    };
    let for_whom = facts.subject.map(|subject| context(&[behalf::for_whom(subject, facts.names)]));
    let mut blocks: Vec<Block> = for_whom.into_iter().chain([told_at_once(resource)]).collect();
    if !facts.roles.is_empty() {
        blocks.push(told_at_once(select(field::ROLE, "As", facts.roles, facts.role)));
    }
    let lengths: Vec<Choice> = facts.lengths.iter().map(|ttl| length_choice(*ttl)).collect();
    let chosen = facts.length.map(|ttl| length_choice(ttl).value);
    blocks.push(told_at_once(select(field::DURATION, "For", &lengths, chosen.as_deref())));
    let zone = facts.names.zone.label();
    let until = optional(text_input(field::UNTIL, "Or until", Lines::One, facts.until, 40));
    blocks.push(hint(until, &format!("Such as 18:00 or fri 12:00, {zone} time, or 45m. Goes before the list.")));
    let from = optional(text_input(field::FROM, "Starting", Lines::One, facts.from, 40));
    blocks.push(hint(from, &format!("Only if later than now: such as 23:00 or fri 22:00, {zone} time, at most a week ahead.")));
    let reason = text_input(field::REASON, "Why", Lines::Several, facts.reason, WORDS_CHARS_MAX as u64);
    if let Some(ticket) = facts.ticket {
        // Whoever names it in the reason need not name it again.
        let input = optional(text_input(field::TICKET, "Ticket", Lines::One, ticket.typed, TICKET_CHARS_MAX));
        blocks.push(hint(
            input,
            &format!("The policy wants one, here or in the reason. It looks like this: {}", one_line(ticket.looks)),
        ));
    }
    blocks.push(reason);
    blocks.extend(facts.outlook.as_ref().map(|outlook| outlook_line(outlook, facts.names)));
    Some(View::new(form::REQUEST, "Request access", facts.subject.map_or("", PersonId::as_str), blocks).submit("Ask"))
}

/// "Carol or Dave will be asked. Until 17:00 at most (end of the window). Open sessions are closed at the end."
fn outlook_line(outlook: &Outlook<'_>, names: &Names) -> Block {
    let line = match outlook.asked {
        [] => Markup::new().lit("The policy approves this at once."),
        people => Markup::new().text(&names.people(people).replace(" and ", " or ")).lit(" will be asked."),
    };
    let line = line.lit(" Until ").day(outlook.at_most, &names.zone).lit(" at most");
    let line = outlook.because.into_iter().fold(line, |line, because| line.lit(" (").text(because).lit(")")).lit(".");
    let line = outlook.lingers.into_iter().fold(line, |line, lingers| line.lit(" ").text(lingers).lit("."));
    context(&[line])
}

pub(super) fn length_choice(ttl: Ttl) -> Choice {
    let minutes = ttl.as_millis() / 60_000;
    Choice { text: ttl.to_string(), value: format!("{minutes}m") }
}

/// What the form for emergencies is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct GlassForm<'a> {
    /// What this person may break the glass for, a role each; of more than [`OPTIONS_MAX`] the first.
    pub things: &'a [Choice],
    /// Lengths within the longest cap.
    pub lengths: &'a [Ttl],
}

/// The form that breaks the glass. `None` when there is nothing to break it for.
pub fn glass_form(facts: &GlassForm<'_>) -> Option<View> {
    if facts.things.is_empty() || facts.lengths.is_empty() {
        return None;
    }
    let line = Markup::new()
        .lit("*For emergencies.* Nobody is asked, and you get it at once. Everybody who would have been asked is told, and somebody ")
        .lit("else reviews it afterwards.");
    let only = Some(facts.things).filter(|things| things.len() == 1).and_then(<[Choice]>::first);
    let lengths: Vec<Choice> = facts.lengths.iter().map(|ttl| length_choice(*ttl)).collect();
    let reason = text_input(field::REASON, "Why", Lines::Several, "", WORDS_CHARS_MAX as u64);
    let blocks = vec![
        section(&line),
        select(field::RESOURCE, "What", facts.things, only.map(|choice| choice.value.as_str())),
        select(field::DURATION, "For", &lengths, lengths.first().map(|choice| choice.value.as_str())),
        hint(reason, "What is broken, and what you are going to do. Everybody who is told reads it."),
    ];
    Some(View::new(form::GLASS, "Break glass", "", blocks).submit("Break glass"))
}

/// The form that approves a request where the policy wants to know why. `private_metadata` is the value of the button.
pub fn approve_form(request: &Request, names: &Names) -> View {
    let reason = text_input(field::REASON, "Why it is right", Lines::Several, "", WORDS_CHARS_MAX as u64);
    let blocks = vec![plain(&who_asks(request, names)), hint(reason, "It is kept with the decision and shown on the card.")];
    View::new(form::APPROVE, &format!("Approve {}", request.id), &super::card::button_value(request), blocks).submit("Approve")
}

/// "Maya Okafor (contractor, Acme) asks for Orders database · Read only for 2 h."
pub(super) fn who_asks(request: &Request, names: &Names) -> String {
    let about = names.in_full(&request.terms);
    let from_to = super::starting::from_to_plain(request, &names.zone);
    format!("{} asks for {about} for {}{from_to}.", names.person_in_full(&request.terms.subject), request.terms.access_for)
}

/// The form that denies a request. `private_metadata` is the value of the button.
pub fn deny_form(request: &Request, names: &Names) -> View {
    let reason = text_input(field::REASON, "Why not", Lines::Several, "", WORDS_CHARS_MAX as u64);
    let line = who_asks(request, names);
    let blocks = vec![plain(&line), hint(reason, &format!("{} will read it.", names.person(&request.filed_by)))];
    View::new(form::DENY, &format!("Deny {}", request.id), &super::card::button_value(request), blocks).submit("Deny")
}

/// The form that closes a review. `private_metadata` is the request's number.
pub fn review_form(request: &Request, names: &Names) -> View {
    let about = names.thing(&request.terms.resource, &request.terms.role);
    let line = format!("{} broke the glass for {about}.", names.person_in_full(&request.terms.subject));
    let choice = |text: &str, finding: Finding| Choice { text: text.to_owned(), value: finding.name().to_owned() };
    let findings = [choice("Justified", Finding::Justified), choice("Not justified", Finding::NotJustified)];
    let reason = text_input(field::REASON, "What you found", Lines::Several, "", WORDS_CHARS_MAX as u64);
    let hinted = hint(reason, &format!("It is kept with the review, and {} will read it.", names.person(&request.terms.subject)));
    let blocks = vec![plain(&line), select(field::FINDING, "Breaking the glass was", &findings, None), hinted];
    View::new(form::REVIEW, &format!("Review {}", request.id), &request.id.to_string(), blocks).submit("Close review")
}

/// The form in which an admin vouches for an end that cannot be looked at. `private_metadata` is the grant's number.
pub fn vouch_form(grant: GrantId, names: &Names) -> View {
    let line = format!("{} then counts as ended on your word, not as verified.", names.grant(grant));
    let reason = text_input(field::REASON, "How you know that it is over", Lines::Several, "", WORDS_CHARS_MAX as u64);
    let note = "Your name and these words are kept in the log and in every export. I go on trying to look.";
    let blocks = vec![plain(&line), hint(reason, note)];
    View::new(form::VOUCH, &format!("Attest {grant}"), &grant.to_string(), blocks).submit("Attest")
}

/// What the form for more time is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct ExtendForm<'a> {
    /// The grant, in force.
    pub grant: GrantId,
    /// When it ends.
    pub ends_at: Timestamp,
    /// How much more can be asked for. Not empty.
    pub lengths: &'a [Ttl],
    /// The latest end that any extension can reach.
    pub at_most: Timestamp,
    /// Who will be asked; empty: the policy alone approves it.
    pub asked: &'a [PersonId],
    /// Names.
    pub names: &'a Names,
}

/// The form for more time; `None` when there is none to ask for. `private_metadata` is the grant's number.
pub fn extend_form(facts: &ExtendForm<'_>) -> Option<View> {
    if facts.lengths.is_empty() {
        return None;
    }
    let names = facts.names;
    let lengths: Vec<Choice> = facts.lengths.iter().map(|ttl| length_choice(*ttl)).collect();
    let line = Markup::new().bold(&names.grant(facts.grant)).lit(" ends ").day(facts.ends_at, &names.zone).lit(".");
    let lingers = if facts.asked.is_empty() { None } else { Some("Until it is approved, it ends on time") };
    let outlook = Outlook { asked: facts.asked, at_most: facts.at_most, because: None, lingers };
    let blocks = vec![
        section(&line),
        select(field::DURATION, "How much more", &lengths, lengths.first().map(|choice| choice.value.as_str())),
        text_input(field::REASON, "Why", Lines::Several, "", WORDS_CHARS_MAX as u64),
        outlook_line(&outlook, names),
    ];
    Some(View::new(form::EXTEND, &format!("More time, {}", facts.grant), &facts.grant.to_string(), blocks).submit("Ask"))
}

/// The answer to a submitted form that cannot be taken: what is wrong, by block. Plain text.
pub fn errors(problems: &BTreeMap<&'static str, String>) -> Value {
    const PROBLEM_MAX: usize = 300;
    let problems: BTreeMap<&str, String> =
        problems.iter().map(|(block, problem)| (*block, cut_plain(&one_line(problem), PROBLEM_MAX))).collect();
    json!({ "response_action": "errors", "errors": problems })
}

/// The answer to a submitted form that replaces it by another one.
pub fn replaced_by(view: &View) -> Value {
    json!({ "response_action": "update", "view": view.to_json() })
}

/// The window that says one thing, in place of a form that cannot be shown.
pub fn sentence(title: &str, text: &str) -> View {
    View::new(form::DETAILS, title, "", vec![plain(text)])
}

/// The window that is there while it is found out who will be asked.
pub fn being_looked_up() -> View {
    sentence("Request access", "One moment: I am looking up who can decide about this.")
}

/// The line that a search shows where nothing matches. Whoever chooses it has chosen nothing.
pub fn nothing_found(typed: &str) -> Choice {
    const NOTHING: &str = "#nothing";
    let words = cut_plain(&one_line(typed), 24);
    let text = if words.is_empty() {
        "There is nothing that you could ask for".to_owned()
    } else {
        format!("Nothing with “{words}”: try a part of its name")
    };
    Choice { text, value: NOTHING.to_owned() }
}

/// The value of a choice: the id itself or, where that is longer than Slack takes, a hash of it. Compare it with
/// `choice_value` of each id that the person may choose; it cannot be turned back.
pub fn choice_value(id: &str) -> String {
    if length(id) <= OPTION_MAX {
        return id.to_owned();
    }
    let hash: String = Sha256::digest(id.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("#{hash}")
}

#[cfg(test)]
mod tests;
