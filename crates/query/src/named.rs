//! What `show` is asked for: a key, a request or an error group by its name, and the requests of each.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use tables::cell::{FileName, Fingerprint, FlowName, KeyKindWord, KeyValue, Micros};
use tables::rows::{Errors, Exchanges, Keys};
use tables::{ReadError, Stored};

use crate::bulk_row::has_row;
use crate::groups::{groups, read_errors};
use crate::keys::KeyState;
use crate::nearest::nearest;
use crate::requests::{ExchangeId, RequestBodies, joint_state};

/// Something that requests belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedTarget {
    /// An order, a product and so on, in all flows.
    Key {
        /// `sku`, `order` and so on.
        kind: String,
        /// Its value.
        key: String,
    },
    /// A request: `exchanges.exchange`.
    Exchange(i64),
    /// An error group, by its whole fingerprint.
    Group(String),
}

impl NamedTarget {
    /// The name that means this alone.
    fn full_name(&self) -> String {
        match self {
            Self::Key { kind, key } => format!("{kind}:{key}"),
            Self::Exchange(id) => format!("exchange:{id}"),
            Self::Group(fingerprint) => format!("group:{fingerprint}"),
        }
    }
}

/// Why a name means nothing, or not one thing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The report could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nothing has this name.
    #[error(
        "{name}: no such key, request or error group{}\na key is named by its value, a request by its number (`exchange`), a group by its 16 digits (`fingerprint`)",
        nearest.as_ref().map(|nearest| format!(" (did you mean {nearest}?)")).unwrap_or_default()
    )]
    Unknown {
        /// The name.
        name: String,
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// Several things have this name.
    #[error("{name}: several have this name: {}\nwrite one of these", names.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// Names that mean one thing alone.
        names: Vec<String>,
    },
}

tables::select! {
    /// A key and how often it was tried.
    struct TriedKey<'b> from Keys {
        flow: Option<FlowName<'b>>,
        key_kind: KeyKindWord<'b>,
        key: KeyValue<'b>,
        attempts: i64,
        failures: i64,
        open: bool,
    }
}

tables::select! {
    /// A key.
    struct KeyOfKind<'b> from Keys {
        key_kind: KeyKindWord<'b>,
        key: KeyValue<'b>,
    }
}

tables::select! {
    /// The key of an exchange.
    struct ExchangeKey<'b> from Exchanges {
        exchange: i64,
        flow: Option<FlowName<'b>>,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
        started_at: Option<Micros>,
    }
}

tables::select! {
    /// The key of an error.
    struct KeyOfError<'b> from Errors {
        exchange: i64,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
    }
}

tables::select! {
    /// The exchange of an error.
    struct ExchangeOfError<'b> from Errors {
        exchange: i64,
        /// Every selection has a text.
        file: FileName<'b>,
        started_at: Option<Micros>,
    }
}

/// What a name means: a key by its value, a request by its number, a group by its 16 digits. With `exchange:`,
/// `group:`, `key:` or a kind of key (`sku:`) before it, it means only that.
///
/// # Errors
/// When nothing has the name, or several things have it.
pub fn find_named(report: &Stored, name: &str) -> Result<NamedTarget, NameError> {
    const KINDS: [&str; 5] = ["sku", "order", "base_code", "barcode", "record"];
    let (prefix, value) = match name.split_once(':') {
        Some((prefix @ ("exchange" | "group" | "key"), value)) => (Some(prefix), value),
        Some((prefix, value)) if KINDS.contains(&prefix) => (Some(prefix), value),
        _ => (None, name),
    };
    let is = |wanted: &str| prefix.is_none_or(|prefix| prefix == wanted);
    let mut found = Vec::new();
    if is("group") && value.len() == 16 {
        let lower = value.to_ascii_lowercase();
        let groups = groups(report)?;
        let known = groups.rows().any(|group| group.fingerprint.0 == lower);
        found.extend(known.then_some(NamedTarget::Group(lower)));
    }
    if let (true, Ok(id)) = (is("exchange"), value.parse::<i64>())
        && has_exchange(report, id)?
    {
        found.push(NamedTarget::Exchange(id));
    }
    if !matches!(prefix, Some("exchange" | "group")) {
        let kind = prefix.filter(|prefix| *prefix != "key");
        let kinds = kinds_of(report, value)?.into_iter();
        let kinds = kinds.filter(|of| kind.is_none_or(|kind| kind == of));
        found.extend(kinds.map(|kind| NamedTarget::Key { kind, key: value.to_owned() }));
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => {
            Err(NameError::Unknown { name: name.to_owned(), nearest: nearest_key(report, value)? })
        }
        _ => {
            let names = found.iter().map(NamedTarget::full_name).collect();
            Err(NameError::Ambiguous { name: name.to_owned(), names })
        }
    }
}

fn has_exchange(report: &Stored, id: i64) -> Result<bool, ReadError> {
    let mut table = report.table::<Exchanges>()?;
    for group in 0..table.groups() {
        let within = table.range(group, "exchange").is_none_or(|(a, b)| (a..=b).contains(&id));
        if within && table.read::<ExchangeId<'_>>(group)?.iter().any(|row| row.exchange == id) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The kinds of the keys with this value.
fn kinds_of(report: &Stored, value: &str) -> Result<BTreeSet<String>, ReadError> {
    let mut kinds = BTreeSet::new();
    let mut table = report.table::<Keys>()?;
    for group in 0..table.groups() {
        let keys = table.read::<KeyOfKind<'_>>(group)?;
        let same = keys.iter().filter(|key| key.key.0 == value);
        kinds.extend(same.map(|key| key.key_kind.0.to_owned()));
    }
    Ok(kinds)
}

fn nearest_key(report: &Stored, value: &str) -> Result<Option<String>, ReadError> {
    let mut best: Vec<String> = Vec::new();
    let mut table = report.table::<Keys>()?;
    for group in 0..table.groups() {
        let keys = table.read::<KeyOfKind<'_>>(group)?;
        let here = nearest(value, keys.iter().map(|key| key.key.0));
        best.extend(here.map(str::to_owned));
    }
    Ok(nearest(value, best.iter().map(String::as_str)).map(str::to_owned))
}

/// The attempts at a key, in all flows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempts {
    /// The ids of their requests, oldest first, those without a time at the front.
    pub ids: Vec<i64>,
    /// How many attempts the table `keys` counts; a bulk request with several rows of the key counts as several.
    pub attempts: u64,
    /// How many of them failed.
    pub failures: u64,
    /// The state of the key in its flows together.
    pub state: Option<KeyState>,
}

/// The attempts at a key: requests of the key, and bulk requests with a row of it.
///
/// Rows of bulk requests that went well are named only in the bodies of the requests. These are read when the columns
/// do not name as many attempts as the report has counted.
///
/// # Errors
/// When a table cannot be read.
pub fn attempts(report: &Stored, kind: &str, key: &str) -> Result<Attempts, ReadError> {
    let is_key = |of: Option<KeyKindWord<'_>>, value: Option<KeyValue<'_>>| {
        of.zip(value).is_some_and(|(of, value)| of.0 == kind && value.0 == key)
    };
    let mut found = Attempts { ids: Vec::new(), attempts: 0, failures: 0, state: None };
    let mut flows: HashSet<Option<String>> = HashSet::new();
    let mut table = report.table::<Keys>()?;
    for group in 0..table.groups() {
        let keys = table.read::<TriedKey<'_>>(group)?;
        for row in keys.iter().filter(|row| is_key(Some(row.key_kind), Some(row.key))) {
            found.attempts += row.attempts.unsigned_abs();
            found.failures += row.failures.unsigned_abs();
            let state = Some(KeyState::of_counts(row.open, row.failures));
            found.state = joint_state([found.state, state].into_iter());
            flows.insert(row.flow.map(|flow| flow.0.to_owned()));
        }
    }
    let mut with_error: HashSet<i64> = HashSet::new();
    let mut table = report.table::<Errors>()?;
    for group in 0..table.groups() {
        let errors = table.read::<KeyOfError<'_>>(group)?;
        let of_key = errors.iter().filter(|error| is_key(error.key_kind, error.key));
        with_error.extend(of_key.map(|error| error.exchange));
    }
    let mut times: HashMap<i64, Option<Micros>> = HashMap::new();
    let mut table = report.table::<Exchanges>()?;
    let mut others: Vec<(usize, Vec<usize>)> = Vec::new();
    for group in 0..table.groups() {
        let rows = table.read::<ExchangeKey<'_>>(group)?;
        let mut in_flows = Vec::new();
        for (n, row) in rows.iter().enumerate() {
            if is_key(row.key_kind, row.key) || with_error.contains(&row.exchange) {
                times.insert(row.exchange, row.started_at);
            } else if row.key.is_none() && flows.contains(&row.flow.map(|flow| flow.0.to_owned())) {
                in_flows.push(n);
            }
        }
        others.push((group, in_flows));
    }
    if (times.len() as u64) < found.attempts {
        for (group, candidates) in others.into_iter().filter(|(_, rows)| !rows.is_empty()) {
            let bodies = table.read_rows::<RequestBodies<'_>>(group, &candidates)?;
            let rows = table.read_rows::<ExchangeKey<'_>>(group, &candidates)?;
            for row in 0..candidates.len() {
                let body = bodies.get(row).request_body;
                if body.is_some_and(|body| has_row(body.text, key)) {
                    let row = rows.get(row);
                    times.insert(row.exchange, row.started_at);
                }
            }
        }
    }
    let mut in_order: Vec<_> = times.into_iter().map(|(id, at)| (at, id)).collect();
    in_order.sort_unstable();
    found.ids = in_order.into_iter().map(|(_, id)| id).collect();
    Ok(found)
}

/// The ids of the newest requests with an error of a group, newest first, at most `most`.
///
/// # Errors
/// When the table `errors` cannot be read.
pub fn newest_of_group(
    report: &Stored,
    fingerprint: &str,
    most: usize,
) -> Result<Vec<i64>, ReadError> {
    let mut requests = BTreeSet::new();
    read_errors::<ExchangeOfError<'_>>(report, Fingerprint(fingerprint), |error| {
        requests.insert((Reverse(error.started_at), error.exchange));
        if requests.len() > most {
            requests.pop_last();
        }
    })?;
    Ok(requests.into_iter().map(|(_, id)| id).collect())
}
