//! What typed words mean: which resource, as what. A part of a name will do where only one thing has it; what several things
//! have narrows the choice; what is nearly a name is offered, and never taken for it.

use std::collections::BTreeMap;

use crate::access::ids::{ResourceId, RoleId};
use crate::access::refusal::Refusal;
use crate::policy::problem::nearest;

use super::policies::Loaded;

/// What somebody may ask for, with the roles.
pub(super) type Askable = BTreeMap<ResourceId, Vec<RoleId>>;

/// The shortest part of a role's name that can stand for it.
const PART_CHARS_MIN: usize = 3;
/// How many names are offered where none was understood.
const OFFERED_MAX: usize = 3;

/// What words mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// One thing; without a role where it has several and none was named.
    One(ResourceId, Option<RoleId>),
    /// Any of these.
    Several(Vec<ResourceId>),
}

/// What was probably meant by words that mean nothing, and why they mean nothing.
#[derive(Debug, Clone)]
pub(super) struct Misfit {
    /// Why.
    pub refusal: Refusal,
    /// What they nearly say.
    pub nearly: Option<(ResourceId, Option<RoleId>)>,
}

/// What these words mean: a resource, and after it perhaps one of its roles. There is at least one word.
///
/// # Errors
///
/// What nothing is called, or which roles there are.
pub(super) fn find(loaded: &Loaded, askable: &Askable, words: &[String]) -> Result<Found, Box<Misfit>> {
    let mut without_role: Option<(ResourceId, String)> = None;
    for named in (1..=words.len()).rev() {
        let (thing, role) = words.split_at_checked(named).unwrap_or((words, &[]));
        let matching = matching(loaded, askable, &thing.join(" "));
        let role = role.join(" ");
        if role.is_empty() {
            match matching.as_slice() {
                [] => {}
                [only] => return Ok(Found::One(only.clone(), only_role(askable, only))),
                _ => return Ok(Found::Several(matching)),
            }
            continue;
        }
        let roles = matching.iter().filter_map(|id| Some((id.clone(), role_of(loaded, askable, id, &role)?)));
        let mut having: Vec<(ResourceId, RoleId)> = roles.collect();
        match (having.len(), having.pop()) {
            (1, Some((id, role))) => return Ok(Found::One(id, Some(role))),
            (_, Some((last, _))) => return Ok(Found::Several(having.into_iter().map(|(id, _)| id).chain([last]).collect())),
            (_, None) => {}
        }
        match matching.as_slice() {
            [only] if without_role.is_none() => without_role = Some((only.clone(), role)),
            [] | [_] => {}
            _ => return Ok(Found::Several(matching)),
        }
    }
    Err(Box::new(match without_role {
        Some((resource, asked)) => no_such_role(loaded, askable, resource, asked),
        None => no_such_resource(loaded, askable, words),
    }))
}

/// By its id, the last part of its id, or its name; else by what its id or name contains.
pub(super) fn matching(loaded: &Loaded, askable: &Askable, words: &str) -> Vec<ResourceId> {
    let words = words.to_lowercase();
    if words.is_empty() {
        return Vec::new();
    }
    let exact = |id: &&ResourceId| names_of(loaded, id).contains(&words);
    let similar = |id: &&ResourceId| names_of(loaded, id).iter().any(|name| name.contains(&words));
    let found: Vec<ResourceId> = askable.keys().filter(exact).cloned().collect();
    if found.is_empty() { askable.keys().filter(similar).cloned().collect() } else { found }
}

/// Everything that a resource is called, in small letters.
fn names_of(loaded: &Loaded, id: &ResourceId) -> Vec<String> {
    let name = loaded.set.resource(id).map(|resource| &resource.name);
    let name = name.or(loaded.set.bundle(id).map(|bundle| &bundle.name)).map(|name| name.to_lowercase());
    let last = id.as_str().rsplit('/').next().map(str::to_lowercase);
    [Some(id.as_str().to_lowercase()), last, name].into_iter().flatten().collect()
}

fn only_role(askable: &Askable, id: &ResourceId) -> Option<RoleId> {
    match askable.get(id).map(Vec::as_slice) {
        Some([only]) => Some(only.clone()),
        Some(_) | None => None,
    }
}

/// By its id or name, or by how only one of them begins.
fn role_of(loaded: &Loaded, askable: &Askable, resource: &ResourceId, words: &str) -> Option<RoleId> {
    let words = words.to_lowercase();
    let roles = askable.get(resource)?;
    let name = |role: &RoleId| loaded.set.role(resource, role).map(|role| role.name.to_lowercase()).unwrap_or_default();
    if let Some(exact) = roles.iter().find(|role| role.as_str() == words || name(role) == words) {
        return Some(exact.clone());
    }
    let begins = |role: &&RoleId| role.as_str().starts_with(&words) || name(role).starts_with(&words);
    let mut beginning = roles.iter().filter(begins).filter(|_| words.chars().count() >= PART_CHARS_MIN);
    match (beginning.next(), beginning.next()) {
        (Some(only), None) => Some(only.clone()),
        (Some(_) | None, _) => None,
    }
}

fn no_such_role(loaded: &Loaded, askable: &Askable, resource: ResourceId, asked: String) -> Misfit {
    let roles = askable.get(&resource).cloned().unwrap_or_default();
    let name = |role: &RoleId| loaded.set.role(&resource, role).map(|role| role.name.to_lowercase()).unwrap_or_default();
    let called: Vec<(String, &RoleId)> =
        roles.iter().flat_map(|role| [(role.as_str().to_owned(), role), (name(role), role)]).collect();
    let near = nearest(&asked.to_lowercase(), called.iter().map(|(name, _)| name.as_str()));
    let near = near.and_then(|near| called.iter().find(|(name, _)| name == near)).map(|(_, role)| (*role).clone());
    let near = near.or_else(|| only_role(askable, &resource));
    let refusal =
        Refusal::NoSuchRole { resource: resource.to_string(), asked, roles: roles.iter().map(ToString::to_string).collect() };
    Misfit { refusal, nearly: Some((resource, near)) }
}

fn no_such_resource(loaded: &Loaded, askable: &Askable, words: &[String]) -> Misfit {
    let called: Vec<(String, &ResourceId)> =
        askable.keys().flat_map(|id| names_of(loaded, id).into_iter().map(move |name| (name, id))).collect();
    for named in (1..=words.len()).rev() {
        let (thing, role) = words.split_at_checked(named).unwrap_or((words, &[]));
        let asked = thing.join(" ");
        let Some(near) = nearest(&asked.to_lowercase(), called.iter().map(|(name, _)| name.as_str())) else { continue };
        let mut similar: Vec<&ResourceId> = called.iter().filter(|(name, _)| name == near).map(|(_, id)| *id).collect();
        similar.dedup();
        let nearly = match similar.as_slice() {
            [only] => {
                let role = role_of(loaded, askable, only, &role.join(" ")).or_else(|| only_role(askable, only));
                Some(((*only).clone(), role))
            }
            _ => None,
        };
        let similar = similar.into_iter().take(OFFERED_MAX).map(ToString::to_string).collect();
        return Misfit { refusal: Refusal::NoSuchResource { asked, similar }, nearly };
    }
    let asked = words.first().cloned().unwrap_or_default();
    Misfit { refusal: Refusal::NoSuchResource { asked, similar: Vec::new() }, nearly: None }
}
