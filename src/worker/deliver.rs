//! The outbox: messages drawn from the rows as they are now, posted or redrawn, until Slack has taken them.
//!
//! A message that Slack cannot take never holds up anything else; where its place is gone, another way to the people is tried.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use super::{door, home};
use crate::access::ids::{PersonId, RequestId};
use crate::access::time::Timestamp;
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

/// Delivers what is due. Returns how many messages were touched.
pub(super) async fn deliver(app: &Arc<App>) -> Result<usize, StoreError> {
    // Slack's own pace is that of wall time, but what is due is due by the clock that ends are judged at.
    let now = app.now().at.max(app.wall());
    let due = app.store().read(move |reader| reader.stale_messages(now, BATCH)).await?;
    let count = due.len();
    for message in due {
        deliver_one(app, message).await?;
    }
    Ok(count)
}

async fn deliver_one(app: &Arc<App>, stale: StaleMessage) -> Result<(), StoreError> {
    if Kind::read(&stale.key.kind) == Some(Kind::Home) {
        return home::show(app, stale).await;
    }
    let drawn = if stale.copies.is_empty() { Drawn::First } else { Drawn::Again };
    let Some(message) = app.render(&stale.key, drawn).await? else {
        return write(app, move |tx, _| tx.message_failed(&stale.key, "nothing_to_say", None)).await;
    };
    failpoint::hit("before-delivery");
    if Kind::read(&stale.key.kind) == Some(Kind::Door) {
        return door::post_and_pin(app, stale, &message).await;
    }
    if stale.copies.is_empty() { post(app, stale, &message).await } else { redraw(app, stale, &message).await }
}

async fn post(app: &Arc<App>, stale: StaleMessage, message: &Message) -> Result<(), StoreError> {
    let to = match &stale.key.audience {
        Audience::Channel(channel) => Some(channel.clone()),
        Audience::Person(person) => app.account_of(person).await,
    };
    let posted = match &to {
        // Without a policy set nobody's account is known. That passes.
        None if app.policies().current().is_none() => {
            let class = Class::Transient { retry_after: Some(OPERATOR_WAIT) };
            Err(SlackError { class, code: "no_policy".to_owned() })
        }
        Some(to) => app.slack().post(to, message, app.wall()).await,
        None => Err(SlackError { class: Class::NoPerson, code: "no_account_on_file".to_owned() }),
    };
    failpoint::hit("after-delivery");
    match posted {
        Ok(client::Posted { channel, ts }) => {
            let posted = Posted { channel, ts };
            write(app, move |tx, _| tx.message_delivered(&stale.key, stale.revision, &posted)).await
        }
        Err(error) => failed(app, stale, None, error).await,
    }
}

async fn redraw(app: &Arc<App>, stale: StaleMessage, message: &Message) -> Result<(), StoreError> {
    for copy in stale.copies.clone() {
        let at = client::Posted { channel: copy.channel.clone(), ts: copy.ts.clone() };
        match app.slack().update(&at, message).await {
            Ok(()) => {
                let (key, revision) = (stale.key.clone(), stale.revision);
                write(app, move |tx, _| tx.message_delivered(&key, revision, &copy)).await?;
            }
            Err(error) => return failed(app, stale, Some(copy), error).await,
        }
    }
    Ok(())
}

/// What a failure means for the message: wait, post anew, go another way, or tell the admins.
async fn failed(app: &Arc<App>, stale: StaleMessage, copy: Option<Posted>, error: SlackError) -> Result<(), StoreError> {
    let key = stale.key.clone();
    app.note_token(Err(&error));
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
            let others = app.other_ways(&key).await?;
            write(app, move |tx, now| {
                tx.message_failed(&key, &code, None)?;
                others.iter().try_for_each(|other| tx.mark_stale(other, style_of(&key), now))
            })
            .await
        }
    }
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

impl App {
    /// The account at which a person is written to.
    async fn account_of(&self, person: &PersonId) -> Option<String> {
        let loaded = self.policies().current()?;
        let home = self.installed().await.ok()?;
        loaded
            .directory(&home.team)
            .home_accounts(&self.policies().now_called(person))
            .first()
            .map(|account| (*account).to_owned())
    }

    /// Where else a message can go whose place is gone: a card from its channel to those who decide, everything else to the
    /// security channel.
    async fn other_ways(&self, key: &MessageKey) -> Result<Vec<MessageKey>, StoreError> {
        let to = |audience: Audience| MessageKey { audience, ..key.clone() };
        if let (Some(Kind::Card), Audience::Channel(_), Ok(id)) =
            (Kind::read(&key.kind), &key.audience, key.about.parse::<RequestId>())
        {
            let people: BTreeSet<PersonId> = self.deciders(id).await?;
            info!(about = key.about, people = people.len(), "the card goes to those who decide instead");
            return Ok(people.into_iter().map(Audience::Person).map(to).collect());
        }
        let security = self.settings().security_channel.clone().map(Audience::Channel);
        Ok(security
            .filter(|channel| *channel != key.audience && !matches!(Kind::read(&key.kind), Some(Kind::Status)))
            .map(to)
            .into_iter()
            .collect())
    }
}
