//! Broken policy files by the thousand: bytes, words and lines out of place, aliases of aliases, deep nesting. Whatever
//! it is, it is read or refused soon, without a panic and within bounds; and what is read can be judged by.

use std::time::Duration;

use super::*;
use crate::fuzz::{LASTS, Rng, stopwatch, told};
use crate::policy::problem::PROBLEMS_MAX;
use crate::policy::starter;

/// How much memory the whole process may have had at once, in KiB.
const MEMORY_KIB_MAX: u64 = 200 * 1024;
/// How long one input may take of the processor, in a debug build.
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

/// What this thread has had of the processor: whoever else is at work on the machine makes no difference. What a second thread
/// reads beside it is not counted; that is about as much.
fn spent() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split_whitespace().next().unwrap().parse().unwrap())
}

/// One change of a text.
fn mutate(text: &str, rng: &mut Rng) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut lines: Vec<&str> = text.lines().collect();
    let at = rng.below(chars.len() + 1);
    let with = |insert: &str| chars[..at].iter().copied().chain(insert.chars()).chain(chars[at..].iter().copied()).collect();
    let (one, other) = (rng.below(lines.len()), rng.below(lines.len()));
    match rng.below(10) {
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
        // What loads as many items must load as very many, or be refused.
        8 if !lines.is_empty() => {
            let part = lines[one.min(other)..=one.max(other)].join("\n");
            let times = 1 + rng.below(200).min(100_000 / (part.len() + 1));
            [lines[..one.min(other)].join("\n"), vec![part; times].join("\n"), lines[one.max(other)..].join("\n")].join("\n")
        }
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
    let before = spent();
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
    let took = spent() - before;
    assert!(took < INPUT_MAX, "seed {seed}, round {round} took {took:?}");
    is_valid
}

/// What is broken: the example, each recipe with its cast, and the files to begin with. They hold every key of the language.
fn corpus() -> Vec<Vec<Source>> {
    let dir = format!("{}/tests/recipes", env!("CARGO_MANIFEST_DIR"));
    let mut recipes: Vec<Source> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| Source { name: path.display().to_string(), text: std::fs::read_to_string(&path).unwrap() })
        .collect();
    let cast = recipes.swap_remove(recipes.iter().position(|source| source.name.ends_with("cast.yaml")).unwrap());
    recipes.sort_by(|a, b| a.name.cmp(&b.name));
    let recipes = recipes.into_iter().map(|recipe| vec![cast.clone(), recipe]);
    [example_sources(), starter::files(tuesday())].into_iter().chain(recipes).collect()
}

/// `VmHWM:   123456 kB`: the most that the process ever had in memory.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
}

fn run(seed: u64, lasts: Duration, rounds_max: u64) -> (u64, u64) {
    let (started, mut rng, corpus) = (stopwatch(), Rng(seed.max(1)), corpus());
    let (mut rounds, mut valid) = (0, 0);
    while started.elapsed() < lasts && rounds < rounds_max {
        let mut sources = corpus[rng.below(corpus.len())].clone();
        for _ in 0..=rng.below(3) {
            let file = rng.below(sources.len());
            sources[file].text = mutate(&sources[file].text, &mut rng);
        }
        if rng.below(4) == 0 {
            // So large that they are read side by side.
            let file = rng.below(sources.len());
            sources[file].text += &"\n# nothing".repeat(8_000);
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
#[ignore = "needs a minute, and to be alone: it looks at the memory of the process"]
fn broken_files_are_refused_in_bounds_for_as_long_as_one_likes() {
    let (seed, lasts) = told();
    let (rounds, valid) = run(seed, lasts, u64::MAX);
    let peak = peak_kib().unwrap();
    println!("{rounds} broken policy files, of which {valid} load all the same; {} MiB at most; seed {seed}", peak / 1024);
    assert!(rounds > 100 && valid > 0 && valid < rounds, "{rounds} and {valid} from seed {seed}");
    assert!(peak <= MEMORY_KIB_MAX, "{peak} KiB from seed {seed}");
}

/// As many of these as a large file has.
fn full_of(head: &str, each: impl Fn(usize) -> String) -> String {
    let mut text = format!("version: 1\n{head}");
    let mut n = 0;
    while text.len() < 100_000 {
        text += &each(n);
        n += 1;
    }
    text
}

#[test]
fn files_that_are_full_of_mistakes_or_of_people_are_refused_soon() {
    let people = full_of("people:\n", |n| format!("- {{ id: p{n}, name: P, kind: employee }}\n"));
    for (rest, said) in [
        (full_of("groups:\n- id: g\n  members:\n", |n| format!("  - q{n}\n")), "there is no person `q0`; did you mean `p0`?"),
        (
            full_of("groups:\n", |n| format!("- {{ id: g{n}, where: {{ kind: employee }} }}\n")),
            "more than 500000 members together",
        ),
        (full_of("", |n| format!("polices{n}: 1\n")), "unknown key `polices0` in a policy file; did you mean `policies`?"),
    ] {
        let (first, second) =
            (Source { name: "a.yaml".into(), text: people.clone() }, Source { name: "b.yaml".into(), text: rest });
        let before = spent();
        let told = PolicySet::parse(vec![first, second], Shapes::UNCHECKED).unwrap_err().to_string();
        assert!(told.contains(said), "{said}: {}", &told[..told.len().min(2000)]);
        let took = spent() - before;
        assert!(took < INPUT_MAX, "{said}: {took:?}");
    }
}
