//! What an approval would bring about at the provider: described before anything is decided, committed with the decision.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::access::decide::{Claim, Describe};
use crate::access::entitlement::{Description, Entitlement, Prior, Target};
use crate::access::ids::{EntitlementId, GrantId, ProviderId};
use crate::access::refusal::Refusal;
use crate::access::request::{Part, Purpose, Request, Terms};
use crate::access::secret::{Sealed, SealedTo, Secret};
use crate::access::time::Timestamp;
use crate::providers::{Call, Caps, Plan, Wanted};
use crate::store::{StoreError, Tx};

use super::App;
use super::policies::Loaded;

/// How long a plan may take: it is made while somebody waits for the answer to a click.
const PLAN_TIMEOUT: Duration = Duration::from_secs(2);

/// A planned access.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    grant: GrantId,
    plan: Plan,
    sealed_to: SealedTo,
}

impl App {
    /// Plans what the request asks for; empty for an extension.
    pub(super) async fn plan(&self, loaded: &Loaded, request: &Request) -> Result<Vec<Planned>, Refusal> {
        match request.terms.purpose {
            Purpose::Extension(_) => Ok(Vec::new()),
            Purpose::Access => {
                let mut planned = Vec::new();
                for grant in &request.grants {
                    planned.push(self.plan_for(loaded, &request.terms, &request.part_of(*grant), *grant).await?);
                }
                Ok(planned)
            }
        }
    }

    /// Whether it could be planned at all: found when it is asked for, not when it is approved.
    pub(super) async fn check_plan(&self, loaded: &Loaded, terms: &Terms) -> Result<(), Refusal> {
        for part in terms.wanted() {
            self.plan_one(loaded, terms, &part, GrantId::from_number(1)).await?;
        }
        Ok(())
    }

    /// Plans one grant under its number.
    pub(super) async fn plan_for(&self, loaded: &Loaded, terms: &Terms, part: &Part, grant: GrantId) -> Result<Planned, Refusal> {
        self.plan_one(loaded, terms, part, grant).await
    }

    /// A secret is encrypted to keys of the person's own. Where they have none that can be used, and there is a page to show it
    /// on, it is encrypted to this host.
    async fn plan_one(&self, loaded: &Loaded, terms: &Terms, part: &Part, grant: GrantId) -> Result<Planned, Refusal> {
        let theirs = loaded.set.person(&terms.subject).map(|person| person.keys.clone()).unwrap_or_default();
        match self.plan_sealed_to(loaded, terms, part, (grant, theirs)).await {
            Ok(plan) => Ok(Planned { grant, plan, sealed_to: SealedTo::TheirKeys }),
            Err(Refusal::NoKeyOnFile) => {
                let ours = self.reveals().ok_or(Refusal::NoKeyOnFile)?.recipient();
                let plan = self.plan_sealed_to(loaded, terms, part, (grant, vec![ours])).await?;
                Ok(Planned { grant, plan, sealed_to: SealedTo::Host })
            }
            Err(refusal) => Err(refusal),
        }
    }

    async fn plan_sealed_to(
        &self,
        loaded: &Loaded,
        terms: &Terms,
        part: &Part,
        (grant, keys): (GrantId, Vec<String>),
    ) -> Result<Plan, Refusal> {
        let set = &loaded.set;
        let no_such = || Refusal::NoSuchResource { asked: part.resource.to_string(), similar: Vec::new() };
        let resource = set.resource(&part.resource).ok_or_else(no_such)?;
        let role = set.role(&part.resource, &part.role).ok_or_else(no_such)?;
        let provider = resource.provider.value.clone();
        let account =
            set.account(&terms.subject, &provider).ok_or_else(|| Refusal::NoProviderAccount { provider: provider.clone() })?;
        let unplannable = |problem: String| Refusal::CannotBePlanned { provider: provider.clone(), problem };
        let adapter =
            self.policies.provider(&provider).ok_or_else(|| unplannable("it is not configured on this host".to_owned()))?;
        let wanted = Wanted {
            shape: role.grant.clone(),
            resource: part.resource.to_string(),
            account: account.to_owned(),
            grant,
            installation: self.store.installation().to_owned(),
            keys,
        };
        let call = Call { at: self.now().at, timeout: PLAN_TIMEOUT };
        let plan = match tokio::time::timeout(PLAN_TIMEOUT, adapter.plan(&call, &wanted)).await {
            Ok(Ok(plan)) => plan,
            Ok(Err(error)) if error.trouble.code == "no_key_on_file" => return Err(Refusal::NoKeyOnFile),
            Ok(Err(error)) => return Err(unplannable(error.trouble.message)),
            Err(_) => return Err(unplannable("it did not answer in time".to_owned())),
        };
        Ok(plan)
    }

    /// What an adapter promises for a role: what is shown of what may stay behind.
    pub(super) fn caps(&self, loaded: &Loaded, part: &Part) -> Option<Caps> {
        let resource = loaded.set.resource(&part.resource)?;
        let role = loaded.set.role(&part.resource, &part.role)?;
        Some(self.policies.provider(&resource.provider.value)?.caps(&role.grant))
    }
}

impl App {
    /// What stays behind at the end of each of these, as a sentence without a period.
    pub(super) fn lingers(&self, loaded: &Loaded, wanted: &[Part]) -> Option<String> {
        let of = |part: &Part| lingers(self.caps(loaded, part).as_ref());
        if let [only] = wanted {
            return of(only);
        }
        let name = |part: &Part| loaded.set.resource(&part.resource).map_or(part.resource.to_string(), |r| r.name.clone());
        let each: Vec<String> =
            wanted.iter().filter_map(|part| of(part).map(|text| format!("{text} ({})", name(part)))).collect();
        (!each.is_empty()).then(|| each.join("; "))
    }
}

/// What stays behind at the end by what the adapter promises, as a sentence without a period.
pub(super) fn lingers(caps: Option<&Caps>) -> Option<String> {
    let caps = caps?;
    match (caps.kills_sessions, caps.residual) {
        (true, _) => None,
        (false, Some(residual)) => {
            Some(format!("an open session may last up to {} more minutes", residual.as_secs().div_ceil(60)))
        }
        (false, None) => Some("open sessions are not closed".to_owned()),
    }
}

/// The claims of one approval, in order, on entitlements that are found or made in this transaction. Two parts may claim the
/// same one, as two levels of one thing: it is described once.
pub(super) fn claims(planned: Vec<Planned>, tx: &mut Tx<'_>) -> Result<Vec<Claim>, StoreError> {
    let mut described: BTreeMap<(ProviderId, String, String), EntitlementId> = BTreeMap::new();
    let mut claims = Vec::new();
    for planned in planned {
        let Description { provider, subject, thing, .. } = &planned.plan.description;
        let key = (provider.clone(), subject.clone(), thing.clone());
        let mut claim = planned.claim(tx)?;
        match described.get(&key) {
            Some(known) => (claim.entitlement, claim.describe) = (*known, Describe::AsItIs),
            None => drop(described.insert(key, claim.entitlement)),
        }
        claims.push(claim);
    }
    Ok(claims)
}

impl Planned {
    /// The claim on the entitlement, found or made in this transaction.
    fn claim(self, tx: &mut Tx<'_>) -> Result<Claim, StoreError> {
        let Planned { grant, plan: Plan { mut description, level, ciphertext }, sealed_to: to } = self;
        let secret = ciphertext.map(|text| Secret { sealed: Sealed::armored(text), to });
        if description.fingerprint.is_none() {
            description.fingerprint = tx.fingerprint(&description.provider)?.map(|(fingerprint, _)| fingerprint);
        }
        let native_expiry = description.native_expiry;
        let known = tx.find_entitlement(&description.provider, &description.subject, &description.thing)?;
        let (entitlement, describe) = match known {
            Some(holding) => {
                let id = holding.entitlement.id;
                let at_rest = holding.entitlement.prior == Prior::Unread && holding.entitlement.in_flight.is_none();
                let unclaimed = holding.grants.iter().all(crate::access::grant::Grant::is_over);
                (id, if at_rest && unclaimed { Describe::Anew(Box::new(description)) } else { Describe::AsItIs })
            }
            None => {
                let id = tx.reserve_entitlement_id()?;
                (id, Describe::New(Box::new(fresh(id, description))))
            }
        };
        Ok(Claim { grant, entitlement, describe, level, native_expiry, secret })
    }
}

fn fresh(id: EntitlementId, description: Description) -> Entitlement {
    Entitlement {
        id,
        version: 0,
        description,
        prior: Prior::Unread,
        target: Target::Absent,
        due: None,
        in_flight: None,
        epoch: 0,
        quiet_at: Timestamp::from_millis(0),
        verified_at: None,
        trouble: None,
    }
}
