//! Shows home tabs that are stale. One that cannot be shown is forgotten: opening it brings it back.

use std::sync::Arc;

use tracing::{info, warn};

use super::deliver::{OPERATOR_WAIT, pause, write};
use crate::app::App;
use crate::app::home::HOME_PAUSE;
use crate::slack::client::{Class, SlackError};
use crate::store::StoreError;
use crate::store::outbox::{Audience, StaleMessage};

/// Draws the home tab of one person, at each of their accounts.
pub(super) async fn show(app: &Arc<App>, stale: StaleMessage) -> Result<(), StoreError> {
    let Audience::Person(person) = &stale.key.audience else { return forget(app, stale).await };
    // Without a policy set nobody is known. That passes.
    if app.policies().current().is_none() {
        return wait(app, stale, "no_policy", OPERATOR_WAIT).await;
    }
    let Some(home) = app.draw_home(person).await? else { return forget(app, stale).await };
    let mut problem = None;
    let mut is_shown = false;
    for account in app.accounts_of(person).await {
        match app.slack().publish_home(&account, &home).await {
            Ok(()) => is_shown = true,
            Err(error) => problem = Some(error),
        }
    }
    match problem {
        None if is_shown => write(app, move |tx, now| tx.home_is_shown(&stale.key, stale.revision, now, HOME_PAUSE)).await,
        Some(SlackError { class: Class::Transient { retry_after }, code }) => {
            let pause = retry_after.unwrap_or_else(|| pause(stale.attempts));
            wait(app, stale, &code, pause).await
        }
        Some(SlackError { class: Class::Operator, code }) => {
            warn!(code, "slack refuses to show home tabs: check the token, its scopes and the app's installation");
            wait(app, stale, &code, OPERATOR_WAIT).await
        }
        Some(SlackError { class: Class::Unknown, code }) => {
            let pause = pause(stale.attempts);
            wait(app, stale, &code, pause).await
        }
        None
        | Some(SlackError {
            class: Class::Gone | Class::NoChannel | Class::NoPerson | Class::Stale | Class::Permanent, ..
        }) => {
            info!(code = problem.map(|error| error.code), "a home tab cannot be shown");
            forget(app, stale).await
        }
    }
}

async fn wait(app: &Arc<App>, stale: StaleMessage, code: &str, pause: std::time::Duration) -> Result<(), StoreError> {
    let code = code.to_owned();
    write(app, move |tx, now| tx.message_failed(&stale.key, &code, Some(now.plus(pause)))).await
}

async fn forget(app: &Arc<App>, stale: StaleMessage) -> Result<(), StoreError> {
    write(app, move |tx, _| tx.forget_home(&stale.key)).await
}
