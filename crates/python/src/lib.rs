//! The native part of the Python package `integrator_logs`; what people call is in
//! `python/integrator_logs/__init__.py`.
//!
//! Tables leave as Arrow C streams in capsules. The interpreter is free while the library works, and a signal, as that
//! of Ctrl-C, stops the work.
#![expect(
    clippy::needless_pass_by_value,
    reason = "what comes from Python is converted for the call"
)]

mod batches;
mod job;
mod scan;
mod stored;

use std::ffi::OsString;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::{create_exception, wrap_pyfunction};
use tables::{Schema, TABLES};

create_exception!(_native, Error, PyException, "What the command line would print after `error:`.");

/// An error with its causes, as the command line prints it.
fn error(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.extend([": ", &cause.to_string()]);
        source = cause.source();
    }
    text
}

/// Raises a text.
fn raise(text: String) -> PyErr {
    Error::new_err(text)
}

/// The table of this name.
fn table_of(name: &str) -> PyResult<&'static Schema> {
    let table = TABLES.into_iter().find(|table| table.name == name);
    table.ok_or_else(|| raise(format!("{name}: a report has no such table")))
}

/// Name, type and meaning of a column.
type ColumnText = (&'static str, &'static str, &'static str);

/// All tables: name, meaning, columns.
#[pyfunction]
fn tables_of_a_report() -> Vec<(&'static str, &'static str, Vec<ColumnText>)> {
    let columns = |table: &'static Schema| {
        table.columns.iter().map(|column| (column.name, column.kind.name(), column.doc.trim()))
    };
    TABLES.iter().map(|table| (table.name, table.doc.trim(), columns(table).collect())).collect()
}

/// Runs the command line; returns its exit code.
#[pyfunction]
fn command_line(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| analyze::run(arguments))
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("Error", module.py().get_type::<Error>())?;
    module.add_function(wrap_pyfunction!(tables_of_a_report, module)?)?;
    module.add_function(wrap_pyfunction!(command_line, module)?)?;
    module.add_function(wrap_pyfunction!(job::report, module)?)?;
    module.add_function(wrap_pyfunction!(job::merge, module)?)?;
    module.add_function(wrap_pyfunction!(job::merge_listings, module)?)?;
    module.add_function(wrap_pyfunction!(job::relink, module)?)?;
    module.add_function(wrap_pyfunction!(job::find_files, module)?)?;
    module.add_function(wrap_pyfunction!(job::report_files, module)?)?;
    module.add_function(wrap_pyfunction!(job::report_contents, module)?)?;
    module.add_function(wrap_pyfunction!(job::check_options, module)?)?;
    module.add_function(wrap_pyfunction!(batches::schema, module)?)?;
    module.add_function(wrap_pyfunction!(scan::scan, module)?)?;
    module.add_class::<stored::StoredReport>()?;
    module.add_class::<batches::Batches>()?;
    module.add_class::<batches::Batch>()?;
    Ok(())
}
