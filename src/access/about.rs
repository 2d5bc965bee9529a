//! What an event is about, and who made it happen: what every line of the audit log says beside the event itself.

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::ids::{EntitlementId, GrantId, LockId, PersonId, RequestId};

/// What an event changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum About {
    /// A request.
    Request(RequestId),
    /// The review of a request.
    Review(RequestId),
    /// A grant.
    Grant(GrantId),
    /// An entitlement.
    Entitlement(EntitlementId),
    /// A lock.
    Lock(LockId),
    /// No row: it is only said.
    Nothing,
}

/// Who made something happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person.
    Person(PersonId),
    /// Somebody whose account belongs to no person we know (`T0TEAM/U0USER`).
    Account(String),
    /// A person, by a command on the host that Daypass runs on, and not in Slack.
    Host(PersonId),
    /// A user of that host who is no person we know (`root`).
    HostUser(String),
    /// Daypass itself: time passed, or a provider answered.
    Daypass,
}

impl Actor {
    /// The person, wherever they act.
    pub fn person(&self) -> Option<&PersonId> {
        match self {
            Actor::Person(person) | Actor::Host(person) => Some(person),
            Actor::Account(_) | Actor::HostUser(_) | Actor::Daypass => None,
        }
    }
}

impl Event {
    /// The row that this event changes or creates.
    #[expect(
        clippy::too_many_lines,
        reason = "every variant is named, in one exhaustive match: a new one must break the build here"
    )]
    pub fn about(&self) -> About {
        match self {
            Event::RequestAsked { request } => About::Request(request.id),
            Event::ApprovalGiven { request, .. }
            | Event::ApprovalVoided { request, .. }
            | Event::StepsRaised { request, .. }
            | Event::PartsChanged { request, .. }
            | Event::RequestEndLowered { request, .. }
            | Event::RequestShortened { request, .. }
            | Event::Talked { request, .. }
            | Event::StepsWidened { request, .. }
            | Event::StepsNarrowed { request }
            | Event::RequestReminded { request, .. }
            | Event::PageOwed { request, .. }
            | Event::PageMade { request, .. }
            | Event::PageResolved { request, .. }
            | Event::RequestApproved { request, .. }
            | Event::RequestDenied { request, .. }
            | Event::RequestCancelled { request, .. }
            | Event::RequestExpired { request, .. }
            | Event::RequestInvalidated { request, .. }
            | Event::WordsErased { request, .. }
            | Event::RequestLapsed { request, .. } => About::Request(*request),
            Event::ReviewOpened { review } => About::Review(review.request),
            Event::ReviewOverdue { request, .. }
            | Event::ReviewClosed { request, .. }
            | Event::ReviewWordsErased { request, .. } => About::Review(*request),
            Event::LockSet { lock } => About::Lock(lock.id),
            Event::LockReached { lock, .. }
            | Event::LockLifted { lock, .. }
            | Event::LockRanOut { lock, .. }
            | Event::LockCleared { lock, .. }
            | Event::LockWordsErased { lock, .. } => About::Lock(*lock),
            Event::GrantPlanned { grant } => About::Grant(grant.id),
            Event::GrantChecking { grant, .. }
            | Event::GrantProvisioning { grant, .. }
            | Event::GrantResultUnknown { grant, .. }
            | Event::GrantAwaitsPerson { grant, .. }
            | Event::GrantActivated { grant, .. }
            | Event::SecretLinked { grant, .. }
            | Event::SecretShown { grant, .. }
            | Event::SecretAskedAgain { grant, .. }
            | Event::GrantWarned { grant }
            | Event::ExtensionAgreed { grant, .. }
            | Event::GrantExtended { grant, .. }
            | Event::GrantEndLowered { grant, .. }
            | Event::GrantDrifted { grant, .. }
            | Event::GrantRevoking { grant, .. }
            | Event::GrantCut { grant, .. }
            | Event::GrantOverdue { grant, .. }
            | Event::GrantEnded { grant, .. }
            | Event::GrantVoided { grant, .. }
            | Event::GrantFailed { grant, .. }
            | Event::GrantRecheckDue { grant }
            | Event::GrantRechecked { grant } => About::Grant(*grant),
            Event::EntitlementAdded { entitlement } => About::Entitlement(entitlement.id),
            Event::EntitlementDescribed { entitlement, .. }
            | Event::PriorRead { entitlement, .. }
            | Event::PriorLost { entitlement }
            | Event::Retargeted { entitlement, .. }
            | Event::Verified { entitlement, .. }
            | Event::AtRest { entitlement }
            | Event::ProviderMoved { entitlement, .. }
            | Event::TroubleSeen { entitlement, .. }
            | Event::Queued { entitlement, .. } => About::Entitlement(*entitlement),
            Event::Refused { .. }
            | Event::PolicyLoaded { .. }
            | Event::Finding { .. }
            | Event::EndReason { .. }
            | Event::AwayDeclared { .. }
            | Event::AwayOver { .. }
            | Event::DrainBegan
            | Event::DrainUndone
            | Event::Erased { .. }
            | Event::PolicyRefused { .. }
            | Event::Started { .. }
            | Event::ClockSuspect { .. }
            | Event::ClockSound { .. } => About::Nothing,
        }
    }

    /// Whether the audit log keeps it; bookkeeping of the queue is only in the rows.
    pub fn is_audited(&self) -> bool {
        !matches!(self, Event::Queued { .. })
    }
}
