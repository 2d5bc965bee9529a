//! The samples of digests, and of the messages about being taken out of service.

use std::collections::BTreeMap;
use std::time::Duration;

use super::stage::{Stage, at};
use crate::access::talk::Measure;
use crate::slack::block::Message;
use crate::slack::say::digest::{DigestFacts, Draining, digest, draining};

impl Stage {
    /// A time in which nothing happened.
    pub(in crate::slack) fn quiet(&self) -> DigestFacts<'_> {
        DigestFacts {
            from: at(-1440),
            until: at(0),
            asked: 0,
            decided: None,
            pending: 0,
            broken: 0,
            reviews: (0, 0),
            late: 0,
            overdue: 0,
            feedback: &[],
            contracts: &[],
            names: &self.names,
        }
    }

    /// Digests of all sorts, with a name for each.
    pub(in crate::slack) fn digests(&self) -> Vec<(&'static str, Message)> {
        let quiet = self.quiet();
        let contracts = [(self.request.terms.subject.clone(), at(3 * 1440))];
        let feedback = [(self.request.terms.clone(), BTreeMap::from([(Measure::TooMuch, 2), (Measure::JustRight, 1)]))];
        let busy = DigestFacts {
            asked: 12,
            decided: Some((9, Duration::from_secs(754))),
            pending: 2,
            broken: 1,
            reviews: (2, 1),
            late: 1,
            overdue: 1,
            feedback: &feedback,
            contracts: &contracts,
            ..quiet
        };
        let little = DigestFacts { asked: 1, decided: Some((1, Duration::from_secs(20))), reviews: (1, 0), ..quiet };
        vec![
            ("digest.nothing", digest(&quiet)),
            ("digest.little", digest(&little)),
            ("digest.busy", digest(&busy)),
            ("draining.began", draining(Draining::Began)),
            ("draining.over", draining(Draining::Over)),
            ("draining.undone", draining(Draining::Undone)),
        ]
    }
}
