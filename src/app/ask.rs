//! Asking for access: the policy permits it or says why not, and then people are asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::access::absence::Absence;
use crate::access::decide::{self, RequestCommand};
use crate::access::electors::Electors;
use crate::access::ids::{GrantId, PersonId, PolicyId, ResourceId, RoleId};
use crate::access::refusal::Refusal;
use crate::access::request::{Mode, PolicyRef, Purpose, Step, Terms, TermsHash};
use crate::access::time::{Timestamp, Ttl};
use crate::access::words::Words;
use crate::policy::facts::{self, Manner, Reading, Said, Trace};
use crate::policy::{Facts, Outside, PolicySet, Verdict, electorate, evaluate};
use crate::slack::say::names::Names;
use crate::slack::say::reply::{NotAtOnce, Reply};
use crate::store::StoreError;

use super::away::to_call;
use super::behalf::{more, refuse_flood, stopped};
use super::glass::{self, Glass};
use super::plan::{Planned, claims};
use super::policies::Loaded;
use super::sources::Fresh;
use super::transact::{Attempt, Outcome, Stop, Work};
use super::when::When;
use super::{App, names};

/// How many requests of one person may be pending at a time.
pub const PENDING_MAX: u32 = 10;

/// What somebody wants.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// Whose access it would be.
    pub subject: PersonId,
    /// Who files it.
    pub filed_by: PersonId,
    /// On what.
    pub resource: ResourceId,
    /// As what.
    pub role: RoleId,
    /// How long; for an extension, how much longer.
    pub access_for: Ttl,
    /// From when and until when, where either is named.
    pub when: When,
    /// Why.
    pub reason: Words,
    /// A new access, or more time for one.
    pub purpose: Want,
    /// Whether the glass is to be broken for it.
    pub manner: Manner,
}

/// A new access, or more time for one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Want {
    /// A new access.
    Access,
    /// More time for this grant, which is in force.
    MoreTime {
        /// The grant.
        grant: GrantId,
        /// How often it was extended.
        times: u32,
        /// Since when it is in force.
        active_at: Timestamp,
        /// When it ends as things stand.
        ends_at: Timestamp,
        /// How the access came to be approved.
        given: Mode,
    },
}

/// When each policy let somebody in without anybody being asked.
type Uses = BTreeMap<PolicyId, Vec<Timestamp>>;

/// What a permitted wish comes to.
struct Permitted {
    ask: decide::Ask,
    facts: String,
    deciders: BTreeSet<PersonId>,
    planned: Vec<Planned>,
    /// What breaking the glass leads to; where it is broken, and only there.
    glass: Option<Glass>,
    /// The rules that want people to agree where the glass was to be broken.
    raised_by: Vec<PolicyId>,
    /// Why people are asked about what a policy usually gives at once.
    not_at_once: Option<NotAtOnce>,
    /// What the policy alone had approved when it was judged, and since when that was counted; `None` where nothing is limited.
    counted: Option<(Timestamp, Uses)>,
    /// For whom it is, where that is somebody else than who asks.
    whose: Option<PersonId>,
    /// Who of those who are asked is away, and until when.
    absent: Vec<(PersonId, Timestamp)>,
}

impl Wish {
    fn facts(&self, uses: Uses, outside: Outside) -> Facts {
        Facts {
            subject: self.subject.clone(),
            filed_by: self.filed_by.clone(),
            resource: self.resource.clone(),
            role: self.role.clone(),
            access_for: self.access_for,
            reason: self.reason.clone(),
            purpose: match self.purpose {
                Want::Access => facts::Purpose::Access,
                Want::MoreTime { times, active_at, ends_at, .. } => {
                    facts::Purpose::Extension { times, active_since: active_at, ends_at }
                }
            },
            start_at: self.when.start_at,
            manner: self.manner,
            uses,
            outside,
        }
    }

    /// The terms, with the parts that a bundle is made of now.
    pub(super) fn terms(&self, set: &PolicySet) -> Terms {
        Terms {
            subject: self.subject.clone(),
            resource: self.resource.clone(),
            role: self.role.clone(),
            access_for: self.access_for,
            purpose: match self.purpose {
                Want::Access => Purpose::Access,
                Want::MoreTime { grant, .. } => Purpose::Extension(grant),
            },
            parts: super::bundle::parts_of(set, &self.resource),
        }
    }
}

/// What stands for these terms on buttons.
pub(super) fn terms_hash(terms: &Terms) -> TermsHash {
    let purpose = match terms.purpose {
        Purpose::Access => "access".to_owned(),
        Purpose::Extension(grant) => grant.to_string(),
    };
    let mut text = format!("{}\n{}\n{}\n{}\n{purpose}", terms.subject, terms.resource, terms.role, terms.access_for.as_millis());
    terms.parts.iter().for_each(|part| text.push_str(&format!("\n{part}")));
    let bytes = Sha256::digest(text.as_bytes());
    TermsHash(bytes.iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte)))
}

impl App {
    /// What the policy says of a wish now.
    pub(super) async fn judge_wish(&self, loaded: &Loaded, wish: &Wish, fresh: Fresh) -> Result<(Facts, Verdict), Stop> {
        let people = [wish.subject.clone(), wish.filed_by.clone()];
        let groups = loaded.set.groups_read_for(&wish.resource, &wish.role);
        let outside = self.outside(loaded, &people, &groups, fresh).await?;
        let facts = wish.facts(self.uses(loaded, wish).await?, outside);
        let verdict = evaluate(&loaded.set, &facts, self.now().at);
        Ok((facts, verdict))
    }

    /// The same to act on. Where nobody will be asked, nobody looks again: what may be known from earlier is read for this.
    async fn judge_for_good(&self, loaded: &Loaded, wish: &Wish, fresh: Fresh) -> Result<(Facts, Verdict), Stop> {
        let (mut facts, verdict) = self.judge_wish(loaded, wish, fresh).await?;
        match verdict {
            Verdict::Allow { mode: Mode::Auto | Mode::BreakGlass, .. } => {}
            Verdict::Allow { mode: Mode::Ask, .. } | Verdict::Deny { .. } => return Ok((facts, verdict)),
        }
        let for_good = match fresh {
            Fresh::Lately | Fresh::Now => Fresh::Now,
            Fresh::OnHost => Fresh::OnHost,
        };
        let readings = facts.outside.groups.iter();
        let known =
            readings.filter(|(_, reading)| matches!(reading, Reading::Members(_))).map(|(group, _)| group.clone()).collect();
        facts.outside.groups.extend(self.outside(loaded, &[], &known, for_good).await?.groups);
        let verdict = evaluate(&loaded.set, &facts, self.now().at);
        Ok((facts, verdict))
    }

    /// How often the policy alone let this person in, as far back as any limit of this role looks.
    async fn uses(&self, loaded: &Loaded, wish: &Wish) -> Result<Uses, Stop> {
        let Some(per) = loaded.set.longest_limit(&wish.resource, &wish.role) else { return Ok(Uses::new()) };
        let (person, since) = (wish.subject.clone(), self.now().at.minus(per));
        Ok(self.store.read(move |reader| reader.uses_of(&person, since)).await?)
    }

    /// Files a request.
    pub(super) async fn ask(&self, attempt: &Attempt, loaded: &Arc<Loaded>, names: &Names, wish: Wish) -> Result<Outcome, Stop> {
        let fresh = match attempt.fresh() {
            Fresh::Now | Fresh::Lately => Fresh::Lately,
            Fresh::OnHost => Fresh::OnHost,
        };
        let permitted = self.permit(loaded, &wish, fresh).await.map_err(|stop| stopped(&wish, stop))?;
        let reach = self.reach();
        let job = move |work: &mut Work<'_, '_>, names: &mut Names| -> Result<Reply, Stop> {
            let filed = work
                .refuse_locked(&reach, &permitted.ask.terms, &wish.filed_by)
                .and_then(|()| file(work, names, &wish, permitted));
            filed.map_err(|stop| stopped(&wish, stop))
        };
        self.transact(attempt, loaded, names, job).await
    }

    async fn permit(&self, loaded: &Loaded, wish: &Wish, fresh: Fresh) -> Result<Permitted, Stop> {
        let now = self.now();
        let (facts, verdict) = self.judge_for_good(loaded, wish, fresh).await?;
        self.may_file(loaded, wish, facts.outside.standing(&wish.filed_by))?;
        let Verdict::Allow {
            policy,
            also,
            steps,
            mode,
            ends_at_most,
            answer_within,
            start_within,
            warn_before,
            remind,
            review,
            trace,
            ..
        } = verdict
        else {
            let Verdict::Deny { refusal, trace, .. } = verdict else { return Err(Refusal::NoPolicy.into()) };
            return Err(glass::why_not(wish, refusal, &trace).into());
        };
        if glass::is_unagreed(wish, mode) {
            return Err(Refusal::GlassNotExtended.into());
        }
        let glass = review.map(|review| glass::follows(&loaded.set, &facts, review, now.at)).transpose()?;
        let terms = wish.terms(&loaded.set);
        let voters = electorate(&loaded.set, &steps, &wish.subject, &wish.filed_by, &facts.outside, now.at);
        let mut grants = Vec::new();
        let mut planned = Vec::new();
        if matches!(wish.purpose, Want::Access) {
            match mode {
                Mode::Ask => self.check_plan(loaded, &terms).await?,
                // What is approved at once is planned at once, under the number that its grant will have.
                Mode::Auto | Mode::BreakGlass => {
                    for part in terms.wanted() {
                        let grant = self.store.write(|tx| tx.reserve_grant_id()).await?;
                        grants.push(grant);
                        planned.push(self.plan_for(loaded, &terms, &part, grant).await?);
                    }
                }
            }
        }
        let ask = decide::Ask {
            id: crate::access::ids::RequestId::from_number(0),
            grants,
            terms_hash: terms_hash(&terms),
            terms,
            filed_by: wish.filed_by.clone(),
            reason: wish.reason.clone(),
            start_at: wish.when.start_at,
            answer_within,
            start_within,
            ends_at_most: wish.when.end_of(wish.access_for).map_or(ends_at_most, |end| end.min(ends_at_most)),
            warn_before,
            policy: PolicyRef { id: policy, also, digest: loaded.set.digest().to_owned() },
            mode,
            steps,
            // Where nobody is asked, nobody is reminded.
            remind: remind.filter(|_| mode == Mode::Ask),
        };
        let per = loaded.set.longest_limit(&wish.resource, &wish.role);
        let counted = per.map(|per| (now.at.minus(per), facts.uses.clone()));
        let away = facts.outside.away.clone();
        let facts = serde_json::to_string(&facts)
            .map_err(|error| StoreError::Unreadable { what: "facts".to_owned(), problem: error.to_string() })?;
        let (deciders, whose, absent) = told(wish, &ask.steps, &voters, &away);
        let (raised_by, not_at_once) = (glass::raised_by(wish, mode, &trace), not_at_once(&ask.policy, &trace));
        Ok(Permitted { ask, facts, deciders, planned, glass, raised_by, not_at_once, counted, whose, absent })
    }
}

/// Who gets the card; and what the answer says beside: for whom it is, and which of those who are asked are away.
fn told(
    wish: &Wish,
    steps: &[Step],
    voters: &[Electors],
    away: &[Absence],
) -> (BTreeSet<PersonId>, Option<PersonId>, Vec<(PersonId, Timestamp)>) {
    let everybody = voters.iter().flatten().cloned().collect();
    let deciders = to_call(steps, voters, &[], (everybody, away));
    let (whose, absent) = more(wish, &deciders, away);
    (deciders, whose, absent)
}

/// Why people are asked by a policy that usually asks nobody.
fn not_at_once(policy: &PolicyRef, trace: &Trace) -> Option<NotAtOnce> {
    let lines = trace.lines.iter().filter(|line| line.rule == policy.id || policy.also.contains(&line.rule));
    lines.map(|line| &line.said).find_map(|said| match said {
        Said::Unreadable { source } => Some(NotAtOnce::Unread { source: source.clone() }),
        Said::PastLimit { uses, per } => Some(NotAtOnce::UsedUp { uses: *uses, per: *per }),
        Said::NotForThem | Said::Forbids | Said::Fails { .. } | Said::Outranked { .. } | Said::Permits | Said::Raises { .. } => {
            None
        }
    })
}

/// The transaction: numbers are given, the request is written down, and those who decide are asked.
fn file(work: &mut Work<'_, '_>, names: &mut Names, wish: &Wish, permitted: Permitted) -> Result<Reply, Stop> {
    let Permitted { whose, absent, .. } = &permitted;
    let (whose, absent) = (whose.clone(), absent.clone());
    Ok(Reply::with(filed(work, names, wish, permitted)?, whose, absent))
}

fn filed(work: &mut Work<'_, '_>, names: &mut Names, wish: &Wish, permitted: Permitted) -> Result<Reply, Stop> {
    let Permitted { mut ask, facts, deciders, planned, glass, raised_by, not_at_once, counted, .. } = permitted;
    // Of two requests at the same instant only one can be the last that nobody is asked about.
    if let Some((since, counted)) = counted.filter(|_| ask.mode == Mode::Auto) {
        let uses = work.tx.uses_of(&wish.subject, since)?;
        let grew = |(policy, at): (&PolicyId, &Vec<Timestamp>)| counted.get(policy).map_or(0, Vec::len) < at.len();
        if uses.iter().any(grew) {
            return Err(Stop::Stale);
        }
    }
    if work.tx.draining_since()?.is_some() {
        return Err(Refusal::Draining.into());
    }
    refuse_repeated(work, wish, &ask)?;
    ask.id = work.tx.reserve_request_id()?;
    if matches!(wish.purpose, Want::Access) && ask.grants.is_empty() {
        for _ in ask.terms.wanted() {
            ask.grants.push(work.tx.reserve_grant_id()?);
        }
    }
    let id = ask.id;
    let mode = ask.mode;
    let events = decide::ask(ask, work.now)?;
    work.record(events)?;
    work.tx.keep_facts(id, &facts)?;
    let (telling, tx) = work.telling();
    telling.ask(tx, id, &deciders)?;
    let request = work.tx.request(id)?.ok_or(Refusal::NoSuchRequest { request: id })?;
    names::learn(names, &request, &[]);
    if mode == Mode::Ask {
        let at_most = Some(request.ends_at_most).filter(|at| *at < request.answer_by.plus(request.terms.access_for));
        let (people, answer_by) = (deciders.into_iter().collect(), request.answer_by);
        if wish.manner == Manner::BreakGlass {
            return Ok(Reply::GlassAsked { request: id, rules: raised_by, people, answer_by });
        }
        let from_to = request.from_to();
        return Ok(Reply::Asked { request: id, people, answer_by, at_most, from_to, not_at_once });
    }
    let claims = claims(planned, work.tx)?;
    if let Some(glass) = glass {
        return glass::broken(work, id, claims, glass);
    }
    work.on_request(id, RequestCommand::ApproveByPolicy { claims })?;
    if let Want::MoreTime { grant, .. } = wish.purpose {
        super::extend::agree(work, id, grant)?;
    }
    Ok(Reply::ApprovedAtOnce { request: id, from_to: request.from_to() })
}

/// What is asked for already, or held already, is not asked for again; and nobody floods the approvers.
fn refuse_repeated(work: &mut Work<'_, '_>, wish: &Wish, ask: &decide::Ask) -> Result<(), Stop> {
    // Whoever breaks the glass does not wait for what waits for a decision.
    let is_broken = ask.mode == Mode::BreakGlass;
    match wish.purpose {
        Want::Access => {
            if let Some(request) = work.tx.identical_pending(&ask.terms, ask.start_at)?.filter(|_| !is_broken) {
                return Err(Refusal::AlreadyPending { request }.into());
            }
            let live = work.tx.live_grants_of(&wish.subject, &wish.resource, &wish.role)?;
            if let Some(grant) = live.iter().find(|grant| super::when::overlap(grant, ask, work.now.at)) {
                return Err(super::bundle::held(work.tx, grant)?.into());
            }
        }
        Want::MoreTime { grant, .. } => {
            if let Some(request) = work.tx.pending_extension_of(grant)? {
                return Err(Refusal::ExtensionPending { request }.into());
            }
        }
    }
    refuse_flood(work, wish)?;
    let pending = work.tx.pending_requests_of(&wish.subject)?.len();
    if !is_broken && pending >= usize::try_from(PENDING_MAX).unwrap_or(usize::MAX) {
        return Err(Refusal::TooManyPending { limit: PENDING_MAX }.into());
    }
    Ok(())
}
