//! The adapter for PagerDuty (REST API v2): who is on call on a schedule, and incidents that wake whoever has a service.
//!
//! It grants nothing, never retries, and keeps nothing but the ids of services that it was asked for. A page is an incident under
//! our key; one that was ever opened under it, and be it closed by now, is a page that was made.

mod answers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use crate::access::entitlement::Class;
use crate::access::time::Timestamp;
use crate::providers::build::{BuildError, only_options};
use crate::providers::deadline::{InDoubt, within};
use crate::providers::http::{Ask, Http, Manners};
use crate::providers::{Call, Finding, GrantShape, ProviderError, Severity};

use super::{OnCall, OnCallUser, Page, Settings};
use answers::{Account, Incident, Listed, Service, User};

/// The kind, as policy files name it.
pub const KIND: &str = "pagerduty";

/// Where PagerDuty is, for customers of its US region. Those of the EU give `https://api.eu.pagerduty.com` in `url_env`.
const ADDRESS: &str = "https://api.pagerduty.com";
/// A user, or a service with its integrations, is a few kilobytes.
const MANNERS: Manners =
    Manners { scheme: "Token token=", accept: Some("application/vnd.pagerduty+json;version=2"), answer_bytes_max: 512 * 1024 };
/// What the files may say beside `id` and `kind`.
const SETTINGS: &[&str] = &["token_env", "url_env", "from"];
/// The longest address that an e-mail can have (RFC 5321, 4.5.3.1.3).
const FROM_BYTES_MAX: usize = 254;
/// Who is on call in this stretch is on call now: both bounds have to be given, and must differ.
const NOW: Duration = Duration::from_secs(1);
/// How many items one page of a list has.
const LIST_LIMIT: &str = "25";
/// How many pages of a list are read.
const LIST_PAGES_MAX: usize = 8;
/// The longest title, in characters; longer ones are refused.
const TITLE_CHARS_MAX: usize = 1024;
/// The states in which an incident is not over.
const OPEN: &[(&str, &str)] = &[("statuses[]", "triggered"), ("statuses[]", "acknowledged")];

/// One account at PagerDuty.
pub struct PagerDuty {
    http: Http,
    /// The address of the user in whose name incidents are opened and closed.
    from: Option<String>,
    /// The ids of services, by name.
    services: Mutex<BTreeMap<String, String>>,
}

/// Whether these are settings of ours, as they are written in the policy files.
pub(super) fn check_settings(settings: &GrantShape) -> Result<(), String> {
    only_options(KIND, settings, SETTINGS).map_err(|error| error.to_string())?;
    for key in ["token_env", "url_env"] {
        match settings.get(key).map(Value::as_str) {
            Some(Some(name)) if !name.is_empty() => {}
            Some(_) => return Err(format!("`{key}` must name a variable of the environment")),
            None if key == "url_env" => {}
            None => return Err("`token_env` is missing: the variable of the environment that holds the token".to_owned()),
        }
    }
    from(settings).map(drop).map_err(|error| error.to_string())
}

/// Whether somebody can be paged.
pub(super) fn check_paging(settings: &GrantShape) -> Result<(), String> {
    match settings.get("from") {
        Some(_) => Ok(()),
        None => Err("needs `from:`, the e-mail address of a user there in whose name people are paged".to_owned()),
    }
}

fn from(options: &GrantShape) -> Result<Option<String>, BuildError> {
    let fits = |text: &&str| {
        text.len() <= FROM_BYTES_MAX && text.is_ascii() && text.bytes().all(|byte| byte.is_ascii_graphic()) && text.contains('@')
    };
    match options.get("from") {
        None => Ok(None),
        Some(given) => match given.as_str().filter(fits) {
            Some(address) => Ok(Some(address.to_owned())),
            None => Err(BuildError::BadOption { option: "from", expected: "the e-mail address of a user there" }),
        },
    }
}

impl PagerDuty {
    /// An adapter for the account of this token. Its address must be on loopback or `https`.
    ///
    /// # Errors
    /// When the address cannot be used or there is no token.
    pub fn new(settings: &Settings) -> Result<PagerDuty, BuildError> {
        only_options(KIND, &settings.options, &["from"])?;
        let token = settings.token.clone().filter(|token| !token.expose_secret().is_empty());
        let token = token.ok_or(BuildError::NoToken { kind: KIND })?;
        let url = settings.url.clone().unwrap_or_else(|| SecretString::from(ADDRESS));
        let http = Http::with_manners(&url, Some(token), MANNERS)?;
        Ok(PagerDuty { http, from: from(&settings.options)?, services: Mutex::default() })
    }

    async fn list<T: DeserializeOwned>(
        &self,
        call: &Call,
        doubt: &InDoubt,
        what: &str,
        narrowed: &[(&str, &str)],
    ) -> Result<Vec<T>, ProviderError> {
        let mut found: Vec<T> = Vec::new();
        for _ in 0..LIST_PAGES_MAX {
            let offset = found.len().to_string();
            let mut query = narrowed.to_vec();
            query.extend([("limit", LIST_LIMIT), ("offset", offset.as_str())]);
            let ask = Ask { path: &[what], query: &query, ..Ask::default() };
            let page: Listed<T> = self.http.send(call, doubt, ask).await?;
            let is_empty = page.items.is_empty();
            found.extend(page.items);
            if !page.more.unwrap_or(false) {
                return Ok(found);
            }
            if is_empty {
                break;
            }
        }
        // A list that was cut would say of what is missing that it is not there.
        Err(ProviderError::new(Class::NeedsHuman, "list_too_long", format!("pagerduty lists more {what} than can be read")))
    }

    /// Our incidents under this key: the open ones, or all that ever were.
    async fn incidents(
        &self,
        call: &Call,
        doubt: &InDoubt,
        key: &str,
        states: &[(&str, &str)],
    ) -> Result<Vec<Incident>, ProviderError> {
        if key.is_empty() {
            // Without a key this would be a list of everybody's incidents.
            return Err(ProviderError::new(Class::Permanent, "no_key", "a page needs a key"));
        }
        let mut query = vec![("incident_key", key), ("date_range", "all")];
        query.extend(states);
        let found: Vec<Incident> = self.list(call, doubt, "incidents", &query).await?;
        Ok(found.into_iter().filter(|incident| incident.incident_key.as_deref() == Some(key)).collect())
    }

    async fn service(&self, call: &Call, doubt: &InDoubt, name: &str) -> Result<String, ProviderError> {
        if let Some(id) = self.services.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(id.clone());
        }
        let alike: Vec<Service> = self.list(call, doubt, "services", &[("query", name)]).await?;
        let exact: Vec<&Service> = alike.iter().filter(|service| service.name == name).collect();
        let problem = match exact.as_slice() {
            [service] if service.status.as_deref() == Some("disabled") => {
                ("service_disabled", format!("the service `{name}` is disabled"))
            }
            [service] => {
                let id = service.id.clone();
                self.services.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), id.clone());
                return Ok(id);
            }
            [] => ("no_such_service", format!("pagerduty has no service called `{name}`, or our token may not see it")),
            [_, ..] => ("ambiguous_service", format!("pagerduty has several services called `{name}`")),
        };
        Err(ProviderError::new(Class::NeedsHuman, problem.0, problem.1))
    }

    fn forget(&self, service: &str) {
        self.services.lock().unwrap_or_else(PoisonError::into_inner).remove(service);
    }

    fn from(&self) -> Result<&str, ProviderError> {
        let missing = || ProviderError::new(Class::NeedsHuman, "no_from", "the provider has no `from:`, and so cannot page");
        self.from.as_deref().ok_or_else(missing)
    }

    async fn open(&self, call: &Call, doubt: &InDoubt, from: &str, page: &Page) -> Result<(), ProviderError> {
        let service = self.service(call, doubt, &page.service).await?;
        let title: String = page.title.chars().take(TITLE_CHARS_MAX).collect();
        let body = json!({ "incident": {
            "type": "incident",
            "title": title,
            "service": { "id": service, "type": "service_reference" },
            "incident_key": page.key,
            "body": { "type": "incident_body", "details": page.details },
        } });
        let ask = Ask { method: Method::POST, path: &["incidents"], from: Some(from), body: Some(body), ..Ask::default() };
        self.http.send::<IgnoredAny>(call, doubt, ask).await.map(drop)
    }

    async fn close(&self, call: &Call, doubt: &InDoubt, from: &str, incident: &str) -> Result<(), ProviderError> {
        let body = json!({ "incident": { "type": "incident_reference", "status": "resolved" } });
        let path = ["incidents", incident];
        let ask = Ask { method: Method::PUT, path: &path, from: Some(from), body: Some(body), ..Ask::default() };
        self.http.send::<IgnoredAny>(call, doubt, ask).await.map(drop)
    }
}

#[async_trait]
impl OnCall for PagerDuty {
    async fn validate(&self, call: &Call) -> Result<Vec<Finding>, ProviderError> {
        let doubt = InDoubt::default();
        let look = async {
            let mut findings = Vec::new();
            for what in ["schedules", "services", "incidents", "users"] {
                let ask = Ask { path: &[what], query: &[("limit", "1")], ..Ask::default() };
                let said = self.http.send::<Listed<IgnoredAny>>(call, &doubt, ask).await;
                findings.push(match said {
                    Ok(_) => Finding { severity: Severity::Fine, message: format!("pagerduty lets us read {what}") },
                    Err(error) => Finding { severity: Severity::Broken, message: format!("{what} cannot be read: {error}") },
                });
            }
            let Some(from) = &self.from else { return Ok(findings) };
            let users: Vec<Account> = self.list(call, &doubt, "users", &[("query", from)]).await?;
            let is_known = users.iter().any(|user| user.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(from)));
            findings.push(match is_known {
                true => Finding { severity: Severity::Fine, message: format!("`{from}` is a user there") },
                false => Finding {
                    severity: Severity::Broken,
                    message: format!("`{from}` is no user there, and so nobody can be paged in that name"),
                },
            });
            Ok(findings)
        };
        within(call, &doubt, look).await
    }

    async fn on_call(&self, call: &Call, schedule: &str) -> Result<Vec<OnCallUser>, ProviderError> {
        let doubt = InDoubt::default();
        let (since, until) = (moment(call.at)?, moment(call.at.plus(NOW))?);
        let path = ["schedules", schedule, "users"];
        let query = [("since", since.as_str()), ("until", until.as_str())];
        let ask = Ask { path: &path, query: &query, ..Ask::default() };
        let Listed { items, more } = within(call, &doubt, self.http.send::<Listed<User>>(call, &doubt, ask)).await?;
        if more.unwrap_or(false) || items.iter().any(|user| user.id.is_empty()) {
            return Err(ProviderError::new(Class::NeedsHuman, "unreadable_answer", "pagerduty did not say who all is on call"));
        }
        let there = items.into_iter().filter(|user| user.deleted_at.is_none());
        Ok(there.map(|user| OnCallUser { id: user.id, email: user.email.filter(|email| !email.is_empty()) }).collect())
    }

    async fn page(&self, call: &Call, page: &Page) -> Result<(), ProviderError> {
        let doubt = InDoubt::default();
        let from = self.from()?;
        let work = async {
            // Whoever was woken before, and closed it, is not woken again because an answer was lost.
            if !self.incidents(call, &doubt, &page.key, &[]).await?.is_empty() {
                return Ok(());
            }
            let Err(error) = self.open(call, &doubt, from, page).await else { return Ok(()) };
            match error.trouble.class {
                Class::Permanent => {
                    self.forget(&page.service);
                    // One code stands for several wrongs, among them that the key has an open incident. So it is looked for.
                    if self.incidents(call, &doubt, &page.key, OPEN).await?.is_empty() { Err(error) } else { Ok(()) }
                }
                Class::Transient | Class::NeedsHuman | Class::Ambiguous => Err(error),
            }
        };
        within(call, &doubt, work).await
    }

    async fn resolve(&self, call: &Call, _service: &str, key: &str) -> Result<(), ProviderError> {
        let doubt = InDoubt::default();
        let from = self.from()?;
        let work = async {
            for incident in self.incidents(call, &doubt, key, OPEN).await? {
                let Err(error) = self.close(call, &doubt, from, &incident.id).await else { continue };
                // Somebody may have closed it in between.
                let still = self.incidents(call, &doubt, key, OPEN).await?;
                if still.iter().any(|other| other.id == incident.id) {
                    return Err(error);
                }
            }
            Ok(())
        };
        within(call, &doubt, work).await
    }
}

/// A time as PagerDuty reads it (ISO 8601), in whole seconds.
fn moment(at: Timestamp) -> Result<String, ProviderError> {
    let second = jiff::Timestamp::from_second(at.as_millis().div_euclid(1000));
    let second = second.map_err(|_| ProviderError::new(Class::Permanent, "bad_time", "the clock is outside of any calendar"))?;
    Ok(second.to_string())
}
