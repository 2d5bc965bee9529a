//! `away until mon @dave`: until when somebody is away, and who stands in for them.

use jiff::civil::{Date, Time};

use super::behalf::Whom;
use super::{Command, NotUnderstood, not_understood, shown};
use crate::access::time::Timestamp;
use crate::slack::until::{Until, read_day};
use crate::slack::zone::Zone;

/// A line that says that one is away, as an example.
pub const EXAMPLE: &str = "/jit away until mon @dave";

/// What was said about being away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Away {
    /// Nothing: it is asked.
    Shown,
    /// Until when, and who stands in.
    Until(Back, Option<Whom>),
}

/// When somebody is back, as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// At a time of day, perhaps on a day. A day alone is meant to its end.
    At(Until),
    /// On a date, at a time; a date alone is meant to its end.
    On(Date, Time),
}

impl Back {
    /// The moment, in this zone; `None` where it is over already, or where no calendar has it.
    pub fn after(&self, now: Timestamp, zone: &Zone) -> Option<Timestamp> {
        match self {
            Back::At(until) => until.after(now, zone),
            Back::On(date, time) => {
                let moment = date.to_datetime(*time).to_zoned_datetime(zone.time_zone().clone()).ok()?;
                Some(Timestamp::from_millis(moment.timestamp().as_millisecond())).filter(|at| *at > now)
            }
        }
    }
}

/// The last minute of a day.
fn end_of_day() -> Option<Time> {
    Time::new(23, 59, 0, 0).ok()
}

/// What follows `away`.
pub(super) fn away(rest: &[&str]) -> Result<Command, NotUnderstood> {
    let words = match rest.split_first() {
        None => return Ok(Command::Away(Away::Shown)),
        Some((first, tail)) if first.eq_ignore_ascii_case("until") || first.eq_ignore_ascii_case("till") => tail,
        Some(_) => rest,
    };
    let (back, read) = back(words).ok_or_else(|| {
        not_understood("after `away` comes until when: a day such as `mon`, a date such as `2026-12-05`, or a time", EXAMPLE)
    })?;
    let mut left = words.get(read..).unwrap_or_default();
    if left.first().is_some_and(|word| word.eq_ignore_ascii_case("with")) {
        left = left.get(1..).unwrap_or_default();
    }
    let stand_in = match left {
        [] => None,
        [word] => {
            let problem = || not_understood(&format!("`{}` is no person who could stand in for you", shown(word)), EXAMPLE);
            Some(Whom::read(word).ok_or_else(problem)?)
        }
        [_, word, ..] => {
            return Err(not_understood(&format!("one person stands in for you, and there is more: `{}`", shown(word)), EXAMPLE));
        }
    };
    Ok(Command::Away(Away::Until(back, stand_in)))
}

/// Until when, and how many words say it.
fn back(words: &[&str]) -> Option<(Back, usize)> {
    if let Some((until, read)) = Until::read(words) {
        return Some((Back::At(until), read));
    }
    let first = words.first()?;
    if let Some(date) = read_date(first) {
        let time = words.get(1).and_then(|word| Until::read(&[word])).map(|(until, _)| until.time);
        return Some((Back::On(date, time.or_else(end_of_day)?), if time.is_some() { 2 } else { 1 }));
    }
    Some((Back::At(Until { day: Some(read_day(first)?), time: end_of_day()? }), 1))
}

fn read_date(word: &str) -> Option<Date> {
    let is_date = word.len() == 10 && word.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    word.parse().ok().filter(|_| is_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(text: &str) -> String {
        let now: jiff::ZonedDateTime = "2026-11-24T10:00[Europe/Berlin]".parse().unwrap(); // a Tuesday
        let zone = Zone::named("Europe/Berlin");
        match Command::read(text) {
            Command::Away(Away::Shown) => "shown".to_owned(),
            Command::Away(Away::Until(back, stand_in)) => {
                let at = back.after(Timestamp::from_millis(now.timestamp().as_millisecond()), &zone);
                format!("{} {stand_in:?}", at.map_or("over".to_owned(), |at| zone.day(at)))
            }
            Command::NotUnderstood(words) => words.problem,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_day_alone_is_meant_to_its_end() {
        for (text, expected) in [
            ("away", "shown"),
            ("away until mon", "Mon 30 Nov 23:59 Berlin None"),
            ("away mon <@U0DAVE>", "Mon 30 Nov 23:59 Berlin Some(Account(\"U0DAVE\"))"),
            ("away until tue with @dave", "Tue 24 Nov 23:59 Berlin Some(Word(\"dave\"))"),
            ("away today", "Tue 24 Nov 23:59 Berlin None"),
            ("away until fri 12:00 dave", "Fri 27 Nov 12:00 Berlin Some(Word(\"dave\"))"),
            ("away until 18:00", "Tue 24 Nov 18:00 Berlin None"),
            ("away until 2026-12-05", "Sat 5 Dec 23:59 Berlin None"),
            ("away until 2026-12-05 09:30 @dave", "Sat 5 Dec 09:30 Berlin Some(Word(\"dave\"))"),
            ("away until 2026-11-23", "over None"),
        ] {
            assert_eq!(until(text), expected, "{text}");
        }
    }

    #[test]
    fn other_words_are_answered() {
        for (text, problem) in [
            ("away until later", "after `away` comes until when"),
            ("away for 2h", "after `away` comes until when"),
            ("away until", "after `away` comes until when"),
            ("away until 2026-13-05", "after `away` comes until when"),
            ("away until mon <!subteam^S1>", "is no person"),
            ("away until mon @dave @erin", "one person stands in"),
            ("back now", "nothing comes after `back`"),
        ] {
            assert!(until(text).contains(problem), "{text}: {}", until(text));
        }
        assert_eq!(Command::read("back"), Command::Back);
    }
}
