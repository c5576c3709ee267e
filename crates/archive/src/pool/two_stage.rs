//! Jobs of two steps, with a step in order between them. To be deleted with its last caller:
//! [`map_ordered`](super::map_ordered) is what remains.
//!
//! ```text
//!   caller   ── launches i ──►  first(i)                                      second(i, B)
//!                                  │ A                                             │ C
//!   caller                         └─► between(i, A) -> B   in order of i ────────►└─► last(i, C)   in order of i
//! ```

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rayon::ThreadPool;

use super::Finished;

/// What a worker sends to the calling thread; `Err` carries a panic.
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
/// append to a file. At most `window` jobs (at least one) are in flight. `stop` is looked at
/// before each launch; what is in flight then is finished.
///
/// The calling thread must not be a worker of `pool`, which would wait for itself when it is
/// the only one.
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
        let (sender, receiver) = mpsc::channel::<Message<A, C>>();
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
                let (job, sender) = (launched, sender.clone());
                scope.spawn(move |_| {
                    let result = catch_unwind(AssertUnwindSafe(|| first(job)));
                    // The receiver is gone after an error on the calling thread.
                    let _ = sender.send(Message::First(job, result));
                });
                launched += 1;
            }
            if seconds.next == launched {
                return Ok(Finished { jobs: launched, stopped });
            }
            // A sender lives in this very function, so the channel cannot be closed.
            let Ok(message) = receiver.recv() else {
                return Ok(Finished { jobs: seconds.next, stopped: true });
            };
            match message {
                Message::First(job, Ok(value)) => firsts.put(job, value),
                Message::Second(job, Ok(value)) => seconds.put(job, value),
                Message::First(_, Err(panic)) | Message::Second(_, Err(panic)) => {
                    drop(receiver);
                    resume_unwind(panic)
                }
            }
            while let Some((job, value)) = firsts.take() {
                let (value, sender) = (between(job, value)?, sender.clone());
                scope.spawn(move |_| {
                    let result = catch_unwind(AssertUnwindSafe(|| second(job, value)));
                    let _ = sender.send(Message::Second(job, result));
                });
            }
            while let Some((job, value)) = seconds.take() {
                last(job, value)?;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use proptest::prelude::*;

    use super::super::tests::{dawdle, pool};
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_number_of_threads_and_any_window_give_the_same_order(
            threads in 1_usize..5, window in 0_usize..9, jobs in 0_usize..60,
        ) {
            let mut number = 0;
            let mut seen = Vec::new();
            let in_flight = AtomicUsize::new(0);
            let most = AtomicUsize::new(0);
            let finished = two_stage(
                &pool(threads), jobs, window, &AtomicBool::new(false),
                |job| {
                    most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    dawdle(job);
                    job * 3
                },
                |_, a| { number += 1; Ok::<_, ()>((number, a)) },
                |job, (number, a)| { dawdle(job + 5); (number, a) },
                |job, (number, a)| {
                    in_flight.fetch_sub(1, Ordering::SeqCst);
                    seen.push((job, number, a));
                    Ok(())
                },
            ).unwrap();
            prop_assert_eq!(finished, Finished { jobs, stopped: false });
            prop_assert_eq!(seen, (0..jobs).map(|i| (i, i + 1, i * 3)).collect::<Vec<_>>());
            prop_assert!(most.into_inner() <= window.max(1));
        }
    }

    #[test]
    fn an_error_between_ends_the_run() {
        let result = two_stage(
            &pool(2),
            100,
            4,
            &AtomicBool::new(false),
            dawdle,
            |job, ()| if job == 3 { Err(job) } else { Ok(()) },
            |_, ()| (),
            |_, ()| Ok(()),
        );
        assert_eq!(result, Err(3));
    }
}
