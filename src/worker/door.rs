//! The message with the buttons that open the forms: posted once into its channel, drawn anew afterwards, and pinned.

use std::sync::Arc;

use tracing::warn;

use super::deliver::{OPERATOR_WAIT, pause, write};
use crate::app::App;
use crate::slack::block::Message;
use crate::slack::client::{self, Class, SlackError};
use crate::store::StoreError;
use crate::store::outbox::{Audience, Posted, StaleMessage};

/// Posts or redraws it, writes down where it stands, and pins it. It is delivered when it is pinned.
pub(super) async fn post_and_pin(app: &Arc<App>, stale: StaleMessage, message: &Message) -> Result<(), StoreError> {
    let Audience::Channel(channel) = stale.key.audience.clone() else {
        return write(app, move |tx, _| tx.message_failed(&stale.key, "no_channel", None)).await;
    };
    let known = stale.copies.first().map(|copy| client::Posted { channel: copy.channel.clone(), ts: copy.ts.clone() });
    let stands = match &known {
        Some(at) => app.slack().update(at, message, app.wall()).await.map(|()| at.clone()),
        None => app.slack().post(&channel, message, app.wall()).await,
    };
    let at = match stands {
        Ok(at) => at,
        Err(error) => return failed(app, stale, known, error).await,
    };
    let copy = Posted { channel: at.channel.clone(), ts: at.ts.clone() };
    let (key, stood) = (stale.key.clone(), copy.clone());
    // Before it is pinned, so that a failure there does not post it twice.
    write(app, move |tx, _| tx.message_stands(&key, &stood)).await?;
    match app.slack().pin(&at).await {
        Ok(()) => write(app, move |tx, _| tx.message_delivered(&stale.key, stale.revision, &copy)).await,
        Err(error) => failed(app, stale, None, error).await,
    }
}

async fn failed(app: &Arc<App>, stale: StaleMessage, at: Option<client::Posted>, error: SlackError) -> Result<(), StoreError> {
    let SlackError { class, code } = error;
    warn!(about = stale.key.about, code, "the message with the buttons was not posted or pinned");
    let again = match class {
        Class::Transient { retry_after } => Some(retry_after.unwrap_or_else(|| pause(stale.attempts))),
        Class::Unknown => Some(pause(stale.attempts)),
        Class::Operator => Some(OPERATOR_WAIT),
        Class::Gone | Class::NoChannel | Class::NoPerson | Class::Stale | Class::Permanent => None,
    };
    write(app, move |tx, now| match (class, at) {
        (Class::Gone, Some(at)) => {
            let gone = Posted { channel: at.channel, ts: at.ts };
            tx.message_gone(&stale.key, &gone, now).map(drop)
        }
        (_, _) => tx.message_failed(&stale.key, &code, again.map(|wait| now.plus(wait))),
    })
    .await
}
