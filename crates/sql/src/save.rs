//! A report as one SQLite file; and as views for DuckDB, which reads Parquet itself.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use tables::{SCHEMA_VERSION, Schema, Stored, TABLES};

use crate::error::SqlError;
use crate::load;

/// A file that is removed when it is dropped, since it is not finished.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Nothing can be done where it cannot be removed; the next run does it.
        let _removed = fs::remove_file(&self.0);
    }
}

/// Writes tables of a report with all columns to a SQLite file, which appears when it is complete. Its `user_version` is
/// the version of the tables. Returns the number of rows.
///
/// # Errors
/// [`SqlError::Exists`] when the file exists and `replace` is not set, [`SqlError::Stopped`] soon after `stop` is set, and what
/// reading and writing fails with. Nothing is kept then.
pub fn save(
    report: &Stored,
    tables: &[&'static Schema],
    path: &Path,
    replace: bool,
    stop: &AtomicBool,
) -> Result<u64, SqlError> {
    if !replace && path.exists() {
        return Err(SqlError::Exists { path: path.to_owned() });
    }
    if path.is_dir() {
        return Err(SqlError::io(path)(io::ErrorKind::IsADirectory.into()));
    }
    let mut name = OsString::from(".");
    name.push(
        path.file_name()
            .ok_or_else(|| SqlError::io(path)(io::ErrorKind::InvalidFilename.into()))?,
    );
    name.push(".partial");
    let partial = path.with_file_name(name);
    // What a killed run has left.
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(SqlError::io(path)(error));
        }
        _ => {}
    }
    File::create_new(&partial).map_err(SqlError::io(path))?;
    let unfinished = Unfinished(partial);
    let rows = write(report, tables, &unfinished.0, stop)?;
    File::open(&unfinished.0).and_then(|file| file.sync_all()).map_err(SqlError::io(path))?;
    fs::rename(&unfinished.0, path).map_err(SqlError::io(path))?;
    Ok(rows)
}

fn write(
    report: &Stored,
    tables: &[&'static Schema],
    path: &Path,
    stop: &AtomicBool,
) -> Result<u64, SqlError> {
    let go_on = || if stop.load(Ordering::Relaxed) { Err(SqlError::Stopped) } else { Ok(()) };
    let connection = Connection::open(path)?;
    connection.execute_batch("pragma journal_mode = off; pragma synchronous = off; begin")?;
    connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    let mut rows = 0;
    for &table in tables {
        load::create(&connection, table)?;
        rows += load::fill(&connection, report, table, |_| true, go_on)?;
    }
    connection.execute_batch("commit")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(rows)
}

/// Statements that make the tables of a report in DuckDB: views of its Parquet files, with times in UTC. `folder` is that of the
/// report.
pub fn duckdb_views(folder: &Path) -> String {
    let mut sql = String::from("set TimeZone = 'UTC';\n");
    for table in TABLES {
        let file = folder.join(format!("{}.parquet", table.name));
        let file = file.display().to_string().replace('\'', "''");
        let name = table.name;
        sql.extend(["create view ", name, " as select * from read_parquet('", &file, "');\n"]);
    }
    sql
}
