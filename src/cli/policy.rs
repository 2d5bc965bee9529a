//! `daypass policy`: checks the policy files, and explains what they make of a request. Needs no Slack and no running bot.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Done, Here, apply, print};
use crate::access::ids::{PersonId, PolicyId, ResourceId, RoleId};
use crate::access::time::{Timestamp, Ttl};
use crate::app::policies::shapes;
use crate::config::{Basics, next_firings};
use crate::policy::check::Severity;
use crate::policy::explain::explain;
use crate::policy::{self, PolicySet, check, scenario};

/// How many firings of each schedule are shown.
const FIRINGS: usize = 4;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the files, and say what is wrong and what is odd.
    Check {
        /// The directory; otherwise that of `DAYPASS_POLICIES`.
        dir: Option<PathBuf>,
        /// Fail on warnings too.
        #[arg(long)]
        strict: bool,
    },
    /// Try the tests that the files hold, and say which policies they leave untried.
    Test {
        /// The directory; otherwise that of `DAYPASS_POLICIES`.
        dir: Option<PathBuf>,
    },
    /// Say what would happen if somebody asked for something.
    Explain {
        /// Who.
        person: PersonId,
        /// For what, such as `prod/orders`.
        resource: ResourceId,
        /// As what.
        role: RoleId,
        /// How long, such as `2h`.
        duration: Ttl,
        /// When, such as `2026-11-24T09:00:00Z`; otherwise now.
        #[arg(long)]
        at: Option<jiff::Timestamp>,
        /// The directory; otherwise that of `DAYPASS_POLICIES`.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Shorten what is in force to what the files would allow now. The bot must run, with these files in force.
    Apply(apply::Args),
}

pub async fn run(here: &Here, command: Command) -> Done {
    let basics = here.basics()?;
    match command {
        Command::Apply(args) => apply::run(&basics, &args).await,
        Command::Check { dir, strict } => {
            let set = load(dir.as_ref().unwrap_or(&basics.policies))?;
            check(&set, &basics, here.now(), strict)
        }
        Command::Test { dir } => test(&load(dir.as_ref().unwrap_or(&basics.policies))?),
        Command::Explain { person, resource, role, duration, at, dir } => {
            let set = load(dir.as_ref().unwrap_or(&basics.policies))?;
            let at = at.map_or_else(|| here.now(), |at| Timestamp::from_millis(at.as_millisecond()));
            print::line(explain(&set, &person, &resource, &role, duration, at).trim_end());
            Ok(())
        }
    }
}

fn load(dir: &std::path::Path) -> anyhow::Result<PolicySet> {
    policy::load(dir, shapes()).map_err(|error| anyhow::anyhow!("the policy files cannot be loaded\n{error}"))
}

fn test(set: &PolicySet) -> Done {
    let report = scenario::run(set);
    report.failures.iter().for_each(print::line);
    let untried = |what: &str, ids: &[PolicyId]| {
        if !ids.is_empty() {
            let ids: Vec<&str> = ids.iter().map(PolicyId::as_str).collect();
            print::line(format!("no test sees these {what}: {}", ids.join(", ")));
        }
    };
    untried("permit", &report.never_permits);
    untried("deny", &report.never_denies);
    let failed = report.failures.len();
    print::line(format!("{} passed, {failed} failed", report.passed));
    if failed > 0 { Err(anyhow::anyhow!("{failed} tests of the policy files failed").into()) } else { Ok(()) }
}

fn check(set: &PolicySet, basics: &Basics, now: Timestamp, strict: bool) -> Done {
    let findings = check::check(set, now);
    findings.iter().for_each(print::line);
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
    let schedules = [("sweep", Some(&basics.sweep)), ("digest", basics.digest.as_ref())];
    for (name, schedule) in schedules.into_iter().filter_map(|(name, schedule)| Some((name, schedule?))) {
        let times: Vec<String> = next_firings(schedule, now, FIRINGS).into_iter().map(print::time).collect();
        print::line(format!("next {name}: {}", times.join(", ")));
    }
    print::line(format!(
        "{} files, {} people, {} resources, {} policies, {warnings} warnings; digest {}",
        set.files().len(),
        set.people().len(),
        set.resources().len(),
        set.policies().len(),
        set.digest()
    ));
    if strict && warnings > 0 { Err(anyhow::anyhow!("there are warnings").into()) } else { Ok(()) }
}
