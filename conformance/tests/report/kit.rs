//! Makes reports and reads them.

use std::fs;
use std::path::{Path, PathBuf};

use pipeline::input;
use pipeline::run::{Options, Progress, report};
use pipeline::summary::Summary;
use polars::prelude::{AnyValue, DataFrame, ParquetReader, SerReader as _};
use tables::{Folder, Format, Formats, Metadata, Sink};

/// The dump that comes with a checkout.
pub(crate) fn dump() -> PathBuf {
    root().join("testdata/dump")
}

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All formats, each as it is without flags.
pub(crate) fn every_format() -> Formats {
    Formats::new([Format::Parquet, Format::Csv, Format::Json])
}

/// Hands the report of everything in these files and folders to a sink.
pub(crate) fn run<S: Sink>(places: &[&Path], options: &Options, sink: S) -> Summary {
    let places: Vec<_> = places.iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    let found = input::find(&places).unwrap();
    let (progress, stop) = (Progress::default(), false.into());
    report(&found.inputs, &found.unread, sink, options, &progress, &stop).unwrap().summary
}

/// A finished report, in a folder that goes when this goes.
pub(crate) struct Report {
    folder: tempfile::TempDir,
    pub(crate) summary: Summary,
}

impl Report {
    /// Of everything in `folder`, as Parquet and CSV.
    pub(crate) fn of(folder: &Path, options: &Options) -> Self {
        Self::written(&[folder], options, Formats::default())
    }

    /// Of everything in these files and folders.
    pub(crate) fn written(places: &[&Path], options: &Options, formats: Formats) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let metadata = Metadata { rules_version: grouping::RULES_VERSION, redaction: "none" };
        let sink = Folder::create(&folder.path().join("report"), false, formats, &metadata);
        let summary = run(places, options, sink.unwrap());
        Self { folder, summary }
    }

    /// Of the dump that comes with a checkout, without flags.
    pub(crate) fn of_dump() -> Self {
        Self::of(&dump(), &Options::default())
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("report")
    }

    /// One of its files, as text.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// A table, from Parquet.
    pub(crate) fn table(&self, name: &str) -> Table {
        Table(read_parquet(&self.path().join(format!("{name}.parquet"))))
    }

    /// Names and bytes of its files, by name.
    pub(crate) fn bytes(&self) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, fs::read(&path).unwrap())
            })
            .collect();
        files.sort();
        files
    }
}

/// A Parquet file as Polars reads it.
pub(crate) fn read_parquet(path: &Path) -> DataFrame {
    ParquetReader::new(fs::File::open(path).unwrap()).finish().unwrap()
}

/// A table of a report.
pub(crate) struct Table(pub(crate) DataFrame);

impl Table {
    pub(crate) fn rows(&self) -> usize {
        self.0.height()
    }

    pub(crate) fn cell(&self, row: usize, column: &str) -> AnyValue<'_> {
        self.0.column(column).unwrap().as_materialized_series().get(row).unwrap()
    }

    /// A cell of text; `None` when it is absent.
    pub(crate) fn text(&self, row: usize, column: &str) -> Option<&str> {
        match self.cell(row, column) {
            AnyValue::Null => None,
            AnyValue::String(text) => Some(text),
            other => panic!("{column} holds {other:?}"),
        }
    }

    /// A cell with a number; `None` when it is absent.
    pub(crate) fn number(&self, row: usize, column: &str) -> Option<i64> {
        match self.cell(row, column) {
            AnyValue::Null => None,
            value => Some(value.try_extract::<i64>().unwrap()),
        }
    }

    /// A cell with a count, which is never absent.
    pub(crate) fn count(&self, row: usize, column: &str) -> u64 {
        self.cell(row, column).try_extract::<u64>().unwrap()
    }

    /// A truth value; `None` when it is absent.
    pub(crate) fn flag(&self, row: usize, column: &str) -> Option<bool> {
        match self.cell(row, column) {
            AnyValue::Null => None,
            AnyValue::Boolean(flag) => Some(flag),
            other => panic!("{column} holds {other:?}"),
        }
    }

    /// Milliseconds since 1970; `None` when it is absent.
    pub(crate) fn millis(&self, row: usize, column: &str) -> Option<i64> {
        micros(&self.cell(row, column)).map(|micros| micros.div_euclid(1000))
    }

    /// All that a column of numbers adds up to.
    pub(crate) fn sum(&self, column: &str) -> u64 {
        (0..self.rows()).map(|row| self.count(row, column)).sum()
    }

    /// How often each text stands in a column, by text.
    pub(crate) fn counts(&self, column: &str) -> std::collections::BTreeMap<String, u64> {
        let mut counts = std::collections::BTreeMap::new();
        for row in 0..self.rows() {
            *counts.entry(self.text(row, column).unwrap_or("").to_owned()).or_default() += 1;
        }
        counts
    }
}

/// Microseconds since 1970 of a time; `None` when it is absent.
pub(crate) fn micros(value: &AnyValue<'_>) -> Option<i64> {
    match value {
        AnyValue::Null => None,
        AnyValue::Datetime(micros, polars::prelude::TimeUnit::Microseconds, Some(zone)) => {
            assert_eq!(zone.as_str(), "UTC");
            Some(*micros)
        }
        other => panic!("no time: {other:?}"),
    }
}

/// Copies a folder with all below it, its files in the order that `order` brings their names to, and
/// `tail` behind their bytes.
pub(crate) fn copy(from: &Path, to: &Path, tail: &[u8], order: fn(&mut Vec<PathBuf>)) {
    fs::create_dir_all(to).unwrap();
    let mut paths: Vec<_> =
        fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    order(&mut paths);
    for path in paths {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target, tail, order);
        } else {
            let mut bytes = fs::read(&path).unwrap();
            bytes.extend_from_slice(tail);
            fs::write(target, bytes).unwrap();
        }
    }
}
