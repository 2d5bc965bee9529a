//! The schema, brought up step by step. `PRAGMA user_version` counts the steps; each is one transaction.

use rusqlite::{Connection, TransactionBehavior};

use super::error::OpenError;

/// Marks the file as ours for `file(1)` and for us: `DayP`.
const APPLICATION_ID: i64 = 0x4461_7950;

/// Every step, in order. A released step is never edited; a change is a new one.
const STEPS: [&str; 14] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0010.sql"),
    include_str!("migrations/0011.sql"),
    include_str!("migrations/0012.sql"),
    include_str!("migrations/0014.sql"),
    include_str!("migrations/0016.sql"),
    include_str!("migrations/0017.sql"),
    include_str!("migrations/0018.sql"),
];

/// Brings the database up to the newest schema.
pub fn migrate(conn: &mut Connection, file: &std::path::Path) -> Result<(), OpenError> {
    let found = version(conn, file)?;
    for (number, step) in (1..).zip(STEPS).filter(|(number, _)| *number > found) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.commit()?;
    }
    Ok(())
}

/// Refuses a database of another schema than the newest that is known here.
pub fn check_version(conn: &Connection, file: &std::path::Path) -> Result<(), OpenError> {
    let found = version(conn, file)?;
    if found < known() { Err(OpenError::SchemaTooOld { found, known: known() }) } else { Ok(()) }
}

fn known() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// How many steps a database has behind it; it is ours, or empty, and no newer than we know.
fn version(conn: &Connection, file: &std::path::Path) -> Result<i64, OpenError> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(OpenError::NotOurs { file: file.to_owned() });
    }
    if found > known() { Err(OpenError::SchemaTooNew { found, known: known() }) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn an_empty_file_gets_the_whole_schema_and_a_second_run_changes_nothing() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, Path::new("x")).unwrap();
        let schema = |conn: &Connection| -> Vec<String> {
            let mut statement = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let tables = schema(&conn);
        migrate(&mut conn, Path::new("x")).unwrap();
        assert_eq!(schema(&conn), tables);
        for table in ["audit", "entitlements", "grants", "inbox", "leases", "meta", "outbox", "requests", "words"] {
            assert!(tables.iter().any(|name| name == table), "{table} is missing");
        }
    }

    #[test]
    fn secrets_of_what_is_over_go_and_rows_change_with_the_log_as_before() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "foreign_keys", false).unwrap();
        let until = STEPS.iter().position(|step| step.contains("grants_keep_no_useless_secret")).unwrap();
        STEPS[..until].iter().for_each(|step| conn.execute_batch(step).unwrap());
        conn.pragma_update(None, "user_version", until).unwrap();
        conn.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        let rows = "DROP TRIGGER grants_begin_in_the_log;
            INSERT INTO grants (id, version, audit_seq, request, entitlement, person, level, level_rank, access_for_ms, start_at,
                start_by, latest_end, warn_before_ms, native_expiry, ciphertext, drifted, state, active_at, ends_at, warned,
                end_due_at, cause, over_at, proof)
            VALUES (1, 1, 1, 1, 1, 'maya', 'x', 1, 1, 0, 0, 0, 1, 'none', 'sealed', 0, 'active', 1, 2, 0, NULL, NULL, NULL, NULL),
                   (2, 1, 1, 1, 1, 'maya', 'x', 1, 1, 0, 0, 0, 1, 'none', 'sealed', 0, 'ended', 1, NULL, NULL, 5, 'time_over', 6,
                    'read_back')";
        conn.execute_batch(rows).unwrap();

        migrate(&mut conn, Path::new("x")).unwrap();
        let left: String = conn
            .query_row("SELECT group_concat(id || '=' || coalesce(ciphertext, 'none')) FROM grants", [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, "1=sealed,2=none");
        let change = conn.execute("UPDATE grants SET reveal = '{}', version = 2 WHERE id = 1", []);
        assert!(change.unwrap_err().to_string().contains("only with a line of the audit log"));
    }

    #[test]
    fn every_table_is_strict() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, Path::new("x")).unwrap();
        let loose: i64 = conn
            .query_row(
                "SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite%'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(loose, 0);
    }

    #[test]
    fn the_database_of_a_later_version_or_of_something_else_is_left_alone() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, Path::new("x")).unwrap();
        conn.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(migrate(&mut conn, Path::new("x")), Err(OpenError::SchemaTooNew { found: 99, .. })));

        let mut other = Connection::open_in_memory().unwrap();
        other.execute_batch("CREATE TABLE recipes (id INTEGER)").unwrap();
        assert!(matches!(migrate(&mut other, Path::new("x")), Err(OpenError::NotOurs { .. })));
    }
}
