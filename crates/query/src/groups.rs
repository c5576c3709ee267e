//! The error groups of a report, how a group is named on the command line, and the errors of one group.

use tables::cell::Fingerprint;
use tables::rows::{ErrorGroupRow, ErrorGroups, Errors};
use tables::state::GroupAliases;
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

/// An earlier fingerprint of a group, and the one that it has in the report. A report that was merged or updated tells
/// those of the reports before it: a fingerprint changes when a constant of the text turns out to be a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupAlias {
    /// The earlier one.
    pub old: String,
    /// That of the report.
    pub new: String,
}

/// The earlier fingerprints that a report knows; none where it has no state.
///
/// # Errors
/// When the table cannot be read.
pub fn group_aliases(report: &Stored) -> Result<Vec<GroupAlias>, ReadError> {
    let mut table = match report.table::<GroupAliases>() {
        Err(ReadError::NoParquet { .. }) => return Ok(Vec::new()),
        table => table?,
    };
    let mut aliases = Vec::new();
    for group in 0..table.groups() {
        aliases.extend(
            table
                .read::<GroupAliases>(group)?
                .iter()
                .map(|row| GroupAlias { old: row.old.0.to_owned(), new: row.new.0.to_owned() }),
        );
    }
    Ok(aliases)
}

/// What a group is called in a list: the name that a rule gives it; else its template, after its field, or after its
/// code where the template has no letters.
pub fn group_title(
    name: Option<&str>,
    code: Option<&str>,
    field: Option<&str>,
    template: &str,
) -> String {
    let wordless = || !template.replace("<*>", "").contains(char::is_alphabetic);
    match (name, field, code) {
        (Some(name), ..) => name.to_owned(),
        (None, Some(field), _) => format!("{field}: {template}"),
        (None, None, Some(code)) if wordless() => format!("{code}: {template}"),
        _ => template.to_owned(),
    }
}

/// Why a name is not that of one group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// It is no rank, no fingerprint begins with it, and no text has it.
    #[error(
        "{name}: no such group; there are {groups}\na group is named by its rank (1 is the most frequent), its fingerprint, the beginning of one, or words of its text"
    )]
    NoSuch {
        /// The name.
        name: String,
        /// How many groups there are.
        groups: usize,
    },
    /// Several fingerprints begin with it, or several texts have it.
    #[error("{name}: {count} groups have it; the most frequent are\n{}", first.join("\n"))]
    Ambiguous {
        /// The name.
        name: String,
        /// How many groups.
        count: usize,
        /// Rank, fingerprint and text of the first, at most five.
        first: Vec<String>,
    },
}

/// The group of this name, after its rank. A name is a whole fingerprint, an earlier fingerprint (of the groups that it
/// became, the most frequent), a rank (1 for the most frequent group), the beginning of exactly one fingerprint, or words
/// that stand in the text of exactly one group (in any case), in this order. A number is a rank and nothing else.
///
/// # Errors
/// When the name is that of no group, or of several.
pub fn find_group<'g>(
    groups: &'g Batch<ErrorGroups>,
    aliases: &[GroupAlias],
    name: &str,
) -> Result<(usize, ErrorGroupRow<'g>), FindError> {
    let ranked = || (1..).zip(groups.rows());
    if let Some(exact) = ranked().find(|(_, row)| row.fingerprint.0 == name) {
        return Ok(exact);
    }
    let is_alias = |row: &ErrorGroupRow<'_>| {
        aliases.iter().any(|alias| alias.old == name && alias.new == row.fingerprint.0)
    };
    if let Some(renamed) = ranked().find(|(_, row)| is_alias(row)) {
        return Ok(renamed);
    }
    let none = || FindError::NoSuch { name: name.to_owned(), groups: groups.len() };
    if let Ok(wanted) = name.parse::<usize>() {
        return ranked().find(|(rank, _)| *rank == wanted).ok_or_else(none);
    }
    let lower = name.trim().to_lowercase();
    if lower.is_empty() {
        return Err(none());
    }
    let text = |row: &ErrorGroupRow<'_>| {
        row.template.0.to_lowercase().contains(&lower)
            || row.name.is_some_and(|name| name.0.to_lowercase().contains(&lower))
    };
    let begins = |row: &ErrorGroupRow<'_>| row.fingerprint.0.starts_with(&lower);
    for has in [&begins as &dyn Fn(&ErrorGroupRow<'_>) -> bool, &text] {
        let mut found = ranked().filter(|(_, row)| has(row));
        match (found.next(), found.next()) {
            (Some(one), None) => return Ok(one),
            (Some(first), Some(second)) => {
                let line = |(rank, row): (usize, ErrorGroupRow<'_>)| {
                    let text: String = row.template.0.chars().take(60).collect();
                    format!("{rank}  {}  {text}", row.fingerprint.0)
                };
                let count = 2 + found.count();
                let all =
                    [first, second].into_iter().chain(ranked().filter(|(_, row)| has(row)).skip(2));
                let first = all.take(5).map(line).collect();
                return Err(FindError::Ambiguous { name: name.to_owned(), count, first });
            }
            _ => {}
        }
    }
    Err(none())
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

    #[test]
    fn a_title_says_what_tells_a_group_apart() {
        let title = group_title;
        assert_eq!(title(Some("no product"), None, Some("sku"), "x"), "no product");
        assert_eq!(title(None, Some("E-1"), Some("price"), "too low: <*>"), "price: too low: <*>");
        assert_eq!(title(None, Some("E-1"), None, "too low: <*>"), "too low: <*>");
        assert_eq!(title(None, Some("UnknownHost"), None, "<*>"), "UnknownHost: <*>");
    }
    use crate::tests::group;

    #[test]
    fn a_group_is_named_by_rank_fingerprint_beginning_or_words() {
        let mut groups = Batch::new();
        for (name, text) in [
            ("12ab000000000000", "no product <*>"),
            ("ab00000000000000", "Ürün bulunamadı: <*>"),
            ("abff000000000000", "no price for <*>"),
            ("3000000000000002", "busy"),
        ] {
            groups.push(&group(name, text));
        }
        let alias =
            |new: &str| GroupAlias { old: "4000000000000009".to_owned(), new: new.to_owned() };
        let aliases = [alias("abff000000000000"), alias("ab00000000000000"), alias("gone")];
        let check = |name: &str, expected: usize| {
            assert_eq!(
                find_group(&groups, &aliases, name).map(|(rank, _)| rank),
                Ok(expected),
                "{name}"
            );
        };
        check("3000000000000002", 4);
        check("4000000000000009", 2);
        check("12a", 1);
        check("12AB", 1);
        check("1", 1);
        check("4", 4);
        check("abf", 3);
        check("no product", 1);
        check("BUSY", 4);
        check("ürün", 2);
        let refused = |name: &str| find_group(&groups, &aliases, name).unwrap_err().to_string();
        let several = "ab: 2 groups have it; the most frequent are\n2  ab00000000000000  Ürün";
        assert!(refused("ab").starts_with(several), "{}", refused("ab"));
        assert!(refused("no ").starts_with("no : 2 groups have it"), "{}", refused("no "));
        // A number is a rank, although a fingerprint begins with it.
        for name in ["", " ", "0", "5", "12", "zz", "3000000000000003"] {
            assert!(refused(name).contains("no such group; there are 4"), "{name}");
        }
    }
}
