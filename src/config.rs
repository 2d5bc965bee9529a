//! From the environment to a [`Config`], or to every problem with it at once. The only module that reads the environment.
//!
//! It opens nothing but `.env` and the files that hold secrets, and contacts nobody: whether a token works is for `doctor` to say.

mod environment;
mod given;
#[cfg(test)]
mod tests;
mod transport;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use cron::Schedule;
use secrecy::{ExposeSecret, SecretString};

use crate::access::ids::PersonId;
use crate::access::time::Timestamp;
use crate::slack::command::name;
use crate::slack::text::is_slack_id;
use crate::telemetry::LogSettings;

#[cfg(feature = "failpoints")]
pub(crate) use environment::failpoint;
pub use environment::{Environment, NAMES};
pub use given::Given;

/// Where Slack's API is, unless the environment says otherwise.
pub const SLACK_API_URL: &str = "https://slack.com/api";
/// The file in the data directory with the key of the page that shows secrets, unless the environment says otherwise.
pub const REVEAL_KEY: &str = "reveal.key";
/// The sweep's schedule, unless the environment says otherwise: every five minutes. Seconds come first.
pub const SWEEP: &str = "0 */5 * * * *";

/// Everything that `serve` needs to know.
pub struct Config {
    /// What every command needs to know.
    pub basics: Basics,
    /// The bot's token (`xoxb-…`).
    pub bot_token: SecretString,
    /// How what people do in Slack reaches us.
    pub transport: Transport,
    /// Where Slack's API is: `https`, or `http` on this machine.
    pub api_url: String,
    /// Where to listen: for Slack, unless it is met by Socket Mode, and for whoever asks for health and numbers.
    pub listen: SocketAddr,
    /// Where alarms go.
    pub security_channel: Option<String>,
    /// Where the digest goes; without one, where alarms go.
    pub digest_channel: Option<String>,
    /// Where a card goes whose own channel cannot be posted to.
    pub fallback_channel: Option<String>,
    /// People who may end, withdraw and see everything.
    pub admins: BTreeSet<PersonId>,
    /// Where secrets are shown to people without a key of their own, if anywhere.
    pub reveal: Option<Reveal>,
    /// What the command is called: `/jit`, or as another name was given to it in the app's manifest.
    pub command: String,
    /// Set for the demo only.
    pub demo: Option<Demo>,
}

/// A page that shows secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reveal {
    /// Where people reach this process: `https`, or `http` on this machine. Without a `/` at its end.
    pub url: String,
    /// The file with the key that secrets are encrypted to. It is made where there is none.
    pub key_file: PathBuf,
}

/// How what people do in Slack reaches us. Never both ways: with Socket Mode on, Slack sends nothing over HTTP.
pub enum Transport {
    /// Over connections that we open, so that nothing has to be reachable from outside.
    Socket {
        /// The app token (`xapp-…`), with the scope `connections:write`.
        app_token: SecretString,
    },
    /// Over HTTP.
    Http {
        /// The secrets that Slack may sign with: several while one is being replaced. Never empty.
        signing_secrets: Vec<SecretString>,
    },
}

/// What every command needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basics {
    /// Where the database, its lock and the admin socket are.
    pub data_dir: PathBuf,
    /// Where the policy files are.
    pub policies: PathBuf,
    /// What is logged, and how.
    pub log: LogSettings,
    /// When the sweep runs. It bounds how late the safety net can be; punctual ends do not depend on it.
    pub sweep: Schedule,
    /// When the digest is posted, if it is wanted.
    pub digest: Option<Schedule>,
}

/// The demo's switch: the clock can be set through the admin socket. Exists only while Slack's API is on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demo {
    /// The time at the start; the real one if none is given.
    pub start: Option<Timestamp>,
}

/// Everything that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct ConfigError {
    /// One sentence each: which variable, what is wrong, what to write.
    pub problems: Vec<String>,
}

impl Config {
    /// Reads the environment. `now` tells which schedules still have something ahead of them.
    ///
    /// # Errors
    ///
    /// Every problem at once. No message holds a secret.
    pub fn read(env: &Environment, now: Timestamp) -> Result<Config, ConfigError> {
        let mut read = Reading::of(env);
        let basics = read.basics(now);
        let api_url = read.or("SLACK_API_URL", SLACK_API_URL.to_owned(), api_url);
        let bot_token = read.bot_token();
        let transport = read.transport();
        let listen = read.or("DAYPASS_LISTEN", SocketAddr::from(([127, 0, 0, 1], 3000)), listen);
        let security_channel = read.maybe("DAYPASS_SECURITY_CHANNEL", channel);
        let digest_channel = read.maybe("DAYPASS_DIGEST_CHANNEL", channel);
        let fallback_channel = read.maybe("DAYPASS_FALLBACK_CHANNEL", channel);
        let admins = read.or("DAYPASS_ADMINS", BTreeSet::new(), admins);
        let reveal = read.reveal(basics.as_ref());
        let command = read.or("DAYPASS_COMMAND", name::USUAL.to_owned(), command);
        let demo = read.demo(&api_url);
        match (basics, bot_token, transport, read.problems) {
            (Some(basics), Some(bot_token), Some(transport), problems) if problems.is_empty() => Ok(Config {
                basics,
                bot_token,
                transport,
                api_url,
                listen,
                security_channel,
                digest_channel,
                fallback_channel,
                admins,
                reveal,
                command,
                demo,
            }),
            (_, _, _, problems) => Err(ConfigError { problems }),
        }
    }

    /// Whether what stands for Slack is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.api_url)
    }

    /// Every secret in it, so that none of them reaches the log.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        let transport = match &self.transport {
            Transport::Socket { app_token } => std::slice::from_ref(app_token),
            Transport::Http { signing_secrets } => signing_secrets,
        };
        std::iter::once(&self.bot_token).chain(transport)
    }
}

impl Basics {
    /// Reads what every command needs, so that looking at policies takes no Slack token.
    ///
    /// # Errors
    ///
    /// Every problem at once.
    pub fn read(env: &Environment, now: Timestamp) -> Result<Basics, ConfigError> {
        let mut read = Reading::of(env);
        match (read.basics(now), read.problems) {
            (Some(basics), problems) if problems.is_empty() => Ok(basics),
            (_, problems) => Err(ConfigError { problems }),
        }
    }
}

/// When a schedule fires next, at most `count` times.
pub fn next_firings(schedule: &Schedule, after: Timestamp, count: usize) -> Vec<Timestamp> {
    let Some(after) = chrono::DateTime::from_timestamp_millis(after.as_millis()) else { return Vec::new() };
    schedule.after(&after).take(count).map(|at| Timestamp::from_millis(at.timestamp_millis())).collect()
}

/// Reads variables and collects what is wrong with them.
struct Reading<'a> {
    env: &'a Environment,
    problems: Vec<String>,
}

impl<'a> Reading<'a> {
    fn of(env: &'a Environment) -> Reading<'a> {
        Reading { env, problems: env.problems() }
    }

    fn maybe<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.env.get(name)?;
        parse(text).map_err(|problem| self.problems.push(format!("`{name}` {problem}"))).ok()
    }

    fn or<T>(&mut self, name: &str, default: T, parse: impl FnOnce(&str) -> Result<T, String>) -> T {
        self.maybe(name, parse).unwrap_or(default)
    }

    fn secret(&mut self, name: &str) -> Option<SecretString> {
        self.env.secret(name).unwrap_or_else(|problem| {
            self.problems.push(problem);
            None
        })
    }

    fn basics(&mut self, now: Timestamp) -> Option<Basics> {
        let sweep = self.maybe("DAYPASS_SWEEP", |text| schedule(text, now));
        Some(Basics {
            data_dir: self.or("DAYPASS_DATA_DIR", PathBuf::from("./data"), |text| Ok(PathBuf::from(text))),
            policies: self.or("DAYPASS_POLICIES", PathBuf::from("./policies"), |text| Ok(PathBuf::from(text))),
            log: self.or("DAYPASS_LOG", LogSettings::default(), LogSettings::parse),
            sweep: sweep.or_else(|| Schedule::from_str(SWEEP).ok())?,
            digest: self.maybe("DAYPASS_DIGEST", |text| schedule(text, now)),
        })
    }

    fn bot_token(&mut self) -> Option<SecretString> {
        let before = self.problems.len();
        let token = self.secret("SLACK_BOT_TOKEN");
        match &token {
            Some(token) if token.expose_secret().starts_with("xoxb-") => {}
            Some(_) => self.problems.push(
                "`SLACK_BOT_TOKEN` is no bot token: those begin with `xoxb-` (OAuth & Permissions → Bot User OAuth Token)"
                    .to_owned(),
            ),
            None if self.problems.len() > before => {}
            None => self.problems.push(
                "`SLACK_BOT_TOKEN` is missing: copy the Bot User OAuth Token from your app's page OAuth & Permissions".to_owned(),
            ),
        }
        token
    }

    fn reveal(&mut self, basics: Option<&Basics>) -> Option<Reveal> {
        let url = self.maybe("DAYPASS_PUBLIC_URL", public_url);
        let key_file = self.maybe("DAYPASS_REVEAL_KEY_FILE", |text| Ok(PathBuf::from(text)));
        if key_file.is_some() && self.env.get("DAYPASS_PUBLIC_URL").is_none() {
            self.problems
                .push("`DAYPASS_REVEAL_KEY_FILE` is of no use without `DAYPASS_PUBLIC_URL`: set that, or unset it".to_owned());
        }
        Some(Reveal { url: url?, key_file: key_file.unwrap_or(basics?.data_dir.join(REVEAL_KEY)) })
    }

    fn demo(&mut self, api_url: &str) -> Option<Demo> {
        let wanted = self.maybe("DAYPASS_DEMO", |text| match text {
            "1" => Ok(true),
            "0" => Ok(false),
            other => Err(format!("must be `1` or `0`, not `{other}`")),
        });
        let start = self.maybe("DAYPASS_CLOCK_MS", |text| {
            text.parse().map(Timestamp::from_millis).map_err(|_| "must be a whole number of milliseconds since 1970".to_owned())
        });
        let wanted = wanted == Some(true);
        if wanted && !is_loopback(api_url) {
            self.problems.push(
                "`DAYPASS_DEMO` lets the clock be set, so it works only while `SLACK_API_URL` is on this machine: unset it"
                    .to_owned(),
            );
        }
        if start.is_some() && !wanted {
            self.problems.push("`DAYPASS_CLOCK_MS` is for the demo only: unset it".to_owned());
        }
        wanted.then_some(Demo { start })
    }
}

fn api_url(text: &str) -> Result<String, String> {
    let expected = || format!("must be `https://…`, or `http://…` on this machine, not `{text}`");
    let url: hyper::Uri = text.parse().map_err(|_| expected())?;
    let authority = url.authority().ok_or_else(expected)?;
    let plain = !authority.as_str().contains('@') && url.query().is_none() && !text.contains('#');
    match url.scheme_str() {
        Some("https") if plain => {}
        Some("http") if plain && is_this_machine(authority.host()) => {}
        _ => return Err(expected()),
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// It stands in links, so that it is made of nothing that could end one.
fn public_url(text: &str) -> Result<String, String> {
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b":/._~-[]".contains(&b));
    if is_plain {
        api_url(text)
    } else {
        Err(format!("must be a plain address such as `https://daypass.example.com`, not `{text}`"))
    }
}

fn is_loopback(url: &str) -> bool {
    url.parse::<hyper::Uri>().is_ok_and(|url| url.host().is_some_and(is_this_machine))
}

fn is_this_machine(host: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].contains(&host)
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("must be an IP address and a port, such as `127.0.0.1:3000`, not `{text}`"))
}

fn schedule(text: &str, now: Timestamp) -> Result<Schedule, String> {
    let example = "`0 */5 * * * *` is every five minutes";
    if text.split_whitespace().count() == 5 {
        return Err(format!("has five fields, `{text}`; seconds come first here: {example}"));
    }
    let schedule = Schedule::from_str(text).map_err(|_| format!("is no schedule: `{text}`; {example}"))?;
    if next_firings(&schedule, now, 1).is_empty() { Err(format!("never comes again: `{text}`")) } else { Ok(schedule) }
}

fn channel(text: &str) -> Result<String, String> {
    if is_slack_id(text) && text.starts_with(['C', 'G']) {
        return Ok(text.to_owned());
    }
    Err(format!("must be the id of a channel, such as `C0123ABCD` (at the end of the channel's details), not `{text}`"))
}

fn command(text: &str) -> Result<String, String> {
    if name::is_name(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("must be a slash and small letters, such as `/access`, not `{text}`"))
    }
}

fn admins(text: &str) -> Result<BTreeSet<PersonId>, String> {
    let ids = text.split([',', ' ']).map(str::trim).filter(|id| !id.is_empty());
    ids.map(|id| id.parse().map_err(|_| format!("must be ids of people with commas between them; `{id}` is none"))).collect()
}
