//! What may happen to a request: asking, approving, denying, withdrawing, and time.

use std::collections::BTreeSet;

use super::super::event::Event;
use super::super::grant::{Grant, GrantState, VoidCause};
use super::super::ids::{GrantId, PersonId, RequestId};
use super::super::refusal::Refusal;
use super::super::request::{Approval, Mode, PolicyRef, Purpose, Request, RequestState, Step, Terms, TermsHash};
use super::super::time::{Now, Timestamp, Trust, Ttl};
use super::super::words::Words;
use super::Undecided;
use super::approve::{Claim, approve, approved, is_eligible, is_own, voided};

/// Everything that a new request is made of, after the policy permitted it.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Its number.
    pub id: RequestId,
    /// The numbers of its grants, reserved; empty for an extension.
    pub grants: Vec<GrantId>,
    /// Who gets what, for how long.
    pub terms: Terms,
    /// Stands for the terms on buttons.
    pub terms_hash: TermsHash,
    /// Who files it.
    pub filed_by: PersonId,
    /// Why.
    pub reason: Words,
    /// When the access should begin, if not at once.
    pub start_at: Option<Timestamp>,
    /// How long people have to decide.
    pub answer_within: Ttl,
    /// How long after approval it must be in force.
    pub start_within: Ttl,
    /// The latest end that policy, window, contract and ceiling allow.
    pub ends_at_most: Timestamp,
    /// How long before its end the person is warned, at most.
    pub warn_before: Ttl,
    /// The policy that permits it.
    pub policy: PolicyRef,
    /// How it comes to be approved.
    pub mode: Mode,
    /// What has to be agreed.
    pub steps: Vec<Step>,
}

/// Files a request. That it may be filed was the policy's decision; here it only becomes one.
///
/// # Errors
///
/// [`Refusal::ClockSuspect`] while the clock contradicts itself, [`Refusal::NoTimeLeft`] where less than a minute would be left.
pub fn ask(ask: Ask, now: Now) -> Result<Vec<Event>, Undecided> {
    if now.trust == Trust::Suspect {
        return Err(Refusal::ClockSuspect.into());
    }
    let start = ask.start_at.unwrap_or(now.at).max(now.at);
    if ask.ends_at_most < start.plus(Ttl::MIN) {
        return Err(Refusal::NoTimeLeft { limit: "policy".to_owned() }.into());
    }
    let request = Request {
        id: ask.id,
        version: 0,
        terms: ask.terms,
        terms_hash: ask.terms_hash,
        filed_by: ask.filed_by,
        reason: ask.reason,
        asked_at: now.at,
        answer_by: now.at.plus(ask.answer_within),
        start_at: ask.start_at,
        start_within: ask.start_within,
        ends_at_most: ask.ends_at_most,
        warn_before: ask.warn_before,
        policy: ask.policy,
        mode: ask.mode,
        steps: ask.steps,
        approvals: Vec::new(),
        grants: ask.grants,
        state: RequestState::Pending,
    };
    Ok(vec![Event::RequestAsked { request: Box::new(request) }])
}

/// Whether an approval needs a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteRule {
    /// It may have one.
    Optional,
    /// Without one it is refused.
    Required,
}

/// What the policy in force now says of a pending request.
#[derive(Debug, Clone)]
pub enum Reassessment {
    /// Still permitted.
    Permitted {
        /// What has to be agreed by the policy of now.
        steps: Vec<Step>,
        /// The latest end by the policy of now.
        ends_at_most: Timestamp,
    },
    /// No longer permitted.
    Forbidden {
        /// Why, as a sentence.
        why: String,
    },
}

/// Who withdraws a request, and by what right.
#[derive(Debug, Clone)]
pub enum Withdrawer {
    /// Their own request, or one they filed.
    Own(PersonId),
    /// An admin.
    Admin(PersonId),
}

/// What can be done to a request.
#[derive(Debug, Clone)]
pub enum RequestCommand {
    /// Somebody agrees, to these terms.
    Approve {
        /// Who.
        by: PersonId,
        /// The terms on the card that they saw.
        terms: TermsHash,
        /// Who may fill each step today, in the order of the steps.
        electorate: Vec<BTreeSet<PersonId>>,
        /// Why, where they said so.
        note: Words,
        /// Whether it is needed.
        note_rule: NoteRule,
        /// What an approval brings about; empty for an extension.
        claims: Vec<Claim>,
    },
    /// The policy alone agrees: nobody has to be asked.
    ApproveByPolicy {
        /// What the approval brings about.
        claims: Vec<Claim>,
    },
    /// Somebody says no.
    Deny {
        /// Who.
        by: PersonId,
        /// Who may fill each step today.
        electorate: Vec<BTreeSet<PersonId>>,
        /// Why.
        reason: Words,
    },
    /// It is taken back.
    Withdraw(Withdrawer),
    /// The policy, the groups, a contract or an account changed.
    Reassess {
        /// What the policy of now says.
        verdict: Reassessment,
        /// Who may fill each of the raised steps today (see [`raise_steps`]).
        electorate: Vec<BTreeSet<PersonId>>,
    },
    /// Time passed.
    Tick,
}

/// The pinned steps, raised to what the current policy asks for: never fewer people, never fewer steps.
pub fn raise_steps(pinned: &[Step], current: &[Step]) -> Vec<Step> {
    let mut raised = pinned.to_vec();
    for step in current {
        match raised.iter_mut().find(|known| known.by == step.by) {
            Some(known) => known.count = known.count.max(step.count),
            None => raised.push(step.clone()),
        }
    }
    raised
}

/// What follows from a command to a request.
///
/// # Errors
///
/// The refusal that the person is told, or the contradiction in the stored state.
pub fn decide_request(request: &Request, command: RequestCommand, now: Now) -> Result<Vec<Event>, Undecided> {
    let id = request.id;
    if !request.state.is_pending() {
        return match command {
            RequestCommand::Tick | RequestCommand::Reassess { .. } => Ok(Vec::new()),
            RequestCommand::Approve { .. }
            | RequestCommand::ApproveByPolicy { .. }
            | RequestCommand::Deny { .. }
            | RequestCommand::Withdraw(_) => Err(decided(request).into()),
        };
    }
    let over = now.at >= request.answer_by;
    match command {
        // A clock that jumped ahead must not let questions die unanswered: they are held until it can be believed.
        RequestCommand::Tick if over && now.trust == Trust::Sound => Ok(vec![Event::RequestExpired { request: id, at: now.at }]),
        RequestCommand::Tick => Ok(Vec::new()),
        RequestCommand::Withdraw(who) => withdraw(request, who, now),
        RequestCommand::Reassess { verdict, electorate } => reassess(request, verdict, &electorate, now),
        _ if over => Err(Refusal::Decided { state: "expired".to_owned(), by: None, at: request.answer_by }.into()),
        RequestCommand::Deny { by, electorate, reason } => deny(request, by, &electorate, reason, now),
        RequestCommand::Approve { by, terms, electorate, note, note_rule, claims } => {
            let approval = Approval { by, at: now.at, note };
            approve(request, approval, terms, &electorate, note_rule, claims, now)
        }
        RequestCommand::ApproveByPolicy { claims } => match request.mode {
            Mode::Ask => Err(Refusal::NotAnApprover.into()),
            Mode::Auto | Mode::BreakGlass => approved(request, Vec::new(), claims, now),
        },
    }
}

fn decided(request: &Request) -> Refusal {
    let (by, at) = match &request.state {
        RequestState::Pending => (None, request.asked_at),
        RequestState::Approved { at, seats } => (seats.last().map(|seat| seat.person.clone()), *at),
        RequestState::Denied { at, by, .. } | RequestState::Cancelled { at, by } => (Some(by.clone()), *at),
        RequestState::Expired { at } | RequestState::Invalidated { at, .. } | RequestState::Lapsed { at } => (None, *at),
    };
    Refusal::Decided { state: request.state.name().to_owned(), by, at }
}

fn deny(
    request: &Request,
    by: PersonId,
    electorate: &[BTreeSet<PersonId>],
    reason: Words,
    now: Now,
) -> Result<Vec<Event>, Undecided> {
    if is_own(request, &by) {
        return Err(Refusal::OwnRequest.into());
    }
    if !is_eligible(electorate, &by) {
        return Err(Refusal::NotAnApprover.into());
    }
    if reason.is_empty() {
        return Err(Refusal::DenialNeedsReason.into());
    }
    Ok(vec![Event::RequestDenied { request: request.id, at: now.at, by, reason }])
}

fn withdraw(request: &Request, who: Withdrawer, now: Now) -> Result<Vec<Event>, Undecided> {
    let by = match who {
        Withdrawer::Own(person) if is_own(request, &person) => person,
        Withdrawer::Own(_) => return Err(Refusal::NotYours.into()),
        Withdrawer::Admin(person) => person,
    };
    Ok(vec![Event::RequestCancelled { request: request.id, at: now.at, by }])
}

fn reassess(
    request: &Request,
    verdict: Reassessment,
    electorate: &[BTreeSet<PersonId>],
    now: Now,
) -> Result<Vec<Event>, Undecided> {
    let id = request.id;
    let (steps, ends_at_most) = match verdict {
        Reassessment::Forbidden { why } => return Ok(vec![Event::RequestInvalidated { request: id, at: now.at, why }]),
        Reassessment::Permitted { steps, ends_at_most } => (raise_steps(&request.steps, &steps), ends_at_most),
    };
    let mut events = voided(request, electorate);
    if steps != request.steps {
        events.push(Event::StepsRaised { request: id, steps });
    }
    if ends_at_most < request.ends_at_most {
        events.push(Event::RequestEndLowered { request: id, ends_at_most });
    }
    Ok(events)
}

/// What becomes of an approved request once all its grants are void: nothing was ever sent, so it ends with them.
pub fn settle(request: &Request, grants: &[Grant], now: Now) -> Vec<Event> {
    let (RequestState::Approved { .. }, Purpose::Access) = (&request.state, request.terms.purpose) else { return Vec::new() };
    let mut last = None;
    for grant in grants.iter().filter(|grant| grant.request == request.id) {
        match &grant.state {
            GrantState::Void { why, .. } => last = Some(why),
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Active { .. }
            | GrantState::Revoking(_)
            | GrantState::Failed { .. }
            | GrantState::Ended(_) => return Vec::new(),
        }
    }
    let (request, at) = (request.id, now.at);
    let event = match last {
        None => return Vec::new(),
        Some(VoidCause::By(person)) => Event::RequestCancelled { request, at, by: person.clone() },
        Some(VoidCause::Lapsed | VoidCause::SiblingFailed(_)) => Event::RequestLapsed { request, at },
        Some(VoidCause::PolicyForbids(why)) => {
            Event::RequestInvalidated { request, at, why: format!("the policy says no now ({why})") }
        }
        Some(VoidCause::ContractEnded) => Event::RequestInvalidated { request, at, why: "the contract ended".to_owned() },
        Some(VoidCause::PersonDeactivated) => {
            Event::RequestInvalidated { request, at, why: "the account was deactivated".to_owned() }
        }
    };
    vec![event]
}
