//! Who is it? A Slack account becomes a person, or is refused with a sentence. Nothing but the signed payload counts.

use crate::access::event::Actor;
use crate::access::ids::PersonId;
use crate::access::refusal::Refusal;
use crate::people::Identified;
use crate::policy::facts::Standing;
use crate::slack::inbound::{Account, Home};

use super::App;
use super::policies::Loaded;
use super::standing::as_policy;

impl App {
    /// The person behind an account of our workspace, known to the policy files and active by what Slack says.
    ///
    /// Guests are people like others here; what they may not do, the policy says.
    pub(super) async fn identify(&self, loaded: &Loaded, account: &Account) -> Result<PersonId, Refusal> {
        let home = self.installed().await?;
        if account.home_in(&home.team) == Home::Foreign {
            return Err(Refusal::ForeignAccount);
        }
        let person = match loaded.directory(&home.team).by_slack(&home.team, &account.user) {
            Identified::Known(person) => person,
            Identified::Unknown => return Err(Refusal::UnknownAccount),
            Identified::Ambiguous => return Err(Refusal::AmbiguousAccount),
        };
        let known = self.standings.account(&self.slack, &account.user, self.wall()).await.ok_or(Refusal::AccountUnverified)?;
        match as_policy(known.standing) {
            Standing::Active | Standing::Guest if known.belongs_to(&home.team) => Ok(person),
            Standing::Active | Standing::Guest | Standing::Stranger => Err(Refusal::ForeignAccount),
            Standing::Deactivated | Standing::Bot => Err(Refusal::AccountNotAllowed),
            Standing::Unknown => Err(Refusal::AccountUnverified),
        }
    }

    /// Whether this person may end and see what belongs to others.
    pub(super) fn is_admin(&self, person: &PersonId) -> bool {
        self.settings.admins.contains(person)
    }
}

/// How the audit log names whoever is behind an account.
pub(super) fn actor(account: &Account, person: &Result<PersonId, Refusal>) -> Actor {
    match person {
        Ok(person) => Actor::Person(person.clone()),
        Err(_) => Actor::Account(account.key()),
    }
}
