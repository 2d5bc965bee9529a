//! The writer: one commit for many, failures that stay where they happened, a disk that fills up.

use std::sync::mpsc as std_mpsc;

use super::*;
use crate::store::writer::{Asked, Job};

/// Gives the writer a job without waiting for the answer.
async fn send<T, E, F>(store: &Store, job: F) -> oneshot::Receiver<Result<T, E>>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (asker, answer) = oneshot::channel();
    let job: Box<dyn Job> = Box::new(Asked { job, asker });
    store.inner.writes.as_ref().unwrap().send(job).await.ok().unwrap();
    answer
}

/// Holds the writer inside a job until the returned sender is dropped, so that what is asked meanwhile queues up.
async fn hold(store: &Store) -> std_mpsc::Sender<()> {
    let (release, held) = std_mpsc::channel::<()>();
    let (inside, started) = oneshot::channel();
    let job = move |_: &mut Tx<'_>| {
        inside.send(()).unwrap();
        // Fails as soon as the sender is dropped, which is what it waits for.
        held.recv().unwrap_err();
        Ok::<_, StoreError>(())
    };
    drop(send(store, job).await);
    started.await.unwrap();
    release
}

/// Starts many writes while the writer is held, and lets it go once all of them wait.
async fn all_at_once<T, E, F>(store: &Store, jobs: Vec<F>) -> Vec<Result<T, E>>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let release = hold(store).await;
    let mut asked = Vec::new();
    for job in jobs {
        asked.push(send(store, job).await);
    }
    drop(release);
    let mut answers = Vec::new();
    for answer in asked {
        answers.push(answer.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn many_writes_share_one_commit() {
    let stage = Stage::new();
    let before = stage.store.writer_stats();
    let jobs = (1..=50).map(|id| move |tx: &mut Tx<'_>| tx.record(at(0), &maya(), asked(id))).collect();
    let answers: Vec<Result<(), StoreError>> = all_at_once(&stage.store, jobs).await;
    assert!(answers.iter().all(Result::is_ok));
    let after = stage.store.writer_stats();
    assert_eq!(after.jobs - before.jobs, 51);
    assert_eq!(after.commits - before.commits, 2, "one for the job that held the writer, one for all the others");
    assert_eq!(stage.store.read(|r| r.counts()).await.unwrap().pending, 50);
    assert!(stage.store.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn a_job_that_fails_or_panics_leaves_nothing_and_harms_no_neighbour() {
    let stage = Stage::new();
    let jobs = (1..=9)
        .map(|id| {
            move |tx: &mut Tx<'_>| {
                tx.record(at(0), &maya(), asked(id))?;
                match id % 3 {
                    0 => panic!("on purpose"),
                    1 => Err(StoreError::Missing { about: "patience".to_owned() }),
                    _ => Ok(id),
                }
            }
        })
        .collect();
    let answers = all_at_once(&stage.store, jobs).await;
    for (id, answer) in (1..).zip(answers) {
        match id % 3 {
            0 => assert!(matches!(answer, Err(StoreError::Panicked))),
            1 => assert!(matches!(answer, Err(StoreError::Missing { .. }))),
            _ => assert_eq!(answer.unwrap(), id),
        }
    }
    let kept = stage.store.read(|r| r.pending_requests(100)).await.unwrap();
    assert_eq!(kept.iter().map(|r| r.id.number()).collect::<Vec<_>>(), [2, 5, 8]);
    assert_eq!(stage.store.verify_audit().await.unwrap().unwrap().size, 3);
    assert_eq!(stage.store.health(), Health::Sound);
}

#[tokio::test]
async fn a_job_cannot_shrug_off_a_change_that_failed() {
    let stage = Stage::new();
    let answer: Result<(), StoreError> = stage
        .store
        .write(|tx| {
            tx.record(at(0), &maya(), asked(1))?;
            drop(tx.record(at(0), &maya(), Event::GrantWarned { grant: GrantId::from_number(9) }));
            Ok(())
        })
        .await;
    assert!(matches!(answer, Err(StoreError::HalfDone)));
    assert!(stage.store.read(|r| r.request(RequestId::from_number(1))).await.unwrap().is_none());
    assert_eq!(stage.store.verify_audit().await.unwrap().unwrap().size, 0);
}

#[tokio::test]
async fn of_many_decisions_at_once_the_first_counts_and_the_others_learn_of_it() {
    // I2
    let stage = Stage::new();
    stage.record(vec![asked(1)]).await.unwrap();
    let jobs = (0..64)
        .map(|n| {
            move |tx: &mut Tx<'_>| {
                let by = person(&format!("approver{n}"));
                let request = RequestId::from_number(1);
                tx.record(at(n), &Actor::Person(by.clone()), Event::RequestCancelled { request, at: at(n), by })
            }
        })
        .collect();
    let answers: Vec<Result<(), StoreError>> = all_at_once(&stage.store, jobs).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1);
    assert!(answers.iter().skip(1).all(|a| matches!(a, Err(StoreError::Illegal(illegal)) if illegal.state == "cancelled")));
    let request = stage.store.read(|r| r.request(RequestId::from_number(1))).await.unwrap().unwrap();
    assert_eq!(request.version, 2);
    assert_eq!(request.state, RequestState::Cancelled { at: at(0), by: person("approver0") });
}

#[tokio::test]
async fn a_row_changed_since_it_was_read_is_not_overwritten() {
    // I2: below `record`, which reads and writes in one go.
    let stage = Stage::new();
    stage.record(vec![asked(1)]).await.unwrap();
    let raced = stage
        .store
        .write(|tx| {
            let mut stale = tx.request(RequestId::from_number(1))?.unwrap();
            stale.version += 2;
            crate::store::rows::request::save(tx.conn, crate::store::rows::Save::Replace, &stale, 1)
        })
        .await;
    assert!(matches!(raced, Err(StoreError::Raced { about }) if about == "R-1"));
}

#[tokio::test]
async fn a_grant_its_target_and_its_end_are_committed_together_or_not_at_all() {
    // I1
    let stage = Stage::new();
    let mut events = approval(1);
    events.extend(call(1, 1, Errand::ReadPrior, 60).into_iter().take(1));
    let mut broken = events.clone();
    broken.push(Event::GrantWarned { grant: GrantId::from_number(1) });
    stage.record(broken).await.unwrap_err();
    assert_eq!(stage.store.read(|r| r.next_due()).await.unwrap(), None);
    assert!(stage.store.read(|r| r.holding(EntitlementId::from_number(1))).await.unwrap().is_none());

    stage.record(events).await.unwrap();
    let stage = stage.restarted();
    let due = stage.store.read(|r| r.due_holdings(at(60), 10)).await.unwrap();
    assert_eq!(due, [EntitlementId::from_number(1)]);
    let holding = stage.store.read(|r| r.holding(EntitlementId::from_number(1))).await.unwrap().unwrap();
    assert_eq!(holding.grants.len(), 1);
    assert_eq!(holding.grants[0].latest_end, at(10_860));
    assert_eq!(holding.entitlement.due.unwrap().at, at(60));
}

#[tokio::test]
async fn the_latest_recorded_time_survives_a_restart_and_never_goes_back() {
    // I10
    let stage = Stage::new();
    stage.store.write(|tx| tx.record(at(500), &maya(), asked(1))).await.unwrap();
    stage.store.write(|tx| tx.record(at(400), &maya(), asked(2))).await.unwrap();
    assert_eq!(stage.store.last_time(), at(500));
    let failed: Result<(), StoreError> = stage
        .store
        .write(|tx| {
            tx.note_time(at(900));
            Err(StoreError::Closed)
        })
        .await;
    failed.unwrap_err();
    let stage = stage.restarted();
    assert_eq!(stage.store.last_time(), at(500));
}

fn ask(writer: &mut crate::store::writer::Writer, id: i64, padding: usize) -> Result<(), StoreError> {
    let (asker, answer) = oneshot::channel();
    let job = move |tx: &mut Tx<'_>| {
        tx.keep_policy(&id.to_string(), &"x".repeat(padding), at(0))?;
        tx.record(at(0), &maya(), asked(id))
    };
    writer.serve(vec![Box::new(Asked { job, asker })]);
    answer.blocking_recv().unwrap()
}

#[test]
fn a_full_disk_is_said_at_once_and_recovered_from_without_a_restart() {
    // E37
    let dir = tempfile::tempdir().unwrap();
    let crate::store::open::Opened { mut writer, readers, .. } = crate::store::open::open(dir.path(), at(0)).unwrap();
    ask(&mut writer, 1, 0).unwrap();
    let pages: i64 = writer.conn.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let limit = |writer: &crate::store::writer::Writer, pages: i64| {
        writer.conn.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0)).unwrap();
    };
    limit(&writer, pages + 2);
    let refused = ask(&mut writer, 2, 100_000).unwrap_err();
    assert!(matches!(&refused, StoreError::NotRecorded(why) if why.contains("full")), "{refused}");
    assert!(matches!(writer.shared.health(), Health::Broken { .. }));

    // Small writes would still fit, but what was promised may not: nothing is taken until the disk takes writes again.
    assert!(matches!(ask(&mut writer, 3, 0), Err(StoreError::NotRecorded(_))));
    let reader = Reader::new(&readers[0]);
    assert!(reader.request(RequestId::from_number(1)).unwrap().is_some(), "what is committed can still be read");
    assert!(reader.request(RequestId::from_number(3)).unwrap().is_none());

    limit(&writer, 1_000_000);
    ask(&mut writer, 4, 0).unwrap();
    assert_eq!(writer.shared.health(), Health::Sound);
    let head = reader.verify_audit().unwrap().unwrap();
    assert_eq!(head.size, 2);
    drop(readers);
    writer.close();
}

#[tokio::test]
async fn work_that_was_accepted_is_done_before_the_store_closes() {
    let stage = Stage::new();
    let release = hold(&stage.store).await;
    let answer = send(&stage.store, |tx| tx.record(at(0), &maya(), asked(1))).await;
    drop(release);
    let stage = tokio::task::spawn_blocking(|| stage.restarted()).await.unwrap();
    answer.await.unwrap().unwrap();
    assert!(stage.store.read(|r| r.request(RequestId::from_number(1))).await.unwrap().is_some());
}

#[tokio::test]
async fn a_panicking_question_leaves_the_readers_alive() {
    let stage = Stage::new();
    for _ in 0..READERS * 2 {
        let answer: Result<(), StoreError> = stage.store.read(|_| panic!("on purpose")).await;
        assert!(matches!(answer, Err(StoreError::Panicked)));
    }
    assert_eq!(stage.store.read(|r| r.next_due()).await.unwrap(), None);
}
