//! What the policy commands show alike: who is asked, when something is open, and the same as JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::access::electors::Electors;
use crate::access::ids::{GroupId, PersonId};
use crate::access::request::{Mode, Step};
use crate::access::time::Timestamp;
use crate::policy::electorate::OR;
use crate::policy::enumerate::{Horizon, Way, startable};
use crate::policy::file::Approve;
use crate::policy::problem::LoadError;
use crate::policy::window::Stretch;
use crate::policy::{Outside, PolicySet, electorate};

/// How many stretches are written out, where no rule says them shorter.
const STRETCHES_SHOWN: usize = 3;

/// `Tue 24 Nov 2026 10:00 Europe/Berlin`, in the zone of the defaults.
pub fn time(set: &PolicySet, at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.as_millis()) {
        Ok(moment) => moment.to_zoned_datetime(set.defaults().timezone.clone()).strftime("%a %-d %b %Y %H:%M %Q").to_string(),
        Err(_) => format!("{} ms", at.as_millis()),
    }
}

/// `Maya Okafor (maya)`
pub fn named(set: &PolicySet, id: &PersonId) -> String {
    match set.person(id) {
        Some(person) => format!("{} ({id})", person.name),
        None => id.to_string(),
    }
}

/// The word for a mode, in text and JSON.
pub fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Ask => "ask",
        Mode::Auto => "auto",
        Mode::BreakGlass => "break_glass",
    }
}

/// Who may fill each step of this way when it begins to be open.
fn voters(set: &PolicySet, way: &Way) -> Vec<Electors> {
    let at = way.open.first().map_or(Timestamp::from_millis(0), |open| open.from);
    electorate(set, &way.steps, &way.person, &way.person, &Outside::assumed_active(), at)
}

/// `1 of group/dba: carol, dave; who say why`
pub fn how(set: &PolicySet, way: &Way) -> String {
    let asked = |step: &Step, people: Electors| {
        let mut people: Vec<String> = people.iter().map(ToString::to_string).collect();
        people.extend(sources(set, &step.by));
        format!("{} of {}: {}", step.count, step.by, people.join(", "))
    };
    let mut parts: Vec<String> = way.steps.iter().zip(voters(set, way)).map(|(step, people)| asked(step, people)).collect();
    match way.mode {
        Mode::Ask => {}
        Mode::Auto => parts.push("nobody is asked".to_owned()),
        Mode::BreakGlass => parts.push("break-glass: nobody is asked beforehand".to_owned()),
    }
    if let Some(Approve::Auto(Some(limit))) = set.policy(&way.policy).map(|rule| &rule.approve)
        && way.is_without_a_human()
    {
        parts.push(format!("at most {} times in {}, and then people are", limit.uses, limit.per));
    }
    if way.note_required && way.mode == Mode::Ask {
        parts.push("who say why".to_owned());
    }
    if way.extends_alone && way.mode == Mode::Ask {
        parts.push("more time needs nobody".to_owned());
    }
    parts.join("; ")
}

/// Whoever is in the groups of this step whose members are read elsewhere.
fn sources(set: &PolicySet, by: &str) -> Vec<String> {
    let groups = by.split(OR).filter_map(|word| word.strip_prefix("group/")?.parse().ok());
    groups.filter_map(|group| set.source_of(&group)).map(|source| format!("whoever is in {source}")).collect()
}

/// When a way is open, as short as its rule says it; written out where something else narrows it.
pub fn when(set: &PolicySet, way: &Way, horizon: Horizon) -> String {
    let window = set.policy(&way.policy).and_then(|rule| rule.when.as_ref());
    let contract = set.contract_end(&way.person);
    let mut text = if startable(window, contract, horizon) == way.open {
        window.map_or_else(|| "at any time".to_owned(), ToString::to_string)
    } else {
        stretches(set, &way.open)
    };
    let groups = |groups: &BTreeSet<GroupId>| groups.iter().map(|group| format!("`{group}`")).collect::<Vec<_>>().join(" and ");
    if !way.if_in.is_empty() {
        text.push_str(&format!(", while in {}", groups(&way.if_in)));
    }
    if !way.unless_in.is_empty() {
        text.push_str(&format!(", unless in {}", groups(&way.unless_in)));
    }
    if let Some(day) = set.person(&way.person).and_then(|person| person.contract_ends) {
        text.push_str(&format!(", through {}", day.strftime("%-d %b %Y")));
    }
    text
}

/// `only Tue 24 Nov 12:00 to 12:59`, in the zone of the defaults.
fn stretches(set: &PolicySet, open: &[Stretch]) -> String {
    let zone = &set.defaults().timezone;
    let wall = |at: Timestamp, form: &str| {
        let moment = jiff::Timestamp::from_millisecond(at.as_millis());
        moment.map(|moment| moment.to_zoned_datetime(zone.clone()).strftime(form).to_string()).unwrap_or_default()
    };
    let one = |open: &Stretch| {
        let is_one_day = wall(open.from, "%F") == wall(open.until, "%F");
        let until = wall(open.until, if is_one_day { "%H:%M" } else { "%a %-d %b %H:%M" });
        format!("{} to {until}", wall(open.from, "%a %-d %b %H:%M"))
    };
    let mut text = format!("only {}", open.iter().take(STRETCHES_SHOWN).map(one).collect::<Vec<_>>().join(", "));
    if let Some(more) = open.len().checked_sub(STRETCHES_SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} times more"));
    }
    text
}

/// A way as JSON. Times are milliseconds since 1970 in UTC.
pub fn way(set: &PolicySet, way: &Way) -> Value {
    let spans = |open: &[Stretch]| -> Vec<Value> {
        open.iter().map(|open| json!({ "from_ms": open.from.as_millis(), "until_ms": open.until.as_millis() })).collect()
    };
    let hours = set.policy(&way.policy).and_then(|rule| rule.when.as_ref()).map(ToString::to_string);
    json!({
        "person": way.person.as_str(),
        "resource": way.resource.as_str(),
        "role": way.role.as_str(),
        "policy": way.policy.as_str(),
        "mode": mode(way.mode),
        "if_in": way.if_in.iter().map(GroupId::as_str).collect::<Vec<_>>(),
        "unless_in": way.unless_in.iter().map(GroupId::as_str).collect::<Vec<_>>(),
        "extends_alone": way.extends_alone,
        "steps": steps(&way.steps, &voters(set, way)),
        "note_required": way.note_required,
        "at_most_ms": way.at_most.as_millis(),
        "hours": hours,
        "open": spans(&way.open),
        "applies": spans(&way.applies),
    })
}

/// Steps as JSON, each with those who may fill it.
pub fn steps(steps: &[Step], voters: &[Electors]) -> Vec<Value> {
    let people =
        |n: usize| -> Vec<&str> { voters.get(n).map(|voters| voters.iter().map(PersonId::as_str).collect()).unwrap_or_default() };
    steps.iter().enumerate().map(|(n, step)| json!({ "by": step.by, "count": step.count, "people": people(n) })).collect()
}

/// Everything that is wrong with the files, as JSON.
pub fn problems(error: &LoadError) -> Value {
    let problems: Vec<Value> = error
        .problems
        .iter()
        .map(|problem| {
            json!({
                "file": problem.file,
                "line": (problem.line > 0).then_some(problem.line),
                "column": (problem.column > 0).then_some(problem.column),
                "message": problem.message,
                "suggestion": problem.suggestion(),
            })
        })
        .collect();
    json!({ "loaded": false, "problems": problems, "more": error.more })
}
