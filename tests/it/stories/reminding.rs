//! Nobody answers: reminders, others who are asked as well, a page; and all of it stops at the decision.

use super::{ASK, WRITE};
use crate::support::pager::Pager;
use crate::support::world::{World, hours, minutes};

const READ: &str =
    "    approve: [ { by: owners, count: 1 } ]                                # one of the resource's owners: Carol or Dave\n";
const RULE: &str = "    remind: { after: 15m, then_ask: group/security, after_that: 30m, page: pagerduty/orders }\n";
const PAGER: &str = "providers:\n  - { id: pagerduty, kind: pagerduty, token_env: PAGER_TOKEN, from: daypass@shop.example }\n";

const GROUPS: &str = "  - { id: platform, members: [priya] }\n  - { id: helpers, members: [bob, hugo, priya] }\n";

/// A world in which reading and writing orders have a rule for when nobody answers.
async fn world(rule: &str) -> (World, Pager) {
    let w = World::new().await;
    w.edit_policy("resources.yaml", "providers:\n", PAGER);
    w.edit_policy("people.yaml", "  - { id: security, members", &format!("{GROUPS}  - {{ id: security, members"));
    w.edit_policy("policies.yaml", READ, &format!("{READ}{rule}"));
    w.edit_policy(
        "policies.yaml",
        "    reason: { ticket: 'CHG-\\d+' }\n",
        &format!("    reason: {{ ticket: 'CHG-\\d+' }}\n{rule}"),
    );
    w.reload().await.unwrap();
    let pager = Pager::default();
    w.answers_pages("pagerduty", &pager);
    (w, pager)
}

/// A message with its times as a reader in Berlin sees them.
fn readable(text: &str) -> String {
    let mut parts = text.split("<!date^");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| {
        let (date, rest) = part.split_once('>').unwrap();
        text + date.split_once('|').unwrap().1 + rest
    })
}

// E14
#[tokio::test]
async fn nobody_answers_and_people_are_reminded_others_asked_and_somebody_paged() {
    let (mut w, pager) = world(RULE).await;
    w.says("maya", ASK).await;
    w.advance(minutes(14)).await;
    assert_eq!((w.dms("carol").len(), w.dms("erin").len()), (0, 0), "they have the card in the channel");

    w.advance(minutes(1)).await;
    assert!(w.last_dm("carol").contains("Still waiting for a decision"), "{}", w.last_dm("carol"));
    assert_eq!((w.dms("carol").len(), w.dms("dave").len()), (1, 1));
    assert!(w.last_dm("erin").contains("Maya Okafor") && !w.last_dm("erin").contains("Still waiting"), "{}", w.last_dm("erin"));
    assert!(readable(&w.card("R-1")).contains("Also asked since 10:15 Berlin: security"), "{}", w.card("R-1"));

    w.advance(minutes(29)).await;
    assert_eq!((w.dms("carol").len(), w.dms("erin").len(), pager.calls().len()), (1, 1, 0));
    w.advance(minutes(1)).await;
    assert_eq!((w.dms("carol").len(), w.dms("dave").len(), w.dms("erin").len(), w.dms("frank").len()), (2, 2, 2, 2));
    assert_eq!(pager.open(), 1);
    assert!(readable(&w.card("R-1")).contains("Paged 10:45 Berlin: orders at pagerduty"), "{}", w.card("R-1"));

    w.presses("erin", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");
    assert_eq!(pager.open(), 0);
    let (dms, calls) = (w.dms("carol").len(), pager.calls().len());
    w.advance(hours(2)).await;
    assert_eq!((w.dms("carol").len(), pager.calls().len()), (dms, calls), "it stops at the decision");
    insta::assert_snapshot!(pager.told().replace(w.app().store().installation(), "<installation>"));
    insta::assert_snapshot!(readable(&w.dms("maya").join("\n---\n")));
    insta::assert_snapshot!(readable(&w.dms("carol").join("\n---\n")));
    let of_request: Vec<String> = w.audit().into_iter().filter(|line| line.starts_with("R-1: ")).collect();
    insta::assert_snapshot!(of_request.join("\n"));
}

// E14 I7
#[tokio::test]
async fn whoever_is_asked_as_well_fills_the_empty_place_and_the_earlier_approver_keeps_theirs() {
    let (mut w, _) = world("    remind: { after: 15m, then_ask: group/platform }\n").await;
    w.says("bob", WRITE).await;
    w.approves_because("carol", "R-1", "agreed in the change board").await;
    let answer = w.presses("priya", "R-1", "request.approve").await;
    assert!(answer.contains("not among those who may decide"), "{answer}");

    w.advance(minutes(15)).await;
    assert_eq!((w.dms("carol").len(), w.dms("dave").len()), (0, 0), "Carol has answered, and Dave could take her place only");
    assert!(w.last_dm("erin").contains("Still waiting"), "{}", w.last_dm("erin"));
    w.approves_because("priya", "R-1", "nobody of security is there").await;
    assert_eq!(w.request_state("R-1"), "approved");
    let request = w.request("R-1").unwrap();
    assert_eq!(request.approvals.iter().map(|given| given.by.as_str()).collect::<Vec<_>>(), ["carol", "priya"]);
    assert!(w.has_audit("carol for group/dba or group/platform, priya for group/security or group/platform"), "{:#?}", w.audit());
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readwrite"));
}

// I16 E6
#[tokio::test]
async fn being_asked_as_well_lets_nobody_approve_for_themselves_and_no_contractor_who_is_not_named() {
    let (mut w, _) = world("    remind: { after: 15m, then_ask: group/helpers }\n").await;
    w.says("bob", WRITE).await;
    w.advance(minutes(15)).await;
    assert_eq!(w.dms("hugo").len(), 0, "a contractor is not asked as a member of a group");
    w.join("hugo", "C0DBACCESS");
    let answer = w.presses("hugo", "R-1", "request.approve").await;
    assert!(answer.contains("not among those who may decide"), "{answer}");
    let answer = w.presses("bob", "R-1", "request.approve").await;
    assert!(answer.contains("You can't approve your own request"), "{answer}");
}

// I8 E8
#[tokio::test]
async fn others_are_asked_only_while_the_rules_in_force_say_so_too() {
    let (mut w, _) = world(RULE).await;
    w.says("maya", ASK).await;
    w.advance(minutes(15)).await;
    let click = w.presses_in_vain("erin", "R-1", "request.approve").await;
    w.edit_policy("policies.yaml", "then_ask: group/security, ", "");
    w.reload().await.unwrap();
    w.settle().await;
    assert!(!w.card("R-1").contains("security"), "{}", w.card("R-1"));
    let answer = w.arrives("erin", click).await;
    assert!(answer.contains("not among those who may decide"), "{answer}");

    w.edit_policy("policies.yaml", "after: 15m, ", "after: 15m, then_ask: group/security, ");
    w.reload().await.unwrap();
    let answer = w.presses("erin", "R-1", "request.approve").await;
    assert!(answer.contains("not among those who may decide"), "what was taken back stays so: {answer}");
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E48
#[tokio::test]
async fn others_who_stand_in_slack_are_asked_as_they_stand_there_then() {
    let (mut w, _) = world(RULE).await;
    w.edit_policy("people.yaml", "id: security, members: [erin, frank]", "id: security, slack_usergroup: S0SECURITY");
    w.reload().await.unwrap();
    w.says("maya", ASK).await;
    assert!(w.slack.set_usergroup("S0SECURITY", &["U0FRANK"]));
    w.advance(minutes(15)).await;
    assert_eq!((w.dms("frank").len(), w.dms("erin").len()), (1, 0));
    w.presses("frank", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");
}

// E14
#[tokio::test]
async fn without_a_rule_nobody_is_reminded() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let before = w.dms("maya").len();
    w.advance(hours(4) - minutes(1)).await;
    assert_eq!((w.dms("carol").len(), w.dms("dave").len(), w.dms("maya").len()), (0, 0, before));
}

#[tokio::test]
async fn a_page_is_settled_by_whatever_decides() {
    for how in ["denied", "expired", "cancelled"] {
        let (mut w, pager) = world(RULE).await;
        w.says("maya", ASK).await;
        w.advance(minutes(45)).await;
        assert_eq!(pager.open(), 1, "{how}");
        match how {
            "denied" => drop(w.denies("dave", "R-1", "use the replica instead").await),
            "cancelled" => drop(w.says("maya", "/jit cancel R-1").await),
            _ => w.advance(hours(4) - minutes(45)).await,
        }
        assert_eq!(w.request_state("R-1"), how);
        assert_eq!(pager.open(), 0, "{how}");
        assert_eq!(pager.calls().len(), 2, "{:?}", pager.calls());
    }
}

#[tokio::test]
async fn a_pager_that_is_down_holds_up_nothing_and_is_tried_until_it_answers() {
    let (mut w, pager) = world(RULE).await;
    pager.is_down(true);
    w.says("maya", ASK).await;
    w.advance(minutes(44)).await;
    w.says("bob", "/jit request prod/orders readonly 2h slow checkout").await;
    w.advance(minutes(2)).await;
    assert_eq!(pager.open(), 0);
    w.presses("carol", "R-2", "request.approve").await;
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readonly"), "access does not wait for a page");
    w.advance(minutes(2)).await;
    assert_eq!(
        w.alarms().iter().filter(|text| text.contains("I cannot page orders at pagerduty")).count(),
        1,
        "{:#?}",
        w.alarms()
    );
    assert!(!w.card("R-1").contains("Paged"), "{}", w.card("R-1"));

    pager.is_down(false);
    w.advance(minutes(1)).await;
    assert_eq!(pager.open(), 1);
    assert!(w.card("R-1").contains("Paged"), "{}", w.card("R-1"));
}

#[tokio::test]
async fn a_page_that_was_never_tried_is_not_made_after_the_decision() {
    let (mut w, pager) = world(RULE).await;
    w.says("maya", ASK).await;
    w.advance(minutes(44)).await;
    w.pass(minutes(1));
    w.reminds_without_paging("R-1").await;
    assert!(w.has_audit("somebody is to be paged"), "{:#?}", w.audit());
    w.presses_before_work("carol", "R-1", "request.approve").await;
    w.settle().await;
    assert_eq!(pager.calls(), Vec::<String>::new());
}

// E3 E62
#[tokio::test]
async fn a_page_of_which_nothing_was_heard_is_made_again_under_the_same_key() {
    let (mut w, pager) = world(RULE).await;
    w.says("maya", ASK).await;
    pager.loses_answers(1);
    w.advance(minutes(45)).await;
    w.restart().await;
    w.answers_pages("pagerduty", &pager);
    w.advance(minutes(1)).await;
    let calls = pager.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(calls[0], calls[1], "the same page, so that nobody is woken twice");
    assert_eq!((pager.open(), w.count_audit("has taken the page")), (1, 1));
}

#[tokio::test]
async fn a_page_that_may_still_be_on_its_way_is_resolved_only_once_it_must_have_landed() {
    let (mut w, pager) = world(RULE).await;
    w.says("maya", ASK).await;
    pager.loses_answers(1);
    w.advance(minutes(45)).await;
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active", "access does not wait for it");
    assert_eq!(pager.calls().len(), 1, "{:?}", pager.calls());
    w.advance(minutes(1)).await;
    assert_eq!((pager.calls().len(), pager.open()), (2, 0), "{:?}", pager.calls());
}

/// What people and the pager have got when nobody answers until the requester gives up, with a restart after step `dies_after`.
async fn unanswered(dies_after: usize) -> Vec<Vec<String>> {
    let (mut w, pager) = world(RULE).await;
    for step in 0..8 {
        match step {
            0 => drop(w.says("maya", ASK).await),
            1 => w.advance(minutes(14)).await,
            2 | 4 => w.pass(minutes(if step == 2 { 1 } else { 30 })),
            3 | 5 | 7 => w.settle().await,
            _ => assert!(w.says("maya", "/jit cancel").await.contains("Withdrawn")),
        }
        if step == dies_after {
            w.restart().await;
            w.answers_pages("pagerduty", &pager);
        }
    }
    assert_eq!(pager.open(), 0);
    let calls = pager.calls().iter().map(|call| call.replace(w.app().store().installation(), "")).collect();
    vec![w.cards("R-1"), w.dms("maya"), w.dms("carol"), w.dms("erin"), calls]
}

// E62 E3
#[tokio::test]
async fn a_restart_between_any_two_steps_reminds_nobody_twice() {
    let undisturbed = unanswered(usize::MAX).await;
    assert_eq!(undisturbed[4].len(), 2, "{:?}", undisturbed[4]);
    for dies_after in 0..8 {
        assert_eq!(unanswered(dies_after).await, undisturbed, "dies after step {dies_after}");
    }
}

// E34
#[tokio::test]
async fn after_three_days_there_is_one_reminder_and_then_the_rule_goes_on() {
    let (mut w, pager) = world(&format!("{RULE}    answer_within: 5d\n")).await;
    w.says("maya", ASK).await;
    w.kill().await;
    w.pass(hours(72));
    w.start().await;
    w.answers_pages("pagerduty", &pager);
    w.settle().await;
    assert_eq!((w.dms("carol").len(), w.dms("erin").len(), pager.calls().len()), (1, 1, 0));
    w.advance(minutes(30)).await;
    assert_eq!((w.dms("carol").len(), w.dms("erin").len(), pager.open()), (2, 2, 1));
}

// E31 I10
#[tokio::test]
async fn a_clock_that_jumped_wakes_nobody_until_it_is_believed() {
    let (mut w, pager) = world(RULE).await;
    w.says("maya", ASK).await;
    w.jump(60);
    w.advance(minutes(1)).await;
    assert_eq!((w.dms("carol").len(), pager.calls().len()), (0, 0));
    w.jump(-60);
    w.advance(minutes(13)).await;
    assert_eq!(w.dms("carol").len(), 0);
    w.advance(minutes(1)).await;
    assert_eq!(w.dms("carol").len(), 1);
}

#[tokio::test]
async fn whoever_asked_has_people_reminded_once_in_fifteen_minutes() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.advance(minutes(3)).await;
    let answer = w.says("maya", "/jit remind R-1").await;
    assert!(answer.contains("I reminded Carol Winter and Dave Novak"), "{answer}");
    assert!(w.last_dm("carol").contains("*Maya Okafor* asks you to look at this"), "{}", w.last_dm("carol"));
    assert!(w.dms("erin").is_empty());

    w.advance(minutes(14)).await;
    let answer = w.presses("maya", "R-1", "request.remind").await;
    assert!(answer.contains("10:03") && answer.contains("again from 10:18"), "{answer}");
    assert_eq!(w.dms("carol").len(), 1);
    w.advance(minutes(1)).await;
    w.presses("maya", "R-1", "request.remind").await;
    assert_eq!(w.dms("carol").len(), 2);

    let answer = w.says("bob", "/jit remind R-1").await;
    assert!(answer.contains("There is no request R-1 for you to see"), "{answer}");
    w.presses("carol", "R-1", "request.approve").await;
    assert!(w.dms("dave").iter().all(|text| text.contains("You were reminded")), "{:#?}", w.dms("dave"));
    let answer = w.says("maya", "/jit remind R-1").await;
    assert!(answer.contains("It was approved by Carol Winter"), "{answer}");
}

// E14
#[tokio::test]
async fn a_click_on_the_reminder_of_an_expired_request_says_when_it_expired() {
    let (mut w, _) = world(RULE).await;
    w.says("maya", ASK).await;
    w.advance(hours(4) - minutes(1)).await;
    let click = w.presses_in_vain("frank", "R-1", "request.approve").await;
    w.advance(minutes(1)).await;
    let answer = w.arrives("frank", click).await;
    assert!(answer.contains("nobody decided in time") && answer.contains("14:00"), "{answer}");
    assert!(w.button("frank", "R-1", "request.approve").is_none(), "the buttons are gone");
}
