use super::*;
use crate::access::grant::{EndCause, Ended, Revoking};
use crate::slack::say::samples::{Stage, at};
use crate::slack::say::shown::message as shown;

fn revoking(alarms: u32) -> GrantState {
    let (since, due_at, cause) = (at(5), at(5), EndCause::RevokedBy("carol".parse().unwrap()));
    GrantState::Revoking(Revoking { since, due_at, active_at: Some(at(4)), cause, remains: Remains::Access, alarms })
}

fn ended(proof: Proof) -> GrantState {
    let cause = EndCause::RevokedBy("carol".parse().unwrap());
    GrantState::Ended(Ended { at: at(6), due_at: at(5), active_at: Some(at(4)), cause, proof })
}

fn drawn(states: &[GrantState]) -> String {
    let stage = Stage::set().unwrap();
    let grants: Vec<Grant> = states.iter().map(|state| stage.grant_in(state.clone())).collect();
    let rows: Vec<Row<'_>> = grants.iter().map(|grant| Row { grant, trouble: None, keeps: None }).collect();
    let lock = stage.lock(Scope::Everything, LockState::InForce);
    shown(&table(&Table { lock: &lock, rows: &rows, names: &stage.names }))
}

#[test]
fn nothing_is_said_to_be_gone_before_it_was_seen() {
    for (states, says) in [
        (vec![revoking(0)], "0 of 1 verified gone"),
        (vec![revoking(3), ended(Proof::ReadBack)], "1 of 2 verified gone"),
        (vec![ended(Proof::ReadBack)], "The one access is verified gone"),
        (vec![ended(Proof::ReadBack), ended(Proof::NothingSent)], "All 2 are verified gone"),
        (
            vec![ended(Proof::ReadBack), ended(Proof::Attested { by: "dave".parse().unwrap(), why: Words::typed("I looked") })],
            "1 of 2 verified gone, 1 only on somebody's word",
        ),
        (Vec::new(), "There was nothing to take back"),
    ] {
        let text = drawn(&states);
        assert!(text.contains(says), "{says}: {text}");
    }
    let late = drawn(&[revoking(3)]);
    assert!(late.contains("overdue") && !late.contains("ended"), "{late}");
}

#[test]
fn what_a_button_carries_can_be_read_again() {
    let stage = Stage::set().unwrap();
    let reason = Words::typed("<!channel> `stolen` *laptop*");
    let message = preview(&Preview {
        scope: &"group/contractors/acme".parse().unwrap(),
        until: Some(at(125)),
        reason: &reason,
        grants: &[],
        pending: 0,
        now: at(5),
        names: &stage.names,
    });
    let json = message.to_json();
    let blocks = json["blocks"].as_array().unwrap();
    let value = blocks.iter().find_map(|block| block["elements"][0]["value"].as_str()).unwrap();
    let (scope, until, why) = read_lock(value).unwrap();
    assert_eq!((scope.to_string().as_str(), until, why.as_typed()), ("group/contractors/acme", Some(at(125)), reason.as_typed()));
    for odd in ["", "everything", "everything x", "person/<@U1> -", "maya -"] {
        assert_eq!(read_lock(odd), None, "{odd:?}");
    }
    assert_eq!(read_revoke_all("maya"), Some(("maya".parse().unwrap(), Words::default())));
    assert_eq!(read_revoke_all(""), None);
}

#[test]
fn the_table_the_question_and_the_news_read_well() {
    let stage = Stage::set().unwrap();
    let messages = stage.locks().unwrap();
    let text: Vec<String> = messages.iter().map(|(name, message)| format!("## {name}\n{}", shown(message))).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}
