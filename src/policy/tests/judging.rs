//! What the example says to the people of its story, and how rules add up.

use super::*;
use crate::access::request::Mode;
use crate::access::time::Ttl;
use crate::policy::facts::{Clamp, Reading, Standing};

fn ttl(text: &str) -> Ttl {
    text.parse().unwrap()
}

fn because(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Deny { because, .. } => because.clone(),
        Verdict::Allow { .. } => panic!("allowed: {verdict:?}"),
    }
}

fn end(verdict: &Verdict) -> (Timestamp, Option<Clamp>) {
    match verdict {
        Verdict::Allow { ends_at_most, clamped_by, .. } => (*ends_at_most, *clamped_by),
        Verdict::Deny { .. } => panic!("denied: {verdict:?}"),
    }
}

fn note_required(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Allow { note_required, .. } => *note_required,
        Verdict::Deny { .. } => panic!("denied: {verdict:?}"),
    }
}

#[test]
fn maya_reads_orders_on_a_tuesday_and_an_owner_decides() {
    let verdict = judged("maya prod/orders readonly 2h", tuesday());
    let Verdict::Allow { policy, answer_within, start_within, warn_before, extend, .. } = &verdict else {
        panic!("denied: {verdict:?}")
    };
    assert_eq!(policy.as_str(), "acme-read-orders");
    assert_eq!(steps(&verdict), "group/dba 1");
    assert_eq!((*answer_within, *start_within, *warn_before), (ttl("4h"), ttl("1h"), ttl("15m")));
    assert_eq!(extend.unwrap().total, ttl("12h"));
    assert_eq!(end(&verdict), (berlin("2026-11-24T18:00"), None));
}

#[test]
fn what_the_window_leaves_is_said() {
    let verdict = judged("maya prod/orders readonly 2h", berlin("2026-11-24T17:00"));
    assert_eq!(end(&verdict), (berlin("2026-11-24T18:00"), Some(Clamp::Window)));
}

#[test]
fn outside_the_window_the_earliest_time_is_named() {
    let verdict = judged("maya prod/orders readonly 2h", berlin("2026-11-27T18:00"));
    assert_eq!(*refusal(&verdict), Refusal::OutsideWindow { earliest: Some(berlin("2026-11-30T08:00")) });
    assert_eq!(because(&verdict), ["acme-read-orders.when", "break-glass.who", "read-orders.who"]);
}

#[test]
fn asked_for_later_it_is_judged_at_its_start() {
    let mut facts = asks("maya prod/orders readonly 2h");
    facts.start_at = Some(berlin("2026-11-25T09:00"));
    let verdict = evaluate(&example(), &facts, berlin("2026-11-24T21:00"));
    assert_eq!(end(&verdict).0, berlin("2026-11-25T18:00"));
}

#[test]
fn more_than_the_cap_is_refused_and_not_shortened() {
    let verdict = judged("maya prod/orders readonly 9h", tuesday());
    assert_eq!(*refusal(&verdict), Refusal::OverCap { at_most: ttl("8h") });
}

#[test]
fn a_reason_must_be_long_enough_and_name_its_ticket_as_a_word() {
    let set = example();
    for (reason, fine) in [
        ("OPS-42 slow checkout", true),
        ("slow checkout (OPS-42)", true),
        ("see OPS-42.", true),
        ("XOPS-42 slow checkout", false),
        ("OPS-42x slow checkout", false),
        ("ops-42 slow checkout", false),
        ("slow checkout", false),
    ] {
        let mut facts = asks("maya prod/orders readonly 2h");
        facts.reason = Words::typed(reason);
        let verdict = evaluate(&set, &facts, tuesday());
        assert_eq!(verdict.is_allow(), fine, "{reason}");
        if !fine {
            assert_eq!(*refusal(&verdict), Refusal::TicketMissing { pattern: r"(JIRA|OPS)-\d+".into() });
        }
    }
    let mut facts = asks("maya prod/orders readonly 2h");
    facts.reason = Words::typed("   OPS-42   ");
    assert_eq!(*refusal(&evaluate(&set, &facts, tuesday())), Refusal::ReasonTooShort { min_chars: 10 });
}

#[test]
fn writing_needs_two_teams_and_a_note() {
    let verdict = judged("bob prod/orders readwrite 1h", tuesday());
    assert_eq!(steps(&verdict), "group/dba 1, group/security 1");
    assert!(note_required(&verdict));
}

#[test]
fn a_prohibition_wins_over_every_permit() {
    let set = example_and(
        "policies: [{ id: a, who: { person: maya }, what: { resource: '*', role: '*' }, approve: [{ by: owners }] }]",
    );
    let verdict = evaluate(&set, &asks("maya prod/orders readwrite 1h"), tuesday());
    assert_eq!(*refusal(&verdict), Refusal::NotPermitted { because: vec!["no-contractor-prod-write".into()] });
}

// E13
#[test]
fn nothing_outlives_the_contract() {
    let (before, last, over) = (berlin("2027-06-30T08:00"), berlin("2027-06-30T17:59"), berlin("2027-07-01T08:00"));
    let set = example_and(
        "policies: [{ id: a, who: { person: maya }, what: { resource: shop/repo, role: write }, for: { max: 24h }, approve: [{ by: owners }] }]",
    );
    let mut facts = asks("maya shop/repo write 20h");
    let verdict = evaluate(&set, &facts, before);
    assert_eq!(end(&verdict), (over.minus(std::time::Duration::from_secs(8 * 3600)), Some(Clamp::Contract)));
    assert!(evaluate(&set, &asks("maya prod/orders readonly 1m"), last).is_allow());
    assert_eq!(because(&evaluate(&set, &facts, over)), ["contract-ended"]);
    // Asked for in time, but for a start after the end.
    facts.start_at = Some(over);
    assert_eq!(because(&evaluate(&set, &facts, before)), ["contract-ended"]);
}

#[test]
fn the_contract_ends_everything_even_where_no_rule_says_so() {
    let text = "version: 1
people:
  - { id: maya, name: M, kind: contractor, contract_ends: 2026-11-23, accounts: { p: m } }
  - { id: carol, name: C, kind: employee }
groups: [{ id: dba, members: [carol] }]
providers: [{ id: p, kind: sandbox }]
resources: [{ id: r, name: R, provider: p, owners: [dba], roles: [{ id: x, name: X, grant: {} }] }]
policies: [{ id: a, who: { kind: contractor }, what: { resource: r, role: x }, approve: [{ by: owners }] }]";
    let set = parse(text).unwrap();
    let verdict = evaluate(&set, &asks("maya r x 1h"), at("2026-11-24T00:00:00Z"));
    assert_eq!(*refusal(&verdict), Refusal::NoTimeLeft { limit: "contract".into() });
    let verdict = evaluate(&set, &asks("maya r x 1h"), at("2026-11-23T23:30:00Z"));
    assert_eq!(end(&verdict), (at("2026-11-24T00:00:00Z"), Some(Clamp::Contract)));
}

#[test]
fn the_permit_that_asks_least_of_people_applies_and_the_other_is_named() {
    let set = example_and(
        "policies: [{ id: aaa, who: { kind: employee }, what: { resource: 'prod/*', role: readonly }, approve: [{ by: owners }, { by: group/security }] }]",
    );
    let verdict = evaluate(&set, &asks("bob prod/orders readonly 1h"), tuesday());
    let Verdict::Allow { policy, trace, .. } = &verdict else { panic!("denied: {verdict:?}") };
    assert_eq!(policy.as_str(), "read-orders");
    insta::assert_snapshot!(serde_json::to_string(trace).unwrap(), @r#"[{"rule":"contract-ended","said":"not_for_them"},{"rule":"aaa","said":{"outranked":{"by":"read-orders"}}},{"rule":"acme-read-orders","said":"not_for_them"},{"rule":"break-glass","said":"not_for_them"},{"rule":"read-orders","said":"permits"}]"#);
}

#[test]
fn a_requirement_adds_seats_that_owners_and_the_asked_may_fill() {
    let set = example_and(
        "policies: [{ id: sec, who: { person: priya }, what: { resource: prod/orders, role: readwrite }, approve: [{ by: group/security }] }]
require: [{ id: three, who: { person: priya }, what: { resource: 'prod/*' }, approvals: 3 }]",
    );
    let verdict = evaluate(&set, &asks("priya prod/orders readwrite 1h"), tuesday());
    // `sec` alone asks one person; raised to three it asks as many as `prod-write`, and the ids decide.
    assert_eq!(steps(&verdict), "group/dba 1, group/security 1, group/dba or group/security 1");
    let verdict = evaluate(&set, &asks("priya prod/orders readonly 1h"), tuesday());
    assert_eq!(*refusal(&verdict), Refusal::NobodyCanApprove { steps: vec!["group/dba".into()] });
}

// E7
#[test]
fn the_only_approver_cannot_ask_for_themselves() {
    let set = example_and(
        "groups: [{ id: solo, members: [sam] }]
policies: [{ id: solo, who: { person: sam }, what: { resource: shop/repo, role: write }, approve: [{ by: group/solo }] }]",
    );
    let verdict = evaluate(&set, &asks("sam shop/repo write 1h"), tuesday());
    assert_eq!(*refusal(&verdict), Refusal::NobodyCanApprove { steps: vec!["group/solo".into()] });
}

// E12, E40
#[test]
fn accounts_that_are_gone_or_foreign_get_nothing_but_an_outage_is_no_deactivation() {
    for (standing, refused) in [
        (Standing::Active, None),
        (Standing::Guest, None),
        (Standing::Unknown, None),
        (Standing::Deactivated, Some(Refusal::AccountNotAllowed)),
        (Standing::Bot, Some(Refusal::AccountNotAllowed)),
        (Standing::Stranger, Some(Refusal::ForeignAccount)),
    ] {
        let mut facts = asks("maya prod/orders readonly 2h");
        facts.outside.standings.insert("maya".parse().unwrap(), standing);
        let verdict = evaluate(&example(), &facts, tuesday());
        assert_eq!(verdict.is_allow(), refused.is_none(), "{standing:?}");
        assert!(refused.is_none_or(|refused| *refusal(&verdict) == refused));
    }
}

#[test]
fn who_and_what_are_unknown_is_told() {
    let verdict = judged("nobody prod/orders readonly 2h", tuesday());
    assert_eq!(*refusal(&verdict), Refusal::NoSuchPerson { asked: "nobody".into() });
    let verdict = judged("maya prod/order readonly 2h", tuesday());
    assert_eq!(*refusal(&verdict), Refusal::NoSuchResource { asked: "prod/order".into(), similar: vec!["prod/orders".into()] });
    let verdict = judged("maya prod/orders admin 2h", tuesday());
    assert!(matches!(refusal(&verdict), Refusal::NoSuchRole { roles, .. } if *roles == ["readonly", "readwrite"]));
    let verdict = judged("sam prod/orders readonly 2h", tuesday());
    assert_eq!(
        *refusal(&verdict),
        Refusal::NotPermitted {
            because: vec!["acme-read-orders.who".into(), "break-glass.who".into(), "read-orders.who".into()]
        }
    );
}

#[test]
fn without_an_account_at_the_provider_there_is_nothing_to_grant() {
    let set = example_and(
        "policies: [{ id: a, who: { person: sam }, what: { resource: prod/orders, role: readonly }, approve: [{ by: owners }] }]",
    );
    let verdict = evaluate(&set, &asks("sam prod/orders readonly 1h"), tuesday());
    assert_eq!(*refusal(&verdict), Refusal::NoProviderAccount { provider: "orders".parse().unwrap() });
}

// E48
#[test]
fn what_cannot_be_read_never_widens() {
    let unread = |group: &str, facts: &mut Facts| {
        let reading = Reading::Unreadable { source: "Slack group S0X".into() };
        facts.outside.groups.insert(group.parse().unwrap(), reading);
    };
    let source = Refusal::SourceUnreadable { source: "Slack group S0X".into() };
    // As `who` of a permit.
    let mut facts = asks("maya prod/orders readonly 2h");
    unread("contractors/acme", &mut facts);
    assert_eq!(*refusal(&evaluate(&example(), &facts, tuesday())), source);
    // As `who` of a prohibition: it counts as matching.
    let set = example_and("forbid: [{ id: no-security, who: { group: security } }]");
    let mut facts = asks("maya prod/orders readonly 2h");
    assert!(evaluate(&set, &facts, tuesday()).is_allow());
    unread("security", &mut facts);
    let verdict = evaluate(&set, &facts, tuesday());
    assert_eq!((refusal(&verdict), because(&verdict)), (&source, vec!["no-security".to_owned()]));
    // As `who` of a requirement: it counts as matching.
    let set = example_and("require: [{ id: two, who: { group: security }, approvals: 2 }]");
    assert_eq!(steps(&evaluate(&set, &asks("maya prod/orders readonly 2h"), tuesday())), "group/dba 1");
    assert_eq!(steps(&evaluate(&set, &facts, tuesday())), "group/dba 2");
    // As approvers: nobody, and the person reads which source failed.
    let mut facts = asks("maya prod/orders readonly 2h");
    unread("dba", &mut facts);
    let verdict = evaluate(&example(), &facts, tuesday());
    assert_eq!(*refusal(&verdict), source);
}

fn extension(words: &str, times: u32, held: &str) -> Facts {
    let active_since = tuesday().minus(ttl("1h"));
    Facts { purpose: Purpose::Extension { times, active_since, ends_at: active_since.plus(ttl(held)) }, ..asks(words) }
}

#[test]
fn an_extension_has_its_own_limits() {
    let set = example();
    let judged = |facts: Facts| evaluate(&set, &facts, tuesday());
    let allowed = judged(extension("bob prod/orders readonly 2h", 0, "2h"));
    // Nothing but the ceiling over everything, counted from when it was in force.
    assert_eq!(end(&allowed), (tuesday().plus(ttl("23h")), None));
    // The window bounds it like any access.
    let clamped = judged(extension("maya prod/orders readonly 3h", 0, "8h"));
    assert_eq!(end(&clamped), (berlin("2026-11-24T18:00"), Some(Clamp::Window)));
    let often = judged(extension("maya prod/orders readonly 1h", 1, "2h"));
    assert_eq!(*refusal(&often), Refusal::NoExtension { times: 1 });
    let long = judged(extension("maya prod/orders readonly 5h", 0, "8h"));
    assert_eq!(*refusal(&long), Refusal::OverCap { at_most: ttl("4h") });
    let none = judged(extension("bob prod/orders readwrite 1h", 0, "2h"));
    assert_eq!(*refusal(&none), Refusal::NoExtension { times: 0 });
    // It already lasts to the end of the hours: more time would be none.
    let full = judged(extension("maya prod/orders readonly 1h", 0, "9h"));
    assert_eq!(*refusal(&full), Refusal::NoTimeLeft { limit: "window".into() });
}

#[test]
fn facts_and_verdicts_can_be_stored_and_read_again() {
    let facts = asks("maya prod/orders readonly 2h");
    let stored = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&stored).unwrap(), facts);
    for now in [tuesday(), berlin("2026-11-28T10:00")] {
        let verdict = evaluate(&example(), &facts, now);
        let stored = serde_json::to_string(&verdict).unwrap();
        assert_eq!(serde_json::from_str::<Verdict>(&stored).unwrap(), verdict);
    }
}

#[test]
fn a_policy_that_asks_nobody_applies_first_unless_people_are_required() {
    let auto = "policies: [{ id: zz, who: { group: engineering }, what: { resource: '*', role: '*' }, approve: auto }]";
    let set = example_and(auto);
    let verdict = evaluate(&set, &asks("bob prod/orders readonly 1h"), tuesday());
    assert!(matches!(&verdict, Verdict::Allow { policy, mode: Mode::Auto, .. } if policy.as_str() == "zz"));
    assert_eq!(steps(&verdict), "");
    // Whoever owns the resource is asked where a requirement wants people.
    let one = "require: [{ id: one, what: { resource: shop/repo }, approvals: 1 }]";
    let verdict = evaluate(&example_and(&format!("{auto}\n{one}")), &asks("bob shop/repo write 1h"), tuesday());
    assert!(matches!(verdict, Verdict::Allow { mode: Mode::Ask, .. }));
    assert_eq!(steps(&verdict), "group/engineering 1");
    // Nobody would notice that the account is gone.
    let mut facts = asks("bob shop/repo write 1h");
    facts.outside.standings.insert("bob".parse().unwrap(), Standing::Unknown);
    let Verdict::Allow { policy, .. } = evaluate(&set, &facts, tuesday()) else { panic!("the owners can be asked") };
    assert_eq!(policy.as_str(), "engineers-write-repo");
}

// E12
#[test]
fn an_outage_of_slack_is_told_from_a_lack_of_approvers() {
    let mut facts = asks("maya prod/orders readonly 2h");
    facts.outside = Outside::unread();
    let verdict = evaluate(&example(), &facts, tuesday());
    assert_eq!(*refusal(&verdict), Refusal::SourceUnreadable { source: "Slack".into() });
    assert!(verdict.is_for_want_of_answers());
    for person in ["carol", "dave"] {
        facts.outside.standings.insert(person.parse().unwrap(), Standing::Deactivated);
    }
    let verdict = evaluate(&example(), &facts, tuesday());
    assert_eq!(*refusal(&verdict), Refusal::NobodyCanApprove { steps: vec!["group/dba".into()] });
    assert!(!verdict.is_for_want_of_answers());
}
