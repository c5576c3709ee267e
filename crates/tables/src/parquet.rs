//! Batches as Parquet: one batch, one row group, pages compressed with zstd level 1.
//!
//! Values are `PLAIN`, and texts that repeat are dictionary-encoded, both in version 1 pages: what
//! every reader knows. No Arrow schema is embedded, so readers go by the Parquet types alone:
//! `STRING`, `INT32`, `INT64`, `DOUBLE`, `BOOLEAN`,
//! `TIMESTAMP(MICROS, adjusted to UTC)`, and `LIST` of `STRING`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::hash::BuildHasherDefault;
use std::io::{self, BufWriter, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use polars_arrow::array::{
    Array, BinaryArray, BooleanArray, DictionaryArray, ListArray, PrimitiveArray,
};
use polars_arrow::bitmap::Bitmap;
use polars_arrow::datatypes::{ArrowDataType, Field, IntegerType, TimeUnit};
use polars_arrow::offset::OffsetsBuffer;
use polars_arrow::types::NativeType;
use polars_parquet::parquet::CowBuffer;
use polars_parquet::parquet::compression::Compression;
use polars_parquet::parquet::error::ParquetError;
use polars_parquet::parquet::metadata::{KeyValue, SchemaDescriptor};
use polars_parquet::parquet::page::{CompressedDataPage, CompressedDictPage};
use polars_parquet::parquet::write::{FileWriter, Version, WriteOptions as FileOptions};
use polars_parquet::write::{
    CompressedPage, CompressionOptions, DynIter, DynStreamingIterator, Encoding, Page, ParquetType,
    StatisticsOptions, WriteOptions, array_to_columns, fallible_streaming_iterator,
    to_parquet_type,
};
use xxhash_rust::xxh3::xxh3_64;

use super::batch::Columns;
use super::checksums::{self, ChecksumWriter};
use super::columns::{Bits, BodyTexts, Cells, ColumnTexts, Data, Hashed, TextBuffer};
use super::error::Error;
use super::schema::{Column, ColumnType, Schema};

/// The level at which zstd keeps up with the decoding of the dump.
pub(super) const ZSTD_LEVEL: i32 = 1;

/// Bytes of values after which a page of plain text ends. A page is what a reader must decompress
/// to see one value of it, and what fits the cache while it is written.
const PAGE_BYTES: usize = 1 << 20;

/// The largest dictionary, in bytes: readers hold one whole for every column.
const DICTIONARY_BYTES: usize = 1 << 20;

/// Bytes of a text that the minimum and maximum of a column keep.
const STATISTICS_BYTES: u64 = 64;

/// The pages of one row group, compressed.
#[derive(Debug)]
pub(super) struct RowGroup {
    rows: u64,
    /// By column.
    pages: Vec<Vec<CompressedPage>>,
}

/// A Parquet file being written.
pub(super) struct Writer {
    path: PathBuf,
    file: FileWriter<Disk>,
    refused: Arc<AtomicI32>,
    /// Set when the footer follows.
    footer: Arc<AtomicBool>,
    metadata: Vec<KeyValue>,
}

/// Encodes and compresses the rows of a batch.
pub(super) fn encode(batch: &Columns) -> Result<RowGroup, Error> {
    let place = Path::new(batch.schema().name);
    let mut zstd = PageCompressor::new().map_err(Error::parquet(place))?;
    let columns = batch.schema().columns.iter().zip(batch.cells());
    let pages = columns.map(|(column, cells)| pages(column, cells, &mut zstd, place));
    Ok(RowGroup { rows: batch.len() as u64, pages: pages.collect::<Result<_, _>>()? })
}

impl RowGroup {
    /// A row group of pages that are compressed already, by column.
    pub(super) fn of_pages(rows: usize, pages: Vec<Vec<CompressedPage>>) -> Self {
        Self { rows: rows as u64, pages }
    }

    /// Encodes the cells of one column anew.
    pub(super) fn replace_column(
        &mut self,
        schema: &Schema,
        column: usize,
        cells: &Cells,
    ) -> Result<(), Error> {
        let place = Path::new(schema.name);
        let mut zstd = PageCompressor::new().map_err(Error::parquet(place))?;
        self.pages[column] = pages(&schema.columns[column], cells, &mut zstd, place)?;
        Ok(())
    }
}

impl Writer {
    /// Creates the file.
    pub(super) fn create(
        path: PathBuf,
        schema: &Schema,
        metadata: Vec<(&str, String)>,
    ) -> Result<Self, Error> {
        let pair =
            |(key, value): (&str, String)| KeyValue { key: key.to_owned(), value: Some(value) };
        let metadata = metadata.into_iter().map(pair).collect();
        let types = schema.columns.iter().map(|column| parquet_type(column, &path));
        let types = types.collect::<Result<_, _>>()?;
        let file = File::create_new(&path).map_err(Error::io(&path, "create"))?;
        let (refused, footer) = (Arc::<AtomicI32>::default(), Arc::<AtomicBool>::default());
        let file = FileWriter::new(
            Disk {
                file: BufWriter::new(file),
                refused: Arc::clone(&refused),
                is_footer: Arc::clone(&footer),
                footer: Vec::new(),
                checksums: ChecksumWriter::default(),
            },
            SchemaDescriptor::new(schema.name.into(), types),
            // Page statistics reach the row group either way. The option is for the column index,
            // which cannot leave out single columns.
            FileOptions { write_statistics: false, version: Version::V1 },
            Some(concat!("analyze version ", env!("CARGO_PKG_VERSION")).to_owned()),
        );
        Ok(Self { path, file, refused, footer, metadata })
    }

    /// Appends a row group. I/O only.
    pub(super) fn append(&mut self, group: &RowGroup) -> Result<(), Error> {
        if group.rows == 0 {
            return Ok(());
        }
        let columns = group.pages.iter().map(|pages| {
            let pages = pages.iter().map(Ok::<_, ParquetError>);
            Ok(DynStreamingIterator::new(fallible_streaming_iterator::convert(pages)))
        });
        let written = self.file.write(group.rows, DynIter::new(columns));
        written.map_err(|error| self.fault(error))
    }

    /// Writes the checksums and the footer.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let metadata = std::mem::take(&mut self.metadata);
        self.footer.store(true, Ordering::Relaxed);
        let ended = self.file.end(Some(metadata));
        ended.map_err(|error| self.fault(error))?;
        self.file.into_inner().finish().map_err(Error::io(&self.path, "write"))
    }

    fn fault(&self, error: ParquetError) -> Error {
        match self.refused.load(Ordering::Relaxed) {
            0 => Error::parquet(&self.path)(error),
            code => Error::io(&self.path, "write")(io::Error::from_raw_os_error(code)),
        }
    }
}

/// The file. Keeps what the system answers when it refuses: the Parquet writer makes a text of it,
/// in which a full disk looks like a bug.
struct Disk {
    file: BufWriter<File>,
    /// The number of the error; 0 while there is none.
    refused: Arc<AtomicI32>,
    /// What is written now is the footer, which waits for the checksums.
    is_footer: Arc<AtomicBool>,
    /// The footer, with the indexes of pages before it.
    footer: Vec<u8>,
    /// Of what is written.
    checksums: ChecksumWriter,
}

impl Disk {
    /// Writes the checksums and the footer.
    fn finish(mut self) -> io::Result<()> {
        let (indexes, footer) = self.footer.split_at(checksums::footer_start(&self.footer));
        self.checksums.update(indexes);
        self.file.write_all(indexes)?;
        self.file.write_all(&self.checksums.finish(footer))?;
        self.file.write_all(footer)?;
        self.file.flush()
    }

    fn noted<T>(&self, done: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &done
            && let Some(code) = error.raw_os_error()
        {
            self.refused.store(code, Ordering::Relaxed);
        }
        done
    }
}

impl io::Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_footer.load(Ordering::Relaxed) {
            return self.footer.write(bytes);
        }
        let written = self.file.write(bytes);
        if let Ok(written) = written {
            self.checksums.update(&bytes[..written]);
        }
        self.noted(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.file.flush();
        self.noted(flushed)
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Compresses pages one after the other with one context and one buffer.
struct PageCompressor {
    zstd: zstd::bulk::Compressor<'static>,
    buffer: Vec<u8>,
}

impl PageCompressor {
    fn new() -> std::io::Result<Self> {
        let mut zstd = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
        // Else a damaged page could be read as other values without a word.
        zstd.include_checksum(true)?;
        Ok(Self { zstd, buffer: Vec::new() })
    }

    /// The page with its buffer compressed, which is no longer than it must be: pages wait in
    /// memory for their turn.
    fn compress(&mut self, page: Page) -> std::io::Result<CompressedPage> {
        Ok(match page {
            Page::Data(page) => CompressedPage::Data(CompressedDataPage::new(
                page.header().clone(),
                CowBuffer::Owned(self.bytes(page.buffer())?),
                Compression::Zstd,
                page.buffer().len(),
                page.descriptor.clone(),
                page.num_rows().unwrap_or_default(),
            )),
            Page::Dict(page) => CompressedPage::Dict(CompressedDictPage::new(
                CowBuffer::Owned(self.bytes(&page.buffer)?),
                Compression::Zstd,
                page.buffer.len(),
                page.num_values,
                page.is_sorted,
            )),
        })
    }

    fn bytes(&mut self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let bound = zstd::zstd_safe::compress_bound(bytes.len());
        if self.buffer.len() < bound {
            self.buffer.resize(bound, 0);
        }
        let len = self.zstd.compress_to_buffer(bytes, self.buffer.as_mut_slice())?;
        Ok(self.buffer[..len].to_vec())
    }
}

fn page_options(column: &Column) -> WriteOptions {
    // The extremes of bodies are of no use, those of list items of little, and both cost a pass.
    let extremes = !column.body && column.kind != ColumnType::List;
    WriteOptions {
        statistics: StatisticsOptions {
            min_value: extremes,
            max_value: extremes,
            distinct_count: false,
            null_count: true,
            // Set, because the default is read from the environment.
            binary_statistics_truncate_length: Some(STATISTICS_BYTES),
        },
        version: polars_parquet::write::Version::V1,
        // Pages are compressed here, not by the encoder.
        compression: CompressionOptions::Uncompressed,
        data_page_size: Some(PAGE_BYTES),
    }
}

fn parquet_type(column: &Column, place: &Path) -> Result<ParquetType, Error> {
    let kind = arrow_type(column.kind, ArrowDataType::LargeUtf8);
    to_parquet_type(&Field::new(column.name.into(), kind, true)).map_err(Error::parquet(place))
}

/// A type of the schema as Arrow has it; `text`: which of Arrow's texts.
pub(super) fn arrow_type(kind: ColumnType, text: ArrowDataType) -> ArrowDataType {
    match kind {
        ColumnType::Text => text,
        ColumnType::I32 => ArrowDataType::Int32,
        ColumnType::I64 => ArrowDataType::Int64,
        ColumnType::F64 => ArrowDataType::Float64,
        ColumnType::Bool => ArrowDataType::Boolean,
        ColumnType::Time => ArrowDataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::List => ArrowDataType::LargeList(Box::new(item(text))),
    }
}

/// The field of a list's items.
fn item(kind: ArrowDataType) -> Field {
    Field::new("element".into(), kind, true)
}

/// The pages of one column. Text goes to the encoder as binary: it is UTF-8 already, and the
/// Parquet type says so.
fn pages(
    column: &Column,
    cells: &Cells,
    zstd: &mut PageCompressor,
    place: &Path,
) -> Result<Vec<CompressedPage>, Error> {
    let parquet_type = parquet_type(column, place)?;
    let options = page_options(column);
    let mut pages = Vec::new();
    let mut push = |array: Box<dyn Array>, encoding| {
        // One leaf a column, also for lists.
        let leaves = array_to_columns(array, parquet_type.clone(), options, &[encoding]);
        for page in leaves.map_err(Error::parquet(place))?.into_iter().flatten() {
            let page = page.map_err(Error::parquet(place))?;
            pages.push(zstd.compress(page).map_err(Error::parquet(place))?);
        }
        Ok(())
    };
    let valid = bitmap(&cells.valid);
    match &cells.data {
        Data::Text(texts) => {
            if let Some(dictionary) = Dictionary::of(texts, &cells.valid) {
                push(dictionary.array(valid, place)?, Encoding::RleDictionary)?;
            } else {
                let texts = texts.plain();
                for rows in page_ranges(&texts) {
                    let valid = valid.clone().map(|valid| valid.sliced(rows.start, rows.len()));
                    push(binary(&texts, rows, valid, place)?, Encoding::Plain)?;
                }
            }
        }
        Data::Bodies(bodies) if bodies.repeat() => {
            let mut values = Some(body_dictionary(bodies, zstd).map_err(Error::parquet(place))?);
            let keys = body_keys(bodies, valid, place)?;
            let leaves = array_to_columns(keys, parquet_type, options, &[Encoding::RleDictionary]);
            for page in leaves.map_err(Error::parquet(place))?.into_iter().flatten() {
                let page = match page.map_err(Error::parquet(place))? {
                    // Stands in for the values, which are compressed without being copied.
                    Page::Dict(_) => values.take().map(CompressedPage::Dict),
                    page @ Page::Data(_) => {
                        Some(zstd.compress(page).map_err(Error::parquet(place))?)
                    }
                };
                pages.extend(page);
            }
        }
        Data::Bodies(bodies) => {
            for rows in body_ranges(bodies) {
                let valid = valid.clone().map(|valid| valid.sliced(rows.start, rows.len()));
                let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(rows.len()));
                for row in rows.clone() {
                    if valid.as_ref().is_none_or(|valid| valid.get_bit(row - rows.start)) {
                        bytes.extend_from_slice(bodies.bytes(row));
                    }
                    ends.push(bytes.len());
                }
                push(binaries(offsets(0, &ends, place)?, bytes, valid, place)?, Encoding::Plain)?;
            }
        }
        Data::I32(values) => push(primitive(values, column, valid, place)?, Encoding::Plain)?,
        Data::I64(values) => push(primitive(values, column, valid, place)?, Encoding::Plain)?,
        Data::F64(values) => push(primitive(values, column, valid, place)?, Encoding::Plain)?,
        Data::Bool(values) => {
            let values = Bitmap::from_u8_slice(&values.bytes, values.len());
            let array = BooleanArray::try_new(ArrowDataType::Boolean, values, valid);
            push(Box::new(array.map_err(Error::parquet(place))?), Encoding::Plain)?;
        }
        Data::List(lists) => {
            let items = binary(&lists.items, 0..lists.items.ends.len(), None, place)?;
            let kind = ArrowDataType::LargeList(Box::new(item(ArrowDataType::LargeBinary)));
            let ends = offsets(0, &lists.ends, place)?;
            let array = ListArray::<i64>::try_new(kind, ends, items, valid);
            push(Box::new(array.map_err(Error::parquet(place))?), Encoding::Plain)?;
        }
    }
    Ok(pages)
}

fn primitive<T: NativeType>(
    values: &[T],
    column: &Column,
    valid: Option<Bitmap>,
    place: &Path,
) -> Result<Box<dyn Array>, Error> {
    let kind = match column.kind {
        ColumnType::Time => ArrowDataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        _ => ArrowDataType::from(T::PRIMITIVE),
    };
    let array = PrimitiveArray::try_new(kind, values.to_vec().into(), valid);
    Ok(Box::new(array.map_err(Error::parquet(place))?))
}

/// Some rows of a text column; `valid` is as long as `rows`.
fn binary(
    texts: &TextBuffer,
    rows: Range<usize>,
    valid: Option<Bitmap>,
    place: &Path,
) -> Result<Box<dyn Array>, Error> {
    let start = texts.start(rows.start);
    let bytes = &texts.buffer.as_bytes()[start..texts.start(rows.end)];
    binaries(offsets(start, &texts.ends[rows], place)?, bytes.to_vec(), valid, place)
}

fn binaries(
    offsets: OffsetsBuffer<i64>,
    bytes: Vec<u8>,
    valid: Option<Bitmap>,
    place: &Path,
) -> Result<Box<dyn Array>, Error> {
    let array =
        BinaryArray::<i64>::try_new(ArrowDataType::LargeBinary, offsets, bytes.into(), valid);
    Ok(Box::new(array.map_err(Error::parquet(place))?))
}

/// Arrow's offsets: a zero, and each end counted from `start`.
fn offsets(start: usize, ends: &[usize], place: &Path) -> Result<OffsetsBuffer<i64>, Error> {
    let ends = ends.iter().map(|end| i64::try_from(end - start));
    let offsets: Result<Vec<i64>, _> = std::iter::once(Ok(0)).chain(ends).collect();
    OffsetsBuffer::try_from(offsets.map_err(Error::parquet(place))?).map_err(Error::parquet(place))
}

/// Arrow's validity, which is absent when nothing is null.
fn bitmap(valid: &Bits) -> Option<Bitmap> {
    (valid.unset() > 0).then(|| Bitmap::from_u8_slice(&valid.bytes, valid.len()))
}

/// Cuts a text column into pages: as many rows as [`PAGE_BYTES`] take, and at least one.
fn page_ranges(texts: &TextBuffer) -> impl Iterator<Item = Range<usize>> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let ends = texts.ends.get(first..).filter(|ends| !ends.is_empty())?;
        let limit = texts.start(first) + PAGE_BYTES;
        let rows = first..first + ends.partition_point(|end| *end <= limit).max(1);
        first = rows.end;
        Some(rows)
    })
}

/// Cuts a column with bodies into pages, as [`page_ranges`] does.
fn body_ranges(bodies: &BodyTexts) -> impl Iterator<Item = Range<usize>> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let mut rows = first..first;
        let mut bytes = 0;
        while rows.end < bodies.rows.len() {
            bytes += bodies.bytes(rows.end).len();
            if bytes > PAGE_BYTES && !rows.is_empty() {
                break;
            }
            rows.end += 1;
        }
        first = rows.end;
        (!rows.is_empty()).then_some(rows)
    })
}

/// The distinct bodies as a dictionary page, which may be as large as the batch: it is compressed
/// as it lies there, and no memory is touched but for the result.
fn body_dictionary(
    bodies: &BodyTexts,
    zstd: &mut PageCompressor,
) -> std::io::Result<CompressedDictPage> {
    let mut compressed = Vec::with_capacity(zstd::zstd_safe::compress_bound(bodies.plain.len()));
    zstd.zstd.compress_to_buffer(&bodies.plain, &mut compressed)?;
    compressed.shrink_to_fit();
    let (bytes, count) = (bodies.plain.len(), bodies.ends.len());
    Ok(CompressedDictPage::new(
        CowBuffer::Owned(compressed),
        Compression::Zstd,
        bytes,
        count,
        false,
    ))
}

/// The places of all rows' bodies, over as many empty values as there are bodies.
fn body_keys(
    bodies: &BodyTexts,
    valid: Option<Bitmap>,
    place: &Path,
) -> Result<Box<dyn Array>, Error> {
    let mut empty = TextBuffer::default();
    empty.ends.resize(bodies.ends.len(), 0);
    Dictionary { texts: empty, keys: bodies.rows.clone() }.array(valid, place)
}

/// The distinct texts of a column, in the order in which they first appear, and the place of every
/// row's text among them.
struct Dictionary {
    texts: TextBuffer,
    /// One a row; 0 at a null.
    keys: Vec<u32>,
}

impl Dictionary {
    /// `None` where plain text is smaller, or likely to be. Texts are hashed first, and copied when it
    /// is known that they repeat.
    fn of(texts: &ColumnTexts, valid: &Bits) -> Option<Self> {
        let rows = texts.rows.len();
        let mut places: HashMap<u64, u32, BuildHasherDefault<Hashed>> = HashMap::default();
        // The row in which each distinct text first appears.
        let mut firsts: Vec<usize> = Vec::new();
        let mut keys = Vec::with_capacity(rows);
        let mut bytes = 0;
        // The key of each text of `texts`, where it is known: most need no hash.
        let mut known = vec![u32::MAX; texts.distinct.ends.len()];
        for row in 0..rows {
            if !valid.get(row) {
                keys.push(0);
                continue;
            }
            let known = &mut known[texts.rows[row] as usize];
            if *known != u32::MAX {
                keys.push(*known);
                continue;
            }
            let text = texts.get(row);
            let key = match places.entry(xxh3_64(text.as_bytes())) {
                Entry::Occupied(place) => {
                    let key = *place.get();
                    // Two texts of one hash are too rare to be worth more than giving up.
                    if texts.get(firsts[key as usize]) != text {
                        return None;
                    }
                    key
                }
                Entry::Vacant(place) => {
                    bytes += text.len();
                    if bytes > DICTIONARY_BYTES || firsts.len() > rows / 2 {
                        return None;
                    }
                    firsts.push(row);
                    *place.insert(firsts.len() as u32 - 1)
                }
            };
            keys.push(key);
            *known = key;
        }
        let plain = texts.bytes + 4 * (valid.len() - valid.unset());
        let key_bits = usize::BITS - firsts.len().leading_zeros();
        let encoded = bytes + 4 * firsts.len() + valid.len() * key_bits as usize / 8;
        if firsts.is_empty() || encoded >= plain {
            return None;
        }
        let mut found = TextBuffer::default();
        for row in firsts {
            found.push(texts.get(row));
        }
        Some(Self { texts: found, keys })
    }

    fn array(self, valid: Option<Bitmap>, place: &Path) -> Result<Box<dyn Array>, Error> {
        let values = binary(&self.texts, 0..self.texts.ends.len(), None, place)?;
        let kind = ArrowDataType::Dictionary(
            IntegerType::UInt32,
            Box::new(ArrowDataType::LargeBinary),
            false,
        );
        let keys = PrimitiveArray::try_new(ArrowDataType::UInt32, self.keys.into(), valid);
        let keys = keys.map_err(Error::parquet(place))?;
        let array = DictionaryArray::<u32>::try_new(kind, keys, values);
        Ok(Box::new(array.map_err(Error::parquet(place))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lengths: &[usize]) -> TextBuffer {
        let mut texts = TextBuffer::default();
        for len in lengths {
            texts.push(&"x".repeat(*len));
        }
        texts
    }

    #[test]
    fn pages_hold_every_row_once_and_end_where_they_are_full() {
        let check = |lengths: &[usize], expected: &[(usize, usize)]| {
            let pages: Vec<_> =
                page_ranges(&texts(lengths)).map(|rows| (rows.start, rows.end)).collect();
            assert_eq!(pages, expected);
        };
        check(&[], &[]);
        check(&[0, 0, 5], &[(0, 3)]);
        check(&[PAGE_BYTES, 1, 1], &[(0, 1), (1, 3)]);
        check(&[1, PAGE_BYTES + 1, 1], &[(0, 1), (1, 2), (2, 3)]);
        check(&[3 * PAGE_BYTES, 3 * PAGE_BYTES], &[(0, 1), (1, 2)]);
    }

    #[test]
    fn a_dictionary_is_made_where_texts_repeat_and_only_there() {
        let column = |rows: usize, distinct: usize| {
            let (mut texts, mut valid) = (ColumnTexts::default(), Bits::default());
            for row in 0..rows {
                texts.push(&format!("text {}", row % distinct));
                valid.push(true);
            }
            Dictionary::of(&texts, &valid)
        };
        let found = column(10_000, 3).unwrap();
        assert_eq!(found.texts.buffer, "text 0text 1text 2");
        assert_eq!(found.texts.ends, [6, 12, 18]);
        assert_eq!(found.keys[..5], [0, 1, 2, 0, 1]);
        assert!(column(10_000, 10_000).is_none());
        assert!(column(10, 10).is_none());
        let (mut nulls, mut valid) = (ColumnTexts::default(), Bits::default());
        for _ in 0..2 {
            nulls.push("");
            valid.push(false);
        }
        assert!(Dictionary::of(&nulls, &valid).is_none());
    }
}
