//! Who may fill one step, and in whose right: their own, or that of somebody who is away. A stand-in brings no seat of their own:
//! once those for whom they stand in have agreed themselves, there is nothing left to agree in their place.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use super::ids::PersonId;

/// Those who may fill one step. The people by whose right each of them does: themselves, or those who named them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Electors(BTreeMap<PersonId, BTreeSet<PersonId>>);

impl Electors {
    /// This person may, by their own right.
    pub fn insert(&mut self, person: PersonId) {
        self.0.entry(person.clone()).or_default().insert(person);
    }

    /// This person may, in the place of another, who may by their own right.
    pub fn insert_in_place_of(&mut self, person: PersonId, other: PersonId) {
        self.0.entry(person).or_default().insert(other);
    }

    /// Whether this person may, by whatever right.
    pub fn contains(&self, person: &PersonId) -> bool {
        self.0.contains_key(person)
    }

    /// Whether this person may by a right that none of `agreed` has used for themselves.
    pub fn may(&self, person: &PersonId, agreed: &[PersonId]) -> bool {
        let rights = self.0.get(person);
        rights.is_some_and(|rights| rights.iter().any(|right| right == person || !agreed.contains(right)))
    }

    /// In whose place this person fills it; `None` where it is by their own right, or where they may not.
    pub fn in_place_of(&self, person: &PersonId, agreed: &[PersonId]) -> Option<&PersonId> {
        let rights = self.0.get(person).filter(|rights| !rights.contains(person))?;
        rights.iter().find(|right| !agreed.contains(right))
    }

    /// Everybody who may, by whatever right, in the order of their ids.
    pub fn iter(&self) -> btree_map::Keys<'_, PersonId, BTreeSet<PersonId>> {
        self.0.keys()
    }

    /// Keeps those of whom this holds.
    pub fn retain(&mut self, keep: impl Fn(&PersonId) -> bool) {
        self.0.retain(|person, _| keep(person));
    }

    /// How many people may.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody may.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<PersonId> for Electors {
    fn from_iter<I: IntoIterator<Item = PersonId>>(people: I) -> Self {
        let mut electors = Electors::default();
        people.into_iter().for_each(|person| electors.insert(person));
        electors
    }
}

impl From<BTreeSet<PersonId>> for Electors {
    fn from(people: BTreeSet<PersonId>) -> Self {
        people.into_iter().collect()
    }
}

impl<const N: usize> From<[PersonId; N]> for Electors {
    fn from(people: [PersonId; N]) -> Self {
        people.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a Electors {
    type Item = &'a PersonId;
    type IntoIter = btree_map::Keys<'a, PersonId, BTreeSet<PersonId>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Electors {
    type Item = PersonId;
    type IntoIter = btree_map::IntoKeys<PersonId, BTreeSet<PersonId>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_may_until_whoever_they_stand_in_for_has_agreed() {
        let id = |name: &str| name.parse::<PersonId>().unwrap();
        let mut electors = Electors::from([id("carol"), id("erin")]);
        electors.insert_in_place_of(id("dave"), id("carol"));
        let dave = id("dave");
        assert!(electors.contains(&dave) && electors.may(&dave, &[]) && electors.may(&dave, &[id("erin")]));
        assert_eq!(electors.in_place_of(&dave, &[]), Some(&id("carol")));
        assert!(!electors.may(&dave, &[id("carol")]));
        assert_eq!(electors.in_place_of(&dave, &[id("carol")]), None);
        assert_eq!(electors.in_place_of(&id("carol"), &[]), None);
        electors.insert_in_place_of(id("dave"), id("erin"));
        assert_eq!(electors.in_place_of(&dave, &[id("carol")]), Some(&id("erin")));
        electors.insert(dave.clone());
        assert!(electors.may(&dave, &[id("carol"), id("erin")]));
        assert_eq!(electors.in_place_of(&dave, &[]), None);
        assert_eq!(electors.iter().count(), 3);
    }
}
