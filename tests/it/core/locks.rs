//! Locks: every state against every command, and the laws that hold for all of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use daypass::access::apply;
use daypass::access::decide::{Lasts, LockCommand, Locking, Undecided, decide_lock, set_lock};
use daypass::access::event::Event;
use daypass::access::grant::{EndCause, Grant};
use daypass::access::ids::{GrantId, LockId, PersonId};
use daypass::access::lock::{Lock, LockState, Scope};
use daypass::access::refusal::Refusal;
use daypass::access::time::Now;
use daypass::access::words::Words;

use super::table::grant_states;
use super::things::{HOUR, MINUTE, at, grant, in_short, now, person};

/// Priya locks Acme, with Maya in it, at zero.
fn locking(lasts: Lasts) -> Locking {
    Locking {
        id: LockId::from_number(1),
        scope: Scope::Group("contractors/acme".parse().unwrap()),
        members: BTreeSet::from([person("maya")]),
        by: person("priya"),
        lasts,
        reason: Words::typed("a breach"),
        accesses: vec![GrantId::from_number(1)],
    }
}

fn lock(lasts: Lasts) -> Lock {
    match set_lock(locking(lasts), now(0)).unwrap().remove(0) {
        Event::LockSet { lock } => *lock,
        other => panic!("{other:?}"),
    }
}

fn locks() -> Vec<(&'static str, Lock)> {
    let until = lock(Lasts::Until(at(2 * HOUR)));
    let over = |state| Lock { state, ..until.clone() };
    vec![
        ("in force", lock(Lasts::UntilLifted)),
        ("in force until 2 h", until.clone()),
        ("in force, cleared", Lock { cleared_at: Some(at(MINUTE)), ..until.clone() }),
        ("lifted", over(LockState::Lifted { at: at(HOUR), by: person("priya") })),
        ("ran out", over(LockState::RanOut { at: at(2 * HOUR) })),
        ("momentary", lock(Lasts::ForTheMoment)),
    ]
}

fn lift<'a>(by: &str, ids: &'a [PersonId], in_group: Option<&'a BTreeSet<PersonId>>) -> LockCommand<'a> {
    LockCommand::Lift { by: person(by), ids, in_group }
}

#[test]
fn every_lock_state_against_every_command() {
    let (mut active, mut gone) = (grant(1, 1), grant(1, 1));
    for (name, state) in grant_states() {
        match name {
            "active" => active.state = state,
            "ended" => gone.state = state,
            _ => {}
        }
    }
    let (active, gone) = ([active], [gone]);
    let hugo = BTreeSet::from([person("hugo")]);
    let earlier = [person("maya-old"), person("maya")];
    let reach = |number| LockCommand::Reach { grants: vec![GrantId::from_number(number)] };
    let mut table = String::new();
    for (name, lock) in locks() {
        writeln!(table, "{name}").unwrap();
        let commands: Vec<(&str, LockCommand<'_>, Now)> = vec![
            ("priya lifts it", lift("priya", &[], None), now(HOUR)),
            ("maya, who was in it", lift("maya", &[], None), now(HOUR)),
            ("maya, under another id", lift("m2", &earlier, None), now(HOUR)),
            ("hugo, who is in it today", lift("hugo", &[], Some(&hugo)), now(HOUR)),
            ("it covers more", reach(2), now(HOUR)),
            ("it covers what it knows", reach(1), now(HOUR)),
            ("it covers more, at its end", reach(2), now(2 * HOUR)),
            ("all was looked at, one is there", LockCommand::Look { grants: &active }, now(HOUR)),
            ("all was looked at, all is gone", LockCommand::Look { grants: &gone }, now(HOUR)),
            ("nothing was looked at", LockCommand::Look { grants: &[] }, now(HOUR)),
            ("time passes", LockCommand::Tick, now(2 * HOUR - 1)),
            ("its time is over", LockCommand::Tick, now(2 * HOUR)),
            ("its time is over, the clock is suspect", LockCommand::Tick, Now::suspect(at(2 * HOUR))),
        ];
        for (what, command, when) in commands {
            writeln!(table, "    {what:<40} {}", in_short(&decide_lock(&lock, command, when))).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_lock_that_would_do_nothing_is_not_set() {
    let over = set_lock(locking(Lasts::Until(at(MINUTE))), now(MINUTE));
    assert_eq!(over, Err(Undecided::Refused(Refusal::LockTimeOver { until: at(MINUTE) })));
    let nothing = Locking { accesses: Vec::new(), ..locking(Lasts::ForTheMoment) };
    assert_eq!(set_lock(nothing, now(0)), Err(Undecided::Refused(Refusal::NothingToRevoke)));
}

#[test]
fn a_clock_that_jumped_ahead_ends_no_lock() {
    let lock = lock(Lasts::Until(at(2 * HOUR)));
    assert!(lock.is_in_force(Now::suspect(at(9 * HOUR))) && !lock.is_in_force(now(9 * HOUR)));
}

#[test]
fn whoever_leaves_a_group_stays_covered_and_whoever_joins_it_is() {
    let acme = lock(Lasts::UntilLifted);
    let today = BTreeSet::from([person("hugo")]);
    for (who, covered) in [("maya", true), ("hugo", true), ("bob", false)] {
        let ids = [person(who)];
        assert_eq!(acme.scope.covers(&acme.members, &ids, &[], Some(&today)), covered, "{who}");
        assert_eq!(acme.is_on(&ids, Some(&today)), covered, "{who}");
    }
    // Where the files do not say any more who is in it, whoever was in it is.
    assert!(acme.is_on(&[person("maya")], None) && !acme.is_on(&[person("hugo")], None));
    // A lock on a thing is on nobody, so that those whom it covers may lift it.
    let orders = Scope::Resource("prod/orders".parse().unwrap());
    assert!(orders.covers(&BTreeSet::new(), &[], &["prod/orders".parse().unwrap()], None));
    assert!(!orders.covers(&BTreeSet::new(), &[person("maya")], &["shop/repo".parse().unwrap()], None));
}

#[test]
fn what_a_lock_has_begun_does_not_depend_on_it() {
    let before = lock(Lasts::UntilLifted);
    assert_eq!(before.cause(), EndCause::Locked(before.id, person("priya")));
    assert_eq!(lock(Lasts::ForTheMoment).cause(), EndCause::RevokedBy(person("priya")));
    let lifted = decide_lock(&before, lift("carol", &[], None), now(HOUR)).unwrap().remove(0);
    let after = apply::lock(&before, &lifted).unwrap();
    assert!(!after.stands());
    assert_eq!((after.cause(), after.accesses.clone()), (before.cause(), before.accesses.clone()));
    // What it has to take back is looked after until it is gone.
    let gone: Vec<Grant> = grant_states()
        .into_iter()
        .filter(|(name, _)| *name == "ended")
        .map(|(_, state)| Grant { state, ..grant(1, 1) })
        .collect();
    let cleared = decide_lock(&after, LockCommand::Look { grants: &gone }, now(2 * HOUR)).unwrap().remove(0);
    assert_eq!(apply::lock(&after, &cleared).unwrap().cleared_at, Some(at(2 * HOUR)));
    assert!(apply::lock(&after, &lifted).is_err(), "what is over is not lifted again");
}

/// Nobody has anything as long as one is there, whatever state it is in.
#[test]
fn a_lock_is_cleared_only_when_nothing_of_it_is_left() {
    let lock = lock(Lasts::UntilLifted);
    for (name, state) in grant_states() {
        let grant = Grant { state, ..grant(1, 1) };
        let cleared = decide_lock(&lock, LockCommand::Look { grants: std::slice::from_ref(&grant) }, now(HOUR)).unwrap();
        assert_eq!(cleared.len(), usize::from(grant.gives_no_more()), "{name}");
    }
}
