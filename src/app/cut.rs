//! What ended early for one person, as one message: to whom it goes, what its row says, and how it is drawn.

use crate::access::ids::{GrantId, PersonId, RequestId};
use crate::access::time::Timestamp;
use crate::slack::block::Message;
use crate::slack::say::names::Names;
use crate::slack::say::notice::{Because, CutShort, cut_short};
use crate::store::outbox::Audience;
use crate::store::{Reader, StoreError};

use super::messages::Kind;
use super::names;
use super::telling::Telling;
use super::transact::Work;

/// What ended early for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub person: PersonId,
    pub because: Because,
    pub grants: Vec<GrantId>,
    pub requests: Vec<RequestId>,
}

impl Cut {
    /// Nothing yet.
    pub(super) fn new(person: PersonId, because: Because) -> Cut {
        Cut { person, because, grants: Vec::new(), requests: Vec::new() }
    }

    /// Tells whoever answers for the person, if there is anything to tell.
    pub(super) fn tell(&self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        if self.grants.is_empty() && self.requests.is_empty() {
            return Ok(());
        }
        let (telling, tx) = work.telling();
        for audience in self.audience(telling, tx)? {
            telling.mark(tx, &Kind::CutShort(telling.at), self.row(), audience)?;
        }
        Ok(())
    }

    /// The sponsor; of somebody without one, the security channel; where there is none, the owners of what it is about.
    fn audience(&self, telling: &Telling<'_>, reader: &Reader<'_>) -> Result<Vec<Audience>, StoreError> {
        let person = telling.set.and_then(|set| set.person(&self.person));
        if let Some(sponsor) = person.and_then(|person| person.sponsor.as_ref()) {
            return Ok(vec![Audience::Person(sponsor.value.clone())]);
        }
        if let Some(channel) = telling.security_channel {
            return Ok(vec![Audience::Channel(channel.to_owned())]);
        }
        let mut owners = std::collections::BTreeSet::new();
        for grant in &self.grants {
            let Some(grant) = reader.grant(*grant)? else { continue };
            let Some(request) = reader.request(grant.request)? else { continue };
            owners.extend(telling.set.map(|set| set.owners_of(&request.part_of(grant.id).resource)).unwrap_or_default());
        }
        Ok(owners.into_iter().filter(|owner| *owner != self.person).map(Audience::Person).collect())
    }

    /// As the outbox keeps it: `maya contract_until/1773738000000 G-1 G-2 R-3`.
    fn row(&self) -> String {
        let because = match self.because {
            Because::ContractOver => "contract_over".to_owned(),
            Because::ContractUntil(end) => format!("contract_until/{}", end.as_millis()),
            Because::Deactivated => "deactivated".to_owned(),
        };
        let mut row = format!("{} {because}", self.person);
        self.grants.iter().for_each(|grant| row.push_str(&format!(" {grant}")));
        self.requests.iter().for_each(|request| row.push_str(&format!(" {request}")));
        row
    }

    /// What was kept; `None` for what this version did not write.
    pub(super) fn read(row: &str) -> Option<Cut> {
        let mut words = row.split(' ');
        let person = words.next()?.parse().ok()?;
        let because = match words.next()?.split_once('/') {
            Some(("contract_until", end)) => Because::ContractUntil(Timestamp::from_millis(end.parse().ok()?)),
            Some(_) => return None,
            None => match row.split(' ').nth(1)? {
                "contract_over" => Because::ContractOver,
                "deactivated" => Because::Deactivated,
                _ => return None,
            },
        };
        let mut cut = Cut::new(person, because);
        for word in words {
            match (word.parse(), word.parse()) {
                (Ok(grant), _) => cut.grants.push(grant),
                (Err(_), Ok(request)) => cut.requests.push(request),
                (Err(_), Err(_)) => return None,
            }
        }
        Some(cut)
    }

    /// The message, by the rows as they are now.
    pub(super) fn draw(&self, reader: &Reader<'_>, mut names: Names) -> Result<Message, StoreError> {
        let mut grants = Vec::new();
        for id in &self.grants {
            let Some(grant) = reader.grant(*id)? else { continue };
            names::learn_grant(&mut names, reader, &grant)?;
            grants.push(grant);
        }
        for id in &self.requests {
            if let Some(request) = reader.request(*id)? {
                names::learn(&mut names, &request, &[]);
            }
        }
        let facts =
            CutShort { person: &self.person, because: self.because, grants: &grants, requests: &self.requests, names: &names };
        Ok(cut_short(&facts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_outbox_keeps_can_be_read_again() {
        let person: PersonId = "maya".parse().unwrap();
        for because in [Because::ContractOver, Because::ContractUntil(Timestamp::from_millis(7)), Because::Deactivated] {
            let mut cut = Cut::new(person.clone(), because);
            assert_eq!(Cut::read(&cut.row()), Some(cut.clone()));
            cut.grants = vec!["G-1".parse().unwrap(), "G-12".parse().unwrap()];
            cut.requests = vec!["R-3".parse().unwrap()];
            assert_eq!(Cut::read(&cut.row()), Some(cut));
        }
        for odd in ["", "maya", "maya later", "maya contract_until/x", "maya deactivated G-1 x"] {
            assert_eq!(Cut::read(odd), None, "{odd}");
        }
    }
}
