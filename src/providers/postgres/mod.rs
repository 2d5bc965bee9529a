//! The adapter for PostgreSQL, 14 and later: membership of an existing login, or a login of its own for each grant.
//!
//! It hands out groups and nothing else: never superusers, never itself, and predefined roles only where they are listed. A
//! right taken away also ends the sessions that could outlive it.

mod error;
mod inventory;
mod login;
mod member;
mod quote;
mod removal;
mod roles;
pub mod secret;
mod session;
mod sessions;
pub mod shape;
mod validate;

use std::path::Path;

use async_trait::async_trait;
use serde_json::Value;

use crate::access::entitlement::{Class, Description, NativeExpiry, Observation, Shape, Target};
use crate::access::ids::ProviderId;

use super::build::{BuildError, Settings, only_options};
use super::deadline::{InDoubt, within};
use super::marks::remote_name;
use super::{Call, Caps, Ensured, Finding, GrantShape, Page, Plan, Provider, ProviderError, Wanted};
use session::Address;
use shape::{Data, Grant, LoginData};

/// The kind, as policy files name it.
pub const KIND: &str = "postgres";

/// One PostgreSQL cluster.
pub struct Postgres {
    id: ProviderId,
    address: Address,
    /// Groups that [`Provider::validate`] must find grantable.
    groups: Vec<String>,
    /// Predefined roles that may be given all the same.
    predefined: Vec<String>,
}

impl Postgres {
    /// An adapter for the cluster at `settings.url`. Options: `groups` (checked by `validate`) and `predefined` (`pg_…` roles that
    /// may be given), both lists of names; `tls_roots`, a PEM file of authorities beside the machine's own.
    ///
    /// # Errors
    /// When the address or an option cannot be used.
    pub fn new(id: ProviderId, settings: &Settings) -> Result<Postgres, BuildError> {
        only_options(KIND, &settings.options, &["groups", "predefined", "tls_roots"])?;
        let tls_roots = match settings.options.get("tls_roots") {
            None => None,
            Some(Value::String(path)) => Some(Path::new(path)),
            Some(_) => return Err(BuildError::BadOption { option: "tls_roots", expected: "the path of a PEM file" }),
        };
        Ok(Postgres {
            id,
            address: Address::new(&settings.url, tls_roots)?,
            groups: names(&settings.options, "groups")?,
            predefined: names(&settings.options, "predefined")?,
        })
    }

    fn describe(&self, wanted: &Wanted, thing: String, mode: &Data) -> Result<Description, ProviderError> {
        let data =
            serde_json::to_string(mode).map_err(|wrong| ProviderError::new(Class::Permanent, "bad_grant", wrong.to_string()))?;
        let (shape, native_expiry) = match mode {
            Data::Member => (Shape::Edge, NativeExpiry::None),
            Data::Login(_) => (Shape::Owned, NativeExpiry::Exact),
        };
        Ok(Description {
            provider: self.id.clone(),
            kind: KIND.to_owned(),
            fingerprint: None,
            subject: wanted.account.clone(),
            thing,
            shape,
            native_expiry,
            remote_name: remote_name(&wanted.installation, wanted.grant)?,
            data,
            lands_within_ms: session::LANDS_WITHIN_MS,
        })
    }
}

fn names(options: &GrantShape, option: &'static str) -> Result<Vec<String>, BuildError> {
    let bad = || BuildError::BadOption { option, expected: "a list of role names" };
    match options.get(option) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(bad)).collect(),
        Some(_) => Err(bad()),
    }
}

#[async_trait]
impl Provider for Postgres {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn caps(&self, shape: &GrantShape) -> Caps {
        // A shape that cannot be read promises the least.
        let is_login = matches!(Grant::read(shape), Ok(Grant::LoginIn(_)));
        Caps {
            shape: if is_login { Shape::Owned } else { Shape::Edge },
            native_expiry: if is_login { NativeExpiry::Exact } else { NativeExpiry::None },
            kills_sessions: true,
            residual: None,
            delivers_secret: is_login,
            inventory: true,
        }
    }

    async fn validate(&self, call: &Call) -> Result<Vec<Finding>, ProviderError> {
        let look = async {
            let session = self.address.connect(call).await?;
            validate::findings(&self.address, &session, &self.groups).await
        };
        within(call, &InDoubt::default(), look).await
    }

    async fn resolve(&self, call: &Call, account: &str) -> Result<(), ProviderError> {
        let look = async {
            let session = self.address.connect(call).await?;
            member::resolve(&session, account).await
        };
        within(call, &InDoubt::default(), look).await
    }

    async fn plan(&self, _call: &Call, wanted: &Wanted) -> Result<Plan, ProviderError> {
        let grant =
            Grant::read(&wanted.shape).map_err(|wrong| ProviderError::new(Class::Permanent, "bad_grant", wrong.to_string()))?;
        match grant {
            Grant::MemberOf(group) => {
                quote::quote_ident(&wanted.account)?;
                let description = self.describe(wanted, group, &Data::Member)?;
                Ok(Plan { description, level: member::level(), ciphertext: None })
            }
            Grant::LoginIn(login) => {
                let role = login::role_name(&wanted.installation, wanted.grant)?;
                let sealed = secret::seal(&role, &wanted.keys)?;
                let data = Data::Login(LoginData {
                    group: login.group,
                    verifier: sealed.verifier,
                    connection_limit: login.connection_limit,
                    owned_objects: login.owned_objects,
                });
                let description = self.describe(wanted, role, &data)?;
                Ok(Plan { description, level: login::level(), ciphertext: Some(sealed.ciphertext) })
            }
        }
    }

    async fn observe(&self, call: &Call, what: &Description) -> Result<Observation, ProviderError> {
        let data = Data::of(what)?;
        let look = async {
            let session = self.address.connect(call).await?;
            if session.server.is_standby && what.fingerprint.is_none() {
                // The first look settles which server is meant, and it must not be this one.
                return Err(session::standby());
            }
            match &data {
                Data::Member => member::observe(&session, call, what).await,
                Data::Login(login) => login::observe(&session, call, what, login).await,
            }
        };
        within(call, &InDoubt::default(), look).await
    }

    async fn ensure(&self, call: &Call, what: &Description, target: &Target) -> Result<Ensured, ProviderError> {
        let data = Data::of(what)?;
        let doubt = InDoubt::default();
        let work = async {
            let mut session = self.address.connect(call).await?;
            session.may_change(what)?;
            match (&data, target) {
                (Data::Member, _) => member::ensure(&mut session, &doubt, what, target, &self.predefined).await,
                (Data::Login(login), Target::Absent) => {
                    removal::ensure_absent(&self.address, &mut session, call, &doubt, what, login).await
                }
                (Data::Login(login), Target::Present { level, until }) if *level == login::level() => {
                    login::is_own(what)?;
                    login::ensure_present(&mut session, &doubt, what, login, *until, &self.predefined).await
                }
                (Data::Login(_), Target::Present { level, .. }) => {
                    let message = format!("`{}` is no level of a login of its own", level.name);
                    Err(ProviderError::new(Class::Permanent, "unknown_level", message))
                }
            }
        };
        within(call, &doubt, work).await
    }

    async fn inventory(&self, call: &Call, cursor: Option<String>) -> Result<Page, ProviderError> {
        let look = async {
            let session = self.address.connect(call).await?;
            inventory::page(&session, cursor.as_deref()).await
        };
        within(call, &InDoubt::default(), look).await
    }
}
