//! `analyze report`: the main job.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::{Args, ValueEnum};
use grouping::RULES_VERSION;
use pipeline::input::{FoundInputs, Input, UnreadPlace};
use pipeline::merge::MergeError;
use pipeline::run::{self, Done, Options, Progress};
use pipeline::summary::Summary;
use pipeline::update::{self, FileChanges, UpdatePlan};
use pipeline::worker::KeepBodies;
use pipeline::{roles, rules};
use redact::Redactor;
use tables::{CsvOptions, Folder, Format, Formats, Metadata, Output, Stored};

use super::Exit;
use super::figures;
use super::html::PageFile;
use super::inputs::InputArgs;
use super::interrupt::Watch;
use super::limits::LimitArgs;
use super::progress;
use super::redaction::{self, RedactArg};
use super::summarize::SummaryDetails;
use super::summary::Shown;
use super::terminal::{self, Color, Style};

/// What failed, why, and what was sent? Reads a dump and writes what it holds as tables, with a summary
///
/// DIR gets one file for each table and format, and `summary.json`. The tables: `error_groups` (what failed,
/// most frequent first), `errors`, `exchanges` (requests and their answers), `keys` (orders and products, and
/// whether they are still open), `endpoints`, `runs`, `logs`, `bodies`, `files` (the outcome of every input
/// file), `problems` (what could not be read) and `redactions` (how much was masked).
///
/// DIR is written whole or not at all: the tables are made in the hidden folder `.DIR.partial` beside it,
/// which is renamed to DIR at the end. A killed run leaves only that folder; the next run removes it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct ReportCommand {
    #[command(flatten)]
    inputs: InputArgs,

    /// Folder for the report. An existing report is replaced only with --force; any other folder with files in it is
    /// refused
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    out: PathBuf,
    /// Formats of the tables: parquet (for programs), csv (for spreadsheets), json (JSON lines),
    /// xlsx (one workbook with the small tables, for people)
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "parquet,csv",
        help_heading = "Output",
        hide_possible_values = true
    )]
    format: Vec<TableFormat>,
    /// Exchanges whose request and response bodies are kept: all, failed or none. Counts always cover all
    #[arg(
        long,
        value_enum,
        value_name = "WHICH",
        default_value = "all",
        help_heading = "Output",
        hide_possible_values = true
    )]
    bodies: BodiesArg,
    /// What is masked in texts of logs: secrets (passwords, tokens, keys), personal (secrets, and what tells of a
    /// person) or none. Groups, keys, ids and times are the same with each (docs/redaction.md)
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        default_value = "secrets",
        help_heading = "Output",
        hide_possible_values = true
    )]
    redact: RedactArg,
    /// Key of pseudonyms, made when FILE is absent: the same person has the same pseudonym in all reports with this
    /// key [default: a new key for each report, which is not kept]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    redact_key: Option<PathBuf>,
    /// Replaces the report in DIR
    #[arg(long, help_heading = "Output")]
    force: bool,
    /// Brings the report in DIR up to date: reads only files that it does not have. Reads all files when one has changed or
    /// is gone, or the report was made in another way, and says so (docs/state.md)
    #[arg(long, help_heading = "Output")]
    update: bool,
    /// Leaves out the folder `state`, without which the report can be neither updated nor merged (docs/state.md)
    #[arg(long, conflicts_with = "update", help_heading = "Output")]
    no_state: bool,
    /// Writes CSV cells that a spreadsheet would run (those that begin with =, +, -, @, also in parts) without a ' before them
    #[arg(long, help_heading = "Output")]
    raw_csv: bool,
    /// Writes the request and response bodies into CSV as well, each cut to 32,000 characters
    #[arg(long, help_heading = "Output")]
    csv_bodies: bool,
    /// Makes the page of the report too: DIR.html, beside the folder (see `analyze html`)
    #[arg(long, help_heading = "Output")]
    html: bool,

    /// Rules of your own for error groups, in TOML: what varies, what to keep apart, names and classes
    /// (docs/groups.md)
    #[arg(long, value_name = "FILE", help_heading = "Error groups")]
    rules: Option<PathBuf>,

    /// Roles of your own for fields of logs, in TOML: names and paths of fields, values that mean failure
    /// (docs/input.md)
    #[arg(long, value_name = "FILE", help_heading = "Fields")]
    roles: Option<PathBuf>,

    /// Worker threads [default: one for each core]. The report is the same for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Work")]
    threads: Option<u16>,
    /// Exits with 3 when more files than this were rejected: a number, or a share of all files
    #[arg(long, value_name = "N|P%", default_value = "10%", help_heading = "Work")]
    max_rejects: MaxRejects,
    #[command(flatten)]
    limits: LimitArgs,

    /// Prints only errors on stderr
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Messages")]
    quiet: bool,
    /// Prints ten rows of each list, with fingerprints, and a sample of each group
    #[arg(short, long, help_heading = "Messages")]
    verbose: bool,
    /// Colours: auto (on a terminal, unless `NO_COLOR` is set), always, never
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Messages",
        hide_possible_values = true
    )]
    color: Color,
}

const EXAMPLES: &str = "\
Examples:
  analyze report dump --out report
  analyze report dump --out report --force --format csv --bodies failed
  analyze report 'dump/2026-0[1-6]/**/*.txt' pages --out half-year
  analyze report dump --out report --update          reads new files alone
  find dump -type f -mtime -1 -print0 | analyze report --files-from - --out new

Exit codes: 0 done, 1 no log found (the report is written and empty), 2 not done, 3 done but more than \
--max-rejects files could not be read, 130 interrupted (nothing is left behind; a second interrupt does not wait \
for the file at hand).";

/// A format of the tables.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum TableFormat {
    /// Apache Parquet
    Parquet,
    /// CSV for spreadsheets
    Csv,
    /// JSON lines
    Json,
    /// One workbook with the small tables
    Xlsx,
}

impl From<TableFormat> for Format {
    fn from(format: TableFormat) -> Self {
        match format {
            TableFormat::Parquet => Self::Parquet,
            TableFormat::Csv => Self::Csv,
            TableFormat::Json => Self::Json,
            TableFormat::Xlsx => Self::Xlsx,
        }
    }
}

/// Exchanges whose bodies are kept.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum BodiesArg {
    /// For all
    All,
    /// For the failed ones
    Failed,
    /// For none
    None,
}

/// How many files may be rejected before the exit code says so.
#[derive(Debug, Clone, Copy, PartialEq)]
enum MaxRejects {
    /// A number of files.
    Files(u64),
    /// Per cent of all files.
    Percent(f64),
}

impl FromStr for MaxRejects {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = match text.strip_suffix('%') {
            Some(percent) => {
                percent.trim().parse().ok().filter(|p| (0.0..=100.0).contains(p)).map(Self::Percent)
            }
            None => text.parse().ok().map(Self::Files),
        };
        read.ok_or_else(|| "neither a number of files nor a share like 10%".to_owned())
    }
}

impl MaxRejects {
    fn passed_by(self, rejected: u64, total: u64) -> bool {
        match self {
            Self::Files(most) => rejected > most,
            Self::Percent(most) => rejected as f64 * 100.0 > most * total as f64,
        }
    }
}

impl ReportCommand {
    /// Writes the report, and the summary to stderr.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let watch = Watch::begin()?;
        let options = self.options()?;
        if self.html && self.formats().iter().all(|format| format != Format::Parquet) {
            anyhow::bail!("--html: the page is made from Parquet\nadd parquet to --format");
        }
        if self.update && !self.formats().contains(Format::Parquet) {
            anyhow::bail!(
                "--update: a report is updated from its Parquet files\nadd parquet to --format"
            );
        }
        let replace = self.force || self.update;
        let page = self.html.then(|| PageFile::beside(&self.out, replace)).transpose()?;
        let FoundInputs { inputs, mut unread } =
            self.inputs.find(&options.limits, options.threads)?;
        self.leave_out_the_report(&mut unread)?;
        watch.working();
        let stop = watch.stop();
        let begin = Instant::now();
        let done = match self.report(&inputs, &unread, &options, stop) {
            Ok(Some(done)) => done,
            Ok(None) => {
                // Of a report that is up to date, so is its page.
                if self.html
                    && let Ok(page) = PageFile::beside(&self.out, false)
                {
                    page.write(&self.out)?;
                }
                return Ok(Exit::Done);
            }
            Err(MergeError::Run(run::Error::Interrupted)) => {
                terminal::say("interrupted; nothing was written");
                return Ok(Exit::Interrupted);
            }
            Err(error) => return Err(error.into()),
        };
        let exit = self.exit(&done.summary, done.logs == 0);
        watch.after(exit);
        if !self.quiet {
            let elapsed = begin.elapsed();
            // The commands that take a rank read Parquet too.
            let details = if self.formats().contains(Format::Parquet) {
                SummaryDetails::read(&Stored::open(&self.out)?, &done.summary, &done.top)?
            } else {
                SummaryDetails::default()
            };
            Shown {
                summary: &done.summary,
                top: &done.top,
                details: &details,
                inputs: &inputs,
                out: &self.out,
                formats: &self.formats(),
                elapsed: Some(elapsed),
                verbose: self.verbose,
                style: Style::stderr(self.color),
                width: terminal::width(),
            }
            .print(&Stored::open(&self.out)?)?;
        }
        if let Some(page) = page {
            let made = page.write(&self.out)?;
            if !self.quiet {
                terminal::say(&made);
            }
        }
        let rejected = done.summary.files.get("rejected").copied().unwrap_or(0);
        match exit {
            Exit::Nothing if inputs.is_empty() => {
                terminal::say("error: there is no file in the input");
            }
            Exit::Nothing => terminal::say(
                "error: no log was found in the input\n`analyze ls` shows what each file is",
            ),
            Exit::Rejected => terminal::say(&format!(
                "error: {} of {} could not be read, more than --max-rejects allows\nthe report was written; its table `problems` says why",
                figures::count(rejected),
                figures::counted(
                    done.summary.files.get("total").copied().unwrap_or(0),
                    "file",
                    "files"
                ),
            )),
            _ => {}
        }
        // The program ends here: the system frees all memory at once, faster than drop does.
        std::mem::forget((done, inputs));
        Ok(exit)
    }

    /// Makes the report, or brings it up to date. `None` when it is up to date.
    fn report(
        &self,
        inputs: &[Input],
        unread: &[UnreadPlace],
        options: &Options,
        stop: &AtomicBool,
    ) -> Result<Option<Done>, MergeError> {
        let plan = self
            .update
            .then(|| update::plan(&self.out, (inputs, unread), &self.formats(), options, stop));
        let say = |text: &str| {
            if !self.quiet {
                terminal::say(&format!("{}: {text}", self.out.display()));
            }
        };
        let counts = |changes: &FileChanges| {
            let (new, unchanged) = (changes.new.len() as u64, changes.unchanged as u64);
            let (new, unchanged) = (figures::count(new), figures::count(unchanged));
            format!("{new} new, 0 changed, {unchanged} as before")
        };
        let reads_all = |reason: &str| say(&format!("{reason}; all files are read"));
        let progress = Progress::default();
        match plan.transpose()? {
            None => {}
            Some(UpdatePlan::ReadAll(reason)) => reads_all(&reason),
            Some(UpdatePlan::Nothing(changes)) => {
                say(&counts(&changes));
                return Ok(None);
            }
            Some(UpdatePlan::Add(changes)) => {
                say(&counts(&changes));
                let add = || {
                    let (out, found) = (&self.out, (inputs, unread));
                    update::add(
                        out,
                        found,
                        &changes,
                        self.folder(options)?,
                        options,
                        &progress,
                        stop,
                    )
                };
                let bytes = changes.new.iter().map(|n| inputs[*n].bytes()).sum();
                match self.shown(changes.new.len(), bytes, &progress, stop, add) {
                    Err(MergeError::NeedsFiles { file, reason }) => {
                        reads_all(&format!("{file}: {reason}"));
                    }
                    done => return done.map(Some),
                }
            }
        }
        let progress = Progress::default();
        let work = || {
            let folder = self.folder(options)?;
            Ok(run::report(inputs, unread, folder, options, &progress, stop)?)
        };
        let bytes = inputs.iter().map(Input::bytes).sum();
        self.shown(inputs.len(), bytes, &progress, stop, work).map(Some)
    }

    /// The folder of the report.
    fn folder(&self, options: &Options) -> Result<Folder, run::Error> {
        let redaction = options.redactor.level().name();
        let metadata = Metadata { rules_version: RULES_VERSION, redaction };
        let replace = self.force || self.update;
        Ok(Folder::create(&self.out, replace, self.formats(), &metadata)?)
    }

    /// Shows the progress of work on files, unless `--quiet` is set.
    fn shown<T>(
        &self,
        files: usize,
        bytes: u64,
        progress: &Progress,
        stop: &AtomicBool,
        work: impl FnOnce() -> T,
    ) -> T {
        if self.quiet { work() } else { progress::shown(files as u64, bytes, progress, stop, work) }
    }

    /// Removes the report that will be replaced, and what a killed run left of it, from the places that are not read, so
    /// that its table `problems` is the same as if it had not been there. Says what the others are.
    fn leave_out_the_report(&self, unread: &mut Vec<UnreadPlace>) -> anyhow::Result<()> {
        let own = Output::places(&self.out)?;
        unread.retain(|place| {
            let Some(report) = &place.report else { return true };
            if !self.quiet {
                terminal::say(&format!("{}: {}", place.name, place.problem.message));
            }
            !report.canonicalize().is_ok_and(|path| own.contains(&path))
        });
        Ok(())
    }

    fn formats(&self) -> Formats {
        let mut formats = Formats::new(self.format.iter().copied().map(Format::from));
        formats.csv = CsvOptions { raw: self.raw_csv, bodies: self.csv_bodies };
        formats
    }

    fn options(&self) -> anyhow::Result<Options> {
        let rules = self.rules.as_deref().map(rules::read).transpose()?.unwrap_or_default();
        let roles = self.roles.as_deref().map(roles::read).transpose()?.unwrap_or_default();
        let key = match &self.redact_key {
            Some(path) => redaction::key_in(path)?,
            None => redaction::new_key()?,
        };
        Ok(Options {
            redactor: Redactor::new(self.redact.level(), &key),
            threads: self.threads.map_or(0, usize::from),
            limits: self.limits.limits(),
            bodies: match self.bodies {
                BodiesArg::All => KeepBodies::All,
                BodiesArg::Failed => KeepBodies::Failed,
                BodiesArg::None => KeepBodies::None,
            },
            rules: Arc::new(rules),
            roles: Arc::new(roles),
            // A merge reads the tables too.
            state: !self.no_state && self.formats().contains(Format::Parquet),
            ..Options::default()
        })
    }

    /// When no log was found, the code says so, whatever was rejected: its message helps more.
    fn exit(&self, summary: &Summary, no_listing: bool) -> Exit {
        let files = |outcome| summary.files.get(outcome).copied().unwrap_or(0);
        if summary.exchanges.total == 0 && no_listing {
            Exit::Nothing
        } else if self.max_rejects.passed_by(files("rejected"), files("total")) {
            Exit::Rejected
        } else {
            Exit::Done
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_are_counted_or_shared() {
        let check = |text: &str, rejected, total, expected| {
            assert_eq!(
                text.parse::<MaxRejects>().unwrap().passed_by(rejected, total),
                expected,
                "{text}"
            );
        };
        check("10%", 1, 10, false);
        check("10%", 2, 10, true);
        check("0%", 1, 1_000_000, true);
        check("100%", 5, 5, false);
        check("0.5 %", 1, 199, true);
        check("3", 3, 3, false);
        check("3", 4, 1_000, true);
        for wrong in ["", "%", "-1", "101%", "ten", "NaN%"] {
            assert!(wrong.parse::<MaxRejects>().is_err(), "{wrong}");
        }
    }
}
