//! What people do in Slack: type a command, press a button, choose from a menu, send a form, close it.
//!
//! Slack's client stands between a person and the app: nobody presses a button that is not there, or reads a channel they are
//! not in. Such attempts never reach the app and answer `Seen::Impossible`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::inputs::{self, Input, Values};
use super::json::text;
use super::payloads::{self, Place};
use super::push::{self, Delivered};
use super::reading::{self, Found};
use super::seed::{GuestCommands, Kind};
use super::state::{Message, MessageRef, State};
use super::{Emulator, hooks, submit};

/// What came of something a person did.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// HTTP status of the app's acknowledgement; none when there was none.
    pub status: Option<u16>,
    /// Real milliseconds until the app acknowledged.
    pub ack_ms: u64,
    /// The body of the acknowledgement.
    pub body: String,
    /// What the person sees because of it.
    pub seen: Seen,
}

/// What a person sees right after acting, messages that arrive later aside.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Acknowledged without words.
    Nothing,
    /// The acknowledgement carried a message.
    Message(Message),
    /// Slack's error line, for example because the app did not acknowledge in time.
    Error(String),
    /// Slack's client did not let it happen; the app heard nothing.
    Impossible(String),
}

impl Shown {
    /// The words that the person reads, or the empty string.
    pub fn text(&self) -> String {
        match &self.seen {
            Seen::Nothing => String::new(),
            Seen::Message(message) => message.shown_text(),
            Seen::Error(words) | Seen::Impossible(words) => words.clone(),
        }
    }

    /// Whether the app acknowledged with HTTP 200 in time.
    pub fn is_acknowledged(&self) -> bool {
        self.status == Some(200) && !matches!(self.seen, Seen::Error(_))
    }

    fn impossible(why: impl Into<String>) -> Self {
        Self { status: None, ack_ms: 0, body: String::new(), seen: Seen::Impossible(why.into()) }
    }

    pub(super) fn of(delivered: Delivered, seen: Seen) -> Self {
        Self { status: delivered.status, ack_ms: delivered.ack_ms, body: delivered.body, seen }
    }

    pub(super) fn without_words(delivered: Delivered) -> Self {
        let seen = match delivered.failure {
            Some(failure) => Seen::Error(failure.to_owned()),
            None => Seen::Nothing,
        };
        Self::of(delivered, seen)
    }
}

impl Emulator {
    /// Types `words`, beginning with a slash command, in a channel.
    pub async fn slash(&self, user: &str, channel: &str, words: &str) -> Shown {
        let now_ms = self.shared.now_ms();
        let (command, rest) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
        let body = {
            let mut state = self.shared.state();
            match may_use_command(&state, user, channel) {
                Err(why) => return Shown::impossible(why),
                Ok(()) => payloads::slash(&mut state, user, channel, command, rest.trim(), now_ms),
            }
        };
        let delivered = push::form(&self.shared, "slash_command", body).await;
        let shown = self.show_command_answer(user, channel, command, delivered);
        self.shared.changed();
        shown
    }

    fn show_command_answer(&self, user: &str, channel: &str, command: &str, delivered: Delivered) -> Shown {
        if let Some(failure) = delivered.failure {
            let words = format!("{command} failed with the error \"{failure}\"");
            return Shown::of(delivered, Seen::Error(words));
        }
        if delivered.body.trim().is_empty() {
            return Shown::of(delivered, Seen::Nothing);
        }
        let args = serde_json::from_str::<Value>(&delivered.body)
            .ok()
            .filter(Value::is_object)
            .unwrap_or_else(|| serde_json::json!({ "text": delivered.body }));
        let has_words = args.get("text").is_some() || args.get("blocks").is_some();
        if !has_words {
            return Shown::of(delivered, Seen::Nothing);
        }
        let mut state = self.shared.state();
        match hooks::said(&mut state, user, channel, &args, self.shared.now_ms()) {
            Ok(message) => {
                state.messages.push(message.clone());
                Shown::of(delivered, Seen::Message(message))
            }
            Err((_, problem)) => {
                state.complain(format!("answer to {command}: {problem}"));
                Shown::of(delivered, Seen::Error(format!("{command} failed with the error \"{problem}\"")))
            }
        }
    }

    /// Presses the first button with this action_id in a message, answering a confirmation dialog with yes.
    pub async fn press(&self, user: &str, channel: &str, ts: &str, action_id: &str) -> Shown {
        let place = Place::Message { channel: channel.to_owned(), ts: ts.to_owned() };
        self.act(user, &place, None, action_id, Input::Press).await
    }

    /// Does anything to any element that keeps the app informed: buttons, menus, and inputs with `dispatch_action`.
    pub async fn act(&self, user: &str, place: &Place, block_id: Option<&str>, action_id: &str, input: Input) -> Shown {
        let found = match self.find(user, place, block_id, action_id) {
            Ok(found) => found,
            Err(why) => return Shown::impossible(why),
        };
        if let Err(why) = self.offer(user, place, &found, &input).await {
            return Shown::impossible(why);
        }
        let entered = self.enter(user, place, &found, &input);
        self.shared.changed();
        let payload = match entered {
            Ok(Some(payload)) => payload,
            // An input that does not dispatch keeps its value until the form is sent.
            Ok(None) => return Shown { status: None, ack_ms: 0, body: String::new(), seen: Seen::Nothing },
            Err(why) => return Shown::impossible(why),
        };
        let delivered = push::interaction(&self.shared, "block_actions", &payload).await;
        self.shared.changed();
        Shown::without_words(delivered)
    }

    /// The options that the app offers for an external select when somebody types `typed` into it.
    pub async fn suggest(
        &self,
        user: &str,
        place: &Place,
        block_id: Option<&str>,
        action_id: &str,
        typed: &str,
    ) -> Result<Vec<Value>, String> {
        let found = self.find(user, place, block_id, action_id)?;
        self.ask_for_options(user, place, &found, typed).await
    }

    /// Fills in and sends the visible form of a person.
    pub async fn submit(&self, user: &str, view_id: &str, values: Values) -> submit::Submitted {
        submit::submit(self, user, view_id, values).await
    }

    /// Closes the visible modal (all of them where it says so), telling the app if it asked to be told.
    pub async fn close(&self, user: &str, view_id: &str) -> Shown {
        submit::close(self, user, view_id).await
    }

    /// Writes a plain message as a person. The app is not told: it does not read along.
    pub fn say(&self, user: &str, channel: &str, words: &str) -> Result<Message, String> {
        let now_ms = self.shared.now_ms();
        let message = {
            let mut state = self.shared.state();
            may_be_in(&state, user, channel)?;
            let message = Message {
                channel: channel.to_owned(),
                ts: state.next_ts(now_ms),
                user: user.to_owned(),
                text: words.to_owned(),
                blocks: Vec::new(),
                thread_ts: None,
                metadata: None,
                only_for: None,
                edited_ts: None,
            };
            state.messages.push(message.clone());
            message
        };
        self.shared.changed();
        Ok(message)
    }

    fn find(&self, user: &str, place: &Place, block_id: Option<&str>, action_id: &str) -> Result<Found, String> {
        let state = self.shared.state();
        let blocks = visible_blocks(&state, user, place)?;
        reading::find(&blocks, block_id, action_id).ok_or_else(|| format!("there is no `{action_id}` here"))
    }

    /// Before somebody can choose from an external select, the app must have offered the option: types what is wanted.
    pub(super) async fn offer(&self, user: &str, place: &Place, found: &Found, input: &Input) -> Result<(), String> {
        let Input::Option(wanted) = input else { return Ok(()) };
        if text(&found.element, "type") != "external_select" {
            return Ok(());
        }
        let is_offered = self.offered(user, found).iter().any(|option| text(option, "value") == wanted);
        if !is_offered {
            self.ask_for_options(user, place, found, wanted).await?;
        }
        Ok(())
    }

    async fn ask_for_options(&self, user: &str, place: &Place, found: &Found, typed: &str) -> Result<Vec<Value>, String> {
        let action_id = text(&found.element, "action_id").to_owned();
        // Without a word of the app's it takes three letters before it is asked.
        let least = found.element.get("min_query_length").and_then(Value::as_u64).unwrap_or(3);
        if u64::try_from(typed.chars().count()).unwrap_or(u64::MAX) < least {
            return Ok(Vec::new());
        }
        let payload = {
            let state = self.shared.state();
            payloads::block_suggestion(&state, user, place, (&found.block_id, &action_id), typed)
        };
        let delivered = push::interaction(&self.shared, "block_suggestion", &payload).await;
        if let Some(failure) = delivered.failure {
            return Err(failure.to_owned());
        }
        let answer: Value = serde_json::from_str(&delivered.body).unwrap_or_default();
        let mut check = super::blocks::Check::default();
        super::elements::options(&mut check, answer.get("options"), 0, super::elements::OPTIONS_MAX, &[], "/options");
        if answer.get("options").is_none() && answer.get("option_groups").is_none() {
            check.wrong("missing required field: options", "/");
        }
        let mut state = self.shared.state();
        if let Some(problem) = check.problems.first() {
            state.complain(format!("answer to block_suggestion: {problem}"));
            return Err(problem.clone());
        }
        let options = reading::options(&answer);
        state.offered.insert((user.to_owned(), format!("{}/{action_id}", found.block_id)), options.clone());
        Ok(options)
    }

    pub(super) fn offered(&self, user: &str, found: &Found) -> Vec<Value> {
        let key = (user.to_owned(), format!("{}/{}", found.block_id, text(&found.element, "action_id")));
        self.shared.state().offered.get(&key).cloned().unwrap_or_default()
    }

    /// Notes what was entered, and answers with the payload for the app if the element dispatches.
    fn enter(&self, user: &str, place: &Place, found: &Found, input: &Input) -> Result<Option<Value>, String> {
        let now_ms = self.shared.now_ms();
        let offered = self.offered(user, found);
        let value = inputs::state_value(&found.element, input, &offered)?;
        let mut state = self.shared.state();
        let values = note(&mut state, user, place, found, value.as_ref());
        let dispatches = found.input.as_ref().is_none_or(|block| super::json::flag(block, "dispatch_action"));
        if !dispatches {
            return Ok(None);
        }
        let ts = state.next_ts(now_ms);
        let action = inputs::action(found, input, value.as_ref(), &offered, &ts);
        Ok(Some(payloads::block_actions(&mut state, user, place, action, values, now_ms)))
    }
}

/// Remembers a value where its element stands, and gives back all values there.
fn note(state: &mut State, user: &str, place: &Place, found: &Found, value: Option<&Value>) -> Value {
    let action_id = text(&found.element, "action_id");
    match place {
        Place::View(id) => {
            let Some(view) = state.views.get_mut(id) else { return Value::Null };
            if let Some(value) = value {
                inputs::put(&mut view.entered, &found.block_id, action_id, value.clone());
            }
            view.entered.clone()
        }
        Place::Message { channel, ts } => {
            let at = MessageRef { channel: channel.clone(), ts: ts.clone() };
            let blocks = state.message(&at).map(|message| message.blocks.clone()).unwrap_or_default();
            let key = (user.to_owned(), at);
            let before = state.chosen.get(&key).cloned().unwrap_or_default();
            let mut values = inputs::values_after_update(&blocks, &before);
            if let Some(value) = value {
                inputs::put(&mut values, &found.block_id, action_id, value.clone());
            }
            state.chosen.insert(key, values.clone());
            values
        }
    }
}

fn may_be_in(state: &State, user: &str, channel: &str) -> Result<(), String> {
    if state.is_down {
        return Err("Slack is down".into());
    }
    match state.user(user) {
        None => Err(format!("there is no user `{user}`")),
        Some(user) if user.deleted => Err(format!("{} is deactivated", user.real_name)),
        Some(_) if !state.is_member(channel, user) => Err(format!("`{user}` is not in `{channel}`")),
        Some(_) => Ok(()),
    }
}

fn may_use_command(state: &State, user: &str, channel: &str) -> Result<(), String> {
    may_be_in(state, user, channel)?;
    match state.user(user).map(|user| user.kind) {
        Some(Kind::External | Kind::Stranger) => Err("people of other workspaces cannot use commands here".into()),
        Some(Kind::Guest | Kind::SingleChannelGuest) if state.seed.guest_commands == GuestCommands::Blocked => {
            Err("guests cannot use this command".into())
        }
        _ => Ok(()),
    }
}

fn visible_blocks(state: &State, user: &str, place: &Place) -> Result<Vec<Value>, String> {
    match place {
        Place::Message { channel, ts } => {
            may_be_in(state, user, channel)?;
            let at = MessageRef { channel: channel.clone(), ts: ts.clone() };
            let message = state.message(&at).filter(|message| message.is_visible_to(user));
            message.map(|message| message.blocks.clone()).ok_or_else(|| format!("there is no message `{ts}`"))
        }
        Place::View(id) => {
            if state.is_down {
                return Err("Slack is down".into());
            }
            let is_visible = state.homes.get(user) == Some(id) || state.stacks.get(user).and_then(|s| s.last()) == Some(id);
            let view = state.views.get(id).filter(|_| is_visible);
            view.map(|view| view.blocks().to_vec()).ok_or_else(|| format!("`{user}` does not see a view `{id}`"))
        }
    }
}

/// Errors of a form by block_id.
pub type FieldErrors = BTreeMap<String, String>;
