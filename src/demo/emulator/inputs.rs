//! What a person can do to an element, and how Slack writes that down in `state.values` and in `actions`.

use serde_json::{Value, json};

use super::json::{items, set, text};
use super::reading::{self, Found};

/// One thing a person does to one element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A button, its confirmation dialog answered with yes.
    Press,
    /// Text in a text field.
    Text(String),
    /// The value of one option of a menu or radio group.
    Option(String),
    /// The values of all ticked boxes.
    Options(Vec<String>),
    /// A person, by user id.
    User(String),
    /// `2026-12-24`
    Date(String),
    /// `17:30`
    Time(String),
    /// Nothing entered, or what was chosen taken back.
    Cleared,
}

/// What a person fills into a form, by action_id; with a block_id where the action_id alone is not clear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    pub(crate) entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub block_id: Option<String>,
    pub action_id: String,
    pub input: Input,
}

impl Values {
    /// Nothing filled in.
    pub fn new() -> Self {
        Self::default()
    }

    /// Types into a text field.
    pub fn text(self, action_id: &str, content: &str) -> Self {
        self.with(None, action_id, Input::Text(content.to_owned()))
    }

    /// Chooses one option of a menu or radio group.
    pub fn option(self, action_id: &str, value: &str) -> Self {
        self.with(None, action_id, Input::Option(value.to_owned()))
    }

    /// Does anything to the field with this action_id, in this block if one is named.
    pub fn with(mut self, block_id: Option<&str>, action_id: &str, input: Input) -> Self {
        self.entries.push(Entry { block_id: block_id.map(str::to_owned), action_id: action_id.to_owned(), input });
        self
    }
}

/// The entry in `state.values` for an input on an element; none for elements that keep no state.
pub(crate) fn state_value(element: &Value, input: &Input, offered: &[Value]) -> Result<Option<Value>, String> {
    let kind = text(element, "type");
    let wrong = || Err(format!("a `{kind}` cannot take {input:?}"));
    let value = match (kind, input) {
        ("button", Input::Press) => return Ok(None),
        ("overflow", Input::Option(value)) => {
            option(element, value, offered)?;
            return Ok(None);
        }
        ("button" | "overflow", _) => return wrong(),
        (_, Input::Cleared) => empty_value(kind),
        ("plain_text_input", Input::Text(content)) => {
            let given = if content.is_empty() { Value::Null } else { json!(content) };
            json!({ "type": kind, "value": given })
        }
        ("static_select" | "external_select" | "radio_buttons", Input::Option(value)) => {
            json!({ "type": kind, "selected_option": option(element, value, offered)? })
        }
        ("checkboxes", Input::Options(values)) => {
            let chosen: Result<Vec<Value>, String> = values.iter().map(|value| option(element, value, offered)).collect();
            json!({ "type": kind, "selected_options": chosen? })
        }
        ("users_select", Input::User(user)) => json!({ "type": kind, "selected_user": user }),
        ("datepicker", Input::Date(date)) => json!({ "type": kind, "selected_date": date }),
        ("timepicker", Input::Time(time)) => json!({ "type": kind, "selected_time": time }),
        _ => return wrong(),
    };
    Ok(Some(value))
}

fn option(element: &Value, value: &str, offered: &[Value]) -> Result<Value, String> {
    let mut known = reading::options(element);
    known.extend(offered.iter().cloned());
    known.extend(element.get("initial_option").cloned());
    known.into_iter().find(|option| text(option, "value") == value).ok_or_else(|| format!("there is no option `{value}`"))
}

fn empty_value(kind: &str) -> Value {
    let field = match kind {
        "plain_text_input" => "value",
        "checkboxes" => return json!({ "type": kind, "selected_options": [] }),
        "users_select" => "selected_user",
        "datepicker" => "selected_date",
        "timepicker" => "selected_time",
        _ => "selected_option",
    };
    json!({ "type": kind, field: null })
}

/// What an element holds before anybody touched it; none for elements that keep no state.
pub(crate) fn initial_value(element: &Value) -> Option<Value> {
    let kind = text(element, "type");
    if matches!(kind, "button" | "overflow") {
        return None;
    }
    let mut value = empty_value(kind);
    for (from, to) in [
        ("initial_value", "value"),
        ("initial_option", "selected_option"),
        ("initial_options", "selected_options"),
        ("initial_user", "selected_user"),
        ("initial_date", "selected_date"),
        ("initial_time", "selected_time"),
    ] {
        if let Some(initial) = element.get(from) {
            set(&mut value, to, initial.clone());
        }
    }
    Some(value)
}

/// `state.values` of freshly shown blocks: what was entered before stays where block, action and type are the same.
pub(crate) fn values_after_update(blocks: &[Value], before: &Value) -> Value {
    let mut values = json!({});
    for Found { block_id, element, .. } in reading::elements(blocks) {
        let Some(initial) = initial_value(&element) else { continue };
        let kept = before
            .get(&block_id)
            .and_then(|block| block.get(text(&element, "action_id")))
            .filter(|kept| text(kept, "type") == text(&element, "type") && is_still_offered(&element, kept));
        put(&mut values, &block_id, text(&element, "action_id"), kept.cloned().unwrap_or(initial));
    }
    values
}

fn is_still_offered(element: &Value, kept: &Value) -> bool {
    match kept.get("selected_option") {
        Some(option) if option.is_object() && text(element, "type") != "external_select" => {
            reading::options(element).contains(option)
        }
        _ => true,
    }
}

pub(crate) fn put(values: &mut Value, block_id: &str, action_id: &str, value: Value) {
    let mut block = values.get(block_id).cloned().unwrap_or_else(|| json!({}));
    set(&mut block, action_id, value);
    set(values, block_id, block);
}

/// The entry of `actions` in a block_actions payload.
pub(crate) fn action(found: &Found, input: &Input, value: Option<&Value>, offered: &[Value], ts: &str) -> Value {
    let element = &found.element;
    let mut action = json!({
        "type": text(element, "type"), "action_id": text(element, "action_id"), "block_id": found.block_id,
        "action_ts": ts,
    });
    for field in ["text", "value", "style", "placeholder", "confirm"] {
        if let Some(own) = element.get(field) {
            set(&mut action, field, own.clone());
        }
    }
    if let Some(entered) = value.and_then(Value::as_object) {
        for (field, content) in entered {
            set(&mut action, field, content.clone());
        }
    } else if let Input::Option(wanted) = input
        && let Ok(chosen) = option(element, wanted, offered)
    {
        set(&mut action, "selected_option", chosen);
    }
    action
}

/// What keeps a form from being sent, as Slack's client checks it before the app hears of it: block_id and sentence.
pub(crate) fn incomplete(blocks: &[Value], values: &Value) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for found in reading::elements(blocks) {
        let Some(input) = &found.input else { continue };
        let action_id = text(&found.element, "action_id");
        let value = values.get(&found.block_id).and_then(|block| block.get(action_id));
        let is_empty = value.is_none_or(is_empty_value);
        if is_empty {
            if !super::json::flag(input, "optional") {
                problems.push((found.block_id.clone(), "Please complete this required field.".into()));
            }
            continue;
        }
        let chars = value.map_or(0, |value| text(value, "value").chars().count() as u64);
        let bound = |field: &str| found.element.get(field).and_then(Value::as_u64);
        if let Some(min) = bound("min_length").filter(|min| text(&found.element, "type") == "plain_text_input" && chars < *min) {
            problems.push((found.block_id.clone(), format!("Please enter at least {min} characters.")));
        } else if let Some(max) = bound("max_length").filter(|max| chars > *max) {
            problems.push((found.block_id.clone(), format!("Please enter no more than {max} characters.")));
        }
    }
    problems
}

fn is_empty_value(value: &Value) -> bool {
    let has_content = ["value", "selected_option", "selected_user", "selected_date", "selected_time"]
        .iter()
        .any(|field| value.get(*field).is_some_and(|content| !content.is_null()));
    !has_content && items(value, "selected_options").is_empty()
}
