//! Several reports become the one that a single job over all their files would have made.
//!
//! Exchanges and errors are taken from the tables, and what the documents say from the state; from there on it is the
//! same code as in the main job: links, counts, mining, encoding. No input file is opened.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use archive::{Budget, Limits, map_ordered};
use grouping::{MaskedMessages, MessageId, Rules};
use model::listing::Listing;
use rayon::prelude::*;
use redact::Redactor;
use tables::state::{GroupAliases, MessageStates, RedactionStates, Shapes};
use tables::{ReadError, Sink};

use crate::aggregate::Accumulator;
use crate::outcome::FileFacts;
use crate::run::{self, Done, OpenReport, Options, plan_files, pool, workers};
use crate::state::{EarlierGroups, RedactedWhat, ReportSettings, StateTables};
use crate::survey::Survey;
use crate::worker::{JobRows, Setting};

mod copied;
mod files;
mod listing;
mod replay;
mod shard;
mod unchanged;

use copied::{JobGroups, StoredTables};
use files::{Copies, MergedFiles};
use listing::{MergedPages, listed_rows, merged_pages};
use replay::Replay;
pub(crate) use shard::each;
use shard::{Cursors, Shard, common_settings};
use unchanged::unchanged;

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
    #[error("{}: it has no state\nmake it again with `analyze report`", path.display())]
    NoState {
        /// Its folder.
        path: PathBuf,
    },
    /// No report was given.
    #[error("no report to merge")]
    NoReports,
    /// A report was made by another version of the program.
    #[error("{}: made by another version of the program\nmake it again with `analyze report`", path.display())]
    Version {
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
        /// What differs, as a list.
        what: String,
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
#[derive(Debug, Clone)]
pub struct MergeOptions {
    /// Worker threads; 0 for one for each core.
    pub threads: usize,
    /// The rules for error groups with which the reports were made.
    pub rules: Arc<Rules>,
    /// As in [`Options`], of the reports.
    pub job_bytes: u64,
}

impl Default for MergeOptions {
    /// One thread for each core, no rules.
    fn default() -> Self {
        let Options { threads, rules, job_bytes, .. } = Options::default();
        Self { threads, rules, job_bytes }
    }
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
    let shards = opened(shards)?;
    let files = MergedFiles::of(&shards)?;
    Merging::of(&shards, files, options)?.run(sink, options, stop)
}

/// Makes a report without files of the listing pages of `shards`, for [`relink`]. `None`, and nothing is written, where
/// they have no such pages.
///
/// # Errors
/// As of [`merge`].
pub fn merge_listings<S: Sink>(
    shards: &[PathBuf],
    sink: S,
    options: &MergeOptions,
    stop: &AtomicBool,
) -> Result<Option<Done>, MergeError> {
    let shards = opened(shards)?;
    if all_listed_rows(&shards)? == 0 {
        return Ok(None);
    }
    let settings = common_settings(&shards, &options.rules)?;
    let pages = merged_pages(&shards)?;
    let merging = Merging::with(&[], MergedFiles::default(), settings, pages, None)?;
    merging.run(sink, options, stop).map(Some)
}

/// Makes a report again as far as the listing pages of `others` change its links and outcomes, so that a merge of all of
/// them takes it over as it is. The report keeps its own pages alone. `None`, and nothing is written, where it stays as it
/// is, and where only that merge can tell what changes.
///
/// # Errors
/// As of [`merge`].
pub fn relink<S: Sink>(
    report: &Path,
    others: &[PathBuf],
    sink: S,
    options: &MergeOptions,
    stop: &AtomicBool,
) -> Result<Option<Done>, MergeError> {
    let mut all = vec![Shard::open(report)?];
    all.extend(opened(others)?);
    let shards = &all[..1];
    let settings = common_settings(&all, &options.rules)?;
    let files = MergedFiles::of(shards)?;
    let links = (merged_pages(&all)?.listing, all_listed_rows(&all)?);
    let relinked = Merging::with(shards, files, settings, merged_pages(shards)?, Some(links))
        .and_then(|merging| match merging.unchanged[..] {
            [true] => Ok(None),
            _ => merging.run(sink, options, stop).map(Some),
        });
    match relinked {
        Err(MergeError::NeedsFiles { .. }) => Ok(None),
        relinked => relinked,
    }
}

/// Merges a report with that of files that came later. `touched`: new times of change of its files. The places that
/// were not read are those of `newer`.
pub(crate) fn add<S: Sink>(
    report: &Path,
    newer: &Path,
    touched: &HashMap<String, Option<i64>>,
    sink: S,
    options: &MergeOptions,
    stop: &AtomicBool,
) -> Result<Done, MergeError> {
    let shards = [Shard::open(report)?, Shard::open(newer)?];
    let mut files = MergedFiles::of(&shards)?;
    for file in files.all.iter_mut().filter(|file| file.shard == 0) {
        if let Some(modified) = touched.get(&file.name) {
            file.facts.modified = *modified;
        }
    }
    files.unread.retain(|(shard, ..)| *shard == 1);
    Merging::of(&shards, files, options)?.run(sink, options, stop)
}

fn opened(reports: &[PathBuf]) -> Result<Vec<Shard>, MergeError> {
    // A dozen for each report.
    tables::allow_many_open_files();
    reports.iter().map(|path| Shard::open(path)).collect()
}

/// How many rows of the listing all reports have.
fn all_listed_rows(shards: &[Shard]) -> Result<u64, ReadError> {
    shards.iter().map(listed_rows).sum()
}

/// A merge whose exchanges and errors are not written yet.
struct Merging<'s> {
    shards: &'s [Shard],
    files: MergedFiles,
    settings: ReportSettings,
    state: StateTables,
    /// The listing of the report that is made.
    survey: Survey,
    /// The listing by which links are made, where it is another.
    links: Option<Survey>,
    copies: Copies,
    /// Which of the reports stay as they are.
    unchanged: Vec<bool>,
}

impl<'s> Merging<'s> {
    /// The merge of all that these reports have.
    fn of(
        shards: &'s [Shard],
        files: MergedFiles,
        options: &MergeOptions,
    ) -> Result<Self, MergeError> {
        let settings = common_settings(shards, &options.rules)?;
        Self::with(shards, files, settings, merged_pages(shards)?, None)
    }

    /// One whose listing is that of `pages`. `links`: the listing by which links are made, where it is another, and how many
    /// rows the reports that it comes from have of it.
    fn with(
        shards: &'s [Shard],
        mut files: MergedFiles,
        settings: ReportSettings,
        pages: MergedPages,
        links: Option<(Listing, u64)>,
    ) -> Result<Self, MergeError> {
        files.unread.dedup_by(|a, b| (&a.1, &a.2) == (&b.1, &b.2));
        let mut state = StateTables::default();
        state.listing(&pages.listing, &mut Redactor::none().scope(), |place| pages.file(place));
        let survey = |mut listing: Listing| {
            listing.finish();
            Survey::with_listing(listing)
        };
        let listed =
            links.as_ref().map_or_else(|| all_listed_rows(shards), |(_, rows)| Ok(*rows))?;
        let links = links.map(|(listing, _)| survey(listing));
        let survey = survey(pages.listing);
        let listing = &links.as_ref().unwrap_or(&survey).listing;
        let copies = files.copies(listing)?;
        let unchanged = unchanged(shards, &files, &copies, listing, listed)?;
        Ok(Self { shards, files, settings, state, survey, links, copies, unchanged })
    }

    fn run<S: Sink>(
        self,
        sink: S,
        options: &MergeOptions,
        stop: &AtomicBool,
    ) -> Result<Done, MergeError> {
        let Self { shards, files, mut settings, mut state, survey, links, copies, unchanged } =
            self;
        settings.formats = sink.formats();
        state.settings.push(&settings.row());
        let names: Vec<&str> = files.all.iter().map(|file| file.name.as_str()).collect();
        let texts = texts(shards)?;
        let of_shard = |number: usize| files.of_shard(number).map(|(_, file)| file);
        let encoder = sink.encoder();
        let mut stored = Vec::with_capacity(shards.len());
        for (number, shard) in shards.iter().enumerate() {
            let tables = unchanged[number]
                .then(|| StoredTables::open(shard, of_shard(number), &encoder, options.job_bytes));
            stored.push(tables.transpose()?.flatten());
        }
        let pool = pool(options.threads)?;
        let counted_before = pool.install(|| counted(shards, &files, &unchanged, &texts))?;

        let mut report = OpenReport::open(sink, Redactor::none().scope(), Some(state))
            .map_err(MergeError::Run)?;
        report.earlier = earlier_groups(shards)?;
        for shard in shards {
            for (what, place, rule, count) in redactions(shard)? {
                let of_text = matches!(what, RedactedWhat::Text(_));
                let all = if of_text { &mut report.known } else { &mut report.masked };
                if let RedactedWhat::File(name) = &what {
                    let counts = match files.number.get(name.as_str()) {
                        Some(n) => files.counts_of(*n, &copies, &place)?,
                        None => files.unread.iter().any(|(_, unread, _)| unread == name),
                    };
                    if !counts {
                        continue;
                    }
                }
                let known = all.entry((what, place, rule)).or_default();
                *known = (*known).max(count);
            }
        }
        for (_, name, problem) in &files.unread {
            report.unread(name, problem).map_err(MergeError::Run)?;
        }
        let of_job = Options {
            threads: options.threads,
            rules: Arc::clone(&options.rules),
            state: true,
            remember_bytes: 0,
            ..Options::default()
        };
        for (shard, _) in shards.iter().zip(&unchanged).filter(|(_, unchanged)| **unchanged) {
            let number = |pointer| shard.report.number(pointer).unwrap_or(0);
            let outcomes = ["/exchanges/success", "/exchanges/failed", "/exchanges/unknown"];
            report.count(outcomes.map(number), number("/errors/total"));
        }
        let workers = workers(&of_job, pool.current_num_threads());
        let budget = Budget::new(Limits::default().in_flight_bytes, pool.current_num_threads());
        let setting = Setting {
            limits: Limits::default(),
            budget: &budget,
            bodies: settings.bodies,
            survey: links.as_ref().unwrap_or(&survey),
            stop,
        };
        let sizes = files.all.iter().map(|file| (file.name.as_str(), file.facts.bytes));
        let jobs = plan_files(sizes, &encoder, options.job_bytes);
        let mut taken_over = 0;
        let work = |job: usize| {
            let job = jobs[job].clone();
            if let Some((tables, groups)) = groups_of_job(&stored, &files, &job) {
                return (
                    Vec::new(),
                    tables.rows(&groups, &encoder).map(|rows| (rows, Some(groups))),
                );
            }
            let worker = &workers[rayon::current_thread_index().unwrap_or(0)];
            let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
            let mut rows = JobRows::default();
            let mut cursors: Vec<Cursors<'_>> = shards.iter().map(Cursors::of).collect();
            let mut read = Vec::with_capacity(job.len());
            for n in job {
                let file = &files.all[n];
                let counted = !unchanged[file.shard];
                let replay =
                    Replay { n, file, copies: &copies, setting: &setting, texts: &texts, counted };
                read.push(replay.run(&mut worker, &mut cursors[file.shard], &encoder, &mut rows));
            }
            worker.end_job(&encoder, &mut rows);
            (read, Ok((rows, None)))
        };
        let finished =
            map_ordered(&pool, jobs.len(), workers.len() + 1, stop, work, |job, (read, rows)| {
                let (rows, groups) = rows?;
                let job = jobs[job].clone();
                let mut file = |n: usize, facts: &FileFacts| {
                    let copy_of =
                        copies.of_bytes[n].or(facts.copied.first().map(|of| *of as usize));
                    report
                        .file(names[n], facts, copy_of.map(|of| names[of]))
                        .map_err(MergeError::Run)
                };
                let shard = files.all[job.start].shard;
                if groups.is_some() {
                    let mut as_stored = |n| file(n, &files.facts_as_stored(n, &copies));
                    job.clone().try_for_each(&mut as_stored)?;
                } else {
                    job.zip(read).try_for_each(|(n, facts)| file(n, &facts?))?;
                }
                report.rows(rows).map_err(MergeError::Run)?;
                taken_over += usize::from(groups.is_some());
                if let Some(groups) = groups
                    && let Some(tables) = &stored[shard]
                {
                    let encoder = &encoder;
                    report.later(Box::new(move |known| tables.errors(&groups, known, encoder)));
                }
                Ok::<_, MergeError>(())
            })?;
        if finished.stopped || stop.load(Ordering::Relaxed) {
            return Err(MergeError::Run(run::Error::Interrupted));
        }
        let counts = (workers, vec![counted_before]);
        let mut done = run::finish(&pool, report, &settings, counts, survey, &names, stop)?;
        done.jobs_taken_over = taken_over;
        Ok(done)
    }
}

/// The row groups of a job, where they can be taken over.
fn groups_of_job<'s>(
    stored: &'s [Option<StoredTables<'s>>],
    files: &MergedFiles,
    job: &Range<usize>,
) -> Option<(&'s StoredTables<'s>, JobGroups)> {
    let of_job = &files.all[job.clone()];
    let shard = of_job.first()?.shard;
    let tables = stored[shard].as_ref()?;
    let groups = of_job.iter().all(|file| file.shard == shard);
    let groups = groups.then(|| tables.groups(job.start, of_job)).flatten()?;
    Some((tables, groups))
}

/// The counts of the reports that are unchanged, together.
fn counted(
    shards: &[Shard],
    files: &MergedFiles,
    unchanged: &[bool],
    texts: &SharedTexts,
) -> Result<(MaskedMessages, Accumulator), ReadError> {
    let all = shards.par_iter().zip(unchanged).enumerate().filter(|(_, (_, same))| **same);
    all.map(|(number, (shard, _))| {
        let mut messages = MaskedMessages::default();
        shard.each::<MessageStates>(|row| {
            let id = MessageId(row.message.0);
            messages.add_masked_times(id, texts.message(id), row.count.unsigned_abs());
        })?;
        Ok((messages, Accumulator::load(&shard.report, &files.of_shards[number])?))
    })
    .try_reduce(Default::default, |mut all, more| {
        all.0.merge(more.0);
        all.1.merge(more.1);
        Ok(all)
    })
}

/// Texts that belong to several exchanges.
struct SharedTexts {
    messages: HashMap<u64, String>,
    shapes: HashMap<u64, Vec<String>>,
}

impl SharedTexts {
    /// The text of a masked message.
    fn message(&self, id: MessageId) -> &str {
        self.messages.get(&id.0).map_or("", String::as_str)
    }
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

/// The fingerprints that the groups of masked messages have in the reports, and had before.
fn earlier_groups(shards: &[Shard]) -> Result<EarlierGroups, ReadError> {
    let mut earlier = EarlierGroups::new();
    for shard in shards {
        let mut before: HashMap<String, Vec<String>> = HashMap::new();
        shard.each::<GroupAliases>(|row| {
            before.entry(row.new.0.to_owned()).or_default().push(row.old.0.to_owned());
        })?;
        shard.each::<MessageStates>(|row| {
            let names = earlier.entry(row.message.0).or_default();
            names.insert(row.fingerprint.0.to_owned());
            names.extend(before.get(row.fingerprint.0).into_iter().flatten().cloned());
        })?;
    }
    Ok(earlier)
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
