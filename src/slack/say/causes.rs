//! Why things ended, failed or never began, each as the end of a sentence.

use super::names::Names;
use crate::access::grant::{EndCause, FailCause, Proof, VoidCause};

/// Why an access ends: "because …".
pub fn end_cause(cause: &EndCause, names: &Names) -> String {
    match cause {
        EndCause::TimeOver => "its time was over".to_owned(),
        EndCause::HandedBack => "it was handed back".to_owned(),
        EndCause::RevokedBy(person) => format!("{} revoked it", names.person(person)),
        EndCause::Withdrawn(person) => format!("{} withdrew the request", names.person(person)),
        EndCause::StartMissed => "it was not in force in time".to_owned(),
        EndCause::ContractEnded => "the contract ended".to_owned(),
        EndCause::PersonDeactivated => "the account was deactivated".to_owned(),
        EndCause::Drained => "Daypass is being taken out of service".to_owned(),
        EndCause::Locked(_, by) => format!("{} locked it", names.person(by)),
        EndCause::PolicyForbids(why) => format!("the policy says no now ({why})"),
        EndCause::SiblingFailed(grant) => format!("{}, which belongs to it, is not in force", names.grant(*grant)),
        EndCause::RemovedOutside => "somebody removed it at the provider".to_owned(),
        EndCause::LandedLate => "it appeared after it was given up".to_owned(),
        EndCause::HeldBefore => "it was there before, and is left in place".to_owned(),
    }
}

/// How we know that an access is over.
pub fn proof(proof: &Proof, names: &Names) -> String {
    match proof {
        Proof::ReadBack => "verified at the provider".to_owned(),
        Proof::NothingSent => "nothing was ever sent to the provider".to_owned(),
        Proof::CoveredBy(grant) => format!("verified at the provider; {} still gives this access", names.grant(*grant)),
        Proof::Attested { by, why: _ } => format!("on the word of {}, not verified at the provider", names.person(by)),
    }
}

/// Why a grant could not be given: "because …".
pub fn fail_cause(cause: &FailCause) -> String {
    match cause {
        FailCause::Unreadable => "the provider could not be read in time; nothing was sent to it".to_owned(),
        FailCause::ProviderMoved => {
            "the provider is another server than the one it was approved for; nothing was sent to it".to_owned()
        }
        FailCause::Refused(trouble) => format!("the provider refused: {}", trouble.message),
        FailCause::NotThere => "the provider did not answer clearly, and the access is not there".to_owned(),
    }
}

/// Why a grant was over before it began: "because …".
pub fn void_cause(cause: &VoidCause, names: &Names) -> String {
    match cause {
        VoidCause::By(person) => format!("{} withdrew it", names.person(person)),
        VoidCause::Lapsed => "it could not begin in time".to_owned(),
        VoidCause::PolicyForbids(why) => format!("the policy says no now ({why})"),
        VoidCause::ContractEnded => "the contract ended".to_owned(),
        VoidCause::PersonDeactivated => "the account was deactivated".to_owned(),
        VoidCause::Drained => "Daypass is being taken out of service".to_owned(),
        VoidCause::Locked(_, by) => format!("{} locked it", names.person(by)),
        VoidCause::SiblingFailed(grant) => format!("{}, which belongs to it, is not in force", names.grant(*grant)),
    }
}
