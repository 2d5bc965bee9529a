//! Trying a decision out: a holding on which events take effect as they are decided, the passing of time over its grants, and
//! the recomputing of what must be true and of what is owed.

use std::time::Duration;

use super::super::apply::{self, IllegalEvent};
use super::super::due::backoff;
use super::super::entitlement::{Errand, Holding, InFlight, Level, NativeExpiry, Prior, Target};
use super::super::event::{About, Event};
use super::super::grant::{CallResult, EndCause, FailCause, Grant, GrantState, Proof, Recheck, VoidCause, Warning};
use super::super::ids::GrantId;
use super::super::queue::QueueChange;
use super::super::refusal::Refusal;
use super::super::time::{Now, Timestamp, Trust};
use super::Undecided;

/// When a call in flight is given up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum GiveUp {
    WhenOverdue,
    Now,
}

/// A holding on which the events decided so far have been tried out.
pub(super) struct Draft {
    pub(super) holding: Holding,
    pub(super) events: Vec<Event>,
    pub(super) now: Now,
}

impl Draft {
    pub(super) fn push(&mut self, event: Event) -> Result<(), IllegalEvent> {
        match event.about() {
            About::Entitlement(_) => self.holding.entitlement = apply::entitlement(&self.holding.entitlement, &event)?,
            About::Grant(id) => {
                for grant in self.holding.grants.iter_mut().filter(|grant| grant.id == id) {
                    *grant = apply::grant(grant, &event)?;
                }
            }
            About::Request(_) | About::Review(_) | About::Lock(_) | About::Nothing => {}
        }
        self.events.push(event);
        Ok(())
    }

    /// The grants as they are now; the draft may be changed while they are walked.
    pub(super) fn grants(&self) -> Vec<Grant> {
        self.holding.grants.clone()
    }

    pub(super) fn grant(&self, id: GrantId) -> Result<Grant, Refusal> {
        self.holding.grant(id).cloned().ok_or(Refusal::NoSuchGrant { grant: id })
    }

    /// Puts an errand in the queue, as new.
    pub(super) fn owe(&mut self, errand: Errand, at: Timestamp) -> Result<(), IllegalEvent> {
        self.queue(QueueChange::Owed { errand, at, since: self.now.at, attempts: 0 })
    }

    /// Puts the errand back in the queue after a try, later each time.
    pub(super) fn owe_again(&mut self, errand: Errand, not_before: Option<Timestamp>) -> Result<(), IllegalEvent> {
        let entitlement = &self.holding.entitlement;
        let (since, attempts) = entitlement.due.as_ref().map_or((self.now.at, 0), |due| (due.since, due.attempts));
        let attempts = attempts.saturating_add(1);
        let wait = backoff(attempts, self.now.at.since(since), entitlement.id.number().unsigned_abs());
        let at = not_before.map_or(self.now.at.plus(wait), |earliest| earliest.max(self.now.at.plus(wait)));
        self.queue(QueueChange::Owed { errand, at, since, attempts })
    }

    /// Changes the queue.
    pub(super) fn queue(&mut self, change: QueueChange) -> Result<(), IllegalEvent> {
        self.push(Event::Queued { entitlement: self.holding.entitlement.id, change })
    }

    pub(super) fn start_call(&mut self, timeout: Duration) -> Result<(), Undecided> {
        let entitlement = &self.holding.entitlement;
        let (Some(due), None) = (&entitlement.due, &entitlement.in_flight) else { return Ok(()) };
        if due.at > self.now.at {
            return Ok(());
        }
        let (epoch, errand, at) = (entitlement.epoch + 1, due.errand, self.now.at);
        Ok(self.queue(QueueChange::CallStarted { epoch, errand, at, give_up_at: at.plus(timeout) })?)
    }

    /// Nobody waits for the call any more. If it was to give access, it may have, or may yet.
    pub(super) fn give_up_call(&mut self, when: GiveUp) -> Result<(), Undecided> {
        let Some(call) = self.holding.entitlement.in_flight.clone() else { return Ok(()) };
        if when == GiveUp::WhenOverdue && self.now.at <= call.give_up_at {
            return Ok(());
        }
        let quiet_at = self.quiet_after(&call, Fate::Unknown);
        self.queue(QueueChange::CallOver { quiet_at })?;
        if call.errand == Errand::ReadPrior {
            return Ok(self.owe_again(Errand::ReadPrior, None)?);
        }
        if call.target != self.holding.entitlement.target {
            return Ok(());
        }
        // A process that died says nothing of the provider: the same is asked for again, which is harmless, and whatever may
        // still land is what is asked for. Only a provider that does not answer is looked at first.
        if when == GiveUp::WhenOverdue && call.errand == Errand::Ensure && matches!(call.target, Target::Present { .. }) {
            self.doubt(0)?;
        }
        let errand = if self.is_in_doubt() { Errand::Observe } else { call.errand };
        let at = self.now.at;
        let due = self.holding.entitlement.due.clone();
        let (since, attempts) = due.map_or((at, 0), |due| (due.since, due.attempts.saturating_add(1)));
        Ok(self.queue(QueueChange::Owed { errand, at, since, attempts })?)
    }

    /// The moment after which the call cannot change anything any more.
    pub(super) fn quiet_after(&self, call: &InFlight, fate: Fate) -> Timestamp {
        match (fate, call.errand, &call.target) {
            (Fate::Unknown, Errand::Ensure, Target::Present { .. }) => {
                let lands_within = Duration::from_millis(self.holding.entitlement.description.lands_within_ms);
                call.give_up_at.max(self.now.at).plus(lands_within + Duration::from_millis(1))
            }
            (Fate::Known | Fate::Unknown, Errand::Ensure | Errand::ReadPrior | Errand::Observe, _) => Timestamp::from_millis(0),
        }
    }

    /// The provider may have been told: grants that are being provisioned wait for a look.
    pub(super) fn doubt(&mut self, absent_reads: u32) -> Result<(), IllegalEvent> {
        for grant in self.grants() {
            if matches!(grant.state, GrantState::Provisioning { .. }) {
                self.push(Event::GrantResultUnknown { grant: grant.id, absent_reads })?;
            }
        }
        Ok(())
    }

    pub(super) fn is_in_doubt(&self) -> bool {
        let doubted = |grant: &Grant| matches!(grant.state, GrantState::Provisioning { result: CallResult::Unknown { .. }, .. });
        self.holding.grants.iter().any(doubted)
    }

    /// What is planned and due begins, unless it is too late for that or the time is not believed.
    pub(super) fn begin_planned(&mut self) -> Result<(), IllegalEvent> {
        let at = self.now.at;
        for grant in self.grants() {
            if grant.is_due_to_begin(at) && self.now.trust == Trust::Sound {
                self.push(Event::GrantChecking { grant: grant.id, at })?;
            }
        }
        Ok(())
    }

    /// Time passed: what ends ends, what is late is told.
    pub(super) fn pass_time(&mut self) -> Result<(), IllegalEvent> {
        for grant in self.grants() {
            self.pass_time_for(&grant)?;
        }
        for grant in self.grants() {
            self.proceed(&grant)?;
        }
        Ok(())
    }

    fn pass_time_for(&mut self, grant: &Grant) -> Result<(), IllegalEvent> {
        let (id, at) = (grant.id, self.now.at);
        let start_missed = at >= grant.start_by.min(grant.latest_end);
        match &grant.state {
            GrantState::Planned if start_missed => self.push(Event::GrantVoided { grant: id, at, why: VoidCause::Lapsed }),
            GrantState::Checking { .. } if start_missed => {
                self.push(Event::GrantFailed { grant: id, at, why: FailCause::Unreadable, recheck: Recheck::Done })
            }
            GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. } if start_missed => {
                self.push(Event::GrantRevoking { grant: id, at, due_at: at, cause: EndCause::StartMissed })
            }
            GrantState::Active { ends_at, .. } if at >= *ends_at => {
                self.push(Event::GrantRevoking { grant: id, at, due_at: *ends_at, cause: EndCause::TimeOver })
            }
            GrantState::Active { warning: Warning::Owed, .. } if grant.warn_at().is_some_and(|warn_at| at >= warn_at) => {
                self.push(Event::GrantWarned { grant: id })
            }
            GrantState::Revoking(revoking) if revoking.alarms_due(at) > revoking.alarms => {
                self.push(Event::GrantOverdue { grant: id, alarm: revoking.alarms_due(at) })
            }
            GrantState::Failed { recheck: Recheck::At(recheck_at), .. } if at >= *recheck_at => {
                self.push(Event::GrantRecheckDue { grant: id })
            }
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Active { .. }
            | GrantState::Revoking(_)
            | GrantState::Void { .. }
            | GrantState::Failed { .. }
            | GrantState::Ended(_) => Ok(()),
        }
    }

    /// Once it is known what the person held before, a grant goes on, or ends because they had it.
    fn proceed(&mut self, grant: &Grant) -> Result<(), IllegalEvent> {
        if !matches!(grant.state, GrantState::Checking { .. }) || self.now.trust == Trust::Suspect {
            return Ok(());
        }
        let (id, at) = (grant.id, self.now.at);
        match &self.holding.entitlement.prior {
            Prior::Unread => Ok(()),
            Prior::Held(level) if level.rank >= grant.level.rank => {
                let (cause, proof) = (EndCause::HeldBefore, Proof::NothingSent);
                self.push(Event::GrantEnded { grant: id, at, due_at: at, cause, proof })
            }
            Prior::Absent | Prior::Held(_) => self.push(Event::GrantProvisioning { grant: id, at }),
        }
    }

    /// What must be true: the strongest level that a live grant asks for, else what was there before.
    fn wanted(&self) -> Option<Target> {
        let entitlement = &self.holding.entitlement;
        let prior = entitlement.prior.as_target()?;
        let live = || self.holding.grants.iter().filter(|grant| grant.is_live());
        let Some(level) = live().map(|grant| &grant.level).max_by_key(|level| level.rank) else { return Some(prior) };
        let until = match entitlement.description.native_expiry {
            NativeExpiry::None => None,
            NativeExpiry::Exact => live().map(Grant::backstop).max(),
        };
        Some(Target::Present { level: level.clone(), until })
    }

    /// Recomputes the target, and puts what follows from it in the queue.
    pub(super) fn retarget(&mut self) -> Result<(), IllegalEvent> {
        let entitlement = self.holding.entitlement.id;
        let Some(wanted) = self.wanted() else { return self.queue_first_look() };
        if wanted != self.holding.entitlement.target {
            self.push(Event::Retargeted { entitlement, target: wanted, at: self.now.at })?;
            return self.owe(Errand::Ensure, self.now.at);
        }
        self.extend_without_backstop()?;
        if self.holding.entitlement.due.is_some() || self.holding.entitlement.in_flight.is_some() {
            return Ok(());
        }
        if let Some(errand) = self.holding.grants.iter().filter_map(errand_of).max_by_key(urgency) {
            return self.owe(errand, self.now.at);
        }
        let none_left = self.holding.grants.iter().all(|grant| grant.is_over() || matches!(grant.state, GrantState::Planned));
        if none_left { self.push(Event::AtRest { entitlement }) } else { Ok(()) }
    }

    /// While nothing is known about what was there before, only a look can be owed, and only by a grant that is checking.
    fn queue_first_look(&mut self) -> Result<(), IllegalEvent> {
        let checking = self.holding.grants.iter().any(|grant| matches!(grant.state, GrantState::Checking { .. }));
        match (checking, self.holding.entitlement.due.is_some()) {
            (true, false) => self.owe(Errand::ReadPrior, self.now.at),
            (false, true) => self.queue(QueueChange::Paid),
            (true, true) | (false, false) => Ok(()),
        }
    }

    /// Where the provider ends nothing by itself there is no backstop to move first.
    fn extend_without_backstop(&mut self) -> Result<(), IllegalEvent> {
        if self.holding.entitlement.description.native_expiry == NativeExpiry::None {
            self.complete_extensions()?;
        }
        Ok(())
    }

    pub(super) fn complete_extensions(&mut self) -> Result<(), IllegalEvent> {
        for grant in self.grants() {
            if let (Some(extension), GrantState::Active { .. }) = (grant.extension, &grant.state) {
                self.push(Event::GrantExtended { grant: grant.id, request: extension.request, ends_at: extension.to })?;
            }
        }
        Ok(())
    }
}

/// Whether the fate of a changing call is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Known,
    Unknown,
}

/// What a grant needs done while the target stands as it is.
fn errand_of(grant: &Grant) -> Option<Errand> {
    match &grant.state {
        GrantState::Provisioning { result: CallResult::Known, .. } | GrantState::Revoking(_) => Some(Errand::Ensure),
        GrantState::Provisioning { result: CallResult::Unknown { .. }, .. } | GrantState::AwaitingUser { .. } => {
            Some(Errand::Observe)
        }
        GrantState::Failed { recheck: Recheck::Owed, .. } => Some(Errand::Observe),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Active { .. }
        | GrantState::Void { .. }
        | GrantState::Failed { .. }
        | GrantState::Ended(_) => None,
    }
}

fn urgency(errand: &Errand) -> u8 {
    match errand {
        Errand::ReadPrior => 0,
        Errand::Observe => 1,
        Errand::Ensure => 2,
    }
}

/// Whether a level serves a grant: levels include the lower ones.
pub(super) fn serves(level: &Level, grant: &Grant) -> bool {
    level.rank >= grant.level.rank
}
