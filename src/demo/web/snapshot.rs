//! What one person sees, and what is really there, as one JSON value for the page.

use serde_json::{Value, json};

use crate::demo::emulator::{Kind, Message, Privacy, View};
use crate::demo::stage::Stage;

/// Older messages are left out of the page.
const MESSAGES_MAX: usize = 300;

pub(super) fn of(stage: &Stage, person: &str) -> Value {
    let slack = &stage.slack;
    slack.dm_channel(person);
    let channels: Vec<Value> = slack
        .channels()
        .into_iter()
        .filter(|channel| channel.members.iter().any(|member| member == person) && !channel.is_archived)
        .map(|channel| {
            let messages = slack.visible(person, &channel.id);
            let messages: Vec<Value> = messages.iter().skip(messages.len().saturating_sub(MESSAGES_MAX)).map(message).collect();
            json!({
                "id": channel.id, "name": channel.name, "topic": channel.topic,
                "is_private": channel.privacy == Privacy::Private, "is_direct": channel.privacy == Privacy::Direct,
                "is_shared": channel.is_ext_shared, "members": channel.members.len(), "messages": messages,
                "pins": slack.pins(&channel.id),
            })
        })
        .collect();
    let users: Vec<Value> = slack
        .users()
        .into_iter()
        .map(|user| {
            json!({
                "id": user.id, "name": user.name, "real_name": user.real_name, "title": user.title, "tz": user.tz,
                "is_bot": user.kind == Kind::Bot, "is_guest": matches!(user.kind, Kind::Guest | Kind::SingleChannelGuest),
                "is_external": matches!(user.kind, Kind::External | Kind::Stranger),
            })
        })
        .collect();
    let groups: Vec<Value> =
        slack.usergroups().into_iter().map(|group| json!({ "id": group.id, "handle": group.handle })).collect();
    let inside = stage.inside();
    json!({
        "person": person, "users": users, "groups": groups, "channels": channels,
        "view": slack.open_view(person).map(|view| view_json(&view)),
        "home": slack.home(person).map(|view| view_json(&view)),
        "start_ms": stage.clock.start_ms(),
        "slack_is_down": slack.is_down(), "provider_is_down": stage.sandbox.fault().is_some(),
        "provider": provider(stage),
        "bot": {
            "is_running": inside.is_running, "problem": inside.problem, "grants": inside.grants,
            "requests": inside.requests, "audit": inside.audit, "verification": inside.verification,
        },
    })
}

fn provider(stage: &Stage) -> Vec<Value> {
    let items = stage.sandbox.items().into_iter();
    items
        .map(|access| {
            json!({
                "account": access.account, "thing": access.thing, "level": access.level, "mark": access.mark,
                "sessions": access.sessions, "since_ms": access.since_ms,
            })
        })
        .collect()
}

fn message(message: &Message) -> Value {
    json!({
        "ts": message.ts, "user": message.user, "text": message.text, "blocks": message.blocks,
        "thread_ts": message.thread_ts, "is_ephemeral": message.only_for.is_some(),
        "is_edited": message.edited_ts.is_some(),
    })
}

fn view_json(view: &View) -> Value {
    json!({
        "id": view.id, "hash": view.hash, "content": view.content, "entered": view.entered,
        "has_previous": view.previous_id.is_some(),
    })
}
