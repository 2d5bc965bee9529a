//! Paging somebody because nobody answers: what is owed to a provider, what the page says, and what became of it.
//!
//! A page is owed in the transaction that decides on it, and told to the provider afterwards by the worker, as often as it takes
//! and under one key. Whatever decides the request settles it in the same way.

use std::time::Duration;

use crate::access::absence::Absence;
use crate::access::decide::{PageAnswer, page_answered};
use crate::access::event::Event;
use crate::access::ids::RequestId;
use crate::access::remind::Page;
use crate::access::request::Request;
use crate::access::time::Timestamp;
use crate::providers::oncall;
use crate::slack::say::remind::page_text;
use crate::store::pages::{OwedPage, PageWanted};
use crate::store::{StoreError, Tx};

use super::transact::{Stop, Work};
use super::{App, Kind, lists, names};

/// After so many tries without a page people are told that it fails.
const TOLD_AFTER_TRIES: u32 = 3;

/// A page that is about to be told to a provider.
#[derive(Debug, Clone)]
pub struct Telling {
    /// What is owed.
    pub owed: OwedPage,
    /// At which provider and service.
    pub whom: Page,
    /// The page as the provider gets it.
    pub page: oncall::Page,
}

/// Keeps the queue of pages in step with what is recorded of a request.
pub(super) fn follow(tx: &mut Tx<'_>, event: &Event, at: Timestamp) -> Result<(), StoreError> {
    match event {
        Event::PageOwed { request, .. } => tx.owe_page(*request, at),
        Event::RequestApproved { request, .. }
        | Event::RequestDenied { request, .. }
        | Event::RequestCancelled { request, .. }
        | Event::RequestExpired { request, .. }
        | Event::RequestInvalidated { request, .. } => tx.settle_page(*request, at),
        _ => Ok(()),
    }
}

impl App {
    /// Writes down that a page is about to be told, and gives what to tell. `None` when nothing is owed any more. When nothing
    /// is heard of it, it is told again after `retry_in`; it may take effect for as long as `lands_within`.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written: then nothing may be told.
    pub async fn begin_page(
        &self,
        id: RequestId,
        (retry_in, lands_within): (Duration, Duration),
    ) -> Result<Option<Telling>, StoreError> {
        let now = self.now().at;
        let found: Option<(OwedPage, Request, Vec<Absence>)> = self
            .store
            .write(move |tx| {
                let Some(owed) = tx.page_tried(id, now, (retry_in, lands_within))? else { return Ok::<_, StoreError>(None) };
                let away = tx.away(now)?;
                Ok(tx.request(id)?.map(|request| (owed, request, away)))
            })
            .await?;
        Ok(found.and_then(|(owed, request, away)| {
            let whom = request.reminding.page().map(|(page, _)| page.clone())?;
            let page = self.page_of(&owed, &whom, (&request, &away));
            Some(Telling { owed, whom, page })
        }))
    }

    fn page_of(&self, owed: &OwedPage, whom: &Page, (request, away): (&Request, &[Absence])) -> oncall::Page {
        let loaded = self.policies.current();
        let mut names = names::for_channel(loaded.as_deref());
        names::learn(&mut names, request, &[]);
        let still = loaded.map(|loaded| lists::needed(&loaded.set, request, away)).unwrap_or_default();
        let (title, details) = page_text(request, &still, &names);
        oncall::Page { service: whom.service.clone(), key: owed.key.clone(), title, details }
    }

    /// Writes down that the provider has taken what was told.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the same is told again then, which is harmless.
    pub async fn page_told(&self, id: RequestId, told: PageWanted) -> Result<(), StoreError> {
        let answer = match told {
            PageWanted::Made => PageAnswer::Made,
            PageWanted::Resolved => PageAnswer::Resolved,
        };
        self.decide(self.now(), move |work| {
            work.tx.page_told(id, told)?;
            work.count(|work| match work.tx.request(id)? {
                Some(request) => Ok(work.record(page_answered(&request, answer, work.now))?),
                None => Ok(()),
            })
        })
        .await
        .map(drop)
    }

    /// Writes down that the provider did not take it. After a few tries of a page the security channel is told, once: somebody
    /// else has to be woken. `retry_at`: when it is tried again; `None`: never.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the row says then when it is tried again.
    pub async fn page_failed(&self, owed: &OwedPage, code: &str, retry_at: Option<Timestamp>) -> Result<(), StoreError> {
        let (owed, code) = (owed.clone(), code.to_owned());
        let is_told = owed.wanted == PageWanted::Made && owed.attempts == TOLD_AFTER_TRIES;
        self.decide(self.now(), move |work| {
            work.tx.page_failed(owed.request, &code, retry_at)?;
            if is_told { tell(work, owed.request) } else { Ok(0) }
        })
        .await
        .map(drop)
    }
}

fn tell(work: &mut Work<'_, '_>, id: RequestId) -> Result<usize, Stop> {
    let (telling, tx) = work.telling();
    telling.alarm(tx, &Kind::PageFails, id)?;
    Ok(1)
}
