//! Rows as Arrow arrays, for other programs in the same process: the Arrow C stream interface, which pandas, Polars,
//! DuckDB and others take as it is.
//!
//! Types are those that these programs read from the Parquet files: `large_string`, `int32`, `int64`, `double`, `bool`,
//! `timestamp[us, UTC]`, `large_list<large_string>`. Every column may be null.

use std::io;
use std::ops::Range;

use polars_arrow::array::{Array, BooleanArray, ListArray, PrimitiveArray, StructArray, Utf8Array};
use polars_arrow::bitmap::Bitmap;
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_arrow::ffi;
use polars_arrow::offset::{Offsets, OffsetsBuffer};
use polars_arrow::types::NativeType;

use super::chosen::ChosenRows;
use super::columns::{Cells, Data};
use super::parquet::arrow_type;
use super::schema::Column;

pub use polars_arrow::ffi::{ArrowArrayStream, ArrowSchema};

/// Bytes of bodies in one array. Equal bodies of a row group are stored once, and an array repeats them.
const BODY_BYTES: usize = 64 << 20;

/// Rows as one struct array. Cloning it copies no values.
#[derive(Debug, Clone)]
pub struct ArrowBatch(StructArray);

impl ArrowBatch {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ChosenRows {
    /// The rows as arrays, in their order: one, unless their bodies take more than 64 MiB with repeats. Memory is that
    /// of one array at a time.
    pub fn into_arrow(self) -> impl Iterator<Item = ArrowBatch> + Send {
        let mut next = 0;
        std::iter::from_fn(move || {
            let rows = self.array_rows(next);
            next = rows.end;
            (!rows.is_empty()).then(|| self.arrow(&rows))
        })
    }

    /// The rows of the array that starts at `first`: at least one, if there is one.
    fn array_rows(&self, first: usize) -> Range<usize> {
        let bodies = || {
            self.columns.iter().filter_map(|(_, cells)| match &cells.data {
                Data::Bodies(bodies) => Some(bodies),
                _ => None,
            })
        };
        let (mut rows, mut bytes) = (first..first, 0);
        while rows.end < self.len() {
            bytes += bodies().map(|bodies| bodies.bytes(rows.end).len()).sum::<usize>();
            if bytes > BODY_BYTES && !rows.is_empty() {
                break;
            }
            rows.end += 1;
        }
        rows
    }

    fn arrow(&self, rows: &Range<usize>) -> ArrowBatch {
        let columns: Vec<_> = self.columns.iter().map(|(column, _)| *column).collect();
        let arrays = self.columns.iter().map(|(column, cells)| array(column, cells, rows));
        let arrays =
            StructArray::try_new(struct_type(&columns), rows.len(), arrays.collect(), None);
        ArrowBatch(arrays.expect("columns of one length and of their types"))
    }
}

/// The batches, which have these columns, as a stream of the Arrow C interface. Its consumer pulls one batch after the
/// other, on any thread; a text in place of a batch ends the stream as its error.
pub fn arrow_stream(
    columns: &[&'static Column],
    batches: impl Iterator<Item = Result<ArrowBatch, String>> + Send + 'static,
) -> ArrowArrayStream {
    let arrays = batches.map(|batch| match batch {
        Ok(ArrowBatch(array)) => Ok(Box::new(array) as Box<dyn Array>),
        // As a C string it ends at a NUL.
        Err(fault) => Err(io::Error::other(fault.replace('\0', "\u{fffd}")).into()),
    });
    ffi::export_iterator(Box::new(arrays), row_field(columns))
}

/// The type of the rows of these columns, as the Arrow C interface has it.
pub fn arrow_schema(columns: &[&'static Column]) -> ArrowSchema {
    ffi::export_field_to_c(&row_field(columns))
}

fn row_field(columns: &[&'static Column]) -> Field {
    Field::new("".into(), struct_type(columns), false)
}

fn struct_type(columns: &[&'static Column]) -> ArrowDataType {
    let field =
        |column: &&'static Column| Field::new(column.name.into(), column_type(column), true);
    ArrowDataType::Struct(columns.iter().map(field).collect())
}

fn column_type(column: &Column) -> ArrowDataType {
    arrow_type(column.kind, ArrowDataType::LargeUtf8)
}

/// Some cells of one column.
fn array(column: &Column, cells: &Cells, rows: &Range<usize>) -> Box<dyn Array> {
    let valid =
        (cells.valid.unset() > 0).then(|| bits(&cells.valid.bytes, cells.valid.len(), rows));
    match &cells.data {
        Data::Text(texts) => {
            let text = |row| if cells.valid.get(row) { texts.get(row) } else { "" };
            utf8(rows.clone().map(text), valid)
        }
        Data::Bodies(bodies) => {
            let text = |row| if cells.valid.get(row) { bodies.get(row) } else { "" };
            utf8(rows.clone().map(text), valid)
        }
        Data::I32(values) => primitive(&values[rows.clone()], column, valid),
        Data::I64(values) => primitive(&values[rows.clone()], column, valid),
        Data::F64(values) => primitive(&values[rows.clone()], column, valid),
        Data::Bool(values) => {
            let values = bits(&values.bytes, values.len(), rows);
            let array = BooleanArray::try_new(ArrowDataType::Boolean, values, valid);
            Box::new(array.expect("a bit for each row"))
        }
        Data::List(lists) => {
            let items = utf8(rows.clone().flat_map(|row| lists.get(row)), None);
            let lengths = rows.clone().map(|row| lists.get(row).count());
            let array = ListArray::try_new(column_type(column), offsets(lengths), items, valid);
            Box::new(array.expect("the items of all lists"))
        }
    }
}

fn primitive<T: NativeType>(
    values: &[T],
    column: &Column,
    valid: Option<Bitmap>,
) -> Box<dyn Array> {
    let array = PrimitiveArray::try_new(column_type(column), values.to_vec().into(), valid);
    Box::new(array.expect("values of the type of their column"))
}

fn utf8<'t>(texts: impl Iterator<Item = &'t str> + Clone, valid: Option<Bitmap>) -> Box<dyn Array> {
    let lengths = texts.clone().map(str::len);
    let mut bytes = Vec::with_capacity(lengths.clone().sum());
    texts.for_each(|text| bytes.extend_from_slice(text.as_bytes()));
    let array = Utf8Array::try_new(ArrowDataType::LargeUtf8, offsets(lengths), bytes.into(), valid);
    Box::new(array.expect("texts one behind the other"))
}

/// Arrow's offsets: a zero, and where each of these lengths ends.
fn offsets(lengths: impl Iterator<Item = usize>) -> OffsetsBuffer<i64> {
    Offsets::try_from_lengths(lengths).expect("lengths of texts in memory").into()
}

fn bits(bytes: &[u8], len: usize, rows: &Range<usize>) -> Bitmap {
    Bitmap::from_u8_slice(bytes, len).sliced(rows.start, rows.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::{FileName, MemberName, MessageText, ProblemKindWord, StageWord};
    use crate::rows::{PROBLEMS, ProblemRow, Problems};
    use crate::{Batch, columns::CellRef};

    fn problems(members: &[Option<&str>]) -> ChosenRows {
        let mut batch = Batch::<Problems>::new();
        for (byte, member) in (0..).zip(members) {
            batch.push(&ProblemRow {
                file: FileName("ğ.zip"),
                member: member.map(MemberName),
                byte,
                stage: StageWord("zip"),
                kind: ProblemKindWord("truncated"),
                message: MessageText(""),
            });
        }
        ChosenRows::of(batch.into_columns(), |_| true)
    }

    #[test]
    fn arrays_have_the_cells_of_the_rows() {
        let members = [Some("a"), None, Some(""), Some("é")];
        let batches: Vec<_> = problems(&members).into_arrow().collect();
        let [ArrowBatch(rows)] = &batches[..] else { panic!("{} batches", batches.len()) };
        let column = |name: &str| &rows.values()[PROBLEMS.position(name).unwrap()];
        let texts = column("member").as_any().downcast_ref::<Utf8Array<i64>>().unwrap();
        assert_eq!(texts.iter().collect::<Vec<_>>(), members);
        let bytes = column("byte").as_any().downcast_ref::<PrimitiveArray<i64>>().unwrap();
        assert_eq!(bytes.values().as_slice(), [0, 1, 2, 3]);
        assert_eq!(column("byte").null_count(), 0);
        assert!(problems(&[]).into_arrow().next().is_none());
    }

    #[test]
    fn chosen_columns_are_those_of_the_array() {
        let mut batch = Batch::<Problems>::new();
        batch.push(&ProblemRow {
            file: FileName("a"),
            member: None,
            byte: 7,
            stage: StageWord("zip"),
            kind: ProblemKindWord("truncated"),
            message: MessageText(""),
        });
        let rows = ChosenRows::of(batch.into_columns(), |column| column.name == "byte");
        assert_eq!(rows.row(0).collect::<Vec<_>>(), [CellRef::Integer(7)]);
        let ArrowBatch(array) = rows.into_arrow().next().unwrap();
        assert_eq!((array.len(), array.values().len()), (1, 1));
    }
}
