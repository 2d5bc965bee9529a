use super::*;
use crate::slack::say::samples::{Stage, at, ttl};
use crate::slack::say::shown;

fn choices(number: usize) -> Vec<Choice> {
    (0..number).map(|n| Choice { text: format!("Thing {n}"), value: format!("thing/{n}") }).collect()
}

fn form<'a>(resources: &'a [Choice], lengths: &'a [Ttl], names: &'a Names) -> RequestForm<'a> {
    RequestForm {
        subject: None,
        resources,
        resource: None,
        roles: &[],
        role: None,
        lengths,
        length: None,
        narrowed_by: None,
        from: "",
        until: "",
        reason: "",
        ticket: None,
        outlook: None,
        names,
    }
}

#[test]
fn forms_ask_for_what_is_missing() {
    let stage = Stage::set().unwrap();
    let (three, lengths) = (choices(3), [ttl(30), ttl(120)]);
    let empty = form(&three, &lengths, &stage.names);
    let outlook = Outlook {
        asked: &stage.approvers,
        at_most: at(420),
        because: Some("end of the window"),
        lingers: Some("Open sessions are closed at the end"),
    };
    let filled = RequestForm {
        resource: three.first(),
        roles: &three,
        role: Some("thing/1"),
        length: Some(ttl(120)),
        until: "18:00",
        reason: "OPS-42",
        ticket: Some(Ticket { looks: r"OPS-\d+", typed: "" }),
        outlook: Some(outlook),
        ..empty.clone()
    };
    let more = ExtendForm {
        grant: stage.grant.id,
        ends_at: at(125),
        lengths: &lengths,
        at_most: at(420),
        asked: &[],
        names: &stage.names,
    };
    let out = [
        request_form(&empty).unwrap(),
        request_form(&filled).unwrap(),
        approve_form(&stage.request, &stage.names),
        deny_form(&stage.request, &stage.names),
        extend_form(&more).unwrap(),
        sentence("Request access", "There is nothing that you can ask for."),
    ];
    insta::assert_snapshot!(out.iter().map(shown::view).collect::<Vec<_>>().join("\n"));
}

// E43
#[test]
fn over_a_hundred_choices_are_searched_and_none_makes_no_form() {
    let names = Names::default();
    let lengths = [ttl(30)];
    let (hundred, more) = (choices(100), choices(101));
    let kind = |resources: &[Choice]| {
        request_form(&form(resources, &lengths, &names))
            .map(|view| view.to_json()["blocks"][0]["element"]["type"].as_str().unwrap().to_owned())
    };
    assert_eq!(kind(&hundred).as_deref(), Some("static_select"));
    assert_eq!(kind(&more).as_deref(), Some("external_select"));
    assert_eq!(kind(&[]), None);
    assert_eq!(request_form(&form(&hundred, &[], &names)), None);
}

#[test]
fn a_long_id_still_makes_a_value_that_slack_takes() {
    let long = "x".repeat(80);
    assert_eq!(choice_value("prod/orders"), "prod/orders");
    assert_eq!(choice_value(&long).len(), 33);
    assert_ne!(choice_value(&long), choice_value(&"x".repeat(79)));
}

#[test]
fn an_error_is_on_its_field() {
    let problems = BTreeMap::from([(field::REASON, "Say why.\u{202e}".to_owned())]);
    assert_eq!(errors(&problems), json!({"response_action": "errors", "errors": {"reason": "Say why."}}));
}
