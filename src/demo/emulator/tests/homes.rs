use super::*;
use crate::demo::emulator::{GuestCommands, Seen};

/// The latest event that the app received.
fn event(desk: &Desk) -> Value {
    let heard = desk.heard();
    serde_json::from_slice(&heard.last().expect("a request").body).expect("JSON")
}

#[tokio::test]
async fn opening_the_home_tab_is_an_event_each_time() {
    let desk = Desk::new().await;
    desk.slack.open_home("U0MAYA").await;
    let first = event(&desk);
    assert_eq!((&first["event"]["type"], &first["event"]["tab"]), (&json!("app_home_opened"), &json!("home")));
    assert_eq!((&first["event"]["user"], &first["event"]["view"]), (&json!("U0MAYA"), &Value::Null));
    let home = json!({ "type": "home", "blocks": [{ "type": "section", "text": plain("one") }] });
    desk.api("views.publish", json!({ "user_id": "U0MAYA", "view": home })).await;
    desk.slack.open_home("U0MAYA").await;
    let second = event(&desk);
    assert_eq!(second["event"]["view"]["type"], "home");
    assert_ne!(first["event_id"], second["event_id"]);
    assert!(matches!(desk.slack.open_home("U0LEFT").await.seen, Seen::Impossible(_)));
}

#[tokio::test]
async fn a_shortcut_carries_a_trigger_and_no_channel() {
    let desk = Desk::new().await;
    desk.slack.shortcut("U0MAYA", "request.open").await;
    let payload = desk.payload();
    assert_eq!((&payload["type"], &payload["callback_id"]), (&json!("shortcut"), &json!("request.open")));
    assert_eq!(payload["channel"], Value::Null);
    let opened = desk.api("views.open", json!({ "trigger_id": payload["trigger_id"], "view": form() })).await;
    assert_eq!(opened["ok"], true, "{opened}");
    desk.slack.set_guest_commands(GuestCommands::Blocked);
    assert!(matches!(desk.slack.shortcut("U0MAYA", "request.open").await.seen, Seen::Impossible(_)));
    assert!(!matches!(desk.slack.shortcut("U0BOB", "request.open").await.seen, Seen::Impossible(_)));
}

#[tokio::test]
async fn a_message_is_pinned_once_and_by_a_member() {
    let desk = Desk::new().await;
    let ts = desk.card().await;
    let pin = async |channel: &str, ts: &str| desk.api("pins.add", json!({ "channel": channel, "timestamp": ts })).await;
    assert_eq!(pin("C0DBACCESS", &ts).await["ok"], true);
    assert_eq!(pin("C0DBACCESS", &ts).await["error"], "already_pinned");
    assert_eq!(pin("C0DBACCESS", "1.000001").await["error"], "message_not_found");
    assert_eq!(pin("C0HIDDEN", &ts).await["error"], "not_in_channel");
    assert_eq!(pin("C0NONE", &ts).await["error"], "channel_not_found");
    assert_eq!(desk.slack.pins("C0DBACCESS"), [ts]);
}

#[tokio::test]
async fn people_and_channels_are_listed_page_by_page() {
    let desk = Desk::new().await;
    let first = desk.api("users.list", json!({ "limit": 10 })).await;
    assert_eq!(first["members"].as_array().unwrap().len(), 10);
    let next = desk.api("users.list", json!({ "limit": 10, "cursor": first["response_metadata"]["next_cursor"] })).await;
    assert_eq!(next["response_metadata"]["next_cursor"], "", "{next}");
    let listed = desk.api("conversations.list", json!({ "exclude_archived": "true" })).await;
    let ids: Vec<&str> = listed["channels"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["C0GENERAL", "C0DBACCESS", "C0SECURITY", "C0SHARED"]);
}
