//! The samples of what people read while nobody answers.

use super::stage::{Stage, at, ttl};
use crate::access::remind::{Also, ByHand, Page, Paged, Remind, Reminding};
use crate::access::request::Request;
use crate::slack::block::Message;
use crate::slack::say::card::card;
use crate::slack::say::remind::{page_fails, reminder, still_waiting, was_reminded};
use crate::slack::say::status::status;

impl Stage {
    /// The request after the first reminder, with Security asked as well; and after the second, with a page.
    pub(in crate::slack) fn reminded(&self) -> (Request, Request) {
        let page = "pagerduty".parse().ok().map(|provider| Page { provider, service: "orders".to_owned() });
        let rule = Remind { after: ttl(15), then_ask: Some("group/security".to_owned()), after_that: Some(ttl(30)), page };
        let also = Also::Asked { by: "group/security".to_owned(), since: at(15) };
        let first = Reminding { first_at: Some(at(15)), also, ..Reminding::by_rule(Some(rule)) };
        let page = Some(Paged { owed_at: at(45), made_at: None, resolved_at: None });
        let second = Reminding { second_at: Some(at(45)), page, ..first.clone() };
        let with = |reminding| Request { reminding, ..self.request.clone() };
        (with(first), with(second))
    }

    /// Every message while nobody answers, with a name for it.
    pub(in crate::slack) fn reminders(&self) -> Vec<(String, Message)> {
        let (once, twice) = self.reminded();
        let (still, names) = (&self.still, &self.names);
        let by_hand = self.approvers.first().map(|_| ByHand { by: self.request.filed_by.clone(), at: at(20) });
        let nudged = Request { reminding: Reminding { by_hand, ..Reminding::default() }, ..self.request.clone() };
        let paged = Paged { owed_at: at(45), made_at: Some(at(46)), resolved_at: None };
        let paged = Request { reminding: Reminding { page: Some(paged), ..twice.reminding.clone() }, ..twice.clone() };
        let seconded = Request { approvals: self.approved().approvals, ..once.clone() };
        let decided = Request { reminding: twice.reminding.clone(), ..self.approved() };
        let messages = [
            ("reminder.first", Some(reminder(&once, still, at(15), names))),
            ("reminder.by_hand", Some(reminder(&nudged, still, at(20), names))),
            ("reminder.answered", Some(was_reminded(&seconded, &[], at(15), names))),
            ("reminder.decided", Some(was_reminded(&decided, &[], at(15), names))),
            ("still_waiting.first", still_waiting(&once, still, at(15), names)),
            ("still_waiting.seconded", still_waiting(&seconded, still, at(15), names)),
            ("still_waiting.second", still_waiting(&twice, still, at(45), names)),
            ("page_fails", page_fails(&twice, names)),
            ("card.reminded", Some(card(&self.card(&paged, &[])))),
            ("status.reminded", Some(status(&self.status(&paged, &[])))),
        ];
        messages.into_iter().filter_map(|(name, message)| Some((name.to_owned(), message?))).collect()
    }
}
