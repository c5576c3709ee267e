//! What an endpoint takes and answers, how fast it is, and since when that is different.

mod change;
mod named;
mod schema;
mod turn;

use std::collections::HashMap;

use redact::Scope;
use serde::Serialize;
use tables::cell::{
    BodyDigest, BodyText, EndpointName, FlowName, Micros, OutcomeWord, RunId, StepName,
};
use tables::rows::{Endpoints, Exchanges};
use tables::{ReadError, Stored};

pub use self::change::{PathChange, PathEvent};
pub use self::named::{
    EndpointTotals, FindEndpointError, endpoint_query, endpoints, find_endpoint,
};
pub use self::schema::{BodyPath, BodySchema, KindTotals};
pub use self::turn::{EndpointTurn, TurnFigure};

use self::change::{BodyOrigin, BodyUse};
use self::schema::SideReader;
use crate::explain::{Tally, Values};
use crate::json;
use crate::periods::{CountedPeriod, HourlyCounts, MICROS_AN_HOUR};
use crate::zone::Zone;

/// What is known of an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointDescription {
    /// Method, host and path, ids masked.
    pub endpoint: String,
    /// Its requests.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// When the first and the last of them began; `None` when none has a time.
    #[serde(serialize_with = "json::optional_time")]
    pub first_at: Option<Micros>,
    /// When the last of them began.
    #[serde(serialize_with = "json::optional_time")]
    pub last_at: Option<Micros>,
    /// HTTP statuses, the most frequent first; requests without one are not counted.
    pub statuses: Values,
    /// How long they took; `None` when none says.
    pub durations: Option<Durations>,
    /// The flows and steps that call it, the one with most requests first.
    pub flows: Vec<EndpointFlow>,
    /// Its requests by the hour, or by the day when they span more than 48 hours, oldest first; periods without requests
    /// are left out, and so are requests without a time.
    pub periods: Vec<EndpointPeriod>,
    /// Since when it fails more or less often, or takes longer or less long; none when chance explains it.
    pub turns: Vec<EndpointTurn>,
    /// The bodies that were sent.
    pub request: BodySchema,
    /// The bodies that were answered.
    pub response: BodySchema,
}

/// How long requests took, in milliseconds. Percentiles are exact (nearest rank).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Durations {
    /// The median.
    pub p50_ms: f64,
    /// The 95th percentile.
    pub p95_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Durations {
    /// Of these durations, which it sorts; `None` when there are none.
    fn of(mut durations: Vec<f64>) -> Option<Self> {
        durations.sort_unstable_by(f64::total_cmp);
        let rank = |percent: usize| (durations.len() * percent).div_ceil(100).max(1) - 1;
        let max_ms = *durations.last()?;
        Some(Self { p50_ms: durations[rank(50)], p95_ms: durations[rank(95)], max_ms })
    }
}

/// The requests of a flow and step to the endpoint: its row of `endpoints`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointFlow {
    /// The flow.
    pub flow: Option<String>,
    /// The step.
    pub step: Option<String>,
    /// Requests.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// How long they took.
    pub durations: Option<Durations>,
}

/// The requests of an hour or a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointPeriod {
    /// Where it begins.
    #[serde(serialize_with = "json::time")]
    pub from: Micros,
    /// Whether it is a day.
    pub day: bool,
    /// Requests that began in it.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// How long they took.
    pub durations: Option<Durations>,
}

tables::select! {
    /// Where a request went.
    struct CalledEndpoint<'b> from Exchanges {
        endpoint: Option<EndpointName<'b>>,
    }
}

tables::select! {
    /// What is counted of a request.
    struct EndpointRequest<'b> from Exchanges {
        run_id: Option<RunId<'b>>,
        flow: Option<FlowName<'b>>,
        step: Option<StepName<'b>>,
        started_at: Option<Micros>,
        duration_ms: Option<f64>,
        status: Option<i32>,
        outcome: OutcomeWord<'b>,
        request_digest: Option<BodyDigest>,
        response_digest: Option<BodyDigest>,
    }
}

tables::select! {
    /// What was sent and answered.
    struct EndpointBodies<'b> from Exchanges {
        request_digest: Option<BodyDigest>,
        response_digest: Option<BodyDigest>,
        request_body: Option<BodyText<'b>>,
        response_body: Option<BodyText<'b>>,
    }
}

/// Describes an endpoint, with at most `examples` values of each path.
///
/// `masks` masks the bodies before anything is taken from them. Reads `exchanges` twice where it has such requests: the
/// small columns, then the bodies, each distinct body once.
/// Memory is that of a row group, some 100 bytes for each request, and what is counted of the paths.
///
/// # Errors
/// When a table cannot be read.
pub fn describe_endpoint(
    report: &Stored,
    endpoint: &str,
    examples: usize,
    zone: &Zone,
    mut masks: Option<&mut Scope>,
) -> Result<EndpointDescription, ReadError> {
    let mut table = report.table::<Exchanges>()?;
    let mut places: Vec<(usize, Vec<usize>)> = Vec::new();
    for group in 0..table.groups() {
        let called = table.read::<CalledEndpoint<'_>>(group)?;
        let is_wanted = |row: &usize| {
            called.get(*row).endpoint.is_some_and(|EndpointName(name)| name == endpoint)
        };
        let rows: Vec<usize> = (0..called.len()).filter(is_wanted).collect();
        if !rows.is_empty() {
            places.push((group, rows));
        }
    }
    let mut counts = RequestCounts { hours: HourlyCounts::new(zone), ..RequestCounts::default() };
    for (group, rows) in &places {
        let requests = table.read::<EndpointRequest<'_>>(*group)?;
        for row in rows {
            counts.add(&requests.get(*row));
        }
    }
    let RequestCounts {
        requests, failed, statuses, hours, run_counts, sides, durations, span, ..
    } = counts;
    let [mut sent, mut answered] = sides;
    for (group, rows) in &places {
        let bodies = table.read::<EndpointBodies<'_>>(*group)?;
        for row in rows {
            let row = bodies.get(*row);
            let bodies = [row.request_body, row.response_body];
            if let Some(scope) = &mut masks {
                scope.begin();
                bodies.iter().flatten().for_each(|body| scope.learn(body.text));
            }
            let sides = [&mut sent, &mut answered].into_iter();
            let digests = [row.request_digest, row.response_digest];
            for ((side, digest), body) in sides.zip(digests).zip(bodies) {
                let Some(body) = body else { continue };
                match &mut masks {
                    Some(scope) => side.body(digest, scope.text("body", body.text).as_str()),
                    None => side.body(digest, body.text),
                }
            }
        }
    }
    let (first_at, last_at) = span.map_or((None, None), |(a, b)| (Some(a), Some(b)));
    Ok(EndpointDescription {
        endpoint: endpoint.to_owned(),
        requests,
        failed,
        first_at,
        last_at,
        statuses: statuses.finish(usize::MAX),
        durations: Durations::of(durations),
        flows: flows(report, endpoint)?,
        periods: hours.periods(PeriodCounts::join).into_iter().map(EndpointPeriod::of).collect(),
        turns: turn::turns(run_counts.into_values().collect()),
        request: sent.finish(report, endpoint, "request", examples)?,
        response: answered.finish(report, endpoint, "response", examples)?,
    })
}

/// What is counted of the requests.
#[derive(Default)]
struct RequestCounts {
    requests: u64,
    failed: u64,
    span: Option<(Micros, Micros)>,
    statuses: Tally,
    durations: Vec<f64>,
    hours: HourlyCounts<PeriodCounts>,
    /// Runs, or hours of requests without a run.
    runs: HashMap<String, u32>,
    /// By the number of the run.
    run_counts: HashMap<u32, RunCounts>,
    /// What is sent, and what is answered.
    sides: [SideReader; 2],
}

#[derive(Debug, Default)]
struct PeriodCounts {
    requests: u64,
    failed: u64,
    durations: Vec<f64>,
}

/// The requests of a run that have a time.
#[derive(Debug)]
struct RunCounts {
    first_at: Micros,
    counts: PeriodCounts,
}

impl PeriodCounts {
    fn add(&mut self, failed: bool, duration_ms: Option<f64>) {
        self.requests += 1;
        self.failed += u64::from(failed);
        self.durations.extend(duration_ms);
    }
}

impl PeriodCounts {
    fn join(&mut self, other: Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.durations.extend(other.durations);
    }
}

impl EndpointPeriod {
    fn of(CountedPeriod { from, day, counts }: CountedPeriod<PeriodCounts>) -> Self {
        let PeriodCounts { requests, failed, durations } = counts;
        Self { from, day, requests, failed, durations: Durations::of(durations) }
    }
}

impl RequestCounts {
    fn add(&mut self, request: &EndpointRequest<'_>) {
        let EndpointRequest { started_at, duration_ms, outcome, .. } = *request;
        let failed = outcome.0 == "failed";
        self.requests += 1;
        self.failed += u64::from(failed);
        self.statuses.add(request.status.map(|status| status.to_string()).as_deref());
        self.durations.extend(duration_ms);
        let hour = started_at.map(|at| at.0.div_euclid(MICROS_AN_HOUR));
        let run = match (request.run_id, hour) {
            (Some(run), _) => run.0.to_owned(),
            (None, Some(hour)) => format!("hour {hour}"),
            (None, None) => String::new(),
        };
        let runs = self.runs.len() as u32;
        let run = *self.runs.entry(run).or_insert(runs);
        if let Some(at) = started_at {
            let (first, last) = self.span.unwrap_or((at, at));
            self.span = Some((first.min(at), last.max(at)));
            self.hours.at(at).add(failed, duration_ms);
            let of_run = self.run_counts.entry(run);
            let of_run = of_run
                .or_insert_with(|| RunCounts { first_at: at, counts: PeriodCounts::default() });
            of_run.first_at = of_run.first_at.min(at);
            of_run.counts.add(failed, duration_ms);
        }
        let flow = request.flow.map(|flow| flow.0.to_owned());
        let step = request.step.map(|step| step.0.to_owned());
        // Answers of failed requests look different, so that an outage is no change of the endpoint.
        let origins = [
            BodyOrigin { flow: flow.clone(), step: step.clone(), failed: None },
            BodyOrigin { flow, step, failed: Some(failed) },
        ];
        let digests = [request.request_digest, request.response_digest];
        for ((side, origin), digest) in self.sides.iter_mut().zip(origins).zip(digests) {
            if let Some(digest) = digest {
                side.used(digest, origin, BodyUse { at: started_at, run, failed });
            }
        }
    }
}

tables::select! {
    /// How long the requests of a flow took.
    struct FlowOfEndpoint<'b> from Endpoints {
        endpoint: Option<EndpointName<'b>>,
        flow: Option<FlowName<'b>>,
        step: Option<StepName<'b>>,
        exchanges: i64,
        failed: i64,
        duration_p50_ms: Option<f64>,
        duration_p95_ms: Option<f64>,
        duration_max_ms: Option<f64>,
    }
}

fn flows(report: &Stored, endpoint: &str) -> Result<Vec<EndpointFlow>, ReadError> {
    let mut flows = Vec::new();
    let mut table = report.table::<Endpoints>()?;
    for group in 0..table.groups() {
        for row in table.read::<FlowOfEndpoint<'_>>(group)?.iter() {
            if row.endpoint != Some(EndpointName(endpoint)) {
                continue;
            }
            let durations = row.duration_p50_ms.zip(row.duration_p95_ms).zip(row.duration_max_ms);
            flows.push(EndpointFlow {
                flow: row.flow.map(|flow| flow.0.to_owned()),
                step: row.step.map(|step| step.0.to_owned()),
                requests: row.exchanges.unsigned_abs(),
                failed: row.failed.unsigned_abs(),
                durations: durations.map(|((p50_ms, p95_ms), max_ms)| Durations {
                    p50_ms,
                    p95_ms,
                    max_ms,
                }),
            });
        }
    }
    // The table is sorted by name, which decides between equals.
    flows.sort_by_key(|flow| std::cmp::Reverse(flow.requests));
    Ok(flows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let of = |durations: &[f64]| Durations::of(durations.to_vec());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7.0]), Some(Durations { p50_ms: 7.0, p95_ms: 7.0, max_ms: 7.0 }));
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let expected = Durations { p50_ms: 50.0, p95_ms: 95.0, max_ms: 100.0 };
        assert_eq!(of(&hundred), Some(expected));
    }
}
