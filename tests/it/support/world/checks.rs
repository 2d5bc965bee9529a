//! What must hold while every story runs, and when it is over.

use daypass::access::time::Timestamp;

use daypass::store::{Reader, Store, StoreError};
use serde_json::Value;

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

/// Every button on the messages that stay: its action and what it is about.
fn buttons(block: &Value, found: &mut Vec<(String, String)>) {
    match block {
        Value::Object(fields) => {
            if let (Some("button"), Some(action), Some(value)) = (
                fields.get("type").and_then(Value::as_str),
                fields.get("action_id").and_then(Value::as_str),
                fields.get("value").and_then(Value::as_str),
            ) {
                found.push((action.to_owned(), value.split(' ').next().unwrap_or_default().to_owned()));
            }
            fields.values().for_each(|field| buttons(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| buttons(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl World {
    /// Whether a request is approved, and all that it gives is yet to begin.
    fn has_not_begun(&self, request: &str) -> bool {
        let id: daypass::access::ids::RequestId = request.parse().unwrap();
        let grants = self.read(move |reader| reader.grants_of_request(id));
        !grants.is_empty() && grants.iter().all(|grant| grant.state.name() == "planned")
    }

    /// No message offers to decide what is decided, or to end or extend what is over.
    fn check_buttons(&self) {
        let mut found = Vec::new();
        for channel in self.slack.channels() {
            self.slack
                .messages(&channel.id)
                .iter()
                .for_each(|message| message.blocks.iter().for_each(|b| buttons(b, &mut found)));
        }
        for (action, about) in found {
            let state = match action.as_str() {
                // What begins later can be taken back until then.
                "request.withdraw" if self.has_not_begun(&about) => continue,
                "request.approve" | "request.deny" | "request.withdraw" | "request.remind" => self.request_state(&about),
                "review.close" => self.review_state(&about),
                "grant.done" | "grant.extend" => self.grant_state(&about),
                // An answer of the moment, which nobody redraws.
                _ => continue,
            };
            assert!(["pending", "active", "open"].contains(&state.as_str()), "`{action}` of {about}, which is {state}");
        }
    }
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
        self.check_buttons();
        check_rows(store);
        let audit = read(store, |reader| reader.verify_audit());
        assert!(audit.is_ok(), "the audit log is not intact: {audit:?}");
        let owed = read(store, |reader| reader.stale_messages(Timestamp::from_millis(i64::MAX), 100));
        assert!(owed.is_empty(), "messages that Slack never took: {owed:#?}");
    }
}
