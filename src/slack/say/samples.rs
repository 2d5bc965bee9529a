//! One of each: every message and form with made-up facts, as JSON, so that Slack's own published models can check them, and
//! so that tests can draw all of them with hostile or endless texts. Nothing of it is ever sent.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::card::card;
use super::forms::{
    ExtendForm, GlassForm, Outlook, RequestForm, approve_form, being_looked_up, deny_form, errors, extend_form, glass_form,
    request_form, review_form, sentence, vouch_form,
};
use super::home::door;
use super::lists::{Able, Can, Held, help, mine, pending};
use super::notice::{
    Alarm, Because, CutShort, EndsSoon, Overdue, alarm, bundle_was_in_force, cut_short, ends_soon, news, overdue,
    overdue_is_over, policy_changed, was_overdue,
};
use super::refusal::{not_understood, refused, refused_but_can_revoke};
use super::reply::{Reply, reply};
use super::status::{Extend, status};
use super::why::{Before, WhyFacts, details, why};
use crate::access::entitlement::{Class, Trouble};
use crate::access::grant::{GrantState, Revoking};
use crate::access::ids::{NotAnId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::{Purpose, Request};
use crate::slack::block::{Choice, Message, View};
use crate::slack::command::Command;

mod behalf;
mod bundle;
mod digest;
mod glass;
mod home;
mod instead;
mod lock;
mod secret;
mod stage;
mod talk;
mod waiting;

#[cfg(test)]
pub(in crate::slack) use stage::TEN;
pub(in crate::slack) use stage::{Stage, at, ttl};

/// Every message and form: `{"messages": {name: {"text", "blocks"}}, "views": {name: view}}`.
pub fn samples() -> Result<Value, NotAnId> {
    let mut all = Stage::set()?.play()?;
    if let Some(messages) = all.get_mut("messages").and_then(Value::as_object_mut) {
        messages.append(&mut Stage::set()?.bundled()?.play_bundles());
    }
    Ok(all)
}

impl Stage {
    /// Everything, drawn.
    pub(in crate::slack) fn play(&self) -> Result<Value, NotAnId> {
        let mut messages = Map::new();
        let mut put = |name: String, message: Message| messages.insert(name, message.to_json());
        for (name, request) in self.requests() {
            put(format!("card.{name}"), card(&self.card(&request, &[])));
            put(format!("status.{name}"), status(&self.status(&request, &[])));
            put(format!("news.{name}"), news(&self.status(&request, &[])));
            put(format!("why.{name}"), why(&self.why(&request, &[])));
        }
        let approved = self.approved();
        let mut more = approved.clone();
        more.terms.purpose = Purpose::Extension(self.grant.id);
        for (name, grant) in self.grants() {
            let grants = std::slice::from_ref(&grant);
            put(format!("card.approved.{name}"), card(&self.card(&approved, grants)));
            put(format!("status.approved.{name}"), status(&self.status(&approved, grants)));
            put(format!("status.extension.{name}"), status(&self.status(&more, grants)));
            put(format!("news.approved.{name}"), news(&self.status(&approved, grants)));
        }
        for (name, message) in self.talk() {
            put(name, message);
        }
        for (name, message) in self.locks()? {
            put(name, message);
        }
        for (name, message) in self.instead()? {
            put(name, message);
        }
        let (later, begins) = self.later();
        put("status.approved.later".to_owned(), status(&self.status(&later, std::slice::from_ref(&begins))));
        put("card.approved.later".to_owned(), card(&self.card(&later, std::slice::from_ref(&begins))));
        for (name, message) in self.reminders() {
            put(name, message);
        }
        for (name, message) in self.others()? {
            put(name, message);
        }
        put("door".to_owned(), door());
        for (name, message) in self.digests() {
            put(name.to_owned(), message);
        }
        let mut views: Map<String, Value> =
            self.views().into_iter().map(|(name, view)| (name.to_owned(), view.to_json())).collect();
        views.extend(self.homes().into_iter().map(|(name, home)| (name.to_owned(), home.to_json())));
        let problems = errors(&BTreeMap::from([(super::field::REASON, self.said.clone())]));
        Ok(json!({ "messages": messages, "views": views, "answers": { "errors": problems } }))
    }

    /// Everything of a bundle, drawn. For a stage that is [`Stage::bundled`].
    pub(in crate::slack) fn play_bundles(&self) -> Map<String, Value> {
        let mut messages = Map::new();
        let mut put = |name: String, message: Message| messages.insert(format!("bundle.{name}"), message.to_json());
        for (name, request) in self.requests() {
            put(format!("card.{name}"), card(&self.card(&request, &[])));
            put(format!("status.{name}"), status(&self.status(&request, &[])));
            put(format!("why.{name}"), why(&self.why(&request, &[])));
        }
        let (request, all) = self.bundles();
        for (name, grants) in all {
            put(format!("card.approved.{name}"), card(&self.card(&request, &grants)));
            put(format!("status.approved.{name}"), status(&self.status(&request, &grants)));
            put(format!("news.approved.{name}"), news(&self.status(&request, &grants)));
            put(format!("was.{name}"), bundle_was_in_force(&request, &grants, &self.names));
        }
        messages
    }

    fn why<'a>(&'a self, request: &'a Request, before: &'a [Before<'a>]) -> WhyFacts<'a> {
        WhyFacts {
            card: self.card(request, &[]),
            about: Some(&self.said),
            sponsor: self.approvers.first(),
            contract_ends: Some(at(60 * 24 * 30)),
            why_you: Some("you own the Orders database"),
            now: at(4),
            before,
        }
    }

    fn others(&self) -> Result<Vec<(String, Message)>, NotAnId> {
        let names = &self.names;
        let (request, grant) = (self.request.id, self.grant.id);
        let active = self.grants().into_iter().filter(|(name, _)| *name == "active").map(|(_, grant)| grant).collect::<Vec<_>>();
        let held: Vec<Held<'_>> = active.iter().map(|grant| Held { grant, extend: Extend::Offered }).collect();
        let another = Request { id: RequestId::from_number(43), ..self.request.clone() };
        let waiting = [&self.request, &another];
        let (yes, no) = (Can::Yes, Can::No);
        let soon = EndsSoon {
            grant,
            together: None,
            ends_at: at(125),
            more_asked: Some(request),
            extend: Extend::Offered,
            lingers: Some(&self.said),
            names,
        };
        let mut all = vec![
            ("mine.nothing".to_owned(), mine(&[], &[], names)),
            ("mine".to_owned(), mine(&held, &waiting, names)),
            ("pending.nothing".to_owned(), pending(&[], &[], 0, names)),
            ("pending".to_owned(), pending(&waiting, &[], 2, names)),
            ("help.all".to_owned(), help(Able { ask: yes, break_glass: yes, decide: yes, revoke: yes, ask_for: yes })),
            ("help.least".to_owned(), help(Able { ask: no, break_glass: no, decide: no, revoke: no, ask_for: no })),
            ("ends_soon".to_owned(), ends_soon(&EndsSoon { more_asked: None, ..soon }, &self.grant, at(110))),
            ("ends_soon.more_asked".to_owned(), ends_soon(&soon, &self.grant, at(110))),
            (
                "refused".to_owned(),
                refused(&Refusal::NoSuchResource { asked: self.said.clone(), similar: vec![self.said.clone()] }, names),
            ),
            ("refused_but_can_revoke".to_owned(), refused_but_can_revoke(&Refusal::ApprovedAlready, grant, names)),
            ("seconded".to_owned(), reply(&Reply::Seconded { request, still: self.still.clone() }, names)),
        ];
        if let Command::NotUnderstood(words) = Command::read(&format!("mine {}", self.said)) {
            all.push(("not_understood".to_owned(), not_understood(&words)));
        }
        for (name, grant) in self.grants() {
            match &grant.state {
                GrantState::Revoking(revoking) => all.push((format!("overdue.{name}"), self.overdue(revoking)?)),
                GrantState::Ended(ended) => {
                    all.push((format!("overdue_is_over.{name}"), overdue_is_over(grant.id, ended, names)));
                    all.push((format!("was_overdue.{name}"), was_overdue(grant.id, ended, names)));
                }
                _ => {}
            }
        }
        all.extend(self.early_ends());
        all.extend(self.broken_glass());
        all.extend(self.behalf());
        all.extend(self.secrets());
        all.extend(self.alarms()?);
        Ok(all)
    }

    fn alarms(&self) -> Result<Vec<(String, Message)>, NotAnId> {
        let (names, request, grant) = (&self.names, self.request.id, self.grant.id);
        let problems = vec![self.said.clone(); 8];
        let to = self.request.terms.subject.clone();
        let mut all = vec![("policy_changed".to_owned(), policy_changed(&problems))];
        let alarms = [
            ("policy_refused", Alarm::PolicyRefused { problems }),
            ("finding", Alarm::Finding { request, what: self.said.clone() }),
            ("clock_suspect", Alarm::ClockSuspect),
            ("clock_sound", Alarm::ClockSound),
            ("provider_moved", Alarm::ProviderMoved { provider: "orders-pg".parse()? }),
            ("drifted", Alarm::Drifted { grant }),
            (
                "left_over",
                Alarm::LeftOver { provider: "orders-pg".parse()?, account: self.said.clone(), thing: self.said.clone() },
            ),
            ("no_place", Alarm::NoPlace { channel: "C0DBACCESS".to_owned(), code: "is_archived".to_owned() }),
            (
                "undelivered",
                Alarm::Undelivered { to, about: grant.to_string(), that: "that it is over", code: "user_disabled".to_owned() },
            ),
        ];
        all.extend(alarms.into_iter().map(|(name, what)| (format!("alarm.{name}"), alarm(&what, names))));
        Ok(all)
    }

    /// What ends early for somebody, with a grant in each of its states.
    fn early_ends(&self) -> Vec<(String, Message)> {
        let grants: Vec<_> = self.grants().into_iter().map(|(_, grant)| grant).collect();
        let (requests, person) = ([self.request.id], &self.request.terms.subject);
        let reasons = [
            ("contract_over", Because::ContractOver),
            ("contract_until", Because::ContractUntil(at(60))),
            ("deactivated", Because::Deactivated),
        ];
        let drawn = reasons.map(|(name, because)| {
            let facts = CutShort { person, because, grants: &grants, requests: &requests, names: &self.names };
            (format!("cut_short.{name}"), cut_short(&facts))
        });
        drawn.into()
    }

    fn overdue(&self, revoking: &Revoking) -> Result<Message, NotAnId> {
        let trouble = Trouble { class: Class::NeedsHuman, code: "2BP01".to_owned(), message: self.said.clone() };
        let facts = Overdue {
            grant: self.grant.id,
            revoking,
            provider: &"orders-pg".parse()?,
            account: "maya",
            thing: "app_reader",
            attempts: 9,
            trouble: Some(&trouble),
            by_hand: "Run REVOKE app_reader FROM maya; on the Orders database.",
            names: &self.names,
        };
        Ok(overdue(&facts, at(160)))
    }

    fn views(&self) -> Vec<(&'static str, View)> {
        let names = &self.names;
        let choice = |number: usize| Choice { text: format!("{} {number}", self.said), value: format!("prod/orders-{number}") };
        let many: Vec<Choice> = (0..150).map(choice).collect();
        let few = many.get(..3).unwrap_or_default();
        let lengths = [ttl(30), ttl(60), ttl(120), ttl(480)];
        let lingers = Some("Open sessions are closed at the end");
        let outlook = Outlook { asked: &self.approvers, at_most: at(420), because: Some("end of the window"), lingers };
        let empty = RequestForm {
            subject: None,
            resources: few,
            resource: None,
            roles: &[],
            role: None,
            lengths: &lengths,
            length: None,
            narrowed_by: None,
            from: "",
            until: "",
            reason: "",
            ticket: None,
            outlook: None,
            names,
        };
        let filled = RequestForm {
            resource: few.first(),
            roles: few,
            role: few.first().map(|choice| choice.value.as_str()),
            length: Some(ttl(120)),
            narrowed_by: Some(&self.said),
            from: "thu 22:00",
            until: "until fri 12:00",
            reason: &self.said,
            ticket: Some(super::forms::Ticket { looks: r"OPS-\d+", typed: "OPS-42" }),
            outlook: Some(outlook),
            ..empty.clone()
        };
        let for_another = RequestForm { subject: Some(&self.request.terms.subject), ..filled.clone() };
        let searched = RequestForm { resources: &many, ..filled.clone() };
        let (grant, ends_at, at_most) = (self.grant.id, at(125), at(420));
        let more = ExtendForm { grant, ends_at, lengths: &lengths, at_most, asked: &self.approvers, names };
        let before = Before { request: self.request.id, asked_at: at(-60), state: "approved" };
        let before = [before; 7];
        let forms = [
            ("request.empty", request_form(&empty)),
            ("request.filled", request_form(&filled)),
            ("request.for_another", request_form(&for_another)),
            ("request.searched", request_form(&searched)),
            ("extend", extend_form(&more)),
            ("glass", glass_form(&GlassForm { things: &many, lengths: &lengths })),
            ("vouch", Some(vouch_form(self.grant.id, names))),
            ("being_looked_up", Some(being_looked_up())),
        ];
        let mut views: Vec<(&'static str, View)> = forms.into_iter().filter_map(|(name, view)| Some((name, view?))).collect();
        views.push(("approve", approve_form(&self.request, names)));
        views.extend(self.talk_forms());
        views.push(("deny", deny_form(&self.request, names)));
        views.push(("review", review_form(&self.request, names)));
        views.push(("details", details(&self.why(&self.request, &before))));
        views.push(("sentence", sentence("Request access", &self.said)));
        views
    }
}

#[cfg(test)]
mod tests;
