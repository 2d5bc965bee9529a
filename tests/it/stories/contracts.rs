//! A contract that ends, or is brought forward, while access is in force.

use super::ASK;
use crate::support::world::{World, hours, minutes};

const ENDS: &str = "contract_ends: 2027-06-30";

/// The last day of this contract ends at 12:00 in Berlin, two hours after every story's beginning.
const ENDS_AT_NOON: &str = "timezone: Pacific/Auckland\n    contract_ends: 2026-03-17";

/// Maya reads orders for four hours and writes to the repository for two.
async fn in_force() -> World {
    let mut w = World::new().await;
    w.says("maya", "/jit request prod/orders readonly 4h OPS-42 slow checkout").await;
    w.presses("carol", "R-1", "request.approve").await;
    w.says("maya", "/jit request shop/repo write 2h the new basket").await;
    w.presses("bob", "R-2", "request.approve").await;
    w.advance(minutes(10)).await;
    assert_eq!((w.grant_state("G-1"), w.grant_state("G-2")), ("active".to_owned(), "active".to_owned()));
    w
}

// E13
#[tokio::test]
async fn a_contract_that_is_over_ends_everything_at_once_and_the_sponsor_is_told() {
    let mut w = in_force().await;
    let before = w.dms("bob").len();
    w.edit_policy("people.yaml", ENDS, "contract_ends: 2026-03-16");
    w.reload().await.unwrap();
    w.settle().await;
    w.advance(minutes(1)).await;
    assert_eq!((w.grant_state("G-1"), w.grant_state("G-2")), ("ended".to_owned(), "ended".to_owned()));
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.level("maya-acme", "shop/repo"), None);
    assert!(w.dms("maya").concat().contains("the contract ended"), "{:#?}", w.dms("maya"));
    let told: Vec<String> = w.dms("bob").split_off(before);
    assert_eq!(told.len(), 1, "one message for all of it: {told:#?}");
    insta::assert_snapshot!(told.concat());
}

// E13 I9
#[tokio::test]
async fn a_contract_brought_forward_lowers_the_ends_that_are_later_and_the_sponsor_is_told_once() {
    let mut w = in_force().await;
    let before = w.dms("bob").len();
    w.edit_policy("people.yaml", ENDS, ENDS_AT_NOON);
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!((w.ends_in_minutes("G-1"), w.ends_in_minutes("G-2")), (110, 110));
    let told: Vec<String> = w.dms("bob").split_off(before);
    assert_eq!(told.len(), 1, "{told:#?}");
    insta::assert_snapshot!(told.concat());

    w.reload().await.unwrap();
    w.advance(minutes(2)).await;
    assert_eq!(w.dms("bob").len(), before + 1, "what was told is not told again");
    w.advance(minutes(108)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
}

// E13 I9
#[tokio::test]
async fn a_later_date_raises_no_end() {
    let mut w = in_force().await;
    w.edit_policy("people.yaml", ENDS, ENDS_AT_NOON);
    w.reload().await.unwrap();
    w.edit_policy("people.yaml", ENDS_AT_NOON, "contract_ends: 2027-12-31");
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!(w.ends_in_minutes("G-1"), 110);
    w.edit_policy("people.yaml", "contract_ends: 2027-12-31", "timezone: Europe/Berlin");
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!(w.ends_in_minutes("G-1"), 110);
}

// E13
#[tokio::test]
async fn a_contract_that_ended_while_nobody_ran_ends_at_the_start() {
    let mut w = in_force().await;
    w.kill().await;
    w.edit_policy("people.yaml", ENDS, "contract_ends: 2026-03-16");
    w.start().await;
    w.settle().await;
    assert_eq!((w.grant_state("G-1"), w.grant_state("G-2")), ("ended".to_owned(), "ended".to_owned()));
    assert!(w.last_dm("bob").contains("Maya Okafor"), "{}", w.last_dm("bob"));
}

// E13
#[tokio::test]
async fn more_time_that_was_agreed_ends_with_the_contract_too() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.says("maya", "/jit extend G-1 1h OPS-42 the query is still running").await;
    w.presses("dave", "R-2", "request.approve").await;
    assert_eq!(w.ends_in_minutes("G-1"), 180);
    w.edit_policy("people.yaml", ENDS, ENDS_AT_NOON);
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!(w.ends_in_minutes("G-1"), 120);
    w.advance(hours(2)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// E13 I3
#[tokio::test]
async fn what_cannot_be_removed_when_the_contract_ends_stays_owed() {
    use daypass::demo::sandbox::{SandboxFault, SandboxFaultKind};
    let mut w = in_force().await;
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
    w.edit_policy("people.yaml", ENDS, "contract_ends: 2026-03-16");
    w.reload().await.unwrap();
    w.advance(minutes(6)).await;
    assert_eq!(w.grant_state("G-1"), "revoking");
    assert!(w.alarms().concat().contains("should be over"), "{:#?}", w.alarms());
    w.provider.set_fault(None);
    w.advance(minutes(10)).await;
    assert_eq!((w.grant_state("G-1"), w.grant_state("G-2")), ("ended".to_owned(), "ended".to_owned()));
}

// E13 I3
#[tokio::test]
async fn somebody_who_is_not_in_the_files_any_more_keeps_what_they_hold_until_its_end_and_is_named() {
    let mut w = in_force().await;
    let text = w.read_policy("people.yaml");
    let (from, to) = (text.find("  - id: maya").unwrap(), text.find("  - id: hugo").unwrap());
    w.write_policy("people.yaml", &format!("{}{}", &text[..from], &text[to..]));
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "active", "revocation depends on the row, and giving was agreed");
    let told = w.alarms().concat();
    assert!(told.contains("G-1") && told.contains("maya"), "{told}");
    w.advance(hours(4)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.level("maya-acme", "shop/repo"), None);
}
