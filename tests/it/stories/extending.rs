//! More time.

use daypass::demo::emulator::{Then, Values};
use daypass::demo::sandbox::{SandboxFault, SandboxFaultKind};

use super::ASK;
use crate::support::world::{World, hours, minutes};

const MORE: &str = "/jit extend G-1 1h OPS-42 the query is still running";

/// Maya's two hours, half an hour before their end.
async fn nearly_over() -> World {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(90)).await;
    w
}

// E18
#[tokio::test]
async fn more_time_is_asked_for_approved_and_the_end_moves() {
    let mut w = nearly_over().await;
    let answer = w.says("maya", MORE).await;
    assert!(answer.contains("Asked") && answer.contains("R-2"), "{answer}");
    assert_eq!(w.ends_in_minutes("G-1"), 30, "asking moves nothing");
    w.presses("dave", "R-2", "request.approve").await;
    assert_eq!(w.ends_in_minutes("G-1"), 90);
    w.advance(minutes(89)).await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    w.advance(minutes(1)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    for action in ["grant.done", "grant.extend"] {
        assert!(w.button("maya", "G-1", action).is_none(), "nothing is left to press, in no message");
    }
    assert!(w.card("R-2").contains("verified at the provider"), "{}", w.card("R-2"));
    insta::assert_snapshot!(w.dms("maya").join("\n---\n"));
}

// E18
#[tokio::test]
async fn more_often_than_the_policy_allows_is_refused() {
    let mut w = nearly_over().await;
    w.says("maya", MORE).await;
    let answer = w.says("maya", "/jit extend G-1 30m OPS-42 please, still running").await;
    assert!(answer.contains("asked for more time already"), "{answer}");
    w.presses("dave", "R-2", "request.approve").await;
    let answer = w.says("maya", MORE).await;
    assert!(answer.contains("extended once, which is the most"), "{answer}");
    assert_eq!(w.ends_in_minutes("G-1"), 90);
}

#[tokio::test]
async fn the_button_asks_how_much_and_why() {
    let mut w = nearly_over().await;
    assert_eq!(w.presses("maya", "G-1", "grant.extend").await, "");
    let submitted = w.submits("maya", Values::new().option("duration", "30m").text("reason", "OPS-42 still running")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    w.presses("carol", "R-2", "request.approve").await;
    assert_eq!(w.ends_in_minutes("G-1"), 60);
}

// E19 E18
#[tokio::test]
async fn what_is_pending_at_the_end_does_not_hold_it_up() {
    let mut w = nearly_over().await;
    w.says("maya", MORE).await;
    let late = w.presses_in_vain("carol", "R-2", "request.approve").await;
    w.advance(minutes(15)).await;
    assert!(w.last_dm("maya").contains("Unless that is approved before, it ends on time"), "{}", w.last_dm("maya"));
    w.advance(minutes(15)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.request_state("R-2"), "invalidated");
    assert!(w.dms("maya").concat().contains("the access ended before anybody decided"), "{:#?}", w.dms("maya"));

    let answer = w.arrives("carol", late).await;
    assert!(answer.contains("over") || answer.contains("no longer allowed"), "{answer}");
    assert_eq!(w.level("maya", "prod/orders"), None, "what is over is not revived");
}

// E18
#[tokio::test]
async fn an_approval_at_the_very_end_comes_too_late() {
    let mut w = nearly_over().await;
    w.says("maya", MORE).await;
    w.pass(minutes(30));
    let answer = w.presses_before_work("carol", "R-2", "request.approve").await;
    assert!(answer.contains("being removed already"), "{answer}");
    w.settle().await;
    assert_eq!(w.request_state("R-2"), "invalidated");
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// E60: this provider ends nothing by itself, so that there is nothing to move there first.
#[tokio::test]
async fn more_time_while_the_provider_is_down_is_more_time() {
    let mut w = nearly_over().await;
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
    w.says("maya", MORE).await;
    w.presses("carol", "R-2", "request.approve").await;
    w.advance(minutes(60)).await;
    assert_eq!(w.grant_state("G-1"), "active");
    w.provider.set_fault(None);
    w.advance(minutes(30)).await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.level("maya", "prod/orders"), None);
}

#[tokio::test]
async fn nobody_extends_what_is_not_theirs() {
    let mut w = nearly_over().await;
    let answer = w.says("bob", MORE).await;
    assert!(answer.contains("There is no access G-1 for you to see"), "{answer}");
    w.says("maya", "/jit done").await;
    let answer = w.says("maya", MORE).await;
    assert!(answer.contains("is over already"), "{answer}");
    w.advance(hours(1)).await;
}
