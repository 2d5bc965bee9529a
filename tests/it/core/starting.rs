//! What begins later: how long people can decide about it, and how far ahead it can be.

use daypass::access::decide::{Ask, Undecided, ask};
use daypass::access::refusal::Refusal;
use daypass::access::time::Ttl;

use super::things::{HOUR, MINUTE, asked, asking, at, now};

const DAY: i64 = 24 * HOUR;

fn from(start: i64, ends_at_most: i64) -> Ask {
    Ask { start_at: Some(at(start)), ends_at_most: at(ends_at_most), ..asking() }
}

#[test]
fn it_can_be_decided_until_it_could_no_longer_begin() {
    // Within four hours of the question, an hour of the start, and a minute before the end.
    for (start, end, answer_by) in [
        (12 * HOUR, 14 * HOUR, 4 * HOUR),
        (2 * HOUR, 4 * HOUR, 3 * HOUR),
        (2 * HOUR, 2 * HOUR + 30 * MINUTE, 2 * HOUR + 29 * MINUTE),
        // What should have begun by now is asked for now.
        (-HOUR, 2 * HOUR, HOUR),
    ] {
        assert_eq!(asked(from(start, end)).answer_by, at(answer_by), "{start}");
    }
}

#[test]
fn it_is_at_most_seven_days_ahead() {
    assert!(ask(from(7 * DAY, 7 * DAY + HOUR), now(0)).is_ok());
    let late = ask(from(7 * DAY + 1, 8 * DAY), now(0));
    assert_eq!(late, Err(Undecided::Refused(Refusal::TooFarAhead { latest: at(7 * DAY) })));
}

#[test]
fn its_end_is_named_with_its_start() {
    assert_eq!(asked(from(12 * HOUR, DAY)).from_to(), Some((at(12 * HOUR), at(14 * HOUR))));
    assert_eq!(asked(from(12 * HOUR, 13 * HOUR)).from_to(), Some((at(12 * HOUR), at(13 * HOUR))), "something ends it before");
    assert_eq!(asked(asking()).from_to(), None);
    assert!(matches!(ask(from(12 * HOUR, 12 * HOUR), now(0)), Err(Undecided::Refused(Refusal::NoTimeLeft { .. }))));
    assert_eq!(Ttl::WEEK.to_string(), "7 d");
}
