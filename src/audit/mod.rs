//! The audit log: leaves, the Merkle tree over them, and the verifier. It reads no database; the store hands it rows.
//!
//! What a successful [`verify`] shows: the rows are exactly those over which the head was computed, in order, none missing, and
//! every text that is still kept is the one that was committed to. What it cannot show: that nobody recomputed everything,
//! head included. That takes a head that was written down where the writer of the database cannot change it; two heads are
//! compared by [`tree::is_consistent`].

pub mod canonical;
pub mod leaf;
pub mod sentence;
pub mod tree;

use std::fmt;

use serde_json::Value;

use leaf::{KeptWords, commitments};
use tree::{BrokenTree, Frontier, Head, leaf_hash, to_hex};

/// One line of the log as it is stored or exported, not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub seq: u64,
    /// Its time, in the column beside the leaf.
    pub at: i64,
    /// Its actor, in the column beside the leaf (see [`leaf::actor_text`]).
    pub actor: String,
    /// What it is about, in the column beside the leaf.
    pub about: Option<String>,
    /// The kind of event, in the column beside the leaf.
    pub kind: String,
    /// The leaf's text.
    pub leaf: String,
    /// The leaf's hash.
    pub leaf_hash: Vec<u8>,
    /// The hashes that it completed, one after the other, its own first.
    pub completed: Vec<u8>,
    /// The root over everything up to it.
    pub root: Vec<u8>,
    /// The texts that it commits to.
    pub words: Vec<KeptWords>,
}

/// What does not hold, and where it was first noticed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("leaf {seq}: {what}")]
pub struct Problem {
    /// The leaf.
    pub seq: u64,
    /// What is wrong with it.
    pub what: Wrong,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A number is missing; this one stands in its place.
    Gap {
        /// The number that was found instead.
        found: u64,
    },
    /// The leaf's text does not hash to the stored hash.
    LeafHash,
    /// The leaf's text is no event of this log.
    Unreadable,
    /// A column beside the leaf says something else than the leaf.
    Column(&'static str),
    /// The stored hashes of the tree are not those of these leaves.
    TreeHash,
    /// The stored root is not that of these leaves.
    Root,
    /// A kept text is not the one that was committed to, or one is missing or too many. Holds the path.
    Words(String),
    /// The log does not end where its head says.
    End {
        /// Where the head says it ends.
        head: u64,
    },
    /// The log's last root is not that of its head.
    HeadRoot,
    /// The tree could not be computed.
    Tree(BrokenTree),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Gap { found } => write!(f, "missing; leaf {found} stands in its place"),
            Wrong::LeafHash => f.write_str("the stored hash differs from that of its text"),
            Wrong::Unreadable => f.write_str("its text is no entry of this log"),
            Wrong::Column(column) => write!(f, "the column `{column}` differs from its text"),
            Wrong::TreeHash => f.write_str("the stored tree hashes differ"),
            Wrong::Root => f.write_str("the stored root differs"),
            Wrong::Words(path) => write!(f, "what was typed at `{path}` differs from what was committed to"),
            Wrong::End { head } => write!(f, "the log ends here, but its head says {head}"),
            Wrong::HeadRoot => f.write_str("the root differs from that of the log's head"),
            Wrong::Tree(error) => write!(f, "{error}"),
        }
    }
}

/// Checks every row, in order, against the head that is known from elsewhere. Stops at the first problem.
pub fn verify<E>(rows: impl IntoIterator<Item = Result<Row, E>>, head: &Head) -> Result<Result<Head, Problem>, E> {
    let mut frontier = Frontier::empty();
    for row in rows {
        let seq = frontier.size() + 1;
        if let Err(what) = verify_row(&row?, &mut frontier) {
            return Ok(Err(Problem { seq, what }));
        }
    }
    Ok(verify_head(&frontier, head))
}

fn verify_head(frontier: &Frontier, head: &Head) -> Result<Head, Problem> {
    let seq = frontier.size();
    let computed = frontier.head().map_err(|error| Problem { seq, what: Wrong::Tree(error) })?;
    if computed.size != head.size {
        return Err(Problem { seq, what: Wrong::End { head: head.size } });
    }
    if computed.root != head.root {
        return Err(Problem { seq, what: Wrong::HeadRoot });
    }
    Ok(computed)
}

fn verify_row(row: &Row, frontier: &mut Frontier) -> Result<(), Wrong> {
    if row.seq != frontier.size() + 1 {
        return Err(Wrong::Gap { found: row.seq });
    }
    let hash = leaf_hash(row.leaf.as_bytes());
    let appended = frontier.append(hash).map_err(Wrong::Tree)?;
    if row.leaf_hash != hash {
        return Err(Wrong::LeafHash);
    }
    if row.completed != appended.completed.concat() {
        return Err(Wrong::TreeHash);
    }
    if row.root != appended.head.root {
        return Err(Wrong::Root);
    }
    let leaf: Value = serde_json::from_str(&row.leaf).map_err(|_| Wrong::Unreadable)?;
    verify_columns(row, &leaf)?;
    verify_words(row, &leaf)
}

fn verify_columns(row: &Row, leaf: &Value) -> Result<(), Wrong> {
    let text = |path: &str| leaf.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let actor = leaf.get("actor").cloned().and_then(|actor| serde_json::from_value(actor).ok()).ok_or(Wrong::Unreadable)?;
    if leaf.get("seq").and_then(Value::as_u64) != Some(row.seq) {
        return Err(Wrong::Column("seq"));
    }
    if leaf.get("at").and_then(Value::as_i64) != Some(row.at) {
        return Err(Wrong::Column("at"));
    }
    if leaf::actor_text(&actor) != row.actor {
        return Err(Wrong::Column("actor"));
    }
    if text("/about") != row.about {
        return Err(Wrong::Column("about"));
    }
    if text("/event/kind").as_deref() != Some(&row.kind) {
        return Err(Wrong::Column("kind"));
    }
    Ok(())
}

fn verify_words(row: &Row, leaf: &Value) -> Result<(), Wrong> {
    let committed = commitments(leaf);
    for (path, commitment) in &committed {
        let kept = row.words.iter().find(|kept| kept.path == *path).ok_or_else(|| Wrong::Words(path.clone()))?;
        if kept.commitment().is_some_and(|kept| kept != *commitment) {
            return Err(Wrong::Words(path.clone()));
        }
    }
    match row.words.iter().find(|kept| !committed.iter().any(|(path, _)| *path == kept.path)) {
        Some(stray) => Err(Wrong::Words(stray.path.clone())),
        None => Ok(()),
    }
}

/// The head in words, as reports show it.
pub fn show_head(head: &Head) -> String {
    format!("{} entries, root {}", head.size, to_hex(&head.root))
}
