//! Why something ended or never began.

use super::Say;
use crate::access::grant::{EndCause, VoidCause};

impl Say<'_> {
    pub(super) fn end_cause(&self, cause: &EndCause) -> String {
        match cause {
            EndCause::TimeOver => "its time was over".to_owned(),
            EndCause::HandedBack => "the person handed it back".to_owned(),
            EndCause::RevokedBy(by) => format!("{} revoked it", self.name(by)),
            EndCause::Withdrawn(by) => format!("{} withdrew the request", self.name(by)),
            EndCause::StartMissed => "it was not in force in time".to_owned(),
            EndCause::ContractEnded => "the contract ended".to_owned(),
            EndCause::PersonDeactivated => "the account was deactivated".to_owned(),
            EndCause::Drained => "Daypass is being taken out of service".to_owned(),
            EndCause::Locked(lock, by) => format!("{} locked it ({lock})", self.name(by)),
            EndCause::PolicyForbids(why) => format!("the policy says no now ({why})"),
            EndCause::SiblingFailed(grant) => format!("{grant} of the same request failed"),
            EndCause::RemovedOutside => "somebody removed it at the provider".to_owned(),
            EndCause::LandedLate => "a call thought to have failed landed late".to_owned(),
            EndCause::HeldBefore => "held before, left in place".to_owned(),
        }
    }

    pub(super) fn void_cause(&self, cause: &VoidCause) -> String {
        match cause {
            VoidCause::By(by) => format!("by {}", self.name(by)),
            VoidCause::Lapsed => "it could not begin in time".to_owned(),
            VoidCause::PolicyForbids(why) => format!("the policy says no now ({why})"),
            VoidCause::ContractEnded => "the contract ended".to_owned(),
            VoidCause::PersonDeactivated => "the account was deactivated".to_owned(),
            VoidCause::Drained => "Daypass is being taken out of service".to_owned(),
            VoidCause::Locked(lock, by) => format!("{} locked it ({lock})", self.name(by)),
            VoidCause::SiblingFailed(grant) => format!("{grant} of the same request failed"),
        }
    }
}
