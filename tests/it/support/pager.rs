//! Whoever pages people, as a story sees it: what it was told, what is open by its own books, and what it does wrong.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use daypass::access::entitlement::Class;
use daypass::providers::oncall::{OnCall, OnCallUser, Page};
use daypass::providers::{Call, Finding, ProviderError};

/// Outlives the process, like the real one.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<String>,
    told: Vec<String>,
    open: BTreeSet<String>,
    is_down: bool,
    answers_to_lose: u32,
}

impl Pager {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What it was told, oldest first: `page <key>`, `resolve <key>`.
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// The same with everything that was said.
    pub fn told(&self) -> String {
        self.state().told.join("\n")
    }

    /// How many pages are open. One key is one page.
    pub fn open(&self) -> usize {
        self.state().open.len()
    }

    /// It refuses everything for now, or does not.
    pub fn is_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// It does what it is told so many times, and nobody hears of it.
    pub fn loses_answers(&self, times: u32) {
        self.state().answers_to_lose = times;
    }

    fn does(&self, call: String, said: String, act: impl FnOnce(&mut BTreeSet<String>) -> bool) -> Result<(), ProviderError> {
        let mut state = self.state();
        if state.is_down {
            return Err(ProviderError::new(Class::Transient, "down", "the pager is down"));
        }
        state.told.push(format!("{call}{said}"));
        state.calls.push(call);
        act(&mut state.open);
        if state.answers_to_lose > 0 {
            state.answers_to_lose -= 1;
            return Err(ProviderError::new(Class::Ambiguous, "timeout", "nothing was heard"));
        }
        Ok(())
    }
}

#[async_trait]
impl OnCall for Pager {
    async fn validate(&self, _: &Call) -> Result<Vec<Finding>, ProviderError> {
        Ok(Vec::new())
    }

    async fn on_call(&self, _: &Call, _: &str) -> Result<Vec<OnCallUser>, ProviderError> {
        Ok(Vec::new())
    }

    async fn page(&self, _: &Call, page: &Page) -> Result<(), ProviderError> {
        let said = format!("\n  {}\n  {}\n  {}", page.service, page.title, page.details);
        self.does(format!("page {}", page.key), said, |open| open.insert(page.key.clone()))
    }

    async fn resolve(&self, _: &Call, service: &str, key: &str) -> Result<(), ProviderError> {
        self.does(format!("resolve {key}"), format!("\n  {service}"), |open| open.remove(key))
    }
}
