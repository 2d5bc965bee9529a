//! What the rules of today say of a request that is pending. They may tighten it, never loosen it: whoever approves must be
//! eligible by the rules it was filed under and by those in force now.

use std::sync::Arc;

use tracing::warn;

use crate::access::decide::{NoteRule, Reassessment, RequestCommand, raise_steps};
use crate::access::electors::Electors;
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::remind::widen;
use crate::access::request::Request;
use crate::policy::electorate::groups_named;
use crate::policy::facts::{Reading, Standing};
use crate::policy::{Facts, Verdict, electorate, evaluate};
use crate::store::StoreError;

use super::App;
use super::leave::DEACTIVATED;
use super::policies::Loaded;
use super::sources::{Fresh, groups_of};
use super::transact::Stop;

/// How many pending requests are judged anew at a time.
const PENDING_MAX: u32 = 500;

/// A pending request with what it was decided to be asked on.
#[derive(Debug, Clone)]
pub(super) struct Pinned {
    /// The request as it was read.
    pub request: Request,
    /// The facts of the time, if they can still be read.
    pub facts: Option<Facts>,
    /// The policy text of the time.
    text: Option<String>,
}

/// What the rules of today come to.
#[derive(Debug, Clone)]
pub(super) struct Today {
    /// The verdict.
    pub verdict: Reassessment,
    /// Who may fill each of the raised steps.
    pub electorate: Vec<Electors>,
    /// Whether an approval needs a note.
    pub note_rule: NoteRule,
}

impl Today {
    /// The command that applies it.
    pub(super) fn command(&self) -> RequestCommand {
        RequestCommand::Reassess { verdict: self.verdict.clone(), electorate: self.electorate.clone() }
    }
}

impl App {
    /// Reads a request with what it is pinned to.
    pub(super) async fn pinned(&self, id: RequestId) -> Result<Pinned, Stop> {
        let found = self
            .store
            .read(move |reader| {
                let Some(request) = reader.request(id)? else { return Ok(None) };
                let facts = reader.facts(id)?.and_then(|facts| serde_json::from_str(&facts).ok());
                let text = reader.policy_text(&request.policy.digest)?;
                Ok(Some(Pinned { request, facts, text }))
            })
            .await?;
        found.ok_or(Stop::Refused(Refusal::NoSuchRequest { request: id }))
    }

    /// Judges a pending request by the rules of today. `deciding` are those whose standing matters: they are looked up.
    ///
    /// # Errors
    ///
    /// A refusal of this click where the rules only say "not now" (outside the window, a source that cannot be read).
    pub(super) async fn today(
        &self,
        loaded: &Arc<Loaded>,
        pinned: &Pinned,
        deciding: &[PersonId],
        fresh: Fresh,
    ) -> Result<Today, Stop> {
        let request = &pinned.request;
        if super::bundle::parts_of(&loaded.set, &request.terms.resource) != request.terms.parts {
            let asked = request.terms.resource.to_string();
            return not_today(Refusal::NoSuchResource { asked, similar: Vec::new() }, &[]);
        }
        let outside = self.outside(loaded, deciding, &groups_of(&loaded.set, request), fresh).await?;
        // Nor is a group that cannot be read. One that is asked as well matters once somebody has answered.
        let asked = if request.approvals.is_empty() { request.steps.clone() } else { request.steps_asked() };
        let mut asked = asked.iter().flat_map(|step| groups_named(&step.by));
        let unread = asked.find_map(|group| match outside.groups.get(&group) {
            Some(Reading::Unreadable { source }) => Some(source.clone()),
            Some(Reading::Members(_)) | None => None,
        });
        if let Some(source) = unread {
            return Err(Refusal::SourceUnreadable { source }.into());
        }
        // Not to know somebody's standing is no reason to void what they gave: then nothing is decided now.
        // Whoever is in no file is nobody, whatever Slack would say.
        let unknown =
            |person: &PersonId| loaded.set.person(person).is_some() && outside.standings.get(person) == Some(&Standing::Unknown);
        if request.approvals.iter().any(|given| unknown(&given.by)) {
            return Err(Refusal::AccountUnverified.into());
        }
        let Some(facts) = &pinned.facts else {
            return Err(StoreError::Unreadable {
                what: "facts".to_owned(),
                problem: format!("those of {} are missing", request.id),
            }
            .into());
        };
        let mut facts = facts.clone();
        facts.outside.standings.extend(outside.standings.clone());
        facts.outside.groups = outside.groups.clone();
        facts.outside.away = outside.away.clone();
        facts.access_for = request.terms.access_for;
        let now = self.now();
        let verdict = evaluate(&loaded.set, &facts, now.at);
        let unanswered = verdict.is_for_want_of_answers();
        let (steps, ends_at_most, note_required, remind) = match verdict {
            Verdict::Allow { steps, ends_at_most, note_required, remind, .. } => (steps, ends_at_most, note_required, remind),
            Verdict::Deny { refusal, .. } if unanswered => return Err(refusal.into()),
            Verdict::Deny { refusal, because, .. } => return not_today(refusal, &because),
        };
        let then_ask = remind.and_then(|remind| remind.then_ask);
        // Whoever is asked as well is so by the rules of then and by those of now.
        let also = request.reminding.also_asked().filter(|also| then_ask.as_deref() == Some(*also));
        let raised = widen(&raise_steps(&request.steps, &steps), also);
        let electorate = electorate(&loaded.set, &raised, &request.terms.subject, &request.filed_by, &outside, now.at);
        let note_rule =
            if note_required || self.note_was_required(pinned, &facts) { NoteRule::Required } else { NoteRule::Optional };
        Ok(Today { verdict: Reassessment::Permitted { steps, ends_at_most, then_ask }, electorate, note_rule })
    }

    /// Judges everything that is pending by the rules of today, so that people read at once what is forbidden now and what
    /// needs more people. What cannot be judged now is judged at the click, as always.
    pub async fn reassess_pending(&self) {
        // Without Slack nobody can be judged, and each of them would wait for it.
        if self.installed().await.is_err() {
            return;
        }
        let pending = self.store.read(|reader| reader.pending_requests(PENDING_MAX)).await;
        let pending = pending.inspect_err(|error| warn!(%error, "pending requests could not be read")).unwrap_or_default();
        for request in pending {
            if let Err(error) = self.reassess(request.id).await {
                warn!(%error, request.id = %request.id, "a pending request could not be judged anew");
            }
        }
    }

    /// Judges one pending request by the rules of today.
    pub(super) async fn reassess(&self, id: RequestId) -> Result<(), StoreError> {
        let Some(loaded) = self.policies.current() else { return Ok(()) };
        self.follow_bundle(&loaded, id).await?;
        let judged = match self.pinned(id).await {
            Ok(pinned) => {
                let people = concerned(&pinned.request);
                self.today(&loaded, &pinned, &people, Fresh::Now).await.map(|today| (pinned.request.version, today))
            }
            Err(stop) => Err(stop),
        };
        let (version, today) = match judged {
            Ok(judged) => judged,
            Err(Stop::Refused(_) | Stop::Stale) => return Ok(()),
            Err(Stop::Store(error)) => return Err(error),
        };
        let decided = self.decide(self.now(), move |work| {
            work.count(|work| match work.tx.request(id)? {
                Some(request) if request.version == version => work.on_request(id, today.command()).map(drop),
                Some(_) | None => Ok(()),
            })
        });
        decided.await.map(drop)
    }

    /// Whether the rules that the request was filed under ask for a note: what was required stays so.
    fn note_was_required(&self, pinned: &Pinned, facts: &Facts) -> bool {
        let text = pinned.text.clone();
        let Some(then) = self.policies.pinned(&pinned.request.policy.digest, || text) else { return true };
        match evaluate(&then.set, facts, pinned.request.asked_at) {
            Verdict::Allow { note_required, .. } => note_required,
            Verdict::Deny { .. } => false,
        }
    }
}

/// Those whose standing a request depends on as it is: whose it is, and who approved it.
pub(super) fn concerned(request: &Request) -> Vec<PersonId> {
    let mut people: Vec<PersonId> = request.approvals.iter().map(|given| given.by.clone()).collect();
    people.push(request.terms.subject.clone());
    people
}

/// Some denials end the request, others only this click.
fn not_today(refusal: Refusal, because: &[String]) -> Result<Today, Stop> {
    match refusal {
        Refusal::OutsideWindow { .. } | Refusal::SourceUnreadable { .. } | Refusal::NobodyCanApprove { .. } => {
            Err(refusal.into())
        }
        Refusal::AccountNotAllowed => Ok(forbidden(DEACTIVATED.to_owned())),
        _ => Ok(forbidden(format!("the policy says no now ({})", why_not(&refusal, because)))),
    }
}

fn forbidden(why: String) -> Today {
    Today { verdict: Reassessment::Forbidden { why }, electorate: Vec::new(), note_rule: NoteRule::Optional }
}

/// What says no: the rules by name, or in words where no rule does.
pub(super) fn why_not(refusal: &Refusal, because: &[String]) -> String {
    match refusal {
        _ if !because.is_empty() => because.join(", "),
        Refusal::NoSuchPerson { asked } => format!("nobody is called {asked} in the policy files any more"),
        Refusal::NoSuchResource { .. } | Refusal::NoSuchRole { .. } => "it is not in the policy files any more".to_owned(),
        _ => "nothing permits it any more".to_owned(),
    }
}
