//! Who is away, as rows.

use rusqlite::Connection;

use super::Fields;
use crate::access::absence::Absence;
use crate::access::ids::PersonId;
use crate::store::error::StoreError;

/// Every absence that nobody has ended, in the order of the people's ids.
pub(in crate::store) fn load_all(conn: &Connection) -> Result<Vec<Absence>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT * FROM absences ORDER BY person")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let f = Fields { row, what: "an absence".to_owned() };
        found.push(Absence {
            person: f.parsed("person")?,
            since: f.time("since")?,
            until: f.time("until")?,
            stand_in: f.parsed_maybe("stand_in")?,
        });
    }
    Ok(found)
}

/// Saves one in the place of what the person said before.
pub(in crate::store) fn save(conn: &Connection, absence: &Absence) -> Result<(), StoreError> {
    let sql = "INSERT INTO absences (person, since, until, stand_in) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (person) DO UPDATE SET since = excluded.since, until = excluded.until, stand_in = excluded.stand_in";
    let (since, until) = (absence.since.as_millis(), absence.until.as_millis());
    let stand_in = absence.stand_in.as_ref().map(PersonId::as_str);
    conn.prepare_cached(sql)?.execute((absence.person.as_str(), since, until, stand_in))?;
    Ok(())
}

/// The person is back.
pub(in crate::store) fn remove(conn: &Connection, person: &PersonId) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM absences WHERE person = ?1")?.execute([person.as_str()])?;
    Ok(())
}
