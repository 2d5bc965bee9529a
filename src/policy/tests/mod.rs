//! Tests of the language and of the judgement. The example policies of this repository are the main fixture.

mod approval;
mod bundles;
mod changing;
mod enumerating;
mod judging;
mod laws;
mod loading;
mod mutating;
mod random;
mod seating;
mod sources;
mod telling;
mod windows;
mod wording;

use std::collections::BTreeMap;

use super::facts::{Facts, Manner, Outside, Purpose, Verdict};
use super::parse::{Shapes, Source};
use super::problem::LoadError;
use super::{PolicySet, evaluate};
use crate::access::refusal::Refusal;
use crate::access::time::Timestamp;
use crate::access::words::Words;

/// A moment as people write it: `2026-11-24T10:00[Europe/Berlin]`, or with an offset.
pub(super) fn at(text: &str) -> Timestamp {
    let millis = match text.parse::<jiff::ZonedDateTime>() {
        Ok(zoned) => zoned.timestamp().as_millisecond(),
        Err(_) => text.parse::<jiff::Timestamp>().unwrap().as_millisecond(),
    };
    Timestamp::from_millis(millis)
}

/// A moment of the example's zone.
pub(super) fn berlin(text: &str) -> Timestamp {
    at(&format!("{text}[Europe/Berlin]"))
}

/// Tuesday at ten, when the example's story begins.
pub(super) fn tuesday() -> Timestamp {
    berlin("2026-11-24T10:00")
}

pub(super) fn parse(text: &str) -> Result<PolicySet, LoadError> {
    PolicySet::parse(vec![Source { name: "test.yaml".into(), text: text.into() }], Shapes::UNCHECKED)
}

pub(super) fn example_sources() -> Vec<Source> {
    ["people", "policies", "resources", "tests"]
        .map(|name| {
            let path = format!("{}/policies/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
            Source { name: format!("{name}.yaml"), text: std::fs::read_to_string(path).unwrap() }
        })
        .into()
}

/// The example with more rules in a file of their own.
pub(super) fn example_and(more: &str) -> PolicySet {
    let mut sources = example_sources();
    if !more.is_empty() {
        sources.push(Source { name: "zz.yaml".into(), text: format!("version: 1\n{more}") });
    }
    match PolicySet::parse(sources, Shapes::UNCHECKED) {
        Ok(set) => set,
        Err(error) => panic!("{error}"),
    }
}

pub(super) fn example() -> PolicySet {
    example_and("")
}

/// `maya prod/orders readonly 2h` with a reason that satisfies every rule of the example.
pub(super) fn asks(words: &str) -> Facts {
    let parts: Vec<&str> = words.split_whitespace().collect();
    Facts {
        subject: parts[0].parse().unwrap(),
        filed_by: parts[0].parse().unwrap(),
        resource: parts[1].parse().unwrap(),
        role: parts[2].parse().unwrap(),
        access_for: parts[3].parse().unwrap(),
        reason: Words::typed("OPS-42 CHG-7 slow checkout"),
        purpose: Purpose::Access,
        start_at: None,
        manner: Manner::Usual,
        uses: BTreeMap::new(),
        outside: Outside::assumed_active(),
    }
}

pub(super) fn judged(words: &str, now: Timestamp) -> Verdict {
    evaluate(&example(), &asks(words), now)
}

pub(super) fn refusal(verdict: &Verdict) -> &Refusal {
    match verdict {
        Verdict::Deny { refusal, .. } => refusal,
        Verdict::Allow { .. } => panic!("allowed: {verdict:?}"),
    }
}

/// `group/dba 1, group/security 1`
pub(super) fn steps(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Allow { steps, .. } => {
            steps.iter().map(|step| format!("{} {}", step.by, step.count)).collect::<Vec<_>>().join(", ")
        }
        Verdict::Deny { .. } => panic!("denied: {verdict:?}"),
    }
}
