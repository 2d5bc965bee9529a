//! What can become of a call.

use daypass::access::decide::HoldingCommand;
use daypass::access::entitlement::{Answer, Change, Class, Errand, Mark, Observation, Seen, Target};

use super::provider::trouble;
use super::world::{CALL_TIMEOUT_MS, Mutant, Wire, World};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    FailsBefore,
    FailsAfter,
    TimesOut,
    LandsLate,
    Refused,
    CannotBeRead,
    AnswerLost,
    ReadsLag,
    LandsUnpromised,
}

impl World {
    /// One of the calls on the wire reaches its fate.
    pub fn answer_one(&mut self) -> Result<(), String> {
        if self.wires.is_empty() {
            return Ok(());
        }
        let index = usize::try_from(self.rng.below(self.wires.len() as u64)).unwrap();
        let wire = self.wires.swap_remove(index);
        let faults = [
            Fault::None,
            Fault::None,
            Fault::None,
            Fault::FailsBefore,
            Fault::FailsAfter,
            Fault::TimesOut,
            Fault::LandsLate,
            Fault::Refused,
            Fault::CannotBeRead,
            Fault::AnswerLost,
            Fault::ReadsLag,
            Fault::LandsUnpromised,
            Fault::LandsUnpromised,
            Fault::LandsUnpromised,
        ];
        let fault = if self.calm || self.rng.percent(60) { Fault::None } else { *self.rng.pick(&faults).unwrap() };
        // Nobody reaches a provider by a call that was sent too long ago.
        let stale = self.time > wire.sent_at + CALL_TIMEOUT_MS;
        let Some((change, acted_late)) = self.change(&wire, fault, stale) else { return Ok(()) };
        if acted_late {
            self.lands_late(&wire);
        }
        let read = if fault == Fault::CannotBeRead || self.provider.down || stale {
            Err(trouble(Class::Transient, "unreachable"))
        } else {
            let (seen, mark) = self.provider.read(&wire.key);
            Ok(Observation { fingerprint: self.provider.fingerprint(), seen, mark, at: self.now().at })
        };
        let read = if self.has(Mutant::NoReadBack) && wire.errand == Errand::Ensure {
            let seen = match wire.target.clone() {
                Target::Absent => Seen::Absent,
                Target::Present { level, until } => Seen::Present { level, until },
            };
            Ok(Observation { fingerprint: "one".to_owned(), seen, mark: Mark::Ours, at: self.now().at })
        } else {
            read
        };
        let epoch = match &self.entitlements[&wire.entitlement].in_flight {
            Some(call) if self.has(Mutant::AppliesLateAnswers) => call.epoch,
            _ => wire.epoch,
        };
        let dies = !self.calm && self.rng.percent(3) && self.jump == 0;
        if dies {
            return self.crash();
        }
        if !self.alive {
            return Ok(());
        }
        let answer = Answer { epoch, change, read, retry_at: None };
        if !self.calm && self.rng.percent(8) {
            self.delayed.push((wire.entitlement, answer));
            return Ok(());
        }
        self.on_holding(wire.entitlement, HoldingCommand::Answer(answer))
    }

    /// What the changing part of the call did. `None`: no answer ever comes.
    fn change(&mut self, wire: &Wire, fault: Fault, stale: bool) -> Option<(Option<Change>, bool)> {
        let ambiguous = Change::Failed(trouble(Class::Ambiguous, "timeout"));
        if wire.errand != Errand::Ensure {
            return (fault != Fault::AnswerLost).then_some((None, false));
        }
        if stale {
            // It was sent in time, and its fate was decided then.
            let acts = self.rng.percent(50) && self.time <= wire.sent_at + CALL_TIMEOUT_MS + super::world::LANDS_WITHIN_MS as i64;
            if acts {
                self.act(wire);
            }
            return Some((Some(ambiguous), false));
        }
        if self.provider.down {
            return Some((Some(Change::Failed(trouble(Class::Transient, "down"))), false));
        }
        Some(match fault {
            Fault::None | Fault::CannotBeRead => (Some(self.act(wire)), false),
            Fault::FailsBefore => (Some(Change::Failed(trouble(Class::Transient, "busy"))), false),
            Fault::FailsAfter => {
                self.act(wire);
                (Some(ambiguous), false)
            }
            Fault::TimesOut => (Some(ambiguous), false),
            Fault::LandsLate => (Some(ambiguous), true),
            Fault::LandsUnpromised => {
                self.unpromised.push((wire.entitlement, wire.target.clone()));
                (Some(ambiguous), false)
            }
            Fault::Refused => (Some(Change::Failed(trouble(Class::Permanent, "refused"))), false),
            Fault::AnswerLost => {
                if self.rng.percent(50) {
                    self.act(wire);
                } else {
                    self.lands_late(wire);
                }
                return None;
            }
            Fault::ReadsLag => {
                let before = self.provider.truth.get(&wire.key).cloned();
                let change = self.act(wire);
                self.provider.stale.insert(wire.key.clone(), before);
                (Some(change), false)
            }
        })
    }

    fn act(&mut self, wire: &Wire) -> Change {
        if self.provider.moved {
            return Change::AlreadySo;
        }
        let before = self.provider.truth.get(&wire.key).cloned();
        self.provider.act(&wire.key, &wire.target);
        if before == self.provider.truth.get(&wire.key).cloned() { Change::AlreadySo } else { Change::Made }
    }
}
