//! A late end, by hand: having the worker look again now, and vouching for an end that cannot be looked at.
//!
//! To look again is for everybody who reads the alarm: it takes nothing away that is not to be taken away anyway. To vouch is for admins,
//! and never for one's own access. It ends the grant on somebody's word, and not the work: that goes on until a look agrees.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

use crate::access::decide::HoldingCommand;
use crate::access::entitlement::Answer as Answered;
use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{EntitlementId, GrantId, PersonId};
use crate::access::refusal::Refusal;
use crate::access::words::Words;
use crate::slack::block::View;
use crate::slack::inbound::Action;
use crate::slack::say::forms;
use crate::slack::say::names::Names;
use crate::slack::say::reply::{Reply, looked};
use crate::store::StoreError;

use super::policies::Loaded;
use super::transact::{Attempt, Outcome, Stop};
use super::{App, names};

/// How many people wait for what is seen at one place. More are told by the messages that follow.
const WAITING_MAX: usize = 20;

/// Who waits for what the next look at an entitlement shows. It is told once, and forgotten with the process: the alarm goes on anyway.
#[derive(Debug, Default)]
pub(super) struct Lookers(Mutex<BTreeMap<EntitlementId, Vec<Looker>>>);

#[derive(Debug)]
struct Looker {
    grant: GrantId,
    names: Names,
    action: Action,
}

impl Lookers {
    fn wait(&self, at: EntitlementId, looker: Looker) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = all.entry(at).or_default();
        if waiting.len() < WAITING_MAX {
            waiting.push(looker);
        }
    }

    fn take(&self, at: EntitlementId) -> Vec<Looker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&at).unwrap_or_default()
    }
}

/// What somebody vouches for.
#[derive(Debug, Clone)]
pub(super) struct Vouching {
    /// Who.
    pub by: PersonId,
    /// The end of which grant.
    pub grant: GrantId,
    /// How they know.
    pub why: Words,
}

impl App {
    /// Has the worker look at a late end now. What it sees is told where the button was pressed.
    pub(super) async fn look_again(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (grant, action): (GrantId, &Action),
    ) -> Result<Outcome, Stop> {
        let mut known = names.clone();
        let late = self.late(grant, &mut known).await?;
        self.lookers.wait(late.entitlement, Looker { grant, names: known, action: action.clone() });
        let asked = self.transact(attempt, loaded, names, move |work, names| {
            names::learn_grant(names, work.tx, &late)?;
            work.on_holding(late.entitlement, HoldingCommand::LookAgain)?;
            Ok(Reply::LookingAgain { grant })
        });
        asked.await
    }

    /// Ends a late grant on an admin's word.
    pub(super) async fn vouch(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        vouching: Vouching,
    ) -> Result<Outcome, Stop> {
        let (is_admin, ids) = (self.is_admin(&vouching.by), self.policies.ids_of(&vouching.by));
        self.transact(attempt, loaded, names, move |work, names| {
            let Vouching { by, grant, why } = vouching;
            let late = work.tx.grant(grant)?.ok_or(Refusal::NoSuchGrant { grant })?;
            names::learn_grant(names, work.tx, &late)?;
            may_vouch(&late, is_admin, &ids)?;
            work.on_holding(late.entitlement, HoldingCommand::Attest { grant, by: by.clone(), why })?;
            Ok(Reply::Vouched { grant, by })
        })
        .await
    }

    /// The form in which an admin vouches for an end.
    pub(super) async fn vouch_form(&self, names: &Names, by: &PersonId, grant: GrantId) -> Result<View, Stop> {
        let mut names = names.clone();
        let late = self.late(grant, &mut names).await?;
        may_vouch(&late, self.is_admin(by), &self.policies.ids_of(by))?;
        Ok(forms::vouch_form(grant, &names))
    }

    /// A grant that is on its way out.
    async fn late(&self, id: GrantId, names: &mut Names) -> Result<Grant, Stop> {
        let mut known = names.clone();
        let read = self.store.read(move |reader| {
            let grant = reader.grant(id)?;
            if let Some(grant) = &grant {
                names::learn_grant(&mut known, reader, grant)?;
            }
            Ok::<_, StoreError>((grant, known))
        });
        let (grant, known) = read.await?;
        *names = known;
        let grant = grant.ok_or(Refusal::NoSuchGrant { grant: id })?;
        match &grant.state {
            GrantState::Revoking(_) => Ok(grant),
            GrantState::Planned
            | GrantState::Checking { .. }
            | GrantState::Provisioning { .. }
            | GrantState::AwaitingUser { .. }
            | GrantState::Active { .. }
            | GrantState::Void { .. }
            | GrantState::Failed { .. }
            | GrantState::Ended(_) => Err(Refusal::GrantOver { grant: id, state: grant.state.name().to_owned() }.into()),
        }
    }

    /// Tells whoever waits for it what was seen at a provider, after it was recorded.
    pub async fn tell_lookers(self: &Arc<Self>, at: EntitlementId, answered: &Answered) {
        for Looker { grant, names, action } in self.lookers.take(at) {
            match self.store.read(move |reader| reader.grant(grant)).await {
                Ok(Some(now)) => drop(self.reply_to(&action, looked(&now, answered, &names))),
                Ok(None) => {}
                Err(error) => warn!(%error, "what was seen could not be told"),
            }
        }
    }
}

fn may_vouch(late: &Grant, is_admin: bool, ids: &[PersonId]) -> Result<(), Refusal> {
    if !is_admin {
        return Err(Refusal::VouchingIsForAdmins);
    }
    if ids.contains(&late.person) { Err(Refusal::OwnWord) } else { Ok(()) }
}
