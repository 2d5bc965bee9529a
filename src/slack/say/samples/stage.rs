//! The people, things and records that the samples are drawn from: one request in each of its states, one grant in each of its.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::entitlement::{Class, Level, NativeExpiry, Trouble};
use crate::access::grant::{
    CallResult, EndCause, Ended, FailCause, Grant, GrantState, Proof, Recheck, Remains, Revoking, VoidCause, Warning,
};
use crate::access::ids::{EntitlementId, GrantId, NotAnId, PersonId, RequestId};
use crate::access::remind::Reminding;
use crate::access::request::{Approval, Mode, PolicyRef, Purpose, Request, RequestState, Step, Terms, TermsHash};
use crate::access::secret::{Again, LinkHash, Reveal, Sealed};
use crate::access::time::{Timestamp, Ttl};
use crate::access::words::Words;
use crate::slack::say::card::{CardFacts, Mention, Needed};
use crate::slack::say::names::{About, Book, Kind, Names, ResourceName, Risk, RoleName, Who};
use crate::slack::say::status::{Extend, StatusFacts};
use crate::slack::zone::Zone;

/// Made-up people, things and records.
pub(in crate::slack) struct Stage {
    pub(in crate::slack) names: Names,
    pub(in crate::slack) request: Request,
    pub(in crate::slack) grant: Grant,
    pub(in crate::slack) approvers: Vec<PersonId>,
    pub(in crate::slack) mention: Vec<Mention>,
    pub(in crate::slack) still: Vec<Needed>,
    pub(super) said: String,
}

/// 2026-11-24 10:00 in Berlin.
pub(in crate::slack) const TEN: Timestamp = Timestamp::from_millis(1_795_510_800_000);

pub(in crate::slack) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(TEN.as_millis() + minutes * 60_000)
}

pub(in crate::slack) fn ttl(minutes: i64) -> Ttl {
    Ttl::from_minutes(minutes).unwrap_or(Ttl::MIN)
}

impl Stage {
    /// The usual stage.
    pub(in crate::slack) fn set() -> Result<Stage, NotAnId> {
        Stage::with("OPS-42 slow checkout", None)
    }

    /// A stage on which people write `said` and, if given, everybody and everything is called `called`.
    pub(in crate::slack) fn with(said: &str, called: Option<&str>) -> Result<Stage, NotAnId> {
        let called = |usual: &str| called.unwrap_or(usual).to_owned();
        let who = |name: &str, slack: &str, kind: Kind| Who { name: called(name), slack: Some(slack.to_owned()), kind };
        let acme = Kind::Contractor { company: Some(called("Acme")) };
        let people = [
            ("maya", who("Maya Okafor", "U0MAYA", acme)),
            ("carol", who("Carol Diaz", "U0CAROL", Kind::Employee)),
            ("dave", who("Dave Berg", "U0DAVE", Kind::Employee)),
            ("erin", who("Erin Sato", "U0ERIN", Kind::Employee)),
            ("bob", who("Bob Ilic", "U0BOB", Kind::Employee)),
        ];
        let people: Result<BTreeMap<PersonId, Who>, NotAnId> =
            people.into_iter().map(|(id, who)| Ok((id.parse()?, who))).collect();
        let roles = BTreeMap::from([
            ("readonly".parse()?, RoleName { name: called("Read only"), risk: Risk::Normal }),
            ("readwrite".parse()?, RoleName { name: called("Read and write"), risk: Risk::High }),
        ]);
        let write = BTreeMap::from([("write".parse()?, RoleName { name: called("Write"), risk: Risk::High })]);
        let resources = BTreeMap::from([
            ("prod/orders".parse()?, ResourceName { name: called("Orders database"), roles }),
            ("shop/repo".parse()?, ResourceName { name: called("Shop repository"), roles: write }),
            ("orders-debugging".parse()?, ResourceName { name: called("Debug orders"), roles: BTreeMap::new() }),
        ]);
        let providers = BTreeMap::from([("orders-pg".parse()?, called("PostgreSQL of Orders"))]);
        let terms = Terms {
            subject: "maya".parse()?,
            resource: "prod/orders".parse()?,
            role: "readonly".parse()?,
            access_for: ttl(120),
            purpose: Purpose::Access,
            parts: Vec::new(),
        };
        let (request, grant) = (RequestId::from_number(42), GrantId::from_number(57));
        let names = Names {
            book: Arc::new(Book { people: people?, resources, providers, usergroups: BTreeMap::new() }),
            zone: Zone::named("Europe/Berlin"),
            requests: BTreeMap::from([(request, About::from(&terms))]),
            grants: BTreeMap::from([(grant, About::from(&terms))]),
        };
        let approvers: Vec<PersonId> = vec!["carol".parse()?, "dave".parse()?];
        Ok(Stage {
            names,
            request: request_of(terms, said)?,
            grant: grant_of("maya".parse()?),
            still: vec![Needed { by: "group/dba".to_owned(), count: 1, people: approvers.clone() }],
            mention: approvers.iter().cloned().map(Mention::Person).collect(),
            approvers,
            said: said.to_owned(),
        })
    }

    /// The request in another state.
    pub(in crate::slack) fn request_in(&self, state: RequestState) -> Request {
        Request { state, ..self.request.clone() }
    }

    /// The request approved by Carol at 10:04.
    pub(in crate::slack) fn approved(&self) -> Request {
        let approval = |by: &PersonId| Approval { by: by.clone(), at: at(4), note: Words::typed(&self.said), in_place_of: None };
        let approvals = self.approvers.iter().take(1).map(approval).collect();
        Request { approvals, ..self.request_in(RequestState::Approved { at: at(4), seats: Vec::new() }) }
    }

    /// The grant in another state.
    pub(in crate::slack) fn grant_in(&self, state: GrantState) -> Grant {
        Grant { state, ..self.grant.clone() }
    }

    /// The facts of the card of this request.
    pub(in crate::slack) fn card<'a>(&'a self, request: &'a Request, grants: &'a [Grant]) -> CardFacts<'a> {
        let lingers = Some(self.said.as_str());
        CardFacts { request, grants, review: None, still: &self.still, mention: &self.mention, lingers, names: &self.names }
    }

    /// The facts of the requester's message about this request.
    pub(in crate::slack) fn status<'a>(&'a self, request: &'a Request, grants: &'a [Grant]) -> StatusFacts<'a> {
        StatusFacts {
            request,
            grants,
            review: None,
            still: &self.still,
            asked: &self.approvers,
            connect: Some("psql \"host=orders.internal dbname=orders user=maya\""),
            lingers: Some("open sessions are closed"),
            extend: Extend::Offered,
            names: &self.names,
        }
    }

    /// Every state of a request, with a name for it.
    pub(in crate::slack) fn requests(&self) -> Vec<(&'static str, Request)> {
        let by = self.request.terms.subject.clone();
        let carol = self.approvers.first().cloned().unwrap_or_else(|| by.clone());
        let said = Words::typed(&self.said);
        let seconded = Request { state: RequestState::Pending, ..self.approved() };
        let mut risky = self.request.clone();
        risky.mode = Mode::BreakGlass;
        if let Ok(role) = "readwrite".parse() {
            risky.terms.role = role;
        }
        let mut more = self.request.clone();
        more.terms.purpose = Purpose::Extension(self.grant.id);
        more.filed_by = carol.clone();
        let auto = Request { mode: Mode::Auto, ..self.request_in(RequestState::Approved { at: at(0), seats: Vec::new() }) };
        vec![
            ("pending", self.request.clone()),
            ("pending.later", Request { start_at: Some(at(600)), ends_at_most: at(720), ..self.request.clone() }),
            ("seconded", seconded),
            ("break_glass_high_risk", risky),
            ("extension", more),
            ("approved", self.approved()),
            ("approved_by_policy", auto),
            ("denied", self.request_in(RequestState::Denied { at: at(5), by: carol, in_place_of: None, reason: said })),
            ("cancelled", self.request_in(RequestState::Cancelled { at: at(6), by })),
            ("expired", self.request_in(RequestState::Expired { at: at(240) })),
            ("invalidated", self.request_in(RequestState::Invalidated { at: at(7), why: self.said.clone() })),
            ("lapsed", Request { state: RequestState::Lapsed { at: at(64) }, ..self.approved() }),
        ]
    }

    /// Every state of a grant, with a name for it.
    pub(in crate::slack) fn grants(&self) -> Vec<(&'static str, Grant)> {
        let trouble = Trouble { class: Class::Permanent, code: "42501".to_owned(), message: self.said.clone() };
        let revoking = |alarms, remains| {
            let (since, due_at, active_at) = (at(125), at(125), Some(at(5)));
            GrantState::Revoking(Revoking { since, due_at, active_at, cause: EndCause::TimeOver, remains, alarms })
        };
        let ended =
            |cause, proof| GrantState::Ended(Ended { at: at(125), due_at: at(125), active_at: Some(at(5)), cause, proof });
        let word = Proof::Attested { by: self.grant.person.clone(), why: Words::typed(&self.said) };
        let provisioning = |result| GrantState::Provisioning { since: at(4), result };
        let active = GrantState::Active { active_at: at(5), ends_at: at(125), warning: Warning::Owed };
        let secret = Grant { ciphertext: Some(Sealed::armored(SECRET.to_owned())), ..self.grant_in(active.clone()) };
        let on_a_page = |reveal| Grant { reveal: Some(reveal), ..self.grant_in(active.clone()) };
        let waiting = on_a_page(Reveal::Waiting { link: None });
        let shown = on_a_page(Reveal::Shown { at: at(6), by: LinkHash([7; 32]), again: Again::No });
        let failed = GrantState::Failed { at: at(5), why: FailCause::Refused(trouble), recheck: Recheck::Done };
        vec![
            ("planned", self.grant.clone()),
            ("checking", self.grant_in(GrantState::Checking { since: at(4) })),
            ("provisioning", self.grant_in(provisioning(CallResult::Known))),
            ("unclear", self.grant_in(provisioning(CallResult::Unknown { absent_reads: 1 }))),
            ("awaiting_user", self.grant_in(GrantState::AwaitingUser { since: at(5) })),
            ("active", self.grant_in(active.clone())),
            ("active_with_secret", secret),
            ("active_with_page", waiting),
            ("active_and_shown", shown),
            ("revoking", self.grant_in(revoking(0, Remains::Access))),
            ("overdue", self.grant_in(revoking(2, Remains::Access))),
            ("cut", self.grant_in(revoking(1, Remains::Remnant(self.said.clone())))),
            ("void", self.grant_in(GrantState::Void { at: at(5), why: VoidCause::PolicyForbids(self.said.clone()) })),
            ("failed", self.grant_in(failed)),
            ("ended", self.grant_in(ended(EndCause::TimeOver, Proof::ReadBack))),
            ("handed_back", self.grant_in(ended(EndCause::HandedBack, Proof::CoveredBy(self.grant.id)))),
            ("attested", self.grant_in(ended(EndCause::ContractEnded, word))),
            ("held_before", self.grant_in(ended(EndCause::HeldBefore, Proof::NothingSent))),
        ]
    }
}

fn request_of(terms: Terms, said: &str) -> Result<Request, NotAnId> {
    Ok(Request {
        id: RequestId::from_number(42),
        version: 1,
        filed_by: terms.subject.clone(),
        terms,
        terms_hash: TermsHash(0x00ab_cdef_0123_4567),
        reason: Words::typed(said),
        asked_at: TEN,
        answer_by: at(240),
        start_at: None,
        start_within: ttl(60),
        ends_at_most: at(420),
        warn_before: ttl(15),
        policy: PolicyRef {
            id: "acme-read-orders".parse()?,
            also: Vec::new(),
            digest: "9f86d081884c7d659a2feaa0c55ad015".to_owned(),
        },
        mode: Mode::Ask,
        steps: vec![Step { by: "group/dba".to_owned(), count: 1 }],
        approvals: Vec::new(),
        grants: vec![GrantId::from_number(57)],
        reminding: Reminding::default(),
        talk: Default::default(),
        state: RequestState::Pending,
    })
}

fn grant_of(person: PersonId) -> Grant {
    Grant {
        id: GrantId::from_number(57),
        version: 1,
        request: RequestId::from_number(42),
        entitlement: EntitlementId::from_number(7),
        person,
        level: Level { name: "app_reader".to_owned(), rank: 1 },
        access_for: ttl(120),
        start_at: at(4),
        start_by: at(64),
        latest_end: at(184),
        warn_before: ttl(15),
        native_expiry: NativeExpiry::None,
        ciphertext: None,
        reveal: None,
        extension: None,
        drifted: false,
        state: GrantState::Planned,
    }
}

/// Of the form of an age file, and nobody's.
const SECRET: &str = "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNzaC1lZDI1NTE5IG1hZGUtdXAK\n-----END AGE ENCRYPTED FILE-----";
