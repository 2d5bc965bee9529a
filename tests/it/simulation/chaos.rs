//! What goes wrong in the simulated world: crashes, clocks that jump, providers that do not answer, others who interfere.

use daypass::access::decide::HoldingCommand;
use daypass::access::entitlement::{Entitlement, Errand, Prior, Target};
use daypass::access::grant::{Grant, GrantState, Recheck};
use daypass::access::time::Timestamp;
use daypass::clock::Judge;

use super::provider::{self, Key};
use super::world::{CALL_TIMEOUT_MS, LANDS_WITHIN_MS, MINUTE_MS, Mutant, View, Wire, World};

impl World {
    /// A call lands after its grant was declared failed, later than the provider promised.
    pub fn land_unpromised(&mut self) {
        for (id, target) in std::mem::take(&mut self.unpromised) {
            let holding = self.holding(id);
            let rank = match &target {
                Target::Present { level, .. } => level.rank,
                Target::Absent => 0,
            };
            // A look that is still to come for a lower level of the same thing does not cover what was looked for before.
            let declared = |grant: &Grant| {
                grant.level.rank >= rank && matches!(grant.state, GrantState::Failed { recheck: Recheck::At(_), .. })
            };
            let cleaned_up = holding.entitlement.due.is_none() && holding.entitlement.in_flight.is_none();
            if cleaned_up && holding.grants.iter().any(declared) && holding.grants.iter().all(|grant| !grant.is_live()) {
                self.provider.act(&provider::key_of(&holding.entitlement.description), &target);
            } else if !holding.grants.is_empty() {
                self.unpromised.push((id, target));
            }
        }
    }

    pub fn deliver_delayed(&mut self) -> Result<(), String> {
        for (id, mut answer) in std::mem::take(&mut self.delayed) {
            if !self.calm && self.rng.percent(60) {
                self.delayed.push((id, answer));
                continue;
            }
            match &self.entitlements[&id].in_flight {
                Some(call) if self.has(Mutant::AppliesLateAnswers) => answer.epoch = call.epoch,
                _ => {}
            }
            self.on_holding(id, HoldingCommand::Answer(answer))?;
        }
        Ok(())
    }

    /// The process dies. What it had sent may still land; nobody waits for an answer any more.
    pub fn crash(&mut self) -> Result<(), String> {
        if self.jump != 0 {
            return Ok(());
        }
        self.crashes += 1;
        for wire in std::mem::take(&mut self.wires) {
            if wire.errand == Errand::Ensure && self.rng.percent(50) {
                self.lands_late(&wire);
            }
        }
        self.delayed.clear();
        self.remembered.clear();
        self.alive = false;
        self.start()
    }

    pub fn lands_late(&mut self, wire: &Wire) {
        let lands_by = wire.sent_at + CALL_TIMEOUT_MS + i64::try_from(LANDS_WITHIN_MS).unwrap();
        self.provider.late.push(provider::Late { key: wire.key.clone(), target: wire.target.clone(), lands_by });
    }

    pub fn start(&mut self) -> Result<(), String> {
        self.alive = true;
        self.judge = Judge::new(Timestamp::from_millis(0), &View(self.time, self.time));
        for id in self.entitlements.keys().copied().collect::<Vec<_>>() {
            if self.entitlements[&id].in_flight.is_some() {
                self.on_holding(id, HoldingCommand::AbandonCall)?;
            }
        }
        Ok(())
    }

    pub fn jump(&mut self) -> Result<(), String> {
        let jumps = [0, 0, 10 * MINUTE_MS, 60 * MINUTE_MS, -20 * MINUTE_MS, -90 * MINUTE_MS];
        self.jump = *self.rng.pick(&jumps).unwrap();
        Ok(())
    }

    /// The provider does not answer for a while, and the worker keeps trying.
    pub fn outage(&mut self) -> Result<(), String> {
        self.provider.down = true;
        for _ in 0..10 {
            self.work()?;
            while !self.wires.is_empty() {
                self.answer_one()?;
            }
            self.pass_time()?;
        }
        self.provider.down = false;
        Ok(())
    }

    pub fn toggle_provider(&mut self) -> Result<(), String> {
        match self.rng.below(6) {
            0 => return self.outage(),
            1..3 => self.provider.moved = !self.provider.moved,
            _ => self.provider.down = !self.provider.down,
        }
        Ok(())
    }

    pub fn is_at_rest(&self, key: &Key) -> bool {
        let of_key = |entitlement: &&Entitlement| provider::key_of(&entitlement.description) == *key;
        self.entitlements.values().filter(of_key).all(|entitlement| {
            entitlement.prior == Prior::Unread
                && self.holding(entitlement.id).grants.is_empty()
                && entitlement.in_flight.is_none()
        })
    }

    /// Somebody else changes what is there: gives something while we are not concerned, or takes something away.
    pub fn interfere(&mut self) -> Result<(), String> {
        let subject = self.requester();
        let key: Key = (subject.to_string(), "edge".to_owned());
        if self.is_at_rest(&key) && self.rng.percent(70) {
            let rank = 1 + u32::try_from(self.rng.below(2)).unwrap();
            self.provider.standing.insert(key.clone(), rank);
            self.provider.truth.insert(key, provider::Held { rank, until: None, ours: false });
        } else {
            if self.is_at_rest(&key) {
                self.provider.standing.remove(&key);
            }
            self.provider.truth.remove(&key);
            self.provider.taken.insert(key, self.time);
        }
        Ok(())
    }
}
