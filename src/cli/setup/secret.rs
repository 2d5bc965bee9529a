//! Reads a secret from whoever is at the terminal, without showing it, or from what is piped in. Never from the arguments of the
//! command, which every process on the machine can read.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use secrecy::SecretString;

use crate::cli::print;

/// Asks for one line.
///
/// # Errors
///
/// Nothing came, or the terminal cannot be kept from showing it.
pub fn ask(what: &str) -> anyhow::Result<SecretString> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return read(&mut stdin.lock(), what);
    }
    print::line(format!("{what}: (it is not shown)"));
    let shown = tcgetattr(&stdin).context("the terminal cannot be asked how it is set")?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Now, &hidden).context("the terminal cannot be kept from showing what you type")?;
    let answer = read(&mut stdin.lock(), what);
    tcsetattr(&stdin, OptionalActions::Now, &shown).context("the terminal could not be set back: run `stty echo`")?;
    answer
}

fn read(from: &mut impl std::io::BufRead, what: &str) -> anyhow::Result<SecretString> {
    let mut line = String::new();
    from.read_line(&mut line).context("the answer could not be read")?;
    let line = line.trim();
    if line.is_empty() {
        anyhow::bail!("the {what} is missing: type it, pipe it in, or set its variable");
    }
    Ok(SecretString::from(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn one_line_is_read_and_the_next_is_left_for_the_next() {
        let mut piped: &[u8] = b" xoxb-1 \nxapp-2\n";
        assert_eq!(read(&mut piped, "token").unwrap().expose_secret(), "xoxb-1");
        assert_eq!(read(&mut piped, "token").unwrap().expose_secret(), "xapp-2");
        assert!(read(&mut piped, "token").unwrap_err().to_string().contains("the token is missing"));
    }
}
