//! What a lock has begun goes on until all of it is seen to be over: in each round of the worker a part, in a transaction of its
//! own, so that neither a crash nor a great many accesses hold anything up. And a lock whose time is over runs out.

use tracing::info;

use crate::access::decide::{HoldingCommand, LockCommand, decide_lock};
use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{GrantId, LockId};
use crate::access::lock::Lock;
use crate::access::time::Now;
use crate::app::App;
use crate::app::transact::{Stop, Work};
use crate::store::{Reader, StoreError};

use super::reach::Reach;

/// How many accesses are ended in one transaction.
pub(super) const AT_ONCE_MAX: usize = 200;

/// How many locks run out in one round, and how many pending requests are redrawn.
const PAGE: u32 = 500;

impl App {
    /// Ends what locks cover and is not on its way out, notes which of them have nothing left to end, and lets those run out whose
    /// time is over. Harmless when repeated. Returns how much changed.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn go_on_locking(&self, now: Now) -> Result<usize, StoreError> {
        let reach = self.reach();
        let by = reach.clone();
        let (due, owing) = self
            .store
            .read(move |reader| {
                let mut owing = Vec::new();
                for lock in reader.unsettled_locks()? {
                    if is_owing(reader, &by, &lock, now)? {
                        owing.push(lock.id);
                    }
                }
                Ok((reader.due_locks(now.at, PAGE)?, owing))
            })
            .await?;
        let mut moved = 0;
        for id in due {
            let reach = reach.clone();
            moved += self.decide(now, move |work| work.count(|work| run_out(work, &reach, id))).await?;
        }
        for id in owing {
            let reach = reach.clone();
            moved += self.decide(now, move |work| work.count(|work| go_on(work, &reach, id))).await?;
        }
        if moved > 0 {
            info!(moved, "locks go on");
        }
        Ok(moved)
    }
}

/// Whether there is anything to do about a lock beside waiting for providers.
fn is_owing(reader: &Reader<'_>, reach: &Reach, lock: &Lock, now: Now) -> Result<bool, StoreError> {
    if !newly_covered(reader, reach, lock, now)?.is_empty() {
        return Ok(true);
    }
    if lock.cleared_at.is_some() {
        return Ok(false);
    }
    let grants = grants_of(reader, &lock.accesses)?;
    Ok(grants.iter().any(Grant::is_to_come) || grants.iter().all(Grant::gives_no_more))
}

/// What it covers today, is in force or to come, and is not known to it.
fn newly_covered(reader: &Reader<'_>, reach: &Reach, lock: &Lock, now: Now) -> Result<Vec<GrantId>, StoreError> {
    if !lock.is_in_force(now) {
        return Ok(Vec::new());
    }
    let open = reach.open_grants(reader, (&lock.scope, &lock.members))?;
    let is_new = |grant: &&Grant| grant.is_to_come() && !lock.accesses.contains(&grant.id);
    Ok(open.iter().filter(is_new).map(|grant| grant.id).collect())
}

pub(super) fn grants_of(reader: &Reader<'_>, ids: &[GrantId]) -> Result<Vec<Grant>, StoreError> {
    let mut grants = Vec::new();
    for id in ids {
        grants.extend(reader.grant(*id)?);
    }
    Ok(grants)
}

fn go_on(work: &mut Work<'_, '_>, reach: &Reach, id: LockId) -> Result<(), Stop> {
    let Some(lock) = work.tx.lock(id)? else { return Ok(()) };
    let grants = newly_covered(work.tx, reach, &lock, work.now)?;
    let events = decide_lock(&lock, LockCommand::Reach { grants }, work.now)?;
    work.record(events)?;
    let Some(lock) = work.tx.lock(id)? else { return Ok(()) };
    let grants = grants_of(work.tx, &lock.accesses)?;
    end_some(work, &lock, &grants)?;
    let grants = grants_of(work.tx, &lock.accesses)?;
    let events = decide_lock(&lock, LockCommand::Look { grants: &grants }, work.now)?;
    Ok(work.record(events)?)
}

/// Ends what is in force or to come of these, at most [`AT_ONCE_MAX`]: first what was not sent yet, then what is being given.
pub(super) fn end_some(work: &mut Work<'_, '_>, lock: &Lock, grants: &[Grant]) -> Result<(), Stop> {
    let mut to_end: Vec<&Grant> = grants.iter().filter(|grant| grant.is_to_come()).collect();
    to_end.sort_by_key(|grant| (grant.is_active(), !matches!(grant.state, GrantState::Planned | GrantState::Checking { .. })));
    for grant in to_end.into_iter().take(AT_ONCE_MAX) {
        let command = HoldingCommand::End { grant: grant.id, cause: lock.cause() };
        match work.on_holding(grant.entitlement, command) {
            // It ended by its time in this very moment.
            Ok(()) | Err(Stop::Refused(_)) => {}
            Err(stop) => return Err(stop),
        }
    }
    Ok(())
}

fn run_out(work: &mut Work<'_, '_>, reach: &Reach, id: LockId) -> Result<(), Stop> {
    let Some(lock) = work.tx.lock(id)? else { return Ok(()) };
    let events = decide_lock(&lock, LockCommand::Tick, work.now)?;
    if events.is_empty() {
        return Ok(());
    }
    work.record(events)?;
    redraw_pending(work, reach, &lock)
}

/// What waits for a decision and is covered shows that it is locked, or is so no longer.
pub(super) fn redraw_pending(work: &mut Work<'_, '_>, reach: &Reach, lock: &Lock) -> Result<(), Stop> {
    for request in work.tx.pending_requests(PAGE)? {
        if reach.covers_terms(lock, &request.terms) {
            let (telling, tx) = work.telling();
            telling.request_changed(tx, request.id)?;
        }
    }
    Ok(())
}
