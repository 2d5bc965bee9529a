//! Being away: until when, and who stands in meanwhile. Who may stand in at all is decided where seats are filled
//! (`policy::electorate`), at every decision; here it is only said, ended, and told.

use std::collections::BTreeSet;
use std::sync::Arc;

use tracing::warn;

use crate::access::absence::{Absence, declare, end};
use crate::access::electors::Electors;
use crate::access::event::Event;
use crate::access::ids::PersonId;
use crate::access::refusal::Refusal;
use crate::access::request::{Approval, Request, Step};
use crate::access::seats;
use crate::access::time::{Now, Timestamp, Trust};
use crate::policy::electorate::may_stand_in;
use crate::policy::{Outside, PolicySet, electorate};
use crate::slack::block::Message;
use crate::slack::command::away::{Away, Back};
use crate::slack::command::behalf::Whom;
use crate::slack::say::away::{shown, stands_in};
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;
use crate::store::outbox::{Audience, MessageKey};
use crate::store::{Reader, StoreError, Tx};

use super::deed::Deed;
use super::policies::Loaded;
use super::render::Drawn;
use super::surface::Caller;
use super::telling::Telling;
use super::transact::{Attempt, Outcome, Stop};
use super::{App, Kind, names};

/// How many pending requests are looked through for one person.
const LOOKED_THROUGH_MAX: u32 = 500;

/// Somebody wants to be away.
#[derive(Debug, Clone)]
pub(super) struct Leave {
    /// Who.
    pub person: PersonId,
    /// Until when.
    pub until: Timestamp,
    /// Who stands in for them.
    pub stand_in: Option<PersonId>,
}

impl App {
    /// Everybody who is away now. What cannot be read is nobody: then nobody stands in for anybody.
    pub(super) async fn away(&self) -> Vec<Absence> {
        let now = self.now().at;
        let read = self.store.read(move |reader| reader.away(now)).await;
        read.inspect_err(|error| warn!(%error, "it could not be read who is away")).unwrap_or_default()
    }

    /// What is meant by `/jit away until …`.
    pub(super) async fn meant_as_leave(
        &self,
        loaded: &Loaded,
        person: &PersonId,
        (until, stand_in): (Back, Option<Whom>),
    ) -> Result<Leave, Refusal> {
        let zone = names::zone_of(&loaded.set, person);
        let until = until.after(self.now().at, &zone).ok_or_else(|| Refusal::NotUnderstood {
            problem: "that time is over already".to_owned(),
            example: crate::slack::command::away::EXAMPLE.to_owned(),
        })?;
        let stand_in = match stand_in {
            Some(whom) => Some(self.whom(loaded, &whom).await?),
            None => None,
        };
        Ok(Leave { person: person.clone(), until, stand_in })
    }

    /// `/jit away …`
    pub(super) async fn obey_away(
        &self,
        attempt: &mut Attempt,
        Caller { person, loaded, names }: &Caller,
        away: Away,
    ) -> Result<Option<Outcome>, Message> {
        attempt.verb = "away";
        let deed = match away {
            Away::Shown => return Err(self.shown_absence(names, person).await),
            Away::Until(back, stand_in) => {
                self.meant_as_leave(loaded, person, (back, stand_in)).await.map_or_else(Deed::Nothing, Deed::Leave)
            }
        };
        Ok(Some(self.perform(attempt, names, &deed).await))
    }

    /// Records that somebody is away, and has it told to whoever stands in for them.
    pub(super) async fn leave_desk(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        leave: Leave,
    ) -> Result<Outcome, Stop> {
        let Leave { person, until, stand_in } = leave;
        if let Some(other) = &stand_in {
            let people = [person.clone(), other.clone()];
            let outside = self.outside(loaded, &people, &BTreeSet::new(), attempt.fresh()).await?;
            let now = self.now().at;
            if !may_stand_in(&loaded.set, &person, &outside, now) {
                return Err(Refusal::CannotBeStoodFor.into());
            }
            if *other == person || outside.is_away(other) || !may_stand_in(&loaded.set, other, &outside, now) {
                return Err(Refusal::CannotStandIn { person: other.clone() }.into());
            }
        }
        let whose = person.clone();
        let outcome = self
            .transact(attempt, loaded, names, move |work, _| {
                let absence = Absence { person, since: work.now.at, until, stand_in };
                let event = declare(absence.clone())?;
                work.record(vec![event])?;
                Ok(Reply::Away { until: absence.until, stand_in: absence.stand_in })
            })
            .await?;
        // Whoever stood in by what was said before may do so no longer.
        self.void_seats_for(&whose).await?;
        Ok(outcome)
    }

    /// Records that somebody is back.
    pub(super) async fn come_back(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        person: PersonId,
    ) -> Result<Outcome, Stop> {
        let whose = person.clone();
        let outcome = self
            .transact(attempt, loaded, names, move |work, _| {
                let now = work.now.at;
                let away = work.tx.away(now)?;
                let event = end(away.iter().find(|absence| absence.person == person), now)?;
                work.record(vec![event])?;
                Ok(Reply::Back)
            })
            .await?;
        self.void_seats_for(&whose).await?;
        Ok(outcome)
    }

    /// `/jit away`: whether one is away, and for whom one stands in.
    pub(super) async fn shown_absence(&self, names: &Names, person: &PersonId) -> Message {
        let away = self.away().await;
        let own = away.iter().find(|absence| absence.person == *person);
        let stood_for: Vec<&Absence> = away.iter().filter(|absence| absence.stand_in.as_ref() == Some(person)).collect();
        shown(own, &stood_for, names)
    }

    /// Takes note of every absence whose time is over. Returns how many there were.
    ///
    /// # Errors
    ///
    /// When it could not be read or recorded.
    pub async fn end_absences(&self, now: Now) -> Result<usize, StoreError> {
        // A clock that has jumped brings nobody back.
        if now.trust == Trust::Suspect {
            return Ok(0);
        }
        let over = self.store.read(move |reader| reader.absences_over(now.at)).await?;
        let mut moved = 0;
        for Absence { person, until, .. } in over {
            let whose = person.clone();
            moved += self
                .decide(now, move |work| {
                    let still = work.tx.absences_over(now.at)?.iter().any(|other| other.person == person && other.until == until);
                    if still {
                        work.record(vec![Event::AwayOver { person, at: now.at }])?;
                    }
                    Ok(usize::from(still))
                })
                .await?;
            self.void_seats_for(&whose).await?;
        }
        Ok(moved)
    }

    /// Has the requests recounted to which somebody agreed in the place of this person, or this person in the place of somebody.
    async fn void_seats_for(&self, person: &PersonId) -> Result<(), StoreError> {
        let pending = self.store.read(|reader| reader.pending_requests(LOOKED_THROUGH_MAX)).await?;
        let is_theirs = |given: &Approval| given.in_place_of.as_ref().is_some_and(|other| other == person || given.by == *person);
        let counts = |request: &&Request| request.approvals.iter().any(is_theirs);
        for request in pending.iter().filter(counts) {
            self.reassess(request.id).await?;
        }
        Ok(())
    }
}

/// Of the people who could decide, those to call: whoever is away is left in peace as long as the others can do without them.
pub(super) fn to_call(
    steps: &[Step],
    voters: &[Electors],
    given: &[PersonId],
    (people, away): (BTreeSet<PersonId>, &[Absence]),
) -> BTreeSet<PersonId> {
    let is_away = |person: &PersonId| away.iter().any(|absence| absence.person == *person);
    let here: BTreeSet<PersonId> = people.iter().filter(|person| !is_away(person)).cloned().collect();
    let enough: Vec<PersonId> = given.iter().chain(here.iter().filter(|person| !given.contains(person))).cloned().collect();
    if seats::fill(steps, voters, &enough).is_complete() { here } else { people }
}

/// Of those who could fill a place of this request that is still empty, the ones to call.
pub(super) fn called(set: &PolicySet, request: &Request, people: BTreeSet<PersonId>, away: &[Absence]) -> Vec<PersonId> {
    if away.is_empty() {
        return people.into_iter().collect();
    }
    let voters = voters(set, request, &Outside::assumed_active().with_away(away.to_vec()));
    let given: Vec<PersonId> = request.approvals.iter().map(|given| given.by.clone()).collect();
    to_call(&request.steps_asked(), &voters, &given, (people, away)).into_iter().collect()
}

/// The message for whoever stands in, or stood in.
pub(super) fn draw_stands_in(
    reader: &Reader<'_>,
    key: &MessageKey,
    (since, now, drawn): (Timestamp, Timestamp, Drawn),
    names: &Names,
) -> Result<Option<Message>, StoreError> {
    let (Ok(person), Audience::Person(other)) = (key.about.parse::<PersonId>(), &key.audience) else { return Ok(None) };
    let away = reader.away(now)?;
    let current = away
        .iter()
        .find(|absence| absence.person == person && absence.since == since && absence.stand_in.as_ref() == Some(other));
    Ok(match (current, drawn) {
        (None, Drawn::First) => None,
        (current, Drawn::First | Drawn::Again) => Some(stands_in(&person, current.map(|absence| absence.until), names)),
    })
}

impl Telling<'_> {
    /// Who stands in is told, gets what waits, and reads when it is over; cards say who can decide.
    pub(super) fn away_changed(&self, tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
        let (person, absence) = match event {
            Event::AwayDeclared { absence } => (&absence.person, Some(absence)),
            Event::AwayOver { person, .. } => (person, None),
            _ => return Ok(()),
        };
        for key in tx.messages_about(person.as_str())? {
            if let Some(kind @ Kind::StandsIn(_)) = Kind::read(&key.kind) {
                tx.mark_stale(&key, kind.style(), self.at)?;
            }
        }
        let stand_in = absence.and_then(|absence| Some((absence, absence.stand_in.as_ref()?)));
        if let Some((absence, stand_in)) = stand_in {
            self.mark(tx, &Kind::StandsIn(absence.since), person, Audience::Person(stand_in.clone()))?;
        }
        let Some(set) = self.set else { return Ok(()) };
        let outside = Outside::assumed_active().with_away(tx.away(self.at)?);
        for request in tx.pending_requests(LOOKED_THROUGH_MAX)? {
            let voters = voters(set, &request, &outside);
            if !voters.iter().any(|voters| voters.contains(person)) {
                continue;
            }
            self.request_changed(tx, request.id)?;
            let others = stand_in.map(|(_, other)| other).filter(|other| voters.iter().any(|voters| voters.contains(other)));
            let has_no_channel = request
                .terms
                .wanted()
                .iter()
                .any(|part| set.resource(&part.resource).is_none_or(|resource| resource.channel.is_none()));
            if let Some(other) = others.filter(|_| has_no_channel) {
                self.mark(tx, &Kind::Card, request.id, Audience::Person(other.clone()))?;
            }
        }
        Ok(())
    }
}

fn voters(set: &PolicySet, request: &Request, outside: &Outside) -> Vec<Electors> {
    electorate(set, &request.steps_asked(), &request.terms.subject, &request.filed_by, outside, request.asked_at)
}
