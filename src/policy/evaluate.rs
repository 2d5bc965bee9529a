//! The judgement: who may have what, until when, and who is asked. Pure and total; nothing here reads a clock or a file.
//!
//! Deny by default. Any permit suffices; of several, the one that asks least of people applies. A requirement raises, and
//! never opens. A prohibition wins. What cannot be read never widens anything. The order of files and rules never matters.

use std::collections::BTreeSet;

use super::electorate::{OR, electorate};
use super::facts::{Clamp, ExtendLimits, Facts, Manner, Purpose, Said, Standing, Trace, TraceLine, Verdict};
use super::file::{Approve, By, Note, Policy};
use super::matching::{Fits, Whose, fits};
use super::problem::nearest;
use super::set::PolicySet;
use crate::access::ids::{PersonId, PolicyId, ResourceId};
use crate::access::refusal::Refusal;
use crate::access::request::{Mode, Step};
use crate::access::seats::fill;
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
    let missing = case.unfilled(&steps);
    (steps, missing)
}

/// Whether the reason counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reasons {
    Read,
    Supposed,
}

fn judge(set: &PolicySet, facts: &Facts, now: Timestamp, reasons: Reasons) -> Verdict {
    if let Some(refusal) = unknown(set, facts) {
        return Verdict::Deny { refusal, because: Vec::new(), trace: Trace::default() };
    }
    let case = Case::new(set, facts, now, reasons);
    let mut trace = Trace::default();
    if let Some((refusal, because)) = case.forbidden(&mut trace) {
        return Verdict::Deny { refusal, because, trace };
    }
    let floor = case.floor(&mut trace);
    let mut permits = Vec::new();
    let mut failures = Vec::new();
    for policy in set.policies_about(&facts.resource, &facts.role) {
        let said = match case.permit(policy, &floor) {
            Ok(permit) => {
                permits.push(permit);
                Said::Permits
            }
            Err(Obstacles { said, refusals }) => {
                failures.push(Failure { policy: &policy.id.value, said: said.clone(), refusals });
                said
            }
        };
        trace.lines.push(TraceLine { rule: policy.id.value.clone(), said });
    }
    match permits.into_iter().min_by_key(Permit::asks) {
        None => case.refused(failures, trace),
        Some(permit) => case.allowed(permit, &floor, trace),
    }
}

/// What can be said without any rule: who and what are known at all.
fn unknown(set: &PolicySet, facts: &Facts) -> Option<Refusal> {
    for person in [&facts.filed_by, &facts.subject] {
        if set.person(person).is_none() {
            return Some(Refusal::NoSuchPerson { asked: person.to_string() });
        }
        match facts.outside.standing(person) {
            Standing::Deactivated | Standing::Bot => return Some(Refusal::AccountNotAllowed),
            Standing::Stranger => return Some(Refusal::ForeignAccount),
            // An outage of Slack is no deactivation.
            Standing::Active | Standing::Guest | Standing::Unknown => {}
        }
    }
    let Some(resource) = set.resource(&facts.resource) else {
        let asked = facts.resource.to_string();
        let mine = askable(set, facts);
        let similar = nearest(&asked, mine.iter().map(ResourceId::as_str)).map(str::to_owned).into_iter().collect();
        return Some(Refusal::NoSuchResource { asked, similar });
    };
    if set.role(&facts.resource, &facts.role).is_none() {
        return Some(Refusal::NoSuchRole {
            resource: facts.resource.to_string(),
            asked: facts.role.to_string(),
            roles: resource.roles.iter().map(|role| role.id.value.to_string()).collect(),
        });
    }
    None
}

/// The resources that some permit is about for this person.
fn askable(set: &PolicySet, facts: &Facts) -> BTreeSet<ResourceId> {
    let contract_end = set.contract_end(&facts.subject);
    let person = Whose { id: &facts.subject, contract_ended: contract_end.is_some_and(|end| end <= Timestamp::from_millis(0)) };
    let policies = set.policies().iter().filter(|policy| fits(set, &policy.who, person, &facts.outside) == Fits::Yes);
    let names = policies.filter_map(|policy| policy.what.resource.as_ref());
    names.flat_map(|glob| set.resources().keys().filter(|id| glob.matches(id.as_str()))).cloned().collect()
}

/// One request under judgement.
struct Case<'a> {
    set: &'a PolicySet,
    facts: &'a Facts,
    now: Timestamp,
    reasons: Reasons,
    /// From when on it would be in force, at the earliest.
    start: Timestamp,
    contract_end: Option<Timestamp>,
}

/// What requirements raise every permit to.
#[derive(Default)]
struct Floor {
    approvals: u32,
    note: Note,
}

/// A permit whose conditions are all met.
struct Permit<'a> {
    policy: &'a Policy,
    steps: Vec<Step>,
    ends_at_most: Timestamp,
    clamp: Clamp,
}

impl<'a> Permit<'a> {
    /// How much it asks of people: the fewer the better, ties by id.
    fn asks(&self) -> (u32, &'a PolicyId) {
        (total(&self.steps), &self.policy.id.value)
    }
}

/// Why a permit does not apply.
struct Obstacles {
    said: Said,
    refusals: Vec<Refusal>,
}

struct Failure<'a> {
    policy: &'a PolicyId,
    said: Said,
    refusals: Vec<Refusal>,
}

fn total(steps: &[Step]) -> u32 {
    steps.iter().fold(0u32, |sum, step| sum.saturating_add(step.count))
}

impl<'a> Case<'a> {
    fn new(set: &'a PolicySet, facts: &'a Facts, now: Timestamp, reasons: Reasons) -> Case<'a> {
        let start = facts.start_at.map_or(now, |start| start.max(now));
        Case { set, facts, now, reasons, start, contract_end: set.contract_end(&facts.subject) }
    }

    fn subject(&self) -> Whose<'a> {
        Whose { id: &self.facts.subject, contract_ended: self.contract_end.is_some_and(|end| end <= self.start) }
    }

    /// Prohibitions, and the end of the contract, which is one without being written.
    fn forbidden(&self, trace: &mut Trace) -> Option<(Refusal, Vec<String>)> {
        let (mut because, mut unread) = (Vec::new(), None);
        for rule in self.set.forbid_about(&self.facts.resource, &self.facts.role) {
            let said = match fits(self.set, &rule.who, self.subject(), &self.facts.outside) {
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
        for rule in self.set.require_about(&self.facts.resource, &self.facts.role) {
            let said = match fits(self.set, &rule.who, self.subject(), &self.facts.outside) {
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

    /// Whether this permit applies, with the steps that it then asks for.
    fn permit<'p>(&self, policy: &'p Policy, floor: &Floor) -> Result<Permit<'p>, Obstacles> {
        match fits(self.set, &policy.who, self.subject(), &self.facts.outside) {
            Fits::No => return Err(Obstacles { said: Said::NotForThem, refusals: Vec::new() }),
            Fits::Unreadable(source) => {
                let refusals = vec![Refusal::SourceUnreadable { source: source.clone() }];
                return Err(Obstacles { said: Said::Unreadable { source }, refusals });
            }
            Fits::Yes => {}
        }
        if self.facts.manner != Manner::Usual {
            return Err(Obstacles { said: Said::NotForThem, refusals: Vec::new() });
        }
        let steps = self.steps(policy, floor);
        let mut failed: Vec<(&str, Refusal)> = Vec::new();
        failed.extend(self.too_long(policy).map(|refusal| ("for", refusal)));
        let ends = self.ends(policy);
        failed.extend(ends.as_ref().err().map(|refusal| ("when", refusal.clone())));
        failed.extend(self.poor_reason(policy).map(|refusal| ("reason", refusal)));
        let unfilled = self.unfilled(&steps);
        if !unfilled.is_empty() {
            failed.push(("approve", Refusal::NobodyCanApprove { steps: unfilled }));
        }
        match ends {
            Ok((ends_at_most, clamp)) if failed.is_empty() => Ok(Permit { policy, steps, ends_at_most, clamp }),
            Ok(_) | Err(_) => {
                let conditions = failed.iter().map(|(condition, _)| (*condition).to_owned()).collect();
                Err(Obstacles { said: Said::Fails { conditions }, refusals: failed.into_iter().map(|(_, r)| r).collect() })
            }
        }
    }

    /// `for:`
    fn too_long(&self, policy: &Policy) -> Option<Refusal> {
        let max = self.set.max_of(policy);
        let at_most = match self.facts.purpose {
            Purpose::Access => max,
            Purpose::Extension { times, active_since, ends_at } => {
                let Some(limits) = self.extend_limits(policy) else { return Some(Refusal::NoExtension { times: 0 }) };
                if times >= limits.times {
                    return Some(Refusal::NoExtension { times: limits.times });
                }
                let left = limits.total.as_millis().saturating_sub(ends_at.as_millis().saturating_sub(active_since.as_millis()));
                match Ttl::from_millis(left) {
                    Some(left) => max.min(left),
                    None => return Some(Refusal::NoTimeLeft { limit: "total".to_owned() }),
                }
            }
        };
        (self.facts.access_for > at_most).then_some(Refusal::OverCap { at_most })
    }

    fn extend_limits(&self, policy: &Policy) -> Option<ExtendLimits> {
        let ceiling = self.set.defaults().hard_ceiling;
        let extend = policy.limits.extend.as_ref()?;
        Some(ExtendLimits { times: extend.times, total: extend.total.map_or(ceiling, |total| total.value.min(ceiling)) })
    }

    /// The latest end, and what sets it; or why there is no time at all.
    fn ends(&self, policy: &Policy) -> Result<(Timestamp, Clamp), Refusal> {
        let ceiling = self.set.defaults().hard_ceiling;
        let (from, ends_at) = match self.facts.purpose {
            Purpose::Access => (self.start, self.start),
            Purpose::Extension { active_since, ends_at, .. } => (active_since, ends_at.max(self.now)),
        };
        let mut latest = (from.plus(ceiling), Clamp::Ceiling);
        if let Some(window) = &policy.when {
            let stretch = window.at_or_after(self.start);
            match stretch.filter(|stretch| stretch.from <= self.start && self.start.plus(Ttl::MIN) <= stretch.until) {
                Some(open) => latest = latest.min((open.until, Clamp::Window)),
                None => {
                    // What is left of an open window may be too short to be of use.
                    let next = match stretch {
                        Some(open) if open.from <= self.start => window.at_or_after(open.until),
                        Some(_) | None => stretch,
                    };
                    let earliest = next.map(|next| next.from).filter(|from| self.contract_end.is_none_or(|end| *from < end));
                    return Err(Refusal::OutsideWindow { earliest });
                }
            }
        }
        if let Some(end) = self.contract_end {
            latest = latest.min((end, Clamp::Contract));
        }
        if latest.0 < ends_at.plus(Ttl::MIN) {
            return Err(Refusal::NoTimeLeft { limit: latest.1.name().to_owned() });
        }
        Ok(latest)
    }

    /// `reason:`
    fn poor_reason(&self, policy: &Policy) -> Option<Refusal> {
        if self.reasons == Reasons::Supposed {
            return None;
        }
        let typed = self.facts.reason.as_typed();
        if let Some(ticket) = policy.reason.ticket.as_ref().filter(|ticket| !ticket.regex.is_match(typed)) {
            return Some(Refusal::TicketMissing { pattern: ticket.pattern.clone() });
        }
        let chars = u32::try_from(typed.chars().count()).unwrap_or(u32::MAX);
        let min_chars = policy.reason.min_length;
        (chars < min_chars).then_some(Refusal::ReasonTooShort { min_chars })
    }

    /// `approve:`, as this request's steps, raised to the floor.
    fn steps(&self, policy: &Policy, floor: &Floor) -> Vec<Step> {
        let owners = self.owners();
        let Approve::Ask(asked) = &policy.approve;
        let mut steps: Vec<Step> = Vec::new();
        for step in asked {
            let by = match &step.by.value {
                By::Owners => owners.join(OR),
                By::Sponsor => "sponsor".to_owned(),
                By::Manager => "manager".to_owned(),
                By::Group(id) => format!("group/{id}"),
                By::Person(id) => format!("person/{id}"),
            };
            add(&mut steps, by, step.count);
        }
        let missing = floor.approvals.saturating_sub(total(&steps));
        if missing > 0 {
            // Whoever may fill any seat of this permit, or owns the resource, may fill the seats that were added.
            let mut anybody: Vec<String> = Vec::new();
            for by in steps.iter().flat_map(|step| step.by.split(OR)).map(str::to_owned).chain(owners) {
                if !anybody.contains(&by) {
                    anybody.push(by);
                }
            }
            add(&mut steps, anybody.join(OR), missing);
        }
        steps
    }

    fn owners(&self) -> Vec<String> {
        let owners = self.set.resource(&self.facts.resource).map(|resource| resource.owners.as_slice()).unwrap_or_default();
        owners.iter().map(|group| format!("group/{}", group.value)).collect()
    }

    /// The steps that cannot be filled by distinct people as they are today: the request would wait for nobody.
    fn unfilled(&self, steps: &[Step]) -> Vec<String> {
        let (subject, filed_by) = (&self.facts.subject, &self.facts.filed_by);
        let electorate = electorate(self.set, steps, subject, filed_by, &self.facts.outside, self.now);
        // Of a large group, as many people as there are seats are enough to tell.
        let enough = usize::try_from(total(steps)).unwrap_or(usize::MAX);
        let people: BTreeSet<PersonId> = electorate.iter().flat_map(|people| people.iter().take(enough)).cloned().collect();
        let missing = fill(steps, &electorate, &Vec::from_iter(people)).missing;
        steps.iter().zip(missing).filter(|(_, missing)| *missing > 0).map(|(step, _)| step.by.clone()).collect()
    }

    fn refused(&self, mut failures: Vec<Failure<'_>>, trace: Trace) -> Verdict {
        failures.sort_by_key(Failure::distance);
        let because = failures.iter().flat_map(Failure::because).collect::<Vec<_>>();
        let nearest = failures.into_iter().next().and_then(|failure| failure.refusals.into_iter().next());
        let refusal = nearest.unwrap_or_else(|| Refusal::NotPermitted { because: because.clone() });
        Verdict::Deny { refusal, because, trace }
    }

    fn allowed(&self, permit: Permit<'_>, floor: &Floor, mut trace: Trace) -> Verdict {
        let chosen = &permit.policy.id.value;
        if let Some(provider) = self.set.resource(&self.facts.resource).map(|resource| &resource.provider.value)
            && self.set.account(&self.facts.subject, provider).is_none()
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
        Verdict::Allow {
            policy: chosen.clone(),
            mode: Mode::Ask,
            ends_at_most: permit.ends_at_most,
            clamped_by: (permit.ends_at_most < natural_end).then_some(permit.clamp),
            answer_within: policy.answer_within.unwrap_or(defaults.answer_within),
            start_within: policy.start_within.unwrap_or(defaults.start_within),
            warn_before: policy.warn_before.unwrap_or(defaults.warn_before),
            note_required: policy.approver_note.max(floor.note) == Note::Required,
            extend: self.extend_limits(policy),
            steps: permit.steps,
            trace,
        }
    }
}

impl Failure<'_> {
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
            Said::Forbids | Said::Outranked { .. } | Said::Permits | Said::Raises { .. } => Vec::new(),
        }
    }
}

/// Adds seats to the step of this `by`: two steps alike ask for so many more distinct people.
fn add(steps: &mut Vec<Step>, by: String, count: u32) {
    match steps.iter_mut().find(|step| step.by == by) {
        Some(step) => step.count = step.count.saturating_add(count),
        None => steps.push(Step { by, count }),
    }
}
