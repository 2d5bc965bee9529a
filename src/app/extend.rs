//! More time: a request of its own, bound to a grant that is in force. It never revives what is on its way out.

use std::sync::Arc;

use crate::access::decide::{HoldingCommand, Reassessment, RequestCommand};
use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::{Purpose, Request};
use crate::access::time::Ttl;
use crate::access::words::Words;
use crate::policy::asking::outlook;
use crate::policy::facts::Manner;
use crate::policy::{Verdict, electorate};
use crate::slack::block::View;
use crate::slack::say::forms::{self, ExtendForm};
use crate::slack::say::names::{self, Names};

use super::ask::{Want, Wish};
use super::policies::Loaded;
use super::sources::Fresh;
use super::transact::{Attempt, Outcome, Stop, Work};
use super::when::When;
use super::{App, glass};

/// How much more time, for which grant, and why.
#[derive(Debug, Clone)]
pub(super) struct More {
    /// The grant; the only one where no number is given.
    pub grant: Option<GrantId>,
    /// How much more.
    pub by: Ttl,
    /// Why.
    pub reason: Words,
}

impl App {
    /// Asks for more time.
    pub(super) async fn ask_more(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (person, more): (PersonId, More),
    ) -> Result<Outcome, Stop> {
        let wish = self.wish_for_more(&person, more).await?;
        self.ask(attempt, loaded, names, wish).await
    }

    /// The wish that stands for more time, if the grant is this person's and in force.
    pub(super) async fn wish_for_more(&self, person: &PersonId, more: More) -> Result<Wish, Stop> {
        let who = person.clone();
        let found = self
            .store
            .read(move |reader| {
                let grant = match more.grant {
                    Some(id) => match reader.grant(id)?.filter(|grant| grant.person == who) {
                        Some(grant) => grant,
                        None => return Ok(Err(Refusal::NoSuchGrant { grant: id })),
                    },
                    None => match super::end::the_only_one(reader, std::slice::from_ref(&who)) {
                        Ok(grant) => grant,
                        Err(Stop::Refused(refusal)) => return Ok(Err(refusal)),
                        Err(Stop::Store(error)) => return Err(error),
                        Err(Stop::Stale) => return Ok(Err(Refusal::NothingHeld)),
                    },
                };
                let request = reader.request(grant.request)?;
                let times = reader.extensions_of(grant.id)?;
                Ok(Ok((grant, request, times)))
            })
            .await?;
        let (grant, request, times) = found?;
        let request = request.ok_or(Refusal::NoSuchGrant { grant: grant.id })?;
        if request.terms.is_bundle() {
            return Err(Refusal::BundleNotExtended { bundle: request.terms.resource }.into());
        }
        let (active_at, ends_at) = in_force(&grant)?;
        Ok(Wish {
            subject: person.clone(),
            filed_by: person.clone(),
            resource: request.terms.resource,
            role: request.terms.role,
            access_for: more.by,
            when: When::default(),
            reason: if more.reason.is_empty() { request.reason } else { more.reason },
            purpose: Want::MoreTime { grant: grant.id, times, active_at, ends_at, given: request.mode },
            manner: Manner::Usual,
        })
    }
}

fn in_force(grant: &Grant) -> Result<(crate::access::time::Timestamp, crate::access::time::Timestamp), Refusal> {
    match &grant.state {
        GrantState::Active { active_at, ends_at, .. } => Ok((*active_at, *ends_at)),
        GrantState::Planned | GrantState::Checking { .. } | GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. } => {
            Err(Refusal::NotInForce { grant: grant.id })
        }
        GrantState::Revoking(_) | GrantState::Void { .. } | GrantState::Failed { .. } | GrantState::Ended(_) => {
            Err(Refusal::GrantOver { grant: grant.id, state: grant.state.name().to_owned() })
        }
    }
}

/// An extension of something that is over cannot be approved any more: the request ends with a reason, and the click with a
/// refusal.
pub(super) fn refuse_what_is_over(work: &mut Work<'_, '_>, request: &Request) -> Result<(), Stop> {
    let Purpose::Extension(id) = request.terms.purpose else { return Ok(()) };
    let holding = work.holding_of(id)?;
    // What ended by time ends now, not at the next round of the worker.
    work.on_holding(holding.entitlement.id, HoldingCommand::Tick)?;
    let Some(grant) = work.tx.grant(id)? else { return Err(Refusal::NoSuchGrant { grant: id }.into()) };
    match in_force(&grant) {
        Ok(_) => Ok(()),
        Err(refusal) => {
            let why = "the access had ended already".to_owned();
            let command = RequestCommand::Reassess { verdict: Reassessment::Forbidden { why }, electorate: Vec::new() };
            work.on_request(request.id, command)?;
            Err(refusal.into())
        }
    }
}

/// More time was agreed: the grant's end moves, after the provider's own end where it has one.
pub(super) fn agree(work: &mut Work<'_, '_>, request: RequestId, id: GrantId) -> Result<(), Stop> {
    let asked = work.tx.request(request)?.ok_or(Refusal::NoSuchRequest { request })?;
    let holding = work.holding_of(id)?;
    let grant = holding.grant(id).ok_or(Refusal::NoSuchGrant { grant: id })?;
    let (_, ends_at) = in_force(grant)?;
    let to = ends_at.plus(asked.terms.access_for).min(asked.ends_at_most);
    work.on_holding(holding.entitlement.id, HoldingCommand::Extend { grant: id, request, to })
}

/// What is offered as more time, where the policy allows it.
const MORE: [i64; 5] = [15, 30, 60, 120, 240];

impl App {
    /// The form for more time.
    pub(super) async fn extend_form(
        &self,
        loaded: &Arc<Loaded>,
        names: &Names,
        person: &PersonId,
        grant: Option<GrantId>,
    ) -> Result<View, Stop> {
        let mut offered = Vec::new();
        let mut last = None;
        let mut seen = None;
        for minutes in MORE {
            let Some(by) = Ttl::from_minutes(minutes) else { continue };
            let wish = self.wish_for_more(person, More { grant, by, reason: Words::default() }).await?;
            let (facts, _) = self.judge_wish(loaded, &wish, Fresh::Lately).await?;
            let now = self.now().at;
            match outlook(&loaded.set, &facts, now) {
                Verdict::Allow { mode, .. } if glass::is_unagreed(&wish, mode) => last = Some(Refusal::GlassNotExtended),
                Verdict::Allow { steps, ends_at_most, .. } => {
                    offered.push(by);
                    let voters = electorate(&loaded.set, &steps, person, person, &facts.outside, now);
                    let mut asked: Vec<PersonId> = voters.into_iter().flatten().collect();
                    asked.sort();
                    asked.dedup();
                    seen = Some((wish, asked, ends_at_most));
                }
                Verdict::Deny { refusal, trace, .. } => last = Some(glass::why_not(&wish, refusal, &trace)),
            }
        }
        let Some((wish, asked, at_most)) = seen else {
            return Err(last.unwrap_or(Refusal::NoExtension { times: 0 }).into());
        };
        let Want::MoreTime { grant, ends_at, .. } = wish.purpose else { return Err(Refusal::NothingHeld.into()) };
        let mut names = names.clone();
        let about =
            names::About { person: person.clone(), resource: wish.resource, role: wish.role, share: names::Share::Single };
        names.grants.insert(grant, about);
        let form = ExtendForm { grant, ends_at, lengths: &offered, at_most, asked: &asked, names: &names };
        forms::extend_form(&form).ok_or(Stop::Refused(Refusal::NoExtension { times: 0 }))
    }
}
