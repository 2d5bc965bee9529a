use serde_json::json;

use super::{Desk, card};
use crate::demo::emulator::{Fault, FaultKind, Pace, Seed};

#[tokio::test]
async fn a_user_id_as_channel_opens_the_direct_conversation_and_answers_its_id() {
    let desk = Desk::new().await;
    let answer = desk.api("chat.postMessage", json!({ "channel": "U0MAYA", "text": "Approved" })).await;
    assert_eq!((answer["ok"].as_bool(), answer["channel"].as_str()), (Some(true), Some("D0MAYA")));
    assert_eq!(desk.slack.dm("U0MAYA")[0].text, "Approved");
    let again = desk.api("conversations.open", json!({ "users": "U0MAYA" })).await;
    assert_eq!((again["channel"]["id"].as_str(), again["already_open"].as_bool()), (Some("D0MAYA"), Some(true)));
}

#[tokio::test]
async fn messages_go_only_where_the_app_may_post() {
    let desk = Desk::new().await;
    for (channel, code) in [
        ("C0NOWHERE", "channel_not_found"),
        ("C0HIDDEN", "channel_not_found"),
        ("C0OLD", "is_archived"),
        ("U0LEFT", "user_disabled"),
        ("U0DAYPASS", "cannot_dm_bot"),
        ("U0STRANGER", "user_not_found"),
    ] {
        let answer = desk.api("chat.postMessage", json!({ "channel": channel, "text": "hello" })).await;
        assert_eq!(answer["error"], code, "{channel}");
    }
    let answer = desk.api("chat.postMessage", json!({ "channel": "C0DBACCESS" })).await;
    assert_eq!(answer["error"], "no_text");
}

#[tokio::test]
async fn an_update_with_text_alone_drops_the_blocks_and_marks_the_message_edited() {
    let desk = Desk::new().await;
    let ts = desk.card().await;
    let with_blocks = json!({ "channel": "C0DBACCESS", "ts": ts, "text": "new", "blocks": card() });
    assert_eq!(desk.api("chat.update", with_blocks).await["ok"], true);
    let message = desk.slack.messages("C0DBACCESS").remove(0);
    assert_eq!((message.blocks.len(), message.edited_ts.is_some()), (2, false));

    let text_only = json!({ "channel": "C0DBACCESS", "ts": ts, "text": "newer" });
    assert_eq!(desk.api("chat.update", text_only).await["ok"], true);
    let message = desk.slack.messages("C0DBACCESS").remove(0);
    assert_eq!((message.blocks.len(), message.edited_ts.is_some()), (0, true));
}

#[tokio::test]
async fn metadata_stays_when_an_update_does_not_mention_it() {
    let desk = Desk::new().await;
    let metadata = json!({ "event_type": "card", "event_payload": { "id": "R-1" } });
    let posted = desk.api("chat.postMessage", json!({ "channel": "C0DBACCESS", "text": "a", "metadata": metadata })).await;
    desk.api("chat.update", json!({ "channel": "C0DBACCESS", "ts": posted["ts"], "text": "b" })).await;
    assert_eq!(desk.slack.messages("C0DBACCESS")[0].metadata, Some(metadata));
    let wrong = json!({ "channel": "C0DBACCESS", "text": "a", "metadata": { "event_type": "card" } });
    assert_eq!(desk.api("chat.postMessage", wrong).await["error"], "invalid_metadata_format");
}

#[tokio::test]
async fn only_own_messages_that_exist_can_be_changed() {
    let desk = Desk::new().await;
    let by_maya = desk.slack.say("U0MAYA", "C0DBACCESS", "hello").unwrap();
    let update = |ts: &str| json!({ "channel": "C0DBACCESS", "ts": ts, "text": "x" });
    assert_eq!(desk.api("chat.update", update(&by_maya.ts)).await["error"], "cant_update_message");
    assert_eq!(desk.api("chat.delete", update(&by_maya.ts)).await["error"], "cant_delete_message");
    assert_eq!(desk.api("chat.update", update("1.000001")).await["error"], "message_not_found");
    let long = json!({ "channel": "C0DBACCESS", "ts": desk.card().await, "text": "x".repeat(4_001) });
    assert_eq!(desk.api("chat.update", long).await["error"], "msg_too_long");
}

#[tokio::test]
async fn an_ephemeral_message_is_seen_by_one_member_and_cannot_be_updated() {
    let desk = Desk::new().await;
    let args = json!({ "channel": "C0DBACCESS", "user": "U0MAYA", "text": "only you" });
    let posted = desk.api("chat.postEphemeral", args).await;
    assert_eq!(desk.slack.ephemerals("U0MAYA").len(), 1);
    assert_eq!(desk.slack.visible("U0CAROL", "C0DBACCESS").len(), 0);
    let update = json!({ "channel": "C0DBACCESS", "ts": posted["message_ts"], "text": "x" });
    assert_eq!(desk.api("chat.update", update).await["error"], "message_not_found");
    let outsider = json!({ "channel": "C0SECURITY", "user": "U0MAYA", "text": "x" });
    assert_eq!(desk.api("chat.postEphemeral", outsider).await["error"], "user_not_in_channel");
}

#[tokio::test]
async fn a_burst_in_one_channel_is_slowed_down_to_one_message_a_second() {
    let desk = Desk::with(Seed { pace: Pace::LikeSlack, ..Seed::demo() }).await;
    let message = json!({ "channel": "C0DBACCESS", "text": "again" });
    for _ in 0..4 {
        assert_eq!(desk.api("chat.postMessage", message.clone()).await["ok"], true);
    }
    let (status, body) = desk.raw("chat.postMessage", message.clone()).await.unwrap();
    assert_eq!((status, body["error"].as_str()), (429, Some("ratelimited")));
    let elsewhere = json!({ "channel": "C0GENERAL", "text": "again" });
    assert_eq!(desk.api("chat.postMessage", elsewhere).await["ok"], true);
    desk.advance_ms(1_000);
    assert_eq!(desk.api("chat.postMessage", message).await["ok"], true);
}

#[tokio::test]
async fn faults_strike_the_calls_they_name_as_often_as_they_say() {
    let desk = Desk::new().await;
    let post = json!({ "channel": "C0DBACCESS", "text": "a" });
    desk.slack.fault(Fault::once("chat.postMessage", FaultKind::Error("fatal_error".into())));
    desk.slack.fault(Fault::once("chat.postMessage", FaultKind::DropBefore));
    desk.slack.fault(Fault::once("chat.postMessage", FaultKind::DropAfter));
    desk.slack.fault(Fault::once("chat.postMessage", FaultKind::RateLimited { retry_after_s: 9 }));
    assert_eq!(desk.api("auth.test", json!({})).await["ok"], true);
    assert_eq!(desk.api("chat.postMessage", post.clone()).await["error"], "fatal_error");
    assert_eq!(desk.raw("chat.postMessage", post.clone()).await, None);
    assert_eq!(desk.slack.messages("C0DBACCESS").len(), 0);
    assert_eq!(desk.raw("chat.postMessage", post.clone()).await, None);
    assert_eq!(desk.slack.messages("C0DBACCESS").len(), 1, "the answer was lost, not the message");
    assert_eq!(desk.raw("chat.postMessage", post.clone()).await.unwrap().0, 429);
    assert_eq!(desk.api("chat.postMessage", post).await["ok"], true);
    assert_eq!(desk.slack.complaints(), Vec::<String>::new(), "faults are not the app's fault");
}

#[tokio::test]
async fn when_slack_is_down_nothing_answers_and_nobody_can_act() {
    let desk = Desk::new().await;
    let ts = desk.card().await;
    desk.slack.go_down();
    assert_eq!(desk.raw("auth.test", json!({})).await, None);
    let shown = desk.slack.press("U0CAROL", "C0DBACCESS", &ts, "request.approve").await;
    assert_eq!(shown.text(), "Slack is down");
    desk.slack.come_up();
    assert_eq!(desk.api("auth.test", json!({})).await["ok"], true);
}

#[tokio::test]
async fn timestamps_are_unique_and_never_go_back_even_if_the_clock_does() {
    let desk = Desk::new().await;
    let first = desk.card().await;
    desk.advance_ms(-60_000);
    let second = desk.card().await;
    assert!(second > first, "{second} after {first}");
}
