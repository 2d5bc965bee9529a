//! Which Slack account did something, and whether it is one of ours. Read from the signed payload only, never from a name,
//! a button's value or a text.

use serde_json::Value;

use super::{required, text};
use crate::slack::text::is_slack_id;

/// A Slack account, as a payload names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account {
    /// The workspace in which it happened. Missing where an organisation-wide installation does not say.
    pub team: Option<String>,
    /// The workspace that the account belongs to, where the payload says so. In a shared channel it may be another one.
    pub home: Option<String>,
    /// The organisation, on Enterprise Grid.
    pub enterprise: Option<String>,
    /// The account (`U…` or `W…`).
    pub user: String,
    /// Whether the installation is organisation-wide.
    pub org_wide: bool,
}

/// Whether an account is one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// It happened in our workspace, and nothing says that the account is of another.
    Ours,
    /// It belongs to another workspace, or it happened in one.
    Foreign,
}

impl Account {
    /// Whether the account is one of the workspace that Daypass is installed in. What is not said is not assumed: without any
    /// team the account is foreign.
    ///
    /// Slash commands do not name the account's home; Slack allows them to members of the installing workspace only.
    pub fn home_in(&self, our_team: &str) -> Home {
        let told = [self.team.as_deref(), self.home.as_deref()];
        if told.iter().any(Option::is_some) && told.iter().flatten().all(|team| *team == our_team) {
            Home::Ours
        } else {
            Home::Foreign
        }
    }

    /// Workspace and account as one text, `T0TEAM/U0USER`: for the audit log, where nobody we know did something.
    pub fn key(&self) -> String {
        let team = self.home.as_deref().or(self.team.as_deref()).or(self.enterprise.as_deref()).unwrap_or("?");
        format!("{team}/{}", self.user)
    }

    pub(super) fn of_command(fields: &Value) -> Option<Account> {
        Some(Account {
            team: id(fields, "team_id"),
            home: None,
            enterprise: id(fields, "enterprise_id"),
            user: id(fields, "user_id")?,
            org_wide: text(fields, "is_enterprise_install") == "true" || flag(fields),
        })
    }

    pub(super) fn of_interaction(payload: &Value) -> Option<Account> {
        let user = payload.get("user")?;
        let team = payload.get("team").filter(|team| team.is_object());
        let enterprise = payload.get("enterprise").filter(|enterprise| enterprise.is_object());
        let installed = || id(payload.get("view")?, "app_installed_team_id");
        Some(Account {
            team: team.and_then(|team| id(team, "id")).or_else(installed),
            home: id(user, "team_id"),
            enterprise: enterprise
                .and_then(|enterprise| id(enterprise, "id"))
                .or_else(|| team.and_then(|team| id(team, "enterprise_id"))),
            user: id(user, "id")?,
            org_wide: flag(payload),
        })
    }
}

fn flag(parent: &Value) -> bool {
    parent.get("is_enterprise_install").and_then(Value::as_bool).unwrap_or(false)
}

fn id(parent: &Value, key: &str) -> Option<String> {
    required(parent, key).filter(|id| is_slack_id(id))
}
