//! Row groups that are taken over as they are stored.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::OnceLock;

use grouping::{Groups, MessageId};
use rayon::prelude::*;
use tables::cell::SideWord;
use tables::rows::{ErrorRow, Errors, Exchanges};
use tables::state::{ErrorStates, ExchangeStates, Leaves, Links, MessageStates};
use tables::{Batch, Encoder, ReadError, StoredGroups, Table};

use super::files::{FirstRows, MergedFile};
use super::shard::{RowCursor, Shard};
use crate::records::side_of_step;
use crate::run::{self, plan_files, with_group};
use crate::worker::JobRows;

/// The large tables of a report whose exchanges stay as they are.
pub(super) struct StoredTables<'s> {
    shard: &'s Shard,
    /// The jobs by which its row groups were made, as places of files.
    jobs: HashSet<(usize, usize)>,
    exchanges: StoredGroups<Exchanges>,
    errors: StoredGroups<Errors>,
    leaves: StoredGroups<Leaves>,
    links: StoredGroups<Links>,
    exchange_states: StoredGroups<ExchangeStates>,
    error_states: StoredGroups<ErrorStates>,
    /// The masked messages that are in other groups than when the report was made.
    moved: OnceLock<HashSet<u64>>,
}

/// The row groups of a job.
pub(super) struct JobGroups {
    /// Added to the numbers of exchanges.
    shift: i64,
    exchanges: Range<usize>,
    errors: Range<usize>,
    leaves: Range<usize>,
    links: Range<usize>,
    exchange_states: Range<usize>,
    error_states: Range<usize>,
}

impl<'s> StoredTables<'s> {
    /// Those of a report; `None` where this encoder cannot take row groups over. `files` are its files.
    pub(super) fn open<'f, E: Encoder>(
        shard: &'s Shard,
        files: impl Iterator<Item = &'f MergedFile> + Clone,
        encoder: &E,
        job_bytes: u64,
    ) -> Result<Option<Self>, ReadError> {
        let report = &shard.report;
        let (Some(exchanges), Some(errors), Some(leaves), Some(links)) = (
            encoder.stored_groups(report)?,
            encoder.stored_groups(report)?,
            encoder.stored_groups(report)?,
            encoder.stored_groups(report)?,
        ) else {
            return Ok(None);
        };
        let (Some(exchange_states), Some(error_states)) =
            (encoder.stored_groups(report)?, encoder.stored_groups(report)?)
        else {
            return Ok(None);
        };
        let sizes = files.map(|file| (file.name.as_str(), file.facts.bytes));
        let jobs = plan_files(sizes, encoder, job_bytes)
            .into_iter()
            .map(|job| (job.start, job.end))
            .collect();
        Ok(Some(Self {
            shard,
            jobs,
            exchanges,
            errors,
            leaves,
            links,
            exchange_states,
            error_states,
            moved: OnceLock::new(),
        }))
    }

    /// The row groups of these neighbouring files, the first of which has now the number `n`; `None` where row groups
    /// have rows of other files too.
    pub(super) fn groups(&self, n: usize, files: &[MergedFile]) -> Option<JobGroups> {
        let (first, last) = (files.first()?, files.last()?);
        if !self.jobs.contains(&(first.place, last.place + 1)) {
            return None;
        }
        let (from, to) = (first.first, last.end());
        let groups = |starts: &[u64], of: fn(FirstRows) -> u64| {
            let place = |row| starts.binary_search(&row).ok();
            Some(place(of(from))?..place(of(to))?)
        };
        Some(JobGroups {
            shift: (n.cast_signed() - first.place.cast_signed()) as i64 * (1 << 32),
            exchanges: groups(self.exchanges.starts(), |rows| rows.exchange)?,
            errors: groups(self.errors.starts(), |rows| rows.error)?,
            leaves: groups(self.leaves.starts(), |rows| rows.leaf)?,
            links: groups(self.links.starts(), |rows| rows.link)?,
            exchange_states: groups(self.exchange_states.starts(), |rows| rows.exchange)?,
            error_states: groups(self.error_states.starts(), |rows| rows.error)?,
        })
    }

    /// The rows of a job but those of `errors`, which wait for the groups.
    pub(super) fn rows<E: Encoder>(
        &self,
        job: &JobGroups,
        encoder: &E,
    ) -> Result<JobRows<E::Part>, ReadError> {
        let mut rows = JobRows::default();
        parts(&self.exchanges, &job.exchanges, job.shift, encoder, &mut rows.exchanges)?;
        parts(&self.leaves, &job.leaves, 0, encoder, &mut rows.state)?;
        parts(&self.links, &job.links, 0, encoder, &mut rows.state)?;
        parts(&self.exchange_states, &job.exchange_states, 0, encoder, &mut rows.state)?;
        parts(&self.error_states, &job.error_states, 0, encoder, &mut rows.state)?;
        Ok(rows)
    }

    fn moved(&self, groups: &Groups) -> Result<&HashSet<u64>, ReadError> {
        if let Some(moved) = self.moved.get() {
            return Ok(moved);
        }
        let mut moved = HashSet::new();
        self.shard.each::<MessageStates>(|row| {
            if groups.of(MessageId(row.message.0)).fingerprint != row.fingerprint.0 {
                moved.insert(row.message.0);
            }
        })?;
        Ok(self.moved.get_or_init(|| moved))
    }

    /// The rows of `errors` of a job, now that their groups are known.
    pub(super) fn errors<E: Encoder>(
        &self,
        job: &JobGroups,
        groups: &Groups,
        encoder: &E,
    ) -> Result<Vec<E::Part>, run::Error> {
        let moved = self.moved(groups)?;
        let of_group = |group: usize| {
            let rows = self.errors.starts()[group]..self.errors.starts()[group + 1];
            if moved.is_empty() || !self.has_one_of(moved, rows.clone())? {
                return Ok(part(&self.errors, group, job.shift, encoder)?);
            }
            let mut errors = RowCursor::of(&self.shard.errors);
            let mut states = RowCursor::of(&self.shard.error_states);
            let mut batch = Batch::<Errors>::new();
            for row in rows {
                let ((errors, at), (states, state_at)) = (errors.at(row)?, states.at(row)?);
                let (error, state) = (errors.get(at), states.get(state_at));
                let of_step = || side_of_step(error.step.map(|step| step.0));
                let row = ErrorRow {
                    exchange: error.exchange + job.shift,
                    class: state.class,
                    side: state.side.or_else(|| of_step().map(|side| SideWord(side.name()))),
                    ..error
                };
                batch.push(&with_group(row, groups.of(MessageId(state.message.0))));
            }
            Ok(encoder.encode(&mut batch)?)
        };
        job.errors.clone().into_par_iter().map(of_group).collect()
    }

    fn has_one_of(&self, moved: &HashSet<u64>, rows: Range<u64>) -> Result<bool, ReadError> {
        let mut states = RowCursor::of(&self.shard.error_states);
        for row in rows {
            let (states, at) = states.at(row)?;
            if moved.contains(&states.get(at).message.0) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn parts<T: Table, E: Encoder>(
    table: &StoredGroups<T>,
    groups: &Range<usize>,
    shift: i64,
    encoder: &E,
    out: &mut Vec<E::Part>,
) -> Result<(), ReadError> {
    for group in groups.clone() {
        out.push(part(table, group, shift, encoder)?);
    }
    Ok(())
}

fn part<T: Table, E: Encoder>(
    table: &StoredGroups<T>,
    group: usize,
    shift: i64,
    encoder: &E,
) -> Result<E::Part, ReadError> {
    let part = encoder.stored(table, group, shift);
    part.unwrap_or_else(|| unreachable!("an encoder takes the row groups that it opens"))
}
