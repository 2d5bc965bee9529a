//! The simulated world: rows that change by committed events only, a worker that reads them, and everything that goes wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use daypass::access::apply;
use daypass::access::decide::{self, HoldingCommand, Undecided, decide_holding};
use daypass::access::entitlement::{Answer, Entitlement, Errand, Holding, Target};
use daypass::access::event::{About, Event};
use daypass::access::grant::{Grant, GrantState};
use daypass::access::ids::{EntitlementId, GrantId, PersonId, RequestId};
use daypass::access::queue::QueueChange;
use daypass::access::request::{Request, RequestState};
use daypass::access::review::Review;
use daypass::access::time::{Now, Timestamp, Trust};
use daypass::clock::{Clock, Judge};
use daypass::worker::choose::choose;

use super::oracle;
use super::provider::{self, Key, Provider};
use super::rng::Rng;

pub const CALL_TIMEOUT_MS: i64 = 10_000;
pub const LANDS_WITHIN_MS: u64 = 20_000;
pub const MINUTE_MS: i64 = 60_000;

/// A defect seeded on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    NoReadBack,
    GivesUpAfterSixTries,
    ScheduleAfterGrant,
    TimersInMemoryOnly,
    AcknowledgesBeforeCommit,
    CallsBeforeCommit,
    IgnoresEndWhileProvisioning,
    AppliesLateAnswers,
    NoCompareAndSet,
}

/// A call on its way to the provider.
#[derive(Debug, Clone)]
pub struct Wire {
    pub entitlement: EntitlementId,
    pub epoch: u64,
    pub errand: Errand,
    pub target: Target,
    pub key: Key,
    pub sent_at: i64,
}

/// The clock as the process sees it: wall time, and time that has passed.
pub struct View(pub i64, pub i64);

impl Clock for View {
    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.0)
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.1).unwrap())
    }
}

pub struct World {
    pub rng: Rng,
    pub mutant: Option<Mutant>,
    /// True time in milliseconds; wall time is this plus `jump`.
    pub time: i64,
    pub jump: i64,
    pub judge: Judge,
    pub alive: bool,
    pub requests: BTreeMap<RequestId, Request>,
    pub reviews: BTreeMap<RequestId, Review>,
    pub grants: BTreeMap<GrantId, Grant>,
    pub entitlements: BTreeMap<EntitlementId, Entitlement>,
    pub log: Vec<Event>,
    pub provider: Provider,
    pub wires: Vec<Wire>,
    /// Answers that were given in time and are on their way for long.
    pub delayed: Vec<(EntitlementId, Answer)>,
    /// Calls that may land later than the provider promised.
    pub unpromised: Vec<(EntitlementId, Target)>,
    pub acknowledged: Vec<(RequestId, PersonId)>,
    /// What a worker that keeps its timers in memory would know of.
    pub remembered: BTreeSet<GrantId>,
    pub calm: bool,
    next: i64,
    pub crashes: u64,
}

impl World {
    pub fn new(seed: u64, mutant: Option<Mutant>) -> Self {
        let time = 1_000_000_000_000;
        World {
            rng: Rng::new(seed),
            mutant,
            time,
            jump: 0,
            judge: Judge::new(Timestamp::from_millis(0), &View(time, time)),
            alive: true,
            requests: BTreeMap::new(),
            reviews: BTreeMap::new(),
            grants: BTreeMap::new(),
            entitlements: BTreeMap::new(),
            log: Vec::new(),
            provider: Provider::default(),
            wires: Vec::new(),
            delayed: Vec::new(),
            unpromised: Vec::new(),
            acknowledged: Vec::new(),
            remembered: BTreeSet::new(),
            calm: false,
            next: 0,
            crashes: 0,
        }
    }

    pub fn now(&self) -> Now {
        self.judge.now(&View(self.time + self.jump, self.time))
    }

    pub fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    pub fn holding(&self, id: EntitlementId) -> Holding {
        let grants = self.grants.values().filter(|grant| grant.entitlement == id && !grant.is_over()).cloned().collect();
        Holding { entitlement: self.entitlements[&id].clone(), grants }
    }

    pub fn fresh(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// One transaction: all of the events, or none.
    pub fn commit(&mut self, events: Vec<Event>) -> Result<(), String> {
        for event in events {
            oracle::before(self, &event)?;
            match event.about() {
                About::Request(id) => match &event {
                    Event::RequestAsked { request } => {
                        self.requests.insert(id, request.as_ref().clone());
                    }
                    event => {
                        let after = apply::request(&self.requests[&id], event).map_err(|e| e.to_string())?;
                        self.requests.insert(id, after);
                    }
                },
                About::Review(id) => self.commit_review(id, &event)?,
                About::Grant(id) => match &event {
                    Event::GrantPlanned { grant } => {
                        self.remembered.insert(id);
                        self.grants.insert(id, grant.as_ref().clone());
                    }
                    event => {
                        let after = apply::grant(&self.grants[&id], event).map_err(|e| e.to_string())?;
                        self.grants.insert(id, after);
                    }
                },
                About::Entitlement(id) => match &event {
                    Event::EntitlementAdded { entitlement } => {
                        self.entitlements.insert(id, entitlement.as_ref().clone());
                    }
                    event => {
                        let after = apply::entitlement(&self.entitlements[&id], event).map_err(|e| e.to_string())?;
                        self.entitlements.insert(id, after);
                    }
                },
                About::Lock(_) | About::Nothing => {}
            }
            oracle::after(self, &event)?;
            self.log.push(event);
        }
        Ok(())
    }

    pub fn on_holding(&mut self, id: EntitlementId, command: HoldingCommand) -> Result<(), String> {
        match decide_holding(&self.holding(id), command, self.now()) {
            Ok(events) => self.commit(events).and_then(|()| self.roll_back(id)),
            Err(Undecided::Refused(_)) => Ok(()),
            Err(Undecided::Illegal(illegal)) => Err(illegal.to_string()),
        }
    }

    pub fn step(&mut self) -> Result<(), String> {
        match self.rng.below(138) {
            0..25 => self.pass_time(),
            25..48 => self.work(),
            48..70 => self.answer_one(),
            70..76 => self.ask(),
            76..96 => self.approve(),
            96..98 => self.say_no(),
            98..101 => self.end_one(),
            101..107 => self.extend_one(),
            107..109 => self.lower_one(),
            109..112 => self.look(),
            112..114 => self.crash(),
            114..116 => self.jump(),
            116..120 => self.interfere(),
            120..122 => self.toggle_provider(),
            122..126 => self.deliver_delayed(),
            134..136 => self.break_glass(),
            136..138 => self.close_one(),
            _ => {
                let rng = &mut self.rng;
                self.provider.land(self.time, || rng.percent(50));
                self.land_unpromised();
                Ok(())
            }
        }
    }

    pub fn pass_time(&mut self) -> Result<(), String> {
        let at = self.now().at.as_millis();
        let due = self
            .entitlements
            .keys()
            .filter_map(|id| self.holding(*id).due_at())
            .map(Timestamp::as_millis)
            .filter(|due| *due > at)
            .min();
        let by = match (self.rng.below(6), due) {
            (0, _) => 1000,
            (1, _) => 30_000,
            (2, _) => 5 * MINUTE_MS,
            (3, _) => 45 * MINUTE_MS,
            (_, Some(due)) => (due - at).min(24 * 60 * MINUTE_MS),
            (_, None) => MINUTE_MS,
        };
        let rng = &mut self.rng;
        self.provider.land(self.time + by, || rng.percent(70));
        self.time += by;
        self.provider.expire(self.time);
        if self.rng.percent(30) {
            self.land_unpromised();
        }
        Ok(())
    }

    /// One round of the worker: time first, then owed calls, as the choice orders them.
    pub fn work(&mut self) -> Result<(), String> {
        if !self.alive {
            return Ok(());
        }
        let now = self.now();
        self.tick_requests()?;
        self.tick_reviews()?;
        for id in self.entitlements.keys().copied().collect::<Vec<_>>() {
            if self.holding(id).due_at().is_some_and(|due| due <= now.at) && !self.is_skipped(id) {
                self.on_holding(id, HoldingCommand::Begin)?;
            }
        }
        for request in self.requests.values().cloned().collect::<Vec<_>>() {
            let grants: Vec<Grant> = self.grants.values().filter(|grant| grant.request == request.id).cloned().collect();
            self.commit(decide::settle(&request, &grants, now))?;
        }
        let due: Vec<Holding> = self.entitlements.keys().map(|id| self.holding(*id)).collect();
        let mut in_flight = BTreeMap::new();
        for holding in due.iter().filter(|holding| holding.entitlement.in_flight.is_some()) {
            *in_flight.entry(holding.entitlement.description.provider.clone()).or_default() += 1;
        }
        for id in choose(&due, &in_flight, now.at) {
            let tries = self.entitlements[&id].due.as_ref().map_or(0, |due| due.attempts);
            if self.has(Mutant::GivesUpAfterSixTries) && tries >= 6 {
                continue;
            }
            self.call(id)?;
            if !self.alive {
                break;
            }
        }
        Ok(())
    }

    /// Whether a worker with this defect would not look at the holding now.
    fn is_skipped(&self, id: EntitlementId) -> bool {
        let holding = self.holding(id);
        let provisioning = |grant: &Grant| matches!(grant.state, GrantState::Provisioning { .. });
        (self.has(Mutant::TimersInMemoryOnly) && holding.grants.iter().any(|grant| !self.remembered.contains(&grant.id)))
            || (self.has(Mutant::IgnoresEndWhileProvisioning) && holding.grants.iter().any(provisioning))
    }

    fn call(&mut self, id: EntitlementId) -> Result<(), String> {
        let timeout = Duration::from_millis(CALL_TIMEOUT_MS.unsigned_abs());
        let events =
            decide_holding(&self.holding(id), HoldingCommand::StartCall { timeout }, self.now()).map_err(|e| e.to_string())?;
        let entitlement = &self.entitlements[&id];
        let Some(Event::Queued { change: QueueChange::CallStarted { epoch, errand, .. }, .. }) = events.first().cloned() else {
            return Ok(());
        };
        let wire = Wire {
            entitlement: id,
            epoch,
            errand,
            target: entitlement.target.clone(),
            key: provider::key_of(&entitlement.description),
            sent_at: self.time,
        };
        let dies = !self.calm && self.rng.percent(2);
        if self.has(Mutant::CallsBeforeCommit) {
            self.wires.push(wire);
            if dies {
                return self.crash();
            }
            return self.commit(events);
        }
        self.commit(events)?;
        if dies {
            return self.crash();
        }
        let removes = wire.errand == Errand::Ensure && wire.target == Target::Absent;
        self.wires.push(wire);
        if removes && self.rng.percent(30) { self.deliver_delayed() } else { Ok(()) }
    }

    /// Everything works again and time goes on, until nothing is left to do.
    pub fn calm_down(&mut self) -> Result<(), String> {
        self.calm = true;
        self.jump = 0;
        self.provider.moved = false;
        self.provider.down = false;
        self.provider.stale.clear();
        for _ in 0..600 {
            self.work()?;
            while !self.wires.is_empty() {
                self.answer_one()?;
            }
            self.deliver_delayed()?;
            self.close_all()?;
            oracle::after_every_step(self)?;
            let now = self.now();
            assert_eq!(now.trust, Trust::Sound);
            let due = self
                .entitlements
                .keys()
                .filter_map(|id| self.holding(*id).due_at())
                .chain(self.requests.values().filter_map(Request::due_at))
                .min();
            let Some(due) = due else { return Ok(()) };
            let by = (due.as_millis() - now.at.as_millis()).max(1);
            self.provider.land(self.time + by, || true);
            self.land_unpromised();
            self.time += by;
            self.provider.expire(self.time);
        }
        Err("something stays due for ever".to_owned())
    }

    pub fn is_undecided(&self, request: &RequestId) -> bool {
        self.requests.get(request).is_some_and(|request| request.state == RequestState::Pending)
    }
}
