//! The words for access that begins later: from when until when, and what comes before.

use super::names::Names;
use crate::access::request::Request;
use crate::access::time::Timestamp;
use crate::slack::text::Markup;
use crate::slack::zone::Zone;

/// ", from today 23:00 to tomorrow 01:00": nothing where it begins once it is approved.
pub(super) fn from_to(request: &Request, zone: &Zone) -> Markup {
    match request.from_to() {
        None => Markup::new(),
        Some((from, to)) => Markup::new().lit(", from ").day(from, zone).lit(" to ").day(to, zone),
    }
}

/// The same where no markup is read: ", from Tue 24 Nov 23:00 Berlin to Wed 25 Nov 01:00 Berlin".
pub(super) fn from_to_plain(request: &Request, zone: &Zone) -> String {
    request.from_to().map(|(from, to)| format!(", from {}", zone.span(from, to))).unwrap_or_default()
}

/// "It is for Tue 24 Nov 23:00 Berlin to Wed 25 Nov 01:00 Berlin, and starts then."
pub(super) fn begins((from, to): (Timestamp, Timestamp), zone: &Zone) -> String {
    format!("It is for {}, and starts then by itself.", zone.span(from, to))
}

/// The answer to whoever asked for what the policy alone approves.
pub(super) fn at_once(what: &str, from_to: Option<(Timestamp, Timestamp)>, names: &Names) -> String {
    let begins = from_to.map(|from_to| format!(" {}", begins(from_to, &names.zone))).unwrap_or_default();
    format!("{what} is approved by the policy.{begins} I'll tell you when it is in force.")
}

/// The answer to the last approval.
pub(super) fn approved(what: &str, subject: &str, starts_at: Option<Timestamp>, names: &Names) -> String {
    match starts_at {
        None => format!("Approved: {what}. {subject} is told as soon as it is in force."),
        Some(at) => format!(
            "Approved: {what}. It starts {}, after one more look at the rules; {subject} is told when it is in force.",
            names.zone.day(at)
        ),
    }
}
