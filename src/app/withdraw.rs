//! Taking a request back: while it is pending it is cancelled; once it is approved, what came of it ends.

use std::sync::Arc;

use crate::access::decide::{RequestCommand, Withdrawer};
use crate::access::grant::{EndCause, Grant, GrantState};
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::{Request, RequestState};
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;

use super::policies::Loaded;
use super::transact::{Attempt, Outcome, Stop, Work};
use super::{App, names};

impl App {
    /// Withdraws a request; without a number, the only pending one.
    pub(super) async fn withdraw(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (by, request): (PersonId, Option<RequestId>),
    ) -> Result<Outcome, Stop> {
        let who = if self.is_admin(&by) { Withdrawer::Admin(by.clone()) } else { Withdrawer::Own(by.clone()) };
        self.transact(attempt, loaded, names, move |work, names| {
            let id = match request {
                Some(id) => id,
                None => the_only_one(&work.tx.pending_requests_of(&by)?, "cancel")?,
            };
            take_back(work, names, id, who)
        })
        .await
    }
}

/// The only one of the requests that somebody waits for; `verb` is what they want to do with it.
pub(super) fn the_only_one(pending: &[Request], verb: &str) -> Result<RequestId, Refusal> {
    match pending {
        [only] => Ok(only.id),
        [] => Err(Refusal::NothingHeld),
        several => {
            let numbers: Vec<String> = several.iter().map(|request| request.id.to_string()).collect();
            let problem = format!("you wait for several: {}", numbers.join(", "));
            let example = format!("/jit {verb} {}", numbers.first().map_or("R-42", String::as_str));
            Err(Refusal::NotUnderstood { problem, example })
        }
    }
}

fn take_back(work: &mut Work<'_, '_>, names: &mut Names, id: RequestId, who: Withdrawer) -> Result<Reply, Stop> {
    let request = work.request(id)?;
    names::learn(names, &request, &[]);
    let (by, is_theirs) = match &who {
        Withdrawer::Own(person) => (person.clone(), *person == request.terms.subject || *person == request.filed_by),
        Withdrawer::Admin(person) => (person.clone(), true),
    };
    if !is_theirs {
        return Err(Refusal::NoSuchRequest { request: id }.into());
    }
    if let RequestState::Approved { .. } = request.state {
        let open = work.tx.grants_of_request(id)?.iter().any(|grant| !grant.is_over());
        if open {
            let ended = work.end_all(id, &EndCause::Withdrawn(by))?;
            // Of what was to begin later there is nothing to end.
            let void = |grant: &Grant| matches!(grant.state, GrantState::Void { .. });
            if request.start_at.is_some() && work.tx.grants_of_request(id)?.iter().all(void) {
                return Ok(Reply::Withdrawn { request: id });
            }
            names::learn(names, &request, &ended);
            let grants: Vec<_> = ended.iter().map(|grant| grant.id).collect();
            return Ok(match grants.as_slice() {
                [only] => Reply::Ending { grant: *only },
                _ => Reply::EndingAll { request: id, grants },
            });
        }
    }
    work.on_request(id, RequestCommand::Withdraw(who))?;
    Ok(Reply::Withdrawn { request: id })
}
