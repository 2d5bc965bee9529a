//! What must hold while every story runs, and when it is over.

use daypass::access::time::Timestamp;
use daypass::store::{Reader, Store, StoreError};

use super::World;

impl World {
    /// Reads the rows, wherever a story stands.
    pub fn read<T: Send + 'static>(&self, job: impl FnOnce(&Reader<'_>) -> Result<T, StoreError> + Send + 'static) -> T {
        read(self.app().store(), job)
    }

    /// Replaying the log gives the rows.
    pub(super) fn check_rows(&self) {
        check_rows(self.app().store());
    }
}

fn read<T: Send + 'static>(store: &Store, job: impl FnOnce(&Reader<'_>) -> Result<T, StoreError> + Send + 'static) -> T {
    let store = store.clone();
    // A thread of its own: stories run on a runtime, which must not be blocked by a read.
    std::thread::spawn(move || store.read_blocking(job)).join().unwrap().unwrap()
}

fn check_rows(store: &Store) {
    let unlike = read(store, |reader| reader.rows_unlike_the_log());
    assert!(unlike.is_empty(), "rows that the log does not explain: {unlike:#?}");
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let complaints = self.slack.complaints();
        assert!(complaints.is_empty(), "Slack complains: {complaints:#?}");
        let bot = self.bot.as_ref().expect("a story ends with a running process, so that it can be looked at");
        let store = bot.app.store();
        check_rows(store);
        let audit = read(store, |reader| reader.verify_audit());
        assert!(audit.is_ok(), "the audit log is not intact: {audit:?}");
        let owed = read(store, |reader| reader.stale_messages(Timestamp::from_millis(i64::MAX), 100));
        assert!(owed.is_empty(), "messages that Slack never took: {owed:#?}");
    }
}
