//! One tap beside a refusal: what would be possible is asked for, or the form opens with what was said. Whoever presses is judged as
//! if they had typed it just now.

use daypass::demo::emulator::{Delivery, Then, Values};

use super::ASK;
use crate::support::world::{World, account, hours, minutes};

const TOO_LONG: &str = "/jit request prod/orders readonly 9h OPS-42 slow checkout";

#[tokio::test]
async fn over_the_cap_the_most_is_one_tap_away() {
    let mut w = World::new().await;
    assert!(w.says("maya", TOO_LONG).await.contains("At most 8 h here"));
    let answer = w.presses("maya", "At most 8 h", "instead.ask").await;
    assert!(answer.contains("Asked: R-1"), "{answer}");
    let request = w.request("R-1").unwrap();
    assert_eq!(request.terms.access_for.as_millis(), 8 * 3_600_000);
    assert_eq!(request.reason.as_typed(), "OPS-42 slow checkout");
    let again = w.presses("maya", "At most 8 h", "instead.ask").await;
    assert!(again.contains("You have asked for exactly that already"), "{again}");
}

#[tokio::test]
async fn outside_the_hours_the_same_for_then_is_one_tap_away() {
    let mut w = World::new().await;
    w.pass(hours(9));
    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("Possible from Wed 18 Mar 08:00 Berlin. Ask for it now, and it starts then"), "{answer}");
    let answer = w.presses("maya", "Possible from", "instead.ask").await;
    assert!(answer.contains("It is for Wed 18 Mar 08:00 Berlin to 10:00 Berlin"), "{answer}");
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "planned");
    w.pass(hours(13));
    w.settle().await;
    assert_eq!((w.grant_state("G-1"), w.ends_in_minutes("G-1")), ("active".to_owned(), 120), "it is 08:00");
}

#[tokio::test]
async fn an_end_that_was_named_stays_the_end() {
    let mut w = World::new().await;
    w.pass(hours(21));
    let answer = w.says("maya", "/jit request prod/orders readonly until 12:00 OPS-42 slow checkout").await;
    assert!(answer.contains("Possible from Wed 18 Mar 08:00"), "it is 07:00: {answer}");
    let answer = w.presses("maya", "Possible from", "instead.ask").await;
    assert!(answer.contains("It is for Wed 18 Mar 08:00 Berlin to 12:00 Berlin"), "{answer}");
}

#[tokio::test]
async fn a_button_that_was_left_until_then_asks_for_now() {
    let mut w = World::new().await;
    w.pass(hours(9));
    w.says("maya", ASK).await;
    w.pass(hours(14));
    let answer = w.presses("maya", "Possible from", "instead.ask").await;
    assert!(answer.contains("Asked: R-1") && !answer.contains("It is for"), "it is 09:00: {answer}");
    assert_eq!(w.request("R-1").unwrap().start_at, None);
}

#[tokio::test]
async fn a_button_that_the_files_no_longer_allow_asks_for_nothing() {
    let mut w = World::new().await;
    w.says("maya", TOO_LONG).await;
    w.edit_policy("policies.yaml", "    for: { max: 8h, default: 2h, extend: { times: 1, total: 12h } }", "    for: { max: 1h }");
    w.reload().await.unwrap();
    let answer = w.presses("maya", "At most 8 h", "instead.ask").await;
    assert!(answer.contains("At most 1 h here"), "{answer}");
    assert_eq!(w.request_state("R-1"), "none");
}

/// Maya's press of the button as it is on its way, with a piece of it exchanged.
async fn pressed_with(w: &mut World, from: &str, to: &str) -> Delivery {
    w.says("maya", TOO_LONG).await;
    let delivery = w.presses_in_vain("maya", "At most 8 h", "instead.ask").await;
    assert!(delivery.body.contains(from), "{}", delivery.body);
    Delivery { body: delivery.body.replace(from, to), ..delivery }
}

#[tokio::test]
async fn somebody_elses_press_of_a_copied_button_means_nothing() {
    let mut w = World::new().await;
    let pressed = pressed_with(&mut w, &account("maya"), &account("bob")).await;
    let answer = w.arrives("maya", pressed).await;
    assert!(answer.contains("this button is not known here any more"), "{answer}");
    assert_eq!(w.request_state("R-1"), "none");
}

#[tokio::test]
async fn a_button_that_was_tampered_with_gives_nothing_that_could_not_be_asked_for() {
    let mut w = World::new().await;
    let pressed = pressed_with(&mut w, "readonly", "readwrite").await;
    let answer = w.arrives("maya", pressed).await;
    assert!(answer.contains("policy doesn't allow that"), "{answer}");
    let mut w = World::new().await;
    let pressed = pressed_with(&mut w, "28800000", "28800001").await;
    let answer = w.arrives("maya", pressed).await;
    assert!(answer.contains("At most 8 h here"), "{answer}");
    let mut w = World::new().await;
    let pressed = pressed_with(&mut w, "access_for", "access_foe").await;
    let answer = w.arrives("maya", pressed).await;
    assert!(answer.contains("this button is not known here any more"), "{answer}");
    assert_eq!(w.request_state("R-1"), "none");
}

#[tokio::test]
async fn a_start_that_is_too_far_away_is_refused() {
    let mut w = World::new().await;
    w.pass(hours(9));
    w.says("maya", ASK).await;
    let delivery = w.presses_in_vain("maya", "Possible from", "instead.ask").await;
    // Wednesday 2026-03-18 08:00 in Berlin, and eight days later.
    let (then, later) = ("1773817200000", "1774508400000");
    assert!(delivery.body.contains(then), "{}", delivery.body);
    let answer = w.arrives("maya", Delivery { body: delivery.body.replace(then, later), ..delivery }).await;
    assert!(answer.contains("It can begin Tue 24 Mar 19:00 Berlin at the latest"), "{answer}");
    assert_eq!(w.request_state("R-1"), "none");
}

#[tokio::test]
async fn a_missing_ticket_is_added_in_the_form_that_has_the_rest() {
    let mut w = World::new().await;
    let answer = w.says("maya", "/jit request prod/orders readonly 2h slow checkout").await;
    assert!(answer.contains("Name the ticket"), "{answer}");
    assert_eq!(w.presses("maya", "Name the ticket", "instead.form").await, "", "a form opens");
    assert!(w.form_text("maya").contains("slow checkout"), "{}", w.form_text("maya"));
    let submitted = w.submits("maya", Values::new().text("ticket", "OPS-42")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    let request = w.request("R-1").unwrap();
    assert_eq!((request.reason.as_typed(), request.terms.access_for.as_millis()), ("OPS-42 slow checkout", 7_200_000));
}

#[tokio::test]
async fn a_misspelt_name_is_offered_as_what_was_probably_meant() {
    let mut w = World::new().await;
    let answer = w.says("maya", "/jit request prod/oders readonly 2h OPS-42 slow checkout").await;
    assert!(answer.contains("Did you mean prod/orders?"), "{answer}");
    assert_eq!(w.presses("maya", "Did you mean", "instead.form").await, "", "a form opens");
    let submitted = w.submits("maya", Values::new()).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert_eq!(w.request("R-1").unwrap().terms.access_for.as_millis(), 7_200_000);
}

#[tokio::test]
async fn a_misspelt_role_is_answered_with_those_that_there_are() {
    let mut w = World::new().await;
    let answer = w.says("bob", "/jit request prod/orders raedonly 2h slow checkout").await;
    assert!(answer.contains("no role “raedonly”") && answer.contains("readonly or readwrite"), "{answer}");
    assert_eq!(w.presses("bob", "no role", "instead.form").await, "", "a form opens");
    let submitted = w.submits("bob", Values::new()).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert_eq!(w.request("R-1").unwrap().terms.role.as_str(), "readonly");
}

#[tokio::test]
async fn what_several_things_are_called_narrows_the_form() {
    let mut w = World::new().await;
    assert_eq!(w.says("bob", "/jit request ORDER 2h slow checkout").await, "", "a form opens");
    let form = w.form_text("bob");
    assert!(form.contains("Orders database") && form.contains("Debug orders"), "{form}");
    assert!(!form.contains("Shop repository") && form.contains("What “ORDER” could mean"), "{form}");
}

#[tokio::test]
async fn names_of_several_words_are_understood() {
    let mut w = World::new().await;
    let answer = w.says("maya", "/jit request Orders Database Read Only 2 hours OPS-42 slow checkout").await;
    assert!(answer.contains("Asked: R-1"), "{answer}");
    assert_eq!(w.request("R-1").unwrap().terms.role.as_str(), "readonly");
}

#[tokio::test]
async fn what_was_denied_is_asked_for_again_with_what_it_was() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.denies("carol", "R-1", "ask for the replica").await;
    assert_eq!(w.presses("maya", "R-1", "request.open").await, "", "a form opens");
    let submitted = w.submits("maya", Values::new().text("reason", "OPS-43 slow checkout again")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    let (first, again) = (w.request("R-1").unwrap(), w.request("R-2").unwrap());
    assert_eq!(first.terms, again.terms);
}

#[tokio::test]
async fn more_time_than_there_is_has_a_button_for_what_there_is() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    let answer = w.says("maya", "/jit extend G-1 9h").await;
    assert!(answer.contains("At most 8 h here"), "{answer}");
    let answer = w.presses("maya", "At most 8 h", "instead.more").await;
    assert!(answer.contains("Asked: R-2"), "{answer}");
}

#[tokio::test]
async fn the_form_says_it_on_the_field_of_the_start() {
    let mut w = World::new().await;
    w.pass(hours(9));
    w.says("maya", "/jit request prod/orders readonly").await;
    let submitted = w.submits("maya", Values::new().text("reason", "OPS-42 slow checkout")).await;
    assert!(submitted.errors()["from"].contains("Possible from Wed 18 Mar 08:00"), "{submitted:?}");
    let submitted = w.submits("maya", Values::new().text("from", "whenever").text("reason", "OPS-42 slow checkout")).await;
    assert!(submitted.errors()["from"].contains("Write a time of day"), "{submitted:?}");
    let submitted = w.submits("maya", Values::new().text("from", "wed 08:00").text("reason", "OPS-42 slow checkout")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert!(w.request("R-1").unwrap().start_at.is_some());
}

#[tokio::test]
async fn whoever_is_not_known_has_the_admins_told_once_a_day() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "    slack: [U0SAM]\n", "");
    w.reload().await.unwrap();
    w.settle().await;
    let before = w.alarms().len();
    let answer = w.says("sam", "/jit mine").await;
    assert!(answer.contains("I don't know your account yet"), "{answer}");
    let answer = w.presses("sam", "I don't know your account", "account.add_me").await;
    assert!(answer.contains("The admins are told"), "{answer}");
    let answer = w.presses("sam", "I don't know your account", "account.add_me").await;
    assert!(answer.contains("told today already"), "{answer}");
    let told = w.alarms().split_off(before);
    assert!(told.len() == 1 && told.concat().contains("U0SAM"), "{told:#?}");
    assert_eq!(w.count_audit("was refused `ask to be added`"), 2, "{:#?}", w.audit());
    w.pass(hours(24));
    w.advance(minutes(1)).await;
    let answer = w.presses("sam", "I don't know your account", "account.add_me").await;
    assert!(answer.contains("The admins are told"), "on another day: {answer}");
}
