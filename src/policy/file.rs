//! What policy files can say, as types: a closed vocabulary. Reading them is `parse`'s business, judging by them `evaluate`'s.
//!
//! Each key of the language has one field here. What the language plans but this version does not carry out has none, and
//! its key is refused when it is read, so that a rule is never silently without effect.

use std::ops::Deref;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::glob::Glob;
use super::problem::Place;
use super::scenario::Scenario;
use super::window::Window;
use crate::access::ids::{GroupId, PersonId, PolicyId, ProviderId, ResourceId, RoleId};
use crate::access::time::Ttl;

/// A value with the place where it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Everything that the files say, merged.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// `defaults:`, from the one file that has it.
    pub defaults: Option<Defaults>,
    /// `people:`
    pub people: Vec<Person>,
    /// `groups:`
    pub groups: Vec<Group>,
    /// `resources:`
    pub resources: Vec<Resource>,
    /// `providers:`
    pub providers: Vec<Provider>,
    /// `policies:`
    pub policies: Vec<Policy>,
    /// `require:`
    pub require: Vec<Require>,
    /// `forbid:`
    pub forbid: Vec<Forbid>,
    /// `tests:`
    pub scenarios: Vec<Scenario>,
}

/// `defaults:`. What a policy does not say for itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Defaults {
    /// The zone of hours and dates that name none.
    pub timezone: TimeZone,
    /// How long people have to answer.
    pub answer_within: Ttl,
    /// How long after approval access must be in force.
    pub start_within: Ttl,
    /// How long before its end the person is warned.
    pub warn_before: Ttl,
    /// The longest access where a policy names no other.
    pub max: Ttl,
    /// What no policy and no extension goes past.
    pub hard_ceiling: Ttl,
}

impl Default for Defaults {
    fn default() -> Self {
        let minutes = |minutes| Ttl::from_minutes(minutes).unwrap_or(Ttl::MIN);
        Defaults {
            timezone: TimeZone::UTC,
            answer_within: minutes(4 * 60),
            start_within: minutes(60),
            warn_before: minutes(15),
            max: minutes(8 * 60),
            hard_ceiling: minutes(24 * 60),
        }
    }
}

/// One of `people:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Who, canonically.
    pub id: At<PersonId>,
    /// What they are called.
    pub name: String,
    /// Their Slack accounts.
    pub slack: Vec<At<SlackAccount>>,
    /// Whether they belong to the house.
    pub kind: Kind,
    /// The company they work for, where it is another.
    pub company: Option<String>,
    /// The employee answerable for them.
    pub sponsor: Option<At<PersonId>>,
    /// Their manager, for steps `by: manager`.
    pub manager: Option<At<PersonId>>,
    /// Public keys that secrets are encrypted to.
    pub keys: Vec<String>,
    /// Their user on the host, for decisions on the command line.
    pub host_user: Option<String>,
    /// The last day of their contract.
    pub contract_ends: Option<Date>,
    /// Their zone, where it is not the default.
    pub timezone: Option<TimeZone>,
    /// Their accounts at the provider instances.
    pub accounts: Vec<(At<ProviderId>, String)>,
}

/// A Slack account, as the files spell it: `U0X` in the home workspace, `T0OTHER/U0X` in another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlackAccount {
    /// The workspace; `None` is the home workspace.
    pub team: Option<String>,
    /// The user in it.
    pub user: String,
}

/// What somebody is to the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Belongs to it.
    Employee,
    /// Works for it on a contract, often for another company. Approves only where named as a person.
    Contractor,
    /// No human being. Never approves.
    Service,
}

impl Kind {
    /// The word that the files use.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Employee => "employee",
            Kind::Contractor => "contractor",
            Kind::Service => "service",
        }
    }
}

/// One of `groups:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name.
    pub id: At<GroupId>,
    /// Who is in it.
    pub members: Members,
}

/// Who is in a group.
#[derive(Debug, Clone, PartialEq)]
pub enum Members {
    /// These.
    Listed(Vec<At<PersonId>>),
    /// Whoever matches.
    Where(Who),
}

/// `who:`. Every condition that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Who {
    /// A member of this group.
    pub group: Option<At<GroupId>>,
    /// This person.
    pub person: Option<At<PersonId>>,
    /// Somebody of this kind.
    pub kind: Option<Kind>,
    /// Somebody of this company.
    pub company: Option<String>,
    /// `contract: ended`: somebody whose contract is over.
    pub contract_ended: bool,
}

/// `what:`. Every condition that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct What {
    /// Resources of this name.
    pub resource: Option<At<Glob>>,
    /// Roles of this name.
    pub role: Option<At<Glob>>,
    /// Roles of this risk.
    pub risk: Option<Risk>,
}

/// How much harm a role can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Risk {
    /// As usual.
    #[default]
    Normal,
    /// More than usual: the card says so.
    High,
}

/// One of `resources:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its name, as people type it.
    pub id: At<ResourceId>,
    /// What people call it.
    pub name: String,
    /// The provider instance it lives at.
    pub provider: At<ProviderId>,
    /// The groups that answer for it.
    pub owners: Vec<At<GroupId>>,
    /// The Slack channel that its cards go to; else the approvers get them directly.
    pub channel: Option<String>,
    /// What a person does with the access, once it is there. `{account}` stands for their account.
    pub how_to_connect: Option<String>,
    /// What can be asked for. At least one.
    pub roles: Vec<Role>,
}

/// A role on a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its name, as people type it.
    pub id: At<RoleId>,
    /// What people call it.
    pub name: String,
    /// What the adapter has to give, in its own keys.
    pub grant: serde_json::Map<String, serde_json::Value>,
    /// Where `grant:` stands.
    pub grant_place: Place,
    /// How much harm it can do.
    pub risk: Risk,
}

/// One of `providers:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Its name.
    pub id: At<ProviderId>,
    /// Which adapter speaks to it.
    pub kind: At<String>,
    /// Everything else that is written, in the adapter's own keys. A key that ends in `_env` names an environment variable.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

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
    /// Nobody is asked: the policy alone decides, unless a requirement adds people.
    Auto,
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
