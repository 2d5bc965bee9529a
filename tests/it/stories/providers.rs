//! Providers that fail, act without saying so, are late, or are others than they were.

use daypass::demo::sandbox::{On, SandboxFault, SandboxFaultKind};

use super::ASK;
use crate::support::world::{World, hours, minutes};

fn down() -> Option<SandboxFault> {
    Some(SandboxFault::lasting(SandboxFaultKind::Down))
}

async fn approved(w: &mut World) {
    w.says("maya", ASK).await;
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("Approved"), "{answer}");
}

#[tokio::test]
async fn a_provider_that_is_down_at_the_grant_gets_it_later() {
    let mut w = World::new().await;
    w.provider.set_fault(down());
    approved(&mut w).await;
    w.advance(minutes(20)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert!(!w.dms("maya").concat().contains("is yours until"), "nobody says so before it was seen");
    w.provider.set_fault(None);
    w.advance(minutes(2)).await;
    assert_eq!(w.grant_state("G-1"), "active");
    assert_eq!(w.ends_in_minutes("G-1") / 10, 11, "the time counts from when it was seen in force");
    w.advance(hours(2)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
}

#[tokio::test]
async fn a_provider_that_stays_down_lets_the_request_lapse() {
    let mut w = World::new().await;
    w.provider.set_fault(down());
    approved(&mut w).await;
    w.advance(hours(1) + minutes(1)).await;
    assert_eq!(w.grant_state("G-1"), "failed");
    assert!(w.last_dm("maya").contains("could not be given"), "{}", w.last_dm("maya"));
    w.provider.set_fault(None);
    w.advance(hours(3)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    insta::assert_snapshot!(w.dms("maya").join("\n---\n"));
}

// E4 I12 I13
#[tokio::test]
async fn a_provider_that_is_down_at_the_end_is_never_given_up() {
    let mut w = World::with_two_servers().await;
    approved(&mut w).await;
    w.says("hugo", "/jit request shop/repo write 2h the new basket").await;
    w.presses("bob", "R-2", "request.approve").await;
    assert_eq!(w.other.level("hugo-initech", "shop/repo").as_deref(), Some("readwrite"));

    w.provider.set_fault(down());
    w.advance(hours(2)).await;
    assert_eq!(w.grant_state("G-1"), "revoking");
    assert_eq!(w.other.level("hugo-initech", "shop/repo"), None, "another provider is not held up");
    let overdue = |w: &World| w.alarms().iter().filter(|text| text.contains("may still be there")).count();
    assert_eq!(overdue(&w), 0);
    for (wait, alarms) in [(5, 1), (24, 1), (1, 2), (89, 2), (1, 3), (240, 3)] {
        w.advance(minutes(wait)).await;
        assert_eq!(overdue(&w), alarms, "{:#?}", w.alarms());
        let in_channel = w.in_channel("C0DBACCESS").iter().filter(|text| text.contains("may still be there")).count();
        assert!(in_channel > alarms, "the owners read it too, and the card says it");
    }
    assert!(w.card("R-1").contains("Overdue"), "{}", w.card("R-1"));

    w.provider.set_fault(None);
    w.advance(minutes(15)).await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert!(w.alarms().last().unwrap().contains("is over"), "{:#?}", w.alarms());
    assert!(w.in_channel("C0DBACCESS").last().unwrap().contains("is over"));
    insta::assert_snapshot!(w.alarms().join("\n---\n"));
}

// E2
#[tokio::test]
async fn a_grant_call_that_acts_and_drops_its_answer_is_read_back() {
    let mut w = World::new().await;
    w.provider.set_fault(Some(SandboxFault::next(1, SandboxFaultKind::FailAfter).on(On::Changes)));
    approved(&mut w).await;
    w.advance(minutes(2)).await;
    assert_eq!(w.grant_state("G-1"), "active");
    let puts = w.provider.calls().iter().filter(|call| call.method == "PUT").count();
    assert_eq!(puts, 1, "what is there is not given twice");
    w.advance(hours(2)).await;
    assert_eq!(w.level("maya", "prod/orders"), None, "what came of the lost answer is ours to take back");
}

// E2 E5
#[tokio::test]
async fn a_removal_that_acts_and_drops_its_answer_is_read_back() {
    let mut w = World::new().await;
    approved(&mut w).await;
    w.provider.set_fault(Some(SandboxFault::next(1, SandboxFaultKind::FailAfter).on(On::Changes)));
    w.advance(hours(2) + minutes(1)).await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert!(w.last_dm("maya").contains("its time was over"), "{}", w.last_dm("maya"));
}

// E55
#[tokio::test]
async fn a_grant_call_that_lands_after_all_is_found_and_removed() {
    let mut w = World::new().await;
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::LandsLate)));
    approved(&mut w).await;
    w.advance(minutes(30)).await;
    assert_eq!(w.grant_state("G-1"), "failed", "{:#?}", w.audit());
    w.provider.set_fault(None);
    assert!(w.provider.release_late() > 0);
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"), "now it is there");

    w.sweep().await;
    assert_eq!(w.level("maya", "prod/orders"), None, "{:#?}", w.audit());
    assert_eq!(w.grant_state("G-1"), "ended");
    insta::assert_snapshot!(w.dms("maya").join("\n---\n"));
}

// E55
#[tokio::test]
async fn without_a_sweep_what_landed_late_is_found_at_its_latest_end() {
    let mut w = World::new().await;
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::LandsLate)));
    approved(&mut w).await;
    w.advance(minutes(30)).await;
    w.provider.set_fault(None);
    w.provider.release_late();
    w.advance(hours(3)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
}

// E54 I13
#[tokio::test]
async fn another_server_at_the_same_address_proves_nothing() {
    let mut w = World::new().await;
    approved(&mut w).await;
    w.kill().await;
    w.start_at(&w.other.url(), &w.other.token()).await;
    w.advance(hours(2) + minutes(6)).await;
    assert_eq!(w.grant_state("G-1"), "revoking", "absent there is not absent where it was given");
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert!(w.alarms().concat().contains("is another server than"), "{:#?}", w.alarms());

    w.restart().await;
    w.advance(minutes(15)).await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.level("maya", "prod/orders"), None);
    insta::assert_snapshot!(w.alarms().join("\n---\n"));
}

// E23
#[tokio::test]
async fn what_somebody_else_removed_is_told_and_not_given_again() {
    let mut w = World::new().await;
    approved(&mut w).await;
    w.provider.take("maya", "prod/orders");
    w.sweep().await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert!(w.alarms().concat().contains("something else than it should"), "{:#?}", w.alarms());
    insta::assert_snapshot!(w.dms("maya").join("\n---\n"));
}

// E24 E57
#[tokio::test]
async fn the_sweep_removes_what_bears_our_mark_and_nothing_else() {
    let mut w = World::new().await;
    approved(&mut w).await;
    let mark = w.provider.access("maya", "prod/orders").unwrap().mark.unwrap();
    w.says("maya", "/jit done").await;
    assert_eq!(w.level("maya", "prod/orders"), None);

    w.provider.give_marked("maya", "prod/orders", "readonly", &mark);
    w.provider.give_marked("hugo", "prod/orders", "readonly", "daypass-0123456789ab-g1");
    w.provider.give("bob", "prod/orders", "readonly");
    w.sweep().await;
    assert_eq!(w.level("maya", "prod/orders"), None, "ours, and nobody claims it");
    assert_eq!(w.level("hugo", "prod/orders").as_deref(), Some("readonly"), "another installation's");
    assert_eq!(w.level("bob", "prod/orders").as_deref(), Some("readonly"), "nobody's");
}

// E24
#[tokio::test]
async fn what_bears_our_mark_and_is_in_no_row_is_told() {
    let mut w = World::new().await;
    let mark = format!("daypass-{}-g7", w.app().store().installation());
    w.provider.give_marked("dave", "prod/orders", "admin", &mark);
    w.sweep().await;
    let alarms = w.alarms();
    assert!(alarms[0].contains("prod/orders") && alarms[0].contains("dave"), "{alarms:#?}");
    assert_eq!(
        alarms.len(),
        1,
        "one thing on one server is one alarm, however many entries of the files name the server: {alarms:#?}"
    );
    w.sweep().await;
    assert_eq!(w.alarms(), alarms, "said once");
    assert_eq!(w.level("dave", "prod/orders").as_deref(), Some("admin"), "whose it is, only a person can tell");
}

// E24
#[tokio::test]
async fn what_one_provider_gave_is_not_left_over_for_another_at_the_same_server() {
    let mut w = World::new().await;
    approved(&mut w).await;
    w.sweep().await;
    assert_eq!(w.grant_state("G-1"), "active");
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(w.alarms(), Vec::<String>::new(), "nothing is to be removed by hand");
}
