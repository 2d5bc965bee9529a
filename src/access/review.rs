//! A review: what another person says afterwards of an access that nobody agreed to. It belongs to a request, stays open until
//! somebody closes it, and never closes by itself. It is no approval, and changes nothing about the access.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::{PersonId, RequestId};
use super::time::{Timestamp, Ttl};
use super::words::Words;

/// Who reviews, and how soon: what the policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRule {
    /// Who may close it, each as a step's `by`. Any one of them is enough. Not empty.
    pub by: Vec<String>,
    /// How long after the glass was broken it should be closed.
    pub within: Ttl,
}

/// The review of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The request that it is of. There is one review of each, at most.
    pub request: RequestId,
    /// Counts the changes; every change is a compare-and-set on it.
    pub version: u64,
    /// Whose access it was.
    pub subject: PersonId,
    /// Who filed it. Neither of the two may close it.
    pub filed_by: PersonId,
    /// Who may close it, each as a step's `by`.
    pub by: Vec<String>,
    /// When the glass was broken.
    pub opened_at: Timestamp,
    /// Until when it should be closed.
    pub due_at: Timestamp,
    /// How often people were told that it is late.
    pub alarms: u32,
    /// Where it stands.
    pub state: ReviewState,
}

/// Where a review stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Somebody has to look at it.
    Open,
    /// Somebody did.
    Closed {
        /// When.
        at: Timestamp,
        /// Who.
        by: PersonId,
        /// What they found.
        finding: Finding,
        /// Why, in their words.
        note: Words,
    },
}

impl ReviewState {
    /// The state's name, as it is stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            ReviewState::Open => "open",
            ReviewState::Closed { .. } => "closed",
        }
    }
}

/// What a review comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It was right to break the glass.
    Justified,
    /// It was not.
    NotJustified,
}

impl Finding {
    /// The finding's name, as it is stored and carried by forms.
    pub fn name(self) -> &'static str {
        match self {
            Finding::Justified => "justified",
            Finding::NotJustified => "not_justified",
        }
    }

    /// The finding of this name.
    pub fn named(name: &str) -> Option<Finding> {
        [Finding::Justified, Finding::NotJustified].into_iter().find(|finding| finding.name() == name)
    }
}

/// How long after an alarm the next is due.
const ALARM_EVERY: Duration = Duration::from_secs(24 * 3600);

impl Review {
    /// Whether somebody still has to look at it.
    pub fn is_open(&self) -> bool {
        matches!(self.state, ReviewState::Open)
    }

    /// Whether it is late, and people were told.
    pub fn is_overdue(&self) -> bool {
        self.is_open() && self.alarms > 0
    }

    /// When the next alarm is due: when it should have been closed, then once a day for as long as it is open.
    pub fn alarm_at(&self) -> Option<Timestamp> {
        self.is_open().then(|| self.due_at.plus(ALARM_EVERY.saturating_mul(self.alarms)))
    }

    /// How many alarms are due by now.
    pub fn alarms_due(&self, now: Timestamp) -> u32 {
        if !self.is_open() || now < self.due_at {
            return 0;
        }
        let days = now.since(self.due_at).as_secs() / ALARM_EVERY.as_secs();
        u32::try_from(days).unwrap_or(u32::MAX).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_when_it_is_due_and_then_daily_without_end() {
        let day = |days: u64| Timestamp::from_millis(0).plus(Duration::from_secs(days * 24 * 3600));
        let mut review = Review {
            request: RequestId::from_number(1),
            version: 0,
            subject: "bob".parse().unwrap(),
            filed_by: "bob".parse().unwrap(),
            by: vec!["group/security".to_owned()],
            opened_at: day(0),
            due_at: day(1),
            alarms: 0,
            state: ReviewState::Open,
        };
        assert_eq!(review.alarms_due(day(1).minus(Duration::from_millis(1))), 0);
        for number in 1..=400_u32 {
            let at = review.alarm_at().unwrap();
            assert_eq!(at, day(u64::from(number)));
            assert_eq!(review.alarms_due(at), number);
            review.alarms = number;
        }
        assert!(review.is_overdue());
    }
}
