//! A provider that makes a login of its own for each grant, with a password that only the person has: the sandbox, with a server
//! beside it that knows verifiers and nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use daypass::access::entitlement::{Description, Observation, Target};
use daypass::providers::postgres::secret::seal;
use daypass::providers::{Call, Caps, Ensured, Finding, GrantShape, Page, Plan, Provider, ProviderError, Wanted};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What the server knows: who may log in, and by which verifier.
#[derive(Clone, Default)]
pub struct Logins(Arc<Mutex<BTreeMap<String, String>>>);

impl Logins {
    /// An adapter that makes logins here, beside whatever `inner` does.
    pub fn beside(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        Arc::new(WithLogins { inner, logins: self.clone() })
    }

    /// Whether the server lets somebody in.
    pub fn lets_in(&self, user: &str, password: &str) -> bool {
        self.0.lock().unwrap().get(user).is_some_and(|verifier| fits(verifier, password))
    }

    /// The same with what a person was given: `PGUSER=…` and `PGPASSWORD=…`.
    pub fn lets_in_with(&self, given: &str) -> bool {
        let field = |name: &str| given.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{given}"));
        self.lets_in(field("PGUSER="), field("PGPASSWORD="))
    }
}

/// The check of a server: `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`.
fn fits(verifier: &str, password: &str) -> bool {
    let mac = |key: &[u8], text: &[u8]| -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text);
        mac.finalize().into_bytes().into()
    };
    let (head, keys) = verifier.strip_prefix("SCRAM-SHA-256$").unwrap().split_once('$').unwrap();
    let (iterations, salt) = head.split_once(':').unwrap();
    let (iterations, salt) = (iterations.parse::<usize>().unwrap(), STANDARD.decode(salt).unwrap());
    let mut block = mac(password.as_bytes(), &[&salt[..], &[0, 0, 0, 1]].concat());
    let mut salted = block;
    for _ in 1..iterations {
        block = mac(password.as_bytes(), &block);
        salted.iter_mut().zip(block).for_each(|(all, one)| *all ^= one);
    }
    let stored = Sha256::digest(mac(&salted, b"Client Key"));
    keys.split_once(':').unwrap().0 == STANDARD.encode(stored)
}

struct WithLogins {
    inner: Arc<dyn Provider>,
    logins: Logins,
}

/// The user and the verifier that a plan wrote down.
fn login(what: &Description) -> (String, String) {
    let data: Value = serde_json::from_str(&what.data).unwrap();
    (data["user"].as_str().unwrap().to_owned(), data["verifier"].as_str().unwrap().to_owned())
}

#[async_trait]
impl Provider for WithLogins {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn caps(&self, shape: &GrantShape) -> Caps {
        Caps { delivers_secret: true, ..self.inner.caps(shape) }
    }

    async fn validate(&self, call: &Call) -> Result<Vec<Finding>, ProviderError> {
        self.inner.validate(call).await
    }

    async fn resolve(&self, call: &Call, account: &str) -> Result<(), ProviderError> {
        self.inner.resolve(call, account).await
    }

    async fn plan(&self, call: &Call, wanted: &Wanted) -> Result<Plan, ProviderError> {
        let mut plan = self.inner.plan(call, wanted).await?;
        let user = format!("daypass_{}", wanted.grant);
        let sealed = seal(&user, &wanted.keys)?;
        let mut data: Value = serde_json::from_str(&plan.description.data).unwrap();
        data["user"] = json!(user);
        data["verifier"] = json!(sealed.verifier);
        plan.description.data = data.to_string();
        Ok(Plan { ciphertext: Some(sealed.ciphertext), ..plan })
    }

    async fn observe(&self, call: &Call, what: &Description) -> Result<Observation, ProviderError> {
        self.inner.observe(call, what).await
    }

    async fn ensure(&self, call: &Call, what: &Description, target: &Target) -> Result<Ensured, ProviderError> {
        let done = self.inner.ensure(call, what, target).await?;
        let (user, verifier) = login(what);
        let mut known = self.logins.0.lock().unwrap();
        match target {
            Target::Present { .. } => drop(known.insert(user, verifier)),
            Target::Absent => drop(known.remove(&user)),
        }
        Ok(done)
    }

    async fn inventory(&self, call: &Call, cursor: Option<String>) -> Result<Page, ProviderError> {
        self.inner.inventory(call, cursor).await
    }
}
