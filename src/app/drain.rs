//! Taking Daypass out of service: nothing new is asked for, what waits is closed, and all that is in force ends, seen by a look.
//!
//! That it drains is in the database, so that a restart goes on with it. Nothing here waits or calls a provider: the worker does
//! what is owed, as always, and this says what is left.

use std::sync::atomic::Ordering;

use tracing::{info, warn};

use crate::access::decide::{HoldingCommand, Reassessment, RequestCommand};
use crate::access::event::{Actor, Event};
use crate::access::grant::{EndCause, Grant, GrantState, Recheck};
use crate::access::ids::{GrantId, PersonId, ProviderId, RequestId};
use crate::access::request::Part;
use crate::access::time::{Now, Timestamp};
use crate::slack::say::digest::Draining;
use crate::store::outbox::{Audience, MessageKey};
use crate::store::{Reader, StoreError};

use super::host::HostUser;
use super::leave::for_open_grants;
use super::{App, Kind, Telling};

/// Why a request ends with Daypass.
const DRAINED: &str = "Daypass is being taken out of service";

/// How many requests are closed at a time, and how many that have ended are shown.
const PAGE: u32 = 500;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drain {
    /// Out of service.
    Begin,
    /// Back into service. What has ended stays ended.
    Undo,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drained {
    /// Since when; `None` while Daypass is in service.
    pub since: Option<Timestamp>,
    /// Requests that could still be decided.
    pub pending: u64,
    /// Reviews of broken glass that nobody has closed yet. They are no access.
    pub reviews: usize,
    /// Every access that is not over, and every one that ended since.
    pub accesses: Vec<Access>,
}

/// One access, and whether it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The grant.
    pub grant: GrantId,
    /// Whose.
    pub person: PersonId,
    /// To what, as what.
    pub part: Option<Part>,
    /// Where.
    pub provider: Option<ProviderId>,
    /// The state's name.
    pub state: &'static str,
    /// Why it is not over; `None` once it is.
    pub left: Option<String>,
    /// When it is looked at again, where that has to wait.
    pub look_at: Option<Timestamp>,
    /// When the look began that showed that it is over.
    pub over_at: Option<Timestamp>,
}

impl App {
    /// Takes Daypass out of service, or back in, on the word of an operator: it gives nobody anything.
    ///
    /// # Errors
    ///
    /// When it could not be recorded.
    pub async fn drain(&self, user: &HostUser, which: Drain) -> Result<(), StoreError> {
        let actor = self.actor_on_host(user).await;
        let (now, security_channel) = (self.now(), self.settings.security_channel.clone());
        let changed = self
            .store
            .write(move |tx| {
                let (event, since) = match (which, tx.draining_since()?) {
                    (Drain::Begin, None) => (Event::DrainBegan, Some(now.at)),
                    (Drain::Undo, Some(_)) => (Event::DrainUndone, None),
                    (Drain::Begin, Some(_)) | (Drain::Undo, None) => return Ok::<_, StoreError>(false),
                };
                tx.record(now.at, &actor, event.clone())?;
                tx.note_draining(since)?;
                let telling = Telling { set: None, security_channel: security_channel.as_deref(), at: now.at };
                telling.tell_everywhere(tx, &event)?;
                Ok(true)
            })
            .await?;
        if changed {
            warn!(?which, "an operator takes daypass out of service, or back in");
        }
        self.go_on_draining(now).await?;
        self.stir();
        Ok(())
    }

    /// Closes what waits and ends what is in force, as long as Daypass is being taken out of service. Harmless when repeated: what
    /// was decided in between is found the next time.
    ///
    /// # Errors
    ///
    /// When it could not be read or recorded.
    pub async fn go_on_draining(&self, now: Now) -> Result<usize, StoreError> {
        let (since, pending, grants, left) = self
            .store
            .read(|reader| {
                let since = reader.draining_since()?;
                if since.is_none() {
                    return Ok((since, Vec::new(), Vec::new(), 0));
                }
                let pending: Vec<RequestId> = reader.pending_requests(PAGE)?.iter().map(|request| request.id).collect();
                let (mut grants, mut left) = (Vec::new(), 0_usize);
                for_open_grants(reader, |grant| {
                    left += usize::from(!grant.is_over());
                    if grant.is_to_come() {
                        grants.push((grant.id, grant.entitlement));
                    }
                })?;
                Ok((since, pending, grants, left))
            })
            .await?;
        self.is_draining.store(since.is_some(), Ordering::Relaxed);
        if let Some(since) = since.filter(|_| left == 0 && pending.is_empty()) {
            return self.tell_drained(since).await;
        }
        let mut changed = 0;
        // What is undecided first, so that a request for more time is not said to end with its access.
        for id in pending {
            let verdict = Reassessment::Forbidden { why: DRAINED.to_owned() };
            let command = RequestCommand::Reassess { verdict, electorate: Vec::new() };
            changed += self.decide(now, move |work| work.count(|work| work.on_request(id, command).map(drop))).await?;
        }
        for (grant, entitlement) in grants {
            let command = HoldingCommand::End { grant, cause: EndCause::Drained };
            changed += self.decide(now, move |work| work.count(|work| work.on_holding(entitlement, command))).await?;
        }
        if changed > 0 {
            info!(changed, "daypass is being taken out of service: what waits is closed, what is in force ends");
        }
        Ok(changed)
    }

    /// Tells the security channel, once, that nobody has anything any more.
    async fn tell_drained(&self, since: Timestamp) -> Result<usize, StoreError> {
        let Some(channel) = self.settings.security_channel.clone() else { return Ok(0) };
        let (kind, about, audience) = (Kind::Draining(since), Draining::Over.word().to_owned(), Audience::Channel(channel));
        let key = MessageKey { kind: kind.name(), about, audience };
        let told = key.clone();
        if self.store.read(move |reader| reader.delivery_of(&told)).await?.is_some() {
            return Ok(0);
        }
        let at = self.now().at;
        self.store.write(move |tx| tx.mark_stale(&key, kind.style(), at)).await?;
        self.mail.notify_one();
        Ok(1)
    }

    /// What is left, and what has ended since it began.
    ///
    /// # Errors
    ///
    /// When it could not be read.
    pub async fn drained(&self) -> Result<Drained, StoreError> {
        self.store
            .read(|reader| {
                let since = reader.draining_since()?;
                let mut grants = Vec::new();
                for_open_grants(reader, |grant| grants.push(grant.clone()))?;
                grants.retain(|grant| !grant.is_over());
                for grant in reader.latest_grants(PAGE)? {
                    if since.is_some_and(|since| over_at(&grant).is_some_and(|at| at >= since)) {
                        grants.push(grant);
                    }
                }
                grants.sort_by_key(|grant| grant.id);
                Ok(Drained {
                    since,
                    pending: reader.counts()?.pending,
                    reviews: reader.open_reviews(PAGE)?.len(),
                    accesses: grants.iter().map(|grant| access(reader, grant)).collect::<Result<_, _>>()?,
                })
            })
            .await
    }

    /// Who acts on the host, for the log: a person where the user is one, else the user.
    pub(super) async fn actor_on_host(&self, user: &HostUser) -> Actor {
        let person = match self.policies.current() {
            Some(loaded) => self.person_on_host(&loaded, user).await.ok(),
            None => None,
        };
        person.map_or_else(|| Actor::HostUser(user.shown()), Actor::Host)
    }
}

fn access(reader: &Reader<'_>, grant: &Grant) -> Result<Access, StoreError> {
    let entitlement = reader.entitlement(grant.entitlement)?;
    let trouble = entitlement.as_ref().and_then(|entitlement| entitlement.trouble.as_ref());
    let left = (!grant.is_over()).then(|| match &grant.state {
        GrantState::Failed { recheck: Recheck::At(_), .. } => {
            "could not be given; a late call could still land, so it is looked at once more".to_owned()
        }
        GrantState::Failed { .. } => "could not be given; it is looked at once more".to_owned(),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. } => "is about to be ended".to_owned(),
        GrantState::Revoking(_) | GrantState::Void { .. } | GrantState::Ended(_) => match trouble {
            Some(trouble) => format!("{} ({})", trouble.message, trouble.code),
            None => "the provider has not shown yet that it is gone".to_owned(),
        },
    });
    Ok(Access {
        grant: grant.id,
        person: grant.person.clone(),
        part: reader.request(grant.request)?.map(|request| request.part_of(grant.id)),
        provider: entitlement.map(|entitlement| entitlement.description.provider),
        state: grant.state.name(),
        left,
        look_at: match grant.state {
            GrantState::Failed { recheck: Recheck::At(at), .. } => Some(at),
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Active { .. }
            | GrantState::Revoking(_)
            | GrantState::Void { .. }
            | GrantState::Failed { .. }
            | GrantState::Ended(_) => None,
        },
        over_at: over_at(grant),
    })
}

fn over_at(grant: &Grant) -> Option<Timestamp> {
    match &grant.state {
        GrantState::Ended(ended) => Some(ended.at),
        GrantState::Void { at, .. } => Some(*at),
        GrantState::Failed { at, recheck: Recheck::Done, .. } => Some(*at),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. }
        | GrantState::Revoking(_)
        | GrantState::Failed { .. } => None,
    }
}
