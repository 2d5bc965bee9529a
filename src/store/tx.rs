//! One job's part of a transaction: everything that a [`Reader`] answers, and the single way by which rows change.

use std::ops::Deref;

use rusqlite::Connection;

use super::error::StoreError;
use super::log;
use super::reader::Reader;
use super::rows::{Save, absence, entitlement, grant, lock, request, review};
use crate::access::apply;
use crate::access::event::{About, Actor, Event};
use crate::access::ids::{EntitlementId, GrantId, RequestId};
use crate::access::time::Timestamp;
use crate::audit::leaf::Entry;
use crate::audit::tree::Frontier;

/// What the writer keeps in memory between transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// The tree over the audit log.
    pub frontier: Frontier,
    /// The latest moment that was ever recorded.
    pub last_time: Timestamp,
    /// Whether the write-ahead log is emptied after the commit, because what was erased stands in it.
    pub empties_write_ahead: bool,
}

/// A job's view of the database while it writes. What it did counts only once the whole batch is committed.
pub struct Tx<'a> {
    reader: Reader<'a>,
    state: &'a mut State,
    /// A change failed half-way: whatever the job says, none of it may be kept.
    spoiled: bool,
}

impl<'a> Deref for Tx<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl<'a> Tx<'a> {
    pub(super) fn new(conn: &'a Connection, state: &'a mut State) -> Tx<'a> {
        Tx { reader: Reader::new(conn), state, spoiled: false }
    }

    /// What the disk did to this job, if it did.
    pub(super) fn into_damage(self) -> Option<String> {
        self.reader.damage.into_inner()
    }

    /// Whether a change failed half-way.
    pub(super) fn is_spoiled(&self) -> bool {
        self.spoiled
    }

    /// Remembers that this moment was seen, so that a clock that falls behind it is noticed after a restart.
    pub fn note_time(&mut self, at: Timestamp) {
        self.state.last_time = self.state.last_time.max(at);
    }

    /// Has the write-ahead log emptied after the commit and before the answer, so that nothing stands in it that was erased.
    pub fn empty_write_ahead(&mut self) {
        self.state.empties_write_ahead = true;
    }

    /// The single way by which requests, grants and entitlements change.
    ///
    /// Writes the line of the audit log (unless the event is bookkeeping of the queue), loads the row that the event is about,
    /// applies the event and saves the row by compare-and-set on its version. A creating event inserts its row; an entitlement
    /// must be created before the grants that claim it, and a request before both.
    ///
    /// # Errors
    ///
    /// [`StoreError::Illegal`] when the event does not fit the row, [`StoreError::Missing`] when there is none,
    /// [`StoreError::Raced`] when it changed since, [`StoreError::Forbidden`] when a rule of the schema is broken. After any of
    /// them nothing that this job wrote is kept, even if it returns `Ok`.
    pub fn record(&mut self, at: Timestamp, actor: &Actor, event: Event) -> Result<(), StoreError> {
        let result = self.change(at, actor, event);
        self.spoiled |= result.is_err();
        result
    }

    /// [`Tx::record`] for every event of a decision, in order.
    pub fn record_all(
        &mut self,
        at: Timestamp,
        actor: &Actor,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<(), StoreError> {
        events.into_iter().try_for_each(|event| self.record(at, actor, event))
    }

    fn change(&mut self, at: Timestamp, actor: &Actor, event: Event) -> Result<(), StoreError> {
        self.note_time(at);
        let Tx { reader, state, .. } = self;
        if !event.is_audited() {
            return reader.run(|conn| move_queue(conn, &event));
        }
        let entry = Entry { seq: state.frontier.size() + 1, at, actor: actor.clone(), event };
        let forgotten = reader.run(|conn| {
            log::append(conn, &mut state.frontier, &entry)?;
            save(conn, &entry)?;
            log::forget_secret(conn, &entry.event)
        })?;
        state.empties_write_ahead |= forgotten > 0;
        Ok(())
    }

    /// A fresh number for a request. Numbers of jobs that were rolled back are given again.
    pub fn reserve_request_id(&mut self) -> Result<RequestId, StoreError> {
        self.reserve("request").map(RequestId::from_number)
    }

    /// A fresh number for a grant.
    pub fn reserve_grant_id(&mut self) -> Result<GrantId, StoreError> {
        self.reserve("grant").map(GrantId::from_number)
    }

    /// A fresh number for an entitlement.
    pub fn reserve_entitlement_id(&mut self) -> Result<EntitlementId, StoreError> {
        self.reserve("entitlement").map(EntitlementId::from_number)
    }

    pub(super) fn reserve(&mut self, counter: &str) -> Result<i64, StoreError> {
        self.run(|conn| {
            let sql = "INSERT INTO counters (name, last) VALUES (?1, 1)
                       ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last";
            Ok(conn.prepare_cached(sql)?.query_row([counter], |row| row.get(0))?)
        })
    }
}

/// Saves the row that an audited event is about.
fn save(conn: &Connection, entry: &Entry) -> Result<(), StoreError> {
    let (event, seq) = (&entry.event, entry.seq);
    match event {
        Event::RequestAsked { request } => return request::save(conn, Save::Insert, request, seq),
        Event::ReviewOpened { review } => return review::save(conn, Save::Insert, review, seq),
        Event::LockSet { lock } => return lock::save(conn, Save::Insert, lock, seq),
        Event::GrantPlanned { grant } => return grant::save(conn, Save::Insert, grant, seq),
        Event::EntitlementAdded { entitlement } => return entitlement::save(conn, Save::Insert, entitlement, Some(seq)),
        Event::AwayDeclared { absence } => return absence::save(conn, absence),
        Event::AwayOver { person, .. } => return absence::remove(conn, person),
        _ => {}
    }
    match event.about() {
        About::Request(id) => {
            let before = request::load(conn, id)?.ok_or_else(|| missing(id))?;
            request::save(conn, Save::Replace, &apply::request(&before, event)?, seq)
        }
        About::Review(id) => {
            let before = review::load(conn, id)?.ok_or_else(|| missing(format!("the review of {id}")))?;
            review::save(conn, Save::Replace, &apply::review(&before, event)?, seq)
        }
        About::Grant(id) => {
            let before = grant::load(conn, id)?.ok_or_else(|| missing(id))?;
            grant::save(conn, Save::Replace, &apply::grant(&before, event)?, seq)
        }
        About::Lock(id) => {
            let before = lock::load(conn, id)?.ok_or_else(|| missing(id))?;
            lock::save(conn, Save::Replace, &apply::lock(&before, event)?, seq)
        }
        About::Entitlement(id) => save_entitlement(conn, id, event, Some(seq)),
        About::Nothing => Ok(()),
    }
}

/// Saves what an event of the queue's bookkeeping changes. A trigger holds it to the columns of the queue.
fn move_queue(conn: &Connection, event: &Event) -> Result<(), StoreError> {
    match event.about() {
        About::Entitlement(id) => save_entitlement(conn, id, event, None),
        About::Request(_) | About::Review(_) | About::Grant(_) | About::Lock(_) | About::Nothing => {
            Err(StoreError::Forbidden("only the queue changes without a line of the audit log".to_owned()))
        }
    }
}

fn save_entitlement(conn: &Connection, id: EntitlementId, event: &Event, seq: Option<u64>) -> Result<(), StoreError> {
    let sql = "SELECT * FROM entitlements WHERE id = ?1";
    let before = entitlement::load(conn, sql, [id.number()])?.ok_or_else(|| missing(id))?;
    entitlement::save(conn, Save::Replace, &apply::entitlement(&before, event)?, seq)
}

fn missing(id: impl ToString) -> StoreError {
    StoreError::Missing { about: id.to_string() }
}
