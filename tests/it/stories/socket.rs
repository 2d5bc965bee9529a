//! Connections that Slack moves, that break, go silent or are not given: nothing is lost, nothing is done twice, and it is said.
//! (That everything else holds over Socket Mode too is shown by the other stories with `DAYPASS_STORIES=socket`.)

use std::time::Duration;

use daypass::demo::emulator::{DeliveryFault, Farewell, Fault, FaultKind, LINKS_MAX, Shown};
use serde_json::json;

use super::ASK;
use crate::support::world::{Transport, World, account, hours, minutes};

const OPEN: &str = "apps.connections.open";

/// Until it holds, which something outside of the story decides.
async fn comes(w: &World, what: &str, holds: impl Fn(&World) -> bool) {
    let coming = async {
        while !holds(w) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), coming).await.unwrap_or_else(|_| panic!("{what}: it does not come to that"));
}

/// What somebody sees who was told that it failed: it was done all the same, or it was not and they do it again.
async fn asks(w: &mut World, fault: Option<DeliveryFault>) {
    fault.into_iter().for_each(|fault| w.slack.delivery_fault(fault));
    let shown = w.slack.slash(&account("maya"), "C0GENERAL", ASK).await;
    match fault {
        Some(DeliveryFault::Lose) => {
            assert!(shown.text().contains("operation_timeout"), "{shown:?}");
            assert_eq!(w.request_state("R-1"), "none", "what never arrived was not done");
            assert!(w.says("maya", ASK).await.contains("R-1"));
        }
        Some(DeliveryFault::LoseAck | DeliveryFault::CutAfter) => {
            assert!(shown.text().contains("operation_timeout"), "{shown:?}");
            comes(w, "what arrived is done", |w| w.request_state("R-1") == "pending").await;
            w.says("maya", ASK).await;
            assert_eq!(w.request_state("R-2"), "none", "who asks again has asked once");
        }
        Some(DeliveryFault::Move | DeliveryFault::Duplicate) | None => assert!(shown.text().contains("R-1"), "{shown:?}"),
    }
    w.settle().await;
}

async fn approves(w: &mut World, fault: Option<DeliveryFault>) {
    let card = w.button("carol", "R-1", "request.approve").unwrap();
    fault.into_iter().for_each(|fault| w.slack.delivery_fault(fault));
    let shown: Shown = w.slack.press(&account("carol"), &card.channel, &card.ts, "request.approve").await;
    match fault {
        Some(DeliveryFault::Lose) => {
            assert_eq!(w.request_state("R-1"), "pending");
            assert!(w.presses_before_work("carol", "R-1", "request.approve").await.contains("Approved"));
        }
        Some(DeliveryFault::LoseAck | DeliveryFault::CutAfter) => assert!(!shown.is_acknowledged(), "{shown:?}"),
        Some(DeliveryFault::Move | DeliveryFault::Duplicate) | None => assert!(shown.is_acknowledged(), "{shown:?}"),
    }
    comes(w, "what was pressed is decided", |w| w.request_state("R-1") == "approved").await;
}

/// Maya asks, Carol agrees, it is in force, it ends; all connections break after step `breaks_after`, or a fault comes with one of
/// the first two.
async fn happy_path(faults: [Option<DeliveryFault>; 2], breaks_after: usize) {
    let mut w = World::over(Transport::Socket).await;
    for step in 0..6 {
        match step {
            0 => asks(&mut w, faults[0]).await,
            1 => approves(&mut w, faults[1]).await,
            2 => w.settle().await,
            3 => w.advance(hours(2) - minutes(15)).await,
            4 => w.pass(minutes(15)),
            _ => w.settle().await,
        }
        if step == breaks_after {
            w.slack.cut_links();
        }
    }
    w.linked(2).await;
    w.settle().await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.grant_state("G-2"), "none");
    for once in ["carol agreed", "seen in force"] {
        assert_eq!(w.count_audit(once), 1, "{once} {faults:?} {breaks_after}: {:#?}", w.audit());
    }
    assert!(w.card("R-1").contains("verified at the provider"), "{}", w.card("R-1"));
}

// E15 E62
#[tokio::test]
async fn a_connection_that_breaks_with_any_envelope_loses_nothing() {
    use DeliveryFault::{CutAfter, Duplicate, Lose, LoseAck, Move};
    for fault in [Lose, LoseAck, CutAfter, Move, Duplicate] {
        happy_path([Some(fault), Some(fault)], usize::MAX).await;
    }
}

// E62
#[tokio::test]
async fn all_connections_that_break_after_any_step_lose_nothing() {
    for breaks_after in 0..6 {
        happy_path([None, None], breaks_after).await;
    }
}

#[tokio::test]
async fn a_connection_that_slack_moves_is_replaced_before_it_is_left() {
    for why in [Farewell::Warning, Farewell::Refresh] {
        let mut w = World::over(Transport::Socket).await;
        w.slack.say_farewell(why);
        // While it moves, people go on.
        assert!(w.says("maya", ASK).await.contains("R-1"));
        let moved = w.slack.links_until(|working, so_far| (working, so_far) == (2, 4));
        tokio::time::timeout(Duration::from_secs(10), moved).await.unwrap();
        assert_eq!(w.slack.links_in_all(), 4, "the old ones are still there");
        assert_eq!(w.app().readiness(), Ok(()));
        w.presses("carol", "R-1", "request.approve").await;
        assert_eq!(w.grant_state("G-1"), "active");
    }
}

#[tokio::test]
async fn an_event_that_nobody_acknowledged_comes_again_and_is_done_once() {
    let mut w = World::over(Transport::Socket).await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    assert!(w.slack.edit_user("U0MAYA", |user| user.deleted = true));
    w.slack.delivery_fault(DeliveryFault::LoseAck);
    let shown = w.slack.event(json!({ "type": "user_change", "user": { "id": "U0MAYA", "deleted": true } })).await;
    assert_eq!(shown.status, Some(200), "the second delivery is acknowledged: {shown:?}");
    comes(&w, "it ends", |w| w.grant_state("G-1") != "active").await;
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.count_audit("G-1: over: the account was deactivated"), 1, "{:#?}", w.audit());
}

#[tokio::test]
async fn a_connection_that_goes_silent_is_replaced() {
    let mut w = World::over(Transport::Socket).await;
    w.pace.ping_after = Duration::from_millis(50);
    w.restart().await;
    let before = w.slack.links_so_far();
    w.slack.freeze_a_link();
    let replaced = w.slack.links_until(|working, so_far| working == 2 && so_far > before);
    tokio::time::timeout(Duration::from_secs(10), replaced).await.unwrap();
    assert!(w.says("maya", ASK).await.contains("R-1"));
}

#[tokio::test]
async fn what_is_slow_holds_up_nothing_else_on_its_connection() {
    let mut w = World::over(Transport::Socket).await;
    w.pace.connections = 1;
    w.restart().await;
    w.slack.fault(Fault::once("users.info", FaultKind::Slow(Duration::from_millis(1500))));
    let (slow, quick) = (w.slack.clone(), w.slack.clone());
    let slow = async { slow.slash(&account("maya"), "C0GENERAL", ASK).await };
    let quick = async {
        let mut changes = quick.watch();
        while !quick.calls().iter().any(|call| call.method == "users.info") {
            changes.changed().await.unwrap();
        }
        quick.slash(&account("bob"), "C0GENERAL", "/jit help").await
    };
    let mut slow = std::pin::pin!(slow);
    tokio::select! {
        biased;
        shown = slow.as_mut() => panic!("the slow one was first: {shown:?}"),
        shown = quick => assert!(shown.is_acknowledged(), "{shown:?}"),
    }
    let shown = slow.await;
    assert!(shown.text().contains("R-1"), "{shown:?}");
    w.settle().await;
}

// I14
#[tokio::test]
async fn what_takes_too_long_is_said_to_or_fails_and_is_done_all_the_same() {
    let mut w = World::over(Transport::Socket).await;
    w.answer_within = Duration::ZERO;
    w.restart().await;
    let shown = w.slack.slash(&account("maya"), "C0GENERAL", ASK).await;
    assert!(shown.text().contains("It may still be recorded"), "{shown:?}");
    comes(&w, "it was asked", |w| w.request_state("R-1") == "pending").await;
    w.settle().await;
    w.slack.give_the_app(Duration::from_millis(100));
    let card = w.button("carol", "R-1", "request.approve").unwrap();
    let shown = w.slack.press(&account("carol"), &card.channel, &card.ts, "request.approve").await;
    assert_eq!(shown.text(), "operation_timeout", "a click that is late is not acknowledged");
    comes(&w, "it is decided", |w| w.request_state("R-1") == "approved").await;
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "active");
}

#[tokio::test]
async fn a_stop_finishes_what_was_begun() {
    let mut w = World::over(Transport::Socket).await;
    w.slack.fault(Fault::once("users.info", FaultKind::Slow(Duration::from_millis(300))));
    let slack = w.slack.clone();
    let asking = tokio::spawn(async move { slack.slash(&account("maya"), "C0GENERAL", ASK).await });
    let mut changes = w.slack.watch();
    while !w.slack.calls().iter().any(|call| call.method == "users.info") {
        changes.changed().await.unwrap();
    }
    w.stop().await;
    let shown = asking.await.unwrap();
    assert!(shown.text().contains("R-1"), "it is acknowledged and answered: {shown:?}");
    w.linked(0).await;
    w.start().await;
    w.settle().await;
}

#[tokio::test]
async fn where_slack_gives_fewer_connections_than_are_wanted_those_that_there_are_serve() {
    let mut w = World::over(Transport::Socket).await;
    w.pace.connections = LINKS_MAX + 1;
    w.restart().await;
    for _ in 0..=LINKS_MAX {
        assert!(w.says("maya", "/jit help").await.contains("/jit request"));
    }
    assert_eq!((w.slack.links_in_all(), w.app().readiness()), (LINKS_MAX, Ok(())));
}

// I3
#[tokio::test]
async fn when_socket_mode_is_switched_off_health_says_so_and_access_ends_all_the_same() {
    let mut w = World::over(Transport::Socket).await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.slack.say_farewell(Farewell::Disabled);
    comes(&w, "it is told", |w| w.app().readiness().is_err()).await;
    let why = w.app().readiness().unwrap_err();
    assert!(why.contains("Socket Mode is switched off") && why.contains("switch it on at api.slack.com"), "{why}");
    w.advance(hours(2)).await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.level("maya", "prod/orders"), None);
    let asked = w.slack.calls().iter().filter(|call| call.method == OPEN).count();
    assert_eq!(asked, 2, "nobody is asked again before somebody can have acted");
}

#[tokio::test]
async fn when_slack_refuses_the_token_health_says_what_to_do() {
    for (code, is_about_the_token) in [("invalid_auth", true), ("not_allowed_token_type", true), ("internal_error", false)] {
        let mut w = World::over(Transport::Socket).await;
        w.says("maya", "/jit help").await;
        w.slack.fault(Fault::times(OPEN, 1_000_000, FaultKind::Error(code.to_owned())));
        w.slack.cut_links();
        comes(&w, "it is told", |w| w.app().readiness().is_err_and(|why| why.contains(code))).await;
        let why = w.app().readiness().unwrap_err();
        assert_eq!(why.contains("`connections:write`"), is_about_the_token, "{why}");
        assert!(why.contains("ends on time"), "{why}");
    }
}

// E39
#[tokio::test]
async fn slack_is_asked_for_connections_no_sooner_than_it_says() {
    let mut w = World::over(Transport::Socket).await;
    w.says("maya", "/jit help").await;
    w.slack.fault(Fault::times(OPEN, 1_000_000, FaultKind::RateLimited { retry_after_s: 600 }));
    w.slack.cut_links();
    comes(&w, "it is told", |w| w.app().readiness().is_err_and(|why| why.contains("ratelimited"))).await;
    // Long enough for a dozen tries at this story's pace.
    w.advance(hours(2)).await;
    let asked = w.slack.calls().iter().filter(|call| call.method == OPEN).count();
    assert!((3..=4).contains(&asked), "twice at the start, and once for each connection: {asked}");
}
