//! Calls to providers: written down before they are made, read back after, and answered to the row that asked.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::access::decide::HoldingCommand;
use crate::access::entitlement::{Answer, Change, Class, Errand, Holding, InFlight, Observation, Trouble};
use crate::access::ids::EntitlementId;
use crate::access::time::Timestamp;
use crate::app::App;
use crate::failpoint;
use crate::providers::{Call, Ensured, Provider, ProviderError};
use crate::store::StoreError;

use super::Worker;
use super::choose::choose;

/// How long a changing call may take.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a look may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// After so long nobody waits for the answer of a call any more.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How many due holdings are considered at a time.
const CONSIDERED_MAX: u32 = 500;

impl Worker {
    /// Starts the calls that are owed, as many as have a place. Returns how many.
    pub(super) async fn start_calls(&mut self) -> Result<usize, StoreError> {
        let now = self.app.now().at;
        let mut due: Vec<Holding> = self
            .app
            .store()
            .read(move |reader| {
                let ids = reader.due_holdings(now, CONSIDERED_MAX)?;
                ids.into_iter().filter_map(|id| reader.holding(id).transpose()).collect()
            })
            .await?;
        due.retain(|holding| !self.calling.contains(&holding.entitlement.id));
        let mut started = 0;
        for id in choose(&due, &self.at, now) {
            let Some((holding, call)) = self.write_down(id).await? else { continue };
            let provider = holding.entitlement.description.provider.clone();
            *self.at.entry(provider.clone()).or_default() += 1;
            self.calling.insert(id);
            started += 1;
            let app = Arc::clone(&self.app);
            self.calls.spawn(async move {
                make(&app, holding, call).await;
                (id, provider)
            });
        }
        Ok(started)
    }

    /// The call is committed as started before it is made: a crash anywhere leaves a row that says so.
    async fn write_down(&self, id: EntitlementId) -> Result<Option<(Holding, InFlight)>, StoreError> {
        let now = self.app.now();
        let before = self.app.store().read(move |reader| reader.entitlement(id)).await?.map(|entitlement| entitlement.epoch);
        self.app
            .decide(now, move |work| work.count(|work| work.on_holding(id, HoldingCommand::StartCall { timeout: CALL_TIMEOUT })))
            .await?;
        let after = self.app.store().read(move |reader| reader.holding(id)).await?;
        Ok(after.and_then(|holding| {
            let call = holding.entitlement.in_flight.clone().filter(|call| Some(call.epoch) != before)?;
            Some((holding, call))
        }))
    }
}

async fn make(app: &Arc<App>, holding: Holding, call: InFlight) {
    failpoint::hit("before-provider-call");
    let description = &holding.entitlement.description;
    let answer = match app.policies().provider(&description.provider) {
        Some(provider) => ask(app, provider.as_ref(), &holding, &call).await,
        None => not_configured(&description.provider, &call),
    };
    failpoint::hit("after-provider-call");
    report(&holding, &call, &answer);
    let (id, now, provider) = (holding.entitlement.id, app.now(), description.provider.clone());
    let seen = answer.clone();
    let written = app
        .decide(now, move |work| {
            if let Ok(seen) = &answer.read {
                work.tx.keep_fingerprint(&provider, &seen.fingerprint, seen.at)?;
            }
            work.count(|work| work.on_holding(id, HoldingCommand::Answer(answer)))
        })
        .await;
    if let Err(error) = written {
        warn!(%error, entitlement = %id, "a provider's answer could not be recorded; it is asked again");
    }
    app.tell_lookers(id, &seen).await;
    app.stir();
}

/// Changes what is to be changed, then looks. The look says what is true; the change only what was tried.
async fn ask(app: &App, provider: &dyn Provider, holding: &Holding, call: &InFlight) -> Answer {
    let description = &holding.entitlement.description;
    let mut retry_after = None;
    let change = match call.errand {
        Errand::ReadPrior | Errand::Observe => None,
        Errand::Ensure => {
            let how = Call { at: app.now().at, timeout: CHANGE_TIMEOUT };
            let tried = tokio::time::timeout(CHANGE_TIMEOUT, provider.ensure(&how, description, &call.target)).await;
            Some(match tried {
                Ok(Ok(Ensured::Made)) => Change::Made,
                Ok(Ok(Ensured::AlreadySo)) => Change::AlreadySo,
                Ok(Err(error)) => {
                    retry_after = error.retry_after;
                    Change::Failed(error.trouble)
                }
                Err(_) => Change::Failed(late(Class::Ambiguous, CHANGE_TIMEOUT)),
            })
        }
    };
    let at = app.now().at;
    let how = Call { at, timeout: LOOK_TIMEOUT };
    let read = match tokio::time::timeout(LOOK_TIMEOUT, provider.observe(&how, description)).await {
        Ok(Ok(seen)) => Ok(Observation { at, ..seen }),
        Ok(Err(ProviderError { trouble, retry_after: again })) => {
            retry_after = retry_after.max(again);
            Err(trouble)
        }
        Err(_) => Err(late(Class::Transient, LOOK_TIMEOUT)),
    };
    Answer { epoch: call.epoch, change, read, retry_at: retry_after.map(|wait| app.now().at.plus(wait)) }
}

fn late(class: Class, timeout: Duration) -> Trouble {
    Trouble { class, code: "timeout".to_owned(), message: format!("the provider did not answer within {} s", timeout.as_secs()) }
}

fn not_configured(provider: &crate::access::ids::ProviderId, call: &InFlight) -> Answer {
    let message =
        format!("the provider `{provider}` is not configured on this host, or its address is missing from the environment");
    let trouble = Trouble { class: Class::NeedsHuman, code: "not_configured".to_owned(), message };
    Answer { epoch: call.epoch, change: None, read: Err(trouble), retry_at: None::<Timestamp> }
}

/// One line per deed.
fn report(holding: &Holding, call: &InFlight, answer: &Answer) {
    let description = &holding.entitlement.description;
    let (entitlement, provider, thing) = (holding.entitlement.id, &description.provider, description.thing.as_str());
    match (&answer.change, &answer.read) {
        (Some(Change::Failed(trouble)), _) | (_, Err(trouble)) => {
            warn!(%entitlement, provider.name = %provider, thing, errand = ?call.errand, code = trouble.code, class = ?trouble.class, "a call to {provider} did not do what it should");
        }
        (change, Ok(seen)) => {
            info!(%entitlement, provider.name = %provider, thing, errand = ?call.errand, ?change, seen = ?seen.seen, "asked {provider}");
        }
    }
}
