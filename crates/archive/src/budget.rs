//! A limit on the memory that all workers use together: a file that needs more than is left waits.
//!
//! ```text
//!   file 7  ██████████ the oldest: never waits, and may exceed the budget   ┐ together at most the
//!   file 8  ████       keeps what it has, waits for more                    ├ budget, except for what
//!   file 9             waits before its first byte                          ┘ file 7 exceeds it by
//! ```
//!
//! The oldest of the files that are being read never waits, so it ends and releases its memory; then the
//! next one is the oldest. That is why there is no deadlock, whatever the budget and the number of
//! threads. Waiting changes when bytes are decoded, never what they decode to.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The most that [`Budget::keep`] can be, in bytes: more is seldom used again.
const KEEP_MOST: u64 = 64 << 20;
/// The least that it can be, in bytes: with less, each file of the usual size would allocate its buffers
/// again.
const KEEP_LEAST: u64 = 1 << 20;

/// The bytes that all workers together may hold of payloads and of what these decode to.
///
/// What counts is the capacity of the buffers that files use. Buffers that no file uses are not counted;
/// [`keep`](Self::keep) bounds them. Each change costs a lock; a usual download makes about five.
#[derive(Debug)]
pub struct Budget {
    bytes: u64,
    keep: u64,
    state: Mutex<BudgetState>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct BudgetState {
    used: u64,
    peak: u64,
    /// Files that are being read, by their `order`; the second number makes equal ones different.
    holders: BTreeSet<(u64, u64)>,
    /// How many shares there have been; the second number of the next holder.
    shares: u64,
    /// Threads that wait for memory.
    waiting: u32,
}

/// What one file uses of a [`Budget`]. Dropping it releases all of it.
#[derive(Debug)]
pub struct Share<'b> {
    budget: &'b Budget,
    place: (u64, u64),
    held: Cell<u64>,
}

impl Budget {
    /// A budget of `bytes` bytes for `workers` threads. Their number only decides [`keep`](Self::keep).
    pub fn new(bytes: u64, workers: usize) -> Self {
        let keep = (bytes / 4 / workers.max(1) as u64).clamp(KEEP_LEAST, KEEP_MOST);
        Self { bytes, keep, state: Mutex::default(), freed: Condvar::new() }
    }

    /// A budget without a limit: no file waits.
    pub fn unlimited() -> Self {
        Self::new(u64::MAX, 1)
    }

    /// Begins a file. `order` is its place among all files: the file with the lowest one is the oldest,
    /// which never waits.
    ///
    /// A thread may hold one share at a time: with two it could wait for itself forever.
    pub fn share(&self, order: u64) -> Share<'_> {
        let mut state = self.lock();
        state.shares += 1;
        let place = (order, state.shares);
        state.holders.insert(place);
        Share { budget: self, place, held: Cell::new(0) }
    }

    /// The most that all files together used at one time, in bytes.
    pub fn peak(&self) -> u64 {
        self.lock().peak
    }

    /// The capacity of the buffers that a worker may keep from one file to the next, in bytes: a quarter of
    /// the budget for all workers together, but 1 to 64 MiB for each.
    pub fn keep(&self) -> usize {
        usize::try_from(self.keep).unwrap_or(usize::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, BudgetState> {
        // The numbers are sound after a panic elsewhere: no code of others runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share<'_> {
    /// Counts `bytes` more for this file. To be called before they are allocated: waits until the budget
    /// has room for them, or this file is the oldest.
    pub(crate) fn take(&self, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let mut state = self.budget.lock();
        while state.used.saturating_add(bytes) > self.budget.bytes
            && state.holders.first() != Some(&self.place)
        {
            state.waiting += 1;
            state = self.budget.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.used = state.used.saturating_add(bytes);
        state.peak = state.peak.max(state.used);
        self.held.set(self.held.get().saturating_add(bytes));
    }

    /// Counts `bytes` less for this file.
    pub(crate) fn release(&self, bytes: u64) {
        let bytes = bytes.min(self.held.get());
        if bytes == 0 {
            return;
        }
        self.held.set(self.held.get() - bytes);
        let mut state = self.budget.lock();
        state.used = state.used.saturating_sub(bytes);
        self.wake(&state);
    }

    /// Makes room in `buffer` for `more` bytes, as `Vec::reserve` does, and counts what it grows by.
    pub(crate) fn reserve(&self, buffer: &mut Vec<u8>, more: usize) {
        let capacity = buffer.capacity();
        if capacity - buffer.len() >= more {
            return;
        }
        let least = buffer.len().saturating_add(more).max(capacity.saturating_mul(2));
        self.take((least - capacity) as u64);
        buffer.reserve_exact(least - buffer.len());
    }

    /// As [`Budget::keep`].
    pub(crate) fn keep(&self) -> usize {
        self.budget.keep()
    }

    fn wake(&self, state: &BudgetState) {
        if state.waiting > 0 {
            self.budget.freed.notify_all();
        }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.used = state.used.saturating_sub(self.held.get());
        state.holders.remove(&self.place);
        self.wake(&state);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_released_can_be_taken_again() {
        let budget = Budget::new(100, 2);
        let first = budget.share(0);
        first.take(60);
        first.release(20);
        drop(first);
        let second = budget.share(1);
        second.take(100);
        assert_eq!(budget.peak(), 100);
    }

    #[test]
    fn a_later_file_waits_and_the_oldest_exceeds_the_budget() {
        let budget = Budget::new(100, 2);
        let oldest = budget.share(3);
        oldest.take(80);
        let through = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let later = budget.share(4);
                later.take(10);
                later.take(50);
                through.store(true, Ordering::SeqCst);
            });
            while budget.lock().waiting == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            oldest.take(1_000);
            assert!(!through.load(Ordering::SeqCst));
            drop(oldest);
        });
        assert!(through.into_inner());
        assert_eq!(budget.peak(), 1_090);
    }

    #[test]
    fn a_later_file_becomes_the_oldest_when_the_one_before_it_ends() {
        let budget = Budget::new(10, 2);
        let oldest = budget.share(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let later = budget.share(1);
                later.take(1_000);
            });
            while budget.lock().waiting == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            drop(oldest);
        });
        assert_eq!(budget.peak(), 1_000);
    }

    #[test]
    fn a_buffer_takes_what_it_grows_by() {
        let budget = Budget::unlimited();
        let share = budget.share(0);
        let mut buffer = Vec::new();
        share.reserve(&mut buffer, 1_000);
        assert!(buffer.capacity() >= 1_000);
        buffer.resize(900, 0);
        share.reserve(&mut buffer, 100);
        share.reserve(&mut buffer, 300);
        assert_eq!((buffer.capacity(), budget.peak()), (2_000, 2_000));
    }

    #[test]
    fn many_workers_keep_little_and_few_keep_more() {
        assert_eq!(Budget::new(256 << 20, 2).keep(), 32 << 20);
        assert_eq!(Budget::new(256 << 20, 64).keep(), 1 << 20);
        assert_eq!(Budget::unlimited().keep(), 64 << 20);
    }
}
