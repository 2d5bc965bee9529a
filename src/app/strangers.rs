//! Accounts that are not known yet, whose owners want to be: the admins are told, once a day for each account, and of so many a day.

use std::collections::BTreeSet;
use std::sync::Arc;

use tracing::warn;

use crate::access::refusal::Refusal;
use crate::access::time::Timestamp;
use crate::slack::block::Message;
use crate::slack::inbound::Action;
use crate::store::StoreError;
use crate::store::outbox::{Audience, MessageKey};

use super::App;
use super::messages::Kind;
use super::surface::Answer;
use super::telling::Telling;
use super::transact::{Attempt, Told};

/// Of how many accounts the admins are told within a day. Strangers in a workspace must not be able to flood a channel.
pub const STRANGERS_A_DAY_MAX: u32 = 20;

const DAY_MS: i64 = 24 * 3_600_000;

/// What came of it.
enum Put {
    /// The admins are told.
    Told,
    /// They were told today.
    ToldBefore,
    /// They were told of as many as there are in a day.
    TooMany,
}

impl App {
    /// The press of *Ask an admin to add me* by somebody who is not known. `told` is why they are not.
    pub(super) async fn wants_to_be_added(self: &Arc<Self>, attempt: &Attempt, action: &Action, told: Told) -> Answer {
        if told.refusal != Some(Refusal::UnknownAccount) {
            return self.reply_to(action, told.message);
        }
        let text = match self.put_to_admins(action.from.key()).await {
            Ok(Put::Told) => "The admins are told that you would like to be added. Once they have, ask again: /jit request",
            Ok(Put::ToldBefore) => "The admins were told today already. Once they have added you, ask again: /jit request",
            Ok(Put::TooMany) => "The admins were told of many people today, so I won't add to it. Write to one of them directly.",
            Err(error) => {
                warn!(%error, verb = attempt.verb, "the admins could not be told of an account");
                "That could not be recorded, so nobody was told. Try again in a minute."
            }
        };
        self.reply_to(action, Message::sentence(text))
    }

    async fn put_to_admins(&self, account: String) -> Result<Put, StoreError> {
        let at = self.now().at;
        let kind = Kind::Stranger(Timestamp::from_millis(at.as_millis() - at.as_millis().rem_euclid(DAY_MS)));
        let audiences: BTreeSet<Audience> = match &self.settings.security_channel {
            Some(channel) => [Audience::Channel(channel.clone())].into(),
            None => self.settings.admins.iter().cloned().map(Audience::Person).collect(),
        };
        let put: Result<Put, StoreError> = self
            .store
            .write(move |tx| {
                if !tx.message_keys(&kind.name(), &account)?.is_empty() {
                    return Ok(Put::ToldBefore);
                }
                if tx.abouts_of(&kind.name())? >= STRANGERS_A_DAY_MAX {
                    return Ok(Put::TooMany);
                }
                let telling = Telling { set: None, security_channel: None, at };
                for audience in audiences {
                    telling.mark(tx, &kind, &account, audience)?;
                }
                Ok(Put::Told)
            })
            .await;
        self.mail.notify_one();
        put
    }
}

/// What a message about an account is about, as a key of the outbox.
pub(super) fn account_of(key: &MessageKey) -> Option<(String, String)> {
    let (team, user) = key.about.split_once('/')?;
    Some((team.to_owned(), user.to_owned()))
}
