//! The policy set in force, with everything that is made from it once: the directory of people, their names, the adapters.
//!
//! A set that cannot be loaded never replaces one that could: the last good one stays in force. Adapters outlive the set that
//! named them, because what they gave has to be taken back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use secrecy::SecretString;
use tracing::warn;

use crate::access::ids::{PersonId, ProviderId};
use crate::people::Directory;
use crate::policy::file::{Kind, Members, Risk};
use crate::policy::problem::{LoadError, PROBLEMS_MAX, Problem};
use crate::policy::{PolicySet, Shapes, scenario};
use crate::providers::oncall::OnCall;
use crate::providers::{GrantShape, Provider, Providers, build, check_shape, oncall};
use crate::slack::say::names::{self, Book, ResourceName, RoleName, Who};

/// Looks up a secret that a policy file names (`url_env`). The configuration decides which names may be read.
pub type Secrets = Arc<dyn Fn(&str) -> Option<SecretString> + Send + Sync>;

/// A policy set in force.
pub struct Loaded {
    /// The set.
    pub set: Arc<PolicySet>,
    /// The names that it gives.
    pub book: Arc<Book>,
    directory: OnceLock<Directory>,
}

impl Loaded {
    fn new(set: PolicySet) -> Loaded {
        let set = Arc::new(set);
        Loaded { book: Arc::new(book(&set)), set, directory: OnceLock::new() }
    }

    /// The people of this set. Accounts without a workspace are in `home_team`, which is the same for the life of the process.
    pub fn directory(&self, home_team: &str) -> &Directory {
        self.directory.get_or_init(|| Directory::new(Arc::clone(&self.set), home_team))
    }
}

/// A set that was read, with everything that is made from it, and is not in force yet.
pub struct Ready {
    /// The set.
    pub loaded: Arc<Loaded>,
    adapters: Providers,
    /// By instance; `None` where the set names one and it cannot be used.
    on_call: BTreeMap<ProviderId, Option<Arc<dyn OnCall>>>,
}

/// The policy sets of this process: the one in force, and older ones that requests are pinned to.
pub struct Policies {
    dir: PathBuf,
    secrets: Secrets,
    current: RwLock<Option<Arc<Loaded>>>,
    pinned: RwLock<BTreeMap<String, Arc<Loaded>>>,
    providers: RwLock<Providers>,
    /// Ids that rows hold and the files do not any more, and who that is now.
    earlier: RwLock<BTreeMap<PersonId, PersonId>>,
    on_call: RwLock<BTreeMap<ProviderId, Arc<dyn OnCall>>>,
}

/// How many older sets are kept ready; more are parsed again when they are needed.
const PINNED_MAX: usize = 16;

impl Policies {
    /// Loads what is in `dir`. When it cannot be loaded there is no set in force: nothing is asked, and what is in force ends.
    pub fn load(dir: &Path, secrets: Secrets) -> (Policies, Option<LoadError>) {
        let policies = Policies {
            dir: dir.to_owned(),
            secrets,
            current: RwLock::new(None),
            pinned: RwLock::new(BTreeMap::new()),
            providers: RwLock::new(Providers::new()),
            earlier: RwLock::new(BTreeMap::new()),
            on_call: RwLock::new(BTreeMap::new()),
        };
        let problem = policies.read().map(|ready| policies.install(&ready)).err();
        (policies, problem)
    }

    /// The set in force.
    pub fn current(&self) -> Option<Arc<Loaded>> {
        read(&self.current).clone()
    }

    /// The digest of the set in force.
    pub fn digest(&self) -> Option<String> {
        self.current().map(|loaded| loaded.set.digest().to_owned())
    }

    /// Reads the directory, tries the tests that its files hold, and makes what they name. Nothing of it is in force yet.
    ///
    /// # Errors
    ///
    /// What is wrong with the files, and which of their own tests fail.
    pub fn read(&self) -> Result<Ready, LoadError> {
        let set = crate::policy::load(&self.dir, shapes())?;
        let failures = scenario::run(&set).failures;
        if !failures.is_empty() {
            let more = failures.len().saturating_sub(PROBLEMS_MAX);
            let told = failures.into_iter().take(PROBLEMS_MAX).map(|failure| {
                let message = format!("the test `{}` fails: {}", failure.name, failure.message);
                Problem { file: failure.place, line: 0, column: 0, message, source_line: String::new() }
            });
            return Err(LoadError { problems: told.collect(), more });
        }
        let loaded = Arc::new(Loaded::new(set));
        Ok(Ready { adapters: self.adapters(&loaded.set), on_call: self.on_callers(&loaded.set), loaded })
    }

    /// Puts a set in force; the adapters that it does not name stay.
    pub fn install(&self, ready: &Ready) {
        let adapters = ready.adapters.iter().map(|(id, adapter)| (id.clone(), Arc::clone(adapter)));
        write(&self.providers).extend(adapters);
        let mut on_call = write(&self.on_call);
        for (id, adapter) in &ready.on_call {
            // Who may do what is never read from an account that the files do not mean any more.
            match adapter {
                Some(adapter) => drop(on_call.insert(id.clone(), Arc::clone(adapter))),
                None => drop(on_call.remove(id)),
            }
        }
        drop(on_call);
        *write(&self.current) = Some(Arc::clone(&ready.loaded));
    }

    /// Puts back what was in force before, or nothing.
    pub fn put_back(&self, before: Option<Arc<Loaded>>) {
        *write(&self.current) = before;
    }

    /// The set that a request is pinned to, from its kept text. `None` where the text cannot be read any more.
    pub fn pinned(&self, digest: &str, text: impl FnOnce() -> Option<String>) -> Option<Arc<Loaded>> {
        if let Some(current) = self.current().filter(|current| current.set.digest() == digest) {
            return Some(current);
        }
        if let Some(known) = read(&self.pinned).get(digest) {
            return Some(Arc::clone(known));
        }
        let set =
            PolicySet::reparse(&text()?).inspect_err(|problem| warn!(%problem, digest, "a kept policy cannot be read")).ok()?;
        let loaded = Arc::new(Loaded::new(set));
        let mut pinned = write(&self.pinned);
        if pinned.len() >= PINNED_MAX {
            pinned.pop_first();
        }
        pinned.insert(digest.to_owned(), Arc::clone(&loaded));
        Some(loaded)
    }

    /// Says which ids that the files do not have any more are whom now.
    pub fn learn_earlier(&self, earlier: BTreeMap<PersonId, PersonId>) {
        *write(&self.earlier) = earlier;
    }

    /// Who this is by the files of now; the same where that is not known.
    pub fn now_called(&self, person: &PersonId) -> PersonId {
        read(&self.earlier).get(person).unwrap_or(person).clone()
    }

    /// The ids under which rows may name this person, the one of now first.
    pub fn ids_of(&self, person: &PersonId) -> Vec<PersonId> {
        let earlier = read(&self.earlier);
        let others = earlier.iter().filter(|(_, now)| *now == person).map(|(id, _)| id.clone());
        std::iter::once(person.clone()).chain(others).collect()
    }

    /// The adapter of a provider instance, if it was ever configured while this process runs.
    pub fn provider(&self, id: &ProviderId) -> Option<Arc<dyn Provider>> {
        read(&self.providers).get(id).cloned()
    }

    /// The adapter of a provider instance that knows who is on call and pages them, if it was ever configured while this process
    /// runs.
    pub fn on_call(&self, id: &ProviderId) -> Option<Arc<dyn OnCall>> {
        read(&self.on_call).get(id).cloned()
    }

    /// Uses this adapter for a provider instance, until the files are loaded again.
    pub fn adopt(&self, id: ProviderId, adapter: Arc<dyn Provider>) {
        write(&self.providers).insert(id, adapter);
    }

    /// Uses this adapter for a provider instance that knows who is on call.
    pub fn adopt_on_call(&self, id: ProviderId, adapter: Arc<dyn OnCall>) {
        write(&self.on_call).insert(id, adapter);
    }

    /// Every provider instance with an adapter.
    pub fn provider_ids(&self) -> std::collections::BTreeSet<ProviderId> {
        read(&self.providers).keys().cloned().collect()
    }

    /// Builds the adapters that a kept set names and that are missing, so that what they gave can be taken back although the
    /// files are broken now.
    pub fn adopt_providers(&self, text: &str) {
        match PolicySet::reparse(text) {
            Ok(set) => self.build_missing(&set),
            Err(problem) => warn!(%problem, "a kept policy cannot be read"),
        }
    }

    fn adapters(&self, set: &PolicySet) -> Providers {
        let mut adapters = Providers::new();
        for provider in set.providers().values().filter(|provider| !is_on_call(&provider.kind.value)) {
            match self.adapter(provider) {
                Ok(adapter) => drop(adapters.insert(provider.id.value.clone(), adapter)),
                Err(problem) => warn!(provider.name = %provider.id.value, %problem, "a provider cannot be used"),
            }
        }
        adapters
    }

    fn build_missing(&self, set: &PolicySet) {
        let mut providers = write(&self.providers);
        for provider in set.providers().values().filter(|provider| !is_on_call(&provider.kind.value)) {
            if let (std::collections::btree_map::Entry::Vacant(place), Ok(adapter)) =
                (providers.entry(provider.id.value.clone()), self.adapter(provider))
            {
                place.insert(adapter);
            }
        }
    }

    fn adapter(&self, provider: &crate::policy::file::Provider) -> Result<Arc<dyn Provider>, String> {
        let mut options: GrantShape = provider.settings.clone();
        let url = self.secret(&mut options, "url_env")?.ok_or("it has no `url_env`")?;
        let token = self.secret(&mut options, "token_env")?;
        let settings = build::Settings { url, token, options };
        build::build(&provider.kind.value, provider.id.value.clone(), &settings).map_err(|error| error.to_string())
    }

    /// What the variable holds that this setting names; the setting is taken out.
    fn secret(&self, options: &mut GrantShape, key: &str) -> Result<Option<SecretString>, String> {
        let Some(name) = options.remove(key) else { return Ok(None) };
        let name = name.as_str().unwrap_or_default().to_owned();
        (self.secrets)(&name).map(Some).ok_or_else(|| format!("the environment has no `{name}`, which `{key}` names"))
    }

    fn on_callers(&self, set: &PolicySet) -> BTreeMap<ProviderId, Option<Arc<dyn OnCall>>> {
        let named = set.providers().values().filter(|provider| is_on_call(&provider.kind.value));
        let built = named.map(|provider| {
            let id = &provider.id.value;
            let adapter = self.on_caller(provider);
            let adapter = adapter.inspect_err(|problem| warn!(provider.name = %id, %problem, "a provider cannot be used"));
            (id.clone(), adapter.ok())
        });
        built.collect()
    }

    fn on_caller(&self, provider: &crate::policy::file::Provider) -> Result<Arc<dyn OnCall>, String> {
        let mut options: GrantShape = provider.settings.clone();
        let url = self.secret(&mut options, "url_env")?;
        let token = self.secret(&mut options, "token_env")?;
        let settings = oncall::Settings { url, token, options };
        oncall::build(&provider.kind.value, &settings).map_err(|error| error.to_string())
    }
}

fn is_on_call(kind: &str) -> bool {
    oncall::KINDS.contains(&kind)
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// What the adapters of this build say of the shapes in policy files.
pub fn shapes() -> Shapes<'static> {
    Shapes { grant: &known_grant, settings: &known_settings, is_on_call: &is_on_call, pages: &known_pager }
}

fn known_pager(kind: &str, settings: &GrantShape) -> Result<(), String> {
    if is_on_call(kind) { oncall::check_paging(settings) } else { Ok(()) }
}

fn known_grant(kind: &str, shape: &GrantShape) -> Result<(), String> {
    if is_on_call(kind) {
        return Err(format!("nothing can be granted at a provider of kind `{kind}`: it tells who is on call"));
    }
    check_shape(kind, shape).map_err(|error| error.to_string())
}

fn known_settings(kind: &str, settings: &GrantShape) -> Result<(), String> {
    if is_on_call(kind) {
        return oncall::check_settings(settings);
    }
    if !build::KINDS.contains(&kind) {
        let kinds = [build::KINDS, oncall::KINDS].concat().join(", ");
        return Err(format!("`{kind}` is no kind of provider; there are {kinds}"));
    }
    match settings.get("url_env").map(serde_json::Value::as_str) {
        Some(Some(name)) if !name.is_empty() => Ok(()),
        Some(_) => Err("`url_env` must name a variable of the environment".to_owned()),
        None => Err("`url_env` is missing: the variable of the environment that holds the address".to_owned()),
    }
}

fn book(set: &PolicySet) -> Book {
    let people = set.people().iter().map(|(id, person)| {
        let kind = match person.kind {
            Kind::Employee => names::Kind::Employee,
            Kind::Contractor => names::Kind::Contractor { company: person.company.clone() },
            Kind::Service => names::Kind::Service,
        };
        let slack = person.slack.iter().find(|account| account.team.is_none()).map(|account| account.user.clone());
        (id.clone(), Who { name: person.name.clone(), slack, kind })
    });
    let resources = set.resources().iter().map(|(id, resource)| {
        let roles = resource.roles.iter().map(|role| {
            let risk = match role.risk {
                Risk::Normal => names::Risk::Normal,
                Risk::High => names::Risk::High,
            };
            (role.id.value.clone(), RoleName { name: role.name.clone(), risk })
        });
        (id.clone(), ResourceName { name: resource.name.clone(), roles: roles.collect() })
    });
    let mut resources: BTreeMap<_, _> = resources.collect();
    // A bundle is shown by its name; what it is made of is pinned with each request.
    let bundles =
        set.bundles().iter().map(|(id, bundle)| (id.clone(), ResourceName { name: bundle.name.clone(), roles: BTreeMap::new() }));
    resources.extend(bundles);
    let usergroups = set.groups().iter().filter_map(|(id, group)| match &group.members {
        Members::Slack(usergroup) => Some((id.to_string(), usergroup.value.clone())),
        Members::Listed(_) | Members::Where(_) | Members::OnCall(_) => None,
    });
    let usergroups = usergroups.collect();
    Book { people: people.collect(), resources, providers: BTreeMap::new(), usergroups }
}
