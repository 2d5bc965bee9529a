//! What happens while nobody answers: who is reminded when, who is asked as well, who is paged, and how far that has gone.
//!
//! It widens who may fill an empty place, and only by the rule that the request was filed under; a rule that was taken back
//! meanwhile widens nothing any more. Making the page is others' business: here it is owed, made and settled.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::{PersonId, ProviderId};
use super::request::{OR, Request, Step};
use super::time::{Timestamp, Ttl};

/// How long after a reminder, by whomever, people can be reminded by hand.
pub const BY_HAND_EVERY: Duration = Duration::from_secs(15 * 60);

/// What happens while nobody answers. All of it stops at the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remind {
    /// How long after it was asked those who are asked are reminded.
    pub after: Ttl,
    /// Who is asked as well from then on, as a step's `by`.
    pub then_ask: Option<String>,
    /// How long after the reminder the next happens: a second reminder, and the page.
    pub after_that: Option<Ttl>,
    /// Whom to page then.
    pub page: Option<Page>,
}

/// Whom to page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The provider that pages.
    pub provider: ProviderId,
    /// The service there, by its name.
    pub service: String,
}

/// The rule that a request is pinned to, and how far it has gone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reminding {
    /// The rule; without one nobody is reminded but by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Remind>,
    /// When those who are asked were reminded by the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Timestamp>,
    /// Who is asked as well.
    #[serde(default, skip_serializing_if = "Also::is_nobody")]
    pub also: Also,
    /// When they were reminded again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_at: Option<Timestamp>,
    /// The page, once it is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Paged>,
    /// The last reminder by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHand>,
}

/// A reminder by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHand {
    /// By whom.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// Who is asked beside those whom the steps name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Also {
    /// Nobody yet.
    #[default]
    Nobody,
    /// These, for any place that is still empty.
    Asked {
        /// As a step's `by`.
        by: String,
        /// Since when.
        since: Timestamp,
    },
    /// Nobody any more, or ever: the rules in force do not name them. It stays so.
    TakenBack,
}

impl Also {
    fn is_nobody(&self) -> bool {
        *self == Also::Nobody
    }
}

/// A page that is owed or was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paged {
    /// Since when it is owed.
    pub owed_at: Timestamp,
    /// When the provider took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    /// When the provider was told that it is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
}

/// Why people are reminded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reminder {
    /// The rule says so, for the first time.
    First,
    /// The rule says so, for the second time.
    Second,
    /// Whoever asked wants it.
    ByHand(PersonId),
}

impl Reminding {
    /// A request that nobody has been reminded of.
    pub fn by_rule(rule: Option<Remind>) -> Reminding {
        Reminding { rule, ..Reminding::default() }
    }

    /// Whether there is neither a rule nor anything that happened.
    pub fn is_nothing(&self) -> bool {
        *self == Reminding::default()
    }

    /// Who is asked as well, as a step's `by`.
    pub fn also_asked(&self) -> Option<&str> {
        match &self.also {
            Also::Asked { by, .. } => Some(by),
            Also::Nobody | Also::TakenBack => None,
        }
    }

    /// The page that the rule wants, once it is owed.
    pub fn page(&self) -> Option<(&Page, &Paged)> {
        self.rule.as_ref()?.page.as_ref().zip(self.page.as_ref())
    }

    /// The last reminder, by the rule or by hand.
    pub fn last_at(&self) -> Option<Timestamp> {
        [self.first_at, self.second_at, self.by_hand.as_ref().map(|by_hand| by_hand.at)].into_iter().flatten().max()
    }
}

impl Request {
    /// What happens next by the rule while nobody answers: which reminder, and when. The second counts from the first as it
    /// really was, so that whoever is asked since then has the time that the rule leaves them, also after a standstill.
    pub fn next_reminder(&self) -> Option<(Reminder, Timestamp)> {
        let Reminding { rule: Some(rule), first_at, second_at, .. } = &self.reminding else { return None };
        match (first_at, second_at, rule.after_that) {
            (None, _, _) => Some((Reminder::First, self.asked_at.plus(rule.after))),
            (Some(first_at), None, Some(after_that)) => Some((Reminder::Second, first_at.plus(after_that))),
            (Some(_), Some(_), _) | (Some(_), None, None) => None,
        }
    }

    /// The steps with whoever is asked as well, in the order of the steps: each place may be filled by either.
    pub fn steps_asked(&self) -> Vec<Step> {
        widen(&self.steps, self.reminding.also_asked())
    }
}

/// The steps, where `also` may fill each of them too.
pub fn widen(steps: &[Step], also: Option<&str>) -> Vec<Step> {
    let Some(also) = also else { return steps.to_vec() };
    let with = |step: &Step| {
        let missing = also.split(OR).filter(|word| !step.by.split(OR).any(|known| known == *word));
        let by: Vec<&str> = step.by.split(OR).chain(missing).collect();
        Step { by: by.join(OR), count: step.count }
    };
    steps.iter().map(with).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_asked_as_well_may_fill_every_place_and_is_named_once() {
        let step = |by: &str| Step { by: by.to_owned(), count: 1 };
        let steps = [step("group/dba"), step("group/security or group/platform")];
        assert_eq!(widen(&steps, None), steps);
        assert_eq!(
            widen(&steps, Some("group/security")),
            [step("group/dba or group/security"), step("group/security or group/platform")]
        );
    }

    #[test]
    fn what_never_happened_is_not_written_down() {
        assert_eq!(serde_json::to_string(&Reminding::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Reminding>("{}").unwrap(), Reminding::default());
    }
}
