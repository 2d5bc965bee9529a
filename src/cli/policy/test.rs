//! `daypass policy test`: the tests that the files hold, and the rules that they leave untried.

use serde_json::{Value, json};

use super::Format;
use crate::cli::{Done, print};
use crate::policy::PolicySet;
use crate::policy::scenario::{self, Report, Tried};

pub fn run(set: &PolicySet, strict: bool, format: Format) -> Done {
    let report = scenario::run(set);
    match format {
        Format::Text => print::line(text(&report)),
        Format::Json => print::line(as_json(&report)),
    }
    let (failed, untried) = (report.failures.len(), report.untried());
    if failed > 0 {
        return Err(anyhow::anyhow!("{failed} tests of the policy files failed").into());
    }
    if strict && untried > 0 {
        return Err(anyhow::anyhow!("{untried} rules are left untried").into());
    }
    Ok(())
}

fn text(report: &Report) -> String {
    let mut lines: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    let cell = |seen: Option<usize>| match seen {
        None => "-".to_owned(),
        Some(0) => "never".to_owned(),
        Some(seen) => seen.to_string(),
    };
    let row = |rule: &Tried| {
        let (effect, id) = (rule.effect.name().to_owned(), rule.id.to_string());
        vec![effect, id, cell(rule.permits), cell(rule.raises), cell(rule.denies)]
    };
    let rows: Vec<Vec<String>> = report.coverage.iter().map(row).collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(print::lay_out(&["rule", "id", "permits", "raises", "denies"], &rows));
    lines.push(String::new());
    lines.push(format!(
        "{} passed, {} failed; {} of {} rules are left untried",
        report.passed,
        report.failures.len(),
        report.untried(),
        report.coverage.len()
    ));
    lines.join("\n")
}

fn as_json(report: &Report) -> Value {
    let failures: Vec<Value> = report
        .failures
        .iter()
        .map(|failure| json!({ "name": failure.name, "place": failure.place, "message": failure.message }))
        .collect();
    let coverage: Vec<Value> = report
        .coverage
        .iter()
        .map(|rule| {
            json!({
                "rule": rule.id.as_str(),
                "effect": rule.effect.name(),
                "permits": rule.permits,
                "raises": rule.raises,
                "denies": rule.denies,
                "is_tried": rule.is_tried(),
            })
        })
        .collect();
    json!({
        "loaded": true,
        "passed": report.passed,
        "failed": report.failures.len(),
        "failures": failures,
        "coverage": coverage,
        "untried": report.untried(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Shapes;
    use crate::policy::parse::Source;

    #[test]
    fn what_is_tried_and_what_is_not_is_read_off_one_table() {
        let text = "version: 1
people: [{ id: bob, name: Bob, kind: employee, accounts: { db: bob } }, { id: eve, name: Eve, kind: employee }]
groups: [{ id: dba, members: [bob, eve] }]
providers: [{ id: db, kind: sandbox }]
resources: [{ id: orders, name: Orders, provider: db, owners: [dba], roles: [{ id: read, name: Read, grant: {} }] }]
policies:
  - { id: reading, who: { group: dba }, what: { resource: orders, role: read }, for: { max: 1h }, approve: [{ by: owners }] }
require: [{ id: floor, note: required }]
forbid: [{ id: never, who: { kind: service } }]
tests:
  - { name: it is asked, at: 2026-11-24T10:00:00Z, request: { who: bob, what: orders, role: read, for: 1h }, expect: { outcome: ask } }
  - { name: it is free, at: 2026-11-24T10:00:00Z, request: { who: bob, what: orders, role: read, for: 1h }, expect: { outcome: auto } }
";
        let source = Source { name: "all.yaml".to_owned(), text: text.to_owned() };
        let report = scenario::run(&PolicySet::parse(vec![source], Shapes::UNCHECKED).unwrap());
        insta::assert_snapshot!(super::text(&report));
        insta::assert_json_snapshot!(as_json(&report));
    }
}
