//! Seating people: every seat of every step is filled by another person. A matching, not a counter, so that somebody in two
//! groups fills one seat, and takes the one that lets the others be filled too.

use super::electors::Electors;
use super::ids::PersonId;
use super::request::{Seat, Step};

/// Who fills which seat, and what is still missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seating {
    /// The filled seats, in the order of the steps.
    pub seats: Vec<Seat>,
    /// How many people each step still needs, in the order of the steps.
    pub missing: Vec<u32>,
}

impl Seating {
    /// Whether every seat of every step is filled.
    pub fn is_complete(&self) -> bool {
        self.missing.iter().all(|missing| *missing == 0)
    }
}

/// The most seats that a request can have; more are a mistake in a policy, and are never filled.
pub const SEATS_MAX: usize = 64;

/// Seats as many of `people` as possible. `electorate` says for each step who may fill it; a step without an entry has nobody.
pub fn fill(steps: &[Step], electorate: &[Electors], people: &[PersonId]) -> Seating {
    let wanted: Vec<usize> = steps
        .iter()
        .enumerate()
        .flat_map(|(index, step)| std::iter::repeat_n(index, usize::try_from(step.count).unwrap_or(SEATS_MAX).min(SEATS_MAX)))
        .collect();
    let may = |seat: usize, person: usize| {
        let voters = wanted.get(seat).and_then(|step| electorate.get(*step));
        voters.zip(people.get(person)).is_some_and(|(voters, person)| voters.may(person, people))
    };
    let mut holder: Vec<Option<usize>> = vec![None; wanted.len()];
    for person in 0..people.len() {
        let mut tried = vec![false; wanted.len()];
        seat(person, &may, &mut holder, &mut tried);
    }
    let filled = |index: usize| wanted.iter().zip(&holder).filter(|(step, holder)| **step == index && holder.is_some()).count();
    Seating {
        seats: wanted
            .iter()
            .zip(&holder)
            .filter_map(|(step, holder)| {
                let person = people.get((*holder)?)?.clone();
                let in_place_of = electorate.get(*step)?.in_place_of(&person, people).cloned();
                Some(Seat { step: steps.get(*step)?.by.clone(), person, in_place_of })
            })
            .collect(),
        missing: steps
            .iter()
            .enumerate()
            .map(|(index, step)| step.count.saturating_sub(u32::try_from(filled(index)).unwrap_or(u32::MAX)))
            .collect(),
    }
}

/// Whether one more person would fill a seat that stays empty so far, be it that somebody moves over for them.
pub fn would_fill(steps: &[Step], electorate: &[Electors], people: &[PersonId], person: &PersonId) -> bool {
    let with: Vec<PersonId> = people.iter().chain([person]).cloned().collect();
    !people.contains(person) && fill(steps, electorate, &with).seats.len() > fill(steps, electorate, people).seats.len()
}

/// Finds a seat for one person, moving others where that helps (Kuhn's augmenting path).
fn seat(person: usize, may: &impl Fn(usize, usize) -> bool, holder: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for index in 0..holder.len() {
        let fresh = tried.get(index) == Some(&false);
        if !fresh || !may(index, person) {
            continue;
        }
        if let Some(mark) = tried.get_mut(index) {
            *mark = true;
        }
        let free = match holder.get(index).copied().flatten() {
            None => true,
            Some(sitting) => seat(sitting, may, holder, tried),
        };
        if free {
            if let Some(place) = holder.get_mut(index) {
                *place = Some(person);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn person(name: &str) -> PersonId {
        name.parse().unwrap()
    }

    fn step(by: &str, count: u32) -> Step {
        Step { by: by.to_owned(), count }
    }

    fn group(names: &[&str]) -> Electors {
        names.iter().map(|name| person(name)).collect()
    }

    #[test]
    fn one_person_in_two_groups_fills_one_seat() {
        let steps = [step("group/dba", 1), step("group/security", 1)];
        let electorate = [group(&["carol"]), group(&["carol", "erin"])];
        let alone = fill(&steps, &electorate, &[person("carol")]);
        assert_eq!(alone.missing.iter().sum::<u32>(), 1);
        assert!(fill(&steps, &electorate, &[person("carol"), person("erin")]).is_complete());
    }

    #[test]
    fn somebody_moves_over_for_the_one_who_has_no_other_seat() {
        let steps = [step("group/dba", 1), step("group/security", 1)];
        let electorate = [group(&["carol", "dave"]), group(&["carol"])];
        let both = fill(&steps, &electorate, &[person("carol"), person("dave")]);
        assert!(both.is_complete());
        assert_eq!(
            both.seats,
            [
                Seat { step: "group/dba".into(), person: person("dave"), in_place_of: None },
                Seat { step: "group/security".into(), person: person("carol"), in_place_of: None },
            ]
        );
    }

    #[test]
    fn whoever_could_only_take_a_seat_that_is_taken_would_fill_none() {
        let steps = [step("group/dba", 1), step("group/security", 1)];
        let electorate = [group(&["carol", "dave"]), group(&["carol", "erin"])];
        let would = |people: &[&str], who: &str| {
            would_fill(&steps, &electorate, &people.iter().map(|name| person(name)).collect::<Vec<_>>(), &person(who))
        };
        assert!(would(&["dave"], "erin") && would(&["dave"], "carol"));
        assert!(would(&["carol"], "dave"), "Carol moves over");
        assert!(!would(&["dave", "erin"], "carol") && !would(&["dave"], "dave") && !would(&[], "frank"));
    }

    proptest! {
        // I7
        #[test]
        fn seats_are_filled_by_distinct_people_who_may_fill_them(
            counts in prop::collection::vec(0u32..4, 1..4),
            rights in prop::collection::vec(prop::collection::btree_set(0usize..6, 0..6), 1..4),
            came in prop::collection::btree_set(0usize..6, 0..6),
        ) {
            let name = |n: &usize| person(&format!("p{n}"));
            let steps: Vec<Step> = counts.iter().enumerate().map(|(i, count)| step(&format!("group/{i}"), *count)).collect();
            let electorate: Vec<Electors> = rights.iter().map(|set| set.iter().map(name).collect()).collect();
            let people: Vec<PersonId> = came.iter().map(name).collect();
            let seating = fill(&steps, &electorate, &people);

            let seated: BTreeSet<&PersonId> = seating.seats.iter().map(|seat| &seat.person).collect();
            prop_assert_eq!(seated.len(), seating.seats.len(), "one person, one seat");
            for seat in &seating.seats {
                let index = steps.iter().position(|step| step.by == seat.step).unwrap();
                prop_assert!(electorate.get(index).is_some_and(|voters| voters.contains(&seat.person)));
                prop_assert!(people.contains(&seat.person));
            }
            let needed: u32 = counts.iter().sum();
            prop_assert_eq!(seating.missing.iter().sum::<u32>() as usize + seating.seats.len(), needed as usize);
        }
    }
}
