//! Refusals with what to do instead, and what begins later.

use super::super::alternative::{Alternative, Asking, AskingMore, Manner, refused_with};
use super::super::notice::{Alarm, alarm};
use super::super::refusal::refused;
use super::{Stage, at, ttl};
use crate::access::grant::{Grant, GrantState};
use crate::access::ids::NotAnId;
use crate::access::refusal::Refusal;
use crate::access::request::Request;
use crate::slack::block::Message;

impl Stage {
    /// One of each refusal that has a button.
    pub(in crate::slack) fn instead(&self) -> Result<Vec<(String, Message)>, NotAnId> {
        let names = &self.names;
        let terms = &self.request.terms;
        let asking = Asking {
            by: terms.subject.clone(),
            resource: terms.resource.clone(),
            role: Some(terms.role.clone()),
            access_for: Some(ttl(120)),
            start_at: None,
            end_at: None,
            manner: Manner::Usual,
            reason: self.said.clone(),
        };
        let glass = Asking { manner: Manner::BreakGlass, access_for: Some(ttl(30)), ..asking.clone() };
        let then = Asking { start_at: Some(at(600)), end_at: Some(at(700)), ..asking.clone() };
        let whole = Asking { role: None, access_for: None, ..asking.clone() };
        let more = AskingMore { by: terms.subject.clone(), grant: self.grant.id, more: ttl(30), reason: self.said.clone() };
        let over = Refusal::OverCap { at_most: ttl(120) };
        let similar = vec!["prod/orders".to_owned()];
        let roles = vec!["readonly".to_owned(), "readwrite".to_owned()];
        let resource = "prod/orders".to_owned();
        let all = [
            ("shorter", over.clone(), Alternative::Shorter(asking.clone())),
            ("shorter.glass", over.clone(), Alternative::Shorter(glass)),
            ("less_more", over, Alternative::LessMore(more)),
            ("then", Refusal::OutsideWindow { earliest: Some(at(600)) }, Alternative::Then(then)),
            ("fix", Refusal::TicketMissing { pattern: r"OPS-\d+".to_owned() }, Alternative::Fix(asking.clone())),
            ("that", Refusal::NoSuchResource { asked: self.said.clone(), similar }, Alternative::ThatInstead(whole)),
            ("that.role", Refusal::NoSuchRole { resource, asked: self.said.clone(), roles }, Alternative::ThatInstead(asking)),
        ];
        let mut messages: Vec<(String, Message)> = all
            .into_iter()
            .map(|(name, refusal, instead)| (format!("refused.instead.{name}"), refused_with(&refusal, &instead, names)))
            .collect();
        let stranger = Alarm::Stranger { team: "T0DAYPASS".to_owned(), user: "U0STRANGER".to_owned() };
        messages.push(("alarm.stranger".to_owned(), alarm(&stranger, names)));
        messages.push(("refused.stranger".to_owned(), refused(&Refusal::UnknownAccount, names)));
        Ok(messages)
    }

    /// A request that is approved and begins later, with its grant.
    pub(super) fn later(&self) -> (Request, Grant) {
        let request = Request { start_at: Some(at(600)), ends_at_most: at(720), ..self.approved() };
        let grant = Grant { start_at: at(600), start_by: at(660), latest_end: at(720), ..self.grant_in(GrantState::Planned) };
        (request, grant)
    }
}
