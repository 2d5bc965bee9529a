//! One decision, one transaction: the row, its audit line, the messages that became stale and the answer, or none of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::decide::{
    HoldingCommand, RequestCommand, RollBack, Undecided, decide_holding, decide_request, rolled_back, settle,
};
use crate::access::entitlement::Holding;
use crate::access::event::{Actor, Event};
use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{EntitlementId, GrantId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::Request;
use crate::access::time::{Now, Timestamp};
use crate::slack::block::Message;
use crate::slack::say::alternative::{Alternative, refused_with};
use crate::slack::say::names::Names;
use crate::slack::say::refusal::{refused, refused_but_can_revoke};
use crate::slack::say::reply::{Reply, reply};
use crate::store::{Inbox, StoreError, Tx};
use serde_json::Value;

use super::end::answers_for;
use super::policies::Loaded;
use super::sources::Fresh;
use super::telling::Telling;
use super::{App, names, paging};

/// How long it is remembered that something came in. Slack's own retries end after minutes.
const INBOX_KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// What somebody tries to do.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// Slack's own id of what came in.
    pub key: Option<String>,
    /// Who.
    pub actor: Actor,
    /// The verb, for the audit log.
    pub verb: &'static str,
    /// What it is about, where it names one.
    pub about: Option<String>,
}

impl Attempt {
    /// What to make of people of whom Slack says nothing: where it is asked, nobody acts without its word.
    pub(super) fn fresh(&self) -> Fresh {
        match self.actor {
            Actor::Host(_) | Actor::HostUser(_) => Fresh::OnHost,
            Actor::Person(_) | Actor::Account(_) | Actor::Daypass => Fresh::Now,
        }
    }
}

/// What the person is told.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// The answer.
    pub message: Message,
    /// Why not, if not.
    pub refusal: Option<Refusal>,
    /// What they may end instead; the answer has a button for it.
    pub may_end: Option<GrantId>,
}

/// What came of an attempt.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// It was decided now.
    Now(Told),
    /// The same came in before; this was the answer.
    Before(Option<Value>),
}

/// Why a job ends without its answer.
#[derive(Debug)]
pub enum Stop {
    /// The person gets a refusal instead.
    Refused(Refusal),
    /// What it was based on changed: decide anew.
    Stale,
    /// It could not be recorded.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Store(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

impl From<Undecided> for Stop {
    fn from(undecided: Undecided) -> Self {
        match undecided {
            Undecided::Refused(refusal) => Stop::Refused(refusal),
            Undecided::Illegal(illegal) => Stop::Store(StoreError::Illegal(Box::new(illegal))),
        }
    }
}

/// A transaction in which something is decided: whatever is recorded is told as well.
pub struct Work<'a, 't> {
    /// The rows.
    pub tx: &'a mut Tx<'t>,
    /// The moment of the decision.
    pub now: Now,
    /// Who makes it happen.
    pub actor: Actor,
    telling: Telling<'a>,
    recorded: usize,
    /// Requests of which a grant is over or on its way out.
    ending: BTreeSet<RequestId>,
}

impl<'a, 't> Work<'a, 't> {
    /// A transaction in which `actor` makes something happen at `now`.
    pub fn new(
        tx: &'a mut Tx<'t>,
        now: Now,
        actor: Actor,
        loaded: Option<&'a Loaded>,
        security_channel: Option<&'a str>,
    ) -> Self {
        let telling = Telling { set: loaded.map(|loaded| loaded.set.as_ref()), security_channel, at: now.at };
        Work { tx, now, actor, telling, recorded: 0, ending: BTreeSet::new() }
    }

    /// Records events in order, with the messages that they make stale.
    pub fn record(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        for event in events {
            self.tx.record(self.now.at, &self.actor, event.clone())?;
            self.telling.tell_everywhere(self.tx, &event)?;
            paging::follow(self.tx, &event, self.now.at)?;
            self.recorded += 1;
            self.end_extension_of(&event)?;
            self.note_ending(&event)?;
            self.ask_feedback(&event)?;
        }
        Ok(())
    }

    fn note_ending(&mut self, event: &Event) -> Result<(), StoreError> {
        let (Event::GrantFailed { grant, .. }
        | Event::GrantVoided { grant, .. }
        | Event::GrantRevoking { grant, .. }
        | Event::GrantEnded { grant, .. }) = event
        else {
            return Ok(());
        };
        self.ending.extend(self.tx.grant(*grant)?.map(|grant| grant.request));
        Ok(())
    }

    /// The last thing in a transaction: what was to be given all or not at all, and is not all there, is rolled back.
    fn roll_back(&mut self) -> Result<(), StoreError> {
        while let Some(request) = self.ending.pop_first() {
            let grants = self.tx.grants_of_request(request)?;
            for RollBack { grant, entitlement, cause } in rolled_back(&grants) {
                match self.on_holding(entitlement, HoldingCommand::End { grant, cause }) {
                    Ok(()) | Err(Stop::Refused(_) | Stop::Stale) => {}
                    Err(Stop::Store(error)) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// A request for more time ends with the access that it was for.
    fn end_extension_of(&mut self, event: &Event) -> Result<(), StoreError> {
        let (Event::GrantRevoking { grant, .. } | Event::GrantEnded { grant, .. }) = event else { return Ok(()) };
        let Some(request) = self.tx.pending_extension_of(*grant)? else { return Ok(()) };
        let why = "the access ended before anybody decided".to_owned();
        self.record(vec![Event::RequestInvalidated { request, at: self.now.at, why }])
    }

    /// What makes messages stale.
    pub fn telling(&mut self) -> (&Telling<'a>, &mut Tx<'t>) {
        (&self.telling, self.tx)
    }

    /// A request, with the time that has passed applied to it.
    pub(super) fn request(&mut self, id: RequestId) -> Result<Request, Stop> {
        self.on_request(id, RequestCommand::Tick)
    }

    /// Decides about a request and gives it back as it is then.
    pub fn on_request(&mut self, id: RequestId, command: RequestCommand) -> Result<Request, Stop> {
        let request = self.tx.request(id)?.ok_or(Refusal::NoSuchRequest { request: id })?;
        let events = decide_request(&request, command, self.now)?;
        if events.is_empty() {
            return Ok(request);
        }
        self.record(events)?;
        Ok(self.tx.request(id)?.unwrap_or(request))
    }

    /// The holding that a grant claims.
    pub(super) fn holding_of(&mut self, grant: GrantId) -> Result<Holding, Stop> {
        Ok(self.tx.holding_of_grant(grant)?.ok_or(Refusal::NoSuchGrant { grant })?)
    }

    /// Decides about a holding, and about the requests whose grants are void then.
    pub fn on_holding(&mut self, id: EntitlementId, command: HoldingCommand) -> Result<(), Stop> {
        let Some(holding) = self.tx.holding(id)? else { return Ok(()) };
        let events = decide_holding(&holding, command, self.now)?;
        let voided: Vec<GrantId> = events
            .iter()
            .filter_map(|event| match event {
                Event::GrantVoided { grant, .. } => Some(*grant),
                _ => None,
            })
            .collect();
        self.record(events)?;
        for grant in voided {
            self.settle(grant)?;
        }
        Ok(())
    }

    /// Runs a part and counts what it changed. A refusal is no change: nobody asked.
    pub fn count(&mut self, part: impl FnOnce(&mut Self) -> Result<(), Stop>) -> Result<usize, Stop> {
        let before = self.recorded;
        match part(self) {
            Ok(()) | Err(Stop::Refused(_)) => Ok(self.recorded - before),
            Err(stop) => Err(stop),
        }
    }

    fn settle(&mut self, grant: GrantId) -> Result<(), Stop> {
        let Some(grant) = self.tx.grant(grant)? else { return Ok(()) };
        let Some(request) = self.tx.request(grant.request)? else { return Ok(()) };
        let grants: Vec<Grant> = self.tx.grants_of_request(request.id)?;
        let events = settle(&request, &grants, self.now);
        Ok(self.record(events)?)
    }
}

impl App {
    /// Lets Daypass itself decide something, in one transaction.
    ///
    /// # Errors
    ///
    /// When it could not be recorded. A refusal ends the job without an error: nobody asked.
    pub async fn decide<F>(&self, now: Now, job: F) -> Result<usize, StoreError>
    where
        F: FnOnce(&mut Work<'_, '_>) -> Result<usize, Stop> + Send + 'static,
    {
        let (loaded, security_channel) = (self.policies.current(), self.settings.security_channel.clone());
        let moved = self
            .store
            .write(move |tx| {
                let mut work = Work::new(tx, now, Actor::Daypass, loaded.as_deref(), security_channel.as_deref());
                let moved = match job(&mut work) {
                    Ok(moved) => moved,
                    Err(Stop::Refused(_) | Stop::Stale) => 0,
                    Err(Stop::Store(error)) => return Err(error),
                };
                work.roll_back()?;
                crate::failpoint::hit("before-commit");
                Ok(moved)
            })
            .await?;
        if moved > 0 {
            self.mail.notify_one();
            self.pages.notify_one();
        }
        Ok(moved)
    }

    /// Decides in one transaction, anew as often as what it is based on changes, and answers with what was committed.
    ///
    /// `job` is called with the policy set that is in force in the transaction. A refusal is recorded as well.
    pub(super) async fn transact<F>(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        job: F,
    ) -> Result<Outcome, Stop>
    where
        F: FnOnce(&mut Work<'_, '_>, &mut Names) -> Result<Reply, Stop> + Send + 'static,
    {
        let (attempt, loaded, mut names) = (attempt.clone(), Arc::clone(loaded), names.clone());
        let (policies, now) = (Arc::clone(&self.policies), self.now());
        let security_channel = self.settings.security_channel.clone();
        let outcome = self
            .store
            .write(move |tx| {
                let in_force = policies.current().is_some_and(|current| current.set.digest() == loaded.set.digest());
                if !in_force {
                    return Err(Stop::Stale);
                }
                if let Some(before) = seen_before(tx, &attempt, now.at)? {
                    return Ok(before);
                }
                let mut work = Work::new(tx, now, attempt.actor.clone(), Some(&loaded), security_channel.as_deref());
                let told = match job(&mut work, &mut names) {
                    Ok(said) => Told { message: reply(&said, &names), refusal: None, may_end: None },
                    Err(Stop::Refused(refusal)) => refuse(&mut work, &attempt, refusal, &mut names)?,
                    Err(stop) => return Err(stop),
                };
                work.roll_back()?;
                if let Some(key) = &attempt.key {
                    tx.inbox_answer(key, &told.message.to_answer().to_string())?;
                }
                crate::failpoint::hit("before-commit");
                Ok(Outcome::Now(told))
            })
            .await?;
        crate::failpoint::hit("after-commit");
        self.stir();
        Ok(outcome)
    }

    /// Records that somebody did not get what they asked for, and answers.
    pub(super) async fn refuse(&self, attempt: &Attempt, names: &Names, refusal: Refusal) -> Result<Outcome, StoreError> {
        self.refuse_with(attempt, names, refusal, None).await
    }

    /// The same, with what could be done instead.
    pub(super) async fn refuse_with(
        &self,
        attempt: &Attempt,
        names: &Names,
        refusal: Refusal,
        instead: Option<Alternative>,
    ) -> Result<Outcome, StoreError> {
        let (attempt, mut names, now) = (attempt.clone(), names.clone(), self.now());
        self.store
            .write(move |tx| {
                if let Some(before) = seen_before(tx, &attempt, now.at)? {
                    return Ok(before);
                }
                let mut work = Work::new(tx, now, attempt.actor.clone(), None, None);
                let mut told = refuse(&mut work, &attempt, refusal.clone(), &mut names)?;
                if let Some(instead) = instead {
                    told.message = refused_with(&refusal, &instead, &names);
                }
                if let Some(key) = &attempt.key {
                    tx.inbox_answer(key, &told.message.to_answer().to_string())?;
                }
                crate::failpoint::hit("before-commit");
                Ok(Outcome::Now(told))
            })
            .await
    }
}

fn seen_before(tx: &mut Tx<'_>, attempt: &Attempt, at: Timestamp) -> Result<Option<Outcome>, StoreError> {
    let Some(key) = &attempt.key else { return Ok(None) };
    match tx.inbox_begin(key, at, at.plus(INBOX_KEPT))? {
        Inbox::New => Ok(None),
        Inbox::Seen { answer } => Ok(Some(Outcome::Before(answer.and_then(|answer| serde_json::from_str(&answer).ok())))),
    }
}

fn refuse(work: &mut Work<'_, '_>, attempt: &Attempt, refusal: Refusal, names: &mut Names) -> Result<Told, StoreError> {
    names::learn_refusal(work.tx, &refusal, names)?;
    let kept = refusal.clone().without_words();
    let event = Event::Refused { attempt: attempt.verb.to_owned(), about: attempt.about.clone(), refusal: kept };
    work.record(vec![event])?;
    let may_end = if attempt.verb == "deny" { denied_too_late(work, attempt, &refusal, names)? } else { None };
    let message = match may_end {
        Some(grant) => refused_but_can_revoke(&refusal, grant, names),
        None => refused(&refusal, names),
    };
    Ok(Told { message, refusal: Some(refusal), may_end })
}

/// Whoever says no to what was approved meanwhile may end it, if they answer for it: as a revocation, not as a decision.
fn denied_too_late(
    work: &Work<'_, '_>,
    attempt: &Attempt,
    refusal: &Refusal,
    names: &mut Names,
) -> Result<Option<GrantId>, StoreError> {
    let (Refusal::Decided { state, .. }, Some(by), Some(set)) = (refusal, attempt.actor.person(), work.telling.set) else {
        return Ok(None);
    };
    let Some(id) = attempt.about.as_deref().filter(|_| state == "approved").and_then(|about| about.parse().ok()) else {
        return Ok(None);
    };
    for grant in work.tx.grants_of_request(id)? {
        let is_going = grant.is_over() || matches!(grant.state, GrantState::Revoking(_));
        if !is_going && answers_for(set, work.tx, &grant, by)? {
            names::learn_grant(names, work.tx, &grant)?;
            return Ok(Some(grant.id));
        }
    }
    Ok(None)
}
