//! What happened in histories, counted: a run in which something never happened has shown nothing of it.

use daypass::access::event::Event;
use daypass::access::grant::EndCause;

use super::world::World;

/// What happened in a history, so that a test can see that the histories are worth running.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    pub requests: u64,
    pub activated: u64,
    pub ended: u64,
    pub failed: u64,
    pub held_before: u64,
    pub overdue: u64,
    pub covered: u64,
    pub extended: u64,
    pub landed_late: u64,
    pub crashes: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.requests += other.requests;
        self.activated += other.activated;
        self.ended += other.ended;
        self.failed += other.failed;
        self.held_before += other.held_before;
        self.overdue += other.overdue;
        self.covered += other.covered;
        self.extended += other.extended;
        self.landed_late += other.landed_late;
        self.crashes += other.crashes;
    }

    /// Each of these must have happened, or the histories prove nothing.
    pub fn assert_interesting(&self) {
        let Tally { requests, activated, ended, failed, held_before, overdue, covered, extended, landed_late, crashes } = self;
        for (what, count) in [
            ("requests", requests),
            ("activated", activated),
            ("ended", ended),
            ("failed", failed),
            ("held before", held_before),
            ("overdue", overdue),
            ("covered", covered),
            ("extended", extended),
            ("landed late", landed_late),
            ("crashes", crashes),
        ] {
            assert!(*count > 0, "no history in which something was {what}: {self:?}");
        }
    }
}

impl World {
    pub fn tally(&self) -> Tally {
        let count = |wanted: fn(&Event) -> bool| self.log.iter().filter(|event| wanted(event)).count() as u64;
        Tally {
            requests: count(|e| matches!(e, Event::RequestAsked { .. })),
            activated: count(|e| matches!(e, Event::GrantActivated { .. })),
            ended: count(|e| matches!(e, Event::GrantEnded { .. })),
            failed: count(|e| matches!(e, Event::GrantFailed { .. })),
            held_before: count(|e| matches!(e, Event::GrantEnded { cause: EndCause::HeldBefore, .. })),
            overdue: count(|e| matches!(e, Event::GrantOverdue { .. })),
            covered: count(|e| matches!(e, Event::GrantEnded { proof: daypass::access::grant::Proof::CoveredBy(_), .. })),
            extended: count(|e| matches!(e, Event::GrantExtended { .. })),
            landed_late: count(|e| matches!(e, Event::GrantRevoking { cause: EndCause::LandedLate, .. })),
            crashes: self.crashes,
        }
    }
}
