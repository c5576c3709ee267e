//! The tables of a report and how they become files.
//!
//! A [`Schema`] gives a table its name and columns. A [`Batch`] holds rows of one table; workers
//! fill batches and [`encode()`] them, which is all the work there is, compression included. The
//! [`Output`] is the folder, and its [`TableWriter`]s append what is encoded, in order, with I/O
//! only. So any number of threads gives the same bytes.
//!
//! ```text
//! rows ──► Batch ──► encode ──► Encoded ──► TableWriter ──► DIR/exchanges.parquet
//!                    (workers)          │                   DIR/exchanges.csv
//!                                       └─► Spill ──► rewrite ──► TableWriter
//! ```
//!
//! A [`Spill`] is for the one table whose rows miss something until the run is over: the group of
//! an error. All formats are written from the same batches, so they cannot disagree; what a format
//! needs of escaping and cutting is in its module.
//!
//! ```
//! use tables::{Batch, Format, Formats, Output, PROBLEMS, encode};
//!
//! let folder = tempfile::tempdir()?;
//! let out = Output::create(&folder.path().join("report"), false)?;
//! let formats = Formats::new([Format::Parquet, Format::Csv]);
//! let mut table = out.table(&PROBLEMS, &formats)?;
//!
//! let mut batch = Batch::new(&PROBLEMS);
//! batch
//!     .row()
//!     .text(Some("downloads/901.zip"))
//!     .text(None)
//!     .u64(Some(1024))
//!     .text(Some("inflate"))
//!     .text(Some("truncated"))
//!     .text(Some("stream ends after 1024 bytes"));
//! table.append(encode(&batch, &formats)?)?;
//!
//! assert_eq!(table.finish()?, 1);
//! out.commit()?;
//! # let csv = std::fs::read_to_string(folder.path().join("report/problems.csv"))?;
//! # assert!(csv.ends_with("\ndownloads/901.zip,,1024,inflate,truncated,stream ends after 1024 bytes\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod columns;
mod csv;
mod decode;
mod encode;
mod error;
mod json;
mod output;
mod parquet;
mod plain;
mod schema;
mod spill;
mod stage;
mod stored;
#[cfg(test)]
mod tests;

pub use batch::{Batch, RowWriter};
pub use csv::BODY_CHARACTERS;
pub use encode::{Encoded, Format, Formats, TextFormat, Unnumbered, encode, encode_abreast, text};
pub use error::{Encoding, Error};
pub use output::{Output, TableWriter};
pub use schema::{
    BODIES, Column, ENDPOINTS, ERROR_GROUPS, ERRORS, EXCHANGES, FILES, KEYS, LOGS, PROBLEMS, RUNS,
    SCHEMA_VERSION, Schema, TABLES, Type,
};
pub use spill::{Late, Spill};
pub use stored::{ReadError, Stored, StoredColumn, StoredRows, StoredTable};
