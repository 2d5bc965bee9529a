//! Whether a rule's `who:` means somebody. Three answers: a source that did not answer is neither yes nor no.

use super::facts::{Outside, Reading};
use super::file::Who;
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
    pub(super) contract_ended: bool,
}

/// Whether every condition that `who` gives holds. A condition that surely fails outweighs one that cannot be read.
pub(super) fn fits(set: &PolicySet, who: &Who, whose: Whose<'_>, outside: &Outside) -> Fits {
    let Some(person) = set.person(whose.id) else { return Fits::No };
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
        None => match set.source_of(&group.value) {
            Some(source) => return Fits::Unreadable(source),
            None => set.members(&group.value).is_some_and(|members| members.contains(whose.id)),
        },
    };
    if is_member { Fits::Yes } else { Fits::No }
}
