//! `analyze bench`: how fast this machine decodes logs.

mod json;
mod plot;
mod text;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use archive::Limits;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use measure::{
    GeneratedLogs, MeasureOptions, MeasureProgress, Measured, MeasuredStage, ScratchFolder,
};
use pipeline::input::{FoundInputs, Input};

use super::Exit;
use super::figures::{bytes, counted};
use super::inputs::InputArgs;
use super::interrupt::Watch;
use super::limits::{LimitArgs, size};
use super::progress::Steps;
use super::terminal::{say, write_json_pretty};

/// How fast is this machine? Measures how it decodes logs, stage by stage and as a whole
///
/// Every stage of `analyze report` is run over the same files, several times in turns, with each number of threads, and
/// timed alone: its input is prepared before and is in memory. All rates are those of the whole sample, so they can be
/// compared. Nothing is kept: reports go to a new folder that is removed at the end.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("inputs", |inputs| inputs.required_unless_present_any(["files_from", "generate"]))
)]
pub(crate) struct BenchCommand {
    #[command(flatten)]
    inputs: InputArgs,
    /// Makes logs instead: files with so many bytes of JSON together, realistic, the same on every machine. No two
    /// bodies in them are equal. Takes a fifth of SIZE on the disk, and up to four times SIZE in memory
    #[arg(long, value_name = "SIZE", value_parser = size, conflicts_with_all = ["inputs", "files_from", "sample"])]
    generate: Option<u64>,
    /// Makes logs in which every run (13 MB of JSON) repeats the bodies of the first. They are faster to report than
    /// logs without repeats, so do not compare the figures of the two
    #[arg(long, requires = "generate", conflicts_with_all = ["inputs", "files_from"])]
    repeats: bool,
    /// Seed of the logs that are made: equal seeds make equal logs [default: 1]
    #[arg(long, value_name = "N", requires = "generate", conflicts_with_all = ["inputs", "files_from"])]
    seed: Option<u64>,
    /// Bytes of files that are measured, at most; of larger inputs, files evenly from the first to the last. They and
    /// the texts in them are kept in memory, up to sixteen times this size
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "32MiB")]
    sample: u64,

    /// Numbers of worker threads [default: 1, 2, 4 and so on, up to one for each core]
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = clap::value_parser!(u16).range(1..=1024),
        help_heading = "What is measured"
    )]
    threads: Vec<u16>,
    /// Runs of each stage that count, after one run as a warm-up
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(1..=1000),
        help_heading = "What is measured"
    )]
    runs: u32,
    /// Stages, by name (see below) [default: all]
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(names()),
        hide_possible_values = true,
        help_heading = "What is measured"
    )]
    stages: Vec<String>,

    /// table, json (with the time of every run), or markdown
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "table",
        hide_possible_values = true,
        help_heading = "Output"
    )]
    format: BenchFormat,
    /// Draws the throughput of each stage over the threads into this file, as SVG. An existing file is replaced
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    plot: Option<PathBuf>,
    /// Folder for temporary files [default: that of the system]. The speed of its disk is part of the figures of
    /// `write` and `report`, and of all stages that read generated files
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    dir: Option<PathBuf>,
    /// Prints only errors on stderr
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,

    #[command(flatten)]
    limits: LimitArgs,
}

const EXAMPLES: &str = "\
Examples:
  analyze bench dump
  analyze bench --generate 256MB --threads 1,2,4,8 --plot threads.svg
  analyze bench dump --stages limit,decode --threads 1 --runs 20
  analyze bench --generate 256MB --repeats --stages report
  analyze bench --generate 64MB --format json > this-machine.json

Stages:
  read     files into a buffer, from disk (cached after the warm-up)
  digest   BLAKE3 of the files, by which copies are found
  base64   base64 texts to bytes
  inflate  compressed members to text
  limit    only the engines of these two, one thread: what `decode` can reach
  decode   files to texts, all checked; from memory and from disk
  json     the grammar of JSON over the texts
  extract  texts to exchanges
  group    error texts to groups
  rows     files to rows of tables: all but encoding `exchanges`
  write    rows of `exchanges` to Parquet
  report   the whole of `analyze report`; from memory and from disk

Copies of files are left out. A stage that takes less than 50 ms makes several passes over the sample in each run. MB \
are millions of bytes; `text` is what the files decode to. TIMES is how many times as fast the stage is as with one \
thread. PEAK is the most memory that the process used in a report from disk, while nothing else was in memory (Linux \
only).
Exit codes: 0 done, 1 no log found, 2 not done, 130 interrupted.";

/// How the figures are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BenchFormat {
    /// Aligned columns
    Table,
    /// JSON
    Json,
    /// Markdown
    Markdown,
}

/// The names of all stages, each once.
fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = MeasuredStage::ALL.iter().map(|stage| stage.name()).collect();
    names.dedup();
    names
}

impl BenchCommand {
    /// Measures, and shows the figures on stdout.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let watch = Watch::begin()?;
        let limits = self.limits.limits();
        let options = self.options(limits);
        // A path that cannot be written to is an error before the long work, not after it.
        let mut plot = self.plot.as_deref().map(create).transpose()?;
        let given = if self.generate.is_some() { Vec::new() } else { self.given(&limits)? };
        let parent = self.dir.clone().unwrap_or_else(std::env::temp_dir);
        let scratch = ScratchFolder::create(&parent)
            .context("no folder for temporary files\nname another with --dir")?;
        watch.working_in(scratch.path().to_owned());
        let measured = self.measure(&given, &scratch, &options, &watch);
        drop(scratch);
        let measured = match measured {
            Ok(measured) => measured,
            Err(measure::Error::Interrupted) => {
                say("interrupted; nothing is left behind");
                return Ok(Exit::Interrupted);
            }
            Err(error @ measure::Error::NoLog { .. }) => {
                say(&format!("error: {error}\n`analyze ls` shows what each file is"));
                return Ok(Exit::Nothing);
            }
            Err(error) => return Err(error.into()),
        };
        watch.after(Exit::Done);
        if let (Some(file), Some(path)) = (&mut plot, &self.plot) {
            let written =
                file.set_len(0).and_then(|()| file.write_all(plot::svg(&measured).as_bytes()));
            written.with_context(|| path.display().to_string())?;
        }
        if !self.quiet {
            notes(&measured);
        }
        let mut out = io::stdout().lock();
        match self.format {
            BenchFormat::Table => text::table(&measured, &mut out)?,
            BenchFormat::Json => {
                write_json_pretty(&mut out, &json::view(&measured))?;
            }
            BenchFormat::Markdown => text::markdown(&measured, &mut out)?,
        }
        out.flush()?;
        Ok(Exit::Done)
    }

    fn options(&self, limits: Limits) -> MeasureOptions {
        let mut threads: Vec<usize> = self.threads.iter().map(|&n| usize::from(n)).collect();
        if threads.is_empty() {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            threads
                .extend(std::iter::successors(Some(1), |n| Some(2 * n)).take_while(|&n| n < cores));
            threads.push(cores);
        }
        threads.sort_unstable();
        threads.dedup();
        let chosen = |stage: &MeasuredStage| {
            self.stages.is_empty() || self.stages.iter().any(|name| name == stage.name())
        };
        MeasureOptions {
            threads,
            runs: self.runs,
            stages: MeasuredStage::ALL.into_iter().filter(chosen).collect(),
            // Generated logs have the wanted size already.
            sample_bytes: if self.generate.is_some() { u64::MAX } else { self.sample },
            limits,
        }
    }

    /// The files that are named.
    fn given(&self, limits: &Limits) -> anyhow::Result<Vec<Input>> {
        let FoundInputs { inputs, unread } = self.inputs.find(limits, 0)?;
        for place in &unread {
            say(&format!("{}: {}", place.name, place.problem));
        }
        if let Some(input) = inputs.iter().find(|input| matches!(input, Input::Memory { .. })) {
            bail!(
                "{}: standard input can be read only once, and files are read several times\nwrite it to a file first, and name that",
                input.name()
            );
        }
        Ok(inputs)
    }

    fn measure(
        &self,
        given: &[Input],
        scratch: &ScratchFolder,
        options: &MeasureOptions,
        watch: &Watch,
    ) -> Result<Measured, measure::Error> {
        let steps = Steps::begin(self.quiet);
        let logs = GeneratedLogs { seed: self.seed.unwrap_or(1), repeats: self.repeats };
        let made;
        let inputs = if let Some(size) = self.generate {
            steps.show("making logs", 0, 0);
            made = measure::generate(size, logs, 0, scratch, watch.stop())?;
            &made
        } else {
            given
        };
        let generated = self.generate.map(|_| logs);
        let mut show = |progress: MeasureProgress| {
            let what = match progress.stage {
                Some((stage, threads)) => format!(
                    "{} from {}, {}",
                    stage.name(),
                    stage.source(),
                    counted(threads as u64, "thread", "threads")
                ),
                None => "preparing".to_owned(),
            };
            steps.show(&what, progress.done, progress.total);
        };
        measure::measure(inputs, generated, scratch, options, &mut show, watch.stop())
    }
}

/// Opens the file of the plot.
fn create(path: &Path) -> anyhow::Result<File> {
    if path.is_dir() {
        bail!("{}: a folder\nname the file for --plot, such as threads.svg", path.display());
    }
    // Without emptying it: when the run fails, the plot of an earlier run is kept.
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path);
    file.with_context(|| format!("{}: the plot cannot be written", path.display()))
}

/// Prints on stderr what a reader of the figures has to know.
fn notes(measured: &Measured) {
    let sample = &measured.sample;
    if measured.build.unoptimised {
        say(
            "warning: this program was built without optimisation, its figures are meaningless; build it with --release",
        );
    }
    if let Some(load) = measured.machine.load.filter(|&load| load > 0.5) {
        say(&format!(
            "note: other programs were running (load {load:.1}): figures may be low; see how far MIN and MAX are apart"
        ));
    }
    if sample.files + sample.copies + sample.unreadable < sample.of_files {
        say(&format!(
            "note: a sample of {} of {}, {} of {}; --sample sets how much",
            counted(sample.files, "file", "files"),
            super::figures::count(sample.of_files),
            bytes(sample.encoded_bytes),
            bytes(sample.of_bytes)
        ));
    }
    if sample.copies > 0 {
        say(&format!(
            "note: {} left out",
            counted(sample.copies, "copy of a file", "copies of files")
        ));
    }
    if sample.unreadable > 0 {
        say(&format!("note: {} could not be read", counted(sample.unreadable, "file", "files")));
    }
}
