//! What may happen to a secret that the host keeps for its person: a link is given out, and by it the secret is shown, once.

use super::super::event::Event;
use super::super::grant::{Grant, GrantState};
use super::super::refusal::Refusal;
use super::super::secret::{Again, Leads, Link, LinkHash, Reveal};
use super::super::time::{Now, Ttl};
use super::Undecided;

/// How long a link leads to a secret, in minutes.
pub const LINK_MINUTES: i64 = 5;

/// What can be done about a secret.
#[derive(Debug, Clone, Copy)]
pub enum SecretCommand {
    /// Its person wants to see it: from now on this link leads to it, and no other.
    Link(LinkHash),
    /// Whoever has this link wants to see it.
    Show(LinkHash),
}

/// What follows from a command about the secret of a grant. A link that leads nowhere changes nothing.
///
/// # Errors
///
/// The refusal that the person is told who wants a link.
pub fn decide_secret(grant: &Grant, command: SecretCommand, now: Now) -> Result<Vec<Event>, Undecided> {
    match command {
        SecretCommand::Link(hash) => Ok(vec![link(grant, hash, now)?]),
        SecretCommand::Show(hash) => Ok(show(grant, &hash, now)),
    }
}

fn link(grant: &Grant, hash: LinkHash, now: Now) -> Result<Event, Refusal> {
    let id = grant.id;
    let ends_at = match &grant.state {
        GrantState::Active { ends_at, .. } => *ends_at,
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Revoking(_)
        | GrantState::Void { .. }
        | GrantState::Failed { .. }
        | GrantState::Ended(_) => return Err(Refusal::NoSecret { grant: id }),
    };
    match &grant.reveal {
        None => Err(Refusal::NoSecret { grant: id }),
        Some(Reveal::Shown { at, .. }) => Err(Refusal::SecretShown { grant: id, at: *at }),
        Some(Reveal::Waiting { .. }) => {
            let minutes = Ttl::from_minutes(LINK_MINUTES).unwrap_or(Ttl::MIN);
            Ok(Event::SecretLinked { grant: id, link: Link { hash, until: now.at.plus(minutes).min(ends_at) } })
        }
    }
}

fn show(grant: &Grant, hash: &LinkHash, now: Now) -> Vec<Event> {
    let id = grant.id;
    match (grant.leads(hash, now.at), &grant.reveal) {
        (Leads::ToSecret, _) => vec![Event::SecretShown { grant: id, at: now.at, by: *hash }],
        (Leads::ToNews(_), Some(Reveal::Shown { again: Again::No, .. })) => {
            vec![Event::SecretAskedAgain { grant: id, at: now.at }]
        }
        (Leads::ToNews(_) | Leads::Nowhere, _) => Vec::new(),
    }
}
