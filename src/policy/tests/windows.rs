//! Hours and days, through nights and both clock changes. // E33

use super::*;
use crate::policy::window::{Days, Hours, Stretch, Window};

fn window(days: &str, hours: &str, zone: &str) -> Window {
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    Window { days: Days::parse(days).unwrap(), hours: Hours::parse(hours).unwrap(), zone }
}

/// The stretch at or after a moment, in the window's own zone.
fn stretch(days: &str, hours: &str, moment: &str) -> String {
    let window = window(days, hours, "Europe/Berlin");
    let shown = |at: Timestamp| {
        let moment = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap();
        moment.to_zoned_datetime(window.zone.clone()).strftime("%a %d %H:%M%z").to_string()
    };
    match window.at_or_after(berlin(moment)) {
        Some(Stretch { from, until }) => format!("{} to {}", shown(from), shown(until)),
        None => "never".into(),
    }
}

#[test]
fn hours_of_working_days() {
    for (moment, expected) in [
        ("2026-11-24T08:00", "Tue 24 08:00+0100 to Tue 24 18:00+0100"),
        ("2026-11-24T17:59", "Tue 24 08:00+0100 to Tue 24 18:00+0100"),
        ("2026-11-24T18:00", "Wed 25 08:00+0100 to Wed 25 18:00+0100"),
        ("2026-11-24T07:59", "Tue 24 08:00+0100 to Tue 24 18:00+0100"),
        ("2026-11-27T18:00", "Mon 30 08:00+0100 to Mon 30 18:00+0100"),
        ("2026-11-28T12:00", "Mon 30 08:00+0100 to Mon 30 18:00+0100"),
    ] {
        assert_eq!(stretch("mon-fri", "08:00-18:00", moment), expected, "{moment}");
    }
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    for (moment, expected) in [
        ("2026-11-24T22:30", "Tue 24 22:00+0100 to Wed 25 06:00+0100"),
        ("2026-11-25T05:59", "Tue 24 22:00+0100 to Wed 25 06:00+0100"),
        ("2026-11-25T06:00", "Wed 25 22:00+0100 to Thu 26 06:00+0100"),
        // Friday's night reaches into Saturday; Sunday's, before Monday, does not begin on a working day.
        ("2026-11-28T03:00", "Fri 27 22:00+0100 to Sat 28 06:00+0100"),
        ("2026-11-30T03:00", "Mon 30 22:00+0100 to Tue 01 06:00+0100"),
    ] {
        assert_eq!(stretch("mon-fri", "22:00-06:00", moment), expected, "{moment}");
    }
}

#[test]
fn stretches_that_touch_are_one() {
    // Days before yesterday do not matter for what is to come, and are not looked at.
    assert_eq!(stretch("mon-fri", "00:00-24:00", "2026-11-25T12:00"), "Tue 24 00:00+0100 to Sat 28 00:00+0100");
    assert_eq!(stretch("fri, sat", "20:00-20:01", "2026-11-25T12:00"), "Fri 27 20:00+0100 to Fri 27 20:01+0100");
    // Every minute of every day: as far as one looks ahead.
    assert_eq!(stretch("mon-sun", "06:00-24:00", "2026-11-25T12:00"), "Wed 25 06:00+0100 to Thu 26 00:00+0100");
}

#[test]
fn days_are_read_as_people_write_them() {
    assert_eq!(Days::parse("fri-mon").unwrap(), Days::parse("fri,sat, sun ,mon").unwrap());
    assert_eq!(Days::parse("mon-sun").unwrap(), Days::ALL);
    assert_eq!(Days::parse("wed-wed").unwrap(), Days::parse("wed").unwrap());
    for text in ["", "mo", "Mon", "mon-", "mon–fri", "weekdays"] {
        assert!(Days::parse(text).is_err(), "{text}");
    }
    for text in [
        "",
        "8-18",
        "8:00-18:00",
        "08:00",
        "08:00-25:00",
        "24:00-06:00",
        "08:60-09:00",
        "09:00-09:00",
        "08:00–18:00",
        "24:30-01:00",
    ] {
        assert!(Hours::parse(text).is_err(), "{text}");
    }
    assert_eq!(Hours::parse("00:00-24:00").unwrap(), Hours::ALL);
    assert_eq!(Hours::parse("18:00-00:00").unwrap(), Hours::parse("18:00-24:00").unwrap());
}

#[test]
fn the_night_that_loses_an_hour() {
    // 29 March 2026: 02:00 becomes 03:00.
    assert_eq!(stretch("mon-sun", "22:00-06:00", "2026-03-29T01:00"), "Sat 28 22:00+0100 to Sun 29 06:00+0200");
    // An edge that does not exist falls on the change.
    assert_eq!(stretch("mon-sun", "22:00-02:30", "2026-03-29T01:00"), "Sat 28 22:00+0100 to Sun 29 03:00+0200");
    assert_eq!(stretch("sun", "02:30-05:00", "2026-03-29T01:00"), "Sun 29 03:00+0200 to Sun 29 05:00+0200");
    // Hours that do not exist at all do not open.
    assert_eq!(stretch("sun", "02:10-02:50", "2026-03-29T01:00"), "Sun 05 02:10+0200 to Sun 05 02:50+0200");
}

#[test]
fn the_night_that_has_an_hour_twice() {
    // 25 October 2026: 03:00 becomes 02:00.
    assert_eq!(stretch("mon-sun", "22:00-06:00", "2026-10-25T01:00"), "Sat 24 22:00+0200 to Sun 25 06:00+0100");
    // The first reading counts, so that access ends the earlier.
    assert_eq!(stretch("mon-sun", "22:00-02:30", "2026-10-25T01:00"), "Sat 24 22:00+0200 to Sun 25 02:30+0200");
    let second_half_past_two = at("2026-10-25T01:30:00Z");
    let found = window("mon-sun", "22:00-02:30", "Europe/Berlin").at_or_after(second_half_past_two).unwrap();
    assert_eq!(found.from, berlin("2026-10-25T22:00"));
}

#[test]
fn a_verdict_on_the_night_of_a_change_ends_with_the_wall_clock() {
    let set = example();
    let facts = asks("hugo cloud/staging poweruser 4h");
    // Wednesday's night, in the example's zone, is not a night of change; the last Sunday of March is, and mon-thu is closed.
    let verdict = evaluate(&set, &facts, berlin("2026-03-29T01:00"));
    assert_eq!(*refusal(&verdict), Refusal::OutsideWindow { earliest: Some(berlin("2026-03-30T20:00")) });
    let verdict = evaluate(&set, &facts, berlin("2026-03-26T03:00"));
    let Verdict::Allow { ends_at_most, .. } = verdict else { panic!("denied: {verdict:?}") };
    assert_eq!(ends_at_most, berlin("2026-03-26T06:00"));
}

#[test]
fn the_zone_decides_what_the_hours_are() {
    let tokyo = window("mon-fri", "09:00-18:00", "Asia/Tokyo");
    // Monday 09:00 in Tokyo is Monday 01:00 in Berlin.
    let found = tokyo.at_or_after(berlin("2026-11-29T20:00")).unwrap();
    assert_eq!(found.from, berlin("2026-11-30T01:00"));
}

#[test]
fn days_and_hours_are_written_as_they_are_read() {
    for (days, written) in [
        ("mon-fri", "mon-fri"),
        ("sat, sun", "sat, sun"),
        ("sun,sat,mon", "sat-mon"),
        ("mon, wed, fri", "mon, wed, fri"),
        ("fri-mon", "fri-mon"),
        ("thu", "thu"),
        ("mon-sun", "mon-sun"),
    ] {
        let read = Days::parse(days).unwrap();
        assert_eq!(read.to_string(), written);
        assert_eq!(Days::parse(written), Ok(read));
    }
    for hours in ["08:00-18:00", "22:30-06:00", "00:00-24:00"] {
        assert_eq!(Hours::parse(hours).unwrap().to_string(), hours);
    }
}
