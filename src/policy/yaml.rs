//! YAML text as a tree whose every node knows its place. It knows nothing of policies.
//!
//! A tree, and not typed structures straight from serde: serde ends at the first mistake, and an author should see them all.
//! Plain scalars mean what the core schema of YAML 1.2 says. Tags and merge keys are refused: what a rule means should be seen
//! where it stands.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use super::problem::Place;

/// A value and where it stands. It borrows from the text of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node<'t> {
    pub(super) place: Place,
    pub(super) value: Value<'t>,
}

/// What YAML can say.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'t> {
    Nothing,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'t, str>),
    List(Vec<Node<'t>>),
    Map(Vec<Entry<'t>>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry<'t> {
    pub(super) key: Cow<'t, str>,
    pub(super) place: Place,
    pub(super) node: Node<'t>,
}

/// Why a text is no YAML that we read.
#[derive(Debug)]
pub(super) struct NotYaml {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

/// How deep lists and mappings may lie in each other.
const DEPTH_MAX: usize = 32;
/// The most values and keys of one file, with those that aliases repeat.
const NODES_MAX: usize = 200_000;
/// The most text in them, in bytes.
const TEXT_BYTES_MAX: usize = 4_000_000;
/// Up to so many keys, duplicates are found faster by comparing each with each.
const FEW_KEYS: usize = 32;

/// Reads one file. What aliases repeat counts as if it were written out, so that a small file cannot grow into a large tree.
pub(super) fn parse(text: &str, file: usize) -> Result<Node<'_>, NotYaml> {
    let mut tree = Tree { parser: Parser::new_from_str(text), file, spent: Size::default(), anchored: BTreeMap::new() };
    let mut root = None;
    loop {
        match tree.event()? {
            (Event::StreamEnd, span) => break Ok(root.unwrap_or(Node { place: tree.place(&span.start), value: Value::Nothing })),
            (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
            (_, span) if root.is_some() => {
                break Err(not_yaml(&span.start, "a policy file is one document; put the next one into a file of its own"));
            }
            (event, span) => root = Some(tree.node(event, &span, 0)?),
        }
    }
}

/// How much something takes.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    text_bytes: usize,
}

/// What an alias repeats.
struct Anchored<'t> {
    value: Value<'t>,
    size: Size,
    /// How deep lists and mappings lie in it.
    height: usize,
}

struct Tree<'t> {
    parser: Parser<'t, StrInput<'t>>,
    file: usize,
    spent: Size,
    anchored: BTreeMap<usize, Anchored<'t>>,
}

impl<'t> Tree<'t> {
    fn event(&mut self) -> Result<(Event<'t>, Span), NotYaml> {
        match self.parser.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(not_yaml(error.marker(), in_our_form(error.info()))),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn place(&self, at: &Marker) -> Place {
        Place { file: self.file, line: at.line(), column: at.col() + 1 }
    }

    fn spend(&mut self, size: Size, at: &Marker) -> Result<(), NotYaml> {
        self.spent.nodes = self.spent.nodes.saturating_add(size.nodes);
        self.spent.text_bytes = self.spent.text_bytes.saturating_add(size.text_bytes);
        if self.spent.nodes > NODES_MAX || self.spent.text_bytes > TEXT_BYTES_MAX {
            return Err(not_yaml(at, "the file says too much, with what its aliases repeat; split it, or write less by aliases"));
        }
        Ok(())
    }

    /// The node that begins with this event, in so many lists and mappings.
    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Node<'t>, NotYaml> {
        let (at, before) = (span.start, self.spent);
        if depth > DEPTH_MAX {
            return Err(too_deep(&at));
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                untagged(tag.as_deref(), &at)?;
                self.spend(Size { nodes: 1, text_bytes: text.len() }, &at)?;
                (if style == ScalarStyle::Plain { plain(text) } else { Value::Text(text) }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                untagged(tag.as_deref(), &at)?;
                self.spend(Size { nodes: 1, text_bytes: 0 }, &at)?;
                (Value::List(self.items(depth)?), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                untagged(tag.as_deref(), &at)?;
                self.spend(Size { nodes: 1, text_bytes: 0 }, &at)?;
                (Value::Map(self.entries(depth)?), anchor)
            }
            Event::Alias(id) => return self.repeated(id, &at, depth),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(not_yaml(&at, "a value is missing here")),
        };
        if anchor > 0 {
            let size = Size { nodes: self.spent.nodes - before.nodes, text_bytes: self.spent.text_bytes - before.text_bytes };
            self.anchored.insert(anchor, Anchored { height: value.height(), value: value.clone(), size });
        }
        Ok(Node { place: self.place(&at), value })
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Node<'t>>, NotYaml> {
        let mut items = Vec::new();
        loop {
            match self.event()? {
                (Event::SequenceEnd, _) => break Ok(items),
                (event, span) => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry<'t>>, NotYaml> {
        let mut entries: Vec<Entry<'t>> = Vec::new();
        loop {
            let (key, at) = match self.event()? {
                (Event::MappingEnd, _) => break,
                (Event::Scalar(key, style, 0, None), span) => {
                    if key == "<<" && style == ScalarStyle::Plain {
                        return Err(not_yaml(&span.start, "`<<` is not read here; write out what it would bring in"));
                    }
                    (key, span.start)
                }
                (_, span) => return Err(not_yaml(&span.start, "a key is a word, without tag, anchor or alias")),
            };
            self.spend(Size { nodes: 1, text_bytes: key.len() }, &at)?;
            let (event, span) = self.event()?;
            let node = self.node(event, &span, depth + 1)?;
            entries.push(Entry { place: self.place(&at), key, node });
        }
        match twice(&entries) {
            Some(Entry { key, place, .. }) => Err(NotYaml {
                line: place.line,
                column: place.column,
                message: format!("the key `{key}` stands here for the second time"),
            }),
            None => Ok(entries),
        }
    }

    fn repeated(&mut self, anchor: usize, at: &Marker, depth: usize) -> Result<Node<'t>, NotYaml> {
        // An anchor is known once its value has ended: nothing can hold itself.
        let Some(Anchored { size, height, .. }) = self.anchored.get(&anchor) else {
            return Err(not_yaml(at, "this alias stands within the value that it would repeat"));
        };
        let (size, height) = (*size, *height);
        if depth + height > DEPTH_MAX {
            return Err(too_deep(at));
        }
        self.spend(size, at)?;
        let value = self.anchored.get(&anchor).map_or(Value::Nothing, |anchored| anchored.value.clone());
        Ok(Node { place: self.place(at), value })
    }
}

/// The first key that stands there already.
fn twice<'n, 't>(entries: &'n [Entry<'t>]) -> Option<&'n Entry<'t>> {
    if entries.len() <= FEW_KEYS {
        let before = |n: usize| entries.iter().take(n);
        return entries
            .iter()
            .enumerate()
            .find(|(n, entry)| before(*n).any(|known| known.key == entry.key))
            .map(|(_, entry)| entry);
    }
    let mut seen = BTreeSet::new();
    entries.iter().find(|entry| !seen.insert(&*entry.key))
}

/// What a scalar without quotes means.
///
/// Source: the core schema, YAML 1.2.2, section 10.3.2; but digits after a leading zero stay text, since they number accounts
/// and not amounts, and so does what 64 bits do not hold.
fn plain(written: Cow<'_, str>) -> Value<'_> {
    let text = &*written;
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Nothing,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Value::Text(written);
    }
    let number = if let Some(octal) = text.strip_prefix("0o") {
        i64::from_str_radix(octal, 8).ok().filter(|_| octal.bytes().all(|b| b.is_ascii_digit()))
    } else if let Some(hex) = text.strip_prefix("0x") {
        i64::from_str_radix(hex, 16).ok().filter(|_| hex.bytes().all(|b| b.is_ascii_hexdigit()))
    } else if digits.bytes().all(|b| b.is_ascii_digit()) {
        if digits.len() > 1 && digits.starts_with('0') {
            return Value::Text(written);
        }
        match text.parse() {
            Ok(number) => Some(number),
            Err(_) => return Value::Text(written),
        }
    } else {
        None
    };
    if let Some(number) = number {
        return Value::Int(number);
    }
    match digits {
        ".inf" | ".Inf" | ".INF" => Value::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        _ if digits.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b)) => match text.parse() {
            Ok(number) => Value::Float(number),
            Err(_) => Value::Text(written),
        },
        _ => Value::Text(written),
    }
}

fn untagged(tag: Option<&Tag>, at: &Marker) -> Result<(), NotYaml> {
    match tag {
        None => Ok(()),
        Some(_) => Err(not_yaml(at, "tags (`!…`) are not read here; what is meant as text stands in quotes")),
    }
}

fn too_deep(at: &Marker) -> NotYaml {
    not_yaml(at, too_deep_message())
}

fn too_deep_message() -> String {
    format!("lists and mappings lie more than {DEPTH_MAX} deep in each other here")
}

fn not_yaml(at: &Marker, message: impl Into<String>) -> NotYaml {
    NotYaml { line: at.line().max(1), column: at.col() + 1, message: message.into() }
}

/// The parser's sentence, or ours where we know what nearly everybody did who got it.
fn in_our_form(message: &str) -> String {
    if message.contains("unknown escape character") {
        return r"within double quotes a backslash begins an escape; put the text in single quotes: `'OPS-\d+'`".to_owned();
    }
    // It counts open brackets before any value is ours to count.
    if message.contains("recursion limit exceeded") {
        return too_deep_message();
    }
    message.to_owned()
}

impl Value<'_> {
    /// How deep lists and mappings lie in it.
    fn height(&self) -> usize {
        let inner = match self {
            Value::Nothing | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => return 0,
            Value::List(items) => items.iter().map(|item| item.value.height()).max(),
            Value::Map(entries) => entries.iter().map(|entry| entry.node.value.height()).max(),
        };
        1 + inner.unwrap_or(0)
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Nothing | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Whether it is a mapping with this key.
    pub(super) fn has_key(&self, key: &str) -> bool {
        matches!(self, Value::Map(entries) if entries.iter().any(|entry| entry.key == key))
    }

    /// Whether it is a mapping without any key.
    pub(super) fn is_empty_map(&self) -> bool {
        matches!(self, Value::Map(entries) if entries.is_empty())
    }

    pub(super) fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            Value::Nothing | Value::Bool(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// What it is, for a sentence: "expected a name, found a list".
    pub(super) fn shape(&self) -> String {
        match self {
            Value::Nothing => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Int(value) => format!("the number `{value}`"),
            Value::Float(value) => format!("the number `{value}`"),
            Value::Text(value) => format!("`{value}`"),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }

    /// The same value as JSON, for the adapters. `None` where JSON has no such number.
    pub(super) fn to_json(&self) -> Option<serde_json::Value> {
        Some(match self {
            Value::Nothing => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => (*value).into(),
            Value::Float(value) => serde_json::Number::from_f64(*value)?.into(),
            Value::Text(value) => (**value).into(),
            Value::List(items) => items.iter().map(|item| item.value.to_json()).collect::<Option<Vec<_>>>()?.into(),
            Value::Map(entries) => serde_json::Value::Object(
                entries.iter().map(|e| e.node.value.to_json().map(|json| (e.key.to_string(), json))).collect::<Option<_>>()?,
            ),
        })
    }
}

#[cfg(test)]
mod tests;
