//! Socket Mode, seen by an app that holds the connections itself.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::Desk;
use crate::demo::emulator::{DeliveryFault, Farewell, LINKS_MAX, Seen};
use crate::demo::loopback::{Called, call};

type Wire = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(desk: &Desk, token: &str) -> Value {
    let headers = [("authorization", format!("Bearer {token}"))];
    let url = format!("{}/apps.connections.open", desk.slack.api_url());
    match call("POST", &url, &headers, String::new(), Duration::from_secs(5)).await {
        Called::Answered { body, .. } => serde_json::from_str(&body).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn address(desk: &Desk) -> String {
    let opened = open(desk, &desk.slack.use_socket_mode()).await;
    opened["url"].as_str().unwrap_or_else(|| panic!("{opened}")).to_owned()
}

async fn connected(desk: &Desk) -> Wire {
    let (wire, _) = connect_async(address(desk).await).await.unwrap();
    wire
}

async fn heard(wire: &mut Wire) -> Value {
    let message = tokio::time::timeout(Duration::from_secs(5), wire.next()).await.expect("a text in time");
    serde_json::from_str(message.unwrap().unwrap().to_text().unwrap()).unwrap()
}

async fn says(wire: &mut Wire, what: Value) {
    wire.send(Message::text(what.to_string())).await.unwrap();
}

#[tokio::test]
async fn connections_are_for_the_app_token_and_the_bot_token_is_for_everything_else() {
    let desk = Desk::new().await;
    let app_token = desk.slack.use_socket_mode();
    assert_eq!(open(&desk, "").await["error"], "not_authed");
    assert_eq!(open(&desk, "xapp-wrong").await["error"], "invalid_auth");
    assert_eq!(open(&desk, &desk.slack.bot_token()).await["error"], "not_allowed_token_type");
    let headers = [("authorization", format!("Bearer {app_token}"))];
    let url = format!("{}/auth.test", desk.slack.api_url());
    let Called::Answered { body, .. } = call("POST", &url, &headers, String::new(), Duration::from_secs(5)).await else {
        panic!()
    };
    assert!(body.contains("not_allowed_token_type"), "{body}");
}

#[tokio::test]
async fn a_ticket_is_good_for_one_connection() {
    let desk = Desk::new().await;
    let address = address(&desk).await;
    let (mut wire, _) = connect_async(&address).await.unwrap();
    let hello = heard(&mut wire).await;
    assert_eq!((&hello["type"], &hello["num_connections"]), (&json!("hello"), &json!(1)));
    assert_eq!(hello["connection_info"]["app_id"], "A0DAYPASS");
    assert!(connect_async(&address).await.is_err(), "it is used up");
    assert!(connect_async(address.replace("ticket=", "ticket=x")).await.is_err());
}

#[tokio::test]
async fn an_app_has_at_most_ten_connections_and_each_envelope_goes_over_any_one() {
    let desk = Desk::new().await;
    let mut wires = Vec::new();
    for number in 1..=LINKS_MAX {
        let mut wire = connected(&desk).await;
        assert_eq!(heard(&mut wire).await["num_connections"], number);
        wires.push(wire);
    }
    let mut more = connected(&desk).await;
    assert_eq!(heard(&mut more).await["reason"], "too_many_websockets");
    let acknowledging = wires.into_iter().map(|mut wire| async move {
        let envelope = heard(&mut wire).await;
        says(&mut wire, json!({ "envelope_id": envelope["envelope_id"] })).await;
        (wire, envelope["payload"]["text"].as_str().unwrap().to_owned())
    });
    let apps: Vec<_> = acknowledging.map(tokio::spawn).collect();
    for number in 0..LINKS_MAX {
        assert!(desk.slack.slash("U0BOB", "C0DBACCESS", &format!("/jit {number}")).await.is_acknowledged());
    }
    let mut texts = Vec::new();
    for app in apps {
        texts.push(app.await.unwrap().1);
    }
    texts.sort();
    assert_eq!(texts, (0..LINKS_MAX).map(|number| number.to_string()).collect::<Vec<_>>(), "one each, in turn");
}

#[tokio::test]
async fn a_command_takes_an_answer_and_a_button_does_not() {
    let desk = Desk::new().await;
    let mut wire = connected(&desk).await;
    heard(&mut wire).await;
    let slack = desk.slack.clone();
    let command = tokio::spawn(async move { slack.slash("U0BOB", "C0DBACCESS", "/jit help").await });
    let envelope = heard(&mut wire).await;
    assert_eq!((&envelope["type"], &envelope["accepts_response_payload"]), (&json!("slash_commands"), &json!(true)));
    assert_eq!((&envelope["payload"]["command"], &envelope["payload"]["user_id"]), (&json!("/jit"), &json!("U0BOB")));
    says(&mut wire, json!({ "envelope_id": envelope["envelope_id"], "payload": { "text": "hello Bob" } })).await;
    assert_eq!(command.await.unwrap().text(), "hello Bob");

    let (slack, ts) = (desk.slack.clone(), desk.card().await);
    let press = tokio::spawn(async move { slack.press("U0CAROL", "C0DBACCESS", &ts, "request.approve").await });
    let envelope = heard(&mut wire).await;
    assert_eq!((&envelope["type"], &envelope["accepts_response_payload"]), (&json!("interactive"), &json!(false)));
    assert_eq!(envelope["payload"]["type"], "block_actions");
    says(&mut wire, json!({ "envelope_id": envelope["envelope_id"], "payload": { "text": "no" } })).await;
    press.await.unwrap();
    says(&mut wire, json!({ "envelope_id": "of nothing" })).await;
    let mut changes = desk.slack.watch();
    drop(wire);
    while desk.slack.links() > 0 {
        changes.changed().await.unwrap();
    }
    let complaints = desk.slack.complaints();
    assert_eq!(complaints.len(), 2, "{complaints:#?}");
    assert!(complaints[0].contains("takes no payload") && complaints[1].contains("no envelope `of nothing`"), "{complaints:#?}");
}

#[tokio::test]
async fn an_empty_payload_is_none_as_slack_s_own_clients_send_it() {
    let desk = Desk::new().await;
    let mut wire = connected(&desk).await;
    heard(&mut wire).await;
    let (slack, ts) = (desk.slack.clone(), desk.card().await);
    let press = tokio::spawn(async move { slack.press("U0CAROL", "C0DBACCESS", &ts, "request.approve").await });
    let envelope = heard(&mut wire).await;
    says(&mut wire, json!({ "envelope_id": envelope["envelope_id"], "payload": {} })).await;
    assert!(press.await.unwrap().is_acknowledged());
    assert_eq!(desk.slack.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_not_acknowledged_in_time_fails_for_people() {
    let desk = Desk::new().await;
    desk.slack.give_the_app(Duration::from_millis(50));
    desk.slack.use_socket_mode();
    let nobody = desk.slack.slash("U0BOB", "C0DBACCESS", "/jit help").await;
    assert_eq!(nobody.seen, Seen::Error("/jit failed with the error \"dispatch_failed\"".into()), "nobody is connected");
    let mut wire = connected(&desk).await;
    heard(&mut wire).await;
    let late = desk.slack.slash("U0BOB", "C0DBACCESS", "/jit help").await;
    assert_eq!(late.seen, Seen::Error("/jit failed with the error \"operation_timeout\"".into()));
    let envelope = heard(&mut wire).await;
    says(&mut wire, json!({ "envelope_id": envelope["envelope_id"] })).await;
    assert_eq!(desk.slack.complaints(), Vec::<String>::new(), "late is not wrong");
}

#[tokio::test]
async fn events_that_are_not_acknowledged_come_again_over_another_connection() {
    let desk = Desk::new().await;
    let (mut first, mut second) = (connected(&desk).await, connected(&desk).await);
    heard(&mut first).await;
    heard(&mut second).await;
    let slack = desk.slack.clone();
    slack.delivery_fault(DeliveryFault::CutAfter);
    let event = tokio::spawn(async move { slack.event(json!({ "type": "user_change" })).await });
    // It goes to one of them, which is cut, and then to the other.
    let (mut envelopes, mut answered) = (Vec::new(), false);
    for wire in [&mut second, &mut first] {
        let envelope = heard(wire).await;
        if envelope["retry_attempt"] == 1 {
            says(wire, json!({ "envelope_id": envelope["envelope_id"] })).await;
            answered = true;
        }
        envelopes.push(envelope);
    }
    assert!(answered && event.await.unwrap().is_acknowledged());
    envelopes.sort_by_key(|envelope| envelope["retry_attempt"].as_u64());
    assert_eq!((&envelopes[0]["retry_reason"], &envelopes[1]["retry_reason"]), (&json!(""), &json!("timeout")));
    assert_eq!(envelopes[0]["payload"]["event_id"], envelopes[1]["payload"]["event_id"]);
    assert_ne!(envelopes[0]["envelope_id"], envelopes[1]["envelope_id"]);
}

#[tokio::test]
async fn farewells_have_their_reasons_and_after_being_disabled_there_are_no_connections() {
    let desk = Desk::new().await;
    for (why, reason) in
        [(Farewell::Warning, "warning"), (Farewell::Refresh, "refresh_requested"), (Farewell::Disabled, "link_disabled")]
    {
        let mut wire = connected(&desk).await;
        heard(&mut wire).await;
        desk.slack.say_farewell(why);
        let farewell = heard(&mut wire).await;
        assert_eq!((&farewell["type"], &farewell["reason"]), (&json!("disconnect"), &json!(reason)));
        assert_eq!(desk.slack.links(), 0, "it gets nothing new");
    }
    let token = "xapp-1-A0DAYPASS-demo-emulator-token";
    assert_eq!(open(&desk, token).await["error"], "access_denied");
}
