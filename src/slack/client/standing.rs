//! What Slack says an account, a channel and our own installation are. What is not said counts as the worse.

use serde_json::Value;

/// What an account is, as Slack knows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStanding {
    /// The account.
    pub user: String,
    /// The workspace that it belongs to.
    pub team: Option<String>,
    /// The workspaces that it belongs to within an organisation.
    pub teams: Vec<String>,
    /// What it may be trusted with.
    pub standing: Standing,
    /// Its zone (`Europe/Berlin`).
    pub tz: Option<String>,
    /// Its name, for logs and setup. Anybody can choose theirs: never an identity.
    pub name: String,
    /// The name that they gave as their own, for setup.
    pub real_name: Option<String>,
    /// Its e-mail address, where the token may see it. May be unconfirmed.
    pub email: Option<String>,
}

/// What an account may be trusted with. Of several that apply, the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Deactivated: Slack says so positively.
    Deactivated,
    /// A bot.
    Bot,
    /// Of another organisation.
    Stranger,
    /// A guest of one channel.
    SingleChannelGuest,
    /// A guest of several channels.
    Guest,
    /// Slack does not say all that would have to be known.
    Unclear,
    /// A full member.
    Member,
}

impl AccountStanding {
    /// Whether it belongs to this workspace.
    pub fn belongs_to(&self, team: &str) -> bool {
        self.team.as_deref() == Some(team) || self.teams.iter().any(|theirs| theirs == team)
    }

    /// Reads the answer of `users.info`, or the person in a `user_change` event.
    pub fn read(answer: &Value) -> Option<AccountStanding> {
        let user = answer.get("user").unwrap_or(answer);
        let profile = user.get("profile");
        let name = profile
            .and_then(|profile| text(profile, "display_name"))
            .or_else(|| text(user, "real_name"))
            .or_else(|| text(user, "name"));
        let teams = user.get("enterprise_user").and_then(|enterprise| enterprise.get("teams")).and_then(Value::as_array);
        Some(AccountStanding {
            user: text(user, "id")?,
            team: text(user, "team_id"),
            teams: teams.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            standing: standing(user),
            tz: text(user, "tz"),
            name: name.unwrap_or_default(),
            real_name: text(user, "real_name").or_else(|| profile.and_then(|profile| text(profile, "real_name"))),
            email: profile.and_then(|profile| text(profile, "email")),
        })
    }
}

fn standing(user: &Value) -> Standing {
    let says = |key: &str| user.get(key).and_then(Value::as_bool);
    let yes = |key: &str| says(key) == Some(true);
    if yes("deleted") {
        Standing::Deactivated
    } else if yes("is_bot") || user.get("id").and_then(Value::as_str) == Some("USLACKBOT") {
        Standing::Bot
    } else if yes("is_stranger") {
        Standing::Stranger
    } else if yes("is_ultra_restricted") {
        Standing::SingleChannelGuest
    } else if yes("is_restricted") {
        Standing::Guest
    } else if yes("is_invited_user")
        || ["deleted", "is_bot", "is_restricted", "is_ultra_restricted"].iter().any(|key| says(key).is_none())
    {
        // An invitation that was not accepted, or a profile that keeps something back, as those of other organisations do.
        Standing::Unclear
    } else {
        Standing::Member
    }
}

/// What a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelStanding {
    /// Ours alone, and the bot is in it.
    Ours,
    /// Ours alone, but the bot is not in it.
    NotIn,
    /// Shared with another organisation, or about to be: its members could press our buttons.
    Shared,
    /// Archived.
    Archived,
}

impl ChannelStanding {
    /// Reads the answer of `conversations.info`. What it does not say counts as shared.
    pub fn read(answer: &Value) -> Option<ChannelStanding> {
        let channel = answer.get("channel")?;
        let says = |key: &str| channel.get(key).and_then(Value::as_bool);
        Some(match (says("is_archived"), says("is_ext_shared"), says("is_pending_ext_shared"), says("is_member")) {
            (Some(true), _, _, _) => ChannelStanding::Archived,
            (_, None | Some(true), _, _) | (_, _, Some(true), _) => ChannelStanding::Shared,
            (_, Some(false), _, Some(true)) => ChannelStanding::Ours,
            (_, Some(false), _, Some(false) | None) => ChannelStanding::NotIn,
        })
    }
}

/// Whose token ours is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The workspace.
    pub team: String,
    /// Its name.
    pub team_name: String,
    /// The bot's account.
    pub user: String,
    /// The organisation, on Enterprise Grid.
    pub enterprise: Option<String>,
    /// Whether the installation is organisation-wide, which Daypass does not support.
    pub org_wide: bool,
}

impl Installed {
    pub(super) fn read(answer: &Value) -> Option<Installed> {
        Some(Installed {
            team: text(answer, "team_id")?,
            team_name: text(answer, "team").unwrap_or_default(),
            user: text(answer, "user_id")?,
            enterprise: text(answer, "enterprise_id"),
            org_wide: answer.get("is_enterprise_install").and_then(Value::as_bool).unwrap_or(false),
        })
    }
}

fn text(parent: &Value, key: &str) -> Option<String> {
    parent.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn user(change: Value) -> AccountStanding {
        let mut user = json!({
            "id": "U0CAROL", "team_id": "T0DAYPASS", "deleted": false, "is_bot": false, "is_restricted": false,
            "is_ultra_restricted": false, "tz": "Europe/Berlin", "profile": {"display_name": "carol"}
        });
        for (key, value) in change.as_object().unwrap() {
            user[key] = value.clone();
        }
        AccountStanding::read(&json!({"ok": true, "user": user})).unwrap()
    }

    #[test]
    fn only_a_plain_member_is_one() {
        for (change, expected) in [
            (json!({}), Standing::Member),
            (json!({"deleted": true, "is_restricted": true}), Standing::Deactivated),
            (json!({"is_bot": true}), Standing::Bot),
            (json!({"id": "USLACKBOT"}), Standing::Bot),
            (json!({"is_stranger": true}), Standing::Stranger),
            (json!({"is_restricted": true}), Standing::Guest),
            (json!({"is_restricted": true, "is_ultra_restricted": true}), Standing::SingleChannelGuest),
            (json!({"is_restricted": null}), Standing::Unclear),
            (json!({"deleted": null}), Standing::Unclear),
            (json!({"is_invited_user": true}), Standing::Unclear),
            (json!({"is_bot": "no"}), Standing::Unclear),
        ] {
            assert_eq!(user(change.clone()).standing, expected, "{change}");
        }
    }

    #[test]
    fn an_account_belongs_where_slack_says() {
        assert!(user(json!({})).belongs_to("T0DAYPASS"));
        assert!(!user(json!({"team_id": null})).belongs_to("T0DAYPASS"));
        let grid = user(json!({"team_id": "T0OTHER", "enterprise_user": {"teams": ["T0DAYPASS"]}}));
        assert!(grid.belongs_to("T0DAYPASS"));
    }

    #[test]
    fn a_channel_is_shared_unless_slack_says_it_is_not() {
        let channel = |channel: Value| ChannelStanding::read(&json!({ "channel": channel }));
        assert_eq!(channel(json!({"is_ext_shared": false, "is_member": true})), Some(ChannelStanding::Ours));
        assert_eq!(channel(json!({"is_ext_shared": false, "is_member": false})), Some(ChannelStanding::NotIn));
        assert_eq!(
            channel(json!({"is_ext_shared": false, "is_pending_ext_shared": true, "is_member": true})),
            Some(ChannelStanding::Shared)
        );
        assert_eq!(channel(json!({"is_member": true})), Some(ChannelStanding::Shared));
        assert_eq!(channel(json!({"is_archived": true})), Some(ChannelStanding::Archived));
        assert_eq!(ChannelStanding::read(&json!({})), None);
    }
}
