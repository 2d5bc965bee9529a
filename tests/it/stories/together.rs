//! The same thing twice, and two things at once: one decision, and an answer to each.

use daypass::demo::emulator::{DeliveryFault, Then, Values};

use super::ASK;
use crate::support::world::{World, account, hours};

// E15
#[tokio::test]
async fn a_double_click_is_one_decision_and_two_answers() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let first = w.presses_in_vain("carol", "R-1", "request.approve").await;
    let second = w.presses_in_vain("carol", "R-1", "request.approve").await;
    let (first, second) = (w.arrives("carol", first).await, w.arrives("carol", second).await);
    assert!(first.contains("Approved"), "{first}");
    assert!(second.contains("It was approved by Carol Winter"), "{second}");
    assert_eq!(w.count_audit("carol agreed"), 1);
    assert_eq!(w.grant_state("G-2"), "none");
}

// E15 I2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_click_ten_times_at_once_is_one_decision() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let click = w.presses_in_vain("carol", "R-1", "request.approve").await;
    let mut deliveries = tokio::task::JoinSet::new();
    for number in 0..10 {
        let (slack, click) = (w.slack.clone(), click.clone());
        // Byte for byte the same, or signed again.
        let again = if number % 2 == 0 { click.clone() } else { w.signed_again(click, number) };
        deliveries.spawn(async move { slack.push_raw(&again).await });
    }
    for shown in deliveries.join_all().await {
        assert_eq!(shown.status, Some(200), "every delivery is answered: {shown:?}");
    }
    w.settle().await;
    assert_eq!(w.count_audit("carol agreed"), 1, "{:#?}", w.audit());
    assert_eq!(w.count_audit("refused"), 0, "{:#?}", w.audit());
    assert_eq!(w.grant_state("G-1"), "active");
    assert_eq!(w.grant_state("G-2"), "none");
}

// E15
#[tokio::test]
async fn a_command_that_comes_twice_is_answered_twice_and_done_once() {
    let mut w = World::new().await;
    w.slack.delivery_fault(DeliveryFault::Duplicate);
    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("R-1"), "{answer}");
    let again = w.slack.push_raw(&w.last_delivery()).await;
    assert_eq!(again.status, Some(200));
    assert!(again.body.contains("R-1"), "{}", again.body);
    assert_eq!(w.request_state("R-2"), "none");
}

// E16 I2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn yes_and_no_at_the_same_instant_are_one_decision() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("dave", "R-1", "request.deny").await;
    let form = w.form("dave").unwrap();
    let card = w.button("carol", "R-1", "request.approve").unwrap();
    let (no_slack, yes_slack) = (w.slack.clone(), w.slack.clone());
    let no = async { no_slack.submit(&account("dave"), &form.id, Values::new().text("reason", "use the replica")).await };
    let yes = async { yes_slack.press(&account("carol"), &card.channel, &card.ts, "request.approve").await };
    let (no, yes) = tokio::join!(no, yes);
    assert!(yes.is_acknowledged() && no.shown.is_acknowledged());
    w.settle().await;
    match w.request_state("R-1").as_str() {
        "approved" => {
            assert!(matches!(no.then, Then::Updated(_)), "{no:?}");
            assert!(w.form_text("dave").contains("It was approved by Carol Winter"), "{}", w.form_text("dave"));
            assert_eq!(w.grant_state("G-1"), "active");
        }
        "denied" => {
            assert_eq!(no.then, Then::Closed);
            assert_eq!(w.grant_state("G-1"), "none");
        }
        other => panic!("{other}"),
    }
}

// E16
#[tokio::test]
async fn who_denies_what_was_approved_may_revoke_it() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("dave", "R-1", "request.deny").await;
    w.presses("carol", "R-1", "request.approve").await;
    let no = w.submits("dave", Values::new().text("reason", "use the replica")).await;
    assert!(matches!(no.then, Then::Updated(_)), "{no:?}");
    assert!(w.form_text("dave").contains("It was approved by Carol Winter"), "{}", w.form_text("dave"));
    assert_eq!(w.grant_state("G-1"), "active", "a denial that comes too late decides nothing");

    w.is_shown("dave", "G-1", "grant.revoke").await;
    let answer = w.presses("dave", "G-1", "grant.revoke").await;
    assert!(answer.contains("is being ended"), "{answer}");
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert!(w.last_dm("maya").contains("Dave Novak"), "{}", w.last_dm("maya"));
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_taken_once() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.slack.delivery_fault(DeliveryFault::Duplicate);
    w.presses("dave", "R-1", "request.deny").await;
    w.slack.delivery_fault(DeliveryFault::Duplicate);
    let no = w.submits("dave", Values::new().text("reason", "use the replica")).await;
    assert_eq!(no.then, Then::Closed, "{no:?}");
    assert_eq!(w.request_state("R-1"), "denied");
    assert_eq!(w.count_audit("refused"), 0, "{:#?}", w.audit());
    w.advance(hours(1)).await;
}
