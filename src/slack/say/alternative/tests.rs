use super::*;
use crate::slack::say::samples::{Stage, at, ttl};
use crate::slack::text::unescape;

fn asking(stage: &Stage, reason: &str) -> Asking {
    let terms = &stage.request.terms;
    Asking {
        by: terms.subject.clone(),
        resource: terms.resource.clone(),
        role: Some(terms.role.clone()),
        access_for: Some(ttl(120)),
        start_at: Some(at(600)),
        end_at: None,
        manner: Manner::Usual,
        reason: reason.to_owned(),
    }
}

/// The action and value of the only button of a message.
fn only_button(message: &Message) -> (String, String) {
    let json = message.to_json();
    let button = &json["blocks"][1]["elements"][0];
    (button["action_id"].as_str().unwrap().to_owned(), button["value"].as_str().unwrap().to_owned())
}

#[test]
fn what_a_button_carries_is_read_back_and_is_nobody_elses() {
    let stage = Stage::set().unwrap();
    let wish = asking(&stage, "OPS-42 \"slow\"\n<checkout>");
    let refusal = Refusal::OutsideWindow { earliest: Some(at(600)) };
    let (action, value) = only_button(&refused_with(&refusal, &Alternative::Then(wish.clone()), &stage.names));
    assert_eq!(action, button::ASK_INSTEAD);
    assert_eq!(read_asking(&value, &wish.by), Some(wish.clone()));
    assert_eq!(read_asking(&value, &stage.approvers[0]), None, "it was copied");
    for tampered in ["", "{}", "R-42 00", &value.replace("maya", "carol"), &value.replace("7200000", "1"), &format!("{value}x")] {
        assert_eq!(read_asking(tampered, &wish.by), None, "{tampered}");
    }
}

#[test]
fn a_reason_that_is_too_long_to_be_carried_is_left_to_the_form() {
    let stage = Stage::set().unwrap();
    let wish = asking(&stage, &"🙂".repeat(1900));
    let refusal = Refusal::OverCap { at_most: ttl(120) };
    let (action, value) = only_button(&refused_with(&refusal, &Alternative::Shorter(wish.clone()), &stage.names));
    assert_eq!(action, button::FIX);
    assert!(length(&value) <= BUTTON_VALUE_MAX);
    assert_eq!(read_asking(&value, &wish.by), Some(Asking { reason: String::new(), ..wish }));
}

#[test]
fn refusals_say_what_can_be_done_instead() {
    let stage = Stage::set().unwrap();
    let shown: Vec<String> = stage
        .instead()
        .unwrap()
        .into_iter()
        .map(|(name, message)| {
            let json = message.to_json();
            let button = json["blocks"][1]["elements"][0]["text"]["text"].as_str().unwrap_or("-").to_owned();
            format!("{name}: {} [{button}]", unescape(message.text()))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}
