//! The table `endpoints`: what was called by which flow and step, how often, with which sizes and durations.

use super::bodies::BodyCounter;
use super::intern::{EndpointNames, Name, Names, Renamed};
use super::sketch::Sketch;
use super::small::{self, count, micros};
use super::stored::{self, number};
use super::{BodySide, CountedExchange};
use hashbrown::HashMap;
use model::time::Timestamp;
use redact::Redacted;
use tables::cell::{CountText, EndpointName, FlowName, MeasureWord, StatusText, StepName};
use tables::rows::{EndpointRow, Endpoints};
use tables::state::{CallStateRow, CallStates, MeasureStateRow, MeasureStates};
use tables::{Batch, ReadError, Stored};

/// The number of an (endpoint, flow, step) in [`EndpointCounter`].
pub(super) type EndpointId = u32;

/// How one endpoint was called from one step of a flow: 300 bytes and three sketches.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) endpoint: Name,
    pub(super) flow: Name,
    pub(super) step: Name,
    pub(super) exchanges: u64,
    pub(super) failed: u64,
    /// Rows of bulk requests; any other exchange is one.
    rows: u64,
    rows_failed: u64,
    /// Starts of the first and the last exchange that has a time.
    period: Option<(Timestamp, Timestamp)>,
    /// Status and how often, in the order seen; exchanges without a status are left out.
    statuses: Vec<(u16, u64)>,
    request_bytes: Sketch,
    response_bytes: Sketch,
    /// Microseconds.
    duration: Sketch,
}

/// What is measured of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    RequestBytes,
    ResponseBytes,
    Duration,
}

impl Measure {
    const ALL: [Self; 3] = [Self::RequestBytes, Self::ResponseBytes, Self::Duration];

    /// The word used in the state.
    fn name(self) -> &'static str {
        match self {
            Self::RequestBytes => "request_bytes",
            Self::ResponseBytes => "response_bytes",
            Self::Duration => "duration",
        }
    }
}

impl Calls {
    fn cover(&mut self, (from, to): (Timestamp, Timestamp)) {
        let (first, last) = self.period.get_or_insert((from, to));
        (*first, *last) = ((*first).min(from), (*last).max(to));
    }

    fn sketch(&mut self, measure: Measure) -> &mut Sketch {
        match measure {
            Measure::RequestBytes => &mut self.request_bytes,
            Measure::ResponseBytes => &mut self.response_bytes,
            Measure::Duration => &mut self.duration,
        }
    }
}

/// All (endpoint, flow, step) seen.
#[derive(Debug, Default)]
pub(super) struct EndpointCounter {
    index: HashMap<(Name, Name, Name), EndpointId>,
    rows: Vec<Calls>,
}

/// Sum, median, 95th percentile and greatest number; all `None` without numbers.
fn sizes(sketch: &Sketch) -> [Option<i64>; 4] {
    let figures = [sketch.sum(), sketch.percentile(50), sketch.percentile(95), sketch.max()];
    figures.map(|figure| figure.map(count))
}

impl EndpointCounter {
    /// Counts an exchange.
    pub(super) fn add(&mut self, id: EndpointId, seen: &CountedExchange<'_>, failed: bool) {
        let row = &mut self.rows[id as usize];
        row.exchanges += 1;
        row.failed += u64::from(failed);
        let (rows, rows_failed) = seen.rows();
        row.rows += rows;
        row.rows_failed += rows_failed;
        if let Some(at) = seen.exchange.started_at {
            row.cover((at, at));
        }
        if let Some(status) = seen.exchange.status {
            count_status(&mut row.statuses, status, 1);
        }
        for (body, sketch) in
            [(&seen.request, &mut row.request_bytes), (&seen.response, &mut row.response_bytes)]
        {
            if let Some(body) = body {
                sketch.add(body.bytes);
            }
        }
    }

    /// Counts how long one exchange took, in microseconds.
    pub(super) fn took(&mut self, id: EndpointId, duration: u64) {
        self.rows[id as usize].duration.add(duration);
    }

    /// How many (endpoint, flow, step) there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn get(&self, id: EndpointId) -> &Calls {
        &self.rows[id as usize]
    }

    /// Merges `other`. Returns the number here for each number there.
    pub(super) fn merge(
        &mut self,
        other: Self,
        endpoints: &Renamed,
        names: &Renamed,
    ) -> Vec<EndpointId> {
        let ids = other.rows.into_iter().map(|row| {
            let id = self.id(endpoints.get(row.endpoint), names.get(row.flow), names.get(row.step));
            let here = &mut self.rows[id as usize];
            here.exchanges += row.exchanges;
            here.failed += row.failed;
            here.rows += row.rows;
            here.rows_failed += row.rows_failed;
            if let Some(period) = row.period {
                here.cover(period);
            }
            for (status, count) in row.statuses {
                count_status(&mut here.statuses, status, count);
            }
            here.request_bytes.merge(&row.request_bytes);
            here.response_bytes.merge(&row.response_bytes);
            here.duration.merge(&row.duration);
            id
        });
        ids.collect()
    }

    /// Start of the first and of the last exchange that has a time.
    pub(super) fn period(&self) -> Option<(Timestamp, Timestamp)> {
        let periods = self.rows.iter().filter_map(|row| row.period);
        periods.reduce(|(from, to), (first, last)| (from.min(first), to.max(last)))
    }

    /// All numbers, sorted by (endpoint, flow, step), absent first.
    pub(super) fn order(&self, endpoints: &EndpointNames, names: &Names) -> Vec<EndpointId> {
        let mut ids: Vec<_> = (0..self.rows.len() as EndpointId).collect();
        ids.sort_unstable_by_key(|&id| {
            let row = self.get(id);
            (endpoints.get(row.endpoint), names.get(row.flow), names.get(row.step))
        });
        ids
    }

    /// Rows in the order of [`EndpointCounter::order`].
    pub(super) fn rows<'a>(
        &'a self,
        bodies: &BodyCounter,
        endpoints: &'a EndpointNames,
        names: &'a Names,
    ) -> Vec<EndpointRow<'a>> {
        let requests = bodies.distinct(BodySide::Request);
        let responses = bodies.distinct(BodySide::Response);
        let rows = self.order(endpoints, names).into_iter().map(|id| {
            let row = self.get(id);
            let [request_bytes_sum, request_bytes_p50, request_bytes_p95, request_bytes_max] =
                sizes(&row.request_bytes);
            let [response_bytes_sum, response_bytes_p50, response_bytes_p95, response_bytes_max] =
                sizes(&row.response_bytes);
            let distinct =
                |side: &HashMap<EndpointId, u64>| count(side.get(&id).copied().unwrap_or(0));
            EndpointRow {
                endpoint: endpoints.get(row.endpoint),
                flow: names.get(row.flow).map(FlowName),
                step: names.get(row.step).map(StepName),
                exchanges: count(row.exchanges),
                failed: count(row.failed),
                rows: count(row.rows),
                rows_failed: count(row.rows_failed),
                statuses: most_frequent(&row.statuses)
                    .into_iter()
                    .map(|(status, _)| StatusText(small::status(status)))
                    .collect(),
                request_bytes_sum,
                request_bytes_p50,
                request_bytes_p95,
                request_bytes_max,
                response_bytes_sum,
                response_bytes_p50,
                response_bytes_p95,
                response_bytes_max,
                distinct_requests: distinct(&requests),
                distinct_responses: distinct(&responses),
                duration_p50_ms: milliseconds(row.duration.percentile(50)),
                duration_p95_ms: milliseconds(row.duration.percentile(95)),
                duration_max_ms: milliseconds(row.duration.max()),
            }
        });
        rows.collect()
    }

    /// Rows of the state, in this order.
    pub(super) fn store(&self, order: &[EndpointId]) -> (Batch<CallStates>, Batch<MeasureStates>) {
        let (mut calls, mut measures) = (Batch::new(), Batch::new());
        for (call, &id) in (0..).zip(order) {
            let row = self.get(id);
            let counts: Vec<String> =
                most_frequent(&row.statuses).iter().map(|(_, count)| count.to_string()).collect();
            calls.push(&CallStateRow {
                first_seen: micros(row.period.map(|(first, _)| first)),
                last_seen: micros(row.period.map(|(_, last)| last)),
                status_counts: counts.iter().map(|count| CountText(count)).collect(),
                duration_sum: row.duration.sum().unwrap_or(0).cast_signed(),
                duration_max: row.duration.max().unwrap_or(0).cast_signed(),
            });
            let sketches = [&row.request_bytes, &row.response_bytes, &row.duration];
            for (measure, sketch) in Measure::ALL.into_iter().zip(sketches) {
                for (number, times) in sketch.counted() {
                    measures.push(&MeasureStateRow {
                        call,
                        measure: MeasureWord(measure.name()),
                        number: number.cast_signed(),
                        count: count(times),
                    });
                }
            }
        }
        (calls, measures)
    }

    /// The counts of a report. The number of each is that of its row in `endpoints`.
    pub(super) fn load(
        report: &Stored,
        endpoints: &mut EndpointNames,
        names: &mut Names,
    ) -> Result<Self, ReadError> {
        let mut all = Self::default();
        let mut totals = Vec::new();
        let mut last = Name::ABSENT;
        stored::each::<StoredCalls<'static>>(report, |row| {
            let endpoint = row.endpoint.map(|endpoint| Redacted::of_report(endpoint.0));
            let endpoint = endpoints.intern_again(endpoint.as_ref(), &mut last);
            let flow = names.intern_some(row.flow.map(|flow| flow.0));
            let step = names.intern_some(row.step.map(|step| step.0));
            let id = all.id(endpoint, flow, step);
            let statuses = row.statuses.iter().map(|status| Some((status.0.parse().ok()?, 0)));
            let here = all.rows.get_mut(id as usize)?;
            here.exchanges = row.exchanges.unsigned_abs();
            here.failed = row.failed.unsigned_abs();
            here.rows = row.rows.unsigned_abs();
            here.rows_failed = row.rows_failed.unsigned_abs();
            here.statuses = statuses.collect::<Option<_>>()?;
            totals.push([
                (row.request_bytes_sum, row.request_bytes_max),
                (row.response_bytes_sum, row.response_bytes_max),
            ]);
            (all.rows.len() == totals.len()).then_some(())
        })?;
        stored::each::<MeasureStates>(report, |row| {
            let measure = Measure::ALL.into_iter().find(|one| one.name() == row.measure.0)?;
            let here = all.rows.get_mut(number(row.call)?)?;
            here.sketch(measure).add_times(row.number.cast_unsigned(), row.count.unsigned_abs());
            Some(())
        })?;
        let mut rows = all.rows.iter_mut().zip(totals);
        stored::each::<CallStates>(report, |row| {
            let (here, totals) = rows.next()?;
            let first = row.first_seen.map(|at| Timestamp(at.0));
            here.period = first.zip(row.last_seen.map(|at| Timestamp(at.0)));
            let counts = row.status_counts.iter().map(|count| count.0.parse().ok());
            for ((_, known), count) in here.statuses.iter_mut().zip(counts) {
                *known = count?;
            }
            for (sketch, (sum, max)) in
                [&mut here.request_bytes, &mut here.response_bytes].into_iter().zip(totals)
            {
                sketch.set_totals(sum.unwrap_or(0).unsigned_abs(), max.unwrap_or(0).unsigned_abs());
            }
            let (sum, max) = (row.duration_sum, row.duration_max);
            here.duration.set_totals(sum.cast_unsigned(), max.cast_unsigned());
            Some(())
        })?;
        Ok(all)
    }

    /// The number of an (endpoint, flow, step), new or known.
    pub(super) fn id(&mut self, endpoint: Name, flow: Name, step: Name) -> EndpointId {
        let rows = &mut self.rows;
        *self.index.entry((endpoint, flow, step)).or_insert_with(|| {
            rows.push(Calls {
                endpoint,
                flow,
                step,
                exchanges: 0,
                failed: 0,
                rows: 0,
                rows_failed: 0,
                period: None,
                statuses: Vec::new(),
                request_bytes: Sketch::default(),
                response_bytes: Sketch::default(),
                duration: Sketch::default(),
            });
            rows.len() as EndpointId - 1
        })
    }
}

/// A list instead of a map: an endpoint has only a few statuses.
fn count_status(statuses: &mut Vec<(u16, u64)>, status: u16, count: u64) {
    match statuses.iter_mut().find(|(known, _)| *known == status) {
        Some((_, known)) => *known += count,
        None => statuses.push((status, count)),
    }
}

/// Most frequent first, ties by number.
fn most_frequent(statuses: &[(u16, u64)]) -> Vec<(u16, u64)> {
    let mut sorted = statuses.to_vec();
    sorted.sort_unstable_by_key(|&(status, count)| (std::cmp::Reverse(count), status));
    sorted
}

tables::select! {
    /// What `endpoints` says of a call.
    struct StoredCalls<'b> from Endpoints {
        endpoint: Option<EndpointName<'b>>,
        flow: Option<FlowName<'b>>,
        step: Option<StepName<'b>>,
        exchanges: i64,
        failed: i64,
        rows: i64,
        rows_failed: i64,
        statuses: Vec<StatusText<'b>>,
        request_bytes_sum: Option<i64>,
        request_bytes_max: Option<i64>,
        response_bytes_sum: Option<i64>,
        response_bytes_max: Option<i64>,
    }
}

fn milliseconds(micros: Option<u64>) -> Option<f64> {
    micros.map(|micros| micros as f64 / 1000.0)
}
