//! One of the reports that are merged: its settings, and its rows in any order.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use grouping::Rules;
use tables::rows::{Errors, Exchanges};
use tables::state::{ErrorStates, ExchangeStates, Links};
use tables::{ReadError, Select, Stored, StoredRows, StoredTable, Table};

use super::MergeError;
use crate::state::ReportSettings;

/// A report that is merged.
pub(super) struct Shard {
    pub(super) report: Stored,
    pub(super) exchanges: RowSource<Exchanges>,
    pub(super) links: RowSource<Links>,
    pub(super) exchange_states: RowSource<ExchangeStates>,
    pub(super) errors: RowSource<Errors>,
    pub(super) error_states: RowSource<ErrorStates>,
    pub(super) settings: ReportSettings,
}

impl Shard {
    pub(super) fn open(path: &Path) -> Result<Self, MergeError> {
        let report = Stored::open(path)?;
        let settings = ReportSettings::stored(&report).map_err(|error| match error {
            ReadError::NoParquet { .. } => MergeError::NoState { path: path.to_owned() },
            error => error.into(),
        })?;
        Ok(Self {
            exchanges: RowSource::of(report.table()?),
            links: RowSource::of(report.table()?),
            exchange_states: RowSource::of(report.table()?),
            errors: RowSource::of(report.table()?),
            error_states: RowSource::of(report.table()?),
            settings,
            report,
        })
    }

    /// As [`each`].
    pub(super) fn each<S: Select>(&self, take: impl FnMut(S::Row<'_>)) -> Result<(), ReadError> {
        each::<S>(&self.report, take)
    }
}

/// Passes all rows of a table, or of a selection of its columns, to `take`, in their order.
pub(crate) fn each<S: Select>(
    report: &Stored,
    mut take: impl FnMut(S::Row<'_>),
) -> Result<(), ReadError> {
    let mut table = report.table::<S::Table>()?;
    for group in 0..table.groups() {
        table.read::<S>(group)?.iter().for_each(&mut take);
    }
    Ok(())
}

/// The settings that all reports have.
pub(super) fn common_settings(
    shards: &[Shard],
    rules: &Rules,
) -> Result<ReportSettings, MergeError> {
    let Some(first) = shards.first() else { return Err(MergeError::NoReports) };
    let path = |shard: &Shard| shard.report.path().to_owned();
    if !first.settings.is_of_this_program() {
        return Err(MergeError::Version { path: path(first) });
    }
    for shard in &shards[1..] {
        let what = first.settings.differences(&shard.settings);
        if !what.is_empty() {
            let (first, second) = (path(first), path(shard));
            return Err(MergeError::Different { first, second, what: what.join(", ") });
        }
    }
    let given = (!rules.is_empty()).then(|| rules.digest());
    if given != first.settings.user_rules {
        return Err(MergeError::Rules);
    }
    Ok(first.settings.clone())
}

/// The number of a row group, and its rows.
type NumberedGroup<T> = (usize, Arc<StoredRows<T>>);

/// The rows of a table, found by their numbers. The group that was read last is kept.
pub(super) struct RowSource<T> {
    pub(super) table: Mutex<(StoredTable<T>, Option<NumberedGroup<T>>)>,
    /// The first row of each group, and the number of rows.
    pub(super) starts: Vec<u64>,
}

impl<T: Table + Select<Table = T>> RowSource<T> {
    pub(super) fn of(table: StoredTable<T>) -> Self {
        let mut starts = vec![0];
        for group in 0..table.groups() {
            starts.push(starts[group] + table.rows_of(group) as u64);
        }
        Self { table: Mutex::new((table, None)), starts }
    }

    pub(super) fn group(&self, group: usize) -> Result<Arc<StoredRows<T>>, ReadError> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let (table, kept) = &mut *table;
        if let Some((_, rows)) = kept.as_ref().filter(|(kept, _)| *kept == group) {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(table.read::<T>(group)?);
        *kept = Some((group, Arc::clone(&rows)));
        Ok(rows)
    }
}

/// Reads rows of a table one after the other.
pub(super) struct RowCursor<'s, T> {
    pub(super) source: &'s RowSource<T>,
    pub(super) at: Option<NumberedGroup<T>>,
}

impl<'s, T: Table + Select<Table = T>> RowCursor<'s, T> {
    pub(super) fn of(source: &'s RowSource<T>) -> Self {
        Self { source, at: None }
    }

    /// The group with a row, and the place of the row in it.
    pub(super) fn at(&mut self, row: u64) -> Result<(Arc<StoredRows<T>>, usize), ReadError> {
        let group = self.source.starts.partition_point(|start| *start <= row) - 1;
        let rows = match &self.at {
            Some((at, rows)) if *at == group => Arc::clone(rows),
            _ => self.source.group(group)?,
        };
        self.at = Some((group, Arc::clone(&rows)));
        Ok((rows, (row - self.source.starts[group]) as usize))
    }
}

/// The rows of one report.
pub(super) struct Cursors<'s> {
    pub(super) exchanges: RowCursor<'s, Exchanges>,
    pub(super) links: RowCursor<'s, Links>,
    pub(super) exchange_states: RowCursor<'s, ExchangeStates>,
    pub(super) errors: RowCursor<'s, Errors>,
    pub(super) error_states: RowCursor<'s, ErrorStates>,
}

impl<'s> Cursors<'s> {
    pub(super) fn of(shard: &'s Shard) -> Self {
        Self {
            exchanges: RowCursor::of(&shard.exchanges),
            links: RowCursor::of(&shard.links),
            exchange_states: RowCursor::of(&shard.exchange_states),
            errors: RowCursor::of(&shard.errors),
            error_states: RowCursor::of(&shard.error_states),
        }
    }
}
