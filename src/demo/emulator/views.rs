//! Modals and the App Home: `views.open`, `push`, `update`, `publish`, and the stack of up to three modals a person has open.

use serde_json::{Value, json};

use super::blocks::{self, Check, Surface};
use super::inputs;
use super::json::{items, opt_text, set, text};
use super::seed::Kind;
use super::state::State;
use super::web_api::{Answered, Refusal, error, required};

const STACK_VIEWS_MAX: usize = 3;
const VIEW_BYTES_MAX: usize = 250_000;
const TITLE_CHARS_MAX: usize = 24;
const PRIVATE_METADATA_CHARS_MAX: usize = 3_000;
const ID_CHARS_MAX: usize = 255;
pub(crate) const TRIGGER_MS_MAX: i64 = 3_000;

/// A view that somebody sees.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// `V…`
    pub id: String,
    /// Who sees it.
    pub user: String,
    /// As the app gave it, with ids for its blocks.
    pub content: Value,
    /// Changes with every update; guards against lost updates.
    pub hash: String,
    /// The bottom of the stack it is in.
    pub root_id: String,
    /// The view below it.
    pub previous_id: Option<String>,
    /// What stands in its fields: block_id to action_id to value.
    pub entered: Value,
}

impl View {
    /// The words at its top.
    pub fn title(&self) -> &str {
        self.content.get("title").map_or("", |title| text(title, "text"))
    }

    /// Its layout.
    pub fn blocks(&self) -> &[Value] {
        items(&self.content, "blocks")
    }

    /// Every text that a person reads in it, one line per block.
    pub fn shown_text(&self) -> String {
        super::reading::blocks_text(self.blocks())
    }

    pub(crate) fn to_json(&self, state: &State) -> Value {
        let mut view = json!({
            "id": self.id, "team_id": state.seed.team_id, "private_metadata": "", "callback_id": "",
            "external_id": "", "state": { "values": self.entered }, "hash": self.hash, "close": null,
            "submit": null, "clear_on_close": false, "notify_on_close": false,
            "root_view_id": self.root_id, "previous_view_id": self.previous_id, "app_id": state.seed.app_id,
            "app_installed_team_id": state.seed.team_id, "bot_id": state.seed.bot_id,
        });
        if let Some(given) = self.content.as_object() {
            for (field, value) in given {
                set(&mut view, field, value.clone());
            }
        }
        view
    }
}

pub(crate) fn open(state: &mut State, args: &Value, now_ms: i64) -> Answered {
    let content = checked(state, args, "modal")?;
    let user = use_trigger(state, required(args, "trigger_id")?, now_ms)?;
    close_all(state, &user);
    show(state, &user, content, now_ms)
}

pub(crate) fn push(state: &mut State, args: &Value, now_ms: i64) -> Answered {
    let content = checked(state, args, "modal")?;
    let user = use_trigger(state, required(args, "trigger_id")?, now_ms)?;
    push_for(state, &user, content, now_ms)
}

/// Puts a checked view on top of a person's stack.
pub(crate) fn push_for(state: &mut State, user: &str, content: Value, now_ms: i64) -> Answered {
    let depth = state.stacks.get(user).map_or(0, Vec::len);
    if depth == 0 {
        return Err(error("not_found"));
    }
    if depth >= STACK_VIEWS_MAX {
        return Err(error("push_limit_reached"));
    }
    show(state, user, content, now_ms)
}

pub(crate) fn update(state: &mut State, args: &Value, now_ms: i64) -> Answered {
    let content = checked(state, args, "")?;
    let id = match (opt_text(args, "view_id"), opt_text(args, "external_id")) {
        (Some(id), _) => id,
        (None, Some(external)) => state
            .views
            .values()
            .find(|view| text(&view.content, "external_id") == external)
            .map(|view| view.id.clone())
            .ok_or_else(|| error("not_found"))?,
        (None, None) => required(args, "view_id")?.to_owned(),
    };
    replace(state, &id, content, opt_text(args, "hash").as_deref(), now_ms)
}

/// Replaces what a view shows. With a `hash`, only if nobody has changed it since.
pub(crate) fn replace(state: &mut State, id: &str, content: Value, hash: Option<&str>, now_ms: i64) -> Answered {
    let fresh = state.next_ts(now_ms);
    let view = state.views.get_mut(id).ok_or_else(|| error("not_found"))?;
    if hash.is_some_and(|hash| hash != view.hash) {
        return Err(error("hash_conflict"));
    }
    if text(&view.content, "type") != text(&content, "type") {
        return Err(invalid("[ERROR] the type of a view cannot change [json-pointer:/view/type]"));
    }
    view.entered = inputs::values_after_update(items(&content, "blocks"), &view.entered);
    view.content = content;
    view.hash = fresh;
    let view = view.clone();
    Ok(json!({ "view": view.to_json(state) }))
}

pub(crate) fn publish(state: &mut State, args: &Value, now_ms: i64) -> Answered {
    let content = checked(state, args, "home")?;
    let user = required(args, "user_id")?.to_owned();
    let known = state.user(&user).ok_or_else(|| error("user_not_found"))?;
    if known.deleted || matches!(known.kind, Kind::Bot | Kind::External | Kind::Stranger) {
        return Err(error("not_enabled"));
    }
    if let Some(id) = state.homes.get(&user).cloned() {
        return replace(state, &id, content, opt_text(args, "hash").as_deref(), now_ms);
    }
    let view = new_view(state, &user, content, now_ms);
    let answer = json!({ "view": view.to_json(state) });
    state.homes.insert(user, view.id.clone());
    state.views.insert(view.id.clone(), view);
    Ok(answer)
}

fn show(state: &mut State, user: &str, content: Value, now_ms: i64) -> Answered {
    let mut view = new_view(state, user, content, now_ms);
    let stack = state.stacks.entry(user.to_owned()).or_default();
    view.root_id = stack.first().cloned().unwrap_or_else(|| view.id.clone());
    view.previous_id = stack.last().cloned();
    stack.push(view.id.clone());
    let answer = json!({ "view": view.to_json(state) });
    state.views.insert(view.id.clone(), view);
    Ok(answer)
}

fn new_view(state: &mut State, user: &str, content: Value, now_ms: i64) -> View {
    let id = format!("V{}", state.next_number());
    View {
        root_id: id.clone(),
        id,
        user: user.to_owned(),
        hash: state.next_ts(now_ms),
        previous_id: None,
        entered: inputs::values_after_update(items(&content, "blocks"), &json!({})),
        content,
    }
}

/// Closes the visible modal of a person; the one below it becomes visible.
pub(crate) fn close_top(state: &mut State, user: &str) {
    if let Some(id) = state.stacks.get_mut(user).and_then(Vec::pop) {
        state.views.remove(&id);
    }
}

pub(crate) fn close_all(state: &mut State, user: &str) {
    for id in state.stacks.remove(user).unwrap_or_default() {
        state.views.remove(&id);
    }
}

/// Spends a trigger: it works once, and for three seconds.
fn use_trigger(state: &mut State, id: &str, now_ms: i64) -> Result<String, Refusal> {
    let trigger = state.triggers.get_mut(id).ok_or_else(|| error("invalid_trigger_id"))?;
    if trigger.is_used {
        return Err(error("exchanged_trigger_id"));
    }
    if now_ms - trigger.made_ms > TRIGGER_MS_MAX {
        return Err(error("expired_trigger_id"));
    }
    trigger.is_used = true;
    Ok(trigger.user.clone())
}

fn invalid(message: &str) -> Refusal {
    Refusal::Error { code: "invalid_arguments", messages: vec![message.to_owned()] }
}

/// The `view` argument, refused as Slack would refuse it. `kind` is `modal`, `home`, or empty for either.
fn checked(state: &mut State, args: &Value, kind: &str) -> Result<Value, Refusal> {
    let Some(view) = args.get("view") else { return Err(invalid("[ERROR] missing required field: view")) };
    checked_view(state, view, kind)
}

pub(crate) fn checked_view(state: &mut State, view: &Value, kind: &str) -> Result<Value, Refusal> {
    let view_kind = text(view, "type");
    if !matches!(view_kind, "modal" | "home") || (!kind.is_empty() && kind != view_kind) {
        return Err(invalid(&format!("[ERROR] unsupported type: {view_kind} [json-pointer:/view/type]")));
    }
    if view.to_string().len() > VIEW_BYTES_MAX {
        return Err(error("view_too_large"));
    }
    let messages = problems(view);
    if !messages.is_empty() {
        return Err(Refusal::Error { code: "invalid_arguments", messages });
    }
    let external_id = text(view, "external_id");
    let is_taken = !external_id.is_empty()
        && kind == "modal"
        && state.views.values().any(|other| text(&other.content, "external_id") == external_id);
    if is_taken {
        return Err(error("duplicate_external_id"));
    }
    let mut view = view.clone();
    let with_ids = blocks::with_ids(items(&view, "blocks").to_vec(), || state.next_number());
    set(&mut view, "blocks", Value::Array(with_ids));
    Ok(view)
}

fn problems(view: &Value) -> Vec<String> {
    let mut check = Check::default();
    let common = ["private_metadata", "callback_id", "external_id"];
    if text(view, "type") == "modal" {
        let allowed = [&common[..], &["submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"]].concat();
        check.object(view, "/view", &["title", "blocks"], &allowed);
    } else {
        check.object(view, "/view", &["blocks"], &common);
    }
    for field in ["title", "submit", "close"] {
        check.plain_text(view.get(field), TITLE_CHARS_MAX, &format!("/view/{field}"));
    }
    check.string(view.get("private_metadata"), 0, PRIVATE_METADATA_CHARS_MAX, "/view/private_metadata");
    check.string(view.get("callback_id"), 0, ID_CHARS_MAX, "/view/callback_id");
    check.string(view.get("external_id"), 0, ID_CHARS_MAX, "/view/external_id");
    let blocks = items(view, "blocks");
    let has_input = blocks.iter().any(|block| text(block, "type") == "input");
    if has_input && text(view, "type") == "modal" && view.get("submit").is_none() {
        check.wrong("`submit` is required when a view has an input block", "/view/submit");
    }
    let surface = if text(view, "type") == "home" { Surface::Home } else { Surface::Modal };
    let of_blocks = blocks::problems(blocks, surface);
    check.problems.extend(of_blocks.into_iter().map(|problem| problem.replace("pointer:/blocks", "pointer:/view/blocks")));
    check.problems
}
