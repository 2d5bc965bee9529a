//! Which messages an event makes stale, marked in the transaction that records it. What they say is drawn at delivery (`render`).

use std::collections::BTreeSet;

use crate::access::entitlement::Holding;
use crate::access::event::Event;
use crate::access::grant::{EndCause, Grant, GrantState, Warning};
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::remind::Reminder;
use crate::access::request::{Part, Request};
use crate::access::talk::{Said, Shortened};
use crate::access::time::Timestamp;
use crate::policy::PolicySet;
use crate::slack::say::digest::Draining;
use crate::store::outbox::{Audience, MessageKey, Style};
use crate::store::{StoreError, Tx};

use super::messages::{Kind, Moment};
use super::remind::Reached;

/// Marks messages as stale within a transaction.
pub struct Telling<'a> {
    /// The set in force; without one, owners are not known and the security channel is told alone.
    pub set: Option<&'a PolicySet>,
    /// Where alarms go.
    pub security_channel: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

impl Telling<'_> {
    /// Marks one message.
    pub fn mark(&self, tx: &mut Tx<'_>, kind: &Kind, about: impl ToString, audience: Audience) -> Result<(), StoreError> {
        let key = MessageKey { kind: kind.name(), about: about.to_string(), audience };
        tx.mark_stale(&key, kind.style(), self.at)
    }

    /// Tells the security channel.
    pub fn alarm(&self, tx: &mut Tx<'_>, kind: &Kind, about: impl ToString) -> Result<(), StoreError> {
        match self.security_channel {
            Some(channel) => self.mark(tx, kind, about, Audience::Channel(channel.to_owned())),
            None => Ok(()),
        }
    }

    /// Whatever was said of a request and its grants, and follows their state.
    pub fn request_changed(&self, tx: &mut Tx<'_>, id: RequestId) -> Result<(), StoreError> {
        let mut abouts = vec![id.to_string()];
        for grant in tx.grants_of_request(id)? {
            abouts.push(grant.id.to_string());
            // Whoever extended it shows it as well.
            abouts.extend(tx.extended_by(grant.id)?.iter().map(ToString::to_string));
            abouts.extend(tx.locks_ending(grant.id)?.iter().map(ToString::to_string));
        }
        for about in abouts {
            for key in tx.messages_about(&about)? {
                let style = Kind::read(&key.kind).map(|kind| kind.style());
                if style == Some(Style::Convergent) {
                    tx.mark_stale(&key, Style::Convergent, self.at)?;
                }
            }
        }
        Ok(())
    }

    /// The cards for those who decide: in the resource's channel, else for each of them.
    pub fn ask(&self, tx: &mut Tx<'_>, id: RequestId, deciders: &BTreeSet<PersonId>) -> Result<(), StoreError> {
        let Some(request) = tx.request(id)? else { return Ok(()) };
        let wanted = request.terms.wanted();
        let channel_of = |part: &Part| self.set?.resource(&part.resource)?.channel.clone();
        let channels: BTreeSet<String> = wanted.iter().filter_map(channel_of).collect();
        for channel in channels {
            self.mark(tx, &Kind::Card, id, Audience::Channel(channel))?;
        }
        // Where a part has no channel, nobody who decides may miss it.
        if wanted.iter().any(|part| channel_of(part).is_none()) {
            for person in deciders {
                self.mark(tx, &Kind::Card, id, Audience::Person(person.clone()))?;
            }
        }
        for person in BTreeSet::from([request.terms.subject, request.filed_by]) {
            self.mark(tx, &Kind::Status, id, Audience::Person(person))?;
        }
        Ok(())
    }

    /// Marks what this event, already recorded, makes stale.
    #[expect(
        clippy::too_many_lines,
        reason = "every variant is named, in one exhaustive match: a new one must break the build here"
    )]
    pub fn tell(&self, tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
        match event {
            Event::ApprovalGiven { request, .. }
            | Event::ApprovalVoided { request, .. }
            | Event::StepsRaised { request, .. }
            | Event::PartsChanged { request, .. }
            | Event::RequestEndLowered { request, .. }
            | Event::StepsWidened { request, .. }
            | Event::StepsNarrowed { request }
            | Event::PageMade { request, .. }
            | Event::RequestApproved { request, .. } => self.request_changed(tx, *request),
            Event::RequestShortened { request, shortened, .. } => self.shortened(tx, *request, shortened),
            Event::Talked { request, said } => self.talked(tx, *request, said),
            Event::WordsErased { request, .. } | Event::ReviewWordsErased { request, .. } => self.erased(tx, *request),
            Event::RequestReminded { request, at, reminder } => self.reminded(tx, *request, *at, reminder),
            Event::RequestDenied { request, .. }
            | Event::RequestCancelled { request, .. }
            | Event::RequestExpired { request, .. }
            | Event::RequestInvalidated { request, .. }
            | Event::RequestLapsed { request, .. } => self.decided(tx, *request),
            Event::ReviewOpened { review } => self.alarm(tx, &Kind::Glass, review.request),
            Event::ReviewOverdue { request, alarm } => self.review_overdue(tx, *request, *alarm),
            Event::ReviewClosed { request, .. } => self.reviewed(tx, *request),
            Event::GrantActivated { grant, .. } => self.news(tx, *grant, Moment::InForce),
            Event::GrantExtended { grant, request, .. } => self.extended(tx, *grant, *request),
            Event::GrantEnded { grant, .. } | Event::GrantFailed { grant, .. } => self.news(tx, *grant, Moment::Over),
            Event::GrantVoided { grant, .. } => self.voided(tx, *grant),
            Event::GrantWarned { grant } => self.warn(tx, *grant),
            Event::GrantOverdue { grant, alarm } => self.overdue(tx, *grant, &Kind::Overdue(*alarm)),
            Event::GrantDrifted { grant, .. } => self.drifted(tx, *grant),
            Event::SecretLinked { .. } | Event::SecretShown { .. } | Event::SecretAskedAgain { .. } => self.secret(tx, event),
            Event::ProviderMoved { entitlement, .. } => self.moved(tx, *entitlement),
            Event::GrantProvisioning { grant, .. }
            | Event::GrantAwaitsPerson { grant, .. }
            | Event::GrantEndLowered { grant, .. }
            | Event::GrantRevoking { grant, .. }
            | Event::GrantCut { grant, .. }
            | Event::ExtensionAgreed { grant, .. } => self.grant_changed(tx, *grant),
            Event::ClockSuspect { wall, .. } => self.alarm(tx, &Kind::ClockSuspect(*wall), "clock"),
            Event::ClockSound { wall } => self.alarm(tx, &Kind::ClockSound(*wall), "clock"),
            Event::PolicyRefused { problem, .. } => self.alarm(tx, &Kind::PolicyRefused(self.at), problem),
            Event::PolicyLoaded { changes, .. } if changes.is_empty() => Ok(()),
            Event::PolicyLoaded { changes, .. } => self.alarm(tx, &Kind::PolicyChanged(self.at), changes.join("\n")),
            Event::Finding { request, what } => self.alarm(tx, &Kind::Finding(self.at), format!("{request} {what}")),
            Event::AwayDeclared { .. } | Event::AwayOver { .. } => self.away_changed(tx, event),
            Event::DrainBegan => self.alarm(tx, &Kind::Draining(self.at), Draining::Began.word()),
            Event::DrainUndone => self.alarm(tx, &Kind::Draining(self.at), Draining::Undone.word()),
            Event::LockSet { .. }
            | Event::LockReached { .. }
            | Event::LockLifted { .. }
            | Event::LockRanOut { .. }
            | Event::LockCleared { .. }
            | Event::LockWordsErased { .. } => self.tell_of_lock(tx, event),
            Event::RequestAsked { .. }
            | Event::PageOwed { .. }
            | Event::PageResolved { .. }
            | Event::GrantPlanned { .. }
            | Event::GrantChecking { .. }
            | Event::GrantResultUnknown { .. }
            | Event::GrantRecheckDue { .. }
            | Event::GrantRechecked { .. }
            | Event::EntitlementAdded { .. }
            | Event::EntitlementDescribed { .. }
            | Event::PriorRead { .. }
            | Event::PriorLost { .. }
            | Event::Retargeted { .. }
            | Event::Verified { .. }
            | Event::AtRest { .. }
            | Event::TroubleSeen { .. }
            | Event::Queued { .. }
            | Event::Refused { .. }
            | Event::EndReason { .. }
            | Event::Erased { .. }
            | Event::Started { .. } => Ok(()),
        }
    }

    /// The reminder for those who are awaited, and the card for those who are asked from now on.
    pub(super) fn remind(&self, tx: &mut Tx<'_>, id: RequestId, at: Timestamp, reached: &Reached) -> Result<(), StoreError> {
        for person in &reached.newly {
            self.mark(tx, &Kind::Card, id, Audience::Person(person.clone()))?;
        }
        for person in &reached.again {
            self.mark(tx, &Kind::Reminder(at), id, Audience::Person(person.clone()))?;
        }
        Ok(())
    }

    /// Whoever asked for the access reads that it will be less, unless that comes with the decision.
    fn shortened(&self, tx: &mut Tx<'_>, id: RequestId, shortened: &Shortened) -> Result<(), StoreError> {
        self.request_changed(tx, id)?;
        self.news_of_request(tx, id, &Kind::Less(shortened.at))
    }

    /// A question goes to whoever asked for the access, its answer to whoever asked it, and a card to whom it was passed on. How much
    /// an access was is asked and answered where it stands.
    fn talked(&self, tx: &mut Tx<'_>, id: RequestId, said: &Said) -> Result<(), StoreError> {
        self.request_changed(tx, id)?;
        match said {
            Said::Asked { number, .. } => self.news_of_request(tx, id, &Kind::Question(*number)),
            Said::Answered { number, .. } => {
                let request = tx.request(id)?;
                let Some(question) = request.as_ref().and_then(|request| request.talk.question(*number)) else { return Ok(()) };
                self.mark(tx, &Kind::Answered(*number), id, Audience::Person(question.by.clone()))
            }
            Said::PassedOn { to, .. } => self.mark(tx, &Kind::PassedOn, id, Audience::Person(to.clone())),
            Said::FeedbackAsked { .. } | Said::FeedbackGiven { .. } => Ok(()),
        }
    }

    /// Whoever asked is told of what happens by itself; what they did they know.
    fn reminded(&self, tx: &mut Tx<'_>, id: RequestId, at: Timestamp, reminder: &Reminder) -> Result<(), StoreError> {
        self.request_changed(tx, id)?;
        match reminder {
            Reminder::First | Reminder::Second => self.news_of_request(tx, id, &Kind::StillWaiting(at)),
            Reminder::ByHand(_) => Ok(()),
        }
    }

    /// Whatever repeats what was typed is drawn anew, also what is otherwise said once and left.
    fn erased(&self, tx: &mut Tx<'_>, id: RequestId) -> Result<(), StoreError> {
        self.request_changed(tx, id)?;
        for kind in [Kind::Decided, Kind::Reviewed] {
            for key in tx.message_keys(&kind.name(), &id.to_string())? {
                tx.redraw_copies(&key, self.at)?;
            }
        }
        Ok(())
    }

    fn drifted(&self, tx: &mut Tx<'_>, id: GrantId) -> Result<(), StoreError> {
        self.grant_changed(tx, id)?;
        self.alarm(tx, &Kind::Drifted, id)
    }

    /// That a secret was shown its person reads in its place; that the link was used again is an alarm. A link is between two.
    fn secret(&self, tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
        match event {
            Event::SecretShown { grant, .. } => self.grant_changed(tx, *grant),
            Event::SecretAskedAgain { grant, .. } => self.alarm(tx, &Kind::SecretAskedAgain, grant),
            _ => Ok(()),
        }
    }

    fn decided(&self, tx: &mut Tx<'_>, id: RequestId) -> Result<(), StoreError> {
        self.request_changed(tx, id)?;
        self.news_of_request(tx, id, &Kind::Decided)
    }

    fn news_of_request(&self, tx: &mut Tx<'_>, id: RequestId, kind: &Kind) -> Result<(), StoreError> {
        let Some(request) = tx.request(id)? else { return Ok(()) };
        for person in BTreeSet::from([request.terms.subject, request.filed_by]) {
            self.mark(tx, kind, id, Audience::Person(person))?;
        }
        Ok(())
    }

    fn grant_changed(&self, tx: &mut Tx<'_>, id: GrantId) -> Result<(), StoreError> {
        match tx.grant(id)? {
            Some(grant) => self.request_changed(tx, grant.request),
            None => Ok(()),
        }
    }

    fn news(&self, tx: &mut Tx<'_>, id: GrantId, moment: Moment) -> Result<(), StoreError> {
        self.grant_changed(tx, id)?;
        let Some(grant) = tx.grant(id)? else { return Ok(()) };
        let of_grant = tx.messages_about(&id.to_string())?;
        let alarmed = of_grant.iter().any(|key| matches!(Kind::read(&key.kind), Some(Kind::Overdue(_))));
        if moment == Moment::Over && alarmed {
            self.overdue(tx, id, &Kind::OverdueIsOver)?;
        }
        if let Some(whole) = self.whole_of(tx, &grant)? {
            return self.news_of_whole(tx, &whole, &grant);
        }
        let about = match moment {
            Moment::InForce | Moment::Over => id.to_string(),
            // An end can be moved more than once.
            Moment::Extended => format!("{id} {}", grant.latest_end.as_millis()),
        };
        self.mark(tx, &Kind::News(moment), about, Audience::Person(grant.person))
    }

    fn extended(&self, tx: &mut Tx<'_>, grant: GrantId, by: RequestId) -> Result<(), StoreError> {
        self.request_changed(tx, by)?;
        self.news(tx, grant, Moment::Extended)
    }

    /// The bundle that a grant is a part of.
    fn whole_of(&self, tx: &Tx<'_>, grant: &Grant) -> Result<Option<Request>, StoreError> {
        Ok(tx.request(grant.request)?.filter(|request| request.terms.is_bundle()))
    }

    /// Of a bundle it is told when all of it is in force and when all of it is over; of a part only what concerns it alone while
    /// others go on. What is rolled back is told once it is gone.
    fn news_of_whole(&self, tx: &mut Tx<'_>, whole: &Request, grant: &Grant) -> Result<(), StoreError> {
        let grants = tx.grants_of_request(whole.id)?;
        let goes_on = grants.iter().any(Grant::is_active);
        let coming_or_leaving = |grant: &Grant| !grant.gives_no_more() && !grant.is_active();
        let all_there = grants.iter().all(Grant::came_in_force) && !grants.iter().any(coming_or_leaving);
        let person = Audience::Person(grant.person.clone());
        if grants.iter().all(Grant::gives_no_more) {
            self.mark(tx, &Kind::News(Moment::Over), whole.id, person)
        } else if all_there && (grant.is_active() || held_before(grant)) {
            self.mark(tx, &Kind::News(Moment::InForce), whole.id, person)
        } else if goes_on && grant.gives_no_more() && grant.came_in_force() && !held_before(grant) {
            self.mark(tx, &Kind::News(Moment::Over), grant.id, person)
        } else {
            Ok(())
        }
    }

    /// A part of a bundle that is given up may be the last that was under way.
    fn voided(&self, tx: &mut Tx<'_>, id: GrantId) -> Result<(), StoreError> {
        self.grant_changed(tx, id)?;
        let Some(grant) = tx.grant(id)? else { return Ok(()) };
        let Some(whole) = self.whole_of(tx, &grant)? else { return Ok(()) };
        // When nothing was ever sent for any part, the request itself ends, and that is told.
        let void = |grant: &Grant| matches!(grant.state, GrantState::Void { .. });
        if tx.grants_of_request(whole.id)?.iter().all(void) { Ok(()) } else { self.news_of_whole(tx, &whole, &grant) }
    }

    fn warn(&self, tx: &mut Tx<'_>, id: GrantId) -> Result<(), StoreError> {
        let Some(grant) = tx.grant(id)? else { return Ok(()) };
        let Some(ends_at) = grant.ends_at() else { return Ok(()) };
        let grants = tx.grants_of_request(grant.request)?;
        if grants.iter().any(|other| other.id != id && was_warned(other) && end_together(other, &grant)) {
            return Ok(());
        }
        self.mark(tx, &Kind::Warning(ends_at), id, Audience::Person(grant.person))
    }

    /// Owners and the security channel.
    fn overdue(&self, tx: &mut Tx<'_>, id: GrantId, kind: &Kind) -> Result<(), StoreError> {
        self.grant_changed(tx, id)?;
        self.alarm(tx, kind, id)?;
        let Some(grant) = tx.grant(id)? else { return Ok(()) };
        let Some(request) = tx.request(grant.request)? else { return Ok(()) };
        let part = request.part_of(id);
        let Some(resource) = self.set.and_then(|set| set.resource(&part.resource)) else { return Ok(()) };
        match &resource.channel {
            Some(channel) => self.mark(tx, kind, id, Audience::Channel(channel.clone())),
            None => {
                let owners = self.set.map(|set| set.owners_of(&part.resource)).unwrap_or_default();
                owners.into_iter().try_for_each(|owner| self.mark(tx, kind, id, Audience::Person(owner)))
            }
        }
    }

    fn moved(&self, tx: &mut Tx<'_>, id: crate::access::ids::EntitlementId) -> Result<(), StoreError> {
        let Some(Holding { entitlement, grants }) = tx.holding(id)? else { return Ok(()) };
        for grant in grants {
            self.grant_changed(tx, grant.id)?;
        }
        self.alarm(tx, &Kind::ProviderMoved, &entitlement.description.provider)
    }
}

/// Parts of a bundle that end within this time of each other are told to end together.
const TOGETHER: std::time::Duration = std::time::Duration::from_secs(60);

/// Whether both are in force and end at much the same time.
pub(super) fn end_together(one: &Grant, other: &Grant) -> bool {
    match (one.ends_at(), other.ends_at()) {
        (Some(one), Some(other)) => one.since(other).max(other.since(one)) < TOGETHER,
        (None, _) | (_, None) => false,
    }
}

fn was_warned(grant: &Grant) -> bool {
    matches!(grant.state, GrantState::Active { warning: Warning::Given, .. })
}

fn held_before(grant: &Grant) -> bool {
    matches!(&grant.state, GrantState::Ended(ended) if ended.cause == EndCause::HeldBefore)
}
