//! Roles and memberships as the catalogues show them, and which of them are never ours to hand out.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::access::entitlement::Class;
use crate::providers::ProviderError;

use super::session::{Locked, Param, Server, Session, get};

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its oid, which open sessions remember.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Whether it may log in.
    pub can_login: bool,
    /// Whether no rule holds for it.
    pub is_superuser: bool,
    /// What else it may do by its attributes: `createrole`, `createdb`, `replication`, `bypassrls`.
    pub attributes: Vec<&'static str>,
    /// How many connections it may have at once; -1 is without limit.
    pub connection_limit: i32,
    /// When its password ends, in UTC milliseconds; `None` is never.
    pub until_ms: Option<i64>,
}

/// The options of a membership. Before version 16 every membership inherits and can be switched to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The group's rights are there without further ado.
    pub inherit: bool,
    /// `SET ROLE` to the group is possible.
    pub set: bool,
    /// The membership can be passed on.
    pub admin: bool,
}

/// One row of `pg_auth_members`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: String,
    /// Who granted it.
    pub grantor: String,
    /// Whether that was us.
    pub is_ours: bool,
    /// Its options.
    pub options: Options,
}

/// Either way of asking.
pub trait Ask {
    /// A read in one round trip.
    fn ask(&self, sql: &str, params: &[Param<'_>]) -> impl Future<Output = Result<Vec<Row>, ProviderError>> + Send;
}

impl Ask for Session<'_> {
    async fn ask(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, ProviderError> {
        self.query(sql, params).await
    }
}

impl Ask for Locked<'_> {
    async fn ask(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, ProviderError> {
        self.query(sql, params).await
    }
}

impl Options {
    /// What we grant: the group's rights, and on 16 and later no way to become the group and so outlive the end.
    pub fn plain(has_options: bool) -> Options {
        Options { inherit: true, set: !has_options, admin: false }
    }

    /// Both together.
    pub fn or(self, other: Options) -> Options {
        Options { inherit: self.inherit || other.inherit, set: self.set || other.set, admin: self.admin || other.admin }
    }
}

/// The role of this name, if there is one.
pub async fn role(ask: &impl Ask, name: &str) -> Result<Option<Role>, ProviderError> {
    let sql = "SELECT oid, rolname::text, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit, \
                      CASE WHEN isfinite(rolvaliduntil) THEN (extract(epoch FROM rolvaliduntil) * 1000)::int8 END \
                 FROM pg_roles WHERE rolname = $1";
    let rows = ask.ask(sql, &[(&name, Type::TEXT)]).await?;
    rows.first().map(read_role).transpose()
}

fn read_role(row: &Row) -> Result<Role, ProviderError> {
    let mut attributes = Vec::new();
    for (column, attribute) in [(4, "createrole"), (5, "createdb"), (6, "replication"), (7, "bypassrls")] {
        if get(row, column)? {
            attributes.push(attribute);
        }
    }
    Ok(Role {
        oid: get(row, 0)?,
        name: get(row, 1)?,
        can_login: get(row, 2)?,
        is_superuser: get(row, 3)?,
        attributes,
        connection_limit: get(row, 8)?,
        until_ms: get(row, 9)?,
    })
}

/// Every membership that the role of this name holds.
pub async fn memberships(ask: &impl Ask, server: &Server, member: &str) -> Result<Vec<Membership>, ProviderError> {
    let options = if server.version >= 160_000 { "m.inherit_option, m.set_option" } else { "true, true" };
    let sql = format!(
        "SELECT g.rolname::text, coalesce(b.rolname::text, m.grantor::text), m.grantor = $2, {options}, m.admin_option \
           FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member \
           LEFT JOIN pg_roles b ON b.oid = m.grantor WHERE u.rolname = $1 ORDER BY 1, 2"
    );
    let rows = ask.ask(&sql, &[(&member, Type::TEXT), (&server.me, Type::OID)]).await?;
    rows.iter()
        .map(|row| {
            let options = Options { inherit: get(row, 3)?, set: get(row, 4)?, admin: get(row, 5)? };
            Ok(Membership { group: get(row, 0)?, grantor: get(row, 1)?, is_ours: get(row, 2)?, options })
        })
        .collect()
}

/// Refuses to hand out a group that would be more than a group.
///
/// # Errors
/// `no_such_group`, or `refused` for a superuser, ourselves, a group that is in either, and predefined roles not listed.
pub async fn grantable(ask: &impl Ask, server: &Server, group: &str, predefined: &[String]) -> Result<(), ProviderError> {
    if group.starts_with("pg_") && !predefined.iter().any(|listed| listed == group) {
        let message = format!("`{group}` is a predefined role; list it under `predefined` if it is meant to be given");
        return Err(refused(message));
    }
    if group == server.my_name {
        return Err(refused(format!("`{group}` is the role of Daypass itself")));
    }
    // Who is in the group can, on most servers, become what the group is in.
    let sql = "SELECT g.rolsuper, \
                      EXISTS (SELECT FROM pg_roles s WHERE s.rolsuper AND pg_has_role(g.oid, s.oid, 'MEMBER')), \
                      pg_has_role(g.oid, $2, 'MEMBER') \
                 FROM pg_roles g WHERE g.rolname = $1";
    let rows = ask.ask(sql, &[(&group, Type::TEXT), (&server.me, Type::OID)]).await?;
    match rows.first() {
        None => Err(ProviderError::new(Class::NeedsHuman, "no_such_group", format!("there is no role `{group}`"))),
        Some(row) if get(row, 0)? => Err(refused(format!("`{group}` is a superuser"))),
        Some(row) if get(row, 1)? => Err(refused(format!("`{group}` is itself in a superuser's role"))),
        Some(row) if get(row, 2)? => Err(refused(format!("`{group}` is itself in the role of Daypass"))),
        Some(_) => Ok(()),
    }
}

/// The error for what is never done.
pub fn refused(message: String) -> ProviderError {
    ProviderError::new(Class::Permanent, "refused", message)
}
