//! The story that every kill interrupts: Maya asks, Carol agrees, the access is in force, and it ends.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::process::{Rig, shows};
use crate::support::world::account;

const ASK: &str = "/jit request prod/orders readonly 2h OPS-42 slow checkout";
const PAST_THE_END_MS: i64 = 2 * 3_600_000 + 1_000;
const APPROVE: &str = "request.approve";

/// Plays it to its end, whoever kills the process meanwhile.
pub async fn play(rig: &mut Rig) {
    play_until_in_force(rig).await;
    rig.push(PAST_THE_END_MS).await;
    rig.until("ended, and told", async |rig| is_over(rig).await).await;
}

/// Its first half.
pub async fn play_until_in_force(rig: &mut Rig) {
    ask_and_agree(rig).await;
    rig.until("in force, and told", async |rig| {
        level(rig).as_deref() == Some("readonly") && grant_is(rig, "active").await && told_maya(rig, "grant.done")
    })
    .await;
}

/// Maya asks, and Carol agrees.
pub async fn ask_and_agree(rig: &mut Rig) {
    maya_asks(rig).await;
    assert_eq!(level(rig), None, "nothing before anybody agreed");
    carol_agrees(rig).await;
}

/// Whether it has ended, and everybody was told.
pub async fn is_over(rig: &Rig) -> bool {
    level(rig).is_none() && grant_is(rig, "ended").await && told_maya(rig, "verified at the provider") && cards_follow(rig)
}

/// She asks until she is answered, as people do; but what was answered is there.
async fn maya_asks(rig: &mut Rig) {
    let mut is_answered = false;
    loop {
        rig.ready().await;
        let Some(requests) = rig.states("requests").await else { continue };
        if !requests.is_empty() {
            return;
        }
        assert!(!is_answered, "an answered request was lost:\n{}", rig.last_words());
        let shown = rig.slack.slash(&account("maya"), "C0DBACCESS", ASK).await;
        is_answered = shown.is_acknowledged();
        assert!(!is_answered || shown.text().contains("R-1"), "{}", shown.text());
    }
}

/// She presses on the first card there is. It may be one that the process forgot it had posted (E61).
async fn carol_agrees(rig: &mut Rig) {
    let mut is_answered = false;
    loop {
        rig.ready().await;
        let Some(requests) = rig.states("requests").await else { continue };
        match requests.as_slice() {
            [(_, state)] if state == "approved" => return,
            [(_, state)] if state == "pending" => {}
            other => panic!("there should be one request: {other:?}"),
        }
        assert!(!is_answered, "an acknowledged click was lost:\n{}", rig.last_words());
        rig.until("a card", async |rig| rig.cards().iter().any(|card| shows(card, APPROVE))).await;
        let card = rig.cards().into_iter().find(|card| shows(card, APPROVE)).unwrap();
        is_answered = rig.slack.press(&account("carol"), &card.channel, &card.ts, APPROVE).await.is_acknowledged();
    }
}

/// Looks at everything once the story is over.
pub async fn check(rig: &mut Rig) {
    rig.ready().await;
    forgotten_cards_follow_once_pressed(rig).await;
    let verified = rig.insist(json!({ "op": "audit.verify" })).await;
    assert_eq!(verified["intact"], true, "{verified}");
    let requests = rig.insist(json!({ "op": "requests" })).await;
    assert_eq!(requests["requests"].as_array().unwrap().len(), 1, "{requests}");
    assert_eq!(requests["requests"][0]["state"], "approved");
    let grants = rig.insist(json!({ "op": "grants" })).await;
    assert_eq!(grants["grants"].as_array().unwrap().len(), 1, "{grants}");
    assert_eq!(grants["grants"][0]["state"], "ended");

    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for entry in rig.audit().await {
        *counts.entry(entry["kind"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let once = ["request.asked", "request.approved", "grant.planned", "grant.active", "grant.ended"];
    for kind in once {
        assert_eq!(counts.get(kind), Some(&1), "{kind}: {counts:?}");
    }
    for never in ["grant.failed", "grant.void", "grant.drifted", "grant.overdue", "clock.suspect"] {
        assert_eq!(counts.get(never), None, "{never}: {counts:?}");
    }
    assert!(rig.cards().len() <= 1 + rig.deaths, "{} cards after {} deaths", rig.cards().len(), rig.deaths);
    assert!(rig.provider.items().is_empty(), "{:?}", rig.provider.items());
    given_before_taken(rig);
    assert_eq!(rig.slack.complaints(), Vec::<String>::new());
}

/// A card that nobody knows of any more still can be pressed. Then it is known again and follows.
async fn forgotten_cards_follow_once_pressed(rig: &mut Rig) {
    while let Some(card) = rig.cards().into_iter().find(|card| shows(card, APPROVE)) {
        let shown = rig.slack.press(&account("dave"), &card.channel, &card.ts, APPROVE).await;
        assert!(shown.is_acknowledged(), "{shown:?}");
        rig.until("the card follows", async |rig| rig.cards().iter().any(|now| now.ts == card.ts && !shows(now, APPROVE))).await;
    }
}

/// After something was taken away, nothing is given any more.
fn given_before_taken(rig: &Rig) {
    let changes: Vec<_> = rig.provider.calls().into_iter().filter(|call| call.method != "GET").collect();
    let first_removal = changes.iter().position(|call| call.method == "DELETE").unwrap();
    assert!(changes[first_removal..].iter().all(|call| call.method == "DELETE"), "{changes:#?}");
}

/// What Maya really holds.
pub fn level(rig: &Rig) -> Option<String> {
    rig.provider.level("maya", "prod/orders")
}

/// Whether the one grant is in this state.
pub async fn grant_is(rig: &Rig, state: &str) -> bool {
    rig.states("grants").await.is_some_and(|grants| matches!(grants.as_slice(), [(_, is)] if is == state))
}

/// Whether this stands in one of Maya's messages.
pub fn told_maya(rig: &Rig, words: &str) -> bool {
    rig.slack.dm(&account("maya")).iter().any(|message| shows(message, words))
}

/// Whether the card that was posted last offers nothing any more.
fn cards_follow(rig: &Rig) -> bool {
    rig.cards().last().is_some_and(|card| !shows(card, APPROVE))
}
