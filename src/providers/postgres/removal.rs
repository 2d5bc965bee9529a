//! Taking an own login away: first nobody gets in, then nobody is in, then what it owns, then the role itself.
//!
//! Each step is committed before the next, so that a failure leaves less access and never more. Objects are moved only where the
//! grant said so; else the role stays behind without login, which observing shows.

use tokio_postgres::types::Type;

use crate::access::entitlement::Description;
use crate::providers::deadline::{InDoubt, after_a_change};
use crate::providers::{Call, Ensured, ProviderError};

use super::error::{DEPENDENT_OBJECTS, UNDEFINED_OBJECT};
use super::login::{is_own, locked_role};
use super::quote::quote_ident;
use super::roles::{Role, memberships};
use super::session::{Address, Session, get};
use super::sessions;
use super::shape::{LoginData, OwnedObjects};

/// How many databases are visited in one call. More are left for the next one, which the caller makes anyway.
const DATABASES_MAX: usize = 50;

/// Takes the role of a grant away, or as much of it as can be.
pub async fn ensure_absent(
    address: &Address,
    session: &mut Session<'_>,
    call: &Call,
    doubt: &InDoubt,
    what: &Description,
    data: &LoginData,
) -> Result<Ensured, ProviderError> {
    is_own(what)?;
    let Some((role, was_cut)) = cut(session, doubt, what).await? else {
        return Ok(Ensured::AlreadySo);
    };
    // From here on less is there than before, whatever comes; silence means that more may be gone.
    doubt.begins();
    sessions::end(session, role.oid).await.map_err(after_a_change)?;
    let places = places(session, role.oid).await.map_err(after_a_change)?;
    let owns = places.iter().any(|place| place.owns);
    let done = if owns && data.owned_objects == OwnedObjects::Keep {
        Gone::Not
    } else {
        for place in places.iter().take(DATABASES_MAX) {
            clear(address, call, what, data, place).await.map_err(after_a_change)?;
        }
        drop_role(session, doubt, what).await.map_err(after_a_change)?
    };
    doubt.settled();
    Ok(match (done, was_cut) {
        (Gone::Now, _) | (Gone::Not, WasCut::No) => Ensured::Made,
        (Gone::Not, WasCut::Already) => Ensured::AlreadySo,
    })
}

/// Whether the role was without login before we came.
#[derive(Clone, Copy)]
enum WasCut {
    Already,
    No,
}

/// Whether the role itself is gone.
#[derive(Clone, Copy)]
enum Gone {
    Now,
    Not,
}

/// A database in which the role has something.
struct Place {
    /// `None` for what belongs to the cluster.
    database: Option<String>,
    /// Whether it owns something there, rather than only having rights on something.
    owns: bool,
}

/// Nobody gets in any more. `None` if there is no such role.
async fn cut(session: &mut Session<'_>, doubt: &InDoubt, what: &Description) -> Result<Option<(Role, WasCut)>, ProviderError> {
    let (locked, role) = locked_role(session, what).await?;
    let Some(role) = role else {
        return Ok(None);
    };
    if !role.can_login && role.connection_limit == 0 {
        return Ok(Some((role, WasCut::Already)));
    }
    locked.run(&format!("ALTER ROLE {} NOLOGIN CONNECTION LIMIT 0", quote_ident(&what.thing)?)).await?;
    locked.commit(doubt).await?;
    Ok(Some((role, WasCut::No)))
}

/// Where the role has something. The catalogue of the cluster knows, so that not every database must be searched.
async fn places(session: &Session<'_>, oid: u32) -> Result<Vec<Place>, ProviderError> {
    let sql = "SELECT b.datname::text, bool_or(d.deptype = 'o') FROM pg_shdepend d LEFT JOIN pg_database b ON b.oid = d.dbid \
                WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = $1 AND d.classid <> 'pg_auth_members'::regclass \
                GROUP BY 1 ORDER BY 1";
    let rows = session.query(sql, &[(&oid, Type::OID)]).await?;
    rows.iter().map(|row| Ok(Place { database: get(row, 0)?, owns: get(row, 1)? })).collect()
}

/// Moves what the role owns in one database to its group and takes the role's rights there away. Rights that somebody else
/// granted on what is theirs are not ours to take: the server leaves them, and the role stays behind.
async fn clear(address: &Address, call: &Call, what: &Description, data: &LoginData, place: &Place) -> Result<(), ProviderError> {
    let mut session = match &place.database {
        Some(database) => address.connect_to(call, database).await?,
        None => address.connect(call).await?,
    };
    let server = session.server.clone();
    let has_options = session.has_options();
    let (locked, role) = locked_role(&mut session, what).await?;
    if role.is_none() {
        return Ok(());
    }
    let (name, group) = (quote_ident(&what.thing)?, quote_ident(&data.group)?);
    // Owning on behalf of others needs a membership of ours in both, for the length of this transaction. Before version 16
    // there is one row for all grantors, so one that is there already must neither be made nor taken.
    let mine = memberships(&locked, &server, &server.my_name).await?;
    let mut borrowed = vec![(what.thing.as_str(), name.clone())];
    if place.owns {
        borrowed.push((data.group.as_str(), group.clone()));
    }
    borrowed.retain(|(plain, _)| has_options || !mine.iter().any(|row| row.group == *plain));
    let (with, by) =
        if has_options { (" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER", " GRANTED BY CURRENT_USER") } else { ("", "") };
    let mut sql = String::new();
    for (_, role) in &borrowed {
        sql.push_str(&format!("GRANT {role} TO CURRENT_USER{with}; "));
    }
    if place.owns {
        sql.push_str(&format!("REASSIGN OWNED BY {name} TO {group}; "));
    }
    sql.push_str(&format!("DROP OWNED BY {name}; "));
    for (_, role) in &borrowed {
        sql.push_str(&format!("REVOKE {role} FROM CURRENT_USER{by}; "));
    }
    locked.run(&sql).await?;
    locked.commit(&InDoubt::default()).await
}

/// Drops the role. One that something still depends on stays; one that somebody else dropped is gone just as well.
async fn drop_role(session: &mut Session<'_>, doubt: &InDoubt, what: &Description) -> Result<Gone, ProviderError> {
    let (locked, role) = locked_role(session, what).await?;
    if role.is_none() {
        return Ok(Gone::Now);
    }
    match locked.run(&format!("DROP ROLE {}", quote_ident(&what.thing)?)).await {
        Ok(()) => {}
        Err(error) if error.trouble.code == UNDEFINED_OBJECT => return Ok(Gone::Now),
        Err(error) if error.trouble.code == DEPENDENT_OBJECTS => return Ok(Gone::Not),
        Err(error) => return Err(error),
    }
    locked.commit(doubt).await?;
    Ok(Gone::Now)
}
