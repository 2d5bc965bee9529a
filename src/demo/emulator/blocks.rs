//! Block Kit validation: every limit and every unknown field is an error, in Slack's wording and with its JSON pointer.
//!
//! Where Slack's published type definitions and its SDK disagree about a limit, the smaller one holds. Block types that the
//! page cannot show are refused, so that nobody believes to have seen them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::elements;
use super::json::text;

pub(crate) const MESSAGE_BLOCKS_MAX: usize = 50;
pub(crate) const VIEW_BLOCKS_MAX: usize = 100;
const ID_CHARS_MAX: usize = 255;
const HEADER_CHARS_MAX: usize = 150;
const SECTION_CHARS_MAX: usize = 3_000;
const FIELD_CHARS_MAX: usize = 2_000;
const FIELDS_MAX: usize = 10;
const CONTEXT_ELEMENTS_MAX: usize = 10;
const ACTIONS_ELEMENTS_MAX: usize = 25;
const LABEL_CHARS_MAX: usize = 2_000;

/// Where blocks stand decides which are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    Message,
    Modal,
    Home,
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Check {
    pub problems: Vec<String>,
}

/// All problems of a list of blocks; none means that Slack would take it.
pub(crate) fn problems(blocks: &[Value], surface: Surface) -> Vec<String> {
    let mut check = Check::default();
    let blocks_max = if surface == Surface::Message { MESSAGE_BLOCKS_MAX } else { VIEW_BLOCKS_MAX };
    if blocks.len() > blocks_max {
        check.wrong(&format!("no more than {blocks_max} items allowed"), "/blocks");
    }
    let mut block_ids = BTreeSet::new();
    let mut action_ids = BTreeSet::new();
    for (index, block) in blocks.iter().enumerate() {
        let at = format!("/blocks/{index}");
        check.block(block, surface, &at);
        let block_id = text(block, "block_id");
        if !block_id.is_empty() && !block_ids.insert(block_id.to_owned()) {
            check.wrong(&format!("block_id `{block_id}` already exists"), &at);
        }
        // Within one block an action_id must be unique; across blocks the pair with the block_id tells them apart.
        action_ids.clear();
        for found in super::reading::elements(std::slice::from_ref(block)) {
            let action_id = text(&found.element, "action_id").to_owned();
            if !action_ids.insert(action_id.clone()) {
                check.wrong(&format!("action_id `{action_id}` already exists"), &at);
            }
        }
    }
    check.problems
}

/// Gives every block without a `block_id` one, as Slack does.
pub(crate) fn with_ids(mut blocks: Vec<Value>, mut next: impl FnMut() -> u64) -> Vec<Value> {
    for block in &mut blocks {
        if text(block, "block_id").is_empty() {
            super::json::set(block, "block_id", Value::from(format!("b{}", next())));
        }
    }
    blocks
}

impl Check {
    pub fn wrong(&mut self, what: &str, at: &str) {
        self.problems.push(format!("[ERROR] {what} [json-pointer:{at}]"));
    }

    fn block(&mut self, block: &Value, surface: Surface, at: &str) {
        match text(block, "type") {
            "section" => self.section(block, at),
            "header" => {
                self.object(block, at, &["text"], &["block_id"]);
                self.plain_text(block.get("text"), HEADER_CHARS_MAX, &format!("{at}/text"));
            }
            "divider" => {
                self.object(block, at, &[], &["block_id"]);
            }
            "context" => self.context(block, at),
            "actions" => self.actions(block, at),
            "input" if surface == Surface::Message => self.wrong("input blocks are for views", at),
            "input" => self.input(block, at),
            "image" => {
                self.object(block, at, &["image_url", "alt_text"], &["block_id", "title"]);
                elements::image(self, block, at);
            }
            "rich_text" => {
                self.object(block, at, &["elements"], &["block_id"]);
                self.rich_text(block.get("elements"), &format!("{at}/elements"));
            }
            other => self.wrong(&format!("unsupported type: {other}"), at),
        }
        self.string(block.get("block_id"), 1, ID_CHARS_MAX, &format!("{at}/block_id"));
    }

    fn section(&mut self, block: &Value, at: &str) {
        self.object(block, at, &[], &["block_id", "text", "fields", "accessory", "expand"]);
        if block.get("text").is_none() && block.get("fields").is_none() {
            self.wrong("must provide either `text` or `fields`", at);
        }
        if let Some(body) = block.get("text") {
            self.text_object(Some(body), SECTION_CHARS_MAX, &format!("{at}/text"));
        }
        if let Some(fields) = block.get("fields") {
            let at = format!("{at}/fields");
            for (index, field) in self.list(Some(fields), 1, FIELDS_MAX, &at).iter().enumerate() {
                self.text_object(Some(field), FIELD_CHARS_MAX, &format!("{at}/{index}"));
            }
        }
        if let Some(accessory) = block.get("accessory") {
            elements::check(self, accessory, elements::Home::Accessory, &format!("{at}/accessory"));
        }
    }

    fn context(&mut self, block: &Value, at: &str) {
        self.object(block, at, &["elements"], &["block_id"]);
        let at = format!("{at}/elements");
        for (index, element) in self.list(block.get("elements"), 1, CONTEXT_ELEMENTS_MAX, &at).iter().enumerate() {
            let at = format!("{at}/{index}");
            if text(element, "type") == "image" {
                self.object(element, &at, &["image_url", "alt_text"], &[]);
                elements::image(self, element, &at);
            } else {
                self.text_object(Some(element), SECTION_CHARS_MAX, &at);
            }
        }
    }

    fn actions(&mut self, block: &Value, at: &str) {
        self.object(block, at, &["elements"], &["block_id"]);
        let at = format!("{at}/elements");
        for (index, element) in self.list(block.get("elements"), 1, ACTIONS_ELEMENTS_MAX, &at).iter().enumerate() {
            elements::check(self, element, elements::Home::Actions, &format!("{at}/{index}"));
        }
    }

    fn input(&mut self, block: &Value, at: &str) {
        self.object(block, at, &["label", "element"], &["block_id", "hint", "optional", "dispatch_action"]);
        self.plain_text(block.get("label"), LABEL_CHARS_MAX, &format!("{at}/label"));
        if let Some(hint) = block.get("hint") {
            self.plain_text(Some(hint), LABEL_CHARS_MAX, &format!("{at}/hint"));
        }
        if let Some(element) = block.get("element") {
            elements::check(self, element, elements::Home::Input, &format!("{at}/element"));
        }
    }

    fn rich_text(&mut self, nodes: Option<&Value>, at: &str) {
        for (index, node) in self.list(nodes, 0, 500, at).iter().enumerate() {
            let at = format!("{at}/{index}");
            match text(node, "type") {
                "rich_text_section" | "rich_text_list" | "rich_text_quote" | "rich_text_preformatted" => {
                    self.rich_text(node.get("elements"), &format!("{at}/elements"));
                }
                "text" | "link" | "user" | "channel" | "usergroup" | "emoji" | "date" | "broadcast" => {}
                other => self.wrong(&format!("unsupported type: {other}"), &at),
            }
        }
    }

    /// Checks that `value` is an object with all of `required` and nothing beyond `allowed` (and `type`).
    pub fn object(&mut self, value: &Value, at: &str, required: &[&str], allowed: &[&str]) {
        let empty = Map::new();
        let object = value.as_object().unwrap_or(&empty);
        if !value.is_object() {
            self.wrong("must be an object", at);
        }
        for field in required {
            if !object.contains_key(*field) {
                self.wrong(&format!("missing required field: {field}"), at);
            }
        }
        for field in object.keys().map(String::as_str) {
            if field != "type" && !required.contains(&field) && !allowed.contains(&field) {
                self.wrong(&format!("invalid additional property: {field}"), at);
            }
        }
    }

    /// The items of a list whose length is within bounds; the problem is noted otherwise.
    pub fn list<'a>(&mut self, value: Option<&'a Value>, min: usize, max: usize, at: &str) -> &'a [Value] {
        let Some(items) = value.and_then(Value::as_array) else {
            if value.is_some() {
                self.wrong("must be an array", at);
            }
            return &[];
        };
        if items.len() < min {
            self.wrong(&format!("no fewer than {min} items allowed"), at);
        }
        if items.len() > max {
            self.wrong(&format!("no more than {max} items allowed"), at);
        }
        items
    }

    /// An optional string within bounds.
    pub fn string(&mut self, value: Option<&Value>, min: usize, max: usize, at: &str) {
        let Some(value) = value else { return };
        let Some(content) = value.as_str() else {
            self.wrong("must be a string", at);
            return;
        };
        let chars = content.chars().count();
        if chars < min {
            self.wrong(&format!("must be more than {} characters", min.saturating_sub(1)), at);
        }
        if chars > max {
            self.wrong(&format!("must be less than {} characters", max + 1), at);
        }
    }

    /// A `plain_text` or `mrkdwn` object.
    pub fn text_object(&mut self, value: Option<&Value>, max: usize, at: &str) {
        match value.map(|value| text(value, "type")) {
            None => {}
            Some("mrkdwn") => self.text_body(value, max, &["text"], &["verbatim"], at),
            Some("plain_text") => self.text_body(value, max, &["text"], &["emoji"], at),
            Some(other) => self.wrong(&format!("unsupported type: {other}"), at),
        }
    }

    pub fn plain_text(&mut self, value: Option<&Value>, max: usize, at: &str) {
        match value.map(|value| text(value, "type")) {
            None => {}
            Some("plain_text") => self.text_body(value, max, &["text"], &["emoji"], at),
            Some(_) => self.wrong("must be plain_text", at),
        }
    }

    fn text_body(&mut self, value: Option<&Value>, max: usize, required: &[&str], allowed: &[&str], at: &str) {
        if let Some(value) = value {
            self.object(value, at, required, allowed);
            self.string(value.get("text"), 1, max, &format!("{at}/text"));
        }
    }
}
