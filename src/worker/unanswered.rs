//! What happens while nobody answers: reminders that are due, and pages. Pages are told to their provider one after the other,
//! each written down as tried before it is, until the provider has taken it.
//!
//! It has a loop of its own: whoever has to be asked first, or does not answer, holds up neither messages nor the calls that take
//! access away.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::access::due::backoff;
use crate::access::ids::RequestId;
use crate::access::time::Timestamp;
use crate::app::App;
use crate::app::paging::Telling;
use crate::providers::{Call, ProviderError};
use crate::store::StoreError;
use crate::store::pages::{OwedPage, PageWanted};

use super::{SLEEP_MAX, SLEEP_MIN, rest};

/// How many requests and pages one round looks at.
const BATCH: u32 = 100;

/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a call of which nothing was heard may still take effect. A page is not resolved before that, or it could come back.
const LANDS_WITHIN: Duration = Duration::from_secs(30);

/// For how long it is tried to say that a page is settled. After that, whoever was paged closes it by hand.
const RESOLVE_FOR: Duration = Duration::from_secs(3 * 24 * 3600);

/// Reminds and pages where that is due. Returns how much was done.
pub(super) async fn follow_up(app: &Arc<App>) -> Result<usize, StoreError> {
    let now = app.now().at;
    let mut done = 0;
    for id in app.store().read(move |reader| reader.due_requests(now, BATCH)).await? {
        done += app.remind_by_rule(id).await?;
    }
    let due = app.store().read(move |reader| reader.due_pages(now, BATCH)).await?;
    for owed in &due {
        tell_one(app, owed).await?;
    }
    Ok(done + due.len())
}

async fn tell_one(app: &Arc<App>, owed: &OwedPage) -> Result<(), StoreError> {
    let id = owed.request;
    // The try that is written down counts, so that a crash in between does not make it come at once, for ever.
    let retry_in = wait(owed.attempts.saturating_add(1), owed, app.now().at);
    let Some(telling) = app.begin_page(id, (retry_in, CALL_TIMEOUT + LANDS_WITHIN)).await? else { return Ok(()) };
    let answer = call(app, &telling).await;
    let Telling { owed, whom, .. } = &telling;
    match answer {
        Ok(()) => {
            info!(request.id = %id, provider.name = %whom.provider, wanted = ?owed.wanted, "told {} of a page", whom.provider);
            app.page_told(id, owed.wanted).await
        }
        Err(ProviderError { trouble, retry_after }) => {
            let code = &trouble.code;
            warn!(request.id = %id, provider.name = %whom.provider, wanted = ?owed.wanted, code, class = ?trouble.class, "a page was not taken; it is tried again");
            let now = app.now().at;
            let retry_at = now.plus(retry_in.max(retry_after.unwrap_or_default()));
            app.page_failed(owed, code, Some(retry_at).filter(|_| !is_hopeless(id, owed, now))).await
        }
    }
}

fn is_hopeless(id: RequestId, owed: &OwedPage, now: Timestamp) -> bool {
    let hopeless = owed.wanted == PageWanted::Resolved && now.since(owed.since) >= RESOLVE_FOR;
    if hopeless {
        error!(request.id = %id, key = owed.key, "a page could not be resolved for days: close it by hand");
    }
    hopeless
}

fn wait(attempts: u32, owed: &OwedPage, now: Timestamp) -> Duration {
    backoff(attempts, now.since(owed.since), owed.request.number().unsigned_abs())
}

async fn call(app: &App, telling: &Telling) -> Result<(), ProviderError> {
    use crate::access::entitlement::Class;
    let Telling { owed, whom, page } = telling;
    let Some(provider) = app.policies().on_call(&whom.provider) else {
        let message = format!("the provider `{}` is not configured on this host, or its token is missing", whom.provider);
        return Err(ProviderError::new(Class::NeedsHuman, "not_configured", message));
    };
    let how = Call { at: app.now().at, timeout: CALL_TIMEOUT };
    let made = async {
        match owed.wanted {
            PageWanted::Made => provider.page(&how, page).await,
            PageWanted::Resolved => provider.resolve(&how, &whom.service, &owed.key).await,
        }
    };
    tokio::time::timeout(CALL_TIMEOUT, made).await.unwrap_or_else(|_| {
        let message = format!("the provider did not answer within {} s", CALL_TIMEOUT.as_secs());
        Err(ProviderError::new(Class::Ambiguous, "timeout", message))
    })
}

/// Reminds and pages until `stop` becomes true.
pub(super) async fn on_time(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let woken = app.pages().notified();
        let done = follow_up(&app).await.inspect_err(|problem| error!(%problem, "reminders and pages could not be seen to"));
        let wait = match done {
            Ok(0) | Err(_) => next(&app).await,
            Ok(_) => Duration::ZERO,
        };
        tokio::select! {
            () = woken => {}
            stopped = rest(&mut stop, wait) => if stopped { break },
        }
    }
}

async fn next(app: &App) -> Duration {
    let due = app.store().read(|reader| Ok([reader.next_page_due()?, reader.next_request_due()?].into_iter().flatten().min()));
    let due = due.await.ok().flatten();
    let now = app.now().at;
    due.map_or(SLEEP_MAX, |due: Timestamp| due.since(now)).clamp(SLEEP_MIN, SLEEP_MAX)
}
