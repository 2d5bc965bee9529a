//! A strict, stateful stand-in for Slack, as far as Daypass uses it: people, channels, messages, modals, the Web API, and signed
//! requests to the app. `daypass demo` puts a page in front of it; the integration tests drive it from Rust.
//!
//! It refuses what Slack refuses and answers 501 to what it does not know: `CLAIMS.md` lists every rule with its source. It
//! deliberately has no OAuth, no threads view and no search, and over HTTP it does not repeat events.

mod act;
mod blocks;
mod chat;
mod directory;
mod elements;
mod envelope;
mod faults;
mod home;
mod hooks;
mod inputs;
pub(crate) mod json;
mod payloads;
mod push;
mod reading;
mod seed;
mod socket;
mod state;
mod submit;
#[cfg(test)]
mod tests;
mod views;
mod web_api;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::gate::Gate;
use super::loopback::{Answer, Asked, Server, listen, serve_behind};

pub use act::{FieldErrors, Seen, Shown};
pub use faults::{DeliveryFault, Fault, FaultKind};
pub use inputs::{Input, Values};
pub use payloads::Place;
pub use push::signature;
pub use seed::{ACK_DEADLINE, Channel, GuestCommands, Kind, Pace, Privacy, Seed, User, UserGroup};
pub use socket::{Farewell, LINKS_MAX};
pub use state::{Call, Delivery, Message};
pub use submit::{Submitted, Then};
pub use views::View;

use state::{Bot, State};

/// Tells the time to the emulator, in Unix milliseconds.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The running emulator. Clones share one workspace; dropping the last one closes its port.
#[derive(Clone)]
pub struct Emulator {
    shared: Arc<Shared>,
    server: Arc<Server>,
    /// Where Socket Mode connections are taken.
    _links: Arc<Server>,
    gate: Gate,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    now: Now,
    version: watch::Sender<u64>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        (self.now)()
    }

    /// Wakes everybody who watches the workspace.
    fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }
}

impl Emulator {
    /// Starts the Web API on a free loopback port.
    pub async fn start(seed: Seed, now: Now) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::new(State::new(seed, String::new())), now, version: watch::Sender::new(0) });
        let for_requests = Arc::clone(&shared);
        let gate = Gate::default();
        let server = serve_behind(gate.clone(), 0, move |asked| route(Arc::clone(&for_requests), asked)).await?;
        let for_links = Arc::clone(&shared);
        let links = listen(0, move |stream| socket::converse(Arc::clone(&for_links), stream)).await?;
        {
            let mut state = shared.state();
            state.origin = format!("http://{}", server.addr);
            state.sockets.address = links.addr.to_string();
        }
        Ok(Self { shared, server: Arc::new(server), _links: Arc::new(links), gate })
    }

    /// The value for `SLACK_API_URL`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api", self.server.addr)
    }

    /// The token that the Web API accepts.
    pub fn bot_token(&self) -> String {
        self.shared.state().seed.bot_token.clone()
    }

    /// Where commands and clicks go from now on, and the secret that they are signed with.
    pub fn set_bot(&self, request_url: &str, signing_secret: &str) {
        let (request_url, signing_secret) = (request_url.to_owned(), signing_secret.to_owned());
        self.shared.state().bot = Some(Bot::Http { request_url, signing_secret });
    }

    /// What every call to the emulator passes.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Makes the next calls of the Web API fail.
    pub fn fault(&self, fault: Fault) {
        self.shared.state().faults.push(fault);
    }

    /// From now on nothing fails any more that was made to fail.
    pub fn forgive(&self) {
        self.shared.state().faults.clear();
    }

    /// How fast the app may post from now on.
    pub fn set_pace(&self, pace: Pace) {
        self.shared.state().seed.pace = pace;
    }

    /// Somebody joins the workspace.
    pub fn add_user(&self, user: User) {
        self.shared.state().seed.users.push(user);
    }

    /// Does something to the next request from Slack to the app.
    pub fn delivery_fault(&self, fault: DeliveryFault) {
        self.shared.state().delivery_faults.push(fault);
    }

    /// How long the app has to acknowledge from now on.
    pub fn give_the_app(&self, time: Duration) {
        self.shared.state().seed.ack_deadline = time;
    }

    /// Slack is down: every connection is closed, and nobody can do anything in it.
    pub fn go_down(&self) {
        {
            let mut state = self.shared.state();
            state.is_down = true;
            state.sockets.cut_all();
        }
        self.shared.changed();
    }

    /// Slack works again.
    pub fn come_up(&self) {
        self.shared.state().is_down = false;
        self.shared.changed();
    }

    /// Whether Slack is down.
    pub fn is_down(&self) -> bool {
        self.shared.state().is_down
    }

    /// Sends a delivery exactly as it is: an old one again, or one that somebody else made up.
    pub async fn push_raw(&self, delivery: &Delivery) -> Shown {
        let delivered = push::send(&self.shared, delivery).await;
        self.shared.changed();
        Shown::without_words(delivered)
    }

    /// Signs `event` as an Events API callback and delivers it once.
    pub async fn event(&self, event: Value) -> Shown {
        let payload = payloads::event(&mut self.shared.state(), event, self.shared.now_ms());
        let delivered = push::event(&self.shared, &payload).await;
        self.shared.changed();
        Shown::without_words(delivered)
    }

    /// Changes an account; false if there is none with this id.
    pub fn edit_user(&self, id: &str, edit: impl FnOnce(&mut User)) -> bool {
        let mut state = self.shared.state();
        let user = state.seed.users.iter_mut().find(|user| user.id == id);
        user.map(edit).is_some()
    }

    /// Somebody joins the workspace, with an id that nobody has yet; false if somebody has it.
    pub fn join(&self, user: User) -> bool {
        let mut state = self.shared.state();
        let is_new = state.user(&user.id).is_none();
        if is_new {
            state.seed.users.push(user);
        }
        is_new
    }

    /// Changes who is in a user group; false if there is none with this id.
    pub fn set_usergroup(&self, id: &str, members: &[&str]) -> bool {
        let mut state = self.shared.state();
        let group = state.seed.usergroups.iter_mut().find(|group| group.id == id);
        group.map(|group| group.members = members.iter().map(|member| (*member).to_owned()).collect()).is_some()
    }

    /// Changes a channel; false if there is none with this id.
    pub fn edit_channel(&self, id: &str, edit: impl FnOnce(&mut Channel)) -> bool {
        let mut state = self.shared.state();
        let channel = state.seed.channels.iter_mut().find(|channel| channel.id == id);
        channel.map(edit).is_some()
    }

    /// Somebody who may (an admin of the workspace) deletes a message; false if there is none.
    pub fn delete_message(&self, channel: &str, ts: &str) -> bool {
        let found = {
            let mut state = self.shared.state();
            let before = state.messages.len();
            state.messages.retain(|message| message.channel != channel || message.ts != ts);
            state.messages.len() < before
        };
        self.shared.changed();
        found
    }

    /// The messages of a channel that everybody in it sees, oldest first.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.matching(|message| message.channel == channel && message.only_for.is_none())
    }

    /// The id of the conversation between a person and the app, opened if need be.
    pub fn dm_channel(&self, user: &str) -> String {
        self.shared.state().direct_channel(user)
    }

    /// The messages between a person and the app, oldest first.
    pub fn dm(&self, user: &str) -> Vec<Message> {
        let channel = self.dm_channel(user);
        self.messages(&channel)
    }

    /// The messages that only this person sees, in any channel, oldest first.
    pub fn ephemerals(&self, user: &str) -> Vec<Message> {
        self.matching(|message| message.only_for.as_deref() == Some(user))
    }

    /// Everything a person sees in a channel, oldest first.
    pub fn visible(&self, user: &str, channel: &str) -> Vec<Message> {
        self.matching(|message| message.channel == channel && message.is_visible_to(user))
    }

    fn matching(&self, is_wanted: impl Fn(&Message) -> bool) -> Vec<Message> {
        self.shared.state().messages.iter().filter(|message| is_wanted(message)).cloned().collect()
    }

    /// The modal that a person has before them.
    pub fn open_view(&self, user: &str) -> Option<View> {
        let state = self.shared.state();
        let id = state.stacks.get(user)?.last()?;
        state.views.get(id).cloned()
    }

    /// The App Home of a person, if the app published one.
    pub fn home(&self, user: &str) -> Option<View> {
        let state = self.shared.state();
        state.views.get(state.homes.get(user)?).cloned()
    }

    /// Who is in the workspace.
    pub fn users(&self) -> Vec<User> {
        self.shared.state().seed.users.clone()
    }

    /// The channels and direct conversations of the workspace.
    pub fn channels(&self) -> Vec<Channel> {
        self.shared.state().seed.channels.clone()
    }

    /// The user groups of the workspace.
    pub fn usergroups(&self) -> Vec<UserGroup> {
        self.shared.state().seed.usergroups.clone()
    }

    /// Every call of the Web API so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.clone()
    }

    /// Every request to the app so far.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.state().deliveries.clone()
    }

    /// Everything that a correct app would not have done: unknown methods, invalid blocks, missing scopes, wrong answers.
    pub fn complaints(&self) -> Vec<String> {
        self.shared.state().complaints.clone()
    }

    /// Changes with everything that happens in the workspace.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.shared.version.subscribe()
    }
}

async fn route(shared: Arc<Shared>, asked: Asked) -> Answer {
    if let Some(method) = asked.path.strip_prefix("/api/") {
        let method = method.to_owned();
        return web_api::answer(shared, asked, &method).await;
    }
    if asked.path.starts_with("/hooks/") && asked.method == "POST" {
        return hooks::answer(&shared, &asked);
    }
    Answer::text(501, format!("the emulator does not know {} {}", asked.method, asked.path))
}
