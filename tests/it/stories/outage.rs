//! Six hours without Slack, with fifty requests in them: nothing that is given or taken away waits for it, and afterwards everybody
//! reads how things stand, once, as fast as Slack takes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use daypass::access::words::Words;
use daypass::app::{HostUser, OnHost};
use daypass::demo::emulator::{Fault, FaultKind, Kind, Pace, User};

use crate::support::world::{World, hours, minutes};

const PEOPLE: usize = 50;

fn name(number: usize) -> String {
    format!("p{number:02}")
}

/// Fifty engineers more, with a user on the host each; Carol has one, too.
async fn large_house() -> World {
    let mut w = World::new().await;
    let mut people = String::new();
    for number in 1..=PEOPLE {
        let id = name(number);
        w.slack.add_user(User {
            id: format!("U0{}", id.to_uppercase()),
            team_id: "T0DAYPASS".to_owned(),
            name: id.clone(),
            real_name: format!("Person {number}"),
            title: String::new(),
            email: None,
            tz: "Europe/Berlin".to_owned(),
            kind: Kind::Member,
            deleted: false,
        });
        let account = format!("U0{}", id.to_uppercase());
        writeln!(
            people,
            "  - {{ id: {id}, name: Person {number}, slack: [{account}], host_user: {id}, kind: employee, accounts: {{ orders: {id} }} }}"
        )
        .unwrap();
    }
    w.edit_policy("people.yaml", "people:\n", &format!("people:\n{people}"));
    w.edit_policy("people.yaml", "slack: [U0CAROL]", "slack: [U0CAROL]\n    host_user: carol");
    let members: Vec<String> = (1..=PEOPLE).map(name).collect();
    w.edit_policy("people.yaml", "members: [bob, carol, dave, priya]", &format!("members: [bob, {}]", members.join(", ")));
    w.reload().await.unwrap();
    w.settle().await;
    (1..=PEOPLE).for_each(|number| w.provider.add_account(&name(number)));
    w.slack.set_pace(Pace::LikeSlack);
    w.checks_rows_at_rest = false;
    w.advance(minutes(3)).await;
    w
}

async fn on_host(w: &mut World, user: &str, deed: OnHost) {
    let user = HostUser { uid: 1000, names: vec![user.to_owned()] };
    w.app().on_host(&user, deed).await.unwrap();
    w.settle().await;
}

// E39 I3
#[tokio::test]
async fn after_six_hours_without_slack_everybody_reads_once_how_things_stand() {
    let mut w = large_house().await;
    w.slack.go_down();
    w.pass(minutes(2));
    let mut filed: Vec<(String, i64)> = Vec::new();
    for minute in 0..360_i64 {
        if minute % 7 == 0 && filed.len() < PEOPLE {
            let who = name(filed.len() + 1);
            on_host(&mut w, &who, OnHost::File { words: "prod/orders readonly 1h the totals are wrong".to_owned() }).await;
            let request = format!("R-{}", filed.len() + 1).parse().unwrap();
            let terms = w.app().describe(request).await.unwrap().unwrap().terms;
            on_host(&mut w, "carol", OnHost::Approve { request, terms, note: Words::default() }).await;
            filed.push((who, minute));
        }
        for (who, since) in &filed {
            let expected = (minute - since < 60).then(|| "readonly".to_owned());
            assert_eq!(w.level(who, "prod/orders"), expected, "{who}, {} minutes after it began", minute - since);
        }
        w.advance(minutes(1)).await;
    }
    assert_eq!(filed.len(), PEOPLE);
    assert!(w.dms("p01").is_empty() && w.in_channel("C0DBACCESS").is_empty(), "nobody has read anything");

    let calls_before = w.slack.calls().len();
    // The first that is posted arrives, and nobody hears that it did.
    w.slack.fault(Fault::once("chat.postMessage", FaultKind::DropAfter));
    w.slack.come_up();
    for _ in 0..60 {
        w.pass(Duration::from_secs(4));
        w.settle().await;
    }
    let calls = w.slack.calls().split_off(calls_before);
    assert_eq!(calls.iter().filter(|call| call.status == 429).count(), 0, "no faster than Slack takes it");
    let (mut duplicates, mut both) = (0, Vec::new());
    for number in 1..=PEOPLE {
        let (who, id) = (name(number), format!("R-{number}"));
        let (dms, cards) = (w.dms(&who), w.cards(&id));
        let is_over = w.grant_state(&format!("G-{number}")) == "ended";
        // Of what is in force there is more to read than one message: how to get in, and that it ends soon.
        let wanted = if is_over { 1 } else { dms.iter().collect::<BTreeSet<_>>().len() };
        let more = dms.len().saturating_sub(wanted) + cards.len().saturating_sub(1);
        if more > 0 {
            both.push(number);
        }
        duplicates += more;
        assert!(!dms.is_empty() && !cards.is_empty(), "{who}: {dms:#?} {cards:#?}");
        for text in dms.iter().chain(&cards) {
            assert!(!is_over || text.contains("verified at the provider"), "{who}: {text}");
            assert!(is_over || !text.contains("[Approve"), "{who}: {text}");
        }
    }
    assert!(duplicates <= 1, "one message may have been posted twice, and no other: {both:?}");

    // What is in force ends, and whatever was posted twice says so twice.
    w.advance(hours(1)).await;
    for number in 1..=PEOPLE {
        let (who, id) = (name(number), format!("R-{number}"));
        assert_eq!(w.level(&who, "prod/orders"), None);
        assert!(w.cards(&id).iter().all(|card| card.contains("verified at the provider")), "{:#?}", w.cards(&id));
    }
}

// E39 E61
#[tokio::test]
async fn what_was_posted_twice_after_an_outage_follows_what_happens() {
    let mut w = World::new().await;
    w.says("maya", super::ASK).await;
    w.slack.go_down();
    w.pass(minutes(1));
    w.settle().await;
    w.slack.come_up();
    w.slack.fault(Fault::once("chat.postMessage", FaultKind::DropAfter));
    w.says("bob", "/jit request prod/orders readonly 2h the totals are wrong").await;
    w.advance(minutes(2)).await;
    let copies = w.card_messages("R-2");
    assert_eq!(copies.len(), 2, "it could not be known whether the first one arrived");
    // Whoever presses anything on the copy that is not known makes it known.
    w.chooses_on("dave", &copies[0], "R-2", "request.details").await;
    w.presses("carol", "R-2", "request.approve").await;
    w.advance(minutes(1)).await;
    let buttons: Vec<String> = w.cards("R-2").into_iter().filter(|card| card.contains("[Approve")).collect();
    assert_eq!(buttons, Vec::<String>::new(), "no copy still asks");
}
