//! Keys of a report: orders and products that are open, or resolved.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

use tables::cell::{
    FileName, Fingerprint, FlowName, KeyKindWord, KeyStateWord, KeyValue, MessageText, Micros,
    OutcomeWord,
};
use tables::rows::{ErrorGroupRow, Errors, KeyRow, Keys};
use tables::{Batch, ReadError, Stored};

use crate::failed_in_a_row::failed_in_a_row;
use crate::groups::{groups, read_errors};
use crate::nearest::nearest;

tables::table! {
    /// One row for each key that was asked for.
    pub table ListedKeys, LISTED_KEYS = "keys" of ListedKeyRow<'b> {
        /// as in `keys`, and so the next twelve
        flow: Option<FlowName<'b>>,
        /// `sku`, `order` and so on
        key_kind: KeyKindWord<'b>,
        /// the key as it is written
        key: KeyValue<'b>,
        /// number of attempts
        attempts: i64,
        /// number of those that failed
        failures: i64,
        /// start of its first attempt
        first_seen: Option<Micros>,
        /// start of its newest attempt
        last_seen: Option<Micros>,
        /// outcome of the newest attempt
        last_outcome: OutcomeWord<'b>,
        /// the newest attempt with a known outcome failed
        open: bool,
        /// group of its newest error
        last_fingerprint: Option<Fingerprint<'b>>,
        /// message of that error
        last_message: Option<MessageText<'b>>,
        /// file of the newest attempt that failed
        last_file: Option<FileName<'b>>,
        /// record of that attempt
        last_record: Option<i32>,
        /// `open`, `unknown` (open, and tried again since with an unknown outcome), `resolved`, `good`
        state: KeyStateWord<'b>,
        /// how many of the newest attempts failed without a success between, those with an unknown outcome left out; null when the report does not have all attempts
        failed_in_a_row: Option<i64>,
    }
}

impl<'b> ListedKeyRow<'b> {
    fn of(key: &KeyRow<'b>, failed_in_a_row: Option<i64>) -> Self {
        Self {
            flow: key.flow,
            key_kind: key.key_kind,
            key: key.key,
            attempts: key.attempts,
            failures: key.failures,
            first_seen: key.first_seen,
            last_seen: key.last_seen,
            last_outcome: key.last_outcome,
            open: key.open,
            last_fingerprint: key.last_fingerprint,
            last_message: key.last_message,
            last_file: key.last_file,
            last_record: key.last_record,
            state: KeyStateWord(if is_unknown(key) {
                "unknown"
            } else {
                KeyState::of_counts(key.open, key.failures).word()
            }),
            failed_in_a_row,
        }
    }
}

/// Whether the key failed and was tried again since with an unknown outcome.
fn is_unknown(key: &KeyRow<'_>) -> bool {
    key.open && key.last_outcome.0 == "unknown"
}

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
    /// Open, and tried again since with an unknown outcome.
    pub unknown: bool,
    /// So many of the newest attempts or more failed without a success between; those with an unknown outcome are
    /// left out. 0 selects all. A key whose attempts the report does not all have is selected when it may be so.
    pub failed_in_a_row: u32,
    /// Fingerprint of a group: the newest failed attempt has an error of it.
    pub fingerprint: Option<String>,
    /// Name of the flow.
    pub flow: Option<String>,
    /// `sku`, `order` and so on.
    pub kind: Option<String>,
    /// Classes of the group of the newest error, any of these; all when empty.
    pub classes: Vec<String>,
    /// Side of the group of the newest error.
    pub side: Option<String>,
    /// Sending again may help, as the group of the newest error says.
    pub retryable: bool,
    /// The newest attempt began at this time or later.
    pub since: Option<Micros>,
}

/// Why keys cannot be selected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The report could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No key is one of this flow.
    #[error("{flow}: no key of such a flow; did you mean {}?", meant.join(", "))]
    NoSuchFlow {
        /// The name.
        flow: String,
        /// The flow whose name is nearly this; some flows of the report when there is none.
        meant: Vec<String>,
    },
}

impl KeyFilter {
    /// Whether a key satisfies all conditions but that of the group.
    fn accepts(&self, key: &KeyRow<'_>) -> bool {
        let flow = key.flow.map(|flow| flow.0);
        let state = KeyState::of_counts(key.open, key.failures);
        (self.states.is_empty() || self.states.contains(&state))
            && (!self.unknown || is_unknown(key))
            // A row is no longer than the failures, and a key that is not open has none.
            && (self.failed_in_a_row == 0 || key.open)
            && key.failures >= self.failed_in_a_row.into()
            && self.flow.as_deref().is_none_or(|wanted| flow == Some(wanted))
            && self.kind.as_deref().is_none_or(|wanted| key.key_kind.0 == wanted)
            && self.since.is_none_or(|since| key.last_seen.is_some_and(|seen| seen >= since))
    }

    /// Whether a condition is about the group of the newest error.
    fn asks_group(&self) -> bool {
        !self.classes.is_empty() || self.side.is_some() || self.retryable
    }

    /// Whether the group of the newest error satisfies the conditions about it.
    fn accepts_group(&self, group: &ErrorGroupRow<'_>) -> bool {
        (self.classes.is_empty() || self.classes.iter().any(|class| class == group.class.0))
            && self.side.as_deref().is_none_or(|side| group.side.is_some_and(|has| has.0 == side))
            && (!self.retryable || group.retryable)
    }
}

/// The fingerprints of the groups whose errors say that the other side has the record already: what has such an error
/// need not be sent again.
///
/// # Errors
/// When the table `error_groups` cannot be read.
pub fn duplicates(report: &Stored) -> Result<HashSet<String>, ReadError> {
    fingerprints(report, |group| group.class.0 == "duplicate")
}

fn fingerprints(
    report: &Stored,
    wanted: impl Fn(&ErrorGroupRow<'_>) -> bool,
) -> Result<HashSet<String>, ReadError> {
    let groups = groups(report)?;
    Ok(groups.rows().filter(wanted).map(|group| group.fingerprint.0.to_owned()).collect())
}

/// The keys that a filter selects, newest attempt first, those without a time last; then by flow, kind and key. With
/// `failed_in_a_row` those come first that failed most often in a row.
///
/// Memory is twice that of the selected keys, that of the errors of the group when the filter names one, and that of
/// the attempts of selected keys that are open and were not always refused.
///
/// # Errors
/// When the table `keys`, or `errors`, `error_groups` or `exchanges` when they are needed, cannot be read; when no key
/// is one of the flow that the filter names.
pub fn keys(report: &Stored, filter: &KeyFilter) -> Result<Batch<ListedKeys>, KeysError> {
    let accepted = || fingerprints(report, |group| filter.accepts_group(group));
    let accepted = filter.asks_group().then(accepted).transpose()?;
    let of_group = |key: &KeyRow<'_>| {
        accepted.as_ref().is_none_or(|accepted| {
            key.last_fingerprint.is_some_and(|name| accepted.contains(name.0))
        })
    };
    let mut flows = FlowsSeen::of(filter);
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
            .inspect(|key| flows.add(key))
            .filter(|key| filter.accepts(key) && of_group(key) && in_group(key))
            .for_each(|key| selected.push(&key));
    }
    flows.check()?;
    // The table is sorted by flow, kind and key, and the sort keeps that order among equals.
    let selected: Vec<_> = selected.rows().collect();
    let in_a_row = failed_in_a_row(report, &selected)?;
    let mut listed: Vec<_> = selected
        .into_iter()
        .zip(in_a_row)
        .filter(|(_, times)| times.is_none_or(|times| times >= filter.failed_in_a_row.into()))
        .map(|(key, times)| ListedKeyRow::of(&key, times))
        .collect();
    listed.sort_by_key(|key| {
        let times = key.failed_in_a_row.filter(|_| filter.failed_in_a_row > 0);
        Reverse((times, key.last_seen))
    });
    let mut sorted = Batch::new();
    for key in &listed {
        sorted.push(key);
    }
    Ok(sorted)
}

/// The flows of the keys, for the name of one that is not there.
struct FlowsSeen<'f> {
    wanted: Option<&'f str>,
    found: bool,
    others: BTreeSet<String>,
}

impl<'f> FlowsSeen<'f> {
    fn of(filter: &'f KeyFilter) -> Self {
        Self { wanted: filter.flow.as_deref(), found: false, others: BTreeSet::new() }
    }

    fn add(&mut self, key: &KeyRow<'_>) {
        let (Some(wanted), Some(flow), false) = (self.wanted, key.flow, self.found) else { return };
        self.found = flow.0 == wanted;
        // Keys are sorted by flow, so that most have that of the key before.
        if self.others.last().is_none_or(|last| last != flow.0) {
            self.others.insert(flow.0.to_owned());
        }
    }

    fn check(self) -> Result<(), KeysError> {
        let Some(flow) = self.wanted.filter(|_| !self.found) else { return Ok(()) };
        let near = nearest(flow, self.others.iter().map(String::as_str)).map(str::to_owned);
        let meant =
            near.map_or_else(|| self.others.into_iter().take(5).collect(), |near| vec![near]);
        Err(KeysError::NoSuchFlow { flow: flow.to_owned(), meant })
    }
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
