//! Requests of two parts in the simulated world: what a part that failed does to the other one, in the same transaction.

use std::collections::BTreeSet;

use daypass::access::decide::{HoldingCommand, RollBack, rolled_back};
use daypass::access::event::Event;
use daypass::access::grant::{EndCause, Grant, GrantState};
use daypass::access::ids::{EntitlementId, RequestId};

use super::world::World;

impl World {
    pub fn grants_of(&self, request: RequestId) -> Vec<Grant> {
        self.grants.values().filter(|grant| grant.request == request).cloned().collect()
    }

    /// What goes with what just happened to this entitlement.
    pub fn roll_back(&mut self, id: EntitlementId) -> Result<(), String> {
        let requests: BTreeSet<RequestId> =
            self.grants.values().filter(|grant| grant.entitlement == id).map(|grant| grant.request).collect();
        for request in requests {
            for RollBack { grant, entitlement, cause } in rolled_back(&self.grants_of(request)) {
                self.on_holding(entitlement, HoldingCommand::End { grant, cause })?;
            }
        }
        Ok(())
    }
}

/// E1: beside a part that could not be given, none is given or still under way.
pub fn all_or_nothing(world: &World) -> Result<(), String> {
    for request in world.requests.keys() {
        let grants = world.grants_of(*request);
        let not_given = |grant: &&Grant| matches!(grant.state, GrantState::Failed { .. } | GrantState::Void { .. });
        let waits = |grant: &&Grant| matches!(grant.state, GrantState::Planned | GrantState::Checking { .. });
        let failed = grants.iter().find(not_given);
        let other = grants.iter().find(|grant| grant.is_live() || waits(grant));
        if let (Some(failed), Some(other)) = (failed, other) {
            return Err(format!(
                "E1: {} was not given, and {} of the same request is {}",
                failed.id,
                other.id,
                other.state.name()
            ));
        }
    }
    Ok(())
}

#[test]
fn some_histories_roll_a_part_back_and_some_have_all_in_force() {
    let (mut rolled_back, mut in_force) = (0, 0);
    for seed in 0..150 {
        let mut world = World::new(seed, None);
        super::run(&mut world).unwrap_or_else(|problem| panic!("DAYPASS_SEED={seed}: {problem}"));
        let goes = |event: &&Event| matches!(event, Event::GrantEnded { cause: EndCause::SiblingFailed(_), .. });
        rolled_back += world.log.iter().filter(goes).count();
        in_force += world
            .requests
            .keys()
            .map(|request| world.grants_of(*request))
            .filter(|grants| grants.len() > 1 && grants.iter().all(Grant::came_in_force))
            .count();
    }
    assert!(rolled_back > 0 && in_force > 0, "{rolled_back} rolled back, {in_force} in force");
}
