//! What policy files can say, as types: a closed vocabulary. Reading them is `parse`'s business, judging by them `evaluate`'s.
//!
//! Each key of the language has one field here or, of the rules, in `rules`.

use std::ops::Deref;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::glob::Glob;
use super::problem::Place;
pub use super::rules::{
    Approve, Asked, By, Extend, ExtendApproval, Forbid, Limit, Limits, Note, Page, Policy, Reason, Remind, Require, Review,
    Ticket,
};
use super::scenario::Scenario;
use crate::access::ids::{GroupId, PersonId, ProviderId, ResourceId, RoleId};
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
    /// `bundles:`
    pub bundles: Vec<Bundle>,
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
    /// Those in a user group of Slack, by its id: `S0SECURITY`.
    Slack(At<String>),
    /// Those who are on call now.
    OnCall(OnCall),
}

/// `on_call:`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCall {
    /// The provider that knows it.
    pub provider: At<ProviderId>,
    /// The schedule, by the id that it has there.
    pub schedule: At<String>,
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

/// One of `bundles:`. One request for it asks for every part; all are granted, or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// Its name, as people type it. Resources and bundles share theirs.
    pub id: At<ResourceId>,
    /// What people call it.
    pub name: String,
    /// What it is made of: at least two, none twice.
    pub of: Vec<Part>,
}

/// One part of a bundle, written `prod/orders:readonly`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// On what.
    pub resource: At<ResourceId>,
    /// As what.
    pub role: At<RoleId>,
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
