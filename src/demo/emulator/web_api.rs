//! The Web API's front door: reads arguments as Slack does, checks token and scope, applies faults, finds the method.
//!
//! A method that is not emulated is answered with 501 and its name, never with an invented success.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Shared;
use super::faults::{self, FaultKind};
use super::state::{Call, State};
use super::{chat, directory, home, json as loose, socket, views};
use crate::demo::loopback::{Answer, Asked, pause};

/// Why a method did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `{"ok": false, "error": code}`, with details where Slack gives them.
    Error { code: &'static str, messages: Vec<String> },
    /// One message a second and channel.
    Paced { retry_after_s: u64 },
}

pub(crate) type Answered = Result<Value, Refusal>;

pub(crate) fn error(code: &'static str) -> Refusal {
    Refusal::Error { code, messages: Vec::new() }
}

/// A value that the method needs, as text.
pub(crate) fn required<'a>(args: &'a Value, key: &str) -> Result<&'a str, Refusal> {
    let value = loose::text(args, key);
    if value.is_empty() {
        return Err(Refusal::Error {
            code: "invalid_arguments",
            messages: vec![format!("[ERROR] missing required field: {key}")],
        });
    }
    Ok(value)
}

type Method = fn(&mut State, &Value, i64) -> Answered;

/// Every emulated method, the scope it needs, and whether it only reads (and may be asked with GET).
const METHODS: &[(&str, &str, Access, Method)] = &[
    ("auth.test", "", Access::Reads, directory::auth_test),
    ("team.info", "team:read", Access::Reads, directory::team_info),
    ("users.list", "users:read", Access::Reads, directory::users_list),
    ("users.info", "users:read", Access::Reads, directory::users_info),
    ("users.lookupByEmail", "users:read.email", Access::Reads, directory::users_lookup_by_email),
    ("usergroups.list", "usergroups:read", Access::Reads, directory::usergroups_list),
    ("usergroups.users.list", "usergroups:read", Access::Reads, directory::usergroups_users_list),
    ("conversations.list", "channels:read", Access::Reads, directory::conversations_list),
    ("conversations.info", "channels:read", Access::Reads, directory::conversations_info),
    ("conversations.members", "channels:read", Access::Reads, directory::conversations_members),
    ("conversations.open", "im:write", Access::Writes, directory::conversations_open),
    ("chat.postMessage", "chat:write", Access::Writes, chat::post_message),
    ("chat.postEphemeral", "chat:write", Access::Writes, chat::post_ephemeral),
    ("chat.update", "chat:write", Access::Writes, chat::update),
    ("chat.delete", "chat:write", Access::Writes, chat::delete),
    ("pins.add", "pins:write", Access::Writes, home::pin),
    (CONNECTIONS_OPEN, "", Access::Writes, socket::open),
    ("views.open", "", Access::Writes, views::open),
    ("views.push", "", Access::Writes, views::push),
    ("views.update", "", Access::Writes, views::update),
    ("views.publish", "", Access::Writes, views::publish),
];

/// The only method for the app token.
const CONNECTIONS_OPEN: &str = "apps.connections.open";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Reads,
    Writes,
}

pub(crate) async fn answer(shared: Arc<Shared>, asked: Asked, name: &str) -> Answer {
    let now_ms = shared.now_ms();
    let args = match arguments(&asked) {
        Ok(args) => args,
        Err(code) => return Answer::json(200, &json!({ "ok": false, "error": code })),
    };
    let (outcome, fault) = {
        let mut state = shared.state();
        if state.is_down {
            return Answer::HangUp;
        }
        let fault = faults::take(&mut state.faults, name);
        let outcome = decide(&mut state, &asked, name, &args, fault.as_ref(), now_ms);
        log(&mut state, name, &args, &outcome, fault.as_ref(), now_ms);
        (outcome, fault)
    };
    shared.changed();
    match fault {
        Some(FaultKind::DropBefore | FaultKind::DropAfter) => return Answer::HangUp,
        Some(FaultKind::Slow(delay)) => pause(delay).await,
        _ => {}
    }
    let scopes = shared.state().seed.scopes.join(",");
    let answer =
        Answer::json(outcome.status, &outcome.body).with_header("x-oauth-scopes", scopes).with_header("date", http_date(now_ms));
    match outcome.retry_after_s {
        Some(seconds) => answer.with_header("retry-after", seconds.to_string()),
        None => answer,
    }
}

/// The head of every answer says what time it is at Slack.
fn http_date(now_ms: i64) -> String {
    let now = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

struct Outcome {
    status: u16,
    body: Value,
    retry_after_s: Option<u64>,
}

impl Outcome {
    fn ok(body: Value) -> Self {
        Self { status: 200, body, retry_after_s: None }
    }

    fn error(code: &str) -> Self {
        Self::ok(json!({ "ok": false, "error": code }))
    }

    fn rate_limited(seconds: u64) -> Self {
        let body = json!({ "ok": false, "error": "ratelimited" });
        Self { status: 429, body, retry_after_s: Some(seconds) }
    }
}

fn decide(state: &mut State, asked: &Asked, name: &str, args: &Value, fault: Option<&FaultKind>, now_ms: i64) -> Outcome {
    match fault {
        Some(FaultKind::Error(code)) => return Outcome::error(code),
        Some(FaultKind::RateLimited { retry_after_s }) => return Outcome::rate_limited(*retry_after_s),
        Some(FaultKind::ServerError) => {
            return Outcome { status: 500, body: json!("server error"), retry_after_s: None };
        }
        Some(FaultKind::DropBefore) => return Outcome::error("connection dropped before acting"),
        Some(FaultKind::Slow(_) | FaultKind::DropAfter) | None => {}
    }
    let Some((_, scope, access, method)) = METHODS.iter().find(|(known, ..)| *known == name) else {
        let body = json!({ "ok": false, "error": format!("the emulator does not know `{name}`") });
        return Outcome { status: 501, body, retry_after_s: None };
    };
    if asked.method != "POST" && !(asked.method == "GET" && *access == Access::Reads) {
        return Outcome::error("invalid_post_type");
    }
    if let Err(code) = check_token(state, asked, name, args) {
        return Outcome::error(code);
    }
    if !scope.is_empty() && !state.seed.scopes.iter().any(|held| held == scope) {
        let provided = state.seed.scopes.join(",");
        return Outcome::ok(json!({
            "ok": false, "error": "missing_scope", "needed": scope, "provided": provided,
        }));
    }
    match method(state, args, now_ms) {
        Ok(mut body) => {
            loose::set(&mut body, "ok", Value::Bool(true));
            Outcome::ok(body)
        }
        Err(Refusal::Paced { retry_after_s }) => Outcome::rate_limited(retry_after_s),
        Err(Refusal::Error { code, messages }) if messages.is_empty() => Outcome::error(code),
        Err(Refusal::Error { code, messages }) => Outcome::ok(json!({
            "ok": false, "error": code, "response_metadata": { "messages": messages },
        })),
    }
}

/// One method takes the app token, in the header only; all others take the bot token.
fn check_token(state: &State, asked: &Asked, name: &str, args: &Value) -> Result<(), &'static str> {
    let is_for_the_app = name == CONNECTIONS_OPEN;
    let token = match asked.bearer() {
        Some(token) => token,
        None if is_for_the_app => "",
        None => loose::text(args, "token"),
    };
    let (right, other) = match is_for_the_app {
        true => (&state.seed.app_token, &state.seed.bot_token),
        false => (&state.seed.bot_token, &state.seed.app_token),
    };
    match token {
        "" => Err("not_authed"),
        token if token == right => Ok(()),
        token if token == other => Err("not_allowed_token_type"),
        _ => Err("invalid_auth"),
    }
}

/// Errors that a correct app never meets, whatever people and networks do.
const NEVER_CORRECT: &[&str] = &[
    "invalid_blocks",
    "invalid_arguments",
    "invalid_metadata_format",
    "invalid_post_type",
    "json_not_object",
    "invalid_json",
    "missing_scope",
    "msg_too_long",
    "no_text",
    "not_authed",
    "view_too_large",
];

fn log(state: &mut State, name: &str, args: &Value, outcome: &Outcome, fault: Option<&FaultKind>, now_ms: i64) {
    let code = loose::text(&outcome.body, "error");
    if fault.is_none() && (outcome.status == 501 || NEVER_CORRECT.contains(&code)) {
        let details = outcome.body.pointer("/response_metadata/messages");
        let details = details.map(Value::to_string).unwrap_or_default();
        state.complain(format!("{name}: {code} {details}").trim_end().to_owned());
    }
    let mut args = args.clone();
    if let Some(object) = args.as_object_mut() {
        object.remove("token");
    }
    state.log_call(Call { at_ms: now_ms, method: name.to_owned(), args, status: outcome.status, answer: outcome.body.clone() });
}

/// Arguments from the query, a form or a JSON body; structured ones may come as JSON inside a string.
fn arguments(asked: &Asked) -> Result<Value, &'static str> {
    let mut args = Map::new();
    let mut read_form = |bytes: &[u8]| {
        for (key, value) in form_urlencoded::parse(bytes) {
            args.insert(key.into_owned(), Value::String(value.into_owned()));
        }
    };
    read_form(asked.query.as_bytes());
    let content_type = asked.header("content-type").unwrap_or_default();
    if content_type.starts_with("application/json") {
        if !asked.body.is_empty() {
            let body: Value = serde_json::from_slice(&asked.body).map_err(|_| "invalid_json")?;
            let Value::Object(body) = body else { return Err("json_not_object") };
            args.extend(body);
        }
    } else {
        read_form(&asked.body);
    }
    args.retain(|_, value| !value.is_null());
    for key in ["blocks", "view", "metadata", "attachments"] {
        if let Some(Value::String(inner)) = args.get(key) {
            let parsed = serde_json::from_str(inner).map_err(|_| "invalid_arguments")?;
            args.insert(key.to_owned(), parsed);
        }
    }
    Ok(Value::Object(args))
}
