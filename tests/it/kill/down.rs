//! Away for days, and two at once.

use daypass::demo::emulator::Message;

use super::story;
use crate::support::process::{Rig, free_port, stopwatch};

const THREE_DAYS_MS: i64 = 3 * 24 * 3_600_000;

/// E36: The second one refuses, says who is in the way, and the first goes on.
#[tokio::test]
#[ignore = "starts the real program"]
async fn a_second_process_refuses_and_names_the_first() {
    let mut rig = Rig::new().await;
    rig.ready().await;
    let first = rig.pid().borrow().unwrap();
    let second = rig.command(free_port()).output().await.unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("process {first}")), "{said}");
    story::play(&mut rig).await;
    story::check(&mut rig).await;
    assert_eq!(rig.deaths, 0);
}

/// E34: What was due meanwhile ends within seconds of the start, before anything else is done at a provider.
#[tokio::test]
#[ignore = "starts the real program"]
async fn after_three_days_the_first_thing_is_the_removal() {
    let mut rig = Rig::new().await;
    story::play_until_in_force(&mut rig).await;
    rig.kill().await;
    rig.push(THREE_DAYS_MS).await;
    let before = rig.provider.calls().len();
    assert!(story::level(&rig).is_some(), "nobody was there to take it");

    rig.is_impatient = false;
    let started = stopwatch();
    rig.until("the removal", async |rig| story::level(rig).is_none()).await;
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    let changes: Vec<_> = rig.provider.calls().into_iter().skip(before).filter(|call| call.method != "GET").collect();
    assert_eq!(changes.first().map(|call| call.method.as_str()), Some("DELETE"), "{changes:?}");

    rig.is_impatient = true;
    rig.until("ended, and told", async |rig| story::is_over(rig).await).await;
    let told: Vec<String> = rig.slack.messages("C0SECURITY").iter().map(Message::shown_text).collect();
    println!("{told:#?}");
}
