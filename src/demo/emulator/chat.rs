//! `chat.*`: posting, updating and deleting messages, with the rules that decide who may do so where.

use serde_json::{Value, json};

use super::blocks::{self, Surface};
use super::json::{opt_text, text};
use super::seed::{Kind, Privacy};
use super::state::{Message, MessageRef, State};
use super::web_api::{Answered, Refusal, error, required};

const POST_CHARS_MAX: usize = 40_000;
const UPDATE_CHARS_MAX: usize = 4_000;

pub(crate) fn post_message(state: &mut State, args: &Value, now_ms: i64) -> Answered {
    let channel = destination(state, required(args, "channel")?)?;
    let message = compose(state, args, &channel, now_ms)?;
    state.take_pace(&channel, now_ms).map_err(|retry_after_s| Refusal::Paced { retry_after_s })?;
    let answer = json!({ "channel": channel, "ts": message.ts, "message": message.to_json(&state.seed) });
    state.messages.push(message);
    Ok(answer)
}

pub(crate) fn post_ephemeral(state: &mut State, args: &Value, now_ms: i64) -> Answered {
    let channel = destination(state, required(args, "channel")?)?;
    let user = required(args, "user")?.to_owned();
    if !state.is_member(&channel, &user) {
        return Err(error("user_not_in_channel"));
    }
    let mut message = compose(state, args, &channel, now_ms)?;
    message.only_for = Some(user);
    let answer = json!({ "message_ts": message.ts });
    state.messages.push(message);
    Ok(answer)
}

pub(crate) fn update(state: &mut State, args: &Value, now_ms: i64) -> Answered {
    let at = own_message(state, args, "cant_update_message")?;
    state.take_update(now_ms).map_err(|retry_after_s| Refusal::Paced { retry_after_s })?;
    let new_text = opt_text(args, "text");
    if new_text.as_deref().is_some_and(|body| body.chars().count() > UPDATE_CHARS_MAX) {
        return Err(error("msg_too_long"));
    }
    let new_blocks = checked_blocks(state, args, Surface::Message)?;
    let metadata = checked_metadata(args)?;
    if new_text.is_none() && new_blocks.is_none() && metadata.is_none() {
        return Err(error("no_text"));
    }
    let edited_ts = (new_blocks.is_none() && new_text.is_some()).then(|| state.next_ts(now_ms));
    let seed = state.seed.clone();
    let message = state.message_mut(&at).ok_or_else(|| error("message_not_found"))?;
    // Text without blocks drops the blocks; neither of both keeps them.
    match (new_blocks, &new_text) {
        (Some(new_blocks), _) => message.blocks = new_blocks,
        (None, Some(_)) => message.blocks.clear(),
        (None, None) => {}
    }
    if let Some(new_text) = new_text {
        message.text = new_text;
    }
    message.metadata = metadata.or(message.metadata.take());
    message.edited_ts = edited_ts.or(message.edited_ts.take());
    Ok(json!({
        "channel": at.channel, "ts": at.ts, "text": message.text, "message": message.to_json(&seed),
    }))
}

pub(crate) fn delete(state: &mut State, args: &Value, _now_ms: i64) -> Answered {
    let at = own_message(state, args, "cant_delete_message")?;
    state.messages.retain(|message| message.place() != at);
    Ok(json!({ "channel": at.channel, "ts": at.ts }))
}

/// The app's own, not ephemeral message that `channel` and `ts` name.
fn own_message(state: &State, args: &Value, not_own: &'static str) -> Result<MessageRef, Refusal> {
    let at = MessageRef { channel: required(args, "channel")?.to_owned(), ts: required(args, "ts")?.to_owned() };
    let channel = state.channel(&at.channel).ok_or_else(|| error("channel_not_found"))?;
    if channel.is_archived {
        return Err(error("is_inactive"));
    }
    let message = state.message(&at).filter(|message| message.only_for.is_none());
    match message {
        None => Err(error("message_not_found")),
        Some(message) if message.user != state.seed.bot_user_id => Err(error(not_own)),
        Some(_) => Ok(at),
    }
}

/// The channel to post in; a person's id stands for the direct conversation with them.
fn destination(state: &mut State, channel_or_user: &str) -> Result<String, Refusal> {
    if let Some(user) = state.user(channel_or_user) {
        let refused = match user.kind {
            _ if user.deleted => Some("user_disabled"),
            Kind::Bot => Some("cannot_dm_bot"),
            Kind::Stranger => Some("user_not_found"),
            _ => None,
        };
        return match refused {
            Some(code) => Err(error(code)),
            None => Ok(state.direct_channel(channel_or_user)),
        };
    }
    let channel = state.channel(channel_or_user).ok_or_else(|| error("channel_not_found"))?;
    let is_member = channel.members.contains(&state.seed.bot_user_id);
    let may_post_unasked =
        channel.privacy == Privacy::Public && state.seed.scopes.iter().any(|scope| scope == "chat:write.public");
    if channel.is_archived {
        Err(error("is_archived"))
    } else if !is_member && channel.privacy == Privacy::Private {
        // A private channel that the app is not in does not exist for it.
        Err(error("channel_not_found"))
    } else if !is_member && !may_post_unasked {
        Err(error("not_in_channel"))
    } else {
        Ok(channel.id.clone())
    }
}

fn compose(state: &mut State, args: &Value, channel: &str, now_ms: i64) -> Result<Message, Refusal> {
    let body: String = text(args, "text").chars().take(POST_CHARS_MAX).collect();
    let blocks = checked_blocks(state, args, Surface::Message)?.unwrap_or_default();
    if body.is_empty() && blocks.is_empty() {
        return Err(error("no_text"));
    }
    let thread_ts = opt_text(args, "thread_ts");
    if let Some(ts) = &thread_ts {
        let parent = MessageRef { channel: channel.to_owned(), ts: ts.clone() };
        if state.message(&parent).is_none() {
            return Err(error("thread_not_found"));
        }
    }
    Ok(Message {
        channel: channel.to_owned(),
        ts: state.next_ts(now_ms),
        user: state.seed.bot_user_id.clone(),
        text: body,
        blocks,
        thread_ts,
        metadata: checked_metadata(args)?,
        only_for: None,
        edited_ts: None,
    })
}

/// The blocks of `args` if there are any, refused as Slack would refuse them.
pub(crate) fn checked_blocks(state: &mut State, args: &Value, surface: Surface) -> Result<Option<Vec<Value>>, Refusal> {
    if args.get("attachments").is_some() {
        return Err(Refusal::Error {
            code: "invalid_arguments",
            messages: vec!["[ERROR] the emulator shows no attachments".into()],
        });
    }
    let Some(given) = args.get("blocks") else { return Ok(None) };
    let Some(given) = given.as_array() else {
        return Err(Refusal::Error {
            code: "invalid_blocks",
            messages: vec!["[ERROR] must be an array [json-pointer:/blocks]".into()],
        });
    };
    let messages = blocks::problems(given, surface);
    if !messages.is_empty() {
        return Err(Refusal::Error { code: "invalid_blocks", messages });
    }
    Ok(Some(blocks::with_ids(given.clone(), || state.next_number())))
}

fn checked_metadata(args: &Value) -> Result<Option<Value>, Refusal> {
    let Some(metadata) = args.get("metadata") else { return Ok(None) };
    let is_well_formed = !text(metadata, "event_type").is_empty() && metadata.get("event_payload").is_some_and(Value::is_object);
    if is_well_formed { Ok(Some(metadata.clone())) } else { Err(error("invalid_metadata_format")) }
}
