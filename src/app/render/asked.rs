//! Who is asked while a request is pending, for the messages about it.

use std::collections::BTreeSet;

use crate::access::ids::PersonId;
use crate::app::away::called;
use crate::app::lists::needed;
use crate::slack::say::card::Needed;

use super::Story;

/// What is missing of a request that is pending.
pub(super) fn still(story: &Story) -> Vec<Needed> {
    match &story.loaded {
        Some(loaded) if story.request.state.is_pending() => needed(&loaded.set, &story.request, &story.away),
        Some(_) | None => Vec::new(),
    }
}

/// Whom to call: those who could fill a place that is still empty, and are needed for it.
pub(super) fn asked(story: &Story) -> Vec<PersonId> {
    let people: BTreeSet<PersonId> = still(story).into_iter().flat_map(|needed| needed.people).collect();
    match &story.loaded {
        Some(loaded) => called(&loaded.set, &story.request, people, &story.away),
        None => people.into_iter().collect(),
    }
}
