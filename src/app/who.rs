//! `/jit who`: who holds something now, for those who answer for it. Reads only.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::grant::Grant;
use crate::access::ids::{GrantId, PersonId, RequestId, ResourceId, RoleId};
use crate::access::refusal::Refusal;
use crate::access::request::{Part, Request};
use crate::access::time::Timestamp;
use crate::policy::PolicySet;
use crate::policy::bundle::ROLE;
use crate::policy::problem::nearest;
use crate::slack::block::Message;
use crate::slack::command::behalf::Whom;
use crate::slack::command::numbers::{Number, read_number};
use crate::slack::say::names::Names;
use crate::slack::say::who::{Row, Sees, who};
use crate::slack::say::why;
use crate::store::{Reader, StoreError};

use super::find::{Found, find};
use super::leave::for_open_grants;
use super::policies::Loaded;
use super::transact::Stop;
use super::{App, names};

/// What was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    /// A resource, in one role or in any; of a bundle what was asked for by its name.
    Thing(ResourceId, Option<RoleId>),
    /// A role, on whatever.
    Role(RoleId),
    /// A person.
    Person(PersonId),
    /// What a request gave.
    Request(RequestId),
    /// One access.
    Grant(GrantId),
}

/// Who looks.
struct Looker {
    ids: Vec<PersonId>,
    is_admin: bool,
}

/// One access that is not over, with what it came from.
struct Held {
    grant: Grant,
    verified_at: Option<Timestamp>,
}

impl App {
    /// `/jit who`, for this person.
    ///
    /// # Errors
    ///
    /// [`Refusal::NothingCalled`] where the words name nothing, and what [`App::whom`] says of a mention.
    pub(super) async fn who(
        &self,
        loaded: &Arc<Loaded>,
        names: Names,
        person: &PersonId,
        words: &[String],
    ) -> Result<Message, Stop> {
        let about = self.meant_by_who(loaded, words).await?;
        let looker = Looker { ids: self.policies.ids_of(person), is_admin: self.is_admin(person) };
        let asked_of = match &about {
            About::Person(other) => self.policies.ids_of(other),
            _ => Vec::new(),
        };
        let loaded = Arc::clone(loaded);
        let message = self
            .store
            .read(move |reader| {
                let mut names = names;
                let set = &loaded.set;
                let mut grants = Vec::new();
                for_open_grants(reader, |grant| grants.push(grant.clone()))?;
                let (mut held, mut sees) = (Vec::new(), if looker.is_admin { Sees::All } else { Sees::Theirs });
                for grant in grants.into_iter().filter(|grant| !grant.is_over()) {
                    let Some(request) = reader.request(grant.request)? else { continue };
                    if is_about(&about, &asked_of, &request, &grant) && looker.may_see(set, &request, &grant) {
                        names::learn(&mut names, &request, std::slice::from_ref(&grant));
                        let entitlement = reader.entitlement(grant.entitlement)?;
                        held.push(Held { verified_at: entitlement.and_then(|entitlement| entitlement.verified_at), grant });
                    }
                }
                if looker.sees_all(set, &about) {
                    sees = Sees::All;
                }
                let rows: Vec<Row<'_>> =
                    held.iter().map(|held| Row { grant: &held.grant, verified_at: held.verified_at }).collect();
                let what = in_words(&about, reader, &looker, &mut names)?;
                Ok(who(&what, &rows, sees, &names))
            })
            .await?;
        Ok(message)
    }

    /// `/jit why G-57`: the request by which it came to be.
    pub(super) async fn why_grant(
        &self,
        loaded: &Arc<Loaded>,
        names: Names,
        person: &PersonId,
        id: GrantId,
    ) -> Result<Message, Stop> {
        let grant = self.store.read(move |reader| reader.grant(id)).await?;
        let request = grant.ok_or(Refusal::NoSuchGrant { grant: id })?.request;
        let explained = self.explained(loaded, names, person, request, why::why).await;
        explained.map_err(|stop| match stop {
            // The number of the request is nothing to whoever may not see it.
            Stop::Refused(Refusal::NoSuchRequest { .. }) => Refusal::NoSuchGrant { grant: id }.into(),
            stop => stop,
        })
    }

    async fn meant_by_who(&self, loaded: &Loaded, words: &[String]) -> Result<About, Refusal> {
        let all: BTreeMap<ResourceId, Vec<RoleId>> = everything(&loaded.set);
        let asked = words.join(" ");
        if let [word] = words {
            match read_number(word) {
                Some(Number::Request(id)) => return Ok(About::Request(id)),
                Some(Number::Grant(id)) => return Ok(About::Grant(id)),
                None => {}
            }
            if word.starts_with('@') || word.starts_with("<@") {
                let whom = Whom::read(word).ok_or_else(|| Refusal::NoSuchPerson { asked: word.clone() })?;
                return self.whom(loaded, &whom).await.map(About::Person);
            }
        }
        match find(loaded, &all, words) {
            Ok(Found::One(resource, role)) => return Ok(About::Thing(resource, role)),
            Ok(Found::Several(things)) => {
                let similar = things.iter().map(ToString::to_string).collect();
                return Err(Refusal::NothingCalled { asked, similar });
            }
            Err(misfit) if matches!(misfit.refusal, Refusal::NoSuchRole { .. }) => return Err(misfit.refusal),
            Err(_) => {}
        }
        if let [word] = words {
            match self.whom(loaded, &Whom::Word(word.clone())).await {
                Ok(person) => return Ok(About::Person(person)),
                Err(several @ Refusal::WhichPerson { .. }) => return Err(several),
                Err(_) => {}
            }
            let role = all.values().flatten().find(|role| role.as_str() == word.to_lowercase());
            if let Some(role) = role {
                return Ok(About::Role(role.clone()));
            }
        }
        let ids: Vec<&str> = all.keys().map(ResourceId::as_str).collect();
        let similar = nearest(&asked, ids.iter().copied()).map(str::to_owned).into_iter().collect();
        Err(Refusal::NothingCalled { asked, similar })
    }
}

impl Looker {
    /// Their own, that of the people whose sponsor they are, and what they own.
    fn may_see(&self, set: &PolicySet, request: &Request, grant: &Grant) -> bool {
        let sponsor = set.person(&grant.person).and_then(|person| person.sponsor.as_ref());
        let part = request.part_of(grant.id);
        self.is_admin
            || self.ids.contains(&grant.person)
            || sponsor.is_some_and(|sponsor| self.ids.contains(&sponsor.value))
            || self.owns(set, &part)
    }

    fn owns(&self, set: &PolicySet, part: &Part) -> bool {
        let owners = set.owners_of(&part.resource);
        self.ids.iter().any(|id| owners.contains(id))
    }

    /// Whether nothing of what was asked about could be hidden from them.
    fn sees_all(&self, set: &PolicySet, about: &About) -> bool {
        let part = |resource: &ResourceId, role: &RoleId| Part { resource: resource.clone(), role: role.clone() };
        match about {
            _ if self.is_admin => true,
            About::Person(person) => self.ids.contains(person),
            About::Thing(resource, _) => ROLE.parse::<RoleId>().is_ok_and(|all| {
                super::bundle::wanted(set, resource, &all)
                    .iter()
                    .all(|wanted| self.owns(set, &part(&wanted.resource, &wanted.role)))
            }),
            About::Role(_) | About::Request(_) | About::Grant(_) => false,
        }
    }
}

fn is_about(about: &About, ids: &[PersonId], request: &Request, grant: &Grant) -> bool {
    let part = request.part_of(grant.id);
    let is_role = |role: &Option<RoleId>| role.as_ref().is_none_or(|role| part.role == *role);
    match about {
        About::Thing(resource, _) if request.terms.is_bundle() && request.terms.resource == *resource => true,
        About::Thing(resource, role) => part.resource == *resource && is_role(role),
        About::Role(role) => part.role == *role,
        About::Person(person) => grant.person == *person || ids.contains(&grant.person),
        About::Request(id) => request.id == *id,
        About::Grant(id) => grant.id == *id,
    }
}

/// What was asked about, in words. Of a number whose matter is not theirs to see, nobody reads more than the number.
fn in_words(about: &About, reader: &Reader<'_>, looker: &Looker, names: &mut Names) -> Result<String, StoreError> {
    Ok(match about {
        About::Thing(resource, None) => names.resource(resource).to_owned(),
        About::Thing(resource, Some(role)) => names.thing(resource, role),
        About::Role(role) => format!("the role {role}"),
        About::Person(person) => format!("what {} has", names.person(person)),
        About::Grant(id) => names.grant(*id),
        About::Request(id) => {
            if let Some(request) = reader.request(*id)?
                && (looker.is_admin || looker.ids.contains(&request.terms.subject) || looker.ids.contains(&request.filed_by))
            {
                names::learn(names, &request, &[]);
            }
            names.request(*id)
        }
    })
}

fn everything(set: &PolicySet) -> BTreeMap<ResourceId, Vec<RoleId>> {
    let roles = set
        .resources()
        .iter()
        .map(|(id, resource)| (id.clone(), resource.roles.iter().map(|role| role.id.value.clone()).collect()));
    let bundles = set.bundles().keys().map(|id| (id.clone(), ROLE.parse().into_iter().collect()));
    roles.chain(bundles).collect()
}
