//! Killed at any moment at all, again and again.

use std::time::Duration;

use tokio::sync::watch;

use super::at_calls::kill;
use super::story;
use crate::support::process::Rig;

const STORIES: u64 = 12;
const KILLS_MAX: u32 = 8;
/// From one kill to the next, in milliseconds: from the middle of a start to well into the story.
const BETWEEN_MS: std::ops::Range<u64> = 20..1500;

/// Enough for choosing moments (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

async fn kill_at_random(seed: u64, mut pid: watch::Receiver<Option<u32>>) {
    let mut dice = Dice(seed);
    for _ in 0..dice.roll() % u64::from(KILLS_MAX) + 1 {
        let wait = Duration::from_millis(BETWEEN_MS.start + dice.roll() % (BETWEEN_MS.end - BETWEEN_MS.start));
        drop(tokio::time::timeout(wait, std::future::pending::<()>()).await);
        let Ok(running) = pid.wait_for(Option::is_some).await.map(|pid| *pid) else { return };
        running.into_iter().for_each(kill);
    }
}

/// The seed gives the same moments, though the machine may be elsewhere at them.
#[tokio::test]
#[ignore = "takes minutes"]
async fn killed_at_random() {
    #[expect(clippy::disallowed_methods, reason = "a seed that differs each time, and can be given")]
    let first = std::env::var("DAYPASS_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let first = first.unwrap_or_else(|| u64::from(std::process::id()) * 1000);
    for seed in first..first + STORIES {
        println!("DAYPASS_TEST_SEED={seed}");
        let mut rig = Rig::new().await;
        let killer = tokio::spawn(kill_at_random(seed, rig.pid()));
        story::play(&mut rig).await;
        killer.abort();
        story::check(&mut rig).await;
        println!("DAYPASS_TEST_SEED={seed}: died {} times", rig.deaths);
    }
}
