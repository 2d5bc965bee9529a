//! A first set of policy files to begin with: small, commented, tested, and without anything to warn of. Text only; writing it
//! to a directory is the command line's business.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::access::time::Timestamp;
use crate::policy::parse::Source;

/// File names and contents, with places for two dates.
const FILES: [(&str, &str); 4] = [
    ("people.yaml", include_str!("starter/people.yaml")),
    ("policies.yaml", include_str!("starter/policies.yaml")),
    ("resources.yaml", include_str!("starter/resources.yaml")),
    ("tests.yaml", include_str!("starter/tests.yaml")),
];

/// The files, with dates that lie ahead of `now`: the contract in them ends in a year.
pub fn files(now: Timestamp) -> Vec<Source> {
    let today = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default().to_zoned_datetime(TimeZone::UTC).date();
    let tuesday = next(today, Weekday::Tuesday);
    let last_day = today.saturating_add(1.year());
    let dated = |text: &str| text.replace("{tuesday}", &tuesday.to_string()).replace("{last_day}", &last_day.to_string());
    FILES.iter().map(|(name, text)| Source { name: (*name).to_owned(), text: dated(text) }).collect()
}

/// The first such day from this one on.
fn next(day: Date, weekday: Weekday) -> Date {
    (0..7).map(|days| day.saturating_add(days.days())).find(|day| day.weekday() == weekday).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::check::{Severity, check};
    use crate::policy::{PolicySet, Shapes, scenario};

    #[test]
    fn the_files_to_begin_with_load_pass_their_tests_and_have_nothing_to_warn_of() {
        for year in [2026, 2031, 2060] {
            let now: jiff::Timestamp = format!("{year}-02-27T12:00:00Z").parse().unwrap();
            let now = Timestamp::from_millis(now.as_millisecond());
            let set = PolicySet::parse(files(now), Shapes::UNCHECKED).unwrap_or_else(|problem| panic!("{problem}"));
            let report = scenario::run(&set);
            assert_eq!((report.failures.clone(), report.untried()), (vec![], 0), "{:?}", report.coverage);
            let warnings: Vec<String> = check(&set, now)
                .iter()
                .filter(|finding| finding.severity == Severity::Warning)
                .map(ToString::to_string)
                .collect();
            assert!(warnings.is_empty(), "{warnings:#?}");
        }
    }
}
