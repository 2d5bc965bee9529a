//! Policy files that change, or break, while people ask.

use daypass::app::Orphans;

use super::{ASK, WRITE};
use crate::support::world::{World, hours, minutes};

const SECURITY_STEP: &str = "      - { by: group/security, count: 1 }\n";

async fn half_approved() -> World {
    let mut w = World::new().await;
    w.says("bob", WRITE).await;
    w.approves_because("carol", "R-1", "agreed in the change board").await;
    w
}

// E8 I8
#[tokio::test]
async fn a_step_that_is_added_keeps_what_was_approved_and_asks_for_more() {
    let mut w = half_approved().await;
    w.edit_policy(
        "people.yaml",
        "  - { id: security, members",
        "  - { id: platform, members: [priya] }\n  - { id: security, members",
    );
    w.edit_policy("policies.yaml", SECURITY_STEP, &format!("{SECURITY_STEP}      - {{ by: group/platform }}\n"));
    w.reload().await.unwrap();
    w.settle().await;
    assert!(w.card("R-1").contains("Priya Raman"), "the card says whom it takes now: {}", w.card("R-1"));

    w.approves_because("erin", "R-1", "no personal data in it").await;
    assert_eq!(w.request_state("R-1"), "pending");
    w.approves_because("priya", "R-1", "the disk has room").await;
    assert_eq!(w.request_state("R-1"), "approved");
    assert_eq!(w.count_audit("carol agreed"), 1, "nobody was asked twice");
}

// E8
#[tokio::test]
async fn what_is_forbidden_now_is_closed_with_the_reason() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let late = w.presses_in_vain("carol", "R-1", "request.approve").await;
    w.edit_policy(
        "policies.yaml",
        "forbid:\n",
        "forbid:\n  - id: acme-frozen\n    about: Nothing for Acme this week.\n    who: { group: contractors/acme }\n",
    );
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!(w.request_state("R-1"), "invalidated");
    assert!(
        w.last_dm("maya").contains("no longer allowed") && w.last_dm("maya").contains("acme-frozen"),
        "{}",
        w.last_dm("maya")
    );
    assert!(w.button("carol", "R-1", "request.approve").is_none());
    let answer = w.arrives("carol", late).await;
    assert!(answer.contains("no longer allowed"), "{answer}");
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// E8 I8
#[tokio::test]
async fn a_policy_that_is_loosened_changes_nothing_that_is_pending() {
    let mut w = half_approved().await;
    w.edit_policy("policies.yaml", SECURITY_STEP, "");
    w.edit_policy("policies.yaml", "approvals: 2", "approvals: 1");
    w.edit_policy("policies.yaml", "    approver_note: required", "    approver_note: optional");
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!(w.request_state("R-1"), "pending");
    w.approves_because("dave", "R-1", "looks right to me").await;
    assert_eq!(w.request_state("R-1"), "pending", "security is still needed, and still says why");
    w.approves_because("erin", "R-1", "no personal data in it").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E11
#[tokio::test]
async fn the_seat_of_somebody_who_left_the_group_is_void() {
    let mut w = half_approved().await;
    w.edit_policy("people.yaml", "id: dba, members: [carol, dave]", "id: dba, members: [dave]");
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!(w.request("R-1").unwrap().approvals, []);
    w.approves_because("erin", "R-1", "no personal data in it").await;
    assert_eq!(w.request_state("R-1"), "pending");
    w.approves_because("dave", "R-1", "looks right to me").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E9
#[tokio::test]
async fn broken_files_keep_the_last_good_ones_in_force() {
    let mut w = World::new().await;
    w.edit_policy("policies.yaml", "who: { group: contractors/acme }", "who: { grupp: contractors/acme }");
    let problem = w.reload().await.unwrap_err();
    assert!(problem.contains("grupp"), "{problem}");
    w.settle().await;
    assert_eq!(w.alarms().len(), 1);
    assert!(w.alarms()[0].contains("the ones before stay in force") && w.alarms()[0].contains("grupp"), "{:#?}", w.alarms());
    assert!(w.says("maya", ASK).await.contains("Asked"));
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active");
}

// E9 I3
#[tokio::test]
async fn broken_files_at_a_start_take_no_requests_and_end_what_is_in_force() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.kill().await;
    let good = w.read_policy("policies.yaml");
    w.write_policy("policies.yaml", "policies: [");
    w.start().await;
    let answer = w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await;
    assert!(answer.contains("No valid policy is loaded"), "{answer}");
    assert!(w.app().readiness().is_err());
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert!(w.alarms().concat().contains("policy files were not loaded"), "{:#?}", w.alarms());

    w.advance(hours(2)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");

    w.write_policy("policies.yaml", &good);
    w.reload().await.unwrap();
    w.advance(minutes(2)).await;
    assert!(w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await.contains("Asked"));
    assert!(w.last_dm("maya").contains("ended"), "she is told as soon as it is known who she is: {}", w.last_dm("maya"));
}

// E10 I3
#[tokio::test]
async fn a_resource_that_is_no_longer_in_the_files_is_still_taken_back() {
    let mut w = World::new().await;
    w.says("hugo", "/jit request shop/repo write 2h the new basket").await;
    w.presses("bob", "R-1", "request.approve").await;
    assert_eq!(w.level("hugo-initech", "shop/repo").as_deref(), Some("readwrite"));
    let text = w.read_policy("resources.yaml");
    let text = text.split("# Asked for by one name").next().unwrap();
    let (from, to) = (text.find("  - id: shop/repo").unwrap(), text.find("  - id: cloud/staging").unwrap());
    w.write_policy("resources.yaml", &format!("{}{}", &text[..from], &text[to..]));
    for (id, next) in [("contractors-write-repo", "  - id: engineers-write-repo"), ("engineers-write-repo", "  - id: staging")] {
        let text = w.read_policy("policies.yaml");
        let (from, to) = (text.find(&format!("  - id: {id}")).unwrap(), text.find(next).unwrap());
        w.write_policy("policies.yaml", &format!("{}{}", &text[..from], &text[to..]));
    }
    let problem = w.reload().await.unwrap_err();
    assert!(problem.contains("G-1 of hugo (shop/repo write) is open, and `shop/repo` is in no file"), "{problem}");
    assert!(problem.contains("--orphan-ok"), "{problem}");
    w.settle().await;
    assert!(w.alarms().concat().contains("G-1 of hugo"), "{:#?}", w.alarms());

    // A start with such files takes no requests, and ends what is open all the same.
    w.restart().await;
    assert!(w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await.contains("No valid policy is loaded"));

    w.orphans = Orphans::Accept;
    w.restart().await;
    assert!(w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await.contains("Asked"));
    w.advance(minutes(1)).await;
    assert!(w.alarms().last().unwrap().contains("G-1 of hugo (shop/repo write) is open"), "{:#?}", w.alarms());
    w.advance(hours(2)).await;
    assert_eq!(w.level("hugo-initech", "shop/repo"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
}
