//! Rows of one table, held as columns until they are encoded.

use xxhash_rust::xxh3::xxh3_64;

use super::columns::{Bits, Cells, Data, Texts};
use super::schema::{Column, Schema, Type};

/// Rows of one table, stored column by column.
///
/// Appending copies a text once, into its column's buffer; of equal bodies only the first. A batch becomes one row group of the
/// Parquet file, so whoever fills it cuts at some tens of megabytes ([`Batch::bytes`]).
#[derive(Debug, Clone)]
pub struct Batch {
    schema: &'static Schema,
    rows: usize,
    /// One per column of the schema, each `rows` cells long between calls of [`Batch::row`].
    columns: Vec<Cells>,
}

/// One cell, as the text writers see it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'b> {
    Null,
    Text(&'b str),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    /// Microseconds since 1970-01-01 UTC.
    Time(i64),
    List(Items<'b>),
}

/// The items of one list cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Items<'b> {
    texts: &'b Texts,
    range: std::ops::Range<usize>,
}

impl Batch {
    /// A batch without rows.
    pub fn new(schema: &'static Schema) -> Self {
        Self { schema, rows: 0, columns: schema.columns.iter().map(Cells::new).collect() }
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

    /// About how many bytes the rows take in memory. Costs a few additions a column.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Cells::bytes).sum()
    }

    /// Begins a row; its cells are pushed in the order of the schema.
    pub fn row(&mut self) -> RowWriter<'_> {
        RowWriter { batch: self, next: 0 }
    }

    /// Fills a [`Type::U64`] column with `from`, `from + 1`, and so on: running numbers, which are
    /// known only once the rows of all earlier batches are counted.
    ///
    /// # Panics
    /// When `column` is not the place of a [`Type::U64`] column.
    pub fn number(&mut self, column: usize, from: u64) {
        let rows = self.rows;
        let (valid, values) = self.numbers(column);
        *valid = Bits::filled(rows, true);
        for (value, number) in values.iter_mut().zip(from..) {
            *value = number;
        }
    }

    /// Adds `by` to every value of a [`Type::U64`] column; nulls stay null. It wraps at 2^64.
    ///
    /// # Panics
    /// When `column` is not the place of a [`Type::U64`] column.
    pub fn shift(&mut self, column: usize, by: u64) {
        for value in self.numbers(column).1 {
            // What stands at a null is shifted too, and seen by nobody.
            *value = value.wrapping_add(by);
        }
    }

    /// Takes the rows out and leaves an empty batch of the same table.
    #[must_use = "the rows are gone from the batch"]
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.schema))
    }

    /// Drops the rows and keeps their memory.
    pub fn clear(&mut self) {
        self.rows = 0;
        self.columns.iter_mut().for_each(Cells::clear);
    }

    /// Copies the rows of another batch behind these.
    ///
    /// # Panics
    /// When the other batch is of another table.
    pub fn append(&mut self, other: &Self) {
        assert_eq!(self.schema, other.schema, "rows of one table do not fit another");
        for (cells, more) in self.columns.iter_mut().zip(&other.columns) {
            cells.append(more);
        }
        self.rows += other.rows;
    }

    /// The columns, in the order of the schema.
    pub(super) fn columns(&self) -> &[Cells] {
        &self.columns
    }

    /// Puts another set of cells in the place of a column. The caller answers for length and type.
    pub(super) fn replace(&mut self, column: usize, cells: Cells) {
        debug_assert_eq!(cells.valid.len(), self.rows, "a column is as long as the batch");
        self.columns[column] = cells;
    }

    /// A batch of ready columns; `None` when they do not fit the schema or are not equally long.
    pub(super) fn from_columns(schema: &'static Schema, columns: Vec<Cells>) -> Option<Self> {
        let rows = columns.first().map_or(0, |cells| cells.valid.len());
        let fits = columns.len() == schema.columns.len()
            && columns.iter().zip(schema.columns).all(|(cells, column)| {
                cells.valid.len() == rows
                    && cells.data.len() == rows
                    && std::mem::discriminant(&cells.data)
                        == std::mem::discriminant(&Data::new(column.kind))
            });
        fits.then_some(Self { schema, rows, columns })
    }

    /// One cell; `row` and `column` are in range.
    pub(super) fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        let cells = &self.columns[column];
        if !cells.valid.get(row) {
            return Cell::Null;
        }
        match &cells.data {
            Data::Text(texts) => Cell::Text(texts.get(row)),
            Data::Bodies(bodies) => Cell::Text(bodies.get(row)),
            Data::U16(values) => Cell::Unsigned(values[row].into()),
            Data::U32(values) => Cell::Unsigned(values[row].into()),
            Data::U64(values) => Cell::Unsigned(values[row]),
            Data::I64(values) if self.schema.columns[column].kind == Type::Time => {
                Cell::Time(values[row])
            }
            Data::I64(values) => Cell::Signed(values[row]),
            Data::F64(values) => Cell::Float(values[row]),
            Data::Bool(values) => Cell::Bool(values.get(row)),
            Data::List(lists) => Cell::List(lists.get(row)),
        }
    }

    fn numbers(&mut self, column: usize) -> (&mut Bits, &mut Vec<u64>) {
        let name = self.schema.columns[column].name;
        match &mut self.columns[column] {
            Cells { valid, data: Data::U64(values) } => (valid, values),
            _ => wrong_type(self.schema, name),
        }
    }
}

/// Pushes the cells of one row, each through the method of its column's type, in the order of the
/// schema.
///
/// The row is finished when the writer goes away. Cells that were not pushed are null then (a bug
/// of the caller, which stops a debug build).
///
/// # Panics
/// Every method panics when the next column is of another type or there is no next column.
#[derive(Debug)]
pub struct RowWriter<'b> {
    batch: &'b mut Batch,
    next: usize,
}

impl RowWriter<'_> {
    /// A [`Type::Text`] cell.
    pub fn text(&mut self, value: Option<&str>) -> &mut Self {
        let (schema, column, cells) = self.next();
        match (&mut cells.data, value) {
            (Data::Text(texts), _) => texts.push(value.unwrap_or_default()),
            (Data::Bodies(bodies), Some(text)) => bodies.push(text, xxh3_64(text.as_bytes())),
            (Data::Bodies(bodies), None) => bodies.push_null(),
            _ => wrong_type(schema, column.name),
        }
        cells.valid.push(value.is_some());
        self
    }

    /// A [`Type::Text`] cell of a column with bodies, for those who have a hash of the body already.
    /// In one batch all hashes are of one kind.
    pub fn body(&mut self, value: Option<(&str, u64)>) -> &mut Self {
        let (schema, column, cells) = self.next();
        match (&mut cells.data, value) {
            (Data::Bodies(bodies), Some((text, hash))) => bodies.push(text, hash),
            (Data::Bodies(bodies), None) => bodies.push_null(),
            _ => wrong_type(schema, column.name),
        }
        cells.valid.push(value.is_some());
        self
    }

    /// A [`Type::U16`] cell.
    pub fn u16(&mut self, value: Option<u16>) -> &mut Self {
        let (schema, column, cells) = self.next();
        match &mut cells.data {
            Data::U16(values) => values.push(value.unwrap_or_default()),
            _ => wrong_type(schema, column.name),
        }
        cells.valid.push(value.is_some());
        self
    }

    /// A [`Type::U32`] cell.
    pub fn u32(&mut self, value: Option<u32>) -> &mut Self {
        let (schema, column, cells) = self.next();
        match &mut cells.data {
            Data::U32(values) => values.push(value.unwrap_or_default()),
            _ => wrong_type(schema, column.name),
        }
        cells.valid.push(value.is_some());
        self
    }

    /// A [`Type::U64`] cell.
    pub fn u64(&mut self, value: Option<u64>) -> &mut Self {
        let (schema, column, cells) = self.next();
        match &mut cells.data {
            Data::U64(values) => values.push(value.unwrap_or_default()),
            _ => wrong_type(schema, column.name),
        }
        cells.valid.push(value.is_some());
        self
    }

    /// A [`Type::I64`] cell.
    pub fn i64(&mut self, value: Option<i64>) -> &mut Self {
        self.signed(value, Type::I64)
    }

    /// A [`Type::Time`] cell: microseconds since 1970-01-01 UTC.
    pub fn time(&mut self, value: Option<i64>) -> &mut Self {
        self.signed(value, Type::Time)
    }

    /// A [`Type::F64`] cell.
    pub fn f64(&mut self, value: Option<f64>) -> &mut Self {
        let (schema, column, cells) = self.next();
        match &mut cells.data {
            Data::F64(values) => values.push(value.unwrap_or_default()),
            _ => wrong_type(schema, column.name),
        }
        cells.valid.push(value.is_some());
        self
    }

    /// A [`Type::Bool`] cell.
    pub fn bool(&mut self, value: Option<bool>) -> &mut Self {
        let (schema, column, cells) = self.next();
        match &mut cells.data {
            Data::Bool(values) => values.push(value.unwrap_or_default()),
            _ => wrong_type(schema, column.name),
        }
        cells.valid.push(value.is_some());
        self
    }

    /// A [`Type::List`] cell, which is never null.
    pub fn list(&mut self, items: &[impl AsRef<str>]) -> &mut Self {
        let (schema, column, cells) = self.next();
        match &mut cells.data {
            Data::List(lists) => {
                for item in items {
                    lists.items.push(item.as_ref());
                }
                lists.ends.push(lists.items.ends.len());
            }
            _ => wrong_type(schema, column.name),
        }
        cells.valid.push(true);
        self
    }

    fn signed(&mut self, value: Option<i64>, kind: Type) -> &mut Self {
        let (schema, column, cells) = self.next();
        match &mut cells.data {
            Data::I64(values) if column.kind == kind => values.push(value.unwrap_or_default()),
            _ => wrong_type(schema, column.name),
        }
        cells.valid.push(value.is_some());
        self
    }

    fn next(&mut self) -> (&'static Schema, &'static Column, &mut Cells) {
        let schema = self.batch.schema;
        let Some(column) = schema.columns.get(self.next) else {
            panic!("a row of `{}` has {} cells, not more", schema.name, schema.columns.len())
        };
        let cells = &mut self.batch.columns[self.next];
        self.next += 1;
        (schema, column, cells)
    }
}

impl Drop for RowWriter<'_> {
    fn drop(&mut self) {
        let schema = self.batch.schema;
        debug_assert!(
            self.next == schema.columns.len() || std::thread::panicking(),
            "a row of `{}` has {} cells, not {}",
            schema.name,
            schema.columns.len(),
            self.next
        );
        self.batch.rows += 1;
        if self.next < schema.columns.len() {
            for cells in &mut self.batch.columns {
                cells.pad(self.batch.rows);
            }
        }
    }
}

#[cold]
fn wrong_type(schema: &Schema, column: &str) -> ! {
    panic!("column `{column}` of `{}` is of another type", schema.name)
}

impl<'b> Items<'b> {
    /// The texts at `range`, which lies within them.
    pub(super) fn new(texts: &'b Texts, range: std::ops::Range<usize>) -> Self {
        Self { texts, range }
    }
}

impl<'b> Iterator for Items<'b> {
    type Item = &'b str;

    fn next(&mut self) -> Option<&'b str> {
        self.range.next().map(|index| self.texts.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::{ERRORS, PROBLEMS};
    use super::*;

    fn problem(batch: &mut Batch, file: &str, offset: Option<u64>) {
        batch
            .row()
            .text(Some(file))
            .text(None)
            .u64(offset)
            .text(Some("zip"))
            .text(Some("truncated"))
            .text(Some(""));
    }

    #[test]
    fn cells_come_back_as_they_were_pushed() {
        let mut batch = Batch::new(&PROBLEMS);
        assert!(batch.is_empty());
        problem(&mut batch, "ğ.json", Some(7));
        problem(&mut batch, "b", None);
        assert_eq!(batch.len(), 2);
        assert!(batch.bytes() > 40, "{}", batch.bytes());
        assert_eq!(batch.cell(0, 0), Cell::Text("ğ.json"));
        assert_eq!(batch.cell(0, 1), Cell::Null);
        assert_eq!(batch.cell(0, 2), Cell::Unsigned(7));
        assert_eq!(batch.cell(1, 2), Cell::Null);
        assert_eq!(batch.cell(1, 5), Cell::Text(""));
    }

    #[test]
    fn running_numbers_fill_nulls_and_shifts_leave_them() {
        let mut batch = Batch::new(&PROBLEMS);
        for offset in [Some(1), None, Some(3)] {
            problem(&mut batch, "a", offset);
        }
        batch.shift(2, 10);
        assert_eq!(batch.cell(0, 2), Cell::Unsigned(11));
        assert_eq!(batch.cell(1, 2), Cell::Null);
        batch.number(2, 5);
        let numbers: Vec<_> = (0..3).map(|row| batch.cell(row, 2)).collect();
        assert_eq!(numbers, [Cell::Unsigned(5), Cell::Unsigned(6), Cell::Unsigned(7)]);
    }

    #[test]
    fn a_taken_batch_leaves_an_empty_one_and_appending_brings_rows_back() {
        let mut batch = Batch::new(&PROBLEMS);
        for index in 0..11 {
            problem(&mut batch, &format!("file {index}"), (index % 2 == 0).then_some(index));
        }
        let first = batch.take();
        assert!(batch.is_empty());
        batch.append(&first);
        batch.append(&first);
        assert_eq!(batch.len(), 22);
        for (row, column) in (0..22).flat_map(|row| (0..6).map(move |column| (row, column))) {
            assert_eq!(batch.cell(row, column), first.cell(row % 11, column));
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    fn a_row_with_cells_missing_is_refused_in_debug_builds() {
        let refused = std::panic::catch_unwind(|| {
            Batch::new(&PROBLEMS).row().text(Some("only the file"));
        });
        assert!(refused.is_err());
    }

    #[test]
    fn a_cell_of_another_type_is_refused() {
        let refused = std::panic::catch_unwind(|| {
            Batch::new(&ERRORS).row().text(Some("not a number"));
        });
        assert!(refused.is_err());
    }
}
