//! One person with several accounts, and two ids that turn out to be one person.

use serde_json::json;

use super::{ASK, WRITE};
use crate::support::world::{World, account, minutes};

/// Sam is a second Carol: another id, with an account and rights of its own.
const SECOND_CAROL: (&str, &str) = ("id: dba, members: [carol, dave]", "id: dba, members: [carol, dave, sam]");

async fn with_two_carols() -> World {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", SECOND_CAROL.0, SECOND_CAROL.1);
    w.edit_policy(
        "people.yaml",
        "    slack: [U0SAM]\n    kind: employee\n",
        "    slack: [U0SAM]\n    kind: employee\n    accounts: { orders: sam }\n",
    );
    w.edit_policy("people.yaml", "id: engineering, members: [bob, carol", "id: engineering, members: [sam, bob, carol");
    w.edit_policy("policies.yaml", "{ by: group/security, count: 1 }", "{ by: group/dba, count: 1 }");
    w.edit_policy("policies.yaml", "{ by: owners, count: 1 }", "{ by: owners, count: 2 }");
    w.reload().await.unwrap();
    w.settle().await;
    w
}

/// Whoever keeps the files finds out, and makes one entry of the two.
async fn merge(w: &mut World, more: &str) {
    let text = w.read_policy("people.yaml");
    let (from, to) = (text.find("  - id: sam").unwrap(), text.find("groups:").unwrap());
    let text = format!("{}{}", &text[..from], &text[to..]).replace(", sam]", "]").replace("[sam, ", "[");
    w.write_policy("people.yaml", &text.replace("slack: [U0CAROL]", &format!("slack: [U0CAROL, U0SAM]{more}")));
    w.reload().await.unwrap();
    w.settle().await;
    w.advance(minutes(1)).await;
}

// E51 E6 I16
#[tokio::test]
async fn nobody_approves_their_own_request_through_their_second_account() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "slack: [U0CAROL]", "slack: [U0CAROL, U0NORA]");
    w.reload().await.unwrap();
    w.join("nora", "C0DBACCESS");
    w.says("carol", "/jit request prod/orders readonly 2h slow checkout").await;
    let answer = w.presses("nora", "R-1", "request.approve").await;
    assert!(answer.contains("You can't approve your own request"), "{answer}");
    assert!(w.has_audit("carol was refused `approve` of R-1"), "{:#?}", w.audit());
    assert_eq!(w.request("R-1").unwrap().approvals, []);
}

// E51
#[tokio::test]
async fn several_accounts_are_one_person_everywhere() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "slack: [U0MAYA]", "slack: [U0MAYA, U0NORA]");
    w.reload().await.unwrap();
    w.says("nora", ASK).await;
    assert_eq!(w.request("R-1").unwrap().terms.subject, "maya".parse().unwrap());
    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("R-1"), "it is pending already: {answer}");
    w.presses("carol", "R-1", "request.approve").await;
    assert!(w.says("nora", "/jit mine").await.contains("G-1"));
    assert!(w.says("nora", "/jit done").await.contains("is being ended"));
    assert_eq!(w.grant_state("G-1"), "ended");
}

// E51
#[tokio::test]
async fn two_approvers_who_turn_out_to_be_one_are_a_finding() {
    let mut w = with_two_carols().await;
    w.join("sam", "C0DBACCESS");
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.presses("sam", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active");
    merge(&mut w, "").await;
    let what = "sam and carol, who both agreed, are one person by the files of now (carol)";
    assert!(w.has_audit(&format!("R-1: found later: {what}")), "{:#?}", w.audit());
    assert!(w.has_audit(&format!("R-1: {what}")), "the summary says it: {:#?}", w.audit());
    assert!(w.alarms().concat().contains(&format!("R-1 has to be looked at by somebody: {what}")), "{:#?}", w.alarms());
    assert_eq!(w.grant_state("G-1"), "active", "people decide what becomes of it");

    w.restart().await;
    w.edit_policy("policies.yaml", "min_length: 10", "min_length: 11");
    w.reload().await.unwrap();
    w.advance(minutes(1)).await;
    assert_eq!(w.count_audit("found later"), 1, "it is found once");
}

// E51 I7
#[tokio::test]
async fn of_two_approvers_who_turn_out_to_be_one_only_one_seat_counts() {
    let mut w = with_two_carols().await;
    w.join("sam", "C0DBACCESS");
    w.says("maya", ASK).await;
    w.presses("sam", "R-1", "request.approve").await;
    merge(&mut w, "").await;
    assert_eq!(w.request("R-1").unwrap().approvals, [], "sam is nobody's name any more");
    w.presses("sam", "R-1", "request.approve").await;
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("You have approved it already"), "{answer}");
    assert_eq!(w.request_state("R-1"), "pending");
}

// E51 I16
#[tokio::test]
async fn an_approver_who_turns_out_to_be_the_requester_is_a_finding_and_the_access_follows_them() {
    let mut w = with_two_carols().await;
    w.says("sam", "/jit request prod/orders readonly 4h slow checkout").await;
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active", "{:#?}", w.audit());
    merge(&mut w, "").await;
    let what = "carol, who agreed, and sam, who asked, are one person by the files of now (carol)";
    assert!(w.has_audit(&format!("R-1: found later: {what}")), "{:#?}", w.audit());

    // What was given to the one is the other's now: also after a restart.
    w.restart().await;
    assert!(w.says("carol", "/jit mine").await.contains("G-1"));
    assert!(w.says("carol", "/jit done").await.contains("is being ended"));
    assert_eq!(w.level("sam", "prod/orders"), None);
    assert!(w.last_dm("carol").contains("verified at the provider"), "{}", w.last_dm("carol"));
}

// E51 E12 E13
#[tokio::test]
async fn what_was_given_under_the_other_id_ends_with_the_contract_and_the_accounts_of_the_person() {
    let mut w = with_two_carols().await;
    w.says("sam", "/jit request prod/orders readonly 4h slow checkout").await;
    w.presses("carol", "R-1", "request.approve").await;
    merge(&mut w, "\n    timezone: Pacific/Auckland\n    contract_ends: 2026-03-17").await;
    assert_eq!(w.ends_in_minutes("G-1"), 119, "the contract ends at noon");
    for who in ["carol", "sam"] {
        assert!(w.slack.edit_user(&account(who), |user| user.deleted = true));
        let user = json!({ "id": account(who), "team_id": "T0DAYPASS", "name": who, "deleted": true });
        w.slack.event(json!({ "type": "user_change", "user": user })).await;
    }
    w.settle().await;
    w.advance(minutes(1)).await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.level("sam", "prod/orders"), None);
    assert!(w.alarms().concat().contains("Carol Winter"), "{:#?}", w.alarms());
}

// E51: an account that moves to somebody else takes nothing with it as long as its old owner is known.
#[tokio::test]
async fn an_account_alone_makes_nobody_somebody_else() {
    let mut w = World::new().await;
    w.says("bob", WRITE).await;
    w.approves_because("carol", "R-1", "agreed in the change board").await;
    w.edit_policy("people.yaml", "slack: [U0CAROL]", "slack: []");
    w.edit_policy("people.yaml", "slack: [U0DAVE]", "slack: [U0DAVE, U0CAROL]");
    w.reload().await.unwrap();
    w.settle().await;
    assert!(!w.has_audit("found later"), "{:#?}", w.audit());
}

// E46 E51 I16
#[tokio::test]
async fn nobody_reviews_what_they_got_under_the_other_id() {
    let mut w = with_two_carols().await;
    w.edit_policy("people.yaml", "{ id: security, members: [erin, frank] }", "{ id: security, members: [erin, frank, carol] }");
    w.edit_policy("people.yaml", "{ id: sre, members: [bob, priya] }", "{ id: sre, members: [bob, priya, sam] }");
    w.reload().await.unwrap();
    w.says("sam", "/jit break-glass prod/orders readonly 30m orders are stuck since 09:40").await;
    assert!(w.button("carol", "R-1", "review.close").is_some(), "nobody knows yet who she is");
    merge(&mut w, "").await;
    let answer = w.presses("carol", "R-1", "review.close").await;
    assert!(answer.contains("You can't review what you got or filed yourself"), "{answer}");
    assert!(w.says("carol", "/jit pending").await.contains("Nothing waits for you"));
    assert!(w.says("erin", "/jit pending").await.contains("broke the glass"));
}
