//! The answers to whoever locks something, or revokes all that somebody has.

use crate::access::ids::{GrantId, PersonId};
use crate::access::lock::Scope;
use crate::access::time::Timestamp;
use crate::slack::say::lock::{numbered, scope};
use crate::slack::say::names::{Names, counted};

pub(super) fn locked(what: &Scope, until: Option<Timestamp>, ending: usize, names: &Names) -> String {
    let until = until.map_or_else(|| "somebody lifts it".to_owned(), |until| names.zone.day(until));
    let ends = match ending {
        0 => "There was nothing to take back.".to_owned(),
        ending => format!("{}; I list in a message what is verified gone.", being_revoked(ending)),
    };
    format!("Locked {} until {until}. {ends}", scope(what, names))
}

fn being_revoked(number: usize) -> String {
    counted(number, "access is being revoked", "accesses are being revoked")
}

pub(super) fn revoking_all(person: &PersonId, ending: usize, others: &[GrantId], names: &Names) -> String {
    let left = match others {
        [] => String::new(),
        others => format!(" Not yours to end, and left as it is: {}.", numbered(others.iter().copied(), names)),
    };
    format!("{}: {}. I list in a message what is verified gone.{left}", names.person(person), being_revoked(ending))
}
