//! What was probably meant by a command that there is not.

use super::length::{self, Head};
use super::{Command, NotUnderstood, not_understood, shown};
use crate::slack::text::{cut_plain, one_line};

/// Every command.
pub(super) const VERBS: [&str; 17] = [
    "request",
    "break-glass",
    "mine",
    "pending",
    "cancel",
    "remind",
    "done",
    "extend",
    "revoke",
    "revoke-all",
    "lock",
    "unlock",
    "why",
    "help",
    "who",
    "away",
    "back",
];

/// What other tools call it, and what it is called here.
const ELSEWHERE: [(&str, &str); 22] = [
    ("ooo", "away"),
    ("vacation", "away"),
    ("holiday", "away"),
    ("holders", "who"),
    ("whohas", "who"),
    ("who-has", "who"),
    ("emergency", "break-glass"),
    ("glass", "break-glass"),
    ("nudge", "remind"),
    ("ping", "remind"),
    ("withdraw", "cancel"),
    ("ask", "request"),
    ("new", "request"),
    ("grant", "request"),
    ("list", "mine"),
    ("status", "mine"),
    ("end", "done"),
    ("finish", "done"),
    ("finished", "done"),
    ("more", "extend"),
    ("explain", "why"),
    ("remove", "revoke"),
];

/// Why there is no such command, with the line that would have worked.
pub(super) fn no_such(verb: &str, rest: &[&str]) -> NotUnderstood {
    if matches!(verb, "approve" | "deny" | "reject") {
        return not_understood("decisions are made with the buttons on the card; this shows what waits for you", "/jit pending");
    }
    let elsewhere = ELSEWHERE.iter().find(|(theirs, _)| *theirs == verb).map(|(_, ours)| *ours);
    let similar = || {
        let by_distance = VERBS.iter().map(|ours| (strsim::damerau_levenshtein(ours, verb), *ours));
        by_distance.min().filter(|(distance, ours)| *distance <= 2 && *distance < ours.len() / 2).map(|(_, ours)| ours)
    };
    // Somebody who left the verb out: `/jit prod/orders 2h`.
    let says_when = |at: usize| matches!(length::head(rest.get(at..).unwrap_or_default()), Head::Said { .. });
    let left_out = || Some("request").filter(|_| verb.contains('/') || (0..rest.len()).any(says_when));
    let nearest = match (elsewhere.or_else(similar), left_out()) {
        (Some(ours), _) => Some(line("", ours, rest)),
        (None, Some(ours)) => Some(line(verb, ours, rest)),
        (None, None) => None,
    };
    let problem = format!("there is no command `{}`", shown(verb));
    // What is suggested works: where the rest of the line would be misunderstood as well, a line of the same command is shown.
    match nearest.as_deref().map(|nearest| Command::read(nearest.trim_start_matches("/jit"))) {
        Some(Command::NotUnderstood(NotUnderstood { example, .. })) => NotUnderstood { problem, example, nearest: None },
        Some(_) | None => NotUnderstood { problem, example: "/jit help".to_owned(), nearest },
    }
}

fn line(first: &str, verb: &str, rest: &[&str]) -> String {
    let words = ["/jit", verb, first].into_iter().chain(rest.iter().copied()).filter(|word| !word.is_empty());
    cut_plain(&one_line(&words.collect::<Vec<_>>().join(" ")), 120)
}
