//! The real program in front of real PostgreSQL servers: what is approved in Slack is there in the server's own tables, and
//! what is over is not.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_postgres::Client;

use crate::kill::story;
use crate::support::postgres::{Version, World};
use crate::support::process::Rig;
use crate::support::world::account;

const TWO_HOURS_MS: i64 = 2 * 3_600_000;
/// What a policy allows unless it says otherwise.
const START_WITHIN_MS: i64 = 3_600_000;

/// A program that gives `shape` of the story's group, at the server's time, through an address of its own.
async fn rig(w: &World, shape: Value, server: SocketAddr) -> Rig {
    let mut rig = Rig::starting_at(w.moment(0).await.as_millis()).await;
    let key = w.key.to_public();
    let person = &w.person;
    rig.write_policy(
        "people.yaml",
        &format!(
            "version: 1\npeople:\n\
             - {{ id: maya, name: Maya Okafor, slack: [U0MAYA], kind: employee, keys: [\"{key}\"], accounts: {{ shop: {person} }} }}\n\
             - {{ id: carol, name: Carol Winter, slack: [U0CAROL], kind: employee }}\n\
             - {{ id: dave, name: Dave Novak, slack: [U0DAVE], kind: employee }}\n\
             - {{ id: priya, name: Priya Raman, slack: [U0PRIYA], kind: employee }}\n\
             groups:\n- {{ id: dba, members: [carol, dave] }}\n- {{ id: shop, members: [maya] }}\n"
        ),
    );
    rig.write_policy(
        "policies.yaml",
        "version: 1\npolicies:\n- id: read\n  about: The shop may read its orders.\n  who: { group: shop }\n  \
         what: { resource: prod/orders, role: readonly }\n  for: { max: 4h, default: 2h }\n  approve: [ { by: owners } ]\n",
    );
    rig.write_policy(
        "resources.yaml",
        &format!(
            "version: 1\nproviders:\n- {{ id: shop, kind: postgres, url_env: SHOP_URL }}\nresources:\n- id: prod/orders\n  \
             name: Orders\n  provider: shop\n  owners: [dba]\n  channel: C0DBACCESS\n  roles:\n  - {{ id: readonly, name: Read, grant: {shape} }}\n"
        ),
    );
    rig.environment.push(("SHOP_URL".to_owned(), format!("postgres://{}:bot@{server}/postgres", w.bot)));
    rig
}

async fn memberships(w: &World) -> i64 {
    let sql = "SELECT count(*) FROM pg_auth_members WHERE roleid = $1::text::regrole AND member = $2::text::regrole";
    w.root.query_one(sql, &[&w.group, &w.person]).await.unwrap().get(0)
}

async fn in_force(rig: &mut Rig) {
    rig.until("in force", async |rig| story::grant_is(rig, "active").await && story::told_maya(rig, "grant.done")).await;
}

async fn ended(rig: &mut Rig) {
    rig.until("ended", async |rig| story::grant_is(rig, "ended").await && story::told_maya(rig, "verified at the provider"))
        .await;
}

async fn can_read(client: &Client) -> bool {
    client.query("SELECT * FROM orders", &[]).await.is_ok()
}

async fn a_membership_is_there_while_it_is_in_force(w: World) {
    let mut rig = rig(&w, json!({ "member_of": w.group }), w.cluster.address).await;
    story::ask_and_agree(&mut rig).await;
    in_force(&mut rig).await;
    assert_eq!(memberships(&w).await, 1);
    let maya = w.person_logs_in().await;
    assert!(can_read(&maya).await);
    // Where a membership cannot be kept from it, a session becomes the group, and would outlive the membership.
    let became_the_group = maya.batch_execute(&format!("SET ROLE {}", w.group)).await.is_ok();
    assert_eq!(became_the_group, w.version == Version::V15);

    rig.push(TWO_HOURS_MS).await;
    ended(&mut rig).await;
    assert_eq!(memberships(&w).await, 0);
    assert_eq!(maya.simple_query("SELECT 1").await.is_err(), became_the_group, "such a session is gone");
    assert!(!can_read(&maya).await);
    assert!(!can_read(&w.person_logs_in().await).await);
}

async fn a_login_of_its_own_is_there_while_it_is_in_force(w: World) {
    let mut rig = rig(&w, json!({ "login_in": w.group, "owned_objects": "reassign" }), w.cluster.address).await;
    story::ask_and_agree(&mut rig).await;
    in_force(&mut rig).await;
    let (role, password) = w.decrypts(&secret(&rig));
    let sql = "SELECT rolcanlogin, (extract(epoch FROM rolvaliduntil) * 1000)::int8 FROM pg_roles WHERE rolname = $1";
    let kept = w.root.query_one(sql, &[&role]).await.unwrap();
    assert!(kept.get::<_, bool>(0));
    // What the server keeps by itself is the latest end that was committed with the approval: 2 h from the latest start.
    let grants = rig.insist(json!({ "op": "grants" })).await;
    let later_ms = kept.get::<_, i64>(1) - grants["grants"][0]["ends_at_ms"].as_i64().unwrap();
    assert!((0..=START_WITHIN_MS).contains(&later_ms), "{later_ms}");
    let maya = w.cluster.login(&role, &password, &w.database).await.unwrap();
    assert!(can_read(&maya).await);

    rig.push(TWO_HOURS_MS).await;
    ended(&mut rig).await;
    assert!(w.root.query_opt(sql, &[&role]).await.unwrap().is_none(), "the role is dropped");
    assert!(maya.simple_query("SELECT 1").await.is_err(), "the open session is gone");
    assert!(w.cluster.login(&role, &password, &w.database).await.is_err());
    assert!(!story::told_maya(&rig, SECRET_BEGINS), "what opens nothing any more is not shown any more");
}

async fn a_server_that_is_away_at_the_end_is_told_and_made_good(w: World) {
    let door = Door::open(w.cluster.address).await;
    let mut rig = rig(&w, json!({ "member_of": w.group }), door.address).await;
    story::ask_and_agree(&mut rig).await;
    in_force(&mut rig).await;

    door.is_open.send_replace(false);
    rig.push(TWO_HOURS_MS).await;
    rig.until("overdue", async |rig| {
        let grants = rig.ask(json!({ "op": "grants" })).await;
        grants.is_some_and(|grants| grants["grants"][0]["overdue"] == true)
    })
    .await;
    assert_eq!(memberships(&w).await, 1, "nobody could take it");
    rig.until("the alarm", async |rig| !rig.slack.messages("C0SECURITY").is_empty()).await;

    door.is_open.send_replace(true);
    ended(&mut rig).await;
    assert_eq!(memberships(&w).await, 0);
}

const SECRET_BEGINS: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// The encrypted text in Maya's messages, as she copies it.
fn secret(rig: &Rig) -> String {
    fn texts(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
            Value::Object(all) => all.values().for_each(|one| texts(one, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = Vec::new();
    rig.slack.dm(&account("maya")).iter().for_each(|message| texts(&Value::from(message.blocks.clone()), &mut found));
    found.into_iter().find(|text| text.starts_with(SECRET_BEGINS)).expect("an encrypted text")
}

/// A way to a server that can be closed: then nobody gets through, and whoever was is thrown out.
struct Door {
    address: SocketAddr,
    is_open: watch::Sender<bool>,
}

impl Door {
    async fn open(server: SocketAddr) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_open = watch::Sender::new(true);
        let door = Door { address, is_open: is_open.clone() };
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut open = is_open.subscribe();
                tokio::spawn(async move {
                    if !*open.borrow() {
                        return;
                    }
                    let mut server = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        _ = open.wait_for(|open| !open) => {}
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    }
                });
            }
        });
        door
    }
}

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
    a_membership_is_there_while_it_is_in_force
    a_login_of_its_own_is_there_while_it_is_in_force
    a_server_that_is_away_at_the_end_is_told_and_made_good
}
