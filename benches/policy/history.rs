//! Ten thousand requests of a year, filed under the large world's rules, and files that differ a little from those.

use std::path::Path;

use daypass::access::event::{Actor, Event};
use daypass::access::ids::RequestId;
use daypass::access::remind::Reminding;
use daypass::access::request::{PolicyRef, Purpose, Request, RequestState, Terms, TermsHash};
use daypass::access::talk::Talk;
use daypass::access::time::Timestamp;
use daypass::policy::parse::Shapes;
use daypass::policy::{Facts, PolicySet, Verdict, evaluate, load};
use daypass::store::{Store, StoreError};

use super::world::{self, About, Accounts};

/// How many there are.
pub const REQUESTS: i64 = 10_000;
/// How many are filed in one transaction.
const BATCH: usize = 500;
/// How long after another each is filed: ten thousand within ten months.
const APART_MS: i64 = 43 * 60_000;

/// Writes the database into `data`, and the files to be compared with into `proposed`.
pub fn write(data: &Path, proposed: &Path) -> anyhow::Result<()> {
    let pinned = data.with_extension("policies");
    world::write(&pinned, About::Areas, Accounts::Everywhere)?;
    let set = load(&pinned, Shapes::UNCHECKED)?;
    world::write(proposed, About::Areas, Accounts::Everywhere)?;
    let rules = std::fs::read_to_string(proposed.join("policies.yaml"))?;
    std::fs::write(proposed.join("policies.yaml"), rules.replace("08:00-18:00", "09:00-17:00"))?;

    let store = Store::open(data, world::NOW)?;
    let (digest, text) = (set.digest().to_owned(), set.text().to_owned());
    store.write_blocking::<_, StoreError>(move |tx| tx.keep_policy(&digest, &text, world::NOW))?;
    let mut filed = Vec::new();
    let mut tried = 0;
    for id in 1..=REQUESTS {
        // Whoever would be refused files nothing.
        let (request, facts) = loop {
            tried += 1;
            if let Some(found) = request(&set, id, tried)? {
                break found;
            }
        };
        filed.push((request, serde_json::to_string(&facts)?));
        if filed.len() >= BATCH || id == REQUESTS {
            let batch = std::mem::take(&mut filed);
            store.write_blocking::<_, StoreError>(move |tx| {
                for (request, facts) in batch {
                    let (id, by, at) = (request.id, Actor::Person(request.filed_by.clone()), request.asked_at);
                    tx.record(at, &by, Event::RequestAsked { request: Box::new(request) })?;
                    tx.keep_facts(id, &facts)?;
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn request(set: &PolicySet, id: i64, tried: i64) -> anyhow::Result<Option<(Request, Facts)>> {
    let asked_at = Timestamp::from_millis(world::NOW.as_millis() - (REQUESTS - id) * APART_MS);
    let (person, resource) = (tried * 7 % 1000, tried * 11 % 500);
    let facts = world::asks(&format!("p{person}"), &format!("area-{}/r{resource}", resource % 10))?;
    let Verdict::Allow { policy, steps, mode, ends_at_most, answer_within, start_within, warn_before, .. } =
        evaluate(set, &facts, asked_at)
    else {
        return Ok(None);
    };
    let request = Request {
        id: RequestId::from_number(id),
        version: 1,
        terms: Terms {
            subject: facts.subject.clone(),
            resource: facts.resource.clone(),
            role: facts.role.clone(),
            access_for: facts.access_for,
            purpose: Purpose::Access,
            parts: Vec::new(),
        },
        terms_hash: TermsHash(0),
        filed_by: facts.filed_by.clone(),
        reason: facts.reason.clone(),
        asked_at,
        answer_by: asked_at.plus(answer_within),
        start_at: None,
        start_within,
        ends_at_most,
        warn_before,
        policy: PolicyRef { id: policy, also: Vec::new(), digest: set.digest().to_owned() },
        mode,
        steps,
        approvals: Vec::new(),
        grants: Vec::new(),
        reminding: Reminding::default(),
        talk: Talk::default(),
        state: RequestState::Pending,
    };
    Ok(Some((request, facts)))
}
