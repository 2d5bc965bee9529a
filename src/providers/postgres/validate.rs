//! Whether our role at the server can do what it must, and whether it can do more than it should.

use tokio_postgres::types::Type;

use crate::providers::{Finding, ProviderError, Severity};

use super::roles::{self, Ask, Role};
use super::session::{Address, Session, get};

/// The oldest version whose `pg_terminate_backend` can wait for a session to be gone.
const VERSION_MIN: i32 = 140_000;

/// Everything that an operator should know. `groups` are those that policies are meant to give, if the operator listed them.
pub async fn findings(address: &Address, session: &Session<'_>, groups: &[String]) -> Result<Vec<Finding>, ProviderError> {
    let mut found = vec![version(session)];
    if session.server.is_standby {
        found.push(broken("the server is a standby; point the provider to the primary".to_owned()));
    }
    if address.is_in_clear() {
        found.push(warning(
            "`sslmode=disable` off loopback: verifiers and the bot's own login cross the network unprotected".to_owned(),
        ));
    }
    if let Some(me) = roles::role(session, &session.server.my_name).await? {
        found.extend(attributes(session, &me));
    }
    found.push(signals(session).await?);
    found.extend(admin(session, groups).await?);
    found.extend(encryption(session).await?);
    Ok(found)
}

fn version(session: &Session<'_>) -> Finding {
    let (number, name) = (session.server.version, &session.server.my_name);
    let shown = format!("PostgreSQL {}.{}", number / 10_000, number % 10_000);
    if number < VERSION_MIN {
        return broken(format!("{shown} is too old; version 14 is the first whose open sessions can be ended with certainty"));
    }
    fine(format!("{shown} answers as `{}` to `{name}`", session.server.fingerprint))
}

fn attributes(session: &Session<'_>, me: &Role) -> Vec<Finding> {
    let (name, mut found) = (&me.name, Vec::new());
    let creates_roles = me.attributes.contains(&"createrole");
    if me.is_superuser {
        found.push(warning(format!("`{name}` is a superuser, which is far too much; give Daypass a role of its own")));
    } else if creates_roles && !session.has_options() {
        found.push(warning(format!(
            "`{name}` has CREATEROLE, which before version 16 is nearly a superuser; use `member_of` grants without it, or upgrade"
        )));
    } else if creates_roles {
        found.push(fine(format!("`{name}` has CREATEROLE, which `login_in` needs")));
    } else {
        found.push(fine(format!("`{name}` gives memberships; `login_in` would need CREATEROLE")));
    }
    let rest = me.attributes.iter().filter(|attribute| **attribute != "createrole");
    found.extend(rest.map(|attribute| warning(format!("`{name}` has {}, which Daypass never needs", attribute.to_uppercase()))));
    found
}

async fn signals(session: &Session<'_>) -> Result<Finding, ProviderError> {
    let rows = session.query("SELECT pg_has_role(current_user, 'pg_signal_backend', 'USAGE')", &[]).await?;
    let may_signal = rows.first().map_or(Ok(false), |row| get(row, 0))?;
    let name = &session.server.my_name;
    Ok(if may_signal {
        fine(format!("`{name}` can end open sessions"))
    } else {
        broken(format!("`{name}` cannot end open sessions; GRANT pg_signal_backend TO it, with INHERIT"))
    })
}

/// Whether we may give each group, and whether we could use one ourselves.
async fn admin(session: &Session<'_>, groups: &[String]) -> Result<Vec<Finding>, ProviderError> {
    let (me, name) = (session.server.me, &session.server.my_name);
    let inherits = if session.has_options() { "bool_or(m.inherit_option)" } else { "bool_or(u.rolinherit)" };
    let sql = format!(
        "SELECT g.rolname::text, bool_or(m.admin_option), {inherits} FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid \
           JOIN pg_roles u ON u.oid = m.member WHERE m.member = $1 GROUP BY 1 ORDER BY 1"
    );
    let mut held: Vec<(String, bool, bool)> = Vec::new();
    for row in session.ask(&sql, &[(&me, Type::OID)]).await? {
        held.push((get(&row, 0)?, get(&row, 1)?, get(&row, 2)?));
    }
    let gives = |group: &str| held.iter().any(|(held, admin, _)| held == group && *admin);
    let mut found: Vec<Finding> = Vec::new();
    for group in groups.iter().filter(|group| !gives(group)) {
        found.push(broken(format!("`{name}` may not give `{group}`; GRANT it WITH ADMIN OPTION")));
    }
    let given: Vec<&str> = held.iter().filter(|(group, ..)| gives(group)).map(|(group, ..)| group.as_str()).collect();
    // Roles that own logins were made with are administered by whoever made them.
    let given: Vec<&str> = given.into_iter().filter(|group| !group.starts_with("daypass_")).collect();
    if given.is_empty() && groups.is_empty() {
        found.push(broken(format!("`{name}` may give no group at all; GRANT each one to it WITH ADMIN OPTION")));
    } else if !given.is_empty() {
        found.push(fine(format!("`{name}` may give {}", given.join(", "))));
    }
    for group in given.iter().filter(|group| group.starts_with("pg_")) {
        found.push(warning(format!("`{name}` may give the predefined role `{group}`")));
    }
    for (group, _, inherits) in held.iter().filter(|(group, ..)| !group.starts_with("pg_") && !group.starts_with("daypass_")) {
        if *inherits && session.has_options() {
            found.push(warning(format!(
                "`{name}` has the rights of `{group}` itself; GRANT it WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            )));
        }
    }
    Ok(found)
}

async fn encryption(session: &Session<'_>) -> Result<Option<Finding>, ProviderError> {
    let rows = session.query("SELECT current_setting('password_encryption')", &[]).await?;
    let method: String = rows.first().map_or(Ok(String::new()), |row| get(row, 0))?;
    Ok((method != "scram-sha-256").then(|| {
        warning(format!(
            "password_encryption is `{method}`; own logins use SCRAM-SHA-256, so pg_hba.conf must not ask for `password`"
        ))
    }))
}

fn fine(message: String) -> Finding {
    Finding { severity: Severity::Fine, message }
}

fn warning(message: String) -> Finding {
    Finding { severity: Severity::Warning, message }
}

fn broken(message: String) -> Finding {
    Finding { severity: Severity::Broken, message }
}
