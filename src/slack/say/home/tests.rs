use super::*;
use crate::access::ids::RequestId;
use crate::slack::limits::{message_problems, view_problems};
use crate::slack::say::samples::{Stage, at};
use crate::slack::say::shown;
use crate::slack::say::status::Extend;

#[test]
fn a_home_tab_shows_what_is_ones_own_and_what_waits() {
    let stage = Stage::set().unwrap();
    let out: Vec<String> = stage.homes().iter().map(|(name, home)| format!("== {name}\n{}", shown::home(home))).collect();
    insta::assert_snapshot!(out.join("\n"));
}

#[test]
fn the_pinned_message_has_a_button_for_each_door() {
    assert_eq!(message_problems(&door().to_json()), Vec::<String>::new());
    insta::assert_snapshot!(shown::message(&door()));
}

#[test]
fn what_does_not_fit_is_counted_with_the_command_that_shows_it() {
    let stage = Stage::set().unwrap();
    let requests: Vec<Request> =
        (1..=40).map(|number| Request { id: RequestId::from_number(number), ..stage.request.clone() }).collect();
    let (_, active) = stage.grants().into_iter().find(|(name, _)| *name == "active").unwrap();
    let grants: Vec<Grant> =
        (1..=40).map(|number| Grant { id: crate::access::ids::GrantId::from_number(number), ..active.clone() }).collect();
    let held: Vec<Held<'_>> = grants.iter().map(|grant| Held { grant, extend: Extend::Offered }).collect();
    let (asked, waiting) = (requests[..20].iter().collect::<Vec<_>>(), requests[20..].iter().collect::<Vec<_>>());
    let able = Able { ask: Can::Yes, break_glass: Can::Yes, decide: Can::Yes, revoke: Can::Yes, ask_for: Can::Yes };
    let whole = Whole { live: &grants, live_count: 4000, overdue: 1, pending: 40, troubles: &[] };
    let facts = HomeFacts {
        held: &held,
        asked: &asked,
        waiting: &waiting,
        reviews: &[],
        able,
        whole: Some(whole),
        now: at(30),
        names: &stage.names,
    };
    let json = home(&facts).to_json();
    assert_eq!(view_problems(&json), Vec::<String>::new());
    let text = json.to_string();
    for words in ["And 34 more", "And 14 more", "And 3988 more", "As of"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
