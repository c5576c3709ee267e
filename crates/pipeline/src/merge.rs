//! Several reports become the one that a single job over all their files would have made.
//!
//! Exchanges and errors are taken from the tables, and what the documents say from the state; from there on it is the
//! same code as in the main job: links, counts, mining, encoding. No input file is opened.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use archive::{Budget, Limits, map_ordered};
use grouping::{Class, MessageId, RULES_VERSION, Rules, Side};
use model::exchange::{
    BodyKind, ErrorSource, Evidence, Exchange, Key, KeyKind, Outcome, Row as BulkRow,
};
use model::listing::{Flow, Listing, LogEntry, LogType, Page, Project, State, Status};
use model::time::Timestamp;
use redact::{Redacted, Redactor};
use tables::cell::{BodyDigest, Micros};
use tables::rows::{Errors, Exchanges, Files, Problems};
use tables::state::{
    ErrorStates, ExchangeStates, FileStates, Leaves, ListedFlows, ListedProjects, MessageStates,
    RedactionStates, STATE_VERSION, Settings, Shapes, Snapshots,
};
use tables::{ReadError, Select, Sink, Stored, StoredRows, StoredTable, Table};

use crate::aggregate::BodySide;
use crate::link;
use crate::members::MemberCounts;
use crate::outcome::{FileFacts, FileOutcome, OutcomeSigns};
use crate::problem::FileProblem;
use crate::records::{
    FileLink, RecordRows, RedactedBody, RedactedError, RedactedExchange, with_listing,
};
use crate::run::{self, Done, OpenReport, Options, plan_sizes, pool, workers};
use crate::state::{RedactedWhat, ReportSettings, StateTables};
use crate::survey::Survey;
use crate::worker::{JobRows, KeepBodies, Setting, Worker};

/// Why reports could not be merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A report could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The merged report could not be written.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// A report has no state.
    #[error("{}: it has no state\nmake it again with `analyze report --state`", path.display())]
    NoState {
        /// Its folder.
        path: PathBuf,
    },
    /// Two reports were made in different ways.
    #[error("{} and {}: made with different {what}\nmake both in the same way", first.display(), second.display())]
    Different {
        /// The first of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The rules for groups that were given are not those of the reports.
    #[error("the reports were made with other --rules\ngive the same file to merge")]
    Rules,
    /// A file is in two reports.
    #[error("{file}: in two of the reports\nmerge reports of different files")]
    Twice {
        /// Its name.
        file: String,
    },
    /// What the files say together cannot be told from the reports.
    #[error("{file}: {reason}\nread the files of all reports in one run")]
    NeedsFiles {
        /// The file.
        file: String,
        /// Why.
        reason: &'static str,
    },
}

/// How reports are merged.
#[derive(Debug, Clone, Default)]
pub struct MergeOptions {
    /// Worker threads; 0 for one for each core.
    pub threads: usize,
    /// The rules for error groups with which the reports were made.
    pub rules: Arc<Rules>,
}

/// Merges the reports in `shards` into `sink`. The result depends neither on their order nor on how the files were
/// divided among them.
///
/// # Errors
/// When a report cannot be read, reports do not fit together, or the sink refuses rows.
pub fn merge<S: Sink>(
    shards: &[PathBuf],
    sink: S,
    options: &MergeOptions,
    stop: &AtomicBool,
) -> Result<Done, MergeError> {
    let shards: Vec<Shard> =
        shards.iter().map(|path| Shard::open(path)).collect::<Result<_, _>>()?;
    let settings = common_settings(&shards, &options.rules)?;
    let files = MergedFiles::of(&shards)?;
    let names: Vec<&str> = files.all.iter().map(|file| file.name.as_str()).collect();
    let listing = listing(&shards, &files)?;
    let mut state = StateTables::default();
    state.settings.push(&settings.row());
    let place = |place: u64| names[place as usize];
    state.listing(&listing, &mut Redactor::none().scope(), place);
    let mut finished = listing;
    finished.finish();
    let survey = Survey::with_listing(finished);
    let copies = files.copies(&survey.listing)?;
    let texts = texts(&shards)?;

    let mut report =
        OpenReport::open(sink, Redactor::none().scope(), Some(state)).map_err(MergeError::Run)?;
    for shard in &shards {
        for (what, place, rule, count) in redactions(shard)? {
            let of_text = matches!(what, RedactedWhat::Text(_));
            let all = if of_text { &mut report.known } else { &mut report.masked };
            if let RedactedWhat::File(name) = &what
                && files.number.get(name.as_str()).is_some_and(|n| copies.of_bytes[*n].is_some())
            {
                continue;
            }
            let known = all.entry((what, place, rule)).or_default();
            *known = (*known).max(count);
        }
    }
    for (name, problem) in &files.unread {
        report.unread(name, problem).map_err(MergeError::Run)?;
    }
    let of_job = Options {
        threads: options.threads,
        rules: Arc::clone(&options.rules),
        state: true,
        remember_bytes: 0,
        ..Options::default()
    };
    let pool = pool(options.threads)?;
    let workers = workers(&of_job, pool.current_num_threads());
    let budget = Budget::new(Limits::default().in_flight_bytes, pool.current_num_threads());
    let setting = Setting {
        limits: Limits::default(),
        budget: &budget,
        bodies: settings.bodies,
        survey: &survey,
        stop,
    };
    let sizes: Vec<u64> = files.all.iter().map(|file| file.facts.bytes).collect();
    let encoder = report.encoder_of();
    let jobs = plan_sizes(&sizes, &encoder);
    let work = |job: usize| {
        let worker = &workers[rayon::current_thread_index().unwrap_or(0)];
        let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = JobRows::default();
        let mut cursors: Vec<Cursors<'_>> = shards.iter().map(Cursors::of).collect();
        let mut read = Vec::with_capacity(jobs[job].len());
        for n in jobs[job].clone() {
            let file = &files.all[n];
            let replay = Replay { n, file, copies: &copies, setting: &setting, texts: &texts };
            read.push(replay.run(&mut worker, &mut cursors[file.shard], &encoder, &mut rows));
        }
        worker.end_job(&encoder, &mut rows);
        (read, rows)
    };
    let finished =
        map_ordered(&pool, jobs.len(), workers.len() + 1, stop, work, |job, (read, rows)| {
            for (n, facts) in jobs[job].clone().zip(read) {
                let facts = facts?;
                let copy_of = copies.of_bytes[n].or(facts.copied.first().map(|of| *of as usize));
                let copy_of = copy_of.map(|of| names[of]);
                report.file(names[n], &facts, copy_of).map_err(MergeError::Run)?;
            }
            report.rows(rows).map_err(MergeError::Run)
        })?;
    if finished.stopped || stop.load(Ordering::Relaxed) {
        return Err(MergeError::Run(run::Error::Interrupted));
    }
    run::finish(&pool, report, &settings, workers, survey, &names, stop).map_err(MergeError::Run)
}

/// A report that is merged.
struct Shard {
    report: Stored,
    exchanges: RowSource<Exchanges>,
    exchange_states: RowSource<ExchangeStates>,
    errors: RowSource<Errors>,
    error_states: RowSource<ErrorStates>,
    settings: ReportSettings,
    rules_version: i32,
    state_version: i32,
}

impl Shard {
    fn open(path: &Path) -> Result<Self, MergeError> {
        let report = Stored::open(path)?;
        let no_state = |_| MergeError::NoState { path: path.to_owned() };
        let mut table = report.table::<Settings>().map_err(no_state)?;
        let rows = table.read::<Settings>(0)?;
        let row = rows.get(0);
        let owned = |text: tables::cell::SettingText<'_>| text.0.to_owned();
        let settings = ReportSettings {
            user_rules: row.user_rules.map(owned),
            user_roles: row.user_roles.map(owned),
            limits: owned(row.limits),
            bodies: KeepBodies::ALL
                .into_iter()
                .find(|bodies| bodies.name() == row.bodies.0)
                .unwrap_or_default(),
            redaction: owned(row.redaction),
            redaction_key: row.redaction_key.map(owned),
        };
        Ok(Self {
            exchanges: RowSource::of(report.table()?),
            exchange_states: RowSource::of(report.table()?),
            errors: RowSource::of(report.table()?),
            error_states: RowSource::of(report.table()?),
            settings,
            rules_version: row.rules_version,
            state_version: row.state_version,
            report,
        })
    }

    /// Passes all rows of a table to `take`, in their order.
    fn each<T: Table + Select<Table = T>>(
        &self,
        mut take: impl FnMut(<T as Select>::Row<'_>),
    ) -> Result<(), ReadError> {
        let mut table = self.report.table::<T>()?;
        for group in 0..table.groups() {
            table.read::<T>(group)?.iter().for_each(&mut take);
        }
        Ok(())
    }
}

/// The settings that all reports have.
fn common_settings(shards: &[Shard], rules: &Rules) -> Result<ReportSettings, MergeError> {
    let first = &shards[0];
    for shard in shards {
        let (a, b) = (&first.settings, &shard.settings);
        let own = (STATE_VERSION.cast_signed(), RULES_VERSION.cast_signed());
        let what = [
            ("versions of the program", (shard.state_version, shard.rules_version) != own),
            ("--rules", a.user_rules != b.user_rules),
            ("--roles", a.user_roles != b.user_roles),
            ("limits", a.limits != b.limits),
            ("--bodies", a.bodies != b.bodies),
            ("--redact", a.redaction != b.redaction),
            ("keys of pseudonyms (--redact-key)", a.redaction_key != b.redaction_key),
        ];
        if let Some((what, _)) = what.into_iter().find(|(_, differs)| *differs) {
            let path = |shard: &Shard| shard.report.path().to_owned();
            return Err(MergeError::Different { first: path(first), second: path(shard), what });
        }
    }
    let given = (!rules.is_empty()).then(|| rules.digest());
    if given != first.settings.user_rules {
        return Err(MergeError::Rules);
    }
    Ok(first.settings.clone())
}

/// The rows of a table, found by their numbers. The group that was read last is kept.
struct RowSource<T> {
    table: Mutex<(StoredTable<T>, Option<(usize, Arc<StoredRows<T>>)>)>,
    /// The first row of each group, and the number of rows.
    starts: Vec<u64>,
}

impl<T: Table + Select<Table = T>> RowSource<T> {
    fn of(table: StoredTable<T>) -> Self {
        let mut starts = vec![0];
        for group in 0..table.groups() {
            starts.push(starts[group] + table.rows_of(group) as u64);
        }
        Self { table: Mutex::new((table, None)), starts }
    }

    fn group(&self, group: usize) -> Result<Arc<StoredRows<T>>, ReadError> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let (table, kept) = &mut *table;
        if let Some((_, rows)) = kept.as_ref().filter(|(kept, _)| *kept == group) {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(table.read::<T>(group)?);
        *kept = Some((group, Arc::clone(&rows)));
        Ok(rows)
    }
}

/// Reads rows of a table one after the other.
struct RowCursor<'s, T> {
    source: &'s RowSource<T>,
    at: Option<(usize, Arc<StoredRows<T>>)>,
}

impl<'s, T: Table + Select<Table = T>> RowCursor<'s, T> {
    fn of(source: &'s RowSource<T>) -> Self {
        Self { source, at: None }
    }

    /// The group with a row, and the place of the row in it.
    fn at(&mut self, row: u64) -> Result<(Arc<StoredRows<T>>, usize), ReadError> {
        let group = self.source.starts.partition_point(|start| *start <= row) - 1;
        let rows = match &self.at {
            Some((at, rows)) if *at == group => Arc::clone(rows),
            _ => self.source.group(group)?,
        };
        self.at = Some((group, Arc::clone(&rows)));
        Ok((rows, (row - self.source.starts[group]) as usize))
    }
}

/// The rows of one report.
struct Cursors<'s> {
    exchanges: RowCursor<'s, Exchanges>,
    exchange_states: RowCursor<'s, ExchangeStates>,
    errors: RowCursor<'s, Errors>,
    error_states: RowCursor<'s, ErrorStates>,
}

impl<'s> Cursors<'s> {
    fn of(shard: &'s Shard) -> Self {
        Self {
            exchanges: RowCursor::of(&shard.exchanges),
            exchange_states: RowCursor::of(&shard.exchange_states),
            errors: RowCursor::of(&shard.errors),
            error_states: RowCursor::of(&shard.error_states),
        }
    }
}

/// A file of one of the reports.
struct MergedFile {
    name: String,
    shard: usize,
    facts: FileFacts,
    leaves: Vec<MergedLeaf>,
    /// Its first row in `exchanges`, and its first in `errors`.
    first: (u64, u64),
}

/// A text that was read as a log.
struct MergedLeaf {
    leaf: u32,
    member: Option<String>,
    begin: Option<u64>,
    digest: u128,
    exchanges: u32,
    copied: bool,
    outcome: FileOutcome,
}

/// The files of all reports, in name order.
struct MergedFiles {
    all: Vec<MergedFile>,
    number: HashMap<String, usize>,
    /// Places that were not read.
    unread: Vec<(String, FileProblem)>,
}

fn outcome_of(word: &str) -> FileOutcome {
    let all = FileOutcome::ALL.into_iter();
    all.into_iter().find(|outcome| outcome.name() == word).unwrap_or(FileOutcome::Rejected)
}

impl MergedFiles {
    fn of(shards: &[Shard]) -> Result<Self, MergeError> {
        let (mut all, mut unread) = (Vec::new(), Vec::new());
        for (number, shard) in shards.iter().enumerate() {
            let mut files: Vec<MergedFile> = Vec::new();
            let mut exchanges = 0;
            shard.each::<Files>(|row| {
                let mut facts = FileFacts::bare(
                    outcome_of(row.outcome.0),
                    row.bytes.unsigned_abs(),
                    row.digest.map(|digest| archive::Digest::from_bytes(digest.0)),
                    Vec::new(),
                );
                facts.layers = row.layers.0.to_owned();
                facts.documents = row.documents.unsigned_abs();
                facts.exchanges = row.exchanges.unsigned_abs();
                facts.decoded_bytes = row.decoded_bytes.unsigned_abs();
                files.push(MergedFile {
                    name: row.file.0.to_owned(),
                    shard: number,
                    facts,
                    leaves: Vec::new(),
                    first: (exchanges, 0),
                });
                exchanges += u64::from(row.exchanges.unsigned_abs());
            })?;
            let places: HashMap<String, usize> =
                files.iter().enumerate().map(|(n, file)| (file.name.clone(), n)).collect();
            let mut place = 0;
            shard.each::<FileStates>(|row| {
                let facts = &mut files[place].facts;
                facts.modified = row.modified.map(|at| at.0);
                facts.members = MemberCounts::of_counts(
                    row.members.iter().map(|count| count.0.parse().unwrap_or(0)),
                );
                facts.signs = OutcomeSigns {
                    lossy: row.lossy,
                    pages: row.pages.unsigned_abs(),
                    error_pages: row.error_pages.unsigned_abs(),
                    others: row.others.unsigned_abs(),
                };
                place += 1;
            })?;
            shard.each::<Leaves>(|row| {
                let Some(place) = places.get(row.file.0) else { return };
                files[*place].leaves.push(MergedLeaf {
                    leaf: row.leaf.unsigned_abs(),
                    member: row.member.map(|member| member.0.to_owned()),
                    begin: row.begin.map(|begin| begin.0),
                    digest: row.digest.0,
                    exchanges: row.exchanges.unsigned_abs(),
                    copied: row.copied,
                    outcome: outcome_of(row.outcome.0),
                });
            })?;
            shard.each::<Problems>(|row| {
                let problem = FileProblem::stored(
                    row.member.map(|member| member.0),
                    row.byte.unsigned_abs(),
                    row.stage.0,
                    row.kind.0,
                    row.message.0,
                );
                match places.get(row.file.0) {
                    Some(place) => files[*place].facts.problems.push(problem),
                    None => unread.push((row.file.0.to_owned(), problem)),
                }
            })?;
            let mut errors_before = vec![0u64];
            shard.each::<ExchangeStates>(|row| {
                let before = errors_before.last().copied().unwrap_or(0);
                errors_before.push(before + u64::from(row.errors.unsigned_abs()));
            })?;
            for file in &mut files {
                file.first.1 = errors_before[file.first.0 as usize];
            }
            all.extend(files);
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        unread.sort_by(|a, b| a.0.cmp(&b.0));
        unread.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
        if let Some(twice) = all.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(MergeError::Twice { file: twice[0].name.clone() });
        }
        let number = all.iter().enumerate().map(|(n, file)| (file.name.clone(), n)).collect();
        Ok(Self { all, number, unread })
    }

    /// Which files and texts are copies.
    fn copies(&self, listing: &Listing) -> Result<Copies, MergeError> {
        let mut first = HashMap::new();
        let of_bytes: Vec<Option<usize>> = (0..self.all.len())
            .map(|n| {
                let facts = &self.all[n].facts;
                let digest = facts.digest.filter(|_| facts.bytes > 0)?;
                let original = *first.entry(digest).or_insert(n);
                (original != n).then_some(original)
            })
            .collect();
        let log_of = |n: usize, member: Option<&str>| {
            link::by_names(listing, &self.all[n].name, member)?.log_id
        };
        let mut equal: HashMap<u128, Vec<(usize, Option<String>)>> = HashMap::new();
        let mut same_begin: HashMap<(String, u64), (usize, u128)> = HashMap::new();
        let mut of_texts = HashMap::new();
        for (n, file) in self.all.iter().enumerate().filter(|(n, _)| of_bytes[*n].is_none()) {
            for leaf in &file.leaves {
                let Some(begin) = leaf.begin else { continue };
                let log = log_of(n, leaf.member.as_deref());
                let known = equal.entry(leaf.digest).or_default();
                let agrees =
                    |other: &Option<String>| other.is_none() || log.is_none() || *other == log;
                let original = known.iter().find(|(_, other)| agrees(other)).map(|(n, _)| *n);
                if let Some(original) = original {
                    of_texts.insert((n, leaf.leaf), original);
                    continue;
                }
                let same_log = log.clone().and_then(|log| same_begin.get(&(log, begin)).copied());
                if let Some((other, _)) = same_log {
                    if leaf.copied {
                        of_texts.insert((n, leaf.leaf), other);
                        continue;
                    }
                    if self.all[other].shard != file.shard {
                        return Err(MergeError::NeedsFiles {
                            file: file.name.clone(),
                            reason: "another report has a file of the same log that begins alike",
                        });
                    }
                }
                if leaf.copied {
                    return Err(MergeError::NeedsFiles {
                        file: file.name.clone(),
                        reason: "left out as a copy of a file that is itself a copy here",
                    });
                }
                if let Some(log) = log.clone() {
                    same_begin.entry((log, begin)).or_insert((n, leaf.digest));
                }
                known.push((n, log));
            }
        }
        Ok(Copies { of_bytes, of_texts })
    }
}

/// What is left out as a copy, by the numbers of files.
struct Copies {
    of_bytes: Vec<Option<usize>>,
    /// The file with the first such text, for the file and place of each copy.
    of_texts: HashMap<(usize, u32), usize>,
}

/// Texts that belong to several exchanges.
struct SharedTexts {
    messages: HashMap<u64, String>,
    shapes: HashMap<u64, Vec<String>>,
}

fn texts(shards: &[Shard]) -> Result<SharedTexts, ReadError> {
    // Of each message the text of its first error, as in one run.
    let mut messages: HashMap<u64, ((String, i32, i32), String)> = HashMap::new();
    let mut shapes = HashMap::new();
    for shard in shards {
        shard.each::<MessageStates>(|row| {
            let place = (row.file.0.to_owned(), row.record, row.error);
            let new = (place, row.text.0.to_owned());
            let known = messages.entry(row.message.0).or_insert_with(|| new.clone());
            if new.0 < known.0 {
                *known = new;
            }
        })?;
        shard.each::<Shapes>(|row| {
            let paths = || row.paths.iter().map(|path| path.0.to_owned()).collect();
            shapes.entry(row.shape.0).or_insert_with(paths);
        })?;
    }
    Ok(SharedTexts {
        messages: messages.into_iter().map(|(id, (_, text))| (id, text)).collect(),
        shapes,
    })
}

fn redactions(shard: &Shard) -> Result<Vec<(RedactedWhat, String, String, u64)>, ReadError> {
    let mut all = Vec::new();
    shard.each::<RedactionStates>(|row| {
        let what = match (row.file, row.text) {
            (Some(file), _) => RedactedWhat::File(file.0.to_owned()),
            (None, text) => RedactedWhat::Text(text.map_or(0, |text| text.0)),
        };
        all.push((what, row.place.0.to_owned(), row.rule.0.to_owned(), row.count.unsigned_abs()));
    })?;
    Ok(all)
}

/// The listing of all reports, not finished.
fn listing(shards: &[Shard], files: &MergedFiles) -> Result<Listing, ReadError> {
    let mut listing = Listing::default();
    for shard in shards {
        shard.each::<Snapshots>(|row| {
            let owned = |text: &str| Some(text.to_owned());
            let entry = LogEntry {
                id: row.id.0.to_owned(),
                log_type: row.log_type.and_then(|w| {
                    [LogType::Main, LogType::Sub, LogType::Line]
                        .into_iter()
                        .find(|t| t.name() == w.0)
                }),
                process_group_id: row.process_group_id.and_then(|t| owned(t.0)),
                process_group_name: row.process_group_name.and_then(|t| owned(t.0)),
                parent_process_group_id: row.parent_process_group_id.and_then(|t| owned(t.0)),
                original_filename_uuid: row.original_filename_uuid.and_then(|t| owned(t.0)),
                filename_uuid: row.filename_uuid.and_then(|t| owned(t.0)),
                state: row.state.and_then(|w| {
                    [State::Start, State::InProgress, State::Finished]
                        .into_iter()
                        .find(|s| s.name() == w.0)
                }),
                status: row.status.and_then(|w| {
                    [Status::InProgress, Status::Success, Status::Failed, Status::Empty]
                        .into_iter()
                        .find(|s| s.name() == w.0)
                }),
                created: row.created.map(|at| Timestamp(at.0)),
                finished: row.finished.map(|at| Timestamp(at.0)),
                process_count: row.process_count,
                success_count: row.success_count,
                fail_count: row.fail_count,
                fragment_count: row.fragment_count,
                row_num: row.row_num,
                flow_order: row.flow_order,
                in_bound: row.in_bound,
                schedule: row.schedule.and_then(|t| owned(t.0)),
                is_triggered: row.is_triggered,
                triggered_by: row.triggered_by.and_then(|t| owned(t.0)),
                is_send_s3: row.is_send_s3,
                parent_id: row.parent_id.and_then(|t| owned(t.0)),
                extra: row.extra.and_then(|t| owned(t.0)),
            };
            listing.add(Page { entries: vec![entry], ..Page::default() }, 0);
        })?;
        let place = |file: &str| files.number.get(file).copied().unwrap_or(0) as u64;
        shard.each::<ListedFlows>(|row| {
            let flow = Flow {
                id: row.id.0.to_owned(),
                component_id: row.component_id.map(|t| t.0.to_owned()),
                flow_id: row.flow_id.map(|t| t.0.to_owned()),
                name: row.name.map(|t| t.0.to_owned()),
                slug: row.slug.map(|t| t.0.to_owned()),
                flow_type: row.flow_type.map(|t| t.0.to_owned()),
                inbound: row.inbound,
                state: row.state.map(|t| t.0.to_owned()),
                scheduling_strategy: row.scheduling_strategy.map(|t| t.0.to_owned()),
                scheduling_period: row.scheduling_period.map(|t| t.0.to_owned()),
                parent_group_id: row.parent_group_id.map(|t| t.0.to_owned()),
            };
            listing.add(Page { flows: vec![flow], ..Page::default() }, place(row.file.0));
        })?;
        shard.each::<ListedProjects>(|row| {
            let project = Project {
                id: row.id.0.to_owned(),
                project_id: row.project_id.map(|t| t.0.to_owned()),
                name: row.name.map(|t| t.0.to_owned()),
                slug: row.slug.map(|t| t.0.to_owned()),
                created: row.created.map(|at| Timestamp(at.0)),
                flow_count: row.flow_count,
                state: row.state.map(|t| t.0.to_owned()),
            };
            listing.add(Page { projects: vec![project], ..Page::default() }, place(row.file.0));
        })?;
    }
    Ok(listing)
}

/// One file whose rows are made again.
struct Replay<'r> {
    n: usize,
    file: &'r MergedFile,
    copies: &'r Copies,
    setting: &'r Setting<'r>,
    texts: &'r SharedTexts,
}

impl Replay<'_> {
    fn run<E: tables::Encoder>(
        &self,
        worker: &mut Worker,
        cursors: &mut Cursors<'_>,
        encoder: &E,
        rows: &mut JobRows<E::Part>,
    ) -> Result<FileFacts, MergeError> {
        let Self { n, file, copies, setting, texts } = *self;
        if copies.of_bytes[n].is_some() {
            let copy = FileFacts::copy(file.facts.bytes, file.facts.digest);
            return Ok(FileFacts { modified: file.facts.modified, ..copy });
        }
        let (scope, counts) = worker.parts();
        let mut records =
            RecordRows::new(&file.name, n as u32, setting, encoder, scope, rows, counts);
        let mut facts = file.facts.clone();
        let (mut changed, mut copied_leaves) = (false, 0);
        let (mut exchange, mut error) = file.first;
        for leaf in &file.leaves {
            let member = leaf.member.as_deref();
            let original = copies.of_texts.get(&(n, leaf.leaf)).filter(|_| leaf.exchanges > 0);
            let stored = if leaf.copied { 0 } else { leaf.exchanges };
            let outcome = if original.is_some() { FileOutcome::Duplicate } else { leaf.outcome };
            records.keep_leaf(
                leaf.leaf,
                member,
                leaf.begin,
                leaf.digest,
                leaf.exchanges,
                original.is_some(),
                outcome,
            );
            if let Some(original) = original {
                copied_leaves += 1;
                if !facts.copied.contains(&(*original as u32)) {
                    facts.copied.push(*original as u32);
                }
                if !leaf.copied {
                    changed = true;
                    if member.is_some() {
                        facts.members.change(leaf.outcome, FileOutcome::Duplicate);
                    }
                    for _ in 0..stored {
                        let (states, at) = cursors.exchange_states.at(exchange)?;
                        error += u64::from(states.get(at).errors.unsigned_abs());
                        exchange += 1;
                    }
                }
                continue;
            }
            records.leaf = leaf.leaf;
            let link = link::by_names(&setting.survey.listing, &file.name, member);
            for _ in 0..stored {
                error = replay_exchange(
                    &mut records,
                    setting,
                    texts,
                    cursors,
                    exchange,
                    error,
                    member,
                    link.as_ref(),
                )?;
                exchange += 1;
            }
            if records.linked.is_none() {
                records.linked = link.map(|link| FileLink {
                    log_id: link.log_id,
                    run_id: link.run_id,
                    by: Some(link.by),
                });
            }
        }
        if changed {
            facts.outcome = facts.signs.outcome(records.records, copied_leaves);
        }
        facts.exchanges = records.records;
        let linked = records.linked.take();
        if let Some(link) = &linked
            && records.records == 0
            && facts.signs.pages == 0
        {
            let (log, run) = (link.log_id.as_deref(), link.run_id.as_deref());
            records.counts.accumulator.file_linked(log, run, None);
        }
        let linked = linked.filter(|link| link.log_id.is_some() || link.run_id.is_some());
        facts.linked_by = linked.as_ref().and_then(|link| link.by);
        facts.run_id = linked.as_ref().and_then(|link| link.run_id.clone());
        facts.log_id = linked.and_then(|link| link.log_id);
        Ok(facts)
    }
}

/// Makes the rows of one exchange again. Returns the row of the next error.
#[expect(clippy::too_many_arguments, reason = "each is one part of the place of an exchange")]
fn replay_exchange<E: tables::Encoder>(
    records: &mut RecordRows<'_, E>,
    setting: &Setting<'_>,
    texts: &SharedTexts,
    cursors: &mut Cursors<'_>,
    exchange: u64,
    mut error: u64,
    member: Option<&str>,
    name: Option<&link::NameLink>,
) -> Result<u64, MergeError> {
    let (rows, at) = cursors.exchanges.at(exchange)?;
    let row = rows.get(at);
    let (states, at) = cursors.exchange_states.at(exchange)?;
    let state = states.get(at);
    let key =
        row.key_kind.zip(row.key).map(|(kind, key)| Key { kind: key_kind(kind.0), value: key.0 });
    let bulk: Vec<BulkRow<'_>> = state
        .row_kinds
        .iter()
        .zip(&state.row_keys)
        .zip(&state.row_failed)
        .map(|((kind, key), failed)| BulkRow {
            key: Key { kind: key_kind(kind.0), value: key.0 },
            failed: failed.0 == "1",
        })
        .collect();
    let outcomes = [Outcome::Success, Outcome::Failed, Outcome::Unknown];
    let evidences = [
        Evidence::Flag,
        Evidence::Errors,
        Evidence::Body,
        Evidence::Status,
        Evidence::Exception,
        Evidence::Listing,
    ];
    let x = Exchange {
        pointer: row.pointer.0,
        log_id: state.log_id.map(|t| t.0),
        run_id: state.run_id.map(|t| t.0),
        file_uuid: state.file_uuid.map(|t| t.0),
        flow: state.flow.map(|t| t.0),
        step: state.step.map(|t| t.0),
        row_num: row.row_num,
        key,
        started_at: row.started_at.map(|Micros(at)| Timestamp(at)),
        duration_ms: row.duration_ms,
        method: row.method.map(|t| t.0),
        url: row.url.map(|t| t.0),
        status: row.status.and_then(|status| u16::try_from(status).ok()),
        response_truncated: row.response_truncated,
        outcome: outcomes.into_iter().find(|o| o.name() == state.outcome.0).unwrap_or_default(),
        evidence: state
            .evidence
            .and_then(|word| evidences.into_iter().find(|e| e.name() == word.0)),
        rows: &bulk,
        ..Exchange::default()
    };
    let linked = link::exchange(&setting.survey.listing, &x, name);
    let verdict = with_listing(&x, &linked);
    let by_listing = verdict.1 == Some(Evidence::Listing);
    let needs = |reason| MergeError::NeedsFiles { file: records.file.to_owned(), reason };
    if !by_listing && state.unlisted > 0 {
        return Err(needs("the listing of another report changes why an exchange failed"));
    }
    let keep = records.keeps_bodies(verdict.0);
    let request_text = row.request_body.map(|body| Redacted::of_report(body.text));
    let response_text = row.response_body.map(|body| Redacted::of_report(body.text));
    let missing = |digest: Option<BodyDigest>, text: &Option<Redacted<'_>>| {
        digest.is_some() && text.is_none()
    };
    if keep
        && (missing(row.request_digest, &request_text)
            || missing(row.response_digest, &response_text))
    {
        return Err(needs(
            "an exchange failed by the listing of another report, and its bodies were not kept (--bodies)",
        ));
    }
    let url = row.url.map(|url| Redacted::of_report(url.0));
    let endpoint = row.endpoint.map(|endpoint| Redacted::of_report(endpoint.0));
    let extra = row.extra.map(|extra| Redacted::of_report(extra.0));
    let known = RedactedExchange {
        x: &x,
        url: url.as_ref(),
        endpoint: endpoint.as_ref(),
        request: row.request_digest.map(|digest| RedactedBody {
            text: request_text.as_ref().filter(|_| keep),
            digest,
            bytes: state.request_bytes.unwrap_or(0).unsigned_abs(),
            shape: state.request_shape.map_or(0, |shape| shape.0),
            kind: body_kind(state.request_kind.map_or("", |kind| kind.0)),
        }),
        response: row.response_digest.map(|digest| RedactedBody {
            text: response_text.as_ref().filter(|_| keep),
            digest,
            bytes: state.response_bytes.unwrap_or(0).unsigned_abs(),
            shape: state.response_shape.map_or(0, |shape| shape.0),
            kind: body_kind(state.response_kind.map_or("", |kind| kind.0)),
        }),
        extra: extra.as_ref(),
        unlisted: 0,
    };
    // The rows of the errors have to live as long as their texts.
    let mut held = Vec::new();
    for _ in 0..state.errors {
        held.push((cursors.errors.at(error)?, cursors.error_states.at(error)?));
        error += 1;
    }
    let mut stored = Vec::new();
    for ((rows, at), (states, state_at)) in &held {
        let (row, state) = (rows.get(*at), states.get(*state_at));
        if row.source.0 != ErrorSource::Listing.name() {
            stored.push((row, state));
        }
    }
    let mut known = known;
    let errors = if by_listing {
        known.unlisted = state.unlisted.unsigned_abs() + stored.len() as u32;
        vec![RedactedError::listed(&x, &mut records.counts.messages)]
    } else {
        let messages = &mut records.counts.messages;
        let mut errors = Vec::with_capacity(stored.len());
        for (row, state) in &stored {
            let masked = MessageId(state.message.0);
            messages.add_masked(masked, texts.messages.get(&masked.0).map_or("", String::as_str));
            errors.push(RedactedError {
                masked,
                class: Class::ALL
                    .into_iter()
                    .find(|c| c.name() == state.class.0)
                    .unwrap_or(Class::Other),
                side: state
                    .side
                    .and_then(|word| Side::ALL.into_iter().find(|s| s.name() == word.0)),
                code: row.code.map(|t| Redacted::of_report(t.0)),
                field: row.field.map(|t| Redacted::of_report(t.0)),
                message: Redacted::of_report(row.message.0),
                source: error_source(row.source.0),
                key: row
                    .key_kind
                    .zip(row.key)
                    .map(|(kind, key)| Key { kind: key_kind(kind.0), value: key.0 }),
                values: redact::MaskedValues::default(),
            });
        }
        errors
    };
    let shape = |side: BodySide| {
        let body = if side == BodySide::Request { known.request } else { known.response };
        body.and_then(|body| texts.shapes.get(&body.shape).cloned()).unwrap_or_default()
    };
    records.write(&known, errors, &linked, verdict, member, &mut |side| shape(side));
    Ok(error)
}

fn key_kind(word: &str) -> KeyKind {
    let all = [KeyKind::Sku, KeyKind::Order, KeyKind::BaseCode, KeyKind::Barcode];
    all.into_iter().find(|kind| kind.name() == word).unwrap_or(KeyKind::Record)
}

fn body_kind(word: &str) -> BodyKind {
    let all = [BodyKind::Json, BodyKind::Xml, BodyKind::Html, BodyKind::Form, BodyKind::Empty];
    all.into_iter().find(|kind| kind.name() == word).unwrap_or(BodyKind::Text)
}

fn error_source(word: &str) -> ErrorSource {
    let all =
        [ErrorSource::Errors, ErrorSource::Response, ErrorSource::Exception, ErrorSource::Status];
    all.into_iter().find(|source| source.name() == word).unwrap_or(ErrorSource::Flag)
}
