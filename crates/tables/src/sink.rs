//! Where the rows of a report go: a folder, or memory.

use std::path::Path;

use crate::batch::{Batch, Columns, Table};
use crate::checksums;
use crate::encode::{Encoded, Format, Formats, encode};
use crate::error::Error;
use crate::output::{Metadata, Output, TableWriter};
use crate::rows::TABLES;
use crate::schema::Schema;
use crate::spill::Spill;
use crate::state::STATE_TABLES;
use crate::stored::{ReadError, Stored};
use crate::stored_groups::StoredGroups;
use crate::workbook::Workbook;

/// Takes the rows of a report, batch by batch.
///
/// Encoding is the work, and is done by any number of threads through an [`Encoder`]; what comes out is appended by
/// one thread, in the order of the rows. So the result does not depend on the number of threads.
pub trait Sink: Send {
    /// What encodes batches for it.
    type Encoder: Encoder;

    /// An encoder for the worker threads.
    fn encoder(&self) -> Self::Encoder;

    /// Appends rows to their table.
    ///
    /// # Errors
    /// When they cannot be kept.
    fn append(&mut self, part: <Self::Encoder as Encoder>::Part) -> Result<(), Error>;

    /// The formats of its tables, as [`Formats`] are displayed; `None` where there are no files.
    fn formats(&self) -> Option<String> {
        None
    }

    /// A place for rows that wait until the end of the job, because a column is known only then.
    ///
    /// # Errors
    /// When it cannot be made.
    fn spill<T: Table>(&self) -> Result<Spill<T>, Error>;

    /// Work for a thread that has nothing else to do: it has the disk take what was appended so far, so that
    /// [`finish`](Self::finish) waits for less.
    fn flush_ahead(&self) -> Box<dyn FnOnce() + Send> {
        Box::new(|| ())
    }

    /// Completes the report. `summary`: the content of `summary.json`.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn finish(self, summary: &str) -> Result<(), Error>;
}

/// Makes rows ready for a [`Sink`], on any thread.
pub trait Encoder: Send + Sync {
    /// Rows that are ready to be appended.
    type Part: Send;

    /// Makes the rows of a batch ready and leaves it empty, with its memory where that can be used again.
    ///
    /// # Errors
    /// When they cannot be encoded.
    fn encode<T: Table>(&self, batch: &mut Batch<T>) -> Result<Self::Part, Error>;

    /// The row groups of a table of a report, for [`stored`](Self::stored). `None` where they have to be read and
    /// encoded: the report does not have the table as it is encoded here, or rows are not encoded into files.
    ///
    /// # Errors
    /// As [`StoredGroups::open`].
    fn stored_groups<T: Table>(
        &self,
        _report: &Stored,
    ) -> Result<Option<StoredGroups<T>>, ReadError> {
        Ok(None)
    }

    /// A row group of [`stored_groups`](Self::stored_groups), ready to be appended, as [`StoredGroups::encoded`] has it.
    /// `None` where this encoder never has any.
    fn stored<T: Table>(
        &self,
        _groups: &StoredGroups<T>,
        _group: usize,
        _shift: i64,
    ) -> Option<Result<Self::Part, ReadError>> {
        None
    }

    /// Whether every repeat of a body is written out, so that less should be encoded at a time.
    fn repeats_bodies(&self) -> bool;
}

/// A report as a folder, whole or not at all.
#[derive(Debug)]
pub struct Folder {
    output: Output,
    formats: Formats,
    metadata: Metadata,
    /// In the order of [`TABLES`].
    writers: Vec<TableWriter>,
    /// In the order of [`STATE_TABLES`]; opened with the first rows of the state.
    state: Vec<TableWriter>,
    workbook: Option<Workbook>,
}

impl Folder {
    /// Makes the hidden folder for a report in `dir`, and opens the files of all tables. `metadata` goes into each Parquet file.
    ///
    /// # Errors
    /// As [`Output::create`] and [`Output::table`].
    pub fn create(
        dir: &Path,
        force: bool,
        formats: Formats,
        metadata: &Metadata,
    ) -> Result<Self, Error> {
        Self::in_output(Output::create(dir, force)?, formats, metadata)
    }

    /// A report in Parquet whose files are removed when this one is finished or dropped.
    ///
    /// # Errors
    /// As [`Output::table`].
    pub fn scratch(&self) -> Result<Self, Error> {
        let formats = Formats::new([Format::Parquet]);
        Self::in_output(self.output.scratch()?, formats, &self.metadata)
    }

    /// A report in Parquet that is merged soon, in a folder that is made here and that the caller removes. It is not put on
    /// the disk, and what is written stays when it is dropped before its end.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder or a file cannot be made.
    pub fn temporary(dir: &Path, metadata: &Metadata) -> Result<Self, Error> {
        let formats = Formats::new([Format::Parquet]);
        Self::in_output(Output::scratch_in(dir.to_owned())?, formats, metadata)
    }

    /// Where its files are until it is finished.
    pub fn path(&self) -> &Path {
        self.output.folder()
    }

    fn in_output(output: Output, formats: Formats, metadata: &Metadata) -> Result<Self, Error> {
        let writers = TABLES.iter().map(|schema| output.table(schema, &formats, metadata));
        let writers = writers.collect::<Result<_, _>>()?;
        let workbook = formats.contains(Format::Xlsx).then(|| Workbook::create(output.folder()));
        Ok(Self {
            workbook: workbook.transpose()?,
            output,
            formats,
            metadata: metadata.clone(),
            writers,
            state: Vec::new(),
        })
    }
}

impl Sink for Folder {
    type Encoder = Formats;

    fn encoder(&self) -> Formats {
        self.formats.clone()
    }

    fn append(&mut self, mut part: Encoded) -> Result<(), Error> {
        if let (Some(workbook), Some(rows)) = (&mut self.workbook, part.workbook.take()) {
            workbook.append(&rows, self.output.folder())?;
        }
        if part.schema().is_state() && self.state.is_empty() {
            let formats = Formats::new([Format::Parquet]);
            self.output.state_folder()?;
            let tables = STATE_TABLES.iter();
            let writers = tables.map(|schema| self.output.table(schema, &formats, &self.metadata));
            self.state = writers.collect::<Result<_, _>>()?;
        }
        let (tables, writers) = if part.schema().is_state() {
            (STATE_TABLES.as_slice(), &mut self.state)
        } else {
            (TABLES.as_slice(), &mut self.writers)
        };
        writer(tables, writers, part.schema())?.append(part)
    }

    fn formats(&self) -> Option<String> {
        Some(self.formats.to_string())
    }

    fn spill<T: Table>(&self) -> Result<Spill<T>, Error> {
        self.output.spill()
    }

    fn flush_ahead(&self) -> Box<dyn FnOnce() + Send> {
        self.output.flush_ahead()
    }

    fn finish(mut self, summary: &str) -> Result<(), Error> {
        if !self.state.is_empty() {
            let mut text_groups = Batch::new();
            self.writers.iter().for_each(|writer| writer.push_text_groups(&mut text_groups));
            self.append(encode(&text_groups, &self.formats)?)?;
        }
        for writer in self.writers.into_iter().chain(self.state) {
            writer.finish()?;
        }
        if let Some(workbook) = self.workbook {
            workbook.finish(self.output.folder())?;
        }
        self.output.file("summary.json", checksums::with_checksum(summary).as_bytes())?;
        self.output.commit()
    }
}

fn writer<'w>(
    tables: &[&'static Schema],
    writers: &'w mut [TableWriter],
    schema: &'static Schema,
) -> Result<&'w mut TableWriter, Error> {
    let place = tables.iter().position(|table| *table == schema);
    place.and_then(|place| writers.get_mut(place)).ok_or(Error::NotATable { table: schema.name })
}

/// Rows in the formats of a report.
impl Encoder for Formats {
    type Part = Encoded;

    fn encode<T: Table>(&self, batch: &mut Batch<T>) -> Result<Encoded, Error> {
        let encoded = encode(batch, self)?;
        batch.clear();
        Ok(encoded)
    }

    fn stored_groups<T: Table>(
        &self,
        report: &Stored,
    ) -> Result<Option<StoredGroups<T>>, ReadError> {
        StoredGroups::open(report, self)
    }

    fn stored<T: Table>(
        &self,
        groups: &StoredGroups<T>,
        group: usize,
        shift: i64,
    ) -> Option<Result<Encoded, ReadError>> {
        Some(groups.encoded(group, shift))
    }

    fn repeats_bodies(&self) -> bool {
        self.repeat_bodies()
    }
}

/// A report as batches in memory.
#[derive(Debug, Default)]
pub struct Memory {
    parts: Vec<Columns>,
    summary: String,
}

/// Hands batches on as they are.
#[derive(Debug, Clone, Copy)]
pub struct MemoryEncoder;

impl Memory {
    /// The batches of one table, in their order.
    pub fn batches<T: Table>(&self) -> impl Iterator<Item = Batch<T>> {
        self.parts.iter().filter_map(|part| Batch::from_columns(part.clone()))
    }

    /// What `summary.json` would hold; empty before the report is complete.
    pub fn summary(&self) -> &str {
        &self.summary
    }
}

impl Sink for &mut Memory {
    type Encoder = MemoryEncoder;

    fn encoder(&self) -> MemoryEncoder {
        MemoryEncoder
    }

    fn append(&mut self, part: Columns) -> Result<(), Error> {
        if !part.is_empty() {
            self.parts.push(part);
        }
        Ok(())
    }

    fn spill<T: Table>(&self) -> Result<Spill<T>, Error> {
        Ok(Spill::in_memory())
    }

    fn finish(self, summary: &str) -> Result<(), Error> {
        self.summary = checksums::with_checksum(summary);
        Ok(())
    }
}

impl Encoder for MemoryEncoder {
    type Part = Columns;

    fn encode<T: Table>(&self, batch: &mut Batch<T>) -> Result<Columns, Error> {
        Ok(batch.take().into_columns())
    }

    fn repeats_bodies(&self) -> bool {
        false
    }
}
