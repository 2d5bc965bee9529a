//! An attacker who can write to the disk: changes one row of the audit log behind the bot's back, as Sam does in the tour.
//!
//! It removes the triggers that forbid it and puts them back afterwards, so that nothing but the hashes can tell.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use rusqlite::{Connection, OptionalExtension};

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tampered {
    pub seq: i64,
    pub before: String,
    pub after: String,
}

/// The bot's database in its data directory.
pub fn database(data: &Path) -> PathBuf {
    data.join("daypass.db")
}

/// Which row to forge: who approved is what one would want to change; otherwise the latest row that names her, or just the latest.
const TARGET: &str = "SELECT seq, leaf FROM audit
    ORDER BY leaf LIKE '%carol%' AND leaf LIKE '%request.approved%' DESC, leaf LIKE '%carol%' DESC, seq DESC LIMIT 1";

/// Makes `dave` out of `carol` in one row; where nothing names her, the change is smaller.
pub fn change_one_row(database: &Path) -> anyhow::Result<Tampered> {
    let mut connection = Connection::open_with_flags(
        database,
        rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .with_context(|| format!("could not open `{}`", database.display()))?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let transaction = connection.transaction()?;
    let triggers = update_triggers(&transaction)?;
    for (name, _) in &triggers {
        transaction.execute_batch(&format!("DROP TRIGGER \"{}\"", name.replace('"', "\"\"")))?;
    }
    let row: Option<(i64, String)> = transaction.query_row(TARGET, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((seq, before)) = row else { bail!("the audit log is empty: ask for something first") };
    let named = before.replace("carol", "dave");
    // White space at the end keeps JSON valid, and is a change all the same.
    let after = if named == before { format!("{before} ") } else { named };
    transaction.execute("UPDATE audit SET leaf = ?1 WHERE seq = ?2", (&after, seq))?;
    for (_, sql) in &triggers {
        transaction.execute_batch(sql)?;
    }
    transaction.commit()?;
    Ok(Tampered { seq, before, after })
}

fn update_triggers(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement =
        connection.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let all: rusqlite::Result<Vec<(String, String)>> = rows.collect();
    Ok(all?.into_iter().filter(|(_, sql)| sql.to_uppercase().contains(" UPDATE ")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(rows: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = database(directory.path());
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE audit (seq INTEGER PRIMARY KEY, leaf TEXT NOT NULL CHECK (json_valid(leaf))) STRICT;
                 CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
                 BEGIN SELECT RAISE(ABORT, 'never'); END;",
            )
            .unwrap();
        for row in rows {
            connection.execute("INSERT INTO audit (leaf) VALUES (?1)", [row]).unwrap();
        }
        (directory, path)
    }

    #[test]
    fn one_row_changes_although_a_trigger_forbids_it_and_the_trigger_stands_again() {
        let (_kept, path) = log_of(&[r#"{"actor":"maya"}"#, r#"{"actor":"carol"}"#, r#"{"actor":"clock"}"#]);
        let tampered = change_one_row(&path).unwrap();
        assert_eq!((tampered.seq, tampered.after.as_str()), (2, r#"{"actor":"dave"}"#));
        let connection = Connection::open(&path).unwrap();
        let leaf: String = connection.query_row("SELECT leaf FROM audit WHERE seq = 2", [], |row| row.get(0)).unwrap();
        assert_eq!(leaf, r#"{"actor":"dave"}"#);
        assert!(connection.execute("UPDATE audit SET leaf = '{}'", []).is_err(), "the trigger is back");
    }

    #[test]
    fn the_approval_is_forged_rather_than_what_came_after_it() {
        let approved = r#"{"event":{"kind":"request.approved","by":"carol"}}"#;
        let (_kept, path) = log_of(&[r#"{"actor":"carol"}"#, approved, r#"{"actor":"carol"}"#]);
        assert_eq!(change_one_row(&path).unwrap().after, r#"{"event":{"kind":"request.approved","by":"dave"}}"#);
    }

    #[test]
    fn without_carol_the_latest_row_changes_and_an_empty_log_is_an_error() {
        let (_kept, path) = log_of(&[r#"{"actor":"maya"}"#]);
        assert_ne!(change_one_row(&path).unwrap().after, r#"{"actor":"maya"}"#);
        let (_kept, path) = log_of(&[]);
        assert!(change_one_row(&path).is_err());
    }
}
