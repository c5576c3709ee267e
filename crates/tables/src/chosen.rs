//! Columns of a stored table that are chosen when the program runs, as a query of the user does. Where the columns are
//! known beforehand, [`select!`](crate::select) reads them into a type of their own.

use std::fs::File;
use std::path::PathBuf;

use super::batch::Columns;
use super::columns::{CellRef, Cells};
use super::decode::{self, Footer};
use super::schema::{Column, Schema};
use super::stored::{ReadError, Stored};

/// A table of a report on disk, and which of its columns are read.
#[derive(Debug)]
pub struct ChosenColumns {
    path: PathBuf,
    file: File,
    footer: Footer,
    columns: Vec<&'static Column>,
}

/// The chosen columns of one row group.
#[derive(Debug)]
pub struct ChosenRows {
    rows: usize,
    pub(super) columns: Vec<(&'static Column, Cells)>,
}

impl Stored {
    /// Opens a table of [`TABLES`](crate::TABLES) for some of its columns, in the order of the schema. Reads the footer
    /// of the file.
    ///
    /// # Errors
    /// [`ReadError::NoParquet`], [`ReadError::Damaged`] and [`ReadError::Io`].
    pub fn choose(
        &self,
        table: &'static Schema,
        wanted: impl Fn(&Column) -> bool,
    ) -> Result<ChosenColumns, ReadError> {
        let (path, file, footer) = self.open_table(table.name)?;
        let columns = table.columns.iter().filter(|column| wanted(column)).collect();
        Ok(ChosenColumns { path, file, footer, columns })
    }
}

impl ChosenColumns {
    /// The columns, in the order of the schema.
    pub fn columns(&self) -> &[&'static Column] {
        &self.columns
    }

    /// How many rows the table has.
    pub fn rows(&self) -> u64 {
        self.footer.rows()
    }

    /// How many row groups the table has.
    pub fn groups(&self) -> usize {
        self.footer.groups()
    }

    /// Reads one row group. Memory and time are those of the columns.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] and [`ReadError::Io`].
    ///
    /// # Panics
    /// When there is no such row group.
    pub fn read(&mut self, group: usize) -> Result<ChosenRows, ReadError> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for &column in &self.columns {
            let cells =
                decode::column(&mut self.file, &self.path, &self.footer, group, column, None)?;
            columns.push((column, cells));
        }
        Ok(ChosenRows { rows: self.footer.rows_of(group), columns })
    }
}

impl ChosenRows {
    /// Some columns of rows in memory, in the order of the schema.
    pub fn of(rows: Columns, wanted: impl Fn(&Column) -> bool) -> Self {
        let (schema, count, cells) = rows.into_parts();
        let columns = schema.columns.iter().zip(cells).filter(|(column, _)| wanted(column));
        Self { rows: count, columns: columns.collect() }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The cells of one row, in the order of the columns.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = CellRef<'_>> {
        self.columns.iter().map(move |(column, cells)| cells.get(row, column.kind))
    }
}
