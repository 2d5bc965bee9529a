//! Access that begins later: agreed to now, looked at once more and started then, and over when it was said to be.

use crate::support::world::{World, account, hours, minutes};

/// Bob, who may read the orders at any time, asks in the morning for the night.
const TONIGHT: &str = "/jit request prod/orders readonly from 23:00 until 01:00 nightly import";

/// It is 10:00, and Carol has agreed.
async fn agreed() -> World {
    let mut w = World::new().await;
    w.says("bob", TONIGHT).await;
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("It starts Tue 17 Mar 23:00 Berlin"), "{answer}");
    assert_eq!((w.request_state("R-1"), w.grant_state("G-1")), ("approved".to_owned(), "planned".to_owned()));
    w
}

#[tokio::test]
async fn it_begins_and_ends_when_it_was_said_to() {
    let mut w = World::new().await;
    let answer = w.says("bob", TONIGHT).await;
    assert!(
        answer.contains("It is for Tue 17 Mar 23:00 Berlin to Wed 18 Mar 01:00 Berlin, and starts then by itself."),
        "{answer}"
    );
    for said in [w.card("R-1"), w.dms("bob").concat()] {
        assert!(said.contains("Tue 17 Mar 23:00 Berlin> to <") && said.contains("Wed 18 Mar 01:00 Berlin>"), "{said}");
    }
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("It starts Tue 17 Mar 23:00 Berlin"), "{answer}");
    let status = w.dms("bob").concat();
    assert!(status.contains("It starts <") && status.contains("You have no access before"), "{status}");

    w.pass(hours(12) + minutes(58));
    w.settle().await;
    w.advance(minutes(1)).await;
    assert_eq!((w.grant_state("G-1"), w.level("bob", "prod/orders")), ("planned".to_owned(), None), "it is 22:59");
    w.advance(minutes(1)).await;
    assert_eq!(w.grant_state("G-1"), "active");
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(w.ends_in_minutes("G-1"), 120);

    w.pass(minutes(104));
    w.settle().await;
    let before = w.dms("bob").len();
    w.advance(minutes(1)).await;
    assert!(w.dms("bob").split_off(before).concat().contains("in 15 minutes"), "{:#?}", w.dms("bob"));
    w.pass(minutes(14));
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "active", "it is 00:59");
    w.advance(minutes(1)).await;
    assert_eq!((w.grant_state("G-1"), w.level("bob", "prod/orders")), ("ended".to_owned(), None));
    assert!(w.last_dm("bob").contains("verified"), "{}", w.last_dm("bob"));
}

#[tokio::test]
async fn who_decides_late_shortens_it_and_moves_no_end() {
    let mut w = World::new().await;
    w.pass(hours(12) + minutes(30));
    w.says("bob", TONIGHT).await;
    w.pass(minutes(60));
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active", "it is 23:30");
    assert_eq!(w.ends_in_minutes("G-1"), 90);
}

#[tokio::test]
async fn what_nobody_answers_until_it_could_no_longer_begin_expires() {
    let mut w = World::new().await;
    w.pass(hours(12) + minutes(30));
    w.says("bob", TONIGHT).await;
    assert!(w.card("R-1").contains("Wed 18 Mar 00:00"), "to be decided by then: {}", w.card("R-1"));
    w.pass(minutes(89));
    w.settle().await;
    assert_eq!(w.request_state("R-1"), "pending", "it is 23:59");
    w.advance(minutes(1)).await;
    assert_eq!(w.request_state("R-1"), "expired");
    assert!(w.last_dm("bob").contains("nobody decided in time"), "{}", w.last_dm("bob"));
}

#[tokio::test]
async fn what_is_withdrawn_before_never_begins() {
    let mut w = agreed().await;
    let answer = w.presses("bob", "R-1", "request.withdraw").await;
    assert!(answer.contains("Withdrawn: R-1"), "{answer}");
    assert_eq!((w.request_state("R-1"), w.grant_state("G-1")), ("cancelled".to_owned(), "void".to_owned()));
    w.pass(hours(13));
    w.settle().await;
    assert_eq!(w.level("bob", "prod/orders"), None);
}

#[tokio::test]
async fn what_the_files_forbid_meanwhile_is_closed_with_the_reason() {
    let mut w = agreed().await;
    let rule = "forbid:\n  - id: freeze\n    about: Nobody reads orders this week.\n    who: { group: engineering }\n";
    w.edit_policy("policies.yaml", "forbid:\n", rule);
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!((w.request_state("R-1"), w.grant_state("G-1")), ("invalidated".to_owned(), "void".to_owned()));
    assert!(w.last_dm("bob").contains("freeze"), "{}", w.last_dm("bob"));
}

// E13
#[tokio::test]
async fn a_contract_that_is_over_by_then_ends_it_before_it_begins() {
    let mut w = World::new().await;
    let answer = w.says("maya", "/jit request prod/orders readonly from thu 10:00 for 2h OPS-42 slow checkout").await;
    assert!(answer.contains("Thu 19 Mar 10:00 Berlin to 12:00 Berlin"), "{answer}");
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "planned");
    w.edit_policy("people.yaml", "contract_ends: 2027-06-30", "contract_ends: 2026-03-18");
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!((w.request_state("R-1"), w.grant_state("G-1")), ("invalidated".to_owned(), "void".to_owned()));
    assert!(w.dms("maya").concat().contains("contract"), "{:#?}", w.dms("maya"));
    w.pass(hours(48));
    w.settle().await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// E12: what Slack never told is asked just before it begins.
#[tokio::test]
async fn whoever_was_deactivated_by_then_gets_nothing() {
    let mut w = agreed().await;
    assert!(w.slack.edit_user(&account("bob"), |user| user.deleted = true));
    w.pass(hours(13));
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "void");
    assert_eq!(w.level("bob", "prod/orders"), None);
    assert!(w.has_audit("the account was deactivated"), "{:#?}", w.audit());
}

// E62
#[tokio::test]
async fn a_process_that_was_down_at_the_start_begins_it_late_and_ends_it_on_time() {
    let mut w = agreed().await;
    w.kill().await;
    w.pass(hours(13) + minutes(5));
    w.start().await;
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "active");
    assert_eq!(w.ends_in_minutes("G-1"), 115);
}

#[tokio::test]
async fn a_process_that_was_down_until_it_was_too_late_begins_nothing() {
    let mut w = agreed().await;
    w.kill().await;
    w.pass(hours(14));
    w.start().await;
    w.settle().await;
    assert_eq!((w.request_state("R-1"), w.grant_state("G-1")), ("lapsed".to_owned(), "void".to_owned()));
    assert!(w.last_dm("bob").contains("could not begin in time"), "{}", w.last_dm("bob"));
    assert_eq!(w.level("bob", "prod/orders"), None);
}

/// Bob asks for `01:30` until `03:30` on the day before a night, which comes after `days`; how long it lasts.
async fn through_the_night(days: u64, less_minutes: u64) -> i64 {
    let mut w = World::new().await;
    w.pass(hours(24 * days) - minutes(less_minutes));
    w.settle().await;
    w.says("bob", "/jit request prod/orders readonly from 01:30 until 03:30 nightly import").await;
    w.presses("carol", "R-1", "request.approve").await;
    w.pass(hours(15) + minutes(29));
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "planned", "it is 01:29");
    w.advance(minutes(1)).await;
    assert_eq!(w.grant_state("G-1"), "active");
    let lasts = w.ends_in_minutes("G-1");
    w.pass(minutes(u64::try_from(lasts).unwrap() - 1));
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "active");
    w.advance(minutes(1)).await;
    assert_eq!(w.grant_state("G-1"), "ended");
    lasts
}

#[tokio::test]
async fn in_the_night_that_loses_an_hour_it_is_an_hour_shorter() {
    // On Sunday 2026-03-29 the clocks of Berlin go from 02:00 to 03:00.
    assert_eq!(through_the_night(11, 0).await, 60);
}

#[tokio::test]
async fn in_the_night_that_has_an_hour_twice_it_is_an_hour_longer() {
    // On Sunday 2026-10-25 they go from 03:00 back to 02:00; on the day before it is summer, so that 10:00 comes an hour earlier.
    assert_eq!(through_the_night(221, 60).await, 180);
}

#[tokio::test]
async fn the_hours_that_count_are_those_of_the_start() {
    let mut w = World::new().await;
    let answer = w.says("maya", "/jit request prod/orders readonly from 22:00 2h OPS-42 slow checkout").await;
    assert!(answer.contains("Possible from Wed 18 Mar 08:00 Berlin"), "{answer}");
    let answer = w.says("maya", "/jit request prod/orders readonly from 17:00 2h OPS-42 slow checkout").await;
    assert!(
        answer.contains("It is for Tue 17 Mar 17:00 Berlin to 18:00 Berlin"),
        "the window ends it, and that is said: {answer}"
    );
    // At night nothing is possible at once, but something for the morning.
    w.pass(hours(12));
    let answer = w.says("maya", "/jit request prod/orders readonly from wed 09:00 until 11:00 OPS-42 slow checkout").await;
    assert!(answer.contains("It is for Wed 18 Mar 09:00 Berlin to 11:00 Berlin"), "{answer}");
}

#[tokio::test]
async fn one_for_tonight_and_one_for_now_are_two() {
    let mut w = agreed().await;
    let answer = w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await;
    assert!(answer.contains("Asked"), "{answer}");
    let answer = w.says("bob", "/jit request prod/orders readonly from 23:30 30m slow checkout").await;
    assert!(answer.contains("You have that already"), "{answer}");
    let answer = w.says("bob", TONIGHT).await;
    assert!(answer.contains("You have that already"), "{answer}");
}

#[tokio::test]
async fn an_emergency_has_no_later() {
    let mut w = World::new().await;
    let answer = w.says("bob", "/jit break-glass prod/orders readonly from 23:00 30m orders are stuck since noon").await;
    assert!(answer.contains("breaking the glass is for now"), "{answer}");
    assert_eq!(w.request_state("R-1"), "none");
}

#[tokio::test]
async fn until_a_time_is_until_that_time_whenever_it_is_decided() {
    let mut w = World::new().await;
    w.says("bob", "/jit request prod/orders readonly until 12:00 slow checkout").await;
    w.pass(minutes(60));
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.ends_in_minutes("G-1"), 60);
}
