//! Pages: told to their provider one after the other, each written down as tried before it is, until the provider has taken it.
//!
//! They have a loop of their own: a provider that does not answer holds up neither messages nor the calls that take access away.

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

/// How many pages one round tells.
const BATCH: u32 = 20;

/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a call of which nothing was heard may still take effect. A page is not resolved before that, or it could come back.
const LANDS_WITHIN: Duration = Duration::from_secs(30);

/// For how long it is tried to say that a page is settled. After that, whoever was paged closes it by hand.
const RESOLVE_FOR: Duration = Duration::from_secs(3 * 24 * 3600);

/// Tells what is due. Returns how many pages were tried.
pub(super) async fn tell(app: &Arc<App>) -> Result<usize, StoreError> {
    let now = app.now().at;
    let due = app.store().read(move |reader| reader.due_pages(now, BATCH)).await?;
    let count = due.len();
    for owed in due {
        tell_one(app, &owed).await?;
    }
    Ok(count)
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

/// Tells pages until `stop` becomes true.
pub(super) async fn tell_all(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let woken = app.pages().notified();
        let told = tell(&app).await.inspect_err(|problem| error!(%problem, "pages could not be told"));
        let wait = match told {
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
    let due = app.store().read(|reader| reader.next_page_due()).await.ok().flatten();
    let now = app.now().at;
    due.map_or(SLEEP_MAX, |due: Timestamp| due.since(now)).clamp(SLEEP_MIN, SLEEP_MAX)
}
