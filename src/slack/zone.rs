//! Times as people read them: in their zone, and never without naming one.
//!
//! Where Slack reads markup it gets a date token, which every reader sees in their own zone; where it does not, and in
//! notifications, the time is written out in the zone that the caller gives.

use jiff::tz::TimeZone;

use super::text::Markup;
use crate::access::time::Timestamp;

/// A zone with a name to say it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    zone: TimeZone,
    label: String,
}

impl Default for Zone {
    fn default() -> Zone {
        Zone { zone: TimeZone::UTC, label: "UTC".to_owned() }
    }
}

impl Zone {
    /// The zone with this name in the time zone database (`Europe/Berlin`); UTC when there is none such.
    pub fn named(name: &str) -> Zone {
        let label = name.rsplit('/').next().unwrap_or(name).replace('_', " ");
        // The label is put into Slack's date tokens: nothing that would end one may be in it.
        let inert = !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || " +-".contains(c));
        match TimeZone::get(name) {
            Ok(zone) if inert => Zone { zone, label },
            Ok(_) | Err(_) => Zone::default(),
        }
    }

    /// What people call it: `Berlin`.
    pub fn label(&self) -> &str {
        &self.label
    }

    pub(super) fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// `12:00 Berlin`.
    pub fn clock(&self, at: Timestamp) -> String {
        self.written(at, "%H:%M")
    }

    /// `Tue 24 Nov 12:00 Berlin`.
    pub fn day(&self, at: Timestamp) -> String {
        self.written(at, "%a %-d %b %H:%M")
    }

    /// `Tue 24 Nov 17:00 Berlin to 19:00 Berlin`, or with both days where they differ.
    pub fn span(&self, from: Timestamp, to: Timestamp) -> String {
        let is_one_day = self.written(from, "%F") == self.written(to, "%F");
        let ends = if is_one_day { self.clock(to) } else { self.day(to) };
        format!("{} to {ends}", self.day(from))
    }

    /// As people type it, within a week: `fri 22:00`.
    pub fn typed(&self, at: Timestamp) -> String {
        let written = self.written(at, "%a %H:%M").to_lowercase();
        written.strip_suffix(&format!(" {}", self.label.to_lowercase())).map_or(written.clone(), str::to_owned)
    }

    fn written(&self, at: Timestamp, format: &str) -> String {
        match jiff::Timestamp::from_millisecond(at.as_millis()) {
            Ok(moment) => format!("{} {}", moment.to_zoned_datetime(self.zone.clone()).strftime(format), self.label),
            Err(_) => format!("at a time that no calendar has ({} ms)", at.as_millis()),
        }
    }
}

impl Markup {
    /// Adds day and time, which Slack shows in each reader's zone: "today 12:00".
    #[must_use]
    pub fn day(self, at: Timestamp, zone: &Zone) -> Markup {
        let fallback = zone.day(at);
        self.token(&format!("<!date^{}^{{date_short_pretty}} {{time}}|{fallback}>", at.as_secs()))
    }

    /// Adds the time of day alone, for moments close to others whose day is shown.
    #[must_use]
    pub fn clock(self, at: Timestamp, zone: &Zone) -> Markup {
        let fallback = zone.clock(at);
        self.token(&format!("<!date^{}^{{time}}|{fallback}>", at.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_795_521_600_000);

    #[test]
    fn every_time_names_its_zone() {
        assert_eq!(Zone::named("Europe/Berlin").day(NOON), "Tue 24 Nov 13:00 Berlin");
        assert_eq!(Zone::named("America/New_York").clock(NOON), "07:00 New York");
        let later = |hours: i64| Timestamp::from_millis(NOON.as_millis() + hours * 3_600_000);
        assert_eq!(Zone::named("Europe/Berlin").span(NOON, later(2)), "Tue 24 Nov 13:00 Berlin to 15:00 Berlin");
        assert_eq!(Zone::named("Europe/Berlin").span(later(10), later(12)), "Tue 24 Nov 23:00 Berlin to Wed 25 Nov 01:00 Berlin");
        assert_eq!(Zone::named("Mars/Olympus|>").clock(NOON), "12:00 UTC");
        assert_eq!(
            Zone::default().clock(Timestamp::from_millis(i64::MAX)),
            "at a time that no calendar has (9223372036854775807 ms)"
        );
        let token = Markup::new().day(NOON, &Zone::named("Europe/Berlin")).cut(999);
        assert_eq!(token, "<!date^1795521600^{date_short_pretty} {time}|Tue 24 Nov 13:00 Berlin>");
    }
}
