//! The finished rows of the small tables, and their encoding.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hashbrown::HashMap;
use redact::Redacted;
use tables::cell::{FileName, Micros, RedactionPlace, RedactionRuleWord};
use tables::rows::{
    Bodies, BodyRow, EndpointRow, Endpoints, ErrorGroupRow, ErrorGroups, FlowRow, Flows, KeyRow,
    Keys, LogRow, Logs, RedactionRow, Redactions, RunRow, Runs,
};
use tables::{Encoder, Table};

use super::RecordPlace;
use super::keys::KeyOrder;
use super::stored;
use crate::state::RedactionCounts;

/// The small tables, each in the order that docs/tables.md states.
#[derive(Debug)]
pub struct SmallTables<'a> {
    /// One row per group of errors.
    pub error_groups: Vec<ErrorGroupRow<'a>>,
    /// One row per (flow, kind, key).
    pub keys: Vec<KeyRow<'a>>,
    /// One row per (endpoint, flow, step).
    pub endpoints: Vec<EndpointRow<'a>>,
    /// One row per run id.
    pub runs: Vec<RunRow<'a>>,
    /// One row per flow of saved flow lists.
    pub flows: Vec<FlowRow<'a>>,
    /// One row per (endpoint, side, shape).
    pub bodies: Vec<BodyRow<'a>>,
    /// One row per log of the listing.
    pub logs: Vec<LogRow<'a>>,
    /// One row per place and rule.
    pub redactions: Vec<RedactionRow<'a>>,
    /// The order of `keys`, for the state.
    pub(super) key_order: KeyOrder,
}

/// The texts of the small tables that no exchange has as they are.
#[derive(Debug)]
pub struct SmallTexts<'a> {
    /// By fingerprint.
    pub(super) groups: HashMap<&'a str, GroupTexts<'a>>,
    /// The paths of each shape.
    pub(super) paths: BTreeMap<u64, Vec<Redacted<'a>>>,
    /// In the order of the listing.
    pub(super) logs: Vec<LogTexts<'a>>,
}

/// The texts of an error group.
#[derive(Debug)]
pub(super) struct GroupTexts<'a> {
    pub(super) template: Redacted<'a>,
    pub(super) code: Option<Redacted<'a>>,
    pub(super) field: Option<Redacted<'a>>,
}

/// The texts of a log.
#[derive(Debug)]
pub(super) struct LogTexts<'a> {
    pub(super) triggered_by: Option<Redacted<'a>>,
    pub(super) extra: Option<Redacted<'a>>,
}

impl SmallTexts<'_> {
    /// The paths of each shape, by its hash.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (u64, &[Redacted<'_>])> {
        self.paths.iter().map(|(shape, paths)| (*shape, paths.as_slice()))
    }
}

/// The rows of the table `redactions`.
pub(crate) fn redactions(counts: &RedactionCounts) -> Vec<RedactionRow<'_>> {
    let mut sums: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for ((_, place, rule), number) in counts {
        *sums.entry((place, rule)).or_default() += number;
    }
    let rows = sums.into_iter().map(|((place, rule), number)| RedactionRow {
        place: RedactionPlace(place),
        rule: RedactionRuleWord(rule),
        count: count(number),
    });
    rows.collect()
}

impl SmallTables<'_> {
    /// Encodes all rows, on the threads of the current Rayon pool. The parts are in the order of the rows.
    ///
    /// # Errors
    /// When rows cannot be encoded.
    pub fn encode<E: Encoder>(&self, encoder: &E) -> Result<Vec<E::Part>, tables::Error> {
        let parts = [
            encode::<ErrorGroups, E>(&self.error_groups, encoder)?,
            encode::<Keys, E>(&self.keys, encoder)?,
            encode::<Endpoints, E>(&self.endpoints, encoder)?,
            encode::<Runs, E>(&self.runs, encoder)?,
            encode::<Flows, E>(&self.flows, encoder)?,
            encode::<Bodies, E>(&self.bodies, encoder)?,
            encode::<Logs, E>(&self.logs, encoder)?,
            encode::<Redactions, E>(&self.redactions, encoder)?,
        ];
        Ok(parts.into_iter().flatten().collect())
    }
}

fn encode<'a, T: Table, E: Encoder>(
    rows: &[T::Row<'a>],
    encoder: &E,
) -> Result<Vec<E::Part>, tables::Error>
where
    T::Row<'a>: Sync,
{
    stored::encode_with::<T, E, _>(rows, encoder, |row, batch| batch.push(row))
}

/// A count as a cell.
pub(super) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A time as a cell.
pub(super) fn micros(at: Option<model::time::Timestamp>) -> Option<Micros> {
    at.map(|at| Micros(at.0))
}

/// The name of the file at a place; `files` are all names, in their order.
pub(super) fn file_of<'a>(files: &'a [&'a str], place: RecordPlace) -> FileName<'a> {
    FileName(files.get(place.file as usize).copied().unwrap_or_default())
}

/// An HTTP status as text. Statuses are few, so their texts are made once.
pub(super) fn status(status: u16) -> &'static str {
    static TEXTS: LazyLock<Vec<String>> =
        LazyLock::new(|| (0..1000).map(|status| status.to_string()).collect());
    TEXTS.get(usize::from(status)).map_or("", String::as_str)
}
