//! The table `error_groups` of a stored report, and how a group is named on the command line.

use model::time::Timestamp;
use serde::Serialize;

use super::times;
use tables::{ERROR_GROUPS, ReadError, Stored};

/// A row of `error_groups`; the fields are its columns. Counts that an older report does not have
/// are 0, and so are those of a row that is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[expect(missing_docs, reason = "the columns are described in docs/tables.md")]
pub struct GroupRow {
    pub group: String,
    pub template: String,
    pub class: String,
    pub retryable: bool,
    pub count: u64,
    pub exchanges: u64,
    pub files: u64,
    pub runs: u64,
    pub keys: u64,
    pub open_keys: u64,
    /// `None` for reports of versions that did not count them.
    pub healed_keys: Option<u64>,
    pub flows: Vec<String>,
    pub steps: Vec<String>,
    pub endpoints: Vec<String>,
    pub statuses: Vec<String>,
    #[serde(serialize_with = "times::optional")]
    pub first_seen: Option<Timestamp>,
    #[serde(serialize_with = "times::optional")]
    pub last_seen: Option<Timestamp>,
    pub sample_file: String,
    pub sample_record: u32,
    pub sample_message: String,
    /// This and those below: `None` for reports of versions that did not tell them, too.
    pub side: Option<String>,
    pub code: Option<String>,
    pub field: Option<String>,
    pub name: Option<String>,
}

/// All groups of a report, most frequent first.
///
/// # Errors
/// When the table cannot be read.
pub fn groups(report: &Stored) -> Result<Vec<GroupRow>, ReadError> {
    let mut table = report.table(&ERROR_GROUPS)?;
    let mut found = Vec::new();
    let columns: Vec<&str> = ERROR_GROUPS.columns.iter().map(|column| column.name).collect();
    for group in 0..table.groups() {
        let rows = table.rows(group, &columns)?;
        let text = |name, row| rows.column(name).text(row).unwrap_or_default().to_owned();
        let some = |name, row| rows.column(name).text(row).map(str::to_owned);
        let count = |name, row| rows.column(name).number(row).unwrap_or_default();
        let list = |name, row| rows.column(name).list(row).map(str::to_owned).collect();
        let time = |name, row| rows.column(name).time(row).map(Timestamp);
        found.extend((0..rows.len()).map(|row| GroupRow {
            group: text("group", row),
            template: text("template", row),
            class: text("class", row),
            retryable: rows.column("retryable").bool(row).unwrap_or_default(),
            count: count("count", row),
            exchanges: count("exchanges", row),
            files: count("files", row),
            runs: count("runs", row),
            keys: count("keys", row),
            open_keys: count("open_keys", row),
            healed_keys: rows.column("healed_keys").number(row),
            flows: list("flows", row),
            steps: list("steps", row),
            endpoints: list("endpoints", row),
            statuses: list("statuses", row),
            first_seen: time("first_seen", row),
            last_seen: time("last_seen", row),
            sample_file: text("sample_file", row),
            sample_record: count("sample_record", row) as u32,
            sample_message: text("sample_message", row),
            side: some("side", row),
            code: some("code", row),
            field: some("field", row),
            name: some("name", row),
        }));
    }
    Ok(found)
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
        /// What was asked for.
        name: String,
        /// How many groups there are.
        groups: usize,
    },
    /// Several fingerprints begin with it.
    #[error("{name}: several groups begin with it: {}", first.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The first of their fingerprints, at most five.
        first: Vec<String>,
    },
}

/// The place of the group of this name: a whole fingerprint, a number that is the rank of a group
/// (1 for the most frequent), or the beginning of one fingerprint alone, in this order.
///
/// # Errors
/// When the name is that of no group, or of several.
pub fn find_group(groups: &[GroupRow], name: &str) -> Result<usize, FindError> {
    if let Some(exact) = groups.iter().position(|row| row.group == name) {
        return Ok(exact);
    }
    if let Ok(rank) = name.parse::<usize>()
        && (1..=groups.len()).contains(&rank)
    {
        return Ok(rank - 1);
    }
    let lower = name.to_ascii_lowercase();
    let mut begin = (0..groups.len()).filter(|&n| groups[n].group.starts_with(&lower));
    let missing = || FindError::NoSuch { name: name.to_owned(), groups: groups.len() };
    let first = begin.next().filter(|_| !name.is_empty()).ok_or_else(missing)?;
    let others: Vec<usize> = begin.take(4).collect();
    if others.is_empty() {
        return Ok(first);
    }
    let all = std::iter::once(first).chain(others).map(|n| groups[n].group.clone());
    Err(FindError::Ambiguous { name: name.to_owned(), first: all.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_by_fingerprint_rank_or_beginning() {
        let names =
            ["12ab000000000000", "2200000000000000", "22ff000000000000", "3000000000000002"];
        let rows: Vec<_> = names
            .iter()
            .map(|name| GroupRow { group: (*name).to_owned(), ..GroupRow::default() })
            .collect();
        let check = |name: &str, expected: usize| {
            assert_eq!(find_group(&rows, name), Ok(expected), "{name}");
        };
        check("3000000000000002", 3);
        check("12", 0);
        check("12AB", 0);
        check("1", 0);
        check("4", 3);
        check("22f", 2);
        let refused = |name: &str| find_group(&rows, name).unwrap_err().to_string();
        assert!(
            refused("22").starts_with("22: several groups begin with it: 2200000000000000, 22f")
        );
        for name in ["", "0", "5", "zz", "3000000000000003"] {
            assert!(refused(name).contains("no such group; there are 4"), "{name}");
        }
    }
}
