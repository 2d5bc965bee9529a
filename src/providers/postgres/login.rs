//! A login of its own for each grant: a role named after it, with a password only the person has and an end the server keeps.
//!
//! Its end is the server's `VALID UNTIL`, which stops new logins even when Daypass is dead. Taking it away is in `removal`.

use tokio_postgres::types::Type;

use crate::access::entitlement::{Class, Description, Level, Mark, Observation, Seen};
use crate::access::ids::GrantId;
use crate::access::time::Timestamp;
use crate::providers::deadline::InDoubt;
use crate::providers::{Call, Ensured, ProviderError, marks};

use super::quote::{quote_ident, quote_literal};
use super::roles::{self, Ask, Membership, Options, Role, grantable, memberships};
use super::session::{Locked, Session, get};
use super::sessions;
use super::shape::LoginData;

/// The level that a grant claims: logging in, with the group's rights.
const MEMBER: &str = "member";

/// The level that a grant claims.
pub fn level() -> Level {
    Level { name: MEMBER.to_owned(), rank: 1 }
}

/// `daypass_<installation>_g57`.
///
/// # Errors
/// When the installation id cannot be part of a name.
pub fn role_name(installation: &str, grant: GrantId) -> Result<String, ProviderError> {
    marks::remote_name(installation, grant).map(|name| name.replace('-', "_"))
}

/// The mark that a role name is, if it is one of ours or of another installation.
pub fn mark_in(role: &str) -> Option<String> {
    role.starts_with("daypass_").then(|| role.replace('_', "-"))
}

/// Looks at the role, what it may do, and what it still has open.
pub async fn observe(
    session: &Session<'_>,
    call: &Call,
    what: &Description,
    data: &LoginData,
) -> Result<Observation, ProviderError> {
    let fingerprint = session.server.fingerprint.clone();
    let Some(role) = roles::role(session, &what.thing).await? else {
        return Ok(Observation { fingerprint, seen: Seen::Absent, mark: Mark::Unmarked, at: call.at });
    };
    let until = role.until_ms.map(Timestamp::from_millis);
    let seen = if role.can_login {
        let held = memberships(session, &session.server, &what.thing).await?;
        Seen::Present { level: effective(&role, &held, data, session.has_options()), until }
    } else if sessions::count(session, role.oid).await? > 0 {
        // Without login, but whoever is in is still in.
        Seen::Present { level: Level { name: "open sessions".to_owned(), rank: 0 }, until }
    } else {
        Seen::Cut { remnant: remnant(session, &role).await? }
    };
    let mark = mark_in(&what.thing).map_or(Mark::Unmarked, |mark| marks::mark_of(&mark, &what.remote_name));
    Ok(Observation { fingerprint, seen, mark, at: call.at })
}

/// Makes the role be there, as described, until `until`.
pub async fn ensure_present(
    session: &mut Session<'_>,
    doubt: &InDoubt,
    what: &Description,
    data: &LoginData,
    until: Option<Timestamp>,
    predefined: &[String],
) -> Result<Ensured, ProviderError> {
    let until =
        until.ok_or_else(|| ProviderError::new(Class::Permanent, "no_end", "a login of its own is not made without an end"))?;
    let (server, has_options) = (session.server.clone(), session.has_options());
    let locked = session.locked(&what.thing).await?;
    let sql = match roles::role(&locked, &what.thing).await? {
        None => create(what, data, until, has_options)?,
        Some(role) => {
            let held = memberships(&locked, &server, &what.thing).await?;
            if effective(&role, &held, data, has_options) == level() && role.until_ms == Some(until.as_millis()) {
                return Ok(Ensured::AlreadySo);
            }
            repair(&role, &held, what, data, until, has_options)?
        }
    };
    grantable(&locked, &server, &data.group, predefined).await?;
    locked.run(&sql).await?;
    locked.commit(doubt).await?;
    Ok(Ensured::Made)
}

/// The level in effect: `member` when everything is as it was made, else one named after what is not.
fn effective(role: &Role, held: &[Membership], data: &LoginData, has_options: bool) -> Level {
    let mut odd: Vec<String> = Vec::new();
    if !role.can_login {
        odd.push("no login".to_owned());
    }
    if role.is_superuser {
        odd.push("superuser".to_owned());
    }
    odd.extend(role.attributes.iter().map(|attribute| (*attribute).to_owned()));
    if role.connection_limit != i32::from(data.connection_limit) {
        odd.push(format!("connection limit {}", role.connection_limit));
    }
    let groups: Vec<&Membership> = held.iter().filter(|row| row.group == data.group).collect();
    let options = groups.iter().map(|row| row.options).reduce(Options::or);
    if options != Some(Options::plain(has_options)) {
        odd.push(format!("membership of {}", data.group));
    }
    odd.extend(held.iter().filter(|row| row.group != data.group).map(|row| format!("member of {}", row.group)));
    if odd.is_empty() { level() } else { Level { name: format!("altered: {}", odd.join(", ")), rank: 2 } }
}

fn create(what: &Description, data: &LoginData, until: Timestamp, has_options: bool) -> Result<String, ProviderError> {
    let (role, verifier, until) = (quote_ident(&what.thing)?, quote_literal(&data.verifier)?, valid_until(until)?);
    let join = join(&role, data, has_options)?;
    let limit = data.connection_limit;
    Ok(format!("CREATE ROLE {role} LOGIN PASSWORD {verifier} CONNECTION LIMIT {limit} VALID UNTIL {until}; {join}"))
}

/// Back to what was made. The password is left: the person may have chosen another by now.
fn repair(
    role: &Role,
    held: &[Membership],
    what: &Description,
    data: &LoginData,
    until: Timestamp,
    has_options: bool,
) -> Result<String, ProviderError> {
    let name = quote_ident(&what.thing)?;
    // Naming an attribute asks for the right to change it, so only those that differ are named.
    let mut attributes: Vec<String> = role.attributes.iter().map(|attribute| format!("NO{attribute}")).collect();
    if role.is_superuser {
        attributes.push("NOSUPERUSER".to_owned());
    }
    let (limit, until, attributes) = (data.connection_limit, valid_until(until)?, attributes.join(" "));
    let mut sql = format!("ALTER ROLE {name} LOGIN CONNECTION LIMIT {limit} VALID UNTIL {until} {attributes}; ");
    for other in held.iter().filter(|row| row.group != data.group) {
        sql.push_str(&format!("REVOKE {} FROM {name}; ", quote_ident(&other.group)?));
    }
    if !has_options && held.iter().any(|row| row.group == data.group && row.options.admin) {
        sql.push_str(&format!("REVOKE ADMIN OPTION FOR {} FROM {name}; ", quote_ident(&data.group)?));
    }
    sql.push_str(&join(&name, data, has_options)?);
    Ok(sql)
}

fn join(role: &str, data: &LoginData, has_options: bool) -> Result<String, ProviderError> {
    let group = quote_ident(&data.group)?;
    let options = if has_options { " WITH INHERIT TRUE, SET FALSE, ADMIN FALSE GRANTED BY CURRENT_USER" } else { "" };
    Ok(format!("GRANT {group} TO {role}{options}"))
}

/// The moment as the server reads it, to the millisecond.
fn valid_until(until: Timestamp) -> Result<String, ProviderError> {
    let moment = jiff::Timestamp::from_millisecond(until.as_millis())
        .map_err(|_| ProviderError::new(Class::Permanent, "bad_end", "the end is beyond what a calendar can say"))?;
    quote_literal(&moment.to_string())
}

/// What a role without login leaves behind, as a sentence.
async fn remnant(session: &Session<'_>, role: &Role) -> Result<String, ProviderError> {
    let holds = holds(session, role.oid).await?;
    let name = &role.name;
    Ok(match holds.as_slice() {
        [] => format!("the role `{name}` remains, without login"),
        places => format!("the role `{name}` remains, without login: it {}", places.join(" and ")),
    })
}

/// What keeps the role from being dropped, by database: `owns 3 objects in orders`, `has rights on 1 object in orders`.
async fn holds(ask: &impl Ask, oid: u32) -> Result<Vec<String>, ProviderError> {
    let sql = "SELECT d.deptype = 'o', coalesce(b.datname::text, 'the cluster'), count(DISTINCT (d.classid, d.objid)) \
                 FROM pg_shdepend d LEFT JOIN pg_database b ON b.oid = d.dbid \
                WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = $1 AND d.classid <> 'pg_auth_members'::regclass \
                GROUP BY 1, 2 ORDER BY 1 DESC, 2";
    let rows = ask.ask(sql, &[(&oid, Type::OID)]).await?;
    rows.iter()
        .map(|row| {
            let (owns, place, count): (bool, String, i64) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
            let (verb, noun) = (if owns { "owns" } else { "has rights on" }, if count == 1 { "object" } else { "objects" });
            Ok(format!("{verb} {count} {noun} in `{place}`"))
        })
        .collect()
}

/// Whether the role is one that a grant of Daypass made, by its name. Nothing else is ever altered or dropped.
pub fn is_own(what: &Description) -> Result<(), ProviderError> {
    if mark_in(&what.thing).is_some_and(|mark| mark == what.remote_name) {
        return Ok(());
    }
    let message = format!("`{}` is not the role of this grant, so it is left alone", what.thing);
    Err(ProviderError::new(Class::Permanent, "not_ours", message))
}

/// The role, under the lock.
pub async fn locked_role<'a>(
    session: &'a mut Session<'_>,
    what: &Description,
) -> Result<(Locked<'a>, Option<Role>), ProviderError> {
    let locked = session.locked(&what.thing).await?;
    let role = roles::role(&locked, &what.thing).await?;
    Ok((locked, role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::postgres::shape::OwnedObjects;

    fn data() -> LoginData {
        LoginData {
            group: "app_reader".into(),
            verifier: "SCRAM-SHA-256$4096:x$y:z".into(),
            connection_limit: 3,
            owned_objects: OwnedObjects::Keep,
        }
    }

    fn role() -> Role {
        Role {
            oid: 7,
            name: "daypass_x_g1".into(),
            can_login: true,
            is_superuser: false,
            attributes: Vec::new(),
            connection_limit: 3,
            until_ms: Some(0),
        }
    }

    fn row(group: &str, options: Options) -> Membership {
        Membership { group: group.into(), grantor: "bot".into(), is_ours: true, options }
    }

    #[test]
    fn everything_that_differs_from_what_was_made_is_seen() {
        let plain = Options::plain(true);
        let joined = vec![row("app_reader", plain)];
        assert_eq!(effective(&role(), &joined, &data(), true), level());

        let names = |role: &Role, held: &[Membership]| effective(role, held, &data(), true).name;
        assert_eq!(names(&role(), &[]), "altered: membership of app_reader");
        assert_eq!(names(&role(), &[row("app_reader", Options { set: true, ..plain })]), "altered: membership of app_reader");
        assert_eq!(names(&role(), &[row("app_reader", plain), row("owners", plain)]), "altered: member of owners");
        let altered = Role { is_superuser: true, attributes: vec!["createdb"], connection_limit: -1, ..role() };
        assert_eq!(names(&altered, &joined), "altered: superuser, createdb, connection limit -1");
    }

    #[test]
    fn the_end_is_said_to_the_millisecond() {
        assert_eq!(valid_until(Timestamp::from_millis(1_795_489_200_123)).unwrap(), "'2026-11-24T03:00:00.123Z'");
        assert!(valid_until(Timestamp::from_millis(i64::MAX)).is_err());
    }

    #[test]
    fn only_a_role_named_after_a_grant_is_ours() {
        assert_eq!(mark_in("daypass_3f9c_g57").as_deref(), Some("daypass-3f9c-g57"));
        assert_eq!(mark_in("postgres"), None);
        assert_eq!(role_name("3f9c", GrantId::from_number(57)).unwrap(), "daypass_3f9c_g57");
    }
}
