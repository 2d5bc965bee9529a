//! Approved, and nothing sent yet: what today's rules say once more, just before the first call to the provider.
//!
//! Only a definite no counts. What cannot be asked (Slack, a source, files that are broken) holds up nothing that people agreed
//! to. More approvals than were needed at the time are not asked for either: the quorum was that of the click.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tracing::{info, warn};

use crate::access::decide::HoldingCommand;
use crate::access::entitlement::Holding;
use crate::access::grant::{EndCause, Grant, GrantState};
use crate::access::ids::{EntitlementId, GrantId, GroupId, PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::{Mode, Purpose};
use crate::access::time::{Now, Timestamp};
use crate::policy::facts::{Reading, Standing};
use crate::policy::{Verdict, evaluate};
use crate::store::StoreError;

use super::App;
use super::bundle::judged;
use super::leave::for_open_grants;
use super::lock::Reach;
use super::policies::Loaded;
use super::reassess::{Pinned, why_not};
use super::sources::Fresh;
use super::standing::{Silence, WAIT};
use super::transact::{Stop, Work};

/// What today's rules say of some grants, and which rules these were.
struct Judged {
    digest: Option<String>,
    forbidden: BTreeMap<GrantId, EndCause>,
}

impl App {
    /// Lets time pass for holdings whose planned grants are due to begin, after today's rules were asked about each of them.
    /// Returns how much changed.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn begin_holdings(&self, holdings: &[Holding], now: Now) -> Result<usize, StoreError> {
        let grants: Vec<&Grant> = holdings.iter().flat_map(|holding| &holding.grants).filter(|grant| is_unsent(grant)).collect();
        if let Some(loaded) = self.policies.current() {
            self.ask_about(&loaded, &grants).await;
        }
        let judged = self.judge_unsent(&grants).await?;
        let mut moved = 0;
        for holding in holdings {
            let ids: BTreeSet<GrantId> = holding.grants.iter().map(|grant| grant.id).collect();
            let forbidden = judged.forbidden.iter().filter(|(grant, _)| ids.contains(grant));
            let forbidden = forbidden.map(|(grant, cause)| (*grant, cause.clone())).collect();
            moved += self.begin_holding(holding.entitlement.id, judged.digest.clone(), forbidden, now).await?;
        }
        Ok(moved)
    }

    /// Ends what the rules forbid that came in force now, as far as nothing was sent for it. Asks nobody.
    pub(super) async fn recheck_unsent(&self) -> Result<(), StoreError> {
        let unsent = self
            .store
            .read(|reader| {
                let mut unsent = Vec::new();
                for_open_grants(reader, |grant| unsent.extend(is_unsent(grant).then(|| grant.clone())))?;
                Ok(unsent)
            })
            .await?;
        let Judged { digest, forbidden } = self.judge_unsent(&unsent.iter().collect::<Vec<_>>()).await?;
        for grant in unsent {
            let Some(cause) = forbidden.get(&grant.id).cloned() else { continue };
            let (policies, digest) = (Arc::clone(&self.policies), digest.clone());
            let end = move |work: &mut Work<'_, '_>| {
                if policies.digest() != digest {
                    return Err(Stop::Stale);
                }
                work.count(|work| end_unsent(work, grant.entitlement, grant.id, cause))
            };
            self.decide(self.now(), end).await?;
        }
        Ok(())
    }

    async fn begin_holding(
        &self,
        id: EntitlementId,
        digest: Option<String>,
        forbidden: Vec<(GrantId, EndCause)>,
        now: Now,
    ) -> Result<usize, StoreError> {
        let (policies, reach) = (Arc::clone(&self.policies), self.reach());
        self.decide(now, move |work| {
            // Judged by rules that are in force no longer: the next round asks those that are.
            if policies.digest() != digest {
                return Err(Stop::Stale);
            }
            let mut moved = 0;
            for (grant, cause) in forbidden {
                moved += work.count(|work| end_unsent(work, id, grant, cause))?;
            }
            moved += work.count(|work| end_locked(work, &reach, id))?;
            Ok(moved + work.count(|work| work.on_holding(id, HoldingCommand::Begin))?)
        })
        .await
    }

    /// Asks Slack about the people of these grants, and who is in the groups that matter for them, for as long as somebody would
    /// wait for a click. What is said is remembered.
    async fn ask_about(&self, loaded: &Loaded, grants: &[&Grant]) {
        let people: BTreeSet<PersonId> = grants.iter().map(|grant| grant.person.clone()).collect();
        let people: Vec<PersonId> = people.into_iter().collect();
        let groups = self.groups_that_matter(loaded, grants).await;
        let asked = tokio::time::timeout(WAIT, async {
            if let Ok(home) = self.installed().await {
                let directory = loaded.directory(&home.team);
                let standings = self.standings.of(&self.slack, directory, &people, (self.wall(), Silence::Unknown));
                tokio::join!(standings, self.readings(&loaded.set, (directory, &home.team), &groups, Fresh::Lately));
            }
        });
        if asked.await.is_err() {
            warn!("slack did not say in time whose accounts are active; what people agreed to goes on");
        }
    }

    /// The groups read elsewhere that the rules of today look at for these grants.
    async fn groups_that_matter(&self, loaded: &Loaded, grants: &[&Grant]) -> BTreeSet<GroupId> {
        let ids: BTreeSet<RequestId> = grants.iter().map(|grant| grant.request).collect();
        let requests = self.store.read(move |reader| ids.into_iter().map(|id| reader.request(id)).collect::<Result<Vec<_>, _>>());
        let requests = requests.await.inspect_err(|error| warn!(%error, "requests could not be read")).unwrap_or_default();
        let terms = requests.iter().flatten().map(|request| &request.terms);
        terms.flat_map(|terms| loaded.set.groups_read_for(&terms.resource, &terms.role)).collect()
    }

    /// What today's rules forbid of these. Somebody who is known to be deactivated loses everything at once.
    async fn judge_unsent(&self, grants: &[&Grant]) -> Result<Judged, StoreError> {
        let Some(loaded) = self.policies.current() else {
            return Ok(Judged { digest: None, forbidden: BTreeMap::new() });
        };
        let mut forbidden = BTreeMap::new();
        for grant in grants {
            let pinned = match self.pinned(grant.request).await {
                Ok(pinned) => pinned,
                Err(Stop::Store(error)) => return Err(error),
                Err(Stop::Refused(_) | Stop::Stale) => continue,
            };
            let standing = self.remembered(&loaded, &grant.person);
            if standing == Standing::Deactivated {
                self.end_deactivated(&grant.person).await?;
            } else if let Some(cause) = definite_no(&loaded, &pinned, &self.heard(&loaded, &pinned, standing), self.now().at) {
                info!(grant.id = %grant.id, ?cause, "{} was approved and is not given: the rules of today say no", grant.id);
                forbidden.insert(grant.id, cause);
            }
        }
        Ok(Judged { digest: Some(loaded.set.digest().to_owned()), forbidden })
    }

    /// What is known from outside of the files, as far as it was said lately.
    fn heard(&self, loaded: &Loaded, pinned: &Pinned, standing: Standing) -> Heard {
        let Some(home) = self.installed.get() else { return Heard { standing, groups: BTreeMap::new() } };
        let groups = loaded.set.groups_read_for(&pinned.request.terms.resource, &pinned.request.terms.role);
        let groups = self.remembered_readings(&loaded.set, (loaded.directory(&home.team), &home.team), &groups);
        Heard { standing, groups }
    }

    fn remembered(&self, loaded: &Loaded, person: &PersonId) -> Standing {
        match self.installed.get() {
            Some(home) => self.standings.remembered(loaded.directory(&home.team), person, self.wall()),
            None => Standing::Unknown,
        }
    }
}

/// What was said lately: of the person, and of who is in which group.
struct Heard {
    standing: Standing,
    groups: BTreeMap<GroupId, Reading>,
}

/// Whether nothing was sent to a provider for it.
fn is_unsent(grant: &Grant) -> bool {
    matches!(grant.state, GrantState::Planned | GrantState::Checking { .. })
}

/// Ends a grant that was judged before anything was sent. Once it is in force it stays: that is for a person to end.
fn end_unsent(work: &mut Work<'_, '_>, entitlement: EntitlementId, grant: GrantId, cause: EndCause) -> Result<(), Stop> {
    match work.tx.grant(grant)?.map(|grant| grant.state) {
        Some(
            GrantState::Planned | GrantState::Checking { .. } | GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. },
        ) => work.on_holding(entitlement, HoldingCommand::End { grant, cause }),
        Some(
            GrantState::Active { .. }
            | GrantState::Revoking(_)
            | GrantState::Void { .. }
            | GrantState::Failed { .. }
            | GrantState::Ended(_),
        )
        | None => Ok(()),
    }
}

/// Ends what a lock covers and nothing was sent for. A lock that was committed before this is seen here.
fn end_locked(work: &mut Work<'_, '_>, reach: &Reach, id: EntitlementId) -> Result<(), Stop> {
    let Some(holding) = work.tx.holding(id)? else { return Ok(()) };
    for grant in holding.grants.iter().filter(|grant| is_unsent(grant)) {
        if let Some(lock) = work.lock_on(reach, grant)? {
            end_unsent(work, id, grant.id, lock.cause())?;
        }
    }
    Ok(())
}

/// Why this may not be given any more; `None` where the rules of today permit it, or do not say for certain.
fn definite_no(loaded: &Loaded, pinned: &Pinned, heard: &Heard, now: Timestamp) -> Option<EndCause> {
    let request = &pinned.request;
    match request.terms.purpose {
        Purpose::Access => {}
        Purpose::Extension(_) => return None,
    }
    let mut facts = pinned.facts.clone()?;
    if heard.standing != Standing::Unknown {
        facts.outside.standings.insert(request.terms.subject.clone(), heard.standing);
    }
    facts.outside.groups.extend(heard.groups.clone());
    facts.access_for = request.terms.access_for;
    // What begins later must not begin after the contract.
    let begins = request.start_at.unwrap_or(now).max(now);
    if loaded.set.contract_end(&request.terms.subject).is_some_and(|end| end <= begins) {
        return Some(EndCause::ContractEnded);
    }
    let verdict = judged(&loaded.set, &request.terms, &facts, now, evaluate);
    if verdict.is_for_want_of_answers() {
        return None;
    }
    match verdict {
        Verdict::Allow { mode: Mode::Ask, .. } if request.mode == Mode::Auto => {
            Some(EndCause::PolicyForbids("people have to agree to it, and nobody did".to_owned()))
        }
        Verdict::Allow { .. } => None,
        // Who could approve today is no matter: it is approved.
        Verdict::Deny { refusal: Refusal::SourceUnreadable { .. } | Refusal::NobodyCanApprove { .. }, .. } => None,
        Verdict::Deny { refusal, because, .. } => Some(EndCause::PolicyForbids(why_not(&refusal, &because))),
    }
}
