//! What a report is: its tables, their columns and files, written and read back.
//!
//! Each table is one row type in [`rows`]; from it come the columns, the writers, the readers and the documentation.
//! Texts of different meaning are different types, in [`cell`]. A [`Batch`] holds rows of one table as columns. The
//! main job hands batches to a [`Sink`]: a [`Folder`] or [`Memory`].
//!
//! ```text
//! rows ──► Batch ──► Encoder ──► part ──► Sink ──► DIR/exchanges.parquet
//!                   (workers)        (one thread)  DIR/exchanges.csv
//! rows ──► Batch ──► Frame ────► Spill ──► Frame ──► Batch   (rows that wait for a column)
//! ```
//!
//! All formats are written from the same batches, so they cannot disagree; what a format needs of escaping and
//! cutting is in its module. A finished report is opened again with [`Stored`]; [`StoredGroups`] takes its row groups into
//! another report without decoding them.
//!
//! ```
//! use tables::cell::{FileName, MessageText, ProblemKindWord, StageWord};
//! use tables::rows::{ProblemRow, Problems};
//! use tables::{Batch, Encoder, Folder, Format, Formats, Metadata, Sink, Stored};
//!
//! let folder = tempfile::tempdir()?;
//! let dir = folder.path().join("report");
//! let formats = Formats::new([Format::Parquet, Format::Csv]);
//! let mut sink = Folder::create(&dir, false, formats, &Metadata { rules_version: 2, redaction: "none" })?;
//!
//! let mut batch = Batch::<Problems>::new();
//! batch.push(&ProblemRow {
//!     file: FileName("downloads/901.zip"),
//!     member: None,
//!     byte: 1024,
//!     stage: StageWord("inflate"),
//!     kind: ProblemKindWord("truncated"),
//!     message: MessageText("stream ends after 1024 bytes"),
//! });
//! let part = sink.encoder().encode(&mut batch)?;
//! sink.append(part)?;
//! sink.finish("{\"schema_version\": 2}")?;
//!
//! let mut problems = Stored::open(&dir)?.table::<Problems>()?;
//! assert_eq!(problems.read::<Problems>(0)?.get(0).byte, 1024);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod arrow;
pub mod cell;
pub mod rows;
pub mod state;

mod batch;
mod checksums;
mod chosen;
#[doc(hidden)]
pub mod columns;
mod csv;
mod decode;
mod encode;
mod error;
mod json;
mod output;
mod parquet;
mod partial;
mod plain;
mod positioned;
mod renumber;
mod schema;
mod sink;
mod spill;
mod stored;
mod stored_groups;
#[cfg(test)]
mod tests;
mod workbook;

pub use batch::{Batch, Columns, Select, Table};
pub use chosen::{ChosenColumns, ChosenRows};
pub use columns::{CellRef, Items};
pub use csv::{BODY_CHARACTERS, CsvOptions, csv_cell};
pub use encode::{Encoded, Format, Formats, TextFormat, encode, text};
pub use error::Error;
pub use output::{Metadata, Output, TableWriter};
pub use plain::rfc3339;
pub use rows::TABLES;
pub use schema::{Column, ColumnType, SCHEMA_VERSION, Schema};
pub use sink::{Encoder, Folder, Memory, MemoryEncoder, Sink};
pub use spill::{Frame, Spill};
pub use stored::{ReadError, Stored, StoredRows, StoredTable, allow_many_open_files};
pub use stored_groups::StoredGroups;
