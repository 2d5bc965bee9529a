//! What of PagerDuty's answers is of use. Anything else in them is left unread.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A list, or one page of it. It goes by the name of what it lists.
#[derive(Debug, Deserialize)]
pub(super) struct Listed<T> {
    #[serde(alias = "users", alias = "services", alias = "incidents", alias = "schedules")]
    pub(super) items: Vec<T>,
    /// Whether there are more pages.
    pub(super) more: Option<bool>,
}

/// Somebody who is on call.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) email: Option<String>,
    /// Schedules go on naming whoever was deleted.
    pub(super) deleted_at: Option<IgnoredAny>,
}

/// A user, as far as their address goes.
#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub(super) email: Option<String>,
}

/// A service.
#[derive(Debug, Deserialize)]
pub(super) struct Service {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: Option<String>,
}

/// An incident.
#[derive(Debug, Deserialize)]
pub(super) struct Incident {
    pub(super) id: String,
    pub(super) incident_key: Option<String>,
}
