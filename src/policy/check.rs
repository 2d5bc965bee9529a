//! What is valid, and yet probably not what its author meant: rules that never apply, requests that nobody could approve,
//! people who lack an account. Exact, since the vocabulary is closed: every person and every role is tried.
//!
//! It knows the files alone. Everybody counts as an active member of Slack here.

mod slips;
mod unused;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::electorate::electorate;
use super::enumerate::supposed_in_groups;
use super::evaluate::would_ask;
use super::facts::{Facts, Outside};
use super::file::{Approve, Kind, Policy, Resource, Role};
use super::matching::{Fits, Whose, fits};
use super::permit::{Case, Reasons, total};
use super::problem::Place;
use super::set::PolicySet;
use crate::access::ids::{PersonId, PolicyId, ProviderId};
use crate::access::request::Step;
use crate::access::seats::fill;
use crate::access::time::Timestamp;

/// Something that the author of the files should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: a rule, a person, a group.
    pub about: String,
    /// Where that stands, as `policies.yaml:12`, where it stands anywhere.
    pub place: Option<String>,
    /// One sentence, lower case, without a final period.
    pub message: String,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Probably a mistake: something that is written has no effect, or cannot work.
    Warning,
    /// Worth knowing.
    Note,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(f, "{severity}: `{}`: {}", self.about, self.message)?;
        self.place.as_ref().map_or(Ok(()), |place| write!(f, " ({place})"))
    }
}

/// Everything worth knowing about a valid set, warnings first. `now` decides whose contract is over.
pub fn check(set: &PolicySet, now: Timestamp) -> Vec<Finding> {
    let everybody = set.people().keys().cloned().collect();
    let outside = supposed_in_groups(set, &everybody);
    let survey = Survey { set, now, outside, nobody_in: supposed_in_groups(set, &BTreeSet::new()) };
    let mut findings = Vec::new();
    for policy in set.policies() {
        survey.policy(policy, &mut findings);
    }
    survey.rules_about_nothing(&mut findings);
    survey.accounts(&mut findings);
    survey.people_and_groups(&mut findings);
    survey.unused(&mut findings);
    survey.slips(&mut findings);
    findings.push(Finding {
        severity: Severity::Note,
        about: "self-approval".to_owned(),
        place: None,
        message: "impossible by construction: whoever gets or files a request is never among those who may approve it".to_owned(),
    });
    findings.sort();
    findings
}

struct Survey<'a> {
    set: &'a PolicySet,
    now: Timestamp,
    /// As if everybody were in every group that is read elsewhere: what may be.
    outside: Outside,
    /// As if nobody were: what is so in any case.
    nobody_in: Outside,
}

/// One thing that one person is permitted by a policy.
type Chance<'a> = (&'a PersonId, &'a Resource, &'a Role);

impl<'a> Survey<'a> {
    fn finding(&self, severity: Severity, about: impl fmt::Display, place: Place, message: String) -> Finding {
        let place = self.set.files().get(place.file).map(|file| format!("{file}:{}", place.line));
        Finding { severity, about: about.to_string(), place, message }
    }

    fn policy(&self, policy: &'a Policy, findings: &mut Vec<Finding>) {
        let id = &policy.id.value;
        let mut warn = |message: String| findings.push(self.finding(Severity::Warning, id, policy.id.place, message));
        if !self.is_about_something(id) {
            return warn("never applies: there is no such resource and role".to_owned());
        }
        let chances = self.chances(policy);
        if chances.is_empty() {
            return warn("never applies: nobody is meant by its `who`".to_owned());
        }
        let open: Vec<Chance<'a>> = chances.iter().copied().filter(|chance| self.forbidden_by(*chance).is_none()).collect();
        if open.is_empty() {
            let by: BTreeSet<&PolicyId> = chances.iter().filter_map(|chance| self.forbidden_by(*chance)).collect();
            let by = by.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
            return warn(format!("never applies: everything that it permits is forbidden by {by}"));
        }
        let other = self.set.policies().iter().find(|other| open.iter().all(|chance| self.shadows(other, policy, *chance)));
        if let Some(other) = other {
            return warn(format!("never applies: `{}` permits the same, and asks less of people", other.id.value));
        }
        let alone = match &policy.approve {
            Approve::Ask(_) => None,
            Approve::Auto(None) => Some("asks nobody, unless a requirement adds people"),
            Approve::Auto(Some(_)) => Some("asks nobody until its limit is reached, unless a requirement adds people"),
            Approve::BreakGlass(_) => Some("asks nobody beforehand of whoever breaks the glass; it is reviewed afterwards"),
        };
        findings.extend(alone.map(|message| self.finding(Severity::Note, id, policy.id.place, message.to_owned())));
        self.deadlocks(policy, open, findings);
    }

    /// Requests that this policy permits, and that nobody could approve, or review.
    fn deadlocks(&self, policy: &Policy, open: Vec<Chance<'a>>, findings: &mut Vec<Finding>) {
        let mut warn = |message: String| {
            findings.push(self.finding(Severity::Warning, &policy.id.value, policy.id.place, message));
        };
        let mut stuck: BTreeMap<(String, bool), Vec<String>> = BTreeMap::new();
        for (person, resource, role) in open {
            for (steps, missing) in self.asked(policy, &self.facts(policy, person, resource, role)) {
                if missing.is_empty() {
                    continue;
                }
                let missing = missing.iter().map(|by| format!("`{by}`")).collect::<Vec<_>>().join(" and ");
                let who = format!("{person} ({} {})", resource.id.value, role.id.value);
                stuck.entry((missing, self.only_by_themselves(&steps))).or_default().push(who);
            }
        }
        for ((missing, only_by_themselves), who) in stuck {
            let why = if only_by_themselves {
                format!("too few people for {missing} without themselves, and nobody approves for themselves")
            } else {
                format!("too few people for {missing}")
            };
            warn(format!("nobody could approve for {}: {why}", few(&who)));
        }
    }

    /// What is asked of people for this request: at first, past the limit, and afterwards; each with what nobody could fill.
    fn asked(&self, policy: &Policy, facts: &Facts) -> Vec<(Vec<Step>, Vec<String>)> {
        let mut asked = vec![would_ask(self.set, policy, facts, self.now)];
        match &policy.approve {
            Approve::Ask(_) | Approve::Auto(None) => {}
            Approve::Auto(Some(limit)) => {
                let uses = usize::try_from(limit.uses).unwrap_or(usize::MAX);
                let past = Facts { uses: [(policy.id.value.clone(), vec![self.now; uses])].into(), ..facts.clone() };
                asked.push(would_ask(self.set, policy, &past, self.now));
            }
            Approve::BreakGlass(review) => {
                let case = Case::new(self.set, facts, self.now, Reasons::Supposed);
                let steps = vec![Step { by: case.spelled(&review.by), count: 1 }];
                let missing = case.unfilled(&steps, &self.outside);
                asked.push((steps, missing));
            }
        }
        asked
    }

    /// Whether these steps, which cannot be filled for whoever asks, could be by a stranger's colleagues: what is missing is
    /// the person who asks.
    fn only_by_themselves(&self, steps: &[Step]) -> bool {
        let free = (0..).map(|n| format!("nobody-{n}")).filter_map(|id| id.parse().ok());
        let Some(nobody) = free.into_iter().find(|id: &PersonId| self.set.person(id).is_none()) else { return false };
        let voters = electorate(self.set, steps, &nobody, &nobody, &self.outside, self.now);
        let everybody: Vec<PersonId> = voters.iter().flatten().collect::<BTreeSet<_>>().into_iter().cloned().collect();
        fill(steps, &voters, &everybody).is_complete()
    }

    fn is_about_something(&self, id: &PolicyId) -> bool {
        self.roles().any(|(resource, role)| {
            self.set.policies_about(&resource.id.value, &role.id.value).any(|policy| policy.id.value == *id)
        })
    }

    fn roles(&self) -> impl Iterator<Item = (&'a Resource, &'a Role)> {
        self.set.resources().values().flat_map(|resource| resource.roles.iter().map(move |role| (resource, role)))
    }

    fn whose(&self, id: &'a PersonId) -> Whose<'a> {
        Whose::new(self.set, id, self.set.contract_end(id).is_some_and(|end| end <= self.now))
    }

    /// Everything that this policy permits anybody, were there no other rule.
    fn chances(&self, policy: &Policy) -> Vec<Chance<'a>> {
        let mut chances = Vec::new();
        for (resource, role) in self.roles() {
            if !self.set.policies_about(&resource.id.value, &role.id.value).any(|about| about.id.value == policy.id.value) {
                continue;
            }
            let people = self.set.people().keys().filter(|id| self.means(policy, id));
            chances.extend(people.map(|person| (person, resource, role)));
        }
        chances
    }

    fn means(&self, policy: &Policy, person: &'a PersonId) -> bool {
        // Of a group that is read elsewhere anybody may be a member.
        fits(self.set, &policy.who, self.whose(person), &self.outside) != Fits::No
    }

    fn forbidden_by(&self, (person, resource, role): Chance<'a>) -> Option<&'a PolicyId> {
        self.set
            .forbid_about(&resource.id.value, &role.id.value)
            .find(|rule| fits(self.set, &rule.who, self.whose(person), &self.nobody_in) == Fits::Yes)
            .map(|rule| &rule.id.value)
    }

    /// Whether `other` permits this whenever `policy` does, and would be taken instead.
    fn shadows(&self, other: &Policy, policy: &Policy, (person, resource, role): Chance<'a>) -> bool {
        let about = self.set.policies_about(&resource.id.value, &role.id.value).any(|about| about.id.value == other.id.value);
        if other.id.value == policy.id.value || !about || !self.means(other, person) || other.manner() != policy.manner() {
            return false;
        }
        let asks = |policy: &Policy| {
            let (steps, missing) = would_ask(self.set, policy, &self.facts(policy, person, resource, role), self.now);
            missing.is_empty().then(|| total(&steps))
        };
        let (Some(theirs), Some(ours)) = (asks(other), asks(policy)) else { return false };
        (theirs, &other.id.value) < (ours, &policy.id.value) && self.is_as_wide(other, policy)
    }

    fn is_as_wide(&self, other: &Policy, policy: &Policy) -> bool {
        let ticket = |policy: &Policy| policy.reason.ticket.as_ref().map(|ticket| ticket.pattern.clone());
        let extend = |policy: &Policy| {
            policy.limits.extend.map(|extend| (extend.times, extend.total.map(|total| total.value), extend.approve))
        };
        // Past its limit it asks for more, and where its group cannot be read.
        let is_steady = match &other.approve {
            Approve::Ask(_) | Approve::Auto(None) | Approve::BreakGlass(_) => true,
            Approve::Auto(Some(_)) => false,
        };
        let is_certain = other.who.group.as_ref().is_none_or(|group| self.set.source_of(group).is_none());
        is_steady
            && is_certain
            && self.set.max_of(other) >= self.set.max_of(policy)
            && (other.when.is_none() || other.when == policy.when)
            && other.reason.min_length <= policy.reason.min_length
            && (ticket(other).is_none() || ticket(other) == ticket(policy))
            && (extend(policy).is_none() || extend(policy) == extend(other))
    }

    fn facts(&self, policy: &Policy, person: &PersonId, resource: &Resource, role: &Role) -> Facts {
        let facts = Facts::supposed(person, &resource.id.value, &role.id.value, policy.manner());
        Facts { outside: self.outside.clone(), ..facts }
    }

    /// A floor or a prohibition over nothing protects nothing.
    fn rules_about_nothing(&self, findings: &mut Vec<Finding>) {
        let message = || "never applies: there is no such resource and role".to_owned();
        for rule in self.set.require() {
            let about = |(resource, role): (&Resource, &Role)| {
                self.set.require_about(&resource.id.value, &role.id.value).any(|about| about.id.value == rule.id.value)
            };
            if !self.roles().any(about) {
                findings.push(self.finding(Severity::Warning, &rule.id.value, rule.id.place, message()));
            }
        }
        for rule in self.set.forbid() {
            let about = |(resource, role): (&Resource, &Role)| {
                self.set.forbid_about(&resource.id.value, &role.id.value).any(|about| about.id.value == rule.id.value)
            };
            if !self.roles().any(about) {
                findings.push(self.finding(Severity::Warning, &rule.id.value, rule.id.place, message()));
            }
        }
    }

    /// Whoever may ask for something needs an account where it lives.
    fn accounts(&self, findings: &mut Vec<Finding>) {
        let mut missing: BTreeMap<(&PersonId, &ProviderId), BTreeSet<&PolicyId>> = BTreeMap::new();
        for policy in self.set.policies() {
            for (person, resource, _) in self.chances(policy) {
                let provider = &resource.provider.value;
                if self.set.account(person, provider).is_none() {
                    missing.entry((person, provider)).or_default().insert(&policy.id.value);
                }
            }
        }
        for ((person, provider), policies) in missing {
            let policies: Vec<String> = policies.iter().map(|id| format!("`{id}`")).collect();
            let message = format!("has no account at `{provider}`, and so gets nothing by {}", few(&policies));
            let place = self.set.person(person).map(|person| person.id.place).unwrap_or_default();
            findings.push(self.finding(Severity::Warning, person, place, message));
        }
    }

    fn people_and_groups(&self, findings: &mut Vec<Finding>) {
        for (id, person) in self.set.people() {
            let mut say = |severity, message: &str| {
                findings.push(self.finding(severity, id, person.id.place, message.to_owned()));
            };
            if person.slack.is_empty() && person.kind != Kind::Service {
                say(Severity::Note, "has no Slack account, and so can neither ask nor approve there");
            }
            if person.kind == Kind::Contractor {
                if person.sponsor.is_none() {
                    say(Severity::Warning, "is a contractor without a sponsor: nobody answers for them");
                }
                if person.contract_ends.is_none() {
                    say(Severity::Warning, "is a contractor without `contract_ends`: nothing ends with their contract");
                }
            }
            if self.set.contract_end(id).is_some_and(|end| end <= self.now) {
                say(Severity::Note, "has a contract that is over: gets nothing any more");
            }
        }
        for (id, group) in self.set.groups() {
            if self.set.source_of(id).is_none() && self.set.members(id).is_none_or(BTreeSet::is_empty) {
                let message = "has no members".to_owned();
                findings.push(self.finding(Severity::Warning, id, group.id.place, message));
            }
        }
    }
}

/// The first few, and how many more.
fn few(items: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match items.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}
