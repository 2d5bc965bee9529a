//! Reviews of broken glass: who may close one, by the groups of today, and closing it. Nobody closes their own, by whichever
//! account; who it is was found out before.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::decide::{ReviewCommand, decide_review, may_close};
use crate::access::electors::Electors;
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::review::{Finding, Review};
use crate::access::time::Now;
use crate::access::words::Words;
use crate::policy::facts::Reading;
use crate::policy::{Outside, electorate};
use crate::slack::block::View;
use crate::slack::say::forms;
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;
use crate::store::StoreError;

use super::glass::{groups_in, steps_of};
use super::messages::Kind;
use super::policies::Loaded;
use super::sources::Fresh;
use super::transact::{Attempt, Outcome, Stop};
use super::{App, names};

/// How many open reviews are looked through for one person.
const LOOKED_THROUGH_MAX: u32 = 500;

/// What somebody found.
#[derive(Debug, Clone)]
pub(super) struct Closing {
    /// Who.
    pub by: PersonId,
    /// Of which request.
    pub request: RequestId,
    /// What they found.
    pub finding: Finding,
    /// Why.
    pub note: Words,
}

impl App {
    /// Closes a review.
    pub(super) async fn close_review(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        closing: Closing,
    ) -> Result<Outcome, Stop> {
        let review = self.review(closing.request).await?;
        let electorate = self.may_review(loaded, &review, &closing.by).await?;
        self.transact(attempt, loaded, names, move |work, names| {
            let Closing { by, request, finding, note } = closing;
            let review = work.tx.review(request)?.ok_or(Refusal::NoReview { request })?;
            if let Some(request) = work.tx.request(request)? {
                names::learn(names, &request, &[]);
            }
            let command = ReviewCommand::Close { by, electorate, finding, note };
            let events = decide_review(&review, command, work.now)?;
            work.record(events)?;
            Ok(Reply::ReviewClosed { request, finding })
        })
        .await
    }

    /// The form that closes a review, for whoever may.
    pub(super) async fn review_form(
        &self,
        loaded: &Loaded,
        names: &Names,
        person: &PersonId,
        id: RequestId,
    ) -> Result<View, Stop> {
        let review = self.review(id).await?;
        let electorate = self.may_review(loaded, &review, person).await?;
        may_close(&review, person, &electorate)?;
        let request = self.store.read(move |reader| reader.request(id)).await?.ok_or(Refusal::NoSuchRequest { request: id })?;
        let mut names = names.clone();
        names::learn(&mut names, &request, &[]);
        Ok(forms::review_form(&request, &names))
    }

    async fn review(&self, request: RequestId) -> Result<Review, Stop> {
        let found = self.store.read(move |reader| reader.review(request)).await?;
        found.ok_or(Stop::Refused(Refusal::NoReview { request }))
    }

    /// Who may close this review today, with this person looked up.
    async fn may_review(&self, loaded: &Loaded, review: &Review, by: &PersonId) -> Result<Vec<Electors>, Stop> {
        if self.is_about(review, by) {
            return Err(Refusal::OwnReview.into());
        }
        let groups = groups_in(&review.by);
        let outside = self.outside(loaded, std::slice::from_ref(by), &groups, Fresh::Now).await?;
        let voters = self.voters(loaded, review, &outside);
        let unread = groups.iter().find_map(|group| match outside.groups.get(group) {
            Some(Reading::Unreadable { source }) => Some(source.clone()),
            Some(Reading::Members(_)) | None => None,
        });
        match unread {
            // Their no would only be that nobody could say yes.
            Some(source) if !voters.iter().any(|voters| voters.contains(by)) => Err(Refusal::SourceUnreadable { source }.into()),
            Some(_) | None => Ok(voters),
        }
    }

    fn voters(&self, loaded: &Loaded, review: &Review, outside: &Outside) -> Vec<Electors> {
        let steps = steps_of(&review.by);
        // Who is away is stood in for where people decide, and not where it is looked at afterwards.
        let outside = outside.clone().with_away(Vec::new());
        let mut voters = electorate(&loaded.set, &steps, &review.subject, &review.filed_by, &outside, self.now().at);
        voters.iter_mut().for_each(|voters| voters.retain(|person| !self.is_about(review, person)));
        voters
    }

    /// Whether it is of what this person got or filed, be it under an id that they had before.
    fn is_about(&self, review: &Review, person: &PersonId) -> bool {
        let ids = self.policies.ids_of(person);
        ids.contains(&review.subject) || ids.contains(&review.filed_by)
    }

    /// Those who may close this review today, as far as known, for messages. Nothing is decided by it.
    pub(super) async fn reviewers(&self, loaded: Option<&Loaded>, review: &Review) -> Vec<PersonId> {
        let Some(loaded) = loaded else { return Vec::new() };
        let Ok(outside) = self.outside(loaded, &[], &groups_in(&review.by), Fresh::Lately).await else { return Vec::new() };
        let people: BTreeSet<PersonId> = self.voters(loaded, review, &outside).into_iter().flatten().collect();
        people.into_iter().collect()
    }

    /// The open reviews that this person may close, or `only` that of one request, open or not.
    pub(super) async fn reviews_of(
        &self,
        loaded: &Loaded,
        person: &PersonId,
        only: Option<RequestId>,
    ) -> Result<Vec<RequestId>, StoreError> {
        let reviews = self
            .store
            .read(move |reader| match only {
                Some(id) => Ok(reader.review(id)?.into_iter().collect()),
                None => reader.open_reviews(LOOKED_THROUGH_MAX),
            })
            .await?;
        let mut theirs = Vec::new();
        for review in reviews {
            if self.reviewers(Some(loaded), &review).await.contains(person) {
                theirs.push(review.request);
            }
        }
        Ok(theirs)
    }

    /// Applies the time that has passed to a review. When it is late, those who may close it today are told, whoever they were
    /// when it began. Returns how much changed.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn tick_review(&self, id: RequestId, now: Now) -> Result<usize, StoreError> {
        let Some(review) = self.store.read(move |reader| reader.review(id)).await? else { return Ok(0) };
        let reviewers = self.reviewers(self.policies.current().as_deref(), &review).await.into_iter().collect();
        self.decide(now, move |work| {
            work.count(|work| {
                let Some(review) = work.tx.review(id)? else { return Ok(()) };
                let events = decide_review(&review, ReviewCommand::Tick, work.now)?;
                if events.is_empty() {
                    return Ok(());
                }
                work.record(events)?;
                let Some(alarm) = work.tx.review(id)?.map(|review| review.alarms) else { return Ok(()) };
                let (telling, tx) = work.telling();
                telling.to_reviewers(tx, id, &Kind::Review, &reviewers)?;
                Ok(telling.to_reviewers(tx, id, &Kind::ReviewOverdue(alarm), &reviewers)?)
            })
        })
        .await
    }
}
