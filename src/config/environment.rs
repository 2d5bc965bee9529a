//! The variables: those of the process, and those of `.env` where the process has none. Nothing is put into the process's own
//! environment, so that no child inherits a secret.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::ConfigError;
use crate::policy::problem::nearest;

/// Every variable that Daypass reads. Policy files cannot name them.
pub const NAMES: &[&str] = &[
    "SLACK_BOT_TOKEN",
    "SLACK_BOT_TOKEN_FILE",
    "SLACK_SIGNING_SECRET",
    "SLACK_SIGNING_SECRET_FILE",
    "SLACK_APP_TOKEN",
    "SLACK_APP_TOKEN_FILE",
    "SLACK_API_URL",
    "DAYPASS_LISTEN",
    "DAYPASS_DATA_DIR",
    "DAYPASS_POLICIES",
    "DAYPASS_SWEEP",
    "DAYPASS_DIGEST",
    "DAYPASS_DIGEST_CHANNEL",
    "DAYPASS_LOG",
    "DAYPASS_SECURITY_CHANNEL",
    "DAYPASS_FALLBACK_CHANNEL",
    "DAYPASS_ADMINS",
    "DAYPASS_COMMAND",
    "DAYPASS_PUBLIC_URL",
    "DAYPASS_REVEAL_KEY_FILE",
    "DAYPASS_DEMO",
    "DAYPASS_CLOCK_MS",
    "DAYPASS_FAILPOINT",
];

/// What the names of Daypass's own variables begin with.
const OWN_PREFIX: &str = "DAYPASS_";
/// The largest file that is read for a secret or for `.env`, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Variables by name. No Debug: some of them are secrets.
#[derive(Clone)]
pub struct Environment {
    values: BTreeMap<String, SecretString>,
    not_text: Vec<String>,
    dotenv: Option<PathBuf>,
}

impl Environment {
    /// The process's variables, and those of `.env` in the working directory.
    ///
    /// # Errors
    ///
    /// When there is a `.env` that cannot be read. The message holds none of its text.
    pub fn of_process() -> Result<Environment, ConfigError> {
        let mut not_text = Vec::new();
        let mut own = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => own.push((name, value)),
                Err(_) => not_text.push(name),
            }
        }
        let path = Path::new(".env");
        let written = match read_file(path) {
            Ok((text, _)) => pairs_in(&text).map_err(|problem| ConfigError { problems: vec![problem] })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Environment { not_text, ..Environment::from_pairs(own) });
            }
            Err(error) => return Err(ConfigError { problems: vec![format!("`.env` cannot be read: {error}")] }),
        };
        let mut env = Environment::from_pairs(written.into_iter().chain(own));
        env.not_text = not_text;
        env.dotenv = Some(path.to_owned());
        Ok(env)
    }

    /// These variables and no others; of two with one name, the later.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Environment {
        let values = pairs.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect();
        Environment { values, not_text: Vec::new(), dotenv: None }
    }

    /// The file that some of it was read from.
    pub fn dotenv(&self) -> Option<&Path> {
        self.dotenv.as_deref()
    }

    /// A variable's value without spaces around it. Empty counts as not set.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.expose_secret().trim()).filter(|value| !value.is_empty())
    }

    /// A secret: the variable itself, or the content of the file that `…_FILE` names.
    ///
    /// # Errors
    ///
    /// A sentence, when both are set or the file cannot be used.
    pub(super) fn secret(&self, name: &str) -> Result<Option<SecretString>, String> {
        let in_file = format!("{name}_FILE");
        match (self.get(name), self.get(&in_file)) {
            (Some(_), Some(_)) => Err(format!("`{name}` and `{in_file}` are both set: unset one of them")),
            (Some(value), None) => Ok(Some(SecretString::from(value))),
            (None, Some(path)) => secret_in(Path::new(path)).map(Some).map_err(|problem| format!("`{in_file}`: {problem}")),
            (None, None) => Ok(None),
        }
    }

    /// A secret that a policy file names (`url_env`, `token_env`). Daypass's own variables are refused: a policy file could
    /// otherwise send the bot's token to an address of its choice.
    pub fn lookup_secret(&self, name: &str) -> Option<SecretString> {
        let is_own = NAMES.contains(&name) || name.starts_with(OWN_PREFIX);
        let taken = is_own.then(|| format!("`{name}` is Daypass's own and cannot be named in a policy file"));
        let found = taken.map_or_else(|| self.secret(name), Err);
        found.unwrap_or_else(|problem| {
            tracing::warn!(%problem, "a secret of a provider cannot be used");
            None
        })
    }

    /// What is wrong with the variables as such: names of ours that are none, values that are no text.
    pub(super) fn problems(&self) -> Vec<String> {
        let unknown = self.values.keys().filter(|name| name.starts_with(OWN_PREFIX) && !NAMES.contains(&name.as_str()));
        let unknown = unknown.map(|name| match nearest(name, NAMES.iter().copied()) {
            Some(near) => format!("`{name}` is no variable of Daypass; did you mean `{near}`?"),
            None => format!("`{name}` is no variable of Daypass; names that begin with `{OWN_PREFIX}` are its own"),
        });
        let not_text = self.not_text.iter().filter(|name| NAMES.contains(&name.as_str()));
        let not_text = not_text.map(|name| format!("`{name}` is not UTF-8 text"));
        let points = self.get("DAYPASS_FAILPOINT").filter(|point| !crate::failpoint::understands(point));
        let points = points.map(|point| format!("`DAYPASS_FAILPOINT` names nothing that this build knows, `{point}`: unset it"));
        unknown.chain(not_text).chain(points).collect()
    }
}

/// The failpoint that the process's environment names. Read apart from everything else, since it is passed anywhere.
#[cfg(feature = "failpoints")]
pub(crate) fn failpoint() -> Option<String> {
    let (_, value) = std::env::vars_os().find(|(name, _)| name == "DAYPASS_FAILPOINT")?;
    value.into_string().ok()
}

fn pairs_in(text: &str) -> Result<Vec<(String, String)>, String> {
    dotenvy::from_read_iter(text.as_bytes())
        .map(|pair| {
            pair.map_err(|error| match error {
                // The library's own message repeats the line, which may hold a secret.
                dotenvy::Error::LineParse(line, _) => {
                    let number = text.lines().position(|whole| whole.contains(line.trim())).map(|index| index + 1);
                    let place = number.map_or_else(|| "a line".to_owned(), |number| format!("line {number}"));
                    format!("`.env`: {place} is not of the form NAME=value; put a value with spaces in quotes")
                }
                _ => "`.env` cannot be read".to_owned(),
            })
        })
        .collect()
}

fn secret_in(path: &Path) -> Result<SecretString, String> {
    let (text, mode) = read_file(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    if mode & 0o077 != 0 {
        return Err(format!("others may read `{}`: run `chmod 600` on it", path.display()));
    }
    let text = text.trim();
    if text.is_empty() { Err(format!("`{}` is empty", path.display())) } else { Ok(SecretString::from(text)) }
}

/// A small file's text and its mode, by one handle, so that both are of the same file.
fn read_file(path: &Path) -> io::Result<(String, u32)> {
    let file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    Ok((text, mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_line_of_the_file_is_told_by_its_number_and_never_by_its_text() {
        let problem = pairs_in("A=1\nSLACK_BOT_TOKEN=xoxb canary-in-a-line\n").unwrap_err();
        assert!(problem.contains("line 2"), "{problem}");
        assert!(!problem.contains("canary"), "{problem}");
        assert_eq!(pairs_in("# c\nA='x y'\n").unwrap(), [("A".to_owned(), "x y".to_owned())]);
    }
}
