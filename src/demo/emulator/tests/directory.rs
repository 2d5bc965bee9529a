use std::time::Duration;

use serde_json::json;

use super::Desk;
use crate::demo::emulator::Seed;
use crate::demo::loopback::{Called, call};

#[tokio::test]
async fn guests_admins_externals_and_the_deactivated_carry_their_flags() {
    let desk = Desk::new().await;
    let user = async |id: &str| desk.api("users.info", json!({ "user": id })).await["user"].clone();
    let maya = user("U0MAYA").await;
    assert_eq!((&maya["is_restricted"], &maya["is_ultra_restricted"]), (&json!(true), &json!(false)));
    assert_eq!((&maya["tz"], &maya["tz_offset"]), (&json!("Europe/Berlin"), &json!(3_600)));
    assert_eq!(user("U0NORA").await["is_ultra_restricted"], true);
    assert_eq!(user("U0PRIYA").await["is_admin"], true);
    let left = user("U0LEFT").await;
    assert_eq!((&left["deleted"], left.get("tz")), (&json!(true), None));
    let external = user("U0EXTERNAL").await;
    assert_eq!((&external["team_id"], external.get("is_restricted")), (&json!("T0GLOBEX"), None));
    assert_eq!(external["profile"].get("email"), None);
    assert_eq!(user("U0STRANGER").await["is_stranger"], true);
}

#[tokio::test]
async fn people_are_found_by_email_unless_they_left() {
    let desk = Desk::new().await;
    let found = desk.api("users.lookupByEmail", json!({ "email": "carol@shop.example" })).await;
    assert_eq!(found["user"]["id"], "U0CAROL");
    let left = desk.api("users.lookupByEmail", json!({ "email": "lea@shop.example" })).await;
    assert_eq!(left["error"], "users_not_found");
}

#[tokio::test]
async fn channels_say_whether_they_are_shared_and_hide_when_they_are_private() {
    let desk = Desk::new().await;
    let info = async |id: &str| desk.api("conversations.info", json!({ "channel": id })).await;
    assert_eq!(info("C0SHARED").await["channel"]["is_ext_shared"], true);
    assert_eq!(info("C0DBACCESS").await["channel"]["is_ext_shared"], false);
    assert_eq!(info("C0HIDDEN").await["error"], "channel_not_found");
    let first = desk.api("conversations.members", json!({ "channel": "C0SECURITY", "limit": 3 })).await;
    let cursor = first["response_metadata"]["next_cursor"].clone();
    let rest = desk.api("conversations.members", json!({ "channel": "C0SECURITY", "limit": 3, "cursor": cursor })).await;
    assert_eq!(first["members"].as_array().unwrap().len() + rest["members"].as_array().unwrap().len(), 5);
    assert_eq!(rest["response_metadata"]["next_cursor"], "");
}

#[tokio::test]
async fn user_groups_list_their_members() {
    let desk = Desk::new().await;
    let users = desk.api("usergroups.users.list", json!({ "usergroup": "S0SECURITY" })).await;
    assert_eq!(users["users"], json!(["U0ERIN", "U0FRANK"]));
    let listed = desk.api("usergroups.list", json!({ "include_users": true })).await;
    assert_eq!(listed["usergroups"][0]["users"], json!(["U0CAROL", "U0DAVE"]));
    assert_eq!(desk.api("usergroups.users.list", json!({ "usergroup": "S0NONE" })).await["error"], "no_such_subteam");
}

#[tokio::test]
async fn an_unknown_method_is_named_and_complained_about() {
    let desk = Desk::new().await;
    let (status, body) = desk.raw("chat.scheduleMessage", json!({})).await.unwrap();
    assert_eq!(status, 501);
    assert!(body["error"].as_str().unwrap().contains("chat.scheduleMessage"), "{body}");
    assert_eq!(desk.slack.complaints().len(), 1);
}

#[tokio::test]
async fn a_call_without_token_or_scope_is_refused() {
    let mut seed = Seed::for_tests();
    seed.scopes.retain(|scope| scope != "usergroups:read");
    let desk = Desk::with(seed).await;
    let lacking = desk.api("usergroups.list", json!({})).await;
    assert_eq!((lacking["error"].as_str(), lacking["needed"].as_str()), (Some("missing_scope"), Some("usergroups:read")));
    let ask = async |token: &str| {
        let headers = [("authorization", format!("Bearer {token}"))];
        let url = format!("{}/auth.test", desk.slack.api_url());
        match call("POST", &url, &headers, String::new(), Duration::from_secs(5)).await {
            Called::Answered { body, .. } => body,
            other => panic!("{other:?}"),
        }
    };
    assert!(ask("").await.contains("not_authed"));
    assert!(ask("xoxb-wrong").await.contains("invalid_auth"));
}

#[tokio::test]
async fn reading_methods_take_get_and_writing_ones_do_not() {
    let desk = Desk::new().await;
    let get = async |what: &str| {
        let headers = [("authorization", format!("Bearer {}", desk.slack.bot_token()))];
        let url = format!("{}/{what}", desk.slack.api_url());
        match call("GET", &url, &headers, String::new(), Duration::from_secs(5)).await {
            Called::Answered { body, .. } => body,
            other => panic!("{other:?}"),
        }
    };
    assert!(get("users.info?user=U0CAROL").await.contains("Carol Winter"));
    assert!(get("chat.postMessage?channel=C0DBACCESS&text=x").await.contains("invalid_post_type"));
}
