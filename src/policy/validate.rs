//! Whether what the files say fits together: references lead somewhere, groups end, limits are within limits, shapes fit.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Sink, Space, quoted};
use super::file::{Approve, Asked, At, Bundle, By, Files, Group, Kind, Members, Person, Policy, Provider, Resource, What, Who};
use super::parse::{Shapes, no_such};
use super::read_tests::CONDITIONS;
use crate::access::ids::{GroupId, PersonId, ProviderId};
use crate::access::time::Ttl;

/// Who is in which group, computed.
pub(super) type Membership = BTreeMap<GroupId, BTreeSet<PersonId>>;

type ById<'f, Id, T> = BTreeMap<&'f Id, &'f T>;

/// The most memberships in all computed groups together. Everybody in every group of some thousand would be more than memory has.
const MEMBERSHIPS_MAX: usize = 500_000;

/// Every reference must lead somewhere, in its one spelling.
pub(super) fn references(sink: &mut Sink) {
    let dangling: Vec<_> = sink
        .references
        .to(|space, id| !sink.is_declared(space, id))
        .map(|(space, id, place)| {
            let word = space.word();
            let message = match id.strip_prefix(word).and_then(|rest| rest.strip_prefix('/')) {
                Some(bare) => format!("only a {word} can stand here: write `{bare}`, not `{id}`"),
                None => {
                    another_kind(space, id).or_else(|| condition(space, id, sink)).unwrap_or_else(|| no_such(space, id, sink))
                }
            };
            (place, message)
        })
        .collect();
    let unclear: Vec<_> = sink
        .unclear_approvers
        .iter()
        .map(|(written, place)| {
            let is = |space| sink.is_declared(space, written);
            let message = if is(Space::Group) {
                format!("groups and people can stand here: write `group/{written}`")
            } else if is(Space::Person) {
                format!("groups and people can stand here: write `person/{written}`")
            } else {
                let words = ["owners", "sponsor", "manager"];
                let hint = sink.did_you_mean(written, words);
                format!("expected `owners`, `sponsor`, `manager`, `group/…` or `person/…`, found `{written}`{hint}")
            };
            (*place, message)
        })
        .collect();
    let is_bundle = |what: &String| sink.is_declared(Space::Bundle, what);
    let left_out = sink.roles_left_out.iter().filter(|(what, _)| !is_bundle(what));
    let roleless: Vec<_> = left_out.map(|(_, place)| (*place, "`request` needs `role:`".to_owned())).collect();
    for (place, message) in roleless.into_iter().chain(dangling).chain(unclear) {
        sink.problem(place, message);
    }
}

/// What is said of `group/dba` where only a person can stand.
fn another_kind(space: Space, id: &str) -> Option<String> {
    let (word, bare) = id.split_once('/').filter(|(word, _)| ["group", "person"].contains(word))?;
    Some(format!("only a {} can stand here, and `{bare}` is written as a {word}", space.word()))
}

/// What is said of `rule.word` where the rule is there, and has no such condition.
fn condition(space: Space, id: &str, sink: &Sink) -> Option<String> {
    let (rule, word) = id.rsplit_once('.').filter(|_| space == Space::Rule)?;
    let is_rule = sink.is_declared(Space::Rule, rule);
    is_rule.then(|| format!("`{rule}` has no condition `{word}`; write one of {}", quoted(CONDITIONS)))
}

/// Checks what more than one item is needed for. Items that did not read well are missing here, and said already.
pub(super) fn together(files: &Files, shapes: Shapes<'_>, sink: &mut Sink) -> Membership {
    let people: ById<'_, PersonId, Person> = files.people.iter().map(|person| (&person.id.value, person)).collect();
    for person in &files.people {
        answerable(person, &people, sink);
    }
    for provider in &files.providers {
        if let Err(problem) = (shapes.settings)(&provider.kind, &provider.settings) {
            sink.problem(provider.kind.place, problem);
        }
    }
    let providers: ById<'_, ProviderId, Provider> =
        files.providers.iter().map(|provider| (&provider.id.value, provider)).collect();
    for resource in &files.resources {
        grant_shapes(resource, &providers, shapes, sink);
    }
    files.bundles.iter().for_each(|bundle| parts(bundle, files, sink));
    on_call_providers(files, shapes, sink);
    let defaults = files.defaults.clone().unwrap_or_default();
    for policy in &files.policies {
        within(policy.limits.max.as_ref(), "`max`", defaults.hard_ceiling, sink);
        within(policy.limits.extend.and_then(|extend| extend.total).as_ref(), "`total`", defaults.hard_ceiling, sink);
        shorter_total(policy, sink);
        approvers(policy, &people, files, sink);
    }
    // Whether a name is one that exists can only be said when all resources were read.
    if sink.problems.is_empty() {
        let whats = files.policies.iter().map(|policy| &policy.what);
        let whats = whats.chain(files.require.iter().map(|rule| &rule.what)).chain(files.forbid.iter().map(|rule| &rule.what));
        for what in whats {
            targets(what, &files.resources, sink);
        }
    }
    expand_groups(files, sink)
}

/// A sponsor answers for somebody, and so belongs to the house; nobody answers for themselves.
fn answerable(person: &Person, people: &ById<'_, PersonId, Person>, sink: &mut Sink) {
    for (word, reference) in [("sponsor", &person.sponsor), ("manager", &person.manager)] {
        let Some(reference) = reference else { continue };
        if reference.value == person.id.value {
            sink.problem(reference.place, format!("`{}` cannot be their own {word}; name another employee", person.id.value));
        }
        let found = people.get(&reference.value);
        if let Some(other) = found
            && other.kind != Kind::Employee
        {
            let (id, kind) = (&other.id.value, other.kind.name());
            sink.problem(reference.place, format!("a {word} is an employee, and `{id}` is a {kind}; name an employee"));
        }
    }
}

fn grant_shapes(resource: &Resource, providers: &ById<'_, ProviderId, Provider>, shapes: Shapes<'_>, sink: &mut Sink) {
    let Some(provider) = providers.get(&resource.provider.value) else { return };
    for role in &resource.roles {
        if let Err(problem) = (shapes.grant)(&provider.kind, &role.grant) {
            sink.problem(role.grant_place, problem);
        }
    }
}

/// What a bundle is made of is there.
fn parts(bundle: &Bundle, files: &Files, sink: &mut Sink) {
    for part in &bundle.of {
        if files.bundles.iter().any(|other| other.id.value == part.resource.value) {
            sink.problem(part.resource.place, format!("`{}` is a bundle itself; write its parts", part.resource.value));
            continue;
        }
        let Some(resource) = files.resources.iter().find(|resource| resource.id.value == part.resource.value) else { continue };
        let roles = || resource.roles.iter().map(|role| role.id.value.as_str());
        if !roles().any(|role| role == part.role.as_str()) {
            let hint = sink.did_you_mean(part.role.as_str(), roles());
            sink.problem(part.role.place, format!("there is no role `{}` on `{}`{hint}", part.role.value, part.resource.value));
        }
    }
}

/// Whoever is asked who is on call, or to page somebody, is of a kind that can.
fn on_call_providers(files: &Files, shapes: Shapes<'_>, sink: &mut Sink) {
    let in_groups = files.groups.iter().filter_map(|group| match &group.members {
        Members::OnCall(on_call) => Some(&on_call.provider),
        Members::Listed(_) | Members::Where(_) | Members::Slack(_) => None,
    });
    let pages = files.policies.iter().filter_map(|policy| Some(&policy.remind.as_ref()?.page.as_ref()?.provider));
    for (asked, is_paged) in in_groups.map(|asked| (asked, false)).chain(pages.map(|asked| (asked, true))) {
        let Some(provider) = files.providers.iter().find(|provider| provider.id.value == asked.value) else { continue };
        let kind = provider.kind.value.as_str();
        if !(shapes.is_on_call)(kind) {
            let message = format!("`{}` is a provider of kind `{kind}`, which does not know who is on call", asked.value);
            sink.problem(asked.place, message);
        } else if is_paged && let Err(problem) = (shapes.pages)(kind, &provider.settings) {
            sink.problem(asked.place, format!("nobody can be paged by `{}`: it {problem}", asked.value));
        }
    }
}

fn within(length: Option<&At<Ttl>>, what: &str, ceiling: Ttl, sink: &mut Sink) {
    if let Some(length) = length
        && length.value > ceiling
    {
        sink.problem(length.place, format!("{what} ({}) goes past `hard_ceiling` ({ceiling})", length.value));
    }
}

fn shorter_total(policy: &Policy, sink: &mut Sink) {
    if let (Some(max), Some(total)) = (policy.limits.max, policy.limits.extend.and_then(|extend| extend.total))
        && total.value < max.value
    {
        sink.problem(total.place, format!("`total` ({}) is less than `max` ({})", total.value, max.value));
    }
}

/// A step names people who can approve at all.
fn approvers(policy: &Policy, people: &ById<'_, PersonId, Person>, files: &Files, sink: &mut Sink) {
    let one = |by: &At<By>| Asked { by: by.clone(), count: 1 };
    let mut steps = match &policy.approve {
        Approve::Ask(steps) => steps.clone(),
        Approve::Auto(limit) => limit.as_ref().map(|limit| limit.otherwise.clone()).unwrap_or_default(),
        Approve::BreakGlass(review) => vec![one(&review.by)],
    };
    steps.extend(policy.remind.as_ref().and_then(|remind| remind.then_ask.as_ref()).map(one));
    for step in &steps {
        match &step.by.value {
            By::Person(id) => {
                if step.count > 1 {
                    let message = format!("`person/{id}` is one person and cannot fill {} seats", step.count);
                    sink.problem(step.by.place, message);
                }
                if people.get(id).is_some_and(|person| person.kind == Kind::Service) {
                    sink.problem(step.by.place, format!("`{id}` is a service, and services never approve"));
                }
            }
            By::Sponsor | By::Manager => {
                if step.count > 1 {
                    sink.problem(step.by.place, format!("this is one person and cannot fill {} seats", step.count));
                }
            }
            By::Owners => {
                let ownerless = files.resources.iter().filter(|resource| resource.owners.is_empty());
                let ownerless: Vec<_> = ownerless.filter(|resource| matches_resource(&policy.what, resource)).collect();
                if let Some(first) = ownerless.first() {
                    let others = match ownerless.len() {
                        1 => "has no owners who could approve".to_owned(),
                        many => format!("and {} more have no owners who could approve", many - 1),
                    };
                    let message = format!("`{}` {others}; write `owners:` there", first.id.value);
                    sink.problem(step.by.place, message);
                }
            }
            By::Group(_) => {}
        }
    }
}

fn matches_resource(what: &What, resource: &Resource) -> bool {
    what.resource.as_ref().is_none_or(|glob| glob.matches(resource.id.value.as_str()))
}

/// A name without `*` must be the name of something.
fn targets(what: &What, resources: &[Resource], sink: &mut Sink) {
    if what.resource.as_ref().is_none_or(|glob| !glob.is_exact()) && what.role.as_ref().is_none_or(|role| !role.is_exact()) {
        return;
    }
    let matched: Vec<_> = resources.iter().filter(|resource| matches_resource(what, resource)).collect();
    if let Some(glob) = &what.resource
        && glob.is_exact()
        && matched.is_empty()
    {
        let message = no_such(Space::Resource, glob.as_str(), sink);
        sink.problem(glob.place, message);
    }
    let Some(role) = what.role.as_ref().filter(|role| role.is_exact() && !matched.is_empty()) else { return };
    let known: BTreeSet<&str> = matched.iter().flat_map(|resource| &resource.roles).map(|role| role.id.value.as_str()).collect();
    if !known.contains(role.as_str()) {
        let hint = sink.did_you_mean(role.as_str(), known);
        let on = what.resource.as_ref().map_or("any resource".to_owned(), |glob| format!("`{}`", glob.as_str()));
        sink.problem(role.place, format!("there is no role `{}` on {on}{hint}", role.as_str()));
    }
}

/// How deep groups may be computed from groups.
const NESTING_MAX: usize = 16;

/// Computes who is in which group. A group that is computed from itself has no members, and is a problem.
fn expand_groups(files: &Files, sink: &mut Sink) -> Membership {
    let (mut done, mut memberships) = (Membership::new(), 0);
    for group in &files.groups {
        expand(group, files, &mut Vec::new(), &mut done, sink);
        memberships += done.get(&group.id.value).map_or(0, BTreeSet::len);
        if memberships > MEMBERSHIPS_MAX {
            let message = format!("the groups up to this one have more than {MEMBERSHIPS_MAX} members together; name fewer");
            sink.problem(group.id.place, message);
            break;
        }
    }
    done
}

fn expand<'f>(group: &'f Group, files: &'f Files, path: &mut Vec<&'f GroupId>, done: &mut Membership, sink: &mut Sink) {
    if done.contains_key(&group.id.value) {
        return;
    }
    let members = match &group.members {
        Members::Listed(members) => members.iter().map(|member| member.value.clone()).collect(),
        Members::Slack(_) | Members::OnCall(_) => BTreeSet::new(),
        Members::Where(who) => {
            path.push(&group.id.value);
            if let Some(inner) = &who.group {
                if path.contains(&&inner.value) {
                    let chain: Vec<String> = path.iter().map(|id| format!("`{id}`")).collect();
                    let message = format!("a group cannot be computed from itself: {} → `{}`", chain.join(" → "), inner.value);
                    sink.problem(inner.place, message);
                    path.pop();
                    return;
                }
                if path.len() >= NESTING_MAX {
                    sink.problem(inner.place, format!("groups are computed from groups more than {NESTING_MAX} deep"));
                    path.pop();
                    return;
                }
                if let Some(other) = files.groups.iter().find(|other| other.id.value == inner.value) {
                    if matches!(other.members, Members::Slack(_) | Members::OnCall(_)) {
                        let message =
                            format!("`{}` is read elsewhere, and a group is computed from what the files say", inner.value);
                        sink.problem(inner.place, message);
                    }
                    expand(other, files, path, done, sink);
                }
            }
            path.pop();
            let fits = |person: &&Person| fits_statically(who, person, done);
            files.people.iter().filter(fits).map(|person| person.id.value.clone()).collect()
        }
    };
    done.insert(group.id.value.clone(), members);
}

fn fits_statically(who: &Who, person: &Person, groups: &Membership) -> bool {
    who.group.as_ref().is_none_or(|group| groups.get(&group.value).is_some_and(|members| members.contains(&person.id.value)))
        && who.person.as_ref().is_none_or(|id| id.value == person.id.value)
        && who.kind.is_none_or(|kind| kind == person.kind)
        && who.company.as_ref().is_none_or(|company| person.company.as_ref() == Some(company))
}
