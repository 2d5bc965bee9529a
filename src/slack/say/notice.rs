//! What reaches people without their asking: the warning before an end, the alarm over one that is late, and news.
//!
//! An update of a message notifies nobody; a new message does. So whatever a person must hear about is said once in a message
//! of its own, and the standing messages are redrawn beside it.

use super::button;
use super::names::{Names, counted, lasted};
use super::refusal::plainly;
use super::status::{Extend, StatusFacts, active_buttons, headline};
use crate::access::entitlement::{Class, Trouble};
use crate::access::grant::{Ended, Grant, GrantState, Remains, Revoking};
use crate::access::ids::{GrantId, PersonId, ProviderId, RequestId};
use crate::access::request::Request;
use crate::access::time::Timestamp;
use crate::slack::block::{Button, Message, actions, context, plain, section};
use crate::slack::text::Markup;

mod cut_short;

pub use cut_short::{Because, CutShort, cut_short};

/// What the warning before an end is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct EndsSoon<'a> {
    /// The grant, in force.
    pub grant: GrantId,
    /// The bundle that it is a part of, where all that is left of it ends with it.
    pub together: Option<RequestId>,
    /// When it ends.
    pub ends_at: Timestamp,
    /// A request for more time that is still undecided.
    pub more_asked: Option<RequestId>,
    /// Whether the policy allows more time.
    pub extend: Extend,
    /// What goes with the end, as a sentence without a period: "forks of the repository are deleted".
    pub lingers: Option<&'a str>,
    /// Names.
    pub names: &'a Names,
}

/// The warning before an end.
pub fn ends_soon(facts: &EndsSoon<'_>, grant: &Grant, now: Timestamp) -> Message {
    let names = facts.names;
    let what = facts.together.map_or_else(|| names.grant(facts.grant), |request| names.request(request));
    let left = counted(usize::try_from(facts.ends_at.since(now).as_secs().div_ceil(60)).unwrap_or(0), "minute", "minutes");
    let line = Markup::new().text(&what).lit(" ends ").day(facts.ends_at, &names.zone).lit(" (in ").text(&left).lit(").");
    let mut blocks = vec![section(&line)];
    let mut notes = Vec::new();
    if let Some(request) = facts.more_asked {
        notes.push(
            Markup::new()
                .lit("You asked for more time (")
                .text(&request.to_string())
                .lit("). Unless that is approved before, it ends on time."),
        );
    }
    if let Some(lingers) = facts.lingers {
        notes.push(Markup::new().lit("At the end: ").text(lingers).lit("."));
    }
    let thing = names.ends_with(facts.grant);
    let extend = if facts.more_asked.is_some() { Extend::No } else { facts.extend };
    blocks.push(actions("grant", active_buttons(grant, thing, extend)));
    if !notes.is_empty() {
        blocks.push(context(&notes));
    }
    Message::new(&format!("{what} ends {} (in {left})", names.zone.clock(facts.ends_at)), blocks).about(facts.grant)
}

/// One sentence of news for the requester: where the request or its access stands now.
pub fn news(facts: &StatusFacts<'_>) -> Message {
    let headline = headline(facts);
    Message::new(&headline.told, vec![section(&headline.shown)]).about(facts.request.id)
}

/// What is left of the message that an access is in force, once it no longer is: no button, nothing to connect to.
pub fn was_in_force(grant: &Grant, names: &Names) -> Message {
    let what = names.grant(grant.id);
    let (since, until) = match &grant.state {
        GrantState::Active { active_at, ends_at, .. } => (Some(*active_at), Some(*ends_at)),
        GrantState::Ended(ended) => (ended.active_at, Some(ended.at)),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Revoking(_)
        | GrantState::Void { .. }
        | GrantState::Failed { .. } => (None, None),
    };
    if let GrantState::Revoking(_) = &grant.state {
        let line = Markup::new().bold(&what).lit(" is being ended; I'll say when the provider shows that it is over.");
        return Message::new(&format!("{what} is being ended"), vec![section(&line)]).about(grant.id);
    }
    let line = Markup::new().bold(&what).lit(" was in force");
    let line = since.into_iter().fold(line, |line, at| line.lit(" from ").day(at, &names.zone));
    let line = until.into_iter().fold(line, |line, at| line.lit(" until ").day(at, &names.zone));
    Message::new(&format!("{what} was in force"), vec![section(&line.lit("."))]).about(grant.id)
}

/// The same of a bundle.
pub fn bundle_was_in_force(request: &Request, grants: &[Grant], names: &Names) -> Message {
    super::bundle::was_in_force(request, grants, names)
}

/// What is left of a warning, once that end has passed or moved.
pub fn was_warned(grant: GrantId, together: Option<RequestId>, end: Timestamp, names: &Names) -> Message {
    let what = together.map_or_else(|| names.grant(grant), |request| names.request(request));
    let line = Markup::new().lit("You were warned that ").bold(&what).lit(" would end ").day(end, &names.zone).lit(".");
    Message::new(&format!("The warning before the end of {what}"), vec![section(&line)]).about(grant)
}

/// What the alarm over a late end is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct Overdue<'a> {
    /// The grant.
    pub grant: GrantId,
    /// What is known of its removal.
    pub revoking: &'a Revoking,
    /// Where it should be removed.
    pub provider: &'a ProviderId,
    /// The account there.
    pub account: &'a str,
    /// The thing there, as the provider calls it.
    pub thing: &'a str,
    /// How often removal was tried.
    pub attempts: u32,
    /// What is wrong, as far as known.
    pub trouble: Option<&'a Trouble>,
    /// What to do by hand, as sentences.
    pub by_hand: &'a str,
    /// Names.
    pub names: &'a Names,
}

/// The alarm: for the owners and the security channel.
pub fn overdue(facts: &Overdue<'_>, now: Timestamp) -> Message {
    let names = facts.names;
    let what = names.grant(facts.grant);
    let whose = names.grants.get(&facts.grant).map_or_else(|| "somebody".to_owned(), |about| names.person_in_full(&about.person));
    let late = lasted(now.since(facts.revoking.due_at));
    let line = match &facts.revoking.remains {
        Remains::Access => {
            Markup::new().lit("⚠️ *Access that should be over may still be there.* ").bold(&whose).lit(" may still have ")
        }
        Remains::Remnant(_) => {
            Markup::new().lit("⚠️ *Something is left behind; nobody has access by it.* ").bold(&whose).lit(" had ")
        }
    };
    let line = line.bold(&what).lit(": it should have ended ").day(facts.revoking.due_at, &names.zone).lit(", ").text(&late);
    let line = line.lit(" ago.");
    let (line, told) = match &facts.revoking.remains {
        Remains::Access => (line, format!("Overdue: {whose} may still have {what}, {late} after its end")),
        Remains::Remnant(left) => (
            line.lit(" The access is cut. Left: ").text(left),
            format!("Left behind: a remnant of {what} of {whose}, {late} after its end; the access itself is cut"),
        ),
    };
    let tried = counted(facts.attempts as usize, "time", "times");
    let tried =
        Markup::new().lit("*Tried:* ").text(&tried).lit(" to remove ").code(facts.thing).lit(" from ").code(facts.account);
    let tried = tried.lit(" at ").bold(names.provider(facts.provider)).lit(". ").text(&trouble(facts.trouble));
    let blocks = vec![
        section(&line),
        section(&tried),
        plain(&format!("By hand: {}", facts.by_hand)),
        actions("overdue", overdue_buttons(facts.grant, &what)),
        context(&[Markup::new().lit("I keep trying, look again after each try, and say here when it is over.")]),
    ];
    Message::new(&told, blocks).about(facts.grant)
}

fn overdue_buttons(grant: GrantId, what: &str) -> Vec<Button> {
    let value = grant.to_string();
    vec![
        Button::new(button::CHECK, "Check again", &value, &format!("Check again whether {what} is over")),
        Button::new(button::VOUCH, "Attest…", &value, &format!("Attest the end of {what}, for admins")),
    ]
}

/// What is left of an alarm over a late end, once it is over.
pub fn was_overdue(grant: GrantId, ended: &Ended, names: &Names) -> Message {
    let what = names.grant(grant);
    let how = super::causes::proof(&ended.proof, names);
    let line = Markup::new().lit("The end of ").bold(&what).lit(" was late: it is over since ").day(ended.at, &names.zone);
    let line = line.lit(", ").text(&how).lit(".");
    Message::new(&format!("The end of {what} was late"), vec![section(&line)]).about(grant)
}

pub(super) fn trouble(trouble: Option<&Trouble>) -> String {
    let Some(trouble) = trouble else { return "The provider has not answered yet.".to_owned() };
    let said = plainly(&trouble.message);
    match trouble.class {
        Class::Transient => format!("The provider could not do it: {said}. That may pass."),
        Class::Permanent => format!("The provider refused: {said}. Trying the same again will not help."),
        Class::NeedsHuman => format!("Somebody has to act at the provider: {said}."),
        Class::Ambiguous => format!("It is not clear whether it was done: {said}."),
    }
}

/// The end of an alarm.
pub fn overdue_is_over(grant: GrantId, ended: &Ended, names: &Names) -> Message {
    let what = names.grant(grant);
    let late = lasted(ended.at.since(ended.due_at));
    let how = super::causes::proof(&ended.proof, names);
    let line = Markup::new().lit("✅ ").bold(&what).lit(" is over since ").day(ended.at, &names.zone).lit(", ").text(&late);
    let line = line.lit(" late; ").text(&how).lit(".");
    Message::new(&format!("{what} is over, {late} late; {how}"), vec![section(&line)]).about(grant)
}

/// Something about Daypass itself that its admins have to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// New policy files could not be loaded.
    PolicyRefused {
        /// What is wrong with them.
        problems: Vec<String>,
    },
    /// What was decided before looks different now.
    Finding {
        /// The request.
        request: RequestId,
        /// What was found, as a sentence.
        what: String,
    },
    /// The clock contradicts itself.
    ClockSuspect,
    /// The clock agrees with itself again.
    ClockSound,
    /// A provider is another server than it was.
    ProviderMoved {
        /// Which.
        provider: ProviderId,
    },
    /// A provider shows something else than it should for this grant.
    Drifted {
        /// Which.
        grant: GrantId,
    },
    /// The link by which the secret of this grant was shown was used again.
    SecretAskedAgain {
        /// Which.
        grant: GrantId,
    },
    /// Something bears our mark, and the database knows nothing of it.
    LeftOver {
        /// Where.
        provider: ProviderId,
        /// Whose.
        account: String,
        /// On what, as the provider calls it.
        thing: String,
    },
    /// A channel cannot be posted to.
    NoPlace {
        /// Its id.
        channel: String,
        /// Slack's word for why.
        code: String,
    },
    /// Somebody who is not known asks to be added.
    Stranger {
        /// The workspace of their account.
        team: String,
        /// Their account.
        user: String,
    },
    /// Somebody cannot be reached.
    Undelivered {
        /// Who.
        to: PersonId,
        /// About what: `R-42`, `G-57`.
        about: String,
        /// What they do not know, as a clause; empty where there is none.
        that: &'static str,
        /// Slack's word for why, or ours.
        code: String,
    },
}

/// The alarm as a message for the admins.
pub fn alarm(alarm: &Alarm, names: &Names) -> Message {
    const PROBLEMS_MAX: usize = 5;
    let text = match alarm {
        Alarm::PolicyRefused { problems } => {
            let shown: Vec<String> = problems.iter().take(PROBLEMS_MAX).map(|problem| format!("\n• {}", plainly(problem))).collect();
            let more = problems.len().saturating_sub(PROBLEMS_MAX);
            let more = if more > 0 { format!("\n• and {more} more") } else { String::new() };
            format!("The new policy files were not loaded; the ones before stay in force. “daypass policy check” shows all of it.{}{more}", shown.concat())
        }
        Alarm::Finding { request, what } => {
            format!("{request} has to be looked at by somebody: {}. I have changed nothing because of it.", plainly(what))
        }
        Alarm::ClockSuspect => {
            "My clock contradicts itself: nothing new is granted, and access ends early rather than late. Check the time of the host.".to_owned()
        }
        Alarm::ClockSound => "My clock agrees with itself again: requests are granted as usual.".to_owned(),
        Alarm::ProviderMoved { provider } => format!(
            "{} is another server than the one that access was given at. What it shows proves nothing, so ends there stay open. Point it back, or end them by hand.",
            names.provider(provider)
        ),
        Alarm::Drifted { grant } => {
            format!("The provider shows something else than it should for {}. Somebody may have changed it by hand.", names.grant(*grant))
        }
        Alarm::SecretAskedAgain { grant } => super::secret::asked_again(*grant, names),
        Alarm::LeftOver { provider, account, thing } => format!(
            "{} shows an access that I gave and know nothing of: {} on {}. Remove it by hand, unless somebody needs it.",
            names.provider(provider),
            plainly(account),
            plainly(thing)
        ),
        Alarm::NoPlace { channel, code } => return no_place(channel, code),
        Alarm::Stranger { team, user } => return stranger(team, user),
        Alarm::Undelivered { to, about, that, code } => undelivered(to, (about, that), code, names),
    };
    Message::new(&text, vec![plain(&format!("⚠️ {text}"))])
}

/// A name that they chose for themselves is not repeated: the account is what counts.
fn stranger(team: &str, user: &str) -> Message {
    let (team, user) = (plainly(team), plainly(user));
    let text = format!("The Slack account {user} ({team}) is not in the policy files, and its owner asks to be added.");
    let how = format!(
        "If you know whose it is, and they should be able to ask for access, add them to \
         `people` with “slack: [{user}]”. You are told of an account once a day at most."
    );
    Message::new(&text, vec![plain(&text), plain(&how)])
}

fn no_place(channel: &str, code: &str) -> Message {
    let (why, what) = match code {
        "is_archived" | "is_inactive" => ("it is archived", "Unarchive it, or name another one in the policy files"),
        "not_in_channel" => ("I am not in it", "Write “/invite @daypass” there"),
        "channel_not_found" => (
            "there is none of that id, or it is private and I am not in it",
            "Write “/invite @daypass” there, or name another one in the policy files",
        ),
        _ => ("only some may post there", "Let me post there, or name another one in the policy files"),
    };
    let meanwhile = "What belongs there goes elsewhere, or to people by direct message, meanwhile.";
    let line = Markup::new().lit("⚠️ I cannot post in ").channel(channel).lit(" (").text(channel).lit("): ").lit(why).lit(". ");
    let line = line.lit(meanwhile).lit(" ").lit(what).lit(".");
    Message::new(&format!("I cannot post in the channel {channel}: {why}. {what}."), vec![section(&line)])
}

fn undelivered(to: &PersonId, (about, that): (&str, &str), code: &str, names: &Names) -> String {
    let about = match (about.parse::<RequestId>(), about.split(' ').next().unwrap_or_default().parse::<GrantId>()) {
        (Ok(request), _) => names.request(request),
        (Err(_), Ok(grant)) => names.grant(grant),
        (Err(_), Err(_)) => plainly(about),
    };
    let why = match code {
        "user_disabled" => "their account in Slack is deactivated".to_owned(),
        "no_account_on_file" => "the policy files name no account of theirs in this workspace".to_owned(),
        "cannot_dm_bot" => "their account is a bot".to_owned(),
        "messages_tab_disabled" => "this app may not be written to, nor write to people; switch its messages tab on".to_owned(),
        other => format!("Slack says “{}”", plainly(other)),
    };
    let that = if that.is_empty() { String::new() } else { format!(" {that}") };
    format!("I could not reach {} about {about}: {why}. Please tell them{that}.", names.person_in_full(to))
}

/// Other policy files are in force, and what that changes: one line each, as many as there is room for.
pub fn policy_changed(changes: &[String]) -> Message {
    const LINES_MAX: usize = 60;
    const LINES_PER_BLOCK: usize = 5;
    let told = "Other policy files are in force";
    let mut lines: Vec<String> = changes.iter().take(LINES_MAX).map(|change| format!("• {}", plainly(change))).collect();
    let more = changes.len().saturating_sub(LINES_MAX);
    if more > 0 {
        lines.push(format!("• and {more} more; “daypass audit” has all of them"));
    }
    let mut blocks = vec![plain(&format!("{told}."))];
    blocks.extend(lines.chunks(LINES_PER_BLOCK).map(|lines| plain(&lines.join("\n"))));
    Message::new(told, blocks)
}

#[cfg(test)]
mod tests;
