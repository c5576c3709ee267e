//! The few rows that the summary on the terminal shows, picked from the finished tables.

use super::RecordPlace;
use super::keys::KeyRow;
use super::tables::Tables;
use model::time::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// At most this many rows of each kind: a screen.
const SHOWN: usize = 10;

/// What is worst, at most ten rows of each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Top {
    /// Most frequent error groups first.
    pub groups: Vec<TopGroup>,
    /// Flows with most failed exchanges first, then most exchanges, then by name.
    pub flows: Vec<TopFlow>,
    /// Endpoints in the same order, whatever the flow and step.
    pub endpoints: Vec<TopEndpoint>,
    /// Keys whose newest attempt failed, newest first, those without a time last.
    pub open_keys: Vec<OpenKey>,
}

/// An error group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopGroup {
    /// Its fingerprint.
    pub group: String,
    /// Its text with `<*>` for what varies.
    pub template: String,
    /// What kind of error it is.
    pub class: &'static str,
    /// On which side it arose; `None` when nothing tells.
    pub side: Option<&'static str>,
    /// What a rule of the user calls it.
    pub name: Option<String>,
    /// The code that all its errors carry, where that tells causes apart.
    pub code: Option<String>,
    /// The field that all of them speak of.
    pub field: Option<String>,
    /// Whether trying again may help.
    pub retryable: bool,
    /// Errors in it.
    pub count: u64,
    /// Exchanges with such an error.
    pub exchanges: u64,
    /// Keys that still wait for it.
    pub open_keys: u64,
    /// Start of the newest such exchange; `None` when no such exchange has a time.
    pub last_seen: Option<Timestamp>,
    /// File and place of the first such exchange.
    pub sample: (String, u32),
    /// Text of the first such error, cut at [`MESSAGE_BYTES`](super::MESSAGE_BYTES).
    pub sample_message: String,
}

/// A flow.
#[derive(Debug, Clone, PartialEq)]
pub struct TopFlow {
    /// Its name; `None` for exchanges that belong to no known flow.
    pub flow: Option<String>,
    /// All of its exchanges; never 0.
    pub exchanges: u64,
    /// Those that failed.
    pub failed: u64,
    /// `failed / exchanges`, 0 to 1.
    pub share: f64,
}

/// An endpoint, over all flows and steps.
#[derive(Debug, Clone, PartialEq)]
pub struct TopEndpoint {
    /// Method, host and masked path; `None` for exchanges that have none of them.
    pub endpoint: Option<String>,
    /// All of its exchanges; never 0.
    pub exchanges: u64,
    /// Those that failed.
    pub failed: u64,
    /// `failed / exchanges`, 0 to 1.
    pub share: f64,
}

/// A key whose newest attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenKey {
    /// The flow; `None` when unknown.
    pub flow: Option<String>,
    /// What the key names: `sku`, `order` and so on.
    pub kind: &'static str,
    /// Its value, as written.
    pub key: String,
    /// How often it was tried.
    pub attempts: u64,
    /// How often that failed.
    pub failures: u64,
    /// Start of the newest attempt; `None` when no attempt has a time.
    pub last_seen: Option<Timestamp>,
    /// Fingerprint of the group of its last error; `None` when it failed without a text.
    pub group: Option<String>,
    /// Text of its last error, cut at [`MESSAGE_BYTES`](super::MESSAGE_BYTES).
    pub message: Option<String>,
}

impl Tables<'_> {
    /// Picks the rows to show; `sample` gives file and record of a place.
    pub(super) fn top<'f>(&self, file_name: &dyn Fn(u32) -> &'f str) -> Top {
        let sample = |place: RecordPlace| (file_name(place.file).to_owned(), place.record);
        let groups = self.error_groups.iter().take(SHOWN).map(|row| TopGroup {
            group: row.group.to_owned(),
            template: row.template.to_owned(),
            class: row.class,
            side: row.side,
            name: row.name.map(str::to_owned),
            code: row.code.map(str::to_owned),
            field: row.field.map(str::to_owned),
            retryable: row.retryable,
            count: row.count,
            exchanges: row.exchanges,
            open_keys: row.open_keys,
            last_seen: row.last_seen,
            sample: sample(row.sample),
            sample_message: row.sample_message.to_owned(),
        });
        let flows = worst(self.endpoints.iter().map(|row| (row.flow, row.exchanges, row.failed)));
        let flows = flows.into_iter().map(|(flow, exchanges, failed, share)| TopFlow {
            flow: flow.map(str::to_owned),
            exchanges,
            failed,
            share,
        });
        let endpoints = self.endpoints.iter().map(|row| (row.endpoint, row.exchanges, row.failed));
        let endpoints = worst(endpoints).into_iter().map(|(endpoint, exchanges, failed, share)| {
            TopEndpoint { endpoint: endpoint.map(str::to_owned), exchanges, failed, share }
        });
        let mut open: Vec<&KeyRow<'_>> = self.keys.iter().filter(|row| row.open).collect();
        open.sort_by_key(|row| Reverse(row.last_seen));
        let open = open.into_iter().take(SHOWN).map(|row| OpenKey {
            flow: row.flow.map(str::to_owned),
            kind: row.kind,
            key: row.key.to_owned(),
            attempts: row.attempts,
            failures: row.failures,
            last_seen: row.last_seen,
            group: row.last_group.map(str::to_owned),
            message: row.last_message.map(str::to_owned),
        });
        Top {
            groups: groups.collect(),
            flows: flows.collect(),
            endpoints: endpoints.collect(),
            open_keys: open.collect(),
        }
    }
}

/// Sums exchanges and failures by name and gives the worst: name, exchanges, failed, share.
fn worst<'a>(
    rows: impl Iterator<Item = (Option<&'a str>, u64, u64)>,
) -> Vec<(Option<&'a str>, u64, u64, f64)> {
    let mut sums: BTreeMap<Option<&str>, (u64, u64)> = BTreeMap::new();
    for (name, exchanges, failed) in rows {
        let sum = sums.entry(name).or_default();
        *sum = (sum.0 + exchanges, sum.1 + failed);
    }
    let mut worst: Vec<_> = sums.into_iter().collect();
    worst.sort_by_key(|&(name, (exchanges, failed))| (Reverse(failed), Reverse(exchanges), name));
    worst.truncate(SHOWN);
    let shares = worst.into_iter().map(|(name, (exchanges, failed))| {
        (name, exchanges, failed, failed as f64 / exchanges as f64)
    });
    shares.collect()
}
