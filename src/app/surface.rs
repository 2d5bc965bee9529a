//! What came in → a use case → the answer that Slack wants back. Every command and click gets one that the person can see.

use std::sync::Arc;

use serde_json::{Value, json};
use tracing::warn;

use crate::access::event::Actor;
use crate::access::ids::PersonId;
use crate::access::refusal::Refusal;
use crate::slack::block::{Message, View, options_answer};
use crate::slack::command::Command;
use crate::slack::inbound::{self, Account, Inbound, ViewRef};
use crate::slack::say::forms;
use crate::slack::say::names::Names;
use crate::slack::say::refusal::{not_understood, refused};

use super::behalf::subject_of;
use super::deed::Deed;
use super::end::Ending;
use super::extend::More;
use super::form::Meant;
use super::identify::actor;
use super::policies::Loaded;
use super::transact::{Attempt, Outcome, Stop, Told};
use super::{App, names};

/// What goes back to Slack.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, as JSON; none for an empty answer.
    pub body: Option<Value>,
}

impl Answer {
    /// Taken, with nothing to say.
    pub fn empty() -> Answer {
        Answer { status: 200, body: None }
    }

    pub(super) fn of(body: Value) -> Answer {
        Answer { status: 200, body: Some(body) }
    }
}

/// Somebody who is known, with what is needed to answer them.
pub(super) struct Caller {
    pub person: PersonId,
    pub loaded: Arc<Loaded>,
    pub names: Names,
}

impl App {
    /// Takes something that came in with a valid signature. What it decides is committed before it answers.
    pub async fn handle(self: &Arc<Self>, inbound: Inbound) -> Answer {
        let key = inbound.dedupe_key();
        match inbound {
            Inbound::UrlVerification { challenge } => Answer::of(json!({ "challenge": challenge })),
            Inbound::SslCheck | Inbound::Closed { .. } => Answer::empty(),
            Inbound::Event(event) => {
                if matches!(event.kind.as_str(), "tokens_revoked" | "app_uninstalled") {
                    self.check_token().await;
                }
                self.account_changed(&event).await;
                self.home_opened(&event).await;
                if let Some(group) = event.payload.get("subteam_id").and_then(Value::as_str) {
                    self.sources.forget(group);
                }
                Answer::empty()
            }
            Inbound::Unknown { kind } => {
                warn!(kind, "slack sent something that is not known here; it is ignored");
                Answer::empty()
            }
            Inbound::Options { from, typed, view, .. } => self.options(&from, &typed, view.as_ref()).await,
            Inbound::Command(command) => self.command(key, command).await,
            Inbound::Action(action) => self.action(key, action).await,
            Inbound::Submission(submission) => self.submission(key, submission).await,
            Inbound::Shortcut(used) => self.shortcut(key, used).await,
        }
    }

    /// Who it is. Whoever is not known gets a sentence, and the audit log a line.
    pub(super) async fn caller(&self, attempt: &mut Attempt, account: &Account) -> Result<Caller, Told> {
        let Some(loaded) = self.policies.current() else {
            return Err(told(self.settled_refusal(attempt, Refusal::NoPolicy).await));
        };
        let person = self.identify(&loaded, account).await;
        attempt.actor = actor(account, &person);
        match person {
            Ok(person) => Ok(Caller { names: names::for_person(Some(&loaded), &person), person, loaded }),
            Err(refusal) => Err(told(self.settled_refusal(attempt, refusal).await)),
        }
    }

    async fn settled_refusal(&self, attempt: &Attempt, refusal: Refusal) -> Outcome {
        let names = Names::default();
        match self.refuse(attempt, &names, refusal).await {
            Ok(outcome) => outcome,
            Err(error) => {
                warn!(%error, "a refusal could not be recorded");
                Outcome::Now(Told {
                    message: refused(&Refusal::NotRecorded, &names),
                    refusal: Some(Refusal::NotRecorded),
                    may_end: None,
                })
            }
        }
    }

    async fn command(self: &Arc<Self>, key: Option<String>, command: inbound::Command) -> Answer {
        let mut attempt = Attempt { key, actor: Actor::Daypass, verb: "command", about: None };
        let caller = match self.caller(&mut attempt, &command.from).await {
            Ok(caller) => caller,
            Err(told) => return Answer::of(told.message.to_answer()),
        };
        match self.obey(&mut attempt, &caller, &command).await {
            Ok(Some(outcome)) => said(outcome),
            Ok(None) => Answer::empty(),
            Err(message) => Answer::of(message.to_answer()),
        }
    }

    /// Does what a command says. `Err` is an answer that decided nothing; `None` that a form was opened.
    async fn obey(
        self: &Arc<Self>,
        attempt: &mut Attempt,
        caller: &Caller,
        command: &inbound::Command,
    ) -> Result<Option<Outcome>, Message> {
        let Caller { person, loaded, names } = caller;
        let by = person.clone();
        let outcome = match Command::read(&command.text) {
            Command::Help => return Err(self.help(loaded, person)),
            Command::NotUnderstood(words) => return Err(not_understood(&words)),
            Command::Mine => return Err(shown(self.mine(loaded, names.clone(), person).await, names)),
            Command::Pending => return Err(shown(self.waiting(loaded, names.clone(), person).await, names)),
            Command::Why { request } => return Err(shown(self.why(loaded, names.clone(), person, request).await, names)),
            Command::WhyGrant { grant } => return Err(shown(self.why_grant(loaded, names.clone(), person, grant).await, names)),
            Command::Who(words) => return Err(shown(self.who(loaded, names.clone(), person, &words).await, names)),
            Command::Request(ask) => {
                attempt.verb = "request";
                match self.meant(loaded, person, ask) {
                    Ok(Meant::Wish(wish)) => self.perform(attempt, names, &Deed::Ask(wish)).await,
                    Ok(Meant::Form(filled)) => {
                        let of = (loaded, person, names);
                        return self.open_request_form(&command.trigger_id, of, filled).await.map(|()| None);
                    }
                    Err(misunderstood) => self.perform(attempt, names, &misunderstood.into_deed()).await,
                }
            }
            Command::RequestFor(whom, ask) => return self.request_for(attempt, caller, command, (whom, ask)).await,
            Command::BreakGlass(ask) => {
                attempt.verb = "break-glass";
                let deed = self.meant_as_glass(loaded, person, ask).map_or_else(Deed::Nothing, Deed::Ask);
                self.perform(attempt, names, &deed).await
            }
            Command::Away(away) => return self.obey_away(attempt, caller, away).await,
            Command::Back => {
                attempt.verb = "back";
                self.perform(attempt, names, &Deed::ComeBack(by)).await
            }
            Command::Cancel { request } => {
                (attempt.verb, attempt.about) = ("withdraw", request.map(|id| id.to_string()));
                self.perform(attempt, names, &Deed::Withdraw(by, request)).await
            }
            Command::Remind { request } => {
                (attempt.verb, attempt.about) = ("remind", request.map(|id| id.to_string()));
                self.perform(attempt, names, &Deed::Remind(by, request)).await
            }
            Command::Done { grant } => {
                (attempt.verb, attempt.about) = ("done", grant.map(|id| id.to_string()));
                let ending = Ending::Own(grant);
                self.perform(attempt, names, &Deed::End(by, ending)).await
            }
            Command::Revoke { grant, reason } => {
                (attempt.verb, attempt.about) = ("revoke", Some(grant.to_string()));
                let ending = Ending::Anybodys(grant, reason);
                self.perform(attempt, names, &Deed::End(by, ending)).await
            }
            lock @ (Command::Lock(_) | Command::Unlock { .. } | Command::RevokeAll { .. }) => {
                return self.obey_lock(attempt, caller, lock).await;
            }
            Command::Extend { grant, by: Some(ttl), reason } => {
                (attempt.verb, attempt.about) = ("extend", grant.map(|id| id.to_string()));
                let more = More { grant, by: ttl, reason };
                self.perform(attempt, names, &Deed::AskMore(by, more)).await
            }
            Command::Extend { grant, by: None, .. } => {
                let view = self.extend_form(loaded, names, person, grant).await;
                let view = view.map_err(|stop| shown::<Message>(Err(stop), names))?;
                return self.open(&command.trigger_id, view).await.map(|()| None);
            }
        };
        Ok(Some(outcome))
    }

    async fn options(&self, account: &Account, typed: &str, view: Option<&ViewRef>) -> Answer {
        let Some(loaded) = self.policies.current() else { return Answer::of(options_answer(&[])) };
        let Ok(person) = self.identify(&loaded, account).await else { return Answer::of(options_answer(&[])) };
        let names = names::for_person(Some(&loaded), &person);
        let subject = view.and_then(|view| subject_of(&loaded, view)).unwrap_or_else(|| person.clone());
        Answer::of(options_answer(&super::search::search(&loaded, (&person, &subject), &names, typed)))
    }

    /// Opens a form within the life of its trigger. What is not opened is said.
    pub(super) async fn open(&self, trigger_id: &str, view: View) -> Result<(), Message> {
        match self.slack.open_view(trigger_id, &view).await {
            Ok(_) => Ok(()),
            Err(error) => {
                warn!(%error, "a form was not opened");
                Err(Message::sentence("Slack did not open the form in time. Please try again."))
            }
        }
    }
}

fn told(outcome: Outcome) -> Told {
    match outcome {
        Outcome::Now(told) => told,
        Outcome::Before(_) => Told { message: Message::sentence("That was answered before."), refusal: None, may_end: None },
    }
}

fn said(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Now(told) => Answer::of(told.message.to_answer()),
        Outcome::Before(Some(answer)) => Answer::of(answer),
        Outcome::Before(None) => Answer::of(Message::sentence("That is being worked on already.").to_answer()),
    }
}

/// A list, or the sentence that stands for it.
pub(super) fn shown<T: Into<Message>>(result: Result<T, Stop>, names: &Names) -> Message {
    match result {
        Ok(message) => message.into(),
        Err(Stop::Refused(refusal)) => refused(&refusal, names),
        Err(Stop::Store(error)) => {
            warn!(%error, "a list could not be read");
            Message::sentence("I can't read my database right now. Please try again in a minute.")
        }
        Err(Stop::Stale) => Message::sentence("That changed while I looked. Please try again."),
    }
}

pub(super) fn nothing_to_ask() -> View {
    forms::sentence(
        "Request access",
        "There is nothing that you could ask for yet. Ask an admin to add a policy that is about you.",
    )
}
