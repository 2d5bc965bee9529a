//! What ends early because of who somebody is, told to whoever answers for them: one message for all of it.

use super::super::causes;
use super::super::names::Names;
use crate::access::grant::{Grant, GrantState};
use crate::access::ids::{PersonId, RequestId};
use crate::access::time::Timestamp;
use crate::slack::block::{Message, section};
use crate::slack::text::Markup;

/// How many grants and requests are named in one message.
const NAMED_MAX: usize = 15;

/// Why access ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The person's contract is over.
    ContractOver,
    /// Their contract ends then, which is earlier than their access would have.
    ContractUntil(Timestamp),
    /// Their accounts in Slack were deactivated.
    Deactivated,
}

/// What the message is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct CutShort<'a> {
    /// Whose access it is.
    pub person: &'a PersonId,
    /// Why it ends early.
    pub because: Because,
    /// What it is, as it stands now.
    pub grants: &'a [Grant],
    /// Requests that were closed undecided.
    pub requests: &'a [RequestId],
    /// Names.
    pub names: &'a Names,
}

/// What ends early, for whoever answers for the person.
pub fn cut_short(facts: &CutShort<'_>) -> Message {
    let names = facts.names;
    let who = names.person_in_full(facts.person);
    let (line, told) = match facts.because {
        Because::ContractOver => {
            (Markup::new().lit("The contract of ").bold(&who).lit(" is over."), format!("The contract of {who} is over"))
        }
        Because::ContractUntil(end) => (
            Markup::new().lit("The contract of ").bold(&who).lit(" ends ").day(end, &names.zone).lit(", and access with it."),
            format!("The contract of {who} ends {}", names.zone.day(end)),
        ),
        Because::Deactivated => (
            Markup::new().lit("The Slack account of ").bold(&who).lit(" was deactivated."),
            format!("The Slack account of {who} was deactivated"),
        ),
    };
    let mut lines = vec![line];
    lines.extend(facts.grants.iter().map(|grant| stands(grant, names)));
    lines.extend(facts.requests.iter().map(|request| {
        Markup::new().lit("• ").bold(&names.request(*request)).lit(" is closed; nobody has to decide it any more.")
    }));
    let more = lines.len().saturating_sub(NAMED_MAX + 1);
    lines.truncate(NAMED_MAX + 1);
    if more > 0 {
        lines.push(Markup::new().lit("• and ").text(&more.to_string()).lit(" more; “daypass grants list” shows all of them."));
    }
    let count = facts.grants.len();
    let told = if count > 0 { format!("{told}: {} changed", super::counted(count, "access", "accesses")) } else { told };
    Message::new(&told, vec![section(&Markup::new().joined(lines, "\n"))])
}

/// Where one grant stands now.
fn stands(grant: &Grant, names: &Names) -> Markup {
    let line = Markup::new().lit("• ").bold(&names.grant(grant.id));
    match &grant.state {
        GrantState::Active { ends_at, .. } => line.lit(" now ends ").day(*ends_at, &names.zone).lit("."),
        GrantState::Planned | GrantState::Checking { .. } | GrantState::Provisioning { .. } | GrantState::AwaitingUser { .. } => {
            line.lit(" is being given, until ").day(grant.latest_end, &names.zone).lit(" at the latest.")
        }
        GrantState::Revoking(_) => line.lit(" is being ended; if that takes long, there will be an alarm."),
        GrantState::Void { .. } => line.lit(" is not given."),
        GrantState::Failed { .. } => line.lit(" was not given."),
        GrantState::Ended(ended) => {
            line.lit(" is over since ").day(ended.at, &names.zone).lit("; ").text(&causes::proof(&ended.proof, names)).lit(".")
        }
    }
}
