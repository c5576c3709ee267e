//! `analyze merge`: several reports as one.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use grouping::RULES_VERSION;
use pipeline::merge::{MergeError, MergeOptions, merge};
use pipeline::{rules, run};
use redact::Level;
use tables::{Folder, Format, Formats, Metadata, Stored};

use super::Exit;
use super::figures;
use super::interrupt::Watch;
use super::report::TableFormat;
use super::terminal;

/// Makes one report of several, without their logs
///
/// Each report has to have its state, which `analyze report` writes unless `--no-state` is given. The result is the
/// report that one run over all their files would have made, whatever the order of the reports. What cannot be told
/// from the reports alone is refused.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct MergeCommand {
    /// Folders of the reports
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,
    /// Folder for the merged report
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Formats of the tables: parquet, csv, json, xlsx
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "parquet,csv",
        hide_possible_values = true
    )]
    format: Vec<TableFormat>,
    /// Replaces the report in DIR
    #[arg(long)]
    force: bool,
    /// The rules for error groups with which the reports were made
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Worker threads [default: one for each core]. The report is the same for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Prints only errors on stderr
    #[arg(short, long)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  analyze merge june july --out summer
  analyze merge parts/* --out all --format parquet

Exit codes: 0 done, 2 not done, 130 interrupted (nothing is left behind).";

impl MergeCommand {
    /// Writes the merged report.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let watch = Watch::begin()?;
        watch.working();
        let rules = self.rules.as_deref().map(rules::read).transpose()?.unwrap_or_default();
        let options = MergeOptions {
            threads: self.threads.map_or(0, usize::from),
            rules: Arc::new(rules),
            ..MergeOptions::default()
        };
        let redaction = Stored::open(&self.reports[0])?.text("/redaction").unwrap_or_default();
        let levels = [Level::None, Level::Secrets, Level::Personal];
        let level = levels.into_iter().find(|level| level.name() == redaction);
        let redaction = level.unwrap_or(Level::None).name();
        let metadata = Metadata { rules_version: RULES_VERSION, redaction };
        let formats = Formats::new(self.format.iter().copied().map(Format::from));
        let folder = Folder::create(&self.out, self.force, formats, &metadata)?;
        let done = match merge(&self.reports, folder, &options, watch.stop()) {
            Ok(done) => done,
            Err(MergeError::Run(run::Error::Interrupted)) => {
                terminal::say("interrupted; nothing was written");
                return Ok(Exit::Interrupted);
            }
            Err(error) => return Err(error.into()),
        };
        if !self.quiet {
            let files = done.summary.files.get("total").copied().unwrap_or(0);
            terminal::say(&format!(
                "{}: {} of {} in {}",
                self.out.display(),
                figures::counted(done.summary.exchanges.total, "exchange", "exchanges"),
                figures::counted(files, "file", "files"),
                figures::counted(self.reports.len() as u64, "report", "reports"),
            ));
        }
        // The program ends here: the system frees all memory at once, faster than drop does.
        std::mem::forget(done);
        Ok(Exit::Done)
    }
}
