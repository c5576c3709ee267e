//! `analyze summary`: the summary of a finished report.

use std::path::PathBuf;

use clap::Args;
use model::time::Timestamp;
use pipeline::aggregate::Top;
use pipeline::summary::{Period, Summary};
use query::trends;
use tables::cell::Micros;
use tables::{Format, Formats, Stored};

use super::Exit;
use super::summary::{ROOMY, Shown};
use super::terminal::{Color, Style, width};

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
        let trends = group_trends(&report, &summary, &top)?;
        let shown = Shown {
            summary: &summary,
            top: &top,
            trends: &trends,
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

/// How often each group of `top` occurred in each part of the period; empty when the report has no period.
pub(crate) fn group_trends(
    report: &Stored,
    summary: &Summary,
    top: &Top,
) -> anyhow::Result<Vec<Vec<u64>>> {
    let names: Vec<&str> = top.groups.iter().map(|group| group.fingerprint.as_str()).collect();
    let Some(period) = summary.period.as_ref().and_then(times) else { return Ok(Vec::new()) };
    let parts = if width() < ROOMY { PARTS } else { MORE_PARTS };
    Ok(trends(report, &names, period, parts)?)
}

/// Its beginning and end; `None` when it has no such times.
fn times(period: &Period) -> Option<(Micros, Micros)> {
    let time = |text: &str| Timestamp::parse_text(text).map(|time| Micros(time.0));
    Some((time(&period.from)?, time(&period.to)?))
}
