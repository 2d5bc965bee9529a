//! What people do on the host that Daypass runs on, while Slack does not answer: the same use cases, the same rules, one writer.
//!
//! Who it is, the host's kernel says (`admin::peer`) and the policy files translate (`host_user`). What this file does not do: give
//! anybody on the host a right that they would not have in Slack.
//!
//! In Slack, whoever Slack does not vouch for decides nothing. Here that would defeat the purpose, and the host has vouched for the
//! person by other means. So only a *silence* of Slack is filled in, by what Slack said last in the life of this process, else by the
//! policy files (`Fresh::OnHost`). What Slack says counts as always, and a group that stands in Slack stays unreadable while Slack is.

use std::sync::Arc;

use crate::access::event::Actor;
use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::refusal::Refusal;
use crate::access::request::{Part, Purpose, Request, TermsHash};
use crate::access::words::Words;
use crate::people::{Directory, Identified};
use crate::policy::facts::Standing;
use crate::slack::command::Command;
use crate::slack::command::behalf::Whom;
use crate::slack::say::card::Needed;
use crate::slack::say::names::Names;
use crate::slack::say::refusal::not_understood;
use crate::slack::text::{one_line, unescape};
use crate::store::StoreError;

use super::approve::Yes;
use super::behalf::named;
use super::deed::Deed;
use super::end::Ending;
use super::form::Meant;
use super::lists::needed;
use super::policies::Loaded;
use super::sources::Fresh;
use super::transact::{Attempt, Outcome};
use super::{App, names};

/// A user of the host, as its kernel and its user database know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostUser {
    /// The number.
    pub uid: u32,
    /// Every name that it has; usually one.
    pub names: Vec<String>,
}

impl HostUser {
    /// The name, for people; the number where there is none.
    pub fn shown(&self) -> String {
        if self.names.is_empty() { self.uid.to_string() } else { self.names.join(", ") }
    }
}

/// What somebody does on the host.
#[derive(Debug, Clone)]
pub enum OnHost {
    /// Asks, in the words of `/jit request …`.
    File {
        /// The words after `request`.
        words: String,
    },
    /// Agrees to these terms.
    Approve {
        /// To which request.
        request: RequestId,
        /// Stands for the terms that they were shown.
        terms: TermsHash,
        /// Why, where they say so.
        note: Words,
    },
    /// Says no.
    Deny {
        /// To which request.
        request: RequestId,
        /// Why.
        reason: Words,
    },
    /// Takes an access back.
    Revoke {
        /// Which.
        grant: GrantId,
        /// Why.
        reason: Words,
    },
    /// Sets a lock, in the words of `/jit lock …`.
    Lock {
        /// The words after `lock`.
        words: String,
    },
    /// Lifts one.
    Unlock {
        /// On what.
        what: String,
    },
}

impl OnHost {
    /// The verb and what it is about, for the audit log.
    fn named(&self) -> (&'static str, Option<String>) {
        match self {
            OnHost::File { .. } => ("request", None),
            OnHost::Approve { request, .. } => ("approve", Some(request.to_string())),
            OnHost::Deny { request, .. } => ("deny", Some(request.to_string())),
            OnHost::Revoke { grant, .. } => ("revoke", Some(grant.to_string())),
            OnHost::Lock { .. } => ("lock", None),
            OnHost::Unlock { .. } => ("unlock", None),
        }
    }
}

/// A request as it is shown to whoever decides on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The state's name.
    pub state: &'static str,
    /// Stands for the terms that are shown: an approval names it.
    pub terms: TermsHash,
    /// What is to be read, as label and text. One line each, with what people typed in it made harmless for a terminal.
    pub lines: Vec<(&'static str, String)>,
}

/// A line that works, as an example.
const EXAMPLE: &str = "daypass requests file prod/orders readonly 2h OPS-42 slow checkout";

/// The one sentence of an answer that is about a place: on the host nobody is written to.
const IN_SLACK: (&str, &str) = (" I'll tell you here.", " You are told in Slack.");

impl App {
    /// Does it as the person that this user of the host is.
    ///
    /// # Errors
    ///
    /// The sentence that says why not. It is in the audit log as well, unless it is only that the words were not understood.
    pub async fn on_host(&self, user: &HostUser, deed: OnHost) -> Result<String, String> {
        let (verb, about) = deed.named();
        let actor = Actor::HostUser(user.shown());
        let mut attempt = Attempt { key: None, actor, verb, about };
        let nobody = names::for_channel(None);
        let Some(loaded) = self.policies.current() else {
            return told(self.perform(&attempt, &nobody, &Deed::Nothing(Refusal::NoPolicy)).await);
        };
        let by = match self.person_on_host(&loaded, user).await {
            Ok(by) => by,
            Err(refusal) => return told(self.perform(&attempt, &nobody, &Deed::Nothing(refusal)).await),
        };
        attempt.actor = Actor::Host(by.clone());
        let names = names::for_person(Some(&loaded), &by);
        let deed = match deed {
            OnHost::File { words } => self.filed_on_host(&loaded, &by, &words)?,
            OnHost::Approve { request, terms, note } => Deed::Approve(Yes { by, request, terms, note, shorter: None }),
            OnHost::Deny { request, reason } => Deed::Deny(by, request, reason),
            OnHost::Revoke { grant, reason } => Deed::End(by, Ending::Anybodys(grant, reason)),
            OnHost::Lock { words } => self.locked_on_host(&loaded, &by, &words).await?,
            OnHost::Unlock { what } => self.unlocked_on_host(&loaded, &by, &what).await,
        };
        told(self.perform(&attempt, &names, &deed).await)
    }

    /// What somebody who decides on the host has to read first. `None` where there is no such request.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read.
    pub async fn describe(&self, id: RequestId) -> Result<Option<Described>, StoreError> {
        let loaded = self.policies.current();
        let names = names::for_channel(loaded.as_deref());
        let away = self.away().await;
        let found = self.store.read(move |reader| reader.request(id)).await?;
        Ok(found.map(|request| {
            let still = loaded.filter(|_| request.state.is_pending()).map(|loaded| needed(&loaded.set, &request, &away));
            described(&request, &still.unwrap_or_default(), &names)
        }))
    }

    /// The one person whose `host_user` this is, as long as they work here.
    ///
    /// # Errors
    ///
    /// A refusal when there is none, or more than one, when the contract is over, and when Slack says that the account is deactivated.
    pub async fn person_on_host(&self, loaded: &Arc<Loaded>, user: &HostUser) -> Result<PersonId, Refusal> {
        let directory = Directory::new(Arc::clone(&loaded.set), "");
        let known = user.names.iter().filter_map(|name| match directory.by_host_user(name) {
            Identified::Known(person) => Some(person),
            Identified::Unknown | Identified::Ambiguous => None,
        });
        let known: Vec<PersonId> = known.collect();
        let [person] = known.as_slice() else { return Err(Refusal::UnknownHostUser { user: user.shown() }) };
        if loaded.set.contract_end(person).is_some_and(|end| end <= self.now().at) {
            return Err(Refusal::NoTimeLeft { limit: "contract".to_owned() });
        }
        let outside = self.outside(loaded, std::slice::from_ref(person), &Default::default(), Fresh::OnHost).await?;
        match outside.standing(person) {
            Standing::Active | Standing::Guest => Ok(person.clone()),
            Standing::Deactivated | Standing::Bot => Err(Refusal::AccountNotAllowed),
            Standing::Stranger => Err(Refusal::ForeignAccount),
            Standing::Unknown => Err(Refusal::AccountUnverified),
        }
    }

    /// There is no form on the host: what is missing in the words is asked for in words.
    fn filed_on_host(&self, loaded: &Arc<Loaded>, by: &PersonId, words: &str) -> Result<Deed, String> {
        let read = Command::read(&format!("request {words}"));
        if let Command::NotUnderstood(problem) = &read {
            return Err(unescape(not_understood(problem).text()));
        }
        let incomplete = || Refusal::NotUnderstood {
            problem: "it does not say what, as what and for how long".to_owned(),
            example: EXAMPLE.to_owned(),
        };
        let (subject, ask) = match read {
            Command::Request(ask) => (by.clone(), ask),
            Command::RequestFor(Whom::Word(word), ask) => match named(&loaded.set, &word) {
                Ok(subject) => (subject, ask),
                Err(refusal) => return Ok(Deed::Nothing(refusal)),
            },
            _ => return Ok(Deed::Nothing(incomplete())),
        };
        Ok(match self.meant_for(loaded, (by, &subject), ask) {
            Ok(Meant::Wish(wish)) => Deed::Ask(wish),
            Ok(Meant::Form(_)) => Deed::Nothing(incomplete()),
            Err(misunderstood) => Deed::Nothing(misunderstood.refusal),
        })
    }
}

fn described(request: &Request, still: &[Needed], names: &Names) -> Described {
    let terms = &request.terms;
    let role = |part: &Part| format!("{} · {} ({part})", names.resource(&part.resource), names.role(&part.resource, &part.role));
    let more = match terms.purpose {
        Purpose::Access => "",
        Purpose::Extension(_) => " more",
    };
    let mut lines = vec![("request", format!("{}, {}", request.id, request.state.name()))];
    lines.push(("for", names.person(&terms.subject).to_owned()));
    if request.filed_by != terms.subject {
        lines.push(("filed by", names.person(&request.filed_by).to_owned()));
    }
    terms.wanted().iter().for_each(|part| lines.push(("access", role(part))));
    lines.push(("how long", format!("{}{more}", terms.access_for)));
    lines.extend(request.from_to().map(|(from, to)| ("in force", names.zone.span(from, to))));
    lines.push(("at most until", names.zone.day(request.ends_at_most)));
    lines.push(("they wrote", one_line(request.reason.as_typed())));
    lines.push(("policy", request.policy.id.to_string()));
    for given in &request.approvals {
        lines.push(("agreed", format!("{} {}", names.person(&given.by), one_line(given.note.as_typed())).trim_end().to_owned()));
    }
    for needed in still {
        let (step, people) = needed.in_words(names);
        lines.push(("still needed", format!("{step} ({people})")));
    }
    Described { state: request.state.name(), terms: request.terms_hash, lines }
}

fn told(outcome: Outcome) -> Result<String, String> {
    match outcome {
        Outcome::Now(told) => {
            let text = unescape(told.message.text());
            if told.refusal.is_some() { Err(text) } else { Ok(text.replace(IN_SLACK.0, IN_SLACK.1)) }
        }
        Outcome::Before(_) => Err("That was answered before.".to_owned()),
    }
}
