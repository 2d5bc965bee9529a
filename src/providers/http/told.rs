//! What a provider says in the body of an answer that is a no. Two dialects: that of the servers that we define ourselves, with
//! a class and a code in words, and a common one, with a number and a list of details. Anything else says nothing.

use serde::Deserialize;
use serde_json::Value;

use crate::access::entitlement::Class;

/// What was said, as far as it was. Not redacted yet.
pub(super) struct Told {
    /// What kind of failure it is, by the server's own word.
    pub(super) class: Option<Class>,
    /// Its code.
    pub(super) code: Option<String>,
    /// What is wrong, with the details.
    pub(super) message: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    error: Said,
}

#[derive(Deserialize)]
struct Said {
    class: Option<SaidClass>,
    code: Option<Value>,
    message: Option<String>,
    #[serde(default)]
    errors: Vec<Value>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SaidClass {
    Transient,
    Permanent,
    NeedsHuman,
    Ambiguous,
}

/// Reads the body; `None` where it is of neither dialect.
pub(super) fn read(body: &[u8]) -> Option<Told> {
    let Said { class, code, message, errors } = serde_json::from_slice::<Body>(body).ok()?.error;
    let details: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
    let message = match (message, details.is_empty()) {
        (Some(message), true) => Some(message),
        (Some(message), false) => Some(format!("{message}: {}", details.join("; "))),
        (None, true) => None,
        (None, false) => Some(details.join("; ")),
    };
    let code = match code {
        Some(Value::String(code)) => Some(code),
        Some(Value::Number(code)) => Some(code.to_string()),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
    };
    let class = class.map(|class| match class {
        SaidClass::Transient => Class::Transient,
        SaidClass::Permanent => Class::Permanent,
        SaidClass::NeedsHuman => Class::NeedsHuman,
        SaidClass::Ambiguous => Class::Ambiguous,
    });
    Some(Told { class, code, message })
}
