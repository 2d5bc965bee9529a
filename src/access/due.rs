//! When each record next needs attention by itself. The store keeps the answer beside the row, and the worker sleeps until then.

use super::entitlement::{Entitlement, Holding};
use super::grant::{Grant, GrantState, Recheck, Revoking, Warning};
use super::request::{Request, RequestState};
use super::time::Timestamp;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The lateness at which people are first told of a removal that does not succeed; then 30 min, 2 h, and daily.
const ALARMS_AFTER: [Duration; 3] = [Duration::from_secs(5 * 60), Duration::from_secs(30 * 60), Duration::from_secs(2 * 3600)];
const ALARM_EVERY: Duration = Duration::from_secs(24 * 3600);

impl Request {
    /// When the request next changes by itself, while it is pending: at `answer_by`, or when people are reminded before that.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            RequestState::Pending => Some(self.next_reminder().map_or(self.answer_by, |(_, at)| at.min(self.answer_by))),
            RequestState::Approved { .. }
            | RequestState::Denied { .. }
            | RequestState::Cancelled { .. }
            | RequestState::Expired { .. }
            | RequestState::Invalidated { .. }
            | RequestState::Lapsed { .. } => None,
        }
    }
}

impl Grant {
    /// When the grant next changes by itself. The calls it needs are the entitlement's business.
    pub fn due_at(&self) -> Option<Timestamp> {
        match &self.state {
            GrantState::Planned => Some(self.start_at),
            GrantState::Checking { .. } | GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. } => {
                Some(self.start_by.min(self.latest_end))
            }
            GrantState::Active { ends_at, warning: Warning::Owed, .. } => Some(self.warn_at().unwrap_or(*ends_at).min(*ends_at)),
            GrantState::Active { ends_at, warning: Warning::Given, .. } => Some(*ends_at),
            GrantState::Revoking(revoking) => Some(revoking.alarm_at()),
            GrantState::Failed { recheck: Recheck::At(at), .. } => Some(*at),
            GrantState::Failed { recheck: Recheck::Owed | Recheck::Done, .. }
            | GrantState::Void { .. }
            | GrantState::Ended(_) => None,
        }
    }

    /// When the person is warned: before the end by `warn_before` or a fifth of the time, whichever is shorter. `None` unless in force.
    pub fn warn_at(&self) -> Option<Timestamp> {
        match &self.state {
            GrantState::Active { active_at, ends_at, .. } => {
                Some(ends_at.minus(Duration::from(self.warn_before).min(ends_at.since(*active_at) / 5)))
            }
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Revoking(_)
            | GrantState::Void { .. }
            | GrantState::Failed { .. }
            | GrantState::Ended(_) => None,
        }
    }
}

impl Revoking {
    /// How many alarms are due by now: after 5 min, 30 min, 2 h, then one a day.
    pub fn alarms_due(&self, now: Timestamp) -> u32 {
        let late = now.since(self.since);
        let early = ALARMS_AFTER.iter().filter(|after| late >= **after).count();
        let days = match ALARMS_AFTER.last() {
            Some(last) if late >= *last => (late - *last).as_secs() / ALARM_EVERY.as_secs(),
            _ => 0,
        };
        u32::try_from(early as u64 + days).unwrap_or(u32::MAX)
    }

    /// When the next alarm is due.
    pub fn alarm_at(&self) -> Timestamp {
        let [first, second, third] = ALARMS_AFTER;
        self.since.plus(match self.alarms {
            0 => first,
            1 => second,
            2 => third,
            more => third + ALARM_EVERY.saturating_mul(more - 2),
        })
    }

    /// Whether the removal is late enough that people were told.
    pub fn is_overdue(&self) -> bool {
        self.alarms > 0
    }
}

impl Entitlement {
    /// When a call may start, or when the one in flight is given up.
    pub fn due_at(&self) -> Option<Timestamp> {
        match &self.in_flight {
            Some(call) => Some(call.give_up_at.plus(Duration::from_millis(1))),
            None => self.due.as_ref().map(|due| due.at),
        }
    }
}

impl Holding {
    /// When anything about it is next due.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.grants.iter().map(Grant::due_at).chain([self.entitlement.due_at()]).flatten().min()
    }
}

/// How long to wait after so many failed tries, the first of which was due at `since`: 5, 15, 30, then 60 s within the
/// first hour, then between 5 and 15 minutes. `salt` spreads entitlements out, so that they do not all come at once.
pub fn backoff(attempts: u32, owed_for: Duration, salt: u64) -> Duration {
    match attempts {
        0 => Duration::ZERO,
        1 => Duration::from_secs(5),
        2 => Duration::from_secs(15),
        3 => Duration::from_secs(30),
        _ if owed_for < 60 * MINUTE => MINUTE,
        _ => {
            let spread =
                salt.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(u64::from(attempts)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            5 * MINUTE + Duration::from_secs((spread >> 33) % 600)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_come_at_least_once_a_minute_in_the_first_hour_and_never_stop() {
        let waits: Vec<u64> = (0..6).map(|n| backoff(n, Duration::ZERO, 7).as_secs()).collect();
        assert_eq!(waits, [0, 5, 15, 30, 60, 60]);
        for attempts in 60..2000 {
            let wait = backoff(attempts, Duration::from_secs(3600), u64::from(attempts) % 5);
            assert!((300..900).contains(&wait.as_secs()), "{wait:?}");
        }
    }

    #[test]
    fn alarms_get_rarer_but_never_stop() {
        let start = Timestamp::from_millis(0);
        let mut revoking = Revoking {
            since: start,
            due_at: start,
            active_at: None,
            cause: super::super::grant::EndCause::TimeOver,
            remains: super::super::grant::Remains::Access,
            alarms: 0,
        };
        let mut minutes = Vec::new();
        for alarm in 1..=5 {
            let at = revoking.alarm_at();
            assert_eq!(revoking.alarms_due(at), alarm);
            assert_eq!(revoking.alarms_due(at.minus(Duration::from_millis(1))), alarm - 1);
            minutes.push(at.since(start).as_secs() / 60);
            revoking.alarms = alarm;
        }
        assert_eq!(minutes, [5, 30, 120, 120 + 1440, 120 + 2880]);
    }
}
