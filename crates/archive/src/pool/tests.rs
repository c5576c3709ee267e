use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn pool(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Uneven work, so that jobs overtake each other.
fn dawdle(job: usize) {
    std::thread::sleep(Duration::from_micros((job * 37 % 11) as u64 * 20));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_number_of_threads_and_any_window_give_the_same_order(
        threads in 1_usize..5, window in 0_usize..9, jobs in 0_usize..60,
    ) {
        let mut results = Vec::new();
        let in_flight = AtomicUsize::new(0);
        let most = AtomicUsize::new(0);
        let finished = map_ordered(
            &pool(threads), jobs, window, &AtomicBool::new(false),
            |job| {
                most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                dawdle(job);
                job * 3
            },
            |job, value| {
                in_flight.fetch_sub(1, Ordering::SeqCst);
                results.push((job, value));
                Ok::<_, ()>(())
            },
        ).unwrap();
        prop_assert_eq!(finished, Finished { jobs, stopped: false });
        prop_assert_eq!(results, (0..jobs).map(|job| (job, job * 3)).collect::<Vec<_>>());
        prop_assert!(most.into_inner() <= window.max(1));
    }
}

#[test]
fn stop_ends_after_what_is_in_flight() {
    let stop = AtomicBool::new(false);
    let mut done = 0;
    let finished = map_ordered(&pool(2), 1_000, 4, &stop, dawdle, |job, ()| {
        done += 1;
        stop.store(job >= 10, Ordering::Relaxed);
        Ok::<_, ()>(())
    })
    .unwrap();
    assert!(finished.stopped);
    assert_eq!(finished.jobs, done);
    assert!((11..=20).contains(&done), "{done}");
}

#[test]
fn an_error_of_collect_ends_the_run() {
    let result = map_ordered(&pool(2), 1_000, 4, &AtomicBool::new(false), dawdle, |job, ()| {
        if job == 7 { Err("disk full") } else { Ok(()) }
    });
    assert_eq!(result, Err("disk full"));
}

#[test]
fn a_panic_of_a_worker_reaches_the_caller() {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let work = |job: usize| assert_ne!(job, 5, "job five");
        map_ordered(&pool(2), 20, 4, &AtomicBool::new(false), work, |_, ()| Ok::<_, ()>(()))
    }));
    let panic = caught.unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("job five"));
}
