//! How fast we may post: one message a second into each channel, with a small burst, as Slack asks of apps; and not at all where
//! Slack said for how long.
//!
//! Counts and answers; it never waits. The caller gives the time and does something else until then. A channel that was
//! quiet long enough to be full again is forgotten, so that the memory is bounded by what was posted lately.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::access::time::Timestamp;

/// The pace within one channel, in milliseconds a message (<https://docs.slack.dev/apis/web-api/rate-limits>).
pub const PACE_MS: i64 = 1000;
/// How many messages may follow each other at once.
pub const BURST: i64 = 3;
/// The longest that a channel is held, in milliseconds: a clock that goes back must not silence one for longer.
const HOLD_MS_MAX: i64 = 15 * 60 * 1000;

/// Remembers what was posted lately, per channel.
#[derive(Debug, Default)]
pub struct Throttle {
    /// When each channel will be rested (a whole burst is free again). Missing: rested.
    rested_at: HashMap<String, Timestamp>,
    /// Until when Slack wants nothing in a channel.
    held_until: HashMap<String, Timestamp>,
}

impl Throttle {
    /// Slack wants nothing in this channel until then, at most 15 minutes. Other channels go on.
    pub fn hold(&mut self, channel: &str, until: Timestamp) {
        self.held_until.insert(channel.to_owned(), until);
    }

    /// Takes a place for one message in this channel, or says how long to wait for one. A clock that goes back makes nobody
    /// wait longer than a whole burst takes.
    pub fn take(&mut self, channel: &str, now: Timestamp) -> Result<(), Duration> {
        let held_max = Timestamp::from_millis(now.as_millis().saturating_add(HOLD_MS_MAX));
        self.held_until.retain(|_, until| *until > now && *until <= held_max);
        if let Some(until) = self.held_until.get(channel) {
            return Err(until.since(now));
        }
        self.rested_at.retain(|_, rested| *rested > now);
        let full = Timestamp::from_millis(now.as_millis().saturating_add(PACE_MS * BURST));
        let rested = self.rested_at.get(channel).copied().unwrap_or(now).clamp(now, full);
        let next = rested.plus(Duration::from_millis(PACE_MS.unsigned_abs()));
        let taken = next <= full;
        self.rested_at.insert(channel.to_owned(), if taken { next } else { rested });
        if taken { Ok(()) } else { Err(next.since(full)) }
    }
}

/// So many calls of one method in any minute.
#[derive(Debug)]
pub struct PerMinute {
    max: usize,
    /// When the calls of the last minute were made, in order.
    taken: VecDeque<Timestamp>,
    /// Until when Slack wants none.
    held_until: Option<Timestamp>,
}

impl PerMinute {
    const MINUTE: Duration = Duration::from_secs(60);

    /// At most `max` in any minute.
    pub fn new(max: usize) -> PerMinute {
        PerMinute { max, taken: VecDeque::new(), held_until: None }
    }

    /// Slack wants no such call until then, at most 15 minutes.
    pub fn hold(&mut self, until: Timestamp) {
        self.held_until = Some(until);
    }

    /// Takes a place for one call, or says how long to wait for one. Calls of a time that has not come yet are forgotten: the
    /// clock went back.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        let held_max = Timestamp::from_millis(now.as_millis().saturating_add(HOLD_MS_MAX));
        self.held_until = self.held_until.filter(|until| *until > now && *until <= held_max);
        if let Some(until) = self.held_until {
            return Err(until.since(now));
        }
        self.taken.retain(|at| *at <= now && now.since(*at) < PerMinute::MINUTE);
        match self.taken.front() {
            Some(first) if self.taken.len() >= self.max => Err(first.plus(PerMinute::MINUTE).since(now)),
            Some(_) | None => {
                self.taken.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    #[test]
    fn a_burst_passes_and_then_one_a_second() {
        let mut throttle = Throttle::default();
        for _ in 0..BURST {
            assert_eq!(throttle.take("C1", at(0)), Ok(()));
        }
        assert_eq!(throttle.take("C1", at(0)), Err(Duration::from_millis(1000)));
        assert_eq!(throttle.take("C1", at(400)), Err(Duration::from_millis(600)));
        assert_eq!(throttle.take("C2", at(400)), Ok(()), "another channel does not wait");
        assert_eq!(throttle.take("C1", at(1000)), Ok(()));
        assert_eq!(throttle.take("C1", at(1000)), Err(Duration::from_millis(1000)));
    }

    #[test]
    fn over_a_minute_no_more_than_the_pace_and_a_burst_pass() {
        let mut throttle = Throttle::default();
        let passed = (0..60_000).step_by(50).filter(|ms| throttle.take("C1", at(*ms)).is_ok()).count();
        assert_eq!(passed, 60 + 2);
    }

    #[test]
    fn a_clock_that_goes_back_blocks_nobody_for_long() {
        let mut throttle = Throttle::default();
        assert_eq!(throttle.take("C1", at(3_600_000)), Ok(()));
        assert!(throttle.take("C1", at(0)).is_err_and(|wait| wait <= Duration::from_millis(1000)));
        assert_eq!(throttle.take("C1", at(1000)), Ok(()));
    }

    // E39
    #[test]
    fn a_channel_is_held_for_as_long_as_slack_says_and_others_go_on() {
        let mut throttle = Throttle::default();
        throttle.hold("C1", at(30_000));
        assert_eq!(throttle.take("C1", at(29_999)), Err(Duration::from_millis(1)));
        assert_eq!(throttle.take("C2", at(0)), Ok(()));
        assert_eq!(throttle.take("C1", at(30_000)), Ok(()));

        throttle.hold("C1", at(3_600_000));
        assert_eq!(throttle.take("C1", at(60_000)), Ok(()), "the clock went back: nobody waits for an hour");
    }

    #[test]
    fn in_any_minute_no_more_than_so_many_pass() {
        let mut calls = PerMinute::new(50);
        let passed: Vec<i64> = (0..180_000).step_by(100).filter(|ms| calls.take(at(*ms)).is_ok()).collect();
        for from in 0..120_000 {
            let within = passed.iter().filter(|ms| (from..from + 60_000).contains(*ms)).count();
            assert!(within <= 50, "{within} from {from} on");
        }
        assert_eq!(passed.len(), 150, "and no fewer");
        assert!(calls.take(at(0)).is_ok(), "a clock that goes back holds nobody up");
        calls.hold(at(30_000));
        assert_eq!(calls.take(at(20_000)), Err(Duration::from_secs(10)));
        assert_eq!(calls.take(at(30_000)), Ok(()));
    }

    #[test]
    fn quiet_channels_are_forgotten() {
        let mut throttle = Throttle::default();
        for channel in 0..1000 {
            assert_eq!(throttle.take(&channel.to_string(), at(channel * 10)), Ok(()));
        }
        assert!(throttle.rested_at.len() <= 101);
    }
}
