//! The few rows that the summary on the terminal shows, picked from the finished tables.

use super::small::SmallTables;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use tables::cell::Micros;
use tables::rows::{Endpoints, ErrorGroupRow, ErrorGroups, KeyRow, Keys};
use tables::{ReadError, Stored};

/// Rows of each kind at most, so that they fit on a screen.
const SHOWN: usize = 10;

/// The worst groups, flows, endpoints and keys, at most ten of each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Top {
    /// Most frequent error groups first.
    pub groups: Vec<TopGroup>,
    /// Flows with most failed exchanges first, then most exchanges, then by name.
    pub flows: Vec<TopName>,
    /// Endpoints in the same order, whatever the flow and step.
    pub endpoints: Vec<TopName>,
    /// Keys whose newest attempt failed, newest first, those without a time last.
    pub open_keys: Vec<OpenKey>,
}

/// An error group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopGroup {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its template, with `<*>` for variables.
    pub template: String,
    /// What kind of error it is.
    pub class: String,
    /// Its side; `None` when unknown.
    pub side: Option<String>,
    /// Its name by a rule of the user.
    pub name: Option<String>,
    /// The code of all its errors, where the code is part of the group.
    pub code: Option<String>,
    /// The field of all its errors.
    pub field: Option<String>,
    /// Whether a retry may help.
    pub retryable: bool,
    /// Errors in it.
    pub count: i64,
    /// Exchanges with such an error.
    pub exchanges: i64,
    /// Keys that it keeps open.
    pub open_keys: i64,
    /// Start of the newest such exchange; `None` when no such exchange has a time.
    pub last_seen: Option<Micros>,
    /// File and place of the first such exchange.
    pub sample: (String, i32),
    /// Text of the first such error, cut at [`MESSAGE_BYTES`](super::MESSAGE_BYTES).
    pub sample_message: String,
}

/// A flow, or an endpoint over all flows and steps.
#[derive(Debug, Clone, PartialEq)]
pub struct TopName {
    /// Its name; `None` for exchanges that have none.
    pub name: Option<String>,
    /// All of its exchanges; never 0.
    pub exchanges: i64,
    /// Those that failed.
    pub failed: i64,
    /// `failed / exchanges`, 0 to 1.
    pub share: f64,
}

/// A key whose newest attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenKey {
    /// The flow; `None` when unknown.
    pub flow: Option<String>,
    /// What the key names: `sku`, `order` and so on.
    pub kind: String,
    /// Its value, as written.
    pub key: String,
    /// Its attempts.
    pub attempts: i64,
    /// Its failed attempts.
    pub failures: i64,
    /// Start of the newest attempt; `None` when no attempt has a time.
    pub last_seen: Option<Micros>,
    /// Fingerprint of the group of its last error; `None` when it failed without a text.
    pub fingerprint: Option<String>,
    /// Text of its last error, cut at [`MESSAGE_BYTES`](super::MESSAGE_BYTES).
    pub message: Option<String>,
}

impl TopGroup {
    fn of(row: &ErrorGroupRow<'_>) -> Self {
        Self {
            fingerprint: row.fingerprint.0.to_owned(),
            template: row.template.0.to_owned(),
            class: row.class.0.to_owned(),
            side: row.side.map(|side| side.0.to_owned()),
            name: row.name.map(|name| name.0.to_owned()),
            code: row.code.map(|code| code.0.to_owned()),
            field: row.field.map(|field| field.0.to_owned()),
            retryable: row.retryable,
            count: row.count,
            exchanges: row.exchanges,
            open_keys: row.open_keys,
            last_seen: row.last_seen,
            sample: (row.sample_file.0.to_owned(), row.sample_record),
            sample_message: row.sample_message.0.to_owned(),
        }
    }
}

impl OpenKey {
    fn of(row: &KeyRow<'_>) -> Self {
        Self {
            flow: row.flow.map(|flow| flow.0.to_owned()),
            kind: row.key_kind.0.to_owned(),
            key: row.key.0.to_owned(),
            attempts: row.attempts,
            failures: row.failures,
            last_seen: row.last_seen,
            fingerprint: row.last_fingerprint.map(|fingerprint| fingerprint.0.to_owned()),
            message: row.last_message.map(|message| message.0.to_owned()),
        }
    }
}

impl SmallTables<'_> {
    /// Picks the rows to show.
    pub fn top(&self) -> Top {
        let endpoints = || self.endpoints.iter();
        let by_flow = endpoints().map(|row| (row.flow.map(|f| f.0), row.exchanges, row.failed));
        let by_endpoint =
            endpoints().map(|row| (row.endpoint.map(|e| e.0), row.exchanges, row.failed));
        let mut open: Vec<&KeyRow<'_>> = self.keys.iter().filter(|row| row.open).collect();
        open.sort_by_key(|row| Reverse(row.last_seen));
        Top {
            groups: self.error_groups.iter().take(SHOWN).map(TopGroup::of).collect(),
            flows: worst(by_flow),
            endpoints: worst(by_endpoint),
            open_keys: open.into_iter().take(SHOWN).map(OpenKey::of).collect(),
        }
    }
}

impl Top {
    /// The rows to show of a finished report: the same as when it was made. Memory is that of one row group.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub fn of_report(report: &Stored) -> Result<Self, ReadError> {
        let mut groups = Vec::new();
        let mut table = report.table::<ErrorGroups>()?;
        for group in 0..table.groups() {
            let rows = table.read::<ErrorGroups>(group)?;
            groups.extend(rows.iter().take(SHOWN - groups.len()).map(|row| TopGroup::of(&row)));
        }
        let (mut flows, mut endpoints) = (Vec::new(), Vec::new());
        let mut table = report.table::<Endpoints>()?;
        for group in 0..table.groups() {
            let rows = table.read::<Endpoints>(group)?;
            for row in rows.iter() {
                let counts = (row.exchanges, row.failed);
                flows.push((row.flow.map(|flow| flow.0.to_owned()), counts));
                endpoints.push((row.endpoint.map(|endpoint| endpoint.0.to_owned()), counts));
            }
        }
        let mut open_keys = Vec::new();
        let mut table = report.table::<Keys>()?;
        for group in 0..table.groups() {
            let rows = table.read::<Keys>(group)?;
            open_keys.extend(rows.iter().filter(|row| row.open).map(|row| OpenKey::of(&row)));
            open_keys.sort_by_key(|key: &OpenKey| Reverse(key.last_seen));
            open_keys.truncate(SHOWN);
        }
        let named = |rows: Vec<(Option<String>, (i64, i64))>| {
            worst(rows.iter().map(|(name, (all, failed))| (name.as_deref(), *all, *failed)))
        };
        Ok(Self { groups, flows: named(flows), endpoints: named(endpoints), open_keys })
    }
}

/// Sums exchanges and failures by name, and returns the worst.
fn worst<'a>(rows: impl Iterator<Item = (Option<&'a str>, i64, i64)>) -> Vec<TopName> {
    let mut sums: BTreeMap<Option<&str>, (i64, i64)> = BTreeMap::new();
    for (name, exchanges, failed) in rows {
        let sum = sums.entry(name).or_default();
        *sum = (sum.0 + exchanges, sum.1 + failed);
    }
    let mut worst: Vec<_> = sums.into_iter().collect();
    worst.sort_by_key(|&(name, (exchanges, failed))| (Reverse(failed), Reverse(exchanges), name));
    worst.truncate(SHOWN);
    let rows = worst.into_iter().map(|(name, (exchanges, failed))| TopName {
        name: name.map(str::to_owned),
        exchanges,
        failed,
        share: failed as f64 / exchanges as f64,
    });
    rows.collect()
}
