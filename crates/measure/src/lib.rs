//! How fast each stage is on this machine: the functions that make a report, timed on real files.
//!
//! [`measure`] takes files, chooses a [`FileSample`] of them, and runs every [`MeasuredStage`] over the whole sample
//! with each number of threads, several times in turns. A stage is timed alone: what it works on was made before by
//! the stages in front of it and is in memory.
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
//! So all rates can be compared: each says how fast *the sample* would be processed if that stage were all there is.
//! The [`limit`](MeasuredStage::Limit) is the least time that its base64 and DEFLATE can take; how much of it decoding
//! reaches is in [`Measured::limit_share`].
//!
//! Memory: the encoded sample, and what the current stage works on, which is about as large as the text in the sample.
//! The peak of a whole report is measured before, while nothing else is in memory.

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
use pipeline::input::Input;
use pipeline::run;

pub use generate::{GeneratedLogs, generate};
pub use machine::{Build, Machine};
pub use measured::{Measured, Measurement, Rates, Spread};
pub use sample::FileSample;
pub use scratch::ScratchFolder;

use turns::Turns;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MeasuredStage {
    /// Files into a buffer, one after the other.
    Read,
    /// BLAKE3 of the files, by which copies are found.
    Digest,
    /// Base64 texts to bytes, as the decoder does it.
    Base64,
    /// Compressed members to text, as the decoder does it.
    Inflate,
    /// Only the engines of the two stages before, into buffers that are large enough; with one thread.
    Limit,
    /// Files to texts with checked checksums and encoding: the whole decoder.
    Decode,
    /// The same, with files that are read from disk.
    DecodeFromDisk,
    /// The grammar of JSON over the texts; nothing is kept.
    Json,
    /// Texts to exchanges: roles, bodies with their digests and shapes, errors.
    Extract,
    /// Error texts to groups: masked messages, classes, and mining at the end.
    Group,
    /// Files to rows: decode, extract, group, link, count, fill the columns. All that a worker does, except encoding
    /// `exchanges`.
    Rows,
    /// Rows of `exchanges` to a Parquet file: encoded by workers, appended in order.
    Write,
    /// The whole job, with files in memory.
    Report,
    /// The whole job, from opening the files to the complete report.
    ReportFromDisk,
}

impl MeasuredStage {
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

    /// Its name. Two stages have the same name where they differ only in [`source`](Self::source).
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
pub struct MeasureOptions {
    /// Numbers of worker threads, ascending, each once, none of them 0.
    pub threads: Vec<usize>,
    /// Runs of each stage that count; one more goes before them as a warm-up.
    pub runs: u32,
    /// What is measured.
    pub stages: Vec<MeasuredStage>,
    /// The size of the sample in bytes of files, at most or little more.
    pub sample_bytes: u64,
    /// Bounds on what one input may make the decoder do.
    pub limits: Limits,
}

/// How far the measuring is.
#[derive(Debug, Clone, Copy)]
pub struct MeasureProgress {
    /// The stage that runs next, and its number of threads; None while the input of stages is prepared.
    pub stage: Option<(MeasuredStage, usize)>,
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
/// `scratch` is where reports are written meanwhile; nothing is left in it. `progress` is called before each run, on
/// the calling thread. `generated`: which logs the inputs are, when [`generate()`] made them.
///
/// # Errors
/// When there is no log in the inputs, the scratch folder cannot be written to, or `stop` was set.
pub fn measure(
    inputs: &[Input],
    generated: Option<GeneratedLogs>,
    scratch: &ScratchFolder,
    options: &MeasureOptions,
    progress: &mut dyn FnMut(MeasureProgress),
    stop: &AtomicBool,
) -> Result<Measured, Error> {
    let machine = Machine::this();
    let mut turns = Turns::new(options, progress, stop)?;
    turns.preparing();
    let chosen = sample::choose(inputs, options, turns.widest(), stop)?;
    let context = stages::StageContext {
        limits: options.limits,
        survey: &chosen.survey,
        scratch: scratch.path(),
        stop,
    };

    // Only names are in memory yet, so the peak of memory is that of the report alone.
    turns.report_from_disk(&chosen.inputs, &context)?;
    let disk = &chosen.inputs;
    turns.run(&[
        (MeasuredStage::Read, &|pool| Ok(stages::read(disk, &context, pool))),
        (MeasuredStage::DecodeFromDisk, &|pool| Ok(stages::decode(disk, &context, pool))),
    ])?;

    turns.preparing();
    let (inputs, contents) = sample::load(&chosen, &context, turns.widest())?;
    let sample = FileSample { generated, ..chosen.sample(&inputs, &contents) };
    if sample.exchanges == 0 {
        return Err(Error::NoLog { files: sample.files });
    }
    let anatomies: Vec<_> = contents.into_iter().map(|contents| contents.anatomy).collect();
    let anatomies = &anatomies[..];
    let any = |of: fn(&Anatomy) -> bool| anatomies.iter().flatten().any(of);
    match (any(|anatomy| anatomy.text.is_some()), any(|anatomy| !anatomy.streams.is_empty())) {
        (true, true) => {}
        (true, false) => turns.leave_out(&[MeasuredStage::Inflate]),
        (false, true) => turns.leave_out(&[MeasuredStage::Base64]),
        (false, false) => {
            turns.leave_out(&[MeasuredStage::Base64, MeasuredStage::Inflate, MeasuredStage::Limit]);
        }
    }
    let inputs = &inputs[..];
    turns.run(&[
        (MeasuredStage::Digest, &|pool| Ok(stages::digest(inputs, &context, pool))),
        (MeasuredStage::Base64, &|pool| Ok(stages::base64(inputs, anatomies, &context, pool))),
        // Beside `decode`, which is compared with it.
        (MeasuredStage::Limit, &|pool| Ok(stages::limit(inputs, anatomies, &context, pool))),
        (MeasuredStage::Decode, &|pool| Ok(stages::decode(inputs, &context, pool))),
        (MeasuredStage::Rows, &|pool| Ok(stages::rows(inputs, &context, pool))),
        (MeasuredStage::Report, &|pool| {
            stages::report(inputs, &context, pool.current_num_threads())
        }),
    ])?;

    if turns.wants(&[MeasuredStage::Inflate]) {
        turns.preparing();
        let zips = stages::zips(inputs, anatomies, &context, turns.widest());
        turns.run(&[(MeasuredStage::Inflate, &|pool| {
            Ok(stages::inflate(&zips, anatomies, &context, pool))
        })])?;
    }
    if turns.wants(&[MeasuredStage::Json, MeasuredStage::Extract, MeasuredStage::Group]) {
        turns.preparing();
        let texts = stages::texts(inputs, &context, turns.widest());
        turns.run(&[
            (MeasuredStage::Json, &|pool| Ok(stages::json(&texts, &context, pool))),
            (MeasuredStage::Extract, &|pool| Ok(stages::extract(&texts, &context, pool))),
        ])?;
        let errors = stages::errors(&texts, &context, turns.widest());
        drop(texts);
        if errors.is_empty() {
            turns.leave_out(&[MeasuredStage::Group]);
        }
        turns.run(&[(MeasuredStage::Group, &|pool| Ok(stages::group(&errors, &context, pool)))])?;
    }
    if turns.wants(&[MeasuredStage::Write]) {
        turns.preparing();
        let row_groups = stages::row_groups(inputs, &context, turns.widest())?;
        turns.run(&[(MeasuredStage::Write, &|pool| stages::write(&row_groups, &context, pool))])?;
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
