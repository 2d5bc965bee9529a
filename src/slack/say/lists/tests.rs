use super::*;
use crate::slack::limits::message_problems;
use crate::slack::say::samples::Stage;
use crate::slack::say::shown;

#[test]
fn lists_show_what_is_there_with_its_buttons() {
    let stage = Stage::set().unwrap();
    let (_, active) = stage.grants().into_iter().find(|(name, _)| *name == "active").unwrap();
    let held = [Held { grant: &active, extend: Extend::Offered }];
    let out = [
        mine(&held, &[&stage.request], &stage.names),
        mine(&[], &[], &stage.names),
        pending(&[&stage.request], &[], 0, &stage.names),
        pending(&[], &[], 0, &stage.names),
    ];
    insta::assert_snapshot!(out.iter().map(shown::message).collect::<Vec<_>>().join("\n"));
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let stage = Stage::set().unwrap();
    let requests: Vec<Request> = (1..=40)
        .map(|number| Request { id: crate::access::ids::RequestId::from_number(number), ..stage.request.clone() })
        .collect();
    let message = pending(&requests.iter().collect::<Vec<_>>(), &[], 0, &stage.names);
    assert_eq!(message_problems(&message.to_json()), Vec::<String>::new());
    assert!(message.to_json().to_string().contains("28 more are not shown."));
}

#[test]
fn help_tells_nobody_of_what_they_cannot_do() {
    let table = [(Can::Yes, Can::Yes, Can::Yes), (Can::Yes, Can::No, Can::No), (Can::No, Can::No, Can::No)];
    let able = |(ask, decide, revoke)| Able { ask, break_glass: decide, decide, revoke, ask_for: decide };
    let out = table.map(|can| shown::message(&help(able(can))));
    insta::assert_snapshot!(out.join("\n"));
}
