//! `daypass setup`: from two tokens to a configuration that `doctor` is content with. It says what each step did, changes nothing
//! that is there, and can be repeated.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use secrecy::{ExposeSecret, SecretString};

use super::{Done, Here, doctor, print};
use crate::access::ids::PersonId;
use crate::app::Policies;
use crate::config::{Given, SLACK_API_URL};
use crate::people::Identified;
use crate::slack::client::{AccountStanding, Channel, SlackApi};
use crate::slack::text::is_slack_id;

mod dotenv;
mod people;
mod pin;
mod secret;

/// The file that people are written to where there are no policy files, and the one beside those that are there.
const PEOPLE: &str = "people.yaml";
const MORE_PEOPLE: &str = "people.yaml.new";

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The channel for alarms, by name or id: `#security`.
    #[arg(long)]
    security_channel: Option<String>,
    /// Ids of people who may end and see everything, with commas between them.
    #[arg(long, value_delimiter = ',')]
    admins: Vec<PersonId>,
    /// The name of the command, where the manifest was made with another one: `/access`.
    #[arg(long = "command", value_parser = super::manifest::command)]
    command_name: Option<String>,
    /// For Slack to reach Daypass over HTTP: asks for the Signing Secret in place of the app token.
    #[arg(long)]
    http: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Post a message with Request access and Break glass into a channel, and pin it. The bot must run.
    Pin {
        /// The channel, by name or id: `#db-access`.
        channel: String,
    },
}

pub async fn run(here: &Here, args: &Args) -> Done {
    match &args.command {
        Some(Command::Pin { channel }) => pin::run(here, channel).await,
        None => set_up(here, args).await,
    }
}

async fn set_up(here: &Here, args: &Args) -> Done {
    let given = Given::read(&here.env, here.now())?;
    let mut env: Vec<(&'static str, String)> = Vec::new();
    let bot_token = token(here, &given, "SLACK_BOT_TOKEN", &mut env)?;
    if given.signing_secret.is_some() || (args.http && given.app_token.is_none()) {
        token(here, &given, "SLACK_SIGNING_SECRET", &mut env)?;
    } else {
        token(here, &given, "SLACK_APP_TOKEN", &mut env)?;
    }
    let api = SlackApi::new(&given.api_url, &bot_token).map_err(anyhow::Error::from)?;
    let said = |problem| anyhow::anyhow!("slack refuses or does not answer ({problem}): look at the bot token and the network");
    let installed = api.greet().await.map_err(said)?.installed;
    print::line(format!("workspace   {} ({}), the token is good", installed.team_name, installed.team));
    let everybody = api.everybody().await.map_err(said)?;
    let channels = api.channels().await.map_err(said)?;
    let persons: Vec<&AccountStanding> = everybody.iter().filter(|account| people::is_somebody(account)).collect();
    print::line(format!(
        "people      {}",
        write_people(here, &given.policies, (&installed.team, &installed.team_name), &persons)?
    ));
    for line in named_channels(&given.policies, &channels) {
        print::line(format!("channels    {line}"));
    }
    if given.api_url != SLACK_API_URL {
        env.push(("SLACK_API_URL", given.api_url.clone()));
    }
    if let Some(wanted) = &args.security_channel {
        let channel = channel_id(wanted, &channels)?;
        print::line(format!("channels    alarms go to {wanted}, which is {channel}"));
        env.push(("DAYPASS_SECURITY_CHANNEL", channel));
    } else if !given.set.contains(&"DAYPASS_SECURITY_CHANNEL") {
        print::line("channels    nobody hears alarms yet: repeat with `--security-channel '#security'`");
    }
    if !args.admins.is_empty() {
        env.push(("DAYPASS_ADMINS", args.admins.iter().map(PersonId::as_str).collect::<Vec<_>>().join(",")));
    }
    env.extend(args.command_name.clone().map(|name| ("DAYPASS_COMMAND", name)));
    let added = dotenv::complete(Path::new(".env"), &env)?;
    print::line(match added.as_slice() {
        [] => "settings    `.env` has all of it; nobody else may read it".to_owned(),
        added => format!("settings    `.env` has {} now; nobody else may read it", added.join(", ")),
    });
    // Slack does not say which app has which command.
    print::line(match &args.command_name {
        Some(name) => format!("command     {name}, as the manifest has to have it: `daypass manifest --command {name}`"),
        None => {
            "command     /jit; where another app has it: `daypass manifest --command /access`, and this with `--command /access`"
                .to_owned()
        }
    });
    print::line("doctor      what is left to do:");
    doctor::run(&Here::look()?, &doctor::Args::default()).await
}

/// A secret that is there, or that is asked for; it is added to what `.env` has to hold, unless it stands in a file of its own.
fn token(here: &Here, given: &Given, name: &'static str, env: &mut Vec<(&'static str, String)>) -> anyhow::Result<SecretString> {
    let (known, what, begins) = match name {
        "SLACK_BOT_TOKEN" => (&given.bot_token, "Bot User OAuth Token (page OAuth & Permissions)", "xoxb-"),
        "SLACK_APP_TOKEN" => {
            (&given.app_token, "App-Level Token with the scope connections:write (page Basic Information)", "xapp-")
        }
        _ => (&given.signing_secret, "Signing Secret (page Basic Information)", ""),
    };
    let token = match known {
        Some(token) => token.clone(),
        None => secret::ask(what)?,
    };
    here.redactor.learn(token.expose_secret());
    if !token.expose_secret().starts_with(begins) {
        anyhow::bail!("that is no {what}: it begins with `{begins}`");
    }
    if !given.in_files.contains(&name) {
        env.push((name, token.expose_secret().to_owned()));
    }
    Ok(token)
}

/// Writes the people where there are no policy files, and otherwise those who are in none of them, beside. Says what was done.
fn write_people(
    here: &Here,
    dir: &Path,
    (team, workspace): (&str, &str),
    persons: &[&AccountStanding],
) -> anyhow::Result<String> {
    let guests = persons.iter().filter(|account| people::is_guest(account)).count();
    let complete = if guests > 0 { format!("; complete the {guests} guests in it") } else { String::new() };
    let is_yaml = |path: &Path| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    let has_files = std::fs::read_dir(dir).is_ok_and(|mut all| all.any(|one| one.is_ok_and(|one| is_yaml(&one.path()))));
    if !has_files {
        std::fs::create_dir_all(dir).with_context(|| format!("`{}` cannot be made", dir.display()))?;
        let path = dir.join(PEOPLE);
        write_new(&path, &people::file(workspace, persons))?;
        return Ok(format!("wrote {} of them to `{}`{complete}", persons.len(), path.display()));
    }
    let (policies, problem) = Policies::load(dir, here.secrets());
    let Some(loaded) = policies.current() else {
        let problem = problem.map(|problem| problem.to_string()).unwrap_or_default();
        return Ok(format!("the policy files are left as they are, since they cannot be loaded:\n{problem}"));
    };
    let directory = loaded.directory(team);
    let is_missing = |account: &&&AccountStanding| matches!(directory.by_slack(team, &account.user), Identified::Unknown);
    let missing: Vec<&AccountStanding> = persons.iter().filter(is_missing).copied().collect();
    if missing.is_empty() {
        return Ok(format!("all {} are in the policy files", persons.len()));
    }
    let taken: BTreeSet<String> = loaded.set.people().keys().map(ToString::to_string).collect();
    let text = people::entries(&missing, &taken);
    let path = dir.join(MORE_PEOPLE);
    let diff: String = text.lines().map(|line| format!("\n  + {line}")).collect();
    let stands = match write_new(&path, &text) {
        Ok(()) => format!("they stand in `{}`, for you to take over into `people:`", path.display()),
        Err(_) if path.exists() => format!("`{}` is there already and was left alone", path.display()),
        Err(problem) => return Err(problem),
    };
    Ok(format!("{} are in no policy file; {stands}{diff}", missing.len()))
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = File::create_new(path).with_context(|| format!("`{}` cannot be made", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("`{}` cannot be written", path.display()))
}

/// Where policy files name a channel by its name, which Slack lets anybody change: what to write there.
fn named_channels(dir: &Path, channels: &[Channel]) -> Vec<String> {
    let mut found = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    for path in files {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(problem) if problem.kind() == ErrorKind::InvalidData => continue,
            Err(_) => continue,
        };
        for (number, line) in text.lines().enumerate() {
            let Some((_, named)) = line.split_once("channel:") else { continue };
            let named = named.trim().trim_matches(['"', '\'']);
            let Some(name) = named.strip_prefix('#') else { continue };
            let name = name.split(['"', '\'', ' ', ',', '}']).next().unwrap_or_default();
            let place = format!("{}:{}", path.display(), number + 1);
            found.push(match channels.iter().find(|channel| channel.name == name) {
                Some(channel) => format!("{place}: write `channel: {}` for #{name}", channel.id),
                None => format!("{place}: there is no #{name} that the bot can see; write `/invite @daypass` there"),
            });
        }
    }
    found
}

/// The id of a channel that is given by name or id.
fn channel_id(wanted: &str, channels: &[Channel]) -> anyhow::Result<String> {
    let name = wanted.trim_start_matches('#');
    let found = channels.iter().find(|channel| channel.name == name || channel.id == wanted);
    match found {
        Some(channel) => Ok(channel.id.clone()),
        None if is_slack_id(wanted) && wanted.starts_with(['C', 'G']) => Ok(wanted.to_owned()),
        None => anyhow::bail!(
            "there is no channel `{wanted}` that the bot can see; for a private one write `/invite @daypass` there first"
        ),
    }
}
