//! Memory that all workers share: who needs more than there is waits for the others.
//!
//! ```text
//!   file 7  ██████████ the oldest: never waits, and may go over       ┐
//!   file 8  ████       holds what it has, waits for more              ├─ together at most the budget,
//!   file 9             waits before its first byte                    ┘  but for what file 7 goes over
//! ```
//!
//! The oldest of the files that are being read waits for nobody, so it comes to its end and gives back
//! what it holds; then the next one is the oldest. That is why nothing can lock up, whatever the budget
//! and the number of threads. Waiting changes when bytes are decoded, never what they decode to.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What a worker keeps between two files, at most, in bytes: more would seldom be used again.
const KEEP_MOST: u64 = 64 << 20;
/// And at least, or every file of the usual size would have to ask the system for its buffers.
const KEEP_LEAST: u64 = 1 << 20;

/// Bytes of payloads and of what they decode to that all workers together may hold.
///
/// Counted by the room that buffers take, when they are taken up and when they grow; a charge costs a
/// lock, and a usual download makes a handful of them.
#[derive(Debug)]
pub struct Budget {
    bytes: u64,
    keep: u64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    peak: u64,
    /// Files that are being read, by their place in the order; the second number tells equal ones apart.
    holders: BTreeSet<(u64, u64)>,
    shares: u64,
    waiting: u32,
}

/// What one file holds of a [`Budget`]; gives it back when it goes.
#[derive(Debug)]
pub struct Share<'b> {
    budget: &'b Budget,
    place: (u64, u64),
    held: Cell<u64>,
}

impl Budget {
    /// A budget of so many bytes for so many workers.
    pub fn new(bytes: u64, workers: usize) -> Self {
        // Idle buffers of all workers together stay below a quarter, where the least allows it.
        let keep = (bytes / 4 / workers.max(1) as u64).clamp(KEEP_LEAST, KEEP_MOST);
        Self { bytes, keep, state: Mutex::default(), freed: Condvar::new() }
    }

    /// One that nobody ever waits for.
    pub fn unlimited() -> Self {
        Self::new(u64::MAX, 1)
    }

    /// Begins a file. `order`: its place among all files; those with lower places go first.
    ///
    /// A thread may hold one share at a time: with two it could wait for itself.
    pub fn share(&self, order: u64) -> Share<'_> {
        let mut state = self.lock();
        state.shares += 1;
        let place = (order, state.shares);
        state.holders.insert(place);
        Share { budget: self, place, held: Cell::new(0) }
    }

    /// The most that was held at one time, in bytes.
    pub fn peak(&self) -> u64 {
        self.lock().peak
    }

    /// What a worker should keep between two files at most, in bytes. Idle buffers are not counted.
    pub fn keep(&self) -> usize {
        usize::try_from(self.keep).unwrap_or(usize::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The numbers are sound after a panic elsewhere: no code of others runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share<'_> {
    /// Takes `bytes` more, before they are reserved; waits until they are there or this file is the
    /// oldest of those being read.
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

    /// Gives `bytes` back.
    pub(crate) fn give_back(&self, bytes: u64) {
        let bytes = bytes.min(self.held.get());
        if bytes == 0 {
            return;
        }
        self.held.set(self.held.get() - bytes);
        let mut state = self.budget.lock();
        state.used = state.used.saturating_sub(bytes);
        self.wake(&state);
    }

    /// Makes room in `buffer` for `more` bytes, as `Vec::reserve` does, and takes what it grows by.
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

    fn wake(&self, state: &State) {
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
    fn what_is_given_back_can_be_taken_again() {
        let budget = Budget::new(100, 2);
        let first = budget.share(0);
        first.take(60);
        first.give_back(20);
        drop(first);
        let second = budget.share(1);
        second.take(100);
        assert_eq!(budget.peak(), 100);
    }

    #[test]
    fn a_later_file_waits_and_the_oldest_goes_over() {
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
