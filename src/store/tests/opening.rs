//! Opening: one process at a time, whatever became of the others; files that are private; a log that kept its end.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::*;

#[tokio::test]
async fn a_second_opening_is_refused_and_names_the_holder() {
    // I18
    let stage = Stage::new();
    let Err(OpenError::InUse { holder, .. }) = Store::open(stage.dir.path(), at(0)) else { panic!("opened twice") };
    assert!(holder.starts_with(&format!("process {} on host ", std::process::id())), "{holder}");
    assert!(!holder.ends_with("host "), "{holder}");
}

/// Runs [`another_process`] of this same test binary on a directory.
fn start_another(dir: &std::path::Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::opening::another_process", "--include-ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.as_mut().unwrap(), "{}", dir.display()).unwrap();
    child
}

/// What the other process says about its attempt, among what the test harness says around it.
fn what_it_says(child: &mut Child) -> String {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map(Result::unwrap).find_map(|line| line.split_once("daypass: ").map(|(_, said)| said.to_owned())).unwrap()
}

#[test]
#[ignore = "is another process for its neighbours; by itself it has nothing to do"]
fn another_process() {
    let mut dir = String::new();
    std::io::stdin().read_line(&mut dir).unwrap();
    if dir.trim().is_empty() {
        return;
    }
    let opened = Store::open(&PathBuf::from(dir.trim()), at(0));
    let said = match &opened {
        Ok(store) => {
            let done: Result<(), StoreError> = store.write_blocking(|tx| tx.record(at(70), &maya(), asked(1)));
            format!("{done:?}")
        }
        Err(error) => error.to_string(),
    };
    let mut out = std::io::stdout();
    writeln!(out, "daypass: {said}").unwrap();
    out.flush().unwrap();
    // Stays as it is until it is killed or told to go.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[tokio::test]
async fn another_process_is_refused_with_the_number_of_this_one() {
    // I18, E36
    let stage = Stage::new();
    let mut child = start_another(stage.dir.path());
    let said = what_it_says(&mut child);
    assert!(said.contains(&format!("is in use by process {} on host ", std::process::id())), "{said}");
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[tokio::test]
async fn what_a_killed_process_had_answered_for_is_there_for_the_next() {
    // E3, I18: the other way round, and a lock dies with its process.
    let dir = tempfile::tempdir().unwrap();
    let mut child = start_another(dir.path());
    assert_eq!(what_it_says(&mut child), "Ok(())");
    let Err(OpenError::InUse { holder, .. }) = Store::open(dir.path(), at(0)) else { panic!("opened twice") };
    assert!(holder.starts_with(&format!("process {} on host ", child.id())), "{holder}");
    child.kill().unwrap();
    child.wait().unwrap();

    let store = Store::open(dir.path(), at(0)).unwrap();
    assert!(store.read(|r| r.request(RequestId::from_number(1))).await.unwrap().is_some());
    assert_eq!(store.last_time(), at(70));
    assert_eq!(store.verify_audit().await.unwrap().unwrap().size, 1);
}

#[tokio::test]
async fn a_removed_lock_file_lets_nobody_in_beside_a_living_process() {
    // I18: the lease row.
    let stage = Stage::new();
    fs::remove_file(stage.dir.path().join(place::LOCK_FILE)).unwrap();
    let Err(OpenError::InUse { holder, .. }) = Store::open(stage.dir.path(), at(0)) else { panic!("opened twice") };
    assert!(holder.starts_with(&format!("process {} on host ", std::process::id())), "{holder}");
}

#[tokio::test]
async fn a_process_that_lost_its_lease_writes_nothing_more() {
    // I18: as if its place had been taken from a host that cannot see its processes.
    let stage = Stage::new();
    stage.record(vec![asked(1)]).await.unwrap();
    stage.shell().execute_batch("UPDATE leases SET token = 'another', pid = 77, host = 'db2'").unwrap();
    for id in 2..4 {
        let refused = stage.record(vec![asked(id)]).await.unwrap_err().to_string();
        assert_eq!(refused, "nothing was recorded: process 77 on host db2 has taken over the data directory");
    }
    assert_eq!(stage.store.health(), Health::Usurped { by: "process 77 on host db2".to_owned() });
    let kept = stage.store.read(|r| r.pending_requests(9)).await.unwrap();
    assert_eq!(kept.len(), 1, "reading goes on");
    let Stage { dir, store } = stage;
    drop(store);
    let shell = Connection::open(dir.path().join(place::DATABASE_FILE)).unwrap();
    let token: String = shell.query_row("SELECT token FROM leases", [], |row| row.get(0)).unwrap();
    assert_eq!(token, "another", "the other's lease is left alone");
}

#[tokio::test]
async fn every_file_of_the_database_is_private() {
    let stage = Stage::new();
    stage.record(vec![asked(1)]).await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(stage.dir.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["daypass.db", "daypass.db-shm", "daypass.db-wal", "daypass.lock"]);
}

#[tokio::test]
async fn the_installation_keeps_its_id_and_two_installations_differ() {
    let stage = Stage::new();
    let id = stage.store.installation().to_owned();
    let stage = stage.restarted();
    assert_eq!(stage.store.installation(), id);
    assert_ne!(Stage::new().store.installation(), id);
}

#[tokio::test]
async fn a_log_that_lost_its_end_is_not_built_upon() {
    let stage = Stage::new();
    stage.record(approval(1)).await.unwrap();
    let Stage { dir, store } = stage;
    drop(store);
    let shell = Connection::open(dir.path().join(place::DATABASE_FILE)).unwrap();
    shell.pragma_update(None, "foreign_keys", false).unwrap();
    shell.execute_batch("DROP TRIGGER audit_is_not_shortened; DELETE FROM audit WHERE seq = 5").unwrap();
    drop(shell);
    for _ in 0..2 {
        let refused = Store::open(dir.path(), at(0)).err().unwrap();
        assert!(matches!(refused, OpenError::LogCut { found: 4, expected: 5 }), "{refused}");
    }
}

#[tokio::test]
async fn the_writing_connection_waits_for_the_disk_and_keeps_the_rules() {
    let stage = Stage::new();
    let pragmas = stage
        .store
        .write(|tx| {
            let get = |name: &str| tx.conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            let mode: String = tx.conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            Ok::<_, StoreError>((
                mode,
                get("synchronous")?,
                get("foreign_keys")?,
                get("trusted_schema")?,
                get("cell_size_check")?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(pragmas, ("wal".to_owned(), 2, 1, 0, 1));
}
