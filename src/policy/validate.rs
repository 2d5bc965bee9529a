//! Whether what the files say fits together: references lead somewhere, groups end, limits are within limits, shapes fit.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Sink, Space};
use super::file::{Approve, Asked, At, Bundle, By, Files, Group, Kind, Members, Person, Policy, Resource, What, Who};
use super::parse::{Part, Shapes, no_such};
use super::problem::{Place, nearest};
use crate::access::ids::{GroupId, PersonId};
use crate::access::time::Ttl;

/// Who is in which group, computed.
pub(super) type Membership = BTreeMap<GroupId, BTreeSet<PersonId>>;

/// Every reference must lead somewhere, in its one spelling.
pub(super) fn references(sink: &mut Sink) {
    let dangling: Vec<_> = sink
        .references
        .iter()
        .filter(|(space, id, _)| !sink.declared.contains_key(&(*space, id.clone())))
        .map(|(space, id, place)| {
            let word = space.word();
            let message = match id.strip_prefix(word).and_then(|rest| rest.strip_prefix('/')) {
                Some(bare) => format!("only a {word} can stand here: write `{bare}`, not `{id}`"),
                None => no_such(*space, id, sink),
            };
            (*place, message)
        })
        .collect();
    let unclear: Vec<_> = sink
        .unclear_approvers
        .iter()
        .map(|(written, place)| {
            let is = |space| sink.declared.contains_key(&(space, written.clone()));
            let message = if is(Space::Group) {
                format!("groups and people can stand here: write `group/{written}`")
            } else if is(Space::Person) {
                format!("groups and people can stand here: write `person/{written}`")
            } else {
                let words = ["owners", "sponsor", "manager"];
                let hint = nearest(written, words).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                format!("expected `owners`, `sponsor`, `manager`, `group/…` or `person/…`, found `{written}`{hint}")
            };
            (*place, message)
        })
        .collect();
    let is_bundle = |what: &String| sink.declared.contains_key(&(Space::Bundle, what.clone()));
    let left_out = sink.roles_left_out.iter().filter(|(what, _)| !is_bundle(what));
    let roleless: Vec<_> = left_out.map(|(_, place)| (*place, "`request` needs `role:`".to_owned())).collect();
    sink.problems.extend(roleless);
    sink.problems.extend(dangling);
    sink.problems.extend(unclear);
}

/// Checks what more than one item is needed for. Items that did not read well are missing here, and said already.
pub(super) fn together(files: &Files, shapes: Shapes<'_>, sink: &mut Sink) -> Membership {
    let people: BTreeMap<&PersonId, &Person> = files.people.iter().map(|person| (&person.id.value, person)).collect();
    for person in &files.people {
        answerable(person, &people, sink);
    }
    for provider in &files.providers {
        if let Err(problem) = (shapes.settings)(&provider.kind, &provider.settings) {
            sink.problem(provider.kind.place, problem);
        }
    }
    for resource in &files.resources {
        grant_shapes(resource, files, shapes, sink);
    }
    files.bundles.iter().for_each(|bundle| parts(bundle, files, sink));
    on_call_providers(files, shapes, sink);
    not_carried_out(files, shapes.not_yet, sink);
    let defaults = files.defaults.clone().unwrap_or_default();
    for policy in &files.policies {
        within(policy.limits.max.as_ref(), "`max`", defaults.hard_ceiling, sink);
        within(policy.limits.extend.and_then(|extend| extend.total).as_ref(), "`total`", defaults.hard_ceiling, sink);
        shorter_total(policy, sink);
        approvers(policy, files, sink);
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
fn answerable(person: &Person, people: &BTreeMap<&PersonId, &Person>, sink: &mut Sink) {
    for (word, reference) in [("sponsor", &person.sponsor), ("manager", &person.manager)] {
        let Some(reference) = reference else { continue };
        if reference.value == person.id.value {
            sink.problem(reference.place, format!("`{}` cannot be their own {word}", person.id.value));
        }
        let found = people.get(&reference.value);
        if let Some(other) = found
            && other.kind != Kind::Employee
        {
            let (id, kind) = (&other.id.value, other.kind.name());
            sink.problem(reference.place, format!("a {word} is an employee, and `{id}` is a {kind}"));
        }
    }
}

fn grant_shapes(resource: &Resource, files: &Files, shapes: Shapes<'_>, sink: &mut Sink) {
    let Some(provider) = files.providers.iter().find(|provider| provider.id.value == resource.provider.value) else { return };
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
            let hint = nearest(part.role.as_str(), roles()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            sink.problem(part.role.place, format!("there is no role `{}` on `{}`{hint}", part.role.value, part.resource.value));
        }
    }
}

/// What this build would leave without effect is refused.
fn not_carried_out(files: &Files, not_yet: &[Part], sink: &mut Sink) {
    let mut refuse = |part: Part, place: Place, what: &str| {
        if not_yet.contains(&part) {
            sink.problem(place, format!("{what} is not supported yet"));
        }
    };
    for group in &files.groups {
        if let Members::OnCall(on_call) = &group.members {
            refuse(Part::OnCall, on_call.schedule.place, "a group of those who are on call");
        }
    }
    for policy in &files.policies {
        if matches!(policy.approve, Approve::BreakGlass(_)) {
            refuse(Part::BreakGlass, policy.id.place, "`approve: break-glass`");
        }
        if policy.remind.is_some() {
            refuse(Part::Reminders, policy.id.place, "`remind:`");
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
    for asked in in_groups.chain(pages) {
        let found = files.providers.iter().find(|provider| provider.id.value == asked.value);
        if let Some(provider) = found.filter(|provider| !(shapes.is_on_call)(&provider.kind)) {
            let message =
                format!("`{}` is a provider of kind `{}`, which does not know who is on call", asked.value, provider.kind.value);
            sink.problem(asked.place, message);
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
fn approvers(policy: &Policy, files: &Files, sink: &mut Sink) {
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
                if files.people.iter().any(|person| person.id.value == *id && person.kind == Kind::Service) {
                    sink.problem(step.by.place, format!("`{id}` is a service, and services never approve"));
                }
            }
            By::Sponsor | By::Manager => {
                if step.count > 1 {
                    sink.problem(step.by.place, format!("this is one person and cannot fill {} seats", step.count));
                }
            }
            By::Owners => {
                let matched = files.resources.iter().filter(|resource| matches_resource(&policy.what, resource));
                for resource in matched.filter(|resource| resource.owners.is_empty()) {
                    let message = format!("`{}` has no owners who could approve", resource.id.value);
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
        let hint = nearest(role.as_str(), known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let on = what.resource.as_ref().map_or("any resource".to_owned(), |glob| format!("`{}`", glob.as_str()));
        sink.problem(role.place, format!("there is no role `{}` on {on}{hint}", role.as_str()));
    }
}

/// How deep groups may be computed from groups.
const NESTING_MAX: usize = 16;

/// Computes who is in which group. A group that is computed from itself has no members, and is a problem.
fn expand_groups(files: &Files, sink: &mut Sink) -> Membership {
    let mut done = Membership::new();
    for group in &files.groups {
        expand(group, files, &mut Vec::new(), &mut done, sink);
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
