//! Killed at each named point: at its every pass, and then once more at each point while it recovers.

use daypass::failpoint::POINTS;

use super::{note_failure, story};
use crate::support::process::Rig;

/// More passes than this are no story any more.
const PASSES_MAX: usize = 200;

/// One story with these failpoints, the first for the first start and so on. Returns how many of them were met.
async fn dies_at(points: Vec<String>) -> usize {
    let mut rig = Rig::new().await;
    rig.failpoints = points.into();
    story::play(&mut rig).await;
    story::check(&mut rig).await;
    rig.deaths
}

async fn every_pass(point: &str) {
    let mut failed = Vec::new();
    for nth in 1..=PASSES_MAX {
        let what = format!("{point}:{nth}");
        match note_failure(&mut failed, &what, dies_at(vec![what.clone()])).await {
            Some(0) => {
                assert!(nth > 1, "`{point}` was reached in no case");
                println!("`{point}` is passed {} times", nth - 1);
                assert!(failed.is_empty(), "{failed:#?}");
                return;
            }
            Some(deaths) => assert_eq!(deaths, 1),
            None => {}
        }
    }
    panic!("`{point}` is passed without end: {failed:#?}");
}

async fn twice(first: &str) {
    let mut failed = Vec::new();
    for second in POINTS {
        let points = vec![first.to_owned(), (*second).to_owned()];
        let deaths = note_failure(&mut failed, &points.join(", then "), dies_at(points)).await;
        assert!(deaths != Some(0), "`{first}` was reached in no case");
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

macro_rules! at_each_point {
    ($($name:ident: $point:literal)*) => {
        mod once {
            $(#[tokio::test]
            #[ignore = "takes minutes"]
            async fn $name() {
                super::every_pass($point).await;
            })*
        }
        mod and_again_while_it_recovers {
            $(#[tokio::test]
            #[ignore = "takes minutes"]
            async fn $name() {
                super::twice($point).await;
            })*
        }
        const TESTED: &[&str] = &[$($point),*];
    };
}

at_each_point! {
    before_a_commit: "before-commit"
    after_a_commit: "after-commit"
    before_a_call_to_a_provider: "before-provider-call"
    after_a_call_to_a_provider: "after-provider-call"
    before_a_message_is_delivered: "before-delivery"
    after_a_message_is_delivered: "after-delivery"
}

#[test]
fn no_failpoint_is_left_out() {
    assert_eq!(TESTED, POINTS);
}
