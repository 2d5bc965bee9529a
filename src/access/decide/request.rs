//! What may happen to a request: asking, approving, denying, withdrawing, and time.

use super::super::electors::Electors;
use super::super::event::Event;
use super::super::grant::{Grant, GrantState, VoidCause};
use super::super::ids::{GrantId, PersonId, RequestId};
use super::super::refusal::Refusal;
use super::super::remind::{Remind, Reminding};
use super::super::request::{
    Approval, Mode, Part, PolicyRef, Purpose, Request, RequestState, START_AHEAD_MAX, Step, Terms, TermsHash,
};
use super::super::review::ReviewRule;
use super::super::talk::Talk;
use super::super::time::{Now, Timestamp, Trust, Ttl};
use super::super::words::Words;
use super::Undecided;
use super::approve::{Claim, ShorterApproval, approve, approve_shorter, approved, is_eligible, is_own, stands_in_for, voided};
use super::talk::{TalkCommand, talk};
use super::{remind, review};

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
    /// What happens while nobody answers.
    pub remind: Option<Remind>,
}

/// Files a request. That it may be filed was the policy's decision; here it only becomes one.
///
/// # Errors
///
/// [`Refusal::ClockSuspect`] while the clock contradicts itself, [`Refusal::NoTimeLeft`] where less than a minute would be left,
/// [`Refusal::TooFarAhead`] where it would begin more than [`START_AHEAD_MAX`] from now, [`Refusal::GlassNeedsReason`] where nobody is asked before and nobody could say afterwards what it was for.
pub fn ask(ask: Ask, now: Now) -> Result<Vec<Event>, Undecided> {
    if now.trust == Trust::Suspect {
        return Err(Refusal::ClockSuspect.into());
    }
    if ask.mode == Mode::BreakGlass && ask.reason.is_empty() {
        return Err(Refusal::GlassNeedsReason.into());
    }
    let start = ask.start_at.unwrap_or(now.at).max(now.at);
    let latest = now.at.plus(START_AHEAD_MAX);
    if start > latest {
        return Err(Refusal::TooFarAhead { latest }.into());
    }
    if ask.ends_at_most < start.plus(Ttl::MIN) {
        return Err(Refusal::NoTimeLeft { limit: "policy".to_owned() }.into());
    }
    let answer_by = answer_by(&ask, now.at);
    let request = Request {
        id: ask.id,
        version: 0,
        terms: ask.terms,
        terms_hash: ask.terms_hash,
        filed_by: ask.filed_by,
        reason: ask.reason,
        asked_at: now.at,
        answer_by,
        start_at: ask.start_at,
        start_within: ask.start_within,
        ends_at_most: ask.ends_at_most,
        warn_before: ask.warn_before,
        policy: ask.policy,
        mode: ask.mode,
        steps: ask.steps,
        approvals: Vec::new(),
        grants: ask.grants,
        reminding: Reminding::by_rule(ask.remind),
        talk: Talk::default(),
        state: RequestState::Pending,
    };
    Ok(vec![Event::RequestAsked { request: Box::new(request) }])
}

/// Until when people can decide. Of what has a start of its own, not later than it could still begin.
fn answer_by(ask: &Ask, now: Timestamp) -> Timestamp {
    let answered = now.plus(ask.answer_within);
    ask.start_at
        .map_or(answered, |start| answered.min(start.max(now).plus(ask.start_within)).min(ask.ends_at_most.minus(Ttl::MIN)))
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
        /// Who is asked as well while nobody answers, by the policy of now.
        then_ask: Option<String>,
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
        electorate: Vec<Electors>,
        /// Why, where they said so.
        note: Words,
        /// Whether it is needed.
        note_rule: NoteRule,
        /// What an approval brings about; empty for an extension.
        claims: Vec<Claim>,
    },
    /// Somebody agrees, to less time than these terms give.
    ApproveShorter(ShorterApproval),
    /// Something is said that decides nothing.
    Talk(TalkCommand),
    /// The policy alone agrees: nobody has to be asked.
    ApproveByPolicy {
        /// What the approval brings about.
        claims: Vec<Claim>,
    },
    /// The glass is broken: nobody agreed, and somebody else reviews it.
    BreakGlass {
        /// What it brings about.
        claims: Vec<Claim>,
        /// Who reviews it, and how soon.
        review: ReviewRule,
    },
    /// Somebody says no.
    Deny {
        /// Who.
        by: PersonId,
        /// Who may fill each step today.
        electorate: Vec<Electors>,
        /// Why.
        reason: Words,
    },
    /// It is taken back.
    Withdraw(Withdrawer),
    /// Those who are asked are reminded, where the rule says so by now.
    RemindByRule,
    /// Whoever asked wants those who are asked to be reminded.
    RemindByHand(PersonId),
    /// The policy, the groups, a contract or an account changed.
    Reassess {
        /// What the policy of now says.
        verdict: Reassessment,
        /// Who may fill each of the raised steps today (see [`raise_steps`]).
        electorate: Vec<Electors>,
    },
    /// What its bundle is made of was changed in the files.
    ChangeParts {
        /// What it is made of now.
        parts: Vec<Part>,
        /// The numbers that its grants will have now, one for each part.
        grants: Vec<GrantId>,
        /// Stands for the terms of now on buttons.
        terms_hash: TermsHash,
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
            RequestCommand::Tick
            | RequestCommand::RemindByRule
            | RequestCommand::Reassess { .. }
            | RequestCommand::ChangeParts { .. } => Ok(Vec::new()),
            RequestCommand::Approve { .. }
            | RequestCommand::ApproveShorter(_)
            | RequestCommand::Talk(_)
            | RequestCommand::ApproveByPolicy { .. }
            | RequestCommand::BreakGlass { .. }
            | RequestCommand::Deny { .. }
            | RequestCommand::Withdraw(_)
            | RequestCommand::RemindByHand(_) => Err(decided(request).into()),
        };
    }
    let over = now.at >= request.answer_by;
    match command {
        // A clock that jumped ahead must not let questions die unanswered: they are held until it can be believed.
        RequestCommand::Tick if over && now.trust == Trust::Sound => Ok(vec![Event::RequestExpired { request: id, at: now.at }]),
        RequestCommand::Tick => Ok(Vec::new()),
        RequestCommand::RemindByRule if over => Ok(Vec::new()),
        RequestCommand::RemindByRule => Ok(remind::due(request, now)),
        RequestCommand::Withdraw(who) => withdraw(request, who, now),
        RequestCommand::ChangeParts { parts, grants, terms_hash } => Ok(change_parts(request, parts, grants, terms_hash)),
        RequestCommand::Reassess { verdict, electorate } => reassess(request, verdict, &electorate, now),
        _ if over => Err(Refusal::Decided { state: "expired".to_owned(), by: None, at: request.answer_by }.into()),
        RequestCommand::RemindByHand(by) => remind::by_hand(request, by, now),
        RequestCommand::Deny { by, electorate, reason } => deny(request, by, &electorate, reason, now),
        RequestCommand::Approve { by, terms, electorate, note, note_rule, claims } => {
            let approval = Approval { by, at: now.at, note, in_place_of: None };
            approve(request, approval, terms, &electorate, note_rule, claims, now)
        }
        RequestCommand::ApproveShorter(shorter) => approve_shorter(request, shorter, now),
        RequestCommand::Talk(command) => talk(request, command, now),
        RequestCommand::ApproveByPolicy { claims } => match request.mode {
            Mode::Ask | Mode::BreakGlass => Err(Refusal::NotAnApprover.into()),
            Mode::Auto => approved(request, Vec::new(), claims, now),
        },
        RequestCommand::BreakGlass { claims, review } => match request.mode {
            Mode::Ask | Mode::Auto => Err(Refusal::NotAnApprover.into()),
            Mode::BreakGlass => {
                let mut events = approved(request, Vec::new(), claims, now)?;
                // Right after the approval, so that there is never the one without the other.
                events.insert(1, review::opened(request, review, now));
                Ok(events)
            }
        },
    }
}

/// The refusal for whoever comes too late: what became of a request, by whom and when.
pub fn decided(request: &Request) -> Refusal {
    let (by, at) = match &request.state {
        RequestState::Pending => (None, request.asked_at),
        RequestState::Approved { at, seats } => (seats.last().map(|seat| seat.person.clone()), *at),
        RequestState::Denied { at, by, .. } | RequestState::Cancelled { at, by } => (Some(by.clone()), *at),
        RequestState::Expired { at } | RequestState::Invalidated { at, .. } | RequestState::Lapsed { at } => (None, *at),
    };
    Refusal::Decided { state: request.state.name().to_owned(), by, at }
}

fn deny(request: &Request, by: PersonId, electorate: &[Electors], reason: Words, now: Now) -> Result<Vec<Event>, Undecided> {
    if is_own(request, &by) {
        return Err(Refusal::OwnRequest.into());
    }
    if !is_eligible(electorate, &by) {
        return Err(Refusal::NotAnApprover.into());
    }
    if reason.is_empty() {
        return Err(Refusal::DenialNeedsReason.into());
    }
    let in_place_of = stands_in_for(electorate, &by);
    Ok(vec![Event::RequestDenied { request: request.id, at: now.at, by, in_place_of, reason }])
}

fn withdraw(request: &Request, who: Withdrawer, now: Now) -> Result<Vec<Event>, Undecided> {
    let by = match who {
        Withdrawer::Own(person) if is_own(request, &person) => person,
        Withdrawer::Own(_) => return Err(Refusal::NotYours.into()),
        Withdrawer::Admin(person) => person,
    };
    Ok(vec![Event::RequestCancelled { request: request.id, at: now.at, by }])
}

fn reassess(request: &Request, verdict: Reassessment, electorate: &[Electors], now: Now) -> Result<Vec<Event>, Undecided> {
    let id = request.id;
    let (steps, ends_at_most, then_ask) = match verdict {
        Reassessment::Forbidden { why } => return Ok(vec![Event::RequestInvalidated { request: id, at: now.at, why }]),
        Reassessment::Permitted { steps, ends_at_most, then_ask } => {
            (raise_steps(&request.steps, &steps), ends_at_most, then_ask)
        }
    };
    let mut events = voided(request, electorate);
    events.extend(remind::taken_back(request, then_ask.as_deref()));
    if steps != request.steps {
        events.push(Event::StepsRaised { request: id, steps });
    }
    if ends_at_most < request.ends_at_most {
        events.push(Event::RequestEndLowered { request: id, ends_at_most });
    }
    Ok(events)
}

/// Nobody agreed to these parts: what was agreed to so far no longer counts.
fn change_parts(request: &Request, parts: Vec<Part>, grants: Vec<GrantId>, terms_hash: TermsHash) -> Vec<Event> {
    if parts == request.terms.parts {
        return Vec::new();
    }
    let id = request.id;
    let void = request.approvals.iter().map(|given| Event::ApprovalVoided { request: id, by: given.by.clone() });
    void.chain([Event::PartsChanged { request: id, parts, grants, terms_hash }]).collect()
}

/// What becomes of an approved request once all its grants are void: nothing was ever sent, so it ends with them.
pub fn settle(request: &Request, grants: &[Grant], now: Now) -> Vec<Event> {
    let (RequestState::Approved { .. }, Purpose::Access) = (&request.state, request.terms.purpose) else { return Vec::new() };
    let mut last = None;
    for grant in grants.iter().filter(|grant| grant.request == request.id) {
        match &grant.state {
            // What really happened says more than that another part was given up for it.
            GrantState::Void { why: VoidCause::SiblingFailed(_), .. } if last.is_some() => {}
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
        Some(VoidCause::Locked(lock, _)) => {
            Event::RequestInvalidated { request, at, why: format!("a lock was set on it ({lock})") }
        }
        Some(VoidCause::Drained) => {
            Event::RequestInvalidated { request, at, why: "Daypass is being taken out of service".to_owned() }
        }
    };
    vec![event]
}
