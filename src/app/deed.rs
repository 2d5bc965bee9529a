//! What somebody can do, as data, and the loop that does it: decided anew as often as what it is based on changes, and whatever
//! goes wrong becomes an answer.

use std::sync::Arc;

use tracing::error;

use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::secret::LinkHash;
use crate::access::talk::Measure;
use crate::access::time::Timestamp;
use crate::access::words::Words;
use crate::slack::inbound::Action;
use crate::slack::say::alternative::Alternative;
use crate::slack::say::names::Names;
use crate::slack::say::refusal::refused;
use crate::store::StoreError;

use super::App;
use super::approve::Yes;
use super::ask::Wish;
use super::away::Leave;
use super::end::Ending;
use super::extend::More;
use super::instead;
use super::lock::Locks;
use super::policies::Loaded;
use super::review::Closing;
use super::talk::Saying;
use super::transact::{Attempt, Outcome, Stop, Told};
use super::vouch::Vouching;

/// How often a decision is made anew because what it was based on changed.
const TRIES_MAX: usize = 4;

/// What somebody does.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    /// Asks for access.
    Ask(Wish),
    /// Asks for more time.
    AskMore(PersonId, More),
    /// Agrees.
    Approve(Yes),
    /// Says something that decides nothing.
    Talk(PersonId, RequestId, Saying),
    /// Says how much an access was.
    Feedback(PersonId, RequestId, Measure),
    /// Says no, and why.
    Deny(PersonId, RequestId, Words),
    /// Closes a review.
    CloseReview(Closing),
    /// Takes a request back; without a number the only one.
    Withdraw(PersonId, Option<RequestId>),
    /// Reminds those who are asked; without a number, of the only pending request.
    Remind(PersonId, Option<RequestId>),
    /// Ends a grant.
    End(PersonId, Ending),
    /// Sets or lifts a lock, or ends all of somebody's access.
    Lock(PersonId, Locks),
    /// Has a late end looked at now, by this button.
    LookAgain(GrantId, Box<Action>),
    /// Vouches for a late end.
    Vouch(Vouching),
    /// Is away.
    Leave(Leave),
    /// Is back.
    ComeBack(PersonId),
    /// Has this link lead to the secret of a grant.
    LinkSecret(PersonId, GrantId, LinkHash),
    /// Cannot even try.
    Nothing(Refusal),
    /// Cannot even try, but something else.
    NothingBut(Refusal, Alternative),
}

impl App {
    /// Does it, and answers with what was committed.
    pub(super) async fn perform(&self, attempt: &Attempt, names: &Names, deed: &Deed) -> Outcome {
        for _ in 0..TRIES_MAX {
            let Some(loaded) = self.policies.current() else {
                return self.said(self.refuse(attempt, names, Refusal::NoPolicy).await, names);
            };
            match self.attempt(attempt, &loaded, names, deed.clone()).await {
                Ok(outcome) => return outcome,
                Err(Stop::Stale | Stop::Store(StoreError::Raced { .. })) => {}
                Err(Stop::Refused(refusal)) => {
                    let instead = instead::of(attempt, deed, &refusal, self.now().at);
                    return self.said(self.refuse_with(attempt, names, refusal, instead).await, names);
                }
                Err(Stop::Store(error)) => return self.said(Err(error), names),
            }
        }
        self.said(Err(StoreError::NotRecorded("what it was based on changed too often".to_owned())), names)
    }

    async fn attempt(&self, attempt: &Attempt, loaded: &Arc<Loaded>, names: &Names, deed: Deed) -> Result<Outcome, Stop> {
        match deed {
            Deed::Ask(wish) => self.ask(attempt, loaded, names, wish).await,
            Deed::AskMore(person, more) => self.ask_more(attempt, loaded, names, (person, more)).await,
            Deed::Approve(yes) => self.approve(attempt, loaded, names, yes).await,
            Deed::Talk(by, request, saying) => self.talk(attempt, loaded, names, (by, request, saying)).await,
            Deed::Feedback(by, request, measure) => self.feedback(attempt, loaded, names, (by, request, measure)).await,
            Deed::Deny(by, request, reason) => self.deny(attempt, loaded, names, (by, request, reason)).await,
            Deed::CloseReview(closing) => self.close_review(attempt, loaded, names, closing).await,
            Deed::Withdraw(by, request) => self.withdraw(attempt, loaded, names, (by, request)).await,
            Deed::Remind(by, request) => self.remind(attempt, loaded, names, (by, request)).await,
            Deed::End(by, ending) => self.end(attempt, loaded, names, (by, ending)).await,
            Deed::Lock(by, locks) => self.lock(attempt, loaded, names, (by, locks)).await,
            Deed::LookAgain(grant, action) => self.look_again(attempt, loaded, names, (grant, &action)).await,
            Deed::Vouch(vouching) => self.vouch(attempt, loaded, names, vouching).await,
            Deed::Leave(leave) => self.leave_desk(attempt, loaded, names, leave).await,
            Deed::ComeBack(person) => self.come_back(attempt, loaded, names, person).await,
            Deed::LinkSecret(by, grant, hash) => self.link_secret(attempt, loaded, names, (by, grant, hash)).await,
            Deed::Nothing(refusal) | Deed::NothingBut(refusal, _) => Err(Stop::Refused(refusal)),
        }
    }

    /// What could not be recorded is told as that, with a reference that finds it in the log.
    fn said(&self, outcome: Result<Outcome, StoreError>, names: &Names) -> Outcome {
        outcome.unwrap_or_else(|error| {
            let reference = reference(self.now().at);
            error!(%error, reference, "a decision could not be recorded");
            let refusal = match error {
                StoreError::NotRecorded(_) | StoreError::Disk(_) | StoreError::Closed => Refusal::NotRecorded,
                _ => Refusal::Internal { reference },
            };
            Outcome::Now(Told { message: refused(&refusal, names), refusal: Some(refusal), may_end: None })
        })
    }
}

/// A short word to find a problem in the log by.
fn reference(at: Timestamp) -> String {
    let mut random = [0_u8; 3];
    if getrandom::fill(&mut random).is_err() {
        return format!("{:x}", at.as_millis());
    }
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}
