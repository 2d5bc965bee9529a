//! Stories: who says what, time passes, what holds. Over signed HTTP, with the real parts.

use crate::support::world::{World, hours, minutes};

const ASK: &str = "/jit request prod/orders readonly 2h OPS-42 slow checkout";

#[tokio::test]
async fn access_is_given_when_approved_and_ends_when_its_time_is_over() {
    let mut w = World::new().await;

    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("R-1"), "{answer}");
    assert_eq!(w.level("maya", "prod/orders"), None, "nothing before anybody agreed");

    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("Approved"), "{answer}");
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(w.grant_state("G-1"), "active");

    w.advance(hours(2) - minutes(1)).await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    w.advance(minutes(1)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
    insta::assert_snapshot!(w.audit().join("\n"));
    insta::assert_snapshot!(w.dms("maya").join("\n---\n"));
}
