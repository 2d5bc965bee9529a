//! Locks: what one would do, what became of what it took back, and that it is over. Nothing is said to be gone before it was seen.

use super::button;
use super::causes::proof;
use super::names::{Names, counted};
use super::notice::trouble;
use crate::access::entitlement::Trouble;
use crate::access::grant::{Grant, GrantState, Proof, Remains};
use crate::access::ids::{GrantId, PersonId};
use crate::access::lock::{Lock, LockState, Scope};
use crate::access::time::Timestamp;
use crate::access::words::Words;
use crate::slack::block::{Block, Button, Message, actions, context, quote, section};
use crate::slack::text::{Markup, cut_plain, one_line};

/// How many accesses a question about them lists.
const ASKED_MAX: usize = 15;
/// How many accesses a table lists; those that are not gone come first.
const LISTED_MAX: usize = 40;
/// How much of a reason fits into a button, in UTF-16 units.
const REASON_MAX: usize = 1700;

/// What is locked, as the object of a sentence.
pub(super) fn scope(scope: &Scope, names: &Names) -> String {
    match scope {
        Scope::Person(person) => format!("all access of {}", names.person(person)),
        Scope::Group(group) => format!("all access of everybody in {group}"),
        Scope::Resource(resource) => names.resource(resource).to_owned(),
        Scope::Everything => "all access of everybody".to_owned(),
    }
}

/// What a lock would do.
#[derive(Debug, Clone, Copy)]
pub struct Preview<'a> {
    /// On what.
    pub scope: &'a Scope,
    /// Until when, if not until it is lifted.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: &'a Words,
    /// What it would take back.
    pub grants: &'a [Grant],
    /// How many pending requests it would hold up.
    pub pending: usize,
    /// When.
    pub now: Timestamp,
    /// Names.
    pub names: &'a Names,
}

/// The question before a lock is set.
pub fn preview(facts: &Preview<'_>) -> Message {
    let names = facts.names;
    let what = scope(facts.scope, names);
    let until = match facts.until {
        Some(until) => Markup::new().lit(" until ").day(until, &names.zone).lit(", or until somebody lifts it"),
        None => Markup::new().lit(" until somebody lifts it"),
    };
    let ends = counted(facts.grants.len(), "access ends", "accesses end");
    let lead = Markup::new().lit("This locks ").bold(&what).then(&until).lit(". Nothing was done yet.");
    let at_once = match facts.grants {
        [] => Markup::new().lit("There is nothing now that would end."),
        _ => Markup::new().bold(&ends).lit(" at once:"),
    };
    let mut blocks = vec![section(&lead), section(&at_once)];
    blocks.extend(listed(facts.grants, names));
    let waits = match facts.pending {
        0 => "New requests, approvals, more time and breaking the glass are refused meanwhile.".to_owned(),
        pending => format!(
            "New requests, approvals, more time and breaking the glass are refused meanwhile. {} until then.",
            counted(pending, "pending request waits", "pending requests wait")
        ),
    };
    blocks.push(section(&Markup::new().text(&waits)));
    blocks.extend(reason(facts.reason));
    let until = facts.until.map_or_else(|| "-".to_owned(), |until| until.as_millis().to_string());
    let value = format!("{} {until} {}", facts.scope, in_a_button(facts.reason));
    let confirm = format!("{ends} at once, and nothing new is given meanwhile. Unlocking gives nothing back.");
    let lock = Button::new(button::LOCK, "Lock and revoke", &value, &format!("Lock {what} and revoke")).danger().confirm(
        &format!("Lock {what}?"),
        &confirm,
        "Lock and revoke",
        "Not now",
    );
    blocks.push(actions("lock", vec![lock]));
    Message::new(&format!("This would lock {what}: {ends}."), blocks)
}

/// The question before everything ends that somebody has, as far as it is for whoever asks to end.
pub fn revoke_all_preview(person: &PersonId, to_end: &[Grant], others: &[Grant], why: &Words, names: &Names) -> Message {
    let name = names.person(person);
    let ends = counted(to_end.len(), "access", "accesses");
    let mut blocks =
        vec![section(&Markup::new().lit("This ends ").bold(&ends).lit(" of ").bold(name).lit(". Nothing was done yet."))];
    blocks.extend(listed(to_end, names));
    if !others.is_empty() {
        let not_theirs =
            format!("Not yours to end, and left as it is: {}.", numbered(others.iter().map(|grant| grant.id), names));
        blocks.push(section(&Markup::new().text(&not_theirs)));
    }
    blocks.push(context(&[Markup::new().lit("New access can be asked for afterwards; `/jit lock` refuses that as well.")]));
    blocks.extend(reason(why));
    let value = format!("{person} {}", in_a_button(why));
    let revoke = Button::new(button::REVOKE_ALL, "Revoke all", &value, &format!("Revoke {ends} of {name}")).danger().confirm(
        &format!("Revoke all of {name}?"),
        &format!("At once, {ends} of {name} will be taken away."),
        "Revoke all",
        "Not now",
    );
    blocks.push(actions("revoke-all", vec![revoke]));
    Message::new(&format!("This would end {ends} of {name}."), blocks)
}

/// `G-57 (Orders database · Read only), G-58 (…) and 3 more`.
pub(super) fn numbered(grants: impl Iterator<Item = GrantId>, names: &Names) -> String {
    const NAMED_MAX: usize = 10;
    let all: Vec<GrantId> = grants.collect();
    let mut parts: Vec<String> = all.iter().take(NAMED_MAX).map(|grant| names.grant(*grant)).collect();
    match all.len().saturating_sub(NAMED_MAX) {
        0 => {}
        more => parts.push(format!("{more} more")),
    }
    super::names::listed(&parts, "and")
}

/// What the button that sets a lock carries: on what, until when, and why.
pub fn read_lock(value: &str) -> Option<(Scope, Option<Timestamp>, Words)> {
    let mut parts = value.splitn(3, ' ');
    let scope = parts.next()?.parse().ok()?;
    let until = match parts.next()? {
        "-" => None,
        millis => Some(Timestamp::from_millis(millis.parse().ok()?)),
    };
    Some((scope, until, Words::typed(parts.next().unwrap_or_default())))
}

/// What the button that ends all of somebody's access carries: whose, and why.
pub fn read_revoke_all(value: &str) -> Option<(PersonId, Words)> {
    let (person, why) = value.split_once(' ').unwrap_or((value, ""));
    Some((person.parse().ok()?, Words::typed(why)))
}

fn in_a_button(why: &Words) -> String {
    cut_plain(&one_line(why.as_typed()), REASON_MAX)
}

fn reason(why: &Words) -> Option<Block> {
    (!why.is_empty()).then(|| quote("Your reason:", why))
}

fn listed(grants: &[Grant], names: &Names) -> Vec<Block> {
    let line = |grant: &Grant| {
        let state = match &grant.state {
            GrantState::Active { ends_at, .. } => Markup::new().lit(", in force until ").day(*ends_at, &names.zone),
            GrantState::Planned | GrantState::Checking { .. } => Markup::new().lit(", approved, not begun"),
            GrantState::Provisioning { .. } => Markup::new().lit(", being given now"),
            GrantState::AwaitingUser { .. } => Markup::new().lit(", waits for the person to accept"),
            GrantState::Revoking(_) => Markup::new().lit(", being removed already"),
            GrantState::Void { .. } | GrantState::Failed { .. } | GrantState::Ended(_) => Markup::new().lit(", over"),
        };
        section(&whose(grant, names).then(&state))
    };
    let mut blocks: Vec<Block> = grants.iter().take(ASKED_MAX).map(line).collect();
    let more = grants.len().saturating_sub(ASKED_MAX);
    blocks.extend((more > 0).then(|| context(&[Markup::new().text(&format!("and {more} more"))])));
    blocks
}

fn whose(grant: &Grant, names: &Names) -> Markup {
    Markup::new().lit("• ").bold(&names.person_in_full(&grant.person)).lit(" · ").text(&names.grant(grant.id))
}

/// What a lock took back, and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// The lock.
    pub lock: &'a Lock,
    /// Everything that it takes back.
    pub rows: &'a [Row<'a>],
    /// Names.
    pub names: &'a Names,
}

/// One access that is taken back.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The grant.
    pub grant: &'a Grant,
    /// What went wrong last.
    pub trouble: Option<&'a Trouble>,
    /// What the person had before, and keeps.
    pub keeps: Option<&'a str>,
}

/// What is known of an access that is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    /// It is not gone as far as we know.
    There,
    /// Somebody says that it is gone.
    OnTheirWord,
    /// It was seen to be gone, or was never there.
    Gone,
}

fn known(grant: &Grant) -> Known {
    match &grant.state {
        GrantState::Ended(ended) => match ended.proof {
            Proof::Attested { .. } => Known::OnTheirWord,
            Proof::ReadBack | Proof::NothingSent | Proof::CoveredBy(_) => Known::Gone,
        },
        GrantState::Void { .. } | GrantState::Failed { .. } => Known::Gone,
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. }
        | GrantState::Revoking(_) => Known::There,
    }
}

/// `3 of 5 verified gone`, `All 5 are verified gone`.
fn headline(rows: &[Row<'_>]) -> String {
    let count = |what: Known| rows.iter().filter(|row| known(row.grant) == what).count();
    let (all, gone, words, there) = (rows.len(), count(Known::Gone), count(Known::OnTheirWord), count(Known::There));
    match (all, gone, words, there) {
        (0, ..) => "There was nothing to take back".to_owned(),
        (1, 1, ..) => "The one access is verified gone".to_owned(),
        (_, _, 0, 0) => format!("All {all} are verified gone"),
        (_, _, _, 0) => format!("{gone} of {all} verified gone, {words} only on somebody's word"),
        (_, _, 0, _) => format!("{gone} of {all} verified gone"),
        (..) => format!("{gone} of {all} verified gone, {words} on somebody's word"),
    }
}

/// The table for whoever set the lock, or revoked.
pub fn table(facts: &Table<'_>) -> Message {
    let Table { lock, rows, names } = facts;
    let headline = headline(rows);
    let mut lines: Vec<&Row<'_>> = rows.iter().collect();
    lines.sort_by_key(|row| (known(row.grant), row.grant.id));
    let lead = Markup::new().bold(&headline).lit(" · ").then(&deed(lock, names));
    let mut blocks = vec![section(&lead)];
    blocks.extend(lines.iter().take(LISTED_MAX).map(|row| section(&row_line(row, names))));
    let rest: Vec<&&Row<'_>> = lines.iter().skip(LISTED_MAX).collect();
    if !rest.is_empty() {
        let there = rest.iter().filter(|row| known(row.grant) == Known::There).count();
        blocks.push(context(&[Markup::new().text(&format!("and {} more, of which {there} are not gone yet", rest.len()))]));
    }
    blocks.extend((!lock.reason.is_empty()).then(|| quote("Your reason:", &lock.reason)));
    blocks.push(context(&[where_it_stands(lock, names)]));
    Message::new(&format!("{headline}: {}", deed_plain(lock, names)), blocks).about(lock.id)
}

fn row_line(row: &Row<'_>, names: &Names) -> Markup {
    let line = whose(row.grant, names).lit(": ");
    let line = match &row.grant.state {
        GrantState::Planned
        | GrantState::Checking { .. }
        | GrantState::Provisioning { .. }
        | GrantState::AwaitingUser { .. }
        | GrantState::Active { .. } => line.lit("about to be revoked…"),
        GrantState::Revoking(revoking) => {
            let line = match (revoking.alarms, &revoking.remains) {
                (_, Remains::Remnant(left)) => line.lit("the access is cut; still to be removed: ").text(left).lit("."),
                (0, Remains::Access) => line.lit("revoking…"),
                (_, Remains::Access) => line.lit("*overdue* since ").clock(revoking.due_at, &names.zone).lit(", not gone yet."),
            };
            match row.trouble {
                Some(seen) => line.lit(" ").text(&trouble(Some(seen))),
                None => line,
            }
        }
        GrantState::Ended(ended) => match &ended.proof {
            Proof::ReadBack | Proof::NothingSent => line.lit("ended, verified ").clock(ended.at, &names.zone),
            proved @ (Proof::CoveredBy(_) | Proof::Attested { .. }) => {
                line.lit("ended ").clock(ended.at, &names.zone).lit(", ").text(&proof(proved, names))
            }
        },
        GrantState::Void { .. } => line.lit("given up before anything was sent"),
        GrantState::Failed { .. } => line.lit("never given; a look showed that it is not there"),
    };
    match row.keeps {
        Some(level) => line.lit(" (what they had before stays: ").text(level).lit(")"),
        None => line,
    }
}

fn deed(lock: &Lock, names: &Names) -> Markup {
    let what = scope(&lock.scope, names);
    match lock.state {
        LockState::Momentary => Markup::new().lit("you revoked ").text(&what).lit(", as far as it was yours to end"),
        LockState::InForce | LockState::Lifted { .. } | LockState::RanOut { .. } => Markup::new().lit("you locked ").text(&what),
    }
}

fn deed_plain(lock: &Lock, names: &Names) -> String {
    let verb = if lock.state == LockState::Momentary { "revoked" } else { "locked" };
    format!("you {verb} {}", scope(&lock.scope, names))
}

fn where_it_stands(lock: &Lock, names: &Names) -> Markup {
    let zone = &names.zone;
    let line = Markup::new().text(&lock.id.to_string()).lit(" · ").day(lock.at, zone).lit(" · ");
    match (&lock.state, lock.until) {
        (LockState::InForce, Some(until)) => line.lit("locked until ").day(until, zone).lit(", or until somebody lifts it"),
        (LockState::InForce, None) => line.lit("locked until somebody lifts it with `/jit unlock`"),
        (LockState::Lifted { at, by }, _) => line.lit("lifted by ").text(names.person(by)).lit(" ").day(*at, zone),
        (LockState::RanOut { at }, _) => line.lit("ran out ").day(*at, zone),
        (LockState::Momentary, _) => line.lit("new access can be asked for"),
    }
}

/// What the security channel reads.
pub fn told(facts: &Table<'_>) -> Message {
    let Table { lock, rows, names } = facts;
    let (by, what) = (names.person(&lock.by), scope(&lock.scope, names));
    let verb = if lock.state == LockState::Momentary { " revoked " } else { " locked " };
    let lead = Markup::new().bold(by).lit(verb).bold(&what).lit(". ").text(&headline(rows)).lit(".");
    let mut blocks = vec![section(&lead)];
    blocks.extend((!lock.reason.is_empty()).then(|| quote(&format!("{by} wrote:"), &lock.reason)));
    blocks.push(context(&[where_it_stands(lock, names)]));
    Message::new(&format!("{by}{verb}{what}: {}", counted(rows.len(), "access", "accesses")), blocks).about(lock.id)
}

/// That a lock is over. `None` of one that is not.
pub fn told_over(lock: &Lock, names: &Names) -> Option<Message> {
    let what = scope(&lock.scope, names);
    let text = match &lock.state {
        LockState::Lifted { by, .. } => format!("{} lifted the lock on {what}", names.person(by)),
        LockState::RanOut { .. } => format!("The lock of {} on {what} ran out", names.person(&lock.by)),
        LockState::InForce | LockState::Momentary => return None,
    };
    let lead = Markup::new().text(&text).lit(". Access can be asked for again; what ended stays over.");
    Some(
        Message::new(&format!("{text}."), vec![section(&lead), context(&[Markup::new().text(&lock.id.to_string())])])
            .about(lock.id),
    )
}

/// A message about a pending request that a lock holds up.
pub fn led_by_lock(message: Message, lock: &Lock, names: &Names) -> Message {
    let (by, what) = (names.person(&lock.by), scope(&lock.scope, names));
    let lead = Markup::new().lit("🔒 ").bold(by).lit(" locked ").text(&what);
    let lead = match lock.until {
        Some(until) => lead.lit(" until ").day(until, &names.zone),
        None => lead.lit(" until somebody lifts it"),
    };
    message.led_by("Locked: ", section(&lead.lit(". It can't be approved meanwhile.")))
}

#[cfg(test)]
mod tests;
