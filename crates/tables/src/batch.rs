//! Rows of one table, held as columns until they are encoded.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use crate::columns::{CellRef, Cells};
use crate::schema::Schema;

/// A table: its schema, and the type of its rows. Made by [`table!`](crate::table).
pub trait Table: Sized + 'static {
    /// One row.
    type Row<'b>;
    /// Name and columns.
    const SCHEMA: &'static Schema;

    /// Appends a row, column by column.
    #[doc(hidden)]
    fn push(row: &Self::Row<'_>, cells: &mut [Cells]);

    /// One row.
    #[doc(hidden)]
    fn read(cells: &[Cells], row: usize) -> Self::Row<'_>;
}

/// Some columns of a table, read back as one struct. Made by [`select!`](crate::select), and for whole rows by
/// [`table!`](crate::table).
pub trait Select {
    /// The table they belong to.
    type Table: Table;
    /// The columns of one row.
    type Row<'b>;
    /// Names of the columns, in the order of the fields.
    const COLUMNS: &'static [&'static str];

    /// One row; `cells` in the order of [`COLUMNS`](Self::COLUMNS).
    #[doc(hidden)]
    fn row(cells: &[Cells], row: usize) -> Self::Row<'_>;
}

/// Rows of one table, stored column by column.
///
/// Appending copies a text once, into the buffer of its column; equal bodies are copied once. A batch becomes one row
/// group of the Parquet file, so it should be encoded at some megabytes ([`Columns::bytes`]).
pub struct Batch<T: Table> {
    columns: Columns,
    table: PhantomData<T>,
}

/// The columns of a batch of any table, for the writers.
#[derive(Debug, Clone)]
pub struct Columns {
    schema: &'static Schema,
    rows: usize,
    /// One per column of the schema, each `rows` cells long.
    cells: Vec<Cells>,
}

impl<T: Table> Batch<T> {
    /// A batch without rows.
    pub fn new() -> Self {
        Self { columns: Columns::new(T::SCHEMA), table: PhantomData }
    }

    /// Appends a row.
    #[inline]
    pub fn push(&mut self, row: &T::Row<'_>) {
        T::push(row, &mut self.columns.cells);
        self.columns.rows += 1;
    }

    /// Moves the rows out, which leaves an empty batch.
    #[must_use = "the rows are gone from the batch"]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Drops the rows and keeps their memory.
    pub fn clear(&mut self) {
        self.columns.rows = 0;
        self.columns.cells.iter_mut().for_each(Cells::clear);
    }

    /// The rows, in their order.
    pub fn rows(&self) -> impl Iterator<Item = T::Row<'_>> {
        (0..self.len()).map(|row| T::read(&self.columns.cells, row))
    }

    /// The row that was appended last; `None` when there is no row.
    pub fn last(&self) -> Option<T::Row<'_>> {
        let row = self.len().checked_sub(1)?;
        Some(T::read(&self.columns.cells, row))
    }

    /// A batch with these columns; `None` when they are of another table.
    pub(crate) fn from_columns(columns: Columns) -> Option<Self> {
        (columns.schema == T::SCHEMA).then_some(Self { columns, table: PhantomData })
    }

    /// The columns without the type of the rows.
    pub fn into_columns(self) -> Columns {
        self.columns
    }
}

impl<T: Table> Default for Batch<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Table> Clone for Batch<T> {
    fn clone(&self) -> Self {
        Self { columns: self.columns.clone(), table: PhantomData }
    }
}

impl<T: Table> fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.columns.fmt(f)
    }
}

impl<T: Table> Deref for Batch<T> {
    type Target = Columns;

    fn deref(&self) -> &Columns {
        &self.columns
    }
}

impl Columns {
    pub(crate) fn new(schema: &'static Schema) -> Self {
        Self { schema, rows: 0, cells: schema.columns.iter().map(Cells::new).collect() }
    }

    /// The table whose rows these are.
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// About how many bytes the rows take in memory. Costs a few additions for each column.
    pub fn bytes(&self) -> usize {
        self.cells.iter().map(Cells::bytes).sum()
    }

    /// The columns, in the order of the schema.
    pub(crate) fn cells(&self) -> &[Cells] {
        &self.cells
    }

    /// The schema, the number of rows, and the columns.
    pub(crate) fn into_parts(self) -> (&'static Schema, usize, Vec<Cells>) {
        (self.schema, self.rows, self.cells)
    }

    /// Puts columns together; `None` when they do not fit the schema or are not equally long.
    pub(crate) fn from_cells(schema: &'static Schema, cells: Vec<Cells>) -> Option<Self> {
        let rows = cells.first().map_or(0, |cells| cells.valid.len());
        let fits = cells.len() == schema.columns.len()
            && cells.iter().zip(schema.columns).all(|(cells, column)| {
                cells.valid.len() == rows
                    && cells.data.len() == rows
                    && std::mem::discriminant(&cells.data)
                        == std::mem::discriminant(&Cells::new(column).data)
            });
        fits.then_some(Self { schema, rows, cells })
    }

    /// One cell; `row` and `column` are in range.
    pub(crate) fn cell(&self, row: usize, column: usize) -> CellRef<'_> {
        self.cells[column].get(row, self.schema.columns[column].kind)
    }
}

/// Defines a table by the type of its rows: the row, a marker type that names the table, and its [`Schema`].
///
/// Each field is a column; its documentation is that of the column. `field = "name": T` names a column that cannot be a field's name.
#[macro_export]
macro_rules! table {
    (
        $(#[doc = $doc:literal])*
        $vis:vis table $table:ident, $schema:ident = $name:literal of $row:ident<$b:lifetime> {
            $($(#[doc = $column_doc:literal])* $field:ident $(= $column:literal)?: $ty:ty,)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $table {}

        #[doc = concat!("A row of the table `", $name, "`.")]
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $row<$b> {
            $($(#[doc = $column_doc])* pub $field: $ty,)*
        }

        #[doc = concat!("The schema of the table `", $name, "`.")]
        $vis static $schema: $crate::Schema = $crate::Schema {
            name: $name,
            doc: concat!($($doc),*),
            columns: $row::COLUMNS,
        };

        impl<$b> $row<$b> {
            const COLUMNS: &'static [$crate::Column] = &[$(
                $crate::Column {
                    name: $crate::column_name!($field $(= $column)?),
                    kind: <$ty as $crate::cell::Cell<$b>>::KIND,
                    nullable: <$ty as $crate::cell::Cell<$b>>::NULLABLE,
                    body: <$ty as $crate::cell::Cell<$b>>::BODY,
                    doc: concat!($($column_doc),*),
                },
            )*];
        }

        impl $crate::Table for $table {
            type Row<$b> = $row<$b>;
            const SCHEMA: &'static $crate::Schema = &$schema;

            #[inline]
            fn push(row: &$row<'_>, cells: &mut [$crate::columns::Cells]) {
                let mut cells = cells.iter_mut();
                $(if let Some(cells) = cells.next() {
                    $crate::cell::Cell::push(&row.$field, cells);
                })*
            }

            fn read(cells: &[$crate::columns::Cells], row: usize) -> $row<'_> {
                let [$($field),*] = cells else { panic!("a row has a cell for each column") };
                $row { $($field: $crate::cell::Cell::read($field, row)),* }
            }
        }

        impl $crate::Select for $table {
            type Table = $table;
            type Row<$b> = $row<$b>;
            const COLUMNS: &'static [&'static str] =
                &[$($crate::column_name!($field $(= $column)?)),*];

            fn row(cells: &[$crate::columns::Cells], row: usize) -> $row<'_> {
                <$table as $crate::Table>::read(cells, row)
            }
        }
    };
}

/// Selects columns of a table: a struct with some of the fields of its row type. A field that the row does not have,
/// or of another type, does not compile.
#[macro_export]
macro_rules! select {
    (
        $(#[$attribute:meta])*
        $vis:vis struct $select:ident<$b:lifetime> from $table:ty {
            $($(#[$field_attribute:meta])* $field:ident: $ty:ty,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone)]
        $vis struct $select<$b> {
            $($(#[$field_attribute])* pub $field: $ty,)*
        }

        // Checks the fields against the row. No `From`: other crates may not implement it for an associated type.
        const _: () = {
            fn _of_row<$b>(row: <$table as $crate::Table>::Row<$b>) -> $select<$b> {
                $select { $($field: row.$field),* }
            }
        };

        impl $crate::Select for $select<'static> {
            type Table = $table;
            type Row<$b> = $select<$b>;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn row(cells: &[$crate::columns::Cells], row: usize) -> $select<'_> {
                let [$($field),*] = cells else { panic!("a row has a cell for each column") };
                $select { $($field: $crate::cell::Cell::read($field, row)),* }
            }
        }
    };
}

/// The name of a column: that of its field unless another is given.
#[doc(hidden)]
#[macro_export]
macro_rules! column_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident = $column:literal) => {
        $column
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::{FileName, MessageText, ProblemKindWord, StageWord};
    use crate::rows::{ProblemRow, Problems};

    fn problem(file: &str, byte: i64) -> ProblemRow<'_> {
        ProblemRow {
            file: FileName(file),
            member: None,
            byte,
            stage: StageWord("zip"),
            kind: ProblemKindWord("truncated"),
            message: MessageText(""),
        }
    }

    #[test]
    fn rows_come_back_as_they_were_pushed() {
        let mut batch = Batch::<Problems>::new();
        assert!(batch.is_empty());
        let rows = [problem("ğ.json", 7), problem("b", i64::MIN)];
        for row in &rows {
            batch.push(row);
        }
        assert_eq!(batch.len(), 2);
        assert!(batch.bytes() > 40, "{}", batch.bytes());
        assert_eq!(batch.rows().collect::<Vec<_>>(), rows);
        assert_eq!(batch.cell(0, 1), CellRef::Null);
        assert_eq!(batch.cell(1, 5), CellRef::Text(""));
    }

    #[test]
    fn a_taken_or_cleared_batch_is_empty_and_can_be_filled_again() {
        let mut batch = Batch::<Problems>::new();
        batch.push(&problem("a", 1));
        let first = batch.take();
        assert!(batch.is_empty());
        batch.push(&problem("b", 2));
        batch.clear();
        batch.push(&problem("a", 1));
        assert_eq!(batch.rows().collect::<Vec<_>>(), first.rows().collect::<Vec<_>>());
    }
}
