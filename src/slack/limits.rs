//! Slack's lengths and counts as named constants, and a checker that walks a finished message or view.
//!
//! The numbers are those of `docs.slack.dev` (Block Kit reference) and of Slack's published models; where these differ, the
//! smaller one stands. Lengths are counted in UTF-16 units, which is never less than what Slack counts. Nothing here
//! shortens anything: `text` cuts, `block` builds, and this module says whether the result would be taken.

use serde_json::Value;

/// Blocks of a message.
pub const MESSAGE_BLOCKS_MAX: usize = 50;
/// Blocks of a modal or of the home tab.
pub const VIEW_BLOCKS_MAX: usize = 100;
/// The `text` of a message. `chat.postMessage` takes more, `chat.update` does not, and every card is updated.
pub const MESSAGE_TEXT_MAX: usize = 4000;
/// `block_id`, `action_id`, `callback_id`.
pub const ID_MAX: usize = 255;
/// `private_metadata` of a view.
pub const PRIVATE_METADATA_MAX: usize = 3000;
/// Title, submit and close of a modal.
pub const MODAL_TITLE_MAX: usize = 24;
/// A header block.
pub const HEADER_MAX: usize = 150;
/// The text of a section, and of an element of a context block.
pub const SECTION_TEXT_MAX: usize = 3000;
/// What one quoted or preformatted run of a rich text may hold here. Slack publishes no number; a section's is kept to.
pub const RICH_TEXT_MAX: usize = 3000;
/// Elements of a context block.
pub const CONTEXT_ELEMENTS_MAX: usize = 10;
/// Elements of an actions block.
pub const ACTIONS_MAX: usize = 25;
/// Label and hint of an input.
pub const INPUT_LABEL_MAX: usize = 2000;
/// A button's text.
pub const BUTTON_TEXT_MAX: usize = 75;
/// A button's value.
pub const BUTTON_VALUE_MAX: usize = 2000;
/// A button's label for screen readers.
pub const ACCESSIBILITY_LABEL_MAX: usize = 75;
/// Text, value and description of an option.
pub const OPTION_MAX: usize = 75;
/// Options of one select.
pub const OPTIONS_MAX: usize = 100;
/// Options of a menu behind three dots.
pub const OVERFLOW_MAX: usize = 5;
/// Boxes of one group.
pub const BOXES_MAX: usize = 10;
/// The placeholder of an input.
pub const PLACEHOLDER_MAX: usize = 150;
/// The title of a confirmation.
pub const CONFIRM_TITLE_MAX: usize = 100;
/// The text of a confirmation.
pub const CONFIRM_TEXT_MAX: usize = 300;
/// The buttons of a confirmation.
pub const CONFIRM_BUTTON_MAX: usize = 30;
/// What a plain text input may be told to accept.
pub const INPUT_LENGTH_MAX: u64 = 3000;
/// A whole view as JSON, in bytes.
pub const VIEW_BYTES_MAX: usize = 250_000;

/// The length that limits count: UTF-16 units.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Everything about this message (`{"text", "blocks"}`) that Slack would refuse. Empty: it would take it.
pub fn message_problems(message: &Value) -> Vec<String> {
    let mut problems = Problems::default();
    problems.text("text", message.get("text"), 1, MESSAGE_TEXT_MAX);
    problems.blocks(message, MESSAGE_BLOCKS_MAX);
    problems.0
}

/// Everything about this view that Slack would refuse. Empty: it would take it.
pub fn view_problems(view: &Value) -> Vec<String> {
    let mut problems = Problems::default();
    problems.blocks(view, VIEW_BLOCKS_MAX);
    for (key, max) in [("title", MODAL_TITLE_MAX), ("submit", MODAL_TITLE_MAX), ("close", MODAL_TITLE_MAX)] {
        if let Some(text) = view.get(key) {
            problems.text(key, text.get("text"), 1, max);
        }
    }
    problems.optional(view, "private_metadata", PRIVATE_METADATA_MAX);
    problems.optional(view, "callback_id", ID_MAX);
    let inputs = list(view, "blocks").iter().any(|block| kind(block) == "input");
    if inputs && kind(view) == "modal" && view.get("submit").is_none() {
        problems.0.push("a modal with inputs needs submit".to_owned());
    }
    if view.to_string().len() > VIEW_BYTES_MAX {
        problems.0.push("the view is too large".to_owned());
    }
    problems.0
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn text(&mut self, name: &str, text: Option<&Value>, min: usize, max: usize) {
        let found = text.and_then(Value::as_str).map_or(0, length);
        if found < min || found > max {
            self.0.push(format!("{name}: {found} long, allowed are {min} to {max}"));
        }
    }

    fn optional(&mut self, parent: &Value, key: &str, max: usize) {
        if let Some(value) = parent.get(key) {
            self.text(key, Some(value), 1, max);
        }
    }

    fn count(&mut self, name: &str, found: usize, max: usize) {
        if found == 0 || found > max {
            self.0.push(format!("{name}: {found}, allowed are 1 to {max}"));
        }
    }

    fn blocks(&mut self, parent: &Value, max: usize) {
        let blocks = list(parent, "blocks");
        self.count("blocks", blocks.len(), max);
        let mut ids: Vec<&str> = blocks.iter().filter_map(|block| block.get("block_id")?.as_str()).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            self.0.push("a block_id is used twice".to_owned());
        }
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Value) {
        self.optional(block, "block_id", ID_MAX);
        match kind(block) {
            "section" => {
                self.text("section", block.get("text").and_then(|text| text.get("text")), 1, SECTION_TEXT_MAX);
                if let Some(accessory) = block.get("accessory") {
                    self.element(accessory);
                }
            }
            "header" => self.text("header", block.get("text").and_then(|text| text.get("text")), 1, HEADER_MAX),
            "context" => {
                self.count("context elements", list(block, "elements").len(), CONTEXT_ELEMENTS_MAX);
                for element in list(block, "elements") {
                    self.text("context", element.get("text"), 1, SECTION_TEXT_MAX);
                }
            }
            "actions" => {
                self.count("actions", list(block, "elements").len(), ACTIONS_MAX);
                let mut ids: Vec<String> = list(block, "elements").iter().map(|e| format!("{:?}", e.get("action_id"))).collect();
                ids.sort_unstable();
                if ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
                    self.0.push("an action_id is used twice within a block".to_owned());
                }
                for element in list(block, "elements") {
                    self.element(element);
                }
            }
            "input" => {
                self.text("label", block.get("label").and_then(|text| text.get("text")), 1, INPUT_LABEL_MAX);
                if let Some(hint) = block.get("hint") {
                    self.text("hint", hint.get("text"), 1, INPUT_LABEL_MAX);
                }
                match block.get("element") {
                    Some(element) => self.element(element),
                    None => self.0.push("an input without an element".to_owned()),
                }
            }
            "rich_text" => self.rich(block),
            "divider" => {}
            other => self.0.push(format!("no limits are known for block `{other}`")),
        }
    }

    fn rich(&mut self, part: &Value) {
        if kind(part) == "text" {
            self.text("rich text", part.get("text"), 1, RICH_TEXT_MAX);
        }
        if part.get("elements").is_some() && list(part, "elements").is_empty() {
            self.0.push("an empty rich text".to_owned());
        }
        for element in list(part, "elements") {
            self.rich(element);
        }
    }

    fn element(&mut self, element: &Value) {
        self.optional(element, "action_id", ID_MAX);
        self.optional(element, "accessibility_label", ACCESSIBILITY_LABEL_MAX);
        if let Some(placeholder) = element.get("placeholder") {
            self.text("placeholder", placeholder.get("text"), 1, PLACEHOLDER_MAX);
        }
        if let Some(confirm) = element.get("confirm") {
            let text = |key: &str| confirm.get(key).and_then(|text| text.get("text"));
            self.text("confirm title", text("title"), 1, CONFIRM_TITLE_MAX);
            self.text("confirm text", text("text"), 1, CONFIRM_TEXT_MAX);
            self.text("confirm", text("confirm"), 1, CONFIRM_BUTTON_MAX);
            self.text("deny", text("deny"), 1, CONFIRM_BUTTON_MAX);
        }
        match kind(element) {
            "button" => {
                self.text("button", element.get("text").and_then(|text| text.get("text")), 1, BUTTON_TEXT_MAX);
                self.optional(element, "value", BUTTON_VALUE_MAX);
            }
            "static_select" => {
                self.count("options", list(element, "options").len(), OPTIONS_MAX);
                for option in list(element, "options") {
                    self.option(option);
                }
            }
            "external_select" => {}
            "overflow" | "checkboxes" => {
                let max = if kind(element) == "overflow" { OVERFLOW_MAX } else { BOXES_MAX };
                self.count("options", list(element, "options").len(), max);
                for option in list(element, "options") {
                    self.option(option);
                }
                if !list(element, "initial_options").iter().all(|initial| list(element, "options").contains(initial)) {
                    self.0.push("an initial option is none of the options".to_owned());
                }
            }
            "plain_text_input" => {
                let max = element.get("max_length").and_then(Value::as_u64).unwrap_or(0);
                if max > INPUT_LENGTH_MAX {
                    self.0.push(format!("max_length {max} is over {INPUT_LENGTH_MAX}"));
                }
                if let Some(initial) = element.get("initial_value").and_then(Value::as_str)
                    && length(initial) as u64 > max
                {
                    self.0.push("an initial value longer than max_length".to_owned());
                }
            }
            other => self.0.push(format!("no limits are known for element `{other}`")),
        }
        if let Some(initial) = element.get("initial_option") {
            self.option(initial);
            let listed = list(element, "options").iter().any(|option| option == initial);
            if kind(element) == "static_select" && !listed {
                self.0.push("the initial option is none of the options".to_owned());
            }
        }
    }

    fn option(&mut self, option: &Value) {
        self.text("option", option.get("text").and_then(|text| text.get("text")), 1, OPTION_MAX);
        self.text("option value", option.get("value"), 1, OPTION_MAX);
        if let Some(description) = option.get("description") {
            self.text("option description", description.get("text"), 1, OPTION_MAX);
        }
    }
}

fn kind(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_checker_finds_what_slack_would_refuse() {
        let long = "x".repeat(SECTION_TEXT_MAX + 1);
        let section = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
        assert_eq!(message_problems(&json!({"text": "a", "blocks": [section("b")]})), Vec::<String>::new());
        assert_eq!(message_problems(&json!({"text": "a", "blocks": [section(&long)]})).len(), 1);
        assert_eq!(message_problems(&json!({"text": "", "blocks": []})).len(), 2);
        assert_eq!(message_problems(&json!({"text": "a", "blocks": vec![section("b"); 51]})).len(), 1);
        let button = json!({"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "b"}});
        let twice = json!({"type": "actions", "elements": [button, button]});
        assert_eq!(message_problems(&json!({"text": "a", "blocks": [twice]})), ["an action_id is used twice within a block"]);
        let input = json!({"type": "input", "label": {"text": "l"}, "element": {"type": "plain_text_input", "action_id": "a"}});
        let view = json!({"type": "modal", "title": {"text": "t"}, "blocks": [input]});
        assert_eq!(view_problems(&view), ["a modal with inputs needs submit"]);
    }

    #[test]
    fn lengths_are_counted_the_longer_way() {
        assert_eq!(length("🙂a"), 3);
    }
}
