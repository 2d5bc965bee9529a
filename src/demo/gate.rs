//! A gate before a fake's calls, at which a test can stop time: before the fake acts, after it acted, after it answered. The
//! kill tests end the bot there.
//!
//! Nobody stands at it in the demo, and then every call passes at once.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

/// Where in a call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The request was read whole, and nothing was done.
    Arrived,
    /// What was asked for is done, and no byte of the answer is sent.
    Done,
    /// The answer is handed over. The call does not wait for [`Passing::pass`] here.
    Answered,
}

/// What becomes of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// It goes on.
    GoOn,
    /// The connection is closed without an answer.
    HangUp,
}

/// A call at the gate.
#[derive(Debug)]
pub struct Passing {
    /// Where in the call it is.
    pub moment: Moment,
    /// Method and path: `POST /api/chat.postMessage`.
    pub call: String,
    /// Lets the call go on. Dropped, it goes on as well.
    pub pass: oneshot::Sender<Pass>,
}

/// The gate of one fake. Clones are the same gate.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    watcher: Arc<Mutex<Option<mpsc::UnboundedSender<Passing>>>>,
}

impl Gate {
    /// From now on every call is shown to `watcher`. Several fakes may show theirs to one.
    pub fn show_to(&self, watcher: mpsc::UnboundedSender<Passing>) {
        *self.watcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(watcher);
    }

    pub(super) async fn pass(&self, moment: Moment, call: &str) -> Pass {
        match self.show(moment, call) {
            Some(decided) => decided.await.unwrap_or(Pass::GoOn),
            None => Pass::GoOn,
        }
    }

    pub(super) fn until_answered(&self, call: String) -> Answering {
        Answering { gate: self.clone(), call }
    }

    fn show(&self, moment: Moment, call: &str) -> Option<oneshot::Receiver<Pass>> {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let (pass, decided) = oneshot::channel();
        watcher.as_ref()?.send(Passing { moment, call: call.to_owned(), pass }).ok()?;
        Some(decided)
    }
}

/// Lives as long as an answer that is being written.
#[derive(Debug)]
pub(super) struct Answering {
    gate: Gate,
    call: String,
}

impl Drop for Answering {
    fn drop(&mut self) {
        drop(self.gate.show(Moment::Answered, &self.call));
    }
}
