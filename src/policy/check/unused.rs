//! What stands in the files and is of no use: groups that nothing names, systems without resources, roles and people that no
//! rule means.

use std::collections::BTreeSet;

use super::{Finding, Severity, Survey};
use crate::access::ids::PersonId;
use crate::policy::electorate::electorate;
use crate::policy::evaluate::would_ask;
use crate::policy::fields::Space;

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
        for (id, provider) in self.set.providers() {
            if !self.set.resources().values().any(|resource| resource.provider.value == *id) {
                let message = "is a provider without a resource: nothing can be granted there".to_owned();
                findings.push(self.finding(Severity::Warning, id, provider.id.place, message));
            }
        }
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
        let mut used = BTreeSet::new();
        for policy in self.set.policies() {
            for (person, resource, role) in self.chances(policy) {
                used.insert(person.clone());
                let steps = would_ask(self.set, policy, &self.facts(person, resource, role), self.now).0;
                used.extend(electorate(self.set, &steps, person, person, &self.outside, self.now).into_iter().flatten());
            }
        }
        let is_named = |id: &PersonId| {
            let answers_for =
                |other: &Option<crate::policy::file::At<PersonId>>| other.as_ref().is_some_and(|at| at.value == *id);
            self.set.people().values().any(|person| answers_for(&person.sponsor) || answers_for(&person.manager))
        };
        for (id, person) in self.set.people().iter().filter(|(id, _)| !used.contains(*id) && !is_named(id)) {
            let message = "gets nothing and approves nothing: no rule means them".to_owned();
            findings.push(self.finding(Severity::Note, id, person.id.place, message));
        }
    }
}
