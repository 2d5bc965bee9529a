//! What came in → a use case → the answer that Slack wants back. Every command and click gets one that the person can see.

use std::sync::Arc;

use serde_json::{Value, json};
use tracing::{info, warn};

use crate::access::event::Actor;
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::TermsHash;
use crate::access::words::Words;
use crate::slack::block::{Message, View, options_answer};
use crate::slack::command::{Command, NotUnderstood};
use crate::slack::inbound::{self, Account, Action, Inbound, Submission};
use crate::slack::say::names::Names;
use crate::slack::say::refusal::{not_understood, refused};
use crate::slack::say::{button, field, form, forms};

use super::approve::Yes;
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

    fn of(body: Value) -> Answer {
        Answer { status: 200, body: Some(body) }
    }
}

/// Somebody who is known, with what is needed to answer them.
struct Caller {
    person: PersonId,
    loaded: Arc<Loaded>,
    names: Names,
}

impl App {
    /// Takes something that came in with a valid signature. What it decides is committed before it answers.
    pub async fn handle(self: &Arc<Self>, inbound: Inbound) -> Answer {
        let key = inbound.dedupe_key();
        match inbound {
            Inbound::UrlVerification { challenge } => Answer::of(json!({ "challenge": challenge })),
            Inbound::SslCheck | Inbound::Closed { .. } => Answer::empty(),
            Inbound::Event(event) => {
                if let Some(user) = &event.user {
                    self.standings.forget(user);
                }
                Answer::empty()
            }
            Inbound::Unknown { kind } => {
                warn!(kind, "slack sent something that is not known here; it is ignored");
                Answer::empty()
            }
            Inbound::Options { from, typed, .. } => self.options(&from, &typed).await,
            Inbound::Command(command) => self.command(key, command).await,
            Inbound::Action(action) => self.action(key, action).await,
            Inbound::Submission(submission) => self.submission(key, submission).await,
        }
    }

    /// Who it is. Whoever is not known gets a sentence, and the audit log a line.
    async fn caller(&self, attempt: &mut Attempt, account: &Account) -> Result<Caller, Told> {
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
                Outcome::Now(Told { message: refused(&Refusal::NotRecorded, &names), refusal: Some(Refusal::NotRecorded) })
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
            Command::Request(ask) => {
                attempt.verb = "request";
                match self.meant(loaded, person, ask) {
                    Ok(Meant::Wish(wish)) => self.perform(attempt, names, &Deed::Ask(wish)).await,
                    Ok(Meant::Form(filled)) => {
                        let view = self.request_form(loaded, names, person, &filled).await;
                        return self.open(&command.trigger_id, view.unwrap_or_else(nothing_to_ask)).await.map(|()| None);
                    }
                    Err(refusal) => self.perform(attempt, names, &Deed::Nothing(refusal)).await,
                }
            }
            Command::Cancel { request } => {
                (attempt.verb, attempt.about) = ("withdraw", request.map(|id| id.to_string()));
                self.perform(attempt, names, &Deed::Withdraw(by, request)).await
            }
            Command::Done { grant } => {
                (attempt.verb, attempt.about) = ("done", grant.map(|id| id.to_string()));
                let ending = Ending::Own(grant);
                self.perform(attempt, names, &Deed::End(by, ending)).await
            }
            Command::Revoke { grant, .. } => {
                (attempt.verb, attempt.about) = ("revoke", Some(grant.to_string()));
                let ending = Ending::Anybodys(grant);
                self.perform(attempt, names, &Deed::End(by, ending)).await
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

    async fn action(self: &Arc<Self>, key: Option<String>, action: Action) -> Answer {
        let mut attempt = Attempt { key, actor: Actor::Daypass, verb: "press", about: None };
        let caller = match self.caller(&mut attempt, &action.from).await {
            Ok(caller) => caller,
            Err(told) => return self.reply_to(&action, told.message),
        };
        if let Some(view) = action.view.as_ref().filter(|view| view.callback_id == form::REQUEST) {
            self.redraw(&caller, view).await;
            return Answer::empty();
        }
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
        let outcome = match action.action_id.as_str() {
            button::APPROVE => {
                attempt.verb = "approve";
                let (request, terms) = request.zip(terms).ok_or_else(unknown)?;
                let yes = Yes { by, request, terms, note: Words::default() };
                self.perform(attempt, names, &Deed::Approve(yes)).await
            }
            button::WITHDRAW => {
                attempt.verb = "withdraw";
                let request = Some(request.ok_or_else(unknown)?);
                self.perform(attempt, names, &Deed::Withdraw(by, request)).await
            }
            button::DONE => {
                attempt.verb = "done";
                let ending = Ending::Own(Some(grant.ok_or_else(unknown)?));
                self.perform(attempt, names, &Deed::End(by, ending)).await
            }
            button::REVOKE => {
                attempt.verb = "revoke";
                let ending = Ending::Anybodys(grant.ok_or_else(unknown)?);
                self.perform(attempt, names, &Deed::End(by, ending)).await
            }
            button::DENY => {
                let id = request.ok_or_else(unknown)?;
                let pinned = self.pinned(id).await.map_err(|stop| shown::<Message>(Err(stop), names))?;
                let mut names = names.clone();
                names::learn(&mut names, &pinned.request, &[]);
                return self.open(&action.trigger_id, forms::deny_form(&pinned.request, &names)).await.map(|()| None);
            }
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
            button::REQUEST => {
                let view = self.request_form(loaded, names, person, &super::form::Filled::default()).await;
                return self.open(&action.trigger_id, view.unwrap_or_else(nothing_to_ask)).await.map(|()| None);
            }
            _ => return Err(unknown()),
        };
        Ok(Some(outcome))
    }

    /// The form follows what is chosen in it. One that was changed meanwhile is left alone.
    async fn redraw(&self, caller: &Caller, view: &inbound::ViewRef) {
        let filled = self.filled(&caller.loaded, &caller.person, &view.values);
        let Some(drawn) = self.request_form(&caller.loaded, &caller.names, &caller.person, &filled).await else { return };
        if let Err(error) = self.slack.update_view(&view.id, Some(&view.hash), &drawn).await {
            info!(%error, "a form was not redrawn");
        }
    }

    async fn submission(self: &Arc<Self>, key: Option<String>, submission: Submission) -> Answer {
        let mut attempt = Attempt { key, actor: Actor::Daypass, verb: "submit", about: None };
        let caller = match self.caller(&mut attempt, &submission.from).await {
            Ok(caller) => caller,
            Err(told) => return in_window(&told.message),
        };
        let Caller { person, names, loaded } = &caller;
        let view = &submission.view;
        let reason = Words::typed(view.values.text(field::REASON));
        let outcome = match view.callback_id.as_str() {
            form::REQUEST => {
                attempt.verb = "request";
                let wish = match self.wish_of_form(loaded, person, &view.values) {
                    Ok(wish) => wish,
                    Err(problems) => return Answer::of(problems),
                };
                self.perform(&attempt, names, &Deed::Ask(wish)).await
            }
            form::DENY => {
                let (Some(id), _) = read_value(&view.private_metadata) else { return Answer::empty() };
                (attempt.verb, attempt.about) = ("deny", Some(id.to_string()));
                self.perform(&attempt, names, &Deed::Deny(person.clone(), id, reason)).await
            }
            form::EXTEND => {
                let Ok(grant) = view.private_metadata.parse::<GrantId>() else { return Answer::empty() };
                (attempt.verb, attempt.about) = ("extend", Some(grant.to_string()));
                let Some(by) = view.values.chosen(field::DURATION).and_then(|text| text.parse().ok()) else {
                    return Answer::of(forms::errors(&[(field::DURATION, "Choose how much more.".to_owned())].into()));
                };
                let more = More { grant: Some(grant), by, reason };
                self.perform(&attempt, names, &Deed::AskMore(person.clone(), more)).await
            }
            other => {
                warn!(form = other, "a form was submitted that is not known here");
                return Answer::empty();
            }
        };
        match outcome {
            Outcome::Now(Told { refusal: Some(refusal), message }) => refused_form(&refusal, &message),
            Outcome::Now(Told { refusal: None, .. }) | Outcome::Before(_) => Answer::empty(),
        }
    }

    async fn options(&self, account: &Account, typed: &str) -> Answer {
        let Some(loaded) = self.policies.current() else { return Answer::of(options_answer(&[])) };
        let Ok(person) = self.identify(&loaded, account).await else { return Answer::of(options_answer(&[])) };
        let names = names::for_person(Some(&loaded), &person);
        Answer::of(options_answer(&super::form::search(&loaded, &person, &names, typed)))
    }

    /// Opens a form within the life of its trigger. What is not opened is said.
    async fn open(&self, trigger_id: &str, view: View) -> Result<(), Message> {
        match self.slack.open_view(trigger_id, &view).await {
            Ok(_) => Ok(()),
            Err(error) => {
                warn!(%error, "a form was not opened");
                Err(Message::sentence("Slack did not open the form in time. Please try again."))
            }
        }
    }

    /// Answers a click where it was made, after it was acknowledged: Slack ignores what stands in the acknowledgement.
    fn reply_to(self: &Arc<Self>, action: &Action, message: Message) -> Answer {
        let app = Arc::clone(self);
        let (url, channel, user) =
            (action.response_url.clone(), action.message.as_ref().map(|at| at.channel.clone()), action.from.user.clone());
        drop(tokio::spawn(async move {
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

fn told(outcome: Outcome) -> Told {
    match outcome {
        Outcome::Now(told) => told,
        Outcome::Before(_) => Told { message: Message::sentence("That was answered before."), refusal: None },
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
fn shown<T: Into<Message>>(result: Result<T, Stop>, names: &Names) -> Message {
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

/// `R-42 <terms>`: what buttons and forms carry.
fn read_value(value: &str) -> (Option<RequestId>, Option<TermsHash>) {
    let mut parts = value.split(' ');
    let request = parts.next().and_then(|id| id.parse().ok());
    (request, parts.next().and_then(|hash| hash.parse().ok()))
}

fn unknown_button() -> NotUnderstood {
    NotUnderstood { problem: "this button is not known here any more".to_owned(), example: "/jit help".to_owned(), nearest: None }
}

fn nothing_to_ask() -> View {
    forms::sentence(
        "Request access",
        "There is nothing that you could ask for yet. Ask an admin to add a policy that is about you.",
    )
}

fn in_window(message: &Message) -> Answer {
    Answer::of(forms::replaced_by(&forms::sentence("Not possible", message.text())))
}

/// A refused form keeps what was filled in, with the sentence on the field that it is about.
fn refused_form(refusal: &Refusal, message: &Message) -> Answer {
    let field = match refusal {
        Refusal::OverCap { .. } | Refusal::OutsideWindow { .. } | Refusal::NoTimeLeft { .. } | Refusal::NoExtension { .. } => {
            field::DURATION
        }
        Refusal::ReasonTooShort { .. } | Refusal::TicketMissing { .. } | Refusal::DenialNeedsReason => field::REASON,
        _ => return in_window(message),
    };
    Answer::of(forms::errors(&[(field, crate::slack::text::unescape(message.text()))].into()))
}
