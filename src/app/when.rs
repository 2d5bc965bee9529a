//! From when and until when access is wanted: what was said in words becomes moments, in the person's zone.

use crate::access::decide::Ask;
use crate::access::grant::Grant;
use crate::access::refusal::Refusal;
use crate::access::time::{Timestamp, Ttl};
use crate::slack::command::{self, Length};
use crate::slack::until::Until;
use crate::slack::zone::Zone;

/// The moments that a wish names. Without any it begins once it is approved, and lasts as long as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct When {
    /// When it should begin.
    pub start_at: Option<Timestamp>,
    /// Until when it is wanted, where a time was named and not a length.
    pub end_at: Option<Timestamp>,
}

impl When {
    /// The end that was named: a time, or a length from a start. A late decision makes it shorter, and never moves its end.
    pub(super) fn end_of(self, access_for: Ttl) -> Option<Timestamp> {
        self.end_at.or(self.start_at.map(|start| start.plus(access_for)))
    }

    /// The same at `now`: what should have begun by then begins once it is approved.
    pub(super) fn at(self, now: Timestamp) -> When {
        When { start_at: self.start_at.filter(|start| *start > now), ..self }
    }
}

/// What was said, as a length and as moments; no length where none was said.
///
/// # Errors
///
/// A refusal where a time that was named is over, or less than a minute away.
pub(super) fn in_time(
    from: Option<Until>,
    length: Option<Length>,
    (now, zone): (Timestamp, &Zone),
) -> Result<(Option<Ttl>, When), Refusal> {
    let over = |problem: &str| Refusal::NotUnderstood { problem: problem.to_owned(), example: command::EXAMPLE.to_owned() };
    let start_at =
        from.map(|from| from.after(now, zone).ok_or_else(|| over("the time that it should begin is over"))).transpose()?;
    let begins = start_at.unwrap_or(now);
    match length {
        None => Ok((None, When { start_at, end_at: None })),
        Some(Length::For(ttl)) => Ok((Some(ttl), When { start_at, end_at: None })),
        Some(Length::Until(until)) => {
            let end = until.after(begins, zone);
            let length = end.and_then(|end| Ttl::from_millis(end.as_millis().saturating_sub(begins.as_millis())));
            let length = length.ok_or_else(|| over("that time is over, or less than a minute away"))?;
            Ok((Some(length), When { start_at, end_at: end }))
        }
    }
}

/// Whether an access that is there or to come would be in force at the same time as what is asked for.
pub(super) fn overlap(grant: &Grant, ask: &Ask, now: Timestamp) -> bool {
    let begins = ask.start_at.unwrap_or(now).max(now);
    let ends = begins.plus(ask.terms.access_for).min(ask.ends_at_most);
    let ends_there = grant.ends_at().unwrap_or(grant.latest_end);
    begins < ends_there && grant.start_at < ends
}
