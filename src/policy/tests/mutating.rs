//! Broken policy files by the hundred thousand: bytes, words and lines out of place, aliases of aliases, deep nesting. Whatever
//! it is, it is read or refused soon, without a panic and within bounds; and what is read can be judged by.

use std::time::{Duration, Instant};

use super::*;
use crate::policy::problem::PROBLEMS_MAX;

/// How long it goes on.
const LASTS: Duration = Duration::from_secs(300);
/// How long one input may take, in a debug build on a busy machine.
const INPUT_MAX: Duration = Duration::from_secs(5);

/// Words that stand for something in the language or in YAML.
const WORDS: [&str; 40] = [
    "&a",
    "*a",
    "<<",
    "|",
    ">",
    "---",
    "...",
    "!!int",
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "#",
    "'",
    "\"",
    "\\",
    "null",
    "~",
    "yes",
    "1e999",
    "-0",
    "0x10",
    "version: 1",
    "who:",
    "what:",
    "auto",
    "break-glass",
    "owners",
    "sponsor",
    "group/dba",
    "person/bob",
    "8h",
    "99999999999d",
    "mon-sun",
    "00:00-24:00",
    "2026-02-30",
    "\u{202e}",
    "\u{0}",
];

/// Marsaglia's xorshift: the same inputs from the same seed.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "how long an input takes is what is tested")]
fn stopwatch() -> Instant {
    Instant::now()
}

/// One change of a text.
fn mutate(text: &str, rng: &mut Rng) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut lines: Vec<&str> = text.lines().collect();
    let at = rng.below(chars.len() + 1);
    let with = |insert: &str| chars[..at].iter().copied().chain(insert.chars()).chain(chars[at..].iter().copied()).collect();
    let (one, other) = (rng.below(lines.len()), rng.below(lines.len()));
    match rng.below(9) {
        0 => with(WORDS[rng.below(WORDS.len())]),
        1 => chars[..at].iter().chain(chars.get(at + 1..).unwrap_or_default()).collect(),
        2 => chars[..at].iter().collect(),
        3 => with(&char::from_u32(u32::try_from(rng.below(0x3000)).unwrap()).unwrap_or('x').to_string()),
        4 if !lines.is_empty() => {
            lines.swap(one, other);
            lines.join("\n")
        }
        5 if !lines.is_empty() => {
            let line = lines[one];
            lines.insert(other, line);
            lines.join("\n")
        }
        6 if !lines.is_empty() => {
            lines.remove(one);
            lines.join("\n")
        }
        7 => with(&"[".repeat(1 + rng.below(3000))),
        _ => with(&bomb(rng)),
    }
}

/// Anchors that refer to anchors.
fn bomb(rng: &mut Rng) -> String {
    let mut text = String::from("\nx0: &x0 [a, a, a, a]\n");
    for n in 1..rng.below(40) {
        let alias = format!("*x{}", n - 1);
        text += &format!("x{n}: &x{n} [{}]\n", vec![alias.as_str(); 1 + rng.below(9)].join(", "));
    }
    text
}

/// Reads the files, and judges by what was read.
fn try_out(sources: Vec<Source>, seed: u64, round: u64) -> bool {
    let started = stopwatch();
    let read = PolicySet::parse(sources, Shapes::UNCHECKED);
    let is_valid = match &read {
        Ok(set) => {
            for facts in ["maya prod/orders readonly 2h", "bob shop/repo write 24h", "hugo cloud/staging poweruser 1m"] {
                let _ = evaluate(set, &asks(facts), tuesday());
            }
            PolicySet::reparse(set.text()).expect("what was read once is read again");
            true
        }
        Err(error) => {
            assert!((1..=PROBLEMS_MAX).contains(&error.problems.len()), "seed {seed}, round {round}");
            let shown = error.to_string();
            assert!(shown.len() < 1_000_000, "seed {seed}, round {round}: {} bytes of problems", shown.len());
            false
        }
    };
    assert!(started.elapsed() < INPUT_MAX, "seed {seed}, round {round} took {:?}", started.elapsed());
    is_valid
}

fn run(seed: u64, lasts: Duration, rounds_max: u64) -> (u64, u64) {
    let (started, mut rng) = (stopwatch(), Rng(seed.max(1)));
    let (mut rounds, mut valid) = (0, 0);
    while started.elapsed() < lasts && rounds < rounds_max {
        let mut sources = example_sources();
        for _ in 0..=rng.below(3) {
            let file = rng.below(sources.len());
            sources[file].text = mutate(&sources[file].text, &mut rng);
        }
        valid += u64::from(try_out(sources, seed, rounds));
        rounds += 1;
    }
    (rounds, valid)
}

#[test]
fn broken_files_are_refused_in_bounds() {
    let (rounds, valid) = run(1, LASTS, 60);
    assert_eq!(rounds, 60);
    assert!(valid < rounds);
}

#[test]
#[ignore = "needs five minutes"]
fn broken_files_are_refused_in_bounds_by_the_hundred_thousand() {
    let seed = u64::from(std::process::id());
    let (rounds, valid) = run(seed, LASTS, u64::MAX);
    println!("seed {seed}: {rounds} inputs, of which {valid} are policy files all the same");
}
