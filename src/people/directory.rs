//! The directory of people, as one policy set describes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::access::ids::{GroupId, PersonId, ProviderId, ResourceId};
use crate::access::time::Timestamp;
use crate::policy::PolicySet;
use crate::policy::file::{Kind, Person};

/// People by everything that they are known as. Cheap to make anew for each policy set.
#[derive(Debug, Clone)]
pub struct Directory {
    set: Arc<PolicySet>,
    home_team: String,
    /// (workspace, user) → everybody who claims that account. More than one is a contradiction.
    by_slack: BTreeMap<(String, String), BTreeSet<PersonId>>,
    by_host_user: BTreeMap<String, PersonId>,
}

/// Whom an account belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identified {
    /// This person.
    Known(PersonId),
    /// Nobody we know.
    Unknown,
    /// More than one person, so that it cannot be said who acts.
    Ambiguous,
}

impl Directory {
    /// The people of this set. Accounts that are written without a workspace are in `home_team`.
    pub fn new(set: Arc<PolicySet>, home_team: &str) -> Directory {
        let mut by_slack: BTreeMap<(String, String), BTreeSet<PersonId>> = BTreeMap::new();
        let mut by_host_user = BTreeMap::new();
        for (id, person) in set.people() {
            for account in &person.slack {
                let team = account.team.as_deref().unwrap_or(home_team);
                by_slack.entry((team.to_owned(), account.user.clone())).or_default().insert(id.clone());
            }
            if let Some(user) = &person.host_user {
                by_host_user.insert(user.clone(), id.clone());
            }
        }
        Directory { set, home_team: home_team.to_owned(), by_slack, by_host_user }
    }

    /// Whom this Slack account belongs to. Both parts count: the same user id in another workspace is somebody else.
    pub fn by_slack(&self, team: &str, user: &str) -> Identified {
        let claimed = self.by_slack.get(&(team.to_owned(), user.to_owned()));
        match claimed.map(|people| (people.first(), people.len())) {
            Some((Some(person), 1)) => Identified::Known(person.clone()),
            Some((Some(_), _)) => Identified::Ambiguous,
            Some((None, _)) | None => Identified::Unknown,
        }
    }

    /// Whom this user of the host belongs to, for decisions on the command line.
    pub fn by_host_user(&self, user: &str) -> Identified {
        self.by_host_user.get(user).map_or(Identified::Unknown, |person| Identified::Known(person.clone()))
    }

    /// What the files say of this person.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.set.person(id)
    }

    /// Everybody, in the order of their ids.
    pub fn people(&self) -> impl Iterator<Item = (&PersonId, &Person)> {
        self.set.people().iter()
    }

    /// What this person is called; the id where nobody has it, since an old request may name somebody who was removed.
    pub fn name<'a>(&'a self, id: &'a PersonId) -> &'a str {
        self.person(id).map_or(id.as_str(), |person| person.name.as_str())
    }

    /// This person's accounts in the home workspace, where messages can reach them.
    pub fn home_accounts(&self, id: &PersonId) -> Vec<&str> {
        let accounts = self.person(id).map(|person| person.slack.as_slice()).unwrap_or_default();
        let at_home = |team: Option<&str>| team.is_none_or(|team| team == self.home_team);
        accounts.iter().filter(|account| at_home(account.team.as_deref())).map(|account| account.user.as_str()).collect()
    }

    /// Every account of this person, as (workspace, user).
    pub fn accounts(&self, id: &PersonId) -> Vec<(&str, &str)> {
        let accounts = self.person(id).map(|person| person.slack.as_slice()).unwrap_or_default();
        accounts.iter().map(|account| (account.team.as_deref().unwrap_or(&self.home_team), account.user.as_str())).collect()
    }

    /// This person's account at a provider.
    pub fn provider_account(&self, id: &PersonId, provider: &ProviderId) -> Option<&str> {
        self.set.account(id, provider)
    }

    /// Whom the account at a provider belongs to that is known there by these names: an id, an e-mail address. Addresses are
    /// compared without regard to case. When several people claim it, it cannot be said who that is.
    pub fn by_provider_account(&self, provider: &ProviderId, known_as: &[&str]) -> Identified {
        let is_it = |account: &str, name: &str| account == name || (name.contains('@') && account.eq_ignore_ascii_case(name));
        let claims = |id: &PersonId| {
            let account = self.provider_account(id, provider);
            account.is_some_and(|account| known_as.iter().any(|name| is_it(account, name)))
        };
        let mut claiming = self.set.people().keys().filter(|id| claims(id));
        match (claiming.next(), claiming.next()) {
            (Some(person), None) => Identified::Known(person.clone()),
            (Some(_), Some(_)) => Identified::Ambiguous,
            (None, _) => Identified::Unknown,
        }
    }

    /// The public keys that secrets for this person are encrypted to.
    pub fn keys(&self, id: &PersonId) -> &[String] {
        self.person(id).map(|person| person.keys.as_slice()).unwrap_or_default()
    }

    /// The zone in which this person reads times.
    pub fn timezone(&self, id: &PersonId) -> &TimeZone {
        self.person(id).and_then(|person| person.timezone.as_ref()).unwrap_or(&self.set.defaults().timezone)
    }

    /// The first moment after this person's contract; `None` where they have no last day.
    pub fn contract_end(&self, id: &PersonId) -> Option<Timestamp> {
        self.set.contract_end(id)
    }

    /// Who is in this group by what the files say.
    pub fn members(&self, group: &GroupId) -> Option<&BTreeSet<PersonId>> {
        self.set.members(group)
    }

    /// The groups that this person is in by what the files say.
    pub fn groups_of<'a>(&'a self, id: &'a PersonId) -> impl Iterator<Item = &'a GroupId> {
        self.set.groups().keys().filter(move |group| self.members(group).is_some_and(|members| members.contains(id)))
    }

    /// Everybody in the groups that own this resource.
    pub fn owners(&self, resource: &ResourceId) -> BTreeSet<PersonId> {
        self.set.owners_of(resource)
    }

    /// Whether `filer` may ask on behalf of `subject`: for themselves, as their sponsor, or as an owner of the resource.
    /// Only employees ask for others.
    pub fn may_file_for(&self, filer: &PersonId, subject: &PersonId, resource: &ResourceId) -> bool {
        if filer == subject {
            return true;
        }
        let is_sponsor =
            self.person(subject).and_then(|person| person.sponsor.as_ref()).is_some_and(|sponsor| sponsor.value == *filer);
        let is_employee = self.person(filer).is_some_and(|person| person.kind == Kind::Employee);
        is_employee && (is_sponsor || self.owners(resource).contains(filer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Shapes;
    use crate::policy::parse::Source;

    const HOME: &str = "T0HOME";

    fn directory() -> Directory {
        let text = "version: 1
defaults: { timezone: Europe/Berlin }
people:
  - id: maya
    name: Maya
    slack: [U0MAYA, T0ACME/U0M]
    kind: contractor
    company: Acme
    sponsor: bob
    contract_ends: 2026-12-31
    timezone: America/New_York
    keys: [age1abc]
    accounts: { db: maya_acme }
  - { id: hugo, name: Hugo, kind: contractor, sponsor: carol, contract_ends: 2026-03-28, accounts: { db: hugo@initech.example } }
  - { id: bob, name: Bob, kind: employee, slack: [U0BOB, U0TWICE], host_user: bob }
  - { id: carol, name: Carol, kind: employee, slack: [T0HOME/U0TWICE] }
groups:
  - { id: dba, members: [carol, hugo] }
  - { id: outside, where: { kind: contractor } }
  - { id: outside/acme, where: { group: outside, company: Acme } }
providers: [{ id: db, kind: sandbox }]
resources: [{ id: r, name: R, provider: db, owners: [dba], roles: [{ id: x, name: X, grant: {} }] }]
";
        let source = Source { name: "test.yaml".into(), text: text.into() };
        let set = PolicySet::parse(vec![source], Shapes::UNCHECKED).unwrap_or_else(|error| panic!("{error}"));
        Directory::new(Arc::new(set), HOME)
    }

    fn id(text: &str) -> PersonId {
        text.parse().unwrap()
    }

    // E6, E40
    #[test]
    fn an_account_is_a_workspace_and_a_user() {
        let people = directory();
        for (team, user, whom) in [
            (HOME, "U0MAYA", Identified::Known(id("maya"))),
            ("T0ACME", "U0M", Identified::Known(id("maya"))),
            ("T0ACME", "U0MAYA", Identified::Unknown),
            (HOME, "U0M", Identified::Unknown),
            (HOME, "u0maya", Identified::Unknown),
            ("T0EVIL", "U0BOB", Identified::Unknown),
            // Bob writes it without the workspace, Carol with: it is the same account.
            (HOME, "U0TWICE", Identified::Ambiguous),
        ] {
            assert_eq!(people.by_slack(team, user), whom, "{team}/{user}");
        }
        assert_eq!(people.by_host_user("bob"), Identified::Known(id("bob")));
        assert_eq!(people.by_host_user("root"), Identified::Unknown);
    }

    #[test]
    fn messages_reach_people_in_the_home_workspace() {
        let people = directory();
        assert_eq!(people.home_accounts(&id("maya")), ["U0MAYA"]);
        assert_eq!(people.accounts(&id("maya")), [(HOME, "U0MAYA"), ("T0ACME", "U0M")]);
        assert_eq!(people.provider_account(&id("maya"), &"db".parse().unwrap()), Some("maya_acme"));
        assert_eq!((people.name(&id("maya")), people.name(&id("gone"))), ("Maya", "gone"));
        assert_eq!(people.keys(&id("maya")), ["age1abc"]);
    }

    #[test]
    fn an_account_at_a_provider_is_an_id_or_an_address_of_one_person() {
        let people = directory();
        let db = "db".parse().unwrap();
        for (known_as, whom) in [
            (&["P1MAYA", "x@shop.example"][..], Identified::Unknown),
            (&["maya_acme"][..], Identified::Known(id("maya"))),
            (&["MAYA_ACME"][..], Identified::Unknown),
            (&["P1", "hugo@initech.example"][..], Identified::Known(id("hugo"))),
            (&["P1", "Hugo@Initech.example"][..], Identified::Known(id("hugo"))),
            (&["maya_acme", "hugo@initech.example"][..], Identified::Ambiguous),
            (&[][..], Identified::Unknown),
        ] {
            assert_eq!(people.by_provider_account(&db, known_as), whom, "{known_as:?}");
        }
        assert_eq!(people.by_provider_account(&"other".parse().unwrap(), &["maya_acme"]), Identified::Unknown);
    }

    #[test]
    fn a_contract_ends_with_its_last_day_where_the_person_is() {
        let people = directory();
        let end = |text: &str| Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        // Midnight in New York, not in Berlin.
        assert_eq!(people.contract_end(&id("maya")), Some(end("2027-01-01T05:00:00Z")));
        // The day before the clock change, in the default zone.
        assert_eq!(people.contract_end(&id("hugo")), Some(end("2026-03-28T23:00:00Z")));
        assert_eq!(people.contract_end(&id("bob")), None);
        assert_eq!(people.timezone(&id("bob")).iana_name(), Some("Europe/Berlin"));
    }

    #[test]
    fn computed_groups_follow_the_people() {
        let people = directory();
        let hugo = id("hugo");
        let groups: Vec<&str> = people.groups_of(&hugo).map(GroupId::as_str).collect();
        assert_eq!(groups, ["dba", "outside"]);
        assert_eq!(people.members(&"outside/acme".parse().unwrap()), Some(&BTreeSet::from([id("maya")])));
        assert_eq!(people.members(&"absent".parse().unwrap()), None);
    }

    #[test]
    fn only_sponsors_and_owners_who_are_employees_ask_for_others() {
        let people = directory();
        for (filer, subject, may) in [
            ("maya", "maya", true),
            ("bob", "maya", true),
            ("carol", "maya", true),
            ("hugo", "maya", false),
            ("maya", "bob", false),
            ("bob", "hugo", false),
            ("gone", "maya", false),
        ] {
            assert_eq!(people.may_file_for(&id(filer), &id(subject), &"r".parse().unwrap()), may, "{filer} for {subject}");
        }
    }
}
