use super::*;
use crate::slack::say::samples::Stage;
use crate::slack::say::shown;

#[test]
fn what_people_say_beside_yes_and_no_reaches_whom_it_concerns_and_stays_on_the_card() {
    let stage = Stage::set().unwrap();
    let mut told = String::new();
    for (name, message) in stage.talk() {
        told.push_str(&format!("=== {name}\n{}\n", shown::message(&message)));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_forms_say_what_becomes_of_what_is_written_in_them() {
    let stage = Stage::set().unwrap();
    let forms: Vec<String> = stage.talk_forms().iter().map(|(name, form)| format!("=== {name}\n{}", shown::view(form))).collect();
    insta::assert_snapshot!(forms.join("\n"));
}

#[test]
fn only_an_open_question_has_a_button() {
    let stage = Stage::set().unwrap();
    for (name, message) in stage.talk() {
        let has_button = message.to_json().to_string().contains("\"request.answer\"");
        assert_eq!(has_button, name == "question", "{name}");
    }
}

#[test]
fn nothing_can_be_made_shorter_than_the_shortest_and_nobody_passes_on_to_nobody() {
    let stage = Stage::set().unwrap();
    assert!(shorter_form(&stage.request, &[], NoteRule::Optional, &stage.names).is_none());
    assert!(pass_on_form(&stage.request, &[], &stage.names).is_none());
}
