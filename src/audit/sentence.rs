//! One plain English sentence for each line of the audit log, for people who read it in a terminal or an export.
//!
//! It leaves out what people typed: that is shown, if at all, by whoever may see it. Slack has its own sentences.

use crate::access::absence::Absence;
use crate::access::entitlement::{Entitlement, Prior, Target, Trouble};
use crate::access::event::{Actor, Event};
use crate::access::grant::{EndCause, FailCause, Grant, Proof};
use crate::access::ids::{PersonId, RequestId};
use crate::access::lock::{Lock, LockState};
use crate::access::queue::QueueChange;
use crate::access::refusal::Refusal;
use crate::access::remind::Reminder;
use crate::access::request::{Mode, Part, Purpose, Request, Seat, Step};
use crate::access::review::{Finding, Review};
use crate::access::talk::Said;
use crate::access::time::Timestamp;

use super::leaf::Entry;

mod causes;

/// Gives a person's name, where there is one; their id stands in otherwise.
pub type Names<'a> = &'a dyn Fn(&PersonId) -> Option<String>;

/// The entry as one sentence, such as `R-1: Maya asked for prod/orders as readonly for 2 h`.
///
/// The result holds no control, direction or invisible characters, whatever names and messages held.
pub fn sentence(entry: &Entry, names: Names<'_>) -> String {
    let mut text = Say { names }.event(&entry.event, &entry.actor);
    if matches!(entry.actor, Actor::Host(_) | Actor::HostUser(_)) {
        text.push_str(" (on the host)");
    }
    text.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect()
}

/// Characters that change how others are shown, or are not shown themselves.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}')
}

struct Say<'a> {
    names: Names<'a>,
}

impl Say<'_> {
    #[expect(
        clippy::too_many_lines,
        reason = "one sentence per variant, in one exhaustive match: a new variant must break the build here"
    )]
    fn event(&self, event: &Event, actor: &Actor) -> String {
        match event {
            Event::RequestAsked { request } => self.asked(request),
            Event::ApprovalGiven { request, approval } => {
                format!("{request}: {} agreed", self.in_place(&approval.by, approval.in_place_of.as_ref()))
            }
            Event::ApprovalVoided { request, by } => format!("{request}: the yes of {} no longer counts", self.name(by)),
            Event::StepsRaised { request, steps } => format!("{request}: now needs {}", steps_text(steps)),
            Event::PartsChanged { request, parts, .. } => format!("{request}: the bundle changed; now for {}", parts_text(parts)),
            Event::StepsWidened { request, by, .. } => {
                format!("{request}: nobody answered; {by} may fill any empty place as well")
            }
            Event::StepsNarrowed { request } => format!("{request}: by the rules in force nobody is asked beside its steps"),
            Event::RequestReminded { request, reminder, .. } => self.reminded(*request, reminder),
            Event::PageOwed { request, .. } => format!("{request}: still nobody answered; somebody is to be paged"),
            Event::PageMade { request, .. } => format!("{request}: the provider has taken the page"),
            Event::PageResolved { request, .. } => format!("{request}: the provider was told that the page is settled"),
            Event::RequestEndLowered { request, ends_at_most } => format!("{request}: may last until {}", when(*ends_at_most)),
            Event::RequestShortened { request, shortened, .. } => {
                format!("{request}: {} made it {} instead of {}", self.name(&shortened.by), shortened.to, shortened.from)
            }
            Event::Talked { request, said } => self.talked(*request, said),
            Event::RequestApproved { request, seats, .. } => self.approved(*request, seats),
            Event::RequestDenied { request, by, in_place_of, .. } => {
                format!("{request}: {} denied it", self.in_place(by, in_place_of.as_ref()))
            }
            Event::RequestCancelled { request, by, .. } => format!("{request}: {} withdrew it", self.name(by)),
            Event::RequestExpired { request, .. } => format!("{request}: nobody decided in time"),
            Event::RequestInvalidated { request, why, .. } => format!("{request}: no longer allowed: {why}"),
            Event::RequestLapsed { request, .. } => format!("{request}: did not begin in time; nothing was sent"),
            Event::ReviewOpened { review } => review_opened(review),
            Event::ReviewOverdue { request, alarm } => format!("{request}: the review is late (alarm {alarm})"),
            Event::ReviewClosed { request, by, finding, .. } => self.reviewed(*request, by, *finding),
            Event::LockSet { lock } => self.locked(lock),
            Event::LockReached { lock, grants } => format!("{lock}: covers {} more", counted(grants.len())),
            Event::LockLifted { lock, by, .. } => format!("{lock}: {} lifted it; what it ended stays over", self.name(by)),
            Event::LockRanOut { lock, .. } => format!("{lock}: its time is over; what it ended stays over"),
            Event::LockCleared { lock, .. } => format!("{lock}: everything that it ended is over"),
            Event::LockWordsErased { lock, of } => format!("{lock}: what {} typed was erased", self.name(of)),
            Event::GrantPlanned { grant } => self.planned(grant),
            Event::GrantChecking { grant, .. } => format!("{grant}: reading what is there already"),
            Event::GrantProvisioning { grant, .. } => format!("{grant}: the provider is being told"),
            Event::GrantResultUnknown { grant, absent_reads } => {
                format!("{grant}: unknown result; absent in {absent_reads} looks")
            }
            Event::GrantAwaitsPerson { grant, .. } => format!("{grant}: waits for the person to accept"),
            Event::GrantActivated { grant, ends_at, .. } => format!("{grant}: seen in force; ends {}", when(*ends_at)),
            Event::SecretLinked { grant, link } => {
                format!("{grant}: the person got a link to the secret, for use until {}", when(link.until))
            }
            Event::SecretShown { grant, at, .. } => {
                format!("{grant}: the secret was shown to whoever had the link, {}; it is kept no more", when(*at))
            }
            Event::SecretAskedAgain { grant, .. } => {
                format!("{grant}: the link by which the secret was shown was used again, in vain")
            }
            Event::GrantWarned { grant } => format!("{grant}: ends soon; the person is told"),
            Event::ExtensionAgreed { grant, request, to } => format!("{grant}: {request} agreed to {}", when(*to)),
            Event::GrantExtended { grant, request, ends_at } => format!("{grant}: now ends {}, by {request}", when(*ends_at)),
            Event::GrantEndLowered { grant, to, why } => format!("{grant}: now ends {} at the latest: {why}", when(*to)),
            Event::GrantDrifted { grant, seen } => format!("{grant}: the provider shows something else: {seen}"),
            Event::GrantRevoking { grant, cause, .. } => format!("{grant}: being removed: {}", self.end_cause(cause)),
            Event::GrantCut { grant, remnant } => format!("{grant}: the access is cut; still to be removed: {remnant}"),
            Event::EndReason { grant, by, .. } => format!("{grant}: {} said why it is taken back", self.name(by)),
            Event::GrantOverdue { grant, alarm } => format!("{grant}: the removal is late (alarm {alarm})"),
            Event::GrantEnded { grant, cause, proof, .. } => format!("{grant}: over: {}", self.ended(cause, proof)),
            Event::GrantVoided { grant, why, .. } => format!("{grant}: given up, nothing was sent: {}", self.void_cause(why)),
            Event::GrantFailed { grant, why, .. } => format!("{grant}: could not be given: {}", fail_cause(why)),
            Event::GrantRecheckDue { grant } => format!("{grant}: to be looked at once more"),
            Event::GrantRechecked { grant } => format!("{grant}: the last look found nothing"),
            Event::EntitlementAdded { entitlement } => added(entitlement),
            Event::EntitlementDescribed { entitlement, .. } => format!("{entitlement}: described anew"),
            Event::PriorRead { entitlement, prior, .. } => format!("{entitlement}: before us: {}", prior_text(prior)),
            Event::PriorLost { entitlement } => format!("{entitlement}: somebody else took away what was there before us"),
            Event::Retargeted { entitlement, target, .. } => format!("{entitlement}: must be {}", target_text(target)),
            Event::Verified { entitlement, at } => format!("{entitlement}: seen as it must be, {}", when(*at)),
            Event::AtRest { entitlement } => format!("{entitlement}: nobody claims it any more"),
            Event::ProviderMoved { entitlement, expected, found } => {
                format!("{entitlement}: the provider answers as `{found}`, not as `{expected}`; it is not believed")
            }
            Event::TroubleSeen { entitlement, trouble } => format!("{entitlement}: trouble: {}", trouble_text(trouble)),
            Event::Refused { attempt, about, refusal } => self.refused(actor, attempt, about.as_deref(), refusal),
            Event::PolicyLoaded { digest, changes, .. } => policy_loaded(digest, changes),
            Event::Finding { request, what } => format!("{request}: found later: {what}"),
            Event::PolicyRefused { digest, problem } => format!("policies {} were refused: {problem}", short(digest)),
            Event::AwayDeclared { absence } => self.is_away(absence),
            Event::AwayOver { person, .. } => format!("{} is back", self.name(person)),
            Event::DrainBegan => "Daypass is taken out of service: nothing new, and all that is in force ends".to_owned(),
            Event::DrainUndone => "Daypass is back in service".to_owned(),
            Event::Erased { person } => format!("what {} typed was erased", self.name(person)),
            Event::ReviewWordsErased { request, of } => format!("{request}: what {} wrote of it was erased", self.name(of)),
            Event::WordsErased { request, of } => format!("{request}: what {} typed was erased", self.name(of)),
            Event::Started { version } => format!("Daypass {version} started"),
            Event::ClockSuspect { wall, expected } => format!("the clock says {}, not {}", when(*wall), when(*expected)),
            Event::ClockSound { wall } => format!("the clock is believed again: {}", when(*wall)),
            Event::Queued { entitlement, change } => match change {
                QueueChange::Owed { at, .. } => format!("{entitlement}: work is owed, {}", when(*at)),
                QueueChange::Paid => format!("{entitlement}: nothing is owed"),
                QueueChange::CallStarted { epoch, .. } => format!("{entitlement}: call {epoch} started"),
                QueueChange::CallOver { .. } => format!("{entitlement}: the call is over"),
            },
        }
    }

    fn name(&self, person: &PersonId) -> String {
        (self.names)(person).unwrap_or_else(|| person.to_string())
    }

    fn asked(&self, request: &Request) -> String {
        let terms = &request.terms;
        let mut text = format!("{}: {} asked for ", request.id, self.name(&request.filed_by));
        text.push_str(&match terms.purpose {
            Purpose::Access if terms.is_bundle() => {
                format!("{} ({}) for {}", terms.resource, parts_text(&terms.parts), terms.access_for)
            }
            Purpose::Access => format!("{} as {} for {}", terms.resource, terms.role, terms.access_for),
            Purpose::Extension(grant) => format!("{} more of {grant} ({} as {})", terms.access_for, terms.resource, terms.role),
        });
        if let Some((from, to)) = request.from_to() {
            text.push_str(&format!(", from {} to {}", when(from), when(to)));
        }
        if terms.subject != request.filed_by {
            text.push_str(&format!(", on behalf of {}", self.name(&terms.subject)));
        }
        match request.mode {
            Mode::Ask => {}
            Mode::Auto => text.push_str("; the policy alone decides"),
            Mode::BreakGlass => text.push_str("; break-glass"),
        }
        text
    }

    fn approved(&self, request: RequestId, seats: &[Seat]) -> String {
        if seats.is_empty() {
            return format!("{request}: approved; nobody had to agree");
        }
        let who = |seat: &Seat| self.in_place(&seat.person, seat.in_place_of.as_ref());
        let seats: Vec<_> = seats.iter().map(|seat| format!("{} for {}", who(seat), seat.step)).collect();
        format!("{request}: approved by {}", seats.join(", "))
    }

    /// "dave in the place of carol"
    fn in_place(&self, person: &PersonId, other: Option<&PersonId>) -> String {
        match other {
            Some(other) => format!("{} in the place of {}", self.name(person), self.name(other)),
            None => self.name(person),
        }
    }

    fn is_away(&self, absence: &Absence) -> String {
        let Absence { person, until, stand_in, .. } = absence;
        let other = stand_in.as_ref().map_or_else(|| "nobody".to_owned(), |other| self.name(other));
        format!("{} is away until {}; {other} stands in", self.name(person), when(*until))
    }

    fn reviewed(&self, request: RequestId, by: &PersonId, finding: Finding) -> String {
        let found = match finding {
            Finding::Justified => "was justified",
            Finding::NotJustified => "was not justified",
        };
        format!("{request}: {} reviewed it: breaking the glass {found}", self.name(by))
    }

    fn talked(&self, request: RequestId, said: &Said) -> String {
        match said {
            Said::Asked { number, by, .. } => format!("{request}: {} asked question {number}", self.name(by)),
            Said::Answered { number, by, .. } => format!("{request}: {} answered question {number}", self.name(by)),
            Said::PassedOn { by, to, .. } => format!("{request}: {} passed it on to {}", self.name(by), self.name(to)),
            Said::FeedbackAsked { .. } => format!("{request}: whoever had it is asked how much it was"),
            Said::FeedbackGiven { by, measure, .. } => {
                format!("{request}: {} says that it was {}", self.name(by), measure.words())
            }
        }
    }

    fn reminded(&self, request: RequestId, reminder: &Reminder) -> String {
        match reminder {
            Reminder::First => format!("{request}: those who can still fill a place were reminded"),
            Reminder::Second => format!("{request}: they were reminded again"),
            Reminder::ByHand(by) => format!("{request}: {} had those who are asked reminded", self.name(by)),
        }
    }

    fn locked(&self, lock: &Lock) -> String {
        let (by, what, ends) = (self.name(&lock.by), &lock.scope, counted(lock.accesses.len()));
        match (&lock.state, lock.until) {
            (LockState::Momentary, _) => format!("{}: {by} revoked {ends} of {what}", lock.id),
            (_, Some(until)) => format!("{}: {by} locked {what} until {}; {ends} to end", lock.id, when(until)),
            (_, None) => format!("{}: {by} locked {what}; {ends} to end", lock.id),
        }
    }

    fn planned(&self, grant: &Grant) -> String {
        let Grant { id, request, person, level, latest_end, .. } = grant;
        format!("{id}: {} is to have {} by {request}, until {} at the latest", self.name(person), level.name, when(*latest_end))
    }

    fn ended(&self, cause: &EndCause, proof: &Proof) -> String {
        let proof = match proof {
            Proof::ReadBack => "a look at the provider shows it".to_owned(),
            Proof::NothingSent => "nothing was sent".to_owned(),
            Proof::CoveredBy(grant) => format!("a look shows that only {grant} still needs it"),
            Proof::Attested { by, .. } => format!("{} attested it, since nobody could look", self.name(by)),
        };
        format!("{}; {proof}", self.end_cause(cause))
    }

    fn refused(&self, actor: &Actor, attempt: &str, about: Option<&str>, refusal: &Refusal) -> String {
        let who = match actor {
            Actor::Person(person) | Actor::Host(person) => self.name(person),
            Actor::Account(account) => format!("the account {account}"),
            Actor::HostUser(user) => format!("the user {user}"),
            Actor::Daypass => "Daypass".to_owned(),
        };
        let what = about.map(|about| format!(" of {about}")).unwrap_or_default();
        format!("{who} was refused `{attempt}`{what}: {}", refusal_text(refusal))
    }
}

/// The refusal's name in words. What people are told is said elsewhere.
fn refusal_text(refusal: &Refusal) -> String {
    let value = serde_json::to_value(refusal).unwrap_or_default();
    value.get("refusal").and_then(|name| name.as_str()).unwrap_or("refused").replace('_', " ")
}

fn fail_cause(cause: &FailCause) -> String {
    match cause {
        FailCause::Unreadable => "what is there could not be read in time; nothing was sent".to_owned(),
        FailCause::ProviderMoved => "the provider is another server than was approved; nothing was sent".to_owned(),
        FailCause::Refused(trouble) => format!("the provider refused: {}", trouble_text(trouble)),
        FailCause::NotThere => "later looks found nothing".to_owned(),
    }
}

fn trouble_text(trouble: &Trouble) -> String {
    format!("{} ({})", trouble.message, trouble.code)
}

fn added(entitlement: &Entitlement) -> String {
    let what = &entitlement.description;
    format!("{}: {} on {} at {}, as {}", entitlement.id, what.subject, what.thing, what.provider, what.remote_name)
}

fn prior_text(prior: &Prior) -> String {
    match prior {
        Prior::Unread => "not read".to_owned(),
        Prior::Absent => "nothing".to_owned(),
        Prior::Held(level) => level.name.clone(),
    }
}

fn target_text(target: &Target) -> String {
    match target {
        Target::Absent => "absent".to_owned(),
        Target::Present { level, until: None } => level.name.clone(),
        Target::Present { level, until: Some(until) } => format!("{}, until {} at the provider itself", level.name, when(*until)),
    }
}

fn policy_loaded(digest: &str, changes: &[String]) -> String {
    let mut text = format!("policies {} came in force", short(digest));
    changes.iter().for_each(|change| text.push_str(&format!("; {change}")));
    text
}

fn review_opened(review: &Review) -> String {
    let Review { request, by, due_at, .. } = review;
    format!("{request}: nobody agreed to it; to be reviewed by {} until {}", by.join(" or "), when(*due_at))
}

fn parts_text(parts: &[Part]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| format!("{} as {}", part.resource, part.role)).collect();
    parts.join(" and ")
}

fn steps_text(steps: &[Step]) -> String {
    let steps: Vec<_> = steps.iter().map(|step| format!("{} of {}", step.count, step.by)).collect();
    steps.join(" and ")
}

fn counted(accesses: usize) -> String {
    if accesses == 1 { "1 access".to_owned() } else { format!("{accesses} accesses") }
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// A moment for people who may be anywhere: UTC, to the minute.
fn when(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.as_millis()) {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => "never".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::words::Words;

    fn say(actor: &Actor, event: Event) -> String {
        let names = |person: &PersonId| (person.as_str() == "maya").then(|| "Maya".to_owned());
        sentence(&Entry { seq: 1, at: Timestamp::from_millis(0), actor: actor.clone(), event }, &names)
    }

    #[test]
    fn sentences_name_who_and_until_when() {
        let end = Timestamp::from_millis(1_800_000_000_000);
        let grant = "G-1".parse().unwrap();
        assert_eq!(
            say(&Actor::Daypass, Event::GrantActivated { grant, active_at: end, ends_at: end }),
            "G-1: seen in force; ends 2027-01-15 08:00 UTC"
        );
        let proof = Proof::Attested { by: "maya".parse().unwrap(), why: Words::typed("I looked") };
        assert_eq!(
            say(&Actor::Daypass, Event::GrantEnded { grant, at: end, due_at: end, cause: EndCause::TimeOver, proof }),
            "G-1: over: its time was over; Maya attested it, since nobody could look"
        );
        let event = Event::Refused { attempt: "approve".into(), about: Some("R-1".into()), refusal: Refusal::OwnRequest };
        assert_eq!(say(&Actor::Person("maya".parse().unwrap()), event), "Maya was refused `approve` of R-1: own request");
    }

    #[test]
    fn what_people_typed_is_left_out() {
        let event = Event::RequestDenied {
            request: "R-1".parse().unwrap(),
            at: Timestamp::from_millis(0),
            by: "carol".parse().unwrap(),
            in_place_of: None,
            reason: Words::typed("her illness"),
        };
        assert_eq!(say(&Actor::Daypass, event), "R-1: carol denied it");
    }

    #[test]
    fn a_sentence_cannot_move_the_cursor_or_turn_the_line_around() {
        let event = Event::GrantDrifted { grant: "G-1".parse().unwrap(), seen: "a\u{1b}[2Jb\u{202e}c\nd\u{200b}e".into() };
        assert_eq!(say(&Actor::Daypass, event), "G-1: the provider shows something else: a[2Jbcde");
    }
}
