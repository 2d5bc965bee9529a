//! A button or a choice: which one it is, and who presses it. Buttons carry an id, never a right.

use std::sync::Arc;

use tracing::warn;

use crate::access::decide::NoteRule;
use crate::access::event::Actor;
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::request::{Request, TermsHash};
use crate::access::words::Words;
use crate::slack::block::{Message, View};
use crate::slack::command::NotUnderstood;
use crate::slack::inbound::Action;
use crate::slack::say::names::Names;
use crate::slack::say::refusal::not_understood;
use crate::slack::say::{button, feedback, form, forms};
use crate::store::StoreError;
use crate::store::outbox::{Audience, MessageKey, Posted};

use super::approve::{Yes, deciding};
use super::deed::Deed;
use super::end::Ending;
use super::messages::{Kind, Moment};
use super::policies::Loaded;
use super::sources::Fresh;
use super::surface::{Answer, Caller, shown};
use super::transact::{Attempt, Outcome, Stop};
use super::{App, names};

impl App {
    pub(super) async fn action(self: &Arc<Self>, key: Option<String>, action: Action) -> Answer {
        let mut attempt = Attempt { key, actor: Actor::Daypass, verb: "press", about: None };
        let action = from_menu(action);
        if action.action_id == button::ADD_ME {
            attempt.verb = "ask to be added";
        }
        let caller = match self.caller(&mut attempt, &action.from).await {
            Ok(caller) => caller,
            Err(told) if action.action_id == button::ADD_ME => return self.wants_to_be_added(&attempt, &action, told).await,
            Err(told) => return self.reply_to(&action, told.message),
        };
        if let Some(view) = action.view.as_ref().filter(|view| view.callback_id == form::REQUEST) {
            self.redraw(&caller, view, &action.action_ts).await;
            return Answer::empty();
        }
        self.adopt(&caller.person, &action).await;
        match self.press(&mut attempt, &caller, &action).await {
            Ok(Some(Outcome::Now(told))) => self.reply_to(&action, told.message),
            // The same click came in again: its answer was given.
            Ok(Some(Outcome::Before(_)) | None) => Answer::empty(),
            Err(message) => self.reply_to(&action, message),
        }
    }

    async fn press(
        self: &Arc<Self>,
        attempt: &mut Attempt,
        caller: &Caller,
        action: &Action,
    ) -> Result<Option<Outcome>, Message> {
        let Caller { person, loaded, names } = caller;
        let by = person.clone();
        let (request, terms) = read_value(&action.value);
        let grant = action.value.parse::<GrantId>().ok();
        attempt.about = request.map(|id| id.to_string()).or(grant.map(|id| id.to_string()));
        let unknown = || not_understood(&unknown_button());
        attempt.verb = verb(&action.action_id);
        let outcome = match action.action_id.as_str() {
            button::APPROVE => {
                let (request, terms) = request.zip(terms).ok_or_else(unknown)?;
                let yes = Yes { by, request, terms, note: Words::default(), shorter: None };
                if let Some(asked) = self.asked_for_note(loaded, &yes).await {
                    let mut names = names.clone();
                    names::learn(&mut names, &asked, &[]);
                    return self.open(&action.trigger_id, forms::approve_form(&asked, &names)).await.map(|()| None);
                }
                self.perform(attempt, names, &Deed::Approve(yes)).await
            }
            button::WITHDRAW => {
                let request = Some(request.ok_or_else(unknown)?);
                self.perform(attempt, names, &Deed::Withdraw(by, request)).await
            }
            button::REMIND => {
                let request = Some(request.ok_or_else(unknown)?);
                self.perform(attempt, names, &Deed::Remind(by, request)).await
            }
            button::DONE => {
                let ending = Ending::Own(Some(grant.ok_or_else(unknown)?));
                self.perform(attempt, names, &Deed::End(by, ending)).await
            }
            button::SHOW_SECRET => self.give_link(attempt, names, person, grant.ok_or_else(unknown)?).await,
            button::REVOKE => {
                let ending = Ending::Anybodys(grant.ok_or_else(unknown)?, Words::default());
                self.perform(attempt, names, &Deed::End(by, ending)).await
            }
            button::TOO_MUCH | button::JUST_RIGHT | button::TOO_LITTLE => {
                self.press_feedback(attempt, caller, action, request.ok_or_else(unknown)?).await?
            }
            button::DENY => return self.press_deny(attempt, caller, action, request.ok_or_else(unknown)?).await,
            button::CHECK | button::VOUCH => return self.press_late(attempt, caller, action, grant.ok_or_else(unknown)?).await,
            button::REVIEW => return self.press_review(attempt, caller, action, request.ok_or_else(unknown)?).await,
            button::QUESTION | button::PASS_ON | button::SHORTER | button::ANSWER | button::APPROVE_THESE => {
                return self.press_for_form(attempt, caller, action).await;
            }
            button::LOCK | button::REVOKE_ALL => return self.press_lock(attempt, caller, action).await,
            button::DETAILS => {
                let id = request.ok_or_else(unknown)?;
                let view =
                    self.details(loaded, names.clone(), person, id).await.map_err(|stop| shown::<Message>(Err(stop), names))?;
                return self.open(&action.trigger_id, view).await.map(|()| None);
            }
            button::EXTEND => {
                let view = self.extend_form(loaded, names, person, Some(grant.ok_or_else(unknown)?)).await;
                let view = view.map_err(|stop| shown::<Message>(Err(stop), names))?;
                return self.open(&action.trigger_id, view).await.map(|()| None);
            }
            button::REQUEST => return self.open_form_again(caller, action).await,
            button::ASK_INSTEAD | button::ASK_MORE | button::FIX => return self.press_instead(attempt, caller, action).await,
            button::ADD_ME => return Err(Message::sentence("You are known here by now. Ask for access: /jit request")),
            button::GLASS => return self.open_glass_form(attempt, caller, &action.trigger_id).await,
            _ => return Err(unknown()),
        };
        Ok(Some(outcome))
    }

    async fn press_feedback(
        &self,
        attempt: &Attempt,
        Caller { person, names, .. }: &Caller,
        action: &Action,
        id: RequestId,
    ) -> Result<Outcome, Message> {
        let measure = feedback::measure(&action.action_id).ok_or_else(|| not_understood(&unknown_button()))?;
        Ok(self.perform(attempt, names, &Deed::Feedback(person.clone(), id, measure)).await)
    }

    /// What can be done about an end that is late. The form that vouches for one opens for whoever may.
    async fn press_late(
        &self,
        attempt: &mut Attempt,
        Caller { person, names, .. }: &Caller,
        action: &Action,
        id: GrantId,
    ) -> Result<Option<Outcome>, Message> {
        if action.action_id == button::CHECK {
            attempt.verb = "check";
            return Ok(Some(self.perform(attempt, names, &Deed::LookAgain(id, Box::new(action.clone()))).await));
        }
        attempt.verb = "vouch";
        let view = self.vouch_form(names, person, id).await;
        self.opened(attempt, names, action, view).await
    }

    /// Opens the form with the reason of a no.
    async fn press_deny(
        &self,
        attempt: &mut Attempt,
        Caller { person, names, .. }: &Caller,
        action: &Action,
        id: RequestId,
    ) -> Result<Option<Outcome>, Message> {
        attempt.verb = "deny";
        let pinned = self.pinned(id).await.map_err(|stop| shown::<Message>(Err(stop), names))?;
        if !pinned.request.state.is_pending() {
            // Nobody writes a reason into a form only to read that it is too late.
            return Ok(Some(self.perform(attempt, names, &Deed::Deny(person.clone(), id, Words::default())).await));
        }
        let mut names = names.clone();
        names::learn(&mut names, &pinned.request, &[]);
        self.open(&action.trigger_id, forms::deny_form(&pinned.request, &names)).await.map(|()| None)
    }

    /// Opens a form for whoever could submit it; others read at once why they cannot.
    async fn press_for_form(&self, attempt: &mut Attempt, caller: &Caller, action: &Action) -> Result<Option<Outcome>, Message> {
        let request = || read_value(&action.value).0.ok_or_else(|| not_understood(&unknown_button()));
        let view = match action.action_id.as_str() {
            button::APPROVE_THESE => self.several_form(caller).await,
            button::ANSWER => {
                attempt.verb = "answer";
                let (id, number) = read_question(&action.value).ok_or_else(|| not_understood(&unknown_button()))?;
                self.answer_form(caller, id, number).await
            }
            which => {
                attempt.verb = match which {
                    button::QUESTION => "ask about",
                    button::PASS_ON => "pass on",
                    _ => "approve",
                };
                self.talk_form(caller, which, request()?).await
            }
        };
        self.opened(attempt, &caller.names, action, view).await
    }

    /// Opens a form, or says what stands in its way.
    async fn opened(
        &self,
        attempt: &Attempt,
        names: &Names,
        action: &Action,
        view: Result<View, Stop>,
    ) -> Result<Option<Outcome>, Message> {
        match view {
            Ok(view) => self.open(&action.trigger_id, view).await.map(|()| None),
            Err(Stop::Refused(refusal)) => Ok(Some(self.perform(attempt, names, &Deed::Nothing(refusal)).await)),
            Err(stop) => Err(shown(Err::<Message, _>(stop), names)),
        }
    }

    /// Opens the form that closes a review, for whoever may. Nobody else writes what they found only to read that it is not for
    /// them to say.
    async fn press_review(
        &self,
        attempt: &mut Attempt,
        Caller { person, loaded, names }: &Caller,
        action: &Action,
        id: RequestId,
    ) -> Result<Option<Outcome>, Message> {
        attempt.verb = "review";
        let view = self.review_form(loaded, names, person, id).await;
        self.opened(attempt, names, action, view).await
    }

    /// Whether this approval would be taken if it came with a note, and is not without one: then the note is asked for.
    ///
    /// Whatever else stands in its way is told by the refusal of the approval itself.
    async fn asked_for_note(&self, loaded: &Arc<Loaded>, yes: &Yes) -> Option<Request> {
        let pinned = self.pinned(yes.request).await.ok()?;
        let request = &pinned.request;
        let is_own = yes.by == request.terms.subject || yes.by == request.filed_by;
        let gave_already = request.approvals.iter().any(|given| given.by == yes.by);
        if is_own || gave_already || !request.state.is_pending() || yes.terms != request.terms_hash {
            return None;
        }
        let today = self.today(loaded, &pinned, &deciding(request, &yes.by), Fresh::Now).await.ok()?;
        let may = today.electorate.iter().any(|voters| voters.contains(&yes.by));
        (may && today.note_rule == NoteRule::Required).then_some(pinned.request)
    }

    /// A click on a copy of a message that is not known: the process ended between posting it and writing down where it
    /// stands. From now on it follows the state like the copy that is known.
    async fn adopt(&self, by: &PersonId, action: &Action) {
        let Some(at) = &action.message else { return };
        let copy = Posted { channel: at.channel.clone(), ts: at.ts.clone() };
        let about = action.value.split(' ').next().unwrap_or_default().to_owned();
        let kinds = match action.action_id.as_str() {
            button::APPROVE | button::DENY | button::QUESTION | button::SHORTER | button::PASS_ON => {
                vec![Kind::Card, Kind::PassedOn]
            }
            button::ANSWER => read_question(&action.value).map(|(_, number)| Kind::Question(number)).into_iter().collect(),
            button::DETAILS => vec![Kind::Card, Kind::PassedOn, Kind::Review],
            button::REVIEW => vec![Kind::Review],
            button::WITHDRAW | button::REMIND => vec![Kind::Status],
            button::DONE | button::EXTEND | button::SHOW_SECRET => vec![Kind::News(Moment::InForce), Kind::Status],
            _ => return,
        };
        let audience = match at.channel.starts_with('D') {
            true => Audience::Person(by.clone()),
            false => Audience::Channel(at.channel.clone()),
        };
        let now = self.now().at;
        let adopted: Result<(), StoreError> = self
            .store
            .write(move |tx| {
                // Of a bundle there is one message for all of its grants.
                let grant = about.parse::<GrantId>().ok().map(|id| tx.grant(id)).transpose()?.flatten();
                let abouts = [Some(about), grant.map(|grant| grant.request.to_string())];
                for (kind, about) in kinds.iter().flat_map(|kind| abouts.iter().flatten().map(move |about| (kind, about))) {
                    let key = MessageKey { kind: kind.name(), about: about.clone(), audience: audience.clone() };
                    if tx.message_keys(&key.kind, about)?.contains(&key) {
                        return tx.adopt_copy(&key, kind.style(), &copy, now);
                    }
                }
                Ok(())
            })
            .await;
        match adopted {
            Ok(()) => self.mail.notify_one(),
            Err(error) => warn!(%error, "a copy of a message could not be adopted"),
        }
    }

    /// Answers a click where it was made, after it was acknowledged: Slack ignores what stands in the acknowledgement.
    pub(super) fn reply_to(self: &Arc<Self>, action: &Action, message: Message) -> Answer {
        let app = Arc::clone(self);
        let (url, channel, user) =
            (action.response_url.clone(), action.message.as_ref().map(|at| at.channel.clone()), action.from.user.clone());
        let in_view = action.view.as_ref().map(|_| action.trigger_id.clone());
        drop(tokio::spawn(async move {
            if let Some(trigger_id) = &in_view {
                return app.say_to(trigger_id, &user, &message).await;
            }
            let answered = match &url {
                Some(url) => app.slack.respond(url, &message).await,
                None => match &channel {
                    Some(channel) => app.slack.ephemeral(channel, &user, &message, app.wall()).await,
                    None => app.slack.post(&user, &message, app.wall()).await.map(drop),
                },
            };
            if let Err(error) = answered {
                warn!(%error, "a click was recorded, but its answer did not reach slack");
            }
        }));
        Answer::empty()
    }
}

/// What whoever presses it wants to do, as the audit log says it.
fn verb(action_id: &str) -> &'static str {
    match action_id {
        button::APPROVE => "approve",
        button::WITHDRAW => "withdraw",
        button::REMIND => "remind",
        button::DONE => "done",
        button::SHOW_SECRET => "show",
        button::REVOKE => "revoke",
        button::TOO_MUCH | button::JUST_RIGHT | button::TOO_LITTLE => "answer",
        _ => "press",
    }
}

/// `R-42 <terms>`: what buttons and forms carry.
pub(super) fn read_value(value: &str) -> (Option<RequestId>, Option<TermsHash>) {
    let mut parts = value.split(' ');
    let request = parts.next().and_then(|id| id.parse().ok());
    (request, parts.next().and_then(|hash| hash.parse().ok()))
}

/// `R-42 2`: what the button that answers a question carries.
pub(super) fn read_question(value: &str) -> Option<(RequestId, u32)> {
    let (request, number) = value.split_once(' ')?;
    Some((request.parse().ok()?, number.parse().ok()?))
}

/// What was chosen from a menu is a press of the button that it stands for.
fn from_menu(action: Action) -> Action {
    match action.value.split_once(' ') {
        Some((chosen, value)) if action.action_id == button::MORE => {
            Action { action_id: chosen.to_owned(), value: value.to_owned(), ..action }
        }
        Some(_) | None => action,
    }
}

pub(super) fn unknown_button() -> NotUnderstood {
    NotUnderstood { problem: "this button is not known here any more".to_owned(), example: "/jit help".to_owned(), nearest: None }
}
