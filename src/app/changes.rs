//! Files that change: a set comes in force only if it can be loaded, passes its own tests, and forgets nothing that is open. What
//! it changes is written down and told, and what follows from it for what is pending and in force is done.
//!
//! What is in force already is not judged anew: by how much it differs from what the new files would allow is listed, and
//! only an operator shortens it.

use std::sync::Arc;

use tracing::{error, info, warn};

use crate::access::event::{Actor, Event};
use crate::access::grant::Grant;
use crate::access::ids::GrantId;
use crate::access::time::Timestamp;
use crate::policy::PolicySet;
use crate::policy::diff::diff;
use crate::policy::problem::{LoadError, Problem};
use crate::store::{Reader, StoreError, Tx};

use super::leave::for_open_grants;
use super::merged::Finding;
use super::narrow::unlike_the_files;
use super::policies::{Loaded, Ready};
use super::{App, Orphans, Telling};

/// How many lines say what opens, and how many what closes.
const DIFF_LINES_MAX: usize = 10;

/// How many grants are named one by one.
pub(super) const GRANTS_NAMED_MAX: usize = 10;

/// Why a set does not come in force although it can be read.
enum NotTaken {
    /// It has no word of these, which are open.
    Orphans(Vec<Orphan>),
    /// It could not be recorded.
    Store(StoreError),
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> NotTaken {
        NotTaken::Store(error)
    }
}

/// A grant that is open at something that the files do not name any more.
#[derive(Debug, Clone)]
pub(super) struct Orphan {
    /// Which.
    pub grant: GrantId,
    /// Whose, on what, and what of it is missing, as a sentence.
    pub what: String,
}

impl App {
    /// Writes down what is in force at the start: our version, and the policy set or why there is none. What follows from files
    /// that changed while nobody ran is done.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written.
    pub async fn begin(&self, problem: Option<&LoadError>) -> Result<(), StoreError> {
        let started = Event::Started { version: env!("CARGO_PKG_VERSION").to_owned() };
        let at = self.now().at;
        self.store.write(move |tx| tx.record(at, &Actor::Daypass, started)).await?;
        match (self.policies.current(), problem) {
            (Some(loaded), _) => self.begin_with(&loaded).await?,
            (None, Some(problem)) => self.tell_refused(problem).await?,
            (None, None) => {}
        }
        self.adopt_kept_providers().await?;
        self.follow().await
    }

    async fn begin_with(&self, loaded: &Arc<Loaded>) -> Result<(), StoreError> {
        let last = self.store.read(|reader| reader.last_policy()).await?;
        let before = last.and_then(|(digest, text)| self.policies.pinned(&digest, || Some(text)));
        let changes = self.changes(before.as_ref(), loaded).await?;
        let findings = self.findings(before.as_ref(), loaded).await?;
        let (taken, orphans, security) = (Arc::clone(loaded), self.settings.orphans, self.settings.security_channel.clone());
        let at = self.now().at;
        let recorded = self
            .store
            .write(move |tx| {
                refuse_orphans(tx, &taken.set, orphans)?;
                Ok(keep(tx, &taken, changes, findings, security.as_deref(), at)?)
            })
            .await;
        match recorded {
            Ok(()) => Ok(()),
            Err(NotTaken::Store(error)) => Err(error),
            Err(NotTaken::Orphans(orphans)) => {
                self.policies.put_back(None);
                let problem = told(&orphans);
                error!("the policy files have no word of what is open, so that no requests are taken\n{problem}");
                self.tell_refused(&problem).await
            }
        }
    }

    /// Loads the policy files again. The set that was in force stays when they cannot be loaded, when a test of theirs fails, or
    /// when they have no word of something that is open.
    ///
    /// # Errors
    ///
    /// What is wrong with the files.
    pub async fn reload(&self) -> Result<String, LoadError> {
        let taken = match self.policies.read() {
            Ok(ready) => self.take(ready).await,
            Err(problem) => Err(problem),
        };
        match taken {
            Ok(digest) => {
                if let Err(error) = self.follow().await {
                    warn!(%error, "not everything that follows from the new files could be recorded");
                }
                self.reassess_pending().await;
                self.stir();
                Ok(digest)
            }
            Err(problem) => {
                warn!(%problem, "policy files are not loaded; the last good set stays in force");
                if let Err(error) = self.tell_refused(&problem).await {
                    warn!(%error, "the refused policy could not be recorded");
                }
                self.stir();
                Err(problem)
            }
        }
    }

    /// Puts a set in force, in the transaction that records it: no decision falls between the two.
    async fn take(&self, ready: Ready) -> Result<String, LoadError> {
        let digest = ready.loaded.set.digest().to_owned();
        let before = self.policies.current();
        if before.as_ref().is_some_and(|before| before.set.digest() == digest) {
            self.policies.install(&ready);
            info!(policy.digest = %digest, "policy files are the same as before");
            return Ok(digest);
        }
        let unreadable = |error: StoreError| whole(format!("the database cannot be read or written: {error}"));
        let changes = self.changes(before.as_ref(), &ready.loaded).await.map_err(unreadable)?;
        let findings = self.findings(before.as_ref(), &ready.loaded).await.map_err(unreadable)?;
        changes.iter().for_each(|change| info!(policy.digest = %digest, "{change}"));
        let (policies, orphans, security) =
            (Arc::clone(&self.policies), self.settings.orphans, self.settings.security_channel.clone());
        let at = self.now().at;
        let recorded = self
            .store
            .write(move |tx| {
                refuse_orphans(tx, &ready.loaded.set, orphans)?;
                keep(tx, &ready.loaded, changes, findings, security.as_deref(), at)?;
                policies.install(&ready);
                Ok(())
            })
            .await;
        match recorded {
            Ok(()) => {
                info!(policy.digest = %digest, "policy files are in force");
                Ok(digest)
            }
            Err(NotTaken::Orphans(orphans)) => Err(told(&orphans)),
            Err(NotTaken::Store(error)) => {
                // What is not in the audit log did not happen.
                self.policies.put_back(before);
                Err(unreadable(error))
            }
        }
    }

    /// What follows from the set in force for what was agreed before. Asks nobody outside.
    async fn follow(&self) -> Result<(), StoreError> {
        let Some(loaded) = self.policies.current() else { return Ok(()) };
        self.learn_earlier_ids(&loaded).await?;
        self.end_with_contracts(&loaded).await?;
        self.recheck_unsent().await
    }

    /// What a set changes, one line each; nothing for the first set there ever was, and for the same.
    async fn changes(&self, before: Option<&Arc<Loaded>>, after: &Arc<Loaded>) -> Result<Vec<String>, StoreError> {
        let Some(before) = before.filter(|before| before.set.digest() != after.set.digest()) else { return Ok(Vec::new()) };
        let (old, new, now) = (Arc::clone(&before.set), Arc::clone(&after.set), self.now().at);
        // Everybody is tried on everything: too long for a thread that answers clicks.
        let lines = tokio::task::spawn_blocking(move || diff(&old, &new, now).lines(DIFF_LINES_MAX)).await;
        let mut lines = lines.unwrap_or_else(|problem| vec![format!("what it opens and closes is not known: {problem}")]);
        if lines.is_empty() {
            lines.push("for everybody it takes as many people as before".to_owned());
        }
        let after = Arc::clone(after);
        lines.extend(self.store.read(move |reader| unlike_the_files(reader, &after, now)).await?);
        Ok(lines)
    }

    async fn tell_refused(&self, problem: &LoadError) -> Result<(), StoreError> {
        let (event, at, security) = (refused(problem), self.now().at, self.settings.security_channel.clone());
        self.store
            .write(move |tx| {
                tx.record(at, &Actor::Daypass, event.clone())?;
                Telling { set: None, security_channel: security.as_deref(), at }.tell(tx, &event)
            })
            .await
    }

    /// What earlier sets gave is taken back by the adapters that they named, whether the files of today name them, are broken or
    /// have no word of them.
    async fn adopt_kept_providers(&self) -> Result<(), StoreError> {
        let texts: Vec<String> = self
            .store
            .read(|reader| {
                let mut texts = std::collections::BTreeMap::new();
                for grant in open_grants(reader)? {
                    let Some(request) = reader.request(grant.request)? else { continue };
                    if let Some(text) = reader.policy_text(&request.policy.digest)? {
                        texts.insert(request.policy.digest.clone(), text);
                    }
                }
                Ok(texts.into_values().collect())
            })
            .await?;
        texts.iter().for_each(|text| self.policies.adopt_providers(text));
        Ok(())
    }
}

pub(super) fn open_grants(reader: &Reader<'_>) -> Result<Vec<Grant>, StoreError> {
    let mut open = Vec::new();
    for_open_grants(reader, |grant| open.push(grant.clone()))?;
    Ok(open)
}

/// Grants that are open at something that this set does not name.
pub(super) fn orphans(reader: &Reader<'_>, set: &PolicySet) -> Result<Vec<Orphan>, StoreError> {
    let mut orphans = Vec::new();
    for grant in open_grants(reader)? {
        let Some(request) = reader.request(grant.request)? else { continue };
        let part = request.part_of(grant.id);
        let provider = reader.entitlement(grant.entitlement)?.map(|entitlement| entitlement.description.provider);
        let gone = match provider.filter(|provider| !set.providers().contains_key(provider)) {
            Some(provider) => format!("the provider `{provider}`"),
            None if set.resource(&part.resource).is_none() => format!("`{}`", part.resource),
            None if set.role(&part.resource, &part.role).is_none() => format!("`{} {}`", part.resource, part.role),
            None => continue,
        };
        let what =
            format!("{} of {} ({} {}) is open, and {gone} is in no file", grant.id, grant.person, part.resource, part.role);
        orphans.push(Orphan { grant: grant.id, what });
    }
    Ok(orphans)
}

fn refuse_orphans(reader: &Reader<'_>, set: &PolicySet, orphans_are: Orphans) -> Result<(), NotTaken> {
    let found = orphans(reader, set)?;
    match orphans_are {
        Orphans::Refuse if !found.is_empty() => Err(NotTaken::Orphans(found)),
        Orphans::Refuse | Orphans::Accept => Ok(()),
    }
}

fn told(orphans: &[Orphan]) -> LoadError {
    let problem = |orphan: &Orphan| Problem {
        file: "the policy files".to_owned(),
        line: 0,
        column: 0,
        message: format!("{}: put it back, end {} first, or start with `daypass serve --orphan-ok`", orphan.what, orphan.grant),
        source_line: String::new(),
    };
    let more = orphans.len().saturating_sub(GRANTS_NAMED_MAX);
    LoadError { problems: orphans.iter().take(GRANTS_NAMED_MAX).map(problem).collect(), more }
}

fn whole(message: String) -> LoadError {
    let file = "the policy files".to_owned();
    LoadError { problems: vec![Problem { file, line: 0, column: 0, message, source_line: String::new() }], more: 0 }
}

fn refused(problem: &LoadError) -> Event {
    let first = problem.problems.first().map(|problem| match problem.line {
        0 => format!("{}: {}", problem.file, problem.message),
        line => format!("{}:{line}: {}", problem.file, problem.message),
    });
    Event::PolicyRefused { digest: "unreadable".to_owned(), problem: first.unwrap_or_default() }
}

fn keep(
    tx: &mut Tx<'_>,
    loaded: &Loaded,
    mut changes: Vec<String>,
    findings: Vec<Finding>,
    security_channel: Option<&str>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let set = &loaded.set;
    tx.keep_policy(set.digest(), set.text(), at)?;
    changes.extend(findings.iter().map(ToString::to_string));
    let event = Event::PolicyLoaded { digest: set.digest().to_owned(), files: set.files().to_vec(), changes };
    let found = findings.into_iter().map(|Finding { request, what }| Event::Finding { request, what });
    let telling = Telling { set: Some(set), security_channel, at };
    for event in std::iter::once(event).chain(found) {
        tx.record(at, &Actor::Daypass, event.clone())?;
        telling.tell(tx, &event)?;
    }
    Ok(())
}
