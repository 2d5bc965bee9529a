//! Names of things, each with its own type, so that no two of them can be mixed up.
//!
//! Numbers that people say aloud (`R-42`, `G-57`) are small integers; names that operators choose in policy files are
//! short lower-case text. Nothing here knows what the names stand for.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier. The message says what would be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnId {
    text: String,
    expected: &'static str,
}

impl NotAnId {
    /// That `text` is not what was expected.
    pub(super) fn of(text: &str, expected: &'static str) -> NotAnId {
        NotAnId { text: text.to_owned(), expected }
    }
}

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.text, self.expected)
    }
}

impl std::error::Error for NotAnId {}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// The number itself, as it is stored.
            pub const fn number(self) -> i64 {
                self.0
            }

            /// An id from its stored number.
            pub const fn from_number(number: i64) -> Self {
                Self(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "-{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            /// Reads the spoken form (any case); a bare number is not accepted, since it would not say what it numbers.
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.trim()
                    .to_ascii_uppercase()
                    .strip_prefix(concat!($prefix, "-"))
                    .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
                    .and_then(|digits| digits.parse::<i64>().ok())
                    .filter(|number| *number > 0)
                    .map(Self)
                    .ok_or_else(|| NotAnId { text: text.to_owned(), expected: concat!("a number like ", $prefix, "-42") })
            }
        }
    };
}

numbered!(
    /// A request: what people decide. Shown as `R-42`.
    RequestId, "R"
);
numbered!(
    /// A grant: one person's claim on one access until an end. Shown as `G-57`.
    GrantId, "G"
);
numbered!(
    /// An entitlement: what must be true at a provider. Shown as `E-7`, in logs and exports only.
    EntitlementId, "E"
);
numbered!(
    /// A lock: nothing new is given to what it covers. Shown as `L-3`.
    LockId, "L"
);

/// The longest name an operator may give anything, in characters.
pub const NAME_CHARS_MAX: usize = 80;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as it is written in policy files.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if is_name(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(NotAnId {
                        text: text.to_owned(),
                        expected: "a name: lower-case letters, digits and `.` `_` `-` `/`, beginning and ending with a letter or digit, at most 80 characters",
                    })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.as_str().to_owned()
            }
        }
    };
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    bytes.len() <= NAME_CHARS_MAX
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-' | b'/'))
}

named!(
    /// The canonical person. Every check of who somebody is compares this, never a Slack id or an e-mail address.
    PersonId
);
named!(
    /// A group of people, as policies name it.
    GroupId
);
named!(
    /// Something that access can be asked for, such as `prod/orders`.
    ResourceId
);
named!(
    /// A role on a resource, such as `readonly`.
    RoleId
);
named!(
    /// One configured provider: a kind of system at one address, such as `orders-pg`.
    ProviderId
);
named!(
    /// One rule of the policy files.
    PolicyId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_the_way_people_write_them() {
        for text in ["R-42", "r-42", " R-42 "] {
            assert_eq!(text.parse::<RequestId>().unwrap().to_string(), "R-42");
        }
        for text in ["42", "G-42", "R-", "R-0", "R--1", "R-4x", "R-99999999999999999999"] {
            assert!(text.parse::<RequestId>().is_err(), "{text} must not be a request");
        }
    }

    #[test]
    fn names_cannot_carry_markup_space_or_case() {
        assert_eq!("prod/orders".parse::<ResourceId>().unwrap().as_str(), "prod/orders");
        for text in ["", "Maya", "a b", "<@U1>", "-a", "a/", "a\u{202e}b", &"x".repeat(81)] {
            assert!(text.parse::<PersonId>().is_err(), "{text:?} must not be a name");
        }
    }
}
