//! Applying an event to the row it is about. It asks nothing: whether the event may happen was decided before.
//!
//! An event that does not fit the row (a stored history that contradicts itself) is a typed error, never a panic. Creating
//! events carry the whole row and are not applied to anything.

use std::fmt;

use super::about::About;
use super::entitlement::{Class, Entitlement, Prior, Target, Trouble};
use super::event::Event;
use super::grant::{CallResult, EndCause, Ended, Grant, GrantState, Proof, Recheck, Remains, Revoking, Warning};
use super::ids::{PersonId, RequestId};
use super::remind::{Also, ByHand, Paged, Reminder, Reminding};
use super::request::{Request, RequestState};
use super::review::{Review, ReviewState};
use super::time::Timestamp;
use super::words::Words;

mod lock;

pub use lock::lock;

/// An event that cannot have happened to this row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IllegalEvent {
    /// The row, such as `G-57`.
    pub about: String,
    /// The state it was in.
    pub state: &'static str,
    /// The event.
    pub event: Box<Event>,
}

impl fmt::Display for IllegalEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}: this cannot happen to it: {:?}", self.about, self.state, self.event)
    }
}

impl std::error::Error for IllegalEvent {}

/// The code of the trouble that an entitlement has whose provider turned out to be another server.
pub const PROVIDER_MOVED: &str = "provider_moved";

/// The request after the event.
///
/// # Errors
///
/// [`IllegalEvent`] when the event is about something else or does not fit the state.
pub fn request(before: &Request, event: &Event) -> Result<Request, IllegalEvent> {
    let illegal = || IllegalEvent { about: before.id.to_string(), state: before.state.name(), event: Box::new(event.clone()) };
    if event.about() != About::Request(before.id) {
        return Err(illegal());
    }
    let mut after = before.clone();
    after.version += 1;
    match (event, &before.state) {
        (Event::ApprovalGiven { approval, .. }, RequestState::Pending) => {
            if before.approvals.iter().any(|given| given.by == approval.by) {
                return Err(illegal());
            }
            after.approvals.push(approval.clone());
        }
        (Event::ApprovalVoided { by, .. }, RequestState::Pending) => {
            after.approvals.retain(|approval| approval.by != *by);
            if after.approvals.len() == before.approvals.len() {
                return Err(illegal());
            }
        }
        (Event::StepsRaised { steps, .. }, RequestState::Pending) => {
            let lowered =
                before.steps.iter().any(|pinned| !steps.iter().any(|step| step.by == pinned.by && step.count >= pinned.count));
            if lowered {
                return Err(illegal());
            }
            after.steps.clone_from(steps);
        }
        (Event::RequestEndLowered { ends_at_most, .. }, RequestState::Pending) if *ends_at_most <= before.ends_at_most => {
            after.ends_at_most = *ends_at_most;
        }
        (Event::RequestShortened { shortened, terms_hash, .. }, RequestState::Pending)
            if shortened.from == before.terms.access_for && shortened.to < shortened.from =>
        {
            after.terms.access_for = shortened.to;
            after.terms_hash = *terms_hash;
            after.talk.shortened.push(shortened.clone());
        }
        (Event::Talked { said, .. }, state) if said.fits(state) => after.talk = before.talk.after(said).ok_or_else(illegal)?,
        (Event::PartsChanged { parts, grants, terms_hash, .. }, RequestState::Pending)
            if before.terms.is_bundle() && !parts.is_empty() && parts.len() == grants.len() =>
        {
            after.terms.parts.clone_from(parts);
            after.grants.clone_from(grants);
            after.terms_hash = *terms_hash;
        }
        (
            Event::StepsWidened { .. } | Event::StepsNarrowed { .. } | Event::RequestReminded { .. } | Event::PageOwed { .. },
            RequestState::Pending,
        )
        // A page is made and settled whatever was decided meanwhile.
        | (Event::PageMade { .. } | Event::PageResolved { .. }, _) => {
            after.reminding = reminded(&before.reminding, event).ok_or_else(illegal)?;
        }
        (Event::RequestApproved { at, seats, .. }, RequestState::Pending) => {
            after.state = RequestState::Approved { at: *at, seats: seats.clone() };
        }
        (Event::RequestDenied { at, by, in_place_of, reason, .. }, RequestState::Pending) => {
            after.state = RequestState::Denied { at: *at, by: by.clone(), in_place_of: in_place_of.clone(), reason: reason.clone() };
        }
        // Whatever became of it: what was typed is no part of what was decided.
        (Event::WordsErased { of, .. }, _) => erase(&mut after, of),
        (Event::RequestExpired { at, .. }, RequestState::Pending) => after.state = RequestState::Expired { at: *at },
        (Event::RequestCancelled { at, by, .. }, RequestState::Pending | RequestState::Approved { .. }) => {
            after.state = RequestState::Cancelled { at: *at, by: by.clone() };
        }
        (Event::RequestInvalidated { at, why, .. }, RequestState::Pending | RequestState::Approved { .. }) => {
            after.state = RequestState::Invalidated { at: *at, why: why.clone() };
        }
        (Event::RequestLapsed { at, .. }, RequestState::Approved { .. }) => after.state = RequestState::Lapsed { at: *at },
        _ => return Err(illegal()),
    }
    Ok(after)
}

/// How far the reminding has gone after the event; `None` where the event does not fit.
fn reminded(before: &Reminding, event: &Event) -> Option<Reminding> {
    let mut after = before.clone();
    match event {
        Event::StepsWidened { at, by, .. } if before.also == Also::Nobody => {
            after.also = Also::Asked { by: by.clone(), since: *at };
        }
        Event::StepsNarrowed { .. } if before.also != Also::TakenBack => after.also = Also::TakenBack,
        Event::RequestReminded { at, reminder, .. } => match reminder {
            Reminder::First if before.first_at.is_none() => after.first_at = Some(*at),
            Reminder::Second if before.first_at.is_some() && before.second_at.is_none() => after.second_at = Some(*at),
            Reminder::ByHand(by) => after.by_hand = Some(ByHand { by: by.clone(), at: *at }),
            Reminder::First | Reminder::Second => return None,
        },
        Event::PageOwed { at, .. } if before.page.is_none() => {
            after.page = Some(Paged { owed_at: *at, made_at: None, resolved_at: None });
        }
        Event::PageMade { at, .. } => {
            let page = before.page.clone().filter(|page| page.made_at.is_none() && page.resolved_at.is_none())?;
            after.page = Some(Paged { made_at: Some(*at), ..page });
        }
        Event::PageResolved { at, .. } => {
            let page = before.page.clone().filter(|page| page.resolved_at.is_none())?;
            after.page = Some(Paged { resolved_at: Some(*at), ..page });
        }
        _ => return None,
    }
    Some(after)
}

/// Whatever this person typed, wherever in the request it stands.
fn erase(request: &mut Request, of: &PersonId) {
    if request.filed_by == *of {
        request.reason = Words::default();
    }
    request.approvals.iter_mut().filter(|given| given.by == *of).for_each(|given| given.note = Words::default());
    request.talk.erase(of);
    if let RequestState::Denied { by, reason, .. } = &mut request.state
        && by == of
    {
        *reason = Words::default();
    }
}

/// The review after the event. One that is closed stays as it is.
///
/// # Errors
///
/// [`IllegalEvent`] when the event is about something else or does not fit the state.
pub fn review(before: &Review, event: &Event) -> Result<Review, IllegalEvent> {
    let (about, state) = (format!("the review of {}", before.request), before.state.name());
    let illegal = || IllegalEvent { about, state, event: Box::new(event.clone()) };
    let mut after = before.clone();
    after.version += 1;
    match (event, &before.state) {
        (Event::ReviewOverdue { request, alarm }, ReviewState::Open) if *request == before.request && *alarm > before.alarms => {
            after.alarms = *alarm;
        }
        (Event::ReviewClosed { request, at, by, finding, note }, ReviewState::Open)
            if *request == before.request && *by != before.subject && *by != before.filed_by =>
        {
            after.state = ReviewState::Closed { at: *at, by: by.clone(), finding: *finding, note: note.clone() };
        }
        (Event::ReviewWordsErased { request, of }, ReviewState::Closed { at, by, finding, .. })
            if *request == before.request && by == of =>
        {
            after.state = ReviewState::Closed { at: *at, by: by.clone(), finding: *finding, note: Words::default() };
        }
        _ => return Err(illegal()),
    }
    Ok(after)
}

/// The grant after the event.
///
/// # Errors
///
/// [`IllegalEvent`] when the event is about something else or does not fit the state.
pub fn grant(before: &Grant, event: &Event) -> Result<Grant, IllegalEvent> {
    let illegal = || IllegalEvent { about: before.id.to_string(), state: before.state.name(), event: Box::new(event.clone()) };
    let mut after = before.clone();
    after.version += 1;
    let state = match (event, &before.state) {
        (Event::GrantChecking { at, .. }, GrantState::Planned) => GrantState::Checking { since: *at },
        (Event::GrantProvisioning { at, .. }, GrantState::Checking { .. }) => {
            GrantState::Provisioning { since: *at, result: CallResult::Known }
        }
        (Event::GrantResultUnknown { absent_reads, .. }, GrantState::Provisioning { since, .. }) => {
            GrantState::Provisioning { since: *since, result: CallResult::Unknown { absent_reads: *absent_reads } }
        }
        (Event::GrantAwaitsPerson { at, .. }, GrantState::Provisioning { .. }) => GrantState::AwaitingUser { since: *at },
        (Event::GrantActivated { active_at, ends_at, .. }, GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. }) => {
            GrantState::Active { active_at: *active_at, ends_at: *ends_at, warning: Warning::Owed }
        }
        (Event::SecretLinked { .. } | Event::SecretShown { .. } | Event::SecretAskedAgain { .. }, state) => {
            after = after.secret_after(event).ok_or_else(illegal)?;
            state.clone()
        }
        (Event::GrantWarned { .. }, GrantState::Active { active_at, ends_at, warning: Warning::Owed }) => {
            GrantState::Active { active_at: *active_at, ends_at: *ends_at, warning: Warning::Given }
        }
        (Event::ExtensionAgreed { request, to, .. }, GrantState::Active { ends_at, .. }) if to > ends_at => {
            after.extension = Some(super::grant::Extension { request: *request, to: *to });
            before.state.clone()
        }
        (Event::GrantExtended { request, ends_at, .. }, GrantState::Active { active_at, .. }) => {
            extended(&mut after, *request, *active_at, *ends_at).ok_or_else(illegal)?
        }
        (Event::GrantEndLowered { to, .. }, _) if !before.is_over() => end_lowered(&mut after, *to),
        (Event::GrantDrifted { .. }, _) => {
            after.drifted = true;
            before.state.clone()
        }
        (Event::GrantRevoking { at, due_at, cause, .. }, state) => {
            after.extension = None;
            revoking(state, *at, *due_at, cause).ok_or_else(illegal)?
        }
        (Event::GrantCut { remnant, .. }, GrantState::Revoking(revoking)) => {
            GrantState::Revoking(Revoking { remains: Remains::Remnant(remnant.clone()), ..revoking.clone() })
        }
        (Event::GrantOverdue { alarm, .. }, GrantState::Revoking(revoking)) if *alarm > revoking.alarms => {
            GrantState::Revoking(Revoking { alarms: *alarm, ..revoking.clone() })
        }
        (Event::GrantEnded { at, due_at, cause, proof, .. }, state) => {
            GrantState::Ended(ended(state, *at, *due_at, cause, proof).ok_or_else(illegal)?)
        }
        (Event::GrantVoided { at, why, .. }, GrantState::Planned | GrantState::Checking { .. }) => {
            GrantState::Void { at: *at, why: why.clone() }
        }
        (Event::GrantFailed { at, why, recheck, .. }, GrantState::Checking { .. } | GrantState::Provisioning { .. }) => {
            GrantState::Failed { at: *at, why: why.clone(), recheck: *recheck }
        }
        (Event::GrantRecheckDue { .. }, GrantState::Failed { at, why, recheck: Recheck::At(_) }) => {
            GrantState::Failed { at: *at, why: why.clone(), recheck: Recheck::Owed }
        }
        (Event::GrantRechecked { .. }, GrantState::Failed { at, why, recheck: Recheck::Owed }) => {
            GrantState::Failed { at: *at, why: why.clone(), recheck: Recheck::Done }
        }
        _ => return Err(illegal()),
    };
    if event.about() != super::event::About::Grant(before.id) {
        return Err(illegal());
    }
    after.state = state;
    after.forget_useless_secret();
    Ok(after)
}

fn extended(after: &mut Grant, request: RequestId, active_at: Timestamp, ends_at: Timestamp) -> Option<GrantState> {
    after.extension.take().filter(|agreed| agreed.request == request && agreed.to == ends_at)?;
    after.latest_end = after.latest_end.max(ends_at);
    Some(GrantState::Active { active_at, ends_at, warning: Warning::Owed })
}

fn end_lowered(after: &mut Grant, to: Timestamp) -> GrantState {
    after.latest_end = after.latest_end.min(to);
    after.extension = None;
    match after.state.clone() {
        GrantState::Active { active_at, ends_at, warning } => GrantState::Active { active_at, ends_at: ends_at.min(to), warning },
        other => other,
    }
}

fn revoking(state: &GrantState, at: Timestamp, due_at: Timestamp, cause: &EndCause) -> Option<GrantState> {
    let active_at = match state {
        GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Failed { recheck: Recheck::At(_) | Recheck::Owed, .. } => None,
        GrantState::Active { active_at, .. } => Some(*active_at),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Revoking(_)
        | GrantState::Void { .. }
        | GrantState::Failed { recheck: Recheck::Done, .. }
        | GrantState::Ended(_) => return None,
    };
    Some(GrantState::Revoking(Revoking {
        since: at,
        due_at,
        active_at,
        cause: cause.clone(),
        remains: Remains::Access,
        alarms: 0,
    }))
}

/// A grant ends only out of `revoking`, by proof; or out of `checking`, when the person had the access before and nothing was sent.
fn ended(state: &GrantState, at: Timestamp, due_at: Timestamp, cause: &EndCause, proof: &Proof) -> Option<Ended> {
    let active_at = match (state, proof) {
        (GrantState::Revoking(revoking), Proof::ReadBack | Proof::CoveredBy(_) | Proof::Attested { .. }) => revoking.active_at,
        (GrantState::Checking { .. }, Proof::NothingSent) if *cause == EndCause::HeldBefore => None,
        _ => return None,
    };
    Some(Ended { at, due_at, active_at, cause: cause.clone(), proof: proof.clone() })
}

/// The entitlement after the event.
///
/// # Errors
///
/// [`IllegalEvent`] when the event is about something else or does not fit the state.
pub fn entitlement(before: &Entitlement, event: &Event) -> Result<Entitlement, IllegalEvent> {
    let state = if before.prior == Prior::Unread { "unread" } else { "read" };
    let illegal = || IllegalEvent { about: before.id.to_string(), state, event: Box::new(event.clone()) };
    let mut after = before.clone();
    after.version += 1;
    match event {
        Event::EntitlementDescribed { description, .. } if before.prior == Prior::Unread && before.in_flight.is_none() => {
            after.description = description.as_ref().clone();
        }
        Event::PriorRead { prior, fingerprint, .. } if before.prior == Prior::Unread => {
            after.target = prior.as_target().ok_or_else(illegal)?;
            after.prior = prior.clone();
            after.description.fingerprint = Some(fingerprint.clone());
            after.trouble = None;
        }
        Event::PriorLost { .. } if matches!(before.prior, Prior::Held(_)) => after.prior = Prior::Absent,
        Event::Retargeted { target, .. } if before.prior != Prior::Unread => after.target = target.clone(),
        Event::Verified { at, .. } => {
            after.verified_at = Some(*at);
            after.trouble = None;
        }
        Event::AtRest { .. } => {
            after.prior = Prior::Unread;
            after.target = Target::Absent;
            after.due = None;
        }
        Event::ProviderMoved { expected, found, .. } => {
            let message = format!("the provider answers as `{found}`, not as `{expected}`, where the access was given");
            after.trouble = Some(Trouble { class: Class::NeedsHuman, code: PROVIDER_MOVED.to_owned(), message });
        }
        Event::TroubleSeen { trouble, .. } => after.trouble = Some(trouble.clone()),
        Event::Queued { change, .. } => change.apply(&mut after).ok_or_else(illegal)?,
        _ => return Err(illegal()),
    }
    if event.about() != super::event::About::Entitlement(before.id) {
        return Err(illegal());
    }
    Ok(after)
}
