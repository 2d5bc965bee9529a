//! Random rules over the example's world, and random requests.

use proptest::prelude::*;

use super::*;

/// A rule's `who` and `what` over the example's world, as YAML.
pub(super) fn scope() -> impl Strategy<Value = String> {
    let who = prop::sample::select(vec![
        "who: { group: contractors/acme }",
        "who: { group: engineering }",
        "who: { group: dba }",
        "who: { kind: contractor }",
        "who: { kind: employee }",
        "who: { company: Initech }",
        "who: { person: bob }",
        "who: { kind: contractor, contract: ended }",
    ]);
    let what = prop::sample::select(vec![
        "what: { resource: '*', role: '*' }",
        "what: { resource: 'prod/*', role: '*' }",
        "what: { resource: prod/orders, role: readonly }",
        "what: { resource: '*', role: '*', risk: high }",
        "what: { resource: shop/repo, role: write }",
        "what: { resource: 'cloud/*', role: 'power*' }",
    ]);
    (who, what).prop_map(|(who, what)| format!("{who}, {what}"))
}

pub(super) fn permit() -> impl Strategy<Value = String> {
    let max = prop::sample::select(vec!["30m", "2h", "24h"]);
    let when =
        prop::sample::select(vec!["", "when: { days: mon-fri, hours: '09:00-11:00' }, ", "when: { hours: '22:00-06:00' }, "]);
    let reason = prop::sample::select(vec!["", r"reason: { ticket: 'OPS-\d+' }, ", "reason: { min_length: 500 }, "]);
    let approve = prop::collection::vec(
        (prop::sample::select(vec!["owners", "sponsor", "manager", "group/dba", "group/security", "person/sam"]), 1u32..3)
            .prop_map(|(by, count)| {
                let count = if by.contains("group") || by == "owners" { count } else { 1 };
                format!("{{ by: {by}, count: {count} }}")
            }),
        1..3,
    );
    let approve = prop_oneof![4 => approve.prop_map(|steps| format!("[{}]", steps.join(", "))), 1 => Just("auto".to_owned()),
        1 => Just("auto, limit: { uses: 2, per: 24h }, otherwise: [{ by: group/security }]".to_owned()),
        1 => Just("break-glass, review: { by: group/security, within: 24h }".to_owned())];
    (scope(), max, when, reason, approve).prop_map(|(scope, max, when, reason, approve)| {
        format!("{scope}, for: {{ max: {max}, extend: {{ times: 1 }} }}, {when}{reason}approve: {approve}")
    })
}

pub(super) fn requirement() -> impl Strategy<Value = String> {
    (scope(), 1u32..5, prop::sample::select(vec!["optional", "required"]))
        .prop_map(|(scope, approvals, note)| format!("{scope}, approvals: {approvals}, note: {note}"))
}

#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) permits: Vec<String>,
    pub(super) requires: Vec<String>,
    pub(super) forbids: Vec<String>,
}

pub(super) fn rules() -> impl Strategy<Value = Rules> {
    let few = 0..4usize;
    (
        prop::collection::vec(permit(), few.clone()),
        prop::collection::vec(requirement(), 0..2),
        prop::collection::vec(scope(), 0..2),
    )
        .prop_map(|(permits, requires, forbids)| Rules { permits, requires, forbids })
}

impl Rules {
    pub(super) fn set(&self) -> PolicySet {
        let section = |name: &str, prefix: &str, rules: &[String]| {
            let rules: Vec<String> =
                rules.iter().enumerate().map(|(n, rule)| format!("  - {{ id: {prefix}{n}, {rule} }}\n")).collect();
            if rules.is_empty() { String::new() } else { format!("{name}:\n{}", rules.concat()) }
        };
        example_and(&format!(
            "{}{}{}",
            section("policies", "p", &self.permits),
            section("require", "r", &self.requires),
            section("forbid", "f", &self.forbids),
        ))
    }

    pub(super) fn and_permit(mut self, rule: String) -> Rules {
        self.permits.push(rule);
        self
    }

    pub(super) fn and_require(mut self, rule: String) -> Rules {
        self.requires.push(rule);
        self
    }

    pub(super) fn and_forbid(mut self, rule: String) -> Rules {
        self.forbids.push(rule);
        self
    }
}

pub(super) fn case() -> impl Strategy<Value = (Facts, Timestamp)> {
    let who = prop::sample::select(vec!["maya", "hugo", "bob", "carol", "sam"]);
    let filer = prop::sample::select(vec!["", "bob", "carol", "dave"]);
    let what =
        prop::sample::select(vec!["prod/orders readonly", "prod/orders readwrite", "shop/repo write", "cloud/staging poweruser"]);
    let length = prop::sample::select(vec!["1m", "1h", "3h", "24h"]);
    let when = (0i64..400 * 24 * 60).prop_map(|minutes| Timestamp::from_millis(tuesday().as_millis() + minutes * 60_000));
    let manner = prop::sample::select(vec![Manner::Usual, Manner::Usual, Manner::Usual, Manner::BreakGlass]);
    let uses = prop::collection::vec(0i64..48, 0..4);
    (who, filer, what, length, when, manner, uses).prop_map(|(who, filer, what, length, now, manner, uses)| {
        let mut facts = asks(&format!("{who} {what} {length}"));
        if !filer.is_empty() {
            facts.filed_by = filer.parse().unwrap();
        }
        facts.manner = manner;
        let ago = |hours: &i64| Timestamp::from_millis(now.as_millis() - hours * 3_600_000);
        facts.uses = [("p0".parse().unwrap(), uses.iter().map(ago).collect())].into();
        (facts, now)
    })
}
