//! `daypass manifest`: the manifest that a Slack app is created from.

use clap::Args as ClapArgs;

use super::{Done, print};
use crate::slack::command::name::is_name;

/// The manifest for an app that Slack reaches over HTTP.
const TEMPLATE: &str = include_str!("../../manifest.yml");
/// The command in it.
const COMMAND: &str = "/jit";
/// The address in it.
const ADDRESS: &str = "https://daypass.example.com/slack/events";

#[derive(Debug, ClapArgs)]
#[command(group(clap::ArgGroup::new("way").required(true).args(["url", "socket"])))]
pub struct Args {
    /// For Slack to reach Daypass at this address (`https://…`).
    #[arg(long, value_parser = base)]
    url: Option<String>,
    /// For Socket Mode: no address.
    #[arg(long)]
    socket: bool,
    /// The name of the command, where another app has `/jit` already. Put it into `DAYPASS_COMMAND` as well.
    #[arg(long, default_value = COMMAND, value_parser = command)]
    command: String,
}

pub fn run(args: &Args) -> Done {
    let text = match &args.url {
        Some(base) => with_address(base),
        None => for_socket_mode(),
    };
    print::line(called(&text, &args.command).trim_end());
    Ok(())
}

/// The manifest with a command of another name.
fn called(text: &str, name: &str) -> String {
    text.replace(&format!("command: {COMMAND}\n"), &format!("command: {name}\n"))
}

pub(super) fn command(text: &str) -> Result<String, String> {
    if is_name(text) { Ok(text.to_owned()) } else { Err("it must be a slash and small letters, such as `/access`".to_owned()) }
}

fn with_address(base: &str) -> String {
    TEMPLATE.replace(ADDRESS, &format!("{base}/slack/events"))
}

/// Lines with an address go; nothing else depends on them.
fn for_socket_mode() -> String {
    let lines = TEMPLATE.lines().filter(|line| !line.contains(ADDRESS));
    lines.map(|line| line.replace("socket_mode_enabled: false", "socket_mode_enabled: true") + "\n").collect()
}

fn base(text: &str) -> Result<String, String> {
    let expected = || "it must be `https://…`, without a path of Daypass's own".to_owned();
    let url: hyper::Uri = text.parse().map_err(|_| expected())?;
    let fits = url.scheme_str() == Some("https")
        && url.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && url.query().is_none()
        && !text.contains(['#', '"', '\\'])
        && !text.contains("/slack/");
    if fits { Ok(text.trim_end_matches('/').to_owned()) } else { Err(expected()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> serde_json::Value {
        serde_saphyr::from_str(text).unwrap()
    }

    #[test]
    fn every_address_of_the_manifest_is_the_given_one() {
        let manifest = parsed(&with_address("https://jit.acme.example"));
        let address = "https://jit.acme.example/slack/events";
        assert_eq!(manifest["features"]["slash_commands"][0]["url"], address);
        assert_eq!(manifest["settings"]["event_subscriptions"]["request_url"], address);
        assert_eq!(manifest["settings"]["interactivity"]["request_url"], address);
        assert_eq!(manifest["settings"]["interactivity"]["message_menu_options_url"], address);
        assert_eq!(manifest["settings"]["socket_mode_enabled"], false);
    }

    #[test]
    fn socket_mode_has_no_address() {
        let text = for_socket_mode();
        assert!(!text.contains("/slack/events") && !text.contains("_url:"), "{text}");
        let manifest = parsed(&text);
        assert_eq!(manifest["settings"]["socket_mode_enabled"], true);
        assert_eq!(manifest["settings"]["interactivity"]["is_enabled"], true);
        assert_eq!(manifest["features"]["slash_commands"][0]["command"], "/jit");
    }

    #[test]
    fn the_command_can_have_another_name_where_another_app_has_it() {
        let manifest = parsed(&called(&for_socket_mode(), "/access"));
        assert_eq!(manifest["features"]["slash_commands"][0]["command"], "/access");
        assert_eq!(command("/access").unwrap(), "/access");
        for text in ["access", "/", "/Access", "/a b", "/a\nb", &format!("/{}", "x".repeat(40))] {
            assert!(command(text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_keeps_slacks_limits() {
        let manifest = parsed(TEMPLATE);
        let chars = |pointer: &str| manifest.pointer(pointer).unwrap().as_str().unwrap().chars().count();
        assert!(chars("/display_information/name") <= 35);
        assert!(chars("/display_information/description") <= 140);
        assert!((175..=4000).contains(&chars("/display_information/long_description")));
        assert!(chars("/features/slash_commands/0/description") <= 2000);
        assert!(chars("/features/slash_commands/0/usage_hint") <= 1000);
        assert!(chars("/features/bot_user/display_name") <= 80);
    }

    #[test]
    fn an_address_is_https_and_nothing_else() {
        assert_eq!(base("https://jit.acme.example/").unwrap(), "https://jit.acme.example");
        assert_eq!(base("https://acme.example/daypass").unwrap(), "https://acme.example/daypass");
        for text in [
            "http://acme.example",
            "acme.example",
            "https://u:p@acme.example",
            "https://a.example/?x",
            "https://a.example/slack/events",
        ] {
            assert!(base(text).is_err(), "{text}");
        }
    }
}
