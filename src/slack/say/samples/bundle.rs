//! A bundle of two parts, wherever it can stand.

use std::sync::Arc;

use super::Stage;
use super::stage::at;
use crate::access::entitlement::{Class, Trouble};
use crate::access::grant::{
    EndCause, Ended, FailCause, Grant, GrantState, Proof, Recheck, Remains, Revoking, VoidCause, Warning,
};
use crate::access::ids::{GrantId, NotAnId};
use crate::access::request::{Part, Request};
use crate::slack::say::names::{About, Names};

/// The number of the second grant.
const SECOND: GrantId = GrantId::from_number(58);

impl Stage {
    /// The request as one on a bundle, and the stage on which it is known.
    pub(in crate::slack) fn bundled(self) -> Result<Stage, NotAnId> {
        let mut request = self.request;
        (request.terms.resource, request.terms.role) = ("orders-debugging".parse()?, "all".parse()?);
        let part = |resource: &str, role: &str| Ok(Part { resource: resource.parse()?, role: role.parse()? });
        request.terms.parts = vec![part("prod/orders", "readonly")?, part("shop/repo", "write")?];
        request.grants = vec![self.grant.id, SECOND];
        let mut names = Names { book: Arc::clone(&self.names.book), ..self.names };
        names.requests.insert(request.id, About::from(&request.terms));
        for grant in &request.grants {
            names.grants.insert(*grant, About::of_grant(&request, *grant));
        }
        Ok(Stage { names, request, ..self })
    }

    /// The bundle, approved, with its two grants wherever they can stand together.
    pub(in crate::slack) fn bundles(&self) -> (Request, Vec<(&'static str, Vec<Grant>)>) {
        let trouble = Trouble { class: Class::Permanent, code: "42501".to_owned(), message: self.said.clone() };
        let pair = |one: GrantState, other: GrantState| vec![self.grant_in(one), Grant { id: SECOND, ..self.grant_in(other) }];
        let provisioning = || GrantState::Provisioning { since: at(4), result: crate::access::grant::CallResult::Known };
        let active = |until| GrantState::Active { active_at: at(5), ends_at: at(until), warning: Warning::Owed };
        let (time_over, sibling) = (|| EndCause::TimeOver, || EndCause::SiblingFailed(SECOND));
        let revoking = |cause| {
            let (since, due_at, active_at, remains) = (at(65), at(65), Some(at(5)), Remains::Access);
            GrantState::Revoking(Revoking { since, due_at, active_at, cause, remains, alarms: 0 })
        };
        let ended = |at_minute, cause, proof| {
            let active_at = (cause != EndCause::HeldBefore).then_some(at(5));
            GrantState::Ended(Ended { at: at(at_minute), due_at: at(at_minute), active_at, cause, proof })
        };
        let over = |cause| ended(125, cause, Proof::ReadBack);
        let held = || ended(4, EndCause::HeldBefore, Proof::NothingSent);
        let failed = || GrantState::Failed { at: at(65), why: FailCause::Refused(trouble.clone()), recheck: Recheck::Done };
        let void = |why| GrantState::Void { at: at(65), why };
        let all = vec![
            ("planned", pair(GrantState::Planned, GrantState::Planned)),
            ("half_there", pair(active(125), provisioning())),
            ("waits_for_the_person", pair(active(125), GrantState::AwaitingUser { since: at(5) })),
            ("in_force", pair(active(125), active(127))),
            ("in_force_and_held", pair(active(125), held())),
            ("held", pair(held(), held())),
            ("half_removed", pair(active(125), over(EndCause::RemovedOutside))),
            ("half_going", pair(active(125), revoking(EndCause::RemovedOutside))),
            ("going", pair(revoking(EndCause::HandedBack), over(EndCause::HandedBack))),
            ("ended", pair(over(time_over()), over(time_over()))),
            ("ended_differently", pair(over(time_over()), ended(127, time_over(), Proof::CoveredBy(self.grant.id)))),
            ("being_rolled_back", pair(revoking(sibling()), failed())),
            ("rolled_back", pair(over(sibling()), failed())),
            ("nothing_set_up", pair(void(VoidCause::SiblingFailed(SECOND)), failed())),
            (
                "withdrawn",
                pair(
                    void(VoidCause::By(self.request.terms.subject.clone())),
                    over(EndCause::Withdrawn(self.request.terms.subject.clone())),
                ),
            ),
        ];
        (self.approved(), all)
    }
}
