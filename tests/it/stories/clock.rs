//! A clock that jumps: access ends early rather than late, and nothing is given while it contradicts itself.

use super::ASK;
use crate::support::world::{World, hours, minutes};

async fn in_force_and_pending() -> World {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await;
    w.advance(minutes(10)).await;
    w
}

// E31 I10
#[tokio::test]
async fn a_clock_that_jumps_forward_ends_early_and_holds_what_is_pending() {
    let mut w = in_force_and_pending().await;
    w.jump(300);
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert!(w.alarms().concat().contains("My clock contradicts itself"), "{:#?}", w.alarms());
    assert_eq!(w.request_state("R-2"), "pending", "no question dies by a clock that nobody believes");
    let answer = w.presses("dave", "R-2", "request.approve").await;
    assert!(!answer.contains("Approved"), "{answer}");
    assert_eq!(w.level("bob", "prod/orders"), None);

    w.app().believe_clock();
    w.advance(minutes(1)).await;
    assert_eq!(w.request_state("R-2"), "expired");
    assert!(w.alarms().last().unwrap().contains("agrees with itself again"), "{:#?}", w.alarms());
}

// E53 I10
#[tokio::test]
async fn a_jump_that_is_corrected_has_ended_things_early_and_given_nothing() {
    let mut w = in_force_and_pending().await;
    w.jump(60);
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "active");
    let answer = w.presses("dave", "R-2", "request.approve").await;
    assert!(answer.contains("My clock contradicts itself"), "{answer}");
    let answer = w.says("hugo", "/jit request shop/repo write 2h the new basket").await;
    assert!(answer.contains("My clock contradicts itself"), "{answer}");
    w.advance(minutes(50)).await;
    assert_eq!(w.grant_state("G-1"), "ended", "two hours by the later of the clocks");

    w.jump(-60);
    w.settle().await;
    assert!(w.alarms().last().unwrap().contains("agrees with itself again"), "{:#?}", w.alarms());
    w.presses("dave", "R-2", "request.approve").await;
    assert_eq!(w.grant_state("G-2"), "active");
    assert_eq!(w.ends_in_minutes("G-2"), 120);
    w.advance(hours(2)).await;
    assert_eq!(w.level("bob", "prod/orders"), None);
}

// E32 I10
#[tokio::test]
async fn a_clock_that_jumps_back_gives_nobody_more_time() {
    let mut w = in_force_and_pending().await;
    w.jump(-60);
    w.settle().await;
    assert!(w.alarms().concat().contains("My clock contradicts itself"), "{:#?}", w.alarms());
    w.advance(minutes(109)).await;
    assert_eq!(w.grant_state("G-1"), "active");
    w.advance(minutes(1)).await;
    assert_eq!(w.grant_state("G-1"), "ended", "two hours have passed, whatever the clock says");
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// I10
#[tokio::test]
async fn a_start_before_the_last_committed_time_is_suspect() {
    let mut w = in_force_and_pending().await;
    w.kill().await;
    w.jump(-60);
    w.start().await;
    w.settle().await;
    assert!(w.alarms().concat().contains("My clock contradicts itself"), "{:#?}", w.alarms());
    let answer = w.presses("dave", "R-2", "request.approve").await;
    assert!(answer.contains("My clock contradicts itself"), "{answer}");
    w.advance(minutes(111)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// I10 E32
#[tokio::test]
async fn a_restart_with_the_clock_set_back_gives_nobody_the_time_since_the_last_event() {
    let mut w = in_force_and_pending().await;
    // Nothing happens for a long while, except that time passes.
    w.advance(minutes(50)).await;
    w.kill().await;
    w.jump(-90);
    w.start().await;
    w.advance(minutes(59)).await;
    assert_eq!(w.grant_state("G-1"), "active");
    // A minute at most is lost: that since the time was last written down.
    w.advance(minutes(2)).await;
    assert_eq!(w.grant_state("G-1"), "ended", "two hours have passed, whatever the clock says");

    // And once more, while the clock is still behind.
    w.kill().await;
    w.start().await;
    w.settle().await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}
