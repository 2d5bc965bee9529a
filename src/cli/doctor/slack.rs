//! Whether Slack takes the token, whether it may do what it is needed for, and whether the channels and groups that are named are there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, scope};
use crate::access::time::Timestamp;
use crate::cli::Here;
use crate::config::{Config, Transport};
use crate::policy::PolicySet;
use crate::policy::file::Members;
use crate::providers::Severity;
use crate::slack::client::{ChannelStanding, Class, SlackApi, SlackError};
use crate::slack::manifest::SCOPES;
use crate::slack::socket::Socket;

/// From how many seconds on a clock that differs is worth a word, and from how many on it is a fault.
const SKEW_TOLD_SECS: i64 = 5;
const SKEW_BROKEN_SECS: i64 = 60;

/// Looks at all of it.
pub(super) async fn look(here: &Here, config: &Config, set: Option<&PolicySet>, report: &mut Report) {
    let api = match SlackApi::new(&config.api_url, &config.bot_token) {
        Ok(api) => api,
        Err(problem) => return report.say(Severity::Broken, "slack", problem),
    };
    let before = here.now();
    let greeting = match api.greet().await {
        Ok(greeting) => greeting,
        Err(problem) => return report.say(Severity::Broken, "slack", unreachable(&problem)),
    };
    let installed = &greeting.installed;
    report.say(Severity::Fine, "slack", format!("the token is of {} ({})", installed.team_name, installed.team));
    if installed.org_wide {
        report.say(
            Severity::Broken,
            "slack",
            "the app is installed for a whole organisation, which Daypass does not do: install it in one workspace",
        );
    }
    scopes(greeting.scopes.as_ref(), report);
    // The demo has a clock of its own.
    if let (Some(theirs), None) = (greeting.date, config.demo) {
        skew(before, here.now(), theirs, report);
    }
    if let Transport::Socket { app_token } = &config.transport {
        let asked = match Socket::new(&config.api_url, app_token) {
            Ok(socket) => socket.check().await.map_err(|problem| problem.to_string()),
            Err(problem) => Err(problem.to_string()),
        };
        match asked {
            Ok(()) => report.say(Severity::Fine, "slack", "it gives connections for the app token (Socket Mode)"),
            Err(problem) => report.say(Severity::Broken, "slack", problem),
        }
    }
    match api.user(&installed.user).await {
        Ok(_) => report.say(Severity::Fine, "slack", "accounts can be looked up"),
        Err(problem) => report.say(Severity::Broken, "slack", scope(&problem, "users:read", "nobody can approve without it")),
    }
    if config.security_channel.is_none() {
        report.say(Severity::Warning, "slack", "nobody hears alarms: set `DAYPASS_SECURITY_CHANNEL` to the id of a channel");
    }
    for (channel, uses) in channels(config, set) {
        look_at_channel(&api, &channel, &uses, report).await;
    }
    for group in usergroups(set) {
        look_at_group(&api, &group, report).await;
    }
}

fn scopes(held: Option<&BTreeSet<String>>, report: &mut Report) {
    let Some(held) = held else {
        return report.say(
            Severity::Warning,
            "slack",
            "it does not say which scopes the token has: compare them with `daypass manifest`",
        );
    };
    let missing: Vec<_> = SCOPES.iter().filter(|(scope, _)| !held.contains(*scope)).collect();
    for (scope, without) in &missing {
        let what = format!(
            "the scope {scope} is missing, and {without}: add it on the page OAuth & Permissions, and install the app again"
        );
        report.say(Severity::Broken, "slack", what);
    }
    if missing.is_empty() {
        report.say(Severity::Fine, "slack", format!("the token has all {} scopes", SCOPES.len()));
    }
}

/// Slack's clock is right; ours was read before and after. What the time between them, and Slack's whole seconds, explain is no
/// difference.
fn skew(before: Timestamp, after: Timestamp, theirs: Timestamp, report: &mut Report) {
    let (before, after, theirs) = (before.as_secs(), after.as_secs(), theirs.as_secs());
    let off = if theirs + 1 < before { before - theirs } else { (theirs - after).max(0) };
    let which = if theirs < before { "ahead of" } else { "behind" };
    match off {
        off if off > SKEW_BROKEN_SECS => report.say(
            Severity::Broken,
            "clock",
            format!("this machine is {off} s {which} Slack: ends come at the wrong time, and over HTTP Slack's signatures fail; set it right (NTP)"),
        ),
        off if off > SKEW_TOLD_SECS => {
            report.say(Severity::Warning, "clock", format!("this machine is {off} s {which} Slack: let NTP keep it right"));
        }
        _ => report.say(Severity::Fine, "clock", format!("it agrees with Slack's within {SKEW_TOLD_SECS} s")),
    }
}

/// Every channel that is configured, with what for.
fn channels(config: &Config, set: Option<&PolicySet>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let configured = [
        (&config.security_channel, "alarms"),
        (&config.digest_channel, "the digest"),
        (&config.fallback_channel, "cards whose own channel cannot be posted to"),
    ];
    for (channel, what) in configured {
        if let Some(channel) = channel {
            found.entry(channel.clone()).or_default().push(what.to_owned());
        }
    }
    for (id, resource) in set.map(PolicySet::resources).into_iter().flatten() {
        if let Some(channel) = &resource.channel {
            found.entry(channel.clone()).or_default().push(format!("cards of {id}"));
        }
    }
    found
}

async fn look_at_channel(api: &SlackApi, channel: &str, uses: &[String], report: &mut Report) {
    let uses = uses.join(", ");
    let (severity, what) = match api.channel(channel).await {
        Ok(ChannelStanding::Ours) => (Severity::Fine, format!("{uses} can be posted to {channel}")),
        Ok(ChannelStanding::NotIn) => {
            (Severity::Broken, format!("the bot is not in {channel} ({uses}): write `/invite @daypass` there"))
        }
        Ok(ChannelStanding::Shared) => {
            (Severity::Warning, format!("{channel} ({uses}) is shared with another organisation: choose another one"))
        }
        Ok(ChannelStanding::Archived) => (Severity::Broken, format!("{channel} ({uses}) is archived: choose another one")),
        Err(problem) if problem.code == "channel_not_found" => (
            Severity::Broken,
            format!("there is no channel {channel} ({uses}), or it is private: write `/invite @daypass` there"),
        ),
        Err(problem) => (Severity::Broken, scope(&problem, "channels:read", &format!("{uses} may get lost"))),
    };
    report.say(severity, "slack", what);
}

/// Every user group of Slack that the files name.
fn usergroups(set: Option<&PolicySet>) -> BTreeSet<String> {
    let groups = set.map(PolicySet::groups).into_iter().flatten();
    groups
        .filter_map(|(_, group)| match &group.members {
            Members::Slack(id) => Some(id.value.clone()),
            Members::Listed(_) | Members::Where(_) | Members::OnCall(_) => None,
        })
        .collect()
}

async fn look_at_group(api: &SlackApi, group: &str, report: &mut Report) {
    match api.group_members(group).await {
        Ok(members) if members.is_empty() => {
            report.say(Severity::Warning, "slack", format!("nobody is in the user group {group}: nobody can decide for it"));
        }
        Ok(members) => {
            report.say(Severity::Fine, "slack", format!("the user group {group} can be read, {} members", members.len()))
        }
        Err(problem) if problem.code == "no_such_subteam" => {
            report.say(Severity::Broken, "slack", format!("there is no user group {group}: correct it in the policy files"));
        }
        Err(problem) => {
            report.say(Severity::Broken, "slack", scope(&problem, "usergroups:read", &format!("nobody is in {group} then")));
        }
    }
}

fn unreachable(problem: &SlackError) -> String {
    match problem.class {
        Class::Operator => format!("it refuses the token (`{}`): copy it again, or install the app again", problem.code),
        Class::Transient { .. }
        | Class::Unknown
        | Class::Gone
        | Class::NoChannel
        | Class::NoPerson
        | Class::Stale
        | Class::Permanent => format!("it cannot be reached (`{}`): look at the network, and at `SLACK_API_URL`", problem.code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_told_by_how_far_it_is_from_slacks() {
        let at = |secs: i64| Timestamp::from_millis(1_795_510_800_000 + secs * 1000);
        let told = |before: i64, after: i64, theirs: i64| {
            let mut report = Report::new(None);
            skew(at(before), at(after), at(theirs), &mut report);
            report.findings[0].to_string()
        };
        for (theirs, says) in [
            (0, "ok  clock: it agrees"),
            (-1, "ok  clock: it agrees"),
            (7, "warning  clock: this machine is 6 s behind"),
            (-6, "warning  clock: this machine is 6 s ahead of"),
            (70, "BROKEN  clock: this machine is 69 s behind"),
            (-61, "BROKEN  clock: this machine is 61 s ahead of"),
        ] {
            let told = told(0, 1, theirs);
            assert!(
                told.to_lowercase().contains(&says.to_lowercase().split("  ").nth(1).unwrap().to_owned()),
                "{theirs}: {told}"
            );
        }
    }
}
