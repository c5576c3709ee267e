//! The requests of a report that match a query, newest first, and how many they are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};

use tables::{ReadError, Stored};

use crate::grammar::Query;
use crate::scan::{WantedColumns, scan, time_of};
use crate::zone::Zone;

/// By what matching requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountBy {
    /// Fingerprint of the groups of their errors; a request counts once in each.
    Group,
    /// Flow.
    Flow,
    /// HTTP status.
    Status,
    /// Key: their own, and those of their errors; a request counts once for each.
    Key,
    /// The hour in which they began, in the zone: `2026-10-24 02:00`.
    Hour,
}

/// The ids of the newest requests that match, newest first, those without a time last; at most `limit` when it is set.
/// Reading stops when no older row group can have one of them.
///
/// # Errors
/// When a table cannot be read.
pub fn search(report: &Stored, query: &Query, limit: Option<usize>) -> Result<Vec<i64>, ReadError> {
    // The oldest of the newest is on top. Of requests that began at the same time the one that stands first counts as newer.
    let mut newest: BinaryHeap<Reverse<(i64, Reverse<i64>)>> = BinaryHeap::new();
    if limit == Some(0) {
        return Ok(Vec::new());
    }
    scan(report, query, WantedColumns::default(), |row| {
        newest.push(Reverse((time_of(row.first.started_at), Reverse(row.first.exchange))));
        if limit.is_some_and(|limit| newest.len() > limit) {
            newest.pop();
        }
        let full = limit.is_some_and(|limit| newest.len() == limit);
        newest.peek().filter(|_| full).map_or(i64::MIN, |Reverse((oldest, _))| *oldest)
    })?;
    // The order of the reversed pairs is from the newest to the oldest.
    Ok(newest.into_sorted_vec().into_iter().map(|Reverse((_, Reverse(id)))| id).collect())
}

/// How many requests match.
///
/// # Errors
/// When a table cannot be read.
pub fn count(report: &Stored, query: &Query) -> Result<u64, ReadError> {
    let mut count = 0;
    scan(report, query, WantedColumns::default(), |_| {
        count += 1;
        i64::MIN
    })?;
    Ok(count)
}

/// How many requests match, by a value: the most frequent first, hours in their order. Requests without such a value
/// are counted under `None`.
///
/// # Errors
/// When a table cannot be read.
pub fn count_by(
    report: &Stored,
    query: &Query,
    by: CountBy,
    zone: &Zone,
) -> Result<Vec<(Option<String>, u64)>, ReadError> {
    let mut counts: BTreeMap<Option<String>, u64> = BTreeMap::new();
    let wanted = WantedColumns {
        keys: by == CountBy::Key,
        errors: matches!(by, CountBy::Group | CountBy::Key),
    };
    scan(report, query, wanted, |row| {
        let mut values: HashSet<Option<String>> = HashSet::new();
        let first = &row.first;
        let errors = row.errors().into_iter().flatten();
        match by {
            CountBy::Group => {
                values.extend(errors.map(|error| Some(error.fingerprint.0.to_owned())));
            }
            CountBy::Key => {
                let own = row.keys.as_ref().and_then(|keys| keys.key_kind.zip(keys.key));
                let keys = own.into_iter().chain(errors.filter_map(|e| e.key_kind.zip(e.key)));
                values.extend(keys.map(|(kind, key)| Some(format!("{} {}", kind.0, key.0))));
            }
            CountBy::Flow => values.extend(first.flow.map(|flow| Some(flow.0.to_owned()))),
            CountBy::Status => values.extend(first.status.map(|status| Some(status.to_string()))),
            CountBy::Hour => values.extend(first.started_at.map(|at| {
                let wall = zone.wall(at);
                Some(format!("{}:00", wall.split(':').next().unwrap_or_default()))
            })),
        }
        if values.is_empty() {
            values.insert(None);
        }
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
        i64::MIN
    })?;
    let mut counts: Vec<_> = counts.into_iter().collect();
    if by != CountBy::Hour {
        counts.sort_by_key(|(_, count)| Reverse(*count));
    }
    Ok(counts)
}
