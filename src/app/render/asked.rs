//! Who is asked while a request is pending, for the messages about it, and what reminds them.

use std::collections::BTreeSet;

use crate::access::ids::PersonId;
use crate::access::time::Timestamp;
use crate::app::away::called;
use crate::app::lists::needed;
use crate::slack::block::Message;
use crate::slack::say::card::Needed;
use crate::slack::say::remind;
use crate::store::outbox::Audience;

use super::{Drawn, Story};

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

/// What has been decided meanwhile is no reminder, unless it takes the place of one.
pub(super) fn draw_reminder(story: &Story, audience: &Audience, at: Timestamp, drawn: Drawn) -> Option<Message> {
    let request = &story.request;
    let has_answered = match audience {
        Audience::Person(person) => request.approvals.iter().any(|given| given.by == *person),
        Audience::Channel(_) => false,
    };
    if request.state.is_pending() && !has_answered {
        return Some(remind::reminder(request, &still(story), at, &story.names));
    }
    (drawn == Drawn::Again).then(|| remind::was_reminded(request, &story.grants, at, &story.names))
}
