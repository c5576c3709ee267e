//! The facts of bodies that repeat, by digest: the one place where something is remembered.
//!
//! Retries, unchanged answers and error answers make equal bodies common in dumps. What a body says is a
//! pure function of its text ([`crate::facts`]), so results are the same with and without. A body is remembered when
//! it is read for the second time, so a body that never repeats costs one look at a table.
//!
//! Digests are public and unseeded: two texts of one digest might be made on purpose, so that one gets the
//! verdict of the other. Facts are therefore handed out only when a second hash of the text agrees, whose seed
//! is random in each process. That stops texts that were prepared before the run. It is no cryptographic
//! proof: with the seed of a running process such a pair could still be made.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::facts::BodyFacts;

/// Locks, so that threads seldom wait for one another; a power of two.
const PARTS: usize = 32;

/// The size of the table of digests seen once, in bits: 131,072 of them, a megabyte.
const SEEN_BITS: u32 = 17;

/// Bytes of an entry, beside what its facts hold elsewhere.
const ENTRY_BYTES: usize = size_of::<MemoEntry>() + size_of::<u128>() + size_of::<BodyFacts>();

/// Facts of bodies, shared by the extractors of several threads.
#[derive(Debug)]
pub(crate) struct Memo {
    parts: [RwLock<HashMap<u128, MemoEntry>>; PARTS],
    /// Half a digest at the index that the other half gives.
    seen: OnceLock<Box<[AtomicU64]>>,
    seed: u64,
    /// Bytes remembered, about, and how many there may be.
    bytes: AtomicUsize,
    limit: usize,
}

#[derive(Debug)]
struct MemoEntry {
    /// The second hash of the text.
    check: u64,
    facts: Arc<BodyFacts>,
}

impl Memo {
    /// Remembers about so many bytes; 0 for nothing. When it is full it forgets everything.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            parts: Default::default(),
            seen: OnceLock::new(),
            seed: RandomState::new().build_hasher().finish(),
            bytes: AtomicUsize::new(0),
            limit,
        }
    }

    /// The facts of a text with this digest, if they are remembered.
    pub(crate) fn get(&self, digest: u128, text: &str) -> Option<Arc<BodyFacts>> {
        let part = self.part(digest).read().unwrap_or_else(PoisonError::into_inner);
        let entry = part.get(&digest)?;
        (entry.check == self.check(text)).then(|| Arc::clone(&entry.facts))
    }

    /// Remembers the facts of a text, if it was seen before; they are then shared from here on.
    pub(crate) fn put(
        &self,
        digest: u128,
        text: &str,
        facts: impl FnOnce() -> BodyFacts,
    ) -> Option<Arc<BodyFacts>> {
        if !self.seen_before(digest) || !self.reserve(ENTRY_BYTES) {
            return None;
        }
        let facts = Arc::new(facts());
        let entry = MemoEntry { check: self.check(text), facts: Arc::clone(&facts) };
        self.part(digest).write().unwrap_or_else(PoisonError::into_inner).insert(digest, entry);
        Some(facts)
    }

    /// Whether there is room for so many bytes more; makes room by forgetting everything.
    pub(crate) fn reserve(&self, bytes: usize) -> bool {
        if bytes > self.limit / 4 {
            return false;
        }
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.limit {
            for part in &self.parts {
                part.write().unwrap_or_else(PoisonError::into_inner).clear();
            }
            self.bytes.store(bytes, Ordering::Relaxed);
        }
        true
    }

    /// Whether this digest was seen before; of digests that share an index only the last one counts.
    fn seen_before(&self, digest: u128) -> bool {
        if self.limit == 0 {
            return false;
        }
        let seen =
            self.seen.get_or_init(|| (0..1 << SEEN_BITS).map(|_| AtomicU64::new(0)).collect());
        let half = digest as u64;
        seen[(digest >> (128 - SEEN_BITS)) as usize].swap(half, Ordering::Relaxed) == half
    }

    fn check(&self, text: &str) -> u64 {
        xxh3_64_with_seed(text.as_bytes(), self.seed)
    }

    fn part(&self, digest: u128) -> &RwLock<HashMap<u128, MemoEntry>> {
        &self.parts[digest as usize % PARTS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::BodyKind;

    fn facts() -> BodyFacts {
        BodyFacts::new(BodyKind::Json, 1, true)
    }

    #[test]
    fn the_second_time_is_remembered_and_the_third_is_answered() {
        let memo = Memo::new(1 << 20);
        assert!(memo.get(7, "a").is_none() && memo.put(7, "a", facts).is_none());
        assert!(memo.get(7, "a").is_none() && memo.put(7, "a", facts).is_some());
        assert!(memo.get(7, "a").is_some());
    }

    #[test]
    fn another_text_of_the_same_digest_gets_nothing() {
        let memo = Memo::new(1 << 20);
        memo.put(7, "a", facts);
        assert!(memo.put(7, "a", facts).is_some());
        assert!(memo.get(7, "b").is_none());
    }

    #[test]
    fn what_is_remembered_stays_below_the_limit() {
        let memo = Memo::new(64 * ENTRY_BYTES);
        for digest in 0..1000 {
            for _ in 0..2 {
                memo.put(digest, "a", facts);
            }
            let entries: usize = memo.parts.iter().map(|part| part.read().unwrap().len()).sum();
            assert!((1..=64).contains(&entries), "{entries}");
        }
        assert!(!memo.reserve(17 * ENTRY_BYTES), "one body takes a quarter at most");
    }

    #[test]
    fn without_memory_nothing_is_remembered() {
        let memo = Memo::new(0);
        for _ in 0..3 {
            assert!(memo.put(7, "a", facts).is_none() && memo.get(7, "a").is_none());
        }
        assert!(memo.seen.get().is_none());
    }
}
