//! The provider as it really is: what each subject holds, what was there before us, and calls that may still land.

use std::collections::BTreeMap;

use daypass::access::entitlement::{Class, Description, Level, Mark, NativeExpiry, Seen, Target, Trouble};
use daypass::access::time::Timestamp;

/// One subject's hold on one thing.
pub type Key = (String, String);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub rank: u32,
    pub until: Option<Timestamp>,
    pub ours: bool,
}

/// A call whose caller was told nothing, and that may act until `until`.
#[derive(Debug, Clone)]
pub struct Late {
    pub key: Key,
    pub target: Target,
    pub lands_by: i64,
}

#[derive(Debug, Default)]
pub struct Provider {
    pub truth: BTreeMap<Key, Held>,
    /// What every read shows instead, while reads lag.
    pub stale: BTreeMap<Key, Option<Held>>,
    /// What others gave; the most of it since the entitlement was last at rest.
    pub standing: BTreeMap<Key, u32>,
    /// When something was last taken away by somebody else, or by the provider itself.
    pub taken: BTreeMap<Key, i64>,
    pub late: Vec<Late>,
    pub moved: bool,
    pub down: bool,
}

pub fn key_of(description: &Description) -> Key {
    (description.subject.clone(), description.thing.clone())
}

pub fn level(rank: u32) -> Level {
    Level { name: format!("l{rank}"), rank }
}

pub fn trouble(class: Class, code: &str) -> Trouble {
    Trouble { class, code: code.to_owned(), message: code.to_owned() }
}

impl Provider {
    pub fn fingerprint(&self) -> String {
        if self.moved { "other".to_owned() } else { "one".to_owned() }
    }

    /// Makes the target true, as a level-triggered adapter does.
    pub fn act(&mut self, key: &Key, target: &Target) {
        match target {
            Target::Absent => {
                self.truth.remove(key);
            }
            Target::Present { level, until } => {
                let ours = self.standing.get(key).is_none_or(|standing| level.rank > *standing);
                self.truth.insert(key.clone(), Held { rank: level.rank, until: *until, ours });
            }
        }
    }

    /// Where the provider ends access by itself, it does, whether anybody is alive or not.
    pub fn expire(&mut self, now: i64) {
        let over = |held: &Held| held.until.is_some_and(|until| until.as_millis() <= now);
        for (key, _) in self.truth.extract_if(.., |_, held| over(held)) {
            self.taken.insert(key, now);
        }
    }

    pub fn read(&mut self, key: &Key) -> (Seen, Mark) {
        if self.moved {
            return (Seen::Absent, Mark::Unmarked);
        }
        let shown = self.stale.remove(key).unwrap_or_else(|| self.truth.get(key).cloned());
        match shown {
            None => (Seen::Absent, Mark::Unmarked),
            Some(held) => {
                let mark = if held.ours { Mark::Ours } else { Mark::Unmarked };
                (Seen::Present { level: level(held.rank), until: held.until }, mark)
            }
        }
    }

    /// Everything whose time is over, or that is chosen to, lands now.
    pub fn land(&mut self, now: i64, mut choose: impl FnMut() -> bool) {
        let (landing, waiting): (Vec<Late>, Vec<Late>) = self.late.drain(..).partition(|late| late.lands_by <= now || choose());
        self.late = waiting;
        for late in landing.into_iter().filter(|late| late.lands_by >= now) {
            self.act(&late.key, &late.target);
        }
    }

    pub fn rank(&self, key: &Key) -> u32 {
        self.truth.get(key).map_or(0, |held| held.rank)
    }

    pub fn standing(&self, key: &Key) -> u32 {
        self.standing.get(key).copied().unwrap_or(0)
    }
}

/// The two kinds of things in this world: one whose provider ends access by itself, one whose provider does not.
pub fn expiry_of(thing: &str) -> NativeExpiry {
    if thing.starts_with("exact") { NativeExpiry::Exact } else { NativeExpiry::None }
}
