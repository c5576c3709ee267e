//! The stages, each as one pass over the whole sample; and the functions that prepare what they work on.
//!
//! What is timed is what a report runs: no code is copied here. The states of workers (decoder, extractor, masked
//! messages) are new in each pass, as in a report; a state that was used before would remember the bodies of the
//! sample.

use std::hint::black_box;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use archive::steps::{Anatomy, DecoderSteps};
use archive::{Budget, Decoder, Digest, Form, Limits, map_ordered};
use grouping::{ErrorRef, MaskedMessages, RULES_VERSION, classify};
use model::extract::Extractor;
use model::json::Cursor;
use model::listing;
use pipeline::input::Input;
use pipeline::run;
use pipeline::survey::Survey;
use pipeline::worker::{JobRows, KeepBodies, Setting, Worker};
use rayon::ThreadPool;
use tables::rows::EXCHANGES;
use tables::{
    Batch, Columns, Encoder, Folder, Format, Formats, MemoryEncoder, Metadata, Output, Table,
    encode,
};

use super::Error;
use super::turns::{collected, timed};

/// Error texts that a worker takes at a time.
const ERRORS_AT_A_TIME: usize = 256;

/// What the Parquet files say of themselves.
const METADATA: Metadata = Metadata { rules_version: RULES_VERSION, redaction: "none" };

/// What is the same for all passes of all stages.
#[derive(Debug, Clone, Copy)]
pub(super) struct StageContext<'c> {
    pub(super) limits: Limits,
    /// What the listing pages of the sample say.
    pub(super) survey: &'c Survey,
    /// The folder for reports.
    pub(super) scratch: &'c Path,
    pub(super) stop: &'c AtomicBool,
}

impl StageContext<'_> {
    fn budget(&self, pool: &ThreadPool) -> Budget {
        Budget::new(self.limits.in_flight_bytes, pool.current_num_threads())
    }

    /// A new extractor with the memory that a report gives it; each worker gets a fork of it.
    pub(super) fn extractor(&self) -> Extractor {
        let levels = self.limits.json_depth as usize;
        Extractor::new(run::Options::default().remember_bytes, levels)
    }

    pub(super) fn worker(&self, extractor: &Extractor) -> Worker {
        let redactor = run::Options::default().redactor;
        Worker::new(&self.limits, extractor.fork(), MaskedMessages::default(), &redactor)
    }

    pub(super) fn setting<'s>(&'s self, budget: &'s Budget) -> Setting<'s> {
        Setting {
            limits: self.limits,
            budget,
            bodies: KeepBodies::All,
            survey: self.survey,
            stop: self.stop,
        }
    }
}

/// Drops the rows instead of encoding them.
pub(super) struct DiscardRows;

impl Encoder for DiscardRows {
    type Part = ();

    fn encode<T: Table>(&self, batch: &mut Batch<T>) -> Result<(), tables::Error> {
        black_box(&*batch);
        batch.clear();
        Ok(())
    }

    fn repeats_bodies(&self) -> bool {
        false
    }
}

/// The formats that `write` and `report` write.
fn formats() -> Formats {
    Formats::new([Format::Parquet])
}

pub(super) fn read(inputs: &[Input], context: &StageContext<'_>, pool: &ThreadPool) -> Duration {
    let budget = context.budget(pool);
    let work = |buffer: &mut Vec<u8>, n: usize| {
        let share = budget.share(n as u64);
        // A file that can no longer be read costs nothing, here and below.
        let _read = black_box(inputs[n].read(&context.limits, &share, buffer)).is_ok();
    };
    timed(pool, inputs.len(), context.stop, Vec::new, work).0
}

pub(super) fn digest(inputs: &[Input], context: &StageContext<'_>, pool: &ThreadPool) -> Duration {
    let work = |(): &mut (), n: usize| {
        black_box(Digest::of(bytes(&inputs[n])));
    };
    timed(pool, inputs.len(), context.stop, || (), work).0
}

pub(super) fn base64(
    inputs: &[Input],
    anatomies: &[Option<Anatomy>],
    context: &StageContext<'_>,
    pool: &ThreadPool,
) -> Duration {
    steps(anatomies, context, pool, |steps, n, anatomy| {
        if anatomy.text.is_some() {
            black_box(steps.base64(bytes(&inputs[n]), anatomy));
        }
    })
}

pub(super) fn inflate(
    zips: &[Vec<u8>],
    anatomies: &[Option<Anatomy>],
    context: &StageContext<'_>,
    pool: &ThreadPool,
) -> Duration {
    steps(anatomies, context, pool, |steps, n, anatomy| {
        black_box(steps.inflate(&zips[n], anatomy));
    })
}

pub(super) fn limit(
    inputs: &[Input],
    anatomies: &[Option<Anatomy>],
    context: &StageContext<'_>,
    pool: &ThreadPool,
) -> Duration {
    steps(anatomies, context, pool, |steps, n, anatomy| {
        black_box(steps.limit(bytes(&inputs[n]), anatomy));
    })
}

/// Times one step of the decoder on each input that has an anatomy.
fn steps(
    anatomies: &[Option<Anatomy>],
    context: &StageContext<'_>,
    pool: &ThreadPool,
    step: impl Fn(&mut DecoderSteps, usize, &Anatomy) + Sync,
) -> Duration {
    let work = |steps: &mut DecoderSteps, n: usize| {
        if let Some(anatomy) = &anatomies[n] {
            step(steps, n, anatomy);
        }
    };
    timed(pool, anatomies.len(), context.stop, || DecoderSteps::new(context.limits), work).0
}

pub(super) fn decode(inputs: &[Input], context: &StageContext<'_>, pool: &ThreadPool) -> Duration {
    let budget = context.budget(pool);
    let new = || (Decoder::new(context.limits), Vec::new());
    let work = |(decoder, buffer): &mut (Decoder, Vec<u8>), n: usize| {
        let share = budget.share(n as u64);
        if let Ok(bytes) = inputs[n].read(&context.limits, &share, buffer) {
            decoder.decode_within(&share, bytes, &mut |leaf| {
                black_box(leaf.text);
            });
        }
    };
    timed(pool, inputs.len(), context.stop, new, work).0
}

pub(super) fn json(texts: &[String], context: &StageContext<'_>, pool: &ThreadPool) -> Duration {
    let levels = context.limits.json_depth as usize;
    let work = |(): &mut (), n: usize| {
        let mut cursor = Cursor::within(&texts[n], 0, levels);
        while !cursor.at_end() && black_box(cursor.value()).is_ok() {}
    };
    timed(pool, texts.len(), context.stop, || (), work).0
}

pub(super) fn extract(texts: &[String], context: &StageContext<'_>, pool: &ThreadPool) -> Duration {
    let work = |extractor: &mut Extractor, n: usize| {
        extractor.extract(&texts[n], true, &mut |exchange| {
            black_box(exchange);
        });
    };
    let extractor = context.extractor();
    timed(pool, texts.len(), context.stop, || extractor.fork(), work).0
}

pub(super) fn group(
    errors: &[SampleError],
    context: &StageContext<'_>,
    pool: &ThreadPool,
) -> Duration {
    let chunks: Vec<&[SampleError]> = errors.chunks(ERRORS_AT_A_TIME).collect();
    let work = |messages: &mut MaskedMessages, n: usize| {
        for error in chunks[n] {
            let error = error.as_ref();
            messages.add(error);
            black_box(classify(&error));
        }
    };
    let new = MaskedMessages::default;
    let (adding, parts) = timed(pool, chunks.len(), context.stop, new, work);
    let begin = Instant::now();
    let mut all = MaskedMessages::default();
    for messages in parts {
        all.merge(messages);
    }
    black_box(all.finish());
    adding + begin.elapsed()
}

pub(super) fn rows(inputs: &[Input], context: &StageContext<'_>, pool: &ThreadPool) -> Duration {
    let budget = context.budget(pool);
    let setting = context.setting(&budget);
    let jobs = run::plan(inputs, &DiscardRows, run::Options::default().job_bytes);
    let work = |worker: &mut Worker, n: usize| {
        black_box(job_rows(worker, inputs, jobs[n].clone(), &setting, &DiscardRows));
    };
    let extractor = context.extractor();
    timed(pool, jobs.len(), context.stop, || context.worker(&extractor), work).0
}

pub(super) fn write(
    row_groups: &[Columns],
    context: &StageContext<'_>,
    pool: &ThreadPool,
) -> Result<Duration, Error> {
    let formats = formats();
    // It is never committed, so its folder is removed at the end of this function.
    let output = Output::create(&context.scratch.join("write"), false)?;
    let begin = Instant::now();
    let mut table = output.table(&EXCHANGES, &formats, &METADATA)?;
    let work = |n: usize| encode(&row_groups[n], &formats);
    let window = pool.current_num_threads() + 1;
    map_ordered(pool, row_groups.len(), window, context.stop, work, |_, encoded| {
        table.append(encoded?)?;
        Ok::<_, tables::Error>(())
    })?;
    table.finish()?;
    Ok(begin.elapsed())
}

/// The whole job, into a folder that is removed after the clock has stopped.
pub(super) fn report(
    inputs: &[Input],
    context: &StageContext<'_>,
    threads: usize,
) -> Result<Duration, Error> {
    let dir = context.scratch.join("report");
    let options = run::Options { threads, limits: context.limits, ..run::Options::default() };
    let progress = run::Progress::default();
    let begin = Instant::now();
    let folder = Folder::create(&dir, false, formats(), &METADATA)?;
    let done = run::report(inputs, &[], folder, &options, &progress, context.stop);
    let time = begin.elapsed();
    match done {
        Ok(done) if done.summary.exchanges.total == 0 => {
            return Err(Error::NoLog { files: inputs.len() as u64 });
        }
        Ok(_) => {}
        Err(run::Error::Interrupted) => return Err(Error::Interrupted),
        Err(error) => return Err(error.into()),
    }
    std::fs::remove_dir_all(&dir).map_err(|source| Error::Io { path: dir, source })?;
    Ok(time)
}

/// The zip of each file that has an anatomy; empty for the others.
pub(super) fn zips(
    inputs: &[Input],
    anatomies: &[Option<Anatomy>],
    context: &StageContext<'_>,
    pool: &ThreadPool,
) -> Vec<Vec<u8>> {
    let zip = |steps: &mut DecoderSteps, n: usize| match &anatomies[n] {
        Some(anatomy) => steps.base64(bytes(&inputs[n]), anatomy).to_vec(),
        None => Vec::new(),
    };
    collected(pool, inputs.len(), || DecoderSteps::new(context.limits), zip)
}

/// The JSON texts in the files, without listing pages, which hold no exchange.
pub(super) fn texts(
    inputs: &[Input],
    context: &StageContext<'_>,
    pool: &ThreadPool,
) -> Vec<String> {
    let texts = |decoder: &mut Decoder, n: usize| {
        let mut texts = Vec::new();
        decoder.decode(bytes(&inputs[n]), &mut |leaf| {
            let page = listing::may_be_listing(leaf.text) && listing::parse(leaf.text).is_some();
            if leaf.form == Form::Json && !page {
                texts.push(leaf.text.to_owned());
            }
        });
        texts
    };
    let texts = collected(pool, inputs.len(), || Decoder::new(context.limits), texts);
    texts.into_iter().flatten().collect()
}

/// An error of an exchange.
#[derive(Debug)]
pub(super) struct SampleError {
    code: Option<String>,
    field: Option<String>,
    message: String,
    status: Option<u16>,
    cut: bool,
}

impl SampleError {
    fn as_ref(&self) -> ErrorRef<'_> {
        ErrorRef {
            code: self.code.as_deref(),
            field: self.field.as_deref(),
            message: &self.message,
            status: self.status,
            cut: self.cut,
        }
    }
}

/// The errors of all exchanges.
pub(super) fn errors(
    texts: &[String],
    context: &StageContext<'_>,
    pool: &ThreadPool,
) -> Vec<SampleError> {
    let errors = |extractor: &mut Extractor, n: usize| {
        let mut errors = Vec::new();
        extractor.extract(&texts[n], true, &mut |exchange| {
            errors.extend(exchange.errors.iter().map(|error| SampleError {
                code: error.code.map(str::to_owned),
                field: error.field.map(str::to_owned),
                message: error.message.to_owned(),
                status: exchange.status,
                cut: error.cut,
            }));
        });
        errors
    };
    let extractor = context.extractor();
    let errors = collected(pool, texts.len(), || extractor.fork(), errors);
    errors.into_iter().flatten().collect()
}

/// The row groups of `exchanges`, cut as in a report.
pub(super) fn row_groups(
    inputs: &[Input],
    context: &StageContext<'_>,
    pool: &ThreadPool,
) -> Result<Vec<Columns>, Error> {
    let budget = context.budget(pool);
    let setting = context.setting(&budget);
    let extractor = context.extractor();
    let jobs = run::plan(inputs, &MemoryEncoder, run::Options::default().job_bytes);
    let rows = |worker: &mut Worker, n: usize| {
        job_rows(worker, inputs, jobs[n].clone(), &setting, &MemoryEncoder)
    };
    let mut row_groups = Vec::new();
    for rows in collected(pool, jobs.len(), || context.worker(&extractor), rows) {
        if let Some(error) = rows.failed {
            return Err(error.into());
        }
        row_groups.extend(rows.exchanges);
    }
    Ok(row_groups)
}

/// The rows of one job.
fn job_rows<E: Encoder>(
    worker: &mut Worker,
    inputs: &[Input],
    files: Range<usize>,
    setting: &Setting<'_>,
    encoder: &E,
) -> JobRows<E::Part> {
    let mut rows = JobRows::default();
    for n in files {
        black_box(worker.file(&inputs[n], n as u32, setting, encoder, &mut rows));
    }
    worker.end_job(encoder, &mut rows);
    rows
}

/// The bytes of an input that is in memory; empty for a file on disk.
pub(super) fn bytes(input: &Input) -> &[u8] {
    match input {
        Input::Memory { bytes, .. } => bytes,
        Input::File(_) => &[],
    }
}
