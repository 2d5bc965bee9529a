//! Reminding those who are asked: by the rule while nobody answers, and by hand. Who that is, is looked up at the moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::decide::RequestCommand;
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::remind::Reminder;
use crate::access::request::Request;
use crate::access::time::{Now, Timestamp, Trust};
use crate::policy::{Outside, PolicySet};
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;
use crate::store::StoreError;

use super::policies::Loaded;
use super::sources::{Fresh, groups_of};
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
    /// Reminds those who are asked, where the rule of a request says so by now. Returns how much changed.
    ///
    /// # Errors
    ///
    /// When it could not be recorded.
    pub async fn remind_by_rule(&self, id: RequestId) -> Result<usize, StoreError> {
        let now = self.now();
        // Without a policy set nobody is known who could be reminded. It is held until there is one.
        let Some(loaded) = self.policies.current() else { return Ok(0) };
        let Some(request) = self.store.read(move |reader| reader.request(id)).await? else { return Ok(0) };
        let Some(reminder) = due(&request, now) else { return Ok(0) };
        if reminder == Reminder::First {
            // Nobody is asked as well whom the rules of today do not name.
            self.reassess(id).await?;
        }
        let outside = self.outside_of(&loaded, std::slice::from_ref(&request)).await;
        self.decide(now, move |work| work.count(|work| by_rule(work, &loaded.set, &outside, id))).await
    }

    /// Who is in the groups that matter. Everybody is taken for an active member: nothing is decided on it, and whoever acts is
    /// looked up. While Slack says nothing, what the files say has to do.
    pub(super) async fn outside_of(&self, loaded: &Loaded, requests: &[Request]) -> Outside {
        let groups = requests.iter().flat_map(|request| groups_of(&loaded.set, request)).collect();
        let outside = self.outside(loaded, &[], &groups, Fresh::Lately).await;
        match outside {
            Ok(outside) => outside,
            Err(_) => Outside::assumed_active().with_away(self.away().await),
        }
    }

    /// Reminds those who are asked because whoever asked wants it; without a number, of their only pending request.
    pub(super) async fn remind(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (by, request): (PersonId, Option<RequestId>),
    ) -> Result<Outcome, Stop> {
        let id = match request {
            Some(id) => id,
            None => {
                let asker = by.clone();
                withdraw::the_only_one(&self.store.read(move |reader| reader.pending_requests_of(&asker)).await?, "remind")?
            }
        };
        let pinned = self.pinned(id).await?;
        let (set, outside) = (Arc::clone(&loaded.set), self.outside_of(loaded, std::slice::from_ref(&pinned.request)).await);
        self.transact(attempt, loaded, names, move |work, names| by_hand(work, names, (&set, &outside), (by, id))).await
    }
}

/// The reminder that is due by the rule, if one is.
fn due(request: &Request, now: Now) -> Option<Reminder> {
    let is_open = request.state.is_pending() && now.trust == Trust::Sound;
    request.next_reminder().filter(|(_, at)| is_open && *at <= now.at).map(|(reminder, _)| reminder)
}

fn by_rule(work: &mut Work<'_, '_>, set: &PolicySet, outside: &Outside, id: RequestId) -> Result<(), Stop> {
    let Some(before) = work.tx.request(id)? else { return Ok(()) };
    let after = work.on_request(id, RequestCommand::RemindByRule)?;
    if after.version == before.version {
        return Ok(());
    }
    let again = lists::awaited(set, &before, outside);
    let newly = lists::awaited(set, &after, outside).difference(&again).cloned().collect();
    tell(work, id, &Reached { again, newly })
}

fn by_hand(
    work: &mut Work<'_, '_>,
    names: &mut Names,
    (set, outside): (&PolicySet, &Outside),
    (by, id): (PersonId, RequestId),
) -> Result<Reply, Stop> {
    let request = work.request(id)?;
    let is_theirs = by == request.terms.subject || by == request.filed_by;
    if is_theirs {
        names::learn(names, &request, &[]);
    }
    let again = lists::awaited(set, &request, outside);
    if is_theirs && request.state.is_pending() && again.is_empty() {
        let steps = lists::needed(set, &request, &outside.away).into_iter().map(|needed| needed.by).collect();
        return Err(Refusal::NobodyCanApprove { steps }.into());
    }
    work.on_request(id, RequestCommand::RemindByHand(by))?;
    let people = again.iter().cloned().collect();
    tell(work, id, &Reached { again, newly: BTreeSet::new() })?;
    Ok(Reply::Reminded { request: id, people })
}

fn tell(work: &mut Work<'_, '_>, id: RequestId, reached: &Reached) -> Result<(), Stop> {
    let at: Timestamp = work.now.at;
    let (telling, tx) = work.telling();
    Ok(telling.remind(tx, id, at, reached)?)
}
