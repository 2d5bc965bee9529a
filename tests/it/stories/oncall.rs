//! Whoever is on call decides, or gets in at once, as PagerDuty says at that moment; and nobody does where it cannot say.

use crate::support::pagerduty::{FROM, Fault};
use crate::support::world::{World, account, hours, minutes};

use super::ASK;

const PROVIDER: &str = "providers:\n  - { id: pagerduty, kind: pagerduty, url_env: PAGERDUTY_URL, token_env: PAGERDUTY_TOKEN, from: daypass@shop.example }\n";
const GROUP: &str = "groups:\n  - { id: oncall, on_call: { provider: pagerduty, schedule: PABC123 } }\n";
const READ: &str = "    reason: { min_length: 10 }\n    approve: [ { by: owners } ]\n\n  - id: prod-write";

/// Bob asks for what whoever is on call decides.
const READ_ASK: &str = "/jit request prod/orders readonly 2h slow checkout since noon";
/// Bob asks for what whoever is on call gets at once.
const STAGING: &str = "/jit request cloud/staging poweruser 30m load test of the basket";

const BOB: (&str, &str) = ("PBOB001", "bob@shop.example");
const CAROL: (&str, &str) = ("PCAROL1", "c.winter@shop.example");
const DAVE: (&str, &str) = ("PDAVE01", "Dave@Shop.Example");

/// A world with a schedule. Bob and Carol are known by their ids there, Dave by his address.
async fn world() -> World {
    let w = World::new().await;
    w.edit_policy("resources.yaml", "providers:\n", PROVIDER);
    w.edit_policy("people.yaml", "groups:\n", GROUP);
    for (who, account) in [("bob", "PBOB001"), ("carol", "PCAROL1"), ("dave", "dave@shop.example")] {
        let cloud = format!("cloud: {who}@shop.example }}");
        w.edit_policy("people.yaml", &cloud, &format!("cloud: {who}@shop.example, pagerduty: {account} }}"));
    }
    let asks = READ.replace("by: owners", "by: group/oncall");
    w.edit_policy("policies.yaml", READ, &asks);
    w
}

/// The same, where on-call people also get into staging at once, so many times a day.
async fn at_once(uses: u32) -> World {
    let w = world().await;
    let rule = format!(
        "policies:\n  - id: on-call\n    who: {{ group: oncall }}\n    what: {{ resource: '*', role: '*' }}\n    for: {{ max: 1h }}\n    \
         approve: auto\n    limit: {{ uses: {uses}, per: 24h }}\n    otherwise: [ {{ by: group/security }} ]\n"
    );
    w.edit_policy("policies.yaml", "policies:\n", &rule);
    w.reload().await.unwrap();
    w
}

async fn deciding() -> World {
    let w = world().await;
    w.reload().await.unwrap();
    w
}

fn says(status: u16) -> Fault {
    Fault::Says(status, "<html>".to_owned())
}

#[tokio::test]
async fn whoever_is_on_call_approves_and_nobody_else() {
    let mut w = deciding().await;
    w.pagerduty.puts_on_call("PABC123", &[CAROL]);
    let answer = w.says("bob", READ_ASK).await;
    assert!(answer.contains("Carol Winter") && !answer.contains("Dave"), "{answer}");
    let answer = w.presses("dave", "R-1", "request.approve").await;
    assert!(answer.contains("not among those who may decide"), "{answer}");
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readonly"));
}

#[tokio::test]
async fn whoever_goes_off_call_before_the_click_cannot_approve_and_whoever_came_on_can() {
    let mut w = deciding().await;
    w.pagerduty.puts_on_call("PABC123", &[CAROL]);
    w.says("bob", READ_ASK).await;
    w.pagerduty.puts_on_call("PABC123", &[DAVE]);
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("not among those who may decide"), "{answer}");
    assert_eq!(w.request_state("R-1"), "pending");
    w.presses("dave", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readonly"));
}

// I16 E6
#[tokio::test]
async fn being_on_call_lets_nobody_approve_for_themselves() {
    let mut w = deciding().await;
    w.pagerduty.puts_on_call("PABC123", &[BOB]);
    let answer = w.says("bob", READ_ASK).await;
    assert_eq!(w.request_state("R-1"), "none", "nobody else could approve: {answer}");
    w.advance(minutes(2)).await;
    w.pagerduty.puts_on_call("PABC123", &[BOB, CAROL]);
    w.says("bob", READ_ASK).await;
    w.join("bob", "C0DBACCESS");
    let answer = w.presses("bob", "R-1", "request.approve").await;
    assert!(answer.contains("You can't approve your own request"), "{answer}");
}

#[tokio::test]
async fn whoever_is_in_no_file_or_was_deleted_there_or_might_be_two_is_nobody() {
    let mut w = deciding().await;
    w.edit_policy("people.yaml", "cloud: priya@shop.example }", "cloud: priya@shop.example, pagerduty: PCAROL1 }");
    w.reload().await.unwrap();
    let deleted = serde_json::json!({ "id": "PDAVE01", "type": "user", "email": "dave@shop.example", "deleted_at": "2026-01-01T00:00:00Z" });
    let stranger = serde_json::json!({ "id": "PSTRNG1", "type": "user", "email": "x@elsewhere.example" });
    let claimed_twice = serde_json::json!({ "id": "PCAROL1", "type": "user" });
    w.pagerduty.puts("PABC123", vec![deleted, stranger, claimed_twice]);
    let answer = w.says("bob", READ_ASK).await;
    assert_eq!(w.request_state("R-1"), "none", "{answer}");
    assert!(answer.contains("oncall"), "it says who is missing: {answer}");
}

// E47 E48
#[tokio::test]
async fn while_pagerduty_cannot_say_what_depends_on_it_is_refused_by_name_and_nothing_else_suffers() {
    for fault in [Fault::Down, Fault::Slow, Fault::Throttled(30), says(500), says(401)] {
        let mut w = deciding().await;
        w.pagerduty.puts_on_call("PABC123", &[CAROL]);
        w.says("bob", READ_ASK).await;
        w.pagerduty.is(Some(fault.clone()));
        let answer = w.presses("carol", "R-1", "request.approve").await;
        assert!(answer.contains("I can't read the on-call schedule 'PABC123' of 'pagerduty'"), "{fault:?}: {answer}");
        assert_eq!(w.request_state("R-1"), "pending");

        w.advance(minutes(2)).await;
        let answer = w.says("dave", READ_ASK).await;
        assert!(answer.contains("I can't read the on-call schedule 'PABC123' of 'pagerduty'"), "{fault:?}: {answer}");
        w.says("maya", ASK).await;
        w.presses("carol", "R-2", "request.approve").await;
        assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"), "{fault:?}");

        w.pagerduty.is(None);
        w.advance(minutes(1)).await;
        w.presses("carol", "R-1", "request.approve").await;
        assert_eq!(w.request_state("R-1"), "approved", "{fault:?}");
    }
}

// E47
#[tokio::test]
async fn on_call_people_get_in_at_once_and_while_nobody_can_tell_people_decide() {
    let mut w = at_once(5).await;
    w.pagerduty.puts_on_call("PABC123", &[BOB]);
    w.says("bob", STAGING).await;
    assert_eq!(w.level("bob@shop.example", "cloud/staging").as_deref(), Some("admin"));

    let mut w = at_once(5).await;
    w.pagerduty.puts_on_call("PABC123", &[BOB]);
    w.pagerduty.is(Some(Fault::Down));
    let answer = w.says("bob", STAGING).await;
    assert!(answer.contains("Erin Castillo") && answer.contains("Frank Osei"), "{answer}");
    assert!(answer.contains("I can't read the on-call schedule 'PABC123' of 'pagerduty'"), "it says why: {answer}");
    assert_eq!((w.request_state("R-1").as_str(), w.level("bob@shop.example", "cloud/staging")), ("pending", None));
    w.presses("erin", "R-1", "request.approve").await;
    assert_eq!(w.level("bob@shop.example", "cloud/staging").as_deref(), Some("admin"));
}

// E47
#[tokio::test]
async fn nobody_gets_in_at_once_on_what_was_true_a_moment_ago() {
    let mut w = at_once(5).await;
    w.pagerduty.puts_on_call("PABC123", &[BOB]);
    w.says("dave", STAGING).await;
    assert_eq!(w.request_state("R-1"), "pending", "Dave is not on call");
    w.pagerduty.puts_on_call("PABC123", &[CAROL]);
    w.says("bob", STAGING).await;
    assert_eq!(w.request_state("R-2"), "pending", "he is asked about like every engineer");
    assert_eq!(w.level("bob@shop.example", "cloud/staging"), None);
}

// E47
#[tokio::test]
async fn whoever_goes_off_call_before_anything_was_sent_gets_nothing() {
    let mut w = at_once(5).await;
    w.pagerduty.puts_on_call("PABC123", &[BOB]);
    assert!(w.slack.slash(&account("bob"), "C0GENERAL", STAGING).await.is_acknowledged());
    assert_eq!((w.request_state("R-1").as_str(), w.grant_state("G-1").as_str()), ("approved", "planned"));
    w.pagerduty.puts_on_call("PABC123", &[CAROL]);
    w.pass(minutes(2));
    w.settle().await;
    assert_eq!(w.level("bob@shop.example", "cloud/staging"), None);
    assert_eq!(w.grant_state("G-1"), "void");
    assert!(w.last_dm("bob").contains("nobody did"), "{}", w.last_dm("bob"));
}

// E15 I2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_requests_at_once_only_one_is_the_last_that_nobody_is_asked_about() {
    let mut w = at_once(1).await;
    w.pagerduty.puts_on_call("PABC123", &[BOB]);
    let (slack, bob) = (w.slack.clone(), account("bob"));
    let repo = "/jit request shop/repo write 30m hotfix of the basket";
    let (one, two) = tokio::join!(slack.slash(&bob, "C0GENERAL", STAGING), slack.slash(&bob, "C0GENERAL", repo));
    assert!(one.is_acknowledged() && two.is_acknowledged(), "{one:?} {two:?}");
    w.settle().await;
    let mut states = [w.request_state("R-1"), w.request_state("R-2")];
    states.sort();
    assert_eq!(states, ["approved", "pending"], "{:#?}", w.audit());
    let given = [w.level("bob@shop.example", "cloud/staging"), w.level("bob", "shop/repo")];
    assert_eq!(given.iter().flatten().count(), 1, "{given:?}");
}

const RULE: &str = "    remind: { after: 15m, after_that: 30m, page: pagerduty/orders }\n";

/// Maya has asked, and in a minute PagerDuty is to wake somebody.
async fn about_to_page() -> World {
    let mut w = world().await;
    let read = "    approve: [ { by: owners, count: 1 } ]";
    w.edit_policy("policies.yaml", read, &format!("{RULE}{read}"));
    w.reload().await.unwrap();
    w.pagerduty.has_service("PSVC001", "orders", "active");
    w.says("maya", ASK).await;
    w.advance(minutes(44)).await;
    assert_eq!(w.pagerduty.incidents().len(), 0);
    w
}

// E14
#[tokio::test]
async fn somebody_is_woken_while_nobody_answers_and_it_is_over_at_the_decision() {
    let mut w = about_to_page().await;
    w.advance(minutes(1)).await;
    let incidents = w.pagerduty.incidents();
    assert_eq!((incidents.len(), w.pagerduty.open()), (1, 1));
    insta::assert_snapshot!(format!("{}\n{}", incidents[0].title, incidents[0].details));
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.pagerduty.open(), 0);
    assert_eq!(w.pagerduty.incidents().len(), 1);
}

// E3 E62
#[tokio::test]
async fn one_page_although_its_answer_was_lost_and_the_process_began_again() {
    let mut w = about_to_page().await;
    w.pagerduty.loses_answers(1);
    w.advance(minutes(1)).await;
    w.restart().await;
    w.advance(minutes(2)).await;
    assert_eq!((w.pagerduty.incidents().len(), w.pagerduty.open()), (1, 1));
    assert_eq!(w.count_audit("has taken the page"), 1, "{:#?}", w.audit());
    w.pagerduty.loses_answers(1);
    w.denies("carol", "R-1", "use the replica instead").await;
    w.advance(minutes(3)).await;
    assert_eq!((w.pagerduty.incidents().len(), w.pagerduty.open()), (1, 0));
}

// E47
#[tokio::test]
async fn a_page_that_cannot_be_made_for_an_hour_is_told_to_others_and_made_if_it_is_still_wanted() {
    let mut w = about_to_page().await;
    w.pagerduty.is(Some(Fault::Down));
    w.advance(hours(1)).await;
    let told = w.alarms().iter().filter(|text| text.contains("I cannot page orders at pagerduty")).count();
    assert_eq!((told, w.pagerduty.incidents().len()), (1, 0), "{:#?}", w.alarms());
    w.pagerduty.is(None);
    w.advance(minutes(20)).await;
    assert_eq!(w.pagerduty.open(), 1);
    w.presses("dave", "R-1", "request.approve").await;
    w.advance(minutes(1)).await;
    assert_eq!(w.pagerduty.open(), 0);
}

// E47
#[tokio::test]
async fn a_page_that_nobody_wants_any_more_is_never_made() {
    let mut w = about_to_page().await;
    w.pagerduty.is(Some(Fault::Down));
    w.advance(minutes(10)).await;
    w.presses("dave", "R-1", "request.approve").await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"), "nothing waits for PagerDuty");
    w.pagerduty.is(None);
    w.advance(hours(1)).await;
    assert_eq!(w.pagerduty.incidents().len(), 0);
}

#[tokio::test]
async fn files_that_page_without_saying_in_whose_name_are_refused() {
    let mut w = about_to_page().await;
    w.edit_policy("resources.yaml", &format!(", from: {FROM}"), "");
    let problem = w.reload().await.unwrap_err();
    assert!(problem.contains("nobody can be paged by `pagerduty`: it needs `from:`"), "{problem}");
    w.edit_policy("policies.yaml", "page: pagerduty/orders", "page: orders/orders");
    let problem = w.reload().await.unwrap_err();
    assert!(problem.contains("kind `sandbox`, which does not know who is on call"), "{problem}");
    w.settle().await;
}

// E47
#[tokio::test]
async fn an_account_that_the_files_do_not_mean_any_more_says_nothing() {
    let mut w = deciding().await;
    w.pagerduty.puts_on_call("PABC123", &[CAROL]);
    w.says("bob", READ_ASK).await;
    w.edit_policy("resources.yaml", "token_env: PAGERDUTY_TOKEN", "token_env: ANOTHER_TOKEN");
    w.reload().await.unwrap();
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("I can't read the on-call schedule"), "{answer}");
}
