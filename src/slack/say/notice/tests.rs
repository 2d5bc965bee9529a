use super::*;
use crate::slack::say::samples::{Stage, at, samples};
use crate::slack::say::shown;

#[test]
fn the_warning_says_when_it_ends_and_what_can_be_done() {
    let stage = Stage::set().unwrap();
    let facts = EndsSoon {
        together: None,
        grant: stage.grant.id,
        ends_at: at(125),
        more_asked: None,
        extend: Extend::Offered,
        lingers: Some("open sessions are closed"),
        names: &stage.names,
    };
    let asked = EndsSoon { more_asked: Some(stage.request.id), ..facts };
    let out = [facts, asked].map(|facts| shown::message(&ends_soon(&facts, &stage.grant, at(110))));
    insta::assert_snapshot!(out.join("\n"));
}

#[test]
fn alarms_say_what_was_tried_and_what_to_do() {
    let drawn = samples().unwrap();
    let mut out = String::new();
    for (name, message) in drawn["messages"].as_object().unwrap() {
        if name.starts_with("alarm") || name.starts_with("overdue") || name.starts_with("news") {
            out.push_str(&format!("{name}: {}\n", message["text"].as_str().unwrap()));
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn the_overdue_alarm_can_be_acted_on() {
    let stage = Stage::set().unwrap();
    let (_, grant) = stage.grants().into_iter().find(|(name, _)| *name == "overdue").unwrap();
    let crate::access::grant::GrantState::Revoking(revoking) = &grant.state else { panic!("not being revoked") };
    let facts = Overdue {
        grant: grant.id,
        revoking,
        provider: &"orders-pg".parse().unwrap(),
        account: "maya",
        thing: "app_reader",
        attempts: 9,
        trouble: None,
        by_hand: "Run REVOKE app_reader FROM maya; on the Orders database.",
        names: &stage.names,
    };
    insta::assert_snapshot!(shown::message(&overdue(&facts, at(160))));
}
