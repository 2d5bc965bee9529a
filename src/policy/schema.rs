//! The JSON Schema of policy files, for editors: every key of the language with its type and a sentence.
//!
//! It stands beside the reader and not in it, since the reader says more than a schema can (what leads nowhere, what does not
//! fit together). That the two know the same keys and types is tested by asking the reader itself, key by key.

mod keys;

use serde_json::{Map, Value, json};

use keys::{ITEMS, Item, Key, Shape};

/// The schema, draft 2020-12.
pub fn schema() -> Value {
    let defs: Map<String, Value> = ITEMS.iter().map(|item| (item.name.to_owned(), object(item))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A policy file of Daypass",
        "$ref": "#/$defs/file",
        "$defs": defs,
    })
}

fn object(item: &Item) -> Value {
    let property = |key: &Key| {
        let mut schema = of_shape(key.shape);
        schema.insert("description".to_owned(), key.about.into());
        if let Some(default) = key.default {
            schema.insert("default".to_owned(), of_default(key.shape, default));
        }
        (key.name.to_owned(), Value::Object(schema))
    };
    let properties: Map<String, Value> = item.keys.iter().map(property).collect();
    let needed: Vec<&str> = item.keys.iter().filter(|key| key.is_needed).map(|key| key.name).collect();
    json!({
        "type": "object",
        "description": item.about,
        "properties": properties,
        "required": needed,
        "additionalProperties": item.is_open,
    })
}

fn of_shape(shape: Shape) -> Map<String, Value> {
    let schema = match shape {
        Shape::Text => json!({ "type": "string", "minLength": 1 }),
        Shape::Zone => json!({ "type": "string", "minLength": 1, "examples": ["Europe/Berlin", "UTC"] }),
        Shape::Form(pattern) => json!({ "type": "string", "pattern": pattern }),
        Shape::Words(words) => json!({ "enum": words }),
        Shape::Number(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Shape::Item(name) => json!({ "$ref": format!("#/$defs/{name}") }),
        Shape::List(of) => json!({ "type": "array", "items": of_shape(*of) }),
        Shape::ByName(of) => json!({ "type": "object", "additionalProperties": of_shape(*of) }),
        Shape::Open => json!({ "type": "object" }),
        Shape::WordsOrList(words, of) => {
            json!({ "anyOf": [{ "enum": words }, { "type": "array", "minItems": 1, "items": of_shape(*of) }] })
        }
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// A default as the value that it would be in a file.
fn of_default(shape: Shape, written: &str) -> Value {
    match (shape, written.parse::<u32>()) {
        (Shape::Number(..), Ok(number)) => number.into(),
        _ => written.into(),
    }
}

#[cfg(test)]
mod tests;
