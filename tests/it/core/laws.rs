//! Laws of the core, each with the invariant or case that it stands for. What random histories show is in `simulation`.

use std::collections::BTreeSet;

use daypass::access::decide::{HoldingCommand, NoteRule, RequestCommand, ReviewCommand, decide_request, decide_review};
use daypass::access::electors::Electors;
use daypass::access::entitlement::{Answer, Change, Class, Errand, Mark, NativeExpiry, Observation, Prior, Seen, Target};
use daypass::access::event::Event;
use daypass::access::grant::{EndCause, GrantState, Proof};
use daypass::access::ids::{GrantId, PersonId, RequestId};
use daypass::access::queue::QueueChange;
use daypass::access::refusal::Refusal;
use daypass::access::request::{Request, Step, TermsHash};
use daypass::access::review::{Finding, Review};
use daypass::access::time::Now;
use daypass::access::words::Words;
use proptest::prelude::*;

use super::things::{HOUR, MINUTE, Story, at, grant, level, now, person, request, review, trouble};

fn g(id: i64) -> GrantId {
    GrantId::from_number(id)
}

fn end(id: i64) -> HoldingCommand {
    HoldingCommand::End { grant: g(id), cause: EndCause::HandedBack }
}

// I4
#[test]
fn what_the_person_held_before_is_left_in_place_and_nothing_is_sent() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    story.ticks(0).calls(0).hears(None, Ok(Seen::Present { level: level(1), until: None }), 0);
    assert!(
        matches!(story.state(1), GrantState::Ended(ended) if ended.cause == EndCause::HeldBefore && ended.proof == Proof::NothingSent)
    );
    assert!(
        !story
            .told
            .iter()
            .any(|event| matches!(event, Event::Queued { change: QueueChange::Owed { errand: Errand::Ensure, .. }, .. }))
    );
}

// I4
#[test]
fn a_lower_level_held_before_is_there_again_in_the_end() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 2)]);
    story.ticks(0).calls(0).hears(None, Ok(Seen::Present { level: level(1), until: None }), 0).calls(0);
    let seen = story.target_as_seen();
    story.hears(Some(Change::Made), Ok(seen), 0).does(end(1), MINUTE);
    assert_eq!(story.holding.entitlement.target, Target::Present { level: level(1), until: None });
}

// I4: the trap. After a crash the retry sees our own first call.
#[test]
fn what_our_own_call_left_is_never_taken_for_standing_access() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    story.ticks(0).calls(0).hears(None, Ok(Seen::Absent), 0).calls(0);
    story.does(HoldingCommand::AbandonCall, 1000).calls(1000);
    story.hears(None, Ok(Seen::Present { level: level(1), until: None }), 1000);
    assert_eq!(story.holding.entitlement.prior, Prior::Absent);
    assert_eq!(story.state(1).name(), "active");
}

// I5, E20
#[test]
fn what_another_grant_needs_stays_when_the_first_one_ends() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1), grant(2, 1)]);
    story.is_given(1).does(end(1), MINUTE).calls(MINUTE);
    story.hears(Some(Change::AlreadySo), Ok(Seen::Present { level: level(1), until: None }), MINUTE);
    assert!(matches!(story.state(1), GrantState::Ended(ended) if ended.proof == Proof::CoveredBy(g(2))));
    assert_eq!(story.state(2).name(), "active");
}

// E56
#[test]
fn a_second_grant_that_comes_while_the_first_is_removed_keeps_the_access_and_does_not_call_it_prior() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    story.is_given(1).does(end(1), MINUTE).calls(MINUTE);
    let removal = story.holding.entitlement.epoch;
    story.holding.grants.push(grant(2, 1));
    story.ticks(MINUTE);
    assert_eq!(story.state(2).name(), "provisioning", "the prior is known: nothing is read again");
    story.hears_of(removal, Some(Change::Made), Ok(Seen::Absent), MINUTE + 1);
    assert_eq!(story.state(1).name(), "revoking", "the answer was to a question that is no longer asked");
    story.calls(MINUTE + 1).hears(Some(Change::Made), Ok(Seen::Present { level: level(1), until: None }), MINUTE + 1);
    assert_eq!((story.state(1).name(), story.state(2).name()), ("ended", "active"));
    assert_eq!(story.holding.entitlement.prior, Prior::Absent);
}

#[test]
fn a_late_answer_does_not_close_a_revocation() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    story.is_given(1).does(HoldingCommand::Look, MINUTE).calls(MINUTE);
    let look = story.holding.entitlement.epoch;
    story.does(end(1), MINUTE + 1).ticks(2 * MINUTE).calls(2 * MINUTE);
    story.hears_of(look, None, Ok(Seen::Absent), 2 * MINUTE);
    assert_eq!(story.state(1).name(), "revoking");
}

// I13
#[test]
fn absence_is_not_believed_while_a_call_of_ours_may_still_land() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    story.ticks(0).calls(0).hears(None, Ok(Seen::Absent), 0).calls(0);
    story.does(end(1), 1000).hears(Some(Change::Failed(trouble(Class::Ambiguous))), Err(trouble(Class::Transient)), 2000);
    let quiet_at = story.holding.entitlement.quiet_at;
    assert!(quiet_at > at(30_000), "the call's own time, and the provider's, must pass: {quiet_at:?}");
    story.calls(3000).hears(Some(Change::AlreadySo), Ok(Seen::Absent), 3000);
    assert_eq!(story.state(1).name(), "revoking");
    let later = quiet_at.as_millis();
    story.calls(later).hears(None, Ok(Seen::Absent), later);
    assert_eq!(story.state(1).name(), "ended");
}

// I13, E54
#[test]
fn absence_at_another_server_is_not_an_end() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    story.is_given(1).does(end(1), MINUTE).calls(MINUTE);
    let elsewhere = Observation { fingerprint: "elsewhere".to_owned(), seen: Seen::Absent, mark: Mark::Unmarked, at: at(MINUTE) };
    let epoch = story.holding.entitlement.epoch;
    let answer = Answer { epoch, change: Some(Change::AlreadySo), read: Ok(elsewhere), retry_at: None };
    story.does(HoldingCommand::Answer(answer), MINUTE);
    assert_eq!(story.state(1).name(), "revoking");
    assert!(story.told.iter().any(|event| matches!(event, Event::ProviderMoved { .. })));
    assert_eq!(story.owes(), Some(Errand::Ensure));
}

// I10, E31, E53
#[test]
fn a_clock_that_jumped_ahead_ends_early_and_gives_nothing_new() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    story.is_given(1);
    let events = story.decide(HoldingCommand::Tick, Now::suspect(at(3 * HOUR))).unwrap();
    story.take(events);
    assert_eq!(story.state(1).name(), "revoking");
    story.ticks(MINUTE);
    assert_eq!(story.state(1).name(), "revoking", "once seen, an end stays seen");

    let planned = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    assert_eq!(planned.decide(HoldingCommand::Begin, Now::suspect(at(MINUTE))).unwrap(), Vec::new());
}

#[test]
fn time_alone_lets_nothing_begin() {
    let planned = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    assert_eq!(planned.decide(HoldingCommand::Tick, now(MINUTE)).unwrap(), Vec::new(), "nobody has asked today's rules");
    assert!(!planned.decide(HoldingCommand::Begin, now(MINUTE)).unwrap().is_empty());
}

// I9, E60
#[test]
fn an_end_moves_only_after_the_providers_own_end_has_moved() {
    let mut story = Story::of(NativeExpiry::Exact, vec![grant(1, 1)]);
    story.is_given(1);
    assert_eq!(story.until(), Some(at(3 * HOUR)), "the backstop is the latest end");
    story.does(HoldingCommand::Extend { grant: g(1), request: RequestId::from_number(9), to: at(5 * HOUR) }, MINUTE);
    let ends_at = |story: &Story| match story.state(1) {
        GrantState::Active { ends_at, .. } => *ends_at,
        other => panic!("{other:?}"),
    };
    assert_eq!(ends_at(&story), at(2 * HOUR));

    let mut down = story.clone();
    down.calls(MINUTE)
        .hears(Some(Change::Failed(trouble(Class::Transient))), Err(trouble(Class::Transient)), MINUTE)
        .ticks(2 * HOUR);
    assert_eq!(down.state(1).name(), "revoking", "the provider was down: it ends on time");

    story.calls(MINUTE).hears(Some(Change::Made), Ok(Seen::Present { level: level(1), until: Some(at(5 * HOUR)) }), MINUTE);
    assert_eq!(ends_at(&story), at(5 * HOUR));
}

// E2
#[test]
fn a_call_of_unknown_fate_is_looked_after_until_it_is_known() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    story.ticks(0).calls(0).hears(None, Ok(Seen::Absent), 0).calls(0);
    story.hears(Some(Change::Failed(trouble(Class::Ambiguous))), Err(trouble(Class::Transient)), 1000);
    assert_eq!(story.owes(), Some(Errand::Observe), "it is looked at, not tried again");
    let mut there = story.clone();
    there.calls(10_000).hears(None, Ok(Seen::Present { level: level(1), until: None }), 10_000);
    assert_eq!(there.state(1).name(), "active");

    story.calls(60_000).hears(None, Ok(Seen::Absent), 60_000);
    assert_eq!(story.state(1).name(), "provisioning", "absent once proves nothing");
    story.calls(120_000).hears(None, Ok(Seen::Absent), 120_000);
    assert_eq!(story.state(1).name(), "failed");
}

// E55
#[test]
fn a_call_that_lands_after_it_was_given_up_is_found_at_the_latest_end_and_removed() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    story.ticks(0).calls(0).hears(None, Ok(Seen::Absent), 0).calls(0);
    story.hears(Some(Change::Failed(trouble(Class::Permanent))), Ok(Seen::Absent), 1000);
    assert_eq!(story.state(1).name(), "failed");
    story.calls(2000).hears(Some(Change::AlreadySo), Ok(Seen::Absent), 2000);
    story.ticks(3 * HOUR).calls(3 * HOUR).hears(None, Ok(Seen::Present { level: level(1), until: None }), 3 * HOUR);
    assert!(matches!(story.state(1), GrantState::Revoking(revoking) if revoking.cause == EndCause::LandedLate));
    assert_eq!(story.owes(), Some(Errand::Ensure));
}

// E23
#[test]
fn what_somebody_else_removed_is_not_given_again() {
    let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
    story.is_given(1).does(HoldingCommand::Look, MINUTE).calls(MINUTE).hears(None, Ok(Seen::Absent), MINUTE);
    assert!(matches!(story.state(1), GrantState::Revoking(revoking) if revoking.cause == EndCause::RemovedOutside));
    story.calls(MINUTE).hears(Some(Change::AlreadySo), Ok(Seen::Absent), MINUTE);
    assert!(matches!(story.state(1), GrantState::Ended(ended) if ended.cause == EndCause::RemovedOutside));
}

fn approve(request: &Request, by: &PersonId, electorate: &BTreeSet<PersonId>) -> Result<Vec<Event>, Refusal> {
    let command = RequestCommand::Approve {
        by: by.clone(),
        terms: TermsHash(7),
        electorate: vec![electorate.clone().into(); request.steps.len()],
        note: Words::default(),
        note_rule: NoteRule::Optional,
        claims: Vec::new(),
    };
    decide_request(request, command, now(MINUTE)).map_err(|undecided| match undecided {
        daypass::access::decide::Undecided::Refused(refusal) => refusal,
        daypass::access::decide::Undecided::Illegal(illegal) => panic!("{illegal}"),
    })
}

proptest! {
    // I7, I16
    #[test]
    fn nobody_approves_for_themselves_and_every_seat_has_its_own_person(
        counts in prop::collection::vec(1u32..3, 1..3),
        voters in prop::collection::btree_set(0usize..5, 0..5),
        filed_by in 0usize..5,
        clicks in prop::collection::vec(0usize..5, 0..12),
    ) {
        let name = |n: &usize| person(&format!("p{n}"));
        let voters: BTreeSet<PersonId> = voters.iter().map(name).collect();
        let mut pending = Request {
            steps: counts.iter().enumerate().map(|(i, count)| Step { by: format!("group/{i}"), count: *count }).collect(),
            filed_by: name(&filed_by),
            ..request()
        };
        pending.terms.subject = name(&0);
        for click in &clicks {
            let by = name(click);
            let before = pending.clone();
            match approve(&pending, &by, &voters) {
                Err(_) => {}
                Ok(events) => {
                    prop_assert!(by != pending.terms.subject && by != pending.filed_by && voters.contains(&by));
                    for event in &events {
                        pending = daypass::access::apply::request(&pending, event).unwrap();
                        if let Event::RequestApproved { seats, .. } = event {
                            let people: BTreeSet<&PersonId> = seats.iter().map(|seat| &seat.person).collect();
                            prop_assert_eq!(people.len(), counts.iter().sum::<u32>() as usize);
                        }
                    }
                }
            }
            if !pending.state.is_pending() {
                break;
            }
            prop_assert!(pending.approvals.len() >= before.approvals.len());
        }
    }

    // I7, I16
    #[test]
    fn whoever_stands_in_brings_no_seat_beside_that_of_whom_they_stand_in_for(
        count in 1u32..4,
        voters in prop::collection::btree_set(0usize..5, 1..5),
        stand_ins in prop::collection::btree_map(0usize..5, 5usize..8, 0..4),
        clicks in prop::collection::vec(0usize..8, 0..14),
    ) {
        let name = |n: &usize| person(&format!("p{n}"));
        let own: BTreeSet<PersonId> = voters.iter().filter(|n| **n != 0).map(name).collect();
        let mut electors = Electors::from(own.clone());
        for (of, stand_in) in stand_ins.iter().filter(|(of, _)| voters.contains(of) && **of != 0) {
            electors.insert_in_place_of(name(stand_in), name(of));
        }
        let mut pending = Request { steps: vec![Step { by: "group/0".to_owned(), count }], ..request() };
        pending.terms.subject = name(&0);
        pending.filed_by = name(&5);
        for click in &clicks {
            let by = name(click);
            let command = RequestCommand::Approve {
                by: by.clone(),
                terms: TermsHash(7),
                electorate: vec![electors.clone()],
                note: Words::default(),
                note_rule: NoteRule::Optional,
                claims: Vec::new(),
            };
            let Ok(events) = decide_request(&pending, command, now(MINUTE)) else { continue };
            prop_assert!(by != pending.terms.subject && by != pending.filed_by);
            for event in &events {
                pending = daypass::access::apply::request(&pending, event).unwrap();
                if let Event::RequestApproved { seats, .. } = event {
                    let rights: BTreeSet<&PersonId> = seats.iter().map(|seat| seat.in_place_of.as_ref().unwrap_or(&seat.person)).collect();
                    let people: BTreeSet<&PersonId> = seats.iter().map(|seat| &seat.person).collect();
                    prop_assert!(people.len() == count as usize && rights.len() == count as usize, "{:?}", seats);
                    prop_assert!(rights.iter().all(|right| own.contains(right)));
                }
            }
            if !pending.state.is_pending() {
                break;
            }
        }
    }

    // I16, E46
    #[test]
    fn a_review_is_closed_once_by_somebody_else_who_may_and_never_by_itself(
        voters in prop::collection::btree_set(0usize..5, 0..5),
        filed_by in 0usize..5,
        moves in prop::collection::vec((0usize..8, 0i64..80, any::<bool>()), 0..20),
    ) {
        let name = |n: &usize| person(&format!("p{n}"));
        let voters: BTreeSet<PersonId> = voters.iter().map(name).collect();
        let mut open = Review { subject: name(&0), filed_by: name(&filed_by), ..review() };
        let mut hours = 0;
        for (who, later, has_note) in moves {
            hours += later;
            let at = now(hours * HOUR);
            let (before, by) = (open.clone(), name(&who));
            let is_tick = who >= 5;
            let command = if is_tick {
                ReviewCommand::Tick
            } else {
                let note = Words::typed(if has_note { "looked at it" } else { " " });
                ReviewCommand::Close { by: by.clone(), electorate: vec![voters.clone().into()], finding: Finding::Justified, note }
            };
            let Ok(events) = decide_review(&open, command, at) else { continue };
            for event in &events {
                open = daypass::access::apply::review(&open, event).unwrap();
            }
            prop_assert!(open.alarms >= before.alarms);
            if is_tick {
                prop_assert_eq!(&open.state, &before.state, "time closes nothing");
                prop_assert!(!open.is_open() || open.alarms >= open.alarms_due(at.at), "whoever is late is told");
            } else {
                prop_assert!(before.is_open() && !open.is_open() && has_note);
                prop_assert!(by != open.subject && by != open.filed_by && voters.contains(&by));
            }
        }
    }

    // I9
    #[test]
    fn no_end_is_later_than_what_was_agreed(start in 0i64..60, asked in 1i64..600, bound in 1i64..2000, active in 0i64..120) {
        let mut one = grant(1, 1);
        one.access_for = daypass::access::time::Ttl::from_minutes(asked).unwrap();
        one.start_at = at(start * MINUTE);
        one.start_by = at((start + 60) * MINUTE);
        one.latest_end = at(((start + 60 + asked).min(bound)) * MINUTE);
        let latest = one.latest_end;
        let mut story = Story::of(NativeExpiry::None, vec![one]);
        story.ticks(start * MINUTE);
        if story.holding.entitlement.due.is_some() {
            story.calls(start * MINUTE).hears(None, Ok(Seen::Absent), start * MINUTE);
            let when = (start + active) * MINUTE;
            story.ticks(when);
            if story.state(1).name() == "provisioning" {
                story.calls(when).hears(Some(Change::Made), Ok(Seen::Present { level: level(1), until: None }), when);
            }
        }
        if let GrantState::Active { active_at, ends_at, .. } = story.state(1) {
            prop_assert!(*ends_at <= latest);
            prop_assert!(*ends_at <= active_at.plus(daypass::access::time::Ttl::from_minutes(asked).unwrap()));
        }
    }
}
