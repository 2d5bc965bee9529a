//! Other policy files: what they change is told, what does not fit them is named, and only an operator shortens it.

use daypass::app::watch::{Look, Watch};

use super::ASK;
use crate::support::world::{World, minutes};

const ASK_BOB: &str = "/jit request prod/orders readonly 4h slow checkout";
const FROZEN: &str = "forbid:\n  - id: frozen\n    about: Nothing on production this week.\n    what: { resource: \"prod/*\" }\n";

fn came_in_force(w: &World) -> Vec<String> {
    w.audit().into_iter().filter(|line| line.contains("came in force")).collect()
}

// E9
#[tokio::test]
async fn what_opens_and_closes_is_told_and_written_down() {
    let mut w = World::new().await;
    w.edit_policy("policies.yaml", "    approve: [ { by: owners, count: 1 } ]", "    approve: auto");
    w.edit_policy(
        "people.yaml",
        "id: engineering, members: [bob, carol, dave, priya]",
        "id: engineering, members: [bob, carol, dave]",
    );
    w.reload().await.unwrap();
    w.settle().await;
    let line = came_in_force(&w).pop().unwrap();
    assert!(line.contains("opened: prod/orders readonly: without asking anybody, with 1 approval before, for maya"), "{line}");
    assert!(line.contains("closed: cloud/staging poweruser: not at all, with 1 approval before, for priya"), "{line}");
    insta::assert_snapshot!(w.alarms().concat());

    let written = came_in_force(&w).len();
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!((came_in_force(&w).len(), w.alarms().len()), (written, 1), "the same files are no change");
}

#[tokio::test]
async fn what_changed_while_nobody_ran_is_told_at_the_start() {
    let mut w = World::new().await;
    w.kill().await;
    w.edit_policy("policies.yaml", "    approve: [ { by: owners, count: 1 } ]", "    approve: auto");
    w.start().await;
    w.settle().await;
    assert!(w.alarms().concat().contains("opened: prod/orders readonly"), "{:#?}", w.alarms());
    w.restart().await;
    w.advance(minutes(1)).await;
    assert_eq!(w.alarms().len(), 1, "it is told once");
}

// E9
#[tokio::test]
async fn files_whose_own_tests_fail_do_not_come_in_force() {
    let mut w = World::new().await;
    w.write_policy(
        "tests.yaml",
        "version: 1\ntests:\n  - name: contractors never read orders\n    at: 2026-11-24T10:00:00+01:00\n    \
         request: { who: maya, what: prod/orders, role: readonly, for: 2h, reason: OPS-42 slow checkout }\n    \
         expect: { outcome: deny }\n",
    );
    let problem = w.reload().await.unwrap_err();
    assert!(problem.contains("contractors never read orders") && problem.contains("expected a denial"), "{problem}");
    w.settle().await;
    assert!(w.alarms().concat().contains("the ones before stay in force"), "{:#?}", w.alarms());
    assert!(w.has_audit("were refused: tests.yaml:3: the test `contractors never read orders` fails"), "{:#?}", w.audit());
    assert!(w.says("maya", ASK).await.contains("Asked"));

    // Nothing was in force before: then nothing is, and nothing is asked.
    w.restart().await;
    assert!(w.says("bob", ASK_BOB).await.contains("No valid policy is loaded"));
}

// E8
#[tokio::test]
async fn a_lower_cap_is_listed_and_shortens_only_what_an_operator_applies_it_to() {
    let mut w = World::new().await;
    w.says("bob", ASK_BOB).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(10)).await;
    w.edit_policy("policies.yaml", "for: { max: 8h, default: 2h, extend: { times: 2 } }", "for: { max: 1h, default: 1h }");
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!(w.ends_in_minutes("G-1"), 230, "what people agreed to stays");
    let told = w.alarms().concat();
    assert!(told.contains("G-1 of bob (prod/orders readonly) lasts until Tue 17 Mar 14:00 Berlin"), "{told}");
    assert!(told.contains("would be allowed until Tue 17 Mar 11:00 Berlin"), "{told}");
    assert!(came_in_force(&w).pop().unwrap().contains("G-1 of bob"), "{:#?}", came_in_force(&w));

    let done = w.app().apply_to_active().await.unwrap();
    assert_eq!(done, ["G-1 of bob (prod/orders readonly) now ends Tue 17 Mar 11:00 Berlin"]);
    assert_eq!(w.app().apply_to_active().await.unwrap(), [""; 0], "it is done once");
    assert_eq!(w.ends_in_minutes("G-1"), 50);
    assert!(w.has_audit("an operator applied the policy files"), "{:#?}", w.audit());
    w.advance(minutes(50)).await;
    assert_eq!(w.level("bob", "prod/orders"), None);
}

// E8
#[tokio::test]
async fn what_is_forbidden_now_is_listed_and_ends_when_an_operator_says_so() {
    let mut w = World::new().await;
    w.says("bob", ASK_BOB).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(10)).await;
    w.edit_policy("policies.yaml", "forbid:\n", FROZEN);
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!(w.grant_state("G-1"), "active");
    assert!(w.alarms().concat().contains("would not be allowed (frozen)"), "{:#?}", w.alarms());

    let done = w.app().apply_to_active().await.unwrap();
    assert_eq!(done, ["G-1 of bob (prod/orders readonly) is being ended (frozen)"]);
    w.advance(minutes(1)).await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.level("bob", "prod/orders"), None);
    assert!(w.last_dm("bob").contains("the policy says no now (frozen; an operator applied it)"), "{}", w.last_dm("bob"));
}

// E8
#[tokio::test]
async fn a_wider_policy_changes_nothing_in_force() {
    let mut w = World::new().await;
    w.says("bob", ASK_BOB).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.says("bob", "/jit extend G-1 2h it is still slow").await;
    w.presses("carol", "R-2", "request.approve").await;
    assert_eq!(w.ends_in_minutes("G-1"), 360);
    w.edit_policy(
        "policies.yaml",
        "for: { max: 8h, default: 2h, extend: { times: 2 } }",
        "for: { max: 12h, default: 2h, extend: { times: 2 } }",
    );
    w.reload().await.unwrap();
    w.settle().await;
    assert!(!w.alarms().concat().contains("G-1"), "{:#?}", w.alarms());
    assert_eq!(w.app().apply_to_active().await.unwrap(), [""; 0]);
    assert_eq!(w.ends_in_minutes("G-1"), 360);
    // So many messages to one person take their time: Slack takes one a second.
    w.advance(minutes(1)).await;
}

#[tokio::test]
async fn whoever_watches_the_files_sees_what_a_reload_then_puts_in_force() {
    let mut w = World::new().await;
    let mut watch = Watch::new(&w.policy_dir());
    assert_eq!(watch.look(), Look::Same);
    w.edit_policy("policies.yaml", "forbid:\n", FROZEN);
    assert_eq!([watch.look(), watch.look(), watch.look()], [Look::Changing, Look::Changed, Look::Same]);
    w.reload().await.unwrap();
    let answer = w.says("bob", ASK_BOB).await;
    assert!(answer.contains("The policy doesn't allow that (frozen)"), "{answer}");
}
