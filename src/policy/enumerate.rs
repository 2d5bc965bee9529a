//! Everybody who can reach something, by which rule and when; and everything that can be reached without a human. Pure.
//!
//! Exact, and no sample: the vocabulary is closed, so that between two edges (of hours, of contracts) no verdict can change,
//! and one judgement at each edge tells them all. It judges by `evaluate` itself, and knows no rule of its own.
//!
//! It knows the files alone: everybody counts as active in Slack, and every reason as good enough. What a person asks for is
//! as short as can be; the longest that each way allows is told beside it.

use std::collections::BTreeSet;

use super::evaluate::{evaluate_with_any_reason, would_ask};
use super::facts::{Facts, Manner, Outside, Said, Trace, Verdict};
use super::file::{Note, Policy};
use super::matching::{Fits, Whose, fits};
use super::set::PolicySet;
use super::window::{LOOK_AHEAD_DAYS, Stretch, Window};
use crate::access::ids::{PersonId, PolicyId, ResourceId, RoleId};
use crate::access::request::{Mode, Step};
use crate::access::time::{Timestamp, Ttl};

/// One way in which one person can get one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Who.
    pub person: PersonId,
    /// On what.
    pub resource: ResourceId,
    /// As what.
    pub role: RoleId,
    /// By which permit.
    pub policy: PolicyId,
    /// How it comes to be approved.
    pub mode: Mode,
    /// What has to be agreed by whom, requirements included.
    pub steps: Vec<Step>,
    /// Whether an approver must say why.
    pub note_required: bool,
    /// The longest that can be asked for at once.
    pub at_most: Ttl,
    /// When the permit's conditions hold, in order, within the horizon.
    pub open: Vec<Stretch>,
    /// When it is also the one that applies: at other times of `open` another permit asks less of people.
    pub applies: Vec<Stretch>,
}

/// The time that is looked at: two weeks. Every hour of every day of the week occurs in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizon {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

impl Horizon {
    /// The two weeks that begin here.
    pub fn from(from: Timestamp) -> Horizon {
        let two_weeks = i64::from(LOOK_AHEAD_DAYS) * 24 * 3_600_000;
        Horizon { from, until: Timestamp::from_millis(from.as_millis().saturating_add(two_weeks)) }
    }

    /// Whether these stretches fill it.
    pub fn is_filled_by(&self, stretches: &[Stretch]) -> bool {
        matches!(stretches, [only] if only.from <= self.from && only.until >= self.until)
    }
}

/// Everybody's ways to this role, in the order of people and policies.
pub fn who_can(set: &PolicySet, resource: &ResourceId, role: &RoleId, horizon: Horizon) -> Vec<Way> {
    let survey = Survey::new(set, horizon);
    survey.of_role(resource, role)
}

/// Every way to anything on which no human decides beforehand, in the order of resources, roles, people and policies.
pub fn risky(set: &PolicySet, horizon: Horizon) -> Vec<Way> {
    let survey = Survey::new(set, horizon);
    let roles = set.resources().values().flat_map(|resource| resource.roles.iter().map(move |role| (resource, role)));
    let ways = roles.flat_map(|(resource, role)| survey.of_role(&resource.id.value, &role.id.value));
    ways.filter(Way::is_without_a_human).collect()
}

impl Way {
    /// Whether nobody has to agree beforehand.
    pub fn is_without_a_human(&self) -> bool {
        match self.mode {
            Mode::Ask => false,
            Mode::Auto | Mode::BreakGlass => true,
        }
    }
}

/// When an access of the shortest length can begin within these hours and this contract, were there no other condition.
pub fn startable(hours: Option<&Window>, contract_end: Option<Timestamp>, horizon: Horizon) -> Vec<Stretch> {
    let until = contract_end.map_or(horizon.until, |end| horizon.until.min(too_late_before(end)));
    let mut found = Vec::new();
    let mut add = |from: Timestamp, to: Timestamp| {
        let stretch = Stretch { from: from.max(horizon.from), until: to.min(until) };
        if stretch.from < stretch.until {
            append(&mut found, stretch);
        }
    };
    let Some(hours) = hours else {
        add(horizon.from, until);
        return found;
    };
    let mut at = horizon.from;
    while let Some(open) = hours.at_or_after(at).filter(|open| open.from < until) {
        add(open.from, too_late_before(open.until));
        at = open.until;
    }
    found
}

struct Survey<'a> {
    set: &'a PolicySet,
    horizon: Horizon,
    outside: Outside,
    /// Where a contract ends: its owner gets nothing from then on, and approves nothing.
    contracts: BTreeSet<Timestamp>,
}

impl<'a> Survey<'a> {
    fn new(set: &'a PolicySet, horizon: Horizon) -> Survey<'a> {
        let ends = set.people().keys().filter_map(|person| set.contract_end(person));
        let contracts = ends.flat_map(|end| [end, too_late_before(end)]).collect();
        Survey { set, horizon, outside: Outside::assumed_active(), contracts }
    }

    fn of_role(&self, resource: &ResourceId, role: &RoleId) -> Vec<Way> {
        let policies: Vec<&Policy> = self.set.policies_about(resource, role).collect();
        if policies.is_empty() {
            return Vec::new();
        }
        let edges = self.edges(&policies);
        let people = self.set.people().keys().filter(|person| policies.iter().any(|policy| self.may_mean(policy, person)));
        people.flat_map(|person| self.of_person(person, resource, role, &edges)).collect()
    }

    /// Whether this permit means the person, were their contract running or over.
    fn may_mean(&self, policy: &Policy, person: &PersonId) -> bool {
        fits(self.set, &policy.who, Whose { id: person, contract_ended: true }, &self.outside) != Fits::No
    }

    /// Every moment at which a verdict about this role can change, in order; the first is that of the horizon.
    fn edges(&self, policies: &[&Policy]) -> Vec<Timestamp> {
        let mut edges = self.contracts.clone();
        for window in policies.iter().filter_map(|policy| policy.when.as_ref()) {
            self.edges_of(window, &mut edges);
        }
        edges.insert(self.horizon.from);
        edges.into_iter().filter(|at| *at >= self.horizon.from && *at < self.horizon.until).collect()
    }

    fn edges_of(&self, window: &Window, edges: &mut BTreeSet<Timestamp>) {
        let mut at = self.horizon.from;
        while at < self.horizon.until {
            let Some(open) = window.at_or_after(at) else { return };
            edges.extend([open.from, too_late_before(open.until), open.until]);
            at = open.until;
        }
    }

    fn of_person(&self, person: &PersonId, resource: &ResourceId, role: &RoleId, edges: &[Timestamp]) -> Vec<Way> {
        let mut found = Vec::new();
        for manner in [Manner::Usual, Manner::BreakGlass] {
            let facts = Facts::supposed(person, resource, role, manner);
            for (n, at) in edges.iter().enumerate() {
                let until = edges.get(n + 1).copied().unwrap_or(self.horizon.until);
                self.look(&facts, Stretch { from: *at, until }, &mut found);
            }
        }
        found.sort_by(|a, b| a.policy.cmp(&b.policy));
        found
    }

    /// Adds the permits that hold in this stretch, of which every moment is like the first.
    fn look(&self, facts: &Facts, stretch: Stretch, found: &mut Vec<Way>) {
        let Verdict::Allow { policy: chosen, mode, steps, trace, .. } = evaluate_with_any_reason(self.set, facts, stretch.from)
        else {
            return;
        };
        for line in &trace.lines {
            let (policy, mode, steps, applies) = match &line.said {
                Said::Permits if line.rule == chosen => (&line.rule, mode, steps.clone(), true),
                Said::Permits | Said::Outranked { .. } => {
                    let Some(other) = self.set.policy(&line.rule) else { continue };
                    let steps = would_ask(self.set, other, facts, stretch.from).0;
                    (&line.rule, mode_of(facts.manner, &steps), steps, false)
                }
                Said::NotForThem
                | Said::Forbids
                | Said::Unreadable { .. }
                | Said::Fails { .. }
                | Said::PastLimit { .. }
                | Said::Raises { .. } => continue,
            };
            let Some(rule) = self.set.policy(policy) else { continue };
            let known = found.iter().position(|way| way.policy == *policy && way.mode == mode && way.steps == steps);
            let place = known.unwrap_or_else(|| {
                found.push(Way {
                    person: facts.subject.clone(),
                    resource: facts.resource.clone(),
                    role: facts.role.clone(),
                    policy: policy.clone(),
                    mode,
                    steps,
                    note_required: rule.approver_note == Note::Required || raises_a_note(&trace),
                    at_most: self.set.max_of(rule),
                    open: Vec::new(),
                    applies: Vec::new(),
                });
                found.len() - 1
            });
            let Some(way) = found.get_mut(place) else { continue };
            append(&mut way.open, stretch);
            if applies {
                append(&mut way.applies, stretch);
            }
        }
    }
}

/// The first moment at which what is left before `end` is too short to begin in.
fn too_late_before(end: Timestamp) -> Timestamp {
    Timestamp::from_millis(end.as_millis().saturating_sub(Ttl::MIN.as_millis()).saturating_add(1))
}

fn mode_of(manner: Manner, steps: &[Step]) -> Mode {
    match manner {
        Manner::BreakGlass => Mode::BreakGlass,
        Manner::Usual if steps.is_empty() => Mode::Auto,
        Manner::Usual => Mode::Ask,
    }
}

fn raises_a_note(trace: &Trace) -> bool {
    trace.lines.iter().any(|line| matches!(line.said, Said::Raises { note_required: true, .. }))
}

/// Stretches that touch are one.
fn append(stretches: &mut Vec<Stretch>, next: Stretch) {
    match stretches.last_mut() {
        Some(last) if last.until == next.from => last.until = next.until,
        Some(_) | None => stretches.push(next),
    }
}
