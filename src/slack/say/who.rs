//! Who holds something now. Every number has a name beside it, and whoever sees a part only is told so.

use super::card::grant_line;
use super::names::{Names, counted};
use crate::access::grant::Grant;
use crate::access::time::Timestamp;
use crate::slack::block::{Message, context, section};
use crate::slack::text::Markup;

/// How many rows are shown.
pub const ROWS_MAX: usize = 20;

/// One access of somebody.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The grant. Names know what it is about.
    pub grant: &'a Grant,
    /// When the provider last showed what it should.
    pub verified_at: Option<Timestamp>,
}

/// How much of it the reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// All of it.
    All,
    /// What they own or hold, and what those have whose sponsor they are.
    Theirs,
}

/// The list. `what` is what was asked about, in words.
pub fn who(what: &str, rows: &[Row<'_>], sees: Sees, names: &Names) -> Message {
    let count = counted(rows.len(), "access", "accesses");
    let told = match (rows.len(), sees) {
        (0, Sees::All) => format!("Nobody holds {what} now, and nothing is on its way."),
        (0, Sees::Theirs) => format!("Of {what} there is nothing for you to see."),
        (_, _) => format!("{what}: {count} now or on the way"),
    };
    let mut blocks = vec![section(&Markup::new().bold(&told))];
    for row in rows.iter().take(ROWS_MAX) {
        blocks.push(section(&line(row, names)));
    }
    let mut notes = Vec::new();
    let more = rows.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        notes.push(Markup::new().text(&format!("{more} more are not shown.")));
    }
    if sees == Sees::Theirs {
        notes.push(Markup::new().lit(
            "You see your own access, that of the people you sponsor, and who holds what you own. Owners and admins see the rest.",
        ));
    }
    if !notes.is_empty() {
        blocks.push(context(&notes));
    }
    Message::new(&told, blocks)
}

/// "Maya Okafor (contractor, Acme) · G-57 (Orders database · Read only)", and where it stands.
fn line(row: &Row<'_>, names: &Names) -> Markup {
    let grant = row.grant;
    let line = Markup::new().bold(&names.person_in_full(&grant.person)).lit(" · ").text(&names.grant(grant.id)).lit("\n");
    let line = line.then(&grant_line(grant, names));
    match row.verified_at.filter(|_| grant.is_active()) {
        Some(at) => line.lit(" · seen at the provider ").day(at, &names.zone),
        None => line,
    }
}
