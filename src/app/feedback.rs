//! How much an access was, to whoever had it: asked in the transaction in which the last of it ended, and answered by a button.

use std::sync::Arc;

use crate::access::decide::{asks_feedback, give_feedback};
use crate::access::event::Event;
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::talk::Measure;
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;
use crate::store::StoreError;

use super::App;
use super::policies::Loaded;
use super::transact::{Attempt, Outcome, Stop, Work};

impl App {
    /// Records how much an access was.
    pub(super) async fn feedback(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (by, id, measure): (PersonId, RequestId, Measure),
    ) -> Result<Outcome, Stop> {
        let ids = self.policies.ids_of(&by);
        self.transact(attempt, loaded, names, move |work, _| {
            let request = work.tx.request(id)?.ok_or(Refusal::NoSuchRequest { request: id })?;
            let given = give_feedback(&request, &by, &ids, measure, work.now)?;
            work.record(vec![given])?;
            Ok(Reply::FeedbackGiven { measure })
        })
        .await
    }
}

impl Work<'_, '_> {
    /// Asks whoever had it, where this was the end of all that a request gave.
    pub(super) fn ask_feedback(&mut self, event: &Event) -> Result<(), StoreError> {
        let Event::GrantEnded { grant, .. } = event else { return Ok(()) };
        let Some(grant) = self.tx.grant(*grant)? else { return Ok(()) };
        let Some(request) = self.tx.request(grant.request)? else { return Ok(()) };
        let grants = self.tx.grants_of_request(request.id)?;
        let asked_last = self.tx.feedback_asked_at(&request.terms.subject)?;
        self.record(asks_feedback(&request, &grants, asked_last, self.now).into_iter().collect())
    }
}
