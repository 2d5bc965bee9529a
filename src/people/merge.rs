//! One person under two ids: who somebody of an older set of files is in a newer one.
//!
//! Only accounts count, as everywhere: whoever has somebody's Slack accounts now is that somebody.

use std::collections::BTreeSet;

use crate::access::ids::PersonId;
use crate::policy::PolicySet;
use crate::policy::file::{Person, SlackAccount};

/// Who `person` of the older set is in the newer one: themselves as long as the id is there, else the one person who has their
/// accounts. `None` where nobody has them, or several people do.
pub fn now_called(older: &PolicySet, newer: &PolicySet, person: &PersonId) -> Option<PersonId> {
    if newer.person(person).is_some() {
        return Some(person.clone());
    }
    let accounts = older.person(person).map(|person| person.slack.as_slice()).unwrap_or_default();
    let is_theirs = |account: &SlackAccount| accounts.iter().any(|known| known.value == *account);
    let has = |other: &Person| other.slack.iter().any(|account| is_theirs(&account.value));
    let found: BTreeSet<&PersonId> = newer.people().iter().filter(|(_, other)| has(other)).map(|(id, _)| id).collect();
    match (found.first(), found.len()) {
        (Some(one), 1) => Some((*one).clone()),
        (Some(_) | None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Shapes;
    use crate::policy::parse::Source;

    fn set(people: &str) -> PolicySet {
        let text = format!("version: 1\npeople:\n{people}");
        let source = Source { name: "test.yaml".into(), text };
        PolicySet::parse(vec![source], Shapes::UNCHECKED).unwrap_or_else(|error| panic!("{error}"))
    }

    // E51
    #[test]
    fn accounts_tell_who_somebody_became() {
        let older = set("  - { id: maya, name: M, kind: employee, slack: [U0MAYA] }
  - { id: m2, name: M, kind: employee, slack: [U0TWO, T0OTHER/U0THREE] }
  - { id: bare, name: B, kind: employee }
");
        let merged = set("  - { id: maya, name: M, kind: employee, slack: [U0MAYA, U0TWO] }
");
        let split = set("  - { id: a, name: A, kind: employee, slack: [U0TWO] }
  - { id: b, name: B, kind: employee, slack: [T0OTHER/U0THREE] }
");
        let elsewhere = set("  - { id: a, name: A, kind: employee, slack: [T0OTHER/U0TWO] }
");
        let id = |text: &str| text.parse::<PersonId>().unwrap();
        for (newer, person, found) in [
            (&merged, "maya", Some("maya")),
            (&merged, "m2", Some("maya")),
            (&merged, "bare", None),
            (&merged, "never", None),
            (&split, "m2", None),
            (&elsewhere, "m2", None),
        ] {
            assert_eq!(now_called(&older, newer, &id(person)), found.map(id), "{person}");
        }
    }
}
