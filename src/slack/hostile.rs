//! Texts that mean harm or nothing, by the thousand: whatever is typed is shown as typed text, and read as a command or answered
//! with a line that works; without a panic, and within Slack's limits.

use std::time::Duration;

use super::command::Command;
use super::inbound::typed;
use super::limits::{length, message_problems};
use super::say::refusal::not_understood;
use super::text::{Markup, cut, escape, unescape};
use crate::fuzz::{LASTS, Rng, stopwatch, told};

/// What markup, other programs or the grammar of commands might take for something.
const PIECES: [&str; 56] = [
    "<!channel>",
    "<!here|here>",
    "<!date^1^{time}|x>",
    "<https://evil|https://jira>",
    "<@U0MAYA>",
    "<@U0MAYA|maya>",
    "<#C0DB|db>",
    "<mailto:a@b|c>",
    "<",
    ">",
    "|",
    "&",
    "&lt;",
    "&amp;lt;",
    "&#60;",
    "`",
    "```",
    "*",
    "_",
    "~",
    "\n",
    "\r\n",
    "\t",
    "\u{0}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{e0041}",
    "🙂",
    "👍🏽",
    "é",
    "=cmd()",
    "@everyone",
    "“",
    "–",
    "\u{a0}",
    "request ",
    "break-glass ",
    "extend ",
    "revoke ",
    "cancel ",
    "why ",
    "help",
    " until ",
    " from ",
    " for ",
    "18:00",
    "25:99",
    "fri ",
    "2h",
    "99999999999999999999d",
    "-1m",
    "R-42",
    "G-99999999999999999999",
    "prod/orders ",
];

fn text(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..1 + rng.below(24) {
        match rng.below(5) {
            0 => text.extend(char::from_u32(u32::try_from(rng.below(0x11_0000)).unwrap())),
            // Now and then as long as Slack lets anybody write.
            1 if rng.below(50) == 0 => text += &PIECES[rng.below(PIECES.len())].repeat(rng.below(2000)),
            _ => text += PIECES[rng.below(PIECES.len())],
        }
    }
    text
}

/// Nothing of somebody else's has become markup: no token, no entity but ours, no formatting that holds.
fn is_text(shown: &str) -> bool {
    let entities = shown.match_indices('&').all(|(at, _)| {
        let rest = &shown[at..];
        ["&amp;", "&lt;", "&gt;"].iter().any(|entity| rest.starts_with(entity))
    });
    entities && !shown.contains(['<', '>'])
}

fn hold(text: &str, max: usize) {
    for shown in [Markup::new().text(text).cut(max), cut(&escape(text), max)] {
        assert!(is_text(&shown) && length(&shown) <= max, "{text:?} is shown as {shown:?}");
    }
    let code = Markup::new().code(text).cut(max);
    assert!(is_text(&code) && code.matches('`').count() <= 2 && length(&code) <= max, "{text:?} is shown as {code:?}");
    assert_eq!(unescape(&escape(text)), text);
    for typed in [text.to_owned(), typed(text)] {
        if let Command::NotUnderstood(words) = Command::read(&typed) {
            assert!(!words.problem.is_empty() && !words.problem.ends_with('.'), "{typed:?}: {words:?}");
            assert!(!matches!(Command::read(words.example.trim_start_matches("/jit ")), Command::NotUnderstood(_)), "{words:?}");
            let answer = not_understood(&words).to_answer();
            assert_eq!(message_problems(&answer), Vec::<String>::new(), "{typed:?}");
        }
    }
}

fn run(seed: u64, lasts: Duration, rounds: u64) -> u64 {
    let mut rng = Rng(seed.max(1));
    let started = stopwatch();
    let mut done = 0;
    while done < rounds && started.elapsed() < lasts {
        let text = text(&mut rng);
        let max = 1 + rng.below(4000);
        let held = std::panic::catch_unwind(|| hold(&text, max));
        assert!(held.is_ok(), "seed {seed}, text {done}, at most {max}: {text:?}");
        done += 1;
    }
    done
}

#[test]
fn hostile_texts_stay_texts() {
    assert_eq!(run(1, LASTS, 2_000), 2_000);
}

#[test]
#[ignore = "needs a minute"]
fn hostile_texts_stay_texts_for_as_long_as_one_likes() {
    let (seed, lasts) = told();
    let rounds = run(seed, lasts, u64::MAX);
    println!("{rounds} hostile texts; seed {seed}");
    assert!(rounds > 1_000, "{rounds} from seed {seed}");
}
