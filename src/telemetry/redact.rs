//! Takes secrets out of text: those that are known, and whatever has the shape of one.
//!
//! It is the last net. Secrets have no Debug, so that nothing should be left for it to catch.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use regex_lite::{Captures, Regex};
use secrecy::{ExposeSecret, SecretString};

/// What stands in the place of a secret.
pub const MASK: &str = "[redacted]";

/// Shorter texts are not taken out wherever they stand: a password of three letters would blank half of the log, and tell
/// by its gaps what it is.
const KNOWN_CHARS_MIN: usize = 6;

/// Shapes of secrets. The first group, where there is one, stays.
const SHAPES: [&str; 9] = [
    // Slack's tokens: bot, user, app, refresh, configuration.
    r"\b(?:xox[a-z]|xapp)(?:\.xox[a-z])?-[A-Za-z0-9-]+",
    // Signing secrets of webhooks (standard-webhooks, Stripe and others).
    r"\bwhsec_[A-Za-z0-9+/=_-]+",
    // A password in an address. It may hold an `@` itself: the last one before the host counts.
    r"(://[^/?#\s:@]*:)[^/?#\s]+@",
    // The address of a Socket Mode connection: whoever has it connects in our place.
    r"(\bticket=)[^&\s\x22']+",
    r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]+",
    // A link that shows somebody's password once, and the password itself.
    r"(/reveal/G-[0-9]+/)[A-Za-z0-9_-]+",
    r"(\bPGPASSWORD=)[^\s\x22']+",
    r"\bAGE-SECRET-KEY-1[0-9A-Za-z]+",
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[A-Za-z0-9+/=\s\\]*",
];

/// Takes secrets out of text. Clones share what they know.
#[derive(Clone)]
pub struct Redactor {
    shapes: Arc<[Regex]>,
    known: Arc<RwLock<Vec<SecretString>>>,
}

impl Default for Redactor {
    fn default() -> Redactor {
        let shapes = SHAPES.iter().filter_map(|shape| Regex::new(shape).ok()).collect();
        Redactor { shapes, known: Arc::default() }
    }
}

impl Redactor {
    /// From now on this text is taken out wherever it stands, also as JSON and Debug would spell it.
    pub fn learn(&self, secret: &str) {
        if secret.chars().count() < KNOWN_CHARS_MIN {
            return;
        }
        let spelled = [secret.to_owned(), serde_json::Value::from(secret).to_string(), format!("{secret:?}")];
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for text in spelled {
            let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&text);
            if !known.iter().any(|secret| secret.expose_secret() == text) {
                known.push(SecretString::from(text));
            }
        }
        // A secret may begin with another one; the longer must go first.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
    }

    /// The text without secrets.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in self.known.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if text.contains(secret.expose_secret()) {
                text = Cow::Owned(text.replace(secret.expose_secret(), MASK));
            }
        }
        for (index, shape) in self.shapes.iter().enumerate() {
            if shape.is_match(&text) {
                let at = if SHAPES.get(index).is_some_and(|shape| shape.starts_with("(://")) { "@" } else { "" };
                let masked = |found: &Captures<'_>| format!("{}{MASK}{at}", found.get(1).map_or("", |kept| kept.as_str()));
                text = Cow::Owned(shape.replace_all(&text, masked).into_owned());
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_read_by_the_library() {
        assert_eq!(Redactor::default().shapes.len(), SHAPES.len());
    }

    #[test]
    fn what_has_the_shape_of_a_secret_is_taken_out() {
        let redactor = Redactor::default();
        for (text, expected) in [
            ("token xoxb-123-456-canary.", "token [redacted]."),
            ("xapp-1-A0-canary xoxp-canary", "[redacted] [redacted]"),
            ("xoxe.xoxp-1-canary", "[redacted]"),
            ("whsec_canary/+=", "[redacted]"),
            ("at postgres://daypass:canary@db:5432/x and more", "at postgres://daypass:[redacted]@db:5432/x and more"),
            ("postgres://u:ca@nary@db/x", "postgres://u:[redacted]@db/x"),
            ("redis://:canary@cache", "redis://:[redacted]@cache"),
            ("Authorization: Bearer canary.x-y", "Authorization: Bearer [redacted]"),
            (
                r#"{"url":"wss:\/\/wss.slack.com\/link\/?ticket=canary-1&app_id=A1"}"#,
                r#"{"url":"wss:\/\/wss.slack.com\/link\/?ticket=[redacted]&app_id=A1"}"#,
            ),
            ("AGE-SECRET-KEY-1CANARY", "[redacted]"),
            ("GET https://d.example/reveal/G-57/CANARY_-1 200", "GET https://d.example/reveal/G-57/[redacted] 200"),
            ("PGUSER=x PGPASSWORD=CANARY", "PGUSER=x PGPASSWORD=[redacted]"),
            ("-----BEGIN PRIVATE KEY-----\ncanary\n-----END", "-----BEGIN PRIVATE KEY-----[redacted]-----END"),
        ] {
            assert_eq!(redactor.redact(text), expected);
        }
        for text in
            ["https://slack.com/api", "maya asks for prod/orders", "http://127.0.0.1:3000/x", "mail a@b.example", "foxb-1"]
        {
            assert!(matches!(redactor.redact(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn what_is_known_is_taken_out_wherever_it_stands() {
        let redactor = Redactor::default();
        let clone = redactor.clone();
        clone.learn("canary-one");
        clone.learn("canary-one-and-two");
        clone.learn("abc");
        assert_eq!(redactor.redact("xcanary-one-and-twoycanary-onez abc"), "x[redacted]y[redacted]z abc");
    }
}
