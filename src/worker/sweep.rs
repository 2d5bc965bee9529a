//! The sweep: a look at everything that should be there, and for what carries our mark and should not. The schedule only bounds
//! how late this safety net can be; punctual ends come from the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::access::decide::HoldingCommand;
use crate::access::entitlement::{Holding, Prior};
use crate::access::ids::{EntitlementId, GrantId, ProviderId};
use crate::app::App;
use crate::providers::Call;
use crate::providers::marks::marked_grant;
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

/// Something at a provider that bears our mark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Marked {
    grant: GrantId,
    subject: String,
    thing: String,
}

/// What bears our mark and is in no row, with the first provider at which it was found: several may name one server.
type LeftOver = BTreeMap<Marked, ProviderId>;

/// Asks for a look at everything that is in use, and about everybody who is; removes what carries our mark and has no open record, and tells of what carries
/// our mark and was never in a record.
pub(super) async fn sweep(app: &Arc<App>) -> Result<(), StoreError> {
    let providers: BTreeSet<ProviderId> = app.policies().provider_ids();
    let mut left_over = LeftOver::new();
    for provider in providers {
        let looked = look_at_all(app, &provider).await?;
        let removed = clean_up_at(app, &provider, &mut left_over).await?;
        info!(provider.name = %provider, looked, removed, "swept {provider}");
    }
    for (Marked { subject, thing, .. }, provider) in left_over {
        error!(provider.name = %provider, thing, subject, "found what carries our mark, of which this database knows nothing: remove it by hand");
        app.tell_left_over(&format!("{provider}\n{subject}\n{thing}")).await?;
    }
    app.check_token().await;
    app.check_people().await?;
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

/// Removes what carries this installation's mark and belongs to nothing that is open: it landed late, or somebody put it back.
/// What is in no row at all is added to `left_over`.
async fn clean_up_at(app: &Arc<App>, provider: &ProviderId, left_over: &mut LeftOver) -> Result<usize, StoreError> {
    let Some(adapter) = app.policies().provider(provider) else { return Ok(0) };
    let mut cursor = None;
    let mut removed = 0;
    for _ in 0..PAGES_MAX {
        let call = Call { at: app.now().at, timeout: INVENTORY_TIMEOUT };
        let page = match tokio::time::timeout(INVENTORY_TIMEOUT, adapter.inventory(&call, cursor)).await {
            Ok(Ok(page)) => page,
            Ok(Err(problem)) => {
                warn!(provider.name = %provider, %problem, "the inventory could not be read");
                return Ok(removed);
            }
            Err(_) => {
                warn!(provider.name = %provider, "the inventory was not read in time");
                return Ok(removed);
            }
        };
        for item in page.items {
            let mark = item.remote_name.as_deref().and_then(|name| marked_grant(app.store().installation(), name));
            let Some(grant) = mark else { continue };
            let found = Marked { grant, subject: item.subject, thing: item.thing };
            match holding_of(app, provider, &found).await? {
                Some(holding) => removed += clean_up(app, &holding).await?,
                None => _ = left_over.entry(found).or_insert_with(|| provider.clone()),
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(removed);
        }
    }
    warn!(provider.name = %provider, pages = PAGES_MAX, "the inventory is longer than is read");
    Ok(removed)
}

/// The row that something marked belongs to: this provider's, or the one that the mark's grant was made through, when several
/// providers are entries for one server.
async fn holding_of(app: &App, provider: &ProviderId, found: &Marked) -> Result<Option<Holding>, StoreError> {
    let (provider, found) = (provider.clone(), found.clone());
    app.store()
        .read(move |reader| {
            if let Some(holding) = reader.find_entitlement(&provider, &found.subject, &found.thing)? {
                return Ok(Some(holding));
            }
            let elsewhere = reader.holding_of_grant(found.grant)?;
            Ok(elsewhere.filter(|holding| {
                let what = &holding.entitlement.description;
                what.subject == found.subject && what.thing == found.thing
            }))
        })
        .await
}

async fn clean_up(app: &Arc<App>, holding: &Holding) -> Result<usize, StoreError> {
    if holding.entitlement.prior != Prior::Unread || !holding.grants.is_empty() {
        return Ok(0);
    }
    let (id, what) = (holding.entitlement.id, &holding.entitlement.description);
    warn!(provider.name = %what.provider, thing = what.thing, "found what carries our mark and belongs to nothing: it is removed");
    app.decide(app.now(), move |work| work.count(|work| work.on_holding(id, HoldingCommand::CleanUp))).await
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
