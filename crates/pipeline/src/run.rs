//! The main job: inputs to a report.
//!
//! Two passes over the files (see [`survey`](crate::survey)), the second in jobs of neighbouring
//! files. Workers read, extract and encode; this thread numbers rows and appends, in name order. So
//! the bytes are the same for any number of threads, and memory depends on the window, not the dump.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use archive::{Budget, Limits, two_stage};
use grouping::{Class, Groups, Rules, Side, SkeletonId, Skeletons};
use model::extract::{Extractor, Memo};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::aggregate::{Accumulator, Aggregates};
use crate::copies::{Originals, Whole};
use crate::input::Input;
use crate::outcome::FileRow;
use crate::stages::{Bodies, Rows, Setting, Worker};
use crate::summary::{Counts, Summary};
use crate::survey::{Survey, survey};
use tables::{self, Batch, Encoded, Formats, Late, Output, Schema, TableWriter, Unnumbered};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The report could not be written.
    #[error(transparent)]
    Report(#[from] tables::Error),
    /// It was interrupted; nothing is left behind.
    #[error("interrupted; nothing was written")]
    Interrupted,
    /// The worker threads could not be started.
    #[error("{threads} worker threads could not be started")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
}

/// How the job is to be done.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Worker threads; 0 for one a core.
    pub threads: usize,
    /// Bounds on what one input may make the decoder do.
    pub limits: Limits,
    /// Which bodies are kept.
    pub bodies: Bodies,
    /// What is written.
    pub formats: Formats,
    /// Replace an existing report.
    pub force: bool,
    /// Rules of the user for error groups.
    pub rules: Arc<Rules>,
}

/// How far the job is, for whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of the files that were read in the main pass.
    pub bytes: AtomicU64,
    /// Files that were read in the main pass.
    pub files: AtomicU64,
}

/// Bytes of the files of one job at most. Bodies that come again within a job are kept and written
/// once, so jobs are large; in text formats every repeat is written out, so there they are small.
pub const JOB_BYTES: u64 = 32 << 20;
const TEXT_JOB_BYTES: u64 = 4 << 20;

/// Bytes of the files of one job where less is left: towards the end jobs shrink to this, so that
/// all workers end at about the same time.
const LAST_JOB_BYTES: u64 = 2 << 20;

/// Files of one job at most, so that a million tiny ones still spread over the workers.
const JOB_FILES: usize = 2048;

/// Bytes of bodies that the workers remember together.
const MEMORY: usize = 64 << 20;

/// Rows of `files` and `problems` that are written at a time.
const SMALL_ROWS: usize = 1 << 16;

/// What a finished job tells.
///
/// Holds what was used on the way, in many small pieces: dropping it takes as long as some percent of the job, and a
/// program that ends then does well to forget it.
#[derive(Debug)]
pub struct Done {
    /// The numbers, as in `summary.json`.
    pub summary: Summary,
    /// The in-memory tables and what is worst.
    pub aggregates: Aggregates,
    _used: (Vec<Extractor>, Arc<Memo>, Accumulator, Groups, Survey),
}

/// Reads `inputs`, which are in name order, and writes the report to `dir`.
///
/// # Errors
/// When the report cannot be written, or `stop` was set. Nothing is left behind then. What is wrong
/// with the inputs is no error but part of the report.
pub fn report(
    inputs: &[Input],
    unread: &[archive::Unread],
    dir: &Path,
    options: &Options,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Done, Error> {
    let begin = Instant::now();
    let output = Output::create(dir, options.force)?;
    let pool = pool(options.threads)?;
    let threads = pool.current_num_threads();
    let budget = Budget::new(options.limits.in_flight_bytes, threads);
    let survey = survey(&pool, inputs, &options.limits, &budget, stop).ok_or(Error::Interrupted)?;
    let setting = Setting {
        limits: options.limits,
        budget: &budget,
        bodies: options.bodies,
        survey: &survey,
        stop,
    };
    let memo = memo();
    let worker = || {
        let mut worker = Worker::new(&options.limits, Arc::clone(&memo));
        worker.skeletons = Skeletons::with_rules(Arc::clone(&options.rules));
        Mutex::new(worker)
    };
    let workers: Vec<Mutex<Worker>> = (0..threads).map(|_| worker()).collect();
    let jobs = plan(inputs, if options.formats.text() { TEXT_JOB_BYTES } else { JOB_BYTES });

    let mut writer = Writer::open(&output, &options.formats)?;
    for place in unread {
        writer.problem(&place.name, &place.problem);
    }
    let formats = &options.formats;
    let (originals, mut whole) = (Originals::new(inputs.len()), Whole::new(inputs.len()));
    let first = |job: usize| -> Result<(Vec<FileRow>, Rows, Vec<Unnumbered>), tables::Error> {
        let worker = &workers[rayon::current_thread_index().unwrap_or(0)];
        let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = Rows::default();
        let (mut files, mut groups) = (Vec::with_capacity(jobs[job].len()), Vec::new());
        for n in jobs[job].clone() {
            // When it is to stop, the result is thrown away; only the way there gets shorter.
            let row = if stop.load(Ordering::Relaxed) || originals.stands_for(n, &survey) {
                FileRow::copy(survey.bytes[n], survey.digests[n])
            } else {
                let mut row = worker.file(&inputs[n], n as u32, &setting, &mut rows);
                originals.was_read(n, &survey, &row);
                if row.digest.is_some() && !row.same {
                    row.changed(survey.bytes[n]);
                }
                row
            };
            progress.bytes.fetch_add(inputs[n].bytes(), Ordering::Relaxed);
            progress.files.fetch_add(1, Ordering::Relaxed);
            files.push(row);
            // The last group is still being filled.
            let full = rows.exchanges.len().saturating_sub(1);
            for mut batch in rows.exchanges.drain(..full) {
                groups.push(Unnumbered::new(&mut batch, 0, formats)?);
                worker.give_back(batch);
            }
        }
        if stop.load(Ordering::Relaxed) {
            rows.exchanges.clear();
        }
        for mut batch in rows.exchanges.drain(..) {
            groups.push(Unnumbered::new(&mut batch, 0, formats)?);
            worker.give_back(batch);
        }
        Ok((files, rows, groups))
    };
    let scratch = Formats::scratch();
    let second = |_: usize,
                  (rows, groups): (Rows, Vec<(u64, Unnumbered)>)|
     -> Result<(Vec<Encoded>, Option<Encoded>), tables::Error> {
        if stop.load(Ordering::Relaxed) {
            return Ok((Vec::new(), None));
        }
        let groups = groups.into_iter().map(|(from, group)| group.number(from, formats));
        let errors = rows.errors.as_ref().map(|batch| tables::encode(batch, &scratch));
        Ok((groups.collect::<Result<_, _>>()?, errors.transpose()?))
    };
    let (mut spill, mut exchanges) = (writer.spill.take(), writer.exchanges.take());
    let finished = two_stage(
        &pool,
        jobs.len(),
        pool.current_num_threads() + 1,
        stop,
        first,
        |job, done| {
            let (files, mut rows, groups) = done?;
            for (n, mut file) in jobs[job].clone().zip(files) {
                if let Some(original) = whole.missing(n, &survey, &file) {
                    let of = inputs[original].name();
                    file = FileRow::lost_copy(file.bytes, file.digest, of);
                }
                writer.file(&inputs[n], &file)?;
            }
            let groups = writer.number(&mut rows, groups);
            Ok::<_, Error>((rows, groups))
        },
        second,
        |_, encoded| {
            let (groups, errors) = encoded?;
            for group in groups {
                if let Some(table) = &mut exchanges {
                    table.append(group)?;
                }
            }
            if let (Some(spill), Some(errors)) = (&mut spill, errors) {
                spill.append(errors)?;
            }
            Ok(())
        },
    )?;
    if finished.stopped || stop.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    if let Some(table) = exchanges {
        table.finish()?;
    }
    let names = |file: u32| inputs.get(file as usize).map_or("", Input::name);
    let (groups, mut counted) = pool.install(|| merged(&workers));
    // Their buffers are as large as what is made from here on.
    let extractors: Vec<_> = workers
        .into_iter()
        .map(|worker| worker.into_inner().unwrap_or_else(PoisonError::into_inner).into_extractor())
        .collect();
    let late = |skeleton: &str| {
        let group = groups.of(SkeletonId(u64::from_str_radix(skeleton, 16).unwrap_or(0)));
        Late {
            group: &group.fingerprint,
            class: group.class.map(Class::name),
            side: group.side.map(Side::name),
        }
    };
    let aggregate = || {
        let aggregates = counted.finish(&groups, &survey.listing, &names);
        let encode = |batch: &&Batch| tables::encode_abreast(batch, formats);
        let encoded: Result<Vec<_>, _> = aggregates.tables().par_iter().map(encode).collect();
        encoded.map(|encoded| (aggregates, encoded))
    };
    let rewrite = || match spill {
        Some(spill) => spill.rewrite(&late, output.table(&tables::ERRORS, formats)?, formats),
        None => Ok(0),
    };
    let (aggregated, errors) = std::thread::scope(|scope| {
        // The disk is at the largest table while the others are made.
        scope.spawn(|| output.flush_ahead());
        pool.install(|| rayon::join(aggregate, rewrite))
    });
    let (aggregates, encoded) = aggregated?;
    let mut counts = writer.finish()?;
    counts.errors = errors?;
    for (batch, encoded) in aggregates.tables().into_iter().zip(encoded) {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let mut table = output.table(batch.schema(), formats)?;
        table.append(encoded)?;
        table.finish()?;
    }
    let mut summary = Summary::new(&counts, &aggregates, begin.elapsed());
    summary.user_rules = (!options.rules.is_empty()).then(|| options.rules.digest());
    output.file("summary.json", summary.to_json().as_bytes())?;
    output.commit()?;
    Ok(Done { summary, aggregates, _used: (extractors, memo, counted, groups, survey) })
}

/// A pool of `threads` workers; 0 for one a core.
///
/// # Errors
/// When the system gives no threads.
pub fn pool(threads: usize) -> Result<ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|n| format!("worker-{n}"))
        .build()
        .map_err(|source| Error::Threads { threads, source })
}

/// What the workers of a report remember of bodies together.
pub fn memo() -> Arc<Memo> {
    Arc::new(Memo::with_memory(MEMORY))
}

/// Cuts the files into jobs, by sizes alone: the same jobs for any number of threads.
pub fn plan(inputs: &[Input], most: u64) -> Vec<std::ops::Range<usize>> {
    let mut jobs = Vec::new();
    let mut left: u64 = inputs.iter().map(Input::bytes).sum();
    let (mut start, mut bytes) = (0, 0);
    for (n, input) in inputs.iter().enumerate() {
        // A third of what is left, so that the last jobs are small beside all those before.
        let limit = (left / 3).clamp(LAST_JOB_BYTES, most);
        if n > start && (bytes + input.bytes() > limit || n - start >= JOB_FILES) {
            jobs.push(start..n);
            left -= bytes;
            (start, bytes) = (n, 0);
        }
        bytes += input.bytes();
    }
    if start < inputs.len() {
        jobs.push(start..inputs.len());
    }
    jobs
}

/// What all workers counted, taken out of them.
fn merged(workers: &[Mutex<Worker>]) -> (Groups, Accumulator) {
    let (mut skeletons, mut counted) = (Vec::new(), Vec::new());
    for worker in workers {
        let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
        skeletons.push(std::mem::take(&mut worker.skeletons));
        counted.push(std::mem::take(&mut worker.accumulator));
    }
    let groups = || {
        let mut all = Skeletons::default();
        for skeletons in skeletons {
            all.merge(skeletons);
        }
        all.finish()
    };
    let counts = || {
        let mut all = Accumulator::default();
        for counted in counted {
            all.merge(counted);
        }
        all
    };
    rayon::join(groups, counts)
}

/// The tables that are written while the work runs, and the running numbers.
struct Writer<'o> {
    formats: &'o Formats,
    exchanges: Option<TableWriter>,
    spill: Option<tables::Spill>,
    files: Small,
    problems: Small,
    counts: Counts,
    next_exchange: u64,
    next_error: u64,
}

/// A table of which few rows come at a time.
struct Small {
    batch: Batch,
    table: TableWriter,
}

impl Small {
    fn open(output: &Output, schema: &'static Schema, formats: &Formats) -> Result<Self, Error> {
        Ok(Self { batch: Batch::new(schema), table: output.table(schema, formats)? })
    }

    fn flush(&mut self, least: usize, formats: &Formats) -> Result<(), Error> {
        if self.batch.len() >= least {
            self.table.append(tables::encode(&self.batch.take(), formats)?)?;
        }
        Ok(())
    }
}

impl<'o> Writer<'o> {
    fn open(output: &Output, formats: &'o Formats) -> Result<Self, Error> {
        Ok(Self {
            formats,
            exchanges: Some(output.table(&tables::EXCHANGES, formats)?),
            spill: Some(output.scratch(&tables::ERRORS)?),
            files: Small::open(output, &tables::FILES, formats)?,
            problems: Small::open(output, &tables::PROBLEMS, formats)?,
            counts: Counts::default(),
            next_exchange: 0,
            next_error: 0,
        })
    }

    fn file(&mut self, input: &Input, file: &FileRow) -> Result<(), Error> {
        for problem in &file.problems {
            self.problem(input.name(), problem);
        }
        let first = file.problems.first().map(|problem| problem.kind.name());
        let digest = file.digest.map(|digest| digest.to_string());
        self.files
            .batch
            .row()
            .text(Some(input.name()))
            .u64(Some(file.bytes))
            .u64(Some(file.decoded_bytes))
            .text(digest.as_deref())
            .text(Some(&file.layers))
            .u32(Some(file.members.total() as u32))
            .u32(Some(file.documents))
            .u32(Some(file.exchanges))
            .u32(Some(file.problems.len() as u32))
            .text(Some(file.outcome.name()))
            .text(first)
            .text(file.log_id.as_deref())
            .text(file.run_id.as_deref())
            .text(file.linked_by.map(crate::link::LinkedBy::name));
        self.counts.file(file);
        self.files.flush(SMALL_ROWS, self.formats)?;
        self.problems.flush(SMALL_ROWS, self.formats)
    }

    fn problem(&mut self, file: &str, problem: &archive::Problem) {
        self.problems
            .batch
            .row()
            .text(Some(file))
            .text(problem.member.as_deref())
            .u64(Some(problem.offset))
            .text(Some(problem.stage.name()))
            .text(Some(problem.kind.name()))
            .text(Some(&problem.message));
        self.counts.problem(problem.kind);
    }

    /// Gives the rows of a job their running numbers; for the groups of exchanges, those of their first rows.
    fn number(&mut self, rows: &mut Rows, groups: Vec<Unnumbered>) -> Vec<(u64, Unnumbered)> {
        if let Some(errors) = &mut rows.errors {
            errors.number(0, self.next_error);
            errors.shift(1, self.next_exchange);
            self.next_error += errors.len() as u64;
        }
        for (total, more) in self.counts.exchanges.iter_mut().zip(rows.outcomes) {
            *total += more;
        }
        let first = |group: Unnumbered| {
            let from = self.next_exchange;
            self.next_exchange += group.len() as u64;
            (from, group)
        };
        groups.into_iter().map(first).collect()
    }

    fn finish(mut self) -> Result<Counts, Error> {
        self.files.flush(1, self.formats)?;
        self.problems.flush(1, self.formats)?;
        self.files.table.finish()?;
        self.problems.table.finish()?;
        Ok(self.counts)
    }
}
