//! Messages drawn from the rows as they are now. Nothing is parsed back out of a message, and none says more than the rows do.

use std::sync::Arc;

use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::request::{Purpose, Request};
use crate::access::time::Timestamp;
use crate::slack::block::Message;
use crate::slack::say::card::{CardFacts, card};
use crate::slack::say::names::Names;
use crate::slack::say::notice::{self, Alarm, EndsSoon, Overdue};
use crate::slack::say::status::{Extend, StatusFacts, status, status_of_request};
use crate::store::outbox::{Audience, MessageKey};
use crate::store::{Reader, StoreError};

use super::cut::Cut;
use super::messages::{Kind, Moment};
use super::plan::lingers;
use super::policies::Loaded;
use super::{App, lists, names};

/// Whether a message is drawn for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawn {
    /// It stands nowhere yet.
    First,
    /// It takes the place of what stands there.
    Again,
}

/// A request with everything that its messages show.
struct Story {
    request: Request,
    grants: Vec<Grant>,
    lingers: Option<String>,
    connect: Option<String>,
    extend: Extend,
    names: Names,
    loaded: Option<Arc<Loaded>>,
}

impl App {
    /// Draws a message. `None` when there is nothing (any more) to say: what would only take back what nobody has read, because
    /// Slack was down meanwhile, is not said.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read.
    pub async fn render(&self, key: &MessageKey, drawn: Drawn) -> Result<Option<Message>, StoreError> {
        let Some(kind) = Kind::read(&key.kind) else { return Ok(None) };
        let loaded = self.policies.current();
        let names = match &key.audience {
            Audience::Person(person) => names::for_person(loaded.as_deref(), person),
            Audience::Channel(_) => names::for_channel(loaded.as_deref()),
        };
        let now = self.now().at;
        if let Kind::PolicyChanged(_) = kind {
            let changes: Vec<String> = key.about.lines().map(str::to_owned).collect();
            return Ok(Some(notice::policy_changed(&changes)));
        }
        if let Some(alarm) = alarm_of(&kind, key) {
            let grant = key.about.parse::<GrantId>().ok();
            let names = self.store.read(move |reader| named(reader, names, grant)).await?;
            return Ok(Some(notice::alarm(&alarm, &names)));
        }
        if let Kind::CutShort(_) = kind {
            let Some(cut) = Cut::read(&key.about) else { return Ok(None) };
            return self.store.read(move |reader| cut.draw(reader, names)).await.map(Some);
        }
        let about = key.about.split(' ').next().unwrap_or_default().to_owned();
        let story = self.store.read(move |reader| read_story(reader, &about, names)).await?;
        let Some((mut story, grant)) = story else { return Ok(None) };
        self.complete(&mut story, loaded);
        match (kind, grant) {
            (Kind::Card, _) => Ok(Some(draw_card(&story, &key.audience))),
            (Kind::Status, _) => {
                let in_force = story.grants.iter().any(|grant| matches!(grant.state, GrantState::Active { .. }));
                Ok(Some(draw_status(&story, if in_force { status_of_request } else { status })))
            }
            (Kind::Decided, _) => Ok(Some(draw_status(&story, notice::news))),
            (Kind::News(Moment::InForce), Some(grant)) => {
                let in_force = matches!(grant.state, GrantState::Active { .. });
                Ok(match (in_force, drawn) {
                    (true, Drawn::First | Drawn::Again) => Some(draw_status(&story, status)),
                    (false, Drawn::Again) => Some(notice::was_in_force(&grant, &story.names)),
                    (false, Drawn::First) => None,
                })
            }
            (Kind::News(Moment::Extended), Some(grant)) => {
                // What is over by now is told by its own news.
                let in_force = matches!(grant.state, GrantState::Active { .. });
                Ok(in_force.then(|| draw_status(&story, notice::news)))
            }
            (Kind::News(Moment::Over), Some(_)) => Ok(Some(draw_status(&story, notice::news))),
            (Kind::Warning(end), Some(grant)) => self.warning(&story, &grant, (end, now), drawn).await,
            (Kind::Overdue(_), Some(grant)) => self.overdue(&story, &grant, now).await,
            (Kind::OverdueIsOver, Some(grant)) => Ok(match &grant.state {
                GrantState::Ended(ended) => Some(notice::overdue_is_over(grant.id, ended, &story.names)),
                _ => None,
            }),
            (
                Kind::News(_)
                | Kind::Warning(_)
                | Kind::Overdue(_)
                | Kind::OverdueIsOver
                | Kind::Drifted
                | Kind::ProviderMoved
                | Kind::LeftOver
                | Kind::ClockSuspect(_)
                | Kind::ClockSound(_)
                | Kind::PolicyRefused(_)
                | Kind::PolicyChanged(_)
                | Kind::CutShort(_)
                | Kind::Finding(_),
                _,
            ) => Ok(None),
        }
    }

    /// What the policy files and the adapter say beside the rows.
    fn complete(&self, story: &mut Story, loaded: Option<Arc<Loaded>>) {
        let Some(loaded) = loaded else { return };
        let terms = &story.request.terms;
        story.lingers = lingers(self.caps(&loaded, terms).as_ref());
        story.extend = lists::extendable(&loaded.set, &story.request);
        let resource = loaded.set.resource(&terms.resource);
        let account = resource.and_then(|resource| loaded.set.account(&terms.subject, &resource.provider.value));
        let template = resource.and_then(|resource| resource.how_to_connect.as_deref());
        story.connect = template.map(|template| template.replace("{account}", account.unwrap_or("your account")));
        story.loaded = Some(loaded);
    }

    async fn warning(
        &self,
        story: &Story,
        grant: &Grant,
        (end, now): (Timestamp, Timestamp),
        drawn: Drawn,
    ) -> Result<Option<Message>, StoreError> {
        let ends_at = match (&grant.state, drawn) {
            (GrantState::Active { ends_at, .. }, _) if *ends_at == end => *ends_at,
            // It has more time, or is over: what was said of this end is said no more.
            (_, Drawn::Again) => return Ok(Some(notice::was_warned(grant.id, end, &story.names))),
            (_, Drawn::First) => return Ok(None),
        };
        let id = grant.id;
        let more_asked = self.store.read(move |reader| reader.pending_extension_of(id)).await?;
        let facts = EndsSoon {
            grant: grant.id,
            ends_at,
            more_asked,
            extend: story.extend,
            lingers: story.lingers.as_deref(),
            names: &story.names,
        };
        Ok(Some(notice::ends_soon(&facts, grant, now)))
    }

    async fn overdue(&self, story: &Story, grant: &Grant, now: Timestamp) -> Result<Option<Message>, StoreError> {
        let GrantState::Revoking(revoking) = &grant.state else { return Ok(None) };
        let id = grant.entitlement;
        let Some(entitlement) = self.store.read(move |reader| reader.entitlement(id)).await? else { return Ok(None) };
        let description = &entitlement.description;
        let by_hand = format!(
            "remove {} from {} at {}; where the provider can carry a mark, it is marked {}",
            description.thing, description.subject, description.provider, description.remote_name
        );
        let facts = Overdue {
            grant: grant.id,
            revoking,
            provider: &description.provider,
            account: &description.subject,
            thing: &description.thing,
            attempts: entitlement.due.as_ref().map_or(0, |due| due.attempts),
            trouble: entitlement.trouble.as_ref(),
            by_hand: &by_hand,
            names: &story.names,
        };
        Ok(Some(notice::overdue(&facts, now)))
    }
}

fn alarm_of(kind: &Kind, key: &MessageKey) -> Option<Alarm> {
    match kind {
        Kind::Drifted => key.about.parse().ok().map(|grant| Alarm::Drifted { grant }),
        Kind::ClockSuspect(_) => Some(Alarm::ClockSuspect),
        Kind::ClockSound(_) => Some(Alarm::ClockSound),
        Kind::PolicyRefused(_) => Some(Alarm::PolicyRefused { problems: vec![key.about.clone()] }),
        Kind::Finding(_) => {
            let (request, what) = key.about.split_once(' ')?;
            Some(Alarm::Finding { request: request.parse().ok()?, what: what.to_owned() })
        }
        Kind::ProviderMoved => key.about.parse().ok().map(|provider| Alarm::ProviderMoved { provider }),
        Kind::LeftOver => {
            let mut lines = key.about.splitn(3, '\n').map(str::to_owned);
            let (provider, account, thing) = (lines.next()?.parse().ok()?, lines.next()?, lines.next()?);
            Some(Alarm::LeftOver { provider, account, thing })
        }
        Kind::Card
        | Kind::Status
        | Kind::Decided
        | Kind::News(_)
        | Kind::Warning(_)
        | Kind::Overdue(_)
        | Kind::OverdueIsOver
        | Kind::PolicyChanged(_)
        | Kind::CutShort(_) => None,
    }
}

fn named(reader: &Reader<'_>, mut names: Names, grant: Option<GrantId>) -> Result<Names, StoreError> {
    if let Some(grant) = grant.map(|id| reader.grant(id)).transpose()?.flatten() {
        names::learn_grant(&mut names, reader, &grant)?;
    }
    Ok(names)
}

/// The request that the message is about, and the grant if it is about one.
fn read_story(reader: &Reader<'_>, about: &str, mut names: Names) -> Result<Option<(Story, Option<Grant>)>, StoreError> {
    let (request, grant) = match (about.parse::<RequestId>(), about.parse::<GrantId>()) {
        (Ok(id), _) => (reader.request(id)?, None),
        (Err(_), Ok(id)) => match reader.grant(id)? {
            Some(grant) => (reader.request(grant.request)?, Some(grant)),
            None => (None, None),
        },
        (Err(_), Err(_)) => (None, None),
    };
    let Some(request) = request else { return Ok(None) };
    let grants = match request.terms.purpose {
        Purpose::Access => reader.grants_of_request(request.id)?,
        Purpose::Extension(grant) => reader.grant(grant)?.into_iter().collect(),
    };
    names::learn(&mut names, &request, &grants);
    let story = Story { request, grants, lingers: None, connect: None, extend: Extend::No, names, loaded: None };
    Ok(Some((story, grant)))
}

fn still(story: &Story) -> Vec<crate::slack::say::card::Needed> {
    match &story.loaded {
        Some(loaded) if story.request.state.is_pending() => lists::needed(&loaded.set, &story.request),
        Some(_) | None => Vec::new(),
    }
}

fn asked(story: &Story) -> Vec<PersonId> {
    let mut people: Vec<PersonId> = still(story).into_iter().flat_map(|needed| needed.people).collect();
    people.sort();
    people.dedup();
    people
}

fn draw_card(story: &Story, audience: &Audience) -> Message {
    let still = still(story);
    let mention = match audience {
        Audience::Channel(_) => asked(story),
        Audience::Person(_) => Vec::new(),
    };
    card(&CardFacts {
        request: &story.request,
        grants: &story.grants,
        still: &still,
        mention: &mention,
        lingers: story.lingers.as_deref(),
        names: &story.names,
    })
}

fn draw_status(story: &Story, draw: fn(&StatusFacts<'_>) -> Message) -> Message {
    let still = still(story);
    let asked = asked(story);
    draw(&StatusFacts {
        request: &story.request,
        grants: &story.grants,
        still: &still,
        asked: &asked,
        connect: story.connect.as_deref(),
        lingers: story.lingers.as_deref(),
        extend: story.extend,
        names: &story.names,
    })
}
