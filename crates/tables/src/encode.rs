//! Batches to finished bytes, in every format asked for: the work of the worker threads.

use std::fmt;

use super::batch::{Batch, Columns, Table};
use super::error::Error;
use super::schema::Schema;
use super::{CsvOptions, csv, json, parquet, workbook};

/// A file format of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// Apache Parquet, zstd. Nothing is cut or changed.
    Parquet,
    /// CSV for spreadsheets.
    Csv,
    /// JSON lines. Nothing is cut or changed.
    Json,
    /// One workbook with a sheet for each small table, for people; `exchanges` and `errors` are not in it.
    Xlsx,
}

impl Format {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
        }
    }

    /// The extension of its files, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Json => "jsonl",
            Self::Xlsx => "xlsx",
        }
    }

    /// The file of a table in this format: `keys.csv`; `report.xlsx` holds several.
    pub fn file(self, table: &str) -> String {
        match self {
            Self::Xlsx => workbook::WORKBOOK.to_owned(),
            Self::Parquet | Self::Csv | Self::Json => format!("{table}.{}", self.extension()),
        }
    }
}

/// What [`text`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// CSV for spreadsheets, with a header.
    Csv,
    /// JSON lines.
    Json,
}

/// What rows are encoded as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formats {
    /// Ascending, each once.
    set: Vec<Format>,
    /// How CSV is written.
    pub csv: CsvOptions,
}

impl Formats {
    /// These formats, each once whatever the order, with guarded CSV without bodies.
    pub fn new(formats: impl IntoIterator<Item = Format>) -> Self {
        let mut set: Vec<_> = formats.into_iter().collect();
        set.sort_unstable();
        set.dedup();
        Self { set, csv: CsvOptions::default() }
    }

    /// The formats, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Format> {
        self.set.iter().copied()
    }

    /// How a format of these is written: its name, of CSV with its options.
    pub(super) fn word(&self, format: Format) -> String {
        let CsvOptions { raw, bodies } = self.csv;
        let options = [(raw, "+raw"), (bodies, "+bodies")];
        let options = options.into_iter().filter(|(on, _)| *on && format == Format::Csv);
        std::iter::once(format.name()).chain(options.map(|(_, word)| word)).collect()
    }

    /// Whether one is asked for in which every repeat of a body is written out.
    pub(super) fn repeat_bodies(&self) -> bool {
        self.contains(Format::Csv) && self.csv.bodies || self.contains(Format::Json)
    }

    /// Whether this one is asked for.
    pub fn contains(&self, format: Format) -> bool {
        self.set.contains(&format)
    }
}

/// `parquet,csv`, with `+raw` and `+bodies` where CSV is written so.
impl fmt::Display for Formats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(|format| self.word(format)).collect();
        f.write_str(&words.join(","))
    }
}

impl Default for Formats {
    /// Parquet and guarded CSV without bodies.
    fn default() -> Self {
        Self::new([Format::Parquet, Format::Csv])
    }
}

/// The rows of one batch, ready to be appended to the files of its table.
#[derive(Debug)]
pub struct Encoded {
    pub(super) schema: &'static Schema,
    pub(super) rows: usize,
    pub(super) parquet: Option<parquet::RowGroup>,
    pub(super) csv: Option<Vec<u8>>,
    pub(super) json: Option<Vec<u8>>,
    /// Rows for the workbook, which is written by one thread.
    pub(super) workbook: Option<Columns>,
}

impl Encoded {
    /// The table whose rows these are.
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// How many rows it holds.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether it holds no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

/// A batch as text, for small lists beside a report: CSV with its header, or JSON lines.
pub fn text<T: Table>(batch: &Batch<T>, format: TextFormat, options: CsvOptions) -> Vec<u8> {
    match format {
        TextFormat::Csv => {
            let mut out = csv::header(batch.schema(), options);
            out.extend(csv::rows(batch, options));
            out
        }
        TextFormat::Json => json::rows(batch),
    }
}

/// Encodes and compresses rows. A pure function of them: equal rows give equal bytes on any thread. This is where the
/// time of writing goes; appending the result is I/O only.
///
/// # Errors
/// [`Error::Parquet`] when the encoder refuses, which sound rows give it no reason for.
pub fn encode(columns: &Columns, formats: &Formats) -> Result<Encoded, Error> {
    let of_state = Formats::new([Format::Parquet]);
    let formats = if columns.schema().is_state() { &of_state } else { formats };
    let parquet =
        formats.contains(Format::Parquet).then(|| parquet::encode(columns)).transpose()?;
    Ok(Encoded {
        schema: columns.schema(),
        rows: columns.len(),
        parquet,
        csv: formats.contains(Format::Csv).then(|| csv::rows(columns, formats.csv)),
        json: formats.contains(Format::Json).then(|| json::rows(columns)),
        workbook: (formats.contains(Format::Xlsx) && workbook::holds(columns.schema()))
            .then(|| columns.clone()),
    })
}
