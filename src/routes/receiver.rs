//! The application as the receiver of what Slack sends.

use std::sync::Arc;
use std::time::Duration;

use super::{Before, Receive};
use crate::access::grant::GrantState;
use crate::access::ids::GrantId;
use crate::access::time::Timestamp;
use crate::app::reveal::Revealed;
use crate::app::{Answer, App};
use crate::slack::inbound::Inbound;
use crate::store::{Reader, StoreError};
use crate::telemetry::Gauges;
use crate::telemetry::metrics::Ready;

/// How many grants are looked at for the latest removal, oldest first. Removals that are late are among the oldest.
const GRANTS_WALKED_MAX: usize = 20_000;
/// How many are read at a time.
const PAGE_ROWS: u32 = 500;
/// Up to how many undelivered messages are counted.
const UNDELIVERED_MAX: u32 = 1000;

impl Receive for Arc<App> {
    async fn receive(&self, inbound: Inbound) -> Answer {
        App::handle(self, inbound).await
    }

    async fn note_signature(&self, key: [u8; 32]) -> Result<bool, StoreError> {
        // Wall time, as for the signature itself: the two windows must be of one clock.
        let at = self.wall();
        self.store().write(move |tx| tx.signature_is_new(&key, at)).await
    }

    async fn done_before(&self, key: String) -> Result<Before, StoreError> {
        let known = self.store().read(move |reader| reader.inbox_answer_of(&key)).await?;
        Ok(match known {
            None => Before::Nothing,
            Some(answer) => Before::Done(answer.and_then(|answer| serde_json::from_str(&answer).ok())),
        })
    }

    async fn look_at_link(&self, grant: GrantId, token: String) -> Result<Revealed, StoreError> {
        App::look_at_link(self, grant, &token).await
    }

    async fn open_link(&self, grant: GrantId, token: String) -> Result<Revealed, StoreError> {
        App::open_link(self, grant, &token).await
    }

    fn readiness(&self) -> Result<(), String> {
        self.as_ref().readiness()
    }

    async fn gauges(&self) -> Option<Gauges> {
        let (now, stats) = (self.now().at, self.store().writer_stats());
        let ready = if self.as_ref().readiness().is_ok() { Ready::Yes } else { Ready::No };
        let gauges = self.store().read(move |reader| {
            let counts = reader.counts()?;
            let undelivered = reader.stale_messages(now, UNDELIVERED_MAX)?.len();
            Ok(Gauges {
                pending: counts.pending,
                live: counts.live,
                overdue: counts.overdue,
                overstay_max: overstay_max(reader, now)?,
                undelivered: u64::try_from(undelivered).unwrap_or(u64::MAX),
                commits: stats.commits,
                jobs: stats.jobs,
                ready,
            })
        });
        gauges.await.inspect_err(|problem| tracing::warn!(%problem, "the metrics cannot be read")).ok()
    }
}

/// By how much the latest removal is late.
fn overstay_max(reader: &Reader<'_>, now: Timestamp) -> Result<Duration, StoreError> {
    let (mut worst, mut walked) = (Duration::ZERO, 0);
    let mut after: Option<GrantId> = None;
    while walked < GRANTS_WALKED_MAX {
        let page = reader.open_grants(after, PAGE_ROWS)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        walked += page.len();
        for grant in &page {
            if let GrantState::Revoking(revoking) = &grant.state {
                worst = worst.max(now.since(revoking.due_at));
            }
        }
    }
    Ok(worst)
}
