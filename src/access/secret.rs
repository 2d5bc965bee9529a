//! A secret for the person of a grant: sealed text, and how far the showing of it has gone, where it is shown on a page.
//!
//! Nothing here can open what is sealed. Once it was shown, or the access is on its way out, the sealed text is dropped.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;

use super::event::Event;
use super::grant::{Grant, GrantState};
use super::time::Timestamp;

/// A secret in the form in which it may be kept: encrypted with age, armoured.
///
/// Its serialised form is `{"words": "…"}`, as of what people type: the audit log puts a salted commitment in its place, and
/// the text beside the log is erased together with that of the row. Earlier versions wrote the text itself, which is still read.
/// `Debug` shows only its length.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Sealed {
    words: String,
}

impl Sealed {
    /// Takes an armoured text.
    pub fn armored(text: String) -> Sealed {
        Sealed { words: text }
    }

    /// The armoured text. It is for its recipients only, though nobody else could read it.
    pub fn as_armored(&self) -> &str {
        &self.words
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.words.len())
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sealed, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Now { words: String },
            Earlier(String),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Now { words } | Written::Earlier(words) => Sealed { words },
        })
    }
}

/// A secret as an approval writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The secret.
    pub sealed: Sealed,
    /// Who can open it.
    pub to: SealedTo,
}

/// Who can open a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedTo {
    /// The person alone, with a key of their own.
    TheirKeys,
    /// This host, which shows it to the person once.
    Host,
}

/// How far the showing of a secret has gone that the host keeps for its person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reveal {
    /// It was not shown yet.
    Waiting {
        /// The link that leads to it, if one was given out; the one before leads nowhere.
        link: Option<Link>,
    },
    /// It was shown, and is kept no more.
    Shown {
        /// When.
        at: Timestamp,
        /// By which link.
        by: LinkHash,
        /// Whether that link was used again afterwards.
        again: Again,
    },
}

/// Whether a link that was used up was used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// No.
    No,
    /// Yes; people were told.
    Yes,
}

/// A link that leads to a secret once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What it is known by.
    pub hash: LinkHash,
    /// From this moment on it leads nowhere.
    pub until: Timestamp,
}

/// SHA-256 over the random part of a link: the link itself is nowhere but with the person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinkHash(pub [u8; 32]);

impl LinkHash {
    /// Whether both are the same, in a time that does not tell how alike they are.
    pub fn is(&self, other: &LinkHash) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl fmt::Display for LinkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LinkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkHash({self})")
    }
}

impl Serialize for LinkHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LinkHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LinkHash, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        let bytes = digits.map(|digits| {
            let (pairs, _) = digits.as_chunks::<2>();
            pairs.iter().map(|[high, low]| (high << 4) | low).collect::<Vec<u8>>()
        });
        let bytes = bytes.filter(|_| text.len() == 64).and_then(|bytes| bytes.try_into().ok());
        bytes.map(LinkHash).ok_or_else(|| serde::de::Error::custom("a link's hash has 64 hexadecimal digits"))
    }
}

/// Where a link leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leads {
    /// To the secret.
    ToSecret,
    /// To nothing but the news that it was shown by it, then.
    ToNews(Timestamp),
    /// Nowhere: nobody gave it out, another took its place, its time is over, or the access is.
    Nowhere,
}

impl Grant {
    /// Where a link leads at this moment.
    pub fn leads(&self, hash: &LinkHash, at: Timestamp) -> Leads {
        match (&self.reveal, &self.ciphertext, &self.state) {
            (Some(Reveal::Waiting { link: Some(link) }), Some(_), GrantState::Active { .. })
                if link.hash.is(hash) && at < link.until =>
            {
                Leads::ToSecret
            }
            (Some(Reveal::Shown { at, by, .. }), _, _) if by.is(hash) => Leads::ToNews(*at),
            _ => Leads::Nowhere,
        }
    }

    /// The grant after something was done about its secret; `None` where that does not fit.
    pub(super) fn secret_after(mut self, event: &Event) -> Option<Grant> {
        let is_active = self.is_active();
        let reveal = match (event, self.reveal.take()?) {
            (Event::SecretLinked { link, .. }, Reveal::Waiting { .. }) if is_active => {
                Reveal::Waiting { link: Some(link.clone()) }
            }
            (Event::SecretShown { at, by, .. }, Reveal::Waiting { link: Some(link) }) if is_active && link.hash == *by => {
                self.ciphertext = None;
                Reveal::Shown { at: *at, by: *by, again: Again::No }
            }
            (Event::SecretAskedAgain { .. }, Reveal::Shown { at, by, again: Again::No }) => {
                Reveal::Shown { at, by, again: Again::Yes }
            }
            _ => return None,
        };
        Some(Grant { reveal: Some(reveal), ..self })
    }

    /// What opens nothing any more is not kept.
    pub(super) fn forget_useless_secret(&mut self) {
        if self.is_to_come() {
            return;
        }
        self.ciphertext = None;
        if let Some(Reveal::Waiting { link }) = &mut self.reveal {
            *link = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_read_as_it_was_written_by_any_version_and_shown_by_none() {
        let sealed = Sealed::armored("-----BEGIN canary".to_owned());
        assert_eq!(format!("{sealed:?}"), "Sealed(17 bytes)");
        assert_eq!(serde_json::to_string(&sealed).unwrap(), r#"{"words":"-----BEGIN canary"}"#);
        for written in [r#"{"words":"-----BEGIN canary"}"#, r#""-----BEGIN canary""#] {
            assert_eq!(serde_json::from_str::<Sealed>(written).unwrap(), sealed);
        }
    }

    #[test]
    fn a_hash_reads_back_and_nothing_else_is_one() {
        let hash = LinkHash(std::array::from_fn(|at| u8::try_from(at * 8).unwrap()));
        let text = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<LinkHash>(&text).unwrap(), hash);
        assert!(hash.is(&hash) && !hash.is(&LinkHash([0; 32])));
        for no_hash in [r#""""#, r#""00""#, &format!("\"{}\"", "zz".repeat(32)), &format!("\"{}\"", "0".repeat(65))] {
            assert!(serde_json::from_str::<LinkHash>(no_hash).is_err(), "{no_hash}");
        }
    }
}
