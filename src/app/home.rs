//! The home tab of each person: drawn when they open it, and whenever something of theirs changes afterwards. Nothing is decided here.
//!
//! Only who has opened theirs has a row in the outbox. It becomes stale in the transaction that changes something they see, and is
//! drawn whole from the rows, like a card.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::warn;

use crate::access::about::About;
use crate::access::event::Event;
use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::request::Request;
use crate::access::time::Trust;
use crate::policy::{Outside, electorate};
use crate::slack::block::Home;
use crate::slack::inbound::{self, Account};
use crate::slack::say::home::{HomeFacts, LIVE_SHOWN_MAX, Whole, home};
use crate::slack::say::lists::Held;
use crate::slack::say::names::Names;
use crate::slack::say::refusal::refusal;
use crate::store::outbox::{Audience, MessageKey};
use crate::store::{Reader, StoreError, Tx};

use super::glass::steps_of;
use super::messages::Kind;
use super::policies::Loaded;
use super::telling::Telling;
use super::{App, lists, names, standing};

/// A home tab is not drawn again before this has passed: what follows within it is shown together.
pub const HOME_PAUSE: Duration = Duration::from_secs(5);

/// What the home tab of an admin is about, which shows the whole; everybody else's is about `own`.
const WHOLE: &str = "whole";
const OWN: &str = "own";

/// How many pending requests are looked through for one person.
const LOOKED_THROUGH_MAX: u32 = 500;
/// How many accesses that are not over are looked through for an admin, oldest first: what is late is among the oldest.
const LIVE_LOOKED_THROUGH_MAX: u32 = 500;

impl App {
    /// Somebody opened their home tab: it is drawn. Whoever is not known reads why.
    pub(super) async fn home_opened(&self, event: &inbound::Event) {
        let is_home = event.payload.get("tab").and_then(serde_json::Value::as_str) == Some("home");
        let (Some(user), true) = (&event.user, event.kind == "app_home_opened" && is_home) else { return };
        let Some(loaded) = self.policies.current() else {
            return self
                .show_sentence(user, "No valid policy is loaded, so nothing can be asked for. What is in force ends on time.")
                .await;
        };
        let (team, home) = (event.team.clone(), None);
        let account = Account { team, home, enterprise: None, user: user.clone(), org_wide: false };
        let person = match self.identify(&loaded, &account).await {
            Ok(person) => person,
            Err(why) => return self.show_sentence(user, &refusal(&why, &Names::default())).await,
        };
        let at = self.now().at;
        let (own, other) = if self.is_admin(&person) { (WHOLE, OWN) } else { (OWN, WHOLE) };
        let key = |about: &str| MessageKey {
            kind: Kind::Home.name(),
            about: about.to_owned(),
            audience: Audience::Person(person.clone()),
        };
        let (own, other) = (key(own), key(other));
        let marked: Result<(), StoreError> = self
            .store
            .write(move |tx| {
                tx.forget_home(&other)?;
                tx.home_is_stale(&own, at, HOME_PAUSE)
            })
            .await;
        match marked {
            Ok(()) => self.mail.notify_one(),
            Err(error) => warn!(%error, "a home tab could not be marked"),
        }
    }

    async fn show_sentence(&self, user: &str, text: &str) {
        let home = Home::sentence(text);
        match tokio::time::timeout(standing::WAIT, self.slack.publish_home(user, &home)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "a home tab was not shown"),
            Err(_) => warn!("slack did not take a home tab in time"),
        }
    }

    /// Draws somebody's home tab. `None` when nobody of this id is known (any more).
    ///
    /// # Errors
    ///
    /// When the rows cannot be read.
    pub async fn draw_home(&self, person: &PersonId) -> Result<Option<Home>, StoreError> {
        let Some(loaded) = self.policies.current() else { return Ok(None) };
        let person = self.policies.now_called(person);
        if loaded.set.person(&person).is_none() {
            return Ok(None);
        }
        let (ids, able, is_admin) = (self.policies.ids_of(&person), self.able(&loaded, &person), self.is_admin(&person));
        let reviews = self.reviews_of(&loaded, &person, None).await?;
        let (now, readiness) = (self.now(), self.readiness());
        let drawn = self
            .store
            .read(move |reader| {
                let mut names = names::for_person(Some(&loaded), &person);
                let (mut grants, mut asked) = (Vec::new(), Vec::new());
                for id in &ids {
                    grants.extend(reader.open_grants_of(id)?);
                    asked.extend(reader.pending_requests_of(id)?);
                }
                grants.retain(|grant| !grant.is_over());
                let mut held = Vec::new();
                for grant in &grants {
                    names::learn_grant(&mut names, reader, grant)?;
                    let request = reader.request(grant.request)?;
                    let extend = request.map(|request| lists::extendable(&loaded.set, &request));
                    held.push(Held { grant, extend: extend.unwrap_or(crate::slack::say::status::Extend::No) });
                }
                let pending = reader.pending_requests(LOOKED_THROUGH_MAX)?;
                let away = reader.away(now.at)?;
                let theirs = |request: &&Request| {
                    lists::needed(&loaded.set, request, &away).iter().any(|needed| needed.people.contains(&person))
                };
                let waiting: Vec<&Request> = pending.iter().filter(theirs).collect();
                let mut open = Vec::new();
                for id in reviews {
                    open.extend(reader.request(id)?.zip(reader.review(id)?));
                }
                let known = asked.iter().chain(waiting.iter().copied()).chain(open.iter().map(|(request, _)| request));
                known.for_each(|request| names::learn(&mut names, request, &[]));
                let all = if is_admin { Some(TheWhole::read(reader, &mut names, now.trust, readiness)?) } else { None };
                let (asked, reviews): (Vec<_>, Vec<_>) =
                    (asked.iter().collect(), open.iter().map(|(request, review)| (request, review)).collect());
                let whole = all.as_ref().map(TheWhole::facts);
                let facts = HomeFacts {
                    held: &held,
                    asked: &asked,
                    waiting: &waiting,
                    reviews: &reviews,
                    able,
                    whole,
                    now: now.at,
                    names: &names,
                };
                Ok(home(&facts))
            })
            .await?;
        Ok(Some(drawn))
    }
}

/// What admins see of everything.
struct TheWhole {
    live: Vec<Grant>,
    live_count: u64,
    overdue: u64,
    pending: u64,
    troubles: Vec<String>,
}

impl TheWhole {
    fn read(reader: &Reader<'_>, names: &mut Names, trust: Trust, readiness: Result<(), String>) -> Result<TheWhole, StoreError> {
        let counts = reader.counts()?;
        let mut live = Vec::new();
        live.extend(reader.open_grants(None, LIVE_LOOKED_THROUGH_MAX)?.into_iter().filter(|grant| !grant.is_over()));
        live.sort_by_key(|grant| (lateness(grant), grant.ends_at(), grant.id));
        let live_count = counts.live.max(u64::try_from(live.len()).unwrap_or(u64::MAX));
        live.truncate(LIVE_SHOWN_MAX);
        for grant in &live {
            names::learn_grant(names, reader, grant)?;
        }
        let mut troubles: Vec<String> = readiness.err().into_iter().collect();
        if trust == Trust::Suspect {
            troubles.push("the clock of this machine has jumped, and nothing new is granted".to_owned());
        }
        Ok(TheWhole { live, live_count, overdue: counts.overdue, pending: counts.pending, troubles })
    }

    fn facts(&self) -> Whole<'_> {
        let TheWhole { live, live_count, overdue, pending, troubles } = self;
        Whole { live, live_count: *live_count, overdue: *overdue, pending: *pending, troubles }
    }
}

/// What is late comes first, then what is on its way out, then the rest.
fn lateness(grant: &Grant) -> u8 {
    match &grant.state {
        GrantState::Revoking(revoking) if revoking.alarms > 0 => 0,
        GrantState::Revoking(_) => 1,
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. }
        | GrantState::Void { .. }
        | GrantState::Failed { .. }
        | GrantState::Ended(_) => 2,
    }
}

impl Telling<'_> {
    /// Marks the messages and the home tabs that this event, already recorded, makes stale.
    pub(super) fn tell_everywhere(&self, tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
        self.tell(tx, event)?;
        self.homes(tx, event)
    }

    /// The home tabs that show what this event, already recorded, changed.
    fn homes(&self, tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
        let homes = tx.homes()?;
        if homes.is_empty() {
            return Ok(());
        }
        let concerns_all = matches!(
            event,
            Event::PolicyLoaded { .. }
                | Event::DrainBegan
                | Event::DrainUndone
                | Event::Erased { .. }
                | Event::AwayDeclared { .. }
                | Event::AwayOver { .. }
        );
        let concerned = match request_of(tx, event.about())? {
            _ if concerns_all => None,
            Some(id) => self.concerned(tx, id)?,
            // Nothing that a home tab shows.
            None => return Ok(()),
        };
        for key in homes {
            let shows = match (&key.audience, &concerned) {
                (Audience::Channel(_), _) => false,
                (Audience::Person(_), None) => true,
                (Audience::Person(person), Some(concerned)) => key.about == WHOLE || concerned.contains(person),
            };
            if shows {
                tx.home_is_stale(&key, self.at, HOME_PAUSE)?;
            }
        }
        Ok(())
    }

    /// Those to whom this request is of interest: whoever asked, and whoever may decide about it or review it. `None`: that is not
    /// known, so that everybody may be.
    fn concerned(&self, tx: &Tx<'_>, id: RequestId) -> Result<Option<BTreeSet<PersonId>>, StoreError> {
        let (Some(set), Some(request)) = (self.set, tx.request(id)?) else { return Ok(None) };
        let terms = &request.terms;
        let mut people = BTreeSet::from([terms.subject.clone(), request.filed_by.clone()]);
        people.extend(request.approvals.iter().map(|given| given.by.clone()));
        let mut steps = request.steps_asked();
        steps.extend(tx.review(id)?.into_iter().flat_map(|review| steps_of(&review.by)));
        let outside = Outside::assumed_active().with_away(tx.away(self.at)?);
        people.extend(electorate(set, &steps, &terms.subject, &request.filed_by, &outside, self.at).into_iter().flatten());
        Ok(Some(people))
    }
}

fn request_of(tx: &Tx<'_>, about: About) -> Result<Option<RequestId>, StoreError> {
    let of_grant = |id: GrantId| Ok::<_, StoreError>(tx.grant(id)?.map(|grant| grant.request));
    match about {
        About::Request(id) | About::Review(id) => Ok(Some(id)),
        About::Grant(id) => of_grant(id),
        About::Entitlement(_) | About::Lock(_) | About::Nothing => Ok(None),
    }
}

/// The people whose accounts a home tab is shown at.
impl App {
    /// The accounts of a person in our workspace; empty when none is known.
    pub async fn accounts_of(&self, person: &PersonId) -> Vec<String> {
        let (Some(loaded), Ok(home)) = (self.policies.current(), self.installed().await) else { return Vec::new() };
        accounts(&loaded, &home.team, &self.policies.now_called(person))
    }
}

fn accounts(loaded: &Loaded, team: &str, person: &PersonId) -> Vec<String> {
    loaded.directory(team).home_accounts(person).into_iter().map(str::to_owned).collect()
}
