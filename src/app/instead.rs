//! What could be done instead of what was refused, and the press of the button for it: judged as if it had been typed just now.

use std::sync::Arc;

use crate::access::refusal::Refusal;
use crate::access::request::START_AHEAD_MAX;
use crate::access::time::{Timestamp, Ttl};
use crate::access::words::Words;
use crate::policy::facts;
use crate::slack::block::Message;
use crate::slack::inbound::Action;
use crate::slack::say::alternative::{Alternative, Asking, AskingMore, Manner, read_asking, read_asking_more};
use crate::slack::say::button;
use crate::slack::say::refusal::not_understood;

use super::App;
use super::ask::{Want, Wish};
use super::behalf::wish_for;
use super::click::unknown_button;
use super::deed::Deed;
use super::extend::More;
use super::form::{Filled, Misunderstood, askable};
use super::surface::Caller;
use super::transact::{Attempt, Outcome};
use super::when::When;

/// What could be done instead of this, where one tap is enough to say it.
pub(super) fn of(attempt: &Attempt, deed: &Deed, refusal: &Refusal, now: Timestamp) -> Option<Alternative> {
    let who = attempt.actor.person()?;
    match (deed, refusal) {
        (Deed::NothingBut(_, instead), _) => Some(instead.clone()),
        // Who asks for somebody else, or for more time than there is, writes it anew.
        (Deed::Ask(wish), _) if wish.subject != wish.filed_by || wish.filed_by != *who => None,
        (Deed::Ask(wish), _) => of_wish(wish, refusal, now),
        (Deed::AskMore(by, more), Refusal::OverCap { at_most }) if by == who => {
            let reason = more.reason.as_typed().to_owned();
            Some(Alternative::LessMore(AskingMore { by: who.clone(), grant: more.grant?, more: *at_most, reason }))
        }
        (_, _) => None,
    }
}

fn of_wish(wish: &Wish, refusal: &Refusal, now: Timestamp) -> Option<Alternative> {
    match wish.purpose {
        Want::Access => {}
        Want::MoreTime { .. } => return None,
    }
    let is_usual = wish.manner == facts::Manner::Usual;
    match refusal {
        Refusal::OverCap { at_most } => {
            Some(Alternative::Shorter(Asking { access_for: Some(*at_most), end_at: None, ..asking(wish) }))
        }
        Refusal::OutsideWindow { earliest: Some(earliest) }
            if is_usual && *earliest > now && *earliest <= now.plus(START_AHEAD_MAX) =>
        {
            // An end that was named stays, where there is time before it.
            let left = |end: &Timestamp| Ttl::from_millis(end.as_millis().saturating_sub(earliest.as_millis()));
            let end_at = wish.when.end_at.filter(|end| left(end).is_some());
            let access_for = end_at.as_ref().and_then(left).unwrap_or(wish.access_for);
            Some(Alternative::Then(Asking { access_for: Some(access_for), start_at: Some(*earliest), end_at, ..asking(wish) }))
        }
        Refusal::TicketMissing { .. } | Refusal::ReasonTooShort { .. } if is_usual => Some(Alternative::Fix(asking(wish))),
        _ => None,
    }
}

fn asking(wish: &Wish) -> Asking {
    Asking {
        by: wish.filed_by.clone(),
        resource: wish.resource.clone(),
        role: Some(wish.role.clone()),
        access_for: Some(wish.access_for),
        start_at: wish.when.start_at,
        end_at: wish.when.end_at,
        manner: match wish.manner {
            facts::Manner::Usual => Manner::Usual,
            facts::Manner::BreakGlass => Manner::BreakGlass,
        },
        reason: wish.reason.as_typed().to_owned(),
    }
}

impl Misunderstood {
    /// What comes of it.
    pub(super) fn into_deed(self) -> Deed {
        match self.instead {
            Some(instead) => Deed::NothingBut(self.refusal, instead),
            None => Deed::Nothing(self.refusal),
        }
    }
}

impl App {
    /// The press of a button that stands beside a refusal.
    pub(super) async fn press_instead(
        self: &Arc<Self>,
        attempt: &mut Attempt,
        caller: &Caller,
        action: &Action,
    ) -> Result<Option<Outcome>, Message> {
        let Caller { person, loaded, names } = caller;
        let unknown = || not_understood(&unknown_button());
        if action.action_id == button::ASK_MORE {
            let AskingMore { by, grant, more, reason } = read_asking_more(&action.value, person).ok_or_else(unknown)?;
            (attempt.verb, attempt.about) = ("extend", Some(grant.to_string()));
            let more = More { grant: Some(grant), by: more, reason: Words::typed(&reason) };
            return Ok(Some(self.perform(attempt, names, &Deed::AskMore(by, more)).await));
        }
        let asking = read_asking(&action.value, person).ok_or_else(unknown)?;
        let when = When { start_at: asking.start_at, end_at: asking.end_at }.at(self.now().at);
        match (&asking.role, asking.access_for) {
            (Some(role), Some(access_for)) if action.action_id == button::ASK_INSTEAD => {
                let reason = Words::typed(&asking.reason);
                let wish = wish_for((person, person), asking.resource.clone(), role.clone(), access_for, reason);
                let (verb, manner) = match asking.manner {
                    Manner::Usual => ("request", facts::Manner::Usual),
                    Manner::BreakGlass => ("break-glass", facts::Manner::BreakGlass),
                };
                attempt.verb = verb;
                Ok(Some(self.perform(attempt, names, &Deed::Ask(Wish { when, manner, ..wish })).await))
            }
            (_, _) => {
                let filled = Filled {
                    length: asking.access_for.filter(|_| when.end_at.is_none()),
                    reason: asking.reason.clone(),
                    ..self.filled_for(caller, asking.resource.as_str(), asking.role.as_ref().map(|role| role.as_str()))
                };
                let filled = filled.beginning(when, &names.zone);
                self.open_request_form(&action.trigger_id, (loaded, person, names), filled).await.map(|()| None)
            }
        }
    }

    /// The form again, with what was asked for the last time; empty where the button says nothing.
    pub(super) async fn open_form_again(self: &Arc<Self>, caller: &Caller, action: &Action) -> Result<Option<Outcome>, Message> {
        let mut words = action.value.split(' ');
        let (resource, role, length) = (words.next().unwrap_or_default(), words.next(), words.next());
        let filled = Filled { length: length.and_then(|text| text.parse().ok()), ..self.filled_for(caller, resource, role) };
        let of = (&caller.loaded, &caller.person, &caller.names);
        self.open_request_form(&action.trigger_id, of, filled).await.map(|()| None)
    }

    /// What a button names, as far as this person may still ask for it.
    fn filled_for(&self, caller: &Caller, resource: &str, role: Option<&str>) -> Filled {
        let askable = askable(&caller.loaded, &caller.person);
        let Some((resource, roles)) = askable.iter().find(|(id, _)| id.as_str() == resource) else { return Filled::default() };
        let role = role.and_then(|role| roles.iter().find(|id| id.as_str() == role));
        Filled { resource: Some(resource.clone()), role: role.cloned(), ..Filled::default() }
    }
}
