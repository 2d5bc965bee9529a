//! Points and lengths of time, as the core counts them: UTC milliseconds, nothing else.
//!
//! Zones, calendars and working hours belong to the policy; the reading of a clock belongs to `clock`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

/// A point in time in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A point from its stored number of milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch, as they are stored.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, as Slack writes dates.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This point moved later. Saturates at the end of time, so that a sum is never earlier than its parts.
    pub fn plus(self, length: impl Into<Duration>) -> Self {
        let millis = i64::try_from(length.into().as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// This point moved earlier. Saturates.
    pub fn minus(self, length: impl Into<Duration>) -> Self {
        let millis = i64::try_from(length.into().as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Whether the clock can be believed (see `clock`). A suspect clock ends access early and grants nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Wall time and elapsed time agree.
    Sound,
    /// They differ: `Now::at` is the later of the two.
    Suspect,
}

/// The moment at which something is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The time that ends are judged at.
    pub at: Timestamp,
    /// Whether anything new may be granted at it.
    pub trust: Trust,
}

impl Now {
    /// A moment read from a clock that agrees with itself.
    pub const fn sound(at: Timestamp) -> Self {
        Self { at, trust: Trust::Sound }
    }

    /// A moment at which only ends may be decided.
    pub const fn suspect(at: Timestamp) -> Self {
        Self { at, trust: Trust::Suspect }
    }
}

/// A length of time that people name: `30m`, `2h`, `1d`, `1h30m`. At least one minute, at most 366 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Ttl(i64);

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Why a text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotATtl {
    /// Not of the form `30m`, `2h`, `1d`, `1h30m`.
    Unreadable(String),
    /// Shorter than [`Ttl::MIN`].
    TooShort(String),
    /// Longer than [`Ttl::MAX`].
    TooLong(String),
}

impl fmt::Display for NotATtl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotATtl::Unreadable(text) => write!(f, "`{text}` is not a length of time; write `30m`, `2h`, `1d` or `1h30m`"),
            NotATtl::TooShort(text) => write!(f, "`{text}` is too short; the shortest is `1m`"),
            NotATtl::TooLong(text) => write!(f, "`{text}` is too long; the longest is `366d`"),
        }
    }
}

impl std::error::Error for NotATtl {}

impl Ttl {
    /// The shortest length that can be asked for.
    pub const MIN: Ttl = Ttl(MINUTE_MS);
    /// Seven days.
    pub const WEEK: Ttl = Ttl(7 * DAY_MS);
    /// The longest length that can be named at all.
    pub const MAX: Ttl = Ttl(366 * DAY_MS);

    /// A length in whole minutes; `None` outside one minute to 366 days.
    pub const fn from_minutes(minutes: i64) -> Option<Ttl> {
        match minutes.checked_mul(MINUTE_MS) {
            Some(millis) => Ttl::from_millis(millis),
            None => None,
        }
    }

    /// A length in milliseconds; `None` outside one minute to 366 days.
    pub const fn from_millis(millis: i64) -> Option<Ttl> {
        if millis >= Self::MIN.0 && millis <= Self::MAX.0 { Some(Ttl(millis)) } else { None }
    }

    /// The length in milliseconds, as it is stored.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl From<Ttl> for Duration {
    fn from(ttl: Ttl) -> Duration {
        Duration::from_millis(u64::try_from(ttl.0).unwrap_or(0))
    }
}

impl FromStr for Ttl {
    type Err = NotATtl;

    fn from_str(text: &str) -> Result<Ttl, NotATtl> {
        let unreadable = || NotATtl::Unreadable(text.to_owned());
        let mut rest = text.trim();
        let mut total: i64 = 0;
        let mut last_unit = i64::MAX;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at_checked(digits).ok_or_else(unreadable)?;
            let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, tail) = tail.split_at_checked(letters).ok_or_else(unreadable)?;
            let unit = match unit.to_ascii_lowercase().as_str() {
                "m" | "min" => MINUTE_MS,
                "h" => HOUR_MS,
                "d" => DAY_MS,
                _ => return Err(unreadable()),
            };
            if unit >= last_unit || number.is_empty() {
                return Err(unreadable());
            }
            let number: i64 = number.parse().map_err(|_| NotATtl::TooLong(text.to_owned()))?;
            total =
                number.checked_mul(unit).and_then(|ms| total.checked_add(ms)).ok_or_else(|| NotATtl::TooLong(text.to_owned()))?;
            last_unit = unit;
            rest = tail;
        }
        if last_unit == i64::MAX {
            return Err(unreadable());
        }
        if total < Ttl::MIN.0 {
            return Err(NotATtl::TooShort(text.to_owned()));
        }
        Ttl::from_millis(total).ok_or_else(|| NotATtl::TooLong(text.to_owned()))
    }
}

impl fmt::Display for Ttl {
    /// The shortest spelling: `2 h`, `1 h 30 min`, `1 d`. Milliseconds below a minute are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        for (unit_ms, unit, next_ms) in [(DAY_MS, "d", i64::MAX), (HOUR_MS, "h", DAY_MS), (MINUTE_MS, "min", HOUR_MS)] {
            let number = (self.0 % next_ms) / unit_ms;
            if number > 0 {
                write!(f, "{space}{number} {unit}")?;
                space = " ";
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Ttl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ttl, D::Error> {
        let millis = i64::deserialize(deserializer)?;
        Ttl::from_millis(millis).ok_or_else(|| serde::de::Error::custom(format!("{millis} ms is outside one minute to 366 days")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written_as_people_do() {
        for (text, shown) in [
            ("30m", "30 min"),
            ("2h", "2 h"),
            ("1d", "1 d"),
            ("1h30m", "1 h 30 min"),
            ("90min", "1 h 30 min"),
            ("36H", "1 d 12 h"),
        ] {
            assert_eq!(text.parse::<Ttl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_length_says_what_would_be() {
        for text in ["", "2", "h", "2x", "1m1h", "1h1h", "-1h", "1.5h", "2 h", "²h"] {
            assert_eq!(text.parse::<Ttl>(), Err(NotATtl::Unreadable(text.to_owned())), "{text:?}");
        }
        assert_eq!("0m".parse::<Ttl>(), Err(NotATtl::TooShort("0m".into())));
        for text in ["367d", "99999999999999999999m", "9223372036854775807d"] {
            assert_eq!(text.parse::<Ttl>(), Err(NotATtl::TooLong(text.into())));
        }
    }

    #[test]
    fn sums_never_wrap_into_the_past() {
        let end = Timestamp::from_millis(i64::MAX - 1);
        assert!(end.plus(Ttl::MAX) >= end);
        assert_eq!(Timestamp::from_millis(5).since(Timestamp::from_millis(9)), Duration::ZERO);
    }
}
