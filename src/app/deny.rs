//! Saying no. Whoever may say yes may say no, and says why.

use std::sync::Arc;

use crate::access::decide::RequestCommand;
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::words::Words;
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;

use super::policies::Loaded;
use super::transact::{Attempt, Outcome, Stop};
use super::{App, names};

impl App {
    /// Records a denial.
    pub(super) async fn deny(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (by, id, reason): (PersonId, RequestId, Words),
    ) -> Result<Outcome, Stop> {
        let pinned = self.pinned(id).await?;
        // A no needs no rule of today to permit the request; it only needs somebody who may decide.
        let electorate = self.voters_today(loaded, &pinned.request, &by, attempt.fresh()).await?;
        self.transact(attempt, loaded, names, move |work, names| {
            let known = work.tx.request(id)?.ok_or(Refusal::NoSuchRequest { request: id })?;
            names::learn(names, &known, &[]);
            if known.version != pinned.request.version {
                return Err(Stop::Stale);
            }
            work.request(id)?;
            work.on_request(id, RequestCommand::Deny { by, electorate, reason })?;
            Ok(Reply::Denied { request: id })
        })
        .await
    }
}
