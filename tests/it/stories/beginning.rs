//! Approved, and nothing sent yet: today's rules are asked once more before anything is given.

use daypass::demo::sandbox::{SandboxFault, SandboxFaultKind};

use super::ASK;
use crate::support::world::{World, minutes};

const FROZEN: &str =
    "forbid:\n  - id: acme-frozen\n    about: Nothing for Acme this week.\n    who: { group: contractors/acme }\n";

/// Carol agreed, and the worker had no turn yet.
async fn approved() -> World {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses_before_work("carol", "R-1", "request.approve").await;
    assert_eq!((w.request_state("R-1"), w.grant_state("G-1")), ("approved".to_owned(), "planned".to_owned()));
    w
}

fn is_invalidated(w: &World, why: &str) {
    assert_eq!((w.request_state("R-1"), w.grant_state("G-1")), ("invalidated".to_owned(), "void".to_owned()));
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert!(w.last_dm("maya").contains(why), "{}", w.last_dm("maya"));
    assert!(w.card("R-1").contains(why), "{}", w.card("R-1"));
    assert!(!w.has_audit("G-1: the provider is being told"), "{:#?}", w.audit());
}

// E8
#[tokio::test]
async fn what_is_forbidden_after_the_approval_is_not_given() {
    let mut w = approved().await;
    w.edit_policy("policies.yaml", "forbid:\n", FROZEN);
    w.reload().await.unwrap();
    w.settle().await;
    is_invalidated(&w, "acme-frozen");
}

// E8 E62
#[tokio::test]
async fn what_was_forbidden_while_nobody_ran_is_not_given() {
    let mut w = approved().await;
    w.kill().await;
    w.edit_policy("policies.yaml", "forbid:\n", FROZEN);
    w.start().await;
    w.settle().await;
    is_invalidated(&w, "acme-frozen");
}

// E8
#[tokio::test]
async fn what_is_forbidden_while_the_provider_is_being_read_is_not_given() {
    let mut w = approved().await;
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "checking");
    w.edit_policy("policies.yaml", "forbid:\n", FROZEN);
    w.reload().await.unwrap();
    w.settle().await;
    w.provider.set_fault(None);
    w.advance(minutes(5)).await;
    is_invalidated(&w, "acme-frozen");
}

// E8 E12
#[tokio::test]
async fn an_account_that_was_deactivated_after_the_approval_gets_nothing() {
    let mut w = approved().await;
    assert!(w.slack.edit_user("U0MAYA", |user| user.deleted = true));
    // What Slack said at the approval is not believed for longer than a minute.
    w.pass(minutes(2));
    w.settle().await;
    assert_eq!((w.request_state("R-1"), w.grant_state("G-1")), ("invalidated".to_owned(), "void".to_owned()));
    assert!(w.card("R-1").contains("deactivated"), "{}", w.card("R-1"));
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// E13
#[tokio::test]
async fn a_contract_that_ended_after_the_approval_gives_nothing() {
    let mut w = approved().await;
    w.kill().await;
    w.edit_policy("people.yaml", "contract_ends: 2027-06-30", "contract_ends: 2026-03-16");
    w.start().await;
    w.settle().await;
    is_invalidated(&w, "contract");
}

// E12
#[tokio::test]
async fn an_outage_of_slack_does_not_hold_up_what_people_agreed_to() {
    let mut w = approved().await;
    w.slack.go_down();
    w.pass(minutes(2));
    w.settle().await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    w.slack.come_up();
    w.advance(minutes(2)).await;
    assert_eq!(w.grant_state("G-1"), "active");
}

// E9
#[tokio::test]
async fn files_that_cannot_be_read_do_not_hold_up_what_people_agreed_to() {
    let mut w = approved().await;
    w.kill().await;
    let good = w.read_policy("policies.yaml");
    w.write_policy("policies.yaml", "policies: [");
    w.start().await;
    w.settle().await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    w.write_policy("policies.yaml", &good);
    w.reload().await.unwrap();
    w.advance(minutes(2)).await;
    assert_eq!(w.grant_state("G-1"), "active");
}

// E8: nobody ever agreed to what the policy alone gave.
#[tokio::test]
async fn what_the_policy_alone_gave_is_not_given_when_people_have_to_agree_now() {
    let mut w = World::new().await;
    w.edit_policy("policies.yaml", "    approve: [ { by: owners, count: 1 } ]", "    approve: auto");
    w.reload().await.unwrap();
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
    w.says("maya", ASK).await;
    assert_eq!(w.grant_state("G-1"), "checking");
    w.edit_policy("policies.yaml", "    approve: auto", "    approve: [ { by: owners, count: 1 } ]");
    w.reload().await.unwrap();
    w.provider.set_fault(None);
    w.advance(minutes(5)).await;
    assert_eq!((w.request_state("R-1"), w.grant_state("G-1")), ("invalidated".to_owned(), "void".to_owned()));
    assert_eq!(w.level("maya", "prod/orders"), None);
}
