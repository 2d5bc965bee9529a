//! The adapter for the sandbox: a small server of accounts that hold levels on things, for the demo and for tests.
//!
//! It is the smallest whole adapter, and a good one to read first. A level replaces the one before it; nothing ends by
//! itself at the server; what we put there carries our mark.

use async_trait::async_trait;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::entitlement::{Class, Description, Level, Mark, NativeExpiry, Observation, Seen, Shape, Target};
use crate::access::ids::ProviderId;

use super::build::{BuildError, Settings, only_options};
use super::deadline::{InDoubt, within};
use super::http::{Ask, Http};
use super::marks::{mark_of, remote_name, same_server};
use super::shape::{ShapeError, only_keys, text};
use super::{Call, Caps, Ensured, Finding, GrantShape, Page, Plan, Provider, ProviderError, Severity, Standing, Wanted};

/// The kind, as policy files name it.
pub const KIND: &str = "sandbox";

/// The levels, lowest first.
const LEVELS: &[&str] = &["view", "readonly", "readwrite", "write", "poweruser", "admin"];
/// The sandbox decides a request while its connection is open, unless it is told to be late; then nothing bounds it but this.
const LANDS_WITHIN_MS: u64 = 10_000;
/// The longest name of an account or thing, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// One sandbox server.
pub struct Sandbox {
    id: ProviderId,
    http: Http,
}

impl Sandbox {
    /// An adapter for the server at `settings.url`, which must be on loopback or `https`.
    ///
    /// # Errors
    /// When the address cannot be used or there is no token.
    pub fn new(id: ProviderId, settings: &Settings) -> Result<Sandbox, BuildError> {
        only_options(KIND, &settings.options, &[])?;
        let token = settings.token.clone().filter(|token| !token.expose_secret().is_empty());
        let token = token.ok_or(BuildError::NoToken { kind: KIND })?;
        Ok(Sandbox { id, http: Http::new(&settings.url, Some(token))? })
    }

    async fn fingerprint(&self, call: &Call, doubt: &InDoubt) -> Result<String, ProviderError> {
        let ask = Ask { method: Method::GET, path: &["v1", "server"], ..Ask::default() };
        let server: Server = self.http.send(call, doubt, ask).await?;
        Ok(server.fingerprint)
    }

    async fn access(&self, call: &Call, doubt: &InDoubt, what: &Description) -> Result<Access, ProviderError> {
        let path = ["v1", "access", &what.subject, &what.thing];
        self.http.send(call, doubt, Ask { method: Method::GET, path: &path, ..Ask::default() }).await
    }
}

/// A role's `grant:` at a sandbox.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    level: Level,
    thing: Option<&'a str>,
}

impl<'a> Grant<'a> {
    /// Reads `{ level, thing? }`.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(shape: &'a GrantShape) -> Result<Grant<'a>, ShapeError> {
        only_keys(shape, &["level", "thing"])?;
        let name = text(shape, "level", NAME_BYTES_MAX)?.ok_or(ShapeError::Missing { keys: &["level"] })?;
        let expected = || format!("one of {}", LEVELS.join(", "));
        let level = level(name).ok_or_else(|| ShapeError::BadValue { key: "level", expected: expected() })?;
        Ok(Grant { level, thing: text(shape, "thing", NAME_BYTES_MAX)? })
    }
}

fn level(name: &str) -> Option<Level> {
    let place = LEVELS.iter().position(|level| *level == name)?;
    Some(Level { name: name.to_owned(), rank: u32::try_from(place + 1).ok()? })
}

/// What the description keeps for us.
#[derive(Serialize, Deserialize)]
struct Data {
    /// The rank that the first grant claimed. A lower one is somebody's standing access, put back.
    rank: u32,
}

#[derive(Deserialize)]
struct Server {
    fingerprint: String,
}

#[derive(Deserialize)]
struct Account {
    #[serde(rename = "account")]
    _account: String,
}

#[derive(Deserialize)]
struct Access {
    level: Option<String>,
    mark: Option<String>,
}

#[derive(Deserialize)]
struct Items {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    account: String,
    thing: String,
    level: String,
    mark: Option<String>,
}

#[async_trait]
impl Provider for Sandbox {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn caps(&self, _shape: &GrantShape) -> Caps {
        Caps {
            shape: Shape::Edge,
            native_expiry: NativeExpiry::None,
            kills_sessions: true,
            residual: None,
            delivers_secret: false,
            inventory: true,
        }
    }

    async fn validate(&self, call: &Call) -> Result<Vec<Finding>, ProviderError> {
        let doubt = InDoubt::default();
        let fingerprint = within(call, &doubt, self.fingerprint(call, &doubt)).await?;
        Ok(vec![Finding { severity: Severity::Fine, message: format!("the sandbox `{fingerprint}` answers") }])
    }

    async fn resolve(&self, call: &Call, account: &str) -> Result<(), ProviderError> {
        let doubt = InDoubt::default();
        let ask = Ask { method: Method::GET, path: &["v1", "accounts", account], ..Ask::default() };
        match within(call, &doubt, self.http.send::<Account>(call, &doubt, ask)).await {
            Ok(_) => Ok(()),
            Err(mut error) => {
                if matches!(error.trouble.code.as_str(), "no_such_account" | "http_404" | "bad_name") {
                    error.trouble.class = Class::NeedsHuman;
                    error.trouble.code = "no_such_account".to_owned();
                }
                Err(error)
            }
        }
    }

    async fn plan(&self, _call: &Call, wanted: &Wanted) -> Result<Plan, ProviderError> {
        let grant =
            Grant::read(&wanted.shape).map_err(|wrong| ProviderError::new(Class::Permanent, "bad_grant", wrong.to_string()))?;
        let data = serde_json::to_string(&Data { rank: grant.level.rank })
            .map_err(|wrong| ProviderError::new(Class::Permanent, "bad_grant", wrong.to_string()))?;
        let description = Description {
            provider: self.id.clone(),
            kind: KIND.to_owned(),
            fingerprint: None,
            subject: wanted.account.clone(),
            thing: grant.thing.unwrap_or(&wanted.resource).to_owned(),
            shape: Shape::Edge,
            native_expiry: NativeExpiry::None,
            remote_name: remote_name(&wanted.installation, wanted.grant)?,
            data,
            lands_within_ms: LANDS_WITHIN_MS,
        };
        Ok(Plan { description, level: grant.level, ciphertext: None })
    }

    async fn observe(&self, call: &Call, what: &Description) -> Result<Observation, ProviderError> {
        let doubt = InDoubt::default();
        let look = async {
            let fingerprint = self.fingerprint(call, &doubt).await?;
            let access = self.access(call, &doubt, what).await?;
            let mark = access.mark.as_deref().map_or(Mark::Unmarked, |mark| mark_of(mark, &what.remote_name));
            let seen = match access.level {
                None => Seen::Absent,
                Some(name) => {
                    let unknown =
                        || ProviderError::new(Class::NeedsHuman, "unknown_level", "the sandbox names a level unknown to us");
                    Seen::Present { level: level(&name).ok_or_else(unknown)?, until: None }
                }
            };
            Ok(Observation { fingerprint, seen, mark, at: call.at })
        };
        within(call, &doubt, look).await
    }

    async fn ensure(&self, call: &Call, what: &Description, target: &Target) -> Result<Ensured, ProviderError> {
        let doubt = InDoubt::default();
        let work = async {
            same_server(what, &self.fingerprint(call, &doubt).await?)?;
            let path = ["v1", "access", &what.subject, &what.thing];
            let there = self.access(call, &doubt, what).await?;
            let ask = match target {
                Target::Absent if there.level.is_none() => return Ok(Ensured::AlreadySo),
                Target::Absent => Ask { method: Method::DELETE, path: &path, ..Ask::default() },
                Target::Present { level, .. } if there.level.as_ref() == Some(&level.name) => return Ok(Ensured::AlreadySo),
                Target::Present { level, .. } => {
                    let mark = (level.rank >= planned_rank(what)).then_some(&what.remote_name);
                    Ask {
                        method: Method::PUT,
                        path: &path,
                        body: Some(json!({ "level": level.name, "mark": mark })),
                        ..Ask::default()
                    }
                }
            };
            self.http.send::<Access>(call, &doubt, ask).await?;
            Ok(Ensured::Made)
        };
        within(call, &doubt, work).await
    }

    async fn inventory(&self, call: &Call, _cursor: Option<String>) -> Result<Page, ProviderError> {
        let doubt = InDoubt::default();
        let ask = Ask { method: Method::GET, path: &["v1", "access"], ..Ask::default() };
        let Items { items } = within(call, &doubt, self.http.send(call, &doubt, ask)).await?;
        let items = items.into_iter().map(|item| Standing {
            flags: if item.level == "admin" { vec!["admin".to_owned()] } else { Vec::new() },
            subject: item.account,
            thing: item.thing,
            level: item.level,
            remote_name: item.mark,
        });
        Ok(Page { items: items.collect(), next: None })
    }
}

/// A description that cannot be read marks everything: an access without a mark would be nobody's to end.
fn planned_rank(what: &Description) -> u32 {
    serde_json::from_str::<Data>(&what.data).map_or(0, |data| data.rank)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn rank(name: &str) -> u32 {
        level(name).unwrap().rank
    }

    #[test]
    fn levels_are_ranked_and_unknown_ones_are_none() {
        assert!(rank("view") < rank("readonly") && rank("readonly") < rank("readwrite") && rank("readwrite") < rank("admin"));
        assert_eq!(level("Admin"), None);
    }

    #[test]
    fn a_grant_names_a_thing_or_means_the_resource() {
        let shape = |value: Value| value.as_object().unwrap().clone();
        assert_eq!(Grant::read(&shape(json!({"level": "view"}))).unwrap().thing, None);
        assert_eq!(Grant::read(&shape(json!({"level": "view", "thing": "a/b"}))).unwrap().thing, Some("a/b"));
    }
}
