//! `daypass policy plan`: which of the requests of the past would come out otherwise under other files.
//!
//! It reads the database beside a bot that runs, and without one as well. It changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::Format;
use crate::access::ids::RequestId;
use crate::access::request::Request;
use crate::access::time::Timestamp;
use crate::cli::print;
use crate::policy::plan::{Change, Group, Plan, Planner, Was, Would};
use crate::policy::{Facts, PolicySet};
use crate::store::{OpenError, Reader, StoreError, peek};

/// How many requests are read at a time.
const PAGE: u32 = 500;
/// How many requests of a group are named in the text.
const NAMED: usize = 5;

/// Judges every request that was filed since then by these files.
///
/// # Errors
///
/// Where the database cannot be read.
pub fn of(data_dir: &Path, proposed: &PolicySet, since: Timestamp) -> Result<Plan, OpenError> {
    peek(data_dir, |reader| {
        let mut planner = Planner::new(proposed);
        let mut pinned = BTreeMap::new();
        let mut after = None;
        loop {
            let page = reader.requests_since(since, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(planner.finish()) };
            after = Some(last.id);
            for request in &page {
                judge(reader, request, &mut pinned, &mut planner)?;
            }
        }
    })
}

/// The sets that requests were filed under, by digest; or why one cannot be read.
type Pinned = BTreeMap<String, Result<PolicySet, String>>;

fn judge(reader: &Reader<'_>, request: &Request, pinned: &mut Pinned, planner: &mut Planner<'_>) -> Result<(), StoreError> {
    let digest = &request.policy.digest;
    if !pinned.contains_key(digest) {
        let set = match reader.policy_text(digest)? {
            Some(text) => {
                PolicySet::reparse(&text).map_err(|problem| format!("its policy text cannot be read any more: {problem}"))
            }
            None => Err("the policy text that it was filed under is not kept".to_owned()),
        };
        pinned.insert(digest.clone(), set);
    }
    let set = pinned.get(digest).map(Result::as_ref);
    let facts = reader.facts(request.id)?;
    let facts = facts.ok_or_else(|| "the facts that it was judged on are not kept".to_owned()).and_then(|facts| {
        serde_json::from_str::<Facts>(&facts).map_err(|problem| format!("its facts cannot be read any more: {problem}"))
    });
    match (set, facts) {
        (Some(Ok(set)), Ok(facts)) => planner.judge(request, &facts, set),
        (Some(Err(why)), _) => planner.unjudged(request.id, why.clone()),
        (_, Err(why)) => planner.unjudged(request.id, why),
        (None, Ok(_)) => planner.unjudged(request.id, "the policy text that it was filed under is not kept".to_owned()),
    }
    Ok(())
}

/// The plan in words, or as JSON.
pub fn tell(plan: &Plan, since: Timestamp, format: Format) -> String {
    match format {
        Format::Text => text(plan, since),
        Format::Json => as_json(plan, since).to_string(),
    }
}

fn text(plan: &Plan, since: Timestamp) -> String {
    let changed = plan.judged - plan.same;
    let mut lines = vec![format!(
        "{} requests since {} were judged again: {} come out the same, {changed} would not.",
        plan.judged,
        print::time(since),
        plan.same
    )];
    if !plan.groups.is_empty() {
        let rows: Vec<Vec<String>> = plan
            .groups
            .iter()
            .map(|group| vec![group.requests.len().to_string(), was(&group.was), would(group), named(&group.requests)])
            .collect();
        lines.push(String::new());
        lines.push(print::lay_out(&["count", "was", "would", "requests"], &rows));
    }
    let mut unjudged: BTreeMap<&str, Vec<RequestId>> = BTreeMap::new();
    plan.unjudged.iter().for_each(|(request, why)| unjudged.entry(why).or_default().push(*request));
    for (why, requests) in unjudged {
        lines.push(String::new());
        lines.push(format!("{} could not be judged again: {why}: {}", requests.len(), named(&requests)));
    }
    lines.join("\n")
}

fn was(was: &Was) -> String {
    let by = match was.people {
        0 => "without a human".to_owned(),
        1 => "1 person asked".to_owned(),
        people => format!("{people} people asked"),
    };
    // The state of a request that somebody said no to; a policy's no was never filed.
    let state = if was.state == "denied" { "refused" } else { was.state };
    format!("{state} under `{}`, {by}", was.policy)
}

/// What it would come to, and in what that differs.
fn would(group: &Group) -> String {
    let (policy, people, by) = match &group.would {
        Would::Denied { because } if because.is_empty() => return "be denied: no policy is about it".to_owned(),
        Would::Denied { because } => return format!("be denied because of {}", nearest_reasons(because)),
        Would::Allowed { policy, people, by } => (policy, people, by.join(" and ")),
    };
    match group.change {
        Change::Denied => "be denied".to_owned(),
        Change::MorePeople => format!("need {people} people ({by}), by `{policy}`"),
        Change::NoHuman => format!("need no human, by `{policy}`"),
        Change::FewerPeople => format!("need only {people} ({by}), by `{policy}`"),
        Change::OtherPeople => format!("ask others ({by}), by `{policy}`"),
        Change::NotThose => format!("need others than those who approved ({by}), by `{policy}`"),
        Change::Note => format!("differ in whether an approver must say why, by `{policy}`"),
        Change::EndsEarlier => format!("have to end earlier, by `{policy}`"),
        Change::EndsLater => format!("be able to end later, by `{policy}`"),
        Change::OtherRule => format!("come to the same, by `{policy}`"),
    }
}

/// What denies it, without the rules that are for somebody else, unless there are no others.
fn nearest_reasons(because: &[String]) -> String {
    let near: Vec<&str> = because.iter().map(String::as_str).filter(|rule| !rule.ends_with(".who")).collect();
    if near.is_empty() { because.join(", ") } else { near.join(", ") }
}

/// `R-3, R-17 and 7 more`
fn named(requests: &[RequestId]) -> String {
    let mut text = requests.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if let Some(more) = requests.len().checked_sub(NAMED).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn as_json(plan: &Plan, since: Timestamp) -> Value {
    let groups: Vec<Value> = plan
        .groups
        .iter()
        .map(|group| {
            let would = match &group.would {
                Would::Denied { because } => json!({ "verdict": "deny", "because": because }),
                Would::Allowed { policy, people, by } => {
                    json!({ "verdict": "allow", "policy": policy.as_str(), "people": people, "by": by })
                }
            };
            json!({
                "change": change(group.change),
                "was": { "state": group.was.state, "policy": group.was.policy.as_str(), "people": group.was.people },
                "would": would,
                "count": group.requests.len(),
                "requests": group.requests.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        })
        .collect();
    let unjudged: Vec<Value> =
        plan.unjudged.iter().map(|(request, why)| json!({ "request": request.to_string(), "why": why })).collect();
    json!({
        "since_ms": since.as_millis(),
        "judged": plan.judged,
        "same": plan.same,
        "groups": groups,
        "unjudged": unjudged,
    })
}

fn change(change: Change) -> &'static str {
    match change {
        Change::Denied => "denied",
        Change::MorePeople => "more_people",
        Change::NoHuman => "no_human",
        Change::FewerPeople => "fewer_people",
        Change::OtherPeople => "other_people",
        Change::NotThose => "not_those",
        Change::Note => "note",
        Change::EndsEarlier => "ends_earlier",
        Change::EndsLater => "ends_later",
        Change::OtherRule => "other_rule",
    }
}

#[cfg(test)]
mod tests;
