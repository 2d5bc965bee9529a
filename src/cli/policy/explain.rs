//! `daypass policy explain`: what would happen if somebody asked for something.

use serde_json::{Value, json};

use super::{Format, show};
use crate::access::ids::{PersonId, ResourceId, RoleId};
use crate::access::time::{Timestamp, Ttl};
use crate::policy::PolicySet;
use crate::policy::explain::{Explained, explain, explained};
use crate::policy::facts::{Said, TraceLine, Verdict};

/// What is to be explained.
#[derive(Debug)]
pub struct Question {
    pub person: PersonId,
    pub resource: ResourceId,
    pub role: RoleId,
    pub access_for: Ttl,
    pub at: Timestamp,
}

pub fn tell(set: &PolicySet, question: &Question, format: Format) -> String {
    let Question { person, resource, role, access_for, at } = question;
    match format {
        Format::Text => explain(set, person, resource, role, *access_for, *at).trim_end().to_owned(),
        Format::Json => as_json(set, question, &explained(set, person, resource, role, *access_for, *at)).to_string(),
    }
}

fn as_json(set: &PolicySet, question: &Question, explained: &Explained) -> Value {
    let mut json = json!({
        "person": question.person.as_str(),
        "resource": question.resource.as_str(),
        "role": question.role.as_str(),
        "access_for_ms": question.access_for.as_millis(),
        "at_ms": question.at.as_millis(),
    });
    let more = match &explained.verdict {
        Verdict::Deny { because, trace, .. } => json!({
            "verdict": "deny",
            "why": explained.why,
            "because": because,
            "earliest_ms": explained.earliest.map(Timestamp::as_millis),
            "rules": rules(set, &trace.lines),
        }),
        Verdict::Allow {
            policy,
            steps,
            mode,
            ends_at_most,
            clamped_by,
            answer_within,
            start_within,
            note_required,
            extend,
            trace,
            ..
        } => json!({
            "verdict": "allow",
            "policy": policy.as_str(),
            "mode": show::mode(*mode),
            "steps": show::steps(steps, &explained.electorate),
            "note_required": note_required,
            "ends_at_most_ms": ends_at_most.as_millis(),
            "clamped_by": clamped_by.map(|clamp| clamp.name()),
            "answer_within_ms": answer_within.as_millis(),
            "start_within_ms": start_within.as_millis(),
            "extend": extend.map(|limits| json!({ "times": limits.times, "total_ms": limits.total.as_millis() })),
            "rules": rules(set, &trace.lines),
        }),
    };
    if let (Some(json), Value::Object(more)) = (json.as_object_mut(), more) {
        json.extend(more);
    }
    json
}

fn rules(set: &PolicySet, lines: &[TraceLine]) -> Vec<Value> {
    let rule = |line: &TraceLine| {
        let (said, conditions) = match &line.said {
            Said::NotForThem => ("not_for_them", &[][..]),
            Said::Forbids => ("forbids", &[][..]),
            Said::Unreadable { .. } => ("unreadable", &[][..]),
            Said::Fails { conditions } => ("fails", conditions.as_slice()),
            Said::Outranked { .. } => ("outranked", &[][..]),
            Said::PastLimit { .. } => ("past_limit", &[][..]),
            Said::Permits => ("permits", &[][..]),
            Said::Raises { .. } => ("raises", &[][..]),
        };
        let effect = crate::policy::explain::effect(set, &line.rule);
        json!({ "rule": line.rule.as_str(), "effect": effect, "said": said, "conditions": conditions })
    };
    lines.iter().map(rule).collect()
}
