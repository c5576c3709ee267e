//! Row groups of a report on disk that become row groups of another report: compressed pages of Parquet and rows of text
//! as they are, but for the numbers of exchanges.
//!
//! The rows of a row group in CSV or JSON lines are found by the table `state/text_groups`. Where that does not tell, or
//! the text has changed since, they are written anew from Parquet, so that a file which somebody edited is not copied.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::marker::PhantomData;
use std::ops::Range;
use std::path::PathBuf;

use xxhash_rust::xxh3::xxh3_64;

use super::batch::{Columns, Table};
use super::columns::{Cells, Data};
use super::decode::{self, Footer};
use super::encode::{Encoded, Format, Formats, TextFormat};
use super::parquet::RowGroup;
use super::positioned::PositionedReader;
use super::schema::ColumnType;
use super::state::TextGroups;
use super::stored::{ReadError, Stored};
use super::{csv, json, renumber, workbook};

#[cfg(test)]
mod tests;

/// The column whose values are shifted.
const NUMBER: &str = "exchange";

/// The row groups of a table of a report, to be appended to another report as they are. Several threads may read them at
/// once.
#[derive(Debug)]
pub struct StoredGroups<T> {
    path: PathBuf,
    file: File,
    footer: Footer,
    starts: Vec<u64>,
    formats: Formats,
    csv: Option<StoredText>,
    json: Option<StoredText>,
    table: PhantomData<fn() -> T>,
}

impl<T: Table> StoredGroups<T> {
    /// Opens a table for a report in `formats`; tables of the state are Parquet whatever these are. Reads the footer of the
    /// Parquet file, and `state/text_groups` where there are text formats.
    ///
    /// `None` where the rows have to be read and encoded: the table is not there as Parquet, has other columns than in this
    /// version of the program, or goes into a workbook, which cannot be copied.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] and [`ReadError::Io`].
    pub fn open(report: &Stored, formats: &Formats) -> Result<Option<Self>, ReadError> {
        let (path, file, footer) = match report.open_table(T::SCHEMA.name) {
            Err(ReadError::NoParquet { .. }) => return Ok(None),
            opened => opened?,
        };
        let in_workbook = formats.contains(Format::Xlsx) && workbook::holds(T::SCHEMA);
        if in_workbook || !footer.has_columns(T::SCHEMA) {
            return Ok(None);
        }
        let mut starts = vec![0];
        let mut rows = 0;
        for group in 0..footer.groups() {
            rows += footer.rows_of(group) as u64;
            starts.push(rows);
        }
        let is_state = T::SCHEMA.is_state();
        let formats = if is_state { Formats::new([Format::Parquet]) } else { formats.clone() };
        let text = |format| -> Result<Option<StoredText>, ReadError> {
            let wanted = formats.contains(format);
            let text =
                wanted.then(|| StoredText::open::<T>(report, &formats, format)).transpose()?;
            Ok(text.flatten().filter(|text| text.groups.len() == footer.groups()))
        };
        let (csv, json) = (text(Format::Csv)?, text(Format::Json)?);
        Ok(Some(Self { path, file, footer, starts, formats, csv, json, table: PhantomData }))
    }

    /// The first row of each row group, and behind them the number of rows.
    pub fn starts(&self) -> &[u64] {
        &self.starts
    }

    /// One row group, ready to be appended. `shift` is added to each value of the column `exchange`; tables without that
    /// column ignore it. The result is that of encoding these rows, byte for byte.
    ///
    /// Costs a read and a checksum of the bytes. With a shift, the column is decoded and encoded, and numbers in text are
    /// replaced. Text that has changed since it was written costs decoding and encoding of all columns.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] when the Parquet file has changed since it was written, or a sum is beyond 64 bits, and
    /// [`ReadError::Io`].
    ///
    /// # Panics
    /// When there is no such row group.
    pub fn encoded(&self, group: usize, shift: i64) -> Result<Encoded, ReadError> {
        let rows = self.footer.rows_of(group);
        let number = T::SCHEMA
            .position(NUMBER)
            .filter(|column| shift != 0 && T::SCHEMA.columns[*column].kind == ColumnType::I64);
        let parquet = self.formats.contains(Format::Parquet);
        let parquet = parquet.then(|| self.pages(group, number, shift)).transpose()?;
        let mut decoded = None;
        let mut text = |format, stored: &Option<StoredText>| -> Result<Vec<u8>, ReadError> {
            let stored = stored.as_ref().map(|stored| stored.read(group)).transpose()?.flatten();
            let stored = match (stored, number) {
                (Some(text), Some(column)) => {
                    renumber::shifted(&text, format, T::SCHEMA, column, rows, shift)
                }
                (stored, _) => stored,
            };
            if let Some(text) = stored {
                return Ok(text);
            }
            let columns = match decoded.take() {
                Some(columns) => columns,
                None => self.columns(group, number, shift)?,
            };
            let columns = decoded.insert(columns);
            Ok(match format {
                TextFormat::Csv => csv::rows(columns, self.formats.csv),
                TextFormat::Json => json::rows(columns),
            })
        };
        let (csv, json) = (self.formats.contains(Format::Csv), self.formats.contains(Format::Json));
        Ok(Encoded {
            schema: T::SCHEMA,
            rows,
            parquet,
            csv: csv.then(|| text(TextFormat::Csv, &self.csv)).transpose()?,
            json: json.then(|| text(TextFormat::Json, &self.json)).transpose()?,
            workbook: None,
        })
    }

    /// The pages of a row group, those of the column `number` with shifted values.
    fn pages(
        &self,
        group: usize,
        number: Option<usize>,
        shift: i64,
    ) -> Result<RowGroup, ReadError> {
        let file = &mut PositionedReader::new(&self.file);
        let pages = decode::pages(file, &self.path, &self.footer, group, T::SCHEMA)?;
        let mut pages = RowGroup::of_pages(self.footer.rows_of(group), pages);
        if let Some(number) = number {
            let cells = self.cells(group, number, shift)?;
            let encoded = pages.replace_column(T::SCHEMA, number, &cells);
            encoded.map_err(|error| ReadError::damaged(&self.path, error.to_string()))?;
        }
        Ok(pages)
    }

    /// All cells of a row group, those of the column `number` shifted.
    fn columns(
        &self,
        group: usize,
        number: Option<usize>,
        shift: i64,
    ) -> Result<Columns, ReadError> {
        let places = 0..T::SCHEMA.columns.len();
        let shift = |column| if number == Some(column) { shift } else { 0 };
        let cells = places.map(|column| self.cells(group, column, shift(column)));
        let columns = Columns::from_cells(T::SCHEMA, cells.collect::<Result<_, _>>()?);
        columns.ok_or_else(|| ReadError::damaged(&self.path, "its columns differ in length"))
    }

    /// The cells of one column, `shift` added to integers of 64 bits.
    fn cells(&self, group: usize, column: usize, shift: i64) -> Result<Cells, ReadError> {
        let file = &mut PositionedReader::new(&self.file);
        let column = &T::SCHEMA.columns[column];
        let mut cells = decode::column(file, &self.path, &self.footer, group, column, None)?;
        if shift != 0
            && let Data::I64(values) = &mut cells.data
        {
            for value in values {
                let beyond = || ReadError::damaged(&self.path, "an exchange beyond 64 bits");
                *value = value.checked_add(shift).ok_or_else(beyond)?;
            }
        }
        Ok(cells)
    }
}

/// The rows of a table as text.
#[derive(Debug)]
struct StoredText {
    path: PathBuf,
    file: File,
    /// By row group: where its rows are in the file, and the XXH3 of these bytes.
    groups: Vec<(Range<u64>, u64)>,
}

impl StoredText {
    /// `None` when the report has no such file, or the state does not tell its row groups.
    fn open<T: Table>(
        report: &Stored,
        formats: &Formats,
        format: Format,
    ) -> Result<Option<Self>, ReadError> {
        let mut index = match report.table::<TextGroups>() {
            Err(ReadError::NoParquet { .. }) => return Ok(None),
            opened => opened?,
        };
        let path = report.path().join(format.file(T::SCHEMA.name));
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(ReadError::io(&path))?,
        };
        let mut at = match format {
            Format::Csv => csv::header(T::SCHEMA, formats.csv).len() as u64,
            _ => 0,
        };
        let word = formats.word(format);
        let mut groups = Vec::new();
        for group in 0..index.groups() {
            for row in index.read::<TextGroups>(group)?.iter() {
                if row.table.0 == T::SCHEMA.name && row.format.0 == word {
                    let end = at.saturating_add(row.bytes.unsigned_abs());
                    groups.push((at..end, row.digest.0));
                    at = end;
                }
            }
        }
        Ok(Some(Self { path, file, groups }))
    }

    /// The rows of a row group; `None` when they have changed since they were written.
    fn read(&self, group: usize) -> Result<Option<Vec<u8>>, ReadError> {
        let (range, digest) = &self.groups[group];
        let text = read_range(&self.file, range).map_err(ReadError::io(&self.path))?;
        Ok(text.filter(|text| xxh3_64(text) == *digest))
    }
}

/// `None` when the file ends before.
fn read_range(file: &File, range: &Range<u64>) -> io::Result<Option<Vec<u8>>> {
    if range.end > file.metadata()?.len() {
        return Ok(None);
    }
    let mut reader = PositionedReader::new(file);
    reader.seek(SeekFrom::Start(range.start))?;
    let mut text = vec![0; (range.end - range.start) as usize];
    match reader.read_exact(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read.map(|()| Some(text)),
    }
}
