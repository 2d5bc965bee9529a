//! The outbox: what has to be said to people, as rows that are written with the change that makes it necessary.
//!
//! A convergent message (a card) is rewritten from the state of things; its row says only that what stands there is outdated.
//! A message that is said once (a piece of news) is never rewritten. What a message says is rendered by others, at delivery.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, Row};

use super::error::StoreError;
use super::reader::Reader;
use super::tx::Tx;
use crate::access::ids::PersonId;
use crate::access::time::Timestamp;

/// What sort of message it is, such as `card`, `status`, `warning`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKind(pub String);

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who gets it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// A channel, by its id.
    Channel(String),
    /// A person, wherever they are written to.
    Person(PersonId),
}

/// Which message: there is one of each kind about each thing for each audience.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey {
    /// The kind.
    pub kind: MessageKind,
    /// What it is about: `R-42`, `G-57`.
    pub about: String,
    /// Who gets it.
    pub audience: Audience,
}

/// Whether it is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Said once and left as it is.
    Once,
    /// Rewritten whenever what it shows has changed.
    Convergent,
}

/// Where a copy of a message stands, in Slack's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The channel's id (for a person, that of the direct messages).
    pub channel: String,
    /// The message's id in it.
    pub ts: String,
}

/// A message that has to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleMessage {
    /// Which.
    pub key: MessageKey,
    /// Whether it is rewritten.
    pub style: Style,
    /// What [`Tx::message_delivered`] must name. Rises with every reason to rewrite it.
    pub revision: u64,
    /// Failed tries since it became stale.
    pub attempts: u32,
    /// Since when it has been stale.
    pub stale_since: Timestamp,
    /// Where it stands already: these are to be rewritten. Empty: it is to be posted.
    pub copies: Vec<Posted>,
}

/// Where a delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It stands as it should.
    Done,
    /// It was not tried yet.
    Waits,
    /// The last try failed.
    Failed {
        /// Slack's word for it.
        code: String,
    },
}

/// What to do about a message that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterGone {
    /// It was made stale and will be posted anew.
    PostAgain,
    /// It was posted anew before; whoever removes it does not want it there.
    GivenUp,
}

/// How often a message that somebody removed is posted anew.
const REPOSTS_MAX: u32 = 1;

type Key<'a> = (&'a str, &'a str, &'static str, &'a str);

impl MessageKey {
    pub(super) fn columns(&self) -> Key<'_> {
        let (kind, audience) = match &self.audience {
            Audience::Channel(channel) => ("channel", channel.as_str()),
            Audience::Person(person) => ("person", person.as_str()),
        };
        (&self.kind.0, &self.about, kind, audience)
    }
}

pub(super) fn read_key(row: &Row<'_>) -> Result<MessageKey, StoreError> {
    let audience: String = row.get("audience")?;
    let audience = match row.get::<_, String>("audience_kind")?.as_str() {
        "channel" => Audience::Channel(audience),
        _ => Audience::Person(
            audience
                .parse()
                .map_err(|error| StoreError::Unreadable { what: "message".to_owned(), problem: format!("{error}") })?,
        ),
    };
    Ok(MessageKey { kind: MessageKind(row.get("kind")?), about: row.get("about")?, audience })
}

fn copies(conn: &Connection, key: Key<'_>) -> Result<Vec<Posted>, StoreError> {
    let sql =
        "SELECT channel, ts FROM copies WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4 ORDER BY ts";
    let mut statement = conn.prepare_cached(sql)?;
    let copies = statement.query_map(key, |row| Ok(Posted { channel: row.get(0)?, ts: row.get(1)? }))?;
    Ok(copies.collect::<Result<_, _>>()?)
}

impl Reader<'_> {
    /// Messages to deliver now, the longest stale first and home tabs last, at most `limit`.
    pub fn stale_messages(&self, now: Timestamp, limit: u32) -> Result<Vec<StaleMessage>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT * FROM outbox WHERE due_at IS NOT NULL AND due_at <= ?1
                       ORDER BY kind = 'home', due_at, stale_since, about, kind LIMIT ?2";
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map((now.as_millis(), limit), |row| Ok(read_stale(conn, row)))?;
            rows.map(|row| row?).collect()
        })
    }

    /// Every message about this thing, of whatever kind.
    pub fn messages_about(&self, about: &str) -> Result<Vec<MessageKey>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT kind, about, audience_kind, audience FROM outbox WHERE about = ?1";
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map([about], |row| Ok(read_key(row)))?;
            rows.map(|row| row?).collect()
        })
    }

    /// Every message of this kind about this thing, delivered or not.
    pub fn message_keys(&self, kind: &MessageKind, about: &str) -> Result<Vec<MessageKey>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT kind, about, audience_kind, audience FROM outbox WHERE kind = ?1 AND about = ?2";
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map((&kind.0, about), |row| Ok(read_key(row)))?;
            rows.map(|row| row?).collect()
        })
    }

    /// About how many different things there are messages of this kind.
    pub fn abouts_of(&self, kind: &MessageKind) -> Result<u32, StoreError> {
        self.run(|conn| {
            let sql = "SELECT COUNT(DISTINCT about) FROM outbox WHERE kind = ?1";
            Ok(conn.prepare_cached(sql)?.query_row([&kind.0], |row| row.get(0))?)
        })
    }

    /// Where the delivery of a message is; `None` when there is none such.
    pub fn delivery_of(&self, key: &MessageKey) -> Result<Option<Delivery>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT stale_since IS NULL, error FROM outbox
                       WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4";
            let row = |row: &Row<'_>| {
                let (is_done, error): (bool, Option<String>) = (row.get(0)?, row.get(1)?);
                Ok(match (is_done, error) {
                    (true, _) => Delivery::Done,
                    (false, None) => Delivery::Waits,
                    (false, Some(code)) => Delivery::Failed { code },
                })
            };
            Ok(conn.prepare_cached(sql)?.query_row(key.columns(), row).optional()?)
        })
    }

    /// Whether this message is owed and stands nowhere yet.
    pub fn is_unposted(&self, key: &MessageKey) -> Result<bool, StoreError> {
        let columns = key.columns();
        self.run(|conn| {
            let sql = "SELECT 1 FROM outbox WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4
                           AND due_at IS NOT NULL";
            let owed = conn.prepare_cached(sql)?.query_row(columns, |_| Ok(())).optional()?.is_some();
            Ok(owed && copies(conn, columns)?.is_empty())
        })
    }

    /// When the next message is to be delivered.
    pub fn next_message_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT MIN(due_at) FROM outbox WHERE due_at IS NOT NULL";
            let at: Option<i64> = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok(at.map(Timestamp::from_millis))
        })
    }

    /// Every known copy of every message of this kind about this thing, whoever got it.
    pub fn copies_of(&self, kind: &MessageKind, about: &str) -> Result<Vec<(MessageKey, Posted)>, StoreError> {
        self.run(|conn| {
            let mut statement = conn.prepare_cached("SELECT * FROM copies WHERE kind = ?1 AND about = ?2 ORDER BY ts")?;
            let rows = statement.query_map((&kind.0, about), |row| {
                let posted = Posted { channel: row.get("channel")?, ts: row.get("ts")? };
                Ok(read_key(row).map(|key| (key, posted)))
            })?;
            rows.map(|row| row?).collect()
        })
    }
}

fn read_stale(conn: &Connection, row: &Row<'_>) -> Result<StaleMessage, StoreError> {
    let key = read_key(row)?;
    let style = if row.get::<_, String>("style")? == "once" { Style::Once } else { Style::Convergent };
    let copies = copies(conn, key.columns())?;
    Ok(StaleMessage {
        style,
        revision: row.get("revision")?,
        attempts: row.get("attempts")?,
        stale_since: Timestamp::from_millis(row.get("stale_since")?),
        copies,
        key,
    })
}

impl Tx<'_> {
    /// Says that a message is to be written, or that what stands there is outdated. A message that is said once and was
    /// delivered stays as it is.
    pub fn mark_stale(&mut self, key: &MessageKey, style: Style, at: Timestamp) -> Result<(), StoreError> {
        let (kind, about, audience_kind, audience) = key.columns();
        let style = match style {
            Style::Once => "once",
            Style::Convergent => "convergent",
        };
        self.run(|conn| {
            let sql = "INSERT INTO outbox
                           (kind, about, audience_kind, audience, style, revision, delivered, stale_since, due_at, attempts, reposts)
                       VALUES (?1, ?2, ?3, ?4, ?5, 1, 0, ?6, ?6, 0, 0)
                       ON CONFLICT (kind, about, audience_kind, audience) DO UPDATE SET
                           revision = revision + 1, stale_since = COALESCE(stale_since, excluded.stale_since),
                           due_at = COALESCE(due_at, excluded.due_at),
                           attempts = CASE WHEN stale_since IS NULL THEN 0 ELSE attempts END
                       WHERE style = 'convergent' OR delivered = 0";
            conn.prepare_cached(sql)?.execute((kind, about, audience_kind, audience, style, at.as_millis()))?;
            Ok(())
        })
    }

    /// Has the copies of a message drawn anew, though it is one that is said once. One that stands nowhere is left alone.
    pub fn redraw_copies(&mut self, key: &MessageKey, at: Timestamp) -> Result<(), StoreError> {
        let (kind, about, audience_kind, audience) = key.columns();
        self.run(|conn| {
            if copies(conn, key.columns())?.is_empty() {
                return Ok(());
            }
            let sql = "UPDATE outbox SET revision = revision + 1, stale_since = COALESCE(stale_since, ?5),
                           due_at = COALESCE(due_at, ?5), attempts = 0
                       WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4";
            conn.prepare_cached(sql)?.execute((kind, about, audience_kind, audience, at.as_millis()))?;
            Ok(())
        })
    }

    /// Notes that Slack accepted the message as of `revision`, and where it stands; that somebody read it is known of no message.
    /// If it has become stale again meanwhile, it stays so.
    pub fn message_delivered(&mut self, key: &MessageKey, revision: u64, posted: &Posted) -> Result<(), StoreError> {
        self.run(|conn| {
            insert_copy(conn, key, posted)?;
            let (kind, about, audience_kind, audience) = key.columns();
            let sql = "UPDATE outbox SET delivered = MAX(delivered, ?5), attempts = 0, error = NULL,
                           stale_since = CASE WHEN revision <= ?5 THEN NULL ELSE stale_since END,
                           due_at = CASE WHEN revision <= ?5 THEN NULL ELSE stale_since END
                       WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4 AND revision >= ?5";
            let changed = conn.prepare_cached(sql)?.execute((kind, about, audience_kind, audience, revision))?;
            if changed == 1 { Ok(()) } else { Err(StoreError::Missing { about: format!("the {} of {}", key.kind, key.about) }) }
        })
    }

    /// Notes where a message stands that is not done yet.
    pub fn message_stands(&mut self, key: &MessageKey, posted: &Posted) -> Result<(), StoreError> {
        self.run(|conn| insert_copy(conn, key, posted))
    }

    /// Notes that what this message has to say was said by another one, `by`, unless that one is outdated itself by now. What
    /// stands somewhere already is left alone.
    pub fn message_said_by(&mut self, key: &MessageKey, by: &MessageKey) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "SELECT 1 FROM outbox WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4
                           AND stale_since IS NULL";
            let is_current = conn.prepare_cached(sql)?.query_row(by.columns(), |_| Ok(())).optional()?.is_some();
            if !is_current || !copies(conn, key.columns())?.is_empty() {
                return Ok(());
            }
            let sql = "UPDATE outbox SET delivered = revision, stale_since = NULL, due_at = NULL, error = 'said_by_another'
                       WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4 AND due_at IS NOT NULL";
            conn.prepare_cached(sql)?.execute(key.columns())?;
            Ok(())
        })
    }

    /// Notes that a delivery failed, by a short stable code. `None`: it is not tried again unless it becomes stale anew.
    pub fn message_failed(&mut self, key: &MessageKey, code: &str, retry_at: Option<Timestamp>) -> Result<(), StoreError> {
        let (kind, about, audience_kind, audience) = key.columns();
        self.run(|conn| {
            let sql = "UPDATE outbox SET attempts = attempts + 1, error = ?5, due_at = ?6
                       WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4 AND stale_since IS NOT NULL";
            let retry_at = retry_at.map(Timestamp::as_millis);
            conn.prepare_cached(sql)?.execute((kind, about, audience_kind, audience, code, retry_at))?;
            Ok(())
        })
    }

    /// Lets everything that is owed wait until then at least: Slack cannot be reached, and would be asked in vain for each.
    pub fn postpone_messages(&mut self, until: Timestamp) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "UPDATE outbox SET due_at = ?1 WHERE due_at IS NOT NULL AND due_at < ?1";
            conn.prepare_cached(sql)?.execute([until.as_millis()])?;
            Ok(())
        })
    }

    /// Notes that this copy is no longer there. The last copy of a message is posted anew once.
    pub fn message_gone(&mut self, key: &MessageKey, posted: &Posted, at: Timestamp) -> Result<AfterGone, StoreError> {
        let (kind, about, audience_kind, audience) = key.columns();
        self.run(|conn| {
            conn.prepare_cached("DELETE FROM copies WHERE channel = ?1 AND ts = ?2")?.execute((&posted.channel, &posted.ts))?;
            if !copies(conn, key.columns())?.is_empty() {
                return Ok(AfterGone::PostAgain);
            }
            let sql = "UPDATE outbox SET reposts = reposts + 1, revision = revision + 1,
                           stale_since = COALESCE(stale_since, ?5), due_at = ?5
                       WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4 AND reposts < ?6";
            let key = (kind, about, audience_kind, audience, at.as_millis(), REPOSTS_MAX);
            if conn.prepare_cached(sql)?.execute(key)? == 1 {
                return Ok(AfterGone::PostAgain);
            }
            let sql = "UPDATE outbox SET delivered = revision, stale_since = NULL, due_at = NULL, error = 'removed'
                       WHERE kind = ?1 AND about = ?2 AND audience_kind = ?3 AND audience = ?4";
            conn.prepare_cached(sql)?.execute((kind, about, audience_kind, audience))?;
            Ok(AfterGone::GivenUp)
        })
    }

    /// Takes over a copy that was found but is not known: a crash came between posting it and noting so. From now on it
    /// follows the state like the others. Does nothing when it is known.
    pub fn adopt_copy(&mut self, key: &MessageKey, style: Style, posted: &Posted, at: Timestamp) -> Result<(), StoreError> {
        let is_new = self.run(|conn| {
            let sql = "SELECT 1 FROM copies WHERE channel = ?1 AND ts = ?2";
            Ok(conn.prepare_cached(sql)?.query_row((&posted.channel, &posted.ts), |_| Ok(())).optional()?.is_none())
        })?;
        if is_new {
            self.mark_stale(key, style, at)?;
            self.run(|conn| insert_copy(conn, key, posted))?;
        }
        Ok(())
    }
}

fn insert_copy(conn: &Connection, key: &MessageKey, posted: &Posted) -> Result<(), StoreError> {
    let (kind, about, audience_kind, audience) = key.columns();
    let sql = "INSERT INTO copies (channel, ts, kind, about, audience_kind, audience) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (channel, ts) DO NOTHING";
    conn.prepare_cached(sql)?.execute((&posted.channel, &posted.ts, kind, about, audience_kind, audience))?;
    Ok(())
}
