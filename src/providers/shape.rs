//! Whether a role's `grant:` is one that its provider understands, so that a policy file with a slip in it is not loaded.
//!
//! Only spelling and form are checked here; whether the group or thing exists is for the provider to say.

use serde_json::Value;

use super::build::{KINDS, listed};
use super::{GrantShape, postgres, sandbox};

/// What is wrong with a `grant:`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// No such kind of provider.
    #[error("`{kind}` is no kind of provider; there are {}", listed(KINDS))]
    UnknownKind {
        /// What was written.
        kind: String,
    },
    /// A key that the adapter does not know.
    #[error("`{key}` is not known here{}; there are {}", .meant.map(|m| format!(", did you mean `{m}`?")).unwrap_or_default(), listed(.known))]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The key that it resembles.
        meant: Option<&'static str>,
        /// Those that there are.
        known: &'static [&'static str],
    },
    /// A key that must be there is not.
    #[error("{} is missing", listed_or(.keys))]
    Missing {
        /// One of these must be there.
        keys: &'static [&'static str],
    },
    /// Two keys that exclude each other.
    #[error("`{key}` cannot stand beside `{other}`")]
    Both {
        /// The one.
        key: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A value that the key cannot have.
    #[error("`{key}` must be {expected}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// What its value must be.
        expected: String,
    },
}

impl ShapeError {
    /// The key that the error is about, as it is written in the file; `None` when it is about the whole.
    pub fn key(&self) -> Option<&str> {
        match self {
            ShapeError::UnknownKey { key, .. } => Some(key),
            ShapeError::Both { key, .. } | ShapeError::BadValue { key, .. } => Some(key),
            ShapeError::UnknownKind { .. } | ShapeError::Missing { .. } => None,
        }
    }
}

/// Checks the `grant:` of a role at a provider of this kind.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_shape(kind: &str, shape: &GrantShape) -> Result<(), ShapeError> {
    match kind {
        postgres::KIND => postgres::shape::Grant::read(shape).map(drop),
        sandbox::KIND => sandbox::Grant::read(shape).map(drop),
        _ => Err(ShapeError::UnknownKind { kind: kind.to_owned() }),
    }
}

/// How unlike two words may be to be taken for a slip (Jaro-Winkler; 1 is equal).
const SIMILAR_ENOUGH: f64 = 0.7;

pub(super) fn only_keys(shape: &GrantShape, known: &'static [&'static str]) -> Result<(), ShapeError> {
    let Some(key) = shape.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let likeness = |name: &str| strsim::jaro_winkler(&key.to_lowercase(), name);
    let meant =
        known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|best| likeness(best) >= SIMILAR_ENOUGH);
    Err(ShapeError::UnknownKey { key: key.clone(), meant, known })
}

/// A text that is not empty, has no NUL and at most `bytes_max` bytes; `None` if the key is not there.
pub(super) fn text<'a>(shape: &'a GrantShape, key: &'static str, bytes_max: usize) -> Result<Option<&'a str>, ShapeError> {
    match shape.get(key) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= bytes_max && !text.contains('\0') => Ok(Some(text)),
        Some(_) => Err(ShapeError::BadValue { key, expected: format!("a text of 1 to {bytes_max} bytes") }),
    }
}

fn listed_or(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(kind: &str, shape: Value) -> String {
        let Value::Object(shape) = shape else { panic!("a map") };
        check_shape(kind, &shape).err().map_or_else(|| "fine".into(), |error| format!("{:?}: {error}", error.key()))
    }

    #[test]
    fn a_slip_in_a_grant_is_pointed_at() {
        let said: Vec<String> = [
            ("sandbox", json!({"level": "readonly"})),
            ("sandbox", json!({"level": "readonly", "thing": "prod/orders"})),
            ("sandbox", json!({"levl": "readonly"})),
            ("sandbox", json!({})),
            ("sandbox", json!({"level": "root"})),
            ("sandbox", json!({"level": 7})),
            ("postgres", json!({"member_of": "app_reader"})),
            ("postgres", json!({"login_in": "app_reader", "connection_limit": 2, "owned_objects": "reassign"})),
            ("postgres", json!({"memberof": "app_reader"})),
            ("postgres", json!({"member_of": "a", "login_in": "b"})),
            ("postgres", json!({"member_of": "a", "connection_limit": 3})),
            ("postgres", json!({"login_in": "a", "connection_limit": 0})),
            ("postgres", json!({"login_in": "a", "owned_objects": "drop"})),
            ("postgres", json!({"member_of": ""})),
            ("postgres", json!({"xyz": 1})),
            ("postgres", json!({})),
            ("oracle", json!({})),
        ]
        .into_iter()
        .map(|(kind, shape)| format!("{kind} {shape} -> {}", check(kind, shape.clone())))
        .collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
