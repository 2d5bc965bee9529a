//! Ending access before its time: by whoever holds it, or by those who answer for it.

use std::sync::Arc;

use crate::access::decide::HoldingCommand;
use crate::access::event::Event;
use crate::access::grant::{EndCause, Grant};
use crate::access::ids::{GrantId, PersonId};
use crate::access::refusal::Refusal;
use crate::access::words::Words;
use crate::policy::PolicySet;
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;
use crate::store::{Reader, StoreError};

use super::policies::Loaded;
use super::transact::{Attempt, Outcome, Stop, Work};
use super::{App, names};

/// Which grant to end, and as whom.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    /// One's own; the only one where no number is given.
    Own(Option<GrantId>),
    /// Anybody's, by those who may, and why, where they said so.
    Anybodys(GrantId, Words),
}

impl App {
    /// Ends a grant now.
    pub(super) async fn end(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (by, ending): (PersonId, Ending),
    ) -> Result<Outcome, Stop> {
        let is_admin = self.is_admin(&by);
        let (set, ids) = (Arc::clone(&loaded.set), self.policies.ids_of(&by));
        self.transact(attempt, loaded, names, move |work, names| {
            let (grant, revoked) = match ending {
                Ending::Own(Some(id)) => (found(work, id)?, None),
                Ending::Own(None) => (the_only_one(work.tx, &ids)?, None),
                Ending::Anybodys(id, reason) => (found(work, id)?, Some(reason)),
            };
            names::learn_grant(names, work.tx, &grant)?;
            let request = work.tx.request(grant.request)?;
            let cause = if ids.contains(&grant.person) {
                EndCause::HandedBack
            } else if revoked.is_some() && (is_admin || answers_for(&set, work.tx, &grant, &by)?) {
                EndCause::RevokedBy(by.clone())
            } else {
                return Err(Refusal::NotYours.into());
            };
            let reason = revoked.filter(|reason| !reason.is_empty());
            let why = reason.map(|reason| Event::EndReason { grant: grant.id, by, reason });
            if let Some(request) = request.filter(|request| request.terms.is_bundle()) {
                // Nobody decided about a part of it: whoever ends one ends all.
                let grants = work.end_all(request.id, &cause)?;
                work.record(why.into_iter().collect())?;
                names::learn(names, &request, &grants);
                return Ok(Reply::EndingAll { request: request.id, grants: grants.iter().map(|grant| grant.id).collect() });
            }
            if grant.is_over() {
                let state = grant.state.name().to_owned();
                return Err(Refusal::GrantOver { grant: grant.id, state }.into());
            }
            work.on_holding(grant.entitlement, HoldingCommand::End { grant: grant.id, cause })?;
            work.record(why.into_iter().collect())?;
            Ok(Reply::Ending { grant: grant.id })
        })
        .await
    }
}

fn found(work: &Work<'_, '_>, id: GrantId) -> Result<Grant, Stop> {
    Ok(work.tx.grant(id)?.ok_or(Refusal::NoSuchGrant { grant: id })?)
}

/// The only open grant of a person, under whichever of these ids.
pub(super) fn the_only_one(reader: &Reader<'_>, ids: &[PersonId]) -> Result<Grant, Stop> {
    let mut open = Vec::new();
    for id in ids {
        open.extend(reader.open_grants_of(id)?);
    }
    match open.as_slice() {
        [only] => Ok(only.clone()),
        // All of one bundle: what is done to one is done to all.
        [first, rest @ ..] if rest.iter().all(|grant| grant.request == first.request) => Ok(first.clone()),
        [] => Err(Refusal::NothingHeld.into()),
        several => Err(Refusal::WhichGrant { grants: several.iter().map(|grant| grant.id).collect() }.into()),
    }
}

/// Owners of the resource (of a bundle, of any part of it) and the person's sponsor answer for a grant.
pub(super) fn answers_for(set: &PolicySet, reader: &Reader<'_>, grant: &Grant, by: &PersonId) -> Result<bool, StoreError> {
    let is_sponsor =
        set.person(&grant.person).and_then(|person| person.sponsor.as_ref()).is_some_and(|sponsor| sponsor.value == *by);
    let Some(request) = reader.request(grant.request)? else { return Ok(is_sponsor) };
    Ok(is_sponsor || super::bundle::is_owner(set, &request.terms, by))
}
