//! One permit against one request: each of its conditions, and the steps that it then asks for. Pure.
//!
//! Which permit applies, and what prohibitions say, is decided in `evaluate`.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;

use super::electorate::{OR, enough_of, finds_enough, groups_named};
use super::facts::{Clamp, ExtendLimits, Facts, Outside, Purpose, Reading, Said, Standing};
use super::file::{Approve, Asked, At, By, ExtendApproval, Limit, Note, Policy, Resource, Ticket};
use super::matching::{Fits, Whose, fits};
use super::set::{PolicySet, Rules};
use super::window::{Stretch, Window};
use crate::access::ids::{GroupId, PersonId, PolicyId};
use crate::access::refusal::Refusal;
use crate::access::request::Step;
use crate::access::seats::fill;
use crate::access::time::{Timestamp, Ttl};

/// One request under judgement.
pub(super) struct Case<'a> {
    pub(super) set: &'a PolicySet,
    pub(super) facts: &'a Facts,
    pub(super) now: Timestamp,
    pub(super) reasons: Reasons,
    /// From when on it would be in force, at the earliest.
    pub(super) start: Timestamp,
    pub(super) contract_end: Option<Timestamp>,
    pub(super) subject: Whose<'a>,
    /// What is asked for, where it is no bundle.
    pub(super) resource: Option<&'a Resource>,
    /// The groups that own it.
    pub(super) owners: &'a [At<GroupId>],
    /// The rules that are about the role asked for.
    pub(super) rules: Rules<'a>,
    looked: Looked<'a>,
}

/// What was found out for one permit, and is the same for every other that asks alike.
#[derive(Default)]
struct Looked<'a> {
    /// How long the reason is, as people count.
    chars: OnceCell<u32>,
    /// Whether the reason names a ticket of this pattern.
    tickets: RefCell<Vec<(&'a str, bool)>>,
    /// Which hours are open from the start on.
    hours: RefCell<Vec<(&'a Window, Option<Stretch>)>>,
}

/// What is known of `key`, found out where it is not yet.
fn once<K: PartialEq + Copy, V: Copy>(known: &RefCell<Vec<(K, V)>>, key: K, find: impl FnOnce() -> V) -> V {
    let found = known.borrow().iter().find(|(other, _)| *other == key).map(|(_, value)| *value);
    found.unwrap_or_else(|| {
        let value = find();
        known.borrow_mut().push((key, value));
        value
    })
}

/// What requirements raise every permit to.
#[derive(Default)]
pub(super) struct Floor {
    pub(super) approvals: u32,
    pub(super) note: Note,
}

/// A permit whose conditions are all met.
pub(super) struct Permit<'a> {
    pub(super) policy: &'a Policy,
    /// How many people have to agree.
    seats: u32,
    pub(super) ends_at_most: Timestamp,
    pub(super) clamp: Clamp,
    /// Why more people are asked than usually.
    pub(super) because: Option<Said>,
}

impl<'a> Permit<'a> {
    /// How much it asks of people: the fewer the better, ties by id.
    pub(super) fn asks(&self) -> (u32, &'a PolicyId) {
        (self.seats, &self.policy.id.value)
    }
}

/// Why a permit does not apply.
pub(super) struct Obstacles {
    pub(super) said: Said,
    pub(super) refusals: Vec<Refusal>,
}

/// Whether the reason counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reasons {
    Read,
    Supposed,
}

impl<'a> Case<'a> {
    pub(super) fn new(set: &'a PolicySet, facts: &'a Facts, now: Timestamp, reasons: Reasons) -> Case<'a> {
        let start = facts.start_at.map_or(now, |start| start.max(now));
        let rules = set.rules_about(&facts.resource, &facts.role);
        let somebody = set.known(&facts.subject);
        let contract_end = somebody.and_then(|somebody| somebody.contract_end);
        let contract_ended = contract_end.is_some_and(|end| end <= start);
        let subject = Whose { id: &facts.subject, somebody, contract_ended };
        let resource = set.resource(&facts.resource);
        let owners = resource.map(|resource| resource.owners.as_slice()).unwrap_or_default();
        Case { set, facts, now, reasons, start, contract_end, subject, resource, owners, rules, looked: Looked::default() }
    }

    /// Whether this permit applies, with the steps that it then asks for.
    pub(super) fn permit(&self, policy: &'a Policy, floor: &Floor) -> Result<Permit<'a>, Obstacles> {
        if policy.manner() != self.facts.manner {
            return Err(Obstacles { said: Said::NotForThem, refusals: Vec::new() });
        }
        let fit = fits(self.set, &policy.who, self.subject, &self.facts.outside);
        let because = match (fit, &policy.approve) {
            (Fits::No, _) => return Err(Obstacles { said: Said::NotForThem, refusals: Vec::new() }),
            (Fits::Yes, Approve::Auto(Some(limit))) if self.is_past(limit, policy) => {
                Some(Said::PastLimit { uses: limit.uses, per: limit.per })
            }
            (Fits::Yes, _) => None,
            // Nobody gets in on what could not be read. Where the policy says who decides otherwise, they do.
            (Fits::Unreadable(source), Approve::Auto(Some(_))) => Some(Said::Unreadable { source }),
            (Fits::Unreadable(source), _) => return Err(unanswered(source)),
        };
        let mut failed: Vec<(&str, Refusal)> = Vec::new();
        failed.extend(self.too_long(policy).map(|refusal| ("for", refusal)));
        let ends = self.ends(policy);
        failed.extend(ends.as_ref().err().map(|refusal| ("when", refusal.clone())));
        failed.extend(self.poor_reason(policy).map(|refusal| ("reason", refusal)));
        let asked = self.asked(policy);
        let seats = asked.iter().fold(0u32, |sum, step| sum.saturating_add(step.count)).max(floor.approvals);
        let people = (&self.facts.subject, &self.facts.filed_by);
        let look = || finds_enough(self.set, asked, self.owners, seats, people, &self.facts.outside, self.now);
        if seats == 0 || !look() {
            let steps = self.steps(policy, floor);
            let unfilled = self.unfilled(&steps, &self.facts.outside);
            if failed.is_empty()
                && let Some(source) = self.waits_for(&steps, &unfilled)
            {
                return Err(unanswered(source));
            }
            if !unfilled.is_empty() {
                failed.push(("approve", Refusal::NobodyCanApprove { steps: unfilled }));
            }
        }
        match ends {
            Ok((ends_at_most, clamp)) if failed.is_empty() => Ok(Permit { policy, seats, ends_at_most, clamp, because }),
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

    pub(super) fn extend_limits(&self, policy: &Policy) -> Option<ExtendLimits> {
        let ceiling = self.set.defaults().hard_ceiling;
        let extend = policy.limits.extend.as_ref()?;
        Some(ExtendLimits { times: extend.times, total: extend.total.map_or(ceiling, |total| total.value.min(ceiling)) })
    }

    /// The latest end, and what sets it; or why there is no time at all.
    fn ends(&self, policy: &'a Policy) -> Result<(Timestamp, Clamp), Refusal> {
        let ceiling = self.set.defaults().hard_ceiling;
        let (from, ends_at) = match self.facts.purpose {
            Purpose::Access => (self.start, self.start),
            Purpose::Extension { active_since, ends_at, .. } => (active_since, ends_at.max(self.now)),
        };
        let mut latest = (from.plus(ceiling), Clamp::Ceiling);
        if let Some(window) = &policy.when {
            let stretch = once(&self.looked.hours, window, || window.at_or_after(self.start));
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
    fn poor_reason(&self, policy: &'a Policy) -> Option<Refusal> {
        if self.reasons == Reasons::Supposed {
            return None;
        }
        let typed = self.facts.reason.as_typed();
        let names = |ticket: &'a Ticket| once(&self.looked.tickets, ticket.pattern.as_str(), || ticket.regex.is_match(typed));
        if let Some(ticket) = policy.reason.ticket.as_ref().filter(|ticket| !names(ticket)) {
            return Some(Refusal::TicketMissing { pattern: ticket.pattern.clone() });
        }
        let count = || u32::try_from(self.facts.reason.seen_chars()).unwrap_or(u32::MAX);
        let chars = *self.looked.chars.get_or_init(count);
        let min_chars = policy.reason.min_length;
        (chars < min_chars).then_some(Refusal::ReasonTooShort { min_chars })
    }

    /// `approve:`, as this request's steps, raised to the floor.
    pub(super) fn steps(&self, policy: &Policy, floor: &Floor) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for step in self.asked(policy) {
            add(&mut steps, self.spelled(&step.by), step.count);
        }
        let missing = floor.approvals.saturating_sub(total(&steps));
        if missing > 0 {
            // Whoever may fill any seat of this permit, or owns the resource, may fill the seats that were added.
            let mut anybody: Vec<String> = Vec::new();
            for by in steps.iter().flat_map(|step| step.by.split(OR)).map(str::to_owned).chain(self.owning()) {
                if !anybody.contains(&by) {
                    anybody.push(by);
                }
            }
            add(&mut steps, anybody.join(OR), missing);
        }
        steps
    }

    /// The steps that apply, as the policy says them.
    fn asked<'p>(&self, policy: &'p Policy) -> &'p [Asked] {
        let extends = matches!(self.facts.purpose, Purpose::Extension { .. });
        if extends && policy.limits.extend.is_some_and(|extend| extend.approve == ExtendApproval::Auto) {
            return &[];
        }
        match &policy.approve {
            Approve::Ask(asked) => asked,
            Approve::Auto(Some(limit)) => {
                let is_sure = || fits(self.set, &policy.who, self.subject, &self.facts.outside) == Fits::Yes;
                if self.is_past(limit, policy) || !is_sure() { &limit.otherwise } else { &[] }
            }
            Approve::Auto(None) | Approve::BreakGlass(_) => &[],
        }
    }

    fn is_past(&self, limit: &Limit, policy: &Policy) -> bool {
        let since = self.now.minus(limit.per);
        let uses = self.facts.uses.get(&policy.id.value).into_iter().flatten().filter(|at| **at > since).count();
        u32::try_from(uses).unwrap_or(u32::MAX) >= limit.uses
    }

    /// `by:`, as steps spell it.
    pub(super) fn spelled(&self, by: &By) -> String {
        match by {
            By::Owners => self.owning().join(OR),
            By::Sponsor => "sponsor".to_owned(),
            By::Manager => "manager".to_owned(),
            By::Group(id) => ["group/", id.as_str()].concat(),
            By::Person(id) => ["person/", id.as_str()].concat(),
        }
    }

    fn owning(&self) -> Vec<String> {
        self.owners.iter().map(|group| ["group/", group.value.as_str()].concat()).collect()
    }

    /// The steps that cannot be filled by distinct people as they are today: the request would wait for nobody.
    pub(super) fn unfilled(&self, steps: &[Step], outside: &Outside) -> Vec<String> {
        let enough = usize::try_from(total(steps)).unwrap_or(usize::MAX);
        let people = (&self.facts.subject, &self.facts.filed_by);
        let electorate = enough_of(self.set, steps, people, outside, self.now, enough);
        let people: BTreeSet<PersonId> = electorate.iter().flatten().cloned().collect();
        let missing = fill(steps, &electorate, &Vec::from_iter(people)).missing;
        steps.iter().zip(missing).filter(|(_, missing)| *missing > 0).map(|(step, _)| step.by.clone()).collect()
    }

    /// Whose silence alone stands in the way: Slack vouches for nobody who is asked (or, where nobody is asked and so nobody
    /// would notice, not for the person themselves), or a group that is asked could not be read.
    pub(super) fn waits_for(&self, steps: &[Step], unfilled: &[String]) -> Option<String> {
        let outside = &self.facts.outside;
        if steps.is_empty() {
            return (outside.standing(&self.facts.subject) == Standing::Unknown).then(|| "Slack".to_owned());
        }
        if unfilled.is_empty() {
            return None;
        }
        if self.unfilled(steps, &outside.with_unknown_as_active()).is_empty() {
            return Some("Slack".to_owned());
        }
        unfilled.iter().flat_map(|by| groups_named(by)).find_map(|group| match outside.groups.get(&group) {
            Some(Reading::Members(_)) => None,
            Some(Reading::Unreadable { source }) => Some(source.clone()),
            None => self.set.source_of(&group),
        })
    }
}

fn unanswered(source: String) -> Obstacles {
    let refusals = vec![Refusal::SourceUnreadable { source: source.clone() }];
    Obstacles { said: Said::Unreadable { source }, refusals }
}

pub(super) fn total(steps: &[Step]) -> u32 {
    steps.iter().fold(0u32, |sum, step| sum.saturating_add(step.count))
}

/// Adds seats to the step of this `by`: two steps alike ask for so many more distinct people.
fn add(steps: &mut Vec<Step>, by: String, count: u32) {
    match steps.iter_mut().find(|step| step.by == by) {
        Some(step) => step.count = step.count.saturating_add(count),
        None => steps.push(Step { by, count }),
    }
}
