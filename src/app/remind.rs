//! Reminding those who are asked: by the rule while nobody answers, and by hand. Who that is, is looked up at the moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::decide::RequestCommand;
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::remind::Reminder;
use crate::access::request::Request;
use crate::access::time::{Now, Timestamp, Trust};
use crate::policy::Outside;
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;
use crate::store::StoreError;

use super::policies::Loaded;
use super::transact::{Attempt, Outcome, Stop, Work};
use super::{App, lists, names, withdraw};

/// Whom a reminder reaches.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// Those who were asked before: they are reminded.
    pub again: BTreeSet<PersonId>,
    /// Those who are asked from now on: they get the card.
    pub newly: BTreeSet<PersonId>,
}

impl App {
    /// Applies the time that has passed to a request: it expires, or people are reminded. Returns how much changed.
    ///
    /// # Errors
    ///
    /// When it could not be recorded.
    pub async fn tick_request(&self, id: RequestId, now: Now) -> Result<usize, StoreError> {
        let expired =
            self.decide(now, move |work| work.count(|work| work.on_request(id, RequestCommand::Tick).map(drop))).await?;
        // Without a policy set nobody is known who could be reminded. It is held until there is one.
        let Some(loaded) = self.policies.current().filter(|_| expired == 0) else { return Ok(expired) };
        let Some(request) = self.store.read(move |reader| reader.request(id)).await? else { return Ok(0) };
        let Some(reminder) = due(&request, now) else { return Ok(0) };
        if reminder == Reminder::First {
            // Nobody is asked as well whom the rules of today do not name.
            self.reassess(id).await?;
        }
        self.decide(now, move |work| work.count(|work| by_rule(work, &loaded, id))).await
    }

    /// Reminds those who are asked because whoever asked wants it; without a number, of their only pending request.
    pub(super) async fn remind(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (by, request): (PersonId, Option<RequestId>),
    ) -> Result<Outcome, Stop> {
        let in_force = Arc::clone(loaded);
        self.transact(attempt, loaded, names, move |work, names| {
            let id = match request {
                Some(id) => id,
                None => withdraw::the_only_one(work, &by, "remind")?,
            };
            by_hand(work, names, &in_force, (by, id))
        })
        .await
    }
}

/// The reminder that is due by the rule, if one is.
fn due(request: &Request, now: Now) -> Option<Reminder> {
    let is_open = request.state.is_pending() && now.trust == Trust::Sound;
    request.next_reminder().filter(|(_, at)| is_open && *at <= now.at).map(|(reminder, _)| reminder)
}

fn by_rule(work: &mut Work<'_, '_>, loaded: &Loaded, id: RequestId) -> Result<(), Stop> {
    let Some(before) = work.tx.request(id)? else { return Ok(()) };
    let after = work.on_request(id, RequestCommand::RemindByRule)?;
    if after.version == before.version {
        return Ok(());
    }
    let again = lists::awaited(&loaded.set, &before, &outside());
    let newly = lists::awaited(&loaded.set, &after, &outside()).difference(&again).cloned().collect();
    tell(work, id, &Reached { again, newly })
}

fn by_hand(work: &mut Work<'_, '_>, names: &mut Names, loaded: &Loaded, (by, id): (PersonId, RequestId)) -> Result<Reply, Stop> {
    let request = work.request(id)?;
    let is_theirs = by == request.terms.subject || by == request.filed_by;
    if is_theirs {
        names::learn(names, &request, &[]);
    }
    let again = lists::awaited(&loaded.set, &request, &outside());
    if is_theirs && request.state.is_pending() && again.is_empty() {
        let steps = lists::needed(&loaded.set, &request).into_iter().map(|needed| needed.by).collect();
        return Err(Refusal::NobodyCanApprove { steps }.into());
    }
    work.on_request(id, RequestCommand::RemindByHand(by))?;
    let people = again.iter().cloned().collect();
    tell(work, id, &Reached { again, newly: BTreeSet::new() })?;
    Ok(Reply::Reminded { request: id, people })
}

/// Everybody is taken for an active member: nothing is decided on it, and whoever acts is looked up.
fn outside() -> Outside {
    Outside::assumed_active()
}

fn tell(work: &mut Work<'_, '_>, id: RequestId, reached: &Reached) -> Result<(), Stop> {
    let at: Timestamp = work.now.at;
    let (telling, tx) = work.telling();
    Ok(telling.remind(tx, id, at, reached)?)
}
