//! The words of `/jit lock`, `/jit unlock` and `/jit revoke-all`. Who or what is meant is found out by `app`.

use super::length::{Head, head};
use super::{Command, Length, NotUnderstood, not_understood};
use crate::access::words::Words;

/// A line that sets a lock, as an example.
pub const LOCK_EXAMPLE: &str = "/jit lock @maya until 18:00 laptop was stolen";

/// What somebody wants to lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockWords {
    /// What, in whatever spelling: a mention, a group, a thing, `everything`.
    pub what: String,
    /// How long; until it is lifted, when missing.
    pub length: Option<Length>,
    /// Why.
    pub reason: Words,
}

pub(super) fn lock(rest: &[&str]) -> Result<Command, NotUnderstood> {
    let (what, rest) = rest.split_first().ok_or_else(|| not_understood("it does not say what to lock", LOCK_EXAMPLE))?;
    let (length, reason) = length(rest)?;
    Ok(Command::Lock(LockWords { what: (*what).to_owned(), length, reason: Words::typed(&reason.join(" ")) }))
}

pub(super) fn unlock(rest: &[&str]) -> Result<Command, NotUnderstood> {
    const LINE: &str = "/jit unlock @maya";
    match rest {
        [what] => Ok(Command::Unlock { what: (*what).to_owned() }),
        [] => Err(not_understood("it does not say what to unlock", LINE)),
        [_, word, ..] => Err(not_understood(&format!("there is a word too many: `{}`", super::shown(word)), LINE)),
    }
}

pub(super) fn revoke_all(rest: &[&str]) -> Result<Command, NotUnderstood> {
    const LINE: &str = "/jit revoke-all @maya left the company";
    let (whose, reason) = rest.split_first().ok_or_else(|| not_understood("it does not say whose", LINE))?;
    Ok(Command::RevokeAll { whose: (*whose).to_owned(), reason: Words::typed(&reason.join(" ")) })
}

/// How long, and the words after it.
fn length<'a, 'w>(rest: &'a [&'w str]) -> Result<(Option<Length>, &'a [&'w str]), NotUnderstood> {
    match head(rest) {
        Head::Said { from: None, length, read } => Ok((length, rest.get(read..).unwrap_or_default())),
        Head::Said { from: Some(_), .. } => Err(not_understood("a lock begins at once: it has no `from`", LOCK_EXAMPLE)),
        Head::Wrong(problem) => Err(not_understood(&problem, LOCK_EXAMPLE)),
        Head::Other => Ok((None, rest)),
    }
}
