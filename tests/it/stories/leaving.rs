//! People who leave: accounts that are deactivated while something of theirs is pending or in force.

use daypass::demo::emulator::{Fault, FaultKind};
use serde_json::json;

use super::{ASK, WRITE};
use crate::support::world::{World, account, minutes};

/// An admin of the workspace deactivates an account, and Slack says so at once.
async fn deactivate(w: &mut World, who: &str) {
    silently_deactivate(w, who);
    tell(w, who).await;
}

/// The same, but what Slack said of it never arrived.
fn silently_deactivate(w: &World, who: &str) {
    assert!(w.slack.edit_user(&account(who), |user| user.deleted = true));
}

async fn tell(w: &mut World, who: &str) {
    let user = json!({ "id": account(who), "team_id": "T0DAYPASS", "name": who, "deleted": true });
    let shown = w.slack.event(json!({ "type": "user_change", "user": user })).await;
    assert_eq!(shown.status, Some(200), "{shown:?}");
    w.settle().await;
}

/// Maya reads orders, and asks for the repository.
async fn in_force_and_pending() -> World {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.says("maya", "/jit request shop/repo write 2h the new basket").await;
    w.advance(minutes(5)).await;
    assert_eq!((w.grant_state("G-1"), w.request_state("R-2")), ("active".to_owned(), "pending".to_owned()));
    w
}

fn is_all_over(w: &World) {
    assert_eq!((w.grant_state("G-1"), w.request_state("R-2")), ("ended".to_owned(), "invalidated".to_owned()));
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert!(w.has_audit("G-1: over: the account was deactivated"), "{:#?}", w.audit());
    assert!(w.has_audit("R-2: no longer allowed: the account was deactivated"), "{:#?}", w.audit());
}

// E12
#[tokio::test]
async fn whoever_is_deactivated_loses_what_they_hold_and_what_they_asked_for_at_once() {
    let mut w = in_force_and_pending().await;
    let before = w.dms("bob").len();
    deactivate(&mut w, "maya").await;
    is_all_over(&w);
    w.advance(minutes(1)).await;
    insta::assert_snapshot!(w.dms("bob").split_off(before).join("\n---\n"));
}

// E12
#[tokio::test]
async fn what_slack_never_told_is_found_by_the_sweep() {
    let mut w = in_force_and_pending().await;
    silently_deactivate(&w, "maya");
    w.sweep().await;
    is_all_over(&w);
    assert!(w.dms("bob").concat().contains("deactivated"), "{:#?}", w.dms("bob"));
}

// E12
#[tokio::test]
async fn of_somebody_without_a_sponsor_the_security_channel_is_told() {
    let mut w = World::new().await;
    w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await;
    w.presses("carol", "R-1", "request.approve").await;
    deactivate(&mut w, "bob").await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert!(w.alarms().concat().contains("Bob Keller"), "{:#?}", w.alarms());
}

// E12
#[tokio::test]
async fn an_outage_of_slack_is_no_deactivation() {
    let mut w = in_force_and_pending().await;
    w.slack.fault(Fault::times("users.info", 50, FaultKind::ServerError));
    w.sweep().await;
    w.slack.event(json!({ "type": "user_change", "user": { "id": "U0MAYA", "team_id": "T0DAYPASS", "name": "maya" } })).await;
    w.settle().await;
    assert_eq!((w.grant_state("G-1"), w.request_state("R-2")), ("active".to_owned(), "pending".to_owned()));
}

// E12: Slack's own signed word is enough where it cannot be asked again.
#[tokio::test]
async fn what_slack_said_counts_while_it_cannot_be_asked_again() {
    let mut w = in_force_and_pending().await;
    w.slack.fault(Fault::times("users.info", 50, FaultKind::ServerError));
    deactivate(&mut w, "maya").await;
    is_all_over(&w);
}

// E12: an old event that arrives late is no deactivation of somebody who is active now.
#[tokio::test]
async fn slack_is_asked_whether_it_is_still_so() {
    let mut w = in_force_and_pending().await;
    tell(&mut w, "maya").await;
    assert_eq!((w.grant_state("G-1"), w.request_state("R-2")), ("active".to_owned(), "pending".to_owned()));
}

// E12 E51
#[tokio::test]
async fn one_of_several_accounts_is_not_the_person() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "slack: [U0MAYA]", "slack: [U0MAYA, U0NORA]");
    w.reload().await.unwrap();
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(5)).await;
    // Of neither account Slack says anything, beside what it told of the one.
    w.slack.fault(Fault::times("users.info", 2, FaultKind::ServerError));
    deactivate(&mut w, "maya").await;
    assert_eq!(w.grant_state("G-1"), "active", "of the other account nothing is known");
    w.advance(minutes(2)).await;
    w.sweep().await;
    assert_eq!(w.grant_state("G-1"), "active", "the other account is active");
    deactivate(&mut w, "nora").await;
    assert_eq!(w.grant_state("G-1"), "ended");
}

// E11
#[tokio::test]
async fn the_seat_of_whoever_is_deactivated_is_void_at_once_and_the_card_counts_again() {
    let mut w = World::new().await;
    w.says("bob", WRITE).await;
    w.approves_because("carol", "R-1", "agreed in the change board").await;
    assert!(w.card("R-1").contains("Carol Winter"), "{}", w.card("R-1"));
    deactivate(&mut w, "carol").await;
    assert_eq!(w.request("R-1").unwrap().approvals, [], "{:#?}", w.audit());
    w.approves_because("erin", "R-1", "no personal data in it").await;
    assert_eq!(w.request_state("R-1"), "pending");
    w.approves_because("dave", "R-1", "looks right to me").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E11 E12
#[tokio::test]
async fn an_approver_with_an_account_that_cannot_be_asked_about_keeps_the_seat() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "slack: [U0CAROL]", "slack: [U0CAROL, U0NORA]");
    w.reload().await.unwrap();
    w.says("bob", WRITE).await;
    w.approves_because("carol", "R-1", "agreed in the change board").await;
    w.advance(minutes(2)).await;
    w.slack.fault(Fault::times("users.info", 50, FaultKind::ServerError));
    deactivate(&mut w, "carol").await;
    assert_eq!(w.request("R-1").unwrap().approvals.len(), 1, "{:#?}", w.audit());
}
