//! What tests have in common that go on for as long as one likes: inputs from a seed, a stopwatch, and how long. Only for tests.

use std::time::{Duration, Instant};

/// How long such a test goes on, where `DAYPASS_FUZZ_SECONDS` says nothing else.
pub(crate) const LASTS: Duration = Duration::from_secs(60);

/// Marsaglia's xorshift: the same inputs from the same seed, which is not 0.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    /// A number below `end`; 0 where there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

/// The seed of this run, from `DAYPASS_TEST_SEED` or else another one each time, and how long it goes on.
pub(crate) fn told() -> (u64, Duration) {
    let seed = setting("DAYPASS_TEST_SEED").unwrap_or(u64::from(std::process::id()));
    (seed, setting("DAYPASS_FUZZ_SECONDS").map_or(LASTS, Duration::from_secs))
}

#[expect(clippy::disallowed_methods, reason = "it goes on for so long")]
pub(crate) fn stopwatch() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "what a run of the tests is told stands in the environment")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
