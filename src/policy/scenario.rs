//! The `tests:` of the policy files: what their author expects to happen, tried out on the very rules. Pure.
//!
//! They know the files alone: everybody counts as active in Slack, and nobody is in a group that is read elsewhere, unless the
//! test says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::electorate::electorate;
use super::evaluate::evaluate;
use super::facts::{Facts, Manner, Outside, Purpose, Reading, Said, Verdict};
use super::file::At;
use super::problem::Place;
use super::set::PolicySet;
use crate::access::ids::{GroupId, PersonId, PolicyId, ResourceId, RoleId};
use crate::access::request::Mode;
use crate::access::time::{Timestamp, Ttl};
use crate::access::words::Words;

/// One of `tests:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What it shows, in words.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// When it happens.
    pub at: Timestamp,
    /// Who asks.
    pub who: At<PersonId>,
    /// For what.
    pub what: At<ResourceId>,
    /// As what.
    pub role: At<RoleId>,
    /// For how long.
    pub access_for: Ttl,
    /// Why.
    pub reason: Words,
    /// As usual, or as break-glass.
    pub manner: Manner,
    /// Who is in the groups that are read elsewhere.
    pub groups: BTreeMap<GroupId, Reading>,
    /// How often these policies let the person in lately.
    pub uses: BTreeMap<PolicyId, u32>,
    /// What should come of it.
    pub expect: Expect,
}

/// `expect:`
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    /// People are asked.
    Ask {
        /// By this policy.
        policy: Option<At<PolicyId>>,
        /// Exactly these, over all steps.
        of: Option<Vec<At<PersonId>>>,
    },
    /// It is approved at once.
    Auto {
        /// By this policy.
        policy: Option<At<PolicyId>>,
    },
    /// It is there at once, and reviewed afterwards.
    BreakGlass {
        /// By this policy.
        policy: Option<At<PolicyId>>,
    },
    /// It is denied.
    Deny {
        /// By this rule or condition, such as `acme-read-orders.when`.
        because: Option<String>,
    },
}

/// What the tests showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many came out as expected.
    pub passed: usize,
    /// Those that did not.
    pub failures: Vec<Failure>,
    /// What the tests see of each rule: permits first, then requirements, then prohibitions; each by id.
    pub coverage: Vec<Tried>,
}

/// What the tests see of one rule. `None` stands for what such a rule cannot do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The rule.
    pub id: PolicyId,
    /// What kind of rule it is.
    pub effect: Effect,
    /// In how many tests it is the permit that applies.
    pub permits: Option<usize>,
    /// In how many tests it raises what is asked of people.
    pub raises: Option<usize>,
    /// In how many tests it denies: a prohibition, or a condition of a permit other than its `who`.
    pub denies: Option<usize>,
}

/// What kind of rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// One of `policies:`.
    Permit,
    /// One of `require:`.
    Require,
    /// One of `forbid:`.
    Forbid,
}

impl Effect {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Permit => "permit",
            Effect::Require => "require",
            Effect::Forbid => "forbid",
        }
    }
}

impl Tried {
    /// Whether the tests see everything that it can do.
    pub fn is_tried(&self) -> bool {
        [self.permits, self.raises, self.denies].into_iter().flatten().all(|seen| seen > 0)
    }
}

impl Report {
    /// How many rules have something that no test sees.
    pub fn untried(&self) -> usize {
        self.coverage.iter().filter(|rule| !rule.is_tried()).count()
    }
}

/// A test that came out otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The test.
    pub name: String,
    /// Where it stands, as `tests.yaml:12`.
    pub place: String,
    /// What was expected and what happened, as a sentence.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.name, self.message)
    }
}

/// Tries every test of this set.
pub fn run(set: &PolicySet) -> Report {
    let (mut passed, mut failures) = (0, Vec::new());
    let mut seen = Seen::default();
    for scenario in set.scenarios() {
        let verdict = judged(set, scenario);
        seen.note(&verdict);
        match mismatch(set, scenario, &verdict) {
            None => passed += 1,
            Some(message) => {
                let file = set.files().get(scenario.place.file).map(String::as_str).unwrap_or_default();
                let place = format!("{file}:{}", scenario.place.line);
                failures.push(Failure { name: scenario.name.clone(), place, message });
            }
        }
    }
    Report { passed, failures, coverage: seen.coverage(set) }
}

/// How often each rule did what.
#[derive(Default)]
struct Seen {
    permits: BTreeMap<PolicyId, usize>,
    raises: BTreeMap<PolicyId, usize>,
    denies: BTreeMap<PolicyId, usize>,
}

impl Seen {
    fn note(&mut self, verdict: &Verdict) {
        let trace = match verdict {
            Verdict::Allow { policy, trace, .. } => {
                *self.permits.entry(policy.clone()).or_default() += 1;
                trace
            }
            Verdict::Deny { because, trace, .. } => {
                let conditions = because.iter().filter_map(|rule| rule.rsplit_once('.'));
                let own = conditions.filter(|(_, condition)| *condition != "who").filter_map(|(rule, _)| rule.parse().ok());
                // A permit that fails in two conditions denies once.
                own.collect::<BTreeSet<PolicyId>>().into_iter().for_each(|rule| *self.denies.entry(rule).or_default() += 1);
                trace
            }
        };
        for line in &trace.lines {
            let count = match line.said {
                Said::Raises { .. } => &mut self.raises,
                Said::Forbids => &mut self.denies,
                Said::NotForThem
                | Said::Unreadable { .. }
                | Said::Fails { .. }
                | Said::Outranked { .. }
                | Said::PastLimit { .. }
                | Said::Permits => {
                    continue;
                }
            };
            *count.entry(line.rule.clone()).or_default() += 1;
        }
    }

    fn coverage(&self, set: &PolicySet) -> Vec<Tried> {
        let count = |counts: &BTreeMap<PolicyId, usize>, id: &PolicyId| Some(counts.get(id).copied().unwrap_or(0));
        let permits = set.policies().iter().map(|rule| &rule.id.value).map(|id| Tried {
            permits: count(&self.permits, id),
            raises: None,
            denies: count(&self.denies, id),
            effect: Effect::Permit,
            id: id.clone(),
        });
        let requires = set.require().iter().map(|rule| &rule.id.value).map(|id| Tried {
            permits: None,
            raises: count(&self.raises, id),
            denies: None,
            effect: Effect::Require,
            id: id.clone(),
        });
        let forbids = set.forbid().iter().map(|rule| &rule.id.value).map(|id| Tried {
            permits: None,
            raises: None,
            denies: count(&self.denies, id),
            effect: Effect::Forbid,
            id: id.clone(),
        });
        permits.chain(requires).chain(forbids).collect()
    }
}

fn facts(set: &PolicySet, scenario: &Scenario) -> Facts {
    let elsewhere = set.groups().keys().filter(|id| set.source_of(id).is_some());
    let mut groups: BTreeMap<GroupId, Reading> = elsewhere.map(|id| (id.clone(), Reading::Members(BTreeSet::new()))).collect();
    groups.extend(scenario.groups.clone());
    Facts {
        subject: scenario.who.value.clone(),
        filed_by: scenario.who.value.clone(),
        resource: scenario.what.value.clone(),
        role: scenario.role.value.clone(),
        access_for: scenario.access_for,
        reason: scenario.reason.clone(),
        purpose: Purpose::Access,
        start_at: None,
        manner: scenario.manner,
        uses: scenario.uses.iter().map(|(id, uses)| (id.clone(), vec![scenario.at; *uses as usize])).collect(),
        outside: Outside { groups, ..Outside::assumed_active() },
    }
}

fn judged(set: &PolicySet, scenario: &Scenario) -> Verdict {
    evaluate(set, &facts(set, scenario), scenario.at)
}

/// What differs from what was expected.
fn mismatch(set: &PolicySet, scenario: &Scenario, verdict: &Verdict) -> Option<String> {
    let happened = told(verdict);
    let by = |expected: &Option<At<PolicyId>>, policy: &PolicyId| {
        let other = expected.as_ref().filter(|expected| expected.value != *policy)?;
        Some(format!("expected `{}` to apply, but {happened}", other.value))
    };
    match (&scenario.expect, verdict) {
        (Expect::Ask { policy: expected, of }, Verdict::Allow { policy, mode: Mode::Ask, steps, .. }) => by(expected, policy)
            .or_else(|| {
                let facts = facts(set, scenario);
                let voters = electorate(set, steps, &facts.subject, &facts.filed_by, &facts.outside, scenario.at);
                let asked: BTreeSet<&PersonId> = voters.iter().flatten().collect();
                let expected: BTreeSet<&PersonId> = of.as_ref()?.iter().map(|at| &at.value).collect();
                (asked != expected).then(|| format!("expected {} to be asked, but it is {}", names(&expected), names(&asked)))
            }),
        (Expect::Auto { policy: expected }, Verdict::Allow { policy, mode: Mode::Auto, .. }) => by(expected, policy),
        (Expect::BreakGlass { policy: expected }, Verdict::Allow { policy, mode: Mode::BreakGlass, .. }) => by(expected, policy),
        (Expect::Deny { because: expected }, Verdict::Deny { because, .. }) => {
            let missing = expected.as_ref().filter(|expected| !because.contains(expected))?;
            Some(format!("expected a denial because of `{missing}`, but {happened}"))
        }
        (Expect::Ask { .. }, Verdict::Allow { .. } | Verdict::Deny { .. }) => {
            Some(format!("expected people to be asked, but {happened}"))
        }
        (Expect::Auto { .. }, Verdict::Allow { .. } | Verdict::Deny { .. }) => {
            Some(format!("expected that nobody is asked, but {happened}"))
        }
        (Expect::BreakGlass { .. }, Verdict::Allow { .. } | Verdict::Deny { .. }) => {
            Some(format!("expected that the glass can be broken, but {happened}"))
        }
        (Expect::Deny { .. }, Verdict::Allow { .. }) => Some(format!("expected a denial, but {happened}")),
    }
}

fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Allow { policy, mode: Mode::Ask, .. } => format!("people are asked by `{policy}`"),
        Verdict::Allow { policy, mode: Mode::Auto, .. } => format!("`{policy}` permits it at once"),
        Verdict::Allow { policy, mode: Mode::BreakGlass, .. } => format!("`{policy}` lets the glass be broken"),
        Verdict::Deny { because, .. } if because.is_empty() => "it is denied: no policy is about it".to_owned(),
        Verdict::Deny { because, .. } => format!("it is denied because of {}", because.join(", ")),
    }
}

fn names(people: &BTreeSet<&PersonId>) -> String {
    if people.is_empty() { "nobody".to_owned() } else { people.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ") }
}
