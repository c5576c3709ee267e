//! How many requests and errors there are of each kind in each step of time: what every chart and number is made of.
//!
//! A *cell* counts the requests that agree in everything that a chart or a query can ask without looking at single
//! requests: step of time, flow, step of the flow, endpoint, status, outcome, state, and errors by kind.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use tables::cell::{
    ClassWord, EndpointName, Fingerprint, FlowName, KeyKindWord, KeyValue, MessageText, Micros,
    OutcomeWord, SideWord, StepName,
};
use tables::rows::{ErrorGroups, Errors, Exchanges};
use tables::{Batch, ReadError, Stored};

use crate::bins::TimeBins;
use crate::names::NameList;
use crate::waiting::{FailedKeys, KeyPlace};

/// Requests that are kept for each group: so many of the newest, and as many with different messages.
const KEPT: usize = 20;

/// Messages are told apart by their first bytes.
const TOLD_APART: usize = 300;

tables::select! {
    /// What is counted of a request.
    struct CountedRequest<'b> from Exchanges {
        exchange: i64,
        flow: Option<FlowName<'b>>,
        step: Option<StepName<'b>>,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
        started_at: Option<Micros>,
        duration_ms: Option<f64>,
        endpoint: Option<EndpointName<'b>>,
        status: Option<i32>,
        outcome: OutcomeWord<'b>,
        response_truncated: bool,
    }
}

tables::select! {
    /// What is counted of an error.
    struct ErrorToCount<'b> from Errors {
        exchange: i64,
        fingerprint: Fingerprint<'b>,
        class: ClassWord<'b>,
        message: MessageText<'b>,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
        side: Option<SideWord<'b>>,
        started_at: Option<Micros>,
        flow: Option<FlowName<'b>>,
    }
}

/// The names that cells use by number.
#[derive(Debug, Default, Serialize)]
pub(crate) struct CountedNames {
    pub(crate) flows: NameList,
    pub(crate) steps: NameList,
    pub(crate) endpoints: NameList,
    pub(crate) classes: NameList,
    pub(crate) sides: NameList,
    pub(crate) key_kinds: NameList,
}

/// Kinds of errors: those of a kind agree in group, class and side. One list for each column.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ErrorKinds {
    pub(crate) group: Vec<i32>,
    pub(crate) class: Vec<i32>,
    pub(crate) side: Vec<i32>,
}

/// Which errors a request can have: for each set how many kinds, then all kinds with how many errors of each, one set
/// after the other. The first set has none.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ErrorSets {
    pub(crate) len: Vec<u32>,
    pub(crate) kind: Vec<i32>,
    pub(crate) count: Vec<u32>,
}

/// The cells, in the order of their values. One list for each column, -1 where there is no value.
#[derive(Debug, Default, Serialize)]
pub(crate) struct CellColumns {
    pub(crate) bin: Vec<i32>,
    pub(crate) flow: Vec<i32>,
    pub(crate) step: Vec<i32>,
    pub(crate) endpoint: Vec<i32>,
    pub(crate) status: Vec<i32>,
    /// [`flags`].
    pub(crate) flags: Vec<u8>,
    /// Place in [`ErrorSets`].
    pub(crate) set: Vec<u32>,
    /// Requests.
    pub(crate) count: Vec<u32>,
    /// How many entries it has in the next two lists.
    pub(crate) durations: Vec<u32>,
    /// [`duration_bucket`].
    pub(crate) bucket: Vec<u16>,
    /// Requests in that bucket.
    pub(crate) bucket_count: Vec<u32>,
}

/// The state of the keys of a request together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WaitingState {
    /// None has failed.
    Good = 0,
    /// One has failed, all have succeeded since.
    Resolved = 1,
    /// One is open.
    Open = 2,
}

/// Outcome (two bits: success, failed, unknown), state (two bits), and whether the response was cut.
pub(crate) fn flags(outcome: &str, state: WaitingState, truncated: bool) -> u8 {
    let outcome = match outcome {
        "success" => 0,
        "failed" => 1,
        _ => 2,
    };
    outcome | (state as u8) << 2 | u8::from(truncated) << 4
}

/// Whether such flags are those of a failed request.
pub(crate) fn failed(flags: u8) -> bool {
    flags & 3 == 1
}

/// Eight buckets for each doubling, so that the middle of one is within 5 % of every duration in it.
#[expect(clippy::cast_sign_loss, reason = "the logarithm of 1 or more is not negative")]
fn duration_bucket(ms: f64) -> u16 {
    (ms.max(1.0).log2() * 8.0) as u16
}

/// The middle of a bucket, milliseconds.
pub(crate) fn bucket_middle(bucket: u16) -> f64 {
    ((f64::from(bucket) + 0.5) / 8.0).exp2()
}

/// The requests of a group that may be shown.
#[derive(Debug, Default)]
pub(crate) struct GroupRequests {
    /// Time and id of the newest; the last is the newest of all.
    pub(crate) newest: BTreeSet<(i64, i64)>,
    /// The newest with each message, by the beginning of the message.
    pub(crate) different: BTreeMap<String, (i64, i64)>,
}

impl GroupRequests {
    fn add(&mut self, time: i64, id: i64, message: &str) {
        self.newest.insert((time, id));
        if self.newest.len() > KEPT {
            self.newest.pop_first();
        }
        let message = &message[..message.floor_char_boundary(TOLD_APART)];
        if let Some(known) = self.different.get_mut(message) {
            *known = (*known).max((time, id));
        } else if self.different.len() < KEPT {
            self.different.insert(message.to_owned(), (time, id));
        }
    }
}

/// All counts of a report.
#[derive(Debug)]
pub(crate) struct RequestCounts {
    pub(crate) bins: TimeBins,
    pub(crate) names: CountedNames,
    pub(crate) kinds: ErrorKinds,
    pub(crate) sets: ErrorSets,
    pub(crate) cells: CellColumns,
    /// By the place of the group in `error_groups`.
    pub(crate) by_group: Vec<GroupRequests>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct CellName {
    bin: i32,
    flow: i32,
    step: i32,
    endpoint: i32,
    status: i32,
    flags: u8,
    set: u32,
}

#[derive(Debug, Default)]
struct CellCounts {
    count: u32,
    durations: BTreeMap<u16, u32>,
}

/// An error of a request, while requests are counted.
#[derive(Debug, Clone, Copy)]
struct PlacedError {
    exchange: i64,
    kind: i32,
    state: WaitingState,
}

impl RequestCounts {
    /// Counts all requests and errors. Adds to the keys when they failed first, and in which requests they were tried.
    /// `names` are those that keys use already.
    pub(crate) fn read(
        report: &Stored,
        groups: &Batch<ErrorGroups>,
        keys: &mut FailedKeys,
        names: CountedNames,
    ) -> Result<Self, ReadError> {
        let mut counts = Self {
            bins: TimeBins::of(report)?,
            names,
            kinds: ErrorKinds::default(),
            sets: ErrorSets::default(),
            cells: CellColumns::default(),
            by_group: groups.rows().map(|_| GroupRequests::default()).collect(),
        };
        let errors = counts.read_errors(report, groups, keys)?;
        counts.read_requests(report, &errors, keys)?;
        Ok(counts)
    }

    fn read_errors(
        &mut self,
        report: &Stored,
        groups: &Batch<ErrorGroups>,
        keys: &mut FailedKeys,
    ) -> Result<Vec<PlacedError>, ReadError> {
        let rows: Vec<_> = groups.rows().collect();
        let places: HashMap<&str, usize> =
            rows.iter().enumerate().map(|(place, row)| (row.fingerprint.0, place)).collect();
        let mut kinds: HashMap<(i32, i32, i32), i32> = HashMap::new();
        let mut placed = Vec::new();
        let mut table = report.table::<Errors>()?;
        for group in 0..table.groups() {
            for error in table.read::<ErrorToCount<'_>>(group)?.iter() {
                let place = places.get(error.fingerprint.0).copied();
                let kind = (
                    place.and_then(|place| i32::try_from(place).ok()).unwrap_or(-1),
                    self.names.classes.place(Some(error.class.0)),
                    self.names.sides.place(error.side.map(|side| side.0)),
                );
                let kind = *kinds.entry(kind).or_insert_with(|| {
                    self.kinds.group.push(kind.0);
                    self.kinds.class.push(kind.1);
                    self.kinds.side.push(kind.2);
                    i32::try_from(self.kinds.group.len()).unwrap_or(i32::MAX) - 1
                });
                let time = error.started_at.map_or(i64::MIN, |at| at.0);
                if let Some(place) = place {
                    self.by_group[place].add(time, error.exchange, error.message.0);
                }
                let key = error.key_kind.zip(error.key);
                let key = key.and_then(|(kind, key)| keys.find(error.flow, kind, key));
                if let Some(key) = key {
                    keys.add_failure(key, error.started_at, error.exchange);
                }
                let state = key.map_or(WaitingState::Good, KeyPlace::state);
                placed.push(PlacedError { exchange: error.exchange, kind, state });
            }
        }
        Ok(placed)
    }

    fn read_requests(
        &mut self,
        report: &Stored,
        errors: &[PlacedError],
        keys: &mut FailedKeys,
    ) -> Result<(), ReadError> {
        let mut sets: HashMap<Vec<(i32, u32)>, u32> = HashMap::from([(Vec::new(), 0)]);
        self.sets.len.push(0);
        let mut cells: HashMap<CellName, CellCounts> = HashMap::new();
        // Both tables are in the order of exchanges.
        let mut rest = errors;
        let mut set: Vec<(i32, u32)> = Vec::new();
        let mut table = report.table::<Exchanges>()?;
        for group in 0..table.groups() {
            for row in table.read::<CountedRequest<'_>>(group)?.iter() {
                let before = rest.partition_point(|error| error.exchange < row.exchange);
                rest = &rest[before..];
                let own = rest.iter().take_while(|error| error.exchange == row.exchange).count();
                let (errors, after) = rest.split_at(own);
                rest = after;
                let key = row.key_kind.zip(row.key);
                let key = key.and_then(|(kind, key)| keys.find(row.flow, kind, key));
                if let Some(key) = key {
                    keys.add_attempt(key, row.started_at, row.exchange);
                }
                let state = key.map_or(WaitingState::Good, KeyPlace::state);
                let state = errors.iter().map(|error| error.state).fold(state, WaitingState::max);
                set.clear();
                for error in errors {
                    match set.iter_mut().find(|(kind, _)| *kind == error.kind) {
                        Some((_, count)) => *count += 1,
                        None => set.push((error.kind, 1)),
                    }
                }
                set.sort_unstable();
                let set = match sets.get(&set) {
                    Some(place) => *place,
                    None => self.add_set(&mut sets, &set),
                };
                let bin = row.started_at.and_then(|at| self.bins.place(at));
                let name = CellName {
                    bin: bin.and_then(|bin| i32::try_from(bin).ok()).unwrap_or(-1),
                    flow: self.names.flows.place(row.flow.map(|flow| flow.0)),
                    step: self.names.steps.place(row.step.map(|step| step.0)),
                    endpoint: self.names.endpoints.place(row.endpoint.map(|endpoint| endpoint.0)),
                    status: row.status.unwrap_or(-1),
                    flags: flags(row.outcome.0, state, row.response_truncated),
                    set,
                };
                let cell = cells.entry(name).or_default();
                cell.count += 1;
                if let Some(ms) = row.duration_ms.filter(|ms| ms.is_finite()) {
                    *cell.durations.entry(duration_bucket(ms)).or_default() += 1;
                }
            }
        }
        let mut cells: Vec<_> = cells.into_iter().collect();
        cells.sort_unstable_by_key(|(name, _)| *name);
        for (name, counts) in &cells {
            self.cells.push(name, counts);
        }
        Ok(())
    }

    fn add_set(&mut self, sets: &mut HashMap<Vec<(i32, u32)>, u32>, set: &[(i32, u32)]) -> u32 {
        let place = u32::try_from(self.sets.len.len()).unwrap_or(u32::MAX);
        self.sets.len.push(u32::try_from(set.len()).unwrap_or(u32::MAX));
        for (kind, count) in set {
            self.sets.kind.push(*kind);
            self.sets.count.push(*count);
        }
        sets.insert(set.to_vec(), place);
        place
    }
}

impl CellColumns {
    fn push(&mut self, name: &CellName, counts: &CellCounts) {
        self.bin.push(name.bin);
        self.flow.push(name.flow);
        self.step.push(name.step);
        self.endpoint.push(name.endpoint);
        self.status.push(name.status);
        self.flags.push(name.flags);
        self.set.push(name.set);
        self.count.push(counts.count);
        self.durations.push(u32::try_from(counts.durations.len()).unwrap_or(u32::MAX));
        for (bucket, count) in &counts.durations {
            self.bucket.push(*bucket);
            self.bucket_count.push(*count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_within_five_percent_of_its_durations() {
        for ms in [1.0, 7.3, 120.0, 2_500.0, 86_400_000.0] {
            let middle = bucket_middle(duration_bucket(ms));
            assert!((middle / ms - 1.0).abs() < 0.05, "{ms}: {middle}");
        }
        assert_eq!(duration_bucket(-1.0), 0);
    }

    #[test]
    fn newest_requests_and_different_messages_are_kept() {
        let mut kept = GroupRequests::default();
        for n in 0..100 {
            kept.add(n, n, if n % 2 == 0 { "even" } else { "odd" });
        }
        assert_eq!((kept.newest.len(), kept.newest.first()), (20, Some(&(80, 80))));
        assert_eq!(kept.different["even"], (98, 98));
    }
}
