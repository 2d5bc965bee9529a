//! The samples of what is said about locks.

use std::collections::BTreeSet;

use super::stage::{Stage, at};
use crate::access::entitlement::{Class, Trouble};
use crate::access::grant::Grant;
use crate::access::ids::{LockId, NotAnId};
use crate::access::lock::{Lock, LockState, Scope};
use crate::access::words::Words;
use crate::slack::block::Message;
use crate::slack::say::card::card;
use crate::slack::say::lock::{Preview, Row, Table, led_by_lock, preview, revoke_all_preview, table, told, told_over};

impl Stage {
    /// A lock that Carol set at 10:05.
    pub(in crate::slack) fn lock(&self, scope: Scope, state: LockState) -> Lock {
        let carol = self.approvers.first().cloned().unwrap_or(self.grant.person.clone());
        Lock {
            id: LockId::from_number(3),
            version: 0,
            scope,
            members: BTreeSet::new(),
            by: carol,
            at: at(5),
            until: None,
            reason: Words::typed(&self.said),
            accesses: vec![self.grant.id],
            cleared_at: None,
            state,
        }
    }

    /// Every message of it, with a name for it.
    pub(in crate::slack) fn locks(&self) -> Result<Vec<(String, Message)>, NotAnId> {
        let names = &self.names;
        let all: Vec<Grant> = self.grants().into_iter().map(|(_, grant)| grant).collect();
        let active: Vec<Grant> = all.iter().filter(|grant| grant.is_active()).cloned().collect();
        let many: Vec<Grant> = all.iter().cycle().take(42).cloned().collect();
        let trouble = Trouble { class: Class::NeedsHuman, code: "2BP01".to_owned(), message: self.said.clone() };
        let row = |grant| Row { grant, trouble: Some(&trouble), keeps: Some("readonly") };
        let rows: Vec<Row<'_>> = many.iter().map(row).collect();
        let gone: Vec<Row<'_>> =
            all.iter().filter(|grant| grant.gives_no_more()).map(|grant| Row { grant, trouble: None, keeps: None }).collect();
        let person = self.grant.person.clone();
        let (group, thing): (Scope, Scope) = ("group/contractors/acme".parse()?, "resource/prod/orders".parse()?);
        let reason = Words::typed(&self.said);
        let asked = |scope, until, grants, pending| {
            preview(&Preview { scope, until, reason: &reason, grants, pending, now: at(5), names })
        };
        let lifted = LockState::Lifted { at: at(60), by: person.clone() };
        let timed = Lock { until: Some(at(125)), ..self.lock(thing.clone(), LockState::InForce) };
        let momentary = self.lock(Scope::Person(person.clone()), LockState::Momentary);
        let over = self.lock(group.clone(), lifted);
        let ran_out = Lock { until: Some(at(125)), ..self.lock(Scope::Everything, LockState::RanOut { at: at(125) }) };
        let mut messages = vec![
            ("lock.preview".to_owned(), asked(&Scope::Everything, None, &many, 3)),
            ("lock.preview.until".to_owned(), asked(&thing, Some(at(125)), &active, 0)),
            ("lock.preview.nothing".to_owned(), asked(&group, None, &[], 1)),
            ("revoke_all.preview".to_owned(), revoke_all_preview(&person, &active, &all, &reason, names)),
            ("lock.card".to_owned(), led_by_lock(card(&self.card(&self.request, &[])), &timed, names)),
            ("lock.table.many".to_owned(), table(&Table { lock: &timed, rows: &rows, names })),
            ("lock.table.gone".to_owned(), table(&Table { lock: &over, rows: &gone, names })),
            ("lock.table.nothing".to_owned(), table(&Table { lock: &ran_out, rows: &[], names })),
            ("revoke_all.table".to_owned(), table(&Table { lock: &momentary, rows: &gone, names })),
            ("lock.told".to_owned(), told(&Table { lock: &timed, rows: &rows, names })),
            ("revoke_all.told".to_owned(), told(&Table { lock: &momentary, rows: &gone, names })),
        ];
        let ends = [("lock.over", told_over(&over, names)), ("lock.over.ran_out", told_over(&ran_out, names))];
        messages.extend(ends.into_iter().filter_map(|(name, message)| Some((name.to_owned(), message?))));
        Ok(messages)
    }
}
