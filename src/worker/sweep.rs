//! The sweep: a look at everything that should be there, and for what carries our mark and should not. The schedule only bounds
//! how late this safety net can be; punctual ends come from the rows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::access::decide::HoldingCommand;
use crate::access::entitlement::Prior;
use crate::access::ids::{EntitlementId, ProviderId};
use crate::app::App;
use crate::providers::Call;
use crate::store::StoreError;

use super::SLEEP_MAX;

/// How many entitlements are read at a time.
const PAGE: u32 = 500;

/// How long one page of an inventory may take.
const INVENTORY_TIMEOUT: Duration = Duration::from_secs(30);

/// Pages of an inventory that are read at most, so that a provider without an end cannot hold the sweep.
const PAGES_MAX: usize = 1000;

/// Sweeps at the times of the schedule, by wall time.
pub(super) async fn on_schedule(app: Arc<App>, schedule: cron::Schedule, mut stop: watch::Receiver<bool>) {
    let mut last = app.wall();
    while !*stop.borrow() {
        if super::rest(&mut stop, SLEEP_MAX).await {
            return;
        }
        let now = app.wall();
        if is_due(&schedule, last, now) {
            last = now;
            if let Err(problem) = sweep(&app).await {
                error!(%problem, "the sweep failed");
            }
        }
    }
}

/// Whether the schedule fires after `last` and by `now`.
fn is_due(schedule: &cron::Schedule, last: crate::access::time::Timestamp, now: crate::access::time::Timestamp) -> bool {
    let Some(since) = chrono::DateTime::from_timestamp_millis(last.as_millis()) else { return false };
    schedule.after(&since).next().is_some_and(|next: chrono::DateTime<chrono::Utc>| next.timestamp_millis() <= now.as_millis())
}

/// Asks for a look at everything that is in use, and removes what carries our mark and has no open record.
pub(super) async fn sweep(app: &Arc<App>) -> Result<(), StoreError> {
    let providers: BTreeSet<ProviderId> = app.policies().provider_ids();
    for provider in providers {
        let looked = look_at_all(app, &provider).await?;
        let left = find_left_over(app, &provider).await?;
        info!(provider.name = %provider, looked, left, "swept {provider}");
    }
    let now = app.now().at;
    while app.store().write(move |tx| tx.purge(now)).await? > 0 {}
    app.stir();
    Ok(())
}

async fn look_at_all(app: &Arc<App>, provider: &ProviderId) -> Result<usize, StoreError> {
    let mut after: Option<EntitlementId> = None;
    let mut looked = 0;
    loop {
        let of = provider.clone();
        let page = app.store().read(move |reader| reader.entitlements_at(&of, after, PAGE)).await?;
        let Some(last) = page.last() else { return Ok(looked) };
        after = Some(last.id);
        for entitlement in page.iter().filter(|entitlement| entitlement.prior != Prior::Unread && entitlement.due.is_none()) {
            let id = entitlement.id;
            looked += app.decide(app.now(), move |work| work.count(|work| work.on_holding(id, HoldingCommand::Look))).await?;
        }
    }
}

/// What carries this installation's mark and belongs to nothing that is open: left behind by a crash that a restored database
/// knows nothing of, or put back by somebody.
async fn find_left_over(app: &Arc<App>, provider: &ProviderId) -> Result<usize, StoreError> {
    let Some(adapter) = app.policies().provider(provider) else { return Ok(0) };
    let mark = format!("daypass-{}-", app.store().installation()).replace('-', "_");
    let mut cursor = None;
    let mut left = 0;
    for _ in 0..PAGES_MAX {
        let call = Call { at: app.now().at, timeout: INVENTORY_TIMEOUT };
        let page = match tokio::time::timeout(INVENTORY_TIMEOUT, adapter.inventory(&call, cursor)).await {
            Ok(Ok(page)) => page,
            Ok(Err(problem)) => {
                warn!(provider.name = %provider, %problem, "the inventory could not be read");
                return Ok(left);
            }
            Err(_) => return Ok(left),
        };
        for item in page.items {
            let ours = item.remote_name.as_ref().is_some_and(|name| name.replace('-', "_").starts_with(&mark));
            if ours {
                left += clean_up(app, provider.clone(), item.subject, item.thing).await?;
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(left);
        }
    }
    Ok(left)
}

async fn clean_up(app: &Arc<App>, provider: ProviderId, subject: String, thing: String) -> Result<usize, StoreError> {
    let now = app.now();
    let (about, holder) = (thing.clone(), subject.clone());
    let found = {
        let provider = provider.clone();
        app.store().read(move |reader| reader.find_entitlement(&provider, &subject, &thing)).await?
    };
    match found {
        Some(holding) if holding.entitlement.prior == Prior::Unread && holding.grants.is_empty() => {
            let id = holding.entitlement.id;
            warn!(provider.name = %provider, thing = about, "found what carries our mark and belongs to nothing: it is removed");
            app.decide(now, move |work| work.count(|work| work.on_holding(id, HoldingCommand::CleanUp))).await
        }
        Some(_) => Ok(0),
        None => {
            error!(provider.name = %provider, thing = about, subject = holder, "found what carries our mark, of which this database knows nothing: remove it by hand");
            app.tell_left_over(&format!("{provider}\n{holder}\n{about}")).await?;
            Ok(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;
    use crate::access::time::Timestamp;

    #[test]
    fn the_schedule_counts_seconds_first() {
        let schedule = cron::Schedule::from_str("0 */5 * * * *").unwrap();
        let from = chrono::DateTime::parse_from_rfc3339("2026-03-17T10:01:00Z").unwrap().to_utc();
        let next: Vec<String> = schedule.after(&from).take(4).map(|at| at.format("%H:%M:%S").to_string()).collect();
        assert_eq!(next, ["10:05:00", "10:10:00", "10:15:00", "10:20:00"]);

        let at = |minutes: i64| Timestamp::from_millis(from.timestamp_millis() + minutes * 60_000);
        assert!(!is_due(&schedule, at(0), at(3)));
        assert!(is_due(&schedule, at(0), at(4)));
        assert!(is_due(&schedule, at(0), at(600)), "a long sleep is one sweep late, not many");
    }
}
