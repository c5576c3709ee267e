//! How fast each stage is on this machine: the functions that make a report, timed on real files.
//!
//! [`measure`] takes files, chooses a [`Sample`] of them, and runs every [`Stage`] over the whole sample
//! with each number of threads, several times in turns. A stage is timed alone: what it works on was
//! made before by the stages in front of it and lies in memory.
//!
//! ```text
//!   inputs ──► sample ─┬─ on disk       read, decode, report
//!                      ├─ encoded       digest, base64, limit, decode, rows, report
//!                      ├─ zips          inflate
//!                      ├─ texts         json, extract
//!                      ├─ error texts   group
//!                      └─ row groups    write
//! ```
//!
//! So all rates compare: each says how fast *the sample* would go through if that stage were all there
//! is. The [`limit`](Stage::Limit) is what its base64 and DEFLATE cost at the least; how much of it
//! decoding reaches is in [`Measured::limit_share`].
//!
//! Memory: the encoded sample, and what the stage at hand works on, which is about as large as the
//! text in it. The peak of a whole report is taken before, while nothing else is held.

mod generate;
mod machine;
mod measured;
mod sample;
mod scratch;
mod stages;
mod turns;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use archive::Limits;
use archive::steps::Anatomy;

pub use generate::generate;
pub use machine::{Build, Machine};
pub use measured::{Measured, Measurement, Rates, Spread};
pub use sample::Sample;
pub use scratch::Scratch;

use pipeline::input::Input;
use pipeline::run;
use tables;
use turns::Turns;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Files into a buffer, one after the other.
    Read,
    /// BLAKE3 of the files, which tells copies.
    Digest,
    /// Base64 texts to bytes, as the decoder does it.
    Base64,
    /// Packed members to text, as the decoder does it.
    Inflate,
    /// The engines of the two before, bare, into buffers that are large enough; with one thread.
    Limit,
    /// File bytes to texts whose checksums and encoding are checked: the whole decoder.
    Decode,
    /// The same, of files that are read from disk.
    DecodeFromDisk,
    /// The grammar of JSON over the texts; nothing is kept.
    Json,
    /// Texts to exchanges: roles, bodies with their digests and shapes, errors.
    Extract,
    /// Error texts to groups: skeletons, classes, and mining at the end.
    Group,
    /// File bytes to rows: decode, extract, group, link, count, fill. All that a worker does but encoding.
    Rows,
    /// Rows of `exchanges` to a Parquet file: encoded by workers, appended in order.
    Write,
    /// The whole job, of files in memory.
    Report,
    /// The whole job, from opening the files to the report in its place.
    ReportFromDisk,
}

impl Stage {
    /// All of them, in the order of the work.
    pub const ALL: [Self; 14] = [
        Self::Read,
        Self::Digest,
        Self::Base64,
        Self::Inflate,
        Self::Limit,
        Self::Decode,
        Self::DecodeFromDisk,
        Self::Json,
        Self::Extract,
        Self::Group,
        Self::Rows,
        Self::Write,
        Self::Report,
        Self::ReportFromDisk,
    ];

    /// Its word. Two stages share one where they differ in [`Stage::source`] alone.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Digest => "digest",
            Self::Base64 => "base64",
            Self::Inflate => "inflate",
            Self::Limit => "limit",
            Self::Decode | Self::DecodeFromDisk => "decode",
            Self::Json => "json",
            Self::Extract => "extract",
            Self::Group => "group",
            Self::Rows => "rows",
            Self::Write => "write",
            Self::Report | Self::ReportFromDisk => "report",
        }
    }

    /// Where its input is: `memory` or `disk`.
    pub fn source(self) -> &'static str {
        match self {
            Self::Read | Self::DecodeFromDisk | Self::ReportFromDisk => "disk",
            _ => "memory",
        }
    }
}

/// How to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// Numbers of worker threads, ascending, each once, none of them 0.
    pub threads: Vec<usize>,
    /// Runs of each stage that count; one more goes before them as a warm-up.
    pub runs: u32,
    /// What is measured.
    pub stages: Vec<Stage>,
    /// Bytes of files in the sample, at most, or little more.
    pub sample_bytes: u64,
    /// Bounds on what one input may make the decoder do.
    pub limits: Limits,
}

/// How far it is, for whoever shows it.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The stage that runs next; None while the sample is made ready.
    pub stage: Option<(Stage, usize)>,
    /// Runs that are done, of all stages and numbers of threads.
    pub done: u64,
    /// Runs in all.
    pub total: u64,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no exchange in the sample.
    #[error("no log was found in the {files} files of the sample")]
    NoLog {
        /// Files in it.
        files: u64,
    },
    /// The whole job could not be done.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// Rows could not be written.
    #[error(transparent)]
    Report(#[from] tables::Error),
    /// A scratch file could not be written.
    #[error("{}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// Measures the stages on `inputs`, which are in name order.
///
/// `scratch` is where reports are written meanwhile; nothing is left in it. `step` is called before each
/// run, on the calling thread. `generated`, when the inputs are made by [`generate()`], is the seed.
///
/// # Errors
/// When there is no log in the inputs, the scratch folder cannot be written to, or `stop` was set.
pub fn measure(
    inputs: &[Input],
    generated: Option<u64>,
    scratch: &Scratch,
    options: &Options,
    step: &mut dyn FnMut(Step),
    stop: &AtomicBool,
) -> Result<Measured, Error> {
    let machine = Machine::this();
    let mut turns = Turns::new(options, step, stop)?;
    turns.preparing();
    let chosen = sample::choose(inputs, options, turns.widest(), stop)?;
    let job = stages::Job {
        limits: options.limits,
        survey: &chosen.survey,
        scratch: scratch.path(),
        stop,
    };

    // Nothing is held yet but names, so the peak of memory is that of the report alone.
    turns.report_from_disk(&chosen.inputs, &job)?;
    let disk = &chosen.inputs;
    turns.run(&[
        (Stage::Read, &|pool| Ok(stages::read(disk, &job, pool))),
        (Stage::DecodeFromDisk, &|pool| Ok(stages::decode(disk, &job, pool))),
    ])?;

    turns.preparing();
    let (inputs, facts) = sample::load(&chosen, &job, turns.widest())?;
    let sample = Sample { generated, ..chosen.sample(&inputs, &facts) };
    if sample.exchanges == 0 {
        return Err(Error::NoLog { files: sample.files });
    }
    let anatomies: Vec<_> = facts.into_iter().map(|facts| facts.anatomy).collect();
    let anatomies = &anatomies[..];
    let any = |of: fn(&Anatomy) -> bool| anatomies.iter().flatten().any(of);
    match (any(|anatomy| anatomy.text.is_some()), any(|anatomy| !anatomy.streams.is_empty())) {
        (true, true) => {}
        (true, false) => turns.leave_out(&[Stage::Inflate]),
        (false, true) => turns.leave_out(&[Stage::Base64]),
        (false, false) => turns.leave_out(&[Stage::Base64, Stage::Inflate, Stage::Limit]),
    }
    let inputs = &inputs[..];
    turns.run(&[
        (Stage::Digest, &|pool| Ok(stages::digest(inputs, &job, pool))),
        (Stage::Base64, &|pool| Ok(stages::base64(inputs, anatomies, &job, pool))),
        // Beside `decode`, which is held against it.
        (Stage::Limit, &|pool| Ok(stages::limit(inputs, anatomies, &job, pool))),
        (Stage::Decode, &|pool| Ok(stages::decode(inputs, &job, pool))),
        (Stage::Rows, &|pool| Ok(stages::rows(inputs, &job, pool))),
        (Stage::Report, &|pool| stages::report(inputs, &job, pool.current_num_threads())),
    ])?;

    if turns.wants(&[Stage::Inflate]) {
        turns.preparing();
        let zips = stages::zips(inputs, anatomies, &job, turns.widest());
        turns
            .run(&[(Stage::Inflate, &|pool| Ok(stages::inflate(&zips, anatomies, &job, pool)))])?;
    }
    if turns.wants(&[Stage::Json, Stage::Extract, Stage::Group]) {
        turns.preparing();
        let texts = stages::texts(inputs, &job, turns.widest());
        turns.run(&[
            (Stage::Json, &|pool| Ok(stages::json(&texts, &job, pool))),
            (Stage::Extract, &|pool| Ok(stages::extract(&texts, &job, pool))),
        ])?;
        let errors = stages::errors(&texts, &job, turns.widest());
        drop(texts);
        if errors.is_empty() {
            turns.leave_out(&[Stage::Group]);
        }
        turns.run(&[(Stage::Group, &|pool| Ok(stages::group(&errors, &job, pool)))])?;
    }
    if turns.wants(&[Stage::Write]) {
        turns.preparing();
        let batches = stages::batches(inputs, &job, turns.widest());
        turns.run(&[(Stage::Write, &|pool| stages::write(&batches, &job, pool))])?;
    }
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    Ok(Measured {
        machine,
        build: Build::this(),
        sample,
        runs: options.runs,
        measurements: turns.finish(),
    })
}
