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
    insta::assert_snapshot!(findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r#"
    note: `break-glass`: asks nobody beforehand of whoever breaks the glass; it is reviewed afterwards (policies.yaml:73)
    note: `sam`: gets nothing and approves nothing: no rule means them (people.yaml:62)
    note: `self-approval`: impossible by construction: whoever gets or files a request is never among those who may approve it
    "#);
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
    warning: `stuck`: nobody could approve for erin (shop/repo write), frank (shop/repo write): too few people for `group/security` without themselves, and nobody approves for themselves (zz.yaml:3)
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
    warning: `void`: is a group that nothing names: no rule, no step, no resource (zz.yaml:4)
    "#);
}

#[test]
fn a_request_that_only_its_own_author_could_approve_is_found() {
    insta::assert_snapshot!(warnings(
        "policies:
  - { id: alone, who: { person: bob }, what: { resource: cloud/staging, role: poweruser }, approve: [{ by: person/bob }] }"
    ), @"warning: `alone`: nobody could approve for bob (cloud/staging poweruser): too few people for `person/bob` without themselves, and nobody approves for themselves (zz.yaml:3)");
}

#[test]
fn a_role_that_no_policy_is_about_is_found() {
    let set = "version: 1
groups: [{ id: dba, members: [bob] }]
people: [{ id: bob, name: Bob, kind: employee, accounts: { db: bob } }]
providers: [{ id: db, kind: sandbox, url_env: DB_URL }]
resources: [{ id: wiki, name: Wiki, provider: db, owners: [dba], roles: [{ id: edit, name: Edit, grant: { level: readwrite } }] }]";
    let findings: Vec<String> = check(&parse(set).unwrap(), tuesday()).iter().map(ToString::to_string).collect();
    let warning = "warning: `wiki`: has a role `edit` that no policy is about: nobody can get it";
    assert!(findings.iter().any(|finding| finding.starts_with(warning)), "{findings:#?}");
}

#[test]
fn what_nothing_uses_is_found() {
    insta::assert_snapshot!(warnings(
        "groups: [{ id: spare, members: [bob] }]
providers: [{ id: old, kind: sandbox, url_env: OLD_URL }]"
    ), @r#"
    warning: `old`: is a provider without a resource: nothing can be granted there (zz.yaml:3)
    warning: `spare`: is a group that nothing names: no rule, no step, no resource (zz.yaml:2)
    "#);
    let set = "version: 1
people: [{ id: bob, name: Bob, kind: employee }]";
    let notes = check(&parse(set).unwrap(), tuesday());
    insta::assert_snapshot!(notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r#"
    note: `bob`: gets nothing and approves nothing: no rule means them (test.yaml:2)
    note: `bob`: has no Slack account, and so can neither ask nor approve there (test.yaml:2)
    note: `self-approval`: impossible by construction: whoever gets or files a request is never among those who may approve it
    "#);
}

#[test]
fn a_slip_that_loads_is_told_with_what_was_probably_meant() {
    insta::assert_snapshot!(warnings(
        r"policies:
  - { id: tied, who: { group: dba }, what: { resource: shop/repo, role: write }, for: { max: 24h }, reason: { ticket: '^OPS-\d+$' }, approve: [{ by: owners }] }
  - { id: loose, who: { group: dba }, what: { resource: shop/repo, role: write }, for: { max: 23h }, reason: { ticket: '\d+' }, approve: [{ by: owners }] }"
    ), @r#"
    warning: `loose`: its ticket `\d+` fits everyday words such as `30` too, so that nearly any reason is enough; write how your tickets begin: `ticket: 'OPS-\d+'` (zz.yaml:4)
    warning: `tied`: its ticket `^OPS-\d+$` only fits at the very beginning or end of a reason; leave `^` and `$` out, since it is matched to whole words anyway: `ticket: 'OPS-\d+'` (zz.yaml:3)
    "#);
    let set = "version: 1
people: [{ id: bob, name: Bob, kind: employee, accounts: { db: bob } }, { id: eve, name: Eve, kind: employee, accounts: { db: eve } }]
groups: [{ id: dba, members: [bob, eve] }]
providers: [{ id: db, kind: sandbox }]
resources: [{ id: orders, name: Orders, provider: db, owners: [dba], roles: [{ id: read, name: Read, grant: {} }] }]
policies:
  - { id: by-day, who: { group: dba }, what: { resource: orders, role: read }, when: { hours: '08:00-18:00' }, approve: [{ by: owners }] }
";
    let warned = |text: &str| {
        let findings = check(&parse(text).unwrap(), tuesday());
        findings
            .iter()
            .filter(|finding| finding.severity == Severity::Warning)
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(warned(set), @"warning: `by-day`: its hours are in UTC, since nobody says in which zone; write `timezone: Europe/Berlin` in its `when:`, or once for all in `defaults:` (test.yaml:7)");
    assert_eq!(warned(&format!("{set}defaults: {{ timezone: UTC }}")), "");
    assert_eq!(warned(&set.replace("'08:00-18:00' }", "'08:00-18:00', timezone: UTC }")), "");
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
