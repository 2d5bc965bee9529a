//! What Daypass says about itself to operators: the log, without secrets in it, and the metrics.
//!
//! It decides nothing and keeps nothing. Who does what is in the audit log; this is for whoever runs the machine.

pub mod metrics;
pub mod redact;

use std::fmt;
use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

pub use metrics::{Gauges, Metrics};
pub use redact::Redactor;

/// What is logged unless the environment says otherwise.
const DIRECTIVES: &str = "info";

/// `DAYPASS_LOG`: what is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// How a line looks.
    pub format: Format,
    directives: String,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl Default for LogSettings {
    fn default() -> LogSettings {
        LogSettings { format: Format::Human, directives: DIRECTIVES.to_owned() }
    }
}

impl LogSettings {
    /// Reads `info`, `debug,hyper=warn`, `json` or `json,info,daypass=debug`: a filter, and `json` before it for JSON.
    ///
    /// # Errors
    ///
    /// What the text should have been.
    pub fn parse(text: &str) -> Result<LogSettings, String> {
        let (format, directives) = match text.strip_prefix("json") {
            Some("") => (Format::Json, DIRECTIVES),
            Some(rest) => match rest.strip_prefix(',') {
                Some(directives) => (Format::Json, directives),
                None => (Format::Human, text),
            },
            None => (Format::Human, text),
        };
        let problem =
            || format!("must be a level or a filter, such as `info`, `json`, or `json,info,daypass=debug`, not `{text}`");
        // A single word is taken for the name of a part by the library, and would silence all others.
        let is_word = directives.chars().all(char::is_alphanumeric);
        let is_level = ["trace", "debug", "info", "warn", "error", "off"].contains(&directives.to_ascii_lowercase().as_str());
        if is_word && !is_level || EnvFilter::builder().parse(directives).is_err() {
            return Err(problem());
        }
        Ok(LogSettings { format, directives: directives.to_owned() })
    }

    /// Only what somebody at a terminal has to know beside what they asked for.
    pub fn quiet() -> LogSettings {
        LogSettings { format: Format::Human, directives: "warn".to_owned() }
    }

    fn filter(&self) -> EnvFilter {
        EnvFilter::builder().parse_lossy(&self.directives)
    }
}

/// Starts logging to standard error, and has panics logged as well. Nothing that `redactor` knows or recognises gets there.
///
/// # Errors
///
/// When logging was started before.
pub fn start(settings: &LogSettings, redactor: &Redactor) -> Result<(), TryInitError> {
    let writer = Redacting { redactor: redactor.clone(), to: io::stderr };
    let registry = tracing_subscriber::registry().with(settings.filter());
    match settings.format {
        Format::Human => {
            registry.with(tracing_subscriber::fmt::layer().with_target(false).with_ansi(false).with_writer(writer)).try_init()?
        }
        Format::Json => {
            registry.with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(writer)).try_init()?
        }
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let said = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, "something that should not happen did: {said}");
    }));
    Ok(())
}

/// Writes lines without secrets in them.
#[derive(Clone)]
struct Redacting<M> {
    redactor: Redactor,
    to: M,
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = Line<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { redactor: self.redactor.clone(), to: self.to.make_writer(), bytes: Vec::new() }
    }
}

/// One event on its way out. It is held back until it is whole, since a secret could begin in one part and end in the next.
struct Line<W: io::Write> {
    redactor: Redactor,
    to: W,
    bytes: Vec<u8>,
}

impl<W: io::Write> io::Write for Line<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: io::Write> Drop for Line<W> {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.bytes);
        // Nobody is left to tell that the log cannot be written.
        let _ = self.to.write_all(self.redactor.redact(&text).as_bytes());
        let _ = self.to.flush();
    }
}

impl fmt::Display for LogSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format {
            Format::Human => f.write_str(&self.directives),
            Format::Json => write!(f, "json,{}", self.directives),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format) -> String {
        let redactor = Redactor::default();
        redactor.learn("canary\"with\\odd signs");
        let kept = Kept::default();
        let make = kept.clone();
        let writer = Redacting { redactor, to: move || make.clone() };
        let log = || {
            tracing::info!(secret = "canary\"with\\odd signs", "a field");
            tracing::info!("in the text: canary\"with\\odd signs");
            tracing::info!(token = ?Some("xoxb-123-canary"), url = "postgres://daypass:canary@db/x", "shapes");
        };
        let filter = LogSettings::default().filter();
        match format {
            Format::Human => tracing::subscriber::with_default(
                tracing_subscriber::registry()
                    .with(filter)
                    .with(tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer)),
                log,
            ),
            Format::Json => tracing::subscriber::with_default(
                tracing_subscriber::registry().with(filter).with(tracing_subscriber::fmt::layer().json().with_writer(writer)),
                log,
            ),
        }
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_secret_reaches_the_log_in_either_format() {
        for format in [Format::Human, Format::Json] {
            let text = logged(format);
            assert_eq!(text.lines().count(), 3, "{text}");
            assert!(!text.contains("canary"), "{text}");
            assert!(text.contains("postgres://daypass:[redacted]@db/x"), "{text}");
        }
    }

    #[test]
    fn the_setting_is_a_filter_with_json_before_it_for_json() {
        for (text, format, directives) in [
            ("info", Format::Human, "info"),
            ("json", Format::Json, "info"),
            ("json,debug", Format::Json, "debug"),
            ("warn,daypass=debug", Format::Human, "warn,daypass=debug"),
        ] {
            let settings = LogSettings::parse(text).unwrap();
            assert_eq!((settings.format, settings.directives.as_str()), (format, directives), "{text}");
        }
        for text in ["loud", "jsonx", "a=b=c", "json,loud"] {
            assert!(LogSettings::parse(text).is_err(), "{text}");
        }
    }
}
