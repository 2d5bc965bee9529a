//! The app manifest that comes with Daypass, so that the binary can print it. Slack checks it when the app is made.

/// `manifest.yml`, with a comment for each scope that says what it is for.
pub const MANIFEST: &str = include_str!("../../manifest.yml");

/// Every scope of the bot's token, and what does not work without it.
pub const SCOPES: [(&str, &str); 8] = [
    ("commands", "nobody can write `/jit`"),
    ("chat:write", "nobody is asked or told anything"),
    ("im:write", "people are not written to directly"),
    ("pins:write", "the message with the buttons is not pinned"),
    ("users:read", "nobody can ask or approve"),
    ("usergroups:read", "nobody is in a user group"),
    ("channels:read", "whether others share a channel is not known"),
    ("groups:read", "the same of private channels"),
];

#[cfg(test)]
mod tests {
    use super::MANIFEST;
    use serde_json::Value;

    fn manifest() -> Value {
        serde_saphyr::from_str(MANIFEST).unwrap()
    }

    fn texts(list: &Value) -> Vec<&str> {
        list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
    }

    // The numbers are those of Slack's manifest reference.
    #[test]
    fn it_is_within_slacks_limits() {
        let manifest = manifest();
        let long = |text: &Value, min: usize, max: usize| {
            let length = text.as_str().unwrap().chars().count();
            assert!((min..=max).contains(&length), "{text}: {length}");
        };
        long(&manifest["display_information"]["name"], 1, 35);
        long(&manifest["display_information"]["description"], 1, 140);
        long(&manifest["display_information"]["long_description"], 175, 4000);
        long(&manifest["features"]["bot_user"]["display_name"], 1, 80);
        let command = &manifest["features"]["slash_commands"][0];
        long(&command["command"], 2, 32);
        long(&command["description"], 1, 2000);
        long(&command["usage_hint"], 1, 1000);
        assert_eq!(command["command"], "/jit");
        assert_eq!(command["should_escape"], true, "mentions have to come with their ids");
    }

    #[test]
    fn it_asks_for_what_is_used_and_for_nothing_else() {
        let manifest = manifest();
        let expected = super::SCOPES.map(|(scope, _)| scope);
        assert_eq!(texts(&manifest["oauth_config"]["scopes"]["bot"]), expected);
        assert_eq!(
            texts(&manifest["settings"]["event_subscriptions"]["bot_events"]),
            ["user_change", "subteam_members_changed", "app_home_opened"]
        );
    }

    #[test]
    fn its_shortcuts_are_those_that_are_known() {
        let manifest = manifest();
        let shortcuts = manifest["features"]["shortcuts"].as_array().unwrap();
        let ids: Vec<&str> = shortcuts.iter().map(|shortcut| shortcut["callback_id"].as_str().unwrap()).collect();
        assert_eq!(ids, [crate::slack::say::shortcut::REQUEST, crate::slack::say::shortcut::GLASS]);
        assert!(shortcuts.iter().all(|shortcut| shortcut["name"].as_str().unwrap().len() <= 24));
        assert_eq!(manifest["features"]["app_home"]["home_tab_enabled"], true);
    }

    #[test]
    fn every_scope_says_what_it_is_for() {
        let lines: Vec<&str> = MANIFEST.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(':') || line.starts_with("- ")) {
            if line.starts_with("- commands")
                || (line.starts_with("- ") && line.matches(':').count() == 1 && !line.contains(": "))
            {
                assert!(lines[number - 1].starts_with('#'), "{line}");
            }
        }
    }

    #[test]
    fn everything_comes_to_one_address() {
        let manifest = manifest();
        let url = &manifest["settings"]["event_subscriptions"]["request_url"];
        assert!(url.as_str().unwrap().ends_with("/slack/events"));
        assert_eq!(&manifest["settings"]["interactivity"]["request_url"], url);
        assert_eq!(&manifest["settings"]["interactivity"]["message_menu_options_url"], url);
        assert_eq!(&manifest["features"]["slash_commands"][0]["url"], url);
        for off in ["socket_mode_enabled", "org_deploy_enabled", "token_rotation_enabled"] {
            assert_eq!(manifest["settings"][off], false, "{off}");
        }
    }
}
