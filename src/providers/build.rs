//! From a provider's kind and settings to its adapter. The only place that knows every kind.

use std::sync::Arc;

use secrecy::SecretString;

use crate::access::ids::ProviderId;

use super::{GrantShape, Provider, postgres, sandbox};

/// The kinds of provider that there are.
pub const KINDS: &[&str] = &[postgres::KIND, sandbox::KIND];

/// What an operator configured for one provider instance. Neither the address nor the token is ever shown.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is. May carry a password, such as `postgres://daypass:…@db/postgres`.
    pub url: SecretString,
    /// A bearer token, for the kinds that take one.
    pub token: Option<SecretString>,
    /// The adapter's own options.
    pub options: GrantShape,
}

/// Why there is no adapter for these settings. No message holds the address or the token.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Nothing of this kind.
    #[error("`{kind}` is no kind of provider; there are {}", listed(KINDS))]
    UnknownKind {
        /// What was asked for.
        kind: String,
    },
    /// The address cannot be used.
    #[error("the address of the provider cannot be used: {0}")]
    Address(&'static str),
    /// A token is needed.
    #[error("a provider of kind `{kind}` needs a token")]
    NoToken {
        /// The kind.
        kind: &'static str,
    },
    /// An option that the adapter does not know.
    #[error("`{option}` is no option of a provider of kind `{kind}`; there are {}", listed(.known))]
    UnknownOption {
        /// The kind.
        kind: &'static str,
        /// The option as written.
        option: String,
        /// Those that there are.
        known: &'static [&'static str],
    },
    /// An option with a value that it cannot have.
    #[error("the option `{option}` must be {expected}")]
    BadOption {
        /// The option.
        option: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// The adapter for one provider instance.
///
/// # Errors
/// When the kind is unknown or its settings cannot work. Nothing is contacted; [`Provider::validate`] does that.
pub fn build(kind: &str, id: ProviderId, settings: &Settings) -> Result<Arc<dyn Provider>, BuildError> {
    match kind {
        postgres::KIND => Ok(Arc::new(postgres::Postgres::new(id, settings)?)),
        sandbox::KIND => Ok(Arc::new(sandbox::Sandbox::new(id, settings)?)),
        _ => Err(BuildError::UnknownKind { kind: kind.to_owned() }),
    }
}

/// Refuses options that the adapter does not know, so that a misspelt one is not silently without effect.
pub(super) fn only_options(kind: &'static str, options: &GrantShape, known: &'static [&'static str]) -> Result<(), BuildError> {
    match options.keys().find(|key| !known.contains(&key.as_str())) {
        Some(option) => Err(BuildError::UnknownOption { kind, option: option.clone(), known }),
        None => Ok(()),
    }
}

pub(super) fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Settings {
        Settings { url: SecretString::from(url), token: None, options: GrantShape::new() }
    }

    #[test]
    fn what_cannot_be_built_is_said_without_the_address() {
        let id = || "orders".parse::<ProviderId>().unwrap();
        let error = build("postgress", id(), &settings("postgres://u:hunter2@db/x")).err().unwrap();
        assert_eq!(error.to_string(), "`postgress` is no kind of provider; there are `postgres`, `sandbox`");

        let error = build("sandbox", id(), &settings("http://hunter2.example.com")).err().unwrap();
        assert!(!error.to_string().contains("hunter2"), "{error}");

        let mut misspelt = settings("postgres://u@127.0.0.1/x");
        misspelt.options.insert("predefind".into(), serde_json::json!([]));
        let error = build("postgres", id(), &misspelt).err().unwrap();
        assert!(error.to_string().contains("`predefind` is no option"), "{error}");
    }
}
