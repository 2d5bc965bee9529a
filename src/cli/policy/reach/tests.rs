//! What people and programs read of who can reach what.

use super::*;
use crate::policy::Shapes;
use crate::policy::parse::Source;

/// The example of this repository, and more rules.
fn set(more: &str) -> PolicySet {
    let read = |name: &str| {
        let path = format!("{}/policies/{name}", env!("CARGO_MANIFEST_DIR"));
        Source { name: name.to_owned(), text: std::fs::read_to_string(path).unwrap() }
    };
    let mut sources: Vec<Source> = ["people.yaml", "policies.yaml", "resources.yaml"].map(read).into();
    sources.push(Source { name: "more.yaml".to_owned(), text: format!("version: 1\n{more}") });
    PolicySet::parse(sources, Shapes::UNCHECKED).unwrap()
}

fn tuesday() -> Timestamp {
    let at: jiff::Timestamp = "2026-11-24T09:00:00Z".parse().unwrap();
    Timestamp::from_millis(at.as_millisecond())
}

fn told(set: &PolicySet, resource: &str, role: &str, format: Format) -> String {
    let told = tell_who_can(set, &resource.parse().unwrap(), &role.parse().unwrap(), tuesday(), format);
    told.unwrap_or_else(|problem| problem)
}

#[test]
fn whoever_can_get_something_is_listed_with_how_and_when() {
    let set = set("");
    let all = [("prod/orders", "readonly"), ("prod/orders", "readwrite"), ("shop/repo", "write"), ("cloud/staging", "poweruser")];
    insta::assert_snapshot!(all.map(|(resource, role)| told(&set, resource, role, Format::Text)).join("\n\n"));
}

#[test]
fn a_way_behind_another_is_marked_and_narrowed_hours_are_written_out() {
    let set = set("people:
  - { id: ines, name: Ines, kind: contractor, sponsor: bob, contract_ends: 2026-11-28, accounts: { repo: ines } }
policies:
  - { id: quick, who: { group: dba }, what: { resource: shop/repo, role: write }, for: { max: 30m }, when: { days: mon-fri, hours: '09:00-17:00' }, approve: auto }
  - { id: by-ines, who: { person: sam }, what: { resource: cloud/staging, role: '*' }, approve: [{ by: person/ines }] }
  - { id: by-ines-at-noon, who: { person: bob }, what: { resource: cloud/staging, role: '*' }, when: { hours: '12:00-13:00' }, approve: [{ by: person/ines }] }
");
    insta::assert_snapshot!(
        [told(&set, "shop/repo", "write", Format::Text), told(&set, "cloud/staging", "poweruser", Format::Text)].join("\n\n")
    );
    insta::assert_snapshot!(tell_risky(&set, tuesday(), Format::Text));
}

#[test]
fn groups_that_are_read_elsewhere_limits_and_break_glass_are_said_in_words() {
    let set = set("providers: [{ id: pager, kind: pagerduty, url_env: PAGER_URL }]
groups: [{ id: on-call, on_call: { provider: pager, schedule: PABC123 } }]
policies:
  - { id: at-once, who: { group: on-call }, what: { resource: 'cloud/*', role: '*' }, for: { max: 1h }, approve: auto, limit: { uses: 5, per: 24h }, otherwise: [{ by: group/security }] }
  - { id: glass, who: { group: dba }, what: { resource: 'prod/*', role: '*' }, for: { max: 30m }, approve: break-glass, review: { by: group/security, within: 24h } }
  - { id: asks, who: { person: maya }, what: { resource: cloud/staging, role: poweruser }, for: { max: 1h, extend: { times: 1, approve: auto } }, approve: [{ by: group/on-call }] }
");
    insta::assert_snapshot!(tell_risky(&set, tuesday(), Format::Text));
    insta::assert_snapshot!(told(&set, "cloud/staging", "poweruser", Format::Text));
}

#[test]
fn a_program_reads_the_same() {
    let set = set("policies:
  - { id: quick, who: { person: carol }, what: { resource: shop/repo, role: write }, when: { days: mon, hours: '09:00-17:00' }, approve: auto }
");
    insta::assert_snapshot!(
        serde_json::to_string_pretty(&serde_json::from_str::<Value>(&tell_risky(&set, tuesday(), Format::Json)).unwrap())
            .unwrap()
    );
    insta::assert_snapshot!(told(&set, "prod/orders", "readwrite", Format::Json));
}

#[test]
fn nothing_and_nobody_are_said_in_words() {
    let set = set("forbid: [{ id: closed, what: { resource: '*' } }]");
    insta::assert_snapshot!(tell_risky(&set, tuesday(), Format::Text), @"Nothing can be reached without a human, or kept for longer, in the two weeks from Tue 24 Nov 2026 10:00 Europe/Berlin.");
    insta::assert_snapshot!(told(&set, "cloud/staging", "poweruser", Format::Text), @"0 of 9 people can get cloud/staging poweruser, in the two weeks from Tue 24 Nov 2026 10:00 Europe/Berlin.");
    insta::assert_snapshot!(told(&set, "cloud/stagin", "poweruser", Format::Text), @"there is no resource `cloud/stagin`; did you mean `cloud/staging`?");
    insta::assert_snapshot!(told(&set, "cloud/staging", "root", Format::Text), @"there is no role `root` on `cloud/staging`; there are poweruser");
}
