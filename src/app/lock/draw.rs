//! What is shown of locks: what one would do, before it is set; and what became of what it took back.

use std::collections::BTreeMap;

use crate::access::entitlement::{Prior, Trouble};
use crate::access::grant::Grant;
use crate::access::ids::{GrantId, LockId, PersonId};
use crate::access::lock::{Lock, Scope};
use crate::access::refusal::Refusal;
use crate::access::request::Request;
use crate::access::words::Words;
use crate::app::messages::Kind;
use crate::app::policies::Loaded;
use crate::app::transact::Stop;
use crate::app::{App, names};
use crate::slack::block::Message;
use crate::slack::command::Length;
use crate::slack::say::lock::{Preview, Row, Table, led_by_lock, preview, revoke_all_preview, table, told, told_over};
use crate::slack::say::names::Names;
use crate::store::outbox::MessageKey;
use crate::store::{Reader, StoreError};

use super::reach::Reach;
use super::tick::grants_of;
use super::{Theirs, members_of, theirs};

/// How many pending requests are counted.
const COUNTED_MAX: u32 = 500;

impl App {
    /// What a lock would do, with the button that sets it.
    pub(super) async fn lock_preview(
        &self,
        loaded: &Loaded,
        names: &Names,
        by: &PersonId,
        (what, length, reason): (&str, Option<Length>, Words),
    ) -> Result<Message, Stop> {
        let scope = self.scope_meant(loaded, what).await?;
        self.may_lock(&loaded.set, by, &scope)?;
        let until = self.lasts_until(loaded, by, length)?;
        let members = members_of(&loaded.set, &scope)?;
        let (reach, mut names, now) = (self.reach(), names.clone(), self.now().at);
        let found = self.store.read(move |reader| {
            let grants = reach.open_grants(reader, (&scope, &members))?;
            learn_all(&mut names, reader, &grants)?;
            let pending = pending_under(reader, &reach, &scope, &members)?;
            Ok(preview(&Preview { scope: &scope, until, reason: &reason, grants: &grants, pending, now, names: &names }))
        });
        Ok(found.await?)
    }

    /// What `revoke-all` would end, with the button that does.
    pub(super) async fn revoke_all_preview(
        &self,
        loaded: &Loaded,
        names: &Names,
        by: &PersonId,
        (whose, reason): (&str, Words),
    ) -> Result<Message, Stop> {
        let person = match self.scope_meant(loaded, whose).await {
            Ok(Scope::Person(person)) => person,
            Ok(_) | Err(Refusal::NothingToLock { .. }) => return Err(Refusal::NoSuchPerson { asked: whose.to_owned() }.into()),
            Err(refusal) => return Err(refusal.into()),
        };
        let (reach, set, is_admin) = (self.reach(), std::sync::Arc::clone(&loaded.set), self.is_admin(by));
        let (mut names, by) = (names.clone(), by.clone());
        let found = self.store.read(move |reader| {
            let Theirs { to_end, others } = match theirs(reader, &reach, (&set, is_admin), &by, &person) {
                Ok(theirs) => theirs,
                Err(Stop::Store(error)) => return Err(error),
                Err(stop) => return Ok(Err(stop)),
            };
            learn_all(&mut names, reader, &to_end)?;
            learn_all(&mut names, reader, &others)?;
            Ok(Ok(revoke_all_preview(&person, &to_end, &others, &reason, &names)))
        });
        found.await?
    }

    /// A message about a lock, drawn from its row and those of what it takes back.
    pub(in crate::app) async fn draw_lock(
        &self,
        kind: &Kind,
        key: &MessageKey,
        mut names: Names,
    ) -> Result<Option<Message>, StoreError> {
        let Ok(id) = key.about.parse::<LockId>() else { return Ok(None) };
        let found = self.store.read(move |reader| {
            let Some(lock) = reader.lock(id)? else { return Ok(None) };
            let grants = grants_of(reader, &lock.accesses)?;
            learn_all(&mut names, reader, &grants)?;
            let (troubles, kept) = beside(reader, &grants)?;
            Ok(Some((lock, grants, troubles, kept, names)))
        });
        let Some((lock, grants, troubles, kept, names)) = found.await? else { return Ok(None) };
        let rows: Vec<Row<'_>> = grants
            .iter()
            .map(|grant| Row { grant, trouble: troubles.get(&grant.id), keeps: kept.get(&grant.id).map(String::as_str) })
            .collect();
        let facts = Table { lock: &lock, rows: &rows, names: &names };
        Ok(match kind {
            Kind::LockTable => Some(table(&facts)),
            Kind::LockSet => Some(told(&facts)),
            Kind::LockOver => told_over(&lock, &names),
            _ => None,
        })
    }

    /// A message about a pending request, led by the lock that holds it up, if there is one.
    pub(in crate::app) fn led_by_lock(&self, kind: &Kind, message: Message, lock: Option<&Lock>, names: &Names) -> Message {
        match (kind, lock) {
            (Kind::Card | Kind::PassedOn | Kind::Status | Kind::Reminder(_), Some(lock)) => led_by_lock(message, lock, names),
            _ => message,
        }
    }
}

fn learn_all(names: &mut Names, reader: &Reader<'_>, grants: &[Grant]) -> Result<(), StoreError> {
    grants.iter().try_for_each(|grant| names::learn_grant(names, reader, grant))
}

/// How many pending requests would be held up.
fn pending_under(
    reader: &Reader<'_>,
    reach: &Reach,
    scope: &Scope,
    members: &std::collections::BTreeSet<PersonId>,
) -> Result<usize, StoreError> {
    let covered = |request: &&Request| reach.covers((scope, members), &request.terms);
    Ok(reader.pending_requests(COUNTED_MAX)?.iter().filter(covered).count())
}

/// What went wrong last with each, and what the person had before and keeps.
type Beside = (BTreeMap<GrantId, Trouble>, BTreeMap<GrantId, String>);

fn beside(reader: &Reader<'_>, grants: &[Grant]) -> Result<Beside, StoreError> {
    let (mut troubles, mut kept) = (BTreeMap::new(), BTreeMap::new());
    for grant in grants {
        let Some(entitlement) = reader.entitlement(grant.entitlement)? else { continue };
        if let Some(trouble) = entitlement.trouble {
            troubles.insert(grant.id, trouble);
        }
        if let Prior::Held(level) = entitlement.prior {
            kept.insert(grant.id, level.name);
        }
    }
    Ok((troubles, kept))
}
