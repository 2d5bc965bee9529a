//! The command line: one file per subcommand. The only place where the parts are put together, and where `anyhow` is used.
//!
//! Exit codes: 0 it is done; 1 it failed, and said why; 2 bad usage or configuration.

mod audit;
mod csv;
mod db;
mod demo;
mod doctor;
mod drain;
mod grants;
mod lock;
mod manifest;
mod people;
mod policy;
mod print;
mod provider;
mod requests;
mod serve;
mod setup;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use secrecy::ExposeSecret;

use crate::access::time::Timestamp;
use crate::admin::client::NoAnswer;
use crate::app::policies::Secrets;
use crate::clock::{Clock, SystemClock};
use crate::config::{Basics, Config, ConfigError, Environment};
use crate::telemetry::{self, LogSettings, Redactor};

/// Just-in-time access approvals, native to Slack.
#[derive(Debug, Parser)]
#[command(name = "daypass", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the bot.
    Serve(serve::Args),
    /// Try it: the bot with a stand-in for Slack and for a provider, in a browser.
    Demo(demo::Args),
    /// Look at the policy files.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Look at requests, file and decide them on this host. The bot must run.
    #[command(subcommand)]
    Requests(requests::Command),
    /// Look at grants, and take them back on this host. The bot must run.
    #[command(subcommand)]
    Grants(grants::Command),
    /// Look at the audit log, and verify it.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Look at the systems that access is granted at.
    #[command(subcommand)]
    Provider(provider::Command),
    /// Look at the database.
    #[command(subcommand)]
    Db(db::Command),
    /// Print the app manifest to create the Slack app from.
    Manifest(manifest::Args),
    /// Find out what is wrong, and what to do about it.
    Doctor(doctor::Args),
    /// From two tokens to a configuration: people, channels, settings. Nothing that is there is changed.
    Setup(setup::Args),
    /// Look after what is kept of people. The bot must run.
    #[command(subcommand)]
    People(people::Command),
    /// In an emergency: nothing new for a person, a group, a resource or everything, and what they have is revoked. The bot must run.
    Lock(lock::Lock),
    /// Lift a lock. The bot must run.
    Unlock(lock::Unlock),
    /// Take Daypass out of service: nothing new, all that is in force ends and is looked at. The bot must run.
    Drain(drain::Args),
}

/// Why a command did not do what it should.
#[derive(Debug)]
enum Failure {
    /// The configuration has problems: exit code 2.
    Configuration(ConfigError),
    /// It failed: exit code 1.
    Failed(anyhow::Error),
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::Configuration(error)
    }
}

impl From<NoAnswer> for Failure {
    fn from(error: NoAnswer) -> Failure {
        Failure::Failed(error.into())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Failed(error)
    }
}

type Done = Result<(), Failure>;

/// Runs a command and says what went wrong, if anything did.
pub async fn run(cli: Cli) -> ExitCode {
    let here = match Here::look() {
        Ok(here) => here,
        Err(error) => return told(Failure::Configuration(error), &Redactor::default()),
    };
    let redactor = here.redactor.clone();
    match execute(cli.command, &here).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => told(failure, &redactor),
    }
}

async fn execute(command: Command, here: &Here) -> Done {
    match command {
        Command::Serve(args) => serve::run(here, &args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Policy(command) => policy::run(here, command).await,
        Command::Requests(command) => requests::run(here, command).await,
        Command::Grants(command) => grants::run(here, command).await,
        Command::Audit(command) => audit::run(here, command).await,
        Command::Provider(command) => provider::run(here, command).await,
        Command::Db(command) => db::run(here, command).await,
        Command::Manifest(args) => manifest::run(&args),
        Command::Doctor(args) => doctor::run(here, &args).await,
        Command::Setup(args) => setup::run(here, &args).await,
        Command::People(command) => people::run(here, command).await,
        Command::Lock(args) => lock::lock(here, args).await,
        Command::Unlock(args) => lock::unlock(here, args).await,
        Command::Drain(args) => drain::run(here, &args).await,
    }
}

fn told(failure: Failure, redactor: &Redactor) -> ExitCode {
    let (text, code) = match failure {
        Failure::Configuration(error) => {
            let lines: Vec<String> = error.problems.iter().map(|problem| format!("daypass: {problem}")).collect();
            (lines.join("\n"), 2)
        }
        Failure::Failed(error) => (format!("daypass: {error:#}"), 1),
    };
    print::error_line(&redactor.redact(&text));
    ExitCode::from(code)
}

/// Where the command runs: the environment, the time, and what must not be printed.
struct Here {
    env: Environment,
    redactor: Redactor,
}

impl Here {
    fn look() -> Result<Here, ConfigError> {
        Ok(Here { env: Environment::of_process()?, redactor: Redactor::default() })
    }

    fn now(&self) -> Timestamp {
        SystemClock.wall()
    }

    /// What every command needs; with warnings on the terminal from here on.
    fn basics(&self) -> Result<Basics, Failure> {
        let basics = Basics::read(&self.env, self.now())?;
        self.log(&LogSettings::quiet())?;
        Ok(basics)
    }

    /// What `serve` needs. Its secrets are never printed from here on.
    fn config(&self) -> Result<Config, ConfigError> {
        let config = Config::read(&self.env, self.now())?;
        config.secrets().for_each(|secret| self.redactor.learn(secret.expose_secret()));
        Ok(config)
    }

    fn log(&self, settings: &LogSettings) -> anyhow::Result<()> {
        Ok(telemetry::start(settings, &self.redactor)?)
    }

    /// Looks up what policy files name; nothing of it is printed from then on.
    fn secrets(&self) -> Secrets {
        let (env, redactor) = (self.env.clone(), self.redactor.clone());
        Arc::new(move |name: &str| {
            let secret = env.lookup_secret(name)?;
            redactor.learn(secret.expose_secret());
            Some(secret)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_that_is_promised_is_there() {
        for line in [
            "serve",
            "demo --script",
            "demo --port 4000 --keep --open",
            "policy check",
            "policy init policies --format json",
            "policy schema",
            "policy check policies --strict --format json",
            "policy test policies --strict --format json",
            "policy explain maya prod/orders readonly 2h",
            "policy explain maya prod/orders readonly 2h --at 2026-11-24T09:00:00Z --dir policies --format json",
            "policy who-can prod/orders readwrite --at 2026-11-24T09:00:00Z --format json",
            "policy risky --dir policies",
            "policy plan --since 90d --dir policies --format json",
            "requests list",
            "grants list --json",
            "requests file prod/orders readonly 2h OPS-42 slow checkout",
            "requests approve R-42 --note agreed --yes",
            "requests deny R-42 --reason no",
            "grants revoke G-57 --reason done",
            "audit tail -n 5",
            "audit verify",
            "provider list",
            "provider check orders",
            "db info",
            "db migrate",
            "manifest --url https://daypass.example.com",
            "manifest --socket",
            "manifest --socket --command /access",
            "doctor",
            "doctor --format json",
            "setup",
            "setup --security-channel #security --admins priya,sam --http",
            "setup pin #db-access",
            "drain",
            "drain --yes --wait-secs 120 --export evidence.jsonl",
            "drain --undo",
            "people erase maya --yes",
        ] {
            Cli::try_parse_from(std::iter::once("daypass").chain(line.split(' ')))
                .unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        for line in [
            "setup --admins priya pin #db-access",
            "drain --undo --yes",
            "manifest",
            "manifest --socket --url https://x",
            "policy explain maya prod/orders readonly 2x",
        ] {
            assert!(Cli::try_parse_from(std::iter::once("daypass").chain(line.split(' '))).is_err(), "{line}");
        }
    }
}
