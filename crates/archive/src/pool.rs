//! Work on several threads, results in order, memory bounded by a window.
//!
//! ```text
//!   caller    launches 0 1 2 3 ───────────────────► launches 4 ───────────► ...
//!   worker 1       work(0) ──────────────┐ work(3)            │
//!   worker 2       work(1) ── work(2)    │                    │
//!   caller                               └► collect(0, ..)    └► collect(1, ..)   in order of the jobs
//! ```
//!
//! At most `window` jobs stand between their launch and the call of `collect`, so results that wait for a
//! slower job before them cannot pile up. Any number of threads gives the same order.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rayon::ThreadPool;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// How many jobs were collected: always the first ones, without a gap.
    pub jobs: usize,
    /// `stop` was seen before all jobs were launched.
    pub stopped: bool,
}

/// Runs `work` for the jobs `0..jobs` on the workers of `pool`, in any order, and `collect` for their
/// results on the calling thread, strictly in the order of the jobs.
///
/// At most `window` jobs (at least one) are launched and not yet collected. `stop` is looked at before each
/// launch; jobs that are launched already are finished and collected. The calling thread must not be a
/// worker of `pool`: it waits for the workers, and when it is the only one it waits forever.
///
/// Costs one channel for each job.
///
/// # Errors
///
/// The first error of `collect` ends the run. It is returned when the jobs that are launched have finished;
/// their results are dropped.
///
/// # Panics
///
/// A panic in `work` is raised again on the calling thread, in the place of its result.
pub fn map_ordered<T: Send, E>(
    pool: &ThreadPool,
    jobs: usize,
    window: usize,
    stop: &AtomicBool,
    work: impl Fn(usize) -> T + Sync,
    mut collect: impl FnMut(usize, T) -> Result<(), E>,
) -> Result<Finished, E> {
    let work = &work;
    pool.in_place_scope(|scope| {
        let mut launched = VecDeque::new();
        let (mut collected, mut stopped) = (0, false);
        loop {
            while launched.len() < window.max(1) && collected + launched.len() < jobs && !stopped {
                if stop.load(Ordering::Relaxed) {
                    stopped = true;
                    break;
                }
                let job = collected + launched.len();
                let (sender, result) = mpsc::sync_channel(1);
                scope.spawn(move |_| {
                    // The receiver is gone when a job before this one has failed.
                    let _ = sender.send(catch_unwind(AssertUnwindSafe(|| work(job))));
                });
                launched.push_back(result);
            }
            let Some(result) = launched.pop_front() else {
                return Ok(Finished { jobs: collected, stopped });
            };
            match result.recv().expect("a job sends its result or its panic") {
                Ok(value) => collect(collected, value)?,
                Err(panic) => resume_unwind(panic),
            }
            collected += 1;
        }
    })
}

#[cfg(test)]
mod tests;
