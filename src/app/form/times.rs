//! The fields of the form that say when: from when, how long, until when.

use std::collections::BTreeMap;

use super::Filled;
use crate::access::time::Ttl;
use crate::app::App;
use crate::app::when::{When, in_time};
use crate::slack::command::{Length, read_length, read_start};
use crate::slack::say::field;
use crate::slack::zone::Zone;

impl App {
    /// The start that is typed so far, as far as it is one.
    pub(super) fn start_of(&self, filled: &Filled, zone: &Zone) -> When {
        let start = read_start(&filled.from).and_then(|from| in_time(Some(from), None, (self.now().at, zone)).ok());
        start.map(|(_, when)| when).unwrap_or_default()
    }

    /// The times of a form; what is wrong with them is added by field.
    pub(super) fn times_of(
        &self,
        filled: &Filled,
        zone: &Zone,
        problems: &mut BTreeMap<&'static str, String>,
    ) -> (Option<Ttl>, When) {
        let at = (self.now().at, zone);
        let is_typed = |text: &str| !text.trim().is_empty();
        let from = is_typed(&filled.from).then(|| read_start(&filled.from));
        if from == Some(None) {
            problems.insert(field::FROM, "Write a time of day, such as 23:00 or fri 22:00; or leave it empty.".to_owned());
        }
        let from = from.flatten();
        let typed = is_typed(&filled.until).then(|| read_length(&filled.until));
        let length = match typed {
            Some(Err(problem)) => {
                problems.insert(field::UNTIL, problem.to_string());
                None
            }
            Some(Ok(length)) => Some(length),
            None => filled.length.map(Length::For),
        };
        match in_time(from, length, at) {
            Ok(times) => times,
            Err(_) => {
                let begins = from.is_none_or(|from| from.after(at.0, zone).is_some());
                problems.insert(if begins { field::UNTIL } else { field::FROM }, "That time is over already.".to_owned());
                (None, When::default())
            }
        }
    }
}
