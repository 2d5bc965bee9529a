//! Every state against every command, as one reviewed table. A rule that changes shows up here.

use std::fmt::Write as _;
use std::time::Duration;

use daypass::access::decide::{
    HoldingCommand, NoteRule, Reassessment, RequestCommand, ReviewCommand, ShorterApproval, TalkCommand, Withdrawer,
    decide_request, decide_review,
};
use daypass::access::electors::Electors;
use daypass::access::entitlement::{Class, NativeExpiry, Prior, Seen, Target};
use daypass::access::grant::{
    CallResult, EndCause, Ended, FailCause, GrantState, Proof, Recheck, Remains, Revoking, VoidCause, Warning,
};
use daypass::access::ids::{GrantId, LockId};
use daypass::access::remind::{Also, Page, Remind, Reminding};
use daypass::access::request::{Mode, Part, Request, RequestState, Step, TermsHash};
use daypass::access::review::{Finding, Review, ReviewState};
use daypass::access::time::{Now, Ttl};
use daypass::access::words::Words;

use super::things::{HOUR, MINUTE, Story, at, grant, in_short, level, now, person, request, review, review_rule, trouble};

pub fn grant_states() -> Vec<(&'static str, GrantState)> {
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
        ("somebody wants it looked at again", HoldingCommand::LookAgain, now(MINUTE)),
        ("handed back", end(EndCause::HandedBack), now(MINUTE)),
        ("the person is deactivated", end(EndCause::PersonDeactivated), now(MINUTE)),
        ("locked", end(EndCause::Locked(LockId::from_number(1), person("priya"))), now(MINUTE)),
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

/// How far reminding can have gone while a request is pending.
fn reminded() -> Vec<(&'static str, Reminding)> {
    let page = Page { provider: "pager".parse().unwrap(), service: "orders".to_owned() };
    let rule = Remind {
        after: Ttl::from_minutes(15).unwrap(),
        then_ask: Some("group/security".to_owned()),
        after_that: Some(Ttl::from_minutes(30).unwrap()),
        page: Some(page),
    };
    let by_rule = Reminding::by_rule(Some(rule));
    let also = Also::Asked { by: "group/security".to_owned(), since: at(15 * MINUTE) };
    let once = Reminding { first_at: Some(at(15 * MINUTE)), also, ..by_rule.clone() };
    let long_ago = Reminding { first_at: Some(at(-HOUR)), ..once.clone() };
    let twice = Reminding { second_at: Some(at(-HOUR)), ..long_ago.clone() };
    vec![("reminded by rule", by_rule), ("reminded once", once), ("reminded long ago", long_ago), ("reminded twice", twice)]
}

fn request_states() -> Vec<RequestState> {
    vec![
        RequestState::Pending,
        RequestState::Approved { at: at(0), seats: Vec::new() },
        RequestState::Denied { at: at(0), by: person("carol"), in_place_of: None, reason: Words::typed("no") },
        RequestState::Cancelled { at: at(0), by: person("maya") },
        RequestState::Expired { at: at(0) },
        RequestState::Invalidated { at: at(0), why: "x".to_owned() },
        RequestState::Lapsed { at: at(0) },
    ]
}

fn request_commands() -> Vec<(&'static str, RequestCommand, Now)> {
    let voters = || vec![Electors::from([person("carol"), person("dave")])];
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
        then_ask: Some("group/security".to_owned()),
    };
    let mut all = vec![
        ("carol approves", approve("carol", 7), now(MINUTE)),
        ("carol approves, the clock is suspect", approve("carol", 7), Now::suspect(at(MINUTE))),
        ("carol approves other terms", approve("carol", 8), now(MINUTE)),
        ("carol approves too late", approve("carol", 7), now(4 * HOUR)),
        ("maya approves her own", approve("maya", 7), now(MINUTE)),
        ("erin approves, who may not", approve("erin", 7), now(MINUTE)),
    ];
    all.extend(beside_yes_and_no());
    all.extend([
        ("carol denies", deny("carol", "not now"), now(MINUTE)),
        ("carol denies without a reason", deny("carol", " "), now(MINUTE)),
        ("maya denies her own", deny("maya", "no"), now(MINUTE)),
        ("maya withdraws", RequestCommand::Withdraw(Withdrawer::Own(person("maya"))), now(MINUTE)),
        ("dave withdraws, who may not", RequestCommand::Withdraw(Withdrawer::Own(person("dave"))), now(MINUTE)),
        ("priya withdraws as admin", RequestCommand::Withdraw(Withdrawer::Admin(person("priya"))), now(MINUTE)),
        ("the policy alone approves", RequestCommand::ApproveByPolicy { claims: Vec::new() }, now(MINUTE)),
        ("the glass is broken", RequestCommand::BreakGlass { claims: Vec::new(), review: review_rule() }, now(MINUTE)),
        ("the policy asks for more", reassess(permitted("group/security", 24 * HOUR)), now(MINUTE)),
        ("the policy allows less time", reassess(permitted("group/dba", HOUR)), now(MINUTE)),
        (
            "the policy is loosened",
            reassess(Reassessment::Permitted {
                steps: Vec::new(),
                ends_at_most: at(99 * HOUR),
                then_ask: Some("group/everybody".to_owned()),
            }),
            now(MINUTE),
        ),
        ("the policy forbids", reassess(Reassessment::Forbidden { why: "no".to_owned() }), now(MINUTE)),
        ("its bundle is changed", change_parts(), now(MINUTE)),
        ("the first reminder is not due yet", RequestCommand::RemindByRule, now(14 * MINUTE)),
        ("the first reminder is due", RequestCommand::RemindByRule, now(15 * MINUTE)),
        ("it is due, the clock is suspect", RequestCommand::RemindByRule, Now::suspect(at(15 * MINUTE))),
        ("it is due after answer_by", RequestCommand::RemindByRule, now(4 * HOUR)),
        ("maya reminds people", RequestCommand::RemindByHand(person("maya")), now(16 * MINUTE)),
        ("maya reminds people too late", RequestCommand::RemindByHand(person("maya")), now(4 * HOUR)),
        ("dave reminds people, who may not", RequestCommand::RemindByHand(person("dave")), now(16 * MINUTE)),
        ("answer_by passes", RequestCommand::Tick, now(4 * HOUR)),
        ("answer_by passes, the clock is suspect", RequestCommand::Tick, Now::suspect(at(4 * HOUR))),
    ]);
    all
}

fn beside_yes_and_no() -> Vec<(&'static str, RequestCommand, Now)> {
    vec![
        ("carol approves half of it", shorter("carol", 7, 60), now(MINUTE)),
        ("carol approves all of it as less", shorter("carol", 7, 120), now(MINUTE)),
        ("carol approves half of other terms", shorter("carol", 8, 60), now(MINUTE)),
        ("carol approves half, the clock is suspect", shorter("carol", 7, 60), Now::suspect(at(MINUTE))),
        ("carol approves half of it too late", shorter("carol", 7, 60), now(4 * HOUR)),
        ("maya approves half of her own", shorter("maya", 7, 60), now(MINUTE)),
        ("erin approves half, who may not", shorter("erin", 7, 60), now(MINUTE)),
        ("carol asks something", question("carol", "why?"), now(MINUTE)),
        ("carol asks nothing", question("carol", " "), now(MINUTE)),
        ("carol asks too late", question("carol", "why?"), now(4 * HOUR)),
        ("carol asks, the clock is suspect", question("carol", "why?"), Now::suspect(at(MINUTE))),
        ("maya asks herself", question("maya", "why?"), now(MINUTE)),
        ("erin asks, who may not decide", question("erin", "why?"), now(MINUTE)),
        ("maya answers what nobody asked", answer("maya"), now(MINUTE)),
        ("dave answers for her", answer("dave"), now(MINUTE)),
        ("carol passes it on to dave", pass_on("carol", "dave"), now(MINUTE)),
        ("carol passes it on to dave too late", pass_on("carol", "dave"), now(4 * HOUR)),
        ("carol passes it on to erin, who may not", pass_on("carol", "erin"), now(MINUTE)),
        ("carol passes it on to herself", pass_on("carol", "carol"), now(MINUTE)),
        ("carol passes it on to maya", pass_on("carol", "maya"), now(MINUTE)),
        ("erin passes it on, who may not", pass_on("erin", "dave"), now(MINUTE)),
    ]
}

fn shorter(by: &str, terms: u64, minutes: i64) -> RequestCommand {
    RequestCommand::ApproveShorter(ShorterApproval {
        by: person(by),
        terms: TermsHash(terms),
        electorate: vec![Electors::from([person("carol"), person("dave")])],
        note: Words::default(),
        note_rule: NoteRule::Optional,
        claims: Vec::new(),
        access_for: Ttl::from_minutes(minutes).unwrap(),
        shorter_terms: TermsHash(9),
    })
}

fn question(by: &str, words: &str) -> RequestCommand {
    let electorate = vec![Electors::from([person("carol"), person("dave")])];
    RequestCommand::Talk(TalkCommand::Ask { by: person(by), electorate, question: Words::typed(words) })
}

fn answer(by: &str) -> RequestCommand {
    RequestCommand::Talk(TalkCommand::Answer { by: person(by), number: 1, answer: Words::typed("because") })
}

fn pass_on(by: &str, to: &str) -> RequestCommand {
    let electorate = vec![Electors::from([person("carol"), person("dave")])];
    RequestCommand::Talk(TalkCommand::PassOn { by: person(by), to: person(to), electorate })
}

fn change_parts() -> RequestCommand {
    let part = Part { resource: "prod/orders".parse().unwrap(), role: "readonly".parse().unwrap() };
    RequestCommand::ChangeParts { parts: vec![part], grants: vec![GrantId::from_number(1)], terms_hash: TermsHash(8) }
}

#[test]
fn every_request_state_against_every_command() {
    let mut table = String::new();
    let plain = request_states().into_iter().map(|state| (state.name(), Request { state, ..request() }));
    let reminded = reminded().into_iter().map(|(name, reminding)| (name, Request { reminding, ..request() }));
    for (name, request) in plain.chain(reminded) {
        writeln!(table, "{name}").unwrap();
        for (what, command, when) in request_commands() {
            writeln!(table, "    {what:<40} {}", in_short(&decide_request(&request, command, when))).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

// E46
#[test]
fn what_nobody_agreed_to_begins_with_its_review_or_not_at_all() {
    let mut table = String::new();
    for mode in [Mode::Ask, Mode::Auto, Mode::BreakGlass] {
        writeln!(table, "{mode:?}").unwrap();
        let request = Request { mode, ..request() };
        for (what, command, when) in request_commands() {
            if matches!(command, RequestCommand::ApproveByPolicy { .. } | RequestCommand::BreakGlass { .. }) {
                writeln!(table, "    {what:<40} {}", in_short(&decide_request(&request, command, when))).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

fn review_commands() -> Vec<(&'static str, ReviewCommand, Now)> {
    let close = |by: &str, finding, note: &str| ReviewCommand::Close {
        by: person(by),
        electorate: vec![Electors::from([person("erin"), person("frank"), person("maya"), person("priya")])],
        finding,
        note: Words::typed(note),
    };
    let day = 24 * HOUR;
    vec![
        ("erin finds it justified", close("erin", Finding::Justified, "it was on fire"), now(MINUTE)),
        ("erin finds it not justified", close("erin", Finding::NotJustified, "it was lunch"), now(MINUTE)),
        ("erin, after it was due", close("erin", Finding::Justified, "it was on fire"), now(9 * day)),
        ("erin, the clock is suspect", close("erin", Finding::Justified, "it was on fire"), Now::suspect(at(MINUTE))),
        ("erin gives no reason", close("erin", Finding::Justified, " "), now(MINUTE)),
        ("maya, who got it", close("maya", Finding::Justified, "I had to"), now(MINUTE)),
        ("priya, who filed it", close("priya", Finding::Justified, "she had to"), now(MINUTE)),
        ("carol, who may not", close("carol", Finding::Justified, "looks fine"), now(MINUTE)),
        ("time passes", ReviewCommand::Tick, now(day - 1)),
        ("it is due", ReviewCommand::Tick, now(day)),
        ("it is due, the clock is suspect", ReviewCommand::Tick, Now::suspect(at(day))),
        ("it was due a year ago", ReviewCommand::Tick, now(366 * day)),
    ]
}

// E46
#[test]
fn every_review_state_against_every_command() {
    let closed =
        ReviewState::Closed { at: at(0), by: person("frank"), finding: Finding::Justified, note: Words::typed("it was on fire") };
    let states = [("open", ReviewState::Open, 0), ("open, told once", ReviewState::Open, 1), ("closed by frank", closed, 1)];
    let mut table = String::new();
    for (name, state, alarms) in states {
        writeln!(table, "{name}").unwrap();
        let review = Review { state, alarms, ..review() };
        for (what, command, when) in review_commands() {
            writeln!(table, "    {what:<40} {}", in_short(&decide_review(&review, command, when))).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
