//! Who is in the groups that stand elsewhere, at most a minute old; where people decide, read anew: Slack's user groups, and
//! whoever is on call.
//!
//! What cannot be read in time is told as that, and widens nothing: the policy fails closed on it. Accounts that belong to nobody
//! in the files are left out. Whether a member's account is deactivated is not asked here: whoever acts is looked up on their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::access::ids::{GroupId, PersonId, ProviderId};
use crate::access::refusal::Refusal;
use crate::access::request::Request;
use crate::access::time::Timestamp;
use crate::people::{Directory, Identified};
use crate::policy::electorate::groups_named;
use crate::policy::facts::{Reading, Standing};
use crate::policy::file::Members;
use crate::policy::{Outside, PolicySet};
use crate::providers::Call;
use crate::providers::oncall::OnCallUser;

use super::App;
use super::policies::Loaded;
use super::standing::{KNOWN_FOR, Silence};

/// How long all sources together may take. Less than what people are looked up in, so that whoever clicks is answered in time.
const PATIENCE: Duration = Duration::from_millis(1500);

/// How long a call to a provider goes on, should nobody end it before.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// For how long a source that did not answer in time is not asked again: one click may need it twice, and cannot wait twice.
const SILENT_FOR: Duration = Duration::from_secs(5);

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

/// A schedule, and the provider that it is at.
type Schedule = (ProviderId, String);

/// The people of each group, as far as they could be read.
type Found = BTreeMap<GroupId, BTreeSet<PersonId>>;

/// What was read lately.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// The accounts in each user group of Slack, by the group's id.
    usergroups: Answers<String, Vec<String>>,
    /// Whoever is on call.
    on_call: Answers<Schedule, Vec<OnCallUser>>,
    /// When a source did not answer in time, by what it is called.
    silent: Mutex<BTreeMap<String, Timestamp>>,
}

impl Sources {
    /// Forgets who was in a user group, because Slack says that it changed.
    pub(super) fn forget(&self, id: &str) {
        self.usergroups.forget(id);
    }

    fn is_silent(&self, source: &str, now: Timestamp) -> bool {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.get(source).is_some_and(|at| *at <= now && now.since(*at) < SILENT_FOR)
    }

    fn fell_silent(&self, source: String, now: Timestamp) {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).insert(source, now);
    }
}

/// Answers, by what was asked, with when they came. What is asked stands in the policy files, which bounds how many there are.
#[derive(Debug)]
struct Answers<K, V>(Mutex<BTreeMap<K, (Timestamp, V)>>);

impl<K, V> Default for Answers<K, V> {
    fn default() -> Self {
        Answers(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord, V: Clone> Answers<K, V> {
    fn known<Q: Ord + ?Sized>(&self, asked: &Q, now: Timestamp) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(asked).filter(|(at, _)| *at <= now && now.since(*at) < KNOWN_FOR).map(|(_, answer)| answer.clone())
    }

    fn learn(&self, asked: K, answer: V, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(asked, (now, answer));
    }

    fn forget<Q: Ord + ?Sized>(&self, asked: &Q)
    where
        K: std::borrow::Borrow<Q>,
    {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(asked);
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
    /// What is known from outside the files: how Slack knows these people and those in whose place they would decide, who is in
    /// these groups, and who is away.
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
        let away = self.away().await;
        let stood_for = away.iter().filter(|absence| absence.stand_in.as_ref().is_some_and(|other| people.contains(other)));
        let people: Vec<PersonId> = people.iter().chain(stood_for.map(|absence| &absence.person)).cloned().collect();
        Ok(self.outside_of_records(loaded, &people, groups, fresh).await?.with_away(away))
    }

    async fn outside_of_records(
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

    /// All of them within [`PATIENCE`]; what is not read by then counts as unreadable. A source that is slow holds up no other.
    pub(super) async fn readings(
        &self,
        set: &PolicySet,
        (directory, team): (&Directory, &str),
        groups: &BTreeSet<GroupId>,
        fresh: Fresh,
    ) -> BTreeMap<GroupId, Reading> {
        let now = self.wall();
        let sources: BTreeMap<&GroupId, String> =
            groups.iter().filter_map(|group| Some((group, set.source_of(group)?))).collect();
        let groups: BTreeSet<GroupId> = sources
            .iter()
            .filter(|(_, source)| !self.sources.is_silent(source, now))
            .map(|(group, _)| (*group).clone())
            .collect();
        let (mut in_slack, mut on_call) = (Found::new(), Found::new());
        let all = async {
            tokio::join!(
                self.read_usergroups(set, (directory, team), &groups, fresh, &mut in_slack),
                self.read_schedules(set, directory, &groups, fresh, &mut on_call),
            )
        };
        let in_time = tokio::time::timeout(PATIENCE, all).await.is_ok();
        let mut found: Found = in_slack.into_iter().chain(on_call).collect();
        let reading = |(group, source): (&GroupId, String)| match found.remove(group) {
            Some(people) => (group.clone(), Reading::Members(people)),
            None => {
                if !in_time && groups.contains(group) {
                    tracing::warn!(source, "a source did not answer in time");
                    self.sources.fell_silent(source.clone(), now);
                }
                (group.clone(), Reading::Unreadable { source })
            }
        };
        sources.into_iter().map(reading).collect()
    }

    /// What is still known of these groups. Asks nobody, and says nothing of what is not known.
    pub(super) fn remembered_readings(
        &self,
        set: &PolicySet,
        (directory, team): (&Directory, &str),
        groups: &BTreeSet<GroupId>,
    ) -> BTreeMap<GroupId, Reading> {
        let now = self.wall();
        let read = |group: &GroupId| {
            let people = match &set.groups().get(group)?.members {
                Members::Listed(_) | Members::Where(_) => None,
                Members::Slack(id) => Some(in_usergroup(directory, team, &self.sources.usergroups.known(&id.value, now)?)),
                Members::OnCall(on_call) => {
                    let schedule = (on_call.provider.value.clone(), on_call.schedule.value.clone());
                    Some(on_schedule(directory, &schedule.0, &self.sources.on_call.known(&schedule, now)?))
                }
            };
            Some((group.clone(), Reading::Members(people?)))
        };
        groups.iter().filter_map(read).collect()
    }

    async fn read_usergroups(
        &self,
        set: &PolicySet,
        (directory, team): (&Directory, &str),
        groups: &BTreeSet<GroupId>,
        fresh: Fresh,
        found: &mut Found,
    ) {
        for group in groups {
            let Some(Members::Slack(id)) = set.groups().get(group).map(|group| &group.members) else { continue };
            let Some(accounts) = self.usergroup(&id.value, fresh).await else { continue };
            found.insert(group.clone(), in_usergroup(directory, team, &accounts));
        }
    }

    /// Reads who is on call, all schedules at once.
    async fn read_schedules(
        &self,
        set: &PolicySet,
        directory: &Directory,
        groups: &BTreeSet<GroupId>,
        fresh: Fresh,
        found: &mut Found,
    ) {
        let now = self.wall();
        let mut wanted: BTreeMap<Schedule, Vec<&GroupId>> = BTreeMap::new();
        for group in groups {
            let Some(Members::OnCall(on_call)) = set.groups().get(group).map(|group| &group.members) else { continue };
            let schedule = (on_call.provider.value.clone(), on_call.schedule.value.clone());
            wanted.entry(schedule).or_default().push(group);
        }
        let mut tell = |schedule: &Schedule, users: &[OnCallUser]| {
            let groups = wanted.get(schedule).into_iter().flatten();
            found.extend(groups.map(|group| ((*group).clone(), on_schedule(directory, &schedule.0, users))));
        };
        let mut asked = JoinSet::new();
        for schedule in wanted.keys() {
            if let Some(known) = self.sources.on_call.known(schedule, now).filter(|_| fresh == Fresh::Lately) {
                tell(schedule, &known);
                continue;
            }
            let (schedule, provider) = (schedule.clone(), self.policies.on_call(&schedule.0));
            let Some(provider) = provider else {
                tracing::warn!(provider.name = %schedule.0, "who is on call cannot be read: the provider cannot be used");
                continue;
            };
            asked.spawn(async move {
                let answer = provider.on_call(&Call { at: now, timeout: CALL_TIMEOUT }, &schedule.1).await;
                (schedule, answer)
            });
        }
        while let Some(Ok((schedule, answer))) = asked.join_next().await {
            match answer {
                Ok(users) => {
                    tell(&schedule, &users);
                    self.sources.on_call.learn(schedule, users, now);
                }
                Err(error) => {
                    let (provider, schedule) = schedule;
                    tracing::warn!(%error, provider.name = %provider, schedule, "it was not said who is on call");
                }
            }
        }
    }

    async fn usergroup(&self, id: &str, fresh: Fresh) -> Option<Vec<String>> {
        let now = self.wall();
        if let Some(known) = self.sources.usergroups.known(id, now).filter(|_| fresh == Fresh::Lately) {
            return Some(known);
        }
        match self.slack.group_members(id).await {
            Ok(accounts) => {
                self.sources.usergroups.learn(id.to_owned(), accounts.clone(), now);
                Some(accounts)
            }
            Err(error) => {
                tracing::warn!(%error, usergroup = id, "slack did not say who is in a user group");
                None
            }
        }
    }
}

/// Those of the files among these accounts.
fn in_usergroup(directory: &Directory, team: &str, accounts: &[String]) -> BTreeSet<PersonId> {
    accounts.iter().filter_map(|account| known(directory.by_slack(team, account))).collect()
}

/// Those of the files among whoever is on call.
fn on_schedule(directory: &Directory, provider: &ProviderId, users: &[OnCallUser]) -> BTreeSet<PersonId> {
    let person = |user: &OnCallUser| {
        let known_as: Vec<&str> = std::iter::once(user.id.as_str()).chain(user.email.as_deref()).collect();
        known(directory.by_provider_account(provider, &known_as))
    };
    users.iter().filter_map(person).collect()
}

/// Whoever is nobody in the files, or might be several, is nobody.
fn known(identified: Identified) -> Option<PersonId> {
    match identified {
        Identified::Known(person) => Some(person),
        Identified::Unknown | Identified::Ambiguous => None,
    }
}
