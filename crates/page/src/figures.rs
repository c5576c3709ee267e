//! The numbers of the static part of the page, from the same cells that the script counts.

use std::collections::{BTreeMap, HashMap};

use crate::counts::{RequestCounts, bucket_middle, failed};
use crate::waiting::WaitingCells;

/// Groups with a colour of their own in the chart of errors.
pub(crate) const COLOURED: usize = 6;

/// Kinds of keys with a colour of their own.
const KINDS: usize = 3;

/// An endpoint with its counts.
#[derive(Debug, Default)]
pub(crate) struct EndpointFigures {
    pub(crate) endpoint: i32,
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    durations: BTreeMap<u16, u64>,
}

/// A flow with its counts.
#[derive(Debug, Default)]
pub(crate) struct FlowFigures {
    pub(crate) flow: i32,
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    /// Failed requests in each step of time.
    pub(crate) by_bin: Vec<u64>,
}

/// What the page says before anybody asks.
#[derive(Debug, Default)]
pub(crate) struct PageFigures {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) errors: u64,
    /// First and last step with a failed request, and the step with most.
    pub(crate) first: Option<usize>,
    pub(crate) last: Option<usize>,
    pub(crate) busiest: Option<(usize, u64)>,
    /// Errors by side, most first; -1 where it is not known.
    pub(crate) sides: Vec<(i32, u64)>,
    /// Errors of each of the most frequent groups in each step of time, then of all others together.
    pub(crate) errors_by_bin: Vec<Vec<u64>>,
    /// Errors of the shown groups in each step of time.
    pub(crate) sparks: Vec<Vec<u64>>,
    /// Flows, most failed first.
    pub(crate) flows: Vec<FlowFigures>,
    /// Endpoints, most failed first.
    pub(crate) endpoints: Vec<EndpointFigures>,
    /// Open keys by kind, most first.
    pub(crate) waiting: Vec<(i32, u64)>,
    /// Keys that had failed and not yet succeeded in each step of time, for the most frequent kinds and all others.
    pub(crate) waiting_by_bin: Vec<Vec<u64>>,
}

impl EndpointFigures {
    /// A percentile of its durations in milliseconds, within 5 %; `None` when no request has one.
    pub(crate) fn duration(&self, share: f64) -> Option<f64> {
        let all: u64 = self.durations.values().sum();
        let wanted = (all as f64 * share).ceil().max(1.0);
        let mut below = 0;
        let bucket = self.durations.iter().find(|(_, count)| {
            below += **count;
            below as f64 >= wanted
        });
        bucket.map(|(bucket, _)| bucket_middle(*bucket))
    }
}

fn most_first(counts: HashMap<i32, u64>) -> Vec<(i32, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    counts
}

impl PageFigures {
    /// The numbers of these cells. `shown` groups get a sparkline.
    pub(crate) fn of(counts: &RequestCounts, waiting: &WaitingCells, shown: usize) -> Self {
        let bins = counts.bins.count;
        let mut figures = Self {
            errors_by_bin: vec![vec![0; bins]; COLOURED + 1],
            sparks: vec![vec![0; bins]; shown],
            ..Self::default()
        };
        figures.count_requests(counts);
        figures.count_waiting(waiting, bins);
        figures
    }

    fn count_requests(&mut self, counts: &RequestCounts) {
        let RequestCounts { cells, sets, kinds, bins, .. } = counts;
        let ends: Vec<usize> = sets
            .len
            .iter()
            .scan(0, |end, len| {
                *end += *len as usize;
                Some(*end)
            })
            .collect();
        let mut failed_by_bin = vec![0; bins.count];
        let mut sides: HashMap<i32, u64> = HashMap::new();
        let mut flows: HashMap<i32, FlowFigures> = HashMap::new();
        let mut endpoints: HashMap<i32, EndpointFigures> = HashMap::new();
        let mut duration = 0;
        for cell in 0..cells.count.len() {
            let count = u64::from(cells.count[cell]);
            let bin = usize::try_from(cells.bin[cell]).ok();
            let failures = if failed(cells.flags[cell]) { count } else { 0 };
            self.requests += count;
            self.failed += failures;
            let flow = flows.entry(cells.flow[cell]).or_insert_with(|| FlowFigures {
                flow: cells.flow[cell],
                by_bin: vec![0; bins.count],
                ..FlowFigures::default()
            });
            flow.requests += count;
            flow.failed += failures;
            if let Some(bin) = bin {
                failed_by_bin[bin] += failures;
                flow.by_bin[bin] += failures;
            }
            let endpoint = endpoints.entry(cells.endpoint[cell]).or_insert_with(|| {
                EndpointFigures { endpoint: cells.endpoint[cell], ..EndpointFigures::default() }
            });
            endpoint.requests += count;
            endpoint.failed += failures;
            for _ in 0..cells.durations[cell] {
                *endpoint.durations.entry(cells.bucket[duration]).or_default() +=
                    u64::from(cells.bucket_count[duration]);
                duration += 1;
            }
            let set = cells.set[cell] as usize;
            for error in ends[set] - sets.len[set] as usize..ends[set] {
                let errors = count * u64::from(sets.count[error]);
                let kind = usize::try_from(sets.kind[error]).unwrap_or_default();
                self.errors += errors;
                *sides.entry(kinds.side[kind]).or_default() += errors;
                let (Some(bin), Ok(group)) = (bin, usize::try_from(kinds.group[kind])) else {
                    continue;
                };
                self.errors_by_bin[group.min(COLOURED)][bin] += errors;
                if let Some(spark) = self.sparks.get_mut(group) {
                    spark[bin] += errors;
                }
            }
        }
        self.first = failed_by_bin.iter().position(|failed| *failed > 0);
        self.last = failed_by_bin.iter().rposition(|failed| *failed > 0);
        let busiest = failed_by_bin.iter().copied().enumerate().rev();
        self.busiest = busiest.max_by_key(|(_, failed)| *failed).filter(|(_, failed)| *failed > 0);
        self.sides = most_first(sides);
        self.flows = flows.into_values().collect();
        self.flows.sort_by_key(|f| (std::cmp::Reverse((f.failed, f.requests)), f.flow));
        self.endpoints = endpoints.into_values().collect();
        self.endpoints.sort_by_key(|e| (std::cmp::Reverse((e.failed, e.requests)), e.endpoint));
    }

    fn count_waiting(&mut self, waiting: &WaitingCells, bins: usize) {
        let cells = || (0..waiting.count.len()).map(|cell| (cell, u64::from(waiting.count[cell])));
        let mut open: HashMap<i32, u64> = HashMap::new();
        for (cell, count) in cells() {
            *open.entry(waiting.kind[cell]).or_default() +=
                if waiting.to[cell] < 0 { count } else { 0 };
        }
        self.waiting = most_first(open);
        self.waiting_by_bin = vec![vec![0; bins]; KINDS + 1];
        for (cell, count) in cells() {
            let kind = self.waiting.iter().position(|(kind, _)| *kind == waiting.kind[cell]);
            let series = &mut self.waiting_by_bin[kind.unwrap_or(KINDS).min(KINDS)];
            let from = usize::try_from(waiting.from[cell]).unwrap_or_default();
            let to = usize::try_from(waiting.to[cell]).unwrap_or(bins);
            series.iter_mut().take(to).skip(from).for_each(|number| *number += count);
        }
        self.waiting.retain(|(_, count)| *count > 0);
    }
}
