//! Bookkeeping of the queue: which work is owed for an entitlement, and which call is under way. It changes the row and is no part of the
//! audit log, which tells what came of it.

use serde::{Deserialize, Serialize};

use super::entitlement::{Due, Entitlement, Errand, InFlight};
use super::time::Timestamp;

/// What changes in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum QueueChange {
    /// A look or a change is owed.
    Owed {
        /// What for.
        errand: Errand,
        /// Not before.
        at: Timestamp,
        /// Since when.
        since: Timestamp,
        /// Tries so far.
        attempts: u32,
    },
    /// Nothing is owed any more.
    Paid,
    /// A call was started.
    CallStarted {
        /// The number its answer must carry.
        epoch: u64,
        /// What for.
        errand: Errand,
        /// When.
        at: Timestamp,
        /// When nobody waits any more.
        give_up_at: Timestamp,
    },
    /// A call is no longer under way; until `quiet_at` it may still land.
    CallOver {
        /// When no call of ours can land any more.
        quiet_at: Timestamp,
    },
}

impl QueueChange {
    /// Changes what the row says; `None` where the change does not fit it.
    pub(super) fn apply(&self, entitlement: &mut Entitlement) -> Option<()> {
        match self {
            QueueChange::Owed { errand, at, since, attempts } => {
                entitlement.due = Some(Due { errand: *errand, at: *at, since: *since, attempts: *attempts });
            }
            QueueChange::Paid => entitlement.due = None,
            QueueChange::CallStarted { epoch, errand, at, give_up_at }
                if entitlement.in_flight.is_none() && *epoch > entitlement.epoch =>
            {
                let target = entitlement.target.clone();
                entitlement.epoch = *epoch;
                entitlement.in_flight =
                    Some(InFlight { epoch: *epoch, errand: *errand, target, started_at: *at, give_up_at: *give_up_at });
            }
            QueueChange::CallOver { quiet_at } if entitlement.in_flight.is_some() => {
                entitlement.in_flight = None;
                entitlement.quiet_at = entitlement.quiet_at.max(*quiet_at);
            }
            QueueChange::CallStarted { .. } | QueueChange::CallOver { .. } => return None,
        }
        Some(())
    }
}
