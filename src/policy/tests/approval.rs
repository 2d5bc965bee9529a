//! Who is asked, how often nobody is, what happens while nobody answers and after the glass was broken: as written and as judged.

use super::loading::said;
use super::*;
use crate::access::request::Mode;
use crate::access::time::Ttl;
use crate::policy::facts::{Reading, Said};
use crate::policy::scenario;

#[test]
fn without_being_asked_only_so_often() {
    let auto = |rest: &str| said("approve:", &format!("approve: auto\n    {rest}"));
    assert_eq!(auto("limit: { uses: 5, per: 24h }\n    otherwise: [{ by: group/dba }]"), "fine");
    insta::assert_snapshot!(auto("limit: { uses: 5, per: 24h }"), @r#"
    test.yaml:25:12: `limit:` needs `otherwise:`, the steps that apply past it
     25 |     limit: { uses: 5, per: 24h }
        |            ^
    "#);
    insta::assert_snapshot!(auto("otherwise: [{ by: group/dba }]"), @r#"
    test.yaml:25:16: `otherwise:` needs `limit:`, past which it applies, such as `{ uses: 5, per: 24h }`
     25 |     otherwise: [{ by: group/dba }]
        |                ^
    "#);
    insta::assert_snapshot!(auto("limit: { use: 5, per: soon }\n    otherwise: []"), @r#"
    test.yaml:25:12: `limit` needs `uses:`
     25 |     limit: { use: 5, per: soon }
        |            ^
    test.yaml:25:14: unknown key `use` in `limit`; did you mean `uses`?
     25 |     limit: { use: 5, per: soon }
        |              ^
    test.yaml:25:27: `soon` is not a length of time; write `30m`, `2h`, `1d` or `1h30m`
     25 |     limit: { use: 5, per: soon }
        |                           ^
    test.yaml:26:16: `otherwise` needs at least one step: nobody is asked by an empty list
     26 |     otherwise: []
        |                ^
    "#);
    insta::assert_snapshot!(auto("limit: { uses: 0, per: 24h }\n    otherwise: [{ by: person/bob, count: 2 }]"), @r#"
    test.yaml:25:20: expected a whole number from 1 to 1000, found the number `0`
     25 |     limit: { uses: 0, per: 24h }
        |                    ^
    "#);
    insta::assert_snapshot!(said("approve:", "approve: [{ by: owners }]\n    limit: { uses: 5, per: 24h }\n    otherwise: [{ by: owners }]"), @r#"
    test.yaml:25:12: `limit:` belongs to `approve: auto`, where nobody is asked; leave it out, or write `approve: auto`
     25 |     limit: { uses: 5, per: 24h }
        |            ^
    test.yaml:26:16: `otherwise:` belongs to `approve: auto`, where nobody is asked; leave it out, or write `approve: auto`
     26 |     otherwise: [{ by: owners }]
        |                ^
    "#);
}

#[test]
fn the_glass_is_broken_and_reviewed() {
    let glass = |rest: &str| said("approve:", &format!("approve: break-glass\n    {rest}"));
    assert_eq!(glass("review: { by: group/dba, within: 24h }"), "fine");
    insta::assert_snapshot!(glass("approver_note: optional"), @r#"
    test.yaml:18:5: `approve: break-glass` needs `review:`, such as `{ by: group/security, within: 24h }`
     18 |   - id: p
        |     ^
    "#);
    insta::assert_snapshot!(glass("review: { by: dba, until: 24h }"), @r#"
    test.yaml:25:13: `review` needs `within:`
     25 |     review: { by: dba, until: 24h }
        |             ^
    test.yaml:25:19: groups and people can stand here: write `group/dba`
     25 |     review: { by: dba, until: 24h }
        |                   ^
    test.yaml:25:24: unknown key `until` in `review`; known are `by`, `within`
     25 |     review: { by: dba, until: 24h }
        |                        ^
    "#);
    insta::assert_snapshot!(said("approve:", "approve: auto\n    review: { by: group/dba, within: 24h }"), @r#"
    test.yaml:25:13: `review:` belongs to `approve: break-glass`, where nobody decides before; leave it out, or write `approve: break-glass`
     25 |     review: { by: group/dba, within: 24h }
        |             ^
    "#);
    let floor = |rest: &str| said("{ id: r,", &format!("- {{ id: r, approvals: 2, {rest} }}"));
    assert_eq!(floor("break_glass: exempt"), "fine");
    insta::assert_snapshot!(floor("break_glass: yes"), @r#"
    test.yaml:26:41: expected one of `raised`, `exempt`, found `yes`
     26 |   - { id: r, approvals: 2, break_glass: yes }
        |                                         ^
    "#);
}

#[test]
fn nobody_answers() {
    let remind = |rest: &str| said("approve:", &format!("remind: {{ {rest} }}\n    approve: [{{ by: owners }}]"));
    assert_eq!(remind("after: 15m"), "fine");
    assert_eq!(remind("after: 15m, then_ask: group/dba, after_that: 30m, page: db/orders"), "fine");
    insta::assert_snapshot!(remind("then_ask: group/dba"), @r#"
    test.yaml:24:13: `remind` needs `after:`
     24 |     remind: { then_ask: group/dba }
        |             ^
    "#);
    insta::assert_snapshot!(remind("after: 15m, then_ask: dba, after_that: later, page: db"), @r#"
    test.yaml:24:37: groups and people can stand here: write `group/dba`
     24 |     remind: { after: 15m, then_ask: dba, after_that: later, page: db }
        |                                     ^
    test.yaml:24:54: `later` is not a length of time; write `30m`, `2h`, `1d` or `1h30m`
     24 |     remind: { after: 15m, then_ask: dba, after_that: later, page: db }
        |                                                      ^
    test.yaml:24:67: `db` names no service; write the provider and the service: `pagerduty/orders`
     24 |     remind: { after: 15m, then_ask: dba, after_that: later, page: db }
        |                                                                   ^
    "#);
    insta::assert_snapshot!(remind("after: 15m, page: dc/orders"), @r#"
    test.yaml:24:33: `page:` needs `after_that:`, how long after the reminder somebody is paged
     24 |     remind: { after: 15m, page: dc/orders }
        |                                 ^
    test.yaml:24:33: there is no provider `dc`; did you mean `db`?
     24 |     remind: { after: 15m, page: dc/orders }
        |                                 ^
    "#);
}

#[test]
fn an_extension_without_being_asked() {
    let extend = |approve: &str| said("for:", &format!("for: {{ extend: {{ times: 1, approve: {approve} }} }}"));
    assert_eq!(extend("auto"), "fine");
    assert_eq!(extend("policy"), "fine");
    insta::assert_snapshot!(extend("never"), @r#"
    test.yaml:21:41: expected one of `policy`, `auto`, found `never`
     21 |     for: { extend: { times: 1, approve: never } }
        |                                         ^
    "#);
}

#[test]
fn groups_that_are_read_elsewhere() {
    let dba = |rest: &str| said("{ id: dba", &format!("- {{ id: dba, {rest} }}"));
    assert_eq!(dba("slack_usergroup: S0DBA"), "fine");
    assert_eq!(dba("on_call: { provider: db, schedule: PABC123 }"), "fine");
    insta::assert_snapshot!(dba("slack_usergroup: '@dba'"), @r#"
    test.yaml:7:33: `@dba` is not the id of a user group; it looks like `S0SECURITY`, not like `@security`
     7 |   - { id: dba, slack_usergroup: '@dba' }
       |                                 ^
    "#);
    insta::assert_snapshot!(dba("on_call: { provider: dc, scheduled: PABC123 }"), @r#"
    test.yaml:7:25: `on_call` needs `schedule:`
     7 |   - { id: dba, on_call: { provider: dc, scheduled: PABC123 } }
       |                         ^
    test.yaml:7:37: there is no provider `dc`; did you mean `db`?
     7 |   - { id: dba, on_call: { provider: dc, scheduled: PABC123 } }
       |                                     ^
    test.yaml:7:41: unknown key `scheduled` in `on_call`; did you mean `schedule`?
     7 |   - { id: dba, on_call: { provider: dc, scheduled: PABC123 } }
       |                                         ^
    "#);
    insta::assert_snapshot!(dba("members: [bob], on_call: { provider: db, schedule: P1 }"), @r#"
    test.yaml:7:41: a group has one source: `members:`, `where:`, `slack_usergroup:` or `on_call:`, not several
     7 |   - { id: dba, members: [bob], on_call: { provider: db, schedule: P1 } }
       |                                         ^
    "#);
    insta::assert_snapshot!(said("{ id: dba", "- { id: dba, slack_usergroup: S0DBA }\n  - { id: both, where: { group: dba, kind: employee } }"), @r#"
    test.yaml:8:33: `dba` is read elsewhere, and a group is computed from what the files say
     8 |   - { id: both, where: { group: dba, kind: employee } }
       |                                 ^
    "#);
}

#[test]
fn what_the_tests_of_a_set_suppose() {
    let test = |given: &str, request: &str| {
        let text = format!(
            "tests:\n  - {{ name: t, at: 2026-11-24T10:00:00+01:00, given: {{ {given} }}, \
             request: {{ who: maya, what: prod/orders, for: 1h, {request} }}, expect: {{ outcome: deny }} }}\nrequire:"
        );
        said("require:", &text)
    };
    assert_eq!(test("groups: { dba: [bob] }, unreadable: [acme], uses: { p: 3 }", "role: read, as: break-glass"), "fine");
    insta::assert_snapshot!(test("groups: { dab: [bub] }, unreadable: [acme], uses: { q: 3 }", "role: read"), @r#"
    test.yaml:26:66: there is no group `dab`; did you mean `dba`?
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, given: { groups: { dab: [bub] }, unreadable: [acme], uses: { q: 3 } }, request: { who: maya, what: prod/orders, fo
        |                                                                  ^
    test.yaml:26:72: there is no person `bub`; did you mean `bob`?
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, given: { groups: { dab: [bub] }, unreadable: [acme], uses: { q: 3 } }, request: { who: maya, what: prod/orders, fo
        |                                                                        ^
    test.yaml:26:108: there is no rule `q`
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, given: { groups: { dab: [bub] }, unreadable: [acme], uses: { q: 3 } }, request: { who: maya, what: prod/orders, fo
        |                                                                                                            ^
    "#);
    insta::assert_snapshot!(test("groups: [dba], used: { p: 3 }", "as: usual"), @r#"
    test.yaml:26:64: expected members by group, found a list
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, given: { groups: [dba], used: { p: 3 } }, request: { who: maya, what: prod/orders, for: 1h, as: usual }, expect: {
        |                                                                ^
    test.yaml:26:71: unknown key `used` in `given`; did you mean `uses`?
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, given: { groups: [dba], used: { p: 3 } }, request: { who: maya, what: prod/orders, for: 1h, as: usual }, expect: {
        |                                                                       ^
    test.yaml:26:98: `request` needs `role:`
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, given: { groups: [dba], used: { p: 3 } }, request: { who: maya, what: prod/orders, for: 1h, as: usual }, expect: {
        |                                                                                                  ^
    test.yaml:26:143: expected one of `break-glass`, found `usual`
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, given: { groups: [dba], used: { p: 3 } }, request: { who: maya, what: prod/orders, for: 1h, as: usual }, expect: {
        |                                                                                                                                               ^
    "#);
}

const ON_CALL: &str = "
groups: [{ id: oncall, on_call: { provider: orders, schedule: P1 } }]
policies:
  - id: zz-on-call
    who: { group: oncall }
    what: { resource: cloud/staging, role: poweruser }
    for: { max: 1h }
    approve: auto
    limit: { uses: 2, per: 24h }
    otherwise: [{ by: group/security }]
tests:
  - name: whoever is on call gets in at once
    at: 2026-11-24T10:00:00+01:00
    given: { groups: { oncall: [bob] } }
    request: { who: bob, what: cloud/staging, role: poweruser, for: 30m }
    expect: { outcome: auto, policy: zz-on-call }
  - name: twice a day
    at: 2026-11-24T10:00:00+01:00
    given: { groups: { oncall: [bob] }, uses: { zz-on-call: 2 } }
    request: { who: bob, what: cloud/staging, role: poweruser, for: 30m }
    expect: { outcome: ask, policy: zz-on-call, of: [erin, frank] }
  - name: and people decide while nobody can tell who is on call
    at: 2026-11-24T10:00:00+01:00
    given: { unreadable: [oncall] }
    request: { who: bob, what: cloud/staging, role: poweruser, for: 30m }
    expect: { outcome: ask, policy: zz-on-call, of: [erin, frank] }
";

fn failures(set: &PolicySet) -> Vec<String> {
    scenario::run(set).failures.iter().map(ToString::to_string).collect()
}

// E47
#[test]
fn on_call_people_get_in_at_once_and_others_decide_past_the_limit() {
    let set = example_and(ON_CALL);
    assert_eq!(failures(&set), Vec::<String>::new());
    let mut facts = asks("bob cloud/staging poweruser 30m");
    facts.outside.groups.insert("oncall".parse().unwrap(), Reading::Members(["bob".parse().unwrap()].into()));
    let uses = |hours: &[&str]| hours.iter().map(|ago| tuesday().minus(ago.parse::<Ttl>().unwrap())).collect::<Vec<_>>();
    let judged = |facts: &Facts| match evaluate(&set, facts, tuesday()) {
        Verdict::Allow { mode, trace, .. } => (mode, trace.lines.into_iter().map(|line| line.said).collect::<Vec<_>>()),
        Verdict::Deny { refusal, .. } => panic!("{refusal:?}"),
    };
    facts.uses.insert("zz-on-call".parse().unwrap(), uses(&["1h", "24h"]));
    assert_eq!(judged(&facts).0, Mode::Auto, "a use of a day ago is over");
    facts.uses.insert("zz-on-call".parse().unwrap(), uses(&["1h", "23h"]));
    let (mode, said) = judged(&facts);
    assert_eq!(mode, Mode::Ask);
    assert!(said.contains(&Said::PastLimit { uses: 2, per: "24h".parse().unwrap() }), "{said:?}");
    // Not on call: no matter how few the uses.
    facts.outside.groups.insert("oncall".parse().unwrap(), Reading::Members(["carol".parse().unwrap()].into()));
    facts.uses.clear();
    match evaluate(&set, &facts, tuesday()) {
        Verdict::Allow { policy, .. } => assert_eq!(policy.as_str(), "staging", "like every engineer"),
        Verdict::Deny { refusal, .. } => panic!("{refusal:?}"),
    }
}

// E48
#[test]
fn a_group_that_nobody_has_read_is_unreadable() {
    let set = example_and(
        "people: [{ id: zed, name: Zed, kind: employee, accounts: { orders: zed } }]
groups: [{ id: outside, slack_usergroup: S0X }]
policies:
  - { id: zz, who: { group: outside }, what: { resource: shop/repo, role: write }, approve: [{ by: owners }] }
  - { id: zz-asks, who: { person: zed }, what: { resource: prod/orders, role: readonly }, approve: [{ by: group/outside }] }",
    );
    let source = Refusal::SourceUnreadable { source: "Slack's user group `S0X`".into() };
    let verdict = evaluate(&set, &asks("zed prod/orders readonly 1h"), tuesday());
    assert_eq!(*refusal(&verdict), source, "as those who are asked");
    let mut facts = asks("zed prod/orders readonly 1h");
    facts.outside.groups.insert("outside".parse().unwrap(), Reading::Members(["carol".parse().unwrap()].into()));
    assert_eq!(steps(&evaluate(&set, &facts, tuesday())), "group/outside 1");
}

const GLASS: &str = "
policies:
  - id: zz-glass
    who: { group: engineering }
    what: { resource: '*', role: '*' }
    for: { max: 30m }
    reason: { min_length: 10 }
    approve: break-glass
    review: { by: group/security, within: 24h }
";

// E46
#[test]
fn the_glass_is_broken_only_by_asking_for_it() {
    let set = example_and(GLASS);
    let usual = asks("bob shop/repo write 30m");
    let glass = Facts { manner: Manner::BreakGlass, ..usual.clone() };
    match evaluate(&set, &glass, tuesday()) {
        Verdict::Allow { mode, review, steps, .. } => {
            assert_eq!((mode, steps.len()), (Mode::BreakGlass, 0));
            let review = review.unwrap();
            assert_eq!((review.by, review.within), (vec!["group/security".to_owned()], "24h".parse().unwrap()));
        }
        Verdict::Deny { refusal, because, .. } => panic!("{refusal:?} {because:?}"),
    }
    match evaluate(&set, &usual, tuesday()) {
        Verdict::Allow { mode, review, policy, .. } => {
            assert_eq!((mode, review), (Mode::Ask, None));
            assert_ne!(policy.as_str(), "zz-glass");
        }
        Verdict::Deny { .. } => {}
    }
    let too_long = Facts { access_for: "1h".parse().unwrap(), ..glass };
    assert_eq!(*refusal(&evaluate(&set, &too_long, tuesday())), Refusal::OverCap { at_most: "30m".parse().unwrap() });
}

#[test]
fn a_floor_under_broken_glass_asks_people_unless_it_says_otherwise() {
    let glass = Facts { manner: Manner::BreakGlass, ..asks("bob shop/repo write 30m") };
    let with = |rule: &str| {
        let set = example_and(&format!("{GLASS}require: [{{ id: zz-two, what: {{ resource: 'shop/*' }}, approvals: 2{rule} }}]"));
        match evaluate(&set, &glass, tuesday()) {
            Verdict::Allow { mode, review, .. } => (mode, review.is_some()),
            Verdict::Deny { refusal, .. } => panic!("{refusal:?}"),
        }
    };
    assert_eq!(with(", break_glass: exempt"), (Mode::BreakGlass, true));
    assert_eq!(with(""), (Mode::Ask, false));
}

#[test]
fn more_time_can_be_had_without_asking() {
    let rule = |approve: &str| {
        example_and(&format!(
            "policies: [{{ id: aa, who: {{ person: bob }}, what: {{ resource: shop/repo, role: write }}, \
             for: {{ max: 2h, extend: {{ times: 1, total: 4h{approve} }} }}, approve: [{{ by: group/security }}] }}]"
        ))
    };
    let active_since = tuesday().minus("1h".parse::<Ttl>().unwrap());
    let purpose = Purpose::Extension { times: 0, active_since, ends_at: tuesday().plus("1h".parse::<Ttl>().unwrap()) };
    let facts = Facts { purpose, ..asks("bob shop/repo write 1h") };
    let mode = |set: &PolicySet, facts: &Facts| match evaluate(set, facts, tuesday()) {
        Verdict::Allow { mode, .. } => mode,
        Verdict::Deny { refusal, .. } => panic!("{refusal:?}"),
    };
    assert_eq!(mode(&rule(""), &facts), Mode::Ask);
    assert_eq!(mode(&rule(", approve: auto"), &facts), Mode::Auto);
}
