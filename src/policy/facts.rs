//! The question that is put to the policy, and its answer. Plain data: both can be stored, so that history can be replayed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::access::absence::Absence;
use crate::access::ids::{GroupId, PersonId, PolicyId, ResourceId, RoleId};
use crate::access::refusal::Refusal;
pub use crate::access::remind::{Page, Remind};
use crate::access::request::{Mode, Step};
use crate::access::time::{Timestamp, Ttl};
use crate::access::words::Words;

/// Everything that a verdict depends on, beside the policy set and the time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Whose access it would be.
    pub subject: PersonId,
    /// Who asks: the subject, or somebody for them.
    pub filed_by: PersonId,
    /// On what.
    pub resource: ResourceId,
    /// As what.
    pub role: RoleId,
    /// How long it should last; for an extension, how much longer.
    pub access_for: Ttl,
    /// Why, as typed; may be empty.
    pub reason: Words,
    /// A new access, or more time for one.
    pub purpose: Purpose,
    /// When it should begin; `None`, or a time past: as soon as it is approved.
    pub start_at: Option<Timestamp>,
    /// In which manner it is asked.
    pub manner: Manner,
    /// When each policy let the subject in lately without anybody being asked; for `limit:`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub uses: BTreeMap<PolicyId, Vec<Timestamp>>,
    /// What the files cannot say.
    pub outside: Outside,
}

impl Facts {
    /// The question that tools put, where nobody has asked: the shortest access, for oneself, without a reason, everybody active.
    pub(super) fn supposed(person: &PersonId, resource: &ResourceId, role: &RoleId, manner: Manner) -> Facts {
        Facts {
            subject: person.clone(),
            filed_by: person.clone(),
            resource: resource.clone(),
            role: role.clone(),
            access_for: Ttl::MIN,
            reason: Words::default(),
            purpose: Purpose::Access,
            start_at: None,
            manner,
            uses: BTreeMap::new(),
            outside: Outside::assumed_active(),
        }
    }
}

/// A new access, or more time for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A new access.
    Access,
    /// More time for an access that is in force.
    Extension {
        /// How often it was extended already.
        times: u32,
        /// Since when it has been in force.
        active_since: Timestamp,
        /// When it ends as things stand.
        ends_at: Timestamp,
    },
}

/// In which manner access is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// As usual.
    Usual,
    /// As break-glass: only rules for that are considered, and never without being asked for.
    BreakGlass,
}

/// What is known from outside the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// How Slack knows each person.
    pub standings: BTreeMap<PersonId, Standing>,
    /// How everybody is taken who is not among them.
    pub others: Standing,
    /// Groups whose members were read elsewhere (or could not be), instead of what the files say.
    pub groups: BTreeMap<GroupId, Reading>,
    /// Who is away at the moment, each person once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub away: Vec<Absence>,
}

impl Outside {
    /// Nothing was read: nobody can approve until Slack has vouched for them.
    pub fn unread() -> Outside {
        Outside { standings: BTreeMap::new(), others: Standing::Unknown, groups: BTreeMap::new(), away: Vec::new() }
    }

    /// Everybody is taken for an active member. For tools that look at the files alone, never for a decision.
    pub fn assumed_active() -> Outside {
        Outside { others: Standing::Active, ..Outside::unread() }
    }

    /// As it might be, had Slack answered for everybody: to tell a silence from a no. Never for a decision.
    pub(super) fn with_unknown_as_active(&self) -> Outside {
        let supposed = |standing: Standing| if standing == Standing::Unknown { Standing::Active } else { standing };
        Outside {
            standings: self.standings.iter().map(|(person, standing)| (person.clone(), supposed(*standing))).collect(),
            others: supposed(self.others),
            groups: self.groups.clone(),
            away: self.away.clone(),
        }
    }

    /// The same, with these people away.
    #[must_use]
    pub fn with_away(self, away: Vec<Absence>) -> Outside {
        Outside { away, ..self }
    }

    /// Whether this person said that they are away now.
    pub fn is_away(&self, person: &PersonId) -> bool {
        self.away.iter().any(|absence| absence.person == *person)
    }

    /// How this person is known.
    pub fn standing(&self, person: &PersonId) -> Standing {
        self.standings.get(person).copied().unwrap_or(self.others)
    }
}

/// How Slack knows a person. With several accounts: the best of those that are theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A full member.
    Active,
    /// A guest of one or several channels.
    Guest,
    /// Positively known to be deactivated.
    Deactivated,
    /// Of another organisation, in a shared channel.
    Stranger,
    /// A bot.
    Bot,
    /// Slack could not be asked, or knows nobody. Not taken for a deactivation.
    Unknown,
}

/// The members of a group, as read from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// These.
    Members(BTreeSet<PersonId>),
    /// The source did not answer.
    Unreadable {
        /// Which source, in words for people.
        source: String,
    },
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// No.
    Deny {
        /// The one sentence for the person: the nearest rule's first obstacle.
        refusal: Refusal,
        /// Every rule and condition that said no, such as `acme-read-orders.when`.
        because: Vec<String>,
        /// What each rule said.
        trace: Trace,
    },
    /// Yes, once the steps are filled.
    Allow {
        /// The permit that applies: the one that asks least of people, ties by id.
        policy: PolicyId,
        /// Of a bundle, which is named after the part that asks most of people: the permits of its other parts, each once.
        also: Vec<PolicyId>,
        /// What has to be agreed by whom, with `owners` resolved; empty in [`Mode::Auto`] and only there.
        steps: Vec<Step>,
        /// How it comes to be approved.
        mode: Mode,
        /// The earliest of contract end, window end and ceiling, as seen from the start that is asked for (or now).
        ends_at_most: Timestamp,
        /// What will end it before the time asked for is over, were it in force at once.
        clamped_by: Option<Clamp>,
        /// How long people have to answer.
        answer_within: Ttl,
        /// How long after approval, or after `start_at`, it must be in force.
        start_within: Ttl,
        /// How long before its end the person is warned, at most.
        warn_before: Ttl,
        /// Whether an approver must say why.
        note_required: bool,
        /// Whether and how far it can be extended later.
        extend: Option<ExtendLimits>,
        /// Who looks at it afterwards; in [`Mode::BreakGlass`], and only there.
        review: Option<Review>,
        /// What happens while nobody answers.
        remind: Option<Remind>,
        /// What each rule said.
        trace: Trace,
    },
}

impl Verdict {
    /// Whether it is a yes.
    pub fn is_allow(&self) -> bool {
        matches!(self, Verdict::Allow { .. })
    }

    /// Whether it is a no in which a source that did not answer had a part: to be asked again, and no reason to end
    /// anything that is pending.
    pub fn is_for_want_of_answers(&self) -> bool {
        match self {
            Verdict::Allow { .. } => false,
            Verdict::Deny { trace, .. } => {
                let forbids = trace.lines.iter().any(|line| line.said == Said::Forbids);
                !forbids && trace.lines.iter().any(|line| matches!(line.said, Said::Unreadable { .. }))
            }
        }
    }
}

/// What ends an access before the time asked for is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clamp {
    /// The end of the contract.
    Contract,
    /// The end of the working hours.
    Window,
    /// The ceiling over everything.
    Ceiling,
}

impl Clamp {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Clamp::Contract => "contract",
            Clamp::Window => "window",
            Clamp::Ceiling => "ceiling",
        }
    }
}

/// How far an access can be extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtendLimits {
    /// How often.
    pub times: u32,
    /// The longest it may last with all extensions.
    pub total: Ttl,
}

/// What happens after an access without an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who may close it, as a step's `by`; never whoever got or filed it. Several, where a bundle has several.
    pub by: Vec<String>,
    /// How long after the access began it should be closed.
    pub within: Ttl,
}

/// What each rule said that is about the role asked for, in the order in which they were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace {
    /// One line per rule.
    pub lines: Vec<TraceLine>,
}

/// What one rule said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceLine {
    /// The rule.
    pub rule: PolicyId,
    /// What it said.
    pub said: Said,
}

/// What a rule can say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It is not for this person, or not for this manner of asking.
    NotForThem,
    /// A prohibition that matches.
    Forbids,
    /// What it depends on could not be read. A permit then does not apply; a prohibition or requirement does.
    Unreadable {
        /// The source.
        source: String,
    },
    /// A permit whose conditions are not met.
    Fails {
        /// Which: `for`, `when`, `reason`, `approve`.
        conditions: Vec<String>,
    },
    /// A permit that is met, but another asks less of people.
    Outranked {
        /// The other.
        by: PolicyId,
    },
    /// A permit that lets nobody in without being asked any more; its `otherwise` steps apply.
    PastLimit {
        /// So many times the person got in.
        uses: u32,
        /// In the last stretch of this length.
        per: Ttl,
    },
    /// The permit that applies.
    Permits,
    /// A requirement that applies.
    Raises {
        /// At least so many people.
        approvals: u32,
        /// Whether they must say why.
        note_required: bool,
    },
}
