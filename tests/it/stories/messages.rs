//! Messages that do not arrive, are deleted, or were posted without anybody knowing; and what people write to look like others.

use daypass::demo::emulator::{Fault, FaultKind};

use super::ASK;
use crate::support::world::{World, account, hours, minutes};

// E39 I6
#[tokio::test]
async fn while_slack_is_down_access_begins_and_ends_and_people_read_it_afterwards() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses_before_work("carol", "R-1", "request.approve").await;
    w.slack.go_down();
    w.settle().await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    w.advance(hours(2)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.dms("maya").len(), 1, "nothing arrived");

    w.slack.come_up();
    w.advance(minutes(3)).await;
    assert!(w.card("R-1").contains("verified at the provider"), "{}", w.card("R-1"));
    assert!(!w.dms("maya").concat().contains("is yours until"), "no news of yesterday");
    insta::assert_snapshot!(w.dms("maya").join("\n---\n"));
}

// E39
#[tokio::test]
async fn slack_is_asked_no_sooner_than_it_says() {
    let mut w = World::new().await;
    w.slack.fault(Fault::times("chat.postMessage", 2, FaultKind::RateLimited { retry_after_s: 120 }));
    w.says("maya", ASK).await;
    w.advance(minutes(1)).await;
    assert_eq!(w.cards("R-1").len(), 0);
    w.advance(minutes(2)).await;
    assert_eq!(w.cards("R-1").len(), 1);
}

// E17
#[tokio::test]
async fn a_card_that_somebody_deleted_is_posted_again_once() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let card = w.card_messages("R-1").remove(0);
    w.deletes(&card);
    assert_eq!(w.cards("R-1").len(), 0);
    w.presses_from("carol", "R-1").await;
    w.advance(minutes(1)).await;
    assert_eq!(w.cards("R-1").len(), 1);
    assert!(w.card("R-1").contains("Approved by"), "{}", w.card("R-1"));
    let card = w.card_messages("R-1").remove(0);
    w.deletes(&card);
    w.advance(hours(2)).await;
    assert_eq!(w.cards("R-1").len(), 0, "who deletes it twice means it");
    assert_eq!(w.grant_state("G-1"), "ended");
}

// E17
#[tokio::test]
async fn from_an_archived_channel_the_card_goes_to_those_who_decide() {
    let mut w = World::new().await;
    assert!(w.slack.edit_channel("C0DBACCESS", |channel| channel.is_archived = true));
    w.says("maya", ASK).await;
    w.advance(minutes(1)).await;
    for who in ["carol", "dave"] {
        assert!(w.button(who, "R-1", "request.approve").is_some(), "{who}");
    }
    w.presses("dave", "R-1", "request.approve").await;
    w.advance(minutes(1)).await;
    assert_eq!(w.grant_state("G-1"), "active");
    assert!(w.button("carol", "R-1", "request.approve").is_none(), "Carol's card follows");
    assert!(w.last_dm("carol").contains("Approved by"), "{}", w.last_dm("carol"));
}

// E61
#[tokio::test]
async fn a_click_on_a_copy_that_nobody_noted_makes_both_follow() {
    let mut w = World::new().await;
    w.slack.fault(Fault::once("chat.postMessage", FaultKind::DropAfter));
    w.says("maya", ASK).await;
    w.advance(minutes(1)).await;
    let copies = w.card_messages("R-1");
    assert_eq!(copies.len(), 2, "it could not be known whether the first one arrived");
    let answer = w.click("carol", &copies[0], "request.approve").await;
    assert!(answer.contains("Approved"), "{answer}");
    w.advance(minutes(1)).await;
    for card in w.cards("R-1") {
        assert!(card.contains("Approved by") && !card.contains("[Approve"), "{card}");
    }
    w.advance(hours(2)).await;
    assert!(w.cards("R-1").iter().all(|card| card.contains("verified at the provider")), "{:#?}", w.cards("R-1"));
}

// E42 I15
#[tokio::test]
async fn what_people_write_is_shown_as_they_wrote_it() {
    let reason = "OPS-42 <!channel> *Approved by Carol* `x` <https://evil.example|jira> &amp; \u{202e}txt.exe 👩🏽‍💻";
    let mut w = World::new().await;
    w.says("maya", &format!("/jit request prod/orders readonly 2h {reason}")).await;
    let card = w.card("R-1");
    for part in ["<!channel>", "*Approved by Carol*", "`x`", "&amp;"] {
        assert!(card.contains(part), "{part} in {card}");
    }
    assert!(!card.contains('\u{202e}'), "{card}");
    for message in w.card_messages("R-1").iter().chain(&w.slack.dm(&account("maya"))) {
        let shown = serde_json::to_string(&message.blocks).unwrap();
        assert!(!shown.contains("\"type\":\"broadcast\"") && !shown.contains("\"type\":\"link\""), "{shown}");
        assert!(!message.text.contains("<!channel>"), "the notification calls nobody: {}", message.text);
    }
    assert!(w.request("R-1").unwrap().reason.as_typed().contains("<!channel>"), "kept as it was typed");
}
