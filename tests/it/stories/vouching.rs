//! A late end: who is told what to do by hand, looking again at once, and an admin's word where nobody can look.

use daypass::demo::emulator::{Message, Then, Values};
use daypass::demo::sandbox::{SandboxFault, SandboxFaultKind};

use super::ASK;
use crate::support::world::{World, account, hours, minutes};

/// Maya's access should have ended, and the provider does not let go of it. It is told of.
async fn overdue() -> World {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::FailBefore)));
    w.advance(hours(2) + minutes(40)).await;
    assert_eq!(w.grant_state("G-1"), "revoking");
    w
}

/// Somebody presses a button on an alarm in a channel that they are in.
async fn presses(w: &mut World, who: &str, about: &str, action: &str) -> String {
    let channel = if who == "carol" { "C0DBACCESS" } else { "C0SECURITY" };
    let has_it = |message: &Message| {
        let blocks = serde_json::to_string(&message.blocks).unwrap();
        blocks.contains(action) && blocks.contains(about)
    };
    let alarm = w.slack.messages(channel).into_iter().rev().find(has_it).unwrap_or_else(|| panic!("{who} sees no `{action}`"));
    let said = w.click(who, &alarm, action).await;
    w.settle().await;
    said
}

/// The answers to what somebody presses: at once, and after the worker had its turn.
async fn checks(w: &mut World, who: &str) -> Vec<String> {
    let before = w.slack.ephemerals(&account(who)).len();
    let mut changes = w.slack.watch();
    presses(w, who, "G-1", "grant.check").await;
    let both = async {
        while w.slack.ephemerals(&account(who)).len() < before + 2 {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), both).await.expect("what was seen is told");
    w.slack.ephemerals(&account(who)).split_off(before).iter().map(|message| message.shown_text()).collect()
}

// I12
#[tokio::test]
async fn whoever_reads_the_alarm_has_it_looked_at_again_and_reads_what_was_seen() {
    let mut w = overdue().await;
    let said = checks(&mut w, "erin").await;
    assert!(said[0].contains("I am looking at G-1 (Orders database · Read only) now"), "{said:#?}");
    assert!(said[1].contains("can't say"), "{said:#?}");
    assert_eq!(w.grant_state("G-1"), "revoking");

    // Somebody removes it by hand, and the provider lets itself be looked at again.
    w.provider.take("maya", "prod/orders");
    w.provider.set_fault(None);
    let said = checks(&mut w, "carol").await;
    assert!(said[1].contains("G-1 (Orders database · Read only) is over: verified at the provider"), "{said:#?}");
    assert_eq!(w.grant_state("G-1"), "ended", "and nobody waited for the next try");
    for who in ["erin", "carol"] {
        assert!(w.button(who, "G-1", "grant.check").is_none(), "nothing is left to press");
    }
    let answer = w.alarms().last().unwrap().clone();
    assert!(answer.contains("is over since"), "{answer}");
}

// I13
#[tokio::test]
async fn an_admin_vouches_for_an_end_and_it_is_never_called_verified() {
    let mut w = overdue().await;
    assert_eq!(presses(&mut w, "priya", "G-1", "grant.vouch").await, "", "a form opens");
    let empty = w.submits("priya", Values::new().text("reason", " \u{200b} ")).await;
    assert!(matches!(empty.then, Then::Errors(_) | Then::Incomplete(_)), "{empty:?}");
    assert_eq!(w.grant_state("G-1"), "revoking");
    let submitted = w.submits("priya", Values::new().text("reason", "I dropped the role on the server myself")).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    assert_eq!(w.grant_state("G-1"), "ended");
    assert!(w.has_audit("Priya attested it") || w.has_audit("priya attested it"), "{:#?}", w.audit());
    let told = [w.alarms().last().unwrap().clone(), w.last_dm("maya"), w.card("R-1")];
    for text in &told {
        assert!(!text.contains("verified at the provider <") && !text.contains("; verified at the provider"), "{text}");
    }
    let alarms = w.alarms();
    assert!(
        alarms.iter().any(|text| text.contains("was late: it is over since") && text.contains("on the word of")),
        "{alarms:#?}"
    );
    assert!(told[0].contains("on the word of Priya Raman, not verified at the provider"), "{told:#?}");
    // The work goes on.
    w.provider.set_fault(None);
    w.advance(hours(1)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}

// I16
#[tokio::test]
async fn nobody_else_vouches_and_nobody_for_themselves() {
    let mut w = overdue().await;
    let answer = presses(&mut w, "carol", "G-1", "grant.vouch").await;
    assert!(answer.contains("Only admins can attest"), "{answer}");
    assert!(w.form("carol").is_none());
    assert!(w.has_audit("carol was refused `vouch` of G-1"), "{:#?}", w.audit());
    w.provider.set_fault(None);
    w.advance(minutes(15)).await;

    w.says("priya", "/jit request prod/orders readonly 1h looking at the totals").await;
    w.presses("carol", "R-2", "request.approve").await;
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::FailBefore)));
    w.advance(hours(2)).await;
    let answer = presses(&mut w, "priya", "G-2", "grant.vouch").await;
    assert!(answer.contains("your own access"), "{answer}");
    assert_eq!(w.grant_state("G-2"), "revoking");
    w.provider.set_fault(None);
    w.advance(minutes(15)).await;
}
