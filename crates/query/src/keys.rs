//! Keys of a report: orders and products that are open, or resolved.

use std::cmp::Reverse;
use std::collections::HashSet;

use tables::cell::{FileName, Fingerprint, KeyKindWord, KeyValue};
use tables::rows::{Errors, KeyRow, Keys};
use tables::{Batch, ReadError, Stored};

use crate::groups::read_errors;

/// The state of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// The newest attempt with a known outcome failed.
    Open,
    /// An attempt failed, and the newest one with a known outcome succeeded.
    Resolved,
    /// No attempt failed.
    Good,
}

impl KeyState {
    /// The state of the key in a row.
    pub fn of(key: &KeyRow<'_>) -> Self {
        Self::of_counts(key.open, key.failures)
    }

    /// The state of a key with so many failed attempts.
    pub(crate) fn of_counts(open: bool, failures: i64) -> Self {
        match (open, failures) {
            (true, _) => Self::Open,
            // Not open although an attempt failed: the newest one with a known outcome succeeded.
            (false, 1..) => Self::Resolved,
            _ => Self::Good,
        }
    }

    /// `open`, `resolved`, `good`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Good => "good",
        }
    }
}

/// Selects keys: those that satisfy every condition that is set.
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    /// The states, any of these; all when empty.
    pub states: Vec<KeyState>,
    /// Fingerprint of a group: the newest failed attempt has an error of it.
    pub fingerprint: Option<String>,
    /// Name of the flow.
    pub flow: Option<String>,
    /// `sku`, `order` and so on.
    pub kind: Option<String>,
}

impl KeyFilter {
    /// Whether a key satisfies all conditions but that of the group.
    fn accepts(&self, key: &KeyRow<'_>) -> bool {
        let flow = key.flow.map(|flow| flow.0);
        (self.states.is_empty() || self.states.contains(&KeyState::of(key)))
            && self.flow.as_deref().is_none_or(|wanted| flow == Some(wanted))
            && self.kind.as_deref().is_none_or(|wanted| key.key_kind.0 == wanted)
    }
}

/// The keys that a filter selects, newest attempt first, those without a time last; then by flow, kind and key.
/// Memory is twice that of the selected keys, and that of the errors of the group when the filter names one.
///
/// # Errors
/// When the table `keys`, or `errors` when the filter names a group, cannot be read.
pub fn keys(report: &Stored, filter: &KeyFilter) -> Result<Batch<Keys>, ReadError> {
    let fingerprint = filter.fingerprint.as_deref();
    let failed = fingerprint.map(|name| failed_attempts(report, name)).transpose()?;
    let in_group = |key: &KeyRow<'_>| {
        failed.as_ref().is_none_or(|failed| {
            key.last_fingerprint.map(|name| name.0) == fingerprint
                || failed.contains(&FailedAttempt::newest_of(key))
        })
    };
    let mut table = report.table::<Keys>()?;
    let mut selected = Batch::<Keys>::new();
    for group in 0..table.groups() {
        let rows = table.read::<Keys>(group)?;
        rows.iter()
            .filter(|key| filter.accepts(key) && in_group(key))
            .for_each(|key| selected.push(&key));
    }
    // The table is sorted by flow, kind and key, and the sort keeps that order among equals.
    let mut newest_first: Vec<_> = selected.rows().collect();
    newest_first.sort_by_key(|key| Reverse(key.last_seen));
    let mut sorted = Batch::new();
    for key in &newest_first {
        sorted.push(key);
    }
    Ok(sorted)
}

tables::select! {
    /// The key that an error speaks of.
    struct ErrorKey<'b> from Errors {
        file: FileName<'b>,
        record: i32,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
    }
}

/// A key in an exchange that failed.
#[derive(Debug, PartialEq, Eq, Hash)]
struct FailedAttempt {
    file: String,
    record: i32,
    kind: String,
    key: String,
}

impl FailedAttempt {
    fn newest_of(key: &KeyRow<'_>) -> Self {
        Self {
            file: key.last_file.map_or_else(String::new, |file| file.0.to_owned()),
            record: key.last_record.unwrap_or_default(),
            kind: key.key_kind.0.to_owned(),
            key: key.key.0.to_owned(),
        }
    }
}

/// The attempts with an error of a group. One attempt can have errors of several groups, of which the table `keys`
/// names one.
fn failed_attempts(
    report: &Stored,
    fingerprint: &str,
) -> Result<HashSet<FailedAttempt>, ReadError> {
    let mut failed = HashSet::new();
    read_errors::<ErrorKey<'_>>(report, Fingerprint(fingerprint), |error| {
        if let (Some(kind), Some(key)) = (error.key_kind, error.key) {
            failed.insert(FailedAttempt {
                file: error.file.0.to_owned(),
                record: error.record,
                kind: kind.0.to_owned(),
                key: key.0.to_owned(),
            });
        }
    })?;
    Ok(failed)
}
