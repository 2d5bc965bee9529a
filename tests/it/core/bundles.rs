//! All or nothing, as a table and as laws: what one part's state means for the others.

use std::fmt::Write as _;

use daypass::access::decide::rolled_back;
use daypass::access::grant::{EndCause, Grant, GrantState};
use daypass::access::ids::GrantId;
use proptest::prelude::*;

use super::table::grant_states;
use super::things::{at, grant};

fn parts(states: &[GrantState]) -> Vec<Grant> {
    (1..).zip(states).map(|(id, state)| Grant { state: state.clone(), ..grant(id, 1) }).collect()
}

/// What follows for the parts, in short.
fn in_short(parts: &[Grant]) -> String {
    let gone = rolled_back(parts);
    let each: Vec<String> = gone.iter().map(|part| format!("{}: {:?}", part.grant, part.cause)).collect();
    if each.is_empty() { "—".to_owned() } else { each.join(", ") }
}

// E1
#[test]
fn every_state_of_a_part_beside_one_that_is_set_up_and_one_that_is_in_force() {
    let states = grant_states();
    let state = |name: &str| states.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let mut table = String::new();
    for beside in ["planned", "provisioning", "active"] {
        writeln!(table, "beside one that is {beside}").unwrap();
        for (name, other) in &states {
            writeln!(table, "    {name:<24} {}", in_short(&parts(&[other.clone(), state(beside)]))).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

fn any_state() -> impl Strategy<Value = GrantState> {
    let states: Vec<GrantState> = grant_states().into_iter().map(|(_, state)| state).collect();
    prop::sample::select(states)
}

fn is_under_way(grant: &Grant) -> bool {
    !matches!(grant.state, GrantState::Revoking(_) | GrantState::Void { .. } | GrantState::Failed { .. } | GrantState::Ended(_))
}

proptest! {
    // E1
    #[test]
    fn all_that_is_under_way_goes_or_nothing_does(states in prop::collection::vec(any_state(), 1..5)) {
        let parts = parts(&states);
        let gone = rolled_back(&parts);
        let under_way: Vec<GrantId> = parts.iter().filter(|part| is_under_way(part)).map(|part| part.id).collect();
        let going: Vec<GrantId> = gone.iter().map(|part| part.grant).collect();
        prop_assert!(gone.is_empty() || going == under_way);
        // Nothing goes without a part that is over, nor once all were in force.
        let over = parts.iter().any(|part| !is_under_way(part));
        prop_assert!(gone.is_empty() || (over && !parts.iter().all(Grant::came_in_force)));
        prop_assert!(gone.iter().all(|part| !matches!(part.cause, EndCause::SiblingFailed(id) if id == part.grant)));
    }

    // E1
    #[test]
    fn a_failed_part_leaves_nothing_under_way(states in prop::collection::vec(any_state(), 1..4), failed in 0usize..4) {
        let mut states = states;
        let failure = GrantState::Failed {
            at: at(0),
            why: daypass::access::grant::FailCause::NotThere,
            recheck: daypass::access::grant::Recheck::Done,
        };
        states.insert(failed.min(states.len()), failure);
        let parts = parts(&states);
        let going: Vec<GrantId> = rolled_back(&parts).iter().map(|part| part.grant).collect();
        prop_assert!(parts.iter().all(|part| !is_under_way(part) || going.contains(&part.id)));
    }
}
