//! The outbox: messages drawn from the rows as they are now, posted or redrawn, until Slack has taken them.
//!
//! A message that Slack cannot take never holds up anything else; where its place is gone, another way to the people is tried.

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, warn};

use super::{door, home};
use crate::access::ids::RequestId;
use crate::access::time::Timestamp;
use crate::app::messages::Moment;
use crate::app::render::Drawn;
use crate::app::{App, Kind};
use crate::failpoint;
use crate::slack::block::Message;
use crate::slack::client::{self, Class, SlackError};
use crate::store::outbox::{Audience, MessageKey, Posted, StaleMessage, Style};
use crate::store::{StoreError, Tx};

/// How many messages one round delivers.
const BATCH: u32 = 20;

/// How long a message waits after a failure that may pass, at most.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// How long a message waits while an operator has to act.
pub(super) const OPERATOR_WAIT: Duration = Duration::from_secs(60);

/// Whether Slack is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slack {
    /// It answered, whatever it said, or was not asked.
    Answers,
    /// It could not be reached, or went silent.
    IsGone,
}

/// Delivers what is due. Returns how many messages were touched.
pub(super) async fn deliver(app: &Arc<App>) -> Result<usize, StoreError> {
    // Slack's own pace is that of wall time, but what is due is due by the clock that ends are judged at.
    let now = app.now().at.max(app.wall());
    let due = app.store().read(move |reader| reader.stale_messages(now, BATCH)).await?;
    let count = due.len();
    let tries = due.iter().map(|message| message.attempts).max().unwrap_or(0);
    for message in due {
        if deliver_one(app, message).await? == Slack::IsGone {
            // One call was in vain; hundreds would be, each with its timeout. All wait, and are said as things stand then.
            write(app, move |tx, now| tx.postpone_messages(now.plus(pause(tries)))).await?;
            break;
        }
    }
    Ok(count)
}

async fn deliver_one(app: &Arc<App>, stale: StaleMessage) -> Result<Slack, StoreError> {
    if Kind::read(&stale.key.kind) == Some(Kind::Home) {
        home::show(app, stale).await?;
        return Ok(Slack::Answers);
    }
    let drawn = if stale.copies.is_empty() { Drawn::First } else { Drawn::Again };
    let Some(message) = app.render(&stale.key, drawn).await? else {
        write(app, move |tx, _| tx.message_failed(&stale.key, "nothing_to_say", None)).await?;
        return Ok(Slack::Answers);
    };
    failpoint::hit("before-delivery");
    if Kind::read(&stale.key.kind) == Some(Kind::Door) {
        door::post_and_pin(app, stale, &message).await?;
        return Ok(Slack::Answers);
    }
    if stale.copies.is_empty() { post(app, stale, &message).await } else { redraw(app, stale, &message).await }
}

async fn post(app: &Arc<App>, stale: StaleMessage, message: &Message) -> Result<Slack, StoreError> {
    let to = match &stale.key.audience {
        Audience::Channel(channel) => Ok(channel.clone()),
        Audience::Person(person) => app.written_at(person).await,
    };
    let posted = match &to {
        Ok(to) => app.slack().post(to, message, app.wall()).await,
        Err(error) => Err(error.clone()),
    };
    failpoint::hit("after-delivery");
    match posted {
        Ok(client::Posted { channel, ts }) => {
            let posted = Posted { channel, ts };
            write(app, move |tx, _| {
                tx.message_delivered(&stale.key, stale.revision, &posted)?;
                said_with(tx, &stale.key)
            })
            .await?;
            Ok(Slack::Answers)
        }
        Err(error) => {
            let slack = heard(&error);
            failed(app, stale, None, error).await?;
            Ok(slack)
        }
    }
}

async fn redraw(app: &Arc<App>, stale: StaleMessage, message: &Message) -> Result<Slack, StoreError> {
    let Some(last) = stale.copies.last().cloned() else { return Ok(Slack::Answers) };
    for copy in stale.copies.clone() {
        let at = client::Posted { channel: copy.channel.clone(), ts: copy.ts.clone() };
        if let Err(error) = app.slack().update(&at, message, app.wall()).await {
            let slack = heard(&error);
            failed(app, stale, Some(copy), error).await?;
            return Ok(slack);
        }
    }
    // Only now: as long as one copy shows what was, the message is outdated.
    write(app, move |tx, _| tx.message_delivered(&stale.key, stale.revision, &last)).await?;
    Ok(Slack::Answers)
}

/// What a failure says of Slack as a whole. An error of its own, or a limit, is about the one call.
fn heard(error: &SlackError) -> Slack {
    match error.class {
        Class::Unknown => Slack::IsGone,
        Class::Transient { .. } if error.is_of_network() => Slack::IsGone,
        Class::Transient { .. }
        | Class::Gone
        | Class::NoChannel
        | Class::NoPerson
        | Class::Stale
        | Class::Operator
        | Class::Permanent => Slack::Answers,
    }
}

/// What a failure means for the message: wait, post anew, go another way, or tell the admins.
async fn failed(app: &Arc<App>, stale: StaleMessage, copy: Option<Posted>, error: SlackError) -> Result<(), StoreError> {
    let key = stale.key.clone();
    let code = error.code.clone();
    match error.class {
        Class::Transient { retry_after } => {
            let wait = retry_after.unwrap_or_else(|| pause(stale.attempts));
            warn!(message.kind = %key.kind, about = key.about, code, ?wait, "slack did not take a message; it is tried again");
            write(app, move |tx, now| tx.message_failed(&key, &code, Some(now.plus(wait)))).await
        }
        Class::Unknown => {
            warn!(message.kind = %key.kind, about = key.about, code, "slack may or may not have taken a message; it is tried again");
            let wait = pause(stale.attempts);
            write(app, move |tx, now| tx.message_failed(&key, &code, Some(now.plus(wait)))).await
        }
        Class::Operator => {
            error!(message.kind = %key.kind, about = key.about, code, "slack refuses this token: check it, its scopes and the app's installation");
            write(app, move |tx, now| tx.message_failed(&key, &code, Some(now.plus(OPERATOR_WAIT)))).await
        }
        Class::Gone => match copy {
            Some(copy) => write(app, move |tx, now| tx.message_gone(&key, &copy, now).map(drop)).await,
            None => write(app, move |tx, _| tx.message_failed(&key, &code, None)).await,
        },
        Class::NoChannel | Class::NoPerson | Class::Stale | Class::Permanent => {
            error!(message.kind = %key.kind, about = key.about, code, "a message cannot be delivered there");
            let others = app.other_ways(&key, &error).await?;
            write(app, move |tx, now| {
                tx.message_failed(&key, &code, None)?;
                others.iter().try_for_each(|other| tx.mark_stale(other, style_of(other), now))
            })
            .await
        }
    }
}

/// Whoever reads for the first time how a request stands reads no news of how it came to that: Slack was down meanwhile, or it
/// all happened at once.
fn said_with(tx: &mut Tx<'_>, status: &MessageKey) -> Result<(), StoreError> {
    let (Some(Kind::Status), Ok(id)) = (Kind::read(&status.kind), status.about.parse::<RequestId>()) else { return Ok(()) };
    let grants = tx.grants_of_request(id)?;
    let abouts = grants.iter().map(|grant| grant.id.to_string()).chain([id.to_string()]);
    for about in abouts {
        for kind in [Kind::Decided, Kind::News(Moment::Over)] {
            let news = MessageKey { kind: kind.name(), about: about.clone(), audience: status.audience.clone() };
            tx.message_said_by(&news, status)?;
        }
    }
    Ok(())
}

fn style_of(key: &MessageKey) -> Style {
    Kind::read(&key.kind).map_or(Style::Once, |kind| kind.style())
}

pub(super) fn pause(attempts: u32) -> Duration {
    Duration::from_secs(2u64.saturating_pow(attempts.min(6))).min(WAIT_MAX)
}

pub(super) async fn write<F>(app: &Arc<App>, job: F) -> Result<(), StoreError>
where
    F: FnOnce(&mut Tx<'_>, Timestamp) -> Result<(), StoreError> + Send + 'static,
{
    let now = app.now().at.max(app.wall());
    app.store().write(move |tx| job(tx, now)).await
}
