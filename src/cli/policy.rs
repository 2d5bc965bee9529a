//! `daypass policy`: checks the policy files, and says what they mean. Needs no Slack and no running bot.
//!
//! One file per question below. Each answers as text for people, or as JSON whose fields docs/policies.md names.

mod apply;
mod check;
mod explain;
mod init;
mod plan;
mod reach;
mod show;
mod test;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::{Done, Here, print};
use crate::access::ids::{PersonId, ResourceId, RoleId};
use crate::access::time::{Timestamp, Ttl};
use crate::app::policies::shapes;
use crate::config::Basics;
use crate::policy::schema::schema;
use crate::policy::{self, PolicySet};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the files, and say what is wrong and what is odd.
    Check {
        /// The directory; otherwise that of `DAYPASS_POLICIES`.
        dir: Option<PathBuf>,
        /// Fail on warnings too.
        #[arg(long)]
        strict: bool,
        /// As text or as JSON.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Try the tests that the files hold, and say which rules they leave untried.
    Test {
        /// The directory; otherwise that of `DAYPASS_POLICIES`.
        dir: Option<PathBuf>,
        /// Fail on rules that are left untried too.
        #[arg(long)]
        strict: bool,
        /// As text or as JSON.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Write a small, commented set of files to begin with. Nothing is overwritten.
    Init {
        /// The directory; otherwise that of `DAYPASS_POLICIES`.
        dir: Option<PathBuf>,
        /// As text or as JSON.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print the JSON Schema of policy files, for editors.
    Schema,
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
        #[command(flatten)]
        files: Files,
    },
    /// Say who can get something, by which policy, when, and who is asked.
    WhoCan {
        /// What, such as `prod/orders`.
        resource: ResourceId,
        /// As what.
        role: RoleId,
        #[command(flatten)]
        files: Files,
    },
    /// Judge the requests of the past again by these files, and say which would come out otherwise.
    Plan {
        /// Since when, counted back from now.
        #[arg(long, default_value = "90d")]
        since: Ttl,
        /// The directory with the files that are proposed; otherwise that of `DAYPASS_POLICIES`.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// As text or as JSON.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Say what can be reached without a human.
    Risky {
        #[command(flatten)]
        files: Files,
    },
    /// Shorten what is in force to what the files would allow now. The bot must run, with these files in force.
    Apply(apply::Args),
}

/// What most of the questions share.
#[derive(Debug, Args)]
pub struct Files {
    /// When, such as `2026-11-24T09:00:00Z`; otherwise now.
    #[arg(long)]
    at: Option<jiff::Timestamp>,
    /// The directory; otherwise that of `DAYPASS_POLICIES`.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// As text or as JSON.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

pub async fn run(here: &Here, command: Command) -> Done {
    let basics = here.basics()?;
    match command {
        Command::Apply(args) => apply::run(&basics, &args).await,
        Command::Check { dir, strict, format } => {
            let set = load(dir.as_deref(), &basics, format)?;
            check::run(&set, &basics, here.now(), strict, format)
        }
        Command::Test { dir, strict, format } => test::run(&load(dir.as_deref(), &basics, format)?, strict, format),
        Command::Schema => {
            print::line(format!("{:#}", schema()));
            Ok(())
        }
        Command::Init { dir, format } => {
            let dir = dir.as_deref().unwrap_or(&basics.policies);
            print::line(init::tell(dir, &init::write(dir, here.now())?, format));
            Ok(())
        }
        Command::Explain { person, resource, role, duration, files } => {
            let set = files.load(&basics)?;
            let question = explain::Question { person, resource, role, access_for: duration, at: files.at(here) };
            print::line(explain::tell(&set, &question, files.format));
            Ok(())
        }
        Command::WhoCan { resource, role, files } => {
            let set = files.load(&basics)?;
            let told = reach::tell_who_can(&set, &resource, &role, files.at(here), files.format);
            print::line(told.map_err(|problem| anyhow::anyhow!(problem))?);
            Ok(())
        }
        Command::Plan { since, dir, format } => {
            let set = load(dir.as_deref(), &basics, format)?;
            let since = Timestamp::from_millis(here.now().as_millis().saturating_sub(since.as_millis()));
            let plan = plan::of(&basics.data_dir, &set, since).map_err(anyhow::Error::from)?;
            print::line(plan::tell(&plan, since, format));
            Ok(())
        }
        Command::Risky { files } => {
            let set = files.load(&basics)?;
            print::line(reach::tell_risky(&set, files.at(here), files.format));
            Ok(())
        }
    }
}

impl Files {
    fn load(&self, basics: &Basics) -> anyhow::Result<PolicySet> {
        load(self.dir.as_deref(), basics, self.format)
    }

    fn at(&self, here: &Here) -> Timestamp {
        self.at.map_or_else(|| here.now(), |at| Timestamp::from_millis(at.as_millisecond()))
    }
}

/// Loads the files; what is wrong with them is told in the form that was asked for.
fn load(dir: Option<&Path>, basics: &Basics, format: Format) -> anyhow::Result<PolicySet> {
    policy::load(dir.unwrap_or(&basics.policies), shapes()).map_err(|error| match format {
        Format::Text => anyhow::anyhow!("the policy files cannot be loaded\n{error}"),
        Format::Json => {
            print::line(show::problems(&error));
            anyhow::anyhow!("the policy files cannot be loaded")
        }
    })
}
