//! Logins of their own: what the person gets, what the server keeps, and what is left at the end.

use daypass::access::entitlement::{Class, Mark, Seen};
use daypass::providers::Ensured;
use serde_json::json;

use super::{can_read, is_in};
use crate::support::postgres::{Access, Version, World, call};

pub(super) async fn an_own_login_works_with_the_decrypted_password_and_not_after(w: World) {
    let access = w.own_login(57, "keep").await;
    let (role, password) = w.decrypts(access.ciphertext.as_deref().unwrap());
    assert_eq!(role, format!("daypass_{}_g57", w.installation));
    assert_eq!(role, access.description.thing);
    access.granted_until(w.moment(60).await).await.unwrap();
    assert_eq!(access.seen().await.mark, Mark::Ours);

    let session = w.cluster.login(&role, &password, &w.database).await.unwrap();
    assert!(can_read(&session).await);
    assert!(w.cluster.login(&role, "guess", &w.database).await.is_err());
    assert_eq!(session.batch_execute(&format!("SET ROLE {}", w.group)).await.is_ok(), w.version == Version::V15);

    access.revoked().await.unwrap();
    assert_eq!(access.seen().await.seen, Seen::Absent);
    assert!(!is_in(&session).await, "the open session is gone");
    assert!(w.cluster.login(&role, &password, &w.database).await.is_err());
}

pub(super) async fn the_end_of_an_own_login_is_kept_by_the_server(w: World) {
    let access = w.own_login(1, "keep").await;
    let (role, password) = w.decrypts(access.ciphertext.as_deref().unwrap());
    let (soon, later, past) = (w.moment(30).await, w.moment(90).await, w.moment(-1).await);
    for (until, works) in [(soon, true), (later, true), (past, false)] {
        assert_eq!(access.granted_until(until).await.unwrap(), Ensured::Made);
        assert_eq!(access.granted_until(until).await.unwrap(), Ensured::AlreadySo);
        assert_eq!(access.seen().await.seen, Seen::Present { level: access.level.clone(), until: Some(until) });
        assert_eq!(w.cluster.login(&role, &password, &w.database).await.is_ok(), works, "until {until:?}");
    }
    w.root_runs(&format!("ALTER ROLE {role} VALID UNTIL 'infinity'")).await;
    assert_eq!(access.seen().await.seen, Seen::Present { level: access.level.clone(), until: None });
    assert_eq!(access.granted().await.unwrap_err().trouble.code, "no_end");
}

/// Logs in with the password that was sent, and makes a table in the story's database.
async fn makes_a_table(w: &World, access: &Access, name: &str, database: &str) {
    let (role, password) = w.decrypts(access.ciphertext.as_deref().unwrap());
    let session = w.cluster.login(&role, &password, database).await.unwrap();
    session.batch_execute(&format!("CREATE TABLE public.{name} AS SELECT 1 AS x")).await.unwrap();
}

pub(super) async fn what_a_login_owns_is_kept_unless_the_grant_says_otherwise(w: World) {
    let access = w.own_login(1, "keep").await;
    access.granted_until(w.moment(60).await).await.unwrap();
    makes_a_table(&w, &access, "drafts", &w.database).await;
    let (role, password) = w.decrypts(access.ciphertext.as_deref().unwrap());
    let session = w.cluster.login(&role, &password, &w.database).await.unwrap();

    assert_eq!(access.revoked().await.unwrap(), Ensured::Made);
    let Seen::Cut { remnant } = access.seen().await.seen else { panic!("{:?}", access.seen().await) };
    assert!(remnant.contains(&role) && remnant.contains(&w.database), "{remnant}");
    assert!(!is_in(&session).await, "whoever was in is out");
    assert!(w.cluster.login(&role, &password, &w.database).await.is_err(), "and nobody gets in");
    assert_eq!(access.revoked().await.unwrap(), Ensured::AlreadySo);
    assert_eq!(w.count("SELECT count(*) FROM drafts").await, 1, "nothing was lost");

    // Once people have decided, the role goes with the next try.
    w.root_runs(&format!("REASSIGN OWNED BY {role} TO postgres")).await;
    assert_eq!(access.revoked().await.unwrap(), Ensured::Made);
    assert_eq!(access.seen().await.seen, Seen::Absent);
}

pub(super) async fn what_a_login_owns_goes_to_the_group_in_every_database(w: World) {
    let other = format!("{}_other", w.database);
    w.root_runs(&format!("CREATE DATABASE {other}")).await;
    let other_root = w.cluster.login("postgres", "supersecret", &other).await.unwrap();
    other_root.batch_execute(&format!("GRANT CREATE, USAGE ON SCHEMA public TO {}", w.group)).await.unwrap();

    let access = w.own_login(1, "reassign").await;
    access.granted_until(w.moment(60).await).await.unwrap();
    makes_a_table(&w, &access, "drafts", &w.database).await;
    makes_a_table(&w, &access, "more", &other).await;
    access.revoked().await.unwrap();
    assert_eq!(access.seen().await.seen, Seen::Absent);
    let sql = format!("SELECT count(*) FROM pg_tables WHERE tablename IN ('drafts', 'more') AND tableowner = '{}'", w.group);
    assert_eq!(w.count(&sql).await, 1);
    assert_eq!(other_root.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0), 1);
    // What was borrowed for it is given back, and what the bot had it still has.
    let sql = format!(
        "SELECT count(*) FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member JOIN pg_roles g ON g.oid = m.roleid \
          WHERE u.rolname = '{}' AND g.rolname = '{}' AND m.admin_option",
        w.bot, w.group
    );
    assert_eq!(w.count(&sql).await, 1);
    assert_eq!(w.count(&sql.replace("m.admin_option", "NOT m.admin_option")).await, 0);
}

pub(super) async fn rights_that_somebody_else_gave_a_login_are_named_as_what_remains(w: World) {
    let access = w.own_login(1, "reassign").await;
    let role = &access.description.thing;
    access.granted_until(w.moment(60).await).await.unwrap();
    w.root_runs(&format!("CREATE TABLE extra (x int); GRANT SELECT ON extra TO {role}")).await;

    assert_eq!(access.revoked().await.unwrap(), Ensured::Made);
    let remnant = format!("the role `{role}` remains, without login: it has rights on 1 object in `{}`", w.database);
    assert_eq!(access.seen().await.seen, Seen::Cut { remnant });
    w.root_runs(&format!("REVOKE SELECT ON extra FROM {role}")).await;
    assert_eq!(access.revoked().await.unwrap(), Ensured::Made);
    assert_eq!(access.seen().await.seen, Seen::Absent);
}

pub(super) async fn the_password_is_written_down_nowhere(w: World) {
    let access = w.own_login(1, "keep").await;
    let (role, password) = w.decrypts(access.ciphertext.as_deref().unwrap());
    access.granted_until(w.moment(60).await).await.unwrap();
    let session = w.cluster.login(&role, &password, &w.database).await.unwrap();
    assert!(can_read(&session).await);

    let log = w.cluster.log();
    assert!(log.contains(&format!("CREATE ROLE \"{role}\"")), "the server logs every statement");
    assert!(!log.contains(&password));
    assert!(!serde_json::to_string(&access.description).unwrap().contains(&password));
    let sql = format!(
        "SELECT (SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%' || '{password}' || '%' AND pid <> pg_backend_pid()) \
              + (SELECT count(*) FROM pg_authid WHERE rolpassword LIKE '%{password}%')"
    );
    assert_eq!(w.count(&sql).await, 0);
    let sql = format!("SELECT count(*) FROM pg_authid WHERE rolname = '{role}' AND rolpassword LIKE 'SCRAM-SHA-256$%'");
    assert_eq!(w.count(&sql).await, 1);
    access.revoked().await.unwrap();

    // Nor is our own, when it does not work.
    let provider = w.provider_at(&w.cluster.url(&w.bot, "hunter2"), json!({}));
    let error = provider.observe(&call(), &access.description).await.unwrap_err();
    assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::NeedsHuman, "28P01"));
    assert!(!format!("{error:?} {error}").contains("hunter2"));
}

pub(super) async fn a_login_that_was_altered_is_drift_and_is_repaired(w: World) {
    let access = w.own_login(1, "keep").await;
    let until = w.moment(60).await;
    let good = Seen::Present { level: access.level.clone(), until: Some(until) };
    let role = &access.description.thing;
    access.granted_until(until).await.unwrap();
    for alteration in [
        format!("ALTER ROLE {role} CREATEDB"),
        format!("ALTER ROLE {role} CONNECTION LIMIT 90"),
        format!("ALTER ROLE {role} VALID UNTIL 'infinity'"),
        format!("REVOKE {} FROM {role} GRANTED BY {}", w.group, w.bot),
        format!("ALTER ROLE {role} NOLOGIN"),
    ] {
        w.root_runs(&alteration).await;
        assert_ne!(access.seen().await.seen, good, "{alteration}");
        if alteration.ends_with("CREATEDB") && w.version == Version::V18 {
            // From 16 on that takes an attribute that we do not have. It stays drift, and it still ends.
            let error = access.granted_until(until).await.unwrap_err();
            assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::NeedsHuman, "42501"));
            w.root_runs(&format!("ALTER ROLE {role} NOCREATEDB")).await;
            continue;
        }
        assert_eq!(access.granted_until(until).await.unwrap(), Ensured::Made, "{alteration}");
        assert_eq!(access.seen().await.seen, good, "{alteration}");
    }
    access.revoked().await.unwrap();
    assert_eq!(access.seen().await.seen, Seen::Absent);
}
