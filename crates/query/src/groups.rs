//! The error groups of a report, how a group is named on the command line, and the errors of one group.

use tables::cell::Fingerprint;
use tables::rows::{ErrorGroupRow, ErrorGroups, Errors};
use tables::{Batch, ReadError, Select, Stored};

/// All groups of a report, most frequent first.
///
/// # Errors
/// When the table cannot be read.
pub fn groups(report: &Stored) -> Result<Batch<ErrorGroups>, ReadError> {
    let mut table = report.table::<ErrorGroups>()?;
    let mut groups = Batch::new();
    for group in 0..table.groups() {
        table.read::<ErrorGroups>(group)?.iter().for_each(|row| groups.push(&row));
    }
    Ok(groups)
}

/// Why a name is not that of one group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// No fingerprint begins with it, and it is no rank.
    #[error(
        "{name}: no such group; there are {groups}\na group is named by its fingerprint, the beginning of one, or its rank: 1 is the most frequent"
    )]
    NoSuch {
        /// The name.
        name: String,
        /// How many groups there are.
        groups: usize,
    },
    /// Several fingerprints begin with it.
    #[error("{name}: several groups begin with it: {}", first.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// The first of their fingerprints, at most five.
        first: Vec<String>,
    },
}

/// The group of this name, after its rank. A name is a whole fingerprint, a rank (1 for the most frequent group), or
/// the beginning of exactly one fingerprint, in this order.
///
/// # Errors
/// When the name is that of no group, or of several.
pub fn find_group<'g>(
    groups: &'g Batch<ErrorGroups>,
    name: &str,
) -> Result<(usize, ErrorGroupRow<'g>), FindError> {
    let ranked = || (1..).zip(groups.rows());
    if let Some(exact) = ranked().find(|(_, row)| row.fingerprint.0 == name) {
        return Ok(exact);
    }
    if let Ok(wanted) = name.parse::<usize>()
        && let Some(found) = ranked().find(|(rank, _)| *rank == wanted)
    {
        return Ok(found);
    }
    let lower = name.to_ascii_lowercase();
    let begins =
        |row: &ErrorGroupRow<'_>| !name.is_empty() && row.fingerprint.0.starts_with(&lower);
    let mut found = ranked().filter(|(_, row)| begins(row)).take(5);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(first), Some(second)) => {
            let all = [first, second].into_iter().chain(found);
            let first = all.map(|(_, row)| row.fingerprint.0.to_owned()).collect();
            Err(FindError::Ambiguous { name: name.to_owned(), first })
        }
        _ => Err(FindError::NoSuch { name: name.to_owned(), groups: groups.len() }),
    }
}

tables::select! {
    /// The group of an error.
    struct ErrorFingerprint<'b> from Errors {
        fingerprint: Fingerprint<'b>,
    }
}

/// Calls `each` for every error of a group, in the order of the table. Of row groups without such an error only the
/// fingerprints are read.
pub(crate) fn read_errors<S: Select<Table = Errors>>(
    report: &Stored,
    fingerprint: Fingerprint<'_>,
    mut each: impl FnMut(S::Row<'_>),
) -> Result<(), ReadError> {
    let mut table = report.table::<Errors>()?;
    for group in 0..table.groups() {
        let fingerprints = table.read::<ErrorFingerprint<'_>>(group)?;
        let in_group = |row: &usize| fingerprints.get(*row).fingerprint == fingerprint;
        let found: Vec<usize> = (0..fingerprints.len()).filter(in_group).collect();
        if !found.is_empty() {
            let rows = table.read::<S>(group)?;
            for row in found {
                each(rows.get(row));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::group;

    #[test]
    fn a_group_is_named_by_fingerprint_rank_or_beginning() {
        let mut groups = Batch::new();
        for name in ["12ab000000000000", "2200000000000000", "22ff000000000000", "3000000000000002"]
        {
            groups.push(&group(name, "text"));
        }
        let check = |name: &str, expected: usize| {
            assert_eq!(find_group(&groups, name).map(|(rank, _)| rank), Ok(expected), "{name}");
        };
        check("3000000000000002", 4);
        check("12", 1);
        check("12AB", 1);
        check("1", 1);
        check("4", 4);
        check("22f", 3);
        let refused = |name: &str| find_group(&groups, name).unwrap_err().to_string();
        assert!(
            refused("22").starts_with("22: several groups begin with it: 2200000000000000, 22f")
        );
        for name in ["", "0", "5", "zz", "3000000000000003"] {
            assert!(refused(name).contains("no such group; there are 4"), "{name}");
        }
    }
}
