//! Somebody is away until a moment, and who may take their seat meanwhile. Pure; whether the one whom they name may is judged
//! where seats are filled, each time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::ids::PersonId;
use super::refusal::Refusal;
use super::time::Timestamp;

/// How long somebody can be away at once. Whoever is away for longer says so again.
pub const AWAY_MAX: Duration = Duration::from_secs(60 * 24 * 3600);

/// Somebody said that they are away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// Who.
    pub person: PersonId,
    /// Since when.
    pub since: Timestamp,
    /// Until when, exclusive: at this moment they are back.
    pub until: Timestamp,
    /// Who may take their seats meanwhile, where they named somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<PersonId>,
}

impl Absence {
    /// Whether they are away at this moment.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.since <= at && at < self.until
    }
}

/// Says that somebody is away. What they said before is replaced.
///
/// # Errors
///
/// [`Refusal::AwayTooLong`] beyond [`AWAY_MAX`], [`Refusal::CannotStandIn`] for oneself, [`Refusal::NotUnderstood`] for a time that
/// is over.
pub fn declare(absence: Absence) -> Result<Event, Refusal> {
    if absence.until <= absence.since {
        let problem = "that time is over already".to_owned();
        return Err(Refusal::NotUnderstood { problem, example: "/jit away until mon @dave".to_owned() });
    }
    if absence.until.since(absence.since) > AWAY_MAX {
        return Err(Refusal::AwayTooLong { days: u32::try_from(AWAY_MAX.as_secs() / (24 * 3600)).unwrap_or(u32::MAX) });
    }
    if absence.stand_in.as_ref() == Some(&absence.person) {
        return Err(Refusal::CannotStandIn { person: absence.person });
    }
    Ok(Event::AwayDeclared { absence })
}

/// Ends an absence: its time is over, or they are back before.
///
/// # Errors
///
/// [`Refusal::NotAway`] where they are not away.
pub fn end(absence: Option<&Absence>, at: Timestamp) -> Result<Event, Refusal> {
    let absence = absence.ok_or(Refusal::NotAway)?;
    Ok(Event::AwayOver { person: absence.person.clone(), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absence(until: i64, stand_in: Option<&str>) -> Absence {
        let at = Timestamp::from_millis;
        Absence {
            person: "carol".parse().unwrap(),
            since: at(1000),
            until: at(until),
            stand_in: stand_in.map(|id| id.parse().unwrap()),
        }
    }

    #[test]
    fn it_is_dated_bounded_and_names_somebody_else() {
        const LONGEST: i64 = 60 * 24 * 3_600_000;
        assert!(declare(absence(1000, None)).is_err() && declare(absence(999, None)).is_err());
        assert!(declare(absence(1001, None)).is_ok() && declare(absence(1000 + LONGEST, Some("dave"))).is_ok());
        assert_eq!(declare(absence(1001 + LONGEST, None)), Err(Refusal::AwayTooLong { days: 60 }));
        let own = Refusal::CannotStandIn { person: "carol".parse().unwrap() };
        assert_eq!(declare(absence(2000, Some("carol"))), Err(own));
    }

    #[test]
    fn it_covers_its_first_moment_and_not_its_last() {
        let covers = |at: i64| absence(2000, None).covers(Timestamp::from_millis(at));
        assert!(!covers(999) && covers(1000) && covers(1999) && !covers(2000));
        assert_eq!(end(None, Timestamp::from_millis(0)), Err(Refusal::NotAway));
    }
}
