//! The main job, with its options from Python, and a report as its result.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use pipeline::input::{self, FoundInputs, Input};
use pipeline::run::{self, Options, Progress};
use pipeline::worker::KeepBodies;
use pipeline::{roles, rules};
use pyo3::prelude::*;
use redact::{Key, Level, Redactor};
use tables::{Folder, Format, Formats, Metadata, Output};

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
            bodies,
            rules: Arc::new(rules.map_err(|fault| error(&fault))?.unwrap_or_default()),
            roles: Arc::new(roles.map_err(|fault| error(&fault))?.unwrap_or_default()),
            ..Options::default()
        })
    }
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
    let shared = Arc::<Shared>::default();
    let (send, done) = mpsc::channel();
    let job = Arc::clone(&shared);
    let work = move || {
        // Nothing is received after an interrupt.
        let _gone = send.send(write(&paths, &out, &options, formats, force, &job));
    };
    let thread = std::thread::Builder::new().name("report".to_owned()).spawn(work)?;
    let tick = || {
        py.check_signals()?;
        match (&progress, shared.totals.get()) {
            (Some(progress), Some((files, bytes))) => {
                let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
                let Progress { bytes: bytes_read, files: files_read } = &shared.progress;
                progress.call1((read(bytes_read), bytes, read(files_read), files)).map(drop)
            }
            _ => Ok(()),
        }
    };
    let done = Mutex::new(done);
    let wait = || done.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(TICK);
    let outcome = loop {
        match py.detach(wait) {
            Ok(outcome) => break outcome,
            Err(RecvTimeoutError::Disconnected) => break Err("the work has ended early".to_owned()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Err(interrupt) = tick() {
            shared.stop.store(true, Ordering::SeqCst);
            // While files are looked for, there is nothing to remove.
            if shared.writing.load(Ordering::SeqCst) {
                let _panicked = py.detach(|| thread.join());
            }
            return Err(interrupt);
        }
    };
    outcome.map_err(raise)?;
    tick()
}

fn write(
    paths: &[String],
    out: &Path,
    options: &JobOptions,
    formats: Formats,
    force: bool,
    shared: &Shared,
) -> Result<(), String> {
    let options = options.options()?;
    let FoundInputs { inputs, mut unread } = find(paths, &options)?;
    // The report that is replaced is as if it had not been there.
    let own = Output::places(out).map_err(|fault| error(&fault))?;
    unread.retain(|place| {
        let report = place.report.as_ref().and_then(|report| report.canonicalize().ok());
        report.is_none_or(|path| !own.contains(&path))
    });
    let bytes = inputs.iter().map(Input::bytes).sum();
    shared.totals.get_or_init(|| (inputs.len() as u64, bytes));
    shared.writing.store(true, Ordering::SeqCst);
    if shared.stop.load(Ordering::SeqCst) {
        return Err("interrupted".to_owned());
    }
    let redaction = options.redactor.level().name();
    let metadata = Metadata { rules_version: grouping::RULES_VERSION, redaction };
    let folder = Folder::create(out, force, formats, &metadata).map_err(|fault| error(&fault))?;
    run::report(&inputs, &unread, folder, &options, &shared.progress, &shared.stop)
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
