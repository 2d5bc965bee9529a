//! What `policy check` and `policy explain` tell.

use super::*;
use crate::policy::check::{Severity, check};
use crate::policy::explain::explain;
use crate::policy::scenario::run;

fn explained(words: &str, now: Timestamp) -> String {
    let facts = asks(words);
    explain(&example(), &facts.subject, &facts.resource, &facts.role, facts.access_for, now)
}

/// The warnings about the example with more rules, one a line.
fn warnings(more: &str) -> String {
    let findings = check(&example_and(more), tuesday());
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning);
    warnings.map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_has_nothing_to_warn_of() {
    assert_eq!(warnings(""), "");
}

#[test]
fn notes_say_what_is_impossible_by_construction() {
    let findings = check(&example(), tuesday());
    insta::assert_snapshot!(findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @"note: `self-approval`: impossible by construction: whoever gets or files a request is never among those who may approve it");
}

#[test]
fn rules_that_never_apply_are_found() {
    insta::assert_snapshot!(warnings(
        "policies:
  - { id: nothing, who: { kind: employee }, what: { resource: 'k8s/*', role: '*' }, approve: [{ by: sponsor }] }
  - { id: nobody, who: { company: Umbrella }, what: { resource: shop/repo, role: write }, approve: [{ by: owners }] }
  - { id: in-vain, who: { kind: contractor }, what: { resource: 'prod/*', role: readwrite }, approve: [{ by: owners }] }
  - { id: shadowed, who: { person: bob }, what: { resource: shop/repo, role: write }, for: { max: 1h }, approve: [{ by: group/dba, count: 2 }] }
require:
  - { id: floor-of-nothing, what: { resource: 'k8s/*' }, approvals: 2 }
forbid:
  - { id: forbids-nothing, what: { role: 'root*' } }"
    ), @r#"
    warning: `floor-of-nothing`: never applies: there is no such resource and role (zz.yaml:8)
    warning: `forbids-nothing`: never applies: there is no such resource and role (zz.yaml:10)
    warning: `in-vain`: never applies: everything that it permits is forbidden by `no-contractor-prod-write` (zz.yaml:5)
    warning: `nobody`: never applies: nobody is meant by its `who` (zz.yaml:4)
    warning: `nothing`: never applies: there is no such resource and role (zz.yaml:3)
    warning: `shadowed`: never applies: `engineers-write-repo` permits the same, and asks less of people (zz.yaml:6)
    "#);
}

#[test]
fn requests_that_nobody_could_approve_are_found() {
    insta::assert_snapshot!(warnings(
        "policies:
  - { id: stuck, who: { group: security }, what: { resource: shop/repo, role: write }, approve: [{ by: group/security, count: 2 }] }"
    ), @r#"
    warning: `erin`: has no account at `repo`, and so gets nothing by `stuck` (people.yaml:49)
    warning: `frank`: has no account at `repo`, and so gets nothing by `stuck` (people.yaml:53)
    warning: `stuck`: nobody could approve for erin (shop/repo write), frank (shop/repo write): too few people for `group/security` (zz.yaml:3)
    "#);
}

#[test]
fn people_and_groups_that_lack_something_are_found() {
    insta::assert_snapshot!(warnings(
        "people:
  - { id: ivan, name: Ivan, kind: contractor, company: Acme }
groups: [{ id: void, members: [] }]"
    ), @r#"
    warning: `contractors-write-repo`: nobody could approve for ivan (shop/repo write): too few people for `sponsor` (policies.yaml:39)
    warning: `ivan`: has no account at `orders`, and so gets nothing by `acme-read-orders` (zz.yaml:3)
    warning: `ivan`: has no account at `repo`, and so gets nothing by `contractors-write-repo` (zz.yaml:3)
    warning: `ivan`: is a contractor without `contract_ends`: nothing ends with their contract (zz.yaml:3)
    warning: `ivan`: is a contractor without a sponsor: nobody answers for them (zz.yaml:3)
    warning: `void`: has no members (zz.yaml:4)
    "#);
}

#[test]
fn a_verdict_is_explained() {
    insta::assert_snapshot!(explained("maya prod/orders readonly 2h", tuesday()), @r#"
    Maya Okafor (maya) asks for prod/orders readonly, 2 h, on Tue 24 Nov 2026 10:00 Europe/Berlin

    Permitted by `acme-read-orders`, once people agree.
      about      Acme's contractors may read the orders database during working hours.
      reason     at least 10 characters, a ticket like `(JIRA|OPS)-\d+`
      asked      1 of group/dba: Carol Winter (carol), Dave Novak (dave)
      answer     within 4 h; in force within 1 h of the approval
      ends       2 h after it is in force; never past Tue 24 Nov 2026 18:00 Europe/Berlin
      extension  once at most, up to 12 h in all

    Rules that are about it:
      forbid   contract-ended    not for them
      permit   acme-read-orders  permits it
      permit   break-glass       not for them
      permit   read-orders       not for them
    "#);
    insta::assert_snapshot!(explained("bob prod/orders readwrite 1h", berlin("2026-11-24T23:30")), @r#"
    Bob Keller (bob) asks for prod/orders readwrite, 1 h, on Tue 24 Nov 2026 23:30 Europe/Berlin

    Permitted by `prod-write`, once people agree.
      about      Writing to production needs two people from two teams.
      reason     a ticket like `CHG-\d+`
      asked      1 of group/dba: Carol Winter (carol), Dave Novak (dave)
      asked      1 of group/security: Erin Castillo (erin), Frank Osei (frank)
      note       whoever approves must say why
      answer     within 4 h; in force within 1 h of the approval
      ends       1 h after it is in force; never past Wed 25 Nov 2026 23:30 Europe/Berlin
      extension  none

    Rules that are about it:
      forbid   contract-ended            not for them
      forbid   no-contractor-prod-write  not for them
      require  prod-needs-two            at least 2 people, who say why
      permit   break-glass               not for them
      permit   prod-write                permits it
    "#);
}

#[test]
fn a_refusal_is_explained_with_the_earliest_time() {
    insta::assert_snapshot!(explained("maya prod/orders readonly 2h", berlin("2026-11-27T20:00")), @r#"
    Maya Okafor (maya) asks for prod/orders readonly, 2 h, on Fri 27 Nov 2026 20:00 Europe/Berlin

    Denied: not at this time.
      because    acme-read-orders.when, break-glass.who, read-orders.who
      earliest   Mon 30 Nov 2026 08:00 Europe/Berlin: it would be permitted

    Rules that are about it:
      forbid   contract-ended    not for them
      permit   acme-read-orders  its when is not met
      permit   break-glass       not for them
      permit   read-orders       not for them
    "#);
    insta::assert_snapshot!(explained("maya prod/orders readwrite 2h", tuesday()), @r#"
    Maya Okafor (maya) asks for prod/orders readwrite, 2 h, on Tue 24 Nov 2026 10:00 Europe/Berlin

    Denied: a rule forbids it.
      because    no-contractor-prod-write

    Rules that are about it:
      forbid   contract-ended            not for them
      forbid   no-contractor-prod-write  forbids it
    "#);
    insta::assert_snapshot!(explained("sam shop/repo write 2h", tuesday()), @r#"
    Sam Duval (sam) asks for shop/repo write, 2 h, on Tue 24 Nov 2026 10:00 Europe/Berlin

    Denied: no policy permits it.
      because    break-glass.who, contractors-write-repo.who, engineers-write-repo.who

    Rules that are about it:
      forbid   contract-ended          not for them
      permit   break-glass             not for them
      permit   contractors-write-repo  not for them
      permit   engineers-write-repo    not for them
    "#);
    insta::assert_snapshot!(explained("maya shop/rebo write 2h", tuesday()), @r#"
    Maya Okafor (maya) asks for shop/rebo write, 2 h, on Tue 24 Nov 2026 10:00 Europe/Berlin

    Denied: there is no resource `shop/rebo`; did you mean `shop/repo`?
    "#);
}

#[test]
fn the_tests_of_the_example_pass_and_cover_every_policy() {
    let report = run(&example());
    assert_eq!(report.failures, []);
    assert_eq!(report.untried(), 0, "{:?}", report.coverage);
    assert!(report.passed > 10);
}

#[test]
fn a_test_that_fails_says_what_happened_instead() {
    let request = "at: 2026-11-24T10:00:00+01:00, request: { who: maya, what: prod/orders, role: readonly, for: 2h, reason: OPS-42 slow checkout }";
    let expectations = [
        "outcome: deny",
        "outcome: auto",
        "outcome: ask, policy: read-orders",
        "outcome: ask, of: [carol]",
        "outcome: ask, of: []",
        "outcome: ask, policy: acme-read-orders, of: [dave, carol]",
    ];
    let tests: Vec<String> =
        expectations.iter().map(|expect| format!("  - {{ name: '{expect}', {request}, expect: {{ {expect} }} }}\n")).collect();
    let report = run(&example_and(&format!("tests:\n{}", tests.concat())));
    insta::assert_snapshot!(report.failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r#"
    zz.yaml:3: outcome: deny: expected a denial, but people are asked by `acme-read-orders`
    zz.yaml:4: outcome: auto: expected that nobody is asked, but people are asked by `acme-read-orders`
    zz.yaml:5: outcome: ask, policy: read-orders: expected `read-orders` to apply, but people are asked by `acme-read-orders`
    zz.yaml:6: outcome: ask, of: [carol]: expected carol to be asked, but it is carol, dave
    zz.yaml:7: outcome: ask, of: []: expected nobody to be asked, but it is carol, dave
    "#);
}
