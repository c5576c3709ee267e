//! Runs of several stages in turns, and the clock.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pipeline::input::Input;
use pipeline::run;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::measured::Measurement;
use super::stages::{self, StageContext};
use super::{Error, MeasureOptions, MeasureProgress, MeasuredStage, machine};

/// A run of a stage takes at least so long; when one pass over the sample takes less, the run makes several. Shorter
/// times are lost in the noise of the clock and of threads that wake up.
const SHORTEST_RUN: Duration = Duration::from_millis(50);
/// Passes of one run at most.
const MOST_PASSES: u32 = 1_000;

/// A stage, and one pass of it on the workers of a pool, which prepares what it needs before its clock starts.
pub(super) type TimedStage<'t> =
    (MeasuredStage, &'t dyn Fn(&ThreadPool) -> Result<Duration, Error>);

/// What has been measured so far, and how far that is.
pub(super) struct Turns<'t> {
    options: &'t MeasureOptions,
    /// The chosen stages for which the sample has an input.
    stages: Vec<MeasuredStage>,
    /// One for each number of threads.
    pools: Vec<ThreadPool>,
    progress: &'t mut dyn FnMut(MeasureProgress),
    stop: &'t AtomicBool,
    done: u64,
    measurements: Vec<Measurement>,
}

impl<'t> Turns<'t> {
    pub(super) fn new(
        options: &'t MeasureOptions,
        progress: &'t mut dyn FnMut(MeasureProgress),
        stop: &'t AtomicBool,
    ) -> Result<Self, Error> {
        let pools = options.threads.iter().map(|&threads| run::pool(threads));
        let pools = pools.collect::<Result<_, _>>()?;
        let stages = options.stages.clone();
        Ok(Self { options, stages, pools, progress, stop, done: 0, measurements: Vec::new() })
    }

    /// The pool with most threads, to prepare the input of stages.
    pub(super) fn widest(&self) -> &ThreadPool {
        &self.pools[self.pools.len() - 1]
    }

    /// Whether one of these is to be measured.
    pub(super) fn wants(&self, stages: &[MeasuredStage]) -> bool {
        stages.iter().any(|stage| self.stages.contains(stage))
    }

    /// Leaves out stages for which the sample has no input.
    pub(super) fn leave_out(&mut self, stages: &[MeasuredStage]) {
        self.stages.retain(|stage| !stages.contains(stage));
    }

    /// Reports that the input of the next stages is prepared.
    pub(super) fn preparing(&mut self) {
        self.report(None);
    }

    /// Runs the stages in turns, so that what slows the machine for a while slows all of them: each once with each
    /// number of threads as a warm-up, then as often as the options say. A run of a short stage makes several passes
    /// over the sample, and its time is their mean.
    pub(super) fn run(&mut self, stages: &[TimedStage<'_>]) -> Result<(), Error> {
        let mut seconds = vec![vec![Vec::new(); self.pools.len()]; stages.len()];
        let mut passes = vec![vec![1; self.pools.len()]; stages.len()];
        for run in 0..=self.options.runs {
            for pool in 0..self.pools.len() {
                for (n, (stage, pass)) in stages.iter().enumerate() {
                    if self.skips(*stage, pool) {
                        continue;
                    }
                    self.report(Some((*stage, self.options.threads[pool])));
                    let begin = Instant::now();
                    let mut time = Duration::ZERO;
                    for _ in 0..passes[n][pool] {
                        time += pass(&self.pools[pool])?;
                    }
                    self.run_ended()?;
                    if run == 0 {
                        // With what each pass prepares, so that no run takes much longer.
                        let pass = begin.elapsed().as_nanos().max(1);
                        let enough = SHORTEST_RUN.as_nanos().div_ceil(pass);
                        passes[n][pool] = enough.clamp(1, MOST_PASSES.into()) as u32;
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

    /// Runs the whole job on files, fewer threads first: memory that the allocator keeps after a run is part of the
    /// peak of the next.
    pub(super) fn report_from_disk(
        &mut self,
        inputs: &[Input],
        context: &StageContext<'_>,
    ) -> Result<(), Error> {
        let stage = MeasuredStage::ReportFromDisk;
        if !self.wants(&[stage]) {
            return Ok(());
        }
        for &threads in &self.options.threads {
            let (mut seconds, mut peak_bytes) = (Vec::new(), None);
            for run in 0..=self.options.runs {
                self.report(Some((stage, threads)));
                let was_reset = machine::reset_peak();
                let time = stages::report(inputs, context, threads)?;
                self.run_ended()?;
                if run > 0 {
                    seconds.push(time.as_secs_f64());
                }
                // The lowest of all: memory that the allocator keeps after earlier runs counts in later ones.
                let peak = machine::peak().filter(|_| was_reset);
                peak_bytes = [peak_bytes, peak].into_iter().flatten().min();
            }
            self.measurements.push(Measurement { stage, threads, seconds, peak_bytes });
        }
        Ok(())
    }

    /// The measurements, in the order of the work.
    pub(super) fn finish(self) -> Vec<Measurement> {
        let mut measurements = self.measurements;
        let place = |stage| MeasuredStage::ALL.iter().position(|&other| other == stage);
        measurements.sort_by_key(|one| (place(one.stage), one.threads));
        measurements
    }

    fn skips(&self, stage: MeasuredStage, pool: usize) -> bool {
        let alone = stage == MeasuredStage::Limit && self.options.threads[pool] != 1;
        alone || !self.wants(&[stage])
    }

    fn run_ended(&mut self) -> Result<(), Error> {
        self.done += 1;
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    fn report(&mut self, stage: Option<(MeasuredStage, usize)>) {
        let each = u64::from(self.options.runs) + 1;
        let threads = &self.options.threads;
        let series: usize = self
            .stages
            .iter()
            .map(|&stage| match stage {
                MeasuredStage::Limit => usize::from(threads.contains(&1)),
                _ => threads.len(),
            })
            .sum();
        (self.progress)(MeasureProgress { stage, done: self.done, total: each * series as u64 });
    }
}

/// Runs `work` for jobs `0..jobs` on all workers of a pool, each with its own state, and returns the time from the
/// first job to the last, and the states. These are made before the clock starts.
pub(super) fn timed<S: Send>(
    pool: &ThreadPool,
    jobs: usize,
    stop: &AtomicBool,
    new: impl Fn() -> S,
    work: impl Fn(&mut S, usize) + Sync,
) -> (Duration, Vec<S>) {
    let states = states(pool, new);
    let next = AtomicUsize::new(0);
    let begin = Instant::now();
    pool.broadcast(|context| {
        let mut state = lock(&states[context.index()]);
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

/// The results of `work` for jobs `0..jobs`, in their order, from all workers of a pool, each with its own state.
pub(super) fn collected<S: Send, R: Send>(
    pool: &ThreadPool,
    jobs: usize,
    new: impl Fn() -> S,
    work: impl Fn(&mut S, usize) -> R + Sync,
) -> Vec<R> {
    let states = states(pool, new);
    let result = |job| work(&mut lock(&states[rayon::current_thread_index().unwrap_or(0)]), job);
    pool.install(|| (0..jobs).into_par_iter().map(result).collect())
}

/// A state for each worker of a pool.
fn states<S>(pool: &ThreadPool, new: impl Fn() -> S) -> Vec<Mutex<S>> {
    (0..pool.current_num_threads()).map(|_| Mutex::new(new())).collect()
}

/// Locks a state, which only its worker uses.
fn lock<S>(state: &Mutex<S>) -> MutexGuard<'_, S> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
