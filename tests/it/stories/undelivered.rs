//! Messages whose place is gone, and a Slack that says no: who is told instead, when it is tried again, and that access goes on as
//! if nothing had happened.

use std::time::Duration;

use daypass::demo::emulator::{Fault, FaultKind, Kind};
use serde_json::json;

use super::ASK;
use crate::support::world::{World, account, hours, minutes};

/// When a method was called, in seconds since the story began, with the place that it was called for.
fn called(w: &World, method: &str, since: i64) -> Vec<(i64, String)> {
    let calls = w.slack.calls().into_iter().filter(|call| call.method == method);
    calls.map(|call| ((call.at_ms - since) / 1000, call.args["channel"].as_str().unwrap_or_default().to_owned())).collect()
}

// E39
#[tokio::test]
async fn a_channel_that_slack_holds_waits_to_the_second_and_others_go_on() {
    let mut w = World::new().await;
    let start = w.now().as_millis();
    w.slack.fault(Fault::once("chat.postMessage", FaultKind::RateLimited { retry_after_s: 120 }));
    w.says("maya", ASK).await;
    w.pass(Duration::from_secs(10));
    w.says("bob", ASK).await;
    for _ in 0..11 {
        w.pass(Duration::from_secs(10));
        w.settle().await;
    }
    let posts = called(&w, "chat.postMessage", start);
    let to_channel: Vec<i64> = posts.iter().filter(|(_, to)| to == "C0DBACCESS").map(|(at, _)| *at).collect();
    assert_eq!(to_channel, [0, 120, 120], "both cards, when Slack said: {posts:?}");
    assert!(posts.contains(&(0, account("maya"))) && posts.contains(&(10, account("bob"))), "{posts:?}");
}

// E39
#[tokio::test]
async fn messages_are_redrawn_no_faster_than_slack_takes_them() {
    let mut w = World::new().await;
    w.slack.fault(Fault::once("chat.update", FaultKind::RateLimited { retry_after_s: 30 }));
    w.says("maya", ASK).await;
    let start = w.now().as_millis();
    w.presses("carol", "R-1", "request.approve").await;
    for _ in 0..6 {
        w.pass(Duration::from_secs(10));
        w.settle().await;
    }
    let updates = called(&w, "chat.update", start);
    assert_eq!(updates.iter().filter(|(at, _)| *at < 30).count(), 1, "one was refused, and then none was tried: {updates:?}");
    assert!(w.card("R-1").contains("In force"), "{}", w.card("R-1"));
}

// E17 E61
#[tokio::test]
async fn every_copy_of_a_card_is_outdated_until_all_of_them_are_redrawn() {
    let mut w = World::new().await;
    w.slack.fault(Fault::once("chat.postMessage", FaultKind::DropAfter));
    w.says("maya", ASK).await;
    w.advance(minutes(1)).await;
    let copies = w.card_messages("R-1");
    assert_eq!(copies.len(), 2);
    w.chooses_on("dave", &copies[0], "R-1", "request.details").await;
    w.advance(minutes(1)).await;

    w.click("carol", &copies[0], "request.approve").await;
    // The first copy is redrawn, the second is not.
    w.slack.fault(Fault::once("chat.update", FaultKind::Slow(Duration::ZERO)));
    w.slack.fault(Fault::once("chat.update", FaultKind::ServerError));
    w.settle().await;
    w.advance(minutes(1)).await;
    for card in w.cards("R-1") {
        assert!(card.contains("Approved by") && !card.contains("[Approve"), "{card}");
    }
}

// E17
#[tokio::test]
async fn a_card_without_its_channel_goes_to_the_fallback_and_the_admins_read_why() {
    let mut w = World::new().await;
    w.fallback_channel = Some("C0GENERAL".to_owned());
    w.restart().await;
    assert!(w.slack.edit_channel("C0DBACCESS", |channel| channel.is_archived = true));
    w.says("maya", ASK).await;
    w.says("bob", ASK).await;
    w.advance(minutes(1)).await;
    assert!(w.button("carol", "R-1", "request.approve").is_some_and(|card| card.channel == "C0GENERAL"));
    assert!(!w.dms("carol").concat().contains("R-1"), "{:#?}", w.dms("carol"));
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active");
    let told = w.alarms();
    assert_eq!(told.iter().filter(|alarm| alarm.contains("C0DBACCESS")).count(), 1, "once, not once a card: {told:#?}");
    insta::assert_snapshot!(told.join("\n---\n"));
}

// E17
#[tokio::test]
async fn without_its_channel_and_the_fallback_a_card_goes_to_those_who_decide() {
    let mut w = World::new().await;
    w.fallback_channel = Some("C0HIDDEN".to_owned());
    w.restart().await;
    assert!(w.slack.edit_channel("C0DBACCESS", |channel| channel.members.retain(|member| member != "U0DAYPASS")));
    assert!(w.slack.edit_channel("C0DBACCESS", |channel| channel.privacy = daypass::demo::emulator::Privacy::Private));
    w.says("maya", ASK).await;
    w.advance(minutes(1)).await;
    for who in ["carol", "dave"] {
        assert!(w.button(who, "R-1", "request.approve").is_some_and(|card| card.channel.starts_with('D')), "{who}");
    }
    let told = w.alarms().concat();
    assert!(told.contains("C0DBACCESS") && told.contains("C0HIDDEN"), "{told}");
    w.presses("dave", "R-1", "request.approve").await;
    w.advance(hours(2)).await;
    assert_eq!((w.grant_state("G-1"), w.level("maya", "prod/orders")), ("ended".to_owned(), None));
}

// E17
#[tokio::test]
async fn what_the_security_channel_does_not_take_the_admins_get() {
    let mut w = World::new().await;
    assert!(w.slack.edit_channel("C0SECURITY", |channel| channel.is_archived = true));
    w.says("bob", "/jit break-glass prod/orders readonly 30m the shop is down and nobody can buy anything").await;
    w.advance(minutes(1)).await;
    let told = w.dms("priya");
    assert!(told.iter().any(|text| text.contains("Bob Keller broke the glass")), "{told:#?}");
    assert!(told.iter().any(|text| text.contains("C0SECURITY") && text.contains("archived")), "{told:#?}");
}

// E38 E12
#[tokio::test]
async fn nothing_is_written_to_a_deactivated_account_and_what_it_holds_ends() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(2)).await;
    let before = w.slack.calls().len();
    assert!(w.slack.edit_user("U0MAYA", |user| user.deleted = true));
    w.advance(minutes(102)).await;
    assert_eq!(w.grant_state("G-1"), "active", "nobody has said so, and nothing had to be told");
    // Now she would be warned that it ends soon.
    w.advance(minutes(3)).await;
    let calls = w.slack.calls().split_off(before);
    let posts = calls.iter().filter(|call| call.method == "chat.postMessage" && call.args["channel"] == "U0MAYA");
    assert_eq!(posts.count(), 0, "Slack is asked first, and says that nobody would read it");
    assert_eq!((w.grant_state("G-1"), w.level("maya", "prod/orders")), ("ended".to_owned(), None));
    let told = w.dms("bob").join("\n---\n");
    assert!(told.contains("The Slack account of *Maya Okafor (contractor, Acme)* was deactivated"), "{told}");
    assert!(!told.contains("could not reach"), "{told}");
}

// E38
#[tokio::test]
async fn who_cannot_be_written_to_is_told_by_the_channel_of_what_they_asked_for() {
    let mut w = World::new().await;
    w.says("bob", "/jit request prod/orders readonly 2h OPS-42 slow checkout").await;
    w.slack.fault(Fault::once("chat.postMessage", FaultKind::Error("messages_tab_disabled".to_owned())));
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(1)).await;
    assert_eq!(w.grant_state("G-1"), "active");
    let told = w.in_channel("C0DBACCESS").into_iter().filter(|text| text.contains("could not reach")).collect::<Vec<_>>();
    assert_eq!(told.len(), 1, "{told:#?}");
    insta::assert_snapshot!(told.concat());
}

// E38
#[tokio::test]
async fn who_was_asked_and_cannot_be_reached_is_named_to_the_security_channel() {
    let mut w = World::new().await;
    assert!(w.slack.edit_channel("C0DBACCESS", |channel| channel.is_archived = true));
    assert!(w.slack.edit_user("U0CAROL", |user| user.kind = Kind::Bot));
    w.says("maya", ASK).await;
    w.advance(minutes(1)).await;
    assert!(w.button("dave", "R-1", "request.approve").is_some());
    let told = w.alarms().concat();
    assert!(told.contains("I could not reach Carol Winter about R-1"), "{told}");
}

// E39
#[tokio::test]
async fn a_start_without_slack_loses_no_message() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses_before_work("carol", "R-1", "request.approve").await;
    w.kill().await;
    w.slack.fault(Fault::times("auth.test", 5, FaultKind::ServerError));
    w.start().await;
    w.settle().await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    w.advance(minutes(30)).await;
    assert!(w.dms("maya").concat().contains("is yours until"), "{:#?}", w.dms("maya"));
    assert!(!w.alarms().concat().contains("could not reach"), "{:#?}", w.alarms());
}

// E17 I3
#[tokio::test]
async fn without_its_token_the_bot_says_so_and_still_ends_what_it_gave() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.app().readiness(), Ok(()));
    w.slack.fault(Fault::any(100_000, FaultKind::Error("token_revoked".to_owned())));
    w.slack.event(json!({ "type": "tokens_revoked", "tokens": { "bot": ["U0DAYPASS"] } })).await;
    let why = w.app().readiness().unwrap_err();
    assert!(why.contains("token_revoked") && why.contains("SLACK_BOT_TOKEN"), "{why}");
    assert!(!why.contains('\n'), "{why}");
    w.advance(hours(2)).await;
    assert_eq!((w.level("maya", "prod/orders"), w.grant_state("G-1")), (None, "ended".to_owned()));

    w.slack.forgive();
    w.sweep().await;
    w.advance(minutes(2)).await;
    assert_eq!(w.app().readiness(), Ok(()));
    assert!(w.card("R-1").contains("ended"), "{}", w.card("R-1"));
}

// E17
#[tokio::test]
async fn a_token_that_was_revoked_in_silence_is_found_by_the_sweep() {
    let mut w = World::new().await;
    w.slack.fault(Fault::any(1000, FaultKind::Error("account_inactive".to_owned())));
    w.sweep().await;
    let why = w.app().readiness().unwrap_err();
    assert!(why.contains("account_inactive"), "{why}");
    w.slack.forgive();
}
