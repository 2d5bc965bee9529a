//! Deciding: yes, no, by whom, and what comes too late.

use daypass::demo::emulator::Then;

use super::{ASK, WRITE};
use crate::support::world::{World, hours, minutes};

#[tokio::test]
async fn access_is_given_when_approved_and_ends_when_its_time_is_over() {
    let mut w = World::new().await;
    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("R-1"), "{answer}");
    assert_eq!(w.level("maya", "prod/orders"), None, "nothing before anybody agreed");

    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("Approved"), "{answer}");
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(w.grant_state("G-1"), "active");

    w.advance(hours(2) - minutes(1)).await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    w.advance(minutes(1)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
    insta::assert_snapshot!(w.audit().join("\n"));
    insta::assert_snapshot!(w.dms("maya").join("\n---\n"));
}

#[tokio::test]
async fn a_denial_has_a_reason_which_the_requester_reads() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let submitted = w.denies("dave", "R-1", "use the replica instead").await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");

    assert_eq!(w.request_state("R-1"), "denied");
    assert!(w.last_dm("maya").contains("Dave Novak denied your request"), "{}", w.last_dm("maya"));
    assert!(w.dms("maya").concat().contains("use the replica instead"), "{:#?}", w.dms("maya"));
    assert!(w.card("R-1").contains("use the replica instead"), "{}", w.card("R-1"));
    for action in ["request.approve", "request.deny"] {
        assert!(w.button("carol", "R-1", action).is_none(), "nothing is left to press");
    }
    w.advance(hours(5)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}

#[tokio::test]
async fn what_cannot_be_seen_is_no_reason_to_ask_either() {
    let mut w = World::new().await;
    let hidden = format!("/jit request prod/orders readonly 2h OPS-42 {}", "\u{200b}".repeat(20));
    let answer = w.says("maya", &hidden).await;
    assert!(answer.contains("Say why in at least 10 characters"), "{answer}");
}

#[tokio::test]
async fn nobody_denies_without_a_reason() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let submitted = w.denies("dave", "R-1", "\u{200b} ").await;
    assert!(submitted.errors()["reason"].contains("Say why"), "{submitted:?}");
    assert_eq!(w.request_state("R-1"), "pending");
}

// E6 I16
#[tokio::test]
async fn nobody_approves_their_own_request() {
    let mut w = World::new().await;
    w.says("carol", "/jit request prod/orders readonly 2h slow checkout again").await;
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("You can't approve your own request"), "{answer}");
    assert_eq!(w.request_state("R-1"), "pending");
    assert!(w.has_audit("refused"), "{:#?}", w.audit());

    w.presses("dave", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E6 I16
#[tokio::test]
async fn a_second_account_is_the_same_person() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "slack: [U0CAROL]", "slack: [U0CAROL, U0NORA]");
    w.reload().await.unwrap();
    w.join("nora", "C0DBACCESS");
    w.says("nora", "/jit request prod/orders readonly 2h slow checkout again").await;
    assert_eq!(w.request("R-1").unwrap().terms.subject.as_str(), "carol");
    for account in ["carol", "nora"] {
        let answer = w.presses(account, "R-1", "request.approve").await;
        assert!(answer.contains("You can't approve your own request"), "{answer}");
    }
    assert_eq!(w.request_state("R-1"), "pending");
}

// I7
#[tokio::test]
async fn two_steps_need_two_people_who_say_why() {
    let mut w = World::new().await;
    w.says("bob", WRITE).await;
    w.approves_because("carol", "R-1", "agreed in the change board").await;
    assert_eq!(w.request_state("R-1"), "pending");
    assert_eq!(w.level("bob", "prod/orders"), None, "one of two is none");
    assert!(w.card("R-1").contains("agreed in the change board"), "{}", w.card("R-1"));

    // The same person, and another of the same step, fill no second seat.
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("You have approved it already"), "{answer}");
    w.approves_because("dave", "R-1", "looks right to me").await;
    assert_eq!(w.request_state("R-1"), "pending");

    w.approves_because("erin", "R-1", "no personal data in it").await;
    assert_eq!(w.request_state("R-1"), "approved");
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readwrite"));
    w.advance(hours(1)).await;
    assert_eq!(w.level("bob", "prod/orders"), None);
    insta::assert_snapshot!(w.audit().join("\n"));
}

#[tokio::test]
async fn a_note_is_asked_for_only_of_those_who_may_approve() {
    let mut w = World::new().await;
    w.says("bob", WRITE).await;
    let answer = w.presses("bob", "R-1", "request.approve").await;
    assert!(answer.contains("You can't approve your own request"), "{answer}");
    let answer = w.presses("priya", "R-1", "request.approve").await;
    assert!(answer.contains("not among those who may decide"), "{answer}");
    assert!(w.form("bob").is_none() && w.form("priya").is_none());

    w.presses("carol", "R-1", "request.approve").await;
    let submitted = w.submits("carol", daypass::demo::emulator::Values::new().text("reason", "\u{200b} ")).await;
    assert!(submitted.errors()["reason"].contains("Say why"), "{submitted:?}");
    assert_eq!(w.request("R-1").unwrap().approvals, []);
}

// E45 I7
#[tokio::test]
async fn one_person_in_two_groups_fills_one_seat() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "id: security, members: [erin, frank]", "id: security, members: [erin, frank, carol]");
    w.reload().await.unwrap();
    w.says("bob", WRITE).await;
    w.approves_because("carol", "R-1", "agreed in the change board").await;
    assert_eq!(w.request_state("R-1"), "pending");
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("You have approved it already"), "{answer}");
    // Carol moves to the other seat if need be: with Dave there are two people for two steps.
    w.approves_because("dave", "R-1", "looks right to me").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E58
#[tokio::test]
async fn a_card_drawn_before_the_first_approval_still_takes_the_second() {
    let mut w = World::new().await;
    w.edit_policy("policies.yaml", "approver_note: required", "approver_note: optional");
    w.edit_policy("policies.yaml", "    note: required\n", "");
    w.reload().await.unwrap();
    w.says("bob", WRITE).await;
    let older = w.presses_in_vain("erin", "R-1", "request.approve").await;
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "pending");

    let answer = w.arrives("erin", older).await;
    assert!(answer.contains("Approved"), "{answer}");
    assert_eq!(w.grant_state("G-1"), "active");
}

// E59
#[tokio::test]
async fn an_approval_of_other_terms_is_refused() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let mut click = w.presses_in_vain("carol", "R-1", "request.approve").await;
    let terms = w.request("R-1").unwrap().terms_hash.to_string();
    assert!(click.body.contains(&terms), "{}", click.body);
    click.body = click.body.replace(&terms, "0123456789abcdef");
    let answer = w.arrives("carol", click).await;
    assert!(answer.contains("has changed since this card was drawn"), "{answer}");
    assert_eq!(w.request_state("R-1"), "pending");
    assert!(w.button("carol", "R-1", "request.approve").is_some(), "the card is there to look at again");
}

// E14
#[tokio::test]
async fn what_comes_too_late_is_answered_with_who_and_when() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let late =
        [w.presses_in_vain("dave", "R-1", "request.approve").await, w.presses_in_vain("dave", "R-1", "request.deny").await];
    w.presses("carol", "R-1", "request.approve").await;
    for click in late {
        let answer = w.arrives("dave", click).await;
        assert!(answer.contains("It was approved by Carol Winter") && answer.contains("10:00"), "{answer}");
    }

    w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await;
    let late = w.presses_in_vain("dave", "R-2", "request.approve").await;
    w.says("bob", "/jit cancel R-2").await;
    let answer = w.arrives("dave", late).await;
    assert!(answer.contains("It was withdrawn by Bob Keller"), "{answer}");
    assert_eq!(w.level("bob", "prod/orders"), None);
}

// E14
#[tokio::test]
async fn nobody_answers_and_a_late_click_is_answered() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.advance(hours(4) - minutes(1)).await;
    assert_eq!(w.request_state("R-1"), "pending");
    w.messages_stay(6);
    w.advance(minutes(1)).await;
    assert_eq!(w.request_state("R-1"), "expired");
    assert!(w.last_dm("maya").contains("nobody decided in time"), "{}", w.last_dm("maya"));

    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("closed") && answer.contains("nobody decided in time") && answer.contains("14:00"), "{answer}");
    w.advance(minutes(5)).await;
    assert!(w.button("carol", "R-1", "request.approve").is_none(), "the buttons are gone");
    assert_eq!(w.level("maya", "prod/orders"), None);
}
