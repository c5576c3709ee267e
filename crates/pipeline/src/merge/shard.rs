//! One of the reports that are merged: its settings, and its rows in any order.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use grouping::{RULES_VERSION, Rules};
use tables::rows::{Errors, Exchanges};
use tables::state::{ErrorStates, ExchangeStates, STATE_VERSION, Settings};
use tables::{ReadError, Select, Stored, StoredRows, StoredTable, Table};

use super::MergeError;
use crate::state::ReportSettings;
use crate::worker::KeepBodies;

/// A report that is merged.
pub(super) struct Shard {
    pub(super) report: Stored,
    pub(super) exchanges: RowSource<Exchanges>,
    pub(super) exchange_states: RowSource<ExchangeStates>,
    pub(super) errors: RowSource<Errors>,
    pub(super) error_states: RowSource<ErrorStates>,
    pub(super) settings: ReportSettings,
    pub(super) rules_version: i32,
    pub(super) state_version: i32,
}

impl Shard {
    pub(super) fn open(path: &Path) -> Result<Self, MergeError> {
        let report = Stored::open(path)?;
        let no_state = |_| MergeError::NoState { path: path.to_owned() };
        let mut table = report.table::<Settings>().map_err(no_state)?;
        let rows = table.read::<Settings>(0)?;
        let row = rows.get(0);
        let owned = |text: tables::cell::SettingText<'_>| text.0.to_owned();
        let settings = ReportSettings {
            user_rules: row.user_rules.map(owned),
            user_roles: row.user_roles.map(owned),
            limits: owned(row.limits),
            bodies: KeepBodies::ALL
                .into_iter()
                .find(|bodies| bodies.name() == row.bodies.0)
                .unwrap_or_default(),
            redaction: owned(row.redaction),
            redaction_key: row.redaction_key.map(owned),
        };
        Ok(Self {
            exchanges: RowSource::of(report.table()?),
            exchange_states: RowSource::of(report.table()?),
            errors: RowSource::of(report.table()?),
            error_states: RowSource::of(report.table()?),
            settings,
            rules_version: row.rules_version,
            state_version: row.state_version,
            report,
        })
    }

    /// Passes all rows of a table to `take`, in their order.
    pub(super) fn each<T: Table + Select<Table = T>>(
        &self,
        mut take: impl FnMut(<T as Select>::Row<'_>),
    ) -> Result<(), ReadError> {
        let mut table = self.report.table::<T>()?;
        for group in 0..table.groups() {
            table.read::<T>(group)?.iter().for_each(&mut take);
        }
        Ok(())
    }
}

/// The settings that all reports have.
pub(super) fn common_settings(
    shards: &[Shard],
    rules: &Rules,
) -> Result<ReportSettings, MergeError> {
    let first = &shards[0];
    for shard in shards {
        let (a, b) = (&first.settings, &shard.settings);
        let own = (STATE_VERSION.cast_signed(), RULES_VERSION.cast_signed());
        let what = [
            ("versions of the program", (shard.state_version, shard.rules_version) != own),
            ("--rules", a.user_rules != b.user_rules),
            ("--roles", a.user_roles != b.user_roles),
            ("limits", a.limits != b.limits),
            ("--bodies", a.bodies != b.bodies),
            ("--redact", a.redaction != b.redaction),
            ("keys of pseudonyms (--redact-key)", a.redaction_key != b.redaction_key),
        ];
        if let Some((what, _)) = what.into_iter().find(|(_, differs)| *differs) {
            let path = |shard: &Shard| shard.report.path().to_owned();
            return Err(MergeError::Different { first: path(first), second: path(shard), what });
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
    pub(super) exchange_states: RowCursor<'s, ExchangeStates>,
    pub(super) errors: RowCursor<'s, Errors>,
    pub(super) error_states: RowCursor<'s, ErrorStates>,
}

impl<'s> Cursors<'s> {
    pub(super) fn of(shard: &'s Shard) -> Self {
        Self {
            exchanges: RowCursor::of(&shard.exchanges),
            exchange_states: RowCursor::of(&shard.exchange_states),
            errors: RowCursor::of(&shard.errors),
            error_states: RowCursor::of(&shard.error_states),
        }
    }
}
