//! Runs of flows with the times of their steps, those that failed first.

use std::collections::HashMap;

use query::{RunFilter, RunStep};
use serde::Serialize;
use tables::rows::{RunRow, Runs};
use tables::{Batch, ReadError, Stored};

use crate::counts::CountedNames;
use crate::names::NameList;
use crate::shown::{ShownText, plain};

/// Most runs in a page: the newest.
const RUNS: usize = 500;

/// A step of a run: name, status, milliseconds from the start of the run, and how many it took.
#[derive(Debug, Serialize)]
pub(crate) struct StepSpan(
    pub(crate) i32,
    pub(crate) i32,
    pub(crate) Option<f64>,
    pub(crate) Option<f64>,
);

/// The newest runs: those first that failed, by failed requests, then newest first. One list for each column.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RunColumns {
    pub(crate) id: Vec<ShownText<'static>>,
    pub(crate) flow: Vec<i32>,
    pub(crate) statuses: NameList,
    pub(crate) status: Vec<i32>,
    /// Microseconds since 1970.
    pub(crate) start: Vec<Option<i64>>,
    pub(crate) duration: Vec<Option<f64>>,
    pub(crate) requests: Vec<i64>,
    pub(crate) failed: Vec<i64>,
    pub(crate) steps: Vec<Vec<StepSpan>>,
    /// How many runs there are, those included that are left out.
    pub(crate) all: usize,
}

impl RunColumns {
    /// Reads the runs and their steps.
    pub(crate) fn read(report: &Stored, names: &mut CountedNames) -> Result<Self, ReadError> {
        let all = query::runs(report, &RunFilter::default())?;
        let mut kept = Batch::<Runs>::new();
        let mut newest: Vec<_> = all.rows().take(RUNS).collect();
        newest.sort_by_key(|run| {
            let failed = run.status.is_some_and(|status| status.0 == "failed");
            std::cmp::Reverse((failed, run.failed))
        });
        for run in &newest {
            kept.push(run);
        }
        let mut steps = query::steps(report, &kept)?;
        let mut columns = Self { all: all.len(), ..Self::default() };
        for run in kept.rows() {
            columns.push(&run, &mut steps, names);
        }
        Ok(columns)
    }

    fn push(
        &mut self,
        run: &RunRow<'_>,
        steps: &mut HashMap<String, Vec<RunStep>>,
        names: &mut CountedNames,
    ) {
        self.id.push(plain(run.run_id.0).into_owned());
        self.flow.push(names.flows.place(run.flow.map(|flow| flow.0)));
        self.status.push(self.statuses.place(run.status.map(|status| status.0)));
        self.start.push(run.started_at.map(|at| at.0));
        self.duration.push(run.duration_ms.filter(|ms| ms.is_finite()));
        self.requests.push(run.exchanges);
        self.failed.push(run.failed);
        let steps = steps.remove(run.run_id.0).unwrap_or_default();
        let steps = steps.into_iter().map(|step| {
            let times = run.started_at.zip(step.started_at);
            let start = times.map(|(run, step)| (step.0 - run.0) as f64 / 1000.0);
            let status = self.statuses.place(step.status.as_deref());
            StepSpan(names.steps.place(Some(&step.step)), status, start, step.ms)
        });
        self.steps.push(steps.collect());
    }
}
