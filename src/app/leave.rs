//! People who leave: what they hold and asked for ends with their contract, or with their accounts, and not at its own time.
//!
//! Only what is certain counts. A later date raises nothing, and a Slack that does not answer says nothing of anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tracing::{info, warn};

use crate::access::decide::{HoldingCommand, Reassessment, RequestCommand};
use crate::access::grant::{EndCause, Grant, GrantState};
use crate::access::ids::{GrantId, PersonId};
use crate::access::time::{Timestamp, Ttl};
use crate::people::Identified;
use crate::policy::facts::Standing;
use crate::slack::client::{self, AccountStanding};
use crate::slack::inbound;
use crate::slack::say::notice::Because;
use crate::store::{Reader, StoreError};

use super::App;
use super::cut::Cut;
use super::policies::Loaded;
use super::standing::Silence;
use super::transact::{Stop, Work};

/// How many rows are read at a time.
const PAGE: u32 = 500;

/// How many pending requests are looked through.
const PENDING_MAX: u32 = 500;

/// How long one round of questions about people may take, so that a slow Slack cannot hold up the next sweep.
const ROUND_MAX: Duration = Duration::from_secs(300);

/// Why a request ends with the accounts of whoever made it.
pub(super) const DEACTIVATED: &str = "the account was deactivated";

impl App {
    /// Lowers every end that is later than the contract of its person; what is past it ends now. Whoever answers for the person
    /// is told once.
    pub(super) async fn end_with_contracts(&self, loaded: &Loaded) -> Result<(), StoreError> {
        let latest = self.store.read(latest_ends).await?;
        for (person, latest) in latest {
            let who = self.policies.now_called(&person);
            let Some(end) = loaded.set.contract_end(&who).filter(|end| *end < latest) else { continue };
            let changed = self.decide(self.now(), move |work| end_with_contract(work, who, &person, end)).await?;
            if changed > 0 {
                info!(grants = changed, "accesses end with a contract");
            }
        }
        Ok(())
    }

    /// Ends everything of a person all of whose accounts are deactivated. Whoever calls this knows that they are.
    pub(super) async fn end_deactivated(&self, person: &PersonId) -> Result<usize, StoreError> {
        let (of, ids) = (person.clone(), self.policies.ids_of(person));
        let changed = self.decide(self.now(), move |work| end_with_accounts(work, of, &ids)).await?;
        if changed > 0 {
            info!(person = %person, changed, "the accounts of {person} are deactivated: what they hold and asked for ends");
            self.stir();
        }
        Ok(changed)
    }

    /// Somebody left: what is theirs ends, and what they agreed to and is undecided counts their seat no more.
    async fn has_left(&self, person: &PersonId) -> Result<(), StoreError> {
        self.end_deactivated(person).await?;
        let by = person.clone();
        let seconded = self
            .store
            .read(move |reader| {
                let pending = reader.pending_requests(PENDING_MAX)?;
                let gave = |given: &crate::access::request::Approval| given.by == by;
                Ok(pending.iter().filter(|request| request.approvals.iter().any(gave)).map(|r| r.id).collect::<Vec<_>>())
            })
            .await?;
        for id in seconded {
            self.reassess(id).await?;
        }
        self.stir();
        Ok(())
    }

    /// Slack says that an account changed. Where it says that it was deactivated, Slack is asked whether that is still so, since
    /// what it tells may come late; its word counts where it does not answer.
    pub(super) async fn account_changed(&self, event: &inbound::Event) {
        let Some(user) = &event.user else { return };
        self.standings.forget(user);
        let told = AccountStanding::read(&event.payload).filter(|told| told.standing == client::Standing::Deactivated);
        let (Some(told), Some(loaded), Ok(home)) = (told, self.policies.current(), self.installed().await) else { return };
        if event.team.as_ref().is_some_and(|team| *team != home.team) || told.user != *user {
            return;
        }
        let directory = loaded.directory(&home.team);
        let Identified::Known(person) = directory.by_slack(&home.team, user) else { return };
        if self.standings.account(&self.slack, user, self.wall()).await.is_none() {
            self.standings.learn(told, self.wall());
        }
        let outside =
            self.standings.of(&self.slack, directory, std::slice::from_ref(&person), (self.wall(), Silence::Unknown)).await;
        if outside.standing(&person) == Standing::Deactivated
            && let Err(error) = self.has_left(&person).await
        {
            warn!(%error, person = %person, "the end of a deactivated account could not be recorded; the sweep finds it again");
        }
    }

    /// Asks Slack about everybody who holds something, asked for something or agreed to something undecided, so that a
    /// deactivation is found that Slack told nobody of.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn check_people(&self) -> Result<(), StoreError> {
        match tokio::time::timeout(ROUND_MAX, self.check_everybody()).await {
            Ok(checked) => checked,
            Err(_) => {
                warn!("slack was too slow to be asked about everybody; the next sweep asks again");
                Ok(())
            }
        }
    }

    /// Asks Slack about one person, because one of their accounts turned out to be deactivated.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn check_person(&self, person: &PersonId) -> Result<(), StoreError> {
        let (Some(loaded), Ok(home)) = (self.policies.current(), self.installed().await) else { return Ok(()) };
        let (directory, person) = (loaded.directory(&home.team), self.policies.now_called(person));
        let asked = std::slice::from_ref(&person);
        let outside = self.standings.of(&self.slack, directory, asked, (self.wall(), Silence::Unknown)).await;
        if outside.standing(&person) == Standing::Deactivated { self.has_left(&person).await } else { Ok(()) }
    }

    async fn check_everybody(&self) -> Result<(), StoreError> {
        let (Some(loaded), Ok(home)) = (self.policies.current(), self.installed().await) else { return Ok(()) };
        let directory = loaded.directory(&home.team);
        let involved = self.store.read(involved).await?;
        let people: BTreeSet<PersonId> = involved.iter().map(|person| self.policies.now_called(person)).collect();
        for person in people {
            let outside =
                self.standings.of(&self.slack, directory, std::slice::from_ref(&person), (self.wall(), Silence::Unknown)).await;
            if outside.standing(&person) == Standing::Deactivated {
                self.has_left(&person).await?;
            }
        }
        Ok(())
    }
}

/// The latest end of each person's open grants.
fn latest_ends(reader: &Reader<'_>) -> Result<BTreeMap<PersonId, Timestamp>, StoreError> {
    let mut latest: BTreeMap<PersonId, Timestamp> = BTreeMap::new();
    for_open_grants(reader, |grant| {
        let end = latest.entry(grant.person.clone()).or_insert(Timestamp::from_millis(0));
        *end = grant.backstop().max(*end);
    })?;
    Ok(latest)
}

/// Everybody whose accounts matter to what is open.
fn involved(reader: &Reader<'_>) -> Result<BTreeSet<PersonId>, StoreError> {
    let mut people = BTreeSet::new();
    for_open_grants(reader, |grant| people.extend([grant.person.clone()]))?;
    for request in reader.pending_requests(PENDING_MAX)? {
        people.extend(request.approvals.into_iter().map(|given| given.by));
        people.extend([request.terms.subject, request.filed_by]);
    }
    Ok(people)
}

/// Walks over every grant that can still change, oldest first.
pub(super) fn for_open_grants(reader: &Reader<'_>, mut see: impl FnMut(&Grant)) -> Result<(), StoreError> {
    let mut after: Option<GrantId> = None;
    loop {
        let page = reader.open_grants(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        page.iter().for_each(&mut see);
    }
}

/// `id` is under which the rows name the person.
fn end_with_contract(work: &mut Work<'_, '_>, person: PersonId, id: &PersonId, end: Timestamp) -> Result<usize, Stop> {
    let is_over = end <= work.now.at;
    let because = if is_over { Because::ContractOver } else { Because::ContractUntil(end) };
    let mut cut = Cut::new(person, because);
    let mut changed = 0;
    for grant in work.tx.open_grants_of(id)? {
        if !grant.is_to_come() || grant.backstop() <= end {
            continue;
        }
        // What was to begin later never does.
        let never_begins = matches!(grant.state, GrantState::Planned) && end < grant.start_at.plus(Ttl::MIN);
        let command = if is_over || never_begins {
            HoldingCommand::End { grant: grant.id, cause: EndCause::ContractEnded }
        } else {
            HoldingCommand::LowerEnd { grant: grant.id, to: end, why: "the contract ends".to_owned() }
        };
        let events = work.count(|work| work.on_holding(grant.entitlement, command))?;
        changed += usize::from(events > 0);
        if is_over || never_begins || agreed_end(&grant) > end {
            cut.grants.push(grant.id);
        }
    }
    cut.tell(work)?;
    Ok(changed)
}

/// `ids` are under which the rows name the person.
fn end_with_accounts(work: &mut Work<'_, '_>, person: PersonId, ids: &[PersonId]) -> Result<usize, Stop> {
    let mut cut = Cut::new(person, Because::Deactivated);
    let mut changed = 0;
    for id in ids {
        // What is undecided first, so that a request for more time is not said to end with its access.
        for request in work.tx.pending_requests_of(id)? {
            let verdict = Reassessment::Forbidden { why: DEACTIVATED.to_owned() };
            let command = RequestCommand::Reassess { verdict, electorate: Vec::new() };
            changed += work.count(|work| work.on_request(request.id, command).map(drop))?;
            cut.requests.push(request.id);
        }
        for grant in work.tx.open_grants_of(id)?.iter().filter(|grant| grant.is_to_come()) {
            let command = HoldingCommand::End { grant: grant.id, cause: EndCause::PersonDeactivated };
            changed += work.count(|work| work.on_holding(grant.entitlement, command))?;
            cut.grants.push(grant.id);
        }
    }
    cut.tell(work)?;
    Ok(changed)
}

/// When it ends as things stand, more time that was agreed included.
pub(super) fn agreed_end(grant: &Grant) -> Timestamp {
    let agreed = grant.extension.as_ref().map(|extension| extension.to);
    grant.ends_at().map_or_else(|| grant.backstop(), |ends_at| agreed.unwrap_or(ends_at).max(ends_at))
}
