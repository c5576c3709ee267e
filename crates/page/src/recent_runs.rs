//! Runs of flows with the times of their steps.

use std::collections::HashMap;

use query::{RunFilter, RunStep};
use serde::Serialize;
use tables::rows::{RunRow, Runs};
use tables::{Batch, ReadError, Stored};

use crate::counts::CountedNames;
use crate::names::NameList;
use crate::shown::{Shown, shown};

/// Most runs in a page: the newest.
const RUNS: usize = 500;

/// The newest runs, newest first. One list for each column.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RunColumns {
    pub(crate) id: Vec<Shown<'static>>,
    pub(crate) flow: Vec<i32>,
    pub(crate) statuses: NameList,
    pub(crate) status: Vec<i32>,
    /// Microseconds since 1970.
    pub(crate) start: Vec<Option<i64>>,
    pub(crate) duration: Vec<Option<f64>>,
    pub(crate) requests: Vec<i64>,
    pub(crate) failed: Vec<i64>,
    /// How many entries it has in the lists of steps.
    pub(crate) steps: Vec<u32>,
    pub(crate) step: Vec<i32>,
    pub(crate) step_status: Vec<i32>,
    /// Milliseconds from the start of the run.
    pub(crate) step_start: Vec<Option<f64>>,
    pub(crate) step_duration: Vec<Option<f64>>,
    /// How many runs there are, those included that are left out.
    pub(crate) all: usize,
}

impl RunColumns {
    /// Reads the runs and their steps.
    pub(crate) fn read(report: &Stored, names: &mut CountedNames) -> Result<Self, ReadError> {
        let all = query::runs(report, &RunFilter::default())?;
        let mut kept = Batch::<Runs>::new();
        all.rows().take(RUNS).for_each(|run| kept.push(&run));
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
        self.id.push(shown(run.run_id.0).into_owned());
        self.flow.push(names.flows.place(run.flow.map(|flow| flow.0)));
        self.status.push(self.statuses.place(run.status.map(|status| status.0)));
        self.start.push(run.started_at.map(|at| at.0));
        self.duration.push(run.duration_ms.filter(|ms| ms.is_finite()));
        self.requests.push(run.exchanges);
        self.failed.push(run.failed);
        let steps = steps.remove(run.run_id.0).unwrap_or_default();
        self.steps.push(u32::try_from(steps.len()).unwrap_or(u32::MAX));
        for step in steps {
            self.step.push(names.steps.place(Some(&step.step)));
            self.step_status.push(self.statuses.place(step.status.as_deref()));
            let times = run.started_at.zip(step.started_at);
            self.step_start.push(times.map(|(run, step)| (step.0 - run.0) as f64 / 1000.0));
            self.step_duration.push(step.ms);
        }
    }
}
