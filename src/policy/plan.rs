//! What other policy files would have made of real requests: each is judged again on the facts of the time, by the rules that
//! it was filed under and by those that are proposed. Pure, and exact: no request is estimated, and none is left out.
//!
//! It knows only requests that were filed. What the old rules refused when it was asked was never filed, and is not seen here.

use std::collections::BTreeMap;

use super::electorate::electorate;
use super::evaluate::evaluate;
use super::facts::{Clamp, Facts, Standing, Verdict};
use super::permit::total;
use super::set::PolicySet;
use crate::access::ids::{PersonId, PolicyId, RequestId};
use crate::access::request::{Mode, Request, RequestState, Step};
use crate::access::seats::fill;
use crate::access::time::Timestamp;

/// What would come out differently.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// How many requests were judged again.
    pub judged: usize,
    /// How many of them come out the same.
    pub same: usize,
    /// The others, those that change most first. Each request is in one group: that of its gravest change.
    pub groups: Vec<Group>,
    /// Requests that could not be judged again, with the reason. Nothing is claimed of them.
    pub unjudged: Vec<(RequestId, String)>,
}

/// Requests that change alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What changes.
    pub change: Change,
    /// What became of them.
    pub was: Was,
    /// What they would come to.
    pub would: Would,
    /// Which, in order.
    pub requests: Vec<RequestId>,
}

/// What changes, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It would be denied.
    Denied,
    /// It would need more people.
    MorePeople,
    /// It would need no human.
    NoHuman,
    /// It would need fewer people.
    FewerPeople,
    /// It would need others: other groups are asked.
    OtherPeople,
    /// The same are asked, but those who approved it are not among them any more.
    NotThose,
    /// Whoever approves would have to say why, or would no longer have to.
    Note,
    /// It would have to end earlier than it could then.
    EndsEarlier,
    /// It could end later than it could then.
    EndsLater,
    /// Only the rule has another name.
    OtherRule,
}

/// What became of a request, and by which rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Was {
    /// The state that it is in, such as `approved`.
    pub state: &'static str,
    /// The permit that applied.
    pub policy: PolicyId,
    /// How many people had to agree.
    pub people: u32,
}

/// What a request would come to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Would {
    /// No.
    Denied {
        /// Every rule and condition that says no; empty where no rule is about it.
        because: Vec<String>,
    },
    /// Yes, once people agree.
    Allowed {
        /// The permit that would apply.
        policy: PolicyId,
        /// How many people would have to agree.
        people: u32,
        /// Who would be asked, as the policy spells it.
        by: Vec<String>,
    },
}

/// What a permit comes to, as far as a change of it matters.
struct Terms<'a> {
    policy: &'a PolicyId,
    mode: Mode,
    steps: &'a [Step],
    note_required: bool,
    ends_at_most: Timestamp,
    clamped_by: Option<Clamp>,
}

/// Judges requests by the rules that are proposed.
pub struct Planner<'a> {
    proposed: &'a PolicySet,
    judged: usize,
    same: usize,
    groups: BTreeMap<(Change, Was, Would), Vec<RequestId>>,
    unjudged: Vec<(RequestId, String)>,
}

impl<'a> Planner<'a> {
    /// Nothing is judged yet.
    pub fn new(proposed: &'a PolicySet) -> Planner<'a> {
        Planner { proposed, judged: 0, same: 0, groups: BTreeMap::new(), unjudged: Vec::new() }
    }

    /// Judges this request again: by `pinned`, the rules that it was filed under, and by those that are proposed. `facts` are
    /// those that it was filed on.
    pub fn judge(&mut self, request: &Request, facts: &Facts, pinned: &PolicySet) {
        let then = evaluate(pinned, facts, request.asked_at);
        let Some(then) = terms(&then).filter(|then| *then.policy == request.policy.id) else {
            let why = "by the rules and facts that are kept it comes out otherwise than it did".to_owned();
            return self.unjudged(request.id, why);
        };
        self.judged += 1;
        let now = evaluate(self.proposed, facts, request.asked_at);
        let Some((change, would)) = self.change(request, facts, &then, &now) else {
            self.same += 1;
            return;
        };
        let was = Was { state: request.state.name(), policy: then.policy.clone(), people: total(then.steps) };
        self.groups.entry((change, was, would)).or_default().push(request.id);
    }

    /// Notes that this request cannot be judged again.
    pub fn unjudged(&mut self, request: RequestId, why: String) {
        self.unjudged.push((request, why));
    }

    /// What all of it comes to.
    pub fn finish(self) -> Plan {
        let group = |((change, was, would), requests)| Group { change, was, would, requests };
        let mut groups: Vec<Group> = self.groups.into_iter().map(group).collect();
        groups.sort_by_key(|group| (group.change, std::cmp::Reverse(group.requests.len())));
        Plan { judged: self.judged, same: self.same, groups, unjudged: self.unjudged }
    }

    fn change(&self, request: &Request, facts: &Facts, then: &Terms<'_>, now: &Verdict) -> Option<(Change, Would)> {
        let now = match now {
            Verdict::Deny { because, .. } => {
                return Some((Change::Denied, Would::Denied { because: because.clone() }));
            }
            Verdict::Allow { .. } => terms(now)?,
        };
        let would = Would::Allowed {
            policy: now.policy.clone(),
            people: total(now.steps),
            by: now.steps.iter().map(|step| step.by.clone()).collect(),
        };
        let (before, after) = (total(then.steps), total(now.steps));
        let change = if after > before {
            Change::MorePeople
        } else if before > 0 && after == 0 {
            Change::NoHuman
        } else if after < before {
            Change::FewerPeople
        } else if now.steps != then.steps || now.mode != then.mode {
            Change::OtherPeople
        } else if self.is_short_of_those_who_approved(request, facts, now.steps) {
            Change::NotThose
        } else if now.note_required != then.note_required {
            Change::Note
        } else if now.clamped_by.is_some() && now.ends_at_most < then.ends_at_most {
            Change::EndsEarlier
        } else if then.clamped_by.is_some() && now.ends_at_most > then.ends_at_most {
            Change::EndsLater
        } else if now.policy != then.policy {
            Change::OtherRule
        } else {
            return None;
        };
        Some((change, would))
    }

    /// Whether it was approved, and those who did could not fill the steps under the proposed rules. What Slack said of them
    /// at their click is not kept; it was good enough, and is taken for that here.
    fn is_short_of_those_who_approved(&self, request: &Request, facts: &Facts, steps: &[Step]) -> bool {
        let RequestState::Approved { at, .. } = &request.state else { return false };
        let mut outside = facts.outside.clone();
        let approvers: Vec<PersonId> = request.approvals.iter().map(|approval| approval.by.clone()).collect();
        outside.standings.extend(approvers.iter().map(|person| (person.clone(), Standing::Active)));
        let voters = electorate(self.proposed, steps, &facts.subject, &facts.filed_by, &outside, *at);
        !fill(steps, &voters, &approvers).is_complete()
    }
}

fn terms(verdict: &Verdict) -> Option<Terms<'_>> {
    match verdict {
        Verdict::Allow { policy, mode, steps, note_required, ends_at_most, clamped_by, .. } => Some(Terms {
            policy,
            mode: *mode,
            steps,
            note_required: *note_required,
            ends_at_most: *ends_at_most,
            clamped_by: *clamped_by,
        }),
        Verdict::Deny { .. } => None,
    }
}
