//! Connections: one per call, bounded in every way, and closed with it.
//!
//! A session that is dropped is cut at once. What was not committed by then is undone by the server; a `COMMIT` under way is
//! the only thing that may still land, and the server's own time limits bound that.

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Row, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::access::entitlement::{Class, Description};
use crate::providers::build::BuildError;
use crate::providers::deadline::InDoubt;
use crate::providers::http::CONNECT_TIMEOUT;
use crate::providers::{Call, ProviderError, marks, tls};

use super::error::{classify, classify_connect};

/// How long one statement waits for a lock.
const LOCK_TIMEOUT_MS: u128 = 3_000;
/// How long one statement may run, however patient the caller is.
const STATEMENT_TIMEOUT_MAX_MS: u128 = 10_000;
/// How long after a call was given up something of it may still be carried out: the one statement under way, and the way there.
pub const LANDS_WITHIN_MS: u64 = 12_000;

/// Where the server is and who we are there.
pub struct Address {
    config: Config,
    tls: MakeRustlsConnect,
    url: SecretString,
    password: SecretString,
}

/// A connection, with what is known of the server at its other end.
pub struct Session<'a> {
    address: &'a Address,
    client: Client,
    task: JoinHandle<()>,
    /// The server and our role there.
    pub server: Server,
}

/// The server at the other end.
#[derive(Debug, Clone)]
pub struct Server {
    /// Which cluster it is: `pg-<system identifier>`, and `-standby` while it only follows another.
    pub fingerprint: String,
    /// Such as 150018 or 180004.
    pub version: i32,
    /// Whether it is a standby, where nothing can be changed and what is seen may be old.
    pub is_standby: bool,
    /// The oid of our own role.
    pub me: u32,
    /// The name of our own role.
    pub my_name: String,
}

/// A parameter with its type, so that a query takes one round trip.
pub type Param<'a> = (&'a (dyn ToSql + Sync), Type);

impl Address {
    /// Reads a `postgres://` URL (or `key=value` text). TLS is required off loopback unless `sslmode=disable` says otherwise,
    /// and is always verified; `verify-ca` and `verify-full` therefore mean the same as `require`. `tls_roots`
    /// is a PEM file of further authorities.
    ///
    /// # Errors
    /// When it cannot be read or names more than one host.
    pub fn new(url: &SecretString, tls_roots: Option<&Path>) -> Result<Address, BuildError> {
        let text =
            url.expose_secret().replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
        let mut config: Config = text.parse().map_err(|_| BuildError::Address("it is not a PostgreSQL address"))?;
        if config.get_hosts().len() != 1 || !config.get_hostaddrs().is_empty() {
            return Err(BuildError::Address("it must name exactly one host"));
        }
        if config.get_ssl_mode() == SslMode::Prefer {
            let mode = if is_near(&config) { SslMode::Disable } else { SslMode::Require };
            config.ssl_mode(mode);
        }
        config.connect_timeout(CONNECT_TIMEOUT).application_name("daypass");
        let password = String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned();
        Ok(Address {
            tls: MakeRustlsConnect::new(tls::client_config(tls_roots)?),
            config,
            url: url.clone(),
            password: password.into(),
        })
    }

    /// Whether passwords and verifiers cross a network in clear.
    pub fn is_in_clear(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Disable && !is_near(&self.config)
    }

    /// Connects to the configured database.
    pub async fn connect(&self, call: &Call) -> Result<Session<'_>, ProviderError> {
        self.open(call, self.config.clone()).await
    }

    /// Connects to another database of the same server.
    pub async fn connect_to(&self, call: &Call, database: &str) -> Result<Session<'_>, ProviderError> {
        let mut config = self.config.clone();
        config.dbname(database);
        self.open(call, config).await
    }

    async fn open(&self, call: &Call, config: Config) -> Result<Session<'_>, ProviderError> {
        let (client, connection) =
            config.connect(self.tls.clone()).await.map_err(|error| classify_connect(&error, &self.secrets()))?;
        // The task ends with the connection; `Session::drop` ends both.
        let task = tokio::spawn(async move { drop(connection.await) });
        let server = Server { fingerprint: String::new(), version: 0, is_standby: false, me: 0, my_name: String::new() };
        let mut session = Session { address: self, client, task, server };
        session.begin(call.timeout).await?;
        Ok(session)
    }

    fn secrets(&self) -> [&str; 2] {
        [self.url.expose_secret(), self.password.expose_secret()]
    }
}

fn is_near(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => tls::is_loopback(name),
        Host::Unix(_) => true,
    })
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session<'_> {
    /// Bounds the session, shuts out objects that others could put in the way of ours, and asks who is there.
    async fn begin(&mut self, timeout: Duration) -> Result<(), ProviderError> {
        let doubt = InDoubt::default();
        let statement_ms = timeout.as_millis().clamp(1, STATEMENT_TIMEOUT_MAX_MS);
        let lock_ms = LOCK_TIMEOUT_MS.min(statement_ms);
        let bounds = format!(
            "SET search_path = pg_catalog, pg_temp; SET lock_timeout = {lock_ms}; SET statement_timeout = {statement_ms}; \
             SET idle_in_transaction_session_timeout = {statement_ms}; SET standard_conforming_strings = on; \
             SET client_min_messages = warning"
        );
        self.client.batch_execute(&bounds).await.map_err(|error| self.failure(&error, &doubt))?;
        let sql = "SELECT current_setting('server_version_num')::int4, pg_is_in_recovery(), \
                          (SELECT system_identifier::text FROM pg_control_system()), \
                          (SELECT oid FROM pg_roles WHERE rolname = current_user), current_user::text";
        let rows = self.query(sql, &[]).await?;
        let row = rows.first().ok_or_else(|| unreadable("the server"))?;
        let (is_standby, id): (bool, String) = (get(row, 1)?, get(row, 2)?);
        self.server = Server {
            fingerprint: format!("pg-{id}{}", if is_standby { "-standby" } else { "" }),
            version: get(row, 0)?,
            is_standby,
            me: get(row, 3)?,
            my_name: get(row, 4)?,
        };
        Ok(())
    }

    /// Whether memberships carry their own options and their grantor's name (16 and later).
    pub fn has_options(&self) -> bool {
        self.server.version >= 160_000
    }

    /// Refuses to go on at another server than the one meant, or at a standby, where nothing can be changed.
    pub fn may_change(&self, what: &Description) -> Result<(), ProviderError> {
        marks::same_server(what, &self.server.fingerprint)?;
        if self.server.is_standby { Err(standby()) } else { Ok(()) }
    }

    /// A read in one round trip.
    pub async fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, ProviderError> {
        self.client.query_typed(sql, params).await.map_err(|error| self.failure(&error, &InDoubt::default()))
    }

    /// Begins a transaction that holds the lock on `name`, so that two workers never change the same access at once.
    pub async fn locked(&mut self, name: &str) -> Result<Locked<'_>, ProviderError> {
        let secrets = self.address;
        let doubt = InDoubt::default();
        let fail = |error: tokio_postgres::Error| classify(&error, &doubt, &secrets.secrets());
        let transaction = self.client.transaction().await.map_err(fail)?;
        let key = format!("daypass:{name}");
        let lock = "SELECT pg_advisory_xact_lock(hashtext($1)::int8)";
        transaction.query_typed(lock, &[(&key, Type::TEXT)]).await.map_err(fail)?;
        Ok(Locked { transaction, address: secrets })
    }

    fn failure(&self, error: &tokio_postgres::Error, doubt: &InDoubt) -> ProviderError {
        classify(error, doubt, &self.address.secrets())
    }
}

/// A transaction that holds the lock on one access. Dropped without [`Locked::commit`], it leaves nothing behind.
pub struct Locked<'a> {
    transaction: Transaction<'a>,
    address: &'a Address,
}

impl Locked<'_> {
    /// A read in one round trip.
    pub async fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, ProviderError> {
        self.transaction.query_typed(sql, params).await.map_err(|error| self.failure(&error, &InDoubt::default()))
    }

    /// Runs statements, made with `quote_ident` and `quote_literal`.
    pub async fn run(&self, sql: &str) -> Result<(), ProviderError> {
        self.transaction.batch_execute(sql).await.map_err(|error| self.failure(&error, &InDoubt::default()))
    }

    /// Makes it so. Only while this is under way is the outcome in doubt.
    pub async fn commit(self, doubt: &InDoubt) -> Result<(), ProviderError> {
        let address = self.address;
        doubt.begins();
        self.transaction.commit().await.map_err(|error| classify(&error, doubt, &address.secrets()))?;
        doubt.settled();
        Ok(())
    }

    fn failure(&self, error: &tokio_postgres::Error, doubt: &InDoubt) -> ProviderError {
        classify(error, doubt, &self.address.secrets())
    }
}

/// A column of a row.
pub fn get<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, ProviderError> {
    row.try_get(column).map_err(|_| unreadable("a catalogue"))
}

/// What a standby shows may be old, and it takes no change.
pub fn standby() -> ProviderError {
    ProviderError::new(Class::NeedsHuman, "standby", "the server is a standby; the provider must point to the primary")
}

fn unreadable(what: &str) -> ProviderError {
    ProviderError::new(Class::NeedsHuman, "unreadable_answer", format!("{what} answers in a way that is not known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        Address::new(&SecretString::from(url), None).unwrap().config.get_ssl_mode()
    }

    #[test]
    fn off_loopback_tls_is_never_left_to_the_server() {
        assert_eq!(mode("postgres://u:p@db.example.com/x"), SslMode::Require);
        assert_eq!(mode("postgres://u:p@db.example.com/x?sslmode=prefer"), SslMode::Require);
        assert_eq!(mode("postgres://u:p@db.example.com/x?sslmode=verify-full"), SslMode::Require);
        assert_eq!(mode("postgres://u:p@127.0.0.1/x"), SslMode::Disable);
        assert_eq!(mode("postgres://u:p@127.0.0.1/x?sslmode=require"), SslMode::Require);
        let open = Address::new(&SecretString::from("postgres://u:p@db.example.com/x?sslmode=disable"), None).unwrap();
        assert!(open.is_in_clear());
    }

    #[test]
    fn an_address_that_cannot_be_used_is_not_repeated() {
        for url in ["postgres://u:hunter2@a,b/x", "nonsense hunter2", "postgres://u:hunter2@a/x?sslmode=hunter2", ""] {
            let error = Address::new(&SecretString::from(url), None).err().unwrap();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
