//! `daypass policy check`: what is valid and yet odd, and when the schedules fire next.

use serde_json::{Value, json};

use super::Format;
use crate::access::time::Timestamp;
use crate::cli::{Done, print};
use crate::config::{Basics, next_firings};
use crate::policy::PolicySet;
use crate::policy::check::{Finding, Severity, check};

/// How many firings of each schedule are shown.
const FIRINGS: usize = 4;

pub fn run(set: &PolicySet, basics: &Basics, now: Timestamp, strict: bool, format: Format) -> Done {
    let findings = check(set, now);
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
    let schedules = [("sweep", Some(&basics.sweep)), ("digest", basics.digest.as_ref())];
    let firings: Vec<(&str, Vec<Timestamp>)> =
        schedules.into_iter().filter_map(|(name, schedule)| Some((name, next_firings(schedule?, now, FIRINGS)))).collect();
    match format {
        Format::Text => text(set, &findings, warnings, firings),
        Format::Json => print::line(as_json(set, &findings, warnings, &firings)),
    }
    if strict && warnings > 0 { Err(anyhow::anyhow!("there are warnings").into()) } else { Ok(()) }
}

fn text(set: &PolicySet, findings: &[Finding], warnings: usize, firings: Vec<(&str, Vec<Timestamp>)>) {
    findings.iter().for_each(print::line);
    for (name, times) in firings {
        let times: Vec<String> = times.into_iter().map(print::time).collect();
        print::line(format!("next {name}: {}", times.join(", ")));
    }
    print::line(format!(
        "{} files, {} people, {} resources, {} policies, {warnings} warnings; digest {}",
        set.files().len(),
        set.people().len(),
        set.resources().len(),
        set.policies().len(),
        set.digest()
    ));
}

fn as_json(set: &PolicySet, findings: &[Finding], warnings: usize, firings: &[(&str, Vec<Timestamp>)]) -> Value {
    let severity = |severity: Severity| match severity {
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let findings: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "severity": severity(finding.severity),
                "about": finding.about,
                "place": finding.place,
                "message": finding.message,
            })
        })
        .collect();
    let firings: serde_json::Map<String, Value> = firings
        .iter()
        .map(|(name, times)| ((*name).to_owned(), times.iter().map(|at| at.as_millis()).collect::<Vec<_>>().into()))
        .collect();
    json!({
        "loaded": true,
        "findings": findings,
        "warnings": warnings,
        "next_ms": firings,
        "files": set.files(),
        "people": set.people().len(),
        "resources": set.resources().len(),
        "policies": set.policies().len(),
        "digest": set.digest(),
    })
}
