//! Keys that failed: which wait, since when, and how many waited at any time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use tables::cell::{Fingerprint, FlowName, KeyKindWord, KeyValue, MessageText, Micros};
use tables::rows::Keys;
use tables::{ReadError, Stored};

use crate::bins::TimeBins;
use crate::counts::{CountedNames, WaitingState};
use crate::shown::{Masker, ShownText, plain};

/// Most open keys in a page.
const OPEN_KEYS: usize = 50_000;

/// Attempts that are kept for each open key, the newest.
const ATTEMPTS: usize = 20;

tables::select! {
    /// A key as the page shows it.
    struct ShownKey<'b> from Keys {
        flow: Option<FlowName<'b>>,
        key_kind: KeyKindWord<'b>,
        key: KeyValue<'b>,
        attempts: i64,
        failures: i64,
        first_seen: Option<Micros>,
        last_seen: Option<Micros>,
        open: bool,
        last_fingerprint: Option<Fingerprint<'b>>,
        last_message: Option<MessageText<'b>>,
    }
}

/// Which key, and its state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyPlace {
    place: usize,
    open: bool,
}

impl KeyPlace {
    /// Its state.
    pub(crate) fn state(self) -> WaitingState {
        if self.open { WaitingState::Open } else { WaitingState::Resolved }
    }
}

#[derive(Debug)]
struct FailedKey {
    flow: i32,
    kind: i32,
    key: ShownText<'static>,
    attempts: i64,
    failures: i64,
    first_seen: Option<Micros>,
    last_seen: Option<Micros>,
    first_failure: Option<Micros>,
    open: bool,
    /// Place of its group, -1 when there is none.
    group: i32,
    message: Option<ShownText<'static>>,
    /// Time and id of its requests, for an open key: the newest.
    requests: BTreeSet<(i64, i64)>,
    /// The newest request that failed.
    failed_request: Option<(i64, i64)>,
}

/// The keys with a failed attempt, in the order of the table `keys`.
#[derive(Debug, Default)]
pub(crate) struct FailedKeys {
    keys: Vec<FailedKey>,
    places: HashMap<String, KeyPlace>,
    name: String,
}

/// How many keys failed and succeeded when. One list for each column.
#[derive(Debug, Default, Serialize)]
pub(crate) struct WaitingCells {
    pub(crate) flow: Vec<i32>,
    pub(crate) kind: Vec<i32>,
    /// Of the newest error.
    pub(crate) group: Vec<i32>,
    /// Step of the first failure.
    pub(crate) from: Vec<i32>,
    /// Step of the newest attempt, when that succeeded; -1 for an open key.
    pub(crate) to: Vec<i32>,
    pub(crate) count: Vec<u32>,
}

/// The open keys, those that were tried last first. One list for each column.
#[derive(Debug, Default, Serialize)]
pub(crate) struct OpenKeyColumns {
    pub(crate) flow: Vec<i32>,
    pub(crate) kind: Vec<i32>,
    pub(crate) key: Vec<ShownText<'static>>,
    pub(crate) attempts: Vec<i64>,
    pub(crate) failures: Vec<i64>,
    pub(crate) since: Vec<Option<i64>>,
    pub(crate) last: Vec<Option<i64>>,
    pub(crate) group: Vec<i32>,
    /// Of the newest error.
    pub(crate) message: Vec<Option<ShownText<'static>>>,
    /// How many there are, those included that are left out.
    pub(crate) all: usize,
}

/// A request of an open key: how new the key is among the open ones, and time and id of the request.
pub(crate) type KeyRequest = (usize, i64, i64);

fn write_name(
    name: &mut String,
    flow: Option<FlowName<'_>>,
    KeyKindWord(kind): KeyKindWord<'_>,
    KeyValue(key): KeyValue<'_>,
) {
    name.clear();
    // A unit separator, which no name has, keeps the three apart.
    name.extend([flow.map_or("", |flow| flow.0), "\u{1f}", kind, "\u{1f}", key]);
}

impl FailedKeys {
    /// Reads the keys with a failed attempt. `groups` are the places of groups by fingerprint.
    pub(crate) fn read(
        report: &Stored,
        groups: &HashMap<&str, i32>,
        names: &mut CountedNames,
        masker: &Masker,
    ) -> Result<Self, ReadError> {
        let mut keys = Self::default();
        let mut table = report.table::<Keys>()?;
        for group in 0..table.groups() {
            let rows = table.read::<ShownKey<'_>>(group)?;
            for row in rows.iter().filter(|row| row.failures > 0) {
                write_name(&mut keys.name, row.flow, row.key_kind, row.key);
                let place = KeyPlace { place: keys.keys.len(), open: row.open };
                keys.places.insert(keys.name.clone(), place);
                let group = row.last_fingerprint.and_then(|name| groups.get(name.0));
                keys.keys.push(FailedKey {
                    flow: names.flows.place(row.flow.map(|flow| flow.0)),
                    kind: names.key_kinds.place(Some(row.key_kind.0)),
                    key: plain(row.key.0).into_owned(),
                    attempts: row.attempts,
                    failures: row.failures,
                    first_seen: row.first_seen,
                    last_seen: row.last_seen,
                    first_failure: None,
                    open: row.open,
                    group: group.copied().unwrap_or(-1),
                    message: row.last_message.map(|text| masker.shown(text.0).cut(400)),
                    requests: BTreeSet::new(),
                    failed_request: None,
                });
            }
        }
        Ok(keys)
    }

    /// The key, when an attempt at it failed.
    pub(crate) fn find(
        &mut self,
        flow: Option<FlowName<'_>>,
        kind: KeyKindWord<'_>,
        key: KeyValue<'_>,
    ) -> Option<KeyPlace> {
        write_name(&mut self.name, flow, kind, key);
        self.places.get(self.name.as_str()).copied()
    }

    /// A failed attempt at a key.
    pub(crate) fn add_failure(&mut self, at: KeyPlace, time: Option<Micros>, id: i64) {
        let key = &mut self.keys[at.place];
        key.first_failure = [key.first_failure, time].into_iter().flatten().min();
        key.failed_request = key.failed_request.max(Some((time.map_or(i64::MIN, |t| t.0), id)));
        self.add_attempt(at, time, id);
    }

    /// An attempt at a key.
    pub(crate) fn add_attempt(&mut self, at: KeyPlace, time: Option<Micros>, id: i64) {
        let key = &mut self.keys[at.place];
        if key.open {
            key.requests.insert((time.map_or(i64::MIN, |time| time.0), id));
            if key.requests.len() > ATTEMPTS {
                key.requests.pop_first();
            }
        }
    }

    fn newest_open(&self) -> Vec<&FailedKey> {
        let mut open: Vec<_> = self.keys.iter().filter(|key| key.open).collect();
        open.sort_by_key(|key| std::cmp::Reverse(key.last_seen));
        open
    }

    /// How many keys failed and succeeded when.
    pub(crate) fn cells(&self, bins: &TimeBins) -> WaitingCells {
        let place = |at: Option<Micros>| {
            let place =
                at.and_then(|at| bins.place(at)).and_then(|place| i32::try_from(place).ok());
            place.unwrap_or(-1)
        };
        let mut counts: BTreeMap<[i32; 5], u32> = BTreeMap::new();
        for key in &self.keys {
            let to = if key.open { -1 } else { place(key.last_seen).max(0) };
            let from = place(key.first_failure.or(key.first_seen)).max(0);
            *counts.entry([key.flow, key.kind, key.group, from, to]).or_default() += 1;
        }
        let mut cells = WaitingCells::default();
        for ([flow, kind, group, from, to], count) in counts {
            cells.flow.push(flow);
            cells.kind.push(kind);
            cells.group.push(group);
            cells.from.push(from);
            cells.to.push(to);
            cells.count.push(count);
        }
        cells
    }

    /// The open keys.
    pub(crate) fn open_keys(&self) -> OpenKeyColumns {
        let open = self.newest_open();
        let mut columns = OpenKeyColumns { all: open.len(), ..OpenKeyColumns::default() };
        for key in open.into_iter().take(OPEN_KEYS) {
            columns.flow.push(key.flow);
            columns.kind.push(key.kind);
            columns.key.push(key.key.clone());
            columns.attempts.push(key.attempts);
            columns.failures.push(key.failures);
            columns.since.push(key.first_failure.or(key.first_seen).map(|at| at.0));
            columns.last.push(key.last_seen.map(|at| at.0));
            columns.group.push(key.group);
            columns.message.push(key.message.clone());
        }
        columns
    }

    /// The newest failed request of each open key, and the other requests of the open keys.
    pub(crate) fn requests(&self) -> (Vec<KeyRequest>, Vec<KeyRequest>) {
        let (mut failed, mut others) = (Vec::new(), Vec::new());
        for (rank, key) in self.newest_open().into_iter().take(OPEN_KEYS).enumerate() {
            for request in &key.requests {
                let of_key = (rank, request.0, request.1);
                if Some(*request) == key.failed_request {
                    failed.push(of_key);
                } else {
                    others.push(of_key);
                }
            }
        }
        (failed, others)
    }
}
