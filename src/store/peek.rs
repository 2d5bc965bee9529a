//! Looking into a database that another process may have open: without its lock or its lease, and without changing anything.

use std::path::Path;

use rusqlite::TransactionBehavior;

use super::error::{OpenError, StoreError};
use super::migrate::check_version;
use super::open::open_reader;
use super::place::{DATABASE_FILE, check_sqlite};
use super::reader::Reader;

/// Answers a question from one consistent view of what is committed in the database of `dir`.
///
/// It blocks for as long as the question takes, and holds up nobody: a process that serves this database goes on writing.
///
/// # Errors
///
/// There is no database, it is something else, or its schema is not the one that this version reads.
pub fn peek<T>(dir: &Path, question: impl FnOnce(&Reader<'_>) -> Result<T, StoreError>) -> Result<T, OpenError> {
    check_sqlite(rusqlite::version_number())?;
    let file = dir.join(DATABASE_FILE);
    if !file.exists() {
        return Err(OpenError::NoDatabase { dir: dir.to_owned() });
    }
    let mut conn = open_reader(&file)?;
    check_version(&conn, &file)?;
    let view = conn.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let answer = question(&Reader::new(&view))?;
    view.finish()?;
    Ok(answer)
}
