//! What stands in the files and is of no use: groups that nothing names, systems without resources, roles and people that no
//! rule means.

use std::collections::BTreeSet;

use super::{Finding, Severity, Survey};
use crate::access::ids::{PersonId, ProviderId};
use crate::policy::fields::Space;
use crate::policy::file::{Group, Members, Policy};

impl Survey<'_> {
    pub(super) fn unused(&self, findings: &mut Vec<Finding>) {
        self.unused_names(findings);
        self.unused_roles(findings);
        self.unused_people(findings);
    }

    fn is_referred_to(&self, space: Space, id: &str) -> bool {
        self.set.written.referred.contains(&(space, id.to_owned()))
    }

    fn unused_names(&self, findings: &mut Vec<Finding>) {
        for (id, group) in self.set.groups().iter().filter(|(id, _)| !self.is_referred_to(Space::Group, id.as_str())) {
            let message = "is a group that nothing names: no rule, no step, no resource".to_owned();
            findings.push(self.finding(Severity::Warning, id, group.id.place, message));
        }
        for (id, provider) in self.set.providers().iter().filter(|(id, _)| !self.is_at_work(id)) {
            let message = "is a provider without a resource: nothing can be granted there".to_owned();
            findings.push(self.finding(Severity::Warning, id, provider.id.place, message));
        }
    }

    /// Whether something lives at this provider, or it knows who is on call, or it pages somebody.
    fn is_at_work(&self, id: &ProviderId) -> bool {
        let on_call = |group: &Group| match &group.members {
            Members::OnCall(on_call) => on_call.provider.value == *id,
            Members::Listed(_) | Members::Where(_) | Members::Slack(_) => false,
        };
        let pages = |policy: &Policy| {
            let page = policy.remind.as_ref().and_then(|remind| remind.page.as_ref());
            page.is_some_and(|page| page.provider.value == *id)
        };
        self.set.resources().values().any(|resource| resource.provider.value == *id)
            || self.set.groups().values().any(on_call)
            || self.set.policies().iter().any(pages)
    }

    fn unused_roles(&self, findings: &mut Vec<Finding>) {
        for (resource, role) in self.roles() {
            let (resource, id) = (&resource.id.value, &role.id.value);
            if self.set.policies_about(resource, id).next().is_none() {
                let message = format!("has a role `{id}` that no policy is about: nobody can get it");
                findings.push(self.finding(Severity::Warning, resource, role.id.place, message));
            }
        }
    }

    /// Somebody who gets nothing and approves nothing may be there for a reason, such as to read along; so it is a note.
    fn unused_people(&self, findings: &mut Vec<Finding>) {
        let mut used: BTreeSet<&PersonId> = BTreeSet::new();
        for policy in self.set.policies() {
            used.extend(self.chances(policy).into_iter().map(|(person, _, _)| person));
        }
        for group in self.set.groups().keys().filter(|group| self.is_referred_to(Space::Group, group.as_str())) {
            used.extend(self.set.members(group).into_iter().flatten());
        }
        let is_idle = |id: &PersonId| !used.contains(id) && !self.is_referred_to(Space::Person, id.as_str());
        for (id, person) in self.set.people().iter().filter(|(id, _)| is_idle(id)) {
            let message = "gets nothing and approves nothing: no rule means them".to_owned();
            findings.push(self.finding(Severity::Note, id, person.id.place, message));
        }
    }
}
