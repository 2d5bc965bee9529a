//! What `who-can` and `risky` say, against the judgement itself asked about everybody, everything and every hour.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::random::rules;
use super::*;
use crate::access::ids::PolicyId;
use crate::access::time::Ttl;
use crate::policy::enumerate::{Horizon, Way, risky, who_can};
use crate::policy::facts::Said;
use crate::policy::file::Approve;
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

/// Asks the judgement about one moment, and compares what it says with what was enumerated for this person and role.
fn compare(set: &PolicySet, ways: &[&Way], what: (&str, &str, &str), at: Timestamp) {
    for manner in [Manner::Usual, Manner::BreakGlass] {
        let breaks = manner == Manner::BreakGlass;
        // Where a rule wants people even so, the mode alone does not tell in which manner it is asked.
        let is_for_glass = |way: &&&Way| matches!(set.policy(&way.policy).unwrap().approve, Approve::BreakGlass(_));
        let here: Vec<&&Way> = ways.iter().filter(|way| is_for_glass(way) == breaks).collect();
        let open: BTreeSet<&PolicyId> = here.iter().filter(|way| holds(&way.open, at)).map(|way| &way.policy).collect();
        let applies: Vec<&&&Way> = here.iter().filter(|way| holds(&way.applies, at)).collect();
        match evaluate(set, &shortest(what, manner), at) {
            Verdict::Deny { .. } => assert!(open.is_empty(), "{what:?} at {at:?} is denied, and yet {open:?}"),
            Verdict::Allow { policy, mode, steps, note_required, trace, .. } => {
                let permits = trace.lines.iter().filter(|line| matches!(line.said, Said::Permits | Said::Outranked { .. }));
                assert_eq!(open, permits.map(|line| &line.rule).collect(), "{what:?} at {at:?}");
                let [way] = applies[..] else { panic!("{what:?} at {at:?}: {} ways apply", applies.len()) };
                assert_eq!((&way.policy, way.mode, &way.steps, way.note_required), (&policy, mode, &steps, note_required));
            }
        }
    }
}

/// Every person, resource and role, at every moment of these.
fn brute_force(set: &PolicySet, horizon: Horizon, moments: &[Timestamp]) {
    let risky = risky(set, horizon);
    let mut without_a_human = Vec::new();
    for resource in set.resources().values() {
        for role in &resource.roles {
            let ways = who_can(set, &resource.id.value, &role.id.value, horizon);
            for person in set.people().keys() {
                let what = (person.as_str(), resource.id.value.as_str(), role.id.value.as_str());
                let of_person: Vec<&Way> = ways.iter().filter(|way| way.person == *person).collect();
                moments.iter().for_each(|at| compare(set, &of_person, what, *at));
            }
            without_a_human.extend(ways.into_iter().filter(|way| way.steps.is_empty()));
        }
    }
    assert_eq!(risky, without_a_human);
}

/// Every hour of the horizon, and every edge that was found, with the milliseconds beside it.
fn every_hour_and_edge(set: &PolicySet, horizon: Horizon) -> Vec<Timestamp> {
    let hour = Ttl::from_minutes(60).unwrap().as_millis();
    let hours = (0..14 * 24).map(|n| horizon.from.as_millis() + n * hour);
    let ways = set.resources().values().flat_map(|resource| {
        resource.roles.iter().flat_map(|role| who_can(set, &resource.id.value, &role.id.value, horizon)).collect::<Vec<_>>()
    });
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
