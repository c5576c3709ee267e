//! Batches to finished bytes, in every format asked for: the work of the worker threads.

use super::batch::Batch;
use super::error::Error;
use super::schema::Schema;
use super::{csv, json, parquet, spill};

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
}

impl Format {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The extension of its files, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Json => "jsonl",
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
    /// Leaves cells that a spreadsheet would run as they are.
    pub raw_csv: bool,
    scratch: bool,
}

impl Formats {
    /// These formats, each once whatever the order, with guarded CSV.
    pub fn new(formats: impl IntoIterator<Item = Format>) -> Self {
        let mut set: Vec<_> = formats.into_iter().collect();
        set.sort_unstable();
        set.dedup();
        Self { set, raw_csv: false, scratch: false }
    }

    /// No file format but the form that [`Spill::append`](super::Spill::append) takes.
    pub fn scratch() -> Self {
        Self { set: Vec::new(), raw_csv: false, scratch: true }
    }

    /// The formats, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Format> {
        self.set.iter().copied()
    }

    /// Whether one is asked for in which every repeat of a body is written out.
    pub fn text(&self) -> bool {
        self.contains(Format::Csv) || self.contains(Format::Json)
    }

    fn contains(&self, format: Format) -> bool {
        self.set.contains(&format)
    }
}

impl Default for Formats {
    /// Parquet and guarded CSV.
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
    pub(super) scratch: Option<spill::Frame>,
}

impl Encoded {
    /// How many rows it holds.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether it holds no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

/// Rows of which everything is encoded but their running number.
#[derive(Debug)]
pub struct Unnumbered {
    schema: &'static Schema,
    rows: usize,
    column: usize,
    parquet: Option<parquet::RowGroup>,
    /// Kept where a text format is asked for: the number stands inside each row there.
    batch: Option<Batch>,
}

impl Unnumbered {
    /// Encodes what can be encoded before it is known which numbers the rows get in `column`, a
    /// column of [`Type::U64`](super::Type::U64). What is compressed takes a fraction of the memory, so that
    /// rows may wait for those before them. Leaves `batch` without rows, to be filled again.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn new(batch: &mut Batch, column: usize, formats: &Formats) -> Result<Self, Error> {
        let parquet = formats.contains(Format::Parquet);
        let parquet = parquet.then(|| parquet::encode(batch, Some(column))).transpose()?;
        let (schema, rows) = (batch.schema(), batch.len());
        let kept = formats.text().then(|| batch.take());
        batch.clear();
        Ok(Self { schema, rows, column, parquet, batch: kept })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Numbers the rows `from`, `from + 1`, and so on, and encodes the rest.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn number(self, from: u64, formats: &Formats) -> Result<Encoded, Error> {
        let Self { schema, rows, column, mut parquet, mut batch } = self;
        if let Some(group) = &mut parquet {
            group.number(schema, column, from)?;
        }
        if let Some(batch) = &mut batch {
            batch.number(column, from);
        }
        let batch = batch.as_ref();
        Ok(Encoded {
            schema,
            rows,
            parquet,
            csv: batch
                .filter(|_| formats.contains(Format::Csv))
                .map(|batch| csv::rows(batch, formats.raw_csv)),
            json: batch.filter(|_| formats.contains(Format::Json)).map(json::rows),
            scratch: None,
        })
    }
}

/// A batch as text, for small lists beside a report: CSV with its header, or JSON lines.
/// `raw_csv` as in [`Formats`].
pub fn text(batch: &Batch, format: TextFormat, raw_csv: bool) -> Vec<u8> {
    match format {
        TextFormat::Csv => {
            let mut out = csv::header(batch.schema());
            out.extend(csv::rows(batch, raw_csv));
            out
        }
        TextFormat::Json => json::rows(batch),
    }
}

/// Encodes and compresses a batch. A pure function of the rows: equal batches give equal bytes on
/// any thread. This is where the time of writing goes; appending the result is I/O only.
///
/// # Errors
/// [`Error::Parquet`] when the encoder refuses, which a sound batch gives it no reason for.
pub fn encode(batch: &Batch, formats: &Formats) -> Result<Encoded, Error> {
    encoded(batch, formats, |batch| parquet::encode(batch, None))
}

/// As [`encode`], the columns of Parquet on all threads of the current Rayon pool: for a large batch towards the
/// end, when there is little else to do. Not for who holds a lock that another job of the pool may want, since this
/// thread may take up such a job while it waits.
///
/// # Errors
/// As [`encode`].
pub fn encode_abreast(batch: &Batch, formats: &Formats) -> Result<Encoded, Error> {
    encoded(batch, formats, parquet::encode_abreast)
}

fn encoded(
    batch: &Batch,
    formats: &Formats,
    parquet: impl FnOnce(&Batch) -> Result<parquet::RowGroup, Error>,
) -> Result<Encoded, Error> {
    let parquet = formats.contains(Format::Parquet).then(|| parquet(batch)).transpose()?;
    let scratch = formats.scratch.then(|| spill::pack(batch)).transpose()?;
    Ok(Encoded {
        schema: batch.schema(),
        rows: batch.len(),
        parquet,
        csv: formats.contains(Format::Csv).then(|| csv::rows(batch, formats.raw_csv)),
        json: formats.contains(Format::Json).then(|| json::rows(batch)),
        scratch,
    })
}
