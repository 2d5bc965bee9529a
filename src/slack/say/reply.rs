//! The answer to a click or command that did something. Seen by whoever clicked, at once; every one says what happens next.

use super::card::Needed;
use super::lock::scope;
use super::names::{Names, listed};
use super::refusal::plainly;
use crate::access::entitlement::{Answer, Change};
use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{GrantId, PersonId, PolicyId, RequestId};
use crate::access::lock::Scope;
use crate::access::review::{Finding, Review};
use crate::access::talk::Measure;
use crate::access::time::{Timestamp, Ttl};
use crate::slack::block::Message;
use crate::slack::text::unescape;

mod locks;

/// Why people are asked about what a policy usually gives at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAtOnce {
    /// It could not be read whom the policy means.
    Unread {
        /// The source, in words for people.
        source: String,
    },
    /// The person got in at once as often as they may.
    UsedUp {
        /// So many times,
        uses: u32,
        /// in so long.
        per: Ttl,
    },
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A request was filed and people are asked.
    Asked {
        /// Its number.
        request: RequestId,
        /// Who is asked.
        people: Vec<PersonId>,
        /// Until when they have to decide.
        answer_by: Timestamp,
        /// When it ends at the latest, where that may be sooner than asked for.
        at_most: Option<Timestamp>,
        /// From when until when, where it has a start of its own.
        from_to: Option<(Timestamp, Timestamp)>,
        /// Why people are asked, where usually nobody is.
        not_at_once: Option<NotAtOnce>,
    },
    /// A request was filed, and the policy alone approved it.
    ApprovedAtOnce {
        /// Its number.
        request: RequestId,
        /// From when until when, where it has a start of its own.
        from_to: Option<(Timestamp, Timestamp)>,
    },
    /// The glass was broken: nobody had to agree, and somebody else reviews it.
    GlassBroken {
        /// The request.
        request: RequestId,
        /// Its review.
        review: Box<Review>,
    },
    /// Somebody wanted to break the glass, but a rule wants people to agree all the same: they are asked.
    GlassAsked {
        /// The request.
        request: RequestId,
        /// The rules that want it.
        rules: Vec<PolicyId>,
        /// Who is asked.
        people: Vec<PersonId>,
        /// Until when they have to decide.
        answer_by: Timestamp,
    },
    /// A review was closed.
    ReviewClosed {
        /// Of which request.
        request: RequestId,
        /// What was found.
        finding: Finding,
    },
    /// An approval was recorded; more are needed.
    Seconded {
        /// The request.
        request: RequestId,
        /// What is still missing.
        still: Vec<Needed>,
    },
    /// The last approval was recorded.
    Approved {
        /// The request.
        request: RequestId,
        /// When it begins, where that is later.
        starts_at: Option<Timestamp>,
    },
    /// A question is on its way.
    Questioned {
        /// About which request.
        request: RequestId,
        /// Who is to answer it.
        of: PersonId,
    },
    /// An answer is on its way.
    AnswerGiven {
        /// About which request.
        request: RequestId,
    },
    /// Whoever had an access said how much it was.
    FeedbackGiven {
        /// How much.
        measure: Measure,
    },
    /// A card was passed on.
    PassedOn {
        /// Of which request.
        request: RequestId,
        /// To whom.
        to: PersonId,
    },
    /// A denial was recorded.
    Denied {
        /// The request.
        request: RequestId,
    },
    /// A request was withdrawn.
    Withdrawn {
        /// The request.
        request: RequestId,
    },
    /// Those who are asked are reminded.
    Reminded {
        /// Of which request.
        request: RequestId,
        /// Who.
        people: Vec<PersonId>,
    },
    /// A grant is being ended.
    Ending {
        /// The grant.
        grant: GrantId,
    },
    /// Everything that a request gave, or was to give, is being ended.
    EndingAll {
        /// The request.
        request: RequestId,
        /// Its grants, as far as they were not over.
        grants: Vec<GrantId>,
    },
    /// A lock was set.
    Locked {
        /// On what.
        what: Scope,
        /// Until when, if not until it is lifted.
        until: Option<Timestamp>,
        /// How many accesses it takes back.
        ending: usize,
    },
    /// A lock was lifted.
    Unlocked {
        /// On what.
        what: Scope,
    },
    /// Everything that somebody has is being ended, as far as it was for whoever asked.
    RevokingAll {
        /// Whose.
        person: PersonId,
        /// How many accesses.
        ending: usize,
        /// What was not theirs to end.
        others: Vec<GrantId>,
    },
    /// A late end is looked at now; what is seen is told afterwards.
    LookingAgain {
        /// Of which grant.
        grant: GrantId,
    },
    /// A late end was vouched for.
    Vouched {
        /// Of which grant.
        grant: GrantId,
        /// By whom.
        by: PersonId,
    },
    /// Something was asked for, and there is more to say: for whom, and which of those who are asked are away until when.
    With {
        /// What.
        what: Box<Reply>,
        /// For whom, where that is somebody else.
        whose: Option<PersonId>,
        /// Who is away, and asked all the same.
        absent: Vec<(PersonId, Timestamp)>,
    },
    /// Somebody is away.
    Away {
        /// Until when.
        until: Timestamp,
        /// Who stands in for them.
        stand_in: Option<PersonId>,
    },
    /// Somebody is back.
    Back,
    /// A link to a secret was given out. This is what is kept of the answer: the link itself is only in what the person gets.
    SecretLinked {
        /// Of which grant.
        grant: GrantId,
    },
    /// The same was done before; nothing was changed by doing it again.
    DoneBefore,
    /// It was recorded and is being worked on; the answer follows.
    Later,
}

impl Reply {
    /// The same, with what there is more to say.
    pub fn with(what: Reply, whose: Option<PersonId>, absent: Vec<(PersonId, Timestamp)>) -> Reply {
        if whose.is_none() && absent.is_empty() {
            return what;
        }
        Reply::With { what: Box::new(what), whose, absent }
    }
}

/// The answer.
#[expect(
    clippy::too_many_lines,
    reason = "one sentence per variant, in one exhaustive match: a new variant must break the build here"
)]
pub fn reply(what: &Reply, names: &Names) -> Message {
    let subject = |request: &RequestId| {
        names.requests.get(request).map_or_else(|| "the requester".to_owned(), |about| names.person(&about.person).to_owned())
    };
    let text = match what {
        Reply::Asked { request, people, answer_by, at_most, from_to, not_at_once } => {
            asked(names.request(*request), people, (*answer_by, *at_most, *from_to), not_at_once.as_ref(), names)
        }
        Reply::ApprovedAtOnce { request, from_to } => super::starting::at_once(&names.request(*request), *from_to, names),
        Reply::GlassBroken { request, review } => super::glass::answer(*request, review, names),
        Reply::GlassAsked { request, rules, people, answer_by } => {
            super::glass::asked_instead(*request, rules, (&deciders(people, names), *answer_by), names)
        }
        Reply::ReviewClosed { request, finding } => {
            let found = super::glass::finding_text(*finding);
            format!("Reviewed: {}, {found}. {} is told, with your note.", names.request(*request), subject(request))
        }
        Reply::Seconded { request, still } => {
            let still: Vec<String> =
                still.iter().map(|needed| needed.in_words(names)).map(|(step, people)| format!("{step} ({people})")).collect();
            format!(
                "Recorded. {} has no access yet: {} still needed for {}.",
                subject(request),
                listed(&still, "and"),
                names.request(*request)
            )
        }
        Reply::Approved { request, starts_at } => {
            super::starting::approved(&names.request(*request), &subject(request), *starts_at, names)
        }
        Reply::Questioned { request, of } => {
            format!("Your question about {} went to {}. The answer comes to you.", names.request(*request), names.person(of))
        }
        Reply::AnswerGiven { request } => format!("Your answer about {} is on its way.", names.request(*request)),
        Reply::FeedbackGiven { measure } => format!("Noted: {}. Thanks.", measure.words()),
        Reply::PassedOn { request, to } => format!("{} has {} now as well.", names.person(to), names.request(*request)),
        Reply::Denied { request } => {
            format!("Denied: {}. {} is told, with your reason.", names.request(*request), subject(request))
        }
        Reply::Withdrawn { request } => format!("Withdrawn: {}. Nobody is asked any more.", names.request(*request)),
        Reply::Reminded { request, people } => {
            let (what, people) = (names.request(*request), names.people(people));
            format!("I reminded {people} of {what}. You can have them reminded again in 15 minutes.")
        }
        Reply::Ending { grant } => {
            format!("{} is being ended. I'll say when the provider shows that it is over.", names.grant(*grant))
        }
        Reply::EndingAll { request, grants } => {
            let grants: Vec<String> = grants.iter().map(ToString::to_string).collect();
            format!(
                "All of {} is being ended, by {}. I'll say when the providers show that it is over.",
                names.request(*request),
                listed(&grants, "and")
            )
        }
        Reply::Locked { what, until, ending } => locks::locked(what, *until, *ending, names),
        Reply::Unlocked { what } => {
            format!("Lifted the lock on {}. Nothing is given back by it; access can be asked for again.", scope(what, names))
        }
        Reply::RevokingAll { person, ending, others } => locks::revoking_all(person, *ending, others, names),
        Reply::LookingAgain { grant } => format!("I am looking at {} now; what I see follows here.", names.grant(*grant)),
        Reply::Vouched { grant, by } => format!(
            "Recorded: {} vouches that {} is over. It is not verified, and I go on trying to look.",
            names.person(by),
            names.grant(*grant)
        ),
        Reply::With { what, whose, absent } => {
            format!("{}{}", unescape(reply(what, names).text()), super::behalf::more(whose.as_ref(), absent, names))
        }
        Reply::Away { until, stand_in } => super::away::is_away(*until, stand_in.as_ref(), names),
        Reply::Back => super::away::is_back(),
        Reply::SecretLinked { grant } => super::secret::linked(*grant, names),
        Reply::DoneBefore => "That was recorded before; nothing was changed.".to_owned(),
        Reply::Later => "Received. I have to look something up first; the answer follows here.".to_owned(),
    };
    Message::sentence(&text)
}

/// What a look showed that somebody asked for.
pub fn looked(grant: &Grant, answered: &Answer, names: &Names) -> Message {
    let what = names.grant(grant.id);
    let text = match (&grant.state, &answered.read, &answered.change) {
        (GrantState::Ended(ended), _, _) => format!("{what} is over: {}.", super::causes::proof(&ended.proof, names)),
        (_, Err(trouble), _) => format!("I looked, and can't say about {what}. {}", super::notice::trouble(Some(trouble))),
        (_, Ok(_), Some(Change::Failed(trouble))) => {
            format!("I looked: {what} is still there. {}", super::notice::trouble(Some(trouble)))
        }
        (GrantState::Revoking(_), Ok(_), Some(Change::Made | Change::AlreadySo) | None) => {
            format!("I looked: {what} is still there. I keep trying, and say when it is over.")
        }
        (
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Active { .. }
            | GrantState::Void { .. }
            | GrantState::Failed { .. },
            Ok(_),
            Some(Change::Made | Change::AlreadySo) | None,
        ) => format!("I looked at {what}: {}.", grant.state.name()),
    };
    Message::sentence(&text)
}

/// The answer to whoever asked: who can decide until when, and why anybody has to where usually nobody does.
fn asked(
    request: String,
    people: &[PersonId],
    (answer_by, at_most, from_to): (Timestamp, Option<Timestamp>, Option<(Timestamp, Timestamp)>),
    not_at_once: Option<&NotAtOnce>,
    names: &Names,
) -> String {
    let asked = deciders(people, names);
    let by = names.zone.clock(answer_by);
    let at_most = match (from_to, at_most) {
        (Some(from_to), _) => format!(" {}", super::starting::begins(from_to, &names.zone)),
        (None, Some(at)) => format!(" It ends {} at the latest.", names.zone.day(at)),
        (None, None) => String::new(),
    };
    let why = match not_at_once {
        None => String::new(),
        Some(NotAtOnce::Unread { source }) => {
            format!(" It is not given at once, because I can't read {} at the moment.", plainly(source))
        }
        Some(NotAtOnce::UsedUp { uses, per }) => {
            let often = if *uses == 1 { "once".to_owned() } else { format!("{uses} times") };
            format!(" It is not given at once, because it already was {often} in {per}.")
        }
    };
    format!("Asked: {request}.{why} {asked} can decide until {by}.{at_most} I'll tell you here.")
}

fn deciders(people: &[PersonId], names: &Names) -> String {
    if people.is_empty() { "The approvers".to_owned() } else { names.people(people) }
}

#[cfg(test)]
mod tests;
