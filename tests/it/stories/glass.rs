//! Break-glass: access at once that nobody agreed to, told to everybody who was not asked, and reviewed by somebody else.

use daypass::access::request::Mode;
use daypass::demo::emulator::{Submitted, Then, Values};

use crate::support::world::{World, account, hours, minutes};

/// Bob, who is in SRE, needs at once what Carol or Dave would have decided.
const BREAK: &str = "/jit break-glass prod/orders readonly 30m orders are stuck since 09:40, nobody answers";

async fn broken() -> World {
    let mut w = World::new().await;
    let answer = w.says("bob", BREAK).await;
    assert!(answer.contains("The glass is broken"), "{answer}");
    w
}

/// Somebody presses Close review, and says what they found.
async fn closes(w: &mut World, who: &str, finding: &str, note: &str) -> Submitted {
    assert_eq!(w.presses(who, "R-1", "review.close").await, "", "a form opens");
    w.submits(who, Values::new().option("finding", finding).text("reason", note)).await
}

// E46
#[tokio::test]
async fn access_comes_at_once_and_everybody_who_was_not_asked_reads_it() {
    let mut w = World::new().await;
    let answer = w.says("bob", BREAK).await;
    assert!(answer.contains("The glass is broken"), "{answer}");
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(w.ends_in_minutes("G-1"), 30);
    for who in ["carol", "dave"] {
        assert!(w.last_dm(who).contains("Bob Keller broke the glass"), "{who}, who owns it: {:#?}", w.dms(who));
        assert!(w.last_dm(who).contains("orders are stuck"), "{who} reads why");
    }
    for who in ["erin", "frank"] {
        assert!(w.button(who, "R-1", "review.close").is_some(), "{who} may review it");
    }
    assert!(w.dms("sam").is_empty() && w.dms("priya").is_empty(), "nobody else is bothered");
    assert!(w.alarms().concat().contains("Bob Keller broke the glass"), "{:#?}", w.alarms());
    let heard = [vec![answer], w.dms("bob"), w.dms("carol"), w.dms("erin"), w.alarms(), w.cards("R-1")].map(|s| s.join("\n--\n"));
    insta::assert_snapshot!(heard.join("\n=====\n"));
}

// E46 I16
#[tokio::test]
async fn the_review_stays_open_over_the_end_of_the_access_and_is_closed_by_somebody_else() {
    let mut w = broken().await;
    w.advance(minutes(30)).await;
    assert_eq!(w.level("bob", "prod/orders"), None);
    assert_eq!((w.grant_state("G-1"), w.review_state("R-1")), ("ended".to_owned(), "open".to_owned()));
    let submitted = closes(&mut w, "erin", "justified", " ").await;
    assert!(submitted.errors()["reason"].contains("Say what you found"), "{submitted:?}");
    let submitted = w.submits("erin", Values::new().option("finding", "justified").text("reason", "the alarm was real")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert_eq!(w.review_state("R-1"), "justified");
    for who in ["erin", "frank"] {
        assert!(w.button(who, "R-1", "review.close").is_none(), "nothing is left to press");
    }
    assert!(w.last_dm("bob").contains("breaking the glass was justified"), "{}", w.last_dm("bob"));
    assert!(w.last_dm("bob").contains("the alarm was real"), "{}", w.last_dm("bob"));
    assert!(w.alarms().concat().contains("Reviewed by *Erin Castillo*"), "{:#?}", w.alarms());
    assert_eq!(w.count_audit("erin reviewed it: breaking the glass was justified"), 1, "{:#?}", w.audit());
    insta::assert_snapshot!(w.audit().iter().filter(|line| line.starts_with("R-")).cloned().collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn a_review_is_closed_once() {
    let mut w = broken().await;
    let late = w.presses_in_vain("frank", "R-1", "review.close").await;
    assert_eq!(closes(&mut w, "erin", "justified", "the alarm was real").await.then, Then::Closed);
    let answer = w.arrives("frank", late).await;
    assert!(answer.contains("Erin Castillo closed this review"), "{answer}");
}

// E46 I16
#[tokio::test]
async fn nobody_reviews_their_own_by_whichever_account_nor_what_is_not_for_them() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "slack: [U0BOB]", "slack: [U0BOB, U0NORA]");
    w.edit_policy("people.yaml", "{ id: dba, members: [carol, dave] }", "{ id: dba, members: [carol, dave, bob] }");
    w.edit_policy("policies.yaml", "review: { by: group/security,", "review: { by: group/dba,");
    w.reload().await.unwrap();
    w.join("nora", "C0DBACCESS");
    w.says("bob", BREAK).await;
    for (who, sentence) in [
        ("bob", "You can't review what you got or filed yourself"),
        ("nora", "You can't review what you got or filed yourself"),
        ("erin", "You are not among those who may review this"),
    ] {
        let answer = w.presses(who, "R-1", "review.close").await;
        assert!(answer.contains(sentence), "{who}: {answer}");
    }
    assert_eq!(w.review_state("R-1"), "open");
    assert_eq!(w.count_audit("bob was refused `review`"), 2, "{:#?}", w.audit());
    assert_eq!(closes(&mut w, "dave", "justified", "the alarm was real").await.then, Then::Closed);
}

#[tokio::test]
async fn the_groups_of_today_say_who_reviews() {
    let mut w = broken().await;
    w.edit_policy("people.yaml", "{ id: security, members: [erin, frank] }", "{ id: security, members: [frank, sam] }");
    w.reload().await.unwrap();
    let answer = w.presses("erin", "R-1", "review.close").await;
    assert!(answer.contains("You are not among those who may review this"), "{answer}");
    let answer = w.says("sam", "/jit pending").await;
    assert!(answer.contains("*Bob Keller* broke the glass"), "{answer}");
    assert!(w.says("erin", "/jit pending").await.contains("Nothing waits for you"));
    assert!(w.says("sam", "/jit why R-1").await.contains("To be reviewed by security"));
    assert_eq!(closes(&mut w, "sam", "not_justified", "there was no alarm at all").await.then, Then::Closed);
    assert!(w.last_dm("bob").contains("breaking the glass was not justified"), "{}", w.last_dm("bob"));
    assert!(w.alarms().last().unwrap().contains("not justified"), "{:#?}", w.alarms());
}

// E46
#[tokio::test]
async fn a_late_review_is_told_every_day_until_somebody_closes_it() {
    let mut w = broken().await;
    let told = |w: &World| w.alarms().iter().filter(|text| text.contains("A review is late")).count();
    w.pass(hours(24) - minutes(1));
    w.settle().await;
    assert_eq!(told(&w), 0);
    w.pass(minutes(1));
    w.settle().await;
    assert_eq!(told(&w), 1);
    assert!(w.dms("erin").iter().any(|text| text.contains("A review is late")), "{:#?}", w.dms("erin"));
    w.pass(hours(23));
    w.settle().await;
    assert_eq!(told(&w), 1, "once a day");
    w.pass(hours(1));
    w.settle().await;
    assert_eq!((told(&w), w.review_state("R-1")), (2, "open".to_owned()));
    w.restart().await;
    w.settle().await;
    assert_eq!(told(&w), 2, "no alarm is told twice");
    let loud = w.alarms().concat();
    assert_eq!(closes(&mut w, "frank", "justified", "I was on holiday").await.then, Then::Closed);
    assert!(w.alarms().last().unwrap().contains("*Frank Osei* reviewed"), "{:#?}", w.alarms());
    w.pass(hours(72));
    w.settle().await;
    assert_eq!(told(&w), 2);
    insta::assert_snapshot!(loud);
}

#[tokio::test]
async fn without_a_policy_for_it_the_answer_points_to_the_usual_way() {
    let mut w = World::new().await;
    for (who, what) in [("maya", "prod/orders readonly"), ("carol", "prod/orders readonly"), ("sam", "shop/repo write")] {
        let answer = w.says(who, &format!("/jit break-glass {what} 30m orders are stuck since 09:40")).await;
        assert!(answer.contains("No policy lets you break the glass for this"), "{who}: {answer}");
        assert!(answer.contains("/jit request"), "{who}: {answer}");
    }
    w.edit_policy("policies.yaml", "what: { resource: \"*\", role: \"*\" }", "what: { resource: shop/repo, role: write }");
    w.reload().await.unwrap();
    let answer = w.says("bob", BREAK).await;
    assert!(answer.contains("No policy lets you break the glass for this"), "he may for something else: {answer}");
    assert_eq!(w.request_state("R-1"), "none");
    assert_eq!(w.count_audit("was refused `break-glass`"), 4, "{:#?}", w.audit());
}

#[tokio::test]
async fn what_is_too_much_is_refused_with_what_is_possible() {
    let mut w = World::new().await;
    let mut heard = Vec::new();
    for words in [
        "/jit break-glass prod/orders readonly 2h orders are stuck since 09:40",
        "/jit break-glass prod/orders readonly 30m stuck",
        "/jit break-glass prod/orders readonly 30m",
        "/jit break-glass prod/orders root 30m orders are stuck since 09:40",
        "/jit break-glass prod/orders 30m orders are stuck since 09:40",
        "/jit break-glass prod/nothing readonly 30m orders are stuck since 09:40",
        "/jit break-glass prod/orders readonly",
        "/jit break-glass",
    ] {
        heard.push(format!("> {words}\n{}\n", w.says("bob", words).await));
    }
    w.edit_policy("policies.yaml", "    reason: { min_length: 20 } ", "");
    w.reload().await.unwrap();
    let answer = w.says("bob", "/jit break-glass prod/orders readonly 30m").await;
    assert!(answer.contains("Say at the end why you break the glass"), "no policy makes it needless: {answer}");
    assert_eq!(w.request_state("R-1"), "none");
    insta::assert_snapshot!(heard.join("\n"));
}

#[tokio::test]
async fn nobody_breaks_a_glass_that_nobody_else_could_review() {
    let mut w = World::new().await;
    w.edit_policy("policies.yaml", "review: { by: group/security,", "review: { by: person/bob,");
    w.reload().await.unwrap();
    let answer = w.says("bob", BREAK).await;
    assert!(answer.contains("Nobody could review this"), "{answer}");
    assert_eq!(w.level("bob", "prod/orders"), None);
}

// E15
#[tokio::test]
async fn the_same_command_twice_breaks_the_glass_once() {
    let mut w = broken().await;
    let command = w.last_delivery();
    for _ in 0..3 {
        let again = w.slack.push_raw(&command).await;
        assert!(again.body.contains("The glass is broken"), "answered as the first time: {}", again.body);
    }
    w.settle().await;
    assert_eq!(w.count_audit("nobody agreed to it"), 1, "{:#?}", w.audit());
    assert_eq!(w.request_state("R-2"), "none");
    assert_eq!(w.alarms().len(), 1);
}

// E3 E46
#[tokio::test]
async fn a_death_between_the_command_and_the_provider_loses_neither_the_access_nor_the_review() {
    let mut w = World::new().await;
    let shown = w.slack.slash(&account("bob"), "C0GENERAL", BREAK).await;
    assert!(shown.text().contains("The glass is broken"), "{shown:?}");
    w.kill().await;
    assert_eq!(w.level("bob", "prod/orders"), None, "nothing was sent yet");
    w.start().await;
    assert_eq!(w.review_state("R-1"), "open");
    w.settle().await;
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(w.alarms().len(), 1, "{:#?}", w.alarms());
    assert!(w.button("erin", "R-1", "review.close").is_some());
}

#[tokio::test]
async fn what_waits_for_a_decision_does_not_hold_up_an_emergency() {
    let mut w = World::new().await;
    w.says("bob", "/jit request prod/orders readonly 30m slow checkout").await;
    let answer = w.says("bob", BREAK).await;
    assert!(answer.contains("The glass is broken"), "{answer}");
    let answer = w.says("bob", BREAK).await;
    assert!(answer.contains("You have that already"), "{answer}");
    assert_eq!((w.request_state("R-1"), w.review_state("R-2")), ("pending".to_owned(), "open".to_owned()));
}

// E46
#[tokio::test]
async fn a_rule_that_wants_people_even_so_makes_a_request_of_it() {
    let mut w = World::new().await;
    let answer = w.says("bob", "/jit break-glass prod/orders readwrite 30m orders are stuck since 09:40").await;
    assert!(answer.contains("You have no access yet") && answer.contains("prod-needs-two"), "{answer}");
    assert_eq!((w.level("bob", "prod/orders"), w.review_state("R-1")), (None, "none".to_owned()));
    assert_eq!(w.request("R-1").unwrap().mode, Mode::Ask);
    w.approves_because("carol", "R-1", "it is on fire").await;
    assert_eq!(w.level("bob", "prod/orders"), None, "two people");
    w.approves_because("dave", "R-1", "it really is").await;
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readwrite"));
    assert_eq!(w.review_state("R-1"), "none", "people agreed to it");

    w.says("bob", "/jit done").await;
    w.edit_policy("policies.yaml", "    approvals: 2\n", "    approvals: 2\n    break_glass: exempt\n");
    w.reload().await.unwrap();
    let answer = w.says("bob", "/jit break-glass prod/orders readwrite 30m orders are stuck since 09:40").await;
    assert!(answer.contains("The glass is broken"), "{answer}");
    // Slack takes one message a second and channel.
    w.advance(minutes(3)).await;
}

#[tokio::test]
async fn it_has_more_time_only_when_people_agree() {
    let mut w = broken().await;
    let answer = w.says("bob", "/jit extend G-1 30m still stuck, and nobody answers").await;
    assert!(answer.contains("Asked"), "the usual policy lets people decide: {answer}");
    w.presses("carol", "R-2", "request.approve").await;
    assert_eq!((w.ends_in_minutes("G-1"), w.review_state("R-1")), (60, "open".to_owned()));

    w.edit_policy(
        "policies.yaml",
        "for: { max: 8h, default: 2h, extend: { times: 2 } }",
        "for: { max: 8h, extend: { times: 2, approve: auto } }",
    );
    w.reload().await.unwrap();
    let answer = w.says("bob", "/jit extend G-1 30m still stuck, and nobody answers").await;
    assert!(answer.contains("gets no more time without people"), "{answer}");
    assert_eq!(w.ends_in_minutes("G-1"), 60);

    w.says("bob", "/jit break-glass shop/repo write 30m orders are stuck since 09:40").await;
    let answer = w.says("bob", "/jit extend G-2 30m still stuck, and nobody answers").await;
    assert!(answer.contains("gets no more time without people"), "no usual policy extends this: {answer}");
    w.advance(minutes(3)).await;
}

#[tokio::test]
async fn where_owners_review_the_card_is_in_their_channel() {
    let mut w = World::new().await;
    w.edit_policy("policies.yaml", "review: { by: group/security,", "review: { by: group/dba,");
    w.reload().await.unwrap();
    w.says("bob", BREAK).await;
    assert!(
        w.in_channel("C0DBACCESS").iter().any(|text| text.contains("To be reviewed by")),
        "{:#?}",
        w.in_channel("C0DBACCESS")
    );
    assert_eq!(closes(&mut w, "dave", "justified", "I saw it").await.then, Then::Closed);
}

#[tokio::test]
async fn owners_end_it_like_any_other() {
    let mut w = broken().await;
    let answer = w.says("carol", "/jit revoke G-1 we are there now").await;
    assert!(!answer.contains("can't"), "{answer}");
    assert_eq!(w.level("bob", "prod/orders"), None);
    assert_eq!((w.grant_state("G-1"), w.review_state("R-1")), ("ended".to_owned(), "open".to_owned()));
}

// E1 E46
#[tokio::test]
async fn a_bundle_is_given_at_once_or_not_at_all_and_is_reviewed_once() {
    let mut w = World::new().await;
    let answer = w.says("bob", "/jit break-glass orders-debugging 30m orders are stuck since 09:40").await;
    assert!(answer.contains("The glass is broken"), "{answer}");
    assert_eq!(["G-1", "G-2"].map(|grant| w.grant_state(grant)), ["active", "active"]);
    assert_eq!(w.count_audit("nobody agreed to it; to be reviewed"), 1, "{:#?}", w.audit());
    assert!(w.says("bob", "/jit done").await.contains("G-2"), "all of it ends");
    assert_eq!(["G-1", "G-2"].map(|grant| w.grant_state(grant)), ["ended", "ended"]);
    assert_eq!(w.review_state("R-1"), "open");
    assert_eq!(closes(&mut w, "erin", "justified", "the alarm was real").await.then, Then::Closed);
    // Slack takes one message a second and person.
    w.advance(minutes(1)).await;
}
