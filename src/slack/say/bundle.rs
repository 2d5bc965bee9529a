//! Where a bundle stands, in one sentence or two: what all of it comes to, and the parts that stand elsewhere than the rest.

use super::causes::{end_cause, fail_cause, proof, void_cause};
use super::names::{Names, counted, listed};
use super::status::{Headline, approved};
use crate::access::grant::{EndCause, Ended, Grant, GrantState, Proof, VoidCause};
use crate::access::request::Request;
use crate::access::time::Timestamp;
use crate::slack::block::{Message, section};
use crate::slack::text::Markup;

/// A headline as it grows.
struct Line<'a> {
    names: &'a Names,
    headline: Headline,
}

impl Line<'_> {
    fn said(mut self, text: &str) -> Self {
        self.headline.shown = self.headline.shown.text(text);
        self.headline.told.push_str(text);
        self
    }

    fn strong(mut self, text: &str) -> Self {
        self.headline.shown = self.headline.shown.bold(text);
        self.headline.told.push_str(text);
        self
    }

    fn time(mut self, at: Timestamp) -> Self {
        self.headline.shown = self.headline.shown.day(at, &self.names.zone);
        self.headline.told.push_str(&self.names.zone.day(at));
        self
    }
}

/// Where an approved bundle stands. `grants` are all of its grants; there is at least one.
pub(super) fn headline(request: &Request, grants: &[Grant], names: &Names) -> Headline {
    let line = Line { names, headline: Headline { shown: Markup::new(), told: String::new() } };
    let line = line.strong(names.resource(&request.terms.resource));
    let whole = Whole { request, grants, names };
    let line = if whole.was_complete() {
        whole.after(line)
    } else if grants.iter().all(|grant| is_coming(grant) || grant.came_in_force() && !is_leaving(grant) && !has_ended(grant)) {
        whole.before(line)
    } else {
        whole.not_granted(line)
    };
    line.headline
}

/// What is left of the message that a bundle is in force, once nothing of it is.
pub(super) fn was_in_force(request: &Request, grants: &[Grant], names: &Names) -> Message {
    let what = names.request(request.id);
    if !grants.iter().all(Grant::gives_no_more) {
        let line = Markup::new().bold(&what).lit(" is being ended; I'll say when the providers show that all of it is over.");
        return Message::new(&format!("{what} is being ended"), vec![section(&line)]).about(request.id);
    }
    let ended = || grants.iter().filter_map(end_of);
    let line = Markup::new().bold(&what).lit(" was in force");
    let since = ended().filter_map(|ended| ended.active_at).max();
    let line = since.into_iter().fold(line, |line, at| line.lit(" from ").day(at, &names.zone));
    let until = ended().map(|ended| ended.at).max();
    let line = until.into_iter().fold(line, |line, at| line.lit(" until ").day(at, &names.zone));
    Message::new(&format!("{what} was in force"), vec![section(&line.lit("."))]).about(request.id)
}

fn end_of(grant: &Grant) -> Option<&Ended> {
    match &grant.state {
        GrantState::Ended(ended) => Some(ended),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. }
        | GrantState::Revoking(_)
        | GrantState::Void { .. }
        | GrantState::Failed { .. } => None,
    }
}

fn has_ended(grant: &Grant) -> bool {
    end_of(grant).is_some_and(|ended| ended.cause != EndCause::HeldBefore)
}

fn was_held(grant: &Grant) -> bool {
    end_of(grant).is_some_and(|ended| ended.cause == EndCause::HeldBefore)
}

fn is_leaving(grant: &Grant) -> bool {
    matches!(grant.state, GrantState::Revoking(_))
}

fn is_planned(grant: &Grant) -> bool {
    matches!(grant.state, GrantState::Planned)
}

fn is_coming(grant: &Grant) -> bool {
    match grant.state {
        GrantState::Planned | GrantState::Checking { .. } | GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. } => {
            true
        }
        GrantState::Active { .. }
        | GrantState::Revoking(_)
        | GrantState::Void { .. }
        | GrantState::Failed { .. }
        | GrantState::Ended(_) => false,
    }
}

/// Why a part is over or on its way out, and whether that is about this part more than about all of it.
fn cause_of(grant: &Grant, names: &Names) -> Option<(String, About)> {
    match &grant.state {
        GrantState::Failed { why, .. } => Some((fail_cause(why), About::Part)),
        GrantState::Void { why, .. } => Some((void_cause(why, names), About::All)),
        GrantState::Revoking(revoking) => Some((end_cause(&revoking.cause, names), about(&revoking.cause))),
        GrantState::Ended(ended) => Some((end_cause(&ended.cause, names), about(&ended.cause))),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. } => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Part,
    All,
}

fn about(cause: &EndCause) -> About {
    match cause {
        EndCause::StartMissed | EndCause::RemovedOutside | EndCause::LandedLate | EndCause::TimeOver | EndCause::HeldBefore => {
            About::Part
        }
        EndCause::HandedBack
        | EndCause::RevokedBy(_)
        | EndCause::Withdrawn(_)
        | EndCause::ContractEnded
        | EndCause::PersonDeactivated
        | EndCause::Drained
        | EndCause::Locked(..)
        | EndCause::PolicyForbids(_)
        | EndCause::SiblingFailed(_) => About::All,
    }
}

struct Whole<'a> {
    request: &'a Request,
    grants: &'a [Grant],
    names: &'a Names,
}

impl Whole<'_> {
    fn was_complete(&self) -> bool {
        self.grants.iter().all(Grant::came_in_force)
    }

    fn part(&self, grant: &Grant) -> String {
        let part = self.request.part_of(grant.id);
        self.names.thing(&part.resource, &part.role)
    }

    /// The parts of which this holds, as a list.
    fn parts(&self, which: fn(&Grant) -> bool) -> Option<String> {
        let parts: Vec<String> = self.grants.iter().filter(|grant| which(grant)).map(|grant| self.part(grant)).collect();
        (!parts.is_empty()).then(|| listed(&parts, "and"))
    }

    /// Nothing went wrong, and not all of it is there yet.
    fn before<'a>(&self, line: Line<'a>) -> Line<'a> {
        let line = line.said(&format!(": {}.", approved(self.request, self.names)));
        let mut line = match (self.parts(Grant::is_active), self.parts(is_coming)) {
            (Some(there), Some(coming)) => {
                line.said(&format!(" Set up so far: {there}. Still to come: {coming}. I'll say when all of it is in force."))
            }
            (None, _) | (_, None) => match self.request.start_at.filter(|_| self.grants.iter().all(is_planned)) {
                Some(at) => {
                    line.said(" It starts ").time(at).said(", after one more look at the rules; you have no access before.")
                }
                None => line.said(" It is being set up; you have no access by it yet."),
            },
        };
        for grant in self.grants.iter().filter(|grant| matches!(grant.state, GrantState::AwaitingUser { .. })) {
            line = line.said(&format!(" Accept the invitation to {} by ", self.part(grant))).time(grant.start_by).said(".");
        }
        line
    }

    /// All of it was in force once.
    fn after<'a>(&self, line: Line<'a>) -> Line<'a> {
        let ends = self.grants.iter().filter_map(Grant::ends_at);
        match ends.min() {
            Some(ends_at) => {
                let going_on = self
                    .parts(Grant::is_active)
                    .filter(|_| self.grants.iter().any(|grant| is_leaving(grant) || has_ended(grant)));
                let line = match going_on {
                    Some(parts) => line.said(&format!(": {parts} is yours until ")),
                    None => line.said(" is yours until "),
                };
                let line = line.time(ends_at).said(&format!(" ({}).", self.request.id));
                let line = self.held(self.leaving(line));
                self.over(line)
            }
            None if self.grants.iter().any(is_leaving) => {
                let line = match self.first_cause() {
                    Some((cause, _)) => line.said(&format!(" is being taken away, because {cause}. Please stop using it.")),
                    None => line.said(" is being taken away. Please stop using it."),
                };
                self.over(line)
            }
            None if self.grants.iter().all(was_held) => line.said(
                ": you held all of it before you asked, outside Daypass. It is left as it was, and will not end by itself.",
            ),
            None => self.all_over(line),
        }
    }

    fn all_over<'a>(&self, line: Line<'a>) -> Line<'a> {
        let ended: Vec<&Ended> = self.grants.iter().filter(|grant| has_ended(grant)).filter_map(end_of).collect();
        let last = ended.iter().map(|ended| ended.at).max();
        let line = last.into_iter().fold(line.said(" ended "), Line::time);
        let causes: Vec<String> = ended.iter().map(|ended| end_cause(&ended.cause, self.names)).collect();
        let same = causes.windows(2).all(|pair| pair.first() == pair.last());
        let read_back = ended.iter().all(|ended| ended.proof == Proof::ReadBack);
        let line = match causes.first() {
            Some(cause) if same && read_back => line.said(&format!(", because {cause}; each part verified at its provider.")),
            Some(_) | None => {
                let each = self.grants.iter().filter(|grant| has_ended(grant)).filter_map(|grant| {
                    let ended = end_of(grant)?;
                    let (cause, proof) = (end_cause(&ended.cause, self.names), proof(&ended.proof, self.names));
                    Some(format!("{}, because {cause}; {proof}", self.part(grant)))
                });
                line.said(&format!(". {}.", each.collect::<Vec<_>>().join(". ")))
            }
        };
        self.held(line)
    }

    /// Not all of it came in force, and so none of it stays.
    fn not_granted<'a>(&self, line: Line<'a>) -> Line<'a> {
        let line = match self.first_cause() {
            Some((cause, Some(part))) => {
                line.said(&format!(" was not granted, because of {part}: {}.", cause.trim_end_matches('.')))
            }
            Some((cause, None)) => line.said(&format!(" was not granted, because {}.", cause.trim_end_matches('.'))),
            None => line.said(" was not granted."),
        };
        let line = match self.parts(is_leaving) {
            Some(parts) => line.said(&format!(" What was set up is being taken back: {parts}. Please don't use it.")),
            None => self.rolled_back(line),
        };
        self.held(line)
    }

    /// What was set up of it is gone.
    fn rolled_back<'a>(&self, line: Line<'a>) -> Line<'a> {
        let gone: Vec<&Ended> = self.grants.iter().filter(|grant| has_ended(grant)).filter_map(end_of).collect();
        let read_back = gone.iter().all(|ended| ended.proof == Proof::ReadBack);
        let parts = counted(gone.len(), "part was", "parts were");
        match gone.len() {
            0 => line.said(" Nothing of it was set up."),
            _ if read_back => line.said(&format!(" {parts} rolled back, verified at the provider. You have no access by it.")),
            _ => self.over(line.said(&format!(" {parts} rolled back."))),
        }
    }

    fn leaving<'a>(&self, mut line: Line<'a>) -> Line<'a> {
        for grant in self.grants.iter().filter(|grant| is_leaving(grant)) {
            let Some((cause, _)) = cause_of(grant, self.names) else { continue };
            line = line.said(&format!(" {} is being taken away, because {cause}.", self.part(grant)));
        }
        line
    }

    fn over<'a>(&self, mut line: Line<'a>) -> Line<'a> {
        for grant in self.grants.iter().filter(|grant| has_ended(grant)) {
            let Some(ended) = end_of(grant) else { continue };
            let cause = end_cause(&ended.cause, self.names);
            let proof = proof(&ended.proof, self.names);
            line =
                line.said(&format!(" {} ended ", self.part(grant))).time(ended.at).said(&format!(", because {cause}; {proof}."));
        }
        line
    }

    fn held<'a>(&self, line: Line<'a>) -> Line<'a> {
        match self.parts(was_held) {
            Some(parts) => line.said(&format!(" {parts} you held before you asked; that is left as it was.")),
            None => line,
        }
    }

    /// What made it end, and the part that it is about, if it is about one.
    fn first_cause(&self) -> Option<(String, Option<String>)> {
        let over = || self.grants.iter().filter(|grant| !was_held(grant) && !grant.is_active() && !is_coming(grant));
        let first = over().find(|grant| !follows(grant)).or_else(|| over().next())?;
        let (cause, about) = cause_of(first, self.names)?;
        Some((cause, (about == About::Part).then(|| self.part(first))))
    }
}

/// Whether it ended because another part failed.
fn follows(grant: &Grant) -> bool {
    match &grant.state {
        GrantState::Revoking(revoking) => matches!(revoking.cause, EndCause::SiblingFailed(_)),
        GrantState::Ended(ended) => matches!(ended.cause, EndCause::SiblingFailed(_)),
        GrantState::Void { why, .. } => matches!(why, VoidCause::SiblingFailed(_)),
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. }
        | GrantState::Failed { .. } => false,
    }
}

#[cfg(test)]
mod tests;
