//! The enumeration itself: every person, every edge, every manner, and every group that is read elsewhere, in it and out of it.

use std::collections::BTreeSet;

use super::{Horizon, Way, append, supposed_in_groups, too_late_before};
use crate::access::ids::{GroupId, PersonId, PolicyId, ResourceId, RoleId};
use crate::access::request::{Mode, Step};
use crate::access::time::{Timestamp, Ttl};
use crate::policy::evaluate::{evaluate_with_any_reason, would_ask};
use crate::policy::facts::{Facts, Manner, Outside, Purpose, Reading, Said, Trace, Verdict};
use crate::policy::file::{Approve, Note, Policy};
use crate::policy::matching::{Fits, Whose, fits};
use crate::policy::set::PolicySet;
use crate::policy::window::{Stretch, Window};

/// In how many groups that are read elsewhere a person is tried in and out independently, per role; the others go with the last.
const GROUPS_MAX: usize = 10;

pub(super) struct Survey<'a> {
    set: &'a PolicySet,
    horizon: Horizon,
    /// Where a contract ends: its owner gets nothing from then on, and approves nothing.
    contracts: BTreeSet<Timestamp>,
    /// As if everybody were in every group that is read elsewhere.
    all_in: Outside,
}

impl<'a> Survey<'a> {
    pub(super) fn new(set: &'a PolicySet, horizon: Horizon) -> Survey<'a> {
        let ends = set.people().keys().filter_map(|person| set.contract_end(person));
        let contracts = ends.flat_map(|end| [end, too_late_before(end)]).collect();
        let everybody = set.people().keys().cloned().collect();
        Survey { set, horizon, contracts, all_in: supposed_in_groups(set, &everybody) }
    }

    pub(super) fn of_role(&self, resource: &ResourceId, role: &RoleId) -> Vec<Way> {
        let policies: Vec<&Policy> = match self.set.bundle(resource) {
            Some(bundle) => {
                bundle.of.iter().flat_map(|part| self.set.policies_about(&part.resource.value, &part.role.value)).collect()
            }
            None => self.set.policies_about(resource, role).collect(),
        };
        if policies.is_empty() {
            return Vec::new();
        }
        let edges = self.edges(&policies);
        let assumptions = subsets(self.set.groups_read_for(resource, role));
        let people = self.set.people().keys().filter(|person| policies.iter().any(|policy| self.may_mean(policy, person)));
        people.flat_map(|person| self.of_person(person, resource, role, &edges, &assumptions)).collect()
    }

    /// Whether this permit means the person, were their contract over and were they in every group.
    fn may_mean(&self, policy: &Policy, person: &PersonId) -> bool {
        fits(self.set, &policy.who, Whose::new(self.set, person, true), &self.all_in) != Fits::No
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

    fn of_person(
        &self,
        person: &PersonId,
        resource: &ResourceId,
        role: &RoleId,
        edges: &[Timestamp],
        assumptions: &[BTreeSet<GroupId>],
    ) -> Vec<Way> {
        let assumed = |groups: &BTreeSet<GroupId>| {
            let mut ways = Vec::new();
            for manner in [Manner::Usual, Manner::BreakGlass] {
                let facts = Facts { outside: self.outside(person, groups), ..Facts::supposed(person, resource, role, manner) };
                for (n, at) in edges.iter().enumerate() {
                    let until = edges.get(n + 1).copied().unwrap_or(self.horizon.until);
                    self.look(&facts, Stretch { from: *at, until }, groups, &mut ways);
                }
            }
            ways
        };
        let found: Vec<Vec<Way>> = assumptions.iter().map(assumed).collect();
        let mut ways = without_idle_assumptions(&found, assumptions);
        ways.sort_by(|a, b| (&a.policy, &a.if_in).cmp(&(&b.policy, &b.if_in)));
        ways
    }

    /// The person is in these of the groups that are read elsewhere; everybody else is in all of them.
    fn outside(&self, person: &PersonId, groups: &BTreeSet<GroupId>) -> Outside {
        let mut outside = self.all_in.clone();
        for (group, reading) in &mut outside.groups {
            if let Reading::Members(members) = reading
                && !groups.contains(group)
            {
                members.remove(person);
            }
        }
        outside
    }

    /// Adds the permits that hold in this stretch, of which every moment is like the first.
    fn look(&self, facts: &Facts, stretch: Stretch, groups: &BTreeSet<GroupId>, found: &mut Vec<Way>) {
        let Verdict::Allow { policy: chosen, mode, steps, note_required, trace, .. } =
            evaluate_with_any_reason(self.set, facts, stretch.from)
        else {
            return;
        };
        let mut add = |policy: &PolicyId, mode: Mode, steps: Vec<Step>, note_required: bool, applies: bool| {
            let Some(rule) = self.set.policy(policy) else { return };
            let way = Way {
                person: facts.subject.clone(),
                resource: facts.resource.clone(),
                role: facts.role.clone(),
                policy: policy.clone(),
                manner: facts.manner,
                mode,
                steps,
                note_required,
                at_most: self.at_most(rule, facts, &trace),
                extends_alone: self.extends_alone(rule, facts, stretch.from),
                if_in: groups.clone(),
                unless_in: BTreeSet::new(),
                open: Vec::new(),
                applies: Vec::new(),
            };
            let place = found.iter().position(|known| known.is_like(&way)).unwrap_or_else(|| {
                found.push(way);
                found.len() - 1
            });
            let Some(way) = found.get_mut(place) else { return };
            append(&mut way.open, stretch);
            if applies {
                append(&mut way.applies, stretch);
            }
        };
        add(&chosen, mode, steps, note_required, true);
        // The parts of a bundle have rules each; only what they come to together is a way to it.
        if self.set.bundle(&facts.resource).is_some() {
            return;
        }
        for line in trace.lines.iter().filter(|line| matches!(line.said, Said::Outranked { .. })) {
            let Some(rule) = self.set.policy(&line.rule) else { continue };
            let steps = would_ask(self.set, rule, facts, stretch.from).0;
            let note = rule.approver_note == Note::Required || raises_a_note(&trace);
            add(&line.rule, mode_of(rule, &steps), steps, note, false);
        }
    }

    /// The longest that can be asked for by this permit; of a bundle, the shortest of what its parts allow.
    fn at_most(&self, rule: &Policy, facts: &Facts, trace: &Trace) -> Ttl {
        if self.set.bundle(&facts.resource).is_none() {
            return self.set.max_of(rule);
        }
        let permits = trace.lines.iter().filter(|line| line.said == Said::Permits);
        permits.filter_map(|line| self.set.policy(&line.rule)).map(|rule| self.set.max_of(rule)).min().unwrap_or(Ttl::MIN)
    }

    /// Whether more time needs nobody, though the access does.
    fn extends_alone(&self, rule: &Policy, facts: &Facts, at: Timestamp) -> bool {
        if rule.limits.extend.is_none() || self.set.bundle(&facts.resource).is_some() {
            return false;
        }
        let purpose = Purpose::Extension { times: 0, active_since: at, ends_at: at.plus(Ttl::MIN) };
        would_ask(self.set, rule, &Facts { purpose, ..facts.clone() }, at).0.is_empty()
    }
}

/// As `evaluate` says it of the permit that it chooses.
fn mode_of(rule: &Policy, steps: &[Step]) -> Mode {
    match (&rule.approve, steps.is_empty()) {
        (Approve::BreakGlass(_), true) => Mode::BreakGlass,
        (Approve::Ask(_) | Approve::Auto(_), true) => Mode::Auto,
        (Approve::Ask(_) | Approve::Auto(_) | Approve::BreakGlass(_), false) => Mode::Ask,
    }
}

fn raises_a_note(trace: &Trace) -> bool {
    trace.lines.iter().any(|line| matches!(line.said, Said::Raises { note_required: true, .. }))
}

/// Every set of these groups, the smaller ones first.
fn subsets(groups: BTreeSet<GroupId>) -> Vec<BTreeSet<GroupId>> {
    let mut blocks: Vec<Vec<GroupId>> = Vec::new();
    for group in groups {
        let is_full = blocks.len() >= GROUPS_MAX;
        match blocks.last_mut() {
            Some(last) if is_full => last.push(group),
            Some(_) | None => blocks.push(vec![group]),
        }
    }
    let mut all: Vec<BTreeSet<GroupId>> = vec![BTreeSet::new()];
    for block in blocks {
        let with: Vec<BTreeSet<GroupId>> = all.iter().map(|set| set.iter().chain(&block).cloned().collect()).collect();
        all.extend(with);
    }
    all.sort_by_key(BTreeSet::len);
    all
}

/// Of ways that are the same in and out of a group, one that does not speak of it. `found` has one entry per assumption.
fn without_idle_assumptions(found: &[Vec<Way>], assumptions: &[BTreeSet<GroupId>]) -> Vec<Way> {
    let has = |groups: &BTreeSet<GroupId>, way: &Way| {
        let place = assumptions.iter().position(|other| other == groups);
        let ways = place.and_then(|place| found.get(place)).map(Vec::as_slice).unwrap_or_default();
        ways.iter().any(|other| other.is_like(way) && other.open == way.open)
    };
    let all: BTreeSet<&GroupId> = assumptions.iter().flatten().collect();
    let mut ways: Vec<Way> = Vec::new();
    for (groups, of_groups) in assumptions.iter().zip(found) {
        for way in of_groups {
            let is_told = |known: &Way| known.is_like(way) && known.open == way.open && known.is_for_members_of(groups);
            if ways.iter().any(is_told) {
                continue;
            }
            let matters = |group: &GroupId| {
                let with: BTreeSet<GroupId> = groups.iter().chain([group]).cloned().collect();
                !assumptions.contains(&with) || !has(&with, way)
            };
            let unless_in = all.iter().filter(|group| !groups.contains(**group) && matters(group));
            ways.push(Way { unless_in: unless_in.map(|group| (*group).clone()).collect(), ..way.clone() });
        }
    }
    ways
}
