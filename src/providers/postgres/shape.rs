//! A role's `grant:` at PostgreSQL, and what a description keeps of it.

use serde::{Deserialize, Serialize};

use crate::access::entitlement::{Class, Description};
use crate::providers::shape::{ShapeError, only_keys, text};
use crate::providers::{GrantShape, ProviderError};

use super::quote::NAME_BYTES_MAX;

const KEYS: &[&str] = &["member_of", "login_in", "connection_limit", "owned_objects"];
/// How many connections an own login may have when the policy does not say.
const CONNECTION_LIMIT_DEFAULT: u16 = 5;
const CONNECTION_LIMIT_MAX: u16 = 100;

/// What a role gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Membership of an existing login in this group.
    MemberOf(String),
    /// A login of its own for each grant.
    LoginIn(LoginIn),
}

/// A login of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginIn {
    /// The group that it is a member of.
    pub group: String,
    /// How many connections it may have at once.
    pub connection_limit: u16,
    /// What becomes of the objects that it owns at its end.
    pub owned_objects: OwnedObjects,
}

/// What becomes of the objects that an own login owns at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnedObjects {
    /// They stay, and so does the role, without login: people decide.
    Keep,
    /// They go to the group, and the role is dropped.
    Reassign,
}

impl Grant {
    /// Reads `{ member_of }` or `{ login_in, connection_limit?, owned_objects? }`.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(shape: &GrantShape) -> Result<Grant, ShapeError> {
        only_keys(shape, KEYS)?;
        match (text(shape, "member_of", NAME_BYTES_MAX)?, text(shape, "login_in", NAME_BYTES_MAX)?) {
            (Some(_), Some(_)) => Err(ShapeError::Both { key: "login_in", other: "member_of" }),
            (None, None) => Err(ShapeError::Missing { keys: &["member_of", "login_in"] }),
            (Some(group), None) => match ["connection_limit", "owned_objects"].into_iter().find(|key| shape.contains_key(*key)) {
                Some(key) => Err(ShapeError::Both { key, other: "member_of" }),
                None => Ok(Grant::MemberOf(group.to_owned())),
            },
            (None, Some(group)) => Ok(Grant::LoginIn(LoginIn {
                group: group.to_owned(),
                connection_limit: connection_limit(shape)?,
                owned_objects: owned_objects(shape)?,
            })),
        }
    }
}

fn connection_limit(shape: &GrantShape) -> Result<u16, ShapeError> {
    let Some(value) = shape.get("connection_limit") else {
        return Ok(CONNECTION_LIMIT_DEFAULT);
    };
    let limit = value.as_u64().and_then(|limit| u16::try_from(limit).ok());
    limit.filter(|limit| (1..=CONNECTION_LIMIT_MAX).contains(limit)).ok_or_else(|| ShapeError::BadValue {
        key: "connection_limit",
        expected: format!("a number from 1 to {CONNECTION_LIMIT_MAX}"),
    })
}

fn owned_objects(shape: &GrantShape) -> Result<OwnedObjects, ShapeError> {
    match shape.get("owned_objects").map(|value| value.as_str()) {
        None | Some(Some("keep")) => Ok(OwnedObjects::Keep),
        Some(Some("reassign")) => Ok(OwnedObjects::Reassign),
        Some(_) => Err(ShapeError::BadValue { key: "owned_objects", expected: "`keep` or `reassign`".to_owned() }),
    }
}

/// What a description keeps: all that is needed later, and no secret in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Data {
    /// A membership. The group is the description's thing, the member its subject.
    Member,
    /// A login of its own. The role is the description's thing.
    Login(LoginData),
}

/// What is kept of a login of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginData {
    /// The group.
    pub group: String,
    /// The SCRAM-SHA-256 verifier: it proves a password, and is none.
    pub verifier: String,
    /// How many connections at once.
    pub connection_limit: u16,
    /// What becomes of owned objects.
    pub owned_objects: OwnedObjects,
}

impl Data {
    /// What this description keeps.
    ///
    /// # Errors
    /// When it is none of ours; nothing is done then.
    pub fn of(what: &Description) -> Result<Data, ProviderError> {
        serde_json::from_str(&what.data).map_err(|_| {
            ProviderError::new(Class::NeedsHuman, "bad_description", "the stored description of this access cannot be read")
        })
    }
}
