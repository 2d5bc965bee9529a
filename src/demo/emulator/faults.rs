//! Things that go wrong between Slack and the app, on demand.

use std::time::Duration;

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// HTTP 200 with `{"ok": false, "error": …}`; nothing happened.
    Error(String),
    /// HTTP 429; nothing happened.
    RateLimited {
        /// Seconds to wait, as the answer says.
        retry_after_s: u64,
    },
    /// HTTP 500; nothing happened.
    ServerError,
    /// Acts, and answers this much later.
    Slow(Duration),
    /// The connection closes; nothing happened.
    DropBefore,
    /// The connection closes although the call has taken effect.
    DropAfter,
}

/// The next `times` calls of `method` fail in this way; without a method, the next calls of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The method, or none for any.
    pub method: Option<String>,
    /// What happens.
    pub kind: FaultKind,
    /// How often.
    pub times: u32,
}

impl Fault {
    /// The next call of `method`.
    pub fn once(method: &str, kind: FaultKind) -> Self {
        Self { method: Some(method.to_owned()), kind, times: 1 }
    }

    /// The next `times` calls of `method`.
    pub fn times(method: &str, times: u32, kind: FaultKind) -> Self {
        Self { method: Some(method.to_owned()), kind, times }
    }

    /// The next `times` calls, whatever they are.
    pub fn any(times: u32, kind: FaultKind) -> Self {
        Self { method: None, kind, times }
    }
}

/// What happens to the next request from Slack to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryFault {
    /// It arrives twice, byte for byte.
    Duplicate,
    /// It arrives and is acknowledged, but nobody hears that: the person sees a timeout. In Socket Mode the connection is cut.
    LoseAck,
    /// It never arrives, and the person sees a timeout. In Socket Mode the connection is cut before it is written.
    Lose,
    /// In Socket Mode: the connection is cut as soon as it is written. Over HTTP the same as [`DeliveryFault::LoseAck`].
    CutAfter,
    /// In Socket Mode: Slack says right behind it that it moves the connection. Over HTTP nothing happens.
    Move,
}

/// Takes the first fault that applies to `method`, counting it down.
pub(crate) fn take(faults: &mut Vec<Fault>, method: &str) -> Option<FaultKind> {
    let position = faults.iter().position(|fault| fault.method.as_deref().is_none_or(|wanted| wanted == method))?;
    let fault = faults.get_mut(position)?;
    let kind = fault.kind.clone();
    fault.times = fault.times.saturating_sub(1);
    if fault.times == 0 {
        faults.remove(position);
    }
    Some(kind)
}
