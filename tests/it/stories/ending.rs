//! Ending before its time, and the warning before an end.

use super::ASK;
use crate::support::world::{World, hours, minutes};

async fn in_force() -> World {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active");
    w.advance(minutes(10)).await;
    w
}

#[tokio::test]
async fn whoever_is_done_says_so_and_it_ends() {
    let mut w = in_force().await;
    let answer = w.says("maya", "/jit done").await;
    assert!(answer.contains("is being ended"), "{answer}");
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
    assert!(w.last_dm("maya").contains("verified at the provider"), "{}", w.last_dm("maya"));

    let answer = w.says("maya", "/jit done G-1").await;
    assert!(answer.contains("is over already"), "{answer}");
    let answer = w.says("maya", "/jit done").await;
    assert!(answer.contains("You hold nothing"), "{answer}");
}

#[tokio::test]
async fn the_button_ends_it_too() {
    let mut w = in_force().await;
    let answer = w.presses("maya", "G-1", "grant.done").await;
    assert!(answer.contains("is being ended"), "{answer}");
    assert_eq!(w.level("maya", "prod/orders"), None);
    for action in ["grant.done", "grant.extend"] {
        assert!(w.button("maya", "G-1", action).is_none(), "nothing is left to press");
    }
}

#[tokio::test]
async fn owners_sponsors_and_admins_end_it_and_strangers_do_not() {
    let mut w = in_force().await;
    for stranger in ["sam", "erin", "hugo"] {
        let answer = w.says(stranger, "/jit revoke G-1 I think so").await;
        assert!(answer.contains("not yours"), "{stranger}: {answer}");
    }
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(w.count_audit("not yours"), 3, "{:#?}", w.audit());

    w.says("dave", "/jit revoke G-1 the replica is up").await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert!(w.last_dm("maya").contains("Dave Novak"), "{}", w.last_dm("maya"));

    for (grant, request, who) in [("G-2", "R-2", "bob"), ("G-3", "R-3", "priya")] {
        w.says("maya", ASK).await;
        w.presses("carol", request, "request.approve").await;
        assert_eq!(w.grant_state(grant), "active");
        w.says(who, &format!("/jit revoke {grant} not needed")).await;
        assert_eq!(w.grant_state(grant), "ended");
        assert_eq!(w.level("maya", "prod/orders"), None);
        // So many messages to one person take their time: Slack takes one a second.
        w.advance(minutes(1)).await;
    }
}

#[tokio::test]
async fn withdrawing_what_was_approved_ends_it() {
    let mut w = in_force().await;
    let answer = w.says("maya", "/jit cancel R-1").await;
    assert!(answer.contains("is being ended"), "{answer}");
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.level("maya", "prod/orders"), None);
}

#[tokio::test]
async fn people_are_warned_before_the_end() {
    let mut w = in_force().await;
    // Of two hours, 15 minutes are less than a fifth.
    w.advance(hours(2) - minutes(26)).await;
    let before = w.dms("maya").len();
    w.advance(minutes(1)).await;
    assert_eq!(w.dms("maya").len(), before + 1);
    assert!(w.last_dm("maya").contains("in 15 minutes"), "{}", w.last_dm("maya"));
    assert!(w.button("maya", "G-1", "grant.extend").is_some());
}

#[tokio::test]
async fn of_a_short_access_the_warning_is_a_fifth() {
    let mut w = World::new().await;
    w.says("maya", "/jit request prod/orders readonly 30m OPS-42 slow checkout").await;
    w.presses("carol", "R-1", "request.approve").await;
    let before = w.dms("maya").len();
    w.advance(minutes(23)).await;
    assert_eq!(w.dms("maya").len(), before);
    w.advance(minutes(1)).await;
    assert!(w.last_dm("maya").contains("in 6 minutes"), "{}", w.last_dm("maya"));
}
