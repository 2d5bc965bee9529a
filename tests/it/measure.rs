//! How soon it is there, and how little it takes. Figures are printed; the limits are generous, for machines that are busy.

use std::time::Duration;

use crate::support::process::{Rig, released, stopwatch};

const START_MAX: Duration = Duration::from_secs(1);
const IDLE_KB_MAX: u64 = 30 * 1024;

#[tokio::test]
#[ignore = "needs a release build: cargo build --release, then DAYPASS_RELEASE_BIN=target/release/daypass"]
async fn a_start_is_short_and_idling_is_small() {
    assert!(released().is_some(), "of a debug build the figures say nothing; set DAYPASS_RELEASE_BIN=target/release/daypass");
    let mut rig = Rig::new().await;
    rig.is_impatient = false;
    let started = stopwatch();
    rig.ready().await;
    let took = started.elapsed();
    let pid = rig.pid().borrow().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident_kb: u64 = resident.trim().trim_end_matches(" kB").trim().parse().unwrap();
    println!("from the start with an empty directory until ready: {} ms", took.as_millis());
    println!("resident when idle: {} MB", resident_kb / 1024);
    assert!(took < START_MAX, "{took:?}");
    assert!(resident_kb < IDLE_KB_MAX, "{resident_kb} kB");
}
