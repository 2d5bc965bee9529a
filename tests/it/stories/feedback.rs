//! How much an access was: asked of a sample, not often, of whoever had it, and counted for those who offer it.

use std::time::Duration;

use super::ASK;
use crate::support::world::{World, account, hours, minutes};

const DAY: u64 = 24;
const BUTTONS: [&str; 3] = ["feedback.too_much", "feedback.just_right", "feedback.too_little"];

impl World {
    /// Maya asks for access until this is the number of the request, takes all before it back, and has this one approved.
    async fn has_number(&mut self, number: u32) {
        let first = (1..number).find(|n| self.request(&format!("R-{n}")).is_none()).unwrap_or(number);
        for n in first..number {
            self.says("maya", ASK).await;
            self.says("maya", &format!("/jit cancel R-{n}")).await;
            self.advance(minutes(1)).await;
        }
        self.says("maya", ASK).await;
        self.presses("carol", &format!("R-{number}"), "request.approve").await;
        assert_eq!(self.grant_state(&format!("G-{number}")), "active");
        // So many messages to one person take their time: Slack takes one a second.
        self.advance(minutes(1)).await;
    }

    /// Days pass at once.
    async fn is_off_for(&mut self, time: Duration) {
        self.stop().await;
        self.pass(time);
        self.start().await;
        self.settle().await;
    }

    /// What Maya's message about this request asks her, if it does.
    fn asks_maya(&self, id: &str) -> Option<String> {
        let shown: Vec<_> = BUTTONS.iter().map(|button| self.button("maya", id, button)).collect();
        assert!(shown.iter().all(Option::is_some) || shown.iter().all(Option::is_none), "all of them or none");
        shown.into_iter().next().flatten().map(|message| message.shown_text())
    }
}

#[tokio::test]
async fn it_is_asked_where_the_end_stands_and_the_answer_takes_the_place_of_the_buttons() {
    let mut w = World::new().await;
    w.has_number(5).await;
    assert_eq!(w.asks_maya("R-5"), None, "while it is in force there is nothing to say yet");
    let before = w.dms("maya").len();
    w.presses("maya", "G-5", "grant.done").await;
    assert_eq!(w.grant_state("G-5"), "ended");
    let asked = w.asks_maya("R-5").unwrap();
    assert!(asked.contains("too much, just right or too little"), "{asked}");
    assert_eq!(w.dms("maya").len(), before + 1, "the end is told; the question needs no message of its own");

    // Both before the message is drawn anew.
    let answer = w.presses_before_work("maya", "R-5", "feedback.just_right").await;
    assert_eq!(answer, "Noted: just right. Thanks.");
    let answer = w.presses("maya", "R-5", "feedback.too_much").await;
    assert!(answer.contains("Maya Okafor answered that"), "{answer}");
    assert_eq!(w.asks_maya("R-5"), None);
    assert!(w.dms("maya").concat().contains("You said that it was *just right*."), "{:#?}", w.dms("maya"));
    assert!(w.has_audit("R-5: maya says that it was just right"), "{:#?}", w.audit());
    assert_eq!(w.count_audit("says that it was"), 1, "{:#?}", w.audit());
}

#[tokio::test]
async fn nobody_else_answers_and_an_answer_is_not_needed() {
    let mut w = World::new().await;
    w.has_number(5).await;
    w.advance(hours(2)).await;
    assert_eq!(w.grant_state("G-5"), "ended");
    let mut forged = w.presses_in_vain("maya", "R-5", "feedback.too_much").await;
    forged.body = forged.body.replace(&account("maya"), &account("carol"));
    assert_eq!(w.delivers(forged).await.status, Some(200));
    w.settle().await;
    assert!(w.has_audit("carol was refused `answer` of R-5: not yours to answer"), "{:#?}", w.audit());
    assert_eq!(w.count_audit("says that it was"), 0);
    assert!(w.button("maya", "R-5", "request.open").is_some(), "she can ask again without having said anything");
    w.restart().await;
    assert!(w.asks_maya("R-5").is_some());
}

#[tokio::test]
async fn most_are_not_asked_about_and_nobody_twice_in_a_week() {
    let mut w = World::new().await;
    w.has_number(4).await;
    w.presses("maya", "G-4", "grant.done").await;
    w.has_number(5).await;
    w.presses("maya", "G-5", "grant.done").await;
    w.is_off_for(hours(6 * DAY)).await;
    w.has_number(10).await;
    w.presses("maya", "G-10", "grant.done").await;
    w.is_off_for(hours(DAY)).await;
    w.has_number(15).await;
    w.presses("maya", "G-15", "grant.done").await;
    let asked: Vec<bool> = ["R-4", "R-5", "R-10", "R-15"].iter().map(|id| w.asks_maya(id).is_some()).collect();
    assert_eq!(asked, [false, true, false, true]);
}

#[tokio::test]
async fn whoever_lost_it_is_not_asked_whether_it_was_enough() {
    let mut w = World::new().await;
    w.has_number(5).await;
    w.says("dave", "/jit revoke G-5 the replica is up").await;
    assert_eq!(w.grant_state("G-5"), "ended");
    assert_eq!(w.asks_maya("R-5"), None);
    assert_eq!(w.count_audit("is asked how much it was"), 0);
}

#[tokio::test]
async fn the_digest_counts_what_was_said_by_what_it_was_for() {
    let mut w = World::new().await;
    w.looks_at_the_schedule().await;
    w.has_number(5).await;
    w.presses("maya", "G-5", "grant.done").await;
    w.presses("maya", "R-5", "feedback.too_much").await;
    w.advance(hours(1)).await;
    w.looks_at_the_schedule().await;
    let digest = w.digests().concat();
    assert!(digest.contains("Of *Orders database · Read only* people said: too much once."), "{digest}");
    w.advance(hours(1)).await;
    w.looks_at_the_schedule().await;
    assert!(!w.digests()[1].contains("people said"), "{:#?}", w.digests());
}
