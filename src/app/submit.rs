//! A form that came back: what was filled in is read again and checked as if it had been typed.

use std::sync::Arc;

use tracing::warn;

use crate::access::event::Actor;
use crate::access::ids::{GrantId, PersonId};
use crate::access::refusal::Refusal;
use crate::access::review::Finding;
use crate::access::time::Ttl;
use crate::access::words::Words;
use crate::slack::block::Message;
use crate::slack::inbound::{Submission, ViewRef};
use crate::slack::say::{field, form, forms};

use super::App;
use super::approve::Yes;
use super::click::{read_question, read_value};
use super::deed::Deed;
use super::doors::wish_of_glass_form;
use super::extend::More;
use super::review::Closing;
use super::surface::{Answer, Caller};
use super::talk::Saying;
use super::transact::{Attempt, Outcome, Told};
use super::vouch::Vouching;

impl App {
    pub(super) async fn submission(self: &Arc<Self>, key: Option<String>, submission: Submission) -> Answer {
        let mut attempt = Attempt { key, actor: Actor::Daypass, verb: "submit", about: None };
        let caller = match self.caller(&mut attempt, &submission.from).await {
            Ok(caller) => caller,
            Err(told) => return in_window(&told.message),
        };
        let view = &submission.view;
        if view.callback_id == form::APPROVE_THESE {
            attempt.verb = "approve";
            return self.approve_these(&attempt, &caller, &view.values).await;
        }
        let deed = match self.meant_by_form(&mut attempt, &caller, view) {
            Ok(deed) => deed,
            Err(answer) => return answer,
        };
        let outcome = self.perform(&attempt, &caller.names, &deed).await;
        match outcome {
            Outcome::Now(Told { refusal: Some(refusal), message, may_end }) => {
                let answer = refused_form(&refusal, &message, view);
                if may_end.is_some() {
                    // A form has no place for this button.
                    self.write_to(&submission.from.user, message);
                }
                answer
            }
            Outcome::Now(Told { refusal: None, .. }) | Outcome::Before(_) => Answer::empty(),
        }
    }

    /// What a form that came back asks to be done; or what is answered where it cannot be read.
    fn meant_by_form(&self, attempt: &mut Attempt, caller: &Caller, view: &ViewRef) -> Result<Deed, Answer> {
        let Caller { person, loaded, .. } = caller;
        let by = person.clone();
        let reason = Words::typed(view.values.text(field::REASON));
        let (request, terms) = read_value(&view.private_metadata);
        let request = || request.ok_or_else(Answer::empty);
        let deed = match view.callback_id.as_str() {
            form::REQUEST => {
                attempt.verb = "request";
                Deed::Ask(self.wish_of_form(loaded, person, view).map_err(Answer::of)?)
            }
            form::GLASS => {
                attempt.verb = "break-glass";
                Deed::Ask(wish_of_glass_form(loaded, person, &view.values).map_err(Answer::of)?)
            }
            form::APPROVE | form::SHORTER => {
                let (request, terms) = (request()?, terms.ok_or_else(Answer::empty)?);
                (attempt.verb, attempt.about) = ("approve", Some(request.to_string()));
                Deed::Approve(Yes { by, request, terms, note: reason, shorter: shorter(view)? })
            }
            form::QUESTION | form::ANSWER | form::PASS_ON => self.said_in(attempt, caller, view)?,
            form::DENY => {
                let request = request()?;
                (attempt.verb, attempt.about) = ("deny", Some(request.to_string()));
                Deed::Deny(by, request, reason)
            }
            form::REVIEW => {
                let request = request()?;
                (attempt.verb, attempt.about) = ("review", Some(request.to_string()));
                let Some(finding) = view.values.chosen(field::FINDING).and_then(Finding::named) else {
                    return Err(on_field(field::FINDING, "Choose what you found."));
                };
                Deed::CloseReview(Closing { by, request, finding, note: reason })
            }
            form::VOUCH => {
                let vouching = vouched(person, view, reason)?;
                (attempt.verb, attempt.about) = ("vouch", Some(vouching.grant.to_string()));
                Deed::Vouch(vouching)
            }
            form::EXTEND => {
                let grant = view.private_metadata.parse::<GrantId>().map_err(|_| Answer::empty())?;
                (attempt.verb, attempt.about) = ("extend", Some(grant.to_string()));
                let Some(more) = view.values.chosen(field::DURATION).and_then(|text| text.parse().ok()) else {
                    return Err(on_field(field::DURATION, "Choose how much more."));
                };
                Deed::AskMore(by, More { grant: Some(grant), by: more, reason })
            }
            other => {
                warn!(form = other, "a form was submitted that is not known here");
                return Err(Answer::empty());
            }
        };
        Ok(deed)
    }

    /// What somebody says by a form, or what is wrong with it.
    fn said_in(&self, attempt: &mut Attempt, caller: &Caller, view: &ViewRef) -> Result<Deed, Answer> {
        let by = caller.person.clone();
        let typed = |field| Words::typed(view.values.text(field));
        let (id, saying) = match view.callback_id.as_str() {
            form::ANSWER => {
                attempt.verb = "answer";
                let (id, number) = read_question(&view.private_metadata).ok_or_else(Answer::empty)?;
                (id, Saying::Answer(number, typed(field::ANSWER)))
            }
            form::QUESTION => {
                attempt.verb = "ask about";
                (read_value(&view.private_metadata).0.ok_or_else(Answer::empty)?, Saying::Question(typed(field::QUESTION)))
            }
            _ => {
                attempt.verb = "pass on";
                let problem = || on_field(field::PERSON, "Choose somebody.");
                let to = self.chosen_person(&caller.loaded, &view.values).ok_or_else(problem)?;
                (read_value(&view.private_metadata).0.ok_or_else(Answer::empty)?, Saying::PassOn(to))
            }
        };
        attempt.about = Some(id.to_string());
        Ok(Deed::Talk(by, id, saying))
    }

    fn write_to(self: &Arc<Self>, user: &str, message: Message) {
        let (app, user) = (Arc::clone(self), user.to_owned());
        drop(tokio::spawn(async move {
            if let Err(error) = app.slack.post(&user, &message, app.wall()).await {
                warn!(%error, "an answer did not reach slack");
            }
        }));
    }
}

fn vouched(person: &PersonId, view: &ViewRef, why: Words) -> Result<Vouching, Answer> {
    let grant = view.private_metadata.parse::<GrantId>().map_err(|_| Answer::empty())?;
    if why.is_empty() {
        return Err(on_field(field::REASON, "Say how you know."));
    }
    Ok(Vouching { by: person.clone(), grant, why })
}

/// How long it is to be instead, by the form that approves less.
fn shorter(view: &ViewRef) -> Result<Option<Ttl>, Answer> {
    if view.callback_id != form::SHORTER {
        return Ok(None);
    }
    let chosen = view.values.chosen(field::DURATION).and_then(|text| text.parse().ok());
    chosen.map(Some).ok_or_else(|| on_field(field::DURATION, "Choose how long."))
}

fn on_field(field: &'static str, sentence: &str) -> Answer {
    Answer::of(forms::errors(&[(field, sentence.to_owned())].into()))
}

fn in_window(message: &Message) -> Answer {
    Answer::of(forms::replaced_by(&forms::sentence("Not possible", message.text())))
}

/// A refused form keeps what was filled in, with the sentence on the field that it is about.
fn refused_form(refusal: &Refusal, message: &Message, view: &ViewRef) -> Answer {
    let is_request = view.callback_id == form::REQUEST;
    let refusal = match refusal {
        Refusal::NotForThem { why, .. } => why,
        refusal => refusal,
    };
    let has_start = !view.values.text(field::FROM).trim().is_empty();
    if let (Refusal::OutsideWindow { earliest: Some(_) }, true) = (refusal, is_request) {
        // Where a message would have a button, the form has a field.
        let text = format!("{} Write that time as its start.", message.text());
        return Answer::of(forms::errors(&[(field::FROM, crate::slack::text::unescape(&text))].into()));
    }
    let field = match refusal {
        Refusal::TooFarAhead { .. } => field::FROM,
        Refusal::NoTimeLeft { .. } if is_request && has_start => field::FROM,
        // Where until when was typed, that is what counted.
        Refusal::OverCap { .. } | Refusal::OutsideWindow { .. } | Refusal::NoTimeLeft { .. }
            if !view.values.text(field::UNTIL).trim().is_empty() =>
        {
            field::UNTIL
        }
        Refusal::TicketMissing { .. } if view.values.has(field::TICKET) => field::TICKET,
        Refusal::NoSuchResource { .. }
        | Refusal::NotPermitted { .. }
        | Refusal::NobodyCanApprove { .. }
        | Refusal::NoProviderAccount { .. }
        | Refusal::NoKeyOnFile
        | Refusal::CannotBePlanned { .. }
            if is_request =>
        {
            field::RESOURCE
        }
        Refusal::NoSuchRole { .. } if is_request && view.values.has(field::ROLE) => field::ROLE,
        Refusal::OverCap { .. } | Refusal::OutsideWindow { .. } | Refusal::NoTimeLeft { .. } | Refusal::NoExtension { .. } => {
            field::DURATION
        }
        Refusal::ReasonTooShort { .. }
        | Refusal::TicketMissing { .. }
        | Refusal::DenialNeedsReason
        | Refusal::ApprovalNeedsNote
        | Refusal::ReviewNeedsNote => field::REASON,
        Refusal::CannotTakeOver { .. } | Refusal::PassedAlready { .. } => field::PERSON,
        _ => return in_window(message),
    };
    Answer::of(forms::errors(&[(field, crate::slack::text::unescape(message.text()))].into()))
}
