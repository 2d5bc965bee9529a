//! What is meant by the words of `/jit lock`, `/jit unlock` and `/jit revoke-all`: a person, a group, a thing, or everything.

use crate::access::ids::{PersonId, ResourceId};
use crate::access::lock::Scope;
use crate::access::refusal::Refusal;
use crate::access::time::Timestamp;
use crate::app::policies::Loaded;
use crate::app::{App, names};
use crate::policy::PolicySet;
use crate::policy::problem::nearest;
use crate::slack::command::behalf::Whom;
use crate::slack::command::{LOCK_EXAMPLE, Length};

/// How many things that could have been meant are named.
const SIMILAR_MAX: usize = 5;

impl App {
    /// What a lock is to be on.
    ///
    /// # Errors
    ///
    /// A refusal where it is nothing that is known, or more than one thing.
    pub(super) async fn scope_meant(&self, loaded: &Loaded, word: &str) -> Result<Scope, Refusal> {
        if let Some(user) = word.strip_prefix("<@").and_then(|rest| rest.strip_suffix('>')) {
            return self.whom(loaded, &Whom::Account(user.to_owned())).await.map(Scope::Person);
        }
        let set = &loaded.set;
        let lower = word.to_lowercase();
        if let Some(name) = lower.strip_prefix('@') {
            let person = name.parse::<PersonId>().ok().filter(|id| set.person(id).is_some());
            return person.map(Scope::Person).ok_or(Refusal::NoSuchPerson { asked: word.to_owned() });
        }
        if let Some(scope) = lower.parse::<Scope>().ok().filter(|scope| exists(set, scope)) {
            return Ok(scope);
        }
        let named: Vec<Scope> = [format!("person/{lower}"), format!("group/{lower}"), format!("resource/{lower}")]
            .iter()
            .filter_map(|text| text.parse::<Scope>().ok())
            .filter(|scope| exists(set, scope))
            .collect();
        let found = if named.is_empty() { like(set, &lower) } else { named };
        match found.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(Refusal::NothingToLock { asked: word.to_owned(), similar: similar(set, &lower) }),
            several => {
                let similar = several.iter().take(SIMILAR_MAX).map(ToString::to_string).collect();
                Err(Refusal::NothingToLock { asked: word.to_owned(), similar })
            }
        }
    }

    /// What a lock to be lifted is on: also what the files do not know any more.
    pub(super) async fn locked_meant(&self, loaded: &Loaded, word: &str) -> Result<Scope, Refusal> {
        let standing = self.store.read(|reader| reader.standing_locks()).await.unwrap_or_default();
        let named = standing.into_iter().map(|lock| lock.scope).find(|scope| {
            let text = scope.to_string();
            text == word && !exists(&loaded.set, scope)
        });
        match named {
            Some(scope) => Ok(scope),
            None => self.scope_meant(loaded, word).await,
        }
    }

    /// Until when a lock is to last.
    pub(super) fn lasts_until(
        &self,
        loaded: &Loaded,
        by: &PersonId,
        length: Option<Length>,
    ) -> Result<Option<Timestamp>, Refusal> {
        let now = self.now().at;
        let Some(length) = length else { return Ok(None) };
        let until = match length {
            Length::For(ttl) => Some(now.plus(ttl)),
            Length::Until(until) => until.after(now, &names::zone_of(&loaded.set, by)),
        };
        until
            .map(Some)
            .ok_or_else(|| Refusal::NotUnderstood { problem: "that time is over".to_owned(), example: LOCK_EXAMPLE.to_owned() })
    }
}

/// Whether the files know it.
fn exists(set: &PolicySet, scope: &Scope) -> bool {
    match scope {
        Scope::Person(id) => set.person(id).is_some(),
        Scope::Group(id) => set.groups().contains_key(id),
        Scope::Resource(id) => set.resource(id).is_some(),
        Scope::Everything => true,
    }
}

/// Things in whose id or name the word stands; first whole words, as when somebody asks for access.
fn like(set: &PolicySet, word: &str) -> Vec<Scope> {
    let name = |id: &ResourceId| set.resource(id).map(|resource| resource.name.to_lowercase()).unwrap_or_default();
    let exact = |id: &&ResourceId| id.as_str().rsplit('/').next() == Some(word) || name(id) == word;
    let similar = |id: &&ResourceId| !word.is_empty() && (id.as_str().contains(word) || name(id).contains(word));
    let exactly: Vec<Scope> = set.resources().keys().filter(exact).cloned().map(Scope::Resource).collect();
    if exactly.is_empty() { set.resources().keys().filter(similar).cloned().map(Scope::Resource).collect() } else { exactly }
}

/// What was probably meant by a word that is nothing.
fn similar(set: &PolicySet, word: &str) -> Vec<String> {
    let people = set.people().keys().map(PersonId::as_str);
    let all = people.chain(set.groups().keys().map(|id| id.as_str())).chain(set.resources().keys().map(ResourceId::as_str));
    let all: Vec<&str> = all.collect();
    nearest(word, all.iter().copied()).map(str::to_owned).into_iter().collect()
}
