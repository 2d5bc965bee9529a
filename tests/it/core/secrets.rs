//! The secret of a grant: one link leads to it, it is shown once, and it goes with the access.

use daypass::access::apply;
use daypass::access::decide::{LINK_MINUTES, SecretCommand, decide_secret};
use daypass::access::event::Event;
use daypass::access::grant::{EndCause, FailCause, Grant, GrantState, Recheck, VoidCause, Warning};
use daypass::access::refusal::Refusal;
use daypass::access::secret::{Again, Leads, Link, LinkHash, Reveal, Sealed};

use super::things::{HOUR, MINUTE, at, grant, now};

const ONE: LinkHash = LinkHash([1; 32]);
const OTHER: LinkHash = LinkHash([2; 32]);

/// In force from zero for two hours, with a secret that waits.
fn waiting() -> Grant {
    Grant {
        ciphertext: Some(Sealed::armored("sealed".to_owned())),
        reveal: Some(Reveal::Waiting { link: None }),
        state: GrantState::Active { active_at: at(0), ends_at: at(2 * HOUR), warning: Warning::Owed },
        ..grant(1, 1)
    }
}

fn after(grant: &Grant, command: SecretCommand, millis: i64) -> Grant {
    let events = decide_secret(grant, command, now(millis)).unwrap();
    events.iter().fold(grant.clone(), |grant, event| apply::grant(&grant, event).unwrap())
}

fn refusal(grant: &Grant, millis: i64) -> Refusal {
    match decide_secret(grant, SecretCommand::Link(ONE), now(millis)) {
        Err(daypass::access::decide::Undecided::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_link_leads_to_it_for_five_minutes_and_the_next_takes_its_place() {
    let linked = after(&waiting(), SecretCommand::Link(ONE), 0);
    let end = LINK_MINUTES * MINUTE;
    assert_eq!(linked.leads(&ONE, at(end - 1)), Leads::ToSecret);
    assert_eq!(linked.leads(&ONE, at(end)), Leads::Nowhere);
    assert_eq!(linked.leads(&OTHER, at(0)), Leads::Nowhere);
    let again = after(&linked, SecretCommand::Link(OTHER), MINUTE);
    assert_eq!((again.leads(&ONE, at(MINUTE)), again.leads(&OTHER, at(MINUTE))), (Leads::Nowhere, Leads::ToSecret));
    // No link outlives the access.
    let late = after(&waiting(), SecretCommand::Link(ONE), 2 * HOUR - MINUTE);
    assert_eq!(late.leads(&ONE, at(2 * HOUR)), Leads::Nowhere);
}

#[test]
fn it_is_shown_once_and_then_only_that_it_was() {
    let linked = after(&waiting(), SecretCommand::Link(ONE), 0);
    assert_eq!(after(&linked, SecretCommand::Show(OTHER), MINUTE), linked, "a wrong link changes nothing");
    let shown = after(&linked, SecretCommand::Show(ONE), MINUTE);
    assert_eq!(shown.ciphertext, None);
    assert_eq!(shown.leads(&ONE, at(HOUR)), Leads::ToNews(at(MINUTE)));
    assert_eq!(refusal(&shown, HOUR), Refusal::SecretShown { grant: shown.id, at: at(MINUTE) });
    // That it was tried again is told once.
    let again = after(&shown, SecretCommand::Show(ONE), HOUR);
    assert!(matches!(again.reveal, Some(Reveal::Shown { again: Again::Yes, .. })));
    assert!(decide_secret(&again, SecretCommand::Show(ONE), now(HOUR)).unwrap().is_empty());
    // Nothing brings it back.
    let event = Event::SecretShown { grant: shown.id, at: at(HOUR), by: ONE };
    assert!(apply::grant(&shown, &event).is_err());
}

#[test]
fn without_a_secret_there_is_nothing_to_link_to() {
    let none = Grant { ciphertext: None, reveal: None, ..waiting() };
    let theirs = Grant { reveal: None, ..waiting() };
    for grant in [none, theirs] {
        assert_eq!(refusal(&grant, 0), Refusal::NoSecret { grant: grant.id });
        let link = Link { hash: ONE, until: at(HOUR) };
        assert!(apply::grant(&grant, &Event::SecretLinked { grant: grant.id, link }).is_err());
    }
}

#[test]
fn every_way_out_drops_it() {
    let linked = after(&waiting(), SecretCommand::Link(ONE), 0);
    let id = linked.id;
    let checking = Grant { state: GrantState::Checking { since: at(0) }, ..linked.clone() };
    let revoking = Event::GrantRevoking { grant: id, at: at(1), due_at: at(1), cause: EndCause::HandedBack };
    let voided = Event::GrantVoided { grant: id, at: at(1), why: VoidCause::Lapsed };
    let failed = Event::GrantFailed { grant: id, at: at(1), why: FailCause::Unreadable, recheck: Recheck::Done };
    for (before, event) in [(&linked, revoking), (&checking, voided), (&checking, failed)] {
        let after = apply::grant(before, &event).unwrap();
        assert_eq!((after.ciphertext.clone(), after.leads(&ONE, at(1))), (None, Leads::Nowhere), "{event:?}");
        assert_eq!(after.reveal, Some(Reveal::Waiting { link: None }));
        assert_eq!(refusal(&after, 1), Refusal::NoSecret { grant: id });
    }
}
