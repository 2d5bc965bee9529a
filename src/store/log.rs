//! The audit log in the database: appending, reading back, proofs, and the whole check.

use rusqlite::{Connection, OptionalExtension, Row as SqlRow};

use super::error::StoreError;
use super::reader::Reader;
use super::tx::Tx;
use crate::access::event::Event;
use crate::access::time::Timestamp;
use crate::audit::leaf::{Entry, KeptWords, Leaf, SALT_BYTES, about_text, actor_text};
use crate::audit::tree::{self, Frontier, Hash32, Hashes, Head};
use crate::audit::{self, Problem, Row};

/// Appends an entry whose number is the next one.
pub(super) fn append(conn: &Connection, frontier: &mut Frontier, entry: &Entry) -> Result<(), StoreError> {
    let mut unsalted = false;
    let leaf = Leaf::of(entry, || {
        let mut salt = [0; SALT_BYTES];
        unsalted |= getrandom::fill(&mut salt).is_err();
        salt
    })?;
    if unsalted {
        return Err(StoreError::NoRandomness);
    }
    let appended = frontier.append(leaf.hash)?;
    let sql = "INSERT INTO audit (seq, at, actor, about, kind, leaf, leaf_hash, completed, root)
               VALUES (?1, ?2, ?3, ?4, json_extract(?5, '$.event.kind'), ?5, ?6, ?7, ?8)";
    conn.prepare_cached(sql)?.execute((
        entry.seq,
        entry.at.as_millis(),
        actor_text(&entry.actor),
        about_text(entry.event.about()),
        &leaf.text,
        leaf.hash.as_slice(),
        appended.completed.concat(),
        appended.head.root.as_slice(),
    ))?;
    for KeptWords { path, salt, text } in &leaf.words {
        let sql = "INSERT INTO words (seq, path, salt, text) VALUES (?1, ?2, ?3, ?4)";
        conn.prepare_cached(sql)?.execute((entry.seq, path, salt, text))?;
    }
    Ok(())
}

/// Where in the line that begins a grant the commitment to its secret stands.
pub(super) const SECRET_PATH: &str = "/event/grant/ciphertext";

/// Erases the secret of a grant beside the log when its row has dropped it. Returns how many texts were erased.
pub(super) fn forget_secret(conn: &Connection, event: &Event) -> Result<usize, StoreError> {
    let (Event::SecretShown { grant, .. }
    | Event::GrantRevoking { grant, .. }
    | Event::GrantEnded { grant, .. }
    | Event::GrantVoided { grant, .. }
    | Event::GrantFailed { grant, .. }) = event
    else {
        return Ok(0);
    };
    let sql = "UPDATE words SET text = NULL WHERE text IS NOT NULL AND path = ?1
               AND seq = (SELECT seq FROM audit WHERE about = ?2 AND kind = 'grant.planned')
               AND EXISTS (SELECT 1 FROM grants WHERE id = ?3 AND ciphertext IS NULL)";
    Ok(conn.prepare_cached(sql)?.execute((SECRET_PATH, grant.to_string(), grant.number()))?)
}

/// The hashes of the tree, where the rows keep them.
pub(super) struct KeptHashes<'a>(pub &'a Connection);

impl Hashes for KeptHashes<'_> {
    fn completed(&self, index: u64, level: u8) -> Option<Hash32> {
        let sql = "SELECT completed FROM audit WHERE seq = ?1";
        let blob: Vec<u8> = self.0.prepare_cached(sql).ok()?.query_row([index + 1], |row| row.get(0)).ok()?;
        blob.chunks_exact(32).nth(usize::from(level))?.try_into().ok()
    }
}

/// The head that was committed with the last line.
pub(super) fn stored_head(conn: &Connection) -> Result<Head, StoreError> {
    let (size, root): (u64, Vec<u8>) =
        conn.query_row("SELECT audit_size, audit_root FROM meta", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let root = root.try_into().map_err(|_| unreadable("the root has not 32 bytes"))?;
    Ok(Head { size, root })
}

fn unreadable(problem: impl ToString) -> StoreError {
    StoreError::Unreadable { what: "audit log".to_owned(), problem: problem.to_string() }
}

fn read_row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        seq: row.get("seq")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        about: row.get("about")?,
        kind: row.get("kind")?,
        leaf: row.get("leaf")?,
        leaf_hash: row.get("leaf_hash")?,
        completed: row.get("completed")?,
        root: row.get("root")?,
        words: Vec::new(),
    })
}

fn words_of(conn: &Connection, seq: u64) -> Result<Vec<KeptWords>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT path, salt, text FROM words WHERE seq = ?1 ORDER BY path")?;
    let words = statement.query_map([seq], |row| Ok(KeptWords { path: row.get(0)?, salt: row.get(1)?, text: row.get(2)? }))?;
    Ok(words.collect::<Result<_, _>>()?)
}

/// How many rows are read at a time while the whole log is walked.
const PAGE_ROWS: u32 = 500;

/// Walks the stored rows in order, page by page, each with its words.
struct Walk<'a> {
    conn: &'a Connection,
    after: u64,
    page: std::vec::IntoIter<Row>,
}

impl Iterator for Walk<'_> {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.page.next() {
            return Some(Ok(row));
        }
        match rows_after(self.conn, self.after, PAGE_ROWS) {
            Ok(page) => {
                self.after = page.last()?.seq;
                self.page = page.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    }
}

fn rows_after(conn: &Connection, after: u64, limit: u32) -> Result<Vec<Row>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT * FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
    let rows = statement.query_map((after, limit), read_row)?;
    rows.map(|row| {
        let row = row?;
        Ok(Row { words: words_of(conn, row.seq)?, ..row })
    })
    .collect()
}

/// A line of the log, with the hashes beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub entry: Entry,
    /// The leaf's hash.
    pub hash: Hash32,
}

impl Reader<'_> {
    /// Lines of the log after `after`, in order, at most `limit`, with the texts that are still kept.
    pub fn lines(&self, after: u64, limit: u32) -> Result<Vec<Line>, StoreError> {
        self.run(|conn| rows_after(conn, after, limit)?.iter().map(line_of).collect())
    }

    /// The lines about one row (`R-42`, `G-57`, `E-7`), in order, at most `limit`.
    pub fn lines_about(&self, about: &str, limit: u32) -> Result<Vec<Line>, StoreError> {
        self.run(|conn| {
            let mut statement = conn.prepare_cached("SELECT * FROM audit WHERE about = ?1 ORDER BY seq LIMIT ?2")?;
            let rows = statement.query_map((about, limit), read_row)?;
            rows.map(|row| {
                let row = row?;
                line_of(&Row { words: words_of(conn, row.seq)?, ..row })
            })
            .collect()
        })
    }

    /// The rows of the log as they are stored, for an export that others can verify. Secrets that wait for their person are left
    /// out, as if they were erased already.
    pub fn audit_rows(&self, after: u64, limit: u32) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.run(|conn| rows_after(conn, after, limit))?;
        let words = rows.iter_mut().flat_map(|row| &mut row.words);
        words.filter(|kept| kept.path == SECRET_PATH).for_each(|kept| kept.text = None);
        Ok(rows)
    }

    /// The head of the log.
    pub fn audit_head(&self) -> Result<Head, StoreError> {
        self.run(stored_head)
    }

    /// The proof that line `seq` is in the log as it is now.
    pub fn prove_inclusion(&self, seq: u64) -> Result<Vec<Hash32>, StoreError> {
        self.run(|conn| Ok(tree::prove_inclusion(stored_head(conn)?.size, seq, &KeptHashes(conn))?))
    }

    /// The proof that the log as it is now begins with the `earlier` lines that it had then.
    pub fn prove_consistency(&self, earlier: u64) -> Result<Vec<Hash32>, StoreError> {
        self.run(|conn| Ok(tree::prove_consistency(stored_head(conn)?.size, earlier, &KeptHashes(conn))?))
    }

    /// Recomputes everything from the texts and compares it with all that is stored.
    ///
    /// That the rows are what the log makes of them is another question: [`Reader::rows_unlike_the_log`].
    pub fn verify_audit(&self) -> Result<Result<Head, Problem>, StoreError> {
        self.run(|conn| {
            let head = stored_head(conn)?;
            audit::verify(Walk { conn, after: 0, page: Vec::new().into_iter() }, &head)
        })
    }

    /// When the last line was recorded.
    pub fn last_line_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.run(|conn| {
            let at = conn.query_row("SELECT at FROM audit ORDER BY seq DESC LIMIT 1", [], |row| row.get(0)).optional()?;
            Ok(at.map(Timestamp::from_millis))
        })
    }
}

fn line_of(row: &Row) -> Result<Line, StoreError> {
    let hash = row.leaf_hash.as_slice().try_into().map_err(|_| unreadable("a leaf hash has not 32 bytes"))?;
    Ok(Line { entry: Entry::read(&row.leaf, &row.words)?, hash })
}

impl Tx<'_> {
    /// Erases what was typed in one line of the log. The line still verifies; what was typed can no longer be read there.
    ///
    /// Returns how many texts were erased. Rows that repeat a text (a request's reason) keep it: they are no part of the log.
    pub fn erase_words(&mut self, seq: u64) -> Result<usize, StoreError> {
        self.run(|conn| {
            Ok(conn.prepare_cached("UPDATE words SET text = NULL WHERE seq = ?1 AND text IS NOT NULL")?.execute([seq])?)
        })
    }
}
