//! Tests of the store on real files, with a made-up time that only the tests move.

mod auditing;
mod messages;
mod opening;
mod rows;
mod writing;

use tempfile::TempDir;

use super::*;
use crate::access::entitlement::{Description, Entitlement, Errand, Level, NativeExpiry, Prior, Shape, Target};
use crate::access::event::{Actor, Event};
use crate::access::grant::{EndCause, Grant, GrantState, Proof};
use crate::access::ids::{EntitlementId, GrantId, PersonId, RequestId};
use crate::access::queue::QueueChange;
use crate::access::request::{Approval, Mode, PolicyRef, Purpose, Request, RequestState, Seat, Step, Terms, TermsHash};
use crate::access::time::Ttl;
use crate::access::words::Words;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1000)
}

fn person(name: &str) -> PersonId {
    name.parse().unwrap()
}

fn maya() -> Actor {
    Actor::Person(person("maya"))
}

fn ttl(minutes: i64) -> Ttl {
    Ttl::from_minutes(minutes).unwrap()
}

fn readonly() -> Level {
    Level { name: "readonly".to_owned(), rank: 2 }
}

fn request(id: i64) -> Request {
    Request {
        id: RequestId::from_number(id),
        version: 1,
        terms: Terms {
            subject: person("maya"),
            resource: "prod/orders".parse().unwrap(),
            role: "readonly".parse().unwrap(),
            access_for: ttl(120),
            purpose: Purpose::Access,
            parts: Vec::new(),
        },
        terms_hash: TermsHash(0xfedc_ba98_7654_3210),
        filed_by: person("maya"),
        reason: Words::typed("OPS-42 slow checkout"),
        asked_at: at(0),
        answer_by: at(3600),
        start_at: None,
        start_within: ttl(60),
        ends_at_most: at(86_400),
        warn_before: ttl(15),
        policy: PolicyRef { id: "orders".parse().unwrap(), also: Vec::new(), digest: "d1".to_owned() },
        mode: Mode::Ask,
        steps: vec![Step { by: "group/dba".to_owned(), count: 1 }],
        approvals: vec![],
        grants: vec![GrantId::from_number(id)],
        reminding: Default::default(),
        talk: Default::default(),
        state: RequestState::Pending,
    }
}

fn entitlement(id: i64) -> Entitlement {
    Entitlement {
        id: EntitlementId::from_number(id),
        version: 1,
        description: Description {
            provider: "orders".parse().unwrap(),
            kind: "sandbox".to_owned(),
            fingerprint: None,
            subject: "maya".to_owned(),
            thing: format!("prod/orders#{id}"),
            shape: Shape::Edge,
            native_expiry: NativeExpiry::None,
            remote_name: format!("daypass-0123456789abcdef-g{id}"),
            data: "{}".to_owned(),
            lands_within_ms: 5_000,
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

fn grant(id: i64) -> Grant {
    Grant {
        id: GrantId::from_number(id),
        version: 1,
        request: RequestId::from_number(id),
        entitlement: EntitlementId::from_number(id),
        person: person("maya"),
        level: readonly(),
        access_for: ttl(120),
        start_at: at(60),
        start_by: at(3660),
        latest_end: at(10_860),
        warn_before: ttl(15),
        native_expiry: NativeExpiry::None,
        ciphertext: None,
        reveal: None,
        extension: None,
        drifted: false,
        state: GrantState::Planned,
    }
}

fn asked(id: i64) -> Event {
    Event::RequestAsked { request: Box::new(request(id)) }
}

/// From the question to the committed grant.
fn approval(id: i64) -> Vec<Event> {
    let request = RequestId::from_number(id);
    let by = person("carol");
    vec![
        asked(id),
        Event::ApprovalGiven {
            request,
            approval: Approval { by: by.clone(), at: at(60), note: Words::typed("fine, til 5"), in_place_of: None },
        },
        Event::RequestApproved {
            request,
            at: at(60),
            seats: vec![Seat { step: "group/dba".to_owned(), person: by, in_place_of: None }],
        },
        Event::EntitlementAdded { entitlement: Box::new(entitlement(id)) },
        Event::GrantPlanned { grant: Box::new(grant(id)) },
    ]
}

fn call(id: i64, epoch: u64, errand: Errand, seconds: i64) -> [Event; 3] {
    let entitlement = EntitlementId::from_number(id);
    [
        QueueChange::Owed { errand, at: at(seconds), since: at(seconds), attempts: 0 },
        QueueChange::CallStarted { epoch, errand, at: at(seconds), give_up_at: at(seconds + 30) },
        QueueChange::CallOver { quiet_at: at(seconds) },
    ]
    .map(|change| Event::Queued { entitlement, change })
}

/// From the committed grant to the access being in force.
fn activation(id: i64) -> Vec<Event> {
    let (grant, entitlement) = (GrantId::from_number(id), EntitlementId::from_number(id));
    let target = Target::Present { level: readonly(), until: None };
    let mut events = vec![Event::GrantChecking { grant, at: at(61) }];
    events.extend(call(id, 1, Errand::ReadPrior, 61));
    events.extend([
        Event::PriorRead { entitlement, prior: Prior::Absent, fingerprint: "server-1".to_owned() },
        Event::GrantProvisioning { grant, at: at(62) },
        Event::Retargeted { entitlement, target, at: at(62) },
    ]);
    events.extend(call(id, 2, Errand::Ensure, 62));
    events.extend([
        Event::Verified { entitlement, at: at(63) },
        Event::GrantActivated { grant, active_at: at(63), ends_at: at(63 + 7200) },
        Event::Queued { entitlement, change: QueueChange::Paid },
    ]);
    events
}

/// From the access being in force to its proven end.
fn ending(id: i64) -> Vec<Event> {
    let (grant, entitlement, due_at) = (GrantId::from_number(id), EntitlementId::from_number(id), at(63 + 7200));
    let mut events = vec![
        Event::GrantWarned { grant },
        Event::GrantRevoking { grant, at: due_at, due_at, cause: EndCause::TimeOver },
        Event::Retargeted { entitlement, target: Target::Absent, at: due_at },
    ];
    events.extend(call(id, 3, Errand::Ensure, 63 + 7200));
    events.extend([
        Event::Verified { entitlement, at: at(7264) },
        Event::GrantEnded { grant, at: at(7264), due_at, cause: EndCause::TimeOver, proof: Proof::ReadBack },
        Event::Queued { entitlement, change: QueueChange::Paid },
        Event::AtRest { entitlement },
    ]);
    events
}

fn whole_life(id: i64) -> Vec<Event> {
    [approval(id), activation(id), ending(id)].concat()
}

/// A store in a directory of its own.
struct Stage {
    dir: TempDir,
    store: Store,
}

impl Stage {
    fn new() -> Stage {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), at(0)).unwrap();
        Stage { dir, store }
    }

    async fn record(&self, events: Vec<Event>) -> Result<(), StoreError> {
        self.store.write(move |tx| tx.record_all(at(0), &maya(), events)).await
    }

    /// A second connection that writes behind the store's back, as an operator with a shell could.
    fn shell(&self) -> Connection {
        Connection::open(self.dir.path().join(place::DATABASE_FILE)).unwrap()
    }

    /// Closes and opens it again, as a restart does.
    fn restarted(self) -> Stage {
        let Stage { dir, store } = self;
        drop(store);
        let store = Store::open(dir.path(), at(0)).unwrap();
        Stage { dir, store }
    }
}
