//! Every state against every command, as one reviewed table. A rule that changes shows up here.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use daypass::access::decide::{HoldingCommand, NoteRule, Reassessment, RequestCommand, Withdrawer, decide_request};
use daypass::access::entitlement::{Class, NativeExpiry, Prior, Seen, Target};
use daypass::access::grant::{
    CallResult, EndCause, Ended, FailCause, GrantState, Proof, Recheck, Remains, Revoking, VoidCause, Warning,
};
use daypass::access::ids::GrantId;
use daypass::access::request::{Request, RequestState, Step, TermsHash};
use daypass::access::time::Now;
use daypass::access::words::Words;

use super::things::{HOUR, MINUTE, Story, at, grant, in_short, level, now, person, request, trouble};

fn grant_states() -> Vec<(&'static str, GrantState)> {
    let revoking = |remains| {
        GrantState::Revoking(Revoking {
            since: at(0),
            due_at: at(0),
            active_at: Some(at(0)),
            cause: EndCause::HandedBack,
            remains,
            alarms: 0,
        })
    };
    let failed = |recheck| GrantState::Failed { at: at(0), why: FailCause::NotThere, recheck };
    let ended = Ended { at: at(0), due_at: at(0), active_at: Some(at(0)), cause: EndCause::TimeOver, proof: Proof::ReadBack };
    vec![
        ("planned", GrantState::Planned),
        ("checking", GrantState::Checking { since: at(0) }),
        ("provisioning", GrantState::Provisioning { since: at(0), result: CallResult::Known }),
        ("provisioning (unknown)", GrantState::Provisioning { since: at(0), result: CallResult::Unknown { absent_reads: 1 } }),
        ("awaiting_user", GrantState::AwaitingUser { since: at(0) }),
        ("active", GrantState::Active { active_at: at(0), ends_at: at(2 * HOUR), warning: Warning::Owed }),
        ("active (warned)", GrantState::Active { active_at: at(0), ends_at: at(2 * HOUR), warning: Warning::Given }),
        ("revoking", revoking(Remains::Access)),
        ("revoking (cut)", revoking(Remains::Remnant("an empty role".to_owned()))),
        ("void", GrantState::Void { at: at(0), why: VoidCause::Lapsed }),
        ("failed (watched)", failed(Recheck::At(at(3 * HOUR)))),
        ("failed (look owed)", failed(Recheck::Owed)),
        ("failed", failed(Recheck::Done)),
        ("ended", GrantState::Ended(ended)),
    ]
}

fn holding_commands() -> Vec<(&'static str, HoldingCommand, Now)> {
    let id = GrantId::from_number(1);
    let end = |cause| HoldingCommand::End { grant: id, cause };
    vec![
        ("a minute passes", HoldingCommand::Tick, now(MINUTE)),
        ("a minute passes, the clock is suspect", HoldingCommand::Tick, Now::suspect(at(MINUTE))),
        ("it may begin", HoldingCommand::Begin, now(MINUTE)),
        ("it may begin, the clock is suspect", HoldingCommand::Begin, Now::suspect(at(MINUTE))),
        ("start_by passes", HoldingCommand::Tick, now(HOUR)),
        ("its end passes", HoldingCommand::Tick, now(2 * HOUR)),
        ("latest_end passes", HoldingCommand::Tick, now(3 * HOUR)),
        ("a look is due", HoldingCommand::Look, now(MINUTE)),
        ("handed back", end(EndCause::HandedBack), now(MINUTE)),
        ("the person is deactivated", end(EndCause::PersonDeactivated), now(MINUTE)),
        ("more time", HoldingCommand::Extend { grant: id, request: request().id, to: at(4 * HOUR) }, now(MINUTE)),
        ("less time", HoldingCommand::LowerEnd { grant: id, to: at(HOUR), why: "the contract".to_owned() }, now(MINUTE)),
        ("attested", HoldingCommand::Attest { grant: id, by: person("priya"), why: Words::typed("looked") }, now(MINUTE)),
        ("a call starts", HoldingCommand::StartCall { timeout: Duration::from_secs(30) }, now(MINUTE)),
    ]
}

#[test]
fn every_grant_state_against_every_command() {
    let mut table = String::new();
    for (name, state) in grant_states() {
        writeln!(table, "{name}").unwrap();
        for (what, command, when) in holding_commands() {
            let mut story =
                Story::of(NativeExpiry::None, vec![daypass::access::grant::Grant { state: state.clone(), ..grant(1, 1) }]);
            let unread = matches!(state, GrantState::Planned | GrantState::Checking { .. } | GrantState::Void { .. });
            if !unread {
                story.holding.entitlement.prior = Prior::Absent;
            }
            if story.holding.grants.iter().any(daypass::access::grant::Grant::is_live) {
                story.holding.entitlement.target = Target::Present { level: level(1), until: None };
            }
            writeln!(table, "    {what:<40} {}", in_short(&story.decide(command, when))).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_answer_while_it_is_given_and_while_it_is_taken() {
    use daypass::access::entitlement::Change::{AlreadySo, Failed, Made};
    let there = || Seen::Present { level: level(1), until: None };
    let cases = [
        ("made, seen", Some(Made), Ok(there())),
        ("made, not seen", Some(Made), Ok(Seen::Absent)),
        ("made, unreadable", Some(Made), Err(trouble(Class::Transient))),
        ("was so already", Some(AlreadySo), Ok(there())),
        ("was gone already", Some(AlreadySo), Ok(Seen::Absent)),
        ("needs the person", Some(Made), Ok(Seen::AwaitingUser)),
        ("cut, a remnant is left", Some(Made), Ok(Seen::Cut { remnant: "an empty role".to_owned() })),
        ("busy, absent", Some(Failed(trouble(Class::Transient))), Ok(Seen::Absent)),
        ("refused, absent", Some(Failed(trouble(Class::Permanent))), Ok(Seen::Absent)),
        ("needs a human, absent", Some(Failed(trouble(Class::NeedsHuman))), Ok(Seen::Absent)),
        ("timed out, absent", Some(Failed(trouble(Class::Ambiguous))), Ok(Seen::Absent)),
        ("timed out, there", Some(Failed(trouble(Class::Ambiguous))), Ok(there())),
        ("timed out, unreadable", Some(Failed(trouble(Class::Ambiguous))), Err(trouble(Class::Transient))),
    ];
    let mut table = String::new();
    for (phase, taking) in [("giving", false), ("taking", true)] {
        writeln!(table, "{phase}").unwrap();
        for (what, change, read) in cases.clone() {
            let mut story = Story::of(NativeExpiry::None, vec![grant(1, 1)]);
            if taking {
                story
                    .is_given(1)
                    .does(HoldingCommand::End { grant: GrantId::from_number(1), cause: EndCause::HandedBack }, MINUTE);
            } else {
                story.ticks(0).calls(0).hears(None, Ok(Seen::Absent), 0);
            }
            story.calls(MINUTE);
            let before = story.told.len();
            story.hears(change, read, MINUTE);
            let told = story.told.split_off(before);
            writeln!(table, "    {what:<28} {} → {}", in_short(&Ok(told)), story.state(1).name()).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

fn request_states() -> Vec<RequestState> {
    vec![
        RequestState::Pending,
        RequestState::Approved { at: at(0), seats: Vec::new() },
        RequestState::Denied { at: at(0), by: person("carol"), reason: Words::typed("no") },
        RequestState::Cancelled { at: at(0), by: person("maya") },
        RequestState::Expired { at: at(0) },
        RequestState::Invalidated { at: at(0), why: "x".to_owned() },
        RequestState::Lapsed { at: at(0) },
    ]
}

fn request_commands() -> Vec<(&'static str, RequestCommand, Now)> {
    let voters = || vec![BTreeSet::from([person("carol"), person("dave")])];
    let approve = |by: &str, terms: u64| RequestCommand::Approve {
        by: person(by),
        terms: TermsHash(terms),
        electorate: voters(),
        note: Words::default(),
        note_rule: NoteRule::Optional,
        claims: Vec::new(),
    };
    let deny =
        |by: &str, reason: &str| RequestCommand::Deny { by: person(by), electorate: voters(), reason: Words::typed(reason) };
    let reassess = |verdict| RequestCommand::Reassess { verdict, electorate: voters() };
    let permitted = |by: &str, ends: i64| Reassessment::Permitted {
        steps: vec![Step { by: by.to_owned(), count: 1 }],
        ends_at_most: at(ends),
    };
    vec![
        ("carol approves", approve("carol", 7), now(MINUTE)),
        ("carol approves, the clock is suspect", approve("carol", 7), Now::suspect(at(MINUTE))),
        ("carol approves other terms", approve("carol", 8), now(MINUTE)),
        ("carol approves too late", approve("carol", 7), now(4 * HOUR)),
        ("maya approves her own", approve("maya", 7), now(MINUTE)),
        ("erin approves, who may not", approve("erin", 7), now(MINUTE)),
        ("carol denies", deny("carol", "not now"), now(MINUTE)),
        ("carol denies without a reason", deny("carol", " "), now(MINUTE)),
        ("maya denies her own", deny("maya", "no"), now(MINUTE)),
        ("maya withdraws", RequestCommand::Withdraw(Withdrawer::Own(person("maya"))), now(MINUTE)),
        ("dave withdraws, who may not", RequestCommand::Withdraw(Withdrawer::Own(person("dave"))), now(MINUTE)),
        ("priya withdraws as admin", RequestCommand::Withdraw(Withdrawer::Admin(person("priya"))), now(MINUTE)),
        ("the policy alone approves", RequestCommand::ApproveByPolicy { claims: Vec::new() }, now(MINUTE)),
        ("the policy asks for more", reassess(permitted("group/security", 24 * HOUR)), now(MINUTE)),
        ("the policy allows less time", reassess(permitted("group/dba", HOUR)), now(MINUTE)),
        (
            "the policy is loosened",
            reassess(Reassessment::Permitted { steps: Vec::new(), ends_at_most: at(99 * HOUR) }),
            now(MINUTE),
        ),
        ("the policy forbids", reassess(Reassessment::Forbidden { why: "no".to_owned() }), now(MINUTE)),
        ("answer_by passes", RequestCommand::Tick, now(4 * HOUR)),
        ("answer_by passes, the clock is suspect", RequestCommand::Tick, Now::suspect(at(4 * HOUR))),
    ]
}

#[test]
fn every_request_state_against_every_command() {
    let mut table = String::new();
    for state in request_states() {
        writeln!(table, "{}", state.name()).unwrap();
        let request = Request { state, ..request() };
        for (what, command, when) in request_commands() {
            writeln!(table, "    {what:<40} {}", in_short(&decide_request(&request, command, when))).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
