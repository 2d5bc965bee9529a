//! `daypass doctor`: looks at everything that has to be right, and says for each thing that is not what to do about it.
//!
//! It changes nothing, and it asks Slack and the providers only what they are asked anyway.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::policy::Format;
use super::provider::{check as check_providers, mark};
use super::{Done, Here, print};
use crate::admin::client::{NoAnswer, ask};
use crate::app::{Loaded, Policies};
use crate::config::Basics;
use crate::policy::check;
use crate::providers::{Finding, Severity};
use crate::slack::client::SlackError;

mod slack;

#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// How the findings are written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    severity: Severity,
    about: String,
    message: String,
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}  {}: {}", mark(self.severity), self.about, self.message)
    }
}

/// What was found; for people it is told as it is found.
struct Report {
    findings: Vec<Found>,
    format: Option<Format>,
}

impl Report {
    /// Without a format it only collects.
    fn new(format: Option<Format>) -> Report {
        Report { findings: Vec::new(), format }
    }

    fn say(&mut self, severity: Severity, about: &str, message: impl std::fmt::Display) {
        let found = Found { severity, about: about.to_owned(), message: message.to_string() };
        if self.format == Some(Format::Text) {
            print::line(&found);
        }
        self.findings.push(found);
    }

    fn broken(&self) -> usize {
        self.findings.iter().filter(|found| found.severity == Severity::Broken).count()
    }

    fn to_json(&self) -> Value {
        let word = |severity| match severity {
            Severity::Fine => "fine",
            Severity::Warning => "warning",
            Severity::Broken => "broken",
        };
        let one = |found: &Found| json!({ "severity": word(found.severity), "about": found.about, "message": found.message });
        json!({ "findings": self.findings.iter().map(one).collect::<Vec<_>>(), "broken": self.broken() })
    }
}

pub async fn run(here: &Here, args: &Args) -> Done {
    let mut report = Report::new(Some(args.format));
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
    }
    let loaded = match &basics {
        Some(basics) => policies(here, basics, &mut report).await,
        None => None,
    };
    if let Ok(config) = &config {
        slack::look(here, config, loaded.as_ref().map(|loaded| loaded.set.as_ref()), &mut report).await;
    }
    if args.format == Format::Json {
        print::line(report.to_json());
    }
    match report.broken() {
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

async fn policies(here: &Here, basics: &Basics, report: &mut Report) -> Option<Arc<Loaded>> {
    let (policies, problem) = Policies::load(&basics.policies, here.secrets());
    if let Some(problem) = problem {
        problem.problems.iter().for_each(|problem| report.say(Severity::Broken, "policy", problem));
    }
    let loaded = policies.current()?;
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
    Some(loaded)
}

fn scope(problem: &SlackError, scope: &str, without: &str) -> String {
    if problem.code == "missing_scope" {
        return format!("the scope {scope} is missing, {without}: create the app from `daypass manifest`, and install it again");
    }
    format!("`{}` when {scope} was tried; {without}", problem.code)
}
