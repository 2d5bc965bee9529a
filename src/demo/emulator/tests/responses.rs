use serde_json::json;

use super::Desk;

#[tokio::test]
async fn a_response_url_works_five_times() {
    let desk = Desk::new().await;
    desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    let url = desk.field("response_url");
    for _ in 0..5 {
        assert_eq!(desk.respond(&url, json!({ "text": "more" })).await.0, 200);
    }
    assert_eq!(desk.respond(&url, json!({ "text": "more" })).await, (404, "used_url".into()));
    assert_eq!(desk.slack.ephemerals("U0MAYA").len(), 5);
    assert_eq!(desk.slack.messages("C0DBACCESS").len(), 0);
}

#[tokio::test]
async fn a_response_url_lives_thirty_minutes() {
    let desk = Desk::new().await;
    desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    let url = desk.field("response_url");
    desk.advance_ms(30 * 60 * 1_000);
    assert_eq!(desk.respond(&url, json!({ "text": "just in time" })).await.0, 200);
    desk.advance_ms(1);
    assert_eq!(desk.respond(&url, json!({ "text": "too late" })).await, (404, "expired_url".into()));
}

#[tokio::test]
async fn a_command_has_no_original_to_replace_and_a_button_has() {
    let desk = Desk::new().await;
    desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    let of_command = desk.field("response_url");
    assert_eq!(desk.respond(&of_command, json!({ "replace_original": true, "text": "x" })).await.0, 400);

    let ts = desk.card().await;
    desk.slack.press("U0CAROL", "C0DBACCESS", &ts, "request.approve").await;
    let of_button = desk.payload()["response_url"].as_str().unwrap().to_owned();
    assert_eq!(desk.respond(&of_button, json!({ "replace_original": true, "text": "Approved" })).await.0, 200);
    let message = desk.slack.messages("C0DBACCESS").remove(0);
    assert_eq!((message.text.as_str(), message.blocks.len()), ("Approved", 0));
    assert_eq!(desk.respond(&of_button, json!({ "response_type": "in_channel", "text": "For all" })).await.0, 200);
    assert_eq!(desk.slack.messages("C0DBACCESS").len(), 2);
    assert_eq!(desk.respond(&of_button, json!({ "delete_original": true })).await.0, 200);
    assert_eq!(desk.slack.messages("C0DBACCESS").len(), 1);
}

#[tokio::test]
async fn replacing_an_ephemeral_message_keeps_it_ephemeral() {
    let desk = Desk::new().await;
    let args = json!({ "channel": "C0DBACCESS", "user": "U0CAROL", "text": "yours", "blocks": super::card() });
    let posted = desk.api("chat.postEphemeral", args).await;
    desk.slack.press("U0CAROL", "C0DBACCESS", posted["message_ts"].as_str().unwrap(), "request.approve").await;
    let payload = desk.payload();
    assert_eq!((payload["container"]["is_ephemeral"].as_bool(), payload.get("message")), (Some(true), None));
    let url = payload["response_url"].as_str().unwrap().to_owned();
    let body = json!({ "replace_original": true, "response_type": "in_channel", "text": "done" });
    assert_eq!(desk.respond(&url, body).await.0, 200);
    assert_eq!(desk.slack.ephemerals("U0CAROL")[0].text, "done");
    assert_eq!(desk.slack.messages("C0DBACCESS").len(), 0);
}

#[tokio::test]
async fn invalid_blocks_and_unknown_kinds_of_response_are_refused() {
    let desk = Desk::new().await;
    desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit mine").await;
    let url = desk.field("response_url");
    assert_eq!(desk.respond(&url, json!({ "text": "x", "blocks": [{ "type": "table" }] })).await.0, 400);
    assert_eq!(desk.respond(&url, json!({ "text": "x", "response_type": "everywhere" })).await.0, 400);
    assert_eq!(desk.respond(&url, json!({})).await, (400, "no_text".into()));
    assert_eq!(desk.slack.complaints().len(), 3);
}
