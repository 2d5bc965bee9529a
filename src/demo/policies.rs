//! The example policies of the repository, carried in the binary, with dates that fit the demo's own calendar.

use std::io;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::Date;

/// File names and contents. `tests.yaml` stays out: its cases are about days of the example's own calendar.
const POLICIES: &[(&str, &str)] = &[
    ("people.yaml", include_str!("../../policies/people.yaml")),
    ("policies.yaml", include_str!("../../policies/policies.yaml")),
    ("resources.yaml", include_str!("../../policies/resources.yaml")),
];

/// How long after the demo's start a contract ends, whatever date the example gives.
const CONTRACT_DAYS: i64 = 120;

/// Writes the policies into `directory`.
pub fn write(directory: &Path, start_ms: i64) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    for (name, content) in POLICIES {
        std::fs::write(directory.join(name), shifted(content, start_ms))?;
    }
    Ok(())
}

/// Moves dates after `contract_ends:` so that no contract has run out when the demo is shown years later. Contracts that end
/// before others still do.
fn shifted(content: &str, start_ms: i64) -> String {
    let dates: Vec<Date> = content.lines().filter_map(|line| contract_end(line).map(|(_, date)| date)).collect();
    let (Some(first), Some(start)) = (dates.iter().min().copied(), day_of(start_ms)) else {
        return content.to_owned();
    };
    let lines: Vec<String> = content
        .lines()
        .map(|line| match contract_end(line) {
            None => line.to_owned(),
            Some((written, date)) => {
                let later = i64::from(first.until(date).map_or(0, |span| span.get_days()));
                let moved = start.saturating_add((CONTRACT_DAYS + later).days());
                line.replace(written, &moved.to_string())
            }
        })
        .collect();
    lines.join("\n") + "\n"
}

fn contract_end(line: &str) -> Option<(&str, Date)> {
    let (_, rest) = line.split_once("contract_ends:")?;
    let written = rest.trim_start().split(|c: char| c.is_whitespace() || c == ',' || c == '}').next()?;
    Some((written, written.parse().ok()?))
}

fn day_of(ms: i64) -> Option<Date> {
    super::clock::in_berlin(ms).ok().map(|at| at.date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn contracts_end_after_the_demo_begins_and_in_the_same_order() {
        let start_ms = "2030-05-07T08:00:00Z".parse::<Timestamp>().unwrap().as_millisecond();
        let content = "  contract_ends: 2027-01-31   # soon\n  - { id: x, contract_ends: 2027-02-10 }\nother: 2027-01-31\n";
        let expected = "  contract_ends: 2030-09-04   # soon\n  - { id: x, contract_ends: 2030-09-14 }\nother: 2027-01-31\n";
        assert_eq!(shifted(content, start_ms), expected);
    }
}
