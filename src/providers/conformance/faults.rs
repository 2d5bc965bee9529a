//! The same adapter over a network that fails at every exchange in turn: whatever it says then must be true.

use crate::access::entitlement::{Class, Seen, Target};
use crate::providers::{Call, Provider, ProviderError};

use super::proxy::RETRY_AFTER_S;
use super::{Case, Fault, Faulty, Matter, Outcome, Speaks, Step, Verdict, look};

/// How many exchanges of one operation are tried, however many it has.
const EXCHANGES_MAX: usize = 64;

/// One step for each way of failing and each direction.
pub(super) async fn run(subject: &dyn Provider, case: &Case, faulty: &Faulty, matter: &Matter) -> Vec<Step> {
    let mut kinds = vec![Fault::DropBeforeSend, Fault::DropAfterSend, Fault::CutInMidAnswer, Fault::Delay];
    if faulty.speaks == Speaks::Http {
        kinds.extend([Fault::TooManyRequests, Fault::ServerError]);
    }
    let trial = Trial { subject, case, faulty, matter };
    let mut steps = Vec::new();
    for fault in kinds {
        let what = named(fault);
        for (deed, from, to) in [("granting", &Target::Absent, &matter.present), ("revoking", &matter.present, &Target::Absent)] {
            let name = format!("{deed} while {what}: what is said is true, and the next try gets there");
            steps.push(Step { name, outcome: trial.change(fault, from, to).await.unwrap_or_else(Outcome::Failed) });
        }
        let name = format!("looking while {what}: a look that fails is never taken for an answer");
        steps.push(Step { name, outcome: trial.reading(fault).await.unwrap_or_else(Outcome::Failed) });
    }
    let left = subject.ensure(&case.call, &matter.description, &Target::Absent).await.map_err(|error| format!("{error:?}"));
    let verdict = match left {
        Ok(_) => look(subject, case, matter, &Target::Absent).await,
        Err(seen) => Err(seen),
    };
    steps.push(Step { name: "nothing is left after the faults".to_owned(), outcome: verdict.unwrap_or_else(Outcome::Failed) });
    steps
}

struct Trial<'a> {
    subject: &'a dyn Provider,
    case: &'a Case,
    faulty: &'a Faulty,
    matter: &'a Matter,
}

impl Trial<'_> {
    /// Makes `to` out of `from`, failing at each exchange in turn.
    async fn change(&self, fault: Fault, from: &Target, to: &Target) -> Verdict {
        self.surely(from).await?;
        self.faulty.proxy.disarm();
        self.try_to(&self.case.call, to).await.map_err(|error| format!("without a fault: {error:?}"))?;
        let exchanges = self.faulty.proxy.exchanges();
        for at in places(fault, exchanges) {
            self.surely(from).await?;
            self.faulty.proxy.arm(fault, at);
            let said = self.try_to(&self.patience(fault), to).await;
            let has_fired = self.faulty.proxy.disarm();
            self.is_true(fault, has_fired, &said, from, to)
                .await
                .map_err(|seen| format!("at exchange {at} of {exchanges}: {seen}"))?;
            self.surely(to).await.map_err(|seen| format!("after exchange {at} of {exchanges}: {seen}"))?;
        }
        Ok(Outcome::Passed)
    }

    async fn try_to(&self, call: &Call, target: &Target) -> Result<(), ProviderError> {
        self.faulty.subject.ensure(call, &self.matter.description, target).await.map(drop)
    }

    fn patience(&self, fault: Fault) -> Call {
        match fault {
            Fault::Delay => Call { timeout: self.faulty.delay_timeout, ..self.case.call.clone() },
            Fault::DropBeforeSend
            | Fault::DropAfterSend
            | Fault::CutInMidAnswer
            | Fault::TooManyRequests
            | Fault::ServerError => self.case.call.clone(),
        }
    }

    /// Makes the target true over the sound network.
    async fn surely(&self, target: &Target) -> Result<(), String> {
        let done = self.subject.ensure(&self.case.call, &self.matter.description, target).await;
        done.map_err(|error| format!("{error:?}"))?;
        look(self.subject, self.case, self.matter, target).await.map(drop)
    }

    /// What the adapter said of a change must agree with what is there.
    async fn is_true(
        &self,
        fault: Fault,
        has_fired: bool,
        said: &Result<(), ProviderError>,
        from: &Target,
        to: &Target,
    ) -> Result<(), String> {
        let error = match said {
            Ok(()) => {
                return look(self.subject, self.case, self.matter, to)
                    .await
                    .map(drop)
                    .map_err(|seen| format!("it said done, but {seen}"));
            }
            Err(error) => error,
        };
        // An impatient call may be over before its turn to be delayed comes.
        if !has_fired && fault != Fault::Delay {
            return Err(format!("it failed without a fault: {error:?}"));
        }
        if fault == Fault::TooManyRequests && error.retry_after.map(|wait| wait.as_secs()) != Some(RETRY_AFTER_S) {
            return Err(format!("it does not pass on how long to wait: {error:?}"));
        }
        match error.trouble.class {
            Class::Ambiguous => Ok(()),
            Class::Transient => {
                let seen = look(self.subject, self.case, self.matter, from).await;
                seen.map(drop).map_err(|seen| format!("it said that nothing was done, but {seen}"))
            }
            Class::Permanent | Class::NeedsHuman => Err(format!("a bad network is not a reason to give up: {error:?}")),
        }
    }

    /// Looks at what is there, failing at each exchange in turn.
    async fn reading(&self, fault: Fault) -> Verdict {
        self.surely(&self.matter.present).await?;
        self.faulty.proxy.disarm();
        let sound = self.faulty.subject.observe(&self.case.call, &self.matter.description).await;
        sound.map_err(|error| format!("without a fault: {error:?}"))?;
        let exchanges = self.faulty.proxy.exchanges();
        for at in places(fault, exchanges) {
            self.faulty.proxy.arm(fault, at);
            let said = self.faulty.subject.observe(&self.patience(fault), &self.matter.description).await;
            self.faulty.proxy.disarm();
            match said {
                Ok(seen) if seen.seen.satisfies(&self.matter.present) => {}
                Ok(seen) if seen.seen == Seen::Absent => return Err(format!("at exchange {at} of {exchanges} it saw nothing")),
                Err(error) if matches!(error.trouble.class, Class::Transient | Class::NeedsHuman) => {}
                other => return Err(format!("at exchange {at} of {exchanges}: {other:?}")),
            }
        }
        Ok(Outcome::Passed)
    }
}

/// Every exchange; where each costs a whole timeout, the first, the middle and the last two.
fn places(fault: Fault, exchanges: usize) -> Vec<usize> {
    let mut places: Vec<usize> = match fault {
        Fault::Delay => vec![1, exchanges / 2, exchanges.saturating_sub(1), exchanges],
        Fault::DropBeforeSend | Fault::DropAfterSend | Fault::CutInMidAnswer | Fault::TooManyRequests | Fault::ServerError => {
            (1..=exchanges.min(EXCHANGES_MAX)).collect()
        }
    };
    places.retain(|at| *at > 0);
    places.dedup();
    places
}

fn named(fault: Fault) -> &'static str {
    match fault {
        Fault::DropBeforeSend => "the connection closes before it is heard",
        Fault::DropAfterSend => "the connection closes before the answer",
        Fault::CutInMidAnswer => "the answer is cut in the middle",
        Fault::Delay => "the answer comes too late",
        Fault::TooManyRequests => "it is asked to wait",
        Fault::ServerError => "the server fails",
    }
}
