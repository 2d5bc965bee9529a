//! Beside yes and no: a question, its answer, a card that is passed on, less time. Rights are looked up at the click, as for a yes.

use std::sync::Arc;

use crate::access::decide::{RequestCommand, TalkCommand, could_take_over, may_decide};
use crate::access::electors::Electors;
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::Request;
use crate::access::time::Ttl;
use crate::access::words::Words;
use crate::policy::electorate;
use crate::slack::block::View;
use crate::slack::inbound::Values;
use crate::slack::say::forms::choice_value;
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;
use crate::slack::say::{button, field, talk};

use super::approve::deciding;
use super::policies::Loaded;
use super::reassess::Pinned;
use super::sources::{Fresh, groups_of};
use super::surface::Caller;
use super::transact::{Attempt, Outcome, Stop};
use super::{App, names};

/// What is offered as less time: those of these that are less than what is asked for.
const LESS: [i64; 8] = [5, 15, 30, 60, 120, 240, 480, 720];

/// What somebody says about a request.
#[derive(Debug, Clone)]
pub(super) enum Saying {
    /// A question.
    Question(Words),
    /// The answer to the question with this number.
    Answer(u32, Words),
    /// The card goes to this person as well.
    PassOn(PersonId),
}

impl App {
    /// Records what somebody says, and has it told to whom it concerns.
    pub(super) async fn talk(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (by, id, saying): (PersonId, RequestId, Saying),
    ) -> Result<Outcome, Stop> {
        let pinned = self.pinned(id).await?;
        let electorate = match &saying {
            // Whoever asked for the access needs no right to answer.
            Saying::Answer(..) => Vec::new(),
            Saying::Question(_) | Saying::PassOn(_) => self.voters_today(loaded, &pinned.request, &by, attempt.fresh()).await?,
        };
        self.transact(attempt, loaded, names, move |work, names| {
            let known = work.tx.request(id)?.ok_or(Refusal::NoSuchRequest { request: id })?;
            names::learn(names, &known, &[]);
            if known.version != pinned.request.version {
                return Err(Stop::Stale);
            }
            work.request(id)?;
            let (command, reply) = match saying {
                Saying::Question(question) => {
                    let reply = Reply::Questioned { request: id, of: known.filed_by };
                    (TalkCommand::Ask { by, electorate, question }, reply)
                }
                Saying::Answer(number, answer) => {
                    (TalkCommand::Answer { by, number, answer }, Reply::AnswerGiven { request: id })
                }
                Saying::PassOn(to) => {
                    let reply = Reply::PassedOn { request: id, to: to.clone() };
                    (TalkCommand::PassOn { by, to, electorate }, reply)
                }
            };
            work.on_request(id, RequestCommand::Talk(command))?;
            Ok(reply)
        })
        .await
    }

    /// Who may fill each step of a request today, with whoever is asked as well.
    pub(super) async fn voters_today(
        &self,
        loaded: &Arc<Loaded>,
        request: &Request,
        by: &PersonId,
        fresh: Fresh,
    ) -> Result<Vec<Electors>, Stop> {
        let outside = self.outside(loaded, &deciding(request, by), &groups_of(&loaded.set, request), fresh).await?;
        let (steps, terms) = (request.steps_asked(), &request.terms);
        Ok(electorate(&loaded.set, &steps, &terms.subject, &request.filed_by, &outside, self.now().at))
    }

    /// The form behind one of the buttons that say something. It is only opened for those who could submit it.
    ///
    /// # Errors
    ///
    /// The refusal that submitting it would get.
    pub(super) async fn talk_form(&self, caller: &Caller, action_id: &str, id: RequestId) -> Result<View, Stop> {
        let Caller { person, loaded, names } = caller;
        let pinned = self.pinned(id).await?;
        let request = &pinned.request;
        let mut names = names.clone();
        names::learn(&mut names, request, &[]);
        let electorate = self.voters_today(loaded, request, person, Fresh::Lately).await?;
        may_decide(request, person, &electorate, self.now())?;
        match action_id {
            button::QUESTION => Ok(talk::question_form(request, &names)),
            button::PASS_ON => {
                let people: Vec<PersonId> = could_take_over(request, person, &electorate)
                    .into_iter()
                    .filter(|other| names.account(other).is_some())
                    .collect();
                talk::pass_on_form(request, &people, &names).ok_or(Stop::Refused(Refusal::NobodyToPassOn))
            }
            _ => self.shorter_form(loaded, &pinned, person, &names).await,
        }
    }

    async fn shorter_form(&self, loaded: &Arc<Loaded>, pinned: &Pinned, person: &PersonId, names: &Names) -> Result<View, Stop> {
        let request = &pinned.request;
        if request.approvals.iter().any(|given| given.by == *person) {
            return Err(Refusal::ApprovedAlready.into());
        }
        let today = self.today(loaded, pinned, &deciding(request, person), Fresh::Lately).await?;
        let lengths = shorter_than(request.terms.access_for);
        talk::shorter_form(request, &lengths, today.note_rule, names)
            .ok_or(Stop::Refused(Refusal::NotShorter { than: request.terms.access_for }))
    }

    /// The form that answers a question.
    ///
    /// # Errors
    ///
    /// The refusal that submitting it would get.
    pub(super) async fn answer_form(&self, caller: &Caller, id: RequestId, number: u32) -> Result<View, Stop> {
        let request = self.pinned(id).await?.request;
        let is_theirs = caller.person == request.terms.subject || caller.person == request.filed_by;
        if !is_theirs {
            return Err(Refusal::NotYoursToAnswer.into());
        }
        let question = request.talk.question(number).ok_or(Refusal::NoSuchQuestion { request: id })?;
        if let Some(given) = &question.answer {
            return Err(Refusal::AnsweredAlready { by: given.by.clone(), at: given.at }.into());
        }
        if !request.state.is_pending() {
            // Nobody writes an answer only to read that it is too late.
            return Err(crate::access::decide::decided(&request).into());
        }
        let mut names = caller.names.clone();
        names::learn(&mut names, &request, &[]);
        Ok(talk::answer_form(&request, number, question, &names))
    }

    /// Whom somebody chose in the form that passes a card on: one of the people that there are.
    pub(super) fn chosen_person(&self, loaded: &Loaded, values: &Values) -> Option<PersonId> {
        let chosen = values.chosen(field::PERSON)?;
        loaded.set.people().keys().find(|id| choice_value(id.as_str()) == chosen).cloned()
    }
}

/// Some lengths that are less than this, shortest first.
fn shorter_than(length: Ttl) -> Vec<Ttl> {
    LESS.iter().filter_map(|minutes| Ttl::from_minutes(*minutes)).filter(|less| *less < length).collect()
}
