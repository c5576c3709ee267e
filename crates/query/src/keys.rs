//! Keys of a stored report: orders and products that are open, or have healed.

use std::cmp::Reverse;
use std::collections::HashSet;

use model::time::Timestamp;

use tables::{Batch, ERRORS, KEYS, ReadError, Stored};

/// A row of the table `keys`: the fields are its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in docs/tables.md")]
pub struct StoredKey {
    pub flow: Option<String>,
    pub key_kind: String,
    pub key: String,
    pub attempts: u64,
    pub failures: u64,
    pub first_seen: Option<Timestamp>,
    pub last_seen: Option<Timestamp>,
    pub last_outcome: String,
    pub open: bool,
    pub last_group: Option<String>,
    pub last_message: Option<String>,
    /// `None` also for reports of versions without the column.
    pub last_file: Option<String>,
    /// Goes with `last_file`.
    pub last_record: Option<u32>,
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// The newest attempt whose outcome is known has failed.
    Open,
    /// It failed, and the newest attempt whose outcome is known went well.
    Healed,
    /// It never failed.
    Good,
}

impl StoredKey {
    /// How it stands.
    pub fn state(&self) -> KeyState {
        if self.open {
            KeyState::Open
        } else if self.failures > 0 {
            // Not open, and yet it failed: the newest attempt with a known outcome went well.
            KeyState::Healed
        } else {
            KeyState::Good
        }
    }
}

/// Which keys are asked for: those that satisfy all that is set.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// How they stand, any of these; all when empty.
    pub states: Vec<KeyState>,
    /// Fingerprint of a group: their newest failure has an error of it.
    pub group: Option<String>,
    /// Name of the flow.
    pub flow: Option<String>,
    /// `sku`, `order` and so on.
    pub kind: Option<String>,
}

/// The keys that are wanted, newest attempt first, those without a time last; then by flow, kind
/// and key. Memory is that of the keys found, and of the errors of a group when one is asked for.
///
/// # Errors
/// When the table `keys`, or `errors` when a group is asked for, cannot be read.
pub fn keys(report: &Stored, wanted: &Wanted) -> Result<Vec<StoredKey>, ReadError> {
    let met = wanted.group.as_deref().map(|group| met_with(report, group)).transpose()?;
    let mut table = report.table(&KEYS)?;
    let columns: Vec<&str> = KEYS.columns.iter().map(|column| column.name).collect();
    let mut found = Vec::new();
    for group in 0..table.groups() {
        let rows = table.rows(group, &columns)?;
        let some = |name, row| rows.column(name).text(row).map(str::to_owned);
        let text = |name, row| some(name, row).unwrap_or_default();
        let count = |name, row| rows.column(name).number(row).unwrap_or_default();
        for row in 0..rows.len() {
            let (flow, kind) = (rows.column("flow").text(row), rows.column("key_kind").text(row));
            let other = |asked: &Option<String>, found: Option<&str>| {
                asked.as_deref().is_some_and(|asked| found != Some(asked))
            };
            if other(&wanted.flow, flow) || other(&wanted.kind, kind) {
                continue;
            }
            let key = StoredKey {
                flow: flow.map(str::to_owned),
                key_kind: kind.unwrap_or_default().to_owned(),
                key: text("key", row),
                attempts: count("attempts", row),
                failures: count("failures", row),
                first_seen: rows.column("first_seen").time(row).map(Timestamp),
                last_seen: rows.column("last_seen").time(row).map(Timestamp),
                last_outcome: text("last_outcome", row),
                open: rows.column("open").bool(row).unwrap_or_default(),
                last_group: some("last_group", row),
                last_message: some("last_message", row),
                last_file: some("last_file", row),
                last_record: rows.column("last_record").number(row).map(|record| record as u32),
            };
            let state = wanted.states.is_empty() || wanted.states.contains(&key.state());
            let grouped = met.as_ref().is_none_or(|met| {
                key.last_group == wanted.group || met.contains(&Met::of_newest_failure(&key))
            });
            if state && grouped {
                found.push(key);
            }
        }
    }
    // The table is sorted by flow, kind and key, and the sort keeps that order among equals.
    found.sort_by_key(|key| Reverse(key.last_seen));
    Ok(found)
}

/// A key in an exchange.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Met {
    file: String,
    record: u32,
    kind: String,
    key: String,
}

impl Met {
    fn of_newest_failure(key: &StoredKey) -> Self {
        Self {
            file: key.last_file.clone().unwrap_or_default(),
            record: key.last_record.unwrap_or_default(),
            kind: key.key_kind.clone(),
            key: key.key.clone(),
        }
    }
}

/// Where which keys met an error of a group. An attempt can have errors of several groups, of which
/// the table `keys` names one.
fn met_with(report: &Stored, group: &str) -> Result<HashSet<Met>, ReadError> {
    let mut table = report.table(&ERRORS)?;
    let mut met = HashSet::new();
    for n in 0..table.groups() {
        let groups = table.rows(n, &["group"])?;
        let of_group = |row: &usize| groups.column("group").text(*row) == Some(group);
        if !(0..groups.len()).any(|row| of_group(&row)) {
            continue;
        }
        let rows = table.rows(n, &["file", "record", "key_kind", "key"])?;
        let text = |name, row| rows.column(name).text(row).map(str::to_owned);
        for row in (0..rows.len()).filter(of_group) {
            if let (Some(file), Some(record), Some(kind), Some(key)) = (
                text("file", row),
                rows.column("record").number(row),
                text("key_kind", row),
                text("key", row),
            ) {
                met.insert(Met { file, record: record as u32, kind, key });
            }
        }
    }
    Ok(met)
}

/// The keys as rows of the table `keys`.
pub fn key_batch(keys: &[StoredKey]) -> Batch {
    let mut batch = Batch::new(&KEYS);
    for key in keys {
        batch
            .row()
            .text(key.flow.as_deref())
            .text(Some(&key.key_kind))
            .text(Some(&key.key))
            .u64(Some(key.attempts))
            .u64(Some(key.failures))
            .time(key.first_seen.map(|at| at.0))
            .time(key.last_seen.map(|at| at.0))
            .text(Some(&key.last_outcome))
            .bool(Some(key.open))
            .text(key.last_group.as_deref())
            .text(key.last_message.as_deref())
            .text(key.last_file.as_deref())
            .u32(key.last_record);
    }
    batch
}
