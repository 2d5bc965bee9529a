//! Whether a rule's `who:` means somebody. Three answers: a source that did not answer is neither yes nor no.

use super::facts::{Outside, Reading};
use super::file::Who;
use super::known::Somebody;
use super::set::PolicySet;
use crate::access::ids::PersonId;

/// Whether a `who:` means somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fits {
    Yes,
    No,
    /// It depends on a source that did not answer.
    Unreadable(String),
}

/// A person at the moment in question.
#[derive(Clone, Copy)]
pub(super) struct Whose<'a> {
    pub(super) id: &'a PersonId,
    pub(super) somebody: Option<&'a Somebody>,
    pub(super) contract_ended: bool,
}

impl<'a> Whose<'a> {
    pub(super) fn new(set: &'a PolicySet, id: &'a PersonId, contract_ended: bool) -> Whose<'a> {
        Whose { id, somebody: set.known(id), contract_ended }
    }
}

/// Whether every condition that `who` gives holds. A condition that surely fails outweighs one that cannot be read.
pub(super) fn fits(set: &PolicySet, who: &Who, whose: Whose<'_>, outside: &Outside) -> Fits {
    let Some(person) = whose.somebody else { return Fits::No };
    let certain = who.person.as_ref().is_none_or(|id| id.value == *whose.id)
        && who.kind.is_none_or(|kind| kind == person.kind)
        && who.company.as_ref().is_none_or(|company| person.company.as_ref() == Some(company))
        && (!who.contract_ended || whose.contract_ended);
    let Some(group) = who.group.as_ref().filter(|_| certain) else {
        return if certain { Fits::Yes } else { Fits::No };
    };
    let is_member = match outside.groups.get(&group.value) {
        Some(Reading::Unreadable { source }) => return Fits::Unreadable(source.clone()),
        Some(Reading::Members(members)) => members.contains(whose.id),
        None if person.groups.contains(&group.value) => true,
        None => match set.source_of(&group.value) {
            Some(source) => return Fits::Unreadable(source),
            None => false,
        },
    };
    if is_member { Fits::Yes } else { Fits::No }
}
