//! The process dies and starts again: between any two steps, and for days.

use super::ASK;
use crate::support::world::{World, hours, minutes};

/// The happy path. The process dies after step `dies_after` and starts again. Gives what people see in the end.
async fn happy_path(dies_after: usize) -> Vec<Vec<String>> {
    let mut w = World::new().await;
    for step in 0..6 {
        match step {
            0 => assert!(w.says("maya", ASK).await.contains("Asked")),
            1 => assert!(w.presses_before_work("carol", "R-1", "request.approve").await.contains("Approved")),
            2 => w.settle().await,
            3 => w.advance(hours(2) - minutes(15)).await,
            4 => w.pass(minutes(15)),
            _ => w.settle().await,
        }
        if step == dies_after {
            w.restart().await;
            w.settle().await;
        }
    }
    w.settle().await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.count_audit("seen in force"), 1, "{:#?}", w.audit());
    vec![w.cards("R-1"), w.dms("maya"), w.in_channel("C0SECURITY"), w.dms("carol")]
}

// E62 E3
#[tokio::test]
async fn a_restart_between_any_two_steps_changes_nothing_that_people_see() {
    let undisturbed = happy_path(usize::MAX).await;
    assert_eq!(undisturbed[0].len(), 1, "one card");
    for dies_after in 0..6 {
        assert_eq!(happy_path(dies_after).await, undisturbed, "dies after step {dies_after}");
    }
}

// E3 E62
#[tokio::test]
async fn a_decision_that_was_acknowledged_survives() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses_before_work("carol", "R-1", "request.approve").await;
    w.kill().await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    w.start().await;
    w.settle().await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    w.advance(hours(2)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// E34
#[tokio::test]
async fn after_three_days_what_is_over_ends_first() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await;
    w.kill().await;
    w.pass(hours(72));
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"), "nobody was there to end it");
    w.start().await;
    w.settle().await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.request_state("R-2"), "expired", "nobody is asked after its time");
}
