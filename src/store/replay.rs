//! Replaying the audit log: what the rows must be, by the log alone.

use std::collections::BTreeMap;

use super::error::StoreError;
use super::reader::Reader;
use super::rows::{absence, entitlement, grant, lock, request, review};
use crate::access::absence::Absence;
use crate::access::apply::{self, IllegalEvent};
use crate::access::entitlement::Entitlement;
use crate::access::event::{About, Event};
use crate::access::grant::Grant;
use crate::access::ids::{EntitlementId, GrantId, LockId, PersonId, RequestId};
use crate::access::lock::Lock;
use crate::access::request::Request;
use crate::access::review::Review;
use crate::access::time::Timestamp;

/// The rows that a history makes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// The requests.
    pub requests: BTreeMap<RequestId, Request>,
    /// The reviews, by the requests that they are of.
    pub reviews: BTreeMap<RequestId, Review>,
    /// The locks.
    pub locks: BTreeMap<LockId, Lock>,
    /// The grants.
    pub grants: BTreeMap<GrantId, Grant>,
    /// The entitlements. What is owed and in flight is not in the log.
    pub entitlements: BTreeMap<EntitlementId, Entitlement>,
    /// Who is away, by person.
    pub absences: BTreeMap<PersonId, Absence>,
}

/// Why a history makes no rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// An event does not fit what came before it.
    #[error(transparent)]
    Illegal(Box<IllegalEvent>),
    /// An event is about something that never began.
    #[error("there is no {about}, and yet something happened to it")]
    Missing {
        /// What it is about.
        about: String,
    },
    /// Something began twice.
    #[error("{about} begins twice")]
    Twice {
        /// What begins twice.
        about: String,
    },
}

/// Applies a history, in order, to nothing.
///
/// # Errors
///
/// An error at the first event that cannot have happened.
pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Replayed, ReplayError> {
    let mut rows = Replayed::default();
    for event in events {
        rows.apply(event)?;
    }
    Ok(rows)
}

impl Replayed {
    /// Applies one more event.
    pub fn apply(&mut self, event: &Event) -> Result<(), ReplayError> {
        match event {
            Event::RequestAsked { request } => return begin(&mut self.requests, request.id, request),
            Event::ReviewOpened { review } => return begin(&mut self.reviews, review.request, review),
            Event::LockSet { lock } => return begin(&mut self.locks, lock.id, lock),
            Event::GrantPlanned { grant } => return begin(&mut self.grants, grant.id, grant),
            Event::EntitlementAdded { entitlement } => return begin(&mut self.entitlements, entitlement.id, entitlement),
            Event::AwayDeclared { absence } => drop(self.absences.insert(absence.person.clone(), absence.clone())),
            Event::AwayOver { person, .. } => drop(self.absences.remove(person)),
            _ => {}
        }
        match event.about() {
            About::Request(id) => change(&mut self.requests, id, |row| apply::request(row, event)),
            About::Review(id) => change(&mut self.reviews, id, |row| apply::review(row, event)),
            About::Lock(id) => change(&mut self.locks, id, |row| apply::lock(row, event)),
            About::Grant(id) => change(&mut self.grants, id, |row| apply::grant(row, event)),
            About::Entitlement(id) => change(&mut self.entitlements, id, |row| apply::entitlement(row, event)),
            About::Nothing => Ok(()),
        }
    }
}

fn begin<K: Ord + ToString, V: Clone>(rows: &mut BTreeMap<K, V>, id: K, row: &V) -> Result<(), ReplayError> {
    let about = id.to_string();
    match rows.insert(id, row.clone()) {
        None => Ok(()),
        Some(_) => Err(ReplayError::Twice { about }),
    }
}

fn change<K: Ord + ToString, V>(
    rows: &mut BTreeMap<K, V>,
    id: K,
    apply: impl FnOnce(&V) -> Result<V, IllegalEvent>,
) -> Result<(), ReplayError> {
    let row = rows.get_mut(&id).ok_or_else(|| ReplayError::Missing { about: id.to_string() })?;
    *row = apply(row).map_err(|illegal| ReplayError::Illegal(Box::new(illegal)))?;
    Ok(())
}

/// An entitlement without the bookkeeping of its queue, which the log does not hold.
pub fn without_queue(mut entitlement: Entitlement) -> Entitlement {
    entitlement.version = 0;
    entitlement.due = None;
    entitlement.in_flight = None;
    entitlement.epoch = 0;
    entitlement.quiet_at = Timestamp::from_millis(0);
    entitlement
}

/// How many lines are read at a time.
const PAGE_LINES: u32 = 500;

impl Reader<'_> {
    /// The rows that the log makes.
    pub fn replayed(&self) -> Result<Replayed, StoreError> {
        let (mut rows, mut after) = (Replayed::default(), 0);
        loop {
            let lines = self.lines(after, PAGE_LINES)?;
            let Some(last) = lines.last() else { return Ok(rows) };
            after = last.entry.seq;
            for line in &lines {
                rows.apply(&line.entry.event).map_err(|error| StoreError::Unreadable {
                    what: format!("leaf {}", line.entry.seq),
                    problem: error.to_string(),
                })?;
            }
        }
    }

    /// Every row (`R-42`, `G-57`, `E-7`) that is not what the log makes of it, or is in only one of the two.
    ///
    /// What was erased from the log counts as different where rows still hold it.
    pub fn rows_unlike_the_log(&self) -> Result<Vec<String>, StoreError> {
        let log = self.replayed()?;
        let rows = self.run(|conn| {
            Ok(Replayed {
                requests: by_id(request::load_all(conn, "SELECT * FROM requests", [])?, |row| row.id),
                reviews: by_id(review::load_all(conn, "SELECT * FROM reviews", [])?, |row| row.request),
                locks: by_id(lock::load_all(conn, "SELECT * FROM locks", [])?, |row| row.id),
                grants: by_id(grant::load_all(conn, "SELECT * FROM grants", [])?, |row| row.id),
                entitlements: by_id(entitlement::load_all(conn, "SELECT * FROM entitlements", [])?, |row| row.id),
                absences: by_id(absence::load_all(conn)?, |row| row.person.clone()),
            })
        })?;
        let bare = |rows: BTreeMap<EntitlementId, Entitlement>| -> BTreeMap<_, _> {
            rows.into_iter().map(|(id, row)| (id, without_queue(row))).collect()
        };
        let mut unlike = differing(&rows.requests, &log.requests);
        unlike.extend(differing(&rows.reviews, &log.reviews).iter().map(|request| format!("the review of {request}")));
        unlike.extend(differing(&rows.locks, &log.locks));
        unlike.extend(differing(&rows.grants, &log.grants));
        unlike.extend(differing(&bare(rows.entitlements), &bare(log.entitlements)));
        unlike.extend(differing(&rows.absences, &log.absences).iter().map(|person| format!("the absence of {person}")));
        Ok(unlike)
    }
}

fn by_id<K: Ord, V>(rows: Vec<V>, id: impl Fn(&V) -> K) -> BTreeMap<K, V> {
    rows.into_iter().map(|row| (id(&row), row)).collect()
}

fn differing<K: Ord + Clone + ToString, V: PartialEq>(one: &BTreeMap<K, V>, other: &BTreeMap<K, V>) -> Vec<String> {
    let mut ids: Vec<K> = one.keys().chain(other.keys()).cloned().collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().filter(|id| one.get(id) != other.get(id)).map(|id| id.to_string()).collect()
}
