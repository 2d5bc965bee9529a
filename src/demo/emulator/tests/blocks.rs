use serde_json::{Value, json};

use super::{Desk, button, form, plain};
use crate::demo::emulator::blocks::{Surface, problems};

fn option(value: &str) -> Value {
    json!({ "text": plain("An option"), "value": value })
}

fn options(count: usize) -> Vec<Value> {
    (0..count).map(|index| option(&format!("v{index}"))).collect()
}

fn section(words: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": words } })
}

fn actions(elements: Vec<Value>) -> Value {
    json!({ "type": "actions", "elements": elements })
}

/// Puts one field of a button to a length.
fn button_with(field: &str, chars: usize) -> Value {
    let mut element = button("a", "Approve");
    element[field] = if field == "text" { plain(&"x".repeat(chars)) } else { json!("x".repeat(chars)) };
    actions(vec![element])
}

#[test]
fn every_limit_holds_to_the_character() {
    type Make = fn(usize) -> Value;
    let cases: &[(&str, usize, Make)] = &[
        ("header", 150, |n| json!({ "type": "header", "text": plain(&"x".repeat(n)) })),
        ("section text", 3_000, |n| section(&"x".repeat(n))),
        ("section field", 2_000, |n| json!({ "type": "section", "fields": [{ "type": "mrkdwn", "text": "x".repeat(n) }] })),
        ("section fields", 10, |n| json!({ "type": "section", "fields": vec![plain("f"); n] })),
        ("context elements", 10, |n| json!({ "type": "context", "elements": vec![plain("f"); n] })),
        ("actions elements", 25, |n| actions((0..n).map(|i| button(&format!("a{i}"), "b")).collect())),
        ("button text", 75, |n| button_with("text", n)),
        ("button value", 2_000, |n| button_with("value", n)),
        ("button label", 75, |n| button_with("accessibility_label", n)),
        ("action_id", 255, |n| actions(vec![button(&"x".repeat(n), "b")])),
        ("block_id", 255, |n| json!({ "type": "divider", "block_id": "x".repeat(n) })),
        ("overflow options", 5, |n| actions(vec![json!({ "type": "overflow", "action_id": "o", "options": options(n) })])),
        ("radio options", 10, |n| actions(vec![json!({ "type": "radio_buttons", "action_id": "r", "options": options(n) })])),
        ("select options", 100, |n| actions(vec![json!({ "type": "static_select", "action_id": "s", "options": options(n) })])),
        ("option value", 75, |n| {
            actions(vec![json!({ "type": "static_select", "action_id": "s", "options": [option(&"x".repeat(n))] })])
        }),
        ("placeholder", 150, |n| {
            actions(vec![json!({ "type": "external_select", "action_id": "s", "placeholder": plain(&"x".repeat(n)) })])
        }),
    ];
    for (name, limit, make) in cases {
        assert_eq!(problems(&[make(*limit)], Surface::Message), Vec::<String>::new(), "{name} at the limit");
        assert_ne!(problems(&[make(limit + 1)], Surface::Message), Vec::<String>::new(), "{name} beyond the limit");
    }
    assert!(problems(&vec![section("x"); 50], Surface::Message).is_empty());
    assert!(!problems(&vec![section("x"); 51], Surface::Message).is_empty());
    assert!(problems(&vec![section("x"); 100], Surface::Modal).is_empty());
    assert!(!problems(&vec![section("x"); 101], Surface::Modal).is_empty());
}

#[test]
fn confirm_dialogs_have_limits_of_their_own() {
    let with = |title: usize, body: usize, yes: usize| {
        let mut element = button("a", "Approve");
        element["confirm"] = json!({
            "title": plain(&"x".repeat(title)), "text": plain(&"x".repeat(body)),
            "confirm": plain(&"x".repeat(yes)), "deny": plain("No"),
        });
        problems(&[actions(vec![element])], Surface::Message)
    };
    assert_eq!(with(100, 300, 30), Vec::<String>::new());
    assert!(!with(101, 300, 30).is_empty() && !with(100, 301, 30).is_empty() && !with(100, 300, 31).is_empty());
}

#[test]
fn unknown_types_fields_and_styles_are_errors_with_a_pointer() {
    let unknown = json!({ "type": "section", "text": plain("x"), "colour": "red" });
    assert_eq!(problems(&[unknown], Surface::Message), ["[ERROR] invalid additional property: colour [json-pointer:/blocks/0]"]);
    assert_eq!(
        problems(&[json!({ "type": "table" })], Surface::Message),
        ["[ERROR] unsupported type: table [json-pointer:/blocks/0]"]
    );
    let mut element = button("a", "b");
    element["style"] = json!("success");
    assert_eq!(problems(&[actions(vec![element])], Surface::Message).len(), 1);
    assert_eq!(problems(&[json!({ "type": "header", "text": { "type": "mrkdwn", "text": "x" } })], Surface::Message).len(), 1);
}

#[test]
fn an_id_may_stand_once() {
    assert_eq!(problems(&[actions(vec![button("a", "x"), button("a", "y")])], Surface::Message).len(), 1);
    let divider = json!({ "type": "divider", "block_id": "same" });
    assert_eq!(problems(&[divider.clone(), divider], Surface::Message).len(), 1);
    let apart = [actions(vec![button("a", "x")]), actions(vec![button("a", "y")])];
    assert!(problems(&apart, Surface::Message).is_empty(), "blocks tell equal action_ids apart");
}

#[test]
fn inputs_stand_in_views_only_and_options_must_differ() {
    let input = form()["blocks"][1].clone();
    assert_eq!(problems(std::slice::from_ref(&input), Surface::Message).len(), 1);
    assert!(problems(&[input], Surface::Modal).is_empty());
    let twice = json!({ "type": "static_select", "action_id": "s", "options": [option("v"), option("v")] });
    assert_eq!(problems(&[actions(vec![twice])], Surface::Message).len(), 1);
    let stranger = json!({ "type": "static_select", "action_id": "s", "options": [option("v")], "initial_option": option("w") });
    assert_eq!(problems(&[actions(vec![stranger])], Surface::Message).len(), 1);
}

#[tokio::test]
async fn a_message_with_invalid_blocks_is_not_posted() {
    let desk = Desk::new().await;
    let blocks = [section(&"x".repeat(3_001))];
    let answer = desk.api("chat.postMessage", json!({ "channel": "C0DBACCESS", "text": "a", "blocks": blocks })).await;
    assert_eq!(answer["error"], "invalid_blocks");
    let message = answer["response_metadata"]["messages"][0].as_str().unwrap();
    assert_eq!(message, "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]");
    assert_eq!((desk.slack.messages("C0DBACCESS").len(), desk.slack.complaints().len()), (0, 1));
}
