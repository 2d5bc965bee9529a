//! The use cases: who is it, what are the facts, what does the policy say, decide, and one transaction. One file per use case.
//!
//! Everything that is answered is committed before it is answered. What comes in twice is done once and answered twice.

mod approve;
mod ask;
mod click;
mod deed;
mod deny;
mod end;
mod extend;
mod form;
mod identify;
mod lists;
pub mod messages;
pub mod names;
pub mod paging;
mod plan;
pub mod policies;
mod reassess;
mod remind;
pub mod render;
pub mod standing;
mod submit;
mod surface;
mod transact;
mod withdraw;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::Notify;
use tracing::{info, warn};

use crate::access::event::{Actor, Event};
use crate::access::ids::{PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::time::{Now, Timestamp, Trust};
use crate::clock::{Clock, Judge};
use crate::policy::problem::LoadError;
use crate::slack::client::{Installed, SlackApi};
use crate::store::{Health, Store, StoreError};

pub use messages::{Kind, Telling};
pub use policies::{Loaded, Policies};
use standing::Standings;
pub use surface::Answer;
pub use transact::{Stop, Work};

/// What an operator sets.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where alarms go.
    pub security_channel: Option<String>,
    /// People who may end, withdraw and see everything.
    pub admins: BTreeSet<PersonId>,
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
    installed: OnceLock<Installed>,
    wake: Notify,
    mail: Notify,
    pages: Notify,
    trust: Mutex<Trust>,
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
            installed: OnceLock::new(),
            wake: Notify::new(),
            mail: Notify::new(),
            pages: Notify::new(),
            trust: Mutex::new(Trust::Sound),
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
        let needed = self
            .store
            .read(move |reader| Ok(reader.request(id)?.map(|request| lists::needed(&loaded.set, &request)).unwrap_or_default()))
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
        if self.installed.get().is_none() {
            return Err("slack has not answered yet whose token this is".to_owned());
        }
        Ok(())
    }

    /// Writes down what is in force at the start: our version, and the policy set or why there is none.
    pub async fn begin(&self, problem: Option<&LoadError>) -> Result<(), StoreError> {
        let started = Event::Started { version: env!("CARGO_PKG_VERSION").to_owned() };
        let policy = problem.map(refused);
        let loaded = self.policies.current();
        let (at, security) = (self.now().at, self.settings.security_channel.clone());
        self.store
            .write(move |tx| {
                tx.record(at, &Actor::Daypass, started)?;
                match (&loaded, policy) {
                    (Some(loaded), _) => keep(tx, loaded, at),
                    (None, Some(refused)) => {
                        tx.record(at, &Actor::Daypass, refused.clone())?;
                        Telling { set: None, security_channel: security.as_deref(), at }.tell(tx, &refused)
                    }
                    (None, None) => Ok(()),
                }
            })
            .await?;
        self.adopt_kept_providers().await
    }

    /// Loads the policy files again. The set that was in force stays when they cannot be loaded.
    ///
    /// # Errors
    ///
    /// What is wrong with the files.
    pub async fn reload(&self) -> Result<String, LoadError> {
        let at = self.now().at;
        match self.policies.reload() {
            Ok(loaded) => {
                let digest = loaded.set.digest().to_owned();
                info!(policy.digest = %digest, "policy files are in force");
                let kept = self.store.write(move |tx| keep(tx, &loaded, at)).await;
                if let Err(error) = kept {
                    warn!(%error, "the policy in force could not be recorded");
                }
                self.reassess_pending().await;
                self.stir();
                Ok(digest)
            }
            Err(problem) => {
                warn!(%problem, "policy files are not loaded; the last good set stays in force");
                let event = refused(&problem);
                let telling = self.settings.security_channel.clone();
                let told: Result<(), StoreError> = self
                    .store
                    .write(move |tx| {
                        tx.record(at, &Actor::Daypass, event.clone())?;
                        Telling { set: None, security_channel: telling.as_deref(), at }.tell(tx, &event)
                    })
                    .await;
                if let Err(error) = told {
                    warn!(%error, "the refused policy could not be recorded");
                }
                self.stir();
                Err(problem)
            }
        }
    }

    /// Tells the security channel, once, of something that bears our mark and is in no row: provider, account and thing.
    pub async fn tell_left_over(&self, what: &str) -> Result<(), StoreError> {
        let (what, at, channel) = (what.to_owned(), self.now().at, self.settings.security_channel.clone());
        self.store
            .write(move |tx| Telling { set: None, security_channel: channel.as_deref(), at }.alarm(tx, &Kind::LeftOver, what))
            .await
    }

    /// What earlier sets gave is taken back by the adapters that they named, whether the files of today name them, are broken or
    /// have no word of them.
    async fn adopt_kept_providers(&self) -> Result<(), StoreError> {
        let texts: Vec<String> = self
            .store
            .read(|reader| {
                let mut texts = std::collections::BTreeMap::new();
                let mut after = None;
                loop {
                    let page = reader.open_grants(after, 500)?;
                    let Some(last) = page.last() else { break };
                    after = Some(last.id);
                    for grant in &page {
                        let Some(request) = reader.request(grant.request)? else { continue };
                        if let Some(text) = reader.policy_text(&request.policy.digest)? {
                            texts.insert(request.policy.digest.clone(), text);
                        }
                    }
                }
                Ok(texts.into_values().collect())
            })
            .await?;
        texts.iter().for_each(|text| self.policies.adopt_providers(text));
        Ok(())
    }
}

fn refused(problem: &LoadError) -> Event {
    let first = problem.problems.first().map(|problem| format!("{}:{}: {}", problem.file, problem.line, problem.message));
    Event::PolicyRefused { digest: "unreadable".to_owned(), problem: first.unwrap_or_default() }
}

fn keep(tx: &mut crate::store::Tx<'_>, loaded: &Loaded, at: Timestamp) -> Result<(), StoreError> {
    let set = &loaded.set;
    tx.keep_policy(set.digest(), set.text(), at)?;
    let event = Event::PolicyLoaded { digest: set.digest().to_owned(), files: set.files().to_vec() };
    tx.record(at, &Actor::Daypass, event)
}
