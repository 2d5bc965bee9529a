//! The provider contract: two verbs, level-triggered. `observe` looks; `ensure` makes a target true.
//!
//! Granting, revoking and restoring are the same call with another target, and repeating it is harmless. An adapter knows its
//! provider and nothing of requests, policies, Slack or the store. It never retries and never decides that something is over:
//! the worker does, by what the adapter saw.

pub mod build;
pub mod conformance;
pub mod deadline;
pub mod http;
pub mod marks;
pub mod oncall;
pub mod postgres;
pub mod sandbox;
pub mod shape;
pub mod text;
pub mod tls;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::access::entitlement::Level;
use crate::access::entitlement::{Class, Description, NativeExpiry, Observation, Shape, Target, Trouble};
use crate::access::ids::{GrantId, ProviderId};
use crate::access::time::Timestamp;

pub use build::{BuildError, Settings, build};
pub use shape::{ShapeError, check_shape};

/// One configured system that access is granted at.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The kind of provider, such as `postgres`.
    fn kind(&self) -> &'static str;

    /// What this adapter can promise for such an access. Shown to requesters, approvers and in the docs.
    fn caps(&self, shape: &GrantShape) -> Caps;

    /// Whether the provider is reachable and our account there may do what is configured, no less and no more.
    async fn validate(&self, call: &Call) -> Result<Vec<Finding>, ProviderError>;

    /// Whether this account exists. Not asked where [`Caps::delivers_secret`], since that makes an account of its own. Fails with [`Class::NeedsHuman`] where it does not, or is not the only one.
    async fn resolve(&self, call: &Call, account: &str) -> Result<(), ProviderError>;

    /// Describes an access so that it can be made so and not so later, from nothing but that description. Reads only.
    async fn plan(&self, call: &Call, wanted: &Wanted) -> Result<Plan, ProviderError>;

    /// Looks at what is there. Reads only.
    async fn observe(&self, call: &Call, what: &Description) -> Result<Observation, ProviderError>;

    /// Makes the target true, or as much of it as can be. Repeating it is harmless; making absent what was never there is no error.
    async fn ensure(&self, call: &Call, what: &Description, target: &Target) -> Result<Ensured, ProviderError>;

    /// A page of who holds what. `cursor` is the one of the page before.
    async fn inventory(&self, call: &Call, cursor: Option<String>) -> Result<Page, ProviderError>;
}

/// The adapters by provider instance, as configured.
pub type Providers = std::collections::BTreeMap<ProviderId, Arc<dyn Provider>>;

/// What every call is told.
#[derive(Debug, Clone)]
pub struct Call {
    /// When the call begins, by Daypass's clock.
    pub at: Timestamp,
    /// How long the caller waits. Adapters pass it on to the provider where they can, so that nothing lands later.
    pub timeout: Duration,
}

/// The shape of a role's `grant:` in the policy files: what the adapter has to give. The keys are the adapter's own.
pub type GrantShape = serde_json::Map<String, serde_json::Value>;

/// What is to be planned.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The role's `grant:`.
    pub shape: GrantShape,
    /// The id of the resource in the policy files.
    pub resource: String,
    /// The person's account at this provider.
    pub account: String,
    /// The number the grant will have.
    pub grant: GrantId,
    /// This installation's id: random, made at first start.
    pub installation: String,
    /// The public keys (age or SSH) that a secret for the person may be encrypted to.
    pub keys: Vec<String>,
}

/// A planned access.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the adapter will need.
    pub description: Description,
    /// At which level the grant claims it.
    pub level: Level,
    /// A secret for the person, encrypted to their keys (age, armoured).
    pub ciphertext: Option<String>,
}

/// What an adapter promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    /// An object of our own, or an edge that others may hold.
    pub shape: Shape,
    /// Whether access ends when Daypass is dead.
    pub native_expiry: NativeExpiry,
    /// Whether open sessions are ended.
    pub kills_sessions: bool,
    /// How long an open session may outlive the end, where sessions are not ended.
    pub residual: Option<Duration>,
    /// Whether the person receives a secret, and therefore needs a key on file.
    pub delivers_secret: bool,
    /// Whether [`Provider::inventory`] lists what is there.
    pub inventory: bool,
}

/// What a changing call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ensured {
    /// It made a change.
    Made,
    /// The target was true already.
    AlreadySo,
}

/// Something that an operator should know about a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// One sentence: what, and what to do.
    pub message: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Fine,
    /// It works, but with more or less than it should.
    Warning,
    /// It does not work.
    Broken,
}

/// A page of an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Who holds what.
    pub items: Vec<Standing>,
    /// Where to go on, if there is more.
    pub next: Option<String>,
}

/// One thing that one account holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The account.
    pub subject: String,
    /// The thing, in the adapter's spelling.
    pub thing: String,
    /// The level.
    pub level: String,
    /// The `daypass-…` name that it carries, if any.
    pub remote_name: Option<String>,
    /// What is worth a look: `admin`, `no_expiry`, …
    pub flags: Vec<String>,
}

/// Why a call did not do what it should. Callers read the class, never the message.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", .trouble.message)]
pub struct ProviderError {
    /// What is wrong, without a secret in it.
    pub trouble: Trouble,
    /// How long the provider asked us to wait.
    pub retry_after: Option<Duration>,
}

impl ProviderError {
    /// An error of this class; `message` must hold no secret.
    pub fn new(class: Class, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { trouble: Trouble { class, code: code.into(), message: message.into() }, retry_after: None }
    }
}
