//! Who is it? Nothing but the signed payload counts, and what Slack says of the account.

use daypass::demo::emulator::{Fault, FaultKind, Kind};

use super::ASK;
use crate::support::world::{World, minutes};

async fn asked() -> World {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w
}

#[tokio::test]
async fn an_unknown_person_is_told_what_to_do() {
    let mut w = World::new().await;
    let answer = w.says("nora", ASK).await;
    assert!(answer.contains("I don't know your account yet"), "{answer}");
    assert!(w.has_audit("T0DAYPASS/U0NORA was refused"), "{:#?}", w.audit());
}

// E40
#[tokio::test]
async fn nobody_of_another_workspace_decides() {
    let mut w = World::new().await;
    w.edit_policy("resources.yaml", "channel: C0DBACCESS", "channel: C0SHARED");
    w.edit_policy("people.yaml", "slack: [U0DAVE]", "slack: [U0DAVE, U0EXTERNAL, U0STRANGER]");
    w.reload().await.unwrap();
    w.says("maya", ASK).await;
    let answer = w.presses("external", "R-1", "request.approve").await;
    assert!(answer.contains("Only members of this workspace"), "{answer}");
    assert!(w.has_audit("T0GLOBEX/U0EXTERNAL was refused"), "{:#?}", w.audit());
    assert_eq!(w.request("R-1").unwrap().approvals, []);
}

// E40
#[tokio::test]
async fn a_payload_from_another_workspace_decides_nothing() {
    let mut w = asked().await;
    let mut click = w.presses_in_vain("carol", "R-1", "request.approve").await;
    click.body = click.body.replace("%22T0DAYPASS%22", "%22T0GLOBEX%22");
    let answer = w.arrives("carol", click).await;
    assert!(answer.contains("Only members of this workspace"), "{answer}");
    assert!(w.has_audit("T0GLOBEX/U0CAROL was refused"), "{:#?}", w.audit());
    assert_eq!(w.request_state("R-1"), "pending");
}

// E40 E11
#[tokio::test]
async fn a_deactivated_account_decides_nothing() {
    let mut w = asked().await;
    let click = w.presses_in_vain("carol", "R-1", "request.approve").await;
    assert!(w.slack.edit_user("U0CAROL", |user| user.deleted = true));
    let answer = w.arrives("carol", click).await;
    assert!(answer.contains("This kind of account can't do that"), "{answer}");
    assert!(w.has_audit("T0DAYPASS/U0CAROL was refused"), "{:#?}", w.audit());
    assert_eq!(w.request_state("R-1"), "pending");
}

// E40
#[tokio::test]
async fn a_bot_decides_nothing() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "slack: [U0CAROL]", "slack: [U0CAROL, U0DAYPASS]");
    w.reload().await.unwrap();
    w.says("maya", ASK).await;
    let mut click = w.presses_in_vain("carol", "R-1", "request.approve").await;
    click.body = click.body.replace("U0CAROL", "U0DAYPASS");
    let answer = w.arrives("carol", click).await;
    assert!(answer.contains("This kind of account can't do that"), "{answer}");
    assert_eq!(w.request_state("R-1"), "pending");
}

// E40
#[tokio::test]
async fn a_guest_is_no_approver_by_membership() {
    let mut w = asked().await;
    assert!(w.slack.edit_user("U0CAROL", |user| user.kind = Kind::Guest));
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("not among those who may decide"), "{answer}");
    assert!(w.has_audit("carol was refused `approve` of R-1"), "{:#?}", w.audit());
    w.presses("dave", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E40
#[tokio::test]
async fn an_account_of_two_people_is_nobodys() {
    let mut w = asked().await;
    w.edit_policy("people.yaml", "slack: [U0ERIN]", "slack: [U0ERIN, U0CAROL]");
    let problem = w.reload().await.unwrap_err();
    assert!(problem.contains("U0CAROL"), "{problem}");
    w.settle().await;
    assert_eq!(w.request_state("R-1"), "pending");
}

// E12
#[tokio::test]
async fn when_slack_does_not_say_who_it_is_nothing_is_decided() {
    let mut w = asked().await;
    w.slack.fault(Fault::times("users.info", 1, FaultKind::ServerError));
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("Slack could not tell me just now"), "{answer}");
    assert_eq!(w.request("R-1").unwrap().approvals, []);
    assert_eq!(w.count_audit("refused"), 1, "{:#?}", w.audit());
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E11 E12
#[tokio::test]
async fn an_outage_of_slack_takes_nobodys_approval_away() {
    let mut w = World::new().await;
    w.says("bob", super::WRITE).await;
    w.approves_because("carol", "R-1", "agreed in the change board").await;
    w.advance(minutes(2)).await;
    // Slack says who Erin is, and nothing of anybody else.
    w.says("erin", "/jit mine").await;
    w.slack.fault(Fault::times("users.info", 4, FaultKind::ServerError));
    let answer = w.presses("erin", "R-1", "request.approve").await;
    assert!(answer.contains("Slack could not tell me just now"), "{answer}");
    assert_eq!(w.request("R-1").unwrap().approvals.len(), 1, "{:#?}", w.audit());

    w.approves_because("erin", "R-1", "no personal data in it").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E12 E11
#[tokio::test]
async fn an_approver_who_was_deactivated_has_no_seat_any_more() {
    let mut w = World::new().await;
    w.says("bob", super::WRITE).await;
    w.approves_because("carol", "R-1", "agreed in the change board").await;
    assert!(w.slack.edit_user("U0CAROL", |user| user.deleted = true));
    w.advance(minutes(2)).await;
    w.approves_because("erin", "R-1", "no personal data in it").await;
    assert_eq!(w.request_state("R-1"), "pending", "{:#?}", w.audit());
    w.approves_because("dave", "R-1", "looks right to me").await;
    assert_eq!(w.request_state("R-1"), "approved");
}
