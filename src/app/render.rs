//! Messages drawn from the rows as they are now. Nothing is parsed back out of a message, and none says more than the rows do.

use std::sync::Arc;

use crate::access::absence::Absence;
use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::request::{Part, Purpose, Request};
use crate::access::review::Review;
use crate::access::time::Timestamp;
use crate::policy::PolicySet;
use crate::slack::block::Message;
use crate::slack::say::behalf::{news_of_filed, status_of_filed};
use crate::slack::say::card::{CardFacts, Mention, card};
use crate::slack::say::digest::{Draining, draining};
use crate::slack::say::glass::{self, GlassFacts};
use crate::slack::say::home::door;
use crate::slack::say::names::Names;
use crate::slack::say::notice::{self, EndsSoon, Overdue};
use crate::slack::say::remind;
use crate::slack::say::status::{Extend, StatusFacts, status, status_of_request};
use crate::slack::say::talk::less;
use crate::store::outbox::{Audience, MessageKey};
use crate::store::{Reader, StoreError};

use super::away::draw_stands_in;
use super::behalf::is_for_filer;
use super::cut::Cut;
use super::messages::{Kind, Moment};
use super::policies::Loaded;
use super::telling::end_together;
use super::{App, alarms, lists, names};
use asked::{asked, draw_reminder, still};

mod asked;
mod talk;

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
    review: Option<Review>,
    reviewers: Vec<PersonId>,
    lingers: Option<String>,
    connect: Option<String>,
    extend: Extend,
    names: Names,
    loaded: Option<Arc<Loaded>>,
    away: Vec<Absence>,
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
        if let Kind::Digest(until) = kind {
            return self.draw_digest(&key.about, until, names).await;
        }
        if let Kind::LockSet | Kind::LockTable | Kind::LockOver = kind {
            return self.draw_lock(&kind, key, names).await;
        }
        if let Kind::Draining(_) = kind {
            return Ok(Draining::named(&key.about).map(draining));
        }
        if let Kind::StandsIn(since) = kind {
            let (key, now) = (key.clone(), self.now().at);
            return self.store.read(move |reader| draw_stands_in(reader, &key, (since, now, drawn), &names)).await;
        }
        if kind == Kind::Door {
            return Ok(Some(door()));
        }
        if let Kind::PolicyChanged(_) = kind {
            let changes: Vec<String> = key.about.lines().map(str::to_owned).collect();
            return Ok(Some(notice::policy_changed(&changes)));
        }
        if let Some(alarm) = alarms::alarm_of(&kind, key) {
            let about = key.about.lines().next().unwrap_or_default().to_owned();
            let names = self.store.read(move |reader| alarms::named(reader, names, &about)).await?;
            return Ok(Some(notice::alarm(&alarm, &names)));
        }
        if let Kind::CutShort(_) = kind {
            let Some(cut) = Cut::read(&key.about) else { return Ok(None) };
            return self.store.read(move |reader| cut.draw(reader, names)).await.map(Some);
        }
        if drawn == Drawn::First
            && matches!(kind, Kind::Decided | Kind::News(Moment::Over))
            && self.is_said_by_status(key).await?
        {
            return Ok(None);
        }
        let about = key.about.split(' ').next().unwrap_or_default().to_owned();
        let now = self.now().at;
        let story = self.store.read(move |reader| read_story(reader, &about, names, now)).await?;
        let Some((mut story, grant)) = story else { return Ok(None) };
        self.complete(&mut story, loaded);
        if let Some(review) = story.review.as_ref().filter(|review| review.is_open()) {
            story.reviewers = self.reviewers(story.loaded.as_deref(), review).await;
        }
        let (locked, names) = (self.lock_over(&story.request).await?, story.names.clone());
        let message = self.draw((kind.clone(), grant), story, key, drawn).await?;
        Ok(message.map(|message| self.led_by_lock(&kind, message, locked.as_ref(), &names)))
    }

    /// Draws a message that is about a request, or about one of its grants.
    async fn draw(
        &self,
        what: (Kind, Option<Grant>),
        story: Story,
        key: &MessageKey,
        drawn: Drawn,
    ) -> Result<Option<Message>, StoreError> {
        let now = self.now().at;
        match what {
            (Kind::Card, _) => Ok(Some(draw_card(&story, &key.audience))),
            (Kind::Status, _) if is_for_filer(&story.request, &key.audience) => Ok(Some(draw_status(&story, status_of_filed))),
            (Kind::Decided, _) if is_for_filer(&story.request, &key.audience) => Ok(Some(draw_status(&story, news_of_filed))),
            (Kind::Status, _) => Ok(Some(draw_status(&story, if is_in_force(&story) { status_of_request } else { status }))),
            (Kind::Question(number), _) => Ok(talk::question(&story, number)),
            (Kind::Answered(number), _) => Ok(talk::answered(&story, number)),
            (Kind::PassedOn, _) => Ok(talk::passed_on(&story, &key.audience)),
            (Kind::Less(_), _) => Ok(less(&story.request, &story.names)),
            (Kind::Decided, _) => Ok(Some(draw_status(&story, notice::news))),
            (Kind::News(Moment::InForce), grant) => Ok(draw_in_force(&story, grant.as_ref(), drawn)),
            (Kind::News(Moment::Extended), Some(grant)) => {
                // What is over by now is told by its own news.
                let in_force = grant.is_active();
                Ok(in_force.then(|| draw_status(&story, notice::news)))
            }
            (Kind::News(Moment::Over), None) if !story.grants.is_empty() => Ok(Some(draw_status(&story, notice::news))),
            (Kind::News(Moment::Over), Some(_)) => Ok(Some(draw_status(&story, notice::news))),
            (Kind::Reminder(at), _) => Ok(draw_reminder(&story, &key.audience, at, drawn)),
            (Kind::StillWaiting(at), _) => Ok(remind::still_waiting(&story.request, &still(&story), at, &story.names)),
            (Kind::PageFails, _) => Ok(remind::page_fails(&story.request, &story.names)),
            (Kind::Glass, _) => Ok(draw_glass(&story, |facts| Some(glass::broken(facts)))),
            (Kind::Review, _) => Ok(draw_glass(&story, |facts| Some(glass::review_card(facts)))),
            // What was closed meanwhile is late no longer.
            (Kind::ReviewOverdue(_), _) => {
                Ok(draw_glass(&story, |facts| facts.review.is_open().then(|| glass::review_overdue(facts, now))))
            }
            (Kind::Reviewed, _) => Ok(draw_glass(&story, glass::reviewed)),
            (Kind::Warning(end), Some(grant)) => self.warning(&story, &grant, (end, now), drawn).await,
            (Kind::Overdue(_), Some(grant)) => self.overdue(&story, &grant, (now, drawn)).await,
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
                | Kind::SecretAskedAgain
                | Kind::LeftOver
                | Kind::ClockSuspect(_)
                | Kind::ClockSound(_)
                | Kind::PolicyRefused(_)
                | Kind::PolicyChanged(_)
                | Kind::CutShort(_)
                | Kind::Finding(_)
                | Kind::Digest(_)
                | Kind::LockSet
                | Kind::LockTable
                | Kind::LockOver
                | Kind::Draining(_)
                | Kind::StandsIn(_)
                | Kind::Home
                | Kind::Door
                | Kind::NoPlace(_)
                | Kind::Stranger(_)
                | Kind::Undelivered,
                _,
            ) => Ok(None),
        }
    }

    /// Whether the standing message about the same request has yet to be posted to the same person: it will say this as well.
    async fn is_said_by_status(&self, news: &MessageKey) -> Result<bool, StoreError> {
        let (about, audience) = (news.about.clone(), news.audience.clone());
        let read = self.store.read(move |reader| {
            let grant = about.parse::<GrantId>().ok().map(|id| reader.grant(id)).transpose()?.flatten();
            let about = grant.map_or(about, |grant| grant.request.to_string());
            reader.is_unposted(&MessageKey { kind: Kind::Status.name(), about, audience })
        });
        read.await
    }

    /// What the policy files and the adapter say beside the rows.
    fn complete(&self, story: &mut Story, loaded: Option<Arc<Loaded>>) {
        let Some(loaded) = loaded else { return };
        let terms = &story.request.terms;
        let wanted = terms.wanted();
        story.lingers = self.lingers(&loaded, &wanted);
        story.extend = lists::extendable(&loaded.set, &story.request);
        let connect: Vec<String> = wanted.iter().filter_map(|part| connect(&loaded.set, &terms.subject, part)).collect();
        story.connect = (!connect.is_empty()).then(|| connect.join("\n"));
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
            (_, Drawn::Again) => {
                let together = story.request.terms.is_bundle().then_some(story.request.id);
                return Ok(Some(notice::was_warned(grant.id, together, end, &story.names)));
            }
            (_, Drawn::First) => return Ok(None),
        };
        let id = grant.id;
        let more_asked = self.store.read(move |reader| reader.pending_extension_of(id)).await?;
        let is_bundle = story.request.terms.is_bundle();
        let left = || story.grants.iter().filter(|grant| grant.is_active());
        let facts = EndsSoon {
            grant: grant.id,
            together: (is_bundle && left().all(|other| end_together(other, grant))).then_some(story.request.id),
            ends_at,
            more_asked,
            extend: story.extend,
            lingers: story.lingers.as_deref(),
            names: &story.names,
        };
        Ok(Some(notice::ends_soon(&facts, grant, now)))
    }

    async fn overdue(
        &self,
        story: &Story,
        grant: &Grant,
        (now, drawn): (Timestamp, Drawn),
    ) -> Result<Option<Message>, StoreError> {
        let revoking = match (&grant.state, drawn) {
            (GrantState::Revoking(revoking), _) => revoking,
            (GrantState::Ended(ended), Drawn::Again) => return Ok(Some(notice::was_overdue(grant.id, ended, &story.names))),
            (_, Drawn::First | Drawn::Again) => return Ok(None),
        };
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

/// The news that a grant is in force, or of a bundle all of it; and what is left of that news afterwards.
fn draw_in_force(story: &Story, grant: Option<&Grant>, drawn: Drawn) -> Option<Message> {
    let in_force = grant.map_or_else(|| is_in_force(story), Grant::is_active);
    match (in_force, drawn) {
        (true, Drawn::First | Drawn::Again) => Some(draw_status(story, status)),
        (false, Drawn::Again) => Some(match grant {
            Some(grant) => notice::was_in_force(grant, &story.names),
            None => notice::bundle_was_in_force(&story.request, &story.grants, &story.names),
        }),
        (false, Drawn::First) => None,
    }
}

/// Whether all that the request gives was in force, and something of it is.
fn is_in_force(story: &Story) -> bool {
    story.grants.iter().any(Grant::is_active) && story.grants.iter().all(Grant::came_in_force)
}

/// The line that connects to a part, with the person's account in it.
fn connect(set: &PolicySet, person: &PersonId, part: &Part) -> Option<String> {
    let resource = set.resource(&part.resource)?;
    let account = set.account(person, &resource.provider.value);
    Some(resource.how_to_connect.as_deref()?.replace("{account}", account.unwrap_or("your account")))
}

/// The request that the message is about, and the grant if it is about one.
fn read_story(
    reader: &Reader<'_>,
    about: &str,
    mut names: Names,
    now: Timestamp,
) -> Result<Option<(Story, Option<Grant>)>, StoreError> {
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
    let review = reader.review(request.id)?;
    let story = Story {
        request,
        grants,
        review,
        reviewers: Vec::new(),
        lingers: None,
        connect: None,
        extend: Extend::No,
        names,
        loaded: None,
        away: reader.away(now)?,
    };
    Ok(Some((story, grant)))
}

fn draw_card(story: &Story, audience: &Audience) -> Message {
    let mention = match audience {
        Audience::Channel(_) => talk::mentions(story),
        Audience::Person(_) => Vec::new(),
    };
    story_card(story, &mention, card)
}

/// Draws something of the facts of a card.
fn story_card<T>(story: &Story, mention: &[Mention], draw: impl FnOnce(&CardFacts<'_>) -> T) -> T {
    draw(&CardFacts {
        request: &story.request,
        grants: &story.grants,
        review: story.review.as_ref(),
        still: &still(story),
        mention,
        lingers: story.lingers.as_deref(),
        names: &story.names,
    })
}

/// `None` where there is nothing to review.
fn draw_glass(story: &Story, draw: impl FnOnce(&GlassFacts<'_>) -> Option<Message>) -> Option<Message> {
    let Story { request, grants, reviewers, names, .. } = story;
    let review = story.review.as_ref()?;
    draw(&GlassFacts { request, grants, review, reviewers, names })
}

fn draw_status(story: &Story, draw: fn(&StatusFacts<'_>) -> Message) -> Message {
    let still = still(story);
    let asked = asked(story);
    draw(&StatusFacts {
        request: &story.request,
        grants: &story.grants,
        review: story.review.as_ref(),
        still: &still,
        asked: &asked,
        connect: story.connect.as_deref(),
        lingers: story.lingers.as_deref(),
        extend: story.extend,
        names: &story.names,
    })
}
