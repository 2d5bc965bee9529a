//! Who is in the groups that stand elsewhere, at most a minute old; where people decide, read anew. So far Slack's user groups.
//!
//! What cannot be read in time is told as that, and widens nothing: the policy fails closed on it. Accounts that belong to nobody
//! in the files are left out. Whether a member's account is deactivated is not asked here: whoever acts is looked up on their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::access::ids::{GroupId, PersonId};
use crate::access::refusal::Refusal;
use crate::access::request::Request;
use crate::access::time::Timestamp;
use crate::people::{Directory, Identified};
use crate::policy::electorate::groups_named;
use crate::policy::facts::{Reading, Standing};
use crate::policy::file::Members;
use crate::policy::{Outside, PolicySet};

use super::App;
use super::policies::Loaded;
use super::standing::{KNOWN_FOR, Silence, WAIT};

/// How old a reading may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresh {
    /// Up to a minute.
    Lately,
    /// Read for this decision.
    Now,
    /// Read for this decision, which somebody makes on the host: of people of whom Slack says nothing, what it said last counts,
    /// else what the files say.
    OnHost,
}

/// The accounts in each user group of Slack, by the group's id, and when they were read.
#[derive(Debug, Default)]
pub(super) struct Sources {
    usergroups: Mutex<BTreeMap<String, (Timestamp, Vec<String>)>>,
}

impl Sources {
    fn known(&self, id: &str, now: Timestamp) -> Option<Vec<String>> {
        let all = self.usergroups.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(id).filter(|(at, _)| *at <= now && now.since(*at) < KNOWN_FOR).map(|(_, accounts)| accounts.clone())
    }

    fn learn(&self, id: &str, accounts: &[String], now: Timestamp) {
        self.usergroups.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), (now, accounts.to_vec()));
    }

    /// Forgets who was in a user group, because Slack says that it changed.
    pub(super) fn forget(&self, id: &str) {
        self.usergroups.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// The groups read elsewhere that matter for a request: by the rules of today, by the steps that it was filed with, and
/// those that are asked as well.
pub(super) fn groups_of(set: &PolicySet, request: &Request) -> BTreeSet<GroupId> {
    let mut groups = set.groups_read_for(&request.terms.resource, &request.terms.role);
    let steps = request.steps_asked();
    let named = steps.iter().flat_map(|step| groups_named(&step.by));
    groups.extend(named.filter(|group| set.source_of(group).is_some()));
    groups
}

/// What is known where Slack never said anything in the life of this process. Its groups cannot be read.
fn by_the_files(set: &PolicySet, people: &[PersonId], groups: &BTreeSet<GroupId>) -> Outside {
    let mut outside = Outside::assumed_active();
    for person in people {
        let has_account = set.person(person).is_some_and(|person| !person.slack.is_empty());
        outside.standings.insert(person.clone(), if has_account { Standing::Active } else { Standing::Unknown });
    }
    let unread = |group: &GroupId| Some((group.clone(), Reading::Unreadable { source: set.source_of(group)? }));
    outside.groups = groups.iter().filter_map(unread).collect();
    outside
}

impl App {
    /// What is known from outside the files: how Slack knows these people, and who is in these groups.
    ///
    /// # Errors
    ///
    /// [`Refusal::AccountUnverified`] while it is not known which workspace this is.
    pub(super) async fn outside(
        &self,
        loaded: &Loaded,
        people: &[PersonId],
        groups: &BTreeSet<GroupId>,
        fresh: Fresh,
    ) -> Result<Outside, Refusal> {
        let home = match self.installed().await {
            Ok(home) => home,
            Err(_) if fresh == Fresh::OnHost => return Ok(by_the_files(&loaded.set, people, groups)),
            Err(refusal) => return Err(refusal),
        };
        let silence = match fresh {
            Fresh::Lately | Fresh::Now => Silence::Unknown,
            Fresh::OnHost => Silence::ByTheFiles,
        };
        let directory = loaded.directory(&home.team);
        let readings = self.readings(&loaded.set, (directory, &home.team), groups, fresh);
        let standings = self.standings.of(&self.slack, directory, people, (self.wall(), silence));
        let (mut outside, readings) = tokio::join!(standings, readings);
        outside.groups = readings;
        Ok(outside)
    }

    /// All of them within [`WAIT`]; what is not read by then counts as unreadable.
    async fn readings(
        &self,
        set: &PolicySet,
        (directory, team): (&Directory, &str),
        groups: &BTreeSet<GroupId>,
        fresh: Fresh,
    ) -> BTreeMap<GroupId, Reading> {
        let unread = |group: &GroupId| Some((group.clone(), Reading::Unreadable { source: set.source_of(group)? }));
        let mut readings: BTreeMap<GroupId, Reading> = groups.iter().filter_map(unread).collect();
        let all = async {
            for group in groups {
                let Some(Members::Slack(id)) = set.groups().get(group).map(|group| &group.members) else { continue };
                let Some(accounts) = self.usergroup(&id.value, fresh).await else { continue };
                let person = |account: &String| match directory.by_slack(team, account) {
                    Identified::Known(person) => Some(person),
                    Identified::Unknown | Identified::Ambiguous => None,
                };
                readings.insert(group.clone(), Reading::Members(accounts.iter().filter_map(person).collect()));
            }
        };
        if tokio::time::timeout(WAIT, all).await.is_err() {
            tracing::warn!("a group that is read elsewhere did not answer in time");
        }
        readings
    }

    async fn usergroup(&self, id: &str, fresh: Fresh) -> Option<Vec<String>> {
        let now = self.wall();
        if let Some(known) = self.sources.known(id, now).filter(|_| fresh == Fresh::Lately) {
            return Some(known);
        }
        match self.slack.group_members(id).await {
            Ok(accounts) => {
                self.sources.learn(id, &accounts, now);
                Some(accounts)
            }
            Err(error) => {
                tracing::warn!(%error, usergroup = id, "slack did not say who is in a user group");
                None
            }
        }
    }
}
