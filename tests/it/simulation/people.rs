//! What people do in the simulated world: ask, agree, refuse, end, extend.

use std::time::Duration;

use daypass::access::apply;
use daypass::access::decide::{
    self, Ask, Claim, Describe, HoldingCommand, NoteRule, PageAnswer, RequestCommand, Undecided, Withdrawer, decide_holding,
    decide_request,
};
use daypass::access::electors::Electors;
use daypass::access::entitlement::{Description, Prior, Shape, Target};
use daypass::access::event::{About, Event};
use daypass::access::grant::{EndCause, Grant};
use daypass::access::ids::{EntitlementId, GrantId, PersonId, RequestId};
use daypass::access::remind::{Page, Remind};
use daypass::access::request::{Mode, Part, PolicyRef, Purpose, Request, Step, Terms, TermsHash};
use daypass::access::time::Ttl;
use daypass::access::words::Words;

use super::oracle;
use super::provider::{self, level};
use super::world::{LANDS_WITHIN_MS, MINUTE_MS, Mutant, World};

/// Two parts: one that may be shared, and one of its own.
pub fn bundle(role: &str) -> Vec<Part> {
    let part = |resource: &str| Part { resource: resource.parse().unwrap(), role: role.parse().unwrap() };
    vec![part("edge"), part("exact")]
}

/// What a grant is of, as the provider calls it.
fn thing(request: &Request, grant: GrantId) -> String {
    match request.part_of(grant).resource.as_str() {
        "exact" => format!("exact-{}", grant.number()),
        edge => edge.to_owned(),
    }
}

impl World {
    pub fn requester(&mut self) -> PersonId {
        format!("p{}", self.rng.below(3)).parse().unwrap()
    }

    pub fn approver(&mut self) -> PersonId {
        let who = ["a0", "a1", "a2", "p0", "p1"];
        self.rng.pick(&who).unwrap().parse().unwrap()
    }

    pub fn ask(&mut self) -> Result<(), String> {
        let subject = self.requester();
        let (id, grant) = (RequestId::from_number(self.fresh()), GrantId::from_number(self.fresh()));
        let second = self.rng.percent(25).then(|| GrantId::from_number(self.fresh()));
        let minutes = *self.rng.pick(&[1, 20, 60, 240]).unwrap();
        let count = 1 + u32::try_from(self.rng.below(2)).unwrap();
        let (role, resource) = (*self.rng.pick(&["l1", "l2"]).unwrap(), *self.rng.pick(&["edge", "edge", "exact"]).unwrap());
        let now = self.now();
        let ask = Ask {
            id,
            grants: [Some(grant), second].into_iter().flatten().collect(),
            terms: Terms {
                subject: subject.clone(),
                resource: resource.parse().unwrap(),
                role: role.parse().unwrap(),
                access_for: Ttl::from_minutes(minutes).unwrap(),
                purpose: Purpose::Access,
                parts: second.map(|_| bundle(role)).unwrap_or_default(),
            },
            terms_hash: TermsHash(id.number().unsigned_abs()),
            filed_by: if self.rng.percent(20) { self.approver() } else { subject },
            reason: Words::typed("because"),
            start_at: self.rng.percent(15).then(|| now.at.plus(Duration::from_secs(600))),
            answer_within: Ttl::from_minutes(120).unwrap(),
            start_within: Ttl::from_minutes(*self.rng.pick(&[2, 30, 30, 30]).unwrap()).unwrap(),
            ends_at_most: now.at.plus(Duration::from_secs(3600 * self.rng.below(12))),
            warn_before: Ttl::from_minutes(15).unwrap(),
            policy: PolicyRef { id: "p".parse().unwrap(), also: Vec::new(), digest: "d".to_owned() },
            mode: Mode::Ask,
            steps: vec![Step { by: "group/a".to_owned(), count }],
            remind: rule_of(id),
        };
        match decide::ask(ask, now) {
            Ok(events) => self.commit(events),
            Err(Undecided::Refused(_)) => Ok(()),
            Err(Undecided::Illegal(illegal)) => Err(illegal.to_string()),
        }
    }

    pub fn pending(&mut self) -> Option<Request> {
        let pending: Vec<Request> = self.requests.values().filter(|request| request.state.is_pending()).cloned().collect();
        self.rng.pick(&pending).cloned()
    }

    pub fn electorate(&self, request: &Request) -> Vec<Electors> {
        let group = ["a0", "a1", "a2", "p0"].iter().map(|name| name.parse().unwrap());
        // Whoever is asked as well, because nobody answered.
        let also = request.reminding.also_asked().map(|_| "p1".parse().unwrap());
        let own = |person: &PersonId| *person == request.terms.subject || *person == request.filed_by;
        vec![group.chain(also).filter(|person| !own(person)).collect()]
    }

    pub fn approve(&mut self) -> Result<(), String> {
        let Some(request) = self.pending() else { return Ok(()) };
        let by = self.approver();
        let claims = self.claims(&request);
        let command = RequestCommand::Approve {
            by: by.clone(),
            terms: request.terms_hash,
            electorate: self.electorate(&request),
            note: Words::default(),
            note_rule: NoteRule::Optional,
            claims: claims.clone(),
        };
        let events = match decide_request(&request, command, self.now()) {
            Ok(events) => events,
            Err(Undecided::Refused(_)) => return Ok(()),
            Err(Undecided::Illegal(illegal)) => return Err(illegal.to_string()),
        };
        let dies = self.rng.percent(5) && self.jump == 0;
        if self.has(Mutant::AcknowledgesBeforeCommit) {
            self.acknowledged.push((request.id, by.clone()));
        }
        let approved = events.iter().any(|event| matches!(event, Event::RequestApproved { .. }));
        if self.has(Mutant::ScheduleAfterGrant) && approved {
            for claim in claims {
                let thing = thing(&request, claim.grant);
                let key = (request.terms.subject.to_string(), thing);
                self.provider.act(&key, &Target::Present { level: claim.level, until: None });
            }
        }
        if dies {
            return self.crash();
        }
        self.commit(events)?;
        self.acknowledged.push((request.id, by));
        Ok(())
    }

    /// A claim for each part. They are of different things, so that each finds or makes its own entitlement.
    pub fn claims(&mut self, request: &Request) -> Vec<Claim> {
        request.grants.iter().map(|grant| self.claim(request, *grant)).collect()
    }

    fn claim(&mut self, request: &Request, grant: GrantId) -> Claim {
        let thing = thing(request, grant);
        let rank = if request.part_of(grant).role.as_str() == "l2" { 2 } else { 1 };
        let native_expiry = provider::expiry_of(&thing);
        let description = Description {
            provider: "one".parse().unwrap(),
            kind: "simulated".to_owned(),
            fingerprint: Some("one".to_owned()),
            subject: request.terms.subject.to_string(),
            shape: if thing.starts_with("exact") { Shape::Owned } else { Shape::Edge },
            native_expiry,
            remote_name: format!("daypass-x-{}", grant.number()),
            data: String::new(),
            lands_within_ms: LANDS_WITHIN_MS,
            thing,
        };
        let key = provider::key_of(&description);
        let known = self.entitlements.values().find(|entitlement| provider::key_of(&entitlement.description) == key);
        let (entitlement, describe) = match known {
            Some(known)
                if known.prior == Prior::Unread && known.in_flight.is_none() && self.holding(known.id).grants.is_empty() =>
            {
                (known.id, Describe::Anew(Box::new(description)))
            }
            Some(known) => (known.id, Describe::AsItIs),
            None => {
                let id = EntitlementId::from_number(self.fresh());
                (id, Describe::New(Box::new(oracle::new_entitlement(id, description))))
            }
        };
        Claim { grant, entitlement, describe, level: level(rank), native_expiry, secret: None }
    }

    pub fn say_no(&mut self) -> Result<(), String> {
        let Some(request) = self.pending() else { return Ok(()) };
        let by = self.approver();
        self.remind(&request)?;
        let request = self.requests[&request.id].clone();
        let command = if self.rng.percent(50) {
            RequestCommand::Deny { by, electorate: self.electorate(&request), reason: Words::typed("no") }
        } else {
            RequestCommand::Withdraw(Withdrawer::Own(by))
        };
        match decide_request(&request, command, self.now()) {
            Ok(events) => self.commit(events),
            Err(Undecided::Refused(_)) => Ok(()),
            Err(Undecided::Illegal(illegal)) => Err(illegal.to_string()),
        }
    }

    /// Requests expire, or people are reminded by the rule.
    pub fn tick_requests(&mut self) -> Result<(), String> {
        for id in self.requests.keys().copied().collect::<Vec<_>>() {
            for command in [RequestCommand::Tick, RequestCommand::RemindByRule] {
                let events = decide_request(&self.requests[&id], command, self.now()).map_err(|e| e.to_string())?;
                self.commit(events)?;
            }
        }
        Ok(())
    }

    /// Whoever asked has people reminded; a provider that pages answers, sometimes twice or too late.
    fn remind(&mut self, request: &Request) -> Result<(), String> {
        match decide_request(request, RequestCommand::RemindByHand(request.filed_by.clone()), self.now()) {
            Ok(events) => self.commit(events)?,
            Err(Undecided::Refused(_)) => {}
            Err(Undecided::Illegal(illegal)) => return Err(illegal.to_string()),
        }
        for answer in [PageAnswer::Made, PageAnswer::Made, PageAnswer::Resolved] {
            for request in self.requests.values().cloned().collect::<Vec<_>>() {
                if answer == PageAnswer::Made || !request.state.is_pending() {
                    self.commit(decide::page_answered(&request, answer, self.now()))?;
                }
            }
        }
        Ok(())
    }

    pub fn some_grant(&mut self) -> Option<Grant> {
        let open: Vec<Grant> = self.grants.values().filter(|grant| !grant.is_over()).cloned().collect();
        self.rng.pick(&open).cloned()
    }

    pub fn end_one(&mut self) -> Result<(), String> {
        let Some(grant) = self.some_grant() else { return Ok(()) };
        self.on_holding(grant.entitlement, HoldingCommand::End { grant: grant.id, cause: EndCause::HandedBack })
    }

    pub fn extend_one(&mut self) -> Result<(), String> {
        let Some(grant) = self.some_grant() else { return Ok(()) };
        let snapshot = self.holding(grant.entitlement);
        let to = grant.latest_end.plus(Duration::from_secs(60 * self.rng.below(90)));
        let command = HoldingCommand::Extend { grant: grant.id, request: RequestId::from_number(9_999), to };
        if !self.has(Mutant::NoCompareAndSet) {
            return self.on_holding(grant.entitlement, command);
        }
        // Decided on what was read, while the row moves on, and written over it.
        let Ok(events) = decide_holding(&snapshot, command, self.now()) else { return Ok(()) };
        self.time += self.rng.below(120) as i64 * MINUTE_MS;
        self.work()?;
        let mut stale = snapshot.grant(grant.id).cloned().unwrap();
        for event in &events {
            if event.about() == About::Grant(grant.id) {
                stale = apply::grant(&stale, event).map_err(|e| e.to_string())?;
            }
        }
        self.log.extend(events.into_iter().filter(|event| event.about() == About::Grant(grant.id)));
        self.grants.insert(grant.id, stale);
        Ok(())
    }

    pub fn lower_one(&mut self) -> Result<(), String> {
        let Some(grant) = self.some_grant() else { return Ok(()) };
        let to = self.now().at.plus(Duration::from_secs(60 * self.rng.below(60)));
        let command = HoldingCommand::LowerEnd { grant: grant.id, to, why: "the contract ends".to_owned() };
        self.on_holding(grant.entitlement, command)
    }

    pub fn look(&mut self) -> Result<(), String> {
        let ids: Vec<EntitlementId> = self.entitlements.keys().copied().collect();
        let Some(id) = self.rng.pick(&ids).copied() else { return Ok(()) };
        self.on_holding(id, HoldingCommand::Look)
    }
}

/// What happens while nobody answers. Taken from the number, so that it draws nothing.
fn rule_of(id: RequestId) -> Option<Remind> {
    let ttl = |minutes| Ttl::from_minutes(minutes).unwrap();
    let page = Page { provider: "pager".parse().unwrap(), service: "orders".to_owned() };
    match id.number() % 3 {
        0 => None,
        1 => Some(Remind { after: ttl(15), then_ask: None, after_that: None, page: None }),
        _ => Some(Remind { after: ttl(5), then_ask: Some("group/b".to_owned()), after_that: Some(ttl(30)), page: Some(page) }),
    }
}
