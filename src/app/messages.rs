//! The kinds of messages, by name and by how they are kept. Which of them an event makes stale is `telling`'s business; their text
//! is drawn at delivery (`render`).

use crate::access::time::Timestamp;
use crate::store::homes::HOME;
use crate::store::outbox::{MessageKind, Style};

/// The kinds of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The card of a request, for those who decide. Redrawn.
    Card,
    /// The requester's own message about a request and its access. Redrawn.
    Status,
    /// The question with this number, for whoever asked for the access. Redrawn.
    Question(u32),
    /// The answer to it, for whoever asked it. Redrawn.
    Answered(u32),
    /// The card for somebody to whom it was passed on. Redrawn.
    PassedOn,
    /// News for the requester, at this time: an approver agreed to less, and others still have to.
    Less(Timestamp),
    /// News for the requester about a request: decided, expired.
    Decided,
    /// News for the requester about a grant: in force, ended, failed.
    News(Moment),
    /// A reminder, at this time, for somebody who is asked. Redrawn.
    Reminder(Timestamp),
    /// News for the requester, at this time: nobody has answered, and what was done about it.
    StillWaiting(Timestamp),
    /// A page that the policy wants cannot be made.
    PageFails,
    /// Somebody broke the glass: for the security channel, and for those who would have been asked. Redrawn.
    Glass,
    /// What has to be reviewed: for those who may. Redrawn.
    Review,
    /// The alarm over a review that is late, the how-manieth.
    ReviewOverdue(u32),
    /// What came of a review.
    Reviewed,
    /// The warning before this end.
    Warning(Timestamp),
    /// The alarm over a late removal, the how-manieth.
    Overdue(u32),
    /// The end of such an alarm.
    OverdueIsOver,
    /// What a provider shows differs from what it should.
    Drifted,
    /// The link by which a secret was shown was used again.
    SecretAskedAgain,
    /// A provider is another server than it was.
    ProviderMoved,
    /// Something bears our mark at a provider and is in no row: provider, account and thing, one a line.
    LeftOver,
    /// The clock contradicts itself, since this time.
    ClockSuspect(Timestamp),
    /// It agrees again, since this time.
    ClockSound(Timestamp),
    /// New policy files were refused, at this time; what it is about is the first problem.
    PolicyRefused(Timestamp),
    /// Other policy files came in force, at this time; what it is about is what that changes, one a line.
    PolicyChanged(Timestamp),
    /// Something of one person ended early, at this time; what it is about is `Cut`.
    CutShort(Timestamp),
    /// Something was found about a request that was decided before, at this time: the request, and what.
    Finding(Timestamp),
    /// The digest of what happened until this time; what it is about is since when, in milliseconds.
    Digest(Timestamp),
    /// A lock was set, for the security channel. Redrawn.
    LockSet,
    /// What became of everything that a lock takes back, for whoever set it. Redrawn.
    LockTable,
    /// A lock was lifted, or ran out.
    LockOver,
    /// Daypass is taken out of service or back in, at this time; what it is about is the stage.
    Draining(Timestamp),
    /// Somebody stands in for somebody who is away since this time; what it is about is who that is. Redrawn.
    StandsIn(Timestamp),
    /// Somebody's home tab, which is no message. Redrawn.
    Home,
    /// The message with the buttons that open the forms, pinned in a channel. Redrawn.
    Door,
    /// A channel cannot be posted to, on this day; what it is about is the channel and why, one a line.
    NoPlace(Timestamp),
    /// On this day somebody who is not known asks to be added; what it is about is their account.
    Stranger(Timestamp),
    /// Somebody cannot be reached; what it is about is what they should have read of, which message it was, who, and why, one a line.
    Undelivered,
}

/// What the requester is told of a grant by a new message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It is in force.
    InForce,
    /// It has more time.
    Extended,
    /// It is over, or could not be given.
    Over,
}

impl Kind {
    /// The kind as the outbox stores it.
    pub fn name(&self) -> MessageKind {
        MessageKind(match self {
            Kind::Card => "card".to_owned(),
            Kind::Status => "status".to_owned(),
            Kind::Question(number) => format!("question/{number}"),
            Kind::Answered(number) => format!("answered/{number}"),
            Kind::PassedOn => "passed_on".to_owned(),
            Kind::Less(at) => format!("less/{}", at.as_millis()),
            Kind::Decided => "decided".to_owned(),
            Kind::News(Moment::InForce) => "news/in_force".to_owned(),
            Kind::News(Moment::Extended) => "news/extended".to_owned(),
            Kind::News(Moment::Over) => "news/over".to_owned(),
            Kind::Reminder(at) => format!("reminder/{}", at.as_millis()),
            Kind::StillWaiting(at) => format!("still_waiting/{}", at.as_millis()),
            Kind::PageFails => "page_fails".to_owned(),
            Kind::Glass => "glass".to_owned(),
            Kind::Review => "review".to_owned(),
            Kind::ReviewOverdue(alarm) => format!("review_overdue/{alarm}"),
            Kind::Reviewed => "reviewed".to_owned(),
            Kind::Warning(end) => format!("warning/{}", end.as_millis()),
            Kind::Overdue(alarm) => format!("overdue/{alarm}"),
            Kind::OverdueIsOver => "overdue_is_over".to_owned(),
            Kind::Drifted => "drifted".to_owned(),
            Kind::SecretAskedAgain => "secret_asked_again".to_owned(),
            Kind::ProviderMoved => "provider_moved".to_owned(),
            Kind::LeftOver => "left_over".to_owned(),
            Kind::ClockSuspect(at) => format!("clock_suspect/{}", at.as_millis()),
            Kind::ClockSound(at) => format!("clock_sound/{}", at.as_millis()),
            Kind::PolicyRefused(at) => format!("policy_refused/{}", at.as_millis()),
            Kind::PolicyChanged(at) => format!("policy_changed/{}", at.as_millis()),
            Kind::CutShort(at) => format!("cut_short/{}", at.as_millis()),
            Kind::Finding(at) => format!("finding/{}", at.as_millis()),
            Kind::Digest(at) => format!("digest/{}", at.as_millis()),
            Kind::LockSet => "lock_set".to_owned(),
            Kind::LockTable => "lock_table".to_owned(),
            Kind::LockOver => "lock_over".to_owned(),
            Kind::Draining(at) => format!("draining/{}", at.as_millis()),
            Kind::StandsIn(since) => format!("stands_in/{}", since.as_millis()),
            Kind::Home => HOME.to_owned(),
            Kind::Door => "door".to_owned(),
            Kind::NoPlace(day) => format!("no_place/{}", day.as_millis()),
            Kind::Stranger(day) => format!("stranger/{}", day.as_millis()),
            Kind::Undelivered => "undelivered".to_owned(),
        })
    }

    /// The kind that was stored; `None` for one that this version does not know.
    pub fn read(name: &MessageKind) -> Option<Kind> {
        let (word, detail) = name.0.split_once('/').map_or((name.0.as_str(), None), |(word, detail)| (word, Some(detail)));
        let at = || detail?.parse().ok().map(Timestamp::from_millis);
        match (word, detail) {
            ("card", None) => Some(Kind::Card),
            ("status", None) => Some(Kind::Status),
            ("question", Some(number)) => number.parse().ok().map(Kind::Question),
            ("answered", Some(number)) => number.parse().ok().map(Kind::Answered),
            ("passed_on", None) => Some(Kind::PassedOn),
            ("less", _) => at().map(Kind::Less),
            ("decided", None) => Some(Kind::Decided),
            ("news", Some("in_force")) => Some(Kind::News(Moment::InForce)),
            ("news", Some("extended")) => Some(Kind::News(Moment::Extended)),
            ("news", Some("over")) => Some(Kind::News(Moment::Over)),
            ("reminder", _) => at().map(Kind::Reminder),
            ("still_waiting", _) => at().map(Kind::StillWaiting),
            ("page_fails", None) => Some(Kind::PageFails),
            ("glass", None) => Some(Kind::Glass),
            ("review", None) => Some(Kind::Review),
            ("review_overdue", Some(alarm)) => alarm.parse().ok().map(Kind::ReviewOverdue),
            ("reviewed", None) => Some(Kind::Reviewed),
            ("warning", _) => at().map(Kind::Warning),
            ("overdue", Some(alarm)) => alarm.parse().ok().map(Kind::Overdue),
            ("overdue_is_over", None) => Some(Kind::OverdueIsOver),
            ("drifted", None) => Some(Kind::Drifted),
            ("secret_asked_again", None) => Some(Kind::SecretAskedAgain),
            ("provider_moved", None) => Some(Kind::ProviderMoved),
            ("left_over", None) => Some(Kind::LeftOver),
            ("clock_suspect", _) => at().map(Kind::ClockSuspect),
            ("clock_sound", _) => at().map(Kind::ClockSound),
            ("policy_refused", _) => at().map(Kind::PolicyRefused),
            ("policy_changed", _) => at().map(Kind::PolicyChanged),
            ("cut_short", _) => at().map(Kind::CutShort),
            ("finding", _) => at().map(Kind::Finding),
            ("digest", _) => at().map(Kind::Digest),
            ("lock_set", None) => Some(Kind::LockSet),
            ("lock_table", None) => Some(Kind::LockTable),
            ("lock_over", None) => Some(Kind::LockOver),
            ("draining", _) => at().map(Kind::Draining),
            ("stands_in", _) => at().map(Kind::StandsIn),
            (HOME, None) => Some(Kind::Home),
            ("door", None) => Some(Kind::Door),
            ("no_place", _) => at().map(Kind::NoPlace),
            ("stranger", _) => at().map(Kind::Stranger),
            ("undelivered", None) => Some(Kind::Undelivered),
            _ => None,
        }
    }

    /// Whether it follows the state of what it is about.
    pub fn style(&self) -> Style {
        match self {
            // What has buttons loses them when they would do nothing any more.
            Kind::Card
            | Kind::Status
            | Kind::Question(_)
            | Kind::Answered(_)
            | Kind::PassedOn
            | Kind::Reminder(_)
            | Kind::News(Moment::InForce)
            | Kind::Warning(_)
            | Kind::Overdue(_)
            | Kind::Glass
            | Kind::Review
            | Kind::LockSet
            | Kind::LockTable
            | Kind::StandsIn(_)
            | Kind::Home
            | Kind::Door => Style::Convergent,
            Kind::Decided
            | Kind::Less(_)
            | Kind::StillWaiting(_)
            | Kind::PageFails
            | Kind::ReviewOverdue(_)
            | Kind::Reviewed
            | Kind::News(Moment::Extended | Moment::Over)
            | Kind::OverdueIsOver
            | Kind::Drifted
            | Kind::ProviderMoved
            | Kind::SecretAskedAgain
            | Kind::LeftOver
            | Kind::ClockSuspect(_)
            | Kind::ClockSound(_)
            | Kind::PolicyRefused(_)
            | Kind::PolicyChanged(_)
            | Kind::CutShort(_)
            | Kind::Finding(_)
            | Kind::Digest(_)
            | Kind::LockOver
            | Kind::Draining(_)
            | Kind::NoPlace(_)
            | Kind::Stranger(_)
            | Kind::Undelivered => Style::Once,
        }
    }
}
