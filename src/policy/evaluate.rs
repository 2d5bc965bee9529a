//! The judgement: who may have what, until when, and who is asked. Pure and total; nothing here reads a clock or a file.
//!
//! Deny by default. Any permit suffices; of several, the one that asks least of people applies. A requirement raises, and
//! never opens. A prohibition wins. What cannot be read never widens anything. The order of files and rules never matters.

use std::collections::BTreeSet;

use super::bundle;
use super::facts::{Clamp, Facts, Manner, Page, Purpose, Remind, Review, Said, Standing, Trace, TraceLine, Verdict};
use super::file::{self, Approve, Note, Policy};
use super::matching::{Fits, Whose, fits};
use super::permit::{Case, Floor, Obstacles, Permit, Reasons};
use super::problem::nearest;
use super::set::PolicySet;
use crate::access::ids::{PolicyId, ResourceId};
use crate::access::refusal::Refusal;
use crate::access::request::{Mode, Step};
use crate::access::time::{Timestamp, Ttl};

/// Judges a request by the policy set, at this moment.
pub fn evaluate(set: &PolicySet, facts: &Facts, now: Timestamp) -> Verdict {
    judge(set, facts, now, Reasons::Read)
}

/// Judges as if a reason were given that satisfies every rule: for tools that ask what would be possible.
pub(super) fn evaluate_with_any_reason(set: &PolicySet, facts: &Facts, now: Timestamp) -> Verdict {
    judge(set, facts, now, Reasons::Supposed)
}

/// What this permit asks of people for this request, raised by what requirements apply; and which of the steps nobody could
/// fill. Its other conditions are not looked at.
pub(super) fn would_ask(set: &PolicySet, policy: &Policy, facts: &Facts, now: Timestamp) -> (Vec<Step>, Vec<String>) {
    let case = Case::new(set, facts, now, Reasons::Supposed);
    let steps = case.steps(policy, &case.floor(&mut Trace::default()));
    let missing = case.unfilled(&steps, &facts.outside);
    (steps, missing)
}

pub(super) fn judge(set: &PolicySet, facts: &Facts, now: Timestamp, reasons: Reasons) -> Verdict {
    if let Some(refusal) = unknown(set, facts) {
        return Verdict::Deny { refusal, because: Vec::new(), trace: Trace::default() };
    }
    if let Some(bundle) = set.bundle(&facts.resource) {
        return bundle::merged(set, bundle, facts, now, reasons);
    }
    let case = Case::new(set, facts, now, reasons);
    let mut trace = Trace { lines: Vec::with_capacity(case.rules.count()) };
    if let Some((refusal, because)) = case.forbidden(&mut trace) {
        return Verdict::Deny { refusal, because, trace };
    }
    let floor = case.floor(&mut trace);
    let before = trace.lines.len();
    let mut permits = Vec::new();
    let mut failures = Vec::new();
    for policy in case.rules.policies() {
        let said = match case.permit(policy, &floor) {
            Ok(permit) => {
                let rule = policy.id.value.clone();
                trace.lines.extend(permit.because.clone().map(|said| TraceLine { rule, said }));
                permits.push(permit);
                Said::Permits
            }
            // Most are about others. They are counted as failures only where nothing permits.
            Err(Obstacles { said: Said::NotForThem, .. }) => Said::NotForThem,
            Err(Obstacles { said, refusals }) => {
                failures.push(Failure { policy: policy.id.value.clone(), said: said.clone(), refusals });
                said
            }
        };
        trace.lines.push(TraceLine { rule: policy.id.value.clone(), said });
    }
    match permits.into_iter().min_by_key(Permit::asks) {
        None => {
            let others = trace.lines.iter().skip(before).filter(|line| line.said == Said::NotForThem);
            let others = others.map(|line| Failure { policy: line.rule.clone(), said: Said::NotForThem, refusals: Vec::new() });
            refused(failures.into_iter().chain(others).collect(), trace)
        }
        Some(permit) => case.allowed(permit, &floor, trace),
    }
}

/// What can be said without any rule: who and what are known at all.
fn unknown(set: &PolicySet, facts: &Facts) -> Option<Refusal> {
    let filer = (facts.filed_by != facts.subject).then_some(&facts.filed_by);
    for person in filer.into_iter().chain([&facts.subject]) {
        if set.known(person).is_none() {
            return Some(Refusal::NoSuchPerson { asked: person.to_string() });
        }
        match facts.outside.standing(person) {
            Standing::Deactivated | Standing::Bot => return Some(Refusal::AccountNotAllowed),
            Standing::Stranger => return Some(Refusal::ForeignAccount),
            // An outage of Slack is no deactivation.
            Standing::Active | Standing::Guest | Standing::Unknown => {}
        }
    }
    if set.bundle(&facts.resource).is_some() {
        let all = facts.role.as_str() == bundle::ROLE;
        return (!all).then(|| no_such_role(facts, vec![bundle::ROLE.to_owned()]));
    }
    let Some(resource) = set.resource(&facts.resource) else {
        let asked = facts.resource.to_string();
        let mine = askable(set, facts);
        let similar = nearest(&asked, mine.iter().map(ResourceId::as_str)).map(str::to_owned).into_iter().collect();
        return Some(Refusal::NoSuchResource { asked, similar });
    };
    if !resource.roles.iter().any(|role| role.id.value == facts.role) {
        return Some(no_such_role(facts, resource.roles.iter().map(|role| role.id.value.to_string()).collect()));
    }
    None
}

fn no_such_role(facts: &Facts, roles: Vec<String>) -> Refusal {
    Refusal::NoSuchRole { resource: facts.resource.to_string(), asked: facts.role.to_string(), roles }
}

/// The resources that some permit is about for this person.
fn askable(set: &PolicySet, facts: &Facts) -> BTreeSet<ResourceId> {
    let person = Whose::new(set, &facts.subject, false);
    let policies = set.policies().iter().filter(|policy| fits(set, &policy.who, person, &facts.outside) == Fits::Yes);
    let names = policies.filter_map(|policy| policy.what.resource.as_ref());
    let ids = || set.resources().keys().chain(set.bundles().keys());
    names.flat_map(|glob| ids().filter(|id| glob.matches(id.as_str()))).cloned().collect()
}

/// A permit that does not apply.
struct Failure {
    policy: PolicyId,
    said: Said,
    refusals: Vec<Refusal>,
}

impl Case<'_> {
    /// Prohibitions, and the end of the contract, which is one without being written.
    fn forbidden(&self, trace: &mut Trace) -> Option<(Refusal, Vec<String>)> {
        let (mut because, mut unread) = (Vec::new(), None);
        for rule in self.rules.forbid() {
            let said = match fits(self.set, &rule.who, self.subject, &self.facts.outside) {
                Fits::No => Said::NotForThem,
                Fits::Yes => {
                    because.push(rule.id.value.to_string());
                    Said::Forbids
                }
                Fits::Unreadable(source) => {
                    unread.get_or_insert((source.clone(), rule.id.value.to_string()));
                    Said::Unreadable { source }
                }
            };
            trace.lines.push(TraceLine { rule: rule.id.value.clone(), said });
        }
        if !because.is_empty() {
            return Some((Refusal::NotPermitted { because: because.clone() }, because));
        }
        if let Some((source, rule)) = unread {
            return Some((Refusal::SourceUnreadable { source }, vec![rule]));
        }
        let over = self.contract_end.is_some_and(|end| end < self.start.plus(Ttl::MIN));
        over.then(|| (Refusal::NoTimeLeft { limit: Clamp::Contract.name().to_owned() }, vec!["contract".to_owned()]))
    }

    fn floor(&self, trace: &mut Trace) -> Floor {
        let mut floor = Floor::default();
        for rule in self.rules.require() {
            let fit = match self.facts.manner {
                Manner::BreakGlass if rule.exempts_break_glass => Fits::No,
                Manner::Usual | Manner::BreakGlass => fits(self.set, &rule.who, self.subject, &self.facts.outside),
            };
            let said = match fit {
                Fits::No => {
                    trace.lines.push(TraceLine { rule: rule.id.value.clone(), said: Said::NotForThem });
                    continue;
                }
                Fits::Yes => Said::Raises { approvals: rule.approvals, note_required: rule.note == Note::Required },
                Fits::Unreadable(source) => Said::Unreadable { source },
            };
            floor.approvals = floor.approvals.max(rule.approvals);
            floor.note = floor.note.max(rule.note);
            trace.lines.push(TraceLine { rule: rule.id.value.clone(), said });
        }
        floor
    }

    fn allowed(&self, permit: Permit<'_>, floor: &Floor, mut trace: Trace) -> Verdict {
        let chosen = &permit.policy.id.value;
        if let Some(provider) = self.resource.map(|resource| &resource.provider.value)
            && !self.subject.somebody.is_some_and(|somebody| somebody.accounts.contains(provider))
        {
            let because = vec!["accounts".to_owned()];
            return Verdict::Deny { refusal: Refusal::NoProviderAccount { provider: provider.clone() }, because, trace };
        }
        for line in &mut trace.lines {
            if line.said == Said::Permits && line.rule != *chosen {
                line.said = Said::Outranked { by: chosen.clone() };
            }
        }
        let natural_end = match self.facts.purpose {
            Purpose::Access => self.start.plus(self.facts.access_for),
            Purpose::Extension { ends_at, .. } => ends_at.max(self.now).plus(self.facts.access_for),
        };
        let (policy, defaults) = (permit.policy, self.set.defaults());
        let steps = self.steps(policy, floor);
        let (mode, review) = match (&policy.approve, steps.is_empty()) {
            (Approve::BreakGlass(review), true) => {
                (Mode::BreakGlass, Some(Review { by: vec![self.spelled(&review.by)], within: review.within }))
            }
            (Approve::Ask(_) | Approve::Auto(_), true) => (Mode::Auto, None),
            (_, false) => (Mode::Ask, None),
        };
        Verdict::Allow {
            policy: chosen.clone(),
            also: Vec::new(),
            mode,
            ends_at_most: permit.ends_at_most,
            clamped_by: (permit.ends_at_most < natural_end).then_some(permit.clamp),
            answer_within: policy.answer_within.unwrap_or(defaults.answer_within),
            start_within: policy.start_within.unwrap_or(defaults.start_within),
            warn_before: policy.warn_before.unwrap_or(defaults.warn_before),
            note_required: policy.approver_note.max(floor.note) == Note::Required,
            extend: self.extend_limits(policy),
            review,
            remind: policy.remind.as_ref().map(|remind| self.reminding(remind)),
            steps,
            trace,
        }
    }
}

/// The no of the nearest permit.
fn refused(mut failures: Vec<Failure>, trace: Trace) -> Verdict {
    failures.sort_by_key(Failure::distance);
    let because = failures.iter().flat_map(Failure::because).collect::<Vec<_>>();
    let nearest = failures.into_iter().next().and_then(|failure| failure.refusals.into_iter().next());
    let refusal = nearest.unwrap_or_else(|| Refusal::NotPermitted { because: because.clone() });
    Verdict::Deny { refusal, because, trace }
}

impl Case<'_> {
    fn reminding(&self, remind: &file::Remind) -> Remind {
        Remind {
            after: remind.after,
            then_ask: remind.then_ask.as_ref().map(|by| self.spelled(by)),
            after_that: remind.after_that,
            page: remind.page.as_ref().map(|page| Page { provider: page.provider.value.clone(), service: page.service.clone() }),
        }
    }
}

impl Failure {
    /// The fewer conditions fail the nearer it was; of two as near, the one that offers more.
    fn distance(&self) -> (usize, i64, PolicyId) {
        let (offer, conditions) = match self.refusals.first() {
            None => (i64::MAX, usize::MAX),
            Some(Refusal::OverCap { at_most }) => (-at_most.as_millis(), self.refusals.len()),
            Some(Refusal::OutsideWindow { earliest: Some(earliest) }) => (earliest.as_millis(), self.refusals.len()),
            Some(_) => (i64::MAX, self.refusals.len()),
        };
        (conditions, offer, self.policy.clone())
    }

    fn because(&self) -> Vec<String> {
        let name = |condition: &str| format!("{}.{condition}", self.policy);
        match &self.said {
            Said::Fails { conditions } => conditions.iter().map(|condition| name(condition)).collect(),
            Said::NotForThem | Said::Unreadable { .. } => vec![name("who")],
            Said::Forbids | Said::Outranked { .. } | Said::PastLimit { .. } | Said::Permits | Said::Raises { .. } => Vec::new(),
        }
    }
}
