//! The use cases: who is it, what are the facts, what does the policy say, decide, and one transaction. One file per use case.
//!
//! Everything that is answered is committed before it is answered. What comes in twice is done once and answered twice.

mod alarms;
mod approve;
mod ask;
mod away;
mod behalf;
mod bundle;
mod changes;
mod click;
mod cut;
mod deed;
mod deny;
mod digest;
mod doors;
mod drain;
mod end;
mod erase;
mod extend;
mod feedback;
mod find;
mod form;
mod glass;
pub mod home;
mod host;
mod identify;
mod instead;
mod leave;
mod lists;
mod lock;
mod merged;
pub mod messages;
pub mod names;
mod narrow;
pub mod paging;
mod plan;
pub mod policies;
mod reassess;
mod recheck;
mod remind;
pub mod render;
pub mod reveal;
mod review;
mod search;
mod several;
mod sources;
pub mod standing;
mod strangers;
mod submit;
mod surface;
mod talk;
mod telling;
mod transact;
mod vouch;
pub mod watch;
mod when;
mod who;
mod windows;
mod withdraw;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::Notify;
use tracing::warn;

use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::time::{Now, Timestamp, Trust};
use crate::clock::{Clock, Judge};
use crate::slack::client::{Installed, SlackApi};
use crate::slack::socket;
use crate::store::{Health, Store, StoreError};

pub use drain::{Access, Drain, Drained};
pub use erase::{Erased, NotErased};
pub use host::{Described, HostUser, OnHost};
pub use messages::Kind;
pub use policies::{Loaded, Policies};
use standing::Standings;
pub use surface::Answer;
pub use telling::Telling;
pub use transact::{Stop, Work};

/// What an operator sets.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where alarms go.
    pub security_channel: Option<String>,
    /// Where digests go; without one, where alarms go.
    pub digest_channel: Option<String>,
    /// Where a card goes whose own channel cannot be posted to.
    pub fallback_channel: Option<String>,
    /// People who may end, withdraw and see everything.
    pub admins: BTreeSet<PersonId>,
    /// What to make of files that have no word of something that is open.
    pub orphans: Orphans,
}

/// What to make of policy files that have no word of a resource, a role or a provider at which grants are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orphans {
    /// They are refused: somebody may have removed more than they meant to.
    #[default]
    Refuse,
    /// They come in force, and what is open is named. It ends by what its own row says.
    Accept,
}

/// Everything that the use cases share. One per process.
pub struct App {
    store: Store,
    clock: Arc<dyn Clock>,
    judge: Judge,
    slack: SlackApi,
    policies: Arc<Policies>,
    settings: Settings,
    standings: Standings,
    sources: sources::Sources,
    windows: windows::Windows,
    lookers: vouch::Lookers,
    page: OnceLock<reveal::Page>,
    installed: OnceLock<Installed>,
    socket: OnceLock<socket::Status>,
    wake: Notify,
    mail: Notify,
    pages: Notify,
    trust: Mutex<Trust>,
    is_draining: AtomicBool,
}

impl App {
    /// Puts the parts together. Times before the store's last recorded one are not believed.
    pub fn new(store: Store, clock: Arc<dyn Clock>, slack: SlackApi, policies: Policies, settings: Settings) -> Arc<App> {
        let judge = Judge::new(store.last_time(), clock.as_ref());
        Arc::new(App {
            store,
            clock,
            judge,
            slack,
            policies: Arc::new(policies),
            settings,
            standings: Standings::default(),
            sources: sources::Sources::default(),
            windows: windows::Windows::default(),
            lookers: vouch::Lookers::default(),
            page: OnceLock::new(),
            installed: OnceLock::new(),
            socket: OnceLock::new(),
            wake: Notify::new(),
            mail: Notify::new(),
            pages: Notify::new(),
            trust: Mutex::new(Trust::Sound),
            is_draining: AtomicBool::new(false),
        })
    }

    /// The moment at which something is decided now.
    pub fn now(&self) -> Now {
        self.judge.now(self.clock.as_ref())
    }

    /// Wall time, for signatures.
    pub fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Slack, as a client.
    pub fn slack(&self) -> &SlackApi {
        &self.slack
    }

    /// The policy sets.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// What the operator set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Wakes the worker: something became due.
    pub fn wake(&self) -> &Notify {
        &self.wake
    }

    /// Wakes whoever delivers messages.
    pub fn mail(&self) -> &Notify {
        &self.mail
    }

    /// Wakes whoever pages people.
    pub fn pages(&self) -> &Notify {
        &self.pages
    }

    /// Wakes all of them: something was decided.
    pub fn stir(&self) {
        self.wake.notify_one();
        self.mail.notify_one();
        self.pages.notify_one();
    }

    /// Notes whether the clock can be believed; gives what was noted before, if that was different.
    pub fn note_trust(&self, trust: Trust) -> Option<Trust> {
        let mut noted = self.trust.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = std::mem::replace(&mut *noted, trust);
        (before != trust).then_some(before)
    }

    /// Those who may decide about a pending request today.
    pub async fn deciders(&self, id: RequestId) -> Result<BTreeSet<PersonId>, StoreError> {
        let Some(loaded) = self.policies.current() else { return Ok(BTreeSet::new()) };
        let now = self.now().at;
        let needed = self
            .store
            .read(move |reader| {
                let away = reader.away(now)?;
                Ok(reader.request(id)?.map(|request| lists::needed(&loaded.set, &request, &away)).unwrap_or_default())
            })
            .await?;
        Ok(needed.into_iter().flat_map(|needed| needed.people).collect())
    }

    /// An admin says that the wall clock is right.
    pub fn believe_clock(&self) {
        self.judge.believe(self.clock.as_ref());
        self.wake.notify_one();
    }

    /// The workspace that the token belongs to, asked for once.
    ///
    /// # Errors
    ///
    /// [`Refusal::AccountUnverified`] while Slack does not say.
    pub async fn installed(&self) -> Result<&Installed, Refusal> {
        if let Some(known) = self.installed.get() {
            return Ok(known);
        }
        match tokio::time::timeout(standing::WAIT, self.slack.auth_test()).await {
            Ok(Ok(installed)) => Ok(self.installed.get_or_init(|| installed)),
            Ok(Err(error)) => {
                warn!(%error, "slack does not say whose token this is");
                Err(Refusal::AccountUnverified)
            }
            Err(_) => Err(Refusal::AccountUnverified),
        }
    }

    /// Asks Slack whether it still takes the token; what it says, [`App::readiness`] tells.
    pub async fn check_token(&self) {
        if let Ok(Err(error)) = tokio::time::timeout(standing::WAIT, self.slack.auth_test()).await {
            warn!(%error, "slack does not say whose token this is");
        }
    }

    /// From now on it takes a connection of Slack's to be ready. Once, in Socket Mode.
    pub fn comes_over(&self, socket: socket::Status) {
        drop(self.socket.set(socket));
    }

    /// Why this process cannot do its work, as a sentence; `Ok` when it can.
    ///
    /// # Errors
    ///
    /// The sentence.
    pub fn readiness(&self) -> Result<(), String> {
        match self.store.health() {
            Health::Sound => {}
            Health::Usurped { by } => return Err(format!("{by} has taken over the data directory; this process should end")),
            Health::Broken { .. } => {
                return Err("the database cannot be written; nothing is granted, and what is in force is still ended".to_owned());
            }
        }
        if self.policies.current().is_none() {
            return Err("no valid policy is loaded; no requests are taken, and what is in force ends on time".to_owned());
        }
        if let Some(code) = self.slack.refuses_token() {
            return Err(format!(
                "slack refuses the bot token (`{code}`), so that nobody can ask or be told; what is in force still ends on time; \
                 install the app again, put its token into `SLACK_BOT_TOKEN`, and restart"
            ));
        }
        if self.installed.get().is_none() {
            return Err("slack has not answered yet whose token this is".to_owned());
        }
        if self.is_draining.load(Ordering::Relaxed) {
            return Err("daypass is being taken out of service: nothing new is taken, and what is in force ends".to_owned());
        }
        self.socket.get().map_or(Ok(()), socket::Status::readiness)
    }

    /// Asks Slack whether it takes the token still; [`App::readiness`] says so.
    pub async fn look_at_token(&self) {
        drop(self.slack.auth_test().await);
    }

    /// Tells the security channel, once, of something that bears our mark and is in no row: provider, account and thing.
    pub async fn tell_left_over(&self, what: &str) -> Result<(), StoreError> {
        let (what, at, channel) = (what.to_owned(), self.now().at, self.settings.security_channel.clone());
        self.store
            .write(move |tx| Telling { set: None, security_channel: channel.as_deref(), at }.alarm(tx, &Kind::LeftOver, what))
            .await
    }
}
