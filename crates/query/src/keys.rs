//! Keys of a report: orders and products that are open, or resolved.

use std::cmp::Reverse;
use std::collections::HashSet;

use tables::cell::{FileName, Fingerprint, KeyKindWord, KeyValue, Micros};
use tables::rows::{ErrorGroupRow, Errors, KeyRow, Keys};
use tables::{Batch, ReadError, Stored};

use crate::groups::{groups, read_errors};

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
        match key {
            KeyRow { open: true, .. } => Self::Open,
            // Not open although an attempt failed: the newest one with a known outcome succeeded.
            KeyRow { failures: 1.., .. } => Self::Resolved,
            _ => Self::Good,
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
    #[error("{flow}: no key of such a flow; {}", nearest.as_ref().map_or_else(|| "no key has a flow".to_owned(), |name| format!("the nearest is {name}")))]
    NoSuchFlow {
        /// The name.
        flow: String,
        /// The flow of some key whose name is most like it; `None` when no key has a flow.
        nearest: Option<String>,
    },
}

impl KeyFilter {
    /// Whether a key satisfies all conditions but that of the group.
    fn accepts(&self, key: &KeyRow<'_>) -> bool {
        let flow = key.flow.map(|flow| flow.0);
        (self.states.is_empty() || self.states.contains(&KeyState::of(key)))
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

/// The keys that a filter selects, newest attempt first, those without a time last; then by flow, kind and key.
/// Memory is twice that of the selected keys, and that of the errors of the group when the filter names one.
///
/// # Errors
/// When the table `keys`, or `errors` or `error_groups` when a condition is about them, cannot be read; when no key is
/// one of the flow that the filter names.
pub fn keys(report: &Stored, filter: &KeyFilter) -> Result<Batch<Keys>, KeysError> {
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
    let mut newest_first: Vec<_> = selected.rows().collect();
    newest_first.sort_by_key(|key| Reverse(key.last_seen));
    let mut sorted = Batch::new();
    for key in &newest_first {
        sorted.push(key);
    }
    Ok(sorted)
}

/// The flows of the keys, for the name of one that is not there.
struct FlowsSeen<'f> {
    wanted: Option<&'f str>,
    found: bool,
    nearest: Option<(usize, String)>,
}

impl<'f> FlowsSeen<'f> {
    fn of(filter: &'f KeyFilter) -> Self {
        Self { wanted: filter.flow.as_deref(), found: false, nearest: None }
    }

    fn add(&mut self, key: &KeyRow<'_>) {
        let (Some(wanted), Some(flow)) = (self.wanted, key.flow) else { return };
        if self.found || flow.0 == wanted {
            self.found = true;
            return;
        }
        // Keys are sorted by flow, so that most have that of the key before.
        if self.nearest.as_ref().is_some_and(|(_, name)| name == flow.0) {
            return;
        }
        let distance = strsim::damerau_levenshtein(&wanted.to_lowercase(), &flow.0.to_lowercase());
        if self.nearest.as_ref().is_none_or(|(least, _)| distance < *least) {
            self.nearest = Some((distance, flow.0.to_owned()));
        }
    }

    fn check(self) -> Result<(), KeysError> {
        let Some(flow) = self.wanted.filter(|_| !self.found) else { return Ok(()) };
        Err(KeysError::NoSuchFlow {
            flow: flow.to_owned(),
            nearest: self.nearest.map(|(_, name)| name),
        })
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
