//! Each key of a rule, once as it should be and once as it should not, with the words that its author then reads.

use super::loading::said;

#[test]
fn who_and_what_of_a_policy() {
    let who = |who: &str| said("who: { group", &format!("who: {{ {who} }}"));
    assert_eq!(who("person: maya, kind: contractor, company: Acme"), "fine");
    insta::assert_snapshot!(who(""), @r#"
    test.yaml:19:10: say who: an empty `who:` would permit everybody
     19 |     who: {  }
        |          ^
    "#);
    insta::assert_snapshot!(who("group: group/acme"), @r#"
    test.yaml:19:19: only a group can stand here: write `acme`, not `group/acme`
     19 |     who: { group: group/acme }
        |                   ^
    "#);
    insta::assert_snapshot!(who("person: mayo"), @r#"
    test.yaml:19:20: there is no person `mayo`; did you mean `maya`?
     19 |     who: { person: mayo }
        |                    ^
    "#);
    insta::assert_snapshot!(who("contract: over"), @r#"
    test.yaml:19:22: expected one of `ended`, found `over`
     19 |     who: { contract: over }
        |                      ^
    "#);
    let what = |what: &str| said("what: { resource", &format!("what: {{ {what} }}"));
    assert_eq!(what("resource: '*', role: 're*', risk: high"), "fine");
    insta::assert_snapshot!(what("resource: prod/order, role: read"), @r#"
    test.yaml:20:23: there is no resource `prod/order`; did you mean `prod/orders`?
     20 |     what: { resource: prod/order, role: read }
        |                       ^
    "#);
    insta::assert_snapshot!(what("resource: prod/orders, role: raed"), @r#"
    test.yaml:20:42: there is no role `raed` on `prod/orders`; did you mean `read`?
     20 |     what: { resource: prod/orders, role: raed }
        |                                          ^
    "#);
    insta::assert_snapshot!(what("resource: 'Prod/*', risk: huge"), @r#"
    test.yaml:20:11: say which `resource:` and which `role:`; all of them is `"*"`
     20 |     what: { resource: 'Prod/*', risk: huge }
        |           ^
    test.yaml:20:23: `Prod/*` is neither a name nor a pattern such as `prod/*`
     20 |     what: { resource: 'Prod/*', risk: huge }
        |                       ^
    test.yaml:20:39: expected one of `normal`, `high`, found `huge`
     20 |     what: { resource: 'Prod/*', risk: huge }
        |                                       ^
    "#);
}

#[test]
fn lengths_of_a_policy() {
    let limits = |limits: &str| said("for:", &format!("for: {{ {limits} }}"));
    assert_eq!(limits("max: 12h"), "fine");
    insta::assert_snapshot!(limits("max: 13h, default: 14h"), @r#"
    test.yaml:21:17: `max` (13 h) goes past `hard_ceiling` (12 h)
     21 |     for: { max: 13h, default: 14h }
        |                 ^
    test.yaml:21:31: `default` (14 h) goes past `max` (13 h)
     21 |     for: { max: 13h, default: 14h }
        |                               ^
    "#);
    insta::assert_snapshot!(limits("extend: { times: 0, total: 13h }"), @r#"
    test.yaml:21:29: expected a whole number from 1 to 20, found the number `0`
     21 |     for: { extend: { times: 0, total: 13h } }
        |                             ^
    "#);
    insta::assert_snapshot!(limits("max: 4h, extend: { times: 1, total: 2h, approve: auto }"), @r#"
    test.yaml:21:48: `total` (2 h) is less than `max` (4 h)
     21 |     for: { max: 4h, extend: { times: 1, total: 2h, approve: auto } }
        |                                                ^
    "#);
    insta::assert_snapshot!(said("for:", "answer_within: never"), @r#"
    test.yaml:21:20: `never` is not a length of time; write `30m`, `2h`, `1d` or `1h30m`
     21 |     answer_within: never
        |                    ^
    "#);
}

#[test]
fn hours_of_a_policy() {
    let when = |when: &str| said("when:", &format!("when: {{ {when} }}"));
    assert_eq!(when("hours: '22:00-06:00', timezone: Asia/Tokyo"), "fine");
    insta::assert_snapshot!(when("days: mon-fry, hours: 8-18"), @r#"
    test.yaml:22:19: `fry` is not a day; write `mon`, `mon-fri` or `sat, sun`
     22 |     when: { days: mon-fry, hours: 8-18 }
        |                   ^
    test.yaml:22:35: `8-18` are not hours; write `08:00-18:00`
     22 |     when: { days: mon-fry, hours: 8-18 }
        |                                   ^
    "#);
    insta::assert_snapshot!(when("timezone: Europe/Berlin"), @r#"
    test.yaml:22:11: `when` needs `days:` or `hours:`
     22 |     when: { timezone: Europe/Berlin }
        |           ^
    "#);
}

#[test]
fn the_reason_of_a_policy() {
    let reason = |reason: &str| said("reason:", &format!("reason: {{ {reason} }}"));
    insta::assert_snapshot!(reason("min_length: -1"), @r#"
    test.yaml:23:27: expected a whole number from 1 to 1000, found the number `-1`
     23 |     reason: { min_length: -1 }
        |                           ^
    "#);
    insta::assert_snapshot!(reason("ticket: 'OPS-(\\d+'"), @r#"
    test.yaml:23:23: `OPS-(\d+` is not a regular expression: found open group without closing ')'
     23 |     reason: { ticket: 'OPS-(\d+' }
        |                       ^
    "#);
    insta::assert_snapshot!(reason("ticket: 'a)(b'"), @r#"
    test.yaml:23:23: `a)(b` is not a regular expression: found closing ')' without matching '('
     23 |     reason: { ticket: 'a)(b' }
        |                       ^
    "#);
    insta::assert_snapshot!(reason("ticket: '(OPS-\\d+)?'"), @r#"
    test.yaml:23:23: `(OPS-\d+)?` is content with an empty text, and so asks for nothing
     23 |     reason: { ticket: '(OPS-\d+)?' }
        |                       ^
    "#);
}

#[test]
fn the_steps_of_a_policy() {
    let by = |by: &str| said("approve:", &format!("approve: [{{ {by} }}]"));
    assert_eq!(said("approve:", "approve: auto"), "fine");
    for fine in ["by: owners", "by: sponsor", "by: group/dba, count: 2", "by: person/bob"] {
        assert_eq!(by(fine), "fine");
    }
    insta::assert_snapshot!(by("by: dba"), @r#"
    test.yaml:24:21: groups and people can stand here: write `group/dba`
     24 |     approve: [{ by: dba }]
        |                     ^
    "#);
    insta::assert_snapshot!(by("by: bob"), @r#"
    test.yaml:24:21: groups and people can stand here: write `person/bob`
     24 |     approve: [{ by: bob }]
        |                     ^
    "#);
    insta::assert_snapshot!(by("by: owner"), @r#"
    test.yaml:24:21: expected `owners`, `sponsor`, `manager`, `group/…` or `person/…`, found `owner`; did you mean `owners`?
     24 |     approve: [{ by: owner }]
        |                     ^
    "#);
    insta::assert_snapshot!(by("by: group/dab, count: 0"), @r#"
    test.yaml:24:21: there is no group `dab`; did you mean `dba`?
     24 |     approve: [{ by: group/dab, count: 0 }]
        |                     ^
    test.yaml:24:39: expected a whole number from 1 to 20, found the number `0`
     24 |     approve: [{ by: group/dab, count: 0 }]
        |                                       ^
    "#);
    insta::assert_snapshot!(by("by: person/bob, count: 2"), @r#"
    test.yaml:24:21: `person/bob` is one person and cannot fill 2 seats
     24 |     approve: [{ by: person/bob, count: 2 }]
        |                     ^
    "#);
    insta::assert_snapshot!(said("approve:", "approve: []"), @r#"
    test.yaml:24:14: `approve` needs at least one step: nobody is asked by an empty list
     24 |     approve: []
        |              ^
    "#);
    insta::assert_snapshot!(said("approve:", "approve: owners"), @r#"
    test.yaml:24:14: expected `auto`, `break-glass` or a list of steps such as `[ { by: owners, count: 1 } ]`, found `owners`
     24 |     approve: owners
        |              ^
    "#);
    insta::assert_snapshot!(said("approve:", "approver_note: maybe"), @r#"
    test.yaml:18:5: a policy needs `approve:`
     18 |   - id: p
        |     ^
    test.yaml:24:20: expected one of `optional`, `required`, found `maybe`
     24 |     approver_note: maybe
        |                    ^
    "#);
    insta::assert_snapshot!(said("owners: [dba]", "channel: C0X"), @r#"
    test.yaml:24:21: `prod/orders` has no owners who could approve; write `owners:` there
     24 |     approve: [{ by: owners, count: 1 }]
        |                     ^
    "#);
}

#[test]
fn requirements_and_prohibitions() {
    insta::assert_snapshot!(said("{ id: r,", "- { id: r, what: { risk: high } }"), @r#"
    test.yaml:26:5: a requirement needs `approvals:` or `note:`
     26 |   - { id: r, what: { risk: high } }
        |     ^
    "#);
    insta::assert_snapshot!(said("{ id: r,", "- { id: r, approvals: 2.5, notes: required }"), @r#"
    test.yaml:26:25: expected a whole number from 1 to 20, found the number `2.5`
     26 |   - { id: r, approvals: 2.5, notes: required }
        |                         ^
    test.yaml:26:30: unknown key `notes` in a requirement; did you mean `note`?
     26 |   - { id: r, approvals: 2.5, notes: required }
        |                              ^
    "#);
    insta::assert_snapshot!(said("{ id: f,", "- { id: f }"), @r#"
    test.yaml:28:5: a prohibition needs `who:` or `what:`; it would forbid everything
     28 |   - { id: f }
        |     ^
    "#);
    insta::assert_snapshot!(said("{ id: f,", "- { id: f, whom: { kind: contractor } }"), @r#"
    test.yaml:28:5: a prohibition needs `who:` or `what:`; it would forbid everything
     28 |   - { id: f, whom: { kind: contractor } }
        |     ^
    test.yaml:28:14: unknown key `whom` in a prohibition; did you mean `who`?
     28 |   - { id: f, whom: { kind: contractor } }
        |              ^
    "#);
}

#[test]
fn the_tests_of_a_set() {
    let test =
        |rest: &str| said("require:", &format!("tests:\n  - {{ name: t, at: 2026-11-24T10:00:00+01:00, {rest} }}\nrequire:"));
    let request = "request: { who: maya, what: prod/orders, role: read, for: 1h, reason: OPS-1 }";
    assert_eq!(test(&format!("{request}, expect: {{ outcome: ask, policy: p, of: [bob] }}")), "fine");
    assert_eq!(test(&format!("{request}, expect: {{ outcome: auto }}")), "fine");
    assert_eq!(test(&format!("{request}, expect: {{ outcome: deny, because: p.when }}")), "fine");
    insta::assert_snapshot!(test(&format!("{request}, expect: {{ outcome: deny, policy: p, because: q.when }}")), @r#"
    test.yaml:26:151: unknown key `policy` in `expect`; known are `outcome`, `because`
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, request: { who: maya, what: prod/orders, role: read, for: 1h, reason: OPS-1 }, expect: { outcome: deny, policy: p,
        |                                                                                                                                                       ^
    test.yaml:26:171: there is no rule `q`
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, request: { who: maya, what: prod/orders, role: read, for: 1h, reason: OPS-1 }, expect: { outcome: deny, policy: p,
    "#);
    insta::assert_snapshot!(test("request: { who: moya, what: prod/order, role: read, for: ever, why: x }, expect: { outcome: allow }"), @r#"
    test.yaml:26:63: there is no person `moya`; did you mean `maya`?
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, request: { who: moya, what: prod/order, role: read, for: ever, why: x }, expect: { outcome: allow } }
        |                                                               ^
    test.yaml:26:75: there is no resource `prod/order`; did you mean `prod/orders`?
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, request: { who: moya, what: prod/order, role: read, for: ever, why: x }, expect: { outcome: allow } }
        |                                                                           ^
    test.yaml:26:104: `ever` is not a length of time; write `30m`, `2h`, `1d` or `1h30m`
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, request: { who: moya, what: prod/order, role: read, for: ever, why: x }, expect: { outcome: allow } }
        |                                                                                                        ^
    test.yaml:26:110: unknown key `why` in `request`; did you mean `who`?
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, request: { who: moya, what: prod/order, role: read, for: ever, why: x }, expect: { outcome: allow } }
        |                                                                                                              ^
    test.yaml:26:139: expected one of `ask`, `auto`, `break-glass`, `deny`, found `allow`
     26 |   - { name: t, at: 2026-11-24T10:00:00+01:00, request: { who: moya, what: prod/order, role: read, for: ever, why: x }, expect: { outcome: allow } }
        |                                                                                                                                           ^
    "#);
    insta::assert_snapshot!(said("require:", "tests: [{ name: t, at: 2026-11-24T10:00, request: {} }]\nrequire:"), @r#"
    test.yaml:25:9: a test needs `expect:`
     25 | tests: [{ name: t, at: 2026-11-24T10:00, request: {} }]
        |         ^
    test.yaml:25:24: `2026-11-24T10:00` is not a time with its offset; write `2026-03-16T09:00:00+01:00`
     25 | tests: [{ name: t, at: 2026-11-24T10:00, request: {} }]
        |                        ^
    test.yaml:25:51: `request` needs `for:`
     25 | tests: [{ name: t, at: 2026-11-24T10:00, request: {} }]
        |                                                   ^
    test.yaml:25:51: `request` needs `role:`
     25 | tests: [{ name: t, at: 2026-11-24T10:00, request: {} }]
        |                                                   ^
    test.yaml:25:51: `request` needs `what:`
     25 | tests: [{ name: t, at: 2026-11-24T10:00, request: {} }]
        |                                                   ^
    test.yaml:25:51: `request` needs `who:`
     25 | tests: [{ name: t, at: 2026-11-24T10:00, request: {} }]
        |                                                   ^
    "#);
}
