//! Time first: what begins begins, what ends ends, what nobody answered expires, what is late is told.

use crate::access::decide::HoldingCommand;
use crate::access::event::Event;
use crate::access::ids::EntitlementId;
use crate::access::time::{Now, Trust};
use crate::store::StoreError;

use super::Worker;

/// How many rows one round looks at; the rest follows in the next.
const BATCH: u32 = 500;

impl Worker {
    /// Applies the time that has passed. Returns how much changed.
    pub(super) async fn pass_time(&mut self) -> Result<usize, StoreError> {
        let now = self.app.now();
        let mut moved = self.notice_clock(now).await?;
        let (requests, holdings) = self
            .app
            .store()
            .read(move |reader| Ok((reader.due_requests(now.at, BATCH)?, reader.due_holdings(now.at, BATCH)?)))
            .await?;
        for id in requests {
            moved += self.app.tick_request(id, now).await?;
        }
        for id in holdings {
            moved += self.tick_holding(id, now).await?;
        }
        Ok(moved)
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
