//! "Until fri 12:00": a time of day that becomes a moment only with a clock and a zone, both given by the caller.

use jiff::civil::{Time, Weekday};
use jiff::{ToSpan, ZonedDateTime};

use super::zone::Zone;
use crate::access::time::Timestamp;

/// A time of day, perhaps on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// Which day; `None` is the next time that the clock shows it.
    pub day: Option<Day>,
    /// The time of day, to the minute.
    pub time: Time,
}

/// A day as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// This one.
    Today,
    /// The next one.
    Tomorrow,
    /// The next one of this name, today included.
    On(Weekday),
}

impl Until {
    /// Reads the words after `until`; the number is how many of them were read. `None`: they name no time.
    pub fn read(words: &[&str]) -> Option<(Until, usize)> {
        let (first, second) = (words.first()?, words.get(1));
        if let Some(time) = read_time(first) {
            return Some((Until { day: None, time }, 1));
        }
        let time = read_time(second?)?;
        Some((Until { day: Some(read_day(first)?), time }, 2))
    }

    /// Whether this word names a day.
    pub fn is_day(word: &str) -> bool {
        read_day(word).is_some()
    }

    /// The first such moment after `now` in this zone. `None`: it is over already ("until today 9:00" at noon).
    ///
    /// A time that the clock skips is the moment at which it skips on; of a time that it shows twice the first is meant.
    pub fn after(&self, now: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let now = jiff::Timestamp::from_millisecond(now.as_millis()).ok()?.to_zoned_datetime(zone.time_zone().clone());
        let days = match self.day {
            Some(Day::Today) => 0..=0,
            Some(Day::Tomorrow) => 1..=1,
            Some(Day::On(_)) => 0..=7,
            None => 0..=1,
        };
        let named = |moment: &ZonedDateTime| match self.day {
            Some(Day::On(weekday)) => moment.weekday() == weekday,
            Some(Day::Today | Day::Tomorrow) | None => true,
        };
        days.filter_map(|days: i64| {
            let date = now.date().checked_add(days.days()).ok()?;
            date.to_datetime(self.time).to_zoned_datetime(zone.time_zone().clone()).ok()
        })
        .find(|moment| *moment > now && named(moment))
        .map(|moment| Timestamp::from_millis(moment.timestamp().as_millisecond()))
    }
}

fn read_time(word: &str) -> Option<Time> {
    let (hour, minute) = word.split_once(':')?;
    let number = |text: &str| {
        text.parse::<i8>().ok().filter(|_| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
    };
    Time::new(number(hour)?, number(minute).filter(|_| minute.len() == 2)?, 0, 0).ok()
}

pub(super) fn read_day(word: &str) -> Option<Day> {
    let word = word.to_ascii_lowercase();
    const DAYS: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    match word.as_str() {
        "today" => Some(Day::Today),
        "tomorrow" => Some(Day::Tomorrow),
        _ => DAYS.iter().find(|(name, _)| word.len() >= 3 && name.starts_with(&word)).map(|(_, weekday)| Day::On(*weekday)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, now: &str) -> String {
        let words: Vec<&str> = text.split(' ').collect();
        let (until, read) = Until::read(&words).unwrap();
        assert_eq!(read, words.len());
        let now: ZonedDateTime = now.parse().unwrap();
        let at = until.after(Timestamp::from_millis(now.timestamp().as_millisecond()), &Zone::named("Europe/Berlin"));
        at.map_or("over".into(), |at| Zone::named("Europe/Berlin").day(at))
    }

    #[test]
    fn the_next_such_time_is_meant() {
        let now = "2026-11-24T10:00[Europe/Berlin]"; // a Tuesday
        for (text, expected) in [
            ("18:00", "Tue 24 Nov 18:00 Berlin"),
            ("9:30", "Wed 25 Nov 09:30 Berlin"),
            ("10:00", "Wed 25 Nov 10:00 Berlin"),
            ("fri 12:00", "Fri 27 Nov 12:00 Berlin"),
            ("Tuesday 12:00", "Tue 24 Nov 12:00 Berlin"),
            ("tue 09:00", "Tue 1 Dec 09:00 Berlin"),
            ("tomorrow 09:00", "Wed 25 Nov 09:00 Berlin"),
            ("today 9:00", "over"),
        ] {
            assert_eq!(resolved(text, now), expected, "{text}");
        }
    }

    #[test]
    fn both_nights_of_the_year_have_an_answer() {
        // 02:30 does not exist on 2027-03-28 and exists twice on 2026-10-25.
        assert_eq!(resolved("02:30", "2027-03-28T01:00[Europe/Berlin]"), "Sun 28 Mar 03:30 Berlin");
        assert_eq!(resolved("02:30", "2026-10-25T01:00[Europe/Berlin]"), "Sun 25 Oct 02:30 Berlin");
    }

    #[test]
    fn other_words_are_no_time() {
        for text in ["25:00", "18", "18:0", "6pm", "fri", "fr 12:00", "someday 12:00", "12:60", "-1:00", "+9:00"] {
            assert_eq!(Until::read(&text.split(' ').collect::<Vec<_>>()), None, "{text}");
        }
        assert_eq!(Until::read(&[]), None);
    }
}
