//! The Merkle tree over the leaves (RFC 9162): appending in logarithmic time, heads, and the two kinds of proof.
//!
//! The arithmetic is `tlog_tiles`, the Rust port of the tree behind Go's checksum database. This file only says where its
//! hashes are kept: each row of the log keeps the hashes that it completed (the leaf's own first, then the subtrees that end
//! with it), so that no second table can disagree with the rows.

use tlog_tiles::tlog;

/// A SHA-256 hash.
pub type Hash32 = [u8; 32];

/// Why the tree cannot be worked with: a hash that it needs is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tree of the audit log lacks a hash: {0}")]
pub struct BrokenTree(String);

impl From<tlog::Error> for BrokenTree {
    fn from(error: tlog::Error) -> BrokenTree {
        BrokenTree(error.to_string())
    }
}

/// A tree's size and root: what a checkpoint signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash32,
}

impl Head {
    /// The head of the empty tree.
    pub const EMPTY: Head = Head { size: 0, root: tlog::EMPTY_HASH.0 };

    /// The root in hex, as it is shown and exported.
    pub fn root_hex(&self) -> String {
        to_hex(&self.root)
    }
}

/// The hash of one leaf's text.
pub fn leaf_hash(leaf: &[u8]) -> Hash32 {
    tlog::record_hash(leaf).0
}

/// Bytes in lower-case hex.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is needed to append: the roots of the complete subtrees, at most one per power of two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Positions (in the tree's dense order) and hashes, left to right.
    subtrees: Vec<(u64, Hash32)>,
}

/// What an append adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The head after it.
    pub head: Head,
    /// The hashes that this leaf completed: its own, then those of the subtrees that end with it, smallest first.
    pub completed: Vec<Hash32>,
}

impl Frontier {
    /// The frontier of the empty tree.
    pub const fn empty() -> Frontier {
        Frontier { size: 0, subtrees: Vec::new() }
    }

    /// The frontier of a tree whose hashes are kept elsewhere.
    pub fn load(size: u64, hashes: &impl Hashes) -> Result<Frontier, BrokenTree> {
        let positions = tlog::sub_tree_index(0, size, Vec::new());
        let subtrees = positions.into_iter().map(|at| Ok((at, hash_at(hashes, at)?))).collect::<Result<_, BrokenTree>>()?;
        Ok(Frontier { size, subtrees })
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The tree's head.
    pub fn head(&self) -> Result<Head, BrokenTree> {
        Ok(Head { size: self.size, root: tlog::tree_hash(self.size, self)?.0 })
    }

    /// Adds a leaf by its hash.
    pub fn append(&mut self, leaf: Hash32) -> Result<Appended, BrokenTree> {
        let completed = tlog::stored_hashes_for_record_hash(self.size, tlog::Hash(leaf), self)?;
        let first = tlog::stored_hash_index(0, self.size);
        let new: Vec<_> = (first..).zip(completed.iter().map(|hash| hash.0)).collect();
        let size = self.size + 1;
        let mut subtrees = Vec::new();
        for position in tlog::sub_tree_index(0, size, Vec::new()) {
            let known = self.subtrees.iter().chain(&new).find(|(at, _)| *at == position);
            subtrees.push(*known.ok_or_else(|| BrokenTree(format!("position {position}")))?);
        }
        *self = Frontier { size, subtrees };
        Ok(Appended { head: self.head()?, completed: new.into_iter().map(|(_, hash)| hash).collect() })
    }
}

impl tlog::HashReader for Frontier {
    fn read_hashes(&self, positions: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        let find = |wanted: &u64| {
            let found = self.subtrees.iter().find(|(at, _)| at == wanted).map(|(_, hash)| tlog::Hash(*hash));
            found.ok_or_else(|| tlog::Error::InvalidInput(format!("position {wanted}")))
        };
        positions.iter().map(find).collect()
    }
}

/// Where a tree's hashes are kept, by the leaf that completed them.
pub trait Hashes {
    /// The `level`th hash that leaf `index` (from 0) completed: its own at level 0. `None` when it is not there.
    fn completed(&self, index: u64, level: u8) -> Option<Hash32>;
}

fn hash_at(hashes: &impl Hashes, position: u64) -> Result<Hash32, BrokenTree> {
    let (level, place) = tlog::split_stored_hash_index(position);
    let index = ((place + 1) << level) - 1;
    hashes.completed(index, level).ok_or_else(|| BrokenTree(format!("leaf {} completes none at level {level}", index + 1)))
}

struct Kept<'a, H>(&'a H);

impl<H: Hashes> tlog::HashReader for Kept<'_, H> {
    fn read_hashes(&self, positions: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        let read = |position: &u64| {
            hash_at(self.0, *position).map(tlog::Hash).map_err(|error| tlog::Error::InvalidInput(error.to_string()))
        };
        positions.iter().map(read).collect()
    }
}

/// The hashes by which anybody who knows the head of a tree of `size` leaves can check that leaf `seq` (from 1) is in it.
pub fn prove_inclusion(size: u64, seq: u64, hashes: &impl Hashes) -> Result<Vec<Hash32>, BrokenTree> {
    let index = seq.checked_sub(1).ok_or_else(|| BrokenTree("leaves are counted from 1".to_owned()))?;
    Ok(tlog::prove_record(size, index, &Kept(hashes))?.into_iter().map(|hash| hash.0).collect())
}

/// Whether the proof shows that the leaf with this hash is number `seq` (from 1) of the tree with this head.
pub fn is_included(proof: &[Hash32], head: &Head, seq: u64, leaf: Hash32) -> bool {
    let proof = proof.iter().copied().map(tlog::Hash).collect();
    seq.checked_sub(1)
        .is_some_and(|index| tlog::check_record(&proof, head.size, tlog::Hash(head.root), index, tlog::Hash(leaf)).is_ok())
}

/// The hashes by which anybody who knows both heads can check that the longer log only appended to the shorter one.
pub fn prove_consistency(size: u64, earlier: u64, hashes: &impl Hashes) -> Result<Vec<Hash32>, BrokenTree> {
    Ok(tlog::prove_tree(size, earlier, &Kept(hashes))?.into_iter().map(|hash| hash.0).collect())
}

/// Whether the proof shows that the tree with head `later` begins with the whole tree with head `earlier`.
pub fn is_consistent(proof: &[Hash32], later: &Head, earlier: &Head) -> bool {
    let proof = proof.iter().copied().map(tlog::Hash).collect();
    tlog::check_tree(&proof, later.size, tlog::Hash(later.root), earlier.size, tlog::Hash(earlier.root)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hashes as the rows keep them.
    struct Rows(Vec<Vec<Hash32>>);

    impl Hashes for Rows {
        fn completed(&self, index: u64, level: u8) -> Option<Hash32> {
            self.0.get(usize::try_from(index).ok()?)?.get(usize::from(level)).copied()
        }
    }

    fn grow(leaves: u64) -> (Rows, Vec<Head>) {
        let (mut frontier, mut rows, mut heads) = (Frontier::empty(), Rows(vec![]), vec![Head::EMPTY]);
        for number in 1..=leaves {
            let appended = frontier.append(leaf_hash(number.to_string().as_bytes())).unwrap();
            rows.0.push(appended.completed);
            heads.push(appended.head);
        }
        (rows, heads)
    }

    #[test]
    fn the_published_test_tree_has_the_published_root() {
        // The leaves and root of the test vectors that come with RFC 6962 implementations.
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let mut frontier = Frontier::empty();
        for leaf in leaves {
            frontier.append(leaf_hash(leaf)).unwrap();
        }
        assert_eq!(frontier.head().unwrap().root_hex(), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn a_frontier_loaded_from_the_rows_is_the_one_that_grew() {
        let (rows, heads) = grow(70);
        let mut grown = Frontier::empty();
        for number in 1..=70u64 {
            grown.append(leaf_hash(number.to_string().as_bytes())).unwrap();
            let loaded = Frontier::load(number, &rows).unwrap();
            assert_eq!(loaded, grown);
            assert_eq!(loaded.head().unwrap(), heads[usize::try_from(number).unwrap()]);
        }
    }

    #[test]
    fn every_leaf_of_every_size_can_be_proved_and_no_other_passes_for_it() {
        let (rows, heads) = grow(33);
        for size in 1..=33u64 {
            let head = heads[usize::try_from(size).unwrap()];
            for seq in 1..=size {
                let proof = prove_inclusion(size, seq, &rows).unwrap();
                assert!(is_included(&proof, &head, seq, leaf_hash(seq.to_string().as_bytes())));
                assert!(!is_included(&proof, &head, seq, leaf_hash(b"another")));
                assert!(!is_included(&proof, &head, seq + 1, leaf_hash(seq.to_string().as_bytes())));
            }
        }
        assert!(prove_inclusion(33, 0, &rows).is_err());
        assert!(prove_inclusion(33, 34, &rows).is_err());
    }

    #[test]
    fn a_longer_log_is_shown_to_begin_with_the_shorter_one() {
        let (rows, heads) = grow(33);
        for later in 1..=33u64 {
            for earlier in 1..=later {
                let proof = prove_consistency(later, earlier, &rows).unwrap();
                let (later, mut earlier) = (heads[usize::try_from(later).unwrap()], heads[usize::try_from(earlier).unwrap()]);
                assert!(is_consistent(&proof, &later, &earlier));
                earlier.root[0] ^= 1;
                assert!(!is_consistent(&proof, &later, &earlier));
            }
        }
    }
}
