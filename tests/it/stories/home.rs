//! The home tab: what is one's own, and what waits for one, is there when it is opened, and stays so without being opened again.

use daypass::app::{Drain, HostUser};
use daypass::demo::emulator::{Fault, FaultKind, Input, Place, Values};

use super::ASK;
use crate::support::world::{World, account, hours, minutes};

impl World {
    /// Somebody opens their home tab, and reads it.
    pub async fn opens_home(&mut self, who: &str) -> String {
        let shown = self.slack.open_home(&account(who)).await;
        assert!(shown.is_acknowledged(), "{who}: {shown:?}");
        self.settle().await;
        self.home(who)
    }

    /// What their home tab says, opened a while ago.
    fn home(&self, who: &str) -> String {
        self.slack.home(&account(who)).map(|view| view.shown_text()).unwrap_or_default()
    }

    fn has_button(&self, who: &str, action: &str) -> bool {
        let home = self.slack.home(&account(who));
        home.is_some_and(|view| serde_json::to_string(view.blocks()).unwrap().contains(&format!("\"{action}\"")))
    }

    /// Somebody presses a button on their home tab. The answer stands in a window, or is a form.
    async fn presses_at_home(&mut self, who: &str, action: &str) -> String {
        let home = self.slack.home(&account(who)).unwrap_or_else(|| panic!("{who} never opened their home tab"));
        let shown = self.slack.act(&account(who), &Place::View(home.id), None, action, Input::Press).await;
        assert!(shown.is_acknowledged(), "{who} {action}: {shown:?}");
        let mut changes = self.slack.watch();
        let text = loop {
            if let Some(view) = self.form(who) {
                break view.shown_text();
            }
            changes.changed().await.unwrap();
        };
        self.settle().await;
        text
    }

    fn closes(&self, who: &str) -> String {
        self.form(who).unwrap().id
    }
}

#[tokio::test]
async fn whoever_opens_it_reads_what_they_hold_and_how_long_still() {
    let mut w = World::new().await;
    let home = w.opens_home("maya").await;
    assert!(home.contains("You hold nothing right now."), "{home}");
    assert!(home.contains("Nothing that you asked for waits"), "{home}");
    assert!(!home.contains("Waiting for you"), "she decides nothing: {home}");

    w.says("maya", ASK).await;
    w.advance(minutes(1)).await;
    assert!(w.home("maya").contains("R-1 (Orders database"), "{}", w.home("maya"));
    w.presses("carol", "R-1", "request.approve").await;
    w.pass(minutes(1));
    let home = w.opens_home("maya").await;
    assert!(home.contains("G-1 (Orders database") && home.contains("1 h 59 min left"), "{home}");
    insta::assert_snapshot!(home);
}

#[tokio::test]
async fn it_follows_what_happens_without_being_opened_again() {
    let mut w = World::new().await;
    w.opens_home("maya").await;
    w.opens_home("carol").await;
    w.says("maya", ASK).await;
    w.advance(minutes(1)).await;
    assert!(w.home("carol").contains("asks for"), "{}", w.home("carol"));
    assert!(w.has_button("carol", "request.approve"));

    w.presses_at_home("carol", "request.approve").await;
    w.advance(minutes(1)).await;
    assert!(!w.has_button("carol", "request.approve"), "{}", w.home("carol"));
    assert!(w.has_button("maya", "grant.done"), "{}", w.home("maya"));

    w.advance(hours(2)).await;
    assert!(w.home("maya").contains("You hold nothing right now."), "{}", w.home("maya"));
}

#[tokio::test]
async fn its_buttons_do_what_those_of_messages_do_and_answer_in_a_window() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.opens_home("maya").await;
    let answer = w.presses_at_home("maya", "request.withdraw").await;
    assert!(answer.contains("Withdrawn"), "{answer}");
    assert_eq!(w.request_state("R-1"), "cancelled");
    let open = w.closes("maya");
    w.slack.close(&account("maya"), &open).await;

    w.presses_at_home("maya", "request.open").await;
    let values = Values::new().option("resource", "prod/orders").option("duration", "30m").text("reason", "OPS-42 slow checkout");
    let form = w.form("maya").unwrap();
    assert_eq!(form.title(), "Request access");
    w.submits("maya", values).await;
    w.advance(minutes(1)).await;
}

// E41
#[tokio::test]
async fn whoever_is_not_known_reads_why() {
    let mut w = World::new().await;
    for (who, says) in [("nora", "I don't know your account yet"), ("external", "")] {
        w.slack.open_home(&account(who)).await;
        w.settle().await;
        assert!(w.home(who).contains(says), "{who}: {}", w.home(who));
        assert!(!w.has_button(who, "request.open"), "{who}");
    }
}

#[tokio::test]
async fn admins_read_how_the_whole_is() {
    let mut w = World::new().await;
    let home = w.opens_home("priya").await;
    assert!(home.contains("Daypass itself is well"), "{home}");
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(1)).await;
    assert!(w.home("priya").contains("Maya Okafor (Acme)"), "{}", w.home("priya"));

    let user = HostUser { uid: 1000, names: vec!["operator".to_owned()] };
    w.app().drain(&user, Drain::Begin).await.unwrap();
    w.settle().await;
    w.advance(minutes(1)).await;
    assert!(w.home("priya").contains("taken out of service"), "{}", w.home("priya"));
    assert!(!w.home("maya").contains("For admins"), "{}", w.home("maya"));
}

#[tokio::test]
async fn what_follows_quickly_is_drawn_once() {
    let mut w = World::new().await;
    w.opens_home("maya").await;
    let published = |w: &World| w.slack.calls().iter().filter(|call| call.method == "views.publish").count();
    let before = published(&w);
    for _ in 0..5 {
        w.opens_home("maya").await;
    }
    assert_eq!(published(&w), before, "nothing within the pause");
    w.advance(minutes(1)).await;
    assert_eq!(published(&w), before + 1);
}

#[tokio::test]
async fn a_home_tab_that_slack_does_not_take_is_tried_again_or_waits_until_it_is_opened() {
    let mut w = World::new().await;
    w.slack.fault(Fault::times("views.publish", 1, FaultKind::ServerError));
    assert_eq!(w.opens_home("maya").await, "");
    w.advance(minutes(2)).await;
    assert!(w.home("maya").contains("Your access"), "{}", w.home("maya"));

    w.slack.fault(Fault::times("views.publish", 1, FaultKind::Error("not_enabled".to_owned())));
    w.says("maya", ASK).await;
    w.advance(minutes(1)).await;
    assert!(!w.home("maya").contains("R-1"), "it was given up: {}", w.home("maya"));
    assert!(w.opens_home("maya").await.contains("R-1"));
}
