//! Sending and closing modals, and what the app may answer: errors, another view, or nothing.

use serde_json::Value;

use super::Emulator;
use super::act::{FieldErrors, Seen, Shown};
use super::inputs::{self, Values};
use super::json::{flag, text};
use super::payloads::{self, Place};
use super::push;
use super::reading;
use super::state::State;
use super::views;
use super::web_api::Refusal;

const TROUBLE: &str = "We had some trouble connecting. Try again?";

/// What came of sending a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Submitted {
    /// The delivery and its acknowledgement.
    pub shown: Shown,
    /// What the person sees now.
    pub then: Then,
}

/// What a person sees after sending a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// The form closed; a form below it is visible again.
    Closed,
    /// All forms closed.
    Cleared,
    /// The form stays, with these errors at its fields.
    Errors(FieldErrors),
    /// Slack's client did not send it: fields are missing or too long.
    Incomplete(FieldErrors),
    /// The form shows something else now.
    Updated(String),
    /// Another form lies on top of it; its view id.
    Pushed(String),
    /// The form stays, and says that it could not be sent.
    Trouble(String),
}

impl Submitted {
    /// The errors at the fields, if the form stayed because of them.
    pub fn errors(&self) -> FieldErrors {
        match &self.then {
            Then::Errors(errors) | Then::Incomplete(errors) => errors.clone(),
            _ => FieldErrors::new(),
        }
    }
}

pub(super) async fn submit(emulator: &Emulator, user: &str, view_id: &str, values: Values) -> Submitted {
    if let Err(why) = fill(emulator, user, view_id, values).await {
        let shown = nothing_sent(Seen::Impossible(why.clone()));
        return Submitted { shown, then: Then::Trouble(why) };
    }
    let now_ms = emulator.shared.now_ms();
    let payload = {
        let mut state = emulator.shared.state();
        let missing = state.views.get(view_id).map(|view| inputs::incomplete(view.blocks(), &view.entered));
        match missing {
            Some(missing) if !missing.is_empty() => {
                let errors = missing.into_iter().collect();
                return Submitted { shown: nothing_sent(Seen::Nothing), then: Then::Incomplete(errors) };
            }
            _ => payloads::view_submission(&mut state, user, view_id, now_ms),
        }
    };
    let delivered = push::interaction(&emulator.shared, "view_submission", &payload).await;
    let shown = Shown::without_words(delivered);
    let then = match &shown.seen {
        Seen::Error(_) => Then::Trouble(TROUBLE.into()),
        _ => {
            let mut state = emulator.shared.state();
            let before = state.complaints.len();
            let then = follow(&mut state, user, view_id, &shown.body, now_ms);
            if let Then::Trouble(problem) = &then
                && state.complaints.len() == before
            {
                state.complain(format!("answer to view_submission: {problem}"));
            }
            then
        }
    };
    emulator.shared.changed();
    Submitted { shown, then }
}

/// Enters `values` into the form, looking up options at the app where the form asks for it.
async fn fill(emulator: &Emulator, user: &str, view_id: &str, values: Values) -> Result<(), String> {
    let place = Place::View(view_id.to_owned());
    let blocks = {
        let state = emulator.shared.state();
        let is_visible = state.stacks.get(user).and_then(|stack| stack.last()).is_some_and(|top| top == view_id);
        if state.is_down || !is_visible {
            return Err(format!("`{user}` has no open form `{view_id}`"));
        }
        state.views.get(view_id).map(|view| view.blocks().to_vec()).unwrap_or_default()
    };
    for entry in values.entries {
        let found = reading::find(&blocks, entry.block_id.as_deref(), &entry.action_id)
            .ok_or_else(|| format!("there is no `{}` in this form", entry.action_id))?;
        emulator.offer(user, &place, &found, &entry.input).await?;
        let offered = emulator.offered(user, &found);
        let value = inputs::state_value(&found.element, &entry.input, &offered)?;
        if let Some(value) = value
            && let Some(view) = emulator.shared.state().views.get_mut(view_id)
        {
            inputs::put(&mut view.entered, &found.block_id, &entry.action_id, value);
        }
    }
    Ok(())
}

/// Does what the app's acknowledgement of a submission says.
fn follow(state: &mut State, user: &str, view_id: &str, body: &str, now_ms: i64) -> Then {
    if body.trim().is_empty() {
        views::close_top(state, user);
        return Then::Closed;
    }
    let Ok(answer) = serde_json::from_str::<Value>(body) else {
        return Then::Trouble(format!("not JSON: {body}"));
    };
    match text(&answer, "response_action") {
        "" => {
            views::close_top(state, user);
            Then::Closed
        }
        "clear" => {
            views::close_all(state, user);
            Then::Cleared
        }
        "errors" => field_errors(state, view_id, &answer),
        action @ ("update" | "push") => {
            let checked = answer.get("view").map(|view| views::checked_view(state, view, "modal"));
            let result = match (checked, action) {
                (None, _) => return Then::Trouble("missing required field: view".into()),
                (Some(Err(refusal)), _) => Err(refusal),
                (Some(Ok(content)), "update") => views::replace(state, view_id, content, None, now_ms),
                (Some(Ok(content)), _) => views::push_for(state, user, content, now_ms),
            };
            match result {
                Err(Refusal::Error { code, messages }) => Then::Trouble(format!("{code} {}", messages.join("; "))),
                Err(Refusal::Paced { .. }) => Then::Trouble("ratelimited".into()),
                Ok(shown) => {
                    let id = shown.pointer("/view/id").and_then(Value::as_str).unwrap_or(view_id).to_owned();
                    if action == "update" { Then::Updated(id) } else { Then::Pushed(id) }
                }
            }
        }
        other => Then::Trouble(format!("unknown response_action `{other}`")),
    }
}

/// Errors must name blocks that hold an input; anything else leaves the person without a word.
fn field_errors(state: &State, view_id: &str, answer: &Value) -> Then {
    let blocks = state.views.get(view_id).map(|view| view.blocks().to_vec()).unwrap_or_default();
    let mut errors = FieldErrors::new();
    for (block_id, sentence) in answer.get("errors").and_then(Value::as_object).into_iter().flatten() {
        let is_input = blocks.iter().any(|block| text(block, "type") == "input" && text(block, "block_id") == block_id);
        match sentence.as_str().filter(|sentence| is_input && !sentence.is_empty()) {
            Some(sentence) => errors.insert(block_id.clone(), sentence.to_owned()),
            None => return Then::Trouble(format!("no input block `{block_id}` for an error")),
        };
    }
    if errors.is_empty() { Then::Trouble("errors without a field".into()) } else { Then::Errors(errors) }
}

pub(super) async fn close(emulator: &Emulator, user: &str, view_id: &str) -> Shown {
    let payload = {
        let mut state = emulator.shared.state();
        let is_top = state.stacks.get(user).and_then(|stack| stack.last()).is_some_and(|top| top == view_id);
        if !is_top {
            return nothing_sent(Seen::Impossible(format!("`{user}` has no open form `{view_id}`")));
        }
        let content = state.views.get(view_id).map(|view| view.content.clone()).unwrap_or_default();
        let clears = flag(&content, "clear_on_close");
        let payload = flag(&content, "notify_on_close").then(|| payloads::view_closed(&state, user, view_id, clears));
        if clears {
            views::close_all(&mut state, user);
        } else {
            views::close_top(&mut state, user);
        }
        payload
    };
    let shown = match payload {
        None => nothing_sent(Seen::Nothing),
        Some(payload) => Shown::without_words(push::interaction(&emulator.shared, "view_closed", &payload).await),
    };
    emulator.shared.changed();
    shown
}

fn nothing_sent(seen: Seen) -> Shown {
    Shown { status: None, ack_ms: 0, body: String::new(), seen }
}
