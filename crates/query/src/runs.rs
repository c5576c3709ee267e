//! Runs of flows: how long they and their steps took, how many failed, which have no download.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use tables::cell::{FlowName, LogStatusWord, LogTypeWord, Micros, RunId, StepName};
use tables::rows::{Logs, RunRow, Runs};
use tables::{Batch, ReadError, Stored};

use crate::json::optional_time;

/// The runs of a flow together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowRuns {
    /// The flow; `None` for runs whose flow is not known.
    pub flow: Option<String>,
    /// Its runs.
    pub runs: u64,
    /// Those with the status `failed`.
    pub failed: u64,
    /// Those without a download in the dump.
    pub without_download: u64,
    /// Requests of its runs.
    pub exchanges: u64,
    /// Those that failed, by all, 0 to 1; `None` when there are none.
    pub error_rate: Option<f64>,
    /// Mean time of its runs in milliseconds; `None` when no run has one.
    pub mean_ms: Option<f64>,
    /// The step that takes longest on average, and its mean time in milliseconds.
    pub slowest_step: Option<(String, f64)>,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunStep {
    /// Its name.
    pub step: String,
    /// Its status, as in `logs.effective_status`.
    pub status: Option<String>,
    /// When it began.
    #[serde(serialize_with = "optional_time")]
    pub started_at: Option<Micros>,
    /// Milliseconds until the next step began, or until the run ended: what the API says of the end of a step is not
    /// trustworthy.
    pub ms: Option<f64>,
}

tables::select! {
    /// A step, or a run.
    struct LogTimes<'b> from Logs {
        log_type: Option<LogTypeWord<'b>>,
        run_id: Option<RunId<'b>>,
        flow: Option<FlowName<'b>>,
        step: Option<StepName<'b>>,
        effective_status: Option<LogStatusWord<'b>>,
        created: Option<Micros>,
    }
}

/// Selects runs: those that satisfy every condition that is set.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Name of the flow.
    pub flow: Option<String>,
    /// Its status is `failed`, or a request of it failed.
    pub failed: bool,
    /// It has no download in the dump.
    pub without_download: bool,
}

impl RunFilter {
    fn accepts(&self, run: &RunRow<'_>) -> bool {
        self.flow.as_deref().is_none_or(|wanted| run.flow.is_some_and(|flow| flow.0 == wanted))
            && (!self.failed || is_failed(run) || run.failed > 0)
            && (!self.without_download || run.downloaded == 0)
    }
}

fn is_failed(run: &RunRow<'_>) -> bool {
    run.status.is_some_and(|status| status.0 == "failed")
}

/// The runs that a filter selects, newest first, those without a time last.
///
/// # Errors
/// When the table `runs` cannot be read.
pub fn runs(report: &Stored, filter: &RunFilter) -> Result<Batch<Runs>, ReadError> {
    let mut table = report.table::<Runs>()?;
    let mut selected = Batch::<Runs>::new();
    for group in 0..table.groups() {
        let rows = table.read::<Runs>(group)?;
        rows.iter().filter(|run| filter.accepts(run)).for_each(|run| selected.push(&run));
    }
    let mut newest: Vec<_> = selected.rows().collect();
    newest.sort_by_key(|run| Reverse(run.started_at));
    let mut sorted = Batch::new();
    for run in &newest {
        sorted.push(run);
    }
    Ok(sorted)
}

/// The steps of each of these runs, in the order in which they began.
///
/// # Errors
/// When the table `logs` cannot be read.
pub fn steps(
    report: &Stored,
    runs: &Batch<Runs>,
) -> Result<HashMap<String, Vec<RunStep>>, ReadError> {
    let ends: HashMap<&str, Option<Micros>> =
        runs.rows().map(|run| (run.run_id.0, run.finished_at)).collect();
    let mut steps: HashMap<String, Vec<RunStep>> = HashMap::new();
    let mut table = report.table::<Logs>()?;
    for group in 0..table.groups() {
        for log in table.read::<LogTimes<'_>>(group)?.iter() {
            let sub = log.log_type.is_some_and(|kind| kind.0 == "sub");
            let (true, Some(run), Some(step)) = (sub, log.run_id, log.step) else { continue };
            if ends.contains_key(run.0) {
                steps.entry(run.0.to_owned()).or_default().push(RunStep {
                    step: step.0.to_owned(),
                    status: log.effective_status.map(|status| status.0.to_owned()),
                    started_at: log.created,
                    ms: None,
                });
            }
        }
    }
    for (run, steps) in &mut steps {
        steps.sort_by_key(|step| step.started_at);
        let next: Vec<_> = steps.iter().skip(1).map(|step| step.started_at).collect();
        let next = next.into_iter().chain([ends.get(run.as_str()).copied().flatten()]);
        for (step, next) in steps.iter_mut().zip(next) {
            let times = step.started_at.zip(next);
            step.ms =
                times.map(|(from, to)| (to.0 - from.0) as f64 / 1000.0).filter(|ms| *ms >= 0.0);
        }
    }
    Ok(steps)
}

/// The runs of each flow together, the flow with most failed runs first, then by error rate and name.
///
/// # Errors
/// When the table `logs` cannot be read.
pub fn flows(report: &Stored, runs: &Batch<Runs>) -> Result<Vec<FlowRuns>, ReadError> {
    #[derive(Default)]
    struct Sums<'r> {
        runs: u64,
        failed: u64,
        without_download: u64,
        exchanges: i64,
        errors: i64,
        times: Mean,
        steps: BTreeMap<&'r str, Mean>,
    }
    let steps = steps(report, runs)?;
    let mut flows: BTreeMap<Option<&str>, Sums<'_>> = BTreeMap::new();
    let rows: Vec<RunRow<'_>> = runs.rows().collect();
    for run in &rows {
        let sums = flows.entry(run.flow.map(|flow| flow.0)).or_default();
        sums.runs += 1;
        sums.failed += u64::from(is_failed(run));
        sums.without_download += u64::from(run.downloaded == 0);
        sums.exchanges += run.exchanges;
        sums.errors += run.failed;
        run.duration_ms.iter().for_each(|ms| sums.times.add(*ms));
        for step in steps.get(run.run_id.0).into_iter().flatten() {
            step.ms.iter().for_each(|ms| sums.steps.entry(&step.step).or_default().add(*ms));
        }
    }
    let mut flows: Vec<_> = flows
        .into_iter()
        .map(|(flow, sums)| FlowRuns {
            flow: flow.map(str::to_owned),
            runs: sums.runs,
            failed: sums.failed,
            without_download: sums.without_download,
            exchanges: sums.exchanges.unsigned_abs(),
            error_rate: (sums.exchanges > 0).then(|| sums.errors as f64 / sums.exchanges as f64),
            mean_ms: sums.times.mean(),
            slowest_step: sums
                .steps
                .iter()
                .filter_map(|(step, times)| Some(((*step).to_owned(), times.mean()?)))
                .max_by(|(_, a), (_, b)| a.total_cmp(b)),
        })
        .collect();
    flows.sort_by(|a, b| {
        let rate = |flow: &FlowRuns| flow.error_rate.unwrap_or(0.0);
        b.failed.cmp(&a.failed).then(rate(b).total_cmp(&rate(a))).then(a.flow.cmp(&b.flow))
    });
    Ok(flows)
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}
