//! Who holds what at the server: memberships of everybody, and roles for whom no rule holds.
//!
//! When somebody last logged in is not said, since PostgreSQL does not keep it.

use tokio_postgres::types::Type;

use crate::access::entitlement::Class;
use crate::providers::{Page, ProviderError, Standing};

use super::login::mark_in;
use super::roles::Ask;
use super::session::{Session, get};

/// How many items a page has at most.
const PAGE_ITEMS_MAX: i64 = 500;

/// One page. The cursor is the last item's place: member, group and grantor by oid.
pub async fn page(session: &Session<'_>, cursor: Option<&str>) -> Result<Page, ProviderError> {
    let (member, group, grantor) = match cursor {
        None => (0_u32, 0_u32, 0_u32),
        Some(text) => {
            place(text).ok_or_else(|| ProviderError::new(Class::Permanent, "bad_cursor", "this is no place in a list"))?
        }
    };
    // A role that stands above all rules is listed as holding itself; predefined roles that hold each other are not people's.
    let sql = "SELECT i.member, i.roleid, i.grantor, u.rolname::text, g.rolname::text, i.admin, i.grantor = $4, \
                      u.rolcanlogin, u.rolsuper, u.rolcreaterole, coalesce(isfinite(u.rolvaliduntil), false) \
                 FROM (SELECT member, roleid, grantor, admin_option AS admin FROM pg_auth_members \
                       UNION ALL SELECT oid, oid, 0::oid, rolsuper FROM pg_roles WHERE rolcanlogin AND (rolsuper OR rolcreaterole)) i \
                 JOIN pg_roles u ON u.oid = i.member JOIN pg_roles g ON g.oid = i.roleid \
                WHERE u.rolname NOT LIKE 'pg\\_%' AND (i.member, i.roleid, i.grantor) > ($1, $2, $3) \
                ORDER BY 1, 2, 3 LIMIT $5";
    let params: [super::session::Param<'_>; 5] = [
        (&member, Type::OID),
        (&group, Type::OID),
        (&grantor, Type::OID),
        (&session.server.me, Type::OID),
        (&PAGE_ITEMS_MAX, Type::INT8),
    ];
    let rows = session.ask(sql, &params).await?;
    let mut page = Page { items: Vec::new(), next: None };
    for row in &rows {
        let (member, group, grantor): (u32, u32, u32) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
        page.next = Some(format!("{member}.{group}.{grantor}"));
        page.items.push(standing(row, member == group)?);
    }
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) < PAGE_ITEMS_MAX {
        page.next = None;
    }
    Ok(page)
}

fn standing(row: &tokio_postgres::Row, is_itself: bool) -> Result<Standing, ProviderError> {
    let (subject, thing): (String, String) = (get(row, 3)?, get(row, 4)?);
    let (admin, ours, can_login): (bool, bool, bool) = (get(row, 5)?, get(row, 6)?, get(row, 7)?);
    let (superuser, createrole, expires): (bool, bool, bool) = (get(row, 8)?, get(row, 9)?, get(row, 10)?);
    let flags = [
        (admin || superuser, "admin"),
        (superuser, "superuser"),
        (createrole, "createrole"),
        (can_login && !expires, "no_expiry"),
        (!can_login, "no_login"),
        (ours, "granted_by_daypass"),
        (thing.starts_with("pg_"), "predefined"),
    ];
    let level = match (is_itself, superuser, admin) {
        (true, true, _) => "superuser",
        (true, false, _) => "createrole",
        (false, _, true) => "member with admin option",
        (false, _, false) => "member",
    };
    Ok(Standing {
        remote_name: mark_in(&subject),
        subject,
        thing,
        level: level.to_owned(),
        flags: flags.into_iter().filter(|(is_so, _)| *is_so).map(|(_, flag)| flag.to_owned()).collect(),
    })
}

fn place(cursor: &str) -> Option<(u32, u32, u32)> {
    let mut parts = cursor.split('.').map(|part| part.parse::<u32>().ok());
    let place = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(place)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_cursor_is_three_numbers_and_nothing_else() {
        assert_eq!(place("1.2.3"), Some((1, 2, 3)));
        for text in ["", "1.2", "1.2.3.4", "1.2.x", "1.2.-3", "1.2.3; DROP"] {
            assert_eq!(place(text), None, "{text:?}");
        }
    }
}
