//! What things and people are called. `app` fills it; whatever has no name here is shown by its id, never left out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::access::ids::{GrantId, PersonId, ProviderId, RequestId, ResourceId, RoleId};
use crate::access::request::{OR, Part, Request, Terms};
use crate::access::time::Ttl;
use crate::slack::zone::Zone;

/// The names of everything that a message mentions, and the zone of whoever reads it.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Made once per load of the policy files, and shared.
    pub book: Arc<Book>,
    /// The reader's zone; for a channel that of the policy files.
    pub zone: Zone,
    /// What the mentioned requests are about.
    pub requests: BTreeMap<RequestId, About>,
    /// What the mentioned grants are about.
    pub grants: BTreeMap<GrantId, About>,
}

/// The names that policy files give.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// Everybody.
    pub people: BTreeMap<PersonId, Who>,
    /// Everything that can be asked for.
    pub resources: BTreeMap<ResourceId, ResourceName>,
    /// Providers, where they have a name besides their id.
    pub providers: BTreeMap<ProviderId, String>,
    /// The Slack user groups behind groups (`security` is `S0SECURITY`), so that all of it can be mentioned at once.
    pub usergroups: BTreeMap<String, String>,
}

/// A resource and its roles.
#[derive(Debug, Clone, Default)]
pub struct ResourceName {
    /// `Orders database`.
    pub name: String,
    /// Its roles.
    pub roles: BTreeMap<RoleId, RoleName>,
}

/// A role.
#[derive(Debug, Clone)]
pub struct RoleName {
    /// `Read only`.
    pub name: String,
    /// How bad a mistake would be.
    pub risk: Risk,
}

/// How bad a mistake would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// As usual.
    Normal,
    /// The card says so.
    High,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// `Maya Okafor`.
    pub name: String,
    /// The account to mention (`U0MAYA`), where there is one.
    pub slack: Option<String>,
    /// Employee, contractor …
    pub kind: Kind,
}

/// What somebody is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An employee.
    Employee,
    /// A contractor of this company.
    Contractor {
        /// The company, where the policy files name it.
        company: Option<String>,
    },
    /// An account that a machine uses.
    Service,
}

/// What a request or grant is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Whose.
    pub person: PersonId,
    /// On what.
    pub resource: ResourceId,
    /// As what.
    pub role: RoleId,
    /// Whether it is a bundle, or a part of one.
    pub share: Share,
}

/// What something has to do with a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// Nothing.
    Single,
    /// It is one.
    Whole,
    /// It is a part of this one.
    PartOf(ResourceId),
}

impl From<&Terms> for About {
    fn from(terms: &Terms) -> About {
        let share = if terms.is_bundle() { Share::Whole } else { Share::Single };
        About { person: terms.subject.clone(), resource: terms.resource.clone(), role: terms.role.clone(), share }
    }
}

impl About {
    /// What a grant of this request is about.
    pub fn of_grant(request: &Request, grant: GrantId) -> About {
        if !request.terms.is_bundle() {
            return About::from(&request.terms);
        }
        let Part { resource, role } = request.part_of(grant);
        About { person: request.terms.subject.clone(), resource, role, share: Share::PartOf(request.terms.resource.clone()) }
    }
}

impl Names {
    /// A person's name; their id when nobody gave them one.
    pub fn person<'a>(&'a self, id: &'a PersonId) -> &'a str {
        self.book.people.get(id).map_or(id.as_str(), |who| &who.name)
    }

    /// `Maya Okafor (contractor, Acme)`; an employee is just named.
    pub fn person_in_full(&self, id: &PersonId) -> String {
        let name = self.person(id);
        match self.book.people.get(id).map(|who| &who.kind) {
            Some(Kind::Contractor { company: Some(company) }) => format!("{name} (contractor, {company})"),
            Some(Kind::Contractor { company: None }) => format!("{name} (contractor)"),
            Some(Kind::Service) => format!("{name} (service account)"),
            Some(Kind::Employee) | None => name.to_owned(),
        }
    }

    /// `Maya Okafor (Acme)`: for notifications, where room is short.
    pub fn person_in_short(&self, id: &PersonId) -> String {
        let name = self.person(id);
        match self.book.people.get(id).map(|who| &who.kind) {
            Some(Kind::Contractor { company: Some(company) }) => format!("{name} ({company})"),
            Some(Kind::Contractor { company: None } | Kind::Service | Kind::Employee) | None => name.to_owned(),
        }
    }

    /// The account to mention, where there is one.
    pub fn account(&self, id: &PersonId) -> Option<&str> {
        self.book.people.get(id)?.slack.as_deref()
    }

    /// `Carol, Dave and 3 others`: so many names as fit a line.
    pub fn people(&self, ids: &[PersonId]) -> String {
        const NAMED_MAX: usize = 4;
        let mut parts: Vec<String> = ids.iter().take(NAMED_MAX).map(|id| self.person(id).to_owned()).collect();
        match ids.len().saturating_sub(NAMED_MAX) {
            0 => {}
            1 => parts.push("1 other".to_owned()),
            more => parts.push(format!("{more} others")),
        }
        listed(&parts, "and")
    }

    /// A resource's name.
    pub fn resource<'a>(&'a self, id: &'a ResourceId) -> &'a str {
        self.book.resources.get(id).map(|resource| resource.name.as_str()).filter(|name| !name.is_empty()).unwrap_or(id.as_str())
    }

    /// A role's name.
    pub fn role<'a>(&'a self, resource: &ResourceId, role: &'a RoleId) -> &'a str {
        self.find_role(resource, role).map_or(role.as_str(), |found| &found.name)
    }

    /// How bad a mistake would be; normal when nothing is said.
    pub fn risk(&self, resource: &ResourceId, role: &RoleId) -> Risk {
        self.find_role(resource, role).map_or(Risk::Normal, |found| found.risk)
    }

    /// `Orders database · Read only`.
    pub fn thing(&self, resource: &ResourceId, role: &RoleId) -> String {
        format!("{} · {}", self.resource(resource), self.role(resource, role))
    }

    /// What is asked for: a bundle by its name, anything else by its resource and role.
    pub fn what(&self, terms: &Terms) -> String {
        if terms.is_bundle() { self.resource(&terms.resource).to_owned() } else { self.thing(&terms.resource, &terms.role) }
    }

    /// What is asked for, with all that it is made of: `Debug orders (Orders database · Read only and Shop repository · Write)`.
    pub fn in_full(&self, terms: &Terms) -> String {
        if !terms.is_bundle() {
            return self.what(terms);
        }
        let part = |part: &Part| {
            let risk = if self.risk(&part.resource, &part.role) == Risk::High { ", high risk" } else { "" };
            format!("{}{risk}", self.thing(&part.resource, &part.role))
        };
        let parts: Vec<String> = terms.parts.iter().map(part).collect();
        format!("{} ({})", self.what(terms), listed(&parts, "and"))
    }

    /// How bad a mistake would be with what is asked for: as bad as with the worst part of it.
    pub fn risk_of(&self, terms: &Terms) -> Risk {
        let risky = terms.wanted().iter().any(|part| self.risk(&part.resource, &part.role) == Risk::High);
        if risky { Risk::High } else { Risk::Normal }
    }

    /// What ends when this grant is ended by hand: all of a bundle, or the one thing.
    pub fn ends_with(&self, grant: GrantId) -> &str {
        self.grants.get(&grant).map_or("", |about| match &about.share {
            Share::PartOf(bundle) => self.resource(bundle),
            Share::Single | Share::Whole => self.resource(&about.resource),
        })
    }

    fn told(&self, about: &About) -> String {
        match &about.share {
            Share::Single => self.thing(&about.resource, &about.role),
            Share::Whole => self.resource(&about.resource).to_owned(),
            Share::PartOf(bundle) => {
                format!("{}, of {}", self.thing(&about.resource, &about.role), self.resource(bundle))
            }
        }
    }

    /// A provider's name.
    pub fn provider<'a>(&'a self, id: &'a ProviderId) -> &'a str {
        self.book.providers.get(id).map_or(id.as_str(), String::as_str)
    }

    /// `R-42 (Orders database · Read only)`.
    pub fn request(&self, id: RequestId) -> String {
        self.requests.get(&id).map_or_else(|| id.to_string(), |about| format!("{id} ({})", self.told(about)))
    }

    /// `G-57 (Orders database · Read only)`.
    pub fn grant(&self, id: GrantId) -> String {
        self.grants.get(&id).map_or_else(|| id.to_string(), |about| format!("{id} ({})", self.told(about)))
    }

    /// Who may fill a step, from how a policy spells it: `group/dba` is "dba", `person/bob` is Bob, `sponsor` "the sponsor".
    /// Alternatives are named one after the other: "dba or security".
    pub fn step(&self, by: &str) -> String {
        by.split(OR).map(|by| self.step_of_one(by)).collect::<Vec<_>>().join(OR)
    }

    fn step_of_one(&self, by: &str) -> String {
        match by.split_once('/') {
            Some(("person", id)) => id.parse::<PersonId>().map_or_else(|_| id.to_owned(), |id| self.person(&id).to_owned()),
            Some(("group", id)) => id.to_owned(),
            Some(_) => by.to_owned(),
            None if by == "owners" => "the owners".to_owned(),
            None => format!("the {by}"),
        }
    }

    fn find_role(&self, resource: &ResourceId, role: &RoleId) -> Option<&RoleName> {
        self.book.resources.get(resource)?.roles.get(role)
    }
}

/// `a, b and c`.
pub fn listed(parts: &[String], last: &str) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// `12 min`, `1 h 45 min`, `less than a minute`.
pub(super) fn lasted(time: Duration) -> String {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    Ttl::from_millis(millis).map_or_else(|| "less than a minute".to_owned(), |ttl| ttl.to_string())
}

/// `1 person`, `2 people`.
pub fn counted(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
