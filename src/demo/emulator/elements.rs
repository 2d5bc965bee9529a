//! Validation of the interactive elements inside blocks: buttons, menus, choices and inputs.

use serde_json::Value;

use super::blocks::Check;
use super::json::{items, text};

const ACTION_ID_CHARS_MAX: usize = 255;
const BUTTON_TEXT_CHARS_MAX: usize = 75;
const BUTTON_VALUE_CHARS_MAX: usize = 2_000;
const URL_CHARS_MAX: usize = 3_000;
const LABEL_CHARS_MAX: usize = 75;
const CONFIRM_TITLE_CHARS_MAX: usize = 100;
const CONFIRM_TEXT_CHARS_MAX: usize = 300;
const CONFIRM_BUTTON_CHARS_MAX: usize = 30;
const OPTION_CHARS_MAX: usize = 75;
pub(crate) const OPTIONS_MAX: usize = 100;
const OVERFLOW_OPTIONS_MAX: usize = 5;
const CHOICE_OPTIONS_MAX: usize = 10;
const PLACEHOLDER_CHARS_MAX: usize = 150;
const TEXT_INPUT_CHARS_MAX: u64 = 3_000;
const ALT_TEXT_CHARS_MAX: usize = 2_000;

/// The kind of block an element sits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    Accessory,
    Actions,
    Input,
}

pub(crate) fn check(check: &mut Check, element: &Value, home: Home, at: &str) {
    let kind = text(element, "type");
    let is_allowed = match kind {
        "button" | "overflow" => home != Home::Input,
        "plain_text_input" => home == Home::Input,
        "image" => home == Home::Accessory,
        _ => true,
    };
    if !is_allowed {
        check.wrong(&format!("`{kind}` does not work here"), at);
    }
    match kind {
        "button" => button(check, element, at),
        "overflow" => {
            object(check, element, at, &["options"], &["confirm"]);
            options(check, element.get("options"), 1, OVERFLOW_OPTIONS_MAX, &["url"], &format!("{at}/options"));
        }
        "radio_buttons" => choice(check, element, at, "initial_option"),
        "checkboxes" => choice(check, element, at, "initial_options"),
        "static_select" => static_select(check, element, at),
        "external_select" => {
            object(check, element, at, &[], &["placeholder", "initial_option", "min_query_length", "confirm", "focus_on_load"]);
            initial_option(check, element, at);
        }
        "users_select" => object(check, element, at, &[], &["placeholder", "initial_user", "confirm", "focus_on_load"]),
        "datepicker" => object(check, element, at, &[], &["placeholder", "initial_date", "confirm", "focus_on_load"]),
        "timepicker" => {
            object(check, element, at, &[], &["placeholder", "initial_time", "confirm", "focus_on_load", "timezone"]);
        }
        "plain_text_input" => text_input(check, element, at),
        "image" => {
            check.object(element, at, &["image_url", "alt_text"], &[]);
            image(check, element, at);
        }
        other => check.wrong(&format!("unsupported type: {other}"), at),
    }
    if let Some(placeholder) = element.get("placeholder") {
        check.plain_text(Some(placeholder), PLACEHOLDER_CHARS_MAX, &format!("{at}/placeholder"));
    }
    if let Some(dialog) = element.get("confirm") {
        confirm(check, dialog, &format!("{at}/confirm"));
    }
    check.string(element.get("action_id"), 1, ACTION_ID_CHARS_MAX, &format!("{at}/action_id"));
}

pub(crate) fn image(check: &mut Check, image: &Value, at: &str) {
    check.string(image.get("image_url"), 1, URL_CHARS_MAX, &format!("{at}/image_url"));
    check.string(image.get("alt_text"), 1, ALT_TEXT_CHARS_MAX, &format!("{at}/alt_text"));
}

/// Like `Check::object`, for interactive elements. Slack makes up a missing action_id; an app that acts on it needs one.
fn object(check: &mut Check, element: &Value, at: &str, required: &[&str], allowed: &[&str]) {
    let required: Vec<&str> = required.iter().copied().chain(["action_id"]).collect();
    check.object(element, at, &required, allowed);
}

fn button(check: &mut Check, element: &Value, at: &str) {
    object(check, element, at, &["text"], &["value", "url", "style", "confirm", "accessibility_label"]);
    check.plain_text(element.get("text"), BUTTON_TEXT_CHARS_MAX, &format!("{at}/text"));
    check.string(element.get("value"), 0, BUTTON_VALUE_CHARS_MAX, &format!("{at}/value"));
    check.string(element.get("url"), 1, URL_CHARS_MAX, &format!("{at}/url"));
    check.string(element.get("accessibility_label"), 1, LABEL_CHARS_MAX, &format!("{at}/accessibility_label"));
    style(check, element, at);
}

fn style(check: &mut Check, holder: &Value, at: &str) {
    match holder.get("style").map(|style| style.as_str().unwrap_or_default()) {
        None | Some("primary" | "danger") => {}
        Some(other) => check.wrong(&format!("style `{other}` is not primary or danger"), at),
    }
}

fn confirm(check: &mut Check, dialog: &Value, at: &str) {
    check.object(dialog, at, &["title", "text", "confirm", "deny"], &["style"]);
    check.plain_text(dialog.get("title"), CONFIRM_TITLE_CHARS_MAX, &format!("{at}/title"));
    check.text_object(dialog.get("text"), CONFIRM_TEXT_CHARS_MAX, &format!("{at}/text"));
    check.plain_text(dialog.get("confirm"), CONFIRM_BUTTON_CHARS_MAX, &format!("{at}/confirm"));
    check.plain_text(dialog.get("deny"), CONFIRM_BUTTON_CHARS_MAX, &format!("{at}/deny"));
    style(check, dialog, at);
}

fn choice(check: &mut Check, element: &Value, at: &str, initial: &str) {
    object(check, element, at, &["options"], &[initial, "confirm", "focus_on_load"]);
    options(check, element.get("options"), 1, CHOICE_OPTIONS_MAX, &[], &format!("{at}/options"));
    if initial == "initial_option" {
        initial_option(check, element, at);
    } else {
        for option in items(element, initial) {
            known_option(check, element, option, &format!("{at}/{initial}"));
        }
    }
}

fn static_select(check: &mut Check, element: &Value, at: &str) {
    object(check, element, at, &[], &["options", "option_groups", "placeholder", "initial_option", "confirm", "focus_on_load"]);
    match (element.get("options"), element.get("option_groups")) {
        (Some(list), None) => options(check, Some(list), 1, OPTIONS_MAX, &[], &format!("{at}/options")),
        (None, Some(groups)) => {
            let at = format!("{at}/option_groups");
            for (index, group) in check.list(Some(groups), 1, OPTIONS_MAX, &at).iter().enumerate() {
                let at = format!("{at}/{index}");
                check.object(group, &at, &["label", "options"], &[]);
                check.plain_text(group.get("label"), OPTION_CHARS_MAX, &format!("{at}/label"));
                options(check, group.get("options"), 1, OPTIONS_MAX, &[], &format!("{at}/options"));
            }
        }
        _ => check.wrong("must have either `options` or `option_groups`", at),
    }
    initial_option(check, element, at);
}

fn initial_option(check: &mut Check, element: &Value, at: &str) {
    let Some(initial) = element.get("initial_option") else { return };
    let at = format!("{at}/initial_option");
    if text(element, "type") == "external_select" {
        option(check, initial, &[], &at);
    } else {
        known_option(check, element, initial, &at);
    }
}

fn known_option(check: &mut Check, element: &Value, initial: &Value, at: &str) {
    if !super::reading::options(element).contains(initial) {
        check.wrong("must exactly match one of the options", at);
    }
}

/// A list of options, each within its limits, no value twice.
pub(crate) fn options(check: &mut Check, list: Option<&Value>, min: usize, max: usize, allowed: &[&str], at: &str) {
    let mut values = std::collections::BTreeSet::new();
    for (index, item) in check.list(list, min, max, at).iter().enumerate() {
        let at = format!("{at}/{index}");
        option(check, item, allowed, &at);
        if !values.insert(text(item, "value").to_owned()) {
            check.wrong("the value of an option must be unique", &at);
        }
    }
}

fn option(check: &mut Check, option: &Value, allowed: &[&str], at: &str) {
    let allowed: Vec<&str> = allowed.iter().copied().chain(["description"]).collect();
    check.object(option, at, &["text", "value"], &allowed);
    check.text_object(option.get("text"), OPTION_CHARS_MAX, &format!("{at}/text"));
    check.string(option.get("value"), 1, OPTION_CHARS_MAX, &format!("{at}/value"));
    if let Some(description) = option.get("description") {
        check.text_object(Some(description), OPTION_CHARS_MAX, &format!("{at}/description"));
    }
}

fn text_input(check: &mut Check, element: &Value, at: &str) {
    object(
        check,
        element,
        at,
        &[],
        &["placeholder", "initial_value", "multiline", "min_length", "max_length", "dispatch_action_config", "focus_on_load"],
    );
    for field in ["min_length", "max_length"] {
        if let Some(length) = element.get(field)
            && length.as_u64().is_none_or(|length| length > TEXT_INPUT_CHARS_MAX)
        {
            check.wrong(&format!("must be a number up to {TEXT_INPUT_CHARS_MAX}"), &format!("{at}/{field}"));
        }
    }
    check.string(element.get("initial_value"), 0, 3_000, &format!("{at}/initial_value"));
}
