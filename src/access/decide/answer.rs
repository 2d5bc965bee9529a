//! What follows from a provider's answer. An answer to a question that is no longer asked is ignored, not applied; what is
//! seen at another server than the one written down is not believed; and absence is believed only once no call of ours can land.

use super::super::apply::{IllegalEvent, PROVIDER_MOVED};
use super::super::entitlement::{
    Answer, Change, Class, Errand, InFlight, Mark, NativeExpiry, Observation, Prior, Seen, Shape, Target, Trouble,
};
use super::super::event::Event;
use super::super::grant::{CallResult, EndCause, FailCause, Grant, GrantState, Proof, Recheck, Remains, Revoking};
use super::super::queue::QueueChange;
use super::super::time::{Timestamp, Trust};
use super::draft::{Draft, Fate, serves};

/// How long an access waits before it is looked at again while it needs the person.
const POLL: std::time::Duration = std::time::Duration::from_secs(60);

/// So many looks must find nothing before a call of unknown fate is taken to have failed.
const ABSENT_READS_NEEDED: u32 = 2;

/// Takes an answer in.
pub(super) fn take(draft: &mut Draft, answer: Answer) -> Result<(), IllegalEvent> {
    let entitlement = &draft.holding.entitlement;
    let Some(call) = entitlement.in_flight.clone().filter(|call| call.epoch == answer.epoch) else { return Ok(()) };
    let fate = match &answer.change {
        Some(Change::Failed(trouble)) if trouble.class == Class::Ambiguous => Fate::Unknown,
        Some(Change::Made | Change::AlreadySo | Change::Failed(_)) | None => Fate::Known,
    };
    let quiet_at = draft.quiet_after(&call, fate);
    draft.queue(QueueChange::CallOver { quiet_at })?;
    if call.errand != Errand::ReadPrior && call.target != draft.holding.entitlement.target {
        return Ok(());
    }
    let seen = match &answer.read {
        Ok(observation) => observation.clone(),
        Err(trouble) => return unreadable(draft, &call, &answer, trouble, fate),
    };
    if let Some(expected) = draft.holding.entitlement.description.fingerprint.clone()
        && expected != seen.fingerprint
    {
        return moved(draft, &call, expected, seen.fingerprint);
    }
    match call.errand {
        Errand::ReadPrior => prior_read(draft, seen),
        Errand::Ensure | Errand::Observe => compare(draft, &call, &answer, &seen),
    }
}

fn report(draft: &mut Draft, trouble: &Trouble) -> Result<(), IllegalEvent> {
    let same = draft
        .holding
        .entitlement
        .trouble
        .as_ref()
        .is_some_and(|known| known.code == trouble.code && known.class == trouble.class);
    if same {
        return Ok(());
    }
    draft.push(Event::TroubleSeen { entitlement: draft.holding.entitlement.id, trouble: trouble.clone() })
}

/// It could not be looked at: nothing is concluded, and it is tried again.
fn unreadable(draft: &mut Draft, call: &InFlight, answer: &Answer, trouble: &Trouble, fate: Fate) -> Result<(), IllegalEvent> {
    report(draft, trouble)?;
    let giving = call.errand == Errand::Ensure && matches!(call.target, Target::Present { .. });
    if giving && fate == Fate::Unknown {
        draft.doubt(0)?;
    }
    let errand = match call.errand {
        Errand::Ensure if draft.is_in_doubt() => Errand::Observe,
        errand => errand,
    };
    draft.owe_again(errand, answer.retry_at)
}

/// Another server answered. Nothing that it shows is believed, least of all that an access is gone.
fn moved(draft: &mut Draft, call: &InFlight, expected: String, found: String) -> Result<(), IllegalEvent> {
    let entitlement = draft.holding.entitlement.id;
    if draft.holding.entitlement.trouble.as_ref().is_none_or(|known| known.code != PROVIDER_MOVED) {
        draft.push(Event::ProviderMoved { entitlement, expected, found })?;
    }
    if call.errand == Errand::ReadPrior {
        for grant in draft.grants() {
            if matches!(grant.state, GrantState::Checking { .. }) {
                let (at, why) = (draft.now.at, FailCause::ProviderMoved);
                draft.push(Event::GrantFailed { grant: grant.id, at, why, recheck: Recheck::Done })?;
            }
        }
        return draft.queue(QueueChange::Paid);
    }
    draft.owe_again(call.errand, None)
}

/// The only read that may say what was there before us: nothing was sent since.
fn prior_read(draft: &mut Draft, seen: Observation) -> Result<(), IllegalEvent> {
    let entitlement = draft.holding.entitlement.id;
    let prior = match (seen.seen, seen.mark, draft.holding.entitlement.description.shape) {
        (Seen::Present { level, .. }, Mark::Foreign | Mark::Unmarked, Shape::Edge) => Prior::Held(level),
        // What carries our mark, or is an object named after this grant, was left behind by us.
        (Seen::Present { .. }, Mark::Ours, Shape::Edge)
        | (Seen::Present { .. }, _, Shape::Owned)
        | (Seen::Absent | Seen::AwaitingUser | Seen::Cut { .. }, _, _) => Prior::Absent,
    };
    draft.push(Event::PriorRead { entitlement, prior, fingerprint: seen.fingerprint })?;
    draft.queue(QueueChange::Paid)
}

/// Holds what was seen against what must be true.
fn compare(draft: &mut Draft, call: &InFlight, answer: &Answer, seen: &Observation) -> Result<(), IllegalEvent> {
    if let Some(Change::Failed(trouble)) = &answer.change {
        report(draft, trouble)?;
    }
    let met = seen.seen.satisfies(&call.target);
    let leaving = draft.holding.grants.iter().any(|grant| {
        matches!(grant.state, GrantState::Revoking(_) | GrantState::Failed { recheck: Recheck::At(_) | Recheck::Owed, .. })
    });
    let quiet_at = draft.holding.entitlement.quiet_at;
    match (met, &call.target) {
        // A call of ours may still land: what is gone now may come back.
        (true, _) if leaving && may_still_land(draft, seen.at) => draft.owe_again(Errand::Observe, Some(quiet_at)),
        (true, _) => verified(draft, call, answer, seen),
        (false, Target::Present { .. }) if has_live(draft) => not_yet_there(draft, call, answer, seen),
        (false, Target::Present { .. } | Target::Absent) => still_there(draft, call, answer, seen),
    }
}

/// Whether a call of unknown fate may change something after this moment. By a suspect clock, "later" means nothing.
fn may_still_land(draft: &Draft, at: Timestamp) -> bool {
    let entitlement = &draft.holding.entitlement;
    match draft.now.trust {
        Trust::Sound => at < entitlement.quiet_at,
        Trust::Suspect => entitlement.verified_at.unwrap_or(Timestamp::from_millis(0)) < entitlement.quiet_at,
    }
}

fn has_live(draft: &Draft) -> bool {
    draft.holding.grants.iter().any(Grant::is_live)
}

/// What was seen equals the target: whatever waited for that is done.
fn verified(draft: &mut Draft, call: &InFlight, answer: &Answer, seen: &Observation) -> Result<(), IllegalEvent> {
    let entitlement = draft.holding.entitlement.id;
    let first_try = draft.holding.entitlement.due.as_ref().is_some_and(|due| due.attempts == 0);
    let was_gone = first_try && answer.change == Some(Change::AlreadySo) && !has_live(draft);
    draft.push(Event::Verified { entitlement, at: seen.at })?;
    draft.queue(QueueChange::Paid)?;
    for grant in draft.grants() {
        match &grant.state {
            GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. } => activate(draft, &grant, call, seen.at)?,
            GrantState::Revoking(revoking) => end(draft, &grant, revoking, was_gone, seen.at)?,
            GrantState::Failed { recheck: Recheck::Owed, .. } => {
                draft.push(Event::GrantRechecked { grant: grant.id })?;
            }
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Active { .. }
            | GrantState::Void { .. }
            | GrantState::Failed { .. }
            | GrantState::Ended(_) => {}
        }
    }
    match draft.holding.entitlement.description.native_expiry {
        NativeExpiry::Exact => draft.complete_extensions(),
        NativeExpiry::None => Ok(()),
    }
}

/// The access clock starts when the look that showed it began.
fn activate(draft: &mut Draft, grant: &Grant, call: &InFlight, at: Timestamp) -> Result<(), IllegalEvent> {
    match &call.target {
        Target::Present { level, .. } if serves(level, grant) => {
            // A clock that jumped ahead must not push the end out: the time since it began to be given is counted then.
            let counted_from = match (&grant.state, draft.now.trust) {
                (GrantState::Provisioning { since, .. } | GrantState::AwaitingUser { since }, Trust::Suspect) => at.min(*since),
                _ => at,
            };
            let ends_at = counted_from.plus(grant.access_for).min(grant.latest_end);
            draft.push(Event::GrantActivated { grant: grant.id, active_at: at, ends_at })
        }
        Target::Present { .. } | Target::Absent => Ok(()),
    }
}

fn end(draft: &mut Draft, grant: &Grant, revoking: &Revoking, was_gone: bool, at: Timestamp) -> Result<(), IllegalEvent> {
    let covering = draft.holding.grants.iter().find(|other| other.is_live() && other.level.rank >= grant.level.rank);
    let (cause, proof) = match covering {
        Some(other) => (revoking.cause.clone(), Proof::CoveredBy(other.id)),
        None if was_gone && revoking.active_at.is_some() => (EndCause::RemovedOutside, Proof::ReadBack),
        None => (revoking.cause.clone(), Proof::ReadBack),
    };
    draft.push(Event::GrantEnded { grant: grant.id, at, due_at: revoking.due_at, cause, proof })
}

/// A live grant asks for it, and it is not (fully) there.
fn not_yet_there(draft: &mut Draft, call: &InFlight, answer: &Answer, seen: &Observation) -> Result<(), IllegalEvent> {
    if seen.seen == Seen::AwaitingUser {
        for grant in draft.grants() {
            if matches!(grant.state, GrantState::Provisioning { .. }) {
                draft.push(Event::GrantAwaitsPerson { grant: grant.id, at: draft.now.at })?;
            }
        }
        return draft.owe(Errand::Observe, draft.now.at.plus(POLL));
    }
    drifted(draft, call, seen)?;
    let gone = draft.holding.entitlement.prior.as_target().is_some_and(|prior| seen.seen.satisfies(&prior));
    let refused = match &answer.change {
        Some(Change::Failed(trouble)) if matches!(trouble.class, Class::Permanent | Class::NeedsHuman) => Some(trouble.clone()),
        Some(Change::Failed(trouble)) if trouble.class == Class::Ambiguous && gone => {
            draft.doubt(0)?;
            None
        }
        Some(Change::Failed(_) | Change::Made | Change::AlreadySo) | None => None,
    };
    for grant in draft.grants() {
        let GrantState::Provisioning { result, .. } = &grant.state else { continue };
        let (at, recheck) = (draft.now.at, Recheck::At(grant.latest_end));
        match (result, &refused) {
            (CallResult::Known, Some(trouble)) if gone => {
                let why = FailCause::Refused(trouble.clone());
                draft.push(Event::GrantFailed { grant: grant.id, at, why, recheck })?;
            }
            (CallResult::Unknown { absent_reads }, _) if gone => {
                let absent_reads = absent_reads.saturating_add(1);
                if absent_reads >= ABSENT_READS_NEEDED && !may_still_land(draft, seen.at) {
                    draft.push(Event::GrantFailed { grant: grant.id, at, why: FailCause::NotThere, recheck })?;
                } else {
                    draft.push(Event::GrantResultUnknown { grant: grant.id, absent_reads })?;
                }
            }
            (CallResult::Known | CallResult::Unknown { .. }, _) => {}
        }
    }
    let quiet_at = draft.holding.entitlement.quiet_at;
    if draft.is_in_doubt() {
        return draft.owe_again(Errand::Observe, Some(answer.retry_at.unwrap_or(quiet_at).max(quiet_at)));
    }
    draft.owe_again(Errand::Ensure, answer.retry_at)
}

/// An access in force is not what it should be: if it is gone, the grant ends; if it differs, it is put right.
fn drifted(draft: &mut Draft, call: &InFlight, seen: &Observation) -> Result<(), IllegalEvent> {
    if call.errand != Errand::Observe {
        return Ok(());
    }
    let prior = draft.holding.entitlement.prior.as_target();
    let gone = seen.seen == Seen::Absent || prior.is_some_and(|prior| seen.seen.satisfies(&prior));
    let mut was_in_force = false;
    for grant in draft.grants() {
        if !grant.is_active() {
            continue;
        }
        was_in_force = true;
        let (id, at) = (grant.id, draft.now.at);
        if !grant.drifted {
            draft.push(Event::GrantDrifted { grant: id, seen: describe(&seen.seen) })?;
        }
        if gone {
            draft.push(Event::GrantRevoking { grant: id, at, due_at: at, cause: EndCause::RemovedOutside })?;
        }
    }
    // Whoever took away everything took away what was there before us as well; it is not ours to give back.
    if was_in_force && seen.seen == Seen::Absent && matches!(draft.holding.entitlement.prior, Prior::Held(_)) {
        draft.push(Event::PriorLost { entitlement: draft.holding.entitlement.id })?;
    }
    Ok(())
}

fn describe(seen: &Seen) -> String {
    match seen {
        Seen::Absent => "the access is not there".to_owned(),
        Seen::Present { level, .. } => format!("the access is there as `{}`, with another end or level than agreed", level.name),
        Seen::AwaitingUser => "the access waits for the person".to_owned(),
        Seen::Cut { remnant } => format!("the access is cut; {remnant}"),
    }
}

/// Nobody asks for it any more, and it is not as it was before us: it stays owed.
fn still_there(draft: &mut Draft, call: &InFlight, answer: &Answer, seen: &Observation) -> Result<(), IllegalEvent> {
    for grant in draft.grants() {
        match (&grant.state, &seen.seen) {
            (GrantState::Revoking(revoking), Seen::Cut { remnant }) if revoking.remains == Remains::Access => {
                draft.push(Event::GrantCut { grant: grant.id, remnant: remnant.clone() })?;
            }
            (GrantState::Failed { recheck: Recheck::At(_) | Recheck::Owed, .. }, _) => {
                let at = draft.now.at;
                draft.push(Event::GrantRevoking { grant: grant.id, at, due_at: at, cause: EndCause::LandedLate })?;
            }
            (
                GrantState::Planned
                | GrantState::Checking { .. }
                | GrantState::Provisioning { .. }
                | GrantState::AwaitingUser { .. }
                | GrantState::Active { .. }
                | GrantState::Revoking(_)
                | GrantState::Void { .. }
                | GrantState::Failed { .. }
                | GrantState::Ended(_),
                _,
            ) => {}
        }
    }
    match call.errand {
        // A look found something that should be gone: it is removed at once.
        Errand::Observe => draft.owe(Errand::Ensure, draft.now.at),
        Errand::Ensure | Errand::ReadPrior => draft.owe_again(Errand::Ensure, answer.retry_at),
    }
}
