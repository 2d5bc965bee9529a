//! A provider to play with: accounts that hold levels on things, over HTTP, with faults on demand.
//!
//! It stands for PostgreSQL, GitHub or a cloud in the demo and in the tests. Its state is its own and outlives the bot. It
//! deliberately knows nothing of grants and never ends an access by itself: that is what is on trial.

mod faults;
mod server;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::emulator::Now;
use super::gate::Gate;
use super::loopback::{Server, serve_behind};

pub use faults::{On, SandboxFault, SandboxFaultKind};

const CALLS_MAX: usize = 10_000;

/// Levels that a thing can be held at, besides none.
pub const LEVELS: &[&str] = &["view", "readonly", "readwrite", "write", "poweruser", "admin"];

/// What is decided before the sandbox starts.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The bearer token that it accepts.
    pub token: String,
    /// Who the server says it is.
    pub fingerprint: String,
    /// The accounts that exist.
    pub accounts: Vec<String>,
}

impl Setup {
    /// Accounts for the cast of the demo.
    pub fn demo() -> Self {
        let employees = ["bob", "carol", "dave", "erin", "frank", "priya", "sam"];
        let contractors = [("maya", "acme"), ("hugo", "initech")];
        let mut accounts = Vec::new();
        for name in employees {
            accounts.extend([name.to_owned(), format!("{name}@shop.example")]);
        }
        for (name, company) in contractors {
            accounts.extend([name.to_owned(), format!("{name}-{company}"), format!("{name}@{company}.example")]);
        }
        Self { token: "sandbox-token".into(), fingerprint: "sandbox-00000001".into(), accounts }
    }
}

/// What one account holds on one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The account at the provider.
    pub account: String,
    /// For example `prod/orders`.
    pub thing: String,
    /// One of [`LEVELS`].
    pub level: String,
    /// Who put it there, if they said so.
    pub mark: Option<String>,
    /// Sessions open on it right now.
    pub sessions: u32,
    /// When it got this level.
    pub since_ms: i64,
}

/// One call, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxCall {
    /// When, by the injected clock.
    pub at_ms: i64,
    /// `GET`, `PUT` or `DELETE`.
    pub method: String,
    /// The path, percent-decoded.
    pub path: String,
    /// The status that was answered; none if the connection was closed instead.
    pub status: Option<u16>,
}

/// A change that has been asked for.
#[derive(Debug, Clone)]
enum Change {
    Set { level: String, mark: Option<String> },
    Remove,
}

type Key = (String, String);

#[derive(Debug)]
struct State {
    setup: Setup,
    accounts: BTreeSet<String>,
    held: BTreeMap<Key, Access>,
    /// What was held before the latest change, for stale reads.
    before: BTreeMap<Key, Option<Access>>,
    late: Vec<(Key, Change)>,
    fault: Option<SandboxFault>,
    calls: Vec<SandboxCall>,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    now: Now,
    version: watch::Sender<u64>,
}

/// The running sandbox. Clones share one state; dropping the last one closes its port.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
    server: Arc<Server>,
    gate: Gate,
}

impl Sandbox {
    /// Starts the server on a free loopback port.
    pub async fn start(setup: Setup, now: Now) -> io::Result<Self> {
        let state = State {
            accounts: setup.accounts.iter().cloned().collect(),
            setup,
            held: BTreeMap::new(),
            before: BTreeMap::new(),
            late: Vec::new(),
            fault: None,
            calls: Vec::new(),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), now, version: watch::Sender::new(0) });
        let for_requests = Arc::clone(&shared);
        let gate = Gate::default();
        let server = serve_behind(gate.clone(), 0, move |asked| server::route(Arc::clone(&for_requests), asked)).await?;
        Ok(Self { shared, server: Arc::new(server), gate })
    }

    /// The value for `SANDBOX_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.addr)
    }

    /// The value for `SANDBOX_TOKEN`.
    pub fn token(&self) -> String {
        self.shared.state().setup.token.clone()
    }

    /// What every call to the server passes.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The level that an account really holds now.
    pub fn level(&self, account: &str, thing: &str) -> Option<String> {
        self.access(account, thing).map(|access| access.level)
    }

    /// What an account really holds on a thing now.
    pub fn access(&self, account: &str, thing: &str) -> Option<Access> {
        self.shared.state().held.get(&key(account, thing)).cloned()
    }

    /// Everything that anybody holds now.
    pub fn items(&self) -> Vec<Access> {
        self.shared.state().held.values().cloned().collect()
    }

    /// Gives an account a level behind the bot's back: standing access that nobody asked for.
    pub fn give(&self, account: &str, thing: &str, level: &str) {
        let change = Change::Set { level: level.to_owned(), mark: None };
        self.shared.state().apply(key(account, thing), change, self.shared.now_ms());
        self.shared.changed();
    }

    /// The same with somebody's mark on it.
    pub fn give_marked(&self, account: &str, thing: &str, level: &str, mark: &str) {
        let change = Change::Set { level: level.to_owned(), mark: Some(mark.to_owned()) };
        self.shared.state().apply(key(account, thing), change, self.shared.now_ms());
        self.shared.changed();
    }

    /// Takes a level away behind the bot's back.
    pub fn take(&self, account: &str, thing: &str) {
        self.shared.state().apply(key(account, thing), Change::Remove, self.shared.now_ms());
        self.shared.changed();
    }

    /// Opens a session on something that the account holds; false if it holds nothing.
    pub fn open_session(&self, account: &str, thing: &str) -> bool {
        let mut state = self.shared.state();
        let held = state.held.get_mut(&key(account, thing));
        held.map(|access| access.sessions += 1).is_some()
    }

    /// Makes an account.
    pub fn add_account(&self, account: &str) {
        self.shared.state().accounts.insert(account.to_owned());
    }

    /// Deletes an account with everything it holds.
    pub fn delete_account(&self, account: &str) {
        let mut state = self.shared.state();
        state.accounts.remove(account);
        state.held.retain(|(holder, _), _| holder != account);
    }

    /// Makes calls fail from now on; none makes it whole again.
    pub fn set_fault(&self, fault: Option<SandboxFault>) {
        self.shared.state().fault = fault;
        self.shared.changed();
    }

    /// The fault in force.
    pub fn fault(&self) -> Option<SandboxFault> {
        self.shared.state().fault.clone()
    }

    /// Lets changes happen whose callers gave up long ago. Answers how many.
    pub fn release_late(&self) -> usize {
        let count = {
            let mut state = self.shared.state();
            let late = std::mem::take(&mut state.late);
            let count = late.len();
            for (key, change) in late {
                state.apply(key, change, self.shared.now_ms());
            }
            count
        };
        self.shared.changed();
        count
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<SandboxCall> {
        self.shared.state().calls.clone()
    }

    /// Changes with everything that happens at the provider.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.shared.version.subscribe()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        (self.now)()
    }

    fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }
}

impl State {
    fn apply(&mut self, key: Key, change: Change, now_ms: i64) {
        let held = self.held.remove(&key);
        if let Change::Set { level, mark } = change {
            let is_same_level = held.as_ref().is_some_and(|access| access.level == level);
            let since_ms = held.as_ref().filter(|_| is_same_level).map_or(now_ms, |access| access.since_ms);
            let sessions = held.as_ref().map_or(0, |access| access.sessions);
            let (account, thing) = key.clone();
            self.held.insert(key.clone(), Access { account, thing, level, mark, sessions, since_ms });
        }
        self.before.insert(key, held);
    }

    fn log(&mut self, call: SandboxCall) {
        if self.calls.len() >= CALLS_MAX {
            self.calls.drain(..CALLS_MAX / 10);
        }
        self.calls.push(call);
    }
}

fn key(account: &str, thing: &str) -> Key {
    (account.to_owned(), thing.to_owned())
}
