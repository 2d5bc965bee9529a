//! The doors beside commands: buttons on a home tab or a pinned message, and shortcuts. All of them open the same forms, for whoever
//! uses them; whoever is not known reads why, and the audit log has a line.

use std::sync::Arc;

use tracing::warn;

use crate::access::event::Actor;
use crate::access::ids::{PersonId, ResourceId, RoleId};
use crate::access::refusal::Refusal;
use crate::access::time::Ttl;
use crate::access::words::Words;
use crate::policy::asking::glass_of;
use crate::policy::bundle::ROLE;
use crate::policy::facts::Manner;
use crate::slack::block::{Choice, Message, View};
use crate::slack::client::ChannelStanding;
use crate::slack::inbound::{Shortcut, Values};
use crate::slack::say::forms::{self, GlassForm, choice_value};
use crate::slack::say::{field, shortcut};
use crate::store::StoreError;
use crate::store::outbox::{Audience, Delivery, MessageKey};

use super::App;
use super::ask::{Want, Wish};
use super::deed::Deed;
use super::form::Filled;
use super::glass::breakable;
use super::messages::Kind;
use super::policies::Loaded;
use super::surface::{Answer, Caller};
use super::telling::Telling;
use super::transact::{Attempt, Outcome};
use super::when::When;

/// What is offered as lengths in an emergency, in minutes, where a policy allows as much.
const LENGTHS: [i64; 6] = [15, 30, 60, 120, 240, 480];

impl App {
    /// A shortcut of the workspace: it opens the same form as the button of this name.
    pub(super) async fn shortcut(self: &Arc<Self>, key: Option<String>, used: Shortcut) -> Answer {
        let mut attempt = Attempt { key, actor: Actor::Daypass, verb: "shortcut", about: None };
        let caller = match self.caller(&mut attempt, &used.from).await {
            Ok(caller) => caller,
            Err(told) => return self.say_in_window(&used, told.message).await,
        };
        let opened = match used.callback_id.as_str() {
            shortcut::REQUEST => self.open_empty_form(&caller, &used.trigger_id).await,
            shortcut::GLASS => match self.open_glass_form(&mut attempt, &caller, &used.trigger_id).await {
                Ok(Some(Outcome::Now(told))) => Err(told.message),
                Ok(Some(Outcome::Before(_)) | None) => Ok(()),
                Err(message) => Err(message),
            },
            other => {
                warn!(shortcut = other, "a shortcut was used that is not known here");
                Err(Message::sentence("This shortcut is not known here any more. Use /jit request instead."))
            }
        };
        match opened {
            Ok(()) => Answer::empty(),
            Err(message) => self.say_in_window(&used, message).await,
        }
    }

    /// The form that asks, empty.
    pub(super) async fn open_empty_form(self: &Arc<Self>, caller: &Caller, trigger_id: &str) -> Result<(), Message> {
        let Caller { person, loaded, names } = caller;
        self.open_request_form(trigger_id, (loaded, person, names), Filled::default()).await
    }

    /// The form for emergencies, for whoever a policy lets break the glass for anything; a refusal for everybody else.
    pub(super) async fn open_glass_form(
        &self,
        attempt: &mut Attempt,
        caller: &Caller,
        trigger_id: &str,
    ) -> Result<Option<Outcome>, Message> {
        attempt.verb = "break-glass";
        match glass_form(&caller.loaded, &caller.person) {
            Some(view) => self.open(trigger_id, view).await.map(|()| None),
            None => Ok(Some(self.perform(attempt, &caller.names, &Deed::Nothing(Refusal::GlassNotPermitted)).await)),
        }
    }

    /// A shortcut has no place for an answer but a window of its own, or else a message.
    async fn say_in_window(&self, used: &Shortcut, message: Message) -> Answer {
        self.say_to(&used.trigger_id, &used.from.user, &message).await;
        Answer::empty()
    }

    /// Says something to somebody who acted where no message stands.
    pub(super) async fn say_to(&self, trigger_id: &str, user: &str, message: &Message) {
        let text = crate::slack::text::unescape(message.text());
        let view = forms::sentence("Daypass", &text);
        if !trigger_id.is_empty() && self.slack.open_view(trigger_id, &view).await.is_ok() {
            return;
        }
        if let Err(error) = self.slack.post(user, message, self.wall()).await {
            warn!(%error, "an answer did not reach slack");
        }
    }

    /// Has the message with the buttons posted into a channel and pinned there, or drawn anew where it stands already.
    ///
    /// # Errors
    ///
    /// A sentence that says why not.
    pub async fn place_door(&self, channel: &str) -> Result<(), String> {
        match self.slack.channel(channel).await {
            Ok(ChannelStanding::Ours) => {}
            Ok(ChannelStanding::NotIn) => {
                return Err(format!("the bot is not in {channel}: write `/invite @daypass` there, then try again"));
            }
            Ok(ChannelStanding::Shared) => {
                return Err(format!(
                    "{channel} is shared with another organisation, whose people could press the buttons: choose another"
                ));
            }
            Ok(ChannelStanding::Archived) => return Err(format!("{channel} is archived: choose another")),
            Err(error) => return Err(format!("Slack does not say what {channel} is (`{}`)", error.code)),
        }
        let (at, to) = (self.now().at, channel.to_owned());
        let marked: Result<(), StoreError> = self
            .store
            .write(move |tx| {
                let telling = Telling { set: None, security_channel: None, at };
                telling.mark(tx, &Kind::Door, &to, Audience::Channel(to.clone()))
            })
            .await;
        marked.map_err(|problem| format!("it could not be recorded: {problem}"))?;
        self.mail.notify_one();
        Ok(())
    }

    /// Where the message with the buttons of this channel is.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read.
    pub async fn door(&self, channel: &str) -> Result<Option<Delivery>, StoreError> {
        let audience = Audience::Channel(channel.to_owned());
        let key = MessageKey { kind: Kind::Door.name(), about: channel.to_owned(), audience };
        self.store.read(move |reader| reader.delivery_of(&key)).await
    }
}

/// Everything that a person may break the glass for, one choice for each role.
fn things(loaded: &Loaded, person: &PersonId) -> Vec<(ResourceId, RoleId, Choice)> {
    let set = &loaded.set;
    let roles =
        breakable(loaded, person).into_iter().flat_map(|(id, roles)| roles.into_iter().map(move |role| (id.clone(), role)));
    roles
        .map(|(id, role)| {
            let resource = set.resource(&id).map(|resource| &resource.name).or(set.bundle(&id).map(|bundle| &bundle.name));
            let resource = resource.map_or(id.as_str(), String::as_str);
            let text = match set.role(&id, &role) {
                Some(role) => format!("{resource} · {}", role.name),
                None => resource.to_owned(),
            };
            let value = choice_value(&format!("{id} {role}"));
            (id, role, Choice { text, value })
        })
        .collect()
}

/// The longest that a policy gives somebody for this without asking anybody.
fn max_of(loaded: &Loaded, person: &PersonId, resource: &ResourceId, role: &RoleId) -> Option<Ttl> {
    let set = &loaded.set;
    let max = |resource: &ResourceId, role: &RoleId| glass_of(set, person, resource, role).map(|policy| set.max_of(policy));
    match set.bundle(resource).filter(|_| role.as_str() == ROLE) {
        Some(bundle) => bundle.of.iter().filter_map(|part| max(&part.resource.value, &part.role.value)).min(),
        None => max(resource, role),
    }
}

fn glass_form(loaded: &Loaded, person: &PersonId) -> Option<View> {
    let things = things(loaded, person);
    let longest = things.iter().filter_map(|(resource, role, _)| max_of(loaded, person, resource, role)).max()?;
    let lengths: Vec<Ttl> =
        LENGTHS.iter().filter_map(|minutes| Ttl::from_minutes(*minutes)).filter(|ttl| *ttl <= longest).collect();
    let lengths = if lengths.is_empty() { vec![longest] } else { lengths };
    let choices: Vec<Choice> = things.into_iter().map(|(_, _, choice)| choice).collect();
    forms::glass_form(&GlassForm { things: &choices, lengths: &lengths })
}

/// What a form for an emergency says, as it came back; or what is wrong with it, by field.
pub(super) fn wish_of_glass_form(loaded: &Loaded, person: &PersonId, values: &Values) -> Result<Wish, serde_json::Value> {
    let mut problems = std::collections::BTreeMap::new();
    let chosen = values.chosen(field::RESOURCE);
    let thing = things(loaded, person).into_iter().find(|(_, _, choice)| Some(choice.value.as_str()) == chosen);
    if thing.is_none() {
        problems.insert(field::RESOURCE, "Choose what you need.".to_owned());
    }
    let length = values.chosen(field::DURATION).and_then(|text| text.parse::<Ttl>().ok());
    if length.is_none() {
        problems.insert(field::DURATION, "Choose how long.".to_owned());
    }
    match (thing, length) {
        (Some((resource, role, _)), Some(access_for)) => Ok(Wish {
            subject: person.clone(),
            filed_by: person.clone(),
            resource,
            role,
            access_for,
            when: When::default(),
            reason: Words::typed(values.text(field::REASON)),
            purpose: Want::Access,
            manner: Manner::BreakGlass,
        }),
        (_, _) => Err(forms::errors(&problems)),
    }
}
