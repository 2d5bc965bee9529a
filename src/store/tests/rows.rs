//! The rows: what goes in comes out, and nothing changes them behind the log's back.

use super::*;
use crate::access::entitlement::{Class, Trouble};
use crate::access::grant::{FailCause, Recheck, VoidCause};
use crate::access::review::{Finding, Review, ReviewState};

#[tokio::test]
async fn rows_come_back_as_they_were_written_in_every_state() {
    let stage = Stage::new();
    let mut expected = Replayed::default();
    for event in whole_life(1) {
        expected.apply(&event).unwrap();
        stage.record(vec![event]).await.unwrap();
        let one = EntitlementId::from_number(1);
        let found = stage
            .store
            .read(move |r| Ok((r.request(RequestId::from_number(1))?, r.grant(GrantId::from_number(1))?, r.entitlement(one)?)))
            .await
            .unwrap();
        assert_eq!(found.0.as_ref(), expected.requests.get(&RequestId::from_number(1)));
        assert_eq!(found.1.as_ref(), expected.grants.get(&GrantId::from_number(1)));
        assert_eq!(found.2.as_ref(), expected.entitlements.get(&one));
    }
}

/// Every way for a grant to go on from where `before` leaves it.
fn grant_outcomes(grant: GrantId) -> Vec<(usize, Event)> {
    let trouble = Trouble { class: Class::Permanent, code: "42501".to_owned(), message: "permission denied".to_owned() };
    let (at, due_at) = (at(100), at(90));
    let voids = [
        VoidCause::By(person("carol")),
        VoidCause::Lapsed,
        VoidCause::PolicyForbids("orders.when".to_owned()),
        VoidCause::ContractEnded,
        VoidCause::PersonDeactivated,
        VoidCause::Drained,
        VoidCause::Locked(crate::access::ids::LockId::from_number(3), "priya".parse().unwrap()),
        VoidCause::SiblingFailed(GrantId::from_number(7)),
    ];
    let fails = [FailCause::Unreadable, FailCause::ProviderMoved, FailCause::Refused(trouble), FailCause::NotThere];
    let ends = [
        EndCause::TimeOver,
        EndCause::HandedBack,
        EndCause::RevokedBy(person("carol")),
        EndCause::Withdrawn(person("carol")),
        EndCause::StartMissed,
        EndCause::ContractEnded,
        EndCause::PersonDeactivated,
        EndCause::Drained,
        EndCause::Locked(crate::access::ids::LockId::from_number(3), "priya".parse().unwrap()),
        EndCause::PolicyForbids("orders.when".to_owned()),
        EndCause::SiblingFailed(GrantId::from_number(7)),
        EndCause::RemovedOutside,
        EndCause::LandedLate,
        EndCause::HeldBefore,
    ];
    let in_force = activation(1).len();
    let mut outcomes = Vec::new();
    outcomes.extend(voids.into_iter().map(|why| (0, Event::GrantVoided { grant, at, why })));
    outcomes.extend(fails.into_iter().map(|why| (1, Event::GrantFailed { grant, at, why, recheck: Recheck::At(due_at) })));
    outcomes.extend(ends.into_iter().map(|cause| (in_force, Event::GrantRevoking { grant, at, due_at, cause })));
    outcomes
}

#[tokio::test]
async fn every_cause_and_every_proof_comes_back() {
    let stage = Stage::new();
    let mut expected = Replayed::default();
    let outcomes = grant_outcomes(GrantId::from_number(0)).len();
    for number in 1..=i64::try_from(outcomes).unwrap() {
        let grant = GrantId::from_number(number);
        let (after, outcome) = grant_outcomes(grant).swap_remove(usize::try_from(number).unwrap() - 1);
        let mut events = approval(number);
        events.extend(activation(number).into_iter().take(after));
        let is_revoking = matches!(outcome, Event::GrantRevoking { .. });
        events.push(outcome);
        if is_revoking {
            let proof = match number % 3 {
                0 => Proof::ReadBack,
                1 => Proof::CoveredBy(GrantId::from_number(3)),
                _ => Proof::Attested { by: person("carol"), why: Words::typed("I looked myself") },
            };
            events.push(Event::GrantCut { grant, remnant: "the login owns a table".to_owned() });
            events.push(Event::GrantOverdue { grant, alarm: 2 });
            events.push(Event::GrantDrifted { grant, seen: "another level".to_owned() });
            events.push(Event::GrantEnded { grant, at: at(200), due_at: at(90), cause: EndCause::TimeOver, proof });
        }
        for event in &events {
            expected.apply(event).unwrap();
            stage.record(vec![event.clone()]).await.unwrap();
            let found = stage.store.read(move |r| r.grant(grant)).await.unwrap();
            assert_eq!(found.as_ref(), expected.grants.get(&grant));
        }
    }
    assert_eq!(stage.store.read(|r| r.rows_unlike_the_log()).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn every_end_of_a_request_comes_back() {
    let stage = Stage::new();
    let (by, when) = (person("carol"), at(9));
    let ends: Vec<fn(RequestId, PersonId, Timestamp) -> Event> = vec![
        |request, by, at| Event::RequestDenied {
            request,
            at,
            in_place_of: Some(person("erin")),
            by,
            reason: Words::typed("not today"),
        },
        |request, by, at| Event::RequestCancelled { request, at, by },
        |request, _, at| Event::RequestExpired { request, at },
        |request, _, at| Event::RequestInvalidated { request, at, why: "the contract ended".to_owned() },
    ];
    for (id, end) in (1..).zip(ends) {
        let end = end(RequestId::from_number(id), by.clone(), when);
        let expected = replay([&asked(id), &end]).unwrap();
        stage.record(vec![asked(id), end]).await.unwrap();
        let found = stage.store.read(move |r| r.request(RequestId::from_number(id))).await.unwrap().unwrap();
        assert_eq!(Some(&found), expected.requests.get(&found.id));
    }
}

#[tokio::test]
async fn the_log_replayed_gives_the_rows() {
    let stage = Stage::new();
    for id in 1..=3 {
        stage.record(whole_life(id)).await.unwrap();
    }
    stage.record([approval(4), activation(4)].concat()).await.unwrap();
    assert_eq!(stage.store.read(|r| r.rows_unlike_the_log()).await.unwrap(), Vec::<String>::new());
    let shell = stage.shell();
    shell
        .execute_batch(
            "DROP TRIGGER requests_change_with_the_log; UPDATE requests SET reason = 'none of your business' WHERE id = 2",
        )
        .unwrap();
    assert_eq!(stage.store.read(|r| r.rows_unlike_the_log()).await.unwrap(), ["R-2"]);
}

#[tokio::test]
async fn rows_do_not_change_behind_the_back_of_the_log() {
    // I17
    let stage = Stage::new();
    stage.record([approval(1), activation(1)].concat()).await.unwrap();
    let shell = stage.shell();
    for sql in [
        "UPDATE grants SET ends_at = ends_at + 1",
        "UPDATE grants SET ends_at = ends_at + 1, version = version + 1",
        "UPDATE grants SET ends_at = ends_at + 1, version = version + 1, audit_seq = 1",
        "UPDATE grants SET ends_at = ends_at + 1, version = version + 1, audit_seq = (SELECT MAX(seq) FROM audit WHERE about = 'E-1')",
        "UPDATE requests SET subject = 'eve'",
        "UPDATE requests SET approvals = '[]', version = version + 1",
        "UPDATE entitlements SET target = 'absent', target_level = NULL, target_rank = NULL, version = version + 1",
        "UPDATE entitlements SET prior = 'unread', version = version + 1",
        "UPDATE entitlements SET owed_errand = NULL, owed_at = NULL, owed_since = NULL, owed_attempts = NULL",
        "DELETE FROM grants",
        "DELETE FROM requests",
        "DELETE FROM entitlements",
        "INSERT OR REPLACE INTO grants SELECT * FROM grants",
        "INSERT OR REPLACE INTO requests SELECT * FROM requests",
        "UPDATE audit SET actor = 'daypass'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1",
        "INSERT INTO audit SELECT seq + 100, at, actor, about, kind, leaf, leaf_hash, completed, root FROM audit",
        "UPDATE words SET text = 'else'",
        "DELETE FROM words",
        "UPDATE meta SET audit_size = audit_size - 1",
        "UPDATE meta SET installation = '0000000000000000'",
        "DELETE FROM meta",
    ] {
        assert!(shell.execute(sql, []).is_err(), "{sql}");
    }
    assert_eq!(stage.store.read(|r| r.rows_unlike_the_log()).await.unwrap(), Vec::<String>::new());
    assert!(stage.store.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn a_row_that_breaks_a_rule_is_refused_even_with_a_line_of_the_log() {
    let stage = Stage::new();
    stage.record(approval(1)).await.unwrap();
    let mut twin = entitlement(2);
    twin.description.thing = entitlement(1).description.thing;
    let mut nobodys = grant(2);
    nobodys.entitlement = EntitlementId::from_number(99);
    let mut late = request(3);
    late.answer_by = at(-1);
    for event in [
        Event::EntitlementAdded { entitlement: Box::new(twin) },
        Event::GrantPlanned { grant: Box::new(nobodys) },
        Event::GrantPlanned { grant: Box::new(grant(1)) },
        Event::RequestAsked { request: Box::new(late) },
    ] {
        let refused = stage.record(vec![event.clone()]).await;
        assert!(matches!(refused, Err(StoreError::Forbidden(_))), "{event:?}: {refused:?}");
    }
    assert_eq!(stage.store.verify_audit().await.unwrap().unwrap().size, 5, "refused events leave no line");
}

#[tokio::test]
async fn a_grant_does_not_come_back_from_its_end_nor_end_without_proof() {
    // I13: below `access::apply`, which refuses it as well.
    let stage = Stage::new();
    stage.record(whole_life(1)).await.unwrap();
    stage.record([approval(2), activation(2)].concat()).await.unwrap();
    let shell = stage.shell();
    shell.execute_batch("DROP TRIGGER grants_change_with_the_log").unwrap();
    let back = "UPDATE grants SET state = 'active', ends_at = 1, warned = 0, end_due_at = NULL, cause = NULL, over_at = NULL,
                proof = NULL WHERE id = 1";
    assert!(shell.execute(back, []).unwrap_err().to_string().contains("does not come back"));
    let end = "UPDATE grants SET state = 'ended', ends_at = NULL, warned = NULL, end_due_at = 1, cause = 'time_over', over_at = 1
               WHERE id = 2";
    assert!(shell.execute(end, []).unwrap_err().to_string().contains("CHECK"));
}

#[tokio::test]
async fn what_is_due_comes_in_order_and_what_must_go_comes_first() {
    let stage = Stage::new();
    stage.record([approval(1), activation(1)].concat()).await.unwrap();
    stage.record(approval(2)).await.unwrap();
    stage.record(vec![asked(3)]).await.unwrap();
    let due = |now| stage.store.read(move |r| Ok((r.due_holdings(now, 10)?, r.due_requests(now, 10)?, r.next_due()?)));
    let (one, two) = (EntitlementId::from_number(1), EntitlementId::from_number(2));
    assert_eq!(due(at(59)).await.unwrap(), (vec![], vec![], Some(at(60))));
    assert_eq!(due(at(60)).await.unwrap().0, [two]);
    assert_eq!(due(at(3600)).await.unwrap().1, [RequestId::from_number(3)]);
    assert_eq!(due(at(7263)).await.unwrap().0, [one, two], "the end comes before the beginning that has waited longer");
    assert_eq!(stage.store.read(|r| r.due_holdings(at(7263), 1)).await.unwrap(), [one]);
}

#[tokio::test]
async fn questions_about_people_find_what_is_theirs() {
    let stage = Stage::new();
    stage.record([approval(1), activation(1)].concat()).await.unwrap();
    let mut extension = request(2);
    extension.terms.purpose = Purpose::Extension(GrantId::from_number(1));
    extension.filed_by = person("bob");
    let terms = extension.terms.clone();
    stage.record(vec![Event::RequestAsked { request: Box::new(extension) }]).await.unwrap();
    let two = Some(RequestId::from_number(2));
    stage
        .store
        .read(move |r| {
            assert_eq!(r.pending_requests_of(&person("bob"))?.len(), 1);
            assert_eq!(r.pending_requests_of(&person("maya"))?.len(), 1);
            assert_eq!(r.pending_requests_of(&person("eve"))?.len(), 0);
            assert_eq!(r.identical_pending(&terms, None)?, two);
            assert_eq!(r.identical_pending(&request(1).terms, None)?, None);
            assert_eq!(r.pending_extension_of(GrantId::from_number(1))?, two);
            let (resource, role) = ("prod/orders".parse().unwrap(), "readonly".parse().unwrap());
            assert_eq!(r.live_grants_of(&person("maya"), &resource, &role)?[0].id.number(), 1);
            assert!(r.live_grants_of(&person("bob"), &resource, &role)?.is_empty());
            assert_eq!(r.find_entitlement(&"orders".parse().unwrap(), "maya", "prod/orders#1")?.unwrap().grants.len(), 1);
            assert_eq!(r.holding_of_grant(GrantId::from_number(1))?.unwrap().entitlement.id.number(), 1);
            assert_eq!(r.open_grants_of(&person("maya"))?.len(), 1);
            let counts = r.counts()?;
            assert_eq!((counts.pending, counts.live, counts.overdue), (1, 1, 0));
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn numbers_are_given_once_and_count_from_one() {
    let stage = Stage::new();
    let first = stage.store.write(|tx| Ok::<_, StoreError>((tx.reserve_request_id()?, tx.reserve_grant_id()?))).await.unwrap();
    let stage = stage.restarted();
    let second = stage.store.write(|tx| tx.reserve_request_id()).await.unwrap();
    assert_eq!((first.0.to_string(), first.1.to_string(), second.to_string()), ("R-1".into(), "G-1".into(), "R-2".into()));
}

#[tokio::test]
async fn the_worker_and_a_click_never_walk_whole_tables() {
    // What is asked on every tick and every click must not get slower with the years. The log of what SQLite runs is
    // planned anew here; a plan that begins with a walk over a table (`SCAN grants`) names no index.
    let stage = Stage::new();
    stage.record([approval(1), activation(1)].concat()).await.unwrap();
    let shell = stage.shell();
    let questions = concat!(include_str!("../reader.rs"), include_str!("../feedback.rs"));
    let mut planned = 0;
    for sql in questions.split('"').filter(|text| text.starts_with("SELECT") || text.starts_with("WITH")) {
        if sql.contains("FROM requests ORDER BY") || sql.contains("FROM grants ORDER BY") {
            continue;
        }
        let mut statement = shell.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let step: String = row.get(3).unwrap();
            let walks = ["requests", "grants", "entitlements"].iter().any(|table| step == format!("SCAN {table}"));
            assert!(!walks, "{step}: {sql}");
        }
        planned += 1;
    }
    assert!(planned > 12, "the questions are no longer found: {planned}");
}

fn broken_glass(id: i64) -> Vec<Event> {
    let mut events = approval(id);
    let request = RequestId::from_number(id);
    let review = Review {
        request,
        version: 1,
        subject: person("maya"),
        filed_by: person("maya"),
        by: vec!["group/security".to_owned(), "person/bob".to_owned()],
        opened_at: at(60),
        due_at: at(86_460),
        alarms: 0,
        state: ReviewState::Open,
    };
    events.insert(3, Event::ReviewOpened { review: Box::new(review) });
    events.push(Event::ReviewOverdue { request, alarm: 2 });
    events
}

fn closed(id: i64, by: &str, finding: Finding) -> Event {
    let (request, by) = (RequestId::from_number(id), person(by));
    Event::ReviewClosed { request, at: at(90_000), by, finding, note: Words::typed("it was on fire") }
}

// E46
#[tokio::test]
async fn a_review_comes_back_as_it_was_written() {
    let stage = Stage::new();
    for (id, finding) in [(1, Finding::Justified), (2, Finding::NotJustified)] {
        let events = [broken_glass(id), vec![closed(id, "erin", finding)]].concat();
        let mut expected = Replayed::default();
        for event in events {
            expected.apply(&event).unwrap();
            stage.record(vec![event]).await.unwrap();
            let found = stage.store.read(move |r| r.review(RequestId::from_number(id))).await.unwrap();
            assert_eq!(found.as_ref(), expected.reviews.get(&RequestId::from_number(id)));
        }
    }
    assert_eq!(stage.store.read(|r| r.rows_unlike_the_log()).await.unwrap(), Vec::<String>::new());
}

// E46 I16
#[tokio::test]
async fn nobody_closes_their_own_review_and_none_is_closed_twice_whatever_is_decided() {
    let stage = Stage::new();
    stage.record(broken_glass(1)).await.unwrap();
    assert_eq!(stage.store.read(|r| r.next_due()).await.unwrap(), Some(at(60)));
    let open = stage.store.read(|r| r.open_reviews(10)).await.unwrap();
    assert_eq!(open.len(), 1);
    let shell = stage.shell();
    let change = |sql: &str| shell.execute(sql, []).unwrap_err().to_string();
    let own = "UPDATE reviews SET version = 3, audit_seq = audit_seq + 1, due_at = NULL, state = 'closed', closed_at = 1,
               closed_by = 'maya', finding = 'justified', note = 'x'";
    assert!(change(own).contains("a review changes only with a line of the audit log"), "{}", change(own));
    assert!(matches!(stage.record(vec![closed(1, "maya", Finding::Justified)]).await, Err(StoreError::Illegal(_))));
    stage.record(vec![closed(1, "erin", Finding::Justified)]).await.unwrap();
    assert!(matches!(stage.record(vec![closed(1, "frank", Finding::NotJustified)]).await, Err(StoreError::Illegal(_))));
    assert!(change("DELETE FROM reviews").contains("reviews are kept"));
    assert!(stage.store.read(|r| r.open_reviews(10)).await.unwrap().is_empty());
    assert!(stage.store.read(|r| r.due_reviews(at(i64::from(i32::MAX)), 10)).await.unwrap().is_empty());
}
