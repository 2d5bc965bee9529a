//! A small history in a real database, judged again by files of which every effect was worked out by hand.

use tempfile::TempDir;

use super::*;
use crate::access::event::{Actor, Event};
use crate::access::ids::PersonId;
use crate::access::request::{Approval, PolicyRef, Purpose, RequestState, Seat, Terms, TermsHash};
use crate::access::time::Ttl;
use crate::access::words::Words;
use crate::policy::facts::{Manner, Purpose as Asked};
use crate::policy::parse::Source;
use crate::policy::{Outside, Shapes, Verdict, evaluate};
use crate::store::Store;

/// The example of this repository, with each of these texts in place of another.
fn set(changes: &[(&str, &str)]) -> PolicySet {
    let sources = ["people.yaml", "policies.yaml", "resources.yaml"].map(|name| {
        let path = format!("{}/policies/{name}", env!("CARGO_MANIFEST_DIR"));
        Source { name: name.to_owned(), text: std::fs::read_to_string(path).unwrap() }
    });
    let mut sources = Vec::from(sources);
    for (from, to) in changes {
        let source = sources.iter_mut().find(|source| source.text.contains(from)).unwrap_or_else(|| panic!("no `{from}`"));
        source.text = source.text.replacen(from, to, 1);
    }
    PolicySet::parse(sources, Shapes::UNCHECKED).unwrap_or_else(|problem| panic!("{problem}"))
}

fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(at.as_millisecond())
}

/// A data directory in which requests were filed under a policy set.
struct History {
    dir: TempDir,
    store: Store,
    pinned: PolicySet,
    last: i64,
}

impl History {
    fn new() -> History {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), at("2026-08-01T00:00:00Z")).unwrap();
        let pinned = set(&[]);
        let (digest, text) = (pinned.digest().to_owned(), pinned.text().to_owned());
        store.write_blocking(move |tx| tx.keep_policy(&digest, &text, at("2026-08-01T00:00:00Z"))).unwrap();
        History { dir, store, pinned, last: 0 }
    }

    /// `maya prod/orders readonly 2h`, filed at this time; and what people made of it: `yes carol`, `no carol`, or nothing.
    fn asked(&mut self, words: &str, asked_at: &str, then: &str) {
        let facts = facts(words);
        let asked_at = at(asked_at);
        self.last += 1;
        let request = request(&self.pinned, &facts, self.last, asked_at);
        let mut events = vec![Event::RequestAsked { request: Box::new(request) }];
        events.extend(answered(RequestId::from_number(self.last), asked_at, then));
        let (id, facts) = (RequestId::from_number(self.last), serde_json::to_string(&facts).unwrap());
        let write = self.store.write_blocking(move |tx| {
            tx.record_all(asked_at, &Actor::Person("maya".parse().unwrap()), events)?;
            if then_is_kept(id) { tx.keep_facts(id, &facts) } else { Ok(()) }
        });
        write.unwrap();
    }
}

/// Of one request the facts are missing.
fn then_is_kept(id: RequestId) -> bool {
    id.number() != 12
}

fn facts(words: &str) -> Facts {
    let parts: Vec<&str> = words.split_whitespace().collect();
    let person: PersonId = parts[0].parse().unwrap();
    Facts {
        subject: person.clone(),
        filed_by: person,
        resource: parts[1].parse().unwrap(),
        role: parts[2].parse().unwrap(),
        access_for: parts[3].parse().unwrap(),
        reason: Words::typed("OPS-42 CHG-7 slow checkout"),
        purpose: Asked::Access,
        start_at: None,
        manner: Manner::Usual,
        uses: BTreeMap::new(),
        outside: Outside::assumed_active(),
    }
}

fn request(set: &PolicySet, facts: &Facts, id: i64, asked_at: Timestamp) -> Request {
    let Verdict::Allow { policy, steps, mode, ends_at_most, answer_within, start_within, warn_before, .. } =
        evaluate(set, facts, asked_at)
    else {
        panic!("never filed: {facts:?}")
    };
    Request {
        id: RequestId::from_number(id),
        version: 1,
        terms: Terms {
            subject: facts.subject.clone(),
            resource: facts.resource.clone(),
            role: facts.role.clone(),
            access_for: facts.access_for,
            purpose: Purpose::Access,
            parts: Vec::new(),
        },
        terms_hash: TermsHash(0xfedc_ba98_7654_3210),
        filed_by: facts.filed_by.clone(),
        reason: facts.reason.clone(),
        asked_at,
        answer_by: asked_at.plus(answer_within),
        start_at: None,
        start_within,
        ends_at_most,
        warn_before,
        policy: PolicyRef { id: policy, also: Vec::new(), digest: set.digest().to_owned() },
        mode,
        steps,
        approvals: vec![],
        grants: vec![],
        reminding: Default::default(),
        talk: Default::default(),
        state: RequestState::Pending,
    }
}

fn answered(request: RequestId, asked_at: Timestamp, then: &str) -> Vec<Event> {
    let at = asked_at.plus(Ttl::MIN);
    let mut words = then.split_whitespace();
    let answer = words.next();
    let people: Vec<PersonId> = words.map(|name| name.parse().unwrap()).collect();
    match answer {
        Some("yes") => {
            let seat = |by: &PersonId| Seat { step: "x".to_owned(), person: by.clone(), in_place_of: None };
            let seats = people.iter().map(seat).collect();
            let given = people.into_iter().map(|by| Approval { by, at, note: Words::typed("fine"), in_place_of: None });
            let mut events: Vec<Event> = given.map(|approval| Event::ApprovalGiven { request, approval }).collect();
            events.push(Event::RequestApproved { request, at, seats });
            events
        }
        Some("no") => {
            let by = people.into_iter().next().unwrap();
            vec![Event::RequestDenied { request, at, by, in_place_of: None, reason: Words::typed("not today") }]
        }
        Some(_) | None => Vec::new(),
    }
}

fn history() -> History {
    let mut history = History::new();
    history.asked("maya prod/orders readonly 2h", "2026-09-01T06:30:00Z", "yes carol"); //  half past eight
    history.asked("maya prod/orders readonly 2h", "2026-09-01T08:00:00Z", "yes carol"); //  ten o'clock
    history.asked("maya prod/orders readonly 2h", "2026-11-24T07:30:00Z", "yes dave"); //   half past eight
    history.asked("maya prod/orders readonly 2h", "2026-11-24T07:31:00Z", "no dave"); //    as R-3
    history.asked("bob prod/orders readonly 2h", "2026-11-24T10:00:00Z", "yes carol");
    history.asked("bob prod/orders readwrite 1h", "2026-11-24T10:01:00Z", "yes carol erin");
    history.asked("carol cloud/staging poweruser 1h", "2026-11-24T10:02:00Z", "");
    history.asked("hugo shop/repo write 4h", "2026-11-24T10:03:00Z", "yes bob");
    history.asked("bob shop/repo write 4h", "2026-11-24T10:04:00Z", "yes priya");
    history.asked("bob shop/repo write 4h", "2026-11-24T10:05:00Z", "yes carol");
    history.asked("hugo cloud/staging poweruser 4h", "2026-11-25T01:00:00Z", "yes bob"); // two at night
    history.asked("maya prod/orders readonly 2h", "2026-11-25T09:00:00Z", ""); //           R-12, without facts
    history
}

/// What each of these does is said behind it.
const CHANGES: [(&str, &str); 8] = [
    ("hours: \"08:00-18:00\"", "hours: \"09:00-18:00\""), //         denied; R-2 as before
    ("reason: { min_length: 10 }\n    approve: [ { by: owners } ]", "approve: [ { by: owners, count: 2 } ]"), // two
    ("      - { by: group/security, count: 1 }\n", ""),   //           one of two
    ("    approvals: 2\n", ""),                           //                                   and nothing raises it again
    (
        "max: 4h, default: 1h, extend: { times: 1, total: 8h } }\n    reason: { min_length: 10 }\n    approve: [ { by: owners } ]",
        "max: 4h }\n    approve: auto",
    ), //                             nobody
    ("approve: [ { by: sponsor } ]", "approve: [ { by: person/priya } ]"), // another
    ("members: [bob, carol, dave, priya]", "members: [bob, carol, dave]"), // approved by Priya, who is not asked any more
    ("hours: \"20:00-06:00\"", "hours: \"20:00-05:00\""), //         an hour less
];

fn plan(history: &History, changes: &[(&str, &str)], since: &str) -> Plan {
    of(history.dir.path(), &set(changes), at(since)).unwrap()
}

#[test]
fn every_change_is_found_counted_and_named_while_the_database_is_in_use() {
    let history = history();
    let plan = plan(&history, &CHANGES, "2026-08-01T00:00:00Z");
    insta::assert_snapshot!(text(&plan, at("2026-08-01T00:00:00Z")));
    insta::assert_json_snapshot!(as_json(&plan, at("2026-08-01T00:00:00Z")));
}

#[test]
fn the_same_files_change_nothing_and_what_is_older_is_not_looked_at() {
    let history = history();
    let same = plan(&history, &[], "2026-08-01T00:00:00Z");
    assert_eq!((same.judged, same.same, same.groups, same.unjudged.len()), (11, 11, vec![], 1));
    let later = plan(&history, &CHANGES, "2026-11-24T00:00:00Z");
    assert_eq!((later.judged, later.same), (9, 1));
}

#[test]
fn it_works_without_a_bot_too_and_makes_nothing_where_there_is_nothing() {
    let History { dir, store, .. } = history();
    drop(store);
    assert_eq!(of(dir.path(), &set(&[]), at("2026-08-01T00:00:00Z")).unwrap().judged, 11);
    let empty = tempfile::tempdir().unwrap();
    let problem = of(empty.path(), &set(&[]), at("2026-08-01T00:00:00Z")).unwrap_err();
    assert!(problem.to_string().starts_with("there is no database in `"), "{problem}");
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_judged_again_is_named_and_not_guessed() {
    let history = history();
    history.store.write_blocking(|tx| tx.keep_facts(RequestId::from_number(12), "{}")).unwrap();
    let plan = plan(&history, &CHANGES, "2026-11-25T00:00:00Z");
    let [(request, why)] = &plan.unjudged[..] else { panic!("{:?}", plan.unjudged) };
    assert_eq!((request.number(), why.starts_with("its facts cannot be read any more: ")), (12, true), "{why}");
}
