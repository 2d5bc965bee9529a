//! How an adapter is judged: one sequence that every adapter must pass, built in or not, and the same again over a bad network.
//!
//! It needs a real provider with an account that holds nothing yet, and leaves nothing behind when it passes. It judges what the
//! adapter says against what it sees, and knows nothing of the provider itself.

mod faults;
pub mod proxy;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::access::entitlement::{Class, Description, Level, Mark, NativeExpiry, Seen, Target};
use crate::access::time::Timestamp;

use super::{Call, Ensured, Plan, Provider, Severity, Wanted};

pub use proxy::{Fault, Proxy};

/// How many pages of an inventory are read before giving up.
const PAGES_MAX: usize = 100;

/// What an adapter is tried with.
pub struct Case {
    /// The time and patience of each call.
    pub call: Call,
    /// An access that its account does not have.
    pub wanted: Wanted,
    /// An account that does not exist.
    pub unknown_account: String,
    /// A level below the wanted one, that can be put back as if it had been there before. `None` where there is only one.
    pub prior: Option<Level>,
    /// When the provider itself ends the access, where it can. Must lie ahead by the provider's clock, by more than an hour.
    pub until: Timestamp,
    /// The same provider over a network that can be made to fail.
    pub faulty: Option<Faulty>,
}

/// The same provider, reached through a [`Proxy`].
pub struct Faulty {
    /// The adapter, configured with the proxy's address.
    pub subject: Arc<dyn Provider>,
    /// What lies in between.
    pub proxy: Proxy,
    /// What is spoken through it, which decides what can go wrong.
    pub speaks: Speaks,
    /// How long a call waits whose answer is held back. Every delay costs this much; all other calls have the patience of the case.
    pub delay_timeout: Duration,
}

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP: it can also be answered 429 and 500.
    Http,
    /// Anything else over TCP.
    Tcp,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Each step in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What must hold.
    pub name: String,
    /// Whether it does.
    pub outcome: Outcome,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not concern this adapter, for this reason.
    NotApplicable(&'static str),
    /// It does not hold, and this is what was seen.
    Failed(String),
}

impl Report {
    /// Whether nothing failed. A report without steps has not passed.
    pub fn has_passed(&self) -> bool {
        !self.steps.is_empty() && !self.steps.iter().any(|step| matches!(step.outcome, Outcome::Failed(_)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            match &step.outcome {
                Outcome::Passed => writeln!(f, "ok    {}", step.name)?,
                Outcome::NotApplicable(why) => writeln!(f, "-     {} ({why})", step.name)?,
                Outcome::Failed(seen) => writeln!(f, "FAIL  {}\n      {seen}", step.name)?,
            }
        }
        let failed = self.steps.iter().filter(|step| matches!(step.outcome, Outcome::Failed(_))).count();
        write!(f, "{} steps, {failed} failed", self.steps.len())
    }
}

/// Judges `subject`. Stops early only where nothing further can be tried.
pub async fn run(subject: &dyn Provider, case: &Case) -> Report {
    let mut judge = Judge { subject, case, report: Report { steps: Vec::new() } };
    let Some(subject_matter) = judge.prepare().await else {
        return judge.report;
    };
    judge.sequence(&subject_matter).await;
    if let Some(faulty) = &case.faulty {
        for step in faults::run(subject, case, faulty, &subject_matter).await {
            judge.report.steps.push(step);
        }
    }
    judge.report
}

/// What the steps are about: the description as the store would hold it, and the target as the core would ask for it.
struct Matter {
    description: Description,
    present: Target,
    level: Level,
}

struct Judge<'a> {
    subject: &'a dyn Provider,
    case: &'a Case,
    report: Report,
}

type Verdict = Result<Outcome, String>;

impl Judge<'_> {
    fn step(&mut self, name: &str, verdict: Verdict) -> bool {
        let outcome = verdict.unwrap_or_else(Outcome::Failed);
        let is_fine = !matches!(outcome, Outcome::Failed(_));
        self.report.steps.push(Step { name: name.to_owned(), outcome });
        is_fine
    }

    /// What must hold before anything is changed.
    async fn prepare(&mut self) -> Option<Matter> {
        let verdict = self.validates().await;
        self.step("validate finds nothing broken", verdict);
        let verdict = self.resolves().await;
        self.step("the account resolves", verdict);
        let verdict = self.refuses_strangers().await;
        self.step("an unknown account is a matter for people", verdict);

        let plan = match self.subject.plan(&self.case.call, &self.case.wanted).await {
            Ok(plan) => plan,
            Err(error) => {
                self.step("the access can be planned", Err(format!("{error:?}")));
                return None;
            }
        };
        let verdict = self.plan_is_sound(&plan);
        self.step("the plan says what the capabilities say, and survives storage", verdict);

        let mut description = plan.description;
        let until = (description.native_expiry == NativeExpiry::Exact).then_some(self.case.until);
        let present = Target::Present { level: plan.level.clone(), until };
        let first = self.subject.observe(&self.case.call, &description).await;
        let verdict = match &first {
            Ok(seen) if seen.seen == Seen::Absent => Ok(Outcome::Passed),
            other => Err(format!("{other:?}")),
        };
        let is_absent = self.step("nothing is there to begin with", verdict);
        // As the core does: the first look settles which server is meant.
        description.fingerprint = Some(first.ok()?.fingerprint);
        is_absent.then_some(Matter { description, present, level: plan.level })
    }

    async fn sequence(&mut self, matter: &Matter) {
        let absent = Target::Absent;
        let verdict = self.ensures(matter, &absent, Some(Ensured::AlreadySo)).await;
        self.step("revoking before anything was granted is harmless", verdict);
        let verdict = self.ensures(matter, &matter.present, Some(Ensured::Made)).await;
        self.step("a grant is there when looked for", verdict);
        let verdict = self.ensures(matter, &matter.present, Some(Ensured::AlreadySo)).await;
        self.step("granting again changes nothing", verdict);
        let verdict = self.is_not_foreign(matter).await;
        self.step("what we made does not carry another installation's mark", verdict);
        let verdict = self.is_listed(matter).await;
        self.step("the inventory lists it", verdict);
        let verdict = self.end_moves(matter).await;
        self.step("the provider's own end can be moved", verdict);
        let verdict = self.leaves_other_servers_alone(matter).await;
        self.step("another server than the one meant is not touched", verdict);
        let verdict = self.revokes_twice_at_once(matter).await;
        self.step("two revocations at once leave nothing", verdict);
        let verdict = self.ensures(matter, &absent, Some(Ensured::AlreadySo)).await;
        self.step("revoking again changes nothing", verdict);
        let verdict = self.restores(matter).await;
        self.step("a prior level is put back", verdict);
        let verdict = self.ensures(matter, &absent, None).await;
        self.step("nothing is left in the end", verdict);
    }

    async fn validates(&self) -> Verdict {
        let findings = self.subject.validate(&self.case.call).await.map_err(|error| format!("{error:?}"))?;
        match findings.iter().find(|finding| finding.severity == Severity::Broken) {
            Some(broken) => Err(broken.message.clone()),
            None => Ok(Outcome::Passed),
        }
    }

    async fn resolves(&self) -> Verdict {
        if self.subject.caps(&self.case.wanted.shape).delivers_secret {
            return Ok(Outcome::NotApplicable("the grant makes an account of its own"));
        }
        self.subject.resolve(&self.case.call, &self.case.wanted.account).await.map_err(|error| format!("{error:?}"))?;
        Ok(Outcome::Passed)
    }

    async fn refuses_strangers(&self) -> Verdict {
        match self.subject.resolve(&self.case.call, &self.case.unknown_account).await {
            Err(error) if error.trouble.class == Class::NeedsHuman => Ok(Outcome::Passed),
            other => Err(format!("{other:?}")),
        }
    }

    fn plan_is_sound(&self, plan: &Plan) -> Verdict {
        let caps = self.subject.caps(&self.case.wanted.shape);
        let what = &plan.description;
        if (caps.shape, caps.native_expiry) != (what.shape, what.native_expiry) {
            return Err(format!("{caps:?} and {what:?}"));
        }
        if caps.delivers_secret != plan.ciphertext.is_some() {
            return Err("a secret is delivered exactly if the capabilities say so".to_owned());
        }
        let stored = serde_json::to_string(what).map_err(|error| error.to_string())?;
        match serde_json::from_str::<Description>(&stored) {
            Ok(read) if read == *what => Ok(Outcome::Passed),
            other => Err(format!("stored as {stored}, read as {other:?}")),
        }
    }

    /// Makes a target true and looks.
    async fn ensures(&self, matter: &Matter, target: &Target, expected: Option<Ensured>) -> Verdict {
        let said =
            self.subject.ensure(&self.case.call, &matter.description, target).await.map_err(|error| format!("{error:?}"))?;
        look(self.subject, self.case, matter, target).await?;
        match expected {
            Some(expected) if expected != said => Err(format!("it said {said:?}, which is not so")),
            Some(_) | None => Ok(Outcome::Passed),
        }
    }

    async fn is_not_foreign(&self, matter: &Matter) -> Verdict {
        match self.subject.observe(&self.case.call, &matter.description).await {
            Ok(seen) if seen.mark != Mark::Foreign => Ok(Outcome::Passed),
            other => Err(format!("{other:?}")),
        }
    }

    async fn is_listed(&self, matter: &Matter) -> Verdict {
        if !self.subject.caps(&self.case.wanted.shape).inventory {
            return Ok(Outcome::NotApplicable("it has no inventory"));
        }
        let (subject, thing) = (&matter.description.subject, &matter.description.thing);
        let mut cursor = None;
        for _ in 0..PAGES_MAX {
            let page = self.subject.inventory(&self.case.call, cursor).await.map_err(|error| format!("{error:?}"))?;
            let is_it = |item: &super::Standing| {
                (item.subject == *subject && item.thing == *thing)
                    || item.remote_name.as_ref() == Some(&matter.description.remote_name)
            };
            if page.items.iter().any(is_it) {
                return Ok(Outcome::Passed);
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Err("it is on no page".to_owned()),
            }
        }
        Err(format!("the inventory does not end after {PAGES_MAX} pages"))
    }

    async fn end_moves(&self, matter: &Matter) -> Verdict {
        if matter.description.native_expiry == NativeExpiry::None {
            return Ok(Outcome::NotApplicable("nothing ends by itself there"));
        }
        let sooner = self.case.until.minus(Duration::from_millis(1_799_877));
        let moved = Target::Present { level: matter.level.clone(), until: Some(sooner) };
        self.ensures(matter, &moved, Some(Ensured::Made)).await?;
        self.ensures(matter, &matter.present, Some(Ensured::Made)).await
    }

    async fn leaves_other_servers_alone(&self, matter: &Matter) -> Verdict {
        let mut elsewhere = matter.description.clone();
        elsewhere.fingerprint = Some("another server".to_owned());
        for target in [&Target::Absent, &matter.present] {
            match self.subject.ensure(&self.case.call, &elsewhere, target).await {
                Err(error) if error.trouble.class == Class::NeedsHuman => {}
                other => return Err(format!("{other:?}")),
            }
        }
        look(self.subject, self.case, matter, &matter.present).await
    }

    async fn revokes_twice_at_once(&self, matter: &Matter) -> Verdict {
        let revoke = || self.subject.ensure(&self.case.call, &matter.description, &Target::Absent);
        // An error of one is no failure: what counts is what is there afterwards.
        let (one, other) = tokio::join!(revoke(), revoke());
        look(self.subject, self.case, matter, &Target::Absent)
            .await
            .map_err(|seen| format!("{seen}, after {one:?} and {other:?}"))
    }

    async fn restores(&self, matter: &Matter) -> Verdict {
        let Some(prior) = &self.case.prior else {
            return Ok(Outcome::NotApplicable("there is no lower level"));
        };
        let prior = Target::Present { level: prior.clone(), until: None };
        self.ensures(matter, &prior, Some(Ensured::Made)).await?;
        self.ensures(matter, &matter.present, Some(Ensured::Made)).await?;
        self.ensures(matter, &prior, Some(Ensured::Made)).await
    }
}

/// Whether what is there is the target, at the server meant.
async fn look(subject: &dyn Provider, case: &Case, matter: &Matter, target: &Target) -> Verdict {
    match subject.observe(&case.call, &matter.description).await {
        Ok(seen) if Some(&seen.fingerprint) != matter.description.fingerprint.as_ref() => {
            Err(format!("the server changed its fingerprint to `{}`", seen.fingerprint))
        }
        Ok(seen) if seen.seen.satisfies(target) => Ok(Outcome::Passed),
        Ok(seen) => Err(format!("wanted {target:?}, saw {:?}", seen.seen)),
        Err(error) => Err(format!("{error:?}")),
    }
}
