//! What can go wrong at a provider, on demand.

use std::time::Duration;

/// How a call goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxFaultKind {
    /// The connection closes before anything happens.
    Down,
    /// HTTP 500; nothing happened.
    FailBefore,
    /// Acts, then closes the connection without an answer.
    FailAfter,
    /// Acts and answers, this much later.
    Slow(Duration),
    /// Closes the connection at once; a change happens when it is released. Reads are answered.
    LandsLate,
    /// HTTP 429; nothing happened.
    Throttled {
        /// Seconds to wait, as the answer says.
        retry_after_s: u64,
    },
    /// HTTP 403, for good; nothing happened.
    Refused,
    /// Reads answer what was true before the latest change.
    StaleReads,
}

/// The calls that a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// All of them.
    Everything,
    /// `PUT` and `DELETE`.
    Changes,
    /// `GET`.
    Reads,
}

/// A fault and how long it lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxFault {
    /// How calls go wrong.
    pub kind: SandboxFaultKind,
    /// Which calls.
    pub on: On,
    /// For how many calls; none means until it is taken back.
    pub times: Option<u32>,
}

impl SandboxFault {
    /// Until it is taken back.
    pub fn lasting(kind: SandboxFaultKind) -> Self {
        Self { on: natural_scope(&kind), kind, times: None }
    }

    /// For the next `times` calls that it concerns.
    pub fn next(times: u32, kind: SandboxFaultKind) -> Self {
        Self { on: natural_scope(&kind), kind, times: Some(times) }
    }

    /// The same fault for other calls.
    pub fn on(self, on: On) -> Self {
        Self { on, ..self }
    }
}

fn natural_scope(kind: &SandboxFaultKind) -> On {
    match kind {
        SandboxFaultKind::LandsLate | SandboxFaultKind::Refused => On::Changes,
        SandboxFaultKind::StaleReads => On::Reads,
        _ => On::Everything,
    }
}

/// The fault for a call, counting it down.
pub(super) fn take(fault: &mut Option<SandboxFault>, is_change: bool) -> Option<SandboxFaultKind> {
    let current = fault.as_mut()?;
    let applies = match current.on {
        On::Everything => true,
        On::Changes => is_change,
        On::Reads => !is_change,
    };
    if !applies {
        return None;
    }
    let kind = current.kind.clone();
    if let Some(times) = current.times.as_mut() {
        *times = times.saturating_sub(1);
        if *times == 0 {
            *fault = None;
        }
    }
    Some(kind)
}
