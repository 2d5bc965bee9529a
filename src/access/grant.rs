//! A grant: one person's claim on one entitlement, until an end that was committed before anything was sent.

use serde::{Deserialize, Serialize};

use super::entitlement::{Level, NativeExpiry, Trouble};
use super::ids::{EntitlementId, GrantId, LockId, PersonId, RequestId};
use super::secret::{Reveal, Sealed};
use super::time::{Timestamp, Ttl};
use super::words::Words;

/// One person's claim on one access until an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its number, `G-57`.
    pub id: GrantId,
    /// Counts the changes; every change is a compare-and-set on it.
    pub version: u64,
    /// The request that was approved.
    pub request: RequestId,
    /// What it claims.
    pub entitlement: EntitlementId,
    /// Whose access it is.
    pub person: PersonId,
    /// At which level.
    pub level: Level,
    /// How long it lasts once in force.
    pub access_for: Ttl,
    /// When it should begin.
    pub start_at: Timestamp,
    /// When it must be in force; otherwise it is given up and whatever may be there is removed.
    pub start_by: Timestamp,
    /// The end that holds even if it was never confirmed to be in force.
    pub latest_end: Timestamp,
    /// How long before the end the person is warned, at most.
    pub warn_before: Ttl,
    /// Whether the provider can end it by itself, copied from the entitlement.
    pub native_expiry: NativeExpiry,
    /// A secret for the person: encrypted to their own key and delivered once the grant is in force, or to this host where there
    /// is a [`Grant::reveal`]. Gone once it was shown, or the access is on its way out.
    pub ciphertext: Option<Sealed>,
    /// How far the showing of a secret has gone that is not encrypted to a key of the person's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reveal: Option<Reveal>,
    /// An approved extension whose native backstop has not moved yet.
    pub extension: Option<Extension>,
    /// What the provider held differed from the target at some look.
    pub drifted: bool,
    /// Where it stands.
    pub state: GrantState,
}

/// An approved extension on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// The request that was approved.
    pub request: RequestId,
    /// The end to be.
    pub to: Timestamp,
}

/// Where a grant stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// Committed, not begun.
    Planned,
    /// One read of what the person holds already. Nothing was sent yet.
    Checking {
        /// Since when.
        since: Timestamp,
    },
    /// The provider is being told.
    Provisioning {
        /// Since when.
        since: Timestamp,
        /// What is known of the calls so far.
        result: CallResult,
    },
    /// It needs the person, such as an invitation to accept. The access clock has not started.
    AwaitingUser {
        /// Since when.
        since: Timestamp,
    },
    /// In force, by a look at the provider.
    Active {
        /// When it was seen in force: the access clock starts here.
        active_at: Timestamp,
        /// When it ends.
        ends_at: Timestamp,
        /// Whether the person was warned of the end.
        warning: Warning,
    },
    /// To be removed, until a look shows that it is.
    Revoking(Revoking),
    /// Over before anything was sent.
    Void {
        /// When.
        at: Timestamp,
        /// Why.
        why: VoidCause,
    },
    /// It could not be given, and a look showed that it is not there.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        why: FailCause,
        /// Whether to look once more, since a late call may land.
        recheck: Recheck,
    },
    /// Over.
    Ended(Ended),
}

/// What is known of the calls that should bring a grant in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallResult {
    /// None has an unknown fate.
    Known,
    /// One may or may not have acted; so many later looks found nothing.
    Unknown {
        /// Looks that found nothing.
        absent_reads: u32,
    },
}

/// Whether a failed grant is looked at once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recheck {
    /// No: nothing was ever sent, or it was looked at.
    Done,
    /// At its latest end.
    At(Timestamp),
    /// Now, as soon as the provider can be read.
    Owed,
}

/// Whether the person was warned of the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Not yet.
    Owed,
    /// Yes.
    Given,
}

/// A grant on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoking {
    /// Since when it is being removed.
    pub since: Timestamp,
    /// When the access should have ended: lateness is counted from here.
    pub due_at: Timestamp,
    /// When it had come in force, if it ever was seen so.
    pub active_at: Option<Timestamp>,
    /// Why it ends.
    pub cause: EndCause,
    /// What is known to be left.
    pub remains: Remains,
    /// How many alarms were raised over its lateness.
    pub alarms: u32,
}

/// What is known to be left of an access that is being removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remains {
    /// The access itself, as far as we know.
    Access,
    /// Only a remnant that gives nobody access; its removal stays owed.
    Remnant(String),
}

/// A grant that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When the look that proved it began, or the attestation was made.
    pub at: Timestamp,
    /// When the access should have ended.
    pub due_at: Timestamp,
    /// When it had come in force, if ever.
    pub active_at: Option<Timestamp>,
    /// Why.
    pub cause: EndCause,
    /// How we know.
    pub proof: Proof,
}

/// Why an access ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// Its time was over.
    TimeOver,
    /// The person handed it back.
    HandedBack,
    /// Somebody entitled to took it back.
    RevokedBy(PersonId),
    /// The request was withdrawn while the provider was being told.
    Withdrawn(PersonId),
    /// It was not in force in time.
    StartMissed,
    /// The contract ended.
    ContractEnded,
    /// The person's account was deactivated.
    PersonDeactivated,
    /// Daypass is being taken out of service.
    Drained,
    /// This lock covers it, which this person set.
    Locked(LockId, PersonId),
    /// The policy no longer allows it.
    PolicyForbids(String),
    /// Another part of an all-or-nothing request failed.
    SiblingFailed(GrantId),
    /// It was gone at the provider before we removed it.
    RemovedOutside,
    /// A call that was thought to have failed landed late.
    LandedLate,
    /// The person had it before; it is left in place.
    HeldBefore,
}

/// How we know that an access is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A look at the provider after the removal equalled the target.
    ReadBack,
    /// The only look there was: nothing was ever sent.
    NothingSent,
    /// A look at the provider; another grant still gives the person this access.
    CoveredBy(GrantId),
    /// A named person's word, because we could not look.
    Attested {
        /// Whose word.
        by: PersonId,
        /// What they said.
        why: Words,
    },
}

/// Why a grant was over before anything was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoidCause {
    /// The request was withdrawn, or the grant given up, by this person.
    By(PersonId),
    /// It could not begin in time.
    Lapsed,
    /// The policy no longer allows it.
    PolicyForbids(String),
    /// The contract ended.
    ContractEnded,
    /// The person's account was deactivated.
    PersonDeactivated,
    /// Daypass is being taken out of service.
    Drained,
    /// This lock covers it, which this person set.
    Locked(LockId, PersonId),
    /// Another part of an all-or-nothing request failed.
    SiblingFailed(GrantId),
}

/// Why a grant could not be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailCause {
    /// What the person holds could not be read until it was too late to begin. Nothing was sent.
    Unreadable,
    /// The provider is another server than the one that was approved. Nothing was sent.
    ProviderMoved,
    /// The provider said no.
    Refused(Trouble),
    /// A call's fate was unknown, and later looks found nothing.
    NotThere,
}

impl Grant {
    /// Whether it asks for the access to be there.
    pub fn is_live(&self) -> bool {
        match self.state {
            GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. } | GrantState::Active { .. } => true,
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Revoking(_)
            | GrantState::Void { .. }
            | GrantState::Failed { .. }
            | GrantState::Ended(_) => false,
        }
    }

    /// Whether it is in force.
    pub fn is_active(&self) -> bool {
        matches!(self.state, GrantState::Active { .. })
    }

    /// Whether it is in force, or on its way there.
    pub fn is_to_come(&self) -> bool {
        match self.state {
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Active { .. } => true,
            GrantState::Revoking(_) | GrantState::Void { .. } | GrantState::Failed { .. } | GrantState::Ended(_) => false,
        }
    }

    /// Whether it is planned, its time has come, and it is not too late.
    pub fn is_due_to_begin(&self, at: Timestamp) -> bool {
        let is_planned = matches!(self.state, GrantState::Planned);
        is_planned && at >= self.start_at && at < self.start_by.min(self.latest_end)
    }

    /// Whether nothing more will ever happen to it by itself.
    pub fn is_over(&self) -> bool {
        match self.state {
            GrantState::Void { .. } | GrantState::Failed { recheck: Recheck::Done, .. } | GrantState::Ended(_) => true,
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Active { .. }
            | GrantState::Revoking(_)
            | GrantState::Failed { recheck: Recheck::At(_) | Recheck::Owed, .. } => false,
        }
    }

    /// Whether the person had it at some time, as far as this grant promised: it was seen in force, or they held it before.
    pub fn came_in_force(&self) -> bool {
        match &self.state {
            GrantState::Active { .. } => true,
            GrantState::Revoking(revoking) => revoking.active_at.is_some(),
            GrantState::Ended(ended) => ended.active_at.is_some() || ended.cause == EndCause::HeldBefore,
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Void { .. }
            | GrantState::Failed { .. } => false,
        }
    }

    /// When it ends, while it is in force.
    pub fn ends_at(&self) -> Option<Timestamp> {
        match &self.state {
            GrantState::Active { ends_at, .. } => Some(*ends_at),
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Revoking(_)
            | GrantState::Void { .. }
            | GrantState::Failed { .. }
            | GrantState::Ended(_) => None,
        }
    }

    /// Whether the person has nothing by it any more, though we may look once more.
    pub fn gives_no_more(&self) -> bool {
        match self.state {
            GrantState::Void { .. } | GrantState::Failed { .. } | GrantState::Ended(_) => true,
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Active { .. }
            | GrantState::Revoking(_) => false,
        }
    }

    /// When the provider itself has to end it at the latest, an approved extension included.
    pub fn backstop(&self) -> Timestamp {
        self.extension.as_ref().map_or(self.latest_end, |extension| extension.to.max(self.latest_end))
    }
}

impl GrantState {
    /// The state's name, as it is stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            GrantState::Planned => "planned",
            GrantState::Checking { .. } => "checking",
            GrantState::Provisioning { .. } => "provisioning",
            GrantState::AwaitingUser { .. } => "awaiting_user",
            GrantState::Active { .. } => "active",
            GrantState::Revoking(_) => "revoking",
            GrantState::Void { .. } => "void",
            GrantState::Failed { .. } => "failed",
            GrantState::Ended(_) => "ended",
        }
    }
}
