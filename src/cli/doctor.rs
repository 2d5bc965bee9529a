//! `daypass doctor`: looks at everything that has to be right, and says for each thing that is not what to do about it.
//!
//! It changes nothing, and it asks Slack and the providers only what they are asked anyway.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::provider::{check as check_providers, mark};
use super::{Done, Here, print};
use crate::admin::client::{NoAnswer, ask};
use crate::app::Policies;
use crate::config::{Basics, Config, Transport};
use crate::policy::check;
use crate::providers::{Finding, Severity};
use crate::slack::client::{ChannelStanding, Class, SlackApi, SlackError};
use crate::slack::socket::Socket;

/// What was found, told as it is found.
#[derive(Default)]
struct Report {
    broken: usize,
}

impl Report {
    fn say(&mut self, severity: Severity, about: &str, message: impl std::fmt::Display) {
        self.broken += usize::from(severity == Severity::Broken);
        print::line(format!("{}  {about}: {message}", mark(severity)));
    }
}

pub async fn run(here: &Here) -> Done {
    let mut report = Report::default();
    here.log(&crate::telemetry::LogSettings::quiet())?;
    dotenv(here, &mut report);
    let config = here.config();
    let basics = match &config {
        Ok(config) => {
            report.say(Severity::Fine, "configuration", "complete");
            Some(config.basics.clone())
        }
        Err(error) => {
            error
                .problems
                .iter()
                .for_each(|problem| report.say(Severity::Broken, "configuration", here.redactor.redact(problem)));
            Basics::read(&here.env, here.now()).ok()
        }
    };
    report.say(Severity::Fine, "clock", format!("this machine says {}; if that is wrong, set it", print::time(here.now())));
    if let Some(basics) = &basics {
        data_dir(&basics.data_dir, &mut report);
        process(&basics.data_dir, &mut report).await;
        policies(here, basics, &mut report).await;
    }
    if let Ok(config) = &config {
        slack(config, &mut report).await;
    }
    match report.broken {
        0 => Ok(()),
        1 => Err(anyhow::anyhow!("one thing has to be put right").into()),
        more => Err(anyhow::anyhow!("{more} things have to be put right").into()),
    }
}

fn dotenv(here: &Here, report: &mut Report) {
    let Some(path) = here.env.dotenv() else { return };
    match std::fs::metadata(path).map(|file| file.permissions().mode()) {
        Ok(mode) if mode & 0o077 != 0 => {
            report.say(Severity::Warning, "configuration", format!("others may read `{0}`: run `chmod 600 {0}`", path.display()));
        }
        Ok(_) | Err(_) => {}
    }
}

fn data_dir(dir: &Path, report: &mut Report) {
    let shown = dir.display();
    match std::fs::metadata(dir) {
        Ok(found) if !found.is_dir() => {
            report.say(Severity::Broken, "data directory", format!("`{shown}` is no directory: choose another"))
        }
        Ok(found) if found.permissions().mode() & 0o022 != 0 => {
            report.say(Severity::Broken, "data directory", format!("others may write to `{shown}`: run `chmod 700` on it"));
        }
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            report.say(Severity::Warning, "data directory", format!("others may look into `{shown}`: run `chmod 700` on it"));
        }
        Ok(_) => report.say(Severity::Fine, "data directory", format!("`{shown}` is private")),
        Err(problem) if problem.kind() == ErrorKind::NotFound => {
            report.say(Severity::Fine, "data directory", format!("`{shown}` will be made at the first start"));
        }
        Err(problem) => report.say(Severity::Broken, "data directory", format!("`{shown}` cannot be used: {problem}")),
    }
}

/// What the running process says of itself.
async fn process(dir: &Path, report: &mut Report) {
    let status = match ask(dir, &json!({ "op": "status" })).await {
        Ok(status) => status,
        Err(NoAnswer::NotRunning) => return report.say(Severity::Warning, "bot", "it does not run: start `daypass serve`"),
        Err(problem) => return report.say(Severity::Broken, "bot", problem),
    };
    match status.get("why_not").and_then(Value::as_str) {
        None => report.say(Severity::Fine, "bot", "it runs and is ready"),
        Some(why) => report.say(Severity::Broken, "bot", format!("it runs, but is not ready: {why}")),
    }
    if status.get("draining_since_ms").is_some_and(|since| !since.is_null()) {
        let since = print::time_field(&status, "draining_since_ms");
        let what = format!(
            "it is being taken out of service since {since}: `daypass drain` says what is left, `daypass drain --undo` takes it back"
        );
        report.say(Severity::Warning, "bot", what);
    }
    if status.get("clock").and_then(Value::as_str) == Some("suspect") {
        let what = "it has jumped, and nothing new is granted: set this machine's clock right, then wait or restart the bot";
        report.say(Severity::Broken, "clock", what);
    }
    let overdue = status.get("overdue").and_then(Value::as_u64).unwrap_or(0);
    if overdue > 0 {
        report.say(
            Severity::Broken,
            "grants",
            format!("{overdue} should have ended and did not: `daypass grants list` shows which"),
        );
    }
}

async fn policies(here: &Here, basics: &Basics, report: &mut Report) {
    let (policies, problem) = Policies::load(&basics.policies, here.secrets());
    if let Some(problem) = problem {
        problem.problems.iter().for_each(|problem| report.say(Severity::Broken, "policy", problem));
    }
    let Some(loaded) = policies.current() else { return };
    let warnings = check::check(&loaded.set, here.now());
    let warnings: Vec<_> = warnings.iter().filter(|finding| finding.severity == check::Severity::Warning).collect();
    warnings.iter().for_each(|finding| report.say(Severity::Warning, "policy", finding));
    if warnings.is_empty() {
        report.say(Severity::Fine, "policy", format!("{} policies, nothing odd", loaded.set.policies().len()));
    }
    for checked in check_providers(&policies, here, None).await {
        for Finding { severity, message } in checked.findings {
            report.say(severity, &format!("provider {}", checked.id), here.redactor.redact(&message));
        }
    }
}

/// Whether the token works, and may do what it is needed for.
async fn slack(config: &Config, report: &mut Report) {
    let api = match SlackApi::new(&config.api_url, &config.bot_token) {
        Ok(api) => api,
        Err(problem) => return report.say(Severity::Broken, "slack", problem),
    };
    let installed = match api.auth_test().await {
        Ok(installed) => installed,
        Err(problem) => return report.say(Severity::Broken, "slack", unreachable(&problem)),
    };
    report.say(Severity::Fine, "slack", format!("the token is of {} ({})", installed.team_name, installed.team));
    if installed.org_wide {
        report.say(
            Severity::Broken,
            "slack",
            "the app is installed for a whole organisation, which Daypass does not do: install it in one workspace",
        );
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
        Ok(_) => report.say(Severity::Fine, "slack", "accounts can be looked up (users:read)"),
        Err(problem) => report.say(Severity::Broken, "slack", scope(&problem, "users:read", "nobody can approve without it")),
    }
    let Some(channel) = &config.security_channel else {
        return report.say(
            Severity::Warning,
            "slack",
            "nobody hears alarms: set `DAYPASS_SECURITY_CHANNEL` to the id of a channel",
        );
    };
    match api.channel(channel).await {
        Ok(ChannelStanding::Ours) => report.say(Severity::Fine, "slack", format!("alarms can be posted to {channel}")),
        Ok(ChannelStanding::NotIn) => {
            report.say(
                Severity::Broken,
                "slack",
                format!("the bot is not in {channel}, where alarms go: write `/invite @daypass` there"),
            );
        }
        Ok(ChannelStanding::Shared) => {
            report.say(
                Severity::Warning,
                "slack",
                format!("{channel} is shared with another organisation: choose another one for alarms"),
            );
        }
        Ok(ChannelStanding::Archived) => {
            report.say(Severity::Broken, "slack", format!("{channel} is archived: choose another one for alarms"));
        }
        Err(problem) => report.say(Severity::Broken, "slack", scope(&problem, "channels:read", "alarms may get lost")),
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

fn scope(problem: &SlackError, scope: &str, without: &str) -> String {
    if problem.code == "missing_scope" {
        return format!("the scope {scope} is missing, {without}: create the app from `daypass manifest`, and install it again");
    }
    format!("`{}` when {scope} was tried; {without}", problem.code)
}
