//! Alarms for admins, from what the outbox says that they are about. Their text is in `say`.

use crate::access::ids::{GrantId, RequestId};
use crate::slack::say::names::Names;
use crate::slack::say::notice::Alarm;
use crate::store::outbox::{MessageKey, MessageKind};
use crate::store::{Reader, StoreError};

use super::messages::{Kind, Moment};
use super::names;

/// The alarm that a message is, read off what it is about; `None` for what is no alarm.
pub(super) fn alarm_of(kind: &Kind, key: &MessageKey) -> Option<Alarm> {
    match kind {
        Kind::Drifted => key.about.parse().ok().map(|grant| Alarm::Drifted { grant }),
        Kind::SecretAskedAgain => key.about.parse().ok().map(|grant| Alarm::SecretAskedAgain { grant }),
        Kind::ClockSuspect(_) => Some(Alarm::ClockSuspect),
        Kind::ClockSound(_) => Some(Alarm::ClockSound),
        Kind::PolicyRefused(_) => Some(Alarm::PolicyRefused { problems: vec![key.about.clone()] }),
        Kind::Finding(_) => {
            let (request, what) = key.about.split_once(' ')?;
            Some(Alarm::Finding { request: request.parse().ok()?, what: what.to_owned() })
        }
        Kind::NoPlace(_) => {
            let (channel, code) = key.about.split_once('\n')?;
            Some(Alarm::NoPlace { channel: channel.to_owned(), code: code.to_owned() })
        }
        Kind::Stranger(_) => {
            let (team, user) = super::strangers::account_of(key)?;
            Some(Alarm::Stranger { team, user })
        }
        Kind::Undelivered => {
            let mut lines = key.about.splitn(4, '\n');
            let (about, kind, to, code) = (lines.next()?, lines.next()?, lines.next()?.parse().ok()?, lines.next()?);
            let that = Kind::read(&MessageKind(kind.to_owned())).map_or("", |kind| missed(&kind));
            Some(Alarm::Undelivered { to, about: about.to_owned(), that, code: code.to_owned() })
        }
        Kind::ProviderMoved => key.about.parse().ok().map(|provider| Alarm::ProviderMoved { provider }),
        Kind::LeftOver => {
            let mut lines = key.about.splitn(3, '\n').map(str::to_owned);
            let (provider, account, thing) = (lines.next()?.parse().ok()?, lines.next()?, lines.next()?);
            Some(Alarm::LeftOver { provider, account, thing })
        }
        Kind::Card
        | Kind::Status
        | Kind::Question(_)
        | Kind::Answered(_)
        | Kind::PassedOn
        | Kind::Less(_)
        | Kind::Decided
        | Kind::Reminder(_)
        | Kind::StillWaiting(_)
        | Kind::PageFails
        | Kind::Glass
        | Kind::Review
        | Kind::ReviewOverdue(_)
        | Kind::Reviewed
        | Kind::News(_)
        | Kind::Warning(_)
        | Kind::Overdue(_)
        | Kind::OverdueIsOver
        | Kind::PolicyChanged(_)
        | Kind::CutShort(_)
        | Kind::Digest(_)
        | Kind::LockSet
        | Kind::LockTable
        | Kind::LockOver
        | Kind::Draining(_)
        | Kind::StandsIn(_)
        | Kind::Home
        | Kind::Door => None,
    }
}

/// What somebody does not know whom a message did not reach: a clause, or nothing where the thing itself says it.
fn missed(kind: &Kind) -> &'static str {
    match kind {
        Kind::Card | Kind::PassedOn | Kind::Reminder(_) => "that an answer of theirs is awaited",
        Kind::StandsIn(_) => "that they stand in for somebody",
        Kind::Question(_) => "that a question waits for their answer",
        Kind::Answered(_) => "what their question was answered",
        Kind::Less(_) => "that it will be less time",
        Kind::Glass => "that the glass was broken",
        Kind::Review | Kind::ReviewOverdue(_) => "that a review of theirs is awaited",
        Kind::Decided => "what was decided",
        Kind::StillWaiting(_) => "that nobody has answered yet",
        Kind::Reviewed => "what came of the review",
        Kind::News(Moment::InForce) => "that it is in force",
        Kind::News(Moment::Extended) => "that it has more time",
        Kind::News(Moment::Over) => "that it is over, or could not be given",
        Kind::Warning(_) => "that it ends soon",
        Kind::CutShort(_) => "that it ended early",
        Kind::Overdue(_) => "that its end is overdue",
        Kind::OverdueIsOver => "that it is over after all",
        Kind::Status => "what became of it",
        Kind::LockTable => "what became of what the lock takes back",
        Kind::LockOver => "that the lock is over",
        Kind::PageFails
        | Kind::Drifted
        | Kind::ProviderMoved
        | Kind::SecretAskedAgain
        | Kind::LeftOver
        | Kind::ClockSuspect(_)
        | Kind::ClockSound(_)
        | Kind::PolicyRefused(_)
        | Kind::PolicyChanged(_)
        | Kind::Finding(_)
        | Kind::Digest(_)
        | Kind::LockSet
        | Kind::Draining(_)
        | Kind::Home
        | Kind::Door
        | Kind::NoPlace(_)
        | Kind::Stranger(_)
        | Kind::Undelivered => "",
    }
}

/// With the names of what an alarm is about, `R-42` or `G-57`.
pub(super) fn named(reader: &Reader<'_>, mut names: Names, about: &str) -> Result<Names, StoreError> {
    let (request, grant) = (about.parse::<RequestId>().ok(), about.split(' ').next().unwrap_or_default().parse::<GrantId>().ok());
    if let Some(grant) = grant.map(|id| reader.grant(id)).transpose()?.flatten() {
        names::learn_grant(&mut names, reader, &grant)?;
    }
    if let Some(request) = request.map(|id| reader.request(id)).transpose()?.flatten() {
        names::learn(&mut names, &request, &[]);
    }
    Ok(names)
}
