//! Why a query has no answer, or a report was not saved.

use std::io;
use std::path::{Path, PathBuf};

use tables::{ReadError, TABLES};

/// Why a query has no answer, or a report was not saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The report could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// SQLite does not take the query.
    #[error("{message}{}", nearest.map(|nearest| format!(" (did you mean {nearest}?)")).unwrap_or_default())]
    Query {
        /// What SQLite says.
        message: String,
        /// The table or column that was probably meant.
        nearest: Option<&'static str>,
        /// Where in the query, in bytes, when SQLite says it.
        offset: Option<usize>,
    },
    /// The statement would write, attach a file or change a setting.
    #[error(
        "only queries are answered: select, with or values\nthe report is not changed; --save FILE writes a SQLite file that can be"
    )]
    NotAQuery,
    /// Several statements.
    #[error("one query at a time: there is more after the first ;")]
    Several,
    /// A file is there already.
    #[error("{}: is there already\nto replace it, add --force", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Saving was stopped by the caller; nothing was kept.
    #[error("interrupted; nothing was written")]
    Stopped,
    /// The file system refused.
    #[error("{}: cannot write", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Its error.
        source: io::Error,
    },
    /// SQLite failed, as when there is no room for a file.
    #[error("SQLite: {0}")]
    Sqlite(rusqlite::Error),
}

impl SqlError {
    /// Adds the file to an I/O error.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        Self::of_query(error, "")
    }
}

impl SqlError {
    /// What an error of SQLite says of a query.
    pub(crate) fn of_query(error: rusqlite::Error, sql: &str) -> Self {
        use rusqlite::Error::{Empty, MultipleStatement, SqlInputError, SqliteFailure};
        use rusqlite::ErrorCode::{AuthorizationForStatementDenied, Unknown};
        match error {
            Empty => Self::NotAQuery,
            MultipleStatement => Self::Several,
            SqlInputError { error, .. } | SqliteFailure(error, _)
                if error.code == AuthorizationForStatementDenied =>
            {
                Self::NotAQuery
            }
            SqlInputError { msg, offset, .. } => Self::Query {
                nearest: nearest(&msg, sql),
                message: msg,
                offset: usize::try_from(offset).ok(),
            },
            SqliteFailure(_, Some(message)) if message == "not authorized" => Self::NotAQuery,
            // Some without a place, and those of a query that runs: a pattern that is none, a text that is no JSON.
            SqliteFailure(error, Some(message)) if error.code == Unknown => {
                Self::Query { nearest: nearest(&message, sql), message, offset: None }
            }
            other => Self::Sqlite(other),
        }
    }
}

/// The table or column that was probably meant, of a message such as `no such column: e.staus`. Columns of the tables that
/// the query names come first.
fn nearest(message: &str, sql: &str) -> Option<&'static str> {
    let (what, name) = message.strip_prefix("no such ")?.split_once(": ")?;
    // `e.staus`, or `"staus" - should this be ...`.
    let name = name.split(" - ").next()?.trim_matches('"').rsplit('.').next()?.to_lowercase();
    let named = |table: &str| {
        sql.split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| word.eq_ignore_ascii_case(table))
    };
    let tables = TABLES.iter().map(|table| table.name);
    let columns = |named_only: bool| {
        let tables = TABLES.iter().filter(move |table| named(table.name) == named_only);
        tables.flat_map(|table| table.columns).map(|column| column.name)
    };
    match what {
        "table" => nearest_of(&name, tables),
        "column" => nearest_of(&name, columns(true)).or_else(|| nearest_of(&name, columns(false))),
        _ => None,
    }
}

/// The first of the names that differ least; `None` when more than a third of the characters differ.
fn nearest_of(name: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let most = (name.chars().count() / 3).max(1);
    let distances = names.map(|candidate| (strsim::osa_distance(name, candidate), candidate));
    distances
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
