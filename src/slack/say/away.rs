//! What is said about being away: to whoever is, and to whoever stands in for them.

use super::names::{Names, listed};
use crate::access::absence::Absence;
use crate::access::ids::PersonId;
use crate::access::time::Timestamp;
use crate::slack::block::{Message, section};
use crate::slack::text::Markup;

/// The answer to whoever said that they are away.
pub(super) fn is_away(until: Timestamp, stand_in: Option<&PersonId>, names: &Names) -> String {
    let until = names.zone.day(until);
    match stand_in {
        Some(other) => format!(
            "You are away until {until}. {} can decide in your place until then, and is told; both names are recorded. /jit back ends it.",
            names.person(other)
        ),
        None => format!(
            "You are away until {until}. I don't call you as long as others can decide, and nobody decides in your place. /jit back ends it."
        ),
    }
}

/// The answer to whoever is back.
pub(super) fn is_back() -> String {
    "Welcome back. You are called again, and nobody decides in your place any more.".to_owned()
}

/// Whether somebody is away, and for whom they stand in.
pub fn shown(own: Option<&Absence>, stood_for: &[&Absence], names: &Names) -> Message {
    let own = match own {
        Some(Absence { until, stand_in: Some(other), .. }) => {
            let (until, other) = (names.zone.day(*until), names.person(other));
            format!("You are away until {until}, and {other} can decide in your place. /jit back ends it.")
        }
        Some(Absence { until, stand_in: None, .. }) => {
            format!("You are away until {}. Nobody decides in your place. /jit back ends it.", names.zone.day(*until))
        }
        None => "You are not away. /jit away until mon @dave says that you are, and who decides in your place.".to_owned(),
    };
    let others: Vec<String> = stood_for
        .iter()
        .map(|absence| format!("{} until {}", names.person(&absence.person), names.zone.day(absence.until)))
        .collect();
    let others = if others.is_empty() { String::new() } else { format!(" You stand in for {}.", listed(&others, "and")) };
    Message::sentence(&format!("{own}{others}"))
}

/// For whoever stands in for somebody: until when, or that it is over.
pub fn stands_in(person: &PersonId, until: Option<Timestamp>, names: &Names) -> Message {
    let who = names.person(person);
    let (told, shown) = match until {
        Some(until) => (
            format!("You stand in for {who} until {}", names.zone.day(until)),
            Markup::new()
                .bold(who)
                .lit(" is away until ")
                .day(until, &names.zone)
                .lit(" and named you: until then you can decide where they could. Both names are recorded. ")
                .command("/jit pending")
                .lit(" shows what waits for you."),
        ),
        None => {
            (format!("You stand in for {who} no longer"), Markup::new().lit("You stand in for ").bold(who).lit(" no longer."))
        }
    };
    Message::new(&told, vec![section(&shown)])
}
