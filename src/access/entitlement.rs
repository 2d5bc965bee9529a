//! An entitlement: what must be true at one provider, for one subject and one thing. Its row is the queue of provider work.
//!
//! Grants point to it; what must be true is recomputed from those that are live. It holds a copy of all that is needed to
//! make it so or not so later, so that ending access depends on no policy, no catalogue and no Slack.

use serde::{Deserialize, Serialize};

use super::grant::Grant;
use super::ids::{EntitlementId, GrantId, ProviderId};
use super::time::Timestamp;

/// An entitlement with the grants that claim it: the unit in which provider work is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// What must be true.
    pub entitlement: Entitlement,
    /// Every grant that points to it and is not over, and those that are over but still watched.
    pub grants: Vec<Grant>,
}

/// What must be true at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlement {
    /// Its number, `E-7`.
    pub id: EntitlementId,
    /// Counts the changes; every change is a compare-and-set on it.
    pub version: u64,
    /// All that the adapter needs, as a copy.
    pub description: Description,
    /// What was there before us.
    pub prior: Prior,
    /// What must be true now. Meaningless while the prior is unread, since nothing was sent then.
    pub target: Target,
    /// The work that is owed, if any: the queue entry.
    pub due: Option<Due>,
    /// The one call that is under way, if any.
    pub in_flight: Option<InFlight>,
    /// The number of the last call started. An answer must name the number of the call in flight.
    pub epoch: u64,
    /// The earliest moment at which a read-back may prove absence: a call whose fate is unknown may land until then.
    pub quiet_at: Timestamp,
    /// When a read-back last equalled the target.
    pub verified_at: Option<Timestamp>,
    /// What is wrong, while it is.
    pub trouble: Option<Trouble>,
}

/// Everything an adapter needs to make an entitlement so or not so, committed before the first call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The provider instance.
    pub provider: ProviderId,
    /// The provider's kind, such as `postgres`.
    pub kind: String,
    /// Which server it is. `None` until the first read, which settles it; every later read is compared with it.
    pub fingerprint: Option<String>,
    /// The subject's account at the provider.
    pub subject: String,
    /// The thing, in the adapter's spelling. Unique with provider and subject. For an owned object it names the grant.
    pub thing: String,
    /// Whether the object is ours alone or an edge that others may hold too.
    pub shape: Shape,
    /// Whether the provider can end it by itself.
    pub native_expiry: NativeExpiry,
    /// The name that marks it as ours: `daypass-<installation>-<grant>`.
    pub remote_name: String,
    /// What else the adapter wants to find again, in a form of its own (JSON). Never a secret in clear.
    pub data: String,
    /// How long after a call timed out the provider may still carry it out.
    pub lands_within_ms: u64,
}

/// Whether the object is ours alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// An object named after one grant, such as a login role. It is made and removed whole.
    Owned,
    /// A membership or level that several grants may need, and that may have been there before us.
    Edge,
}

/// Whether access ends at the provider even when Daypass is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NativeExpiry {
    /// It does not.
    None,
    /// At the moment that was set.
    Exact,
}

/// A level at a provider. Where a thing has several, a higher rank includes the lower ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Level {
    /// The adapter's name for it.
    pub name: String,
    /// Its place among the levels of this thing; higher is more.
    pub rank: u32,
}

/// What was there before us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// Not read since the entitlement was last at rest.
    Unread,
    /// Nothing.
    Absent,
    /// This level, which must be there again in the end.
    Held(Level),
}

/// What must be true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The subject does not have the thing.
    Absent,
    /// The subject has the thing at this level.
    Present {
        /// At exactly this level.
        level: Level,
        /// The native backstop: when the provider itself must end it, where it can. `None`: no end of its own (a prior level).
        until: Option<Timestamp>,
    },
}

/// Work that is owed: one line of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// What to do.
    pub errand: Errand,
    /// Not before this moment.
    pub at: Timestamp,
    /// Since when it has been owed.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Read what is there before anything is sent (the only read that may set the prior).
    ReadPrior,
    /// Make the target true, then read back.
    Ensure,
    /// Only read, and compare with the target.
    Observe,
}

/// The call that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// The number that its answer must carry.
    pub epoch: u64,
    /// What it is for.
    pub errand: Errand,
    /// What it was asked to make true (the target at its start).
    pub target: Target,
    /// When it was started.
    pub started_at: Timestamp,
    /// After this moment nobody waits for its answer any more; its fate is then unknown.
    pub give_up_at: Timestamp,
}

/// What is wrong, and how often it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Whether and when trying again helps.
    pub class: Class,
    /// A short stable word, such as `timeout` or `42501`.
    pub code: String,
    /// One redacted sentence for people.
    pub message: String,
}

/// Whether and when trying again helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Trying again later may help; nothing was done.
    Transient,
    /// Trying the same again will not help; nothing was done.
    Permanent,
    /// Somebody must act at the provider; nothing was done.
    NeedsHuman,
    /// It may or may not have been done.
    Ambiguous,
}

/// What an adapter saw when it looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The server that was looked at.
    pub fingerprint: String,
    /// What it showed.
    pub seen: Seen,
    /// Whose mark the object carries.
    pub mark: Mark,
    /// When the look began.
    pub at: Timestamp,
}

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Nothing.
    Absent,
    /// The thing, at this level.
    Present {
        /// The level that is in effect.
        level: Level,
        /// When the provider itself will end it.
        until: Option<Timestamp>,
    },
    /// It waits for the person, such as an invitation.
    AwaitingUser,
    /// The access is cut, but a remnant could not be removed; it gives nobody access.
    Cut {
        /// What remains, as a sentence.
        remnant: String,
    },
}

/// Whose mark an object at a provider carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// This installation's.
    Ours,
    /// Another installation's.
    Foreign,
    /// None, or the provider cannot carry any.
    Unmarked,
}

/// The answer to the call in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The call that it answers.
    pub epoch: u64,
    /// What the changing call said; `None` for a call that only reads.
    pub change: Option<Change>,
    /// What the read (back) said.
    pub read: Result<Observation, Trouble>,
    /// Wait at least until then before the next try, where the provider asked for it.
    pub retry_at: Option<Timestamp>,
}

/// What a changing call said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It made a change.
    Made,
    /// It found the target already true and changed nothing.
    AlreadySo,
    /// It failed.
    Failed(Trouble),
}

impl Holding {
    /// The grant with this number, if it claims this entitlement.
    pub fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.id == id)
    }
}

impl Prior {
    /// What must be true when nobody claims the entitlement; `None` while nothing is known, since then nothing was sent.
    pub fn as_target(&self) -> Option<Target> {
        match self {
            Prior::Unread => None,
            Prior::Absent => Some(Target::Absent),
            Prior::Held(level) => Some(Target::Present { level: level.clone(), until: None }),
        }
    }
}

impl Seen {
    /// Whether this is what the target asks for.
    pub fn satisfies(&self, target: &Target) -> bool {
        match (self, target) {
            (Seen::Absent, Target::Absent) => true,
            (Seen::Present { level, until }, Target::Present { level: wanted, until: backstop }) => {
                level == wanted && until == backstop
            }
            (Seen::Absent | Seen::AwaitingUser | Seen::Cut { .. } | Seen::Present { .. }, _) => false,
        }
    }
}
