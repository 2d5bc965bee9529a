//! What an approval brings about: a filled seat and, once all are filled, grants whose end is committed before anything is sent.

use super::super::apply;
use super::super::electors::Electors;
use super::super::entitlement::{Description, Entitlement, Level, NativeExpiry};
use super::super::event::Event;
use super::super::grant::{Grant, GrantState};
use super::super::ids::{EntitlementId, GrantId, PersonId};
use super::super::refusal::Refusal;
use super::super::request::{Approval, Purpose, Request, Seat, TermsHash};
use super::super::seats;
use super::super::secret::{Reveal, SealedTo, Secret};
use super::super::talk::Shortened;
use super::super::time::{Now, Trust, Ttl};
use super::super::words::Words;
use super::Undecided;
use super::request::NoteRule;

/// A planned access that an approval turns into a grant.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The grant's reserved number.
    pub grant: GrantId,
    /// The entitlement it claims.
    pub entitlement: EntitlementId,
    /// What to write down about the entitlement.
    pub describe: Describe,
    /// At which level.
    pub level: Level,
    /// Whether the provider can end it by itself.
    pub native_expiry: NativeExpiry,
    /// A secret for the person, and who can open it.
    pub secret: Option<Secret>,
}

/// What an approval writes down about the entitlement that it claims.
#[derive(Debug, Clone)]
pub enum Describe {
    /// It is new.
    New(Box<Entitlement>),
    /// It is known and at rest: settings may have changed since.
    Anew(Box<Description>),
    /// It is in use: what was written down stays, since calls under way depend on it.
    AsItIs,
}

pub(super) fn is_eligible(electorate: &[Electors], person: &PersonId) -> bool {
    electorate.iter().any(|voters| voters.contains(person))
}

/// In whose place this person decides; `None` where it is by a right of their own.
pub(super) fn stands_in_for(electorate: &[Electors], person: &PersonId) -> Option<PersonId> {
    let by_own_right = |voters: &Electors| voters.contains(person) && voters.in_place_of(person, &[]).is_none();
    if electorate.iter().any(by_own_right) {
        return None;
    }
    electorate.iter().find_map(|voters| voters.in_place_of(person, &[])).cloned()
}

/// For whom this person would have agreed, had they not done so themselves meanwhile; `None` where a right is left.
fn used_up(electorate: &[Electors], person: &PersonId, agreed: &[PersonId]) -> Option<PersonId> {
    if electorate.iter().any(|voters| voters.may(person, agreed)) {
        return None;
    }
    stands_in_for(electorate, person)
}

fn whose_yes(event: &Event) -> Option<&PersonId> {
    match event {
        Event::ApprovalVoided { by, .. } => Some(by),
        _ => None,
    }
}

/// Nobody decides in their own cause, by no policy: neither whose access it is nor who filed it.
pub(super) fn is_own(request: &Request, person: &PersonId) -> bool {
    *person == request.terms.subject || *person == request.filed_by
}

pub(super) fn approve(
    request: &Request,
    approval: Approval,
    terms: TermsHash,
    electorate: &[Electors],
    note_rule: NoteRule,
    claims: Vec<Claim>,
    now: Now,
) -> Result<Vec<Event>, Undecided> {
    may_approve(request, &approval, terms, electorate, note_rule)?;
    agree(request, None, approval, electorate, claims, now)
}

/// A yes to less time than the terms give.
#[derive(Debug, Clone)]
pub struct ShorterApproval {
    /// Who.
    pub by: PersonId,
    /// The terms on the card that they saw.
    pub terms: TermsHash,
    /// Who may fill each step today, in the order of the steps.
    pub electorate: Vec<Electors>,
    /// Why, where they said so.
    pub note: Words,
    /// Whether it is needed.
    pub note_rule: NoteRule,
    /// What an approval brings about; empty for an extension.
    pub claims: Vec<Claim>,
    /// How long it is to be: less than it was.
    pub access_for: Ttl,
    /// Stands for the terms with that length.
    pub shorter_terms: TermsHash,
}

/// Who agreed to more before has agreed to this as well. Whoever still has an older card in sight has not.
pub(super) fn approve_shorter(request: &Request, yes: ShorterApproval, now: Now) -> Result<Vec<Event>, Undecided> {
    let approval = Approval { by: yes.by, at: now.at, note: yes.note, in_place_of: None };
    may_approve(request, &approval, yes.terms, &yes.electorate, yes.note_rule)?;
    let (from, to) = (request.terms.access_for, yes.access_for);
    if to >= from {
        return Err(Refusal::NotShorter { than: from }.into());
    }
    let shortened = Shortened { by: approval.by.clone(), at: now.at, from, to };
    let event = Event::RequestShortened { request: request.id, shortened, terms_hash: yes.shorter_terms };
    agree(request, Some(event), approval, &yes.electorate, yes.claims, now)
}

fn may_approve(
    request: &Request,
    approval: &Approval,
    terms: TermsHash,
    electorate: &[Electors],
    note_rule: NoteRule,
) -> Result<(), Refusal> {
    if is_own(request, &approval.by) {
        return Err(Refusal::OwnRequest);
    }
    if !is_eligible(electorate, &approval.by) {
        return Err(Refusal::NotAnApprover);
    }
    if terms != request.terms_hash {
        return Err(Refusal::TermsChanged);
    }
    if request.approvals.iter().any(|given| given.by == approval.by) {
        return Err(Refusal::ApprovedAlready);
    }
    let agreed: Vec<PersonId> = request.approvals.iter().map(|given| given.by.clone()).collect();
    if let Some(person) = used_up(electorate, &approval.by, &agreed) {
        return Err(Refusal::AgreedThemselves { person });
    }
    if note_rule == NoteRule::Required && approval.note.is_empty() {
        return Err(Refusal::ApprovalNeedsNote);
    }
    Ok(())
}

/// Fills a seat, after `before` changed the terms that it is about.
fn agree(
    request: &Request,
    before: Option<Event>,
    approval: Approval,
    electorate: &[Electors],
    claims: Vec<Claim>,
    now: Now,
) -> Result<Vec<Event>, Undecided> {
    if now.trust == Trust::Suspect {
        return Err(Refusal::ClockSuspect.into());
    }
    let mut events = voided(request, electorate);
    let gone: Vec<&PersonId> = events.iter().filter_map(whose_yes).collect();
    let given = request.approvals.iter().map(|given| &given.by).filter(|by| !gone.contains(by));
    let people: Vec<PersonId> = given.chain([&approval.by]).cloned().collect();
    let seats = seats::fill(&request.steps_asked(), electorate, &people).seats;
    let in_place_of = seats.into_iter().find(|seat| seat.person == approval.by).and_then(|seat| seat.in_place_of);
    events.extend(before);
    events.push(Event::ApprovalGiven { request: request.id, approval: Approval { in_place_of, ..approval } });
    let mut after = request.clone();
    for event in &events {
        after = apply::request(&after, event)?;
    }
    let people: Vec<PersonId> = after.approvals.iter().map(|given| given.by.clone()).collect();
    let seating = seats::fill(&after.steps_asked(), electorate, &people);
    if seating.is_complete() && !after.steps.is_empty() {
        events.extend(approved(&after, seating.seats, claims, now)?);
    }
    Ok(events)
}

pub(super) fn approved(request: &Request, seats: Vec<Seat>, claims: Vec<Claim>, now: Now) -> Result<Vec<Event>, Undecided> {
    if now.trust == Trust::Suspect {
        return Err(Refusal::ClockSuspect.into());
    }
    let mut events = vec![Event::RequestApproved { request: request.id, at: now.at, seats }];
    match request.terms.purpose {
        // The grant's own decision follows in the same transaction: it may have ended meanwhile.
        Purpose::Extension(_) => {}
        Purpose::Access => {
            for claim in claims {
                events.extend(planned(request, claim, now)?);
            }
        }
    }
    Ok(events)
}

/// The grant, with an end that holds even if it is never confirmed to be in force.
fn planned(request: &Request, claim: Claim, now: Now) -> Result<Vec<Event>, Undecided> {
    let start_at = request.start_at.unwrap_or(now.at).max(now.at);
    let start_by = start_at.plus(request.start_within);
    let latest_end = start_by.plus(request.terms.access_for).min(request.ends_at_most);
    if latest_end < start_at.plus(Ttl::MIN) {
        return Err(Refusal::NoTimeLeft { limit: "policy".to_owned() }.into());
    }
    let mut events = Vec::new();
    match claim.describe {
        Describe::New(entitlement) => events.push(Event::EntitlementAdded { entitlement }),
        Describe::Anew(description) => {
            events.push(Event::EntitlementDescribed { entitlement: claim.entitlement, description });
        }
        Describe::AsItIs => {}
    }
    let reveal = claim.secret.as_ref().filter(|secret| secret.to == SealedTo::Host).map(|_| Reveal::Waiting { link: None });
    let grant = Grant {
        id: claim.grant,
        version: 0,
        request: request.id,
        entitlement: claim.entitlement,
        person: request.terms.subject.clone(),
        level: claim.level,
        access_for: request.terms.access_for,
        start_at,
        start_by,
        latest_end,
        warn_before: request.warn_before,
        native_expiry: claim.native_expiry,
        ciphertext: claim.secret.map(|secret| secret.sealed),
        reveal,
        extension: None,
        drifted: false,
        state: GrantState::Planned,
    };
    events.push(Event::GrantPlanned { grant: Box::new(grant) });
    Ok(events)
}

/// The seats of those who may no longer approve are void.
pub(super) fn voided(request: &Request, electorate: &[Electors]) -> Vec<Event> {
    request
        .approvals
        .iter()
        .filter(|given| !is_eligible(electorate, &given.by))
        .map(|given| Event::ApprovalVoided { request: request.id, by: given.by.clone() })
        .collect()
}
