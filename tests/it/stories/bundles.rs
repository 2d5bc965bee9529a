//! Bundles: asked for by one name, at two servers; given all or not at all.

use daypass::demo::emulator::{Then, Values};
use daypass::demo::sandbox::{On, SandboxFault, SandboxFaultKind};

use crate::support::world::{World, hours, minutes};

const DEBUG: &str = "/jit request orders-debugging 2h OPS-42 slow checkout";

/// The orders at one server and the repository at another.
async fn two_servers() -> World {
    let mut w = World::new().await;
    w.edit_policy(
        "resources.yaml",
        "id: repo, kind: sandbox, url_env: SANDBOX_URL, token_env: SANDBOX_TOKEN",
        "id: repo, kind: sandbox, url_env: OTHER_URL, token_env: OTHER_TOKEN",
    );
    w.reload().await.unwrap();
    w.settle().await;
    w
}

/// Both agreed, and nothing was sent yet.
async fn agreed() -> World {
    let mut w = two_servers().await;
    w.says("maya", DEBUG).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.presses_before_work("bob", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved");
    w
}

async fn in_force() -> World {
    let mut w = agreed().await;
    w.settle().await;
    assert_eq!(states(&w), ["active", "active"]);
    w
}

fn states(w: &World) -> [String; 2] {
    [w.grant_state("G-1"), w.grant_state("G-2")]
}

/// What Maya really has: the orders, and the repository.
fn has(w: &World) -> [bool; 2] {
    [w.provider.level("maya", "prod/orders").is_some(), w.other.level("maya-acme", "shop/repo").is_some()]
}

#[tokio::test]
async fn both_parts_are_given_and_end_together() {
    let mut w = two_servers().await;
    let answer = w.says("maya", DEBUG).await;
    assert!(answer.contains("R-1 (Debug orders)"), "{answer}");
    let again = w.says("maya", &DEBUG.replace("debugging", "debugging all")).await;
    assert!(again.contains("asked for exactly that already"), "the one role may be written: {again}");
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("has no access yet"), "{answer}");
    assert_eq!((w.request_state("R-1").as_str(), has(&w)), ("pending", [false, false]), "the sponsor is asked as well");
    insta::assert_snapshot!("the_card_asks", w.card("R-1"));
    w.presses("bob", "R-1", "request.approve").await;
    assert_eq!((states(&w), has(&w)), (["active".into(), "active".into()], [true, true]));
    insta::assert_snapshot!("maya_reads_while_it_is_in_force", w.dms("maya").join("\n---\n"));
    w.advance(minutes(119)).await;
    assert_eq!(has(&w), [true, true]);
    w.advance(minutes(1)).await;
    assert_eq!((states(&w), has(&w)), (["ended".into(), "ended".into()], [false, false]));
    insta::assert_snapshot!("maya_reads", w.dms("maya").join("\n---\n"));
    insta::assert_snapshot!("the_card_tells", w.card("R-1"));
    let told = |line: &String| line.starts_with("R-1") || line.contains("is to have");
    insta::assert_snapshot!("the_log_says", w.audit().into_iter().filter(told).collect::<Vec<_>>().join("\n"));
}

// E1
#[tokio::test]
async fn a_part_that_is_refused_takes_the_other_one_back() {
    let mut w = agreed().await;
    w.other.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Refused)));
    w.settle().await;
    assert_eq!((states(&w), has(&w)), (["ended".into(), "failed".into()], [false, false]), "at once, and verified");
    let last = w.last_dm("maya");
    assert!(last.contains("was not granted") && last.contains("1 part was rolled back"), "{last}");
    assert!(!w.dms("maya").concat().contains("is yours"), "she was never told that she has it");
    insta::assert_snapshot!("refused", format!("{last}\n===\n{}", w.card("R-1")));
    w.other.set_fault(None);
    w.advance(hours(4)).await;
    assert!(w.grant("G-2").unwrap().is_over(), "looked at once more, at its latest end");
    assert_eq!(has(&w), [false, false]);
}

// E1
#[tokio::test]
async fn a_part_that_cannot_be_given_in_time_takes_the_other_one_back_whichever_it_is() {
    for first_is_down in [true, false] {
        let mut w = agreed().await;
        let down = |w: &World| if first_is_down { w.provider.clone() } else { w.other.clone() };
        down(&w).set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
        w.settle().await;
        assert_eq!(has(&w), [!first_is_down, first_is_down], "the other one is set up");
        assert!(!w.dms("maya").concat().contains("is yours"), "not all of it is in force");
        w.advance(minutes(61)).await;
        assert_eq!(has(&w), [false, false]);
        down(&w).set_fault(None);
        w.advance(hours(4)).await;
        assert_eq!(has(&w), [false, false]);
        let told = w.dms("maya").concat();
        assert!(told.contains("was not granted") && !told.contains("is yours"), "{told}");
        for id in ["G-1", "G-2"] {
            assert!(w.grant(id).unwrap().is_over(), "{id} is {}", w.grant_state(id));
        }
    }
}

// E1 I13
#[tokio::test]
async fn what_is_rolled_back_is_owed_until_it_is_seen_to_be_gone() {
    let mut w = agreed().await;
    w.other.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
    w.settle().await;
    assert_eq!(has(&w), [true, false]);
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::FailBefore).on(On::Changes)));
    w.advance(minutes(70)).await;
    assert_eq!((w.grant_state("G-1").as_str(), has(&w)), ("revoking", [true, false]));
    assert!(!w.last_dm("maya").contains("rolled back"), "nothing is said to be gone that is there: {}", w.last_dm("maya"));
    assert!(!w.alarms().is_empty(), "it is late, and told");
    w.provider.set_fault(None);
    w.other.set_fault(None);
    w.advance(hours(4)).await;
    assert_eq!(has(&w), [false, false]);
    assert!(w.last_dm("maya").contains("1 part was rolled back"), "{}", w.last_dm("maya"));
}

// E3 E62
#[tokio::test]
async fn a_restart_between_the_two_providers_changes_nothing() {
    for reached in [[true, false], [false, true]] {
        let mut w = agreed().await;
        let held_up = if reached[0] { w.other.clone() } else { w.provider.clone() };
        held_up.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
        w.settle().await;
        assert_eq!(has(&w), reached);
        w.restart().await;
        held_up.set_fault(None);
        w.advance(minutes(5)).await;
        assert_eq!((states(&w), has(&w)), (["active".into(), "active".into()], [true, true]));
        assert_eq!(w.count_audit("seen in force"), 2, "{:#?}", w.audit());
        assert_eq!(w.dms("maya").iter().filter(|text| text.contains("is yours until")).count(), 2, "its news and its standing");
        w.advance(hours(2)).await;
        assert_eq!(has(&w), [false, false]);
    }
}

// E1 E3
#[tokio::test]
async fn a_restart_while_one_is_rolled_back_leaves_nothing() {
    let mut w = agreed().await;
    w.other.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
    w.settle().await;
    w.pass(minutes(61));
    w.restart().await;
    w.settle().await;
    w.restart().await;
    w.other.set_fault(None);
    w.advance(hours(3)).await;
    assert_eq!(has(&w), [false, false]);
    assert!(w.last_dm("maya").contains("was not granted"), "{}", w.last_dm("maya"));
}

#[tokio::test]
async fn whoever_ends_a_part_early_ends_all() {
    for (who, words) in
        [("maya", "/jit done"), ("maya", "/jit done G-2"), ("carol", "/jit revoke G-1"), ("maya", "/jit cancel R-1")]
    {
        let mut w = in_force().await;
        let answer = w.says(who, words).await;
        assert!(answer.contains("All of R-1 (Debug orders) is being ended, by G-1 and G-2"), "{words}: {answer}");
        assert_eq!((states(&w), has(&w)), (["ended".into(), "ended".into()], [false, false]), "{words}");
        assert!(w.last_dm("maya").contains("each part verified at its provider"), "{}", w.last_dm("maya"));
        assert!(w.button("maya", "R-1", "grant.done").is_none(), "nothing is left to press");
        let answer = w.says("maya", "/jit done G-1").await;
        assert!(answer.contains("is over") || answer.contains("ended"), "{answer}");
    }
}

#[tokio::test]
async fn an_owner_of_another_thing_ends_nothing() {
    let mut w = in_force().await;
    let answer = w.says("erin", "/jit revoke G-1").await;
    assert!(answer.contains("not yours"), "{answer}");
    assert_eq!(has(&w), [true, true]);
    w.says("priya", "/jit revoke G-1").await;
    assert_eq!(has(&w), [false, false], "an owner of the repository, and an admin");
}

// E23
#[tokio::test]
async fn a_part_that_somebody_removes_is_told_and_the_other_goes_on() {
    let mut w = in_force().await;
    w.other.take("maya-acme", "shop/repo");
    w.sweep().await;
    w.advance(minutes(2)).await;
    assert_eq!(states(&w), ["active", "ended"]);
    let told = w.last_dm("maya");
    assert!(told.contains("somebody removed it at the provider") && told.contains("is yours until"), "{told}");
    insta::assert_snapshot!("removed", told);
    w.advance(hours(2)).await;
    assert_eq!((states(&w), has(&w)), (["ended".into(), "ended".into()], [false, false]));
}

// E22 I4
#[tokio::test]
async fn a_part_that_was_held_before_is_left_and_the_rest_is_given() {
    let mut w = two_servers().await;
    w.other.give("maya-acme", "shop/repo", "readwrite");
    w.says("maya", DEBUG).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.presses("bob", "R-1", "request.approve").await;
    assert_eq!(states(&w), ["active", "ended"]);
    assert!(w.last_dm("maya").contains("you held before you asked"), "{}", w.last_dm("maya"));
    w.advance(hours(2)).await;
    assert_eq!(has(&w), [false, true]);
}

// E59
#[tokio::test]
async fn a_bundle_that_is_changed_while_people_decide_is_asked_about_anew() {
    let mut w = two_servers().await;
    w.says("maya", DEBUG).await;
    w.presses("carol", "R-1", "request.approve").await;
    let old = w.presses_in_vain("bob", "R-1", "request.approve").await;
    w.edit_policy("policies.yaml", "who: { group: contractors/initech }", "who: { kind: contractor }");
    w.edit_policy(
        "policies.yaml",
        "when: { days: mon-thu, hours: \"20:00-06:00\" }",
        "when: { days: mon-fri, hours: \"08:00-18:00\" }",
    );
    w.edit_policy(
        "resources.yaml",
        "of: [ prod/orders:readonly, shop/repo:write ]",
        "of: [ prod/orders:readonly, cloud/staging:poweruser, shop/repo:write ]",
    );
    w.reload().await.unwrap();
    w.settle().await;
    assert!(w.request("R-1").unwrap().approvals.is_empty(), "nobody agreed to this");
    let answer = w.arrives("bob", old).await;
    assert!(answer.contains("changed since this card was drawn"), "{answer}");
    assert!(w.card("R-1").contains("Staging account"), "a fresh card: {}", w.card("R-1"));
    assert_eq!(w.request_state("R-1"), "pending");

    w.presses("carol", "R-1", "request.approve").await;
    w.presses("bob", "R-1", "request.approve").await;
    w.presses("priya", "R-1", "request.approve").await;
    assert_eq!(w.request_state("R-1"), "approved", "{:#?}", w.audit());
    assert_eq!(w.level("maya@acme.example", "cloud/staging").as_deref(), Some("admin"));
    assert_eq!(has(&w), [true, true]);

    // What was agreed to stays what it is.
    w.edit_policy(
        "resources.yaml",
        "of: [ prod/orders:readonly, cloud/staging:poweruser, shop/repo:write ]",
        "of: [ cloud/staging:poweruser, shop/repo:write ]",
    );
    w.reload().await.unwrap();
    w.advance(minutes(10)).await;
    assert_eq!(has(&w), [true, true]);
    w.advance(hours(2)).await;
    assert_eq!((w.level("maya@acme.example", "cloud/staging"), has(&w)), (None, [false, false]));
}

#[tokio::test]
async fn a_bundle_that_is_no_more_is_not_given() {
    let mut w = two_servers().await;
    w.says("maya", DEBUG).await;
    let text = w.read_policy("resources.yaml");
    w.write_policy("resources.yaml", &text[..text.find("bundles:").unwrap()]);
    w.reload().await.unwrap();
    w.settle().await;
    assert_eq!(w.request_state("R-1"), "invalidated");
    assert!(w.last_dm("maya").contains("not in the policy files any more"), "{}", w.last_dm("maya"));
}

#[tokio::test]
async fn a_bundle_is_not_extended_and_not_asked_for_twice() {
    let mut w = in_force().await;
    for words in ["/jit extend G-1 1h OPS-42 more", "/jit extend 1h OPS-42 more"] {
        let answer = w.says("maya", words).await;
        assert!(answer.contains("Debug orders can't be extended"), "{answer}");
    }
    assert!(w.button("maya", "Debug orders", "grant.extend").is_none());
    let answer = w.says("maya", DEBUG).await;
    assert!(answer.contains("You have Debug orders already, by G-1 and G-2"), "{answer}");
    w.advance(minutes(106)).await;
    let warnings = w.dms("maya").iter().filter(|text| text.contains("R-1 (Debug orders) ends")).count();
    assert_eq!(warnings, 1, "one warning for all of it: {:#?}", w.dms("maya"));
    w.advance(hours(1)).await;
}

#[tokio::test]
async fn whoever_may_not_have_a_part_may_not_have_the_bundle() {
    let mut w = two_servers().await;
    let answer = w.says("hugo", DEBUG).await;
    assert!(answer.contains("nothing called “orders-debugging” that you can ask for"), "{answer}");
    let answer = w.says("maya", &DEBUG.replace("debugging", "debuging")).await;
    assert!(answer.contains("Did you mean orders-debugging?"), "{answer}");
}

#[tokio::test]
async fn the_form_has_bundles_and_no_role_for_them() {
    let mut w = two_servers().await;
    w.says("maya", "/jit request orders-debugging").await;
    let form = w.form_text("maya");
    assert!(form.contains("Debug orders") && !form.contains("\"role\""), "{form}");
    assert!(form.contains("Bob Keller, Carol Winter or Dave Novak will be asked"), "{form}");
    let sent = w.submits("maya", Values::new().option("duration", "120m").text("reason", "OPS-42 slow checkout")).await;
    assert_eq!(sent.then, Then::Closed, "{sent:?}");
    assert_eq!(w.request("R-1").unwrap().terms.parts.len(), 2);
}

/// One server, and two levels of one thing.
#[tokio::test]
async fn two_parts_may_be_two_levels_of_one_thing() {
    let mut w = World::new().await;
    w.edit_policy(
        "resources.yaml",
        "of: [ prod/orders:readonly, shop/repo:write ]",
        "of: [ prod/orders:readonly, prod/orders:readwrite ]",
    );
    w.reload().await.unwrap();
    w.says("bob", "/jit request orders-debugging 1h CHG-7 backfill of the totals").await;
    w.approves_because("carol", "R-1", "agreed in the change board").await;
    w.approves_because("erin", "R-1", "no personal data in it").await;
    assert_eq!(w.request_state("R-1"), "approved", "{:#?}", w.audit());
    assert_eq!((states(&w), w.level("bob", "prod/orders").as_deref()), (["active".into(), "active".into()], Some("readwrite")));
    w.advance(hours(1)).await;
    assert_eq!((states(&w), w.level("bob", "prod/orders")), (["ended".into(), "ended".into()], None));
}

#[tokio::test]
async fn what_nobody_was_asked_about_counts_for_every_part() {
    let mut w = World::new().await;
    let at_once = |id: &str, what: &str, uses: u32| {
        format!(
            "  - id: {id}\n    about: At once.\n    who: {{ group: sre }}\n    what: {{ {what} }}\n    for: {{ max: 1h }}\n    \
             approve: auto\n    limit: {{ uses: {uses}, per: 24h }}\n    otherwise: [ {{ by: owners, count: 1 }} ]\n"
        )
    };
    let rules =
        [at_once("read", "resource: prod/orders, role: readonly", 2), at_once("write", "resource: shop/repo, role: write", 1)];
    w.write_policy("at-once.yaml", &format!("version: 1\npolicies:\n{}", rules.concat()));
    w.reload().await.unwrap();
    w.says("bob", &DEBUG.replace("2h", "30m")).await;
    assert_eq!(states(&w), ["active", "active"], "nobody was asked");
    w.says("bob", "/jit done").await;
    let answer = w.says("bob", "/jit request shop/repo write 30m OPS-42 slow checkout").await;
    assert!(answer.contains("Asked"), "that was the only time: {answer}");
    w.says("bob", "/jit request prod/orders readonly 30m OPS-42 slow checkout").await;
    assert_eq!(w.grant_state("G-4"), "active", "this one is the second: {:#?}", w.audit());
    // Slack takes one message a second and person.
    w.advance(minutes(1)).await;
}
