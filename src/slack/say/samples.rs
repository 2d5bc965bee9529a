//! One of each: every message and form with made-up facts, as JSON, so that Slack's own published models can check them, and
//! so that tests can draw all of them with hostile or endless texts. Nothing of it is ever sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::card::{CardFacts, Needed, card};
use super::forms::{ExtendForm, Outlook, RequestForm, deny_form, errors, extend_form, request_form, sentence};
use super::lists::{Able, Can, Held, help, mine, pending};
use super::names::{About, Book, Kind, Names, ResourceName, Risk, RoleName, Who};
use super::notice::{Alarm, EndsSoon, Overdue, alarm, ends_soon, news, overdue, overdue_is_over};
use super::refusal::{not_understood, refused};
use super::reply::{Reply, reply};
use super::status::{Extend, StatusFacts, status};
use super::why::{Before, WhyFacts, details, why};
use crate::access::entitlement::{Class, Level, NativeExpiry, Trouble};
use crate::access::grant::{
    CallResult, EndCause, Ended, FailCause, Grant, GrantState, Proof, Remains, Revoking, VoidCause, Warning,
};
use crate::access::ids::{EntitlementId, GrantId, NotAnId, PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::{Approval, Mode, PolicyRef, Purpose, Request, RequestState, Step, Terms, TermsHash};
use crate::access::time::{Timestamp, Ttl};
use crate::access::words::Words;
use crate::slack::block::{Choice, Message, View};
use crate::slack::command::Command;
use crate::slack::zone::Zone;

/// Every message and form: `{"messages": {name: {"text", "blocks"}}, "views": {name: view}}`.
pub fn samples() -> Result<Value, NotAnId> {
    Stage::set()?.play()
}

/// Made-up people, things and records.
pub(in crate::slack) struct Stage {
    pub(in crate::slack) names: Names,
    pub(in crate::slack) request: Request,
    pub(in crate::slack) grant: Grant,
    pub(in crate::slack) approvers: Vec<PersonId>,
    pub(in crate::slack) still: Vec<Needed>,
    said: String,
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
        let resources = BTreeMap::from([("prod/orders".parse()?, ResourceName { name: called("Orders database"), roles })]);
        let providers = BTreeMap::from([("orders-pg".parse()?, called("PostgreSQL of Orders"))]);
        let terms = Terms {
            subject: "maya".parse()?,
            resource: "prod/orders".parse()?,
            role: "readonly".parse()?,
            access_for: ttl(120),
            purpose: Purpose::Access,
        };
        let (request, grant) = (RequestId::from_number(42), GrantId::from_number(57));
        let names = Names {
            book: Arc::new(Book { people: people?, resources, providers }),
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
        let approval = |by: &PersonId| Approval { by: by.clone(), at: at(4), note: Words::typed(&self.said) };
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
        CardFacts { request, grants, still: &self.still, mention: &self.approvers, lingers, names: &self.names }
    }

    /// The facts of the requester's message about this request.
    pub(in crate::slack) fn status<'a>(&'a self, request: &'a Request, grants: &'a [Grant]) -> StatusFacts<'a> {
        StatusFacts {
            request,
            grants,
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
            ("seconded", seconded),
            ("break_glass_high_risk", risky),
            ("extension", more),
            ("approved", self.approved()),
            ("approved_by_policy", auto),
            ("denied", self.request_in(RequestState::Denied { at: at(5), by: carol, reason: said })),
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
        let secret = Grant { ciphertext: Some(SECRET.to_owned()), ..self.grant_in(active.clone()) };
        let failed = GrantState::Failed { at: at(5), why: FailCause::Refused(trouble), recheck_at: None };
        vec![
            ("planned", self.grant.clone()),
            ("checking", self.grant_in(GrantState::Checking { since: at(4) })),
            ("provisioning", self.grant_in(provisioning(CallResult::Known))),
            ("unclear", self.grant_in(provisioning(CallResult::Unknown { absent_reads: 1 }))),
            ("awaiting_user", self.grant_in(GrantState::AwaitingUser { since: at(5) })),
            ("active", self.grant_in(active)),
            ("active_with_secret", secret),
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

    /// Everything, drawn.
    pub(in crate::slack) fn play(&self) -> Result<Value, NotAnId> {
        let mut messages = Map::new();
        let mut put = |name: String, message: Message| messages.insert(name, message.to_json());
        for (name, request) in self.requests() {
            put(format!("card.{name}"), card(&self.card(&request, &[])));
            put(format!("status.{name}"), status(&self.status(&request, &[])));
            put(format!("news.{name}"), news(&self.status(&request, &[])));
            put(format!("why.{name}"), why(&self.why(&request, &[])));
        }
        let approved = self.approved();
        let mut more = approved.clone();
        more.terms.purpose = Purpose::Extension(self.grant.id);
        for (name, grant) in self.grants() {
            let grants = std::slice::from_ref(&grant);
            put(format!("card.approved.{name}"), card(&self.card(&approved, grants)));
            put(format!("status.approved.{name}"), status(&self.status(&approved, grants)));
            put(format!("status.extension.{name}"), status(&self.status(&more, grants)));
            put(format!("news.approved.{name}"), news(&self.status(&approved, grants)));
        }
        for (name, message) in self.others()? {
            put(name, message);
        }
        let views: Map<String, Value> = self.views().into_iter().map(|(name, view)| (name.to_owned(), view.to_json())).collect();
        let problems = errors(&BTreeMap::from([(super::field::REASON, self.said.clone())]));
        Ok(json!({ "messages": messages, "views": views, "answers": { "errors": problems } }))
    }

    fn why<'a>(&'a self, request: &'a Request, before: &'a [Before<'a>]) -> WhyFacts<'a> {
        WhyFacts {
            card: self.card(request, &[]),
            about: Some(&self.said),
            sponsor: self.approvers.first(),
            contract_ends: Some(at(60 * 24 * 30)),
            why_you: Some("you own the Orders database"),
            before,
        }
    }

    fn others(&self) -> Result<Vec<(String, Message)>, NotAnId> {
        let names = &self.names;
        let (request, grant) = (self.request.id, self.grant.id);
        let active = self.grants().into_iter().filter(|(name, _)| *name == "active").map(|(_, grant)| grant).collect::<Vec<_>>();
        let held: Vec<Held<'_>> = active.iter().map(|grant| Held { grant, extend: Extend::Offered }).collect();
        let another = Request { id: RequestId::from_number(43), ..self.request.clone() };
        let waiting = [&self.request, &another];
        let (yes, no) = (Can::Yes, Can::No);
        let soon = EndsSoon {
            grant,
            ends_at: at(125),
            more_asked: Some(request),
            extend: Extend::Offered,
            lingers: Some(&self.said),
            names,
        };
        let mut all = vec![
            ("mine.nothing".to_owned(), mine(&[], &[], names)),
            ("mine".to_owned(), mine(&held, &waiting, names)),
            ("pending.nothing".to_owned(), pending(&[], names)),
            ("pending".to_owned(), pending(&waiting, names)),
            ("help.all".to_owned(), help(Able { ask: yes, decide: yes, revoke: yes })),
            ("help.least".to_owned(), help(Able { ask: no, decide: no, revoke: no })),
            ("ends_soon".to_owned(), ends_soon(&EndsSoon { more_asked: None, ..soon }, &self.grant, at(110))),
            ("ends_soon.more_asked".to_owned(), ends_soon(&soon, &self.grant, at(110))),
            (
                "refused".to_owned(),
                refused(&Refusal::NoSuchResource { asked: self.said.clone(), similar: vec![self.said.clone()] }, names),
            ),
            ("seconded".to_owned(), reply(&Reply::Seconded { request, missing: 1 }, names)),
        ];
        if let Command::NotUnderstood(words) = Command::read(&format!("mine {}", self.said)) {
            all.push(("not_understood".to_owned(), not_understood(&words)));
        }
        for (name, grant) in self.grants() {
            match &grant.state {
                GrantState::Revoking(revoking) => all.push((format!("overdue.{name}"), self.overdue(revoking)?)),
                GrantState::Ended(ended) => {
                    all.push((format!("overdue_is_over.{name}"), overdue_is_over(grant.id, ended, names)))
                }
                _ => {}
            }
        }
        let problems = vec![self.said.clone(); 8];
        let alarms = [
            ("policy_refused", Alarm::PolicyRefused { problems }),
            ("clock_suspect", Alarm::ClockSuspect),
            ("clock_sound", Alarm::ClockSound),
            ("provider_moved", Alarm::ProviderMoved { provider: "orders-pg".parse()? }),
            ("drifted", Alarm::Drifted { grant }),
            ("break_glass", Alarm::BreakGlass { request }),
            ("undelivered", Alarm::Undelivered { to: self.said.clone(), about: self.said.clone() }),
        ];
        all.extend(alarms.into_iter().map(|(name, what)| (format!("alarm.{name}"), alarm(&what, names))));
        Ok(all)
    }

    fn overdue(&self, revoking: &Revoking) -> Result<Message, NotAnId> {
        let trouble = Trouble { class: Class::NeedsHuman, code: "2BP01".to_owned(), message: self.said.clone() };
        let facts = Overdue {
            grant: self.grant.id,
            revoking,
            provider: &"orders-pg".parse()?,
            account: "maya",
            thing: "app_reader",
            attempts: 9,
            trouble: Some(&trouble),
            by_hand: "Run REVOKE app_reader FROM maya; on the Orders database.",
            names: &self.names,
        };
        Ok(overdue(&facts, at(160)))
    }

    fn views(&self) -> Vec<(&'static str, View)> {
        let names = &self.names;
        let choice = |number: usize| Choice { text: format!("{} {number}", self.said), value: format!("prod/orders-{number}") };
        let many: Vec<Choice> = (0..150).map(choice).collect();
        let few = many.get(..3).unwrap_or_default();
        let lengths = [ttl(30), ttl(60), ttl(120), ttl(480)];
        let lingers = Some("Open sessions are closed at the end");
        let outlook = Outlook { asked: &self.approvers, at_most: at(420), because: Some("end of the window"), lingers };
        let empty = RequestForm {
            resources: few,
            resource: None,
            roles: &[],
            role: None,
            lengths: &lengths,
            length: None,
            until: "",
            reason: "",
            ticket: None,
            outlook: None,
            names,
        };
        let filled = RequestForm {
            resource: few.first(),
            roles: few,
            role: few.first().map(|choice| choice.value.as_str()),
            length: Some(ttl(120)),
            until: "until fri 12:00",
            reason: &self.said,
            ticket: Some("OPS-42"),
            outlook: Some(outlook),
            ..empty.clone()
        };
        let searched = RequestForm { resources: &many, ..filled.clone() };
        let (grant, ends_at, at_most) = (self.grant.id, at(125), at(420));
        let more = ExtendForm { grant, ends_at, lengths: &lengths, at_most, asked: &self.approvers, names };
        let before = Before { request: self.request.id, asked_at: at(-60), state: "approved" };
        let before = [before; 7];
        let forms = [
            ("request.empty", request_form(&empty)),
            ("request.filled", request_form(&filled)),
            ("request.searched", request_form(&searched)),
            ("extend", extend_form(&more)),
        ];
        let mut views: Vec<(&'static str, View)> = forms.into_iter().filter_map(|(name, view)| Some((name, view?))).collect();
        views.push(("deny", deny_form(&self.request, names)));
        views.push(("details", details(&self.why(&self.request, &before))));
        views.push(("sentence", sentence("Request access", &self.said)));
        views
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
        policy: PolicyRef { id: "acme-read-orders".parse()?, digest: "9f86d081884c7d659a2feaa0c55ad015".to_owned() },
        mode: Mode::Ask,
        steps: vec![Step { by: "group/dba".to_owned(), count: 1 }],
        approvals: Vec::new(),
        grants: vec![GrantId::from_number(57)],
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
        extension: None,
        drifted: false,
        state: GrantState::Planned,
    }
}

/// Of the form of an age file, and nobody's.
const SECRET: &str = "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNzaC1lZDI1NTE5IG1hZGUtdXAK\n-----END AGE ENCRYPTED FILE-----";

#[cfg(test)]
mod tests;
