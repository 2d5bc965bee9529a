//! The digest: once for each time of its schedule, whatever happens in between, and never a flood.

use daypass::app::{Drain, HostUser};
use daypass::worker::digest::latest;

use super::ASK;
use crate::support::world::{World, hours, minutes};

impl World {
    /// The worker's look at the schedule, which fires at every full hour.
    pub(super) async fn looks_at_the_schedule(&mut self) {
        let schedule = "0 0 * * * *".parse().unwrap();
        let fired = latest(&schedule, self.now()).unwrap();
        self.app().owe_digest(fired).await.unwrap();
        self.settle().await;
    }

    pub(super) fn digests(&self) -> Vec<String> {
        self.alarms().into_iter().filter(|text| text.contains("Digest")).collect()
    }
}

#[tokio::test]
async fn it_is_posted_once_for_each_time_also_across_a_restart() {
    let mut w = World::new().await;
    w.looks_at_the_schedule().await;
    assert_eq!(w.digests(), Vec::<String>::new(), "since when, nobody knows yet");
    w.says("maya", ASK).await;
    w.advance(minutes(12)).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.advance(minutes(48)).await;
    w.looks_at_the_schedule().await;
    w.looks_at_the_schedule().await;
    w.restart().await;
    w.looks_at_the_schedule().await;
    let digests = w.digests();
    assert_eq!(digests.len(), 1, "{digests:#?}");
    assert!(digests[0].contains("1 request was filed") && digests[0].contains("12 min"), "{digests:#?}");
    insta::assert_snapshot!(digests[0]);
    w.advance(hours(1)).await;
    w.looks_at_the_schedule().await;
    assert!(w.digests()[1].contains("Nobody asked for anything"), "{:#?}", w.digests());
}

#[tokio::test]
async fn of_those_that_were_missed_only_the_latest_is_posted_and_it_tells_all_of_it() {
    let mut w = World::new().await;
    w.looks_at_the_schedule().await;
    w.says("maya", ASK).await;
    w.kill().await;
    w.pass(hours(5));
    w.start().await;
    w.looks_at_the_schedule().await;
    let digests = w.digests();
    assert!(digests.len() == 1 && digests[0].contains("1 request was filed"), "{digests:#?}");
}

#[tokio::test]
async fn what_slack_did_not_take_is_told_by_the_next_one() {
    let mut w = World::new().await;
    w.looks_at_the_schedule().await;
    w.says("maya", ASK).await;
    w.presses("maya", "R-1", "request.withdraw").await;
    w.slack.go_down();
    for _ in 0..3 {
        w.advance(hours(1)).await;
        w.looks_at_the_schedule().await;
    }
    w.slack.come_up();
    w.advance(minutes(5)).await;
    let digests = w.digests();
    assert!(digests.len() == 1 && digests[0].contains("1 request was filed"), "{digests:#?}");
}

#[tokio::test]
async fn the_security_channel_hears_when_a_drain_begins_is_over_and_is_undone() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    let user = HostUser { uid: 1000, names: vec!["operator".to_owned()] };
    w.app().drain(&user, Drain::Begin).await.unwrap();
    w.settle().await;
    w.advance(minutes(2)).await;
    let told = |w: &World| w.alarms().into_iter().filter(|text| text.contains("Daypass")).collect::<Vec<_>>();
    let alarms = told(&w);
    assert!(
        alarms.len() == 2 && alarms[0].contains("being taken out of service") && alarms[1].contains("Nobody has access"),
        "{alarms:#?}"
    );
    w.app().drain(&user, Drain::Undo).await.unwrap();
    w.settle().await;
    assert!(told(&w)[2].contains("back in service"), "{:#?}", told(&w));
}
