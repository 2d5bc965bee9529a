//! Breaking the glass: access at once, for a short time, that nobody agreed to. It is told to everybody who was not asked, and
//! somebody else reviews it afterwards (`review`).
//!
//! Whether and for how long is the policy's business, as for everything else.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::decide::{Claim, RequestCommand};
use crate::access::ids::{GroupId, PersonId, PolicyId, RequestId, ResourceId, RoleId};
use crate::access::refusal::Refusal;
use crate::access::request::{Mode, Step};
use crate::access::review::ReviewRule;
use crate::access::time::Timestamp;
use crate::policy::asking::{glass_of, usually_asked};
use crate::policy::bundle::ROLE;
use crate::policy::electorate::{OR, groups_named};
use crate::policy::facts::{Facts, Manner, Reading, Review, Said, Trace};
use crate::policy::{Outside, PolicySet, electorate};
use crate::slack::command;
use crate::slack::say::reply::Reply;
use crate::store::outbox::Audience;
use crate::store::{StoreError, Tx};

use super::ask::{Want, Wish};
use super::find::{Found, find, matching};
use super::messages::Kind;
use super::policies::Loaded;
use super::telling::Telling;
use super::transact::{Stop, Work};
use super::when::in_time;
use super::{App, form, names};

/// What breaking the glass leads to.
pub(super) struct Glass {
    /// Who reviews it, and how soon.
    rule: ReviewRule,
    /// Those who may review it today.
    reviewers: BTreeSet<PersonId>,
    /// Those who would have been asked.
    skipped: BTreeSet<PersonId>,
}

impl App {
    /// What is meant by `/jit break-glass …`.
    pub(super) fn meant_as_glass(&self, loaded: &Loaded, person: &PersonId, ask: command::Ask) -> Result<Wish, Refusal> {
        let not_understood =
            |problem: &str| Refusal::NotUnderstood { problem: problem.to_owned(), example: command::GLASS_EXAMPLE.to_owned() };
        let zone = names::zone_of(&loaded.set, person);
        let length = ask.length.ok_or_else(|| not_understood("it does not say for how long"))?;
        let (access_for, when) = in_time(None, Some(length), (self.now().at, &zone))?;
        let access_for = access_for.ok_or_else(|| not_understood("it does not say for how long"))?;
        let breakable = breakable(loaded, person);
        if ask.words.is_empty() {
            return Err(not_understood("it does not say what you need"));
        }
        let (resource, role) = match find(loaded, &breakable, &ask.words) {
            Ok(Found::One(resource, Some(role))) => (resource, role),
            Ok(Found::One(_, None)) => return Err(not_understood("it does not say as what")),
            Ok(Found::Several(_)) => return Err(not_understood("several things are called like that; write the whole name")),
            Err(misfit) => return Err(nothing_breakable(loaded, person, &breakable, &ask.words, misfit.refusal)),
        };
        Ok(Wish {
            subject: person.clone(),
            filed_by: person.clone(),
            resource,
            role,
            access_for,
            when,
            reason: ask.reason,
            purpose: Want::Access,
            manner: Manner::BreakGlass,
        })
    }
}

/// Everything that a person may break the glass for by some policy.
pub(super) fn breakable(loaded: &Loaded, person: &PersonId) -> BTreeMap<ResourceId, Vec<RoleId>> {
    let set = &loaded.set;
    let may = |resource: &ResourceId, role: &RoleId| glass_of(set, person, resource, role).is_some();
    let mut found: BTreeMap<ResourceId, Vec<RoleId>> = BTreeMap::new();
    for (id, resource) in set.resources() {
        let roles: Vec<RoleId> = resource.roles.iter().map(|role| role.id.value.clone()).filter(|role| may(id, role)).collect();
        if !roles.is_empty() {
            found.insert(id.clone(), roles);
        }
    }
    let Ok(all) = ROLE.parse::<RoleId>() else { return found };
    let whole =
        set.bundles().iter().filter(|(_, bundle)| bundle.of.iter().all(|part| may(&part.resource.value, &part.role.value)));
    found.extend(whole.map(|(id, _)| (id.clone(), vec![all.clone()])));
    found
}

/// There is nothing of this name to break the glass for: because no policy lets this person, or because the name is wrong.
fn nothing_breakable(
    loaded: &Loaded,
    person: &PersonId,
    breakable: &BTreeMap<ResourceId, Vec<RoleId>>,
    words: &[String],
    otherwise: Refusal,
) -> Refusal {
    let askable = form::askable(loaded, person);
    let can_be_asked = (1..=words.len())
        .filter_map(|count| words.get(..count))
        .any(|words| !matching(loaded, &askable, &words.join(" ")).is_empty());
    let is_a_role = matches!(otherwise, Refusal::NoSuchRole { .. });
    if breakable.is_empty() || (can_be_asked && !is_a_role) {
        return Refusal::GlassNotPermitted;
    }
    otherwise
}

/// Why the policy says no, in the words of whoever tried.
pub(super) fn why_not(wish: &Wish, refusal: Refusal, trace: &Trace) -> Refusal {
    let forbids = trace.lines.iter().any(|line| matches!(line.said, Said::Forbids));
    let nobody_permits = !forbids && matches!(refusal, Refusal::NotPermitted { .. });
    match (wish.manner, wish.purpose) {
        (Manner::BreakGlass, _) if nobody_permits => Refusal::GlassNotPermitted,
        (Manner::Usual, Want::MoreTime { given: Mode::BreakGlass, .. })
            if nobody_permits || matches!(refusal, Refusal::NoExtension { times: 0 }) =>
        {
            Refusal::GlassNotExtended
        }
        (Manner::Usual | Manner::BreakGlass, _) => refusal,
    }
}

/// Whether this would be more time for an access that nobody ever agreed to, again without anybody.
pub(super) fn is_unagreed(wish: &Wish, mode: Mode) -> bool {
    matches!(wish.purpose, Want::MoreTime { given: Mode::BreakGlass, .. }) && mode != Mode::Ask
}

/// The rules that want people to agree although the glass was to be broken.
pub(super) fn raised_by(wish: &Wish, mode: Mode, trace: &Trace) -> Vec<PolicyId> {
    if wish.manner != Manner::BreakGlass || mode != Mode::Ask {
        return Vec::new();
    }
    let raises = trace.lines.iter().filter(|line| matches!(line.said, Said::Raises { .. } | Said::Unreadable { .. }));
    raises.map(|line| line.rule.clone()).collect()
}

/// What breaking the glass leads to.
///
/// # Errors
///
/// [`Refusal::NobodyCanReview`] where it is known for certain that nobody else could. What cannot be read just now holds up
/// nobody in an emergency: the review stays open until somebody can.
pub(super) fn follows(set: &PolicySet, facts: &Facts, review: Review, now: Timestamp) -> Result<Glass, Refusal> {
    let outside = facts.outside.clone().with_away(Vec::new());
    let people = |steps: &[Step]| -> BTreeSet<PersonId> {
        electorate(set, steps, &facts.subject, &facts.filed_by, &outside, now).into_iter().flatten().collect()
    };
    let reviewers = people(&steps_of(&review.by));
    if reviewers.is_empty() && !groups_in(&review.by).iter().any(|group| is_unread(set, &facts.outside, group)) {
        return Err(Refusal::NobodyCanReview { by: review.by });
    }
    let skipped = people(&usually_asked(set, facts, now));
    Ok(Glass { rule: ReviewRule { by: review.by, within: review.within }, reviewers, skipped })
}

/// Who may close a review, as steps of one person each.
pub(super) fn steps_of(by: &[String]) -> Vec<Step> {
    by.iter().map(|by| Step { by: by.clone(), count: 1 }).collect()
}

/// The groups that these words name.
pub(super) fn groups_in(by: &[String]) -> BTreeSet<GroupId> {
    by.iter().flat_map(|by| groups_named(by)).collect()
}

/// Whether the members of this group stand elsewhere and could not be read.
pub(super) fn is_unread(set: &PolicySet, outside: &Outside, group: &GroupId) -> bool {
    match outside.groups.get(group) {
        Some(Reading::Members(_)) => false,
        Some(Reading::Unreadable { .. }) => true,
        None => set.source_of(group).is_some(),
    }
}

/// The glass is broken: in the transaction in which the request was written down.
pub(super) fn broken(work: &mut Work<'_, '_>, id: RequestId, claims: Vec<Claim>, glass: Glass) -> Result<Reply, Stop> {
    let Glass { rule, reviewers, skipped } = glass;
    work.on_request(id, RequestCommand::BreakGlass { claims, review: rule })?;
    let (telling, tx) = work.telling();
    telling.to_reviewers(tx, id, &Kind::Review, &reviewers)?;
    for person in skipped.difference(&reviewers) {
        telling.mark(tx, &Kind::Glass, id, Audience::Person(person.clone()))?;
    }
    let review = tx.review(id)?.ok_or(Refusal::NoReview { request: id })?;
    Ok(Reply::GlassBroken { request: id, review: Box::new(review) })
}

impl Telling<'_> {
    /// Marks a message for those who may close a review: in the resource's channel where they are its owners, else for each of
    /// them.
    pub(super) fn to_reviewers(
        &self,
        tx: &mut Tx<'_>,
        id: RequestId,
        kind: &Kind,
        reviewers: &BTreeSet<PersonId>,
    ) -> Result<(), StoreError> {
        let (Some(request), Some(review)) = (tx.request(id)?, tx.review(id)?) else { return Ok(()) };
        let resource = self.set.and_then(|set| set.resource(&request.terms.resource));
        let is_owner = |word: &str| {
            let group = word.strip_prefix("group/");
            let owners = resource.map(|resource| resource.owners.as_slice()).unwrap_or_default();
            owners.iter().any(|owner| Some(owner.value.as_str()) == group)
        };
        let all_own = review.by.iter().flat_map(|by| by.split(OR)).all(is_owner);
        match resource.and_then(|resource| resource.channel.clone()).filter(|_| all_own) {
            Some(channel) => self.mark(tx, kind, id, Audience::Channel(channel)),
            None => reviewers.iter().try_for_each(|person| self.mark(tx, kind, id, Audience::Person(person.clone()))),
        }
    }

    /// A review is late: the security channel is told. Those who may close it are told by whoever knows who they are.
    pub(super) fn review_overdue(&self, tx: &mut Tx<'_>, id: RequestId, alarm: u32) -> Result<(), StoreError> {
        self.request_changed(tx, id)?;
        self.alarm(tx, &Kind::ReviewOverdue(alarm), id)
    }

    /// A review was closed: whoever broke the glass is told, and where it was late or not justified, the security channel.
    pub(super) fn reviewed(&self, tx: &mut Tx<'_>, id: RequestId) -> Result<(), StoreError> {
        use crate::access::review::{Finding, ReviewState};
        self.request_changed(tx, id)?;
        let Some(review) = tx.review(id)? else { return Ok(()) };
        let is_bad = matches!(review.state, ReviewState::Closed { finding: Finding::NotJustified, .. });
        if is_bad || review.alarms > 0 {
            self.alarm(tx, &Kind::Reviewed, id)?;
        }
        BTreeSet::from([review.subject, review.filed_by])
            .into_iter()
            .try_for_each(|person| self.mark(tx, &Kind::Reviewed, id, Audience::Person(person)))
    }
}
