//! Numbers for Prometheus, in its text format. A few atomics: a library for it is larger than all of this, and brings labels
//! and registries that nothing here needs.
//!
//! What is counted while the process runs lives here. What the rows know is asked for when somebody looks ([`Gauges`]), so that
//! a restart cannot make it wrong.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What came in, by what was made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// A slash command.
    Command,
    /// A button.
    Action,
    /// A form, submitted or closed.
    Form,
    /// A question for options.
    Options,
    /// An event, or one of Slack's own checks.
    Event,
    /// Something signed that we do not know.
    Unknown,
    /// Something without a valid signature.
    NotSigned,
    /// Something that came before, byte for byte.
    Replayed,
    /// Something too large, too slow, or broken.
    Refused,
    /// Something that took longer than Slack waits.
    TooLate,
}

const NAMES: [(&str, Came); 10] = [
    ("command", Came::Command),
    ("action", Came::Action),
    ("form", Came::Form),
    ("options", Came::Options),
    ("event", Came::Event),
    ("unknown", Came::Unknown),
    ("not_signed", Came::NotSigned),
    ("replayed", Came::Replayed),
    ("refused", Came::Refused),
    ("too_late", Came::TooLate),
];

/// Upper bounds of the buckets of times to answer, in milliseconds. 300 is the aim, 3000 is Slack's limit.
const BUCKETS_MS: [u64; 9] = [5, 10, 25, 50, 100, 300, 1000, 2500, 3000];

/// What is counted while the process runs.
#[derive(Debug, Default)]
pub struct Metrics {
    came: [AtomicU64; NAMES.len()],
    answered: [AtomicU64; BUCKETS_MS.len()],
    answered_all: AtomicU64,
    answered_micros: AtomicU64,
    connections_refused: AtomicU64,
}

/// What the rows say at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Requests that people can still decide.
    pub pending: u64,
    /// Grants that are, or may become, in force.
    pub live: u64,
    /// Grants whose removal is late enough that people were told.
    pub overdue: u64,
    /// By how much the latest removal is late.
    pub overstay_max: Duration,
    /// Messages that are due and not delivered, counted up to a bound.
    pub undelivered: u64,
    /// Commits since the start.
    pub commits: u64,
    /// Jobs in them.
    pub jobs: u64,
    /// Whether the process can do its work.
    pub ready: Ready,
}

/// Whether the process can do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// It can.
    Yes,
    /// It cannot.
    No,
}

impl Metrics {
    /// Something came in.
    pub fn came(&self, what: Came) {
        if let Some((_, counter)) = NAMES.iter().zip(&self.came).find(|((_, known), _)| *known == what) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Something signed was answered after this time.
    pub fn answered_after(&self, time: Duration) {
        for (bound_ms, bucket) in BUCKETS_MS.iter().zip(&self.answered) {
            if time <= Duration::from_millis(*bound_ms) {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.answered_all.fetch_add(1, Ordering::Relaxed);
        self.answered_micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// A connection was turned away because there were too many.
    pub fn connection_refused(&self) {
        self.connections_refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Everything as Prometheus reads it. Without gauges when the rows could not be read: a zero would say that all is well.
    pub fn render(&self, gauges: Option<&Gauges>) -> String {
        let mut page = Page(String::new());
        page.head("daypass_inbound_total", "counter", "What came in, by what was made of it.");
        for ((name, _), counter) in NAMES.iter().zip(&self.came) {
            page.line(&format!("daypass_inbound_total{{kind=\"{name}\"}}"), counter.load(Ordering::Relaxed));
        }
        page.head("daypass_answer_seconds", "histogram", "Time from a signed request to its answer.");
        for (bound_ms, bucket) in BUCKETS_MS.iter().zip(&self.answered) {
            page.line(
                &format!("daypass_answer_seconds_bucket{{le=\"{}\"}}", seconds(bound_ms * 1000)),
                bucket.load(Ordering::Relaxed),
            );
        }
        let all = self.answered_all.load(Ordering::Relaxed);
        page.line("daypass_answer_seconds_bucket{le=\"+Inf\"}", all);
        page.line("daypass_answer_seconds_sum", seconds(self.answered_micros.load(Ordering::Relaxed)));
        page.line("daypass_answer_seconds_count", all);
        let refused = self.connections_refused.load(Ordering::Relaxed);
        page.one("daypass_connections_refused_total", "counter", "Connections turned away because there were too many.", refused);
        if let Some(gauges) = gauges {
            gauges.render(&mut page);
        }
        page.0
    }
}

impl Gauges {
    fn render(&self, page: &mut Page) {
        page.one("daypass_requests_pending", "gauge", "Requests that people can still decide.", self.pending);
        page.one("daypass_grants_live", "gauge", "Grants that are, or may become, in force.", self.live);
        page.one("daypass_grants_overdue", "gauge", "Grants whose removal is late enough that people were told.", self.overdue);
        let overstay = seconds(u64::try_from(self.overstay_max.as_micros()).unwrap_or(u64::MAX));
        page.one("daypass_overstay_seconds_max", "gauge", "By how much the latest removal is late.", overstay);
        page.one(
            "daypass_messages_undelivered",
            "gauge",
            "Messages that are due and not delivered, up to a bound.",
            self.undelivered,
        );
        page.one("daypass_writer_commits_total", "counter", "Commits of the database.", self.commits);
        page.one("daypass_writer_jobs_total", "counter", "Jobs in those commits.", self.jobs);
        let ready = match self.ready {
            Ready::Yes => 1,
            Ready::No => 0,
        };
        page.one("daypass_ready", "gauge", "Whether the process can do its work.", ready);
    }
}

/// Microseconds as seconds, without the noise of floating point.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

struct Page(String);

impl Page {
    // Writing to a string cannot fail.
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, kind, help);
        self.line(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_prometheus_reads() {
        let metrics = Metrics::default();
        metrics.came(Came::Command);
        metrics.came(Came::Command);
        metrics.came(Came::TooLate);
        metrics.answered_after(Duration::from_micros(7300));
        metrics.answered_after(Duration::from_secs(4));
        metrics.connection_refused();
        let gauges = Gauges {
            pending: 1,
            live: 2,
            overdue: 3,
            overstay_max: Duration::from_millis(90_500),
            undelivered: 4,
            commits: 5,
            jobs: 6,
            ready: Ready::No,
        };
        insta::assert_snapshot!(metrics.render(Some(&gauges)));
    }

    #[test]
    fn rows_that_cannot_be_read_are_left_out_instead_of_zero() {
        assert!(!Metrics::default().render(None).contains("pending"));
    }

    #[test]
    fn every_kind_is_counted_under_its_own_name() {
        let metrics = Metrics::default();
        NAMES.iter().for_each(|(_, what)| metrics.came(*what));
        assert!(metrics.came.iter().all(|counter| counter.load(Ordering::Relaxed) == 1));
    }
}
