use std::time::Duration;

use serde_json::{Value, json};

use super::{Desk, Reply, SECRET, button, plain};
use crate::demo::emulator::{DeliveryFault, GuestCommands, Input, Place, Seed, Seen, signature};

#[test]
fn the_signature_is_the_one_in_slacks_documentation() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
        channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=\
        https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&\
        trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    assert_eq!(signature(SECRET, 1_531_420_618, body), expected);
}

#[tokio::test]
async fn a_command_arrives_signed_with_every_field_and_mentions_as_ids() {
    let desk = Desk::new().await;
    desk.slack.slash("U0BOB", "C0DBACCESS", "/jit request for @maya in #db-access & <now>").await;
    let request = desk.heard().remove(0);
    let timestamp: i64 = request.header("x-slack-request-timestamp").unwrap().parse().unwrap();
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    assert_eq!(timestamp, 1_800_000_000, "the injected clock");
    assert_eq!(request.header("x-slack-signature"), Some(signature(SECRET, timestamp, &body).as_str()));
    for (name, value) in [
        ("command", "/jit"),
        ("text", "request for <@U0MAYA|maya> in <#C0DBACCESS|db-access> &amp; &lt;now&gt;"),
        ("user_id", "U0BOB"),
        ("user_name", "bob"),
        ("channel_id", "C0DBACCESS"),
        ("channel_name", "db-access"),
        ("team_id", "T0DAYPASS"),
        ("api_app_id", "A0DAYPASS"),
        ("is_enterprise_install", "false"),
    ] {
        assert_eq!(desk.field(name), value, "{name}");
    }
    assert!(!desk.field("trigger_id").is_empty() && desk.field("response_url").contains("/hooks/commands/T0DAYPASS/"));
}

#[tokio::test]
async fn words_in_the_acknowledgement_are_seen_by_the_person_alone() {
    let desk = Desk::new().await;
    desk.app_answers(Reply::Json(json!({ "text": "Recorded." })));
    let shown = desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    assert_eq!((shown.status, shown.text().as_str()), (Some(200), "Recorded."));
    assert_eq!(desk.slack.ephemerals("U0MAYA").len(), 1);
    desk.app_answers(Reply::Json(json!({ "response_type": "in_channel", "text": "For all." })));
    desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit who prod/orders").await;
    assert_eq!(desk.slack.messages("C0DBACCESS")[0].text, "For all.");
}

#[tokio::test]
async fn a_late_acknowledgement_shows_a_timeout_and_a_refusal_shows_a_failure() {
    let desk = Desk::with(Seed { ack_deadline: Duration::from_millis(40), ..Seed::for_tests() }).await;
    desk.app_answers(Reply::Late(Duration::from_secs(5)));
    let shown = desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    assert_eq!(shown.text(), "/jit failed with the error \"operation_timeout\"");
    desk.app_answers(Reply::Status(401));
    let shown = desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    assert_eq!((shown.status, shown.text().as_str()), (Some(401), "/jit failed with the error \"dispatch_failed\""));
    assert!(!shown.is_acknowledged());
}

#[tokio::test]
async fn commands_are_for_members_of_the_channel_and_of_the_workspace() {
    let desk = Desk::with(Seed { guest_commands: GuestCommands::Blocked, ..Seed::for_tests() }).await;
    for (user, channel) in
        [("U0MAYA", "C0DBACCESS"), ("U0EXTERNAL", "C0SHARED"), ("U0CAROL", "C0SECURITY"), ("U0LEFT", "C0GENERAL")]
    {
        let shown = desk.slack.slash(user, channel, "/jit help").await;
        assert!(matches!(shown.seen, Seen::Impossible(_)), "{user}: {shown:?}");
    }
    assert_eq!(desk.heard().len(), 0, "the app hears nothing of it");
}

#[tokio::test]
async fn a_press_carries_who_where_what_and_the_message() {
    let desk = Desk::new().await;
    let ts = desk.card().await;
    let shown = desk.slack.press("U0CAROL", "C0DBACCESS", &ts, "request.approve").await;
    assert!(shown.is_acknowledged());
    let payload = desk.payload();
    assert_eq!(payload["type"], "block_actions");
    assert_eq!(payload["user"], json!({ "id": "U0CAROL", "username": "carol", "name": "carol", "team_id": "T0DAYPASS" }));
    assert_eq!(
        payload["container"],
        json!({ "type": "message", "message_ts": ts, "channel_id": "C0DBACCESS", "is_ephemeral": false })
    );
    assert_eq!(payload["channel"], json!({ "id": "C0DBACCESS", "name": "db-access" }));
    assert_eq!((&payload["enterprise"], &payload["is_enterprise_install"]), (&Value::Null, &json!(false)));
    assert_eq!(payload["message"]["ts"], ts.as_str());
    let action = &payload["actions"][0];
    assert_eq!((action["action_id"].as_str(), action["block_id"].as_str()), (Some("request.approve"), Some("decide")));
    assert_eq!((action["value"].as_str(), action["text"]["text"].as_str()), (Some("R-1 0123456789abcdef"), Some("Approve")));
    for field in ["trigger_id", "response_url", "api_app_id", "token", "team", "state"] {
        assert!(payload.get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn a_button_that_is_not_there_cannot_be_pressed() {
    let desk = Desk::new().await;
    let ts = desk.card().await;
    desk.api("chat.update", json!({ "channel": "C0DBACCESS", "ts": ts, "text": "Approved" })).await;
    let gone = desk.slack.press("U0CAROL", "C0DBACCESS", &ts, "request.approve").await;
    let elsewhere = desk.slack.press("U0EXTERNAL", "C0DBACCESS", &ts, "request.approve").await;
    assert!(matches!(gone.seen, Seen::Impossible(_)) && matches!(elsewhere.seen, Seen::Impossible(_)));
    assert_eq!(desk.heard().len(), 0);
}

#[tokio::test]
async fn an_external_member_of_a_shared_channel_can_press_buttons() {
    let desk = Desk::new().await;
    let blocks = json!([{ "type": "actions", "elements": [button("request.approve", "Approve")] }]);
    let posted = desk.api("chat.postMessage", json!({ "channel": "C0SHARED", "text": "x", "blocks": blocks })).await;
    let shown = desk.slack.press("U0EXTERNAL", "C0SHARED", posted["ts"].as_str().unwrap(), "request.approve").await;
    assert!(shown.is_acknowledged());
    assert_eq!(desk.payload()["user"]["team_id"], "T0GLOBEX");
}

#[tokio::test]
async fn a_delivery_can_be_doubled_lost_or_lose_its_acknowledgement() {
    let desk = Desk::new().await;
    desk.slack.delivery_fault(DeliveryFault::Duplicate);
    desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    let heard = desk.heard();
    assert_eq!((heard.len(), &heard[0].body), (2, &heard[1].body));
    desk.slack.delivery_fault(DeliveryFault::Lose);
    let lost = desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    assert!(lost.text().contains("operation_timeout"));
    assert_eq!(desk.heard().len(), 2);
    desk.slack.delivery_fault(DeliveryFault::LoseAck);
    let unheard = desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    assert!(unheard.text().contains("operation_timeout"));
    assert_eq!(desk.heard().len(), 3);
}

#[tokio::test]
async fn an_old_delivery_can_be_sent_again_unchanged_and_a_forged_one_too() {
    let desk = Desk::new().await;
    desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    let mut delivery = desk.slack.deliveries().remove(0);
    desk.slack.push_raw(&delivery).await;
    delivery.signature = "v0=00".into();
    desk.slack.push_raw(&delivery).await;
    let heard = desk.heard();
    assert_eq!(heard[0].body, heard[1].body);
    assert_eq!(heard[0].header("x-slack-signature"), heard[1].header("x-slack-signature"));
    assert_eq!(heard[2].header("x-slack-signature"), Some("v0=00"));
}

#[tokio::test]
async fn menus_in_messages_tell_which_option_was_chosen() {
    let desk = Desk::new().await;
    let option = |value: &str| json!({ "text": plain(value), "value": value });
    let blocks = json!([{ "type": "actions", "block_id": "more", "elements": [
        { "type": "overflow", "action_id": "more", "options": [option("details"), option("pass")] },
        { "type": "static_select", "action_id": "hours", "options": [option("1h"), option("2h")] },
    ]}]);
    let posted = desk.api("chat.postMessage", json!({ "channel": "C0DBACCESS", "text": "x", "blocks": blocks })).await;
    let place = Place::Message { channel: "C0DBACCESS".into(), ts: posted["ts"].as_str().unwrap().into() };
    desk.slack.act("U0CAROL", &place, None, "more", Input::Option("details".into())).await;
    assert_eq!(desk.payload()["actions"][0]["selected_option"]["value"], "details");
    desk.slack.act("U0CAROL", &place, None, "hours", Input::Option("2h".into())).await;
    assert_eq!(desk.payload()["state"]["values"]["more"]["hours"]["selected_option"]["value"], "2h");
    let unknown = desk.slack.act("U0CAROL", &place, None, "hours", Input::Option("9h".into())).await;
    assert!(matches!(unknown.seen, Seen::Impossible(_)));
}

#[tokio::test]
async fn events_come_as_json_callbacks() {
    let desk = Desk::new().await;
    let shown = desk.slack.event(json!({ "type": "user_change", "user": { "id": "U0MAYA", "deleted": true } })).await;
    assert!(shown.is_acknowledged());
    let body: Value = serde_json::from_slice(&desk.heard()[0].body).unwrap();
    assert_eq!((body["type"].as_str(), body["event"]["type"].as_str()), (Some("event_callback"), Some("user_change")));
}
