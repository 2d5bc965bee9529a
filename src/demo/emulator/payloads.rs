//! The bodies that Slack sends to an app. Complete enough to type-check as the official SDK's payload types.

use serde_json::{Value, json};

use super::json::set;
use super::state::{Hook, MessageRef, State};

/// Where the element stands that a person touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a message.
    Message {
        /// The channel or direct conversation.
        channel: String,
        /// The message in it.
        ts: String,
    },
    /// In a modal or App Home, by view id.
    View(String),
}

/// A slash command as form fields.
pub(crate) fn slash(state: &mut State, user: &str, channel: &str, command: &str, words: &str, now_ms: i64) -> String {
    let trigger_id = state.trigger(user, now_ms);
    let response_url = state
        .hook("commands", Hook { user: user.to_owned(), channel: channel.to_owned(), made_ms: now_ms, uses: 0, source: None });
    let channel_name = state.channel(channel).map(|channel| channel.name.clone()).unwrap_or_default();
    let user_name = state.user(user).map(|user| user.name.clone()).unwrap_or_default();
    let seed = &state.seed;
    form_urlencoded::Serializer::new(String::new())
        .append_pair("token", &seed.verification_token)
        .append_pair("team_id", &seed.team_id)
        .append_pair("team_domain", &seed.team_domain)
        .append_pair("channel_id", channel)
        .append_pair("channel_name", &channel_name)
        .append_pair("user_id", user)
        .append_pair("user_name", &user_name)
        .append_pair("command", command)
        .append_pair("text", &escaped(state, words))
        .append_pair("api_app_id", &seed.app_id)
        .append_pair("is_enterprise_install", "false")
        .append_pair("response_url", &response_url)
        .append_pair("trigger_id", &trigger_id)
        .finish()
}

/// Text as an app sees it that asked for escaped mentions: names become ids, and `& < >` become entities.
fn escaped(state: &State, words: &str) -> String {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let escaped: Vec<String> = words.split(' ').map(|word| escaped_word(state, word)).collect();
    escaped.join(" ")
}

fn escaped_word(state: &State, word: &str) -> String {
    if let Some(name) = word.strip_prefix('@') {
        if let Some(user) = state.seed.users.iter().find(|user| user.name == name) {
            return format!("<@{}|{name}>", user.id);
        }
        if let Some(group) = state.seed.usergroups.iter().find(|group| group.handle == name) {
            return format!("<!subteam^{}>", group.id);
        }
    }
    if let Some(name) = word.strip_prefix('#')
        && let Some(channel) = state.seed.channels.iter().find(|channel| channel.name == name)
    {
        return format!("<#{}|{name}>", channel.id);
    }
    if word.starts_with("https://") || word.starts_with("http://") {
        return format!("<{word}>");
    }
    word.to_owned()
}

/// What every interaction carries.
fn interaction(state: &State, kind: &str, user_id: &str) -> Value {
    let seed = &state.seed;
    let (name, team_id) = state.user(user_id).map(|user| (user.name.clone(), user.team_id.clone())).unwrap_or_default();
    json!({
        "type": kind,
        "team": { "id": seed.team_id, "domain": seed.team_domain },
        "user": { "id": user_id, "username": name, "name": name, "team_id": team_id },
        "api_app_id": seed.app_id,
        "token": seed.verification_token,
        "enterprise": null,
        "is_enterprise_install": false,
    })
}

/// Adds what is known about the message or view in which something was touched.
fn put_place(state: &State, payload: &mut Value, place: &Place) {
    match place {
        Place::Message { channel, ts } => {
            let at = MessageRef { channel: channel.clone(), ts: ts.clone() };
            let name = state.channel(channel).map(|channel| channel.name.clone());
            let message = state.message(&at);
            let is_ephemeral = message.is_some_and(|message| message.only_for.is_some());
            set(
                payload,
                "container",
                json!({
                    "type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": is_ephemeral,
                }),
            );
            set(payload, "channel", json!({ "id": channel, "name": name }));
            // Slack does not repeat ephemeral messages.
            if let Some(message) = message.filter(|_| !is_ephemeral) {
                set(payload, "message", message.to_json(&state.seed));
            }
        }
        Place::View(id) => {
            set(payload, "container", json!({ "type": "view", "view_id": id }));
            if let Some(view) = state.views.get(id) {
                set(payload, "view", view.to_json(state));
            }
        }
    }
}

pub(crate) fn block_actions(state: &mut State, user: &str, place: &Place, action: Value, values: Value, now_ms: i64) -> Value {
    let trigger_id = state.trigger(user, now_ms);
    let mut payload = interaction(state, "block_actions", user);
    put_place(state, &mut payload, place);
    set(&mut payload, "trigger_id", json!(trigger_id));
    set(&mut payload, "actions", json!([action]));
    if let Place::Message { channel, ts } = place {
        let source = MessageRef { channel: channel.clone(), ts: ts.clone() };
        let response_url = state.hook(
            "actions",
            Hook { user: user.to_owned(), channel: channel.clone(), made_ms: now_ms, uses: 0, source: Some(source) },
        );
        set(&mut payload, "response_url", json!(response_url));
        set(&mut payload, "state", json!({ "values": values }));
    }
    payload
}

pub(crate) fn shortcut(state: &mut State, user: &str, callback_id: &str, now_ms: i64) -> Value {
    let (trigger_id, ts) = (state.trigger(user, now_ms), state.next_ts(now_ms));
    let mut payload = interaction(state, "shortcut", user);
    set(&mut payload, "callback_id", json!(callback_id));
    set(&mut payload, "trigger_id", json!(trigger_id));
    set(&mut payload, "action_ts", json!(ts));
    payload
}

pub(crate) fn view_submission(state: &mut State, user: &str, view_id: &str, now_ms: i64) -> Value {
    let trigger_id = state.trigger(user, now_ms);
    let mut payload = interaction(state, "view_submission", user);
    if let Some(view) = state.views.get(view_id) {
        set(&mut payload, "view", view.to_json(state));
    }
    set(&mut payload, "trigger_id", json!(trigger_id));
    set(&mut payload, "response_urls", json!([]));
    payload
}

pub(crate) fn view_closed(state: &State, user: &str, view_id: &str, is_cleared: bool) -> Value {
    let mut payload = interaction(state, "view_closed", user);
    if let Some(view) = state.views.get(view_id) {
        set(&mut payload, "view", view.to_json(state));
    }
    set(&mut payload, "is_cleared", json!(is_cleared));
    payload
}

pub(crate) fn block_suggestion(
    state: &State,
    user: &str,
    place: &Place,
    (block_id, action_id): (&str, &str),
    typed: &str,
) -> Value {
    let mut payload = interaction(state, "block_suggestion", user);
    put_place(state, &mut payload, place);
    set(&mut payload, "block_id", json!(block_id));
    set(&mut payload, "action_id", json!(action_id));
    set(&mut payload, "value", json!(typed));
    payload
}

/// An Events API delivery around `event`.
pub(crate) fn event(state: &mut State, event: Value, now_ms: i64) -> Value {
    let number = state.next_number();
    json!({
        "token": state.seed.verification_token, "team_id": state.seed.team_id, "api_app_id": state.seed.app_id,
        "event": event, "type": "event_callback", "event_id": format!("Ev{number}"),
        "event_time": now_ms.div_euclid(1_000), "is_ext_shared_channel": false,
        "authorizations": [{
            "enterprise_id": null, "team_id": state.seed.team_id, "user_id": state.seed.bot_user_id,
            "is_bot": true, "is_enterprise_install": false,
        }],
    })
}
