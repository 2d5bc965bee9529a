use super::*;
use crate::slack::say::samples::Stage;
use crate::slack::say::shown;

#[test]
fn a_card_shows_all_that_is_needed_to_decide() {
    let stage = Stage::set().unwrap();
    let mut out = String::new();
    for (name, request) in stage.requests() {
        let facts = CardFacts { lingers: Some("open sessions are closed"), ..stage.card(&request, &[]) };
        out.push_str(&format!("=== {name}\n{}\n", shown::message(&card(&facts))));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_decided_card_tells_the_whole_story() {
    let stage = Stage::set().unwrap();
    let request = stage.approved();
    let mut out = String::new();
    for (name, grant) in stage.grants() {
        out.push_str(&format!("=== {name}\n"));
        for line in history(&request, std::slice::from_ref(&grant), &stage.names) {
            out.push_str(&format!("{}\n", line.cut(3000)));
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn only_a_pending_card_has_buttons() {
    let stage = Stage::set().unwrap();
    for (name, request) in stage.requests() {
        let json = card(&stage.card(&request, &[])).to_json().to_string();
        assert_eq!(json.contains("request.approve"), request.state.is_pending(), "{name}");
        assert_eq!(json.contains("<@U0CAROL>"), request.state.is_pending(), "{name}: nobody is called to a decided card");
    }
}

#[test]
fn a_button_carries_number_and_terms_and_says_which_request_it_is_for() {
    let stage = Stage::set().unwrap();
    let json = card(&stage.card(&stage.request, &[])).to_json();
    let approve = &json["blocks"][3]["elements"][0];
    assert_eq!(approve["value"], "R-42 00abcdef01234567");
    assert_eq!(approve["accessibility_label"], "Approve R-42, Maya Okafor, Orders database");
}

#[test]
fn at_most_five_people_are_called_each_once() {
    let mut stage = Stage::set().unwrap();
    let mut book = (*stage.names.book).clone();
    let mut ids = Vec::new();
    for number in 0..9 {
        let id: PersonId = format!("p{number}").parse().unwrap();
        let who = crate::slack::say::names::Who {
            name: format!("Person {number}"),
            slack: Some(format!("U0P{number}")),
            kind: crate::slack::say::names::Kind::Employee,
        };
        book.people.insert(id.clone(), who);
        ids.push(id);
    }
    stage.names.book = book.into();
    let mention: Vec<Mention> = ids.iter().cloned().map(Mention::Person).collect();
    stage.still = vec![Needed { by: "group/all".into(), count: 2, people: ids.clone() }];
    let json = card(&CardFacts { mention: &mention, ..stage.card(&stage.request, &[]) }).to_json().to_string();
    assert_eq!(json.matches("<@U0P").count(), MENTIONS_MAX);
    assert!(!json.contains("<!here>") && !json.contains("<!channel>"));
}

#[test]
fn several_grants_are_told_apart_by_name() {
    let stage = Stage::set().unwrap();
    let grants: Vec<Grant> = stage.grants().into_iter().map(|(_, grant)| grant).take(2).collect();
    let lines = history(&stage.approved(), &grants, &stage.names);
    assert!(lines[1].cut(300).starts_with("G-57 (Orders database · Read only): "));
}

#[test]
fn what_a_button_carries_is_read_back_and_nothing_else_is() {
    let stage = Stage::set().unwrap();
    let value = button_value(&stage.request);
    assert_eq!(read_button_value(&value), Some((stage.request.id, stage.request.terms_hash)));
    for other in ["", "R-42", "R-42 ", "R-42 ff", "R-42 +0abcdef01234567", "G-42 00abcdef01234567", "R-42 00abcdef01234567 x"] {
        assert_eq!(read_button_value(other), None, "{other}");
    }
}
