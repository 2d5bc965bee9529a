//! Who is on call now, and paging them. Nothing is granted here: what this says decides who may ask and who is asked.

use async_trait::async_trait;

use super::{Call, ProviderError};

/// The kinds of provider that know who is on call.
pub const KINDS: &[&str] = &["pagerduty"];

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
