//! R- and G-numbers as people write them, and what to say where the other kind of number was meant.

use super::{NotUnderstood, shown};
use crate::access::ids::{GrantId, RequestId};

/// A number of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Of a request.
    Request(RequestId),
    /// Of an access.
    Grant(GrantId),
}

/// Reads `R-42`, `r42`, `G-57` and `g57`.
pub fn read_number(word: &str) -> Option<Number> {
    let word = with_hyphen(word);
    word.parse().map(Number::Request).or_else(|_| word.parse().map(Number::Grant)).ok()
}

/// `r42` with the hyphen that was left out; everything else as it is.
pub(super) fn with_hyphen(word: &str) -> String {
    match word.split_at_checked(1) {
        Some((letter, digits)) if letter.eq_ignore_ascii_case("r") || letter.eq_ignore_ascii_case("g") => {
            let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if is_number { format!("{letter}-{digits}") } else { word.to_owned() }
        }
        Some(_) | None => word.to_owned(),
    }
}

/// What to do with a number of the other kind than this verb takes; `None` where it is no number.
pub(super) fn of_the_other_kind(verb: &str, word: &str) -> Option<NotUnderstood> {
    let number = read_number(word)?;
    let (problem, line) = match (verb, number) {
        ("cancel", Number::Grant(id)) => ("an access, which is not withdrawn but ended", format!("/jit done {id}")),
        ("remind", Number::Grant(id)) => ("an access, about which nobody is asked any more", format!("/jit why {id}")),
        ("done" | "revoke", Number::Request(id)) => {
            ("a request; withdrawing it ends what it gave as well", format!("/jit cancel {id}"))
        }
        ("extend", Number::Request(id)) => ("a request, and more time is asked for an access", format!("/jit who {id}")),
        (_, Number::Request(_) | Number::Grant(_)) => return None,
    };
    Some(NotUnderstood { problem: format!("`{}` is {problem}", shown(word)), example: line.clone(), nearest: Some(line) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::command::Command;

    #[test]
    fn numbers_are_read_with_and_without_their_hyphen() {
        for (word, number) in [("R-42", "R-42"), ("r42", "R-42"), ("R42", "R-42"), ("g-57", "G-57"), ("G57", "G-57")] {
            let read = match read_number(word) {
                Some(Number::Request(id)) => id.to_string(),
                Some(Number::Grant(id)) => id.to_string(),
                None => String::new(),
            };
            assert_eq!(read, number, "{word}");
        }
        for word in ["42", "r", "rx42", "e-7", "r-", "g4x", "", "ü1"] {
            assert_eq!(read_number(word), None, "{word}");
        }
    }

    #[test]
    fn a_number_of_the_other_kind_gets_a_line_that_does_what_was_probably_meant() {
        for (text, line) in [
            ("cancel G-57", "/jit done G-57"),
            ("remind g57", "/jit why G-57"),
            ("done r42", "/jit cancel R-42"),
            ("revoke R-42 stolen", "/jit cancel R-42"),
            ("extend R-42 1h", "/jit who R-42"),
        ] {
            let Command::NotUnderstood(words) = Command::read(text) else { panic!("{text}") };
            assert_eq!(words.nearest.as_deref(), Some(line), "{text}");
        }
        assert_eq!(Command::read("done g57"), Command::Done { grant: "G-57".parse().ok() });
        assert_eq!(Command::read("why g57"), Command::WhyGrant { grant: "G-57".parse().unwrap() });
    }
}
