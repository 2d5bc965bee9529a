//! The rules of the policy files, as types: permits, requirements, prohibitions, and what they are made of.
//!
//! Whom and what they are about (`who:`, `what:`) is in `file`. Reading them is `read_rules`' business, judging by them
//! `evaluate`'s.

use super::facts::Manner;
use super::file::{At, What, Who};
use super::window::Window;
use crate::access::ids::{GroupId, PersonId, PolicyId, ProviderId};
use crate::access::time::Ttl;

/// One of `policies:`: a permit.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name.
    pub id: At<PolicyId>,
    /// What it is for, in a sentence for people.
    pub about: Option<String>,
    /// Who it permits something.
    pub who: Who,
    /// What it permits.
    pub what: What,
    /// For how long.
    pub limits: Limits,
    /// At which times.
    pub when: Option<Window>,
    /// What the reason must be like.
    pub reason: Reason,
    /// Who is asked.
    pub approve: Approve,
    /// Whether an approver must say why.
    pub approver_note: Note,
    /// Instead of the default.
    pub answer_within: Option<Ttl>,
    /// Instead of the default.
    pub start_within: Option<Ttl>,
    /// Instead of the default.
    pub warn_before: Option<Ttl>,
    /// What happens while nobody answers.
    pub remind: Option<Remind>,
}

impl Policy {
    /// How it has to be asked for.
    pub fn manner(&self) -> Manner {
        match self.approve {
            Approve::Ask(_) | Approve::Auto(_) => Manner::Usual,
            Approve::BreakGlass(_) => Manner::BreakGlass,
        }
    }
}

/// `for:`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The longest that can be asked for; else the default.
    pub max: Option<At<Ttl>>,
    /// What is proposed.
    pub default: Option<At<Ttl>>,
    /// Whether it can be extended.
    pub extend: Option<Extend>,
}

/// `extend:`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extend {
    /// How often, at least 1.
    pub times: u32,
    /// The longest the access may last with all extensions; else the hard ceiling.
    pub total: Option<At<Ttl>>,
    /// Who agrees to it.
    pub approve: ExtendApproval,
}

/// `approve:` of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExtendApproval {
    /// Whoever agrees to a new access by this policy.
    #[default]
    AsPolicy,
    /// Nobody is asked, unless a requirement adds people.
    Auto,
}

/// `reason:`
#[derive(Debug, Clone, Default)]
pub struct Reason {
    /// How many characters it needs.
    pub min_length: u32,
    /// A ticket that it must name.
    pub ticket: Option<Ticket>,
}

/// A pattern that a ticket follows.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// As written.
    pub pattern: String,
    /// The same, anchored to whole words.
    pub regex: regex_lite::Regex,
}

/// `approve:`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approve {
    /// These people are asked; all steps must be filled, by distinct people.
    Ask(Vec<Asked>),
    /// Nobody is asked: the policy alone decides, unless a requirement adds people or its limit is reached.
    Auto(Option<Limit>),
    /// Nobody is asked before, and others review it after. Only for requests that are made as break-glass.
    BreakGlass(Review),
}

/// `limit:`, with its `otherwise:`. How often somebody gets in by this policy without anybody being asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// So many times, at least 1.
    pub uses: u32,
    /// In any stretch of this length.
    pub per: Ttl,
    /// Who is asked past it, and where it cannot be told whether the policy means this person. Never empty.
    pub otherwise: Vec<Asked>,
}

/// `review:`. Whoever broke the glass never reviews it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Who may close it.
    pub by: At<By>,
    /// How long after the access began it should be closed.
    pub within: Ttl,
}

/// `remind:`. What happens while nobody answers; all of it stops at the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remind {
    /// How long after it was asked those who are asked are reminded.
    pub after: Ttl,
    /// Who is asked as well from then on, for any seat that is still empty.
    pub then_ask: Option<At<By>>,
    /// How long after the reminder the next happens: a second reminder, and the page.
    pub after_that: Option<Ttl>,
    /// Whom to page then.
    pub page: Option<Page>,
}

/// `page:`, written `pagerduty/orders`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The provider that pages.
    pub provider: At<ProviderId>,
    /// The service there, by its name.
    pub service: String,
}

/// One step of `approve:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who may fill it.
    pub by: At<By>,
    /// How many of them, at least 1.
    pub count: u32,
}

/// `by:`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The groups that own the resource.
    Owners,
    /// Who is answerable for the person.
    Sponsor,
    /// The person's manager.
    Manager,
    /// This group.
    Group(GroupId),
    /// This person.
    Person(PersonId),
}

/// `approver_note:`
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Note {
    /// They may say why.
    #[default]
    Optional,
    /// They must.
    Required,
}

/// One of `require:`: a floor under every permit that matches.
#[derive(Debug, Clone)]
pub struct Require {
    /// Its name.
    pub id: At<PolicyId>,
    /// What it is for.
    pub about: Option<String>,
    /// Whose requests it raises; everybody's where empty.
    pub who: Who,
    /// What requests it raises; all where empty.
    pub what: What,
    /// How many people at least.
    pub approvals: u32,
    /// Whether they must say why.
    pub note: Note,
    /// Whether break-glass is free of it.
    pub exempts_break_glass: bool,
}

/// One of `forbid:`. It wins over everything.
#[derive(Debug, Clone)]
pub struct Forbid {
    /// Its name.
    pub id: At<PolicyId>,
    /// What it is for.
    pub about: Option<String>,
    /// Whom it forbids; everybody where empty.
    pub who: Who,
    /// What it forbids; everything where empty.
    pub what: What,
}
