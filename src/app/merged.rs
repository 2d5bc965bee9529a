//! Two ids that turn out to be one person: what was agreed before is looked at again, and what is in force follows them.
//!
//! Nothing is rewritten. A row names whoever it was given to at the time; what the files say of them now is asked under the id
//! that has their accounts. What looks wrong by it is a finding: people decide what becomes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::access::ids::{PersonId, RequestId};
use crate::access::request::{Request, RequestState};
use crate::people::now_called;
use crate::policy::PolicySet;
use crate::store::{Reader, StoreError};

use super::App;
use super::changes::open_grants;
use super::policies::Loaded;

/// How many pending requests are looked at.
const PENDING_MAX: u32 = 500;

/// Something that was decided, or half decided, and looks wrong now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// The request.
    pub request: RequestId,
    /// What is wrong, as a sentence.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.request, self.what)
    }
}

impl App {
    /// What a change of the files makes of seats that were filled before: whose approver is their requester now, and which two
    /// seats have one person. Told at the change that makes it so, and not again.
    pub(super) async fn findings(&self, before: Option<&Arc<Loaded>>, after: &Arc<Loaded>) -> Result<Vec<Finding>, StoreError> {
        let Some(before) = before else { return Ok(Vec::new()) };
        let (before, after) = (Arc::clone(&before.set), Arc::clone(&after.set));
        if before.digest() == after.digest() {
            return Ok(Vec::new());
        }
        self.store
            .read(move |reader| {
                let open = open_requests(reader)?;
                Ok(open.iter().flat_map(|request| findings_of(request, &before, &after)).collect())
            })
            .await
    }

    /// Finds out who is whom of those whom rows name and the files do not: by the accounts that they had in the files of the time.
    pub(super) async fn learn_earlier_ids(&self, loaded: &Loaded) -> Result<(), StoreError> {
        let set = Arc::clone(&loaded.set);
        let gone = self
            .store
            .read(move |reader| {
                let mut gone: BTreeSet<(PersonId, String)> = BTreeSet::new();
                for request in open_requests(reader)? {
                    let people = [&request.terms.subject, &request.filed_by];
                    let people = people.into_iter().filter(|person| set.person(person).is_none());
                    gone.extend(people.map(|person| (person.clone(), request.policy.digest.clone())));
                }
                let with_text = gone.into_iter().map(|(person, digest)| {
                    let text = reader.policy_text(&digest)?;
                    Ok((person, digest, text))
                });
                with_text.collect::<Result<Vec<_>, StoreError>>()
            })
            .await?;
        let mut earlier = BTreeMap::new();
        for (person, digest, text) in gone {
            let Some(then) = self.policies.pinned(&digest, || text) else { continue };
            if let Some(now) = now_called(&then.set, &loaded.set, &person) {
                earlier.insert(person, now);
            }
        }
        self.policies.learn_earlier(earlier);
        Ok(())
    }
}

/// The requests of everything that is open, and those that are pending.
fn open_requests(reader: &Reader<'_>) -> Result<Vec<Request>, StoreError> {
    let mut ids: BTreeSet<RequestId> = open_grants(reader)?.iter().map(|grant| grant.request).collect();
    for grant in open_grants(reader)? {
        ids.extend(reader.extended_by(grant.id)?);
    }
    let mut requests = reader.pending_requests(PENDING_MAX)?;
    for id in ids {
        requests.extend(reader.request(id)?);
    }
    Ok(requests)
}

/// Whoever agreed to it.
fn agreed(request: &Request) -> Vec<PersonId> {
    match &request.state {
        RequestState::Approved { seats, .. } => seats.iter().map(|seat| seat.person.clone()).collect(),
        RequestState::Pending
        | RequestState::Denied { .. }
        | RequestState::Cancelled { .. }
        | RequestState::Expired { .. }
        | RequestState::Invalidated { .. }
        | RequestState::Lapsed { .. } => request.approvals.iter().map(|given| given.by.clone()).collect(),
    }
}

fn findings_of(request: &Request, before: &PolicySet, after: &PolicySet) -> Vec<Finding> {
    let called = |person: &PersonId| now_called(before, after, person).unwrap_or_else(|| person.clone());
    let mut findings = Vec::new();
    let mut found = |what: String| findings.push(Finding { request: request.id, what });
    let people = agreed(request);
    let own = BTreeSet::from([&request.terms.subject, &request.filed_by]);
    for (index, person) in people.iter().enumerate() {
        let is = called(person);
        for requester in own.iter().filter(|requester| ***requester != *person && called(requester) == is) {
            found(format!("{person}, who agreed, and {requester}, who asked, are one person by the files of now ({is})"));
        }
        for other in people.iter().skip(index + 1).filter(|other| *other != person && called(other) == is) {
            found(format!("{person} and {other}, who both agreed, are one person by the files of now ({is})"));
        }
    }
    findings
}
