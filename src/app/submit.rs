//! A form that came back: what was filled in is read again and checked as if it had been typed.

use std::sync::Arc;

use tracing::warn;

use crate::access::event::Actor;
use crate::access::ids::{GrantId, PersonId};
use crate::access::refusal::Refusal;
use crate::access::review::Finding;
use crate::access::words::Words;
use crate::slack::block::Message;
use crate::slack::inbound::{Submission, ViewRef};
use crate::slack::say::{field, form, forms};

use super::App;
use super::approve::Yes;
use super::click::read_value;
use super::deed::Deed;
use super::extend::More;
use super::review::Closing;
use super::surface::{Answer, Caller};
use super::transact::{Attempt, Outcome, Told};
use super::vouch::Vouching;

impl App {
    pub(super) async fn submission(self: &Arc<Self>, key: Option<String>, submission: Submission) -> Answer {
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
            form::APPROVE => {
                let (Some(request), Some(terms)) = read_value(&view.private_metadata) else { return Answer::empty() };
                (attempt.verb, attempt.about) = ("approve", Some(request.to_string()));
                let yes = Yes { by: person.clone(), request, terms, note: reason };
                self.perform(&attempt, names, &Deed::Approve(yes)).await
            }
            form::DENY => {
                let (Some(id), _) = read_value(&view.private_metadata) else { return Answer::empty() };
                (attempt.verb, attempt.about) = ("deny", Some(id.to_string()));
                self.perform(&attempt, names, &Deed::Deny(person.clone(), id, reason)).await
            }
            form::REVIEW => {
                let (Some(request), _) = read_value(&view.private_metadata) else { return Answer::empty() };
                (attempt.verb, attempt.about) = ("review", Some(request.to_string()));
                let Some(finding) = view.values.chosen(field::FINDING).and_then(Finding::named) else {
                    return Answer::of(forms::errors(&[(field::FINDING, "Choose what you found.".to_owned())].into()));
                };
                let closing = Closing { by: person.clone(), request, finding, note: reason };
                self.perform(&attempt, names, &Deed::CloseReview(closing)).await
            }
            form::VOUCH => match vouched(person, view, reason) {
                Ok(vouching) => {
                    (attempt.verb, attempt.about) = ("vouch", Some(vouching.grant.to_string()));
                    self.perform(&attempt, names, &Deed::Vouch(vouching)).await
                }
                Err(answer) => return answer,
            },
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
        return Err(Answer::of(forms::errors(&[(field::REASON, "Say how you know.".to_owned())].into())));
    }
    Ok(Vouching { by: person.clone(), grant, why })
}

fn in_window(message: &Message) -> Answer {
    Answer::of(forms::replaced_by(&forms::sentence("Not possible", message.text())))
}

/// A refused form keeps what was filled in, with the sentence on the field that it is about.
fn refused_form(refusal: &Refusal, message: &Message, view: &ViewRef) -> Answer {
    let is_request = view.callback_id == form::REQUEST;
    let field = match refusal {
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
        _ => return in_window(message),
    };
    Answer::of(forms::errors(&[(field, crate::slack::text::unescape(message.text()))].into()))
}
