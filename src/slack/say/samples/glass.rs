//! A broken glass and its review, in each of their states.

use super::Stage;
use super::stage::at;
use crate::access::grant::{GrantState, Warning};
use crate::access::request::{Mode, Request, RequestState};
use crate::access::review::{Finding, Review, ReviewState};
use crate::access::words::Words;
use crate::slack::block::Message;
use crate::slack::say::card::{CardFacts, card};
use crate::slack::say::glass::{GlassFacts, broken, review_card, review_overdue, reviewed};
use crate::slack::say::lists::pending;
use crate::slack::say::status::{StatusFacts, status_of_request};

impl Stage {
    /// The review of the request, open or closed by the first approver.
    pub(in crate::slack) fn review(&self, finding: Option<Finding>) -> Review {
        let by = self.approvers.first().cloned().unwrap_or_else(|| self.request.terms.subject.clone());
        Review {
            request: self.request.id,
            version: 1,
            subject: self.request.terms.subject.clone(),
            filed_by: self.request.filed_by.clone(),
            by: vec!["group/security".to_owned()],
            opened_at: at(0),
            due_at: at(24 * 60),
            alarms: 0,
            state: match finding {
                None => ReviewState::Open,
                Some(finding) => ReviewState::Closed { at: at(90), by, finding, note: Words::typed(&self.said) },
            },
        }
    }

    /// The request, given because its subject broke the glass.
    pub(in crate::slack) fn broken(&self) -> Request {
        let given = self.request_in(RequestState::Approved { at: at(0), seats: Vec::new() });
        Request { mode: Mode::BreakGlass, steps: Vec::new(), ..given }
    }

    /// Everything that is said of it.
    pub(in crate::slack) fn broken_glass(&self) -> Vec<(String, Message)> {
        let (request, names) = (self.broken(), &self.names);
        let grants = [self.grant_in(GrantState::Active { active_at: at(0), ends_at: at(30), warning: Warning::Given })];
        let reviews = [
            ("open", self.review(None)),
            ("late", Review { alarms: 2, ..self.review(None) }),
            ("justified", self.review(Some(Finding::Justified))),
            ("not_justified", self.review(Some(Finding::NotJustified))),
        ];
        let mut all = Vec::new();
        for (name, review) in &reviews {
            let facts = GlassFacts { request: &request, grants: &grants, review, reviewers: &self.approvers, names };
            let card_facts = CardFacts { review: Some(review), ..self.card(&request, &grants) };
            let status_facts = StatusFacts { review: Some(review), ..self.status(&request, &grants) };
            all.push((format!("glass.broken.{name}"), broken(&facts)));
            all.push((format!("glass.review.{name}"), review_card(&facts)));
            all.extend(reviewed(&facts).map(|message| (format!("glass.reviewed.{name}"), message)));
            all.push((format!("glass.card.{name}"), card(&card_facts)));
            all.push((format!("glass.status.{name}"), status_of_request(&status_facts)));
            if review.is_open() {
                let unknown = GlassFacts { grants: &[], reviewers: &[], ..facts };
                all.push((format!("glass.broken.{name}.before"), broken(&unknown)));
                all.push((format!("glass.overdue.{name}"), review_overdue(&facts, at(49 * 60))));
                all.push((format!("glass.pending.{name}"), pending(&[], &[(&request, review)], 0, names)));
            }
        }
        all
    }
}
