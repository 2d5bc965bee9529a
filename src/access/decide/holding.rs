//! What may happen to an entitlement and the grants that claim it: time, ends, extensions, and the calls that are owed.
//!
//! Whatever happens, the target is recomputed from the live grants afterwards, and what differs is owed. Nothing here depends
//! on a policy, a person's rights or Slack: whoever sends a command has checked those.

use std::time::Duration;

use super::super::entitlement::{Answer, Errand, Holding, Prior};
use super::super::event::Event;
use super::super::grant::{EndCause, Grant, GrantState, Proof, VoidCause};
use super::super::ids::{GrantId, PersonId, RequestId};
use super::super::queue::QueueChange;
use super::super::refusal::Refusal;
use super::super::time::{Now, Timestamp};
use super::super::words::Words;
use super::Undecided;
use super::answer;
use super::draft::{Draft, GiveUp};

/// What can be done to a holding.
#[derive(Debug, Clone)]
pub enum HoldingCommand {
    /// Time passed.
    Tick,
    /// Time passed, and what is planned and due begins. Nothing else lets it: whoever sends this has asked today's rules about it.
    Begin,
    /// Look at what is there, in case somebody changed it.
    Look,
    /// Somebody wants what is owed to be tried again now, and not when its time has come.
    LookAgain,
    /// Something with our mark was found that belongs to nothing: it is ours to remove.
    CleanUp,
    /// The worker is about to make the call that is owed.
    StartCall {
        /// How long it will wait for the answer.
        timeout: Duration,
    },
    /// The process that made the call in flight is gone: nobody waits for its answer any more.
    AbandonCall,
    /// The provider answered.
    Answer(Answer),
    /// A grant ends, or is given up before it began.
    End {
        /// Which.
        grant: GrantId,
        /// Why.
        cause: EndCause,
    },
    /// More time was agreed.
    Extend {
        /// For which grant.
        grant: GrantId,
        /// By which request.
        request: RequestId,
        /// Until when.
        to: Timestamp,
    },
    /// An end is brought forward.
    LowerEnd {
        /// Of which grant.
        grant: GrantId,
        /// To when.
        to: Timestamp,
        /// Why, as a sentence.
        why: String,
    },
    /// A named person vouches that an access is gone, because we cannot look.
    Attest {
        /// Which grant.
        grant: GrantId,
        /// Who.
        by: PersonId,
        /// What they say.
        why: Words,
    },
}

/// What follows from a command to a holding.
///
/// # Errors
///
/// The refusal that the person is told, or the contradiction in the stored state.
pub fn decide_holding(holding: &Holding, command: HoldingCommand, now: Now) -> Result<Vec<Event>, Undecided> {
    let mut draft = Draft { holding: holding.clone(), events: Vec::new(), now };
    match command {
        HoldingCommand::Tick => draft.give_up_call(GiveUp::WhenOverdue)?,
        HoldingCommand::Begin => {
            draft.give_up_call(GiveUp::WhenOverdue)?;
            draft.begin_planned()?;
        }
        HoldingCommand::AbandonCall => draft.give_up_call(GiveUp::Now)?,
        HoldingCommand::StartCall { timeout } => {
            draft.start_call(timeout)?;
            return Ok(draft.events);
        }
        HoldingCommand::Look => {
            if draft.holding.entitlement.prior != Prior::Unread && draft.holding.entitlement.due.is_none() {
                draft.owe(Errand::Observe, now.at)?;
            }
        }
        HoldingCommand::LookAgain => draft.look_again()?,
        HoldingCommand::CleanUp => draft.clean_up()?,
        HoldingCommand::Answer(given) => {
            // The process may have been stopped for long: what was seen then says nothing of now.
            draft.give_up_call(GiveUp::WhenOverdue)?;
            answer::take(&mut draft, given)?;
        }
        HoldingCommand::End { grant, cause } => draft.end(grant, cause)?,
        HoldingCommand::Extend { grant, request, to } => draft.extend(grant, request, to)?,
        HoldingCommand::LowerEnd { grant, to, why } => draft.lower_end(grant, to, why)?,
        HoldingCommand::Attest { grant, by, why } => draft.attest(grant, by, why)?,
    }
    draft.pass_time()?;
    draft.retarget()?;
    Ok(draft.events)
}

impl Draft {
    fn clean_up(&mut self) -> Result<(), Undecided> {
        let entitlement = &self.holding.entitlement;
        if entitlement.prior != Prior::Unread || !self.holding.grants.is_empty() || entitlement.in_flight.is_some() {
            return Ok(());
        }
        // Nobody but us put it there: its mark is a name that only this installation gives.
        let Some(fingerprint) = entitlement.description.fingerprint.clone() else { return Ok(()) };
        self.push(Event::PriorRead { entitlement: entitlement.id, prior: Prior::Absent, fingerprint })?;
        Ok(self.owe(Errand::Ensure, self.now.at)?)
    }

    fn end(&mut self, id: GrantId, cause: EndCause) -> Result<(), Undecided> {
        let grant = self.grant(id)?;
        let at = self.now.at;
        match &grant.state {
            GrantState::Planned | GrantState::Checking { .. } => {
                self.push(Event::GrantVoided { grant: id, at, why: void_cause(cause, &grant) })?;
            }
            GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. } | GrantState::Active { .. } => {
                self.push(Event::GrantRevoking { grant: id, at, due_at: at, cause })?;
            }
            GrantState::Revoking(_) | GrantState::Void { .. } | GrantState::Failed { .. } | GrantState::Ended(_) => {
                return Err(Refusal::GrantOver { grant: id, state: grant.state.name().to_owned() }.into());
            }
        }
        Ok(())
    }

    fn extend(&mut self, id: GrantId, request: RequestId, to: Timestamp) -> Result<(), Undecided> {
        let grant = self.grant(id)?;
        match &grant.state {
            GrantState::Active { ends_at, .. } if self.now.at < *ends_at && to > *ends_at => {
                Ok(self.push(Event::ExtensionAgreed { grant: id, request, to })?)
            }
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. } => Err(Refusal::NotInForce { grant: id }.into()),
            GrantState::Active { .. }
            | GrantState::Revoking(_)
            | GrantState::Void { .. }
            | GrantState::Failed { .. }
            | GrantState::Ended(_) => Err(Refusal::GrantOver { grant: id, state: grant.state.name().to_owned() }.into()),
        }
    }

    /// What was tried before still counts: one more try in between makes the waiting no shorter.
    fn look_again(&mut self) -> Result<(), Undecided> {
        let entitlement = &self.holding.entitlement;
        let (Some(due), None) = (entitlement.due.clone(), &entitlement.in_flight) else { return Ok(()) };
        let is_late = self.holding.grants.iter().any(|grant| matches!(grant.state, GrantState::Revoking(_)));
        if !is_late || due.at <= self.now.at {
            return Ok(());
        }
        let at = self.now.at;
        Ok(self.queue(QueueChange::Owed { errand: due.errand, at, since: due.since, attempts: due.attempts })?)
    }

    fn lower_end(&mut self, id: GrantId, to: Timestamp, why: String) -> Result<(), Undecided> {
        let grant = self.grant(id)?;
        if grant.is_over() || grant.backstop() <= to {
            return Ok(());
        }
        Ok(self.push(Event::GrantEndLowered { grant: id, to, why })?)
    }

    fn attest(&mut self, id: GrantId, by: PersonId, why: Words) -> Result<(), Undecided> {
        let grant = self.grant(id)?;
        let GrantState::Revoking(revoking) = &grant.state else {
            return Err(Refusal::GrantOver { grant: id, state: grant.state.name().to_owned() }.into());
        };
        let (due_at, cause, at) = (revoking.due_at, revoking.cause.clone(), self.now.at);
        // Somebody's word ends the grant, not the work: it stays owed until a look agrees.
        if self.holding.entitlement.due.is_none() {
            self.owe(Errand::Ensure, at)?;
        }
        Ok(self.push(Event::GrantEnded { grant: id, at, due_at, cause, proof: Proof::Attested { by, why } })?)
    }
}

fn void_cause(cause: EndCause, grant: &Grant) -> VoidCause {
    match cause {
        EndCause::RevokedBy(person) | EndCause::Withdrawn(person) => VoidCause::By(person),
        EndCause::HandedBack => VoidCause::By(grant.person.clone()),
        EndCause::ContractEnded => VoidCause::ContractEnded,
        EndCause::PersonDeactivated => VoidCause::PersonDeactivated,
        EndCause::Drained => VoidCause::Drained,
        EndCause::Locked(lock, by) => VoidCause::Locked(lock, by),
        EndCause::PolicyForbids(why) => VoidCause::PolicyForbids(why),
        EndCause::SiblingFailed(sibling) => VoidCause::SiblingFailed(sibling),
        EndCause::TimeOver | EndCause::StartMissed | EndCause::RemovedOutside | EndCause::LandedLate | EndCause::HeldBefore => {
            VoidCause::Lapsed
        }
    }
}
