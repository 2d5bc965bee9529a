//! What a change of the files opens and closes.

use super::super::diff::diff;
use super::*;

/// The example, with pieces of its files replaced.
fn example_with(edits: &[(&str, &str)]) -> PolicySet {
    let mut sources = example_sources();
    for (from, to) in edits {
        let source = sources.iter_mut().find(|source| source.text.contains(from)).unwrap_or_else(|| panic!("nowhere `{from}`"));
        source.text = source.text.replace(from, to);
    }
    match PolicySet::parse(sources, Shapes::UNCHECKED) {
        Ok(set) => set,
        Err(error) => panic!("{error}"),
    }
}

fn changes(edits: &[(&str, &str)]) -> String {
    diff(&example(), &example_with(edits), tuesday()).lines(5).join("\n")
}

#[test]
fn what_opens_and_what_closes_is_told_with_how_many_people_agree() {
    insta::assert_snapshot!(
        [
            changes(&[]),
            changes(&[("approvals: 2", "approvals: 3"), ("    approve: [ { by: owners, count: 1 } ]", "    approve: auto")]),
            changes(&[(
                "id: engineering, members: [bob, carol, dave, priya]",
                "id: engineering, members: [bob, carol, dave, sam]"
            )]),
            changes(&[("id: security, members: [erin, frank]", "id: security, members: [bob]")]),
        ]
        .join("\n---\n")
    );
}

#[test]
fn hours_lengths_and_reasons_open_and_close_nothing() {
    let edits = [
        ("hours: \"08:00-18:00\"", "hours: \"09:00-10:00\""),
        ("max: 8h, default: 2h, extend: { times: 1", "max: 2h, default: 2h, extend: { times: 1"),
    ];
    assert_eq!(changes(&edits), "");
    assert_eq!(changes(&[("min_length: 10, ticket: '(JIRA|OPS)-\\d+'", "min_length: 80")]), "");
}

#[test]
fn a_contract_that_ends_closes_everything() {
    let ended = changes(&[("contract_ends: 2027-06-30", "contract_ends: 2026-11-23")]);
    assert_eq!(
        ended,
        "closed: prod/orders readonly: not at all, with 1 approval before, for maya\n\
         closed: shop/repo write: not at all, with 1 approval before, for maya"
    );
}

#[test]
fn there_is_an_end_to_what_is_listed() {
    let diff = diff(&example_and("forbid: [{ id: frozen, what: { resource: \"*\" } }]"), &example(), tuesday());
    assert!(diff.closed.is_empty());
    assert!(diff.opened.len() > 2, "{:?}", diff.opened);
    let lines = diff.lines(2);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert_eq!(lines.last().unwrap(), &format!("opened: and {} more", diff.opened.len() - 2));
}

/// What is told to open or close is what `evaluate` says, for everybody and everything, at an hour at which every window is open.
#[test]
fn it_agrees_with_the_judgement_itself() {
    use super::super::diff::{Change, WayIn};
    use crate::access::request::Mode;

    let after =
        example_with(&[("approvals: 2", "approvals: 3"), ("id: dba, members: [carol, dave]", "id: dba, members: [carol, bob]")]);
    let now = tuesday();
    let way = |set: &PolicySet, change: &Change, person: &crate::access::ids::PersonId| {
        let mut facts = asks("maya prod/orders readonly 1m");
        facts.manner = change.manner;
        facts.reason = Words::typed("OPS-42 CHG-7 because it is slow");
        (facts.subject, facts.filed_by) = (person.clone(), person.clone());
        (facts.resource, facts.role) = (change.resource.clone(), change.role.clone());
        match evaluate(set, &facts, now) {
            Verdict::Allow { mode: Mode::Auto | Mode::BreakGlass, .. } => WayIn::AtOnce,
            Verdict::Allow { steps, .. } => WayIn::Approvals(steps.iter().map(|step| step.count).sum()),
            Verdict::Deny { .. } => WayIn::No,
        }
    };
    let diff = diff(&example(), &after, now);
    let mut told = 0;
    for change in diff.opened.iter().chain(&diff.closed) {
        for person in &change.people {
            assert_eq!((way(&example(), change, person), way(&after, change, person)), (change.before, change.after), "{change}");
            told += 1;
        }
    }
    assert!(told > 3);
}
