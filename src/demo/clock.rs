//! The demo's own time: it begins on a Tuesday at ten in Berlin, runs at the real pace, and jumps when somebody asks.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The zone in which the demo takes place.
pub const ZONE: &str = "Europe/Berlin";

/// A clock that people can push forward.
#[derive(Debug)]
pub struct DemoClock {
    start_ms: i64,
    started: Instant,
    skipped_ms: AtomicI64,
}

impl DemoClock {
    pub fn starting_at(start_ms: i64) -> Self {
        Self { start_ms, started: stopwatch(), skipped_ms: AtomicI64::new(0) }
    }

    /// Starts on the Tuesday of this week.
    pub fn this_week() -> anyhow::Result<Self> {
        Ok(Self::starting_at(tuesday_at_ten(real_now())?.as_millisecond()))
    }

    pub fn start_ms(&self) -> i64 {
        self.start_ms
    }

    pub fn now_ms(&self) -> i64 {
        let passed_ms = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.start_ms.saturating_add(passed_ms).saturating_add(self.skipped_ms.load(Ordering::SeqCst))
    }

    pub fn skip_ms(&self, ms: i64) {
        self.skipped_ms.fetch_add(ms.max(0), Ordering::SeqCst);
    }
}

/// Ten o'clock in Berlin on the Tuesday of the week (from Monday) that `now` falls in.
pub fn tuesday_at_ten(now: Timestamp) -> Result<Timestamp, jiff::Error> {
    let zone = TimeZone::get(ZONE)?;
    let today = zone.to_datetime(now).date();
    let since_tuesday = today.weekday().since(Weekday::Monday) - 1;
    let tuesday = today.checked_sub(i64::from(since_tuesday).days())?;
    zone.to_timestamp(tuesday.at(10, 0, 0, 0))
}

/// "10:04" in Berlin.
pub fn time_of_day(ms: i64) -> String {
    in_berlin(ms).map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default()
}

/// What a clock on a wall in Berlin shows.
pub fn in_berlin(ms: i64) -> Result<DateTime, jiff::Error> {
    Ok(TimeZone::get(ZONE)?.to_datetime(Timestamp::from_millisecond(ms)?))
}

#[expect(clippy::disallowed_methods, reason = "the demo is the outside world: its clock is made here, from the real one")]
fn stopwatch() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "only to begin in the current week, so that dates look familiar")]
fn real_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_a_week_leads_to_its_tuesday_at_ten_in_berlin() {
        for day in 23..=29 {
            let now: Timestamp = format!("2026-11-{day}T12:00:00Z").parse().unwrap();
            assert_eq!(tuesday_at_ten(now).unwrap().to_string(), "2026-11-24T09:00:00Z", "{day}");
        }
        let summer: Timestamp = "2026-07-15T23:30:00Z".parse().unwrap();
        assert_eq!(tuesday_at_ten(summer).unwrap().to_string(), "2026-07-14T08:00:00Z");
    }

    #[test]
    fn skipping_moves_forward_and_never_back() {
        let clock = DemoClock::starting_at(1_000_000);
        clock.skip_ms(7_200_000);
        clock.skip_ms(-500_000);
        assert!(clock.now_ms() >= 8_200_000);
        assert_eq!(time_of_day(1_795_593_600_000), "09:00");
    }
}
