//! Reviews as rows.

use rusqlite::{Connection, Params, Row, named_params};

use super::{Fields, Save, json_of, millis, one_row};
use crate::access::ids::RequestId;
use crate::access::review::{Review, ReviewState};
use crate::store::error::StoreError;

/// The review of this request.
pub(in crate::store) fn load(conn: &Connection, request: RequestId) -> Result<Option<Review>, StoreError> {
    Ok(load_all(conn, "SELECT * FROM reviews WHERE request = ?1", [request.number()])?.pop())
}

/// Every review that a statement over `reviews.*` yields.
pub(in crate::store) fn load_all(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Review>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

fn read(row: &Row<'_>) -> Result<Review, StoreError> {
    let request = RequestId::from_number(row.get("request")?);
    let f = Fields { row, what: format!("the review of {request}") };
    Ok(Review {
        request,
        version: f.count("version")?,
        subject: f.parsed("subject")?,
        filed_by: f.parsed("filed_by")?,
        by: f.json("reviewers")?,
        opened_at: f.time("opened_at")?,
        due_at: f.time("close_by")?,
        alarms: f.get("alarms")?,
        state: match f.get::<String>("state")?.as_str() {
            "open" => ReviewState::Open,
            "closed" => ReviewState::Closed {
                at: f.time("closed_at")?,
                by: f.parsed("closed_by")?,
                finding: f.named("finding")?,
                note: f.words("note")?,
            },
            other => return Err(f.unreadable(format!("`{other}` is no state"))),
        },
    })
}

const INSERT: &str = "INSERT INTO reviews
    (request, version, audit_seq, due_at, subject, filed_by, reviewers, opened_at, close_by, alarms, state, closed_at, closed_by,
     finding, note)
    VALUES
    (:request, :version, :audit_seq, :due_at, :subject, :filed_by, :reviewers, :opened_at, :close_by, :alarms, :state, :closed_at,
     :closed_by, :finding, :note)";

const REPLACE: &str = "UPDATE reviews SET
    version = :version, audit_seq = :audit_seq, due_at = :due_at, subject = :subject, filed_by = :filed_by,
    reviewers = :reviewers, opened_at = :opened_at, close_by = :close_by, alarms = :alarms, state = :state,
    closed_at = :closed_at, closed_by = :closed_by, finding = :finding, note = :note
    WHERE request = :request AND version = :version - 1";

/// Saves a review together with the number of the audit line that says why.
pub(in crate::store) fn save(conn: &Connection, how: Save, review: &Review, audit_seq: u64) -> Result<(), StoreError> {
    let (closed_at, closed_by, finding, note) = match &review.state {
        ReviewState::Open => (None, None, None, None),
        ReviewState::Closed { at, by, finding, note } => {
            (Some(at.as_millis()), Some(by.as_str()), Some(finding.name()), Some(note.as_typed()))
        }
    };
    let mut statement = conn.prepare_cached(match how {
        Save::Insert => INSERT,
        Save::Replace => REPLACE,
    })?;
    let changed = statement.execute(named_params! {
        ":request": review.request.number(),
        ":version": review.version,
        ":audit_seq": audit_seq,
        ":due_at": millis(review.alarm_at()),
        ":subject": review.subject.as_str(),
        ":filed_by": review.filed_by.as_str(),
        ":reviewers": json_of(&review.by)?,
        ":opened_at": review.opened_at.as_millis(),
        ":close_by": review.due_at.as_millis(),
        ":alarms": review.alarms,
        ":state": review.state.name(),
        ":closed_at": closed_at,
        ":closed_by": closed_by,
        ":finding": finding,
        ":note": note,
    })?;
    one_row(changed, format!("the review of {}", review.request))
}
