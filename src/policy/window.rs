//! Working hours: on which days and at which hours access may be in force, in a zone, through nights and clock changes.
//!
//! A day's hours belong to the day on which they begin. Windows that touch are one. Edges that a clock change leaves out
//! fall on the change itself; of an hour that happens twice, the first reading counts (so that access ends the earlier).

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use crate::access::time::Timestamp;

/// When access may be in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// On which weekdays it opens.
    pub days: Days,
    /// At which hours.
    pub hours: Hours,
    /// In which zone.
    pub zone: TimeZone,
}

/// A set of weekdays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(u8);

/// Hours of a day. An end at or before the start is on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Minutes from midnight to the opening, 0 to 1439.
    opens_min: u16,
    /// Minutes from midnight to the closing, 1 to 1440; at or before the opening: of the next day.
    closes_min: u16,
}

/// One stretch of time in which a window is open: from the first moment until before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first moment in it.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

/// How far ahead an opening is looked for, in days.
pub const LOOK_AHEAD_DAYS: i32 = 14;

const MINUTES_A_DAY: u16 = 24 * 60;
/// More than any zone's clocks ever jump over within a day.
const CLOCK_CHANGE_MAX_MIN: u16 = 3 * 60;
const WEEK: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Window {
    /// The stretch in which `at` lies, or else the next one that begins within [`LOOK_AHEAD_DAYS`]; `None` where there is none.
    pub fn at_or_after(&self, at: Timestamp) -> Option<Stretch> {
        let today = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?.to_zoned_datetime(self.zone.clone()).date();
        let mut found: Option<Stretch> = None;
        // Yesterday's hours may reach into today. One day more at the end lets the last stretch be joined with the next.
        let first = if self.hours.are_overnight() || self.hours.may_touch() { -1 } else { 0 };
        for offset in first..=LOOK_AHEAD_DAYS + 1 {
            let Some(day) = today.checked_add(jiff::Span::new().days(offset)).ok() else { break };
            let Some(stretch) = self.of_day(day) else { continue };
            match &mut found {
                Some(open) if stretch.from <= open.until => open.until = open.until.max(stretch.until),
                Some(open) if open.until > at => break,
                Some(_) | None => found = Some(stretch),
            }
            if !self.hours.may_touch() && found.is_some_and(|open| open.until > at) {
                break;
            }
        }
        found.filter(|stretch| stretch.until > at)
    }

    /// The stretch that begins on this day, if the window opens on it and a clock change leaves anything of it.
    fn of_day(&self, day: Date) -> Option<Stretch> {
        if !self.days.contains(day.weekday()) {
            return None;
        }
        let from = self.moment(day, self.hours.opens_min)?;
        let until = self.moment(if self.hours.are_overnight() { day.tomorrow().ok()? } else { day }, self.hours.closes_min)?;
        (from < until).then_some(Stretch { from, until })
    }

    /// When the wall clock reads so many minutes past midnight of this day.
    fn moment(&self, day: Date, minutes: u16) -> Option<Timestamp> {
        let (day, minutes) =
            if minutes >= MINUTES_A_DAY { (day.tomorrow().ok()?, minutes - MINUTES_A_DAY) } else { (day, minutes) };
        let time = Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()?;
        wall_to_moment(&self.zone, DateTime::from_parts(day, time))
    }
}

/// The moment of a wall-clock reading: the first of two, and the clock change itself where it was left out.
fn wall_to_moment(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    let moment = match ambiguous.offset() {
        jiff::tz::AmbiguousOffset::Gap { .. } => {
            let before = ambiguous.earlier().ok()?;
            zone.following(before).next()?.timestamp()
        }
        jiff::tz::AmbiguousOffset::Unambiguous { .. } | jiff::tz::AmbiguousOffset::Fold { .. } => ambiguous.compatible().ok()?,
    };
    Some(Timestamp::from_millis(moment.as_millisecond()))
}

/// The first moment after this day, in this zone.
pub fn end_of_day(zone: &TimeZone, day: Date) -> Option<Timestamp> {
    wall_to_moment(zone, day.tomorrow().ok()?.to_datetime(Time::midnight()))
}

impl Days {
    /// Every day of the week.
    pub const ALL: Days = Days(0b111_1111);

    /// Reads `mon-fri`, `sat`, `mon, wed, fri`, `fri-mon`. Says what would be right where it cannot.
    pub fn parse(text: &str) -> Result<Days, String> {
        let mut days = 0u8;
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (day_number(first)?, day_number(last)?);
            let length = (last + 7 - first) % 7;
            for offset in 0..=length {
                days |= 1 << ((first + offset) % 7);
            }
        }
        Ok(Days(days))
    }

    /// Whether this weekday is among them.
    pub fn contains(self, day: Weekday) -> bool {
        WEEK.iter().position(|(_, known)| *known == day).is_some_and(|n| self.0 & (1 << n) != 0)
    }
}

impl fmt::Display for Window {
    /// As an author would write it: `mon-fri 08:00-18:00 Europe/Berlin`. What is always so is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != Days::ALL {
            write!(f, "{} ", self.days)?;
        }
        write!(f, "{} {}", self.hours, self.zone.iana_name().unwrap_or("UTC"))
    }
}

impl fmt::Display for Days {
    /// `mon-fri`, `sat, sun`, `fri-mon`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = |n: usize| self.0 & (1 << (n % 7)) != 0;
        // A run that goes on over the end of the week is one run; it begins behind a day that is not in it.
        let first = (0..7).find(|n| has(*n) && !has(n + 6)).unwrap_or(0);
        let name = |n: usize| WEEK.get(n % 7).map_or("", |(name, _)| name);
        let (mut day, mut comma) = (first, "");
        while day < first + 7 {
            if !has(day) {
                day += 1;
                continue;
            }
            let length = (day..first + 7).take_while(|n| has(*n)).count();
            match length {
                1 => write!(f, "{comma}{}", name(day))?,
                2 => write!(f, "{comma}{}, {}", name(day), name(day + 1))?,
                _ => write!(f, "{comma}{}-{}", name(day), name(day + length - 1))?,
            }
            (day, comma) = (day + length, ", ");
        }
        Ok(())
    }
}

impl fmt::Display for Hours {
    /// `08:00-18:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (opens, closes) = (self.opens_min, self.closes_min);
        write!(f, "{:02}:{:02}-{:02}:{:02}", opens / 60, opens % 60, closes / 60, closes % 60)
    }
}

fn day_number(text: &str) -> Result<usize, String> {
    let text = text.trim();
    WEEK.iter()
        .position(|(name, _)| *name == text)
        .ok_or_else(|| format!("`{text}` is not a day; write `mon`, `mon-fri` or `sat, sun`"))
}

impl Hours {
    fn are_overnight(self) -> bool {
        self.closes_min <= self.opens_min
    }

    /// Whether one day's hours may end where the next one's begin: they leave no more of a day than a clock change can take.
    fn may_touch(self) -> bool {
        let closed = (self.opens_min + MINUTES_A_DAY - self.closes_min % MINUTES_A_DAY) % MINUTES_A_DAY;
        closed <= CLOCK_CHANGE_MAX_MIN
    }

    /// The whole day.
    pub const ALL: Hours = Hours { opens_min: 0, closes_min: MINUTES_A_DAY };

    /// Reads `08:00-18:00`; `22:00-06:00` goes on into the next day; `00:00-24:00` is the whole day.
    pub fn parse(text: &str) -> Result<Hours, String> {
        let wrong = || format!("`{text}` are not hours; write `08:00-18:00`");
        let (opens, closes) = text.split_once('-').ok_or_else(wrong)?;
        let opens_min = minutes(opens).filter(|m| *m < MINUTES_A_DAY).ok_or_else(wrong)?;
        let closes_min = minutes(closes).ok_or_else(wrong)?;
        if opens_min == closes_min {
            return Err(format!("`{text}` opens and closes at once; the whole day is `00:00-24:00`"));
        }
        // Midnight as an end is the end of the day that began.
        Ok(Hours { opens_min, closes_min: if closes_min == 0 { MINUTES_A_DAY } else { closes_min } })
    }
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= MINUTES_A_DAY).then_some(total)
}
