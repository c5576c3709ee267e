//! `analyze runs`: the runs of flows, and the steps of one.

use std::cmp::Reverse;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::Args;
use query::{FlowRuns, FlowSchedule, RunFilter, RunStep, flows, runs, schedules, steps};
use tables::rows::{RunRow, Runs};
use tables::{Batch, Stored};

use super::Exit;
use super::figures::{count, counted, milliseconds, minute, percent};
use super::outgoing::Outgoing;
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{cut, say, width, write_json};
use super::zone::zone;

/// Which flow fails, how long do its runs take, and at which step? Lists the flows and runs of a report
///
/// The flows come first: runs, those that failed, those without a download in the dump, the share of failed requests and
/// the mean time of a run (the two alarms of the platform), and the step that takes longest. Then the runs, newest first.
/// With RUN, the steps of that run in order. Where the dump has saved flow lists, the schedules of the flows show which
/// planned runs are missing; their hours are those of --tz.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct RunsCommand {
    /// Folder that `analyze report` has written, Parquet among its formats
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// Execution id of a run, or the beginning of one: shows its steps
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Only runs of this flow
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,
    /// Only runs that failed, or with a request that failed
    #[arg(long)]
    failed: bool,
    /// Only runs that the listing names and of which no download is in the dump
    #[arg(long)]
    without_download: bool,
    /// Only the planned runs that are missing, with the schedule of each flow
    #[arg(long, conflicts_with_all = ["run", "failed", "without_download"])]
    missing: bool,
    /// Lists this many runs at most; 0 for all
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// JSON lines: the flows, the steps of RUN, or with --missing the schedules
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  analyze runs report
  analyze runs report --flow price --failed
  analyze runs report --without-download --limit 0
  analyze runs report --missing --tz Europe/Istanbul
  analyze runs report b803511c

Exit codes: 0 done, 2 not done.";

/// From this width on a line has room for the whole id of a run.
const WIDE: usize = 110;

const FLOWS: ColumnHeads = &[
    ("RUNS", Align::Right),
    ("FAILED", Align::Right),
    ("NO DOWNLOAD", Align::Right),
    ("MISSING", Align::Right),
    ("REQUESTS", Align::Right),
    ("ERROR RATE", Align::Right),
    ("MEAN TIME", Align::Right),
    ("SLOWEST STEP", Align::Left),
    ("FLOW", Align::Left),
];

const SCHEDULES: ColumnHeads = &[
    ("PLANNED", Align::Right),
    ("RAN", Align::Right),
    ("BUSY", Align::Right),
    ("MISSING", Align::Right),
    ("SCHEDULE", Align::Left),
    ("FLOW", Align::Left),
];

const HOLES: ColumnHeads = &[
    ("MISSING", Align::Right),
    ("FIRST", Align::Time),
    ("LAST", Align::Time),
    ("FLOW", Align::Left),
];

const RUNS: ColumnHeads = &[
    ("STARTED", Align::Time),
    ("TIME", Align::Right),
    ("STATUS", Align::Left),
    ("REQUESTS", Align::Right),
    ("FAILED", Align::Right),
    ("DOWNLOADS", Align::Right),
    ("RUN", Align::Left),
    ("FLOW", Align::Left),
];

const STEPS: ColumnHeads = &[
    ("STARTED", Align::Time),
    ("TIME", Align::Right),
    ("STATUS", Align::Left),
    ("STEP", Align::Left),
];

impl RunsCommand {
    /// Prints the lists.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let report = Stored::open(&self.report)?;
        let filter = RunFilter {
            flow: self.flow.clone(),
            failed: self.failed,
            without_download: self.without_download,
        };
        if self.missing {
            return self.print_missing(&report);
        }
        let all = runs(&report, &filter)?;
        let wide = io::stdout().is_terminal().then(width);
        let mut out = Outgoing::of(&report, false)?;
        if let Some(name) = &self.run {
            let run = one(&all, name)?;
            let mut only = Batch::new();
            only.push(&run);
            let of_run = steps(&report, &only)?.remove(run.run_id.0).unwrap_or_default();
            if self.json {
                for step in &of_run {
                    write_json(&mut out, step)?;
                }
            } else {
                let flow = run.flow.map_or("flow unknown", |flow| flow.0);
                writeln!(
                    out,
                    "{}",
                    cut(&format!("{flow}  run {}", run.run_id.0), wide.unwrap_or(200))
                )?;
                for line in step_table(&of_run).lines(wide) {
                    writeln!(out, "{line}")?;
                }
            }
            out.flush()?;
            return Ok(Exit::Done);
        }
        if all.is_empty() && !self.json {
            say("no such run");
            return Ok(Exit::Done);
        }
        let by_flow = flows(&report, &all)?;
        if self.json {
            for flow in &by_flow {
                write_json(&mut out, flow)?;
            }
            out.flush()?;
            return Ok(Exit::Done);
        }
        for line in flow_table(&by_flow, &schedules(&report, zone())?).lines(wide) {
            writeln!(out, "{line}")?;
        }
        let limit = if self.limit == 0 { all.len() } else { self.limit };
        let mut table =
            TextTable::new(RUNS).without_room(&["DOWNLOADS", "REQUESTS", "TIME", "FAILED"]);
        all.rows().take(limit).for_each(|run| table.row(run_cells(&run, wide)));
        if !table.is_empty() {
            writeln!(out)?;
            for line in table.lines(wide) {
                writeln!(out, "{line}")?;
            }
        }
        out.flush()?;
        if all.len() > limit {
            let rest = counted((all.len() - limit) as u64, "more run", "more runs");
            say(&format!("{rest}; --limit 0 shows all"));
        }
        Ok(Exit::Done)
    }

    /// Prints the schedules, and the planned times without a run, the newest first.
    fn print_missing(&self, report: &Stored) -> anyhow::Result<Exit> {
        let mut all = schedules(report, zone())?;
        if let Some(wanted) = &self.flow {
            all.retain(|schedule| schedule.flow == *wanted);
        }
        if all.is_empty() {
            say(
                "no flow with a schedule; they stand in saved lists of flows, which belong into the dump",
            );
        }
        let mut out = Outgoing::of(report, false)?;
        if self.json {
            for schedule in &all {
                write_json(&mut out, schedule)?;
            }
            out.flush()?;
            return Ok(Exit::Done);
        }
        let wide = io::stdout().is_terminal().then(width);
        let mut holes = Vec::new();
        let mut table = TextTable::new(SCHEDULES);
        for schedule in &all {
            if let Some(fault) = &schedule.fault {
                say(&format!("{}: schedule {}: {fault}", schedule.flow, schedule.schedule));
                continue;
            }
            let missing = schedule.missing();
            let numbers = [schedule.planned, schedule.ran, schedule.busy, missing].map(count);
            let names = [cut(&schedule.schedule, 32), schedule.flow.clone()];
            table.row(numbers.into_iter().chain(names));
            holes.extend(schedule.holes.iter().map(|hole| (hole, &schedule.flow)));
        }
        holes.sort_by_key(|(hole, _)| Reverse(hole.from));
        let limit = if self.limit == 0 { holes.len() } else { self.limit };
        let mut newest = TextTable::new(HOLES);
        for (hole, flow) in holes.iter().take(limit) {
            newest.row([count(hole.missing), minute(hole.from), minute(hole.to), (*flow).clone()]);
        }
        for (n, table) in [table, newest].iter().filter(|table| !table.is_empty()).enumerate() {
            if n > 0 {
                writeln!(out)?;
            }
            for line in table.lines(wide) {
                writeln!(out, "{line}")?;
            }
        }
        out.flush()?;
        if holes.len() > limit {
            let rest = counted((holes.len() - limit) as u64, "more hole", "more holes");
            say(&format!("{rest}; --limit 0 shows all"));
        }
        Ok(Exit::Done)
    }
}

/// The run with this id, or the only one whose id begins so.
fn one<'r>(runs: &'r Batch<Runs>, name: &str) -> anyhow::Result<RunRow<'r>> {
    if let Some(run) = runs.rows().find(|run| run.run_id.0 == name) {
        return Ok(run);
    }
    let mut found = runs.rows().filter(|run| !name.is_empty() && run.run_id.0.starts_with(name));
    match (found.next(), found.next()) {
        (Some(run), None) => Ok(run),
        (Some(_), Some(_)) => anyhow::bail!(
            "{name}: {} begin with it\nname more of the id",
            counted(2 + found.count() as u64, "run", "runs")
        ),
        _ => anyhow::bail!(
            "{name}: no such run among {}\n`analyze runs` lists the runs with their ids",
            count(runs.len() as u64)
        ),
    }
}

fn flow_table(flows: &[FlowRuns], schedules: &[FlowSchedule]) -> TextTable {
    let mut table = TextTable::new(FLOWS).without_room(&[
        "NO DOWNLOAD",
        "REQUESTS",
        "SLOWEST STEP",
        "MEAN TIME",
    ]);
    for flow in flows {
        let step = flow.slowest_step.as_ref();
        let schedule = schedules.iter().find(|schedule| flow.flow.as_ref() == Some(&schedule.flow));
        let schedule = schedule.filter(|schedule| schedule.fault.is_none());
        table.row([
            count(flow.runs),
            count(flow.failed),
            count(flow.without_download),
            schedule.map(|schedule| count(schedule.missing())).unwrap_or_default(),
            count(flow.exchanges),
            flow.error_rate.map(percent).unwrap_or_default(),
            flow.mean_ms.map(milliseconds).unwrap_or_default(),
            step.map(|(name, ms)| format!("{} ({})", cut(name, 24), milliseconds(*ms)))
                .unwrap_or_default(),
            flow.flow.clone().unwrap_or_else(|| "(flow unknown)".to_owned()),
        ]);
    }
    table
}

/// On a narrow terminal eight characters of an id, which name it.
fn run_cells(run: &RunRow<'_>, wide: Option<usize>) -> [String; 8] {
    let narrow = wide.is_some_and(|wide| wide < WIDE);
    let id = run.run_id.0;
    [
        run.started_at.map(minute).unwrap_or_default(),
        run.duration_ms.map(milliseconds).unwrap_or_default(),
        run.status.map_or("", |status| status.0).to_owned(),
        count(run.exchanges.unsigned_abs()),
        count(run.failed.unsigned_abs()),
        format!("{} of {}", count(run.downloaded.unsigned_abs()), count(run.logs.unsigned_abs())),
        if narrow { id.chars().take(8).collect() } else { cut(id, 36) },
        run.flow.map_or("", |flow| flow.0).to_owned(),
    ]
}

fn step_table(steps: &[RunStep]) -> TextTable {
    let mut table = TextTable::new(STEPS);
    for step in steps {
        table.row([
            step.started_at.map(minute).unwrap_or_default(),
            step.ms.map(milliseconds).unwrap_or_default(),
            step.status.clone().unwrap_or_default(),
            step.step.clone(),
        ]);
    }
    table
}
