//! Approving: rights are looked up at the click, under the rules of then and of now, and the approval is of the terms shown.

use std::sync::Arc;

use crate::access::decide::{NoteRule, RequestCommand, ShorterApproval};
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::{Purpose, Request, RequestState, Terms, TermsHash};
use crate::access::time::Ttl;
use crate::access::words::Words;
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;

use super::ask::terms_hash;
use super::lists::needed_of;
use super::lock::Reach;
use super::plan::{Planned, claims};
use super::policies::Loaded;
use super::reassess::{Pinned, Today, concerned};
use super::transact::{Attempt, Outcome, Stop, Work};
use super::{App, extend, names};

/// A yes as it came in.
#[derive(Debug, Clone)]
pub(super) struct Yes {
    /// Who.
    pub by: PersonId,
    /// To which request.
    pub request: RequestId,
    /// To which terms.
    pub terms: TermsHash,
    /// Why, where they said so.
    pub note: Words,
    /// How long it is to be instead, where they agree to less.
    pub shorter: Option<Ttl>,
}

impl App {
    /// Records an approval; the last one brings the grants about.
    pub(super) async fn approve(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        yes: Yes,
    ) -> Result<Outcome, Stop> {
        self.follow_bundle(loaded, yes.request).await?;
        let pinned = self.pinned(yes.request).await?;
        let (today, planned) = if pinned.request.state.is_pending() {
            let today = self.today(loaded, &pinned, &deciding(&pinned.request, &yes.by), attempt.fresh()).await?;
            (Some(today), self.plan_if_permitted(loaded, &pinned, &yes).await?)
        } else {
            (None, Vec::new())
        };
        let reach = self.reach();
        let job = move |work: &mut Work<'_, '_>, names: &mut Names| second(work, names, (&pinned, &reach), today, planned, yes);
        self.transact(attempt, loaded, names, job).await
    }

    /// Nothing is planned for a click that is refused anyway.
    async fn plan_if_permitted(&self, loaded: &Loaded, pinned: &Pinned, yes: &Yes) -> Result<Vec<Planned>, Refusal> {
        let own = yes.by == pinned.request.terms.subject || yes.by == pinned.request.filed_by;
        if own || yes.terms != pinned.request.terms_hash { Ok(Vec::new()) } else { self.plan(loaded, &pinned.request).await }
    }
}

/// Those whose standing an approval depends on: who approves now, and who did before.
pub(super) fn deciding(request: &Request, by: &PersonId) -> Vec<PersonId> {
    let mut people = concerned(request);
    people.push(by.clone());
    people
}

fn second(
    work: &mut Work<'_, '_>,
    names: &mut Names,
    (pinned, reach): (&Pinned, &Reach),
    today: Option<Today>,
    planned: Vec<Planned>,
    yes: Yes,
) -> Result<Reply, Stop> {
    let id = yes.request;
    let known = work.tx.request(id)?.ok_or(Refusal::NoSuchRequest { request: id })?;
    names::learn(names, &known, &[]);
    if known.version != pinned.request.version {
        return Err(Stop::Stale);
    }
    let request = work.request(id)?;
    extend::refuse_what_is_over(work, &request)?;
    if request.state.is_pending() {
        work.refuse_locked(reach, &request.terms, &yes.by)?;
    }
    let electorate = match &today {
        Some(today) => {
            work.on_request(id, today.command())?;
            today.electorate.clone()
        }
        None => Vec::new(),
    };
    let note_rule = today.map_or(NoteRule::Optional, |today| today.note_rule);
    let claims = claims(planned, work.tx)?;
    let Yes { by, terms, note, .. } = yes;
    let voters = electorate.clone();
    let command = match yes.shorter {
        None => RequestCommand::Approve { by, terms, electorate: voters, note, note_rule, claims },
        Some(access_for) => {
            let shorter_terms = terms_hash(&Terms { access_for, ..request.terms.clone() });
            let electorate = voters;
            let shorter = ShorterApproval { by, terms, electorate, note, note_rule, claims, access_for, shorter_terms };
            RequestCommand::ApproveShorter(shorter)
        }
    };
    let after = work.on_request(id, command)?;
    if !matches!(after.state, RequestState::Approved { .. }) {
        return Ok(Reply::Seconded { request: id, still: needed_of(&after, &electorate) });
    }
    if let Purpose::Extension(grant) = after.terms.purpose {
        extend::agree(work, id, grant)?;
    }
    let starts_at = after.start_at.filter(|start| *start > work.now.at);
    Ok(Reply::Approved { request: id, starts_at })
}
