//! Killed at each call that it makes to Slack or a provider: before that acts, after it acted, after it answered.

use daypass::demo::gate::{Moment, Pass, Passing};
use tokio::sync::{mpsc, watch};

use super::{note_failure, story};
use crate::support::process::Rig;

/// More calls than this are no story any more.
const CALLS_MAX: usize = 200;

/// One story, killed at this moment of its nth call. Whether there was such a call.
async fn dies_at(moment: Moment, nth: usize) -> bool {
    let mut rig = Rig::new().await;
    let (sender, receiver) = mpsc::unbounded_channel();
    rig.slack.gate().show_to(sender.clone());
    rig.provider.gate().show_to(sender);
    tokio::spawn(kill_at(moment, nth, receiver, rig.pid()));
    story::play(&mut rig).await;
    let deaths = rig.deaths;
    assert!(deaths <= 1);
    story::check(&mut rig).await;
    deaths == 1
}

async fn kill_at(moment: Moment, nth: usize, mut calls: mpsc::UnboundedReceiver<Passing>, mut pid: watch::Receiver<Option<u32>>) {
    let mut seen = 0;
    while let Some(passing) = calls.recv().await {
        seen += usize::from(passing.moment == moment);
        if passing.moment != moment || seen != nth {
            let _ = passing.pass.send(Pass::GoOn);
            continue;
        }
        println!("{moment:?} of call {nth}: {}", passing.call);
        let running = *pid.borrow();
        running.into_iter().for_each(kill);
        // Nobody is answered any more who could still do something with it.
        drop(pid.wait_for(|now| *now != running).await);
        let _ = passing.pass.send(Pass::HangUp);
    }
}

/// SIGKILL.
pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

async fn every_call(moment: Moment) {
    let mut failed = Vec::new();
    for nth in 1..=CALLS_MAX {
        let was_there = note_failure(&mut failed, &format!("{moment:?} {nth}"), dies_at(moment, nth)).await;
        if was_there == Some(false) {
            assert!(nth > 10, "a story has more calls than {nth}");
            println!("{moment:?}: {} calls", nth - 1);
            assert!(failed.is_empty(), "{failed:#?}");
            return;
        }
    }
    panic!("the story has no end: {failed:#?}");
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn before_it_acts() {
    every_call(Moment::Arrived).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn after_it_acted() {
    every_call(Moment::Done).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn after_it_answered() {
    every_call(Moment::Answered).await;
}
