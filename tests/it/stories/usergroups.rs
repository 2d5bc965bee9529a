//! Whoever is in a user group of Slack decides, as Slack says at that moment; and nobody does where it cannot say.

use daypass::demo::emulator::{Fault, FaultKind};

use super::ASK;
use crate::support::world::{World, minutes};

/// A world in which the owners of the orders database stand in Slack.
async fn world() -> World {
    let w = World::new().await;
    w.edit_policy("people.yaml", "id: dba, members: [carol, dave]", "id: dba, slack_usergroup: S0DBA");
    w.reload().await.unwrap();
    w
}

// E48
#[tokio::test]
async fn a_member_approves_and_whoever_left_before_the_click_does_not() {
    let mut w = world().await;
    w.says("maya", ASK).await;
    assert!(w.slack.set_usergroup("S0DBA", &["U0DAVE"]));
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("not among those who may decide"), "{answer}");
    assert_eq!(w.request_state("R-1"), "pending");
    w.presses("dave", "R-1", "request.approve").await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
}

// E48
#[tokio::test]
async fn a_group_that_cannot_be_read_is_named_and_nobody_is_its_member() {
    let mut w = world().await;
    w.says("maya", ASK).await;
    w.advance(minutes(2)).await;
    w.slack.fault(Fault::times("usergroups.users.list", 3, FaultKind::Error("fatal_error".to_owned())));
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("I can't read Slack's user group 'S0DBA'"), "{answer}");
    assert_eq!(w.request_state("R-1"), "pending");
    let answer = w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await;
    assert!(answer.contains("I can't read Slack's user group 'S0DBA'"), "{answer}");
    assert_eq!(w.request_state("R-2"), "none");

    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");
}
