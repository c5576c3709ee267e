//! The stages, each as one run over the whole sample; and what they work on, made ready by those before.
//!
//! What is timed is what a report runs: nothing is rewritten here. A state (decoder, extractor, tables) is
//! new in each run, as in a report; one that has seen the sample before would know its bodies already.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use archive::steps::{Anatomy, Steps};
use archive::{Budget, Decoder, Digest, Form, Limits, map_ordered};
use grouping::{ErrorRef, Skeletons, classify};
use model::extract::{Extractor, Memo};
use model::json::Cursor;
use model::listing;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::Error;
use super::turns::timed;
use pipeline::input::Input;
use pipeline::run;
use pipeline::stages::{Bodies, Rows, Setting, Worker};
use pipeline::survey::Survey;
use tables::{self, Batch, EXCHANGES, Format, Formats, Output, encode};

/// Error texts that a worker takes at a time.
const ERRORS: usize = 256;

/// What does not change from run to run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job<'j> {
    pub(super) limits: Limits,
    /// What the listing pages of the sample say.
    pub(super) survey: &'j Survey,
    /// Where reports go.
    pub(super) scratch: &'j Path,
    pub(super) stop: &'j AtomicBool,
}

impl Job<'_> {
    fn budget(&self, pool: &ThreadPool) -> Budget {
        Budget::new(self.limits.in_flight_bytes, pool.current_num_threads())
    }

    fn worker(&self, memo: &Arc<Memo>) -> Worker {
        Worker::new(&self.limits, Arc::clone(memo))
    }

    fn extractor(&self, memo: &Arc<Memo>) -> Extractor {
        Extractor::sharing(Arc::clone(memo), self.limits.json_depth as usize)
    }

    fn setting<'s>(&'s self, budget: &'s Budget) -> Setting<'s> {
        Setting {
            limits: self.limits,
            budget,
            bodies: Bodies::All,
            survey: self.survey,
            stop: self.stop,
        }
    }
}

/// The formats that `write` and `report` write.
pub(super) fn formats() -> Formats {
    Formats::new([Format::Parquet])
}

pub(super) fn read(inputs: &[Input], job: &Job<'_>, pool: &ThreadPool) -> Duration {
    let budget = job.budget(pool);
    let work = |buffer: &mut Vec<u8>, n: usize| {
        let share = budget.share(n as u64);
        // What cannot be read any more costs nothing, here and below.
        let _read = black_box(inputs[n].read(&job.limits, &share, buffer)).is_ok();
    };
    timed(pool, inputs.len(), job.stop, Vec::new, work).0
}

pub(super) fn digest(inputs: &[Input], job: &Job<'_>, pool: &ThreadPool) -> Duration {
    let work = |(): &mut (), n: usize| {
        black_box(Digest::of(bytes(&inputs[n])));
    };
    timed(pool, inputs.len(), job.stop, || (), work).0
}

pub(super) fn base64(
    inputs: &[Input],
    anatomies: &[Option<Anatomy>],
    job: &Job<'_>,
    pool: &ThreadPool,
) -> Duration {
    let work = |steps: &mut Steps, n: usize| {
        if let Some(anatomy) = anatomies[n].as_ref().filter(|anatomy| anatomy.text.is_some()) {
            black_box(steps.base64(bytes(&inputs[n]), anatomy));
        }
    };
    timed(pool, inputs.len(), job.stop, || Steps::new(job.limits), work).0
}

pub(super) fn inflate(
    zips: &[Vec<u8>],
    anatomies: &[Option<Anatomy>],
    job: &Job<'_>,
    pool: &ThreadPool,
) -> Duration {
    let work = |steps: &mut Steps, n: usize| {
        if let Some(anatomy) = &anatomies[n] {
            black_box(steps.inflate(&zips[n], anatomy));
        }
    };
    timed(pool, zips.len(), job.stop, || Steps::new(job.limits), work).0
}

pub(super) fn limit(
    inputs: &[Input],
    anatomies: &[Option<Anatomy>],
    job: &Job<'_>,
    pool: &ThreadPool,
) -> Duration {
    let work = |steps: &mut Steps, n: usize| {
        if let Some(anatomy) = &anatomies[n] {
            black_box(steps.limit(bytes(&inputs[n]), anatomy));
        }
    };
    timed(pool, inputs.len(), job.stop, || Steps::new(job.limits), work).0
}

pub(super) fn decode(inputs: &[Input], job: &Job<'_>, pool: &ThreadPool) -> Duration {
    let budget = job.budget(pool);
    let new = || (Decoder::new(job.limits), Vec::new());
    let work = |(decoder, buffer): &mut (Decoder, Vec<u8>), n: usize| {
        let share = budget.share(n as u64);
        if let Ok(bytes) = inputs[n].read(&job.limits, &share, buffer) {
            decoder.decode_within(&share, bytes, &mut |leaf| {
                black_box(leaf.text);
            });
        }
    };
    timed(pool, inputs.len(), job.stop, new, work).0
}

pub(super) fn json(texts: &[String], job: &Job<'_>, pool: &ThreadPool) -> Duration {
    let levels = job.limits.json_depth as usize;
    let work = |(): &mut (), n: usize| {
        let mut cursor = Cursor::within(&texts[n], 0, levels);
        while !cursor.at_end() && black_box(cursor.value()).is_ok() {}
    };
    timed(pool, texts.len(), job.stop, || (), work).0
}

pub(super) fn extract(texts: &[String], job: &Job<'_>, pool: &ThreadPool) -> Duration {
    let work = |extractor: &mut Extractor, n: usize| {
        extractor.extract(&texts[n], true, &mut |exchange| {
            black_box(exchange);
        });
    };
    let memo = run::memo();
    timed(pool, texts.len(), job.stop, || job.extractor(&memo), work).0
}

pub(super) fn group(errors: &[Said], job: &Job<'_>, pool: &ThreadPool) -> Duration {
    let chunks: Vec<&[Said]> = errors.chunks(ERRORS).collect();
    let work = |skeletons: &mut Skeletons, n: usize| {
        for error in chunks[n] {
            let error = error.as_ref();
            skeletons.add(error);
            black_box(classify(&error));
        }
    };
    let (adding, tables) = timed(pool, chunks.len(), job.stop, Skeletons::default, work);
    let begin = Instant::now();
    let mut all = Skeletons::default();
    for table in tables {
        all.merge(table);
    }
    black_box(all.finish());
    adding + begin.elapsed()
}

pub(super) fn rows(inputs: &[Input], job: &Job<'_>, pool: &ThreadPool) -> Duration {
    let budget = job.budget(pool);
    let setting = job.setting(&budget);
    let jobs = run::plan(inputs, run::JOB_BYTES);
    let work = |worker: &mut Worker, n: usize| {
        let mut rows = Rows::default();
        for n in jobs[n].clone() {
            black_box(worker.file(&inputs[n], n as u32, &setting, &mut rows));
        }
        black_box(rows);
    };
    let memo = run::memo();
    timed(pool, jobs.len(), job.stop, || job.worker(&memo), work).0
}

pub(super) fn write(
    batches: &[Batch],
    job: &Job<'_>,
    pool: &ThreadPool,
) -> Result<Duration, Error> {
    let formats = formats();
    // Goes away with the folder of the output, which is never committed.
    let output = Output::create(&job.scratch.join("write"), false)?;
    let begin = Instant::now();
    let mut table = output.table(&EXCHANGES, &formats)?;
    let work = |n: usize| encode(&batches[n], &formats);
    let window = pool.current_num_threads() + 1;
    map_ordered(pool, batches.len(), window, job.stop, work, |_, encoded| {
        table.append(encoded?)?;
        Ok::<_, tables::Error>(())
    })?;
    table.finish()?;
    Ok(begin.elapsed())
}

/// The whole job, into a folder that is removed again after the clock has stopped.
pub(super) fn report(inputs: &[Input], job: &Job<'_>, threads: usize) -> Result<Duration, Error> {
    let dir = job.scratch.join("report");
    let options =
        run::Options { threads, limits: job.limits, formats: formats(), ..run::Options::default() };
    let progress = run::Progress::default();
    let begin = Instant::now();
    let done = run::report(inputs, &[], &dir, &options, &progress, job.stop);
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

/// The zip of each file that has one of the usual form.
pub(super) fn zips(
    inputs: &[Input],
    anatomies: &[Option<Anatomy>],
    job: &Job<'_>,
    pool: &ThreadPool,
) -> Vec<Vec<u8>> {
    pool.install(|| {
        let files = inputs.par_iter().zip(anatomies);
        let zip = |steps: &mut Steps, (input, anatomy): (&Input, &Option<Anatomy>)| match anatomy {
            Some(anatomy) => steps.base64(bytes(input), anatomy).to_vec(),
            None => Vec::new(),
        };
        files.map_init(|| Steps::new(job.limits), zip).collect()
    })
}

/// The JSON texts in the files, but for listing pages, from which nothing is extracted.
pub(super) fn texts(inputs: &[Input], job: &Job<'_>, pool: &ThreadPool) -> Vec<String> {
    let texts = |decoder: &mut Decoder, input: &Input| {
        let mut texts = Vec::new();
        decoder.decode(bytes(input), &mut |leaf| {
            let page = listing::may_be_listing(leaf.text) && listing::parse(leaf.text).is_some();
            if leaf.form == Form::Json && !page {
                texts.push(leaf.text.to_owned());
            }
        });
        texts
    };
    pool.install(|| {
        inputs.par_iter().map_init(|| Decoder::new(job.limits), texts).flatten_iter().collect()
    })
}

/// An error as an exchange tells it.
#[derive(Debug)]
pub(super) struct Said {
    code: Option<String>,
    field: Option<String>,
    message: String,
    status: Option<u16>,
    cut: bool,
}

impl Said {
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
pub(super) fn errors(texts: &[String], job: &Job<'_>, pool: &ThreadPool) -> Vec<Said> {
    let errors = |extractor: &mut Extractor, text: &String| {
        let mut errors = Vec::new();
        extractor.extract(text, true, &mut |exchange| {
            errors.extend(exchange.errors.iter().map(|error| Said {
                code: error.code.map(str::to_owned),
                field: error.field.map(str::to_owned),
                message: error.message.to_owned(),
                status: exchange.status,
                cut: error.cut,
            }));
        });
        errors
    };
    let memo = run::memo();
    pool.install(|| {
        texts.par_iter().map_init(|| job.extractor(&memo), errors).flatten_iter().collect()
    })
}

/// The row groups of `exchanges`, as the jobs of a report make them.
pub(super) fn batches(inputs: &[Input], job: &Job<'_>, pool: &ThreadPool) -> Vec<Batch> {
    let budget = job.budget(pool);
    let setting = job.setting(&budget);
    let batches = |worker: &mut Worker, files: std::ops::Range<usize>| {
        let mut rows = Rows::default();
        for n in files {
            worker.file(&inputs[n], n as u32, &setting, &mut rows);
        }
        rows.exchanges
    };
    let memo = run::memo();
    pool.install(|| {
        let jobs = run::plan(inputs, run::JOB_BYTES).into_par_iter();
        jobs.map_init(|| job.worker(&memo), batches).flatten_iter().collect()
    })
}

/// The bytes of an input that is in memory; none of one that is not.
pub(super) fn bytes(input: &Input) -> &[u8] {
    match input {
        Input::Memory { bytes, .. } => bytes,
        Input::File(_) => &[],
    }
}
