//! Reading who and what is in the workspace: `auth.test`, `team.info`, `users.*`, `usergroups.*`, `conversations.*`.

use serde_json::{Value, json};

use super::json::{flag, items, set, text};
use super::seed::{Channel, Kind, Privacy, User};
use super::state::State;
use super::web_api::{Answered, error, required};

const PAGE_ITEMS_DEFAULT: usize = 100;
const PAGE_ITEMS_MAX: usize = 1_000;

pub(crate) fn auth_test(state: &mut State, _args: &Value, _now_ms: i64) -> Answered {
    let seed = &state.seed;
    Ok(json!({
        "url": format!("https://{}.slack.com/", seed.team_domain), "team": seed.team_name,
        "user": seed.app_name.to_lowercase(), "team_id": seed.team_id, "user_id": seed.bot_user_id,
        "bot_id": seed.bot_id, "app_id": seed.app_id, "is_enterprise_install": false,
    }))
}

pub(crate) fn team_info(state: &mut State, _args: &Value, _now_ms: i64) -> Answered {
    let seed = &state.seed;
    Ok(json!({ "team": {
        "id": seed.team_id, "name": seed.team_name, "domain": seed.team_domain,
        "email_domain": format!("{}.example", seed.team_domain), "icon": { "image_default": true },
    }}))
}

pub(crate) fn users_info(state: &mut State, args: &Value, now_ms: i64) -> Answered {
    let user = state.user(required(args, "user")?).ok_or_else(|| error("user_not_found"))?;
    Ok(json!({ "user": user_json(state, user, now_ms) }))
}

pub(crate) fn users_list(state: &mut State, args: &Value, now_ms: i64) -> Answered {
    let (page, next) = page(&state.seed.users, args)?;
    let members: Vec<Value> = page.iter().map(|user| user_json(state, user, now_ms)).collect();
    Ok(json!({ "members": members, "response_metadata": { "next_cursor": next } }))
}

pub(crate) fn users_lookup_by_email(state: &mut State, args: &Value, now_ms: i64) -> Answered {
    let email = required(args, "email")?;
    let user = state
        .seed
        .users
        .iter()
        .find(|user| user.email.as_deref() == Some(email) && !user.deleted)
        .ok_or_else(|| error("users_not_found"))?;
    Ok(json!({ "user": user_json(state, user, now_ms) }))
}

fn user_json(state: &State, user: &User, now_ms: i64) -> Value {
    let mut profile = json!({
        "title": user.title, "real_name": user.real_name, "real_name_normalized": user.real_name,
        "display_name": user.name, "display_name_normalized": user.name, "team": user.team_id,
        "avatar_hash": "", "status_text": "", "status_emoji": "",
    });
    if let Some(email) = user.email.as_ref().filter(|_| has_scope(state, "users:read.email")) {
        set(&mut profile, "email", json!(email));
    }
    let mut account = json!({
        "id": user.id, "team_id": user.team_id, "name": user.name, "deleted": user.deleted,
        "real_name": user.real_name, "profile": profile, "is_bot": user.kind == Kind::Bot,
        "is_app_user": false, "updated": 0,
    });
    if user.deleted {
        return account;
    }
    let mut put = |key: &str, value: Value| set(&mut account, key, value);
    put("tz", json!(user.tz));
    put("tz_label", json!(user.tz));
    put("tz_offset", json!(utc_offset_s(&user.tz, now_ms)));
    match user.kind {
        // Of people from elsewhere Slack tells less: whether they are guests at home stays unknown.
        Kind::External => put("is_stranger", json!(false)),
        Kind::Stranger => put("is_stranger", json!(true)),
        kind => {
            put("is_admin", json!(kind == Kind::Admin));
            put("is_owner", json!(false));
            put("is_primary_owner", json!(false));
            put("is_restricted", json!(matches!(kind, Kind::Guest | Kind::SingleChannelGuest)));
            put("is_ultra_restricted", json!(kind == Kind::SingleChannelGuest));
            put("is_email_confirmed", json!(kind != Kind::Bot));
        }
    }
    account
}

/// Seconds east of UTC in a zone at a moment; 0 for a zone that does not exist.
pub(crate) fn utc_offset_s(tz: &str, now_ms: i64) -> i32 {
    let Ok(zone) = jiff::tz::TimeZone::get(tz) else { return 0 };
    let Ok(at) = jiff::Timestamp::from_millisecond(now_ms) else { return 0 };
    zone.to_offset(at).seconds()
}

fn has_scope(state: &State, scope: &str) -> bool {
    state.seed.scopes.iter().any(|held| held == scope)
}

pub(crate) fn usergroups_list(state: &mut State, args: &Value, _now_ms: i64) -> Answered {
    let with_users = flag(args, "include_users");
    let with_count = flag(args, "include_count");
    let groups: Vec<Value> = state
        .seed
        .usergroups
        .iter()
        .map(|group| {
            let mut listed = json!({
                "id": group.id, "team_id": state.seed.team_id, "is_usergroup": true, "is_subteam": true,
                "name": group.name, "description": "", "handle": group.handle, "is_external": false,
                "date_create": 0, "date_update": 0, "date_delete": 0,
                "prefs": { "channels": [], "groups": [] },
            });
            if with_users {
                set(&mut listed, "users", json!(group.members));
            }
            if with_count {
                set(&mut listed, "user_count", json!(group.members.len()));
            }
            listed
        })
        .collect();
    Ok(json!({ "usergroups": groups }))
}

pub(crate) fn usergroups_users_list(state: &mut State, args: &Value, _now_ms: i64) -> Answered {
    let wanted = required(args, "usergroup")?;
    let group = state.seed.usergroups.iter().find(|group| group.id == wanted);
    let group = group.ok_or_else(|| error("no_such_subteam"))?;
    Ok(json!({ "users": group.members }))
}

pub(crate) fn conversations_info(state: &mut State, args: &Value, _now_ms: i64) -> Answered {
    let channel = visible_channel(state, required(args, "channel")?)?;
    let is_member = channel.members.contains(&state.seed.bot_user_id);
    let mut info = json!({
        "id": channel.id, "created": 0, "is_archived": channel.is_archived,
        "is_channel": channel.privacy == Privacy::Public, "is_group": false,
        "is_im": channel.privacy == Privacy::Direct, "is_mpim": false,
        "is_private": channel.privacy != Privacy::Public, "context_team_id": state.seed.team_id,
    });
    let mut put = |key: &str, value: Value| set(&mut info, key, value);
    if channel.privacy == Privacy::Direct {
        let person = channel.members.iter().find(|member| **member != state.seed.bot_user_id);
        put("user", json!(person));
        put("is_org_shared", json!(false));
        return Ok(json!({ "channel": info }));
    }
    put("name", json!(channel.name));
    put("name_normalized", json!(channel.name));
    put("is_general", json!(channel.name == "general"));
    put("is_member", json!(is_member));
    put("is_shared", json!(channel.is_ext_shared));
    put("is_ext_shared", json!(channel.is_ext_shared));
    put("is_org_shared", json!(false));
    put("is_pending_ext_shared", json!(false));
    put("topic", json!({ "value": channel.topic, "creator": "", "last_set": 0 }));
    put("purpose", json!({ "value": "", "creator": "", "last_set": 0 }));
    if flag(args, "include_num_members") {
        put("num_members", json!(channel.members.len()));
    }
    Ok(json!({ "channel": info }))
}

pub(crate) fn conversations_members(state: &mut State, args: &Value, _now_ms: i64) -> Answered {
    let channel = visible_channel(state, required(args, "channel")?)?;
    let (page, next) = page(&channel.members, args)?;
    Ok(json!({ "members": page, "response_metadata": { "next_cursor": next } }))
}

/// Private channels without the bot do not exist for it.
pub(crate) fn conversations_list(state: &mut State, args: &Value, _now_ms: i64) -> Answered {
    let is_wanted =
        |channel: &&Channel| channel.privacy != Privacy::Direct && !(flag(args, "exclude_archived") && channel.is_archived);
    let seen: Vec<Channel> = state
        .seed
        .channels
        .iter()
        .filter(is_wanted)
        .filter(|channel| visible_channel(state, &channel.id).is_ok())
        .cloned()
        .collect();
    let (page, next) = page(&seen, args)?;
    let channels = page.iter().map(|channel| conversations_info(state, &json!({ "channel": channel.id }), 0));
    let channels: Vec<Value> = channels.filter_map(|info| info.ok()?.get("channel").cloned()).collect();
    Ok(json!({ "channels": channels, "response_metadata": { "next_cursor": next } }))
}

/// One page of a list, and where the next begins.
fn page<'a, T>(all: &'a [T], args: &Value) -> Result<(&'a [T], String), super::web_api::Refusal> {
    let limit = match args.get("limit") {
        Some(Value::Number(limit)) => limit.as_u64().and_then(|limit| usize::try_from(limit).ok()),
        Some(Value::String(limit)) => limit.parse().ok(),
        _ => Some(PAGE_ITEMS_DEFAULT),
    };
    let limit = limit.filter(|limit| (1..=PAGE_ITEMS_MAX).contains(limit)).ok_or_else(|| error("invalid_limit"))?;
    let start: usize = match text(args, "cursor") {
        "" => 0,
        cursor => cursor.parse().map_err(|_| error("invalid_cursor"))?,
    };
    let end = start.saturating_add(limit).min(all.len());
    let next = if end < all.len() { end.to_string() } else { String::new() };
    Ok((all.get(start..end).unwrap_or_default(), next))
}

fn visible_channel<'a>(state: &'a State, id: &str) -> Result<&'a Channel, super::web_api::Refusal> {
    state
        .channel(id)
        .filter(|channel| channel.privacy == Privacy::Public || channel.members.contains(&state.seed.bot_user_id))
        .ok_or_else(|| error("channel_not_found"))
}

pub(crate) fn conversations_open(state: &mut State, args: &Value, _now_ms: i64) -> Answered {
    let listed: Vec<String> = items(args, "users").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let users =
        if listed.is_empty() { required(args, "users")?.split(',').map(|user| user.trim().to_owned()).collect() } else { listed };
    let [user_id] = users.as_slice() else { return Err(error("method_not_supported_for_channel_type")) };
    let user = state.user(user_id).ok_or_else(|| error("user_not_found"))?;
    if user.deleted {
        return Err(error("user_disabled"));
    }
    match user.kind {
        Kind::Bot => return Err(error("cannot_dm_bot")),
        Kind::Stranger => return Err(error("user_not_visible")),
        _ => {}
    }
    let was_open = state.channel(&format!("D{}", user_id.get(1..).unwrap_or_default())).is_some();
    let channel = state.direct_channel(user_id);
    Ok(json!({ "channel": { "id": channel }, "already_open": was_open, "no_op": was_open }))
}
