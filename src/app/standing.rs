//! How Slack knows the people who act, at most a minute old. Whoever Slack cannot be asked about approves nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::access::ids::PersonId;
use crate::access::time::Timestamp;
use crate::people::Directory;
use crate::policy::Outside;
use crate::policy::facts::Standing;
use crate::slack::client::{self, AccountStanding, SlackApi};

/// How old an answer of Slack may be when something is decided on it.
pub const KNOWN_FOR: Duration = Duration::from_secs(60);

/// How long a decision waits for Slack.
pub const WAIT: Duration = Duration::from_secs(2);

/// What Slack said of accounts, and when.
#[derive(Debug, Default)]
pub struct Standings {
    known: Mutex<BTreeMap<String, (Timestamp, AccountStanding)>>,
}

impl Standings {
    /// What the account is. `None` when Slack did not say in time.
    pub async fn account(&self, slack: &SlackApi, user: &str, now: Timestamp) -> Option<AccountStanding> {
        if let Some(known) = self.known(user, now) {
            return Some(known);
        }
        match tokio::time::timeout(WAIT, slack.user(user)).await {
            Ok(Ok(account)) => {
                let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                all.insert(user.to_owned(), (now, account.clone()));
                Some(account)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, user, "slack did not say who this is");
                None
            }
            Err(_) => {
                tracing::warn!(user, "slack did not say in time who this is");
                None
            }
        }
    }

    fn known(&self, user: &str, now: Timestamp) -> Option<AccountStanding> {
        let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(user).filter(|(at, _)| *at <= now && now.since(*at) < KNOWN_FOR).map(|(_, account)| account.clone())
    }

    /// Forgets what was known of an account, because Slack says that it changed.
    pub fn forget(&self, user: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(user);
    }

    /// What is known from outside the files, with these people asked about. Everybody else is taken for active, since nothing
    /// is decided on them.
    pub async fn of(&self, slack: &SlackApi, directory: &Directory, people: &[PersonId], now: Timestamp) -> Outside {
        let mut outside = Outside::assumed_active();
        for person in people {
            let mut best = Standing::Unknown;
            for account in directory.home_accounts(person) {
                if let Some(known) = self.account(slack, account, now).await {
                    best = best.min(as_policy(known.standing));
                }
            }
            outside.standings.insert(person.clone(), best);
        }
        outside
    }
}

/// Slack's word for an account in the policy's words.
pub fn as_policy(standing: client::Standing) -> Standing {
    match standing {
        client::Standing::Member => Standing::Active,
        client::Standing::Guest | client::Standing::SingleChannelGuest => Standing::Guest,
        client::Standing::Deactivated => Standing::Deactivated,
        client::Standing::Bot => Standing::Bot,
        client::Standing::Stranger => Standing::Stranger,
        client::Standing::Unclear => Standing::Unknown,
    }
}
