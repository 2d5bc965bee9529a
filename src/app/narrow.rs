//! What is in force, beside what the files of now would allow. It is listed when files change, and shortened only when an
//! operator asks for it: what people agreed to does not end by an edit.
//!
//! How many people agreed is not looked at again, and neither is how they worded their reason.

use std::sync::Arc;

use crate::access::decide::HoldingCommand;
use crate::access::grant::{EndCause, Grant, GrantState};
use crate::access::refusal::Refusal;
use crate::access::request::Request;
use crate::access::time::{Timestamp, Ttl};
use crate::policy::asking::outlook;
use crate::policy::facts::Standing;
use crate::policy::{Facts, PolicySet, Verdict};
use crate::slack::zone::Zone;
use crate::store::{Reader, StoreError};

use super::App;
use super::bundle::judged;
use super::changes::{GRANTS_NAMED_MAX, open_grants, orphans};
use super::leave::agreed_end;
use super::names::for_channel;
use super::policies::Loaded;
use super::reassess::why_not;
use super::transact::{Stop, Work};

/// What the files would allow of something that lasts longer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed {
    /// Until then, which is earlier than it ends.
    Until(Timestamp),
    /// Nothing, and why.
    Nothing(String),
}

/// Something in force that the files would not allow as it is.
#[derive(Debug, Clone)]
struct Wider {
    grant: Grant,
    request: Request,
    allowed: Allowed,
}

impl Wider {
    /// `G-1 of maya (prod/orders readonly)`
    fn what(&self) -> String {
        let part = self.request.part_of(self.grant.id);
        format!("{} of {} ({} {})", self.grant.id, self.grant.person, part.resource, part.role)
    }

    fn listed(&self, zone: &Zone) -> String {
        let (what, until) = (self.what(), zone.day(agreed_end(&self.grant)));
        match &self.allowed {
            Allowed::Until(end) => format!("{what} lasts until {until}, and would be allowed until {}", zone.day(*end)),
            Allowed::Nothing(why) => format!("{what} lasts until {until}, and would not be allowed ({why})"),
        }
    }

    fn done(&self, zone: &Zone) -> String {
        let what = self.what();
        match &self.allowed {
            Allowed::Until(end) => format!("{what} now ends {}", zone.day(*end)),
            Allowed::Nothing(why) => format!("{what} is being ended ({why})"),
        }
    }
}

impl App {
    /// Shortens everything in force to what the files of now would allow, and ends what they would not allow at all. Says what
    /// it did, one line each. What cannot be judged now is left as it is.
    ///
    /// # Errors
    ///
    /// When the rows cannot be read or written; what was done before stays done.
    pub async fn apply_to_active(&self) -> Result<Vec<String>, StoreError> {
        let Some(loaded) = self.policies.current() else { return Ok(Vec::new()) };
        let (of, now) = (Arc::clone(&loaded), self.now());
        let wider = self.store.read(move |reader| wider(reader, &of.set, now.at)).await?;
        let zone = for_channel(Some(&loaded)).zone;
        let mut done = Vec::new();
        for one in wider {
            let line = one.done(&zone);
            let (policies, digest) = (Arc::clone(&self.policies), loaded.set.digest().to_owned());
            let shorten = move |work: &mut Work<'_, '_>| {
                if policies.digest().as_ref() != Some(&digest) {
                    return Err(Stop::Stale);
                }
                work.count(|work| shorten(work, one))
            };
            if self.decide(self.now(), shorten).await? > 0 {
                done.push(line);
            }
        }
        self.stir();
        Ok(done)
    }
}

/// As it was judged, or not at all: whatever happened since has its own reasons.
fn shorten(work: &mut Work<'_, '_>, Wider { grant, allowed, .. }: Wider) -> Result<(), Stop> {
    if work.tx.grant(grant.id)?.is_none_or(|now| now.version != grant.version) {
        return Err(Stop::Stale);
    }
    let command = match allowed {
        Allowed::Until(to) => {
            let why = "an operator applied the policy files".to_owned();
            HoldingCommand::LowerEnd { grant: grant.id, to, why }
        }
        Allowed::Nothing(why) => {
            let cause = EndCause::PolicyForbids(format!("{why}; an operator applied it"));
            HoldingCommand::End { grant: grant.id, cause }
        }
    };
    work.on_holding(grant.entitlement, command)
}

/// What is open and does not fit the files, as lines: what they have no word of, and what they would not allow as it is.
pub(super) fn unlike_the_files(reader: &Reader<'_>, loaded: &Loaded, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let set = &loaded.set;
    let orphans = orphans(reader, set)?;
    let mut lines: Vec<String> = orphans.iter().map(|orphan| format!("{}; it ends as its own row says", orphan.what)).collect();
    for grant in open_grants(reader)?.iter().filter(|grant| set.person(&grant.person).is_none()) {
        lines.push(format!("{} is open, and its person {} is in no file; it ends at its own time", grant.id, grant.person));
    }
    let zone = for_channel(Some(loaded)).zone;
    let named =
        |wider: &Wider| set.person(&wider.grant.person).is_none() || orphans.iter().any(|orphan| orphan.grant == wider.grant.id);
    let wider: Vec<Wider> = wider(reader, set, now)?.into_iter().filter(|wider| !named(wider)).collect();
    lines.extend(wider.iter().map(|wider| wider.listed(&zone)));
    let more = lines.len().saturating_sub(GRANTS_NAMED_MAX);
    lines.truncate(GRANTS_NAMED_MAX);
    if more > 0 {
        lines.push(format!("and {more} more grants; “daypass grants list” shows all of them"));
    }
    if !wider.is_empty() {
        lines.push("what is in force stays; “daypass policy apply --to-active” shortens it to what is allowed now".to_owned());
    }
    Ok(lines)
}

/// Everything in force, or on its way there, that the files would not allow as it is.
fn wider(reader: &Reader<'_>, set: &PolicySet, now: Timestamp) -> Result<Vec<Wider>, StoreError> {
    let mut wider = Vec::new();
    for grant in open_grants(reader)?.into_iter().filter(Grant::is_to_come) {
        let (Some(request), Some(facts)) = (reader.request(grant.request)?, reader.facts(grant.request)?) else { continue };
        let Ok(facts) = serde_json::from_str::<Facts>(&facts) else { continue };
        let times = reader.extensions_of(grant.id)?;
        if let Some(allowed) = allowed(set, &request, facts, &grant, times, now) {
            wider.push(Wider { grant, request, allowed });
        }
    }
    Ok(wider)
}

/// What the files would allow of this grant, were it asked for today and in force since it is; `None` where that is as long as
/// it lasts, or cannot be said.
fn allowed(set: &PolicySet, request: &Request, mut facts: Facts, grant: &Grant, times: u32, now: Timestamp) -> Option<Allowed> {
    // What Slack said then of people is no matter of the files.
    facts.outside.standings.values_mut().for_each(|standing| *standing = Standing::Active);
    facts.access_for = request.terms.access_for;
    let mut verdict = judged(set, &request.terms, &facts, now, outlook);
    if let Verdict::Deny { refusal: Refusal::OverCap { at_most }, .. } = &verdict {
        facts.access_for = *at_most;
        verdict = judged(set, &request.terms, &facts, now, outlook);
    }
    if verdict.is_for_want_of_answers() {
        return None;
    }
    let since = match grant.state {
        GrantState::Active { active_at, .. } => active_at,
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Revoking(_)
        | GrantState::Void { .. }
        | GrantState::Failed { .. }
        | GrantState::Ended(_) => grant.start_by,
    };
    match verdict {
        Verdict::Allow { ends_at_most, extend, .. } => {
            let extended: Option<Ttl> = extend.filter(|_| times > 0).map(|limits| limits.total);
            let total = extended.unwrap_or(facts.access_for).max(facts.access_for);
            let end = since.plus(total).min(ends_at_most).min(since.plus(set.defaults().hard_ceiling));
            if end >= agreed_end(grant) {
                return None;
            }
            Some(if end > now { Allowed::Until(end) } else { Allowed::Nothing("its time would be over".to_owned()) })
        }
        // Who could approve today is no matter: it is approved.
        Verdict::Deny { refusal: Refusal::SourceUnreadable { .. } | Refusal::NobodyCanApprove { .. }, .. } => None,
        Verdict::Deny { refusal, because, .. } => Some(Allowed::Nothing(why_not(&refusal, &because))),
    }
}
