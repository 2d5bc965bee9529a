//! Which messages there are, by kind, and which of them an event makes stale. The text is drawn at delivery (`render`).

use std::collections::BTreeSet;

use crate::access::entitlement::Holding;
use crate::access::event::Event;
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::time::Timestamp;
use crate::policy::PolicySet;
use crate::store::outbox::{Audience, MessageKey, MessageKind, Style};
use crate::store::{StoreError, Tx};

/// The kinds of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The card of a request, for those who decide. Redrawn.
    Card,
    /// The requester's own message about a request and its access. Redrawn.
    Status,
    /// News for the requester about a request: decided, expired.
    Decided,
    /// News for the requester about a grant: in force, ended, failed.
    News(Moment),
    /// The warning before this end.
    Warning(Timestamp),
    /// The alarm over a late removal, the how-manieth.
    Overdue(u32),
    /// The end of such an alarm.
    OverdueIsOver,
    /// What a provider shows differs from what it should.
    Drifted,
    /// A provider is another server than it was.
    ProviderMoved,
    /// Something bears our mark at a provider and is in no row: provider, account and thing, one a line.
    LeftOver,
    /// The clock contradicts itself, since this time.
    ClockSuspect(Timestamp),
    /// It agrees again, since this time.
    ClockSound(Timestamp),
    /// New policy files were refused, at this time; what it is about is the first problem.
    PolicyRefused(Timestamp),
    /// Other policy files came in force, at this time; what it is about is what that changes, one a line.
    PolicyChanged(Timestamp),
    /// Something of one person ended early, at this time; what it is about is `Cut`.
    CutShort(Timestamp),
    /// Something was found about a request that was decided before, at this time: the request, and what.
    Finding(Timestamp),
}

/// What the requester is told of a grant by a new message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It is in force.
    InForce,
    /// It has more time.
    Extended,
    /// It is over, or could not be given.
    Over,
}

impl Kind {
    /// The kind as the outbox stores it.
    pub fn name(&self) -> MessageKind {
        MessageKind(match self {
            Kind::Card => "card".to_owned(),
            Kind::Status => "status".to_owned(),
            Kind::Decided => "decided".to_owned(),
            Kind::News(Moment::InForce) => "news/in_force".to_owned(),
            Kind::News(Moment::Extended) => "news/extended".to_owned(),
            Kind::News(Moment::Over) => "news/over".to_owned(),
            Kind::Warning(end) => format!("warning/{}", end.as_millis()),
            Kind::Overdue(alarm) => format!("overdue/{alarm}"),
            Kind::OverdueIsOver => "overdue_is_over".to_owned(),
            Kind::Drifted => "drifted".to_owned(),
            Kind::ProviderMoved => "provider_moved".to_owned(),
            Kind::LeftOver => "left_over".to_owned(),
            Kind::ClockSuspect(at) => format!("clock_suspect/{}", at.as_millis()),
            Kind::ClockSound(at) => format!("clock_sound/{}", at.as_millis()),
            Kind::PolicyRefused(at) => format!("policy_refused/{}", at.as_millis()),
            Kind::PolicyChanged(at) => format!("policy_changed/{}", at.as_millis()),
            Kind::CutShort(at) => format!("cut_short/{}", at.as_millis()),
            Kind::Finding(at) => format!("finding/{}", at.as_millis()),
        })
    }

    /// The kind that was stored; `None` for one that this version does not know.
    pub fn read(name: &MessageKind) -> Option<Kind> {
        let (word, detail) = name.0.split_once('/').map_or((name.0.as_str(), None), |(word, detail)| (word, Some(detail)));
        let at = || detail?.parse().ok().map(Timestamp::from_millis);
        match (word, detail) {
            ("card", None) => Some(Kind::Card),
            ("status", None) => Some(Kind::Status),
            ("decided", None) => Some(Kind::Decided),
            ("news", Some("in_force")) => Some(Kind::News(Moment::InForce)),
            ("news", Some("extended")) => Some(Kind::News(Moment::Extended)),
            ("news", Some("over")) => Some(Kind::News(Moment::Over)),
            ("warning", _) => at().map(Kind::Warning),
            ("overdue", Some(alarm)) => alarm.parse().ok().map(Kind::Overdue),
            ("overdue_is_over", None) => Some(Kind::OverdueIsOver),
            ("drifted", None) => Some(Kind::Drifted),
            ("provider_moved", None) => Some(Kind::ProviderMoved),
            ("left_over", None) => Some(Kind::LeftOver),
            ("clock_suspect", _) => at().map(Kind::ClockSuspect),
            ("clock_sound", _) => at().map(Kind::ClockSound),
            ("policy_refused", _) => at().map(Kind::PolicyRefused),
            ("policy_changed", _) => at().map(Kind::PolicyChanged),
            ("cut_short", _) => at().map(Kind::CutShort),
            ("finding", _) => at().map(Kind::Finding),
            _ => None,
        }
    }

    /// Whether it follows the state of what it is about.
    pub fn style(&self) -> Style {
        match self {
            // What has buttons loses them when they would do nothing any more.
            Kind::Card | Kind::Status | Kind::News(Moment::InForce) | Kind::Warning(_) => Style::Convergent,
            Kind::Decided
            | Kind::News(Moment::Extended | Moment::Over)
            | Kind::Overdue(_)
            | Kind::OverdueIsOver
            | Kind::Drifted
            | Kind::ProviderMoved
            | Kind::LeftOver
            | Kind::ClockSuspect(_)
            | Kind::ClockSound(_)
            | Kind::PolicyRefused(_)
            | Kind::PolicyChanged(_)
            | Kind::CutShort(_)
            | Kind::Finding(_) => Style::Once,
        }
    }
}

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
        let resource = self.set.and_then(|set| set.resource(&request.terms.resource));
        match resource.and_then(|resource| resource.channel.clone()) {
            Some(channel) => self.mark(tx, &Kind::Card, id, Audience::Channel(channel))?,
            None => {
                for person in deciders {
                    self.mark(tx, &Kind::Card, id, Audience::Person(person.clone()))?;
                }
            }
        }
        for person in BTreeSet::from([request.terms.subject, request.filed_by]) {
            self.mark(tx, &Kind::Status, id, Audience::Person(person))?;
        }
        Ok(())
    }

    /// Marks what this event, already recorded, makes stale.
    pub fn tell(&self, tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
        match event {
            Event::ApprovalGiven { request, .. }
            | Event::ApprovalVoided { request, .. }
            | Event::StepsRaised { request, .. }
            | Event::RequestEndLowered { request, .. }
            | Event::RequestApproved { request, .. } => self.request_changed(tx, *request),
            Event::RequestDenied { request, .. }
            | Event::RequestCancelled { request, .. }
            | Event::RequestExpired { request, .. }
            | Event::RequestInvalidated { request, .. }
            | Event::RequestLapsed { request, .. } => self.decided(tx, *request),
            Event::GrantActivated { grant, .. } => self.news(tx, *grant, Moment::InForce),
            Event::GrantExtended { grant, request, .. } => {
                self.request_changed(tx, *request)?;
                self.news(tx, *grant, Moment::Extended)
            }
            Event::GrantEnded { grant, .. } | Event::GrantFailed { grant, .. } => self.news(tx, *grant, Moment::Over),
            Event::GrantWarned { grant } => self.warn(tx, *grant),
            Event::GrantOverdue { grant, alarm } => self.overdue(tx, *grant, &Kind::Overdue(*alarm)),
            Event::GrantDrifted { grant, .. } => {
                self.grant_changed(tx, *grant)?;
                self.alarm(tx, &Kind::Drifted, grant)
            }
            Event::ProviderMoved { entitlement, .. } => self.moved(tx, *entitlement),
            Event::GrantProvisioning { grant, .. }
            | Event::GrantAwaitsPerson { grant, .. }
            | Event::GrantEndLowered { grant, .. }
            | Event::GrantRevoking { grant, .. }
            | Event::GrantCut { grant, .. }
            | Event::GrantVoided { grant, .. }
            | Event::ExtensionAgreed { grant, .. } => self.grant_changed(tx, *grant),
            Event::ClockSuspect { wall, .. } => self.alarm(tx, &Kind::ClockSuspect(*wall), "clock"),
            Event::ClockSound { wall } => self.alarm(tx, &Kind::ClockSound(*wall), "clock"),
            Event::PolicyRefused { problem, .. } => self.alarm(tx, &Kind::PolicyRefused(self.at), problem),
            Event::PolicyLoaded { changes, .. } if changes.is_empty() => Ok(()),
            Event::PolicyLoaded { changes, .. } => self.alarm(tx, &Kind::PolicyChanged(self.at), changes.join("\n")),
            Event::Finding { request, what } => self.alarm(tx, &Kind::Finding(self.at), format!("{request} {what}")),
            Event::RequestAsked { .. }
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
            | Event::Owed { .. }
            | Event::Paid { .. }
            | Event::CallStarted { .. }
            | Event::CallOver { .. }
            | Event::Refused { .. }
            | Event::Started { .. } => Ok(()),
        }
    }

    fn decided(&self, tx: &mut Tx<'_>, id: RequestId) -> Result<(), StoreError> {
        self.request_changed(tx, id)?;
        let Some(request) = tx.request(id)? else { return Ok(()) };
        for person in BTreeSet::from([request.terms.subject, request.filed_by]) {
            self.mark(tx, &Kind::Decided, id, Audience::Person(person))?;
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
        let about = match moment {
            Moment::InForce | Moment::Over => id.to_string(),
            // An end can be moved more than once.
            Moment::Extended => format!("{id} {}", grant.latest_end.as_millis()),
        };
        self.mark(tx, &Kind::News(moment), about, Audience::Person(grant.person))
    }

    fn warn(&self, tx: &mut Tx<'_>, id: GrantId) -> Result<(), StoreError> {
        let Some(grant) = tx.grant(id)? else { return Ok(()) };
        let crate::access::grant::GrantState::Active { ends_at, .. } = grant.state else { return Ok(()) };
        self.mark(tx, &Kind::Warning(ends_at), id, Audience::Person(grant.person))
    }

    /// Owners and the security channel.
    fn overdue(&self, tx: &mut Tx<'_>, id: GrantId, kind: &Kind) -> Result<(), StoreError> {
        self.grant_changed(tx, id)?;
        self.alarm(tx, kind, id)?;
        let Some(grant) = tx.grant(id)? else { return Ok(()) };
        let Some(request) = tx.request(grant.request)? else { return Ok(()) };
        let Some(resource) = self.set.and_then(|set| set.resource(&request.terms.resource)) else { return Ok(()) };
        let owners = resource.owners.iter().filter_map(|group| self.set?.members(&group.value)).flatten();
        let owners: BTreeSet<PersonId> = owners.cloned().collect();
        match &resource.channel {
            Some(channel) => self.mark(tx, kind, id, Audience::Channel(channel.clone())),
            None => owners.into_iter().try_for_each(|owner| self.mark(tx, kind, id, Audience::Person(owner))),
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
