//! What `who-can` and `risky` say, against the judgement itself asked about everybody, everything and every hour.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::random::rules;
use super::*;
use crate::access::ids::{GroupId, PersonId, PolicyId, ResourceId, RoleId};
use crate::access::time::Ttl;
use crate::policy::enumerate::{Horizon, Way, risky, who_can};
use crate::policy::facts::{Reading, Said};
use crate::policy::window::Stretch;

/// Two weeks with the night in which an hour happens twice, and the contract ends of nobody.
fn autumn() -> Horizon {
    Horizon::from(berlin("2026-10-20T00:00"))
}

/// Two weeks with the night in which an hour is left out.
fn spring() -> Horizon {
    Horizon::from(berlin("2027-03-20T07:13"))
}

/// Two weeks in which Hugo's contract ends.
fn january() -> Horizon {
    Horizon::from(berlin("2027-01-25T12:00"))
}

/// A request that no rule on reasons or lengths stands in the way of.
fn shortest(way: (&str, &str, &str), manner: Manner) -> Facts {
    let mut facts = asks(&format!("{} {} {} 1m", way.0, way.1, way.2));
    facts.reason = Words::typed(&format!("OPS-42 CHG-7 JIRA-1 {}", "because it is slow ".repeat(40)));
    facts.manner = manner;
    facts
}

fn holds(stretches: &[Stretch], at: Timestamp) -> bool {
    stretches.iter().any(|stretch| stretch.from <= at && at < stretch.until)
}

/// Everybody is in every group that is read elsewhere, but this person only in these.
fn outside(set: &PolicySet, person: &PersonId, groups: &BTreeSet<GroupId>) -> Outside {
    let members = |group: &GroupId| {
        let others = set.people().keys().filter(|other| *other != person || groups.contains(group));
        Reading::Members(others.cloned().collect())
    };
    let elsewhere = set.groups().keys().filter(|group| set.source_of(group).is_some());
    Outside { groups: elsewhere.map(|group| (group.clone(), members(group))).collect(), ..Outside::assumed_active() }
}

/// Asks the judgement about each of these moments, and compares what it says with what was enumerated for this person and
/// role, were they in exactly these of the groups that are read elsewhere.
fn compare(set: &PolicySet, ways: &[&Way], what: (&PersonId, &str, &str), groups: &BTreeSet<GroupId>, moments: &[Timestamp]) {
    for manner in [Manner::Usual, Manner::BreakGlass] {
        let facts = Facts { outside: outside(set, what.0, groups), ..shortest((what.0.as_str(), what.1, what.2), manner) };
        let is_here = |way: &&&Way| way.manner == manner && way.is_for_members_of(groups);
        let here: Vec<&Way> = ways.iter().filter(is_here).copied().collect();
        for at in moments {
            agrees(set, &here, &facts, groups.is_empty(), *at);
        }
    }
}

fn agrees(set: &PolicySet, here: &[&Way], facts: &Facts, is_in_no_group: bool, at: Timestamp) {
    let open: Vec<&&Way> = here.iter().filter(|way| holds(&way.open, at)).collect();
    match evaluate(set, facts, at) {
        Verdict::Deny { .. } => assert!(open.is_empty(), "{facts:?} at {at:?} is denied, and yet {open:?}"),
        Verdict::Allow { policy, mode, steps, note_required, trace, .. } => {
            let is_bundle = set.bundle(&facts.resource).is_some();
            let permits = trace.lines.iter().filter(|line| matches!(line.said, Said::Permits | Said::Outranked { .. }));
            let permits: BTreeSet<&PolicyId> =
                permits.map(|line| &line.rule).filter(|rule| !is_bundle || **rule == policy).collect();
            assert_eq!(open.iter().map(|way| &way.policy).collect::<BTreeSet<_>>(), permits, "{facts:?} at {at:?}");
            let is_it =
                |way: &Way| (&way.policy, way.mode, &way.steps, way.note_required) == (&policy, mode, &steps, note_required);
            assert!(open.iter().any(|way| is_it(way)), "{facts:?} at {at:?}");
            if is_in_no_group {
                let applies: Vec<&&Way> = here.iter().filter(|way| holds(&way.applies, at)).collect();
                assert!(matches!(applies[..], [way] if is_it(way)), "{facts:?} at {at:?}: {applies:?}");
            }
        }
    }
}

/// Everything that can be asked for.
fn roles(set: &PolicySet) -> Vec<(ResourceId, RoleId)> {
    let roles = set
        .resources()
        .values()
        .flat_map(|resource| resource.roles.iter().map(|role| (resource.id.value.clone(), role.id.value.clone())));
    roles.chain(set.bundles().keys().map(|bundle| (bundle.clone(), "all".parse().unwrap()))).collect()
}

fn every_subset(groups: BTreeSet<GroupId>) -> Vec<BTreeSet<GroupId>> {
    groups.into_iter().fold(vec![BTreeSet::new()], |sets, group| {
        let with = sets.iter().map(|set| set.iter().chain([&group]).cloned().collect());
        sets.iter().cloned().chain(with.collect::<Vec<_>>()).collect()
    })
}

/// Every person, resource and role, at every moment of these.
fn brute_force(set: &PolicySet, horizon: Horizon, moments: &[Timestamp]) {
    let mut without_a_human = Vec::new();
    for (resource, role) in roles(set) {
        let ways = who_can(set, &resource, &role, horizon);
        for person in set.people().keys() {
            let what = (person, resource.as_str(), role.as_str());
            let of_person: Vec<&Way> = ways.iter().filter(|way| way.person == *person).collect();
            for groups in every_subset(set.groups_read_for(&resource, &role)) {
                compare(set, &of_person, what, &groups, moments);
            }
        }
        without_a_human.extend(ways.into_iter().filter(|way| way.steps.is_empty()));
    }
    let risky: Vec<Way> = risky(set, horizon).into_iter().filter(Way::is_without_a_human).collect();
    assert_eq!(risky, without_a_human);
}

/// Every hour of the horizon, and every edge that was found, with the milliseconds beside it.
fn every_hour_and_edge(set: &PolicySet, horizon: Horizon) -> Vec<Timestamp> {
    let hour = Ttl::from_minutes(60).unwrap().as_millis();
    let hours = (0..14 * 24).map(|n| horizon.from.as_millis() + n * hour);
    let ways = roles(set).into_iter().flat_map(|(resource, role)| who_can(set, &resource, &role, horizon));
    let edges = ways.flat_map(|way| way.open).flat_map(|open| [open.from, open.until]).map(Timestamp::as_millis);
    let near = edges.flat_map(|edge| [edge - 1, edge, edge + 1]);
    let all: BTreeSet<i64> =
        hours.chain(near).filter(|at| (horizon.from.as_millis()..horizon.until.as_millis()).contains(at)).collect();
    all.into_iter().map(Timestamp::from_millis).collect()
}

#[test]
fn what_is_enumerated_is_what_is_judged_at_every_hour_through_both_clock_changes() {
    let set = example();
    for horizon in [autumn(), spring(), january()] {
        brute_force(&set, horizon, &every_hour_and_edge(&set, horizon));
    }
}

#[test]
fn hours_that_a_clock_change_moves_are_enumerated_as_they_are_judged() {
    let set = example_and(
        "policies:
  - { id: early, who: { group: dba }, what: { resource: 'prod/*', role: readonly }, when: { days: sun, hours: '02:10-02:50' }, approve: auto }
  - { id: touching, who: { group: dba }, what: { resource: 'prod/*', role: readonly }, when: { days: sat, hours: '20:00-02:10', timezone: America/New_York }, approve: auto }
  - { id: always, who: { kind: employee }, what: { resource: 'cloud/*', role: '*' }, when: { hours: '00:00-24:00' }, approve: [{ by: person/maya }] }",
    );
    for horizon in [autumn(), spring()] {
        brute_force(&set, horizon, &every_hour_and_edge(&set, horizon));
    }
}

#[test]
fn groups_that_are_read_elsewhere_are_tried_in_and_out_and_bundles_as_a_whole() {
    let set = example_and(
        "providers: [{ id: pager, kind: pagerduty, url_env: PAGER_URL }]
groups:
  - { id: on-call, on_call: { provider: pager, schedule: PABC123 } }
  - { id: banned, slack_usergroup: S0BANNED }
bundles: [{ id: debugging, name: Debug, of: ['prod/orders:readonly', 'cloud/staging:poweruser'] }]
policies:
  - { id: on-call, who: { group: on-call }, what: { resource: 'cloud/*', role: '*' }, for: { max: 1h, extend: { times: 1, approve: auto } }, approve: auto, limit: { uses: 5, per: 24h }, otherwise: [{ by: group/security }] }
  - { id: glass, who: { kind: employee }, what: { resource: '*', role: '*' }, for: { max: 30m }, approve: break-glass, review: { by: group/security, within: 24h } }
  - { id: asks-on-call, who: { group: contractors/initech }, what: { resource: shop/repo, role: write }, for: { max: 1h }, approve: [{ by: group/on-call }] }
require:
  - { id: raised, who: { group: on-call }, what: { resource: shop/repo }, approvals: 2 }
forbid:
  - { id: banned, who: { group: banned }, what: { resource: 'cloud/*' } }",
    );
    let horizon = autumn();
    let few: Vec<Timestamp> = every_hour_and_edge(&set, horizon).into_iter().step_by(7).collect();
    brute_force(&set, horizon, &few);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn what_is_enumerated_of_any_rules_is_what_is_judged(
        rules in rules(),
        week in 0i64..60,
        moments in prop::collection::vec(0i64..14 * 24 * 60, 40),
    ) {
        let set = rules.set();
        let horizon = Horizon::from(Timestamp::from_millis(tuesday().as_millis() + week * 7 * 24 * 3_600_000));
        let chosen = moments.iter().map(|minute| Timestamp::from_millis(horizon.from.as_millis() + minute * 60_000));
        brute_force(&set, horizon, &chosen.collect::<Vec<_>>());
        let hours = (0..14 * 24i64).map(|n| Timestamp::from_millis(horizon.from.as_millis() + n * 3_600_000));
        brute_force(&set, horizon, &hours.collect::<Vec<_>>());
    }
}
