//! Canonical JSON: one spelling for each value, so that a hash over it means something (RFC 8785).
//!
//! Our events hold no fractions, so that none of that RFC's number formatting is needed: whole numbers within the range that
//! every JSON reader keeps exactly are written as they are, anything else is an error here (see [`crate::audit::leaf`], which
//! spells larger ones as text).

use serde_json::Value;

/// The largest whole number that every JSON reader keeps exactly: 2^53 - 1.
pub const EXACT_MAX: u64 = (1 << 53) - 1;

/// How deep a value may be nested; ours are at most eight deep.
const DEPTH_MAX: u32 = 32;

/// A value that has no canonical spelling here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// A fraction, or a whole number beyond 2^53 - 1.
    #[error("the number `{0}` is not a whole number that every reader keeps exactly")]
    Number(String),
    /// Nested too deeply.
    #[error("nested more than {DEPTH_MAX} deep")]
    TooDeep,
}

/// The canonical spelling of a value: sorted keys, no white space, shortest escapes.
pub fn to_canonical(value: &Value) -> Result<String, NotCanonical> {
    let mut text = String::new();
    write(value, &mut text, 0)?;
    Ok(text)
}

fn write(value: &Value, text: &mut String, depth: u32) -> Result<(), NotCanonical> {
    if depth > DEPTH_MAX {
        return Err(NotCanonical::TooDeep);
    }
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => {
            let exact = number.as_i64().is_some_and(|n| n.unsigned_abs() <= EXACT_MAX);
            if !exact {
                return Err(NotCanonical::Number(number.to_string()));
            }
            text.push_str(&number.to_string());
        }
        Value::String(string) => write_string(string, text),
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write(item, text, depth + 1)?;
            }
            text.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            // The RFC sorts by UTF-16 code units, which differs from the order of UTF-8 bytes outside the basic plane.
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            text.push('{');
            for (place, (key, item)) in entries.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write_string(key, text);
                text.push(':');
                write(item, text, depth + 1)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            control if control < ' ' => text.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => text.push(other),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_and_nothing_is_left_to_taste() {
        let value: Value = serde_json::from_str("{ \"b\": [1, -2, null], \"a\": {\"z\": true, \"y\": \"\"} }").unwrap();
        assert_eq!(to_canonical(&value).unwrap(), r#"{"a":{"y":"","z":true},"b":[1,-2,null]}"#);
    }

    #[test]
    fn the_published_sorting_example_comes_out_in_utf_16_order() {
        // RFC 8785, section 3.2.3.
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        let text = to_canonical(&value).unwrap();
        assert_eq!(text, "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}");
    }

    #[test]
    fn control_characters_have_one_spelling() {
        let text = to_canonical(&json!("\u{1}\u{8}\t\n\u{c}\r\"\\/\u{7f}é")).unwrap();
        assert_eq!(text, "\"\\u0001\\b\\t\\n\\f\\r\\\"\\\\/\u{7f}é\"");
    }

    #[test]
    fn numbers_that_a_reader_could_round_are_refused() {
        assert!(to_canonical(&json!(1.5)).is_err());
        assert!(to_canonical(&json!(EXACT_MAX)).is_ok());
        assert!(to_canonical(&json!(EXACT_MAX + 1)).is_err());
        assert!(to_canonical(&json!(i64::MIN)).is_err());
        assert!(to_canonical(&json!(u64::MAX)).is_err());
    }
}
