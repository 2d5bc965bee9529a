//! What is said about a request beside yes and no, drawn from the rows like everything else.

use super::{Story, asked, story_card};
use crate::access::ids::PersonId;
use crate::slack::block::Message;
use crate::slack::say::card::Mention;
use crate::slack::say::talk;
use crate::store::outbox::Audience;

/// A question, for whoever asked for the access.
pub(super) fn question(story: &Story, number: u32) -> Option<Message> {
    let question = story.request.talk.question(number)?;
    Some(story_card(story, &[], |facts| talk::question(facts, number, question)))
}

/// Its answer, for whoever asked it.
pub(super) fn answered(story: &Story, number: u32) -> Option<Message> {
    let question = story.request.talk.question(number)?;
    story_card(story, &[], |facts| talk::answered(facts, question))
}

/// The card of somebody to whom it was passed on.
pub(super) fn passed_on(story: &Story, audience: &Audience) -> Option<Message> {
    let Audience::Person(person) = audience else { return None };
    let passed = story.request.talk.passed_to(person)?;
    Some(story_card(story, &[], |facts| talk::passed_on_card(facts, passed)))
}

/// Whom the card in a channel calls: of a step whose people stand in a Slack user group that group, else each of those who are asked.
pub(super) fn mentions(story: &Story) -> Vec<Mention> {
    let group_of = |by: &str| by.strip_prefix("group/").and_then(|group| story.names.book.usergroups.get(group));
    let still = super::still(story);
    let mut mentions: Vec<Mention> =
        still.iter().filter_map(|needed| group_of(&needed.by)).map(|id| Mention::Usergroup(id.clone())).collect();
    mentions.dedup();
    let in_groups: Vec<&PersonId> =
        still.iter().filter(|needed| group_of(&needed.by).is_some()).flat_map(|needed| &needed.people).collect();
    let people = asked(story).into_iter().filter(|person| !in_groups.contains(&person));
    mentions.extend(people.map(Mention::Person));
    mentions
}
