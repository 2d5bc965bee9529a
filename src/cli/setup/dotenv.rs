//! Completes `.env`: what is in it stays as it is, what is missing is added, and nobody else may read it.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;

/// Adds the variables that the file does not have, and answers with their names.
///
/// # Errors
///
/// The file cannot be read or written, or a value cannot stand in it. No message holds a value.
pub fn complete(path: &Path, wanted: &[(&'static str, String)]) -> anyhow::Result<Vec<&'static str>> {
    let shown = path.display();
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(problem) if problem.kind() == ErrorKind::NotFound => String::new(),
        Err(problem) => return Err(problem).with_context(|| format!("`{shown}` cannot be read")),
    };
    let has = |name: &str| before.lines().any(|line| line.trim_start().strip_prefix(name).is_some_and(is_given));
    let missing: Vec<_> = wanted.iter().filter(|(name, _)| !has(name)).collect();
    let mut added = String::new();
    for (name, value) in &missing {
        if !value.chars().all(|c| c.is_ascii_graphic() && !"'\"\\$#`".contains(c)) {
            anyhow::bail!("the value of `{name}` has characters that it cannot have");
        }
        added.push_str(&format!("{name}={value}\n"));
    }
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("`{shown}` cannot be written"))?;
    // Before a secret is in it.
    file.set_permissions(Permissions::from_mode(0o600)).with_context(|| format!("`{shown}` cannot be kept from others"))?;
    file.write_all(format!("{gap}{added}").as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("`{shown}` cannot be written"))?;
    Ok(missing.into_iter().map(|(name, _)| *name).collect())
}

/// `=value`, with a value.
fn is_given(rest: &str) -> bool {
    rest.trim_start().strip_prefix('=').is_some_and(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_and_nobody_else_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        fs::write(&path, "# mine\nSLACK_APP_TOKEN=\nSLACK_BOT_TOKEN=xoxb-mine").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let wanted = [("SLACK_BOT_TOKEN", "xoxb-other".to_owned()), ("DAYPASS_ADMINS", "priya".to_owned())];
        assert_eq!(complete(&path, &wanted).unwrap(), ["DAYPASS_ADMINS"]);
        assert_eq!(complete(&path, &wanted).unwrap(), Vec::<&str>::new(), "a second time changes nothing");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "# mine\nSLACK_APP_TOKEN=\nSLACK_BOT_TOKEN=xoxb-mine\nDAYPASS_ADMINS=priya\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let problem = complete(&path, &[("X", "canary'x".to_owned())]).unwrap_err().to_string();
        assert!(!problem.contains("canary"), "{problem}");
    }
}
