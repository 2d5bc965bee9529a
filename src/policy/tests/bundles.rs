//! Bundles: as written, and as judged.

use super::loading::said;
use super::*;
use crate::access::request::Mode;

#[test]
fn a_bundle_is_made_of_parts() {
    let bundle = |of: &str| said("policies:", &format!("bundles:\n  - {{ id: both, name: Both, of: [{of}] }}\npolicies:"));
    insta::assert_snapshot!(bundle("prod/orders:read"), @r#"
    test.yaml:18:5: a bundle needs at least two parts; one alone can be asked for by its own name
     18 |   - { id: both, name: Both, of: [prod/orders:read] }
        |     ^
    "#);
    insta::assert_snapshot!(bundle("prod/orders:read, prod/orders:read"), @r#"
    test.yaml:18:52: `prod/orders:read` is in this bundle twice
     18 |   - { id: both, name: Both, of: [prod/orders:read, prod/orders:read] }
        |                                                    ^
    "#);
    insta::assert_snapshot!(bundle("prod/orders:write, prod/order:read"), @r#"
    test.yaml:18:34: there is no role `write` on `prod/orders`
     18 |   - { id: both, name: Both, of: [prod/orders:write, prod/order:read] }
        |                                  ^
    test.yaml:18:53: there is no resource `prod/order`; did you mean `prod/orders`?
     18 |   - { id: both, name: Both, of: [prod/orders:write, prod/order:read] }
        |                                                     ^
    "#);
    insta::assert_snapshot!(bundle("prod/orders, 7, both:all"), @r#"
    test.yaml:18:34: `prod/orders` is not a part; write the resource and the role: `prod/orders:readonly`
     18 |   - { id: both, name: Both, of: [prod/orders, 7, both:all] }
        |                                  ^
    test.yaml:18:47: expected a part such as `prod/orders:readonly`, found the number `7`; put it in quotes
     18 |   - { id: both, name: Both, of: [prod/orders, 7, both:all] }
        |                                               ^
    test.yaml:18:50: `both` is a bundle itself; write its parts
     18 |   - { id: both, name: Both, of: [prod/orders, 7, both:all] }
        |                                                  ^
    "#);
    insta::assert_snapshot!(said("policies:", "bundles:\n  - { id: prod/orders, parts: [] }\npolicies:"), @r#"
    test.yaml:18:5: a bundle needs `name:`
     18 |   - { id: prod/orders, parts: [] }
        |     ^
    test.yaml:18:5: a bundle needs `of:`
     18 |   - { id: prod/orders, parts: [] }
        |     ^
    test.yaml:18:11: duplicate resource `prod/orders`: it is already at test.yaml:12
     18 |   - { id: prod/orders, parts: [] }
        |           ^
    test.yaml:18:24: unknown key `parts` in a bundle; known are `id`, `name`, `of`
     18 |   - { id: prod/orders, parts: [] }
        |                        ^
    "#);
}

const BOTH: &str = "
bundles: [{ id: debugging, name: Debug orders, of: [prod/orders:readonly, cloud/staging:poweruser] }]
policies:
  - id: aa-staging
    who: { person: maya }
    what: { resource: cloud/staging, role: poweruser }
    for: { max: 4h, extend: { times: 3, total: 6h } }
    reason: { ticket: 'CHG-\\d+' }
    approve: [{ by: group/security, count: 1 }]
    approver_note: required
    answer_within: 1h
";

fn judged_with(more: &str, words: &str) -> Verdict {
    evaluate(&example_and(more), &asks(words), tuesday())
}

#[test]
fn a_bundle_is_permitted_when_each_part_is() {
    let verdict = judged_with(BOTH, "maya debugging all 2h");
    assert_eq!(steps(&verdict), "group/dba 1, group/security 1");
    let Verdict::Allow { mode, note_required, answer_within, ends_at_most, .. } = &verdict else { panic!("denied") };
    assert_eq!((*mode, *note_required, answer_within.to_string().as_str()), (Mode::Ask, true, "1 h"));
    assert_eq!(*ends_at_most, berlin("2026-11-24T18:00"), "the earlier end: the working hours of the one part");

    let verdict = judged_with(BOTH, "maya debugging all 5h");
    assert_eq!(*refusal(&verdict), Refusal::OverCap { at_most: "4h".parse().unwrap() }, "the shorter cap");
    let mut facts = asks("maya debugging all 2h");
    facts.reason = Words::typed("OPS-42 slow checkout");
    assert_eq!(*refusal(&evaluate(&example_and(BOTH), &facts, tuesday())), Refusal::TicketMissing { pattern: r"CHG-\d+".into() });
}

#[test]
fn a_bundle_is_denied_when_one_part_is() {
    let set = example_and("bundles: [{ id: debugging, name: Debug orders, of: [prod/orders:readonly, prod/orders:readwrite] }]");
    let verdict = evaluate(&set, &asks("maya debugging all 1h"), tuesday());
    assert!(!verdict.is_allow(), "a contractor may read, and not write");
    let verdict = evaluate(&set, &asks("maya debugging readonly 1h"), tuesday());
    assert_eq!(
        *refusal(&verdict),
        Refusal::NoSuchRole { resource: "debugging".into(), asked: "readonly".into(), roles: vec!["all".into()] }
    );
}

#[test]
fn the_same_step_of_two_parts_is_asked_once() {
    let more = "
bundles: [{ id: deploying, name: Deploy, of: [cloud/staging:poweruser, shop/repo:write] }]
policies:
  - { id: aa-cloud, who: { person: bob }, what: { resource: cloud/staging, role: poweruser }, approve: [{ by: group/dba }] }
  - { id: aa-repo, who: { person: bob }, what: { resource: shop/repo, role: write }, approve: [{ by: group/dba }] }
";
    assert_eq!(steps(&judged_with(more, "bob deploying all 1h")), "group/dba 1");
}

#[test]
fn what_the_parts_ask_together_must_have_enough_people() {
    // Each part alone could be agreed to by Bob; together they need two people.
    let more = "
bundles: [{ id: debugging, name: Debug orders, of: [cloud/staging:poweruser, shop/repo:write] }]
policies:
  - { id: aa-cloud, who: { person: maya }, what: { resource: cloud/staging, role: poweruser }, approve: [{ by: person/bob }] }
  - { id: aa-repo, who: { person: maya }, what: { resource: shop/repo, role: write }, approve: [{ by: group/one }] }
groups: [{ id: one, members: [bob] }]
";
    let verdict = judged_with(more, "maya debugging all 1h");
    assert!(matches!(refusal(&verdict), Refusal::NobodyCanApprove { .. }), "{verdict:?}");
}
