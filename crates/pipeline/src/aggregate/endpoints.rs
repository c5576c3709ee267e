//! The table `endpoints`: what was called by which flow and step, how often, with which sizes and durations.

use super::bodies::BodyCounter;
use super::intern::{EndpointNames, Name, Names, Renamed};
use super::sketch::Sketch;
use super::small::{self, count};
use super::{BodySide, CountedExchange};
use hashbrown::HashMap;
use tables::cell::{FlowName, StatusText, StepName};
use tables::rows::EndpointRow;

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
    /// Status and how often, in the order seen; exchanges without a status are left out.
    statuses: Vec<(u16, u64)>,
    request_bytes: Sketch,
    response_bytes: Sketch,
    /// Microseconds.
    duration: Sketch,
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

    /// Rows sorted by (endpoint, flow, step), absent first.
    pub(super) fn rows<'a>(
        &'a self,
        bodies: &BodyCounter,
        endpoints: &'a EndpointNames,
        names: &'a Names,
    ) -> Vec<EndpointRow<'a>> {
        let requests = bodies.distinct(BodySide::Request);
        let responses = bodies.distinct(BodySide::Response);
        let mut rows: Vec<_> = (0..)
            .zip(&self.rows)
            .map(|(id, row)| {
                let [request_bytes_sum, request_bytes_p50, request_bytes_p95, request_bytes_max] =
                    sizes(&row.request_bytes);
                let [
                    response_bytes_sum,
                    response_bytes_p50,
                    response_bytes_p95,
                    response_bytes_max,
                ] = sizes(&row.response_bytes);
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
                    statuses: most_frequent_statuses(&row.statuses).map(StatusText).collect(),
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
            })
            .collect();
        rows.sort_unstable_by_key(|row| (row.endpoint, row.flow, row.step));
        rows
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

/// As texts, most frequent first, ties by number.
fn most_frequent_statuses(statuses: &[(u16, u64)]) -> impl Iterator<Item = &'static str> {
    let mut sorted = statuses.to_vec();
    sorted.sort_unstable_by_key(|&(status, count)| (std::cmp::Reverse(count), status));
    sorted.into_iter().map(|(status, _)| small::status(status))
}

fn milliseconds(micros: Option<u64>) -> Option<f64> {
    micros.map(|micros| micros as f64 / 1000.0)
}
