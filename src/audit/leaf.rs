//! One leaf of the audit log: an event with its number, time and actor, as canonical JSON.
//!
//! What people typed is not in it. In place of every text stands `{"commitment": …}`, SHA-256 over a random salt and the text;
//! salt and text are kept beside the log and can be erased, after which the log still verifies. Whole numbers that some JSON
//! readers would round are spelled as `{"integer": "…"}`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::canonical::{EXACT_MAX, NotCanonical, to_canonical};
use super::tree::{Hash32, leaf_hash, to_hex};
use crate::access::event::{About, Actor, Event};
use crate::access::time::Timestamp;

/// How many random bytes hide a text from being guessed.
pub const SALT_BYTES: usize = 16;

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, counted from 1 without gaps.
    pub seq: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who made it happen.
    pub actor: Actor,
    /// What happened.
    pub event: Event,
}

/// A text that somebody typed, beside the leaf that commits to it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptWords {
    /// Where in the leaf its commitment stands (a JSON pointer).
    pub path: String,
    /// The salt, in hex.
    pub salt: String,
    /// The text; `None` once it was erased.
    pub text: Option<String>,
}

impl std::fmt::Debug for KeptWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptWords").field("path", &self.path).field("erased", &self.text.is_none()).finish_non_exhaustive()
    }
}

impl KeptWords {
    /// The commitment that must stand in the leaf, as far as the text is still there to tell.
    pub fn commitment(&self) -> Option<String> {
        self.text.as_ref().map(|text| commitment(&self.salt, text))
    }
}

/// A leaf as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Canonical JSON.
    pub text: String,
    /// RFC 9162 leaf hash over it.
    pub hash: Hash32,
    /// The texts that it commits to, in the order of their paths.
    pub words: Vec<KeptWords>,
}

/// Why an entry has no leaf, or a leaf no entry.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    /// It does not fit the vocabulary.
    #[error("the leaf does not fit the vocabulary of this version")]
    Json(#[from] serde_json::Error),
    /// It has no canonical spelling.
    #[error(transparent)]
    Canonical(#[from] NotCanonical),
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    about: Option<String>,
    actor: Actor,
    at: i64,
    event: Value,
    seq: u64,
}

impl Leaf {
    /// The leaf of an entry. `salt` gives fresh random bytes each time that it is called.
    pub fn of(entry: &Entry, mut salt: impl FnMut() -> [u8; SALT_BYTES]) -> Result<Leaf, LeafError> {
        let envelope = Envelope {
            about: about_text(entry.event.about()),
            actor: entry.actor.clone(),
            at: entry.at.as_millis(),
            event: serde_json::to_value(&entry.event)?,
            seq: entry.seq,
        };
        let mut words = Vec::new();
        let value = hide(serde_json::to_value(envelope)?, &mut String::new(), &mut words, &mut salt);
        let text = to_canonical(&value)?;
        let hash = leaf_hash(text.as_bytes());
        Ok(Leaf { text, hash, words })
    }
}

impl Entry {
    /// Reads a leaf back, with the texts that are still kept. Erased ones come back empty.
    pub fn read(leaf: &str, words: &[KeptWords]) -> Result<Entry, LeafError> {
        let value = reveal(serde_json::from_str(leaf)?, &mut String::new(), words);
        let envelope: Envelope = serde_json::from_value(value)?;
        Ok(Entry {
            seq: envelope.seq,
            at: Timestamp::from_millis(envelope.at),
            actor: envelope.actor,
            event: serde_json::from_value(envelope.event)?,
        })
    }
}

/// The row that an event is about, as the log spells it: `R-42`, `G-57`, `E-7`.
pub fn about_text(about: About) -> Option<String> {
    match about {
        About::Request(id) | About::Review(id) => Some(id.to_string()),
        About::Grant(id) => Some(id.to_string()),
        About::Entitlement(id) => Some(id.to_string()),
        About::Lock(id) => Some(id.to_string()),
        About::Nothing => None,
    }
}

/// The actor, as the log's column spells it: `person/maya`, `account/T0TEAM/U0USER`, `host/maya`, `host-user/root`, `daypass`.
pub fn actor_text(actor: &Actor) -> String {
    match actor {
        Actor::Person(person) => format!("person/{person}"),
        Actor::Account(account) => format!("account/{account}"),
        Actor::Host(person) => format!("host/{person}"),
        Actor::HostUser(user) => format!("host-user/{user}"),
        Actor::Daypass => "daypass".to_owned(),
    }
}

/// Every commitment in a leaf with its path.
pub fn commitments(leaf: &Value) -> Vec<(String, String)> {
    fn walk(value: &Value, path: &mut String, found: &mut Vec<(String, String)>) {
        match value {
            Value::Object(map) => match only_text(map, "commitment") {
                Some(text) => found.push((path.clone(), text.to_owned())),
                None => map.iter().for_each(|(key, item)| descend(path, key, |path| walk(item, path, found))),
            },
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| descend(path, &at.to_string(), |path| walk(item, path, found)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    walk(leaf, &mut String::new(), &mut found);
    found
}

fn commitment(salt_hex: &str, text: &str) -> String {
    to_hex(&Sha256::new().chain_update(from_hex(salt_hex)).chain_update(text).finalize())
}

/// Hex digits to bytes; what is no hex counts as no bytes, so that its commitment never matches.
fn from_hex(hex: &str) -> Vec<u8> {
    let digits: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.unwrap_or_default();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect()
}

fn hide(value: Value, path: &mut String, words: &mut Vec<KeptWords>, salt: &mut impl FnMut() -> [u8; SALT_BYTES]) -> Value {
    match value {
        Value::Object(map) => match only_text(&map, "words") {
            Some(text) => {
                let kept = KeptWords { path: path.clone(), salt: to_hex(&salt()), text: Some(text.to_owned()) };
                let commitment = commitment(&kept.salt, text);
                words.push(kept);
                tagged("commitment", commitment)
            }
            None => {
                let hidden = map.into_iter().map(|(key, item)| {
                    let item = descend(path, &key, |path| hide(item, path, words, salt));
                    (key, item)
                });
                Value::Object(hidden.collect())
            }
        },
        Value::Array(items) => {
            let hidden = items
                .into_iter()
                .enumerate()
                .map(|(at, item)| descend(path, &at.to_string(), |path| hide(item, path, words, salt)));
            Value::Array(hidden.collect())
        }
        Value::Number(number) if number.as_i64().is_none_or(|n| n.unsigned_abs() > EXACT_MAX) => {
            tagged("integer", number.to_string())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn reveal(value: Value, path: &mut String, words: &[KeptWords]) -> Value {
    match value {
        Value::Object(map) => {
            if only_text(&map, "commitment").is_some() {
                let kept = words.iter().find(|kept| kept.path == *path).and_then(|kept| kept.text.clone());
                return tagged("words", kept.unwrap_or_default());
            }
            if let Some(number) =
                only_text(&map, "integer").and_then(|text| serde_json::from_str::<serde_json::Number>(text).ok())
            {
                return Value::Number(number);
            }
            let shown = map.into_iter().map(|(key, item)| {
                let item = descend(path, &key, |path| reveal(item, path, words));
                (key, item)
            });
            Value::Object(shown.collect())
        }
        Value::Array(items) => {
            let shown =
                items.into_iter().enumerate().map(|(at, item)| descend(path, &at.to_string(), |path| reveal(item, path, words)));
            Value::Array(shown.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// Runs `f` one step further down, with the key as a JSON pointer spells it.
fn descend<T>(path: &mut String, key: &str, f: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    path.push('/');
    path.push_str(&key.replace('~', "~0").replace('/', "~1"));
    let result = f(path);
    path.truncate(length);
    result
}

/// The text under `key`, if the object holds nothing else.
fn only_text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    if map.len() == 1 { map.get(key).and_then(Value::as_str) } else { None }
}

fn tagged(key: &str, text: String) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), Value::String(text))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::words::Words;

    fn denial(reason: &str) -> Entry {
        Entry {
            seq: 7,
            at: Timestamp::from_millis(1_000),
            actor: Actor::Person("carol".parse().unwrap()),
            event: Event::RequestDenied {
                request: "R-1".parse().unwrap(),
                at: Timestamp::from_millis(i64::MAX),
                by: "carol".parse().unwrap(),
                in_place_of: None,
                reason: Words::typed(reason),
            },
        }
    }

    #[test]
    fn what_people_typed_is_committed_to_but_not_in_the_leaf() {
        let leaf = Leaf::of(&denial("my illness"), || [1; SALT_BYTES]).unwrap();
        assert!(!leaf.text.contains("illness"));
        assert_eq!(leaf.words.len(), 1);
        assert_eq!(leaf.words[0].path, "/event/reason");
        let found = commitments(&serde_json::from_str(&leaf.text).unwrap());
        assert_eq!(found, [("/event/reason".to_owned(), leaf.words[0].commitment().unwrap())]);
        assert!(!format!("{leaf:?}").contains("illness"));
    }

    #[test]
    fn a_leaf_reads_back_as_the_entry_it_was_made_of() {
        let entry = denial("no");
        let mut leaf = Leaf::of(&entry, || [1; SALT_BYTES]).unwrap();
        assert_eq!(Entry::read(&leaf.text, &leaf.words).unwrap(), entry);
        leaf.words[0].text = None;
        assert_eq!(Entry::read(&leaf.text, &leaf.words).unwrap(), denial(""));
    }

    #[test]
    fn the_same_text_twice_does_not_show_as_the_same() {
        let mut next = 0;
        let mut salt = || {
            next += 1;
            [next; SALT_BYTES]
        };
        let (one, two) = (Leaf::of(&denial("no"), &mut salt).unwrap(), Leaf::of(&denial("no"), &mut salt).unwrap());
        assert_ne!(one.words[0].commitment(), two.words[0].commitment());
    }

    #[test]
    fn leaves_have_one_spelling() {
        let leaf = Leaf::of(&denial("no"), || [0; SALT_BYTES]).unwrap();
        let commitment = leaf.words[0].commitment().unwrap();
        let expected = format!(
            r#"{{"about":"R-1","actor":{{"person":"carol"}},"at":1000,"event":{{"at":{{"integer":"9223372036854775807"}},"by":"carol","kind":"request.denied","reason":{{"commitment":"{commitment}"}},"request":1}},"seq":7}}"#
        );
        assert_eq!(leaf.text, expected);
    }
}
