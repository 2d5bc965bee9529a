//! Bytes that Slack signed (or a Socket Mode payload) → [`Inbound`]. Reads what Daypass needs and ignores the rest.
//!
//! Nothing here fails: what cannot be understood is [`Inbound::Unknown`], with the kind that it claims to be, so that it can be
//! answered and counted. Payloads of organisation-wide installations (`"team": null`) are read like any other. The text of a
//! message is never read back: what a card says is not what is recorded.

use serde_json::Value;

use super::text::is_slack_id;

mod account;
mod typed;
mod values;

pub use account::{Account, Home};
pub use typed::typed;
pub use values::{Filled, Values};

/// One thing that Slack tells us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbound {
    /// Somebody wrote a slash command.
    Command(Command),
    /// Somebody pressed a button, or chose something in an open form.
    Action(Action),
    /// Somebody submitted a form.
    Submission(Submission),
    /// Somebody used a shortcut of the workspace.
    Shortcut(Shortcut),
    /// Somebody closed a form that asked to be told.
    Closed {
        /// Who.
        from: Account,
        /// Which form.
        view: ViewRef,
    },
    /// Somebody types into a select whose options come from us.
    Options {
        /// Who.
        from: Account,
        /// Which select.
        action_id: String,
        /// What they typed so far.
        typed: String,
        /// The form it is in, if it is in one.
        view: Option<ViewRef>,
    },
    /// Slack wants to see that this address is ours: answer with the challenge.
    UrlVerification {
        /// What to answer.
        challenge: String,
    },
    /// Slack checks our certificate: answer 200. It is signed like everything else.
    SslCheck,
    /// Something happened in the workspace.
    Event(Event),
    /// Something we do not know, or that lacks what it must have.
    Unknown {
        /// What it claims to be, at most 60 letters, digits, `_`, `.` and `/`.
        kind: String,
    },
}

/// A slash command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Who wrote it.
    pub from: Account,
    /// Where.
    pub channel: String,
    /// The command itself, such as `/jit`.
    pub command: String,
    /// What follows it, as typed (see [`typed`]).
    pub text: String,
    /// Opens a form, once, within 3 s.
    pub trigger_id: String,
    /// Answers the person for 30 min, five times.
    pub response_url: Option<String>,
}

/// A button or another element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Who pressed it.
    pub from: Account,
    /// Which element, such as `request.approve`.
    pub action_id: String,
    /// The block it is in.
    pub block_id: String,
    /// A button's value, or that of the chosen option. It comes back through the person's client: check it.
    pub value: String,
    /// The message it is on, if it is on one.
    pub message: Option<MessageRef>,
    /// The form it is in, if it is in one.
    pub view: Option<ViewRef>,
    /// Opens a form, once, within 3 s.
    pub trigger_id: String,
    /// Answers the person for 30 min, five times. Only for messages.
    pub response_url: Option<String>,
    /// When it was pressed, as Slack numbers it.
    pub action_ts: String,
}

/// A form that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Who.
    pub from: Account,
    /// The form, with what was filled in.
    pub view: ViewRef,
    /// May open another form.
    pub trigger_id: String,
}

/// A shortcut of the workspace, which stands in no channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortcut {
    /// Who.
    pub from: Account,
    /// Which, such as `request.open`.
    pub callback_id: String,
    /// Opens a form, once, within 3 s.
    pub trigger_id: String,
}

/// Where a message is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageRef {
    /// The channel, or the direct message (`D…`).
    pub channel: String,
    /// Its number there.
    pub ts: String,
}

/// An open form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRef {
    /// Its id.
    pub id: String,
    /// Changes whenever the form does; an update that names an old one is refused by Slack.
    pub hash: String,
    /// Which form it is, such as `request.form`.
    pub callback_id: String,
    /// What we put in. It comes back through the person's client: check it.
    pub private_metadata: String,
    /// What is filled in.
    pub values: Values,
}

/// Something that happened in the workspace. `payload` is the inner event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its kind, such as `user_change`.
    pub kind: String,
    /// Slack's id of this delivery; a retry has the same.
    pub event_id: String,
    /// The workspace.
    pub team: Option<String>,
    /// Who it is about, where it is about one person.
    pub user: Option<String>,
    /// The inner event.
    pub payload: Value,
}

impl Eq for Event {}

impl Inbound {
    /// Reads the body of an HTTP request. The signature was checked before; the size was limited before.
    pub fn from_http(content_type: Option<&str>, body: &[u8]) -> Inbound {
        let json = content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("application/json"));
        if json {
            return serde_json::from_slice(body).map_or_else(|_| unknown("json"), |value: Value| from_events(&value));
        }
        let fields: serde_json::Map<String, Value> =
            form_urlencoded::parse(body).map(|(key, value)| (key.into_owned(), Value::String(value.into_owned()))).collect();
        if let Some(payload) = fields.get("payload").and_then(Value::as_str) {
            return serde_json::from_str(payload).map_or_else(|_| unknown("payload"), |value: Value| from_interaction(&value));
        }
        from_command(&Value::Object(fields))
    }

    /// Reads the payload of a Socket Mode envelope of this type.
    pub fn from_socket(kind: &str, payload: &Value) -> Inbound {
        match kind {
            "slash_commands" => from_command(payload),
            "interactive" => from_interaction(payload),
            "events_api" => from_events(payload),
            other => unknown(other),
        }
    }

    /// What makes two deliveries of the same thing equal, made of Slack's own ids. `None`: repeating it is harmless.
    ///
    /// A form that was answered with errors is submitted again with the same view and hash, so that its trigger counts too.
    pub fn dedupe_key(&self) -> Option<String> {
        match self {
            Inbound::Command(command) => Some(format!("command/{}", command.trigger_id)),
            Inbound::Action(action) if action.trigger_id.is_empty() && action.action_ts.is_empty() => None,
            Inbound::Action(action) => Some(format!("action/{}/{}/{}", action.trigger_id, action.action_ts, action.action_id)),
            Inbound::Submission(form) => Some(format!("submission/{}/{}/{}", form.view.id, form.view.hash, form.trigger_id)),
            Inbound::Shortcut(used) => Some(format!("shortcut/{}", used.trigger_id)),
            Inbound::Event(event) => Some(format!("event/{}", event.event_id)),
            Inbound::Closed { .. }
            | Inbound::Options { .. }
            | Inbound::UrlVerification { .. }
            | Inbound::SslCheck
            | Inbound::Unknown { .. } => None,
        }
    }

    /// Whose doing it is, where it is a person's.
    pub fn from(&self) -> Option<&Account> {
        match self {
            Inbound::Command(command) => Some(&command.from),
            Inbound::Action(action) => Some(&action.from),
            Inbound::Submission(form) => Some(&form.from),
            Inbound::Shortcut(used) => Some(&used.from),
            Inbound::Closed { from, .. } | Inbound::Options { from, .. } => Some(from),
            Inbound::UrlVerification { .. } | Inbound::SslCheck | Inbound::Event(_) | Inbound::Unknown { .. } => None,
        }
    }
}

fn from_command(fields: &Value) -> Inbound {
    if text(fields, "command").is_empty() && !text(fields, "ssl_check").is_empty() {
        return Inbound::SslCheck;
    }
    let read = || {
        Some(Command {
            from: Account::of_command(fields)?,
            channel: Some(text(fields, "channel_id")).filter(|id| is_slack_id(id))?,
            command: required(fields, "command")?,
            text: typed(&text(fields, "text")),
            trigger_id: required(fields, "trigger_id")?,
            response_url: required(fields, "response_url"),
        })
    };
    read().map_or_else(|| unknown("command"), Inbound::Command)
}

fn from_interaction(payload: &Value) -> Inbound {
    let kind = text(payload, "type");
    let read = || {
        Some(match kind.as_str() {
            "block_actions" => Inbound::Action(action(payload)?),
            "view_submission" => Inbound::Submission(Submission {
                from: Account::of_interaction(payload)?,
                view: view(payload)?,
                trigger_id: text(payload, "trigger_id"),
            }),
            "shortcut" => Inbound::Shortcut(Shortcut {
                from: Account::of_interaction(payload)?,
                callback_id: required(payload, "callback_id")?,
                trigger_id: required(payload, "trigger_id")?,
            }),
            "view_closed" => Inbound::Closed { from: Account::of_interaction(payload)?, view: view(payload)? },
            "block_suggestion" => Inbound::Options {
                from: Account::of_interaction(payload)?,
                action_id: required(payload, "action_id")?,
                typed: typed(&text(payload, "value")),
                view: view(payload),
            },
            _ => return None,
        })
    };
    read().unwrap_or_else(|| unknown(&kind))
}

fn action(payload: &Value) -> Option<Action> {
    let action = payload.get("actions")?.as_array()?.first()?;
    let value = required(action, "value").or_else(|| required(action.get("selected_option")?, "value"));
    let channel = payload.get("channel").map(|channel| text(channel, "id"));
    let container = payload.get("container");
    let in_container = |key: &str| container.and_then(|container| required(container, key));
    let ts = payload.get("message").and_then(|message| required(message, "ts")).or_else(|| in_container("message_ts"));
    let channel = channel.or_else(|| in_container("channel_id")).filter(|id| is_slack_id(id));
    Some(Action {
        from: Account::of_interaction(payload)?,
        action_id: required(action, "action_id")?,
        block_id: text(action, "block_id"),
        value: value.unwrap_or_default(),
        message: channel.zip(ts).map(|(channel, ts)| MessageRef { channel, ts }),
        view: view(payload),
        trigger_id: text(payload, "trigger_id"),
        response_url: required(payload, "response_url"),
        action_ts: text(action, "action_ts"),
    })
}

fn view(payload: &Value) -> Option<ViewRef> {
    let view = payload.get("view")?;
    Some(ViewRef {
        id: required(view, "id")?,
        hash: text(view, "hash"),
        callback_id: text(view, "callback_id"),
        private_metadata: text(view, "private_metadata"),
        values: Values::of_view(view),
    })
}

fn from_events(body: &Value) -> Inbound {
    match text(body, "type").as_str() {
        "url_verification" => required(body, "challenge")
            .map_or_else(|| unknown("url_verification"), |challenge| Inbound::UrlVerification { challenge }),
        "event_callback" => event(body).map_or_else(|| unknown("event_callback"), Inbound::Event),
        other => unknown(other),
    }
}

fn event(body: &Value) -> Option<Event> {
    let payload = body.get("event")?;
    let user = payload.get("user").and_then(|user| user.as_str().map(str::to_owned).or_else(|| required(user, "id")));
    Some(Event {
        kind: required(payload, "type")?,
        event_id: required(body, "event_id")?,
        team: required(body, "team_id"),
        user: user.filter(|id| is_slack_id(id)),
        payload: payload.clone(),
    })
}

fn unknown(kind: &str) -> Inbound {
    let fitting = |c: &char| c.is_ascii_alphanumeric() || "_./".contains(*c);
    Inbound::Unknown { kind: kind.chars().filter(fitting).take(60).collect() }
}

/// The text under this key; empty when there is none.
fn text(parent: &Value, key: &str) -> String {
    parent.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The text under this key, unless it is empty or missing.
fn required(parent: &Value, key: &str) -> Option<String> {
    Some(text(parent, key)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
