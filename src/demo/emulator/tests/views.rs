use serde_json::{Value, json};

use super::{Desk, Reply, form, plain};
use crate::demo::emulator::{Input, Place, Seen, Then, Values};

/// Opens the form as Maya and answers its view id.
async fn opened(desk: &Desk) -> String {
    desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit request").await;
    let answer = desk.api("views.open", json!({ "trigger_id": desk.field("trigger_id"), "view": form() })).await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer["view"]["id"].as_str().unwrap().to_owned()
}

fn offer_orders(desk: &Desk) {
    desk.app_answers(Reply::Json(json!({ "options": [{ "text": plain("Orders database"), "value": "prod/orders" }] })));
}

fn filled() -> Values {
    Values::new().option("resource", "prod/orders").option("role", "readonly").text("reason", "OPS-42 slow")
}

#[tokio::test]
async fn a_trigger_works_once_and_for_three_seconds() {
    let desk = Desk::new().await;
    desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit request").await;
    let open = json!({ "trigger_id": desk.field("trigger_id"), "view": form() });
    desk.advance_ms(3_000);
    assert_eq!(desk.api("views.open", open.clone()).await["ok"], true);
    assert_eq!(desk.api("views.open", open.clone()).await["error"], "exchanged_trigger_id");
    desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit request").await;
    desk.advance_ms(3_001);
    let late = json!({ "trigger_id": desk.field("trigger_id"), "view": form() });
    assert_eq!(desk.api("views.open", late).await["error"], "expired_trigger_id");
    let made_up = json!({ "trigger_id": "1.2.3", "view": form() });
    assert_eq!(desk.api("views.open", made_up).await["error"], "invalid_trigger_id");
}

#[tokio::test]
async fn a_stack_holds_three_forms() {
    let desk = Desk::new().await;
    let mut view_id = opened(&desk).await;
    for expected in ["ok", "ok", "push_limit_reached"] {
        offer_orders(&desk);
        let place = Place::View(view_id.clone());
        desk.slack.act("U0MAYA", &place, None, "resource", Input::Option("prod/orders".into())).await;
        let trigger_id = desk.payload()["trigger_id"].clone();
        let answer = desk.api("views.push", json!({ "trigger_id": trigger_id, "view": form() })).await;
        match expected {
            "ok" => view_id = answer["view"]["id"].as_str().unwrap().to_owned(),
            code => assert_eq!(answer["error"], code),
        }
    }
    let top = desk.slack.open_view("U0MAYA").unwrap();
    assert_eq!((top.id.as_str(), top.previous_id.is_some()), (view_id.as_str(), true));
    desk.slack.close("U0MAYA", &view_id).await;
    assert_eq!(desk.payload()["type"], "view_closed");
    assert_eq!(desk.slack.open_view("U0MAYA").map(|view| view.id), top.previous_id);
}

#[tokio::test]
async fn an_update_with_an_old_hash_is_a_conflict_and_keeps_what_was_entered() {
    let desk = Desk::new().await;
    let view_id = opened(&desk).await;
    let place = Place::View(view_id.clone());
    desk.slack.act("U0MAYA", &place, None, "role", Input::Option("readwrite".into())).await;
    let hash = desk.slack.open_view("U0MAYA").unwrap().hash;
    let update = json!({ "view_id": view_id, "hash": hash, "view": form() });
    assert_eq!(desk.api("views.update", update.clone()).await["ok"], true);
    assert_eq!(desk.api("views.update", update).await["error"], "hash_conflict");
    let view = desk.slack.open_view("U0MAYA").unwrap();
    assert_eq!(view.entered["role"]["role"]["selected_option"]["value"], "readwrite");
    assert_eq!(desk.api("views.update", json!({ "view_id": "V0", "view": form() })).await["error"], "not_found");
}

#[tokio::test]
async fn a_form_is_sent_with_all_its_values_and_closes() {
    let desk = Desk::new().await;
    let view_id = opened(&desk).await;
    offer_orders(&desk);
    let submitted = desk.slack.submit("U0MAYA", &view_id, filled()).await;
    assert_eq!(submitted.then, Then::Closed);
    assert_eq!(desk.slack.open_view("U0MAYA"), None);
    let payload = desk.payload();
    assert_eq!(
        (payload["type"].as_str(), payload["view"]["callback_id"].as_str()),
        (Some("view_submission"), Some("request.form"))
    );
    let values = &payload["view"]["state"]["values"];
    assert_eq!(values["resource"]["resource"]["selected_option"]["value"], "prod/orders");
    assert_eq!(values["role"]["role"]["selected_option"]["value"], "readonly");
    assert_eq!(values["reason"]["reason"], json!({ "type": "plain_text_input", "value": "OPS-42 slow" }));
}

#[tokio::test]
async fn slack_itself_refuses_forms_that_are_incomplete() {
    let desk = Desk::new().await;
    let view_id = opened(&desk).await;
    let submitted = desk.slack.submit("U0MAYA", &view_id, Values::new().text("reason", "tiny")).await;
    let errors = submitted.errors();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["reason", "resource", "role"]);
    assert_eq!(errors["reason"], "Please enter at least 5 characters.");
    assert_eq!(desk.heard().len(), 1, "only the command was heard");
}

#[tokio::test]
async fn the_app_may_answer_with_errors_at_fields_and_only_there() {
    let desk = Desk::new().await;
    let view_id = opened(&desk).await;
    offer_orders(&desk);
    desk.app_answers(Reply::Json(json!({ "response_action": "errors", "errors": { "reason": "Name a ticket." } })));
    let submitted = desk.slack.submit("U0MAYA", &view_id, filled()).await;
    assert_eq!(submitted.errors()["reason"], "Name a ticket.");
    assert!(desk.slack.open_view("U0MAYA").is_some());
    desk.app_answers(Reply::Json(json!({ "response_action": "errors", "errors": { "nowhere": "x" } })));
    let submitted = desk.slack.submit("U0MAYA", &view_id, Values::new()).await;
    assert!(matches!(submitted.then, Then::Trouble(_)));
    assert_eq!(desk.slack.complaints().len(), 1);
}

#[tokio::test]
async fn the_app_may_answer_with_another_view_or_clear_the_stack() {
    let desk = Desk::new().await;
    let view_id = opened(&desk).await;
    offer_orders(&desk);
    let done = json!({ "type": "modal", "title": plain("Sent"), "blocks": [{ "type": "divider" }] });
    desk.app_answers(Reply::Json(json!({ "response_action": "push", "view": done })));
    let submitted = desk.slack.submit("U0MAYA", &view_id, filled()).await;
    let Then::Pushed(pushed) = submitted.then else { panic!("{submitted:?}") };
    desk.app_answers(Reply::Json(json!({ "response_action": "clear" })));
    assert_eq!(desk.slack.submit("U0MAYA", &pushed, Values::new()).await.then, Then::Cleared);
    assert_eq!(desk.slack.open_view("U0MAYA"), None);
}

#[tokio::test]
async fn a_form_that_could_not_be_sent_stays_open() {
    let desk = Desk::new().await;
    let view_id = opened(&desk).await;
    offer_orders(&desk);
    desk.app_answers(Reply::Status(500));
    let submitted = desk.slack.submit("U0MAYA", &view_id, filled()).await;
    assert_eq!(submitted.then, Then::Trouble("We had some trouble connecting. Try again?".into()));
    assert!(desk.slack.open_view("U0MAYA").is_some());
}

#[tokio::test]
async fn only_offered_options_can_be_chosen_in_a_search() {
    let desk = Desk::new().await;
    let view_id = opened(&desk).await;
    let place = Place::View(view_id);
    offer_orders(&desk);
    let options = desk.slack.suggest("U0MAYA", &place, None, "resource", "ord").await.unwrap();
    assert_eq!(options[0]["value"], "prod/orders");
    let payload = desk.payload();
    assert_eq!((payload["type"].as_str(), payload["value"].as_str()), (Some("block_suggestion"), Some("ord")));
    desk.app_answers(Reply::Json(json!({ "options": [] })));
    let shown = desk.slack.act("U0MAYA", &place, None, "resource", Input::Option("prod/payroll".into())).await;
    assert!(matches!(shown.seen, Seen::Impossible(_)), "{shown:?}");
}

#[tokio::test]
async fn views_have_limits_of_their_own() {
    let desk = Desk::new().await;
    let open = async |change: &dyn Fn(&mut Value)| {
        desk.slack.slash("U0MAYA", "C0DBACCESS", "/jit request").await;
        let mut view = form();
        change(&mut view);
        desk.api("views.open", json!({ "trigger_id": desk.field("trigger_id"), "view": view })).await
    };
    let is_invalid = |answer: Value| answer["error"] == "invalid_arguments";
    assert!(is_invalid(open(&|view| view["title"] = plain(&"x".repeat(25))).await));
    assert!(is_invalid(open(&|view| view["private_metadata"] = json!("x".repeat(3_001))).await));
    assert!(is_invalid(open(&|view| _ = view.as_object_mut().unwrap().remove("submit")).await));
    assert!(is_invalid(open(&|view| view["type"] = json!("home")).await));
    assert_eq!(open(&|view| view["private_metadata"] = json!("x".repeat(250_001))).await["error"], "view_too_large");
    assert_eq!(open(&|_| ()).await["ok"], true);
}

#[tokio::test]
async fn a_home_is_published_for_a_person_and_then_updated() {
    let desk = Desk::new().await;
    let home = |words: &str| json!({ "type": "home", "blocks": [{ "type": "section", "text": plain(words) }] });
    assert_eq!(desk.slack.home("U0MAYA"), None);
    let first = desk.api("views.publish", json!({ "user_id": "U0MAYA", "view": home("one") })).await;
    let second = desk.api("views.publish", json!({ "user_id": "U0MAYA", "view": home("two") })).await;
    assert_eq!(first["view"]["id"], second["view"]["id"]);
    assert_eq!(desk.slack.home("U0MAYA").unwrap().shown_text(), "two");
}
