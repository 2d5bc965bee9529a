//! `response_url`: up to five answers within thirty minutes to whoever used a command or pressed a button.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Shared;
use super::blocks::Surface;
use super::json::{flag, text};
use super::state::{Call, Hook, Message, State};
use super::{chat, web_api::Refusal};
use crate::demo::loopback::{Answer, Asked};

const USES_MAX: u32 = 5;
const LIFE_MS: i64 = 30 * 60 * 1_000;

pub(crate) fn answer(shared: &Arc<Shared>, asked: &Asked) -> Answer {
    let now_ms = shared.now_ms();
    let outcome = {
        let mut state = shared.state();
        if state.is_down {
            return Answer::HangUp;
        }
        let args: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
        let outcome = use_hook(&mut state, &asked.path, &args, now_ms);
        let (status, body) = match &outcome {
            Ok(()) => (200, "ok".to_owned()),
            Err((status, problem)) => (*status, problem.clone()),
        };
        if outcome.is_err() {
            state.complain(format!("response_url: {body}"));
        }
        state.log_call(Call { at_ms: now_ms, method: "response_url".into(), args, status, answer: json!(body) });
        (status, body)
    };
    shared.changed();
    Answer::text(outcome.0, outcome.1)
}

fn use_hook(state: &mut State, path: &str, args: &Value, now_ms: i64) -> Result<(), (u16, String)> {
    let hook = state.hooks.get_mut(path).ok_or((404, "no_service".to_owned()))?;
    if now_ms - hook.made_ms > LIFE_MS {
        return Err((404, "expired_url".into()));
    }
    if hook.uses >= USES_MAX {
        return Err((404, "used_url".into()));
    }
    if !args.is_object() {
        return Err((400, "invalid_payload".into()));
    }
    hook.uses += 1;
    let hook = hook.clone();
    if flag(args, "delete_original") {
        let source = hook.source.ok_or((400, "delete_original needs a message".to_owned()))?;
        state.messages.retain(|message| message.place() != source);
        return Ok(());
    }
    if flag(args, "replace_original") {
        return replace_original(state, &hook, args);
    }
    let message = said(state, &hook.user, &hook.channel, args, now_ms)?;
    state.messages.push(message);
    Ok(())
}

fn replace_original(state: &mut State, hook: &Hook, args: &Value) -> Result<(), (u16, String)> {
    let source = hook.source.as_ref().ok_or((400, "a slash command has no original to replace".to_owned()))?;
    let blocks = blocks_of(state, args)?;
    let message = state.message_mut(source).ok_or((404, "message_not_found".to_owned()))?;
    message.text = text(args, "text").to_owned();
    message.blocks = blocks;
    Ok(())
}

/// The message that `args` describe: for one person, unless they say `in_channel`.
pub(crate) fn said(state: &mut State, user: &str, channel: &str, args: &Value, now_ms: i64) -> Result<Message, (u16, String)> {
    let blocks = blocks_of(state, args)?;
    let body = text(args, "text");
    if body.is_empty() && blocks.is_empty() {
        return Err((400, "no_text".into()));
    }
    let only_for = match text(args, "response_type") {
        "in_channel" => None,
        "" | "ephemeral" => Some(user.to_owned()),
        other => return Err((400, format!("response_type `{other}` is not ephemeral or in_channel"))),
    };
    Ok(Message {
        channel: channel.to_owned(),
        ts: state.next_ts(now_ms),
        user: state.seed.bot_user_id.clone(),
        text: body.to_owned(),
        blocks,
        thread_ts: None,
        metadata: None,
        only_for,
        edited_ts: None,
    })
}

fn blocks_of(state: &mut State, args: &Value) -> Result<Vec<Value>, (u16, String)> {
    match chat::checked_blocks(state, args, Surface::Message) {
        Ok(blocks) => Ok(blocks.unwrap_or_default()),
        Err(Refusal::Error { code, messages }) => Err((400, format!("{code} {}", messages.join("; ")))),
        Err(Refusal::Paced { .. }) => Err((429, "ratelimited".into())),
    }
}
