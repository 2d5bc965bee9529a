//! Breaking the glass in the simulated world, and what others say of it afterwards.

use daypass::access::apply;
use daypass::access::decide::{self, Ask, RequestCommand, ReviewCommand, Undecided, decide_request, decide_review};
use daypass::access::event::Event;
use daypass::access::ids::{GrantId, RequestId};
use daypass::access::request::{Mode, PolicyRef, Purpose, Terms, TermsHash};
use daypass::access::review::{Finding, ReviewRule};
use daypass::access::time::Ttl;
use daypass::access::words::Words;

use super::people::bundle;
use super::world::World;

impl World {
    pub fn commit_review(&mut self, id: RequestId, event: &Event) -> Result<(), String> {
        let after = match event {
            Event::ReviewOpened { review } => review.as_ref().clone(),
            event => apply::review(&self.reviews[&id], event).map_err(|e| e.to_string())?,
        };
        self.reviews.insert(id, after);
        Ok(())
    }

    /// Asked for and given in one transaction, as nobody is asked.
    pub fn break_glass(&mut self) -> Result<(), String> {
        let subject = self.requester();
        let (id, grant) = (RequestId::from_number(self.fresh()), GrantId::from_number(self.fresh()));
        let second = self.rng.percent(25).then(|| GrantId::from_number(self.fresh()));
        let now = self.now();
        let ask = Ask {
            id,
            grants: [Some(grant), second].into_iter().flatten().collect(),
            terms: Terms {
                subject: subject.clone(),
                resource: "edge".parse().unwrap(),
                role: "l2".parse().unwrap(),
                access_for: Ttl::from_minutes(30).unwrap(),
                purpose: Purpose::Access,
                parts: second.map(|_| bundle("l2")).unwrap_or_default(),
            },
            terms_hash: TermsHash(id.number().unsigned_abs()),
            filed_by: if self.rng.percent(20) { self.approver() } else { subject },
            reason: Words::typed(if self.rng.percent(10) { "" } else { "it is on fire" }),
            start_at: None,
            answer_within: Ttl::from_minutes(120).unwrap(),
            start_within: Ttl::from_minutes(30).unwrap(),
            ends_at_most: now.at.plus(Ttl::from_minutes(60).unwrap()),
            warn_before: Ttl::from_minutes(15).unwrap(),
            policy: PolicyRef { id: "glass".parse().unwrap(), also: Vec::new(), digest: "d".to_owned() },
            mode: Mode::BreakGlass,
            steps: Vec::new(),
            remind: None,
        };
        let asked = match decide::ask(ask, now) {
            Ok(events) => events,
            Err(Undecided::Refused(_)) => return Ok(()),
            Err(Undecided::Illegal(illegal)) => return Err(illegal.to_string()),
        };
        let Some(Event::RequestAsked { request }) = asked.first() else { return Err("nothing was asked".to_owned()) };
        let request = request.as_ref().clone();
        let claims = self.claims(&request);
        let review = ReviewRule { by: vec!["group/a".to_owned()], within: Ttl::from_minutes(24 * 60).unwrap() };
        match decide_request(&request, RequestCommand::BreakGlass { claims, review }, now) {
            Ok(given) => self.commit([asked, given].concat()),
            Err(Undecided::Refused(_)) => Ok(()),
            Err(Undecided::Illegal(illegal)) => Err(illegal.to_string()),
        }
    }

    /// Somebody, who may or may not be entitled to, says what they found.
    pub fn close_one(&mut self) -> Result<(), String> {
        let ids: Vec<RequestId> = self.reviews.keys().copied().collect();
        let Some(id) = self.rng.pick(&ids).copied() else { return Ok(()) };
        let by = self.approver();
        self.close(id, by)
    }

    /// In the end somebody looks at everything.
    pub fn close_all(&mut self) -> Result<(), String> {
        for id in self.reviews.keys().copied().collect::<Vec<_>>() {
            for by in ["a0", "a1", "a2"] {
                self.close(id, by.parse().unwrap())?;
            }
        }
        Ok(())
    }

    pub fn tick_reviews(&mut self) -> Result<(), String> {
        for review in self.reviews.values().cloned().collect::<Vec<_>>() {
            let events = decide_review(&review, ReviewCommand::Tick, self.now()).map_err(|e| e.to_string())?;
            self.commit(events)?;
        }
        Ok(())
    }

    fn close(&mut self, id: RequestId, by: daypass::access::ids::PersonId) -> Result<(), String> {
        let review = self.reviews[&id].clone();
        let electorate = self.electorate(&self.requests[&id]);
        let finding = if self.rng.percent(50) { Finding::Justified } else { Finding::NotJustified };
        let command = ReviewCommand::Close { by, electorate, finding, note: Words::typed("looked at it") };
        match decide_review(&review, command, self.now()) {
            Ok(events) => self.commit(events),
            Err(Undecided::Refused(_)) => Ok(()),
            Err(Undecided::Illegal(illegal)) => Err(illegal.to_string()),
        }
    }
}
