//! Looks into blocks: finds the element that a person would press, and the words that a person would read.

use serde_json::Value;

use super::json::{items, text};

/// An interactive element and the block that holds it.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub block_id: String,
    pub element: Value,
    /// Set for the element of an input block.
    pub input: Option<Value>,
}

/// Every interactive element, in reading order.
pub(crate) fn elements(blocks: &[Value]) -> Vec<Found> {
    let mut found = Vec::new();
    for block in blocks {
        let block_id = text(block, "block_id").to_owned();
        let mut add = |element: &Value, input: Option<Value>| {
            if element.get("action_id").is_some() {
                found.push(Found { block_id: block_id.clone(), element: element.clone(), input });
            }
        };
        match text(block, "type") {
            "actions" => items(block, "elements").iter().for_each(|element| add(element, None)),
            "section" => {
                if let Some(element) = block.get("accessory") {
                    add(element, None);
                }
            }
            "input" => {
                if let Some(element) = block.get("element") {
                    add(element, Some(block.clone()));
                }
            }
            _ => {}
        }
    }
    found
}

pub(crate) fn find(blocks: &[Value], block_id: Option<&str>, action_id: &str) -> Option<Found> {
    elements(blocks)
        .into_iter()
        .find(|found| text(&found.element, "action_id") == action_id && block_id.is_none_or(|wanted| wanted == found.block_id))
}

/// The options of a select, radio group, checkbox group or overflow menu, groups flattened.
pub(crate) fn options(element: &Value) -> Vec<Value> {
    let mut options = items(element, "options").to_vec();
    for group in items(element, "option_groups") {
        options.extend(items(group, "options").iter().cloned());
    }
    options
}

/// The words of a whole message or view, one line per block; buttons stand in square brackets.
pub(crate) fn blocks_text(blocks: &[Value]) -> String {
    let lines: Vec<String> = blocks.iter().map(block_text).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn block_text(block: &Value) -> String {
    let mut parts = Vec::new();
    match text(block, "type") {
        "rich_text" => parts.push(rich_text(block)),
        "input" => {
            parts.push(words(block.get("label")));
            parts.push(words(block.get("hint")));
            parts.push(block.get("element").map(element_text).unwrap_or_default());
        }
        _ => {
            parts.push(words(block.get("text")));
            parts.extend(items(block, "fields").iter().map(|field| words(Some(field))));
            parts.extend(items(block, "elements").iter().map(element_text));
            parts.push(block.get("accessory").map(element_text).unwrap_or_default());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" | ")
}

fn element_text(element: &Value) -> String {
    match text(element, "type") {
        "mrkdwn" | "plain_text" => text(element, "text").to_owned(),
        "button" => format!("[{}]", words(element.get("text"))),
        "image" => text(element, "alt_text").to_owned(),
        "overflow" | "radio_buttons" | "checkboxes" => {
            let labels: Vec<String> = options(element).iter().map(|option| words(option.get("text"))).collect();
            format!("({})", labels.join(" / "))
        }
        _ => String::new(),
    }
}

fn words(text_object: Option<&Value>) -> String {
    text_object.map(|object| text(object, "text").to_owned()).unwrap_or_default()
}

fn rich_text(node: &Value) -> String {
    let own = match text(node, "type") {
        "user" => format!("<@{}>", text(node, "user_id")),
        "channel" => format!("<#{}>", text(node, "channel_id")),
        "usergroup" => format!("<!subteam^{}>", text(node, "usergroup_id")),
        "link" => {
            let label = text(node, "text");
            if label.is_empty() { text(node, "url") } else { label }.to_owned()
        }
        "emoji" => format!(":{}:", text(node, "name")),
        _ => text(node, "text").to_owned(),
    };
    items(node, "elements").iter().fold(own, |line, child| line + &rich_text(child))
}
