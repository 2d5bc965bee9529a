//! What the command is called here: `/jit`, unless another app of the workspace has that name. It is said once, when the process
//! starts, and is the same for everybody; our own texts are written with the usual name.

use std::borrow::Cow;
use std::sync::OnceLock;

/// Its usual name.
pub const USUAL: &str = "/jit";

/// The longest name of a command that Slack takes, with its slash.
pub const NAME_CHARS_MAX: usize = 32;

static NAME: OnceLock<String> = OnceLock::new();

/// Whether a command can be called that: a slash, and small letters, digits, `-` or `_`.
pub fn is_name(text: &str) -> bool {
    let rest = text.strip_prefix('/').filter(|rest| !rest.is_empty() && text.len() <= NAME_CHARS_MAX);
    rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b)))
}

/// From now on it is called that, in whatever is said. The first time counts.
pub fn set_name(name: &str) {
    let _ = NAME.set(name.to_owned());
}

/// Our own words, with the command as it is called here.
pub fn named(ours: &str) -> Cow<'_, str> {
    renamed(ours, NAME.get().map_or(USUAL, String::as_str))
}

fn renamed<'a>(ours: &'a str, name: &str) -> Cow<'a, str> {
    if name == USUAL || !ours.contains(USUAL) {
        return Cow::Borrowed(ours);
    }
    let mut said = String::with_capacity(ours.len());
    let mut rest = ours;
    while let Some((before, after)) = rest.split_once(USUAL) {
        said.push_str(before);
        // Neither `https://jit.example.com` nor a longer word.
        let begins = !before.ends_with(|c: char| c == '/' || c.is_alphanumeric());
        let ends = !after.starts_with(|c: char| c == '.' || c == '-' || c == '_' || c.is_alphanumeric());
        said.push_str(if begins && (ends || is_full_stop(after)) { name } else { USUAL });
        rest = after;
    }
    said.push_str(rest);
    Cow::Owned(said)
}

fn is_full_stop(after: &str) -> bool {
    after.strip_prefix('.').is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_command_gets_another_name() {
        for (ours, said) in [
            ("Ask for it: /jit request", "Ask for it: /access request"),
            ("`/jit help` shows how, and so does /jit.", "`/access help` shows how, and so does /access."),
            ("/jit", "/access"),
            ("https://jit.example.com/jit-bot and x/jit", "https://jit.example.com/jit-bot and x/jit"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(renamed(ours, "/access"), said);
            assert_eq!(renamed(ours, USUAL), ours);
        }
    }

    #[test]
    fn a_name_is_one_that_slack_takes() {
        assert!(is_name("/jit") && is_name("/access-2") && is_name(&format!("/{}", "x".repeat(31))));
        for no_name in ["", "/", "jit", "/Jit", "/a b", "/ü", &format!("/{}", "x".repeat(32))] {
            assert!(!is_name(no_name), "{no_name}");
        }
    }
}
