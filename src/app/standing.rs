//! How Slack knows the people who act, at most a minute old. Whoever Slack cannot be asked about approves nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::access::ids::PersonId;
use crate::access::time::Timestamp;
use crate::people::Directory;
use crate::policy::Outside;
use crate::policy::facts::Standing;
use crate::slack::client::{self, AccountStanding, Class, SlackApi};

/// How old an answer of Slack may be when something is decided on it.
pub const KNOWN_FOR: Duration = Duration::from_secs(60);

/// How long a decision waits for Slack.
pub const WAIT: Duration = Duration::from_secs(2);

/// What Slack said of accounts, and when.
#[derive(Debug, Default)]
pub struct Standings {
    known: Mutex<BTreeMap<String, (Timestamp, AccountStanding)>>,
}

/// What to make of people of whom Slack says nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nothing is known of them.
    Unknown,
    /// What Slack said last counts, however long ago in the life of this process; else they are active, as the files have it.
    ByTheFiles,
}

/// What Slack says of an account.
enum Asked {
    Known(AccountStanding),
    /// It answered that it does not know or does not tell.
    Untold,
    /// It did not answer.
    Silent,
}

impl Standings {
    /// What the account is. `None` when Slack did not say in time.
    pub async fn account(&self, slack: &SlackApi, user: &str, now: Timestamp) -> Option<AccountStanding> {
        match self.asked(slack, user, now).await {
            Asked::Known(account) => Some(account),
            Asked::Untold | Asked::Silent => None,
        }
    }

    async fn asked(&self, slack: &SlackApi, user: &str, now: Timestamp) -> Asked {
        if let Some(known) = self.known(user, now) {
            return Asked::Known(known);
        }
        match tokio::time::timeout(WAIT, slack.user(user)).await {
            Ok(Ok(account)) => {
                let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                all.insert(user.to_owned(), (now, account.clone()));
                Asked::Known(account)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, user, "slack did not say who this is");
                match error.class {
                    Class::Transient { .. } | Class::Unknown => Asked::Silent,
                    Class::Gone | Class::NoChannel | Class::NoPerson | Class::Stale | Class::Operator | Class::Permanent => {
                        Asked::Untold
                    }
                }
            }
            Err(_) => {
                tracing::warn!(user, "slack did not say in time who this is");
                Asked::Silent
            }
        }
    }

    fn known(&self, user: &str, now: Timestamp) -> Option<AccountStanding> {
        let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(user).filter(|(at, _)| *at <= now && now.since(*at) < KNOWN_FOR).map(|(_, account)| account.clone())
    }

    /// What Slack said last of an account, however long ago.
    fn last(&self, user: &str) -> Option<Standing> {
        let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(user).map(|(_, account)| as_policy(account.standing))
    }

    /// Forgets what was known of an account, because Slack says that it changed.
    pub fn forget(&self, user: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(user);
    }

    /// Takes what Slack said of an account by itself, where it cannot be asked.
    pub fn learn(&self, account: AccountStanding, now: Timestamp) {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(account.user.clone(), (now, account));
    }

    /// What is known from outside the files, with these people asked about. Everybody else is taken for active, since nothing
    /// is decided on them.
    pub async fn of(
        &self,
        slack: &SlackApi,
        directory: &Directory,
        people: &[PersonId],
        (now, silence): (Timestamp, Silence),
    ) -> Outside {
        let mut outside = Outside::assumed_active();
        for person in people {
            let home = directory.home_accounts(person);
            let mut accounts = Vec::new();
            let mut is_silent = true;
            for account in &home {
                let asked = self.asked(slack, account, now).await;
                is_silent &= matches!(asked, Asked::Silent);
                accounts.push(match asked {
                    Asked::Known(known) => Some(as_policy(known.standing)),
                    Asked::Untold | Asked::Silent => None,
                });
            }
            if is_silent && silence == Silence::ByTheFiles {
                accounts = home.iter().map(|account| Some(self.last(account).unwrap_or(Standing::Active))).collect();
            }
            outside.standings.insert(person.clone(), of_person(&accounts));
        }
        outside
    }

    /// What is known of this person without asking anybody.
    pub fn remembered(&self, directory: &Directory, person: &PersonId, now: Timestamp) -> Standing {
        let accounts = directory.home_accounts(person);
        let known = accounts.iter().map(|account| self.known(account, now).map(|known| as_policy(known.standing)));
        of_person(&known.collect::<Vec<_>>())
    }
}

impl super::App {
    /// Whether Slack says positively that an account is deactivated; where it does not say in time, that is no.
    pub async fn is_deactivated(&self, user: &str) -> bool {
        let known = self.standings.account(&self.slack, user, self.wall()).await;
        known.is_some_and(|known| known.standing == client::Standing::Deactivated)
    }
}

/// What several accounts make of one person: the best of them. As long as there is one of which Slack does not say what it is,
/// nothing bad is said of the person; and only somebody all of whose accounts are deactivated is.
fn of_person(accounts: &[Option<Standing>]) -> Standing {
    let known: Vec<Standing> = accounts.iter().map(|known| known.unwrap_or(Standing::Unknown)).collect();
    match known.iter().min() {
        None => Standing::Unknown,
        Some(best @ (Standing::Active | Standing::Guest)) => *best,
        Some(_) if known.contains(&Standing::Unknown) => Standing::Unknown,
        Some(best) => known.iter().filter(|standing| **standing != Standing::Deactivated).min().copied().unwrap_or(*best),
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

#[cfg(test)]
mod tests {
    use super::*;

    // E12 E51
    #[test]
    fn only_all_accounts_together_make_somebody_deactivated() {
        use Standing::{Active, Bot, Deactivated, Guest, Stranger, Unknown};
        for (accounts, person) in [
            (&[][..], Unknown),
            (&[None][..], Unknown),
            (&[Some(Deactivated)][..], Deactivated),
            (&[Some(Deactivated), Some(Deactivated)][..], Deactivated),
            (&[Some(Deactivated), None][..], Unknown),
            (&[None, Some(Deactivated)][..], Unknown),
            (&[Some(Deactivated), Some(Unknown)][..], Unknown),
            (&[Some(Deactivated), Some(Stranger)][..], Stranger),
            (&[Some(Deactivated), Some(Bot)][..], Bot),
            (&[Some(Deactivated), Some(Guest)][..], Guest),
            (&[Some(Guest), Some(Active)][..], Active),
            (&[Some(Active), None][..], Active),
        ] {
            assert_eq!(of_person(accounts), person, "{accounts:?}");
        }
    }
}
