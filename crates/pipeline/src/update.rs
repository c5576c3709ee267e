//! A report brought up to date: the files that are new since it was made are read, and merged with it.
//!
//! A file is as before when its size and its time of change are, or else its digest. Where a file changed or is gone,
//! or the report was made in another way, all files have to be read again: [`plan`] says why.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use archive::{Budget, Digest, ProblemKind};
use rayon::prelude::*;
use tables::cell::{FileDigest, FileName, MessageText, Micros, ProblemKindWord};
use tables::rows::{Files, Problems};
use tables::state::{FileStates, STATE_TABLES};
use tables::{Folder, Format, Formats, ReadError, Stored, TABLES};

use crate::input::{Input, UnreadPlace};
use crate::merge::{self, MergeError, MergeOptions, each};
use crate::problem::LogFault;
use crate::run::{self, Done, Options, Progress};
use crate::state::ReportSettings;

/// What an update of a report has to do.
#[derive(Debug)]
pub enum UpdatePlan {
    /// Nothing: the report says what one made now would say.
    Nothing(FileChanges),
    /// Read the new files and merge them with the report.
    Add(FileChanges),
    /// Read all files, for this reason: `dump/a.txt has changed`.
    ReadAll(String),
}

/// How the files of an input differ from those of a report.
#[derive(Debug, Default)]
pub struct FileChanges {
    /// Files that the report does not have, as places in the input.
    pub new: Vec<usize>,
    /// Files that are as they were.
    pub unchanged: usize,
    /// Of those that are as they were and have another time of change: their names and times.
    touched: HashMap<String, Option<i64>>,
}

tables::select! {
    struct StoredFile<'b> from Files {
        file: FileName<'b>,
        bytes: i64,
        digest: Option<FileDigest>,
    }
}

tables::select! {
    struct StoredTime<'b> from FileStates {
        file: FileName<'b>,
        modified: Option<Micros>,
    }
}

tables::select! {
    struct StoredProblem<'b> from Problems {
        file: FileName<'b>,
        kind: ProblemKindWord<'b>,
        message: MessageText<'b>,
    }
}

/// A file as the report has read it.
struct KnownFile {
    bytes: u64,
    digest: Option<Digest>,
    modified: Option<i64>,
    /// It could not be read then.
    unreadable: bool,
}

/// What a report says of its input.
struct KnownInput {
    files: HashMap<String, KnownFile>,
    /// Places that were not read, with the messages of their problems.
    unread: HashSet<(String, String)>,
    /// A file that changed while the report was made.
    inconsistent: Option<String>,
}

impl KnownInput {
    fn of(report: &Stored) -> Result<Self, ReadError> {
        let mut files = HashMap::new();
        each::<StoredFile<'static>>(report, |row| {
            let file = KnownFile {
                bytes: row.bytes.unsigned_abs(),
                digest: row.digest.map(|digest| Digest::from_bytes(digest.0)),
                modified: None,
                unreadable: false,
            };
            files.insert(row.file.0.to_owned(), file);
        })?;
        each::<StoredTime<'static>>(report, |row| {
            if let Some(file) = files.get_mut(row.file.0) {
                file.modified = row.modified.map(|at| at.0);
            }
        })?;
        let (mut unread, mut inconsistent) = (HashSet::new(), None);
        each::<StoredProblem<'static>>(report, |row| {
            let name = row.file.0;
            match files.get_mut(name) {
                Some(file) if row.kind.0 == ProblemKind::Io.name() => file.unreadable = true,
                Some(_) if row.kind.0 == LogFault::Changed.name() => {
                    inconsistent.get_or_insert_with(|| name.to_owned());
                }
                Some(_) => {}
                None => {
                    unread.insert((name.to_owned(), row.message.0.to_owned()));
                }
            }
        })?;
        Ok(Self { files, unread, inconsistent })
    }
}

/// Finds out what an update of the report in `dir` has to do, so that it is the one that [`run::report`] would make of
/// `inputs`, which are in name order, and `unread`, in these formats. Opens no file of the input but those whose time of
/// change alone is another than before.
///
/// # Errors
/// When `stop` was set, or there are no threads.
pub fn plan(
    dir: &Path,
    (inputs, unread): (&[Input], &[UnreadPlace]),
    formats: &Formats,
    options: &Options,
    stop: &AtomicBool,
) -> Result<UpdatePlan, run::Error> {
    if !dir.exists() {
        return Ok(UpdatePlan::ReadAll("there is no report yet".to_owned()));
    }
    let known = match known(dir, formats, options) {
        Ok(known) => known,
        Err(reason) => return Ok(UpdatePlan::ReadAll(reason)),
    };
    if let Some(file) = known.inconsistent {
        let reason = format!("{file} changed while the report was made");
        return Ok(UpdatePlan::ReadAll(reason));
    }
    let pool = run::pool(options.threads)?;
    let budget = Budget::new(options.limits.in_flight_bytes, pool.current_num_threads());
    let digest = |n: usize, buffer: &mut Vec<u8>| {
        let read = inputs[n].read(&options.limits, &budget.share(n as u64), buffer).map(Digest::of);
        buffer.clear();
        buffer.shrink_to(budget.keep());
        read.ok()
    };
    let compare = |buffer: &mut Vec<u8>, (n, input): (usize, &Input)| {
        let Some(file) = known.files.get(input.name()) else { return FileChange::New };
        let modified = input.modified();
        if stop.load(Ordering::Relaxed) {
            FileChange::None
        } else if file.bytes != input.bytes() {
            FileChange::Content
        } else if modified.is_some() && modified == file.modified && !file.unreadable {
            FileChange::None
        } else if digest(n, buffer) == file.digest {
            if modified == file.modified { FileChange::None } else { FileChange::Time(modified) }
        } else {
            FileChange::Content
        }
    };
    let compared: Vec<FileChange> = pool.install(|| {
        inputs.par_iter().enumerate().map_init(Vec::new, |buffer, at| compare(buffer, at)).collect()
    });
    if stop.load(Ordering::Relaxed) {
        return Err(run::Error::Interrupted);
    }
    let (mut changes, mut changed) = (FileChanges::default(), Vec::new());
    for (n, (input, change)) in inputs.iter().zip(compared).enumerate() {
        match change {
            FileChange::New => changes.new.push(n),
            FileChange::Content => changed.push(input.name()),
            FileChange::Time(modified) => {
                changes.touched.insert(input.name().to_owned(), modified);
                changes.unchanged += 1;
            }
            FileChange::None => changes.unchanged += 1,
        }
    }
    let names: HashSet<&str> = inputs.iter().map(Input::name).collect();
    let mut gone: Vec<&str> =
        known.files.keys().map(String::as_str).filter(|name| !names.contains(name)).collect();
    gone.sort_unstable();
    let few = |files: &[&str], one: &str, many: &str| match files {
        [] => None,
        [file] => Some(format!("{file} {one}")),
        [file, ..] => Some(format!("{} files {many}, as {file}", files.len())),
    };
    let reasons = [few(&changed, "has changed", "have changed"), few(&gone, "is gone", "are gone")];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    if !reasons.is_empty() {
        return Ok(UpdatePlan::ReadAll(reasons.join(", ")));
    }
    let mut scope = options.redactor.scope();
    let unread: HashSet<(String, String)> = unread
        .iter()
        .map(|place| {
            scope.begin();
            let message = scope.text("problems.message", &place.problem.message);
            (place.name.clone(), message.as_str().to_owned())
        })
        .collect();
    let same = changes.new.is_empty() && unread == known.unread;
    Ok(if same { UpdatePlan::Nothing(changes) } else { UpdatePlan::Add(changes) })
}

/// What happened to a file since the report was made.
enum FileChange {
    None,
    New,
    /// It has the same content and this time of change.
    Time(Option<i64>),
    Content,
}

/// What the report in `dir` says of its input, or why it cannot be updated.
fn known(dir: &Path, formats: &Formats, options: &Options) -> Result<KnownInput, String> {
    let unusable = |error: ReadError| match error {
        ReadError::NoParquet { table, .. } if table.starts_with("state/") => {
            "the report has no state".to_owned()
        }
        error => error.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    let report = Stored::open(dir).map_err(unusable)?;
    let stored = ReportSettings::stored(&report).map_err(unusable)?;
    let settings = ReportSettings::of(options, Some(formats.to_string()));
    let mut different = stored.differences(&settings);
    if stored.formats != settings.formats {
        different.push("formats");
    }
    if !different.is_empty() {
        return Err(format!("the report was made with other {}", different.join(", ")));
    }
    let tables = TABLES.iter().flat_map(|table| {
        let formats = formats.iter().filter(|format| *format != Format::Xlsx);
        formats.map(|format| format.file(table.name))
    });
    let state = STATE_TABLES.iter().map(|table| Format::Parquet.file(table.name));
    let xlsx = formats.contains(Format::Xlsx).then(|| Format::Xlsx.file(""));
    if let Some(file) = tables.chain(state).chain(xlsx).find(|file| !dir.join(file).is_file()) {
        return Err(format!("{file} is missing in the report"));
    }
    KnownInput::of(&report).map_err(unusable)
}

/// Brings the report in `dir` up to date: reads the new files of `inputs`, and hands what both say to `folder`, which
/// replaces the report.
///
/// # Errors
/// As [`run::report`] and [`merge::merge`]; [`MergeError::NeedsFiles`] where all files have to be read after all.
pub fn add(
    dir: &Path,
    (inputs, unread): (&[Input], &[UnreadPlace]),
    changes: &FileChanges,
    folder: Folder,
    options: &Options,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Done, MergeError> {
    let new: Vec<Input> = changes.new.iter().map(|n| inputs[*n].clone()).collect();
    let scratch = folder.scratch().map_err(run::Error::from)?;
    let newer = scratch.path().to_owned();
    let with_state = Options { state: true, ..options.clone() };
    run::report(&new, unread, scratch, &with_state, progress, stop)?;
    let of_merge = MergeOptions {
        threads: options.threads,
        rules: Arc::clone(&options.rules),
        job_bytes: options.job_bytes,
    };
    merge::add(dir, &newer, &changes.touched, folder, &of_merge, stop)
}
