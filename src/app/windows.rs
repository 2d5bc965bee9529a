//! Forms that are open: there before their trigger is over, though what they show takes longer; and redrawn so that what was chosen last
//! is what is shown, in whatever order the drawings are done.
//!
//! What is remembered of a window is for its redrawing only. A restart forgets it, and the next choice makes it known again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::{info, warn};

use super::App;
use super::form::Filled;
use super::policies::Loaded;
use super::surface::{Caller, nothing_to_ask};
use crate::access::ids::PersonId;
use crate::slack::block::{Message, View};
use crate::slack::client::Class;
use crate::slack::inbound;
use crate::slack::say::forms;
use crate::slack::say::names::Names;

/// How long a form may take to be drawn before something else is shown in its place. A trigger is good for 3 s, and the way to Slack and
/// back takes its part of that.
const PATIENCE: Duration = Duration::from_millis(800);
/// How many windows are remembered. Beyond that all of them are forgotten, which costs a redrawing.
const WINDOWS_MAX: usize = 1000;

/// What is known of open windows.
#[derive(Debug, Default)]
pub(super) struct Windows {
    open: Mutex<HashMap<String, Window>>,
}

#[derive(Debug)]
struct Window {
    /// When the last choice in it was made, as Slack numbers it.
    chosen: (u64, u64),
    /// The window as it was drawn last, in Slack's own word.
    hash: Option<String>,
}

impl Windows {
    /// Notes that something was chosen; false when something else was chosen after it.
    fn chosen(&self, id: &str, at: (u64, u64)) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= WINDOWS_MAX && !open.contains_key(id) {
            open.clear();
        }
        let window = open.entry(id.to_owned()).or_insert(Window { chosen: at, hash: None });
        let is_last = window.chosen <= at;
        window.chosen = window.chosen.max(at);
        is_last
    }

    fn is_last(&self, id: &str, at: (u64, u64)) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(id).is_none_or(|window| window.chosen <= at)
    }

    fn drawn(&self, id: &str, hash: String) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = open.get_mut(id) {
            window.hash = Some(hash);
        }
    }

    fn hash(&self, id: &str) -> Option<String> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(id)?.hash.clone()
    }
}

/// `1773738000.000123`, as numbers; something else is before everything.
fn numbered(action_ts: &str) -> (u64, u64) {
    let (seconds, rest) = action_ts.split_once('.').unwrap_or((action_ts, "0"));
    (seconds.parse().unwrap_or(0), rest.parse().unwrap_or(0))
}

impl App {
    /// Opens the form that asks for access. Where who will be asked takes long to find out, a window is there in time that says so, and becomes
    /// the form.
    pub(super) async fn open_request_form(
        self: &Arc<Self>,
        trigger_id: &str,
        (loaded, person, names): (&Arc<Loaded>, &PersonId, &Names),
        filled: Filled,
    ) -> Result<(), Message> {
        let app = Arc::clone(self);
        let (loaded, person, names) = (Arc::clone(loaded), person.clone(), names.clone());
        let mut drawing: tokio::task::JoinHandle<View> =
            tokio::spawn(async move { app.request_form(&loaded, &names, &person, &filled).await.unwrap_or_else(nothing_to_ask) });
        match tokio::time::timeout(PATIENCE, &mut drawing).await {
            Ok(Ok(view)) => return self.open(trigger_id, view).await,
            Ok(Err(panic)) => {
                warn!(%panic, "a form could not be drawn");
                return Err(Message::sentence("The form could not be drawn. Please write the request: `/jit help` shows how."));
            }
            Err(_) => {}
        }
        let opened = match self.slack.open_view(trigger_id, &forms::being_looked_up()).await {
            Ok(opened) => opened,
            Err(error) => {
                warn!(%error, "a form was not opened");
                return Err(Message::sentence("Slack did not open the form in time. Please try again."));
            }
        };
        let app = Arc::clone(self);
        drop(tokio::spawn(async move {
            let view = drawing.await.unwrap_or_else(|panic| {
                warn!(%panic, "a form could not be drawn");
                forms::sentence("Request access", "The form could not be drawn. Please close this and try again.")
            });
            if let Err(error) = app.slack.update_view(&opened.id, Some(&opened.hash), &view).await {
                warn!(%error, "a form that was being looked up was not shown");
            }
        }));
        Ok(())
    }

    /// The form follows what is chosen in it. What was chosen before something else is not drawn over that.
    pub(super) async fn redraw(&self, caller: &Caller, view: &inbound::ViewRef, action_ts: &str) {
        let at = numbered(action_ts);
        if !self.windows.chosen(&view.id, at) {
            return;
        }
        let filled = self.filled(&caller.loaded, &caller.person, view);
        let Some(drawn) = self.request_form(&caller.loaded, &caller.names, &caller.person, &filled).await else { return };
        if !self.windows.is_last(&view.id, at) {
            return;
        }
        let mut drawing = self.slack.update_view(&view.id, Some(&view.hash), &drawn).await;
        let known = self.windows.hash(&view.id).filter(|known| *known != view.hash);
        if let (Err(error), Some(known)) = (&drawing, known)
            && error.class == Class::Stale
            && self.windows.is_last(&view.id, at)
        {
            // What was drawn meanwhile was of an earlier choice, and ours.
            drawing = self.slack.update_view(&view.id, Some(&known), &drawn).await;
        }
        match drawing {
            Ok(opened) => self.windows.drawn(&view.id, opened.hash),
            Err(error) => info!(%error, "a form was not redrawn"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // E44
    #[test]
    fn what_was_chosen_last_is_what_is_drawn_last() {
        let windows = Windows::default();
        let (first, second) = (numbered("1773738000.000009"), numbered("1773738000.000010"));
        assert!(windows.chosen("V1", first));
        assert!(windows.chosen("V1", second));
        assert!(!windows.chosen("V1", first), "it comes late, or again");
        assert!(!windows.is_last("V1", first) && windows.is_last("V1", second));
        assert!(windows.chosen("V2", first), "another window");
        windows.drawn("V1", "h2".to_owned());
        assert_eq!((windows.hash("V1").as_deref(), windows.hash("V2")), (Some("h2"), None));
    }

    #[test]
    fn the_memory_of_windows_is_bounded() {
        let windows = Windows::default();
        for window in 0..3 * WINDOWS_MAX {
            assert!(windows.chosen(&window.to_string(), (0, 0)));
        }
        assert!(windows.open.lock().unwrap().len() <= WINDOWS_MAX);
    }
}
