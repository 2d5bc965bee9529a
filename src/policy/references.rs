//! Which names the files refer to, and where. Whether there is anything of such a name is `validate`'s business.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::fields::Space;
use super::problem::Place;

/// What refers to what, in the order of the files. Most of it is to few names, each of which is kept and looked up once.
#[derive(Default)]
pub(super) struct References {
    names: Vec<(Space, String)>,
    numbers: BTreeMap<Space, HashMap<String, usize>>,
    made: Vec<(usize, Place)>,
}

impl References {
    pub(super) fn add(&mut self, space: Space, id: &str, place: Place) {
        let numbers = self.numbers.entry(space).or_default();
        let number = match numbers.get(id) {
            Some(number) => *number,
            None => {
                let number = self.names.len();
                self.names.push((space, id.to_owned()));
                numbers.insert(id.to_owned(), number);
                number
            }
        };
        self.made.push((number, place));
    }

    /// Adds those of a later file.
    pub(super) fn append(&mut self, later: References) {
        if self.names.is_empty() {
            *self = later;
            return;
        }
        for (number, place) in later.made {
            if let Some((space, id)) = later.names.get(number) {
                self.add(*space, id, place);
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.made.len()
    }

    /// Those to names of which `is_meant` holds, in their order.
    pub(super) fn to(&self, is_meant: impl Fn(Space, &str) -> bool) -> impl Iterator<Item = (Space, &str, Place)> {
        let meant: Vec<bool> = self.names.iter().map(|(space, id)| is_meant(*space, id)).collect();
        let made = self.made.iter().filter(move |(number, _)| meant.get(*number) == Some(&true));
        made.filter_map(|(number, place)| self.names.get(*number).map(|(space, id)| (*space, id.as_str(), *place)))
    }

    /// Each name that something refers to, but for the references with these numbers.
    pub(super) fn names_but(&self, left_out: &[Range<usize>]) -> BTreeSet<(Space, String)> {
        let is_left_out = |n: usize| left_out.iter().any(|numbers| numbers.contains(&n));
        let counted = self.made.iter().enumerate().filter(|(n, _)| !is_left_out(*n)).map(|(_, (number, _))| *number);
        let mut is_named = vec![false; self.names.len()];
        for number in counted {
            is_named.get_mut(number).into_iter().for_each(|named| *named = true);
        }
        self.names.iter().zip(is_named).filter(|(_, named)| *named).map(|(name, _)| name.clone()).collect()
    }
}
