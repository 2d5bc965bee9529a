//! What people do outside of messages: opening the home tab, using a shortcut; and what is pinned.

use serde_json::{Value, json};

use super::act::{Seen, Shown};
use super::json::text;
use super::seed::{GuestCommands, Kind};
use super::state::{MessageRef, State};
use super::web_api::{Answered, error, required};
use super::{Emulator, payloads, push};

/// So many messages can be pinned in one channel.
const PINS_MAX: usize = 100;

impl Emulator {
    /// Opens the home tab of the app as somebody. The app is told, each time.
    pub async fn open_home(&self, user: &str) -> Shown {
        let opened = {
            let mut state = self.shared.state();
            match state.user(user) {
                _ if state.is_down => return impossible("Slack is down"),
                None => return impossible(format!("there is no user `{user}`")),
                Some(user) if user.deleted => return impossible(format!("{} is deactivated", user.real_name)),
                Some(_) => {}
            }
            let channel = state.direct_channel(user);
            let view = state.homes.get(user).and_then(|id| state.views.get(id)).map(|view| view.to_json(&state));
            let ts = state.next_ts(self.shared.now_ms());
            let mut event = json!({ "type": "app_home_opened", "user": user, "channel": channel, "tab": "home", "event_ts": ts });
            if let Some(view) = view {
                super::json::set(&mut event, "view", view);
            }
            event
        };
        self.event(opened).await
    }

    /// Uses a shortcut of the workspace as somebody.
    pub async fn shortcut(&self, user: &str, callback_id: &str) -> Shown {
        let now_ms = self.shared.now_ms();
        let payload = {
            let mut state = self.shared.state();
            match may_use_shortcut(&state, user) {
                Err(why) => return impossible(why),
                Ok(()) => payloads::shortcut(&mut state, user, callback_id, now_ms),
            }
        };
        let delivered = push::interaction(&self.shared, "shortcut", &payload).await;
        self.shared.changed();
        Shown::without_words(delivered)
    }

    /// Whether guests may use commands and shortcuts from now on.
    pub fn set_guest_commands(&self, may: GuestCommands) {
        self.shared.state().seed.guest_commands = may;
    }

    /// The messages that are pinned in a channel, by their numbers.
    pub fn pins(&self, channel: &str) -> Vec<String> {
        self.shared.state().pins.iter().filter(|at| at.channel == channel).map(|at| at.ts.clone()).collect()
    }
}

/// The setting that keeps guests from commands keeps them from shortcuts as well.
fn may_use_shortcut(state: &State, user: &str) -> Result<(), String> {
    let known = state.user(user).ok_or_else(|| format!("there is no user `{user}`"))?;
    match known.kind {
        _ if state.is_down => Err("Slack is down".into()),
        _ if known.deleted => Err(format!("{} is deactivated", known.real_name)),
        Kind::External | Kind::Stranger | Kind::Bot => Err("people of other workspaces cannot use shortcuts here".into()),
        Kind::Guest | Kind::SingleChannelGuest if state.seed.guest_commands == GuestCommands::Blocked => {
            Err("guests cannot use this shortcut".into())
        }
        Kind::Member | Kind::Admin | Kind::Guest | Kind::SingleChannelGuest => Ok(()),
    }
}

pub(crate) fn pin(state: &mut State, args: &Value, _now_ms: i64) -> Answered {
    let (channel, ts) = (required(args, "channel")?.to_owned(), text(args, "timestamp").to_owned());
    if ts.is_empty() {
        return Err(error("no_item_specified"));
    }
    let bot = state.seed.bot_user_id.clone();
    let known = state.channel(&channel).ok_or_else(|| error("channel_not_found"))?;
    if !known.members.contains(&bot) {
        return Err(error("not_in_channel"));
    }
    if known.is_archived {
        return Err(error("is_archived"));
    }
    let at = MessageRef { channel, ts };
    if state.message(&at).is_none_or(|message| message.only_for.is_some()) {
        return Err(error("message_not_found"));
    }
    if state.pins.contains(&at) {
        return Err(error("already_pinned"));
    }
    if state.pins.iter().filter(|pin| pin.channel == at.channel).count() >= PINS_MAX {
        return Err(error("too_many_pins"));
    }
    state.pins.insert(at);
    Ok(json!({}))
}

fn impossible(why: impl Into<String>) -> Shown {
    Shown { status: None, ack_ms: 0, body: String::new(), seen: Seen::Impossible(why.into()) }
}
