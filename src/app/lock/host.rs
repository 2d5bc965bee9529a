//! Locks on the host, for when Slack does not answer in an emergency: the same rights, the same words.

use crate::access::ids::PersonId;
use crate::access::time::Timestamp;
use crate::app::deed::Deed;
use crate::app::policies::Loaded;
use crate::app::{App, names};
use crate::slack::command::{Command, LockWords};
use crate::slack::say::refusal::not_understood;
use crate::slack::text::{one_line, unescape};
use crate::store::StoreError;

use super::Locks;

impl App {
    /// What is to be done by the words after `lock`.
    pub(in crate::app) async fn locked_on_host(&self, loaded: &Loaded, by: &PersonId, words: &str) -> Result<Deed, String> {
        let LockWords { what, length, reason } = match Command::read(&format!("lock {words}")) {
            Command::Lock(words) => words,
            Command::NotUnderstood(problem) => return Err(unescape(not_understood(&problem).text())),
            _ => return Err("it does not say what to lock".to_owned()),
        };
        let scope = match self.scope_meant(loaded, &what).await {
            Ok(scope) => scope,
            Err(refusal) => return Ok(Deed::Nothing(refusal)),
        };
        Ok(match self.lasts_until(loaded, by, length) {
            Ok(until) => Deed::Lock(by.clone(), Locks::Set { scope, until, reason }),
            Err(refusal) => Deed::Nothing(refusal),
        })
    }

    /// What is to be unlocked.
    pub(in crate::app) async fn unlocked_on_host(&self, loaded: &Loaded, by: &PersonId, what: &str) -> Deed {
        match self.locked_meant(loaded, what).await {
            Ok(scope) => Deed::Lock(by.clone(), Locks::Lift { scope }),
            Err(refusal) => Deed::Nothing(refusal),
        }
    }

    /// Every lock that stands or has something left to take back: one line each, with what people typed in it made harmless for a
    /// terminal.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read.
    pub async fn locks_in_words(&self) -> Result<Vec<String>, StoreError> {
        let names = names::for_channel(self.policies.current().as_deref());
        let (locks, left) = self
            .store
            .read(|reader| {
                let locks = reader.unsettled_locks()?;
                let mut left = Vec::new();
                for lock in &locks {
                    let grants = super::tick::grants_of(reader, &lock.accesses)?;
                    left.push(grants.iter().filter(|grant| !grant.gives_no_more()).count());
                }
                Ok((locks, left))
            })
            .await?;
        let day = |at: Timestamp| names.zone.day(at);
        let lines = locks.iter().zip(left).map(|(lock, left)| {
            let until = lock.until.map_or_else(|| "until lifted".to_owned(), |until| format!("until {}", day(until)));
            let stands = if lock.stands() { until } else { lock.state.name().replace('_', " ") };
            let (scope, by, all) = (&lock.scope, names.person(&lock.by), lock.accesses.len());
            let reason = one_line(lock.reason.as_typed());
            format!("{} {scope}: {stands}, by {by} {}; {} of {all} gone. {reason}", lock.id, day(lock.at), all - left.min(all))
        });
        Ok(lines.map(|line| line.trim_end().to_owned()).collect())
    }
}
