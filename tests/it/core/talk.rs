//! Laws of what people say about a request beside yes and no, and of a yes to less time.

use std::collections::BTreeSet;

use daypass::access::apply;
use daypass::access::decide::{
    NoteRule, RequestCommand, ShorterApproval, TalkCommand, Undecided, could_take_over, decide_request, may_decide,
};
use daypass::access::electors::Electors;
use daypass::access::event::Event;
use daypass::access::refusal::Refusal;
use daypass::access::request::{Request, RequestState, Step, TermsHash};
use daypass::access::talk::{PASSED_MAX, QUESTIONS_MAX, Talk};
use daypass::access::time::Ttl;
use daypass::access::words::Words;
use proptest::prelude::*;

use super::things::{MINUTE, now, person, request};

fn dba() -> Electors {
    Electors::from([person("carol"), person("dave")])
}

fn does(request: &Request, command: RequestCommand) -> Result<Request, Refusal> {
    let events = decide_request(request, command, now(MINUTE)).map_err(|undecided| match undecided {
        Undecided::Refused(refusal) => refusal,
        Undecided::Illegal(illegal) => panic!("{illegal}"),
    })?;
    let changed = events.iter().filter(|event| event.about() == daypass::access::event::About::Request(request.id));
    Ok(changed.fold(request.clone(), |row, event| apply::request(&row, event).unwrap()))
}

fn asks(by: &str, words: &str) -> RequestCommand {
    RequestCommand::Talk(TalkCommand::Ask { by: person(by), electorate: vec![dba()], question: Words::typed(words) })
}

fn answers(by: &str, number: u32) -> RequestCommand {
    RequestCommand::Talk(TalkCommand::Answer { by: person(by), number, answer: Words::typed("a slow checkout") })
}

fn passes_on(by: &str, to: &str, voters: &Electors) -> RequestCommand {
    RequestCommand::Talk(TalkCommand::PassOn { by: person(by), to: person(to), electorate: vec![voters.clone()] })
}

fn approves_less(by: &str, terms: TermsHash, minutes: i64) -> RequestCommand {
    RequestCommand::ApproveShorter(ShorterApproval {
        by: person(by),
        terms,
        electorate: vec![dba(), Electors::from([person("erin")])],
        note: Words::default(),
        note_rule: NoteRule::Optional,
        claims: Vec::new(),
        access_for: Ttl::from_minutes(minutes).unwrap(),
        shorter_terms: TermsHash(100 + u64::try_from(minutes).unwrap()),
    })
}

fn approves(by: &str, terms: TermsHash) -> RequestCommand {
    RequestCommand::Approve {
        by: person(by),
        terms,
        electorate: vec![dba(), Electors::from([person("erin")])],
        note: Words::default(),
        note_rule: NoteRule::Optional,
        claims: Vec::new(),
    }
}

/// Somebody of each of two groups has to agree.
fn of_two_steps() -> Request {
    let step = |by: &str| Step { by: by.to_owned(), count: 1 };
    Request { steps: vec![step("group/dba"), step("group/security")], ..request() }
}

#[test]
fn a_question_is_answered_once_and_by_whoever_asked_for_the_access() {
    let asked = does(&request(), asks("carol", "which ticket?")).unwrap();
    assert_eq!(does(&asked, answers("dave", 1)), Err(Refusal::NotYoursToAnswer));
    assert_eq!(does(&asked, answers("maya", 2)), Err(Refusal::NoSuchQuestion { request: asked.id }));
    assert_eq!(does(&asked, answers("maya", 0)), Err(Refusal::NoSuchQuestion { request: asked.id }));
    let answered = does(&asked, answers("maya", 1)).unwrap();
    assert!(matches!(does(&answered, answers("maya", 1)), Err(Refusal::AnsweredAlready { by, .. }) if by == person("maya")));
    assert_eq!(answered.talk.question(1).unwrap().answer.as_ref().unwrap().answer.as_typed(), "a slow checkout");
}

#[test]
fn questions_and_cards_that_are_passed_on_have_an_end() {
    let mut pending = request();
    for _ in 0..QUESTIONS_MAX {
        pending = does(&pending, asks("carol", "and?")).unwrap();
    }
    assert_eq!(does(&pending, asks("dave", "and?")), Err(Refusal::TooManyQuestions { limit: QUESTIONS_MAX as u32 }));
    let crowd: Electors = (0..20).map(|number| person(&format!("p{number}"))).collect();
    for number in 1..=PASSED_MAX {
        pending = does(&pending, passes_on("p0", &format!("p{number}"), &crowd)).unwrap();
    }
    let again = does(&pending, passes_on("p0", "p1", &crowd));
    assert_eq!(again, Err(Refusal::PassedAlready { person: person("p1") }));
    assert_eq!(does(&pending, passes_on("p0", "p19", &crowd)), Err(Refusal::PassedTooOften { limit: PASSED_MAX as u32 }));
}

// I8
#[test]
fn a_card_is_passed_on_within_a_step_and_gives_nobody_a_right() {
    let electorate = [dba(), Electors::from([person("erin"), person("frank")])];
    let takers = |by: &str| could_take_over(&of_two_steps(), &person(by), &electorate);
    assert_eq!(takers("carol"), BTreeSet::from([person("dave")]));
    assert_eq!(takers("erin"), BTreeSet::from([person("frank")]));
    assert_eq!(takers("bob"), BTreeSet::new());
    let passed = does(&request(), passes_on("carol", "dave", &dba())).unwrap();
    assert_eq!(passed.talk.passed_to(&person("dave")).unwrap().by, person("carol"));
    // Dave has left the group since.
    let now_only = [Electors::from([person("carol")])];
    assert_eq!(may_decide(&passed, &person("dave"), &now_only, now(MINUTE)), Err(Refusal::NotAnApprover));
}

#[test]
fn what_is_said_decides_nothing_and_stops_no_clock() {
    let before = request();
    let asked = does(&before, asks("carol", "which ticket?")).unwrap();
    let answered = does(&asked, answers("maya", 1)).unwrap();
    let passed = does(&answered, passes_on("carol", "dave", &dba())).unwrap();
    assert_eq!(Request { version: before.version, talk: Talk::default(), ..passed }, before);
}

// E59
#[test]
fn who_agreed_to_more_has_agreed_to_less_and_an_older_card_is_of_other_terms() {
    let first = does(&of_two_steps(), approves("erin", TermsHash(7))).unwrap();
    let less = does(&first, approves_less("carol", TermsHash(7), 30)).unwrap();
    assert!(matches!(&less.state, RequestState::Approved { seats, .. } if seats.len() == 2), "{:?}", less.state);
    assert_eq!(less.terms.access_for, Ttl::from_minutes(30).unwrap());

    let less = does(&of_two_steps(), approves_less("carol", TermsHash(7), 30)).unwrap();
    assert!(less.state.is_pending());
    assert_eq!(does(&less, approves("erin", TermsHash(7))), Err(Refusal::TermsChanged));
    let even_less = does(&less, approves_less("erin", less.terms_hash, 15)).unwrap();
    assert!(!even_less.state.is_pending());
    assert_eq!(even_less.talk.shortened.len(), 2);
}

proptest! {
    // I8: a pending request is tightened, never loosened.
    #[test]
    fn less_is_less_and_nothing_else_of_the_terms_changes(minutes in 1i64..600) {
        let before = of_two_steps();
        let after = does(&before, approves_less("carol", TermsHash(7), minutes));
        let asked = before.terms.access_for;
        let length = Ttl::from_minutes(minutes).unwrap();
        match after {
            Ok(after) => {
                prop_assert!(length < asked);
                prop_assert_eq!(after.terms.access_for, length);
                prop_assert!(after.terms_hash != before.terms_hash);
                prop_assert!(after.ends_at_most <= before.ends_at_most);
                let mut terms = after.terms.clone();
                terms.access_for = asked;
                prop_assert_eq!(terms, before.terms);
            }
            Err(refusal) => {
                prop_assert!(length >= asked);
                prop_assert_eq!(refusal, Refusal::NotShorter { than: asked });
            }
        }
    }
}

#[test]
fn whatever_somebody_typed_is_emptied_and_that_they_did_stays() {
    let asked = does(&request(), asks("carol", "which ticket?")).unwrap();
    let answered = does(&asked, answers("maya", 1)).unwrap();
    for (of, question, answer) in [("carol", "", "a slow checkout"), ("maya", "which ticket?", "")] {
        let event = Event::WordsErased { request: answered.id, of: person(of) };
        let erased = apply::request(&answered, &event).unwrap();
        let kept = erased.talk.question(1).unwrap();
        assert_eq!((kept.question.as_typed(), kept.answer.as_ref().unwrap().answer.as_typed()), (question, answer));
        assert_eq!(kept.by, person("carol"));
    }
}
