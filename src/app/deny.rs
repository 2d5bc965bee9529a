//! Saying no. Whoever may say yes may say no, and says why.

use std::sync::Arc;

use crate::access::decide::RequestCommand;
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::Request;
use crate::access::words::Words;
use crate::policy::electorate;
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;

use super::approve::deciding;
use super::policies::Loaded;
use super::sources::groups_of;
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
        let deciding = deciding(&pinned.request, &by);
        let outside = self.outside(loaded, &deciding, &groups_of(&loaded.set, &pinned.request), attempt.fresh()).await?;
        // A no needs no rule of today to permit the request; it only needs somebody who may decide.
        let Request { terms, filed_by, .. } = &pinned.request;
        let steps = pinned.request.steps_asked();
        let electorate = electorate(&loaded.set, &steps, &terms.subject, filed_by, &outside, self.now().at);
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
