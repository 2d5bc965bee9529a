//! Membership of an existing login in a group: an edge that others may have made too.
//!
//! From version 16 on every grantor has a row of their own, and only ours is touched. Before that there is one row for all; one
//! that we did not make is left alone. Levels are named after the options, so that a prior membership can be put back as it was.

use tokio_postgres::types::Type;

use crate::access::entitlement::{Class, Description, Level, Mark, Observation, Seen, Target};
use crate::providers::deadline::{InDoubt, after_a_change};
use crate::providers::{Call, Ensured, ProviderError};

use super::quote::quote_ident;
use super::roles::{self, Ask, Membership, Options, grantable, memberships, refused};
use super::session::{Locked, Server, Session, get};
use super::sessions;

/// The level that a grant claims: the group's rights.
const MEMBER: &str = "member";

/// The level that a grant claims.
pub fn level() -> Level {
    Level { name: MEMBER.to_owned(), rank: 1 }
}

/// Looks at the membership.
pub async fn observe(session: &Session<'_>, call: &Call, what: &Description) -> Result<Observation, ProviderError> {
    let edge = edge(session, &session.server, what).await?;
    let seen = match edge.level(session.has_options()) {
        None => Seen::Absent,
        Some(level) => Seen::Present { level, until: None },
    };
    let mark = if edge.ours.is_some() { Mark::Ours } else { Mark::Unmarked };
    Ok(Observation { fingerprint: session.server.fingerprint.clone(), seen, mark, at: call.at })
}

/// Makes the membership so.
pub async fn ensure(
    session: &mut Session<'_>,
    doubt: &InDoubt,
    what: &Description,
    target: &Target,
    predefined: &[String],
) -> Result<Ensured, ProviderError> {
    let (server, has_options) = (session.server.clone(), session.has_options());
    let locked = session.locked(&format!("{}:{}", what.thing, what.subject)).await?;
    let edge = edge(&locked, &server, what).await?;
    let change = match target {
        Target::Absent => edge.towards_absent(has_options, what)?,
        Target::Present { level, .. } => edge.towards(level, has_options)?,
    };
    let (sql, ends_set) = match change {
        Change::Nothing => return Ok(Ensured::AlreadySo),
        Change::EndSessions => (String::new(), true),
        Change::Grant { options, takes_set } => {
            may_grant(&locked, &server, what, predefined).await?;
            (grant(what, options, has_options, edge.ours)?, takes_set)
        }
        Change::Revoke { takes_set } => (revoke(what, has_options)?, takes_set),
    };
    if !sql.is_empty() {
        locked.run(&sql).await?;
    }
    // Sessions end before the row is gone for good: were it the other way round, a crash in between would leave a session
    // that became the group, and nothing that shows it.
    let subject = roles::role(&locked, &what.subject).await?;
    let reachable = subject.filter(|role| ends_set && !role.is_superuser);
    if let Some(role) = &reachable {
        sessions::end(&locked, role.oid).await?;
    }
    locked.commit(doubt).await?;
    if let Some(role) = &reachable {
        // Those that began in between still saw the membership.
        doubt.begins();
        sessions::end(session, role.oid).await.map_err(after_a_change)?;
        doubt.settled();
    }
    Ok(if sql.is_empty() { Ensured::AlreadySo } else { Ensured::Made })
}

/// The rows of one member and one group.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    ours: Option<Options>,
    others: Option<Options>,
    /// Who else granted it, for the people who must act.
    grantors: Vec<String>,
}

/// What is to be done to reach a target.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    Nothing,
    /// The row is gone, but a session may have become the group while it was there.
    EndSessions,
    Grant {
        options: Options,
        takes_set: bool,
    },
    Revoke {
        takes_set: bool,
    },
}

async fn edge(ask: &impl Ask, server: &Server, what: &Description) -> Result<Edge, ProviderError> {
    let rows = memberships(ask, server, &what.subject).await?;
    Ok(Edge::of(rows.into_iter().filter(|row| row.group == what.thing)))
}

impl Edge {
    fn of(rows: impl Iterator<Item = Membership>) -> Edge {
        let mut edge = Edge { ours: None, others: None, grantors: Vec::new() };
        for row in rows {
            let side = if row.is_ours { &mut edge.ours } else { &mut edge.others };
            *side = Some(side.map_or(row.options, |options| options.or(row.options)));
            if !row.is_ours {
                edge.grantors.push(row.grantor);
            }
        }
        edge
    }

    /// The level in effect. Ours as we grant it is `member`, and so is anybody's that gives the group's rights; all else is
    /// named after its options.
    fn level(&self, has_options: bool) -> Option<Level> {
        match (self.ours, self.others) {
            (None, None) => None,
            (Some(ours), _) if ours == Options::plain(has_options) => Some(level()),
            (None, Some(others)) if others.inherit => Some(level()),
            (Some(ours), others) => Some(named(others.map_or(ours, |others| ours.or(others)))),
            (None, Some(others)) => Some(named(others)),
        }
    }

    fn towards_absent(&self, has_options: bool, what: &Description) -> Result<Change, ProviderError> {
        match (self.ours, self.others) {
            (Some(ours), _) => Ok(Change::Revoke { takes_set: ours.set }),
            (None, None) if has_options => Ok(Change::Nothing),
            (None, None) => Ok(Change::EndSessions),
            (None, Some(_)) => {
                let (subject, group, grantors) = (&what.subject, &what.thing, self.grantors.join(", "));
                let message = format!("`{subject}` is in `{group}` by grant of {grantors}, which is not ours to take away");
                Err(ProviderError::new(Class::NeedsHuman, "held_by_other", message))
            }
        }
    }

    fn towards(&self, wanted: &Level, has_options: bool) -> Result<Change, ProviderError> {
        if self.level(has_options).as_ref() == Some(wanted) {
            return Ok(Change::Nothing);
        }
        let takes_set = self.ours.is_some_and(|ours| ours.set);
        let options = if *wanted == level() { Options::plain(has_options) } else { options_of(wanted)? };
        // What others granted is there without us; our row only has to go.
        if self.ours.is_some() && self.others == Some(options) && *wanted != level() {
            return Ok(Change::Revoke { takes_set });
        }
        Ok(Change::Grant { options, takes_set: takes_set && !options.set })
    }
}

fn named(options: Options) -> Level {
    let word = |on| if on { "on" } else { "off" };
    let Options { inherit, set, admin } = options;
    let name = format!("{MEMBER}, inherit {}, set {}, admin {}", word(inherit), word(set), word(admin));
    Level { name, rank: if inherit { 2 } else { 0 } }
}

fn options_of(level: &Level) -> Result<Options, ProviderError> {
    (0..8_u8)
        .map(|bits| Options { inherit: bits & 1 != 0, set: bits & 2 != 0, admin: bits & 4 != 0 })
        .find(|options| named(*options) == *level)
        .ok_or_else(|| {
            ProviderError::new(Class::Permanent, "unknown_level", format!("`{}` is no level of a membership", level.name))
        })
}

fn grant(what: &Description, options: Options, has_options: bool, ours: Option<Options>) -> Result<String, ProviderError> {
    let (group, member) = (quote_ident(&what.thing)?, quote_ident(&what.subject)?);
    let Options { inherit, set, admin } = options;
    Ok(if has_options {
        format!("GRANT {group} TO {member} WITH INHERIT {inherit}, SET {set}, ADMIN {admin} GRANTED BY CURRENT_USER")
    } else if admin {
        format!("GRANT {group} TO {member} WITH ADMIN OPTION")
    } else if ours.is_some() {
        format!("REVOKE ADMIN OPTION FOR {group} FROM {member}")
    } else {
        format!("GRANT {group} TO {member}")
    })
}

fn revoke(what: &Description, has_options: bool) -> Result<String, ProviderError> {
    let (group, member) = (quote_ident(&what.thing)?, quote_ident(&what.subject)?);
    Ok(if has_options {
        format!("REVOKE {group} FROM {member} GRANTED BY CURRENT_USER")
    } else {
        format!("REVOKE {group} FROM {member}")
    })
}

/// Refuses what must never be given, and subjects that would make it meaningless or dangerous.
async fn may_grant(locked: &Locked<'_>, server: &Server, what: &Description, predefined: &[String]) -> Result<(), ProviderError> {
    grantable(locked, server, &what.thing, predefined).await?;
    let subject = &what.subject;
    if *subject == server.my_name {
        return Err(refused(format!("`{subject}` is the role of Daypass itself")));
    }
    match roles::role(locked, subject).await? {
        None => Err(ProviderError::new(Class::Permanent, "no_such_account", format!("there is no role `{subject}`"))),
        Some(role) if role.is_superuser => Err(refused(format!("`{subject}` is a superuser, for whom no end holds"))),
        Some(_) => Ok(()),
    }
}

/// Whether the account is a login that can be given something.
pub async fn resolve(session: &Session<'_>, account: &str) -> Result<(), ProviderError> {
    let sql = "SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = $1";
    let rows = session.query(sql, &[(&account, Type::TEXT)]).await?;
    let problem = match rows.first() {
        None => ("no_such_account", format!("there is no role `{account}`")),
        Some(row) if get(row, 1)? => ("refused", format!("`{account}` is a superuser, for whom no end holds")),
        Some(row) if !get::<bool>(row, 0)? => ("no_login", format!("`{account}` may not log in")),
        Some(_) if account == session.server.my_name => ("refused", format!("`{account}` is the role of Daypass itself")),
        Some(_) => return Ok(()),
    };
    Err(ProviderError::new(Class::NeedsHuman, problem.0, problem.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INHERITED: Options = Options { inherit: true, set: true, admin: false };
    const SET_ONLY: Options = Options { inherit: false, set: true, admin: false };

    fn edge(ours: Option<Options>, others: Option<Options>) -> Edge {
        Edge { ours, others, grantors: Vec::new() }
    }

    #[test]
    fn a_prior_membership_is_put_back_with_the_options_that_it_had() {
        let prior = edge(Some(SET_ONLY), None).level(true).unwrap();
        let during = edge(Some(Options::plain(true)), None);
        assert_eq!(during.towards(&prior, true).unwrap(), Change::Grant { options: SET_ONLY, takes_set: false });

        let prior = edge(None, Some(SET_ONLY)).level(true).unwrap();
        let during = edge(Some(Options::plain(true)), Some(SET_ONLY));
        assert_eq!(during.level(true), Some(level()));
        assert_eq!(during.towards(&prior, true).unwrap(), Change::Revoke { takes_set: false });
    }

    #[test]
    fn what_others_granted_is_used_and_never_taken() {
        let standing = edge(None, Some(INHERITED));
        for has_options in [true, false] {
            assert_eq!(standing.towards(&level(), has_options).unwrap(), Change::Nothing);
        }
        let held = Edge { grantors: vec!["`postgres`".into()], ..standing };
        let what = Description {
            provider: "pg".parse().unwrap(),
            kind: String::new(),
            fingerprint: None,
            subject: "maya".into(),
            thing: "readers".into(),
            shape: crate::access::entitlement::Shape::Edge,
            native_expiry: crate::access::entitlement::NativeExpiry::None,
            remote_name: String::new(),
            data: String::new(),
            lands_within_ms: 0,
        };
        assert_eq!(held.towards_absent(true, &what).unwrap_err().trouble.code, "held_by_other");
    }

    #[test]
    fn our_own_row_with_more_than_we_gave_is_drift_and_its_repair_ends_sessions() {
        let altered = edge(Some(INHERITED), None);
        assert_ne!(altered.level(true), Some(level()));
        assert_eq!(altered.towards(&level(), true).unwrap(), Change::Grant { options: Options::plain(true), takes_set: true });
        assert_eq!(altered.level(false), Some(level()), "before 16 that is how every membership is");
    }

    #[test]
    fn every_level_name_is_read_back_as_the_options_it_stands_for() {
        for bits in 0..8 {
            let options = Options { inherit: bits & 1 > 0, set: bits & 2 > 0, admin: bits & 4 > 0 };
            assert_eq!(options_of(&named(options)).unwrap(), options);
        }
        assert!(options_of(&Level { name: "owner".into(), rank: 9 }).is_err());
    }
}
