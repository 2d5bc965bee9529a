//! Being away: who stands in, for what and until when; and that nobody gets a second seat by it.

use crate::support::world::{World, hours, minutes};

use super::{ASK, WRITE};

/// Carol alone owns the orders, beside Frank where there are two seats; Dave is in no group that decides.
async fn where_carol_decides(count: u32) -> World {
    let mut w = World::new().await;
    let owners = if count == 1 { "[carol]" } else { "[carol, frank]" };
    w.edit_policy("people.yaml", "{ id: dba, members: [carol, dave] }", &format!("{{ id: dba, members: {owners} }}"));
    w.edit_policy(
        "policies.yaml",
        "approve: [ { by: owners, count: 1 } ]                                # one",
        &format!("approve: [ {{ by: owners, count: {count} }} ]  # one"),
    );
    w.reload().await.unwrap();
    w.settle().await;
    w.join("dave", "C0DBACCESS");
    w
}

#[tokio::test]
async fn whoever_stands_in_decides_in_the_place_of_whoever_is_away_and_both_names_are_kept() {
    let mut w = where_carol_decides(1).await;
    w.says("maya", ASK).await;
    let answer = w.presses("dave", "R-1", "request.approve").await;
    assert!(answer.contains("You are not among those who may decide this"), "{answer}");

    let answer = w.says("carol", "/jit away until fri @dave").await;
    assert!(answer.contains("You are away until Fri 20 Mar 23:59 Berlin. Dave Novak can decide in your place"), "{answer}");
    assert!(w.last_dm("dave").contains("*Carol Winter* is away until"), "{}", w.last_dm("dave"));
    assert!(w.says("dave", "/jit pending").await.contains("R-1"));
    assert!(w.says("dave", "/jit why R-1").await.contains("you stand in for Carol Winter, who is away"));
    assert!(w.card("R-1").contains("Dave Novak"), "{}", w.card("R-1"));

    w.presses("dave", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active");
    let seats = w.has_audit("approved by dave in the place of carol for group/dba");
    assert!(seats, "{:#?}", w.audit());
    assert!(w.card("R-1").contains("Dave Novak (for Carol Winter)"), "{}", w.card("R-1"));
    assert!(w.dms("maya").concat().contains("Dave Novak (for Carol Winter)"), "{:#?}", w.dms("maya"));
}

#[tokio::test]
async fn a_no_in_the_place_of_whoever_is_away_keeps_both_names_as_well() {
    let mut w = where_carol_decides(1).await;
    w.says("carol", "/jit away until fri @dave").await;
    w.says("maya", ASK).await;
    w.denies("dave", "R-1", "the replica is being rebuilt").await;
    assert_eq!(w.request_state("R-1"), "denied");
    assert!(w.has_audit("R-1: dave in the place of carol denied it"), "{:#?}", w.audit());
    assert!(w.card("R-1").contains("Denied by *Dave Novak (for Carol Winter)*"), "{}", w.card("R-1"));
    assert!(w.dms("maya").concat().contains("Dave Novak (for Carol Winter) denied your request"), "{:#?}", w.dms("maya"));

    // Whoever says no by a right of their own says so for nobody else.
    w.says("carol", "/jit back").await;
    w.says("maya", ASK).await;
    w.denies("carol", "R-2", "not today").await;
    assert!(w.has_audit("R-2: carol denied it"), "{:#?}", w.audit());
    w.advance(minutes(1)).await;
}

#[tokio::test]
async fn a_stand_in_decides_nothing_of_their_own_nothing_twice_and_nothing_afterwards() {
    let mut w = where_carol_decides(1).await;
    w.says("carol", "/jit away until fri @dave").await;
    w.says("dave", "/jit request prod/orders readonly 2h slow checkout again").await;
    let answer = w.presses("dave", "R-1", "request.approve").await;
    assert!(answer.contains("You can't approve your own request"), "{answer}");

    w.says("maya", ASK).await;
    assert!(w.says("carol", "/jit back").await.contains("Welcome back"));
    let told = w.dms("dave").concat();
    assert!(told.contains("You stand in for *Carol Winter* no longer"), "{told}");
    let answer = w.presses("dave", "R-2", "request.approve").await;
    assert!(answer.contains("You are not among those who may decide this"), "{answer}");
    assert!(w.says("carol", "/jit back").await.contains("You are not away"));
    w.presses("carol", "R-2", "request.approve").await;
    assert_eq!(w.grant_state("G-2"), "active");
}

#[tokio::test]
async fn the_two_of_them_fill_no_more_seats_than_one_of_them() {
    let mut w = where_carol_decides(2).await;
    w.says("carol", "/jit away until fri @dave").await;
    w.says("maya", ASK).await;
    let answer = w.presses("dave", "R-1", "request.approve").await;
    assert!(answer.contains("Recorded") && answer.contains("still needed"), "{answer}");
    // She decides herself as well: that is the same seat.
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("still needed"), "{answer}");
    assert_eq!(w.request_state("R-1"), "pending");
    assert_eq!(w.level("maya", "prod/orders"), None);
    w.join("frank", "C0DBACCESS");
    w.presses("frank", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");

    // The other way round there is nothing left for him to say.
    w.presses("maya", "G-1", "grant.done").await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-2", "request.approve").await;
    let answer = w.presses("dave", "R-2", "request.approve").await;
    assert!(answer.contains("Carol Winter has agreed themselves"), "{answer}");
    assert_eq!(w.request_state("R-2"), "pending");
    w.advance(minutes(1)).await;
}

// E11
#[tokio::test]
async fn a_yes_in_somebodys_place_is_void_once_they_are_back_before_the_quorum() {
    let mut w = where_carol_decides(2).await;
    w.says("carol", "/jit away until 11:00 @dave").await;
    w.says("maya", ASK).await;
    w.presses("dave", "R-1", "request.approve").await;
    assert!(w.has_audit("R-1: dave in the place of carol agreed"), "{:#?}", w.audit());
    w.advance(minutes(59)).await;
    assert_eq!(w.count_audit("no longer counts"), 0);
    w.advance(minutes(1)).await;
    assert!(w.has_audit("carol is back"), "{:#?}", w.audit());
    assert!(w.has_audit("R-1: the yes of dave no longer counts"), "{:#?}", w.audit());
    w.join("frank", "C0DBACCESS");
    let answer = w.presses("frank", "R-1", "request.approve").await;
    assert!(answer.contains("still needed"), "{answer}");
    assert_eq!(w.request_state("R-1"), "pending");
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E11
#[tokio::test]
async fn whoever_leaves_the_group_is_stood_in_for_no_longer() {
    let mut w = where_carol_decides(2).await;
    w.says("carol", "/jit away until fri @dave").await;
    w.says("maya", ASK).await;
    w.presses("dave", "R-1", "request.approve").await;
    w.edit_policy("people.yaml", "{ id: dba, members: [carol, frank] }", "{ id: dba, members: [erin, frank] }");
    w.reload().await.unwrap();
    w.settle().await;
    for who in ["frank", "erin"] {
        assert_eq!(w.request_state("R-1"), "pending", "before {who}");
        w.join(who, "C0DBACCESS");
        w.presses(who, "R-1", "request.approve").await;
    }
    assert_eq!(w.request_state("R-1"), "approved");
    assert!(w.has_audit("the yes of dave no longer counts"), "{:#?}", w.audit());
}

#[tokio::test]
async fn only_another_employee_who_is_here_stands_in_and_only_for_an_employee() {
    let mut w = where_carol_decides(1).await;
    for (who, words, said) in [
        ("carol", "/jit away until fri @maya", "Maya Okafor can't stand in for you"),
        ("carol", "/jit away until fri @carol", "Carol Winter can't stand in for you"),
        ("carol", "/jit away until fri @nobody", "I know nobody called “nobody”"),
        ("carol", "/jit away until 2026-12-24 @dave", "At most 60 days at once"),
        ("carol", "/jit away until today 09:00 @dave", "that time is over already"),
        ("maya", "/jit away until fri @dave", "Only employees are stood in for"),
    ] {
        let answer = w.says(who, words).await;
        assert!(answer.contains(said), "{words}: {answer}");
    }
    assert!(w.says("carol", "/jit away").await.contains("You are not away"));
    w.says("dave", "/jit away until thu").await;
    let answer = w.says("carol", "/jit away until fri @dave").await;
    assert!(answer.contains("Dave Novak can't stand in for you"), "he is away himself: {answer}");

    // Nor does anybody stand in for a stand-in.
    w.says("dave", "/jit back").await;
    w.says("carol", "/jit away until fri @dave").await;
    w.says("dave", "/jit away until thu @erin").await;
    w.says("maya", ASK).await;
    for who in ["dave", "erin"] {
        w.join(who, "C0DBACCESS");
        let answer = w.presses(who, "R-1", "request.approve").await;
        assert!(answer.contains("You are not among those who may decide this"), "{who}: {answer}");
    }
    let answer = w.says("dave", "/jit away").await;
    assert!(
        answer.contains("You are away until Thu 19 Mar 23:59 Berlin") && answer.contains("You stand in for Carol"),
        "{answer}"
    );
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active", "she still may herself");
}

#[tokio::test]
async fn whoever_is_away_is_left_in_peace_unless_nobody_else_can_decide() {
    let mut w = World::new().await;
    w.says("carol", "/jit away until fri").await;
    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("Dave Novak can decide") && !answer.contains("Carol"), "{answer}");
    assert!(!w.card("R-1").contains("U0CAROL"), "{}", w.card("R-1"));
    assert!(w.card("R-1").contains("U0DAVE"), "{}", w.card("R-1"));
    w.presses("dave", "R-1", "request.deny").await;

    let mut w = where_carol_decides(1).await;
    w.says("carol", "/jit away until fri").await;
    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("Carol Winter can decide"), "{answer}");
    assert!(
        answer.contains("Carol Winter is away until Fri 20 Mar 23:59 Berlin, and without them nobody can decide"),
        "{answer}"
    );
    assert!(w.card("R-1").contains("U0CAROL"), "{}", w.card("R-1"));
}

#[tokio::test]
async fn both_teams_are_still_asked_and_a_name_in_two_places_is_one_person() {
    let mut w = World::new().await;
    // Erin, of security, stands in for Carol, of the other team: she fills one of the two seats, not both.
    w.says("carol", "/jit away until fri @erin").await;
    w.says("dave", "/jit away until fri").await;
    w.says("bob", WRITE).await;
    w.join("erin", "C0DBACCESS");
    w.approves_because("erin", "R-1", "looks right").await;
    assert_eq!(w.request_state("R-1"), "pending");
    w.join("frank", "C0DBACCESS");
    w.approves_because("frank", "R-1", "looks right").await;
    assert_eq!(w.request_state("R-1"), "approved", "Erin in Carol's place, Frank for security");
    assert!(w.has_audit("erin in the place of carol for group/dba, frank for group/security"), "{:#?}", w.audit());
    w.advance(hours(2)).await;
}
