//! Erasing what somebody typed: beside the log, in the facts that requests were judged by, and in answers that are kept for repeats.
//!
//! The rows of requests and reviews change as always, by events that the log explains. `secure_delete` overwrites what is freed, and
//! after the commit the write-ahead log is emptied, in which older pages would stand.

use super::error::StoreError;
use super::log::SECRET_PATH;
use super::reader::Reader;
use super::tx::Tx;
use crate::access::event::Actor;
use crate::access::ids::{PersonId, RequestId};
use crate::audit::leaf::actor_text;

impl Reader<'_> {
    /// Requests in which words of this person stand: that they filed, agreed to, denied, asked about or answered for.
    pub fn requests_with_words_of(&self, person: &PersonId) -> Result<Vec<RequestId>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT id FROM requests WHERE (filed_by = ?1 AND reason <> '')
                       OR (decided_by = ?1 AND decided_words <> '')
                       OR EXISTS (SELECT 1 FROM json_each(approvals) AS given WHERE json_extract(given.value, '$.by') = ?1
                                  AND json_extract(given.value, '$.note.words') <> '')
                       OR EXISTS (SELECT 1 FROM json_each(talk, '$.questions') AS asked
                                  WHERE (json_extract(asked.value, '$.by') = ?1 AND json_extract(asked.value, '$.question.words') <> '')
                                  OR (json_extract(asked.value, '$.answer.by') = ?1 AND json_extract(asked.value, '$.answer.answer.words') <> ''))
                       ORDER BY id";
            let mut statement = conn.prepare_cached(sql)?;
            let ids = statement.query_map([person.as_str()], |row| row.get(0))?;
            Ok(ids.map(|id| Ok(RequestId::from_number(id?))).collect::<Result<_, rusqlite::Error>>()?)
        })
    }

    /// Reviews that this person closed with a note.
    pub fn reviews_with_words_of(&self, person: &PersonId) -> Result<Vec<RequestId>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT request FROM reviews WHERE closed_by = ?1 AND note <> '' ORDER BY request";
            let mut statement = conn.prepare_cached(sql)?;
            let ids = statement.query_map([person.as_str()], |row| row.get(0))?;
            Ok(ids.map(|id| Ok(RequestId::from_number(id?))).collect::<Result<_, rusqlite::Error>>()?)
        })
    }
}

impl Tx<'_> {
    /// Erases every text beside the log that this person typed, wherever they did. The log still verifies. Returns how many.
    pub fn erase_typed_by(&mut self, person: &PersonId) -> Result<usize, StoreError> {
        self.run(|conn| {
            let mut erased = 0;
            for actor in [Actor::Person(person.clone()), Actor::Host(person.clone())] {
                // What is sealed for the person of a grant was typed by nobody; it goes with the access.
                let sql = "UPDATE words SET text = NULL WHERE text IS NOT NULL AND path <> ?2
                           AND seq IN (SELECT seq FROM audit WHERE actor = ?1)";
                erased += conn.prepare_cached(sql)?.execute([&actor_text(&actor), SECRET_PATH])?;
            }
            Ok(erased)
        })
    }

    /// Erases the reason from the facts by which requests of this person were judged.
    pub fn erase_facts_of(&mut self, person: &PersonId) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "UPDATE request_facts SET facts = json_set(facts, '$.reason', json('{\"words\":\"\"}'))
                       WHERE request IN (SELECT id FROM requests WHERE filed_by = ?1)";
            conn.prepare_cached(sql)?.execute([person.as_str()])?;
            Ok(())
        })
    }

    /// Replaces the answers that are kept for what comes in twice: whose words they repeat is not known. `instead` is JSON.
    pub fn erase_answers(&mut self, instead: &str) -> Result<(), StoreError> {
        self.run(|conn| {
            conn.prepare_cached("UPDATE inbox SET answer = ?1 WHERE answer IS NOT NULL")?.execute([instead])?;
            Ok(())
        })
    }
}
