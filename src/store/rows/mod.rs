//! Requests, reviews, grants, entitlements and absences as rows: one column per scalar, JSON only for lists.
//!
//! Loading and saving are exact inverses. Saving an existing row is a compare-and-set on its version.

pub(super) mod absence;
pub(super) mod entitlement;
pub(super) mod grant;
pub(super) mod lock;
pub(super) mod request;
pub(super) mod review;

use std::error::Error;
use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::StoreError;
use crate::access::entitlement::{Level, Target, Trouble};
use crate::access::time::{Timestamp, Ttl};
use crate::access::words::Words;

/// How a row goes to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Save {
    /// As a new row.
    Insert,
    /// In place of the row with the version before it.
    Replace,
}

/// Turns the number of changed rows into the verdict of a compare-and-set.
pub(super) fn one_row(changed: usize, about: impl ToString) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Raced { about: about.to_string() }) }
}

/// A row being read, with its name for error messages.
pub(super) struct Fields<'a> {
    pub row: &'a Row<'a>,
    pub what: String,
}

impl Fields<'_> {
    pub fn unreadable(&self, problem: impl ToString) -> StoreError {
        StoreError::Unreadable { what: self.what.clone(), problem: problem.to_string() }
    }

    pub fn get<T: FromSql>(&self, column: &str) -> Result<T, StoreError> {
        self.row.get(column).map_err(|error| self.unreadable(error))
    }

    pub fn parsed<T: FromStr<Err: Error>>(&self, column: &str) -> Result<T, StoreError> {
        self.get::<String>(column)?.parse().map_err(|error| self.unreadable(error))
    }

    pub fn parsed_maybe<T: FromStr<Err: Error>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let text = self.get::<Option<String>>(column)?;
        text.map(|text| text.parse().map_err(|error| self.unreadable(error))).transpose()
    }

    /// One of an enum's variants that carry no data, by the name that serde gives it.
    pub fn named<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_value(Value::String(self.get(column)?)).map_err(|error| self.unreadable(error))
    }

    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.get::<String>(column)?).map_err(|error| self.unreadable(error))
    }

    pub fn json_maybe<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| self.unreadable(error))).transpose()
    }

    pub fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.get(column).map(Timestamp::from_millis)
    }

    pub fn time_maybe(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
    }

    pub fn ttl(&self, column: &str) -> Result<Ttl, StoreError> {
        let millis = self.get(column)?;
        Ttl::from_millis(millis).ok_or_else(|| self.unreadable(format!("`{millis}` ms is no length of an access")))
    }

    pub fn count(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(column)?).map_err(|error| self.unreadable(error))
    }

    pub fn words(&self, column: &str) -> Result<Words, StoreError> {
        self.get(column).and_then(|text: String| words_from(text).map_err(|error| self.unreadable(error)))
    }

    pub fn level_maybe(&self, name: &str, rank: &str) -> Result<Option<Level>, StoreError> {
        match (self.get::<Option<String>>(name)?, self.get::<Option<u32>>(rank)?) {
            (Some(name), Some(rank)) => Ok(Some(Level { name, rank })),
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(self.unreadable("a level without its rank")),
        }
    }

    pub fn target(&self, level: Option<Level>, until: &str) -> Result<Target, StoreError> {
        Ok(match level {
            Some(level) => Target::Present { level, until: self.time_maybe(until)? },
            None => Target::Absent,
        })
    }

    pub fn trouble_maybe(&self) -> Result<Option<Trouble>, StoreError> {
        if self.get::<Option<String>>("trouble_class")?.is_none() {
            return Ok(None);
        }
        Ok(Some(Trouble {
            class: self.named("trouble_class")?,
            code: self.get("trouble_code")?,
            message: self.get("trouble_message")?,
        }))
    }
}

/// The text as it was typed: not trimmed again, which would change what was cut at its longest.
fn words_from(text: String) -> Result<Words, serde_json::Error> {
    serde_json::from_value(serde_json::json!({ "words": text }))
}

/// The name that serde gives an enum's variant without data.
pub(super) fn name_of<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => Ok(name),
        Ok(other) => Err(StoreError::Unreadable { what: "name".to_owned(), problem: format!("`{other}` is more than a name") }),
        Err(error) => Err(StoreError::Database(Box::new(error))),
    }
}

/// A list as JSON.
pub(super) fn json_of<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Database(Box::new(error)))
}

/// Milliseconds of a moment that may be missing.
pub(super) fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

/// A target's name, level and native end, each for its column.
pub(super) fn target_columns(target: &Target) -> (&'static str, Option<&Level>, Option<i64>) {
    match target {
        Target::Absent => ("absent", None, None),
        Target::Present { level, until } => ("present", Some(level), millis(*until)),
    }
}
