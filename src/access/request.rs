//! A request: what people decide. It never says whether the access is there; that is the grant's business.

use serde::{Deserialize, Serialize};

use super::ids::{GrantId, PersonId, PolicyId, RequestId, ResourceId, RoleId};
use super::remind::Reminding;
use super::talk::Talk;
use super::time::{Timestamp, Ttl};
use super::words::Words;

/// One question to the people who may say yes, with everything that was agreed about it so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its number, `R-42`.
    pub id: RequestId,
    /// Counts the changes; every change is a compare-and-set on it.
    pub version: u64,
    /// Who gets what, for how long. An approval is an approval of exactly this.
    pub terms: Terms,
    /// Stands for the terms on buttons, so that a click on outdated terms is recognised.
    pub terms_hash: TermsHash,
    /// Who filed it: the subject, or somebody on their behalf. Neither may approve it.
    pub filed_by: PersonId,
    /// Why, in the filer's words.
    pub reason: Words,
    /// When it was filed.
    pub asked_at: Timestamp,
    /// Until when people must have decided.
    pub answer_by: Timestamp,
    /// When the access should begin; `None` means as soon as it is approved.
    pub start_at: Option<Timestamp>,
    /// How long after approval (or after `start_at`) the access must be in force, else it lapses.
    pub start_within: Ttl,
    /// The latest end that policy, working hours, contract and ceiling allow. Only ever lowered while pending.
    pub ends_at_most: Timestamp,
    /// How long before its end the person is warned, at most.
    pub warn_before: Ttl,
    /// The policy that permits it.
    pub policy: PolicyRef,
    /// How it comes to be approved.
    pub mode: Mode,
    /// What has to be agreed by whom. Only ever raised while pending.
    pub steps: Vec<Step>,
    /// Who has agreed so far, in order.
    pub approvals: Vec<Approval>,
    /// The numbers its grants will have, one for each of [`Terms::wanted`], reserved when it was filed, so that provider
    /// objects can be named beforehand.
    pub grants: Vec<GrantId>,
    /// What happens while nobody answers, and how far that has gone.
    #[serde(default, skip_serializing_if = "Reminding::is_nothing")]
    pub reminding: Reminding,
    /// What passed between people about it beside their yes and no.
    #[serde(default, skip_serializing_if = "Talk::is_nothing")]
    pub talk: Talk,
    /// Where it stands.
    pub state: RequestState,
}

/// The terms of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Terms {
    /// Whose access it is.
    pub subject: PersonId,
    /// On what.
    pub resource: ResourceId,
    /// As what.
    pub role: RoleId,
    /// How long it lasts once it is in force; for an extension, how much longer.
    pub access_for: Ttl,
    /// A new access, or more time for one.
    pub purpose: Purpose,
    /// Of a bundle (`resource`, with the role `all`): what it was made of when it was asked for, in order. Empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// One access that is asked for: a role on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Part {
    /// On what.
    pub resource: ResourceId,
    /// As what.
    pub role: RoleId,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.resource, self.role)
    }
}

impl Terms {
    /// Whether several accesses are asked for by one name, all or none.
    pub fn is_bundle(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Every access that is asked for, in order: a grant for each. Never empty.
    pub fn wanted(&self) -> Vec<Part> {
        if self.is_bundle() {
            return self.parts.clone();
        }
        vec![Part { resource: self.resource.clone(), role: self.role.clone() }]
    }
}

impl Request {
    /// From when until when it is to be in force, where it has a start of its own: a late decision shortens it, and does not move
    /// its end.
    pub fn from_to(&self) -> Option<(Timestamp, Timestamp)> {
        let start = self.start_at?;
        Some((start, start.plus(self.terms.access_for).min(self.ends_at_most)))
    }

    /// What this grant of it gives. A grant that is not one of its own (the one that an extension is for) gives what the
    /// terms name.
    pub fn part_of(&self, grant: GrantId) -> Part {
        let place = self.grants.iter().position(|id| *id == grant);
        let part = place.and_then(|place| self.terms.parts.get(place)).cloned();
        part.unwrap_or_else(|| Part { resource: self.terms.resource.clone(), role: self.terms.role.clone() })
    }
}

/// A new access, or more time for an existing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A new grant.
    Access,
    /// Moves the end of this grant.
    Extension(GrantId),
}

/// Sixty-four bits of a hash over the canonical terms, as buttons carry them. It identifies terms; it is not a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TermsHash(pub u64);

impl std::fmt::Display for TermsHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::str::FromStr for TermsHash {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(TermsHash)
    }
}

/// Which rule permitted it, under which text of the policy files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    /// The rule; of a bundle, the one that asks most of people.
    pub id: PolicyId,
    /// Of a bundle: the rules that permitted its other parts, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<PolicyId>,
    /// SHA-256 of the policy set in force, in hex; the text is kept under it.
    pub digest: String,
}

/// How a request comes to be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// People decide.
    Ask,
    /// The policy alone decides.
    Auto,
    /// Nobody decided: access now, reviewed afterwards by another person.
    BreakGlass,
}

/// How far ahead the start of an access can be: what will be right later than that is not known yet.
pub const START_AHEAD_MAX: Ttl = Ttl::WEEK;

/// What stands between alternatives in a step's `by`, such as `group/dba or group/platform`. No name can contain it.
pub const OR: &str = " or ";

/// One thing that has to be agreed: so many distinct people of those whom `by` names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Who may fill it, as the policy spells it: `group/dba`, `person/bob`, `sponsor`.
    pub by: String,
    /// How many distinct people.
    pub count: u32,
}

/// One person's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why, where they said so.
    pub note: Words,
    /// Who is away, and in whose place they agreed; `None` where it was by their own right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place_of: Option<PersonId>,
}

/// One filled place of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The step's `by`.
    pub step: String,
    /// Who fills it.
    pub person: PersonId,
    /// Who is away, and in whose place they fill it; `None` where it is by their own right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place_of: Option<PersonId>,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// People are asked.
    Pending,
    /// Agreed; its grants, or the extension, are under way.
    Approved {
        /// When the last seat was filled.
        at: Timestamp,
        /// Who filled which.
        seats: Vec<Seat>,
    },
    /// Somebody entitled to said no.
    Denied {
        /// When.
        at: Timestamp,
        /// Who.
        by: PersonId,
        /// Who is away, and in whose place they said so; `None` where it was by their own right.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_place_of: Option<PersonId>,
        /// Why.
        reason: Words,
    },
    /// Withdrawn by the requester, the filer or an admin.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Who.
        by: PersonId,
    },
    /// Nobody decided in time.
    Expired {
        /// When that was noticed.
        at: Timestamp,
    },
    /// A rule, contract or account changed, so that it may no longer be granted.
    Invalidated {
        /// When.
        at: Timestamp,
        /// What changed, as a sentence.
        why: String,
    },
    /// Approved, but it could not begin in time; nothing was ever sent.
    Lapsed {
        /// When.
        at: Timestamp,
    },
}

impl RequestState {
    /// Whether people can still decide.
    pub fn is_pending(&self) -> bool {
        matches!(self, RequestState::Pending)
    }

    /// The state's name, as it is stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            RequestState::Pending => "pending",
            RequestState::Approved { .. } => "approved",
            RequestState::Denied { .. } => "denied",
            RequestState::Cancelled { .. } => "cancelled",
            RequestState::Expired { .. } => "expired",
            RequestState::Invalidated { .. } => "invalidated",
            RequestState::Lapsed { .. } => "lapsed",
        }
    }
}
