//! What of the configuration is there already, for whoever completes it: `daypass setup`. Nothing has to be there.

use std::path::PathBuf;

use secrecy::SecretString;

use super::{Basics, ConfigError, Environment, Reading, SLACK_API_URL, api_url};
use crate::access::time::Timestamp;

/// What is there of the configuration.
pub struct Given {
    /// The bot's token.
    pub bot_token: Option<SecretString>,
    /// The app's token, for Socket Mode.
    pub app_token: Option<SecretString>,
    /// What Slack signs with, over HTTP.
    pub signing_secret: Option<SecretString>,
    /// Where Slack's API is, and whether the environment says so.
    pub api_url: String,
    /// Where the policy files are.
    pub policies: PathBuf,
    /// Names of secrets that stand in files of their own: those are not to be copied.
    pub in_files: Vec<&'static str>,
    /// Names of variables that have a value already.
    pub set: Vec<&'static str>,
}

impl Given {
    /// Reads what there is.
    ///
    /// # Errors
    ///
    /// What is there and cannot be right, every problem at once. No message holds a secret.
    pub fn read(env: &Environment, now: Timestamp) -> Result<Given, ConfigError> {
        let basics = Basics::read(env, now)?;
        let mut read = Reading::of(env);
        let secrets = ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"];
        let [bot_token, app_token, signing_secret] = secrets.map(|name| read.secret(name));
        let api_url = read.or("SLACK_API_URL", SLACK_API_URL.to_owned(), api_url);
        let in_files = secrets.into_iter().filter(|name| env.get(&format!("{name}_FILE")).is_some()).collect();
        let set = super::NAMES.iter().copied().filter(|name| env.get(name).is_some()).collect();
        if !read.problems.is_empty() {
            return Err(ConfigError { problems: read.problems });
        }
        Ok(Given { bot_token, app_token, signing_secret, api_url, policies: basics.policies, in_files, set })
    }
}
