//! A secret for somebody who has no key of their own: it waits encrypted to this host, until its person asks for a link, and by
//! that link it is shown once.
//!
//! The link is made at the click and goes to whoever clicked, in an answer that only they see. No row holds it, only a hash;
//! what is kept of the answer does not either. Rights are looked up at the click; afterwards whoever has the link has the right.

mod key;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tracing::{error, info};

use crate::access::decide::{SecretCommand, decide_secret};
use crate::access::event::Actor;
use crate::access::grant::Grant;
use crate::access::ids::{GrantId, PersonId};
use crate::access::refusal::Refusal;
use crate::access::secret::{Leads, LinkHash, Reveal};
use crate::access::time::Timestamp;
use crate::slack::say::names::Names;
use crate::slack::say::reply::Reply;
use crate::slack::say::secret::link;
use crate::store::StoreError;

use super::deed::Deed;
use super::policies::Loaded;
use super::transact::{Attempt, Outcome, Stop, Told, Work};
use super::{App, names};

pub use key::HostKey;

/// 192 bits: beyond guessing.
const TOKEN_BYTES: usize = 24;
/// How long the random part of a link is, in characters.
pub const TOKEN_CHARS: usize = 32;
/// What the paths of links begin with.
pub const PATH: &str = "/reveal/";

/// The page that shows secrets: where it is, and what opens them. One per process, where an operator wants it.
pub struct Page {
    url: String,
    key: HostKey,
}

impl Page {
    /// A page under this address, which has no `/` at its end.
    pub fn new(url: &str, key: HostKey) -> Page {
        Page { url: url.to_owned(), key }
    }

    /// What secrets are encrypted to.
    pub(super) fn recipient(&self) -> String {
        self.key.recipient()
    }
}

/// What a link led to.
#[derive(Debug)]
pub enum Revealed {
    /// To a secret that waits.
    Waits {
        /// Of what, in words for people.
        of: String,
    },
    /// To the secret, which was shown by this and is kept no more.
    Shown {
        /// Of what.
        of: String,
        /// The secret.
        secret: SecretString,
    },
    /// To nothing but the news that it was shown.
    Before {
        /// Of what.
        of: String,
        /// When, in the person's zone.
        at: String,
    },
    /// Nowhere.
    Nowhere,
}

/// The random part of a link. It has no Debug.
struct Token(SecretString);

impl Token {
    fn new() -> Option<Token> {
        let mut bytes = [0_u8; TOKEN_BYTES];
        getrandom::fill(&mut bytes).ok()?;
        Some(Token(SecretString::from(URL_SAFE_NO_PAD.encode(bytes))))
    }

    fn hash(&self) -> LinkHash {
        hash(self.0.expose_secret())
    }
}

fn hash(token: &str) -> LinkHash {
    LinkHash(Sha256::digest(token.as_bytes()).into())
}

impl App {
    /// From now on secrets are shown on this page. Once.
    pub fn reveals_on(&self, page: Page) {
        drop(self.page.set(page));
    }

    /// The page, where there is one.
    pub(super) fn reveals(&self) -> Option<&Page> {
        self.page.get()
    }

    /// Gives whoever pressed the button a link to their secret. What is recorded and kept of that does not hold the link.
    pub(super) async fn give_link(&self, attempt: &Attempt, names: &Names, by: &PersonId, id: GrantId) -> Outcome {
        let (Some(page), Some(token)) = (self.reveals(), Token::new()) else {
            return self.perform(attempt, names, &Deed::Nothing(Refusal::SecretUnopenable { grant: id })).await;
        };
        let hash = token.hash();
        let outcome = self.perform(attempt, names, &Deed::LinkSecret(by.clone(), id, hash)).await;
        let Outcome::Now(Told { refusal: None, .. }) = &outcome else { return outcome };
        match self.until(id, hash).await {
            Ok(Some((until, known))) => {
                let address = format!("{}{PATH}{id}/{}", page.url, token.0.expose_secret());
                let names = Names { grants: known.grants, ..names.clone() };
                Outcome::Now(Told { message: link(id, &address, until, &names), refusal: None, may_end: None })
            }
            // Something took its place meanwhile: what was recorded says how to get another one.
            Ok(None) => outcome,
            Err(problem) => {
                error!(%problem, grant.id = %id, "a link was made, but not given out");
                outcome
            }
        }
    }

    /// Until when this link leads to the secret.
    async fn until(&self, id: GrantId, hash: LinkHash) -> Result<Option<(Timestamp, Names)>, StoreError> {
        let read = self.store.read(move |reader| {
            let Some(grant) = reader.grant(id)? else { return Ok(None) };
            let mut names = Names::default();
            names::learn_grant(&mut names, reader, &grant)?;
            Ok(match &grant.reveal {
                Some(Reveal::Waiting { link: Some(link) }) if link.hash.is(&hash) => Some((link.until, names)),
                Some(Reveal::Waiting { .. } | Reveal::Shown { .. }) | None => None,
            })
        });
        read.await
    }

    /// Makes a link lead to the secret of whoever asks, if it is theirs and can be opened.
    pub(super) async fn link_secret(
        &self,
        attempt: &Attempt,
        loaded: &Arc<Loaded>,
        names: &Names,
        (by, id, hash): (PersonId, GrantId, LinkHash),
    ) -> Result<Outcome, Stop> {
        let ids = self.policies.ids_of(&by);
        let known = self.store.read(move |reader| reader.grant(id)).await?;
        let is_lost = known.as_ref().is_some_and(|grant| self.is_lost(grant));
        self.transact(attempt, loaded, names, move |work, names| {
            let grant = work.tx.grant(id)?.ok_or(Refusal::NoSuchGrant { grant: id })?;
            if !ids.contains(&grant.person) {
                return Err(Refusal::NotYourSecret.into());
            }
            names::learn_grant(names, work.tx, &grant)?;
            let events = decide_secret(&grant, SecretCommand::Link(hash), work.now)?;
            if is_lost {
                return Err(Refusal::SecretUnopenable { grant: id }.into());
            }
            work.record(events)?;
            Ok(Reply::SecretLinked { grant: id })
        })
        .await
    }

    /// Whether a secret waits that the key of today does not open.
    fn is_lost(&self, grant: &Grant) -> bool {
        let Some(sealed) = grant.ciphertext.as_ref().filter(|_| grant.reveal.is_some()) else { return false };
        self.reveals().and_then(|page| page.key.open(sealed.as_armored())).is_none()
    }

    /// Where a link leads. Changes nothing, however often it is asked.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read.
    pub async fn look_at_link(&self, id: GrantId, token: &str) -> Result<Revealed, StoreError> {
        let (hash, now) = (hash(token), self.now().at);
        let read = self.store.read(move |reader| {
            let Some(grant) = reader.grant(id)? else { return Ok(None) };
            let leads = grant.leads(&hash, now);
            let mut names = Names::default();
            names::learn_grant(&mut names, reader, &grant)?;
            Ok(Some((grant, leads, names)))
        });
        let Some((grant, leads, known)) = read.await? else { return Ok(Revealed::Nowhere) };
        let names = self.names_of(&grant, known);
        let of = names.grant(id);
        Ok(match leads {
            Leads::ToSecret if !self.is_lost(&grant) => Revealed::Waits { of },
            Leads::ToNews(at) => Revealed::Before { of, at: names.zone.day(at) },
            Leads::ToSecret | Leads::Nowhere => Revealed::Nowhere,
        })
    }

    /// Shows the secret that a link leads to. It is opened, and that it was shown is committed, before it is given back.
    ///
    /// # Errors
    ///
    /// When that could not be recorded; then nothing is shown.
    pub async fn open_link(self: &Arc<Self>, id: GrantId, token: &str) -> Result<Revealed, StoreError> {
        let (hash, now, app) = (hash(token), self.now(), Arc::clone(self));
        let (loaded, security_channel) = (self.policies.current(), self.settings.security_channel.clone());
        let written = self.store.write(move |tx| {
            let Some(grant) = tx.grant(id)? else { return Ok::<_, Stop>(None) };
            let opened = match grant.leads(&hash, now.at) {
                Leads::Nowhere => return Ok(None),
                Leads::ToNews(_) => None,
                Leads::ToSecret => {
                    let sealed = grant.ciphertext.as_ref();
                    let opened = sealed.and_then(|sealed| app.reveals()?.key.open(sealed.as_armored()));
                    if opened.is_none() {
                        error!(grant.id = %id, "the secret of {id} cannot be opened with the key of this host");
                        return Ok(None);
                    }
                    opened
                }
            };
            let mut known = Names::default();
            names::learn_grant(&mut known, tx, &grant)?;
            let mut work = Work::new(tx, now, Actor::Daypass, loaded.as_deref(), security_channel.as_deref());
            let events = decide_secret(&grant, SecretCommand::Show(hash), now)?;
            work.record(events)?;
            Ok(Some((grant, opened, known)))
        });
        let (grant, opened, known) = match written.await {
            Ok(Some(shown)) => shown,
            Ok(None) | Err(Stop::Refused(_) | Stop::Stale) => return Ok(Revealed::Nowhere),
            Err(Stop::Store(error)) => return Err(error),
        };
        self.stir();
        let names = self.names_of(&grant, known);
        let of = names.grant(id);
        Ok(match (opened, &grant.reveal) {
            (Some(secret), _) => {
                info!(grant.id = %id, "the secret of {id} was shown");
                Revealed::Shown { of, secret }
            }
            (None, Some(Reveal::Shown { at, .. })) => Revealed::Before { of, at: names.zone.day(*at) },
            (None, Some(Reveal::Waiting { .. }) | None) => Revealed::Nowhere,
        })
    }

    /// The names as the person of a grant reads them.
    fn names_of(&self, grant: &Grant, known: Names) -> Names {
        Names { grants: known.grants, ..names::for_person(self.policies.current().as_deref(), &grant.person) }
    }
}
