//! The main job: inputs to a report.
//!
//! There are two passes over the files: the [`survey`](crate::survey), and the main pass in jobs of neighbouring files.
//! Workers read, extract and encode; the calling thread appends their rows, in name order. So the bytes are the same for
//! any number of threads, and memory depends on the window, not on the dump.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use archive::{Budget, Limits, map_ordered};
use grouping::{Group, Groups, MaskedMessages, MessageId, Rules};
use model::extract::Extractor;
use model::given::GivenRoles;
use model::listing::Listing;
use rayon::ThreadPool;
use rayon::prelude::*;
use redact::{Redactor, Scope};
use tables::cell::{
    ClassWord, FileDigest, FileName, FileOutcomeWord, Fingerprint, LayerNames, LinkedByWord, LogId,
    MemberName, Micros, ProblemKindWord, RunId, SideWord, StageWord,
};
use tables::rows::{ErrorRow, Errors, FileRow, Files, ProblemRow, Problems};
use tables::{Batch, Encoder, ReadError, Sink, Spill, Table};
use xxhash_rust::xxh3::xxh3_64;

use crate::aggregate::{Accumulator, Top, redactions};
use crate::copies::{Originals, SetsInReport};
use crate::input::{Input, UnreadPlace};
use crate::log_text;
use crate::outcome::{FileFacts, FileOutcome};
use crate::problem::FileProblem;
use crate::state::{
    EarlierGroups, RedactedWhat, RedactionCounts, ReportSettings, StateTables, TextRedaction,
    add_counts, redact_messages,
};
use crate::summary::{JobCounts, Summary};
use crate::survey::{Survey, survey_and_see};
use crate::worker::{JobRows, KeepBodies, Setting, Worker};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The report could not be written.
    #[error(transparent)]
    Report(#[from] tables::Error),
    /// A report that is merged could not be read.
    #[error(transparent)]
    Stored(#[from] ReadError),
    /// The job was interrupted; nothing is left behind.
    #[error("interrupted; nothing was written")]
    Interrupted,
    /// The worker threads could not be started.
    #[error(
        "worker threads could not be started ({threads} wanted, 0: one for each core)\nlower --threads, or raise the limits of the system"
    )]
    Threads {
        /// The wanted number.
        threads: usize,
        /// The cause.
        source: rayon::ThreadPoolBuildError,
    },
}

/// Options of the job.
#[derive(Debug, Clone)]
pub struct Options {
    /// Worker threads; 0 for one for each core.
    pub threads: usize,
    /// Bounds on what one input may make the decoder do.
    pub limits: Limits,
    /// Which bodies are kept.
    pub bodies: KeepBodies,
    /// What is masked in texts of logs.
    pub redactor: Redactor,
    /// Rules of the user for error groups.
    pub rules: Arc<Rules>,
    /// Roles of the user for fields of logs.
    pub roles: Arc<GivenRoles>,
    /// Whether the state is written beside the tables, so that the report can be merged and updated.
    pub state: bool,
    /// Bytes of the memo of what bodies say, over all workers, so that repeated bodies are not read again. 0: no memo. The
    /// report does not depend on it.
    pub remember_bytes: usize,
    /// Bytes of the files of one job at most, to whose rows row groups belong. Reports whose row groups are to be taken
    /// over have the same.
    pub job_bytes: u64,
}

impl Default for Options {
    /// One thread for each core, all bodies, nothing masked, no rules and roles, a memo of 64 MiB.
    fn default() -> Self {
        Self {
            threads: 0,
            limits: Limits::default(),
            bodies: KeepBodies::default(),
            redactor: Redactor::none(),
            rules: Arc::default(),
            roles: Arc::default(),
            state: false,
            remember_bytes: 64 << 20,
            job_bytes: JOB_BYTES,
        }
    }
}

/// Progress of the job, updated while it runs.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of the files that were read in the main pass.
    pub bytes: AtomicU64,
    /// Files that were read in the main pass.
    pub files: AtomicU64,
}

/// Bytes of the files of one job at most. A body is written once a row group, so larger jobs write fewer repeats, and
/// smaller ones end at about the same time. Where every repeat is written out anyway, jobs are small.
pub(crate) const JOB_BYTES: u64 = 16 << 20;
const REPEATING_JOB_BYTES: u64 = 4 << 20;

/// Bytes of the files of one job at least, where a dump is small.
const SMALL_JOB_BYTES: u64 = 1 << 20;

/// Files of one job at most, so that a million tiny files are spread over the workers.
const JOB_FILES: u64 = 2048;

/// Rows of `files` and `problems` that are written at a time.
const SMALL_ROWS: usize = 1 << 16;

/// The result of a finished job.
///
/// It holds everything that the job allocated: dropping it takes as long as some percent of the job. A program that ends
/// then can forget it (`std::mem::forget`).
#[derive(Debug)]
pub struct Done {
    /// The numbers, as in `summary.json`.
    pub summary: Summary,
    /// What is worst.
    pub top: Top,
    /// Logs that the listing names.
    pub logs: usize,
    /// Jobs whose row groups were taken over from a report that was merged.
    pub jobs_taken_over: usize,
    _used: (Vec<Mutex<Worker>>, Accumulator, Groups, Survey),
}

/// Reads `inputs`, which are in name order, and hands the report to `sink`. `unread`: places that are not read, for the
/// table `problems`.
///
/// # Errors
/// When the sink refuses rows, or `stop` was set. What is wrong with the inputs is no error but part of the report.
pub fn report<S: Sink>(
    inputs: &[Input],
    unread: &[UnreadPlace],
    sink: S,
    options: &Options,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Done, Error> {
    let pool = pool(options.threads)?;
    let budget = Budget::new(options.limits.in_flight_bytes, pool.current_num_threads());
    let names: Vec<&str> = inputs.iter().map(Input::name).collect();
    let mut scope = options.redactor.scope();
    let settings = ReportSettings::of(options, sink.formats());
    let mut state = options.state.then(StateTables::default);
    let see = |listing: &Listing| {
        if let Some(state) = &mut state {
            state.settings.push(&settings.row());
            state.listing(listing, &mut scope, |place| names[place as usize]);
        }
    };
    let survey = survey_and_see(&pool, inputs, &options.limits, &budget, stop, see);
    let survey = survey.ok_or(Error::Interrupted)?;
    let setting = Setting {
        limits: options.limits,
        budget: &budget,
        bodies: options.bodies,
        survey: &survey,
        stop,
    };
    let mut report = OpenReport::open(sink, scope, state)?;
    for place in unread {
        report.unread(&place.name, &place.problem)?;
    }
    let workers = workers(options, pool.current_num_threads());
    read(&pool, inputs, &setting, &workers, &mut report, options.job_bytes, progress)?;
    finish(&pool, report, &settings, (workers, Vec::new()), survey, &names, stop)
}

/// Completes a report whose exchanges and errors are read. `counted_before`: what is counted beside what the workers
/// have.
pub(crate) fn finish<S: Sink>(
    pool: &ThreadPool,
    report: OpenReport<'_, S>,
    settings: &ReportSettings,
    (workers, counted_before): (Vec<Mutex<Worker>>, Vec<(MaskedMessages, Accumulator)>),
    survey: Survey,
    names: &[&str],
    stop: &AtomicBool,
) -> Result<Done, Error> {
    let (mut messages, counted) = pool.install(|| merged(&workers, counted_before));
    let OpenReport {
        mut sink,
        encoder,
        files,
        problems,
        spill,
        later,
        counts,
        mut scope,
        state,
        earlier,
        masked,
        known,
        ..
    } = report;
    let mut redaction = TextRedaction::new(&mut scope, known);
    let mut state_parts = Vec::new();
    let mut state = state;
    let keeps_state = state.is_some();
    let mut message_texts = HashMap::new();
    if keeps_state {
        redact_messages(&counted, &mut messages, &mut redaction);
        message_texts = messages.iter().map(|(id, text)| (id, text.to_owned())).collect();
    }
    let groups = messages.finish();
    if let Some(state) = &mut state {
        state.messages(&counted, &message_texts, &groups, names);
        state.aliases(&earlier, &groups);
    }
    let texts = counted.texts(&mut redaction, &groups, &survey.listing);
    let mut masked = masked;
    masked.extend(redaction.counts);
    if let Some(mut state) = state {
        state.shapes(&counted, &texts);
        state.redactions(&masked);
        state_parts = state.encode(&encoder)?;
    }
    let small_tables = || {
        let mut small = counted.finish(&groups, &survey.listing, names, &texts);
        small.redactions = redactions(&masked);
        let counts = || if keeps_state { counted.store(&small, &encoder) } else { Ok(Vec::new()) };
        let (parts, counts) = rayon::join(|| small.encode(&encoder), counts);
        let mut parts = parts?;
        parts.extend(counts?);
        Ok::<_, tables::Error>((small, parts))
    };
    let flush = sink.flush_ahead();
    let (small, errors) = std::thread::scope(|scope| {
        // The disk writes the largest table while the others are made.
        let _no_thread = std::thread::Builder::new().spawn_scoped(scope, flush);
        let errors = || write_errors(spill, later, &groups, &encoder, &mut sink);
        pool.install(|| rayon::join(small_tables, errors))
    });
    errors?;
    let (small, parts) = small?;
    let few = [files.flush(&encoder)?, problems.flush(&encoder)?];
    for part in few.into_iter().chain(parts).chain(state_parts) {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        sink.append(part)?;
    }
    let period = counted.period().map(|(from, to)| (Micros(from.0), Micros(to.0)));
    let mut summary = Summary::new(&counts, &small, period);
    summary.redaction.clone_from(&settings.redaction);
    summary.user_rules.clone_from(&settings.user_rules);
    let (top, logs) = (small.top(), small.logs.len());
    drop(small);
    drop(texts);
    sink.finish(&summary.to_json())?;
    Ok(Done { summary, top, logs, jobs_taken_over: 0, _used: (workers, counted, groups, survey) })
}

/// A pool of `threads` workers; 0 for one for each core.
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

/// The main pass: reads all files, and appends all rows that need not wait for the end.
fn read<S: Sink>(
    pool: &ThreadPool,
    inputs: &[Input],
    setting: &Setting<'_>,
    workers: &[Mutex<Worker>],
    report: &mut OpenReport<'_, S>,
    job_bytes: u64,
    progress: &Progress,
) -> Result<(), Error> {
    let Setting { survey, stop, .. } = *setting;
    let encoder = report.sink.encoder();
    let keeps_state = report.state.is_some();
    let jobs = plan(inputs, &encoder, job_bytes);
    let (originals, mut in_report) =
        (Originals::new(inputs.len()), SetsInReport::new(inputs.len()));
    let work = |job: usize| {
        let worker = &workers[rayon::current_thread_index().unwrap_or(0)];
        let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = JobRows::default();
        let mut files = Vec::with_capacity(jobs[job].len());
        for n in jobs[job].clone() {
            // After a stop the result is not used; it only has to come soon.
            let facts = if stop.load(Ordering::Relaxed) || originals.is_left_out(n, survey) {
                let modified = keeps_state.then(|| inputs[n].modified()).flatten();
                let copy = FileFacts::copy(survey.bytes[n], survey.digests[n]);
                FileFacts { modified, ..copy }
            } else {
                // Before it is read, so that a later change shows.
                let modified = keeps_state.then(|| inputs[n].modified()).flatten();
                let mut facts = worker.file(&inputs[n], n as u32, setting, &encoder, &mut rows);
                facts.modified = modified;
                originals.was_read(n, survey, &facts);
                if facts.digest.is_some() && !facts.same {
                    facts.changed(survey.bytes[n]);
                }
                facts
            };
            progress.bytes.fetch_add(inputs[n].bytes(), Ordering::Relaxed);
            progress.files.fetch_add(1, Ordering::Relaxed);
            files.push(facts);
        }
        worker.end_job(&encoder, &mut rows);
        (files, rows)
    };
    let finished = map_ordered(pool, jobs.len(), workers.len() + 1, stop, work, |job, done| {
        let (files, rows) = done;
        for (n, mut facts) in jobs[job].clone().zip(files) {
            if let Some(original) = in_report.missing(n, survey, &facts) {
                let of = inputs[original].name();
                facts = FileFacts::lost_copy(facts.bytes, facts.digest, of);
            }
            if let Some(lost) = facts.copied.iter().find(|of| !in_report.has(**of, survey)) {
                facts.lost_logs(inputs[*lost as usize].name());
            }
            let copy_of = survey.copy_of[n].filter(|_| facts.outcome == FileOutcome::Duplicate);
            let copy_of = copy_of.or(facts.copied.first().copied());
            report.file(inputs[n].name(), &facts, copy_of.map(|of| inputs[of as usize].name()))?;
        }
        report.rows(rows)
    })?;
    if finished.stopped || stop.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    Ok(())
}

/// Divides the files into jobs, in order, of at most `job_bytes`. They are the same for any number of threads.
pub fn plan<E: Encoder>(inputs: &[Input], encoder: &E, job_bytes: u64) -> Vec<Range<usize>> {
    plan_files(inputs.iter().map(|input| (input.name(), input.bytes())), encoder, job_bytes)
}

/// The same, by the names of the files and their sizes in bytes.
///
/// Whether a job ends behind a file depends on the name and size of the file, and on those before it in the job. So
/// where files come or go, only the next few jobs are others, as in content-defined chunking (Muthitacharoen et al.,
/// *A Low-bandwidth Network File System*, 2001), and the row groups of all others are the same. The length of jobs
/// depends on the bytes of all files, by powers of two.
pub(crate) fn plan_files<'f, E: Encoder>(
    files: impl IntoIterator<Item = (&'f str, u64), IntoIter: Clone>,
    encoder: &E,
    job_bytes: u64,
) -> Vec<Range<usize>> {
    let files = files.into_iter();
    let most = if encoder.repeats_bodies() { REPEATING_JOB_BYTES } else { JOB_BYTES };
    let most = most.min(job_bytes);
    let all: u64 = files.clone().map(|(_, size)| size).sum();
    let limit = (1 << (all.max(1).ilog2()) >> 2).clamp(SMALL_JOB_BYTES.min(most), most);
    let mut jobs = Vec::new();
    let (mut start, mut end, mut weight) = (0, 0, 0);
    for (n, (name, size)) in files.enumerate() {
        let more = size.max(limit / JOB_FILES);
        if n > start && weight + more > limit {
            jobs.push(start..n);
            (start, weight) = (n, 0);
        }
        (end, weight) = (n + 1, weight + more);
        if weight >= limit / 2 && is_border(name, more, limit / 5) {
            jobs.push(start..end);
            (start, weight) = (end, 0);
        }
    }
    if start < end {
        jobs.push(start..end);
    }
    jobs
}

/// Whether a file is a border between jobs: one in files of the weight `mean`.
fn is_border(name: &str, weight: u64, mean: u64) -> bool {
    u128::from(xxh3_64(name.as_bytes())) * u128::from(mean) < u128::from(weight) << 64
}

pub(crate) fn workers(options: &Options, threads: usize) -> Vec<Mutex<Worker>> {
    let limits = &options.limits;
    let extractor = Extractor::new(options.remember_bytes, limits.json_depth as usize)
        .with_roles(Arc::clone(&options.roles));
    let worker = |_| {
        let messages = MaskedMessages::with_rules(Arc::clone(&options.rules));
        let worker = Worker::new(limits, extractor.fork(), messages, &options.redactor);
        Mutex::new(if options.state { worker.with_state() } else { worker })
    };
    (0..threads).map(worker).collect()
}

/// The merged counts of all workers, which are taken out of them, and others.
fn merged(
    workers: &[Mutex<Worker>],
    others: Vec<(MaskedMessages, Accumulator)>,
) -> (MaskedMessages, Accumulator) {
    let (mut messages, mut counted): (Vec<_>, Vec<_>) = others.into_iter().unzip();
    for worker in workers {
        let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
        let (texts, counts, _counted_with_the_files) = worker.take_counts();
        messages.push(texts);
        counted.push(counts);
    }
    let messages = || {
        // That of a worker has the rules.
        let mut messages = messages.into_iter().rev();
        let mut all = messages.next().unwrap_or_default();
        messages.for_each(|messages| all.merge(messages));
        all
    };
    let counts = || {
        let mut all = Accumulator::default();
        for counted in counted {
            all.merge(counted);
        }
        all
    };
    rayon::join(messages, counts)
}

/// An error with its group, whose rules can change class and side.
pub(crate) fn with_group<'r>(mut row: ErrorRow<'r>, group: &'r Group) -> ErrorRow<'r> {
    row.fingerprint = Fingerprint(&group.fingerprint);
    row.class = group.class.map_or(row.class, |class| ClassWord(class.name()));
    row.side = group.side.map(|side| SideWord(side.name())).or(row.side);
    row
}

/// Makes rows of `errors` when their groups are known.
pub(crate) type LaterErrors<'l, P> = Box<dyn FnOnce(&Groups) -> Result<Vec<P>, Error> + Send + 'l>;

/// Writes the rows of `errors`, now that their groups are known. `later`: those behind so many frames.
fn write_errors<S: Sink>(
    spill: Spill<Errors>,
    later: Vec<(usize, LaterErrors<'_, PartOf<S>>)>,
    groups: &Groups,
    encoder: &S::Encoder,
    sink: &mut S,
) -> Result<(), Error> {
    let mut later = later.into_iter().peekable();
    let mut written = 0;
    spill.drain(rayon::current_num_threads(), |frames| {
        let parts = frames.into_par_iter().map(|frame| {
            let rows = frame.unpack()?;
            drop(frame);
            let mut batch = Batch::<Errors>::new();
            for row in rows.rows() {
                let id = u64::from_str_radix(row.fingerprint.0, 16).unwrap_or_default();
                batch.push(&with_group(row, groups.of(MessageId(id))));
            }
            encoder.encode(&mut batch)
        });
        let parts: Vec<Result<_, tables::Error>> = parts.collect();
        for part in parts {
            while let Some((_, rows)) = later.next_if(|(frames, _)| *frames <= written) {
                rows(groups)?.into_iter().try_for_each(|part| sink.append(part))?;
            }
            sink.append(part?)?;
            written += 1;
        }
        Ok::<_, Error>(())
    })?;
    for (_, rows) in later {
        rows(groups)?.into_iter().try_for_each(|part| sink.append(part))?;
    }
    Ok(())
}

type PartOf<S> = <<S as Sink>::Encoder as Encoder>::Part;

/// A report while the job runs.
pub(crate) struct OpenReport<'l, S: Sink> {
    sink: S,
    encoder: S::Encoder,
    files: FewRows<Files>,
    problems: FewRows<Problems>,
    spill: Spill<Errors>,
    /// Frames in it.
    frames: usize,
    /// Rows of `errors` that are not in it, each behind so many of its frames.
    later: Vec<(usize, LaterErrors<'l, PartOf<S>>)>,
    counts: JobCounts,
    scope: Scope,
    /// `None` when no state is kept.
    pub(crate) state: Option<StateTables>,
    /// The fingerprints that the groups of masked messages had in the reports that are merged.
    pub(crate) earlier: EarlierGroups,
    /// What was masked in files and problems.
    pub(crate) masked: RedactionCounts,
    /// What was masked in texts of the small tables when the reports that are merged were made.
    pub(crate) known: RedactionCounts,
}

/// Rows of a small table, encoded when there are many.
struct FewRows<T: Table>(Batch<T>);

impl<T: Table> FewRows<T> {
    /// Encodes the rest of the rows.
    fn flush<E: Encoder>(mut self, encoder: &E) -> Result<E::Part, tables::Error> {
        encoder.encode(&mut self.0)
    }

    fn push<S: Sink>(
        &mut self,
        row: &T::Row<'_>,
        encoder: &S::Encoder,
        sink: &mut S,
    ) -> Result<(), tables::Error> {
        self.0.push(row);
        if self.0.len() >= SMALL_ROWS {
            sink.append(encoder.encode(&mut self.0)?)?;
        }
        Ok(())
    }
}

impl<'l, S: Sink> OpenReport<'l, S> {
    pub(crate) fn open(sink: S, scope: Scope, state: Option<StateTables>) -> Result<Self, Error> {
        Ok(Self {
            encoder: sink.encoder(),
            files: FewRows(Batch::new()),
            problems: FewRows(Batch::new()),
            spill: sink.spill()?,
            frames: 0,
            later: Vec::new(),
            counts: JobCounts::default(),
            scope,
            state,
            earlier: EarlierGroups::default(),
            masked: RedactionCounts::new(),
            known: RedactionCounts::new(),
            sink,
        })
    }

    /// Adds a place that is not read.
    pub(crate) fn unread(&mut self, name: &str, problem: &FileProblem) -> Result<(), Error> {
        self.problem(name, problem)?;
        let masked = self.scope.take_counts();
        add_counts(&mut self.masked, &RedactedWhat::File(name.to_owned()), &masked);
        Ok(())
    }

    /// Adds a file and its problems.
    pub(crate) fn file(
        &mut self,
        name: &str,
        facts: &FileFacts,
        copy_of: Option<&str>,
    ) -> Result<(), Error> {
        for problem in &facts.problems {
            self.problem(name, problem)?;
        }
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let few = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let row = FileRow {
            file: FileName(name),
            bytes: signed(facts.bytes),
            decoded_bytes: signed(facts.decoded_bytes),
            digest: facts.digest.map(|digest| FileDigest(digest.bytes())),
            layers: LayerNames(&facts.layers),
            members: few(facts.members.total() as usize),
            documents: few(facts.documents as usize),
            exchanges: few(facts.exchanges as usize),
            problems: few(facts.problems.len()),
            outcome: FileOutcomeWord(facts.outcome.name()),
            problem: facts.problems.first().map(|problem| ProblemKindWord(problem.kind)),
            log_id: facts.log_id.as_deref().map(LogId),
            run_id: facts.run_id.as_deref().map(RunId),
            linked_by: facts.linked_by.map(|by| LinkedByWord(by.name())),
            copy_of: copy_of.map(FileName),
        };
        self.counts.file(facts);
        let mut masked = self.scope.take_counts();
        masked.merge(&facts.masked);
        add_counts(&mut self.masked, &RedactedWhat::File(name.to_owned()), &masked);
        if let Some(state) = &mut self.state {
            state.file(name, facts);
        }
        Ok(self.files.push(&row, &self.encoder, &mut self.sink)?)
    }

    /// Counts exchanges by outcome, and errors, whose rows are not counted one by one.
    pub(crate) fn count(&mut self, outcomes: [u64; 3], errors: u64) {
        for (all, more) in self.counts.exchanges.iter_mut().zip(outcomes) {
            *all += more;
        }
        self.counts.errors += errors;
    }

    /// Adds rows of `errors` that are made when their groups are known.
    pub(crate) fn later(&mut self, rows: LaterErrors<'l, PartOf<S>>) {
        self.later.push((self.frames, rows));
    }

    fn problem(&mut self, file: &str, problem: &FileProblem) -> Result<(), Error> {
        self.scope.begin();
        let message = self.scope.text("problems.message", &problem.message);
        let row = ProblemRow {
            file: FileName(file),
            member: problem.member.as_deref().map(MemberName),
            byte: problem.byte.cast_signed(),
            stage: StageWord(problem.stage),
            kind: ProblemKindWord(problem.kind),
            message: log_text::message(&message),
        };
        self.counts.problem(problem.kind);
        Ok(self.problems.push(&row, &self.encoder, &mut self.sink)?)
    }

    pub(crate) fn rows(
        &mut self,
        rows: JobRows<<S::Encoder as Encoder>::Part>,
    ) -> Result<(), Error> {
        let JobRows { exchanges, state, errors, outcomes, error_count, failed } = rows;
        if let Some(error) = failed {
            return Err(error.into());
        }
        self.count(outcomes, error_count);
        self.frames += errors.len();
        exchanges.into_iter().chain(state).try_for_each(|part| self.sink.append(part))?;
        errors.iter().try_for_each(|frame| self.spill.append(frame))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tables::MemoryEncoder;

    fn files(range: Range<usize>, bytes: u64) -> Vec<(String, u64)> {
        range.map(|n| (format!("2026/log-{n:05}.txt"), bytes)).collect()
    }

    fn planned(files: &[(String, u64)]) -> Vec<Range<usize>> {
        let jobs = plan_files(
            files.iter().map(|(name, size)| (name.as_str(), *size)),
            &MemoryEncoder,
            JOB_BYTES,
        );
        let ends: Vec<usize> = jobs.iter().map(|job| job.end).collect();
        let starts: Vec<usize> = jobs.iter().map(|job| job.start).collect();
        assert_eq!(starts.first(), Some(&0));
        assert_eq!(ends.last(), Some(&files.len()));
        assert_eq!(starts[1..], ends[..ends.len() - 1], "jobs follow one another");
        jobs
    }

    #[test]
    fn jobs_keep_to_the_limits() {
        for (bytes, count) in [(0, 9000), (400, 9000), (100_000, 3000), (30 << 20, 7)] {
            let files = files(0..count, bytes);
            for job in planned(&files) {
                let size: u64 = files[job.clone()].iter().map(|(_, size)| size).sum();
                assert!(job.len() == 1 || size <= JOB_BYTES && job.len() <= JOB_FILES as usize);
            }
        }
        assert!(plan_files([], &MemoryEncoder, JOB_BYTES).is_empty());
    }

    #[test]
    fn new_files_at_the_end_change_the_last_job_alone() {
        let before = planned(&files(0..3000, 100_000));
        assert!(before.len() > 15);
        for more in [1, 7, 400] {
            let after = planned(&files(0..3000 + more, 100_000));
            assert_eq!(after[..before.len() - 1], before[..before.len() - 1]);
        }
    }

    #[test]
    fn a_file_that_comes_between_changes_few_jobs() {
        let mut with = files(0..3000, 100_000);
        with.insert(1000, ("2026/log-01000-b.txt".to_owned(), 50_000));
        let jobs = |files: &[(String, u64)]| -> Vec<Vec<(String, u64)>> {
            planned(files).into_iter().map(|job| files[job].to_vec()).collect()
        };
        let (before, after) = (jobs(&files(0..3000, 100_000)), jobs(&with));
        let kept = after.iter().filter(|job| before.contains(job)).count();
        assert!(kept + 5 >= after.len(), "{kept} of {}", after.len());
    }
}
