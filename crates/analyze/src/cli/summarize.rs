//! `analyze summary`: the summary of a finished report.

use std::path::PathBuf;

use clap::Args;
use model::time::Timestamp;
use pipeline::aggregate::Top;
use pipeline::summary::{Period, Summary};
use query::{FlowSchedule, RunFilter, runs, schedules, trends};
use tables::cell::Micros;
use tables::{Format, Formats, Stored};

use super::Exit;
use super::summary::{ROOMY, Shown};
use super::terminal::{Color, Style, width};
use super::zone::zone;

/// What happened? Prints the summary of a report again, from the report alone
///
/// The totals, the most frequent errors with their ranks and how often they occurred over the period (a bar for each of
/// 12 or 24 parts of it), the worst flows and endpoints, the open keys, and what could not be read. `explain` and `keys
/// --group` take the rank.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SummaryCommand {
    /// Folder that `analyze report` has written, Parquet among its formats
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// Prints ten rows of each list, with fingerprints, and a sample of each group
    #[arg(short, long)]
    verbose: bool,
    /// Colours: auto (on a terminal, unless `NO_COLOR` is set), always, never
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    color: Color,
}

const EXAMPLES: &str = "\
Examples:
  analyze summary report
  analyze summary report -v | less

Exit codes: 0 done, 2 not done.";

/// Bars of a trend, and on wide terminals.
const PARTS: usize = 12;
const MORE_PARTS: usize = 24;

impl SummaryCommand {
    /// Prints the summary.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let report = Stored::open(&self.report)?;
        let summary = Summary::of_report(&report)?;
        let top = Top::of_report(&report)?;
        let details = SummaryDetails::read(&report, &summary, &top)?;
        let shown = Shown {
            summary: &summary,
            top: &top,
            details: &details,
            inputs: &[],
            out: &self.report,
            formats: &self.formats(),
            elapsed: None,
            verbose: self.verbose,
            style: Style::stdout(self.color),
            width: width(),
        };
        shown.print_out(&report)?;
        Ok(Exit::Done)
    }

    /// Parquet, which was read, and the other formats that the report has.
    fn formats(&self) -> Formats {
        let there = |format: &Format| self.report.join(format.file("error_groups")).exists();
        Formats::new(
            [Format::Parquet, Format::Csv, Format::Json, Format::Xlsx].into_iter().filter(there),
        )
    }
}

/// What a summary takes from the tables of the report.
#[derive(Debug, Default)]
pub(crate) struct SummaryDetails {
    /// How often each group of the top occurred in each part of the period; empty when the report has no period.
    pub(crate) trends: Vec<Vec<u64>>,
    /// Runs of which no download is in the dump.
    pub(crate) without_download: u64,
    /// Planned times without a run, by the schedules of flows.
    pub(crate) missing_runs: u64,
}

impl SummaryDetails {
    /// Reads two columns of `errors`, and the tables `runs` and `flows`.
    pub(crate) fn read(report: &Stored, summary: &Summary, top: &Top) -> anyhow::Result<Self> {
        let names: Vec<&str> = top.groups.iter().map(|group| group.fingerprint.as_str()).collect();
        let parts = if width() < ROOMY { PARTS } else { MORE_PARTS };
        let trends = match summary.period.as_ref().and_then(times) {
            Some(period) => trends(report, &names, period, parts)?,
            None => Vec::new(),
        };
        let filter = RunFilter { without_download: true, ..RunFilter::default() };
        let schedules = schedules(report, zone())?;
        Ok(Self {
            trends,
            without_download: runs(report, &filter)?.len() as u64,
            missing_runs: schedules.iter().map(FlowSchedule::missing).sum(),
        })
    }
}

/// Its beginning and end; `None` when it has no such times.
fn times(period: &Period) -> Option<(Micros, Micros)> {
    let time = |text: &str| Timestamp::parse_text(text).map(|time| Micros(time.0));
    Some((time(&period.from)?, time(&period.to)?))
}
