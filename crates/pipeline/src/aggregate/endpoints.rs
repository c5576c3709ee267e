//! The table `endpoints`: what was called, by which flow and step, how often, how large, how long.

use super::bodies::Bodies;
use super::intern::{Name, Names, Renamed};
use super::sketch::Sketch;
use super::{CountedExchange, BodySide};
use hashbrown::HashMap;

/// The number of an (endpoint, flow, step) in [`Endpoints`].
pub(super) type EndpointId = u32;

/// How one endpoint was called from one step of a flow: 300 bytes and three sketches.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) endpoint: Name,
    pub(super) flow: Name,
    pub(super) step: Name,
    pub(super) exchanges: u64,
    pub(super) failed: u64,
    /// Status and how often, in the order met; exchanges without a status are left out.
    statuses: Vec<(u16, u64)>,
    request_bytes: Sketch,
    response_bytes: Sketch,
    /// Microseconds.
    duration: Sketch,
}

/// All (endpoint, flow, step) met.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    index: HashMap<(Name, Name, Name), EndpointId>,
    rows: Vec<Calls>,
}

/// One row of the table; columns as in the contract.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EndpointRow<'a> {
    pub(super) endpoint: Option<&'a str>,
    pub(super) flow: Option<&'a str>,
    pub(super) step: Option<&'a str>,
    pub(super) exchanges: u64,
    pub(super) failed: u64,
    /// Most frequent first, ties by number.
    pub(super) statuses: Vec<u16>,
    pub(super) request_bytes: Sizes,
    pub(super) response_bytes: Sizes,
    pub(super) distinct_requests: u64,
    pub(super) distinct_responses: u64,
    pub(super) duration_us: Sizes,
}

/// Sum, median, 95th percentile and greatest; all `None` when there was nothing to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) sum: Option<u64>,
    pub(super) p50: Option<u64>,
    pub(super) p95: Option<u64>,
    pub(super) max: Option<u64>,
}

impl From<&Sketch> for Sizes {
    fn from(sketch: &Sketch) -> Self {
        Self {
            sum: sketch.sum(),
            p50: sketch.percentile(50),
            p95: sketch.percentile(95),
            max: sketch.max(),
        }
    }
}

impl Endpoints {
    /// Counts an exchange.
    pub(super) fn add(&mut self, id: EndpointId, seen: &CountedExchange<'_>, failed: bool) {
        let row = &mut self.rows[id as usize];
        row.exchanges += 1;
        row.failed += u64::from(failed);
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

    /// Takes in `other` and says what each of its numbers is here.
    pub(super) fn merge(&mut self, other: Self, names: &Renamed) -> Vec<EndpointId> {
        let ids = other.rows.into_iter().map(|row| {
            let id = self.id(names.get(row.endpoint), names.get(row.flow), names.get(row.step));
            let here = &mut self.rows[id as usize];
            here.exchanges += row.exchanges;
            here.failed += row.failed;
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
    pub(super) fn rows<'a>(&'a self, bodies: &Bodies, names: &'a Names) -> Vec<EndpointRow<'a>> {
        let requests = bodies.distinct(BodySide::Request);
        let responses = bodies.distinct(BodySide::Response);
        let mut rows: Vec<_> = (0..)
            .zip(&self.rows)
            .map(|(id, row)| EndpointRow {
                endpoint: names.get(row.endpoint),
                flow: names.get(row.flow),
                step: names.get(row.step),
                exchanges: row.exchanges,
                failed: row.failed,
                statuses: most_frequent_statuses(&row.statuses),
                request_bytes: Sizes::from(&row.request_bytes),
                response_bytes: Sizes::from(&row.response_bytes),
                distinct_requests: requests.get(&id).copied().unwrap_or(0),
                distinct_responses: responses.get(&id).copied().unwrap_or(0),
                duration_us: Sizes::from(&row.duration),
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
                statuses: Vec::new(),
                request_bytes: Sketch::default(),
                response_bytes: Sketch::default(),
                duration: Sketch::default(),
            });
            rows.len() as EndpointId - 1
        })
    }
}

/// An endpoint answers with a handful of statuses, so that a scan beats a map.
fn count_status(statuses: &mut Vec<(u16, u64)>, status: u16, count: u64) {
    match statuses.iter_mut().find(|(known, _)| *known == status) {
        Some((_, known)) => *known += count,
        None => statuses.push((status, count)),
    }
}

fn most_frequent_statuses(statuses: &[(u16, u64)]) -> Vec<u16> {
    let mut sorted = statuses.to_vec();
    sorted.sort_unstable_by_key(|&(status, count)| (std::cmp::Reverse(count), status));
    sorted.into_iter().map(|(status, _)| status).collect()
}
