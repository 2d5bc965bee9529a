//! Erasing what somebody typed, at their wish or by law. Who did what and when stays: that is what the log is for.
//!
//! Not while they have something or wait for something: then what they wrote is what others decide on.

use crate::access::event::Event;
use crate::access::ids::PersonId;
use crate::slack::block::Message;
use crate::store::{StoreError, Tx};

use super::App;
use super::host::HostUser;
use super::policies::Loaded;
use super::transact::Work;

/// Why nothing was erased.
#[derive(Debug, thiserror::Error)]
pub enum NotErased {
    /// Nobody has this id.
    #[error("nobody is called `{0}` in the policy files, and no row holds words of anybody of that id")]
    Nobody(PersonId),
    /// They have or wait for something.
    #[error("`{person}` still has {}: end or withdraw that first", open.join(", "))]
    Open {
        /// Who.
        person: PersonId,
        /// What, by its numbers.
        open: Vec<String>,
    },
    /// It could not be recorded.
    #[error("nothing was erased: {0}")]
    Store(#[from] StoreError),
}

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Texts beside the log.
    pub texts: usize,
    /// Requests and reviews whose rows and messages changed.
    pub rows: usize,
}

impl App {
    /// Erases all that a person typed, under every id that they had. Messages that follow the state are drawn anew.
    ///
    /// # Errors
    ///
    /// [`NotErased`]; then nothing was.
    pub async fn erase(&self, user: &HostUser, person: &PersonId) -> Result<Erased, NotErased> {
        let actor = self.actor_on_host(user).await;
        let loaded = self.policies.current();
        let mut ids = self.policies.ids_of(person);
        if !ids.contains(person) {
            ids.push(person.clone());
        }
        let is_known = loaded.as_ref().is_some_and(|loaded| loaded.set.person(person).is_some());
        let (person, now, security_channel) = (person.clone(), self.now(), self.settings.security_channel.clone());
        let erased = self
            .store
            .write(move |tx| {
                let open = open(tx, &ids)?;
                if !open.is_empty() {
                    return Err(NotErased::Open { person, open });
                }
                let loaded: Option<&Loaded> = loaded.as_deref();
                let mut work = Work::new(tx, now, actor, loaded, security_channel.as_deref());
                let rows = rows(&mut work, &ids)?;
                let mut texts = 0;
                for id in &ids {
                    texts += work.tx.erase_typed_by(id)?;
                    work.tx.erase_facts_of(id)?;
                }
                if rows + texts == 0 && !is_known {
                    return Err(NotErased::Nobody(person));
                }
                work.tx.erase_answers(&before().to_string())?;
                work.record(vec![Event::Erased { person }])?;
                work.tx.empty_write_ahead();
                Ok(Erased { texts, rows })
            })
            .await?;
        self.stir();
        Ok(erased)
    }
}

/// What stands in the place of an answer that was given before.
fn before() -> serde_json::Value {
    Message::sentence("That was answered before.").to_answer()
}

/// What they have or wait for, by number.
fn open(tx: &Tx<'_>, ids: &[PersonId]) -> Result<Vec<String>, StoreError> {
    let mut open = Vec::new();
    for id in ids {
        let grants = tx.open_grants_of(id)?;
        open.extend(grants.iter().filter(|grant| !grant.is_over()).map(|grant| grant.id.to_string()));
        open.extend(tx.pending_requests_of(id)?.iter().map(|request| request.id.to_string()));
    }
    Ok(open)
}

/// Every request, review and lock in which they wrote something.
fn rows(work: &mut Work<'_, '_>, ids: &[PersonId]) -> Result<usize, StoreError> {
    let mut events = Vec::new();
    for of in ids {
        let requests = work.tx.requests_with_words_of(of)?.into_iter();
        events.extend(requests.map(|request| Event::WordsErased { request, of: of.clone() }));
        let reviews = work.tx.reviews_with_words_of(of)?.into_iter();
        events.extend(reviews.map(|request| Event::ReviewWordsErased { request, of: of.clone() }));
        let locks = work.tx.locks_with_words_of(of)?.into_iter();
        events.extend(locks.map(|lock| Event::LockWordsErased { lock, of: of.clone() }));
    }
    let rows = events.len();
    work.record(events)?;
    Ok(rows)
}
