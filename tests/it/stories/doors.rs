//! Whoever may not write commands asks by a button: on the pinned message, on their home tab, or by a shortcut.

use daypass::demo::emulator::{Fault, FaultKind, GuestCommands, Seen, Then, Values};

use crate::support::world::{World, account, minutes};

/// Where the message with the buttons stands.
const CHANNEL: &str = "C0DBACCESS";

impl World {
    async fn with_door() -> World {
        let mut w = World::new().await;
        w.app().place_door(CHANNEL).await.unwrap();
        w.settle().await;
        w
    }

    fn doors(&self) -> Vec<String> {
        self.in_channel(CHANNEL).into_iter().filter(|text| text.contains("Need access?")).collect()
    }
}

fn wish() -> Values {
    Values::new().option("resource", "prod/orders").option("duration", "30m").text("reason", "OPS-42 slow checkout")
}

#[tokio::test]
async fn a_guest_who_may_not_write_commands_asks_by_the_pinned_message() {
    let mut w = World::with_door().await;
    w.slack.set_guest_commands(GuestCommands::Blocked);
    let refused = w.slack.slash(&account("maya"), CHANNEL, "/jit request").await;
    assert!(matches!(refused.seen, Seen::Impossible(_)), "{refused:?}");

    assert_eq!(w.presses("maya", "Need access?", "request.open").await, "", "a form opens");
    let submitted = w.submits("maya", wish()).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
}

#[tokio::test]
async fn it_is_pinned_once_and_drawn_anew_where_it_stands() {
    let mut w = World::with_door().await;
    let pins = w.slack.pins(CHANNEL);
    for _ in 0..3 {
        w.app().place_door(CHANNEL).await.unwrap();
        w.settle().await;
    }
    assert_eq!((w.doors().len(), w.slack.pins(CHANNEL)), (1, pins));
    w.restart().await;
    w.app().place_door(CHANNEL).await.unwrap();
    w.settle().await;
    assert_eq!(w.doors().len(), 1, "{:?}", w.doors());
}

#[tokio::test]
async fn a_message_that_could_not_be_pinned_is_not_posted_twice() {
    let mut w = World::new().await;
    w.slack.fault(Fault::times("pins.add", 2, FaultKind::ServerError));
    w.app().place_door(CHANNEL).await.unwrap();
    w.settle().await;
    assert_eq!((w.doors().len(), w.slack.pins(CHANNEL).len()), (1, 0));
    w.advance(minutes(3)).await;
    assert_eq!((w.doors().len(), w.slack.pins(CHANNEL).len()), (1, 1));
}

#[tokio::test]
async fn it_goes_into_no_channel_that_others_share_or_that_the_bot_is_not_in() {
    let w = World::new().await;
    for (channel, why) in
        [("C0SHARED", "shared with another organisation"), ("C0OLD", "archived"), ("C0HIDDEN", "Slack does not say")]
    {
        let told = w.app().place_door(channel).await.unwrap_err();
        assert!(told.contains(why), "{channel}: {told}");
    }
}

#[tokio::test]
async fn a_stranger_who_presses_it_is_refused_and_it_is_written_down() {
    let mut w = World::with_door().await;
    w.join("nora", CHANNEL);
    for action in ["request.open", "glass.open"] {
        let answer = w.presses("nora", "Need access?", action).await;
        assert!(answer.contains("I don't know your account yet"), "{answer}");
    }
    assert_eq!(w.count_audit("T0DAYPASS/U0NORA"), 2, "{:#?}", w.audit());
}

#[tokio::test]
async fn the_glass_is_broken_by_a_button_as_by_the_command() {
    let mut w = World::with_door().await;
    assert_eq!(w.presses("bob", "Need access?", "glass.open").await, "", "a form opens");
    let form = w.form_text("bob");
    assert!(form.contains("For emergencies") && form.contains("reviews it afterwards"), "{form}");
    let values = Values::new().option("resource", "prod/orders readonly").option("duration", "30m");
    let submitted = w.submits("bob", values.text("reason", "orders are stuck since 09:40")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(w.review_state("R-1"), "open");
}

#[tokio::test]
async fn whoever_may_not_break_the_glass_reads_so() {
    let mut w = World::with_door().await;
    let answer = w.presses("maya", "Need access?", "glass.open").await;
    assert!(answer.contains("break the glass"), "{answer}");
    assert!(w.form("maya").is_none());
    assert!(w.has_audit("break-glass"), "{:#?}", w.audit());
}

#[tokio::test]
async fn a_shortcut_opens_the_same_form_for_members_and_a_sentence_for_strangers() {
    let mut w = World::new().await;
    let used = w.slack.shortcut(&account("bob"), "request.open").await;
    assert!(used.is_acknowledged(), "{used:?}");
    assert_eq!(w.form("bob").unwrap().title(), "Request access");
    w.slack.shortcut(&account("nora"), "request.open").await;
    assert!(w.form_text("nora").contains("I don't know your account yet"), "{}", w.form_text("nora"));
    w.slack.shortcut(&account("carol"), "glass.open").await;
    assert!(w.form("carol").is_some());
    w.settle().await;
    assert!(w.has_audit("T0DAYPASS/U0NORA"), "{:#?}", w.audit());
}

#[tokio::test]
async fn the_command_works_under_whatever_name_the_manifest_gave_it() {
    let mut w = World::new().await;
    let shown =
        w.slack.slash(&account("maya"), "C0GENERAL", "/access request prod/orders readonly 2h OPS-42 slow checkout").await;
    assert!(shown.is_acknowledged(), "{shown:?}");
    w.settle().await;
    assert_eq!(w.request_state("R-1"), "pending");
}
