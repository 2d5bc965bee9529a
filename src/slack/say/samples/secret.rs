//! One of each of what is said about a secret that is shown on a page.

use super::{Stage, at};
use crate::access::refusal::Refusal;
use crate::slack::block::Message;
use crate::slack::say::notice::{Alarm, alarm};
use crate::slack::say::refusal::refused;
use crate::slack::say::reply::{Reply, reply};
use crate::slack::say::secret::link;

impl Stage {
    pub(super) fn secrets(&self) -> Vec<(String, Message)> {
        let (grant, names) = (self.grant.id, &self.names);
        let address = "https://daypass.example/reveal/G-57/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let refusals = [
            ("no_key", Refusal::NoKeyOnFile),
            ("none", Refusal::NoSecret { grant }),
            ("not_yours", Refusal::NotYourSecret),
            ("shown", Refusal::SecretShown { grant, at: at(6) }),
            ("unopenable", Refusal::SecretUnopenable { grant }),
        ];
        let refusals = refusals.into_iter().map(|(name, what)| (format!("secret.refused.{name}"), refused(&what, names)));
        let mut all: Vec<(String, Message)> = refusals.collect();
        all.push(("secret.link".to_owned(), link(grant, address, at(11), names)));
        all.push(("secret.linked".to_owned(), reply(&Reply::SecretLinked { grant }, names)));
        all.push(("alarm.secret_asked_again".to_owned(), alarm(&Alarm::SecretAskedAgain { grant }, names)));
        all
    }
}
