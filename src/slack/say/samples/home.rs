//! The samples of home tabs.

use super::stage::{Stage, at};
use crate::slack::block::Home;
use crate::slack::say::home::{HomeFacts, Whole, home};
use crate::slack::say::lists::{Able, Can, Held};
use crate::slack::say::status::Extend;

impl Stage {
    /// Home tabs of all sorts, with a name for each.
    pub(in crate::slack) fn homes(&self) -> Vec<(&'static str, Home)> {
        let names = &self.names;
        let active: Vec<_> = self.grants().into_iter().filter(|(name, _)| *name == "active").map(|(_, grant)| grant).collect();
        let all: Vec<_> = self.grants().into_iter().map(|(_, grant)| grant).collect();
        let held: Vec<Held<'_>> = active.iter().map(|grant| Held { grant, extend: Extend::Offered }).collect();
        let request = [&self.request];
        let (yes, no) = (Can::Yes, Can::No);
        let able = Able { ask: yes, break_glass: yes, decide: no, revoke: no, ask_for: no };
        let nothing = HomeFacts { held: &[], asked: &[], waiting: &[], reviews: &[], able, whole: None, now: at(30), names };
        let troubles = [self.said.clone()];
        let well = Whole { live: &[], live_count: 0, overdue: 0, pending: 0, troubles: &[] };
        let ill = Whole { live: &all, live_count: 30, overdue: 2, pending: 1, troubles: &troubles };
        let decider = Able { break_glass: no, decide: yes, ..able };
        vec![
            ("home.nothing", home(&nothing)),
            ("home.unable", home(&HomeFacts { able: Able { ask: no, break_glass: no, ..able }, ..nothing })),
            ("home.own", home(&HomeFacts { held: &held, asked: &request, ..nothing })),
            ("home.decides_nothing", home(&HomeFacts { able: decider, ..nothing })),
            ("home.decides", home(&HomeFacts { able: decider, waiting: &request, ..nothing })),
            ("home.admin.well", home(&HomeFacts { able: decider, whole: Some(well), ..nothing })),
            ("home.admin.ill", home(&HomeFacts { able: decider, whole: Some(ill), ..nothing })),
            ("home.sentence", Home::sentence(&self.said)),
        ]
    }
}
