//! The outbox and the inbox: what is to be said, and what came in.

use super::*;
use crate::store::outbox::{AfterGone, Audience, MessageKey, MessageKind, Posted, StaleMessage, Style};

fn card(about: &str) -> MessageKey {
    let audience = Audience::Channel("C0DBACCESS".to_owned());
    MessageKey { kind: MessageKind("card".to_owned()), about: about.to_owned(), audience }
}

fn posted(ts: &str) -> Posted {
    Posted { channel: "C0DBACCESS".to_owned(), ts: ts.to_owned() }
}

impl Stage {
    async fn write<T: Send + 'static>(&self, job: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static) -> T {
        self.store.write(job).await.unwrap()
    }

    async fn stale(&self, now: Timestamp) -> Vec<StaleMessage> {
        self.store.read(move |r| r.stale_messages(now, 10)).await.unwrap()
    }
}

#[tokio::test]
async fn a_message_is_stale_until_its_newest_revision_is_delivered() {
    // I6
    let stage = Stage::new();
    stage.write(|tx| tx.mark_stale(&card("R-1"), Style::Convergent, at(0))).await;
    let first = stage.stale(at(0)).await.remove(0);
    assert_eq!((first.revision, first.copies.len(), first.stale_since), (1, 0, at(0)));

    // It changes while the first rendering is on its way: what was delivered is outdated already.
    stage.write(|tx| tx.mark_stale(&card("R-1"), Style::Convergent, at(5))).await;
    stage.write(|tx| tx.message_delivered(&card("R-1"), 1, &posted("1.1"))).await;
    let second = stage.stale(at(5)).await.remove(0);
    assert_eq!((second.revision, second.copies), (2, vec![posted("1.1")]));

    stage.write(|tx| tx.message_delivered(&card("R-1"), 2, &posted("1.1"))).await;
    assert!(stage.stale(at(999)).await.is_empty());
    assert_eq!(stage.store.read(|r| r.next_message_due()).await.unwrap(), None);
}

#[tokio::test]
async fn news_is_said_once_to_each_audience() {
    let stage = Stage::new();
    let news = MessageKey { audience: Audience::Person(person("maya")), ..card("G-1") };
    let key = news.clone();
    stage.write(move |tx| tx.mark_stale(&key, Style::Once, at(0))).await;
    let message = stage.stale(at(0)).await.remove(0);
    assert_eq!((&message.key, message.style), (&news, Style::Once));
    stage.write(move |tx| tx.message_delivered(&message.key, message.revision, &posted("1.1"))).await;
    stage.write(move |tx| tx.mark_stale(&news, Style::Once, at(9))).await;
    assert!(stage.stale(at(9)).await.is_empty());
}

#[tokio::test]
async fn a_failed_delivery_waits_and_counts_and_a_hopeless_one_rests_until_there_is_news() {
    let stage = Stage::new();
    stage.write(|tx| tx.mark_stale(&card("R-1"), Style::Convergent, at(0))).await;
    stage.write(|tx| tx.message_failed(&card("R-1"), "ratelimited", Some(at(30)))).await;
    assert!(stage.stale(at(29)).await.is_empty());
    assert_eq!(stage.store.read(|r| r.next_message_due()).await.unwrap(), Some(at(30)));
    assert_eq!(stage.stale(at(30)).await.remove(0).attempts, 1);

    stage.write(|tx| tx.message_failed(&card("R-1"), "is_archived", None)).await;
    assert!(stage.stale(at(999)).await.is_empty());
    stage.write(|tx| tx.mark_stale(&card("R-1"), Style::Convergent, at(40))).await;
    assert_eq!(stage.stale(at(40)).await.len(), 1);
}

#[tokio::test]
async fn a_removed_message_is_posted_anew_once() {
    // E17
    let stage = Stage::new();
    stage.write(|tx| tx.mark_stale(&card("R-1"), Style::Convergent, at(0))).await;
    stage.write(|tx| tx.message_delivered(&card("R-1"), 1, &posted("1.1"))).await;
    let gone = stage.write(|tx| tx.message_gone(&card("R-1"), &posted("1.1"), at(9))).await;
    assert_eq!(gone, AfterGone::PostAgain);
    let again = stage.stale(at(9)).await.remove(0);
    assert!(again.copies.is_empty());
    stage.write(move |tx| tx.message_delivered(&card("R-1"), again.revision, &posted("2.2"))).await;
    let gone = stage.write(|tx| tx.message_gone(&card("R-1"), &posted("2.2"), at(19))).await;
    assert_eq!(gone, AfterGone::GivenUp);
    assert!(stage.stale(at(999)).await.is_empty());
}

#[tokio::test]
async fn a_copy_nobody_knew_of_is_taken_over_and_rewritten_like_the_other() {
    // E61
    let stage = Stage::new();
    stage.write(|tx| tx.mark_stale(&card("R-1"), Style::Convergent, at(0))).await;
    stage.write(|tx| tx.message_delivered(&card("R-1"), 1, &posted("2.2"))).await;
    stage.write(|tx| tx.adopt_copy(&card("R-1"), Style::Convergent, &posted("1.1"), at(9))).await;
    let both = stage.stale(at(9)).await.remove(0);
    assert_eq!(both.copies, [posted("1.1"), posted("2.2")]);
    stage.write(move |tx| tx.message_delivered(&card("R-1"), both.revision, &posted("2.2"))).await;
    stage.write(|tx| tx.adopt_copy(&card("R-1"), Style::Convergent, &posted("1.1"), at(10))).await;
    assert!(stage.stale(at(10)).await.is_empty(), "a known copy is no news");
    let copies = stage.store.read(|r| r.copies_of(&MessageKind("card".to_owned()), "R-1")).await.unwrap();
    assert_eq!(copies, [(card("R-1"), posted("1.1")), (card("R-1"), posted("2.2"))]);
}

#[tokio::test]
async fn a_change_and_the_message_about_it_are_recorded_together_or_not_at_all() {
    let stage = Stage::new();
    let failed: Result<(), StoreError> = stage
        .store
        .write(|tx| {
            tx.mark_stale(&card("R-1"), Style::Convergent, at(0))?;
            tx.record(at(0), &maya(), Event::GrantWarned { grant: GrantId::from_number(1) })
        })
        .await;
    failed.unwrap_err();
    assert!(stage.stale(at(0)).await.is_empty());
}

#[tokio::test]
async fn what_comes_in_twice_is_done_once_and_answered_twice() {
    // I14, E15
    let stage = Stage::new();
    let deliver = || {
        stage.store.write(|tx| match tx.inbox_begin("trigger:1", at(0), at(3600))? {
            Inbox::Seen { answer } => Ok::<_, StoreError>(answer.unwrap_or_default()),
            Inbox::New => {
                tx.record(at(0), &maya(), asked(1))?;
                tx.inbox_answer("trigger:1", "\"R-1\"")?;
                Ok("\"R-1\"".to_owned())
            }
        })
    };
    let answers = tokio::join!(deliver(), deliver(), deliver());
    for answer in [answers.0, answers.1, answers.2, deliver().await] {
        assert_eq!(answer.unwrap(), "\"R-1\"");
    }
    let stage = stage.restarted();
    assert_eq!(stage.store.read(|r| r.inbox_answer_of("trigger:1")).await.unwrap(), Some(Some("\"R-1\"".to_owned())));
    assert_eq!(stage.store.read(|r| r.counts()).await.unwrap().pending, 1);
}

#[tokio::test]
async fn what_is_acknowledged_undecided_is_found_after_a_restart_until_it_is_answered() {
    // I14
    let stage = Stage::new();
    stage
        .write(|tx| {
            tx.inbox_begin("view:1", at(3), at(60))?;
            tx.inbox_defer("view:1", "{\"person\":\"maya\"}")
        })
        .await;
    let stage = stage.restarted();
    assert_eq!(stage.write(|tx| tx.purge(at(9_999))).await, 0, "what is owed an answer is not forgotten");
    let owed = stage.store.read(|r| r.deferred(10)).await.unwrap();
    let expected = Deferred { key: "view:1".to_owned(), at: at(3), payload: "{\"person\":\"maya\"}".to_owned() };
    assert_eq!(owed, [expected]);
    stage.write(|tx| tx.inbox_answer("view:1", "\"no\"")).await;
    assert!(stage.store.read(|r| r.deferred(10)).await.unwrap().is_empty());
    assert_eq!(stage.write(|tx| tx.purge(at(9_999))).await, 1);
    assert_eq!(stage.store.read(|r| r.inbox_answer_of("view:1")).await.unwrap(), None);
}

#[tokio::test]
async fn a_signature_is_good_once_in_eleven_minutes() {
    let stage = Stage::new();
    let seen = |seconds| stage.store.write(move |tx| tx.signature_is_new(&[7; 32], at(seconds)));
    assert!(seen(0).await.unwrap());
    assert!(!seen(1).await.unwrap());
    assert!(!seen(659).await.unwrap());
    assert!(seen(660).await.unwrap(), "by then its own time stamp is long refused");
    assert_eq!(stage.write(|tx| tx.purge(at(1320))).await, 1);
}

#[tokio::test]
async fn small_things_are_kept() {
    let stage = Stage::new();
    stage.record(vec![asked(1)]).await.unwrap();
    stage
        .write(|tx| {
            tx.keep_policy("d1", "the rules", at(0))?;
            tx.keep_policy("d1", "other rules", at(1))?;
            tx.keep_facts(RequestId::from_number(1), "{\"a\":1}")?;
            tx.keep_facts(RequestId::from_number(1), "{\"a\":2}")?;
            tx.keep_fingerprint(&"orders".parse().unwrap(), "server-1", at(2))
        })
        .await;
    let read = stage
        .store
        .read(|r| {
            let provider = "orders".parse().unwrap();
            Ok((r.policy_text("d1")?, r.facts(RequestId::from_number(1))?, r.fingerprint(&provider)?))
        })
        .await
        .unwrap();
    assert_eq!(read, (Some("the rules".to_owned()), Some("{\"a\":2}".to_owned()), Some(("server-1".to_owned(), at(2)))));
}
