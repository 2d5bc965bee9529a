//! Who is on call now, and paging them. Nothing is granted here: what this says decides who may ask and who is asked.

pub mod pagerduty;

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use super::build::BuildError;
use super::{Call, Finding, GrantShape, ProviderError};

/// The kinds of provider that know who is on call.
pub const KINDS: &[&str] = &[pagerduty::KIND];

/// What an operator configured for one of them. Neither the address nor the token is ever shown.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is; `None`: where everybody finds it.
    pub url: Option<SecretString>,
    /// The token.
    pub token: Option<SecretString>,
    /// The adapter's own options.
    pub options: GrantShape,
}

/// The adapter for one provider instance.
///
/// # Errors
/// When the kind is unknown or its settings cannot work. Nothing is contacted.
pub fn build(kind: &str, settings: &Settings) -> Result<Arc<dyn OnCall>, BuildError> {
    match kind {
        pagerduty::KIND => Ok(Arc::new(pagerduty::PagerDuty::new(settings)?)),
        _ => Err(BuildError::UnknownKind { kind: kind.to_owned() }),
    }
}

/// Whether these are settings that a provider of this kind understands, as they are written in the policy files.
///
/// # Errors
/// The first thing that is wrong with them.
pub fn check_settings(settings: &GrantShape) -> Result<(), String> {
    pagerduty::check_settings(settings)
}

/// Whether somebody can be paged with these settings.
///
/// # Errors
/// What is missing.
pub fn check_paging(settings: &GrantShape) -> Result<(), String> {
    pagerduty::check_paging(settings)
}

/// Somebody who is on call, as their provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCallUser {
    /// Their id there, such as `PXPGF42`.
    pub id: String,
    /// The address that they have there.
    pub email: Option<String>,
}

/// What somebody is paged for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The service, by its name there.
    pub service: String,
    /// Pages of one key are one page: sending it again does not wake anybody twice.
    pub key: String,
    /// One line, in plain text.
    pub title: String,
    /// More, in plain text.
    pub details: String,
}

/// A provider that knows who is on call.
#[async_trait]
pub trait OnCall: Send + Sync {
    /// Whether it can be reached and our account there may do what is configured. Changes nothing there.
    ///
    /// # Errors
    /// Where it does not answer at all.
    async fn validate(&self, call: &Call) -> Result<Vec<Finding>, ProviderError>;

    /// Everybody who is on call on this schedule now; nobody is an answer too.
    ///
    /// # Errors
    /// Where it cannot be told: then nobody may be taken for on call, and nobody for off.
    async fn on_call(&self, call: &Call, schedule: &str) -> Result<Vec<OnCallUser>, ProviderError>;

    /// Pages whoever is responsible for the service, once per key.
    ///
    /// # Errors
    /// Where nobody was paged, or where that is not known (class ambiguous).
    async fn page(&self, call: &Call, page: &Page) -> Result<(), ProviderError>;

    /// Says that what was paged for is settled. A key that is unknown or settled already is fine.
    ///
    /// # Errors
    /// Where that could not be said.
    async fn resolve(&self, call: &Call, service: &str, key: &str) -> Result<(), ProviderError>;
}
