//! What the emulated workspace remembers. Every id and timestamp comes from a counter and the injected clock, so that two runs
//! with the same steps are equal to the letter.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::faults::{DeliveryFault, Fault};
use super::seed::{Channel, Pace, Privacy, Seed, User};
use super::socket::Sockets;
use super::views::View;

/// Old entries are forgotten beyond this, so that a demo left open overnight does not grow without end.
const LOG_ENTRIES_MAX: usize = 10_000;
const BURST_MESSAGES: f64 = 4.0;
const MESSAGES_PER_SECOND: f64 = 1.0;
const UPDATES_PER_MINUTE: usize = 50;

/// A message as Slack keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Where it stands.
    pub channel: String,
    /// Its id within the channel, and its time.
    pub ts: String,
    /// The author: a person, or the app's bot user.
    pub user: String,
    /// The text for notifications; shown when there are no blocks.
    pub text: String,
    /// Its layout.
    pub blocks: Vec<Value>,
    /// The message it answers, in a thread.
    pub thread_ts: Option<String>,
    /// What the app attached for itself.
    pub metadata: Option<Value>,
    /// Set when only this person sees it.
    pub only_for: Option<String>,
    /// Set when it bears the mark "(edited)".
    pub edited_ts: Option<String>,
}

/// One call of the Web API, and what was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// When, by the injected clock.
    pub at_ms: i64,
    /// For example `chat.postMessage`.
    pub method: String,
    /// The arguments, without the token.
    pub args: Value,
    /// HTTP status.
    pub status: u16,
    /// The JSON that was answered, or would have been if the connection had held.
    pub answer: Value,
}

/// One request to the app's request URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `slash_command`, `block_actions`, `view_submission`, `view_closed`, `block_suggestion` or `event`.
    pub kind: String,
    /// Form or JSON.
    pub content_type: &'static str,
    /// The signed timestamp, in seconds.
    pub timestamp_s: i64,
    /// `v0=…`
    pub signature: String,
    /// The raw body that the signature covers.
    pub body: String,
}

/// How the app is reached.
#[derive(Debug, Clone)]
pub(crate) enum Bot {
    /// At its request URL.
    Http { request_url: String, signing_secret: String },
    /// Over the connections that it opened: Socket Mode is on.
    Socket,
}

#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub user: String,
    pub made_ms: i64,
    pub is_used: bool,
}

/// What a response_url stands for.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub user: String,
    pub channel: String,
    pub made_ms: i64,
    pub uses: u32,
    /// The message whose button was pressed; none for a slash command.
    pub source: Option<MessageRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MessageRef {
    pub channel: String,
    pub ts: String,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at_ms: i64,
}

#[derive(Debug)]
pub(crate) struct State {
    pub seed: Seed,
    /// `http://127.0.0.1:port`, the prefix of every response_url.
    pub origin: String,
    pub bot: Option<Bot>,
    pub messages: Vec<Message>,
    pub views: BTreeMap<String, View>,
    /// The modals each person has open, the visible one last.
    pub stacks: BTreeMap<String, Vec<String>>,
    pub homes: BTreeMap<String, String>,
    pub pins: BTreeSet<MessageRef>,
    pub triggers: BTreeMap<String, Trigger>,
    pub hooks: BTreeMap<String, Hook>,
    /// What people have chosen in the elements of a message: person and message to block to action to value.
    pub chosen: BTreeMap<(String, MessageRef), Value>,
    /// Options that the app offered to a person for an external select.
    pub offered: BTreeMap<(String, String), Vec<Value>>,
    pub calls: Vec<Call>,
    pub deliveries: Vec<Delivery>,
    /// Everything the app did that a correct app would not do.
    pub complaints: Vec<String>,
    pub faults: Vec<Fault>,
    pub delivery_faults: Vec<DeliveryFault>,
    pub is_down: bool,
    pub sockets: Sockets,
    buckets: BTreeMap<String, Bucket>,
    /// When messages were updated in the last minute.
    updates: Vec<i64>,
    counter: u64,
    latest_s: i64,
}

impl State {
    pub fn new(seed: Seed, origin: String) -> Self {
        Self {
            seed,
            origin,
            bot: None,
            messages: Vec::new(),
            views: BTreeMap::new(),
            stacks: BTreeMap::new(),
            homes: BTreeMap::new(),
            pins: BTreeSet::new(),
            triggers: BTreeMap::new(),
            hooks: BTreeMap::new(),
            chosen: BTreeMap::new(),
            offered: BTreeMap::new(),
            calls: Vec::new(),
            deliveries: Vec::new(),
            complaints: Vec::new(),
            faults: Vec::new(),
            delivery_faults: Vec::new(),
            is_down: false,
            sockets: Sockets::default(),
            buckets: BTreeMap::new(),
            updates: Vec::new(),
            counter: 0,
            latest_s: 0,
        }
    }

    pub fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// A timestamp that is also an id: unique, and never smaller than one given before, even if the clock goes back.
    pub fn next_ts(&mut self, now_ms: i64) -> String {
        self.latest_s = self.latest_s.max(now_ms.div_euclid(1_000));
        let number = self.next_number();
        format!("{}.{:06}", self.latest_s, number % 1_000_000)
    }

    pub fn user(&self, id: &str) -> Option<&User> {
        self.seed.users.iter().find(|user| user.id == id)
    }

    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.seed.channels.iter().find(|channel| channel.id == id)
    }

    pub fn is_member(&self, channel_id: &str, user_id: &str) -> bool {
        self.channel(channel_id).is_some_and(|channel| channel.members.iter().any(|member| member == user_id))
    }

    /// The conversation between `user_id` and the app, opened if need be.
    pub fn direct_channel(&mut self, user_id: &str) -> String {
        let id = format!("D{}", user_id.get(1..).unwrap_or(user_id));
        if self.channel(&id).is_none() {
            self.seed.channels.push(Channel {
                id: id.clone(),
                name: "directmessage".into(),
                topic: String::new(),
                privacy: Privacy::Direct,
                is_archived: false,
                is_ext_shared: false,
                members: vec![user_id.to_owned(), self.seed.bot_user_id.clone()],
            });
        }
        id
    }

    pub fn message(&self, at: &MessageRef) -> Option<&Message> {
        self.messages.iter().find(|message| message.channel == at.channel && message.ts == at.ts)
    }

    pub fn message_mut(&mut self, at: &MessageRef) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.channel == at.channel && message.ts == at.ts)
    }

    pub fn trigger(&mut self, user: &str, now_ms: i64) -> String {
        let number = self.next_number();
        let id = format!("{number}.{}.emulator", now_ms.max(0));
        self.triggers.insert(id.clone(), Trigger { user: user.to_owned(), made_ms: now_ms, is_used: false });
        id
    }

    pub fn hook(&mut self, kind: &str, hook: Hook) -> String {
        let number = self.next_number();
        let path = format!("/hooks/{kind}/{}/{number}", self.seed.team_id);
        let url = format!("{}{path}", self.origin);
        self.hooks.insert(path, hook);
        url
    }

    pub fn complain(&mut self, complaint: String) {
        push_bounded(&mut self.complaints, complaint);
    }

    pub fn log_call(&mut self, call: Call) {
        push_bounded(&mut self.calls, call);
    }

    pub fn log_delivery(&mut self, delivery: Delivery) {
        push_bounded(&mut self.deliveries, delivery);
    }

    /// Takes one message from the channel's allowance, or says in how many seconds there will be one.
    pub fn take_pace(&mut self, channel: &str, now_ms: i64) -> Result<(), u64> {
        if self.seed.pace == Pace::Unlimited {
            return Ok(());
        }
        let bucket = self.buckets.entry(channel.to_owned()).or_insert(Bucket { tokens: BURST_MESSAGES, at_ms: now_ms });
        let passed_s = (now_ms - bucket.at_ms).max(0) as f64 / 1_000.0;
        bucket.tokens = (bucket.tokens + passed_s * MESSAGES_PER_SECOND).min(BURST_MESSAGES);
        bucket.at_ms = now_ms;
        if bucket.tokens < 1.0 {
            return Err(1);
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// Takes one update from the workspace's allowance of a minute, or says in how many seconds there will be one.
    pub fn take_update(&mut self, now_ms: i64) -> Result<(), u64> {
        if self.seed.pace == Pace::Unlimited {
            return Ok(());
        }
        self.updates.retain(|at| *at > now_ms - 60_000);
        match self.updates.first() {
            Some(first) if self.updates.len() >= UPDATES_PER_MINUTE => {
                Err(u64::try_from((first + 60_000 - now_ms).div_euclid(1_000) + 1).unwrap_or(1))
            }
            Some(_) | None => {
                self.updates.push(now_ms);
                Ok(())
            }
        }
    }
}

impl Message {
    pub(crate) fn place(&self) -> MessageRef {
        MessageRef { channel: self.channel.clone(), ts: self.ts.clone() }
    }

    /// The message as it stands in API answers and payloads.
    pub fn to_json(&self, seed: &Seed) -> Value {
        let mut message = json!({
            "type": "message", "user": self.user, "ts": self.ts, "text": self.text, "team": seed.team_id,
        });
        let mut put = |key: &str, value: Value| super::json::set(&mut message, key, value);
        if self.user == seed.bot_user_id {
            put("bot_id", json!(seed.bot_id));
            put("app_id", json!(seed.app_id));
        }
        if !self.blocks.is_empty() {
            put("blocks", json!(self.blocks));
        }
        if let Some(thread_ts) = &self.thread_ts {
            put("thread_ts", json!(thread_ts));
        }
        if let Some(metadata) = &self.metadata {
            put("metadata", metadata.clone());
        }
        if let Some(ts) = &self.edited_ts {
            put("edited", json!({ "user": self.user, "ts": ts }));
        }
        message
    }

    /// Whether a member of the channel sees it.
    pub fn is_visible_to(&self, user: &str) -> bool {
        self.only_for.as_deref().is_none_or(|reader| reader == user)
    }

    /// Every text that a person reads in it, one line per block; the notification text when there are no blocks.
    pub fn shown_text(&self) -> String {
        if self.blocks.is_empty() {
            return self.text.clone();
        }
        super::reading::blocks_text(&self.blocks)
    }
}

pub(super) fn push_bounded<T>(log: &mut Vec<T>, entry: T) {
    if log.len() >= LOG_ENTRIES_MAX {
        log.drain(..LOG_ENTRIES_MAX / 10);
    }
    log.push(entry);
}
