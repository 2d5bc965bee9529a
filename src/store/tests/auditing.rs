//! The audit log in the database: it verifies, and every kind of tampering is noticed.

use super::*;
use crate::audit::tree::{self, Head};
use crate::audit::{self, Wrong, show_head};

/// A log of a few lines, and a shell that nothing holds back.
async fn tampered(sql: &str) -> Result<Head, Problem> {
    let stage = Stage::new();
    stage.record(approval(1)).await.unwrap();
    stage.record(vec![asked(2)]).await.unwrap();
    let shell = stage.shell();
    shell.pragma_update(None, "foreign_keys", false).unwrap();
    shell
        .execute_batch(
            "DROP TRIGGER audit_is_not_rewritten; DROP TRIGGER audit_is_not_shortened; DROP TRIGGER audit_appends;
             DROP TRIGGER words_are_only_erased; DROP TRIGGER words_stay; DROP TRIGGER meta_only_moves_on;",
        )
        .unwrap();
    shell.execute_batch(sql).unwrap();
    stage.store.verify_audit().await.unwrap()
}

#[tokio::test]
async fn an_untouched_log_verifies() {
    let head = tampered("").await.unwrap();
    assert_eq!(head.size, 6);
    assert!(show_head(&head).starts_with("6 entries, root "));
}

/// Changes the first byte of a hash of line 3.
fn flip(column: &str) -> String {
    format!(
        "UPDATE audit SET {column} = CAST(CASE substr({column}, 1, 1) WHEN x'00' THEN x'01' ELSE x'00' END
                                          || substr({column}, 2) AS BLOB) WHERE seq = 3"
    )
}

fn words(path: &str) -> Wrong {
    Wrong::Words(path.to_owned())
}

#[tokio::test]
async fn every_kind_of_tampering_with_lines_is_noticed_and_placed() {
    let swap = "UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;
                UPDATE audit SET seq = 3 WHERE seq = 100";
    let swap_texts = "CREATE TEMP TABLE other AS SELECT seq, leaf, leaf_hash FROM audit;
                      UPDATE audit SET (leaf, leaf_hash) = (SELECT leaf, leaf_hash FROM other WHERE other.seq = 5 - audit.seq)
                      WHERE seq IN (2, 3)";
    let table: Vec<(String, u64, Wrong)> = vec![
        ("UPDATE audit SET leaf = replace(leaf, 'carol', 'hugo') WHERE seq = 3".into(), 3, Wrong::LeafHash),
        (flip("leaf_hash"), 3, Wrong::LeafHash),
        (flip("completed"), 3, Wrong::TreeHash),
        ("UPDATE audit SET completed = substr(completed, 1, 32) WHERE seq = 4".into(), 4, Wrong::TreeHash),
        (flip("root"), 3, Wrong::Root),
        ("DELETE FROM audit WHERE seq = 3".into(), 3, Wrong::Gap { found: 4 }),
        ("DELETE FROM audit WHERE seq = 1".into(), 1, Wrong::Gap { found: 2 }),
        ("DELETE FROM audit WHERE seq = 6".into(), 5, Wrong::End { head: 6 }),
        ("DELETE FROM audit WHERE seq > 2".into(), 2, Wrong::End { head: 6 }),
        ("DELETE FROM audit".into(), 0, Wrong::End { head: 6 }),
        (swap.into(), 2, Wrong::TreeHash),
        (swap_texts.into(), 2, Wrong::TreeHash),
        ("UPDATE meta SET audit_size = 5".into(), 6, Wrong::End { head: 5 }),
        ("UPDATE meta SET audit_root = zeroblob(32)".into(), 6, Wrong::HeadRoot),
    ];
    for (sql, seq, what) in table {
        assert_eq!(tampered(&sql).await, Err(Problem { seq, what }), "{sql}");
    }
}

#[tokio::test]
async fn every_kind_of_tampering_beside_the_lines_is_noticed_and_placed() {
    let note = "/event/approval/note";
    let table = [
        ("UPDATE audit SET at = at + 1 WHERE seq = 3", 3, Wrong::Column("at")),
        ("UPDATE audit SET actor = 'daypass' WHERE seq = 3", 3, Wrong::Column("actor")),
        ("UPDATE audit SET about = 'R-9' WHERE seq = 3", 3, Wrong::Column("about")),
        ("UPDATE audit SET about = NULL WHERE seq = 3", 3, Wrong::Column("about")),
        ("UPDATE audit SET kind = 'request.denied' WHERE seq = 3", 3, Wrong::Column("kind")),
        ("UPDATE words SET text = 'because' WHERE seq = 1", 1, words("/event/request/reason")),
        ("UPDATE words SET text = text || ' ' WHERE seq = 2", 2, words(note)),
        ("UPDATE words SET salt = replace(salt, substr(salt, 1, 1), 'g') WHERE seq = 2", 2, words(note)),
        ("DELETE FROM words WHERE seq = 2", 2, words(note)),
        ("UPDATE words SET path = '/else' WHERE seq = 2", 2, words(note)),
        ("INSERT INTO words SELECT seq, '/stray', salt, text FROM words WHERE seq = 2", 2, words("/stray")),
    ];
    for (sql, seq, what) in table {
        assert_eq!(tampered(sql).await, Err(Problem { seq, what }), "{sql}");
    }
}

#[tokio::test]
async fn no_byte_of_a_line_can_change_unnoticed() {
    let stage = Stage::new();
    stage.record(approval(1)).await.unwrap();
    let rows = stage.store.read(|r| r.audit_rows(0, 10)).await.unwrap();
    let head = stage.store.read(|r| r.audit_head()).await.unwrap();
    let verify = |rows: Vec<audit::Row>| audit::verify(rows.into_iter().map(Ok::<_, StoreError>), &head).unwrap();
    assert_eq!(verify(rows.clone()), Ok(head));
    let leaf = rows[1].leaf.clone().into_bytes();
    for place in 0..leaf.len() {
        let mut flipped = leaf.clone();
        flipped[place] ^= 1;
        let mut rows = rows.clone();
        rows[1].leaf = String::from_utf8_lossy(&flipped).into_owned();
        assert_eq!(verify(rows), Err(Problem { seq: 2, what: Wrong::LeafHash }), "byte {place}");
    }
    for place in 0..32 {
        for column in 0..3 {
            let mut rows = rows.clone();
            let row = &mut rows[1];
            [&mut row.leaf_hash, &mut row.completed, &mut row.root][column][place] ^= 1;
            assert_eq!(verify(rows).unwrap_err().seq, 2, "byte {place}");
        }
    }
}

#[tokio::test]
async fn problems_are_said_in_words() {
    let problem = tampered("DELETE FROM audit WHERE seq = 3").await.unwrap_err();
    assert_eq!(problem.to_string(), "leaf 3: missing; leaf 4 stands in its place");
    let problem = tampered("DELETE FROM audit WHERE seq = 6").await.unwrap_err();
    assert_eq!(problem.to_string(), "leaf 5: the log ends here, but its head says 6");
}

#[tokio::test]
async fn erased_words_leave_a_log_that_verifies_and_do_not_come_back() {
    let stage = Stage::new();
    stage.record(approval(1)).await.unwrap();
    let head = stage.store.verify_audit().await.unwrap().unwrap();
    assert_eq!(stage.store.write(|tx| tx.erase_words(2)).await.unwrap(), 1);
    assert_eq!(stage.store.verify_audit().await.unwrap(), Ok(head));
    let lines = stage.store.read(|r| r.lines(1, 1)).await.unwrap();
    let Event::ApprovalGiven { approval, .. } = &lines[0].entry.event else { panic!("not the approval") };
    assert_eq!(approval.note, Words::default());

    // Nor are they left in a corner of the file, once the log of changes is folded into it.
    let file = || std::fs::read(stage.dir.path().join(place::DATABASE_FILE)).unwrap();
    stage.shell().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let kept = file().windows(12).filter(|bytes| bytes == b"fine, til 5\"").count();
    let words = file().windows(11).filter(|bytes| bytes == b"fine, til 5").count();
    assert_eq!(words, kept, "only the request's own row still has them, in its list of approvals");
}

#[tokio::test]
async fn lines_come_back_with_time_actor_and_words() {
    let stage = Stage::new();
    stage.record(whole_life(1)).await.unwrap();
    let lines = stage.store.read(|r| r.lines(0, 100)).await.unwrap();
    let said: Vec<Event> = lines.iter().map(|line| line.entry.event.clone()).collect();
    let told: Vec<Event> = whole_life(1).into_iter().filter(Event::is_audited).collect();
    assert_eq!(said, told);
    assert!(lines.iter().all(|line| line.entry.at == at(0) && line.entry.actor == maya()));
    let about = stage.store.read(|r| r.lines_about("G-1", 100)).await.unwrap();
    assert_eq!(about.len(), 7);
}

#[tokio::test]
async fn a_line_is_proved_by_a_few_hashes_and_a_later_log_contains_the_earlier() {
    let stage = Stage::new();
    stage.record(approval(1)).await.unwrap();
    let earlier = stage.store.read(|r| r.audit_head()).await.unwrap();
    let stage = stage.restarted();
    stage.record([activation(1), ending(1)].concat()).await.unwrap();
    let (later, lines) = stage.store.read(|r| Ok((r.audit_head()?, r.lines(0, 100)?))).await.unwrap();
    for line in lines {
        let seq = line.entry.seq;
        let proof = stage.store.read(move |r| r.prove_inclusion(seq)).await.unwrap();
        assert!(tree::is_included(&proof, &later, seq, line.hash));
    }
    let proof = stage.store.read(move |r| r.prove_consistency(earlier.size)).await.unwrap();
    assert!(tree::is_consistent(&proof, &later, &earlier));
}
