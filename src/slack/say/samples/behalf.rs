//! Asking for others, being away, and who holds what.

use super::{Stage, at};
use crate::access::absence::Absence;
use crate::access::refusal::Refusal;
use crate::access::request::Request;
use crate::slack::block::Message;
use crate::slack::say::away::{shown, stands_in};
use crate::slack::say::behalf::{news_of_filed, status_of_filed};
use crate::slack::say::card::card;
use crate::slack::say::refusal::refused;
use crate::slack::say::reply::{Reply, reply};
use crate::slack::say::status::status;
use crate::slack::say::who::{Row, Sees, who};

impl Stage {
    pub(super) fn behalf(&self) -> Vec<(String, Message)> {
        let names = &self.names;
        let mut all = Vec::new();
        let Some((first, last)) = self.approvers.first().zip(self.approvers.last()) else { return all };
        let filed = |request: &Request| Request { filed_by: first.clone(), ..request.clone() };
        for (name, request) in self.requests() {
            let request = filed(&request);
            all.push((format!("behalf.card.{name}"), card(&self.card(&request, &[]))));
            all.push((format!("behalf.status.{name}"), status(&self.status(&request, &[]))));
            all.push((format!("behalf.filed.{name}"), status_of_filed(&self.status(&request, &[]))));
            all.push((format!("behalf.news.{name}"), news_of_filed(&self.status(&request, &[]))));
        }
        let approved = filed(&self.approved());
        for (name, grant) in self.grants() {
            let facts = self.status(&approved, std::slice::from_ref(&grant));
            all.push((format!("behalf.filed.approved.{name}"), status_of_filed(&facts)));
        }
        let absence = |stand_in| Absence { person: first.clone(), since: at(0), until: at(600), stand_in };
        let (alone, with) = (absence(None), absence(Some(last.clone())));
        all.push(("away.nobody".to_owned(), shown(None, &[], names)));
        all.push(("away.alone".to_owned(), shown(Some(&alone), &[], names)));
        all.push(("away.with".to_owned(), shown(Some(&with), &[&alone, &with], names)));
        all.push(("away.stands_in".to_owned(), stands_in(first, Some(at(600)), names)));
        all.push(("away.stood_in".to_owned(), stands_in(first, None, names)));
        let grants: Vec<_> = self.grants().into_iter().map(|(_, grant)| grant).collect();
        let rows: Vec<Row<'_>> = grants.iter().cycle().take(60).map(|grant| Row { grant, verified_at: Some(at(5)) }).collect();
        all.push(("who.nobody".to_owned(), who(&self.said, &[], Sees::All, names)));
        all.push(("who.nothing".to_owned(), who(&self.said, &[], Sees::Theirs, names)));
        all.push(("who.many".to_owned(), who(&self.said, &rows, Sees::Theirs, names)));
        let what = || Reply::Asked {
            request: self.request.id,
            people: self.approvers.clone(),
            answer_by: at(60),
            at_most: None,
            not_at_once: None,
            from_to: None,
        };
        let whose = Some(self.request.terms.subject.clone());
        all.push(("behalf.asked".to_owned(), reply(&Reply::with(what(), whose, vec![(last.clone(), at(600))]), names)));
        let why = Box::new(Refusal::NoSuchRole { resource: self.said.clone(), asked: self.said.clone(), roles: Vec::new() });
        let asked = self.said.clone();
        for (name, refusal) in [
            ("for_them", Refusal::NotForThem { person: self.request.terms.subject.clone(), why }),
            ("nothing_called", Refusal::NothingCalled { asked: asked.clone(), similar: vec![asked.clone()] }),
            ("which_person", Refusal::WhichPerson { asked }),
            ("cannot_stand_in", Refusal::CannotStandIn { person: last.clone() }),
        ] {
            all.push((format!("refused.{name}"), refused(&refusal, names)));
        }
        all
    }
}
