//! Work on many threads, results in order, memory bounded by a window.
//!
//! ```text
//!   caller   ── launches i ──►  first(i)                                      second(i, B)
//!                                  │ A                                             │ C
//!   caller                         └─► between(i, A) -> B   in order of i ────────►└─► last(i, C)   in order of i
//! ```
//!
//! At most `window` jobs stand between the launch of `first` and the end of `last`, so results
//! that wait for a slower neighbour cannot pile up, and any number of threads gives the same order.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rayon::ThreadPool;

/// How a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// Jobs that went through every step: always the first ones, without a gap.
    pub jobs: usize,
    /// `stop` was seen before all jobs were launched.
    pub stopped: bool,
}

/// What a worker sends home; `Err` carries a panic.
enum Message<A, C> {
    First(usize, Result<A, Box<dyn Any + Send>>),
    Second(usize, Result<C, Box<dyn Any + Send>>),
}

/// Results that wait for their turn: slot 0 is the next one in order.
struct Waiting<T> {
    next: usize,
    slots: VecDeque<Option<T>>,
}

impl<T> Waiting<T> {
    fn new() -> Self {
        Self { next: 0, slots: VecDeque::new() }
    }

    fn put(&mut self, job: usize, value: T) {
        let slot = job - self.next;
        while self.slots.len() <= slot {
            self.slots.push_back(None);
        }
        self.slots[slot] = Some(value);
    }

    fn take(&mut self) -> Option<(usize, T)> {
        let value = self.slots.front_mut()?.take()?;
        self.slots.pop_front();
        self.next += 1;
        Some((self.next - 1, value))
    }
}

/// Runs jobs `0..jobs` through two steps on workers and two steps on the calling thread.
///
/// `first` and `second` run on workers in any order; `between` and `last` run on the calling thread
/// strictly in the order of the jobs, so `between` can hand out running numbers and `last` can
/// append to a file. At most `window` jobs (at least one) are in flight. `stop` is looked at before each launch;
/// what is in flight then is finished.
///
/// The calling thread must not be a worker of `pool`, which
/// would wait for itself when it is the only one.
///
/// # Errors
///
/// The first error of `between` or `last` ends the run and is returned when the jobs in flight have
/// come to rest; their results are dropped.
///
/// # Panics
///
/// A panic in `first` or `second` is raised again on the calling thread.
#[expect(clippy::too_many_arguments, reason = "four steps and four bounds, each used once")]
pub fn two_stage<A: Send, B: Send, C: Send, E>(
    pool: &ThreadPool,
    jobs: usize,
    window: usize,
    stop: &AtomicBool,
    first: impl Fn(usize) -> A + Sync,
    mut between: impl FnMut(usize, A) -> Result<B, E>,
    second: impl Fn(usize, B) -> C + Sync,
    mut last: impl FnMut(usize, C) -> Result<(), E>,
) -> Result<Finished, E> {
    let window = window.max(1);
    let (first, second) = (&first, &second);
    pool.in_place_scope(|scope| {
        let (home, arrivals) = mpsc::channel::<Message<A, C>>();
        let mut launched = 0;
        let mut firsts = Waiting::new();
        let mut seconds = Waiting::new();
        let mut stopped = false;
        loop {
            while launched < jobs && launched - seconds.next < window && !stopped {
                if stop.load(Ordering::Relaxed) {
                    stopped = true;
                    break;
                }
                let (job, home) = (launched, home.clone());
                scope.spawn(move |_| {
                    let result = catch_unwind(AssertUnwindSafe(|| first(job)));
                    // Nobody listens after an error on the calling thread; the result is then not wanted.
                    let _ = home.send(Message::First(job, result));
                });
                launched += 1;
            }
            if seconds.next == launched {
                return Ok(Finished { jobs: launched, stopped });
            }
            // A sender lives in this very function, so the channel cannot be closed.
            let Ok(message) = arrivals.recv() else {
                return Ok(Finished { jobs: seconds.next, stopped: true });
            };
            match message {
                Message::First(job, Ok(value)) => firsts.put(job, value),
                Message::Second(job, Ok(value)) => seconds.put(job, value),
                Message::First(_, Err(panic)) | Message::Second(_, Err(panic)) => {
                    drop(arrivals);
                    resume_unwind(panic)
                }
            }
            while let Some((job, value)) = firsts.take() {
                let (value, home) = (between(job, value)?, home.clone());
                scope.spawn(move |_| {
                    let result = catch_unwind(AssertUnwindSafe(|| second(job, value)));
                    let _ = home.send(Message::Second(job, result));
                });
            }
            while let Some((job, value)) = seconds.take() {
                last(job, value)?;
            }
        }
    })
}

/// Runs `work` for jobs `0..jobs` on workers and gives the results to `sink` on the calling thread,
/// in the order of the jobs. The rules of [`two_stage`] hold.
///
/// # Errors
///
/// The first error of `sink`.
///
/// # Panics
///
/// A panic in `work` is raised again on the calling thread.
pub fn map_ordered<A: Send, E>(
    pool: &ThreadPool,
    jobs: usize,
    window: usize,
    stop: &AtomicBool,
    work: impl Fn(usize) -> A + Sync,
    sink: impl FnMut(usize, A) -> Result<(), E>,
) -> Result<Finished, E> {
    two_stage(pool, jobs, window, stop, work, |_, a| Ok(a), |_, a| a, sink)
}

#[cfg(test)]
mod tests;
