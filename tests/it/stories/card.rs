//! What an approver can do with a card beside yes and no: ask, approve less time, pass it on, approve several at once.

use daypass::demo::emulator::{Fault, FaultKind, Input, Message, Then, Values};

use super::{ASK, WRITE};
use crate::support::world::{World, account, hours, minutes};

const READ: &str = "/jit request prod/orders readonly 2h slow checkout";

impl World {
    async fn asks_about(&mut self, who: &str, about: &str, words: &str) {
        assert_eq!(self.presses(who, about, "request.question").await, "", "a form opens");
        let submitted = self.submits(who, Values::new().text("question", words)).await;
        assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    }

    async fn approves_less(&mut self, who: &str, about: &str, length: &str, why: &str) {
        assert_eq!(self.chooses(who, about, "request.shorter").await, "", "a form opens");
        let submitted = self.submits(who, Values::new().option("duration", length).text("reason", why)).await;
        assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    }
}

#[tokio::test]
async fn a_question_goes_to_the_requester_and_the_answer_to_whoever_asked_and_to_the_card() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.asks_about("carol", "R-1", "which *query* is it, &c.?").await;
    assert!(w.last_dm("maya").contains("which *query* is it, &c.?"), "{}", w.last_dm("maya"));
    assert!(w.card("R-1").contains("Carol Winter asked (not answered yet):"), "{}", w.card("R-1"));

    let again = w.presses_in_vain("maya", "R-1", "request.answer").await;
    assert_eq!(w.presses("maya", "R-1", "request.answer").await, "", "a form opens");
    let submitted = w.submits("maya", Values::new().text("answer", "the *totals* per day")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert!(w.card("R-1").contains("Maya Okafor answered:"), "{}", w.card("R-1"));
    assert!(w.button("maya", "R-1", "request.answer").is_none(), "it is answered");
    let late = w.arrives("maya", again).await;
    assert!(late.contains("Maya Okafor answered that"), "{late}");

    assert!(w.last_dm("carol").contains("the *totals* per day"), "{}", w.last_dm("carol"));
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("Approved"), "she decides where she reads the answer: {answer}");
    assert!(w.button("carol", "R-1", "request.approve").is_none());
    assert!(w.card("R-1").contains("which *query* is it, &c.?"), "it stays: {}", w.card("R-1"));
    let log: Vec<String> = w.audit().into_iter().filter(|line| line.contains("question")).collect();
    assert_eq!(log, ["R-1: carol asked question 1", "R-1: maya answered question 1"]);
}

// E61
#[tokio::test]
async fn a_copy_of_a_question_that_nobody_noted_loses_its_button_as_well() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.slack.fault(Fault::once("chat.postMessage", FaultKind::DropAfter));
    w.asks_about("carol", "R-1", "for whom?").await;
    w.advance(minutes(1)).await;
    let open = |w: &World| -> Vec<Message> {
        let dm = w.slack.dm(&account("maya")).into_iter();
        dm.filter(|message| serde_json::to_string(&message.blocks).unwrap().contains("\"request.answer\"")).collect()
    };
    let copies = open(&w);
    assert_eq!(copies.len(), 2, "it could not be known whether the first one arrived");
    assert_eq!(w.click("maya", &copies[0], "request.answer").await, "", "a form opens");
    w.submits("maya", Values::new().text("answer", "for the shop")).await;
    w.advance(minutes(1)).await;
    assert!(open(&w).is_empty(), "{:#?}", w.dms("maya"));
}

#[tokio::test]
async fn only_those_who_decide_ask_and_no_clock_stops_for_a_question() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let answer = w.presses("priya", "R-1", "request.question").await;
    assert!(answer.contains("not among those who may decide"), "{answer}");
    w.asks_about("dave", "R-1", "for whom?").await;
    assert!(w.button("maya", "R-1", "request.answer").is_some());
    w.advance(hours(4)).await;
    assert_eq!(w.request_state("R-1"), "expired");
    assert!(w.button("maya", "R-1", "request.answer").is_none(), "nobody waits for an answer any more");

    w.says("carol", READ).await;
    let answer = w.presses("carol", "R-2", "request.question").await;
    assert!(answer.contains("You can't approve your own request"), "{answer}");
}

#[tokio::test]
async fn what_was_asked_and_answered_is_erased_like_every_other_word() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.asks_about("carol", "R-1", "a zebra asks").await;
    w.presses("maya", "R-1", "request.answer").await;
    w.submits("maya", Values::new().text("answer", "the giraffe answers")).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(hours(2)).await;
    let user = daypass::app::HostUser { uid: 1000, names: vec!["operator".to_owned()] };
    for (who, theirs, kept) in [("carol", "zebra", Some("giraffe")), ("maya", "giraffe", None)] {
        w.app().erase(&user, &who.parse().unwrap()).await.unwrap();
        w.advance(hours(1)).await;
        let everything = format!("{:?}{:?}{:?}{:?}", w.cards("R-1"), w.dms("maya"), w.dms("carol"), w.request("R-1"));
        assert!(!everything.contains(theirs) && kept.is_none_or(|kept| everything.contains(kept)), "{everything}");
    }
    assert!(w.has_audit("R-1: maya answered question 1"));
}

// E59
#[tokio::test]
async fn less_time_is_approved_and_everybody_reads_how_much_less() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let older = w.presses_in_vain("dave", "R-1", "request.approve").await;
    w.approves_less("carol", "R-1", "60m", "enough for that").await;
    assert_eq!(w.request_state("R-1"), "approved");
    assert_eq!(w.ends_in_minutes("G-1"), 60);
    let dms = w.dms("maya").concat();
    assert!(dms.contains("*Carol Winter* approved *1 h* instead of 2 h"), "{dms}");
    assert!(w.card("R-1").contains("approved *1 h* instead of 2 h"), "{}", w.card("R-1"));
    let late = w.arrives("dave", older).await;
    assert!(late.contains("It was approved by Carol Winter"), "{late}");
    w.advance(hours(1)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// E59 I7
#[tokio::test]
async fn an_older_card_is_of_other_terms_once_somebody_approved_less() {
    let mut w = World::new().await;
    w.says("bob", WRITE).await;
    let older = w.presses_in_vain("erin", "R-1", "request.approve").await;
    w.approves_less("carol", "R-1", "30m", "the change board gave half an hour").await;
    assert_eq!(w.request_state("R-1"), "pending");
    assert!(w.last_dm("bob").contains("Carol Winter approved 30 min instead of 1 h"), "{}", w.last_dm("bob"));
    let answer = w.arrives("erin", older).await;
    assert!(answer.contains("has changed since this card was drawn"), "{answer}");
    w.approves_because("erin", "R-1", "no personal data in it").await;
    assert_eq!(w.request_state("R-1"), "approved");
    assert_eq!(w.request("R-1").unwrap().approvals.len(), 2, "who agreed to less before has agreed");
    assert_eq!(w.ends_in_minutes("G-1"), 30);
    insta::assert_snapshot!(w.card("R-1"));
}

// E59
#[tokio::test]
async fn of_more_time_less_is_approved_as_well_and_the_end_moves_by_that() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(90)).await;
    w.says("maya", "/jit extend G-1 1h OPS-42 the query is still running").await;
    w.approves_less("carol", "R-2", "15m", "it is nearly through").await;
    assert_eq!(w.ends_in_minutes("G-1"), 45);
    w.advance(minutes(45)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}

#[tokio::test]
async fn what_is_of_high_risk_asks_again_and_details_come_from_the_menu() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.says("bob", WRITE).await;
    let asks_again = |w: &World, id: &str| {
        let card = w.button("carol", id, "request.approve").unwrap();
        serde_json::to_string(&card.blocks).unwrap().contains("Approve access of high risk?")
    };
    assert!(!asks_again(&w, "R-1") && asks_again(&w, "R-2"));
    assert_eq!(w.chooses("carol", "R-1", "request.details").await, "", "a form opens");
    let details = w.form_text("carol");
    for part in ["To be decided by", "In force within", "Lasts", "You are asked", "Sponsor", "Contract ends", "Policy"] {
        assert!(details.contains(part), "{part}: {details}");
    }
}

#[tokio::test]
async fn less_time_needs_the_note_that_all_of_it_would_need() {
    let mut w = World::new().await;
    w.says("bob", WRITE).await;
    w.chooses("carol", "R-1", "request.shorter").await;
    let submitted = w.submits("carol", Values::new().option("duration", "30m").text("reason", "\u{200b} ")).await;
    assert!(submitted.errors()["reason"].contains("Say why"), "{submitted:?}");
    assert_eq!(w.request("R-1").unwrap().terms.access_for.to_string(), "1 h", "nothing of it was recorded");
    let answer = w.chooses("bob", "R-1", "request.shorter").await;
    assert!(answer.contains("You can't approve your own request"), "{answer}");
}

#[tokio::test]
async fn a_card_is_passed_on_to_somebody_who_could_decide_it_as_well() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.chooses("carol", "R-1", "request.pass_on").await;
    let form = w.form_text("carol");
    assert!(form.contains("Dave Novak") && !form.contains("Erin Castillo"), "only those who could: {form}");
    let submitted = w.submits("carol", Values::new().option("person", "dave")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert!(w.last_dm("dave").contains("*Carol Winter* passes this on to you"), "{}", w.last_dm("dave"));
    assert!(w.card("R-1").contains("Passed on: *Carol Winter* to *Dave Novak*"), "{}", w.card("R-1"));
    assert!(w.has_audit("R-1: carol passed it on to dave"));

    let answer = w.chooses("carol", "R-1", "request.pass_on").await;
    assert!(answer.contains("There is nobody else whom I could ask"), "{answer}");
    let answer = w.presses("dave", "R-1", "request.approve").await;
    assert!(answer.contains("Approved"), "{answer}");
    assert!(w.last_dm("dave").contains("Approved by *Dave Novak*"), "what he got follows: {}", w.last_dm("dave"));
}

#[tokio::test]
async fn whoever_could_not_decide_it_does_not_get_it() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.chooses("carol", "R-1", "request.pass_on").await;
    w.edit_policy("people.yaml", "id: dba, members: [carol, dave]", "id: dba, members: [carol, priya]");
    w.reload().await.unwrap();
    let submitted = w.submits("carol", Values::new().option("person", "dave")).await;
    assert!(submitted.errors()["person"].contains("Dave Novak could not decide this in your place"), "{submitted:?}");
    assert!(!w.has_audit("passed it on"));
}

#[tokio::test]
async fn several_that_wait_for_one_approver_are_approved_together() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.says("bob", READ).await;
    w.says("priya", READ).await;
    w.says("bob", WRITE).await;
    let listed = w.says("carol", "/jit pending").await;
    assert!(listed.contains("Approve these 3"), "{listed}");
    w.presses("carol", "Approve these 3", "request.approve_these").await;
    let form = w.form_text("carol");
    assert!(form.contains("Not here: R-4") && form.contains("high risk"), "{form}");
    assert!(form.contains("Maya Okafor (contractor, Acme) asks for Orders database · Read only for 2 h"), "{form}");

    w.says("priya", "/jit cancel R-3").await;
    let submitted = w.submits("carol", Values::new()).await;
    assert!(matches!(submitted.then, Then::Updated(_)), "{submitted:?}");
    let results = w.form_text("carol");
    assert_eq!(results.matches("✅ Approved: R-").count(), 2, "{results}");
    assert!(results.contains("⚠️ R-3: It was withdrawn by Priya Raman"), "{results}");
    for (id, state) in [("R-1", "approved"), ("R-2", "approved"), ("R-3", "cancelled"), ("R-4", "pending")] {
        assert_eq!(w.request_state(id), state, "{id}");
    }
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    // So many cards at once are more than Slack takes of one channel in a second.
    w.advance(minutes(1)).await;
    assert!(w.card("R-4").contains("Needed:"), "{}", w.card("R-4"));
}

#[tokio::test]
async fn what_is_taken_out_of_the_list_stays_open_and_what_changed_meanwhile_is_not_approved() {
    let mut w = World::new().await;
    w.says("bob", READ).await;
    w.says("maya", ASK).await;
    w.says("carol", "/jit pending").await;
    w.presses("carol", "Approve these 2", "request.approve_these").await;
    let taken_out = Values::new().with(Some("approve R-1"), "approve R-1", Input::Options(Vec::new()));
    w.submits("carol", taken_out).await;
    assert_eq!((w.request_state("R-1"), w.request_state("R-2")), ("pending".to_owned(), "approved".to_owned()));
}

#[tokio::test]
async fn what_wants_a_note_is_not_approved_in_passing() {
    let mut w = World::new().await;
    w.edit_policy(
        "policies.yaml",
        "    approve: [ { by: owners } ]\n\n  - id: prod-write",
        "    approve: [ { by: owners } ]\n    approver_note: required\n\n  - id: prod-write",
    );
    w.reload().await.unwrap();
    w.says("maya", ASK).await;
    w.says("bob", READ).await;
    let listed = w.says("carol", "/jit pending").await;
    assert!(!listed.contains("Approve these"), "one alone is no list: {listed}");
    assert_eq!(w.presses("dave", "R-2", "request.approve").await, "", "a form opens: it wants a note");
}

// E15 I2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_people_click_at_the_same_instant_and_all_but_one_read_who_was_first() {
    const CROWD: usize = 64;
    let mut w = World::new().await;
    let names: Vec<String> = (0..CROWD).map(|number| format!("p{number}")).collect();
    let person =
        |name: &String| format!("  - {{ id: {name}, name: Person {name}, slack: [{}], kind: employee }}\n", account(name));
    w.write_policy("crowd.yaml", &format!("version: 1\npeople:\n{}", names.iter().map(person).collect::<String>()));
    w.edit_policy("people.yaml", "id: dba, members: [carol, dave]", &format!("id: dba, members: [{}]", names.join(", ")));
    let template = w.slack.users().into_iter().find(|user| user.id == "U0CAROL").unwrap();
    for name in &names {
        let user = daypass::demo::emulator::User { id: account(name), ..template.clone() };
        assert!(w.slack.join(user));
        w.join(name, "C0DBACCESS");
    }
    w.answer_within = std::time::Duration::from_secs(60);
    w.slack.give_the_app(std::time::Duration::from_secs(60));
    w.restart().await;
    w.says("maya", ASK).await;
    let card = w.button("p0", "R-1", "request.approve").unwrap();

    let mut clicks = tokio::task::JoinSet::new();
    for name in &names {
        let (slack, card, who) = (w.slack.clone(), card.clone(), account(name));
        clicks.spawn(async move { slack.press(&who, &card.channel, &card.ts, "request.approve").await });
    }
    for shown in clicks.join_all().await {
        assert!(shown.is_acknowledged(), "{shown:?}");
    }
    let mut answers = Vec::new();
    for name in &names {
        answers.push(w.answer_to(name).await);
    }
    w.settle().await;
    let first = w.request("R-1").unwrap().approvals[0].by.to_string();
    assert_eq!(answers.iter().filter(|answer| answer.contains("Approved: R-1")).count(), 1, "{answers:#?}");
    let told = format!("It was approved by Person {first}");
    assert_eq!(answers.iter().filter(|answer| answer.contains(&told)).count(), CROWD - 1, "{answers:#?}");
    assert_eq!(w.count_audit("agreed"), 1);
    assert_eq!((w.grant_state("G-1").as_str(), w.grant_state("G-2").as_str()), ("active", "none"));
}
