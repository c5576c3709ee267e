//! A report read back from its Parquet files: which tables it has, and their rows, one row group
//! and a few columns at a time.
//!
//! Columns are found by their name. A nullable column that is missing reads as null, so that columns can be
//! added to a schema version; a column that is not known here is not read.

use std::fs::{self, File};
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::batch::{Select, Table};
use super::checksums;
use super::columns::{Cells, Data};
use super::decode::{self, Footer};
use super::output::SUMMARY;
use super::schema::{Column, SCHEMA_VERSION};

/// Why a report could not be read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The folder is not there, or is no report.
    #[error("{}: no report: {missing}\nname a folder that `analyze report` has written; `analyze report LOGS --out DIR` makes one", path.display())]
    NotAReport {
        /// The folder.
        path: PathBuf,
        /// The cause: `there is no such folder`.
        missing: &'static str,
    },
    /// The report has the table in other formats only.
    #[error("{}: {table}.parquet is not there\nthis command reads Parquet: make the report with --format parquet, or parquet,csv", path.display())]
    NoParquet {
        /// The folder.
        path: PathBuf,
        /// The table that is missing.
        table: &'static str,
    },
    /// An older version of the program wrote the report, with other columns or meanings.
    #[error("{}: a report of schema version {found}; this program reads version {SCHEMA_VERSION}\nmake it again with `analyze report`", path.display())]
    Older {
        /// The folder.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// A newer version of the program wrote the report, with other columns or meanings.
    #[error("{}: a report of schema version {found}; this program knows up to {SCHEMA_VERSION}\nread it with the version of the program that made it", path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// The file system refused.
    #[error("{}: cannot read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Its error.
        source: io::Error,
    },
    /// The file is not what a report has under its name.
    #[error("{}: damaged: {fault}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
}

impl ReadError {
    /// Adds the place to an I/O error.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Adds the place to a fault of a file.
    pub(super) fn damaged(path: &Path, fault: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), fault: fault.into() }
    }
}

/// Lets this process have as many files open as the system allows it, which is more than it may have at first. For
/// those who read many reports at a time.
pub fn allow_many_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        // Where it is refused, reading a file that is one too many fails with the cause.
        let _ = setrlimit(
            Resource::Nofile,
            rustix::process::Rlimit { current: limit.maximum, ..limit },
        );
    }
}

/// A report on disk.
#[derive(Debug)]
pub struct Stored {
    dir: PathBuf,
    summary: Value,
}

impl Stored {
    /// Opens the report in `dir`. Reads its `summary.json`.
    ///
    /// # Errors
    /// [`ReadError::NotAReport`], [`ReadError::Older`], [`ReadError::Newer`], and what reading can fail with.
    pub fn open(dir: &Path) -> Result<Self, ReadError> {
        let none = |missing| ReadError::NotAReport { path: dir.to_owned(), missing };
        let path = dir.join(SUMMARY);
        let text = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if !dir.exists() => none("there is no such folder"),
            io::ErrorKind::NotFound => none("summary.json is not in it"),
            io::ErrorKind::NotADirectory => none("it is a file"),
            _ => ReadError::io(&path)(error),
        })?;
        if !checksums::matches_checksum(&text) {
            let fault = "it has changed since `analyze report` wrote it";
            return Err(ReadError::damaged(&path, fault));
        }
        let summary: Value = serde_json::from_slice(&text)
            .map_err(|error| ReadError::damaged(&path, format!("no JSON: {error}")))?;
        match summary.get("schema_version").and_then(Value::as_u64) {
            Some(found) if found > u64::from(SCHEMA_VERSION) => {
                Err(ReadError::Newer { path: dir.to_owned(), found })
            }
            Some(found) if found < u64::from(SCHEMA_VERSION) => {
                Err(ReadError::Older { path: dir.to_owned(), found })
            }
            Some(_) => Ok(Self { dir: dir.to_owned(), summary }),
            None => Err(none("its summary.json states no schema_version")),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// `summary.json`, as a type that can be read from it.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] when a member is missing or of another type.
    pub fn summary<S: DeserializeOwned>(&self) -> Result<S, ReadError> {
        serde_json::from_value(self.summary.clone())
            .map_err(|error| ReadError::damaged(&self.dir.join(SUMMARY), error.to_string()))
    }

    /// A text of `summary.json` by its JSON Pointer; `None` when it has no such text.
    pub fn text(&self, pointer: &str) -> Option<String> {
        self.summary.pointer(pointer).and_then(serde_json::Value::as_str).map(str::to_owned)
    }

    /// A number of `summary.json`, by JSON Pointer (`/keys/open`). `None` where an older version of
    /// the program did not write it.
    pub fn number(&self, pointer: &str) -> Option<u64> {
        self.summary.pointer(pointer)?.as_u64()
    }

    /// Opens a table. Reads the footer of the file.
    ///
    /// # Errors
    /// [`ReadError::NoParquet`], [`ReadError::Damaged`] and [`ReadError::Io`].
    pub fn table<T: Table>(&self) -> Result<StoredTable<T>, ReadError> {
        let (path, file, footer) = self.open_table(T::SCHEMA.name)?;
        Ok(StoredTable { path, file, footer, table: PhantomData })
    }

    /// The file of a table, and its footer.
    pub(super) fn open_table(
        &self,
        name: &'static str,
    ) -> Result<(PathBuf, File, Footer), ReadError> {
        let path = self.dir.join(format!("{name}.parquet"));
        let mut file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ReadError::NoParquet { path: self.dir.clone(), table: name },
            _ => ReadError::io(&path)(error),
        })?;
        let footer = decode::footer(&mut file, &path)?;
        Ok((path, file, footer))
    }
}

/// A table of a report on disk.
#[derive(Debug)]
pub struct StoredTable<T> {
    path: PathBuf,
    file: File,
    footer: Footer,
    table: PhantomData<T>,
}

impl<T: Table> StoredTable<T> {
    /// How many rows it has.
    pub fn len(&self) -> u64 {
        self.footer.rows()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many row groups it has, which are read one by one.
    pub fn groups(&self) -> usize {
        self.footer.groups()
    }

    /// How many rows a row group has.
    ///
    /// # Panics
    /// When there is no such row group.
    pub fn rows_of(&self, group: usize) -> usize {
        self.footer.rows_of(group)
    }

    /// The smallest and the largest value of a column of integers or times (in microseconds) in one row group, from the
    /// footer alone. `None` when that is not known, as where all cells are null.
    ///
    /// # Panics
    /// When there is no such row group.
    pub fn range(&self, group: usize, column: &str) -> Option<(i64, i64)> {
        self.footer.range_of(group, column)
    }

    /// The rows of one row group, in their order, with the columns of `S`. Memory and time are those of
    /// the columns.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] and [`ReadError::Io`].
    ///
    /// # Panics
    /// When there is no such row group.
    pub fn read<S: Select<Table = T>>(&mut self, group: usize) -> Result<StoredRows<S>, ReadError> {
        self.cells(group, None)
    }

    /// As [`read`](Self::read), but only these rows, which ascend: row `n` of the result is row `rows[n]` of the group.
    /// What is left out is unpacked but costs nothing else.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] and [`ReadError::Io`].
    ///
    /// # Panics
    /// When there is no such row group or row.
    pub fn read_rows<S: Select<Table = T>>(
        &mut self,
        group: usize,
        rows: &[usize],
    ) -> Result<StoredRows<S>, ReadError> {
        self.cells(group, Some(rows))
    }

    fn cells<S: Select<Table = T>>(
        &mut self,
        group: usize,
        rows: Option<&[usize]>,
    ) -> Result<StoredRows<S>, ReadError> {
        let column = |name: &&str| -> &'static Column {
            let position = T::SCHEMA.position(name);
            &T::SCHEMA.columns[position.expect("a selection has columns of its table")]
        };
        let read = |column: &'static Column| {
            decode::column(&mut self.file, &self.path, &self.footer, group, column, rows)
        };
        let cells = S::COLUMNS.iter().map(column).map(read).collect::<Result<_, _>>()?;
        let rows = rows.map_or_else(|| self.footer.rows_of(group), <[usize]>::len);
        Ok(StoredRows { rows, cells, select: PhantomData })
    }
}

/// Some columns of one row group.
#[derive(Debug)]
pub struct StoredRows<S> {
    rows: usize,
    /// In the order of the selection.
    cells: Vec<Cells>,
    select: PhantomData<S>,
}

impl<S: Select> StoredRows<S> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// One row.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn get(&self, row: usize) -> S::Row<'_> {
        S::row(&self.cells, row)
    }

    /// The texts of a column behind one another, equal ones at least once, with other bytes between those of bodies. A
    /// text that is in none of its rows may be in it, but never the other way round.
    ///
    /// # Panics
    /// When the selection has no such column, or its cells are no texts.
    pub fn joined(&self, column: &str) -> &[u8] {
        let place = S::COLUMNS.iter().position(|name| *name == column);
        match place.map(|place| &self.cells[place].data) {
            Some(Data::Text(texts)) => texts.distinct.buffer.as_bytes(),
            Some(Data::Bodies(bodies)) => &bodies.plain,
            _ => panic!("{column}: no column of texts in the selection"),
        }
    }

    /// The rows, in their order.
    pub fn iter(&self) -> impl Iterator<Item = S::Row<'_>> {
        (0..self.rows).map(|row| self.get(row))
    }
}
