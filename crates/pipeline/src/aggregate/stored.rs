//! Counts as rows of the state, and counts that are read back from it.
//!
//! What the tables of a report say already is not stored again. Rows of other tables are named by their numbers, and all
//! rows are sorted by what they are about. So equal counts give equal bytes, whatever the order of adding and merging.

use grouping::{Groups, MessageId};
use hashbrown::HashMap;
use rayon::prelude::*;
use tables::state::MessageStates;
use tables::{Batch, Encoder, ReadError, Select, Stored, Table};

use super::bodies::BodyCounter;
use super::endpoints::EndpointCounter;
use super::groups::ErrorCounter;
use super::intern::{EndpointNames, Name, Names};
use super::keys::KeyCounter;
use super::runs::RunCounter;
use super::{Accumulator, RecordPlace, SmallTables};

/// Rows of one row group.
const GROUP_ROWS: usize = 1 << 16;

/// The rows of what was counted, by the numbers that it has in memory.
#[derive(Debug)]
pub(super) struct RowNumbers {
    /// Rows of `endpoints`.
    pub(super) calls: Vec<i32>,
    /// Rows of `state/keys`.
    pub(super) keys: Vec<i32>,
    /// Rows of `state/masked_messages`.
    pub(super) messages: Vec<i32>,
    /// Rows of `state/runs`.
    pub(super) runs: HashMap<Name, i32>,
}

/// The number here of each file of a report.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileNumbers<'f>(&'f [u32]);

impl FileNumbers<'_> {
    /// The number of the file in a row of `files`; `None` when there is no such row.
    pub(super) fn here(self, row: i32) -> Option<u32> {
        self.0.get(number(row)?).copied()
    }

    /// The same of an exchange.
    pub(super) fn place(self, file: i32, record: i32) -> Option<RecordPlace> {
        Some(RecordPlace { file: self.here(file)?, record: record.cast_unsigned() })
    }
}

impl Accumulator {
    /// Its rows of the state, encoded on the threads of the current Rayon pool, without the masked messages. `small`: the
    /// tables that were made of it.
    ///
    /// # Errors
    /// When rows cannot be encoded.
    pub(crate) fn store<E: Encoder>(
        &self,
        small: &SmallTables<'_>,
        encoder: &E,
    ) -> Result<Vec<E::Part>, tables::Error> {
        let Self { endpoints, endpoint_names, names, bodies, keys, errors, runs, .. } = self;
        let (call_order, run_order) = (endpoints.order(endpoint_names, names), runs.order(names));
        let rows = RowNumbers {
            calls: places(&call_order),
            keys: places(&small.key_order.ids),
            messages: places(&errors.order()),
            runs: run_order.iter().copied().zip(0..).collect(),
        };
        let few = || {
            let (mut calls, mut measures) = endpoints.store(&call_order);
            let (mut runs, mut downloads) = runs.store(&run_order, &rows.runs, &small.runs, names);
            Ok(vec![
                encoder.encode(&mut calls)?,
                encoder.encode(&mut measures)?,
                encoder.encode(&mut runs)?,
                encoder.encode(&mut downloads)?,
            ])
        };
        let occurrences = || errors.store_occurrences(&rows, &keys.open(), encoder);
        let keys = || keys.store(&small.key_order, names, &rows.messages, encoder);
        let bodies = || bodies.store(&rows.calls, encoder);
        let ((few, occurrences), (keys, bodies)) =
            rayon::join(|| rayon::join(few, occurrences), || rayon::join(keys, bodies));
        let parts = [few?, occurrences?, keys?, bodies?];
        Ok(parts.into_iter().flatten().collect())
    }

    /// Its rows of `state/masked_messages`; `files` are the names of all files.
    pub(crate) fn store_messages(
        &self,
        texts: &std::collections::HashMap<MessageId, String>,
        groups: &Groups,
        files: &[&str],
        rows: &mut Batch<MessageStates>,
    ) {
        self.errors.store_messages(texts, groups, files, rows);
    }

    /// The counts of a report. `files`: the number here of each of its files, in the order of `files`.
    ///
    /// It goes on counting as if it had counted the exchanges itself, but does not know what was masked in them.
    ///
    /// # Errors
    /// When the report has no such state, or its tables do not fit together.
    pub(crate) fn load(report: &Stored, files: &[u32]) -> Result<Self, ReadError> {
        let files = FileNumbers(files);
        let (mut names, mut endpoint_names) = (Names::default(), EndpointNames::default());
        let endpoints = EndpointCounter::load(report, &mut endpoint_names, &mut names)?;
        let calls = endpoints.len();
        let bodies = || BodyCounter::load(report, files, calls);
        let others = || {
            let (runs, run_order) = RunCounter::load(report, files, &mut names)?;
            let mut errors = ErrorCounter::load(report, files)?;
            let mut keys = KeyCounter::load(report, files, &mut names, errors.len())?;
            errors.load_occurrences(report, files, &mut keys, &run_order, calls)?;
            Ok::<_, ReadError>((runs, errors, keys))
        };
        let (bodies, others) = rayon::join(bodies, others);
        let (bodies, (runs, errors, keys)) = (bodies?, others?);
        Ok(Self { names, endpoint_names, endpoints, bodies, keys, errors, runs, ..Self::default() })
    }
}

/// The place of each number in an order of all of them.
fn places(order: &[u32]) -> Vec<i32> {
    let mut places = vec![0; order.len()];
    for (place, &number) in (0..).zip(order) {
        places[number as usize] = place;
    }
    places
}

/// The number of a row; `None` when it is negative.
pub(super) fn number(row: i32) -> Option<usize> {
    usize::try_from(row).ok()
}

/// Makes and encodes a row of each item, on the threads of the current Rayon pool.
pub(super) fn encode<'a, T: Table, E: Encoder, I: Sync>(
    items: &'a [I],
    encoder: &E,
    row: impl Fn(&'a I) -> T::Row<'a> + Sync,
) -> Result<Vec<E::Part>, tables::Error> {
    encode_with::<T, E, I>(items, encoder, |item, batch| batch.push(&row(item)))
}

/// The same; `push` appends the row of an item.
pub(super) fn encode_with<'a, T: Table, E: Encoder, I: Sync>(
    items: &'a [I],
    encoder: &E,
    push: impl Fn(&'a I, &mut Batch<T>) + Sync,
) -> Result<Vec<E::Part>, tables::Error> {
    let part = |items: &'a [I]| {
        let mut batch = Batch::<T>::new();
        for item in items {
            push(item, &mut batch);
        }
        encoder.encode(&mut batch)
    };
    items.par_chunks(GROUP_ROWS).map(part).collect()
}

/// Passes all rows of a table, or of a selection of its columns, to `take`, in their order; `take` says `None` of a row
/// that does not fit the others.
pub(super) fn each<S: Select>(
    report: &Stored,
    mut take: impl FnMut(S::Row<'_>) -> Option<()>,
) -> Result<(), ReadError> {
    let mut table = report.table::<S::Table>()?;
    for group in 0..table.groups() {
        let rows = table.read::<S>(group)?;
        for row in 0..rows.len() {
            if take(rows.get(row)).is_none() {
                let name = S::Table::SCHEMA.name;
                let path = report.path().join(format!("{name}.parquet"));
                let fault = format!("row {row} of row group {group} does not fit the other tables");
                return Err(ReadError::Damaged { path, fault });
            }
        }
    }
    Ok(())
}
