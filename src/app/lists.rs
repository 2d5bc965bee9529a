//! What somebody holds, what waits for them, and why something stands where it does. Reads only.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::absence::Absence;
use crate::access::electors::Electors;
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::{Mode, OR, Request, Step};
use crate::access::seats;
use crate::policy::asking::permit_of;
use crate::policy::file::Kind;
use crate::policy::{Outside, PolicySet, electorate};
use crate::slack::block::Message;
use crate::slack::block::View;
use crate::slack::say::card::{CardFacts, Needed};
use crate::slack::say::lists::{self, Able, Can, Held};
use crate::slack::say::names::{Names, listed};
use crate::slack::say::status::Extend;
use crate::slack::say::why::{self, BEFORE_MAX, Before, WhyFacts};

use super::away::to_call;
use super::policies::Loaded;
use super::transact::Stop;
use super::{App, names};

/// How many pending requests are looked through for one person.
const LOOKED_THROUGH_MAX: u32 = 500;

/// What is still missing of a pending request, by the rules and groups of today, with these people away.
pub(super) fn needed(set: &PolicySet, request: &Request, away: &[Absence]) -> Vec<Needed> {
    needed_of(request, &voters(set, request, &Outside::assumed_active().with_away(away.to_vec())))
}

/// Who may fill each step, by the rules and groups of today, with whoever is asked as well.
fn voters(set: &PolicySet, request: &Request, outside: &Outside) -> Vec<Electors> {
    electorate(set, &request.steps_asked(), &request.terms.subject, &request.filed_by, outside, request.asked_at)
}

/// Those who can fill a place that is still empty, and have not answered: whoever could only take a place that is taken is not
/// among them.
pub(super) fn awaited(set: &PolicySet, request: &Request, outside: &Outside) -> BTreeSet<PersonId> {
    let (voters, steps) = (voters(set, request, outside), request.steps_asked());
    let given: Vec<PersonId> = request.approvals.iter().map(|given| given.by.clone()).collect();
    let awaited = voters.iter().flatten().filter(|person| seats::would_fill(&steps, &voters, &given, person)).cloned().collect();
    to_call(&steps, &voters, &given, (awaited, &outside.away))
}

/// What is still missing, where it is known who may fill each step.
pub(super) fn needed_of(request: &Request, voters: &[Electors]) -> Vec<Needed> {
    let people: Vec<PersonId> = request.approvals.iter().map(|given| given.by.clone()).collect();
    let asked = request.steps_asked();
    let seating = seats::fill(&asked, voters, &people);
    let steps = asked.iter().zip(voters).zip(&seating.missing);
    steps
        .filter(|(_, missing)| **missing > 0)
        .map(|((step, voters), missing)| Needed {
            by: step.by.clone(),
            count: *missing,
            people: voters.iter().filter(|person| !people.contains(person) && voters.may(person, &people)).cloned().collect(),
        })
        .collect()
}

/// Whether the policy that a grant was given under allows more time at all.
pub(super) fn extendable(set: &PolicySet, request: &Request) -> Extend {
    let terms = &request.terms;
    if terms.is_bundle() {
        return Extend::No;
    }
    let policy = match request.mode {
        Mode::Ask | Mode::Auto => set.policy(&request.policy.id),
        // What nobody agreed to has more time by what people decide about in the usual way.
        Mode::BreakGlass => permit_of(set, &terms.subject, &terms.resource, &terms.role),
    };
    match policy.and_then(|policy| policy.limits.extend.as_ref()) {
        Some(extend) if extend.times > 0 => Extend::Offered,
        Some(_) | None => Extend::No,
    }
}

impl App {
    /// `/jit mine`.
    pub(super) async fn mine(&self, loaded: &Arc<Loaded>, names: Names, person: &PersonId) -> Result<Message, Stop> {
        let (ids, set) = (self.policies.ids_of(person), Arc::clone(&loaded.set));
        let message = self
            .store
            .read(move |reader| {
                let mut names = names;
                let (mut grants, mut pending) = (Vec::new(), Vec::new());
                for id in &ids {
                    grants.extend(reader.open_grants_of(id)?);
                    pending.extend(reader.pending_requests_of(id)?);
                }
                let mut held = Vec::new();
                for grant in &grants {
                    names::learn_grant(&mut names, reader, grant)?;
                    let extend = reader.request(grant.request)?.map_or(Extend::No, |request| extendable(&set, &request));
                    held.push(Held { grant, extend });
                }
                pending.iter().for_each(|request| names::learn(&mut names, request, &[]));
                Ok(lists::mine(&held, &pending.iter().collect::<Vec<_>>(), &names))
            })
            .await?;
        Ok(message)
    }

    /// `/jit pending`: what this person could decide.
    pub(super) async fn waiting(&self, loaded: &Arc<Loaded>, names: Names, person: &PersonId) -> Result<Message, Stop> {
        let reviews = self.reviews_of(loaded, person, None).await?;
        let theirs = self.waiting_for(loaded, person).await?;
        let together = self.sorted(loaded, person, &theirs).await?.together.len();
        let message = self
            .store
            .read(move |reader| {
                let mut names = names;
                let theirs: Vec<&Request> = theirs.iter().collect();
                theirs.iter().for_each(|request| names::learn(&mut names, request, &[]));
                let mut open = Vec::new();
                for id in reviews {
                    open.extend(reader.request(id)?.zip(reader.review(id)?));
                }
                open.iter().for_each(|(request, _)| names::learn(&mut names, request, &[]));
                let open: Vec<_> = open.iter().map(|(request, review)| (request, review)).collect();
                Ok(lists::pending(&theirs, &open, together, &names))
            })
            .await?;
        Ok(message)
    }

    /// The requests that this person could decide, by who is in which group now.
    pub(super) async fn waiting_for(&self, loaded: &Arc<Loaded>, person: &PersonId) -> Result<Vec<Request>, Stop> {
        let mut all = self.store.read(|reader| reader.pending_requests(LOOKED_THROUGH_MAX)).await?;
        let outside = self.outside_of(loaded, &all).await;
        all.retain(|request| {
            let needed = needed_of(request, &voters(&loaded.set, request, &outside));
            needed.iter().any(|needed| needed.people.contains(person))
        });
        Ok(all)
    }

    /// `/jit help`: what this person can do.
    pub(super) fn help(&self, loaded: &Loaded, person: &PersonId) -> Message {
        lists::help(self.able(loaded, person))
    }

    /// What this person can do.
    pub(super) fn able(&self, loaded: &Loaded, person: &PersonId) -> Able {
        let set = &loaded.set;
        let owns = set
            .resources()
            .values()
            .flat_map(|resource| &resource.owners)
            .any(|group| set.members(&group.value).is_some_and(|members| members.contains(person)));
        let sponsors = set.people().values().any(|other| other.sponsor.as_ref().is_some_and(|sponsor| sponsor.value == *person));
        let is_employed = set.person(person).is_some_and(|person| person.kind == Kind::Employee);
        let can = |yes: bool| if yes { Can::Yes } else { Can::No };
        Able {
            ask: can(!super::form::askable(loaded, person).is_empty()),
            break_glass: can(!super::glass::breakable(loaded, person).is_empty()),
            // Whoever is not employed here decides only where a policy names them.
            decide: can(is_employed
                && (owns || set.groups().keys().any(|group| set.members(group).is_some_and(|members| members.contains(person))))),
            revoke: can(owns || sponsors || self.is_admin(person)),
            ask_for: can(super::behalf::asks_for_others(loaded, person)),
        }
    }

    /// `/jit why`, as a message.
    pub(super) async fn why(&self, loaded: &Arc<Loaded>, names: Names, who: &PersonId, id: RequestId) -> Result<Message, Stop> {
        self.explained(loaded, names, who, id, why::why).await
    }

    /// *Details*, as a window.
    pub(super) async fn details(&self, loaded: &Arc<Loaded>, names: Names, who: &PersonId, id: RequestId) -> Result<View, Stop> {
        self.explained(loaded, names, who, id, why::details).await
    }

    pub(super) async fn explained<T, F>(
        &self,
        loaded: &Arc<Loaded>,
        names: Names,
        who: &PersonId,
        id: RequestId,
        draw: F,
    ) -> Result<T, Stop>
    where
        T: Send + 'static,
        F: FnOnce(&WhyFacts<'_>) -> T + Send + 'static,
    {
        let reviewed = self.reviews_of(loaded, who, Some(id)).await?;
        let request = self.store.read(move |reader| reader.request(id)).await?;
        let lingers = request.as_ref().and_then(|request| self.lingers(loaded, &request.terms.wanted()));
        let outside = self.outside_of(loaded, request.as_slice()).await;
        let now = self.now().at;
        let (who, loaded, is_admin) = (who.clone(), Arc::clone(loaded), self.is_admin(who));
        let drawn = self
            .store
            .read(move |reader| {
                let mut names = names;
                let Some(request) = reader.request(id)? else { return Ok(None) };
                let set = &loaded.set;
                let voters = voters(set, &request, &outside);
                let still = if request.state.is_pending() { needed_of(&request, &voters) } else { Vec::new() };
                let is_theirs = *who.as_str() == *request.terms.subject.as_str() || who == request.filed_by;
                let review = reader.review(id)?;
                let reviews = review.as_ref().is_some_and(|review| reviewed.contains(&review.request));
                if !(is_admin || is_theirs || reviews || may_see(set, &request, &voters, &who)) {
                    return Ok(None);
                }
                let grants = reader.grants_of_request(id)?;
                names::learn(&mut names, &request, &grants);
                let earlier = reader.latest_requests_of(&request.terms.subject, request.id, BEFORE_MAX as u32)?;
                earlier.iter().for_each(|request| names::learn(&mut names, request, &[]));
                let before: Vec<Before<'_>> = earlier
                    .iter()
                    .map(|request| Before { request: request.id, asked_at: request.asked_at, state: request.state.name() })
                    .collect();
                let subject = set.person(&request.terms.subject);
                let why_you = why_you(set, &request, (&who, &outside), &names);
                let facts = WhyFacts {
                    card: CardFacts {
                        request: &request,
                        grants: &grants,
                        review: review.as_ref(),
                        still: &still,
                        mention: &[],
                        lingers: lingers.as_deref(),
                        names: &names,
                    },
                    about: set.policy(&request.policy.id).and_then(|policy| policy.about.as_deref()),
                    sponsor: subject.and_then(|person| person.sponsor.as_ref()).map(|sponsor| &sponsor.value),
                    contract_ends: set.contract_end(&request.terms.subject),
                    why_you: why_you.as_deref(),
                    now,
                    before: &before,
                };
                Ok(Some(draw(&facts)))
            })
            .await?;
        drawn.ok_or(Stop::Refused(Refusal::NoSuchRequest { request: id }))
    }
}

/// Why somebody is asked about a request, as clauses: what they are to it by its steps, and who passed it on to them. `None` where they
/// are not asked.
fn why_you(set: &PolicySet, request: &Request, (who, outside): (&PersonId, &Outside), names: &Names) -> Option<String> {
    let subject = names.person(&request.terms.subject);
    let mut why: Vec<String> = Vec::new();
    for step in request.steps_asked() {
        for by in step.by.split(OR) {
            let alone = [Step { by: by.to_owned(), count: 1 }];
            let voters = electorate(set, &alone, &request.terms.subject, &request.filed_by, outside, request.asked_at);
            if let Some(absent) = voters.iter().find_map(|voters| voters.in_place_of(who, &[])) {
                why.push(format!("you stand in for {}, who is away", names.person(absent)));
            } else if voters.iter().any(|voters| voters.contains(who)) {
                why.push(match by.split_once('/') {
                    Some(("group", group)) => in_group(set, request, group, names),
                    Some(_) => "the policy names you".to_owned(),
                    None => format!("you are the {by} of {subject}"),
                });
            }
        }
    }
    why.dedup();
    why.extend(request.talk.passed_to(who).map(|passed| format!("{} passed it on to you", names.person(&passed.by))));
    (!why.is_empty()).then(|| listed(&why, "and"))
}

/// "you are in dba, which owns Orders database"
fn in_group(set: &PolicySet, request: &Request, group: &str, names: &Names) -> String {
    let wanted = request.terms.wanted();
    let owned = wanted
        .iter()
        .map(|part| &part.resource)
        .find(|id| set.resource(id).is_some_and(|resource| resource.owners.iter().any(|owner| owner.value.as_str() == group)));
    match owned {
        Some(resource) => format!("you are in {group}, which owns {}", names.resource(resource)),
        None => format!("you are in {group}"),
    }
}

/// Those who decide about a request may see it: in its steps, as owners, or as its approvers.
fn may_see(set: &PolicySet, request: &Request, voters: &[Electors], who: &PersonId) -> bool {
    voters.iter().any(|voters| voters.contains(who))
        || request.approvals.iter().any(|given| given.by == *who)
        || super::bundle::is_owner(set, &request.terms, who)
}
