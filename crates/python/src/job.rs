//! The main job, with its options from Python, and a report as its result.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use archive::{Limits, Source};
use pipeline::input::{self, FoundInputs, Input, UnreadPlace};
use pipeline::merge::MergeOptions;
use pipeline::problem::{FileProblem, LogFault};
use pipeline::run::{self, Options, Progress};
use pipeline::worker::KeepBodies;
use pipeline::{roles, rules};
use pyo3::prelude::*;
use redact::{Key, Level, Redactor};
use tables::{Folder, Format, Formats, Metadata, Output, Stored};

use crate::{error, raise};

/// How often signals are looked for and progress is shown.
const TICK: Duration = Duration::from_millis(50);

/// The options of a job, as the Python part hands them over.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct JobOptions {
    bodies: String,
    redact: String,
    redact_key: Option<[u8; 32]>,
    threads: usize,
    rules: Option<PathBuf>,
    roles: Option<PathBuf>,
    limits: HashMap<String, u64>,
    state: bool,
}

impl JobOptions {
    /// The same for the pipeline.
    ///
    /// # Errors
    /// A text, when a word is unknown or a file is wrong.
    pub(crate) fn options(&self) -> Result<Options, String> {
        let unknown = |what: &str, word: &str| format!("{what}: there is no {word:?}");
        let bodies = match &*self.bodies {
            "all" => KeepBodies::All,
            "failed" => KeepBodies::Failed,
            "none" => KeepBodies::None,
            word => return Err(unknown("bodies", word)),
        };
        let level = match &*self.redact {
            "secrets" => Level::Secrets,
            "personal" => Level::Personal,
            "none" => Level::None,
            word => return Err(unknown("redact", word)),
        };
        let key = self.redact_key.map_or_else(new_key, Ok)?;
        let rules = self.rules.as_deref().map(rules::read).transpose();
        let roles = self.roles.as_deref().map(roles::read).transpose();
        Ok(Options {
            redactor: Redactor::new(level, &Key::new(key)),
            threads: self.threads,
            limits: limits(&self.limits)?,
            bodies,
            state: self.state,
            rules: Arc::new(rules.map_err(|fault| error(&fault))?.unwrap_or_default()),
            roles: Arc::new(roles.map_err(|fault| error(&fault))?.unwrap_or_default()),
            ..Options::default()
        })
    }
}

/// The usual limits with those that are given, by the names of their flags.
fn limits(given: &HashMap<String, u64>) -> Result<Limits, String> {
    let mut limits = Limits::default();
    for (name, value) in given {
        let small = |most: u32| match u32::try_from(*value) {
            Ok(value) if value <= most => Ok(value),
            _ => Err(format!("limits: {name}: {value} is more than {most}")),
        };
        match &**name {
            _ if *value == 0 => return Err(format!("limits: {name}: it cannot be 0")),
            "max_file_bytes" => limits.file_bytes = *value,
            "max_member_bytes" => limits.member_bytes = *value,
            "max_ratio" => limits.ratio = *value,
            "max_total_bytes" => limits.total_bytes = *value,
            "max_members" => limits.members = small(u32::MAX)?,
            "max_depth" => limits.depth = small(u32::MAX)?,
            "max_problems" => limits.problems = small(u32::MAX)?,
            "max_json_depth" => limits.json_depth = small(8192)?,
            "memory" => limits.in_flight_bytes = *value,
            _ => return Err(format!("limits: there is no {name:?}")),
        }
    }
    if !given.contains_key("max_total_bytes") {
        let larger = limits.member_bytes.saturating_mul(4);
        limits.total_bytes = limits.total_bytes.max(larger);
    }
    Ok(limits)
}

fn new_key() -> Result<[u8; 32], String> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|_| "the system gives no random bytes".to_owned())?;
    Ok(key)
}

/// Finds the files that are read.
///
/// # Errors
/// A text, when there is no such file, or a report stands where logs are wanted.
pub(crate) fn find(paths: &[String], options: &Options) -> Result<FoundInputs, String> {
    let pool = run::pool(options.threads).map_err(|fault| error(&fault))?;
    let found = pool.install(|| input::find(paths)).map_err(|fault| error(&fault))?;
    let report = found.unread.iter().find_map(|place| place.report.as_deref());
    match report.filter(|_| found.inputs.is_empty()) {
        Some(report) => Err(format!("{}: a report, not logs", report.display())),
        None => Ok(found),
    }
}

/// What a job and the thread that waits for it share.
#[derive(Default)]
struct Shared {
    progress: Progress,
    /// Files and bytes of all inputs, once they are found.
    totals: OnceLock<(u64, u64)>,
    stop: AtomicBool,
    /// Set before the first file is written.
    writing: AtomicBool,
}

/// Writes a report. `progress` is called with the bytes that were read, those of all files, and both numbers of files,
/// about every 50 ms.
#[pyfunction]
#[pyo3(signature = (paths, out, options, formats, force, progress=None))]
pub(crate) fn report(
    py: Python<'_>,
    paths: Vec<String>,
    out: PathBuf,
    options: JobOptions,
    formats: Vec<String>,
    force: bool,
    progress: Option<Bound<'_, PyAny>>,
) -> PyResult<()> {
    let formats = formats_of(&formats).map_err(raise)?;
    let work = move |shared: &Shared| {
        let options = options.options()?;
        let mut found = find(&paths, &options)?;
        // The report that is replaced is as if it had not been there.
        let own = Output::places(&out).map_err(|fault| error(&fault))?;
        found.unread.retain(|place| {
            let report = place.report.as_ref().and_then(|report| report.canonicalize().ok());
            report.is_none_or(|path| !own.contains(&path))
        });
        let create = |metadata: &Metadata| Folder::create(&out, force, formats, metadata);
        write(&found, &options, shared, create)
    };
    interruptible(py, progress.as_ref(), work)
}

/// A file as Python has it: its name in reports, its path, its bytes, and whether it is a link.
type PlannedFile = (String, PathBuf, u64, bool);

/// A place that is not read, as Python has it: its name, the kind of the problem and its message.
type PlannedProblem = (String, String, String);

/// Raises when the options are wrong, or the files of rules and roles that they name.
#[pyfunction]
pub(crate) fn check_options(options: JobOptions) -> PyResult<()> {
    options.options().map(drop).map_err(raise)
}

/// The files below some paths in name order, and the places that are not read.
#[pyfunction]
pub(crate) fn find_files(
    py: Python<'_>,
    paths: Vec<String>,
) -> PyResult<(Vec<PlannedFile>, Vec<PlannedProblem>)> {
    let found = py.detach(|| find(&paths, &Options::default())).map_err(raise)?;
    let files = found.inputs.into_iter().filter_map(|input| match input {
        Input::File(Source { name, path, bytes, link }) => Some((name, path, bytes, link)),
        Input::Memory { .. } => None,
    });
    let problem =
        |place: UnreadPlace| (place.name, place.problem.kind.to_owned(), place.problem.message);
    Ok((files.collect(), found.unread.into_iter().map(problem).collect()))
}

/// Writes the report of files and places that [`find_files`] has found, to be merged soon: it is not put on the disk.
#[pyfunction]
pub(crate) fn report_files(
    py: Python<'_>,
    files: Vec<PlannedFile>,
    unread: Vec<PlannedProblem>,
    out: PathBuf,
    options: JobOptions,
) -> PyResult<()> {
    let input = |(name, path, bytes, link)| Input::File(Source { path, name, bytes, link });
    report_inputs(py, files.into_iter().map(input).collect(), unread, out, options)
}

/// The same of files whose names and contents are given, in any order.
#[pyfunction]
pub(crate) fn report_contents(
    py: Python<'_>,
    contents: Vec<(String, Vec<u8>)>,
    unread: Vec<PlannedProblem>,
    out: PathBuf,
    options: JobOptions,
) -> PyResult<()> {
    let input = |(name, bytes)| Input::Memory { name, bytes };
    let mut inputs: Vec<_> = contents.into_iter().map(input).collect();
    inputs.sort_by(|a, b| a.name().cmp(b.name()));
    if let Some(twice) = inputs.windows(2).find(|pair| pair[0].name() == pair[1].name()) {
        return Err(raise(format!("{}: there are two files of this name", twice[0].name())));
    }
    report_inputs(py, inputs, unread, out, options)
}

fn report_inputs(
    py: Python<'_>,
    inputs: Vec<Input>,
    unread: Vec<PlannedProblem>,
    out: PathBuf,
    options: JobOptions,
) -> PyResult<()> {
    let place = |(name, kind, message): PlannedProblem| {
        let kinds = [LogFault::EarlierReport.name(), "io"];
        let kind = kinds.into_iter().find(|known| *known == kind).unwrap_or("io");
        let problem = FileProblem { member: None, byte: 0, stage: "read", kind, message };
        UnreadPlace { name, problem, report: None }
    };
    let mut unread: Vec<_> = unread.into_iter().map(place).collect();
    unread.sort_by(|a, b| a.name.cmp(&b.name));
    let found = FoundInputs { inputs, unread };
    let work = move |shared: &Shared| {
        let create = |metadata: &Metadata| Folder::temporary(&out, metadata);
        write(&found, &options.options()?, shared, create)
    };
    interruptible(py, None, work)
}

/// Merges reports with a state into one.
#[pyfunction]
pub(crate) fn merge(
    py: Python<'_>,
    reports: Vec<PathBuf>,
    out: PathBuf,
    rules: Option<PathBuf>,
    threads: usize,
    formats: Vec<String>,
    force: bool,
) -> PyResult<()> {
    let formats = formats_of(&formats).map_err(raise)?;
    let work = move |shared: &Shared| {
        let options = merge_options(rules.as_deref(), threads)?;
        let metadata = metadata_of_merged(&reports)?;
        shared.writing.store(true, Ordering::SeqCst);
        let folder =
            Folder::create(&out, force, formats, &metadata).map_err(|fault| error(&fault))?;
        let merged = pipeline::merge::merge(&reports, folder, &options, &shared.stop);
        merged.map(drop).map_err(|fault| error(&fault))
    };
    interruptible(py, None, work)
}

/// Writes a report without files of the listing pages of reports. Returns whether there are any; else it is unfinished.
#[pyfunction]
pub(crate) fn merge_listings(
    py: Python<'_>,
    reports: Vec<PathBuf>,
    out: PathBuf,
    rules: Option<PathBuf>,
) -> PyResult<bool> {
    let work = move |shared: &Shared| {
        let options = merge_options(rules.as_deref(), 1)?;
        let metadata = metadata_of_merged(&reports)?;
        shared.writing.store(true, Ordering::SeqCst);
        let folder = Folder::temporary(&out, &metadata).map_err(|fault| error(&fault))?;
        let merged = pipeline::merge::merge_listings(&reports, folder, &options, &shared.stop);
        merged.map(|done| done.is_some()).map_err(|fault| error(&fault))
    };
    interruptible(py, None, work)
}

/// Writes a report again by the listing pages of others. Returns whether they change it; else the new one is unfinished.
#[pyfunction]
pub(crate) fn relink(
    py: Python<'_>,
    report: PathBuf,
    others: Vec<PathBuf>,
    out: PathBuf,
    rules: Option<PathBuf>,
) -> PyResult<bool> {
    let work = move |shared: &Shared| {
        let options = merge_options(rules.as_deref(), 1)?;
        let metadata = metadata_of_merged(&[&report])?;
        shared.writing.store(true, Ordering::SeqCst);
        let folder = Folder::temporary(&out, &metadata).map_err(|fault| error(&fault))?;
        let linked = pipeline::merge::relink(&report, &others, folder, &options, &shared.stop);
        linked.map(|done| done.is_some()).map_err(|fault| error(&fault))
    };
    interruptible(py, None, work)
}

/// The metadata of a report that is made of others.
fn metadata_of_merged(reports: &[impl AsRef<Path>]) -> Result<Metadata, String> {
    let first = reports.first().ok_or("there is no report to merge")?;
    let first = Stored::open(first.as_ref()).map_err(|fault| error(&fault))?;
    let redaction = first.text("/redaction").unwrap_or_default();
    let levels = [Level::None, Level::Secrets, Level::Personal];
    let level = levels.into_iter().find(|level| level.name() == redaction);
    let redaction = level.unwrap_or(Level::None).name();
    Ok(Metadata { rules_version: grouping::RULES_VERSION, redaction })
}

fn merge_options(rules: Option<&Path>, threads: usize) -> Result<MergeOptions, String> {
    let rules = rules.map(rules::read).transpose().map_err(|fault| error(&fault))?;
    let rules = Arc::new(rules.unwrap_or_default());
    Ok(MergeOptions { threads, rules, ..MergeOptions::default() })
}

/// Does the work on a thread of its own, and stops it when a signal arrives or `progress` raises.
fn interruptible<T: Send + 'static>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Shared) -> Result<T, String> + Send + 'static,
) -> PyResult<T> {
    let shared = Arc::<Shared>::default();
    let (send, done) = mpsc::channel();
    let job = Arc::clone(&shared);
    let work = move || {
        // Nothing is received after an interrupt.
        let _gone = send.send(work(&job));
    };
    let thread = std::thread::Builder::new().name("report".to_owned()).spawn(work)?;
    let show = || match (progress, shared.totals.get()) {
        (Some(progress), Some((files, bytes))) => {
            let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
            let (bytes_read, files_read) = (&shared.progress.bytes, &shared.progress.files);
            progress.call1((read(bytes_read), bytes, read(files_read), files)).map(drop)
        }
        _ => Ok(()),
    };
    let done = Mutex::new(done);
    let wait = || done.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(TICK);
    let outcome = loop {
        match py.detach(wait) {
            Ok(outcome) => break outcome,
            Err(RecvTimeoutError::Disconnected) => break Err("the work has ended early".to_owned()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Err(interrupt) = py.check_signals().and_then(|()| show()) {
            shared.stop.store(true, Ordering::SeqCst);
            // While files are looked for, there is nothing to remove.
            if shared.writing.load(Ordering::SeqCst) {
                let _panicked = py.detach(|| thread.join());
            }
            return Err(interrupt);
        }
    };
    let result = outcome.map_err(raise)?;
    show()?;
    Ok(result)
}

fn write(
    found: &FoundInputs,
    options: &Options,
    shared: &Shared,
    create: impl FnOnce(&Metadata) -> Result<Folder, tables::Error>,
) -> Result<(), String> {
    let FoundInputs { inputs, unread } = found;
    let bytes = inputs.iter().map(Input::bytes).sum();
    shared.totals.get_or_init(|| (inputs.len() as u64, bytes));
    shared.writing.store(true, Ordering::SeqCst);
    if shared.stop.load(Ordering::SeqCst) {
        return Err("interrupted".to_owned());
    }
    let redaction = options.redactor.level().name();
    let metadata = Metadata { rules_version: grouping::RULES_VERSION, redaction };
    let folder = create(&metadata).map_err(|fault| error(&fault))?;
    run::report(inputs, unread, folder, options, &shared.progress, &shared.stop)
        .map(drop)
        .map_err(|fault| error(&fault))
}

fn formats_of(names: &[String]) -> Result<Formats, String> {
    let format = |name: &String| match &**name {
        "parquet" => Ok(Format::Parquet),
        "csv" => Ok(Format::Csv),
        "json" => Ok(Format::Json),
        "xlsx" => Ok(Format::Xlsx),
        word => Err(format!("formats: there is no {word:?}")),
    };
    names.iter().map(format).collect::<Result<Vec<_>, _>>().map(Formats::new)
}
