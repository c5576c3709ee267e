//! Several reports become the one that a single job over all their files would have made.
//!
//! Exchanges and errors are taken from the tables, and what the documents say from the state; from there on it is the
//! same code as in the main job: links, counts, mining, encoding. No input file is opened.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use archive::{Budget, Limits, map_ordered};
use grouping::{Class, MessageId, Rules, Side};
use model::exchange::{
    BodyKind, ErrorSource, Evidence, Exchange, Key, KeyKind, Outcome, Row as BulkRow,
};
use model::time::Timestamp;
use redact::{Redacted, Redactor};
use tables::cell::{BodyDigest, Micros};
use tables::state::{MessageStates, RedactionStates, Shapes};
use tables::{ReadError, Sink};

use crate::aggregate::BodySide;
use crate::link;
use crate::outcome::{FileFacts, FileOutcome};
use crate::records::{
    FileLink, RecordRows, RedactedBody, RedactedError, RedactedExchange, with_listing,
};
use crate::run::{self, Done, OpenReport, Options, plan_files, pool, workers};
use crate::state::{RedactedWhat, StateTables};
use crate::survey::Survey;
use crate::worker::{JobRows, Setting, Worker};

mod files;
mod listing;
mod shard;

use files::{Copies, MergedFile, MergedFiles};
use listing::listing;
pub(crate) use shard::each;
use shard::{Cursors, Shard, common_settings};

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
    let files = MergedFiles::of(&shards)?;
    merge_files(&shards, files, sink, options, stop)
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
    merge_files(&shards, files, sink, options, stop)
}

fn merge_files<S: Sink>(
    shards: &[Shard],
    mut files: MergedFiles,
    sink: S,
    options: &MergeOptions,
    stop: &AtomicBool,
) -> Result<Done, MergeError> {
    let mut settings = common_settings(shards, &options.rules)?;
    settings.formats = sink.formats();
    files.unread.dedup_by(|a, b| (&a.1, &a.2) == (&b.1, &b.2));
    let names: Vec<&str> = files.all.iter().map(|file| file.name.as_str()).collect();
    let listing = listing(shards, &files)?;
    let mut state = StateTables::default();
    state.settings.push(&settings.row());
    let name = |place: u64| names[place as usize];
    state.listing(&listing, &mut Redactor::none().scope(), name);
    let mut finished = listing;
    finished.finish();
    let survey = Survey::with_listing(finished);
    let copies = files.copies(&survey.listing)?;
    let texts = texts(shards)?;

    let mut report =
        OpenReport::open(sink, Redactor::none().scope(), Some(state)).map_err(MergeError::Run)?;
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
    let encoder = report.encoder_of();
    let sizes = files.all.iter().map(|file| (file.name.as_str(), file.facts.bytes));
    let jobs = plan_files(sizes, &encoder);
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
                &leaf.hashes,
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
