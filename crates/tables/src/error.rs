//! Why a report was not written.

use std::io;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::XlsxError;

/// Why a report, or a part of it, could not be written. Nothing of it is kept then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder is a report already, and `force` is not set.
    #[error("{}: a report is there already\nto replace it, add --force", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The path of the report has something that is not a report, or not only a report. It is never replaced.
    #[error("{}: {entry} is in the way\nname a folder that is empty, absent or a report", path.display())]
    InTheWay {
        /// The folder for the report.
        path: PathBuf,
        /// What is there: the name of a foreign entry in the folder, or the kind of thing.
        entry: String,
    },
    /// Another run is writing a report for the same folder.
    #[error(
        "{}: another run is writing this report\nwait for it, or name another folder; if there is none, delete {}",
        path.display(), partial.display()
    )]
    Busy {
        /// The folder for the report.
        path: PathBuf,
        /// The hidden folder in which it is being written.
        partial: PathBuf,
    },
    /// Another file system is mounted at the folder, which therefore cannot be replaced as a whole.
    #[error("{}: another file system is mounted here\nname a folder in it: {}", path.display(), path.join("report").display())]
    Mount {
        /// The folder.
        path: PathBuf,
    },
    /// The path does not end in a name: `.`, `..`, `/`.
    #[error("{}: not a name for a folder", path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("{}: cannot {action}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operation, as an infinitive: `create`, `write`, `rename`.
        action: &'static str,
        /// Its error.
        source: io::Error,
    },
    /// The Parquet encoder or writer failed; usually the file system refused to take more.
    #[error("{}: cannot write Parquet", path.display())]
    Parquet {
        /// The file, or the name of the table while it is only encoded.
        path: PathBuf,
        /// The error of the encoder.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The workbook could not be written.
    #[error("{}: cannot write the workbook", path.display())]
    Workbook {
        /// The file, or the folder of its scratch files.
        path: PathBuf,
        /// The error of its writer.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A batch was encoded without a format that the table is written in, or for another table: a
    /// bug of the caller.
    #[error("table {table}: rows are not encoded as {format} for it")]
    NotEncoded {
        /// The table.
        table: &'static str,
        /// The missing format.
        format: &'static str,
    },
    /// Rows of a table that a report does not have: a bug of the caller.
    #[error("a report has no table {table}")]
    NotATable {
        /// The table.
        table: &'static str,
    },
    /// The scratch file does not hold what was written to it: the disk or another program changed
    /// it.
    #[error(
        "scratch file of table {table} is damaged\nthe disk or another program changed it; run again"
    )]
    Scratch {
        /// The table.
        table: &'static str,
    },
}

impl Error {
    /// Adds the place and the attempt to an I/O error.
    pub(super) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), action, source }
    }

    /// Adds the place to an error of the writer of workbooks.
    pub(super) fn workbook(path: &Path) -> impl Fn(XlsxError) -> Self {
        move |error| match error {
            XlsxError::IoError(source) => {
                Self::Io { path: path.to_owned(), action: "write", source }
            }
            other => Self::Workbook { path: path.to_owned(), source: other.into() },
        }
    }

    /// Adds the place to an error of the Parquet writer.
    pub(super) fn parquet<E>(path: &Path) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Parquet { path: path.to_owned(), source: source.into() }
    }
}
