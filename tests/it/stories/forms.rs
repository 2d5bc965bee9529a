//! The form that asks for access: searched when there is much to ask for, following what is chosen, in time though facts take long, and judged
//! anew when it comes back.

use std::fmt::Write as _;
use std::time::Duration;

use daypass::demo::emulator::{Fault, FaultKind, Input, Place, Then, Values};

use crate::support::world::{World, account, minutes};

async fn chooses(w: &World, who: &str, field: &str, value: &str) {
    let place = Place::View(w.form(who).unwrap().id);
    let shown = w.slack.act(&account(who), &place, None, field, Input::Option(value.to_owned())).await;
    assert!(shown.is_acknowledged(), "{shown:?}");
}

/// Somebody chooses, and what Slack says of it is late.
async fn chooses_in_vain(w: &World, who: &str, field: &str, value: &str) -> daypass::demo::emulator::Delivery {
    w.slack.delivery_fault(daypass::demo::emulator::DeliveryFault::Lose);
    let place = Place::View(w.form(who).unwrap().id);
    w.slack.act(&account(who), &place, None, field, Input::Option(value.to_owned())).await;
    w.last_delivery()
}

/// What the search offers for these letters.
async fn types(w: &World, who: &str, letters: &str) -> Vec<String> {
    let place = Place::View(w.form(who).unwrap().id);
    let offered = w.slack.suggest(&account(who), &place, None, "resource", letters).await.unwrap();
    offered.iter().map(|option| option["text"]["text"].as_str().unwrap().to_owned()).collect()
}

/// A house with more than Slack shows in one list, of which one has an id that is longer than Slack takes.
async fn large_house() -> World {
    let w = World::new().await;
    let mut resources = String::from("resources:\n");
    for number in 1..=150 {
        let id = if number == 150 { format!("shards/{}", "long-".repeat(14)) } else { format!("shards/s{number:03}") };
        writeln!(
            resources,
            "  - {{ id: {}, name: Shard {number:03}, provider: orders, owners: [dba], roles: [ {{ id: readonly, name: Read only, grant: {{ level: readonly }} }} ] }}",
            id.trim_end_matches('-')
        )
        .unwrap();
    }
    w.edit_policy("resources.yaml", "resources:\n", &resources);
    let permit = "policies:\n  - id: shards\n    who: { group: engineering }\n    what: { resource: \"shards/*\", role: readonly }\n    for: { max: 2h }\n    approve: [ { by: owners } ]\n";
    w.edit_policy("policies.yaml", "policies:\n", permit);
    w.reload().await.unwrap();
    w
}

// E43
#[tokio::test]
async fn among_more_than_a_hundred_one_searches_by_name_or_id() {
    let mut w = large_house().await;
    assert_eq!(w.says("bob", "/jit request").await, "");
    assert_eq!(types(&w, "bob", "").await.len(), 100, "what fits is there before anything is typed");
    assert_eq!(types(&w, "bob", "shard 149").await, ["Shard 149"]);
    assert_eq!(types(&w, "bob", "S149").await, ["Shard 149"], "by its id");
    assert_eq!(types(&w, "bob", "long-long").await, ["Shard 150"], "by an id that is longer than Slack takes");
    assert_eq!(types(&w, "bob", "orders").await, ["Debug orders", "Orders database"], "an id and a name that begin with it");
    let nothing = types(&w, "bob", "quarks").await;
    assert_eq!(nothing, ["Nothing with “quarks”: try a part of its name"]);

    types(&w, "bob", "149").await;
    chooses(&w, "bob", "resource", "shards/s149").await;
    assert!(w.form_text("bob").contains("Carol Winter or Dave Novak will be asked"), "{}", w.form_text("bob"));
    let submitted = w.submits("bob", Values::new().option("duration", "60m").text("reason", "the totals are wrong")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert_eq!(w.request("R-1").unwrap().terms.resource.as_str(), "shards/s149");
}

// E43
#[tokio::test]
async fn the_line_that_says_that_nothing_was_found_cannot_be_asked_for() {
    let mut w = large_house().await;
    w.says("bob", "/jit request").await;
    types(&w, "bob", "quarks").await;
    chooses(&w, "bob", "resource", "#nothing").await;
    let submitted = w.submits("bob", Values::new().option("duration", "60m").text("reason", "the totals are wrong")).await;
    assert_eq!(submitted.errors()["resource"], "Choose what you need.");
    assert_eq!(w.request_state("R-1"), "none");
}

/// What stands in the form's context line.
fn outlook(w: &World, who: &str) -> String {
    let form = w.form(who).unwrap();
    let lines = form.blocks().iter().filter(|block| block["type"] == "context");
    lines.map(|block| block["elements"][0]["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn roles_lengths_the_ticket_and_who_is_asked_follow_what_is_chosen() {
    let mut w = World::new().await;
    w.says("bob", "/jit request").await;
    let first = w.form_text("bob");
    assert!(!first.contains("\"role\"") && !first.contains("\"ticket\"") && outlook(&w, "bob").is_empty(), "{first}");

    chooses(&w, "bob", "resource", "prod/orders").await;
    let second = w.form_text("bob");
    assert!(second.contains("Read only") && second.contains("Read and write"), "{second}");
    chooses(&w, "bob", "role", "readonly").await;
    let third = w.form_text("bob");
    assert!(third.contains("\"480m\"") && !third.contains("\"1440m\"") && !third.contains("\"ticket\""), "{third}");
    assert!(outlook(&w, "bob").contains("Carol Winter or Dave Novak will be asked"), "{}", outlook(&w, "bob"));

    chooses(&w, "bob", "role", "readwrite").await;
    let fourth = w.form_text("bob");
    assert!(fourth.contains("\"120m\"") && !fourth.contains("\"240m\"") && fourth.contains("\"ticket\""), "{fourth}");
    assert!(outlook(&w, "bob").contains("Erin Castillo"), "{}", outlook(&w, "bob"));
    let by_default = outlook(&w, "bob");
    chooses(&w, "bob", "duration", "120m").await;
    assert_ne!(outlook(&w, "bob"), by_default, "until when it lasts follows as well");

    let values = || Values::new().text("reason", "backfill of the totals");
    let submitted = w.submits("bob", values()).await;
    assert!(submitted.errors()["ticket"].contains("ticket"), "{submitted:?}");
    let submitted = w.submits("bob", values().text("ticket", "CHG-7")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert_eq!(w.request("R-1").unwrap().reason.as_typed(), "CHG-7 backfill of the totals");
}

#[tokio::test]
async fn a_ticket_in_the_words_stands_in_its_field_and_is_not_named_twice() {
    let mut w = World::new().await;
    w.says("bob", "/jit request prod/orders 1h CHG-7 backfill of the totals").await;
    chooses(&w, "bob", "role", "readwrite").await;
    let form = w.form_text("bob");
    assert!(form.contains("\"initial_value\":\"CHG-7\""), "{form}");
    let submitted = w.submits("bob", Values::new()).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert_eq!(w.request("R-1").unwrap().reason.as_typed(), "CHG-7 backfill of the totals");
}

// E44
#[tokio::test]
async fn what_was_chosen_first_and_arrives_last_is_not_drawn_over_what_was_chosen_then() {
    let mut w = World::new().await;
    w.says("bob", "/jit request").await;
    let late = chooses_in_vain(&w, "bob", "resource", "cloud/staging").await;
    chooses(&w, "bob", "resource", "prod/orders").await;
    let before = w.form("bob").unwrap();
    assert_eq!(w.delivers(late).await.status, Some(200));
    let after = w.form("bob").unwrap();
    assert_eq!((&before.hash, before.blocks()), (&after.hash, after.blocks()), "nothing was drawn");
    assert!(w.form_text("bob").contains("Read and write"), "{}", w.form_text("bob"));
}

// E44
#[tokio::test]
async fn a_form_that_changed_since_it_was_looked_at_is_left_as_it_is() {
    let mut w = World::new().await;
    w.says("bob", "/jit request").await;
    let mut click = chooses_in_vain(&w, "bob", "resource", "cloud/staging").await;
    let hash = w.form("bob").unwrap().hash;
    click.body = click.body.replace(&hash, "1.0");
    let before = w.form_text("bob");
    assert_eq!(w.delivers(click).await.status, Some(200));
    let refused = w.slack.calls().into_iter().filter(|call| call.answer["error"] == "hash_conflict").count();
    assert_eq!((refused, w.form_text("bob")), (1, before), "Slack refused to draw it, and nothing else was tried");
}

// E44
#[tokio::test]
async fn what_the_policy_takes_away_while_the_form_is_open_is_told_on_its_field() {
    let mut w = World::new().await;
    w.says("bob", "/jit request").await;
    chooses(&w, "bob", "resource", "prod/orders").await;
    chooses(&w, "bob", "role", "readonly").await;
    chooses(&w, "bob", "duration", "480m").await;
    let values = || Values::new().text("reason", "the totals are wrong");

    // A lower cap.
    w.edit_policy("policies.yaml", "for: { max: 8h, default: 2h, extend: { times: 2 } }", "for: { max: 1h }");
    w.reload().await.unwrap();
    let submitted = w.submits("bob", values()).await;
    assert!(submitted.errors()["duration"].contains("At most 1 h here"), "{submitted:?}");
    let submitted = w.submits("bob", values().text("until", "18:00")).await;
    assert!(submitted.errors()["until"].contains("At most 1 h here"), "{submitted:?}");

    // A ticket, which the form has no field for.
    w.edit_policy(
        "policies.yaml",
        "    for: { max: 1h }\n    reason: { min_length: 10 }",
        "    for: { max: 8h }\n    reason: { ticket: 'OPS-\\d+' }",
    );
    w.reload().await.unwrap();
    let submitted = w.submits("bob", values()).await;
    assert!(submitted.errors()["reason"].contains("ticket"), "{submitted:?}");

    // The role, and then all of it.
    w.edit_policy("policies.yaml", "id: read-orders", "id: read-reports");
    w.edit_policy(
        "policies.yaml",
        "what: { resource: prod/orders, role: readonly }\n    for: { max: 8h }",
        "what: { resource: shop/repo, role: write }\n    for: { max: 8h }",
    );
    w.reload().await.unwrap();
    let submitted = w.submits("bob", values()).await;
    assert!(submitted.errors()["role"].contains("can't ask for this any more"), "{submitted:?}");
    w.edit_policy(
        "policies.yaml",
        "who: { group: engineering }\n    what: { resource: \"prod/*\", role: readwrite }",
        "who: { person: priya }\n    what: { resource: \"prod/*\", role: readwrite }",
    );
    w.reload().await.unwrap();
    let submitted = w.submits("bob", values()).await;
    assert!(submitted.errors()["resource"].contains("can't ask for this any more"), "{submitted:?}");
    assert_eq!(w.request_state("R-1"), "none");
}

#[tokio::test]
async fn a_form_is_there_in_time_though_it_takes_long_to_find_out_who_decides() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "id: dba, members: [carol, dave]", "id: dba, slack_usergroup: S0DBA");
    w.reload().await.unwrap();
    w.advance(minutes(2)).await;
    w.says("maya", "/jit mine").await;
    w.slack.fault(Fault::once("usergroups.users.list", FaultKind::Slow(Duration::from_millis(1300))));
    let mut changes = w.slack.watch();
    assert_eq!(w.says("maya", "/jit request prod/orders").await, "");
    assert!(w.form_text("maya").contains("One moment"), "{}", w.form_text("maya"));
    let drawn = async {
        while !w.form_text("maya").contains("will be asked") {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(10), drawn).await.expect("it becomes the form");
    assert!(w.form_text("maya").contains("Orders database"), "{}", w.form_text("maya"));
}
