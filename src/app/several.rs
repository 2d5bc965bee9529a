//! Approving several requests at once: which of those that wait for somebody are offered together, and each approved by itself, under
//! the terms that were shown.

use std::sync::Arc;

use crate::access::decide::{NoteRule, Reassessment};
use crate::access::ids::PersonId;
use crate::access::request::{Mode, Request};
use crate::access::words::Words;
use crate::slack::block::View;
use crate::slack::inbound::Values;
use crate::slack::say::forms;
use crate::slack::say::lists::LISTED_MAX;
use crate::slack::say::names::{Names, Risk};
use crate::slack::say::several::{self, Apart};
use crate::slack::text::unescape;

use super::approve::{Yes, deciding};
use super::click::read_value;
use super::deed::Deed;
use super::policies::Loaded;
use super::sources::Fresh;
use super::surface::{Answer, Caller};
use super::transact::{Attempt, Outcome, Stop};
use super::{App, names};

/// What waits for one person.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// What can be approved together.
    pub together: Vec<Request>,
    /// What is looked at by itself.
    pub apart: Vec<(Request, Apart)>,
}

impl App {
    /// Sorts what waits for somebody, at most [`LISTED_MAX`] requests of it, by whether it can be approved together.
    pub(super) async fn sorted(&self, loaded: &Arc<Loaded>, person: &PersonId, theirs: &[Request]) -> Result<Waiting, Stop> {
        let book = names::for_person(Some(loaded), person);
        let mut waiting = Waiting::default();
        for request in theirs.iter().take(LISTED_MAX) {
            match self.apart(loaded, &book, request, person).await? {
                Some(why) => waiting.apart.push((request.clone(), why)),
                None => waiting.together.push(request.clone()),
            }
        }
        Ok(waiting)
    }

    /// Why a request is not approved together with others, if it is not.
    async fn apart(&self, loaded: &Arc<Loaded>, names: &Names, request: &Request, by: &PersonId) -> Result<Option<Apart>, Stop> {
        if request.mode == Mode::BreakGlass || names.risk_of(&request.terms) == Risk::High {
            return Ok(Some(Apart::HighRisk));
        }
        let pinned = self.pinned(request.id).await?;
        let today = match self.today(loaded, &pinned, &deciding(request, by), Fresh::Lately).await {
            Ok(today) => today,
            Err(Stop::Refused(_)) => return Ok(Some(Apart::NotNow)),
            Err(stop) => return Err(stop),
        };
        let is_asked = today.electorate.iter().any(|voters| voters.contains(by));
        Ok(match (&today.verdict, today.note_rule) {
            (Reassessment::Forbidden { .. }, _) => Some(Apart::NotNow),
            (Reassessment::Permitted { .. }, _) if !is_asked => Some(Apart::NotNow),
            (Reassessment::Permitted { .. }, NoteRule::Required) => Some(Apart::NeedsNote),
            (Reassessment::Permitted { .. }, NoteRule::Optional) => None,
        })
    }

    /// The list of what can be approved together, as it is now.
    pub(super) async fn several_form(&self, Caller { person, loaded, names }: &Caller) -> Result<View, Stop> {
        let Waiting { together, apart } = self.sorted(loaded, person, &self.waiting_for(loaded, person).await?).await?;
        let mut names = names.clone();
        together
            .iter()
            .chain(apart.iter().map(|(request, _)| request))
            .for_each(|request| names::learn(&mut names, request, &[]));
        if together.is_empty() {
            return Ok(forms::sentence(
                "Approve",
                "Nothing waits for you that can be approved together with others. /jit pending shows the rest.",
            ));
        }
        Ok(several::form(&together, &apart, &names))
    }

    /// Approves each request that was ticked, under the terms that were shown, and says of each what came of it. They are decided
    /// side by side: one that is refused holds up none of the others.
    pub(super) async fn approve_these(self: &Arc<Self>, attempt: &Attempt, caller: &Caller, values: &Values) -> Answer {
        let ticked: Vec<_> = values.ticked().map(read_value).filter_map(|(request, terms)| request.zip(terms)).collect();
        let mut deciding = Vec::new();
        for (request, terms) in ticked.into_iter().take(LISTED_MAX) {
            let yes = Yes { by: caller.person.clone(), request, terms, note: Words::default(), shorter: None };
            let attempt = Attempt {
                key: attempt.key.as_ref().map(|key| format!("{key} {request}")),
                about: Some(request.to_string()),
                ..attempt.clone()
            };
            let (app, names) = (Arc::clone(self), caller.names.clone());
            let decided = tokio::spawn(async move { app.perform(&attempt, &names, &Deed::Approve(yes)).await });
            deciding.push((request, decided));
        }
        let mut lines = Vec::new();
        for (request, decided) in deciding {
            lines.push(match decided.await {
                Ok(Outcome::Now(told)) if told.refusal.is_some() => {
                    format!("⚠️ {request}: {}", unescape(told.message.text()))
                }
                Ok(Outcome::Now(told)) => format!("✅ {}", unescape(told.message.text())),
                Ok(Outcome::Before(_)) => format!("{request}: that was answered before."),
                Err(_) => format!("⚠️ {request}: something went wrong on my side. /jit why {request} shows where it stands."),
            });
        }
        Answer::of(forms::replaced_by(&several::results(&lines)))
    }
}
