//! Reads Parquet: the footer of a file, and the cells of one column of one row group.
//!
//! The files were written by `parquet`, in this version or another, and may be damaged: all bytes are held against the
//! checksums before they are read as Parquet.

use std::convert::Infallible;
use std::fmt::Display;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use polars_arrow::array::{Array, BooleanArray, ListArray, PrimitiveArray, Utf8ViewArray};
use polars_arrow::bitmap::MutableBitmap;
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_arrow::types::NativeType;
use polars_parquet::parquet::metadata::ColumnDescriptor;
use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::parquet::statistics::Statistics;
use polars_parquet::read::{
    BasicDecompressor, ColumnChunkMetadata, FileMetadata, Filter, PageReader, PhysicalType,
    column_iter_to_arrays, read_metadata,
};
use xxhash_rust::xxh3::xxh3_64;

use super::checksums::Checksums;
use super::columns::{Bits, BodyTexts, Cells, Data, Lists};
use super::parquet::arrow_type;
use super::schema::{Column, ColumnType, Schema};
use super::stored::ReadError;

/// The largest page that is taken, in bytes: a body that a file of the largest size may hold.
const PAGE_BYTES: usize = i32::MAX as usize;

/// The metadata of a Parquet file.
#[derive(Debug)]
pub(super) struct Footer {
    metadata: FileMetadata,
    checksums: Checksums,
}

impl Footer {
    pub(super) fn rows(&self) -> u64 {
        self.metadata.num_rows as u64
    }

    pub(super) fn groups(&self) -> usize {
        self.metadata.row_groups.len()
    }

    pub(super) fn rows_of(&self, group: usize) -> usize {
        self.metadata.row_groups[group].num_rows()
    }

    /// Whether the file has the columns of a table and no others, in their order.
    pub(super) fn has_columns(&self, schema: &Schema) -> bool {
        let columns = self.metadata.schema_descr.columns();
        columns.len() == schema.columns.len()
            && columns.iter().zip(schema.columns).all(|(stored, column)| {
                stored.path_in_schema.first().is_some_and(|name| name == column.name)
                    && fits(stored, column.kind)
            })
    }

    /// The smallest and the largest value of a column of integers or times in a row group, by its statistics. `None`
    /// when there are none: all cells are null, or the column is missing or of another type.
    pub(super) fn range_of(&self, group: usize, column: &str) -> Option<(i64, i64)> {
        let chunk = self.metadata.row_groups[group].columns_under_root_iter(column)?.next()?;
        let read = || chunk.statistics(&self.metadata.footer_buf);
        // As in `caught`; without statistics everything is read, and says what is damaged.
        match panic::catch_unwind(AssertUnwindSafe(read)).ok()??.ok()? {
            Statistics::Int32(range) => Some((range.min_value?.into(), range.max_value?.into())),
            Statistics::Int64(range) => Some((range.min_value?, range.max_value?)),
            _ => None,
        }
    }
}

/// Reads the checksums and the footer.
pub(super) fn footer(file: &mut File, path: &Path) -> Result<Footer, ReadError> {
    let checksums = Checksums::read(file).map_err(ReadError::io(path))?;
    let checksums = checksums.ok_or_else(|| {
        let fault =
            "its footer has changed since `analyze report` wrote it, or another program wrote it";
        ReadError::damaged(path, fault)
    })?;
    let metadata = caught(path, || read_metadata(file))?;
    Ok(Footer { metadata, checksums })
}

/// Reads one column of a row group; nulls when the file has no such column, which must be nullable. `rows`: only these
/// rows, which ascend.
pub(super) fn column(
    file: &mut (impl Read + Seek),
    path: &Path,
    footer: &Footer,
    group: usize,
    column: &Column,
    rows: Option<&[usize]>,
) -> Result<Cells, ReadError> {
    let group = &footer.metadata.row_groups[group];
    let damaged = |what: &str| ReadError::damaged(path, format!("column {} {what}", column.name));
    let read_rows = rows.map_or(group.num_rows(), <[usize]>::len);
    let Some(mut chunks) = group.columns_under_root_iter(column.name) else {
        return if column.nullable {
            Ok(Cells::nulls(column, read_rows))
        } else {
            Err(damaged("is missing"))
        };
    };
    let other = || damaged("is of another type");
    let (Some(chunk), None) = (chunks.next(), chunks.next()) else { return Err(other()) };
    if !fits(chunk.descriptor(), column.kind) {
        return Err(other());
    }
    let range = caught(path, || Ok::<_, Infallible>(chunk.byte_range()))?;
    let bytes = footer.checksums.checked(file, range).map_err(ReadError::io(path))?;
    let bytes = bytes.ok_or_else(|| damaged("does not match its checksums"))?;

    let bytes = Cursor::new(bytes.into());
    let pages = || PageReader::new(bytes.clone(), chunk, Vec::new(), PAGE_BYTES);
    // Polars trusts the headers of pages, and aborts the process where one promises more values than there are.
    let values = |page| values(&page);
    let values = caught(path, || pages().map(|page| page.map(values)).sum::<Result<usize, _>>())?;
    if !is_length(values, chunk, column, group.num_rows()) {
        return Err(damaged(OTHER_LENGTH));
    }
    let pages = BasicDecompressor::new(pages(), Vec::new());
    let field =
        Field::new(column.name.into(), arrow_type(column.kind, ArrowDataType::Utf8View), true);
    let kind = &chunk.descriptor().descriptor.primitive_type;
    let filter = rows.map(|rows| row_filter(rows, group.num_rows()));
    let (arrays, _) =
        caught(path, || column_iter_to_arrays(vec![pages], vec![kind], field, filter))?;
    let mut cells = Cells::new(column);
    for array in arrays {
        append(&mut cells, array.as_ref()).ok_or_else(other)?;
    }
    if cells.valid.len() != read_rows {
        let fault = format!("column {} has {} cells", column.name, cells.valid.len());
        return Err(ReadError::damaged(path, format!("{fault} for {read_rows} rows")));
    }
    if !column.nullable && cells.valid.unset() > 0 {
        return Err(damaged("has nulls where it cannot have any"));
    }
    Ok(cells)
}

/// The pages of a row group as they are in the file, by column. The file has the columns of `schema` and no others. Memory
/// and time are those of the compressed pages.
pub(super) fn pages(
    file: &mut (impl Read + Seek),
    path: &Path,
    footer: &Footer,
    group: usize,
    schema: &Schema,
) -> Result<Vec<Vec<CompressedPage>>, ReadError> {
    let group = &footer.metadata.row_groups[group];
    let chunks = group.parquet_columns();
    let ranges = || Ok::<_, Infallible>(chunks.iter().map(ColumnChunkMetadata::byte_range));
    let ranges: Vec<_> = caught(path, || ranges().map(Iterator::collect))?;
    // The chunks lie side by side, and share blocks of the checksums.
    let start = ranges.iter().map(|range| range.start).min().unwrap_or_default();
    let end = ranges.iter().map(|range| range.end).max().unwrap_or_default();
    let bytes = footer.checksums.checked(file, start..end).map_err(ReadError::io(path))?;
    let fault = || ReadError::damaged(path, "a row group does not match its checksums");
    let bytes = Cursor::new(bytes.ok_or_else(fault)?.into());

    let mut columns = Vec::with_capacity(chunks.len());
    for ((chunk, range), column) in chunks.iter().zip(ranges).zip(schema.columns) {
        let mut bytes = bytes.clone();
        bytes.set_position(range.start - start);
        let read = || PageReader::new(bytes, chunk, Vec::new(), PAGE_BYTES).collect();
        let mut pages: Vec<_> = caught(path, read)?;
        if !is_length(pages.iter().map(values).sum(), chunk, column, group.num_rows()) {
            let fault = format!("column {} {OTHER_LENGTH}", column.name);
            return Err(ReadError::damaged(path, fault));
        }
        // The writer asks how many rows a page has, and writes it nowhere. Pages of lists do not tell: all are taken to be
        // in the first.
        let mut rows = group.num_rows();
        for page in &mut pages {
            if let CompressedPage::Data(page) = page {
                let in_page =
                    if column.kind == ColumnType::List { rows } else { page.num_values() };
                page.num_rows = Some(in_page);
                rows = rows.saturating_sub(in_page);
            }
        }
        columns.push(pages);
    }
    Ok(columns)
}

/// What is wrong with a column for which [`is_length`] does not hold.
const OTHER_LENGTH: &str = "has pages of another length than its rows";

/// Whether so many values in the pages of a column are those of its rows.
fn is_length(values: usize, chunk: &ColumnChunkMetadata, column: &Column, rows: usize) -> bool {
    usize::try_from(chunk.num_values()) == Ok(values)
        && (column.kind == ColumnType::List || values == rows)
}

fn values(page: &CompressedPage) -> usize {
    match page {
        CompressedPage::Data(page) => page.num_values(),
        CompressedPage::Dict(_) => 0,
    }
}

/// A filter for these rows of a row group, which ascend.
fn row_filter(rows: &[usize], all: usize) -> Filter {
    let mut mask = MutableBitmap::from_len_zeroed(all);
    for &row in rows {
        mask.set(row, true);
    }
    Filter::Mask(mask.freeze())
}

/// What Polars reads, or damage where it refuses or panics, as it does at some damaged footers. The panic hook of the
/// program sees such a panic all the same.
fn caught<R, E: Display>(path: &Path, read: impl FnOnce() -> Result<R, E>) -> Result<R, ReadError> {
    // A panic leaves only the position of the file undefined, and every read sets it first.
    let read = panic::catch_unwind(AssertUnwindSafe(read));
    let read = read.map_err(|_panic| ReadError::damaged(path, "it is not sound Parquet"))?;
    read.map_err(|error| ReadError::damaged(path, error.to_string()))
}

/// Whether a column of the file is stored as `parquet` stores the type.
fn fits(column: &ColumnDescriptor, kind: ColumnType) -> bool {
    let stored = match kind {
        ColumnType::Text | ColumnType::List => PhysicalType::ByteArray,
        ColumnType::I32 => PhysicalType::Int32,
        ColumnType::I64 | ColumnType::Time => PhysicalType::Int64,
        ColumnType::F64 => PhysicalType::Double,
        ColumnType::Bool => PhysicalType::Boolean,
    };
    // The path of a list goes through its list and its element.
    let depth = if kind == ColumnType::List { 3 } else { 1 };
    column.descriptor.primitive_type.physical_type == stored && column.path_in_schema.len() == depth
}

/// Appends the cells of an array; `None` when it is of another type.
fn append(cells: &mut Cells, array: &dyn Array) -> Option<()> {
    match &mut cells.data {
        Data::Text(texts) => push_texts(|text| texts.push(text), array)?,
        Data::Bodies(bodies) => push_bodies(bodies, array)?,
        Data::I32(values) => push_values(values, array)?,
        Data::I64(values) => push_values(values, array)?,
        Data::F64(values) => push_values(values, array)?,
        Data::Bool(values) => {
            let array: &BooleanArray = array.as_any().downcast_ref()?;
            for row in 0..array.len() {
                values.push(array.value(row));
            }
        }
        Data::List(lists) => push_lists(lists, array)?,
    }
    push_valid(&mut cells.valid, array);
    Some(())
}

fn push_valid(valid: &mut Bits, array: &dyn Array) {
    for row in 0..array.len() {
        valid.push(array.is_valid(row));
    }
}

fn push_values<T: NativeType>(values: &mut Vec<T>, array: &dyn Array) -> Option<()> {
    let array: &PrimitiveArray<T> = array.as_any().downcast_ref()?;
    values.extend_from_slice(array.values());
    Some(())
}

fn push_texts(mut push: impl FnMut(&str), array: &dyn Array) -> Option<()> {
    let array: &Utf8ViewArray = array.as_any().downcast_ref()?;
    for text in array {
        push(text.unwrap_or_default());
    }
    Some(())
}

/// Equal bodies share their bytes, as they do in the file and in the array.
fn push_bodies(bodies: &mut BodyTexts, array: &dyn Array) -> Option<()> {
    let array: &Utf8ViewArray = array.as_any().downcast_ref()?;
    for text in array {
        match text {
            Some(text) => bodies.push(text, xxh3_64(text.as_bytes())),
            None => bodies.push_null(),
        }
    }
    Some(())
}

fn push_lists(lists: &mut Lists, array: &dyn Array) -> Option<()> {
    let array: &ListArray<i64> = array.as_any().downcast_ref()?;
    for list in array {
        if let Some(items) = list {
            push_texts(|text| lists.items.push(text), items.as_ref())?;
        }
        lists.ends.push(lists.items.ends.len());
    }
    Some(())
}
