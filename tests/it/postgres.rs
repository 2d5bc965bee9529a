//! The PostgreSQL adapter against real servers: 15, where memberships have no options, and 18.

mod login;
mod member;

use std::time::Duration;

use daypass::access::entitlement::{Class, Level, Seen, Target};
use daypass::providers::conformance::{self, Case, Faulty, Proxy, Speaks};
use daypass::providers::{Ensured, Severity};
use serde_json::json;
use tokio_postgres::Client;

use crate::support::postgres::{Access, Cluster, Version, World, call};

use login::*;
use member::*;

/// Each story once for each version.
macro_rules! on_both_versions {
    ($($name:ident)*) => {
        mod on_15 {
            $(#[tokio::test]
            #[ignore = "needs PostgreSQL"]
            async fn $name() {
                super::$name(super::World::new(super::Version::V15).await).await;
            })*
        }
        mod on_18 {
            $(#[tokio::test]
            #[ignore = "needs PostgreSQL"]
            async fn $name() {
                super::$name(super::World::new(super::Version::V18).await).await;
            })*
        }
    };
}

on_both_versions! {
    a_membership_conforms
    an_own_login_conforms
    a_session_that_became_the_group_is_gone_at_the_end
    a_standing_membership_is_left_as_it_was
    a_membership_that_somebody_else_granted_meanwhile_is_not_taken
    an_own_login_works_with_the_decrypted_password_and_not_after
    the_end_of_an_own_login_is_kept_by_the_server
    what_a_login_owns_is_kept_unless_the_grant_says_otherwise
    what_a_login_owns_goes_to_the_group_in_every_database
    rights_that_somebody_else_gave_a_login_are_named_as_what_remains
    two_revocations_at_once_leave_nothing_twenty_five_times
    another_server_is_not_believed
    a_standby_is_refused
    a_server_is_believed_only_with_a_certificate_that_proves_it
    hostile_names_stay_names
    the_password_is_written_down_nowhere
    what_must_never_be_given_is_refused
    a_login_that_was_altered_is_drift_and_is_repaired
    validate_says_what_is_too_much_and_too_little
    the_inventory_says_who_holds_what
    a_revocation_needs_neither_the_group_nor_the_person
}

async fn judged(w: &World, shape: serde_json::Value) {
    let proxy = Proxy::start(w.cluster.address).await.unwrap();
    let through = format!("postgres://{}:bot@{}/postgres", w.bot, proxy.address());
    let faulty =
        Faulty { subject: w.provider_at(&through, json!({})), proxy, speaks: Speaks::Tcp, delay_timeout: Duration::from_secs(1) };
    let case = Case {
        call: call(),
        wanted: w.wanted(1, shape),
        unknown_account: "nobody".to_owned(),
        prior: None,
        until: w.moment(24 * 60).await,
        faulty: Some(faulty),
    };
    let report = conformance::run(w.provider().as_ref(), &case).await;
    assert!(report.has_passed(), "{report}");
    assert_eq!(report.steps.len(), 29, "{report}");
}

async fn a_membership_conforms(w: World) {
    judged(&w, json!({ "member_of": w.group })).await;
}

async fn an_own_login_conforms(w: World) {
    judged(&w, json!({ "login_in": w.group })).await;
}

async fn can_read(client: &Client) -> bool {
    client.query("SELECT * FROM orders", &[]).await.is_ok()
}

/// Whether the session is still open, whatever it may do.
async fn is_in(client: &Client) -> bool {
    client.simple_query("SELECT 1").await.is_ok()
}

async fn two_revocations_at_once_leave_nothing_twenty_five_times(w: World) {
    let until = w.moment(60).await;
    for grant in 1..=25 {
        let access = w.own_login(grant, "keep").await;
        access.granted_until(until).await.unwrap();
        let (one, other) = tokio::join!(access.revoked(), access.revoked());
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        assert_eq!(access.seen().await.seen, Seen::Absent);
    }
    for _ in 1..=25 {
        let access = w.membership().await;
        access.granted().await.unwrap();
        let (one, other) = tokio::join!(access.revoked(), access.revoked());
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        assert_eq!(access.seen().await.seen, Seen::Absent);
    }
}

async fn another_server_is_not_believed(w: World) {
    let elsewhere = World::new(if w.version == Version::V15 { Version::V18 } else { Version::V15 }).await;
    for here in [w.membership().await, w.own_login(1, "keep").await] {
        let there = Access {
            provider: elsewhere.provider(),
            description: here.description.clone(),
            level: here.level.clone(),
            ciphertext: None,
        };
        let seen = there.seen().await;
        assert_ne!(Some(seen.fingerprint), here.description.fingerprint);
        for target in [Target::Absent, Target::Present { level: here.level.clone(), until: Some(w.moment(60).await) }] {
            let error = there.ensure(&target).await.unwrap_err();
            assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::NeedsHuman, "other_server"));
        }
    }
}

async fn a_standby_is_refused(w: World) {
    let standby = Cluster::start(w.version, "standby");
    let provider = w.provider_at(&standby.url("postgres", "supersecret"), json!({}));
    let wanted = w.wanted(1, json!({ "login_in": w.group }));
    let mut description = provider.plan(&call(), &wanted).await.unwrap().description;

    let error = provider.observe(&call(), &description).await.unwrap_err();
    assert_eq!(
        (error.trouble.class, error.trouble.code.as_str()),
        (Class::NeedsHuman, "standby"),
        "it never settles which server is meant"
    );
    let error = provider.ensure(&call(), &description, &Target::Absent).await.unwrap_err();
    assert_eq!(error.trouble.code, "standby");

    // The primary's name, when the primary has become a standby: not the same.
    description.fingerprint = Some("pg-1".to_owned());
    let found = provider.observe(&call(), &description).await.unwrap().fingerprint;
    description.fingerprint = Some(found.strip_suffix("-standby").unwrap().to_owned());
    assert_ne!(Some(provider.observe(&call(), &description).await.unwrap().fingerprint), description.fingerprint);
    let error = provider.ensure(&call(), &description, &Target::Absent).await.unwrap_err();
    assert_eq!(error.trouble.code, "other_server");
    assert!(provider.validate(&call()).await.unwrap().iter().any(|finding| finding.severity == Severity::Broken));
}

async fn a_server_is_believed_only_with_a_certificate_that_proves_it(w: World) {
    let server = Cluster::start(w.version, "tls");
    let validated = async |mode: &str, options: serde_json::Value| {
        let url = format!("{}?sslmode={mode}", server.url("postgres", "supersecret"));
        w.provider_at(&url, options).validate(&call()).await.map(drop).map_err(|error| error.trouble)
    };
    let roots = server.certificate();
    for mode in ["require", "verify-full"] {
        validated(mode, json!({ "tls_roots": roots })).await.unwrap();
        let trouble = validated(mode, json!({})).await.unwrap_err();
        assert_eq!((trouble.class, trouble.code.as_str()), (Class::Transient, "unreachable"));
        assert!(trouble.message.contains("certificate"), "{}", trouble.message);
    }
    let log = server.log();
    assert!(log.contains("SSL enabled"), "the connection was a protected one");

    // Where TLS is asked for and not to be had, nothing is sent in clear.
    let url = format!("{}?sslmode=require", w.cluster.url(&w.bot, "bot"));
    assert_eq!(w.provider_at(&url, json!({})).validate(&call()).await.unwrap_err().trouble.code, "unreachable");
}

async fn hostile_names_stay_names(w: World) {
    let number = &w.installation;
    for (index, name) in [
        "we\"ird'; DROP TABLE orders; --",
        "Robert'); DROP ROLE postgres; --",
        "back\\slash $$ $1 %s",
        "Ünï cødé 🙂",
        "current_user",
        "\u{202e}role",
        " spaces ",
    ]
    .into_iter()
    .enumerate()
    {
        let (group, person) = (format!("{name}{number}"), format!("p{name}{number}"));
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let admin = if w.version == Version::V15 { "WITH ADMIN OPTION" } else { "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE" };
        w.root_runs(&format!(
            "CREATE ROLE {0}; CREATE ROLE {1} LOGIN; GRANT {0} TO {2} {admin}",
            quoted(&group),
            quoted(&person),
            w.bot
        ))
        .await;
        let mut wanted = w.wanted(1, json!({ "member_of": group }));
        wanted.account = person.clone();
        w.provider().resolve(&call(), &person).await.unwrap();
        let access = w.access(wanted).await;
        assert_eq!(access.granted().await.unwrap(), Ensured::Made, "{name}");
        assert!(matches!(access.seen().await.seen, Seen::Present { .. }), "{name}");
        assert_eq!(access.revoked().await.unwrap(), Ensured::Made, "{name}");
        assert_eq!(access.seen().await.seen, Seen::Absent, "{name}");

        let grant = i64::try_from(index).unwrap() + 1;
        let login = w.access(w.wanted(grant, json!({ "login_in": group, "owned_objects": "reassign" }))).await;
        login.granted_until(w.moment(60).await).await.unwrap();
        assert_eq!(login.revoked().await.unwrap(), Ensured::Made, "{name}");
    }
    assert_eq!(w.count("SELECT count(*) FROM orders").await, 1);

    // Names that the server would cut short, and mean somebody else by.
    let mut wanted = w.wanted(1, json!({ "member_of": w.group }));
    for account in ["x".repeat(64), "a\0b".to_owned(), String::new()] {
        wanted.account = account;
        assert_eq!(w.provider().plan(&call(), &wanted).await.unwrap_err().trouble.code, "bad_name");
    }
}

async fn what_must_never_be_given_is_refused(w: World) {
    let refused = async |access: &Access, expected: &str| {
        let until = w.moment(60).await;
        let target = Target::Present { level: access.level.clone(), until: access.ciphertext.is_some().then_some(until) };
        let error = access.ensure(&target).await.unwrap_err();
        assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::Permanent, "refused"), "{error}");
        assert!(error.trouble.message.contains(expected), "{error}");
        assert_eq!(access.seen().await.seen, Seen::Absent);
    };
    let boss = format!("boss_{}", w.installation);
    w.root_runs(&format!("CREATE ROLE {boss} LOGIN SUPERUSER")).await;
    let (stair, door) = (format!("stair_{}", w.installation), format!("door_{}", w.installation));
    w.root_runs(&format!("CREATE ROLE {stair} IN ROLE {boss}; CREATE ROLE {door} IN ROLE {}", w.bot)).await;
    for mode in ["member_of", "login_in"] {
        refused(&w.access(w.wanted(1, json!({ mode: boss }))).await, "is a superuser").await;
        refused(&w.access(w.wanted(1, json!({ mode: stair }))).await, "in a superuser's role").await;
        refused(&w.access(w.wanted(1, json!({ mode: door }))).await, "in the role of Daypass").await;
        refused(&w.access(w.wanted(1, json!({ mode: "pg_read_all_data" }))).await, "predefined").await;
        refused(&w.access(w.wanted(1, json!({ mode: w.bot }))).await, "Daypass itself").await;
    }
    for account in [&boss, &w.bot] {
        let mut wanted = w.wanted(1, json!({ "member_of": w.group }));
        wanted.account = account.clone();
        // Only what was there before is seen: on 15 the bot is in the group itself, which is not ours to judge here.
        let access = w.access(wanted).await;
        if access.seen().await.seen == Seen::Absent {
            refused(&access, if *account == boss { "is a superuser" } else { "Daypass itself" }).await;
        }
        assert_eq!(w.provider().resolve(&call(), account).await.unwrap_err().trouble.class, Class::NeedsHuman);
    }

    // Listed, a predefined role may be given, if we may give it.
    let admin = if w.version == Version::V15 { "WITH ADMIN OPTION" } else { "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE" };
    w.root_runs(&format!("GRANT pg_monitor TO {} {admin}", w.bot)).await;
    let lenient = w.provider_at(&w.cluster.url(&w.bot, "bot"), json!({ "predefined": ["pg_monitor"] }));
    let access = w.access_by(lenient, w.wanted(1, json!({ "member_of": "pg_monitor" }))).await;
    assert_eq!(access.granted().await.unwrap(), Ensured::Made);
    assert_eq!(access.revoked().await.unwrap(), Ensured::Made);

    // A role that is not named after the grant is never altered, whatever a row says.
    let mut access = w.own_login(1, "reassign").await;
    access.description.thing.clone_from(&w.person);
    for target in [Target::Absent, Target::Present { level: access.level.clone(), until: Some(w.moment(60).await) }] {
        assert_eq!(access.ensure(&target).await.unwrap_err().trouble.code, "not_ours");
    }
    assert!(w.cluster.login(&w.person, "maya", &w.database).await.is_ok());
}

async fn validate_says_what_is_too_much_and_too_little(w: World) {
    let said = async |url: &str, options: serde_json::Value| {
        let findings = w.provider_at(url, options).validate(&call()).await.unwrap();
        let bad = findings.into_iter().filter(|finding| finding.severity > Severity::Fine);
        bad.map(|finding| format!("{:?}: {}", finding.severity, finding.message)).collect::<Vec<_>>().join("\n")
    };
    let bot = w.cluster.url(&w.bot, "bot");
    let as_it_should_be = said(&bot, json!({ "groups": [w.group] })).await;
    match w.version {
        Version::V18 => assert_eq!(as_it_should_be, ""),
        Version::V15 => {
            assert!(as_it_should_be.contains("CREATEROLE") && !as_it_should_be.contains("Broken"), "{as_it_should_be}")
        }
    }
    assert!(said(&bot, json!({ "groups": ["owners"] })).await.contains("Broken: `"));
    assert!(said(&w.cluster.url("postgres", "supersecret"), json!({})).await.contains("is a superuser"));

    let poor = format!("poor_{}", w.installation);
    w.root_runs(&format!("CREATE ROLE {poor} LOGIN BYPASSRLS PASSWORD 'poor'")).await;
    let poor = said(&w.cluster.url(&poor, "poor"), json!({})).await;
    for problem in ["cannot end open sessions", "may give no group", "BYPASSRLS"] {
        assert!(poor.contains(problem), "{problem}: {poor}");
    }
    if w.version == Version::V18 {
        w.root_runs(&format!("GRANT {} TO {} WITH ADMIN TRUE, INHERIT TRUE", w.group, w.bot)).await;
        assert!(said(&bot, json!({})).await.contains("has the rights of"));
    }
}

async fn the_inventory_says_who_holds_what(w: World) {
    w.root_runs(&format!("GRANT {} TO {}", w.group, w.person)).await;
    let access = w.own_login(9, "keep").await;
    access.granted_until(w.moment(60).await).await.unwrap();
    let (mut items, mut cursor) = (Vec::new(), None);
    loop {
        let page = w.provider().inventory(&call(), cursor).await.unwrap();
        items.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let of = |subject: &str| items.iter().filter(|item| item.subject == subject).collect::<Vec<_>>();
    let standing = of(&w.person);
    assert_eq!((standing.len(), standing[0].thing.as_str(), standing[0].level.as_str()), (1, w.group.as_str(), "member"));
    assert_eq!((standing[0].remote_name.as_deref(), &standing[0].flags), (None, &vec!["no_expiry".to_owned()]));
    let ours = of(&access.description.thing);
    assert_eq!(ours[0].remote_name.as_ref(), Some(&access.description.remote_name));
    assert_eq!(ours[0].flags, ["granted_by_daypass"]);
    let root = of("postgres");
    assert!(root.iter().any(|item| item.level == "superuser" && item.flags.contains(&"admin".to_owned())), "{root:?}");
}

async fn a_revocation_needs_neither_the_group_nor_the_person(w: World) {
    let (membership, login) = (w.membership().await, w.own_login(1, "keep").await);
    membership.granted().await.unwrap();
    login.granted_until(w.moment(60).await).await.unwrap();
    w.root_runs(&format!("DROP OWNED BY {0}; DROP ROLE {0}; DROP ROLE {1}", w.group, w.person)).await;
    assert_eq!(membership.revoked().await.unwrap(), Ensured::AlreadySo);
    assert_eq!(membership.seen().await.seen, Seen::Absent);
    assert_eq!(login.revoked().await.unwrap(), Ensured::Made);
    assert_eq!(login.seen().await.seen, Seen::Absent);
    let unknown = Target::Present { level: Level { name: "owner".to_owned(), rank: 9 }, until: None };
    for access in [membership, login] {
        assert_eq!(access.ensure(&unknown).await.unwrap_err().trouble.code, "unknown_level");
    }
}
