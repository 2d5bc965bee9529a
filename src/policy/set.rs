//! A valid, indexed set of policies: everything that the files say, looked up by name. Nothing in it can dangle.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fields::Space;
use super::file::{
    Approve, Bundle, By, Defaults, Files, Forbid, Group, Members, Person, Policy, Provider, Require, Resource, Role, What,
};
use super::known::{Known, Somebody, Voter};
use super::scenario::Scenario;
use super::validate::Membership;
use super::window::end_of_day;
use crate::access::ids::{GroupId, PersonId, PolicyId, ProviderId, ResourceId, RoleId};
use crate::access::time::{Timestamp, Ttl};

/// Everything that the policy files say, checked. Share it in an `Arc`.
#[derive(Debug)]
pub struct PolicySet {
    digest: String,
    files: Vec<String>,
    text: String,
    defaults: Defaults,
    people: BTreeMap<PersonId, Person>,
    groups: BTreeMap<GroupId, Group>,
    members: Membership,
    known: Known,
    resources: BTreeMap<ResourceId, Resource>,
    bundles: BTreeMap<ResourceId, Bundle>,
    providers: BTreeMap<ProviderId, Provider>,
    policies: Vec<Policy>,
    require: Vec<Require>,
    forbid: Vec<Forbid>,
    scenarios: Vec<Scenario>,
    about: HashMap<ResourceId, HashMap<RoleId, About>>,
    /// For `check` alone; no verdict depends on it.
    pub(super) written: Written,
}

/// How the files were written, as far as it says that something else may have been meant.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Every id that something refers to, the tests left out.
    pub(super) referred: BTreeSet<(Space, String)>,
    /// Policies with hours whose zone nobody names, neither they nor the defaults.
    pub(super) zoneless: Vec<PolicyId>,
}

/// The rules that are about one role of one resource, as indices, in the order of their ids.
#[derive(Debug, Default)]
struct About {
    policies: Vec<usize>,
    require: Vec<usize>,
    forbid: Vec<usize>,
}

impl PolicySet {
    /// Indexes what was checked.
    pub(super) fn build(files: Files, members: Membership, names: Vec<String>, text: String, digest: String) -> PolicySet {
        let Files { defaults, people, groups, resources, bundles, providers, mut policies, mut require, mut forbid, scenarios } =
            files;
        policies.sort_by(|a, b| a.id.value.cmp(&b.id.value));
        require.sort_by(|a, b| a.id.value.cmp(&b.id.value));
        forbid.sort_by(|a, b| a.id.value.cmp(&b.id.value));
        let mut about: HashMap<ResourceId, HashMap<RoleId, About>> = HashMap::new();
        for resource in &resources {
            let policies = on(resource, policies.iter().map(|policy| &policy.what));
            let require = on(resource, require.iter().map(|rule| &rule.what));
            let forbid = on(resource, forbid.iter().map(|rule| &rule.what));
            let roles = resource.roles.iter().map(|role| {
                let entry = About { policies: of(role, &policies), require: of(role, &require), forbid: of(role, &forbid) };
                (role.id.value.clone(), entry)
            });
            about.insert(resource.id.value.clone(), roles.collect());
        }
        let defaults = defaults.unwrap_or_default();
        let people = people.into_iter().map(|person| (person.id.value.clone(), person)).collect();
        let groups = groups.into_iter().map(|group| (group.id.value.clone(), group)).collect();
        let known = Known::of(&people, &groups, &members, |person| contract_end(person, &defaults));
        PolicySet {
            digest,
            files: names,
            text,
            defaults,
            people,
            groups,
            members,
            known,
            resources: resources.into_iter().map(|resource| (resource.id.value.clone(), resource)).collect(),
            bundles: bundles.into_iter().map(|bundle| (bundle.id.value.clone(), bundle)).collect(),
            providers: providers.into_iter().map(|provider| (provider.id.value.clone(), provider)).collect(),
            policies,
            require,
            forbid,
            scenarios,
            about,
            written: Written::default(),
        }
    }

    /// SHA-256 over the names and contents of the files, in lower-case hex. Two sets with the same digest are the same.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The names of the files, sorted.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// All files as one text, to be kept by digest and read again with [`PolicySet::reparse`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What a policy does not say for itself.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// Everybody, by id.
    pub fn people(&self) -> &BTreeMap<PersonId, Person> {
        &self.people
    }

    /// The person of this id.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.get(id)
    }

    /// Every group, by id.
    pub fn groups(&self) -> &BTreeMap<GroupId, Group> {
        &self.groups
    }

    /// Where this group's members are read, in words for people; `None` where the files themselves say who is in it.
    pub fn source_of(&self, id: &GroupId) -> Option<String> {
        if !self.known.is_read_elsewhere(id) {
            return None;
        }
        match &self.groups.get(id)?.members {
            Members::Listed(_) | Members::Where(_) => None,
            Members::Slack(usergroup) => Some(format!("Slack's user group `{}`", usergroup.value)),
            Members::OnCall(on_call) => {
                Some(format!("the on-call schedule `{}` of `{}`", on_call.schedule.value, on_call.provider.value))
            }
        }
    }

    /// Who is in this group by what the files say; `None` where there is no such group, nobody where it is read elsewhere.
    pub fn members(&self, id: &GroupId) -> Option<&BTreeSet<PersonId>> {
        self.members.get(id)
    }

    /// Every resource, by id.
    pub fn resources(&self) -> &BTreeMap<ResourceId, Resource> {
        &self.resources
    }

    /// The resource of this id.
    pub fn resource(&self, id: &ResourceId) -> Option<&Resource> {
        self.resources.get(id)
    }

    /// Every bundle, by id.
    pub fn bundles(&self) -> &BTreeMap<ResourceId, Bundle> {
        &self.bundles
    }

    /// The bundle of this id.
    pub fn bundle(&self, id: &ResourceId) -> Option<&Bundle> {
        self.bundles.get(id)
    }

    /// This role of this resource.
    pub fn role(&self, resource: &ResourceId, role: &RoleId) -> Option<&Role> {
        self.resource(resource)?.roles.iter().find(|known| known.id.value == *role)
    }

    /// Everybody in the groups that own this resource, by what the files say.
    pub fn owners_of(&self, id: &ResourceId) -> BTreeSet<PersonId> {
        let groups = self.resource(id).map(|resource| resource.owners.as_slice()).unwrap_or_default();
        groups.iter().filter_map(|group| self.members(&group.value)).flatten().cloned().collect()
    }

    /// Every provider instance, by id.
    pub fn providers(&self) -> &BTreeMap<ProviderId, Provider> {
        &self.providers
    }

    /// Every permit, in the order of ids.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The permit of this id.
    pub fn policy(&self, id: &PolicyId) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.id.value == *id)
    }

    /// Every requirement, in the order of ids.
    pub fn require(&self) -> &[Require] {
        &self.require
    }

    /// Every prohibition, in the order of ids.
    pub fn forbid(&self) -> &[Forbid] {
        &self.forbid
    }

    /// What their author expects of the rules, in the order of the files.
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// The first moment after this person's contract, in their zone; `None` where they have no last day.
    pub fn contract_end(&self, person: &PersonId) -> Option<Timestamp> {
        self.known(person)?.contract_end
    }

    /// This person's account at this provider.
    pub fn account(&self, person: &PersonId, provider: &ProviderId) -> Option<&str> {
        let accounts = &self.person(person)?.accounts;
        accounts.iter().find(|(id, _)| id.value == *provider).map(|(_, account)| account.as_str())
    }

    /// The longest that this policy lets anybody ask for at once.
    pub fn max_of(&self, policy: &Policy) -> Ttl {
        policy.limits.max.map_or(self.defaults.max, |max| max.value).min(self.defaults.hard_ceiling)
    }

    /// The groups read elsewhere that a verdict on this role, or on this bundle, can depend on: those that its rules are for,
    /// that they ask, and that own it.
    pub fn groups_read_for(&self, resource: &ResourceId, role: &RoleId) -> BTreeSet<GroupId> {
        let parts: Vec<(&ResourceId, &RoleId)> = match self.bundle(resource) {
            Some(bundle) => bundle.of.iter().map(|part| (&part.resource.value, &part.role.value)).collect(),
            None => vec![(resource, role)],
        };
        let mut named: BTreeSet<&GroupId> = BTreeSet::new();
        for (resource, role) in parts {
            named.extend(self.resource(resource).into_iter().flat_map(|resource| &resource.owners).map(|owner| &owner.value));
            for policy in self.policies_about(resource, role) {
                named.extend(policy.who.group.as_ref().map(|group| &group.value));
                let then_ask = policy.remind.as_ref().and_then(|remind| remind.then_ask.as_ref()).map(|by| &by.value);
                let review = match &policy.approve {
                    Approve::BreakGlass(review) => Some(&review.by.value),
                    Approve::Ask(_) | Approve::Auto(_) => None,
                };
                let steps = match &policy.approve {
                    Approve::Ask(steps) => steps.as_slice(),
                    Approve::Auto(Some(limit)) => limit.otherwise.as_slice(),
                    Approve::Auto(None) | Approve::BreakGlass(_) => &[],
                };
                let asked = steps.iter().map(|step| &step.by.value).chain(then_ask).chain(review);
                named.extend(asked.filter_map(|by| match by {
                    By::Group(id) => Some(id),
                    By::Owners | By::Sponsor | By::Manager | By::Person(_) => None,
                }));
            }
            let whos = self.require_about(resource, role).map(|rule| &rule.who);
            for who in whos.chain(self.forbid_about(resource, role).map(|rule| &rule.who)) {
                named.extend(who.group.as_ref().map(|group| &group.value));
            }
        }
        named.into_iter().filter(|group| self.source_of(group).is_some()).cloned().collect()
    }

    /// The longest stretch over which some permit about this role, or about any part of this bundle, counts its uses; `None`
    /// where none is limited.
    pub fn longest_limit(&self, resource: &ResourceId, role: &RoleId) -> Option<Ttl> {
        let of_role = |resource: &ResourceId, role: &RoleId| {
            let limits = self.policies_about(resource, role).filter_map(|policy| match &policy.approve {
                Approve::Auto(Some(limit)) => Some(limit.per),
                Approve::Auto(None) | Approve::Ask(_) | Approve::BreakGlass(_) => None,
            });
            limits.max()
        };
        match self.bundle(resource) {
            Some(bundle) => bundle.of.iter().filter_map(|part| of_role(&part.resource.value, &part.role.value)).max(),
            None => of_role(resource, role),
        }
    }

    /// What rules ask of this person.
    pub(super) fn known(&self, id: &PersonId) -> Option<&Somebody> {
        self.known.person(id)
    }

    /// Who of this group can approve as a member of it, in the order of ids; `None` where the files do not say.
    pub(super) fn voters(&self, group: &GroupId) -> Option<&[Voter]> {
        self.known.voters(group)
    }

    /// The permits that are about this role.
    pub(super) fn policies_about(&self, resource: &ResourceId, role: &RoleId) -> impl Iterator<Item = &Policy> {
        self.rules_about(resource, role).policies()
    }

    /// The requirements that are about this role.
    pub(super) fn require_about(&self, resource: &ResourceId, role: &RoleId) -> impl Iterator<Item = &Require> {
        self.rules_about(resource, role).require()
    }

    /// The prohibitions that are about this role.
    pub(super) fn forbid_about(&self, resource: &ResourceId, role: &RoleId) -> impl Iterator<Item = &Forbid> {
        self.rules_about(resource, role).forbid()
    }

    /// Every rule that is about this role.
    pub(super) fn rules_about(&self, resource: &ResourceId, role: &RoleId) -> Rules<'_> {
        Rules { set: self, about: self.about.get(resource).and_then(|roles| roles.get(role)).unwrap_or(&NOTHING) }
    }
}

static NOTHING: About = About { policies: Vec::new(), require: Vec::new(), forbid: Vec::new() };

/// The rules that are about one role, in the order of their ids.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    set: &'a PolicySet,
    about: &'a About,
}

impl<'a> Rules<'a> {
    pub(super) fn policies(self) -> impl Iterator<Item = &'a Policy> {
        self.about.policies.iter().filter_map(move |n| self.set.policies.get(*n))
    }

    pub(super) fn require(self) -> impl Iterator<Item = &'a Require> {
        self.about.require.iter().filter_map(move |n| self.set.require.get(*n))
    }

    pub(super) fn forbid(self) -> impl Iterator<Item = &'a Forbid> {
        self.about.forbid.iter().filter_map(move |n| self.set.forbid.get(*n))
    }

    /// How many there are.
    pub(super) fn count(self) -> usize {
        self.about.policies.len() + self.about.require.len() + self.about.forbid.len()
    }
}

/// The first moment after this person's contract, in their zone.
///
/// A day beyond what a calendar holds ends it at once, since an end that cannot be computed must not mean none.
fn contract_end(person: &Person, defaults: &Defaults) -> Option<Timestamp> {
    let day = person.contract_ends?;
    let zone = person.timezone.as_ref().unwrap_or(&defaults.timezone);
    Some(end_of_day(zone, day).unwrap_or(Timestamp::from_millis(0)))
}

/// The rules, by number, whose `what:` means this resource, whatever its role.
fn on<'a>(resource: &Resource, whats: impl Iterator<Item = &'a What>) -> Vec<(usize, &'a What)> {
    let means = |what: &What| what.resource.as_ref().is_none_or(|glob| glob.matches(resource.id.value.as_str()));
    whats.enumerate().filter(|(_, what)| means(what)).collect()
}

/// Those of them that mean this role of it.
fn of(role: &Role, on: &[(usize, &What)]) -> Vec<usize> {
    let means = |what: &What| {
        what.role.as_ref().is_none_or(|glob| glob.matches(role.id.value.as_str()))
            && what.risk.is_none_or(|risk| risk == role.risk)
    };
    on.iter().filter(|(_, what)| means(what)).map(|(n, _)| *n).collect()
}
