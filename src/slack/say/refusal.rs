//! One sentence per refusal, with what to do next. Plain text: what somebody typed is repeated in some of them.

use super::button;
use super::lock::scope;
use super::names::{Names, counted, listed};
use crate::access::ids::{GrantId, PersonId};
use crate::access::refusal::Refusal;
use crate::access::time::Timestamp;
use crate::slack::block::{Button, Message, actions, plain};
use crate::slack::command::NotUnderstood;
use crate::slack::command::name::named;
use crate::slack::text::{cut_plain, one_line};

/// What to say to whoever does not get what they asked for. Plain text, to be shown where no markup is read.
pub fn refusal(refusal: &Refusal, names: &Names) -> String {
    named(&sentence(refusal, names)).into_owned()
}

#[expect(
    clippy::too_many_lines,
    reason = "one sentence per variant, in one exhaustive match: a new variant must break the build here"
)]
fn sentence(refusal: &Refusal, names: &Names) -> String {
    match refusal {
        Refusal::UnknownAccount => "I don't know your account yet. Ask an admin to add you to the people of Daypass.".to_owned(),
        Refusal::AmbiguousAccount => "Your account belongs to more than one person here. Ask an admin to correct that.".to_owned(),
        Refusal::ForeignAccount => {
            "Only members of this workspace can do that. Ask somebody who works here to do it for you.".to_owned()
        }
        Refusal::AccountNotAllowed => "This kind of account can't do that. Ask an admin which account to use.".to_owned(),
        Refusal::AccountUnverified => {
            "Slack could not tell me just now whether your account is in good standing, so nothing was done. Try again in a minute.".to_owned()
        }
        Refusal::UnknownHostUser { user } => format!(
            "The user “{}” of this host is no one person in the policy files. Log in to the host as yourself; an admin can write that user as your `host_user`.",
            plainly(user)
        ),
        Refusal::NotUnderstood { problem, example } => {
            format!("I didn't understand that: {}. This would work: {}", plainly(problem), plainly(example))
        }
        Refusal::NoSuchResource { asked, similar } => {
            let next = did_you_mean(similar, "Use /jit request to see what you can ask for.");
            format!("There is nothing called “{}” that you can ask for. {next}", plainly(asked))
        }
        Refusal::NoSuchRole { resource, asked, roles } => {
            let next = did_you_mean(roles, "Use /jit request to choose one.");
            format!("{} has no role “{}”. {next}", plainly(resource), plainly(asked))
        }
        Refusal::NoSuchPerson { asked } => format!("I know nobody called “{}”. Mention them with @.", plainly(asked)),
        Refusal::NoSuchRequest { request } => format!("There is no request {request} for you to see. /jit mine lists yours."),
        Refusal::NoSuchGrant { grant } => format!("There is no access {grant} for you to see. /jit mine lists yours."),
        Refusal::WhichGrant { grants } => which_grant(grants, names),
        Refusal::NothingHeld => "You hold nothing at the moment. /jit request asks for access.".to_owned(),
        Refusal::NotPermitted { because } => not_permitted(because),
        Refusal::OverCap { at_most } => format!("At most {at_most} here. Ask for {at_most} or less."),
        Refusal::OutsideWindow { earliest: Some(at) } => format!("Possible from {}. Ask again then.", names.zone.day(*at)),
        Refusal::OutsideWindow { earliest: None } => {
            "Not possible at any time in the next two weeks. Ask an admin which hours are set for it.".to_owned()
        }
        Refusal::TooFarAhead { latest } => format!(
            "It can begin {} at the latest, seven days from now. Choose an earlier start, or ask again then.",
            names.zone.day(*latest)
        ),
        Refusal::NoTimeLeft { limit } => {
            format!("The {} leaves no time for it. Ask your sponsor or an admin.", plainly(limit))
        }
        Refusal::ReasonTooShort { min_chars } => {
            format!("Say why in at least {}: what you need to do, and for which task.", characters(*min_chars))
        }
        Refusal::TicketMissing { pattern } => {
            format!("Name the ticket in the reason. It looks like this: {}.", plainly(pattern))
        }
        Refusal::NobodyCanApprove { steps } => nobody_can_approve(steps, names),
        Refusal::SourceUnreadable { source } => {
            format!("I can't read {} at the moment, and without it I can't tell who may do what. Try again in a few minutes.", plainly(source))
        }
        Refusal::NoProviderAccount { provider } => {
            format!("I don't know your account at {}. Ask an admin to add it.", names.provider(provider))
        }
        Refusal::NoKeyOnFile => {
            "This access comes with a secret, and I have no key of yours to encrypt it to, nor a page to show it to you on. Give an admin your SSH or age public key, or have them set one up with DAYPASS_PUBLIC_URL.".to_owned()
        }
        Refusal::CannotBePlanned { provider, problem } => {
            format!("{} can't give that: {}. Tell the owners of it.", names.provider(provider), plainly(problem))
        }
        Refusal::AlreadyPending { request } => {
            format!("You have asked for exactly that already: {} is waiting for a decision.", names.request(*request))
        }
        Refusal::AlreadyHeld { grant } => format!("You have that already, by {}. For more time: /jit extend {grant} 1h", names.grant(*grant)),
        Refusal::BundleHeld { bundle, grants } => {
            let grants: Vec<String> = grants.iter().map(ToString::to_string).collect();
            format!("You have {} already, by {}. It can't be extended; ask again when it is over.", names.resource(bundle), listed(&grants, "and"))
        }
        Refusal::TooManyPending { limit } => {
            format!("You have {} waiting, which is the most. Withdraw one first: /jit mine", counted(*limit as usize, "request", "requests"))
        }
        Refusal::OwnRequest => "You can't approve your own request, nor one that you filed for somebody. Somebody else has to.".to_owned(),
        Refusal::NotAnApprover => "You are not among those who may decide this. /jit why shows who is.".to_owned(),
        Refusal::AgreedThemselves { person } => {
            format!("{} has agreed themselves, so there is nothing left to agree in their place.", names.person(person))
        }
        Refusal::NothingCalled { asked, similar } => {
            let next = did_you_mean(similar, "Use the name of a resource, a role, or a person with @.");
            format!("I know nothing and nobody called “{}”. {next}", plainly(asked))
        }
        Refusal::AwayTooLong { days } => format!("At most {days} days at once. Say it again then."),
        Refusal::NotAway => "You are not away. /jit away until mon @dave says that you are.".to_owned(),
        Refusal::CannotStandIn { person } => format!(
            "{} can't stand in for you. Choose another employee, whose account is in good standing and who is not away.",
            names.person(person)
        ),
        Refusal::CannotBeStoodFor => {
            "Only employees are stood in for. Without naming anybody, you can say that you are away: /jit away until mon".to_owned()
        }
        Refusal::MayNotAskFor { person } => {
            let who = names.person(person);
            format!("You can't ask for that for {who}. Their sponsor can, and whoever owns it; or {who} asks.")
        }
        Refusal::WhichPerson { asked } => format!("“{}” may be several people. Mention the one you mean with @.", plainly(asked)),
        Refusal::NotForThem { person, why } => super::behalf::not_for_them(person, why, names),
        Refusal::TooManyForOthers { limit } => {
            format!("{} of yours for others wait already, which is the most. /jit mine lists them.", counted(*limit as usize, "request", "requests"))
        }
        Refusal::ApprovedAlready => "You have approved it already, and that counts. Nothing more to do.".to_owned(),
        Refusal::Decided { state, by, at } => decided(state, by.as_ref(), *at, names),
        Refusal::RemindedLately { request, last, again_at } => format!(
            "Those who are asked were reminded of {} at {}. You can have them reminded again from {}.",
            names.request(*request),
            names.zone.clock(*last),
            names.zone.clock(*again_at)
        ),
        Refusal::TermsChanged => "The request has changed since this card was drawn, so nothing was recorded. Look at the new card.".to_owned(),
        Refusal::DenialNeedsReason => "Say why you deny it: the requester will read it.".to_owned(),
        Refusal::ApprovalNeedsNote => "Say why you approve it: this policy wants that on record.".to_owned(),
        Refusal::NotShorter { than } => format!("Choose less than {than}: it is asked for {than} now. For that use Approve."),
        Refusal::NothingWritten => "Write something that can be read.".to_owned(),
        Refusal::TooManyQuestions { limit } => {
            format!("{limit} questions were asked about this, which is the most here. Write to them directly, or deny it and say what is missing.")
        }
        Refusal::NotYoursToAnswer => "That question is put to whoever asked for the access, or had it. Only they can answer it.".to_owned(),
        Refusal::NoSuchQuestion { request } => format!("There is no such question about {}. /jit why shows the request.", names.request(*request)),
        Refusal::AnsweredAlready { by, at } => {
            format!("{} answered that {}, so nothing was changed.", names.person(by), names.zone.day(*at))
        }
        Refusal::NobodyToPassOn => "There is nobody else whom I could ask in your place: the others have it, or have answered.".to_owned(),
        Refusal::CannotTakeOver { person } => {
            format!("{} could not decide this in your place. Choose somebody from the list.", names.person(person))
        }
        Refusal::PassedAlready { person } => format!("{} has got it from somebody else already. Choose another person.", names.person(person)),
        Refusal::PassedTooOften { limit } => {
            format!("It was passed on {limit} times, which is the most. Decide it, or use Remind.")
        }
        Refusal::GlassNotPermitted => "No policy lets you break the glass for this. Ask for it in the usual way: /jit request".to_owned(),
        Refusal::GlassNeedsReason => {
            "Say at the end why you break the glass: what happened, and what you have to do. Others read it at once.".to_owned()
        }
        Refusal::NobodyCanReview { by } => nobody_can_review(by, names),
        Refusal::GlassNotExtended => {
            "Nobody agreed to this access, so it gets no more time without people. Ask for it in the usual way: /jit request".to_owned()
        }
        Refusal::OwnReview => "You can't review what you got or filed yourself. Somebody else has to.".to_owned(),
        Refusal::NotAReviewer => "You are not among those who may review this. /jit why shows who is.".to_owned(),
        Refusal::NoReview { request } => format!("There is nothing to review about {}. /jit pending shows what there is.", names.request(*request)),
        Refusal::ReviewNeedsNote => "Say what you found: it is kept with the review.".to_owned(),
        Refusal::Reviewed { by, at } => {
            format!("{} closed this review {}, so nothing was changed.", names.person(by), names.zone.day(*at))
        }
        Refusal::VouchingIsForAdmins => "Only admins can attest an end. Press “Check again” once it is removed by hand.".to_owned(),
        Refusal::OwnWord => "You can't vouch for the end of your own access. Another admin has to.".to_owned(),
        Refusal::NotYours => "That is not yours to end or extend. Its owners and admins can end it.".to_owned(),
        Refusal::Locked { what, by, until: Some(until) } => format!(
            "{} locked {} until {}, so nothing new is given. Ask again then, or ask {} or an admin to lift it.",
            names.person(by),
            scope(what, names),
            names.zone.day(*until),
            names.person(by)
        ),
        Refusal::Locked { what, by, until: None } => format!(
            "{} locked {}, so nothing new is given until somebody lifts it. Ask {} or an admin.",
            names.person(by),
            scope(what, names),
            names.person(by)
        ),
        Refusal::NotYoursToLock { what } => format!(
            "You can't lock or unlock {}. Owners can for what they own, sponsors for whom they answer, and admins for everything.",
            scope(what, names)
        ),
        Refusal::LockedThemselves => "You are locked yourself, so you can't set or lift a lock. Another admin has to.".to_owned(),
        Refusal::LockedAlready { what, by, until } => {
            let until = until.map_or_else(|| "until somebody lifts it".to_owned(), |until| format!("until {}", names.zone.day(until)));
            format!("{} locked {} already, {until}. What it covers is being revoked: /jit unlock lifts it.", names.person(by), scope(what, names))
        }
        Refusal::NotLocked { what } => format!("There is no lock on {}, so there is nothing to lift.", scope(what, names)),
        Refusal::NothingToLock { asked, similar } => {
            let next = did_you_mean(similar, "Mention a person with @, or name a group, a resource or everything.");
            format!("There is no one thing called “{}” to lock. {next}", plainly(asked))
        }
        Refusal::GroupElsewhere { group } => format!(
            "Who is in {group} is not written in the policy files, so a lock could not tell whom it covers. Lock its people one by one, or everything."
        ),
        Refusal::LockTimeOver { until } => {
            format!("{} is over, so nothing was locked. Use /jit lock again with a later time.", names.zone.day(*until))
        }
        Refusal::NothingToRevoke => "They have nothing at the moment, so there is nothing to revoke. /jit lock refuses new access.".to_owned(),
        Refusal::GrantOver { grant, state } => {
            format!("{} {}. For new access: /jit request", names.grant(*grant), grant_state(state))
        }
        Refusal::NotInForce { grant } => format!("{} is not in force, so there is nothing to extend.", names.grant(*grant)),
        Refusal::NoExtension { times: 0 } => "This access can't be extended. Ask again when it is over: /jit request".to_owned(),
        Refusal::NoExtension { times: 1 } => "It was extended once, which is the most. Ask again when it is over: /jit request".to_owned(),
        Refusal::NoExtension { times } => {
            format!("It was extended {times} times, which is the most. Ask again when it is over: /jit request")
        }
        Refusal::BundleNotExtended { bundle } => format!(
            "{} can't be extended, as a whole or in part. Ask for the part that you still need by its own name, or for all of it again once it is over.",
            names.resource(bundle)
        ),
        Refusal::ExtensionPending { request } => {
            format!("You have asked for more time already: {} is waiting for a decision.", names.request(*request))
        }
        Refusal::NoSecret { grant } => format!("There is no password to show for {} now.", names.grant(*grant)),
        Refusal::NotYourSecret => "That password is somebody else's. I show it to nobody but them.".to_owned(),
        Refusal::SecretShown { grant, at } => super::secret::shown_already(*grant, *at, names),
        Refusal::SecretUnopenable { grant } => super::secret::unopenable(*grant, names),
        Refusal::Draining => {
            "Daypass is being taken out of service here, so nothing new can be asked for. Ask the admins how to get access from now on.".to_owned()
        }
        Refusal::NoPolicy => {
            "No valid policy is loaded, so I take no requests. Access that is in force ends on time. The admins know.".to_owned()
        }
        Refusal::ClockSuspect => {
            "My clock contradicts itself, so nothing new is granted until an admin has looked at it. Access that is in force ends on time.".to_owned()
        }
        Refusal::NotRecorded => "That could not be recorded, so nothing was done. Try again in a minute.".to_owned(),
        Refusal::Internal { reference } => {
            format!("Something went wrong on my side, and nothing was done. Give an admin this reference: {}", plainly(reference))
        }
    }
}

/// The refusal of a decision that came too late, with the way to end what was approved meanwhile: as a revocation, not as a
/// decision. Only for those who may revoke.
pub fn refused_but_can_revoke(what: &Refusal, grant: GrantId, names: &Names) -> Message {
    let text = refusal(what, names);
    let about = names.grant(grant);
    let revoke = Button::new(button::REVOKE, "Revoke now", &grant.to_string(), &format!("Revoke {about} now")).danger().confirm(
        "Revoke it now?",
        &format!("{about} is taken away at once."),
        "Revoke",
        "Leave it",
    );
    Message::new(&text, vec![plain(&text), actions("grant", vec![revoke])])
}

/// The refusal as a message.
pub fn refused(what: &Refusal, names: &Names) -> Message {
    let text = refusal(what, names);
    if *what != Refusal::UnknownAccount {
        return Message::sentence(&text);
    }
    let add_me = Button::new(button::ADD_ME, "Ask an admin to add me", "", "Ask an admin to add me to the people of Daypass");
    Message::new(&text, vec![plain(&text), actions("stranger", vec![add_me])])
}

/// The answer to words that were not understood.
pub fn not_understood(words: &NotUnderstood) -> Message {
    let mut text = format!("I didn't understand that: {}.", plainly(&words.problem));
    match &words.nearest {
        Some(nearest) => text.push_str(&format!("\nDid you mean: {}", named(&plainly(nearest)))),
        None => text.push_str(&format!("\nThis would work: {}", named(&plainly(&words.example)))),
    }
    text.push_str(&named("\n/jit help shows everything you can do."));
    Message::new(&text, vec![plain(&text)])
}

fn did_you_mean(similar: &[String], otherwise: &str) -> String {
    const SHOWN_MAX: usize = 5;
    if similar.is_empty() {
        return otherwise.to_owned();
    }
    let similar: Vec<String> = similar.iter().take(SHOWN_MAX).map(|name| plainly(name)).collect();
    format!("Did you mean {}?", listed(&similar, "or"))
}

fn which_grant(grants: &[GrantId], names: &Names) -> String {
    const SHOWN_MAX: usize = 10;
    let grants: Vec<String> = grants.iter().take(SHOWN_MAX).map(|grant| names.grant(*grant)).collect();
    format!("You hold several. Say which one: {}.", listed(&grants, "or"))
}

fn not_permitted(because: &[String]) -> String {
    if because.is_empty() {
        return "No policy allows you that. Ask an admin, or /jit request for what you can ask for.".to_owned();
    }
    let rules: Vec<String> = because.iter().take(5).map(|rule| plainly(rule)).collect();
    format!("The policy doesn't allow that ({}). Ask an admin if you need it.", listed(&rules, "and"))
}

fn nobody_can_approve(steps: &[String], names: &Names) -> String {
    let steps: Vec<String> = steps.iter().map(|step| plainly(&names.step(step))).collect();
    format!(
        "Nobody could approve this: nobody is left for {}, since you can't approve your own request and nobody fills two places. The \
         admins have to correct that.",
        listed(&steps, "and")
    )
}

fn nobody_can_review(by: &[String], names: &Names) -> String {
    let by: Vec<String> = by.iter().map(|by| plainly(&names.step(by))).collect();
    format!("Nobody could review this: {} has no one besides you who may. The admins have to correct that.", listed(&by, "or"))
}

fn decided(state: &str, by: Option<&PersonId>, at: Timestamp, names: &Names) -> String {
    let by = by.map(|person| format!(" by {}", names.person(person))).unwrap_or_default();
    let (what, why) = match state {
        "approved" | "denied" => (state.to_owned(), ""),
        "cancelled" => ("withdrawn".to_owned(), ""),
        "expired" => ("closed".to_owned(), " because nobody decided in time"),
        "invalidated" => ("closed".to_owned(), " because it is no longer allowed"),
        "lapsed" => ("closed".to_owned(), " because it could not begin in time"),
        other => (plainly(other), ""),
    };
    format!("It was {what}{by} {}{why}, so nothing was changed.", names.zone.day(at))
}

/// What a grant's state is called in a sentence: "G-57 …".
fn grant_state(state: &str) -> String {
    match state {
        "ended" | "void" => "is over already".to_owned(),
        "failed" => "could not be given".to_owned(),
        "revoking" => "is being removed already".to_owned(),
        other => format!("is {}", plainly(other)),
    }
}

fn characters(number: u32) -> String {
    counted(number as usize, "character", "characters")
}

/// Somebody else's text as a part of our sentence: one line, not too long, without a period at its end, and without the marks
/// that plain text would show as they are.
pub(super) fn plainly(text: &str) -> String {
    cut_plain(one_line(&text.replace('`', "'")).trim_end_matches('.'), 160)
}

#[cfg(test)]
mod tests;
