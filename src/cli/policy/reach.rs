//! `daypass policy who-can` and `daypass policy risky`: who can reach something, and what is reached without a human.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Format, show};
use crate::access::ids::{PersonId, PolicyId, ResourceId, RoleId};
use crate::access::time::Timestamp;
use crate::cli::print::lay_out;
use crate::policy::enumerate::{Horizon, Way, risky, who_can};
use crate::policy::problem::nearest;
use crate::policy::{PolicySet, bundle};

/// What marks a way behind another.
const BEHIND: &str = "* not, or not always, the one that applies: another policy asks less of people at the same time";

/// Says who can get this role, or that there is no such thing.
///
/// # Errors
///
/// A sentence, where the files know no such resource or role.
pub fn tell_who_can(
    set: &PolicySet,
    resource: &ResourceId,
    role: &RoleId,
    now: Timestamp,
    format: Format,
) -> Result<String, String> {
    known(set, resource, role)?;
    let horizon = Horizon::from(now);
    let ways = who_can(set, resource, role, horizon);
    Ok(match format {
        Format::Text => who_can_text(set, resource, role, &ways, horizon),
        Format::Json => {
            let Horizon { from, until } = horizon;
            let ways: Vec<Value> = ways.iter().map(|way| show::way(set, way)).collect();
            let (resource, role) = (resource.as_str(), role.as_str());
            json!({ "resource": resource, "role": role, "from_ms": from.as_millis(), "until_ms": until.as_millis(), "ways": ways })
                .to_string()
        }
    })
}

/// Says what can be reached without a human.
pub fn tell_risky(set: &PolicySet, now: Timestamp, format: Format) -> String {
    let horizon = Horizon::from(now);
    let ways = risky(set, horizon);
    match format {
        Format::Text => risky_text(set, &ways, horizon),
        Format::Json => {
            let Horizon { from, until } = horizon;
            let ways: Vec<Value> = ways.iter().map(|way| show::way(set, way)).collect();
            json!({ "from_ms": from.as_millis(), "until_ms": until.as_millis(), "ways": ways }).to_string()
        }
    }
}

fn known(set: &PolicySet, resource: &ResourceId, role: &RoleId) -> Result<(), String> {
    let hint = |near: Option<&str>| near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    if set.bundle(resource).is_some() {
        let is_whole = role.as_str() == bundle::ROLE;
        return if is_whole { Ok(()) } else { Err(format!("a bundle has one role: write `{}`, not `{role}`", bundle::ROLE)) };
    }
    let Some(found) = set.resource(resource) else {
        let near = nearest(resource.as_str(), set.resources().keys().chain(set.bundles().keys()).map(ResourceId::as_str));
        return Err(format!("there is no resource `{resource}`{}", hint(near)));
    };
    if set.role(resource, role).is_none() {
        let roles: Vec<&str> = found.roles.iter().map(|role| role.id.value.as_str()).collect();
        return Err(format!("there is no role `{role}` on `{resource}`; there are {}", roles.join(", ")));
    }
    Ok(())
}

fn who_can_text(set: &PolicySet, resource: &ResourceId, role: &RoleId, ways: &[Way], horizon: Horizon) -> String {
    let people: BTreeSet<&PersonId> = ways.iter().map(|way| &way.person).collect();
    let all = set.people().len();
    let head = format!(
        "{} of {all} people can get {resource} {role}, in the two weeks from {}.",
        people.len(),
        show::time(set, horizon.from)
    );
    if ways.is_empty() {
        return head;
    }
    let rows: Vec<Vec<String>> = ways
        .iter()
        .map(|way| {
            vec![
                show::named(set, &way.person),
                format!("{}{}", way.policy, if way.applies == way.open { "" } else { "*" }),
                way.at_most.to_string(),
                show::when(set, way, horizon),
                show::how(set, way),
            ]
        })
        .collect();
    let table = lay_out(&["who", "by", "at most", "when", "asked"], &rows);
    let foot = if ways.iter().any(|way| way.applies != way.open) { format!("\n\n{BEHIND}") } else { String::new() };
    format!("{head}\n\n{table}{foot}")
}

/// What is told once for everybody of whom it is true: the role, the policy, and its mode, steps and hours in words.
type Alike<'a> = (&'a ResourceId, &'a RoleId, &'a PolicyId, String, String, String);

/// One row for all people who are alike.
fn risky_text(set: &PolicySet, ways: &[Way], horizon: Horizon) -> String {
    let from = show::time(set, horizon.from);
    if ways.is_empty() {
        return format!("Nothing can be reached without a human, or kept for longer, in the two weeks from {from}.");
    }
    let mut alike: BTreeMap<Alike<'_>, Vec<String>> = BTreeMap::new();
    for way in ways {
        let (longest, when) = (way.at_most.to_string(), show::when(set, way, horizon));
        let key = (&way.resource, &way.role, &way.policy, longest, show::how(set, way), when);
        alike.entry(key).or_default().push(way.person.to_string());
    }
    let rows: Vec<Vec<String>> = alike
        .into_iter()
        .map(|((resource, role, policy, longest, how, when), people)| {
            vec![resource.to_string(), role.to_string(), policy.to_string(), longest, when, how, people.join(", ")]
        })
        .collect();
    let table = lay_out(&["resource", "role", "by", "at most", "when", "how", "who"], &rows);
    format!("Reached without a human, or kept for longer, in the two weeks from {from}:\n\n{table}")
}

#[cfg(test)]
mod tests;
