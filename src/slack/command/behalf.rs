//! "for @maya": for whom something is asked, and who is meant by a word elsewhere.

use super::{Ask, Command, EXAMPLE, NotUnderstood, not_understood, request, shown};
use crate::access::time::Ttl;

/// A line that asks for somebody else, as an example.
pub const FOR_EXAMPLE: &str = "/jit request for @maya prod/orders readonly 2h OPS-42 slow checkout";

/// Somebody, as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// By a mention: the id of their account in Slack.
    Account(String),
    /// By a word: their id, or their name.
    Word(String),
}

impl Whom {
    /// Reads `<@U0MAYA>`, `@maya` and `maya`. `None` for what can be nobody: a group, a channel, a thing.
    pub fn read(word: &str) -> Option<Whom> {
        if let Some(mention) = word.strip_prefix("<@").and_then(|rest| rest.strip_suffix('>')) {
            let account = mention.split_once('|').map_or(mention, |(account, _)| account);
            let is_id = !account.is_empty() && account.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            return is_id.then(|| Whom::Account(account.to_owned()));
        }
        let name = word.strip_prefix('@').unwrap_or(word);
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "._-/".contains(c));
        is_name.then(|| Whom::Word(name.to_owned()))
    }
}

/// Whether the words after a verb begin with for whom it is: `for 2h` is a length.
pub(super) fn is_for_somebody(rest: &[&str]) -> bool {
    let is_for = rest.first().is_some_and(|word| word.eq_ignore_ascii_case("for"));
    is_for && rest.get(1).is_some_and(|word| word.parse::<Ttl>().is_err())
}

/// `request for @maya …`
pub(super) fn request_for(rest: &[&str]) -> Result<Command, NotUnderstood> {
    let word = rest.get(1).copied().unwrap_or_default();
    let whom = Whom::read(word)
        .ok_or_else(|| not_understood(&format!("after `for` comes a person, and `{}` is none", shown(word)), FOR_EXAMPLE))?;
    let ask: Ask = request(rest.get(2..).unwrap_or_default(), EXAMPLE)?;
    Ok(Command::RequestFor(whom, ask))
}

/// What to say to whoever wants to break the glass for somebody else.
pub(super) const GLASS_IS_ONES_OWN: &str =
    "nobody breaks the glass for somebody else; whoever needs it does so, or you ask for them with `/jit request for`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::words::Words;

    fn word(name: &str) -> Option<Whom> {
        Some(Whom::Word(name.to_owned()))
    }

    #[test]
    fn people_are_read_by_mention_and_by_word() {
        for text in ["<@U0MAYA>", "<@U0MAYA|maya>"] {
            assert_eq!(Whom::read(text), Some(Whom::Account("U0MAYA".to_owned())), "{text}");
        }
        for (text, name) in [("@maya", "maya"), ("maya", "maya"), ("Zoë", "Zoë"), ("acme/maya", "acme/maya")] {
            assert_eq!(Whom::read(text), word(name), "{text}");
        }
        for text in ["", "@", "<@>", "<@u0maya>", "<!subteam^S1>", "#general", "<@U1", "a*b"] {
            assert_eq!(Whom::read(text), None, "{text}");
        }
    }

    #[test]
    fn for_somebody_is_told_from_for_so_long() {
        let ask = |words: &[&str], length: Option<&str>, reason: &str| Ask {
            from: None,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            length: length.map(|text| super::super::Length::For(text.parse().unwrap())),
            reason: Words::typed(reason),
        };
        let maya = || Whom::Account("U0MAYA".to_owned());
        for (text, expected) in [
            ("request for <@U0MAYA>", Command::RequestFor(maya(), Ask::default())),
            (
                "REQUEST FOR <@U0MAYA> prod/orders readonly for 2h slow",
                Command::RequestFor(maya(), ask(&["prod/orders", "readonly"], Some("2h"), "slow")),
            ),
            (
                "request for maya orders 2h x",
                Command::RequestFor(Whom::Word("maya".to_owned()), ask(&["orders"], Some("2h"), "x")),
            ),
        ] {
            assert_eq!(Command::read(text), expected, "{text}");
        }
        for text in ["request for 2h", "request for <!subteam^S1> orders 2h", "break-glass for <@U0MAYA> orders 30m x"] {
            assert!(matches!(Command::read(text), Command::NotUnderstood(_)), "{text}");
        }
    }
}
