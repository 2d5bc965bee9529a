//! Asking: in words and by the form, within the policy's bounds.

use daypass::demo::emulator::{Input, Place, Then, Values};

use super::{ASK, WRITE};
use crate::support::world::{World, account, hours, minutes};

#[tokio::test]
async fn outside_the_window_the_answer_says_when() {
    let mut w = World::new().await;
    w.pass(hours(9));
    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("Possible from") && answer.contains("18 Mar 08:00"), "{answer}");
    assert_eq!(w.request_state("R-1"), "none");
    assert_eq!(w.count_audit("maya was refused"), 1, "{:#?}", w.audit());
}

#[tokio::test]
async fn over_the_cap_the_answer_says_how_much() {
    let mut w = World::new().await;
    let answer = w.says("maya", "/jit request prod/orders readonly 9h OPS-42 slow checkout").await;
    assert!(answer.contains("At most 8 h here"), "{answer}");
}

#[tokio::test]
async fn the_end_of_the_window_ends_it() {
    let mut w = World::new().await;
    w.pass(hours(6) + minutes(30));
    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("ends Tue 17 Mar 18:00"), "{answer}");
    assert!(w.card("R-1").contains("18:00"), "{}", w.card("R-1"));
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.ends_in_minutes("G-1"), 90);
    w.advance(minutes(90)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// E13 I9
#[tokio::test]
async fn the_end_of_the_contract_ends_it() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "contract_ends: 2027-01-31", "contract_ends: 2026-03-17");
    w.edit_policy("policies.yaml", "    when: { days: mon-fri, hours: \"07:00-20:00\" }\n", "");
    w.reload().await.unwrap();
    w.pass(hours(12));
    let answer = w.says("hugo", "/jit request shop/repo write 4h the new basket").await;
    assert!(answer.contains("ends Wed 18 Mar 00:00"), "{answer}");
    w.presses("bob", "R-1", "request.approve").await;
    assert_eq!(w.ends_in_minutes("G-1"), 120);
    assert!(w.dms("hugo").concat().contains("is yours until"), "{:#?}", w.dms("hugo"));
    w.advance(hours(2)).await;
    assert_eq!(w.level("hugo-initech", "shop/repo"), None);
    let answer = w.says("hugo", "/jit request shop/repo write 4h the new basket").await;
    assert!(answer.contains("contract"), "{answer}");
}

// E49
#[tokio::test]
async fn asking_twice_refers_to_the_first_and_a_flood_is_stopped() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("R-1") && answer.contains("already"), "{answer}");
    for number in 1..10 {
        let answer = w.says("maya", &format!("/jit request prod/orders readonly {}m OPS-42 slow checkout", 20 + number)).await;
        assert!(answer.contains("Asked"), "{answer}");
    }
    let answer = w.says("maya", "/jit request prod/orders readonly 1h OPS-42 slow checkout").await;
    assert!(answer.contains("You have 10 requests waiting"), "{answer}");
    assert_eq!(w.request_state("R-11"), "none");
    // Slack takes one message a second and channel; the worker here looks once a minute.
    w.advance(minutes(10)).await;
}

// E45
#[tokio::test]
async fn what_nobody_could_agree_to_is_refused_when_it_is_asked_for() {
    let mut w = World::new().await;
    // Two steps need two people, and Carol is all there is of both groups.
    w.edit_policy("people.yaml", "id: dba, members: [carol, dave]", "id: dba, members: [carol]");
    w.edit_policy("people.yaml", "id: security, members: [erin, frank]", "id: security, members: [carol]");
    w.reload().await.unwrap();
    let answer = w.says("bob", WRITE).await;
    assert!(answer.contains("Nobody could approve this") && answer.contains("nobody fills two places"), "{answer}");
    assert_eq!(w.request_state("R-1"), "none");
    assert!(w.dms("carol").is_empty() && w.has_audit("bob was refused `request`"), "{:#?}", w.audit());
}

#[tokio::test]
async fn what_is_held_is_not_asked_for_again() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    let answer = w.says("maya", "/jit request prod/orders readonly 1h OPS-43 slow again").await;
    assert!(answer.contains("You have that already") && answer.contains("G-1"), "{answer}");
}

/// Chooses in the open form, which follows.
async fn chooses(w: &World, who: &str, field: &str, value: &str) {
    let place = Place::View(w.form(who).unwrap().id);
    let shown = w.slack.act(&account(who), &place, None, field, Input::Option(value.to_owned())).await;
    assert!(shown.is_acknowledged(), "{shown:?}");
}

// E44
#[tokio::test]
async fn the_form_follows_what_is_chosen_and_files_a_request() {
    let mut w = World::new().await;
    assert_eq!(w.says("maya", "/jit request").await, "");
    assert!(!w.form_text("maya").contains("Read only"), "no role before something is chosen");
    chooses(&w, "maya", "resource", "prod/orders").await;
    assert!(w.form_text("maya").contains("Read only"), "{}", w.form_text("maya"));
    chooses(&w, "maya", "duration", "120m").await;
    assert!(w.form_text("maya").contains("will be asked"), "{}", w.form_text("maya"));

    let submitted = w.submits("maya", Values::new().text("reason", "OPS-42")).await;
    assert!(submitted.errors()["reason"].contains("10 characters"), "{submitted:?}");
    let submitted = w.submits("maya", Values::new().text("reason", "slow checkout, since this morning")).await;
    assert!(submitted.errors()["ticket"].contains("ticket"), "{submitted:?}");
    let submitted = w.submits("maya", Values::new().text("until", "yesterday").text("reason", "OPS-42 slow checkout")).await;
    assert!(submitted.errors().contains_key("until"), "{submitted:?}");
    assert_eq!(w.request_state("R-1"), "none");
    let submitted = w.submits("maya", Values::new().text("until", "17:30").text("reason", "OPS-42 slow checkout")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");

    assert_eq!(w.request_state("R-1"), "pending");
    assert_eq!(w.request("R-1").unwrap().terms.access_for.as_millis(), 450 * 60_000);
    assert!(w.last_dm("maya").contains("You asked for"), "{}", w.last_dm("maya"));
}

// E43
#[tokio::test]
async fn whoever_can_ask_for_nothing_is_told_so() {
    let mut w = World::new().await;
    assert_eq!(w.says("sam", "/jit request").await, "");
    assert!(w.form_text("sam").contains("nothing that you could ask for"), "{}", w.form_text("sam"));
}

#[tokio::test]
async fn whoever_asks_gets_an_answer() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.says("bob", "/jit request prod/orders readonly 1h slow checkout").await;
    w.presses("dave", "R-2", "request.approve").await;
    let mut heard = Vec::new();
    for (who, words) in [
        ("maya", "/jit help"),
        ("sam", "/jit help"),
        ("maya", "/jit mine"),
        ("bob", "/jit mine"),
        ("sam", "/jit mine"),
        ("carol", "/jit pending"),
        ("sam", "/jit pending"),
        ("carol", "/jit why R-1"),
        ("maya", "/jit why R-1"),
        ("hugo", "/jit why R-1"),
        ("maya", "/jit why R-99"),
        ("hugo", "/jit cancel R-1"),
        ("maya", "/jit cancel"),
        ("maya", "/jit cancel R-1"),
        ("maya", "/jit reqest prod/orders"),
        ("maya", "/jit request prod/ordres readonly 2h OPS-42"),
        ("maya", "/jit request prod/orders root 2h OPS-42"),
        ("maya", "/jit extend G-1 1h more"),
    ] {
        heard.push(format!("> {who}: {words}\n{}\n", w.says(who, words).await));
    }
    insta::assert_snapshot!(heard.join("\n"));
}
