//! The only reader of the time. Everything else is handed a [`Now`].
//!
//! Wall time can jump; elapsed time cannot. When the two disagree by more than [`TOLERANCE`], the clock is suspect: ends are
//! judged at the later of them, and nothing new is granted until they agree again.

use std::sync::Mutex;
use std::time::Duration;

use crate::access::time::{Now, Timestamp, Trust};

/// How far wall time and elapsed time may differ before the clock is suspect.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Wall time as the machine has it: for signatures, which are made by somebody else's wall clock.
    fn wall(&self) -> Timestamp;

    /// Time since some fixed point, which never jumps.
    fn elapsed(&self) -> Duration;
}

/// Judges wall time by the time that has passed since it was last believed.
#[derive(Debug)]
pub struct Judge {
    believed: Mutex<Believed>,
}

#[derive(Debug, Clone, Copy)]
struct Believed {
    at: Timestamp,
    elapsed: Duration,
    latest: Timestamp,
}

impl Judge {
    /// Begins with the highest time that was ever committed: a start that finds itself before it is suspect from the first look.
    pub fn new(committed: Timestamp, clock: &dyn Clock) -> Self {
        let (wall, elapsed) = (clock.wall(), clock.elapsed());
        let at = if wall.plus(TOLERANCE) < committed { committed } else { wall };
        Self { believed: Mutex::new(Believed { at, elapsed, latest: committed }) }
    }

    /// The moment at which to decide. Never earlier than the one before, unless that was judged on a clock that had jumped ahead.
    pub fn now(&self, clock: &dyn Clock) -> Now {
        let (wall, elapsed) = (clock.wall(), clock.elapsed());
        let mut believed = self.believed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let expected = believed.at.plus(elapsed.saturating_sub(believed.elapsed));
        let apart = wall.since(expected).max(expected.since(wall));
        if apart > TOLERANCE {
            return Now { at: wall.max(expected), trust: Trust::Suspect };
        }
        let latest = if believed.latest > wall.plus(TOLERANCE) { wall } else { believed.latest.max(wall) };
        *believed = Believed { at: wall, elapsed, latest };
        Now { at: latest, trust: Trust::Sound }
    }

    /// An admin says that wall time is right.
    pub fn believe(&self, clock: &dyn Clock) {
        let wall = clock.wall();
        let mut believed = self.believed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *believed = Believed { at: wall, elapsed: clock.elapsed(), latest: wall };
    }
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
    fn wall(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Since the machine started. Where it can be told, the time that it slept counts, so that waking it up is no jump.
    fn elapsed(&self) -> Duration {
        #[cfg(target_os = "linux")]
        const SINCE_START: rustix::time::ClockId = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        const SINCE_START: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
        Duration::try_from(rustix::time::clock_gettime(SINCE_START)).unwrap_or_default()
    }
}

/// The machine's clock, moved by whoever plays with the demo. What it is set forward counts as elapsed, as if that time had
/// passed; what it is set back is a jump, as it would be on a machine.
#[derive(Debug, Default)]
pub struct DemoClock {
    moved: Mutex<Moved>,
}

#[derive(Debug, Default)]
struct Moved {
    wall_ms: i64,
    elapsed: Duration,
}

impl DemoClock {
    /// A clock that shows `start` now, or the real time.
    pub fn starting_at(start: Option<Timestamp>) -> DemoClock {
        let wall_ms = start.map_or(0, |start| start.as_millis().saturating_sub(SystemClock.wall().as_millis()));
        DemoClock { moved: Mutex::new(Moved { wall_ms, elapsed: Duration::ZERO }) }
    }

    /// Sets it.
    pub fn set(&self, to: Timestamp) {
        let mut moved = self.moved.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let by_ms = to.as_millis().saturating_sub(SystemClock.wall().as_millis().saturating_add(moved.wall_ms));
        moved.wall_ms = moved.wall_ms.saturating_add(by_ms);
        moved.elapsed = moved.elapsed.saturating_add(Duration::from_millis(u64::try_from(by_ms).unwrap_or(0)));
    }
}

impl Clock for DemoClock {
    fn wall(&self) -> Timestamp {
        let moved = self.moved.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Timestamp::from_millis(SystemClock.wall().as_millis().saturating_add(moved.wall_ms))
    }

    fn elapsed(&self) -> Duration {
        let moved = self.moved.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        SystemClock.elapsed().saturating_add(moved.elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Set(Mutex<(i64, u64)>);

    impl Set {
        fn to(&self, wall_ms: i64, elapsed_ms: u64) {
            *self.0.lock().unwrap() = (wall_ms, elapsed_ms);
        }
    }

    impl Clock for Set {
        fn wall(&self) -> Timestamp {
            Timestamp::from_millis(self.0.lock().unwrap().0)
        }
        fn elapsed(&self) -> Duration {
            Duration::from_millis(self.0.lock().unwrap().1)
        }
    }

    const HOUR: i64 = 3_600_000;

    fn started_at(wall_ms: i64, committed: i64) -> (Set, Judge) {
        let clock = Set(Mutex::new((wall_ms, 0)));
        let judge = Judge::new(Timestamp::from_millis(committed), &clock);
        (clock, judge)
    }

    // I10, E31
    #[test]
    fn a_jump_ahead_is_suspect_and_judged_at_the_later_time() {
        let (clock, judge) = started_at(0, 0);
        clock.to(HOUR + 1000, 1000);
        assert_eq!(judge.now(&clock), Now::suspect(Timestamp::from_millis(HOUR + 1000)));
        clock.to(2000, 2000);
        assert_eq!(judge.now(&clock), Now::sound(Timestamp::from_millis(2000)), "corrected: believed again");
    }

    // I10, E32
    #[test]
    fn a_jump_back_does_not_give_anybody_more_time() {
        let (clock, judge) = started_at(5 * HOUR, 0);
        clock.to(4 * HOUR, 10_000);
        assert_eq!(judge.now(&clock), Now::suspect(Timestamp::from_millis(5 * HOUR + 10_000)));
    }

    #[test]
    fn a_start_before_the_last_committed_time_is_suspect() {
        let (clock, judge) = started_at(HOUR, 3 * HOUR);
        assert_eq!(judge.now(&clock), Now::suspect(Timestamp::from_millis(3 * HOUR)));
        clock.to(3 * HOUR + 7000, 7000);
        assert_eq!(judge.now(&clock).trust, Trust::Sound);
    }

    #[test]
    fn small_corrections_are_believed_and_never_go_back() {
        let (clock, judge) = started_at(HOUR, 0);
        clock.to(HOUR + 60_000, 60_000);
        let before = judge.now(&clock).at;
        clock.to(HOUR + 59_000, 61_000);
        assert_eq!(judge.now(&clock), Now::sound(before));
    }

    #[test]
    fn an_admin_can_say_that_the_wall_clock_is_right() {
        let (clock, judge) = started_at(0, 0);
        clock.to(HOUR, 1000);
        assert_eq!(judge.now(&clock).trust, Trust::Suspect);
        judge.believe(&clock);
        assert_eq!(judge.now(&clock), Now::sound(Timestamp::from_millis(HOUR)));
    }

    #[test]
    fn the_demos_clock_is_believed_when_it_is_set_forward_and_suspect_when_it_is_set_back() {
        let start = Timestamp::from_millis(1_795_000_000_000);
        let clock = DemoClock::starting_at(Some(start));
        let judge = Judge::new(Timestamp::from_millis(0), &clock);
        clock.set(start.plus(Duration::from_secs(2 * 3600)));
        let now = judge.now(&clock);
        assert_eq!(now.trust, Trust::Sound);
        assert!(now.at >= start.plus(Duration::from_secs(2 * 3600)));
        clock.set(start);
        assert_eq!(judge.now(&clock).trust, Trust::Suspect);
    }

    #[test]
    fn the_machines_clock_goes_forward() {
        let before = (SystemClock.wall(), SystemClock.elapsed());
        assert!(before.0 > Timestamp::from_millis(1_700_000_000_000), "{before:?}");
        assert!(SystemClock.elapsed() >= before.1);
    }
}
