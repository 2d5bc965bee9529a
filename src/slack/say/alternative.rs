//! What to do instead, with one tap: the button on a refusal that asks for what would be possible, or opens the form with what was
//! said. It carries names and times, never a right: whoever presses it is judged as if they had typed it.

use serde::{Deserialize, Serialize, Serializer};

use super::button;
use super::names::Names;
use super::refusal::refusal;
use crate::access::ids::{GrantId, PersonId, ResourceId, RoleId};
use crate::access::refusal::Refusal;
use crate::access::time::{Timestamp, Ttl};
use crate::slack::block::{Button, Message, actions, plain};
use crate::slack::limits::{BUTTON_VALUE_MAX, length};
use crate::slack::text::clean;

/// A wish as a button carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    /// Whose button it is. Nobody else's press means anything.
    pub by: PersonId,
    /// On what.
    pub resource: ResourceId,
    /// As what, where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleId>,
    /// How long, where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_for: Option<Ttl>,
    /// From when on, if not at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Timestamp>,
    /// Until when, where a time was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_at: Option<Timestamp>,
    /// In which manner.
    #[serde(default)]
    pub manner: Manner,
    /// Why, as it was typed; empty where nothing was, or where it is too long to be carried.
    #[serde(default, skip_serializing_if = "String::is_empty", serialize_with = "without_the_invisible")]
    pub reason: String,
}

/// In which manner it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// Others decide.
    #[default]
    Usual,
    /// The glass is broken.
    BreakGlass,
}

/// More time, as a button carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskingMore {
    /// Whose button it is.
    pub by: PersonId,
    /// Of which grant.
    pub grant: GrantId,
    /// How much more.
    pub more: Ttl,
    /// Why; empty where it is as before.
    #[serde(default, skip_serializing_if = "String::is_empty", serialize_with = "without_the_invisible")]
    pub reason: String,
}

/// What nobody sees is not carried along either.
fn without_the_invisible<S: Serializer>(reason: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&clean(reason))
}

/// What could be done instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alternative {
    /// Less time: *Ask for 2 h*.
    Shorter(Asking),
    /// The same at another time: *Ask for then*.
    Then(Asking),
    /// More time, but less of it.
    LessMore(AskingMore),
    /// The form with what was said: *Fix it…*.
    Fix(Asking),
    /// The form for what was probably meant.
    ThatInstead(Asking),
}

impl Alternative {
    /// What was probably meant.
    pub fn that_instead(asking: Asking) -> Alternative {
        Alternative::ThatInstead(asking)
    }

    /// The button for it.
    fn button(&self, names: &Names) -> Option<Button> {
        match self {
            Alternative::Shorter(asking) => {
                let ttl = asking.access_for?;
                let text = match asking.manner {
                    Manner::Usual => format!("Ask for {ttl}"),
                    Manner::BreakGlass => format!("Break glass for {ttl}"),
                };
                Some(asks(asking, &text))
            }
            Alternative::Then(asking) => Some(asks(asking, "Ask for then")),
            Alternative::LessMore(asking) => {
                let text = format!("Ask for {} more", asking.more);
                let fitting = fitting(asking, |asking| asking.reason.clear())?;
                Some(Button::new(button::ASK_MORE, &text, &fitting, &format!("{text} of {}", asking.grant)))
            }
            Alternative::Fix(asking) => Some(opens(asking, "Fix it…", "Open the form with what you wrote")),
            Alternative::ThatInstead(asking) => {
                let thing = match &asking.role {
                    Some(role) => names.thing(&asking.resource, role),
                    None => names.resource(&asking.resource).to_owned(),
                };
                Some(opens(asking, &format!("Ask for {thing}…"), &format!("Open the form for {thing}")))
            }
        }
    }
}

/// Asks at once; where the reason is too long to be carried along, the form opens instead.
fn asks(asking: &Asking, text: &str) -> Button {
    let what = format!("{text}: {}", asking.resource);
    match fitting(asking, |_| {}) {
        Some(value) => Button::new(button::ASK_INSTEAD, text, &value, &what).primary(),
        None => opens(asking, &format!("{text}…"), &what),
    }
}

fn opens(asking: &Asking, text: &str, label: &str) -> Button {
    let value = fitting(asking, |asking| asking.reason.clear()).unwrap_or_default();
    Button::new(button::FIX, text, &value, label)
}

/// The value, as it is or else made shorter; `None` where it is too long even then.
fn fitting<T: Clone + Serialize>(asking: &T, shorten: fn(&mut T)) -> Option<String> {
    let fits = |asking: &T| serde_json::to_string(asking).ok().filter(|value| length(value) <= BUTTON_VALUE_MAX);
    fits(asking).or_else(|| {
        let mut shorter = asking.clone();
        shorten(&mut shorter);
        fits(&shorter)
    })
}

/// Reads the value of such a button back. It came through somebody's client: `None` for whatever is not one, or is not theirs.
pub fn read_asking(value: &str, who: &PersonId) -> Option<Asking> {
    serde_json::from_str::<Asking>(value).ok().filter(|asking| asking.by == *who)
}

/// The same for more time.
pub fn read_asking_more(value: &str, who: &PersonId) -> Option<AskingMore> {
    serde_json::from_str::<AskingMore>(value).ok().filter(|asking| asking.by == *who)
}

/// A refusal with what to do instead.
pub fn refused_with(what: &Refusal, instead: &Alternative, names: &Names) -> Message {
    let text = match (what, instead) {
        (Refusal::OutsideWindow { earliest: Some(at) }, Alternative::Then(_)) => {
            format!("Possible from {}. Ask for it now, and it starts then by itself.", names.zone.day(*at))
        }
        (_, _) => refusal(what, names),
    };
    match instead.button(names) {
        Some(button) => Message::new(&text, vec![plain(&text), actions("instead", vec![button])]),
        None => Message::sentence(&text),
    }
}

#[cfg(test)]
mod tests;
