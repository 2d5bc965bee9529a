//! A request, a grant and an entitlement in any state, for tests of the core.

use daypass::access::decide::{Ask, HoldingCommand, Undecided, ask, decide_holding};
use daypass::access::entitlement::{
    Answer, Change, Description, Entitlement, Errand, Holding, Level, Mark, NativeExpiry, Observation, Prior, Seen, Shape,
    Target, Trouble,
};
use daypass::access::event::{About, Event};
use daypass::access::grant::{Grant, GrantState};
use daypass::access::ids::{EntitlementId, GrantId, PersonId, RequestId};
use daypass::access::request::{Mode, PolicyRef, Purpose, Request, Step, Terms, TermsHash};
use daypass::access::review::{Review, ReviewRule, ReviewState};
use daypass::access::time::{Now, Timestamp, Ttl};
use daypass::access::words::Words;
use daypass::access::{apply, entitlement::Class};

pub const HOUR: i64 = 3_600_000;
pub const MINUTE: i64 = 60_000;

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn now(millis: i64) -> Now {
    Now::sound(at(millis))
}

pub fn person(name: &str) -> PersonId {
    name.parse().unwrap()
}

pub fn level(rank: u32) -> Level {
    Level { name: format!("l{rank}"), rank }
}

pub fn trouble(class: Class) -> Trouble {
    Trouble { class, code: "x".to_owned(), message: "x".to_owned() }
}

pub fn review_rule() -> ReviewRule {
    ReviewRule { by: vec!["group/security".to_owned()], within: Ttl::from_minutes(24 * 60).unwrap() }
}

/// Of what Priya filed for Maya at zero, due after a day.
pub fn review() -> Review {
    Review {
        request: RequestId::from_number(1),
        version: 0,
        subject: person("maya"),
        filed_by: person("priya"),
        by: review_rule().by,
        opened_at: at(0),
        due_at: at(24 * HOUR),
        alarms: 0,
        state: ReviewState::Open,
    }
}

/// Asked at zero: two hours of access, four hours to answer, one to begin.
pub fn request() -> Request {
    asked(asking())
}

/// What comes of a question that is put at the beginning.
pub fn asked(ask_for: Ask) -> Request {
    match ask(ask_for, now(0)).unwrap().remove(0) {
        Event::RequestAsked { request } => *request,
        other => panic!("{other:?}"),
    }
}

/// Maya asks for two hours, within a day.
pub fn asking() -> Ask {
    Ask {
        id: RequestId::from_number(1),
        grants: vec![GrantId::from_number(1)],
        terms: Terms {
            subject: person("maya"),
            resource: "prod/orders".parse().unwrap(),
            role: "readonly".parse().unwrap(),
            access_for: Ttl::from_minutes(120).unwrap(),
            purpose: Purpose::Access,
            parts: Vec::new(),
        },
        terms_hash: TermsHash(7),
        filed_by: person("maya"),
        reason: Words::typed("OPS-42"),
        start_at: None,
        answer_within: Ttl::from_minutes(240).unwrap(),
        start_within: Ttl::from_minutes(60).unwrap(),
        ends_at_most: at(24 * HOUR),
        warn_before: Ttl::from_minutes(15).unwrap(),
        policy: PolicyRef { id: "p".parse().unwrap(), also: Vec::new(), digest: "d".to_owned() },
        mode: Mode::Ask,
        steps: vec![Step { by: "group/dba".to_owned(), count: 1 }],
        remind: None,
    }
}

pub fn entitlement(native_expiry: NativeExpiry) -> Entitlement {
    Entitlement {
        id: EntitlementId::from_number(1),
        version: 0,
        description: Description {
            provider: "orders".parse().unwrap(),
            kind: "simulated".to_owned(),
            fingerprint: Some("here".to_owned()),
            subject: "maya".to_owned(),
            thing: "orders".to_owned(),
            shape: Shape::Edge,
            native_expiry,
            remote_name: "daypass-x-g1".to_owned(),
            data: String::new(),
            lands_within_ms: 20_000,
        },
        prior: Prior::Unread,
        target: Target::Absent,
        due: None,
        in_flight: None,
        epoch: 0,
        quiet_at: at(0),
        verified_at: None,
        trouble: None,
    }
}

/// Approved at zero, as `request` asks for it.
pub fn grant(id: i64, rank: u32) -> Grant {
    Grant {
        id: GrantId::from_number(id),
        version: 0,
        request: RequestId::from_number(id),
        entitlement: EntitlementId::from_number(1),
        person: person("maya"),
        level: level(rank),
        access_for: Ttl::from_minutes(120).unwrap(),
        start_at: at(0),
        start_by: at(HOUR),
        latest_end: at(3 * HOUR),
        warn_before: Ttl::from_minutes(15).unwrap(),
        native_expiry: NativeExpiry::None,
        ciphertext: None,
        reveal: None,
        extension: None,
        drifted: false,
        state: GrantState::Planned,
    }
}

/// A holding on which decisions take effect at once.
#[derive(Clone)]
pub struct Story {
    pub holding: Holding,
    pub told: Vec<Event>,
}

impl Story {
    pub fn of(native_expiry: NativeExpiry, grants: Vec<Grant>) -> Story {
        let grants = grants.into_iter().map(|grant| Grant { native_expiry, ..grant }).collect();
        Story { holding: Holding { entitlement: entitlement(native_expiry), grants }, told: Vec::new() }
    }

    pub fn decide(&self, command: HoldingCommand, now: Now) -> Result<Vec<Event>, Undecided> {
        decide_holding(&self.holding, command, now)
    }

    pub fn take(&mut self, events: Vec<Event>) {
        for event in events {
            match event.about() {
                About::Entitlement(_) => {
                    self.holding.entitlement = apply::entitlement(&self.holding.entitlement, &event).unwrap()
                }
                About::Grant(id) => {
                    for grant in self.holding.grants.iter_mut().filter(|grant| grant.id == id) {
                        *grant = apply::grant(grant, &event).unwrap();
                    }
                }
                About::Request(_) | About::Review(_) | About::Lock(_) | About::Nothing => {}
            }
            self.told.push(event);
        }
    }

    pub fn does(&mut self, command: HoldingCommand, millis: i64) -> &mut Self {
        let events = self.decide(command, now(millis)).unwrap();
        self.take(events);
        self
    }

    pub fn ticks(&mut self, millis: i64) -> &mut Self {
        self.does(HoldingCommand::Begin, millis)
    }

    /// The call that is owed starts.
    pub fn calls(&mut self, millis: i64) -> &mut Self {
        self.does(HoldingCommand::StartCall { timeout: std::time::Duration::from_secs(30) }, millis);
        assert!(self.holding.entitlement.in_flight.is_some(), "nothing was owed at {millis}: {:?}", self.holding.entitlement.due);
        self
    }

    /// The call in flight is answered.
    pub fn hears(&mut self, change: Option<Change>, read: Result<Seen, Trouble>, millis: i64) -> &mut Self {
        let epoch = self.holding.entitlement.in_flight.as_ref().unwrap().epoch;
        self.hears_of(epoch, change, read, millis)
    }

    pub fn hears_of(&mut self, epoch: u64, change: Option<Change>, read: Result<Seen, Trouble>, millis: i64) -> &mut Self {
        let read = read.map(|seen| Observation { fingerprint: "here".to_owned(), seen, mark: Mark::Unmarked, at: at(millis) });
        self.does(HoldingCommand::Answer(Answer { epoch, change, read, retry_at: None }), millis)
    }

    /// Read before, nothing there; then given and seen.
    pub fn is_given(&mut self, rank: u32) -> &mut Self {
        self.ticks(0).calls(0).hears(None, Ok(Seen::Absent), 0).calls(0);
        let seen = self.target_as_seen();
        assert_eq!(seen, Seen::Present { level: level(rank), until: self.until() });
        self.hears(Some(Change::Made), Ok(seen), 0)
    }

    /// What a look shows when the target is true.
    pub fn target_as_seen(&self) -> Seen {
        match self.holding.entitlement.target.clone() {
            Target::Absent => Seen::Absent,
            Target::Present { level, until } => Seen::Present { level, until },
        }
    }

    pub fn until(&self) -> Option<Timestamp> {
        match &self.holding.entitlement.target {
            Target::Absent => None,
            Target::Present { until, .. } => *until,
        }
    }

    pub fn state(&self, id: i64) -> &GrantState {
        &self.holding.grant(GrantId::from_number(id)).unwrap().state
    }

    pub fn owes(&self) -> Option<Errand> {
        self.holding.entitlement.due.as_ref().map(|due| due.errand)
    }
}

/// The kinds of events, in order, or the refusal.
pub fn in_short(result: &Result<Vec<Event>, Undecided>) -> String {
    let kind = |event: &Event| {
        let event = serde_json::to_value(event).unwrap();
        match event["change"]["what"].as_str() {
            Some(what) => format!("queue.{what}"),
            None => event["kind"].as_str().unwrap().to_owned(),
        }
    };
    match result {
        Ok(events) if events.is_empty() => "—".to_owned(),
        Ok(events) => events.iter().map(kind).collect::<Vec<_>>().join(", "),
        Err(Undecided::Refused(refusal)) => {
            format!("REFUSED {}", serde_json::to_value(refusal).unwrap()["refusal"].as_str().unwrap())
        }
        Err(Undecided::Illegal(illegal)) => format!("ILLEGAL {illegal}"),
    }
}
