//! Questions about what people said of the access that they had.

use super::error::StoreError;
use super::reader::Reader;
use super::rows::request;
use crate::access::ids::PersonId;
use crate::access::request::Request;
use crate::access::time::Timestamp;

impl Reader<'_> {
    /// When this person was asked last how much an access of theirs was.
    pub fn feedback_asked_at(&self, person: &PersonId) -> Result<Option<Timestamp>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT MAX(json_extract(talk, '$.feedback.asked_at')) FROM requests
                       WHERE subject = ?1 AND json_extract(talk, '$.feedback') IS NOT NULL";
            let at: Option<i64> = conn.prepare_cached(sql)?.query_row([person.as_str()], |row| row.get(0))?;
            Ok(at.map(Timestamp::from_millis))
        })
    }

    /// The requests of which that was said from then on and before that, in the order of their numbers.
    pub fn feedback_between(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Request>, StoreError> {
        let sql = "SELECT * FROM requests INDEXED BY requests_feedback WHERE json_extract(talk, '$.feedback') IS NOT NULL
                   AND json_extract(talk, '$.feedback.answer.at') >= ?1 AND json_extract(talk, '$.feedback.answer.at') < ?2 ORDER BY id";
        self.run(|conn| request::load_all(conn, sql, (from.as_millis(), until.as_millis())))
    }
}
