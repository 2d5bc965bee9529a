//! Several grants of one thing, and what was there before us.

use super::{ASK, WRITE};
use crate::support::world::{World, hours, minutes};

const READ: &str = "/jit request prod/orders readonly 1h OPS-42 slow checkout";

/// Bob reads for an hour by one request, and writes for an hour by another one that came half an hour later.
async fn bob_reads_then_writes() -> World {
    let mut w = World::new().await;
    w.says("bob", READ).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(30)).await;
    w.says("bob", WRITE).await;
    w.approves_because("carol", "R-2", "agreed in the change board").await;
    w.approves_because("erin", "R-2", "no personal data in it").await;
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readwrite"));
    w
}

// E20 E21 I5
#[tokio::test]
async fn the_weaker_grant_ends_first_and_the_stronger_goes_on() {
    let mut w = bob_reads_then_writes().await;
    w.advance(minutes(30)).await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readwrite"));
    assert!(w.last_dm("bob").contains("G-2"), "he reads by what it goes on: {}", w.last_dm("bob"));
    w.advance(minutes(30)).await;
    assert_eq!(w.level("bob", "prod/orders"), None);
}

// E20 E21 I5
#[tokio::test]
async fn the_stronger_grant_ends_first_and_the_weaker_goes_on() {
    let mut w = bob_reads_then_writes().await;
    w.says("bob", "/jit done G-2").await;
    assert_eq!(w.grant_state("G-2"), "ended");
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readonly"), "the level that the first one asks for");
    w.advance(minutes(30)).await;
    assert_eq!(w.level("bob", "prod/orders"), None, "what the first one gave was not there before");
}

/// The same thing under two roles of one level.
async fn two_grants_of_the_same_level() -> World {
    let mut w = World::new().await;
    let role = "{ id: readonly, name: Read only, grant: { level: readonly } }";
    let twin = "{ id: support, name: Support, grant: { level: readonly } }";
    w.edit_policy("resources.yaml", role, &format!("{role}\n      - {twin}"));
    let policy = "  - id: prod-write\n";
    let more = "  - id: support\n    who: { group: engineering }\n    what: { resource: prod/orders, role: support }\n    for: { max: 8h }\n    approve: [ { by: owners } ]\n\n";
    w.edit_policy("policies.yaml", policy, &format!("{more}{policy}"));
    w.reload().await.unwrap();
    w.says("bob", READ).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(30)).await;
    w.says("bob", &READ.replace("readonly", "support")).await;
    w.presses("carol", "R-2", "request.approve").await;
    assert_eq!((w.grant_state("G-1"), w.grant_state("G-2")), ("active".to_owned(), "active".to_owned()));
    w
}

// E20 I5
#[tokio::test]
async fn overlapping_grants_end_the_access_with_the_last_of_them() {
    for first_to_end in ["G-1", "G-2"] {
        let mut w = two_grants_of_the_same_level().await;
        w.says("bob", &format!("/jit done {first_to_end}")).await;
        assert_eq!(w.grant_state(first_to_end), "ended");
        assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readonly"), "{first_to_end} ended first");
        w.advance(hours(1)).await;
        assert_eq!(w.level("bob", "prod/orders"), None);
    }
}

// E22 I4
#[tokio::test]
async fn what_was_held_before_stays_and_the_person_is_told() {
    let mut w = World::new().await;
    w.provider.give("maya", "prod/orders", "readonly");
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert!(w.last_dm("maya").contains("You held"), "{}", w.last_dm("maya"));
    w.advance(hours(3)).await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert!(w.provider.calls().iter().all(|call| call.method == "GET"), "nothing was changed");
}

// E21 I4
#[tokio::test]
async fn a_raised_level_goes_back_to_what_it_was() {
    let mut w = World::new().await;
    w.provider.give("maya", "prod/orders", "view");
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    w.restart().await;
    w.advance(hours(2)).await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("view"));
    assert_eq!(w.grant_state("G-1"), "ended");
}

// E56 I5
#[tokio::test]
async fn a_second_grant_while_the_first_is_being_removed_is_not_taken_for_a_prior() {
    use daypass::demo::sandbox::{On, SandboxFault, SandboxFaultKind};
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down).on(On::Changes)));
    w.says("maya", "/jit done").await;
    assert_eq!(w.grant_state("G-1"), "revoking");

    w.says("maya", ASK).await;
    w.presses("carol", "R-2", "request.approve").await;
    w.provider.set_fault(None);
    w.advance(minutes(2)).await;
    assert_eq!((w.grant_state("G-1"), w.grant_state("G-2")), ("ended".to_owned(), "active".to_owned()));
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    w.advance(hours(2)).await;
    assert_eq!(w.level("maya", "prod/orders"), None, "it was not there before us");
    assert_eq!(w.grant_state("G-2"), "ended");
}
