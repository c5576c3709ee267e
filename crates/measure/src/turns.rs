//! Runs of several stages in turns, and the clock.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::ThreadPool;

use super::measured::Measurement;
use super::stages::{self, Job};
use super::{Error, Options, Stage, Step, machine};
use pipeline::input::Input;
use pipeline::run;

/// A run of a stage takes at least so long; where the sample is through sooner, it goes through again. What
/// is shorter is lost in the noise of clocks and of threads that wake up.
const LEAST: Duration = Duration::from_millis(50);
/// But not more often than this.
const PASSES: u32 = 1_000;

/// A stage, and one run of it on the workers of a pool; what the run needs is made ready before its clock
/// begins.
pub(super) type Timed<'t> = (Stage, &'t dyn Fn(&ThreadPool) -> Result<Duration, Error>);

/// What has been measured so far, and how far that is.
pub(super) struct Turns<'t> {
    options: &'t Options,
    /// What is asked for, and is there.
    stages: Vec<Stage>,
    /// One for each number of threads.
    pools: Vec<ThreadPool>,
    step: &'t mut dyn FnMut(Step),
    stop: &'t AtomicBool,
    done: u64,
    measurements: Vec<Measurement>,
}

impl<'t> Turns<'t> {
    pub(super) fn new(
        options: &'t Options,
        step: &'t mut dyn FnMut(Step),
        stop: &'t AtomicBool,
    ) -> Result<Self, Error> {
        let pools = options.threads.iter().map(|&threads| run::pool(threads));
        let pools = pools.collect::<Result<_, _>>()?;
        let stages = options.stages.clone();
        Ok(Self { options, stages, pools, step, stop, done: 0, measurements: Vec::new() })
    }

    /// The pool with most threads, for making ready.
    pub(super) fn widest(&self) -> &ThreadPool {
        &self.pools[self.pools.len() - 1]
    }

    /// Whether one of these is to be measured.
    pub(super) fn wants(&self, stages: &[Stage]) -> bool {
        stages.iter().any(|stage| self.stages.contains(stage))
    }

    /// Takes out stages of which there is nothing in the sample.
    pub(super) fn leave_out(&mut self, stages: &[Stage]) {
        self.stages.retain(|stage| !stages.contains(stage));
    }

    /// Tells that the next stages are made ready.
    pub(super) fn preparing(&mut self) {
        self.tell(None);
    }

    /// Runs the stages in turns, so that what slows the machine for a while slows all of them: each once
    /// with each number of threads as a warm-up, then as often as is asked for. A run of a short stage goes
    /// through the sample several times, and counts the mean.
    pub(super) fn run(&mut self, stages: &[Timed<'_>]) -> Result<(), Error> {
        let mut seconds = vec![vec![Vec::new(); self.pools.len()]; stages.len()];
        let mut passes = vec![vec![1; self.pools.len()]; stages.len()];
        for run in 0..=self.options.runs {
            for pool in 0..self.pools.len() {
                for (n, (stage, one)) in stages.iter().enumerate() {
                    if self.skips(*stage, pool) {
                        continue;
                    }
                    self.tell(Some((*stage, self.options.threads[pool])));
                    let begin = Instant::now();
                    let mut time = Duration::ZERO;
                    for _ in 0..passes[n][pool] {
                        time += one(&self.pools[pool])?;
                    }
                    self.over()?;
                    if run == 0 {
                        // What makes a pass ready counts here, so that no run takes much longer.
                        let enough = LEAST.as_nanos().div_ceil(begin.elapsed().as_nanos().max(1));
                        passes[n][pool] = enough.clamp(1, PASSES.into()) as u32;
                    } else {
                        seconds[n][pool].push(time.as_secs_f64() / f64::from(passes[n][pool]));
                    }
                }
            }
        }
        for ((stage, _), seconds) in stages.iter().zip(seconds) {
            for (&threads, seconds) in self.options.threads.iter().zip(seconds) {
                if !seconds.is_empty() {
                    let peak_bytes = None;
                    self.measurements.push(Measurement {
                        stage: *stage,
                        threads,
                        seconds,
                        peak_bytes,
                    });
                }
            }
        }
        Ok(())
    }

    /// Runs the whole job on files, fewer threads first: what an allocator keeps of a run would be part of
    /// the peak of the next.
    pub(super) fn report_from_disk(
        &mut self,
        inputs: &[Input],
        job: &Job<'_>,
    ) -> Result<(), Error> {
        let stage = Stage::ReportFromDisk;
        if !self.wants(&[stage]) {
            return Ok(());
        }
        for &threads in &self.options.threads {
            let (mut seconds, mut peak_bytes) = (Vec::new(), None);
            for run in 0..=self.options.runs {
                self.tell(Some((stage, threads)));
                let watched = machine::forget_peak();
                let time = stages::report(inputs, job, threads)?;
                self.over()?;
                if run > 0 {
                    seconds.push(time.as_secs_f64());
                }
                // The least of all: what the allocator keeps of earlier runs counts in the later ones.
                let peak = machine::peak().filter(|_| watched);
                peak_bytes = [peak_bytes, peak].into_iter().flatten().min();
            }
            self.measurements.push(Measurement { stage, threads, seconds, peak_bytes });
        }
        Ok(())
    }

    /// The measurements, in the order of the work.
    pub(super) fn finish(self) -> Vec<Measurement> {
        let mut measurements = self.measurements;
        let place = |stage| Stage::ALL.iter().position(|&other| other == stage);
        measurements.sort_by_key(|one| (place(one.stage), one.threads));
        measurements
    }

    fn skips(&self, stage: Stage, pool: usize) -> bool {
        let alone = stage == Stage::Limit && self.options.threads[pool] != 1;
        alone || !self.wants(&[stage])
    }

    fn over(&mut self) -> Result<(), Error> {
        self.done += 1;
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    fn tell(&mut self, stage: Option<(Stage, usize)>) {
        let each = u64::from(self.options.runs) + 1;
        let threads = &self.options.threads;
        let series: usize = self
            .stages
            .iter()
            .map(|&stage| match stage {
                Stage::Limit => usize::from(threads.contains(&1)),
                _ => threads.len(),
            })
            .sum();
        (self.step)(Step { stage, done: self.done, total: each * series as u64 });
    }
}

/// Runs `work` for jobs `0..jobs` on all workers of a pool, each with a state of its own, and gives the
/// time from the first job to the last, and the states. They are made before the clock begins.
pub(super) fn timed<S: Send>(
    pool: &ThreadPool,
    jobs: usize,
    stop: &AtomicBool,
    new: impl Fn() -> S,
    work: impl Fn(&mut S, usize) + Sync,
) -> (Duration, Vec<S>) {
    let states: Vec<Mutex<S>> =
        (0..pool.current_num_threads()).map(|_| Mutex::new(new())).collect();
    let next = AtomicUsize::new(0);
    let begin = Instant::now();
    pool.broadcast(|context| {
        let mut state = states[context.index()].lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs || stop.load(Ordering::Relaxed) {
                break;
            }
            work(&mut state, job);
        }
    });
    let time = begin.elapsed();
    let states =
        states.into_iter().map(|state| state.into_inner().unwrap_or_else(PoisonError::into_inner));
    (time, states.collect())
}
