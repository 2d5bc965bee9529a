use super::*;
use crate::slack::say::samples::{Stage, at};
use crate::slack::say::shown;

#[test]
fn everything_about_a_request_is_told() {
    let stage = Stage::set().unwrap();
    let bob: PersonId = "bob".parse().unwrap();
    let before = [Before { request: stage.request.id, asked_at: at(-60), state: "denied" }];
    let facts = |card| WhyFacts {
        card,
        about: Some("Acme's contractors may read the orders database during working hours."),
        sponsor: Some(&bob),
        contract_ends: Some(at(60 * 24 * 30)),
        why_you: Some("you are one of the owners of it"),
        now: at(4),
        before: &before,
    };
    let approved = stage.approved();
    let out = format!(
        "{}\n{}",
        shown::view(&details(&facts(stage.card(&stage.request, &[])))),
        shown::message(&why(&facts(CardFacts { still: &[], ..stage.card(&approved, &[]) })))
    );
    insta::assert_snapshot!(out);
}
