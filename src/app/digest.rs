//! The digest of what happened, at the times of a schedule. That one is owed is written down together with up to when digests have told,
//! so that each is posted once, whatever dies in between; of several that were missed only the latest.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use tracing::warn;

use crate::access::ids::PersonId;
use crate::access::request::{Mode, Request, RequestState};
use crate::access::time::Timestamp;
use crate::slack::block::Message;
use crate::slack::say::digest::{DigestFacts, Said, digest};
use crate::slack::say::names::Names;
use crate::store::outbox::Audience;
use crate::store::{Reader, StoreError};

use super::App;
use super::messages::Kind;
use super::telling::Telling;

/// Contracts that end within so many days are named.
const CONTRACTS_DAYS: u64 = 14;
/// How long before its decision a request may have been filed to count for the median.
const DECIDED_WITHIN_DAYS: u64 = 7;
const DAY_SECS: u64 = 24 * 3600;
/// How many requests are read at a time, and how many open reviews are counted.
const PAGE: u32 = 500;
/// How many requests a digest reads at most.
const REQUESTS_MAX: usize = 50_000;

impl App {
    /// Owes the digest of `fired`, the latest time of the schedule that is over, unless it was owed before. The first time nothing is
    /// owed: there is no telling since when. Returns how many became owed.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn owe_digest(&self, fired: Timestamp) -> Result<usize, StoreError> {
        let Some(channel) = self.settings.digest_channel.clone().or(self.settings.security_channel.clone()) else {
            warn!("a digest has no place: set `DAYPASS_DIGEST_CHANNEL` or `DAYPASS_SECURITY_CHANNEL`");
            return Ok(0);
        };
        let known = self.store.read(|reader| reader.digest_at()).await?;
        if known.is_some_and(|known| known >= fired) {
            return Ok(0);
        }
        let at = self.now().at;
        let owed = self
            .store
            .write(move |tx| {
                let Some(known) = tx.digest_at()? else {
                    tx.note_digest(at.max(fired))?;
                    return Ok::<_, StoreError>(0);
                };
                let from = tx.take_back_digests()?.unwrap_or(known);
                let telling = Telling { set: None, security_channel: None, at };
                telling.mark(tx, &Kind::Digest(fired), from.as_millis(), Audience::Channel(channel))?;
                tx.note_digest(fired)?;
                Ok(1)
            })
            .await?;
        if owed > 0 {
            self.mail.notify_one();
        }
        Ok(owed)
    }

    /// Draws the digest from then until that moment.
    pub(super) async fn draw_digest(&self, from: &str, until: Timestamp, names: Names) -> Result<Option<Message>, StoreError> {
        let Ok(from) = i64::from_str(from).map(Timestamp::from_millis) else { return Ok(None) };
        let contracts = self.contracts_ending(until);
        self.store
            .read(move |reader| {
                let counted = Counted::read(reader, from, until)?;
                let (counts, reviews) = (reader.counts()?, reader.open_reviews(PAGE)?);
                let feedback = said_of(reader.feedback_between(from, until)?);
                let late_reviews = reviews.iter().filter(|review| review.is_overdue()).count();
                Ok(Some(digest(&DigestFacts {
                    from,
                    until,
                    asked: counted.asked,
                    decided: counted.median(),
                    pending: counts.pending,
                    broken: counted.broken,
                    reviews: (reviews.len(), late_reviews),
                    late: reader.late_ends(from, until)?,
                    overdue: counts.overdue,
                    feedback: &feedback,
                    contracts: &contracts,
                    names: &names,
                })))
            })
            .await
    }

    /// The contracts that end soon after then, the earliest first.
    fn contracts_ending(&self, at: Timestamp) -> Vec<(PersonId, Timestamp)> {
        let Some(loaded) = self.policies.current() else { return Vec::new() };
        let soon = at.plus(std::time::Duration::from_secs(CONTRACTS_DAYS * DAY_SECS));
        let people = loaded.set.people().keys();
        let ends = people.filter_map(|person| Some((person.clone(), loaded.set.contract_end(person)?)));
        let mut ends: Vec<_> = ends.filter(|(_, end)| *end > at && *end <= soon).collect();
        ends.sort_by(|(one, a), (other, b)| (a, one).cmp(&(b, other)));
        ends
    }
}

/// What people said of these requests, by what they were for, and how often.
fn said_of(requests: Vec<Request>) -> Vec<Said> {
    let mut said: BTreeMap<_, Said> = BTreeMap::new();
    for Request { terms, talk, .. } in requests {
        let Some(answer) = talk.feedback.and_then(|feedback| feedback.answer) else { continue };
        let (_, counts) = said.entry((terms.resource.clone(), terms.role.clone())).or_insert((terms, BTreeMap::new()));
        *counts.entry(answer.measure).or_default() += 1;
    }
    said.into_values().collect()
}

/// What was counted of the requests.
#[derive(Default)]
struct Counted {
    asked: usize,
    broken: usize,
    /// How long decisions took, in milliseconds.
    took_ms: Vec<u64>,
}

impl Counted {
    fn read(reader: &Reader<'_>, from: Timestamp, until: Timestamp) -> Result<Counted, StoreError> {
        let earliest = from.minus(std::time::Duration::from_secs(DECIDED_WITHIN_DAYS * DAY_SECS));
        let (mut counted, mut after, mut seen) = (Counted::default(), None, 0);
        while seen < REQUESTS_MAX {
            let page = reader.requests_since(earliest, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            seen += page.len();
            page.iter().for_each(|request| counted.count(request, from, until));
        }
        Ok(counted)
    }

    fn count(&mut self, request: &Request, from: Timestamp, until: Timestamp) {
        let within = |at: Timestamp| at >= from && at < until;
        if within(request.asked_at) {
            self.asked += 1;
            self.broken += usize::from(request.mode == Mode::BreakGlass);
        }
        let decided_at = match &request.state {
            RequestState::Approved { at, .. } | RequestState::Denied { at, .. } => Some(*at),
            RequestState::Pending
            | RequestState::Cancelled { .. }
            | RequestState::Expired { .. }
            | RequestState::Invalidated { .. }
            | RequestState::Lapsed { .. } => None,
        };
        // What the policy alone approves takes no time, and would make people look faster than they are.
        if let Some(at) = decided_at.filter(|at| within(*at) && request.mode == Mode::Ask) {
            self.took_ms.push(u64::try_from(at.since(request.asked_at).as_millis()).unwrap_or(u64::MAX));
        }
    }

    /// How many were decided, and the lower median of how long it took.
    fn median(&self) -> Option<(usize, std::time::Duration)> {
        let mut took = self.took_ms.clone();
        took.sort_unstable();
        let middle = took.get(took.len().saturating_sub(1) / 2)?;
        Some((took.len(), std::time::Duration::from_millis(*middle)))
    }
}
