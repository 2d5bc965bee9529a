//! The names for whatever a message mentions, in the zone of whoever reads it.

use std::sync::Arc;

use crate::access::grant::Grant;
use crate::access::ids::PersonId;
use crate::access::refusal::Refusal;
use crate::access::request::{Purpose, Request};
use crate::policy::PolicySet;
use crate::slack::say::names::{About, Names};
use crate::slack::zone::Zone;
use crate::store::{Reader, StoreError};

use super::policies::Loaded;

/// Names for a person, in their zone.
pub fn for_person(loaded: Option<&Loaded>, person: &PersonId) -> Names {
    named(loaded, loaded.map_or_else(Zone::default, |loaded| zone_of(&loaded.set, person)))
}

/// Names for a channel, in the zone of the policy files.
pub fn for_channel(loaded: Option<&Loaded>) -> Names {
    named(loaded, loaded.map_or_else(Zone::default, |loaded| zone(&loaded.set.defaults().timezone)))
}

fn named(loaded: Option<&Loaded>, zone: Zone) -> Names {
    Names { book: loaded.map(|loaded| Arc::clone(&loaded.book)).unwrap_or_default(), zone, ..Names::default() }
}

/// The zone in which this person reads times.
pub fn zone_of(set: &PolicySet, person: &PersonId) -> Zone {
    let own = set.person(person).and_then(|person| person.timezone.as_ref());
    zone(own.unwrap_or(&set.defaults().timezone))
}

fn zone(zone: &jiff::tz::TimeZone) -> Zone {
    Zone::named(zone.iana_name().unwrap_or("UTC"))
}

/// Adds what a request and its grants are about.
pub fn learn(names: &mut Names, request: &Request, grants: &[Grant]) {
    names.requests.insert(request.id, About::from(&request.terms));
    for grant in grants {
        names.grants.insert(grant.id, About::of_grant(request, grant.id));
    }
    if let Purpose::Extension(grant) = request.terms.purpose {
        names.grants.insert(grant, About::from(&request.terms));
    }
}

/// Adds what a request that is only known by its grant is about.
pub fn learn_grant(names: &mut Names, reader: &Reader<'_>, grant: &Grant) -> Result<(), StoreError> {
    if let Some(request) = reader.request(grant.request)? {
        learn(names, &request, std::slice::from_ref(grant));
    }
    Ok(())
}

/// A refusal that names a request or grant is told with what those are about.
pub(super) fn learn_refusal(tx: &Reader<'_>, refusal: &Refusal, names: &mut Names) -> Result<(), StoreError> {
    let (request, grant) = match refusal {
        Refusal::AlreadyPending { request } | Refusal::ExtensionPending { request } | Refusal::RemindedLately { request, .. } => {
            (Some(*request), None)
        }
        Refusal::AlreadyHeld { grant } | Refusal::GrantOver { grant, .. } | Refusal::NotInForce { grant } => (None, Some(*grant)),
        _ => (None, None),
    };
    if let Some(request) = request.map(|id| tx.request(id)).transpose()?.flatten() {
        learn(names, &request, &[]);
    }
    if let Some(grant) = grant.map(|id| tx.grant(id)).transpose()?.flatten() {
        learn_grant(names, tx, &grant)?;
    }
    Ok(())
}
