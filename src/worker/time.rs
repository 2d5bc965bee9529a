//! Time first: what begins begins, what ends ends, what nobody answered expires, what is late is told.

use std::time::Duration;

use crate::access::decide::{HoldingCommand, RequestCommand};
use crate::access::entitlement::Holding;
use crate::access::event::Event;
use crate::access::ids::{EntitlementId, RequestId};
use crate::access::time::{Now, Trust};
use crate::store::StoreError;

use super::Worker;

/// How many rows one round looks at; the rest follows in the next.
const BATCH: u32 = 500;

/// How old the last recorded moment may become while nothing else is recorded.
const NOTED_EVERY: Duration = Duration::from_secs(30);

impl Worker {
    /// Applies the time that has passed. Returns how much changed.
    pub(super) async fn pass_time(&mut self) -> Result<usize, StoreError> {
        let now = self.app.now();
        let mut moved = self.notice_clock(now).await?;
        self.note_time(now).await?;
        moved += self.app.go_on_draining(now).await?;
        moved += self.app.go_on_locking(now).await?;
        moved += self.app.end_absences(now).await?;
        let (requests, reviews, holdings) = self
            .app
            .store()
            .read(move |reader| {
                let holdings = reader.due_holdings(now.at, BATCH)?.into_iter().filter_map(|id| reader.holding(id).transpose());
                let reviews = reader.due_reviews(now.at, BATCH)?;
                Ok((reader.due_requests(now.at, BATCH)?, reviews, holdings.collect::<Result<Vec<Holding>, _>>()?))
            })
            .await?;
        for id in requests {
            moved += self.tick_request(id, now).await?;
        }
        for id in reviews {
            moved += self.app.tick_review(id, now).await?;
        }
        let begins =
            |holding: &Holding| now.trust == Trust::Sound && holding.grants.iter().any(|grant| grant.is_due_to_begin(now.at));
        let (beginning, others): (Vec<Holding>, Vec<Holding>) = holdings.into_iter().partition(begins);
        for holding in others {
            moved += self.tick_holding(holding.entitlement.id, now).await?;
        }
        // What ends does not wait for what has to be asked before something begins.
        if !beginning.is_empty() {
            moved += self.app.begin_holdings(&beginning, now).await?;
        }
        Ok(moved)
    }

    /// Writes down that this moment was seen, so that whoever starts with the clock set back loses hardly more than this. What a
    /// clock says that has jumped ahead is not taken for time that passed.
    async fn note_time(&mut self, now: Now) -> Result<(), StoreError> {
        let jumped_ahead = now.trust == Trust::Suspect && now.at <= self.app.wall();
        if jumped_ahead || now.at < self.noted_at.plus(NOTED_EVERY) {
            return Ok(());
        }
        self.app
            .store()
            .write(move |tx| {
                tx.note_time(now.at);
                Ok::<(), StoreError>(())
            })
            .await?;
        self.noted_at = now.at;
        Ok(())
    }

    async fn tick_request(&self, id: RequestId, now: Now) -> Result<usize, StoreError> {
        self.app.decide(now, move |work| work.count(|work| work.on_request(id, RequestCommand::Tick).map(drop))).await
    }

    async fn tick_holding(&self, id: EntitlementId, now: Now) -> Result<usize, StoreError> {
        self.app.decide(now, move |work| work.count(|work| work.on_holding(id, HoldingCommand::Tick))).await
    }

    /// Calls that a process before this one made: nobody waits for their answers any more.
    pub(super) async fn abandon_calls(&self) -> Result<(), StoreError> {
        let now = self.app.now();
        for id in self.app.store().read(|reader| reader.calls_in_flight()).await? {
            self.app.decide(now, move |work| work.count(|work| work.on_holding(id, HoldingCommand::AbandonCall))).await?;
        }
        Ok(())
    }

    /// A clock that contradicts itself is told once, and once that it agrees again.
    async fn notice_clock(&mut self, now: Now) -> Result<usize, StoreError> {
        let Some(before) = self.app.note_trust(now.trust) else { return Ok(0) };
        let wall = self.app.wall();
        let event = match (before, now.trust) {
            (_, Trust::Suspect) => Event::ClockSuspect { wall, expected: now.at },
            (_, Trust::Sound) => Event::ClockSound { wall },
        };
        self.app
            .decide(now, move |work| {
                work.record(vec![event])?;
                Ok(1)
            })
            .await
    }
}
