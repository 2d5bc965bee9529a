//! Where a message goes whose place is gone: to a person at the account that can be reached, to others who can do something about it,
//! or, where there is nobody, to the admins. Which message it is and what it says stays as it was; the state is not touched.

use std::collections::BTreeSet;

use tracing::info;

use crate::access::ids::{GrantId, PersonId, RequestId, ResourceId};
use crate::access::time::Timestamp;
use crate::app::messages::Moment;
use crate::app::{App, Kind};
use crate::slack::client::{Class, SlackError};
use crate::store::StoreError;
use crate::store::outbox::{Audience, MessageKey};

use super::deliver::OPERATOR_WAIT;

/// Slack's word for a deactivated account that is written to.
const DEACTIVATED: &str = "user_disabled";

impl App {
    /// The account at which a person is written to: the first of theirs that is not deactivated. Slack takes messages to
    /// deactivated accounts in some cases, and nobody reads them; so it is asked first, and where it does not say, it is tried.
    pub(super) async fn written_at(&self, person: &PersonId) -> Result<String, SlackError> {
        let later =
            |code: &str| SlackError { class: Class::Transient { retry_after: Some(OPERATOR_WAIT) }, code: code.to_owned() };
        // Without a policy set nobody's account is known, and without Slack nobody's home. Both pass.
        let loaded = self.policies().current().ok_or_else(|| later("no_policy"))?;
        let home = self.installed().await.map_err(|_| later("no_answer"))?;
        let mut code = "no_account_on_file";
        for account in loaded.directory(&home.team).home_accounts(&self.policies().now_called(person)) {
            if !self.is_deactivated(account).await {
                return Ok(account.to_owned());
            }
            code = DEACTIVATED;
        }
        Err(SlackError { class: Class::NoPerson, code: code.to_owned() })
    }

    /// Where else a message can go that cannot be delivered where it should be. Nowhere, when what failed was itself the last way:
    /// then the log says so.
    pub(super) async fn other_ways(&self, key: &MessageKey, error: &SlackError) -> Result<Vec<MessageKey>, StoreError> {
        let Some(kind) = Kind::read(&key.kind) else { return Ok(Vec::new()) };
        match &key.audience {
            Audience::Channel(channel) => self.around_channel(key, &kind, channel, error).await,
            Audience::Person(person) => self.around_person(key, &kind, person, error).await,
        }
    }

    /// A card goes to the fallback channel, and from there to those who decide; an alarm to the owners of what it is about; and what
    /// the security channel does not take, to the admins. That a channel cannot be posted to is told once a day.
    async fn around_channel(
        &self,
        key: &MessageKey,
        kind: &Kind,
        channel: &str,
        error: &SlackError,
    ) -> Result<Vec<MessageKey>, StoreError> {
        let settings = self.settings();
        let is_security = settings.security_channel.as_deref() == Some(channel);
        let mut others: Vec<Audience> = match kind {
            Kind::Card => self.around_card(key, channel).await?,
            Kind::Overdue(_) | Kind::OverdueIsOver if !is_security => people(self.owners_about(&key.about).await?),
            Kind::Undelivered if !is_security => self.last_resort(),
            Kind::Status
            | Kind::Question(_)
            | Kind::Answered(_)
            | Kind::PassedOn
            | Kind::Less(_)
            | Kind::Decided
            | Kind::News(_)
            | Kind::Reminder(_)
            | Kind::StillWaiting(_)
            | Kind::PageFails
            | Kind::Glass
            | Kind::Review
            | Kind::ReviewOverdue(_)
            | Kind::Reviewed
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
            | Kind::NoPlace(_)
            | Kind::Stranger(_)
            | Kind::Undelivered => people(settings.admins.clone()),
            // They have a place of their own, and are of no use anywhere else.
            Kind::Home | Kind::Door => Vec::new(),
        };
        others.retain(|other| *other != key.audience);
        info!(about = key.about, ways = others.len(), "a message goes another way, because its channel cannot be posted to");
        let mut ways: Vec<MessageKey> = others.into_iter().map(|audience| MessageKey { audience, ..key.clone() }).collect();
        if !matches!(kind, Kind::NoPlace(_)) && error.class == Class::NoChannel {
            let told = Kind::NoPlace(day(self.wall())).name();
            let about = format!("{channel}\n{}", error.code);
            let to = if is_security { people(settings.admins.clone()) } else { self.last_resort() };
            ways.extend(to.into_iter().map(|audience| MessageKey { kind: told.clone(), about: about.clone(), audience }));
        }
        Ok(ways)
    }

    async fn around_card(&self, key: &MessageKey, channel: &str) -> Result<Vec<Audience>, StoreError> {
        let Ok(id) = key.about.parse::<RequestId>() else { return Ok(Vec::new()) };
        // Nobody is asked anew about what is decided.
        if !self.is_pending(&key.about).await? {
            return Ok(Vec::new());
        }
        match &self.settings().fallback_channel {
            Some(fallback) if fallback != channel => Ok(vec![Audience::Channel(fallback.clone())]),
            Some(_) | None => match people(self.deciders(id).await?) {
                nobody if nobody.is_empty() => Ok(self.last_resort()),
                people => Ok(people),
            },
        }
    }

    async fn is_pending(&self, about: &str) -> Result<bool, StoreError> {
        let Ok(id) = about.parse::<RequestId>() else { return Ok(false) };
        let request = self.store().read(move |reader| reader.request(id)).await?;
        Ok(request.is_some_and(|request| request.state.is_pending()))
    }

    /// Who asked is told by their sponsor, else in the channel of what they asked for; whoever else cannot be reached is named to the admins.
    async fn around_person(
        &self,
        key: &MessageKey,
        kind: &Kind,
        person: &PersonId,
        error: &SlackError,
    ) -> Result<Vec<MessageKey>, StoreError> {
        let is_for_who_asked = match kind {
            Kind::NoPlace(_) | Kind::Stranger(_) | Kind::Home | Kind::Door => return Ok(Vec::new()),
            // While it is pending there is nothing that they do not know.
            Kind::Status => !self.is_pending(&key.about).await?,
            // The sponsor could not be told: the admins are.
            Kind::Undelivered => {
                return Ok(self.last_resort().into_iter().map(|audience| MessageKey { audience, ..key.clone() }).collect());
            }
            Kind::Question(_) | Kind::Less(_) | Kind::Decided | Kind::StillWaiting(_) | Kind::PageFails => true,
            Kind::Warning(_) | Kind::CutShort(_) => true,
            Kind::News(Moment::InForce | Moment::Extended | Moment::Over) => true,
            Kind::Card
            | Kind::Answered(_)
            | Kind::PassedOn
            | Kind::Reminder(_)
            | Kind::Glass
            | Kind::Review
            | Kind::ReviewOverdue(_)
            | Kind::Reviewed
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
            | Kind::Digest(_)
            | Kind::LockSet
            | Kind::LockTable
            | Kind::LockOver
            | Kind::Draining(_)
            | Kind::StandsIn(_)
            | Kind::Finding(_) => false,
        };
        if matches!(kind, Kind::Status) && !is_for_who_asked {
            return Ok(Vec::new());
        }
        if is_for_who_asked && error.code == DEACTIVATED {
            // Whatever is theirs ends now, and whoever answers for them reads that; news for somebody who is gone are none.
            self.check_person(person).await?;
            return Ok(Vec::new());
        }
        let told_to = if is_for_who_asked { self.answers_for(person, &key.about).await? } else { self.last_resort() };
        let about = format!("{}\n{}\n{person}\n{}", first_line(&key.about), key.kind, error.code);
        let kind = Kind::Undelivered.name();
        let told_to = told_to.into_iter().filter(|audience| *audience != key.audience);
        Ok(told_to.map(|audience| MessageKey { kind: kind.clone(), about: about.clone(), audience }).collect())
    }

    /// Their sponsor, where one is named; else the channel of what it is about; else the admins.
    async fn answers_for(&self, person: &PersonId, about: &str) -> Result<Vec<Audience>, StoreError> {
        let loaded = self.policies().current();
        let sponsor = loaded.as_ref().and_then(|loaded| loaded.set.person(person)?.sponsor.as_ref());
        if let Some(sponsor) = sponsor {
            return Ok(vec![Audience::Person(sponsor.value.clone())]);
        }
        let resource = self.resource_about(about).await?;
        let channel = loaded.as_ref().zip(resource).and_then(|(loaded, id)| loaded.set.resource(&id)?.channel.clone());
        Ok(channel.map_or_else(|| self.last_resort(), |channel| vec![Audience::Channel(channel)]))
    }

    async fn owners_about(&self, about: &str) -> Result<BTreeSet<PersonId>, StoreError> {
        let (loaded, resource) = (self.policies().current(), self.resource_about(about).await?);
        let (Some(loaded), Some(id)) = (loaded, resource) else { return Ok(BTreeSet::new()) };
        Ok(loaded.set.owners_of(&id))
    }

    /// The resource of `R-42` or `G-57`, with or without words behind it.
    async fn resource_about(&self, about: &str) -> Result<Option<ResourceId>, StoreError> {
        let about = about.split([' ', '\n']).next().unwrap_or_default().to_owned();
        let (request, grant) = (about.parse::<RequestId>().ok(), about.parse::<GrantId>().ok());
        let read = self.store().read(move |reader| {
            if let Some(grant) = grant.map(|id| reader.grant(id)).transpose()?.flatten() {
                let request = reader.request(grant.request)?;
                return Ok(request.map(|request| request.part_of(grant.id).resource));
            }
            let request = request.map(|id| reader.request(id)).transpose()?.flatten();
            Ok(request.map(|request| request.terms.resource))
        });
        read.await
    }

    /// The security channel, or without one the admins.
    fn last_resort(&self) -> Vec<Audience> {
        match &self.settings().security_channel {
            Some(channel) => vec![Audience::Channel(channel.clone())],
            None => people(self.settings().admins.clone()),
        }
    }
}

/// When the day began, by UTC: what is told once a day is one message.
fn day(at: Timestamp) -> Timestamp {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    Timestamp::from_millis(at.as_millis().div_euclid(DAY_MS).saturating_mul(DAY_MS))
}

fn people(people: BTreeSet<PersonId>) -> Vec<Audience> {
    people.into_iter().map(Audience::Person).collect()
}

fn first_line(about: &str) -> &str {
    about.lines().next().unwrap_or_default()
}
