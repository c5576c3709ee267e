//! A report read back from its Parquet files: which tables it has, and their rows, one row group
//! and a few columns at a time.
//!
//! Columns are found by their name, so reports of older and newer versions of this program can be
//! read: a column that is missing reads as null, one that is not known here is not looked at.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::batch::Items;
use super::columns::{Cells, Data};
use super::decode::{self, Footer};
use super::output::SUMMARY;
use super::schema::{Column, SCHEMA_VERSION, Schema};

/// Why a report could not be read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The folder is not there, or is no report.
    #[error("{}: no report: {missing}\nname a folder that `analyze report` has written", path.display())]
    NotAReport {
        /// The folder.
        path: PathBuf,
        /// What is not as it should be: `there is no such folder`.
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
    /// A newer version of the program has written the report, and means other things by it.
    #[error("{}: a report of schema version {found}; this program knows up to {SCHEMA_VERSION}\nread it with the version of the program that made it", path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// The version it states.
        found: u64,
    },
    /// The file system refused.
    #[error("{}: cannot read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Its answer.
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

/// A report on disk.
#[derive(Debug)]
pub struct Stored {
    dir: PathBuf,
    summary: Value,
}

impl Stored {
    /// Opens the report in `dir`. Costs the reading of its `summary.json`.
    ///
    /// # Errors
    /// [`ReadError::NotAReport`], [`ReadError::Newer`], and what reading can fail with.
    pub fn open(dir: &Path) -> Result<Self, ReadError> {
        let none = |missing| ReadError::NotAReport { path: dir.to_owned(), missing };
        let path = dir.join(SUMMARY);
        let text = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if !dir.exists() => none("there is no such folder"),
            io::ErrorKind::NotFound => none("summary.json is not in it"),
            io::ErrorKind::NotADirectory => none("it is a file"),
            _ => ReadError::io(&path)(error),
        })?;
        let summary: Value = serde_json::from_slice(&text)
            .map_err(|error| ReadError::damaged(&path, format!("no JSON: {error}")))?;
        match summary.get("schema_version").and_then(Value::as_u64) {
            Some(found) if found > u64::from(SCHEMA_VERSION) => {
                Err(ReadError::Newer { path: dir.to_owned(), found })
            }
            Some(_) => Ok(Self { dir: dir.to_owned(), summary }),
            None => Err(none("its summary.json states no schema_version")),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.dir
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

    /// Opens a table. Costs the reading of the file's footer.
    ///
    /// # Errors
    /// [`ReadError::NoParquet`], [`ReadError::Damaged`] and [`ReadError::Io`].
    pub fn table(&self, schema: &'static Schema) -> Result<StoredTable, ReadError> {
        let path = self.dir.join(format!("{}.parquet", schema.name));
        let mut file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                ReadError::NoParquet { path: self.dir.clone(), table: schema.name }
            }
            _ => ReadError::io(&path)(error),
        })?;
        let footer = decode::footer(&mut file, &path)?;
        Ok(StoredTable { schema, path, file, footer })
    }
}

/// A table of a report on disk.
#[derive(Debug)]
pub struct StoredTable {
    schema: &'static Schema,
    path: PathBuf,
    file: File,
    footer: Footer,
}

impl StoredTable {
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

    /// The rows of one row group, in their order, with these columns. Memory and time are those of
    /// the columns asked for.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] and [`ReadError::Io`].
    ///
    /// # Panics
    /// When there is no such row group, or the table of this version has no such column.
    pub fn rows(&mut self, group: usize, columns: &[&str]) -> Result<StoredRows, ReadError> {
        let column = |name: &&str| -> &'static Column {
            let position = self.schema.position(name);
            &self.schema.columns[position.expect("columns are those of the table")]
        };
        let columns: Vec<&'static Column> = columns.iter().map(column).collect();
        let rows = self.footer.rows_of(group);
        let mut cells = Vec::with_capacity(columns.len());
        for column in columns {
            let read = decode::column(&mut self.file, &self.path, &self.footer, group, column)?;
            cells.push((column.name, read));
        }
        Ok(StoredRows { rows, cells })
    }
}

/// Some columns of one row group.
#[derive(Debug)]
pub struct StoredRows {
    rows: usize,
    /// By name; `None` where the report has no such column.
    cells: Vec<(&'static str, Option<Cells>)>,
}

impl StoredRows {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// One of the columns.
    ///
    /// # Panics
    /// When it was not asked for.
    pub fn column(&self, name: &str) -> StoredColumn<'_> {
        let found = self.cells.iter().find(|(known, _)| *known == name);
        let (_, cells) = found.expect("columns are looked at after they were asked for");
        StoredColumn(cells.as_ref())
    }
}

/// A column of some rows. A cell is `None` where it is null, where the report has no such column,
/// and where the method is not the one of the column's type.
#[derive(Debug, Clone, Copy)]
pub struct StoredColumn<'r>(Option<&'r Cells>);

impl<'r> StoredColumn<'r> {
    /// Whether the report has the column.
    pub fn is_there(self) -> bool {
        self.0.is_some()
    }

    /// A cell of text.
    pub fn text(self, row: usize) -> Option<&'r str> {
        match self.data(row)? {
            Data::Text(texts) => Some(texts.get(row)),
            Data::Bodies(bodies) => Some(bodies.get(row)),
            _ => None,
        }
    }

    /// A cell with a number that is never negative.
    pub fn number(self, row: usize) -> Option<u64> {
        match self.data(row)? {
            Data::U16(values) => Some(values[row].into()),
            Data::U32(values) => Some(values[row].into()),
            Data::U64(values) => Some(values[row]),
            _ => None,
        }
    }

    /// A truth value.
    pub fn bool(self, row: usize) -> Option<bool> {
        match self.data(row)? {
            Data::Bool(values) => Some(values.get(row)),
            _ => None,
        }
    }

    /// A time, in microseconds since 1970-01-01 UTC.
    pub fn time(self, row: usize) -> Option<i64> {
        match self.data(row)? {
            Data::I64(values) => Some(values[row]),
            _ => None,
        }
    }

    /// The items of a list; none where the cell is null.
    pub fn list(self, row: usize) -> impl Iterator<Item = &'r str> {
        let items: Option<Items<'r>> = self.data(row).and_then(|data| match data {
            Data::List(lists) => Some(lists.get(row)),
            _ => None,
        });
        items.into_iter().flatten()
    }

    fn data(self, row: usize) -> Option<&'r Data> {
        self.0.filter(|cells| cells.valid.get(row)).map(|cells| &cells.data)
    }
}
